"""The page that the exporter makes of a notebook: whole, quiet, self-contained."""

import hashlib
import re
from base64 import b64encode
from importlib.metadata import entry_points
from pathlib import Path

import pytest
from nbformat import v4
from traitlets.config import Config

from pdlib.publish.checks import Outline, PageError, page_failures, page_warnings
from pdlib.publish.exporter import TEMPLATES, InsightExporter

CSS = (TEMPLATES / "insight" / "insight.css").read_text(encoding="utf-8")
PNG = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==\n"


def html_cell(html, *tags, source="secret = 1"):
    return code_cell(
        v4.new_output("display_data", data={"text/html": html, "text/plain": "<HTML object>"}), tags=tags, source=source
    )


def code_cell(*outputs, tags=(), source="secret = 1"):
    return v4.new_code_cell(source, outputs=list(outputs), metadata={"tags": list(tags)}, execution_count=1)


def export(*cells, **options):
    page, _ = InsightExporter(**options).from_notebook_node(v4.new_notebook(cells=list(cells)))
    return page


HEADLINE = v4.new_markdown_cell("# Nine shops & cafés do better\n\nSeven should be real.")


def test_registered_with_nbconvert():
    (entry,) = [entry for entry in entry_points(group="nbconvert.exporters") if entry.name == "insight"]
    assert entry.load() is InsightExporter
    assert InsightExporter.export_from_notebook == "Insight report"


def test_page_is_whole():
    page = export(HEADLINE, html_cell("<h2>Who</h2><p>Elm</p>"))
    assert page.startswith('<!doctype html>\n<html lang="en">\n<head>\n<meta http-equiv="Content-Security-Policy"')
    policy = re.search(
        r"default-src 'none'; style-src 'sha256-([^']+)'; img-src data:; base-uri 'none'; form-action 'none'", page
    )
    style = re.search(r"<style>(.*?)</style>", page, re.DOTALL)
    assert policy.group(1) == b64encode(hashlib.sha256(style.group(1).encode()).digest()).decode()
    assert "style=" not in page
    assert "<title>Nine shops &amp; cafés do better</title>" in page
    assert '<a class="skip" href="#report">' in page
    assert page_failures(page) == []
    assert page_warnings(page) == []


def test_code_never_shows_unless_asked_for():
    assert "secret" not in export(HEADLINE, html_cell("<p>Elm</p>"))
    shown = export(
        HEADLINE, html_cell("<p>Elm</p>"), html_cell("<p>Oak</p>", "hide-input", source="hush"), exclude_input=False
    )
    assert "<pre><code>secret = 1</code></pre>" in shown
    assert "hush" not in shown


@pytest.mark.parametrize(
    ("tag", "kept"),
    [
        ("remove-cell", False),
        ("remove-output", False),
        ("remove-input", True),
        ("hide-input", True),
        ("parameters", True),
    ],
)
def test_tags_of_jupyter_are_respected(tag, kept):
    assert ("<p>Elm</p>" in export(HEADLINE, html_cell("<p>Elm</p>", tag))) is kept


def test_tags_put_cells_into_their_parts():
    page = export(
        html_cell('<p class="kicker">520 shops</p>', "kicker"),
        HEADLINE,
        v4.new_markdown_cell("Rows used: 9", metadata={"tags": ["footer"]}),
        v4.new_markdown_cell("## Method", metadata={"tags": ["appendix"]}),
        v4.new_markdown_cell("Last words"),
    )
    assert re.search(r"<header>\s*<p class=\"kicker\">520 shops</p>\s*</header>", page)
    assert re.search(r"Last words</p>\s*<details class=\"appendix\">\s*<summary>How this was worked out", page)
    code = (
        r'\s*<details class="more">\s*<summary>The code behind this page</summary>\s*<pre><code>secret = 1</code></pre>'
    )
    assert re.search(rf"<h2>Method</h2>{code}\s*</details>\s*</details>\s*</main>", page)
    assert re.search(r"<footer>\s*<p>Rows used: 9</p>\s*</footer>", page)


def test_sections_are_listed_with_anchors_that_exist():
    page = export(
        HEADLINE, v4.new_markdown_cell("## Who\n\n## Who\n\n## Què & *more*"), html_cell('<h2 id="own">Own</h2>')
    )
    anchors = re.findall(r'<li><a href="#([^"]+)">', page)
    assert anchors == ["who", "who-2", "que-more", "own"]
    assert page_failures(page) == []
    assert 'class="contents"' not in export(HEADLINE, v4.new_markdown_cell("## One\n\n## Two"))


