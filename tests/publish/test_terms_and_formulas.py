"""Words lead to their meaning where a reader first meets them; formulas read without a script."""

import pytest
from nbformat import v4

from pdlib.publish.checks import PageError
from pdlib.publish.exporter import InsightExporter
from pdlib.publish.formula import FormulaError, formula, is_formula
from pdlib.publish.terms import link_terms, unlinked_terms

WORDS = '<dl><dt><dfn id="w-bs">Bright spot</dfn></dt><dd>x</dd><dt><dfn id="w-t">Twin</dfn></dt><dd>y</dd></dl>'


def test_the_first_use_is_linked_and_only_that():
    body = "<p>Nine bright spots, each beside its twin.</p><p>A bright spot and a twin.</p>"
    assert link_terms(body, WORDS) == (
        '<p>Nine <a class="term" href="#w-bs">bright spots</a>, each beside its <a class="term" href="#w-t">twin</a>.'
        "</p><p>A bright spot and a twin.</p>"
    )
    assert link_terms(link_terms(body, WORDS), WORDS).count("<a ") == 4  # once more: the exporter does it once


@pytest.mark.parametrize(
    "kept",
    [
        "<h2>Twins</h2>", "<a href='#x'>twin</a>", "<svg><text>twin</text><title>twin</title></svg>", "<p>twinned</p>",
        '<p title="a twin">x</p>', "<table><caption>Twin</caption><tr><th>Twin</th></tr></table>",
        '<figcaption><span class="title">A twin</span></figcaption>', "<pre><code>twin</code></pre>",
        "<details><summary>Twin</summary></details>", "<p>x &twin; y</p>",
    ],
)  # fmt: skip
def test_headings_titles_drawings_and_parts_of_words_are_left_alone(kept):
    assert link_terms(kept, WORDS) == kept


def test_a_title_ends_where_its_span_ends():
    body = '<figcaption><span class="title">A twin</span> <span class="subtitle">the twin</span></figcaption>'
    assert link_terms(body, WORDS).endswith(
        '<span class="subtitle">the <a class="term" href="#w-t">twin</a></span></figcaption>'
    )


def test_unlinked_words_are_told():
    assert unlinked_terms("<p>a twin</p>", WORDS) == ["Twin"]
    assert unlinked_terms(link_terms("<p>a twin</p>", WORDS), WORDS) == []
    assert unlinked_terms("<p>none</p>", WORDS) == []


@pytest.mark.parametrize(
    ("source", "shown"),
    [
        ("x^2", "<i>x</i><sup>2</sup>"),
        (r"\hat\theta_i", "<i>θ̂</i><sub><i>i</i></sub>"),
        (r"\frac{a+b}{c}", "(<i>a</i>+<i>b</i>) / (<i>c</i>)"),
        (r"\sqrt{n_{ij}} \le \alpha", "√(<i>n</i><sub><i>ij</i></sub>) ≤ <i>α</i>"),
        (r"\sum_i \mathrm{logit}(p) - 1", "∑<sub><i>i</i></sub> logit(<i>p</i>) − 1"),
        (r"a < b & c", "<i>a</i> &lt; <i>b</i> &amp; <i>c</i>"),
        (r"\text{<b>}", "&lt;b&gt;"),
        ("", ""),
        (r"\frac", "() / ()"),
    ],
)
def test_simple_formulas_become_text(source, shown):
    assert formula(source) == shown


@pytest.mark.parametrize("source", [r"\begin{cases} x \end{cases}", r"\href{javascript:x}{y}", r"\newcommand{\x}{y}"])
def test_others_are_refused_with_a_way_out(source):
    with pytest.raises(FormulaError, match="Say it in words"):
        formula(source)


@pytest.mark.parametrize(
    ("source", "is_one"), [("5 and ", False), ("x", True), ("x = 3", True), (r"\mu", True), ("3", False)]
)
def test_money_is_no_formula(source, is_one):
    assert is_formula(source) is is_one


def page(source, **options):
    cells = [v4.new_markdown_cell("# Nine shops"), v4.new_markdown_cell(source)]
    return InsightExporter(**options).from_notebook_node(v4.new_notebook(cells=cells))[0]


def test_markdown_formulas_are_shown_and_hard_ones_name_their_cell():
    shown = page("The spread is $\\tau^2$; it costs $5 or $6.\n\n$$x_i$$")
    assert "<i>τ</i><sup>2</sup>; it costs $5 or $6." in shown
    assert '<span class="formula"><i>x</i><sub><i>i</i></sub></span>' in shown
    with pytest.raises(PageError, match=r'cell 2 \("Nine shops"\): The formula .* holds \\begin'):
        page("$$\\begin{cases}x\\end{cases}$$")
    assert "cases" not in page("$$\\begin{cases}x\\end{cases}$$", strict=False)


def test_a_notebook_too_large_for_a_page_is_refused_before_it_is_rendered(monkeypatch):
    monkeypatch.setattr("pdlib.publish.exporter.MOST_CHARACTERS", 5000)
    with pytest.raises(PageError, match=r"cell 2 .*brings the notebook to .* at most 5,000"):
        page("x" * 6000)
    monkeypatch.setattr("pdlib.publish.exporter.MOST_CELLS", 1)
    with pytest.raises(PageError, match="has 2 cells; at most 1"):
        page("x")
