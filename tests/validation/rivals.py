"""Rivals that need statsmodels, or practices: what people do instead."""

from __future__ import annotations

import warnings

import numpy as np
import pandas as pd

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


def flag_and_test(units: pd.DataFrame, practices: pd.DataFrame) -> pd.DataFrame:
    """The top 10 % by raw outcome against the rest, a rank test per practice, Benjamini–Hochberg.

    Returns
    -------
    DataFrame
        Indexed by practice: ``p_bh``, ``better`` (done more by the flagged).
    """
    from scipy.stats import false_discovery_control, mannwhitneyu

    flag = (units["value"].rank(ascending=False) <= round(0.1 * len(units))).to_numpy()
    values = practices.drop(columns="unit")
    rows = []
    for name in values.columns:
        column = values[name].to_numpy(dtype=float)
        inside, outside = column[flag & np.isfinite(column)], column[~flag & np.isfinite(column)]
        test = mannwhitneyu(inside, outside, method="asymptotic")
        rows.append([test.pvalue, test.statistic > len(inside) * len(outside) / 2])
    table = pd.DataFrame(rows, columns=["p_value", "better"], index=values.columns)
    return table.assign(p_bh=false_discovery_control(table["p_value"]))
