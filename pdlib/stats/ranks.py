"""Ranks with their uncertainty: expected ranks, rankability, r-values, bars that can be compared, rank sets."""

from __future__ import annotations

import numpy as np
from scipy.optimize import brentq
from scipy.special import ndtr, ndtri

from pdlib.stats.posterior import rank_range

Array = np.ndarray

EXACT_UNITS = 2000
"""Up to here expected ranks add every pair; beyond, each unit is held against the ensemble distribution."""

SET_UNITS = 60
"""Rank sets need a test for every pair; with more units they are wide and say nothing."""


def expected_rank(mean: Array, sd: Array) -> Array:
    """Expected rank of each unit, 1 being the best (the largest mean).

    ER_j = 1 + Σ_{k≠j} Φ((m_k − m_j)/√(v_j + v_k)), exact for independent normal posteriors. The ranks add up to
    N(N + 1)/2. Two units without any spread and with equal means share their places.

    Parameters
    ----------
    mean, sd : (N,) arrays
        Posterior mean and SD.

    Returns
    -------
    (N,) array

    References
    ----------
    Laird & Louis (1989), doi:10.3102/10769986014001029; Lingsma et al. (2009), doi:10.1186/1471-2288-9-53.

    Examples
    --------
    >>> expected_rank(np.array([1.0, 0.0]), np.array([0.6, 0.8])).round(3)
    array([1.159, 1.841])
    """
    mean, sd = np.asarray(mean, dtype=float), np.asarray(sd, dtype=float)
    count = len(mean)
    if count > EXACT_UNITS:
        return rank_range(mean, sd)[0]
    width = np.maximum(np.sqrt(sd[:, None] ** 2 + sd[None, :] ** 2), 1e-300)
    gap = np.clip((mean[None, :] - mean[:, None]) / width, -40.0, 40.0)
    return 0.5 + ndtr(gap).sum(axis=1)


def percentile_of_rank(rank: Array, count: int) -> Array:
    """Percentile of an expected rank among so many units: PCER = 100 (ER − ½)/N, small being the best.

    Parameters
    ----------
    rank : (N,) array
    count : int

    Returns
    -------
    (N,) array

    References
    ----------
    Lingsma et al. (2009), doi:10.1186/1471-2288-9-53.
    """
    return 100.0 * (np.asarray(rank, dtype=float) - 0.5) / count


def rankability(tau2: float, noise: Array) -> float:
    """Share of what is seen between units that is no noise: ρ = τ²/(τ² + median c²).

    Parameters
    ----------
    tau2 : float
        Variance of the true effects.
    noise : (N,) array
        Noise variance of each unit.

    Returns
    -------
    float
        Below one half a ranking is poor; from one half to three quarters moderate.

    References
    ----------
    van Dishoeck et al. (2011), doi:10.1136/bmjqs.2010.048058.

    Examples
    --------
    >>> rankability(1.0, np.array([0.5, 1.0, 4.0]))
    0.5
    """
    return float(tau2 / max(tau2 + float(np.median(noise)), 1e-300))


def r_values(mean: Array, sd: Array, tau2: float, *, centre: float = 0.0, points: int | None = None) -> Array:
    """The shortest leading share that has room for each unit: one number that serves lists of every length.

    V_α(j) = P(θ_j ≥ θ_α | data) with θ_α the upper-α quantile of the normal prior; λ_α is the upper-α quantile of V_α
    over the units; r_j = inf{α : V_α(j) > λ_α}, on a grid of α evenly spaced in its logarithm. The list of share α so
    holds no more than αN units.

    Parameters
    ----------
    mean, sd : (N,) arrays
        Posterior mean and SD.
    tau2, centre : float
        Variance and mean of the prior.
    points : int, optional
        Points of the grid; by default one for each unit, at most 1000.

    Returns
    -------
    (N,) array
        Small is best; 1 for a unit that enters no shorter list, and for all without any spread (tau2 = 0).

    References
    ----------
    Henderson & Newton (2016), doi:10.1111/rssb.12131.
    """
    mean, sd = np.asarray(mean, dtype=float), np.asarray(sd, dtype=float)
    count = len(mean)
    if tau2 <= 0.0 or count < 2:
        return np.ones(count)
    shares = np.geomspace(1 / count, 1 - 1 / count, points or min(count, 1000))
    spread = np.maximum(sd, 1e-12 * np.sqrt(tau2))
    found = np.ones(count)
    for share in shares[::-1]:
        # V in standard units: the order is the same, and it does not run into 0 or 1.
        chance = (mean - (centre - np.sqrt(tau2) * ndtri(share))) / spread
        room = int(share * count + 1e-9)
        found[chance > np.sort(chance)[count - room - 1]] = share
    return found


