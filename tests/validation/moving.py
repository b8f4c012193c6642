"""Conditions that move over time: what is simulated, what is measured on it, and the goals."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from scipy.special import expit
from scipy.stats import binom

from pdlib.deviants import find_deviants
from pdlib.expected import expect
from pdlib.observations import read
from pdlib.stats.posterior import shrink, top_probability
from pdlib.study import Study
from tests.validation.cells import Cell, Goal, Section
from tests.validation.measures import Record

UNITS, TOP, N = 60, 6, 50
MERIT, NOISE = 0.5, 0.2
REPLICATES = 24
METHODS = ["ours", "ours, nothing moves", "oracle"]
ROWS: dict[str, dict[str, Any]] = {
    "does not move": {"step": 0.0},
    "step .5, within 1": {"step": 0.5, "within": 1.0},
    "step .5, within .7": {"step": 0.5, "within": 0.7},
    "step .5, within .5": {"step": 0.5, "within": 0.5},
    "step .5, within .3": {"step": 0.5, "within": 0.3},
    "step .5, within 0": {"step": 0.5, "within": 0.0},
    "step 2, within .5": {"step": 2.0, "within": 0.5},
    "step 2, within 0": {"step": 2.0, "within": 0.0},
    "step .5, bent, the same within": {"step": 0.5, "bent": True},
    "step .5, slopes .5 ± .3 by unit": {"step": 0.5, "within": 0.5, "slope_sd": 0.3},
    "step 2, slopes .5 ± .3 by unit": {"step": 2.0, "within": 0.5, "slope_sd": 0.3},
    "step .5, within .5, a share": {"step": 0.5, "within": 0.5, "kind": "proportion"},
    "step .5, within .5, 4 periods": {"step": 0.5, "within": 0.5, "n_periods": 4},
    "step .5, within 0, 4 periods": {"step": 0.5, "within": 0.0, "n_periods": 4},
    "step .5, within 0, a fifth missing, a season": {"step": 0.5, "within": 0.0, "missing": 0.2, "season": 2.0},
}
DECIDING = ("step .5, within 0", "step 2, within .5", "step .5, within .5, a share", "step .5, within 0, 4 periods")


@dataclass(frozen=True, eq=False)
class Moves:
    """A simulated study, the same study where nothing moves, and the truth."""

    study: dict[str, Any]
    panel: pd.DataFrame
    still: pd.DataFrame
    merit: np.ndarray
    left: np.ndarray  # (N, P) outcome less what the context does, on the working scale; NaN where not seen


def simulate_moves(
    seed: int, *, step: float, within: float = 1.0, n_periods: int = 8, kind: str = "mean", bent: bool = False,
    slope_sd: float = 0.0, missing: float = 0.0, season: float = 0.0,
) -> Moves:  # fmt: skip
    """One condition x = a + walk, the walk centred in each unit; outcome a + within × walk + merit + noise."""
    rng = np.random.default_rng(seed)
    shape = (UNITS, n_periods)
    own = rng.standard_normal((UNITS, 1))
    walk = np.cumsum(step * rng.standard_normal(shape), axis=1)
    walk -= walk.mean(axis=1, keepdims=True)
    walk += season * np.sin(2 * np.pi * np.arange(n_periods) / n_periods)
    merit, noise = MERIT * rng.standard_normal(UNITS), NOISE * rng.standard_normal(shape)
    slopes = within + slope_sd * rng.standard_normal((UNITS, 1))
    base = _bent(own + walk) if bent else own + slopes * walk
    left, uniform = merit[:, None] + noise, rng.random(shape)
    seen = rng.random(shape) >= missing
    seen[:, 0] |= ~seen.any(axis=1)
    moving, still = (
        _frame(kind, x, level + left, uniform, seen)
        for x, level in ((own + walk, base), (np.repeat(own, n_periods, axis=1), _bent(own) if bent else own))
    )
    outcome = {"name": "result", "kind": kind, "n": "n"} | {"value" if kind == "mean" else "successes": "result"}
    study = {"unit": {"column": "unit"}, "period": {"column": "period"}, "outcome": [outcome], "context": ["x"]}
    return Moves(study, moving, still, merit, np.where(seen, left, np.nan))


def _bent(x: np.ndarray) -> np.ndarray:
    return x + 0.5 * (x**2 - 1)


def _frame(kind: str, x: np.ndarray, level: np.ndarray, uniform: np.ndarray, seen: np.ndarray) -> pd.DataFrame:
    result = level
    if kind == "proportion":
        result = binom.ppf(uniform, N, expit(level))
    unit, period = np.indices(x.shape)
    frame = pd.DataFrame(
        {
            "unit": [f"u{i:02d}" for i in unit.ravel()],
            "period": [f"2024-{p + 1:02d}" for p in period.ravel()],
            "x": x.ravel(),
            "n": N,
            "result": result.ravel(),
        }
    )
    return frame[seen.ravel()].reset_index(drop=True)


def cells() -> list[Cell]:
    """All rows, each as often."""
    return [Cell("moving", name, simulate_moves, arguments, REPLICATES) for name, arguments in ROWS.items()]


def goals() -> list[Goal]:
    """Lasting differences as large as they are, and the list nearly that of a context that stands still."""
    found: list[Goal] = []
    for name in ROWS:  # five of six are out of reach where nothing moves, too: the sixth best is hardly the seventh
        hard = name in DECIDING
        found += [
            Goal("moving", name, "ours", "lasting SD", ">=", 0.9 * MERIT, fewest=24, deciding=hard),
            Goal("moving", name, "ours", "lasting SD", "<=", 1.1 * MERIT, fewest=24, deciding=hard),
            Goal("moving", name, "ours", "leading of the top 6", ">=", 5.0, stretch=True),
        ]
        found.append(
            Goal("moving", name, "ours", "named of the top 6", ">=", -0.5, minus="ours, nothing moves", deciding=hard)
        )
    return found


SECTIONS = [
    Section("moving", "Conditions that move over time", [
        ("leading of the top 6", "Among the first six of the list, of the six that are truly the best", METHODS[:2]),
        ("named of the top 6", "Confident or likely, of the six that are truly the best", METHODS),
        ("named", "Units confident or likely", METHODS),
        ("lasting SD", "Lasting SD found (true: .5)", METHODS[:2]),
        ("spells", "Share of runs in which spells are found (true: 0)", METHODS[:2]),
    ]),
]  # fmt: skip


def replicate(cell: Cell, seed: int) -> list[Record]:
    """Simulate one replicate and measure it."""
    moves: Moves = cell.simulate(seed)
    best = np.argsort(-moves.merit)[:TOP]
    records = _ours("ours", moves, moves.panel, best) + _ours("ours, nothing moves", moves, moves.still, best)
    if cell.arguments.get("kind") != "proportion":
        seen = np.isfinite(moves.left).sum(axis=1)
        effect, sd = shrink(np.nanmean(moves.left, axis=1), NOISE**2 / seen, MERIT**2)
        records += _listed("oracle", top_probability(effect, sd, TOP / UNITS)[0] >= 0.5, best)
    return records


def _ours(method: str, moves: Moves, panel: pd.DataFrame, best: np.ndarray) -> list[Record]:
    expected = expect(read(Study(**moves.study), {"observations": panel}))
    table = find_deviants(expected).table.set_index("unit").reindex(expected.grid.units)
    named = table["group"].isin(["confident", "likely"]).to_numpy()
    leading = np.argsort(-table["p_top"].to_numpy(), kind="stable")[:TOP]
    return [
        *_listed(method, named, best),
        Record(method, "leading of the top 6", float(np.isin(best, leading).sum())),
        Record(method, "lasting SD", float(np.sqrt(expected.fit.persistent_variance))),
        Record(method, "spells", float(expected.fit.spells.credible)),
    ]


def _listed(method: str, named: np.ndarray, best: np.ndarray) -> list[Record]:
    return [
        Record(method, "named of the top 6", float(named[best].sum())),
        Record(method, "named", float(named.sum())),
    ]
