"""Units by periods: what the periods share, what passes, and one value per unit."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from scipy.optimize import brentq
from scipy.stats import f as f_distribution

from pdlib.stats.blocks import row_blocks

Array = np.ndarray
ROUNDING = 1e-12


@dataclass(frozen=True, eq=False)
class Collapsed:
    """One value per unit from a unit-by-period grid.

    Attributes
    ----------
    value : (N,) array
        Precision-weighted mean over the unit's periods, period effects removed.
    variance : (N,) array
        Its noise variance: sampling and passing shocks.
    period_effects : (P,) or (N, P) array
        What all units shared in each period, or each unit with its group; zero on average.
    transient_variance : float
        Variance of unit-period shocks (omega squared); 0 if it cannot be told from zero or at all.
    weights : (N, P) array
        Weight of each cell, zero where nothing was observed.
    identified : bool
        False if no unit was seen often enough to estimate the transient variance.
    """

    value: Array
    variance: Array
    period_effects: Array
    transient_variance: float
    weights: Array
    identified: bool


def collapse(
    z: Array,
    s2: Array,
    *,
    transient_variance: float | None = None,
    groups: Array | None = None,
    near: float | None = None,
    spent: float = 0.0,
    known: Array | None = None,
) -> Collapsed:
    """Separate unit, period and unit-period parts, and collapse to one value per unit.

    The transient variance solves Σ w (z − unit − period)² = M − N − P + 1 with w = 1/(s² + ω²) over the M observed
    cells of a connected panel (for an unconnected one, the rank of the two-way design takes the place of N + P − 1).

    Parameters
    ----------
    z, s2 : (N, P) arrays
        Working values and sampling variances; NaN in ``z`` where nothing was observed.
    transient_variance : float, optional
        Take this value instead of estimating it.
    groups : (N,) int array, optional
        Groups of units that move over the periods each in their own way; what sets their averages apart stays with the
        units.
    near : float, optional
        Near which transient variance to look first.
    spent : float
        Degrees of freedom that slopes within units have taken already; they come off the M − N − P + 1.
    known : (N, P) array, optional
        Share of what a cell would say that is known of it, below 1 where a count was hidden. A cell that is known by
        its bounds differs the less from what is expected; its square counts for so much only.

    Returns
    -------
    Collapsed

    References
    ----------
    Paule & Mandel (1982), doi:10.6028/jres.087.022, for the moment equation, here with two-way effects.
    """
    seen = np.isfinite(z)
    centre = float(z.mean(where=seen))  # differences between large values would lose digits
    z = z - centre
    if not seen.all():
        z[~seen] = 0.0
        s2 = np.where(seen, s2, np.inf)
    omega2, identified = transient_variance, True
    if omega2 is None:
        omega2, identified = _moment_root(z, s2, seen, _members(groups), near, spent, known)
    floor = 0.0 if omega2 > 0 else _smallest(s2)
    weights = seen / (np.maximum(s2, floor) + omega2)
    units, periods, _ = _by_group(z, weights, _members(groups))
    return Collapsed(units + centre, 1.0 / weights.sum(axis=1), periods, float(omega2), weights, identified)


def spare_cells(seen: Array, groups: Array | None = None) -> int:
    """How many cells are left to tell what passes, once units and periods have taken theirs: M − N − P + 1.

    Parameters
    ----------
    seen : (N, P) bool array
        For an unconnected panel, the rank of the two-way design takes the place of N + P − 1.
    groups : (N,) int array, optional
        As for `collapse`.

    Returns
    -------
    int
        Below 1, passing shocks cannot be told from the units' own levels.
    """
    rank = _by_group(np.zeros(seen.shape), seen.astype(float), _members(groups))[2]
    return int(seen.sum()) - len(seen) - rank


def _members(groups: Array | None) -> list[Array | slice]:
    """Rows of each group; all of them where there are no groups."""
    return [slice(None)] if groups is None else [np.flatnonzero(groups == g) for g in np.unique(groups)]


def _by_group(z: Array, weights: Array, members: list[Array | slice]) -> tuple[Array, Array, int]:
    """Weighted unit and period effects, the latter within each group, and the rank of the period part."""
    if len(members) == 1:
        return _two_way(z, weights)
    units, periods, rank = np.empty(len(z)), np.empty(z.shape), 0
    for rows in members:
        units[rows], periods[rows], own = _two_way(z[rows], weights[rows])
        rank += own
    return units, periods, rank


def apart(z: Array, weights: Array, groups: Array) -> tuple[float, float, float]:
    """How far groups of units move over the periods each in their own way.

    Parameters
    ----------
    z, weights : (N, P) arrays
        Values, and one over the noise variance of each; weight 0 where nothing was observed.
    groups : (N,) int array

    Returns
    -------
    f : float
        Mean square of what groups have of their own over that of what is left.
    p : float
        Chance of so large an f if groups differed in nothing but luck (F distribution).
    spread : float
        SD over groups and periods of what groups have of their own, luck taken out.
    """
    seen = int((weights > 0).sum())
    squares, ranks = [], []
    for members in (_members(None), _members(groups)):
        units, periods, rank = _by_group(z, weights, members)
        squares.append(float((weights * (z - units[:, None] - periods) ** 2).sum()))
        ranks.append(rank)
    (residual, own), (rank, own_rank) = squares, ranks
    between, left = own_rank - rank, seen - len(z) - own_rank
    if between < 1 or left < 1 or own <= 0:
        return float("nan"), float("nan"), float("nan")
    f = (residual - own) / between / (own / left)
    excess = max((residual - own) / between - own / left, 0.0) * between / float(weights.sum())
    return float(f), float(f_distribution.sf(f, between, left)), float(np.sqrt(excess))


def _smallest(s2: Array) -> float:
    """A positive floor for variances, so that a cell without known noise cannot weigh infinitely."""
    positive = s2[np.isfinite(s2) & (s2 > 0)]
    return float(positive.min()) if positive.size else 1.0


def _two_way(z: Array, weights: Array) -> tuple[Array, Array, int]:
    """Weighted unit and period effects (periods zero on average), and the rank of the period part."""
    total = weights @ np.ones(z.shape[1])
    means = np.einsum("ij,ij->i", weights, z) / total
    if z.shape[1] == 1:
        return means, np.zeros(1), 0
    normal, right, _ = _within(z, lambda rows: weights[rows])
    periods, rank = _solve(normal, right)
    there = weights.any(axis=0)
    periods[there] -= periods[there].sum() / max(int(there.sum()), 1)
    periods[~there] = 0.0  # nothing is known of a period in which nobody was seen
    return means - (weights @ periods) / total, periods, rank


def two_way_residuals(z: Array, weights: Array, groups: Array | None = None) -> Array:
    """What weighted unit and period effects leave of a grid.

    Parameters
    ----------
    z, weights : (N, P) arrays
        Weight 0 where nothing was observed; every unit has some weight.
    groups : (N,) int array, optional
        Groups of units with period effects of their own.

    Returns
    -------
    (N, P) array
    """
    units, periods, _ = _by_group(z, weights, _members(groups))
    return z - units[:, None] - periods


def two_way_products(columns: Array, z: Array, weights: Array, groups: Array | None = None) -> tuple[Array, Array]:
    """Weighted cross-products of columns, and of these with a grid, once unit and period effects are out of both.

    Parameters
    ----------
    columns : (N, P, K) array
    z, weights : (N, P) arrays
        Weight 0 where nothing was observed; every unit has some weight.
    groups : (N,) int array, optional
        Groups of units with period effects of their own.

    Returns
    -------
    products : (K, K) array
    right : (K,) array
    """
    count = columns.shape[2]
    found = np.zeros((count + 1, count + 1))
    z = z - np.average(z, weights=weights)
    for rows in _members(groups):
        found += _products(columns[rows], z[rows], weights[rows])
    return found[:count, :count], found[:count, count]


def _products(columns: Array, z: Array, weights: Array) -> Array:
    """Cross-products of columns and z, gathered block by block of units."""
    periods, count = z.shape[1], columns.shape[2] + 1
    normal, right, within = np.zeros((periods, periods)), np.zeros((periods, count)), np.zeros((count, count))
    size = np.zeros(periods)
    for rows in row_blocks(len(z)):
        w = weights[rows]
        total = w.sum(axis=1)
        both = np.concatenate([columns[rows], z[rows, :, None]], axis=2)
        both -= (np.einsum("ij,ijk->ik", w, both) / total[:, None])[:, None, :]
        weighted = both * w[:, :, None]
        column = w.sum(axis=0)
        size += column
        normal += np.diag(column) - w.T @ (w / total[:, None])
        right += weighted.sum(axis=0)
        within += weighted.reshape(-1, count).T @ both.reshape(-1, count)
    _drop_alone(normal, right, size)
    return within - right.T @ _solve(normal, right)[0]


def _within(z: Array, weights: Callable[[slice], Array]) -> tuple[Array, Array, float]:
    """Normal equations of the period effects, unit effects taken out, and Σ w (z − unit mean)².

    Gathered block by block of units, so that nothing as large as the grid is made on the way.
    """
    ones = np.ones(z.shape[1])
    normal, right, within = np.zeros((len(ones), len(ones))), np.zeros(len(ones)), 0.0
    size = np.zeros(len(ones))
    for rows in row_blocks(len(z)):
        w = weights(rows)
        weighted = w * z[rows]
        total, sums = w @ ones, weighted @ ones
        means = sums / total
        column = w.sum(axis=0)
        size += column
        normal += np.diag(column) - w.T @ (w / total[:, None])
        right += weighted.sum(axis=0) - w.T @ means
        within += float(np.vdot(weighted, z[rows]) - sums @ means)
    _drop_alone(normal, right, size)
    return normal, right, within


def _drop_alone(normal: Array, right: Array, size: Array) -> None:
    """Clear, in place, periods of units that were seen in no other: their equations hold nothing but rounding."""
    alone = np.diag(normal) <= ROUNDING * size
    if alone.any():
        normal[alone], normal[:, alone], right[alone] = 0.0, 0.0, 0.0


def _solve(normal: Array, right: Array) -> tuple[Array, int]:
    """Smallest solution, and the rank: each connected part of a panel leaves one constant open."""
    scale = np.sqrt(np.where(np.diag(normal) > 0, np.diag(normal), 1.0))
    values, vectors = np.linalg.eigh(normal / np.outer(scale, scale))
    keep = values > 1e-10
    scaled = vectors[:, keep].T @ (right.T / scale).T
    solution = ((vectors[:, keep] @ (scaled.T / values[keep]).T).T / scale).T
    return solution, int(keep.sum())


def _left_over(z: Array, weights: Callable[[slice], Array]) -> float:
    """Σ w (z − unit − period)² at its least."""
    normal, right, within = _within(z, weights)
    return within - float(right @ _solve(normal, right)[0])


def _near(excess: Callable[[float], float], guess: float) -> float | None:
    """The positive root near a guess by secants; None if they do not lead to one."""
    last, at = guess, 1.001 * guess
    there = excess(last)
    for _ in range(20):
        here = excess(at)
        if here == there:
            return at if here == 0 else None
        last, at, there = at, at - here * (at - last) / (here - there), here
        if not at > 0:
            return None
        if abs(at - last) <= 1e-9 * at:
            return at
    return None


def _weights(s2: Array, omega2: float, known: Array) -> Callable[[slice], Array]:
    return lambda rows: known[rows] / (s2[rows] + omega2)


def _moment_root(
    z: Array,
    s2: Array,
    seen: Array,
    members: list[Array | slice],
    near: float | None,
    spent: float,
    share: Array | None,
) -> tuple[float, bool]:
    units, periods, rank = _by_group(z, seen.astype(float), members)
    spare = int(seen.sum()) - z.shape[0] - rank - spent
    if spare < 1:
        return 0.0, False
    part = np.broadcast_to(1.0, z.shape) if share is None else share
    due = spare if share is None else spare * float(share.mean(where=seen))
    # What is left is small beside z, so no digits are lost where sums of squares are subtracted.
    z = z - units[:, None]
    z -= periods
    z[~seen] = 0.0
    crude = float(np.vdot(z, z)) / spare
    known = seen & (s2 > 0)
    if not known.any():
        return crude, True

    def excess(omega2: float) -> float:
        return sum(_left_over(z[own], _weights(s2[own], omega2, part[own])) for own in members) - due

    if near and (root := _near(excess, near)) is not None:
        return root, True
    if crude <= 0 or (known.all(where=seen) and excess(0.0) <= 0):
        return 0.0, True
    upper = crude
    while excess(upper) > 0:
        upper *= 2.0
    lower = upper * 1e-9
    if excess(lower) <= 0:
        return 0.0, True
    return float(brentq(excess, lower, upper, xtol=1e-10 * upper, rtol=1e-9)), True
