"""Answers about practices: yes and no in several languages, what the study says means yes, and what is asked."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from pdlib.observations.meaning.codes import ask_codes, is_code, without_codes
from pdlib.observations.meaning.scales import refuse_shares
from pdlib.observations.text import as_written
from pdlib.study import Answer, did_you_mean

if TYPE_CHECKING:
    from pdlib.observations.sheet import Sheet

# Pairs that mean yes and no and nothing else, by language; a column is read by one pair.
_PAIRS = [
    ("yes", "no"), ("y", "n"), ("true", "false"), ("t", "f"), ("ja", "nein"), ("j", "n"), ("wahr", "falsch"),
    ("oui", "non"), ("vrai", "faux"), ("sí", "no"), ("si", "no"), ("sì", "no"), ("verdadero", "falso"),
    ("vero", "falso"), ("ja", "nee"), ("waar", "onwaar"), ("✓", "✗"), ("✔", "✘"), ("☑", "☐"),
]  # fmt: skip
_ALONE = {"yes": 1.0, "no": 0.0, "true": 1.0, "false": 0.0, "y": 1.0, "n": 0.0, "ja": 1.0, "oui": 1.0, "nein": 0.0}
_CODES = {-1.0, -8.0, -9.0, 8.0, 9.0, 88.0, 97.0, 98.0, 99.0, -88.0, -99.0, 888.0, 999.0, -999.0, 9999.0}
_SIGNS = {sign for pair in _PAIRS for sign in pair if not sign.isalpha()}
_TICKS = {"x", "✓", "✔", "☑", "*", "•"}
BLANKS = 0.05  # share of cells that are empty, for them to be asked about
LARGEST = 10  # number that stands for an answer in a form; 67 and 70 are degrees
FEWEST = 8  # answers, for two values among them to be no chance
WORDS = ("neither a number nor yes or no", "Write numbers, yes or no, empty for no answer.")


def spoken(values: pd.Series) -> dict[str, float]:
    """What each word of a column means: 1 for yes, 0 for no; empty where the words belong to no single language."""
    words = set(values.dropna().unique()) - {"", "0", "1", "0.0", "1.0"}
    said = {word for word in words if word in _SIGNS or any(letter.isalnum() for letter in word)}  # "?" says nothing
    for yes, no in _PAIRS:
        if said == {yes, no}:
            return {yes: 1.0, no: 0.0}
    return {word: _ALONE[word] for word in words if word in _ALONE}


def yes_or_no(
    sheet: Sheet, name: str, *, yes: Sequence[float | str] = (), missing: Sequence[float | str] | None = None
) -> pd.Series:
    """Numbers as they are; yes and no as 1 and 0; anything else is a problem, two other words are a question.

    Parameters
    ----------
    sheet : Sheet
    name : str
        Of the column.
    yes : sequence, optional
        What is declared to mean yes; every other answer means no then. If nothing else but yes is written (ticks), an
        empty cell means no too.
    missing : sequence, optional
        Declared codes for no answer.

    Returns
    -------
    Series of float
        NaN where there is no answer.
    """
    values = without_codes(sheet.frame[name], missing)
    if len(yes):
        return _declared(sheet, name, values, yes, blank_is_no="" not in (missing or ()))
    answers = pd.Series(np.nan, values.index)
    if not (pd.api.types.is_numeric_dtype(values) or pd.api.types.is_bool_dtype(values)):
        lowered = values.astype("str").str.strip().str.lower()
        answers = lowered.map(spoken(lowered)).astype(float)
        given = values[values.notna() & lowered.ne("")]
        if answers[given.index].isna().any() and _asked_words(sheet, name, given, missing or ()):
            return answers.mask(answers.notna())
    left = replace(sheet, frame=pd.DataFrame({name: values.mask(answers.notna()) if answers.notna().any() else values}))
    return answers.fillna(left.numbers(name, role="practice", missing=missing, words=WORDS))


def _declared(
    sheet: Sheet, name: str, values: pd.Series, yes: Sequence[float | str], *, blank_is_no: bool
) -> pd.Series:
    written = values.astype("str").str.strip()
    given = values.notna() & written.ne("")
    lowered = values if pd.api.types.is_numeric_dtype(values) else written.str.lower()
    said = is_code(lowered, [code.lower() if isinstance(code, str) else code for code in yes]) & given
    if not said.any():
        known = list(dict.fromkeys(as_written(values[given])))
        near = did_you_mean(str(yes[0]), known)
        found = f"yes = {list(yes)} is declared, and no answer is that{near}."
        sheet.report(name, found, f"The answers are {', '.join(known[:5]) or 'all empty'}: name those that mean yes.")
    blank = _blank(sheet.frame[name]) & (blank_is_no and bool((said == given).all()))
    return said.astype(float).where(given | blank)


def _blank(values: pd.Series) -> pd.Series:
    return values.isna() | values.astype("str").str.strip().eq("")


def _asked_words(sheet: Sheet, name: str, values: pd.Series, missing: Sequence[float | str]) -> bool:
    """Ask which of two words means yes, or whether a tick does; False if they are numbers, or other words."""
    words = list(dict.fromkeys(values.astype("str").str.strip()))
    tick = len(words) == 1 and (words[0].lower() in _TICKS or len(values) < len(sheet.frame))
    if not (tick or len(words) == 2) or any(letter.isdigit() for word in words for letter in word):
        return False
    if tick:
        _ask_blank(sheet, name, words[0], kept=missing)
        return True
    answers = [Answer("practice", {"kind": "binary", "yes": word}, of=name) for word in words]
    found = f"the column holds only {words[0]!r} and {words[1]!r}."
    sheet.ask(name, found, answers, fix="Say what means yes:", code="yes")
    return True


def _ask_blank(sheet: Sheet, name: str, yes: Any, kept: Sequence[float | str]) -> None:
    """Ask whether an empty cell means no or is no answer, where nothing but yes is written."""
    entries = {"kind": "binary", "yes": yes}
    answers = [
        Answer("practice", entries | ({"missing": list(kept)} if kept else {}), of=name, meaning="empty means no"),
        Answer("practice", entries | {"missing": [*kept, ""]}, of=name, meaning="empty is no answer"),
    ]
    rows = sheet.rows(_blank(sheet.frame[name]))[:10_000]
    shown = f"{yes:g}" if isinstance(yes, float) else repr(yes)
    found = f"the column holds only {shown} and empty cells ({len(rows):,})."
    sheet.ask(name, found, answers, fix="Say what an empty cell means:", code="yes", rows=rows)


def _as_in_file(sheet: Sheet, name: str, values: pd.Series, number: float) -> Any:
    """How a number is written there, so that a key finds it again: 100 as "100%"; several ways as a list."""
    written = sheet.frame[name]
    if pd.api.types.is_numeric_dtype(written):
        return number
    texts = list(dict.fromkeys(written[values.eq(number)].astype("str").str.strip()))
    if bool(is_code(pd.Series(texts, dtype="str"), [number]).all()):
        return number
    return texts[0] if len(texts) == 1 else texts


def ask_answers(
    sheet: Sheet, name: str, values: pd.Series, *, kind: str | None, missing: Sequence[float | str] | None
) -> pd.Series:
    """Ask about numbers that are neither 0 and 1 nor clearly degrees.

    Parameters
    ----------
    sheet : Sheet
    name : str
        Of the practice.
    values : Series of float
        As `yes_or_no` gives them.
    kind : str or None
        As declared.
    missing : sequence or None
        As declared; None if nothing is.

    Returns
    -------
    Series of float
        Cells that are asked about are empty.
    """
    refuse_shares(sheet, name, values)
    distinct = np.unique(values.dropna())
    graded, blank_is_known = kind in {"graded", "frequency"}, "" in (missing or ())
    blanks = int(_blank(sheet.frame[name]).sum())
    asks = values.count() >= FEWEST and blanks > BLANKS * len(values) and not (graded or blank_is_known)
    if len(distinct) == 1 and distinct[0] > 0 and asks:
        _ask_blank(sheet, name, _as_in_file(sheet, name, values, float(distinct[0])), kept=missing or ())
        return values.mask(values.notna())
    if len(distinct) and set(distinct) <= {0.0, 1.0}:
        return values
    codes = [float(value) for value in distinct if value in _CODES] if missing is None and len(distinct) > 2 else []
    others = [float(value) for value in distinct if value not in codes]
    few = kind is None and values.count() < FEWEST
    if graded or len(others) != 2 or few:
        return ask_codes(sheet, name, values, missing, "practice", section="practice", of=name)
    left = {"missing": [_as_in_file(sheet, name, values, code) for code in codes]} if codes else {}
    if set(others) == {0.0, 1.0}:
        answers = [Answer("practice", left, of=name, meaning="no answer")]
        answers += (
            []
            if kind
            else [Answer("practice", {"kind": "graded", "missing": []}, of=name, meaning="a scale: 2 is more than 1")]
        )
        found = f"{name} holds 0, 1 and {_said(codes)} ({_count(values, codes)})."
    elif all(value % 1 == 0 and (abs(value) <= LARGEST or others[0] == 0) for value in others):
        answers = [
            Answer(
                "practice",
                {"kind": "binary", "yes": _as_in_file(sheet, name, values, value), **left},
                of=name,
                meaning=f"{value:g} means yes",
            )
            for value in others
        ]
        answers += (
            []
            if kind
            else [Answer("practice", {"kind": "graded", **left}, of=name, meaning="a scale: 2 is more than 1")]
        )
        held = [*others, *codes]
        found = f"{name} holds only {_said(held)} ({_count(values, held)}): codes for yes and no, or a scale?"
    else:
        return values
    hit = values.isin(codes or others)
    sheet.ask(name, found, answers, fix="Say", code="yes", rows=sheet.rows(hit)[:10_000])
    return values.mask(values.isin([*codes, *([] if set(others) == {0.0, 1.0} else others)]))


def _said(values: Sequence[float]) -> str:
    texts = [f"{value:g}" for value in values]
    return " and ".join([", ".join(texts[:-1]), texts[-1]] if len(texts) > 1 else texts)


def _count(values: pd.Series, chosen: Sequence[float]) -> str:
    times = [int((values == value).sum()) for value in chosen]
    return ", ".join(f"{value:g}: {count:,} times" for value, count in zip(chosen, times, strict=True))
