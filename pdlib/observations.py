"""Read and check: tables become one tidy set of observations, every problem reported at once."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any
from zipfile import BadZipFile

import numpy as np
import pandas as pd

from pdlib.errors import DataError, Problem, StudyError, TooFewUnitsError
from pdlib.show import overview
from pdlib.study import Outcome, Practice, Study, did_you_mean, practice_in_context

SHOWN = 5
FEWEST_UNITS = 3
_YES_NO = {"yes": 1.0, "no": 0.0, "true": 1.0, "false": 0.0, "y": 1.0, "n": 0.0}
_CODEBOOK = list(Practice.model_fields)


@dataclass(frozen=True, eq=False)
class Observations:
    """Everything that the study declares, read and checked.

    Attributes
    ----------
    study : Study
    panel : DataFrame
        One row per unit and period: ``unit``, ``period``, the columns named in the study, checked, then any others as they are.
    units : DataFrame
        One row per unit, indexed by unit: ``label`` and, where declared, ``region``, ``nested_in``, ``twin_within``.
    practices : DataFrame
        One row per unit, wave and practice: ``unit``, ``wave``, ``practice``, ``value`` (NaN: no answer).
    codebook : DataFrame
        One row per practice, indexed by it; columns as `pdlib.study.Practice`.
    comments : DataFrame
        ``unit``, ``period``, ``voice``, ``touchpoint``, ``text``; empty if the study has none.
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
    comments: pd.DataFrame
    set_aside: pd.DataFrame
    settings: dict[str, Any] = field(default_factory=dict)

    @property
    def periods(self) -> list[str]:
        """Periods in the order of time."""
        return list(self.panel["period"].drop_duplicates().sort_values(key=_in_time))

    @property
    def table(self) -> pd.DataFrame:
        """A copy of the panel."""
        return self.panel.copy()

    @property
    def finding(self) -> str:
        """What was read, in a sentence."""
        unit, period = self.study.unit, self.study.period
        span = f" over {len(self.periods)} {period.plural}, {self.periods[0]} to {self.periods[-1]}" if period else ""
        aside = f"; {len(self.set_aside):,} rows set aside" if len(self.set_aside) else "; no row was set aside"
        return f"{self.panel['unit'].nunique():,} {unit.plural}{span}: {len(self.panel):,} rows used{aside}."

    @property
    def caveats(self) -> list[str]:
        """What to keep in mind about these data."""
        notes = [
            f"{count:,} rows set aside: {reason}." for reason, count in self.set_aside["reason"].value_counts().items()
        ]
        if self.study.period is None:
            notes.append("No period is declared, so luck and lasting merit cannot be told apart over time.")
        return notes

    def during(self, periods: list[str]) -> Observations:
        """The same observations, these periods only."""
        return replace(self, panel=self.panel[self.panel["period"].isin(periods)].reset_index(drop=True))

    def coverage(self) -> pd.DataFrame:
        """How many units and how much exposure each period has: ``period``, ``n_units``, ``exposure``."""
        size = self.study.primary.size
        exposure = self.panel[size] if size else pd.Series(1.0, index=self.panel.index)
        grouped = self.panel.assign(exposure=exposure).groupby("period", observed=True)
        frame = grouped.agg(n_units=("unit", "nunique"), exposure=("exposure", "sum"))
        return frame.reindex(self.periods).reset_index()

    def _repr_html_(self) -> str:
        return overview(self.finding, self.coverage(), self.caveats).__html__()


