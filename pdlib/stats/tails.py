"""A prior with heavier tails, as a check on the normal one; and averages over what is not known for certain."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.optimize import brentq
from scipy.special import ndtr

from pdlib.stats.posterior import shrink

Array = np.ndarray


@dataclass(frozen=True, eq=False)
class Mixture:
    """A posterior that is a mixture of normal ones.

    Attributes
    ----------
    weights, means, sds : (K, N) arrays
        Of each component: its posterior weight, mean and SD for each unit.
    """

    weights: Array
    means: Array
    sds: Array

    @property
    def mean(self) -> Array:
        """(N,) posterior mean."""
        return np.asarray((self.weights * self.means).sum(axis=0))

    @property
    def sd(self) -> Array:
        """(N,) posterior SD."""
        spread = self.sds**2 + (self.means - self.mean) ** 2
        return np.sqrt((self.weights * spread).sum(axis=0))

    def top_probability(self, top: float = 0.10) -> Array:
        """Probability of each unit to be truly in the top share, as `posterior.top_probability` has it for one normal.

        Parameters
        ----------
        top : float
            Share of units that is called the top.

        Returns
        -------
        (N,) array
        """
        spread = np.maximum(self.sds, 1e-12 * max(1.0, float(np.abs(self.means).max(initial=0.0))))
        low, high = float((self.means - 9 * spread).min()), float((self.means + 9 * spread).max())

        def above(q: float) -> Array:
            return np.asarray((self.weights * ndtr((self.means - q) / spread)).sum(axis=0))

        if high - low < 1e-11:
            return np.full(self.means.shape[1], top)
        return above(float(brentq(lambda q: float(above(q).mean()) - top, low, high, xtol=1e-12 * (high - low))))


def heavy_tails(residual: Array, noise: Array, tau2: float, *, rounds: int = 500) -> tuple[Mixture, float]:
    """Posterior of effects under a prior of two normals, many near zero and a few far out, both fitted by EM.

    r_i ~ Σ_k π_k N(0, τ_k² + c_i²); started from π = (.85, .15), τ² times (.6, 3.3), which keeps the variance.

    Parameters
    ----------
    residual, noise : (N,) arrays
        Excess and its noise variance c².
    tau2 : float
        Variance of the normal prior, to start from (> 0).
    rounds : int
        At most so many EM rounds; it ends earlier once the likelihood stands still.

    Returns
    -------
    posterior : Mixture
    gain : float
        By how much twice the log-likelihood exceeds that of the normal prior at ``tau2``.

    References
    ----------
    Dempster, Laird & Rubin (1977), doi:10.1111/j.2517-6161.1977.tb01600.x; Stephens (2017),
    doi:10.1093/biostatistics/kxw041, for scale mixtures of normals as priors of many effects.
    """
    share, scale = np.array([0.85, 0.15]), tau2 * np.array([0.6, 3.3])
    floor, before = 1e-8 * tau2, -np.inf
    for _ in range(rounds):
        own, level = _responsibility(residual, noise, share, scale)
        if level - before < 1e-7 * len(residual):
            break
        before = level
        pull = scale[:, None] / (scale[:, None] + noise)
        squared = (pull * residual) ** 2 + scale[:, None] * (1 - pull)
        share = own.mean(axis=1)
        scale = np.maximum((own * squared).sum(axis=1) / np.maximum(own.sum(axis=1), 1e-300), floor)
    own, level = _responsibility(residual, noise, share, scale)
    parts = [shrink(residual, noise, float(each)) for each in scale]
    plain = _responsibility(residual, noise, np.ones(1), np.array([tau2]))[1]
    posterior = Mixture(own, np.stack([mean for mean, _ in parts]), np.stack([sd for _, sd in parts]))
    return posterior, 2 * (level - plain)


def _responsibility(residual: Array, noise: Array, share: Array, scale: Array) -> tuple[Array, float]:
    """Weight of each component for each unit, and the log-likelihood (up to a constant)."""
    total = scale[:, None] + noise
    logs = np.log(np.maximum(share, 1e-300))[:, None] - 0.5 * (np.log(total) + residual**2 / total)
    highest = logs.max(axis=0)
    sums = np.exp(logs - highest).sum(axis=0)
    return np.exp(logs - highest) / sums, float((highest + np.log(sums)).sum())
