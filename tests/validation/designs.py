"""What is simulated: one cell per design and size. Another design is one more function and its cells."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

from pdlib.simulate import simulate_panel, simulate_practices

STUDIES = ("find", "null", "practices")


@dataclass(frozen=True)
class Cell:
    """One row of the grid.

    Attributes
    ----------
    study : {"find", "null", "practices"}
        What is measured on it.
    name : str
        Unique within the study.
    design : callable
        Takes ``seed`` and `arguments`, returns a simulated study with its truth.
    replicates : int
        How often; seeds 1, 2, ... are the same in every cell (common random numbers).
    mixed : int
        In so many of the first replicates statsmodels' MixedLM takes part (it is slow).
    heavy : bool
        Left out of a quick run.
    """

    study: str
    name: str
    design: Callable[..., Any]
    arguments: dict[str, Any]
    replicates: int
    mixed: int = 0
    heavy: bool = False

    def simulate(self, seed: int) -> Any:
        """One replicate."""
        return self.design(seed=seed, **self.arguments)


MIXED = 5
FIND_REPLICATES = {50: 40, 500: 32, 5000: 12}
NULL_REPLICATES = {50: 60, 500: 300, 5000: 12}
PRACTICE_REPLICATES = {(200, 40): 48, (500, 40): 48, (2000, 40): 12, (200, 200): 20, (500, 200): 12, (2000, 200): 4}


def _find() -> list[Cell]:
    cells = [
        _panel("find", n, p, kind)
        for n in (50, 500, 5000)
        for p in (1, 6, 12)
        for kind in ("mean", "proportion", "rate")
    ]
    cells += [_panel("find", n, 6, "mean", context="step") for n in (500, 5000)]
    cells += [
        _panel("find", 500, 6, "mean", **extra)
        for extra in (
            {"context": "linear"},
            {"tails": "t"},
            {"far_share": 0.04},
            {"missing_share": 0.25},
            {"median_n": 10},
            {"median_n": 100},
        )
    ]
    return cells


def _null() -> list[Cell]:
    grid = [(500, p, kind) for p in (6, 12) for kind in ("mean", "proportion", "rate")]
    cells = [_panel("null", *each, null=True) for each in [*grid, (50, 6, "mean"), (5000, 6, "mean"), (500, 3, "mean")]]
    cells += [_panel("null", 500, 1, "mean", null=True), _panel("null", 500, 6, "mean", null=True, context="step")]
    return [
        cell if place < len(grid) else replace(cell, replicates=min(cell.replicates, 60))
        for place, cell in enumerate(cells)
    ]


def _panel(study: str, n_units: int, n_periods: int, kind: str, **extra: Any) -> Cell:
    words = [f"{name}={value}" for name, value in extra.items() if name != "null"]
    name = " ".join([f"N={n_units} P={n_periods} {kind}", *words])
    replicates = (FIND_REPLICATES if study == "find" else NULL_REPLICATES)[n_units]
    plain = study == "find" and kind == "mean" and n_periods == 6 and n_units <= 500 and set(extra) <= {"context"}
    arguments = {"n_units": n_units, "n_periods": n_periods, "kind": kind, **extra}
    return Cell(study, name, simulate_panel, arguments, replicates, MIXED if plain else 0, heavy=n_units > 500)


def _practices() -> list[Cell]:
    cells = [
        _practice(f"N={n} K={k}", replicates, n_units=n, n_practices=k)
        for (n, k), replicates in PRACTICE_REPLICATES.items()
    ]
    cells.append(_practice("N=500 K=40 shocks", 40, n_units=500, n_practices=40, shock_sd=0.3, period_sd=0.3))
    return cells + [
        _practice(f"N={n} K=40 nothing matters", 100, n_units=n, n_practices=40, null=True) for n in (200, 500)
    ]


def _practice(name: str, replicates: int, **arguments: Any) -> Cell:
    heavy = arguments["n_practices"] > 40 or arguments["n_units"] > 500
    return Cell("practices", name, simulate_practices, arguments, replicates, heavy=heavy)


CELLS = {(cell.study, cell.name): cell for cell in [*_find(), *_null(), *_practices()]}
