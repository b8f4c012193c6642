"""How fast many reports are built, beside papermill and nbconvert: ``python -m tests.benchmarks.building [--short]``.

One run measures every way on the same notebook, so that its ratios hold whatever else the machine does; it takes about
25 minutes. With ``--short`` the loops run on the smaller number of reports only; what they take for the larger is
worked out from it, start-up counted once, and marked.
Writes BUILDING.md beside this file.
"""

from __future__ import annotations

import argparse
import os
import platform
import resource
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path

import numpy as np
import pandas as pd
from nbformat import NotebookNode

from pdlib.publish.build import build_reports
from pdlib.publish.how import How, cores
from pdlib.publish.plan import plan

NOTEBOOK = Path(__file__).with_name("workload.ipynb")
FIGURES = Path(__file__).with_name("BUILDING.md")
GOALS = {12: (4.0, 8.0), 50: (6.0, 12.0)}
STUDY = """
name = "Workload"
[unit]
column = "store"
[period]
column = "visit"
[tables]
observations = "rows.csv"
[[outcome]]
name = "y"
kind = "mean"
value = "y"
"""


@dataclass(frozen=True)
class Timing:
    """One way to build so many reports."""

    way: str
    count: int
    wall: float
    cpu: float
    worked_out: bool = False


def workload(folder: Path) -> Path:
    """Write the study of 10,000 rows beside a copy of the notebook; returns the latter."""
    rng = np.random.default_rng(1)
    n = 10_000
    rows = pd.DataFrame({f"x{k}": rng.standard_normal(n) for k in range(6)})
    rows["y"] = rows["x0"] + np.sin(rows["x1"]) + 0.5 * rng.standard_normal(n)
    rows["store"] = [f"s{k:02}" for k in rng.integers(0, 50, n)]
    rows["month"] = rng.integers(1, 13, n)
    rows["visit"] = rows.groupby("store").cumcount() + 1
    rows.round(4).to_csv(folder / "rows.csv", index=False)
    (folder / "study.toml").write_text(STUDY, encoding="utf-8")
    return Path(shutil.copy(NOTEBOOK, folder / "work.ipynb"))


def stores(count: int) -> list[str]:
    """The parameter of each report."""
    return [f"s{k:02}" for k in range(count)]


# -- the ways -------------------------------------------------------------------------------------------------


def pdlib(folder: Path, count: int, jobs: int = 0) -> None:
    """Our builder, as `pdlib build --each store=…` runs it."""
    report = plan(folder, notebook=folder / "work.ipynb", output=folder / "reports", each="store", values=stores(count))
    (built,) = build_reports([report], How(force=True, progress=False, jobs=jobs))
    if built.built != count:
        raise RuntimeError(f"{built}")


def shell_loop(folder: Path, count: int) -> None:
    """Papermill's command, then nbconvert's, for each report."""
    programs = Path(sys.executable).parent
    for store in stores(count):
        done = folder / f"{store}.ipynb"
        mill = [programs / "papermill", "work.ipynb", done, "-p", "store", store, "--no-progress-bar"]
        convert = [programs / "jupyter", "nbconvert", "--to", "html", "--log-level", "ERROR", done]
        for command in (mill, convert):
            subprocess.run([str(word) for word in command], cwd=folder, check=True, capture_output=True)


def api_loop(folder: Path, count: int) -> None:
    """One Python process: papermill's function and one exporter."""
    subprocess.run([sys.executable, "-c", _LOOP, *stores(count)], cwd=folder, check=True, capture_output=True)


def api_loop_twice(folder: Path, count: int) -> None:
    """The same in two processes at a time."""
    names = stores(count)
    with ProcessPoolExecutor(2) as pool:
        list(pool.map(_loop_over, [folder, folder], [names[::2], names[1::2]]))


def _loop_over(folder: Path, names: list[str]) -> None:
    subprocess.run([sys.executable, "-c", _LOOP, *names], cwd=folder, check=True, capture_output=True)


_LOOP = """
import sys
import papermill
from nbconvert import HTMLExporter

exporter = HTMLExporter()
for store in sys.argv[1:]:
    papermill.execute_notebook("work.ipynb", f"{store}.ipynb", {"store": store}, progress_bar=False)
    page, _ = exporter.from_filename(f"{store}.ipynb")
    open(f"{store}.html", "w").write(page)
"""


def outputs(nb: NotebookNode) -> list[list[NotebookNode]]:
    """What the cells of a notebook show, the injected ones left out."""
    own = [cell for cell in nb.cells if "injected-parameters" not in cell.metadata.get("tags", [])]
    return [cell.outputs for cell in own if cell.cell_type == "code"]


# -- measuring ------------------------------------------------------------------------------------------------


