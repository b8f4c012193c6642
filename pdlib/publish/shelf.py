"""The shelf: one page that lists the reports of a folder, from the manifests written beside them."""

from __future__ import annotations

import json
from datetime import datetime
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader

from pdlib.publish.checks import Failure
from pdlib.publish.exporter import TEMPLATES, sha256
from pdlib.publish.files import write_atomically

SCHEMA = "pdlib report 1"


def manifests(folder: Path) -> list[dict[str, Any]]:
    """Read the manifests of a reports folder, by study name; other JSON files are passed over."""
    found = []
    for path in sorted(folder.glob("*.json")):
        manifest = read_manifest(path)
        if manifest and manifest["slug"] == path.stem:
            found.append(manifest)
    return sorted(found, key=lambda manifest: (manifest["study"].casefold(), manifest["slug"]))


def read_manifest(path: Path) -> dict[str, Any] | None:
    """Read one manifest; None if the file is missing or is something else."""
    try:
        manifest = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None
    return manifest if isinstance(manifest, dict) and manifest.get("schema") == SCHEMA else None


def write_shelf(folder: Path) -> Path:
    """Write ``index.html`` of a reports folder.

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
    built = [manifest["built"] for manifest in found if manifest["built"]]
    title = f"{count}, the newest of {day(max(built))}" if built else f"{count} yet" if not found else count
    footer = "Each report is one file that opens offline. Times are UTC."
    page = (
        environment()
        .get_template("shelf.html.j2")
        .render(title=title, reports=[_entry(manifest, folder) for manifest in found], footer=footer)
    )
    write_atomically(path, page)
    return path


def failed_page(title: str, standfirst: str, failures: list[Failure], footer: str) -> str:
    """The page that explains a failed build to whoever repairs it; everything on it is escaped."""
    template = environment().get_template("failed.html.j2")
    return template.render(title=title, standfirst=standfirst, failures=failures, footer=footer)


def environment() -> Environment:
    """Jinja environment of our own pages: every value is escaped."""
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


def _entry(manifest: dict[str, Any], folder: Path) -> dict[str, str]:
    built, failure = manifest["built"], manifest["failure"]
    page, failed = f"{manifest['slug']}.html", f"{manifest['slug']}.failed.html"
    line = f"{manifest['study']} · built {minute(built)}" if built else f"{manifest['study']} · never built"
    stale = " The page above is the last good one." if built else ""
    return {
        "title": manifest["title"] or manifest["study"],
        "standfirst": manifest["standfirst"],
        "page": page if built and (folder / page).exists() else "",
        "line": line,
        "failure": f"The build of {minute(failure['at'])} failed.{stale}" if failure else "",
        "failed_page": failed if failure and (folder / failed).exists() else "",
    }
