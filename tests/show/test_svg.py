"""Drawings that a page can carry: whole, small, named, and the same every time."""

from __future__ import annotations

import re
from xml.etree import ElementTree as ET

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from pdlib.show import figures, style
from pdlib.show.html import Html, element, visible
from pdlib.show.svg import _layers, _steps, figure

from . import frames

DESCRIPTION = "Each dot is one of 500 shops; nine lie above what their size allows."
DRAWS = frames.draws()


def made(draw, **changes) -> str:
    words = {"title": "Nine shops stand out", "subtitle": "Very satisfied share", "description": DESCRIPTION, **changes}
    return figure(draw, **words)._repr_html_()


def parsed(markup: str) -> ET.Element:
    return ET.fromstring(markup)  # noqa: S314 - our own markup


def drawings(markup: str) -> list[ET.Element]:
    root = parsed(markup)
    for group in (node for node in root.iter() if tag(node) == "g"):
        for child in group:  # what a group holds, its members have
            child.attrib = {**group.attrib, **child.attrib}
    return [node for node in root.iter() if node.tag.endswith("svg")]


def tag(node: ET.Element) -> str:
    return node.tag.rpartition("}")[2]


@pytest.fixture(scope="module")
def markups() -> dict[str, str]:
    return {name: made(draw) for name, draw in DRAWS.items()}


@pytest.mark.parametrize("name", DRAWS)
def test_two_drawings_with_role_name_and_description(markups, name):
    wide, narrow = drawings(markups[name])
    assert [wide.get("class"), narrow.get("class")] == ["wide", "narrow"]
    assert [wide.get("style"), narrow.get("style")] == [None, "display:none"]
    for drawing in (wide, narrow):
        title, desc = drawing[0], drawing[1]
        assert drawing.get("role") == "img"
        assert drawing.get("aria-labelledby") == f"{title.get('id')} {desc.get('id')}"
        assert (title.text, desc.text) == ("Nine shops stand out", DESCRIPTION)
    assert wide.get("viewBox").split()[2] == "720"
    assert narrow.get("viewBox").split()[2] == "340"


def test_no_identifier_twice_on_a_page_of_all_figures(markups):
    page = "".join([*markups.values(), made(DRAWS["trend"], key="again")])
    found = re.findall(r' id="([^"]*)"', page)
    assert len(found) == len(set(found)) == 4 * (len(DRAWS) + 1)


@pytest.mark.parametrize("name", DRAWS)
def test_every_colour_follows_the_stylesheet(markups, name):
    colours = {colour: key for key, colour in style.PALETTE.items()}
    painted = 0
    for drawing in drawings(markups[name]):
        for node in drawing.iter():
            assert node is drawing or node.get("style") is None
            classes = (node.get("class") or "").split()
            for attribute, suffix in (("fill", "f"), ("stroke", "s")):
                colour = node.get(attribute)
                if colour not in {None, "none"}:
                    assert f"c-{colours[colour]}-{suffix}" in classes
                    painted += 1
            if tag(node) in {"path", "circle", "text"}:
                inherits = tag(node) == "path" and node.get("stroke")
                assert node.get("fill") or inherits
    assert painted > 10


@pytest.mark.parametrize("name", DRAWS)
def test_text_is_real_and_large_enough_for_a_phone(markups, name):
    sizes = [float(node.get("font-size")) for node in drawings(markups[name])[1].iter() if tag(node) == "text"]
    assert len(sizes) >= 5
    assert min(sizes) >= 10.5


@pytest.mark.parametrize("name", DRAWS)
def test_nothing_is_drawn_off_the_sheet(markups, name):
    for drawing in drawings(markups[name]):
        _, _, width, height = map(float, drawing.get("viewBox").split())
        for node in drawing.iter():
            if tag(node) == "text":
                x, y = float(node.get("x")), float(node.get("y"))
                assert -1 <= x <= width + 1
                assert 0 < y <= height
            if tag(node) == "circle":
                assert 0 <= float(node.get("cx")) <= width
                assert 0 <= float(node.get("cy")) <= height


def test_only_what_is_needed_is_kept(markups):
    for markup in markups.values():
        assert not re.search(r"<metadata|<!DOCTYPE|Matplotlib|xlink|clip-path|\d\.\d\d", markup)
        assert not re.search(r"<style|<script|on\w+=|https?://(?!www\.w3\.org/2000/svg)", markup)


@pytest.mark.parametrize("name", DRAWS)
def test_the_same_bytes_again(markups, name):
    assert made(DRAWS[name]) == markups[name]


def test_a_funnel_of_five_hundred_is_small(markups):
    assert len(markups["funnel"].encode()) <= 45_000


def test_a_funnel_of_five_thousand_stays_within_the_limit_of_a_figure():
    table, limits, labels = frames.units(5000)
    assert len(made(lambda ax: figures.funnel(table, limits, labels=labels, ax=ax)).encode()) <= 100_000


