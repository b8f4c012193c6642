"""Working values: any kind of outcome on one scale, where its noise is known.

A mean stays as it is; a proportion goes to the logit, a rate to the log, linearised around what the model
currently expects, never around the unit's own observed value: that would break at zero counts and make the noise
depend on luck.
"""

from __future__ import annotations

from typing import Literal

import numpy as np
from scipy.special import expit, logit

from pdlib.stats.interval import interval_values

Kind = Literal["mean", "proportion", "rate"]
Array = np.ndarray


def link(kind: Kind, mu: Array) -> Array:
    """From the outcome's scale to the working scale (identity, logit or log)."""
    if kind == "mean":
        return mu
    return logit(mu) if kind == "proportion" else np.log(mu)


def inverse_link(kind: Kind, eta: Array) -> Array:
    """From the working scale back to the outcome's scale."""
    if kind == "mean":
        return eta
    return expit(eta) if kind == "proportion" else np.exp(np.minimum(eta, 50.0))


def slope(kind: Kind, mu: Array) -> Array:
    """Change of the outcome for one unit of the working scale at the expected value ``mu``."""
    if kind == "mean":
        return np.ones_like(mu)
    return mu * (1 - mu) if kind == "proportion" else mu


def mean_slope(kind: Kind, observed: Array, n: Array) -> float:
    """Change of the outcome for one unit of the working scale, averaged over units at the levels that they show.

    What is expected of units lies below the mean of what they show where the scale bends, for it leaves out how units
    differ: a contrast read off there is too small for low shares and rates.

    Parameters
    ----------
    kind : {"mean", "proportion", "rate"}
    observed : (N,) array
        Mean, share or rate of each unit.
    n : (N,) array
        Answers behind each; a share of few answers is more even than its unit, which is allowed for.

    Returns
    -------
    float
        1 for a mean.
    """
    several = n > 1
    if kind != "proportion" or not several.any():
        return float(slope(kind, observed.mean()))
    shown = slope(kind, observed[several]) * n[several] / (n[several] - 1)
    return float(shown.mean()) or float(slope(kind, np.average(observed, weights=n)))


def working_values(
    kind: Kind,
    y: Array,
    n: Array,
    mu: Array,
    item_variance: float | Array = 0.0,
    bounds: Array | None = None,
    shocks: float = 0.0,
) -> tuple[Array, Array]:
    """Working values and their sampling variances.

    Parameters
    ----------
    kind : {"mean", "proportion", "rate"}
    y : array
        Observed mean, share or rate (events per exposure); NaN where nothing was observed.
    n : array
        Answers or exposure behind each value.
    mu : array
        What the model currently expects there, on the outcome's scale; ignored for a mean.
    item_variance : float or array
        Variance of one item, for a mean.
    bounds : (2, ...) array, optional
        Lowest and highest count of cells whose count was hidden, NaN for all others.
    shocks : float
        Variance of the shocks that pass over cells, on which the chances of a hidden count depend.

    Returns
    -------
    z, s2 : arrays
        Working value and sampling variance, on the working scale.

    References
    ----------
    McCullagh & Nelder (1989), Generalized Linear Models, section 2.5, doi:10.1007/978-1-4899-3242-6.
    """
    if kind == "mean":
        return y, item_variance / n
    steepness = slope(kind, mu)
    z, s2 = link(kind, mu) + (y - mu) / steepness, 1.0 / (n * steepness)
    if bounds is not None:
        hidden = np.isfinite(bounds[0])
        away, s2[hidden] = interval_values(kind, bounds[:, hidden], n[hidden], mu[hidden], shocks)
        z[hidden] = link(kind, mu[hidden]) + away
    return z, s2


def known_share(kind: Kind, n: Array, mu: Array, s2: Array, shocks: float) -> Array:
    """Share of what a count says that is known of each cell: 1 but where it was hidden.

    Parameters
    ----------
    kind : {"proportion", "rate"}
    n, mu, s2 : arrays
        As given to `working_values`, and the sampling variance that it gave.
    shocks : float

    Returns
    -------
    array
        1 too where nothing was observed.
    """
    with np.errstate(divide="ignore", invalid="ignore"):
        share = (1.0 / (n * slope(kind, mu)) + shocks) / (s2 + shocks)
    return np.where(np.isfinite(share), share, 1.0)
