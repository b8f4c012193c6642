"""A column of periods, read as a whole: one label for each slice of time, whatever the spelling."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import numpy as np
import pandas as pd

from pdlib.observations.periods.asking import ORDERED, Purpose, Task, ask_form, ask_year
from pdlib.observations.periods.calendar import Calendar
from pdlib.observations.periods.days import coarsest
from pdlib.observations.periods.declaring import by_format, by_order, month_of, year_begun
from pdlib.observations.periods.forms import Group, dated, family, grouped
from pdlib.observations.periods.moments import A_YEAR, DATED, PLURALS, Moment, day, first_day, holding
from pdlib.observations.periods.shapes import readings
from pdlib.observations.periods.written import Written, written
from pdlib.observations.sheet import Sheet
from pdlib.show.wording import listed
from pdlib.study import Period

SHOWN = 5
_NO_DATE = "Write periods as 2016-04, or say how they are written under [period]: order or format."
_CUT = {"%Y-%m-%d": "days", "%Y-%m": "months"}
_AS_WRITTEN = {"numbered", "season", "month without a year"}
Moments = dict[int, Moment]


@dataclass(frozen=True, eq=False)
class PeriodsRead:
    """What a column of periods holds.

    Attributes
    ----------
    labels : Series of str
        By the table's index: the canonical label, missing where the cell is empty or cannot be read.
    step : str
        From one period to the next: "month".
    forms : list of str
        How they were written: "Apr-16 (18 times)", the most frequent first.
    notes : list of str
        What else is to be said about how they were read.
    calendar : Calendar
        The periods in the order of time.
    apart : tuple of str
        Of another table: labels that lie in no period of the observations' step.
    """

    labels: pd.Series
    step: str
    forms: list[str]
    notes: list[str]
    calendar: Calendar
    apart: tuple[str, ...] = ()

    @property
    def said(self) -> str:
        """What was understood, for a screen: "2024-01, 2024-02 … 2024-12 in this order, written 2024-01; no gaps"."""
        names, gaps = self.calendar.labels, self.calendar.gaps
        some = ", ".join(names) if len(names) <= 3 else f"{names[0]}, {names[1]} … {names[-1]}"
        spellings = f", written {', '.join(self.forms[:SHOWN])}" if self.forms else ""
        return "; ".join([f"{some} in this order{spellings}", *self.notes, f"{len(gaps)} gaps" if gaps else "no gaps"])

    @property
    def steps(self) -> str:
        """The step in the plural, as a screen tells it."""
        return PLURALS.get(self.step, f"{self.step}s")


def read_periods(
    sheet: Sheet,
    column: str,
    declared: Period,
    *,
    known: Calendar | None = None,
    purpose: Purpose | None = None,
    units: pd.Series | None = None,
    today: date | None = None,
) -> PeriodsRead:
    """Read a column of periods by one form, or by several that are each unmistakable.

    What cannot be read, and what only the user can settle, is noted on the sheet; where there is a question the
    likelier reading stays, so that whatever comes after can be checked too.

    Parameters
    ----------
    sheet : Sheet
    column : str
        Text as it is written, or dates, instants, numbers and pandas periods.
    declared : Period
        How the study says that it is written.
    known : Calendar, optional
        The periods of the observations, where another table's column is read: finer dates are cut to them.
    purpose : {"periods", "waves", "times"}, optional
        What the column is for; times that fall into periods if these are known.
    units : Series, optional
        By row, to see that numbers begin again within a unit.
    today : date, optional
        Periods that begin later are asked about.

    Returns
    -------
    PeriodsRead
    """
    days_only = known is not None and known.step in DATED
    task = Task(
        written(sheet, column, zone=declared.zone, days_only=days_only), declared, known,
        purpose or ("times" if known else "periods"),
    )  # fmt: skip
    moments, notes = _moments(task)
    if known is None:
        moments = _of_one_step(task, _stepped(task, moments))
        _check_years(task, moments, units)
        _check_future(task, moments, today or datetime.now(UTC).date())
    labels, apart = _labels(task, moments)
    calendar = Calendar.of(filter(None, labels), declared.order, declared.day_first)
    read = task.written.labels(labels)
    step = "declared" if declared.order else next((moment.step for moment in moments.values()), "declared")
    if known is None and task.purpose == "periods":
        _tell_gaps(task, calendar)
    return PeriodsRead(read, step, _forms(task.written, moments), notes, calendar, apart)


def _moments(task: Task) -> tuple[Moments, list[str]]:
    """What each spelling is; what is none is noted and left out."""
    own = task.known is None or task.purpose == "waves"
    if task.declared.order and own:
        moments, odd = by_order(task.written, task.declared)
        task.refuse(odd, "a period that is not on the list of order", "Add it there, or mend it.", "order")
        return moments, ["in the order declared"]
    if task.known is not None and task.known.order:
        return _on_the_list(task, task.known), []
    if task.declared.format:
        moments, odd = by_format(task.written, task.declared)
        if not odd or task.known is None:
            fix = f"The study says that all are: format = {task.declared.format!r}."
            task.refuse(odd, f"not written as {task.declared.format}", fix, "format")
            return moments, []
    return _by_form(task)


def _on_the_list(task: Task, known: Calendar) -> Moments:
    order = {label: place for place, label in enumerate(known.order)}
    found = {spelling: known.match(text) for spelling, text in enumerate(task.written.shown)}
    _unread(task, [spelling for spelling, label in found.items() if label is None])
    return {spelling: Moment("declared", order[label], label) for spelling, label in found.items() if label}


def _by_form(task: Task) -> tuple[Moments, list[str]]:
    w = task.written
    found = {place: readings(text) for place, (text, _) in enumerate(w.parts)}
    _settle(task, found)
    sums = [place for place, forms in found.items() if "total" in forms]
    task.refuse(sums, "a sum among its parts", "Leave it out: it counts its parts a second time.", "total")
    weekdays = [place for place, forms in found.items() if set(forms) == {"weekday"}]
    fix = "Weekdays come again every week: name a column of dates, or use them as a condition."
    task.refuse(weekdays, "a weekday", fix, "weekday")
    _unread(task, [place for place, forms in found.items() if not forms])
    readable = {place: forms for place, forms in found.items() if forms and place not in {*sums, *weekdays}}
    steps = set(DATED) if task.known is not None and dated(task.known.step) else set()
    groups = grouped(readable, steps)
    moments: Moments = {}
    for group in groups:
        if _sound(task, group, alone=len(groups) == 1):
            moments |= group.options[0].moments
    notes = [group.note for group in groups if group.note]
    moments, more = _cut_instants(task, moments)
    return moments, [*notes, *_two_digits(w, moments), *more]


def _settle(task: Task, found: dict[int, dict[str, Moment]]) -> None:
    """Leave out the readings that the declaration, or the kind of a cell, rules out."""
    w, first = task.written, task.declared.day_first
    lost = [place for place, kind in enumerate(w.kinds) if kind == "number" and "year month" in found[place]]
    fix = "Write text, 2016-10, for as numbers 2016.1 and 2016.10 are one."
    task.refuse(lost, "a number that has lost its zero (January or October?)", fix, "zero")
    for place in lost:
        found[place] = {"lost": Moment("lost", 0, "")}
    open_ = [place for place, forms in found.items() if forms.keys() & {"day first", "month first", "year first"}]
    if "date" in w.kinds and open_:
        fix = "A spreadsheet has read some dates, perhaps with day and month exchanged, and not others: export again."
        task.refuse(open_, "text beside cells that are dates", fix, "mixed")
    form = "day first" if first else "month first"
    wrong = [place for place in open_ if first is not None and form not in found[place]]
    fix = f"The study says so: day_first = {str(first).lower()}; mend it, or the dates."
    task.refuse(wrong, f"a date that cannot have its {form.removesuffix(' first')} first", fix, "format")
    for place in open_ if first is not None else ():
        found[place] = {form: found[place].get(form, Moment("lost", 0, ""))}
    _check_zeros(task, found)


def _check_zeros(task: Task, found: dict[int, dict[str, Moment]]) -> None:
    """ "2016.01" and "2016.1" side by side: the second was October before it was a number."""
    texts = {place: text for place, (text, _) in enumerate(task.written.parts) if "year month" in found[place]}
    dotted = {place: text.split(".")[1] for place, text in texts.items() if "." in text}
    if any(month.startswith("0") for month in dotted.values()):
        short = [place for place, month in dotted.items() if len(month) == 1]
        fix = "Write text, 2016-10, for as numbers 2016.1 and 2016.10 are one."
        task.refuse(short, "a month that has lost its zero (January or October?)", fix, "zero")


def _unread(task: Task, places: list[int]) -> None:
    """Note spellings that are no period in any form."""
    if not places:
        return
    texts = [task.written.shown[place] for place in places]
    if task.purpose == "waves":
        if len(task.written.shown) > 1:
            found = f"waves such as {listed(map(repr, texts[:3]))} {ORDERED}."
            every = range(len(task.written.shown))
            task.ask(found, [task.in_order(every)], "order", places, "Name them by their period, or say:")
    elif task.purpose == "times":
        fix = "Write a period as the observations do, or a date as 2025-01-31."
        task.refuse(places, "neither a period of the observations nor a date", fix, "period")
    else:
        task.refuse(places, f"a text that {ORDERED}", _NO_DATE, "order")


def _sound(task: Task, group: Group, *, alone: bool) -> bool:
    """Whether the spellings of a group can be used; otherwise what is wrong with them is noted."""
    if "lost" in group.step:
        return False
    if group.odd:
        what = "written in another way than the rest" if group.family != "name" else "in another language than the rest"
        fix = "Write all of them in one way" + (", day or month first." if group.family == "three numbers" else ".")
        task.refuse(group.odd, what, fix, "mixed")
        return True
    if not group.open:
        return True
    if alone:
        ask_form(task, group)
        return group.step not in {"day without a year"}
    places = list(group.options[0].moments)
    task.refuse(places, "written in a way that could mean several things, beside others", "Write 2016-04.", "mixed")
    return False


def _two_digits(w: Written, moments: Moments) -> list[str]:
    """That years of two digits were taken for whole ones."""
    dated_ones = (place for place in moments if w.kinds[place] == "text" and moments[place].step in DATED)
    short = any(not re.search(r"\d{4}", w.parts[place][0]) for place in dated_ones)
    return ["years of two digits: 69 to 99 are 1969 to 1999"] if short else []


def _cut_instants(task: Task, moments: Moments) -> tuple[Moments, list[str]]:
    """Days of instants, as the zone or their own clock has them; where that is open, a question."""
    clocks = {place: clock for place in moments if (clock := task.written.parts[place][1]) is not None}
    if not clocks:
        return moments, []
    offsets = {clock.offset for clock in clocks.values()}
    seconds = {place: clock.seconds for place, clock in clocks.items()}
    if task.declared.zone and None not in offsets:
        moments, seconds = _in_zone(task, moments)
    times = set(seconds.values())
    if times == {0}:
        return moments, ["days of UTC"] if offsets == {0} and not task.declared.zone else []
    if offsets == {0} and not task.declared.zone and _local_midnights(times):
        return _ask_zone(task, moments, seconds), []
    if task.known is None:
        shown = task.written.shown[next(place for place, second in seconds.items() if second)]
        answers = [task.answer({"format": written_as}, what) for written_as, what in _CUT.items()]
        task.ask(f"times of day such as {shown!r}: how are they cut into periods?", answers, "cut", clocks)
    return moments, []


def _in_zone(task: Task, moments: Moments) -> tuple[Moments, dict[int, int]]:
    zone, cut, seconds = ZoneInfo(str(task.declared.zone)), dict(moments), {}
    for place, moment in moments.items():
        clock = task.written.parts[place][1]
        if clock is None or moment.step != "day":
            continue
        start = datetime.combine(first_day(moment), datetime.min.time(), UTC)
        local = (start + timedelta(seconds=clock.seconds, minutes=-(clock.offset or 0))).astimezone(zone)
        cut[place] = day(local.date())
        seconds[place] = local.hour * 3600 + local.minute * 60 + local.second
    return cut, seconds


def _local_midnights(times: set[int]) -> bool:
    """Whether clocks in UTC look like midnight elsewhere: one time of day, or two an hour apart."""
    apart = max(times) - min(times)
    return len(times) <= 2 and all(time % 900 == 0 for time in times) and min(apart, 86_400 - apart) in {0, 1800, 3600}


def _ask_zone(task: Task, moments: Moments, seconds: dict[int, int]) -> Moments:
    """Ask where it was midnight; until then the nearest midnight is taken, and never the day before."""
    later = {place for place, second in seconds.items() if second >= 43_200}
    first = min(later or seconds)
    found = f"{task.written.shown[first]!r} is no midnight of UTC but may be one elsewhere."
    answer = task.answer({"zone": "Europe/Berlin"}, "or whichever place it was")
    task.ask(found, [answer], "zone", seconds, "Say in which time zone:")
    return {
        place: day(first_day(moment) + timedelta(days=1)) if place in later else moment
        for place, moment in moments.items()
    }


def _stepped(task: Task, moments: Moments) -> Moments:
    """Days that stand for longer spans as such: all month starts are months."""
    dates = {place: first_day(moment) for place, moment in moments.items() if moment.step == "day"}
    if not dates:
        return moments
    if task.declared.format == "financial year":
        return moments | {place: year_begun(value) for place, value in dates.items()}
    others = {moment.step for moment in moments.values()} - {"day"}
    step: str = coarsest(set(dates.values()))
    if len(others) == 1 and (other := others.pop()) in DATED and step != "day":
        step = other if coarser_or_same(step, other) else step
    if step == "year of its own":
        if task.declared.format is None:
            ask_year(task, {place: moments[place] for place in dates})
        return moments | {place: month_of(value) for place, value in dates.items()}
    return moments | {place: holding(step, value) for place, value in dates.items()}


def coarser_or_same(step: str, other: str) -> bool:
    """Whether days that begin spans of one step begin spans of the other as well."""
    return step == other or (step not in {"day", "week"} and other in {"month", "day"}) or step == "year"


def _of_one_step(task: Task, moments: Moments) -> Moments:
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


def _check_years(task: Task, moments: Moments, units: pd.Series | None) -> None:
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


def _check_future(task: Task, moments: Moments, today: date) -> None:
    """Ask about periods that have not begun."""
    late = [place for place, moment in moments.items() if _begins_after(moment, today)]
    if late and not task.declared.future:
        labels = sorted({moments[place].label for place in late})
        found = f"{listed(labels[:SHOWN])} {'has' if len(labels) == 1 else 'have'} not begun yet."
        fix = "Leave out what is planned only, or mend the dates; if it is meant:"
        task.ask(found, [task.answer({"future": True})], "future", late, fix)


def _begins_after(moment: Moment, today: date) -> bool:
    if moment.step in DATED:
        return first_day(moment) > today
    year = {"financial year": 1, "split year": 1, "financial quarter": 4, "period of a year": A_YEAR}.get(moment.step)
    return year is not None and moment.key // year > today.year + 1


def _labels(task: Task, moments: Moments) -> tuple[list[str | None], tuple[str, ...]]:
    """The label of each spelling, and those that lie in no known period."""
    labels: list[str | None] = [None] * len(task.written.shown)
    names: dict[tuple[str, float], str] = {}
    apart: dict[str, None] = {}
    for place in sorted(moments):
        moment = moments[place]
        own = task.written.shown[place] if moment.step in _AS_WRITTEN else moment.label
        own = own if moment.step == "season" else names.setdefault((moment.step, moment.key), own)
        inside = None
        if task.known is not None:
            inside = task.known.match(own) if moment.step in {"declared", "numbered"} else task.known.lies_in(moment)
        if task.known is not None and inside is None:
            apart[own] = None
        labels[place] = inside or own
    if task.purpose == "waves":
        labels = [label or task.written.shown[place] for place, label in enumerate(labels)]
    return labels, tuple(apart)


def _tell_gaps(task: Task, calendar: Calendar) -> None:
    gaps = calendar.gaps
    if gaps:
        more = f" and {len(gaps) - SHOWN} more" if len(gaps) > SHOWN else ""
        names = ", ".join(gaps[:SHOWN])
        task.written.sheet.doubt(task.written.column, f"{names}{more}: no unit has a row.", code="gap")


def _forms(w: Written, moments: Iterable[int]) -> list[str]:
    """How the periods are written: an example of each form with the number of rows."""
    by_form: dict[str, list[int]] = {}
    for place in moments:
        by_form.setdefault(next(iter(map(family, readings(w.parts[place][0]))), "text"), []).append(place)
    counts = {w.shown[places[0]]: int(sum(w.counts[place] for place in places)) for places in by_form.values()}
    ordered = sorted(counts.items(), key=lambda item: -item[1])
    return [f"{text} ({count:,} {'time' if count == 1 else 'times'})" for text, count in ordered]
