"""Figures that are not new: nobody is named where the signature is there, and sound studies keep their names."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

import numpy as np
import pandas as pd

from pdlib.deviants import find_deviants
from pdlib.expected import Expected, expect
from pdlib.expected.fresh import FRESH, judge_freshness
from pdlib.expected.grid import make_grid
from pdlib.observations import Observations, read
from pdlib.study import Study
from tests.validation.cells import Cell, Goal, Section
from tests.validation.measures import Record

Array = np.ndarray
STUDY = "freshness"
OURS, BEFORE = "ours", "ours, taken as new"
REPLICATES, NAMED = 100, 20  # names take longer than signatures, and follow from them
FIRST = f" (the second column from {NAMED} replicates)"
COLUMNS = {
    "mean": {"value": "amount", "n": "n", "better": "higher"},
    "proportion": {"successes": "amount", "n": "n", "better": "higher"},
    "rate": {"events": "amount", "exposure": "n", "better": "lower"},
}


@dataclass(frozen=True, eq=False)
class Chain:
    """Units over periods: the amount (or mean) and the number behind it, NaN where nothing is known."""

    kind: str
    amount: Array
    n: Array
    context: Array
    sd: float | None = None
    without_n: bool = False

    def read(self) -> Observations:
        """The observations, under their declaration."""
        units, periods = self.amount.shape
        frame = pd.DataFrame({
            "unit": np.repeat([f"U{i:04d}" for i in range(units)], periods),
            "period": np.tile([f"P{t:02d}" for t in range(1, periods + 1)], units),
            "amount": self.amount.ravel(), "n": self.n.ravel(), "x": np.repeat(self.context, periods),
        })  # fmt: skip
        columns: dict[str, Any] = {"name": "outcome", "kind": self.kind, "cumulative": False, **COLUMNS[self.kind]}
        if self.sd is not None:
            frame, columns = frame.assign(sd=self.sd), columns | {"sd": "sd"}
        if self.without_n:
            columns.pop("n")
        frame = frame[frame["amount"].notna() & (frame["n"] > 0)]
        return read(Study(unit="unit", period="period", outcome=columns, context=["x"]), {"observations": frame})


def chain(
    kind: str = "proportion",
    n_units: int = 60,
    n_periods: int = 12,
    *,
    level: float = 0.7,
    median_n: float = 45,
    size_sd: float = 0.5,
    merit: float = 0.0,
    shock: float = 0.0,
    spell: float = 0.0,
    season: float = 0.0,
    trend: float = 0.0,
    growth: float = 0.0,
    same: float = 0.0,
    steady: bool = False,
    sd: bool = True,
    seed: int,
) -> Chain:
    """Months that are each new.

    ``merit`` and ``shock`` are SDs on the logit, log or (in SDs of one answer) plain scale, ``spell`` the correlation
    of shocks; ``season`` is a swing over twelve periods, half of it all units', half each unit's own; ``trend`` and
    ``growth`` are changes a period of the level and of n, different in each unit; ``same`` is the share of the
    binomial variance that the same customers take away.
    """
    rng = np.random.default_rng([seed, 7])
    shape, time = (n_units, n_periods), np.arange(n_periods)
    x = rng.standard_normal(n_units)
    shocks = rng.standard_normal(shape)
    for t in range(1, n_periods):
        shocks[:, t] = spell * shocks[:, t - 1] + np.sqrt(1 - spell**2) * shocks[:, t]
    phase = 2 * np.pi * (time / 12 + np.where(rng.random(n_units) < 0.5, 0, rng.random(n_units))[:, None])
    eta = (0.1 * x + merit * rng.standard_normal(n_units))[:, None] + shock * shocks + season * np.sin(phase)
    eta += trend * time * (1 + 0.3 * rng.standard_normal((n_units, 1)))
    usual = median_n * np.exp(size_sd * rng.standard_normal(n_units))[:, None]
    usual = usual * np.exp(growth * time * (1 + 0.3 * rng.standard_normal((n_units, 1)))) * np.ones(shape)
    n = np.round(np.maximum(usual, 1)) if steady else np.maximum(rng.poisson(usual), 1).astype(float)
    return Chain(kind, _drawn(rng, kind, level, eta, n, same), n, x, 1.0 if kind == "mean" and sd else None)


def _drawn(rng: np.random.Generator, kind: str, level: float, eta: Array, n: Array, same: float) -> Array:
    if kind == "mean":
        return 4.0 + eta + rng.standard_normal(n.shape) / np.sqrt(n)
    if kind == "rate":
        return rng.poisson(n * level * np.exp(-eta)).astype(float)
    p = 1 / (1 + np.exp(-np.log(level / (1 - level)) - eta))
    if not same:
        return rng.binomial(n.astype(int), p).astype(float)
    # Customers who always say yes, or never, beside those who toss a coin with the same chance.
    certain = rng.binomial(n[:, :1].astype(int).repeat(n.shape[1], axis=1), same)
    of_them = np.round(certain * p.mean(axis=1, keepdims=True))
    left = np.maximum(n - certain, 0)
    return np.minimum(of_them, n) + rng.binomial(left.astype(int), p)


def run_up(made: Chain, first: int = 0, length: int = 12) -> Chain:
    """Sums since the year's start, the first period being the year's ``first``."""
    year = (np.arange(made.n.shape[1]) + first) // length
    n, sums = made.n.copy(), _sums(made)
    for t in range(1, len(year)):
        if year[t] == year[t - 1]:
            n[:, t] += n[:, t - 1]
            sums[:, t] += sums[:, t - 1]
    return _from_sums(made, sums, n)


def events_only(made: Chain) -> Chain:
    """Events since the year's start, over each period's own exposure."""
    return replace(run_up(made), n=made.n)


def rolling(made: Chain, window: int = 12) -> Chain:
    """Sums over the last periods; the first figures, which have no full window, are left out."""

    def moved(values: Array) -> Array:
        total = np.cumsum(np.pad(values, ((0, 0), (1, 0))), axis=1)
        return total[:, window:] - total[:, :-window]

    return _from_sums(made, np.round(moved(_sums(made)), 9), moved(made.n))


def mean_to_date(made: Chain, length: int = 1_000, held: int = 0, decimals: int = 2) -> Chain:
    """The mean since opening, or since the year's start, beside each period's own n."""
    shown, count = np.empty_like(made.amount), made.amount.shape[1]
    for t in range(count):
        shown[:, t] = made.amount[:, t - t % length : t + 1].mean(axis=1)
    return replace(made, amount=np.round(shown[:, held:], decimals), n=made.n[:, held:])


def carried(made: Chain, share: float = 0.85, decimals: int = 2) -> Chain:
    """The last figure stands where there is none."""
    gone = np.random.default_rng(made.n.size).random(made.n.shape) < share
    amount = np.round(made.amount, decimals)
    for t in range(1, amount.shape[1]):
        amount[:, t] = np.where(gone[:, t], amount[:, t - 1], amount[:, t])
    return replace(made, amount=amount)


def settling(made: Chain, size: float = 0.6) -> Chain:
    """Units start below what they come to, each at its own pace."""
    rng = np.random.default_rng(made.n.size)
    units, count = made.amount.shape
    pace = rng.uniform(2, 9, (units, 1))
    return replace(made, amount=made.amount - size * rng.exponential(1, (units, 1)) * np.exp(-np.arange(count) / pace))


def _sums(made: Chain) -> Array:
    return made.amount * made.n if made.kind == "mean" else made.amount.copy()


def _from_sums(made: Chain, sums: Array, n: Array) -> Chain:
    return replace(made, amount=sums / n if made.kind == "mean" else sums, n=n)


def late_start(made: Chain, first: int) -> Chain:
    """The periods from the first one on."""
    return replace(made, amount=made.amount[:, first:], n=made.n[:, first:])


def copied(made: Chain, times: int = 12, decimals: int | None = None) -> Chain:
    """Each figure written ``times`` times, rounded if so wished."""
    amount = made.amount if decimals is None else np.round(made.amount, decimals)
    return replace(made, amount=np.repeat(amount, times, axis=1), n=np.repeat(made.n, times, axis=1))


def shared_copies(made: Chain, times: int = 12) -> Chain:
    """A share written into every period, as the count that it makes of that period's own number."""
    n = np.random.default_rng(len(made.n)).poisson(made.n.repeat(times, axis=1)) + 5.0
    return replace(made, amount=np.round(np.repeat(made.amount / made.n, times, axis=1) * n), n=n)


