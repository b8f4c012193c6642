"""A table under inspection, and where tables come from; what is wrong with any of them is gathered, not raised."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from zipfile import BadZipFile

import numpy as np
import pandas as pd
from pandas.api.types import is_list_like, is_object_dtype

from pdlib.errors import DataError, Level, Problem, StudyError
from pdlib.observations.limits import LIMITS, TooLargeError
from pdlib.observations.text import as_text, as_written, rows, rows_listed
from pdlib.show.exports import unguarded
from pdlib.show.wording import listed
from pdlib.study import Answer, Study, Table, Tables, did_you_mean
from pdlib.study.answers import Door

SHOWN = 5
KEPT_ROWS = 10_000  # of one problem, for the list of what to mend


@dataclass(frozen=True, eq=False)
class Sheet:
    """One table under inspection.

    Attributes
    ----------
    name : str
        As its owner knows it: "shops.csv", or "the units table" where there is no file.
    frame : DataFrame
        Its rows in the order of the file, so that they can be named as a spreadsheet numbers them.
    problems : list of Problem
        Found so far, in this and in other tables: problems, questions and doubts.
    door : {"toml", "keywords"}
        In whose words answers are given.
    lines : Series of int, optional
        Number of each row as a spreadsheet shows it, by the frame's index; without it the heading is row 1 and every
        row one line.
    table : str
        Which of a study's tables it is.
    """

    name: str
    frame: pd.DataFrame
    problems: list[Problem]
    door: Door = "toml"
    lines: pd.Series | None = None
    table: str = "observations"

    def report(
        self,
        column: str | None,
        found: str,
        fix: str,
        *,
        level: Level = "problem",
        code: str = "",
        rows: Iterable[int] = (),
        answers: Sequence[Answer] = (),
    ) -> None:
        """Note a problem of one column, or of the table.

        Parameters
        ----------
        column : str or None
        found : str
            What is the matter, as a sentence.
        fix : str
            What to do, as a sentence; with ``answers`` the words that lead to them, which are added.
        level : {"problem", "question", "doubt"}
        code : str
            A short name for the machine.
        rows : iterable of int
            As a spreadsheet numbers them.
        answers : sequence of Answer
            Keys that settle it, the likeliest first.
        """
        where = f"{self.name}, column {column}" if column else self.name
        keys = tuple(answer.said(self.door) + (f" ({answer.meaning})" if answer.meaning else "") for answer in answers)
        self.problems.append(
            Problem(where, found, fix, level, code, str(column or ""), tuple(map(int, rows)), tuple(answers), keys)
        )

    def ask(
        self, column: str | None, found: str, answers: Sequence[Answer], *, fix: str = "", code: str = "",
        rows: Iterable[int] = (),
    ) -> None:  # fmt: skip
        """Note what only the user can settle, with the keys that do."""
        self.report(column, found, fix, level="question", code=code, rows=rows, answers=answers)

    def doubt(
        self, column: str | None, found: str, fix: str = "", *, code: str = "", rows: Iterable[int] = (),
        answers: Sequence[Answer] = (),
    ) -> None:  # fmt: skip
        """Note what is told and stops nothing."""
        self.report(column, found, fix, level="doubt", code=code, rows=rows, answers=answers)

    def rows(self, chosen: pd.Series | np.ndarray) -> np.ndarray:
        """Numbers, as a spreadsheet shows them, of the rows where ``chosen`` holds."""
        index = self.frame.index[np.asarray(chosen, dtype=bool)]
        return (index.to_numpy() + 2) if self.lines is None else self.lines.loc[index].to_numpy()

    def report_rows(
        self, column: str, bad: pd.Series, found: str, fix: str, values: pd.Series | None = None, **more: Any
    ) -> None:
        """Note the rows where ``bad`` holds, as a spreadsheet numbers them (the heading is row 1).

        Parameters
        ----------
        column : str
        bad : Series of bool
        found : str
            What is wrong with each of these rows: "a negative number".
        fix : str
        values : Series, optional
            Of which the first few bad ones are shown.
        **more
            As for `report`.
        """
        if not bad.any():
            return
        numbers = self.rows(bad)
        examples = "" if values is None else f" ({', '.join(map(repr, as_written(values[bad]).unique()[:SHOWN]))})"
        told = f"{found} in {rows(len(numbers))}{examples}: {rows_listed(numbers)}."
        self.report(column, told, fix, rows=numbers[:KEPT_ROWS], **more)

    def report_strangers(self, column: str, units: pd.Index) -> None:
        """Note the rows of units that the observations do not have."""
        ids = self.frame[column]
        unknown = ids.notna() & ~ids.isin(units)
        fix = "Mend the id, or remove the row."
        self.report_rows(column, unknown, "a unit that the observations do not have", fix, ids)

    def has(self, column: str, fix: str) -> bool:
        """Whether there is such a column; that there is none is a problem."""
        if column in self.frame:
            return True
        self.report(column, f"there is no such column{did_you_mean(column, map(str, self.frame.columns))}.", fix)
        return False

    def numbers(self, column: str) -> pd.Series:
        """The column as numbers; text in it is a problem, empty cells are not, a wholly empty column is."""
        values = self.frame[column]
        if pd.api.types.is_bool_dtype(values):
            return values.astype(float)
        numbers = pd.to_numeric(values, errors="coerce").astype(float)
        bad = numbers.isna() & values.notna()
        fix = "Write plain numbers, empty for missing."
        self.report_rows(column, bad, "text where a number is needed", fix, values)
        self.finite(column, numbers)
        if numbers.isna().all() and not bad.any():
            self.report(column, "every value is missing.", "Fill the column or take it out of the study.")
        return numbers

    def finite(self, column: str, numbers: pd.Series) -> pd.Series:
        """The same numbers; infinite ones among them are a problem."""
        infinite = numbers.abs().eq(np.inf)
        self.report_rows(column, infinite, "an infinite number", "Leave them empty or mend them.")
        return numbers


@dataclass(frozen=True, eq=False)
class Source:
    """Where a study's tables come from: frames handed in, else the files that it names.

    Attributes
    ----------
    study : Study
    frames : mapping
        Frames by table, in place of files.
    problems : list of Problem
        Found so far, shared by all sheets.
    hashes : dict
        Of each table read.
    door : {"toml", "keywords"}
        In whose words answers are given.
    sheets : dict
        The tables that could be opened, by name.
    facts : dict
        What is known of each as a whole, for people.
    """

    study: Study
    frames: Mapping[str, pd.DataFrame]
    problems: list[Problem] = field(default_factory=list)
    hashes: dict[str, str] = field(default_factory=dict)
    door: Door = "toml"
    sheets: dict[str, Sheet] = field(default_factory=dict)
    facts: dict[str, str] = field(default_factory=dict)

    def sheet(self, table: str, text: list[str]) -> Sheet | None:
        """Read one table.

        Parameters
        ----------
        table : str
            "observations", "units", "practices", "codebook" or "comments".
        text : list of str
            Columns that are ids or periods and read as text.

        Returns
        -------
        Sheet or None
            None if the study has no such table, or it cannot be read, which is a problem.
        """
        frame = self._handed_in(table) if table in self.frames else self._filed(table, text)
        if frame is None:
            return None
        again = frame.columns[frame.columns.duplicated()].unique()
        if len(again):
            self._report(table, f"the column {listed(map(repr, again))} stands there twice.", "Keep one, or rename it.")
            frame = frame.loc[:, ~frame.columns.duplicated()]
        frame = frame.assign(**{name: as_text(frame[name]) for name in text if name in frame})
        self.sheets[table] = Sheet(self.name(table), frame, self.problems, self.door, table=table)
        return self.sheets[table]

    def name(self, table: str) -> str:
        """What to call a table: its file, or "the units table"."""
        return self._declared(table) or f"the {table} table"

    def stop(self, reading: pd.DataFrame | None = None) -> None:
        """Raise what has been found so far, if any of it is more than a doubt."""
        found = [problem for problem in self.problems if problem.level != "doubt"]
        if found:
            raise DataError(found, self.doubts, reading)

    @property
    def doubts(self) -> list[Problem]:
        """What is told and stops nothing."""
        return [problem for problem in self.problems if problem.level == "doubt"]

    def data_hash(self) -> str:
        """One hash of all tables read, to tell later whether the data are the same."""
        return hashlib.sha256("".join(f"{k}={v};" for k, v in sorted(self.hashes.items())).encode()).hexdigest()

    def _declared(self, table: str) -> str | None:
        return self.options(table).file

    def options(self, table: str) -> Table:
        """How a table is written, as far as the study says."""
        return self.study.tables.of(table) if self.study.tables else Table()

    def _report(self, table: str, found: str, fix: str) -> None:
        self.problems.append(Problem(self.name(table), found, fix))

    def _handed_in(self, table: str) -> pd.DataFrame:
        frame = self.frames[table].reset_index(drop=True).rename(columns=str)
        for place, name in enumerate(frame.columns):
            if is_object_dtype(frame.iloc[:, place]) and frame.iloc[:, place].map(is_list_like).any():
                found = f"the column {name!r} holds lists."
                raise DataError([*self.problems, Problem(self.name(table), found, "Write one value in each cell.")])
        content = pd.util.hash_pandas_object(frame, index=False).to_numpy().tobytes()
        self.hashes[table] = hashlib.sha256(content).hexdigest()
        return frame

    def check_frames(self) -> None:
        """Refuse what is no table of a study, and what is no frame.

        Raises
        ------
        StudyError
        """
        known = [name for name in Tables.model_fields if name not in Table.model_fields]
        problems = [
            f"{name!r} is no table of a study{did_you_mean(str(name), known)}; there are {listed(known)}."
            for name in self.frames
            if name not in known
        ]
        problems += [
            f"the {name} table is a {type(frame).__name__} and no DataFrame; hand in a frame."
            for name, frame in self.frames.items()
            if not isinstance(frame, pd.DataFrame)
        ]
        if problems:
            raise StudyError(" ".join(problems))

    def _filed(self, table: str, text: list[str]) -> pd.DataFrame | None:
        name = self._declared(table)
        if name is None:
            if table == "observations":
                raise StudyError(
                    'The study names no observations table: add [tables] observations = "…" or hand in a frame.'
                )
            return None
        path = self.study.folder / name
        if not path.is_file():
            near = did_you_mean(path.name, [p.name for p in path.parent.glob("*")])
            found = f"there is no such file in {path.parent.name or 'this folder'}{near}."
            self._report(table, found, "Mend the name in [tables].")
            return None
        frame = self._parsed(table, path, text)
        if frame is not None:
            with path.open("rb") as file:
                self.hashes[table] = hashlib.file_digest(file, "sha256").hexdigest()
        if frame is not None and frame.empty:
            self._report(table, "the file has no rows.", "Export it again; at least three units are needed.")
            return None
        return frame

    def _parsed(self, table: str, path: Path, text: list[str]) -> pd.DataFrame | None:
        try:
            LIMITS.check_file(path)
            frame = _parse(path, text)
            LIMITS.check_frame(frame)
            return frame
        except TooLargeError as error:
            found, fix = f"the file is too large: {error}.", "Export only what the study needs, or split the table."
        except UnicodeDecodeError as error:
            line = path.read_bytes()[: error.start].count(b"\n") + 1
            found = f"the text is not UTF-8, first near line {line}."
            fix = "Save it as “CSV UTF-8”; older Excel writes another encoding."
        except pd.errors.EmptyDataError:
            found, fix = "the file is empty.", "Export it again with a heading row and at least three units."
        except (ValueError, OSError, KeyError, BadZipFile) as error:
            reason = next(iter(str(error).strip().splitlines()), type(error).__name__)
            found = f"the file cannot be read: {reason}."
            fix = "Expected CSV, Parquet or Excel (.xlsx) with one heading row."
        self._report(table, found, fix)
        return None


def _parse(path: Path, text: list[str]) -> pd.DataFrame:
    as_text = dict.fromkeys(text, str)
    if path.suffix == ".parquet":
        return pd.read_parquet(path)
    if path.suffix in {".xlsx", ".xlsm"}:
        return pd.read_excel(path, dtype=as_text)
    frame = pd.read_csv(path, dtype=as_text, encoding="utf-8-sig", low_memory=False, nrows=LIMITS.rows + 1)
    frame = frame.rename(columns=unguarded)
    texts = [name for name in frame.columns if not pd.api.types.is_numeric_dtype(frame[name])]
    return frame.assign(**{name: frame[name].map(unguarded, na_action="ignore") for name in texts})