def test_only_cleared_units_are_named(markups):
    table, limits, labels = frames.units()
    cleared = {unit: f"{name}: 79 %" for unit, name in list(labels.items())[:3]} | {table["unit"][7]: "its <twin>"}
    markup = made(lambda ax: figures.funnel(table, limits, labels=labels, ax=ax), tips=cleared)
    tips = [node.find("{*}title").text for node in parsed(markup).iter() if tag(node) == "circle" and len(node)]
    assert sorted(tips) == sorted([visible(tip) for tip in cleared.values()] * 2)
    assert not re.search(r"S\d{4}", markup)
    assert "<title>" not in re.sub(r'<title id="[^"]*">', "", markups["funnel"])


def dot_places(drawing: ET.Element, colour: str) -> int:
    return sum(
        node.get("d").count("h0")
        for node in drawing.iter()
        if tag(node) == "path" and node.get("class") == f"c-{colour}-s"
    )


def test_every_unit_has_its_dot(markups):
    for drawing in drawings(markups["funnel"]):
        named = [
            node for node in drawing.iter() if tag(node) == "circle" and node.get("class", "").startswith("c-bright-f")
        ]
        assert dot_places(drawing, "dot") + len(named) == 500
        assert len(named) == 9


@pytest.mark.parametrize("variant", ["wide", "narrow"])
def test_strange_names_are_shown_as_they_are(markups, variant):
    drawing = drawings(markups["funnel"])[variant == "narrow"]
    words = [node.text for node in drawing.iter() if tag(node) == "text"]
    for name in ("Elm Retail Park", "A$^$B", "Tom & Co <b>", "😀 Quay", "متجر الإصلاح"):
        assert name in words
    assert any(word.startswith("nnnn") and word.endswith("…") for word in words)
    assert any(word.startswith("⟨RLO⟩") for word in words)


def test_many_names_get_numbers_and_a_key_on_a_phone(markups):
    numbers = [str(i) for i in range(1, 10)]
    narrow = drawings(markups["funnel"])[1]
    assert sorted(node.text for node in narrow.iter() if node.text in numbers) == sorted(2 * numbers)
    table, limits, labels = frames.units()
    few = dict(list(labels.items())[:4])
    for plain in drawings(made(lambda ax: figures.funnel(table, limits, labels=few, ax=ax))):
        assert not [node for node in plain.iter() if node.text in numbers]


@settings(max_examples=12, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.lists(st.text(min_size=1, max_size=220), min_size=9, max_size=9))
def test_any_names_give_a_whole_drawing(names):
    rows = frames.ranges(12).assign(label=[*names, None, None, None])
    markup = made(lambda ax: figures.dots(rows, value="value", lower="lower", upper="upper", ax=ax), title=names[0])
    assert len(drawings(markup)) == 2


@pytest.mark.parametrize(
    "description", ["", "Too short 1", "A long description that holds no number at all, none whatever"]
)
def test_a_description_must_say_something_with_a_number(description):
    with pytest.raises(ValueError, match="at least 40 characters and a number"):
        made(DRAWS["trend"], description=description)


def test_a_colour_outside_the_palette_is_refused():
    with pytest.raises(ValueError, match="'#ff0000' is not in the palette"):
        made(lambda ax: ax.plot([0, 1], [0, 1], color="#ff0000"))


def test_clip_paths_keep_their_own_names():
    def draw(ax):
        ax.set_axis_off()
        ax.set_xlim(0, 1)
        ax.plot([0, 2], [0, 1], color=style.INK)

    markup = made(draw)
    used = set(re.findall(r"url\(#([^)]*)\)", markup))
    assert len(used) == 2
    assert used <= set(re.findall(r' id="([^"]*)"', markup))


def test_caption_and_numbers_behind():
    table = Html(element("p", "7,380 answers"))
    root = parsed(made(DRAWS["trend"], title="A < B", table=table))
    assert root.get("class") == "chart"
    assert [tag(node) for node in root] == ["figcaption", "svg", "svg", "details"]
    assert root[0][0].text == "A < B"
    assert "".join(root[3].itertext()) == "Numbers behind this figure7,380 answers"


@given(st.lists(st.tuples(st.integers(0, 7200), st.integers(0, 3600)), min_size=1, max_size=60))
def test_dots_keep_their_places_and_no_layer_overlaps(places):
    places = sorted(places)
    layers = _layers(places, 60.0)
    assert sorted(spot for layer in layers for spot in layer) == places
    for layer in layers:
        x = y = 0.0
        for spot, move in zip(layer, _steps(layer).split("h0"), strict=False):
            numbers = re.findall(r"-?\d*\.?\d+", move)
            x, y = x + float(numbers[0]), y + float(numbers[1])
            assert (round(10 * x), round(10 * y)) == spot
        assert all(
            (a[0] - b[0]) ** 2 + (a[1] - b[1]) ** 2 >= 3600 for i, a in enumerate(layer) for b in layer[:i]
        )  # fmt: skip