def read(
    source: Study | str | Path | pd.DataFrame, tables: Mapping[str, pd.DataFrame] | None = None, **declaration: Any
) -> Observations:
    """Read the tables of a study, or a single table declared on the spot, and check all of it.

    Parameters
    ----------
    source : Study, path or DataFrame
        A study; or a CSV, Parquet or Excel file, or a frame, with one row per unit and period.
    tables : mapping, optional
        Frames to use in place of the study's files: ``observations``, ``units``, ``practices``, ``codebook``, ``comments``.
    **declaration
        For a single table: ``unit``, ``period``, ``outcome`` (a column), ``n``, ``sd`` or ``se``, ``kind``
        ("mean" unless said otherwise), ``better``, ``context`` and ``practices`` (columns), and ``name``.

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
        study, frames = source, dict(tables or {})
    else:
        study, frames = _single_table(source, dict(declaration))
    reader = _Reader(study, frames)
    return reader.observations()


def _single_table(source: str | Path | pd.DataFrame, given: dict[str, Any]) -> tuple[Study, dict[str, pd.DataFrame]]:
    missing = [key for key in ("unit", "outcome") if key not in given]
    if missing:
        raise StudyError(
            f"Say which column holds the {' and the '.join(missing)}: read(..., unit=..., period=..., outcome=...)."
        )
    known = {
        "unit",
        "period",
        "outcome",
        "n",
        "sd",
        "se",
        "kind",
        "better",
        "context",
        "practices",
        "name",
        "label",
        "per",
    }
    wrong = [f"{key!r} is not known{did_you_mean(key, known)}" for key in given if key not in known]
    if wrong:
        raise StudyError(
            f"{'; '.join(wrong)}. A single table takes {', '.join(sorted(known))}; for more, write a study.toml."
        )
    kind, column, n = given.get("kind", "mean"), given["outcome"], given.get("n")
    amount = {"mean": "value", "proportion": "successes", "rate": "events"}.get(kind, "value")
    outcome = {"name": column, "kind": kind, amount: column, "exposure" if kind == "rate" else "n": n}
    outcome |= {key: given[key] for key in ("better", "sd", "se", "label", "per") if key in given}
    path = None if isinstance(source, pd.DataFrame) else Path(source)
    practices = [given["practices"]] if isinstance(given.get("practices"), str) else list(given.get("practices", []))
    study = Study(
        name=given.get("name", path.stem if path else "Study"),
        unit=given["unit"],
        period=given.get("period"),
        outcome=outcome,
        context=given.get("context", ()),
        practice=[{"practice": name, "kind": "graded"} for name in practices],
        tables={"observations": path.name} if path else None,
        folder=path.parent if path else Path(),
    )
    return study, {} if path else {"observations": source}


@dataclass
class _Reader:
    """Reads table after table and gathers problems; raises once, at the end."""

    study: Study
    frames: dict[str, pd.DataFrame]
    problems: list[Problem] = field(default_factory=list)
    hashes: dict[str, str] = field(default_factory=dict)

    def observations(self) -> Observations:
        panel = self._load(
            "observations", text=[self.study.unit.column, *([self.study.period.column] if self.study.period else [])]
        )
        units = self._load("units", text=[self.study.unit.column])
        codebook = self._codebook()
        if panel is None:
            self._stop()
        panel = self._panel(panel, units)
        unit_frame = self._units(units, panel)
        practices = self._practices(codebook, panel)
        comments = self._comments(panel)
        self._stop()
        panel, set_aside = self._usable(panel)
        codebook = self._complete(codebook, practices)
        settings = {"data_hash": self._hash(), "rows_used": len(panel), "rows_set_aside": len(set_aside)}
        return Observations(self.study, panel, unit_frame, practices, codebook, comments, set_aside, settings)

    # -- problems ---------------------------------------------------------------------------------------------

    def _report(self, table: str, column: str | None, found: str, fix: str) -> None:
        where = self._name(table) + (f", column {column}" if column else "")
        self.problems.append(Problem(where, found, fix))

    def _report_rows(
        self, table: str, column: str, bad: pd.Series, values: pd.Series | None, what: str, fix: str
    ) -> None:
        """Report the rows where ``bad`` holds, as a spreadsheet numbers them (the heading is row 1)."""
        if not bad.any():
            return
        rows = np.flatnonzero(bad.to_numpy()) + 2
        shown = ", ".join(str(row) for row in rows[:SHOWN]) + (" and so on" if len(rows) > SHOWN else "")
        examples = (
            ""
            if values is None
            else " (" + ", ".join(repr(v) for v in pd.unique(values[bad].astype(str))[:SHOWN]) + ")"
        )
        count = "1 row" if len(rows) == 1 else f"{len(rows):,} rows"
        self._report(table, column, f"{what} in {count}{examples}: row {shown}.", fix)

    def _stop(self) -> None:
        if self.problems:
            raise DataError(self.problems)

    # -- files ------------------------------------------------------------------------------------------------

    def _name(self, table: str) -> str:
        declared = getattr(self.study.tables, table, None) if self.study.tables else None
        return declared or f"the {table} table"

    def _load(self, table: str, text: list[str]) -> pd.DataFrame | None:
        if table in self.frames:
            frame = self.frames[table].reset_index(drop=True)
            self.hashes[table] = hashlib.sha256(
                pd.util.hash_pandas_object(frame, index=False).to_numpy().tobytes()
            ).hexdigest()
            return self._as_text(frame, text)
        name = getattr(self.study.tables, table, None) if self.study.tables else None
        if name is None:
            if table == "observations":
                raise StudyError(
                    'The study names no observations table: add [tables] observations = "…" or hand in a frame.'
                )
            return None
        path = self.study.folder / name
        if not path.is_file():
            near = did_you_mean(path.name, [p.name for p in path.parent.glob("*")] if path.parent.is_dir() else [])
            self._report(
                table,
                None,
                f"there is no such file in {path.parent.name or 'this folder'}{near}.",
                "Mend the name in [tables].",
            )
            return None
        self.hashes[table] = hashlib.sha256(path.read_bytes()).hexdigest()
        frame = self._parse(table, path, text)
        if frame is not None and frame.empty:
            self._report(table, None, "the file has no rows.", "Export it again; at least three units are needed.")
            return None
        return frame if frame is None else self._as_text(frame, text)

    def _parse(self, table: str, path: Path, text: list[str]) -> pd.DataFrame | None:
        as_text = dict.fromkeys(text, str)
        try:
            if path.suffix == ".parquet":
                return pd.read_parquet(path)
            if path.suffix in {".xlsx", ".xlsm"}:
                return pd.read_excel(path, dtype=as_text)
            return pd.read_csv(path, dtype=as_text, encoding="utf-8-sig", low_memory=False)
        except UnicodeDecodeError as error:
            line = path.read_bytes()[: error.start].count(b"\n") + 1
            self._report(
                table,
                None,
                f"the text is not UTF-8, first near line {line}.",
                "Save it as “CSV UTF-8”; older Excel writes another encoding.",
            )
        except pd.errors.EmptyDataError:
            self._report(
                table, None, "the file is empty.", "Export it again with a heading row and at least three units."
            )
        except (ValueError, OSError, KeyError, BadZipFile) as error:
            first = str(error).strip().splitlines()[0] if str(error).strip() else type(error).__name__
            self._report(
                table,
                None,
                f"the file cannot be read: {first}.",
                "Expected CSV, Parquet or Excel (.xlsx) with one heading row.",
            )
        return None

    @staticmethod
    def _as_text(frame: pd.DataFrame, columns: list[str]) -> pd.DataFrame:
        return frame.assign(**{name: _text(frame[name]) for name in columns if name in frame})

    def _hash(self) -> str:
        return hashlib.sha256("".join(f"{k}={v};" for k, v in sorted(self.hashes.items())).encode()).hexdigest()

    # -- columns ----------------------------------------------------------------------------------------------

    def _has(self, table: str, frame: pd.DataFrame, column: str, fix: str) -> bool:
        if column in frame:
            return True
        near = did_you_mean(column, map(str, frame.columns))
        self._report(table, column, f"there is no such column{near}.", fix)
        return False

    def _number(self, table: str, frame: pd.DataFrame, column: str) -> pd.Series:
        """The column as numbers; text in it is a problem, empty cells are not, a wholly empty column is."""
        values = frame[column]
        if pd.api.types.is_bool_dtype(values):
            return values.astype(float)
        numbers = pd.to_numeric(values, errors="coerce").astype(float)
        bad = numbers.isna() & values.notna()
        self._report_rows(
            table, column, bad, values, "text where a number is needed", "Write plain numbers, empty for missing."
        )
        infinite = np.isinf(numbers)
        self._report_rows(table, column, infinite, None, "an infinite number", "Leave them empty or mend them.")
        if numbers.isna().all() and not bad.any():
            self._report(table, column, "every value is missing.", "Fill the column or take it out of the study.")
        return numbers

    # -- the panel --------------------------------------------------------------------------------------------

    def _panel(self, frame: pd.DataFrame, units: pd.DataFrame | None) -> pd.DataFrame:
        study, table = self.study, "observations"
        keys = [study.unit.column, *([study.period.column] if study.period else [])]
        present = [self._has(table, frame, key, "Name the right column under [unit] or [period].") for key in keys]
        if not all(present):
            self._stop()
        columns: dict[str, pd.Series] = {"unit": frame[study.unit.column]}
        columns["period"] = _text(frame[study.period.column]) if study.period else pd.Series("all", index=frame.index)
        self._keys(frame, keys)
        wanted = [name for outcome in study.outcome for name in outcome.columns]
        for name in dict.fromkeys(wanted):
            if self._has(table, frame, name, "Name the right column in the outcome."):
                columns[name] = self._number(table, frame, name)
        for outcome in study.outcome:
            self._outcome(outcome, columns)
        for item in study.context:
            columns |= self._context(item.name, item.kind == "numeric", item.scale, frame, units, columns["unit"])
        rest = frame.drop(columns=[*keys, *(name for name in columns if name in frame)])
        return pd.concat([pd.DataFrame(columns), rest.drop(columns=["unit", "period"], errors="ignore")], axis=1)

    def _keys(self, frame: pd.DataFrame, keys: list[str]) -> None:
        for key in keys:
            self._report_rows(
                "observations", key, frame[key].isna(), None, "no value", "Every row needs its unit and period."
            )
        if len(keys) == 1:
            fix = "Declare the period, or give one row per unit."
        else:
            fix = "Keep one row per unit and period; if each row is a single case, count or average them first."
        again = frame.duplicated(keys, keep="first") & frame[keys].notna().all(axis=1)
        self._report_rows("observations", " and ".join(keys), again, _joined(frame, keys), "a row already given", fix)

    def _outcome(self, outcome: Outcome, columns: dict[str, pd.Series]) -> None:
        if not all(name in columns for name in outcome.columns):
            return
        table, amount, size = "observations", columns[outcome.amount], columns.get(outcome.size or "")
        if size is not None:
            self._report_rows(
                table, str(outcome.size), size < 0, size, "a negative number", "Counts and exposure are 0 or more."
            )
        if outcome.kind != "mean":
            self._report_rows(table, outcome.amount, amount < 0, amount, "a negative number", "Counts are 0 or more.")
        if outcome.kind == "proportion" and size is not None:
            values = amount.astype(str) + " of " + size.astype(str)
            self._report_rows(
                table, outcome.amount, amount > size, values, f"more than {outcome.n}", "Successes are at most n."
            )
        for name in (outcome.sd, outcome.se):
            if name:
                self._report_rows(
                    table, name, columns[name] < 0, columns[name], "a negative number", "A spread is 0 or more."
                )
        level = amount if outcome.kind == "mean" else amount / size
        level = level[np.isfinite(level)]
        if outcome.role == "primary" and len(level) > 1 and float(np.ptp(level)) == 0.0:
            self._report(
                table,
                outcome.amount,
                f"the outcome is {level.iloc[0]:g} in every row.",
                "Without differences nothing can be compared; choose another outcome.",
            )

    def _context(
        self, name: str, numeric: bool, scale: str, frame: pd.DataFrame, units: pd.DataFrame | None, unit: pd.Series
    ) -> dict[str, pd.Series]:
        own, key = "observations", self.study.unit.column
        if name in frame:
            table, source = own, frame
        elif units is not None and name in units and key in units:
            table, source = "units", units.drop_duplicates(key)
        else:
            every = [*frame.columns, *([] if units is None else units.columns)]
            self._report(
                own,
                name,
                f"the context {name!r} is in no table{did_you_mean(name, map(str, every))}.",
                "Name a column of the observations or units table.",
            )
            return {}
        values = self._number(table, source, name) if numeric else source[name].astype("str")
        if numeric and scale != "linear":
            low = values <= 0 if scale == "log" else values < 0
            self._report_rows(
                table, name, low, values, f"a value that has no {scale}", 'Use scale = "linear" or mend the values.'
            )
        return {name: values if table == own else unit.map(values.set_axis(source[key]))}

    def _usable(self, panel: pd.DataFrame) -> tuple[pd.DataFrame, pd.DataFrame]:
        """Set aside the rows that say nothing about the primary outcome; fail if too few units are left."""
        outcome = self.study.primary
        missing = panel[outcome.columns].isna().any(axis=1)
        empty = panel[outcome.size].fillna(0).eq(0) if outcome.size else pd.Series(False, index=panel.index)
        reasons = [f"no {outcome.label} recorded", f"no {outcome.exposure_label} behind it"]
        reason = pd.Series(np.select([missing, empty], reasons, default=""), index=panel.index)
        used = panel[reason.eq("")].sort_values(
            ["unit", "period"], key=lambda s: _in_time(s) if s.name == "period" else s
        )
        count = used["unit"].nunique()
        if count < FEWEST_UNITS:
            raise TooFewUnitsError(
                f"{self._name('observations')} has {count} {self.study.unit.singular if count == 1 else self.study.unit.plural} with data; "
                f"at least {FEWEST_UNITS} are needed to compare anything, 30 to name anyone. Check the column {self.study.unit.column!r}."
            )
        aside = panel.loc[reason.ne(""), ["unit", "period"]].assign(reason=reason[reason.ne("")])
        return used.reset_index(drop=True), aside.reset_index(drop=True)

    # -- the other tables -------------------------------------------------------------------------------------

    def _units(self, units: pd.DataFrame | None, panel: pd.DataFrame) -> pd.DataFrame:
        unit = self.study.unit
        index = pd.Index(sorted(panel["unit"].dropna().unique()), name="unit")
        frame = pd.DataFrame({"label": index.astype("str")}, index=index)
        if units is None or not self._has(
            "units", units, unit.column, "It must have the same id column as the observations."
        ):
            return frame
        again = units.duplicated(unit.column)
        self._report_rows(
            "units", unit.column, again, units[unit.column], "a unit already given", "Keep one row per unit."
        )
        self._known("units", units[unit.column], index)
        absent = index.difference(units[unit.column])
        if len(absent):
            named = ", ".join(absent[:SHOWN])
            self._report(
                "units",
                unit.column,
                f"{len(absent):,} {unit.plural} of the observations have no row ({named}).",
                "Add them.",
            )
        first = units.drop_duplicates(unit.column).set_index(unit.column)
        for target in ("label", "region", "nested_in", "twin_within"):
            source = getattr(unit, target)
            if source and self._has("units", units, source, "Name the right column under [unit]."):
                frame[target] = first[source].astype("str").reindex(index)
        frame["label"] = frame["label"].fillna(index.to_series())
        return frame

    def _known(self, table: str, unit: pd.Series, index: pd.Index) -> None:
        unknown = unit.notna() & ~unit.isin(index)
        self._report_rows(
            table,
            self.study.unit.column,
            unknown,
            unit,
            "a unit that the observations do not have",
            "Mend the id, or remove the row.",
        )

    def _codebook(self) -> pd.DataFrame:
        frame = self._load("codebook", text=["practice"])
        entries = [practice.model_dump() for practice in self.study.practice]
        if frame is not None and self._has("codebook", frame, "practice", "It needs one row per practice."):
            for row, record in enumerate(frame.to_dict("records"), start=2):
                known = {key: value for key, value in record.items() if key in _CODEBOOK and pd.notna(value)}
                known |= {key: str(known[key]) for key in ("label", "theme", "who_decides", "claims") if key in known}
                try:
                    entries.append(Practice(**known).model_dump())
                except ValueError as error:
                    detail = "; ".join(
                        f"{'.'.join(map(str, e['loc']))}: found {e['input']!r}, {e['msg'].lower()}"
                        for e in error.errors()
                    )  # type: ignore[attr-defined]
                    self._report(
                        "codebook",
                        None,
                        f"row {row} is not as a codebook needs it: {detail}.",
                        "See the keys of [[practice]].",
                    )
        codebook = pd.DataFrame(entries, columns=_CODEBOOK).set_index("practice")
        problems = practice_in_context(self.study, codebook.index)
        if problems:
            raise StudyError(" ".join(problems))
        for name in codebook.index[codebook.index.duplicated()]:
            self._report("codebook", "practice", f"{name!r} stands there twice.", "Keep one row per practice.")
        for name, target in codebook["claims"].items():
            if target and target not in codebook.index:
                self._report(
                    "codebook",
                    "claims",
                    f"{name!r} claims {target!r}, which is no practice{did_you_mean(target, map(str, codebook.index))}.",
                    "Name the observed practice.",
                )
        return codebook

    def _practices(self, codebook: pd.DataFrame, panel: pd.DataFrame) -> pd.DataFrame:
        columns = ["unit", "wave", "practice", "value"]
        frame = self._load(
            "practices",
            text=[self.study.unit.column, *([self.study.practices.wave] if self.study.practices.wave else [])],
        )
        if frame is None:
            own = [name for name in codebook.index if name in panel]
            if not own:
                return pd.DataFrame(columns=columns)
            frame = panel[["unit", *own]].rename(columns={"unit": self.study.unit.column})
            means = {name: self._practice_values("observations", frame, name) for name in own}
            frame = (
                pd.DataFrame({self.study.unit.column: panel["unit"], **means})
                .groupby(self.study.unit.column, as_index=False)
                .mean()
            )
            return self._long(frame, own, pd.Series("all", index=frame.index))
        if not self._has(
            "practices", frame, self.study.unit.column, "It must have the same id column as the observations."
        ):
            return pd.DataFrame(columns=columns)
        wave = self.study.practices.wave
        if wave and not self._has("practices", frame, wave, "Name the right column under [practices] wave."):
            return pd.DataFrame(columns=columns)
        keys = [self.study.unit.column, *([wave] if wave else [])]
        again = frame.duplicated(keys)
        self._report_rows(
            "practices",
            " and ".join(keys),
            again,
            _joined(frame, keys),
            "a row already given",
            "Keep one row per unit and wave; name the wave under [practices].",
        )
        self._known("practices", frame[self.study.unit.column], pd.Index(panel["unit"].dropna().unique()))
        listed = list(codebook.index) or [str(name) for name in frame.columns if name not in keys]
        both = practice_in_context(self.study, listed)
        if both:
            raise StudyError(" ".join(both))
        present = [
            name
            for name in listed
            if self._has("practices", frame, name, "The codebook names it; add the column or drop the line.")
        ]
        columns = [frame[keys], *(self._practice_values("practices", frame, name).rename(name) for name in present)]
        values = pd.concat(columns, axis=1)
        return self._long(values, present, _text(frame[wave]) if wave else pd.Series("all", index=frame.index))

    def _practice_values(self, table: str, frame: pd.DataFrame, name: str) -> pd.Series:
        values = frame[name]
        if pd.api.types.is_numeric_dtype(values) or pd.api.types.is_bool_dtype(values):
            return values.astype(float)
        lowered = values.astype("str").str.strip().str.lower()
        numbers = lowered.map(_YES_NO).fillna(pd.to_numeric(lowered, errors="coerce")).astype(float)
        bad = numbers.isna() & values.notna() & lowered.ne("")
        self._report_rows(
            table, name, bad, values, "neither a number nor yes or no", "Write numbers, yes or no, empty for no answer."
        )
        return numbers

    def _long(self, values: pd.DataFrame, names: list[str], wave: pd.Series) -> pd.DataFrame:
        wide = values[names].set_axis(
            pd.MultiIndex.from_arrays([values[self.study.unit.column], wave], names=["unit", "wave"])
        )
        long = wide.rename_axis(columns="practice").stack().rename("value").reset_index()
        return long.astype({"unit": "str", "wave": "str", "practice": "str"})

    def _comments(self, panel: pd.DataFrame) -> pd.DataFrame:
        columns = ["unit", "period", "voice", "touchpoint", "text"]
        study = self.study
        frame = self._load("comments", text=[study.unit.column, *([study.period.column] if study.period else [])])
        if frame is None or study.voices is None:
            return pd.DataFrame(columns=columns, dtype="str")
        sources = {
            "unit": study.unit.column, "period": study.period.column if study.period else None,
            "voice": study.voices.voice, "touchpoint": study.voices.touchpoint, "text": study.voices.text,
        }  # fmt: skip
        declared = {name: source for name, source in sources.items() if source}
        present = [
            self._has("comments", frame, source, "Name the right column under [voices].")
            for source in declared.values()
        ]
        if not all(present):
            return pd.DataFrame(columns=columns, dtype="str")
        self._known("comments", frame[study.unit.column], pd.Index(panel["unit"].dropna().unique()))
        taken = {name: _text(frame[source]) for name, source in declared.items()}
        return pd.DataFrame(taken).reindex(columns=columns)

    def _complete(self, codebook: pd.DataFrame, practices: pd.DataFrame) -> pd.DataFrame:
        """A codebook line with defaults for each practice that was given without one."""
        names = [name for name in practices["practice"].drop_duplicates() if name not in codebook.index]
        if not names:
            return codebook
        graded = (
            practices[practices["practice"].isin(names)]
            .groupby("practice")["value"]
            .agg(lambda v: not v.dropna().isin([0, 1]).all())
        )
        extra = [Practice(practice=name, kind="graded" if graded[name] else "binary").model_dump() for name in names]
        return (
            pd.concat([codebook, pd.DataFrame(extra, columns=_CODEBOOK).set_index("practice")])
            if len(codebook)
            else pd.DataFrame(extra, columns=_CODEBOOK).set_index("practice")
        )


def _joined(frame: pd.DataFrame, keys: list[str]) -> pd.Series:
    first, *others = (frame[key].fillna("").astype("str") for key in keys)
    return first.str.cat(others, sep=" ") if others else first


def _text(values: pd.Series) -> pd.Series:
    """Ids and periods as text: dates without their midnight, whole numbers without their decimals."""
    if pd.api.types.is_datetime64_any_dtype(values):
        whole = values.dropna().dt.day.eq(1).all()
        return values.dt.strftime("%Y-%m" if whole else "%Y-%m-%d")
    if pd.api.types.is_float_dtype(values) and (values.dropna() % 1 == 0).all():
        return values.astype("Int64").astype("str")
    stripped = values.astype("str").str.strip()
    return stripped.where(values.notna() & stripped.ne(""))


def _in_time(periods: pd.Series) -> pd.Series:
    """A sorting key for periods: numbers as numbers, dates as dates, anything else as text."""
    numbers = pd.to_numeric(periods, errors="coerce")
    if numbers.notna().all():
        return numbers
    dates = pd.to_datetime(periods, errors="coerce", format="ISO8601")
    return dates if dates.notna().all() else periods
