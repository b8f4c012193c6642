"""Build a report: check the data, run the notebook, render, check the page, and only then replace the last one."""

from __future__ import annotations

import hashlib
import json
import os
import platform
import subprocess
import time
from calendar import monthrange
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

import filelock
import nbformat
from nbformat import NotebookNode
from tqdm import tqdm

import pdlib
from pdlib.errors import PdlibError, StudyError
from pdlib.publish.checks import Failure, Outline, PageError, page_failures, page_warnings
from pdlib.publish.exporter import InsightExporter
from pdlib.publish.files import hash_files, slug, write_atomically
from pdlib.publish.kernels import run
from pdlib.publish.parameters import declared, inject, resolve
from pdlib.publish.scan import privacy_failures
from pdlib.publish.shelf import SCHEMA, day, failed_page, minute, read_manifest, write_shelf
from pdlib.study import Study

NOTEBOOK = Path("notebooks") / "insight_report.ipynb"
_ROOT_MARKS = (".git", "pyproject.toml")


class LockedError(PdlibError):
    """Another build is writing to the same folder."""


@dataclass(frozen=True)
class Built:
    """A finished report.

    Attributes
    ----------
    page : Path
        The page, one file.
    seconds : float
        How long the build took.
    warnings : tuple of str
        What a reader would stumble over, though the page was published.
    """

    page: Path
    seconds: float
    warnings: tuple[str, ...]


@dataclass(frozen=True)
class _Job:
    """One report to build: from what, into which files."""

    study: Study
    study_file: Path
    notebook: Path
    folder: Path
    parameters: dict[str, Any]
    began: datetime

    @property
    def page(self) -> Path:
        return self.folder / f"{slug(self.study.name)}.html"

    @property
    def failed(self) -> Path:
        return self.page.with_suffix(".failed.html")

    @property
    def manifest(self) -> Path:
        return self.page.with_suffix(".json")


def build(
    study_path: str | Path,
    *,
    notebook: str | Path | None = None,
    output: str | Path = "reports",
    parameters: Mapping[str, Any] | None = None,
    timeout: float = 600,
    progress: bool = True,
) -> Built:
    """Build one study's report, and the shelf that lists it.

    The data are read and checked before any kernel starts. A page is published only if every cell ran, nothing
    wrote a warning, and the page is whole; else the last good page stays as it is, byte for byte, and
    ``<slug>.failed.html`` tells what happened.

    Parameters
    ----------
    study_path : str or Path
        The study's ``study.toml``, or the folder that holds it.
    notebook : str or Path, optional
        A notebook with a cell tagged ``parameters`` that sets ``study_path``. Without it, the nearest
        ``notebooks/insight_report.ipynb`` of the study's project, else the one that comes with pdlib.
    output : str or Path, default "reports"
        Folder for the page, its manifest and the shelf.
    parameters : mapping of str to object, optional
        Values for the notebook's parameters, by name.
    timeout : float, default 600
        Seconds the whole notebook may take.
    progress : bool, default True
        Show a progress bar over the cells if the error stream is a terminal.

    Returns
    -------
    Built

    Raises
    ------
    StudyError, DataError
        If the declaration or the data are wrong.
    ParameterError
        If the notebook has no parameter of a given name.
    PageError
        If a cell fails or the page is not whole; names the cell.
    LockedError
        If another build is writing to the same folder.
    """
    clock = time.monotonic()
    study_file = _study_file(study_path)
    notebook_file = find_notebook(notebook, study_file)
    nb = _read_notebook(notebook_file)
    values = resolve({**(parameters or {}), "study_path": str(study_file)}, declared(nb))
    study = pdlib.load_study(study_file)
    folder = Path(output).resolve()
    folder.mkdir(parents=True, exist_ok=True)
    job = _Job(study, study_file, notebook_file, folder, values, datetime.now(UTC))
    with _locked(folder):
        try:
            page, warnings, facts = _make_page(job, nb, timeout, progress)
        except PdlibError as error:
            _record_failure(job, error)
            error.add_note(f"What happened, in full: {relative(job.failed)}. {_kept(job)}")
            raise
        _publish(job, page, {**facts, "seconds": round(time.monotonic() - clock, 2)})
    return Built(job.page, time.monotonic() - clock, tuple(warnings))


