"""Every report against the standard, on its bytes and in a real browser."""

from pathlib import Path

import pytest

from pdlib.cli import main
from pdlib.publish import pages
from pdlib.publish.audit import audit
from pdlib.publish.audit.browser import LOOKS, axe_script, faults, ink, missing
from pdlib.publish.audit.content import content
from pdlib.publish.audit.tree import tree
from pdlib.publish.pdf import find_chromium, is_tagged, pdf_twin
from tests.publish import places

from .conftest import REPORTS

FIRST_SCREEN = 812
LEARNED = "Organisational particularities notwithstanding "
TELLING = {*(f"C{i}" for i in range(1, 12)), *"F1 F2 F3 F5 F7 F9 P3 P4 P5 P6 P7 P12 P14 V1 V3 S1 S3 R4".split()}  # noqa: SIM905


@pytest.mark.slow
@pytest.mark.parametrize("name", REPORTS)
def test_a_report_meets_what_its_bytes_can_show(report, name):
    measures = audit(report(name), browser=False)
    assert [measure for measure in measures if measure.met is False] == []
    checked = {measure.criterion for measure in measures if measure.met}
    assert checked >= TELLING


@pytest.mark.browser
@pytest.mark.slow
@pytest.mark.parametrize("name", REPORTS)
def test_a_report_meets_what_a_browser_can_show(report, name):
    if why := missing() or ("" if axe_script() else "needs axe-core"):
        pytest.skip(why)
    measures = audit(report(name))
    assert [measure for measure in measures if measure.met is False] == []
    checked = {measure.criterion for measure in measures if measure.met}
    assert checked >= {"F4", "F6", "P1", "P5", "P8", "P9", "P11", "P13"}


@pytest.mark.browser
def test_the_pages_around_the_reports_have_no_faults(browser, tmp_path, monkeypatch):
    script = axe_script()
    if script is None:
        pytest.skip("needs axe-core")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(pages._Maker, "_execute", places.execute)
    places.make_study(tmp_path / "study")
    build = ["build", "study", "--quiet", "--notebook", "report.ipynb"]
    places.notebook()
    assert main(build) == 0
    places.notebook("boom s03")
    assert main(build) == 0
    assert main([*build, "--each", "unit=s01,s02,s03"]) == 1
    places.notebook("boom")
    assert main(build) == 1
    found = sorted(path for path in Path("reports").rglob("*.html") if path.name != "s01.html")
    named = " ".join(path.name for path in found)
    assert "index.html" in named and "failed" in named and "by-unit" in named
    for path in (path for path in found if path.parent.name != "earlier" and not path.name.startswith("s0")):
        for look in LOOKS:
            assert (path.name, faults(browser, path, look, script)) == (path.name, [])


@pytest.mark.browser
@pytest.mark.parametrize("name", ["repair-shops", "new-york-flights"])
def test_the_twin_card_fits_a_phones_first_screen(browser, report, name):
    context = browser.new_context(viewport={"width": 375, "height": FIRST_SCREEN})
    tab = context.new_page()
    tab.goto(report(name).as_uri())
    bottom = tab.evaluate("() => document.querySelector('.twin').getBoundingClientRect().bottom")
    context.close()
    assert 300 < bottom <= FIRST_SCREEN


@pytest.mark.browser
def test_a_word_leads_to_its_meaning_in_the_fold(browser, report):
    context = browser.new_context()
    tab = context.new_page()
    tab.goto(report("nobody-found").as_uri())
    tab.click("a.term")
    assert tab.evaluate("() => document.querySelector('.appendix').open")
    assert tab.evaluate("() => document.querySelector(':target').checkVisibility()")
    context.close()


@pytest.mark.browser
def test_a_page_on_paper_is_tagged_and_the_last_one_stays_if_it_fails(report, tmp_path, monkeypatch):
    if find_chromium() is None:
        pytest.skip("no Chromium on this machine")
    page = tmp_path / "page.html"
    page.write_bytes(report("nobody-found").read_bytes())
    made = pdf_twin(page)
    assert made == tmp_path / "page.pdf"
    assert is_tagged(made)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["page.html", "page.pdf"]
    before = made.read_bytes()
    monkeypatch.setattr("pdlib.publish.pdf.find_chromium", lambda: "false")
    with pytest.raises(Exception, match="without a tagged PDF"):
        pdf_twin(page)
    assert made.read_bytes() == before


def test_without_chromium_no_pdf_is_made(tmp_path, monkeypatch):
    monkeypatch.setattr("pdlib.publish.pdf.find_chromium", lambda: None)
    page = tmp_path / "page.html"
    page.write_text("x", encoding="utf-8")
    assert pdf_twin(page) is None
    assert "needs" in {m.criterion: m for m in audit_in_browser(page, monkeypatch)}["P1"].measured


