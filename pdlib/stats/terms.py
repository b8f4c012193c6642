"""How use of words goes with a unit's excess: weighted contrasts of rates whose noise differs from word to word."""

from __future__ import annotations

import numpy as np
from scipy.sparse import csr_array
from scipy.stats import t as student

from pdlib.stats.contrast import Contrasts, Scores, orthonormal

Array = np.ndarray
REACH = 3.0
LEAST_SPREAD = 0.3
CLASS = 2.0  # weights may be off by this factor at most; it keeps the number of projections small


def overdispersion(counts: Array, totals: Array) -> Array:
    """How much more units differ in their rates than chance has it: variance over squared mean, by moments.

    Var(count) = mean + phi · mean², so that Σ((count − mean)² − mean) / Σ mean² estimates phi.

    Parameters
    ----------
    counts : (N, K) array
    totals : (N,) array

    Returns
    -------
    (K,) array
        At least 0.

    References
    ----------
    McCullagh & Nelder (1989), Generalized Linear Models, section 6.2, doi:10.1007/978-1-4899-3242-6.
    """
    mean = totals[:, None] * (counts.sum(axis=0) / totals.sum())
    return np.maximum(((counts - mean) ** 2 - mean).sum(axis=0) / np.maximum((mean**2).sum(axis=0), 1e-300), 0.0)


def term_contrasts(
    counts: Array, totals: Array, response: Array, weights: Array, context: Array, clusters: Array | None = None
) -> Contrasts:
    """Regress each term's rate on the unit's value, context removed from both, all units at once.

    A rate is counted in multiples of the pooled rate and cut off at three of its standard deviations above it, so that
    what one unit goes on about does not decide. A unit weighs as its value is known (``weights``) and as the rate is:
    n / (1 + phi · n · p) for n comments, pooled rate p and overdispersion phi. Units differ far more in how well their
    rates are known than in how well their values are, therefore the rate is regressed on the value and not the value
    on the rate. Standard errors are HC2.

    Parameters
    ----------
    counts : (N, K) array
        Comments of each unit that use the term.
    totals : (N,) array
        Comments of each unit; units without any take no part.
    response : (N,) array
        Unit values, not shrunken.
    weights : (N,) array
        Precision of each value.
    context : (N, Q) array
        Features, the constant included.
    clusters : (N,) int array, optional
        Group of each unit, where units of a group are not independent.

    Returns
    -------
    Contrasts
        ``estimate``: change of the rate, in multiples of the pooled rate, per one of the response. ``chance`` turns the
        signs of the scores of units, or of clusters.

    References
    ----------
    Lovell (1963), doi:10.1080/01621459.1963.10480682, for removing context from both sides; MacKinnon & White (1985),
    doi:10.1016/0304-4076(85)90158-7, for HC2; Lawless (1987), doi:10.2307/3314912, for the weights: the score of a
    negative binomial regression.
    """
    spoke = totals > 0
    n, c, y = totals[spoke].astype(float), counts[spoke].astype(float), response[spoke]
    pooled = c.sum(axis=0) / n.sum()
    with np.errstate(divide="ignore", invalid="ignore"):
        phi = overdispersion(c, n)
        share = c / (n[:, None] * pooled)
        cap = 1 + REACH * np.sqrt(1 / (n[:, None] * pooled) + np.maximum(phi, LEAST_SPREAD))
        extra = np.maximum(phi * pooled, 1e-12)
    share = np.minimum(share, cap)
    family = counts.shape[1]
    estimate, se, left, spare = (np.full(family, np.nan) for _ in range(4))
    score, opened_score = np.zeros((2, len(totals), family))
    groups = clusters if clusters is not None else np.arange(len(totals))
    count = int(groups.max()) + 1
    wider = 1.0 if clusters is None else np.sqrt(count / max(count - 1, 1))
    classes = np.round(np.log(extra) / np.log(CLASS)).astype(int)
    for own in (classes == value for value in np.unique(classes[np.isfinite(pooled) & (pooled > 0)])):
        weight = weights[spoke] * n / (1 + CLASS ** float(classes[own][0]) * n)
        root = np.sqrt(weight / weight.mean())
        basis = orthonormal(context[spoke] * root[:, None])
        value = y * root
        free = value - basis @ (basis.T @ value)
        size = float(free @ free)
        spread = float(((y - np.average(y, weights=weight)) ** 2 * root**2).sum())
        freedom = len(n) - basis.shape[1] - 1
        if freedom < 1 or size <= 1e-8 * spread:
            continue
        rates = share[:, own] * root[:, None]
        rates -= basis @ (basis.T @ rates)
        slope = free @ rates / size
        opened = 1 / np.maximum(1 - (basis**2).sum(axis=1) - free**2 / size, 1e-6)
        influence = (free * np.sqrt(opened))[:, None] * (rates - free[:, None] * slope) / size
        se[own] = wider * np.sqrt((_summed(influence, groups[spoke], count) ** 2).sum(axis=0))
        estimate[own], left[own] = slope, size / spread
        spare[own] = freedom if clusters is None else min(freedom, count - 1)
        score[np.ix_(spoke, own)] = free[:, None] * rates
        opened_score[np.ix_(spoke, own)] = (free * np.sqrt(opened))[:, None] * rates
    pull = _summed(opened_score, groups, count)
    norm = np.sqrt((pull**2).sum(axis=0))
    norm = np.where(norm > 0, norm, np.inf)
    with np.errstate(divide="ignore", invalid="ignore"):
        se = np.where(se > 0, se, np.nan)
        p_value = 2 * student.sf(np.abs(estimate) / se, np.maximum(spare, 1))
    strength = np.where(np.isfinite(p_value), score.sum(axis=0) / norm, np.nan)
    return Contrasts(estimate, se, p_value, spare, left, strength, Scores(pull / norm))


def joined(parts: list[Contrasts]) -> Contrasts:
    """Several families over the same units as one, to be tested together."""
    names = ("estimate", "se", "p_value", "spare", "left_share", "strength")
    estimate, se, p_value, spare, left, strength = (
        np.concatenate([getattr(part, name) for part in parts]) for name in names
    )
    chance = Scores(np.hstack([part.chance.pull for part in parts]))  # type: ignore[attr-defined]
    return Contrasts(estimate, se, p_value, spare, left, strength, chance)


def _summed(values: Array, groups: Array, count: int) -> Array:
    return csr_array((np.ones(len(groups)), (groups, np.arange(len(groups)))), shape=(count, len(groups))) @ values
