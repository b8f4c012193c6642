"""The expectation itself, its explanation, and the verdict on the problem."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
import pandas as pd
from scipy.special import ndtri

from pdlib.errors import TooFewUnitsError
from pdlib.expected.certainty import (
    FEW_UNITS,
    Certainty,
    Verdict,
    lower_rung,
    namable,
    upper_rung,
    verdict,
    why_untold,
    worth_having,
)
from pdlib.expected.fresh import FRESH, Freshness, judge_freshness
from pdlib.expected.grid import Grid, make_grid, most_frequent
from pdlib.observations import Observations
from pdlib.show import figures, overview
from pdlib.stats.challenger import FEWEST, challenge, challenger_inputs
from pdlib.stats.excess import Challenge, ExcessFit, fit_excess
from pdlib.stats.joint import filled
from pdlib.stats.posterior import top_probability
from pdlib.stats.reml import fit_reml
from pdlib.stats.tau import allow_for_tau
from pdlib.stats.threads import single_threaded
from pdlib.stats.working import mean_slope, slope
from pdlib.study import Context, Outcome, did_you_mean

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from pdlib.stats.regressor import ContextRegressor as ContextRegressor  # noqa: PLC0414 - offered from here

CHALLENGER_PART = "Steps and combinations found by the challenger"
REACH = float(ndtri(0.95))
Form = Literal["auto", "smooth", "linear", "none"]


@dataclass(frozen=True, eq=False)
class Expected:
    """The expectation of every unit from a model that has not seen the unit.

    Attributes
    ----------
    observations : Observations
    outcome : Outcome
    grid : Grid
        The panel as arrays.
    fit : ExcessFit
        The estimate on its working scale.
    fit_verdict : Verdict
    caveats : list of str
    settings : dict
    challenger : "auto", None or regressor
        As it was asked for.
    freshness : Freshness
        Whether each period's figure is new evidence.
    """

    observations: Observations
    outcome: Outcome
    grid: Grid
    fit: ExcessFit
    caveats: list[str]
    settings: dict[str, Any]
    challenger: Any = "auto"
    freshness: Freshness = FRESH

    @cached_property
    def _table(self) -> pd.DataFrame:
        fit, grid, sign = self.fit, self.grid, self.outcome.sign
        exposure = grid.n.sum(axis=1)
        observed = self.observed()
        expected = fit.on_outcome_scale(fit.expected, grid.n)
        noise_sd = np.sqrt(fit.noise) * slope(fit.kind, expected)
        excess = sign * (observed - expected)
        return pd.DataFrame(
            {
                "unit": grid.units,
                "label": self.observations.units["label"].reindex(grid.units).to_numpy(),
                "n_periods": (grid.n > 0).sum(axis=1),
                "n_hidden": grid.hidden.sum(axis=1),
                "exposure": exposure,
                "observed": observed,
                "expected": expected,
                "excess": excess,
                "excess_lower": excess - REACH * noise_sd,
                "excess_upper": excess + REACH * noise_sd,
                "leverage": fit.reml.leverage,
                "supported": self._supported,
            }
        )

    @cached_property
    def _filled(self) -> np.ndarray:
        """(N, P) outcome, what is expected within its bounds where a count was hidden: for sums only."""
        return filled(self.fit, self.grid.y, self.grid.n)

    def observed(self, span: np.ndarray | None = None) -> np.ndarray:
        """(N,) outcome of each unit over a span of periods, all by default; NaN where it was not seen in any.

        Where a count was hidden for being small, the sum holds what the fit expects between its bounds.
        """
        chosen = slice(None) if span is None else span
        y, n = self._filled[:, chosen], self.grid.n[:, chosen]
        total = n.sum(axis=1)
        return np.where(n > 0, y * n, 0.0).sum(axis=1) / np.where(total > 0, total, np.nan)

    @cached_property
    def _supported(self) -> np.ndarray:
        """Whether other units share the unit's context: leverage within three times its mean."""
        leverage = self.fit.reml.leverage
        return self.fit.rated & (leverage <= max(3 * leverage.mean(), 0.05))

    @property
    def table(self) -> pd.DataFrame:
        """One row per unit.

        ``unit``, ``label``, ``n_periods``, ``n_hidden`` (periods whose count was hidden for being small: ``observed``
        is then about right), ``exposure``, ``observed``, ``expected``, ``excess`` (more is better) with its 90 %
        bounds, ``leverage`` (how far the unit's context lies from the others'), ``supported``. Outcome units.
        """
        return self._table.copy()

    @cached_property
    def explained_share(self) -> float:
        """Share of the lasting differences between units that the context accounts for."""
        fit = self.fit
        alone = fit_reml(fit.collapsed.value, fit.collapsed.variance, np.ones((len(fit.residual), 1)), np.zeros(1, int))
        return max(0.0, 1.0 - fit.unit_variance / alone.tau2) if alone.tau2 > 0 else 0.0

    @property
    def reliability(self) -> float:
        """Share of the differences in excess that lasts, at the median unit: tau² / (tau² + c²)."""
        lasting = self.fit.persistent_variance
        return lasting / (lasting + float(np.median(self.fit.noise))) if lasting > 0 else 0.0

    @cached_property
    def parts(self) -> pd.DataFrame:
        """What the differences between units in a single period are made of, their means taken out.

        ``part`` (lasts, passes, small numbers), ``share`` of the variance, ``spread`` (SD, outcome units). For a cell
        of median noise; where only means are known and n does not vary, what passes holds the small numbers too.
        """
        fit = self.fit
        shocks = fit.collapsed.transient_variance
        sampling = np.maximum(1.0 / fit.collapsed.weights[fit.collapsed.weights > 0] - shocks, 0.0)
        if fit.kind == "mean" and not self.grid.item_variance and not fit.item_variance > 0:
            sampling = np.zeros(1)
        variance = np.array(
            [fit.persistent_variance, shocks + fit.unit_variance - fit.persistent_variance, np.median(sampling)]
        )
        total = variance.sum()
        return pd.DataFrame(
            {
                "part": ["lasts", "passes", "small numbers"],
                "share": variance / total if total > 0 else np.zeros(3),
                "spread": np.sqrt(variance) * self.slope_at_average,
            }
        )

    @cached_property
    def top_chances(self) -> tuple[np.ndarray, float]:
        """(N,) probability of being in the top share, NaN where not rated; and the effect above which a unit is."""
        fit, p = self.fit, np.full(len(self.fit.effect), np.nan)
        p[fit.rated], threshold = top_probability(fit.effect[fit.rated], fit.sd[fit.rated], self.observations.study.top)
        return p, threshold

    @property
    def chances(self) -> np.ndarray:
        """(N,) probability of being in the top share; NaN where not rated."""
        return self.top_chances[0]

    @cached_property
    def named(self) -> np.ndarray:
        """(N,) whom the rule names, with its usual share of false names."""
        return namable(self, self.chances, worth_having(self, self.fit.effect, self.fit.sd))

    @cached_property
    def _lower_rung(self) -> Certainty | None:
        return lower_rung(self)

    @cached_property
    def certainty(self) -> Certainty:
        """How sure these data are, with the usual share of false names: the rung and its sentence."""
        return self._lower_rung or upper_rung(self, self.chances, self.named)

    @property
    def silence(self) -> str:
        """Why nobody can be named, whatever the chances; empty if somebody can."""
        return self._lower_rung.sentence if self._lower_rung else ""

    @cached_property
    def tells_lasting(self) -> bool:
        """Whether what lasts can be told from what passes, by repeated periods or a declared persistence."""
        return not why_untold(self)

    @property
    def noise_known(self) -> bool:
        """Whether it is known how much of a difference is noise: not of means seen once, without their spread."""
        fit = self.fit
        return fit.kind != "mean" or fit.collapsed.identified or fit.item_variance > 0

    @property
    def lasting(self) -> str:
        """How much of the differences lasts, passes, and is small numbers, in a sentence."""
        study = self.observations.study
        if not self.tells_lasting:
            return self.freshness.reason or "What lasts and what passes cannot be told apart in these data."
        last, passing, small = (f"{value:.0%}" for value in self.parts["share"])
        period = study.period.singular if study.period else "period"
        return (
            f"Of the differences between {study.unit.plural} in one {period}, their means taken out, {last} last, "
            f"{passing} pass and {small} are small numbers."
        )

    @property
    def hidden(self) -> str:
        """How many counts were hidden for being small and what was made of them, in sentences; empty if none was."""
        grid = self.grid
        if grid.bounds is None:
            return ""
        low, high = np.nanmin(grid.bounds[0]), np.nanmax(grid.bounds[1])
        return (
            f"{grid.hidden.sum():,} of {(grid.n > 0).sum():,} counts were hidden for being small ({low:.0f} to "
            f"{high:.0f}). Each is used as a count between these bounds and weighs less than a known one; "
            f"what such a {self.observations.study.unit.singular} shows in all is about right."
        )

    @cached_property
    def fit_verdict(self) -> Verdict:
        """Go, caution or stop, with the reasons, before anyone is named."""
        return verdict(self)

    @property
    def finding(self) -> str:
        """What the context accounts for, in a sentence."""
        unit, table, show = self.observations.study.unit, self._table, self.outcome.format
        spread = show.size(float(table["observed"].std()))
        left = show.size(float(np.sqrt(self.fit.unit_variance)) * self.slope_at_average)
        known = self.tells_lasting
        of_what, of_difference = ("what lasts", "lasting difference") if known else ("that", "difference")
        return (
            f"{len(table):,} {unit.plural} differ by {spread} (SD) in {self.outcome.label}; their means account for "
            f"{self.explained_share:.0%} of {of_what}, {left} (SD) of {of_difference} is left"
            f"{'' if known else ', whether it lasts or not'}."
        )

    @property
    def slope_at_average(self) -> float:
        """Outcome units per unit of the working scale, averaged over units at the levels that they show."""
        observed, exposure = (self._table[name].to_numpy() for name in ("observed", "exposure"))
        return mean_slope(self.fit.kind, observed, exposure)

    def contributions(self, unit: str) -> pd.DataFrame:
        """What each condition adds to or takes from the expectation of one unit.

        Parameters
        ----------
        unit : str

        Returns
        -------
        DataFrame
            ``condition``, ``value``, ``contribution`` (outcome units, from the average unit to the unit's expectation);
            where a challenger is in use, a last row holds what it adds to the conditions' own parts.
        """
        fit, grid = self.fit, self.grid
        i = self.position(unit)
        parts = self._link_parts(i)
        names = [item.label for item in grid.conditions]
        values = [self.context_value(unit, item) for item in grid.conditions]
        if fit.challenge is not None and fit.challenge.chosen:
            parts = np.append(parts, fit.expected[i] - fit.spline_expected[i])
            names, values = [*names, CHALLENGER_PART], [*values, ""]
        total = parts.sum()
        average, own = (
            fit.on_outcome_scale(np.full(len(fit.residual), value), grid.n)[i]
            for value in (fit.expected[i] - total, fit.expected[i])
        )
        rate = (own - average) / total if abs(total) > 1e-9 else self.outcome.sign * self.slope_at_average
        return pd.DataFrame({"condition": names, "value": values, "contribution": parts * rate})

    def _link_parts(self, i: int) -> np.ndarray:
        """What each condition adds in the spline fit that leaves the unit out, on the working scale."""
        fit, reml = self.fit, self.fit.reml
        apart = reml.total[i] * max(1.0 - reml.leverage[i], 1e-9)
        beta = reml.beta - reml.inverse @ fit.features[i] * reml.residual[i] / apart
        parts = np.zeros(len(self.grid.conditions))
        for part, owners in zip(beta * (fit.features[i] - fit.features.mean(axis=0)), fit.basis.owners, strict=True):
            for owner in owners:
                parts[owner] += part / len(owners)
        return parts

    def context_value(self, unit: str, item: Context) -> Any:
        """What a unit faces in one condition: its mean over periods, or its usual level."""
        own = self.observations.panel.loc[self.observations.panel["unit"].eq(unit), item.name]
        return float(own.mean()) if item.kind == "numeric" else most_frequent(own, "")

    def position(self, unit: str) -> int:
        """Row of a unit, named by id or label.

        Raises
        ------
        KeyError
            If there is no such unit; the message names the nearest.
        """
        table = self._table
        found = np.flatnonzero((table["unit"] == unit) | (table["label"] == unit))
        if len(found) == 0:
            every = [*table["unit"], *table["label"]]
            raise KeyError(
                f"There is no {self.observations.study.unit.singular} {unit!r}{did_you_mean(unit, map(str, every))}."
            )
        return int(found[0])

    def plot(self, *, ax: Axes | None = None) -> Axes:
        """Observed against expected, one dot per unit."""
        return figures.agreement(self._table, title=self.finding, value_format=self.outcome.format.tick, ax=ax)

    def _repr_html_(self) -> str:
        return overview(self.finding, self._table, [str(self.fit_verdict), *self.caveats]).__html__()


