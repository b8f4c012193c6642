"""The periods of a study in the order of time, gaps included, and how other tables' dates fall into them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import date
from functools import cached_property

import numpy as np
import pandas as pd

from pdlib.observations.periods.moments import A_YEAR, DATED, Moment, at, first_day, from_label, holding
from pdlib.observations.periods.shapes import clock, plain, readings

_CLOSE = 10  # times as many places as periods, at most, before their gaps say nothing
_WEEKEND_TOLD = 10  # days seen before it is believed that some weekdays are never worked


@dataclass(frozen=True, eq=False)
class Calendar:
    """Periods in the order of time.

    Attributes
    ----------
    labels : tuple of str
        Those that have rows, in the order of time.
    step : str
        From one to the next: "month".
    order : tuple of str
        All labels in order, where the study declares it.
    day_first : bool, optional
        As declared, for labels that people write elsewhere.
    """

    labels: tuple[str, ...]
    step: str
    order: tuple[str, ...] = ()
    day_first: bool | None = None
    _places: dict[str, float] = field(default_factory=dict, repr=False)

    @classmethod
    def of(cls, labels: Iterable[str], order: Sequence[str] = (), day_first: bool | None = None) -> Calendar:
        """The calendar of some labels.

        Parameters
        ----------
        labels : iterable of str
            In any order; those that earlier versions wrote are understood too.
        order : sequence of str
            Of all labels, if it is declared.
        day_first : bool, optional

        Returns
        -------
        Calendar
        """
        seen = list(dict.fromkeys(label for label in labels if pd.notna(label)))
        if order:
            places = {label: float(place) for place, label in enumerate(order)}
            step = "declared"
        else:
            step, places = _placed(seen)
        last = max(places.values(), default=0.0)
        places |= {label: last + 1 for label in seen if label not in places}
        return cls(tuple(sorted(seen, key=lambda name: (places[name], name))), step, tuple(order), day_first, places)

    def holds(self, labels: Iterable[str]) -> bool:
        """Whether all labels have a place here."""
        return bool(self._places) and not any(np.isnan(self._place(label)) for label in labels)

    def key(self, labels: pd.Series) -> pd.Series:
        """A sorting key for labels, those of this calendar and others of its step."""
        codes, uniques = pd.factorize(labels)
        places = np.array([*(self._place(label) for label in uniques), np.nan])
        return pd.Series(places[codes], index=labels.index)

    def _place(self, label: str) -> float:
        if label in self._places:
            return self._places[label]
        moment = from_label(label)
        return np.nan if moment is None or self.step != moment.step else self._of(moment)

    def _of(self, moment: Moment) -> float:
        return _flat(moment, self._most)

    @cached_property
    def _most(self) -> int:
        return _most_a_year([moment for label in self.labels if (moment := from_label(label)) is not None])

    @cached_property
    def _stride(self) -> int:
        places = np.unique([self._places[label] for label in self.labels]).astype(int)
        return int(np.gcd.reduce(np.diff(places))) if len(places) > 1 else 1

    def full(self, among: Iterable[str] | None = None) -> list[str]:
        """All labels from the first to the last, those without any row included.

        Parameters
        ----------
        among : iterable of str, optional
            Labels from the first to the last of which; by default all that have rows.

        Returns
        -------
        list of str
            Without the gaps where periods follow each other in no regular step.
        """
        chosen = self.labels if among is None else tuple(dict.fromkeys(among))
        if any(label not in self._places for label in chosen):
            return list(Calendar.of(chosen).full())
        places = sorted(self._places[label] for label in chosen)
        if not places:
            return []
        return [label for label, place in self._every if places[0] <= place <= places[-1]]

    @cached_property
    def _every(self) -> list[tuple[str, float]]:
        """Labels with their places, gaps included."""
        have = sorted((self._places[label], label) for label in self.labels)
        if not have:
            return []
        if self.order:
            first, last = have[0][0], have[-1][0]
            return [(label, place) for label, place in self._places.items() if first <= place <= last]
        there = {place for place, _ in have}
        gaps = [] if self.ragged else [(self._at(place), place) for place in self._missing(there)]
        return sorted([*((label, place) for place, label in have), *gaps], key=lambda pair: (pair[1], pair[0]))

    def _missing(self, there: set[float]) -> list[int]:
        lettered = self.step == "numbered" and not self.labels[0][-1].isdigit()
        if len(there) < 2 or self.step == "declared" or lettered or any(place != int(place) for place in there):
            return []
        whole = {int(place) for place in there}
        span = range(min(whole), max(whole) + 1, self._stride)
        if not self.steady:
            return []
        missing = [place for place in span if place not in whole]
        if self.step == "day" and len(whole) >= _WEEKEND_TOLD:
            worked = {date.fromordinal(place).weekday() for place in whole}
            missing = [place for place in missing if date.fromordinal(place).weekday() in worked]
        return missing

    def _at(self, place: float) -> str:
        if self.step == "period of a year" and self._most:
            year, number = divmod(int(place), self._most)
            return at(self.step, year * A_YEAR + number + 1).label
        if self.step == "numbered":  # "Wave 3", as its neighbours are written
            name = self.labels[0].rstrip("0123456789")
            return f"{name}{int(place):0{len(self.labels[0]) - len(name)}d}"
        return at(self.step, place).label

    @property
    def gaps(self) -> list[str]:
        """Labels between the first and the last that have no row."""
        have = set(self.labels)
        return [label for label in self.full() if label not in have]

    @property
    def ragged(self) -> bool:
        """Whether more periods lack rows than have them, so that they are no part of `full`."""
        there = {self._places[label] for label in self.labels}
        return not self.order and len(self._missing(there)) > len(there)

    @property
    def holes(self) -> list[str]:
        """Labels between the first and the last that have no row, also where they are no `gaps` for being so many."""
        if not self.ragged:
            return self.gaps
        return [self._at(place) for place in self._missing({self._places[label] for label in self.labels})]

    @property
    def steady(self) -> bool:
        """Whether the periods follow each other so closely that gaps between them can be told."""
        places = [self._places[label] for label in self.labels]
        return len(places) < 2 or (max(places) - min(places)) / self._stride < _CLOSE * len(set(places))

    def position(self, label: str) -> int:
        """Where a label stands among all from the first to the last.

        Raises
        ------
        ValueError
            If it is none of them.
        """
        return self.full().index(label)

    def lies_in(self, moment: Moment) -> str | None:
        """The label of the period that a slice of time lies in; None if it is coarser, or of another kind.

        The period need not be one that has rows.
        """
        if moment.step == self.step:
            return self._known_as(moment)
        if self.step not in DATED or moment.step not in DATED:
            return None
        if moment.step != "day" and ("week" in {moment.step, self.step} or finer(self.step, moment.step)):
            return None
        return self._known_as(holding(self.step, first_day(moment)))

    def _known_as(self, moment: Moment) -> str:
        """The label that is used here for a slice of this step."""
        return self._by_place.get(self._of(moment), moment.label)

    @cached_property
    def _by_place(self) -> dict[float, str]:
        return {self._places[label]: label for label in self.labels}

    def match(self, text: str) -> str | None:
        """The label that somebody, or an earlier version, wrote in another way.

        Parameters
        ----------
        text : str
            "2016-04-01", "Apr 2016", "2016-4".

        Returns
        -------
        str or None
            "2016-04"; None if it is no period of this step, or could be two of them.
        """
        if text in self._places:
            return text
        wanted = plain(str(text))
        same = [label for label in self._places if plain(label) == wanted]
        if same or self.order:
            return same[0] if same else None
        forms = readings(clock(wanted)[0])
        if self.step == "numbered":  # "Wave 1" is no "Week 1"
            own = readings(plain(self.labels[0]))
            forms = {form: moment for form, moment in forms.items() if form in own}
        if self.day_first is not None:
            forms.pop("month first" if self.day_first else "day first", None)
        found = dict.fromkeys(label for moment in forms.values() if (label := self.lies_in(moment)) is not None)
        inside = [label for label in found if label in self._inside]
        return inside[0] if len(inside) == 1 else next(iter(found)) if len(found) == 1 else None

    @cached_property
    def _inside(self) -> set[str]:
        return {label for label, _ in self._every}

    def cut(self, labels: pd.Series) -> pd.Series:
        """The period that each label or date lies in; missing outside the span and where none can be told."""
        found = {label: self.match(str(label)) for label in labels.dropna().unique()}
        return labels.map({label: name for label, name in found.items() if name in self._inside}).astype("str")


def finer(step: str, than: str) -> bool:
    """Whether one dated step is finer than another."""
    return step in DATED and than in DATED and DATED.index(step) < DATED.index(than)


def canonical(text: str, calendar: Calendar) -> str | None:
    """One label, written by a person or by an earlier version, as the calendar has it; see `Calendar.match`."""
    return calendar.match(text)


def in_time(periods: pd.Series) -> pd.Series:
    """A sorting key for labels of periods, also for such as earlier versions wrote."""
    return Calendar.of(periods.dropna().unique()).key(periods)


def _most_a_year(moments: list[Moment]) -> int:
    """How many numbered periods a year has, where they come with their year; else 0."""
    if not any(moment.step == "period of a year" and moment.key >= A_YEAR for moment in moments):
        return 0
    return max(12, *(int(moment.key) % A_YEAR for moment in moments))


def _flat(moment: Moment, most: int) -> float:
    """The place of a slice, one after another also from year to year."""
    if moment.step == "period of a year" and most:
        year, number = divmod(int(moment.key), A_YEAR)
        return year * most + number - 1
    return moment.key


def _placed(labels: list[str]) -> tuple[str, dict[str, float]]:
    """The step that labels share, and the place of each; in the order of the alphabet if they share none."""
    moments = [from_label(label) for label in labels]
    if len({moment.step for moment in moments if moment}) != 1 or None in moments:
        for shared in _shared_forms(labels):
            moments = shared
            break
    known = [moment for moment in moments if moment is not None]
    if len(known) < len(labels) or len({moment.step for moment in known}) > 1:
        return "declared", {label: float(place) for place, label in enumerate(sorted(labels))}
    most = _most_a_year(known)
    places = {label: _flat(moment, most) for label, moment in zip(labels, known, strict=True)}
    return known[0].step if known else "declared", places


def _shared_forms(labels: list[str]) -> Iterable[list[Moment | None]]:
    """What labels are in one form that all of them are written in; numbers as numbers."""
    forms = [readings(clock(plain(label))[0]) for label in labels]
    for form in dict.fromkeys(form for each in forms for form in each):
        if all(form in each for each in forms):
            yield [each[form] for each in forms]
