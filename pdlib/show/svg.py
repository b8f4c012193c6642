"""Figures for a page: two inline drawings, one for a desk and one for a phone, with real text and a description.

matplotlib's SVG is parsed, and a small clean drawing is built from it: coordinates to one decimal, colours as
classes of the page's stylesheet (with the light colour as an attribute for pages without one), no metadata, no
identifier that another figure on the page could share.
"""

from __future__ import annotations

import hashlib
import io
import re
from collections.abc import Callable, Iterable, Mapping
from typing import TYPE_CHECKING
from xml.etree import ElementTree as ET

from markupsafe import Markup

from pdlib.show import canvas, style
from pdlib.show.html import Html, element, join, visible

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

Draw = Callable[["Axes"], object]
_MARK_COLOURS = {colour.lower(): name for name, colour in style.PALETTE.items()}
_KEPT = ("fill-opacity", "stroke-opacity", "opacity", "stroke-width", "stroke-dasharray", "stroke-linecap",
         "stroke-linejoin", "text-anchor", "font-weight")  # fmt: skip
_DEFAULTS = {"stroke-width": "1", "text-anchor": "start", "font-weight": "400", "opacity": "1",
             "fill-opacity": "1", "stroke-opacity": "1", "stroke-linecap": "butt"}  # fmt: skip
_NUMBER = re.compile(r"-?\d*\.?\d+(?:e[-+]?\d+)?")
_RINGED_DOTS = 1500
_GROUPED = {"path", "circle", "text"}
_HELD = {*_KEPT, "class", "fill", "font-size", "paint-order", "stroke"}


def figure(
    draw: Draw,
    *,
    title: str,
    subtitle: str,
    description: str,
    tips: Mapping[str, str] | None = None,
    table: Html | None = None,
    widths: tuple[float, float] = (canvas.WIDE, canvas.NARROW),
    key: str = "",
) -> Html:
    """Draw a figure for a page, wide and narrow, with caption, description and the numbers behind it.

    Parameters
    ----------
    draw : callable
        Draws on the axes it is given, once for each width: ``lambda ax: figures.funnel(..., ax=ax)``.
    title : str
        The message, at most twelve words.
    subtitle : str
        Measure, who, period.
    description : str
        What the figure shows, for those who do not see it: at least 40 characters and a number.
    tips : mapping of str to str, optional
        Units whose dots may be named, with what to show; only cleared names belong here.
    table : Html, optional
        The numbers behind the figure.
    widths : (float, float)
        Of the wide and the narrow drawing, in the units of their view boxes.
    key : str
        Tells apart two equal figures on one page.

    Returns
    -------
    Html

    Raises
    ------
    ValueError
        If the description is too short or holds no number, or a colour lies outside the palette.
    """
    _check(title, description)
    drawings = [_drawing(draw, width, tips or {}) for width in widths]
    content = "\n".join([key, title, description, *(ET.tostring(drawing, "unicode") for drawing in drawings)])
    prefix = "f" + hashlib.sha256(content.encode("utf-8", "replace")).hexdigest()[:10]
    shown = [
        _named(drawing, f"{prefix}{name[0]}", name, title, description)
        for drawing, name in zip(drawings, ("wide", "narrow"), strict=True)
    ]
    caption = element("figcaption", element("span", title, class_="title"), " ",
                      element("span", subtitle, class_="subtitle"))  # fmt: skip
    numbers = None
    if table is not None:
        numbers = element("details", element("summary", "Numbers behind this figure"), table, class_="more")
    return join(element("figure", caption, *shown, numbers, class_="chart"))


def _check(title: str, description: str) -> None:
    enough = len(description.strip()) >= 40 and any(character.isdigit() for character in description)
    if not enough:
        raise ValueError(
            f"The description of the figure {visible(title)!r} is {visible(description)!r}; it needs at least 40 "
            "characters and a number. Say what is compared and how large the difference is."
        )


