"""Codes that stand for no answer, such as -999 or 99: taken out where declared, asked about where they look like it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from pdlib.observations.meaning.scales import refuse_shares
from pdlib.observations.numbers import Role
from pdlib.show.wording import listed
from pdlib.study import Answer

if TYPE_CHECKING:
    from pdlib.observations.sheet import Sheet

_NINES = tuple(float("9" * digits) for digits in range(2, 8))  # 99, 999 …
_KINDS = (77.0, 88.0, 97.0, 98.0, 777.0, 888.0, 997.0, 998.0, 7777.0, 8888.0, 9997.0, 9998.0)  # refused, not known …
_LARGE = _NINES + _KINDS
_NEGATIVE = tuple(-code for code in (*_LARGE, 9.0, 8.0))
_FIRST_YEARS = (1900.0, 1901.0, 1970.0)  # day 0 of spreadsheets and of computers
_YEARS = (1900, 2100)
FEWEST = 5  # other values, for one to be far out from them
FAR = 1.0  # times the range of the others: how far out it lies if it is repeated; twice that if it stands there once
TIMES = 3.0  # the largest of the others, at least: a code is chosen to be no possible value
RARE = 0.05  # share of cells that are 0 because they are not known; more are more likely none
RARE_FAR = {"mean": 0.2, "condition": 0.1}  # the same where 0 is twice as far out as the others lie apart
LONGEST = 7  # steps of a scale beside which 8 and 9 may be no answer
SCALES = {"mean", "condition", "practice"}
EXPECTED = 6.0  # cells between the scale and the code, at least, that the tail of a count would have filled


@dataclass(frozen=True)
class Code:
    """A value that looks like a code: how often it stands there, and between what the others lie."""

    value: float
    count: int
    low: float
    high: float


def find_codes(values: np.ndarray, role: Role, units: np.ndarray | None = None) -> list[Code]:
    """Find values that are repeated exactly, far out from all others and of the shape of a code.

    Parameters
    ----------
    values : array of float
        Missing as NaN.
    role : str
        As for `as_numbers`: where 0 is a plain value (counts), and where 8 and 9 may be no answer (steps of a scale).
    units : array, optional
        Whose values they are; a value that stands for the same unit again and again is told once.

    Returns
    -------
    list of Code
    """
    known = np.isfinite(values)
    values, units = values[known], None if units is None else units[known]
    if len(values) <= FEWEST:
        return []
    ends = {float(values.min()), float(values.max())}
    beyond = _beyond_scale(values, units) if role in SCALES else set()
    shapes = _shapes(role) | beyond
    if not ends & shapes:  # a code is at one end, or another code is
        return []
    coded = np.isin(values, sorted(shapes - {0.0, -1.0, *_FIRST_YEARS}))
    others = values[~coded]
    found = []
    for value in sorted({*np.unique(values[coded]).tolist(), *(ends & shapes)}):
        rest = others[others != value]
        count = int((values == value).sum())
        if len(rest) >= FEWEST and (value in beyond or _is_code(value, count, rest, role)):
            found.append(Code(value, count, float(rest.min()), float(rest.max())))
    return found


def _shapes(role: Role) -> set[float]:
    shapes = {*_LARGE, *_NEGATIVE, -1.0}
    shapes |= set(_FIRST_YEARS) if role in {"mean", "condition"} else set()
    return shapes | ({0.0} if role in {"mean", "condition"} else set())


def _beyond_scale(values: np.ndarray, units: np.ndarray | None) -> set[float]:
    """8 and 9, where all other values are the steps of a scale and nothing lies between, as in no tail of a count."""
    odd = np.isin(values, [8.0, 9.0])
    scale = values[~odd & ~np.isin(values, _LARGE + _NEGATIVE)]
    if not odd.any() or len(scale) < FEWEST or (scale % 1 != 0).any():
        return set()
    low, high = float(scale.min()), float(scale.max())
    codes = [code for code in (8.0, 9.0) if (values == code).any()]
    empty = codes[0] - high - 1
    steps = len(np.unique(scale))
    if low not in {0.0, 1.0, 2.0} or high > LONGEST or steps < max(high - low + 1, 3) or empty < 1:
        return set()
    once, fewest = values, 2
    if units is not None:  # a store that has nine staff has them in every month
        once, fewest = pd.DataFrame({"unit": units, "value": values}).drop_duplicates()["value"].to_numpy(), 3
    top, times = int((once == high).sum()), int(np.isin(once, codes).sum())
    return set(codes) if times >= fewest and empty * np.sqrt(top * times) >= EXPECTED else set()


def _is_code(value: float, count: int, rest: np.ndarray, role: Role) -> bool:
    low, high = float(rest.min()), float(rest.max())
    span, gap = high - low, max(low - value, value - high)
    if gap <= 0 or high == low == 0:
        return False
    if value in _FIRST_YEARS:
        return low > value and high <= _YEARS[1] and gap >= max(span / 2, 20) and bool((rest % 1 == 0).all())
    if value == 0:
        most = RARE_FAR.get(role, RARE) if gap >= 2 * span else RARE
        return 2 <= count <= most * (len(rest) + count) and gap >= (0.4 if role == "mean" else FAR) * span
    if value == -1:
        return low >= 1 and len(np.unique(rest)) > 2 and gap >= max(2.0, (0.03 if count > 1 else 0.2) * span)
    if value < 0 <= low:  # the only negative value among what is never negative
        return value <= -20 or count > 1 or gap >= 0.2 * max(span, high)
    far = gap >= FAR * (2 if count == 1 else 1) * span and gap > 1
    return far and (value < 0 or value >= TIMES * high)


def real_values(values: pd.Series, codes: Sequence[float | str], role: Role) -> list[float | str]:
    """Of the codes of an outcome those that are plain values in another of its columns: 99 is an n like any other."""
    numbers = pd.to_numeric(values, errors="coerce").to_numpy(dtype=float)
    found = {code.value for code in find_codes(numbers, role)}
    return [code for code in codes if (number := _number(code)) is not None and number >= 0 and number not in found]


def without_codes(values: pd.Series, missing: Sequence[float | str] | None) -> pd.Series:
    """The values with every declared code left empty, be it written as a number or as text."""
    if not missing:
        return values
    return values.mask(is_code(values, missing))


def is_code(values: pd.Series, missing: Sequence[float | str]) -> pd.Series:
    """Which of the values are one of the codes."""
    numbers = [number for code in missing if (number := _number(code)) is not None]
    if pd.api.types.is_numeric_dtype(values):
        return values.isin(numbers)
    texts = {str(code).strip() for code in missing}
    written = values.astype("str").str.strip()
    hit = {text for text in written.dropna().unique() if text in texts or _number(text) in numbers}
    return written.isin(hit)


def _number(code: float | str) -> float | None:
    try:
        return float(code)
    except ValueError:
        return None


def both(column: Sequence[float | str] | None, table: Sequence[float | str] | None) -> tuple[float | str, ...] | None:
    """The codes of a column and those of its table; None if neither says anything."""
    return None if column is None and table is None else (*(column or ()), *(table or ()))


def coded_numbers(
    sheet: Sheet, column: str, missing: Sequence[float | str] | None, *, section: str, of: str,
    role: Role = "condition", real: Sequence[float | str] = (), units: pd.Series | None = None, **more: Any,
) -> pd.Series:  # fmt: skip
    """A column as numbers, declared codes left empty; what looks like a code and is not declared is asked.

    Parameters
    ----------
    sheet : Sheet
    column : str
    missing : sequence or None
        Codes that the study declares of the column, beside those of the table; None if it says nothing.
    section, of : str
        Where in the study an answer belongs: "outcome" and its name.
    real : sequence
        Declared codes that are plain values in this column.
    units : Series, optional
        Whose rows they are.
    role, **more
        As for `as_numbers`.

    Returns
    -------
    Series of float
        Cells that are asked about are empty too, so that nothing else is said of them.
    """
    missing = both(missing, sheet.options.missing)
    meant = [code for code in missing or () if code not in real]
    numbers = sheet.numbers(column, role=role, missing=meant, of=of, **more)
    if role in SCALES:
        refuse_shares(sheet, column, numbers)
    return ask_codes(sheet, column, numbers, missing, role, section=section, of=of, units=units)


def ask_codes(
    sheet: Sheet, column: str, numbers: pd.Series, missing: Sequence[float | str] | None, role: Role, *,
    section: str, of: str, units: pd.Series | None = None,
) -> pd.Series:  # fmt: skip
    """Ask about what looks like a code, or say so if other codes are declared; those cells come back empty."""
    of_a_scale = units is not None and role in SCALES and numbers.isin([8.0, 9.0]).any()  # else units do not matter
    codes = find_codes(
        numbers.to_numpy(dtype=float), role, units.to_numpy() if of_a_scale and units is not None else None
    )
    if not codes or (missing is not None and not len(missing)):
        return numbers
    hit = numbers.isin([code.value for code in codes])
    told = [f"{_times(code)} of exactly {code.value:g}" for code in codes]
    found = f"{listed(told)}; all others lie between {codes[0].low:g} and {codes[0].high:g}."
    if missing:
        fix = f"If it stands for no answer too, add it to missing = {list(missing)}."
        sheet.doubt(column, found, fix, code="codes", rows=sheet.rows(hit)[:10_000])
        return numbers
    answers = [
        Answer(section, {"missing": [code.value for code in codes]}, of=of, meaning="missing values"),
        Answer(section, {"missing": []}, of=of, meaning="real values"),
    ]
    sheet.ask(column, found, answers, fix="Say", code="codes", rows=sheet.rows(hit)[:10_000])
    return numbers.mask(hit)


def _times(code: Code) -> str:
    return "one value" if code.count == 1 else f"{code.count:,} values"


def check_declared(sheet: Sheet, columns: Sequence[str], missing: Sequence[float | str] | None) -> None:
    """Say which declared codes are in none of the columns."""
    held = [sheet.frame[column] for column in columns if column in sheet.frame]
    absent = [
        code
        for code in missing or ()
        if held and code != "" and not any(is_code(values, [code]).any() for values in held)
    ]
    if absent:
        found = f"missing = {list(absent)} is declared, and no cell holds it."
        sheet.doubt(", ".join(columns), found, "Correct the code, or take it out.", code="codes")
