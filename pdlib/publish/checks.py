"""What keeps a page from leaders: notebooks that did not run cleanly, and pages that are not whole."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from html.parser import HTMLParser
from itertools import pairwise
from typing import Any

from nbconvert.filters import strip_ansi
from nbconvert.utils.exceptions import ConversionException
from nbformat import NotebookNode

from pdlib.errors import PdlibError
from pdlib.publish.sanitise import words

SHOWN_TYPES = ("text/html", "text/markdown", "image/png", "text/plain")
LARGEST_PAGE = 500_000
_PLACEHOLDERS = re.compile(
    r"no description|\(?(?:image|figure|picture|chart|plot|graph|png|alt text|todo|untitled)\)?\.?\Z", re.IGNORECASE
)
_NUMBERS = "no none nobody one two three four five six seven eight nine ten eleven twelve"
_NUMBER = re.compile(rf"\d|\b(?:{_NUMBERS.replace(' ', '|')})\b", re.IGNORECASE)
_FORBIDDEN = words("script iframe frame object embed applet link base form input button textarea")
_INSIDE = words("details figure svg blockquote")
_CARDS = frozenset({"twin", "card"})
_CARD = object()
_VOID = words("area base br col embed hr img input link meta source track wbr")
_LOADING = words("src srcset poster data background action formaction ping")
_REMOTE_STYLE = re.compile(r"@import|(?:url|image-set)\(\s*['\"]?(?!#|data:)", re.IGNORECASE)


@dataclass(frozen=True)
class Failure:
    """One reason why a page is not published.

    Attributes
    ----------
    where : str
        The cell, by number and heading, or the part of the page.
    reason : str
        What was found and what to do, in one or two sentences.
    source : str
        Code of the cell, if it was a cell.
    detail : str
        Traceback or printed warning, without terminal colours.
    """

    where: str
    reason: str
    source: str = ""
    detail: str = ""

    def __str__(self) -> str:
        return f"{self.where}: {self.reason}"


class PageError(PdlibError, ConversionException):
    """A notebook cannot become a page; nbconvert writes nothing then and ends with exit code 1.

    Attributes
    ----------
    failures : list of Failure
    """

    def __init__(self, failures: Iterable[Failure]) -> None:
        self.failures = list(failures)
        super().__init__("\n".join(str(failure) for failure in self.failures))


def cell_tags(cell: NotebookNode) -> set[str]:
    """Tags of a notebook cell; an empty set if it has none."""
    return set(cell.get("metadata", {}).get("tags", []))


def cell_name(nb: NotebookNode, index: int) -> str:
    """Name a cell as its author would find it: ``cell 7 ("Who stands out")``.

    The name in the cell's metadata wins, else the last heading at or above the cell. An injected cell is not
    counted: the author's notebook does not have it.
    """
    named = nb.cells[index].get("metadata", {}).get("name")
    heading = named or next(_headings_upwards(nb, index), None)
    number = index + 1 - sum("injected-parameters" in cell_tags(cell) for cell in nb.cells[: index + 1])
    return f'cell {number} ("{heading}")' if heading else f"cell {number}"


def _headings_upwards(nb: NotebookNode, index: int) -> Iterator[str]:
    for cell in reversed(nb.cells[: index + 1]):
        found = re.findall(r"^#{1,6}\s+(.+?)\s*#*$", cell.source, re.MULTILINE) if cell.cell_type == "markdown" else []
        yield from reversed(found)


def notebook_failures(nb: NotebookNode, names: Mapping[str, str] | None = None) -> list[Failure]:
    """List what an executed notebook holds that must not reach a leader.

    Errors, anything on the error stream (warnings included), pictures without a description, and outputs that a
    page without scripts cannot show.

    Parameters
    ----------
    nb : NotebookNode
    names : mapping of str to str, optional
        What to call a cell, by its id: cells may have been removed since the author numbered them.
    """
    known = names or {}
    return [
        Failure(known.get(cell.get("id")) or cell_name(nb, index), reason, cell.source, detail)
        for index, cell in enumerate(nb.cells)
        if cell.cell_type == "code" and not cell_tags(cell) & {"remove-cell", "remove-output"}
        for output in cell.outputs
        for reason, detail in _output_failures(cell, output)
    ]


def _output_failures(cell: NotebookNode, output: NotebookNode) -> Iterator[tuple[str, str]]:
    if output.output_type == "error":
        yield stopped(output.ename, output.evalue), strip_ansi("\n".join(output.traceback))
    elif output.output_type == "stream":
        if output.name == "stderr" and output.text.strip():
            text = strip_ansi(output.text).strip()
            yield f"wrote a warning: {_gist(text)} Resolve it; a report carries no warnings.", text
    elif "application/javascript" in output.data or not set(SHOWN_TYPES) & set(output.data):
        kinds = ", ".join(sorted(output.data)) or "nothing"
        yield f"shows {kinds}, which a page without scripts cannot show. Display HTML or text instead.", ""
    elif best_type(output) == "image/png" and not described(cell, output):
        reason = (
            "shows a picture without a description. Draw it with pdlib.show, or put the description into the "
            "cell's metadata as 'alt'."
        )
        yield reason, ""


def stopped(name: str, value: str) -> str:
    """Say which error stopped a cell."""
    return f"stopped with {name}: {strip_ansi(value)}".rstrip(": ")


def _gist(text: str) -> str:
    """The line of a printed warning that says what is wrong, without the file it came from."""
    lines = text.splitlines()
    line = next((line for line in lines if "Warning" in line), lines[-1])
    return re.sub(r"^\S+:\d+:\s*", "", line.strip())[:200].rstrip(".") + "."


def best_type(output: NotebookNode) -> str | None:
    """The richest of an output's formats that a page can show."""
    return next((kind for kind in SHOWN_TYPES if kind in output.data), None)


