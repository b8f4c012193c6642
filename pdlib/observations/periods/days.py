"""Days that stand for longer spans: the coarsest step that all of them begin, or all of them end."""

from __future__ import annotations

from collections.abc import Collection
from datetime import date, timedelta

_STARTS = (("half-year", {1, 7}), ("quarter", {1, 4, 7, 10}))
_RANK = ("day", "week", "month", "quarter", "half-year", "year of its own", "year")


def coarsest(days: Collection[date]) -> str:
    """The coarsest step of which every day is the first, or every day the last.

    Parameters
    ----------
    days : collection of date
        Each once; a single one is taken for no more than a month.

    Returns
    -------
    str
        "year of its own" where all are the same day of the year and not of a calendar year: a financial year, or one
        month of each.
    """
    begins = [_begun(value) for value in days]
    if None not in begins and len({value.day == 1 for value in days}) == 1:
        months = {month for month in begins if month is not None}
        if len(days) < 2:
            return "month"
        if len(months) == 1:
            return "year" if months == {1} else "year of its own"
        return next((step for step, starts in _STARTS if months <= starts), "month")
    mondays = len(days) > 1 and all(value.weekday() == 0 for value in days)
    return "week" if mondays or all_sundays(days) else "day"


def all_sundays(days: Collection[date]) -> bool:
    """Whether these days end weeks, of which there are three at least."""
    return len(days) > 2 and all(value.weekday() == 6 for value in days)


def rank(days: Collection[date]) -> int:
    """How regular a reading is, to tell the likelier of two."""
    return _RANK.index(coarsest(days))


def _begun(value: date) -> int | None:
    """The month that begins on this day or on the next."""
    if value.day == 1:
        return value.month
    following = value + timedelta(days=1)
    return following.month if following.day == 1 else None


def said(days: Collection[date]) -> str:
    """What a reading makes of the days: "18 month starts", "12 days, 4 January 2016 to 6 January 2017"."""
    step = coarsest(days)
    if step != "day" and all(value.day == 1 for value in days):
        return f"{len(days)} month {'start' if len(days) == 1 else 'starts'}"
    numbers = sorted({value.day for value in days})
    months = len({(value.year, value.month) for value in days})
    which = f"day {numbers[0]}" if len(numbers) == 1 else f"days {numbers[0]} to {numbers[-1]}"
    return f"{which} of {months} {'month' if months == 1 else 'months'}"
