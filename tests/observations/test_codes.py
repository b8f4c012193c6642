"""Codes for no answer are asked about or taken out; sound values of the same shape are left alone."""

from typing import Any

import numpy as np
import pandas as pd
import pytest

from pdlib.errors import DataError
from pdlib.observations import read
from pdlib.observations.meaning.codes import find_codes, without_codes
from tests.observations.stores import HAPPY, SCORE, accepted, months, shops, study, told


def with_cells(column: str, value: float, times: int = 5) -> pd.DataFrame:
    frame = months()
    frame[column] = frame[column].astype(float)
    frame.loc[np.random.default_rng(5).choice(len(frame), times, replace=False), column] = value
    return frame


@pytest.mark.parametrize("value", [-999, 99, 999, -99, -1, 9999, -9, 88, 0])
def test_in_a_score_it_is_asked(value: float) -> None:
    (asked,) = told(with_cells("csat", value), study(SCORE))
    assert (asked.level, asked.code, asked.column, len(asked.rows)) == ("question", "codes", "csat", 5)
    assert f"5 values of exactly {value}; all others lie between" in asked.found
    assert asked.answers[0].said("toml") == f'[[outcome]] name = "csat": missing = [{value}]'
    assert asked.answers[1].said("toml") == '[[outcome]] name = "csat": missing = []'


@pytest.mark.parametrize(("column", "value"), [("csat", -999), ("csat", 99), ("footfall", 99999), ("answers", 99999)])
def test_one_cell_is_enough_where_it_is_far_out(column: str, value: float) -> None:
    frame = with_cells(column, value, 1)
    frame.loc[frame["answers"].gt(9000), "csat"] = 7.0
    (asked,) = told(frame, study(SCORE))
    assert (asked.level, asked.column) == ("question", column)
    assert f"one value of exactly {value}" in asked.found


@pytest.mark.parametrize(("column", "value"), [("footfall", 9999), ("footfall", -1), ("staff", 99), ("staff", -9)])
def test_in_a_condition_it_is_asked_in_its_own_words(column: str, value: float) -> None:
    (asked,) = told(with_cells(column, value), study())
    assert asked.answers[0].said("toml") == f'[[context]] name = "{column}": missing = [{value}]'
    declared = study(context=[{"name": column, "missing": [value]}])
    panel = accepted(with_cells(column, value), declared).panel
    assert panel[column].isna().sum() == 5


def test_declared_codes_are_left_empty_and_nothing_else_is_said() -> None:
    frame = with_cells("csat", -999)
    frame["csat"] = frame["csat"].astype("str").where(frame["csat"].ne(-999), "refused")
    frame.loc[0, "csat"] = "-999"
    observations = accepted(frame, study(SCORE | {"missing": [-999, "refused"]}))
    assert len(observations.set_aside) == 6 and observations.panel["csat"].min() > 0


def test_an_empty_list_says_that_there_is_none() -> None:
    assert accepted(with_cells("csat", 99), study(SCORE | {"missing": []})).panel["csat"].max() == 99


def test_a_declared_code_is_held_against_the_data() -> None:
    (doubt,) = told(months(), study(SCORE | {"missing": [-999]}))
    assert "missing = [-999.0] is declared, and no cell holds it." in doubt.found
    other, absent = told(with_cells("csat", 99), study(SCORE | {"missing": [-999]}))
    assert {other.level, absent.level} == {"doubt"}
    assert "5 values of exactly 99" in other.found + absent.found


def test_two_codes_at_once_are_one_question() -> None:
    frame = with_cells("csat", -999)
    frame.loc[[3, 8], "csat"] = -998
    (asked,) = told(frame, study(SCORE))
    assert asked.answers[0].entries == {"missing": [-999.0, -998.0]}


