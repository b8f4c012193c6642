"""The panel as arrays: units down, periods across, context beside them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pandas as pd

from pdlib.observations import Observations
from pdlib.observations.hidden import hidden, recorded
from pdlib.stats.basis import FEWEST
from pdlib.stats.moving import level_shares, over_periods, unit_means
from pdlib.study import Context, Outcome

FEWEST_ALIKE = 10
_SCALES: dict[str, Callable[[pd.Series], Any]] = {"linear": lambda v: v, "log": np.log, "sqrt": np.sqrt}


@dataclass(frozen=True, eq=False)
class Grid:
    """The panel as arrays: units down, periods across."""

    units: pd.Index
    periods: list[str]
    y: np.ndarray  # (N, P) observed mean, share or rate
    n: np.ndarray  # (N, P) exposure
    item_variance: float | None
    numeric: np.ndarray  # (N, C) or (N, P, C), NaN where not known
    categories: np.ndarray  # (N, D) or (N, P, D)
    conditions: list[Context]  # numeric ones first, then categories: the owners of the basis' columns
    notes: list[str]
    groups: np.ndarray | None = None  # (N,) of units that move over the periods each in their own way
    bounds: np.ndarray | None = None  # (2, N, P) lowest and highest count where it was hidden, else NaN; y is NaN there

    @property
    def averages(self) -> np.ndarray:
        """(N, C) numeric context of each unit, its mean over periods where it moves; NaN where not known."""
        return unit_means(self.numeric, self.n > 0, self.groups)

    @property
    def seen(self) -> list[str]:
        """Periods in which any unit was observed: all but the gaps."""
        return [self.periods[place] for place in np.flatnonzero((self.n > 0).any(axis=0))]

    @property
    def usual(self) -> np.ndarray:
        """(N, C) the same, the median standing in where a condition is not known."""
        return np.where(np.isnan(self.averages), np.nanmedian(self.averages, axis=0), self.averages)

    @property
    def level_shares(self) -> list[np.ndarray]:
        """Of each category, the (N, L) share of a unit's periods at each level: 0 and 1 where it does not move."""
        return level_shares(self.categories, self.n > 0)

    @property
    def usual_levels(self) -> np.ndarray:
        """(N, D) code of each unit's most frequent level."""
        if self.categories.ndim == 2:
            return self.categories
        codes = [shares.argmax(axis=1) for shares in self.level_shares]
        return np.stack(codes, axis=1)

    @property
    def hidden(self) -> np.ndarray:
        """(N, P) whether a cell's count was hidden for being small."""
        return np.zeros(self.n.shape, dtype=bool) if self.bounds is None else np.isfinite(self.bounds[0])

    def with_periods(self, chosen: slice | np.ndarray) -> Grid:
        """The same units, these periods only."""
        numeric, categories = (
            values[:, chosen] if values.ndim == 3 else values for values in (self.numeric, self.categories)
        )
        periods = list(np.asarray(self.periods, dtype=object)[chosen])
        return replace(
            self, periods=periods, y=self.y[:, chosen], n=self.n[:, chosen], numeric=numeric, categories=categories,
            bounds=None if self.bounds is None else self.bounds[:, :, chosen],
        )  # fmt: skip

    def without_context(self) -> Grid:
        """The same outcomes, no conditions."""
        none = np.empty((len(self.units), 0))
        return replace(self, numeric=none, categories=none.astype(int), conditions=[])


def make_grid(observations: Observations, outcome: Outcome) -> Grid:
    """Lay the rows that have this outcome out as arrays, with what had to be filled in or pooled in ``notes``."""
    panel = observations.panel
    panel = panel[recorded(panel, outcome)]
    if outcome.size:
        panel = panel[panel[outcome.size] > 0]
    units = pd.Index(sorted(panel["unit"].unique()), name="unit")
    periods = observations.calendar.full(panel["period"].unique())  # one that has no rows is an empty column
    row = units.get_indexer(pd.Index(panel["unit"]))
    column = pd.Index(periods).get_indexer(pd.Index(panel["period"]))

    def spread(values: pd.Series, empty: float) -> np.ndarray:
        grid = np.full((len(units), len(periods)), empty)
        grid[row, column] = values.to_numpy(dtype=float)
        return grid

    size = panel[outcome.size] if outcome.size else pd.Series(1.0, index=panel.index)
    amount = panel[outcome.amount] if outcome.kind == "mean" else panel[outcome.amount] / size
    numeric, numeric_notes = _numeric(observations, panel, spread)
    categories, category_notes = _categories(observations, panel, units, periods)
    conditions = sorted(observations.study.context, key=lambda item: item.kind == "category")
    groups, group_notes = _groups(observations, units) if len(periods) > 1 else (None, [])
    return Grid(
        units, periods, spread(amount, np.nan), spread(size, 0.0), _item_variance(panel, outcome), numeric, categories,
        conditions, [*numeric_notes, *category_notes, *group_notes], groups, _bounds(panel, outcome, spread),
    )  # fmt: skip


def _bounds(panel: pd.DataFrame, outcome: Outcome, spread: Any) -> np.ndarray | None:
    """Lowest and highest count of the cells in which it was hidden, of a proportion no more than n; None if none is."""
    rows = hidden(panel, outcome)
    if outcome.bounds is None or not rows.any():
        return None
    most = panel[outcome.size] if outcome.kind == "proportion" else np.inf
    return np.stack([spread(panel[name].clip(upper=most).where(rows), np.nan) for name in outcome.bounds])


