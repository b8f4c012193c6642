"""What goes with a practice: adjusted contrasts, and error control over the whole family of them."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Protocol

import numpy as np
from scipy.linalg import cho_factor, cho_solve
from scipy.stats import t as student

Array = np.ndarray


class Chance(Protocol):
    """A way to draw the strengths that chance alone would give."""

    @property
    def rows(self) -> int:
        """Units, or clusters of units, whose signs are turned."""
        ...

    def strengths(self, signs: Array) -> Array:
        """(B, K) strengths for (B, rows) signs."""
        ...


@dataclass(frozen=True, eq=False)
class Refitted:
    """Signs of the residuals are turned and every contrast is fitted and studentised anew (a wild bootstrap).

    Exact where every unit answered; with missing answers the estimates are, their standard errors take the context of
    all units off instead of that of the units that answered.
    """

    residual: Array  # (N,) of the response on the context, freed of leverage
    basis: Array  # (N, Q) orthonormal
    free: Array  # (N, K) practices freed of the context, unit length, zero without an answer
    opened: Array  # (N, K) 1 / (1 − leverage)

    @property
    def rows(self) -> int:
        """Number of units."""
        return len(self.residual)

    @cached_property
    def _moments(self) -> tuple[Array, Array, Array]:
        """Weights by which squared residuals, residuals and one enter each HC2 variance."""
        second, third, fourth = (self.free**power * self.opened for power in (2, 3, 4))
        return second, third, fourth.sum(axis=0)

    def strengths(self, signs: Array) -> Array:
        """Draw |t| from residuals with these signs."""
        drawn = signs * self.residual
        left = drawn - (drawn @ self.basis) @ self.basis.T
        second, third, fourth = self._moments
        estimate = left @ self.free
        variance = left**2 @ second - 2 * estimate * (left @ third) + estimate**2 * fourth
        with np.errstate(divide="ignore", invalid="ignore"):
            return np.abs(estimate) / np.sqrt(variance)


@dataclass(frozen=True, eq=False)
class Scores:
    """Signs of the clusters' scores are turned: exact for symmetric scores, however few the clusters."""

    pull: Array  # (G, K) score of each cluster over the root sum of squares

    @property
    def rows(self) -> int:
        """Number of clusters."""
        return len(self.pull)

    def strengths(self, signs: Array) -> Array:
        """Draw |sum of scores| with these signs."""
        return np.abs(signs @ self.pull)


@dataclass(frozen=True, eq=False)
class Contrasts:
    """One adjusted contrast per practice.

    Attributes
    ----------
    estimate, se : (K,) arrays
        Per unit of the practice, on the response's scale; NaN where it cannot be estimated.
    p_value : (K,) array
        Two-sided, from a t distribution.
    spare : (K,) array
        Degrees of freedom.
    left_share : (K,) array
        Share of the practice's variance that the context does not account for.
    strength : (K,) array
        Studentised size of each estimate, that `romano_wolf` compares with chance.
    chance : Chance
        What strengths would be if no practice mattered, by turning signs around.
    """

    estimate: Array
    se: Array
    p_value: Array
    spare: Array
    left_share: Array
    strength: Array
    chance: Chance


