"""A small multiverse: who stays listed where the analysis is set up in another reasonable way."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pandas as pd

from pdlib.deviants.guards.guard import Ground, Guard, Level, not_checked
from pdlib.expected import Grid
from pdlib.show.formats import share
from pdlib.show.wording import plural
from pdlib.stats.excess import ExcessFit, fit_excess
from pdlib.stats.posterior import top_probability
from pdlib.stats.tau import allow_for_tau

FEWER_KNOTS = (0.1, 0.5, 0.9)
SMALLEST = 0.10
DROPPED = 3
STEADY = (0.8, 0.5)
LISTED = 0.5


@dataclass(frozen=True, eq=False)
class Universe:
    """One specification, fitted.

    Attributes
    ----------
    name : str
        What is different in it.
    fit : ExcessFit
    p : Series
        Probability of each of its rated units to be in the top share.
    """

    name: str
    fit: ExcessFit
    p: pd.Series


def universes(ground: Ground, suspicious: Iterable[str] = ()) -> list[Universe]:
    """Every reasonable other specification that these data allow, fitted.

    Parameters
    ----------
    ground : Ground
    suspicious : iterable of str
        Conditions to leave out in turn beside the strongest ones; the first three are taken.
    """
    return [_fitted(ground, name, grid, options) for name, grid, options in _specifications(ground, suspicious)]


def multiverse(ground: Ground, others: list[Universe]) -> tuple[Guard, pd.DataFrame, pd.DataFrame]:
    """In which share of the specifications each listed unit stays more likely than not in the top share.

    Returns
    -------
    guard : Guard
    units : DataFrame
        One row per confident or likely unit.
    specifications : DataFrame
        One row per specification.

    References
    ----------
    Steegen, Tuerlinckx, Gelman & Vanpaemel (2016), doi:10.1177/1745691616658637.
    """
    listed = ground.table[ground.table["group"].isin(["confident", "likely"])]
    p = pd.DataFrame({each.name: each.p.reindex(listed["unit"]) for each in others}, index=listed["unit"])
    units = listed[["unit", "label", "group", "p_top"]].reset_index(drop=True)
    units["n_specifications"] = p.notna().sum(axis=1).to_numpy()
    units["share_listed"] = ((p >= LISTED).sum(axis=1) / p.notna().sum(axis=1).replace(0, np.nan)).to_numpy()
    units["p_top_lowest"] = p.min(axis=1).to_numpy()
    units["weakest_in"] = [str(row.idxmin()) if row.notna().any() else "" for _, row in p.iterrows()]
    named = ground.named["unit"]
    own = p.reindex(named)
    specifications = pd.DataFrame(
        {
            "specification": [each.name for each in others],
            "n_units": [len(each.p) for each in others],
            "tau2": [each.fit.reml.tau2 for each in others],
            "stays_share": [(own[each.name].dropna() >= LISTED).mean() if len(own) else np.nan for each in others],
        }
    )
    if not len(named) or not others:
        return not_checked("multiverse", "nobody is listed"), units, specifications
    return _guard(ground, units[units["unit"].isin(set(named))], specifications), units, specifications


def _guard(ground: Ground, named: pd.DataFrame, specifications: pd.DataFrame) -> Guard:
    value = float(named["share_listed"].mean())
    fragile = named[named["share_listed"] < LISTED]
    steady = int((named["share_listed"] >= STEADY[0]).sum())
    hardest = specifications.sort_values("stays_share").iloc[0]
    sentence = (
        f"Of the {ground.who}, {steady} {plural(steady, 'stays', 'stay')} listed in at least {share(STEADY[0])} of "
        f"{len(specifications)} other reasonable ways to set this up; the hardest test ({hardest['specification']}) "
        f"leaves {share(hardest['stays_share'])} of them"
    )
    sentence += f". {len(fragile)} would mostly not be listed." if len(fragile) else "."
    level: Level = "warn" if value < STEADY[1] else "look" if value < STEADY[0] or len(fragile) else "fine"
    return Guard("multiverse", level, sentence, value, STEADY[0], ground.labels(fragile["unit"].to_numpy()))


def _specifications(ground: Ground, suspicious: Iterable[str]) -> Iterator[tuple[str, Grid, dict[str, Any]]]:
    """Name, grid and options of each; the names read on after "the hardest test"."""
    grid, form = ground.expected.grid, ground.expected.settings["form"]
    if form == "smooth":
        yield "straight lines", grid, {"bends": False, "products": False}
        yield "bends without products", grid, {"products": False}
        yield "fewer bends", grid, {"knot_quantiles": FEWER_KNOTS}
    elif form == "linear":
        yield "smooth bends", grid, {"bends": True, "products": True}
    for index in _dropped(ground, suspicious):
        yield without(ground.condition(index)), _less(grid, index), {}
    count = len(grid.seen)
    if count >= 3:
        yield without(grid.periods[0]), _periods(grid, slice(1, None)), {}
        yield without(grid.periods[-1]), _periods(grid, slice(None, -1)), {}
    exposure = grid.n.sum(axis=1)
    large = exposure > np.quantile(exposure, SMALLEST)
    if 10 <= large.sum() < len(exposure):
        yield without(f"the smallest {share(1 - large.mean())} of {ground.study.unit.plural}"), _units(grid, large), {}
    if count >= 2 and np.ptp(grid.n) > 0:
        yield f"every period of a {ground.study.unit.singular} counting alike", _alike(grid), {}


def without(what: str) -> str:
    """Name of the specification that leaves something out."""
    return f"without {what}"


def _dropped(ground: Ground, suspicious: Iterable[str]) -> list[int]:
    """The three strongest conditions, then up to three others that look suspicious."""
    names = [ground.condition(index) for index in range(len(ground.worth))]
    also = [names.index(name) for name in dict.fromkeys(suspicious)][:DROPPED]
    strongest = [int(index) for index in np.argsort(-ground.worth, kind="stable")[:DROPPED]]
    return list(dict.fromkeys([*strongest, *also]))


def _less(grid: Grid, index: int) -> Grid:
    """The grid without one condition."""
    conditions = [item for k, item in enumerate(grid.conditions) if k != index]
    count = grid.numeric.shape[-1]
    if index < count:
        return replace(grid, numeric=np.delete(grid.numeric, index, axis=-1), conditions=conditions)
    return replace(grid, categories=np.delete(grid.categories, index - count, axis=-1), conditions=conditions)


def _periods(grid: Grid, chosen: slice) -> Grid:
    short = grid.with_periods(chosen)
    return _units(short, np.asarray((short.n > 0).any(axis=1)))


def _units(grid: Grid, chosen: np.ndarray) -> Grid:
    return replace(
        grid, units=grid.units[chosen], y=grid.y[chosen], n=grid.n[chosen], numeric=grid.numeric[chosen],
        categories=grid.categories[chosen], groups=None if grid.groups is None else grid.groups[chosen],
        bounds=None if grid.bounds is None else grid.bounds[:, chosen],
    )  # fmt: skip


def _alike(grid: Grid) -> Grid:
    seen = grid.n > 0
    mean = grid.n.sum(axis=1, keepdims=True) / seen.sum(axis=1, keepdims=True)
    even = np.where(seen, mean, 0.0)
    bounds = None if grid.bounds is None else np.round(grid.bounds * even / np.where(seen, grid.n, 1.0))
    return replace(grid, n=even, bounds=bounds)


def _fitted(ground: Ground, name: str, grid: Grid, options: dict[str, Any]) -> Universe:
    base, study = ground.expected, ground.study
    smooth = base.settings["form"] == "smooth"
    options = {"bends": smooth, "products": smooth, **options}
    fit = fit_excess(
        base.fit.kind, grid.y, grid.n, grid.numeric, grid.categories, sign=base.fit.sign,
        item_variance=grid.item_variance, persistence=study.persistence, groups=grid.groups,
        bounds=grid.bounds, **options,
    )  # fmt: skip
    fit = allow_for_tau(fit)
    p = top_probability(fit.effect[fit.rated], fit.sd[fit.rated], study.top)[0]
    return Universe(name, fit, pd.Series(p, index=grid.units[fit.rated]))
