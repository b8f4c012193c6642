"""A finished page as a tree, for asking questions about it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from html.parser import HTMLParser

from pdlib.publish.sanitise import words

_VOID = words("area base br col embed hr img input link meta source track wbr")
_BREAKS = words("p li td th tr dt dd h1 h2 h3 h4 h5 h6 caption figcaption summary title desc text br div section span")


@dataclass(eq=False)
class Node:
    """An element: its tag, its attributes, and what it holds."""

    tag: str
    attributes: dict[str, str] = field(default_factory=dict)
    children: list[Node | str] = field(default_factory=list)

    def __iter__(self) -> Iterator[Node]:
        """Walk the elements below, in order."""
        for child in self.children:
            if isinstance(child, Node):
                yield child
                yield from child

    def all(self, *tags: str, cls: str = "") -> list[Node]:
        """Elements below of some tags (any, if none is given) and of a class."""
        return [node for node in self if (not tags or node.tag in tags) and (not cls or cls in node.classes)]

    def first(self, *tags: str, cls: str = "") -> Node:
        """The first such element; an empty one if there is none."""
        return next(iter(self.all(*tags, cls=cls)), Node(""))

    @property
    def classes(self) -> list[str]:
        """Its classes."""
        return self.attributes.get("class", "").split()

    @property
    def text(self) -> str:
        """Its words with single spaces."""
        return " ".join(self.said("").split())

    @property
    def lines(self) -> list[str]:
        """Its words, a line for each block."""
        lines = (" ".join(line.split()) for line in self.said("\n").split("\n"))
        return [line for line in lines if line]

    def without(self, *tags: str, cls: tuple[str, ...] = ()) -> Node:
        """A copy in which elements of some tags or classes are left out."""
        kept: list[Node | str] = []
        for child in self.children:
            if isinstance(child, str):
                kept.append(child)
            elif child.tag not in tags and not set(cls) & set(child.classes):
                kept.append(child.without(*tags, cls=cls))
        return Node(self.tag, self.attributes, kept)

    def said(self, between: str) -> str:
        """Its words as they stand, with something between blocks."""
        parts = []
        for child in self.children:
            if isinstance(child, str):
                parts.append(child)
            elif child.tag not in {"style", "script"}:
                around = (between or " ") if child.tag in _BREAKS and (child.tag != "span" or not between) else ""
                parts += [around, child.said(between), around]
        return "".join(parts)


class _Builder(HTMLParser):
    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.root = Node("document")
        self.open = [self.root]

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        node = Node(tag, {name: value or "" for name, value in attrs})
        self.open[-1].children.append(node)
        if tag not in _VOID:
            self.open.append(node)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.open[-1].children.append(Node(tag, {name: value or "" for name, value in attrs}))

    def handle_endtag(self, tag: str) -> None:
        if any(node.tag == tag for node in self.open[1:]):
            while self.open.pop().tag != tag:
                pass

    def handle_data(self, data: str) -> None:
        self.open[-1].children.append(data)


def tree(html: str) -> Node:
    """Read a page into a tree."""
    builder = _Builder()
    builder.feed(html)
    builder.close()
    return builder.root
