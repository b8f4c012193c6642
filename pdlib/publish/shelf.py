"""The shelf: one page that lists the reports of a folder, a feed of what is new, and a line for monitors."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any
from xml.etree import ElementTree as ET

from pdlib.publish.files import earlier, write_atomically
from pdlib.publish.manifest import read_manifest

if TYPE_CHECKING:
    from jinja2 import Environment

    from pdlib.publish.checks import Failure

_ATOM = "http://www.w3.org/2005/Atom"
_LONGEST_FEED = 50


def manifests(folder: Path) -> list[dict[str, Any]]:
    """Read the manifests of a reports folder, by study name; other JSON files are passed over."""
    found = [manifest for path in sorted(folder.glob("*.json")) if (manifest := read_manifest(path))]
    return sorted(found, key=lambda manifest: (manifest["study"].casefold(), manifest["stem"]))


def write_shelf(folder: Path) -> Path:
    """Write ``index.html`` and ``feed.xml`` of a reports folder.

    Parameters
    ----------
    folder : Path
        Where builds write their pages and manifests.

    Returns
    -------
    Path
        The page written.
    """
    found = manifests(folder)
    path = folder / "index.html"
    count = "One report" if len(found) == 1 else f"{len(found) or 'No'} reports"
    built = [manifest["run"]["built"] for manifest in found if manifest["run"]["built"]]
    title = f"{count}, the newest of {day(max(built))}" if built else f"{count} yet" if not found else count
    footer = "Each report is one file that opens offline. Times are UTC."
    entries = [_entry(manifest, folder) for manifest in found]
    write_atomically(
        path, _environment().get_template("shelf.html.j2").render(title=title, reports=entries, footer=footer)
    )
    write_atomically(folder / "feed.xml", _feed(found, folder))
    return path


def write_list(page: Path, manifest: dict[str, Any]) -> None:
    """Write the page that lists the pages of a report, by name and without a word on what they say."""
    each = manifest["each"]
    members = [
        {
            "label": member["label"],
            "page": f"{manifest['stem']}/{name}.html" if member["sha256"] else "",
            "failure": member["status"] == "failed" and f"{manifest['stem']}/{name}.failed.html",
        }
        for name, member in manifest["pages"].items()
    ]
    built = [member for member in members if member["page"] or member["failure"]]
    title = f"{manifest['study']}: {len(members)} pages, one for each {each}"
    footer = f"Built {minute(manifest['run']['built'])}." if manifest["run"]["built"] else "Not built yet."
    template = _environment().get_template("list.html.j2")
    write_atomically(
        page, template.render(title=title, members=built, missing=len(members) - len(built), footer=footer)
    )


def write_status(folder: Path) -> None:
    """Write ``status.json``: one line for monitors, new after every build whether anything changed or not."""
    found = manifests(folder)
    built = sorted(manifest["run"]["built"] for manifest in found if manifest["run"]["built"])
    failed = [manifest["stem"] for manifest in found if manifest["status"] != "good"]
    status = {
        "status": "failed" if failed else "good", "checked": datetime.now(UTC).isoformat(timespec="seconds"),
        "reports": len(found), "failed": failed, "oldest": built[0] if built else None,
        "newest": built[-1] if built else None,
    }  # fmt: skip
    write_atomically(folder / "status.json", json.dumps(status) + "\n")


def failed_page(title: str, standfirst: str, failures: list[Failure], footer: str) -> str:
    """The page that explains a failed build to whoever repairs it; everything on it is escaped."""
    template = _environment().get_template("failed.html.j2")
    return template.render(title=title, standfirst=standfirst, failures=failures, footer=footer)


@cache
def _environment() -> Environment:
    """Jinja environment of our own pages: every value is escaped."""
    from jinja2 import Environment, FileSystemLoader

    from pdlib.publish.exporter import TEMPLATES, sha256

    made = Environment(loader=FileSystemLoader(TEMPLATES / "insight"), autoescape=True)
    made.filters["sha256"] = sha256
    return made


def day(moment: str) -> str:
    """An ISO time as a reader says it: ``3 July 2026``."""
    parsed = datetime.fromisoformat(moment)
    return f"{parsed.day} {parsed:%B %Y}"


def minute(moment: str) -> str:
    """An ISO time as a reader says it: ``3 July 2026, 04:12 UTC``."""
    return f"{day(moment)}, {datetime.fromisoformat(moment):%H:%M} UTC"


def _entry(manifest: dict[str, Any], folder: Path) -> dict[str, Any]:
    built, failure, stem = manifest["run"]["built"], manifest["failure"], manifest["stem"]
    page, failed = f"{stem}.html", f"{stem}.failed.html"
    if manifest["each"]:
        title, pages = f"{manifest['study']}: one page for each {manifest['each']}", manifest["pages"].values()
        failed = page if (folder / page).exists() and not (folder / failed).exists() else failed
        made, count = sum(bool(page["sha256"]) for page in pages), len(pages)
        line = f"{manifest['study']} · {count if made == count else f'{made} of {count}'} pages"
    else:
        title, line = manifest["title"] or manifest["study"], manifest["study"]
    return {
        "title": title,
        "standfirst": manifest["standfirst"],
        "change": manifest["change"],
        "page": page if built and (folder / page).exists() else "",
        "line": f"{line} · built {minute(built)}" if built else f"{line} · never built",
        "failure": _stale(manifest),
        "failed_page": failed if failure and (folder / failed).exists() else "",
        "earlier": [{"page": path.relative_to(folder).as_posix(), **facts} for path, facts in _earlier(folder / page)],
    }


def _stale(manifest: dict[str, Any]) -> str:
    """What a reader of the shelf must know about a page that is not of the last build."""
    built, failure = manifest["run"]["built"], manifest["failure"]
    kept = " The page above is the last good one." if built else ""
    if manifest["status"] == "building":
        return f"The last build was cut off; the next one goes on from there.{kept}"
    if not failure:
        return ""
    pages, when = list(manifest["pages"].values()), minute(failure["at"])
    failed = sum(page["status"] == "failed" for page in pages)
    if manifest["each"] and failed:
        return f"{failed} of {len(pages)} pages failed in the build of {when}; the last good ones stay."
    return f"The build of {when} failed.{kept}"


def _earlier(page: Path) -> list[tuple[Path, dict[str, Any]]]:
    """Earlier builds of a page, the newest first, each with the day it was built and what it said."""
    found = []
    for _, path in earlier(page):
        try:
            facts = json.loads(path.with_suffix(".json").read_text(encoding="utf-8"))
            found.append((path, {**facts, "day": day(facts["built"])}))
        except (OSError, ValueError, KeyError):
            continue
    return found


def _feed(found: list[dict[str, Any]], folder: Path) -> str:
    """An Atom feed of the newest pages."""
    news = []
    for manifest in found:
        if manifest["each"] or not manifest["run"]["built"]:
            continue
        page = folder / f"{manifest['stem']}.html"
        news.append((manifest["run"]["built"], page.name, manifest["study"], manifest))
        news += [
            (facts["built"], f"{path.parent.name}/{path.name}", manifest["study"], facts)
            for path, facts in _earlier(page)
        ]
    news.sort(key=lambda one: one[:2], reverse=True)
    ET.register_namespace("", _ATOM)
    feed = ET.Element(f"{{{_ATOM}}}feed")
    _add(feed, "title", "Insight reports")
    _add(feed, "id", "urn:pdlib:reports")
    _add(feed, "updated", news[0][0] if news else datetime.fromtimestamp(0, UTC).isoformat())
    _add(ET.SubElement(feed, f"{{{_ATOM}}}author"), "name", "pdlib")
    ET.SubElement(feed, f"{{{_ATOM}}}link", rel="self", href="feed.xml")
    for built, link, study, facts in news[:_LONGEST_FEED]:
        entry = ET.SubElement(feed, f"{{{_ATOM}}}entry")
        _add(entry, "title", f"{study}: {facts['title']}")
        _add(entry, "id", f"urn:pdlib:{Path(link).name.partition('.')[0]}:{built}")
        _add(entry, "updated", built)
        ET.SubElement(entry, f"{{{_ATOM}}}link", href=link)
        _add(entry, "summary", facts["change"] or facts["standfirst"] or facts["title"])
    ET.indent(feed)
    return ET.tostring(feed, encoding="unicode", xml_declaration=True) + "\n"


def _add(parent: ET.Element, tag: str, text: str) -> None:
    ET.SubElement(parent, f"{{{_ATOM}}}{tag}").text = text
