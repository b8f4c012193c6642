"""What each unit should reach, given its context; and whether the problem suits the method."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
import pandas as pd
from scipy.special import ndtri

from pdlib.errors import TooFewUnitsError
from pdlib.observations import Observations
from pdlib.show import figures, overview
from pdlib.stats.excess import ExcessFit, fit_excess
from pdlib.stats.posterior import confident_list, shrink, top_probability
from pdlib.stats.reml import fit_reml
from pdlib.stats.threads import single_threaded
from pdlib.stats.working import link, slope
from pdlib.study import Context, Outcome, did_you_mean

if TYPE_CHECKING:
    from matplotlib.axes import Axes

FEW_UNITS = 30
FEW_PERIODS = 3
REACH = float(ndtri(0.95))
Form = Literal["auto", "smooth", "linear", "none"]


@dataclass(frozen=True)
class Verdict:
    """Whether the problem suits the method.

    Attributes
    ----------
    level : {"go", "caution", "stop"}
    reasons : tuple of str
        One sentence each, the weightiest first.
    """

    level: Literal["go", "caution", "stop"]
    reasons: tuple[str, ...]

    def __str__(self) -> str:
        return f"{self.level}: {' '.join(self.reasons)}"


@dataclass(frozen=True, eq=False)
class Grid:
    """The panel as arrays: units down, periods across."""

    units: pd.Index
    periods: list[str]
    y: np.ndarray  # (N, P) observed mean, share or rate
    n: np.ndarray  # (N, P) exposure
    item_variance: float | None
    numeric: np.ndarray  # (N, C) or (N, P, C)
    categories: np.ndarray  # (N, D)
    conditions: list[Context]  # numeric ones first, then categories: the owners of the basis' columns
    notes: list[str]


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
    """

    observations: Observations
    outcome: Outcome
    grid: Grid
    fit: ExcessFit
    caveats: list[str]
    settings: dict[str, Any]

    @cached_property
    def _table(self) -> pd.DataFrame:
        fit, grid, sign = self.fit, self.grid, self.outcome.sign
        exposure = grid.n.sum(axis=1)
        observed = np.where(grid.n > 0, grid.y * grid.n, 0.0).sum(axis=1) / exposure
        expected = fit.on_outcome_scale(fit.expected, grid.n)
        noise_sd = np.sqrt(fit.noise) * slope(fit.kind, expected)
        excess = sign * (observed - expected)
        return pd.DataFrame(
            {
                "unit": grid.units,
                "label": self.observations.units["label"].reindex(grid.units).to_numpy(),
                "n_periods": (grid.n > 0).sum(axis=1),
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
    def _supported(self) -> np.ndarray:
        """Whether other units share the unit's context: leverage within three times its mean."""
        leverage = self.fit.reml.leverage
        return self.fit.rated & (leverage <= max(3 * leverage.mean(), 0.05))

    @property
    def table(self) -> pd.DataFrame:
        """One row per unit.

        ``unit``, ``label``, ``n_periods``, ``exposure``, ``observed``, ``expected``, ``excess`` (better is more) with its
        90 % bounds, ``leverage`` (how far the unit's context lies from the others'), ``supported``. Outcome units.
        """
        return self._table.copy()

    @cached_property
    def explained_share(self) -> float:
        """Share of the lasting differences between units that the context accounts for."""
        fit = self.fit
        alone = fit_reml(fit.collapsed.value, fit.collapsed.variance, np.ones((len(fit.residual), 1)), np.zeros(1, int))
        return max(0.0, 1.0 - fit.reml.tau2 / alone.tau2) if alone.tau2 > 0 else 0.0

    @property
    def reliability(self) -> float:
        """Share of the differences in excess that lasts, at the median unit: tau² / (tau² + c²)."""
        lasting = self.fit.persistent_variance
        return lasting / (lasting + float(np.median(self.fit.noise))) if lasting > 0 else 0.0

    @cached_property
    def fit_verdict(self) -> Verdict:
        """Go, caution or stop, with the reasons, before anyone is named."""
        return _verdict(self)

    @property
    def finding(self) -> str:
        """What the context accounts for, in a sentence."""
        unit, table, show = self.observations.study.unit, self._table, self.outcome.format
        spread = show.size(float(table["observed"].std()))
        left = show.size(float(np.sqrt(self.fit.reml.tau2)) * self.slope_at_average)
        return (
            f"{len(table):,} {unit.plural} differ by {spread} (SD) in {self.outcome.label}; their means account for "
            f"{self.explained_share:.0%} of what lasts, {left} (SD) of lasting difference is left."
        )

    @property
    def slope_at_average(self) -> float:
        """Outcome units per unit of the working scale, at the average outcome."""
        average = np.average(self._table["expected"], weights=self._table["exposure"])
        return float(slope(self.fit.kind, np.array([average]))[0])

    def contributions(self, unit: str) -> pd.DataFrame:
        """What each condition adds to or takes from the expectation of one unit.

        Parameters
        ----------
        unit : str

        Returns
        -------
        DataFrame
            ``condition``, ``value``, ``contribution`` (outcome units, from the average unit to the unit's expectation).
        """
        fit, grid = self.fit, self.grid
        i = self.position(unit)
        reml = fit.reml
        beta = reml.beta - reml.inverse @ fit.features[i] * reml.residual[i] / (reml.total[i] * (1 - reml.leverage[i]))
        parts = beta * (fit.features[i] - fit.features.mean(axis=0))
        link_parts = np.zeros(len(grid.conditions))
        for part, owners in zip(parts, fit.basis.owners, strict=True):
            for owner in owners:
                link_parts[owner] += part / len(owners)
        average = fit.expected[i] - link_parts.sum()
        levels = [
            fit.on_outcome_scale(np.full(len(fit.residual), value), grid.n)[i] for value in (average, fit.expected[i])
        ]
        total = link_parts.sum()
        rate = (levels[1] - levels[0]) / total if abs(total) > 1e-9 else self.outcome.sign * self.slope_at_average
        return pd.DataFrame(
            {
                "condition": [item.label for item in grid.conditions],
                "value": [self.context_value(unit, item) for item in grid.conditions],
                "contribution": link_parts * rate,
            }
        )

    def context_value(self, unit: str, item: Context) -> Any:
        """What a unit faces in one condition: its mean over periods, or its usual level."""
        own = self.observations.panel.loc[self.observations.panel["unit"].eq(unit), item.name]
        return float(own.mean()) if item.kind == "numeric" else own.mode().iat[0] if own.notna().any() else ""

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
def expect(observations: Observations, *, outcome: str | None = None, form: Form = "auto") -> Expected:
    """Estimate what each unit should reach, from its context alone and without having seen the unit.

    Straight lines, smooth bends and pairwise products of the context are fitted as random effects by REML; each unit is
    compared with the prediction of a fit that leaves it out.

    Parameters
    ----------
    observations : Observations
    outcome : str, optional
        Name of the outcome; the primary one by default.
    form : {"auto", "smooth", "linear", "none"}
        How the context enters; "auto" is smooth from 30 units, linear below, none where there are too few for lines.

    Returns
    -------
    Expected

    Raises
    ------
    TooFewUnitsError
        If fewer than three units have this outcome.

    References
    ----------
    The leave-one-out identity of linear smoothers: Wood (2017), section 6.2, doi:10.1201/9781315370279.
    """
    chosen = observations.study.find_outcome(outcome)
    grid = _grid(observations, chosen)
    if len(grid.units) < 3:
        raise TooFewUnitsError(f"{len(grid.units)} units have data on {chosen.label}; at least 3 are needed.")
    resolved, notes = _form(form, grid)
    if resolved == "none":
        width = (len(grid.units), 0)
        grid = Grid(
            grid.units,
            grid.periods,
            grid.y,
            grid.n,
            grid.item_variance,
            np.empty(width),
            np.empty(width, int),
            [],
            grid.notes,
        )
    fit = fit_excess(
        chosen.kind, grid.y, grid.n, grid.numeric, grid.categories, sign=chosen.sign, item_variance=grid.item_variance,
        persistence=observations.study.persistence, bends=resolved == "smooth", products=resolved == "smooth",
    )  # fmt: skip
    from pdlib import __version__

    settings = {
        "outcome": chosen.name, "form": resolved, "top": observations.study.top, "persistence": observations.study.persistence,
        "seed": None, "pdlib": __version__, **observations.settings,
    }  # fmt: skip
    return Expected(observations, chosen, grid, fit, [*notes, *grid.notes, *_fit_notes(fit, observations)], settings)


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
        notes.append("Too few periods to tell luck from lasting merit: what is found holds for this period only.")
    alone = int((~fit.rated).sum())
    if alone:
        notes.append(f"{alone} {singular if alone == 1 else plural} not rated: nobody else shares their context.")
    return notes


def _grid(observations: Observations, outcome: Outcome) -> Grid:
    panel = observations.panel
    panel = panel[panel[outcome.columns].notna().all(axis=1)]
    if outcome.size:
        panel = panel[panel[outcome.size] > 0]
    units = pd.Index(sorted(panel["unit"].unique()), name="unit")
    present = set(panel["period"])
    periods = [period for period in observations.periods if period in present]
    row, column = units.get_indexer(panel["unit"]), pd.Index(periods).get_indexer(panel["period"])

    def spread(values: pd.Series, empty: float) -> np.ndarray:
        grid = np.full((len(units), len(periods)), empty)
        grid[row, column] = values.to_numpy(dtype=float)
        return grid

    size = panel[outcome.size] if outcome.size else pd.Series(1.0, index=panel.index)
    amount = panel[outcome.amount] if outcome.kind == "mean" else panel[outcome.amount] / size
    numeric, numeric_notes = _numeric(observations, panel, spread)
    categories, category_notes = _categories(observations, panel, units)
    ordered = [c for c in observations.study.context if c.kind == "numeric"] + [
        c for c in observations.study.context if c.kind == "category"
    ]
    return Grid(
        units, periods, spread(amount, np.nan), spread(size, 0.0), _item_variance(panel, outcome), numeric, categories, ordered,
        [*numeric_notes, *category_notes],
    )  # fmt: skip


def _item_variance(panel: pd.DataFrame, outcome: Outcome) -> float | None:
    """Variance of one item, pooled within units and periods; None if only means are known."""
    if outcome.kind != "mean":
        return None
    if outcome.size is None:
        return 0.0
    n = panel[outcome.size]
    if outcome.sd:
        variance = panel[outcome.sd] ** 2
    elif outcome.se:
        variance = panel[outcome.se] ** 2 * n
    else:
        return None
    spare = (n - 1).clip(lower=0)
    return float((variance * spare).sum() / spare.sum()) if spare.sum() > 0 else None


def _numeric(observations: Observations, panel: pd.DataFrame, spread: Any) -> tuple[np.ndarray, list[str]]:
    """Numeric context on its declared scale; (N, C), or (N, P, C) if any of it changes within units."""
    items = [item for item in observations.study.context if item.kind == "numeric"]
    transform = {"linear": lambda v: v, "log": np.log, "sqrt": np.sqrt}
    count = panel["unit"].nunique()
    layers, notes, changes = [], [], False
    for item in items:
        layer = spread(transform[item.scale](panel[item.name].astype(float)), np.nan)
        known = np.isfinite(layer).any(axis=1)
        if not known.all():
            layer[~known, 0] = np.nanmedian(layer)
            missing = int((~known).sum())
            notes.append(f"{item.label} is missing for {missing:,} of {count:,} units; the median stands in for it.")
        low, high = np.nanmin(layer, axis=1), np.nanmax(layer, axis=1)
        changes |= bool(((high - low) > 1e-9 * (1 + np.abs(high))).any())
        layers.append(layer)
    if not layers:
        return np.empty((count, 0)), notes
    cube = np.stack(layers, axis=2)
    return (cube if changes else np.nanmean(cube, axis=1)), notes


def _categories(observations: Observations, panel: pd.DataFrame, units: pd.Index) -> tuple[np.ndarray, list[str]]:
    """Category context as codes of each unit's usual level; levels of fewer than five units are pooled."""
    codes, notes = [], []
    for item in (item for item in observations.study.context if item.kind == "category"):
        usual = panel.groupby("unit", observed=True)[item.name].agg(
            lambda v: v.mode().iat[0] if v.notna().any() else "not known"
        )
        usual = usual.reindex(units)
        if (panel.groupby("unit", observed=True)[item.name].nunique() > 1).any():
            notes.append(f"{item.label} changes within some units; each unit's most frequent level is used.")
        counts = usual.map(usual.value_counts())
        rare = counts < 5
        if rare.any() and usual[rare].nunique() > 1:
            notes.append(f"{item.label}: {usual[rare].nunique()} levels with fewer than 5 units are pooled.")
        codes.append(pd.factorize(usual.where(~rare, "other"), sort=True)[0])
    return np.stack(codes, axis=1) if codes else np.empty((len(units), 0), dtype=int), notes


def _verdict(expected: Expected) -> Verdict:
    """Numeric limits are conventions: 30 units, 3 periods, reliability one half (doi:10.1136/bmjqs.2010.048058)."""
    fit, study = expected.fit, expected.observations.study
    count, periods = len(expected.grid.units), len(expected.grid.periods)
    effect, sd = shrink(fit.residual, fit.noise, fit.persistent_variance)
    p, _ = top_probability(effect, sd, study.top)
    leading = float(np.sort(p)[::-1][: max(1, int(study.top * count))].mean())
    named = confident_list(p, top=study.top)
    stops, cautions = [], []
    if count < 10:
        stops.append(f"{count} {study.unit.plural} are too few to tell any of them apart.")
    if fit.persistent_variance <= 0:
        stops.append("Given their means, the differences are no larger than luck alone makes.")
    if count < FEW_UNITS:
        cautions.append(
            f"{count} {study.unit.plural} are few: a list can be read, but nobody can be named with confidence."
        )
    if periods < FEW_PERIODS and study.persistence is None:
        cautions.append(
            f"{periods} {study.period.plural if study.period and periods > 1 else 'period'} cannot separate a good spell from lasting merit; 3 or more can."
        )
    if expected.reliability < 0.5:
        cautions.append(
            f"Only {expected.reliability:.0%} of the differences last at a typical {study.unit.singular}; lists will be short."
        )
    good = f"Of the leading {study.top:.0%} about {leading:.0%} would be real; {int(named.sum())} can be named with confidence."
    level: Literal["go", "caution", "stop"] = "stop" if stops else "caution" if cautions else "go"
    return Verdict(level, (*stops, *cautions, good))


def outcome_threshold(expected: Expected, size: float) -> np.ndarray:
    """(N,) size of an excess given in outcome units, on the oriented working scale at each unit's expectation."""
    fit, sign = expected.fit, expected.outcome.sign
    base = expected.table["expected"].to_numpy()
    moved = base + sign * size
    if fit.kind == "proportion":
        moved = np.clip(moved, 1e-6, 1 - 1e-6)
    elif fit.kind == "rate":
        moved = np.maximum(moved, 1e-12)
    return sign * (link(fit.kind, moved) - link(fit.kind, base))
