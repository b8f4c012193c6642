"""Nothing executable survives cleaning; our figures and tables do, to the byte."""

import re
import subprocess
from html.parser import HTMLParser

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pdlib.publish.sanitise import clean
from tests.attacks import HTML as ATTACKS

FIGURE = (
    '<figure class="chart"><figcaption><span class="title">Nine shops</span> <span class="subtitle">share</span>'
    '</figcaption><svg class="wide" viewBox="0 0 720 360" role="img" aria-labelledby="f1t f1d" '
    'preserveAspectRatio="xMidYMid meet"><title id="f1t">Nine &lt; ten</title><desc id="f1d">Nine of 520.</desc>'
    '<defs><clipPath id="f1c" clipPathUnits="userSpaceOnUse"><rect x="0" y="0" width="7.5" height="8"/></clipPath>'
    '<path id="f1m" d="M0 3C0.8 3 1.6 2.7 2.1 2.1Z"/></defs><g clip-path="url(#f1c)" class="c-dot-f" fill="#84949f">'
    '<use xlink:href="#f1m" x="10" y="20.5"/><circle cx="1" cy="2.5" r="3"/><circle cx="4" cy="5" r="5">'
    '<title>Elm Retail Park</title></circle><polyline points="0,1 2,3" fill="none" stroke-dasharray="4 4"/></g>'
    '<text transform="translate(3 4) rotate(-90)" text-anchor="middle" textLength="20" '
    'font-weight="600" font-size="11" class="c-ink-f">&amp; <tspan dx="2">é 東京</tspan></text>'
    '</svg><svg class="narrow" viewBox="0 0 340 300" role="img" aria-label="The same">'
    '<linearGradient id="f1g" gradientUnits="userSpaceOnUse"><stop offset="0" stop-color="#fff"/></linearGradient>'
    '<line x1="0" x2="9" y1="1" y2="1" stroke="#d9dde0" vector-effect="non-scaling-stroke"/></svg></figure>'
)
TABLE = (
    '<div class="scroll" role="region" tabindex="0" aria-label="Shops"><table><caption>Shops</caption>'
    '<colgroup><col span="2"></colgroup><thead><tr><th scope="col">Shop</th><th scope="col" class="n">Share</th></tr>'
    '</thead><tbody><tr><th scope="row" id="r1">Elm &amp; Co</th><td class="n" headers="r1">79&nbsp;%</td></tr><tr>'
    '<td colspan="2">–</td></tr></tbody></table></div>'
)
PROSE = (
    '<section class="twin" aria-label="Pair"><div class="side"><h2 class="name">Elm</h2><p class="big">79</p></div>'
    '</section><ol class="findings"><li><b>Nine</b> of 520</li></ol><details class="more"><summary>More</summary>'
    '<p lang="fr" dir="ltr">déjà <bdi>x</bdi></p></details><blockquote class="quote"><p>“x”</p><cite>customer</cite>'
    '</blockquote><p><time datetime="2026-07-03">3 July</time><br><span class="sr">hidden</span></p>'
    '<img src="data:image/png;base64,iVBORw0KGgo=" alt="Nine shops">'
)
DANGEROUS_TAGS = set(
    """
    script style iframe frame frameset object embed applet link meta base form input button select textarea template
    noscript math foreignobject animate set image video audio source marquee body isindex xmp plaintext
    """.split()  # noqa: SIM905
)
FETCHING = {"srcset", "srcdoc", "poster", "background", "ping", "target", "action"}


class Survey(HTMLParser):
    """Collects what a page could run or fetch."""

    def __init__(self, html):
        super().__init__()
        self.found = []
        self.feed(html)
        self.close()

    def handle_starttag(self, tag, attrs):
        if tag in DANGEROUS_TAGS or "-" in tag:
            self.found.append(tag)
        for name, raw in attrs:
            value = re.sub(r"[\x00-\x20]", "", raw or "").lower()
            if name.startswith("on") or name in {
                "srcset",
                "srcdoc",
                "poster",
                "background",
                "ping",
                "target",
                "action",
            }:
                self.found.append(name)
            if re.match(r"(javascript|vbscript|data:(?!image/png;))", value) and name in {"href", "xlink:href", "src"}:
                self.found.append(f"{name}={value}")
            if tag != "a" and name in {"href", "xlink:href", "src"} and not value.startswith(("#", "data:image/png;")):
                self.found.append(f"{name}={value}")
            if name == "style" and re.search(r"expression|position|binding|behavior|image-set|\\|url\((?!#)", value):
                self.found.append(f"style={value}")
            if re.search(r"url\((?!['\"]?#)", value) and name != "title":
                self.found.append(f"{name}={value}")

    def handle_startendtag(self, tag, attrs):
        self.handle_starttag(tag, attrs)