@single_threaded
def expect(
    observations: Observations, *, outcome: str | None = None, form: Form = "auto", challenger: Any = "auto"
) -> Expected:
    """Estimate what each unit should reach, from its context alone and without having seen the unit.

    Straight lines, smooth bends and pairwise products of the context are fitted as random effects by REML; each unit is
    compared with the prediction of a fit that leaves it out. With enough units a challenger that can follow steps is
    tried too, and blended in where left-out units are then clearly better predicted.

    Parameters
    ----------
    observations : Observations
    outcome : str, optional
        Name of the outcome; the primary one by default.
    form : {"auto", "smooth", "linear", "none"}
        How the context enters; "auto" is smooth from 30 units, linear below, none where there are too few for lines.
    challenger : "auto", None or scikit-learn regressor
        "auto" lets boosted trees challenge a smooth form; a regressor of your own challenges whatever the form. Both
        from 100 units on. The caveats say what came of it.

    Returns
    -------
    Expected

    Raises
    ------
    TooFewUnitsError
        If fewer than three units have this outcome, or fewer than 100 for a challenger of your own.

    References
    ----------
    The leave-one-out identity of linear smoothers: Wood (2017), section 6.2, doi:10.1201/9781315370279.
    """
    chosen = observations.study.find_outcome(outcome)
    grid = make_grid(observations, chosen)
    freshness = judge_freshness(grid, chosen, observations.study)
    if freshness.kept:
        kept = make_grid(observations.during(list(freshness.kept)), chosen)
        grid = kept.with_periods(np.isin(kept.periods, kept.seen))  # neighbours in time are what is left side by side
    if len(grid.units) < 3:
        raise TooFewUnitsError(f"{len(grid.units)} units have data on {chosen.label}; at least 3 are needed.")
    resolved, notes = _form(form, grid)
    if resolved == "none":
        grid = grid.without_context()
    fit = fit_excess(
        chosen.kind, grid.y, grid.n, grid.numeric, grid.categories, sign=chosen.sign, item_variance=grid.item_variance,
        persistence=observations.study.persistence, bends=resolved == "smooth", products=resolved == "smooth",
        groups=grid.groups, bounds=grid.bounds,
    )  # fmt: skip
    fit = allow_for_tau(fit)
    fit, tried = _challenged(fit, grid, challenger, smooth=resolved == "smooth")
    from pdlib import __version__

    settings = {
        "outcome": chosen.name, "form": resolved, "challenger": tried, "top": observations.study.top,
        "persistence": observations.study.persistence, "seed": None, "pdlib": __version__, **observations.settings,
    }  # fmt: skip
    notes = [*notes, *grid.notes, *_fit_notes(fit, observations), *filter(None, [freshness.note])]
    expected = Expected(observations, chosen, grid, fit, notes, settings, challenger, freshness)
    notes += filter(None, [expected.hidden])
    return replace(expected, outcome=chosen.shown_by(float(np.std(expected.observed()))))


