"""One small good table, written in many ways."""

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

import pdlib
from pdlib.errors import DataError, Problem
from pdlib.study import Study

UNITS = [f"S{number:03d}" for number in range(1, 13)]
MONTHS = ["2024-01", "2024-02", "2024-03", "2024-04"]
GIVEN = {"unit": "store", "period": "month", "outcome": "happy", "n": "answers", "kind": "proportion"}


def table(**columns: Any) -> pd.DataFrame:
    """Twelve stores over four months; further columns override."""
    rng = np.random.default_rng(3)
    rows = len(UNITS) * len(MONTHS)
    frame = pd.DataFrame({"store": np.repeat(UNITS, len(MONTHS)), "month": MONTHS * len(UNITS)})
    frame = frame.assign(happy=rng.integers(10, 30, rows), answers=40)
    return frame.assign(footfall=np.round(np.round(rng.uniform(10, 400, rows), 1) + 0.05, 2)).assign(**columns)


def text(frame: pd.DataFrame | None = None, **options: Any) -> str:
    return (table() if frame is None else frame).to_csv(index=False, **options)


def lines(*changes: tuple[int, str]) -> str:
    """The table as text with some lines replaced; the heading is line 1."""
    written = text().splitlines()
    for number, line in changes:
        written[number - 1] = line
    return "\n".join(written) + "\n"


def put(folder: Path, content: str | bytes, name: str = "months.csv") -> Path:
    path = folder / name
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return path


def read(source: Any, **more: Any) -> pdlib.Observations:
    return pdlib.read(source, **(GIVEN | {"context": ["footfall"]} | more))


def same(observations: pdlib.Observations, frame: pd.DataFrame | None = None) -> bool:
    """Whether the panel holds the table's numbers."""
    wanted = read(table() if frame is None else frame).panel
    columns = ["unit", "period", "happy", "answers", "footfall"]
    return bool(observations.panel[columns].astype({"happy": float, "answers": float}).equals(
        wanted[columns].astype({"happy": float, "answers": float})
    ))  # fmt: skip


def refused(source: Any, **more: Any) -> list[Problem]:
    """Give the problems and questions of a table that must be refused."""
    try:
        read(source, **more)
    except DataError as error:
        return error.problems
    raise AssertionError("read without a word")


def declared(path: Path, outcome: dict[str, Any] | None = None, **tables: Any) -> Study:
    """Give a study of the table in a file, with keys of its table or its outcome."""
    counted = {"name": "happy", "kind": "proportion", "successes": "happy", "n": "answers"}
    return Study(
        unit="store", period="month", outcome=counted | (outcome or {}), context=["footfall"], folder=path.parent,
        tables={"observations": {"file": path.name, **tables}},
    )  # fmt: skip
