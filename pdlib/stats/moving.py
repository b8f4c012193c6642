"""Conditions that move over time: the mean of each unit, and slopes of their own for what moves about it."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from pdlib.stats.basis import Basis
from pdlib.stats.panel import two_way_products, two_way_residuals
from pdlib.stats.reml import fit_reml

Array = np.ndarray
LEFT = 0.01  # of what a column moves within units, what is not shared by all: with less it is left to the periods


def common(values: Array, seen: Array, groups: Array | None = None) -> Array:
    """What unit means and a course shared by all units make of a grid.

    The mean over periods of the result is the mean of the unit: each period that was seen counts once, whatever its
    weight in the outcome, and what all units share in a period is taken out first, so that a unit that was seen in
    other periods than the rest has no other mean for that.

    Parameters
    ----------
    values : (N, P) array
        NaN where not known.
    seen : (N, P) bool array
        Cells that count.
    groups : (N,) int array, optional
        Groups of units that share a course each.

    Returns
    -------
    (N, P) array
        NaN for units of which nothing is known.
    """
    known = seen & np.isfinite(values)
    rows = known.any(axis=1)
    found = np.full(values.shape, np.nan)
    if rows.any():
        centre = values[known].mean()  # differences between large values would lose digits
        filled = np.where(known, values - centre, 0.0)[rows]
        own = None if groups is None else groups[rows]
        found[rows] = centre + filled - two_way_residuals(filled, known[rows].astype(float), own)
    return found


def over_periods(values: Array, weights: Array) -> Array:
    """(N, C) weighted mean over periods of an (N, P, C) array; NaN cells carry no weight, NaN if all are."""
    w = np.where(np.isfinite(values), weights[:, :, None], 0.0)
    total = w.sum(axis=1)
    return np.where(total > 0, (w * np.nan_to_num(values)).sum(axis=1) / np.where(total > 0, total, 1.0), np.nan)


def unit_means(values: Array, seen: Array, groups: Array | None = None) -> Array:
    """(N, C) means of units over their periods, from (N, P, C) values that may move or (N, C) ones that do not.

    Parameters
    ----------
    values : (N, P, C) or (N, C) array
        NaN where not known.
    seen, groups
        As in `common`.

    Returns
    -------
    (N, C) array
        NaN where nothing is known of a unit.
    """
    if values.ndim == 2:
        return values
    columns = [common(values[:, :, c], seen, groups).mean(axis=1) for c in range(values.shape[2])]
    return np.stack(columns, axis=1) if columns else np.empty((len(values), 0))


def level_shares(categories: Array, seen: Array) -> list[Array]:
    """Share of a unit's periods at each level, of each category.

    Parameters
    ----------
    categories : (N, P, D) or (N, D) int array
        Where a category does not move, 0 and 1.
    seen : (N, P) bool array
        Cells that count.

    Returns
    -------
    list of (N, L) arrays
    """
    if categories.ndim == 2:
        return [(codes[:, None] == np.unique(codes)).astype(float) for codes in categories.T]
    at = (categories[:, :, d] for d in range(categories.shape[2]))
    return [over_periods((codes[:, :, None] == np.unique(codes)).astype(float), seen.astype(float)) for codes in at]


def without_gaps(values: Array, seen: Array, groups: Array | None = None) -> Array:
    """Values that move, cells of which nothing is known filled with the unit's mean and the shared course.

    Parameters
    ----------
    values, seen, groups
        As in `unit_means`.

    Returns
    -------
    (N, P, C) or (N, C) array
    """
    if values.ndim == 2:
        return values
    filled = values.copy()
    for layer in np.moveaxis(filled, 2, 0):
        gap = ~(seen & np.isfinite(layer))
        if gap.any():
            layer[gap] = common(layer, seen, groups)[gap]
    return filled


@dataclass(frozen=True, eq=False)
class Moving:
    """Features of a context that moves: one part that tells units apart, one that tells their periods apart.

    Attributes
    ----------
    features : (N, Q) array
        Of each unit: the means of its cells' features, as `common` defines them.
    deviations : (N, P, K) array
        What each cell's features have beyond the unit's mean and the shared course; only columns that move. 0 where
        nothing was observed.
    blocks : (K,) int array
        Of those columns, as in `Basis`.
    """

    features: Array
    deviations: Array
    blocks: Array


@dataclass(frozen=True, eq=False)
class Slopes:
    """What goes with moves within units.

    Attributes
    ----------
    drift : (N, P) array
        Expected distance of each cell from its unit's mean.
    spent : float
        Degrees of freedom that the slopes take.
    logs : array or None
        Logs of their variances, as a start for slopes that lie near.
    """

    drift: Array
    spent: float
    logs: Array | None


def follow(basis: Basis, numeric: Array, categories: Array, seen: Array, groups: Array | None = None) -> Moving:
    """Split the features of every cell into the mean of its unit and the distance from it.

    A mean of features, not the features of a mean: where an effect is bent and the same within units as between them,
    a unit that moves about has another expectation than one that stays at its mean.

    Parameters
    ----------
    basis : Basis
    numeric : (N, P, C) or (N, C) array
        Without gaps, but for units of which a condition is not known at all (NaN).
    categories : (N, P, D) or (N, D) int array
    seen : (N, P) bool array
    groups : (N,) int array, optional
        Groups of units that move over the periods each in their own way.

    Returns
    -------
    Moving

    References
    ----------
    Mundlak (1978), doi:10.2307/1913646; Bell, Fairbrother & Jones (2019), doi:10.1007/s11135-018-0802-x.
    """
    moved = [*_moved(numeric, seen), *_moved(categories, seen)]
    candidates = [k for k, owners in enumerate(basis.owners) if any(moved[c] for c in owners)]
    last = seen.shape[1] if candidates else 0
    features = basis.columns(_at(numeric, 0), _at(categories, 0))
    deviations = np.empty((*seen.shape, len(candidates)))
    for p in range(last):
        deviations[:, p] = basis.columns(_at(numeric, p), _at(categories, p))[:, candidates]
    kept = []
    for j, k in enumerate(candidates):
        shared = common(deviations[:, :, j], seen, groups)
        features[:, k] = shared.mean(axis=1)
        own = np.where(seen, deviations[:, :, j] - shared, 0.0)
        within = np.where(seen, deviations[:, :, j] - _mean(deviations[:, :, j], seen), 0.0)
        deviations[:, :, j] = own
        if np.vdot(own, own) > max(LEFT * np.vdot(within, within), 1e-12 * seen.sum()):
            kept.append(j)
    deviations = deviations if len(kept) == len(candidates) else deviations[:, :, kept]
    return Moving(features, deviations, basis.blocks[[candidates[j] for j in kept]])


def _moved(values: Array, seen: Array) -> Array:
    """(C,) whether a variable takes several values within any unit."""
    if values.ndim == 2:
        return np.zeros(values.shape[1], dtype=bool)
    here = seen[:, :, None] & np.isfinite(values)
    high = np.where(here, values, -np.inf).max(axis=1)
    low = np.where(here, values, np.inf).min(axis=1)
    known = here.any(axis=1)
    return np.asarray((np.where(known, high - low, 0.0) > 1e-9 * (1 + np.abs(np.where(known, high, 0.0)))).any(axis=0))


def _at(values: Array, period: int) -> Array:
    return values[:, period] if values.ndim == 3 else values


def _mean(values: Array, seen: Array) -> Array:
    return np.where(seen, values, 0.0).sum(axis=1, keepdims=True) / seen.sum(axis=1, keepdims=True)


def slopes_within(
    moving: Moving, z: Array, weights: Array, groups: Array | None = None, *, start: Array | None = None
) -> Slopes:
    """Estimate what goes with moves within units, apart from what sets units apart.

    Unit and period effects are taken out of outcome and deviations with the weights; what is left of the outcome is
    regressed on what is left of the deviations. Straight lines and levels are free; bends and products are random
    effects, their variances found by REML at the noise that the weights imply.

    Parameters
    ----------
    moving : Moving
    z : (N, P) array
        Working values; NaN where nothing was observed.
    weights : (N, P) array
        One over the noise variance of each cell; 0 where nothing was observed.
    groups : (N,) int array, optional
    start : array, optional
        The ``logs`` of slopes that lie near.

    Returns
    -------
    Slopes

    References
    ----------
    Frisch & Waugh (1933), doi:10.2307/1907330, for regressing on what other effects leave.
    """
    if not moving.deviations.shape[2]:
        return Slopes(np.zeros(weights.shape), 0.0, start)
    products, right = two_way_products(moving.deviations, np.where(weights > 0, z, 0.0), weights, groups)
    rows, told, scale = _few_rows(products, right)
    free, blocks = moving.blocks == 0, np.unique(np.append(0, moving.blocks), return_inverse=True)[1][1:]
    gamma = np.zeros(len(free))
    basis, strength, _ = np.linalg.svd(rows[:, free])
    rank = int((strength > 1e-7 * strength.max(initial=0.0)).sum())
    spent, rest, logs = float(rank), basis[:, rank:], start
    if rest.shape[1] and not free.all():
        bound, blocks = rest.T @ rows[:, ~free], blocks[~free]
        fit = fit_reml(
            rest.T @ told, np.ones(rest.shape[1]), bound, blocks, start=start, rough=True, unit_effects=False
        )  # fmt: skip
        gamma[~free], logs = fit.beta, fit.logs
        heard = np.linalg.svd(bound * np.sqrt(fit.block_variances[blocks - 1]), compute_uv=False) ** 2
        spent += float((heard / (1 + heard)).sum())
    gamma[free] = np.linalg.lstsq(rows[:, free], told - rows[:, ~free] @ gamma[~free], rcond=1e-7)[0]
    return Slopes(moving.deviations @ (gamma / scale), spent, logs)


def _few_rows(products: Array, right: Array) -> tuple[Array, Array, float]:
    """As few rows as columns that say of the slopes all that the cells say, their noise of variance 1, and a scale."""
    size = np.sqrt(np.diag(products))
    size = np.where(size > 0, size, 1.0)
    values, vectors = np.linalg.eigh(products / np.outer(size, size))
    alive = values > 1e-10 * max(values[-1], 1e-300)
    root, vectors, scale = np.sqrt(values[alive]), vectors[:, alive], float(np.sqrt((size**2).mean()))
    return root[:, None] * vectors.T * (size / scale), vectors.T @ (right / size) / root, scale
