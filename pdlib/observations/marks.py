"""What stands in a column of numbers and is none: marks of hidden counts, of missing values, of errors."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Literal

import pandas as pd

from pdlib.study import bounds_of

Kind = Literal["number", "empty", "na", "missing", "hidden", "percent", "duration", "clock", "error", "money", "text"]
NOT_KNOWN = {"na", "n/a", "null", "nan", "none", "<na>"}
ERRORS = {"#DIV/0!", "#REF!", "#N/A", "#NAME?", "#NULL!", "#NUM!", "#VALUE!", "#SPILL!", "#CALC!", "#GETTING_DATA"}
_HIDDEN = re.compile(
    r"[<>≤≥]=?\s*\d+|\*+|\.{1,3}\s*[a-z]?|…|[-–—]+|:|[•·●■▪†‡#]+|\(?[a-z]\)?|\[[a-z]{1,2}\]"
    r"|\d[\d.,]*\s?(?:[*†‡#]|[a-z])|[(\[]?(?:data |value |cell )?(?:suppressed|hidden|redacted|masked)[)\]]?"
    r"|too small|low n|small n",
    re.IGNORECASE,
)
_MONEY = re.compile(
    r"(?:[€$£¥₹]|\b(?:eur|usd|gbp|chf|kr)\b).*\d|\d.*(?:[€$£¥₹]|\b(?:eur|usd|gbp|chf|kr))", re.IGNORECASE
)
_SMALL = re.compile(
    r"[<≤]|\*|[•·●]|\.{2}\s*c$|\[?\(?[csx]\)?\]?$|.*(?:suppressed|hidden|redacted|masked|too small|low n|small n)",
    re.IGNORECASE,
)
MOST_OFFERED = 6


def kind_of_text(text: str) -> Kind:
    """What a text is that stands among numbers, so far as its form tells."""
    if not text:
        return "empty"
    if text.casefold() in NOT_KNOWN:
        return "na"
    if text.upper() in ERRORS:
        return "error"
    if _HIDDEN.fullmatch(text) or bounds_of(text):
        return "hidden"
    return "money" if _MONEY.search(text) else "text"


def hides_small(marks: Iterable[str]) -> bool:
    """Whether one of the marks stands for a count that is hidden because it is small."""
    return any(_SMALL.match(mark) or bounds_of(mark) for mark in marks)


def exact(marks: Sequence[str]) -> bool:
    """Whether each mark holds the number itself, as 5* does."""
    return all((bound := _bound(mark)) is not None and bound[0] == bound[1] for mark in marks)


def bounds(marks: Sequence[str]) -> dict[str, list[int]]:
    """Between what the count behind each mark may lie: read off ``<5`` and ``1-4``, else as the others, else 1 to 4."""
    known = {mark: bound for mark in marks if (bound := _bound(mark)) is not None}
    usual = next((bound for bound in known.values() if bound[0] < bound[1]), [1, 4])
    return {mark: known.get(mark, usual) for mark in marks}


def _bound(mark: str) -> list[int] | None:
    """What a mark says itself; a number with a mark behind it, as 5*, is that number."""
    if found := re.fullmatch(r"(\d+)\s?[*†‡#a-z]", mark, re.IGNORECASE):
        return [int(found.group(1))] * 2
    found_bounds = bounds_of(mark)
    return list(found_bounds) if found_bounds else None


def coded(texts: pd.Series, codes: Sequence[float | str]) -> pd.Series:
    """Which texts are one of the codes that stand for no answer, as texts or as numbers."""
    words = {str(code).strip() for code in codes}
    numbers = [float(code) for code in codes if not isinstance(code, str) or _is_number(code)]
    return texts.isin(words) | pd.to_numeric(texts, errors="coerce").isin(numbers)


def coded_numbers(values: pd.Series, codes: Sequence[float | str]) -> pd.Series:
    """Which numbers are one of the codes."""
    return values.isin([float(code) for code in codes if not isinstance(code, str) or _is_number(code)])


def _is_number(code: str) -> bool:
    return re.fullmatch(r"[+-]?\d+(?:\.\d+)?", code.strip()) is not None


def intervals(suppressed: Mapping[str, tuple[float, float]] | None) -> dict[str, tuple[float, float]]:
    """Declared bounds by mark, without blanks."""
    return {_bare(mark): (float(low), float(high)) for mark, (low, high) in (suppressed or {}).items()}


def _bare(mark: object) -> str:
    return re.sub(r"\s+", "", str(mark))
