"""What only a browser can tell: criteria F4, F6, P1, P5, P8 to P11 and P13."""

from __future__ import annotations

import gzip
import importlib.util
import io
import json
import os
import re
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from tempfile import TemporaryDirectory
from threading import Thread
from typing import Any

import numpy as np

from pdlib.publish.audit.measure import Measure, none_of, unchecked
from pdlib.publish.pdf import PdfError, find_chromium, is_root, is_tagged, pdf_twin

RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22a", "wcag22aa", "best-practice"]
DESK, PHONE = {"width": 1280, "height": 900}, {"width": 375, "height": 812}
LOOKS: dict[str, dict[str, Any]] = {
    "light": {"viewport": DESK, "color_scheme": "light"},
    "dark": {"viewport": DESK, "color_scheme": "dark"},
    "phone": {"viewport": PHONE, "color_scheme": "light"},
    "dark phone": {"viewport": PHONE, "color_scheme": "dark"},
    "print": {"viewport": {"width": 680, "height": 960}, "color_scheme": "light"},
}
_ASKED = {
    "F4": "text in figures at 375 px at least 9 px", "F6": "figures with 5 to 95 % ink",
    "P1": "accessibility faults (axe) in light, dark, phone, print", "P2": "accessibility score (Lighthouse) of 100",
    "P5": "requests made by the page in a browser", "P8": "sideways scroll at 320 px",
    "P9": "first paint within 1.5 s on a slow phone",
    "P10": "whole in print: appendix there, no heading last on a page",
    "P11": "tagged PDF with outline", "P13": "figures legible in the dark",
}  # fmt: skip
# A phone of Lighthouse: a processor four times slower, 1.6 Mbit/s, 150 ms there and back, three of them to connect.
_SLOWER, _BITS, _TRIPS = 4, 1.6e6, 0.45
_TRIES = 5

_SIZES = """() => [...document.querySelectorAll('main svg')].filter(s => s.getBoundingClientRect().width).flatMap(s => {
  const scale = s.getBoundingClientRect().width / s.viewBox.baseVal.width;
  return [...s.querySelectorAll('text')].map(t => parseFloat(getComputedStyle(t).fontSize) * scale) })"""
_SIDEWAYS = "() => document.documentElement.scrollWidth - document.documentElement.clientWidth"
_APPENDIX = """() => [...document.querySelectorAll('.appendix, figure details')].filter(d =>
  [...d.children].some(c => c.tagName != 'SUMMARY' && !c.getBoundingClientRect().height)).length"""
_PAINT = "() => performance.getEntriesByName('first-contentful-paint').map(e => e.startTime)[0] || 0"
_CARD = "() => { const c = document.querySelector('.twin'); return c ? c.getBoundingClientRect().bottom : 0 }"


def axe_script() -> str | None:
    """Read axe-core, which the package axe-playwright-python carries; None if it is not installed."""
    spec = importlib.util.find_spec("axe_playwright_python")
    places = [Path(place) / "axe.min.js" for place in (spec.submodule_search_locations or [])] if spec else []
    return next((place.read_text(encoding="utf-8") for place in places if place.is_file()), None)


def missing() -> str:
    """What is missing for looking at a page in a browser; empty if nothing is."""
    if importlib.util.find_spec("playwright") is None:
        return "needs playwright: pip install 'pdlib[browser]'"
    return "" if find_chromium() else "needs Chromium"


@contextmanager
def opened() -> Iterator[Any]:
    """Start Chromium through playwright, and end it."""
    from playwright.sync_api import sync_playwright

    options = ["--no-sandbox"] if is_root() else []
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=find_chromium(), args=options)
        try:
            yield browser
        finally:
            browser.close()


def in_browser(path: Path) -> list[Measure]:
    """Measure a page in Chromium; all of it as not checked where there is none."""
    if why := missing():
        return [unchecked(name, asked, why) for name, asked in _ASKED.items()]
    with opened() as browser:
        measures = [_faults(browser, path), *_drawn(browser, path), *_opened(browser, path), _printed(browser, path)]
    return [*measures, _tagged(path), *by_lighthouse(path)]


