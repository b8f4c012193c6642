"""Numbers as people read them: no false precision, a true minus sign, a dash where nothing is known."""

from __future__ import annotations

import math
import re
from collections.abc import Callable
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import Literal

MISSING = "–"
_SPACE = "\u00a0"  # keeps a number and its sign on one line


def number(x: float, digits: int = 0) -> str:
    """Show a number with thousands separators, ``−1,234.5``; missing is a dash.

    Fewer than no decimals round to tens, hundreds and so on.

    Examples
    --------
    >>> number(-0.04, 1), number(4_981_544.02, -5)
    ('0.0', '5,000,000')
    """
    if x is None or not math.isfinite(x):
        return MISSING
    shown = f"{round(float(x), digits):,.{max(digits, 0)}f}"
    if not any(digit in "123456789" for digit in shown):
        return shown.lstrip("-")
    return shown.replace("-", "−")


def count(n: float) -> str:
    """Show a count, ``93,412``."""
    return number(n, 0)


def share(x: float, digits: int = 0) -> str:
    """Show a share between 0 and 1 as a percentage, ``62 %``."""
    shown = number(100 * x, digits) if x is not None else MISSING
    return shown if shown == MISSING else f"{shown}{_SPACE}%"


def signed(x: float, digits: int = 1) -> str:
    """Show a difference with its sign, ``+1.4``; what rounds to zero has none."""
    shown = number(x, digits)
    rounds_to_zero = not any(digit in "123456789" for digit in shown)
    return shown if rounds_to_zero or shown.startswith("−") else f"+{shown}"


def short(x: float, *, sign: bool = False) -> str:
    """Show a round number as short as can be, and never as a power of ten; zero has no sign.

    Examples
    --------
    >>> short(2.5e6), short(-5e-6), short(0.5, sign=True), short(-1e-20 * 0, sign=True)
    ('2,500,000', '−0.000005', '+0.5', '0')
    """
    if not math.isfinite(x):
        return MISSING
    rounded = Decimal(f"{x:.6g}")
    return "0" if not rounded else f"{rounded:{'+' if sign else ''},f}".replace("-", "−")


def points(x: float, digits: int = 1) -> str:
    """Show a difference that is already in points, ``1.4 points``."""
    shown = number(x, digits)
    return shown if shown == MISSING else f"{shown} {'point' if shown in {'1', '−1'} else 'points'}"


def between(lower: float, upper: float, digits: int = 1) -> str:
    """Show a range, ``0.7 to 2.1``; with signs when it holds zero, ``−0.5 to +0.6``."""
    low, high = number(lower, digits), number(upper, digits)
    if MISSING in (low, high):
        return MISSING
    show = signed if lower < 0 < upper else number
    return f"{show(lower, digits)} to {show(upper, digits)}"


_MONTHS = (
    "January", "February", "March", "April", "May", "June", "July", "August", "September", "October", "November",
    "December",
)  # fmt: skip
_PERIOD = re.compile(
    r"(\d{4})(?:-(0[1-9]|1[0-2])(?:-(0[1-9]|[12]\d|3[01]))?|-?Q([1-4])|-?W(0?[1-9]|[1-4]\d|5[0-3])|-?H([12])|-?P(\d\d))"
)


def period_name(period: str) -> str:
    """Show a period as people say it; what is no date stays as it is.

    Examples
    --------
    >>> period_name("2025-01"), period_name("2025-01-31"), period_name("2025-Q2"), period_name("2025-W07")
    ('January 2025', '31 January 2025', 'quarter 2 of 2025', 'week 7 of 2025')
    >>> period_name("2025-H2"), period_name("2025-P13"), period_name("2024/25")
    ('half 2 of 2025', 'period 13 of 2025', '2024/25')
    """
    found = _PERIOD.fullmatch(period.strip())
    if not found:
        return period
    year, month, day, *parts = found.groups()
    for word, part in zip(("quarter", "week", "half", "period"), parts, strict=True):
        if part:
            return f"{word} {int(part)} of {year}"
    return f"{f'{int(day)} ' if day else ''}{_MONTHS[int(month) - 1]} {year}"


def span_name(first: str, last: str) -> str:
    """Show a span of periods as people say it.

    Examples
    --------
    >>> span_name("2025-01", "2026-06"), span_name("2013-01", "2013-12"), span_name("2013-01", "2013-01")
    ('January 2025 to June 2026', 'January to December 2013', 'January 2013')
    """
    start, end = period_name(first), period_name(last)
    if start == end:
        return end
    year = f" {end[-4:]}"
    if _PERIOD.fullmatch(first.strip()) and _PERIOD.fullmatch(last.strip()) and start.endswith(year):
        start = start.removesuffix(year).removesuffix(" of")
    return f"{start} to {end}"