def described(cell: NotebookNode, output: NotebookNode) -> str:
    """Description of a picture, from its own metadata or its cell's; empty if there is none."""
    own = output.metadata.get("image/png", {})
    return str((own.get("alt") if isinstance(own, dict) else "") or cell.metadata.get("alt") or "")


@dataclass
class Heading:
    """A heading of a page: level 1–6, text, id (may be empty), where its start tag ends in the HTML, and whether it
    stands inside a card, a figure or a fold.
    """

    level: int
    anchor: str
    position: int
    words: list[str] = field(default_factory=list)
    inside: bool = False

    @property
    def text(self) -> str:
        """The heading's words with single spaces."""
        return " ".join("".join(self.words).split())


class Outline(HTMLParser):
    """Reads finished HTML once: headings, ids, references, elements, and what would be loaded.

    Parameters
    ----------
    html : str
        A page or a fragment of one.
    """

    def __init__(self, html: str) -> None:
        super().__init__(convert_charrefs=True)
        self.headings: list[Heading] = []
        self.standfirst = ""
        self.elements: Counter[str] = Counter()
        self.ids: Counter[str] = Counter()
        self.references: set[str] = set()
        self.loads: list[str] = []
        self.bad_pictures: list[str] = []
        self.tables_without_caption = 0
        self._open: list[tuple[str, Any]] = []
        self._starts = [0, *(match.end() for match in re.finditer("\n", html))]
        self.feed(html)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Note an element, what it is named by, and what it would load."""
        values = {name: value or "" for name, value in attrs}
        self.elements[tag] += 1
        note: Any = None
        if re.fullmatch(r"h[1-6]", tag):
            note = self._heading(tag, values)
        elif "standfirst" in values.get("class", "").split() and not self.standfirst:
            note = []
        elif _CARDS & set(values.get("class", "").split()):
            note = _CARD
        elif tag == "table":
            self.tables_without_caption += 1
        elif tag == "caption" and any(name == "table" for name, _ in self._open):
            self.tables_without_caption -= 1
        self._read_references(tag, values)
        if tag not in _VOID:
            self._open.append((tag, note))

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Note an element that closes itself."""
        self.handle_starttag(tag, attrs)
        if tag not in _VOID:
            self.handle_endtag(tag)

    def handle_endtag(self, tag: str) -> None:
        """Close the innermost element of that name."""
        if not any(name == tag for name, _ in self._open):
            return
        while self._open:
            name, note = self._open.pop()
            if isinstance(note, list) and not self.standfirst:
                self.standfirst = " ".join("".join(note).split())
            if name == tag:
                return

    def handle_data(self, data: str) -> None:
        """Hand text to the headings and the standfirst it stands in."""
        if any(name == "style" for name, _ in self._open):
            self.loads += [f"style: {match}" for match in _REMOTE_STYLE.findall(data)]
        for _, note in self._open:
            if isinstance(note, Heading):
                note.words.append(data)
            elif isinstance(note, list):
                note.append(data)

    def _heading(self, tag: str, values: dict[str, str]) -> Heading:
        line, column = self.getpos()
        position = self._starts[line - 1] + column + len(self.get_starttag_text() or "") - 1
        inside = any(name in _INSIDE or note is _CARD for name, note in self._open)
        heading = Heading(int(tag[1]), values.get("id", ""), position, inside=inside)
        self.headings.append(heading)
        return heading

    def _read_references(self, tag: str, values: dict[str, str]) -> None:
        if values.get("id"):
            self.ids[values["id"]] += 1
        for name in ("aria-labelledby", "aria-describedby", "aria-controls", "headers"):
            self.references.update(values.get(name, "").split())
        for name in ("href", "xlink:href"):
            if values.get(name, "").startswith("#"):
                self.references.add(values[name][1:])
            elif name in values and tag != "a":
                self.loads.append(f"{tag} {name}")
        self.loads += [f"{tag} {n}" for n in _LOADING & set(values) if not values[n].startswith("data:image/png;")]
        if _REMOTE_STYLE.search(values.get("style", "")):
            self.loads.append(f"{tag} style")
        if tag == "meta" and values.get("http-equiv", "").lower() not in {"", "content-security-policy"}:
            self.loads.append(f"meta {values['http-equiv']}")
        if tag == "img" and ("src" not in values or _placeholder(values.get("alt", ""))):
            self.bad_pictures.append(values.get("alt", "") or "no description")
        if tag == "svg" and "aria-hidden" not in values and not _named(values):
            self.bad_pictures.append("a drawing without a name")


