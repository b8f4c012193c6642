"""Take personal data out of comments before anything is counted, shown or stored."""

from __future__ import annotations

import re
import tomllib
import unicodedata
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Protocol

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from pdlib.voices.patterns import INVISIBLE, PLACEHOLDER, WORTH_A_LOOK, without_numbers
from pdlib.voices.scripts import MARKS, UNSPACED, folded, spelled_out

_LETTERS = rf"[^\W\d_](?:[^\W\d_]|[{MARKS}])*"
_WORD = re.compile(rf"{_LETTERS}(?:['’.\-]{_LETTERS})*")
_END = re.compile(r"[.!?…:]\s*[\"'”’)]*\s*$|^[\W_]*$|\n\s*$")
_CUES = (
    r"\b(?i:mr|mrs|ms|miss|dr|prof|herr|frau|monsieur|madame|mme|señora?|signora?|name is|name's|named?|called|regards|"
    r"sincerely|cheers|signed|this is|wishes|thanks|grüße|cordialement|saludos)\b"
)
_TITLED = re.compile(
    r"\b((?i:mr|mrs|ms|mx|dr|prof|herr|frau|monsieur|madame|mme|mlle|señora?|sra|signora?)\.?)\s+"
    r"((?:[^\W\d_]\.\s*)*[^\W\d_][\w\-]+(?:['’][^\W\d_]+)?(?:\s+[A-ZÀ-Þ][a-zß-ÿ][\w\-]*)?)"
)
_NAMED = re.compile(
    r"\b((?i:my name is|my name's|name is|this is|under the name(?: of)?|in the name of|ask for|asked for|called|named|"
    r"i am|i'm|it's|signed|spoke to|spoke with|regards|sincerely|cheers|best wishes|many thanks|thanks|"
    r"grüße|cordialement|saludos)[\s,:.\-–]*)([A-ZÀ-Þ][\w'’\-]+(?:\s+[A-ZÀ-Þ]\.?)?\s+[A-ZÀ-Þ][\w'’\-]+)"
)
_HIDDEN = re.compile(r"[\u00ad\u200b-\u200f\u202a-\u202e\u2060-\u2064\ufeff]")

Redactor = Callable[[Sequence[str]], Sequence[str]]


@dataclass(frozen=True, eq=False)
class Redacted:
    """Texts without personal data, and what was taken out.

    Attributes
    ----------
    texts : Series
        As handed in, with placeholders such as ``[phone]`` and ``[name]``.
    counts : dict
        How many of each kind were taken out.
    touched : int
        In how many texts something was taken out.
    """

    texts: pd.Series
    counts: dict[str, int]
    touched: int


def redact(texts: pd.Series, staff: Iterable[str] = (), *, also: Redactor | None = None) -> Redacted:
    """Take out e-mail addresses, phone, card and account numbers, links, postcodes, addresses, handles, ids and names.

    Names are those of ``staff`` in any form (case, accents or none, ü or ue, possessive, with a surname that is not
    listed), and those that stand behind a title or sign a comment. A name that is a word too (Will, Rose) is taken out
    where it is written or used as a name. Where a script sets no space between words (Chinese, Japanese, Korean, Thai)
    a name of two characters or more is taken out wherever its letters stand. Names that a language bends (Нина, Нине)
    are found as they are listed only.

    Parameters
    ----------
    texts : Series of str
    staff : iterable of str
        Names of people, one or several words each.
    also : callable, optional
        A further redactor: takes and gives a list of texts. `presidio` makes one.

    Returns
    -------
    Redacted

    Examples
    --------
    >>> redact(pd.Series(["Priya rang me on 07700 900 123"]), ["Priya"]).texts[0]
    '[name] rang me on [phone]'
    """
    codes, unique = pd.factorize(texts, use_na_sentinel=False)
    original = np.asarray(unique, dtype=object)
    changed = original.copy()
    column = _plain(pa.array(changed, type=pa.large_string(), from_pandas=True), changed)
    _rewrite(changed, _matching(column, WORTH_A_LOOK), without_numbers)
    _rewrite(changed, _matching(column, _CUES), _name_introduced)
    gazetteer = Gazetteer(staff)
    column = pa.array(changed, type=pa.large_string(), from_pandas=True)
    _rewrite(changed, gazetteer.mentioned(column), gazetteer.take_out)
    if also is not None:
        changed[:] = list(also([text if isinstance(text, str) else "" for text in changed]))
    times = np.bincount(codes, minlength=len(unique))
    counts: Counter[str] = Counter()
    for place in np.flatnonzero(changed != original):
        if isinstance(changed[place], str):
            for kind in PLACEHOLDER.findall(changed[place]):
                counts[kind[1:-1]] += int(times[place])
    touched = int(
        times[_matching(pa.array(changed, type=pa.large_string(), from_pandas=True), PLACEHOLDER.pattern)].sum()
    )
    result = pd.Series(changed[codes], index=texts.index, name=texts.name, dtype="str")
    return Redacted(result, dict(counts), touched)


