"""Funnel: units by size against what size and luck allow."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from itertools import combinations
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from pdlib.show import canvas, style
from pdlib.show.canvas import Margins
from pdlib.show.figures.axes import even_ticks, labelled, need, plain_number, root_ticks
from pdlib.show.figures.key import Key, key_for
from pdlib.show.formats import Formatter
from pdlib.show.html import visible
from pdlib.show.labels import Box, Placed, hidden, line_height, place, shorten, width

if TYPE_CHECKING:
    from matplotlib.axes import Axes

_LIMITS = {"lower95": (0, (4, 3)), "upper95": (0, (4, 3)), "lower998": "solid", "upper998": "solid"}
_TINT = 0.45
_MOST_HIDDEN = 1.5  # dots under a name beside its own, on average


def funnel(
    table: pd.DataFrame,
    limits: pd.DataFrame,
    *,
    labels: Mapping[str, str],
    highlighted: Iterable[str] = (),
    exposure_label: str = "exposure",
    centre_label: str = "average",
    value_format: Formatter = plain_number,
    title: str | None = None,
    ax: Axes | None = None,
) -> Axes:
    """Draw every unit by its exposure, with the limits within which ordinary units would lie.

    Parameters
    ----------
    table : DataFrame
        One row per unit: ``unit``, ``exposure`` and ``adjusted`` (the outcome given the same means, or how far it is
        from what they lead one to expect).
    limits : DataFrame
        ``exposure``, ``lower95``, ``upper95``, ``lower998``, ``upper998``, ``centre``; drawn as given.
    labels : mapping of str to str
        Units to name, with their names; all others stay unlabelled dots.
    highlighted : iterable of str
        Units marked like the named ones, without a name in the drawing.
    exposure_label : str
        What exposure counts: "answers a month".
    centre_label : str
        What the middle line is.
    value_format : callable
        Shows a value of the outcome.
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
    need(table, ["unit", "exposure", "adjusted"], "funnel")
    need(limits, ["exposure", *_LIMITS, "centre"], "funnel's limits")
    with style.context():
        ax = canvas.open_axes(ax)
        narrow = canvas.is_narrow(ax)
        shown = table.dropna(subset=["exposure", "adjusted"])
        texts = {str(unit): visible(name) for unit, name in labels.items()}
        named = shown[shown["unit"].astype(str).isin(list(texts))]
        # By name, so that a number in the key is a place to look up and not a rank.
        named = named.iloc[np.argsort([texts[str(unit)].casefold() for unit in named["unit"]], kind="stable")]
        names, rest = [texts[str(unit)] for unit in named["unit"]], shown.drop(named.index)

        def rule(key: Key | None) -> pd.DataFrame:
            _scales(ax, shown, named, exposure_label, value_format, key)
            return _limits(ax, limits, centre_label, narrow=narrow)

        key = key_for(ax, names)
        lines = rule(key)
        if not key and _crowded(ax, named, names, rest, lines) and (key := key_for(ax, names, always=True)):
            ax.clear()
            lines = rule(key)
        bright = rest["unit"].astype(str).isin([str(unit) for unit in highlighted])
        _dots(ax, rest[~bright], color=style.DOT, radius=2.4 if narrow else 3.0, zorder=2)
        _dots(ax, rest[bright], color=style.BRIGHT, radius=3.2 if narrow else 4.2, zorder=3)
        _dots(ax, named, color=style.BRIGHT, radius=4.2 if narrow else 5.2, zorder=4)
        words = [str(i + 1) for i in range(len(names))] if key else names
        _names(ax, named, words, pd.concat([rest, lines]))
        return canvas.finish(ax, title)


