"""How the numbers of one column are written: what stands before the decimals, and what between the thousands."""

from __future__ import annotations

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
    "comma_long": rf"{_SIGN}(?:0?|\d{{4,}}),\d{{3}}|{_SIGN}\d*,\d{{4,}}",
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
    texts: pd.Series, counts: np.ndarray, *, whole: bool, amount: bool = False, english: bool = False,
    decimal: str | None = None, thousands: str | None = None,
) -> Written:  # fmt: skip
    """Take texts as numbers, all of them in one way of writing.

    Parameters
    ----------
    texts : Series of str
        Different ones, without blanks around them.
    counts : ndarray of int
        How often each stands in the column.
    whole : bool
        Whether they count something, so that none has decimals.
    amount : bool
        Whether they may well count something, as visits do, and may have decimals, as hours do.
    english : bool
        Whether other columns of the table have points before decimals.
    decimal, thousands : str, optional
        The marks, where the study says them.

    Returns
    -------
    Written
    """
    texts = texts.str.replace("\u2212", "-", regex=False)
    forms = {name: texts.str.fullmatch(form).fillna(False).to_numpy(dtype=bool) for name, form in _FORMS.items()}
    forms["gapped_decimals"] = forms["gaps"] & texts.str.contains(",", regex=False).fillna(False).to_numpy(dtype=bool)
    forms["pointed"] = texts.str.contains(".", regex=False).fillna(False).to_numpy(dtype=bool)
    marks = _declared(forms, whole, decimal, thousands) or _found(forms, counts)
    marks = marks or _of_groups(forms, counts, whole, amount, english)
    bare = texts.where(~forms["gaps"], texts.str.replace(_BLANKS, "", regex=True))
    return Written(_converted(bare, forms, marks), marks.open, marks.unclear, marks.mixed, _notes(forms, marks))


@dataclass(frozen=True, eq=False)
class _Marks:
    """What comma and point mean; what is open; what contradicts the rest."""

    decimal: str = "."
    thousands: str = ","
    open: str = ""
    unclear: np.ndarray | None = None
    mixed: np.ndarray | None = None


_ENGLISH, _EUROPEAN = (".", ","), (",", ".")


def _declared(forms: dict[str, np.ndarray], whole: bool, decimal: str | None, thousands: str | None) -> _Marks | None:
    """The marks that the study says, and the texts that contradict them."""
    if decimal is None and thousands in {None, " ", "'"}:
        return None
    if decimal == "." or thousands == ",":
        return _Marks(*_ENGLISH, mixed=_european(forms))
    against = _english(forms)
    if decimal is None and against.any() and not (forms["point_groups"] | _european(forms)).any():
        return _Marks(*_ENGLISH)  # a column of the table in which points can only stand before decimals
    if not (thousands == "." or whole or _european(forms).any()):
        against = against | forms["point_groups"]  # nothing says that a point may stand between thousands here
    return _Marks(*_EUROPEAN, mixed=against)


def _european(forms: dict[str, np.ndarray]) -> np.ndarray:
    """Texts in which a comma can only stand before decimals, or a point only between thousands."""
    return forms["comma_decimals"] & ~forms["comma_groups"] | forms["gapped_decimals"] | forms["point_many"]


def _english(forms: dict[str, np.ndarray]) -> np.ndarray:
    """Texts in which a point can only stand before decimals, or a comma only between thousands."""
    return forms["plain"] & forms["pointed"] & ~forms["point_groups"] | forms["comma_many"]


def _found(forms: dict[str, np.ndarray], counts: np.ndarray) -> _Marks | None:
    """The marks that the texts themselves tell; None if they hold but single groups of three digits."""
    european, english = _european(forms), _english(forms)
    if european.any() and english.any():
        fewer = counts[european].sum() <= counts[english].sum()
        return _Marks(*_ENGLISH, mixed=european) if fewer else _Marks(*_EUROPEAN, mixed=english)
    comma, point = forms["comma_groups"], forms["point_groups"]
    if european.any():
        # Three digits behind a comma are no wonder where others have as many decimals or more.
        unclear = comma.any() and not (forms["point_many"].any() or forms["comma_long"].any())
        return _Marks(*_EUROPEAN, *(("comma", comma) if unclear else ()))
    if comma.any() and point.any() and not english.any():
        return _Marks(*_ENGLISH, mixed=point if counts[point].sum() <= counts[comma].sum() else comma)
    return _Marks(*_ENGLISH) if english.any() else None


def _of_groups(forms: dict[str, np.ndarray], counts: np.ndarray, whole: bool, amount: bool, english: bool) -> _Marks:
    """The marks where a comma or a point stands before three digits only, so that the rest must tell."""
    comma, point = forms["comma_groups"], forms["point_groups"]
    few = counts[forms["plain"] & ~point].sum() < max(_FEW, _SOME * counts.sum())
    if comma.any() and few and not (whole or english):
        return _Marks(*_ENGLISH, "comma", comma)
    if point.any() and (
        whole or amount or not few
    ):  # so many whole numbers would be strange among numbers of three decimals
        return _Marks(*_ENGLISH, "point", point)
    return _Marks(*_ENGLISH)


def _notes(forms: dict[str, np.ndarray], marks: _Marks) -> tuple[str, ...]:
    comma, point = forms["comma_groups"] | forms["comma_many"], forms["point_groups"] | forms["point_many"]
    decimals = forms["comma_decimals"] | forms["gapped_decimals"] | forms["point_many"] & ~forms["point_groups"]
    said = {
        "blanks or apostrophes between thousands": forms["gaps"].any(),
        "a comma before decimals": marks.decimal == "," and decimals.any(),
        "a comma between thousands": marks.thousands == "," and comma.any(),
        "a point between thousands": marks.thousands == "." and point.any(),
    }
    return tuple(note for note, holds in said.items() if holds and not marks.open)


def _converted(bare: pd.Series, forms: dict[str, np.ndarray], marks: _Marks) -> np.ndarray:
    point = marks.decimal == "."
    groups = forms["comma_groups"] | forms["comma_many"] if point else forms["point_groups"] | forms["point_many"]
    if groups.any():
        bare = bare.where(~groups, bare.str.replace(marks.thousands, "", regex=False))
    if not point:
        bare = bare.str.replace(",", ".", regex=False)
    good = forms["plain"] | forms["gaps"] | groups | (forms["comma_decimals"] & (not point))
    return pd.to_numeric(bare.where(good), errors="coerce").to_numpy(dtype=float, na_value=np.nan)
