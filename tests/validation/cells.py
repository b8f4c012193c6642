"""One cell of the grid, and a goal for it; another design is one more function and its cells."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Cell:
    """One row of the grid.

    Attributes
    ----------
    study : str
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


@dataclass(frozen=True)
class Goal:
    """A measure of one cell that must reach, or not exceed, a bound; or stay within a multiple or margin of another."""

    study: str
    cell: str
    method: str
    measure: str
    relation: str
    bound: float
    over: str = ""
    minus: str = ""
    fewest: int = 1
    deciding: bool = False
    stretch: bool = False


@dataclass(frozen=True)
class Section:
    """What is told of a study: its title, and of each measure the heading and the methods in their order."""

    study: str
    title: str
    tables: list[tuple[str, str, list[str]]]
