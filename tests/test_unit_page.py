"""A unit's own page and a region's report: their own numbers, and nobody else's name."""

import re

import pytest

import pdlib
from pdlib import history
from pdlib.errors import StudyError
from pdlib.insight.exhibits import against_expected, counted_here
from pdlib.show.wording import causal_words, jargon_words
from tests.test_insight import told

PARTS = (
    "headline", "findings", "what_changed", "where_we_stand", "over_time", "what_we_do", "whom_to_call", "method",
    "provenance",
)  # fmt: skip


def page_of(unit):
    whole = told("service_chain")
    return pdlib.tell_unit(whole.observations, whole.deviants, whole.practices, unit=unit)


def markup(page, parts=PARTS):
    return "\n".join(getattr(page, part).__html__() for part in parts).replace("&#39;", "'")


@pytest.fixture(scope="module")
def ordinary():
    table = told("service_chain").deviants.table
    return page_of(table[~table["group"].isin(["confident", "likely"])]["unit"].iloc[0])


def test_its_numbers_are_those_of_the_table(ordinary):
    text = markup(ordinary)
    row, show = ordinary.row, ordinary.show
    for value in (show.bare(row["observed"]), show.bare(row["expected"])):
        assert value in text
    assert show.more_between(row["shrunken_excess_lower"], row["shrunken_excess_upper"]) in text


def test_nobody_is_named_but_it_and_bright_spots(ordinary):
    text, units = markup(ordinary), ordinary.observations.units["label"]
    cleared = {ordinary.own, *ordinary.bright.index}
    others = [label for unit, label in units.items() if unit not in cleared]
    assert str(units[ordinary.own]) in text
    assert [label for label in others if re.search(rf"(?<![\w ]){re.escape(label)}(?![\w ])", text)] == []
    assert not re.search(r"\brank(ed|s)?\b|\b\d+(st|nd|rd|th)\b|worst|best of", re.sub(r"<[^>]+>", " ", text))


def test_what_it_lacks_is_told_without_a_word_of_cause(ordinary):
    text = re.sub(r"<[^>]+>", " ", markup(ordinary, PARTS[:7]))
    assert causal_words(text) == []
    assert jargon_words(text) == []
    answers = {row["practice"]: ordinary._here(row["practice"]) for _, row in ordinary.promising.iterrows()}
    assert set(answers.values()) <= {"yes", "no", "not known"}
    assert len(set(answers.values())) > 1
    for practice, answer in answers.items():
        if answer != "not known":
            assert (answer == "yes") == ordinary.practices.does(ordinary.own, practice)


def test_a_bright_spot_is_told_so_and_calls_others():
    unit = told("service_chain").bright.index[0]
    page = page_of(unit)
    assert "We are one of" in markup(page, ["headline"])
    assert page.name(unit) not in markup(page, ["whom_to_call"])
    with pytest.raises(KeyError):
        page_of("nobody")


def test_what_is_found_is_counted_from_the_tables(ordinary):
    text = re.sub(r"<[^>]+>", "", markup(ordinary, ["findings"]))
    frame = ordinary.deviants.why(ordinary.own).trend()
    frame = frame[frame["exposure"] >= ordinary.fewest]
    within = frame["observed"].between(frame["expected_lower"], frame["expected_upper"]).sum()
    assert f"{within} of {len(frame)} months lie within the usual ups and downs" in text
    done = sum(ordinary._here(name) == "yes" for name in ordinary.promising["practice"])
    assert f"We do {done} of {len(ordinary.promising)} practices" in text
    assert f"{len(ordinary.bright)} of 520 shops stand out" in text
    assert ordinary.show.more(ordinary.row["shrunken_excess"]).lower() in text.lower()


def test_months_with_few_people_are_not_shown():
    whole = told("service_chain")
    n = whole.deviants.expected.grid.n
    some = ((n > 0) & (n < 10)).any(axis=1) & ((n >= 10).sum(axis=1) >= 3)
    few = whole.deviants.expected.grid.units[some][0]
    page = page_of(few)
    trend = page.deviants.why(few).trend()
    shown = trend[trend["exposure"] >= page.fewest]
    assert 3 <= len(shown) < len(trend)
    text = markup(page, ["over_time"])
    assert f" of {len(shown)} months lie" in text
    assert "gaps: months with no or fewer than 10 answers" in text
    for period in trend.loc[trend["exposure"] < page.fewest, "period"]:
        assert f">{period}<" not in text


