"""What is to be built, under which names, and whether it is there already: known before anything heavy is loaded.

A page is skipped if nothing it was made of has changed: the notebook's code and the modules beside it, its
parameters, the study and the bytes of its tables, what earlier findings it is compared with, pdlib's own files, and
the packages installed.
"""

from __future__ import annotations

import fnmatch
import json
import os
import platform
import sys
import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache, cached_property
from pathlib import Path
from typing import Any

from pdlib import history
from pdlib.errors import StudyError
from pdlib.publish.files import hash_files, relative, sha256, slug
from pdlib.publish.manifest import read_manifest
from pdlib.publish.parameters import ParameterError, check_name, declared, resolve

NOTEBOOKS = Path("notebooks")
REPORT, UNIT_PAGE = "insight_report.ipynb", "unit_page.ipynb"
FROM_THE_STUDY = ("unit", "region")
HOW_WRITTEN = ("sheet", "encoding", "decimal", "thousands", "missing")  # keys of [tables] that name no file
_ROOT_MARKS = (".git", "pyproject.toml")


def _files(tables: Mapping[str, Any]) -> list[str]:
    """Names of the tables' files, by table; each may stand alone or under ``file``, beside keys of other kinds."""
    named = [tables[name] for name in sorted(tables) if name not in HOW_WRITTEN]
    return [str(value.get("file", "") if isinstance(value, Mapping) else value) for value in named]


@dataclass(frozen=True)
class Member:
    """One page of a report: what it is called and how its parameters differ from its siblings'.

    Attributes
    ----------
    name : str
        Stem of its file.
    label : str
        What people call it.
    values : dict
        The parameters that differ.
    """

    name: str
    label: str
    values: dict[str, Any]


@dataclass(frozen=True, eq=False)
class Report:
    """A study told by a notebook: one page, or one page for each unit, region or value.

    Attributes
    ----------
    study_file, notebook, folder : Path
        The declaration, the notebook, and the folder to write to.
    parameters : dict
        Values that all its pages have in common.
    each : str or None
        The parameter that differs from page to page.
    values : tuple or None
        Its values; None if the study tells them.
    """

    study_file: Path
    notebook: Path
    folder: Path
    parameters: dict[str, Any]
    each: str | None = None
    values: tuple[Any, ...] | None = None

    @cached_property
    def declaration(self) -> dict[str, Any]:
        """The study as written; it is checked when the study is loaded."""
        try:
            return tomllib.loads(self.study_file.read_text(encoding="utf-8"))
        except (UnicodeDecodeError, tomllib.TOMLDecodeError):
            from pdlib.study import load_study

            load_study(self.study_file)
            raise

    @cached_property
    def source(self) -> dict[str, Any]:
        """The notebook as its file holds it."""
        try:
            found = json.loads(self.notebook.read_text(encoding="utf-8"))
            return {**found, "cells": [{**cell, "source": "".join(cell["source"])} for cell in found["cells"]]}
        except (ValueError, KeyError, TypeError) as error:
            raise StudyError(f"{self.notebook.name} is not a notebook that Jupyter can read: {error}") from error

    @property
    def study(self) -> str:
        """Name of the study."""
        return str(self.declaration.get("name", "Study"))

    @cached_property
    def stem(self) -> str:
        """What its files are called: the study, then whatever sets it apart from the study's plain report."""
        usual = self.notebook.name == (UNIT_PAGE if self.each == "unit" else REPORT)
        parts = [slug(self.study)] if usual else [slug(self.study), slug(self.notebook.stem.replace("_", " "))]
        if self.each:
            parts.append(f"{'each' if self.values is None else 'by'}-{slug(self.each.replace('_', ' '))}")
        given = {name: value for name, value in self.parameters.items() if name != "study_path"}
        if given:
            text = json.dumps(given, sort_keys=True, default=str)
            parts += [slug(" ".join(map(str, given.values())))[:40].strip("-"), sha256(text)[:6]]
        return "-".join(parts)

    @property
    def study_path(self) -> str:
        """Where the study lies, seen from the folder written to: the same wherever the project is."""
        return Path(os.path.relpath(self.study_file, self.folder)).as_posix()

    @property
    def page(self) -> Path:
        """The page; of several pages, the one that lists them."""
        return self.folder / f"{self.stem}.html"

    @property
    def failed(self) -> Path:
        """Where a failure of the whole is told."""
        return self.page.with_suffix(".failed.html")

    @property
    def manifest(self) -> Path:
        """What was built from what."""
        return self.page.with_suffix(".json")

    @property
    def pages(self) -> Path:
        """Folder of the pages if there are several, else that of the page."""
        return self.folder / self.stem if self.each else self.folder

    def finished(self) -> list[Path]:
        """Its pages that are there, those that list others left out."""
        found = self.pages.glob("*.html") if self.each else [self.page]
        return sorted(page for page in found if page.exists() and not page.name.endswith(".failed.html"))

    @property
    def retention(self) -> tuple[int, int | None]:
        """How many earlier builds stay, and for how many days."""
        given = self.declaration.get("reports", {})
        return given.get("keep", 12), given.get("keep_days")

    @property
    def data_files(self) -> list[Path] | None:
        """Files that hold the study's data; None if it names something that is no file and cannot be hashed."""
        found: list[Path] = []
        for name in _files(self.declaration.get("tables", {})):
            path = self.study_file.parent / name
            if not path.is_file():
                return None
            found.append(path)
        return found

    @cached_property
    def made_of(self) -> dict[str, Any]:
        """Hashes of everything a page depends on, but for the findings it is compared with."""
        given = {name: value for name, value in self.parameters.items() if name != "study_path"}
        return {
            "data_sha256": hash_files(self.data_files) if self.data_files is not None else None,
            "study_sha256": hash_files([self.study_file]),
            "notebook": self.notebook.name,
            "notebook_sha256": notebook_hash(self.source),
            "modules_sha256": hash_files(sorted(self.notebook.parent.glob("*.py"))),
            "parameters": given,
            "each": self.each,
            "pdlib_sha256": own_code(),
            "environment_sha256": environment(),
        }

    def key(self, finding: str | None) -> str | None:
        """Name everything the report depends on; None if that cannot be known without reading the data.

        Parameters
        ----------
        finding : str or None
            Identity of what it found, if it found anything: it is compared with the last finding before that one.
        """
        if self.made_of["data_sha256"] is None:
            return None
        earlier = history.previous(self.study_file.parent, self.study, than=finding)
        return sha256(json.dumps([self.made_of, earlier], sort_keys=True, default=str))

    def page_key(self, key: str | None, member: Member) -> str | None:
        """Name everything one page depends on."""
        return None if key is None else sha256(json.dumps([key, member.values], sort_keys=True, default=str))

    def members(self, known: Sequence[tuple[Any, str]]) -> list[Member]:
        """Its pages.

        Parameters
        ----------
        known : sequence of (value, label)
            Values of the parameter that differs, and what people call them.
        """
        if self.each is None:
            return [Member(self.stem, self.study, {})]
        named = self.declaration.get("names", {}).get("publish", True) or self.each != "unit"
        found = [
            # Two labels may be alike; the value is what tells pages apart.
            Member(f"{slug(label) if named else self.each}-{sha256(str(value))[:8]}", label, {self.each: value})
            for value, label in known
        ]
        return sorted(found, key=lambda member: (member.label.casefold(), member.name))


