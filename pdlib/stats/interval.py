"""Counts that are known only to lie between two bounds, as where small ones are hidden."""

from __future__ import annotations

import numpy as np
from scipy.special import gammaln, logit

from pdlib.stats.blocks import row_blocks

Array = np.ndarray
LEAST_KNOWN = 1e-8  # share of a count's information below which rounding would speak, not the bounds
MOST_SHARED = 0.5  # correlation of items within a cell beyond which shocks on the logit mean nothing
NO_SHOCKS = 1e-9  # variance of shocks below which there are none


def within(kind: str, bounds: Array, n: Array, mu: Array, shocks: float = 0.0) -> tuple[Array, Array]:
    """Mean and variance of counts that lie between their bounds.

    Sums over the whole numbers from the lower to the upper bound: of the binomial for a proportion and of the Poisson
    for a rate, where shocks pass over the cells of the beta-binomial and of the negative binomial.

    Parameters
    ----------
    kind : {"proportion", "rate"}
    bounds : (2, K) array
        Lowest and highest count; for a proportion no more than n.
    n, mu : (K,) arrays
        Answers or exposure, and the share or rate that the model expects.
    shocks : float
        Variance of shocks of the cells, on the logit or log scale.

    Returns
    -------
    mean, variance : (K,) arrays
        Counts.
    """
    mean, variance = np.empty(n.shape), np.empty(n.shape)
    for rows in row_blocks(len(n)):
        lower, upper = bounds[0, rows, None], bounds[1, rows, None]
        count = lower + np.arange((upper - lower).max(initial=0.0) + 1)
        log_chance = _log_chance(kind, np.minimum(count, upper), n[rows, None], mu[rows, None], shocks)
        log_chance[count > upper] = -np.inf
        chance = np.exp(log_chance - log_chance.max(axis=1, keepdims=True))
        chance /= chance.sum(axis=1, keepdims=True)
        mean[rows] = (chance * count).sum(axis=1)
        variance[rows] = (chance * (count - mean[rows, None]) ** 2).sum(axis=1)
    return mean, variance


def _log_chance(kind: str, count: Array, n: Array, mu: Array, shocks: float) -> Array:
    """Log probability of each count, up to what does not depend on it."""
    if kind == "proportion":
        ways = -gammaln(count + 1) - gammaln(n - count + 1)
        if shocks < NO_SHOCKS:
            return np.asarray(ways + count * logit(mu))
        size = 1 / _shared(mu, shocks) - 1
        return np.asarray(ways + gammaln(count + mu * size) + gammaln(n - count + (1 - mu) * size))
    if shocks < NO_SHOCKS:
        return np.asarray(count * np.log(n * mu) - gammaln(count + 1))
    part = n * mu * shocks
    return np.asarray(gammaln(count + 1 / shocks) - gammaln(count + 1) + count * np.log(part / (1 + part)))


def _shared(mu: Array, shocks: float) -> Array:
    """Correlation of the items of a cell that shocks on the logit make."""
    return np.minimum(mu * (1 - mu) * shocks, MOST_SHARED)


def interval_values(kind: str, bounds: Array, n: Array, mu: Array, shocks: float = 0.0) -> tuple[Array, Array]:
    """How far working values of counts known by their bounds lie from the model's, and their sampling variances.

    With s² the sampling variance of a known count, ω² that of shocks, and g = 1 − V_b / V from the variance V of the
    count and V_b within its bounds: the distance is s² (E[count within the bounds] − expected count) / g, and the
    sampling variance is what makes the weight g / (s² + ω²). Score and weight are then those of the bounds' own
    likelihood; at full weight such a count would agree with the model's own guess.

    Parameters
    ----------
    kind, bounds, n, mu, shocks
        As for `within`.

    Returns
    -------
    away, s2 : (K,) arrays
        On the working scale.

    References
    ----------
    Louis (1982), doi:10.1111/j.2517-6161.1982.tb01203.x, for the information that is left.
    """
    mean, variance = within(kind, bounds, n, mu, shocks)
    binomial = kind == "proportion"
    sampling = n * mu * (1 - mu) if binomial else n * mu
    spread = 1 + (n - 1) * _shared(mu, shocks) if binomial else 1 + n * mu * shocks
    known = np.clip(1 - variance / (sampling * spread), LEAST_KNOWN, 1.0)
    return (mean - n * mu) / (sampling * known), (1 / sampling + shocks) / known - shocks