def _matching(column: pa.Array, pattern: str) -> np.ndarray:
    """Places of the texts in which RE2 finds a pattern."""
    return np.flatnonzero(pc.fill_null(pc.match_substring_regex(column, pattern), False).to_numpy(zero_copy_only=False))


def _rewrite(texts: np.ndarray, places: np.ndarray, change: Callable[[str], str]) -> None:
    for place in places:
        texts[place] = change(texts[place])


def _plain(column: pa.Array, texts: np.ndarray) -> pa.Array:
    """Undo what hides a number or name: wide digits, joined or invisible characters."""
    odd = _matching(column, INVISIBLE)
    _rewrite(texts, odd, lambda text: _HIDDEN.sub("", unicodedata.normalize("NFKC", text)))
    return pa.array(texts, type=pa.large_string(), from_pandas=True) if len(odd) else column


def _name_introduced(text: str) -> str:
    titled = _TITLED.sub(lambda match: f"{match.group(1)} [name]", text)
    if titled.upper() == titled:
        return titled  # capitals tell nothing where all letters are
    return _NAMED.sub(lambda match: f"{match.group(1)}[name]", titled)


@cache
def _words() -> dict[str, frozenset[str]]:
    """Names that are words too, and the words around a name."""
    listed = tomllib.loads(files("pdlib.voices").joinpath("names.toml").read_text(encoding="utf-8"))
    return {key: frozenset(value.split()) for key, value in listed.items()}


class Gazetteer:
    """Finds the names of people who work there.

    Parameters
    ----------
    staff : iterable of str
        One or several words each; particles and initials are left out.
    """

    def __init__(self, staff: Iterable[str]) -> None:
        listed = [unicodedata.normalize("NFKC", str(name)) for name in staff]
        parts = {part for name in listed for part in re.split(r"[\s,.;/\-–()·・]+", name)}
        whole = {word for name in listed for word in re.split(r"[\s,.;/()]+", name) if "-" in word}
        forms = {form(part) for part in parts | whole for form in (folded, spelled_out)}
        self.names = {form for form in forms if len(form) > 1 and form not in _words()["particles"]}
        self._inside = _anywhere(part for part in parts if len(part) > 1 and UNSPACED.fullmatch(part))
        self._known: dict[str, str] = {}

    def mentioned(self, column: pa.Array) -> np.ndarray:
        """Places of the texts that hold a name, by one look at every different word."""
        if not self.names or not len(column):
            return np.array([], dtype=int)
        words = pc.utf8_split_whitespace(column)
        flat = pc.dictionary_encode(pc.list_flatten(words))
        held = np.array([self._holds(word) for word in flat.dictionary.to_pylist()], dtype=bool)
        if not held.any():
            return np.array([], dtype=int)
        places = pc.list_parent_indices(words).to_numpy()
        return np.unique(places[held[flat.indices.to_numpy()]])

    def _holds(self, written: str) -> bool:
        if self._inside and self._inside.search(written):
            return True
        return any(self._named(word) for word in _WORD.findall(written)) or folded(written) in self.names

    def _named(self, word: str) -> str:
        """The name that a written word holds, without its possessive; nothing if it holds none."""
        if word not in self._known:
            self._known[word] = self._look_up(word)
        return self._known[word]

    def _look_up(self, word: str) -> str:
        bare = re.sub(r"['’]s$", "", word, flags=re.IGNORECASE)
        for form in (folded(bare), folded(word), spelled_out(bare), *map(folded, re.split(r"[\-.]", bare))):
            if form in self.names:
                return form
            if form.endswith("s") and form[:-1] in self.names and len(form) > 4 and not self._is_word(form):
                return form[:-1]
        return ""

    @staticmethod
    def _is_word(name: str) -> bool:
        return name in _words()["also_words"] or name in _words()["calendar"]

    def take_out(self, text: str) -> str:
        """Put ``[name]`` in place of every name, together with what is written as its surname."""
        if self._inside:
            text = self._inside.sub("[name]", text)
        found = list(_WORD.finditer(text))
        shouting = text.upper() == text
        names = [self._named(match.group()) for match in found]
        kept, last = [], 0
        for place, match in enumerate(found):
            if match.start() < last or not names[place]:
                continue
            if not self._meant(text, found, names, place, shouting=shouting):
                continue
            end = match.end()
            for later in range(place + 1, min(place + 3, len(found))):
                gap, word = text[end : found[later].start()], found[later].group()
                surname = bool(names[later]) or (word[0].isupper() and word[1:2].islower() and not self._is_other(word))
                if re.fullmatch(r",? (?:[A-Z]\.? )?", gap) and surname and (gap[0] != "," or names[later]):
                    end = found[later].end()
                else:
                    break
            possessive = re.search(r"['’]s$", text[match.start() : end])
            kept += [text[last : match.start()], "[name]", possessive.group() if possessive else ""]
            last = end
        return "".join([*kept, text[last:]])

    @staticmethod
    def _is_other(word: str) -> bool:
        return folded(word) in _words()["calendar"] or folded(word) in _words()["not_surnames"]

    def _meant(self, text: str, found: list[re.Match[str]], names: list[str], place: int, *, shouting: bool) -> bool:
        """Whether a word that may be a name is one here."""
        name, match = names[place], found[place]
        capital = match.group()[0].isupper()
        cased = match.group().lower() != match.group().upper()
        if not self._is_word(name) and (len(name) > 2 or not cased):
            return True
        before = folded(found[place - 1].group()) if place else ""
        after = folded(found[place + 1].group()) if place + 1 < len(found) else ""
        near = place + 1 < len(found) and text[match.end() : found[place + 1].start()] == " "
        listed = _words()
        strong = (
            before in listed["introduces"]
            or (near and bool(names[place + 1]) and found[place + 1].group()[0].isupper() and capital)
            or (near and capital and after in listed["does"])
            or bool(re.search(r"['’]s$", match.group()) and capital)
        )
        if name in listed["calendar"]:
            return strong and before not in listed["when"]
        starts = bool(_END.search(text[: match.start()]))
        lone = starts and not text[match.end() :].strip(" .!,")
        return strong or (capital and not shouting and (not starts or lone))


