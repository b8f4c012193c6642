"""Figures that were carried forward: they stay to the last digit for some periods, then change by many digits."""

from __future__ import annotations

import numpy as np

from pdlib.stats.keeps_on import step_of

Array = np.ndarray
STAYS, MOVES, FAR, FEWEST_UNITS, FEWEST_PAIRS = 0.5, 1.5, 0.1, 10, 4


def few_changes(y: Array) -> float:
    """Share of the figures that repeat the one before; 0 if these are no clear copies.

    Figures that stay because they are rounded coarsely change by one rounding step at a time. Copies stay and then
    change by many, and after some periods are no more alike than any two figures. The lowest and the highest figure
    and one that most units share say nothing: many end there by themselves.

    Parameters
    ----------
    y : (N, P) array
        NaN where nothing was observed.

    Returns
    -------
    float
    """
    if y.shape[1] < 3:
        return 0.0
    low, high = np.nanmin(y), np.nanmax(y)
    inner = np.isfinite(y) & (y > low) & (y < high) & (y != np.nanmedian(y))
    unit = max(step_of(y), 1e-9 * max(abs(float(low)), abs(float(high))))
    step = np.where(inner[:, 1:] & inner[:, :-1], np.abs(np.diff(y, axis=1)), np.nan)
    pairs, same = np.isfinite(step).sum(axis=1), (step < unit / 2).sum(axis=1)
    enough = pairs >= min(FEWEST_PAIRS, y.shape[1] - 1)
    if enough.sum() < FEWEST_UNITS:
        return 0.0
    share = float(same[enough].sum() / pairs[enough].sum())
    moves = step[step > unit / 2]
    wide = not len(moves) or float((moves > MOVES * unit).mean()) >= STAYS
    often = float((same[enough] >= STAYS * pairs[enough]).mean()) >= STAYS
    return share if share >= STAYS and wide and often and share - _same_far(y, inner, unit) >= FAR else 0.0


def _same_far(y: Array, inner: Array, unit: float) -> float:
    """Share of figures that are the same in the first and the last third."""
    third = max(y.shape[1] // 3, 1)
    first, last = y[:, :third, None], y[:, None, -third:]
    known = inner[:, :third, None] & inner[:, None, -third:]
    return float((np.abs(first - last) < unit / 2)[known].mean()) if known.any() else 0.0


def spread_shares(y: Array) -> tuple[float, float]:
    """Variance of figures within units, what all share taken out, and between units.

    Parameters
    ----------
    y : (N, P) array

    Returns
    -------
    within, between : float
    """
    count = np.isfinite(y).sum(axis=1)
    y = y[count > 1][:, np.isfinite(y[count > 1]).any(axis=0)]
    y = y - np.nanmean(y, axis=0)
    level = np.nanmean(y, axis=1)
    within = np.nansum((y - level[:, None]) ** 2) / (count[count > 1] - 1).sum()
    return float(within), float(np.var(level))
