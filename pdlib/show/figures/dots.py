"""Dot plot: rows in order, each with its range."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from pdlib.show import canvas, style
from pdlib.show.canvas import Margins
from pdlib.show.figures.axes import even_ticks, labelled, need, plain_number
from pdlib.show.formats import MISSING, Formatter, count
from pdlib.show.html import visible
from pdlib.show.labels import line_height, shorten, width

if TYPE_CHECKING:
    from matplotlib.axes import Axes

_MOST_ROWS = 25
_MOST_ROOM = 290.0


def dots(
    table: pd.DataFrame,
    *,
    value: str,
    lower: str,
    upper: str,
    label: str = "label",
    groups: str | None = None,
    beneath: str | None = None,
    value_format: Formatter = plain_number,
    tick_format: Formatter | None = None,
    value_label: str = "",
    title: str | None = None,
    ax: Axes | None = None,
) -> Axes:
    """Draw rows by value, largest first, each with its range; zero is marked where it is in sight.

    Parameters
    ----------
    table : DataFrame
        One row per unit; a ``unit`` column, if there, lets the page name cleared dots.
    value, lower, upper : str
        Columns with the value and the ends of its range.
    label : str
        Column with names; a missing or empty name leaves the row unlabelled.
    groups : str, optional
        Column whose value "confident" marks bright spots; without it every named row is one.
    beneath : str, optional
        Column with a few words to stand under a name.
    value_format, tick_format : callable
        Show a value beside its row, and on the axis (there, too, by `value_format` if none is given).
    value_label : str
        What the axis measures, with its unit.
    title : str, optional
        The message.
    ax : Axes, optional
        Where to draw; by default a new figure.

    Returns
    -------
    Axes
        At most 25 rows; a remark says how many are left out.

    Raises
    ------
    KeyError
        If a column is missing.
    """
    need(table, [value, lower, upper, label, *(name for name in (groups, beneath) if name)], "dot plot")
    with style.context():
        ax = canvas.open_axes(ax)
        rows = table.dropna(subset=[value]).sort_values(value, ascending=False, kind="stable")
        left_out = max(0, len(rows) - _MOST_ROWS)
        rows = rows.head(_MOST_ROWS)
        names = ["" if pd.isna(name) else visible(name) for name in rows[label]]
        bright = (
            (rows[groups] == "confident").to_numpy() if groups else np.array([bool(name) for name in names], dtype=bool)
        )
        low, high = _reach(rows[[value, lower, upper]].to_numpy(float))
        words = [visible(word) for word in rows[beneath]] if beneath else []
        height = _lay_out(ax, (names, words), rows, value, value_format, (low, high))
        levels = _levels(ax, names, words)
        _axis(ax, (low, high), tick_format or value_format, value_label)
        canvas.zero(ax, levels)
        _marks(ax, rows, (value, lower, upper), levels, bright)
        _row_names(ax, (names, words), rows[value].to_numpy(float), levels, value_format)
        if left_out:
            canvas.note(ax, f"and {count(left_out)} more below", (0, height - 7), backed=True,
                        offset=(-_names_room(ax, names, words), 0), size=canvas.sizes_of(ax).small)  # fmt: skip
        return canvas.finish(ax, title)


def _reach(bounds: np.ndarray) -> tuple[float, float]:
    finite = bounds[np.isfinite(bounds)]
    if not len(finite):
        return 0.0, 1.0
    low, high = float(finite.min()), float(finite.max())
    room = 0.04 * (high - low) or 0.05 * abs(high) or 1.0
    # Zero is "as expected": it stays in sight when the values come near it.
    low = min(low, 0.0) if low > 0 and low < high - low else low
    return low - room, high + room


def _row_heights(ax: Axes, names: list[str], words: list[str]) -> np.ndarray:
    named = 2.75 * canvas.sizes_of(ax).name if canvas.is_narrow(ax) else 2.0 * canvas.sizes_of(ax).name
    named += line_height(canvas.sizes_of(ax).small) if words else 0.0
    return np.array([named if name else 11.0 for name in names])


def _levels(ax: Axes, names: list[str], words: list[str]) -> np.ndarray:
    heights = _row_heights(ax, names, words)
    lift = 0.72 if canvas.is_narrow(ax) else 0.5
    return np.cumsum(heights) - heights + heights * np.where([bool(name) for name in names], lift, 0.5)


def _names_room(ax: Axes, names: list[str], words: list[str]) -> float:
    """Room at the left: for the names on a desk, for half a dot on a phone, where names stand above."""
    if canvas.is_narrow(ax):
        return 8.0
    sizes = canvas.sizes_of(ax)
    widths = [*(width(name, sizes.name, "bold") for name in names), *(width(word, sizes.small) for word in words)]
    return min(max(widths, default=0.0) + 18, _MOST_ROOM)


def _lay_out(
    ax: Axes,
    texts: tuple[list[str], list[str]],
    rows: pd.DataFrame,
    value: str,
    value_format: Formatter,
    reach: tuple[float, float],
) -> float:
    sizes = canvas.sizes_of(ax)
    height = float(_row_heights(ax, *texts).sum()) + 8 if texts[0] else 40.0
    numbers = max((width(value_format(x), sizes.tick, "bold") for x in rows[value]), default=20.0)
    canvas.fit(ax, height, Margins(_names_room(ax, *texts), numbers + 14, 2.2 * sizes.tick, 1.8 * sizes.tick))
    ax.set_xlim(*reach)
    ax.set_ylim(height, 0)
    return height


def _axis(ax: Axes, reach: tuple[float, float], value_format: Formatter, value_label: str) -> None:
    sizes = canvas.sizes_of(ax)
    ticks, labels = labelled(even_ticks(*reach, 4 if canvas.is_narrow(ax) else 6), value_format)
    canvas.bare(ax)
    canvas.grid(ax, x=[tick for tick in ticks if tick])
    ax.set_xticks(ticks, labels)
    ax.set_yticks([])
    if value_label:
        canvas.note(ax, visible(value_label), (0, 1), up="axes fraction",
                    offset=(-8 if canvas.is_narrow(ax) else 0, 0.9 * sizes.tick),
                    size=sizes.small)  # fmt: skip


def _marks(ax: Axes, rows: pd.DataFrame, columns: tuple[str, str, str], levels: np.ndarray, bright: np.ndarray) -> None:
    value, lower, upper = columns
    for color, chosen, wide, zorder in ((style.DIM, ~bright, 1.6, 2.0), (style.BRIGHT, bright, 3.2, 3.0)):
        part, at = rows[chosen], levels[chosen]
        for low, high, level in zip(part[lower], part[upper], at, strict=True):
            if np.isfinite(low) and np.isfinite(high):
                ax.plot([low, high], [level, level], color=color, linewidth=wide, zorder=zorder)
        if len(part):
            size = 81.0 if color == style.BRIGHT else 36.0
            drawn = ax.scatter(part[value].to_numpy(float), at, s=size, color=color, edgecolors=style.PAPER,
                               linewidths=0.8, zorder=zorder + 0.5)  # fmt: skip
            canvas.remember(drawn, part["unit"] if "unit" in part else [""] * len(part))


def _row_names(
    ax: Axes, texts: tuple[list[str], list[str]], values: np.ndarray, levels: np.ndarray, value_format: Formatter
) -> None:
    sizes, narrow = canvas.sizes_of(ax), canvas.is_narrow(ax)
    margin, second = _names_room(ax, *texts), line_height(canvas.sizes_of(ax).small)
    room = canvas.size_of(ax)[0] * 0.98 if narrow else margin - 14
    for name, word, value, level in zip(texts[0], texts[1] or [""] * len(values), values, levels, strict=True):
        if not name:
            continue
        written = shorten(name, sizes.name, room, "bold")
        up = level - 1.05 * sizes.name if narrow else level
        if word:
            up -= second if narrow else 0.5 * second
            canvas.note(ax, shorten(word, sizes.small, room), (0, up + line_height(sizes.name)), offset=(-margin, 0),
                        size=sizes.small, backed=narrow)  # fmt: skip
        canvas.note(ax, written, (0, up), offset=(-margin, 0), size=sizes.name, color=style.INK,
                    weight="bold", backed=narrow)  # fmt: skip
        if value_format(value) != MISSING:
            canvas.note(ax, value_format(value), (1, level), offset=(10, 0), color=style.INK)
