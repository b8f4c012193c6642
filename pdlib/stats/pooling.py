"""Estimates of the same thing in several places: how far they differ, and what each borrows from the others."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.stats import chi2

Array = np.ndarray
STEPS, FAR = 80, 3.0


@dataclass(frozen=True, eq=False)
class Pooled:
    """Estimates that lean on each other.

    Attributes
    ----------
    estimate, se : (S,) arrays
        Pulled to their mean as far as their own noise asks for; what is not known of mean and spread is included.
    mean, mean_se : float
    p_value : float
        Of no difference between places (Cochran's Q).
    inconsistency : float
        Share of the differences that is not noise (I²).
    """

    estimate: Array
    se: Array
    mean: float
    mean_se: float
    p_value: float
    inconsistency: float


def pool(estimate: Array, se: Array) -> Pooled:
    """Pool independent estimates partially.

    True values are normal about a common mean; mean and spread have flat priors, the spread up to three times the
    largest distance. With spread tau, w = 1/(se² + tau²) and m = Σ w x / Σ w, an estimate becomes m + B (x − m),
    B = tau²/(se² + tau²); results are averaged over the posterior of tau.

    Parameters
    ----------
    estimate, se : (S,) arrays
        Finite, S at least 2.

    Returns
    -------
    Pooled

    References
    ----------
    Gelman (2006), doi:10.1214/06-BA117A, for flat priors on the spread; Higgins & Thompson (2002),
    doi:10.1002/sim.1186, for Q and I².
    """
    tau = np.linspace(0.0, FAR * max(float(np.ptp(estimate)), float(np.median(se))), STEPS)[:, None]
    total = se**2 + tau**2
    w = 1 / total
    precision = w.sum(axis=1)
    mean = (w * estimate).sum(axis=1) / precision
    fit = -0.5 * (np.log(total).sum(axis=1) + np.log(precision) + (w * (estimate - mean[:, None]) ** 2).sum(axis=1))
    chance = np.exp(fit - fit.max())
    chance /= chance.sum()
    own = tau**2 / total
    middle = mean[:, None] + own * (estimate - mean[:, None])
    spread = own * se**2 + (1 - own) ** 2 / precision[:, None]
    pooled, overall = chance @ middle, float(chance @ mean)
    variance = chance @ (spread + (middle - pooled) ** 2)
    mean_variance = float(chance @ (1 / precision + (mean - overall) ** 2))
    q, free = float(((estimate - mean[0]) ** 2 * w[0]).sum()), len(estimate) - 1
    return Pooled(
        pooled, np.sqrt(variance), overall, float(np.sqrt(mean_variance)), float(chi2.sf(q, free)),
        max(0.0, 1 - free / q) if q > 0 else 0.0,
    )  # fmt: skip
