"""The panel as arrays: units down, periods across, context beside them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pandas as pd

from pdlib.observations import Observations
from pdlib.stats.basis import FEWEST
from pdlib.stats.excess import over_periods
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
    categories: np.ndarray  # (N, D)
    conditions: list[Context]  # numeric ones first, then categories: the owners of the basis' columns
    notes: list[str]
    groups: np.ndarray | None = None  # (N,) of units that move over the periods each in their own way

    @property
    def averages(self) -> np.ndarray:
        """(N, C) numeric context of each unit, averaged over its periods where it changes; NaN where not known."""
        if self.numeric.ndim == 2:
            return self.numeric
        return over_periods(self.numeric, np.ones(self.numeric.shape[:2]))

    @property
    def seen(self) -> list[str]:
        """Periods in which any unit was observed: all but the gaps."""
        return [self.periods[place] for place in np.flatnonzero((self.n > 0).any(axis=0))]

    @property
    def usual(self) -> np.ndarray:
        """(N, C) the same, the median standing in where a condition is not known."""
        return np.where(np.isnan(self.averages), np.nanmedian(self.averages, axis=0), self.averages)

    @property
    def spread(self) -> float:
        """How far units differ in the outcome, all their periods together."""
        level = np.where(self.n > 0, self.y * self.n, 0.0).sum(axis=1) / self.n.sum(axis=1)
        return float(np.std(level))

    def without_context(self) -> Grid:
        """The same outcomes, no conditions."""
        none = np.empty((len(self.units), 0))
        return replace(self, numeric=none, categories=none.astype(int), conditions=[])


def make_grid(observations: Observations, outcome: Outcome) -> Grid:
    """Lay the rows that have this outcome out as arrays, with what had to be filled in or pooled in ``notes``."""
    panel = observations.panel
    panel = panel[panel[outcome.columns].notna().all(axis=1)]
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
    categories, category_notes = _categories(observations, panel, units)
    conditions = sorted(observations.study.context, key=lambda item: item.kind == "category")
    groups, group_notes = _groups(observations, units) if len(periods) > 1 else (None, [])
    return Grid(
        units, periods, spread(amount, np.nan), spread(size, 0.0), _item_variance(panel, outcome), numeric, categories,
        conditions, [*numeric_notes, *category_notes, *group_notes], groups,
    )  # fmt: skip


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
    """Numeric context on its declared scale; (N, C), or (N, P, C) if any of it changes within units."""
    items = [item for item in observations.study.context if item.kind == "numeric"]
    count = panel["unit"].nunique()
    layers, notes, changes = [], [], False
    for item in items:
        layer = spread(_SCALES[item.scale](panel[item.name].astype(float)), np.nan)
        known = np.isfinite(layer).any(axis=1)
        if not known.all():
            notes.append(_missing_note(item, int((~known).sum()), count))
        low, high = np.nanmin(layer[known], axis=1), np.nanmax(layer[known], axis=1)
        changes |= bool(((high - low) > 1e-9 * (1 + np.abs(high))).any())
        layers.append(layer)
    if not layers:
        return np.empty((count, 0)), notes
    cube = np.stack(layers, axis=2)
    return (cube if changes else over_periods(cube, np.ones(cube.shape[:2]))), notes


def _missing_note(item: Context, missing: int, count: int) -> str:
    allowed = "what they have in common and " if missing >= FEWEST else ""
    return (
        f"{item.label} is missing for {missing:,} of {count:,} units: the median stands in, and {allowed}how much it "
        "may be worth to them is allowed for."
    )


def _categories(observations: Observations, panel: pd.DataFrame, units: pd.Index) -> tuple[np.ndarray, list[str]]:
    """Category context as codes of each unit's usual level; levels of fewer than five units are pooled."""
    codes, notes = [], []
    for item in (item for item in observations.study.context if item.kind == "category"):
        levels = panel.groupby("unit", observed=True)[item.name]
        usual = levels.agg(most_frequent, "not known").reindex(units)
        if (levels.nunique() > 1).any():
            notes.append(f"{item.label} changes within some units; each unit's most frequent level is used.")
        counts = usual.map(usual.value_counts())
        rare = counts < 5
        if rare.any() and usual[rare].nunique() > 1:
            notes.append(f"{item.label}: {usual[rare].nunique()} levels with fewer than 5 units are pooled.")
        codes.append(pd.factorize(usual.where(~rare, "other"), sort=True)[0])
    return np.stack(codes, axis=1) if codes else np.empty((len(units), 0), dtype=int), notes


def most_frequent(levels: pd.Series, unknown: str) -> Any:
    """The usual level of a condition, or what to say where none is known."""
    return levels.mode().iat[0] if levels.notna().any() else unknown
