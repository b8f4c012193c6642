"""The list's own hold-out: found on earlier periods, scored on later ones."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from pdlib.deviants.finding import find_deviants
from pdlib.errors import TooFewUnitsError
from pdlib.expected import REACH, Expected, expect
from pdlib.show import figures, overview
from pdlib.show.wording import plural
from pdlib.study import Outcome

if TYPE_CHECKING:
    from matplotlib.axes import Axes

LISTS = ("league table", "ours")
STAND_IN = "Nobody is likely on the earlier half alone; the leading share stands in."


@dataclass(frozen=True, eq=False)
class LuckCheck:
    """How the lead of the earlier periods fared in the later ones.

    Attributes
    ----------
    span : tuple of str
        First and last period of the earlier and of the later half.
    correlation : float
        Correlation between earlier and later excess over units.
    finding : str
    caveats : list of str
    settings : dict
    """

    _table: pd.DataFrame = field(repr=False)
    _units: pd.DataFrame = field(repr=False)
    outcome: Outcome
    span: tuple[str, str, str, str]
    correlation: float
    finding: str
    caveats: list[str]
    settings: dict[str, Any]

    @property
    def table(self) -> pd.DataFrame:
        """One row per list.

        ``list`` ("league table" or "ours"), ``n_units``, ``lead_earlier`` (what the list claimed), ``lead_later``
        with 90 % bounds (excess over what their means explain, in the periods not used), ``survived_share``. Outcome
        units.
        """
        return self._table.copy()

    @property
    def named(self) -> bool:
        """Whether anyone is likely on the earlier half alone; if not, the leading share stands in for our list."""
        return STAND_IN not in self.caveats

    @property
    def units(self) -> pd.DataFrame:
        """One row per list and unit: ``list``, ``unit``, ``label``, ``earlier``, ``later``."""
        return self._units.copy()

    def plot(self, *, ax: Sequence[Axes] | None = None) -> Any:
        """Two panels: the league table's lead and ours, earlier against later."""
        ours = {} if self.named else {"ours": "The leading share"}
        return figures.luck(self._units, title=self.finding, value_format=self.outcome.format.excess, ax=ax, **ours)

    def _repr_html_(self) -> str:
        return overview(self.finding, self._table, self.caveats).__html__()


def luck_check(expected: Expected) -> LuckCheck:
    """Find in the earlier half of the periods, score in the later half.

    The league table takes the top share by raw outcome of the earlier half and claims the lead it shows there. Our list
    takes the likeliest units of the same half, given their means, and claims their shrunken excess. Both are scored by
    the same yardstick: the mean excess, over what their means explain, in the later half.

    Parameters
    ----------
    expected : Expected

    Returns
    -------
    LuckCheck

    Raises
    ------
    TooFewUnitsError
        If there are fewer than two periods, or fewer than three units in a half or in both.
    """
    observations, outcome, periods = expected.observations, expected.outcome, expected.grid.seen
    if len(periods) < 2:
        raise TooFewUnitsError("A luck check needs at least 2 periods: one half to find in, the other to score in.")
    half = len(periods) // 2

    def during(chosen: list[str]) -> Expected:
        part = observations.during(chosen)
        return expect(part, outcome=outcome.name, form=expected.settings["form"], challenger=expected.challenger)

    found = find_deviants(during(periods[:half])).table.set_index("unit")
    score = during(periods[half:]).table.set_index("unit")
    both = found.index.intersection(score.index, sort=False)
    if len(both) < 3:
        unit = observations.study.unit
        raise TooFewUnitsError(
            f"{len(both)} {plural(len(both), unit.singular, unit.plural)} have data in both halves of the periods; at "
            "least 3 are needed."
        )
    found, score = found.loc[both], score.loc[both]
    size = max(1, int(observations.study.top * len(both)))
    named = found.index[found["group"].isin(["confident", "likely"])]
    overall = np.average(found["observed"], weights=found["exposure"])
    league = (outcome.sign * (found["observed"] - overall)).loc[found["raw_rank"].nsmallest(size).index]
    ours = found["shrunken_excess"].loc[named if len(named) else found.index[:size]]
    units = pd.concat([_scored(name, claim, found, score) for name, claim in zip(LISTS, (league, ours), strict=True)])
    noise = ((score["excess_upper"] - score["excess_lower"]) / (2 * REACH)) ** 2
    table = pd.DataFrame([_kept(name, units[units["list"] == name], noise) for name in LISTS])
    correlation = _correlation(found["excess"].to_numpy(), score["excess"].to_numpy())
    span = (periods[0], periods[half - 1], periods[half], periods[-1])
    notes = [] if len(named) else [STAND_IN]
    finding = _sentence(table, outcome, whose="Our" if len(named) else "The likeliest")
    if expected.freshness.reason:
        finding = f"The later half is no test of the earlier one. {expected.freshness.reason}"
    elif correlation < 2 / np.sqrt(len(both)) and table["lead_later_lower"].iloc[1] <= 0:
        finding = _faded(expected, correlation)
    elif not expected.tells_lasting:
        finding = f"{finding} {expected.silence}"
    return LuckCheck(table, units.reset_index(drop=True), outcome, span, correlation, finding, notes, expected.settings)


