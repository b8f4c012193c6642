"""Finding deviants, and finding nobody: what is simulated, what is measured on it, and the goals."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np

from pdlib.simulate import simulate_panel, simulate_wards
from pdlib.simulate.panel import SimulatedPanel
from pdlib.trust import methods
from tests.validation.cells import Cell, Goal, Section
from tests.validation.measures import Record, calibration_error, claim_gap, covered, false_share, top_precision
from tests.validation.rivals import mixed_model

KINDS = ("mean", "proportion", "rate")
METHODS = ["ours", "oracle", "ours, straight lines", "MixedLM", "raw ranking", "OLS residual", "funnel 95 %"]
MIXED = 5
LINES = 60  # the null runs in which straight lines take part
FIND_REPLICATES = {50: 40, 500: 32, 5000: 30}
VARIED: list[dict[str, Any]] = [
    {"context": "step"}, {"context": "linear"}, {"tails": "t"}, {"far_share": 0.04}, {"missing_share": 0.25},
    {"median_n": 10}, {"median_n": 100}, {"median_n": 300}, {"shock_sd": 0.8}, {"shock_correlation": 0.3},
    {"shock_correlation": 0.6}, {"shock_correlation": 0.6, "shock_sd": 0.5},
]  # fmt: skip
UNKNOWABLE: list[dict[str, Any]] = [{"merit_context_correlation": 0.3}, {"hidden_sd": 0.3}]
NULLS: list[tuple[tuple[int, int, str], dict[str, Any], int]] = [
    *(((500, p, kind), {}, 300) for p in (6, 12) for kind in KINDS),
    ((50, 6, "mean"), {}, 60), ((5000, 6, "mean"), {}, 30), ((500, 3, "mean"), {}, 60), ((500, 1, "mean"), {}, 60),
    ((200, 6, "mean"), {"context": "step"}, 100), ((500, 6, "mean"), {"context": "step"}, 100),
    ((5000, 6, "mean"), {"context": "step"}, 30), ((500, 6, "mean"), {"shock_correlation": 0.6}, 100),
]  # fmt: skip
WARDS = [(50, 6, "mean"), *((500, 6, kind) for kind in KINDS), (500, 12, "mean"), (5000, 6, "mean")]


def _cell(
    study: str, size: tuple[int, int, str], extra: dict[str, Any], replicates: int, *, wards: bool = False
) -> Cell:
    n_units, n_periods, kind = size
    words = [f"{name}={value}" for name, value in extra.items() if name != "null"]
    name = " ".join([f"N={n_units} P={n_periods} {kind}", *words, *(["wards"] if wards else [])])
    plain = study == "find" and kind == "mean" and n_periods == 6 and n_units <= 500 and set(extra) <= {"context"}
    plain &= not wards
    arguments = {"n_units": n_units, "n_periods": n_periods, "kind": kind, **extra}
    design: Callable[..., SimulatedPanel] = simulate_wards if wards else simulate_panel
    return Cell(study, name, design, arguments, replicates, MIXED if plain else 0, heavy=n_units > 500)


def cells() -> list[Cell]:
    """All of them, in the order in which they are told."""
    grid = [(n, p, kind) for n in (50, 500, 5000) for p in (1, 6, 12) for kind in KINDS]
    found = [_cell("find", size, {}, FIND_REPLICATES[size[0]]) for size in grid]
    found += [_cell("find", (500, 6, "mean"), extra, 32) for extra in [*VARIED, *UNKNOWABLE]]
    found.append(_cell("find", (5000, 6, "mean"), {"context": "step"}, 30))
    found += [_cell("find", size, {}, FIND_REPLICATES[size[0]], wards=True) for size in WARDS]
    found += [_cell("null", size, {"null": True, **extra}, replicates) for size, extra, replicates in NULLS]
    found += [_cell("null", (500, 6, kind), {"null": True}, 100, wards=True) for kind in KINDS]
    return found


def goals() -> list[Goal]:
    """What is asked of the method, and the stretch: nearly the oracle in every cell of 500 units or more."""
    named = [f"N=500 P={p} {kind}" for p in (6, 12) for kind in KINDS]
    large = [f"N=5000 P={p} {kind}" for p in (6, 12) for kind in KINDS]
    found = [Goal("find", cell, "ours", "precision to oracle", ">=", 0.85, fewest=30, deciding=True) for cell in named]
    for cell in named:
        found.append(Goal("null", cell, "ours", "share confident or likely", "<=", 0.002, fewest=300, deciding=True))
        found.append(Goal("null", cell, "ours", "runs with a confident unit", "<=", 0.01, fewest=300, deciding=True))
    found += [Goal("find", cell, "ours", "precision to oracle", ">=", 0.95) for cell in large]
    found += [Goal("find", f"N=500 P=1 {kind}", "ours", "precision to oracle", ">=", 0.90) for kind in KINDS]
    found += [Goal("find", f"N=50 P=6 {kind}", "ours", "precision to oracle", ">=", 0.62) for kind in KINDS]
    every = [cell.name for cell in cells() if cell.study == "find" and not cell.name.startswith("N=50 ")]
    every = [cell for cell in every if "P=1 " not in cell and not any(key in cell for one in UNKNOWABLE for key in one)]
    for cell in every:
        step, wards, smooth = "step" in cell, "wards" in cell, cell in named or cell in large
        found += [
            Goal("find", cell, "ours", "claimed minus actual", "<=", 0.06),
            Goal("find", cell, "ours", "coverage", ">=", 0.87),
            Goal("find", cell, "ours", "coverage", "<=", 0.92),
            Goal("find", cell, "ours", "false share", "<=", 0.28 if cell.startswith("N=500 ") else 0.23),
        ]
        if cell not in named and cell not in large and not step:
            found.append(Goal("find", cell, "ours", "precision to oracle", ">=", 0.85))
        if smooth or wards:
            found.append(Goal("find", cell, "ours", "precision", ">=", 1.35, over="funnel 95 %"))
        if smooth:
            found.append(Goal("find", cell, "ours", "precision", ">=", 1.6, over="raw ranking"))
    found += [Goal("find", cell, "ours", "calibration error", "<=", 0.01, minus="oracle") for cell in named]
    found += [
        Goal("find", cell, "ours", "correlation with next period", ">=", 1.5, over="raw ranking") for cell in named
    ]
    found += [Goal("find", f"N=5000 P=6 {kind}", "ours", "calibration error", "<=", 0.012) for kind in KINDS]
    for start, ratio, error in (("N=5000", 0.92, 0.012), ("N=500", 0.78, 0.035)):
        step = f"{start} P=6 mean context=step"
        found.append(Goal("find", step, "ours", "precision to oracle", ">=", ratio))
        found.append(Goal("find", step, "ours", "calibration error", "<=", error))
    for cell in (cell.name for cell in cells() if cell.study == "null" and cell.name not in named):
        found.append(Goal("null", cell, "ours", "share confident or likely", "<=", 0.002))
        found.append(Goal("null", cell, "ours", "runs with a confident unit", "<=", 0.01))
    for cell in every:
        found.append(Goal("find", cell, "ours", "precision to oracle", ">=", 0.95, stretch=True))
        found.append(Goal("find", cell, "ours", "calibration error", "<=", 1.1, over="oracle", stretch=True))
    return found


SECTIONS = [
    Section("find", "Finding deviants", [
        ("precision", "Share of the top 10 % that is truly there", METHODS),
        ("precision to oracle", "The same, relative to the oracle", [m for m in METHODS if m != "oracle"]),
        ("claimed minus actual", "Claimed minus actual share among units claimed more likely than not", METHODS[:4]),
        ("calibration error", "Calibration error (10 bins)", METHODS[:4]),
        ("coverage", "Coverage of 90 % intervals", METHODS[:4]),
        ("share named", "Share of units named", METHODS),
        ("false share", "Share of the named that is false", METHODS),
        ("correlation with next period", "Correlation with the next period's adjusted level", METHODS),
        ("far units in the top list", "Share of the top 10 % that lies far out (4 % of units do)", METHODS),
        ("precision among far units", "Share of those that is truly there", METHODS),
    ]),
    Section("null", "Nobody deviates", [
        ("share confident", "Share of units named confident", METHODS),
        ("share confident or likely", "Share of units confident or likely", METHODS),
        ("runs with a confident unit", "Share of runs that name anybody", METHODS),
        ("share named", "Share of units that the usual rules name", METHODS),
    ]),
]  # fmt: skip


def find(simulated: SimulatedPanel, seed: int, *, mixed: bool = False) -> list[Record]:
    """Who is truly in the top 10 %, and does the method know how sure it is?"""
    truth, settings = simulated.truth, simulated.settings
    answers = {
        "ours": methods.ours(simulated),
        "ours, straight lines": methods.ours(simulated, "linear"),
        "oracle": methods.oracle(simulated),
        **methods.usual(simulated),
    }
    if mixed:
        answers["MixedLM"] = mixed_model(simulated)
    in_top, theta = truth["in_top"].to_numpy(), truth["theta"].to_numpy()
    fresh = np.random.default_rng([seed, 1]).standard_normal(len(theta))
    later = theta + settings["shock_sd"] * fresh
    scale = 1.0 if settings["kind"] == "mean" else settings["link_slope"]
    far = truth["unit"].isin(settings["far_units"]).to_numpy()
    records: list[Record] = []
    for method, answer in answers.items():
        records += _answered(method, answer, in_top, later, scale * theta)
        if far.any():
            records += _far(method, answer, in_top, far)
    return records


def _answered(
    method: str, answer: methods.Answer, in_top: np.ndarray, later: np.ndarray, effect: np.ndarray
) -> list[Record]:
    records = [
        top_precision(method, answer.order, in_top, int(in_top.sum())),
        Record(method, "correlation with next period", _correlation(answer.estimate, later)),
        false_share(method, answer.named, in_top),
        _share("share named", method, answer.named),
    ]
    if answer.p is not None and answer.sd is not None:
        records += [
            Record(method, "calibration error", calibration_error(answer.p, in_top)),
            claim_gap(method, answer.p, in_top),
            covered(method, answer.estimate, answer.sd, effect),
        ]
    return records


def _correlation(score: np.ndarray, later: np.ndarray) -> float:
    """Correlation; a method that sees no difference between units foretells nothing."""
    return float(np.corrcoef(score, later)[0, 1]) if np.ptp(score) > 0 else 0.0


def _far(method: str, answer: methods.Answer, in_top: np.ndarray, far: np.ndarray) -> list[Record]:
    chosen = np.zeros(len(far), dtype=bool)
    chosen[np.argsort(-answer.order, kind="stable")[: int(in_top.sum())]] = True
    return [
        Record(method, "far units in the top list", float((chosen & far).sum()), float(chosen.sum())),
        Record(method, "precision among far units", float((chosen & far & in_top).sum()), float((chosen & far).sum())),
    ]


def _share(measure: str, method: str, named: np.ndarray) -> Record:
    return Record(method, measure, float(named.sum()), len(named))


def null(simulated: SimulatedPanel, seed: int) -> list[Record]:
    """Whom does the method name where nobody deviates?"""
    records = []
    answers = {"ours": methods.ours(simulated)}
    if seed <= LINES:
        answers["ours, straight lines"] = methods.ours(simulated, "linear")
    for method, answer in answers.items():
        records += [
            _share("share confident", method, answer.named),
            _share("share confident or likely", method, np.asarray(answer.listed)),
            Record(method, "runs with a confident unit", float(answer.named.any())),
        ]
    return [*records, *(_share("share named", name, answer.named) for name, answer in methods.usual(simulated).items())]


def replicate(cell: Cell, seed: int) -> list[Record]:
    """Simulate one replicate of a cell and measure it; a unit that was never seen is nobody's to judge."""
    simulated = cell.simulate(seed)
    seen = simulated.truth["unit"].isin(simulated.panel["unit"])
    truth, known = simulated.truth[seen].reset_index(drop=True), simulated.known[seen.to_numpy()]
    simulated = replace(simulated, truth=truth, known=known)
    return find(simulated, seed, mixed=seed <= cell.mixed) if cell.study == "find" else null(simulated, seed)