def _placeholder(description: str) -> bool:
    return not description.strip() or bool(_PLACEHOLDERS.match(description.strip()))


def _named(values: dict[str, str]) -> bool:
    return bool(values.get("aria-labelledby")) or not _placeholder(values.get("aria-label", ""))


def page_failures(html: str, machine_paths: Iterable[str] = ()) -> list[Failure]:
    """List why finished HTML is not a whole, safe page.

    Parameters
    ----------
    html : str
        The page as it would be written.
    machine_paths : iterable of str
        Folders of this machine; none may be named in the page.
    """
    outline = Outline(html)
    titles = [heading for heading in outline.headings if heading.level == 1]
    found = []
    if len(titles) != 1 or not titles[0].text:
        found.append(f"has {len(titles)} first-level headings; it needs exactly one, the report's headline.")
    if outline.elements["main"] != 1:
        found.append(f"has {outline.elements['main']} main parts; it needs exactly one.")
    found += [f"holds a <{tag}> element; reports have none." for tag in sorted(_FORBIDDEN & set(outline.elements))]
    found += [f"would load something from elsewhere ({load}); a report is one file." for load in outline.loads]
    found += [f"has a picture without a usable description ({name[:80]})." for name in outline.bad_pictures]
    found += [f"uses the id '{name}' {count} times." for name, count in outline.ids.items() if count > 1]
    found += [f"refers to '{name}', which is not in it." for name in sorted(outline.references - set(outline.ids))]
    if any(re.search(rf"(?<![\w/.-]){re.escape(path)}(?![\w-])", html) for path in machine_paths):
        found.append("names a folder of this machine; show file names without their folders.")
    return [Failure("the page", reason) for reason in found]


def page_warnings(html: str) -> list[str]:
    """List what a reader would stumble over, though the page may be published."""
    outline = Outline(html)
    warnings = []
    levels = [heading.level for heading in outline.headings if not heading.inside]
    if any(after - before > 1 for before, after in pairwise(levels)):
        warnings.append("A heading skips a level.")
    if outline.headings and not _NUMBER.search(outline.headings[0].text):
        warnings.append("The headline has no number in it.")
    if outline.tables_without_caption:
        warnings.append(f"{outline.tables_without_caption} of {outline.elements['table']} tables have no caption.")
    size = len(html.encode())
    if size > LARGEST_PAGE:
        warnings.append(f"The page weighs {size // 1000:,} KB; phones on the road take {LARGEST_PAGE // 1000} KB well.")
    return warnings
