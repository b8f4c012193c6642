"""Visit sheets, and what comes back from them as new practices."""

import re
from pathlib import Path

import pandas as pd
import pytest

from pdlib.errors import DataError
from tests.practices import world


def test_the_sheet_asks_what_nobody_listed_and_says_what_to_watch_where() -> None:
    practices = world.practices()
    unit = practices.deviants.units("confident")[0]
    sheet = str(practices.visit_sheet(unit))
    assert "“What do you do here that is not on our list?”" in sheet
    assert practices.observations.units.loc[unit, "label"] in sheet
    places = [sheet.index(place) for place in ("Start", "Welcome", "Waiting", "Anywhere")]
    assert places == sorted(places)
    along = {"practices": {"wave": "wave", "touchpoints": ["waiting", "welcome"]}}
    declared = str(world.compared(world.observed(along)).visit_sheet(unit))
    assert declared.index("Waiting") < declared.index("Welcome") < declared.index("Start")
    for label in practices.observations.codebook.query("evidence == 'observed'")["label"]:
        state = "done here" if practices.does(unit, label) else "not done here"
        assert f"{label} ({state})" in sheet
    assert "says the manager" not in sheet
    assert "“done” is yes or no" in sheet
    twin = str(practices.visit_sheet(practices.deviants.twin(unit).peer))
    assert "means like those of one that does better" in twin


def test_all_sheets_are_one_page_to_print(tmp_path: Path) -> None:
    practices = world.practices()
    page = practices.save_visit_sheets(tmp_path / "sheets.html").read_text(encoding="utf-8")
    assert page.startswith("<!doctype html>")
    assert page.count("<article") == len(practices.visit_list())
    assert "<title>Shops: visit sheets</title>" in page
    assert "break-after: page" in page
    assert not re.search(r"https?://|<script|<link|@import", page)


def test_a_hostile_name_stays_text() -> None:
    units = world.tables()["units"].assign(name=lambda frame: "<img src=x>" + frame["unit"])
    practices = world.compared(world.observed(extra={"units": units}))
    assert "<img" not in practices.visit_sheet(practices.deviants.units("confident")[0]).__html__()


def test_the_list_holds_each_bright_spot_and_its_twin_once() -> None:
    practices = world.practices()
    listed = practices.visit_list()
    assert list(listed.columns) == ["unit", "practice", "done"]
    assert listed["unit"].is_unique
    assert set(practices.deviants.units("confident")) < set(listed["unit"])


def test_answers_come_back_as_new_practices() -> None:
    practices = world.practices()
    visited = practices.visit_list().assign(practice="Feeds the street cat", done="no")
    visited.loc[:7, "done"] = "yes"
    again = world.compared(world.observed(extra={"visits": visited}))
    row = again.row("Feeds the street cat")
    assert row["practice"] == "feeds_the_street_cat"
    assert row[["grade", "note", "n_units", "n_users"]].tolist() == ["not testable", "worth a visit", len(visited), 8]
    assert row["reason"] == f"asked in {len(visited)} of 300 units so far"
    assert again.observations.codebook.loc["feeds_the_street_cat", "theme"] == "found on visits"
    assert again.family_size == practices.family_size


def test_once_everybody_was_asked_it_is_tested_with_the_others() -> None:
    tables = world.tables()
    huddle = tables["practices"].groupby("unit")["huddle"].mean() > 0.5
    visited = pd.DataFrame(
        {"unit": huddle.index, "practice": "Tea for two", "done": huddle.map({True: "yes", False: "no"})}
    )
    again = world.compared(world.observed(extra={"visits": visited}))
    assert again.row("Tea for two")["grade"] in {"promising", "travels with Morning huddle"}
    assert again.family_size == world.practices().family_size + 1


def test_wrong_answers_are_read_out_at_once() -> None:
    visited = pd.DataFrame(
        {
            "unit": ["U000", "U001", "U002", "U002", "X"],
            "practice": ["Morning huddle", "Cat", "Cat", "Cat", "Cat"],
            "done": ["yes", "perhaps", "2", "yes", "no"],
        }
    )
    with pytest.raises(DataError) as caught:
        world.observed(extra={"visits": visited})
    text = str(caught.value)
    assert "a practice that is on the list already in 1 row ('Morning huddle'): row 2." in text
    assert "neither a number nor yes or no in 1 row ('perhaps'): row 3." in text
    assert "neither yes nor no in 1 row" in text
    assert "an answer already given in 1 row" in text
    assert "a unit that the observations do not have in 1 row ('X'): row 6." in text
