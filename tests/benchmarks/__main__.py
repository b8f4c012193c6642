"""Measure speed and memory: ``python -m tests.benchmarks [--quick]``; writes FIGURES.md beside this file."""

from __future__ import annotations

import argparse
import json
import os
import platform
import subprocess
import sys
from dataclasses import asdict
from importlib.metadata import version
from pathlib import Path

from tests.benchmarks import cases

FIGURES = Path(__file__).with_name("FIGURES.md")
ONE_THREAD = {"OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1", "MKL_NUM_THREADS": "1"}

# (case, arguments, runs); the largest are left out of a quick run
CASES: list[tuple[str, list[int | str], int]] = [
    ("closed_form", [500], 25),
    ("lmer", [500], 25),
    ("mixed_lm", [500], 3),
    ("closed_form", [5_000], 5),
    ("lmer", [5_000], 5),
    ("mixed_lm", [5_000], 1),
    ("closed_form", [50_000], 5),
    ("lmer", [50_000], 3),
    ("read", [50_000, "csv"], 5),
    ("pandas_read", [50_000, "csv"], 5),
    ("read", [50_000, "parquet"], 5),
    ("pandas_read", [50_000, "parquet"], 5),
    ("read", [250_000, "csv"], 1),
    ("find", [500], 5),
    ("find", [5_000], 5),
    ("find", [50_000], 3),
    ("find", [500_000], 1),
    ("find", [50_000, "proportion"], 1),
    ("find", [500_000, "proportion"], 1),
    ("compare", [500, 40], 5),
    ("compare", [2_000, 200], 3),
    ("redaction", [100_000], 3),
    ("hear", [100_000], 3),
    ("hear", [1_000_000], 1),
    ("shuffle", [2_000, 40, 10_000, False], 5),
    ("scipy_shuffle", [2_000, 40, 10_000], 1),
    ("shuffle", [2_000, 200, 10_000, True], 5),
]
PEERS = {"statsmodels": 300, "lme4": 50, "scipy": 20}  # and how many times as fast pdlib is to be
GOALS = {
    "read, 1,200,000 rows of csv": (1.8, None),
    "read, 1,200,000 rows of parquet": (1.2, None),
    "read, 6,000,000 rows of csv": (9.0, 2000.0),
    "find, mean, 500,000 units x 12": (15.0, 1600.0),
    "find, proportion, 500,000 units x 12": (15.0, 1600.0),
    "compare, 2,000 units, 200 practices, 2,000 draws": (2.0, None),
    "hear, 1,000,000 comments of 500 units": (60.0, None),
    "10,000 shuffles, 2,000 units, 200 practices in strata": (1.5, None),
}


