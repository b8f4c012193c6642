"""Which came first, the practice or the success."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import pandas as pd
from scipy.special import ndtri

from pdlib.expected import Expected
from pdlib.observations import Observations
from pdlib.practices.tested import Used
from pdlib.stats.joint import working_cells
from pdlib.stats.refit import Stack
from pdlib.stats.timing import (
    NOTHING,
    Change,
    adopters,
    adoption_contrast,
    afterwards,
    before,
    changers,
    within_unit_change,
    within_units,
)

FEW_CHANGES = 10
ROSE, LASTED = 0.05, 0.2  # one-sided; what rises in the very period of a change only would be below zero later
AHEAD, DIPPED = 0.025, 0.01  # with those two, nine in ten of what brings something stay (tests/validation, adoptions)
SURELY_AHEAD = 0.005  # before it is said of one among many practices that it followed results
REACH = float(ndtri(0.975))
RISES, BEFORE, UNKNOWN = "rises after adoption", "was high before", "timing unknown"
ROSE_BEFORE = "rose before adoption"
COLUMNS = [
    "n_changed", "change", "change_lower", "change_upper", "after", "after_lower", "after_upper", "before",
    "before_lower", "before_upper", "timing",
]  # fmt: skip


@dataclass(frozen=True)
class Changes:
    """What happened where units changed what they do, looked at in several ways.

    Attributes
    ----------
    change : Change
        Within units.
    after : Change or None
        Adopters after against before; None for a practice that is no yes or no, or that most switched on and off.
    later : Change
        Within units, on what they did the period before: a result that lasted but the period of the change is none.
    ahead : Change
        Within units, on what they do the period after, beside what they do now: results before the practice changed.
    longer : Change
        The same another period ahead, where `after` leaves out the last.
    """

    change: Change
    after: Change | None
    later: Change
    ahead: Change
    longer: Change

    @property
    def p_value(self) -> float:
        """One-sided, of a rise: the largest of the ways of looking at it; NaN if one of them cannot tell."""
        return float(np.max([each.p_value for each in (self.change, self.after) if each is not None]))

    @property
    def lasted(self) -> bool:
        """Whether what rose did so beyond the period of the change; taken on trust if there are too few to tell."""
        return self.later.units < FEW_CHANGES or self.later.p_value <= LASTED

    @property
    def rose_before(self) -> bool:
        """Whether results seem to have been up before the practice was."""
        return self.ahead.units >= FEW_CHANGES and self.ahead.p_value <= AHEAD

    @property
    def followed(self) -> bool:
        """Whether they surely were, so that it follows them."""
        return self.rose_before and self.ahead.p_value <= SURELY_AHEAD

    @property
    def fell_before(self) -> bool:
        """Whether results were down before the practice was up, so that they may have come back by themselves."""
        dip = self.ahead if self.after is None else self.longer
        return dip.units >= FEW_CHANGES and dip.p_value >= 1 - DIPPED

    @property
    def in_order(self) -> bool:
        """Whether the practice came first, as far as can be seen."""
        return self.lasted and not self.rose_before and not self.fell_before

    @property
    def rises(self) -> bool:
        """Whether all ways of looking at a change agree that the outcome rose, and not before."""
        return self.p_value <= ROSE and self.in_order

    @property
    def timing(self) -> str:
        """In words, as far as changes alone can tell."""
        return RISES if self.rises else ROSE_BEFORE if self.followed else UNKNOWN


@dataclass(frozen=True, eq=False)
class Waves:
    """What units do over the periods, beside their outcomes.

    Attributes
    ----------
    observations : Observations
    expected : Expected
    used : Used
    """

    observations: Observations
    expected: Expected
    used: Used

    @cached_property
    def places(self) -> dict[str, int]:
        """Waves whose name is a period, in the order of time, with the period's place."""
        place = {period: k for k, period in enumerate(self.expected.grid.periods)}
        return {wave: place[wave] for wave in self.used.waves if wave in place}

    @property
    def tell(self) -> bool:
        """Whether there are waves enough to see a change."""
        return len(self.places) > 1

    @cached_property
    def cells(self) -> tuple[np.ndarray, np.ndarray]:
        """(N, P) outcomes on the working scale, and their weights, 0 where nothing was observed or is kept back."""
        fit, grid = self.expected.fit, self.expected.grid
        z, _ = working_cells(fit, grid.y, grid.n)
        weights = np.where(self.used.units[:, None] & self.used.periods, fit.collapsed.weights, 0.0)
        return np.nan_to_num(z), weights

    @cached_property
    def groups(self) -> np.ndarray | None:
        """(N,) code of the group that each unit is nested in; None where the study declares none."""
        if "nested_in" not in self.observations.units:
            return None
        return np.asarray(pd.factorize(self.observations.units["nested_in"].reindex(self.expected.grid.units))[0])

    @cached_property
    def _answers(self) -> pd.DataFrame:
        long = self.observations.practices
        long = long[long["wave"].isin(self.places)]
        wide = long.pivot_table(index=["practice", "unit"], columns="wave", values="value", dropna=False)
        return wide.reindex(columns=list(self.places))

    def answers(self, practice: str) -> np.ndarray:
        """(N, W) what each unit answered in each wave; NaN without an answer."""
        units = self.expected.grid.units
        if practice not in self._answers.index.get_level_values(0):
            return np.full((len(units), len(self.places)), np.nan)
        return self._answers.loc[practice].reindex(units).to_numpy(dtype=float)

    def doing(self, practice: str) -> np.ndarray:
        """(N, P) what each unit does, where the waves before and after agree; at the ends the nearest wave holds."""
        answers, at = pd.DataFrame(self.answers(practice)), list(self.places.values())
        before, after = answers.ffill(axis=1).to_numpy(), answers.bfill(axis=1).to_numpy()
        nothing = np.full(len(answers), np.nan)
        doing = np.empty((len(answers), len(self.expected.grid.periods)))
        for p in range(doing.shape[1]):
            last, following = np.searchsorted(at, p, side="right") - 1, np.searchsorted(at, p)
            early = before[:, last] if last >= 0 else nothing
            late = after[:, following] if following < len(at) else nothing
            either = np.where(np.isnan(early), late, early)
            doing[:, p] = np.where((early == late) | np.isnan(early) | np.isnan(late), either, np.nan)
        return doing

    def within(self, practices: list[str]) -> Stack:
        """Outcome and practices within units, for fitting practices side by side."""
        return within_units(*self.cells, [self.doing(name) for name in practices])

    def changes(self, doing: np.ndarray) -> Changes:
        """What happened where units changed what they do, and before."""
        binary = bool(np.isin(doing[np.isfinite(doing)], (0.0, 1.0)).all())
        z, weights = self.cells
        changed, ahead = changers(doing, weights), afterwards(doing)
        once = binary and 2 * (changed & adopters(doing)).sum() >= changed.sum()
        return Changes(
            within_unit_change(z, weights, doing, self.groups),
            adoption_contrast(z, weights, doing, self.groups) if once else None,
            within_unit_change(z, weights, before(doing), self.groups),
            within_unit_change(z, weights, ahead, self.groups, [doing]),
            within_unit_change(z, weights, afterwards(ahead), self.groups, [doing, ahead]),
        )