def test_headings_in_cards_and_folds_are_not_sections():
    cards = '<section class="twin"><h2>Elm</h2></section><details><summary>x</summary><h2>Folded</h2></details>'
    page = export(HEADLINE, html_cell(cards), v4.new_markdown_cell("## One\n\n## Two\n\n## Three"))
    assert re.findall(r'<li><a href="#([^"]+)">', page) == ["one", "two", "three"]


def test_raw_html_in_markdown_is_text_and_prose_is_kept():
    prose = "It is <b onclick='x()'>bold</b><!-- hush -->, $5 < $6 & *more*."
    source = f"# Nine\n\n{prose}\n\n<script>x()</script>\n\n<!-- hush -->"
    page = export(v4.new_markdown_cell(source))
    assert "<p>It is &lt;b onclick='x()'&gt;bold&lt;/b&gt;, $5 &lt; $6 &amp; <em>more</em>.</p>" in page
    assert "<p>&lt;script&gt;x()&lt;/script&gt;</p>" in page
    assert "hush" not in page


def test_hostile_links_in_markdown_lose_their_target():
    page = export(v4.new_markdown_cell("# Nine\n\n[x](javascript:boom()) ![Nine shops](//evil.example/x.png)"))
    assert "javascript" not in page
    assert "evil.example" not in page
    assert "usable description" in "".join(map(str, page_failures(page)))


def test_best_format_wins_and_text_is_escaped():
    printed = v4.new_output("stream", name="stdout", text="\x1b[31mpdlib <1>\x1b[0m\n")
    plain = v4.new_output("execute_result", data={"text/plain": "a < b"}, execution_count=1)
    page = export(HEADLINE, html_cell("<p>rich</p>"), code_cell(printed), code_cell(plain))
    assert "<pre>pdlib &lt;1&gt;</pre>" in page
    assert "<pre>a &lt; b</pre>" in page
    assert "HTML object" not in page


def test_described_picture_is_embedded():
    cell = code_cell(v4.new_output("display_data", data={"image/png": PNG, "text/plain": "<Figure>"}))
    with pytest.raises(PageError, match=r"cell 2 .*picture without a description"):
        export(HEADLINE, cell)
    cell.metadata["alt"] = 'Nine shops lie above the "limit"'
    page = export(HEADLINE, cell)
    assert 'alt="Nine shops lie above the &quot;limit&quot;"' in page
    assert page_failures(page) == []


@pytest.mark.parametrize(
    ("output", "reason"),
    [
        (v4.new_output("stream", name="stderr", text="/a/b.py:3: UserWarning: few shops\n  warn()"), "few shops"),
        (
            v4.new_output("error", ename="ValueError", evalue="no", traceback=["\x1b[31mno"]),
            "stopped with ValueError: no",
        ),
        (v4.new_output("display_data", data={"application/javascript": "x()", "text/plain": "x"}), "without scripts"),
        (v4.new_output("display_data", data={"application/vnd.plotly.v1+json": {}}), "without scripts"),
    ],
)
def test_a_notebook_that_is_not_clean_is_refused(output, reason):
    cells = [HEADLINE, v4.new_markdown_cell("## Who stands out"), code_cell(output)]
    with pytest.raises(PageError, match=reason) as caught:
        export(*cells)
    assert caught.value.failures[0].where == 'cell 3 ("Who stands out")'
    assert page_failures(export(*cells, strict=False)) == []


def test_cells_keep_their_numbers_when_others_are_removed():
    warning = code_cell(v4.new_output("stream", name="stderr", text="careful"))
    with pytest.raises(PageError, match="cell 3"):
        export(HEADLINE, html_cell("<p>x</p>", "remove-cell"), warning)


@pytest.mark.kernel
def test_plain_nbconvert_runs_the_notebook_and_judges_what_it_did(tmp_path):
    """Outputs stored in the file do not count; those of the run do."""
    settings = Config({"ExecutePreprocessor": {"enabled": True}})
    resources = {"metadata": {"path": str(tmp_path)}}
    stale = v4.new_output("stream", name="stderr", text="stale")
    fine = v4.new_notebook(cells=[HEADLINE, code_cell(stale, source="print('fresh')")])
    page, _ = InsightExporter(config=settings).from_notebook_node(fine, resources)
    assert "<pre>fresh</pre>" in page
    bad = v4.new_notebook(cells=[HEADLINE, code_cell(source="import sys; print('careful', file=sys.stderr)")])
    with pytest.raises(PageError, match="careful"):
        InsightExporter(config=settings).from_notebook_node(bad, resources)