def plan(
    study: str | Path,
    *,
    notebook: str | Path | None = None,
    output: str | Path = "reports",
    parameters: Mapping[str, Any] | None = None,
    each: str | None = None,
    values: Sequence[Any] | None = None,
) -> Report:
    """Settle what is to be built.

    Parameters
    ----------
    study : str or Path
        The study's ``study.toml``, or the folder that holds it.
    notebook : str or Path, optional
        A notebook with a cell tagged ``parameters`` that sets ``study_path``. Without it, the nearest
        ``notebooks/insight_report.ipynb`` (``unit_page.ipynb`` for each unit) of the study's project, else the one
        that comes with pdlib.
    output : str or Path
        Folder to write to.
    parameters : mapping of str to object, optional
        Values for the notebook's parameters, by name.
    each : str, optional
        A parameter that differs from page to page: "unit" or "region" of the study, or any other with ``values``.
    values : sequence, optional
        The values of ``each``.

    Raises
    ------
    StudyError
        If there is no such study or notebook.
    ParameterError
        If the notebook has no parameter of a given name.
    """
    study_file = find_study(study)
    name = UNIT_PAGE if each == "unit" and values is None else REPORT
    report = Report(study_file, find_notebook(notebook, study_file, name), Path(output).resolve(), {})
    known, _ = declared(report.source), report.declaration  # what is wrong with either is told now
    if each is not None:
        _check_each(report, each, values, known)
    given = resolve({**(parameters or {}), "study_path": str(study_file)}, known)
    if each in given:
        raise ParameterError(f"Parameter '{each}' is given once for all pages and differs from page to page. Choose.")
    fitted = None if values is None else tuple(resolve({str(each): value}, known)[str(each)] for value in values)
    return Report(study_file, report.notebook, report.folder, given, each, fitted)


def _check_each(report: Report, each: str, values: Sequence[Any] | None, known: Mapping[str, Any]) -> None:
    check_name(each, known)
    if values is not None and not values:
        raise ParameterError(f"No value is given for '{each}'; write {each}=FIRST,SECOND.")
    if values is None and each not in FROM_THE_STUDY:
        raise ParameterError(f"A study has no list of '{each}'. Give its values: --each {each}=FIRST,SECOND.")
    if values is None and each == "region" and not report.declaration.get("unit", {}).get("region"):
        raise StudyError(
            f"{report.study_file.name} names no regions: set region under [unit] to a column of the units."
        )


def find_study(study: str | Path) -> Path:
    """Find the study file that a path stands for."""
    path = Path(study).resolve()
    path = path / "study.toml" if path.is_dir() else path
    if not path.is_file():
        raise StudyError(f"There is no study at {study}. Give the path of a study.toml or of its folder.")
    return path


