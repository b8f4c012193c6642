"""Turn reports that are due into pages: run their cells, shared ones once, render, check, and put each in its place."""

from __future__ import annotations

import asyncio
import copy
import json
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import nbformat
from nbclient.exceptions import DeadKernelError
from nbformat import NotebookNode
from tqdm import tqdm

from pdlib import history
from pdlib.errors import PdlibError, StudyError
from pdlib.observations import Observations, read
from pdlib.observations.reading import without_examples
from pdlib.publish import facts
from pdlib.publish.checks import Failure, Outline, PageError, cell_name, cell_tags, page_failures, page_warnings
from pdlib.publish.exporter import InsightExporter
from pdlib.publish.failing import machine_paths, tell_failure, tellable
from pdlib.publish.files import keep_earlier, note_scratch, sha256, write_atomically
from pdlib.publish.forks import ForkError, Zygote
from pdlib.publish.how import Built, How
from pdlib.publish.kernels import Kernels, imports, run
from pdlib.publish.manifest import delete_after, note_page, read_manifest, write_manifest
from pdlib.publish.parameters import ParameterError, inject, last_shared, seeds
from pdlib.publish.plan import Member, Report, asked_pages, due_pages, known_members
from pdlib.publish.provenance import built_from, provenance, signature, skeleton
from pdlib.publish.scan import privacy_failures
from pdlib.publish.shelf import write_list
from pdlib.publish.shrinking import shrunk, size
from pdlib.study import load_study


@dataclass(frozen=True)
class _Shared:
    """Cells that all pages of a report have in common, executed, and where to go on from them."""

    nb: NotebookNode
    last: int
    zygote: Zygote
    facts: dict[str, Any]
    keep_random: bool


@dataclass(frozen=True)
class _Made:
    """An executed page, what its kernel knew, and how it was run."""

    nb: NotebookNode
    facts: dict[str, Any]
    engine: str


async def make_pages(reports: Sequence[Report], how: How) -> list[Built]:
    """Build reports, as many pages at a time as asked for; a failure of one stops no other."""
    notebooks = [read_notebook(report.notebook) for report in reports]
    modules = dict.fromkeys(name for nb in notebooks for name in imports(nb))
    several = len(reports) > 1 or reports[0].each is not None
    async with Kernels(how, modules, several=several) as kernels:
        note = note_scratch(reports[0].folder, kernels.folder)
        press = _Press(how, several=several)
        makers = [_Maker(report, nb, kernels, press) for report, nb in zip(reports, notebooks, strict=True)]
        work = [asyncio.ensure_future(maker.build()) for maker in makers]
        try:
            _, late = await asyncio.wait(work, timeout=how.build_seconds)
            for maker, task in zip(makers, work, strict=True):
                if task in late:
                    maker.stop(f"was stopped when its {how.build_seconds:g} seconds were over.")
                    task.cancel()
            return list(await asyncio.gather(*work))
        finally:
            for maker, task in zip(makers, work, strict=True):
                maker.stop()
                task.cancel()
            await asyncio.wait(work)
            press.close()
            note.unlink(missing_ok=True)


def read_notebook(path: Path) -> NotebookNode:
    """Read a notebook for running: without outputs.

    Raises
    ------
    StudyError
        If it is none.
    """
    try:
        nb = nbformat.read(path, as_version=4)
    except (ValueError, nbformat.ValidationError) as error:
        raise StudyError(f"{path.name} is not a notebook that Jupyter can read: {error}") from error
    for cell in nb.cells:
        if cell.cell_type == "code":
            cell.outputs, cell.execution_count = [], None
    return nb


