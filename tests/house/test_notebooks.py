"""How a notebook is written and stored."""

import ast
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).parents[2]
LONGEST_CELL = 5

Cell = dict[str, Any]


def source(cell: Cell) -> str:
    """Join the lines of a cell, which the format allows to be one text or a list."""
    return "".join(cell["source"]).strip()


def of_kind(notebook: Cell, kind: str) -> list[Cell]:
    return [cell for cell in notebook["cells"] if cell["cell_type"] == kind]


def faults(notebook: Cell) -> Iterator[str]:
    """Name everything in a notebook that breaks a rule of the house."""
    lines = [line for cell in of_kind(notebook, "markdown") for line in outside_code(source(cell))]
    if (titles := sum(line.startswith("# ") for line in lines)) != 1:
        yield f"{titles} titles of the first level, not one"
    tagged = [cell for cell in notebook["cells"] if "parameters" in cell["metadata"].get("tags", [])]
    if len(tagged) != 1 or tagged[0]["cell_type"] != "code":
        yield f"{len(tagged)} cells tagged parameters, not one code cell"
    for cell in of_kind(notebook, "code"):
        yield from (f"{what}: {source(cell)[:60]!r}" for what in faults_of_code(cell))


def outside_code(text: str) -> Iterator[str]:
    """Give the lines of a markdown text that do not stand in a fenced block of code."""
    fenced = False
    for line in text.splitlines():
        if line.lstrip().startswith("```"):
            fenced = not fenced
        elif not fenced:
            yield line


def faults_of_code(cell: Cell) -> Iterator[str]:
    if cell["outputs"] or cell["execution_count"] is not None:
        yield "stored with outputs or a count (nbstripout --keep-id mends it)"
    if len(source(cell).splitlines()) > LONGEST_CELL:
        yield f"more than {LONGEST_CELL} lines"
    try:
        tree = ast.parse(source(cell))
    except SyntaxError:
        yield "not plain Python"
        return
    if any(isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef) for node in ast.walk(tree)):
        yield "defines a function or class, which belongs into pdlib"


@pytest.mark.parametrize("path", sorted((ROOT / "notebooks").glob("*.ipynb")), ids=lambda path: path.stem)
def test_notebook_keeps_the_rules(path: Path) -> None:
    assert list(faults(json.loads(path.read_text(encoding="utf-8")))) == []


def a_notebook(*extra: Cell) -> Cell:
    title = {
        "cell_type": "markdown",
        "metadata": {},
        "source": ["# Who does better?\n", "```\n", "# not a title\n", "```"],
    }
    return {"cells": [title, a_cell("study_path = ''", tags=["parameters"]), *extra]}


def a_cell(text: str, **metadata: Any) -> Cell:
    return {"cell_type": "code", "metadata": metadata, "source": text, "outputs": [], "execution_count": None}


def test_a_good_notebook_has_no_faults() -> None:
    assert list(faults(a_notebook(a_cell("deviants.plot(); deviants.table")))) == []


@pytest.mark.parametrize(
    ("cell", "fault"),
    [
        ({"cell_type": "markdown", "metadata": {}, "source": "# A second title"}, "2 titles"),
        (a_cell("more = 1", tags=["parameters"]), "2 cells tagged"),
        (a_cell("a = 1\nb = 2\n\nc = 3\nd = 4\ne = 5"), "more than 5 lines"),
        (a_cell("def helper(): ..."), "defines a function"),
        (a_cell("%matplotlib inline"), "not plain Python"),
        (a_cell("deviants") | {"outputs": [{"output_type": "stream"}]}, "stored with outputs"),
        (a_cell("deviants") | {"execution_count": 3}, "stored with outputs"),
    ],
)
def test_a_fault_is_noticed(cell: Cell, fault: str) -> None:
    (found,) = faults(a_notebook(cell))
    assert fault in found