def check_timing(waves: Waves, table: pd.DataFrame) -> pd.DataFrame:
    """Compare each practice's contrast between units with what happened where a unit took it up or gave it up.

    Parameters
    ----------
    waves : Waves
    table : DataFrame
        Indexed by practice: ``low``, ``high``, ``raw_contrast`` with its 95 % bounds.

    Returns
    -------
    DataFrame
        Indexed by practice: ``n_changed`` (units whose practice changed), ``change`` with 90 % bounds (within units,
        outcome units), ``after`` with bounds (adopters after against before, beside units not doing it yet; yes/no
        practices that most took up for good), ``before`` with bounds (how units did in the period before they changed,
        against their other periods; NaN if too few waves can tell), ``timing``: *rises after adoption* if change and
        after are above zero, results lasted beyond the period of the change, and neither rose before it nor came back
        from a dip; *was high before* if units do not change as the contrast between units would have it; *rose before
        adoption* if units surely did better before they changed; else *timing unknown*.
    """
    if not waves.tell:
        nothing = {name: UNKNOWN if name == "timing" else np.nan for name in COLUMNS}
        return pd.DataFrame(nothing, index=table.index, columns=COLUMNS)
    slope = waves.expected.slope_at_average
    rows: dict[str, list[Any]] = {}
    for name, row in ((str(index), row) for index, row in table.iterrows()):
        step = (row["high"] - row["low"]) * slope
        found = waves.changes(waves.doing(name))
        ahead = found.ahead if found.ahead.units >= FEW_CHANGES else NOTHING
        numbers = [*bounds(found.change, step), *bounds(found.after or NOTHING, slope), *bounds(ahead, step)]
        rows[name] = [float(found.change.units), *numbers, _timing(row, found, step)]
    return pd.DataFrame.from_dict(rows, orient="index", columns=COLUMNS).rename_axis(index="practice")


def bounds(change: Change, size: float) -> list[float]:
    """A change and its 90 % bounds, in outcome units."""
    return [change.estimate * size, (change.estimate - change.reach) * size, (change.estimate + change.reach) * size]


def _timing(row: pd.Series, found: Changes, step: float) -> str:
    change = found.change
    if change.units < FEW_CHANGES or not np.isfinite(row["raw_contrast"]):
        return UNKNOWN
    if found.rises:
        return found.timing
    own = change.se * step
    spread = float(np.hypot((row["raw_contrast_upper"] - row["raw_contrast_lower"]) / (2 * REACH), own))
    contradicted = row["raw_contrast"] - change.estimate * step > REACH * spread
    if row["raw_contrast_lower"] > 0 and contradicted and change.estimate * step <= REACH * own:
        return BEFORE
    return found.timing
