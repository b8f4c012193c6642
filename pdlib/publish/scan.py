"""What a finished page gives away: names that are not cleared, rows of the input, personal data, counts too small.

The scan reads the bytes that would be shipped, attributes and ids included, and knows nothing of how they were made.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping
from functools import lru_cache
from html.parser import HTMLParser

import pandas as pd

from pdlib.observations import Observations
from pdlib.publish.checks import Failure
from pdlib.publish.sanitise import words
from pdlib.show.formats import count
from pdlib.show.html import visible

Finder = Callable[[str], list[str]]
# Scripts without spaces are read a character at a time.
_WORD = re.compile(r"[\u3040-\u30ff\u3400-\u9fff\uac00-\ud7af]|[^\W_\u3040-\u30ff\u3400-\u9fff\uac00-\ud7af]+")
_NUMBER = re.compile(r"\d[\d,]*(?:\.\d+)?")
_OUR_ATTRIBUTES = words("class role scope tabindex lang dir d points viewbox transform")
_PICTURE = re.compile(r"data:image/(?:png|jpeg|gif|webp);base64,[\w+/=\s]*\Z")  # dots, in which letters are chance
_DRAWN = words("path circle line polyline polygon rect g use")
_BREAKING = words("p li td th tr dt dd h1 h2 h3 h4 h5 h6 caption figcaption summary title desc text pre br div table")
_SHORTEST_NAME, _SHORTEST_QUOTE, _SHARED_CELLS = 3, 25, 3


class Bytes(HTMLParser):
    """Reads everything a page says: its lines of text, its attributes, and its tables cell by cell.

    Parameters
    ----------
    html : str
    """

    def __init__(self, html: str) -> None:
        super().__init__(convert_charrefs=True)
        self.attributes: list[str] = []
        self.rows: list[list[str]] = []
        self.heads: list[list[str]] = []
        self._text: list[str] = []
        self._skip = 0
        self.feed(html)
        self.close()

    @property
    def lines(self) -> list[str]:
        """The page's text, an element a line, single spaces."""
        lines = (" ".join(line.split()) for line in "".join(self._text).split("\n"))
        return [line for line in lines if line]

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Note what an element carries beside its text; geometry and our own classes say nothing."""
        self._skip += tag == "style"
        if tag not in _DRAWN:
            said = [value for name, value in attrs if value and name not in _OUR_ATTRIBUTES]
            self.attributes += [value for value in said if not _PICTURE.match(value)]
        if tag == "table":
            self.heads.append([])
        if tag == "tr":
            self.rows.append([])
        if tag in {"td", "th"} and self.rows:
            self.rows[-1].append("")
            if dict(attrs).get("scope") == "col" and self.heads:
                self.heads[-1].append("")
        if tag in _BREAKING:
            self._text.append("\n")

    def handle_endtag(self, tag: str) -> None:
        """End a line where its element ends."""
        self._skip -= tag == "style"
        if tag in _BREAKING:
            self._text.append("\n")

    def handle_comment(self, data: str) -> None:
        """Read comments too: whoever opens the source does."""
        self._text.append(f"\n{data}\n")

    def handle_data(self, data: str) -> None:
        """Note text, and which cell it stands in."""
        if self._skip:
            return
        self._text.append(data)
        if self.rows and self.rows[-1]:
            self.rows[-1][-1] += data


def privacy_failures(
    html: str,
    observations: Observations | None,
    cleared: Iterable[str] = (),
    *,
    quotes: Iterable[str] | None = None,
    finders: Mapping[str, Finder] | None = None,
) -> list[Failure]:
    """List what a page says that it must not.

    Parameters
    ----------
    html : str
        The page as it would be written.
    observations : Observations or None
        What it was built from; None looks for personal data only.
    cleared : iterable of str
        Ids of the units that may be named. Everybody else may not.
    quotes : iterable of str, optional
        Comments that may be quoted; those cleared on the study's reviewed list if None.
    finders : mapping of str to callable, optional
        Kinds of personal data, each with what finds it in a text; `FINDERS` if None.

    Returns
    -------
    list of Failure
    """
    page = Bytes(html)
    said = [*page.lines, *page.attributes]
    found = [f"shows {kind} ({_masked(hit)})." for kind, hit in personal_data(said, finders or FINDERS)]
    if observations is not None:
        found += [
            f"names a unit that is not cleared ({_masked(name)}); see [names] of the study."
            for name in named(said, observations, cleared)
        ]
        found += [f"repeats a row of the input ({_masked(row)})." for row in raw_rows(page.rows, observations)]
        found += [f"quotes a comment that is not on the reviewed list ({_masked(quote)})." for quote in
                  unreviewed(said, observations, quotes)]  # fmt: skip
        found += [f"shows a count of {shown}, fewer than may be shown." for shown in small_counts(page, observations)]
    return [Failure("the page", f"{reason} Nothing was published.") for reason in found]


def named(said: Iterable[str], observations: Observations, cleared: Iterable[str] = ()) -> list[str]:
    """Names and ids of units that a text holds, though they are not cleared, also as part of an address or id.

    Parameters
    ----------
    said : iterable of str
        Lines and attributes.
    observations : Observations
    cleared : iterable of str
        Ids.

    Returns
    -------
    list of str
        As the data write them, each once.
    """
    free = {*cleared, *observations.study.names.may_be_named}
    may: dict[tuple[str, ...], str] = {}
    barred: dict[tuple[str, ...], str] = {}
    for unit, label in observations.units["label"].items():
        for name in (str(unit), str(label)):
            parts = _parts(name)
            whole = "".join(parts)
            if whole.isdigit() or (whole.isascii() and len(whole) < _SHORTEST_NAME):
                parts = (*_parts(observations.study.unit.singular), *parts)
            (may if {str(unit), str(label)} & free else barred).setdefault(parts, name)
    # The longest name wins, so that "Elm" is not found in "Elm Retail Park".
    starts: dict[str, list[tuple[str, ...]]] = defaultdict(list)
    for parts in sorted({**barred, **may}, key=len, reverse=True):
        starts[parts[0]].append(parts)
    found: dict[str, None] = {}
    for text in said:
        spoken, at = _parts(text), 0
        while at < len(spoken):
            hit = next((parts for parts in starts.get(spoken[at], ()) if spoken[at : at + len(parts)] == parts), ())
            if hit and hit not in may:
                found[barred[hit]] = None
            at += len(hit) or 1
    return list(found)


def _parts(text: str) -> tuple[str, ...]:
    return tuple(_WORD.findall(visible(text, limit=None).casefold()))


def raw_rows(rows: Iterable[list[str]], observations: Observations) -> list[str]:
    """Rows of a page's tables that repeat a row of the observations: three or more of its telling numbers.

    A number tells if it has three digits or more and stands in few rows.
    """
    rare = _telling(observations)
    repeated = []
    for cells in rows:
        tokens = {_token(float(number.replace(",", ""))) for cell in cells for number in _NUMBER.findall(cell)}
        hits: dict[int, int] = defaultdict(int)
        for token in tokens:
            for row in rare.get(token, ()):
                hits[row] += 1
        if hits and max(hits.values()) >= _SHARED_CELLS:
            repeated.append(" | ".join(cells)[:80])
    return repeated


@lru_cache(maxsize=1)
def _telling(observations: Observations) -> dict[str, set[int]]:
    """Numbers that stand in few rows of the observations, with the rows: kept for the pages of a batch."""
    numbers = observations.panel.select_dtypes("number")
    places: dict[str, set[int]] = defaultdict(set)
    for name in numbers.columns:
        for row, value in enumerate(numbers[name]):
            token = _token(value)
            if len(re.sub(r"\D", "", token)) >= _SHARED_CELLS:
                places[token].add(row)
    return {token: at for token, at in places.items() if len(at) <= max(5, len(numbers) // 200)}


def _token(value: float) -> str:
    return "" if pd.isna(value) else f"{value:.12g}"


def unreviewed(said: Iterable[str], observations: Observations, quotes: Iterable[str] | None = None) -> list[str]:
    """Comments that a text holds word for word, though they are not on the reviewed list, or among ``quotes``."""
    reviewed = observations.reviewed
    quotes = reviewed.loc[reviewed["cleared"], "text"] if quotes is None else quotes
    free = {" ".join(_parts(quote)) for quote in quotes}
    texts = _comments(observations)
    whole = " \n ".join(" ".join(_parts(text)) for text in said)
    return [text for key, text in texts.items() if len(key) >= _SHORTEST_QUOTE and key not in free and key in whole]


@lru_cache(maxsize=1)
def _comments(observations: Observations) -> dict[str, str]:
    """Every comment by its words alone."""
    return {" ".join(_parts(text)): text for text in observations.comments["text"].dropna().astype(str)}


def small_counts(page: Bytes, observations: Observations) -> list[str]:
    """Counts of people below the study's rule, in tables and in words: "7 answers"."""
    privacy, found = observations.study.privacy, []
    for outcome in observations.study.outcome:
        smallest, label = privacy.smallest(outcome.source), outcome.exposure_label.casefold()
        if not outcome.size or not smallest:
            continue
        spoken = re.compile(rf"(?<![\d.,])(\d{{1,3}})\s+{re.escape(label)}\b(?!\s+a\s)", re.IGNORECASE)
        counts = [hit.group(1) for line in (*page.lines, *page.attributes) for hit in spoken.finditer(line)]
        counts += list(_column(page.rows, label))
        found += [f"{shown} {outcome.exposure_label}" for shown in counts if 0 <= int(shown) < smallest]
    return list(dict.fromkeys(found))


