"""Who does better than expected, credibly, again and again."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
import pandas as pd

from pdlib.deviants.unit import Twin, Why, find_twin
from pdlib.expected import FALSE_SHARE, LIKELY, REACH, Certainty, Expected, namable, upper_rung, worth_having
from pdlib.show import figures, overview
from pdlib.stats.posterior import rank_range
from pdlib.stats.ranks import rank_sets
from pdlib.study import Study

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from pdlib.deviants.change import Improved
    from pdlib.deviants.funnel import Convention, Funnel
    from pdlib.deviants.guards import Guards
    from pdlib.deviants.luck import LuckCheck
    from pdlib.deviants.outcomes import Outcomes

View = Literal["funnel", "caterpillar", "ranks"]
GROUPS = ("confident", "likely", "watch", "rest", "not rated")


@dataclass(frozen=True, eq=False)
class Deviants:
    """Units with the probability that each is truly in the top share, given its means.

    Attributes
    ----------
    expected : Expected
        The expectation that the units are held against.
    threshold : float
        Effect above which a unit is in the top share (oriented working scale).
    caveats : list of str
    settings : dict
    """

    expected: Expected
    _table: pd.DataFrame = field(repr=False)
    threshold: float
    caveats: list[str]
    settings: dict[str, Any]

    @property
    def table(self) -> pd.DataFrame:
        """One row per unit, the likeliest first.

        ``unit``, ``label``, ``n_periods``, ``n_hidden`` (periods whose count was hidden for being small: ``observed``
        is then about right), ``exposure``, ``observed``, ``expected``, ``excess`` with 90 % bounds,
        ``shrunken_excess`` with 90 % bounds, ``p_top``, ``p_worth`` (that the excess is worth having, if the study says
        how much is), ``rank`` with its 90 % range, ``raw_rank``, ``group`` (confident, likely, watch, rest, not rated),
        ``noise_share``, ``leverage``, ``supported``. Outcome units; excess is signed so that more is better.
        """
        return self._table.copy()

    def units(self, group: str) -> list[str]:
        """Units of one group, the likeliest first."""
        return list(self._table.loc[self._table["group"] == group, "unit"])

    @property
    def confident(self) -> pd.DataFrame:
        """The units that may be named to leaders."""
        return self.table[self._table["group"] == "confident"]

    @property
    def likely(self) -> pd.DataFrame:
        """Units more likely than not to be in the top share, the confident left out: for analysts."""
        return self.table[self._table["group"] == "likely"]

    @property
    def watch(self) -> pd.DataFrame:
        """The rest of the leading share by probability: reading matter, not deviants."""
        return self.table[self._table["group"] == "watch"]

    @property
    def expected_right(self) -> float:
        """How many of the confident units are expected to be real."""
        return float(self.confident["p_top"].sum())

    @cached_property
    def certainty(self) -> Certainty:
        """How sure this list is, by its own share of false names: the rung and its sentence."""
        if self.expected.silence:
            return self.expected.certainty
        p, named = self._table["p_top"].to_numpy(), self._table["group"].eq("confident").to_numpy()
        return upper_rung(self.expected, p, named, self.settings["false_share"])

    @property
    def finding(self) -> str:
        """Who was found, or why nobody is named, in a sentence."""
        if not self.certainty.bars_names:
            return self.certainty.sentence
        none = f"None of {len(self._table):,} {self.expected.observations.study.unit.plural} is named."
        return " ".join(filter(None, [none, self.certainty.sentence, self.disagreement]))

    @property
    def withheld(self) -> pd.DataFrame:
        """Units that are likely in the top share but not named, for few others share their context."""
        if self.certainty.bars_names:
            return self.table.iloc[:0]
        return self.table[(self._table["p_top"] >= LIKELY) & ~self._table["supported"].astype(bool)]

    @cached_property
    def disagreement(self) -> str:
        """That the funnel shows far more units outside its lines than a verdict of no names allows, and why; or empty.

        Far more: what ordinary units would show once in a thousand times.
        """
        from pdlib.deviants.funnel import disagreement

        return disagreement(self) if self.certainty.bars_names else ""

    def luck_check(self) -> LuckCheck:
        """How much of a league table's lead survives in later periods, and how much of ours."""
        return self._luck_check

    @cached_property
    def _luck_check(self) -> LuckCheck:
        from pdlib.deviants.luck import luck_check

        return luck_check(self.expected)

    def guards(self) -> Guards:
        """What could make this list misleading, each checked on these data and said in a sentence."""
        return self._guards

    @cached_property
    def _guards(self) -> Guards:
        from pdlib.deviants.guards import check

        return check(self)

    def outcomes(self) -> Outcomes:
        """Every declared outcome of every unit beside the one that the list was made on."""
        from pdlib.deviants.outcomes import compare_outcomes

        return compare_outcomes(self.expected.observations, self)

    def balance(self) -> dict[str, str]:
        """For each listed unit that is credibly among the worst of a balancing outcome, a sentence about it."""
        from pdlib.deviants.outcomes import balance

        return balance(self)

    def improved(self, before: tuple[str, str] | None = None, after: tuple[str, str] | None = None) -> Improved:
        """Who moved up between two spans, on the outcome that the list was made on.

        Parameters
        ----------
        before, after : (str, str), optional
            First and last period of each span; by default those before the first declared shock, and that shock.

        Returns
        -------
        Improved
        """
        from pdlib.deviants.change import find_improved

        return find_improved(self.expected.observations, before, after, self.expected.outcome.name)

    def why(self, unit: str) -> Why:
        """Why a unit stands where it does: raw beside adjusted, what each condition forgave, how noisy, how long.

        Parameters
        ----------
        unit : str
            Id or label.

        Returns
        -------
        Why
        """
        row = self.expected.table.iloc[self.expected.position(unit)]
        own = self._table.set_index("unit").loc[row["unit"]]
        return Why(self, str(row["unit"]), own, self.expected.contributions(str(row["unit"])))

    def twin(self, unit: str) -> Twin:
        """The ordinary unit most alike in context and size.

        Parameters
        ----------
        unit : str
            Id or label.

        Returns
        -------
        Twin
        """
        row = self.expected.table.iloc[self.expected.position(unit)]
        return find_twin(self, str(row["unit"]))

    def peers(self, unit: str, *, count: int = 10) -> pd.DataFrame:
        """A unit among the units most alike in context and size, whoever they are, the best excess first.

        Parameters
        ----------
        unit : str
            Id or label.
        count : int
            How many peers.

        Returns
        -------
        DataFrame
            The unit and its peers: ``unit``, ``label``, ``distance``, ``exposure``, ``observed``, ``expected``,
            ``shrunken_excess`` with its 90 % bounds, ``group``. Ordinary ones among them are comparators for a visit.
        """
        own = str(self.expected.table["unit"].iloc[self.expected.position(unit)])
        table = self._table.assign(distance=self.distance([own], list(self._table["unit"]))[0])
        columns = [
            "unit", "label", "distance", "exposure", "observed", "expected", "shrunken_excess",
            "shrunken_excess_lower", "shrunken_excess_upper", "group",
        ]  # fmt: skip
        itself = table["unit"] == own
        table.loc[itself, "distance"] = 0.0
        near = pd.concat([table[itself], table[~itself].nsmallest(count, "distance")])
        return near.sort_values(["shrunken_excess", "unit"], ascending=[False, True], ignore_index=True)[columns]

    def distance(self, units: Sequence[str], others: Sequence[str]) -> np.ndarray:
        """How far units lie from others in context and size.

        Euclidean over conditions scaled to unit spread, a category that differs counting as one and a half spreads, and
        the logarithm of exposure per period.

        Parameters
        ----------
        units, others : sequences of str
            Ids.

        Returns
        -------
        (len(units), len(others)) array
        """
        index = self.expected.grid.units
        here, there = (self._likeness[index.get_indexer(pd.Index(names))] for names in (units, others))
        gaps = (here**2).sum(axis=1)[:, None] + (there**2).sum(axis=1) - 2 * here @ there.T
        return np.sqrt(np.maximum(gaps, 0.0))

    @cached_property
    def _likeness(self) -> np.ndarray:
        return _likeness(self.expected)

    def funnel_limits(self, points: int = 60, *, convention: Convention = "overdispersed") -> pd.DataFrame:
        """Where ordinary units of each size would lie: ``exposure``, ``centre`` and the 95 % and 99.8 % limits.

        The limits use the lasting variance left by REML, so that they allow for ordinary differences between units;
        `funnel` tells of the other conventions.
        """
        from pdlib.deviants.funnel import limits_over_sizes

        return limits_over_sizes(self, convention, points)

    def funnel(self, convention: Convention = "overdispersed") -> Funnel:
        """The familiar picture as a result: each unit beside the limits at its own exposure. It names nobody.

        Parameters
        ----------
        convention : {"overdispersed", "exact", "SHMI", "CQC", "PR"}
            What the limits allow for: luck and the lasting differences that REML finds; luck alone; or luck and
            differences by the published trimming rules for rates (SHMI, CQC) and shares (PR).

        Returns
        -------
        Funnel
        """
        from pdlib.deviants.funnel import read_funnel

        return read_funnel(self, convention)

    def rank_sets(self, *, level: float = 0.95, seed: int = 0) -> pd.DataFrame:
        """The ranks that the data cannot rule out, all units at once: an appendix for at most 60 units.

        Parameters
        ----------
        level : float
            Coverage of all true ranks at once.
        seed : int

        Returns
        -------
        DataFrame
            ``unit``, ``label``, ``rank_lower``, ``rank_upper`` (1 = best) of the rated units, best first.

        Raises
        ------
        ValueError
            More than 60 units: such sets say nearly nothing.
        """
        fit, rated = self.expected.fit, self.expected.fit.rated
        lower, upper = rank_sets(fit.residual[rated], np.sqrt(fit.noise[rated]), level=level, seed=seed)
        frame = self.expected.table.loc[rated, ["unit", "label"]].assign(rank_lower=lower, rank_upper=upper)
        return frame.sort_values(["rank_lower", "rank_upper", "unit"], ignore_index=True)

    def plot(self, view: View = "funnel", *, ax: Axes | None = None) -> Axes:
        """One of the familiar views, confident units labelled.

        Parameters
        ----------
        view : {"funnel", "caterpillar", "ranks"}
            Adjusted outcome against exposure; shrunken excess of all in order, or expected ranks, with 90 % ranges.
        ax : Axes, optional
        """
        outcome, named, plural = self.expected.outcome, self.confident, self.expected.observations.study.unit.plural
        labels = dict(zip(named["unit"], named["label"], strict=True))
        if view == "funnel":
            return figures.funnel(
                self.adjusted(), self.funnel_limits(), labels=labels, exposure_label=outcome.exposure_label,
                value_format=outcome.format.tick, title=self.finding, ax=ax,
            )  # fmt: skip
        if view == "caterpillar":
            return figures.caterpillar(
                self._table, value="shrunken_excess", lower="shrunken_excess_lower", upper="shrunken_excess_upper",
                labels=labels, value_format=outcome.format.difference_tick, title=self.finding, ax=ax,
                value_label=f"Shrunken excess of {plural} ({outcome.format.unit}), with 90 % range",
            )  # fmt: skip
        if view == "ranks":
            return figures.caterpillar(
                self._table, value="rank", lower="rank_lower", upper="rank_upper", labels=labels, reference=None,
                best="low", title=self.finding, ax=ax, value_label=f"Expected rank of {plural}, with 90 % range",
            )  # fmt: skip
        raise ValueError(f"view is {view!r}; it must be funnel, caterpillar or ranks.")

    def adjusted(self) -> pd.DataFrame:
        """The table with ``adjusted``: the overall outcome moved by the unit's own excess, as the funnel shows it."""
        table, fit = self._table, self.expected.fit
        overall = np.average(table["observed"], weights=table["exposure"])
        adjusted = overall + self.expected.outcome.sign * table["excess"]
        ends = {"proportion": (0.0, 1.0), "rate": (0.0, None), "mean": (None, None)}[fit.kind]
        return table.assign(adjusted=adjusted.clip(*ends))

    def _repr_html_(self) -> str:
        shown = ["label", "observed", "expected", "shrunken_excess", "p_top", "rank", "raw_rank", "group"]
        return overview(self.finding, self._table[shown], self.caveats).__html__()


