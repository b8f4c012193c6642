"""Build reports: hold the folder, see what is due, make its pages, and only then tell it on the shelf."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Coroutine, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, TypeVar

import filelock

from pdlib.errors import PdlibError, StudyError
from pdlib.publish.files import prune, relative, sweep
from pdlib.publish.how import Built, How
from pdlib.publish.manifest import read_manifest
from pdlib.publish.plan import Report, asked_pages, check_owner, due_pages, known_members, plan

T = TypeVar("T")


class LockedError(PdlibError):
    """Another build is writing to the same folder."""


def build(
    study_path: str | Path,
    *,
    notebook: str | Path | None = None,
    output: str | Path = "reports",
    parameters: Mapping[str, Any] | None = None,
    how: How | None = None,
) -> Built:
    """Build one study's report, and the shelf that lists it.

    A page is published only if every cell ran, nothing wrote a warning, and the page is whole; else the last good
    page stays as it is, byte for byte, and ``<page>.failed.html`` tells what happened. Nothing is done if nothing
    that the page is made of has changed.

    Parameters
    ----------
    study_path, notebook, output, parameters
        See `pdlib.publish.plan.plan`.
    how : How, optional
        Limits, jobs and the like.

    Returns
    -------
    Built

    Raises
    ------
    StudyError, DataError
        If the declaration is wrong.
    ParameterError
        If the notebook has no parameter of a given name.
    PageError
        If a cell fails (because the data are wrong, for instance) or the page is not whole; names the cell.
    LockedError
        If another build is writing to the same folder.
    """
    report = plan(study_path, notebook=notebook, output=output, parameters=parameters)
    (built,) = build_reports([report], how or How())
    if built.error:
        raise built.error
    return built


def build_reports(reports: Sequence[Report], how: How) -> list[Built]:
    """Build reports that go to one folder; a failure of one stops no other.

    Parameters
    ----------
    reports : sequence of Report
        As settled by `plan`; each its own page or pages.
    how : How

    Returns
    -------
    list of Built
        In the order of the reports.

    Raises
    ------
    LockedError
        If another build is writing to the folder.
    OSError
        If the folder cannot be made or written to.
    """
    folder = reports[0].folder
    folder.mkdir(parents=True, exist_ok=True)
    with _held(folder):
        sweep(folder)
        results = [_looked_up(report, reports[:index], how) for index, report in enumerate(reports)]
        due = [report for report, result in zip(reports, results, strict=True) if result is None]
        if due:
            from pdlib.publish.pages import make_pages

            made = iter(_run(make_pages(due, how)))
            results = [result or next(made) for result in results]
        built = [result for result in results if result]
        try:
            _tell(folder, reports, changed=bool(due))
        except OSError as error:  # the pages are in their places all the same
            missed = ("the shelf", PdlibError(f"The list of reports could not be brought up to date: {error}."))
            built[-1] = replace(built[-1], failed=(*built[-1].failed, missed))
    return built


def note_unplanned(study: str | Path, output: str | Path, each: str | None, error: PdlibError) -> None:
    """Mark the pages of a study that cannot be built at all as stale on the shelf, as after any other failure.

    Parameters
    ----------
    study, output
        As given to `pdlib.publish.plan.plan`.
    each : str or None
        Which of the study's reports was asked for.
    error : PdlibError
        What is wrong with the study or its notebook.
    """
    from pdlib.publish.failing import machine_paths, mark_stale
    from pdlib.publish.shelf import manifests, write_shelf, write_status

    folder, given = Path(output).resolve(), Path(study).resolve()
    if not folder.is_dir():
        return
    with suppress(LockedError, OSError), _held(folder):  # the error itself is told by whoever asked
        for manifest in manifests(folder):
            file = (folder / manifest["study_path"]).resolve()
            if manifest["each"] == each and file in (given, given / "study.toml"):
                mark_stale(folder, manifest, error, machine_paths(file, folder / "index.html"))
        write_shelf(folder)
        write_status(folder)


def _looked_up(report: Report, before: Sequence[Report], how: How) -> Built | None:
    """What is known without building: that nothing has changed, or that the report must not be built; else None."""
    clock = time.monotonic()
    try:
        check_owner(report, before)
    except StudyError as error:
        return Built(report.page, 0.0, error=error)
    manifest = read_manifest(report.manifest)
    known = known_members(report, manifest)
    if known is None or manifest is None or manifest["status"] != "good":
        return None
    if manifest["study_path"] != report.study_path:
        return None
    asked = asked_pages(report.members(known), how.only)
    doubtful = how.strict and (manifest["rows_set_aside"] or manifest.get("doubts"))
    if doubtful or due_pages(report, manifest, asked, force=how.force):
        return None
    return Built(report.page, time.monotonic() - clock, unchanged=len(asked))


def _tell(folder: Path, reports: Sequence[Report], *, changed: bool) -> None:
    """Bring the shelf up to date; where nothing was built, only the sign of life for monitors."""
    from pdlib.publish.shelf import write_shelf, write_status

    for report in reports:
        if not report.each:
            changed |= prune(report.page, *report.retention, datetime.now(UTC))
    if changed or not (folder / "index.html").is_file():
        write_shelf(folder)
    write_status(folder)


@contextmanager
def _held(folder: Path) -> Iterator[None]:
    """Hold the folder: the system gives it back when this process ends, however it ends."""
    lock = filelock.FileLock(folder / ".build.lock")
    try:
        lock.acquire(timeout=0)
    except filelock.Timeout as error:
        raise LockedError(f"Another build is writing to {relative(folder)}. Wait for it, then try again.") from error
    try:
        yield
    finally:
        lock.release()


def _run(work: Coroutine[Any, Any, T]) -> T:
    """Run to the end, from a notebook's cell too, where an event loop is running already."""
    try:
        asyncio.get_running_loop()
    except RuntimeError:
        return asyncio.run(work)
    with ThreadPoolExecutor(1) as thread:
        return thread.submit(asyncio.run, work).result()