def _column(rows: Iterable[list[str]], label: str) -> Iterator[str]:
    """Whole numbers in the columns of tables headed by a label."""
    at: int | None = None
    for cells in rows:
        heads = [cell.strip().casefold() for cell in cells]
        if label in heads:
            at = heads.index(label)
        elif at is not None and at < len(cells) and re.fullmatch(r"\d[\d,]*", cells[at].strip()):
            yield cells[at].strip().replace(",", "")


def personal_data(said: Iterable[str], finders: Mapping[str, Finder]) -> Iterator[tuple[str, str]]:
    """Kinds of personal data with what was found of each."""
    for text in said:
        for kind, finder in finders.items():
            for hit in finder(text):
                yield kind, hit


def _masked(hit: str) -> str:
    """Enough of a finding to look for it, without repeating it in a log or beside the pages that may be passed on."""
    return f"{hit[:2]}… of {count(len(hit))} characters"


def _matching(pattern: str) -> Finder:
    compiled = re.compile(pattern, re.IGNORECASE)
    return lambda text: [match.group() for match in compiled.finditer(text)]


def _cards(text: str) -> list[str]:
    found = re.findall(r"(?<![\w.])(?:\d[ -]?){13,19}(?![\w.])", text)
    return [hit.strip() for hit in found if _luhn([int(digit) for digit in re.sub(r"\D", "", hit)])]


