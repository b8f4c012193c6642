"""Rows that are the sum or the mean of others are asked about, whatever they are called; sound tables are not."""

import time
import tomllib

import numpy as np
import pandas as pd
import pytest

from pdlib.errors import DataError
from pdlib.observations import read
from pdlib.observations.meaning.sums import find_wholes
from pdlib.study import Study
from tests.observations.stores import COMPLAINTS, HAPPY, SALES, SCORE, accepted, add, months, shops, study, told

COUNTS = ["happy", "answers", "sales", "complaints", "visits"]


def question(frame: pd.DataFrame, declared: Study, **tables: pd.DataFrame) -> tuple[str, list[str]]:
    """What the one question about totals says, and which ids it would exclude."""
    (asked,) = [problem for problem in told(frame, declared, **tables) if problem.code == "totals"]
    assert asked.level == "question"
    assert [next(iter(answer.entries)) for answer in asked.answers] == ["exclude", "keep"]
    return asked.found, list(asked.answers[0].entries["exclude"])


def by_month(frame: pd.DataFrame) -> pd.DataFrame:
    return frame.groupby("month")[COUNTS].sum()


@pytest.mark.parametrize("name", ["Grand Total", "Zz 9", "England"])
def test_a_grand_total_is_asked_about_whatever_it_is_called(name: str) -> None:
    frame = months()
    found, ids = question(add(frame, name, by_month(frame)), study(SALES))
    assert ids == [name]
    assert f"'{name}' is the sum of the 40 others in all 12 months (column sales)" in found
    assert ("as its name says" in found) == (name == "Grand Total")


def test_the_answers_settle_it() -> None:
    frame = months()
    whole = add(frame, "Grand Total", by_month(frame))
    observations = accepted(whole, study(SALES, unit={"exclude": ["Grand Total"]}))
    assert observations.panel["unit"].nunique() == 40
    assert observations.set_aside["reason"].tolist() == ["not a unit: excluded by the study"] * 12
    assert observations.set_aside["unit"].unique().tolist() == ["Grand Total"]
    assert "12 rows set aside: not a unit: excluded by the study." in observations.caveats
    kept = accepted(whole, study(SALES, context=[], unit={"keep": ["Grand Total"]}))
    assert kept.panel["unit"].nunique() == 41


def test_the_answer_can_be_pasted_and_keeps_what_was_there() -> None:
    frame = add(add(months(), "Head office", by_month(months(5)) * 0 + 3), "All stores", by_month(months()))
    (asked,) = [p for p in told(frame, study(unit={"exclude": ["Head office"]})) if p.code == "totals"]
    pasted = tomllib.loads(asked.answers[0].said("toml").replace("[unit] ", "[unit]\n"))
    assert pasted["unit"]["exclude"] == ["Head office", "All stores"]
    accepted(frame, study(unit=pasted["unit"]))


@pytest.mark.parametrize("outcome", [HAPPY, SCORE, COMPLAINTS, SALES])
def test_of_every_kind_of_outcome(outcome: dict) -> None:
    frame = months()
    assert question(add(frame, "x", by_month(frame)), study(outcome))[1] == ["x"]


def test_an_average_row_is_no_store() -> None:
    frame = months()
    plain = frame.groupby("month")[["csat", "answers"]].mean().round(2)
    found, ids = question(add(frame, "Chain", plain), study(SCORE))
    assert ids == ["Chain"] and "is the mean of the 40 others" in found
    weighted = (frame["csat"] * frame["answers"]).groupby(frame["month"]).sum() / by_month(frame)["answers"]
    row = pd.DataFrame({"csat": weighted.round(2), "answers": 100})
    assert question(add(frame, "Mittelwert", row), study(SCORE))[1] == ["Mittelwert"]


def test_subtotals_by_region_and_the_total_over_them() -> None:
    frame, units = months(), shops()
    region = frame["store"].map(units.set_index("store")["region"])
    whole = add(frame, "England", by_month(frame))
    for name in ("North", "South", "East", "West"):
        whole = add(whole, f"Region {name}", by_month(frame[region.eq(name)]))
    ids = ["England", "Region North", "Region South", "Region East", "Region West"]
    filed = pd.DataFrame({"store": ids, "title": ids, "region": [None, "North", "South", "East", "West"]})
    for where in (filed, filed.assign(region=None), filed.assign(region="Sums")):
        found, excluded = question(whole, study(unit={"region": "region"}), units=pd.concat([units, where]))
        assert sorted(excluded) == sorted(ids)
    assert "the 10 stores with region 'North'" in found
    assert sorted(question(whole, study(context=[]))[1]) == sorted(ids)  # no units table: England, and what makes it up


