"""Declaring a study: defaults, TOML and Python alike, and every message word for word."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from pdlib.errors import StudyError
from pdlib.study import Outcome, Study, load_study

HAPPY = {"name": "happy", "kind": "proportion", "successes": "happy", "n": "answers"}
GOOD: dict[str, Any] = {"unit": "shop", "period": "month", "outcome": HAPPY, "context": ["footfall"]}

STUDY_KEYS = (
    "name, description, simulated, unit, period, tables, outcome, composite, context, practice, practices, "
    "bundle, confirm, voices, theme, shock, caution, names, privacy, reports, top, persistence"
)
OUTCOME_KEYS = (
    "name, label, role, kind, better, successes, n, value, sd, se, events, exposure, per, exposure_label, unit, "
    "digits, source, smallest_excess, smallest_contrast, missing, weighted, counts, cumulative, suppressed"
)
PRACTICE_KEYS = (
    "practice, label, theme, who_decides, cost, everyone_can, measured_by, evidence, claims, kind, programme, "
    "follows_success, touchpoint, yes, missing"
)

TOML = """
name = "Repair shops"
description = "Made for a test."
simulated = true
top = 0.2
persistence = 0.5

[unit]
column = "shop"
label = "shop_name"
singular = "shop"
plural = "shops"
region = "region"

[period]
column = "month"
singular = "month"
plural = "months"

[tables]
observations = "shop_months.csv"
units = "shops.csv"
practices = "audit.csv"
codebook = "codebook.csv"
comments = "comments.csv"

[[outcome]]
name = "happy"
label = "happy customers"
kind = "proportion"
successes = "happy"
n = "answers"
smallest_excess = 0.01

[[outcome]]
name = "complaints"
role = "balancing"
kind = "rate"
events = "complaints"
exposure = "jobs"
per = 1000
better = "lower"

[[outcome]]
name = "score"
role = "other"
kind = "mean"
value = "score"
n = "answers"
sd = "score_sd"

[[context]]
name = "footfall"
scale = "log"
unit = "people an hour"

[[context]]
name = "site_type"
kind = "category"

[practices]
wave = "half_year"
may_be_few = 12

[[practice]]
practice = "huddle"
cost = 1

[voices]
text = "comment"
touchpoint = "step"

[[shock]]
name = "downturn"
start = "2026-01"
end = "2026-06"

