"""A column as numbers: read where one reading fits, asked where several do, refused with rows where none does."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
import pandas as pd
from pandas.api import types

from pdlib.observations.durations import SHORT, SPANS, counted_in, seconds_of, seconds_of_cell, short_seconds, unit_of
from pdlib.observations.marks import (
    MOST_OFFERED,
    bounds,
    coded,
    coded_numbers,
    exact,
    hides_small,
    intervals,
    kind_of_text,
)  # fmt: skip
from pdlib.observations.text import rows
from pdlib.observations.written import written
from pdlib.study import Answer

if TYPE_CHECKING:
    from pdlib.observations.sheet import Sheet

Role = Literal["count", "size", "mean", "exposure", "condition", "practice", "spread"]
_WHOLE = {"count", "size"}
_PERCENT = {"mean", "condition", "practice", "spread"}
_SECTIONS = {"condition": "context", "practice": "practice"}
_INVISIBLE = "[\u200b\u2060\ufeff]"
PLAIN = "Write plain numbers, empty for missing."
PLAIN_ONLY = "Write plain numbers."  # where to leave a cell empty would tilt the result


@dataclass(frozen=True, eq=False)
class NumbersRead:
    """A column as numbers.

    Attributes
    ----------
    values : Series of float
        NaN where empty, missing or hidden.
    lower, upper : Series of float
        Between what a hidden count lies; NaN everywhere else.
    notes : tuple of str
        How it was read, where it is not the plain way: "a comma before decimals".
    """

    values: pd.Series
    lower: pd.Series
    upper: pd.Series
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, eq=False)
class Reader:
    """What is known of a column before it is read.

    Attributes
    ----------
    sheet : Sheet
    column : str
    role : {"count", "size", "mean", "exposure", "condition", "practice", "spread"}
        What it is to the study: successes or events; n; a mean; exposure; a condition; a practice; sd or se.
    missing : sequence of float or str
        Codes that stand for no answer.
    suppressed : mapping or sequence, optional
        Marks of hidden counts and between what the counts lie.
    unit : str
        Of a mean or a condition.
    weighted : bool
        Whether counts are weighted and need not be whole.
    of : str
        The outcome, condition or practice that the column belongs to.
    words : tuple of str
        What is said of text among the numbers, and what to do.
    """

    sheet: Sheet
    column: str
    role: Role = "condition"
    missing: Sequence[float | str] = ()
    suppressed: Any = None
    unit: str = ""
    weighted: bool = False
    of: str = ""
    words: tuple[str, str] = ("text where a number is needed", PLAIN)

    @property
    def whole(self) -> bool:
        """Whether it counts, so that no value has decimals."""
        return self.role in _WHOLE and not self.weighted

    def answer(self, **entries: Any) -> Answer:
        """An entry of the study about this column."""
        return Answer(_SECTIONS.get(self.role, "outcome"), entries, self.of or self.column)

    def refuse(self, bad: np.ndarray, found: str, fix: str, **more: Any) -> None:
        """Note the rows where ``bad`` holds, with some of their values."""
        values = self.sheet.frame[self.column]
        self.sheet.report_rows(self.column, pd.Series(bad, values.index), found, fix, values, **more)


def as_numbers(
    sheet: Sheet, column: str, *, role: Role = "condition", missing: Sequence[float | str] | None = None, **more: Any
) -> NumbersRead:
    """Read a column as numbers, a column at a time and in one way of writing.

    Parameters
    ----------
    sheet : Sheet
        Its options hold decimal and thousands marks and missing codes, if the study says them.
    column : str
    role : {"count", "size", "mean", "exposure", "condition", "practice", "spread"}
        What it is to the study: successes or events; n; a mean; exposure; a condition; a practice; sd or se.
    missing : sequence of float or str, optional
        Codes that stand for no answer; by default those of the table.
    **more
        ``suppressed``, ``unit``, ``weighted``, ``of``: as the study says of this outcome, condition or practice.

    Returns
    -------
    NumbersRead

    Notes
    -----
    What is no number is reported to the sheet: as a problem, a question or a doubt.
    """
    codes = tuple(missing if missing is not None else sheet.options.missing or ())
    reader = Reader(sheet, column, role, codes, **more)
    values = sheet.frame[column]
    if isinstance(values.dtype, pd.CategoricalDtype):
        values = values.astype(values.cat.categories.dtype)
    if types.is_bool_dtype(values):
        read = _plain(values.astype(float))
    elif types.is_timedelta64_dtype(values):
        read = _of_spans(reader, values.dt.total_seconds())
    elif types.is_datetime64_any_dtype(values):
        reader.refuse(values.notna().to_numpy(), "a date where a number is needed", PLAIN_ONLY)
        read = _plain(pd.Series(np.nan, values.index))
    elif types.is_numeric_dtype(values):
        read = _plain(_without_codes(reader, values.astype(float)))
    else:
        read = _of_texts(reader, values)
    if types.is_numeric_dtype(values) and read.values.isna().all():
        _report_empty(reader)
    if reader.whole:
        _check_whole(reader, read.values)
    sheet.finite(column, read.values)
    return read


def _plain(values: pd.Series, notes: tuple[str, ...] = ()) -> NumbersRead:
    none = pd.Series(np.nan, values.index)
    return NumbersRead(values, none, none, notes)


def _report_empty(reader: Reader) -> None:
    if reader.role != "practice":  # nobody has answered: that is known of a practice
        fix = "Fill the column or take it out of the study."
        taken, found = reader.sheet.reading, "every value is missing."
        if taken is not None and reader.column in taken.uncounted:
            found, fix = "formulas without a stored result.", "Open and save the file in a spreadsheet program."
        reader.sheet.report(reader.column, found, fix, code="all_missing")


def _without_codes(reader: Reader, values: pd.Series) -> pd.Series:
    if not reader.missing:
        return values
    bad = coded_numbers(values, reader.missing)
    return values.mask(bad) if bad.any() else values


def _of_spans(reader: Reader, seconds: pd.Series) -> NumbersRead:
    if reader.role in _WHOLE:
        reader.refuse(seconds.notna().to_numpy(), "a span of time where a count is needed", PLAIN_ONLY)
    name, size = counted_in(reader.unit)
    if np.isnan(size):
        _ask_unit(reader, seconds.notna().to_numpy())
    return _plain(seconds / size, (f"{SPANS} {name}",))


def _ask_unit(reader: Reader, chosen: np.ndarray) -> None:
    """Ask what spans of time are counted in, where the unit of the study is none of time."""
    answers = [reader.answer(unit=unit) for unit in ("minutes", "hours", "seconds")]
    found = f"a span of time, and the unit {reader.unit!r} is none of time,"
    reader.refuse(chosen, found, "Say what to count it in:", level="question", code="spans", answers=answers)


# -- text -----------------------------------------------------------------------------------------------------


def _of_texts(reader: Reader, values: pd.Series) -> NumbersRead:
    """Numbers of a column of text or of cells of several kinds: each different one is looked at once."""
    places, found = pd.factorize(values)
    cells = pd.Series(found)
    counts = np.bincount(places[places >= 0], minlength=len(cells))
    parts = _Cells.of(cells, counts)
    _take_numbers(reader, parts)
    _take_percent(reader, parts)
    _take_spans(reader, parts)
    _refuse_units(reader, parts)
    low, high = _take_hidden(reader, parts)
    _tell_rest(reader, parts, places)
    spread = np.append(parts.numbers, np.nan)[places]
    series = [pd.Series(np.append(part, np.nan)[places], values.index) for part in (low, high)]
    return NumbersRead(pd.Series(spread, values.index), series[0], series[1], tuple(parts.notes))


@dataclass(eq=False)
class _Cells:
    """The different cells of a column: as texts, how often each, what each is, and its number."""

    cells: pd.Series
    texts: pd.Series
    counts: np.ndarray
    kinds: np.ndarray
    numbers: np.ndarray
    notes: list[str]

    @classmethod
    def of(cls, cells: pd.Series, counts: np.ndarray) -> _Cells:
        if types.is_object_dtype(cells):
            is_text = cells.map(lambda cell: isinstance(cell, str)).to_numpy(dtype=bool)
        else:
            is_text = np.ones(len(cells), dtype=bool)
        texts = cells.where(is_text, "").astype("str").str.replace(_INVISIBLE, "", regex=True).str.strip()
        kinds = np.where(is_text, "text", "cell").astype(object)
        return cls(cells, texts, counts, kinds, np.full(len(cells), np.nan), [])

    def rest(self, kind: str = "text") -> np.ndarray:
        return self.kinds == kind

    def told(self, chosen: np.ndarray) -> int:
        """How many rows the chosen cells stand in."""
        return int(self.counts[chosen].sum())


def _take_numbers(reader: Reader, parts: _Cells) -> None:
    options, texts = reader.sheet.options, parts.texts
    cells = parts.rest("cell")
    parts.numbers[cells] = [_number(cell) for cell in parts.cells[cells]]
    if reader.missing:
        bad = coded(texts, reader.missing).to_numpy(dtype=bool) & ~cells
        bad |= cells & coded_numbers(pd.Series(parts.numbers), reader.missing).to_numpy(dtype=bool)
        parts.kinds[bad], parts.numbers[bad] = "missing", np.nan
        if bad.any():
            parts.notes.append(f"{', '.join(map(str, reader.missing))} for no answer in {rows(parts.told(bad))}")
    chosen = parts.rest()
    percent = chosen & texts.str.endswith("%").to_numpy(dtype=bool)
    bare = texts.where(~percent, texts.str.rstrip("%").str.strip())
    taken = written(
        bare[chosen], parts.counts[chosen], whole=reader.role in _WHOLE, amount=reader.role == "exposure",
        english=reader.sheet.points_before_decimals, decimal=options.decimal, thousands=options.thousands,
    )  # fmt: skip
    places = np.flatnonzero(chosen)
    parts.numbers[places] = taken.values
    parts.kinds[places[~np.isnan(taken.values)]] = "number"
    parts.kinds[percent & parts.rest("number")] = "percent"
    if taken.open and taken.unclear is not None:
        _ask_marks(reader, parts, places[taken.unclear], taken.open)
    if taken.mixed is not None and taken.mixed.any():
        _refuse_mixed(reader, parts, places[taken.mixed])
    parts.notes += taken.notes


def _number(cell: Any) -> float:
    """The number in a cell that is no text; NaN if there is none."""
    try:
        return np.nan if isinstance(cell, complex) else float(cell)
    except (TypeError, ValueError, OverflowError):
        return np.nan


def _rows_of(reader: Reader, parts: _Cells, places: np.ndarray) -> np.ndarray:
    """Which rows hold one of the different cells."""
    return reader.sheet.frame[reader.column].isin(parts.cells.iloc[places].tolist()).to_numpy(dtype=bool)


def _ask_marks(reader: Reader, parts: _Cells, places: np.ndarray, mark: str) -> None:
    """Ask whether a comma or a point stands before decimals or between thousands."""
    sign = {"comma": ",", "point": "."}[mark]
    answers = [reader.sheet.key(f"{parts.texts.iloc[places[0]]} is more than a thousand", thousands=sign)]
    if reader.role not in _WHOLE:
        answers.append(reader.sheet.key("what follows the mark are decimals", decimal=sign))
    found = f"a {mark} that could separate thousands{'' if reader.role in _WHOLE else ', or decimals'}"
    why = "A count is whole. Say" if reader.role in _WHOLE else "Say"
    reader.refuse(_rows_of(reader, parts, places), found, why, level="question", code="thousands", answers=answers)
    parts.kinds[places], parts.numbers[places] = "asked", np.nan


def _refuse_mixed(reader: Reader, parts: _Cells, places: np.ndarray) -> None:
    options = reader.sheet.options
    said = " and ".join(
        f'{key} = "{mark}"' for key, mark in (("decimal", options.decimal), ("thousands", options.thousands)) if mark
    )
    found = f"not written as {said} says" if said else "commas and points used in two ways in one column"
    reader.refuse(
        _rows_of(reader, parts, places), found, "Write all numbers of the column in one way.", code="mixed_marks"
    )
    parts.kinds[places], parts.numbers[places] = "asked", np.nan


def _take_percent(reader: Reader, parts: _Cells) -> None:
    percent = parts.rest("percent")
    if not percent.any():
        return
    if reader.role not in _PERCENT:
        fix = "Give counts; or, if only shares are known, kind = mean with n."
        found = "a percentage where a count is needed" if reader.whole else "a percentage where an amount is needed"
        reader.refuse(_rows_of(reader, parts, np.flatnonzero(percent)), found, fix, code="shares")
        parts.numbers[percent] = np.nan
        return
    bare = parts.rest("number") & (parts.numbers != 0)
    if bare.any():
        fewer = percent if parts.told(percent) <= parts.told(bare) else bare
        found = "some numbers with a percent sign and some without"
        fix = "Write all of them in one way: 67 % and 0.67 are the same."
        reader.refuse(_rows_of(reader, parts, np.flatnonzero(fewer)), found, fix, code="mixed_percent")
    parts.notes.append("percent")


def _take_spans(reader: Reader, parts: _Cells) -> None:
    cells = parts.rest("cell") & np.isnan(parts.numbers)
    seconds = np.full(len(parts.texts), np.nan)
    seconds[cells] = [seconds_of_cell(cell) for cell in parts.cells[cells]]
    chosen = parts.rest() & parts.texts.str.contains(r"^-?P|:", regex=True, case=False).to_numpy(dtype=bool)
    seconds[chosen] = [seconds_of(text) for text in parts.texts[chosen]]
    short = chosen & parts.texts.str.fullmatch(SHORT.pattern).to_numpy(dtype=bool)
    seconds[short] = [short_seconds(text, reader.unit) for text in parts.texts[short]]
    unclear = short & np.isnan(seconds)
    if unclear.any():
        answers = [reader.answer(unit=unit) for unit in ("hours", "seconds")]
        found = "hours and minutes, or minutes and seconds,"
        fix = "Write 1:58:00 or 0:01:58; or say what it is counted in:"
        told = _rows_of(reader, parts, np.flatnonzero(unclear))
        reader.refuse(told, found, fix, level="question", code="spans", answers=answers)
        parts.kinds[unclear] = "asked"
    spans = ~np.isnan(seconds)
    if not spans.any():
        return
    if reader.role in _WHOLE or parts.rest("number").any():
        found = "a span of time where a number is needed"
        reader.refuse(_rows_of(reader, parts, np.flatnonzero(spans)), found, PLAIN_ONLY, code="spans")
    name, size = counted_in(reader.unit)
    if np.isnan(size):
        _ask_unit(reader, _rows_of(reader, parts, np.flatnonzero(spans)))
    parts.numbers[spans], parts.kinds[spans] = seconds[spans] / size, "duration"
    parts.notes.append(f"{SPANS} {name}")


def _refuse_units(reader: Reader, parts: _Cells) -> None:
    """Refuse numbers with units of time behind them: two units in one column must not become one amount."""
    names = np.array([unit_of(text) for text in parts.texts], dtype=object)
    timed, bare = parts.rest() & (names != ""), parts.rest("number").any()
    units = list(dict.fromkeys(names[timed]))
    marks = bare and len(units) < 2 and all(len(name) == 1 for name in units)  # 5 s may be a 5 with a mark
    if not units or marks or reader.role in _WHOLE:
        return
    found = "numbers with a unit of time" + (" beside others without" if bare else "")
    found = f"spans of time in several units ({', '.join(units[:MOST_OFFERED])})" if len(units) > 1 else found
    told = _rows_of(reader, parts, np.flatnonzero(timed))
    reader.refuse(told, found, "Write plain numbers, all in one unit, and name it as the unit.", code="units")
    parts.kinds[timed] = "asked"


def _take_hidden(reader: Reader, parts: _Cells) -> tuple[np.ndarray, np.ndarray]:
    """Bounds of the hidden counts whose marks are declared."""
    low, high = (np.full(len(parts.texts), np.nan) for _ in range(2))
    known = intervals(reader.suppressed)
    if not known:
        return low, high
    bare = parts.texts.str.replace(r"\s+", "", regex=True)
    for place in np.flatnonzero(bare.isin(list(known)).to_numpy(dtype=bool)):
        low[place], high[place] = known[bare.iloc[place]]
        exact = low[place] == high[place]  # a number with a mark, as 5*
        parts.kinds[place], parts.numbers[place] = "declared", low[place] if exact else np.nan
        if exact:
            low[place] = high[place] = np.nan
    told = parts.told(~np.isnan(low))
    if told:
        parts.notes.append(f"{rows(told)} hidden, between the bounds declared")
    return low, high


# -- what is left ---------------------------------------------------------------------------------------------


def _tell_rest(reader: Reader, parts: _Cells, places: np.ndarray) -> None:
    """Say of everything that is no number what it looks like, and what to do."""
    left = parts.rest() & np.isnan(parts.numbers)
    parts.kinds[left] = [kind_of_text(text) for text in parts.texts[left]]
    parts.kinds[parts.rest("cell") & np.isnan(parts.numbers)] = "text"
    hidden = parts.texts[parts.rest("hidden")].tolist()
    if parts.rest("na").any():
        if hides_small(hidden) or parts.rest("declared").any():
            parts.kinds[parts.rest("na")] = "hidden"  # beside <5 it may be hidden for its size too
        else:
            _doubt_na(reader, parts, places)
    _refuse_hidden(reader, parts)
    said = {
        "error": ("a spreadsheet error", "Correct the formula in the spreadsheet, then export again."),
        "money": ("a sign of money", f"{PLAIN_ONLY} The currency goes into the unit or label."),
        "text": (reader.words[0], PLAIN_ONLY if hidden else reader.words[1]),
    }
    for kind, (found, fix) in said.items():
        if parts.rest(kind).any():
            bad = _rows_of(reader, parts, np.flatnonzero(parts.rest(kind)))
            signs = parts.texts[parts.rest(kind)].unique().tolist()
            if reader.role == "practice" and not any(letter.isalnum() for sign in signs for letter in sign):
                answers = [reader.answer(missing=[*reader.missing, *signs])]
                reader.refuse(bad, found, "If it is no answer, say", level="question", code=kind, answers=answers)
            else:
                reader.refuse(bad, found, fix, code=kind)
    if set(parts.kinds) <= {"empty", "na", "missing"}:
        _report_empty(reader)


def _doubt_na(reader: Reader, parts: _Cells, places: np.ndarray) -> None:
    chosen = parts.rest("na")
    words = ", ".join(sorted(map(repr, parts.texts[chosen].unique())))
    bad = np.append(chosen, False)[places]
    found = f"{words} in {rows(parts.told(chosen))} taken for no answer."
    reader.sheet.doubt(
        reader.column, found, "Say so if it is meant:", code="na", rows=reader.sheet.rows(bad)[:10_000],
        answers=[reader.answer(missing=[*reader.missing, *sorted(parts.texts[chosen].unique())])],
    )  # fmt: skip


def _refuse_hidden(reader: Reader, parts: _Cells) -> None:
    """Refuse marks such as ``<5`` with the way in; to leave the cells empty would tilt the result."""
    chosen = parts.rest("hidden")
    if not chosen.any():
        return
    order = np.argsort(-parts.counts[chosen], kind="stable")
    marks = parts.texts[chosen].iloc[order].unique().tolist()
    bad = _rows_of(reader, parts, np.flatnonzero(chosen))
    found = (
        "marks instead of numbers, probably small counts hidden on purpose,"
        if hides_small(marks)
        else "a number with a mark"
        if exact(marks)
        else "marks instead of numbers"
    )
    answers: list[Answer] = []
    if reader.role == "count":
        declared = dict(reader.suppressed or {})
        fix = (
            "Leaving them empty would drop the smallest counts. Give the lowest and the highest count that each may be:"
        )
        if exact(marks):
            fix = "Give the number that each stands for:"
        offered = {mark: list(bound) for mark, bound in declared.items()} | bounds(marks)
        answers = [reader.answer(suppressed=offered)]
        from_nothing = {mark: [0 if low == 1 < high else low, high] for mark, (low, high) in bounds(marks).items()}
        if from_nothing != bounds(marks) and not (parts.numbers == 0).any():  # a published 0 is not hidden
            answers.append(
                replace(reader.answer(suppressed=offered | from_nothing), meaning="if a count of 0 is hidden too")
            )
    elif reader.role in {"size", "exposure"}:
        fix = "How much such a row weighs cannot be known: ask for the numbers, or for sums over longer periods."
    elif hides_small(marks):
        fix = "Ask for the numbers; or, if what is hidden has nothing to do with its value, say that it is not known:"
        answers = [reader.answer(missing=[*reader.missing, *marks])]
    else:
        fix = "If they stand for no answer, say"
        answers = [reader.answer(missing=[*reader.missing, *marks])]
    reader.refuse(bad, found, fix, code="hidden", answers=answers)


def _check_whole(reader: Reader, values: pd.Series) -> None:
    """Refuse counts that are not whole: shares, percentages, a point between thousands."""
    amounts = values.to_numpy(dtype=float)
    with np.errstate(invalid="ignore"):
        bad = np.isfinite(amounts) & (np.abs(amounts - np.round(amounts)) > 1e-9 * np.maximum(np.abs(amounts), 1))
    if not bad.any():
        return
    known, broken, answers = amounts[np.isfinite(amounts)], amounts[bad], list[Answer]()
    thousandths = np.abs(broken * 1000 - np.round(broken * 1000)) < 1e-6
    if known.max() <= 1 and known.min() >= 0:
        found = "a share where a count is needed"
        fix = "These look like shares of n: give counts, or kind = mean with n."
    elif known.max() <= 100 and known.min() >= 0 and bad.mean() > 0.5 and reader.role == "count":
        found = "a count that is not whole"
        fix = "If these are percentages, shares of n: give counts, or kind = mean with n; if weighted counts, say"
        answers = [reader.answer(weighted=True)]
    elif thousandths.all() and len(broken) >= 3 and (broken >= 1).all() and known.max() < 1000:
        found = "a count that is not whole"
        fix = "A point between thousands? Write 1456 for 1.456."
    else:
        found, fix = "a count that is not whole", "Counts are whole; if they are weighted, say"
        answers = [reader.answer(weighted=True)]
    reader.refuse(bad, found, fix, code="not_whole", answers=answers)
