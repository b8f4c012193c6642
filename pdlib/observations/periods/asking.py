"""What is said about a column of periods: refusals with their rows, and questions with the keys that settle them."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any, Literal

from pdlib.observations.periods import days
from pdlib.observations.periods.calendar import Calendar
from pdlib.observations.periods.declaring import spelt
from pdlib.observations.periods.forms import Group, Option, said_month
from pdlib.observations.periods.moments import Moment
from pdlib.observations.periods.names import SHORT
from pdlib.observations.periods.written import Written
from pdlib.study import Answer, Period

Purpose = Literal["periods", "waves", "times"]
ORDERED = "cannot be put in order"
_DAYS = [
    *(mark.join(parts) for parts in (("%Y", "%m", "%d"), ("%d", "%m", "%Y"), ("%d", "%m", "%y"), ("%m", "%d", "%Y"),
                                     ("%d", "%b", "%Y"), ("%d", "%b", "%y"), ("%d", "%B", "%Y")) for mark in "-/. "),
    "%Y%m%d", "%d. %B %Y", "%B %d, %Y", "%b %d, %Y",
]  # fmt: skip
_WITH_A_YEAR = "Write them as 2016-04, or say in which order they come:"
_FORMATS = {
    "year month": ("%Y-%m", "months"), "split year": ("%Y-%y", "financial years"), "day first": ("%d/%m/%y", ""),
    "month first": ("%m/%d/%y", ""), "year first": ("%y/%m/%d", ""), "number excel": ("excel", ""),
    "number": ("number", "plain numbers"), "year, name": ("%y-%b", ""),
}  # fmt: skip


@dataclass(frozen=True, eq=False)
class Task:
    """A column to be read, for what, and what is known beforehand.

    Attributes
    ----------
    written : Written
    declared : Period
    known : Calendar or None
        The periods of the observations, for the columns of other tables.
    purpose : {"periods", "waves", "times"}
        Periods of the observations, waves of practices, or times that fall into known periods.
    """

    written: Written
    declared: Period
    known: Calendar | None
    purpose: Purpose

    def answer(self, entries: dict[str, Any], meaning: str = "") -> Answer:
        """A key under ``period``."""
        return Answer("period", entries, of=self.declared.column, meaning=meaning)

    def ask(self, found: str, answers: list[Answer], code: str, spellings: Iterable[int] = (), fix: str = "") -> None:
        """Note a question."""
        rows = self.written.sheet.rows(self.written.rows_of(spellings))
        self.written.sheet.ask(self.written.column, found, answers, fix=fix, code=code, rows=rows[:1000])

    def refuse(self, spellings: Iterable[int], found: str, fix: str, code: str) -> None:
        """Note rows that cannot be read."""
        self.written.refuse(spellings, found, fix, code)

    def in_order(self, spellings: Iterable[int]) -> Answer:
        """The key that puts spellings in order, as they come in the file."""
        order = [self.written.shown[place] for place in spellings]
        if self.purpose == "waves":
            return Answer("practices", {"order": order}, meaning="if this is their order in time")
        return self.answer({"order": order}, "if this is their order in time")


def ask_form(task: Task, group: Group) -> None:
    """Ask what a group of spellings is, the likelier reading first."""
    places = sorted(group.options[0].moments)
    if group.step in {"month without a year", "season"}:
        what = "months without a year" if group.step == "month without a year" else "seasons"
        why = "a year may begin in any month" if group.step == "month without a year" else "winter is in two years"
        found = f"{what} such as {task.written.shown[places[0]]!r}: their order cannot be told, for {why}."
        task.ask(found, [task.in_order(_by_calendar(group))], "order", places, _WITH_A_YEAR)
        return
    first = next((place for place in places if len({option.moments[place] for option in group.options}) > 1), places[0])
    shown = task.written.shown[first]
    meant = " or ".join(f"{said_month(option.moments[first])}{_makes(option)}" for option in group.options)
    if group.family == "number and name":
        found = f"{shown!r} may be {meant.replace(' or ', ' or the day ')}, as spreadsheets write dates."
        fix = "Write the days with their year, or if these are months:"
        task.ask(found, [task.answer({"format": "%y-%b"}, said_month(group.options[0].moments[first]))], "form", places,
                 fix)  # fmt: skip
        return
    answers = [_settling(task, option, first) for option in group.options]
    if group.family == "number":
        answers.insert(1, task.answer({"format": "excel-1904"}, "the same, from a Mac of old: 1,462 days later"))
        meant = f"{said_month(group.options[0].moments[first])} as spreadsheets count days"
    task.ask(f"{shown!r} may be {meant}.", answers, "form", places)


def _by_calendar(group: Group) -> list[int]:
    moments = group.options[0].moments
    return sorted(moments, key=lambda place: (moments[place].key, place))


def _makes(option: Option) -> str:
    return f" ({days.said(option.days)})" if option.days else ""


def _settling(task: Task, option: Option, first: int) -> Answer:
    """The key for one way of reading."""
    meaning = said_month(option.moments[first])
    if option.form in {"day first", "month first"}:
        return task.answer({"day_first": option.form == "day first"}, meaning)
    written_as, what = _FORMATS[option.form]
    return task.answer({"format": written_as}, what or meaning)


def ask_year(task: Task, moments: dict[int, Moment]) -> None:
    """Ask whether the same day of each year begins a financial year."""
    first = min(moments)
    value = date.fromordinal(int(moments[first].key))
    begins = value if value.day == 1 else value + timedelta(days=1)
    found = f"every date is {value.day} {SHORT[value.month - 1].capitalize()}: a financial year, or one month of each?"
    year = begins.year - (value.day != 1)
    answers = [
        task.answer({"format": "financial year"}, f"{year}/{(year + 1) % 100:02d}"),
        task.answer({"format": _as_format(task, moments)},
                    said_month(Moment("month", value.year * 12 + value.month - 1, ""))),
    ]  # fmt: skip
    task.ask(found, answers, "year", moments)


def _as_format(task: Task, places: Iterable[int]) -> str:
    """The format in which dates are written."""
    texts = [task.written.shown[place] for place in places if task.written.kinds[place] != "date"]
    return next((form for form in _DAYS if all(spelt(text, form) for text in texts)), _DAYS[0])