def pairwise_reach(sd: Array, level: float = 0.95) -> float:
    """How many SDs a bar must reach so that two bars that do not overlap differ at the level, on average over pairs.

    Two bars of reach z do not overlap by luck with chance 2 Φ(−z (s_i + s_j)/√(s_i² + s_j²)); z makes the mean of it
    1 − level. For equal SDs that is 1.96/√2 = 1.39. Such bars serve comparisons of two units chosen beforehand.

    Parameters
    ----------
    sd : (N,) array
    level : float

    Returns
    -------
    float

    References
    ----------
    Goldstein & Healy (1995), doi:10.2307/2983411; Goldstein & Spiegelhalter (1996), doi:10.2307/2983325.
    """
    sd = np.sort(np.asarray(sd, dtype=float))
    if len(sd) > EXACT_UNITS:  # the quantiles stand for all
        sd = np.quantile(sd, (np.arange(EXACT_UNITS) + 0.5) / EXACT_UNITS)
    i, j = np.triu_indices(len(sd), k=1)
    shape = (sd[i] + sd[j]) / np.sqrt(sd[i] ** 2 + sd[j] ** 2)
    widest = float(ndtri(0.5 + level / 2))
    return float(brentq(lambda z: 2 * ndtr(-z * shape).mean() - (1 - level), widest / 2, widest))


def rank_sets(
    estimate: Array, se: Array, *, level: float = 0.95, simultaneous: bool = True, draws: int = 4000, seed: int = 0
) -> tuple[Array, Array]:
    """The ranks that the data cannot rule out for each unit, 1 being the best.

    Each ordered pair is tested: is k better than j? T_jk = (θ̂_k − θ̂_j)/√(s_j² + s_k²) against the quantile of the
    largest of the pairs still open, drawn with all effects equal; what is rejected leaves, until nothing more does.
    With N⁻_j units shown to be better and N⁺_j worse the set is N⁻_j + 1, …, N − N⁺_j.

    Parameters
    ----------
    estimate, se : (N,) arrays
        Unshrunken estimates and their independent standard errors.
    level : float
        Coverage: of all true ranks at once, or of each unit's own.
    simultaneous : bool
        One statement about all units (True), or one for each unit by itself (False).
    draws, seed : int
        Parametric bootstrap.

    Returns
    -------
    lower, upper : (N,) int arrays

    Raises
    ------
    ValueError
        More than 60 units: the sets would be wide and the pairs too many.

    References
    ----------
    Mogstad, Romano, Shaikh & Wilhelm (2024), doi:10.1093/restud/rdad006.
    """
    estimate, se = np.asarray(estimate, dtype=float), np.asarray(se, dtype=float)
    count = len(estimate)
    if count > SET_UNITS:
        raise ValueError(f"rank sets are for at most {SET_UNITS} units, found {count}; show expected ranks instead")
    i, j = np.triu_indices(count, k=1)
    width = np.sqrt(se[i] ** 2 + se[j] ** 2)
    lead = (estimate[i] - estimate[j]) / width
    luck = np.random.default_rng(seed).standard_normal((draws, count)) * se
    luck = (luck[:, i] - luck[:, j]) / width
    if simultaneous:
        return _bounds(_ahead(lead, luck, level), i, j, count)
    sets = np.empty((2, count), dtype=int)
    for unit in range(count):
        own = (i == unit) | (j == unit)
        sides = _bounds(_ahead(lead[own], luck[:, own], level), i[own], j[own], count)
        sets[:, unit] = sides[0][unit], sides[1][unit]
    return sets[0], sets[1]


def best_set(estimate: Array, se: Array, best: int, *, level: float = 0.95, draws: int = 4000, seed: int = 0) -> Array:
    """Units that may be among so many best: with the chance `level` it holds all that truly are.

    Parameters
    ----------
    estimate, se : (N,) arrays
    best : int
        How many best.
    level : float
    draws, seed : int

    Returns
    -------
    (N,) bool array

    References
    ----------
    Mogstad, Romano, Shaikh & Wilhelm (2024), doi:10.1093/restud/rdad006.
    """
    return rank_sets(estimate, se, level=level, draws=draws, seed=seed)[0] <= best


def _ahead(lead: Array, luck: Array, level: float) -> tuple[Array, Array]:
    """Pairs whose first unit is shown to be the better, and those whose second is, by steps down."""
    first = np.zeros(len(lead), dtype=bool)
    second = first.copy()
    while not (first.all() and second.all()):
        highest = luck[:, ~first].max(axis=1, initial=-np.inf)
        lowest = luck[:, ~second].min(axis=1, initial=np.inf)
        bar = float(np.quantile(np.maximum(highest, -lowest), level, method="higher"))
        fresh_first, fresh_second = lead > bar, -lead > bar
        if not ((fresh_first & ~first) | (fresh_second & ~second)).any():
            break
        first, second = first | fresh_first, second | fresh_second
    return first, second


def _bounds(ahead: tuple[Array, Array], i: Array, j: Array, count: int) -> tuple[Array, Array]:
    first, second = ahead
    better = np.bincount(j[first], minlength=count) + np.bincount(i[second], minlength=count)
    worse = np.bincount(i[first], minlength=count) + np.bincount(j[second], minlength=count)
    return better + 1, count - worse