def _challenged(fit: ExcessFit, grid: Grid, challenger: Any, *, smooth: bool) -> tuple[ExcessFit, str]:
    """The fit once a challenger was tried, if one is asked for; and a word for the settings."""
    count, given = len(grid.units), not (challenger is None or isinstance(challenger, str))
    if isinstance(challenger, str) and challenger != "auto":
        raise ValueError(f"challenger is {challenger!r}; it must be 'auto', None or a scikit-learn regressor.")
    if given and count < FEWEST:
        raise TooFewUnitsError(f"{count} units are too few for a challenger; at least {FEWEST} are needed.")
    due = given or (challenger == "auto" and smooth and count >= FEWEST)
    if not due or not grid.conditions:
        return fit, "none"
    inputs = challenger_inputs(grid.numeric, grid.categories, grid.n > 0, grid.groups)
    fit = challenge(fit, inputs, challenger if given else None)
    told = fit.challenge
    return fit, f"{told.name} ({'blended' if told.chosen else 'not used'})" if told else "none"


def _form(form: Form, grid: Grid) -> tuple[Form, list[str]]:
    count, conditions = len(grid.units), len(grid.conditions)
    if form != "auto":
        return form, []
    if conditions == 0:
        return "none", ["No context is declared: units are compared as if all had the same means."]
    if count < 10 + 2 * conditions:
        return "none", [f"{count} units are too few to account for {conditions} conditions: raw values are compared."]
    if count < FEW_UNITS:
        return "linear", [
            f"Fewer than {FEW_UNITS} units: conditions enter as straight lines, and nobody is called confident."
        ]
    return "smooth", []


