"""Practice forest: the contrast tied to each practice, and who does it."""

from __future__ import annotations

from collections.abc import Hashable
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from pdlib.show import canvas, style
from pdlib.show.canvas import Margins
from pdlib.show.figures.axes import even_ticks, labelled, need, plain_number
from pdlib.show.formats import MISSING, Formatter, share
from pdlib.show.html import visible
from pdlib.show.labels import line_height, shorten, width, wrap

if TYPE_CHECKING:
    from matplotlib.axes import Axes

_COLUMNS = ["label", "grade", "contrast", "contrast_lower", "contrast_upper", "prevalence_deviants",
            "prevalence_peers"]  # fmt: skip
_SUPPORTED = {"strong", "promising", "said more", "said less"}
_NAMES, _SHARES = 270.0, 150.0


def forest(
    table: pd.DataFrame,
    *,
    difference_format: Formatter = plain_number,
    value_label: str = "difference, same means",
    shares_label: str = "peers do it",
    shares_end: float = 1.0,
    share_format: Formatter = share,
    title: str | None = None,
    ax: Axes | None = None,
) -> Axes:
    """Draw each practice's contrast with its range and grade, beside the shares of units that do it.

    Parameters
    ----------
    table : DataFrame
        One row per practice, in the order to draw: ``label``, ``grade``, ``contrast``, ``contrast_lower``,
        ``contrast_upper`` (outcome units, more is better), ``prevalence_deviants``, ``prevalence_peers``
        (shares). A missing contrast leaves the range out.
    difference_format : callable
        Shows a difference on the axis; `OutcomeFormat.difference_tick` does.
    value_label : str
        What the axis measures.
    shares_label : str
        What stands beside the open dots of the shares at the right; the filled ones are bright spots.
    shares_end : float
        Where their scale ends.
    share_format : callable
        Shows a share.
    title : str, optional
        The message.
    ax : Axes, optional
        Where to draw; by default a new figure.

    Returns
    -------
    Axes
        Filled dots at the right are bright spots, open ones comparable peers.

    Raises
    ------
    KeyError
        If a column is missing.
    """
    need(table, _COLUMNS, "practice forest")
    with style.context():
        ax = canvas.open_axes(ax)
        narrow = canvas.is_narrow(ax)
        names = [_name_lines(ax, label, narrow=narrow) for label in table["label"]]
        starts, levels = _lay_out(ax, names, narrow=narrow)
        _axis(ax, table, difference_format, value_label, narrow=narrow)
        canvas.zero(ax, levels)
        for row, lines, start, level in zip(table.to_dict("records"), names, starts, levels, strict=True):
            _contrast(ax, row, level)
            _name(ax, lines, visible(row["grade"]), start, narrow=narrow)
        _shares(ax, table, levels, (shares_label, shares_end, share_format), narrow=narrow)
        return canvas.finish(ax, title)


def _name_lines(ax: Axes, label: object, *, narrow: bool) -> list[str]:
    size = canvas.sizes_of(ax).name
    room = canvas.NARROW - 2 if narrow else _NAMES - 14
    return wrap(visible(label), size, room, 2)


def _lay_out(ax: Axes, names: list[list[str]], *, narrow: bool) -> tuple[np.ndarray, np.ndarray]:
    """Give each row its top and the level of its marks, in points from the top."""
    sizes = canvas.sizes_of(ax)
    words = np.array([len(lines) * line_height(sizes.name) + line_height(sizes.small) for lines in names])
    heights = words + (30.0 if narrow else 14.0)
    starts = np.cumsum(heights) - heights + (2.0 if narrow else 7.0)
    total = float(heights.sum()) + (0.0 if narrow else 4.0) if names else 40.0
    margins = Margins(8, 128, 30, 24) if narrow else Margins(_NAMES, _SHARES + 30, 26, 26)
    canvas.fit(ax, total, margins)
    ax.set_ylim(total, 0)
    return starts, starts + (words + 9.0 if narrow else line_height(sizes.name) * 0.55)


def _axis(ax: Axes, table: pd.DataFrame, shown: Formatter, value_label: str, *, narrow: bool) -> None:
    sizes = canvas.sizes_of(ax)
    bounds = table[["contrast", "contrast_lower", "contrast_upper"]].to_numpy(float)
    finite = bounds[np.isfinite(bounds)]
    low, high = (min(finite.min(), 0.0), max(finite.max(), 0.0)) if len(finite) else (-1.0, 1.0)
    room = 0.06 * (high - low) or 1.0
    ax.set_xlim(low - room, high + room)
    canvas.bare(ax)
    ticks, labels = labelled(even_ticks(low - room, high + room, 4 if narrow else 5), shown)
    canvas.grid(ax, x=[tick for tick in ticks if tick])
    ax.set_xticks(ticks, labels)
    ax.set_yticks([])
    top = 1.35 * sizes.small
    heading = shorten(visible(value_label), sizes.small, canvas.size_of(ax)[0] + (8 if narrow else 20))
    canvas.note(ax, heading, (0, 1), up="axes fraction", offset=(-8 if narrow else 0, top), size=sizes.small)


