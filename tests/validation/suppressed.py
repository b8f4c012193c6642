"""Small counts that were hidden: what they cost, used between their bounds, and what leaving them out would."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from scipy.stats import binom, poisson

from pdlib.deviants import Deviants, find_deviants
from pdlib.expected import FALSE_SHARE, expect
from pdlib.observations import read
from pdlib.simulate.draws import unit_names
from pdlib.stats.posterior import confident_list, top_probability
from pdlib.study import Study
from tests.validation.cells import Cell, Goal, Section
from tests.validation.measures import Record, false_share

WARDS, MONTHS, TOP, SPREAD = 60, 12, 0.1, 0.4
KNOWN, BETWEEN, LEFT_OUT = "all counts known", "between bounds", "left out"
ORACLE, ORACLE_BETWEEN = "oracle, all counts known", "oracle, between bounds"
METHODS = [KNOWN, BETWEEN, LEFT_OUT]
ALL = [*METHODS, ORACLE, ORACLE_BETWEEN]
REPLICATES = 100
VARIANTS: dict[str, dict[str, Any]] = {
    "rate": {}, "rate, months vary": {"shock_sd": 0.25}, "rate, higher is better": {"better": "higher"},
    "proportion": {"kind": "proportion"}, "rate, small and large wards": {"unequal": 0.35},
    "rate, rare events": {"level": 0.006}, "rate, 1 to 9 hidden": {"most": 9},
}  # fmt: skip


@dataclass(frozen=True, eq=False)
class Wards:
    """A simulated study before counts were hidden.

    Attributes
    ----------
    panel : DataFrame
        ``unit``, ``period``, ``count``, ``size`` and two conditions.
    in_top : (N,) bool array
        Who is truly in the top tenth, in the order of units.
    known : (N, P) array
        What each cell would be without the ward's own merit, on the working scale.
    kind, better : str
    most : int
        Counts from 1 to this are hidden.
    """

    panel: pd.DataFrame
    in_top: np.ndarray
    known: np.ndarray
    kind: str
    better: str
    most: int

    def oracle(self, *, hidden: bool) -> np.ndarray:
        """(N,) whom the rule names from the exact posterior, given the true context, periods and spread."""
        count, size = (self.panel[name].to_numpy().reshape(self.known.shape) for name in ("count", "size"))
        merit = np.linspace(-5 * SPREAD, 5 * SPREAD, 201)
        small = (count >= 1) & (count <= self.most) & hidden
        log = np.stack([np.where(small, *self._chances(count, size, at)).sum(axis=1) for at in merit], axis=1)
        log -= 0.5 * (merit / SPREAD) ** 2
        p = np.exp(log - log.max(axis=1, keepdims=True))
        p /= p.sum(axis=1, keepdims=True)
        mean = p @ merit
        sd, sign = np.sqrt(p @ merit**2 - mean**2), 1 if self.better == "higher" else -1
        return confident_list(top_probability(sign * mean, sd, TOP)[0], top=TOP, false_share=FALSE_SHARE)

    def _chances(self, count: np.ndarray, size: np.ndarray, merit: float) -> tuple[np.ndarray, np.ndarray]:
        """Log chance of a count between the bounds, and of the count itself."""
        mu = np.exp(self.known + merit)
        law = poisson(size * mu) if self.kind == "rate" else binom(size, mu / (1 + mu))
        return np.log(law.cdf(self.most) - law.cdf(0) + 1e-300), law.logpmf(count)

    def deviants(self, how: str) -> Deviants:
        """The list, by what is known of the small counts."""
        count = self.panel["count"].astype(float)
        small = count.between(1, self.most) & (how != KNOWN)
        frame = self.panel.assign(count=count.mask(small))
        names = ("events", "exposure") if self.kind == "rate" else ("successes", "n")
        outcome = dict(zip(names, ("count", "size"), strict=True)) | {"name": "complaints", "kind": self.kind}
        if how == BETWEEN:
            mark = f"<{self.most + 1}"
            frame = frame.assign(count=self.panel["count"].astype(object).mask(small, mark))
            outcome["suppressed"] = [mark]
        study = Study(
            unit="unit", period="period", context=["footfall", "staff"], outcome={**outcome, "better": self.better}
        )
        return find_deviants(expect(read(study, {"observations": frame})))


def simulate_wards(
    *,
    seed: int,
    kind: str = "rate",
    better: str = "lower",
    level: float = 0.012,
    shock_sd: float = 0.0,
    unequal: float = 0.0,
    most: int = 4,
) -> Wards:
    """60 wards over 12 months, 300 to 900 visits each, with about 7 events: a quarter of the counts is 1 to 4."""
    rng = np.random.default_rng(seed)
    context, theta = rng.standard_normal((WARDS, 2)), SPREAD * rng.standard_normal(WARDS)
    volume = np.exp(unequal * rng.standard_normal((WARDS, 1)))
    size = np.maximum(rng.integers(300, 900, (WARDS, MONTHS)) * volume, 20).astype(int)
    known = np.log(level) + 0.1 * context[:, :1] + 0.05 * rng.standard_normal(MONTHS)
    eta = known + theta[:, None] + shock_sd * rng.standard_normal((WARDS, MONTHS))
    count = rng.poisson(size * np.exp(eta)) if kind == "rate" else rng.binomial(size, 1 / (1 + np.exp(-eta)))
    panel = pd.DataFrame({
        "unit": np.repeat(unit_names(WARDS), MONTHS),
        "period": np.tile([f"P{p:02d}" for p in range(1, MONTHS + 1)], WARDS),
        "count": count.ravel(), "size": size.ravel(),
        "footfall": np.repeat(context[:, 0], MONTHS), "staff": np.repeat(context[:, 1], MONTHS),
    })  # fmt: skip
    best = np.argsort(theta if better == "lower" else -theta)[: int(TOP * WARDS)]
    return Wards(panel, np.isin(np.arange(WARDS), best), known, kind, better, most)


def cells() -> list[Cell]:
    """All of them, in the order in which they are told."""
    return [Cell("suppressed", name, simulate_wards, extra, REPLICATES) for name, extra in VARIANTS.items()]


def goals() -> list[Goal]:
    """The level right within 1 %, nearly the names that hidden counts can tell, no more of them false.

    Nine tenths of all names is a stretch: even the oracle keeps fewer where a quarter of the counts is hidden.
    """
    found = []
    for name in VARIANTS:
        found += [
            Goal("suppressed", name, BETWEEN, "level over the true one", ">=", 0.99, fewest=50),
            Goal("suppressed", name, BETWEEN, "level over the true one", "<=", 1.01, fewest=50),
            Goal("suppressed", name, BETWEEN, "shared names", ">=", 0.9, fewest=50, stretch=True),
            Goal("suppressed", name, BETWEEN, "shared names", ">=", 0.9, over=ORACLE_BETWEEN, fewest=50),
            Goal("suppressed", name, BETWEEN, "false share", "<=", 0.0, minus=KNOWN, fewest=50),
        ]
    return found


SECTIONS = [
    Section("suppressed", "Small counts that were hidden", [
        ("hidden", "Share of the counts that was hidden", [BETWEEN]),
        ("level over the true one", "Level over all units, relative to that of all counts", METHODS),
        ("shared names", "Share named of those named where all counts are known", [BETWEEN, LEFT_OUT, ORACLE_BETWEEN]),
        ("share named", "Share of units named", ALL),
        ("false share", "Share of the named that is false", ALL),
    ]),
]  # fmt: skip


def replicate(cell: Cell, seed: int) -> list[Record]:
    """Simulate one replicate of a cell, and read it in each of the ways."""
    wards = cell.simulate(seed)
    true = wards.panel["count"].sum() / wards.panel["size"].sum()
    tables = {how: wards.deviants(how).table for how in METHODS}
    named = {
        how: np.isin(unit_names(WARDS), table.loc[table["group"].eq("confident"), "unit"].to_numpy(str))
        for how, table in tables.items()
    }
    named |= {how: wards.oracle(hidden=how == ORACLE_BETWEEN) for how in (ORACLE, ORACLE_BETWEEN)}
    hidden = tables[BETWEEN][["n_hidden", "n_periods"]].sum()
    records = [Record(BETWEEN, "hidden", float(hidden["n_hidden"]), float(hidden["n_periods"]))]
    for how, table in tables.items():
        level = np.average(table["observed"], weights=table["exposure"])
        records.append(Record(how, "level over the true one", level / true))
    for how, own in named.items():
        full = named[ORACLE if how == ORACLE_BETWEEN else KNOWN]
        if how not in (ORACLE, KNOWN):
            records.append(Record(how, "shared names", float((own & full).sum()), float(full.sum())))
        records += [
            Record(how, "share named", float(own.sum()), WARDS),
            false_share(how, own, wards.in_top),
        ]
    return records
