"""What may stand in a page: an allow-list over everything that a notebook rendered.

Two parsers have to agree. ``nh3`` (html5ever, the parser of a browser) drops what is not listed and closes what
was left open; then the standard library's parser walks its output, drops drawing elements that stand outside a
drawing, and refuses the page if it still meets anything that is not on the list.
"""

from __future__ import annotations

import re
from html.parser import HTMLParser

import nh3

from pdlib.errors import PdlibError


def words(text: str) -> frozenset[str]:
    """A set of names, written as a line of text."""
    return frozenset(text.split())


_TEXT_TAGS = words(
    """
    a abbr article aside b bdi bdo blockquote br caption cite code col colgroup dd del details dfn div dl dt em
    figcaption figure footer h1 h2 h3 h4 h5 h6 header hr i img ins kbd li mark ol p pre q s samp section small
    span strong sub summary sup table tbody td tfoot th thead time tr u ul var wbr
    """
)
_DRAWING_TAGS = words(
    """
    svg g defs title desc path line polyline polygon rect circle ellipse text tspan use clipPath symbol
    linearGradient radialGradient stop
    """
)
# These never have children in our figures: written "<path/>", which saves a tenth of a funnel's bytes.
_LEAVES = words("path line polyline polygon rect circle ellipse use stop")
_VOID_TAGS = words("br col hr img wbr")
# The text inside these is code or fallback, never prose: it goes with the tag.
_DROPPED_WITH_CONTENT = words(
    """
    script style iframe frame frameset object embed applet noscript noembed noframes template textarea select
    math foreignObject xmp plaintext
    """
)

# No style: the policy of the page allows its own stylesheet and nothing else, so that no output can cover another.
_EVERYWHERE = words("class id title lang dir role tabindex")
_BY_TAG = {
    "a": {"href"},
    "img": {"src", "alt", "width", "height"},
    "ol": {"start", "reversed", "type"},
    "li": {"value"},
    "th": {"scope", "colspan", "rowspan", "abbr", "headers"},
    "td": {"colspan", "rowspan", "headers"},
    "col": {"span"},
    "colgroup": {"span"},
    "time": {"datetime"},
    "details": {"open"},
}
_DRAWING_ATTRIBUTES = words(
    """
    d x y x1 y1 x2 y2 dx dy cx cy r rx ry fx fy width height points rotate transform viewBox preserveAspectRatio
    fill fill-opacity fill-rule stroke stroke-width stroke-opacity stroke-dasharray stroke-dashoffset
    stroke-linecap stroke-linejoin stroke-miterlimit opacity color clip-path clip-rule clipPathUnits
    gradientUnits gradientTransform spreadMethod offset stop-color stop-opacity font-family font-size font-style
    font-weight text-anchor dominant-baseline alignment-baseline textLength lengthAdjust letter-spacing
    vector-effect paint-order shape-rendering text-rendering display visibility focusable
    """
)
# A value may call these functions only: none of them fetches anything, and url() only reaches into the page.
_FUNCTIONS = words(
    """
    var calc min max clamp rgb rgba hsl hsla matrix translate translateX translateY rotate scale scaleX scaleY
    skewX skewY
    """
)
_PLAIN_VALUE = re.compile(r"[\w\s#%.,+\-*/'\"!()]*\Z")
_CALL = re.compile(r"([\w-]*)\s*\(")
_LOCAL_URL = re.compile(r"url\(\s*(['\"]?)#[\w.:-]+\1\s*\)")
_LOCAL_REFERENCE = re.compile(r"#[\w.:-]+\Z")
_EMBEDDED_PNG = re.compile(r"data:image/png;base64,[A-Za-z0-9+/=\s]+\Z")
_LINK = re.compile(r"(?:https?://|mailto:|tel:)[^\s<>\"'\\]+\Z|#[\w.:-]*\Z|[\w][\w./-]*(?:#[\w.:-]+)?\Z", re.IGNORECASE)
_IDENTIFIER = re.compile(r"[\w.:-]+\Z")
_CLASSES = re.compile(r"[\w\s-]*\Z")


class UnsafePageError(PdlibError):
    """The cleaned page still holds something that is not on the allow-list; nothing is published."""


