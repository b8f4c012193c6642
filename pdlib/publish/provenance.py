"""What a report is built from: the facts of its record, and the line at the foot of its pages."""

from __future__ import annotations

import os
import platform
import subprocess
from contextlib import suppress
from datetime import datetime
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

from pdlib import __version__
from pdlib.publish.manifest import SCHEMA
from pdlib.publish.plan import Report
from pdlib.publish.shelf import day, minute

_PACKAGES = ("matplotlib", "nbconvert", "numpy", "pandas", "scikit-learn", "scipy")


def skeleton(report: Report) -> dict[str, Any]:
    """The record of a report that was never built."""
    return {
        "schema": SCHEMA, "stem": report.stem, "study": report.study,
        "study_path": Path(os.path.relpath(report.study_file, report.folder)).as_posix(), "each": report.each,
        "status": "building", "failure": None, "title": "", "standfirst": "", "change": None, "key": None,
        "finding": None, "pages": {}, "run": {"built": None},
    }  # fmt: skip


def built_from(report: Report, known: dict[str, Any]) -> dict[str, Any]:
    """What was built from what: enough to build the same page again."""
    installed = {name: _version(name) for name in _PACKAGES}
    return {
        **report.made_of, "pdlib": __version__, "python": platform.python_version(),
        "packages": {name: number for name, number in installed.items() if number},
        "commit": _commit(report.notebook.parent), "rows_used": known.get("rows_used"),
        "rows_set_aside": known.get("rows_set_aside") or {}, "settings": known.get("settings") or {},
        "change": None if report.each else known.get("change"), "finding": known.get("finding"),
    }  # fmt: skip


def provenance(found: dict[str, Any], began: datetime, until: str | None) -> str:
    """The line at the foot of a page; `until` is the day after which it should be deleted."""
    parts = [f"Built {minute(began.isoformat())}, with pdlib {found['pdlib']} and Python {found['python']}"]
    parts += [f"data {found['data_sha256'][:12]}"] if found["data_sha256"] else []
    parts += [f"notebook {found['notebook_sha256'][:12]}"]
    parts += [f"commit {found['commit']}"] if found["commit"] else []
    parts += [f"please delete after {day(until)}"] if until else []
    return " · ".join(parts)


def signature(report: Report) -> list[tuple[int, ...]]:
    """Size, time and place of the study's files: whether they changed while a build was reading them."""
    files = [report.study_file, *(report.data_files or [])]
    with suppress(FileNotFoundError):
        return [(info.st_size, info.st_mtime_ns, info.st_ino) for info in (file.stat() for file in files)]
    return []


def _version(package: str) -> str | None:
    with suppress(PackageNotFoundError):
        return version(package)
    return None


def _commit(folder: Path) -> str | None:
    """Short name of the commit the notebook is at, with "-dirty" if files differ from it; None outside git."""
    command = ["git", "-C", str(folder), "describe", "--always", "--dirty", "--abbrev=12", "--exclude=*"]
    environment = {**os.environ, "GIT_OPTIONAL_LOCKS": "0"}
    try:
        answer = subprocess.run(command, capture_output=True, text=True, timeout=10, check=False, env=environment)
    except (OSError, subprocess.TimeoutExpired):
        return None
    return answer.stdout.strip() or None if answer.returncode == 0 else None