def timed(way: str, work: Callable[[Path, int], None], folder: Path, count: int) -> Timing:
    """Build so many reports in a fresh copy of the folder; CPU is that of all processes."""
    with tempfile.TemporaryDirectory() as scratch:
        place = Path(shutil.copytree(folder, Path(scratch) / "work"))
        before, clock = _cpu(), time.perf_counter()
        work(place, count)
        return Timing(way, count, time.perf_counter() - clock, _cpu() - before)


def _cpu() -> float:
    used = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return sum(each.ru_utime + each.ru_stime for each in used)


def _worked_out(fewer: Timing, count: int, start: Timing) -> Timing:
    """For more reports, each taking as long as each of the fewer did, after a start that is the same."""
    factor = count / fewer.count
    wall, cpu = (
        once + (fewer_in_all - once) * factor
        for once, fewer_in_all in ((start.wall, fewer.wall), (start.cpu, fewer.cpu))
    )
    return Timing(fewer.way, count, wall, cpu, worked_out=True)


def measure(counts: list[int], *, short: bool = False) -> list[Timing]:
    """Every way for every number of reports, the smallest first."""
    timings: list[Timing] = []
    ways = {
        "pdlib": pdlib, "API loop": api_loop, "API loop, 2 processes": api_loop_twice, "shell loop": shell_loop,
    }  # fmt: skip
    worked_out = ["shell loop", "API loop", "API loop, 2 processes"] if short else []
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch)
        workload(folder)
        subprocess.run(
            [sys.executable, "-c", _LOOP, "s00"], cwd=folder, check=True, capture_output=True
        )  # warm the disk
        starts = {way: timed(way, ways[way], folder, 0) for way in worked_out}
        for count in counts:
            for way, work in ways.items():
                fewer = next((one for one in timings if one.way == way), None)
                if fewer and way in worked_out:
                    timings.append(_worked_out(fewer, count, starts[way]))
                else:
                    timings.append(timed(way, work, folder, count))
    return timings


def table(timings: list[Timing], *, busy: bool) -> str:
    """Lay out the figures and the ratios to ours; a busy machine judges nothing."""
    lines = ["| way | reports | wall s | CPU s | wall, times ours | CPU, times ours | goal |"]
    lines.append("|---|---:|---:|---:|---:|---:|---|")
    ours = {one.count: one for one in timings if one.way == "pdlib"}
    for one in timings:
        mine = ours[one.count]
        ratio = one.wall / mine.wall
        api, shell = GOALS.get(one.count, (0.0, 0.0))
        goal = {"API loop": api, "shell loop": shell}.get(one.way)
        verdict = "not judged" if busy else "kept" if goal and ratio >= goal else "missed"
        verdict = f"{verdict}: {goal:g}" if goal else ""
        way = f"{one.way} (worked out)" if one.worked_out else one.way
        figures = f"{one.wall:.1f} | {one.cpu:.1f} | {ratio:.1f} | {one.cpu / mine.cpu:.1f}"
        lines.append(f"| {way} | {one.count} | {figures} | {verdict} |")
    return "\n".join(lines)


def preface(*, busy: bool, short: bool) -> str:
    """Say what was measured, with what, and whether by a machine that did other work meanwhile."""
    noise = (
        " Other work ran meanwhile: wall seconds of ways that were timed minutes apart compare badly, CPU seconds "
        "well; the goals, which are of wall seconds, are not judged."
    )
    names = ("papermill", "nbconvert", "ipykernel", "matplotlib")
    packages = ", ".join(f"{name} {version(name)}" for name in names)
    machine = f"Python {platform.python_version()}, {packages}, {platform.system()}, {cores()} cores"
    return (
        "# Building many reports\n\n"
        "Written by `python -m tests.benchmarks.building`: the notebook `workload.ipynb` (15 cells, six pictures, a "
        "forest fitted to 10,000 rows), one report for each store. All ways in one run, the ratios beside each; CPU is "
        "that of all processes"
        f"{'; what is worked out stems from the smaller number of reports, start-up counted once' * short}. "
        f"Outputs are those of papermill, cell by cell: `tests/publish/test_kernels.py` holds that."
        f"\n\n{machine}, load {os.getloadavg()[0]:.1f} at the end.{noise * busy}\n"
    )


def main() -> int:
    """Measure, print, and keep the figures."""
    parser = argparse.ArgumentParser(prog="python -m tests.benchmarks.building", description=__doc__)
    parser.add_argument("--short", action="store_true", help="run the loops on the smaller number of reports only")
    short = parser.parse_args().short
    timings = measure([12, 50], short=short)
    busy = os.getloadavg()[1] > cores() + 1
    figures = table(timings, busy=busy)
    print(figures)
    FIGURES.write_text(f"{preface(busy=busy, short=short)}\n{figures}\n", encoding="utf-8")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
