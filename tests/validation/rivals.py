"""The methods compared: ours by its public path, the oracle that knows the truth, and what people do instead."""

from __future__ import annotations

import warnings
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

import pdlib
from pdlib.simulate.panel import COVARIATES, SimulatedPanel
from pdlib.stats.funnel import overdispersion
from pdlib.stats.posterior import confident_list, shrink, top_probability
from pdlib.stats.working import inverse_link, working_values

Array = np.ndarray
SIGN = {"mean": 1, "proportion": 1, "rate": -1}
BASE = {"mean": 0.0, "proportion": float(np.log(0.7 / 0.3)), "rate": float(np.log(0.008))}


@dataclass(frozen=True, eq=False)
class Answer:
    """What a method says about each unit, in the order of the truth.

    Attributes
    ----------
    rank_by : (N,) array
        Its order, more being better.
    score : (N,) array
        Its estimate of the unit's level.
    effect, sd, p : (N,) arrays, optional
        Posterior mean and SD on the working scale, and the claimed chance of being in the top share.
    named : (N,) bool array, optional
        The units that it names.
    """

    rank_by: Array
    score: Array
    effect: Array | None = None
    sd: Array | None = None
    p: Array | None = None
    named: Array | None = None


@dataclass(frozen=True, eq=False)
class Panel:
    """A simulated panel as arrays, units in the order of the truth."""

    kind: str
    y: Array
    n: Array
    x: Array
    settings: dict[str, Any]

    @classmethod
    def of(cls, simulated: SimulatedPanel) -> Panel:
        """Spread the long table out; a cell that is not observed has n = 0."""
        long, kind = simulated.panel, simulated.settings["kind"]
        size = "exposure" if kind == "rate" else "n"
        amount = {"mean": "value", "proportion": "successes", "rate": "events"}[kind]
        y = long[amount] if kind == "mean" else long[amount] / long[size]
        units = simulated.truth["unit"]
        wide = long.assign(y=y, size=long[size].astype(float)).pivot_table(
            index="unit", columns="period", values=["y", "size"]
        )
        x = long.groupby("unit")[list(COVARIATES)].first().loc[units].to_numpy()
        n = wide["size"].reindex(units).fillna(0.0).to_numpy()
        return cls(kind, wide["y"].reindex(units).to_numpy(), n, x, simulated.settings)


def ours(simulated: SimulatedPanel, form: str = "auto") -> tuple[Answer, Array]:
    """Read, expect, find; the second value is who is confident or likely."""
    study = pdlib.Study(**simulated.study())
    expected = pdlib.expect(pdlib.read(study, {"observations": simulated.panel}), form=form)
    deviants = pdlib.find_deviants(expected)
    table = deviants.table.set_index("unit").loc[simulated.truth["unit"]]
    order = expected.grid.units.get_indexer(simulated.truth["unit"])
    effect, sd = expected.fit.effect[order], expected.fit.sd[order]
    p = table["p_top"].fillna(0.0).to_numpy()
    group = table["group"].to_numpy()
    return Answer(p, effect, effect, sd, p, group == "confident"), np.isin(group, ["confident", "likely"])


def oracle(simulated: SimulatedPanel, panel: Panel) -> Answer:
    """The posterior with the true context function, period effects and variances.

    Shares and rates are linearised about the true context and the unit's posterior mean, turned until it settles.
    """
    settings, kind, sign = panel.settings, panel.kind, SIGN[panel.kind]
    slope = 1.0 if kind == "mean" else settings["link_slope"]
    known = slope * (simulated.truth["context_value"].to_numpy()[:, None] + settings["period_effects"])
    tau2, shock = (slope * settings["effect_sd"]) ** 2, (slope * settings["shock_sd"]) ** 2
    effect, sd = np.zeros(len(panel.y)), np.zeros(len(panel.y))
    for _ in range(1 if kind == "mean" else 12):
        mu = inverse_link(kind, BASE[kind] + sign * (known + effect[:, None]))
        with np.errstate(divide="ignore", invalid="ignore"):
            z, s2 = working_values(kind, panel.y, panel.n, mu, settings["item_sd"] ** 2)
        weight = np.where(panel.n > 0, 1.0 / (s2 + shock), 0.0)
        left = np.where(panel.n > 0, sign * (z - BASE[kind]) - known, 0.0)
        total = weight.sum(axis=1)
        effect, sd = shrink((weight * left).sum(axis=1) / total, 1.0 / total, tau2)
    p, _ = top_probability(effect, sd)
    return Answer(p, effect, effect, sd, p, confident_list(p))


def usual(panel: Panel) -> dict[str, Answer]:
    """Raw ranking, residuals of a straight-line regression, a cut-off on them, and an overdispersed funnel about it."""
    raw, se = _crude(panel)
    features = np.column_stack([np.ones(len(raw)), panel.x])
    residual = raw - features @ np.linalg.lstsq(features, raw, rcond=None)[0]
    _, tau2, _ = overdispersion(residual / se, se)
    z = residual / np.sqrt(se**2 + tau2)
    return {
        "raw ranking": Answer(raw, raw),
        "OLS residual": Answer(residual, residual, named=residual > residual.std()),
        "funnel 95 %": Answer(z, residual, named=z > 1.959963984540054),
    }


def _crude(panel: Panel) -> tuple[Array, Array]:
    """One value per unit from its pooled counts, oriented, and its nominal standard error."""
    total = panel.n.sum(axis=1)
    amount = np.where(panel.n > 0, panel.y * panel.n, 0.0).sum(axis=1)
    overall = amount.sum() / total.sum()
    if panel.kind == "mean":
        return amount / total, panel.settings["item_sd"] / np.sqrt(total)
    if panel.kind == "proportion":
        share = (amount + 0.5) / (total + 1)
        return np.log(share / (1 - share)), 1 / np.sqrt(total * overall * (1 - overall))
    return -np.log((amount + 0.5) / total), 1 / np.sqrt(total * overall)


def mixed_model(simulated: SimulatedPanel) -> Answer:
    """statsmodels' MixedLM: straight lines, period dummies, a random intercept per unit; a mean outcome only."""
    import statsmodels.formula.api as smf

    formula = f"value ~ {' + '.join(COVARIATES)} + C(period)"
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # it warns of convergence that its own figures then show
        fit = smf.mixedlm(formula, simulated.panel, groups="unit").fit(reml=True)
    tau2, sigma2 = float(fit.cov_re.iloc[0, 0]), float(fit.scale)
    units = simulated.truth["unit"]
    effect = np.array([float(fit.random_effects[unit].iloc[0]) for unit in units])
    periods = simulated.panel.groupby("unit").size().loc[units].to_numpy()
    sd = np.sqrt(tau2 * sigma2 / (sigma2 + periods * tau2))
    p, _ = top_probability(effect, sd)
    return Answer(p, effect, effect, sd, p, confident_list(p))


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
