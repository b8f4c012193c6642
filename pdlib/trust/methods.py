"""The methods compared: ours by its public path, the oracle that knows the truth, and what people do instead."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from pdlib.deviants import find_deviants
from pdlib.expected import expect
from pdlib.expected.expecting import Form
from pdlib.observations import read
from pdlib.simulate.panel import BASE_RATE, BASE_SHARE, SimulatedPanel
from pdlib.stats.funnel import overdispersion
from pdlib.stats.posterior import confident_list, shrink, top_probability
from pdlib.stats.working import inverse_link, link, working_values
from pdlib.study import Study

Array = np.ndarray
TOP = 0.10
BASE = {"mean": 0.0, "proportion": BASE_SHARE, "rate": BASE_RATE}
UNSEEN = 1e12


@dataclass(frozen=True, eq=False)
class Answer:
    """What a method says about each unit, in the order of the truth.

    Attributes
    ----------
    order : (N,) array
        What it ranks by, more being better.
    estimate : (N,) array
        Its estimate of the unit's level, or lasting excess where it has an ``sd``.
    named : (N,) bool array
        The units that it names.
    p : (N,) array, optional
        The chance that it claims for each to be in the top share.
    sd : (N,) array, optional
        Posterior SD of the estimate, working scale.
    listed : (N,) bool array, optional
        The units that it shows to analysts; the named by default.
    """

    order: Array
    estimate: Array
    named: Array
    p: Array | None = None
    sd: Array | None = None
    listed: Array | None = None


def ours(simulated: SimulatedPanel, form: Form = "auto") -> Answer:
    """Read, expect, find, by the public path."""
    study, units = Study(**simulated.study()), simulated.truth["unit"]
    expected = expect(read(study, {"observations": simulated.panel}), form=form)
    table = find_deviants(expected).table.set_index("unit").reindex(units)
    place, fit = expected.grid.units.get_indexer(pd.Index(units)), expected.fit
    p, group = table["p_top"].fillna(0.0).to_numpy(), table["group"]
    listed = group.isin(["confident", "likely"]).to_numpy()
    return Answer(p, fit.effect[place], group.eq("confident").to_numpy(), p, fit.sd[place], listed)


def oracle(simulated: SimulatedPanel) -> Answer:
    """The posterior of one who knows context, periods, spells and variances; luck is all that is left.

    Shares and rates are linearised about the true context and the unit's posterior mean, turned until it settles.
    """
    settings, kind, (y, n) = simulated.settings, simulated.settings["kind"], spread(simulated)
    sign, base = -1 if kind == "rate" else 1, float(link(kind, np.array(BASE[kind])))
    slope = 1.0 if kind == "mean" else settings["link_slope"]
    known = slope * simulated.known
    tau2, shock = (slope * settings["effect_sd"]) ** 2, (slope * settings["shock_sd"]) ** 2
    place = np.arange(y.shape[1])
    shocks = shock * settings["shock_correlation"] ** np.abs(place[:, None] - place)
    seen = n > 0
    effect = sd = np.zeros(len(y))
    for _ in range(1 if kind == "mean" else 12):
        mu = inverse_link(kind, base + sign * (known + effect[:, None]))
        with np.errstate(divide="ignore", invalid="ignore"):
            z, s2 = working_values(kind, y, n, mu, settings["item_sd"] ** 2)
        noise = shocks + np.eye(len(place)) * np.where(seen, s2, UNSEEN)[:, None, :]
        weight = np.linalg.solve(noise, np.ones((*seen.shape, 1)))[..., 0]
        left = np.where(seen, sign * (z - base) - known, 0.0)
        total = weight.sum(axis=1)
        effect, sd = shrink((weight * left).sum(axis=1) / total, 1.0 / total, tau2)
    p, _ = top_probability(effect, sd, TOP)
    return Answer(p, effect, confident_list(p, top=TOP), p, sd)


def usual(simulated: SimulatedPanel) -> dict[str, Answer]:
    """What people do: a raw ranking, a cut-off on straight-line residuals, an overdispersed funnel about them."""
    raw, se = _crude(simulated)
    features = design(simulated)
    residual = raw - features @ np.linalg.lstsq(features, raw, rcond=None)[0]
    _, tau2, _ = overdispersion(residual / se, se)
    z = residual / np.sqrt(se**2 + tau2)
    return {
        "raw ranking": Answer(raw, raw, leading(raw)),
        "OLS residual": Answer(residual, residual, residual > residual.std()),
        "funnel 95 %": Answer(z, residual, z > 1.959963984540054),
    }


def answers(simulated: SimulatedPanel) -> dict[str, Answer]:
    """Ours, and what people do instead."""
    return {"ours": ours(simulated), **usual(simulated)}


def tenth(count: int) -> int:
    """How many units make the leading tenth."""
    return max(1, round(TOP * count))


def leading(order: Array) -> Array:
    """The leading tenth by an order."""
    chosen = np.zeros(len(order), dtype=bool)
    chosen[np.argsort(-order, kind="stable")[: tenth(len(order))]] = True
    return chosen


def spread(simulated: SimulatedPanel) -> tuple[Array, Array]:
    """(N, P) outcome and size, units in the order of the truth; size 0 where nothing was observed."""
    kind = simulated.settings["kind"]
    columns = {"mean": ["value", "n"], "proportion": ["successes", "n"], "rate": ["events", "exposure"]}
    amount, size = columns[kind]
    wide = simulated.panel.pivot_table(index="unit", columns="period", values=[amount, size])
    wide = wide.reindex(simulated.truth["unit"])
    y, n = wide[amount].to_numpy(float), wide[size].fillna(0.0).to_numpy(float)
    with np.errstate(divide="ignore", invalid="ignore"):
        return (y if kind == "mean" else y / n), n


def design(simulated: SimulatedPanel) -> Array:
    """(N, Q) constant, declared conditions averaged over periods, and a column for each level of a category."""
    names = [item if isinstance(item, str) else item["name"] for item in simulated.context]
    panel = simulated.panel.set_index("unit")[names]
    numbers = panel.select_dtypes("number").groupby("unit").mean()
    levels = [
        pd.get_dummies(column.groupby("unit").first(), drop_first=True)
        for _, column in panel.items()
        if column.name not in numbers
    ]
    frame = pd.concat([numbers, *levels], axis=1).reindex(simulated.truth["unit"])
    return np.column_stack([np.ones(len(frame)), frame.to_numpy(float)])


def _crude(simulated: SimulatedPanel) -> tuple[Array, Array]:
    """One value per unit from its pooled counts, oriented, and its nominal standard error."""
    kind, (y, n) = simulated.settings["kind"], spread(simulated)
    total, amount = n.sum(axis=1), np.where(n > 0, y * n, 0.0).sum(axis=1)
    overall = amount.sum() / total.sum()
    if kind == "mean":
        return amount / total, simulated.settings["item_sd"] / np.sqrt(total)
    if kind == "proportion":
        share = (amount + 0.5) / (total + 1)
        return np.log(share / (1 - share)), 1 / np.sqrt(total * overall * (1 - overall))
    return -np.log((amount + 0.5) / total), 1 / np.sqrt(total * overall)