def rounded(made: Chain, decimals: int) -> Chain:
    """Means to so many decimals."""
    return replace(made, amount=np.round(made.amount, decimals))


def with_gaps(made: Chain, share: float = 0.05) -> Chain:
    """Some cells are not there."""
    gone = np.random.default_rng(made.n.size).random(made.n.shape) < share
    return replace(made, n=np.where(gone, 0.0, made.n))


def alone(made: Chain) -> Chain:
    """Nothing is known to stand behind the means."""
    return replace(made, sd=None, without_n=True)


Change = Callable[[Chain], Chain]
MEANS = {"kind": "mean", "sd": False}
STALE: list[tuple[str, dict[str, Any], list[Change]]] = [
    ("year to date, proportion, from January", {"n_periods": 12}, [run_up]),
    ("year to date, proportion, from April, two years", {"n_periods": 24, "shock": 0.2}, [partial(run_up, first=9)]),
    ("year to date, rate, from January", {"kind": "rate", "level": 0.05, "median_n": 400}, [run_up]),
    ("year to date, rate, from April", {"kind": "rate", "level": 0.05, "median_n": 400}, [partial(run_up, first=9)]),
    ("year to date, events only", {"kind": "rate", "level": 0.05, "median_n": 400, "n_periods": 18}, [events_only]),
    ("year to date, seen from March to November", {}, [run_up, partial(late_start, first=3)]),
    ("year to date, three months", {"n_periods": 3}, [run_up]),
    ("year to date, quarters", {"n_periods": 8, "median_n": 150, "shock": 0.2}, [partial(run_up, length=4)]),
    ("year to date, large n and shocks", {"median_n": 4000, "shock": 0.2, "n_periods": 18}, [run_up]),
    ("year to date, means with n", {"kind": "mean", "n_periods": 18, "shock": 0.1}, [run_up]),
    ("year to date, with gaps", {"n_periods": 24}, [run_up, with_gaps]),
    ("year's score in 12 months", {"kind": "mean", "n_periods": 1, "sd": False}, [copied]),
    ("year's score in 12 months, 1 decimal, gaps", {"kind": "mean", "n_periods": 1},
     [partial(copied, decimals=1), with_gaps]),
    ("year's share in 12 months, as counts", {"n_periods": 1, "median_n": 80}, [shared_copies]),
    ("year's events in 12 months", {"kind": "rate", "n_periods": 1, "level": 0.005, "median_n": 500}, [copied]),
    ("quarter's score 3 times", {"kind": "mean", "n_periods": 4, "sd": False}, [partial(copied, times=3)]),
    ("quarter's score 3 times, 1 decimal, gaps", {"kind": "mean", "n_periods": 4},
     [partial(copied, times=3, decimals=1), with_gaps]),
    ("quarter's counts 3 times", {"n_periods": 4, "shock": 0.2}, [partial(copied, times=3)]),
    ("rolling 12, proportion, 12 periods", {"n_periods": 23}, [rolling]),
    ("rolling 12, proportion, 24 periods, shocks", {"n_periods": 35, "shock": 0.2, "median_n": 400}, [rolling]),
    ("rolling 12, rate, 18 periods", {"kind": "rate", "level": 0.05, "median_n": 400, "n_periods": 29}, [rolling]),
    ("rolling 6, proportion, 12 periods", {"n_periods": 17, "shock": 0.1}, [partial(rolling, window=6)]),
    ("rolling 3, proportion, 12 periods", {"n_periods": 14, "shock": 0.1}, [partial(rolling, window=3)]),
    ("rolling 3, rate, few events", {"kind": "rate", "level": 0.004, "median_n": 400, "n_periods": 14},
     [partial(rolling, window=3)]),
    ("rolling 3, means alone", {"kind": "mean", "n_periods": 14}, [partial(rolling, window=3), alone]),
    ("rolling 6, means alone", {"kind": "mean", "n_periods": 17, "shock": 0.2}, [partial(rolling, window=6), alone]),
    ("rolling 12, means alone, 18 periods", {"kind": "mean", "n_periods": 29}, [rolling, alone]),
    ("rolling 12, means with sd, 12 periods", {"kind": "mean", "n_periods": 23}, [rolling]),
    ("rolling 3, 2 decimals, gaps", {"kind": "mean", "n_periods": 20}, [partial(rolling, window=3),
     partial(rounded, decimals=2), with_gaps, alone]),
    ("running mean since opening, 24 months", {**MEANS, "n_periods": 24}, [mean_to_date]),
    ("running mean since opening, 36 months, spells", {**MEANS, "n_periods": 36, "shock": 0.2, "spell": 0.5},
     [mean_to_date]),
    ("running mean since opening, without n, gaps", {**MEANS, "n_periods": 30}, [mean_to_date, alone, with_gaps]),
    ("running mean within the year, 12 months", {**MEANS, "n_periods": 12}, [partial(mean_to_date, length=12)]),
    ("running mean within the year, 24 months", {**MEANS, "n_periods": 24}, [partial(mean_to_date, length=12)]),
    ("carried forward, 85 %", MEANS, [carried]),
    ("carried forward, 85 %, 1 decimal", MEANS, [partial(carried, decimals=1)]),
    ("carried forward, 70 %, without n", MEANS, [partial(carried, share=0.7), alone]),
]  # fmt: skip
MERIT = {"merit": 0.4}
SOUND: list[tuple[str, dict[str, Any], list[Change]]] = [
    ("proportion", {}, []),
    ("rate", {"kind": "rate", "level": 0.05, "median_n": 400}, []),
    ("mean", {"kind": "mean", "shock": 0.2}, []),
    ("means alone", {"kind": "mean", "shock": 0.2}, [alone]),
    ("seasonal", {"season": 0.5, "n_periods": 24, "shock": 0.1}, []),
    ("seasonal, large n", {"season": 0.5, "n_periods": 24, "median_n": 5000}, []),
    ("seasonal means alone", {"kind": "mean", "season": 0.5, "n_periods": 24, "median_n": 1000}, [alone]),
    ("spells .5", {"shock": 0.3, "spell": 0.5, "n_periods": 18}, []),
    ("spells .8", {"shock": 0.3, "spell": 0.8, "n_periods": 24}, []),
    ("spells .8, large n", {"shock": 0.3, "spell": 0.8, "n_periods": 24, "median_n": 20000}, []),
    ("spells .8, means alone, large n", {"kind": "mean", "shock": 0.3, "spell": 0.8, "n_periods": 24,
     "median_n": 20000}, [alone]),
    ("trends", {"trend": 0.04, "growth": 0.03, "n_periods": 24}, []),
    ("growth of a tenth a month, large n", {"growth": 0.1, "median_n": 3000, "shock": 0.2}, []),
    ("growth of a tenth a month, spells .8", {"growth": 0.1, "median_n": 3000, "shock": 0.2, "spell": 0.8}, []),
    ("growth of a tenth a month, means", {"kind": "mean", "growth": 0.1, "median_n": 3000, "shock": 0.2}, []),
    ("same customers, .7 of binomial", {"same": 0.3, "steady": True, "n_periods": 18}, []),
    ("shares above 99 %", {"level": 0.993, "median_n": 300, "n_periods": 12}, []),
    ("shares above 99 %, small n", {"level": 0.993, "median_n": 40, "n_periods": 12}, []),
    ("steady large n", {"steady": True, "median_n": 20000, "shock": 0.1}, []),
    ("3 periods", {"n_periods": 3}, []),
    ("4 periods", {"n_periods": 4, "shock": 0.1}, []),
    ("6 periods", {"n_periods": 6, "shock": 0.1, "spell": 0.5}, []),
    ("3 growing periods", {"n_periods": 3, "growth": 0.2, "median_n": 400}, []),
    ("scores to 1 decimal", {"kind": "mean", "median_n": 150, "sd": False}, [partial(rounded, decimals=1)]),
    ("scores to 1 decimal, large n", {"kind": "mean", "median_n": 2000, "sd": False}, [partial(rounded, decimals=1)]),
    ("scores to whole numbers", {"kind": "mean", "median_n": 30, "merit": 0.8, "sd": False},
     [partial(rounded, decimals=0)]),
    ("no events in most months", {"kind": "rate", "level": 0.0005, "median_n": 400, "n_periods": 24}, []),
    ("rare events", {"kind": "rate", "level": 0.003, "median_n": 400, "n_periods": 12}, []),
    ("few answers", {"median_n": 3, "n_periods": 18}, []),
    ("with gaps", {"n_periods": 18, "shock": 0.1}, [partial(with_gaps, share=0.25)]),
    ("new chain that settles", {**MEANS, "n_periods": 24}, [settling, partial(rounded, decimals=2)]),
    ("new chain that settles and grows, large n", {**MEANS, "n_periods": 12, "median_n": 400, "shock": 0.15,
     "spell": 0.5, "growth": 0.03}, [settling]),
    ("own seasons within 8 months", {**MEANS, "n_periods": 8, "season": 0.5}, [partial(rounded, decimals=2)]),
    ("spells .8, 1 decimal", {**MEANS, "shock": 0.3, "spell": 0.8, "median_n": 400}, [partial(rounded, decimals=1)]),
]  # fmt: skip