def find_deviants(expected: Expected, *, false_share: float = FALSE_SHARE) -> Deviants:
    """Find the units that are credibly in the top share, given their means.

    Parameters
    ----------
    expected : Expected
    false_share : float
        Largest expected share of false names among the confident.

    Returns
    -------
    Deviants

    References
    ----------
    Lin et al. (2006), doi:10.1214/06-BA130; Gu & Koenker (2023), doi:10.3982/ECTA19304.
    """
    fit, study = expected.fit, expected.observations.study
    base = expected.table
    rated = fit.rated
    p, threshold = expected.top_chances
    effect, sd = fit.effect[rated], fit.sd[rated]
    worth = worth_having(expected, fit.effect, fit.sd)
    named = namable(expected, p, worth, false_share)
    table = _with_shrunken(base, expected)
    table["p_top"], table["p_worth"] = p, worth
    table[["rank", "rank_lower", "rank_upper"]] = np.nan
    table.loc[rated, ["rank", "rank_lower", "rank_upper"]] = np.column_stack(rank_range(effect, sd))
    table["raw_rank"] = (-expected.outcome.sign * table["observed"]).rank(method="min")
    table["group"] = groups_by_chance(p, named, study.top, flat=fit.persistent_variance <= 0)
    table["noise_share"] = fit.noise / (fit.noise + fit.persistent_variance)
    columns = [
        "unit", "label", "n_periods", "n_hidden", "exposure", "observed", "expected", "excess", "excess_lower",
        "excess_upper", "shrunken_excess", "shrunken_excess_lower", "shrunken_excess_upper", "p_top", "p_worth", "rank",
        "rank_lower", "rank_upper", "raw_rank", "group", "noise_share", "leverage", "supported",
    ]  # fmt: skip
    table = table[columns].sort_values(["p_top", "unit"], ascending=[False, True], ignore_index=True)
    settings = {**expected.settings, "false_share": false_share}
    found = Deviants(expected, table, threshold, [*_named_notes(table, study), *expected.caveats], settings)
    return replace(found, caveats=[found.disagreement, *found.caveats]) if found.disagreement else found


