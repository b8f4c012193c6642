"""Funnel limits: the familiar picture. It shows who lies outside what size and luck allow; it names nobody."""

from __future__ import annotations

from typing import Literal

import numpy as np
from scipy.special import ndtri
from scipy.stats import binom, chi2, poisson, rankdata

Array = np.ndarray
Convention = Literal["SHMI", "CQC", "PR", "RC"]


def standardise(numerator: Array, denominator: Array, convention: Convention) -> tuple[Array, Array]:
    """z-scores of ratios or shares about their target, and the standard errors behind them.

    ``SHMI``: ln(O/E), s = 1/√E. ``CQC``: √(O/E) about 1, s = 1/(2√E). ``PR``: arcsine of a share about that of the
    overall share, s = 1/(2√n). ``RC``: log of a ratio of counts about the overall ratio.

    Parameters
    ----------
    numerator, denominator : (N,) arrays
        Observed and expected counts; successes and n; or two counts.
    convention : {"SHMI", "CQC", "PR", "RC"}

    Returns
    -------
    z, se : (N,) arrays

    References
    ----------
    Spiegelhalter (2005), doi:10.1002/sim.1970; Spiegelhalter et al. (2012), doi:10.1111/j.1467-985X.2011.01010.x.
    """
    if convention == "SHMI":
        se = 1 / np.sqrt(denominator)
        return np.log(numerator / denominator) / se, se
    if convention == "CQC":
        se = 1 / (2 * np.sqrt(denominator))
        return (np.sqrt(numerator / denominator) - 1) / se, se
    overall = numerator.sum() / denominator.sum()
    if convention == "PR":
        se = 1 / (2 * np.sqrt(denominator))
        return (np.arcsin(np.sqrt(numerator / denominator)) - np.arcsin(np.sqrt(overall))) / se, se
    a, b = numerator + 0.5, denominator + 0.5
    se = np.sqrt(numerator / a**2 + denominator / b**2)
    return (np.log(a / b) - np.log(overall)) / se, se


def overdispersion(z: Array, se: Array, *, trim: float = 0.1, drop: bool = False) -> tuple[float, float, int]:
    """Overdispersion factor phi and between-unit variance tau² by the published trimming conventions.

    Kept for comparison with other tools: trimming removes real differences with the noise, so this tau² can be a
    quarter of the truth; limits for reading take the REML tau² instead.

    Parameters
    ----------
    z, se : (N,) arrays
        From `standardise`.
    trim : float
        Share at each end that is pulled in (winsorised) or dropped.
    drop : bool
        Drop the ends by rank (the SHMI convention) instead of pulling them in.

    Returns
    -------
    phi, tau2 : float
    n : int
        Units used.

    References
    ----------
    Spiegelhalter et al. (2012), doi:10.1111/j.1467-985X.2011.01010.x; DerSimonian & Laird (1986),
    doi:10.1016/0197-2456(86)90046-2, for the moment form, here about a fixed target.
    """
    if drop:
        bins = np.floor(rankdata(z) * (1 / trim) / (len(z) + 1))
        keep = (bins > 0) & (bins < 1 / trim - 1)
        z, se = z[keep], se[keep]
    else:
        z = np.clip(z, *np.quantile(z, [trim, 1 - trim]))
    n = len(z)
    phi = float((z**2).mean())
    weight = 1 / se**2
    spread = weight.sum() - (weight**2).sum() / weight.sum()
    return phi, max(0.0, float((n * phi - (n - 1)) / spread)), n


def ratio_limits(
    expected: Array, level: float, *, tau2: float = 0.0, convention: Convention = "SHMI"
) -> tuple[Array, Array]:
    """Funnel limits of an observed-to-expected ratio.

    Without overdispersion: exact Poisson limits. With it: exp(±z√(1/E + tau²)), or for ``CQC`` the square of
    1 ± z√(1/(4E) + tau²).

    Parameters
    ----------
    expected : (N,) array
        Expected counts.
    level : float
        Share of ordinary units inside, .95 or .998.
    tau2 : float
        Between-unit variance on the convention's scale.
    convention : {"SHMI", "CQC"}

    Returns
    -------
    lower, upper : (N,) arrays

    References
    ----------
    Spiegelhalter (2005), doi:10.1002/sim.1970.
    """
    if tau2 == 0.0:
        half = (1 - level) / 2
        return chi2.ppf(half, 2 * expected) / (2 * expected), chi2.ppf(1 - half, 2 * (expected + 1)) / (2 * expected)
    reach = _reach(level)
    if convention == "CQC":
        width = reach * np.sqrt(1 / (4 * expected) + tau2)
        return np.maximum(1 - width, 0) ** 2, (1 + width) ** 2
    width = reach * np.sqrt(1 / expected + tau2)
    return np.exp(-width), np.exp(width)


def exact_limits(size: Array, target: float, level: float, *, share: bool) -> tuple[Array, Array]:
    """Funnel limits of a share or a rate from its own distribution, without overdispersion.

    r is the smallest count with P(R ≤ r) ≥ p; the limit lies at (r − α)/size with
    α = (P(R ≤ r) − p)/(P(R ≤ r) − P(R ≤ r − 1)), so that it does not jump from count to count.

    Parameters
    ----------
    size : (N,) array
        n of a share (rounded to whole numbers), exposure of a rate.
    target : float
        Overall share or rate.
    level : float
        Share of ordinary units inside.
    share : bool
        Binomial counts of a share (True), Poisson counts of a rate (False).

    Returns
    -------
    lower, upper : (N,) arrays

    References
    ----------
    Spiegelhalter (2005), doi:10.1002/sim.1970, appendix A.1.1.
    """
    size = np.maximum(np.round(size), 1.0) if share else np.asarray(size, dtype=float)
    counts = binom(size, target) if share else poisson(size * target)
    ends = []
    for p in ((1 - level) / 2, (1 + level) / 2):
        count = counts.ppf(p)
        reached, step = counts.cdf(count), counts.pmf(count)
        ends.append(np.maximum(count - (reached - p) / np.maximum(step, 1e-300), 0.0) / size)
    return ends[0], ends[1]


def share_limits(n: Array, target: float, level: float, *, tau2: float = 0.0) -> tuple[Array, Array]:
    """Funnel limits of a share: sin²(asin√target ± z√(1/(4n) + tau²)), kept within 0 and 1.

    Parameters
    ----------
    n : (N,) array
    target : float
        Overall share.
    level : float
    tau2 : float
        Between-unit variance on the arcsine scale.

    Returns
    -------
    lower, upper : (N,) arrays

    References
    ----------
    Spiegelhalter et al. (2012), doi:10.1111/j.1467-985X.2011.01010.x.
    """
    middle = np.arcsin(np.sqrt(target))
    width = _reach(level) * np.sqrt(1 / (4 * n) + tau2)
    return np.sin(np.maximum(middle - width, 0)) ** 2, np.sin(np.minimum(middle + width, np.pi / 2)) ** 2


def _reach(level: float) -> float:
    return float(ndtri(0.5 + level / 2))
