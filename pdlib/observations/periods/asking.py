"""What is said about a column of periods: refusals with their rows, and questions with the keys that settle them."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any, Literal

from pdlib.observations.periods import days
from pdlib.observations.periods.calendar import Calendar
from pdlib.observations.periods.declaring import spelt
from pdlib.observations.periods.forms import Group, Option, said_month
from pdlib.observations.periods.moments import Moment
from pdlib.observations.periods.names import LANGUAGES, MONTHS, SEASONS, SHORT, SUMS, WEEKDAYS
from pdlib.observations.periods.written import Written
from pdlib.show.wording import listed
from pdlib.study import Answer, Period

Purpose = Literal["periods", "waves", "times"]
ORDERED = "cannot be put in order"
_DAYS = [
    *(mark.join(parts) for parts in (("%Y", "%m", "%d"), ("%d", "%m", "%Y"), ("%d", "%m", "%y"), ("%m", "%d", "%Y"),
                                     ("%d", "%b", "%Y"), ("%d", "%b", "%y"), ("%d", "%B", "%Y")) for mark in "-/. "),
    "%Y%m%d", "%d%m%Y", "%d. %B %Y", "%B %d, %Y", "%b %d, %Y",
]  # fmt: skip
_MONTHS = ["%Y", *(mark.join(parts) for parts in (("%m", "%Y"), ("%Y", "%m"), ("%m", "%y"), ("%y", "%m"),
                                                  ("%b", "%y"), ("%b", "%Y"), ("%B", "%Y"))
                   for mark in ("-", "/", ".", " ", ""))]  # fmt: skip
_WITH_A_YEAR = "Write them as 2016-04, or say in which order they come:"
_FORMATS = {
    "year month": ("%Y-%m", "months"), "split year": ("%Y-%y", "financial years"), "day first": ("%d/%m/%y", ""),
    "month first": ("%m/%d/%y", ""), "year first": ("%y/%m/%d", ""), "number excel": ("excel", ""),
    "number": ("number", "plain numbers"), "year, name": ("%y-%b", ""), "number month year": ("%m%Y", ""),
    "year quarter": ("quarters", "quarters"), "year half": ("half-years", "half-years"),
    "number quarter": ("quarters", "quarters"), "number half": ("half-years", "half-years"),
    "number week": ("%G%V", "weeks"),
}  # fmt: skip
_COUNTED = {"number excel": " as spreadsheets count days", "number seconds": " as seconds since 1970",
            "number milliseconds": " as milliseconds since 1970"}  # fmt: skip


FEWEST = 3  # names that are no months in any language known
_YEAR = r"(?P<year>(?:19|20)\d\d|'?\d\d)"
_NAMED = [
    re.compile(rf"(?P<name>[^\W\d_]{{3,}})\.?(?:,?(?: de)?[-/. ']*{_YEAR})?"),
    re.compile(rf"{_YEAR}[-/. ]*(?P<name>[^\W\d_]{{3,}})\.?"),
]


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
    said = [option for option in group.options if option.form != "number"]
    meant = " or ".join(f"{said_month(option.moments[first])}{_makes(option)}" for option in said)
    if group.family == "number and name":
        found = f"{shown!r} may be {meant.replace(' or ', ' or the day ')}, as spreadsheets write dates."
        fix = "Write the days with their year, or if these are months:"
        task.ask(found, [task.answer({"format": "%y-%b"}, said_month(group.options[0].moments[first]))], "form", places,
                 fix)  # fmt: skip
        return
    counted = any(option.form in {"number seconds", "number milliseconds"} for option in group.options)
    fix = "Write them as dates, 2023-01-31; or if that is not meant:" if counted else ""
    answers = [answer for option in group.options for answer in _settling(task, option, first)]
    task.ask(f"{shown!r} may be {meant}.", answers, "form", places, fix)


def _by_calendar(group: Group) -> list[int]:
    moments = group.options[0].moments
    return sorted(moments, key=lambda place: (moments[place].key, place))


def _makes(option: Option) -> str:
    if option.form in _COUNTED:
        return _COUNTED[option.form]
    return f" ({days.said(option.days)})" if option.days else ""


def _settling(task: Task, option: Option, first: int) -> list[Answer]:
    """The keys for one way of reading; none where numbers are counted from a day that no format knows."""
    meaning, form = said_month(option.moments[first]), option.form
    if form.endswith(" first") and form != "year first":
        return [task.answer({"day_first": form.endswith("day first")}, meaning)]
    if form in {"number seconds", "number milliseconds"}:
        return []
    written_as, what = _FORMATS[form]
    if form == "year month":
        written_as = guessed(task, option.moments) or written_as
    answers = [task.answer({"format": written_as}, what or meaning)]
    if form == "number excel":
        answers.append(task.answer({"format": "excel-1904"}, "the same, from a Mac of old: 1,462 days later"))
    return answers


def ask_language(task: Task) -> bool:
    """Ask for the order where months have names in a language that is not known; whether it is so."""
    shown, texts = task.written.shown, [text for text, _ in task.written.parts]
    found = [next((match for shape in _NAMED if (match := shape.fullmatch(text))), None) for text in texts]
    named = [match["name"] for match in found if match]
    strange = set(named) - MONTHS.keys() - SEASONS - SUMS - WEEKDAYS
    as_months = set(named) & MONTHS.keys() or all(match and match["year"] for match in found)
    if task.purpose != "periods" or len(named) < len(found) or not as_months:
        return False
    if not FEWEST <= len(strange) <= len(set(named)) <= 12:
        return False
    places = [place for place, name in enumerate(named) if name in strange]
    told = f"the language of {shown[places[0]]!r} is not known: if it is a month, it cannot be told which."
    fix = f"Write months as 2016-04, or in {listed(LANGUAGES.values(), 'or')}; or say in which order they come:"
    task.ask(told, [task.in_order(range(len(shown)))], "order", places, fix)
    return True


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


def guessed(task: Task, places: Iterable[int]) -> str | None:
    """The first format that fits all of these spellings; cells that are dates already fit any."""
    texts = [task.written.shown[place] for place in places if task.written.kinds[place] != "date"]
    if not texts:
        return _DAYS[0]
    return next((form for form in (*_MONTHS, *_DAYS) if all(spelt(text, form) for text in texts)), None)


def _as_format(task: Task, places: Iterable[int]) -> str:
    """The format in which dates are written."""
    texts = [task.written.shown[place] for place in places if task.written.kinds[place] != "date"]
    return next((form for form in _DAYS if all(spelt(text, form) for text in texts)), _DAYS[0])
