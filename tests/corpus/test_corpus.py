"""Broken and odd inputs: each is read right, asked about or refused; none ends in a traceback or silently wrong."""

import re
from pathlib import Path

import pytest

import pdlib
from tests.corpus import files, meanings, times
from tests.corpus.world import Case, same

CASES = [*files.CASES, *times.CASES, *meanings.CASES]


def test_there_are_many_and_no_name_twice() -> None:
    names = [case.name for case in CASES]
    assert len(set(names)) == len(names) >= 80


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_right_asked_or_refused(case: Case, tmp_path: Path) -> None:
    try:
        observations = pdlib.read(case.source(tmp_path), **case.given)
    except pdlib.PdlibError as error:
        assert isinstance(case.want, str)
        assert case.want != "same", str(error)
        assert re.search(case.want, str(error)), str(error)
        return
    if case.want == "same":
        assert same(observations), observations.finding
    else:
        assert callable(case.want), f"read without a word: {observations.finding}"
        assert case.want(observations), observations.finding
    if case.doubt:
        told = [*observations.caveats, *observations.reading["said"]]
        assert any(re.search(case.doubt, note) for note in told), told