def find_notebook(notebook: str | Path | None, study_file: Path) -> Path:
    """Find the report's notebook: the one given, the project's own, or the one that comes with pdlib.

    A project is the nearest folder at or above the study or the working directory that holds ``.git`` or
    ``pyproject.toml``; folders above it are not searched, since whoever may write there would choose the code run.

    Raises
    ------
    StudyError
        If there is none.
    """
    if notebook is not None:
        given = Path(notebook).resolve()
        if not given.is_file():
            raise StudyError(f"There is no notebook {notebook}. Check the path.")
        return given
    package = Path(__file__).resolve().parent
    places = [*_project(study_file.parent), *_project(Path.cwd()), package, package.parents[1]]
    for place in places:
        if (place / NOTEBOOK).is_file():
            return place / NOTEBOOK
    raise StudyError(f"Found no {NOTEBOOK.as_posix()} in the study's project. Name a notebook with --notebook.")


def _project(start: Path) -> list[Path]:
    folders = [start, *start.parents]
    roots = [i for i, folder in enumerate(folders) if any((folder / mark).exists() for mark in _ROOT_MARKS)]
    return folders[: roots[0] + 1] if roots else [start]


def _study_file(study_path: str | Path) -> Path:
    path = Path(study_path).resolve()
    path = path / "study.toml" if path.is_dir() else path
    if not path.is_file():
        raise StudyError(f"There is no study at {study_path}. Give the path of a study.toml or of its folder.")
    return path


def _read_notebook(path: Path) -> NotebookNode:
    try:
        return nbformat.read(path, as_version=4)
    except (ValueError, nbformat.ValidationError) as error:
        raise StudyError(f"{path.name} is not a notebook that Jupyter can read: {error}") from error


@contextmanager
def _locked(folder: Path) -> Iterator[None]:
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


def _make_page(job: _Job, nb: NotebookNode, timeout: float, progress: bool) -> tuple[str, list[str], dict[str, Any]]:
    """Everything that can fail: returns the page, its warnings, and the facts for the manifest."""
    observations = pdlib.read(job.study)
    facts = _facts(job, nb)
    _execute(inject(nb, job.parameters), job.notebook.parent, timeout, progress)
    resources = {
        "metadata": {"name": job.notebook.stem, "path": str(job.notebook.parent)},
        "provenance": _provenance(facts),
    }
    page, resources = InsightExporter().from_notebook_node(nb, resources=resources)
    failures = page_failures(page, _machine_paths(job))
    if failures := failures + privacy_failures(page, observations, resources["cleared"]):
        raise PageError(failures)
    outline = Outline(page)
    headline = next(heading.text for heading in outline.headings if heading.level == 1)
    return page, page_warnings(page), {**facts, "title": headline, "standfirst": outline.standfirst}


def _execute(nb: NotebookNode, folder: Path, timeout: float, progress: bool) -> None:
    with tqdm(total=len(nb.cells), disable=None if progress else True, leave=False, unit="cell") as bar:

        def started(name: str) -> None:
            bar.set_description(name[:48], refresh=False)
            bar.update()

        run(nb, folder, timeout=timeout, started=started)


def _facts(job: _Job, nb: NotebookNode) -> dict[str, Any]:
    """What was built from what: enough to build the same page again. Taken before the notebook is changed."""
    source = [[cell.cell_type, cell.source, sorted(cell.metadata.get("tags", []))] for cell in nb.cells]
    given = {name: value for name, value in job.parameters.items() if name != "study_path"}
    return {
        "built": job.began.isoformat(timespec="seconds"),
        "data_sha256": hash_files(_tables(job)),
        "study_sha256": hash_files([job.study_file]),
        "notebook": job.notebook.name,
        "notebook_sha256": hashlib.sha256(json.dumps(source).encode()).hexdigest(),
        "parameters": given,
        "pdlib": _version(),
        "python": platform.python_version(),
        "commit": _commit(job.notebook.parent),
        "delete_after": _delete_after(job.began, job.study.privacy.keep_months),
    }


def _delete_after(began: datetime, months: int | None) -> str | None:
    """The day after which the report should be deleted, in ISO form; None if the study sets no limit."""
    if months is None:
        return None
    year, month = divmod(began.year * 12 + began.month - 1 + months, 12)
    last = monthrange(year, month + 1)[1]
    return began.date().replace(year=year, month=month + 1, day=min(began.day, last)).isoformat()