def _drawing(draw: Draw, width: float, tips: Mapping[str, str]) -> ET.Element:
    # Whatever draws here, a name with dollar signs is no formula.
    with style.context():
        ax = canvas.sheet(width)
        draw(ax)
    figure = canvas.figure_of(ax)
    units = canvas.remembered(figure)
    source = _save(figure)
    root = ET.fromstring(source)  # noqa: S314 - our own drawing, not a file from elsewhere
    return _Cleaner(root, units, tips).clean()


def _save(figure: Figure) -> bytes:
    figure.patch.set_visible(False)
    for ax in figure.findobj(lambda artist: hasattr(artist, "get_xlim") and hasattr(artist, "patch")):
        ax.patch.set_visible(False)  # type: ignore[attr-defined]
    buffer = io.BytesIO()
    with style.context():
        figure.savefig(buffer, format="svg", dpi=72, metadata={"Date": None, "Creator": None, "Format": None,
                                                               "Type": None})  # fmt: skip
    return buffer.getvalue()


def _named(drawing: ET.Element, prefix: str, variant: str, title: str, description: str) -> Markup:
    """Give a drawing its role, its name and its description; matplotlib's XML is trusted from here on."""
    drawing.set("class", variant)
    drawing.set("role", "img")
    drawing.set("aria-labelledby", f"{prefix}t {prefix}d")
    if variant == "narrow":
        # A notebook has no stylesheet to choose between the two; the page's own rule overrides this one.
        drawing.set("style", "display:none")
    for tag, words, mark in (("desc", description, "d"), ("title", title, "t")):
        named = ET.Element(tag, {"id": f"{prefix}{mark}"})
        named.text = visible(words, limit=None)
        drawing.insert(0, named)
    for node in drawing.iter():
        for name, value in node.attrib.items():
            if name == "clip-path":
                node.set(name, value.replace("url(#", f"url(#{prefix}"))
            if name == "id" and node.tag == "clipPath":
                node.set(name, prefix + value)
    return Markup(ET.tostring(drawing, "unicode", short_empty_elements=True).replace(" />", "/>"))  # noqa: S704


def _tag(node: ET.Element) -> str:
    return node.tag.rpartition("}")[2]


def _declared(node: ET.Element) -> dict[str, str]:
    """Read an element's style declarations and presentation attributes alike."""
    found = {name: node.get(name, "") for name in (*_KEPT, "fill", "stroke", "font", "font-size") if node.get(name)}
    for declaration in node.get("style", "").split(";"):
        name, _, value = declaration.partition(":")
        if name.strip():
            found[name.strip()] = value.strip()
    return found


def _short(number: float) -> str:
    rounded = f"{number:.1f}".removesuffix(".0")
    return (
        "0"
        if rounded in {"-0", "0"}
        else rounded.replace("0.", ".", 1)
        if rounded.startswith(("0.", "-0."))
        else rounded
    )


def _round(text: str) -> str:
    return _NUMBER.sub(lambda match: _short(float(match.group())), text)


def _path(data: str) -> str:
    """Round the coordinates of a path and close its gaps; a line along an axis names its end once."""
    short = re.sub(r" ?([A-Za-z]) ?", r"\1", _round(" ".join(data.split())))
    line = re.fullmatch(r"(M(\S+) (\S+))L(\S+) (\S+)", short)
    if line and line.group(2) == line.group(4):
        return f"{line.group(1)}V{line.group(5)}"
    return f"{line.group(1)}H{line.group(4)}" if line and line.group(3) == line.group(5) else short