def _luhn(digits: list[int]) -> bool:
    doubled = [digit if place % 2 else digit * 2 - 9 * (digit > 4) for place, digit in enumerate(digits[::-1], 1)]
    return any(digits) and sum(doubled) % 10 == 0


def _accounts(text: str) -> list[str]:
    found = re.findall(r"\b[A-Z]{2}\d{2}(?: ?[A-Z0-9]{2,4}){3,8}\b", text)
    return [hit for hit in found if _valid_account(hit.replace(" ", ""))]


def _valid_account(code: str) -> bool:
    if not 15 <= len(code) <= 34:
        return False
    return int("".join(str(int(character, 36)) for character in code[4:] + code[:4])) % 97 == 1


def _phones(text: str) -> list[str]:
    decimal = r"(?!\+?0\.\d+(?:[ ()]|\Z))"  # +0.0115 (0.0080 to 0.0150)
    found = re.findall(rf"(?<![\w.,]){decimal}(?:\+|00|0|\(0)\d(?:[\d ()/.-]{{6,}}\d)(?![\w.,]*\w)", text)
    return [
        hit for hit in found if 9 <= len(re.sub(r"\D", "", hit)) <= 15 and re.search(r"[ +()/-]|\A0\d{9,10}\Z", hit)
    ]


FINDERS: dict[str, Finder] = {
    "an e-mail address": _matching(r"[\w.+-]+@[\w-]+(?:\.[\w-]+)*\.[a-z]{2,}"),
    "a card number": _cards,
    "a bank account": _accounts,
    "a telephone number": _phones,
}