def _anywhere(names: Iterable[str]) -> re.Pattern[str] | None:
    """Names, one after the other too, wherever their letters stand; nothing if there are none."""
    longest_first = sorted(map(re.escape, names), key=lambda name: (-len(name), name))
    each = "|".join(longest_first)
    return re.compile(rf"(?:{each})(?:[ ·・]?(?:{each}))*[{MARKS}]*") if each else None


def presidio(language: str = "en", model: str = "en_core_web_sm", *, threshold: float = 0.5) -> Redactor:
    """Make a further redactor of Microsoft's Presidio, which recognises names that stand in no list.

    It needs the extra ``pdlib[presidio]`` and a spaCy model of the language; it is far slower than the rest.

    Parameters
    ----------
    language : str
    model : str
        Name or path of the spaCy model.
    threshold : float
        Least score of a find.

    Returns
    -------
    callable
        For ``redact(…, also=…)`` or ``hear(…, also=…)``.
    """
    from presidio_analyzer import AnalyzerEngine
    from presidio_analyzer.nlp_engine import NlpEngineProvider

    models = {"nlp_engine_name": "spacy", "models": [{"lang_code": language, "model_name": model}]}
    engine = AnalyzerEngine(
        nlp_engine=NlpEngineProvider(nlp_configuration=models).create_engine(), supported_languages=[language]
    )

    def take_out(texts: Sequence[str]) -> list[str]:
        return [_without(text, engine.analyze(text, language=language, score_threshold=threshold)) for text in texts]

    return take_out


class Find(Protocol):
    """A find of Presidio's."""

    entity_type: str
    start: int
    end: int


_PRESIDIO = {
    "PERSON": "name", "EMAIL_ADDRESS": "email", "PHONE_NUMBER": "phone", "CREDIT_CARD": "card", "URL": "link",
    "IBAN_CODE": "iban", "LOCATION": "address",
}  # fmt: skip


def _without(text: str, finds: Iterable[Find]) -> str:
    """Put placeholders in place of finds, the longest of those that overlap; from the last on, so that places stay."""
    kept: list[Find] = []
    for find in sorted(
        (find for find in finds if find.entity_type in _PRESIDIO), key=lambda find: find.start - find.end
    ):
        if all(find.end <= other.start or find.start >= other.end for other in kept):
            kept.append(find)
    for find in sorted(kept, key=lambda find: -find.start):
        text = f"{text[: find.start]}[{_PRESIDIO[find.entity_type]}]{text[find.end :]}"
    return text
