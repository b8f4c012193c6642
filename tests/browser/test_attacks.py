"""Attacks in a real browser: none succeeds on a page as shipped, and each layer alone holds nearly all of them.

Every case is a page of its own. It succeeds if its script runs (on load, click, hover or focus), if the page asks the
network for anything, if it leads away, or if the headline or the words after the attack are changed or covered.
"""

import re
from collections import Counter
from functools import cache

import pandas as pd
import pytest
from nbformat import v4

from pdlib.errors import PdlibError
from pdlib.publish import exporter as exporter_module
from pdlib.publish.exporter import InsightExporter
from pdlib.show import Side, element, figure, figures, kicker, practice_card, quote, table, text, twin_card
from tests import attacks

HOME = "https://report.test/"
ALLOWED = ["https://ok.example/"]  # where attacks link to openly
HEADLINE, LAST = "Nine shops do better", "Last words of the page"
# Markup that leaves an element open, closes the page's own, or moves what follows: no policy can correct that.
LEFT_OPEN = [r"</main>", r"<template\b", r"<style>(?!.*</style>)", r"<svg/\S*//"]
SWALLOWS = re.compile("|".join([*map(re.escape, attacks.SWALLOWING), *LEFT_OPEN]))

# What stands there, then everything is hovered over, focused and clicked, but for ordinary links: to follow one is the
# reader's choice.
LOOK = """async ([headline, last]) => {
  const words = [...document.querySelectorAll('main p')].find(p => p.textContent.trim() == last);
  const h1 = document.querySelector('main h1');
  const seen = e => { if (!e) return false; e.scrollIntoView({block: 'center'}); const b = e.getBoundingClientRect();
    const top = document.elementFromPoint(b.left + Math.min(20, b.width / 2), b.top + b.height / 2);
    const s = getComputedStyle(e);
    return b.height > 8 && s.visibility == 'visible' && parseFloat(s.fontSize) > 9 && (top == e || e.contains(top)) };
  const added = h1 ? getComputedStyle(h1, '::before').content : 'none';
  const whole = seen(h1) && h1.textContent.trim() == headline && seen(words) && ['none', 'normal'].includes(added);
  const skip = ['HTML', 'HEAD', 'META', 'LINK', 'TITLE'];
  for (const e of [...document.querySelectorAll('*')].filter(e => !skip.includes(e.tagName))) {
    for (const kind of ['pointerenter', 'pointerover', 'mouseover', 'mouseenter', 'mousemove', 'focusin'])
      e.dispatchEvent(new Event(kind, {bubbles: kind != 'mouseenter'}));
    const href = e.getAttribute('href') || '';
    const ordinary = e.tagName == 'A' && /^(https?:|mailto:|tel:|#|[\\w.\\/-]+$)/i.test(href);
    try {
      if (e.focus) e.focus();
      if (e.hasAttribute('ping')) e.addEventListener('click', () => setTimeout(() => window.stop(), 5));
      const click = new MouseEvent('click', {bubbles: true, cancelable: true});
      if (!ordinary || e.hasAttribute('ping')) e.dispatchEvent(click);
    } catch (error) {}
  }
  window.scrollTo(0, 9);
  await new Promise(done => setTimeout(done, 20));
  return {whole, boom: window.__boom || 0, links: [...document.links].map(link => link.href)} }"""


def page_of(*cells, metadata=None, **options):
    """Export a notebook whose headline comes before the cells given, and whose last words come after."""
    cells = [v4.new_markdown_cell(f"# {HEADLINE}"), *cells, v4.new_markdown_cell(LAST)]
    notebook = v4.new_notebook(cells=cells, metadata=metadata or {})
    page, _ = InsightExporter(strict=False, **options).from_notebook_node(notebook)
    return page


def output(data, metadata=None, cell_metadata=None):
    return v4.new_code_cell(
        "x", outputs=[v4.new_output("display_data", data=data, metadata=metadata or {})], metadata=cell_metadata or {}
    )


def hostile_output(payload):
    return page_of(output({"text/html": payload}))


def hostile_markdown(payload):
    return page_of(v4.new_markdown_cell(payload))


def hostile_name(name):
    return page_of(output({"text/html": named_everywhere(name)}))