def clean(html: str) -> str:
    """Reduce rendered HTML to what a report needs: prose, tables and inline drawings.

    Parameters
    ----------
    html : str
        One fragment of a page: the rendered text or output of one notebook cell. Unclosed elements are closed,
        so that a fragment cannot swallow its neighbours.

    Returns
    -------
    str
        The same fragment without scripts, styles, forms, frames, event handlers, comments, remote images and
        links to anything but pages, mail and telephone numbers. Cleaning it again changes nothing.

    Raises
    ------
    UnsafePageError
        If the second parser meets an element or attribute that the first should have dropped.

    Examples
    --------
    >>> clean('<p onclick="steal()">Nine <b>shops</b><script>steal()</script></p>')
    '<p>Nine <b>shops</b></p>'
    """
    # \x00 is dropped by some parsers and replaced by others: no two of them may disagree about a tag.
    cleaned = _cleaner().clean(html.replace("\x00", ""))
    walk = _SecondOpinion()
    walk.feed(cleaned)
    walk.close()
    return "".join(walk.parts)


def _safe_value(value: str) -> bool:
    without_local = _LOCAL_URL.sub("", value)
    if not _PLAIN_VALUE.match(without_local) or "/*" in without_local or "//" in without_local:
        return False
    return all(name in _FUNCTIONS or name == "" for name in _CALL.findall(without_local))


def _attribute(tag: str, name: str, value: str) -> str | None:
    """Judge one attribute: its value if it may stay, None if it goes."""
    if name == "href":
        allowed = _LINK if tag == "a" else _LOCAL_REFERENCE
        return value if allowed.match(value.strip()) else None
    if name == "src":
        return value if _EMBEDDED_PNG.match(value) else None
    if name == "id":
        return value if _IDENTIFIER.match(value) else None
    if name == "class":
        return value if _CLASSES.match(value) else None
    if name == "tabindex":
        return value if value in {"0", "-1"} else None
    if tag in _DRAWING_TAGS and name in _DRAWING_ATTRIBUTES:
        return value if _safe_value(value) else None
    return value


def _allowed_attributes() -> dict[str, set[str]]:
    allowed = {tag: set(_EVERYWHERE) | _BY_TAG.get(tag, set()) for tag in _TEXT_TAGS}
    allowed |= {tag: set(_EVERYWHERE | _DRAWING_ATTRIBUTES) for tag in _DRAWING_TAGS}
    allowed["use"].add("href")
    return allowed


_ATTRIBUTES = _allowed_attributes()
_LOWER_ATTRIBUTES = {
    tag.lower(): {name.lower() for name in names} | {"xlink:href"} for tag, names in _ATTRIBUTES.items()
}
_CASED = {tag.lower(): tag for tag in _DRAWING_TAGS}


def _cleaner() -> nh3.Cleaner:
    return nh3.Cleaner(
        tags=set(_TEXT_TAGS | _DRAWING_TAGS),
        clean_content_tags=set(_DROPPED_WITH_CONTENT),
        attributes=_ATTRIBUTES,
        attribute_filter=_attribute,
        generic_attribute_prefixes={"aria-"},
        url_schemes={"http", "https", "mailto", "tel", "data"},
        link_rel=None,  # the page's referrer policy holds for all links, and none opens another window
    )


class _SecondOpinion(HTMLParser):
    """Walks cleaned HTML token by token and writes it out again, checking every one."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=False)
        self.parts: list[str] = []
        self._drawings = 0
        self._dropped: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        drawing = tag in _CASED
        if not drawing and tag not in _TEXT_TAGS:
            raise UnsafePageError(f"The page still holds a <{tag}> element after cleaning. Nothing was published.")
        allowed = _LOWER_ATTRIBUTES[tag]
        for name, _ in attrs:
            if name not in allowed and not name.startswith("aria-"):
                raise UnsafePageError(f"The page still holds {name} on <{tag}> after cleaning. Nothing was published.")
        if tag == "svg":
            self._drawings += 1
        if drawing and not self._drawings:
            self._dropped.append(tag)
        else:
            self.parts.append(self.get_starttag_text() or "")

    def handle_endtag(self, tag: str) -> None:
        if self._dropped and self._dropped[-1] == tag:
            self._dropped.pop()
            return
        name = _CASED.get(tag, tag)
        if name in _LEAVES and self.parts and self.parts[-1].startswith(f"<{name}"):
            self.parts[-1] = self.parts[-1][:-1] + "/>"
        elif name not in _VOID_TAGS:
            self.parts.append(f"</{name}>")
        if tag == "svg":
            self._drawings -= 1

    def handle_data(self, data: str) -> None:
        self.parts.append(data)

    def handle_entityref(self, name: str) -> None:
        self.parts.append(f"&{name};")

    def handle_charref(self, name: str) -> None:
        self.parts.append(f"&#{name};")

    def handle_comment(self, data: str) -> None:  # noqa: ARG002
        raise UnsafePageError("The page still holds a comment after cleaning. Nothing was published.")

    def handle_decl(self, decl: str) -> None:  # noqa: ARG002
        raise UnsafePageError("The page still holds a declaration after cleaning. Nothing was published.")
