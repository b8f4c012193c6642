"""Which form a whole column is written in, and what only the user can settle about it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date
from itertools import groupby

from pdlib.observations.periods import days
from pdlib.observations.periods.digits import Form
from pdlib.observations.periods.moments import DATED, Moment
from pdlib.observations.periods.names import LANGUAGES, SHORT

_FAMILIES = {
    "year month": "year and number", "split year": "year and number", "year quarter": "year and number",
    "year half": "year and number", "day first": "three numbers",
    "month first": "three numbers", "year first": "three numbers", "year, name": "number and name",
    "day, name": "number and name", "month": "word", "weekday": "word",
}  # fmt: skip
_SURE = ("number day", "number month", "number year")  # the first that fits all is taken
_YEAR_LAST = ("number month year", "number day first", "number month first")
_OPEN = ("number quarter", "number half", "number week", "number seconds", "number milliseconds", "number excel")
_OF_NUMBERS = (*_SURE, *_YEAR_LAST, *_OPEN, "number")
NEARLY_EVERY = 0.9  # of the spellings, at least six, that a form fits before the others are taken for mistakes
_NO_YEAR = {"month without a year", "season", "day without a year"}


@dataclass(frozen=True)
class Option:
    """One way to read a group of spellings.

    Attributes
    ----------
    form : str
    moments : dict
        What each spelling is then.
    """

    form: Form
    moments: Mapping[int, Moment]

    @property
    def days(self) -> list[date]:
        """The days among them, each once."""
        keys = {int(moment.key) for moment in self.moments.values() if moment.step == "day"}
        return [date.fromordinal(key) for key in sorted(keys)]

    @property
    def rank(self) -> int:
        """How regular the days are."""
        return days.rank(self.days) if self.days else 0


@dataclass(frozen=True)
class Group:
    """Spellings that are decided on together, since one form must fit all of them.

    Attributes
    ----------
    family : str
    options : list of Option
        Ways that fit all of them, the likeliest first; several are a question, none are two ways mixed.
    odd : list of int
        Spellings that the way which fits most does not fit.
    note : str
        What is to be said about how they were read.
    """

    family: str
    options: list[Option]
    odd: list[int] = field(default_factory=list)
    note: str = ""

    @property
    def step(self) -> str:
        """Of its likeliest reading."""
        return next(iter(self.options[0].moments.values())).step if self.options else ""

    @property
    def open(self) -> bool:
        """Whether only the user can settle it."""
        return len(self.options) > 1 or self.step in _NO_YEAR


def family(form: Form) -> str:
    """The group of forms between which a column decides."""
    name = form.split("|")[0]
    return "number" if name.startswith("number ") or name == "number" else _FAMILIES.get(name, name)


def grouped(found: Mapping[int, Mapping[Form, Moment]], steps: Iterable[str] = ()) -> list[Group]:
    """Decide on the spellings of each family.

    Parameters
    ----------
    found : mapping
        By spelling: what it is in each form.
    steps : iterable of str
        Of which alone the reading can be, where the periods are known; all if empty.

    Returns
    -------
    list of Group
    """
    ordered = sorted(found, key=lambda place: family(next(iter(found[place]))))
    groups = groupby(ordered, key=lambda place: family(next(iter(found[place]))))
    return [_decided(name, {place: found[place] for place in places}, set(steps)) for name, places in groups]


def _decided(name: str, found: dict[int, Mapping[Form, Moment]], steps: set[str]) -> Group:
    fitting = [form for form in _all_forms(found) if all(form in each for each in found.values())]
    if not fitting or (fitting == ["number"] and _nearly_dates(found)):
        return _mixed(name, found)
    options = [Option(form, {place: each[form] for place, each in found.items()}) for form in fitting]
    options = [option for option in options if _of_steps(option, steps)] or options
    if name == "number":
        options = _numbers(options)
    if name == "year and number":
        options = _quarters_too(options, known=bool(steps))
    if name == "three numbers":
        options = _likely(options)
    options = _different(options)
    return Group(name, options, note=_note(name, fitting, options))


def _all_forms(found: Mapping[int, Mapping[Form, Moment]]) -> list[Form]:
    return list(dict.fromkeys(form for each in found.values() for form in each))


def _of_steps(option: Option, steps: set[str]) -> bool:
    return not steps or all(moment.step in steps for moment in option.moments.values())


def _numbers(options: list[Option]) -> list[Option]:
    """The first form that fits all; several where no number tells them apart."""
    options = sorted(options, key=lambda option: _OF_NUMBERS.index(option.form))
    first = options[0].form
    if first in _OPEN:
        return [option for option in options if option.form != "number quarter" or not _has(options, "number half")]
    if first not in _YEAR_LAST:
        return options[:1]
    rivals = {*_YEAR_LAST} | ({"number"} if _in_a_row(options[-1]) else set())
    if len({moment.key % 12 for moment in options[0].moments.values()}) == 1:  # else the days are decades apart
        rivals.add("number excel")
    options = [option for option in options if option.form in rivals]
    return sorted(options, key=lambda option: -option.rank if option.form in _YEAR_LAST else 1)


def _has(options: list[Option], form: Form) -> bool:
    return any(option.form == form for option in options)


def _in_a_row(option: Option) -> bool:
    """Whether the places are one after another, as those of plain numbers are."""
    keys = {moment.key for moment in option.moments.values()}
    return len(keys) > 1 and max(keys) - min(keys) == len(keys) - 1


def _quarters_too(options: list[Option], *, known: bool) -> list[Option]:
    """2018/1 to 2019/4 as quarters or months, and 2018/1 to 2019/2 as half-years; no such doubt within one year."""
    form = "year half" if _has(options, "year half") else "year quarter"
    others = [option for option in options if option.form not in {"year half", "year quarter"}]
    parts = [option for option in options if option.form == form and not known]
    keys = [divmod(moment.key, 12) for option in others[:1] for moment in option.moments.values()]
    several = len({year for year, _ in keys}) > 1 and len({month for _, month in keys}) > 1
    return [*parts, *others] if several else others


def _nearly_dates(found: dict[int, Mapping[Form, Moment]]) -> bool:
    """Whether numbers are dates but for a few, which are mistakes then."""
    fits = [sum(form in each for each in found.values()) for form in (*_SURE[:2], *_YEAR_LAST)]
    return len(found) >= 6 and max(fits) >= NEARLY_EVERY * len(found)


def _likely(options: list[Option]) -> list[Option]:
    """The most regular days first; the year in front only where no other way is as regular."""
    others = [option for option in options if option.form != "year first"]
    best = max((option.rank for option in others), default=-1)
    kept = [option for option in options if option.form != "year first" or option.rank > best]
    return sorted(kept, key=lambda option: (-option.rank, option.form != "day first"))


def _different(options: list[Option]) -> list[Option]:
    """Those that differ in what they make of the spellings."""
    seen: dict[tuple[object, ...], Option] = {}
    for option in options:
        seen.setdefault(tuple((m.step, m.key) for _, m in sorted(option.moments.items())), option)
    return list(seen.values())


def _mixed(name: str, found: dict[int, Mapping[Form, Moment]]) -> Group:
    """The form that fits most, and the spellings that it does not fit."""
    forms = [form for form in _all_forms(found) if form != "number"] or ["number"]
    count = {form: sum(form in each for each in found.values()) for form in forms}
    best = max(count, key=lambda form: count[form])
    fits = {place: each[best] for place, each in found.items() if best in each}
    return Group(name, [Option(best, fits)], [place for place in found if place not in fits])


def _note(name: str, fitting: list[Form], options: list[Option]) -> str:
    if name == "name" and not any(form.endswith("|en") for form in fitting):
        return f"names of months are {' or '.join(LANGUAGES[form.split('|')[1]] for form in fitting)}"
    if name == "three numbers" and len(options) == 1:
        return options[0].form
    return "financial years" if options[0].form == "split year" else ""


def dated(step: str) -> bool:
    """Whether slices of this step have dates."""
    return step in DATED


def said_month(moment: Moment) -> str:
    """A moment as a question names it: "1 April 2016", "April 2016"."""
    if moment.step == "day":
        value = date.fromordinal(int(moment.key))
        return f"{value.day} {SHORT[value.month - 1].capitalize()} {value.year}"
    if moment.step == "month":
        year, month = divmod(int(moment.key), 12)
        return f"{SHORT[month].capitalize()} {year}"
    return moment.label