def test_a_code_of_the_score_is_a_real_n_and_a_code_where_it_looks_like_one() -> None:
    frame = months()
    frame["answers"] = 60 + frame["answers"] % 90
    assert (frame["answers"] == 99).sum() > 2
    frame["csat"] = frame["csat"].where(frame.index % 24 > 0, 99)
    (asked,) = told(frame, study(SCORE))
    observations = accepted(frame, study(SCORE | asked.answers[0].entries))
    assert len(observations.set_aside) == 20 and (observations.panel["answers"] == 99).any()
    for absent in (-99, 99999):
        holed = frame.assign(answers=frame["answers"].where(frame.index % 30 != 7, absent))
        holed["csat"] = holed["csat"].where(holed["csat"].ne(99), absent)
        assert len(accepted(holed, study(SCORE | {"missing": [absent]})).set_aside) == 36


@pytest.mark.parametrize("times", [12, 25, 60])
def test_many_zeros_far_below_all_scores(times: int) -> None:
    (asked,) = told(
        with_cells("sales", 0, times).assign(csat=lambda f: f["sales"].gt(0) * (f["csat"] / 10 + 6)), study(SCORE)
    )
    assert f"{times} values of exactly 0" in asked.found


@pytest.mark.parametrize("codes", [(9,), (8, 9), (8,), (88,), (98, 99)])
@pytest.mark.parametrize("top", [3, 5, 6])
def test_beside_a_scale_of_whole_steps(codes: tuple[int, ...], top: int) -> None:
    rng = np.random.default_rng(top)
    scores = rng.integers(1, top + 1, 480).astype(float)
    scores[rng.choice(480, 24, replace=False)] = np.resize(codes, 24)
    (asked,) = told(months().assign(csat=scores), study(SCORE))
    assert asked.answers[0].entries == {"missing": [float(code) for code in codes]}
    if top == 6 and min(codes) < 10:
        return  # one step between the scale and 8 says too little of 40 stores
    steps = np.resize([*range(1, top + 1)], 40).astype(float)
    steps[[4, 11, 30]] = np.resize(codes, 3)
    (asked,) = told(months().assign(staff=np.repeat(steps, 12)), study())
    assert asked.answers[0].entries == {"missing": [float(code) for code in codes]}


@pytest.mark.parametrize("seed", range(20))
def test_counts_with_a_tail_and_long_scales_are_no_codes(seed: int) -> None:
    rng = np.random.default_rng(seed)
    staff = np.repeat(np.clip(rng.poisson(3, 40), 0, 7), 12)
    staff[:12] = 9  # one large store
    assert not any(code.value == 9 for code in find_codes(staff.astype(float), "condition", np.repeat(range(40), 12)))
    for values in (rng.integers(0, 11, 480), rng.poisson(4, 480).clip(0, 10), rng.poisson(2.5, 480)):
        assert not find_codes(values.astype(float), "mean", np.repeat(range(40), 12))


def test_the_first_year_of_spreadsheets() -> None:
    years = np.repeat(np.random.default_rng(2).integers(1985, 2020, 40), 12).astype(float)
    years[::50] = 1900
    assert [code.value for code in find_codes(years, "condition")] == [1900]
    old = np.repeat(np.random.default_rng(2).integers(1880, 2020, 40), 12).astype(float)
    assert not find_codes(old, "condition")


def sound(rng: np.random.Generator) -> dict[str, Any]:
    return {
        "counts with zeros": ("count", rng.poisson(0.3, 500)),
        "all or nothing of 100": ("mean", np.where(rng.random(500) < 0.3, 100, rng.integers(60, 100, 500))),
        "a capped scale": ("mean", rng.integers(1, 11, 500)),
        "percentages up to 99": ("mean", rng.integers(20, 100, 500)),
        "ages with nines": ("condition", rng.integers(1, 100, 500)),
        "a scale of nine": ("practice", rng.integers(1, 10, 500)),
        "heavy tails": ("condition", np.exp(rng.normal(4, 1.5, 500)).round()),
        "very heavy tails": ("count", (rng.pareto(1.2, 500) * 20).round()),
        "one large unit": ("condition", np.append(rng.integers(3, 14, 499), 60)),
        "growth below zero": ("condition", rng.normal(1, 2, 500).round()),
        "a trend of three": ("condition", rng.integers(-1, 2, 500)),
        "parking lots or none": ("condition", np.where(rng.random(500) < 0.3, 0, rng.integers(20, 60, 500))),
        "99.9 at most": ("mean", np.minimum(rng.normal(98, 1, 500).round(1), 99.9)),
        "a score with zeros": ("mean", rng.normal(1, 1, 500).clip(0).round(1)),
        "temperatures": ("condition", rng.normal(2, 6, 500).round()),
        "coded -1 and 1": ("condition", rng.choice([-1, 1], 500)),
    }


