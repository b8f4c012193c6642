"""What the page is made of: criteria F, P and V as far as its bytes tell."""

from __future__ import annotations

import re
from collections import Counter
from pathlib import Path

from pdlib.publish.audit.measure import Measure, none_of, unchecked
from pdlib.publish.audit.tree import Node
from pdlib.publish.checks import LARGEST_PAGE, page_failures, page_warnings

_HEAVIEST_FIGURE = 100_000
_SMALL_PAGE = 150_000
_HEAVIEST_FRAME = 20_000
_BUILT = re.compile(r'<p class="built">.*?</p>', re.DOTALL)
_TEX = re.compile(r"\$[^$\n]{0,80}(?:\\[a-zA-Z]|[\w)}][\^_][\w{(\\])[^$\n]{0,80}\$|\\(?:frac|begin|sum|alpha|hat)\b")


def figures(page: Node, html: str, rebuilt: str | None) -> list[Measure]:
    """Measure criteria F1 to F3, F5 and F7 to F9."""
    main = page.first("main")
    drawn = main.all("svg")
    weights = [len(drawing) for drawing in re.findall(r"<svg\b.*?</svg>", html, re.DOTALL)]
    ids = Counter(node.attributes["id"] for node in page if node.attributes.get("id"))
    lone = [figure.first("figcaption").text for figure in main.all("figure") if not figure.all("table", "a")]
    contrast = _weak_colours(page.first("style").text or html)
    return [
        none_of("F1", "drawings without role, name or a description with a number", _undescribed(drawn)),
        none_of("F2", "figures without a table beside them or in their section", _without_numbers(main, lone)),
        none_of("F3", "colours below 4.5 : 1 for text, 3 : 1 for marks", contrast),
        none_of("F5", "ids used twice", [name for name, many in ids.items() if many > 1]),
        Measure("F7", "drawings of at most 100 KB", f"{max(weights, default=0) / 1000:.0f} KB the heaviest",
                max(weights, default=0) <= _HEAVIEST_FIGURE),
        _same("F8", "the same drawings on rebuild", rebuilt, html, r"<svg\b.*?</svg>"),
        Measure("F9", "bright spots' dots have tips, and their names are written", *_tipped(drawn)),
    ]  # fmt: skip


def _undescribed(drawn: list[Node]) -> list[str]:
    bad = []
    for drawing in drawn:
        if drawing.attributes.get("aria-hidden") == "true":
            continue
        named = {node.attributes.get("id"): node.text for node in drawing.all("title", "desc")}
        refs = [named.get(ref, "") for ref in drawing.attributes.get("aria-labelledby", "").split()]
        whole = len(refs) == 2 and refs[0] and len(refs[1]) >= 40 and re.search(r"\d", refs[1])
        if drawing.attributes.get("role") != "img" or not whole:
            bad.append(" ".join(refs) or "a drawing without a name")
    return bad


def _without_numbers(main: Node, lone: list[str]) -> list[str]:
    """Figures whose section (from one second-level heading to the next) holds no table either."""
    sections, current = [], Node("section")
    for child in main.children:
        if isinstance(child, Node) and child.tag == "h2":
            sections.append(current)
            current = Node("section")
        current.children.append(child)
    served = {
        figure.first("figcaption").text
        for section in [*sections, current]
        if section.all("table")
        for figure in section.all("figure")
    }
    return [caption for caption in lone if caption not in served and not _says_all(main, caption)]


def _says_all(main: Node, caption: str) -> bool:
    """Whether the text beside a figure repeats its numbers: its description stands there word for word."""
    figure = next(figure for figure in main.all("figure") if figure.first("figcaption").text == caption)
    description = figure.first("desc").text
    return bool(description) and any(node.text == description for node in main.all("p"))


def _tipped(drawn: list[Node]) -> tuple[str, bool]:
    tips = [node.text for drawing in drawn for circle in drawing.all("circle") for node in circle.all("title")]
    written = {text for drawing in drawn for text in (node.text for node in drawing.all("text"))}
    names = {tip.partition(":")[0] for tip in tips}
    unwritten = [name for name in names if not any(_begins(name, text) for text in written)]
    return f"{len(names)} with a tip, {len(unwritten)} of them not written", not unwritten


def _begins(name: str, text: str) -> bool:
    return text == name or (text.endswith("…") and name.startswith(text[:-1].strip()))


def _luminance(colour: str) -> float:
    channels = (int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5))
    r, g, b = (c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in channels)
    return 0.2126 * r + 0.7152 * g + 0.0722 * b