class _Cleaner:
    """Builds the clean drawing out of matplotlib's."""

    def __init__(self, root: ET.Element, units: list[tuple[str, ...]], tips: Mapping[str, str]) -> None:
        self._root = root
        self._units = units
        self._tips = {str(unit): tip for unit, tip in tips.items()}
        self._markers = {f"#{node.get('id')}": node for node in root.iter() if _tag(node) == "path" and node.get("id")}

    def clean(self) -> ET.Element:
        box = [float(value) for value in self._root.get("viewBox", "").split()]
        drawing = ET.Element("svg", {
            "xmlns": "http://www.w3.org/2000/svg", "viewBox": " ".join(_short(value) for value in box),
            "width": _short(box[2]), "height": _short(box[3]), "font-family": style.FONTS,
        })  # fmt: skip
        self._add(self._root, drawing)
        _shorten(drawing)
        return drawing

    def _add(self, node: ET.Element, parent: ET.Element) -> None:
        for child in node:
            tag = _tag(child)
            if tag == "g" and (child.get("id") or "").startswith(canvas.DOTS):
                self._dots(child, parent)
            elif tag == "g" and (child.get("id") or "").startswith("text_"):
                self._note(child, parent)
            elif tag in {"g", "a"}:
                self._add(child, parent)
            elif tag == "path":
                self._shape(child, parent)
            elif tag == "use":
                self._marker(child, parent)
            elif tag == "text":
                self._text(child, parent)
            elif tag == "defs":
                self._clips(child, parent)

    def _note(self, node: ET.Element, parent: ET.Element) -> None:
        """Give words that lie on a patch of paper a rim of paper instead: it hides less and weighs less."""
        drawn = ET.Element("g")
        self._add(node, drawn)
        patches = [part for part in drawn if part.tag == "path" and part.get("class") == "c-paper-f"]
        for part in drawn:
            if part.tag == "text" and patches:
                part.attrib |= {"class": f"{part.get('class', '')} c-paper-s".strip(), "stroke": style.PAPER,
                                "stroke-width": "3", "stroke-linejoin": "round", "paint-order": "stroke"}  # fmt: skip
            if part not in patches:
                parent.append(part)

    def _clips(self, node: ET.Element, parent: ET.Element) -> None:
        """Keep only the clip paths that something kept refers to."""
        used = {part.get("clip-path", "")[5:-1] for part in self._root.iter() if _tag(part) != "g"}
        for clip in node:
            if _tag(clip) == "clipPath" and clip.get("id") in used:
                kept = ET.SubElement(ET.SubElement(parent, "defs"), "clipPath", {"id": clip.get("id", "")})
                for shape in clip:
                    numbers = {name: _round(value) for name, value in shape.attrib.items() if name != "d"}
                    data = {"d": _path(shape.get("d", ""))} if shape.get("d") else {}
                    ET.SubElement(kept, _tag(shape), numbers | data)

    def _shape(self, node: ET.Element, parent: ET.Element) -> None:
        data = _path(node.get("d", ""))
        if data:
            shape = ET.SubElement(parent, "path", {"d": data} | _paint(_declared(node)))
            if node.get("clip-path"):
                shape.set("clip-path", node.get("clip-path", ""))

    def _marker(self, node: ET.Element, parent: ET.Element) -> ET.Element | None:
        shape = self._markers.get(node.get("{http://www.w3.org/1999/xlink}href") or node.get("href") or "")
        if shape is None:
            return None
        x, y = float(node.get("x", 0)), float(node.get("y", 0))
        paint = _paint(_declared(shape) | _declared(node))
        radius = _radius(shape.get("d", ""))
        if radius is None:
            moved = {"transform": f"translate({_short(x)} {_short(y)})", "d": _path(shape.get("d", ""))}
            return ET.SubElement(parent, "path", moved | paint)
        return ET.SubElement(parent, "circle", {"cx": _short(x), "cy": _short(y), "r": _short(radius)} | paint)

    def _dots(self, group: ET.Element, parent: ET.Element) -> None:
        """Draw the many unnamed dots in few strokes, and each named one as a circle with its tip."""
        units = self._units[int((group.get("id") or "")[len(canvas.DOTS) :])]
        drawn = [node for node in group.iter() if _tag(node) == "use"]
        if len(drawn) != len(units):
            raise ValueError(f"{len(units)} units but {len(drawn)} dots were drawn. Keep every dot inside its figure.")
        circles = [self._marker(node, ET.Element("g")) for node in drawn]
        plain = [circle for circle, unit in zip(circles, units, strict=True)
                 if circle is not None and unit not in self._tips]  # fmt: skip
        if len(plain) >= 12:
            _strokes(plain, parent)
        else:
            parent.extend(plain)
        for circle, unit in zip(circles, units, strict=True):
            if circle is not None and unit in self._tips:
                ET.SubElement(circle, "title").text = visible(self._tips[unit], limit=None)
                parent.append(circle)

    def _text(self, node: ET.Element, parent: ET.Element) -> None:
        words = "".join(node.itertext())
        if not words.strip():
            return
        declared = _declared(node)
        paint = _paint(declared)
        paint.pop("stroke", None)
        x, y, turn = _anchor(node)
        size = declared.get("font-size") or next(iter(re.findall(r"([\d.]+)px", declared.get("font", ""))), "12")
        bold = "bold" in declared.get("font", "") or declared.get("font-weight") in {"bold", "700"} or (
            re.search(r"\b700\b", declared.get("font", "")) is not None)  # fmt: skip
        attributes = {"x": _short(x), "y": _short(y), "font-size": _short(float(size.removesuffix("px")))}
        if bold:
            attributes["font-weight"] = "700"
        paint.pop("font-weight", None)
        if turn:
            attributes["transform"] = f"rotate({_short(turn)} {_short(x)} {_short(y)})"
        ET.SubElement(parent, "text", attributes | paint).text = words


