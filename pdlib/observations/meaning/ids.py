"""Ids that are the same but for how they are written: blanks and forms of a letter are ignored, the rest is asked."""

from __future__ import annotations

import re
import string
import unicodedata
from collections.abc import Iterable
from typing import TYPE_CHECKING

import pandas as pd

from pdlib.study import Answer, Study

if TYPE_CHECKING:
    from pdlib.observations.sheet import Sheet

SHOWN = 5
_UNSEEN = "\u00ad\u180e\u200b\u200c\u200d\u200e\u200f\u2060\ufeff"  # no width, and no letter
_NO_WIDTH = str.maketrans("", "", _UNSEEN)
# Letters of other alphabets that are drawn like a Latin one, by the names that Unicode gives them.
_CYRILLIC = {
    "a": "A", "b": "VE", "c": "ES", "e": "IE", "h": "EN", "i": "BYELORUSSIAN-UKRAINIAN I", "j": "JE", "k": "KA",
    "m": "EM", "o": "O", "p": "ER", "s": "DZE", "t": "TE", "x": "HA", "y": "U",
}  # fmt: skip
_GREEK = {
    "a": "ALPHA", "b": "BETA", "e": "EPSILON", "h": "ETA", "i": "IOTA", "k": "KAPPA", "m": "MU", "n": "NU",
    "o": "OMICRON", "p": "RHO", "t": "TAU", "x": "CHI", "y": "UPSILON", "z": "ZETA",
}  # fmt: skip
_DRAWN_ALIKE = {
    ord(unicodedata.lookup(f"{alphabet} SMALL LETTER {name}")): latin
    for alphabet, names in (("CYRILLIC", _CYRILLIC), ("GREEK", _GREEK))
    for latin, name in names.items()
}
_WHOLE = re.compile(r"0*(\d+)(?:\.0+)?")
_THOUSANDS = re.compile(r"[1-9]\d{0,2}(?:[,.'’\s]\d{3})+")
# Marks that are typed in several ways, or left out: dashes, apostrophes; points and quotation marks.
_MARKS = {
    **dict.fromkeys(map(ord, "\u2010\u2011\u2012\u2013\u2014\u2015\u2212\ufe58\ufe63\uff0d"), "-"),
    **dict.fromkeys(map(ord, "\u2018\u2019\u201b\u02bc\u00b4`\u2032\uff07"), "'"),
    **dict.fromkeys(map(ord, '\u201c\u201d\u201e\u00ab\u00bb\u2039\u203a"'), None),
}
_POINTS = re.compile(r"\.(?!\d)")
_LIKE_DIGITS = str.maketrans("oil", "011")
_NO_MARKS = {ord(mark): None for mark in string.punctuation + " \t\r\v\f"}


def key(text: str) -> str:
    """What two ids have in common that differ in blanks, marks without width or the form of a letter only."""
    if text.isascii() and "  " not in text and text.isprintable():
        return text.strip()
    return " ".join(unicodedata.normalize("NFC", text.translate(_NO_WIDTH)).split())


def trimmed(text: str) -> str:
    """Without blanks and marks without width at either end, otherwise as written."""
    while text != (shorter := text.strip().strip(_UNSEEN)):
        text = shorter
    return text


def tidied(values: pd.Series, spellings: dict[str, str] | None = None) -> pd.Series:
    """Texts of which those with the same `key` are written in one way, as it first stood there; empty ones missing.

    Parameters
    ----------
    values : Series of str
    spellings : dict, optional
        By key, shared between columns that hold the same ids; filled on the way.
    """
    spellings = {} if spellings is None else spellings
    written = values.dropna().unique().tolist()
    if _plain(written):  # most files: nothing to trim, and each its own key
        now: dict[str, str | None] = dict(zip(written, map(spellings.setdefault, written, written), strict=True))
    else:
        now = {text: spellings.setdefault(key(text), trimmed(text)) or None for text in written}
    changed = {text: new for text, new in now.items() if text != new}
    if not changed:
        return values
    return values.where(~values.isin(list(changed)), values.map(changed)).astype(values.dtype)


def _plain(texts: list[str]) -> bool:
    """Whether no text needs a closer look: letters without accents, single blanks within."""
    text = "|" + "|".join(texts) + "|"
    return text.isascii() and text.isprintable() and not any(pair in text for pair in ("  ", "| ", " |", "||"))


