"""Caterpillar: all units in order, each with its range; one path for those that are not named."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from pdlib.show import canvas, style
from pdlib.show.canvas import Margins
from pdlib.show.figures.axes import even_ticks, labelled, need, plain_number
from pdlib.show.figures.key import Key, key_for
from pdlib.show.formats import Formatter
from pdlib.show.html import visible
from pdlib.show.labels import width

if TYPE_CHECKING:
    from matplotlib.axes import Axes

_NAMED_ROOM, _NAMED_SHARE, _LEAST_ROOM = 15.0, 0.45, 6.5


def caterpillar(
    table: pd.DataFrame,
    *,
    value: str,
    lower: str,
    upper: str,
    labels: Mapping[str, str],
    reference: float | None = 0.0,
    best: str = "high",
    value_format: Formatter = plain_number,
    value_label: str = "",
    title: str | None = None,
    ax: Axes | None = None,
) -> Axes:
    """Draw every unit from the best at the left to the last at the right, each with its range.

    Named units stand wider apart and carry the numbers of a key below, for which only a sheet of its own has room.

    Parameters
    ----------
    table : DataFrame
        One row per unit: ``unit`` and the columns below.
    value, lower, upper : str
        Columns with the value and the ends of its range.
    labels : mapping of str to str
        Units to name, with their names; all others stay unlabelled.
    reference : float, optional
        A value to mark: zero is "as expected".
    best : {"high", "low"}
        Whether large values are best, or small ones, as of ranks; the best stand at the top left.
    value_format : callable
        Shows a value.
    value_label : str
        What is drawn.
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
    need(table, ["unit", value, lower, upper], "caterpillar")
    with style.context():
        ax = canvas.open_axes(ax)
        rows = table.dropna(subset=[value, lower, upper])
        rows = rows.sort_values(value, ascending=best == "low", kind="stable").reset_index(drop=True)
        rows = rows.assign(middle=rows[value], low=rows[lower], high=rows[upper])
        texts = {str(unit): visible(name) for unit, name in labels.items()}
        bright = rows["unit"].astype(str).isin(list(texts)).to_numpy()
        names = [texts[str(unit)] for unit in rows.loc[bright, "unit"]]
        key = key_for(ax, names, always=True)
        _scales(ax, rows, best, (value_format, value_label), key)
        rows = rows.assign(place=_places(ax, bright))
        if reference is not None and len(rows):
            ax.plot(ax.get_xlim(), [reference, reference], color=style.SOFT, linewidth=1.0, zorder=1)
        _ranges(ax, rows[~bright], color=style.DIM, wide=_stroke(ax, len(rows)), zorder=2)
        _ranges(ax, rows[bright], color=style.BRIGHT, wide=max(1.6, _stroke(ax, len(rows))), zorder=3)
        _middles(ax, rows, bright)
        if key:
            _numbers(ax, rows[bright], best)
        return canvas.finish(ax, title)


def _scales(ax: Axes, rows: pd.DataFrame, best: str, shown: tuple[Formatter, str], key: Key | None) -> None:
    sizes, narrow = canvas.sizes_of(ax), canvas.is_narrow(ax)
    low, high = (float(rows["low"].min()), float(rows["high"].max())) if len(rows) else (0.0, 1.0)
    room = 0.05 * (high - low) or 0.05 * abs(high) or 1.0
    low, high = low - room, high + room
    value_format, value_label = shown
    ticks = [tick + 0.0 for tick in even_ticks(low, high, 5) if best == "high" or tick >= low + room]
    ticks, tick_labels = labelled(ticks, value_format)
    left = max([width(label, sizes.tick) for label in tick_labels], default=20.0) + 8
    top, foot = (3.4 if value_label else 2.0) * sizes.tick, 1.9 * sizes.tick
    canvas.fit(ax, 250 if narrow else 280, Margins(left, 14, top, foot + (key.height if key else 0.0)))
    if key:
        key.write(ax, foot, left, canvas.NARROW if narrow else canvas.WIDE)
    ax.set_xlim(0, canvas.size_of(ax)[0])
    ax.set_ylim(*((high, low) if best == "low" else (low, high)))
    canvas.bare(ax)
    canvas.grid(ax, y=ticks)
    ax.set_yticks(ticks, tick_labels)
    ax.set_xticks([])
    for words, at, ha in (("best", 0.0, "left"), ("last", 1.0, "right")):
        canvas.note(ax, words, (at, 0), up="axes fraction", ha=ha, offset=(0, -0.9 * sizes.tick), size=sizes.small)
    if value_label:
        canvas.note(ax, visible(value_label), (0, 1), up="axes fraction", offset=(-left + 2, 2.6 * sizes.tick),
                    size=sizes.small)  # fmt: skip


def _stroke(ax: Axes, count: int) -> float:
    """A line as wide as the room of a unit allows."""
    return float(np.clip(0.55 * canvas.size_of(ax)[0] / max(count, 1), 0.35, 2.2))


def _ranges(ax: Axes, rows: pd.DataFrame, *, color: str, wide: float, zorder: float) -> None:
    if len(rows):
        gap = np.full(len(rows), np.nan)
        across = np.column_stack([rows["place"], rows["place"], gap]).ravel()
        ax.plot(across, np.column_stack([rows["low"], rows["high"], gap]).ravel(), color=color, linewidth=wide,
                zorder=zorder, solid_capstyle="butt")  # fmt: skip


def _middles(ax: Axes, rows: pd.DataFrame, bright: np.ndarray) -> None:
    """The values of all as one line, those of the named as dots."""
    ax.plot(rows["place"], rows["middle"], color=style.INK, linewidth=1.1, zorder=2.5)
    named = rows[bright]
    if len(named):
        size = 34.0 if canvas.is_narrow(ax) else 49.0
        dots = ax.scatter(named["place"], named["middle"], s=size, color=style.BRIGHT, edgecolors=style.PAPER,
                          linewidths=0.7, zorder=4)  # fmt: skip
        canvas.remember(dots, named["unit"])


def _places(ax: Axes, bright: np.ndarray) -> np.ndarray:
    """Where the units stand: side by side, the named a little wider apart, so that each can carry its number."""
    room, named = canvas.size_of(ax)[0], int(bright.sum())
    wide = np.where(bright, min(_NAMED_ROOM, _NAMED_SHARE * room / max(named, 1)), 0.0)
    rest = (room - wide.sum()) / max(len(bright) - named, 1)
    if named and rest > wide.max():  # few units: all have room enough
        wide = np.full(len(bright), room / len(bright))
    else:
        wide = np.where(bright, wide, rest)
    return np.cumsum(wide) - wide / 2


def _numbers(ax: Axes, named: pd.DataFrame, best: str) -> None:
    """Number the named above their ranges, every other one higher where they stand close."""
    places, size = named["place"].to_numpy(float), canvas.sizes_of(ax).small
    apart = float(np.diff(places).min()) if len(places) > 1 else _NAMED_ROOM
    if apart < _LEAST_ROOM:
        return
    step = 0.0 if apart >= width("00", size, "bold") + 1 else size
    ends = named["low" if best == "low" else "high"].to_numpy(float)
    for position, (at, end) in enumerate(zip(places, ends, strict=True)):
        canvas.note(ax, str(position + 1), (at, end), across="data", offset=(0, 0.75 * size + step * (position % 2)),
                    ha="center", size=size, color=style.INK, weight="bold")  # fmt: skip
