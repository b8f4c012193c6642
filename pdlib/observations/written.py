"""How the numbers of one column are written: what stands before the decimals, and what between the thousands."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

_SIGN = "[+-]?"
_BLANKS = "[ \u00a0\u2007\u2009\u202f'\u2019]"
_FORMS = {
    "plain": rf"{_SIGN}(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?|{_SIGN}(?:inf|Inf|INF|infinity|Infinity)",
    "gaps": rf"{_SIGN}\d{{1,3}}(?:{_BLANKS}\d{{3}})+(?:[.,]\d+)?",
    "comma_groups": rf"{_SIGN}[1-9]\d{{0,2}}(?:,\d{{3}})+",
    "comma_many": rf"{_SIGN}[1-9]\d{{0,2}}(?:,\d{{3}}){{2,}}|{_SIGN}[1-9]\d{{0,2}}(?:,\d{{3}})+\.\d+",
    "comma_decimals": rf"{_SIGN}\d*,\d+",
    "point_groups": rf"{_SIGN}[1-9]\d{{0,2}}(?:\.\d{{3}})+",
    "point_many": rf"{_SIGN}[1-9]\d{{0,2}}(?:\.\d{{3}}){{2,}}|{_SIGN}[1-9]\d{{0,2}}(?:\.\d{{3}})+,\d+",
}
_FEW, _SOME = 10, 0.05  # so many, and such a share of whole numbers below a thousand, tell a mark between thousands


@dataclass(frozen=True, eq=False)
class Written:
    """Texts taken as numbers.

    Attributes
    ----------
    values : ndarray of float
        NaN where a text is no number in this way of writing.
    open : str
        What cannot be told: "point" or "comma" that may stand before decimals or between thousands; empty if nothing.
    unclear : ndarray of bool
        The texts that this is about.
    mixed : ndarray of bool
        Texts that contradict how the others are written, or what was declared.
    notes : tuple of str
        How they were taken, where it is not the plain way.
    """

    values: np.ndarray
    open: str = ""
    unclear: np.ndarray | None = None
    mixed: np.ndarray | None = None
    notes: tuple[str, ...] = ()


def written(
    texts: pd.Series, counts: np.ndarray, *, whole: bool, decimal: str | None = None, thousands: str | None = None
) -> Written:
    """Take texts as numbers, all of them in one way of writing.

    Parameters
    ----------
    texts : Series of str
        Different ones, without blanks around them.
    counts : ndarray of int
        How often each stands in the column.
    whole : bool
        Whether they count something, so that none has decimals.
    decimal, thousands : str, optional
        The marks, where the study says them.

    Returns
    -------
    Written
    """
    texts = texts.str.replace("\u2212", "-", regex=False)
    forms = {name: texts.str.fullmatch(form).fillna(False).to_numpy(dtype=bool) for name, form in _FORMS.items()}
    notes = ["blanks or apostrophes between thousands"] if forms["gaps"].any() else []
    bare = texts.where(~forms["gaps"], texts.str.replace(_BLANKS, "", regex=True))
    gapped = forms["gaps"] & texts.str.contains(",", regex=False).fillna(False).to_numpy(dtype=bool)
    found = _marks(texts, forms, counts, whole, (decimal, thousands), gapped)
    if found.open:
        return found
    comma, point = found.notes
    if comma == "decimal" and (forms["comma_decimals"] | gapped).any():
        notes.append("a comma before decimals")
    notes += ["a comma between thousands"] if comma == "thousands" and forms["comma_groups"].any() else []
    notes += ["a point between thousands"] if point == "thousands" and forms["point_groups"].any() else []
    values = _converted(bare, forms, comma, point)
    return Written(values, mixed=found.mixed, notes=tuple(notes))


def _marks(
    texts: pd.Series, forms: dict[str, np.ndarray], counts: np.ndarray, whole: bool,
    declared: Sequence[str | None], gapped: np.ndarray,
) -> Written:  # fmt: skip
    """What comma and point mean, as the ``notes``; or what is open; and what contradicts the rest."""
    decimal, thousands = declared
    none = np.full(len(texts), np.nan)
    certain_comma = forms["comma_decimals"] & ~forms["comma_groups"] | gapped  # can only be decimals
    with_point = texts.str.contains(".", regex=False).fillna(False).to_numpy(dtype=bool)
    certain_point = forms["plain"] & with_point & ~forms["point_groups"]
    grouped_comma, grouped_point = forms["comma_many"], forms["point_many"]
    if decimal or thousands:
        comma = "decimal" if decimal == "," or thousands == "." else "thousands"
        point = "decimal" if comma == "thousands" else "thousands"
        against = (certain_point | grouped_comma) if comma == "decimal" else (certain_comma | grouped_point)
        if point == "thousands" and not (thousands == "." or whole or grouped_point.any() or certain_comma.any()):
            against |= forms["point_groups"]
        return Written(none, mixed=against, notes=(comma, point))
    european, english = certain_comma | grouped_point, certain_point | grouped_comma
    if european.any() and english.any():
        fewer = european if counts[european].sum() <= counts[english].sum() else english
        comma = "thousands" if fewer is european else "decimal"
        return Written(none, mixed=fewer, notes=(comma, "decimal" if comma == "thousands" else "thousands"))
    if european.any():
        if (forms["comma_groups"] & ~grouped_point).any() and not grouped_point.any():
            return Written(none, "comma", forms["comma_groups"])
        return Written(none, notes=("decimal", "thousands"))
    if english.any():
        return Written(none, notes=("thousands", "decimal"))
    return _of_groups(forms, counts, whole)


def _of_groups(forms: dict[str, np.ndarray], counts: np.ndarray, whole: bool) -> Written:
    """The same where no text but single groups of three digits has a comma or a point."""
    none = np.full(len(counts), np.nan)
    comma, point = forms["comma_groups"], forms["point_groups"]
    if comma.any() and point.any():
        return Written(none, mixed=point if counts[point].sum() <= counts[comma].sum() else comma, notes=("thousands",) * 2)
    plain = counts[forms["plain"] & ~point].sum()
    some = plain >= max(_FEW, _SOME * counts.sum())  # whole numbers that no column of three decimals would hold
    if comma.any():
        return Written(none, notes=("thousands", "decimal")) if whole or some else Written(none, "comma", comma)
    if point.any() and (whole or some):
        return Written(none, "point", point)
    return Written(none, notes=("thousands", "decimal"))


def _converted(bare: pd.Series, forms: dict[str, np.ndarray], comma: str, point: str) -> np.ndarray:
    good = np.logical_or.reduce([forms["plain"], forms["gaps"]])
    if point == "thousands":
        groups = forms["point_groups"] | forms["point_many"]
        bare, good = bare.where(~groups, bare.str.replace(".", "", regex=False)), good | groups
    if comma == "thousands":
        groups = forms["comma_groups"] | forms["comma_many"]
        bare, good = bare.where(~groups, bare.str.replace(",", "", regex=False)), good | groups
    else:
        bare, good = bare.str.replace(",", ".", regex=False), good | forms["comma_decimals"]
    return pd.to_numeric(bare.where(good), errors="coerce").to_numpy(dtype=float, na_value=np.nan)
