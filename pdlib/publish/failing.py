"""Telling what went wrong: beside the last good page, without the folders of this machine."""

from __future__ import annotations

import os
import traceback
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from pdlib import __version__
from pdlib.errors import PdlibError
from pdlib.publish.checks import Failure, PageError
from pdlib.publish.files import relative, write_atomically
from pdlib.publish.manifest import write_manifest
from pdlib.publish.shelf import failed_page, minute


def tellable(error: Exception) -> PdlibError:
    """An error as one that a reader can be told."""
    if isinstance(error, PdlibError):
        return error
    if isinstance(error, OSError):
        name = Path(str(error.filename)).name if error.filename else "a file"
        return PageError([Failure("the page", f"could not be written: {name}: {error.strerror or error}.")])
    reason = f"could not be made: {type(error).__name__}: {error}."
    return PageError([Failure("the page", reason, detail="".join(traceback.format_exception(error)))])


def machine_paths(*files: Path) -> set[str]:
    """Folders of this machine that no page may name: those of the files a report is made of, and where we are."""
    folders = [*files, *(file.parent for file in files), Path.cwd(), Path.home()]
    return {str(folder) for folder in folders if len(folder.parts) > 1}


def tell_failure(page: Path, title: str, error: PdlibError, began: datetime, paths: set[str]) -> tuple[str, str]:
    """Write the page that tells a failure beside the one it concerns; returns where it was and the reason."""
    found = error.failures if isinstance(error, PageError) else [Failure("the study", str(error))]
    hidden = [_without_paths(paths, each) for each in found]
    kept = "The last good page was kept." if page.exists() else "There is no earlier page."
    footer = f"Build of {minute(began.isoformat())}, pdlib {__version__}."
    path = page.with_suffix(".failed.html")
    try:
        write_atomically(path, failed_page(title, kept, hidden, footer))
    except OSError as unwritten:
        error.add_note(f"What happened could not be written to {path.name}: {unwritten.strerror}. {kept}")
    else:
        error.add_note(f"What happened, in full: {relative(path)}. {kept}")
    return hidden[0].where, hidden[0].reason


def mark_stale(folder: Path, manifest: dict[str, Any], error: PdlibError, paths: set[str]) -> None:
    """Note that a report could not even be planned; its pages keep their last good state."""
    began = datetime.now(UTC)
    page = folder / f"{manifest['stem']}.html"
    where, reason = tell_failure(page, f"{manifest['study']}: the report could not be built", error, began, paths)
    failure = {"at": began.isoformat(timespec="seconds"), "where": where, "reason": reason}
    write_manifest(page.with_suffix(".json"), {**manifest, "status": "failed", "failure": failure})


def _without_paths(paths: set[str], failure: Failure) -> Failure:
    """Shorten this machine's folders, longest first: a failed page is passed on as easily as a good one."""
    texts = [failure.reason, failure.source, failure.detail]
    for folder in sorted(paths, key=len, reverse=True):
        texts = [text.replace(f"{folder}{os.sep}", "…/").replace(folder, "…") for text in texts]
    return Failure(failure.where, *texts)