def _contrast(ax: Axes, row: dict[Hashable, Any], level: float) -> None:
    color = style.EVIDENCE if row["grade"] in _SUPPORTED else style.DIM
    bounds = row["contrast_lower"], row["contrast_upper"]
    if np.isfinite(bounds).all():
        ax.plot(bounds, [level, level], color=color, linewidth=3.0, zorder=2)
    if not np.isfinite(row["contrast"]):
        canvas.note(ax, "not tested", (0, level), across="data", offset=(8, 0), size=canvas.sizes_of(ax).small)
    else:
        ax.scatter([row["contrast"]], [level], s=90, color=color, edgecolors=style.PAPER, linewidths=0.8, zorder=3)


def _name(ax: Axes, lines: list[str], grade: str, start: float, *, narrow: bool) -> None:
    sizes = canvas.sizes_of(ax)
    supported = grade in _SUPPORTED
    left = -8.0 if narrow else -_NAMES
    step = line_height(sizes.name)
    for position, line in enumerate(lines):
        canvas.note(ax, line, (0, start + (position + 0.5) * step), offset=(left, 0), size=sizes.name,
                    color=style.INK, backed=narrow)  # fmt: skip
    weight = "bold" if supported else "normal"
    room = canvas.size_of(ax)[0] + 20 if narrow else _NAMES - 14  # on a phone the shares stand at the right of it
    below = start + len(lines) * step + 0.55 * sizes.small
    canvas.note(ax, shorten(grade, sizes.small, room, weight), (0, below), offset=(left, 0), size=sizes.small,
                color=style.EVIDENCE if supported else style.DIM, weight=weight, backed=narrow)  # fmt: skip


def _key(panel: Axes, doing: str, room: float, size: float) -> None:
    """Say above the shares whose they are: a filled dot for bright spots, a ring for their peers."""
    parts = (("●", style.BRIGHT), ("bright", style.SOFT), ("○", style.DIM), (doing, style.SOFT))
    left = min(-6.0, room - sum(width(words, size) + 3.0 for words, _ in parts))
    for words, color in parts:
        canvas.note(panel, words, (0, 1), up="axes fraction", offset=(left, 1.35 * size), size=size, color=color)
        left += width(words, size) + 3.0


def _shares(
    ax: Axes, table: pd.DataFrame, levels: np.ndarray, scale: tuple[str, float, Formatter], *, narrow: bool
) -> None:
    """Draw the share of bright spots (filled) and of peers (open) that do it, on a scale of their own from 0."""
    doing, end, shown = scale
    across, height = canvas.size_of(ax)
    room, gap = (104.0, 20.0) if narrow else (_SHARES, 26.0)
    panel = ax.inset_axes((1 + gap / across, 0, room / across, 1))
    panel.set_xlim(0, end)
    panel.set_ylim(height if not len(levels) else ax.get_ylim()[0], 0)
    panel.set_axis_off()
    sizes = canvas.sizes_of(ax)
    _key(panel, doing, room, sizes.small)
    for (bright, peers), level in zip(
        table[["prevalence_deviants", "prevalence_peers"]].to_numpy(float), levels, strict=True
    ):
        panel.plot([0, end], [level, level], color=style.LINE, linewidth=0.8, zorder=1)
        if np.isfinite(bright) and np.isfinite(peers):
            panel.plot([peers, bright], [level, level], color=style.DOT, linewidth=2.4, zorder=2)
        # An open ring stays visible when the two shares are nearly the same.
        close = abs(bright - peers) < 0.07 * end
        panel.scatter([peers], [level], s=64, facecolors="none" if close else style.PAPER, edgecolors=style.DIM,
                      linewidths=1.5, zorder=5 if close else 3)  # fmt: skip
        panel.scatter([bright], [level], s=72, color=style.BRIGHT, linewidths=0, zorder=4)
        words = f"{shown(bright)} · {shown(peers)}"
        if shown(peers) != MISSING:
            canvas.note(panel, words, (0, level + (-14 if narrow else 15)), offset=(-4, 0), size=sizes.small)
    for artist in panel.get_children():
        artist.set_clip_on(False)
