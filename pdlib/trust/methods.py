"""The methods compared: ours by its public path, the oracle that knows the truth, and what people do instead."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from pdlib.deviants import find_deviants
from pdlib.expected import expect
from pdlib.observations import read
from pdlib.simulate.panel import BASE_RATE, BASE_SHARE, COVARIATES, SimulatedPanel
from pdlib.stats.funnel import overdispersion
from pdlib.stats.posterior import confident_list, shrink, top_probability
from pdlib.stats.working import inverse_link, link, working_values
from pdlib.study import Study

Array = np.ndarray
TOP = 0.10
BASE = {"mean": 0.0, "proportion": BASE_SHARE, "rate": BASE_RATE}


@dataclass(frozen=True, eq=False)
class Answer:
    """What a method says about each unit, in the order of the truth.

    Attributes
    ----------
    score : (N,) array
        Its order, more being better.
    named : (N,) bool array
        The units that it names.
    p : (N,) array, optional
        The chance that it claims for each to be in the top share.
    """

    score: Array
    named: Array
    p: Array | None = None


def ours(simulated: SimulatedPanel) -> Answer:
    """Read, expect, find, by the public path."""
    study = Study(**simulated.study())
    table = find_deviants(expect(read(study, {"observations": simulated.panel}))).table.set_index("unit")
    table = table.reindex(simulated.truth["unit"])
    p = table["p_top"].fillna(0.0).to_numpy()
    return Answer(p, (table["group"] == "confident").to_numpy(), p)


def oracle(simulated: SimulatedPanel) -> Answer:
    """The posterior of one who knows context, periods and variances; luck is all that is left.

    Shares and rates are linearised about the true context and the unit's posterior mean, turned until it settles.
    """
    settings, kind, (y, n) = simulated.settings, simulated.settings["kind"], _spread(simulated)
    sign, base = -1 if kind == "rate" else 1, float(link(kind, np.array(BASE[kind])))
    slope = 1.0 if kind == "mean" else settings["link_slope"]
    known = slope * (simulated.truth["context_value"].to_numpy()[:, None] + settings["period_effects"])
    tau2, shock = (slope * settings["effect_sd"]) ** 2, (slope * settings["shock_sd"]) ** 2
    effect = sd = np.zeros(len(y))
    for _ in range(1 if kind == "mean" else 12):
        mu = inverse_link(kind, base + sign * (known + effect[:, None]))
        z, s2 = working_values(kind, y, n, mu, settings["item_sd"] ** 2)
        weight = 1.0 / (s2 + shock)
        total = weight.sum(axis=1)
        effect, sd = shrink((weight * (sign * (z - base) - known)).sum(axis=1) / total, 1.0 / total, tau2)
    p, _ = top_probability(effect, sd, TOP)
    return Answer(p, confident_list(p, top=TOP), p)


def usual(simulated: SimulatedPanel) -> dict[str, Answer]:
    """What people do: a raw ranking, a cut-off on straight-line residuals, an overdispersed funnel about them."""
    raw, se = _crude(simulated)
    x = simulated.panel.groupby("unit")[COVARIATES].first().loc[simulated.truth["unit"]].to_numpy()
    features = np.column_stack([np.ones(len(raw)), x])
    residual = raw - features @ np.linalg.lstsq(features, raw, rcond=None)[0]
    _, tau2, _ = overdispersion(residual / se, se)
    z = residual / np.sqrt(se**2 + tau2)
    return {
        "raw ranking": Answer(raw, leading(raw)),
        "OLS residual": Answer(residual, residual > residual.std()),
        "funnel 95 %": Answer(z, z > 1.959963984540054),
    }


def answers(simulated: SimulatedPanel) -> dict[str, Answer]:
    """Ours, and what people do instead."""
    return {"ours": ours(simulated), **usual(simulated)}


def tenth(count: int) -> int:
    """How many units make the leading tenth."""
    return max(1, round(TOP * count))


def leading(score: Array) -> Array:
    """The leading tenth by a score."""
    chosen = np.zeros(len(score), dtype=bool)
    chosen[np.argsort(-score, kind="stable")[: tenth(len(score))]] = True
    return chosen


def _columns(kind: str) -> tuple[str, str]:
    columns = {"mean": ("value", "n"), "proportion": ("successes", "n"), "rate": ("events", "exposure")}
    return columns[kind]


def _spread(simulated: SimulatedPanel) -> tuple[Array, Array]:
    """Outcome and size as units by periods, units in the order of the truth."""
    kind = simulated.settings["kind"]
    amount, size = _columns(kind)
    wide = simulated.panel.pivot_table(index="unit", columns="period", values=[amount, size])
    wide = wide.loc[simulated.truth["unit"]]
    y, n = wide[amount].to_numpy(float), wide[size].to_numpy(float)
    return (y if kind == "mean" else y / n), n


def _crude(simulated: SimulatedPanel) -> tuple[Array, Array]:
    """One value per unit from its pooled counts, oriented, and its nominal standard error."""
    kind, (y, n) = simulated.settings["kind"], _spread(simulated)
    total, amount = n.sum(axis=1), (y * n).sum(axis=1)
    overall = amount.sum() / total.sum()
    if kind == "mean":
        return amount / total, simulated.settings["item_sd"] / np.sqrt(total)
    if kind == "proportion":
        share = (amount + 0.5) / (total + 1)
        return np.log(share / (1 - share)), 1 / np.sqrt(total * overall * (1 - overall))
    return -np.log((amount + 0.5) / total), 1 / np.sqrt(total * overall)
