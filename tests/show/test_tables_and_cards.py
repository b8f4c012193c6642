"""Tables, cards and the small pieces around them."""

from __future__ import annotations

from xml.etree import ElementTree as ET

import pandas as pd
import pytest
from markupsafe import Markup

from pdlib.show import (
    Html,
    Side,
    caveats,
    element,
    findings,
    kicker,
    overview,
    practice_card,
    quote,
    result,
    standfirst,
    table,
    twin_card,
)
from pdlib.show.formats import count, share
from pdlib.show.wording import causal_words, jargon_words

SHOPS = pd.DataFrame(
    {"shop": ["Elm <b>", None], "answers": [7380, 12], "satisfied": [0.789, float("nan")], "open": [True, False]}
)
COLUMNS = {
    "shop": ("Shop", None),
    "answers": ("Answers", count),
    "satisfied": ("Satisfied", share),
    "open": ("Open", None),
}


def parsed(shown) -> ET.Element:
    return ET.fromstring(str(shown.markup).replace("<br>", "<br/>"))  # noqa: S314 - our own markup


def test_a_table_has_caption_scopes_and_a_named_box():
    box = parsed(table(SHOPS, caption="Shops & more", columns=COLUMNS, row_header="shop"))
    assert box.attrib == {"class": "scroll", "role": "region", "tabindex": "0", "aria-label": "Shops & more"}
    assert box.findtext("table/caption") == "Shops & more"
    assert [(th.text, th.get("scope")) for th in box.iterfind("table/thead/tr/th")] == [
        ("Shop", "col"), ("Answers", "col"), ("Satisfied", "col"), ("Open", "col"),
    ]  # fmt: skip
    rows = [[cell.text for cell in row] for row in box.iterfind("table/tbody/tr")]
    assert rows == [["Elm <b>", "7,380", "79\u00a0%", "yes"], ["–", "12", "–", "no"]]
    assert [th.get("scope") for th in box.iterfind("table/tbody/tr/th")] == ["row", "row"]
    assert [td.get("class") for td in box.iterfind("table/tbody/tr[1]/td")] == ["n", "n", None]


def test_a_formatter_may_give_markup_but_its_text_is_escaped():
    shown = table(
        SHOPS.head(1), caption="c", row_header="shop",
        columns={"shop": ("Shop", lambda name: element("b", name)), "answers": ("n", lambda _: "<i>")},
    )  # fmt: skip
    assert "<b>Elm &lt;b&gt;</b>" in shown.markup
    assert "&lt;i&gt;" in shown.markup


def test_an_empty_table_says_so_and_a_missing_column_is_named():
    assert "nothing to list" in str(table(SHOPS.head(0), caption="c", columns=COLUMNS, row_header="shop"))
    with pytest.raises(KeyError, match="nope"):
        table(SHOPS, caption="c", columns={"nope": ("x", None)}, row_header="shop")


def test_an_overview_shows_the_head_and_says_how_much_there_is():
    frame = pd.DataFrame({"unit": [f"S{i}" for i in range(30)], "excess": [i / 1000 for i in range(30)]})
    shown = overview("Nine shops do better.", frame, ["Small units are left out."], rows=5)
    assert str(shown).splitlines()[:2] == ["Nine shops do better.", "5 of 30 rows"]
    assert len(parsed(Html(Markup("<x>{}</x>").format(shown))).findall(".//tbody/tr")) == 5
    assert "0.004" in str(shown)
    assert str(shown).endswith("- Small units are left out.")


def card(name: str = "Elm Retail Park"):
    conditions = {"staff": "6", "site": "retail park"}
    return twin_card(
        Side("Bright spot", name, "79 %", conditions),
        Side("Its nearest twin", "A shop like it", "71 %", conditions),
        value_label="very satisfied", difference="8 more customers in 100 leave very satisfied",
        difference_range="between 4 and 11",
        does=["the manager works the counter on Saturdays", "everyone gets a call on day 3"],
        ask="What do you do on a bad Saturday?",
    )  # fmt: skip


def test_a_twin_card_sets_two_sides_above_what_to_do():
    section = parsed(card())
    assert [part.get("class") for part in section] == ["side", "side", "tape", "do"]
    rows = [["".join(cell.itertext()) for cell in row] for row in section.iterfind("table/tbody/tr")]
    assert rows == [["79 %", "very satisfied", "71 %"], ["6", "staff", "6"], ["retail park", "site", "retail park"]]
    below = "".join(section[3].itertext())
    assert "(between 4 and 11). Only it does:" in below
    assert "Call and ask: “What do you do on a bad Saturday?”" in below
    assert len(section.findall(".//li")) == 2


def test_a_hostile_name_on_a_card_is_text():
    assert parsed(card('<img src=x onerror="x">&')).findtext("div/p[@class='name']") == '<img src=x onerror="x">&'


def test_a_practice_card_holds_what_a_pilot_needs():
    article = parsed(practice_card(
        "Manager on the counter", theme="dream, drive, discipline", who_decides="shop manager", cost=1,
        who="62\u00a0% of bright spots · 18\u00a0% of comparable peers",
        contrast="Shops that do it have 1.4 points more (0.7 to 2.1), given the same means.",
        sureness="promising: stands out among 40 tested together", who_to_ask="Elm’s manager", question="How?", level=2,
    ))  # fmt: skip
    facts = dict(zip((dt.text for dt in article.iter("dt")), (dd.text for dd in article.iter("dd")), strict=True))
    assert facts["Who does it"] == "62\u00a0% of bright spots · 18\u00a0% of comparable peers"
    assert facts["Cost"] == "almost nothing (1 of 5)"
    assert article.findtext("h2") == "Manager on the counter"
    words = "".join(article.itertext())
    assert "Association, worth a pilot." in words
    assert causal_words(words) == []
    assert jargon_words(words) == []


def test_the_small_pieces():
    assert str(kicker("a < b").markup) == '<p class="kicker">a &lt; b</p>'
    assert str(standfirst("x").markup) == '<p class="standfirst">x</p>'
    assert str(findings(["a", element("b", "c")]).markup) == '<ol class="findings"><li>a</li><li><b>c</b></li></ol>'
    assert str(caveats([]).markup) == ""
    assert str(quote("Told me <so>", "customer").markup) == (
        '<blockquote class="quote"><p>“Told me &lt;so&gt;”</p><cite>customer</cite></blockquote>'
    )
    assert str(result("Nine.", limits=["few"])) == "Nine.\n- few"
