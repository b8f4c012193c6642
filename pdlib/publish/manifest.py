"""The record of a report: what was built from what, kept beside it and written as each page ends.

While a report is being built, its finished pages are noted line by line in a journal, so that a build that was cut off
goes on where it stopped; the manifest itself is replaced in one step.
"""

from __future__ import annotations

import json
import os
from calendar import monthrange
from collections.abc import Mapping
from datetime import datetime
from pathlib import Path
from typing import Any

from pdlib.publish.files import write_atomically

SCHEMA = "pdlib report 2"
_ALWAYS = {
    "change", "each", "failure", "finding", "key", "pages", "run", "standfirst", "status", "stem", "study",
    "study_path", "title",
}  # fmt: skip


def read_manifest(path: Path) -> dict[str, Any] | None:
    """Read one manifest, and what its journal adds; None if the file is missing or is something else."""
    try:
        manifest = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None
    if not isinstance(manifest, dict) or manifest.get("schema") != SCHEMA or not manifest.keys() >= _ALWAYS:
        return None
    manifest["pages"] |= _journal(path)
    return manifest


def write_manifest(path: Path, manifest: Mapping[str, Any]) -> None:
    """Replace a manifest; whatever differs between two equal builds stands in its last line."""
    lasting = {name: value for name, value in manifest.items() if name != "run"}
    stable = json.dumps({**lasting, "run": 0}, indent=2, ensure_ascii=False)
    run = json.dumps(manifest["run"], ensure_ascii=False)
    write_atomically(path, stable.removesuffix('"run": 0\n}') + f'"run": {run}\n}}\n')
    journal(path).unlink(missing_ok=True)


def delete_after(began: datetime, months: int | None) -> str | None:
    """The day after which a report should be deleted, in ISO form; None if the study sets no limit."""
    if months is None:
        return None
    year, month = divmod(began.year * 12 + began.month - 1 + months, 12)
    last = monthrange(year, month + 1)[1]
    return began.date().replace(year=year, month=month + 1, day=min(began.day, last)).isoformat()


def note_page(path: Path, name: str, page: Mapping[str, Any]) -> None:
    """Add a finished page to the journal of a manifest, on disk before this returns."""
    with journal(path).open("a", encoding="utf-8") as stream:
        stream.write(json.dumps({"name": name, **page}, ensure_ascii=False) + "\n")
        stream.flush()
        os.fsync(stream.fileno())


def journal(path: Path) -> Path:
    """Where the pages finished since the manifest was written are noted."""
    return path.with_suffix(".journal")


def _journal(path: Path) -> dict[str, dict[str, Any]]:
    try:
        lines = journal(path).read_text(encoding="utf-8").splitlines()
    except (OSError, ValueError):
        return {}
    found: dict[str, dict[str, Any]] = {}
    for line in lines:
        try:
            page = json.loads(line)
            found[page.pop("name")] = page
        except (ValueError, KeyError, TypeError, AttributeError):  # cut off while it was written
            continue
    return found
