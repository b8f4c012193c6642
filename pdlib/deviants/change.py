"""Who has moved up: the change of a unit's level between two spans, given its means."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
from scipy.special import ndtr

from pdlib.deviants.finding import groups_by_chance
from pdlib.errors import StudyError, TooFewUnitsError
from pdlib.expected import FEW_UNITS, REACH, Certainty, Expected, expect, few_units, not_sure, too_long
from pdlib.show import figures, overview
from pdlib.show.wording import capitalised, expected_right, plural
from pdlib.stats.change import ChangeFit, fit_change
from pdlib.stats.posterior import confident_list, top_probability

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from pdlib.observations import Observations

Span = tuple[str, str]
TOO_SHORT = "Each span is too short to tell a lasting change from a passing one, so nobody is named."
NO_CHANGE = "The changes are no larger than luck alone makes them."
COLUMNS = [
    "unit", "label", "exposure_before", "exposure_after", "observed_before", "observed_after", "expected_after",
    "change", "change_lower", "change_upper", "shrunken_change", "shrunken_change_lower", "shrunken_change_upper",
    "p_top", "p_better", "group",
]  # fmt: skip


@dataclass(frozen=True, eq=False)
class Improved:
    """Units with the probability that their level truly rose as much as that of the top share.

    Attributes
    ----------
    expected : Expected
        The expectation over both spans together.
    before, after : (str, str)
        First and last period of each span.
    fit : ChangeFit
        The estimate on its working scale.
    caveats : list of str
    settings : dict
    """

    expected: Expected
    before: Span
    after: Span
    fit: ChangeFit
    _table: pd.DataFrame = field(repr=False)
    caveats: list[str]
    settings: dict[str, Any]

    @property
    def table(self) -> pd.DataFrame:
        """One row per unit seen in both spans, the likeliest first.

        ``unit``, ``label``, ``exposure_before``, ``exposure_after``, ``observed_before``, ``observed_after``,
        ``expected_after`` (had its level, luck taken out, moved as that of others with its means), ``change`` (how
        much further it moved; more is better) with 90 % bounds, ``shrunken_change`` with 90 % bounds, ``p_top`` (its
        change is truly in the top share), ``p_better`` (it truly rose beyond others), ``group`` (confident, likely,
        watch, rest). Outcome units.
        """
        return self._table.copy()

    @property
    def confident(self) -> pd.DataFrame:
        """The units that may be named."""
        return self.table[self._table["group"] == "confident"]

    @property
    def likely(self) -> pd.DataFrame:
        """Units more likely than not in the top share of change, the confident left out: for analysts."""
        return self.table[self._table["group"] == "likely"]

    @property
    def finding(self) -> str:
        """Who moved up, in a sentence."""
        unit, named = self.expected.observations.study.unit, self.confident
        lead = f"{len(self._table):,} {unit.plural} compared between {_span(self.before)} and {_span(self.after)}"
        if named.empty:
            return f"{lead}: nobody is named. {self.certainty.sentence}"
        show = self.expected.outcome.format
        low, high = named["shrunken_change"].min(), named["shrunken_change"].max()
        right = expected_right(len(named), float(named["p_top"].sum()))
        how = f"{show.excess_between(low, high)} {show.unit}" if len(named) > 1 else show.size(low)
        return f"{lead}: {right}; moved up by {how} more than others with the same means."

    @property
    def certainty(self) -> Certainty:
        """How sure this list is: the rung and its sentence."""
        study, count = self.expected.observations.study, len(self.confident)
        if why := _untold(self.expected, self.fit):
            return Certainty("cannot tell", why)
        if self.fit.change_variance <= 0:
            return Certainty("nothing lasts", NO_CHANGE)
        p = self._table["p_top"].to_numpy()
        if not count:
            return Certainty("not sure enough", not_sure(p, study.unit, study.top, self.settings["false_share"]))
        return Certainty("named", f"{capitalised(expected_right(count, float(self.confident['p_top'].sum())))}.")

    def plot(self, *, ax: Axes | None = None) -> Axes:
        """The leading changes with their ranges, confident ones picked out."""
        show = self.expected.outcome.format
        return figures.dots(
            self._table.head(25), value="shrunken_change", lower="shrunken_change_lower", upper="shrunken_change_upper",
            groups="group", value_format=show.difference, value_label=f"{show.unit} beyond others with the same means",
            title=self.finding, ax=ax,
        )  # fmt: skip

    def _repr_html_(self) -> str:
        shown = ["label", "observed_before", "observed_after", "expected_after", "shrunken_change", "p_top", "group"]
        return overview(self.finding, self._table[shown], self.caveats).__html__()


def find_improved(
    observations: Observations,
    before: Span | None = None,
    after: Span | None = None,
    outcome: str | None = None,
    *,
    false_share: float = 0.20,
) -> Improved:
    """Find the units whose level rose, between two spans, as only that of the top share did.

    Parameters
    ----------
    observations : Observations
    before, after : (str, str), optional
        First and last period of each span; by default the periods before the first declared shock, and that shock.
    outcome : str, optional
        Name of the outcome; the primary one by default.
    false_share : float
        Largest expected share of false names among the confident.

    Returns
    -------
    Improved

    Raises
    ------
    StudyError
        If a span is not given and no shock is declared, names no period, or overlaps the other.
    TooFewUnitsError
        If fewer than three units were seen in both spans.

    Notes
    -----
    See `pdlib.stats.change.fit_change`: level and change are estimated jointly, so that a unit that was merely unlucky
    before is not taken for one that rose.

    References
    ----------
    Barnett, van der Pols & Dobson (2005), doi:10.1093/ije/dyh299, on regression to the mean.
    """
    spans = _spans(observations, before, after)
    first, second = (_within(observations, span) for span in spans)
    both = [period for period in first if period in second]
    if both:
        raise StudyError(f"The spans share {', '.join(both)}; each period can lie in one of them only.")
    expected = expect(observations.during([*first, *second]), outcome=outcome, challenger=None)
    grid = expected.grid
    early, late = (np.isin(grid.periods, span) for span in (first, second))
    seen = (grid.n[:, early] > 0).any(axis=1) & (grid.n[:, late] > 0).any(axis=1) & expected.fit.rated
    if int(seen.sum()) < 3:
        raise TooFewUnitsError(
            f"{int(seen.sum())} {observations.study.unit.plural} have data on {expected.outcome.label} in both spans; "
            "at least 3 are needed."
        )
    fit = fit_change(expected.fit, grid.y, grid.n, early, late, seen)
    table = _table(expected, fit, early, late, false_share)
    settings = {**expected.settings, "before": spans[0], "after": spans[1], "false_share": false_share}
    return Improved(expected, *spans, fit, table, _notes(expected, fit), settings)


def _spans(observations: Observations, before: Span | None, after: Span | None) -> tuple[Span, Span]:
    """Both spans, the first declared shock standing in where none is given."""
    periods, shocks = observations.periods, observations.study.shock
    beginning = observations.calendar.position(observations.period(shocks[0].start)) if shocks and not before else 0
    if (before is None or after is None) and not shocks:
        raise StudyError(
            "Say which periods to compare: before=(first, last) and after=(first, last), or declare a [[shock]]."
        )
    if after is None:
        after = (shocks[0].start, shocks[0].end)
    if before is None:
        start = sum(observations.calendar.position(period) < beginning for period in periods)
        if start == 0:
            raise StudyError(f"Nothing was observed before {shocks[0].name}; give before=(first, last).")
        before = (periods[0], periods[start - 1])
    first, last = ((observations.period(span[0]), observations.period(span[1])) for span in (before, after))
    return first, last


def _within(observations: Observations, span: Span) -> list[str]:
    """The periods of a span, those that nobody was seen in left out."""
    first, last = (observations.calendar.position(period) for period in span)
    if first > last:
        raise StudyError(f"The span {span[0]} to {span[1]} ends before it begins.")
    seen = set(observations.periods)
    return [period for period in observations.calendar.full()[first : last + 1] if period in seen]


def _span(span: Span) -> str:
    return span[0] if span[0] == span[1] else f"{span[0]}–{span[1]}"


def _table(expected: Expected, fit: ChangeFit, early: np.ndarray, late: np.ndarray, false_share: float) -> pd.DataFrame:
    study, sign = expected.observations.study, expected.outcome.sign
    base = expected.table[fit.seen].reset_index(drop=True)
    p, _ = top_probability(fit.change, fit.change_sd, study.top)
    moved = {
        f"{name}{end}": fit.on_outcome_scale(expected.fit, expected.grid.n, late, middle + step * REACH * sd)
        for name, middle, sd in (
            ("change", fit.residual, np.sqrt(fit.noise)),
            ("shrunken_change", fit.change, fit.change_sd),
        )
        for end, step in (("", 0.0), ("_lower", -1.0), ("_upper", 1.0))
    }
    usual = fit.on_outcome_scale(expected.fit, expected.grid.n, late, np.zeros(len(p)))
    columns: dict[str, Any] = {"unit": base["unit"], "label": base["label"]}
    for name, span in (("before", early), ("after", late)):
        columns[f"exposure_{name}"] = expected.grid.n[fit.seen][:, span].sum(axis=1)
        columns[f"observed_{name}"] = expected.observed(span)[fit.seen]
    columns["expected_after"] = usual
    columns |= {name: sign * (level - usual) for name, level in moved.items()}
    flat = fit.change_variance <= 0
    columns |= {"p_top": p, "p_better": ndtr(fit.change / fit.change_sd) if not flat else np.full(len(p), 0.5)}
    named = np.zeros(len(p), dtype=bool)
    if not flat and not _untold(expected, fit):
        named = confident_list(np.where(base["supported"], p, 0.0), top=study.top, false_share=false_share)
    table = pd.DataFrame(columns).assign(group=groups_by_chance(p, named, study.top, flat=flat))
    return table.sort_values(["p_top", "unit"], ascending=[False, True], ignore_index=True)[COLUMNS]


def _notes(expected: Expected, fit: ChangeFit) -> list[str]:
    unit = expected.observations.study.unit
    lead = "A change is held against that of others with the same means: what moved everybody is not counted, "
    notes = [f"{lead}and what else happened to a {unit.singular} in between looks like its own doing."]
    if not fit.identified:
        notes.append(TOO_SHORT)
    if expected.freshness.reason:
        notes.append(f"Nobody is named. {expected.freshness.reason}")
    left_out = len(fit.seen) - int(fit.seen.sum())
    if left_out:
        notes.append(f"{left_out:,} {plural(left_out, unit.singular, unit.plural)} left out: not seen in both spans.")
    if fit.change_variance <= 0 and not _untold(expected, fit):
        notes.append(NO_CHANGE)
    return notes


def _untold(expected: Expected, fit: ChangeFit) -> str:
    """Why a lasting change cannot be told, or not of so few units; empty if it can."""
    study, count = expected.observations.study, int(fit.seen.sum())
    if expected.freshness.reason or not fit.identified:
        return expected.freshness.reason or TOO_SHORT
    if count < FEW_UNITS:
        return few_units(count, study.unit.plural)
    many = study.period.plural if study.period else "periods"
    long = f"Long spells and lasting change cannot be told apart in so few {many}, so nobody is named."
    return long if too_long(fit.spells, fit.change_variance) else ""
