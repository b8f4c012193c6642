"""Spells: how long what befalls a unit lasts, and how many independent periods are left."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from scipy.optimize import brentq

from pdlib.stats.panel import Collapsed, collapse

Array = np.ndarray
CREDIBLE = 2.0
FEWEST_PAIRS = 30
FEWEST_SEEN = 3  # of two periods a unit's mean leaves one number, which cannot tell a shock's size and its memory apart
ENOUGH_UNITS = 20_000
LOW, HIGH = -0.9, 0.9  # a spell that lasts longer cannot be told from lasting merit


@dataclass(frozen=True)
class Spells:
    """Serial correlation of the shocks that befall a unit in a period.

    Attributes
    ----------
    correlation : float
        Of a unit's shocks in neighbouring periods (first-order autoregression); NaN if it cannot be estimated.
    standard_error : float
    variance : float
        Variance of a shock, allowing for the correlation.
    z : float
        How many standard errors neighbouring periods are from independent, judged as if they were.
    pairs : int
        Neighbouring periods in which the same unit was observed.
    """

    correlation: float
    standard_error: float
    variance: float
    z: float
    pairs: int

    @property
    def credible(self) -> bool:
        """Whether good and bad spells surely last: more than two standard errors from independence (a convention)."""
        return self.z > CREDIBLE


NO_SPELLS = Spells(float("nan"), float("nan"), 0.0, 0.0, 0)


def find_spells(z: Array, s2: Array, collapsed: Collapsed, known: Array | None = None) -> Spells:
    """Estimate the serial correlation of unit-period shocks from what two-way effects leave over.

    What is left after a unit's own mean is taken out correlates negatively even where shocks are independent, and
    sampling noise thins the correlation out. Both are part of the expectation held against the data: with m the
    weights of a unit's mean, A = I − 1mᵀ and R_pq = ρ^|p−q|, the sums of w r² and of w w' r r' over neighbouring
    periods have the expectations that A(ω²R + S)Aᵀ implies; the two equations are solved for ω² and ρ. Each unit's own
    pattern of periods counts; the standard error is that of independent units (a sandwich). Of more than 20,000 units
    an even sample is enough. Units seen in fewer than three periods tell nothing of it: without 30 neighbouring periods
    of others nothing is estimated.

    Parameters
    ----------
    z, s2 : (N, P) arrays
        Working values and sampling variances as given to `collapse`, periods in the order of time, evenly spaced.
    collapsed : Collapsed
        What `collapse` made of them.
    known : (N, P) array, optional
        As given to `collapse`.

    Returns
    -------
    Spells

    References
    ----------
    Solon (1984), doi:10.3386/t0032, for the bias that a mean over few periods leaves;
    Hansen (1982), doi:10.2307/1912775, for moment equations and their sandwich.
    """
    counted = collapsed.weights if known is None else collapsed.weights * known
    moments = _moments(z, s2, collapsed, counted, slice(None, None, max(1, len(z) // ENOUGH_UNITS)))
    if moments is None:
        return NO_SPELLS
    if moments.gap(HIGH) >= 0:
        rho = HIGH
    elif moments.gap(LOW) <= 0:
        rho = LOW
    else:
        rho = float(brentq(moments.gap, LOW, HIGH, xtol=1e-8))
    omega2 = moments.shock_variance(rho)
    if not omega2 > 0:
        return NO_SPELLS
    return Spells(rho, moments.standard_error(rho, omega2), omega2, moments.z(), moments.pairs)


def collapse_allowing(
    z: Array,
    s2: Array,
    spells: Spells,
    groups: Array | None = None,
    *,
    near: float | None = None,
    spent: float = 0.0,
    known: Array | None = None,
) -> Collapsed:
    """Collapse to one value per unit; where spells surely last, with the shock and noise variances that this implies.

    Parameters
    ----------
    z, s2 : (N, P) arrays
        As for `collapse`.
    spells : Spells
        Not credible: nothing changes.
    groups, near, spent, known
        As for `collapse`.

    Returns
    -------
    Collapsed
    """
    if not spells.credible:
        return collapse(z, s2, groups=groups, near=near, spent=spent, known=known)
    plain = collapse(z, s2, transient_variance=spells.variance, groups=groups)
    means = plain.weights / plain.weights.sum(axis=1, keepdims=True)
    return replace(plain, variance=covariance(spells, s2, means, means))


def covariance(spells: Spells, s2: Array, one: Array, other: Array) -> Array:
    """Noise covariance of two weighted means of the same unit's periods.

    Parameters
    ----------
    spells : Spells
    s2 : (N, P) array
        Sampling variances.
    one, other : (N, P) arrays
        Weights of the two means, zero where nothing was observed.

    Returns
    -------
    (N,) array
    """
    together = one * other
    sampling = np.where(together > 0, together * np.where(together > 0, s2, 0.0), 0.0).sum(axis=1)
    return spells.variance * ((one @ _powers(spells.correlation, s2.shape[1])) * other).sum(axis=1) + sampling


def _powers(rho: float, count: int) -> Array:
    place = np.arange(count)
    return np.asarray(rho ** np.abs(place[:, None] - place)) if rho else np.eye(count)


@dataclass(frozen=True, eq=False)
class _Moments:
    """Per unit: sums of squares and of neighbouring products, and what noise alone would add to them."""

    means: Array  # (N, P) weights of a unit's mean
    own: Array  # (N, P) weights of squares
    near: Array  # (N, P - 1) weights of products of neighbours
    squares: Array  # (N,) minus what sampling adds
    products: Array  # (N,) minus what sampling adds
    pairs: int

    def implied(self, rho: float) -> tuple[Array, Array]:
        """(N,) sums of squares and products that shocks of variance 1 add, period effects taken out."""
        powers = _powers(rho, self.means.shape[1])
        with_mean = self.means @ powers
        of_mean = (with_mean * self.means).sum(axis=1, keepdims=True)
        squares = (self.own * (1.0 - 2 * with_mean + of_mean)).sum(axis=1)
        products = (self.near * (rho - with_mean[:, 1:] - with_mean[:, :-1] + of_mean)).sum(axis=1)
        kept = 1.0 - 1.0 / len(self.means)
        return squares * kept, products * kept

    def shock_variance(self, rho: float) -> float:
        return float(self.squares.sum() / self.implied(rho)[0].sum())

    def gap(self, rho: float) -> float:
        """How far the products lie from what this correlation implies."""
        squares, products = self.implied(rho)
        return float(self.products.sum() - self.squares.sum() / squares.sum() * products.sum())

    def z(self) -> float:
        """The gap at no correlation in standard errors."""
        squares, products = self.implied(0.0)
        omega2, slope = self.shock_variance(0.0), products.sum() / squares.sum()
        own = self.products - omega2 * products - slope * (self.squares - omega2 * squares)
        size = float(np.sqrt((own**2).sum()))
        # Of two periods one leaves what the other does: the gap is then nothing but rounding.
        return float(own.sum()) / size if size > 1e-9 * float(np.abs(self.products).sum()) else 0.0

    def standard_error(self, rho: float, omega2: float) -> float:
        squares, products = self.implied(rho)
        own = np.stack([self.squares - omega2 * squares, self.products - omega2 * products])
        step = 1e-4
        up, down = self.implied(rho + step), self.implied(rho - step)
        bend = [omega2 * float((u - d).sum()) / (2 * step) for u, d in zip(up, down, strict=True)]
        slopes = np.array([[squares.sum(), bend[0]], [products.sum(), bend[1]]])
        return float(np.sqrt((np.linalg.solve(slopes, own)[1] ** 2).sum()))


def _moments(z: Array, s2: Array, collapsed: Collapsed, counted: Array, units: slice) -> _Moments | None:
    z, s2, weights, own = z[units], s2[units], collapsed.weights[units], counted[units]
    seen = weights > 0
    neighbours = seen[:, 1:] & seen[:, :-1]
    pairs = int(neighbours.sum())
    telling = int(neighbours[seen.sum(axis=1) >= FEWEST_SEEN].sum())
    if not collapsed.identified or collapsed.transient_variance <= 0 or telling < FEWEST_PAIRS:
        return None
    means = weights / weights.sum(axis=1, keepdims=True)
    periods = np.broadcast_to(collapsed.period_effects, collapsed.weights.shape)[units]
    left = np.where(seen, z - collapsed.value[units, None] - periods, 0.0)
    noise = np.where(seen, s2, 0.0)
    kept = 1.0 - 1.0 / len(z)
    near = own[:, 1:] * own[:, :-1]
    with_mean = noise * means
    of_mean = (with_mean * means).sum(axis=1, keepdims=True)
    sampling = (own * (noise - 2 * with_mean + of_mean)).sum(axis=1)
    shared = (near * (of_mean - with_mean[:, 1:] - with_mean[:, :-1])).sum(axis=1)
    squares = (own * left**2).sum(axis=1) - kept * sampling
    products = (near * left[:, 1:] * left[:, :-1]).sum(axis=1) - kept * shared
    return _Moments(means, own, near, squares, products, pairs)
