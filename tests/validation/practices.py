"""Comparing practices: what is simulated, what is measured on it, and the goals."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

import pdlib
from pdlib.simulate import simulate_practices
from pdlib.simulate.practices import SimulatedPractices
from tests.validation.cells import Cell, Goal, Section
from tests.validation.measures import Record
from tests.validation.rivals import flag_and_test

LEVEL = 0.10
REPLICATES = {(200, 40): 48, (500, 40): 48, (2000, 40): 12, (200, 200): 20, (500, 200): 12, (2000, 200): 4}
FINDERS = ["Romano–Wolf", "BH", "promising (Romano–Wolf or BH)", "raw top 10 % + BH"]


def cells() -> list[Cell]:
    """All of them, in the order in which they are told."""
    found = [_cell(f"N={n} K={k}", replicates, n_units=n, n_practices=k) for (n, k), replicates in REPLICATES.items()]
    found.append(_cell("N=500 K=40 shocks", 40, n_units=500, n_practices=40, shock_sd=0.3, period_sd=0.3))
    return found + [_cell(f"N={n} K=40 nothing matters", 100, n_units=n, n_practices=40, null=True) for n in (200, 500)]


def _cell(name: str, replicates: int, **arguments: Any) -> Cell:
    heavy = arguments["n_practices"] > 40 or arguments["n_units"] > 500
    return Cell("practices", name, simulate_practices, arguments, replicates, heavy=heavy)


def goals() -> list[Goal]:
    """What the method note asks."""
    found = [
        Goal("practices", "N=500 K=40", "Romano–Wolf", "FDR", "<=", 0.07, fewest=40, deciding=True),
        Goal("practices", "N=500 K=40", "Romano–Wolf", "power", ">=", 0.80, fewest=40, deciding=True),
    ]
    for cell, power in (("N=200 K=40", 0.25), ("N=500 K=200", 0.70)):
        found.append(Goal("practices", cell, "Romano–Wolf", "power", ">=", power))
    for cell in (cell.name for cell in cells() if "nothing" not in cell.name):
        if cell != "N=500 K=40":
            found.append(Goal("practices", cell, "Romano–Wolf", "FDR", "<=", 0.07))
        found += [
            Goal("practices", cell, "raw contrast", "coverage of true practices", ">=", 0.93),
            Goal("practices", cell, "raw contrast", "coverage of true practices", "<=", 0.98),
            Goal("practices", cell, "shown contrast", "coverage of found true practices", ">=", 0.90),
        ]
    return found + [
        Goal("practices", f"N={n} K=40 nothing matters", "Romano–Wolf", "runs with any finding", "<=", 0.10)
        for n in (200, 500)
    ]


SECTIONS = [
    Section("practices", "Comparing practices", [
        ("power", "Share of the five planted practices found", FINDERS),
        ("FDR", "False-discovery rate (noise, confounded, halves of the bundle)", FINDERS),
        ("not a cause", "Share of the found that is not a cause", FINDERS),
        ("share of tag_along found", "Share of tag-alongs found", FINDERS),
        ("share of reverse found", "Share of reverse causes found", FINDERS),
        ("share of confounded found", "Share of confounded practices found", FINDERS),
        ("runs with any finding", "Nothing matters: share of runs with any finding", FINDERS),
        ("coverage of true practices", "Coverage of 95 % intervals, all planted practices", ["raw contrast"]),
        ("coverage of found true practices", "The same among the found, as shown", ["shown contrast"]),
        ("found over true size", "Size among the found over true size", ["raw contrast", "shown contrast"]),
    ]),
]  # fmt: skip


def practices(simulated: SimulatedPractices) -> list[Record]:
    """Which practices matter, and how much?"""
    study = pdlib.Study(**simulated.study())
    observations = pdlib.read(study, {"observations": simulated.panel, "practices": simulated.practices})
    deviants = pdlib.find_deviants(pdlib.expect(observations))
    table = pdlib.compare_practices(observations, deviants).table.merge(simulated.truth, on="practice")
    flagged = flag_and_test(simulated.units, simulated.practices).loc[table["practice"]]
    better = (table["raw_contrast"] > 0).to_numpy()
    by_step_down = (table["p_romano_wolf"] <= LEVEL).to_numpy()
    by_share = (table["p_bh"] <= LEVEL).to_numpy()
    by_flag = (flagged["p_bh"] <= LEVEL).to_numpy()
    found = {
        "Romano–Wolf": by_step_down & better,
        "promising (Romano–Wolf or BH)": (table["grade"] == "promising").to_numpy(),
        "BH": by_share & better,
        "raw top 10 % + BH": by_flag & flagged["better"].to_numpy(),
    }
    if simulated.settings["null"]:
        either_way = {"Romano–Wolf": by_step_down, "BH": by_share, "raw top 10 % + BH": by_flag}
        records = [Record(name, "runs with any finding", float(mask.any())) for name, mask in either_way.items()]
        promising = found["promising (Romano–Wolf or BH)"]
        return [*records, Record("promising (Romano–Wolf or BH)", "runs with any finding", float(promising.any()))]
    role = table["role"].to_numpy()
    records = [record for name, mask in found.items() for record in _found(name, mask, role)]
    return records + _sizes(table, simulated.practices, found["Romano–Wolf"])


def _found(method: str, found: np.ndarray, role: np.ndarray) -> list[Record]:
    """Error rates of one list; tag-alongs and reverse practices do not count in the false-discovery rate."""
    false = np.isin(role, ["noise", "confounded", "bundle"])
    judged = found & (false | (role == "true"))
    records = [
        Record(method, "power", float((found & (role == "true")).sum()), float((role == "true").sum())),
        Record(method, "FDR", float((found & false).sum()) / max(int(judged.sum()), 1)),
        Record(method, "not a cause", float((found & (role != "true")).sum()) / max(int(found.sum()), 1)),
        Record(method, "number found", float(found.sum())),
    ]
    for name in ("tag_along", "reverse", "confounded", "bundle", "noise"):
        mine = role == name
        records.append(Record(method, f"share of {name} found", float((found & mine).sum()), float(mine.sum())))
    return records


def _sizes(table: pd.DataFrame, done: pd.DataFrame, found: np.ndarray) -> list[Record]:
    """Do the intervals of the true practices hold the planted size, per step from low to high?"""
    size = table["size"] / done[table["practice"]].std(ddof=0).to_numpy() * (table["high"] - table["low"])
    true = (table["role"] == "true").to_numpy() & table["raw_contrast"].notna().to_numpy()
    raw = ((table["raw_contrast_lower"] <= size) & (size <= table["raw_contrast_upper"])).to_numpy()
    shown = ((table["contrast_lower"] <= size) & (size <= table["contrast_upper"])).to_numpy()
    chosen = true & found
    return [
        Record("raw contrast", "coverage of true practices", float((raw & true).sum()), float(true.sum())),
        Record(
            "shown contrast", "coverage of found true practices", float((shown & chosen).sum()), float(chosen.sum())
        ),
        Record(
            "raw contrast",
            "found over true size",
            float(table["raw_contrast"][chosen].sum()),
            float(size[chosen].sum()),
        ),
        Record(
            "shown contrast", "found over true size", float(table["contrast"][chosen].sum()), float(size[chosen].sum())
        ),
    ]


def replicate(cell: Cell, seed: int) -> list[Record]:
    """Simulate one replicate of a cell and measure it."""
    return practices(cell.simulate(seed))