class _Press:
    """What all reports of a build share: the kernels' slots, the one thread that renders, the progress bar."""

    def __init__(self, how: How, *, several: bool) -> None:
        self.how, self.several = how, several
        self.slots = asyncio.Semaphore(how.at_a_time)
        self.bar = tqdm(
            total=0, disable=None if how.progress else True, leave=False, unit="page" if several else "cell"
        )
        self._thread = ThreadPoolExecutor(1, "render")
        self._exporter: InsightExporter | None = None

    def close(self) -> None:
        self.bar.close()
        self._thread.shutdown()

    def expect(self, count: int) -> None:
        """Lengthen the bar."""
        self.bar.total += count
        self.bar.refresh()

    async def render(
        self, nb: NotebookNode, resources: dict[str, Any], maker: _Maker, member: Member
    ) -> tuple[str, list[Failure]]:
        """Make the page and check it; the exporter is kept, for what takes long is to read its template."""
        arguments = nb, resources, maker.paths, await maker.observations(), member
        return await asyncio.get_running_loop().run_in_executor(self._thread, self._render, *arguments)

    def _render(
        self, nb: NotebookNode, resources: dict[str, Any], paths: set[str], observations: Observations, member: Member
    ) -> tuple[str, list[Failure]]:
        self._exporter = self._exporter or InsightExporter()
        page, made = self._exporter.from_notebook_node(nb, resources=resources)
        cleared = [*made["cleared"], *map(str, member.values.values())]  # a unit's own page is for its own people
        return page, page_failures(page, paths) + privacy_failures(page, observations, cleared)


