"""A column as numbers: every way of writing that can be read one way is, what cannot is asked or refused by row."""

from collections.abc import Sequence
from datetime import time, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

import pdlib
from pdlib.errors import DataError
from pdlib.observations.numbers import NumbersRead, as_numbers
from pdlib.observations.sheet import Sheet
from pdlib.study import Table
from tests.observations.tables import declared, put, read, same, table, text


def taken(values: Any, role: str = "condition", **more: Any) -> tuple[NumbersRead, list[Any]]:
    """Read one column, and give what was noted of it."""
    options = Table(**{key: more.pop(key) for key in ("decimal", "thousands") if key in more})
    sheet = Sheet("a.csv", pd.DataFrame({"x": values}), [], options=options)
    return as_numbers(sheet, "x", role=role, **more), sheet.problems  # type: ignore[arg-type]


def right(values: Any, wanted: Sequence[float], role: str = "condition", **more: Any) -> tuple[str, ...]:
    """Check that a column is read without a word, and give how."""
    found, problems = taken(values, role, **more)
    assert problems == []
    np.testing.assert_array_equal(found.values, np.asarray(wanted, dtype=float))
    return found.notes


def only(values: Any, role: str = "condition", **more: Any) -> Any:
    """Give the only thing noted of a column."""
    _, problems = taken(values, role, **more)
    (problem,) = problems
    return problem


ROLES = ["count", "size", "mean", "exposure", "condition", "practice", "spread"]
BLANKS = [" ", "\u00a0", "\u2009", "\u202f", "'", "’"]


@pytest.mark.parametrize("role", ROLES)
def test_plain_numbers_of_any_type(role: str) -> None:
    for values in ([1, 2, 3], [1.0, 2.0, 3.0], ["1", " 2", "3.0"], [Decimal(1), 2, "3"], ["1e0", "+2", "3."]):
        right(values, [1, 2, 3], role)
    right(pd.array([1, None, 3], dtype="Int64"), [1, np.nan, 3], role)
    right(pd.Series([1, 2, 1]).astype("category"), [1, 2, 1], role)
    right(pd.Series(["1", "2", None]).astype("category"), [1, 2, np.nan], role)
    right([True, False], [1, 0], role)
    right(["", "4", None, "\u200b5"], [np.nan, 4, np.nan, 5], role)


# -- decimals and thousands -----------------------------------------------------------------------------------


def test_decimal_commas() -> None:
    assert right(["335,8", "12", "0,5"], [335.8, 12, 0.5]) == ("a comma before decimals",)
    right(["-1,25", ",5", "3"], [-1.25, 0.5, 3], "mean")
    right(["1.234,5", "12,25"], [1234.5, 12.25])
    right(["1.234.567,5", "1"], [1234567.5, 1])
    for long in ("0,123", "7,1234", "1234,567"):
        right(["1,234", "3,5", long], [1.234, 3.5, float(long.replace(",", "."))])


@pytest.mark.parametrize("blank", BLANKS)
def test_blanks_and_apostrophes_between_thousands(blank: str) -> None:
    for role in ROLES:
        assert right([f"1{blank}234", "987", f"12{blank}345{blank}678"], [1234, 987, 12345678], role)
    right([f"1{blank}234,5", "12"], [1234.5, 12])
    assert "text where a number" in str(only([f"12{blank}34", "5"]))


def test_commas_between_thousands() -> None:
    for role in ("count", "size"):
        assert right(["1,234", "987", "12,345"], [1234, 987, 12345], role) == ("a comma between thousands",)
    right(["1,234,567", "5,123"], [1234567, 5123])
    right(["1,234.5", "5,123"], [1234.5, 5123])
    right(["5,123", "2.5"], [5123, 2.5])
    right(["1,234"] * 20 + ["981", "752", "33"] * 6, [1234] * 20 + [981, 752, 33] * 6)


@pytest.mark.parametrize("values", [["1,234", "335,8"], ["1,234", "5,678"], ["12,345", "0,5", "7"]])
def test_a_comma_that_may_be_either_is_asked(values: list[str]) -> None:
    question = only(values)
    assert question.level == "question"
    assert [answer.entries for answer in question.answers] == [{"thousands": ","}, {"decimal": ","}]