[names]
publish = false
may_be_named = ["A1", "A2"]
"""

IN_PYTHON: dict[str, Any] = {
    "name": "Repair shops",
    "description": "Made for a test.",
    "simulated": True,
    "top": 0.2,
    "persistence": 0.5,
    "unit": {
        "column": "shop",
        "label": "shop_name",
        "singular": "shop",
        "plural": "shops",
        "region": "region",
    },
    "period": {"column": "month", "singular": "month", "plural": "months"},
    "tables": {
        "observations": "shop_months.csv",
        "units": "shops.csv",
        "practices": "audit.csv",
        "codebook": "codebook.csv",
        "comments": "comments.csv",
    },
    "outcome": [
        {**HAPPY, "label": "happy customers", "smallest_excess": 0.01},
        {
            "name": "complaints",
            "role": "balancing",
            "kind": "rate",
            "events": "complaints",
            "exposure": "jobs",
            "per": 1000,
            "better": "lower",
        },
        {"name": "score", "role": "other", "kind": "mean", "value": "score", "n": "answers", "sd": "score_sd"},
    ],
    "context": [
        {"name": "footfall", "scale": "log", "unit": "people an hour"},
        {"name": "site_type", "kind": "category"},
    ],
    "practices": {"wave": "half_year", "may_be_few": 12},
    "practice": {"practice": "huddle", "cost": 1},
    "voices": {"text": "comment", "touchpoint": "step"},
    "shock": {"name": "downturn", "start": "2026-01", "end": "2026-06"},
    "names": {"publish": False, "may_be_named": ["A1", "A2"]},
}

MESSAGES: dict[str, tuple[dict[str, Any], str]] = {
    "misspelt at the top": (
        {"contex": ["footfall"]},
        f"contex is not a key of a study (did you mean 'context'?). Known here: {STUDY_KEYS}.",
    ),
    "misspelt in the outcome": (
        {"outcome": {**HAPPY, "sucesses": "x"}},
        f"outcome[1].sucesses is not a key of a study (did you mean 'successes'?). Known here: {OUTCOME_KEYS}.",
    ),
    "misspelt in the second outcome": (
        {"outcome": [HAPPY, {**HAPPY, "name": "other", "role": "other", "beter": "higher"}]},
        f"outcome[2].beter is not a key of a study (did you mean 'better'?). Known here: {OUTCOME_KEYS}.",
    ),
    "misspelt in the context": (
        {"context": [{"name": "footfall", "scal": "log"}]},
        ("context[1].scal is not a key of a study (did you mean 'scale'?). "
        "Known here: name, label, kind, scale, unit, missing."),
    ),
    "misspelt practice": (
        {"practice": [{"practice": "huddle", "evidense": "observed"}]},
        f"practice[1].evidense is not a key of a study (did you mean 'evidence'?). Known here: {PRACTICE_KEYS}.",
    ),
    "misspelt permission": (
        {"names": {"publsh": False}},
        "names.publsh is not a key of a study (did you mean 'publish'?). Known here: publish, may_be_named.",
    ),
    "no likely key": (
        {"zzz": 1},
        f"zzz is not a key of a study. Known here: {STUDY_KEYS}.",
    ),
    "the folder is not offered": (
        {"folders": "x"},
        f"folders is not a key of a study. Known here: {STUDY_KEYS}.",
    ),
    "misspelt and therefore missing": (
        {"unit": {"colum": "shop"}},
        ("2 problems in the declaration.\n"
        "1. unit.column is missing; it must be given.\n"
        "2. unit.colum is not a key of a study (did you mean 'column'?). "
        "Known here: column, label, singular, plural, region, nested_in, twin_within, exclude, keep."),
    ),
    "tables without observations": (
        {"tables": {"units": "shops.csv"}},
        "tables.observations is missing; it must be given.",
    ),
    "a shock without its end": (
        {"shock": {"name": "downturn", "start": "2026-01"}},
        "shock[1].end is missing; it must be given.",
    ),
    "kind missing": (
        {"outcome": {"name": "happy", "successes": "happy", "n": "answers"}},
        "outcome[1].kind is missing; it must be given.",
    ),
    "kind unknown": (
        {"outcome": {**HAPPY, "kind": "share"}},
        "outcome[1].kind: found 'share'; input should be 'proportion', 'mean' or 'rate'.",
    ),
    "better unknown": (
        {"outcome": {**HAPPY, "better": "more"}},
        "outcome[1].better: found 'more'; input should be 'higher' or 'lower'.",
    ),
    "a proportion of nothing": (
        {"outcome": {"name": "happy", "kind": "proportion", "successes": "happy"}},
        "outcome[1]: a proportion needs n (the name of a column).",
    ),
    "a rate without columns": (
        {"outcome": {"name": "complaints", "kind": "rate"}},
        "outcome[1]: a rate needs events and exposure (the name of a column).",
    ),
    "a mean with events": (
        {"outcome": {"name": "score", "kind": "mean", "value": "score", "events": "x", "successes": "y"}},
        "outcome[1]: a mean has no use for events or successes; remove it or change kind.",
    ),
    "a spread without n": (
        {"outcome": {"name": "score", "kind": "mean", "value": "score", "se": "score_se"}},
        "outcome[1]: sd or se is of use with n only (the column that says how many answers stand behind a mean).",
    ),
    "no outcome": ({"outcome": []}, "outcome: found []; at least one is needed."),
    "a number for a unit": ({"unit": 3}, "unit: found 3; a table with keys is needed."),
    "a column for an outcome": ({"outcome": "csat"}, "outcome[1]: found 'csat'; a table with keys is needed."),
    "a number for a column": ({"unit": {"column": 3}}, "unit.column: found 3; a text is needed."),
    "one name for a list": (
        {"names": {"may_be_named": "A1"}},
        "names.may_be_named: found 'A1'; a list is needed, as in [\"a\", \"b\"].",
    ),
    "top too large": ({"top": 0.7}, "top: found 0.7; input should be less than 0.5."),
    "persistence above one": ({"persistence": 2}, "persistence: found 2; input should be less than or equal to 1."),
    "cost above five": (
        {"practice": {"practice": "huddle", "cost": 9}},
        "practice[1].cost: found 9; input should be less than or equal to 5.",
    ),
    "two primaries": (
        {"outcome": [HAPPY, {**HAPPY, "name": "again"}]},
        'outcomes happy, again all have the role "primary"; exactly one must, the others take "other" or "balancing".',
    ),
    "no primary": (
        {"outcome": {**HAPPY, "role": "other"}},
        'no outcome has the role "primary"; exactly one must, the others take "other" or "balancing".',
    ),
    "one outcome twice": (
        {"outcome": [HAPPY, {**HAPPY, "role": "other"}]},
        "outcome 'happy' is declared twice; give each its own name.",
    ),
    "a practice in the context": (
        {"practice": {"practice": "footfall"}},
        ("'footfall' is declared as context and as practice. Context is what a unit cannot choose, a practice is what "
        "it can: adjusting for it would hide the very thing looked for. Remove it from one of the two."),
    ),
    "an outcome in the context": (
        {"context": ["happy"]},
        ("'happy' is declared as context and is what an outcome measures: it would explain itself. "
        "Remove it from context."),
    ),
    "an outcome among the practices": (
        {"practice": {"practice": "happy"}},
        ("'happy' is declared as practice and is what an outcome measures: it would explain itself. "
        "Remove it from practice."),
    ),
    "a mark that does not say its bounds": (
        {"outcome": {**HAPPY, "suppressed": ["<5", "*"]}},
        ("outcome[1].suppressed: '*' does not say which counts it may stand for; give the lowest and the highest of "
        'each mark, {"*" = [1, 4]}.'),
    ),
    "bounds the wrong way round": (
        {"outcome": {**HAPPY, "suppressed": {"*": [4, 1]}}},
        ("outcome[1].suppressed: '*' stands for 4 to 1; give the lowest and the highest count that it may stand for, "
        "0 or more and at most 1,000."),
    ),
    "no count is below one": (
        {"outcome": {**HAPPY, "suppressed": "<1"}},
        ("outcome[1].suppressed: '<1' stands for 1 to 0; give the lowest and the highest count that it may stand for, "
        "0 or more and at most 1,000."),
    ),
    "no mark": (
        {"outcome": {**HAPPY, "suppressed": {" ": [1, 4]}}},
        "outcome[1].suppressed: an empty cell is no mark: it does not say that a count was hidden.",
    ),
    "half a bound": (
        {"outcome": {**HAPPY, "suppressed": {"*": [1]}}},
        "outcome[1].suppressed.*[2] is missing; it must be given.",
    ),
    "hidden means": (
        {"outcome": {"name": "score", "kind": "mean", "value": "score", "n": "answers", "suppressed": ["<5"]}},
        ("outcome[1]: a mean has no use for suppressed: only a count says between which bounds it lies; give counts, "
        "as successes of n or events by exposure."),
    ),
    "everything at once": (
        {"contex": [], "unit": {}, "outcome": {**HAPPY, "kind": "x"}},
        ("3 problems in the declaration.\n"
        "1. unit.column is missing; it must be given.\n"
        "2. outcome[1].kind: found 'x'; input should be 'proportion', 'mean' or 'rate'.\n"
        f"3. contex is not a key of a study (did you mean 'context'?). Known here: {STUDY_KEYS}."),
    ),
}  # fmt: skip


@pytest.mark.parametrize(("change", "message"), MESSAGES.values(), ids=MESSAGES.keys())
def test_message(change: dict[str, Any], message: str) -> None:
    with pytest.raises(StudyError) as caught:
        Study(**{**GOOD, **change})
    assert str(caught.value) == message


@pytest.mark.parametrize("key", ["unit", "outcome"])
def test_what_must_be_given(key: str) -> None:
    with pytest.raises(StudyError) as caught:
        Study(**{name: value for name, value in GOOD.items() if name != key})
    assert str(caught.value) == f"{key} is missing; it must be given."


def test_the_error_hides_the_validator() -> None:
    with pytest.raises(StudyError) as caught:
        Study(**{**GOOD, "top": 2})
    assert caught.value.__suppress_context__


# -- from a file ----------------------------------------------------------------------------------------------


@pytest.fixture
def write(tmp_path: Path) -> Callable[[str | bytes], Path]:
    def write(content: str | bytes) -> Path:
        path = tmp_path / "study.toml"
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
        return path

    return write


def test_toml_and_python_declare_the_same(write: Callable[[str | bytes], Path]) -> None:
    path = write(TOML)
    assert load_study(path) == Study(**IN_PYTHON, folder=path.parent)


def test_the_folder_will_do_for_the_file(write: Callable[[str | bytes], Path]) -> None:
    path = write(TOML)
    assert load_study(path.parent) == load_study(str(path))


def test_no_such_file(tmp_path: Path) -> None:
    with pytest.raises(StudyError) as caught:
        load_study(tmp_path / "stduy.toml")
    expected = f"There is no study file {tmp_path / 'stduy.toml'}. Give the path of a study.toml or of its folder."
    assert str(caught.value) == expected


def test_a_folder_without_a_study(tmp_path: Path) -> None:
    with pytest.raises(StudyError, match=r"There is no study file .*study\.toml\. Give the path"):
        load_study(tmp_path)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (
            'name = "a"\n[unit\ncolumn = "shop"\n',
            (
                "study.toml is not a TOML file: Expected ']' at the end of a table declaration (at line 2, column 6). "
                "Correct that line."
            ),
        ),
        ("name = \n", "study.toml is not a TOML file: Invalid value (at line 1, column 8). Correct that line."),
        (
            'name = "a"\ndescription = "Café"\n'.encode("latin-1"),
            "study.toml: the text is not UTF-8, first in line 2. Save it as UTF-8.",
        ),
        (
            "",
            (
                "study.toml: 2 problems in the declaration.\n"
                "1. unit is missing; it must be given.\n"
                "2. outcome is missing; it must be given."
            ),
        ),
        (
            TOML + '\n[contexts]\nname = "x"\n',
            f"study.toml: contexts is not a key of a study (did you mean 'context'?). Known here: {STUDY_KEYS}.",
        ),
    ],
    ids=["unclosed table", "no value", "another encoding", "empty", "misspelt table"],
)
def test_file_message(write: Callable[[str | bytes], Path], content: str | bytes, message: str) -> None:
    with pytest.raises(StudyError) as caught:
        load_study(write(content))
    assert str(caught.value) == message


# -- what is declared -----------------------------------------------------------------------------------------


def test_short_forms_and_defaults() -> None:
    study = Study(**GOOD)
    assert (study.unit.column, study.unit.plural) == ("shop", "units")
    assert study.period is not None
    assert study.period.column == "month"
    assert [(item.name, item.kind, item.scale) for item in study.context] == [("footfall", "numeric", "linear")]
    assert (study.top, study.persistence, study.names.publish, study.practices.may_be_few) == (0.1, None, True, 10)


def test_labels_default_to_the_name_in_words() -> None:
    study = Study(**{**GOOD, "context": ["people_per_hour"], "practice": {"practice": "morning_huddle"}})
    assert study.context[0].label == "people per hour"
    assert study.practice[0].label == "morning huddle"
    assert Outcome(**{**HAPPY, "name": "very_happy"}).label == "very happy"
    assert Outcome(**HAPPY, label="happy customers").label == "happy customers"


@pytest.mark.parametrize(
    ("outcome", "columns", "amount", "size", "sign"),
    [
        (HAPPY, {"happy", "answers"}, "happy", "answers", 1),
        (
            {"name": "c", "kind": "rate", "events": "complaints", "exposure": "jobs", "better": "lower"},
            {"complaints", "jobs"}, "complaints", "jobs", -1,
        ),
        (
            {"name": "s", "kind": "mean", "value": "score", "n": "answers", "sd": "spread"},
            {"score", "answers", "spread"}, "score", "answers", 1,
        ),
        ({"name": "s", "kind": "mean", "value": "score"}, {"score"}, "score", None, 1),
    ],
)  # fmt: skip
def test_columns_of_an_outcome(
    outcome: dict[str, Any], columns: set[str], amount: str, size: str | None, sign: int
) -> None:
    declared = Outcome(**outcome)
    assert set(declared.columns) == columns
    assert (declared.amount, declared.size, declared.sign) == (amount, size, sign)


def test_the_primary_outcome_need_not_come_first() -> None:
    complaints = {"name": "complaints", "role": "other", "kind": "rate", "events": "c", "exposure": "jobs"}
    study = Study(**{**GOOD, "outcome": [complaints, HAPPY]})
    assert study.primary.name == "happy"
    assert study.find_outcome().name == "happy"
    assert study.find_outcome("complaints").kind == "rate"


def test_find_outcome_names_the_nearest() -> None:
    with pytest.raises(StudyError) as caught:
        Study(**GOOD).find_outcome("hapy")
    assert str(caught.value) == "There is no outcome 'hapy' (did you mean 'happy'?); the study declares happy."


def test_a_study_cannot_be_changed() -> None:
    study = Study(**GOOD)
    with pytest.raises(ValueError, match="frozen"):
        study.top = 0.2  # type: ignore[misc]
    with pytest.raises(ValueError, match="frozen"):
        study.unit.column = "store"  # type: ignore[misc]


@pytest.mark.parametrize(
    ("given", "bounds"),
    [
        (["<5"], {"<5": (1, 4)}),
        ("<10", {"<10": (1, 9)}),
        (["≤ 4", "<=3", "1-4"], {"≤ 4": (1, 4), "<=3": (1, 3), "1-4": (1, 4)}),
        (["0–9", "2 to 5"], {"0–9": (0, 9), "2 to 5": (2, 5)}),
        ({"<5": [0, 4], "*": [1, 4]}, {"<5": (0, 4), "*": (1, 4)}),
        ({"c": (3, 3)}, {"c": (3, 3)}),
    ],
)  # fmt: skip
def test_marks_of_hidden_counts_and_their_bounds(given: Any, bounds: dict[str, tuple[int, int]]) -> None:
    outcome = Study(**{**GOOD, "outcome": {**HAPPY, "suppressed": given}}).primary
    assert outcome.suppressed == bounds
    assert outcome.bounds == (f"{outcome.amount}_lower", f"{outcome.amount}_upper")
    assert outcome.columns == Study(**GOOD).primary.columns


def test_without_marks_there_are_no_bounds() -> None:
    assert Study(**GOOD).primary.bounds is None


def test_marks_in_toml(write: Callable[[str | bytes], Path]) -> None:
    hidden = '\n[[outcome]]\nname = "late"\nkind = "rate"\nrole = "other"\nbetter = "lower"\nevents = "late"\n'
    hidden += 'exposure = "trips"\nsuppressed = {"<5" = [1, 4], "*" = [1, 4]}\n'
    start = 'unit = "shop"\n[[outcome]]\nname = "happy"\nkind = "proportion"\nsuccesses = "happy"\nn = "n"\n'
    study = load_study(write(start + '[tables]\nobservations = "x.csv"\n' + hidden))
    assert study.find_outcome("late").suppressed == {"<5": (1, 4), "*": (1, 4)}
