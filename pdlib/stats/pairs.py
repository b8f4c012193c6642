"""Practices that pay together: every pair at once, after what each of the two brings alone."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.stats import t as student

from pdlib.stats.contrast import Freed, orthonormal
from pdlib.stats.family import benjamini_hochberg
from pdlib.stats.refit import Stack, backward

Array = np.ndarray
FEWEST = 10  # units in each of the four cells of a pair; below, a normal tail flatters


@dataclass(frozen=True, eq=False)
class Pairs:
    """Pairs of practices, the strongest first.

    Attributes
    ----------
    first, second : (J,) int arrays
        Columns of the practices.
    score : (J,) array
        Studentised, above zero where both together show more than the sum of both.
    p_value, p_bh : (J,) arrays
        Two-sided; and adjusted for all pairs looked at.
    fewest : (J,) int array
        Units in the smallest of the four cells.
    found : (J,) bool array
        Pairs whose gain stands out among all pairs and beside the others that do.
    """

    first: Array
    second: Array
    score: Array
    p_value: Array
    p_bh: Array
    fewest: Array
    found: Array


def search_pairs(freed: Freed, practices: Array, does: Array, *, level: float = 0.10) -> Pairs:
    """Look at every pair for more than both practices show alone.

    What context and all main effects leave of the response is held against the product of the two centred practices,
    a score test for all pairs by two matrix products: z = Σ e a b / √Σ e² a² b². Pairs that stand out are then fitted
    side by side, and those that show nothing of their own fall out one at a time: practices that travel with one half
    of a pair travel with the pair.

    Parameters
    ----------
    freed : Freed
    practices : (N, K) array
        NaN where a unit gave no answer; it then counts as usual.
    does : (N, K) array
        1 where a unit does it, 0 where not, NaN where it gave no answer.
    level : float
        Of the Benjamini–Hochberg control over the pairs.

    Returns
    -------
    Pairs
        Those with at least ten units in each of their four cells.

    References
    ----------
    Rao (1948), doi:10.1017/S0305004100023987, for score tests.
    """
    spread = np.nanstd(practices, axis=0)
    centred = np.nan_to_num((practices - np.nanmean(practices, axis=0)) / np.where(spread > 0, spread, np.inf))
    known = orthonormal(np.column_stack([freed.basis, freed.practices[:, np.isfinite(freed.length)]]))
    left = freed.response - known @ (known.T @ freed.response)
    left /= np.sqrt(np.maximum(1 - (known**2).sum(axis=1), 0.05))
    yes, no = np.nan_to_num(does), np.nan_to_num(1 - does)
    cells = np.minimum.reduce([yes.T @ yes, yes.T @ no, no.T @ yes, no.T @ no])
    first, second = np.triu_indices(practices.shape[1], 1)
    many = cells[first, second] >= FEWEST
    first, second = first[many], second[many]
    pull = left * freed.root
    with np.errstate(divide="ignore", invalid="ignore"):
        score = (centred * pull[:, None]).T @ centred / np.sqrt((centred * pull[:, None]).T ** 2 @ centred**2)
    score = np.nan_to_num(score[first, second])
    spare = max(len(left) - known.shape[1], 1)
    p_value = 2 * student.sf(np.abs(score), spare)
    p_bh = benjamini_hochberg(p_value)
    order = np.argsort(-score, kind="stable")
    first, second, score, p_value, p_bh = (part[order] for part in (first, second, score, p_value, p_bh))
    passing = np.flatnonzero((p_bh <= level) & (score > 0))
    products = centred[:, first[passing]] * centred[:, second[passing]] * freed.root[:, None]
    products -= known @ (known.T @ products)
    stack = Stack(left, products, np.arange(len(left)), known.shape[1], spare)
    gone = backward(stack, list(range(len(passing))), tied=0.0)
    found = np.zeros(len(first), dtype=bool)
    found[np.delete(passing, list(gone))] = True
    return Pairs(first, second, score, p_value, p_bh, cells[first, second].astype(int), found)