_SCALE = {"proportion": 100.0, "mean": 1.0}
_DIGITS = {"proportion": 1, "mean": 2, "rate": 1}
_FEWEST_SHOWN = 10  # "per 5 answers" would read as a count of five people


def digits_for(spread: float, usual: int) -> int:
    """How many decimals show a spread by two or three digits: as many as usual if that does, else the nearest.

    Fewer than none are tens, hundreds and so on.

    Examples
    --------
    >>> digits_for(9.2, 2), digits_for(18.3, 2), digits_for(0.0000052, 2), digits_for(2_670_438, 2)
    (2, 1, 7, -4)
    """
    if not math.isfinite(spread) or spread <= 0:
        return usual
    two = 1 - math.floor(math.log10(spread))
    return min(max(usual, two), two + 1)


def _one_of(label: str) -> str:
    """One of what a label counts: "bed day" of "bed days"."""
    return f"{label[:-3]}y" if label.endswith("ies") else label.removesuffix("s")


@dataclass(frozen=True)
class OutcomeFormat:
    """How one outcome is shown: its values, and differences in it.

    Differences come signed so that more is better. Words say which way that is, *fewer* where lower is better; where
    only a sign can stand (on axes, in columns), plus is better, and `sides` says so beside it.

    Attributes
    ----------
    kind : {"proportion", "mean", "rate"}
        A proportion is a share between 0 and 1, a rate is events per single unit of exposure.
    label : str
        The phrase as said in a sentence, "very satisfied customers".
    better : {"higher", "lower"}
    per : float
        For a rate: events are shown per this much exposure.
    digits : int, optional
        Decimals of what is shown; by default 1 for rates and for proportions (in 100, whole where large), 2 for means.
    counted : str
        For a mean: what its differences are counted in, "minutes".
    of : str
        For a rate: what its exposure counts, "bed days".
    in_full : bool
        Whether the unit of a rate says what it is counted on; `full` is the same format that does.

    Examples
    --------
    >>> satisfied = OutcomeFormat("proportion", "very satisfied customers")
    >>> satisfied.more(0.083), satisfied.excess(0.014)
    ('8 more in 100', '+1.4 points')
    >>> falls = OutcomeFormat("rate", "falls", better="lower", per=1000, of="bed days")
    >>> falls.full.more(0.0031), falls.more(0.0031), falls.sides
    ('3.1 fewer per 1,000 bed days', '3.1 fewer per 1,000', 'fewer (+) or more (−)')
    """

    kind: Literal["proportion", "mean", "rate"]
    label: str = ""
    better: Literal["higher", "lower"] = "higher"
    per: float = 1.0
    digits: int | None = None
    counted: str = "points"
    of: str = ""
    in_full: bool = False

    @property
    def scale(self) -> float:
        """What outcome units are multiplied by before they are shown: 100, 1 or ``per``."""
        return _SCALE.get(self.kind, self.per)

    @property
    def full(self) -> OutcomeFormat:
        """The same, with a rate's unit said in full: ``per 1,000 bed days``."""
        return replace(self, in_full=True)

    @property
    def unit(self) -> str:
        """What differences are counted in: "points", "minutes", "per 1,000", in full "per 1,000 bed days"."""
        if self.kind != "rate":
            return "points" if self.kind == "proportion" else self.counted
        if self.per == 1 and self.of:
            return f"per {_one_of(self.of)}"
        shown = f"per {short(self.per)}"
        said = not self.of or not self.in_full or shown in self.label or self.per < _FEWEST_SHOWN
        return shown if said else f"{shown} {self.of}"

    @property
    def measure(self) -> str:
        """What values are: the label, and of a rate what it is counted on: ``falls per 1,000 bed days``."""
        unit = self.full.unit
        return self.label if self.kind != "rate" or unit in self.label else f"{self.label} {unit}"

    @property
    def sides(self) -> str:
        """Which way each sign goes: ``more (+) or fewer (−)``, ``lower (+) or higher (−)``."""
        return f"{self._direction(1.0)} (+) or {self._direction(-1.0)} (−)"

    @property
    def axis(self) -> str:
        """What a scale of differences measures: ``fewer (+), per 1,000 bed days``."""
        return f"{self._direction(1.0)} (+), {self.full.unit}"

    def fitting(self, spread: float) -> int | None:
        """The decimals that suit how far values differ, in outcome units; None if they are the usual ones."""
        usual = _DIGITS[self.kind]
        digits = digits_for(self.scale * spread, usual)
        return None if digits == usual else digits

    @property
    def _decimals(self) -> int:
        return _DIGITS[self.kind] if self.digits is None else self.digits

    def value(self, x: float, *, fine: bool = False) -> str:
        """Show an observed or expected value: ``79 %``, ``7.84``, ``12.3 per 1,000``; if fine, as `bare` does."""
        whole = self.kind == "proportion" and self.digits is None and not fine
        shown = share(x) if whole else self.bare(x)
        return f"{shown} {self.unit}" if self.kind == "rate" and shown != MISSING else shown

    def bare(self, x: float) -> str:
        """Show a value under a heading that says its unit, with the decimals of differences: ``78.9 %``, ``12.3``."""
        return share(x, self._decimals) if self.kind == "proportion" else number(self.scale * x, self._decimals)

    def tick(self, x: float) -> str:
        """Show a value on an axis, as short as can be."""
        return f"{short(self.scale * x)}{_SPACE}%" if self.kind == "proportion" else short(self.scale * x)

    def difference_tick(self, x: float) -> str:
        """Show a difference on an axis: ``+1``, ``0``, ``−0.5``; plus is better."""
        return short(self.scale * x, sign=True)

    def size(self, x: float) -> str:
        """Show how large a difference is, without its sign: ``3.1 points``, ``4.0 per 1,000``."""
        return self.lead(abs(x))

    def lead(self, x: float) -> str:
        """Show by how much something is ahead, below zero with a minus: ``3.1 points``, ``−0.2 per 1,000``."""
        shown = number(self.scale * x, self._decimals)
        return shown if shown == MISSING else f"{shown} {self.unit}"

    def difference(self, x: float) -> str:
        """Show a difference with its sign and without its unit, ``+7.2``; plus is better."""
        return signed(self.scale * x, self._decimals)

    def ranged(self, x: float, lower: float, upper: float) -> str:
        """Show a difference with its range for a cell of a table, ``+3.1 (0.7 to 5.4)``; plus is better."""
        return f"{self.difference(x)} ({self.excess_between(lower, upper)})"

    def excess(self, x: float) -> str:
        """Show a difference, plus being better: ``+1.4 points``, ``−3.1 per 1,000``."""
        shown = signed(self.scale * x, self._decimals)
        return shown if shown == MISSING else f"{shown} {self.unit}"

    def excess_between(self, lower: float, upper: float) -> str:
        """Show the range of a difference, ``0.7 to 2.1``, in the unit of `unit`."""
        return between(self.scale * lower, self.scale * upper, self._decimals)

    def more(self, x: float) -> str:
        """Say a difference in words: ``8 more in 100``, ``0.21 points higher``, ``3.1 fewer per 1,000``."""
        size = self._size(abs(x))
        if size == MISSING:
            return MISSING
        return f"{size} {self._direction(x)} {self._base}" if self.kind != "mean" else self._mean(size, x)

    @property
    def having(self) -> str:
        """What someone who does better has: ``more very satisfied customers``, ``fewer late flights``."""
        return f"{self._direction(1.0)} {self.label}"

    def more_between(self, lower: float, upper: float) -> str:
        """Say the range of a difference in words: ``4 to 11 more in 100``.

        A range that holds zero names both sides: ``between 1 fewer and 3 more in 100``.
        """
        if MISSING in (self._size(lower), self._size(upper)):
            return MISSING
        if lower < 0 < upper:
            sides = f"{self._size(-lower)} {self._direction(lower)} and {self._size(upper)} {self._direction(upper)}"
            return f"between {sides} {self._base}" if self.kind != "mean" else f"between {sides}, in {self.unit}"
        size = self._span(lower, upper)
        side = lower if lower + upper == 0 else lower + upper
        return f"{size} {self._direction(side)} {self._base}" if self.kind != "mean" else self._mean(size, side)

    def more_range(self, lower: float, upper: float) -> str:
        """Say the range behind a difference already said in words: ``4 to 11``; both sides if it holds zero."""
        missing = MISSING in (self._size(lower), self._size(upper))
        return self._span(lower, upper) if not missing and lower * upper >= 0 else self.more_between(lower, upper)

    def _span(self, lower: float, upper: float) -> str:
        """Both ends with the same decimals, the nearer to zero first."""
        near, far = sorted((abs(lower), abs(upper)))
        small = self._size(near)
        digits = len(small.partition(".")[2])
        return f"{small} to {number(self.scale * far, digits or min(self._decimals, 0))}"

    @property
    def _base(self) -> str:
        return "in 100" if self.kind == "proportion" else self.unit

    def _size(self, x: float) -> str:
        scaled = self.scale * x
        whole = self.digits is None and self.kind == "proportion" and (abs(scaled) >= 1.95 or scaled == 0)
        return number(scaled, 0 if whole else self._decimals)

    def _direction(self, x: float) -> str:
        up = (x >= 0) == (self.better == "higher")
        return ("higher" if up else "lower") if self.kind == "mean" else ("more" if up else "fewer")

    def _mean(self, size: str, x: float) -> str:
        return f"{size} {self.unit} {self._direction(x)}"


Formatter = Callable[[float], str]
