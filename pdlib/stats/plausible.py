"""Data that look too good to be true: too steady, too round, repeated, or tied to how many answered."""

from __future__ import annotations

import numpy as np
from scipy.special import i0e
from scipy.stats import binom, chi2
from scipy.stats import t as student

from pdlib.stats.panel import two_way_residuals

Array = np.ndarray


def too_steady(z: Array, s2: Array, *, least: int = 4) -> Array:
    """Chance that sampling alone leaves a unit as steady as it is, or steadier.

    Σ w (z − unit − period)² with w = 1/s² against the lower tail of χ² with one degree less than the unit has periods.

    Parameters
    ----------
    z, s2 : (N, P) arrays
        Values and sampling variances; NaN where a cell says too little to count.
    least : int
        Units with fewer periods are not judged.

    Returns
    -------
    (N,) array
        P-values; NaN where not judged.

    References
    ----------
    Cochran (1954), doi:10.2307/3001616, for the statistic; its lower tail is what is judged here.
    """
    seen = np.isfinite(z) & np.isfinite(s2) & (s2 > 0)
    weights = np.where(seen, 1.0 / np.where(seen, s2, 1.0), 0.0)
    rest = two_way_rest(np.where(seen, z, np.nan), weights)
    periods = seen.sum(axis=1)
    left = (weights * np.nan_to_num(rest) ** 2).sum(axis=1)
    return np.where(periods >= least, chi2.cdf(left, np.maximum(periods - 1, 1)), np.nan)


def too_often(hits: Array, chance: Array, *, least: int = 6) -> Array:
    """Chance of so many hits or more where each cell hits with a small chance of its own.

    A binomial with the mean chance stands in for the sum of unequal trials; in the upper tail it is never too bold.

    Parameters
    ----------
    hits : (N, P) bool array
    chance : (N, P) array
        Chance of a hit in each cell; NaN where a cell does not count.
    least : int
        Units with fewer cells are not judged.

    Returns
    -------
    (N,) array
        P-values; NaN where not judged.

    References
    ----------
    Hoeffding (1956), doi:10.1214/aoms/1177728178.
    """
    counts = np.isfinite(chance)
    trials = counts.sum(axis=1)
    mean = np.where(counts, chance, 0.0).sum(axis=1) / np.maximum(trials, 1)
    return np.where(trials >= least, binom.sf((hits & counts).sum(axis=1) - 1, trials, np.minimum(mean, 1.0)), np.nan)


def chance_of_repeat(variance: Array, step: Array) -> Array:
    """Chance that two independent values on a lattice are equal: e^(−2v) I₀(2v), v being their variance in steps².

    Exact for two Poisson counts; close for any other lattice, and 1 where nothing varies.

    Parameters
    ----------
    variance, step : arrays
        Variance of a value and the distance between neighbouring possible values.

    Returns
    -------
    array

    References
    ----------
    Skellam (1946), doi:10.2307/2981372.
    """
    return np.asarray(i0e(2 * variance / step**2))


def tied_to_size(rest: Array, size: Array, *, least: int = 8) -> tuple[Array, Array, float, float]:
    """Whether a unit's better periods are those with more, or fewer, answers than usual.

    Both are freed of what the unit and the period usually show; correlated within each unit and over all of them.

    Parameters
    ----------
    rest : (N, P) array
        Standardised values; NaN where nothing was observed.
    size : (N, P) array
        Logarithm of exposure.
    least : int
        Units with fewer periods are not judged alone.

    Returns
    -------
    correlation, p_value : (N,) arrays
        Of each unit, two-sided; NaN where not judged.
    overall : float
        Correlation over all units and periods.
    strength : float
        Sum of the units' cross-products over its root sum of squares: about standard normal where nothing is tied.
    """
    seen = np.isfinite(rest) & np.isfinite(size)
    weights = seen.astype(float)
    a, b = (np.nan_to_num(two_way_rest(np.where(seen, each, np.nan), weights)) for each in (rest, size))
    cross, across, along = (a * b).sum(axis=1), (a * a).sum(axis=1), (b * b).sum(axis=1)
    periods = seen.sum(axis=1)
    with np.errstate(divide="ignore", invalid="ignore"):
        r = np.clip(cross / np.sqrt(across * along), -0.999999, 0.999999)
    judged = (periods >= least) & np.isfinite(r) & (along > 1e-9 * periods)
    spare = np.maximum(periods - 2, 1)
    p = 2 * student.sf(np.abs(r) * np.sqrt(spare / (1 - r**2)), spare)
    total, root = float(across.sum() * along.sum()), float(np.sqrt((cross**2).sum()))
    overall = float(cross.sum() / np.sqrt(total)) if total > 0 else 0.0
    nan = np.full(len(r), np.nan)
    return np.where(judged, r, nan), np.where(judged, p, nan), overall, float(cross.sum() / root) if root > 0 else 0.0


def two_way_rest(values: Array, weights: Array) -> Array:
    """What is left of each cell without the weighted effects of its unit and its period.

    Parameters
    ----------
    values, weights : (N, P) arrays
        NaN in ``values`` and 0 in ``weights`` where nothing was observed.

    Returns
    -------
    (N, P) array
        NaN where nothing was observed.
    """
    seen = np.isfinite(values)
    some = seen.any(axis=1)
    rest = np.full(values.shape, np.nan)
    if some.any():
        rest[some] = two_way_residuals(np.where(seen, values, 0.0)[some], weights[some])
    return np.where(seen, rest, np.nan)
