"""Counts too small to publish: which cells to hide, and whether what is left gives them away."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import linprog

Counts = NDArray[np.float64]
Hidden = NDArray[np.bool_]


def hide_small(counts: Counts, k: int, *, totals: bool = True) -> Hidden:
    """Choose the cells to hide so that no count below `k` is shown or can be worked out.

    Parameters
    ----------
    counts : array, shape (n,) or (n, m)
        Counts of people; a missing one is hidden.
    k : int
        The smallest count that may be shown; a true 0 is small too, for it says that nobody did.
    totals : bool
        Whether the sums are published beside the cells: of all cells, and of each row and column. Then a line with a
        single hidden cell hides its next smallest as well, until no hidden cell can be narrowed down below `k` ways.

    Returns
    -------
    array of bool, like `counts`

    Notes
    -----
    Primary suppression hides ``counts < k``. Secondary suppression hides the next smallest cell of every line in which
    one hidden cell stands alone, and goes on while `recoverable` finds a cell.

    References
    ----------
    Hundepool et al. (2012), Statistical Disclosure Control, chapter 4. DOI 10.1002/9781118348239

    Examples
    --------
    >>> hide_small(np.array([3.0, 12.0, 40.0]), 10)
    array([ True,  True, False])
    """
    counts = np.asarray(counts, dtype=float)
    hidden = ~(counts >= k)
    while totals:
        alone = [line for line in _lines(counts.shape) if hidden[line].sum() == 1 and (~hidden[line]).any()]
        if not alone:
            found = recoverable(counts, hidden)
            alone = [line for line in _lines(counts.shape) if found[line].any() and (~hidden[line]).any()]
        if not alone:
            break
        cells = np.argwhere(_mask(counts.shape, alone[0]) & ~hidden)
        smallest = min(cells, key=lambda cell: (counts[tuple(cell)], tuple(cell)))
        hidden[tuple(smallest)] = True
    return hidden


def recoverable(counts: Counts, hidden: Hidden) -> Hidden:
    """Attack a published table: tell which hidden cells follow from the shown ones and the totals.

    Parameters
    ----------
    counts : array, shape (n,) or (n, m)
        The true counts, from which the totals are taken.
    hidden : array of bool, like `counts`

    Returns
    -------
    array of bool, like `counts`
        True where the only count of 0 or more that fits the totals is the true one.
    """
    counts = np.asarray(counts, dtype=float)
    found = np.zeros(counts.shape, dtype=bool)
    cells = np.argwhere(hidden)
    if not len(cells):
        return found
    masks = [_mask(counts.shape, line) for line in _lines(counts.shape)]
    rows = np.array([[mask[tuple(cell)] for cell in cells] for mask in masks], dtype=float)
    left = np.array([np.nansum(counts[mask & hidden]) for mask in masks])
    for position, cell in enumerate(cells):
        aim = np.zeros(len(cells))
        aim[position] = 1.0
        low, high = (sign * linprog(sign * aim, A_eq=rows, b_eq=left, method="highs").fun for sign in (1.0, -1.0))
        found[tuple(cell)] = high - low < 1.0
    return found


def _lines(shape: tuple[int, ...]) -> list[tuple[slice | int, ...]]:
    """What has a published total: the whole of a list; each row and each column of a table."""
    if len(shape) == 1:
        return [(slice(None),)]
    return [*((row, slice(None)) for row in range(shape[0])), *((slice(None), column) for column in range(shape[1]))]


def _mask(shape: tuple[int, ...], line: tuple[slice | int, ...]) -> Hidden:
    mask = np.zeros(shape, dtype=bool)
    mask[line] = True
    return mask