def faults(browser: Any, path: Path, look: str, script: str) -> list[str]:
    """What axe finds in one look of a page, everything unfolded: rule and element."""
    context = browser.new_context(bypass_csp=True, **LOOKS[look])
    try:
        page = context.new_page()
        page.goto(path.resolve().as_uri())
        if look == "print":
            page.emulate_media(media="print")
        page.evaluate("() => document.querySelectorAll('details').forEach(d => d.open = true)")
        page.evaluate(script)
        found = page.evaluate("rules => axe.run(document, {runOnly: rules})", RULES)["violations"]
        return [f"{look}: {rule['id']} at {node['html'][:60]}" for rule in found for node in rule["nodes"]]
    finally:
        context.close()


def _faults(browser: Any, path: Path) -> Measure:
    script = axe_script()
    if script is None:
        return unchecked("P1", _ASKED["P1"], "needs axe-core: pip install 'pdlib[browser]'")
    return none_of("P1", _ASKED["P1"], [fault for look in LOOKS for fault in faults(browser, path, look, script)])


def _drawn(browser: Any, path: Path) -> list[Measure]:
    sizes: list[float] = []
    light: list[float] = []
    dark: list[float] = []
    for look, shares in (("light", light), ("phone", light), ("dark", dark)):
        context = browser.new_context(**LOOKS[look])
        page = context.new_page()
        page.goto(path.resolve().as_uri())
        if look == "phone":
            sizes = page.evaluate(_SIZES)
        for drawing in page.query_selector_all("main svg"):
            if drawing.is_visible():
                shares.append(ink(drawing.screenshot()))
        context.close()
    least = min(sizes, default=np.inf)
    inky = [f"{share:.0%}" for share in light if not 0.05 <= share <= 0.95]
    # Light paint on dark paper must show as much as dark paint on light paper does.
    faint = [
        f"{one:.1%} against {other:.1%}"
        for one, other in zip(dark, light[: len(dark)], strict=True)
        if one < 0.5 * other
    ]
    span = f"{min(light, default=0):.0%} to {max(light, default=0):.0%} in {len(light)} drawings"
    return [
        Measure("F4", _ASKED["F4"], f"{least:.1f} px the smallest" if sizes else "no figures", least >= 9),
        Measure("F6", _ASKED["F6"], span, not inky),
        none_of("P13", _ASKED["P13"], faint),
    ]  # fmt: skip


def ink(png: bytes) -> float:
    """Share of a picture that differs from its commonest colour."""
    from matplotlib.image import imread

    pixels = (np.asarray(imread(io.BytesIO(png)))[..., :3] * 255).astype(int)
    codes = (pixels * [65536, 256, 1]).sum(axis=-1).ravel()
    values, counts = np.unique(codes, return_counts=True)
    paper = values[counts.argmax()]
    back = np.array([paper >> 16, paper >> 8 & 255, paper & 255])
    return float((np.abs(pixels - back).max(axis=-1) > 12).mean())


def _opened(browser: Any, path: Path) -> list[Measure]:
    context = browser.new_context(viewport={"width": 320, "height": 640})
    page = context.new_page()
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    devtools = context.new_cdp_session(page)
    devtools.send("Emulation.setCPUThrottlingRate", {"rate": _SLOWER})
    paint = min(_painted(page, path) for _ in range(_TRIES))
    devtools.send("Emulation.setCPUThrottlingRate", {"rate": 1})
    page.evaluate("() => document.querySelectorAll('details').forEach(d => d.open = true)")
    sideways = page.evaluate(_SIDEWAYS)
    context.close()
    first = paint + 8 * path.stat().st_size / _BITS + _TRIPS
    others = sorted(set(asked) - {path.resolve().as_uri()})
    return [
        none_of("P5", _ASKED["P5"], others),
        Measure("P8", _ASKED["P8"], f"{sideways:.0f} px", sideways <= 0),
        Measure("P9", _ASKED["P9"], f"{first:.2f} s worked out, {paint:.2f} of it painting", first <= 1.5),
    ]


def _painted(page: Any, path: Path) -> float:
    page.goto(path.resolve().as_uri())
    page.wait_for_function(f"{_PAINT[6:]} > 0")
    return float(page.evaluate(_PAINT)) / 1000