def _scales(
    ax: Axes, shown: pd.DataFrame, named: pd.DataFrame, exposure_label: str, value_format: Formatter, key: Key | None
) -> None:
    sizes, narrow = canvas.sizes_of(ax), canvas.is_narrow(ax)
    low, high = _span(shown["adjusted"].to_numpy(float), 0.09)
    # Names stand beyond their dots, where the funnel leaves paper free.
    beyond = (0.08 if narrow else 0.0 if key else 0.1) * (high - low) if len(named) else 0.0
    if len(named) and named["adjusted"].mean() < shown["adjusted"].mean():
        low -= beyond
    else:
        high += beyond
    ticks, tick_labels = labelled(even_ticks(low, high, 5), value_format)
    left = max([width(label, sizes.tick) for label in tick_labels], default=20.0) + 8
    right = 30.0 if narrow else width("99.8 in 100", sizes.small) + 7
    foot = 3.4 * sizes.tick
    canvas.fit(ax, 280 if narrow else 320, Margins(left, right, 8, foot + (key.height if key else 0.0)))
    if key:
        key.write(ax, foot, left, canvas.NARROW if narrow else canvas.WIDE)
    most = max(shown["exposure"].max(), 1.0) if len(shown) else 1.0
    # Where even the smallest unit is large, the paper from nothing up to it would say nothing.
    start = max(0.0, 2 * np.sqrt(shown["exposure"].min()) - np.sqrt(most)) if len(shown) else 0.0
    ax.set_xscale("function", functions=(_root, np.square))
    ax.set_xlim(start**2, float(np.square(np.sqrt(most) * 1.02)))
    ax.set_ylim(low, high)
    canvas.bare(ax)
    canvas.grid(ax, y=ticks)
    ax.set_yticks(ticks, tick_labels)
    across = root_ticks(max(start**2, most * 0.004), most * 1.02, canvas.size_of(ax)[0], 44 if narrow else 60)
    ax.set_xticks(across, [plain_number(value) for value in across], minor=False)
    ax.minorticks_off()
    canvas.note(ax, f"{visible(exposure_label)} (square-root scale)", (1, 0), up="axes fraction", ha="right",
                va="top", offset=(0, -1.55 * sizes.tick), size=sizes.small)  # fmt: skip


def _root(x: NDArray[np.float64]) -> NDArray[np.float64]:
    return np.sqrt(np.maximum(x, 0))


def _span(values: NDArray[np.float64], pad: float) -> tuple[float, float]:
    if not len(values):
        return 0.0, 1.0
    low, high = float(values.min()), float(values.max())
    room = pad * (high - low) or 0.05 * abs(high) or 1.0
    return low - room, high + room


def _limits(ax: Axes, limits: pd.DataFrame, centre_label: str, *, narrow: bool) -> pd.DataFrame:
    """Draw the limits; give the corners of their lines, which labels should not cover."""
    low, high = ax.get_ylim()
    least, most = float(limits["exposure"].min()), ax.get_xlim()[1]
    # The lines bend at small exposures: most of their corners belong there.
    along = np.linspace(0, 1, 60) ** 2
    ends = np.sqrt([least, min(most, float(limits["exposure"].max()))])
    x = np.square(ends[0] + along * (ends[1] - ends[0]))
    order = limits.sort_values("exposure")
    levels = {name: np.interp(x, order["exposure"], order[name]) for name in _LIMITS}
    usual = [np.clip(levels[name], low, high) for name in ("lower95", "upper95")]
    ax.fill_between(x, *usual, color=style.LINE, alpha=_TINT, linewidth=0, zorder=0, clip_on=False)
    corners = []
    for name, dashes in _LIMITS.items():
        y = levels[name]
        ax.plot(*_within(x, y, low, high), color=style.SOFT, linewidth=0.9, linestyle=dashes, zorder=3)
        corners.append(pd.DataFrame({"exposure": x, "adjusted": y}))
    centre = np.interp(x, order["exposure"], order["centre"])
    ax.plot(*_within(x, centre, low, high), color=style.SOFT, linewidth=0.6, zorder=1)
    _limit_names(ax, order, centre_label, narrow=narrow)
    return pd.concat(corners)


