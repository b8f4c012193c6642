"""Trend: one unit over the periods, against what it was expected to reach."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from pdlib.show import canvas, style
from pdlib.show.canvas import Margins
from pdlib.show.figures.axes import even_ticks, labelled, need, plain_number
from pdlib.show.formats import Formatter
from pdlib.show.html import visible
from pdlib.show.labels import line_height, width, wrap

if TYPE_CHECKING:
    from matplotlib.axes import Axes

_RANGE = ["expected_lower", "expected_upper"]


def trend(
    frame: pd.DataFrame,
    *,
    name: str = "observed",
    twin_name: str = "its twin",
    value_format: Formatter = plain_number,
    title: str | None = None,
    ax: Axes | None = None,
) -> Axes:
    """Draw one unit's outcome per period beside what was expected, with the range of ordinary luck.

    Parameters
    ----------
    frame : DataFrame
        One row per period in order: ``period``, ``observed``, ``expected``; optional are the range
        ``expected_lower``, ``expected_upper`` and ``twin``. A missing value leaves a gap.
    name, twin_name : str
        What the lines are called at their ends.
    value_format : callable
        Shows a value.
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
    need(frame, ["period", "observed", "expected"], "trend")
    with style.context():
        ax = canvas.open_axes(ax)
        lines = {"expected": ("expected", style.SOFT, 1.2), "observed": (visible(name), style.BRIGHT, 2.6)}
        if "twin" in frame and frame["twin"].notna().any():
            lines = {"twin": (visible(twin_name), style.DIM, 1.6), **lines}
        _lay_out(ax, frame, lines, value_format)
        x = np.arange(len(frame), dtype=float)
        band = frame.reindex(columns=_RANGE).to_numpy(float)
        if np.isfinite(band).all(axis=1).any():
            ax.fill_between(x, band[:, 0], band[:, 1], color=style.LINE, alpha=0.6, linewidth=0, zorder=1)
        for column, (_, color, thickness) in lines.items():
            dashes = (0, (4, 3)) if column == "expected" else "solid"
            ax.plot(x, frame[column].to_numpy(float), color=color, linewidth=thickness, linestyle=dashes,
                    solid_joinstyle="round", zorder=3 if column == "observed" else 2)  # fmt: skip
            alone = _alone(frame[column])
            ax.plot(x[alone], frame[column].to_numpy(float)[alone], "o", color=color, markersize=1.6 * thickness)
        _ends(ax, frame, lines)
        return canvas.finish(ax, title)


def _alone(values: pd.Series) -> np.ndarray:
    """Where a value stands between gaps, so that no line would show it."""
    seen = values.notna()
    beside = seen.shift(1, fill_value=False) | seen.shift(-1, fill_value=False)
    return np.asarray(seen & ~beside)


def _lay_out(ax: Axes, frame: pd.DataFrame, lines: dict[str, tuple[str, str, float]], value_format: Formatter) -> None:
    sizes, narrow = canvas.sizes_of(ax), canvas.is_narrow(ax)
    values = frame.reindex(columns=[*lines, *_RANGE]).to_numpy(float)
    finite = values[np.isfinite(values)]
    low, high = (float(finite.min()), float(finite.max())) if len(finite) else (0.0, 1.0)
    room = 0.08 * (high - low) or 0.05 * abs(high) or 1.0
    ticks, labels = labelled(even_ticks(low - room, high + room, 4), value_format)
    left = max((width(label, sizes.tick) for label in labels), default=20.0) + 8
    right = _room_for_names(lines, sizes.tick, narrow=narrow)
    canvas.fit(ax, 150 if narrow else 170, Margins(left, right, 10, 1.9 * sizes.tick))
    ax.set_xlim(0, max(len(frame) - 1, 1))
    ax.set_ylim(low - room, high + room)
    canvas.bare(ax)
    canvas.grid(ax, y=ticks)
    ax.set_yticks(ticks, labels)
    shown = _few_periods(ax, [visible(period) for period in frame["period"]], sizes.tick)
    ax.set_xticks(list(shown), list(shown.values()))


def _room_for_names(lines: dict[str, tuple[str, str, float]], size: float, *, narrow: bool) -> float:
    longest = max(width(line, size, "bold") for name, _, _ in lines.values() for line in _broken(name, size, narrow))
    return longest + 14


def _broken(name: str, size: float, narrow: bool) -> list[str]:
    return wrap(name, size, 84.0 if narrow else 150.0, 2, "bold")


def _few_periods(ax: Axes, periods: list[str], size: float) -> dict[int, str]:
    """Choose periods to write so that their labels keep apart; the first is always one of them."""
    if not periods:
        return {}
    across = canvas.size_of(ax)[0] / max(len(periods) - 1, 1)
    step = max(1, int(np.ceil((max(width(period, size) for period in periods) + 14) / across)))
    return {position: periods[position] for position in range(0, len(periods), step)}


def _ends(ax: Axes, frame: pd.DataFrame, lines: dict[str, tuple[str, str, float]]) -> None:
    """Write each line's name where it ends; names that would touch move apart."""
    size, narrow = canvas.sizes_of(ax).tick, canvas.is_narrow(ax)
    (low, high), height = ax.get_ylim(), canvas.size_of(ax)[1]
    last = {column: frame[column].dropna() for column in lines}
    at = sorted((values.iloc[-1], column) for column, values in last.items() if len(values))
    top = -np.inf
    for value, column in at:
        name, color, _ = lines[column]
        words = _broken(name, size, narrow)
        half = len(words) * line_height(size) / 2 * (high - low) / height
        level = max(value, top + half)
        top = level + half
        bold = "bold" if column == "observed" else "normal"
        canvas.note(ax, "\n".join(words), (1, level), offset=(8, 0), color=style.SOFT if column == "twin" else color,
                    weight=bold, size=size)  # fmt: skip
