"""A table under inspection, and where tables come from; what is wrong with any of them is gathered, not raised."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from pandas.api.types import infer_dtype, is_float_dtype, is_list_like, is_object_dtype

from pdlib.errors import DataError, Level, Problem, StudyError
from pdlib.observations.files import FileReading, Raw, UnreadableError, read_file
from pdlib.observations.limits import LIMITS, TooLargeError
from pdlib.observations.marks import ERRORS
from pdlib.observations.meaning.ids import hint, key, tidied
from pdlib.observations.numbers import Role, as_numbers
from pdlib.observations.text import as_text, as_written, rows, rows_listed
from pdlib.show.wording import listed
from pdlib.study import Answer, Study, Table, Tables, did_you_mean
from pdlib.study.answers import Door

SHOWN = 5
KEPT_ROWS = 10_000  # of one problem, for the list of what to correct


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
    options : Table
        How it is written, as far as the study says.
    reading : FileReading, optional
        How its file was taken; None where a frame was handed in.
    notes : dict
        By column, how its numbers were read where that is not the plain way.
    bounds : dict
        By column, between what its hidden counts lie; NaN where a count is known.
    """

    name: str
    frame: pd.DataFrame
    problems: list[Problem]
    door: Door = "toml"
    lines: pd.Series | None = None
    table: str = "observations"
    options: Table = field(default_factory=Table)
    reading: FileReading | None = None
    notes: dict[str, tuple[str, ...]] = field(default_factory=dict)
    bounds: dict[str, tuple[pd.Series, pd.Series]] = field(default_factory=dict)

    @property
    def unsettled(self) -> set[str]:
        """Columns of this table with a problem or an open question."""
        return {
            problem.column
            for problem in self.problems
            if problem.level != "doubt" and problem.where.startswith(f"{self.name}, column")
        }

    @property
    def points_before_decimals(self) -> bool:
        """Whether a column of the file has numbers with decimals, which were then written with points."""
        if self.reading is None or self.reading.kind != "CSV":
            return False
        return any(is_float_dtype(values) and (values.dropna() % 1 != 0).any() for _, values in self.frame.items())

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
        keys = tuple(answer.said(self.door) for answer in answers)
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

    def key(self, meaning: str = "", **entries: Any) -> Answer:
        """An entry of the study about how this table is written.

        Parameters
        ----------
        meaning : str
            What the data are taken for then.
        **entries
            Keys of `pdlib.study.Table`.
        """
        if self.door == "keywords" or self.options.file is None:
            return Answer("tables", entries, self.table if self.door == "keywords" else "", meaning)
        whole = self.options.model_dump(exclude_none=True) | entries  # in TOML a table is its file, or all of its keys
        return Answer("tables", {self.table: whole}, "", meaning)

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
        fix = f"Correct the id, or remove the row.{hint(ids[unknown].unique(), units)}"
        self.report_rows(column, unknown, "a unit that the observations do not have", fix, ids)

    def has(self, column: str, fix: str) -> bool:
        """Whether there is such a column; that there is none is a problem."""
        if column in self.frame:
            return True
        self.report(column, f"there is no such column{did_you_mean(column, map(str, self.frame.columns))}.", fix)
        return False

    def numbers(self, column: str, *, role: Role = "condition", **more: Any) -> pd.Series:
        """The column as numbers; what is none is reported, empty cells are not, a wholly empty column is.

        Parameters
        ----------
        column : str
        role : str
            What the column is to the study, as for `pdlib.observations.numbers.as_numbers`.
        **more
            As there.
        """
        read = as_numbers(self, column, role=role, **more)
        self.notes[column] = read.notes
        if read.lower.notna().any():
            self.bounds[column] = (read.lower, read.upper)
        return read.values

    def finite(self, column: str, numbers: pd.Series) -> pd.Series:
        """The same numbers; infinite ones among them are a problem."""
        infinite = numbers.abs().eq(np.inf)
        self.report_rows(column, infinite, "an infinite number", "Leave them empty or correct them.")
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
    spellings : dict
        How each id first stood there, by what it has in common with other spellings of it.
    excluded : dict
        By table, the rows of what the study says is no unit.
    kind_was_said : bool
        Whether the kind of the outcome is declared.
    """

    study: Study
    frames: Mapping[str, pd.DataFrame]
    problems: list[Problem] = field(default_factory=list)
    hashes: dict[str, str] = field(default_factory=dict)
    door: Door = "toml"
    sheets: dict[str, Sheet] = field(default_factory=dict)
    facts: dict[str, str] = field(default_factory=dict)
    spellings: dict[str, str] = field(default_factory=dict)
    excluded: dict[str, pd.DataFrame] = field(default_factory=dict)
    kind_was_said: bool = True

    def sheet(self, table: str, text: list[str], times: Sequence[str] = ()) -> Sheet | None:
        """Read one table.

        Parameters
        ----------
        table : str
            "observations", "units", "practices", "codebook" or "comments".
        text : list of str
            Columns that are ids and read as text.
        times : sequence of str
            Columns that are periods: left as they are written, for `read_periods`.

        Returns
        -------
        Sheet or None
            None if the study has no such table, or it cannot be read, which is a problem.
        """
        keys = [*text, *times]
        raw = self._handed_in(table, keys) if table in self.frames else self._filed(table, keys)
        if raw is None:
            return None
        frame = self._once(table, raw.frame)
        frame = frame.assign(**{name: as_text(frame[name]) for name in text if name in frame})
        if self.study.unit.column in text and self.study.unit.column in frame:
            frame = self._of_units(table, frame)
        sheet = replace(self._blank(table), frame=frame, lines=raw.lines, reading=raw.reading)
        self.sheets[table] = sheet
        if raw.reading is not None:
            self.facts[table] = raw.reading.said
        for name in keys:
            if name in frame and raw.reading is not None:
                sheet.report_rows(
                    name, frame[name].isin(ERRORS), "a spreadsheet error", "Correct the formula.", frame[name]
                )
        return sheet

    def _blank(self, table: str) -> Sheet:
        """A sheet without rows, to which problems of the table are told."""
        return Sheet(self.name(table), pd.DataFrame(), self.problems, self.door, None, table, self.options(table))

    def _once(self, table: str, frame: pd.DataFrame) -> pd.DataFrame:
        """The frame with each column once, and one value a cell."""
        again = frame.columns[frame.columns.duplicated()].unique()
        if len(again):
            self._report(table, f"the heading {listed(map(repr, again))} appears twice.", "Keep one, or rename it.")
            frame = frame.loc[:, ~frame.columns.duplicated()]
        for name in frame:
            if _holds_lists(frame[name]):
                found = f"the column {name!r} holds lists."
                raise DataError(
                    *parted([*self.problems, Problem(self.name(table), found, "Write one value in each cell.")])
                )
        return frame

    def _of_units(self, table: str, frame: pd.DataFrame) -> pd.DataFrame:
        """The rows of units, each id in one spelling; what the study excludes is put aside."""
        unit = self.study.unit
        frame = frame.assign(**{unit.column: tidied(frame[unit.column], self.spellings)})
        excluded = frame[unit.column].isin([self.spellings.get(key(name), name) for name in unit.exclude])
        self.excluded[table] = frame[excluded]
        return frame[~excluded] if len(self.excluded[table]) else frame

    def name(self, table: str) -> str:
        """What to call a table: its file, or "the units table"."""
        return self._declared(table) or f"the {table} table"

    def stop(self, reading: pd.DataFrame | None = None) -> None:
        """Raise what has been found so far, if any of it is more than a doubt."""
        problems, doubts = parted(self.problems)
        if problems:
            raise DataError(problems, doubts, reading)

    @property
    def doubts(self) -> list[Problem]:
        """What is told and stops nothing."""
        return parted(self.problems)[1]

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

    def _handed_in(self, table: str, text: list[str]) -> Raw:
        frame = self.frames[table]
        levels = [name for name in frame.index.names if name in text and name not in frame.columns]
        frame = (frame.reset_index(levels) if levels else frame).reset_index(drop=True)
        if isinstance(frame.columns, pd.MultiIndex):
            frame.columns = [" ".join(str(part) for part in name if str(part)) for name in frame.columns]
        frame = self._once(table, frame.rename(columns=str))
        content = pd.util.hash_pandas_object(frame, index=False).to_numpy().tobytes()
        self.hashes[table] = hashlib.sha256(content).hexdigest()
        return Raw(frame, None, None)

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

    def _filed(self, table: str, text: list[str]) -> Raw | None:
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
            self._report(table, found, "Correct the name in [tables].")
            return None
        before = len(parted(self.problems)[0])
        raw = self._parsed(table, path, text)
        if raw is not None and raw.frame.empty:
            if len(parted(self.problems)[0]) > before:
                return None  # why there are none has been said
            self._report(table, "the file has no rows.", "Export it again; at least three units are needed.")
            return None
        return raw

    def _parsed(self, table: str, path: Path, text: list[str]) -> Raw | None:
        try:
            LIMITS.check_file(path)
            data = path.read_bytes()
            self.hashes[table] = hashlib.sha256(data).hexdigest()
            raw = read_file(data, self._blank(table), text)
            if raw is not None:
                LIMITS.check_frame(raw.frame)
            return raw
        except TooLargeError as error:
            found, fix = f"the file is too large: {error}.", "Export only what the study needs, or split the table."
        except UnreadableError as error:
            found, fix = error.found, error.fix
        except OSError as error:
            found, fix = f"the file cannot be read: {error.strerror or error}.", "Look at who may read it."
        self._report(table, found, fix)
        return None


def parted(problems: Iterable[Problem]) -> tuple[list[Problem], list[Problem]]:
    """What must be corrected or answered, and what is only told."""
    every = list(problems)
    return [one for one in every if one.level != "doubt"], [one for one in every if one.level == "doubt"]


def _holds_lists(values: pd.Series) -> bool:
    """Whether cells of a column hold several values each."""
    if not is_object_dtype(values) or infer_dtype(values, skipna=True) not in {"mixed", "mixed-integer"}:
        return False
    return bool(values.map(is_list_like).any())