def _with_shrunken(table: pd.DataFrame, expected: Expected) -> pd.DataFrame:
    fit, sign = expected.fit, expected.outcome.sign
    reach = REACH * fit.sd
    for name, value in (("", fit.effect), ("_lower", fit.effect - reach), ("_upper", fit.effect + reach)):
        level = fit.on_outcome_scale(fit.expected + value, expected.grid.n)
        table[f"shrunken_excess{name}"] = sign * (level - table["expected"].to_numpy())
    return table


def groups_by_chance(p: np.ndarray, named: np.ndarray, top: float, *, flat: bool) -> np.ndarray:
    """Confident if named, likely from one half, watch among the leading share, not rated without a probability."""
    leading = np.zeros(len(p), dtype=bool)
    if not flat:
        leading[np.argsort(-np.nan_to_num(p, nan=-1.0), kind="stable")[: int(top * np.isfinite(p).sum())]] = True
    conditions = [np.isnan(p), named, (p >= LIKELY) & (not flat), leading]
    return np.select(conditions, ["not rated", "confident", "likely", "watch"], default="rest")


def _named_notes(table: pd.DataFrame, study: Study) -> list[str]:
    far = table.loc[(table["p_top"] >= LIKELY) & ~table["supported"].astype(bool), "label"]
    notes = []
    if len(far):
        notes.append(f"Not called confident because few {study.unit.plural} share their context: {', '.join(far)}.")
    notes.append(
        "A condition that the study does not know looks like merit; an excess is what the declared means leave."
    )
    return notes


def _likeness(expected: Expected) -> np.ndarray:
    grid = expected.grid
    periods = (grid.n > 0).sum(axis=1)
    numeric = np.column_stack([grid.usual, np.log(grid.n.sum(axis=1) / periods)])
    spread = numeric.std(axis=0)
    columns = [(numeric - numeric.mean(axis=0)) / np.where(spread > 1e-12, spread, np.inf)]
    columns += [shares * (1.5 / np.sqrt(2)) for shares in grid.level_shares]
    return np.column_stack(columns)
