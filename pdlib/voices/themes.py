"""Named themes: phrases that people use, matched over all comments at once, denials left out."""

from __future__ import annotations

import re
import tomllib
from dataclasses import dataclass
from functools import cache
from importlib.resources import files

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from pdlib.errors import StudyError
from pdlib.study import Study
from pdlib.voices.scripts import UNSPACED

_DENIED = (
    r"\b(?:no|not|never|without|nor|nothing|\pL+n['’]?t|nicht|kein\pL*|nie|ohne|pas|jamais|sans|aucune?|nunca|sin)\b"
    r"[\s,]+(?:[\pL'’]+\s+){0,2}"
)
_NO_LETTER = r"[^\pL\pM\pN_]"  # RE2's own word boundary knows the letters of ASCII only
_GAP = r"[\s,]+(?:[^\s.!?…]+[\s,]+){0,3}"


@dataclass(frozen=True)
class Named:
    """A theme, ready to be matched.

    Attributes
    ----------
    name, label : str
    discontent : bool
        Whether it is a frustration.
    pattern, denied : str
        RE2: what counts, and what of it is denied and does not (empty if there is none).
    """

    name: str
    label: str
    discontent: bool
    pattern: str
    denied: str


def named_themes(study: Study) -> list[Named]:
    """The themes of the study's language, and those that it declares; a declared one replaces its namesake.

    Raises
    ------
    StudyError
        If a phrase is not as the list needs it.
    """
    language = study.voices.language if study.voices else "en"
    themes = {theme.name: theme for theme in _packaged(language)}
    for theme in study.theme:
        themes[theme.name] = _named(theme.name, theme.label, theme.discontent, list(theme.phrases), [])
    return list(themes.values())


@cache
def _packaged(language: str) -> tuple[Named, ...]:
    every = tomllib.loads(files("pdlib.voices").joinpath("themes.toml").read_text(encoding="utf-8"))
    return tuple(
        _named(name, entry["label"], entry.get("discontent", False), entry.get("phrases", []), entry.get("as_is", []))
        for name, entry in every.get(language, {}).items()
    )


def languages() -> list[str]:
    """Languages for which themes come with the package."""
    return list(tomllib.loads(files("pdlib.voices").joinpath("themes.toml").read_text(encoding="utf-8")))


def _named(name: str, label: str, discontent: bool, phrases: list[str], as_is: list[str]) -> Named:
    denied = f"(?i){_DENIED}(?:{_any(phrases)})" if phrases else ""
    return Named(name, label, discontent, f"(?i){_any([*phrases, *as_is], start=f'(?:^|{_NO_LETTER})')}", denied)


def _any(phrases: list[str], start: str = "") -> str:
    """Any of some phrases, as whole words where a script sets spaces."""
    patterns = {phrase: _pattern(phrase) for phrase in phrases}
    words = "|".join(pattern for phrase, pattern in patterns.items() if not UNSPACED.match(phrase))
    inside = [pattern for phrase, pattern in patterns.items() if UNSPACED.match(phrase)]
    return "|".join([f"{start}(?:{words})(?:{_NO_LETTER}|$)"] * bool(words) + inside)


def _pattern(phrase: str) -> str:
    """A phrase as a regular expression."""
    pieces: list[str] = []
    gap = r"\s+"
    for word in phrase.split():
        if word == "…":
            gap = _GAP
            continue
        forms = [_form(form) for form in word.split("/")]
        if not all(forms):
            raise StudyError(f"The phrase {phrase!r} has an empty word; write words, / between either, … for a gap.")
        pieces += [gap if pieces else "", f"(?:{'|'.join(forms)})"]
        gap = r"\s+"
    if not pieces:
        raise StudyError(f"The phrase {phrase!r} holds no word.")
    return "".join(pieces)


def _form(word: str) -> str:
    return re.escape(word).replace(r"\*", r"\pL*").replace("'", "['’]?").replace("_", r"\s+")


def match_themes(texts: pd.Series, themes: list[Named]) -> pd.DataFrame:
    """Which comment speaks of which theme: one row per text, one column of bool per theme.

    Parameters
    ----------
    texts : Series of str
        Without personal data.
    themes : list of Named

    Returns
    -------
    DataFrame
    """
    codes, unique = pd.factorize(texts)
    column = pa.array(np.asarray(unique, dtype=object), type=pa.large_string())
    return pd.DataFrame({theme.name: _speaks_of(column, theme)[codes] for theme in themes}, index=texts.index)


def _speaks_of(column: pa.Array, theme: Named) -> np.ndarray:
    """A text counts if it says so, unless each time it says so it denies it."""
    found = pc.match_substring_regex(column, theme.pattern).to_numpy(zero_copy_only=False)
    if not theme.denied or not found.any():
        return found
    places = np.flatnonzero(found)
    there = column.take(pa.array(places))
    denials = pc.count_substring_regex(there, theme.denied).to_numpy(zero_copy_only=False)
    times = pc.count_substring_regex(there, theme.pattern).to_numpy(zero_copy_only=False)
    found[places] = times > denials
    return found
