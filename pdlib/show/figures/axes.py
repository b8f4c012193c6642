"""Ticks that stay few and round."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
import pandas as pd

from pdlib.show.formats import short

_STEPS = (1, 2, 2.5, 5)


def need(frame: pd.DataFrame, columns: Sequence[str], figure: str) -> None:
    """Check that a frame has the columns that a figure draws.

    Raises
    ------
    KeyError
        Naming the columns that are missing.
    """
    missing = [name for name in columns if name not in frame.columns]
    if missing:
        raise KeyError(f"The {figure} wants columns {missing}; the frame has {list(frame.columns)}.")


def even_ticks(low: float, high: float, most: int = 5) -> list[float]:
    """Choose at most so many evenly spaced round values within a range."""
    span = high - low
    if not np.isfinite(span) or span <= 0:
        return [low]
    scale = 10.0 ** np.floor(np.log10(span / max(most, 1)))
    for step in (factor * scale * ten for ten in (1, 10, 100) for factor in _STEPS):
        first, last = np.ceil(low / step - 1e-9), np.floor(high / step + 1e-9)
        if last - first + 1 <= most:
            return [float(round(value * step, 12)) for value in np.arange(first, last + 1)]
    return [low]


def root_ticks(low: float, high: float, room: float, apart: float = 52.0) -> list[float]:
    """Choose round values that lie apart on a square-root axis.

    Parameters
    ----------
    low, high : float
        Ends of the axis, at least 0.
    room : float
        Its length in points.
    apart : float
        Least distance between two ticks in points.
    """
    scale = room / max(np.sqrt(high) - np.sqrt(low), 1e-12)
    largest = int(np.ceil(np.log10(max(high, 1)))) + 1
    smallest = int(np.floor(np.log10(high))) - 3 if high > 0 else 0
    round_values = sorted(
        (factor * 10.0**power for power in range(smallest, largest) for factor in (1, 2.5, 5)), reverse=True
    )
    chosen: list[float] = []
    for value in round_values:
        inside = low <= value <= high
        if inside and (not chosen or (np.sqrt(chosen[-1]) - np.sqrt(value)) * scale >= apart):
            chosen.append(value)
    return chosen[::-1]


def labelled(ticks: Sequence[float], shown: Callable[[float], str]) -> tuple[list[float], list[str]]:
    """Pair ticks with their labels, leaving out a label that would repeat the one before."""
    kept: list[float] = []
    labels: list[str] = []
    for tick in ticks:
        label = shown(tick)
        if not labels or label != labels[-1]:
            kept.append(tick)
            labels.append(label)
    return kept, labels


def plain_number(x: float) -> str:
    """Show a tick as short as it can be."""
    return short(x)
