"""Data reach a page as text and as nothing else."""

from __future__ import annotations

import unicodedata
from html.parser import HTMLParser

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from markupsafe import Markup

from pdlib.show.html import Html, element, join, text, visible

HOSTILE = [
    "<script>alert(1)</script>",
    '"><img src=x onerror=alert(1)>',
    "A$^$B",
    'Tom & Co\'s "best"',
    "\u202eedoc live\u202c",
    "😀 shop 👩‍👧",
    "修理店 渋谷",
    "متجر الإصلاح",
    "</title></svg><script>x</script>",
    "]]><!--",
    "a\x00b\x1bc\nd",
    "\ud800 alone",
    "\ufffe\uffff",
    "=HYPERLINK(1)",
    "x" * 5000,
    "",
]
any_text = st.one_of(st.text(max_size=300), st.sampled_from(HOSTILE))


class Reader(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.attributes: list[tuple[str, str | None]] = []
        self.text = ""

    def handle_starttag(self, tag, attrs):
        self.tags.append(tag)
        self.attributes += attrs

    def handle_data(self, data):
        self.text += data


def read(markup) -> Reader:
    reader = Reader()
    reader.feed(str(markup))
    reader.close()
    return reader


@given(any_text)
def test_a_name_stays_text_and_says_the_same(name):
    reader = read(element("p", text(name), title=name))
    assert reader.tags == ["p"]
    assert reader.text == visible(name)
    assert reader.attributes == [("title", visible(name, limit=None))]


@given(any_text)
def test_what_is_shown_holds_nothing_that_reorders_or_controls(name):
    shown = visible(name)
    assert len(shown) <= 200
    assert not [c for c in shown if unicodedata.bidirectional(c) in {"LRE", "RLE", "LRO", "RLO", "PDF", "LRI"}]
    assert not [c for c in shown if unicodedata.category(c) in {"Cc", "Cs"}]


def test_bidi_controls_are_marked():
    assert visible("Shop\u202e 71") == "Shop⟨RLO⟩ 71"


def test_joined_emoji_survive():
    assert visible("👩\u200d👧") == "👩\u200d👧"


@pytest.mark.parametrize("missing", [None, float("nan"), np.nan, pd.NA, pd.NaT])
def test_a_missing_value_is_a_dash(missing):
    assert text(missing) == "–"


def test_long_names_keep_two_hundred_characters():
    assert visible("n" * 200) == "n" * 200
    assert visible("n" * 201) == "n" * 199 + "…"


def test_data_never_vouch_for_themselves():
    assert text(Markup("<b>x</b>")) == "&lt;b&gt;x&lt;/b&gt;"


def test_children_that_are_text_are_escaped_and_markup_passes():
    assert element("p", "a < b", element("b", "c"), None) == "<p>a &lt; b<b>c</b></p>"


@pytest.mark.parametrize("tag", ["script", "style", "svg", "iframe", "p onclick=x", "P"])
def test_other_tags_are_refused(tag):
    with pytest.raises(ValueError, match="is not allowed"):
        element(tag, "x")


@pytest.mark.parametrize("name", ["onclick", "style", "src", "srcdoc", "aria-x y"])
def test_other_attributes_are_refused(name):
    with pytest.raises(ValueError, match="is not allowed"):
        element("p", "x", **{name: "y"})


@pytest.mark.parametrize(
    "href", ["javascript:alert(1)", " javascript:x", "data:text/html,x", "//elsewhere/x", "JaVaScRiPt:x"]
)
def test_links_that_run_or_leave_are_refused(href):
    with pytest.raises(ValueError, match="link"):
        element("a", "x", href=href)


@pytest.mark.parametrize("href", ["#method", "https://example.org/a?b=c&d", "mailto:a@example.org", "reports/a.html#x"])
def test_plain_links_pass(href):
    assert read(element("a", "x", href=href)).attributes == [("href", href)]


def test_reserved_words_and_hyphens():
    assert (
        element("th", "x", class_="n", scope="col", aria_label="y") == '<th class="n" scope="col" aria-label="y">x</th>'
    )
    assert element("details", open=True, id=None, lang=False) == "<details open></details>"


def test_html_shows_markup_in_a_notebook_and_lines_in_a_terminal():
    shown = join(
        element("p", "Nine & more"), Html(Markup("<svg><text>60 %</text></svg>")), element("ul", element("li", "a"))
    )
    assert shown._repr_html_().startswith("<p>Nine &amp; more</p><svg>")
    assert repr(shown) == "Nine & more\n- a"