@cache
def named_everywhere(name):
    """The name in every place that a page has for one: prose, attributes, tables, cards, figures, tips."""
    names = pd.Series([name, "Elm"], dtype=object)
    rows = pd.DataFrame({"unit": ["a", "b"], "label": names, "value": [1.0, 2.0], "lower": 0.5, "upper": 2.5})
    side = Side("Bright spot", name, name, {name: name})
    parts = [
        kicker(name), element("p", text(name), title=name, aria_label=name),
        table(rows, caption=name, columns={"label": (name, None), "value": (name, None)}, row_header="label"),
        twin_card(side, side, value_label=name, difference=name, difference_range=name, does=[name], ask=name),
        practice_card(name, theme=name, who_decides=name, cost=name, who=name, contrast=name, sureness=name,
                      who_to_ask=name, question=name),
        quote(name, name),
        figure(lambda ax: figures.dots(rows, value="value", lower="lower", upper="upper", value_label=name, ax=ax),
               title=name, subtitle=name, description=f"{name} and 1 more, each with its own range of values",
               tips={"a": name, "b": "Elm"}),
    ]  # fmt: skip
    return "".join(part.__html__() for part in parts)


IMG = "<img src=x onerror=boom()>"
SVG = f"<svg xmlns='http://www.w3.org/2000/svg' onload='boom()'>{IMG}</svg>"
NOTEBOOKS = {
    "title": lambda: page_of(metadata={"title": f"</title>{IMG}"}),
    "language": lambda: page_of(language_code=f'en">{IMG}'),
    "summary": lambda: page_of(v4.new_markdown_cell("x", metadata={"tags": ["appendix"]}), appendix_summary=IMG),
    "heading anchor": lambda: page_of(*(v4.new_markdown_cell(f'## x" onclick="boom() {i}\n\n{IMG}') for i in range(3))),
    "svg": lambda: page_of(output({"image/svg+xml": SVG})),
    "svg beside html": lambda: page_of(output({"image/svg+xml": SVG, "text/html": SVG})),
    "javascript": lambda: page_of(output({"application/javascript": "boom()", "text/plain": "x"})),
    "latex": lambda: page_of(output({"text/latex": f"$\\href{{javascript:boom()}}{{x}}${IMG}"})),
    "markdown output": lambda: page_of(output({"text/markdown": f"{IMG}\n\n[x](javascript:boom())"})),
    "plain": lambda: page_of(output({"text/plain": IMG})),
    "png": lambda: page_of(output({"image/png": 'AAAA" onerror="boom()'}, {"image/png": {"alt": "A picture of 9"}})),
    "alt": lambda: page_of(output({"image/png": "AAAA"}, cell_metadata={"alt": f'x" onerror="boom() {IMG}'})),
    "widget": lambda: page_of(output({"application/vnd.jupyter.widget-view+json": {"model_id": IMG}})),
    "stream": lambda: page_of(v4.new_code_cell("x", outputs=[v4.new_output("stream", name="stdout", text=IMG)])),
    "error stream": lambda: page_of(v4.new_code_cell("x", outputs=[v4.new_output("stream", name="stderr", text=IMG)])),
    "traceback": lambda: page_of(
        v4.new_code_cell("x", outputs=[v4.new_output("error", ename=IMG, evalue=IMG, traceback=[IMG])])
    ),
    "raw": lambda: page_of(v4.new_raw_cell(IMG, metadata={"raw_mimetype": "text/html"})),
    "code": lambda: page_of(v4.new_code_cell(f"</code></pre>{IMG}"), exclude_input=False),
    "code in the fold": lambda: page_of(
        v4.new_code_cell(f"</code></pre>{IMG}"), v4.new_markdown_cell("x", metadata={"tags": ["appendix"]})
    ),
    "attachment": lambda: page_of(
        v4.new_markdown_cell("![x](attachment:a.svg)", attachments={"a.svg": {"image/svg+xml": SVG}})
    ),
    "explained word": lambda: page_of(
        output({"text/html": f'<p>twin</p><dfn id="x&quot;onclick=boom()">{IMG}twin</dfn>'})
    ),
}  # fmt: skip

OUTPUTS = [*attacks.HTML, *attacks.LIVE, *attacks.DEFACING, *attacks.SWALLOWING]
CASES = [
    *((f"output {payload!r}", hostile_output, payload) for payload in dict.fromkeys(OUTPUTS)),
    *((f"markdown {payload!r}", hostile_markdown, payload) for payload in attacks.MARKDOWN),
    *((f"name {payload!r}", hostile_name, payload) for payload in attacks.NAMES),
    *((f"notebook {name}", lambda make: make(), make) for name, make in NOTEBOOKS.items()),
]


