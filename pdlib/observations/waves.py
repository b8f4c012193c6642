"""Waves of practices: matched to the periods of the outcome where they are times, else in an order of their own."""

from __future__ import annotations

from collections.abc import Iterable

import pandas as pd

from pdlib.observations.periods import DATED, Calendar, read_periods
from pdlib.observations.sheet import Sheet
from pdlib.show.wording import listed
from pdlib.study import Answer, Period, Study


def read_waves(sheet: Sheet, column: str, study: Study, calendar: Calendar | None) -> pd.Series:
    """The wave of each row, by the label of the period that it lies in where there is one.

    Parameters
    ----------
    sheet : Sheet
    column : str
        Of the waves.
    study : Study
    calendar : Calendar or None
        The periods of the observations.

    Returns
    -------
    Series of str
    """
    period, order = study.period or Period(column=column), study.practices.order
    declared = period.model_copy(update={"order": order})
    read = read_periods(sheet, column, declared, known=calendar, purpose="waves")
    between = calendar is not None and {read.step, calendar.step} <= set(DATED) and bool(read.apart)
    if calendar is not None and between and not order and read.labels.nunique() > 1:
        found = f"{listed(map(repr, read.apart[:3]))} {'is' if len(read.apart) == 1 else 'are'} no {calendar.step}: "
        fix = f"Write the {calendar.step} of each wave; or, if it cannot be known which came first, wave or result:"
        answer = Answer("practices", {"order": in_order(read.labels.dropna())}, meaning="in this order")
        sheet.ask(column, f"{found}when was it?", [answer], fix=fix, code="wave")
    return read.labels


def in_order(waves: Iterable[str], order: Iterable[str] = ()) -> list[str]:
    """Waves, each once, as declared, else in the order of time or number; names that tell neither by the alphabet."""
    return list(Calendar.of(waves, tuple(order)).labels)