def test_the_keys_settle_it() -> None:
    right(["1,234", "5,678"], [1.234, 5.678], decimal=",")
    right(["1,234", "5,678"], [1234, 5678], thousands=",")
    right(["1,234", "335,8"], [1.234, 335.8], decimal=",")
    right(["1.456", "981"], [1456, 981], "size", thousands=".")
    right(["1.456", "981"] * 9, [1.456, 981] * 9, "exposure", decimal=".")


@pytest.mark.parametrize("role", ["count", "size"])
@pytest.mark.parametrize("values", [["1.456", "981"], ["12.000", "1.500"], ["1.456"] * 3])
def test_a_point_in_a_count_is_asked(values: list[str], role: str) -> None:
    question = only(values, role)
    assert (question.level, question.code) == ("question", "thousands")
    assert [answer.entries for answer in question.answers] == [{"thousands": "."}]


def test_a_point_beside_many_whole_numbers_is_asked_in_any_role() -> None:
    assert only(["1.456", "2.233", "981"] * 20, "exposure").level == "question"
    assert only(["1.456", "2.233", "9.812"], "exposure").level == "question"
    right(["1.456", "2.233", "0.981"] * 20, [1.456, 2.233, 0.981] * 20, "exposure")
    right(["1.456", "2.233", "9.812"] * 20, [1.456, 2.233, 9.812] * 20, "mean")


def test_what_contradicts_a_key_or_the_rest_is_refused_by_row() -> None:
    assert "used in two ways in one column in 1 row ('2,5'): row 4" in str(only(["1.5", "3.25", "2,5"]))
    assert "used in two ways in one column in 1 row ('1.5'): row 2" in str(only(["1.5", "3,25", "2,5"]))
    assert "not written as decimal = \",\" says in 1 row ('1.5'): row 2" in str(only(["1.5", "3,2"], decimal=","))
    assert "not written as decimal = \".\" says in 1 row ('3,2'): row 3" in str(only(["1.5", "3,2"], decimal="."))
    assert 'thousands = "."' in str(only(["1.5", "3.234"], thousands="."))
    right(["1.5", "3.25"], [1.5, 3.25], thousands=".")


@given(st.lists(st.integers(-(10**7), 10**7), min_size=1), st.sampled_from(["{:,}", "{:_}"]), st.sampled_from(BLANKS))
def test_any_count_with_thousands_reads_back(numbers: list[int], form: str, blank: str) -> None:
    written = [form.format(number).replace("_", blank) for number in numbers]
    right(written, numbers, "count")


@given(st.lists(st.floats(-1e6, 1e6).map(lambda number: round(number, 2)), min_size=1))
def test_any_amount_with_decimal_commas_reads_back(numbers: list[float]) -> None:
    european = [f"{number:,.2f}".translate(str.maketrans(",.", ".,")) for number in numbers]
    right(european, numbers, "mean")


# -- percent, spans of time -----------------------------------------------------------------------------------


@pytest.mark.parametrize("values", [["67 %", "70%"], ["67%", "70 %"], ["67\u00a0%", "70%"]])
def test_percent(values: list[str]) -> None:
    for role in ("mean", "condition", "practice"):
        assert right(values, [67, 70], role) == ("percent",)
    for role in ("count", "size"):
        assert "a percentage where a count is needed in 2 rows" in str(only(values, role))
    assert "a percentage where an amount" in str(only(values, "exposure"))


def test_percent_beside_shares_is_refused() -> None:
    assert "some numbers with a percent sign and some without in 1 row" in str(only(["67%", "70%", "0.7"]))
    right(["67,5 %", "0 %"], [67.5, 0], "mean")