def main() -> int:
    """Measure every case in a process of its own, or the one case that such a process is given."""
    parser = argparse.ArgumentParser(prog="python -m tests.benchmarks", description=__doc__)
    parser.add_argument("--quick", action="store_true", help="leave out the largest; FIGURES.md stays as it is")
    parser.add_argument(
        "--only", metavar="CASE", help="measure these alone (read, find, ...) and bring their rows up to date"
    )
    parser.add_argument("--case", help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.case:
        timing = _run(*json.loads(arguments.case))
        print(json.dumps(timing and asdict(timing)))
        return 0
    chosen = [case for case in CASES if not arguments.quick or case[1][0] < 500_000]
    if arguments.only:
        chosen = [case for case in CASES if arguments.only in case[0]]
    timings = [timing for case in chosen if (timing := _in_its_own_process(case))]
    table, wrong = _table(timings), _disagreements(timings)
    print(table)
    if arguments.only:
        FIGURES.write_text(_with_rows(FIGURES.read_text(encoding="utf-8"), table), encoding="utf-8")
    elif not arguments.quick:
        FIGURES.write_text(f"{_preface()}\n{table}\n", encoding="utf-8")
    for line in wrong:
        print(line, file=sys.stderr)
    return 1 if wrong else 0


def _run(case: str, arguments: list[int | str], runs: int) -> cases.Timing | None:
    work = getattr(cases, case)
    return work(*arguments, runs=runs)


def _in_its_own_process(case: tuple[str, list[int | str], int]) -> cases.Timing | None:
    """Run one case where nothing else has taken memory yet, with one thread for linear algebra."""
    command = [sys.executable, "-m", "tests.benchmarks", "--case", json.dumps(case)]
    done = subprocess.run(command, env={**os.environ, **ONE_THREAD}, stdout=subprocess.PIPE, text=True, check=True)
    timing = json.loads(done.stdout.splitlines()[-1])
    return timing and cases.Timing(**timing)


def _table(timings: list[cases.Timing]) -> str:
    """Lay out the figures, with the goal where there is one and the ratio where a peer was timed."""
    by_name = {timing.name: timing for timing in timings}
    lines = ["| case | CPU s | wall s | peak MB | of that data MB | goal |", "|---|---:|---:|---:|---:|---|"]
    for timing in timings:
        figures = f"{timing.cpu:.3g} | {timing.wall:.3g} | {timing.memory:,.0f} | {timing.data:,.0f}"
        lines.append(f"| {timing.name} | {figures} | {_verdict(timing, by_name)} |")
    return "\n".join(lines)


def _with_rows(text: str, table: str) -> str:
    """The figures as they stand, with the rows of a table in the place of those of the same name, or at the end."""
    lines = text.rstrip("\n").split("\n")
    for row in table.split("\n")[2:]:
        name = row.split("|")[1]
        places = [place for place, line in enumerate(lines) if line.startswith(f"|{name}|")]
        if places:
            lines[places[0]] = row
        else:
            lines.append(row)
    return "\n".join(lines) + "\n"


def _verdict(timing: cases.Timing, by_name: dict[str, cases.Timing]) -> str:
    peers = _peers(timing, by_name)
    if peers:
        ratios = {name: peer.cpu / timing.cpu for name, peer in peers.items()}
        told = (f"{ratio:,.0f} times as fast as {name} (goal {PEERS[name]})" for name, ratio in ratios.items())
        return ", ".join(told)
    if timing.name not in GOALS:
        return ""
    seconds, memory = GOALS[timing.name]
    kept = timing.cpu <= seconds and (memory is None or timing.memory <= memory)
    room = "" if memory is None else f" and {memory:,.0f} MB"
    return f"{'kept' if kept else 'missed'}: {seconds:g} CPU s{room}"


def _peers(timing: cases.Timing, by_name: dict[str, cases.Timing]) -> dict[str, cases.Timing]:
    """Those who were timed on the same work, by name."""
    if not timing.name.endswith(", pdlib"):
        return {}
    found = {peer: by_name.get(f"{timing.name.removesuffix('pdlib')}{peer}") for peer in PEERS}
    return {peer: own for peer, own in found.items() if own}


def _disagreements(timings: list[cases.Timing]) -> list[str]:
    """Name the fits that should agree with those of a peer and do not."""
    by_name = {timing.name: timing for timing in timings}
    return [
        f"{timing.name}: {timing.answer} is not {peer.answer}"
        for timing in timings
        for peer in _peers(timing, by_name).values()
        if any(abs(a - b) > timing.within * max(1.0, abs(b)) for a, b in zip(timing.answer, peer.answer, strict=True))
    ]


def _preface() -> str:
    packages = ", ".join(f"{name} {version(name)}" for name in ("numpy", "scipy", "statsmodels"))
    return (
        "# Speed and memory\n\n"
        "Written by `python -m tests.benchmarks`. Median CPU seconds of a few runs, one thread for linear algebra; "
        "each case in a process of its own, peak memory with its data and libraries. pdlib, statsmodels and lme4 "
        "(where R has it) must agree to 0.001; the shares of shuffles of pdlib and scipy to 0.03.\n\n"
        f"Python {platform.python_version()}, {packages}, {platform.system()} on {platform.machine()}.\n"
    )


if __name__ == "__main__":
    raise SystemExit(main())