@pytest.mark.parametrize(
    ("then", "now", "said"),
    [
        ("other", "confident", "We are new among the bright spots since the report of 3 October 2026."),
        ("confident", "confident", "We are a bright spot again, as in the report of 3 October 2026."),
        ("confident", "other", "We were a bright spot in the report of 3 October 2026; luck alone can end that."),
        ("other", "other", "Our place has not changed since the report of 3 October 2026."),
    ],
)
def test_a_unit_reads_what_changed_for_it(monkeypatch, then, now, said):
    whole = told("service_chain")
    table = whole.deviants.table
    unit = table[table["group"].eq("confident") == (now == "confident")]["unit"].iloc[0]
    found = history.finding(table, whole.practices.table, whole.deviants.settings, whole.observations.study.name)
    units = {**found["units"], unit: {**found["units"].get(unit, {}), "group": then}}
    earlier = {**found, "id": "then", "built": "2026-10-03T04:15:00+00:00", "data": "then", "units": units}
    monkeypatch.setattr(history, "entries", lambda _: [earlier])
    assert said in markup(page_of(unit), ["what_changed"])


def test_a_region_tells_of_its_own_units_compared_with_all():
    whole = told("service_chain")
    region = whole.observations.units.loc[whole.bright.index[0], "region"]
    part = pdlib.tell(whole.observations, whole.deviants, whole.practices, region=region)
    assert set(part.bright.index) == {
        unit for unit in whole.bright.index if whole.observations.units.loc[unit, "region"] == region
    }
    assert part.total < whole.total
    with pytest.raises(StudyError, match="There is no region 'Nowhere'"):
        pdlib.tell(whole.observations, whole.deviants, whole.practices, region="Nowhere")


def test_no_share_stands_for_a_few_bright_spots():
    whole = told("service_chain")
    part = pdlib.tell(whole.observations, whole.deviants, whole.practices, region="North Coast")
    assert 0 < len(part.bright) < part.fewest_spots
    rows = counted_here(part, whole.practices.table)
    assert rows["prevalence_deviants"].isna().all()
    assert counted_here(whole, whole.practices.table)["prevalence_deviants"].notna().any()
    text = "".join(getattr(part, name).__html__() for name in ("findings", "what_they_do", "whom_to_visit", "method"))
    assert not re.search(r"\b\d of [1-4] bright spots?", text)


@pytest.mark.parametrize("study", ["service_chain", "flights"])
def test_the_funnel_shows_what_the_numbers_say(study):
    whole = told(study)
    units, limits = against_expected(whole)
    sign = whole.outcome.sign
    assert units["adjusted"].to_numpy() == pytest.approx((sign * (units["observed"] - units["expected"])).to_numpy())
    assert (limits["lower998"] < limits["lower95"]).all() and (limits["upper95"] < limits["upper998"]).all()
    assert (limits["lower95"] < 0).all() and (limits["centre"] == 0).all() and (limits["upper95"] > 0).all()
    assert limits["exposure"].max() <= 1.01 * units["exposure"].max()


@pytest.mark.parametrize("study", ["service_chain", "flights"])
def test_better_is_said_as_better_whichever_way_the_outcome_runs(study):
    whole = told(study)
    page = pdlib.tell_unit(whole.observations, whole.deviants, whole.practices, unit=whole.bright.index[0])
    text = re.sub(r"<[^>]+>", "", page.findings.__html__())
    assert f"{'more' if whole.outcome.sign > 0 else 'fewer'} in 100 than expected" in text
    assert re.search(r"(\d+) (is|are) better than that, 0 worse", text)


def test_the_twin_that_opens_the_page_looks_alike():
    pair = told("service_chain").lead
    numeric = [item.name for item in told("service_chain").conditions if item.kind != "category"]
    assert numeric
    for name in numeric:
        low, high = sorted(pair.table[name].astype(float))
        assert high <= 1.5 * low


def test_what_changed_is_told_from_the_history(monkeypatch):
    whole = told("service_chain")
    fresh = pdlib.tell(whole.observations, whole.deviants, whole.practices)
    assert fresh.change == "This is the first report, so there is nothing to compare with yet."
    now = history.finding(
        whole.deviants.table, whole.practices.table, whole.deviants.settings, whole.observations.study.name
    )
    first, *rest = [unit for unit, row in now["units"].items() if row["group"] == "confident"]
    then = {unit: row for unit, row in now["units"].items() if unit != first} | {"closed": now["units"][first]}
    earlier = {**now, "id": "then", "built": "2026-10-03T04:15:00+00:00", "data": "then", "units": then}
    monkeypatch.setattr(history, "entries", lambda _: [earlier])
    again = pdlib.tell(whole.observations, whole.deviants, whole.practices)
    assert again.change.startswith("Since the report of 3 October 2026: one is new")
    assert again.name(first) in again.what_changed.__html__().replace("&#39;", "'")
    assert again.name(first) not in again.change
    assert len(again.changed.stayed) == len(rest)
    assert again.changed.left == ("closed",)
