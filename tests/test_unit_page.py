"""A unit's own page and a region's report: their own numbers, and nobody else's name."""

import re

import pytest

import pdlib
from pdlib import history
from pdlib.errors import StudyError
from pdlib.show.wording import causal_words, jargon_words
from tests.test_insight import told

PARTS = ("headline", "where_we_stand", "over_time", "what_we_do", "whom_to_call", "method", "provenance")


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
    for value in (show.value(row["observed"], 1), show.value(row["expected"], 1)):
        assert value in text
    assert show.excess(row["shrunken_excess_lower"]) in text


def test_nobody_is_named_but_it_and_bright_spots(ordinary):
    text, units = markup(ordinary), ordinary.observations.units["label"]
    cleared = {ordinary.own, *ordinary.bright.index}
    others = [label for unit, label in units.items() if unit not in cleared]
    assert str(units[ordinary.own]) in text
    assert [label for label in others if re.search(rf"(?<![\w ]){re.escape(label)}(?![\w ])", text)] == []
    assert not re.search(r"\brank(ed|s)?\b|\b\d+(st|nd|rd|th)\b|worst|best of", re.sub(r"<[^>]+>", " ", text))


def test_what_it_lacks_is_told_without_a_word_of_cause(ordinary):
    text = re.sub(r"<[^>]+>", " ", markup(ordinary, PARTS[:5]))
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
    assert "It is one of" in markup(page, ["headline"])
    assert page.name(unit) not in markup(page, ["whom_to_call"])
    with pytest.raises(KeyError):
        page_of("nobody")


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


def test_what_changed_is_told_from_the_history(monkeypatch):
    whole = told("service_chain")
    fresh = pdlib.tell(whole.observations, whole.deviants, whole.practices)
    assert fresh.change == "This is the first report, so there is nothing to compare with yet."
    now = history.finding(
        whole.deviants.table, whole.practices.table, whole.deviants.settings, whole.observations.study.name
    )
    first, *rest = [unit for unit, row in now["units"].items() if row["group"] == "confident"]
    then = {unit: row for unit, row in now["units"].items() if unit != first}
    earlier = {**now, "id": "then", "built": "2026-10-03T04:15:00+00:00", "data": "then", "units": then}
    monkeypatch.setattr(history, "entries", lambda _: [earlier])
    again = pdlib.tell(whole.observations, whole.deviants, whole.practices)
    assert again.change.startswith("Since the report of 3 October 2026: one is new")
    assert again.name(first) in again.what_changed.__html__().replace("&#39;", "'")
    assert again.name(first) not in again.change
    assert len(again.changed.stayed) == len(rest)