def test_several_totals_at_once() -> None:
    frame = months()
    mean = by_month(frame) / 40
    whole = add(add(add(frame, "Total", by_month(frame)), "All", by_month(frame)), "Mean", mean.round(1))
    assert sorted(question(whole, study(SALES))[1]) == ["All", "Mean", "Total"]


def test_a_few_rows_may_be_missing() -> None:
    frame = months()
    whole = add(frame, "Total", by_month(frame))
    some = np.random.default_rng(3).choice(len(frame), 12, replace=False)
    assert question(whole.drop(index=some), study())[1] == ["Total"]
    blank = whole.copy()
    blank.loc[some, ["happy", "answers"]] = np.nan
    assert question(blank, study())[1] == ["Total"]
    assert question(whole.drop(index=whole.index[-3:]), study())[1] == ["Total"]


def test_rounded_and_in_one_period_only() -> None:
    frame = months()
    assert question(add(frame, "Total", by_month(frame).round(-2)), study(SALES))[1] == ["Total"]
    one = frame[frame["month"].eq("2024-01")]
    assert question(add(one, "Total", by_month(one)), study(SALES))[1] == ["Total"]


@pytest.mark.parametrize("seed", range(25))
def test_sound_tables_are_not_asked(seed: int) -> None:
    rng = np.random.default_rng(seed)
    units, periods = int(rng.choice([3, 4, 5, 8, 20, 60])), int(rng.choice([1, 2, 4, 12]))
    size = rng.choice([2, 10, 100, 1e4]) * np.exp(rng.normal(0, rng.choice([0.0, 0.7, 1.5]), units))
    counts = rng.poisson(size[:, None], (units, periods)).astype(float)
    groups = [rng.integers(0, max(2, units // 4), units)]
    assert not find_wholes(counts, exact=True, groupings=groups)
    fixed = np.repeat(size.round(-1)[:, None], periods, axis=1)
    assert not find_wholes(fixed, exact=True, groupings=groups)
    scores = (7 + rng.normal(0, 0.5, (units, 1)) + rng.normal(0, 1, (units, periods))).round(int(rng.integers(0, 3)))
    assert not find_wholes(scores, weights=counts, groupings=groups)


def test_small_counts_that_happen_to_add_up_are_not_asked() -> None:
    assert not find_wholes(np.array([[2.0, 1, 3], [3, 2, 2], [5, 3, 5]]), exact=True)
    assert not find_wholes(np.full((6, 12), 30.0), exact=True)
    assert not find_wholes(np.array([[7.0, 8], [6, 7], [9, 8], [5, 6]]))


def test_an_excluded_id_leaves_every_table() -> None:
    frame, units = months(), shops()
    whole = add(frame, "Grand Total", by_month(frame).assign(footfall=1.0, staff=1))
    total = pd.DataFrame({"store": ["Grand Total"], "title": ["All"], "region": ["All"]})
    audit = pd.DataFrame({"store": [*units["store"], " Grand Total"], "huddle": [0, 1] * 20 + [1]})
    comments = pd.DataFrame({"store": ["S001", "Grand Total"], "month": "2024-01", "text": "Fine."})
    tables = {"units": pd.concat([units, total]), "practices": audit, "comments": comments}
    declared = study(unit={"region": "region", "exclude": ["Grand Total"]}, voices={})
    observations = accepted(whole, declared, **tables)
    for ids in (observations.units.index, observations.practices["unit"], observations.comments["unit"]):
        assert "Grand Total" not in set(ids)
    assert "1 row of the practices table set aside: not a unit: excluded by the study." in observations.caveats


def test_an_excluded_id_that_does_not_occur_is_told() -> None:
    (doubt,) = told(months(), study(unit={"exclude": ["S0012"]}))
    assert doubt.level == "doubt" and "(did you mean 'S0" in doubt.found
    (doubt,) = told(months(), study(unit={"keep": ["Grand Total"]}))
    assert "'Grand Total' is listed under keep, and no table has that store" in doubt.found


def test_many_units_are_looked_through_in_no_time() -> None:
    rng = np.random.default_rng(1)
    counts = rng.poisson(np.exp(rng.normal(5, 0.7, (20_000, 1))), (20_000, 24)).astype(float)
    start = time.process_time()
    assert not find_wholes(counts, exact=True)
    assert time.process_time() - start < 1.0


def test_read_at_the_other_door_speaks_in_keywords() -> None:
    frame = add(months(), "Total", by_month(months()))
    with pytest.raises(DataError, match=r'unit=\{"column": "store", "exclude": \["Total"\]\}'):
        read(frame, unit="store", period="month", outcome="sales", kind="mean", better="higher")
    given = {"column": "store", "exclude": ["Total"]}
    assert read(frame, unit=given, period="month", outcome="sales", better="higher").panel["unit"].nunique() == 40


def summed_up(frame: pd.DataFrame, label: str) -> pd.DataFrame:
    """Each store's year as one more period."""
    sums = frame.groupby("store", as_index=False)[COUNTS].sum().assign(month=label)
    rest = frame.drop(columns=["month", *COUNTS]).drop_duplicates("store")
    return pd.concat([frame, sums.merge(rest, on="store")], ignore_index=True)


@pytest.mark.parametrize("outcome", [HAPPY, COMPLAINTS])
@pytest.mark.parametrize("lost", [0, 5])
def test_a_period_that_is_the_sum_of_the_others_is_refused(outcome: dict[str, str], lost: int) -> None:
    frame = months()
    last = max(frame["month"].unique())
    label = f"{int(last[:4]) + 1}-01"
    whole = summed_up(frame, label).drop(index=range(len(frame), len(frame) + lost))
    (told_,) = [problem for problem in told(whole, study(outcome)) if problem.code == "total"]
    assert told_.level == "problem"
    assert f"period '{label}' is the sum of the 12 others in {40 - lost} rows" in told_.found
    assert told_.rows[0] == len(frame) + 2
    assert not [problem for problem in told(frame, study(outcome)) if problem.code == "total"]


def test_a_last_month_as_large_as_all_others_is_no_sum() -> None:
    frame = summed_up(months(), "2030-01")
    frame.loc[frame["month"] == "2030-01", COUNTS] += 1
    assert not [problem for problem in told(frame, study(COMPLAINTS)) if problem.code == "total"]


@pytest.mark.parametrize(
    ("periods", "digits", "how"), [(12, 1, "mean"), (24, 1, "mean"), (36, 1, "mean"), (12, 2, "mean")]
)
def test_an_average_rounded_coarsely_is_asked_where_no_n_is_known(periods: int, digits: int, how: str) -> None:
    frame = months(periods=periods)
    score = {key: value for key, value in SCORE.items() if key != "n"}
    average = frame.groupby("month")[["csat"]].mean().round(digits)
    found, ids = question(add(frame, "Chain", average), study(score, context=[]))
    assert ids == ["Chain"] and f"is the {how} of the 40 others in all {periods} months" in found
    tens = frame.assign(csat=lambda f: f["csat"] * 10)
    average = tens.groupby("month")[["csat"]].mean().round()
    assert question(add(tens, "Chain", average), study(score, context=[]))[1] == ["Chain"]


@pytest.mark.parametrize("seed", range(20))
def test_a_store_in_the_middle_is_no_average(seed: int) -> None:
    rng = np.random.default_rng(seed)
    noise = rng.lognormal(-1.2, 0.5, (40, 1))
    noise[0] = np.sort(noise.ravel())[1]  # as steady as the steadiest, and in the middle
    levels = rng.normal(7, 0.3, (40, 1))
    levels[0] = levels[1:].mean()
    values = levels + noise * rng.normal(size=(40, 24)) + rng.normal(0, 0.2, 24)
    values[0] = values[0].round(1)
    assert not find_wholes(values.round(2))


def test_regions_of_which_the_grouping_is_not_known_are_told_together() -> None:
    frame = months()
    for number, name in enumerate("ABCD"):
        part = frame[frame["store"].isin([f"S{k:03d}" for k in range(number * 10 + 1, number * 10 + 11)])]
        frame = add(frame, name, by_month(part[part["store"].str.startswith("S")]))
    found, ids = question(frame, study(SALES))
    assert sorted(ids) == ["A", "B", "C", "D"]
    assert "one of 4 that together are the sum of the 40 others" in found