@pytest.mark.parametrize(
    "values",
    [
        pd.to_timedelta(["2h", None, "90min"]),
        ["PT2H", None, "PT1H30M"],
        ["2:00:00", "", "1:30:00"],
        ["0 days 02:00:00", None, "0 days 01:30:00"],
        [timedelta(hours=2), None, timedelta(minutes=90)],
        [time(2), None, time(1, 30)],
    ],
)
def test_spans_of_time_are_minutes_unless_the_study_says_otherwise(values: Any) -> None:
    assert right(values, [120, np.nan, 90], "mean") == ("spans of time, in minutes",)
    right(values, [2, np.nan, 1.5], "mean", unit="hours")
    right(values, [7200, np.nan, 5400], "mean", unit="seconds")
    asked = only(values, "mean", unit="points", of="wait")
    assert asked.level == "question" and asked.answers[0].entries == {"unit": "minutes"}
    assert "a span of time" in str(only(values, "count"))


@pytest.mark.parametrize(
    ("unit", "wanted"),
    [("Stunden", 2), ("Std.", 2), ("heures", 2), ("horas", 2), ("ore", 2), ("uren", 2), ("Sekunden", 7200),
     ("minuti", 120), ("Tage", 1 / 12), ("minutes per call", 120)],
)  # fmt: skip
def test_units_of_time_in_other_languages(unit: str, wanted: float) -> None:
    for values in (pd.to_timedelta(["2h", None]), ["2:00:00", ""]):
        right(values, [wanted, np.nan], "mean", unit=unit)
    assert "is none of time" in str(only(pd.to_timedelta(["2h", None]), unit="Stück"))


@pytest.mark.parametrize(
    "values", [["1.2 h", "75 min"], ["2h", "75m", "80m"], ["3 Tage", "2 Std.", "5"], ["75 min", "80"]]
)
def test_units_behind_numbers_are_refused_and_never_called_missing(values: list[str]) -> None:
    problem = only(values, "mean")
    assert (problem.level, problem.code, problem.answers) == ("problem", "units", ())


def test_hours_or_minutes_is_asked() -> None:
    question = only(["1:58", "0:40"], "mean", of="wait")
    assert question.level == "question"
    assert [answer.entries for answer in question.answers] == [{"unit": "hours"}, {"unit": "seconds"}]
    right(["1:30", "0:45"], [1.5, 0.75], "mean", unit="hours")
    right(["1:30", "0:45"], [90, 45], "mean", unit="seconds")


def test_dates_are_no_numbers() -> None:
    assert "a date where a number is needed in 2 rows" in str(only(pd.to_datetime(["2024-01-01", "2024-02-01"])))


# -- marks ----------------------------------------------------------------------------------------------------

MARKS = [
    "<5", "*", "-", "..", "c", "[c]", "x", "1-4", "5*", "12r", "–", ":", "less than 5", "fewer than 5", "under 5",
    "Below 10",    "1 to 4", "n<5", "n < 5", "<5*", "•", "..C", "5 or fewer", "(suppressed)", "at most 4",
    "between 1 and 4",
]  # fmt: skip


@pytest.mark.parametrize("mark", MARKS)
@pytest.mark.parametrize("role", ROLES)
def test_a_mark_is_refused_with_the_way_in_and_never_called_empty(mark: str, role: str) -> None:
    problem = only(["12", mark, "7"], role, of="complaints")
    assert problem.level == "problem"
    assert "row 3" in str(problem)
    assert "empty for missing" not in str(problem)
    if role == "count":
        for answer in problem.answers:  # the second is for counts of 0 that were hidden too
            (bound,) = answer.entries["suppressed"].values()
            assert list(answer.entries["suppressed"]) == [mark]
            assert bound[0] <= bound[1]
        assert len(only(["12", mark, "0"], role, of="complaints").answers) == 1


@pytest.mark.parametrize(
    ("mark", "bound"),
    [
        ("<5", [1, 4]), ("1-4", [1, 4]), ("<10", [1, 9]), ("5*", [5, 5]), ("12r", [12, 12]), ("less than 5", [1, 4]),
        ("under 10", [1, 9]), ("1 to 4", [1, 4]), ("n<5", [1, 4]), ("<5*", [1, 4]), ("..C", [1, 4]),
    ],
)  # fmt: skip
def test_bounds_are_read_off_the_mark(mark: str, bound: list[int]) -> None:
    assert only(["12", mark], "count").answers[0].entries == {"suppressed": {mark: bound}}
    other = bound if bound[0] < bound[1] else [1, 4]  # 5* says what it is, and nothing of a star alone
    assert only(["12", mark, "*"], "count").answers[0].entries["suppressed"]["*"] == other


