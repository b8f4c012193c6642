"""One tidy set of observations, from a study's tables or from a single one."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import pandas as pd

from pdlib.errors import DataError, StudyError
from pdlib.observations.comments import read_comments, read_reviewed, read_staff
from pdlib.observations.people import HYPOTHESES, read_hypotheses, read_visits
from pdlib.observations.practices import read_codebook, read_practices
from pdlib.observations.reader import read_panel, read_units, usable
from pdlib.observations.sheet import Source
from pdlib.observations.text import in_time, rows
from pdlib.show import overview
from pdlib.study import Study, did_you_mean

UNFINISHED = 0.6
_OF_A_SINGLE_TABLE = (
    "better", "context", "kind", "label", "n", "name", "outcome", "per", "period", "practices", "sd", "se", "unit",
)  # fmt: skip


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

    @property
    def periods(self) -> list[str]:
        """Periods in the order of time."""
        return list(self.panel["period"].drop_duplicates().sort_values(key=in_time))

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
        notes += _unfinished(self)
        if self.study.period is None:
            notes.append("No period is declared, so a good spell cannot be told from lasting merit.")
        return notes

    @property
    def _comments_aside(self) -> dict[str, int]:
        return {
            "nothing said": self.settings.get("comments_empty", 0),
            "of a time outside the observations": self.settings.get("comments_out_of_span", 0),
        }

    def during(self, periods: list[str]) -> Observations:
        """The same observations, these periods only; waves of practices in other periods are left out too."""
        others = set(self.periods) - set(periods)
        return replace(
            self,
            panel=self.panel[self.panel["period"].isin(periods)].reset_index(drop=True),
            practices=self.practices[~self.practices["wave"].isin(others)].reset_index(drop=True),
        )

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
    source: Study | str | Path | pd.DataFrame, tables: Mapping[str, pd.DataFrame] | None = None, **declaration: Any
) -> Observations:
    """Read the tables of a study, or a single table declared on the spot, and check all of it.

    Parameters
    ----------
    source : Study, path or DataFrame
        A study; or a CSV, Parquet or Excel file, or a frame, with one row per unit and period.
    tables : mapping, optional
        Frames to use in place of the study's files: ``observations``, ``units``, ``practices``, ``codebook``,
        ``comments``, ``staff``, ``reviewed``.
    **declaration
        For a single table: ``unit``, ``period``, ``outcome`` (a column), ``n``, ``sd`` or ``se``, ``kind``
        ("mean" unless said otherwise), ``better``, ``label``, ``per``, ``context`` and ``practices`` (columns), and
        ``name``.

    Returns
    -------
    Observations

    Raises
    ------
    StudyError
        If the declaration is wrong.
    DataError
        If the data contradict it: every problem, with file, column, rows and what to do.
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
    if isinstance(source, Study):
        if declaration:
            unknown = ", ".join(sorted(declaration))
            raise StudyError(f"read(study) takes tables only; {unknown} belongs into the study itself.")
        return _read(Source(source, tables or {}))
    return _read(_single_table(source, declaration))


def _read(source: Source) -> Observations:
    """Look at every table before a problem in any of them is raised."""
    study = source.study
    source.check_frames()
    sheet = source.sheet("observations", study.keys)
    unit_sheet = source.sheet("units", [study.unit.column])
    codebook = read_codebook(source)
    if sheet is None:
        raise DataError(source.problems)
    panel = read_panel(study, sheet, unit_sheet)
    units = read_units(study, sheet, unit_sheet, panel)
    codebook, practices = read_practices(source, codebook, panel, units.index)
    codebook, practices = read_visits(source, codebook, practices, units.index)
    hypotheses = read_hypotheses(source, codebook, practices)
    comments, counts = read_comments(source, units.index, panel["period"])
    staff, reviewed = read_staff(source, unit_sheet), read_reviewed(source)
    source.stop()
    panel, set_aside = usable(study, panel, sheet.name)
    settings = {
        "data_hash": source.data_hash(), "declared": study.declared, "rows_used": len(panel),
        "rows_set_aside": len(set_aside), **counts,
    }  # fmt: skip
    return Observations(
        study, panel, units, practices, codebook, comments, staff, reviewed, set_aside, settings, hypotheses
    )


def _single_table(source: str | Path | pd.DataFrame, given: dict[str, Any]) -> Source:
    """The source that a declaration on the spot stands for."""
    _check_single(given)
    kind, column, practices = given.get("kind", "mean"), given["outcome"], given.get("practices", ())
    amount = {"proportion": "successes", "rate": "events"}.get(kind, "value")
    outcome = {"name": column, "kind": kind, amount: column, "exposure" if kind == "rate" else "n": given.get("n")}
    outcome |= {key: given[key] for key in ("better", "sd", "se", "label", "per") if key in given}
    names = [practices] if isinstance(practices, str) else practices
    declaration: dict[str, Any] = {
        "outcome": outcome, "practice": [{"practice": name, "kind": "graded"} for name in names],
        **{key: given[key] for key in ("name", "unit", "period", "context") if key in given},
    }  # fmt: skip
    if isinstance(source, pd.DataFrame):
        return Source(Study(**declaration), {"observations": source})
    path = Path(source)
    files = {"name": path.stem, "tables": {"observations": path.name}, "folder": path.parent}
    return Source(Study(**(files | declaration)), {})


def _check_single(given: dict[str, Any]) -> None:
    missing = [key for key in ("unit", "outcome") if key not in given]
    if missing:
        raise StudyError(
            f"Say which column holds the {' and the '.join(missing)}: read(..., unit=..., period=..., outcome=...)."
        )
    known = _OF_A_SINGLE_TABLE
    wrong = [f"{key!r} is not known{did_you_mean(key, known)}" for key in given if key not in known]
    if wrong:
        raise StudyError(f"{'; '.join(wrong)}. A single table takes {', '.join(known)}; for more, write a study.toml.")
