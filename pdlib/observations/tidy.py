"""One tidy set of observations, from a study's tables or from a single one."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Literal

import pandas as pd

from pdlib.errors import DataError, Problem, StudyError, TooFewUnitsError
from pdlib.observations.comments import read_comments, read_reviewed, read_staff
from pdlib.observations.declared import refuse_words, single_table
from pdlib.observations.meaning.check import NO_UNIT, check_exclusions, check_meaning
from pdlib.observations.people import HYPOTHESES, read_hypotheses, read_visits
from pdlib.observations.periods import Calendar
from pdlib.observations.practices import read_codebook, read_practices
from pdlib.observations.reader import read_panel, read_units, usable
from pdlib.observations.reading import COLUMNS, what_was_read
from pdlib.observations.sheet import Source, parted
from pdlib.observations.text import as_text, rows
from pdlib.observations.wide import laid_out_long
from pdlib.show import overview
from pdlib.study import Study, did_you_mean

UNFINISHED = 0.6


@dataclass(frozen=True, eq=False)
class Observations:
    """Everything that the study declares, read and checked.

    Attributes
    ----------
    study : Study
    panel : DataFrame
        One row per unit and period: ``unit``, ``period``, the columns named in the study, checked, then any others as
        they are.
    units : DataFrame
        One row per unit, indexed by unit: ``label`` and, where declared, ``region``, ``nested_in``, ``twin_within``,
        ``varies_by``.
    practices : DataFrame
        One row per unit, wave and practice: ``unit``, ``wave``, ``practice``, ``value`` (NaN: no answer).
    codebook : DataFrame
        One row per practice, indexed by it; columns as `pdlib.study.Practice`.
    comments : DataFrame
        One row per comment that says something: ``comment`` (id), ``unit``, ``period``, ``voice``, ``touchpoint``,
        ``text``, as written; empty if the study has none. What may be shown of it goes through `pdlib.hear`.
    staff : Series
        Names of employees, to be taken out of comments.
    reviewed : DataFrame
        Comments that somebody looked at: ``comment``, ``cleared``, ``reviewer``, ``text`` (as they saw it).
    set_aside : DataFrame
        Rows not used, with the reason: ``unit``, ``period``, ``reason``.
    settings : dict
        Data hash and counts.
    reading : DataFrame
        What was understood of each table and column, one row each: ``table``, ``role``, ``column``, ``kind``, ``said``
        (a sentence), ``declared``, ``n_values``, ``n_empty``, ``lowest``, ``highest``, ``commonest``.
    doubts : list of Problem
        What looked odd and stopped nothing; they are among the caveats.
    calendar : Calendar
        The periods in the order of time, those that have no rows included; made from their labels if it is not given.
    """

    study: Study
    panel: pd.DataFrame
    units: pd.DataFrame
    practices: pd.DataFrame
    codebook: pd.DataFrame
    comments: pd.DataFrame = field(repr=False)  # as written: personal data must not slip out with what is printed
    staff: pd.Series = field(repr=False)
    reviewed: pd.DataFrame = field(repr=False)
    set_aside: pd.DataFrame
    settings: dict[str, Any] = field(default_factory=dict)
    hypotheses: pd.DataFrame = field(default_factory=lambda: pd.DataFrame(columns=HYPOTHESES))
    reading: pd.DataFrame = field(default_factory=lambda: pd.DataFrame(columns=COLUMNS), repr=False)
    doubts: list[Problem] = field(default_factory=list)
    calendar: Calendar = field(default_factory=lambda: Calendar.of([]), repr=False)

    def __post_init__(self) -> None:
        if not self.calendar.holds(self.panel["period"].unique()):
            object.__setattr__(self, "calendar", Calendar.of(self.panel["period"].unique()))

    @property
    def periods(self) -> list[str]:
        """Periods that have rows, in the order of time."""
        return list(self.panel["period"].drop_duplicates().sort_values(key=self.calendar.key))

    @property
    def table(self) -> pd.DataFrame:
        """A copy of the panel."""
        return self.panel.copy()

    @property
    def finding(self) -> str:
        """What was read, in a sentence."""
        unit, period = self.study.unit, self.study.period
        span = f" over {len(self.periods)} {period.plural}, {self.periods[0]} to {self.periods[-1]}" if period else ""
        aside = f"; {rows(len(self.set_aside))} set aside" if len(self.set_aside) else "; no row was set aside"
        return f"{self.panel['unit'].nunique():,} {unit.plural}{span}: {len(self.panel):,} rows used{aside}."

    @property
    def caveats(self) -> list[str]:
        """What to keep in mind about these data."""
        notes = [
            f"{rows(count)} set aside: {reason}." for reason, count in self.set_aside["reason"].value_counts().items()
        ]
        notes += [f"{count:,} comments set aside: {reason}." for reason, count in self._comments_aside.items() if count]
        notes += [
            f"{rows(count)} of the {table} table set aside: {NO_UNIT}." for table, count in self._excluded.items()
        ]
        notes += map(str, self.doubts)
        notes += _unfinished(self)
        if self.study.period is None:
            notes.append("No period is declared, so a good spell cannot be told from lasting merit.")
        return notes

    @property
    def unusable(self) -> dict[str, int]:
        """How many rows were set aside that the study did not ask to leave out, by reason."""
        counts = self.set_aside["reason"].value_counts().drop(NO_UNIT, errors="ignore")
        return {str(reason): int(count) for reason, count in counts.items()}

    @property
    def _comments_aside(self) -> dict[str, int]:
        return {
            "nothing said": self.settings.get("comments_empty", 0),
            "of a time outside the observations": self.settings.get("comments_out_of_span", 0),
        }

    @property
    def _excluded(self) -> dict[str, int]:
        found = {
            table: self.settings.get(f"{table}_excluded", 0) for table in ("units", "practices", "comments", "visits")
        }
        return {table: count for table, count in found.items() if count}

    def during(self, periods: list[str]) -> Observations:
        """The same observations, these periods only; waves of practices in other periods are left out too.

        Parameters
        ----------
        periods : list of str
            By their labels, or written in another way that can mean one of them only.

        Raises
        ------
        StudyError
            If there is no such period.
        """
        periods = [self.period(name) for name in periods]
        every, span = set(self.calendar.full()), self.calendar.full(periods)
        others = (every - set(span)) | (set(self.periods) - set(periods))  # a wave in a gap of the span stays
        return replace(
            self,
            panel=self.panel[self.panel["period"].isin(periods)].reset_index(drop=True),
            practices=self.practices[~self.practices["wave"].isin(others)].reset_index(drop=True),
        )

    def period(self, name: str) -> str:
        """The label of a period that is written in whichever way.

        Raises
        ------
        StudyError
            If there is none, from the first to the last, that it could mean.
        """
        every = self.calendar.full()
        label = self.calendar.match(str(name))
        if label not in every:
            known = f"{every[0]} to {every[-1]}" if every else "none"
            raise StudyError(f"There is no period {name!r}{did_you_mean(str(name), every)}; there are {known}.")
        return label

    def coverage(self) -> pd.DataFrame:
        """How many units and how much exposure each period has: ``period``, ``n_units``, ``exposure``."""
        size = self.study.primary.size
        exposure = self.panel[size] if size else pd.Series(1.0, index=self.panel.index)
        grouped = self.panel.assign(exposure=exposure).groupby("period", observed=True)
        frame = grouped.agg(n_units=("unit", "nunique"), exposure=("exposure", "sum"))
        return frame.reindex(self.periods).reset_index()

    def _repr_html_(self) -> str:
        return overview(self.finding, self.coverage(), self.caveats).__html__()


def _unfinished(observations: Observations) -> list[str]:
    """That the last period looks incomplete, by what is usual a unit or by how many units have reported."""
    coverage = observations.coverage()
    if observations.study.period is None or len(coverage) < 4:
        return []
    each = coverage["exposure"] / coverage["n_units"]
    last = coverage["period"].iloc[-1]
    found = []
    for values, what in (
        (coverage["n_units"], observations.study.unit.plural),
        (each, observations.study.primary.exposure_label),
    ):
        share = float(values.iloc[-1] / values.iloc[:-1].median())
        if share < UNFINISHED:
            found.append(f"{share:.0%} of the usual {what}")
    note = (
        f"{last} looks unfinished ({' and '.join(found)}): it counts for as much as it holds, but what comes late may "
        "differ. Leave it out with observations.during(observations.periods[:-1])."
    )
    return [note] if found else []


def read(
    source: Study | str | Path | pd.DataFrame,
    tables: Mapping[str, Any] | None = None,
    *,
    unit: str | Mapping[str, Any] | None = None,
    period: str | Mapping[str, Any] | None = None,
    outcome: str | Mapping[str, Any] | None = None,
    n: str | None = None,
    sd: str | None = None,
    se: str | None = None,
    kind: Literal["mean", "proportion", "rate"] | None = None,
    better: Literal["higher", "lower"] | None = None,
    label: str | None = None,
    per: float | None = None,
    context: str | Sequence[str | Mapping[str, Any]] | None = None,
    practices: str | Sequence[str | Mapping[str, Any]] | None = None,
    name: str | None = None,
    **misspelt: Any,
) -> Observations:
    """Read the tables of a study, or a single table declared on the spot, and check all of it.

    Parameters
    ----------
    source : Study, path or DataFrame
        A study; or a CSV, Parquet or Excel file, or a frame, with one row per unit and period.
    tables : mapping, optional
        With a study: frames to use in place of its files (``observations``, ``units``, ``practices``, ``codebook``,
        ``hypotheses``, ``visits``, ``comments``, ``staff``, ``reviewed``). With a single table: how it is written
        (``sheet``, ``encoding``, ``decimal``, ``thousands``, ``missing``), as in `pdlib.study.Table`.
    unit, period, outcome : str or mapping, optional
        For a single table: the column, or the column with its keys as in `pdlib.study.Unit`, `Period` and `Outcome`:
        ``period={"column": "month", "day_first": True}``, ``outcome={"column": "score", "missing": [-999]}``. The
        outcome's column holds a mean, or for a proportion its successes, for a rate its events.
    n : str, optional
        Column with how many answers stand behind each row; of a rate, the exposure.
    sd, se : str, optional
        Column with the spread of single answers, or with the standard error of the mean.
    kind : {"mean", "proportion", "rate"}, optional
        A mean unless said otherwise.
    better : {"higher", "lower"}, optional
        Which way is good; it must be said of a rate.
    label : str, optional
        What to call the outcome.
    per : float, optional
        Of how much exposure a rate is told: 1,000 visits.
    context, practices : sequence of str or mapping, optional
        Columns that a unit cannot choose, and those that it can, by name or with their keys.
    name : str, optional
        What to call the study.

    Returns
    -------
    Observations

    Raises
    ------
    StudyError
        If the declaration is wrong.
    DataError
        If the data contradict it or leave a question open: everything found, with file, column, rows and what to do.
    TooFewUnitsError
        If fewer than three units are left.

    Examples
    --------
    >>> frame = pd.DataFrame(
    ...     {"store": list("aabbccdd"), "month": [1, 2] * 4, "csat": [7, 8, 6, 7, 9, 8, 5, 6], "n": 30}
    ... )
    >>> read(frame, unit="store", period="month", outcome="csat", n="n").finding
    '4 units over 2 periods, 1 to 2: 8 rows used; no row was set aside.'
    """
    given = {
        "unit": unit, "period": period, "outcome": outcome, "n": n, "sd": sd, "se": se, "kind": kind, "better": better,
        "label": label, "per": per, "context": context, "practices": practices, "name": name,
    }  # fmt: skip
    said = {key: value for key, value in given.items() if value is not None} | misspelt
    is_study = isinstance(source, Study)
    if misspelt or (is_study and said):
        refuse_words(said if is_study else misspelt, of_a_study=is_study)
    if isinstance(source, Study):
        return _read(Source(source, tables or {}))
    return _read(single_table(source, tables or {}, given))


def _read(source: Source) -> Observations:
    """Look at every table before a problem in any of them is raised."""
    study = source.study
    source.check_frames()
    sheet = source.sheet("observations", study.keys[:1], study.keys[1:])
    unit_sheet = source.sheet("units", [study.unit.column])
    codebook = read_codebook(source)
    if sheet is None:
        raise DataError(*parted(source.problems))
    sheet = source.sheets["observations"] = laid_out_long(study, sheet)
    try:
        panel, periods = read_panel(study, sheet, unit_sheet)
    except DataError as error:
        error.reading = what_was_read(study, source.sheets, pd.DataFrame(), pd.DataFrame(), source.facts)
        raise
    calendar = periods.calendar if periods else Calendar.of(["all"])
    if periods:
        source.facts["period"] = periods.said
    units = read_units(study, sheet, unit_sheet, panel, calendar)
    check_meaning(study, sheet, unit_sheet, panel, units, kind_was_said=source.kind_was_said)
    times = calendar if periods else None
    codebook, practices = read_practices(source, codebook, panel, units.index, times)
    codebook, practices = read_visits(source, codebook, practices, units.index, times)
    hypotheses = read_hypotheses(source, codebook, practices)
    comments, counts = read_comments(source, units.index, calendar)
    staff, reviewed = read_staff(source, unit_sheet), read_reviewed(source)
    check_exclusions(study, (sheet, unit_sheet), source.spellings, source.excluded)
    reading = what_was_read(study, source.sheets, panel, practices, source.facts, dict(codebook["kind"].items()))
    source.stop(reading)
    try:
        panel, set_aside = usable(study, panel, sheet.name, calendar)
    except TooFewUnitsError as error:
        error.reading, error.doubts = reading, source.doubts
        raise
    set_aside = pd.concat([_excluded(study, source), set_aside], ignore_index=True)
    settings = {
        "data_hash": source.data_hash(), "declared": study.declared, "rows_used": len(panel),
        "rows_set_aside": len(set_aside), **_excluded_rows(source), **counts,
    }  # fmt: skip
    return Observations(
        study, panel, units, practices, codebook, comments, staff, reviewed, set_aside, settings, hypotheses, reading,
        source.doubts, calendar,
    )  # fmt: skip


def _excluded(study: Study, source: Source) -> pd.DataFrame:
    """Rows of the observations that the study says are of no unit."""
    frame = source.excluded["observations"]
    has_period = study.period is not None and study.period.column in frame
    period = as_text(frame[study.keys[-1]]) if has_period else "all"
    return pd.DataFrame({"unit": frame[study.unit.column], "period": period, "reason": NO_UNIT}, dtype="str")


def _excluded_rows(source: Source) -> dict[str, int]:
    """How many rows of the other tables are of no unit: ``units_excluded`` and so on, where there are any."""
    others = {table: frame for table, frame in source.excluded.items() if table != "observations"}
    return {f"{table}_excluded": len(frame) for table, frame in others.items() if len(frame)}
