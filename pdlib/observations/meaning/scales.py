"""Shares and percentages in one column, 0.74 beside 74: refused, for both are read as the same amount."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

if TYPE_CHECKING:
    from pdlib.observations.sheet import Sheet

APART = 5.0  # times the largest share, at least, that the smallest percentage is
FEWEST, LEAST = 5, 0.1  # values of either kind: how many, and what share of all


def shares_among_percentages(values: np.ndarray) -> np.ndarray:
    """Which values are shares where the others are percentages of the same size.

    Parameters
    ----------
    values : array of float
        Missing as NaN.

    Returns
    -------
    array of bool
        True nowhere unless the values lie in two clumps, one within 0 and 1 and with decimals, the other about a
        hundred times as large, and further apart than either is wide.
    """
    with np.errstate(invalid="ignore"):
        small, large = (values > 0) & (values <= 1), values > 1
    few = max(FEWEST, LEAST * float(np.isfinite(values).sum()))
    none = np.zeros(len(values), dtype=bool)
    if min(small.sum(), large.sum()) < few or (values[np.isfinite(values)] < 0).any():
        return none
    low, high = values[small], values[large]
    gap, wide = high.min() / low.max(), max(high.max() / high.min(), low.max() / low.min())
    apart = high.max() <= 100 and gap >= max(APART, wide) and bool((low % 1 != 0).any())
    return small if apart and _covers(high, 100 * low) and _covers(100 * low, high) else none


def _covers(values: np.ndarray, others: np.ndarray) -> bool:
    """Whether the middle of the others lies among the values."""
    return bool(values.min() <= np.median(others) <= values.max())


def refuse_shares(sheet: Sheet, column: str, numbers: pd.Series) -> None:
    """Refuse shares among percentages, by row."""
    bad = pd.Series(shares_among_percentages(numbers.to_numpy(dtype=float)), numbers.index)
    found = "a share where the other rows hold percentages, about a hundred times as large,"
    sheet.report_rows(column, bad, found, "Write all of them in one way: 0.74 or 74.", numbers, code="two_scales")
