"""Columns of which the study says how they are written: the order, or a format, held against every value."""

from __future__ import annotations

import re
from datetime import date, datetime

from pdlib.observations.periods.days import coarsest
from pdlib.observations.periods.digits import excel_day
from pdlib.observations.periods.moments import Moment, at, day, first_day, holding, of_year
from pdlib.observations.periods.names import MONTHS, SHORT
from pdlib.observations.periods.shapes import clock, plain, readings
from pdlib.observations.periods.written import Written
from pdlib.study import Period

_STEPS = (("day", r"%[djDFcx]"), ("month", r"%[mbB]"), ("year", r"%[Yy]"))
_PACKED = {"%m%Y": 6, "%d%m%Y": 8, "%m%d%Y": 8, "%Y%m": 6, "%Y%m%d": 8, "%G%V": 6}  # which numbers lose a zero of
_PARTS = {"quarters": ("quarter", 4), "half-years": ("half-year", 2)}
_NAME = re.compile(r"[^\W\d_]{3,}\.?")


def by_order(written: Written, declared: Period) -> tuple[dict[int, Moment], list[int]]:
    """The place of each spelling on the declared list, and the spellings that are not on it."""
    places = {plain(label): place for place, label in enumerate(declared.order)}
    found = {}
    for spelling, text in enumerate(written.shown):
        place = places.get(plain(text))
        if place is not None:
            found[spelling] = Moment("declared", place, declared.order[place])
    return found, [spelling for spelling in range(len(written.shown)) if spelling not in found]


def by_format(written: Written, declared: Period) -> tuple[dict[int, Moment], list[int]]:
    """What each spelling is in the declared format, and the spellings that do not fit it."""
    written_as = str(declared.format)
    found = {}
    for spelling, (kind, (text, _)) in enumerate(zip(written.kinds, written.parts, strict=True)):
        moment = _typed(text, written_as) if kind == "date" else spelt(written.shown[spelling], written_as)
        if moment is not None:
            found[spelling] = moment
    return found, [spelling for spelling in range(len(written.shown)) if spelling not in found]


def _typed(text: str, written_as: str) -> Moment | None:
    """A cell that is a date already, cut to the step of the format."""
    try:
        value = date.fromisoformat(text)
    except ValueError:
        return None
    return _cut(value, written_as)


def _cut(value: date, written_as: str) -> Moment | None:
    if written_as == "financial year":
        return day(value)
    if written_as in _PARTS:
        return holding(_PARTS[written_as][0], value)
    step = next((step for step, directive in _STEPS if re.search(directive, written_as)), None)
    return None if step is None else holding(step, value)


def spelt(text: str, written_as: str) -> Moment | None:
    """What a text is in a format; None if it does not fit it."""
    if written_as in {"excel", "excel-1904", "number"}:
        return _number(text, written_as)
    if written_as == "%Y-%y":
        found = re.fullmatch(r"(\d{4})[-/](\d\d)", text)
        return at("split year", int(found[1])) if found and (int(found[1]) + 1) % 100 == int(found[2]) else None
    if written_as == "financial year":
        return _any_day(text)
    if written_as in _PARTS or written_as in _PACKED:
        text = re.sub(r"\.0+$", "", text).zfill(_PACKED.get(written_as, 0))
    if written_as in _PARTS:
        step, most = _PARTS[written_as]
        found = re.fullmatch(r"(\d{4})[-/. ]?(\d)", text)
        return of_year(step, int(found[1]), int(found[2])) if found and 1 <= int(found[2]) <= most else None
    if not re.search(r"%[YyGDFcx]", written_as):
        return None
    week = "%V" in written_as and "%u" not in written_as
    try:
        value = datetime.strptime(_in_english(text) + ("-1" if week else ""), written_as + ("-%u" if week else ""))  # noqa: DTZ007
    except ValueError:
        return None
    if "%y" in written_as and "%Y" not in written_as and value.year < 1969:
        value = value.replace(year=value.year + 100)
    return holding("week", value.date()) if week else _cut(value.date(), written_as)


def _any_day(text: str) -> Moment | None:
    """The day that a text is, of two possible ones that which begins or ends a month."""
    found = [moment for moment in readings(clock(plain(text))[0]).values() if moment.step == "day"]
    return max(found, key=lambda moment: coarsest([first_day(moment)]) == "month", default=None)


def _number(text: str, written_as: str) -> Moment | None:
    try:
        value = float(text)
    except ValueError:
        return None
    if written_as == "number":
        return at("number", value) if abs(value) < 1e15 else None
    return day(excel_day(value, from_1904=written_as == "excel-1904")) if 0 < value < 2e6 else None


def _in_english(text: str) -> str:
    """A text with its name of a month in English, which is what formats know."""

    def name(found: re.Match[str]) -> str:
        languages = MONTHS.get(found[0].casefold().rstrip("."), {})
        months = set(languages.values())
        same = "en" in languages or len(months) != 1
        return found[0] if same else SHORT[months.pop() - 1].capitalize()

    return _NAME.sub(name, text)


def year_begun(value: date) -> Moment:
    """The financial year that begins on a day, or ends on it."""
    return at("split year", value.year if value.day == 1 else value.year - 1)


def month_of(value: date) -> Moment:
    """The month of a day."""
    return of_year("month", value.year, value.month)