def _fit_notes(fit: ExcessFit, observations: Observations) -> list[str]:
    notes = []
    singular, plural = observations.study.unit.singular, observations.study.unit.plural
    if not fit.collapsed.identified and observations.study.persistence is None:
        once = int((fit.collapsed.weights > 0).any(axis=0).sum()) == 1
        seen = "this period" if once else "these periods"
        notes.append(f"Too few periods to tell a good spell from lasting merit: what is found holds for {seen} only.")
    if fit.spells.credible:
        notes.append(_spell_note(fit, observations))
    alone = int((~fit.rated).sum())
    if alone:
        notes.append(f"{alone} {singular if alone == 1 else plural} not rated: nobody else shares their context.")
    return [*notes, *([_challenge_note(fit.challenge, plural)] if fit.challenge else [])]


def _spell_note(fit: ExcessFit, observations: Observations) -> str:
    """That good and bad spells last, and how many independent periods are left to a typical unit."""
    weights, period = fit.collapsed.weights, observations.study.period
    count = (weights > 0).sum(axis=1)
    left = count / (fit.collapsed.variance * weights.sum(axis=1))
    singular, plural = (period.singular, period.plural) if period else ("period", "periods")
    return (
        f"Good and bad spells last: what befalls a {observations.study.unit.singular} in one {singular} is still felt "
        f"in the next (correlation {fit.spells.correlation:.2f}), so {np.median(count):.0f} {plural} count as about "
        f"{np.median(left):.0f} independent ones."
    )


def _challenge_note(told: Challenge, plural: str) -> str:
    """Which expectation is used, and why."""
    name = "many small decision trees" if told.name == "HistGradientBoostingRegressor" else told.name
    blend = f"a blend with {told.share:.0%} of it" if round(told.share, 2) > 0 else "it"
    if told.chosen:
        return (
            f"The context has steps or combinations that no smooth curve follows: a challenger ({name}) was tried, and "
            f"{blend} predicts {plural} that it has not seen clearly better (squared error {told.gain:.0%} lower) and "
            f"is used. What more {plural} would teach it counts as noise."
        )
    return (
        f"A challenger ({name}) was tried: {blend} does not predict {plural} that it has not seen clearly better, so "
        "the smooth fit stays."
    )
