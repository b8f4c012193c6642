"""Several outcomes: who leads on each and on a declared composite, and who pays for it on a balancing one."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
from scipy.special import ndtr

from pdlib.deviants.finding import Deviants, find_deviants
from pdlib.errors import StudyError
from pdlib.expected import REACH, Expected, expect
from pdlib.show import figures, overview
from pdlib.show.wording import capitalised, in_words, listed, plural, sentence
from pdlib.stats.joint import joint_shrink, luck_correlation, merit_covariance, working_cells
from pdlib.stats.posterior import top_probability

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from pdlib.observations import Observations
    from pdlib.study import Outcome

WORST = 0.25
SURE = 0.80
LISTED = ("confident", "likely")
COLUMNS = [
    "unit", "label", "outcome", "role", "n_periods", "exposure", "observed", "expected", "shrunken_excess",
    "shrunken_excess_lower", "shrunken_excess_upper", "p_top", "p_worse", "p_worst", "group", "flag",
]  # fmt: skip


@dataclass(frozen=True, eq=False)
class Outcomes:
    """Every declared outcome of every unit, beside the one that decides who is named.

    Attributes
    ----------
    deviants : Deviants
        The list that is looked at; its outcome decides who is named.
    notes : dict of str to str
        For each flagged unit, one sentence that does not name it.
    caveats : list of str
    settings : dict
    """

    deviants: Deviants
    _table: pd.DataFrame = field(repr=False)
    notes: dict[str, str]
    caveats: list[str]
    settings: dict[str, Any]

    @property
    def table(self) -> pd.DataFrame:
        """One row per unit and outcome, the listed units first.

        ``unit``, ``label``, ``outcome``, ``role`` (primary, other, balancing, composite), ``n_periods``, ``exposure``,
        ``observed``, ``expected``, ``shrunken_excess`` with 90 % bounds (outcome units, more is better; for a composite
        in spreads of what lasts), ``p_top``, ``p_worse`` (probability to be truly worse than expected), ``p_worst`` (to
        be truly in the worst quarter), ``group`` (of the list looked at), ``flag`` (listed, and credibly in the worst
        quarter of a balancing outcome).
        """
        return self._table.copy()

    @property
    def flagged(self) -> pd.DataFrame:
        """The rows that are flagged."""
        return self.table[self._table["flag"]]

    @property
    def finding(self) -> str:
        """How many of the list do worse on a balancing outcome, in a sentence."""
        study, outcome = self.deviants.expected.observations.study, self.deviants.expected.outcome
        count = int(self.deviants.table["group"].isin(LISTED).sum())
        others = [item.label for item in balancing(self.deviants)]
        if not others:
            return f"No outcome is declared to balance {outcome.label}, so what it may cost elsewhere is not seen."
        if not count:
            return f"No {study.unit.singular} leads on {outcome.label}, so there is nothing to balance."
        hit = len(self.notes)
        who = f"{count} {plural(count, study.unit.singular, study.unit.plural)} {plural(count, 'leads', 'lead')}"
        those = f"{in_words(hit) if hit else 'none'} of them {plural(max(hit, 1), 'is', 'are')}"
        return f"{who} on {outcome.label}; {those} credibly among the worst quarter in {listed(others, 'or')}."

    def plot(self, *, ax: Axes | None = None) -> Axes:
        """How much worse the listed units do on the first balancing outcome, the worst first and flagged ones marked.

        Without a balancing outcome: how much better they do on their own.
        """
        other = next(iter(balancing(self.deviants)), None)
        outcome, sign, word = (other, -1, "worse") if other else (self.deviants.expected.outcome, 1, "better")
        rows = self._table[self._table["outcome"].eq(outcome.name) & self._table["group"].isin(LISTED)]
        names = ["shrunken_excess", "shrunken_excess_lower", "shrunken_excess_upper"]
        rows = rows.assign(**{name: sign * rows[name] for name in names})
        rows["marked"] = np.where(rows["flag"], "confident", "rest")
        show = outcome.format
        return figures.dots(
            rows, value=names[0], lower=names[1], upper=names[2], groups="marked", value_format=show.difference,
            value_label=f"{outcome.label}: {show.unit} {word} than expected", title=self.finding, ax=ax,
        )  # fmt: skip

    def _repr_html_(self) -> str:
        shown = [
            "label",
            "outcome",
            "role",
            "observed",
            "expected",
            "shrunken_excess",
            "p_top",
            "p_worst",
            "group",
            "flag",
        ]
        return overview(self.finding, self._table[shown], self.caveats).__html__()


def compare_outcomes(observations: Observations, deviants: Deviants | None = None) -> Outcomes:
    """Hold every unit's other outcomes beside the one that decides who is named.

    A unit of the list is flagged if it is in the worst quarter of a balancing outcome, given its means, with a
    probability of at least .8 (a convention).

    Parameters
    ----------
    observations : Observations
    deviants : Deviants, optional
        The list to look at; by default that of the primary outcome.

    Returns
    -------
    Outcomes

    Notes
    -----
    A composite ψ = Σ a_k θ_k/τ_k weighs true effects in spreads τ_k of what lasts; the study's weights a_k are scaled
    to add up to 1. Its posterior is that of jointly normal effects: luck is correlated between outcomes as what is left
    in the same cells is, true effects as the products of excesses are once shared luck is taken out.

    References
    ----------
    Lin, Louis, Paddock & Ridgeway (2006), doi:10.1214/06-BA130, for the probabilities; `pdlib.stats.joint`.
    """
    deviants = find_deviants(expect(observations)) if deviants is None else deviants
    fits = {outcome.name: _expected(deviants, outcome) for outcome in observations.study.outcome}
    parts = [_rows(fit, deviants) for fit in fits.values()]
    composite, caveats = _composite(fits, deviants)
    table = pd.concat([*parts, *composite], ignore_index=True)
    table = table.merge(_order(deviants), on="unit", how="left").sort_values("place", kind="stable", ignore_index=True)
    flagged = table[table["flag"]]
    notes = _notes(flagged, deviants)
    labels = flagged.drop_duplicates("unit").set_index("unit")["label"]
    named = [f"{labels[unit]} leads on {deviants.expected.outcome.label}. But: {note}" for unit, note in notes.items()]
    settings = {**deviants.settings, "worst": WORST, "sure": SURE}
    return Outcomes(deviants, table[COLUMNS], notes, [*named, *caveats], settings)


def balancing(deviants: Deviants) -> list[Outcome]:
    """The outcomes declared to balance the one that the list was made on."""
    expected = deviants.expected
    return [
        item
        for item in expected.observations.study.outcome
        if item.role == "balancing" and item.name != expected.outcome.name
    ]


def balance(deviants: Deviants) -> dict[str, str]:
    """For each listed unit that is credibly among the worst of a balancing outcome, a sentence that does not name it.

    Parameters
    ----------
    deviants : Deviants

    Returns
    -------
    dict of str to str
        By unit; empty if no balancing outcome is declared or nobody is flagged.
    """
    rows = [_rows(_expected(deviants, outcome), deviants) for outcome in balancing(deviants)]
    if not rows:
        return {}
    table = pd.concat(rows, ignore_index=True)
    return _notes(table[table["flag"]], deviants)


def _expected(deviants: Deviants, outcome: Outcome) -> Expected:
    own = deviants.expected
    if outcome.name == own.outcome.name:
        return own
    return expect(own.observations, outcome=outcome.name, form=own.settings["form"], challenger=own.challenger)


def _rows(expected: Expected, deviants: Deviants) -> pd.DataFrame:
    """One outcome's part of the table."""
    outcome, fit = expected.outcome, expected.fit
    rated = fit.rated
    chances = pd.DataFrame({"unit": expected.grid.units, "p_worse": np.nan, "p_worst": np.nan})
    effect, sd = fit.effect[rated], fit.sd[rated]
    chances.loc[rated, "p_worse"] = _below_zero(effect, sd)
    chances.loc[rated, "p_worst"] = top_probability(-effect, sd, WORST)[0]
    table = (deviants if expected is deviants.expected else find_deviants(expected)).table
    table = table.drop(columns="group").merge(chances, on="unit").merge(_groups(deviants), on="unit", how="left")
    table["group"] = table["group"].fillna("not rated")
    table["flag"] = (
        (outcome.role == "balancing")
        & (outcome.name != deviants.expected.outcome.name)
        & table["group"].isin(LISTED)
        & table["p_worst"].ge(SURE)
        & table["p_worse"].ge(SURE)
    )
    return table.assign(outcome=outcome.name, role=outcome.role)[COLUMNS]


