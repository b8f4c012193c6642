"""One step for the whole column: days that stand for months, sums among their parts, gaps, what has not begun."""

from __future__ import annotations

from datetime import date

import numpy as np
import pandas as pd

from pdlib.observations.periods.asking import Task, ask_year
from pdlib.observations.periods.calendar import Calendar
from pdlib.observations.periods.days import coarsest
from pdlib.observations.periods.declaring import month_of, year_begun
from pdlib.observations.periods.moments import A_YEAR, DATED, PLURALS, Moment, first_day, holding
from pdlib.show.wording import listed

SHOWN = 5
Moments = dict[int, Moment]


def stepped(task: Task, moments: Moments) -> Moments:
    """Days that stand for longer spans as such: all month starts are months."""
    dates = {place: first_day(moment) for place, moment in moments.items() if moment.step == "day"}
    if not dates:
        return moments
    if task.declared.format == "financial year":
        return moments | {place: year_begun(value) for place, value in dates.items()}
    others = {moment.step for moment in moments.values()} - {"day"}
    step: str = coarsest(set(dates.values()))
    if len(others) == 1 and (other := others.pop()) in DATED and step != "day":
        step = other if _begins_too(step, other) else step
    if step == "year of its own":
        if task.declared.format is None:
            ask_year(task, {place: moments[place] for place in dates})
        return moments | {place: month_of(value) for place, value in dates.items()}
    return moments | {place: holding(step, value) for place, value in dates.items()}


def _begins_too(step: str, other: str) -> bool:
    """Whether days that begin spans of one step begin spans of the other as well."""
    return step == other or (step not in {"day", "week"} and other in {"month", "day"}) or step == "year"


def of_one_step(task: Task, moments: Moments) -> Moments:
    """Periods of the step that most have; others are sums of them, or of another kind."""
    counts = pd.Series([moment.step for moment in moments.values()], dtype="str").value_counts()
    if len(counts) < 2:
        return moments
    most = [step for step in counts.index if counts[step] == counts.iloc[0]]
    main = min(most, key=lambda step: DATED.index(step) if step in DATED else len(DATED))
    others = [place for place, moment in moments.items() if moment.step != main]
    sums = [place for place in others if _sum_of(moments[place], main)]
    fix = "Leave it out: it counts its parts a second time."
    task.refuse(sums, f"a {moments[sums[0]].step if sums else ''} among {main}s, a sum among its parts", fix, "total")
    apart = [place for place in others if place not in set(sums)]
    name = PLURALS.get(main, f"{main}s")
    task.refuse(apart, f"of another kind than the rest, which are {name}", "Write all of them in one way.", "mixed")
    return {place: moment for place, moment in moments.items() if moment.step == main}


def _sum_of(moment: Moment, main: str) -> bool:
    wider = moment.step in DATED and main in DATED and DATED.index(moment.step) > DATED.index(main)
    return wider or (moment.step in {"financial year", "split year"} and main in DATED)


def check_years(task: Task, moments: Moments, units: pd.Series | None) -> None:
    """Ask for the year where numbers run to their end and begin again within units."""
    if units is None or not moments or {moment.step for moment in moments.values()} - {"period of a year", "numbered"}:
        return
    first, last = (end(moments, key=lambda place: moments[place].key) for end in (min, max))
    if moments[first].key >= A_YEAR or moments[last].key - moments[first].key < 3:
        return
    codes = task.written.codes
    who = np.asarray(pd.factorize(units)[0])
    order = np.argsort(who, kind="stable")
    who, codes = who[order], codes[order]
    falls = (who[1:] == who[:-1]) & (codes[:-1] == last) & (codes[1:] == first)
    both = len(set(who[codes == first]) & set(who[codes == last]))
    if falls.sum() > both / 2:
        shown = task.written.shown
        found = f"{shown[first]!r} comes after {shown[last]!r}: the year is missing."
        task.ask(found, [task.in_order(dict.fromkeys(codes[codes >= 0][: 10 * len(shown)]))], "year", [first],
                 "Write the year with it, or say in which order they come:")  # fmt: skip


def check_future(task: Task, moments: Moments, today: date) -> None:
    """Ask about periods that have not begun."""
    late = [place for place, moment in moments.items() if _begins_after(moment, today)]
    if late and not task.declared.future:
        labels = sorted({moments[place].label for place in late})
        found = f"{listed(labels[:SHOWN])} {'has' if len(labels) == 1 else 'have'} not begun yet."
        fix = "Leave out what is planned only, or correct the dates; if it is meant:"
        task.ask(found, [task.answer({"future": True})], "future", late, fix)


def _begins_after(moment: Moment, today: date) -> bool:
    if moment.step in DATED:
        return first_day(moment) > today
    year = {"financial year": 1, "split year": 1, "financial quarter": 4, "period of a year": A_YEAR}.get(moment.step)
    return year is not None and moment.key // year > today.year + 1


def tell_gaps(task: Task, calendar: Calendar) -> None:
    """Note periods between the first and the last that have no row."""
    gaps = calendar.gaps
    if gaps:
        more = f" and {len(gaps) - SHOWN} more" if len(gaps) > SHOWN else ""
        names = ", ".join(gaps[:SHOWN])
        task.written.sheet.doubt(task.written.column, f"{names}{more}: no unit has a row.", code="gap")
