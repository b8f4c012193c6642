"""A column of periods as it is written: each spelling once, with the rows that hold it."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from functools import cached_property
from typing import Any, Literal

import numpy as np
import pandas as pd

from pdlib.observations.periods.moments import week
from pdlib.observations.periods.shapes import Clock, clock, plain
from pdlib.observations.sheet import Sheet

Kind = Literal["text", "number", "date"]
MANY = 20_000  # spellings: nobody has so many periods, but comments have the second in which they were written
_DATE_CELL = re.compile(r"\d{4}-\d\d-\d\d 00:00:00")  # of a spreadsheet, made text on the way
_WITH_A_TIME = r"(.*\d)[T ]\d\d?:\d\d(?::\d\d(?:\.\d+)?)?(?: ?[AaPp][Mm])?"


@dataclass(frozen=True, eq=False)
class Written:
    """The spellings of a column.

    Attributes
    ----------
    sheet : Sheet
    column : str
    codes : (n,) int array
        Which spelling each row has; -1 where it is empty.
    shown : list of str
        The spellings as a person sees them.
    kinds : list of {"text", "number", "date"}
        What each cell was.
    """

    sheet: Sheet
    column: str
    codes: np.ndarray
    shown: list[str]
    kinds: list[Kind]

    @cached_property
    def parts(self) -> list[tuple[str, Clock | None]]:
        """Each spelling made plain, its time of day apart."""
        return [clock(plain(text)) for text in self.shown]

    @cached_property
    def counts(self) -> np.ndarray:
        """Rows of each spelling."""
        return np.bincount(self.codes[self.codes >= 0], minlength=len(self.shown))

    def rows_of(self, spellings: Iterable[int]) -> pd.Series:
        """Which rows hold one of these spellings."""
        return pd.Series(np.isin(self.codes, list(spellings)), index=self.sheet.frame.index)

    def refuse(self, spellings: Iterable[int], found: str, fix: str, code: str, **more: Any) -> None:
        """Note the rows of these spellings."""
        values = pd.Series(pd.array([*self.shown, None], dtype="str")[self.codes], index=self.sheet.frame.index)
        self.sheet.report_rows(self.column, self.rows_of(spellings), found, fix, values, code=code, **more)

    def labels(self, labels: list[str | None]) -> pd.Series:
        """A label for each row from one for each spelling."""
        found = pd.array([*labels, None], dtype="str")[self.codes]
        return pd.Series(found, index=self.sheet.frame.index, name=self.column)


def written(sheet: Sheet, column: str, *, zone: str | None = None, days_only: bool = False) -> Written:
    """Take a column apart into its spellings.

    Parameters
    ----------
    sheet : Sheet
    column : str
    zone : str, optional
        In which typed instants are cut.
    days_only : bool
        Whether times of day are of no interest, as where dates are cut to known periods.

    Returns
    -------
    Written
    """
    values = sheet.frame[column]
    if isinstance(values.dtype, pd.DatetimeTZDtype) and (zone or str(values.dt.tz) not in {"UTC", "tzutc()"}):
        values = values.dt.tz_convert(zone or values.dt.tz).dt.tz_localize(None)
    if days_only and pd.api.types.is_datetime64_dtype(values):
        values = values.dt.normalize()
    codes, uniques = pd.factorize(values, use_na_sentinel=True)
    if days_only and len(uniques) > MANY and pd.api.types.is_string_dtype(values.dtype):
        day = pd.Series(uniques).str.extract(f"^{_WITH_A_TIME}$", expand=False)
        if day.notna().all():
            places, uniques = pd.factorize(day)
            codes = np.append(places, -1)[codes]
    cells = [_cell(value) for value in uniques]
    kept = [place for place, (text, _) in enumerate(cells) if text]
    renumbered = np.full(len(cells) + 1, -1)
    renumbered[kept] = np.arange(len(kept))
    return Written(
        sheet, column, renumbered[codes], [cells[place][0] for place in kept], [cells[place][1] for place in kept]
    )


def _cell(value: Any) -> tuple[str, Kind]:
    """A value as text, and what it was."""
    if isinstance(value, str):
        text = value.strip()
        return text, "date" if _DATE_CELL.fullmatch(text) else "text"
    if isinstance(value, pd.Period):
        return _period(value), "date"
    if isinstance(value, np.datetime64):
        value = pd.Timestamp(value)
    if isinstance(value, datetime):
        return value.isoformat(sep=" "), "date"
    if isinstance(value, date):
        return value.isoformat(), "date"
    if isinstance(value, float | int | np.number | Decimal) and not isinstance(value, bool):
        return f"{float(value):.15g}", "number"
    return str(value).strip(), "text"


def _period(value: pd.Period) -> str:
    """A pandas Period as its frequency says; a week that begins on a Monday is an ISO week."""
    first = value.start_time
    if value.freqstr.startswith("W"):
        return week(first.date()).label if first.weekday() == 0 else first.date().isoformat()
    return str(value)