def test_one_key_holds_all_marks_and_those_declared_before() -> None:
    marks = [f"{number}r" for number in range(10, 22)]
    problem = only([*marks, "30"], "count", suppressed={"<5": (1, 4)})
    (answer,) = problem.answers
    assert answer.entries["suppressed"] == {"<5": [1, 4]} | {f"{number}r": [number] * 2 for number in range(10, 22)}
    assert "a number with a mark in 12 rows" in str(problem)
    found, problems = taken([*marks, "30", "<5"], "count", **answer.entries)
    assert problems == [] and found.values.tolist()[:13] == [*range(10, 22), 30]
    assert [list(a.entries["suppressed"].values()) for a in only(["12", "<5", "1*"], "count").answers] == [
        [[1, 4], [1, 1]], [[0, 4], [1, 1]],
    ]  # fmt: skip
    assert only(["7", "-", "x"], "mean", missing=["x"]).answers[0].entries == {"missing": ["x", "-"]}


def test_declared_marks_become_intervals() -> None:
    for suppressed in ({"<5": [1, 4], "*": [1, 9], "7r": [7, 7]}, {"< 5": (1, 4), "*": (1, 9), "7r": (7, 7)}):
        found, problems = taken(["12", "<5", "*", "< 5", "7r", ""], "count", suppressed=suppressed)
        assert problems == []
        np.testing.assert_array_equal(found.values, [12, np.nan, np.nan, np.nan, 7, np.nan])
        np.testing.assert_array_equal(found.lower, [np.nan, 1, 1, 1, np.nan, np.nan])
        np.testing.assert_array_equal(found.upper, [np.nan, 4, 9, 4, np.nan, np.nan])
    assert "'*'" in str(only(["12", "<5", "*"], "count", suppressed={"<5": (1, 4)}))


@pytest.mark.parametrize("word", ["NA", "N/A", "null", "nan", "n/a"])
def test_na_is_empty_with_its_count_but_never_beside_hidden_counts(word: str) -> None:
    found, problems = taken(["12", word, word, "3"], "count")
    np.testing.assert_array_equal(found.values, [12, np.nan, np.nan, 3])
    assert [problem.level for problem in problems] == ["doubt"]
    assert f"{word!r} in 2 rows taken for no answer" in str(problems[0])
    assert problems[0].rows == (3, 4)
    for mark in ("<5", "*", "1-4"):
        assert word in str(only(["12", word, mark], "count"))
    assert word in str(only(["12", word, "<5"], "count", suppressed={"<5": [1, 4]}))
    right(["12", word, "3"], [12, np.nan, 3], "count", missing=(word,))


def test_missing_codes() -> None:
    for codes in ((-999,), ("-999",), (-999.0, 99)):
        assert "no answer in 1 row" in right(["5", "-999", "7"], [5, np.nan, 7], missing=codes)[0]
        right([5, -999, 7], [5, np.nan, 7], missing=codes)
        right([5, Decimal(-999), "7"], [5, np.nan, 7], missing=codes)
    right(["5", "k.A.", "7"], [5, np.nan, 7], missing=("k.A.",))
    right(["5", "-", "7"], [5, np.nan, 7], "mean", missing=("-",))


@pytest.mark.parametrize("value", ["#DIV/0!", "#REF!", "#N/A", "#VALUE!"])
def test_spreadsheet_errors(value: str) -> None:
    assert f"a spreadsheet error in 1 row ({value!r}): row 3" in str(only(["1", value]))


@pytest.mark.parametrize("value", ["€ 12", "12 €", "$1,200", "12 EUR", "CHF 5"])
def test_money(value: str) -> None:
    assert "a sign of money in 1 row" in str(only(["1", value]))