def design(*, seed: int, changes: list[Change], **options: Any) -> Chain:
    """One study."""
    made = chain(seed=seed, **options)
    for change in changes:
        made = change(made)
    return made


def cells() -> list[Cell]:
    """Null studies whose figures hold earlier ones, then studies with merit whose figures are new."""
    stale = [_cell(f"not new: {name}", given, changes) for name, given, changes in STALE]
    return stale + [_cell(f"sound: {name}", MERIT | given, changes) for name, given, changes in SOUND]


def _cell(name: str, options: dict[str, Any], changes: list[Change]) -> Cell:
    return Cell(STUDY, name, design, {**options, "changes": changes}, REPLICATES)


def goals() -> list[Goal]:
    """Nobody named where figures are not new; hardly any sound study loses its names."""
    found = []
    for cell in cells():
        stale = cell.name.startswith("not new")
        measure = "studies that name anybody" if stale else "studies that lose their names"
        bound = 0.0 if stale else 0.01
        found.append(Goal(STUDY, cell.name, OURS, measure, "<=", bound, fewest=REPLICATES))
        if not stale:
            found.append(Goal(STUDY, cell.name, OURS, "studies with a doubt", "<=", 0.0, fewest=REPLICATES))
    return found


SECTIONS = [
    Section(STUDY, "Figures that hold earlier ones", [
        ("studies recognised", "Share of null studies whose figures are recognised as not new", [OURS]),
        ("studies that name anybody", f"Share of null studies that name anybody{FIRST}", [OURS, BEFORE]),
        ("units named", f"Units named falsely in a null study{FIRST}", [OURS, BEFORE]),
        ("studies that lose their names", "Share of sound studies that lose their names", [OURS]),
        ("studies with a doubt", "Share of sound studies with a doubt", [OURS]),
        ("units named, sound", "Units named in a sound study", [OURS]),
    ]),
]  # fmt: skip


