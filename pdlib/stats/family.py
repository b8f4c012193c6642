"""Error control over a whole family of contrasts, and what its winners' curse asks for."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from pdlib.stats.contrast import Adjusted, Contrasts, summed
from pdlib.stats.shuffles import in_blocks, shuffled

Array = np.ndarray


@dataclass(frozen=True, eq=False)
class Chances:
    """What chance alone would show in a family of contrasts.

    Attributes
    ----------
    alone : (K,) array
        Two-sided p-value of each practice against its own draws.
    better, worse : (K,) arrays
        One-sided p-values stepped down over the whole family: of going with better, or with worse, outcomes.
    bar : float
        Strength that the strongest of the whole family reaches by chance in a share `level` of the draws.
    """

    alone: Array
    better: Array
    worse: Array
    bar: float


def romano_wolf(contrasts: Contrasts, *, draws: int = 2000, seed: int = 0, level: float = 0.10) -> Chances:
    """Compare the strengths of a family with what chance would show, one step after the other.

    In each draw all practices share the same chance, so that the correlation between them is kept. A practice is
    compared with the largest strength among those not yet decided, which controls the chance of naming any practice
    that does not go with better outcomes; going with worse outcomes is a family of its own. Where chance has few ways
    (signs of few clusters), a strength counts for no more than the largest that these can give.

    Parameters
    ----------
    contrasts : Contrasts
    draws : int
    seed : int
    level : float
        For the bar.

    Returns
    -------
    Chances
        P-values are (1 + exceedances) / (1 + draws), never below what the ways that chance has allow (2^(1 − G) of G
        clusters, two-sided), within a family never below that of a stronger practice; NaN if not tested.

    References
    ----------
    Romano & Wolf (2005), doi:10.1198/016214504000000539; DiCiccio & Romano (2017),
    doi:10.1080/01621459.2016.1202117, for studentised shuffles; Freedman & Lane (1983),
    doi:10.1080/07350015.1983.10509354, for shuffling what the context leaves.
    """
    alone, better, worse = np.full((3, len(contrasts.strength)), np.nan)
    tested = np.flatnonzero(np.isfinite(contrasts.strength))
    if not len(tested):
        return Chances(alone, better, worse, np.nan)
    most, seldom = (values[tested] for values in contrasts.chance.most)
    strength = np.clip(contrasts.strength[tested], -most, most)
    best_first = np.argsort(-strength, kind="stable")
    rng = np.random.default_rng(seed)
    beaten = np.zeros((3, len(tested)))
    largest = []
    for size in in_blocks(draws):
        drawn = np.nan_to_num(contrasts.chance.strengths(size, rng)[:, tested])
        beaten[0] += (np.abs(drawn) >= np.abs(strength) * (1 - 1e-12)).sum(axis=0)
        for side, sign in ((1, 1.0), (2, -1.0)):
            order = best_first if sign > 0 else best_first[::-1]
            still = np.maximum.accumulate((sign * drawn[:, order])[:, ::-1], axis=1)[:, ::-1]
            least = sign * strength[order]
            beaten[side, order] += (still >= least - 1e-12 * np.abs(least)).sum(axis=0)
        largest.append(drawn.max(axis=1))
    p = np.maximum((1 + beaten) / (1 + draws), seldom * np.array([[2.0], [1.0], [1.0]]))
    p[1, best_first] = np.maximum.accumulate(p[1, best_first])
    p[2, best_first[::-1]] = np.maximum.accumulate(p[2, best_first[::-1]])
    alone[tested], better[tested], worse[tested] = p
    return Chances(alone, better, worse, float(np.quantile(np.concatenate(largest), 1 - level)))


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


def holm(p_value: Array) -> Array:
    """Adjusted p-values that control the chance of any false finding; NaN stays NaN and does not count.

    Parameters
    ----------
    p_value : (K,) array

    Returns
    -------
    (K,) array

    References
    ----------
    Holm (1979), A simple sequentially rejective multiple test procedure, Scandinavian Journal of Statistics 6.
    """
    result = np.full(len(p_value), np.nan)
    tested = np.flatnonzero(np.isfinite(p_value))
    order = tested[np.argsort(p_value[tested], kind="stable")]
    scaled = p_value[order] * np.arange(len(tested), 0, -1)
    result[order] = np.minimum(np.maximum.accumulate(scaled), 1.0)
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


def placebos(
    contrasts: Adjusted, bar: float, stratum: Array, clusters: Array | None = None, *, shuffles: int, seed: int = 0
) -> int:
    """Shuffle what units do among units of one stratum, and count in how many copies any practice passes the bar.

    Parameters
    ----------
    contrasts : Adjusted
    bar : float
        Strength that the strongest of the family reaches by chance in a known share of draws.
    stratum : (N,) int array
    clusters : (N,) int array, optional
    shuffles : int
    seed : int

    Returns
    -------
    int
        About that share of the shuffles.
    """
    freed, rng = contrasts.freed, np.random.default_rng([seed, 1])
    orders = shuffled(np.arange(len(stratum), dtype=float), stratum, shuffles, rng).astype(int)
    found = 0
    for order in orders:
        x = freed.practices[order]
        x = x - freed.basis @ (freed.basis.T @ x)
        size = (x**2).sum(axis=0)
        with np.errstate(divide="ignore", invalid="ignore"):
            left = freed.response[:, None] - x * (freed.response @ x / size)
            if clusters is None:
                usual = size * (left**2).sum(axis=0) / contrasts.spare
                variance = np.maximum(((x * left) ** 2).sum(axis=0), usual)
            else:
                variance = (summed(x * freed.response[:, None], clusters) ** 2).sum(axis=0)
            strength = freed.response @ x / np.sqrt(variance)
        found += bool((np.nan_to_num(strength, nan=-np.inf) > bar).any())
    return found
