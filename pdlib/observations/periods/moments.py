"""A slice of time: its step, its place among others of that step, and its one label."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Literal

Step = Literal[
    "day", "week", "month", "quarter", "half-year", "year", "financial quarter", "financial year", "split year",
    "period of a year", "number", "numbered", "declared",
]  # fmt: skip

PLURALS = {"financial quarter": "quarters of a financial year", "financial year": "financial years",
           "split year": "financial years", "period of a year": "periods of a year", "number": "numbers",
           "numbered": "numbered periods", "declared": "periods in the order declared"}  # fmt: skip
DATED = ("day", "week", "month", "quarter", "half-year", "year")  # the finest first; weeks lie in no month
_A_YEAR = {"month": 12, "quarter": 4, "half-year": 2, "year": 1}
A_YEAR = 1000  # room for the numbered periods of a year
EPOCH = date(1970, 1, 5)  # a Monday


@dataclass(frozen=True)
class Moment:
    """One slice of time.

    Attributes
    ----------
    step : str
        A `Step`, or what cannot be placed: "total", "weekday", "season", "month without a year".
    key : float
        Its place among others of the step, whole from one to the next.
    label : str
        As tables write it: "2016-04".
    """

    step: str
    key: float
    label: str


def day(value: date) -> Moment:
    """A day."""
    return Moment("day", value.toordinal(), value.isoformat())


def of_year(step: str, year: int, number: int = 1) -> Moment:
    """A month, quarter, half-year or year: the ``number``-th of ``year``."""
    return at(step, year * _A_YEAR[step] + number - 1)


def week(value: date) -> Moment:
    """The ISO week of a day."""
    return at("week", (value - EPOCH).days // 7)


def at(step: str, key: float) -> Moment:
    """The slice at a place of a step whose labels can be told from the place."""
    return Moment(step, key, _label(step, int(key)) if key == int(key) else f"{key:.12g}")


def _label(step: str, key: int) -> str:
    if step in {"month", "quarter", "half-year"}:
        year, number = divmod(key, _A_YEAR[step])
        return f"{year:04d}-" + {"month": "{:02d}", "quarter": "Q{}", "half-year": "H{}"}[step].format(number + 1)
    if step == "day":
        return date.fromordinal(key).isoformat()
    if step == "week":
        year, number, _ = (EPOCH + timedelta(days=7 * key)).isocalendar()
        return f"{year}-W{number:02d}"
    if step == "financial quarter":
        return f"FY{key // 4}-Q{key % 4 + 1}"
    if step == "period of a year":
        return f"P{key:02d}" if key < A_YEAR else f"{key // A_YEAR}-P{key % A_YEAR:02d}"
    return {"financial year": f"FY{key}", "split year": f"{key}/{(key + 1) % 100:02d}"}.get(step, str(key))


def first_day(moment: Moment) -> date:
    """The first day of a slice that has dates."""
    key = int(moment.key)
    if moment.step == "day":
        return date.fromordinal(key)
    if moment.step == "week":
        return EPOCH + timedelta(days=7 * key)
    year, number = divmod(key, _A_YEAR[moment.step])
    return date(year, number * 12 // _A_YEAR[moment.step] + 1, 1)


def holding(step: str, value: date) -> Moment:
    """The slice of a step that a day lies in.

    Parameters
    ----------
    step : str
        One of `DATED`.
    value : date

    Returns
    -------
    Moment
    """
    if step == "day":
        return day(value)
    if step == "week":
        return week(value)
    return of_year(step, value.year, (value.month - 1) * _A_YEAR[step] // 12 + 1)


_CANONICAL = {
    "month": r"(\d{4})-(0[1-9]|1[0-2])", "quarter": r"(\d{4})-Q([1-4])", "half-year": r"(\d{4})-H([12])",
    "week": r"(\d{4})-W(\d\d)", "day": r"(\d{4}-\d\d-\d\d)", "financial quarter": r"FY(\d{4})-Q([1-4])",
    "financial year": r"FY(\d{4})", "split year": r"(\d{4})/\d\d", "period of a year": r"(?:(\d{4})-)?P(\d{2,3})",
    "number": r"(-?\d+(?:\.\d+)?)",
}  # fmt: skip
_CANONICAL_RE = {step: re.compile(pattern) for step, pattern in _CANONICAL.items()}


def from_label(label: str) -> Moment | None:
    """The slice that a label of ours stands for; None if it is none."""
    for step, pattern in _CANONICAL_RE.items():
        found = pattern.fullmatch(label)
        if found:
            try:
                return _from_groups(step, list(found.groups()))
            except ValueError:
                return None
    return None


def _from_groups(step: str, groups: list[str | None]) -> Moment:
    if step == "day":
        return day(date.fromisoformat(str(groups[0])))
    first = float(groups[0] or 0)
    if step in {"month", "quarter", "half-year"}:
        return of_year(step, int(first), int(groups[1] or 1))
    if step == "week":
        return week(date.fromisocalendar(int(first), int(groups[1] or 1), 1))
    if step in {"financial quarter", "period of a year"}:
        scale, start = (4, 1) if step == "financial quarter" else (A_YEAR, 0)
        return at(step, int(first) * scale + int(groups[1] or 1) - start)
    if step == "number" and first == int(first) and 1900 <= first <= 2100:
        return of_year("year", int(first))
    return at(step, first)