def _below_zero(effect: np.ndarray, sd: np.ndarray) -> np.ndarray:
    """P(effect < 0); one half where nothing differs."""
    return ndtr(np.divide(-effect, sd, out=np.zeros_like(effect), where=sd > 0))


def _groups(deviants: Deviants) -> pd.DataFrame:
    return deviants.table[["unit", "group"]]


def _order(deviants: Deviants) -> pd.DataFrame:
    return pd.DataFrame({"unit": deviants.table["unit"], "place": range(len(deviants.table))})


def _notes(flagged: pd.DataFrame, deviants: Deviants) -> dict[str, str]:
    """One sentence a unit, naming every balancing outcome on which it is flagged."""
    study = deviants.expected.observations.study
    return {
        str(unit): sentence(listed([_cost(study.find_outcome(row["outcome"]), row) for _, row in rows.iterrows()]))
        for unit, rows in flagged.groupby("unit", sort=False)
    }


def _cost(outcome: Outcome, row: pd.Series) -> str:
    observed, expected = (outcome.format.value(row[name], fine=True) for name in ("observed", "expected"))
    return f"{outcome.label} are worse than expected: {observed} against {expected}"


# -- the composite ----------------------------------------------------------------------------------------------------


def _composite(fits: dict[str, Expected], deviants: Deviants) -> tuple[list[pd.DataFrame], list[str]]:
    """The rows of the declared composite, and what to keep in mind about it."""
    declared = deviants.expected.observations.study.composite
    if declared is None:
        return [], []
    flat = [name for name in declared.weights if fits[name].fit.persistent_variance <= 0]
    names = [name for name in declared.weights if name not in flat]
    labels = {name: fits[name].outcome.label for name in declared.weights}
    notes = [
        f"{capitalised(labels[name])} adds nothing to {declared.label}: "
        + ("no difference in it lasts." if fits[name].tells_lasting else "what lasts in it cannot be told.")
        for name in flat
    ]
    if not names:
        return [], notes
    units, mean, sd = _weighed({name: fits[name] for name in names}, np.array([declared.weights[n] for n in names]))
    weighed = listed([f"{declared.weights[name]:g} of {labels[name]}" for name in names])
    notes.append(f"{capitalised(declared.label)} weighs {weighed}, each in spreads of what lasts.")
    return [_composite_rows(declared.name, units, mean, sd, deviants)], notes