def _groups(observations: Observations, units: pd.Index) -> tuple[np.ndarray | None, list[str]]:
    """Codes of the groups that move each in their own way, those of fewer than ten units pooled."""
    period = observations.study.period
    if period is None or "varies_by" not in observations.units:
        return None, []
    codes, levels, pooled = alike(observations.units["varies_by"].reindex(units))
    if len(levels) < 2:
        return None, []
    few = f", {pooled} with fewer than {FEWEST_ALIKE} {observations.study.unit.plural} as one" if pooled else ""
    note = f"Groups by {period.varies_by} may each move over the {period.plural} in their own way{few}."
    return codes, [note]


def alike(group: pd.Series) -> tuple[np.ndarray, pd.Index, int]:
    """Codes and levels of a grouping once groups of fewer than ten units are pooled, and how many were."""
    group = group.astype("str").fillna("not known")
    small = group.map(group.value_counts()) < FEWEST_ALIKE
    codes, levels = pd.factorize(group.where(~small, "the others"), sort=True)
    return codes, pd.Index(levels), int(group[small].nunique())


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
    """Numeric context on its declared scale; (N, C), or (N, P, C) if any of it moves within units."""
    items = [item for item in observations.study.context if item.kind == "numeric"]
    count = panel["unit"].nunique()
    layers, notes, changes = [], [], False
    for item in items:
        layer = spread(_SCALES[item.scale](panel[item.name].astype(float)), np.nan)
        known = np.isfinite(layer).any(axis=1)
        if not known.all():
            notes.append(_missing_note(item, int((~known).sum()), count))
        notes += (alone := _adds_nothing(observations, item, panel))
        if alone and known.any():
            layer = np.where(np.isfinite(layer), np.nanmean(layer), np.nan)
        changes |= _moves(layer[known])
        layers.append(layer)
    if not layers:
        return np.empty((count, 0)), notes
    cube = np.stack(layers, axis=2)
    return (cube if changes else over_periods(cube, np.ones(cube.shape[:2]))), notes


def _moves(layer: np.ndarray) -> bool:
    """Whether any row of an array takes several values."""
    low, high = np.nanmin(layer, axis=1), np.nanmax(layer, axis=1)
    return bool(((high - low) > 1e-9 * (1 + np.abs(high))).any())


def _adds_nothing(observations: Observations, item: Context, panel: pd.DataFrame) -> list[str]:
    """What to say of a condition that is the same for all units: throughout, or period by period."""
    unit, period = observations.study.unit, observations.study.period
    values = panel[item.name].dropna()
    if values.nunique() <= 1:
        return [f"{item.label} is the same throughout: it adds nothing."] if len(values) == len(panel) else []
    if period is None or (values.groupby(panel["period"], observed=True).nunique() > 1).any():
        return []
    shared = f"is the same for all {unit.plural} in each {period.singular}"
    return [f"{item.label} {shared}: what goes with it counts as what they share then, and it adds nothing else."]


def _missing_note(item: Context, missing: int, count: int) -> str:
    allowed = "what they have in common and " if missing >= FEWEST else ""
    return (
        f"{item.label} is missing for {missing:,} of {count:,} units: the median stands in, and {allowed}how much it "
        "may be worth to them is allowed for."
    )


def _categories(
    observations: Observations, panel: pd.DataFrame, units: pd.Index, periods: list[str]
) -> tuple[np.ndarray, list[str]]:
    """Category context as codes; (N, D), or (N, P, D) if any of it moves within units."""
    found, notes = [], []
    for item in (item for item in observations.study.context if item.kind == "category"):
        codes, said = _levels(observations, item, panel, units, periods)
        found.append(codes)
        notes += said
    if not found:
        return np.empty((len(units), 0), dtype=int), notes
    if all(codes.shape[1] == 1 for codes in found):
        return np.concatenate(found, axis=1), notes
    return np.stack([np.broadcast_to(codes, (len(units), len(periods))) for codes in found], axis=2), notes


def _levels(
    observations: Observations, item: Context, panel: pd.DataFrame, units: pd.Index, periods: list[str]
) -> tuple[np.ndarray, list[str]]:
    """Codes of each unit's level, (N, 1), or of its level in each period if it moves, (N, P), and what to say of them.

    A unit's usual level stands in where none is known in a period; levels of fewer than five units are pooled.
    """
    by_unit = panel.groupby("unit", observed=True)[item.name]
    levels = by_unit.agg(most_frequent, "not known").reindex(units).to_numpy(dtype=object)[:, None]
    notes = _adds_nothing(observations, item, panel) if panel[item.name].notna().all() else []
    if notes:
        return np.zeros(levels.shape, dtype=int), notes
    if (by_unit.nunique() > 1).any():
        notes.append(f"{item.label} changes within some units: each period counts with its own level.")
        cells = panel.set_index(["unit", "period"])[item.name].reindex(pd.MultiIndex.from_product([units, periods]))
        known = cells.notna().to_numpy().reshape(len(units), -1)
        levels = np.where(known, cells.to_numpy(dtype=object).reshape(known.shape), levels)
    codes, names = pd.factorize(levels.ravel(), sort=True)
    at = np.unique(np.stack([np.arange(levels.size) // levels.shape[1], codes]), axis=1)[1]
    rare = np.bincount(at, minlength=len(names)) < FEWEST
    if rare.sum() > 1:
        notes.append(f"{item.label}: {rare.sum()} levels with fewer than {FEWEST} units are pooled.")
    pooled = np.where(rare[codes], "other", levels.ravel())
    return pd.factorize(pooled, sort=True)[0].reshape(levels.shape), notes


def most_frequent(levels: pd.Series, unknown: str) -> Any:
    """The usual level of a condition, or what to say where none is known."""
    return levels.mode().iat[0] if levels.notna().any() else unknown
