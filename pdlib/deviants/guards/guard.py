"""What a guard says, and what several guards share."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
import pandas as pd

from pdlib.expected import FEW_UNITS, Expected, namable, worth_having
from pdlib.show.wording import plural
from pdlib.stats.working import inverse_link, working_values

if TYPE_CHECKING:
    from pdlib.deviants.finding import Deviants

Level = Literal["fine", "look", "warn", "not checked"]
NAMES = 5
FAR = 3.0  # standard deviations


@dataclass(frozen=True)
class Guard:
    """One guard's word.

    Attributes
    ----------
    guard : str
        What is guarded against.
    level : {"fine", "look", "warn", "not checked"}
        "look": read the sentence before using the list. "warn": do not use the list without mending this.
    sentence : str
        What was found; no unit is named in it, so that it may stand on any page.
    value, limit : float
        What was measured, and where "look" begins; NaN where nothing was measured.
    units : str
        The units meant, for analysts.
    """

    guard: str
    level: Level
    sentence: str
    value: float = float("nan")
    limit: float = float("nan")
    units: str = ""


def not_checked(guard: str, why: str) -> Guard:
    """A guard that could not be checked, and why."""
    return Guard(guard, "not checked", f"Not checked: {why}.")


def graded(value: float, look: float, warn: float) -> Level:
    """Level of a value that is the worse the larger it is."""
    return "warn" if value > warn else "look" if value > look else "fine"


@dataclass(frozen=True, eq=False)
class Ground:
    """What several guards look at, worked out once."""

    deviants: Deviants

    @property
    def expected(self) -> Expected:
        """The expectation that the units are held against."""
        return self.deviants.expected

    @property
    def study(self) -> Any:
        """The declaration."""
        return self.expected.observations.study

    @property
    def top(self) -> float:
        """Share of units that is called the top."""
        return float(self.study.top)

    @cached_property
    def table(self) -> pd.DataFrame:
        """One row per unit, the likeliest first."""
        return self.deviants.table

    @cached_property
    def named(self) -> pd.DataFrame:
        """The confident; where there are none, the likely."""
        for group in ("confident", "likely"):
            if (self.table["group"] == group).any():
                return self.table[self.table["group"] == group]
        return self.table.iloc[:0]

    @property
    def who(self) -> str:
        """What the named are called in a sentence: "26 named shops", "the likely shop"."""
        count = len(self.named)
        word = plural(count, self.study.unit.singular, self.study.unit.plural)
        kind = "named" if len(self.deviants.confident) else "likely"
        return f"{count} {kind} {word}"

    @cached_property
    def positions(self) -> np.ndarray:
        """Rows of the named in the arrays of the estimate."""
        return np.asarray(self.expected.grid.units.get_indexer(pd.Index(self.named["unit"])))

    def labels(self, units: pd.Index | np.ndarray | list[str]) -> str:
        """Labels of units, the first few, for analysts."""
        label = self.table.set_index("unit")["label"].reindex(units).astype(str)
        more = f" and {len(label) - NAMES} more" if len(label) > NAMES else ""
        return ", ".join(label.head(NAMES)) + more

    @cached_property
    def numeric(self) -> np.ndarray:
        """(N, C) numeric context, averaged over periods."""
        return self.expected.grid.usual

    @cached_property
    def contributions(self) -> np.ndarray:
        """(N, C + D) what each condition adds to each unit's expectation against the average unit, working scale."""
        fit, count = self.expected.fit, len(self.expected.grid.conditions)
        owned = np.zeros((fit.features.shape[1], count))
        for column, owners in enumerate(fit.basis.owners):
            for owner in owners:
                owned[column, owner] = 1 / len(owners)
        return np.asarray(((fit.features - fit.features.mean(axis=0)) * fit.reml.beta) @ owned)

    @cached_property
    def worth(self) -> np.ndarray:
        """(C + D,) what each condition is worth where it is kind: from the middle to the 95th percentile over units."""
        middle, high = np.quantile(self.contributions, [0.5, 0.95], axis=0)
        return np.asarray(high - middle)

    def condition(self, index: int) -> str:
        """Label of a condition, as it stands within a sentence."""
        return f"“{self.expected.grid.conditions[index].label}”"

    @cached_property
    def cells(self) -> tuple[np.ndarray, np.ndarray]:
        """(N, P) leave-one-out excess, oriented working scale (NaN: not seen), and its sampling variance."""
        fit, grid = self.expected.fit, self.expected.grid
        level = (fit.features @ fit.reml.beta + fit.effect)[:, None] + fit.collapsed.period_effects + fit.drift
        seen = grid.n > 0
        with np.errstate(divide="ignore", invalid="ignore"):
            z, s2 = working_values(
                fit.kind, grid.y, np.where(seen, grid.n, np.nan), inverse_link(fit.kind, fit.sign * level),
                np.nan_to_num(fit.item_variance), fit.bounds, fit.collapsed.transient_variance,
            )  # fmt: skip
        rest = fit.sign * z - fit.drift - fit.collapsed.period_effects - fit.expected[:, None]
        return np.where(seen, rest, np.nan), np.where(seen, s2, np.nan)

    @cached_property
    def open(self) -> np.ndarray:
        """(N,) units whose counts can be looked at: none was hidden for being small, and none was near to it.

        Once the small ones are out, the rest looks steadier than it is, and the better the fewer stand behind it. Too
        few such units, and nobody: what a period does to all could not be told from what it does to one.
        """
        grid = self.expected.grid
        if grid.bounds is None:
            return np.ones(len(grid.units), dtype=bool)
        usual = 1 / self.cells[1]  # of a count, its variance is about as large as itself
        found = ~(grid.hidden | (usual - FAR * np.sqrt(usual) <= np.nanmax(grid.bounds))).any(axis=1)
        return found & (found.sum() >= FEW_UNITS)

    @cached_property
    def counted_cells(self) -> tuple[np.ndarray, np.ndarray]:
        """The same as `cells` of the units that are open, NaN for others."""
        rest, s2 = self.cells
        return np.where(self.open[:, None], rest, np.nan), np.where(self.open[:, None], s2, np.nan)

    def confident(self, p: np.ndarray, effect: np.ndarray, sd: np.ndarray) -> np.ndarray:
        """(N,) whom the rule of `find_deviants` would call confident, given these probabilities and posteriors."""
        return namable(self.expected, p, worth_having(self.expected, effect, sd), self.deviants.settings["false_share"])
