"""Estimates of the same thing in several places: how far they differ, and what each borrows from the others."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.optimize import brentq
from scipy.stats import chi2

Array = np.ndarray


@dataclass(frozen=True, eq=False)
class Pooled:
    """Estimates that lean on each other.

    Attributes
    ----------
    estimate, se : (S,) arrays
        Pulled to their mean as far as their own noise asks for; the uncertainty of the mean is included.
    mean, mean_se : float
    between : float
        Variance of the true values (tau squared).
    p_value : float
        Of no difference between places (Cochran's Q).
    inconsistency : float
        Share of the differences that is not noise (I²).
    """

    estimate: Array
    se: Array
    mean: float
    mean_se: float
    between: float
    p_value: float
    inconsistency: float


def pool(estimate: Array, se: Array) -> Pooled:
    """Pool independent estimates partially.

    The variance between places solves Σ (x − mean)² / (se² + tau²) = S − 1, at least zero.

    Parameters
    ----------
    estimate, se : (S,) arrays
        Finite, S at least 2.

    Returns
    -------
    Pooled

    References
    ----------
    Paule & Mandel (1982), doi:10.6028/jres.087.022; Higgins & Thompson (2002), doi:10.1002/sim.1186, for I².
    """
    variance = se**2

    def spread(between: float) -> float:
        w = 1 / (variance + between)
        return float((w * (estimate - np.average(estimate, weights=w)) ** 2).sum())

    free = len(estimate) - 1
    q, between = spread(0.0), 0.0
    if q > free:
        upper = float(np.ptp(estimate)) ** 2
        while spread(upper) > free:
            upper *= 2
        between = float(brentq(lambda value: spread(value) - free, 0.0, upper))
    w = 1 / (variance + between)
    mean, mean_variance = float(np.average(estimate, weights=w)), 1 / float(w.sum())
    own = between / (between + variance)
    posterior = own * variance + (1 - own) ** 2 * mean_variance
    return Pooled(
        mean + own * (estimate - mean), np.sqrt(posterior), mean, float(np.sqrt(mean_variance)), between,
        float(chi2.sf(q, free)), max(0.0, 1 - free / q) if q > 0 else 0.0,
    )  # fmt: skip
