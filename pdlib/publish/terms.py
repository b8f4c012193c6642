"""Links from the first use of a word to where the page explains it."""

from __future__ import annotations

import re
from html import unescape

_PIECE = re.compile(r"""<(/?)([A-Za-z][\w-]*)(?:"[^"]*"|'[^']*'|[^<>"'])*>""")
_DEFINED = re.compile(r'<dfn id="([\w.:-]+)">([^<]+)</dfn>')
_LEFT_ALONE = frozenset("a caption code dfn h1 h2 h3 h4 h5 h6 pre style summary svg th title".split())  # noqa: SIM905


def link_terms(body: str, explained: str) -> str:
    """Link each explained word where a reader first meets it.

    Parameters
    ----------
    body : str
        Cleaned HTML that is read.
    explained : str
        Cleaned HTML that explains words, each in a ``dfn`` with an id.

    Returns
    -------
    str
        The body with a link round the first use of each word, in the singular or plural, outside headings, links,
        titles and drawings.

    Examples
    --------
    >>> link_terms("<h1>Twins</h1><p>Two twins, a twin</p>", '<dfn id="word-twin">Twin</dfn>')
    '<h1>Twins</h1><p>Two <a class="term" href="#word-twin">twins</a>, a twin</p>'
    """
    waiting = {unescape(word): anchor for anchor, word in _DEFINED.findall(explained)}
    pieces: list[str] = []
    position, closed_to, titled = 0, 0, False
    for tag in _PIECE.finditer(body):
        text = body[position : tag.start()]
        pieces += [text if closed_to else _linked(text, waiting), tag.group()]
        position = tag.end()
        name, ends = tag.group(2).lower(), bool(tag.group(1))
        if name == "span" and (ends or 'class="title"' in tag.group()):
            name, titled = "title" if titled or not ends else name, not ends
        if name in _LEFT_ALONE and not tag.group().endswith("/>"):
            closed_to += -1 if ends else 1
    return "".join([*pieces, body[position:]])


def unlinked_terms(body: str, explained: str) -> list[str]:
    """List words that are explained, used and nowhere linked."""
    return [
        unescape(word)
        for anchor, word in _DEFINED.findall(explained)
        if f'href="#{anchor}"' not in body and link_terms(body, f'<dfn id="{anchor}">{word}</dfn>') != body
    ]


def _linked(text: str, waiting: dict[str, str]) -> str:
    """Link the words still waiting; the longest first, so that "bright spot" wins over "spot"."""
    for word in sorted(waiting, key=len, reverse=True):
        found = re.search(rf"(?<![\w&;]){re.escape(word)}s?(?!\w)", text, re.IGNORECASE)
        if found:
            link = f'<a class="term" href="#{waiting.pop(word)}">{found.group()}</a>'
            before, after = text[: found.start()], text[found.end() :]
            return _linked(before, waiting) + link + _linked(after, waiting)
    return text