def _weak_colours(css: str) -> list[str]:
    weak = []
    for block in re.findall(r":root \{(.*?)\}", css, re.DOTALL):
        colours = dict(re.findall(r"--(\w+): (#[0-9a-f]{6})", block))
        for ground in ("paper", "card"):
            for name, least in (*((text, 4.5) for text in ("ink", "soft", "bright", "evidence", "dim")), ("dot", 3.0)):
                if name in colours and ground in colours:
                    low, high = sorted((_luminance(colours[name]), _luminance(colours[ground])))
                    if (high + 0.05) / (low + 0.05) < least:
                        weak.append(f"{name} on {ground}")
    return weak if css.count(":root") else ["no palette"]


def _same(criterion: str, asked: str, rebuilt: str | None, html: str, pattern: str = "") -> Measure:
    if rebuilt is None:
        return unchecked(criterion, asked, "give the page of a second build with --rebuilt")
    one, other = (re.findall(pattern, text, re.DOTALL) if pattern else _BUILT.sub("", text) for text in (html, rebuilt))
    return Measure(criterion, asked, "the same bytes" if one == other else "they differ", one == other)


def make(page: Node, html: str, path: Path) -> list[Measure]:
    """Measure criteria P3 to P7, P12 and P14."""
    main, failures = page.first("main"), page_failures(html)
    size, frame = len(html.encode()), len(_frame(html).encode())
    loads = [failure.reason for failure in failures if "load" in failure.reason]
    scripts = [
        node.tag for node in page if node.tag == "script" or any(name.startswith("on") for name in node.attributes)
    ]
    parts = {"main": len(page.all("main")), "nav": len(page.all("nav")), "skip link": len(page.all("a", cls="skip"))}
    skips = [warning for warning in page_warnings(html) if "level" in warning]
    whole = parts["main"] == 1 and parts["nav"] >= 1 and parts["skip link"] == 1
    code = [pre.text[:60] for pre in main.without("details").all("pre", "code") if pre.text]
    return [
        Measure("P3", "one main, nav, skip link, language, headings in order",
                ", ".join(f"{many} {what}" for what, many in parts.items()) + f", {len(skips)} jumps",
                whole and bool(page.first("html").attributes.get("lang")) and not skips),
        none_of("P4", "tables without caption, scoped headings or a named box", _bare_tables(page)),
        none_of("P5", "addresses that would be loaded", loads),
        Measure("P6", "page at most 500 KB (goal 150), frame at most 20",
                f"{size / 1000:.0f} KB, frame {frame / 1000:.0f}; goal {'met' if size <= _SMALL_PAGE else 'missed'}",
                size <= LARGEST_PAGE and frame <= _HEAVIEST_FRAME),
        none_of("P7", "scripts and handlers", scripts),
        Measure("P12", "code out of sight, and in the fold", "in the fold" if main.all("pre") and not code else
                (f"shown: {code[0]}" if code else "none on the page"), bool(main.all("pre")) and not code),
        none_of("P14", "formulas shown as their source", _TEX.findall(main.text)),
        Measure("S6", "file name without anything but letters, digits, hyphens", path.name,
                bool(re.fullmatch(r"[a-z0-9]+(?:-[a-z0-9]+)*(?:\.failed)?\.html", path.name))),
    ]  # fmt: skip


def _frame(html: str) -> str:
    """The page without what the notebook put into it."""
    return re.sub(r"(<main\b[^>]*>).*?(</main>)", r"\1\2", html, count=1, flags=re.DOTALL)


def _bare_tables(page: Node) -> list[str]:
    bad = []
    for table in page.all("table"):
        caption, heads = table.first("caption").text, table.all("th")
        boxed = any(table in box.children and box.attributes.get("aria-label") for box in page.all("div", cls="scroll"))
        if (
            not caption
            or not all(th.text and th.attributes.get("scope") for th in heads)
            or not (boxed or "tape" in table.classes)
        ):
            bad.append(caption or "a table without caption")
    return bad


def provenance(page: Node, html: str, rebuilt: str | None) -> list[Measure]:
    """Measure criteria V1 to V3."""
    footer = page.first("footer").text
    wanted = {
        "version": r"pdlib \d", "commit": r"commit [0-9a-f]{7,}", "data hash": r"data [0-9a-f]{8,}",
        "rows used": r"rows used", "rows set aside": r"set aside", "build time in UTC": r"\d{2}:\d{2} UTC",
        "settings": r"top \d",
    }  # fmt: skip
    missing = [what for what, pattern in wanted.items() if not re.search(pattern, footer, re.IGNORECASE)]
    return [
        Measure("V1", "footer: version, commit, data, rows, time, settings",
                f"missing: {', '.join(missing)}" if missing else "all there", not missing),
        _same("V2", "the same page on rebuild, but for the time", rebuilt, html),
        none_of("V3", "faults that keep a page from being published", page_failures(html)),
    ]  # fmt: skip