def _scored(name: str, claim: pd.Series, found: pd.DataFrame, score: pd.DataFrame) -> pd.DataFrame:
    members = claim.index
    columns = {"list": name, "unit": members, "label": found.loc[members, "label"].to_numpy()}
    return pd.DataFrame({**columns, "earlier": claim.to_numpy(), "later": score.loc[members, "excess"].to_numpy()})


def _kept(name: str, units: pd.DataFrame, noise: pd.Series) -> dict[str, Any]:
    """The mean lead claimed and the mean lead kept, with the latter's 90 % bounds."""
    lead, kept = float(units["earlier"].mean()), float(units["later"].mean())
    own = float(noise[units["unit"]].mean())
    spread = max(own, float(units["later"].var())) if len(units) > 1 else own
    reach = REACH * float(np.sqrt(spread / len(units)))
    return {
        "list": name, "n_units": len(units), "lead_earlier": lead, "lead_later": kept, "lead_later_lower": kept - reach,
        "lead_later_upper": kept + reach, "survived_share": kept / lead if lead > 0 else np.nan,
    }  # fmt: skip


def _correlation(earlier: np.ndarray, later: np.ndarray) -> float:
    """Correlation of the halves; 0 where one of them does not vary, for it then foretells nothing."""
    varies = np.ptp(earlier) > 0 and np.ptp(later) > 0
    return float(np.corrcoef(earlier, later)[0, 1]) if varies else 0.0


def _faded(expected: Expected, correlation: float) -> str:
    """Who led does not clearly lead later: luck only where the whole of the data says so, else it cannot be told."""
    if expected.certainty.rung == "nothing lasts":
        lead = "Nothing here but luck: who led in the earlier periods does not lead later"
        return f"{lead} (correlation {correlation:.2f})."
    lead = f"Who led in the earlier periods does not clearly lead later (correlation {correlation:.2f})"
    return " ".join(filter(None, [f"{lead}: two halves are too little to tell what lasts.", expected.silence]))


def _sentence(table: pd.DataFrame, outcome: Outcome, whose: str) -> str:
    show = outcome.format
    league, ours = table.iloc[0], table.iloc[1]
    kept = show.excess_between(ours["lead_later_lower"], ours["lead_later_upper"])
    return (
        f"The league table's top {league['n_units']:.0f} led by {show.lead(league['lead_earlier'])}; later "
        f"{show.lead(league['lead_later'])} of it was more than their means explain. {whose} {ours['n_units']:.0f} "
        f"were claimed to lead by {show.lead(ours['lead_earlier'])}; later they led by "
        f"{show.lead(ours['lead_later'])} ({kept})."
    )
