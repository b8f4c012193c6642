"""Estimation plot: every unit that does a practice and every one that does not, above the contrast."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from pdlib.show import canvas, style
from pdlib.show.canvas import Margins
from pdlib.show.figures.axes import even_ticks, labelled, need, plain_number
from pdlib.show.formats import Formatter, count
from pdlib.show.html import visible
from pdlib.show.labels import line_height, shorten, width

if TYPE_CHECKING:
    from matplotlib.axes import Axes

_TALLEST = 90.0  # points to each side


def estimation(
    frame: pd.DataFrame,
    contrast: Mapping[str, float] | pd.Series,
    *,
    does_label: str = "do it",
    does_not_label: str = "do not",
    contrast_label: str = "Difference tied to it",
    units: str = "units",
    difference_format: Formatter = plain_number,
    value_label: str = "",
    title: str | None = None,
    ax: Axes | None = None,
) -> Axes:
    """Draw every unit's excess by whether it does a practice, and the contrast on the same scale.

    Parameters
    ----------
    frame : DataFrame
        One row per unit: ``unit``, ``does`` (True or False), ``excess`` (outcome units, more is better).
    contrast : mapping or Series
        ``contrast``, ``contrast_lower``, ``contrast_upper`` in the same units; a row of the practices' table.
    does_label, does_not_label, contrast_label : str
        Names of the three rows.
    units : str
        What the dots are called.
    difference_format : callable
        Shows a difference on the axis.
    value_label : str
        What the axis measures.
    title : str, optional
        The message.
    ax : Axes, optional
        Where to draw; by default a new figure.

    Returns
    -------
    Axes

    Raises
    ------
    KeyError
        If a column is missing.
    """
    need(frame, ["unit", "does", "excess"], "estimation plot")
    with style.context():
        ax = canvas.open_axes(ax)
        narrow = canvas.is_narrow(ax)
        rows = frame.dropna(subset=["does", "excess"])
        does = rows["does"].astype(bool)
        radius = 2.0 if narrow else 2.4
        bounds = [float(contrast[key]) for key in ("contrast", "contrast_lower", "contrast_upper")]
        left = _names_room(ax, [does_label, does_not_label, contrast_label])
        across = _scale(ax, rows["excess"].to_numpy(float), bounds, left)
        groups = [(does_label, rows[does], style.EVIDENCE), (does_not_label, rows[~does], style.DOT)]
        swarms = [pressed(swarm(group["excess"].to_numpy(float) * across, radius)) for _, group, _ in groups]
        places = _lay_out(ax, swarms, radius, left)
        _axis(ax, difference_format, value_label)
        for (label, group, color), ups, (top, level) in zip(groups, swarms, places[:2], strict=True):
            _swarm(ax, group, ups + level, radius, color)
            _row(ax, (label, f"{count(len(group))} {visible(units)}"), top, level, left)
        top, level = places[2]
        _difference(ax, bounds, level)
        shown = [difference_format(bound) for bound in bounds]
        _row(ax, (contrast_label, f"{shown[0]} ({shown[1]} to {shown[2]})"), top, level, left)
        return canvas.finish(ax, title)


def swarm(along: NDArray[np.float64], radius: float) -> NDArray[np.float64]:
    """Spread dots sideways so that none hides another.

    Parameters
    ----------
    along : array, shape (n,)
        Positions along the axis, in points.
    radius : float
        Of a dot, in points.

    Returns
    -------
    array, shape (n,)
        Offsets across the axis in points, symmetric about 0; the same whenever the input is.
    """
    step = 1.9 * radius
    offsets = np.zeros(len(along))
    taken: dict[int, list[tuple[float, float]]] = {}
    for index in np.argsort(along, kind="stable"):
        x = along[index]
        cell = int(x // step)
        near = [spot for key in (cell - 1, cell, cell + 1) for spot in taken.get(key, [])]
        rung = 0
        while True:
            offset = step * ((rung + 1) // 2) * (1 if rung % 2 else -1)
            if all((x - left) ** 2 + (offset - up) ** 2 >= (step * 0.98) ** 2 for left, up in near):
                break
            rung += 1
        offsets[index] = offset
        taken.setdefault(cell, []).append((x, offset))
    return offsets


def pressed(offsets: NDArray[np.float64]) -> NDArray[np.float64]:
    """Press a crowd together that would let the figure outgrow a screen."""
    tallest = float(np.abs(offsets).max(initial=0.0))
    return offsets * min(1.0, _TALLEST / tallest) if tallest else offsets


def _names_room(ax: Axes, labels: list[str]) -> float:
    longest = max(width(visible(label), canvas.sizes_of(ax).name, "bold") for label in labels)
    return 8.0 if canvas.is_narrow(ax) else min(max(longest, 130.0) + 18, 260.0)


def _scale(ax: Axes, excess: NDArray[np.float64], bounds: list[float], left: float) -> float:
    """Set the horizontal range; give points per outcome unit."""
    values = np.array([*excess, *bounds, 0.0])
    values = values[np.isfinite(values)]
    room = 0.03 * (values.max() - values.min()) or 1.0
    ax.set_xlim(values.min() - room, values.max() + room)
    canvas.fit(ax, 100, Margins(left, 10, 0, 0))
    return canvas.size_of(ax)[0] / (values.max() - values.min() + 2 * room)


def _lay_out(ax: Axes, swarms: list[NDArray[np.float64]], radius: float, left: float) -> list[tuple[float, float]]:
    """Give top and middle of each row, in points from the top."""
    narrow = canvas.is_narrow(ax)
    tallest = [float(np.abs(ups).max(initial=0.0)) for ups in swarms]
    halves = [max(tall + radius + 4, 12.0 if narrow else 20.0) for tall in tallest]
    head = line_height(canvas.sizes_of(ax).name) if narrow else 0.0
    places, top = [], 4.0
    for half in [*halves, 16.0]:
        places.append((top, top + head + half))
        top += head + 2 * half + 8
    canvas.fit(ax, top, Margins(left, 10, 24, 26))
    ax.set_ylim(top, 0)
    return places


def _axis(ax: Axes, shown: Formatter, value_label: str) -> None:
    sizes, narrow = canvas.sizes_of(ax), canvas.is_narrow(ax)
    canvas.bare(ax)
    ticks, labels = labelled(even_ticks(*ax.get_xlim(), 5), shown)
    canvas.grid(ax, x=[tick for tick in ticks if tick])
    ax.plot([0, 0], ax.get_ylim(), color=style.SOFT, linewidth=1.0, zorder=1)
    ax.set_xticks(ticks, labels)
    ax.set_yticks([])
    if value_label:
        canvas.note(ax, visible(value_label), (0, 1), up="axes fraction",
                    offset=(-8 if narrow else 0, 0.9 * sizes.tick), size=sizes.small)  # fmt: skip


def _swarm(ax: Axes, group: pd.DataFrame, levels: NDArray[np.float64], radius: float, color: str) -> None:
    if len(group):
        drawn = ax.scatter(group["excess"].to_numpy(float), levels, s=(2 * radius) ** 2, color=color,
                           edgecolors="none", linewidths=0, zorder=2)  # fmt: skip
        canvas.remember(drawn, group["unit"])


def _row(ax: Axes, words: tuple[str, str], top: float, level: float, left: float) -> None:
    """Name a row and add a remark: beside it on a desk, above it on a phone."""
    sizes = canvas.sizes_of(ax)
    label, remark = visible(words[0]), words[1]
    if canvas.is_narrow(ax):
        line = shorten(f"{label} · {remark}", sizes.name, canvas.NARROW - 4, "bold")
        canvas.note(ax, line, (0, top + 0.5 * sizes.name), offset=(-left, 0), size=sizes.name, color=style.INK,
                    weight="bold", backed=True)  # fmt: skip
        return
    step = line_height(sizes.name) / 2
    canvas.note(ax, shorten(label, sizes.name, left - 12, "bold"), (0, level - step), offset=(-left, 0),
                size=sizes.name, color=style.INK, weight="bold")  # fmt: skip
    canvas.note(ax, remark, (0, level + step), offset=(-left, 0), size=sizes.small)


def _difference(ax: Axes, bounds: list[float], level: float) -> None:
    middle, low, high = bounds
    if np.isfinite([low, high]).all():
        ax.plot([low, high], [level, level], color=style.INK, linewidth=3.2, zorder=4)
    if np.isfinite(middle):
        ax.scatter([middle], [level], s=100, color=style.INK, edgecolors=style.PAPER, linewidths=0.8, zorder=5)
