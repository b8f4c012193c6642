"""A wide table, a line a unit and a column a period, is laid out long where the columns can only be one thing."""

from __future__ import annotations

import re
from dataclasses import replace

import pandas as pd
from pandas.api.types import is_numeric_dtype

from pdlib.errors import DataError
from pdlib.observations.periods import read_periods
from pdlib.observations.sheet import Sheet, parted
from pdlib.show.wording import listed
from pdlib.study import Study

FEWEST, MANY, SHOWN = 2, 3, 5


def laid_out_long(study: Study, sheet: Sheet) -> Sheet:
    """One row per unit and period; the sheet as it is where it is no wide table.

    Parameters
    ----------
    study : Study
    sheet : Sheet
        Of the observations. Headings that are periods are told; where the outcome is more than one column, as a share
        with its n is, they cannot all be it and that is a problem.
    """
    period, unit, outcome = study.period, study.unit.column, study.primary
    _refuse_units_across(study, sheet)
    if period is None or period.column in sheet.frame or unit not in sheet.frame or outcome.amount in sheet.frame:
        return sheet
    times = _times(study, sheet)
    if len(times) < FEWEST:
        _refuse_misfits(study, sheet)
        return sheet
    found = f"a wide table: {len(times)} headings are periods, {times[0]} to {times[-1]}."
    if len(study.outcome) > 1 or outcome.columns != [outcome.amount]:
        needed = ", ".join(name for one in study.outcome for name in one.columns)
        fix = f"Which of {needed} do they hold? Give one row per unit and period, as frame.melt does."
        sheet.report(None, found, fix, code="wide")
        return sheet
    sheet.doubt(None, f"{found} They are read as {outcome.amount}, one row per unit and period.", code="wide")
    others = [name for name in sheet.frame.columns if name not in times]
    place = sheet.frame.assign(_row=sheet.rows(pd.Series(True, index=sheet.frame.index)))
    long = place.melt([*others, "_row"], times, var_name=period.column, value_name=outcome.amount)
    return replace(sheet, frame=long.drop(columns="_row"), lines=long["_row"])


def _left(study: Study, sheet: Sheet) -> list[str]:
    """Headings that the study does not name."""
    named = {study.unit.column, *(item.name for item in study.context), *(item.practice for item in study.practice)}
    named |= {getattr(study.unit, key) for key in ("label", "region", "nested_in", "twin_within")}
    named |= {name for one in study.outcome for name in one.columns}
    return [name for name in map(str, sheet.frame.columns) if name not in named]


def _times(study: Study, sheet: Sheet) -> list[str]:
    """Headings that are periods, if all that the study does not name are."""
    left = _left(study, sheet)
    return left if _are_times(left, study, sheet) else []


def _are_times(headings: list[str], study: Study, sheet: Sheet) -> bool:
    heading = Sheet(sheet.name, pd.DataFrame({"heading": headings}, dtype="str"), [], sheet.door)
    if study.period is None or not headings:
        return False
    read = read_periods(heading, "heading", study.period)
    settled = all(problem.level == "doubt" for problem in heading.problems)
    return bool(settled and read.labels.notna().all())


def _refuse_misfits(study: Study, sheet: Sheet) -> None:
    """Say that it is a wide table, where most headings are periods, alone or behind a column's name."""
    left = _left(study, sheet)
    parts = {name: _parted(name, study) for name in left}
    times = _of_one_shape([time for _, time in parts.values()])
    columns = list(dict.fromkeys(column for column, time in parts.values() if time in times and column))
    if len(times) < MANY or not _are_times(times, study, sheet):
        return
    others = [name for name in left if parts[name][1] not in times]
    found = f"a wide table: {len(times)} headings are periods, {times[0]} to {times[-1]}"
    found += f", of {listed(columns)} each" if columns else ""
    found += f"; {listed(map(repr, others[:SHOWN]))} {'is' if len(others) == 1 else 'are'} none" if others else ""
    fix = f"Remove {'it' if len(others) == 1 else 'them'} from the table" if others and not columns else ""
    rows = "ive one row per unit and period, as frame.melt does."
    sheet.report(None, f"{found}.", f"{fix}, or g{rows}" if fix else f"G{rows}", code="wide")
    raise DataError(*parted(sheet.problems))  # that columns are missing follows


def _parted(heading: str, study: Study) -> tuple[str, str]:
    """Name of an outcome's column before or behind the period, if there is one, and the rest."""
    for column in (name for one in study.outcome for name in one.columns):
        for pattern in (rf"{re.escape(column)}[\s_.:-]+(.+)", rf"(.+?)[\s_.:-]+{re.escape(column)}"):
            found = re.fullmatch(pattern, heading, re.IGNORECASE)
            if found:
                return column, found[1]
    return "", heading


def _of_one_shape(headings: list[str]) -> list[str]:
    """Those written in the most frequent way, digits and words being told apart, each once."""
    shapes = [re.sub(r"[^\W\d_]+", "a", re.sub(r"\d", "9", name)) for name in headings]
    usual = max(shapes, key=shapes.count, default="")
    return list(dict.fromkeys(name for name, shape in zip(headings, shapes, strict=True) if shape == usual))


def _refuse_units_across(study: Study, sheet: Sheet) -> None:
    """Say that it is a wide table, where there are periods, neither unit nor outcome, and many columns of numbers."""
    period, frame = study.period, sheet.frame
    wanted = [study.unit.column, *(name for one in study.outcome for name in one.columns)]
    if period is None or period.column not in frame or any(name in frame for name in wanted):
        return
    left = [str(name) for name in frame.columns if name != period.column and is_numeric_dtype(frame[name])]
    if len(left) < MANY or frame[period.column].duplicated().any():
        return
    found = (
        f"a wide table: one row for each {period.column}, and {len(left)} columns of numbers, {left[0]!r} to "
        f"{left[-1]!r}. Each column seems to be a {study.unit.column}."
    )
    sheet.report(None, found, "Give one row per unit and period, as frame.melt does.", code="wide")
    raise DataError(*parted(sheet.problems))
