"""Answers go into study.toml as if its author had written them, and nothing else moves."""

import tomllib
from pathlib import Path

import pytest

from pdlib.errors import StudyError
from pdlib.study import Answer, load_study
from pdlib.study.writing import write_answers

PLAIN = """# Our shops, as agreed in May.
unit = "shop"          # the id
period = "month"
context = ["footfall", "staff"]

[tables]
observations = "months.csv"   # from the till

[[outcome]]
name = "happy"
kind = "mean"
value = "score"
n = "answers"
"""
OUTCOME = {"name": "happy", "kind": "mean", "value": "score", "n": "answers"}


@pytest.mark.parametrize(
    ("answer", "wanted"),
    [
        (Answer("unit", {"exclude": ["Total"]}), {"column": "shop", "exclude": ["Total"]}),
        (Answer("period", {"day_first": True}), {"column": "month", "day_first": True}),
        (Answer("tables", {"sheet": "2024"}, of="observations"),
         {"observations": {"file": "months.csv", "sheet": "2024"}}),
        (Answer("tables", {"decimal": ","}), {"observations": "months.csv", "decimal": ","}),
        (Answer("context", {"missing": [9999]}, of="staff"),
         [{"name": "footfall"}, {"name": "staff", "missing": [9999]}]),
        (Answer("practice", {"kind": "binary", "yes": 1}, of="huddle"),
         [{"practice": "huddle", "kind": "binary", "yes": 1}]),
        (Answer("outcome", {"missing": [-999]}, of="happy"), [{**OUTCOME, "missing": [-999]}]),
        (Answer("outcome", {"better": "lower"}, of="score"), [{**OUTCOME, "better": "lower"}]),
        (Answer("outcome", {"kind": "proportion"}, of="happy"),
         [{"name": "happy", "kind": "proportion", "successes": "score", "n": "answers"}]),
    ],
)  # fmt: skip
def test_an_answer_finds_its_place(tmp_path: Path, answer: Answer, wanted: object) -> None:
    path = tmp_path / "study.toml"
    path.write_text(PLAIN, encoding="utf-8")
    write_answers(path, [answer])
    text = path.read_text(encoding="utf-8")
    assert tomllib.loads(text)[answer.section] == wanted
    assert "# Our shops, as agreed in May." in text
    load_study(path)


def test_lists_grow_and_nothing_stands_twice(tmp_path: Path) -> None:
    path = tmp_path / "study.toml"
    path.write_text(PLAIN, encoding="utf-8")
    write_answers(path, [Answer("unit", {"exclude": ["Total"]}), Answer("unit", {"exclude": ["Total", "North"]})])
    assert load_study(path).unit.exclude == ("Total", "North")


def test_what_does_not_fit_is_not_written(tmp_path: Path) -> None:
    path = tmp_path / "study.toml"
    path.write_text(PLAIN, encoding="utf-8")
    with pytest.raises(StudyError):
        write_answers(path, [Answer("unit", {"exclude": ["Total"]}), Answer("period", {"zone": "Mars/Base"})])
    assert path.read_text(encoding="utf-8") == PLAIN
    assert [file.name for file in tmp_path.iterdir()] == ["study.toml"]


@pytest.mark.parametrize(
    ("answer", "toml", "keywords"),
    [
        (Answer("unit", {"exclude": ["Grand Total"]}, of="store"),
         '[unit] exclude = ["Grand Total"]', 'unit={"column": "store", "exclude": ["Grand Total"]}'),
        (Answer("outcome", {"better": "lower"}, of="complaints"),
         '[[outcome]] name = "complaints": better = "lower"', 'better="lower"'),
        (Answer("outcome", {"missing": [-999]}, of="csat"),
         '[[outcome]] name = "csat": missing = [-999]', 'outcome={"column": "csat", "missing": [-999]}'),
        (Answer("practice", {"kind": "binary", "yes": 1}, of="huddle"),
         '[[practice]] practice = "huddle": kind = "binary", yes = 1',
         'practices=[{"practice": "huddle", "kind": "binary", "yes": 1}]'),
        (Answer("tables", {"sheet": "2024"}, of="observations"),
         '[tables.observations] sheet = "2024"', 'tables={"sheet": "2024"}'),
        (Answer("period", {"format": "%d/%m/%Y"}, of="month"),
         '[period] format = "%d/%m/%Y"', 'period={"column": "month", "format": "%d/%m/%Y"}'),
    ],
)  # fmt: skip
def test_an_answer_speaks_the_words_of_the_door(answer: Answer, toml: str, keywords: str) -> None:
    assert answer.said("toml") == toml
    assert answer.said("keywords") == keywords
