"""What earlier builds found is kept beside the study, and what changed is told from it."""

import pandas as pd
import pytest

import pdlib
from pdlib import history
from pdlib.errors import StudyError

SETTINGS = {"outcome": "happy", "data_hash": "d1", "top": 0.1, "false_share": 0.2, "version": "1"}


def found(groups, promising=(), **settings):
    """An entry made of units with their groups, as `pdlib.find_deviants` would give them."""
    rows = [(unit, group, 0.9, 2.0, 1.0, 3.0) for unit, group in groups.items()]
    columns = ["unit", "group", "p_top", "shrunken_excess", "shrunken_excess_lower", "shrunken_excess_upper"]
    graded = [(name, name.title(), "promising", 0.1, 0.0, float("nan")) for name in promising]
    practices = ["practice", "label", "grade", "contrast", "contrast_lower", "contrast_upper"]
    frame = pd.DataFrame(graded, columns=practices) if graded else None
    return history.finding(pd.DataFrame(rows, columns=columns), frame, {**SETTINGS, **settings}, "Shops")


def test_units_that_are_neither_confident_nor_likely_leave_no_trace():
    entry = found({"a": "confident", "b": "likely", "c": "watch", "d": ""}, ["huddle"])
    assert set(entry["units"]) == {"a", "b"}
    assert entry["n_units"] == 4
    assert entry["practices"]["huddle"] == {
        "label": "Huddle", "grade": "promising", "value": 0.1, "lower": 0.0, "upper": None,
    }  # fmt: skip


def test_a_finding_is_named_by_what_it_depends_on():
    assert found({"a": "confident"})["id"] == found({"b": "likely"})["id"]
    assert found({})["id"] != found({}, data_hash="d2")["id"]


def test_another_declaration_is_another_finding():
    ours = {"unit": ["a", "b", "c"] * 2, "month": [1, 1, 1, 2, 2, 2], "happy": [8, 7, 6, 9, 5, 7], "n": 10}
    frame = pd.DataFrame(ours | {"size": [1, 2, 3] * 2})
    outcome = {"name": "happy", "kind": "proportion", "successes": "happy", "n": "n"}
    declared = {"unit": "unit", "period": "month", "outcome": outcome, "context": ["size"]}
    others = [
        {"outcome": {**outcome, "better": "lower"}}, {"outcome": {**outcome, "smallest_excess": 0.1}},
        {"outcome": {"name": "happy", "kind": "rate", "events": "happy", "exposure": "n", "better": "lower"}},
        {"context": [{"name": "size", "kind": "category"}]}, {"context": []},
    ]  # fmt: skip

    def settings(**other):
        return pdlib.read(pdlib.Study(**{**declared, **other}), {"observations": frame}).settings

    names = {history.identity(settings(**other)) for other in ({}, *others)}
    assert len(names) == 6
    assert settings(name="Another title", description="More words") == settings()


def test_what_changed_is_new_stayed_and_left(tmp_path):
    then = found({"a": "confident", "b": "confident", "c": "likely"}, ["huddle"])
    now = found({"b": "confident", "c": "confident", "d": "likely"}, ["path"], data_hash="d2", top=0.2)
    history.add(tmp_path, then, "2026-10-03T04:15:00+00:00")
    earlier = history.previous(tmp_path, "Shops", "happy", than=now["id"])
    change = history.compare(earlier, now)
    assert (change.new, change.stayed, change.left) == (("c",), ("b",), ("a",))
    assert (change.practices_new, change.practices_gone) == (("Path",), ("Huddle",))
    assert (change.day, change.same_data, change.same_rules) == ("3 October 2026", False, False)
    assert history.compare(earlier, now, among={"a", "b"}).new == ()


def test_the_last_finding_that_differs_is_compared_with(tmp_path):
    first, second = found({"a": "confident"}), found({"b": "confident"}, data_hash="d2")
    for entry, day in ((first, 1), (second, 2)):
        history.add(tmp_path, entry, f"2026-01-0{day}T00:00:00+00:00")
    assert history.previous(tmp_path, "Shops", than=second["id"])["id"] == first["id"]
    assert history.previous(tmp_path, "Shops", than="new")["id"] == second["id"]
    assert history.previous(tmp_path, "Others") is None
    assert history.previous(tmp_path, "Shops", "sales") is None


def test_the_history_is_a_tidy_table(tmp_path):
    with pytest.raises(StudyError, match=r"no history\.jsonl"):
        history.load_history(tmp_path)
    history.add(tmp_path, found({"a": "confident"}, ["huddle"]), "2026-01-01T00:00:00+00:00")
    table = history.load_history(tmp_path)
    assert table[["kind", "name", "group", "value"]].to_dict("list") == {
        "kind": ["unit", "practice"], "name": ["a", "huddle"], "group": ["confident", "promising"], "value": [2.0, 0.1],
    }  # fmt: skip
    assert table["chance"].isna().tolist() == [False, True]