def _within(
    x: NDArray[np.float64], y: NDArray[np.float64], low: float, high: float
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Keep what lies between two levels, cut exactly there, so that no clip path is needed."""
    across, up = [x[:1]], [y[:1]]
    for start, end, first, last in zip(x[:-1], x[1:], y[:-1], y[1:], strict=True):
        cuts = [level for level in (low, high) if (first - level) * (last - level) < 0]
        for level in sorted(cuts, key=lambda level: abs(level - first)):
            at = np.array([start + (end - start) * (level - first) / (last - first)])
            inside = np.array([level])
            gap = np.array([np.nan])
            entering = not low <= first <= high
            across += [gap, at] if entering else [at, gap]
            up += [gap, inside] if entering else [inside, gap]
        across.append(np.array([end]))
        up.append(np.array([last]))
    joined_x, joined_y = np.concatenate(across), np.concatenate(up)
    outside = (joined_y < low) | (joined_y > high)
    return joined_x, np.where(outside, np.nan, joined_y)


def _limit_names(ax: Axes, limits: pd.DataFrame, centre_label: str, *, narrow: bool) -> None:
    """Name the lines where they end; names that would touch move apart."""
    sizes = canvas.sizes_of(ax)
    last = limits.iloc[-1]
    ends = {"upper998": "99.8", "upper95": "95", "centre": centre_label, "lower95": "95", "lower998": "99.8"}
    (low, high), height = ax.get_ylim(), canvas.size_of(ax)[1]
    per_point = (high - low) / height
    names = [name for name in ends if low <= last[name] <= high and not (narrow and name == "centre")]
    if not names:
        return
    levels = _apart(np.array([float(last[name]) for name in names]), line_height(sizes.small) * per_point)
    for name, level in zip(names, levels, strict=True):
        words = ends[name] if narrow or name == "centre" else f"{ends[name]} in 100"
        at = (ax.get_xlim()[1], level)
        canvas.note(ax, words, at, across="data", offset=(4, 0), size=10.8 if narrow else sizes.small)


def _apart(levels: NDArray[np.float64], gap: float) -> NDArray[np.float64]:
    """Move levels, given from the top down, so that neighbours keep a gap; around the middle one."""
    moved = levels.astype(float).copy()
    middle = len(moved) // 2
    for index in range(middle - 1, -1, -1):
        moved[index] = max(moved[index], moved[index + 1] + gap)
    for index in range(middle + 1, len(moved)):
        moved[index] = min(moved[index], moved[index - 1] - gap)
    return moved


def _dots(ax: Axes, rows: pd.DataFrame, *, color: str, radius: float, zorder: float) -> None:
    if len(rows):
        dots = ax.scatter(
            rows["exposure"].to_numpy(float), rows["adjusted"].to_numpy(float), s=(2 * radius) ** 2, color=color,
            edgecolors=style.PAPER, linewidths=0.7, zorder=zorder,
        )  # fmt: skip
        canvas.remember(dots, rows["unit"])


def _beside(
    ax: Axes, named: pd.DataFrame, words: list[str], others: pd.DataFrame
) -> tuple[list[str], float, list[Placed]]:
    """What is written beside the named dots, how large, and where."""
    sizes, narrow = canvas.sizes_of(ax), canvas.is_narrow(ax)
    room, height = canvas.size_of(ax)
    size = sizes.name if len(named) <= 8 else sizes.small
    names = [shorten(word, size, room * (0.55 if narrow else 0.5), "bold") for word in words]
    placed = place(
        [(float(x), float(y)) for x, y in _in_points(ax, named)], [width(name, size, "bold") for name in names],
        1.1 * size, Box(0, 0, room, height), _in_points(ax, others),
    )  # fmt: skip
    return names, size, placed


def _crowded(ax: Axes, named: pd.DataFrame, words: list[str], rest: pd.DataFrame, lines: pd.DataFrame) -> bool:
    """Whether names beside their dots would be cut, run into one another, or lie over many other dots."""
    if len(words) < 2:
        return False
    names, _, placed = _beside(ax, named, words, pd.concat([rest, lines]))
    boxes = [spot.box for spot in placed]
    touching = any(one.wider(2, 0).overlap(other) for one, other in combinations(boxes, 2))
    over = sum(hidden(box, _in_points(ax, rest)) for box in boxes)
    return names != words or touching or over > _MOST_HIDDEN * len(boxes)


def _names(ax: Axes, named: pd.DataFrame, words: list[str], others: pd.DataFrame) -> None:
    if named.empty:
        return
    names, size, placed = _beside(ax, named, words, others)
    points, places = _in_points(ax, named), named[["exposure", "adjusted"]].to_numpy(float)
    for name, (x, y), spot, at in zip(names, points, placed, places, strict=True):
        if spot.far:
            _lead(ax, (at[0], at[1]), (x, y), spot.box)
        canvas.note(ax, name, (at[0], at[1]), across="data", size=size, color=style.INK, weight="bold", backed=True,
                    offset=(spot.box.left - x, (spot.box.bottom + spot.box.top) / 2 - y))  # fmt: skip


def _in_points(ax: Axes, rows: pd.DataFrame) -> NDArray[np.float64]:
    room, height = canvas.size_of(ax)
    (left, right), (low, high) = np.sqrt(ax.get_xlim()), ax.get_ylim()
    across = (np.sqrt(rows["exposure"].to_numpy(float)) - left) / (right - left) * room
    return np.column_stack([across, (rows["adjusted"].to_numpy(float) - low) / (high - low) * height])


def _lead(ax: Axes, at: tuple[float, float], point: tuple[float, float], box: Box) -> None:
    """Draw a thin line from a dot to a label that had to move away."""
    near = (min(max(point[0], box.left), box.right), min(max(point[1], box.bottom), box.top))
    ax.annotate(
        "", xy=at, xycoords="data", xytext=(near[0] - point[0], near[1] - point[1]), textcoords="offset points",
        annotation_clip=False, zorder=3.5,
        arrowprops={"arrowstyle": "-", "color": style.SOFT, "linewidth": 0.8, "shrinkA": 0, "shrinkB": 4},
    )  # fmt: skip