def folded(text: str) -> str:
    """What two ids have in common that look alike: capitals, letters, marks, O for 0, zeros in front."""
    if text[:1].isdigit():
        whole = _WHOLE.fullmatch(text)
        if whole:
            return whole.group(1)
        if _THOUSANDS.fullmatch(text):
            return re.sub(r"\D", "", text)
    text = _without_marks(text).casefold()
    text = text if text.isascii() else unicodedata.normalize("NFKC", key(text)).casefold().translate(_DRAWN_ALIKE)
    return text.translate(_LIKE_DIGITS) if any(letter.isdigit() for letter in text) else text


def _without_marks(text: str) -> str:
    """Dashes and apostrophes of one kind, no quotation marks, no points but those within numbers."""
    if text.isalnum():
        return text
    bare = " ".join(_POINTS.sub("", text.translate(_MARKS).strip("'")).split())
    return bare or text


def difference(one: str, other: str) -> str:
    """How two ids of one fold differ, in words."""
    if _WHOLE.fullmatch(one) and _WHOLE.fullmatch(other):
        return "the same but for leading zeros or a decimal point; a spreadsheet drops or adds them"
    if key(one).casefold() == key(other).casefold():
        return "the same but for upper and lower case"
    if _THOUSANDS.fullmatch(one) or _THOUSANDS.fullmatch(other):
        return "the same but for marks between thousands"
    if _without_marks(key(one)).casefold() == _without_marks(key(other)).casefold():
        return "the same but for a dash, an apostrophe, a point or quotation marks"
    return f"letters that look alike: {_points(one, other)}"


def _points(one: str, other: str) -> str:
    """The first letter in which they differ, with code points."""
    pairs = [(a, b) for a, b in zip(one, other, strict=False) if a != b] or [(one[-1:], other[-1:])]
    return " against ".join(f"{letter!r} (U+{ord(letter):04X})" for letter in pairs[0] if letter)


def _all_apart(names: list[str]) -> bool:
    """Whether names differ even without marks and with O for 0: one look at all of them, for the many plain ids."""
    text = "\n".join(names)
    if not text.isascii() or any(first.isdigit() for first in {name[:1] for name in names}):
        return False
    bare = text.casefold().translate(_LIKE_DIGITS).translate(_NO_MARKS).split("\n")
    return len(set(bare)) == len(names)


def alike(names: Iterable[str]) -> list[list[str]]:
    """Groups of different names that look alike."""
    names = list(dict.fromkeys(names))
    if _all_apart(names):
        return []
    groups: dict[str, list[str]] = {}
    folds = [folded(name) for name in names]
    if len(set(folds)) == len(names):
        return []
    for name, fold in zip(names, folds, strict=True):
        groups.setdefault(fold, []).append(name)
    return [group for group in groups.values() if len(group) > 1]


def ask_alike(study: Study, sheet: Sheet, column: str, what: str) -> None:
    """Ask about names in a column that look alike: one written in two ways, or two.

    Parameters
    ----------
    study : Study
        Whose ``unit.keep`` lists those that are different.
    sheet : Sheet
    column : str
        Of text.
    what : str
        What its values are: "stores", "regions".
    """
    values = sheet.frame[column]
    values = values if column == study.unit.column else tidied(values.astype("str"))  # ids are tidied already
    groups = [group for group in alike(values.dropna().unique().tolist()) if not set(group) <= set(study.unit.keep)]
    if not groups:
        return
    told = [f"{' and '.join(map(repr, group))} ({difference(*group[:2])})" for group in groups[:SHOWN]]
    more = f" and {len(groups) - SHOWN} more pairs" if len(groups) > SHOWN else ""
    every = [name for group in groups for name in group]
    answer = Answer(
        "unit", {"keep": [*study.unit.keep, *every]}, of=study.unit.column, meaning=f"they are different {what}"
    )
    sheet.ask(
        column, f"{what} that look alike: {', '.join(told)}{more}.", [answer],
        fix="If they are one, write it one way in the file; if not, say", code="alike",
        rows=sheet.rows(values.isin(every))[:10_000],
    )  # fmt: skip


def hint(strangers: Iterable[str], known: Iterable[str]) -> str:
    """What tells the first stranger from an id that is known and looks like it; "" if none does."""
    by_fold = {folded(str(name)): str(name) for name in known}
    for name in map(str, strangers):
        near = by_fold.get(folded(name))
        if near:
            return f" {name!r} and {near!r} are {difference(name, near)}."
    return ""
