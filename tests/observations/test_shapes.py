"""Shapes that do not go with the declaration: counts taken for means, empty conditions, uneven blanks."""

import numpy as np
import pandas as pd
import pytest

from pdlib.errors import DataError
from pdlib.observations import read
from pdlib.observations.meaning.silence import says_nothing
from tests.observations.stores import COMPLAINTS, HAPPY, SCORE, accepted, months, shops, study, told

COUNTED = {"name": "happy", "kind": "mean", "value": "happy", "n": "answers", "better": "higher"}


def test_a_count_without_kind_is_asked_and_either_kind_settles_it() -> None:
    given = {"unit": "store", "period": "month", "outcome": "happy", "n": "answers"}
    with pytest.raises(DataError, match=r'A count of answers, or a mean\? Say kind="proportion"'):
        read(months(), **given)
    assert read(months(), kind="proportion", **given).study.primary.kind == "proportion"
    (doubt,) = read(months(), kind="mean", **given).doubts
    assert "whole in every row and grows with answers" in doubt.found


def test_sums_over_staff_and_larger_sums_are_doubted_only() -> None:
    frame = months().assign(hours=lambda f: f["answers"] * 3, total=lambda f: f["answers"] * 20 + f["staff"])
    given = {"unit": "store", "period": "month"}
    for outcome, n in (("happy", "hours"), ("total", "answers"), ("answers", "visits")):
        observations = read(
            frame.rename(columns={"visits": "floor"}), **given, outcome=outcome, n=n.replace("visits", "floor")
        )
        assert [doubt.code for doubt in observations.doubts] == ["count_or_mean"]


@pytest.mark.parametrize(("low", "high"), [(150, 400), (150, 320), (200, 350)])
def test_whole_percentages_where_n_varies_little(low: int, high: int) -> None:
    n = np.random.default_rng(low).integers(low, high, 480)
    frame = months().assign(answers=n, happy=np.random.default_rng(1).binomial(n, 0.3))
    percentages = frame.assign(happy=(100 * frame["happy"] / n).round() + 30)
    (asked,) = told(percentages, study(HAPPY))
    assert asked.code == "percentages"
    accepted(frame.assign(happy=(frame["happy"] / 1.2).round().clip(upper=100)), study(HAPPY))


@pytest.mark.parametrize("split", ["stores", "months", "few"])
def test_shares_among_percentages_are_refused(split: str) -> None:
    frame = months()
    small = {"stores": frame["store"] < "S020", "months": frame["month"] < "2024-05", "few": frame["store"] < "S006"}[
        split
    ]
    frame["csat"] = (frame["csat"] * 10).where(~small, frame["csat"] / 10).clip(0.2, 95)
    (problem,) = told(frame, study(SCORE))
    assert problem.code == "two_scales" and len(problem.rows) == small.sum()
    frame = months().assign(staff=np.repeat([0.2, 0.31, 0.4, 25, 31, 38.5, 22, 40], 60))
    assert [problem.code for problem in told(frame, study())] == ["two_scales"]
    audit = pd.DataFrame({"store": shops()["store"], "huddle": [0.2, 0.55, 0.4, 25, 31, 38.5, 22, 60] * 5})
    (problem,) = told(months(), study(), practices=audit)
    assert problem.code == "two_scales" and len(problem.rows) == 15


def test_scores_are_no_counts() -> None:
    accepted(months(), study(SCORE))
    accepted(months().assign(csat=lambda f: f["csat"].round()), study(SCORE))
    (doubt,) = told(months(), study(COUNTED))
    assert doubt.level == "doubt"


@pytest.mark.parametrize(
    ("values", "says"),
    [
        (3.0, "it is 3 in every row. As a condition it adds nothing."),
        (lambda f: f["month"].str[-2:].astype(float), "the same for all stores in a month"),
        (lambda f: f["store"].str[1:].astype(float), "occurs once only, as with an id"),
        (range(480), "or the number of a row"),
    ],
)
def test_conditions_that_say_nothing_are_told(values, says) -> None:
    (doubt,) = told(months().assign(staff=values), study())
    assert doubt.level == "doubt" and doubt.column == "staff" and says in str(doubt)


def test_categories_that_say_nothing_are_told() -> None:
    kind = [{"name": "kind", "kind": "category"}]
    (doubt,) = told(months().assign(kind="shop"), study(context=kind))
    assert "'shop' in every row" in doubt.found
    (doubt,) = told(months().assign(kind=lambda f: "Manager of " + f["store"]), study(context=kind))
    assert "as with an id" in doubt.found
    accepted(months().assign(kind=lambda f: np.where(f["staff"] > 6, "large", "small")), study(context=kind))


def test_uneven_blanks_of_a_count_are_told_and_even_ones_not() -> None:
    frame, rng = months().astype({"happy": float}), np.random.default_rng(4)
    even = frame.assign(happy=frame["happy"].mask(rng.random(len(frame)) < 0.1))
    accepted(even, study())
    uneven = frame.assign(happy=frame["happy"].mask(frame["happy"].lt(frame["happy"].quantile(0.15))))
    (doubt,) = told(uneven, study())
    assert doubt.code == "blanks" and "belong to just" in doubt.found and len(doubt.rows) > 50
    few = frame.assign(happy=frame["happy"].mask(frame["store"].eq("S007")))
    accepted(few, study())


def test_the_reason_names_the_column_that_is_empty() -> None:
    frame = months().astype({"visits": float, "complaints": float})
    frame.loc[3, "visits"] = np.nan
    frame.loc[4, ["visits", "complaints"]] = np.nan
    frame.loc[5, "complaints"] = np.nan
    frame.loc[6, ["visits", "complaints"]] = 0.0
    assert accepted(frame, study(COMPLAINTS)).set_aside["reason"].tolist() == [
        "visits is empty", "no complaints recorded and visits is empty", "no complaints recorded",
        "no observations behind it",
    ]  # fmt: skip


def test_comments_that_say_nothing() -> None:
    nothing = pd.Series(
        ["-", ".", "nil", "None", "No comment", "?", "n/a", "N/A.", "kein", "...", "Keine Angabe", "(none)"]
    )
    assert says_nothing(nothing).all()
    something = pd.Series(
        ["No.", "None of the staff knew.", "👍", "10/10", "nil points for parking", "ok", "Nada que ver"]
    )
    assert not says_nothing(something).any()
    comments = pd.DataFrame({"store": "S001", "month": "2024-01", "text": ["-", "No comment", "Waited long."]})
    observations = accepted(months(), study(voices={}), comments=comments)
    assert observations.comments["text"].tolist() == ["Waited long."]
    assert observations.settings["comments_empty"] == 2


@pytest.mark.parametrize("seed", range(100))
def test_sound_studies_get_no_question_and_no_doubt(seed: int) -> None:
    rng = np.random.default_rng(seed)
    units, periods = int(rng.choice([4, 12, 40, 120])), int(rng.choice([2, 4, 12, 24]))
    outcome = (HAPPY, SCORE, COMPLAINTS)[seed % 3]
    frame, table = months(units, periods, seed), shops(units)
    audit = pd.DataFrame(
        {"store": table["store"], "huddle": rng.integers(0, 2, units), "calls": rng.integers(0, 8, units)}
    )
    accepted(frame, study(outcome, unit={"region": "region", "label": "title"}), units=table, practices=audit)
