"""The only way from data into a page: every value is cleaned and escaped here, once.

Markup is a marked type (`markupsafe.Markup`); anything else that reaches an element is text.
"""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from html.parser import HTMLParser
from typing import Any, Protocol, cast, runtime_checkable

import pandas as pd
from markupsafe import Markup, escape

NAME_LIMIT = 200


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


_BIDI = {
    "\u061c": "ALM", "\u200e": "LRM", "\u200f": "RLM", "\u202a": "LRE", "\u202b": "RLE", "\u202c": "PDF",
    "\u202d": "LRO", "\u202e": "RLO", "\u2066": "LRI", "\u2067": "RLI", "\u2068": "FSI", "\u2069": "PDI",
}  # fmt: skip
_INVISIBLE = {"\u200b", "\u2060", "\ufeff", "\u00ad", "\u180e", "\ufff9", "\ufffa", "\ufffb"}
_TAGS = _words(
    """a abbr article aside b bdi blockquote br caption cite code col colgroup dd details dfn div dl dt em figcaption
    figure footer h1 h2 h3 h4 h5 h6 header hr i li mark ol p pre q section small span strong sub summary sup
    table tbody td tfoot th thead time tr ul"""
)
_VOID = frozenset({"br", "col", "hr"})
_ATTRIBUTES = _words(
    """class id for role scope colspan rowspan headers href lang dir title tabindex open
    datetime"""
)
_BLOCKS = _words(
    """article aside blockquote br caption dd details div dl dt figcaption figure footer h1 h2 h3 h4 h5 h6 header
    hr li ol p pre section summary table tr ul"""
)


@runtime_checkable
class HasHtml(Protocol):
    """Anything that vouches for its own markup, as `Markup` and `Html` do."""

    def __html__(self) -> str: ...


Child = str | HasHtml | None


def _shown(character: str) -> str:
    if character in _BIDI:
        return f"⟨{_BIDI[character]}⟩"
    if character in _INVISIBLE or 0xE0000 <= ord(character) <= 0xE007F:
        return ""
    if ord(character) & 0xFFFE == 0xFFFE or 0xFDD0 <= ord(character) <= 0xFDEF:
        return ""
    category = unicodedata.category(character)
    if category == "Cs":
        return "\ufffd"
    if category in {"Zl", "Zp"} or character in "\t\n\r":
        return " "
    return "" if category == "Cc" else character


def visible(value: object, *, limit: int | None = NAME_LIMIT) -> str:
    r"""Show a value as one line of honest plain text.

    Parameters
    ----------
    value : object
        Usually a name out of the data; None and NaN become an en dash.
    limit : int, optional
        Longest result in characters; what is cut is marked by an ellipsis. None keeps everything.

    Returns
    -------
    str
        Without control characters; characters that reorder text appear as ``⟨RLO⟩``. Not escaped.

    Examples
    --------
    >>> visible("Shop\u202e 17")
    'Shop⟨RLO⟩ 17'
    """
    if pd.api.types.is_scalar(value) and bool(pd.isna(cast("Any", value))):
        return "–"
    shown = "".join(_shown(character) for character in str(value))
    if limit is not None and len(shown) > limit:
        return shown[: limit - 1].rstrip() + "…"
    return shown


def text(value: object, *, limit: int | None = NAME_LIMIT) -> Markup:
    """Escape a value that comes from data; the one road by which data enter a page.

    Parameters
    ----------
    value : object
        Any value. A `Markup` is escaped too: data never vouch for themselves.
    limit : int, optional
        See `visible`.

    Returns
    -------
    Markup

    Examples
    --------
    >>> text("<b>Tom & Co</b>")
    Markup('&lt;b&gt;Tom &amp; Co&lt;/b&gt;')
    """
    return escape(str.__str__(visible(value, limit=limit)))


def _attribute_name(name: str) -> str:
    name = name.rstrip("_").replace("_", "-").lower()
    if name in _ATTRIBUTES or re.fullmatch(r"aria-[a-z]+", name):
        return name
    raise ValueError(f"The attribute {name!r} is not allowed. Use one of {sorted(_ATTRIBUTES)} or aria-….")


def _attribute(name: str, value: object) -> Markup:
    name = _attribute_name(name)
    if value is True:
        return Markup(" {}").format(name)
    shown = visible(value, limit=None)
    if name == "href" and not re.match(r"(#|https?://|mailto:|(?!//)[\w./-]+(?:[?#]|$))", shown):
        raise ValueError(f"The link {shown!r} is not allowed. Use #…, https://…, mailto:… or a relative path.")
    return Markup(' {}="{}"').format(name, shown)


def _child(child: Child) -> Markup:
    if child is None:
        return Markup()
    return escape(child) if isinstance(child, HasHtml) else text(child, limit=None)


def element(tag: str, *children: Child, **attributes: object) -> Markup:
    """Build one HTML element.

    Parameters
    ----------
    tag : str
        One of a short list of harmless tags.
    *children : str, Markup, Html or None
        Text is escaped, markup passes, None is left out.
    **attributes : object
        ``class_`` and ``for_`` stand for the reserved words, ``aria_label`` for ``aria-label``. Values are
        escaped; None and False leave the attribute out, True writes it bare.

    Returns
    -------
    Markup

    Raises
    ------
    ValueError
        For a tag, attribute or link outside the list.

    Examples
    --------
    >>> element("p", "5 < 6", class_="note")
    Markup('<p class="note">5 &lt; 6</p>')
    """
    if tag not in _TAGS:
        raise ValueError(f"The tag {tag!r} is not allowed. Use one of {sorted(_TAGS)}.")
    written = (_attribute(name, value) for name, value in attributes.items() if value not in (None, False))
    start = Markup("<{}{}>").format(tag, Markup().join(written))
    if tag in _VOID:
        return start
    return start + Markup().join(_child(child) for child in children) + Markup("</{}>").format(tag)


class _Plain(HTMLParser):
    """Reads markup back as lines of text, for the terminal."""

    def __init__(self) -> None:
        super().__init__()
        self.pieces: list[str] = []
        self._drawing = 0

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:  # noqa: ARG002
        self._drawing += tag == "svg"
        if tag in _BLOCKS:
            self.pieces.append("\n")
        self.pieces.append("- " if tag == "li" else "   " if tag in {"td", "th"} else "")

    def handle_endtag(self, tag: str) -> None:
        self._drawing -= tag == "svg"
        if tag in _BLOCKS:
            self.pieces.append("\n")

    def handle_data(self, data: str) -> None:
        if not self._drawing:
            self.pieces.append(data)


@dataclass(frozen=True, repr=False)
class Html:
    """A piece of a page: markup in a notebook or report, plain lines in a terminal."""

    markup: Markup

    def _repr_html_(self) -> str:
        return str(self.markup)

    def __html__(self) -> Markup:
        return self.markup

    def __str__(self) -> str:
        """Give the text alone, without drawings."""
        reader = _Plain()
        reader.feed(str(self.markup))
        reader.close()
        lines = (line.strip() for line in "".join(reader.pieces).splitlines())
        return "\n".join(line for line in lines if line)

    __repr__ = __str__


def join(*children: Child) -> Html:
    """Put pieces one after the other: text is escaped, markup passes.

    Parameters
    ----------
    *children : str, Markup, Html or None

    Returns
    -------
    Html

    Examples
    --------
    >>> join("a < b", element("b", "c")).markup
    Markup('a &lt; b<b>c</b>')
    """
    return Html(Markup().join(_child(child) for child in children))