def _tables(job: _Job) -> list[Path]:
    """Files of the study's tables, in the order of their names."""
    tables = job.study.tables.model_dump() if job.study.tables else {}
    return [job.study_file.parent / name for _, name in sorted(tables.items()) if name]


def _provenance(facts: dict[str, Any]) -> str:
    parts = [f"Built {minute(facts['built'])}, with pdlib {facts['pdlib']} and Python {facts['python']}"]
    parts += [f"data {facts['data_sha256'][:12]}", f"notebook {facts['notebook_sha256'][:12]}"]
    parts += [f"commit {facts['commit']}"] if facts["commit"] else []
    parts += [f"please delete after {day(facts['delete_after'])}"] if facts["delete_after"] else []
    return " · ".join(parts)


def _version() -> str:
    try:
        return version("pdlib")
    except PackageNotFoundError:
        return "unknown"


def _commit(folder: Path) -> str | None:
    """Short name of the commit the notebook is at, with "-dirty" if files differ from it; None outside git."""
    command = ["git", "-C", str(folder), "describe", "--always", "--dirty", "--abbrev=12", "--exclude=*"]
    environment = {**os.environ, "GIT_OPTIONAL_LOCKS": "0"}
    try:
        answer = subprocess.run(command, capture_output=True, text=True, timeout=10, check=False, env=environment)
    except (OSError, subprocess.TimeoutExpired):
        return None
    return answer.stdout.strip() or None if answer.returncode == 0 else None


def _machine_paths(job: _Job) -> set[str]:
    folders = [job.study_file, job.study_file.parent, job.notebook.parent, job.folder, Path.cwd(), Path.home()]
    return {str(folder) for folder in folders if len(folder.parts) > 1}


def _publish(job: _Job, page: str, facts: dict[str, Any]) -> None:
    """Page first, manifest next, shelf last: whoever follows a link finds what it promised."""
    write_atomically(job.page, page)
    entry = {"schema": SCHEMA, "slug": job.page.stem, "study": job.study.name, "status": "good", "failure": None}
    _write_manifest(job, {**entry, **facts})
    job.failed.unlink(missing_ok=True)
    write_shelf(job.folder)


def _record_failure(job: _Job, error: PdlibError) -> None:
    """Say what happened beside the last good page, which stays."""
    at = job.began.isoformat(timespec="seconds")
    failures = error.failures if isinstance(error, PageError) else [Failure("the study", str(error))]
    text = failed_page(
        f"{job.study.name}: the report could not be built",
        _kept(job),
        [_without_paths(job, failure) for failure in failures],
        f"Build of {minute(at)}, notebook {job.notebook.name}, pdlib {_version()}.",
    )
    write_atomically(job.failed, text)
    last = read_manifest(job.manifest) or {
        "schema": SCHEMA,
        "slug": job.page.stem,
        "study": job.study.name,
        "title": "",
        "standfirst": "",
        "built": None,
    }
    failure = {"at": at, "where": failures[0].where, "reason": _hide(job, failures[0].reason)}
    _write_manifest(job, {**last, "status": "failed", "failure": failure})
    write_shelf(job.folder)


def _kept(job: _Job) -> str:
    return "The last good page was kept." if job.page.exists() else "There is no earlier page."


def _write_manifest(job: _Job, manifest: dict[str, Any]) -> None:
    write_atomically(job.manifest, json.dumps(manifest, indent=2, ensure_ascii=False) + "\n")


def _without_paths(job: _Job, failure: Failure) -> Failure:
    return Failure(failure.where, *(_hide(job, text) for text in (failure.reason, failure.source, failure.detail)))


def _hide(job: _Job, text: str) -> str:
    """Shorten this machine's folders, longest first: a failed page is passed on as easily as a good one."""
    for folder in sorted(_machine_paths(job), key=len, reverse=True):
        text = text.replace(f"{folder}{os.sep}", "…/").replace(folder, "…")
    return text


def relative(path: Path) -> Path:
    """Shorten a path to how a reader at the working directory would type it."""
    return path.relative_to(Path.cwd()) if path.is_relative_to(Path.cwd()) else path
