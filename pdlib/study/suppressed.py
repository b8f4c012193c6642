"""Marks in place of counts that were hidden for being small, and the counts that each may stand for."""

from __future__ import annotations

import re
from typing import Annotated, Any

from pydantic import AfterValidator, BeforeValidator

from pdlib.study.answers import as_toml

MOST_HIDDEN = 1000
_END = r"\s*[*†‡#]?"  # <5* is <5 with a mark
_N = r"(?:n\s*(?:=\s*)?)?"
_BELOW = re.compile(rf"{_N}(?:<|(?:less|fewer|smaller|lower)\s*than|under|below)\s*(\d+){_END}", re.IGNORECASE)
_UP_TO = re.compile(rf"{_N}(?:≤|<=|up\s*to|at\s*most)\s*(\d+){_END}", re.IGNORECASE)
_OR_LESS = re.compile(rf"(\d+)\s*or\s*(?:less|fewer){_END}", re.IGNORECASE)
_BETWEEN = re.compile(rf"{_N}(?:between\s*|from\s*)?(\d+)\s*(?:-|–|—|to|and|\.\.)\s*(\d+){_END}", re.IGNORECASE)


def bounds_of(mark: str) -> tuple[int, int] | None:
    """Lowest and highest count that a mark says it stands for; None if it does not say.

    What is below a bound begins at 1: a published zero is seldom hidden with small counts. Where it is, the study says
    so itself.

    Parameters
    ----------
    mark : str

    Returns
    -------
    (int, int) or None

    Examples
    --------
    >>> bounds_of("less than 5"), bounds_of("≤ 4"), bounds_of("0-4"), bounds_of("*")
    ((1, 4), (1, 4), (0, 4), None)
    """
    mark = mark.strip()
    if found := _BELOW.fullmatch(mark):
        return 1, int(found[1]) - 1
    if found := _UP_TO.fullmatch(mark) or _OR_LESS.fullmatch(mark):
        return 1, int(found[1])
    if found := _BETWEEN.fullmatch(mark):
        return int(found[1]), int(found[2])
    return None


def _read_off(value: Any) -> Any:
    """Bounds by mark, from a list of marks that say them themselves."""
    marks = [value] if isinstance(value, str) else value
    if not isinstance(marks, list | tuple):
        return value
    found = {mark: bounds_of(mark) if isinstance(mark, str) else None for mark in marks}
    silent = [mark for mark, bounds in found.items() if bounds is None]
    if silent:
        raise ValueError(
            f"{silent[0]!r} does not say which counts it may stand for; give the lowest and the highest of each mark, "
            f"{as_toml({str(silent[0]): [1, 4]})}"
        )
    return found


def _checked(marks: dict[str, tuple[int, int]]) -> dict[str, tuple[int, int]]:
    for mark, (low, high) in marks.items():
        if not mark:
            raise ValueError("an empty cell is no mark: it does not say that a count was hidden")
        if not 0 <= low <= high <= MOST_HIDDEN:
            raise ValueError(
                f"{mark!r} stands for {low} to {high}; give the lowest and the highest count that it may stand for, "
                f"0 or more and at most {MOST_HIDDEN:,}"
            )
    return marks


Suppressed = Annotated[dict[str, tuple[int, int]], BeforeValidator(_read_off), AfterValidator(_checked)]