def _shorten(drawing: ET.Element) -> None:
    """Say once what neighbours share: strokes alike become one path, other elements alike a group."""
    runs: list[list[ET.Element]] = []
    for child in list(drawing):
        drawing.remove(child)
        last = runs[-1][-1] if runs else None
        if last is not None and _mergeable(last, child):
            last.set("d", last.get("d", "") + child.get("d", ""))
        elif last is not None and _shared(last) == _shared(child) and child.tag in _GROUPED:
            runs[-1].append(child)
        else:
            runs.append([child])
    for run in runs:
        shared = _shared(run[0])
        if len(run) < 3 or "opacity" in shared or not shared:
            drawing.extend(run)
            continue
        group = ET.SubElement(drawing, "g", shared)
        for child in run:
            child.attrib = {name: value for name, value in child.attrib.items() if name not in shared}
            group.append(child)


def _shared(node: ET.Element) -> dict[str, str]:
    """The attributes that a group can hold for its members."""
    return {name: value for name, value in node.attrib.items() if name in _HELD} if node.tag in _GROUPED else {}


def _mergeable(one: ET.Element, other: ET.Element) -> bool:
    alike = {name: value for name, value in one.attrib.items() if name != "d"}
    return (
        one.tag == other.tag == "path"
        and one.get("fill") == "none"
        and not {"opacity", "stroke-opacity", "clip-path", "transform", "stroke-dasharray"} & set(alike)
        and alike == {name: value for name, value in other.attrib.items() if name != "d"}
    )


def _anchor(node: ET.Element) -> tuple[float, float, float]:
    """Read where a text stands and how it is turned, written as x and y or as a transform."""
    x, y, turn = float(node.get("x", 0)), float(node.get("y", 0)), 0.0
    for name, inside in re.findall(r"(\w+)\(([^)]*)\)", node.get("transform", "")):
        numbers = [float(value) for value in _NUMBER.findall(inside)]
        if name == "translate":
            x, y = x + numbers[0], y + (numbers[1] if len(numbers) > 1 else 0.0)
        elif name == "rotate":
            turn = numbers[0]
    return x, y, turn


