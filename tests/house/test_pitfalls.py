"""PITFALLS.md names a test for each pitfall: it is there, and the list is read to its end."""

import ast
import re
from pathlib import Path

import pytest

TESTS = Path(__file__).parents[1]
TEXT = (TESTS / "PITFALLS.md").read_text(encoding="utf-8")
NAMED = re.findall(r"`(tests/\S+?)::(\w+)`", TEXT)


@pytest.mark.parametrize(("path", "name"), NAMED, ids=[name for _, name in NAMED])
def test_each_pitfall_has_its_test(path: str, name: str) -> None:
    tree = ast.parse((TESTS.parent / path).read_text(encoding="utf-8"))
    assert name in {node.name for node in tree.body if isinstance(node, ast.FunctionDef)}


def test_the_list_of_pitfalls_is_read_to_its_end() -> None:
    rows = [line for line in TEXT.splitlines() if line.startswith("| ") and not line.startswith("| pitfall")]
    assert len(NAMED) == len(rows) >= 40