@pytest.mark.parametrize("name", list(sound(np.random.default_rng(0))))
def test_sound_values_are_not_asked(name: str) -> None:
    for seed in range(20):
        role, values = sound(np.random.default_rng(seed))[name]
        assert not find_codes(np.asarray(values, dtype=float), role), seed


def test_codes_are_found_as_numbers_and_as_text() -> None:
    numbers = without_codes(pd.Series([1.0, -999.0, 3.0]), ("-999",))
    texts = without_codes(pd.Series(["1", "-999.0", "n/a"]), (-999, "n/a"))
    assert numbers.isna().tolist() == [False, True, False]
    assert texts.isna().tolist() == [False, True, True]


def audit(**columns: Any) -> pd.DataFrame:
    return pd.DataFrame({"store": shops()["store"], **columns})


def cycle(*values: Any) -> list[Any]:
    return [values[number % len(values)] for number in range(40)]


def test_one_and_two_are_asked_and_either_answer_works() -> None:
    table = audit(huddle=cycle(1, 2, 2))
    (asked,) = told(months(), study(), practices=table)
    assert asked.level == "question" and "huddle holds only 1 and 2" in asked.found
    says = [answer.said("toml") for answer in asked.answers]
    assert says[0] == '[[practice]] practice = "huddle": kind = "binary", yes = 1'
    assert says[2] == '[[practice]] practice = "huddle": kind = "graded"'
    for answer, mean in zip(asked.answers, (14 / 40, 26 / 40, 1.65), strict=True):
        declared = study(practice=[{"practice": "huddle", **answer.entries}])
        values = accepted(months(), declared, practices=table).practices["value"]
        assert values.mean() == pytest.approx(mean)


@pytest.mark.parametrize("code", [9, 99, -1, 8])
def test_nought_one_and_a_code(code: int) -> None:
    table = audit(huddle=cycle(0, 1, 1, code))
    (asked,) = told(months(), study(), practices=table)
    assert f"huddle holds 0, 1 and {code}" in asked.found
    declared = study(practice=[{"practice": "huddle", **asked.answers[0].entries}])
    observations = accepted(months(), declared, practices=table)
    assert observations.codebook["kind"].tolist() == ["binary"]
    assert observations.practices["value"].isna().sum() == 10
    degrees = study(practice=[{"practice": "huddle", **asked.answers[1].entries}])
    assert accepted(months(), degrees, practices=table).practices["value"].isna().sum() == 0


@pytest.mark.parametrize("values", [(1, 2, 9), (1, 2, -9), (5, 10), (-1, 1)])
def test_two_values_and_perhaps_a_code(values: tuple[int, ...]) -> None:
    (asked,) = told(months(), study(), practices=audit(huddle=cycle(*values)))
    assert asked.answers[0].entries["yes"] == values[0]
    assert asked.answers[0].entries.get("missing", []) == list(values[2:])


def test_degrees_are_not_asked_unless_a_code_is_among_them() -> None:
    accepted(
        months(), study(), practices=audit(huddle=cycle(0, 1, 2), visits=cycle(1, 2, 3, 4, 5), share=cycle(67, 70))
    )
    accepted(months(), study(), practices=audit(visits=cycle(*range(1, 10))))
    (asked,) = told(months(), study(), practices=audit(visits=cycle(1, 2, 3, 4, 5, 9)))
    assert asked.answers[0].said("toml") == '[[practice]] practice = "visits": missing = [9]'