def _composite_rows(name: str, units: pd.Index, mean: np.ndarray, sd: np.ndarray, deviants: Deviants) -> pd.DataFrame:
    base = deviants.table.set_index("unit").reindex(units)
    columns = {
        "unit": units, "label": deviants.expected.observations.units["label"].reindex(units).to_numpy(),
        "outcome": name, "role": "composite", "n_periods": base["n_periods"].to_numpy(),
        "exposure": base["exposure"].to_numpy(),
        "observed": np.nan, "expected": np.nan, "shrunken_excess": mean, "shrunken_excess_lower": mean - REACH * sd,
        "shrunken_excess_upper": mean + REACH * sd,
        "p_top": top_probability(mean, sd, deviants.expected.observations.study.top)[0],
        "p_worse": _below_zero(mean, sd), "p_worst": top_probability(-mean, sd, WORST)[0],
        "group": base["group"].fillna("not rated").to_numpy(), "flag": False,
    }  # fmt: skip
    return pd.DataFrame(columns)[COLUMNS]


def _weighed(fits: dict[str, Expected], weights: np.ndarray) -> tuple[pd.Index, np.ndarray, np.ndarray]:
    """Posterior mean and SD of the composite, for the units that are rated on all of its outcomes."""
    units, residual, noise, tau2, luck = _joint_parts(list(fits.values()))
    prior = merit_covariance(residual, noise, tau2, luck)
    spread = np.sqrt(noise)
    mean, covariance = joint_shrink(residual, luck * spread[:, :, None] * spread[:, None, :], prior)
    scaled = weights / weights.sum() / np.sqrt(tau2)
    return units, mean @ scaled, np.sqrt(np.einsum("j,ijk,k->i", scaled, covariance, scaled))


def _joint_parts(fits: list[Expected]) -> tuple[pd.Index, np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """Units rated on every outcome; excess and its noise (N, K); lasting variance (K,); correlation of luck (K, K)."""
    units = fits[0].grid.units[fits[0].fit.rated]
    for item in fits[1:]:
        units = units.intersection(item.grid.units[item.fit.rated])
    if len(units) < 3:
        raise StudyError("Fewer than three units have data on every outcome of the composite; weigh other outcomes.")
    periods = list(dict.fromkeys(period for item in fits for period in item.grid.periods))
    left, weights = zip(*(_left_over(item, units, periods) for item in fits), strict=True)
    places = [item.grid.units.get_indexer(units) for item in fits]
    residual = np.column_stack([item.fit.residual[at] for item, at in zip(fits, places, strict=True)])
    noise = np.column_stack([item.fit.noise[at] for item, at in zip(fits, places, strict=True)])
    tau2 = np.array([item.fit.persistent_variance for item in fits])
    return units, residual, noise, tau2, luck_correlation(list(left), list(weights))


def _left_over(expected: Expected, units: pd.Index, periods: list[str]) -> tuple[np.ndarray, np.ndarray]:
    """What unit and period effects leave of an outcome's cells, and their weights, on a common grid."""
    fit, grid = expected.fit, expected.grid
    z, _ = working_cells(fit, grid.y, grid.n)
    own = z - fit.collapsed.value[:, None] - fit.collapsed.period_effects
    rows, columns = grid.units.get_indexer(units), pd.Index(periods).get_indexer(pd.Index(grid.periods))
    left, weights = np.zeros((len(units), len(periods))), np.zeros((len(units), len(periods)))
    left[:, columns] = np.nan_to_num(own[rows])
    weights[:, columns] = fit.collapsed.weights[rows]
    return left, weights