def test_text_and_wholly_empty_columns() -> None:
    assert "text where a number is needed in 1 row ('n.k.'): row 3. Write plain numbers, empty for" in str(
        only(["1", "n.k."])
    )
    for empty in ([None, None], ["", " "], [np.nan], pd.array([None], dtype="Int64")):
        assert "every value is missing" in str(only(empty))
    assert "an infinite number" in str(only(["1", "inf"]))
    assert "an infinite number" in str(only([1, np.inf]))


# -- counts ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("values", "said"),
    [
        ([0.83, 0.5, 1.0], "These look like shares of n: give counts, or kind = mean with n."),
        ([49.0, 51.5, 48.2], "If these are percentages"),
        ([12.5, 140, 33], "a count that is not whole in 1 row ('12.5'): row 2"),
        ([1.456, 981.0, 1.2, 2.345], "A point between thousands?"),
        (["12.5", "140", "33"], "a count that is not whole in 1 row"),
    ],
)
def test_counts_are_whole(values: list[Any], said: str) -> None:
    assert said in str(only(values, "count"))
    right(values, [float(value) for value in values], "exposure")
    right(values, [float(value) for value in values], "count", weighted=True)


def test_counts_with_halves_may_be_weighted() -> None:
    assert only([49.5, 51.5, 48.5], "count").answers[0].entries == {"weighted": True}


@pytest.mark.parametrize("values", [[285.0, 3], ["285.0", "3"], [1e15, 3], [0, 0.0]])
def test_whole_numbers_with_decimals_are_whole(values: list[Any]) -> None:
    right(values, [float(value) for value in values], "count")


# -- through the door -----------------------------------------------------------------------------------------


def test_a_study_reads_through_its_keys(tmp_path: Path) -> None:
    frame = table(happy=table()["happy"] * 100, answers=4000)
    written = frame.assign(happy=[f"{value:,}".replace(",", ".") for value in frame["happy"]], answers="4.000")
    path = put(tmp_path, text(written, sep=";", decimal=","))
    with pytest.raises(DataError) as caught:
        read(path)
    assert [problem.code for problem in caught.value.problems] == ["thousands", "thousands"]
    assert same(pdlib.read(declared(path, thousands=".")), frame)


def test_other_columns_tell_what_a_comma_means(tmp_path: Path) -> None:
    frame = table(answers=4000)
    written = frame.assign(jobs=[f"{jobs:,}" for jobs in range(1001, 1049)])
    more = {"outcome": "happy", "n": "jobs", "kind": "rate", "better": "higher"}
    assert read(put(tmp_path, text(written)), **more).panel["jobs"].tolist() == list(range(1001, 1049))
    with pytest.raises(DataError, match="a comma that could separate thousands, or decimals"):
        read(put(tmp_path, text(written, sep=";", decimal=",")), **more)


def test_weighted_counts_and_missing_codes_of_an_outcome(tmp_path: Path) -> None:
    frame = table(happy=table()["happy"] + 0.25)
    path = put(tmp_path, text(frame))
    with pytest.raises(DataError, match="not whole"):
        pdlib.read(declared(path))
    assert same(pdlib.read(declared(path, {"weighted": True})), None) is False
    frame.loc[3, "happy"] = -999
    observations = pdlib.read(declared(put(tmp_path, text(frame)), {"weighted": True, "missing": [-999]}))
    assert (len(observations.panel), len(observations.set_aside)) == (47, 1)


def test_practices_are_written_as_freely(tmp_path: Path) -> None:
    cells = ["yes", "no", "0,5", "50 %"]
    audit = table(done=cells[:3] * 16, share=["67%", "70 %", ""] * 16, word=["yes", "no", "NA"] * 16)
    path = put(tmp_path, text(audit))
    practices = read(path, practices=["done", "share", "word"]).practices.set_index(["unit", "practice"])["value"]
    assert practices["S001", "done"] == (1 + 0 + 0.5 + 1) / 4
    assert practices["S001", "share"] == (67 + 70 + 67) / 3
    assert practices["S001", "word"] == (1 + 0 + 1) / 3