@pytest.mark.parametrize(
    "pair", [("yes", "no"), ("Y", "N"), ("ja", "nein"), ("Oui", "Non"), ("sí", "no"), ("ja", "nee"), ("✓", "✗")]
)
def test_unmistakable_words_are_read(pair: tuple[str, str]) -> None:
    values = accepted(months(), study(), practices=audit(huddle=cycle(*pair, None))).practices["value"]
    assert values.mean() == pytest.approx(14 / 27) and values.isna().sum() == 13


@pytest.mark.parametrize("pair", [("done", "not done"), ("o", "n"), ("A", "B")])
def test_other_words_are_asked(pair: tuple[str, str]) -> None:
    table = audit(huddle=cycle(*pair))
    (asked,) = told(months(), study(), practices=table)
    assert asked.level == "question" and asked.answers[0].entries["yes"] == pair[0]
    declared = study(practice=[{"practice": "huddle", **asked.answers[1].entries}])
    assert accepted(months(), declared, practices=table).practices["value"].tolist() == [0.0, 1.0] * 20


def test_ticks_are_asked_and_blank_means_no_if_that_is_declared() -> None:
    table = audit(huddle=cycle("x", None, None))
    (asked,) = told(months(), study(), practices=table)
    declared = study(practice=[{"practice": "huddle", **asked.answers[0].entries}])
    assert accepted(months(), declared, practices=table).practices["value"].sum() == 14


@pytest.mark.parametrize("word", [1, "1", "ja", "Yes", True, "done", "1,0", "100%"])
def test_yes_and_blanks_are_asked_and_either_key_works(word: Any) -> None:
    table = audit(huddle=cycle(word, None))
    (asked,) = told(months(), study(), practices=table)
    assert asked.level == "question"
    for answer, mean in zip(asked.answers, (0.5, 1.0), strict=True):
        declared = study(practice=[{"practice": "huddle", **answer.entries}])
        assert accepted(months(), declared, practices=table).practices["value"].mean() == mean


def test_a_declared_code_is_not_taken_for_a_blank_that_means_no() -> None:
    declared = study(practice=[{"practice": "huddle", "yes": 1, "missing": [9]}])
    values = accepted(months(), declared, practices=audit(huddle=cycle(1, 9, None, None))).practices["value"]
    assert values.isna().sum() == 10 and values.sum() == 10


def test_most_answers_given_are_not_asked() -> None:
    accepted(months(), study(), practices=audit(huddle=[*["yes"] * 39, None], greet=cycle("yes", "no", None)))


@pytest.mark.parametrize("sign", ["?", "??", "/"])
def test_a_sign_beside_yes_and_no_is_asked_alone(sign: str) -> None:
    table = audit(huddle=cycle("j", "n", sign))
    (asked,) = told(months(), study(), practices=table)
    assert asked.level == "question" and len(asked.rows) == 13
    declared = study(practice=[{"practice": "huddle", **asked.answers[0].entries}])
    assert accepted(months(), declared, practices=table).practices["value"].isna().sum() == 13


@pytest.mark.parametrize("pair", [("100%", "0%"), ("1,0", "2,0"), ("100 %", "0 %")])
def test_keys_find_numbers_as_they_are_written(pair: tuple[str, str]) -> None:
    table = audit(huddle=cycle(*pair))
    (asked,) = told(months(), study(), practices=table)
    for answer in asked.answers[:2]:
        declared = study(practice=[{"practice": "huddle", **answer.entries}])
        values = accepted(months(), declared, practices=table).practices["value"]
        assert values.tolist() == [float(answer.entries["yes"] == word) for word in cycle(*pair)]


