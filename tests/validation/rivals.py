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
