"""Does it hold on what was not used to find it? Only then is a practice called confirmed."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
import pandas as pd
from scipy.stats import t as student

from pdlib.errors import StudyError
from pdlib.expected import Expected, expect
from pdlib.observations import Observations
from pdlib.observations.waves import in_order
from pdlib.practices import Practices
from pdlib.practices.family import per_unit
from pdlib.practices.tested import Used, contrast_all
from pdlib.practices.timing import RISES, ROSE_BEFORE, UNKNOWN, Waves, bounds
from pdlib.show import figures, overview
from pdlib.show.wording import listed
from pdlib.stats.family import holm
from pdlib.stats.threads import single_threaded
from pdlib.stats.timing import FEWEST_GROUPS, NOTHING, changers

if TYPE_CHECKING:
    from matplotlib.axes import Axes

LEVEL = 0.05
FEWEST_UNITS, FEWEST_CHANGES = 30, 10
CONFIRMED, NOT_CONFIRMED, TOO_LITTLE = "confirmed", "not confirmed", "too little to tell"
Way = Literal["units", "periods", "adoptions"]
COLUMNS = [
    "practice", "label", "grade", "on", "n_units", "n_users", "found", "contrast", "contrast_lower", "contrast_upper",
    "after", "after_lower", "after_upper", "timing", "p_value", "p_holm", "verdict", "says",
]  # fmt: skip


@dataclass(frozen=True, eq=False)
class Confirmation:
    """Candidates held against data that were not used to find them.

    Attributes
    ----------
    practices : Practices
    on : {"units", "periods", "adoptions"}
        What they were held against.
    caveats : list of str
    settings : dict
    """

    practices: Practices = field(repr=False)
    on: Way
    _table: pd.DataFrame = field(repr=False)
    caveats: list[str]
    settings: dict[str, Any]

    @property
    def table(self) -> pd.DataFrame:
        """One row per candidate, in the order in which they were found.

        ``practice``, ``label``, ``grade`` (when found), ``on`` (units, periods or adoptions), ``n_units`` (on which it
        was held: units kept back, or units that changed), ``n_users`` (that do it, or took it up), ``found`` (the
        contrast when found, shrunken), ``contrast`` with 90 % bounds (between units kept back, or change within units),
        ``after`` with bounds (adopters after against before; yes/no practices), ``timing`` (rises after adoption, rose
        before adoption, timing unknown), ``p_value`` (one-sided; the larger of the two where both are looked at),
        ``p_holm`` (over the candidates), ``verdict`` (confirmed, not confirmed, too little to tell) and ``says`` (a
        sentence). Outcome units, more is better.
        """
        return self._table.copy()

    @property
    def confirmed(self) -> pd.DataFrame:
        """The practices that held."""
        return self.table[self._table["verdict"].eq(CONFIRMED)]

    @property
    def finding(self) -> str:
        """What held, in a sentence."""
        where = {
            "units": "units that were kept back", "periods": "changes in periods that were kept back",
            "adoptions": "adoptions that were kept back",
        }[self.on]  # fmt: skip
        if self._table.empty:
            return f"There is no candidate to hold against {where}."
        held = self.confirmed
        if held.empty:
            return f"None of {len(self._table)} candidates is confirmed on {where}."
        return f"Of {len(self._table)} candidates {len(held)} are confirmed on {where}: {listed(held['label'])}."

    def plot(self, *, ax: Axes | None = None) -> Axes:
        """Each candidate on the data kept back, with its range."""
        show = self.practices.deviants.expected.outcome.format
        rows = self._table[self._table["contrast"].notna()]
        return figures.dots(
            rows.assign(unit=rows["practice"]), value="contrast", beneath="verdict", lower="contrast_lower",
            upper="contrast_upper", value_format=show.difference, value_label=f"{show.unit}, on {self.on} kept back",
            title=self.finding, ax=ax,
        )  # fmt: skip

    def _repr_html_(self) -> str:
        shown = ["label", "n_units", "found", "contrast", "contrast_lower", "contrast_upper", "p_holm", "verdict"]
        return overview(self.finding, self._table[shown], self.caveats, rows=20).__html__()


@single_threaded
def confirm(observations: Observations, practices: Practices, candidates: Sequence[str] | None = None) -> Confirmation:
    """Hold candidates against what was kept back when they were found, or against observations that came later.

    On *units* that were not compared: the contrast between them, context taken out as before. On *periods* or
    *adoptions* that were not looked at: what happened where a unit changed what it does after the last wave that was
    used; change within units and, for a yes or no, adopters against units without it must both be above zero, and
    results must last beyond the period of the change and neither have risen nor dipped before it. Each candidate is
    tested in its own direction, all of them together by Holm at .05.

    Parameters
    ----------
    observations : Observations
        Those of the study that keeps something back (``[confirm]``), or later ones of the same study.
    practices : Practices
        As found by `compare_practices`.
    candidates : sequence of str, optional
        Names or labels; by default all that were graded strong or promising.

    Returns
    -------
    Confirmation

    Raises
    ------
    StudyError
        If all of the observations were used already to find the candidates.

    References
    ----------
    Holm (1979), A simple sequentially rejective multiple test procedure, Scandinavian Journal of Statistics 6.
    """
    chosen = practices.promising if candidates is None else pd.DataFrame([practices.row(name) for name in candidates])
    expected = _expected(observations, practices)
    on, fresh = _not_used(observations, practices, expected)
    names = [str(name) for name in chosen["practice"]] if len(chosen) else []
    if on == "units":
        rows = _between_units(observations, practices, expected, fresh, names)
        notes = ["Other units cannot tell which came first: a practice that follows success would be found there too."]
    else:
        rows = _within_changes(observations, practices, expected, fresh, names)
        notes = ["Only units that changed what they do after the last wave used have a say."]
        if "nested_in" in observations.units:
            few = f"changes in fewer than {FEWEST_GROUPS} groups tell nothing"
            notes.append(f"{observations.study.unit.plural.capitalize()} of one group count as one; {few}.")
    table = pd.DataFrame(rows, columns=[column for column in COLUMNS if column not in {"p_holm", "verdict", "says"}])
    table["p_holm"] = holm(table["p_value"].to_numpy(dtype=float))
    smallest = expected.outcome.smallest_contrast or 0.0
    table["verdict"] = [_verdict(row, smallest) for _, row in table.iterrows()]
    table["says"] = [_says(practices, row) for _, row in table.iterrows()]
    settings = {
        **practices.settings,
        "on": on,
        "confirm_level": LEVEL,
        "confirm_hash": observations.settings["data_hash"],
    }
    return Confirmation(practices, on, table[COLUMNS], notes, settings)


def _expected(observations: Observations, practices: Practices) -> Expected:
    """The expectation of these observations: the one at hand if they are those that were compared."""
    found = practices.deviants.expected
    if observations is practices.observations:
        return found
    return expect(observations, outcome=found.outcome.name, challenger=None)


def _not_used(observations: Observations, practices: Practices, expected: Expected) -> tuple[Way, Used]:
    """What these observations hold that was not looked at, and in which way it can tell."""
    before, grid, confirm_on = practices.waves.used, expected.grid, observations.study.confirm
    earlier = practices.deviants.expected.grid
    compared = set(earlier.units[before.units])
    fresh_units = np.array([unit not in compared for unit in grid.units]) & expected.fit.rated
    every_wave = sorted(
        in_order(observations.practices["wave"].unique(), observations.study.practices.order),
        key=lambda wave: grid.periods.index(wave) if wave in grid.periods else -1,
    )
    fresh_waves = [wave for wave in every_wave if wave not in before.waves and wave in grid.periods]
    if fresh_units.sum() >= FEWEST_UNITS and not (confirm_on and confirm_on.start):
        return "units", Used(fresh_units, np.ones(len(grid.periods), dtype=bool), every_wave)
    if fresh_waves:
        on: Way = "adoptions" if confirm_on and confirm_on.adoptions_from else "periods"
        return on, Used(expected.fit.rated, np.ones(len(grid.periods), dtype=bool), every_wave)
    unit = observations.study.unit
    raise StudyError(
        f"All {len(compared):,} {unit.plural} and every wave ({', '.join(before.waves[-3:])}) were used to find the "
        f"candidates; {int(fresh_units.sum())} other {unit.plural} are left and {FEWEST_UNITS} are needed. Keep "
        "something back before comparing ([confirm] units, periods_from or adoptions_from), or come back with later "
        "observations."
    )


def _between_units(
    observations: Observations, practices: Practices, expected: Expected, fresh: Used, names: list[str]
) -> list[dict[str, Any]]:
    values = per_unit(observations, expected.grid.units, fresh.waves).reindex(columns=names)
    tested = contrast_all(observations, expected, fresh, values, draws=1, seed=0)
    slope = expected.slope_at_average
    rows = []
    for k, name in enumerate(names):
        row, contrasts = practices.row(name), tested.contrasts
        step = (row["high"] - row["low"]) * slope
        size, se = contrasts.estimate[k] * step, contrasts.se[k] * step
        own = tested.values[name].dropna()
        users = int((own >= (0.5 if practices.is_binary(name) else row["high"])).sum())
        spare = max(contrasts.spare[k], 1)
        reach = float(student.ppf(0.95, spare)) * se
        few = min(users, len(own) - users) < observations.study.practices.may_be_few
        rows.append(
            _of(row, "units", len(own), users)
            | {"contrast": size, "contrast_lower": size - reach, "contrast_upper": size + reach,
               "p_value": np.nan if few else float(student.sf(size / se, spare))}
        )  # fmt: skip
    return rows


def _within_changes(
    observations: Observations, practices: Practices, expected: Expected, fresh: Used, names: list[str]
) -> list[dict[str, Any]]:
    """Units that did the same in all waves used and changed later; the others serve as their comparison if steady."""
    waves, before = Waves(observations, expected, fresh), practices.waves.used
    last = max((waves.places[wave] for wave in before.waves if wave in waves.places), default=-1)
    _, weights = waves.cells
    on: Way = "adoptions" if observations.study.confirm and observations.study.confirm.adoptions_from else "periods"
    rows = []
    for name in names:
        row, doing = practices.row(name), waves.doing(name).copy()
        changed_before = changers(doing[:, : last + 1], weights[:, : last + 1])
        doing[changed_before] = np.nan
        changed = changers(doing, weights)
        taken_up = int((changed & (np.nanmax(np.where(np.isfinite(doing), doing, -np.inf), axis=1) > 0)).sum())
        found, slope = waves.changes(doing), expected.slope_at_average
        numbers: dict[str, Any] = {"timing": found.timing}
        step = (row["high"] - row["low"]) * slope
        for key, each, size in (("contrast", found.change, step), ("after", found.after, slope)):
            numbers |= dict(zip((key, f"{key}_lower", f"{key}_upper"), bounds(each or NOTHING, size), strict=True))
        numbers["p_value"] = found.p_value if changed.sum() >= FEWEST_CHANGES else np.nan
        rows.append(_of(row, on, int(changed.sum()), taken_up) | numbers)
    return rows


def _of(row: pd.Series, on: Way, n_units: int, n_users: int) -> dict[str, Any]:
    nothing = {f"{key}{end}": np.nan for key in ("contrast", "after") for end in ("", "_lower", "_upper")}
    own = {
        "practice": row["practice"],
        "label": row["label"],
        "grade": row["grade"],
        "on": on,
        "found": row["contrast"],
        "timing": UNKNOWN,
    }
    return nothing | own | {"n_units": n_units, "n_users": n_users}


def _verdict(row: pd.Series, smallest: float) -> str:
    if not np.isfinite(row["p_holm"]):
        return TOO_LITTLE
    if row["p_holm"] <= LEVEL and row["on"] != "units" and row["timing"] != RISES:
        return NOT_CONFIRMED if row["timing"] == ROSE_BEFORE else TOO_LITTLE
    if row["p_holm"] <= LEVEL:
        return CONFIRMED
    # Told apart from too little: the data kept back rule out half of what was found, or anything worth having.
    return NOT_CONFIRMED if row["contrast_upper"] < max(row["found"] / 2, smallest) else TOO_LITTLE


def _says(practices: Practices, row: pd.Series) -> str:
    show, units = practices.deviants.expected.outcome.format, practices.observations.study.unit.plural
    who = f"{row['n_units']:,} {units} that were kept back" if row["on"] == "units" else (
        f"{row['n_units']:,} {units} that changed it afterwards"
    )  # fmt: skip
    if not np.isfinite(row["p_value"]):
        return f"Too few to tell: {who}, {row['n_users']:,} of them with it."
    if row["verdict"] != CONFIRMED and row["p_holm"] <= LEVEL:
        why = "did better before they changed it" if row["timing"] == ROSE_BEFORE else (
            "rose in the period of the change only, or came back from a dip"
        )  # fmt: skip
        return f"{row['verdict'].capitalize()} on {who}: they {why}."
    between = show.more_range(row["contrast_lower"], row["contrast_upper"])
    return f"{row['verdict'].capitalize()} on {who}: {show.more(row['contrast'])} ({between})."
