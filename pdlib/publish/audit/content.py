"""What the page says: criteria C."""

from __future__ import annotations

import re

from pdlib.publish.audit.measure import Measure, none_of
from pdlib.publish.audit.tree import Node
from pdlib.publish.terms import unlinked_terms
from pdlib.show.wording import causal_words, jargon_words, reading_grade

_NUMBERS = "no none nobody one two three four five six seven eight nine ten eleven twelve"
_NUMBER = re.compile(rf"\d|\b(?:{_NUMBERS.replace(' ', '|')})\b", re.IGNORECASE)
_SIGNED = r"[+−-]?\d[\d.,]*(?:\s*%)?"
_RANGE = re.compile(
    rf"{_SIGNED}(?:\s\w+)?\s(?:to|and)\s{_SIGNED}|between|nine in ten|\babout \w+ should be real|chances? of \d",
    re.IGNORECASE,
)
_COUNTED = re.compile(r"\d[\d,]* of (?:the )?(?:one|\d)|exact count", re.IGNORECASE)
_ESTIMATE = re.compile(
    r"\d\s+(?:more|fewer) (?:in|per)|better by|goes? with [+−]?\d|gain lies|led by|promised|expected by|"
    r"points (?:more|less)",
    re.IGNORECASE,
)
_FOLDED = ("appendix", "more")
_EARLY = 150


def content(page: Node, html: str) -> list[Measure]:
    """Measure criteria C1 to C11."""
    main = page.first("main")
    read = main.without("svg", "details", cls=("appendix",))
    headline, title = main.first("h1").text, page.first("head").first("title").text
    findings = [item.text for item in main.first("ol", cls="findings").all("li")]
    words = _words_before(read, min(3, len(findings)))
    weak = [item for item in findings if not _NUMBER.search(item) or not (_RANGE.search(item) or _COUNTED.search(item))]
    captions = [figure.first("figcaption") for figure in main.all("figure")]
    long = [c.first(cls="title").text for c in captions if not 0 < len(c.first(cls="title").text.split()) <= 12]
    bare = [c.text for c in captions if not c.first(cls="subtitle").text]
    prose = "\n".join(node.text for node in read.all("p", "li") if len(node.text.split()) > 3)
    grade = reading_grade(prose)
    body, fold = html.partition('<details class="appendix">')[::2]
    open_words = [*jargon_words(main.without("details").text), *unlinked_terms(body, body + fold)]
    changed = [h.text for h in main.all("h2") if "changed" in h.text.lower()] or ["first report"] * (
        "first report" in read.text.lower()
    )
    heads = [th.text.lower() for th in read.all("th")] + [
        th.text.lower() for th in main.without(cls=("appendix",)).all("th")
    ]
    ranks = [head for head in heads if re.search(r"\brank|\bplace\b|position|league", head)]
    nobody = re.match(r"none\b|nobody\b|no \w+ stands?", headline, re.IGNORECASE) is not None
    return [
        Measure("C1", "headline: a sentence with a number; the title is the same", headline[:60],
                bool(_NUMBER.search(headline)) and headline == title and len(headline.split()) >= 4),
        Measure("C2", "3 to 5 findings, three in the first 150 words, each with number and range or count",
                f"{len(findings)} findings, the third ends at word {words}, {len(weak)} without a range",
                3 <= len(findings) <= 5 and words <= _EARLY and not weak),
        none_of("C3", "estimates without a range or exact count", _bare_estimates(read, main)),
        Measure("C4", "captions of at most 12 words with a subtitle",
                f"{len(captions)} captions, {len(long)} too long, {len(bare)} without subtitle", not long and not bare),
        none_of("C5", "unexplained terms outside the appendix", open_words),
        Measure("C6", "at most 3 caveats", f"{len(main.first('ul', cls='caveats').all('li'))}",
                len(main.first("ul", cls="caveats").all("li")) <= 3),
        Measure("C7", "says what changed, or that it is the first report", changed[0] if changed else "neither",
                bool(changed)),
        Measure("C8", "reading grade at most 9 outside the appendix", f"{grade:.1f}", grade <= 9),
        Measure("C9", "nobody found is a finished page",
                f"{len(findings)} findings, {len(main.all('figure'))} figures" if nobody else "somebody was found",
                len(findings) >= 3 and bool(main.all("figure")) if nobody else True),
        none_of("C10", "columns of bare ranks", ranks),
        none_of("C11", "words that claim a cause", causal_words(read.text)),
    ]  # fmt: skip


def _words_before(read: Node, many: int) -> int:
    """Words from the headline to the end of the third finding; tables are looked at and not read."""
    prose = read.without("table", "nav", cls=("kicker",))
    items = prose.first("ol", cls="findings").all("li")[:many]
    if not items:
        return 0
    text, last = prose.text, items[-1].text
    return len(re.findall(r"\S*\w\S*", text[: text.index(last) + len(last)]))


def _bare_estimates(read: Node, main: Node) -> list[str]:
    """Sentences, and cells of tables headed as a difference, that give an estimate with nothing to judge it by."""
    found = []
    for node in read.all("p", "li", "dd"):
        sentences = re.split(r"(?<=[.!?])\s+(?=[A-Z“])", node.text)
        found += [
            said for said in sentences if _ESTIMATE.search(said) and not (_RANGE.search(said) or _COUNTED.search(said))
        ]
    for table in main.all("table"):
        heads = [th.text.lower() for th in table.first("thead").all("th")]
        for at, head in enumerate(heads):
            if re.search(r"better|difference|gain", head):
                cells = [
                    row.all("td", "th")[at].text
                    for row in table.first("tbody").all("tr")
                    if len(row.all("td", "th")) > at
                ]
                found += [cell for cell in cells if re.search(r"\d", cell) and not _RANGE.search(cell)]
    return found