def find_notebook(notebook: str | Path | None, study_file: Path, name: str = REPORT) -> Path:
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
    for place in (*project(study_file.parent), *project(Path.cwd()), package, package.parents[1]):
        if (place / NOTEBOOKS / name).is_file():
            return place / NOTEBOOKS / name
    raise StudyError(f"Found no {NOTEBOOKS / name} in the study's project. Name a notebook with --notebook.")


def project(start: Path) -> list[Path]:
    """Folders from the one given up to the root of its project; that one alone if it is in none."""
    folders = [start, *start.parents]
    roots = [i for i, folder in enumerate(folders) if any((folder / mark).exists() for mark in _ROOT_MARKS)]
    return folders[: roots[0] + 1] if roots else [start]


def asked_pages(members: Sequence[Member], only: Sequence[str]) -> list[Member]:
    """Pages that were asked for.

    Parameters
    ----------
    members : sequence of Member
        All pages of a report.
    only : sequence of str
        Labels, values or patterns; nothing stands for all.

    Raises
    ------
    ParameterError
        If no page is called so.
    """
    for name in only:
        if not any(_is_called(member, name) for member in members):
            from pdlib.study import did_you_mean

            raise ParameterError(f"No page is called '{name}'{did_you_mean(name, [m.label for m in members])}.")
    return [member for member in members if not only or any(_is_called(member, name) for name in only)]


def due_pages(
    report: Report, manifest: Mapping[str, Any] | None, asked: Sequence[Member], *, force: bool
) -> list[Member]:
    """Which pages have to be built: those that are not there, or not made of what they would be made of now.

    Parameters
    ----------
    report : Report
    manifest : mapping or None
        Of the last build.
    asked : sequence of Member
    force : bool
        All of them.
    """
    if force or manifest is None:
        return list(asked)
    key = report.key(manifest["finding"])
    return [member for member in asked if not _is_there(report, manifest, member, report.page_key(key, member))]


def _is_called(member: Member, name: str) -> bool:
    calls = (member.label, member.name, *map(str, member.values.values()))
    return any(fnmatch.fnmatchcase(call.casefold(), name.casefold()) for call in calls)


def _is_there(report: Report, manifest: Mapping[str, Any], member: Member, key: str | None) -> bool:
    """Whether the page is the one that was published, made of the same, whatever has happened to the folder since."""
    page = manifest["pages"].get(member.name, {})
    if key is None or page.get("status") != "good" or page["key"] != key:
        return False
    try:
        return sha256((report.pages / f"{member.name}.html").read_text(encoding="utf-8")) == page["sha256"]
    except (OSError, ValueError):
        return False


def known_members(report: Report, manifest: Mapping[str, Any] | None) -> list[tuple[Any, str]] | None:
    """What the report's pages stand for, as (value, label), if that is certain without reading the data."""
    if report.each is None:
        return [("", report.study)]
    if report.values is not None:
        return [(value, str(value)) for value in report.values]
    if manifest is None or manifest["key"] is None or manifest["key"] != report.key(manifest["finding"]):
        return None
    return [(page["values"][report.each], page["label"]) for page in manifest["pages"].values()]


def check_owner(report: Report, before: Sequence[Report] = ()) -> None:
    """Make sure that no other study's pages have the report's name.

    Parameters
    ----------
    report : Report
    before : sequence of Report
        Those built at the same time, ahead of it.

    Raises
    ------
    StudyError
        If they have: nothing is overwritten.
    """
    manifest = read_manifest(report.manifest)
    owners = [other.study_file for other in before if other.page == report.page]
    owners += [(report.folder / manifest["study_path"]).resolve()] if manifest else []
    for owner in owners:
        if owner != report.study_file and owner.is_file():
            raise StudyError(
                f"{report.page.name} belongs to {relative(owner)}, another study that is called “{report.study}” too. "
                "Rename one of the two, or build into another folder with --output."
            )


def notebook_hash(source: Mapping[str, Any]) -> str:
    """Hash what a notebook does: code, text, tags and other settings of its cells, but no outputs, ids or counts."""
    cells = [[cell["cell_type"], "".join(cell["source"]), cell.get("metadata", {})] for cell in source["cells"]]
    kernel = source.get("metadata", {}).get("kernelspec", {}).get("name")
    return sha256(json.dumps([cells, kernel], sort_keys=True))


@cache
def own_code() -> str:
    """Hash of pdlib's own files, templates included: in a checkout they change without a new version."""
    package = Path(__file__).resolve().parents[1]
    return hash_files(path for path in sorted(package.rglob("*")) if path.is_file() and path.suffix != ".pyc")


@cache
def environment() -> str:
    """Hash of the Python that builds and of every package installed, by name and version."""
    installed = {
        entry for folder in sys.path if os.path.isdir(folder) for entry in os.listdir(folder)  # noqa: PTH112, PTH208
        if entry.endswith((".dist-info", ".egg-info"))
    }  # fmt: skip
    return sha256("\n".join([sys.version, platform.platform(), *sorted(installed)]))
