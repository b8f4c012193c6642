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
from pdlib.stats.timing import NOTHING, Change, adoption_contrast, within_unit_change, within_units

FEW_CHANGES = 10
REACH, CREDIBLY = float(ndtri(0.975)), float(ndtri(0.95))
RISES, BEFORE, UNKNOWN = "rises after adoption", "was high before", "timing unknown"
COLUMNS = ["n_changed", "change", "change_lower", "change_upper", "after", "after_lower", "after_upper", "timing"]


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

    def changes(self, doing: np.ndarray) -> tuple[Change, Change | None]:
        """Change within units; and adopters after against before, None for a practice that is no yes or no."""
        binary = bool(np.isin(doing[np.isfinite(doing)], (0.0, 1.0)).all())
        z, weights = self.cells
        return within_unit_change(z, weights, doing), adoption_contrast(z, weights, doing) if binary else None


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
        practices only), ``timing``: *rises after adoption* if both lower bounds are above zero; *was high before* if
        units do not change as the contrast between units would have it; else *timing unknown*.
    """
    if not waves.tell:
        nothing = {name: UNKNOWN if name == "timing" else np.nan for name in COLUMNS}
        return pd.DataFrame(nothing, index=table.index, columns=COLUMNS)
    slope = waves.expected.slope_at_average
    rows: dict[str, list[Any]] = {}
    for name, row in ((str(index), row) for index, row in table.iterrows()):
        step = (row["high"] - row["low"]) * slope
        change, after = waves.changes(waves.doing(name))
        numbers = [float(change.units), *bounds(change, step), *bounds(after or NOTHING, slope)]
        rows[name] = [*numbers, _timing(row, change, after, step)]
    return pd.DataFrame.from_dict(rows, orient="index", columns=COLUMNS).rename_axis(index="practice")


def bounds(change: Change, size: float) -> list[float]:
    """A change and its 90 % bounds, in outcome units."""
    reach = CREDIBLY * change.se
    return [change.estimate * size, (change.estimate - reach) * size, (change.estimate + reach) * size]


def rises(change: Change, after: Change | None) -> bool:
    """Whether both ways of looking at a change agree that the outcome rose."""
    both = [change] if after is None else [change, after]
    return all(each.estimate > CREDIBLY * each.se for each in both)


def _timing(row: pd.Series, change: Change, after: Change | None, step: float) -> str:
    if change.units < FEW_CHANGES or not np.isfinite(row["raw_contrast"]):
        return UNKNOWN
    if rises(change, after):
        return RISES
    own = change.se * step
    spread = float(np.hypot((row["raw_contrast_upper"] - row["raw_contrast_lower"]) / (2 * REACH), own))
    contradicted = row["raw_contrast"] - change.estimate * step > REACH * spread
    high_before = row["raw_contrast_lower"] > 0 and contradicted and change.estimate * step <= REACH * own
    return BEFORE if high_before else UNKNOWN