def _paint(declared: Mapping[str, str]) -> dict[str, str]:
    """Put colours into classes, with the light colour as an attribute; keep the harmless rest."""
    fill, stroke = declared.get("fill", "#000000"), declared.get("stroke", "none")
    painted, classes = {}, []
    for name, colour, suffix in (("fill", fill, "f"), ("stroke", stroke, "s")):
        if colour == "none":
            if name == "fill":
                painted[name] = "none"
            continue
        painted[name] = colour.lower()
        classes.append(f"c-{_colour_name(colour)}-{suffix}")
    if classes:
        painted["class"] = " ".join(classes)
    for name in _KEPT:
        value = declared.get(name)
        if value and not (name.startswith("stroke") and stroke == "none"):
            value = _round(value.replace(",", " ")) if name != "stroke-linecap" else value
            if _DEFAULTS.get(name) != value:
                painted[name] = " ".join(value.split())
    return painted


def _colour_name(colour: str) -> str:
    name = _MARK_COLOURS.get(colour.lower(), "ink" if colour.lower() in {"#000000", "black"} else None)
    if name is None:
        raise ValueError(f"The colour {colour!r} is not in the palette. Use one of pdlib.show.style.PALETTE.")
    return name


def _radius(data: str) -> float | None:
    """Give the radius if a marker is a circle about its origin, else None."""
    numbers = [float(value) for value in _NUMBER.findall(data)]
    if data.count("C") != 8 or not numbers or abs(numbers[0]) > 1e-9:
        return None
    return abs(numbers[1])


def _strokes(circles: Iterable[ET.Element], parent: ET.Element) -> None:
    """Draw dots as round-capped strokes of no length: a tenth of the bytes of a circle each.

    Dots that overlap go to different layers, and each layer lies on a slightly wider one in the colour of the
    paper, so that the single dots of a crowd stay apart to the eye.
    """
    dots = list(circles)
    ringed = bool(dots[0].get("stroke")) and len(dots) <= _RINGED_DOTS
    radius = float(dots[0].get("r", "3"))
    name = next(part[2:-2] for part in dots[0].get("class", "").split() if part.endswith("-f"))
    ring = 2 * radius + 2 * float(dots[0].get("stroke-width", "1")) if ringed else 0.0
    colours = [("paper", ring)] if ringed else []
    group = ET.SubElement(parent, "g", {"fill": "none", "stroke-linecap": "round"})
    places = sorted((round(10 * float(dot.get("cx", 0))), round(10 * float(dot.get("cy", 0)))) for dot in dots)
    if len(places) > _RINGED_DOTS:
        # Thousands of dots are a texture: whole units do, and of two in the same place one.
        places = sorted({(round(x, -1), round(y, -1)) for x, y in places})
    for layer in _layers(places, 20 * radius) if ringed else [places]:
        data = _steps(layer)
        for colour, thickness in [*colours, (name, 2 * radius)]:
            ET.SubElement(group, "path", {"d": data, "class": f"c-{colour}-s", "stroke": style.PALETTE[colour],
                                          "stroke-width": _short(thickness)})  # fmt: skip


def _layers(places: list[tuple[int, int]], apart: float) -> list[list[tuple[int, int]]]:
    """Deal places (in tenths) into layers within which no two lie closer than `apart`."""
    layers: list[list[tuple[int, int]]] = []
    for x, y in places:
        for layer in layers:
            near = (spot for spot in reversed(layer))
            clear = True
            for left, up in near:
                if x - left > apart:
                    break
                if (x - left) ** 2 + (y - up) ** 2 < apart**2:
                    clear = False
                    break
            if clear:
                layer.append((x, y))
                break
        else:
            layers.append([(x, y)])
    return layers


def _steps(places: list[tuple[int, int]]) -> str:
    """Write places as moves from one to the next, each followed by a line of no length."""
    at_x = at_y = 0
    parts = []
    for x, y in places:
        down = _short((y - at_y) / 10)
        parts.append(f"m{_short((x - at_x) / 10)}{'' if down.startswith('-') else ' '}{down}h0")
        at_x, at_y = x, y
    return "".join(parts)
