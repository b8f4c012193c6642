"""A number by itself: the slices of time that its digits may stand for."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, date, datetime

from pdlib.observations.periods.moments import Moment, at, day, of_year, week

Form = str  # what is open between forms of one family is decided over the whole column
EARLIEST, LATEST = 1900, 2100
EXCEL_DAYS = range(20_000, 75_000)  # 1954 to 2105
_SECONDS = range(631_152_000, 4_102_444_800)  # since 1970: 1990 to 2100


def number(n: str, f: str | None = None) -> Iterator[tuple[Form, Moment]]:
    """What a number is, packed digits before the plain number.

    Parameters
    ----------
    n, f : str
        Before and behind the point.

    Yields
    ------
    tuple of str and Moment
    """
    fraction = (f or "").rstrip("0")
    if not fraction and n.isdecimal():
        yield from _packed(n)
    yield "number", at("number", float(f"{n}.{fraction or 0}"))


def excel_day(serial: float, *, from_1904: bool = False) -> date:
    """The day that a spreadsheet counts so; the one that never was, 29 February 1900, is counted along."""
    return date.fromordinal((date(1904, 1, 1) if from_1904 else date(1899, 12, 30)).toordinal() + int(serial))


def try_day(form: Form, year: int, month: int, number: int) -> Iterator[tuple[Form, Moment]]:
    """A day in a form; nothing if there is no such day."""
    try:
        yield form, day(date(year, month, number))
    except ValueError:
        return


def _packed(n: str) -> Iterator[tuple[Form, Moment]]:
    if len(n) == 8:
        yield from try_day("number day", int(n[:4]), int(n[4:6]), int(n[6:]))
    if len(n) == 4 and _is_year(n):
        yield "number year", of_year("year", int(n))
    if len(n) in {5, 6} and _is_year(n[:4]):
        yield from _year_first(int(n[:4]), n[4:])
    if len(n) in {5, 6, 7, 8} and _is_year(n[-4:]):
        yield from _year_last(n[:-4].zfill(2 if len(n) < 7 else 4), int(n[-4:]))
    if len(n) == 5 and int(n) in EXCEL_DAYS:
        yield "number excel", day(excel_day(float(n)))
    for form, unit in (("number seconds", 1), ("number milliseconds", 1000)):
        if int(n) // unit in _SECONDS:
            yield form, day(datetime.fromtimestamp(int(n) // unit, UTC).date())


def _is_year(digits: str) -> bool:
    return EARLIEST <= int(digits) <= LATEST


def _year_first(year: int, rest: str) -> Iterator[tuple[Form, Moment]]:
    """201604 and 201616, a month and a week; 20164, a quarter or a half-year."""
    place = int(rest)
    if len(rest) == 2 and 1 <= place <= 12:
        yield "number month", of_year("month", year, place)
    if len(rest) == 2 and 1 <= place <= date(year, 12, 28).isocalendar().week:
        yield "number week", week(date.fromisocalendar(year, place, 1))
    for form, step, most in (("number quarter", "quarter", 4), ("number half", "half-year", 2)):
        if len(rest) == 1 and 1 <= place <= most:
            yield form, of_year(step, year, place)


def _year_last(rest: str, year: int) -> Iterator[tuple[Form, Moment]]:
    """042016 and 01042016, also where they have lost their first zero."""
    if len(rest) == 4:
        yield from try_day("number day first", year, int(rest[2:]), int(rest[:2]))
        yield from try_day("number month first", year, int(rest[:2]), int(rest[2:]))
    elif 1 <= int(rest) <= 12:
        yield "number month year", of_year("month", year, int(rest))