def replicate(cell: Cell, seed: int) -> list[Record]:
    """Judge the figures; name, with the rule and without it, in the first replicates and where the rule is silent."""
    observations = cell.simulate(seed).read()
    outcome = observations.study.primary
    fresh = judge_freshness(make_grid(observations, outcome), outcome, observations.study)
    whole = seed <= NAMED
    if cell.name.startswith("sound"):
        records = [
            Record(OURS, "studies that lose their names", float(fresh.kind != "fresh")),
            Record(OURS, "studies with a doubt", float(bool(fresh.note))),
        ]
        return [*records, *([Record(OURS, "units named, sound", _named(_expect(observations)))] if whole else [])]
    records = [Record(OURS, "studies recognised", float(fresh.kind != "fresh"))]
    expected = _expect(observations) if whole or not fresh.reason else None
    records += _false(OURS, _named(expected) if expected else 0.0)
    if whole and expected and not fresh.kept:  # copies that are counted once have no fit that takes them as new
        records += _false(BEFORE, _named(replace(expected, freshness=FRESH)))
    return records


def _expect(observations: Observations) -> Expected:
    return expect(observations, challenger=None)


def _named(expected: Expected) -> float:
    return float(len(find_deviants(expected).confident))


def _false(method: str, named: float) -> list[Record]:
    return [Record(method, "studies that name anybody", float(named > 0)), Record(method, "units named", named)]
