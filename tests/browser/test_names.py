"""Ten thousand strange names: every one is shown as text that says the same, in tables, attributes and drawings."""

import random
import unicodedata

import pandas as pd
import pytest
from nbformat import v4

from pdlib.publish.audit.tree import tree
from pdlib.publish.exporter import InsightExporter
from pdlib.show import canvas, element, figure, table, text
from pdlib.show.html import join, visible

MANY, SAMPLE = 10_000, 400
SEED = 20261125
PIECES = [
    "$", "$^$", "\\", "_", "^", "{", "}", "%", "#", "&", "<", ">", '"', "'", "`", "=", "+", "-", "@", "/", "..",
    ";", ":", "<b>", "</td>", "<!--", "]]>", "&amp;", "&#60;", "{{", "${", "Elm", "Old Mill", "O'Hare",
    "St. John's", "No 7", "é", "ß", "İ", "ǆ", "e\u0301", "a\u0308\u0323", "東京", "渋谷駅", "서울", "ถนน",
    "हिन्दी", "שדרה", "متجر", "الإصلاح", "ﷺ", "\u202e", "\u202d", "\u2066", "\u2069", "\u200f", "\u200e",
    "\u061c", "\u200b", "\u200d", "\ufeff", "\u00ad", "\u2028", "😀", "👩\u200d👧",
    "🏴\U000e0067\U000e0062\U000e007f", "🇳🇴", "✊🏽", "𝔈𝔩𝔪", "\U0001f9ff", "\t", "\n", "\r", "\x00", "\x1b[31m",
    "\x7f", "\x85", "\ufffe", "\U0010ffff", "\ue000", " ", "  ", "\u00a0", "\u3000", "ﬁ", "Ａ", "½", "№", "…",
]  # fmt: skip


def names():
    """Strange names, the same every time: mixed pieces, some of them very long, some of single planes of Unicode."""
    pick = random.Random(SEED)  # noqa: S311 - the same names every time
    made = [*PIECES, *(piece * 200 for piece in ("x", "漢", "م", "😀", "\u202e", "<", "&", "$"))]
    while len(made) < MANY:
        length = pick.choices([1, 2, 3, 5, 8, 13, 40, 200], [9, 9, 9, 9, 9, 4, 1, 1])[0]
        if pick.random() < 0.7:
            made.append("".join(pick.choice(PIECES) for _ in range(length)))
        else:
            start = pick.choice([0x20, 0x370, 0x590, 0x900, 0x2000, 0x3040, 0x4E00, 0xAC00, 0x1F300])
            made.append("".join(chr(start + pick.randrange(200)) for _ in range(length)))
    return made


NAMES = names()
SHOWN = [visible(name) for name in NAMES]


def test_what_is_shown_reorders_nothing_and_loses_no_letter():
    reordering = {"LRE", "RLE", "LRO", "RLO", "PDF", "LRI", "RLI", "FSI", "PDI"}
    for name, shown in zip(NAMES, SHOWN, strict=True):
        assert len(shown) <= 200
        assert not reordering & {unicodedata.bidirectional(character) for character in shown}
        whole = visible(name, limit=None)
        letters = [character for character in name if unicodedata.category(character)[0] in "LN"]
        assert [c for c in whole if unicodedata.category(c)[0] in "LN" and c in letters][: len(letters)] or not letters


def test_every_bidi_mark_is_visible():
    marks = "\u061c\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069"
    assert [visible(mark) for mark in marks] == [
        f"⟨{word}⟩"
        for word in "ALM LRM RLM LRE RLE PDF LRO RLO LRI RLI FSI PDI".split()  # noqa: SIM905
    ]


def exported(html):
    cell = v4.new_code_cell("x", outputs=[v4.new_output("display_data", data={"text/html": html})])
    notebook = v4.new_notebook(cells=[v4.new_markdown_cell("# Nine shops"), cell])
    return InsightExporter().from_notebook_node(notebook)[0]


def listed(some):
    frame = pd.DataFrame({"name": pd.Series(some, dtype=object)})
    shown = table(frame, caption="Names", columns={"name": ("Name", None)}, row_header="name")
    lines = [element("p", text(name), title=visible(name)) for name in some]
    return join(shown, *lines).__html__()


def test_ten_thousand_names_keep_their_meaning_in_a_page():
    root = tree(exported(listed(NAMES)))
    cells = ["".join(map(str, cell.children)) for cell in root.first("tbody").all("th")]
    lines = [node for node in root.first("main").all("p") if "title" in node.attributes]
    assert cells == SHOWN
    assert ["".join(map(str, line.children)) for line in lines] == SHOWN
    assert [line.attributes["title"] for line in lines] == SHOWN
    assert {node.tag for node in root.first("main")} == {
        "h1",
        "div",
        "table",
        "caption",
        "thead",
        "tbody",
        "tr",
        "th",
        "p",
    }


def drawn(some):
    """A drawing with every name as text, and as the tip of a dot."""

    def draw(ax):
        ax.set_axis_off()
        dots = ax.scatter(range(len(some)), range(len(some)), color="#b4540a")
        canvas.remember(dots, range(len(some)))
        for name in some:
            canvas.note(ax, visible(name), (0.5, 0.5), up="axes fraction")
        canvas.finish(ax, None)

    tips = {str(at): visible(name) for at, name in enumerate(some)}
    words = {"title": "Names", "subtitle": "All", "description": "Many strange names, 500 of them in one drawing"}
    return figure(draw, tips=tips, **words).__html__()


@pytest.mark.slow
@pytest.mark.parametrize("part", range(4))
def test_ten_thousand_names_keep_their_meaning_in_drawings(part):
    share = MANY // 4
    for start in range(part * share, (part + 1) * share, 500):
        root = tree(exported(drawn(NAMES[start : start + 500])))
        wanted = SHOWN[start : start + 500]
        for drawing in root.all("svg"):
            tips = ["".join(map(str, title.children)) for dot in drawing.all("circle") for title in dot.all("title")]
            assert tips == wanted
            words = ["".join(map(str, node.children)) for node in drawing.all("text")]
            assert words == [shown for shown in wanted if shown.strip()]


@pytest.mark.browser
def test_a_browser_shows_them_so(browser, tmp_path):
    some = NAMES[:: MANY // SAMPLE]
    page = tmp_path / "names.html"
    page.write_text(exported(listed(some) + drawn(some)), encoding="utf-8")
    context = browser.new_context()
    tab = context.new_page()
    asked = []
    tab.on("request", lambda request: asked.append(request.url))
    tab.goto(page.as_uri())
    got = tab.evaluate("""() => ({
      cells: [...document.querySelectorAll('tbody th')].map(e => e.textContent),
      titles: [...document.querySelectorAll('main p[title]')].map(e => e.title),
      words: [...document.querySelectorAll('svg.wide text')].map(e => e.textContent),
      tips: [...document.querySelectorAll('svg.wide circle title')].map(e => e.textContent),
      parts: [...new Set([...document.querySelectorAll('main *')].map(e => e.tagName.toLowerCase()))].sort() })""")
    context.close()
    shown = [visible(name) for name in some]
    assert got["cells"] == got["titles"] == got["tips"] == shown
    assert got["words"] == [name for name in shown if name.strip()]
    assert not {"script", "img", "b", "style", "a"} & set(got["parts"])
    assert asked == [page.as_uri()]
