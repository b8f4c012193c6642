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
    both = np.column_stack([features, y])
    if (unit[1:] < unit[:-1]).any():
        order = np.argsort(unit, kind="stable")
        unit, both = unit[order], both[order]
    first = np.append(0, 1 + np.flatnonzero(unit[1:] != unit[:-1]))
    n = np.diff(np.append(first, len(unit))).astype(float)
    sums = np.add.reduceat(both, first)
    whole, spare, last = both.T @ both, len(y) - features.shape[1], features.shape[1]

    def factor(ratio: float) -> tuple[Array, float]:
        """Cholesky factor of the cross-products of features and y, unit effects taken out; and the criterion."""
        lower = np.linalg.cholesky(whole - (sums * (ratio / (1.0 + ratio * n))[:, None]).T @ sums)
        size = np.log(lower.diagonal())
        left = 2 * float(size[last]) - np.log(spare)  # log of the variance within units
        known = float(np.log1p(ratio * n).sum() + 2 * size[:last].sum())
        return lower, known + spare * (1 + np.log(2 * np.pi) + left)

    best = minimize_scalar(
        lambda t: factor(np.exp(t))[1], bounds=(-16.0, 12.0), method="bounded", options={"xatol": 1e-9}
    )
    ratio = 0.0 if factor(0.0)[1] <= best.fun else float(np.exp(best.x))
    lower, criterion = factor(ratio)
    sigma2 = float(lower[last, last]) ** 2 / spare
    beta = np.linalg.solve(lower[:last, :last].T, lower[last, :last])
    inverse = np.linalg.inv(lower[:last, :last])
    pull = ratio / (1.0 + ratio * n)
    effect = pull * (sums[:, last] - sums[:, :last] @ beta)
    return RandomIntercept(
        beta,
        np.sqrt(sigma2 * (inverse**2).sum(axis=0)),
        ratio * sigma2,
        sigma2,
        effect,
        np.sqrt(sigma2 * pull),
        criterion,
    )