def test_no_trait_names_a_remote_address():
    exporter = InsightExporter()
    urls = {name: getattr(exporter, name) for name in exporter.trait_names() if name.endswith("_url")}
    assert len(urls) >= 6
    assert set(urls.values()) == {""}


def test_template_is_small_and_loads_nothing():
    page = export(HEADLINE)
    assert len(page.encode()) <= 20_000
    everything = "".join(path.read_text(encoding="utf-8") for path in Path(TEMPLATES).rglob("*.*"))
    assert not re.search(r"https?:|//[a-z]|url\(|@import|<script|<link", everything)


def test_provenance_is_the_last_line_of_the_footer():
    page, _ = InsightExporter().from_notebook_node(
        v4.new_notebook(cells=[HEADLINE]), resources={"provenance": "Built <today>"}
    )
    assert re.search(r'<p class="built">Built &lt;today&gt;</p>\s*</footer>', page)


def test_same_notebook_same_bytes():
    cells = [HEADLINE, html_cell("<p>Elm</p>")]
    assert export(*cells) == export(*cells)


@pytest.mark.parametrize(
    ("html", "reason"),
    [
        ("<h1>A 1</h1><h1>B</h1>", "has 2 first-level headings"),
        ("<p>x</p>", "has 0 first-level headings"),
        ('<h1>A 1</h1><p id="a"></p><p id="a"></p>', "uses the id 'a' 2 times"),
        ('<h1>A 1</h1><p aria-labelledby="b">x</p>', "refers to 'b'"),
        ('<h1>A 1</h1><svg viewBox="0 0 1 1"></svg>', "a drawing without a name"),
        ('<h1>A 1</h1><img src="https://x.example/a.png" alt="Nine shops">', "usable description"),
        ('<h1>A 1</h1><img src="data:image/png;base64,AAAA" alt="image">', "usable description"),
        ("<h1>A 1</h1><p>/srv/studies/chain/shops.csv</p>", "names a folder of this machine"),
    ],
)
def test_pages_that_are_not_whole_are_found(html, reason):
    page = export(html_cell(html))
    assert re.search(reason, "\n".join(map(str, page_failures(page, ["/srv/studies/chain"]))))


def test_page_checks_see_what_a_template_must_not_do():
    found = "\n".join(
        map(str, page_failures('<main><h1>A 1</h1><script src="x.js"></script><p style="background:url(//x)">'))
    )
    assert "<script>" in found
    assert "script src" in found
    assert "p style" in found


def test_warnings_tell_what_a_reader_stumbles_over():
    page = export(v4.new_markdown_cell("# Shops do well\n\n#### Deep\n\n| a |\n|---|\n| 1 |"), html_cell("x" * 500_001))
    warnings = " ".join(page_warnings(page))
    assert "skips a level" in warnings
    assert "no number" in warnings
    assert "1 of 1 tables have no caption" in warnings
    assert "KB" in warnings


def test_outline_reads_the_standfirst():
    outline = Outline('<h1>Nine</h1><p class="standfirst">Seven <b>should</b>\n be real.</p><p>x</p>')
    assert outline.standfirst == "Seven should be real."


def luminance(colour):
    channels = [int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)]
    linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in channels]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def contrast(one, other):
    light, dark = sorted([luminance(one), luminance(other)], reverse=True)
    return (light + 0.05) / (dark + 0.05)


@pytest.mark.parametrize("mode", [0, 1], ids=["light", "dark"])
def test_text_and_marks_stand_out(mode):
    block = re.findall(r":root \{(.*?)\}", CSS, re.DOTALL)[mode]
    colours = dict(re.findall(r"--(\w+): (#[0-9a-f]{6})", block))
    for ground in ("paper", "card"):
        for text in ("ink", "soft", "bright", "evidence", "dim"):
            assert contrast(colours[text], colours[ground]) >= 4.5, (text, ground)
        assert contrast(colours["dot"], colours[ground]) >= 3, ground


@pytest.mark.parametrize("name", ["ink", "soft", "line", "paper", "card", "bright", "evidence", "dim", "dot"])
def test_every_drawing_colour_has_its_classes(name):
    assert f".c-{name}-f {{ fill: var(--{name}); }}" in CSS
    assert f".c-{name}-s {{ stroke: var(--{name}); }}" in CSS