def _printed(browser: Any, path: Path) -> Measure:
    context = browser.new_context(**LOOKS["print"])
    page = context.new_page()
    page.goto(path.resolve().as_uri())
    page.emulate_media(media="print")
    lost, wide = page.evaluate(_APPENDIX), page.evaluate(_SIDEWAYS)
    headings = [
        text.strip()
        for text in page.evaluate(
            "() => [...document.querySelectorAll('h1,h2,h3,h4,figcaption .title, caption')].map(h => h.textContent)"
        )
    ]
    with TemporaryDirectory() as folder:
        pdf = Path(folder) / "page.pdf"
        page.pdf(path=str(pdf), prefer_css_page_size=True, format="A4")
        context.close()
        orphans = _last_on_a_page(pdf, headings)
    if orphans is None:
        told = f"{lost} folds lost, {wide:.0f} px cut; headings not checked: needs pdftotext"
        return Measure("P10", _ASKED["P10"], told, None if not lost and wide <= 0 else False)
    shown = f"{lost} folds lost, {wide:.0f} px cut, {len(orphans)} headings last on a page"
    return Measure("P10", _ASKED["P10"], shown, not lost and wide <= 0 and not orphans)


def _last_on_a_page(pdf: Path, headings: list[str]) -> list[str] | None:
    """Headings that end a page of a PDF; None without pdftotext."""
    program = shutil.which("pdftotext")
    if program is None:
        return None
    done = subprocess.run([program, "-layout", str(pdf), "-"], capture_output=True, text=True, check=True)
    ends = [[line.strip() for line in page.splitlines() if line.strip()] for page in done.stdout.split("\f")]
    known = {re.sub(r"\s+", " ", heading) for heading in headings}
    return [lines[-1] for lines in ends if lines and re.sub(r"\s+", " ", lines[-1]) in known]


class _Server(BaseHTTPRequestHandler):
    """Serves one page, compressed as web servers do."""

    def __init__(self, page: bytes, *arguments: Any) -> None:
        self.page = gzip.compress(page)
        super().__init__(*arguments)

    def do_GET(self) -> None:
        self.send_response(200)
        self.send_header("Content-Type", "text/html; charset=utf-8")
        self.send_header("Content-Encoding", "gzip")
        self.send_header("Content-Length", str(len(self.page)))
        self.end_headers()
        self.wfile.write(self.page)

    def log_message(self, *_: Any) -> None:
        """Say nothing: the audit prints its own table."""


def by_lighthouse(path: Path) -> list[Measure]:
    """Measure by Lighthouse, on the phone that it emulates, if the command is on the path."""
    program = shutil.which("lighthouse")
    if program is None:
        return [
            unchecked(
                "P2", _ASKED["P2"], "needs Lighthouse: npm install --global lighthouse; its rules are axe's, see P1"
            )
        ]
    with ThreadingHTTPServer(("127.0.0.1", 0), partial(_Server, path.read_bytes())) as server:
        Thread(target=server.serve_forever, daemon=True).start()
        address = f"http://127.0.0.1:{server.server_port}/"
        options = ["--quiet", "--output=json", "--only-categories=accessibility,performance"]
        options.append(f"--chrome-flags=--headless{' --no-sandbox' if is_root() else ''}")
        surroundings = {**os.environ, "CHROME_PATH": find_chromium() or ""}
        done = subprocess.run(
            [program, address, *options], capture_output=True, text=True, env=surroundings, timeout=180, check=False
        )
        server.shutdown()
    if done.returncode:
        return [unchecked("P2", _ASKED["P2"], f"Lighthouse ended with code {done.returncode}")]
    report = json.loads(done.stdout)
    score = round(100 * report["categories"]["accessibility"]["score"])
    paint = report["audits"]["first-contentful-paint"]["numericValue"] / 1000
    return [
        Measure("P2", _ASKED["P2"], f"{score} by Lighthouse", score == 100),
        Measure("P9", _ASKED["P9"], f"{paint:.2f} s by Lighthouse", paint <= 1.5),
    ]


def _tagged(path: Path) -> Measure:
    beside = path.with_suffix(".pdf")
    if beside.is_file():
        return Measure("P11", _ASKED["P11"], beside.name, is_tagged(beside))
    with TemporaryDirectory() as folder:
        copy = Path(folder) / path.name
        copy.write_bytes(path.read_bytes())
        try:
            made = pdf_twin(copy)
        except PdfError as error:
            return Measure("P11", _ASKED["P11"], str(error)[:70], False)
        size = made.stat().st_size / 1000 if made else 0
        return Measure("P11", _ASKED["P11"], f"made here, {size:.0f} KB", made is not None)
