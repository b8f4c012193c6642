"""From noisy excess to honest claims: shrinkage, the chance of truly being at the top, lists, ranks."""

from __future__ import annotations

import numpy as np
from scipy.optimize import brentq
from scipy.special import ndtr, ndtri

Array = np.ndarray


def shrink(residual: Array, noise: Array, tau2: float) -> tuple[Array, Array]:
    """Posterior mean and SD of normal effects with variance tau² seen through known noise.

    B = τ²/(τ² + c²), m = B r, sd² = τ²(1 − B).

    Parameters
    ----------
    residual, noise : (N,) arrays
        Excess and its noise variance c².
    tau2 : float

    Returns
    -------
    mean, sd : (N,) arrays

    References
    ----------
    Efron & Morris (1975), doi:10.1080/01621459.1975.10479864.
    """
    share = tau2 / (tau2 + noise)
    return share * residual, np.sqrt(tau2 * (1.0 - share))


def top_probability(mean: Array, sd: Array, top: float = 0.10) -> tuple[Array, float]:
    """Probability of each unit to be truly in the top share.

    q solves mean_i Φ((m_i − q)/sd_i) = top; p_i = Φ((m_i − q)/sd_i). So the probabilities add up to the size of the
    top share. With no spread at all every unit has the same chance.

    Parameters
    ----------
    mean, sd : (N,) arrays
        Posterior mean and SD.
    top : float
        Share of units that is called the top.

    Returns
    -------
    p : (N,) array
    q : float
        The effect above which a unit is in the top share.

    References
    ----------
    Lin, Louis, Paddock & Ridgeway (2006), doi:10.1214/06-BA130.
    """
    spread = np.maximum(sd, 1e-12 * max(1.0, float(np.abs(mean).max(initial=0.0))))
    if not len(mean) or float(np.ptp(mean)) + float(sd.max()) < 1e-12:
        return np.full(len(mean), top), 0.0
    low, high = float((mean - 9 * spread).min()), float((mean + 9 * spread).max())
    q = float(brentq(lambda t: float(ndtr((mean - t) / spread).mean()) - top, low, high, xtol=1e-13 * (high - low)))
    return ndtr((mean - q) / spread), q


def confident_list(p: Array, *, top: float = 0.10, false_share: float = 0.20, least: float = 0.5) -> Array:
    """Which units may be named: the longest list whose expected share of false names stays small.

    Parameters
    ----------
    p : (N,) array
        Probability of each unit.
    top : float
        At most this share of the units.
    false_share : float
        Largest expected share of false names.
    least : float
        Every unit must reach this probability.

    Returns
    -------
    (N,) bool array

    References
    ----------
    Gu & Koenker (2023), doi:10.3982/ECTA19304: tail probabilities with a capacity and a false-discovery constraint.
    """
    order = np.argsort(-p, kind="stable")
    running = np.cumsum(1.0 - p[order]) / np.arange(1, len(p) + 1)
    fits = (running <= false_share) & (p[order] >= least)
    length = int(np.flatnonzero(fits)[-1]) + 1 if fits.any() else 0
    named = np.zeros(len(p), dtype=bool)
    named[order[: min(length, int(top * len(p) + 1e-9))]] = True
    return named


def rank_range(mean: Array, sd: Array, level: float = 0.90, grid: int = 400) -> tuple[Array, Array, Array]:
    """Expected rank of each unit (1 = best) and a range for it.

    Ranks are read off the ensemble distribution Ḡ(t) = mean_k Φ((t − m_k)/sd_k), the unit's own part taken out: the
    expected rank averages it over the unit's own posterior, the bounds stand at its posterior quantiles.

    Parameters
    ----------
    mean, sd : (N,) arrays
    level : float
        Coverage of the range.
    grid : int
        Points at which Ḡ is tabulated.

    Returns
    -------
    rank, lower, upper : (N,) arrays

    References
    ----------
    Laird & Louis (1989), doi:10.3102/10769986014001029; Lin et al. (2006), doi:10.1214/06-BA130.
    """
    count = len(mean)
    spread = np.maximum(sd, 1e-12)
    points = np.linspace(float((mean - 4 * spread).min()), float((mean + 4 * spread).max()), grid)
    sample = slice(None, None, max(1, count // 5000))
    above = np.array([ndtr((mean[sample] - t) / spread[sample]).mean() for t in points])
    step = float(ndtri(0.5 + level / 2))

    def rank(reach: float) -> Array:
        own = np.where(sd > 1e-12, ndtr(-reach), 0.5)
        return np.clip(1 + count * np.interp(mean + reach * sd, points, above) - own, 1, count)

    nodes, weights = np.polynomial.hermite_e.hermegauss(9)
    expected = sum(weight * rank(node) for node, weight in zip(nodes, weights / weights.sum(), strict=True))
    return np.asarray(expected), rank(step), rank(-step)