class _Maker:
    """Makes the pages of one report and keeps its record."""

    def __init__(self, report: Report, nb: NotebookNode, kernels: Kernels, press: _Press) -> None:
        self.report, self.nb, self.kernels, self.press, self.how = report, nb, kernels, press, press.how
        self.began, self.clock = datetime.now(UTC), time.monotonic()
        self.data = signature(report)
        self.paths = machine_paths(report.study_file, report.notebook) | {str(report.folder)}
        self.manifest = (read_manifest(report.manifest) or skeleton(report)) | {"study_path": report.study_path}
        self._size_before, self._size = self.manifest.get("size"), dict[str, Any]()
        self.warnings: dict[str, None] = {}
        self.failures: list[tuple[str, PdlibError]] = []
        self.seconds: dict[str, float] = {}
        self.made = 0
        self.facts: dict[str, Any] | None = None
        self.shared_cells: list[str] = []
        self.verified: list[str] = []
        self.notes: dict[str, None] = {}
        self._read: Observations | None = None
        self._stopping: str | None = None

    def stop(self, reason: str = "") -> None:
        """Publish nothing more; with a reason, tell it as a failure."""
        if self._stopping is None:
            self._stopping = reason

    async def build(self) -> Built:
        """Make what is due, and tell what became of it."""
        try:
            return await self._build()
        except asyncio.CancelledError:
            if not self._stopping:
                raise
            error: PdlibError = PageError([Failure("the build", self._stopping)])
        except ParameterError as asked:  # a word of the command is wrong, and nothing about the report
            return self._built(error=asked)
        except Exception as caught:  # noqa: BLE001 - whatever it is, the other reports are built
            error = tellable(caught)
        return self._failed(error)

    async def _build(self) -> Built:
        report = self.report
        shared = await self._share() if report.each else None
        members = report.members(known_members(report, self.manifest) or await self._known(shared))
        asked = asked_pages(members, self.how.only)
        wanted = due_pages(report, self.manifest, asked, force=self.how.force)
        self._begin(members)
        self.press.expect(len(wanted) if self.press.several else len(self.nb.cells) + 1)
        samples = wanted[:: max(1, len(wanted) // self.how.verify)][: self.how.verify] if self.how.verify else []
        await self._all(samples, shared, compare=True)
        if self.failures and samples:
            raise self.failures[0][1]
        await self._all([member for member in wanted if member not in samples], shared)
        return self._end(len(asked) - len(wanted))

    async def _all(self, members: Sequence[Member], shared: _Shared | None, *, compare: bool = False) -> None:
        work = [asyncio.ensure_future(self._one(member, shared, compare=compare)) for member in members]
        try:
            await asyncio.gather(*work)
        finally:
            for task in work:
                task.cancel()

    # -- running -------------------------------------------------------------------------------------------------

    async def _share(self) -> _Shared | None:
        """Run the shared cells once; None if there are none or nothing can be forked from them."""
        last = last_shared(self.nb, [str(self.report.each)])
        if last is None or not self.kernels.forks:
            return None
        nb = inject(copy.deepcopy(self.nb), self.report.parameters)
        last += 1  # the injected cell
        keep = seeds(nb, last)
        try:
            async with self.press.slots:
                kernel = await self.kernels.open(nb, self.report.notebook.parent, stay=True)
                try:
                    await run(kernel, nb, range(last + 1), self.how, self._started)
                    known = await kernel.ask(facts.ASK)
                    members = await kernel.ask(facts.ASK_MEMBERS.format(each=self.report.each))
                    zygote = await self.kernels.settle(kernel)
                except BaseException:
                    await kernel.close()
                    raise
        except ForkError as error:
            self.notes[f"The shared cells were run for each page: {error}."] = None
            return None
        self._check_data()
        self.facts = built_from(self.report, known or {})
        self.shared_cells = [cell_name(nb, i) for i, c in enumerate(nb.cells) if "shared" in cell_tags(c)]
        return _Shared(nb, last, zygote, {**(known or {}), "members": members}, keep)

    async def _known(self, shared: _Shared | None) -> list[tuple[Any, str]]:
        """Values of the parameter that differs, with their labels: read by the shared cells, or else now."""
        if shared and shared.facts["members"]:
            return [(value, label) for value, label in shared.facts["members"]]
        names = {"observations": await self.observations()}
        return [(value, label) for value, label in json.loads(facts.members(names, str(self.report.each)))]

    async def observations(self) -> Observations:
        """The data, read once more in this process: what a page may show is judged by them and not by its notebook."""
        if self._read is None:
            self._check_data()
            self._read = await asyncio.to_thread(lambda: read(load_study(self.report.study_file)))
            self._size = size(self._read)
        return self._read

    async def _one(self, member: Member, shared: _Shared | None, *, compare: bool) -> None:
        clock = time.monotonic()
        try:
            async with self.press.slots:
                made = await self._make(member, shared)
                if compare:
                    _compare(made.nb, (await self._make(member, None, plain=True)).nb)
                    self.verified.append(member.label)
            page = await self._page(member, made)
            self._publish(member, made, page, time.monotonic() - clock)
        except Exception as error:  # whatever it is, the other pages are built
            if self._stopping is not None:
                raise asyncio.CancelledError from error
            self._note_failure(member, tellable(error))
        if self.press.several:
            self.press.bar.update()

    async def _make(self, member: Member, shared: _Shared | None, *, plain: bool = False) -> _Made:
        """Execute a page's cells; whole and in a plain kernel if the forked one cannot be had, or has died."""
        notes: list[str] = []
        if not plain:
            try:
                return await self._execute(member, shared, notes)
            except ForkError as error:
                notes.append(f"{member.label}: {error}; built whole, with a plain kernel.")
        return await self._execute(member, None, notes, plain=True)

    async def _execute(self, member: Member, shared: _Shared | None, notes: list[str], *, plain: bool = False) -> _Made:
        first = shared.last + 1 if shared else 0
        state: dict[str, Any] = {}
        if shared:
            nb = inject(copy.deepcopy(shared.nb), member.values, after=shared.last)
            state = {"parent": shared.zygote, "keep_random": shared.keep_random}
        else:
            nb = inject(copy.deepcopy(self.nb), {**self.report.parameters, **member.values})
        kernel = await self.kernels.open(nb, self.report.notebook.parent, plain=plain, **state)
        try:
            await run(kernel, nb, range(first, len(nb.cells)), self.how, self._started)
            known = await kernel.ask(facts.ASK) or {}
        except PageError as error:
            if kernel.engine == "forked" and isinstance(error.__cause__, DeadKernelError) and self._stopping is None:
                raise ForkError(f"its forked kernel ended ({error})") from error
            raise
        finally:
            await kernel.close()
        pictures = sum("image/png" in output.get("data", {}) for cell in nb.cells for output in cell.get("outputs", []))
        if known.get("open_figures", 0) > pictures:
            reason = f"drew {known['open_figures']} figures and showed {pictures}. Show each in the cell that draws it."
            raise PageError([Failure("the notebook", reason)])
        self.notes |= dict.fromkeys([*kernel.notes, *notes])
        return _Made(nb, known, "shared" if shared else kernel.engine)

    def _started(self, name: str) -> None:
        if not self.press.several:
            self.press.bar.set_description(name[:48], refresh=False)
            self.press.bar.update()

    # -- publishing ----------------------------------------------------------------------------------------------

    async def _page(self, member: Member, made: _Made) -> str:
        """Render and check a page; the report's facts are those of the cells that all pages share, or of its first."""
        found = self.facts = self.facts or built_from(self.report, made.facts)
        self._look_at_data(found, await self.observations())
        resources = {
            "metadata": {"name": self.report.notebook.stem, "path": str(self.report.notebook.parent)},
            "provenance": provenance(found, self.began, self._delete_after),
        }
        page, failures = await self.press.render(made.nb, resources, self, member)
        if failures:
            raise PageError(failures)
        of = f"{member.label}: " if self.report.each else ""
        self.warnings |= dict.fromkeys(f"{of}{warning}" for warning in page_warnings(page))
        return page

    def _look_at_data(self, found: dict[str, Any], observations: Observations) -> None:
        """Refuse data that have shrunk, and under --strict what is doubtful; tell the doubts that are passed over."""
        reasons = [f"{count} {reason}" for reason, count in found["rows_set_aside"].items()]
        if self.how.strict and reasons:
            what = f"have rows that were set aside ({'; '.join(reasons)}); --strict allows none."
            raise PageError([Failure("the data", what)])
        if self.how.strict and observations.doubts:
            doubts = " ".join(map(str, observations.doubts))
            raise PageError([Failure("the data", f"raise doubts; --strict allows none. {doubts}")])
        self.warnings |= dict.fromkeys(map(str, observations.doubts))
        period = observations.study.period
        found |= {
            "size": self._size, "reading": without_examples(observations.reading), "doubts": len(observations.doubts),
        }  # fmt: skip
        less = "" if self.how.accept_shrink or (period and period.window) else shrunk(self._size_before, self._size)
        if less:
            fix = "Export again, or build with --accept-shrink if that is meant."
            raise PageError([Failure("the data", f"hold less than at the last build: {less}. {fix}")])

    @property
    def _delete_after(self) -> str | None:
        """The day after which the report should be deleted, if the study sets a limit."""
        return delete_after(self.began, self.report.declaration.get("privacy", {}).get("keep_months"))

    def _check_data(self) -> None:
        """Refuse to publish what was worked out from data that have changed since they were hashed."""
        if signature(self.report) != self.data:
            raise PageError([Failure("the data", "changed while the report was being built. Build it again.")])

    def _begin(self, members: Sequence[Member]) -> None:
        """Note that a build is under way and which pages it will have, so that it can go on if it is cut off."""
        then, now = self.manifest["pages"], {}
        for member in members:
            blank = {"key": None, "sha256": None, "status": "never built"}
            now[member.name] = {"label": member.label, "values": member.values, **blank, **then.get(member.name, {})}
        if self.report.values is not None:
            now = {**then, **now}  # another choice of values is no reason to drop the pages of the last one
        for name in then.keys() - now.keys():
            (self.report.pages / f"{name}.html").unlink(missing_ok=True)
        self.manifest = {**self.manifest, "status": "building", "pages": now}
        if self.report.each:
            self.report.pages.mkdir(exist_ok=True)
        write_manifest(self.report.manifest, self.manifest)

    def _publish(self, member: Member, made: _Made, page: str, seconds: float) -> None:
        """Put a page in its place and note it: whoever reads meanwhile finds the old one or the new one."""
        self._check_data()
        path = self.report.pages / f"{member.name}.html"
        key = self.report.page_key(self._key(made.facts), member)
        if not self.report.each and self.manifest["pages"][member.name]["key"] != key:
            keep_earlier(path, self.manifest)
        write_atomically(path, page)
        entry = {
            **self.manifest["pages"][member.name], "key": key, "sha256": sha256(page), "status": "good",
            "engine": made.engine,
        }  # fmt: skip
        entry.pop("failure", None)
        note_page(self.report.manifest, member.name, entry)
        self.manifest["pages"][member.name] = entry
        self.seconds[member.name] = round(seconds, 2)
        for left in (".failed.html", ".pdf"):  # a PDF is of the page that was replaced
            path.with_suffix(left).unlink(missing_ok=True)
        if not self.report.each:
            outline = Outline(page)
            headline = next(heading.text for heading in outline.headings if heading.level == 1)
            self.manifest |= {"title": headline, "standfirst": outline.standfirst}
        self.made += 1

    def _key(self, known: dict[str, Any]) -> str | None:
        return self.report.key((known.get("finding") or {}).get("id"))

    def _note_failure(self, member: Member, error: PdlibError) -> None:
        """Say what happened beside the last good page, which stays."""
        self.failures.append((member.label, error))
        path = self.report.pages / f"{member.name}.html"
        where, reason = self._tell(path, f"{member.label}: this page could not be built", error)
        entry = {
            **self.manifest["pages"][member.name],
            "status": "failed",
            "failure": {"where": where, "reason": reason},
        }
        with suppress(OSError):
            note_page(self.report.manifest, member.name, entry)
        self.manifest["pages"][member.name] = entry

    def _end(self, unchanged: int) -> Built:
        """Close the record: findings beside the study first, then the manifest."""
        found = self.facts
        finding = found.pop("finding") if found else None
        if finding and self.made:
            self._record(finding)
        if found and self.made:
            self.manifest |= {
                **found, "key": self.report.key(finding["id"] if finding else None),
                "finding": finding["id"] if finding else None, "verified": self.verified,
                "shared": {"cells": self.shared_cells, "parameters": sorted(self.report.parameters)}
                if self.shared_cells else None,
            }  # fmt: skip
        failed = [page for page in self.manifest["pages"].values() if page["status"] == "failed"]
        self.manifest |= {"status": "failed" if failed else "good", "failure": None}
        if failed:
            at = self.began.isoformat(timespec="seconds")
            self.manifest["failure"] = {"at": at, "where": failed[0]["label"], **failed[0]["failure"]}
        self.manifest["run"] |= self._run() if self.made else {}
        write_manifest(self.report.manifest, self.manifest)
        if not failed:
            self.report.failed.unlink(missing_ok=True)
        if self.report.each:
            write_list(self.report.page, self.manifest)
        return self._built(unchanged=unchanged)

    def _failed(self, error: PdlibError) -> Built:
        """Close the record of a report that failed as a whole; every page keeps its last good state."""
        where, reason = self._tell(self.report.page, f"{self.report.study}: the report could not be built", error)
        at = self.began.isoformat(timespec="seconds")
        self.manifest |= {"status": "failed", "failure": {"at": at, "where": where, "reason": reason}}
        with suppress(OSError):
            write_manifest(self.report.manifest, self.manifest)
        return self._built(error=error)

    def _built(self, *, unchanged: int = 0, error: PdlibError | None = None) -> Built:
        seconds, failed = time.monotonic() - self.clock, tuple(self.failures)
        if not self.report.each and failed:
            error, failed = failed[0][1], ()
        return Built(self.report.page, seconds, tuple(self.warnings), self.made, unchanged, failed, error)

    def _tell(self, page: Path, title: str, error: PdlibError) -> tuple[str, str]:
        return tell_failure(page, title, error, self.began, self.paths)

    def _record(self, finding: dict[str, Any]) -> None:
        """Add what was found to the history beside the study, once."""
        folder, built = self.report.study_file.parent, self.began.isoformat(timespec="seconds")
        last = history.previous(folder, finding["study"], finding["outcome"])
        if last and last["id"] == finding["id"]:
            return
        try:
            history.add(folder, finding, built)
        except OSError as error:
            self.warnings[
                f"What was found could not be noted in {history.FILE} beside the study: {error.strerror}."
            ] = None

    def _run(self) -> dict[str, Any]:
        return {
            "built": self.began.isoformat(timespec="seconds"),
            "delete_after": self._delete_after,
            "seconds": round(time.monotonic() - self.clock, 2),
            "notes": [*self.kernels.notes, *self.notes],
            "pages": dict(sorted(self.seconds.items())),
        }


def _compare(page: NotebookNode, whole: NotebookNode) -> None:
    """Refuse a page that says something else when its notebook runs from the top in a kernel of its own.

    Raises
    ------
    PageError
        At the first cell whose outputs differ.
    """
    cells, others = (
        [cell for cell in nb.cells if "injected-parameters" not in cell_tags(cell)] for nb in (page, whole)
    )
    for index, (cell, other) in enumerate(zip(cells, others, strict=True)):
        if cell.get("outputs") != other.get("outputs"):
            reason = "gives something else when the whole notebook runs in a kernel of its own. Untag the shared cells."
            raise PageError([Failure(cell_name(NotebookNode(cells=cells), index), reason, cell.source)])
