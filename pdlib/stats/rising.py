"""A share that rises at a unit, against its own past and its peers; a level that falls."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.special import ndtr
from scipy.stats import nbinom

Array = np.ndarray
WINDOWS = (1, 2, 3, 4, 6)
FIRST = 3
TAIL = 0.01
STRATA = 8
LARGE = 0.9


@dataclass(frozen=True, eq=False)
class Rise:
    """How surprising the latest periods of each unit are, for every period as if it were the last.

    Attributes
    ----------
    p_value : (U, T) array
        Chance of so large a rise at a unit whose share only moves with its peers'; 1 where it cannot be judged.
    window : (U, T) int array
        Periods, up to this one, over which the rise is clearest; 0 if there is none, -1 where it cannot be judged.
    usual : (U, T) array
        Count that the unit's own past and its peers lead one to expect over that window.
    """

    p_value: Array
    window: Array
    usual: Array


def find_rise(
    counts: Array,
    totals: Array,
    *,
    windows: tuple[int, ...] = WINDOWS,
    fewest: int = 10,
    panels: int = 40,
    seed: int = 0,
) -> Rise:
    """Look for a rise of each unit's share over its latest periods, of whatever length is clearest.

    A unit's share is its peers' share of the period times the unit's own factor, gamma over units. What its past says
    of the factor foretells the count of the latest periods: a negative binomial, whose upper tail is the p-value of one
    window. The smallest over windows is corrected by how small it gets in panels simulated without any rise (units'
    factors and months' bursts as in the data, binomial counts), among units with as many comments: by how small one in
    a hundred is, and beyond it by how fast smaller ones grow rare there (Hill's estimator). No unit counts for more
    than one of the largest tenth, neither in the peers' share nor in how far factors and months spread.

    Parameters
    ----------
    counts, totals : (U, T) arrays
        Comments of concern, and all comments, by unit and period.
    windows : tuple of int
        Lengths tried.
    fewest : int
        Comments that a window must hold.
    panels : int
        Simulated panels.
    seed : int

    Returns
    -------
    Rise

    References
    ----------
    Noufaily et al. (2013), doi:10.1002/sim.5595, for surveillance by the negative binomial; Clayton & Kaldor (1987),
    doi:10.2307/2532003, for the gamma factor; Hill (1975), doi:10.1214/aos/1176343247, for the tail.
    """
    smallest, window, usual = _smallest(counts, totals, windows, fewest)
    rng = np.random.default_rng(seed)
    share, factor, burst = _null_model(counts, totals)
    drawn = [
        _smallest(_null_panel(rng, totals, share, factor, burst), totals, windows, fewest)[0]
        for _ in range(max(panels, 1))
    ]
    said = np.where(window >= 0, np.cumsum(totals, axis=1), -1.0)
    return Rise(
        _corrected(np.log(np.maximum(smallest, 1e-300)), np.log(np.maximum(drawn, 1e-300)), said), window, usual
    )


def peers_share(counts: Array, totals: Array) -> Array:
    """Share of comments that are of concern, by period, no unit counting for more than a large one does.

    What the peers do is not what the largest unit does: one that holds half of all comments would set the share that
    all others are held against, and they would seem to rise whenever it fell.

    Parameters
    ----------
    counts, totals : (U, T) arrays

    Returns
    -------
    (T,) array
    """
    weight = _weight(totals.sum(axis=1))
    return weight @ counts / np.maximum(weight @ totals, 1e-12)


def _weight(size: Array) -> Array:
    """What a unit of this size counts for: 1, less beyond the largest tenth, so that none decides by itself."""
    present = size[size > 0]
    large = float(np.quantile(present, LARGE, method="lower")) if len(present) else 0.0
    return np.minimum(1.0, large / np.maximum(size, 1e-12))


def _corrected(size: Array, null: Array, said: Array) -> Array:
    """P-values of log tails (U, T) by those of panels without a rise (panels, U, T), among units that said as much."""
    p_value = np.ones_like(size)
    strata: list[list[tuple[int, Array]]] = [[] for _ in range(STRATA)]
    for t in range(FIRST, size.shape[1]):
        judged = np.flatnonzero(said[:, t] >= 0)
        by_size = np.array_split(judged[np.argsort(said[judged, t], kind="stable")], STRATA)
        for stratum, units in zip(strata, by_size, strict=True):
            if len(units):
                stratum.append((t, units))
    for stratum in (each for each in strata if each):
        bars = [float(np.quantile(null[:, units, t], TAIL)) for t, units in stratum]
        beyond = [np.maximum(bar - null[:, units, t].ravel(), 0) for bar, (t, units) in zip(bars, stratum, strict=True)]
        rarer = _growing_rare(np.concatenate(beyond))
        for bar, (t, units) in zip(bars, stratum, strict=True):
            over = size[units, t] - bar
            log_p = np.log(TAIL) + np.where(over < 0, rarer * over, over)
            p_value[units, t] = np.exp(np.minimum(np.maximum(log_p, size[units, t]), 0))
    return p_value


def _growing_rare(beyond: Array) -> float:
    """Power at which tails beyond a bar grow rare: 1 if as fast as the tails themselves, less where they are heavy."""
    farther = beyond[beyond > 0]
    return min(len(farther) / float(farther.sum()), 1.0) if len(farther) else 1.0


def _smallest(counts: Array, totals: Array, windows: tuple[int, ...], fewest: int) -> tuple[Array, Array, Array]:
    """Smallest tail over the windows that end in each period, the window, and what was expected of it."""
    units, periods = counts.shape
    share = peers_share(counts, totals)
    zero = np.zeros((units, 1))
    seen = np.hstack([zero, np.cumsum(counts, axis=1)])
    due = np.hstack([zero, np.cumsum(totals * share, axis=1)])
    held = np.hstack([zero, np.cumsum(totals, axis=1)])
    smallest, usual = np.ones((units, periods)), np.zeros((units, periods))
    window = np.full((units, periods), -1)
    for t in range(FIRST, periods):
        for length in windows:
            start = t + 1 - length
            if start < FIRST:
                break
            past, past_due = seen[:, start], due[:, start]
            recent, recent_due = seen[:, t + 1] - past, due[:, t + 1] - past_due
            judged = held[:, t + 1] - held[:, start] >= fewest
            window[judged, t] = np.maximum(window[judged, t], 0)
            shape = 1.0 / _spread(past, past_due) + past
            rate = shape - past + past_due
            tail = np.where(judged & (recent > 0), nbinom.sf(recent - 1, shape, rate / (rate + recent_due)), 1.0)
            better = tail < smallest[:, t]
            smallest[better, t], window[better, t] = tail[better], length
            usual[better, t] = (shape / rate * recent_due)[better]
    return smallest, window, usual


def _spread(counts: Array, due: Array) -> float:
    """Variance of the units' factors, by moments; a unit weighs by the square of its count, up to a large one's."""
    weight = _weight(due) ** 2
    squares = float(weight @ due**2)
    return max(float(weight @ ((counts - due) ** 2 - counts)) / squares, 0.01) if squares > 0 else 0.01


def _null_model(counts: Array, totals: Array) -> tuple[Array, float, float]:
    """Peers' share by period, variance of the units' factors, and of what befalls a unit in one period."""
    share = peers_share(counts, totals)
    due = totals * share
    factor = _spread(counts.sum(axis=1), due.sum(axis=1))
    own = (1 / factor + counts.sum(axis=1)) / (1 / factor + due.sum(axis=1))
    mean = own[:, None] * due
    weight = _weight(due.sum(axis=1)) ** 2
    periods = max(counts.shape[1], 2)  # one of which the unit's own factor takes up
    away = float((weight @ (counts - mean) ** 2).sum()) * periods / (periods - 1)
    chance = mean * (1 - mean / np.maximum(totals, 1))  # binomial
    squares = float((weight @ (mean**2 - mean**2 / np.maximum(totals, 1))).sum())
    burst = (away - float((weight @ chance).sum())) / squares if squares > 0 else 0.0
    return share, factor, max(burst, 0.0)


def _null_panel(rng: np.random.Generator, totals: Array, share: Array, factor: float, burst: float) -> Array:
    """Counts of a panel in which nothing rises at a single unit."""
    own = rng.gamma(1 / factor, factor, (len(totals), 1))
    spell = rng.gamma(1 / burst, burst, totals.shape) if burst > 1e-6 else 1.0
    return rng.binomial(totals.astype(int), np.minimum(share * own * spell, 0.95)).astype(float)


def find_fall(value: Array, variance: Array, *, windows: tuple[int, ...] = WINDOWS) -> Array:
    """Look for a fall of each unit's level over its latest periods, against its own past and its peers.

    Parameters
    ----------
    value : (U, T) array
        Working values, what the periods share taken out; NaN where nothing was observed.
    variance : (U, T) array
        Of each value, passing shocks included.
    windows : tuple of int

    Returns
    -------
    (U, T) array
        One-sided p-values, each window counted as one of so many tries.
    """
    there = np.isfinite(value) & np.isfinite(variance)
    weight = np.where(there, 1.0 / np.where(there, variance, 1.0), 0.0)
    zero = np.zeros((len(value), 1))
    mass = np.hstack([zero, np.cumsum(weight, axis=1)])
    sums = np.hstack([zero, np.cumsum(weight * np.where(there, value, 0.0), axis=1)])
    p_value = np.ones(value.shape)
    for t in range(FIRST, value.shape[1]):
        tried = [length for length in windows if t + 1 - length >= FIRST]
        for length in tried:
            start = t + 1 - length
            recent = mass[:, t + 1] - mass[:, start]
            both = (mass[:, start] > 0) & (recent > 0)
            with np.errstate(divide="ignore", invalid="ignore"):
                drop = (sums[:, t + 1] - sums[:, start]) / recent - sums[:, start] / mass[:, start]
                z = drop / np.sqrt(1 / recent + 1 / mass[:, start])
            p_value[both, t] = np.minimum(p_value[both, t], ndtr(z[both]) * len(tried))
    return np.minimum(p_value, 1.0)
