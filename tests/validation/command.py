"""The command: run the grid on two processes, write the figures."""

from __future__ import annotations

import argparse
import multiprocessing
import re
import sys
from concurrent.futures import ProcessPoolExecutor, as_completed
from pathlib import Path

import pandas as pd
from tqdm import tqdm

from tests.validation.cells import Cell
from tests.validation.figures import judged, merged, text
from tests.validation.grid import CELLS, STUDIES, replicate
from tests.validation.measures import summarise

HERE = Path(__file__).parent
WORKERS = 2


def main(arguments: list[str] | None = None) -> None:
    """Run what is asked for; a quick run prints, a full one writes."""
    parser = argparse.ArgumentParser(prog="python -m tests.validation", description="Are the defaults right?")
    parser.add_argument("study", nargs="?", default="all", choices=[*STUDIES, "all"])
    parser.add_argument("--replicates", type=int, help="replicates of every cell, in place of each cell's own number")
    parser.add_argument("--cells", default="", help="only cells whose name this regular expression finds")
    parser.add_argument(
        "--quick", action="store_true", help="a tenth of the replicates, no heavy cells, nothing written"
    )
    given = parser.parse_args(arguments)
    cells = [
        cell
        for cell in CELLS.values()
        if given.study in ("all", cell.study) and re.search(given.cells, cell.name) and not (given.quick and cell.heavy)
    ]
    figures = summarise(run(cells, given.replicates, quick=given.quick))
    if not given.quick:
        figures = merged(HERE / "figures.csv", figures)
        figures.to_csv(HERE / "figures.csv", index=False, float_format="%.5g", lineterminator="\n")
        (HERE / "FIGURES.md").write_text(text(figures), encoding="utf-8")
    print(judged(figures).to_string(index=False))


def run(cells: list[Cell], replicates: int | None = None, *, quick: bool = False) -> pd.DataFrame:
    """Every replicate of every cell, the slow ones first; in the order of the cells whatever finishes when."""
    jobs = [
        (cell.study, cell.name, seed)
        for cell in cells
        for seed in range(1, 1 + (replicates or (max(3, cell.replicates // 10) if quick else cell.replicates)))
    ]
    slow_first = sorted(range(len(jobs)), key=lambda j: not CELLS[jobs[j][:2]].heavy)
    rows: list[list[tuple]] = [[] for _ in jobs]
    broken: dict[tuple[str, str], BaseException] = {}
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(WORKERS, mp_context=context) as pool:
        place = {pool.submit(one, jobs[j]): j for j in slow_first}
        for done in tqdm(as_completed(place), total=len(jobs), unit="run", mininterval=5):
            job, error = jobs[place[done]], done.exception()
            if error:
                broken[job[:2]] = error
            else:
                rows[place[done]] = [(*job, *record) for record in done.result()]
    for cell, error in broken.items():
        print(f"{' '.join(cell)} left out: {error!r}", file=sys.stderr)
    columns = ["study", "cell", "replicate", "method", "measure", "numerator", "denominator"]
    kept = [row for job, part in zip(jobs, rows, strict=True) if job[:2] not in broken for row in part]
    return pd.DataFrame(kept, columns=columns)


def one(job: tuple[str, str, int]) -> list[tuple]:
    """One replicate, found by name so that nothing large travels to a worker."""
    study, name, seed = job
    return [tuple(record) for record in replicate(CELLS[study, name], seed)]
