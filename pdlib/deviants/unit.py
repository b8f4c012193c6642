"""One unit: why it stands where it does, and its twin."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from pdlib.errors import TooFewUnitsError
from pdlib.expected import REACH
from pdlib.show import figures, overview
from pdlib.stats.working import inverse_link, slope

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from pdlib.deviants.finding import Deviants

MIDDLE = [0.25, 0.75]


@dataclass(frozen=True, eq=False)
class Why:
    """Why one unit stands where it does.

    Attributes
    ----------
    deviants : Deviants
    unit : str
    row : Series
        Its row of ``deviants.table``.
    """

    deviants: Deviants
    unit: str
    row: pd.Series
    _table: pd.DataFrame = field(repr=False)

    @property
    def table(self) -> pd.DataFrame:
        """What each condition forgave: ``condition``, ``value``, ``contribution`` (outcome units)."""
        return self._table.copy()

    @property
    def finding(self) -> str:
        """Raw beside adjusted, how noisy, how long, in two sentences."""
        row, expected = self.row, self.deviants.expected
        study, show = expected.observations.study, expected.outcome.format
        rated = np.isfinite(row["rank"])
        ranked = f"{row['rank']:.0f} ({row['rank_lower']:.0f} to {row['rank_upper']:.0f})" if rated else "not rated"
        span = f" over {row['n_periods']:.0f} {study.period.plural}" if study.period else ""
        remains = show.excess_between(row["shrunken_excess_lower"], row["shrunken_excess_upper"])
        left = f"{show.excess(row['shrunken_excess'])} ({remains}) remains"
        noise = f"{row['noise_share']:.0%} of such a difference is noise; {left}."
        if not expected.tells_lasting:
            noise = "How much of the difference lasts cannot be told."
        observed, usual = show.full.value(row["observed"], fine=True), show.value(row["expected"], fine=True)
        observed = f"about {observed}" if row["n_hidden"] else observed
        return (
            f"{row['label']} stands at {row['raw_rank']:.0f} of {len(self.deviants.table):,} raw and at {ranked} given "
            f"its means: {observed} observed, {usual} expected{span}. {noise}"
        )

    @property
    def caveats(self) -> list[str]:
        """What its expectation leans on, where that is little."""
        observations = self.deviants.expected.observations
        own = observations.panel[observations.panel["unit"] == self.unit]
        notes = [
            f"{self.row['label']}: {caution.says} ({own[caution.name].mean():.2g})."
            for caution in observations.study.caution
            if caution.holds(own[caution.name].mean())
        ]
        if not self.row["supported"]:
            plural = observations.study.unit.plural
            notes.append(f"Few {plural} share its context{self._unusual()}: its expectation leans on them.")
        return notes

    def _unusual(self) -> str:
        """The condition in which the unit lies furthest out, named."""
        expected = self.deviants.expected
        numeric = expected.grid.usual
        if not numeric.shape[1]:
            return ""
        spread = numeric.std(axis=0)
        away = np.abs(numeric[expected.position(self.unit)] - numeric.mean(axis=0))
        away /= np.where(spread > 0, spread, np.inf)
        return f" ({expected.grid.conditions[int(away.argmax())].label} lies furthest out)"

    @property
    def settings(self) -> dict[str, Any]:
        """Every resolved argument."""
        return {**self.deviants.settings, "unit": self.unit}

    def trend(self) -> pd.DataFrame:
        """Its outcome per period: ``period``, ``observed``, ``expected`` with the 90 % range of luck, ``exposure``.

        ``observed`` is missing where the count was hidden for being small.
        """
        expected = self.deviants.expected
        i, fit, grid = expected.position(self.unit), expected.fit, expected.grid
        eta = fit.sign * (fit.expected[i] + fit.collapsed.period_effects + fit.drift[i])
        seen = grid.n[i] > 0
        weights = np.where(seen, fit.collapsed.weights[i], 1.0)
        if grid.bounds is not None:  # as wide as for any other period
            own = inverse_link(fit.kind, eta + fit.sign * fit.effect[i])
            sampling = 1 / (np.where(seen, grid.n[i], 1.0) * slope(fit.kind, own))
            weights = np.where(grid.hidden[i], 1 / (sampling + fit.collapsed.transient_variance), weights)
        reach = REACH / np.sqrt(weights)
        level, lower, upper = (inverse_link(fit.kind, end) for end in (eta, eta - reach, eta + reach))
        columns = {
            "period": grid.periods, "observed": grid.y[i], "expected": level, "expected_lower": lower,
            "expected_upper": upper, "exposure": grid.n[i],
        }  # fmt: skip
        return pd.DataFrame(columns)[seen].reset_index(drop=True)

    def plot(self, *, ax: Axes | None = None) -> Axes:
        """What each condition adds or takes, from the average to the expected to the observed."""
        average = float(self.row["expected"] - self._table["contribution"].sum())
        show = self.deviants.expected.outcome.format
        return figures.why(
            self._table, start=average, observed=float(self.row["observed"]), title=self.finding,
            value_format=show.value, difference_format=show.difference, ax=ax,
        )  # fmt: skip

    def _repr_html_(self) -> str:
        return overview(self.finding, self._table, self.caveats).__html__()


@dataclass(frozen=True, eq=False)
class Twin:
    """A unit beside the ordinary unit most alike in context and size.

    Attributes
    ----------
    deviants : Deviants
    unit, peer : str
        Ids.
    difference, lower, upper : float
        By how much the unit does better than its twin once luck is allowed for, with a 90 % range (outcome units).
    closeness : float
        Share of all pairs of units that are further apart than these two.
    """

    deviants: Deviants
    unit: str
    peer: str
    difference: float
    lower: float
    upper: float
    closeness: float

    @property
    def table(self) -> pd.DataFrame:
        """Two rows, the unit and its twin.

        ``unit``, ``label``, ``n_periods``, ``exposure``, ``observed``, ``expected``, ``shrunken_excess``, then a column
        for each condition.
        """
        expected = self.deviants.expected
        columns = ["label", "n_periods", "exposure", "observed", "expected", "shrunken_excess"]
        rows = self.deviants.table.set_index("unit").loc[[self.unit, self.peer], columns]
        for item in expected.grid.conditions:
            rows[item.name] = [expected.context_value(unit, item) for unit in (self.unit, self.peer)]
        return rows.reset_index()

    @property
    def finding(self) -> str:
        """The pair in a sentence."""
        show, labels = self.deviants.expected.outcome.format, self.table["label"]
        alike = f"{labels[0]} and its twin are alike in what they cannot choose"
        if not self.deviants.expected.tells_lasting:
            return f"{alike}; how much of the difference between them lasts cannot be told."
        return (
            f"{alike}; {labels[0]} shows "
            f"{show.more(self.difference)} ({show.more_between(self.lower, self.upper)}) in {show.label} once luck is "
            "allowed for."
        )

    @property
    def caveats(self) -> list[str]:
        """How alike the two are."""
        if self.closeness > 0.9:
            return []
        return [f"The nearest ordinary unit is not very near: only {self.closeness:.0%} of pairs are further apart."]

    @property
    def settings(self) -> dict[str, Any]:
        """Every resolved argument."""
        return {**self.deviants.settings, "unit": self.unit}

    def plot(self, *, ax: Axes | None = None) -> Axes:
        """Both units per period against what is expected of the first."""
        own, peer = (self.deviants.why(unit).trend() for unit in (self.unit, self.peer))
        frame = own.merge(peer[["period", "observed"]].rename(columns={"observed": "twin"}), on="period", how="left")
        value_format = self.deviants.expected.outcome.format.tick
        name = str(self.table.loc[0, "label"])
        return figures.trend(frame, name=name, value_format=value_format, title=self.finding, ax=ax)

    def _repr_html_(self) -> str:
        return overview(self.finding, self.table, self.caveats).__html__()


def find_twin(deviants: Deviants, unit: str) -> Twin:
    """The unit of the ordinary rest that is most alike in context and size.

    Nearest by `Deviants.distance` among the middle half of the units by shrunken excess; among those that share the
    unit's ``twin_within`` group where the study declares one and the group has any.

    Parameters
    ----------
    deviants : Deviants
    unit : str
        Id.

    Returns
    -------
    Twin

    Raises
    ------
    TooFewUnitsError
        If no ordinary unit is left to compare with.
    """
    table = deviants.table.set_index("unit")
    low, high = table["shrunken_excess"].quantile(MIDDLE)
    ordinary = table.index[table["shrunken_excess"].between(low, high) & (table["p_top"] < 0.5) & (table.index != unit)]
    groups = deviants.expected.observations.units.get("twin_within")
    if groups is not None:
        alike = ordinary[groups.reindex(ordinary).eq(groups[unit]).to_numpy()]
        ordinary = alike if len(alike) else ordinary
    if len(ordinary) == 0:
        raise TooFewUnitsError(f"No ordinary unit is left to be the twin of {unit}: all others are among the leaders.")
    gaps = deviants.distance([unit], list(ordinary))[0]
    peer = str(ordinary[int(gaps.argmin())])
    pair = table.loc[[unit, peer]]
    difference = float(pair["shrunken_excess"].iloc[0] - pair["shrunken_excess"].iloc[1])
    reach = float(np.hypot(*(pair["shrunken_excess_upper"] - pair["shrunken_excess_lower"]) / 2))
    sample = list(table.index[:: max(1, len(table) // 1000)])
    pairs = deviants.distance(sample, sample)[np.triu_indices(len(sample), 1)]
    closeness = float((pairs > gaps.min()).mean())
    return Twin(deviants, unit, peer, difference, difference - reach, difference + reach, closeness)