def adjusted_contrasts(
    response: Array, weights: Array, context: Array, practices: Array, clusters: Array | None = None
) -> Contrasts:
    """Regress the response on context and one practice at a time, all units at once.

    Response and practice are freed of the context by the same weighted projection (Frisch–Waugh–Lovell), over the units
    that answered; standard errors are HC2 with the full leverage, context and practice together. (HC3 covers .97
    instead of the nominal .95 at 200 units and costs a third of the power.)

    With clusters, standard errors sum influences within clusters and widen them by G/(G − 1), and the strength that is
    tested is the sum of the clusters' scores under no contrast over their root sum of squares.

    Parameters
    ----------
    response : (N,) array
        Unit values, not shrunken.
    weights : (N,) array
        Precision of each.
    context : (N, Q) array
        Features, the constant included.
    practices : (N, K) array
        NaN where a unit gave no answer.
    clusters : (N,) int array, optional
        Group of each unit, where units of a group are not independent.

    Returns
    -------
    Contrasts

    References
    ----------
    Lovell (1963), doi:10.1080/01621459.1963.10480682; MacKinnon & White (1985), doi:10.1016/0304-4076(85)90158-7, for
    the HC family; Cameron, Gelbach & Miller (2008), doi:10.1162/rest.90.3.414, and Kline & Santos (2012),
    doi:10.1515/2156-6674.1006, for clusters and scores.
    """
    root = np.sqrt(weights / weights.mean())
    basis = _orthonormal(context * root[:, None])
    y = response * root
    count, family = practices.shape
    estimate, left, spare = (np.full(family, np.nan) for _ in range(3))
    influence, score, unit, opened = (np.zeros((count, family)) for _ in range(4))
    for k in range(family):
        there = np.isfinite(practices[:, k])
        spare[k] = there.sum() - basis.shape[1] - 1
        if spare[k] < 1:
            continue
        q = basis[there]
        factor = _gram_without(basis[~there])
        if factor is None:
            continue
        both = np.column_stack([y[there], practices[there, k] * root[there]])
        free = both - q @ cho_solve(factor, q.T @ both)
        x = free[:, 1]
        size = float(x @ x)
        mean = np.average(practices[there, k], weights=weights[there])
        spread = float(((practices[there, k] - mean) ** 2 * root[there] ** 2).sum())
        left[k] = size / spread if spread > 0 else 0.0
        if left[k] < 1e-8:
            continue
        leverage = np.einsum("ij,ij->i", q, cho_solve(factor, q.T).T) + x**2 / size
        estimate[k] = x @ free[:, 0] / size
        score[there, k] = x * free[:, 0]
        unit[there, k], opened[there, k] = x / np.sqrt(size), 1 / np.maximum(1 - leverage, 1e-6)
        influence[there, k] = x * (free[:, 0] - estimate[k] * x) * np.sqrt(opened[there, k]) / size
    if clusters is not None:
        groups = int(clusters.max()) + 1
        influence = _summed(influence, clusters) * np.sqrt(groups / max(groups - 1, 1))
        score = _summed(score, clusters)
        spare = np.minimum(spare, groups - 1)
    se = np.where(np.isfinite(estimate), np.sqrt((influence**2).sum(axis=0)), np.nan)
    with np.errstate(divide="ignore", invalid="ignore"):
        p_value = 2 * student.sf(np.abs(estimate) / se, np.maximum(spare, 1))
        pull = score / np.sqrt((score**2).sum(axis=0))
        strength = np.abs(estimate) / se if clusters is None else np.abs(pull.sum(axis=0))
    residual = (y - basis @ (basis.T @ y)) / np.sqrt(np.maximum(1 - (basis**2).sum(axis=1), 1e-6))
    chance = Refitted(residual, basis, unit, opened) if clusters is None else Scores(pull)
    return Contrasts(estimate, se, p_value, spare, left, strength, chance)


def _summed(values: Array, clusters: Array) -> Array:
    return np.stack([np.bincount(clusters, column, clusters.max() + 1) for column in values.T], axis=1)


def _orthonormal(columns: Array) -> Array:
    """Orthonormal columns with the same span, dependent ones dropped."""
    scaled = columns / np.maximum(np.linalg.norm(columns, axis=0), 1e-300)
    left, size, _ = np.linalg.svd(scaled, full_matrices=False)
    return left[:, size > 1e-8 * size[0]]


def _gram_without(gone: Array) -> tuple[Array, bool] | None:
    """Factor of the Gram matrix once some rows of an orthonormal basis are taken out; None if rank is lost."""
    gram = np.eye(gone.shape[1]) - gone.T @ gone
    if np.linalg.eigvalsh(gram)[0] < 1e-8:
        return None
    return cho_factor(gram)


