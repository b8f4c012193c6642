"""Which came first, the practice or the success."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
from scipy.special import ndtri

from pdlib.expected import Expected
from pdlib.observations import Observations
from pdlib.stats.joint import working_cells
from pdlib.stats.timing import NOTHING, adoption_contrast, within_unit_change

FEW_CHANGES = 10
REACH = float(ndtri(0.975))
RISES, BEFORE, UNKNOWN = "rises after adoption", "was high before", "timing unknown"
COLUMNS = ["n_changed", "change", "change_lower", "change_upper", "after", "after_lower", "after_upper", "timing"]


def check_timing(observations: Observations, expected: Expected, table: pd.DataFrame) -> pd.DataFrame:
    """Compare each practice's contrast between units with what happened where a unit took it up or gave it up.

    Parameters
    ----------
    observations : Observations
    expected : Expected
    table : DataFrame
        Indexed by practice: ``low``, ``high``, ``raw_contrast`` with its 95 % bounds.

    Returns
    -------
    DataFrame
        Indexed by practice: ``n_changed`` (units whose practice changed), ``change`` with 95 % bounds (within units,
        outcome units), ``after`` with bounds (adopters after against before, beside units not doing it yet; yes/no
        practices only), ``timing``: *rises after adoption* if both are credibly above zero; *was high before* if units
        do not change as the contrast between units would have it; else *timing unknown*.
    """
    waves = _waves(observations, expected)
    if len(waves) < 2:
        return pd.DataFrame(
            {name: UNKNOWN if name == "timing" else np.nan for name in COLUMNS}, index=table.index, columns=COLUMNS
        )
    z, _ = working_cells(expected.fit, expected.grid.y, expected.grid.n)
    z, weights = np.nan_to_num(z), expected.fit.collapsed.weights
    wide = observations.practices.pivot_table(index=["practice", "unit"], columns="wave", values="value", dropna=False)
    wide = wide[list(waves)]
    rows: dict[str, list[Any]] = {}
    for name, row in ((str(index), row) for index, row in table.iterrows()):
        known = wide.loc[name].reindex(expected.grid.units).to_numpy(dtype=float)
        doing = _between_waves(known, list(waves.values()), z.shape[1])
        step = (row["high"] - row["low"]) * expected.slope_at_average
        change = within_unit_change(z, weights, doing)
        binary = bool(np.isin(doing[np.isfinite(doing)], (0.0, 1.0)).all())
        after = adoption_contrast(z, weights, doing) if binary else NOTHING
        numbers = [float(change.units)]
        for each, size in ((change, step), (after, expected.slope_at_average)):
            reach = REACH * each.se
            numbers += [each.estimate * size, (each.estimate - reach) * size, (each.estimate + reach) * size]
        rows[name] = [*numbers, _timing(row, numbers, change.se * step, binary=binary)]
    return pd.DataFrame.from_dict(rows, orient="index", columns=COLUMNS).rename_axis(index="practice")


def _waves(observations: Observations, expected: Expected) -> dict[str, int]:
    """Waves whose name is a period, in the order of time, with the period's place."""
    place = {period: k for k, period in enumerate(expected.grid.periods)}
    named = {str(wave) for wave in observations.practices["wave"].unique()} & set(place)
    return {wave: place[wave] for wave in sorted(named, key=place.__getitem__)}


def _between_waves(known: np.ndarray, at: list[int], periods: int) -> np.ndarray:
    """(N, P) what each unit does, where the waves before and after agree; at the ends the nearest wave holds."""
    waves = pd.DataFrame(known)
    before, after = waves.ffill(axis=1).to_numpy(), waves.bfill(axis=1).to_numpy()
    doing = np.full((len(known), periods), np.nan)
    for p in range(periods):
        last, following = np.searchsorted(at, p, side="right") - 1, np.searchsorted(at, p)
        early = before[:, last] if last >= 0 else np.full(len(known), np.nan)
        late = after[:, following] if following < len(at) else np.full(len(known), np.nan)
        either = np.where(np.isnan(early), late, early)
        doing[:, p] = np.where((early == late) | np.isnan(early) | np.isnan(late), either, np.nan)
    return doing


def _timing(row: pd.Series, numbers: list[float], change_se: float, *, binary: bool) -> str:
    units, change, lower, _, _, after_lower, _ = numbers
    if units < FEW_CHANGES or not np.isfinite(change) or not np.isfinite(row["raw_contrast"]):
        return UNKNOWN
    if lower > 0 and (after_lower > 0 or not binary):
        return RISES
    spread = float(np.hypot((row["raw_contrast_upper"] - row["raw_contrast_lower"]) / (2 * REACH), change_se))
    contradicted = row["raw_contrast"] - change > REACH * spread
    return BEFORE if row["raw_contrast_lower"] > 0 and contradicted and lower <= 0 else UNKNOWN
