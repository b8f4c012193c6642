"""Items within units: the classical random-intercept model in closed form."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.optimize import minimize_scalar

Array = np.ndarray


@dataclass(frozen=True, eq=False)
class RandomIntercept:
    """Fit of y = X beta + unit + item noise.

    Attributes
    ----------
    beta, beta_se : (Q,) arrays
    tau2, sigma2 : float
        Variance of units and of items.
    effect, effect_sd : (J,) arrays
        Best linear unbiased prediction of each unit and its conditional SD given beta, in the order of `numpy.unique`.
    criterion : float
        REML criterion, −2 × restricted log-likelihood.
    """

    beta: Array
    beta_se: Array
    tau2: float
    sigma2: float
    effect: Array
    effect_sd: Array
    criterion: float


def random_intercept_reml(y: Array, features: Array, unit: Array) -> RandomIntercept:
    """Fit a random intercept per unit by REML from sufficient statistics.

    Everything the likelihood needs are cross-products within units and unit sums, gathered once; what remains is a
    search over one number, the variance ratio.

    Parameters
    ----------
    y : (M,) array
        One value per item.
    features : (M, Q) array
        Fixed effects, the constant included.
    unit : (M,) array
        Unit of each item.

    Returns
    -------
    RandomIntercept

    References
    ----------
    Bates, Mächler, Bolker & Walker (2015), doi:10.18637/jss.v067.i01, for the profiled criterion.
    """
    labels, code = np.unique(unit, return_inverse=True)
    n = np.bincount(code).astype(float)
    sums = np.stack([np.bincount(code, column, len(labels)) for column in features.T], axis=1)
    total = np.bincount(code, y, len(labels))
    xx, xy, yy = features.T @ features, features.T @ y, float(y @ y)
    spare = len(y) - features.shape[1]

    def solve(ratio: float) -> tuple[Array, Array, float, float]:
        pull = ratio / (1.0 + ratio * n)
        normal = xx - (sums * pull[:, None]).T @ sums
        beta = np.linalg.solve(normal, xy - (sums * pull[:, None]).T @ total)
        left = yy - pull @ total**2 - beta @ (xy - (sums * pull[:, None]).T @ total)
        criterion = (
            np.log1p(ratio * n).sum() + np.linalg.slogdet(normal)[1] + spare * (1 + np.log(2 * np.pi * left / spare))
        )
        return beta, normal, float(left) / spare, float(criterion)

    best = minimize_scalar(
        lambda t: solve(np.exp(t))[3], bounds=(-16.0, 12.0), method="bounded", options={"xatol": 1e-10}
    )
    ratio = float(np.exp(best.x))
    if solve(0.0)[3] <= best.fun:
        ratio = 0.0
    beta, normal, sigma2, criterion = solve(ratio)
    pull = ratio / (1.0 + ratio * n)
    effect = pull * (total - sums @ beta)
    return RandomIntercept(
        beta,
        np.sqrt(sigma2 * np.diag(np.linalg.inv(normal))),
        ratio * sigma2,
        sigma2,
        effect,
        np.sqrt(sigma2 * pull),
        criterion,
    )