def written(make, payload, mode, monkeypatch):
    """Make the page of a case with one or both layers taken away."""
    with monkeypatch.context() as patch:
        if mode in {"policy alone", "neither"}:
            patch.setattr(exporter_module, "clean", lambda html: html)
        try:
            page = make(payload)
        except PdlibError as error:  # a page that is refused does nothing
            return f"<main><h1>{HEADLINE}</h1><p>{LAST}</p></main><!-- {type(error).__name__} -->"
    if mode in {"cleaning alone", "neither"}:
        page, removed = re.subn(r'<meta http-equiv="Content-Security-Policy"[^>]*>', "", page, count=1)
        assert removed == 1
    return page


class Watcher:
    """Opens pages one after the other in one tab, and tells what each did."""

    def __init__(self, browser):
        self.context = browser.new_context(viewport={"width": 1000, "height": 700})
        self.context.add_init_script("window.boom = () => { window.__boom = 1 }; window.alert = window.boom")
        self.html, self.asked = "", []
        self.context.route("**/*", self._answer)
        self._open()

    def _open(self):
        self.tab = self.context.new_page()
        self.tab.set_default_timeout(4000)
        self.tab.on("dialog", lambda dialog: dialog.dismiss())

    def _answer(self, route):
        if route.request.url == self.address and route.request.is_navigation_request():
            route.fulfill(body=self.html, content_type="text/html; charset=utf-8")
        else:
            self.asked.append(route.request.url)
            route.abort()

    def succeeded(self, number, html):
        """What an attack achieved: "script", "request", "defaced" or nothing."""
        self.address, self.html, self.asked = f"{HOME}{number}.html", html.encode("utf-8", "replace").decode(), []
        seen = self._look()
        if seen is None and not self._strange(ALLOWED):
            seen = self._look()  # a link that was clicked may lead away before the question is answered
        if seen is None:  # a page that left or hung has done something
            return "request" if self._strange(ALLOWED) else "defaced"
        if seen["boom"]:
            return "script"
        if self._strange(seen["links"]):
            return "request"
        return "" if seen["whole"] else "defaced"

    def _look(self):
        """What is seen of the page; None if it left or hung in mid-question."""
        from playwright.sync_api import Error

        try:
            self.tab.goto(self.address, wait_until="load")
            return self.tab.evaluate(LOOK, [HEADLINE, LAST])
        except Error:
            self.tab.close()  # and where it is going must not be taken for what the next one does
            self._open()
            return None

    def _strange(self, links):
        """What was asked for: not the icon, for which the browser asks, nor where a link says that it leads."""
        own = {*links, f"{HOME}favicon.ico"}
        return [url for url in self.asked if not url.startswith("data:") and url not in own]


@pytest.fixture(scope="module")
def achieved(browser):
    """What each case achieved in a mode, of those that achieved something."""
    watcher = Watcher(browser)

    @cache
    def in_mode(mode):
        with pytest.MonkeyPatch.context() as monkeypatch:
            found = {
                name: watcher.succeeded(f"{mode.replace(' ', '-')}-{number}", written(make, payload, mode, monkeypatch))
                for number, (name, make, payload) in enumerate(CASES)
            }
        return {name: what for name, what in found.items() if what}

    yield in_mode
    watcher.context.close()


@pytest.mark.browser
@pytest.mark.slow
def test_the_attacks_are_live(achieved):
    """Without both layers most of them succeed, so the other tests can fail."""
    assert len({name for name, _, _ in CASES}) == len(CASES) >= 150
    kinds = Counter(achieved("neither").values())
    assert kinds.total() >= 110
    assert min(kinds["script"], kinds["request"], kinds["defaced"]) >= 10


@pytest.mark.browser
@pytest.mark.slow
def test_no_attack_succeeds_on_a_page_as_shipped(achieved):
    assert achieved("shipped") == {}


@pytest.mark.browser
@pytest.mark.slow
def test_cleaning_alone_holds_them(achieved):
    assert len(achieved("cleaning alone")) <= 2


@pytest.mark.browser
@pytest.mark.slow
def test_the_policy_alone_lets_nothing_run_and_next_to_nothing_out(achieved):
    """A policy cannot correct markup: what swallows or repeats the page is for the cleaning to stop."""
    through = achieved("policy alone")
    assert "script" not in through.values()
    assert [name for name, what in through.items() if what == "request" and "http-equiv=refresh" not in name] == []
    assert list(through.values()).count("request") <= 2
    assert [name for name, what in through.items() if what == "defaced" and not SWALLOWS.search(name)] == []