def audit_in_browser(page, monkeypatch):
    from pdlib.publish.audit import browser as module

    monkeypatch.setattr(module, "find_chromium", lambda: None)
    return module.in_browser(page)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("found", "change"),
    [
        ("C1", lambda html: html.replace("<h1>", "<h1>Shops do well</h1><h1 hidden>", 1)),
        ("C2", lambda html: html.replace('<ol class="findings">', f'<p>{"word " * 90}</p><ol class="findings">', 1)),
        ("C3", lambda html: html.replace("</ol>", "</ol><p>It goes with 3 more in 100.</p>", 1)),
        ("C4", lambda html: html.replace('class="subtitle"', 'class="x"', 1)),
        ("C5", lambda html: html.replace("</ol>", "</ol><p>The p-value is small.</p>", 1)),
        ("C6", lambda html: html.replace('<ul class="caveats">', f'<ul class="caveats">{"<li>x</li>" * 4}', 1)),
        ("C7", lambda html: html.replace("What changed", "News").replace("first report", "report")),
        ("C8", lambda html: html.replace("</ol>", f"</ol><p>{LEARNED * 60}</p>", 1)),
        ("C10", lambda html: html.replace('<th scope="col">Practice', '<th scope="col">Rank', 1)),
        ("C11", lambda html: html.replace("</ol>", "</ol><p>The huddle boosts scores.</p>", 1)),
        ("F1", lambda html: html.replace("<desc ", "<metadata ", 1)),
        ("F3", lambda html: html.replace("--soft: #57626a", "--soft: #a7b2ba", 1)),
        ("F5", lambda html: html.replace("<h2 ", '<p id="report">x</p><h2 ', 1)),
        ("F9", lambda html: html.replace("<title>Westerham Mall:", "<title>Somewhere else:")),
        ("P3", lambda html: html.replace('class="skip"', 'class="x"', 1)),
        ("P4", lambda html: html.replace("<caption>", "<caption hidden></caption><caption>", 1)),
        ("P5", lambda html: html.replace("</main>", '<img src="https://x.example/x.png" alt="Nine"></main>', 1)),
        ("P7", lambda html: html.replace("</main>", '<p onclick="x()">x</p></main>', 1)),
        ("P12", lambda html: html.replace("</ol>", "</ol><pre>code</pre>", 1)),
        ("P14", lambda html: html.replace("</ol>", r"</ol><p>$\frac{a}{b}$</p>", 1)),
        ("V1", lambda html: html.replace("rows used", "lines")),
        ("V3", lambda html: html.replace("<h2 ", '<p aria-labelledby="nowhere">x</p><h2 ', 1)),
        ("S1", lambda html: html.replace("</main>", "<p style='color:red'>x</p></main>", 1)),
        ("S3", lambda html: html.replace("default-src 'none'", "default-src *", 1)),
        ("S10", lambda html: html.replace("</main>", "<p>a\u202eb</p></main>", 1)),
        ("R4", lambda html: html.replace("</main>", "<p>anna@example.org</p></main>", 1)),
    ],
)  # fmt: skip
def test_the_audit_notices(report, tmp_path, found, change):
    html = report("repair-shops").read_text(encoding="utf-8")
    worse = change(html)
    assert worse != html
    page = tmp_path / "repair-shops.html"
    page.write_text(worse, encoding="utf-8")
    failed = {measure.criterion for measure in audit(page, browser=False) if measure.met is False}
    assert found in failed


def test_names_rows_and_small_counts_are_measured_with_the_study(report, tmp_path):
    from pdlib.publish.audit.safety import given_away

    assert given_away([["Team", "Answers"], ["A", "12"], ["B", "–"], ["Total", "20"]]) == ["Answers"]
    assert given_away([["Team", "Answers"], ["A", "–"], ["B", "–"], ["C", "9"], ["Total", "30"]]) == []
    assert given_away([["Team", "Answers"], ["A", "–"], ["B", "–"], ["Total", "0"]]) == ["Answers"]


def test_a_second_build_is_compared(report, tmp_path):
    page = report("nobody-found")
    again = tmp_path / page.name
    again.write_text(page.read_text(encoding="utf-8").replace("04:12 UTC", "05:13 UTC"), encoding="utf-8")
    same = {measure.criterion: measure.met for measure in audit(page, rebuilt=again, browser=False)}
    assert same["V2"] and same["F8"]
    again.write_text(page.read_text(encoding="utf-8").replace("None of", "Some of"), encoding="utf-8")
    assert {measure.criterion: measure.met for measure in audit(page, rebuilt=again, browser=False)}["V2"] is False


def test_nobody_found_is_judged_as_a_page(report):
    html = report("nobody-found").read_text(encoding="utf-8")
    nine = next(measure for measure in content(tree(html), html) if measure.criterion == "C9")
    assert nine.met and "findings" in nine.measured


def test_ink_tells_an_empty_picture(tmp_path):
    import io

    import numpy as np
    from matplotlib.image import imsave

    def png(share):
        picture = np.full((100, 100, 3), 250, dtype=np.uint8)
        picture[: int(100 * share)] = 20
        file = io.BytesIO()
        imsave(file, picture, format="png")
        return file.getvalue()

    assert ink(png(0)) == 0
    assert abs(ink(png(0.3)) - 0.3) < 0.01
