"""Each text by itself: the forms that it can be read in, and what it is in each of them."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import date

from pdlib.observations.periods.digits import Form, number, try_day
from pdlib.observations.periods.moments import A_YEAR, Moment, at, day, of_year, week
from pdlib.observations.periods.names import MONTHS, SEASONS, SUMS, WEEKDAYS

_INVISIBLE = dict.fromkeys(map(ord, "\u200b\u200c\u200d\u200e\u200f\u2060\ufeff\u00ad"))


@dataclass(frozen=True)
class Clock:
    """The time of day behind a date, and its distance from UTC if it is given."""

    seconds: int
    offset: int | None = None  # minutes


def plain(text: str) -> str:
    """A text without what cannot be seen, in lower case, blanks as one."""
    return " ".join(unicodedata.normalize("NFKC", text).translate(_INVISIBLE).casefold().split())


_CLOCK = re.compile(
    r"(?P<date>.*\d)(?:t|,? )(?P<h>\d{1,2}):(?P<m>\d\d)(?::(?P<s>\d\d)(?:[.,]\d+)?)?"
    r"(?: ?(?P<half>am|pm|a\.m\.|p\.m\.))?"
    r"(?: ?(?P<zone>z|utc|gmt|[+-]\d\d(?::?\d\d)?))?"
)


def clock(text: str) -> tuple[str, Clock | None]:
    """The date of a plain text, and the time of day behind it."""
    found = _CLOCK.fullmatch(text)
    if not found:
        return text, None
    hour, zone = int(found["h"]), found["zone"]
    if found["half"]:
        hour = hour % 12 + (12 if found["half"].startswith("p") else 0)
    offset = None
    if zone:
        digits = re.sub(r"\D", "", zone).ljust(4, "0") if zone[0] in "+-" else "0000"
        offset = (int(digits[:2]) * 60 + int(digits[2:])) * (-1 if zone[0] == "-" else 1)
    return found["date"], Clock(hour * 3600 + int(found["m"]) * 60 + int(found["s"] or 0), offset)


def whole_year(text: str) -> int:
    """A year of four digits, or of two: 69 to 99 are 19xx."""
    year = int(text)
    return year if len(text) == 4 else year + (1900 if year >= 69 else 2000)


def readings(text: str) -> dict[Form, Moment]:
    """What a plain text is in each form that it can be read in.

    Parameters
    ----------
    text : str
        As `plain` gives it, without a time of day.

    Returns
    -------
    dict
        Moment by form; empty if the text is no period.
    """
    found: dict[Form, Moment] = {}
    for pattern, reader in _SHAPES:
        match = pattern.fullmatch(text)
        if match:
            for form, moment in _sound(reader, match):
                found.setdefault(form, moment)
            if found:
                return found
    if SUMS & set(text.split()):
        found["total"] = Moment("total", 0, text)
    return found


_Reader = Callable[..., Iterator[tuple[Form, Moment]]]


def _sound(reader: _Reader, match: re.Match[str]) -> Iterator[tuple[Form, Moment]]:
    """What a reader makes of a text; no such day or week: nothing."""
    readers = reader(**match.groupdict())
    while True:
        try:
            yield next(readers)
        except StopIteration:
            return
        except ValueError:
            return


def _iso_day(y: str, m: str, d: str) -> Iterator[tuple[Form, Moment]]:
    yield "day", day(date(int(y), int(m), int(d)))


def _year_two(y: str, m: str) -> Iterator[tuple[Form, Moment]]:
    if 1 <= int(m) <= 12:
        yield "year month", of_year("month", int(y), int(m))


def _year_number(y: str, m: str) -> Iterator[tuple[Form, Moment]]:
    yield from _year_two(y, m)
    for form, step, most in (("year quarter", "quarter", 4), ("year half", "half-year", 2)):
        if len(m) == 1 and 1 <= int(m) <= most:
            yield form, of_year(step, int(y), int(m))


def _year_dash_two(y: str, m: str) -> Iterator[tuple[Form, Moment]]:
    yield from _year_number(y, m)
    if len(m) == 2 and int(m) == (int(y) + 1) % 100:
        yield "split year", at("split year", int(y))


def _two_years(y: str, z: str) -> Iterator[tuple[Form, Moment]]:
    first = whole_year(y)
    if whole_year(z) % 100 == (first + 1) % 100:
        yield "split year", at("split year", first)


def _month_year(m: str, y: str) -> Iterator[tuple[Form, Moment]]:
    if 1 <= int(m) <= 12:
        yield "month year", of_year("month", int(y), int(m))


def _three(a: str, b: str, c: str, sep: str) -> Iterator[tuple[Form, Moment]]:
    year = whole_year(c)
    yield from try_day("day first", year, int(b), int(a))
    if sep != ".":
        yield from try_day("month first", year, int(a), int(b))
        if len(c) == 2 and len(a) == 2:
            yield from try_day("year first", whole_year(a), int(b), int(c))


def _named(y: str, name: str) -> Iterator[tuple[Form, Moment]]:
    for language, month in MONTHS.get(name, {}).items():
        yield f"name|{language}", of_year("month", whole_year(y), month)


def _named_day(d: str, name: str, y: str) -> Iterator[tuple[Form, Moment]]:
    for language, month in MONTHS.get(name, {}).items():
        yield from try_day(f"name|{language}", whole_year(y), month, int(d))


def _two_named(y: str, name: str) -> Iterator[tuple[Form, Moment]]:
    """Take "16-Apr" for the year of a month, or a day without its year."""
    for language, month in MONTHS.get(name, {}).items():
        yield f"year, name|{language}", of_year("month", whole_year(y), month)
        if 1 <= int(y) <= 31:
            yield f"day, name|{language}", Moment("day without a year", month * 100 + int(y), f"{int(y)} {name}")


def _part(y: str, n: str, step: str) -> Iterator[tuple[Form, Moment]]:
    yield step, of_year(step, whole_year(y), int(n))


def _quarter(y: str, n: str) -> Iterator[tuple[Form, Moment]]:
    yield from _part(y, n, "quarter")


def _half(y: str, n: str) -> Iterator[tuple[Form, Moment]]:
    yield from _part(y, n, "half-year")


def _week(y: str, n: str) -> Iterator[tuple[Form, Moment]]:
    yield "week", week(date.fromisocalendar(whole_year(y), int(n), 1))


def _period(n: str, y: str = "") -> Iterator[tuple[Form, Moment]]:
    if int(n):
        yield ("year P" if y else "P"), at("period of a year", (whole_year(y) * A_YEAR if y else 0) + int(n))


def _financial(y: str) -> Iterator[tuple[Form, Moment]]:
    yield "financial year", at("financial year", whole_year(y))


def _financial_quarter(y: str, n: str) -> Iterator[tuple[Form, Moment]]:
    yield "financial quarter", at("financial quarter", whole_year(y) * 4 + int(n) - 1)


def _numbered(name: str, n: str) -> Iterator[tuple[Form, Moment]]:
    yield f"numbered|{name.strip(' -_.#')}", Moment("numbered", int(n), "")


def _lettered(name: str, n: str) -> Iterator[tuple[Form, Moment]]:
    yield f"lettered|{name.strip()}", Moment("numbered", ord(n) - ord("a") + 1, "")


def _word(name: str, rest: str | None = None) -> Iterator[tuple[Form, Moment]]:
    if rest is None:
        for language, month in MONTHS.get(name, {}).items():
            yield f"month|{language}", Moment("month without a year", month, name)
        if name in WEEKDAYS:
            yield "weekday", Moment("weekday", 0, name)
    if name in SUMS:
        yield "total", Moment("total", 0, name)
    if name in SEASONS:
        yield "season", Moment("season", 0, name)


_Y, _YY = r"(?P<y>\d{4})", r"'?(?P<y>\d{4}|\d\d)"
_MON = r"(?P<name>[^\W\d_]{3,})\.?"
_OF = r"(?: of| de)?(?![^\W\d])"
_SEP = r"[-/. ']*"
_SHAPES: list[tuple[re.Pattern[str], _Reader]] = [
    (re.compile(pattern), reader)
    for pattern, reader in (
        (rf"{_Y}([-/.])(?P<m>\d\d?)\2(?P<d>\d\d?)", _iso_day),
        (rf"{_Y}[-/](?P<m>\d\d?)", _year_dash_two),
        (rf"{_Y} ?m(?P<m>\d\d?)", _year_two),
        (rf"{_Y} ?[. ](?P<m>\d\d?)", _year_number),
        (r"(?:fy ?)?(?P<y>\d{4})[-/–](?P<z>\d{4})|(?:fy ?)(?P<y2>\d{4}|\d\d)[-/–](?P<z2>\d\d)",
         lambda y, z, y2, z2: _two_years(y or y2, z or z2)),  # 2016/2017, FY16/17
        (rf"(?P<m>\d\d?)[-/. ]{_Y}", _month_year),
        (r"(?P<a>\d\d?)(?P<sep>[-/.])(?P<b>\d\d?)(?P=sep)(?P<c>\d{4}|\d\d)", _three),
        (rf"{_Y}{_SEP}{_MON}", _named),
        (rf"{_MON},?{_SEP}{_YY}", _named),
        (r"(?P<y>\d\d)[-/. ]" + _MON, _two_named),
        (rf"(?P<d>\d\d?)(?:st|nd|rd|th|er|\.|º)?{_OF}{_SEP}{_MON},?{_OF}{_SEP}{_YY}", _named_day),
        (rf"{_MON}{_SEP}(?P<d>\d\d?)(?:st|nd|rd|th)?,{_SEP}{_Y}", _named_day),
        (rf"{_MON} (?P<d>\d\d?)(?:st|nd|rd|th)? {_Y}", _named_day),
        (rf"{_Y}[-/. ]{_MON}[-/. ](?P<d>\d\d?)", _named_day),
        (rf"{_MON} (?:de|del|di) {_Y}", _named),
        (rf"{_Y}{_SEP}q(?:uarter )?(?P<n>[1-4])", _quarter),
        (rf"(?:q|quarter |quartal )(?P<n>[1-4])(?: of)?{_SEP}{_YY}", _quarter),
        (rf"(?P<n>[1-4])(?:q|\. ?quartal ){_SEP}{_YY}", _quarter),
        (rf"{_Y}{_SEP}hy?(?P<n>[12])", _half),
        (rf"hy?(?P<n>[12]){_SEP}{_YY}", _half),
        (rf"(?P<n>[12])h{_SEP}{_YY}", _half),
        (rf"{_Y}{_SEP}(?:w|wk|week|kw) ?(?P<n>\d\d?)", _week),
        (rf"(?:w|wk|week|kw) ?(?P<n>\d\d?)(?:,? of)?[-/. ,']+{_YY}", _week),
        (rf"{_Y}{_SEP}p(?:eriod )?(?P<n>\d\d?)", _period),
        (rf"p(?:eriod )?(?P<n>\d\d?)[-/. ,']+{_YY}", _period),
        (r"p ?-?(?P<n>\d{1,3})|period (?P<n2>\d{1,3})", lambda n, n2: _period(n or n2)),
        (rf"fy ?{_YY}", _financial),
        (rf"fy ?{_YY}{_SEP}q(?P<n>[1-4])", _financial_quarter),
        (rf"q(?P<n>[1-4]){_SEP}fy ?{_YY}", _financial_quarter),
        (r"(?P<n>-?\d+)(?:[.,](?P<f>\d+))?", number),
        (r"(?P<name>[^\W\d_][^\W\d]*)\.?", _word),
        (r"(?P<name>[^\W\d_]+(?:-[^\W\d_]+)*)(?P<rest>[ -].*)", _word),
        (r"(?P<name>[^\W\d][^\d]{0,30}?[ ._#-]*)(?P<n>\d{1,6})", _numbered),
        (r"(?P<name>[^\W\d]{2,}[ _-]+)(?P<n>[a-z])", _lettered),
    )
]  # fmt: skip
