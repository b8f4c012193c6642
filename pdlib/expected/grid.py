"""The panel as arrays: units down, periods across, context beside them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pandas as pd

from pdlib.observations import Observations
from pdlib.study import Context, Outcome

_SCALES: dict[str, Callable[[pd.Series], Any]] = {"linear": lambda v: v, "log": np.log, "sqrt": np.sqrt}


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

    @property
    def usual(self) -> np.ndarray:
        """(N, C) numeric context of each unit, averaged over its periods where it changes."""
        return np.nanmean(self.numeric, axis=1) if self.numeric.ndim == 3 else self.numeric

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
    present = set(panel["period"])
    periods = [period for period in observations.periods if period in present]
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
    return Grid(
        units, periods, spread(amount, np.nan), spread(size, 0.0), _item_variance(panel, outcome), numeric, categories,
        conditions, [*numeric_notes, *category_notes],
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
    count = panel["unit"].nunique()
    layers, notes, changes = [], [], False
    for item in items:
        layer = spread(_SCALES[item.scale](panel[item.name].astype(float)), np.nan)
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