@pytest.mark.parametrize("attack", ATTACKS)
@pytest.mark.parametrize("around", ["{}", "<p>{}</p>", "<svg><g>{}</g></svg>", "<table><tr><td>{}</td></tr></table>"])
def test_nothing_executable_survives(attack, around):
    cleaned = clean(around.format(attack))
    assert Survey(cleaned).found == []
    assert "<!" not in cleaned
    assert clean(cleaned) == cleaned


def test_survey_would_notice():
    noticed = [attack for attack in ATTACKS if Survey(attack).found]
    assert len(noticed) >= 70


@pytest.mark.parametrize("html", [FIGURE, TABLE, PROSE], ids=["figure", "table", "prose"])
def test_our_own_html_survives_unchanged(html):
    assert clean(html) == html


@pytest.mark.parametrize(
    "href", ["https://example.org/a?b=c", "mailto:a@example.org", "tel:+441234", "#who-stands-out", "elm.html#twin"]
)
def test_ordinary_links_survive(href):
    assert f'href="{href}"' in clean(f'<a href="{href}">x</a>')


def test_a_fragment_cannot_swallow_its_neighbours():
    assert clean("<div><details><summary>x") == "<div><details><summary>x</summary></details></div>"
    assert clean("</main></div><p>x") == "<p>x</p>"


def test_drawing_elements_outside_a_drawing_go():
    assert "<" not in clean("<g>a<path d='M0 0'></path></g><text>b</text><title>c</title>")


def test_no_style_of_its_own_survives():
    assert clean("<p style='color:red'>x</p><svg style='display:none'></svg>") == "<p>x</p><svg></svg>"


@given(st.text(alphabet="<>/=\"'&;#! -svgptileahrfonc\x00\n:`", max_size=60))
def test_any_text_comes_out_harmless_and_stable(text):
    cleaned = clean(text)
    assert Survey(cleaned).found == []
    assert clean(cleaned) == cleaned


@given(st.text(max_size=40))
def test_escaped_names_keep_their_meaning(name):
    from markupsafe import escape

    kept = clean(f"<td>{escape(name)}</td>".replace("<td>", "<p>").replace("</td>", "</p>"))

    class Text(HTMLParser):
        words = ""

        def handle_data(self, data):
            self.words += data

    reader = Text()
    reader.feed(kept)
    assert reader.words == re.sub(r"\r\n?", "\n", name.replace("\x00", ""))


@pytest.mark.browser
def test_no_attack_runs_in_a_browser(chromium, tmp_path):
    """The page carries no policy here: cleaning alone has to hold."""
    rows = "\n".join(f"<div>{clean(attack)}</div>" for attack in ATTACKS)
    boom = "<script>function boom(){document.title='broken'}</script>"
    page = tmp_path / "attacks.html"
    page.write_text(
        f"<!doctype html><meta charset=utf-8><title>whole</title>{boom}<body>{rows}"
        "<script>document.querySelectorAll('*').forEach(e=>{e.click&&e.tagName!='A'&&e.click();"
        "e.dispatchEvent(new Event('mouseover'))})</script>",
        encoding="utf-8",
    )
    options = ["--headless", "--no-sandbox", "--disable-gpu", "--disable-background-networking", "--dump-dom"]
    profile = f"--user-data-dir={tmp_path / 'profile'}"
    dom = subprocess.run(
        [chromium, *options, profile, "--virtual-time-budget=2000", page.as_uri()],
        capture_output=True,
        text=True,
        timeout=60,
    ).stdout
    assert "<title>whole</title>" in dom
