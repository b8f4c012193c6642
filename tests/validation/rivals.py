"""Rivals that need statsmodels: what people do instead."""

from __future__ import annotations

import warnings

import numpy as np

from pdlib.simulate.panel import SimulatedPanel
from pdlib.stats.posterior import confident_list, top_probability
from pdlib.trust.methods import Answer


def mixed_model(simulated: SimulatedPanel) -> Answer:
    """statsmodels' MixedLM: straight lines, period dummies, a random intercept per unit; a mean outcome only."""
    import statsmodels.formula.api as smf

    formula = f"value ~ {' + '.join(simulated.context)} + C(period)"
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # it warns of convergence that its own figures then show
        fit = smf.mixedlm(formula, simulated.panel, groups="unit").fit(reml=True)
    tau2, sigma2 = float(fit.cov_re.iloc[0, 0]), float(fit.scale)
    units = simulated.truth["unit"]
    effect = np.array([float(fit.random_effects[unit].iloc[0]) for unit in units])
    periods = simulated.panel.groupby("unit").size().loc[units].to_numpy()
    sd = np.sqrt(tau2 * sigma2 / (sigma2 + periods * tau2))
    p, _ = top_probability(effect, sd)
    return Answer(p, effect, confident_list(p), p, sd)


def unit_permutation(
    counts: np.ndarray, totals: np.ndarray, flag: np.ndarray, *, draws: int = 400, seed: int = 0
) -> np.ndarray:
    """Test whether flagged units use a term more: log ratio, studentised over units, permuted over units.

    Returns
    -------
    (K,) array
        One-sided p-values, the null pooled over terms.
    """
    rng, n, c = np.random.default_rng(seed), totals.astype(float), counts.astype(float)
    pooled = c.sum(axis=0) / n.sum()
    prior, away = 500.0, c - n[:, None] * pooled

    def statistic(flags: np.ndarray) -> np.ndarray:
        inside, size = flags @ c, (flags @ n)[:, None]
        outside, rest = c.sum(axis=0) - inside, n.sum() - size
        ratio = np.log((inside + prior * pooled) / (size + prior)) - np.log((outside + prior * pooled) / (rest + prior))
        variance = (flags @ away**2) / (inside + prior * pooled) ** 2
        return ratio / np.sqrt(variance + ((1 - flags) @ away**2) / (outside + prior * pooled) ** 2)

    observed = statistic(flag[None].astype(float))[0]
    blocks = [np.stack([rng.permutation(flag) for _ in range(50)]).astype(float) for _ in range(draws // 50)]
    null = np.sort(np.concatenate([statistic(block).ravel() for block in blocks]))
    return (1 + len(null) - np.searchsorted(null, observed)) / (1 + len(null))


def log_odds(counts: np.ndarray, totals: np.ndarray, flag: np.ndarray) -> np.ndarray:
    """Log-odds of comments with an informative prior, two-sided (Monroe et al. 2008, doi:10.1093/pan/mpn018)."""
    from scipy.special import ndtr

    prior = 500 * counts.sum(axis=0) / totals.sum()
    inside, outside = counts[flag].sum(axis=0) + prior, counts[~flag].sum(axis=0) + prior
    sizes = totals[flag].sum() + 500, totals[~flag].sum() + 500
    ratio = np.log(inside / (sizes[0] - inside)) - np.log(outside / (sizes[1] - outside))
    return 2 * ndtr(-np.abs(ratio) / np.sqrt(1 / inside + 1 / outside))
