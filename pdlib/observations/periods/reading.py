"""A column of periods, read as a whole: one label for each slice of time, whatever the spelling."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, date, datetime

import pandas as pd

from pdlib.observations.periods.asking import ORDERED, Purpose, Task, ask_form, ask_language, guessed
from pdlib.observations.periods.calendar import Calendar
from pdlib.observations.periods.declaring import by_format, by_order
from pdlib.observations.periods.forms import Group, dated, family, grouped
from pdlib.observations.periods.instants import cut_instants
from pdlib.observations.periods.moments import DATED, PLURALS, Moment
from pdlib.observations.periods.shapes import readings
from pdlib.observations.periods.stepping import (
    SHOWN,
    check_future,
    check_strays,
    check_years,
    end_of_weeks,
    of_one_step,
    stepped,
    tell_gaps,
    without_old,
)
from pdlib.observations.periods.written import Written, written
from pdlib.observations.sheet import Sheet
from pdlib.show.wording import listed
from pdlib.study import Period

_NO_DATE = "Write periods as 2016-04, or say"
LISTED = 24  # spellings of which the order is shown
_LOST = "Write text, 2016-10, for as numbers 2016.1 and 2016.10 are one."
_RAGGED = "so far apart that gaps cannot be told"
_WEEKS = re.compile(r"(?i)week|woche|^kw$|semaine|semana|settimana")
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
        names, gaps = self.calendar.labels, len(self.calendar.holes)
        told = f"{gaps} {'gap' if gaps == 1 else 'gaps'}" if gaps else "no gaps" if self.calendar.steady else _RAGGED
        some = ", ".join(names) if len(names) <= 3 else f"{names[0]}, {names[1]} … {names[-1]}"
        spellings = f", written {', '.join(self.forms[:SHOWN])}" if self.forms else ""
        return "; ".join([f"{some} in this order{spellings}", *self.notes, told])

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
        today = today or datetime.now(UTC).date()
        notes = [*notes, *end_of_weeks(moments)]
        moments = without_old(task, of_one_step(task, stepped(task, moments)))
        check_years(task, moments, units)
        check_future(task, moments, today)
        check_strays(task, moments, today)
    labels, apart = _labels(task, moments)
    calendar = Calendar.of(filter(None, labels), declared.order, declared.day_first)
    read = task.written.labels(labels)
    step = "declared" if declared.order else next((moment.step for moment in moments.values()), "declared")
    if known is None and task.purpose == "periods":
        tell_gaps(task, calendar)
    return PeriodsRead(read, step, _forms(task.written, moments), notes, calendar, apart)


def _moments(task: Task) -> tuple[Moments, list[str]]:
    """What each spelling is; what is none is noted and left out."""
    own = task.known is None or task.purpose == "waves"
    if task.declared.order and own:
        moments, odd = by_order(task.written, task.declared)
        task.refuse(odd, "a period that is not on the list of order", "Add it there, or correct it.", "order")
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
    if ask_language(task):
        return {}, []
    _settle(task, found)
    sums = [place for place, forms in found.items() if "total" in forms]
    task.refuse(sums, "a sum among its parts", "Leave it out: it counts its parts a second time.", "total")
    weekdays = [place for place, forms in found.items() if set(forms) == {"weekday"}]
    fix = "Weekdays come again every week: name a column of dates, or use them as a condition."
    task.refuse(weekdays, "a weekday", fix, "weekday")
    _unread(task, [place for place, forms in found.items() if not forms])
    left_out = {*sums, *weekdays, *(place for place, forms in found.items() if "lost" in forms)}
    readable = {place: forms for place, forms in found.items() if forms and place not in left_out}
    steps = {*DATED, "day without a year"} if task.known is not None and dated(task.known.step) else set()
    groups = grouped(readable, steps)
    moments: Moments = {}
    for group in groups:
        if _sound(task, group, alone=len(groups) == 1):
            moments |= group.options[0].moments
    notes = [group.note for group in groups if group.note]
    moments, more = cut_instants(task, moments)
    return moments, [*notes, *_two_digits(w, moments), *more]


def _settle(task: Task, found: dict[int, dict[str, Moment]]) -> None:
    """Leave out the readings that the declaration, or the kind of a cell, rules out."""
    w, first = task.written, task.declared.day_first
    lost = [place for place, kind in enumerate(w.kinds) if kind == "number" and "year month" in found[place]]
    task.refuse(lost, "a number that has lost its zero (January or October?)", _LOST, "zero")
    for place in lost:
        found[place] = {"lost": Moment("lost", 0, "")}
    open_ = [place for place, forms in found.items() if forms.keys() & {"day first", "month first", "year first"}]
    if "date" in w.kinds and open_:
        fix = "A spreadsheet has read some dates, perhaps with day and month exchanged, and not others: export again."
        task.refuse(open_, "text beside cells that are dates", fix, "mixed")
    form = "day first" if first else "month first"
    wrong = [place for place in open_ if first is not None and form not in found[place]]
    fix = f"The study says so: day_first = {str(first).lower()}; correct it, or the dates."
    task.refuse(wrong, f"a date that cannot have its {form.removesuffix(' first')} first", fix, "format")
    for place in open_ if first is not None else ():
        found[place] = {form: found[place][form]} if form in found[place] else {"lost": Moment("lost", 0, "")}
    for forms in found.values() if first is not None else ():
        forms.pop("number month first" if first else "number day first", None)
    for forms in found.values() if _WEEKS.search(w.column) else ():
        if "number week" in forms:  # 202312 in a column of weeks is no December
            forms.pop("number month", None)
    _check_zeros(task, found)


def _check_zeros(task: Task, found: dict[int, dict[str, Moment]]) -> None:
    """Refuse "2016.1" beside "2016.02", or beside "2016.11" alone: it was October before it was a number."""
    texts = {place: text for place, (text, _) in enumerate(task.written.parts) if "year month" in found[place]}
    dotted = {place: text for place, text in texts.items() if "." in text}
    whole, written_so = any(re.search(r"\.0", text) for text in dotted.values()), set(dotted.values())
    short = [
        place for place, text in dotted.items()
        if text.endswith(".1") and (whole or (f"{text}0" not in written_so and {f"{text}1", f"{text}2"} & written_so))
    ]  # fmt: skip
    task.refuse(short, "a month that has lost its zero (January or October?)", _LOST, "zero")


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
        task.refuse(places, f"a text that {ORDERED}", _saying_how(task, places), "order")


def _saying_how(task: Task, places: list[int]) -> str:
    """The key that would settle it: a format that fits all, else the order if few can be read, or an example."""
    every = range(len(task.written.shown))
    written_as, door = guessed(task, every), task.written.sheet.door
    if not written_as and len(every) / 2 < len(places) and len(every) <= LISTED:
        return f"{_NO_DATE} in which order they come: {task.in_order(every).said(door)}."
    answer = task.answer({"format": written_as or "%d.%m.%Y"})
    return f"{_NO_DATE} how all are written{'' if written_as else ', for example'}: {answer.said(door)}."


def _sound(task: Task, group: Group, *, alone: bool) -> bool:
    """Whether the spellings of a group can be used; otherwise what is wrong with them is noted."""
    if group.odd:
        what = "written in another way than the rest" if group.family != "name" else "in another language than the rest"
        fix = "Write all of them in one way" + (", day or month first." if group.family == "three numbers" else ".")
        task.refuse(group.odd, what, fix, "mixed")
        return True
    if not group.open or _known_months(task, group):
        return True
    if alone:
        ask_form(task, group)
        return group.step != "day without a year"
    places = list(group.options[0].moments)
    task.refuse(places, "written in a way that could mean several things, beside others", "Write 2016-04.", "mixed")
    return False


def _known_months(task: Task, group: Group) -> bool:
    """Whether "16-Apr" can be no day, for April 2016 is among the months that are known, as are all the others."""
    if task.known is None or group.family != "number and name":
        return False
    return set(map(task.known.lies_in, group.options[0].moments.values())) <= set(task.known.full())


def _two_digits(w: Written, moments: Moments) -> list[str]:
    """That years of two digits were taken for whole ones."""
    dated_ones = (place for place in moments if w.kinds[place] == "text" and moments[place].step in DATED)
    short = any(not re.search(r"\d{4}", w.parts[place][0]) for place in dated_ones)
    return ["years of two digits: 69 to 99 are 1969 to 1999"] if short else []


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


def _forms(w: Written, moments: Iterable[int]) -> list[str]:
    """How the periods are written: an example of each form with the number of rows."""
    by_form: dict[str, list[int]] = {}
    for place in moments:
        by_form.setdefault(next(iter(map(family, readings(w.parts[place][0]))), "text"), []).append(place)
    counts = {w.shown[places[0]]: int(sum(w.counts[place] for place in places)) for places in by_form.values()}
    ordered = sorted(counts.items(), key=lambda item: -item[1])
    return [f"{text} ({count:,} {'time' if count == 1 else 'times'})" for text, count in ordered]
