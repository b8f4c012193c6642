"""One step for the whole column: days that stand for months, sums among their parts, gaps, what has not begun."""

from __future__ import annotations

from datetime import date

import numpy as np
import pandas as pd

from pdlib.observations.periods.asking import Task, ask_year, guessed
from pdlib.observations.periods.calendar import Calendar
from pdlib.observations.periods.days import all_sundays, coarsest
from pdlib.observations.periods.declaring import month_of, year_begun
from pdlib.observations.periods.moments import A_YEAR, DATED, PLURALS, Moment, first_day, holding
from pdlib.observations.text import rows, rows_listed
from pdlib.show.wording import listed

SHOWN = 5
FIRST_YEAR = 1600
MAIN = 3  # periods, at least, before another is far from them
FEW = 0.25  # of the rows that a period usually has
FAR_GAPS, FAR_STEPS = 3, 12  # times the widest gap between the others, and steps
YEARS_AWAY = 10
_IN_YEARS = {"day": 365.25, "week": 52.18, "month": 12, "quarter": 4, "half-year": 2, "year": 1,
             "financial quarter": 4, "financial year": 1, "split year": 1}  # fmt: skip
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


def end_of_weeks(moments: Moments) -> list[str]:
    """That days, all of them Sundays, were taken for the weeks that they end."""
    dates = {first_day(moment) for moment in moments.values() if moment.step == "day"}
    return ["weeks that end on these Sundays"] if all_sundays(dates) else []


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


def without_old(task: Task, moments: Moments) -> Moments:
    """Refuse years that nobody means, such as 0023."""
    old = [place for place, moment in moments.items() if moment.step in DATED and first_day(moment).year < FIRST_YEAR]
    task.refuse(old, "a year that cannot be meant", "Write the year in full: 2023-05.", "year")
    return {place: moment for place, moment in moments.items() if place not in set(old)}


def check_strays(task: Task, moments: Moments, today: date) -> None:
    """Tell of a few rows whose period lies far from all others; ask if it is years away, for it is a slip then.

    Those that have not begun are asked about as such.
    """
    begun = [place for place, moment in moments.items() if not _begins_after(moment, today)]
    places = np.array([place for place in begun if moments[place].step in {*_IN_YEARS, "number"}], dtype=int)
    if len(places) < MAIN + 1:
        return
    keys, which = np.unique([moments[place].key for place in places], return_inverse=True)
    counts = np.bincount(which, task.written.counts[places]).astype(int)
    usual = float(np.median(np.repeat(counts, counts)))
    for stray in _apart(keys, counts, usual):
        chosen = places[np.isin(which, stray)]
        _tell_stray(task, moments, chosen, float(np.abs(np.delete(keys, stray) - keys[stray[0]]).min()))


def _apart(keys: np.ndarray, counts: np.ndarray, usual: float) -> list[np.ndarray]:
    """Periods, as places, that lie far from those that most rows are in, and hold few rows."""
    main = keys[counts > FEW * usual]
    if len(main) < MAIN:
        return []
    steps = np.diff(main)
    far = max(FAR_GAPS * float(steps.max()), FAR_STEPS * float(np.median(steps)))
    blocks = np.split(np.arange(len(keys)), np.flatnonzero(np.diff(keys) > far) + 1)
    return [block for block in blocks if counts[block].sum() <= FEW * usual]


def _tell_stray(task: Task, moments: Moments, chosen: np.ndarray, distance: float) -> None:
    shown, step = task.written.shown, moments[chosen[0]].step
    labels = listed([repr(shown[place]) for place in chosen[:SHOWN]])
    numbers = task.written.sheet.rows(task.written.rows_of(chosen))
    years = distance / _IN_YEARS.get(step, np.inf)
    away = f"{years:.0f} years" if years >= 2 else f"{distance:.0f} {PLURALS.get(step, f'{step}s')}"
    lies, has = ("lies", "has") if len(chosen) == 1 else ("lie", "have")
    held = f"{rows(len(numbers))}: {rows_listed(numbers)}"
    found = f"{labels} {lies} {away} from all other periods and {has} {held}."
    settled = task.declared.order or task.declared.format
    if years <= YEARS_AWAY or settled:
        task.written.sheet.doubt(
            task.written.column, found, "Correct it if it is mistyped.", code="far", rows=numbers[:1000]
        )
        return
    written_as, fix = guessed(task, moments), "Correct it, or leave the rows out"
    if written_as is None:
        task.written.sheet.report(task.written.column, found, f"{fix}.", code="far", rows=numbers[:1000])
        return
    answer = task.answer({"format": written_as}, "read as it is written")
    task.ask(found, [answer], "far", chosen, f"{fix}; if it is meant:")


def tell_gaps(task: Task, calendar: Calendar) -> None:
    """Note periods between the first and the last that have no row."""
    gaps = calendar.holes
    if gaps:
        more = f" and {len(gaps) - SHOWN} more" if len(gaps) > SHOWN else ""
        names = ", ".join(gaps[:SHOWN])
        many = " They are more than the periods that have rows, which are taken one after another."
        found = f"{names}{more}: no unit has a row.{many if calendar.ragged else ''}"
        task.written.sheet.doubt(task.written.column, found, code="gap")