def romano_wolf(contrasts: Contrasts, *, draws: int = 2000, seed: int = 0) -> tuple[Array, Array]:
    """P-values by turning signs around: of each practice alone, and stepped down over the whole family.

    Each draw turns the signs of all units (or clusters) at random, the same for every practice so that correlation
    between practices is kept. Alone, a practice is compared with its own draws; in the family with the largest strength
    among the practices not yet decided, which controls the chance of any false finding.

    Parameters
    ----------
    contrasts : Contrasts
    draws : int
    seed : int

    Returns
    -------
    alone, family : (K,) arrays
        (1 + exceedances) / (1 + draws); in the family never below that of a stronger practice; NaN if not tested.

    References
    ----------
    Romano & Wolf (2005), doi:10.1198/016214504000000539; Davidson & Flachaire (2008),
    doi:10.1016/j.jeconom.2008.08.003, for random signs with the null imposed.
    """
    alone, family = np.full((2, len(contrasts.strength)), np.nan)
    tested = np.flatnonzero(np.isfinite(contrasts.strength))
    if not len(tested):
        return alone, family
    order = tested[np.argsort(-contrasts.strength[tested], kind="stable")]
    strength = contrasts.strength[order] * (1 - 1e-12)
    rng = np.random.default_rng(seed)
    beaten = np.zeros((2, len(order)))
    for size in _chunks(draws, 500):
        signs = 2.0 * rng.integers(0, 2, (size, contrasts.chance.rows), dtype=np.int8) - 1.0
        drawn = np.nan_to_num(contrasts.chance.strengths(signs)[:, order])
        largest = np.maximum.accumulate(drawn[:, ::-1], axis=1)[:, ::-1]
        beaten += [(drawn >= strength).sum(axis=0), (largest >= strength).sum(axis=0)]
    alone[order], family[order] = (1 + beaten) / (1 + draws)
    family[order] = np.maximum.accumulate(family[order])
    return alone, family


def _chunks(total: int, size: int) -> list[int]:
    return [size] * (total // size) + ([total % size] if total % size else [])


def benjamini_hochberg(p_value: Array) -> Array:
    """Adjusted p-values that control the share of false findings; NaN stays NaN and does not count.

    Parameters
    ----------
    p_value : (K,) array

    Returns
    -------
    (K,) array

    References
    ----------
    Benjamini & Hochberg (1995), doi:10.1111/j.2517-6161.1995.tb02031.x.
    """
    result = np.full(len(p_value), np.nan)
    tested = np.flatnonzero(np.isfinite(p_value))
    order = tested[np.argsort(-p_value[tested], kind="stable")]
    scaled = p_value[order] * len(tested) / np.arange(len(tested), 0, -1)
    result[order] = np.minimum.accumulate(np.minimum(scaled, 1.0))
    return result


def shrink_family(estimate: Array, se: Array) -> tuple[Array, Array]:
    """Pull a family of estimates to zero as far as their joint spread shows them to be noise.

    With s² = max(mean t² − 1, 0) and B = s²/(1 + s²): B × estimate, and √B × se.

    Parameters
    ----------
    estimate, se : (K,) arrays
        NaN where not tested.

    Returns
    -------
    estimate, se : (K,) arrays

    References
    ----------
    Efron (2011), doi:10.1198/jasa.2011.tm11181, on the winner's curse and empirical Bayes.
    """
    with np.errstate(divide="ignore", invalid="ignore"):
        t2 = (estimate / se) ** 2
    usable = t2[np.isfinite(t2)]
    signal = max(float(usable.mean()) - 1.0, 0.0) if len(usable) else 0.0
    kept = signal / (1.0 + signal)
    return kept * estimate, np.sqrt(kept) * se