def test_a_yes_that_never_occurs_is_a_problem() -> None:
    declared = study(practice=[{"practice": "huddle", "kind": "binary", "yes": "ja"}])
    with pytest.raises(DataError, match=r"yes = \['ja'\] is declared, and no answer is that"):
        read(declared, {"observations": months(), "practices": audit(huddle=cycle("oui", "non"))})


def test_the_codebook_table_may_say_it() -> None:
    book = pd.DataFrame({"practice": ["huddle", "call"], "yes": [1, None], "missing": ["8; 9", None]})
    table = audit(huddle=cycle(1, 2, 8, 9), call=cycle(0, 1))
    observations = accepted(months(), study(), practices=table, codebook=book)
    wide = observations.practices.pivot_table(index="unit", columns="practice", values="value")
    assert wide["huddle"].sum() == 10 and wide["huddle"].count() == 20 and wide["call"].count() == 40


def test_an_answer_in_the_study_goes_with_the_line_of_the_codebook() -> None:
    book = pd.DataFrame({"practice": ["huddle"], "label": ["Morning huddle"]})
    table = audit(huddle=cycle(1, 2))
    (asked,) = told(months(), study(), practices=table, codebook=book)
    declared = study(practice=[{"practice": "huddle", **asked.answers[0].entries}])
    observations = accepted(months(), declared, practices=table, codebook=book)
    assert observations.codebook["label"].tolist() == ["Morning huddle"]
    assert observations.practices["value"].mean() == 0.5


def test_codes_of_a_whole_table() -> None:
    tables = {"observations": {"file": "months.csv", "missing": [-999]}}
    frame = with_cells("csat", -999)
    frame.loc[9, "footfall"] = -999
    panel = accepted(frame, study(SCORE, tables=tables)).panel
    assert panel["csat"].min() > 0 and panel["footfall"].isna().sum() == 1
    frame["staff"] = frame["staff"].where(frame.index % 50 > 0, 99)
    (doubt,) = told(frame, study(SCORE, tables=tables))
    assert doubt.level == "doubt" and "exactly 99" in doubt.found


def test_a_single_table_asks_too_and_takes_the_answer() -> None:
    frame = months().assign(huddle=np.repeat(cycle(1, 2), 12))
    given = {"unit": "store", "period": "month", "outcome": "happy", "n": "answers", "kind": "proportion"}
    with pytest.raises(DataError, match=r'practices=\[\{"practice": "huddle", "kind": "binary", "yes": 1'):
        read(frame, practices=["huddle"], **given)
    entry = {"practice": "huddle", "kind": "binary", "yes": 1}
    assert read(frame, practices=[entry], **given).practices["value"].mean() == 0.5
    odd = with_cells("csat", -999)
    given |= {"outcome": {"column": "csat", "missing": [-999]}, "kind": "mean"}
    assert len(read(odd, **given).set_aside) == 5


def test_sound_studies_are_not_asked() -> None:
    for outcome in (HAPPY, SCORE):
        accepted(months(), study(outcome), practices=audit(huddle=cycle(0, 1), visits=cycle(0, 1, 2, 3)))


def test_an_answer_about_one_practice_takes_no_other_away() -> None:
    table = audit(huddle=cycle(1, 2, 2), greet=cycle(0, 1), visitor=cycle("Ann", "Ben", "Cy"))
    declared = study(practice=[{"practice": "huddle", "kind": "binary", "yes": 1}])
    observations = read(declared, {"observations": months(), "practices": table})
    assert set(observations.practices["practice"]) == {"huddle", "greet"}
    assert any("not taken as practices" in str(doubt) and "visitor" in str(doubt) for doubt in observations.doubts)


def test_a_list_that_says_more_than_how_to_read_is_the_whole_list() -> None:
    table = audit(huddle=cycle(1, 2, 2), greet=cycle(0, 1))
    declared = study(practice=[{"practice": "huddle", "label": "Morning huddle", "kind": "binary", "yes": 1}])
    observations = read(declared, {"observations": months(), "practices": table})
    assert set(observations.practices["practice"]) == {"huddle"}
