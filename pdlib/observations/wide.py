"""A wide table, a line a unit and a column a period, is laid out long where the columns can only be one thing."""

from __future__ import annotations

from dataclasses import replace

import pandas as pd

from pdlib.observations.periods import read_periods
from pdlib.observations.sheet import Sheet
from pdlib.study import Study

FEWEST = 2


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
    if period is None or period.column in sheet.frame or unit not in sheet.frame or outcome.amount in sheet.frame:
        return sheet
    times = _times(study, sheet)
    if len(times) < FEWEST:
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


def _times(study: Study, sheet: Sheet) -> list[str]:
    """Headings that are periods, if all that the study does not name are."""
    named = {study.unit.column, *(item.name for item in study.context), *(item.practice for item in study.practice)}
    named |= {getattr(study.unit, key) for key in ("label", "region", "nested_in", "twin_within")}
    left = [name for name in sheet.frame.columns if name not in named]
    heading = Sheet(sheet.name, pd.DataFrame({"heading": left}, dtype="str"), [], sheet.door)
    if study.period is None or not left:
        return []
    read = read_periods(heading, "heading", study.period)
    settled = all(problem.level == "doubt" for problem in heading.problems)
    return left if settled and read.labels.notna().all() else []
