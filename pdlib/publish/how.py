"""How a build goes about it, which changes no page, and what became of it."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from pdlib.errors import PdlibError

Engine = Literal["auto", "fork", "plain"]


@dataclass(frozen=True)
class How:
    """Settings of a build.

    Attributes
    ----------
    jobs : int
        Kernels that run at a time; 0 stands for one a core.
    engine : {"auto", "fork", "plain"}
        Where kernels come from. "auto" forks them from a process that has loaded the libraries, where there is more
        than one page to build and the system can (Linux); "plain" starts each anew.
    only : tuple of str
        Pages to build, by label, value or pattern (``Harbour*``); the others stay as they are.
    force : bool
        Build what has not changed too.
    strict : bool
        Treat a doubt about the data, or a row that was set aside, as a failure.
    accept_shrink : bool
        Build although a table holds less than at the last build.
    verify : int
        So many pages of each report are also run whole, in plain kernels of their own, and compared cell by cell
        before anything is published.
    start_seconds, cell_seconds, page_seconds, build_seconds : float
        Limits: for a kernel to answer, for a cell, for all cells of a page, for everything.
    progress : bool
        Show a progress bar if the error stream is a terminal.
    """

    jobs: int = 0
    engine: Engine = "auto"
    only: tuple[str, ...] = ()
    force: bool = False
    strict: bool = False
    accept_shrink: bool = False
    verify: int = 0
    start_seconds: float = 90
    cell_seconds: float = 600
    page_seconds: float = 600
    build_seconds: float = 6 * 3600
    progress: bool = True

    @property
    def at_a_time(self) -> int:
        """How many kernels run at a time."""
        return self.jobs or cores()


@dataclass(frozen=True)
class Built:
    """What became of a report.

    Attributes
    ----------
    page : Path
        The page, one file; of several pages, the one that lists them.
    seconds : float
        How long it took.
    warnings : tuple of str
        What a reader would stumble over, though the page was published.
    built, unchanged : int
        Pages.
    failed : tuple of (str, PdlibError)
        Pages that failed, by label; the last good ones were kept.
    error : PdlibError or None
        Why the whole failed.
    """

    page: Path
    seconds: float
    warnings: tuple[str, ...] = ()
    built: int = 0
    unchanged: int = 0
    failed: tuple[tuple[str, PdlibError], ...] = ()
    error: PdlibError | None = None


def cores() -> int:
    """How many cores this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
