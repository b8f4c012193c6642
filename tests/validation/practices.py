"""Comparing practices: what is simulated, what is measured on it, and the goals.

Three designs: the grid of the method note without waves; teams in districts, on which nothing was tuned; and adoptions
over periods, where what came first can be told.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

import pdlib
from pdlib.practices import Practices
from pdlib.simulate import simulate_adoptions, simulate_practices, simulate_teams
from pdlib.simulate.practices import SimulatedPractices
from tests.validation import practice_rivals as rivals
from tests.validation.cells import Cell, Goal, Section
from tests.validation.measures import Record

LEVEL = 0.10
RIVAL_RUNS = 12  # of the first replicates: rivals take most of the time and are told apart by far
REPLICATES = {(200, 40): 120, (500, 40): 120, (2000, 40): 48, (200, 200): 60, (500, 200): 60, (2000, 200): 24}
SURE, ANY, STRONG = "strong + promising (Romano–Wolf)", "strong + promising", "strong"
BEFORE, SHARE = "Romano–Wolf before time and side by side", "BH before time and side by side"
RIVALS = ["raw top 10 % + BH", "deviant flag + BH", "double machine learning + BH", "classifier importances, top 10"]
FINDERS = [STRONG, SURE, ANY, BEFORE, SHARE, *RIVALS]
FALSE = ("noise", "confounded", "bundle")
CAUSES = ("true", "part")  # doing part of a bundle does bring something where the other part is done
WITHOUT_CAUSE = "nothing matters"


def cells() -> list[Cell]:
    """All of them, in the order in which they are told."""
    grid = [
        _cell("practices", f"N={n} K={k}", simulate_practices, replicates, n_units=n, n_practices=k)
        for (n, k), replicates in REPLICATES.items()
    ]
    shocks = {"n_units": 500, "n_practices": 40, "shock_sd": 0.3, "period_sd": 0.3}
    grid.append(_cell("practices", "N=500 K=40 shocks", simulate_practices, 40, **shocks))
    grid += [
        _cell("practices", f"N={n} K=40 {WITHOUT_CAUSE}", simulate_practices, 300, n_units=n, n_practices=40, null=True)
        for n in (200, 500)
    ]
    teams = [
        _cell("teams", "N=400, 60 districts", simulate_teams, 120),
        _cell("teams", "N=400, 20 districts", simulate_teams, 60, n_districts=20),
        _cell("teams", "N=1200, 60 districts", simulate_teams, 48, n_units=1200),
        _cell("teams", f"N=400, 60 districts, {WITHOUT_CAUSE}", simulate_teams, 300, null=True, hidden_sd=0.0),
    ]
    lasting = {"shock_lasts": 0.85, "shock_sd": 0.8}
    adoptions = [
        _cell("adoptions", "N=200 P=8", simulate_adoptions, 60, n_units=200),
        _cell("adoptions", "N=500 P=8", simulate_adoptions, 120),
        _cell("adoptions", "N=500 P=8, shocks that last", simulate_adoptions, 40, **lasting),
        _cell("adoptions", "N=500 P=18", simulate_adoptions, 40, n_periods=18, median_n=30),
        _cell("adoptions", f"N=500 P=8, {WITHOUT_CAUSE}", simulate_adoptions, 120, null=True),
    ]
    return [*grid, *teams, *adoptions]


def _cell(study: str, name: str, design: Any, replicates: int, **arguments: Any) -> Cell:
    heavy = arguments.get("n_practices", 0) > 40 or arguments.get("n_units", 0) > 500
    return Cell(study, name, design, arguments, replicates, heavy=heavy)


def goals() -> list[Goal]:
    """What the method note and the issue ask."""
    told = [cell for cell in cells() if WITHOUT_CAUSE not in cell.name]
    found = [
        Goal("practices", "N=500 K=40", SURE, "FDR", "<=", 0.02, fewest=100, deciding=True),
        Goal("practices", "N=500 K=40", SURE, "power", ">=", 0.80, fewest=100, deciding=True),
        Goal("practices", "N=200 K=40", SURE, "power", ">=", 0.25, fewest=100, deciding=True),
        Goal("practices", "N=500 K=200", SURE, "power", ">=", 0.70, deciding=True),
        Goal("adoptions", "N=500 P=8", STRONG, "not a cause", "<=", 0.05, deciding=True),
        Goal("adoptions", "N=500 P=8", STRONG, "power", ">=", 0.90, deciding=True),
        Goal("practices", "N=500 K=40", "all pairs", "bundle found", ">=", 0.50, deciding=True),
        Goal("practices", "N=2000 K=40", "all pairs", "bundle found", ">=", 0.80, deciding=True),
    ]
    found += [
        Goal("practices", f"N={n} K=40 {WITHOUT_CAUSE}", method, "runs with any finding", "<=", 0.10, deciding=True)
        for n in (200, 500)
        for method in (SURE, BEFORE)
    ]
    for cell in told:
        if cell.study == "adoptions":
            found.append(Goal("adoptions", cell.name, STRONG, "not a cause", "<=", 0.05))
            found.append(Goal("adoptions", cell.name, STRONG, "kept", ">=", 0.90))
            continue
        large = cell.study == "practices" and "K=40" in cell.name and "N=200 " not in cell.name
        found += [
            Goal(cell.study, cell.name, SURE, "FDR", "<=", 0.02 if large else 0.07),
            Goal(cell.study, cell.name, "raw contrast", "coverage of true practices", ">=", 0.93),
            Goal(cell.study, cell.name, "raw contrast", "coverage of true practices", "<=", 0.99),
            Goal(cell.study, cell.name, "shown contrast", "coverage of found true practices", ">=", 0.90),
        ]
    found += [Goal("practices", cell, "all pairs", "false pairs", "<=", 1.0) for cell in ("N=500 K=40", "N=2000 K=40")]
    found += [
        Goal(cell.study, cell.name, STRONG if cell.study == "adoptions" else SURE, "runs with any finding", "<=", 0.10)
        for cell in cells()
        if WITHOUT_CAUSE in cell.name and cell.study != "practices"
    ]
    return found


_TOLD = [
    ("power", "Share of the planted practices found", FINDERS),
    ("FDR", "False-discovery rate (noise and confounded, and halves of the bundle that bring nothing alone)", FINDERS),
    ("not a cause", "Share of the found that is not a cause, for whatever reason", FINDERS),
    ("share of tag_along found", "Share of tag-alongs found", FINDERS),
    ("share of reverse found", "Share of reverse causes found", FINDERS),
    ("share of confounded found", "Share of confounded practices found", FINDERS),
    ("share of hidden found", "Share found of practices that follow a condition nobody recorded", FINDERS),
    ("share of dip found", "Share found of practices taken up after a dip", FINDERS),
    ("kept", "Of the planted practices that Romano–Wolf finds, the share that stays strong", FINDERS),
    ("bundle found", "Share of runs that find the planted bundle", ["all pairs", "subgroup list, top 20"]),
    ("false pairs", "Pairs offered that are no bundle", ["all pairs", "subgroup list, top 20"]),
    ("runs with any finding", "Nothing matters: share of runs with any finding", FINDERS),
    ("placebos with findings", "Share of shuffled copies with any finding", ["placebo"]),
    ("coverage of true practices", "Coverage of 95 % intervals, all planted practices", ["raw contrast"]),
    ("coverage of found true practices", "The same among the found, as shown", ["shown contrast"]),
    ("found over true size", "Size among the found over true size", ["raw contrast", "shown contrast"]),
]
SECTIONS = [
    Section("practices", "Comparing practices", _TOLD),
    Section("teams", "Comparing practices: teams in districts, rated from 1 to 5", _TOLD),
    Section("adoptions", "Comparing practices: adoptions over periods", _TOLD),
]


def replicate(cell: Cell, seed: int) -> list[Record]:
    """Simulate one replicate of a cell and measure it."""
    simulated = cell.simulate(seed)
    observations = pdlib.read(pdlib.Study(**simulated.study()), simulated.tables())
    practices = pdlib.compare_practices(observations, pdlib.find_deviants(pdlib.expect(observations)))
    table = practices.table.merge(simulated.truth, on="practice")
    compete = seed <= RIVAL_RUNS and cell.study != "adoptions"
    found = _ours(table) | (_rivals(simulated, practices, table["practice"]) if compete else {})
    if cell.study == "adoptions":
        found |= _in_time(table)
    nothing = [Record("placebo", "placebos with findings", float(practices.settings["placebos_with_findings"]), 20.0)]
    if simulated.settings["null"]:
        return nothing + [Record(name, "runs with any finding", float(mask.any())) for name, mask in found.items()]
    role = table["role"].to_numpy()
    records = [record for name, mask in found.items() for record in _found(name, mask, role)]
    if cell.study == "adoptions":
        true = (role == "true") & found[BEFORE]
        records.append(Record(STRONG, "kept", float((true & found[STRONG]).sum()), float(true.sum())))
    else:
        records += _sizes(table, simulated.practices, found[BEFORE])
    if cell.study == "practices" and practices.bundles.searched:
        records += _pairs(simulated, practices, compete=compete)
    return nothing + records


def _ours(table: pd.DataFrame) -> dict[str, np.ndarray]:
    graded = table["grade"].isin(["strong", "promising"]).to_numpy()
    by_step_down, by_share = (table[name].le(LEVEL).to_numpy() for name in ("p_romano_wolf", "p_bh"))
    return {
        STRONG: table["grade"].eq("strong").to_numpy(),
        SURE: graded & by_step_down,
        ANY: graded,
        BEFORE: by_step_down,
        SHARE: by_share & table["raw_contrast"].gt(0).to_numpy(),
    }


def _rivals(simulated: SimulatedPractices, practices: Practices, order: pd.Series) -> dict[str, np.ndarray]:
    answers = [
        rivals.raw_top(simulated), rivals.adjusted_top(simulated, practices.deviants),
        rivals.double_machine_learning(simulated, practices.deviants), rivals.classifier(simulated),
    ]  # fmt: skip
    return {name: found.loc[order].to_numpy() for name, found in zip(RIVALS, answers, strict=True)}


def _in_time(table: pd.DataFrame) -> dict[str, np.ndarray]:
    """What either way of looking at time alone would say, without a contrast between units."""
    return {
        "change within units alone": table["change_lower"].gt(0).to_numpy(),
        "adopters after against before alone": table["after_lower"].gt(0).to_numpy(),
    }


def _found(method: str, found: np.ndarray, role: np.ndarray) -> list[Record]:
    """Error rates of one list; tag-alongs and reverse practices do not count in the false-discovery rate."""
    false, cause = np.isin(role, FALSE), np.isin(role, CAUSES)
    judged = found & (false | (role == "true"))
    records = [
        Record(method, "power", float((found & (role == "true")).sum()), float((role == "true").sum())),
        Record(method, "FDR", float((found & false).sum()) / max(int(judged.sum()), 1)),
        Record(method, "not a cause", float((found & ~cause).sum()) / max(int(found.sum()), 1)),
        Record(method, "number found", float(found.sum())),
    ]
    for name in sorted(set(role) - {"true"}):
        mine = role == name
        records.append(Record(method, f"share of {name} found", float((found & mine).sum()), float(mine.sum())))
    return records


def _sizes(table: pd.DataFrame, done: pd.DataFrame, found: np.ndarray) -> list[Record]:
    """Do the intervals of the true practices hold the planted size, per step from low to high?"""
    size = table["size"] / done[table["practice"]].std(ddof=0).to_numpy() * (table["high"] - table["low"])
    true = (table["role"] == "true").to_numpy() & table["raw_contrast"].notna().to_numpy()
    chosen = true & found
    records = []
    for name, prefix, measure, mask in (
        ("raw contrast", "raw_", "coverage of true practices", true),
        ("shown contrast", "", "coverage of found true practices", chosen),
    ):
        inside = (table[f"{prefix}contrast_lower"] <= size) & (size <= table[f"{prefix}contrast_upper"])
        records += [
            Record(name, measure, float(inside[mask].sum()), float(mask.sum())),
            Record(
                name, "found over true size", float(table[f"{prefix}contrast"][chosen].sum()), float(size[chosen].sum())
            ),
        ]
    return records


def _pairs(simulated: SimulatedPractices, practices: Practices, *, compete: bool) -> list[Record]:
    planted = frozenset(simulated.truth.loc[simulated.truth["role"] == "bundle", "practice"])
    ours = {frozenset(name.split(" + ")) for name in practices.bundles.found["bundle"]}
    answers = {"all pairs": ours}
    if compete:
        answers["subgroup list, top 20"] = rivals.subgroups(simulated, practices.deviants)
    return [
        record
        for name, pairs in answers.items()
        for record in (
            Record(name, "bundle found", float(planted in pairs)),
            Record(name, "false pairs", float(len(pairs - {planted}))),
        )
    ]
