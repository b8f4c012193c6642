"""One grade for each practice: what was planted lands where it belongs, and of nothing comes nothing."""

import numpy as np
import pandas as pd
import pytest
from pandas.testing import assert_frame_equal

from pdlib.practices.grades import ORDER, grade, rank
from pdlib.show.wording import causal_words, jargon_words, reading_grade
from tests.practices import world


def graded(practices) -> dict[str, str]:
    return dict(zip(practices.table["practice"], practices.table["grade"], strict=True))


def test_each_planted_role_gets_its_grade() -> None:
    assert graded(world.practices()) == {
        "hello": "strong",
        "complaint": "strong",
        "hours": "strong",
        "huddle": "strong",
        "along": "travels with Morning huddle",
        "wall": "follows success",
        "score": "cannot tell",
        "plant": "cannot tell",
        "academy": "cannot tell",
        "sam": "not testable",
        "says_huddle": "not testable",
    }


def test_contrasts_are_of_the_planted_size() -> None:
    table = world.practices().table.set_index("practice")
    for name, size in (
        ("huddle", world.GAIN),
        ("hours", world.AN_HOUR * (table.loc["hours"]["high"] - table.loc["hours"]["low"])),
    ):
        found = table.loc[name]
        assert found["raw_contrast_lower"] < size < found["raw_contrast_upper"]
        assert found["change_lower"] < size < found["change_upper"]


def test_nothing_is_found_where_nothing_matters() -> None:
    found = [graded(world.practices(seed=seed, effects=0.0)) for seed in (11, 12, 13, 14)]
    assert sum(grade == "strong" for grades in found for grade in grades.values()) <= 1
    assert all(grades["wall"] == "follows success" for grades in found)


def test_without_waves_nothing_is_strong_and_timing_is_unknown() -> None:
    last = world.tables()["practices"].query("wave == 'P7'").drop(columns="wave")
    practices = world.compared(world.observed({"practices": {}}, {"practices": last}))
    assert practices.strong.empty
    assert set(practices.table["timing"]) == {"timing unknown"}
    assert "wall" in set(practices.promising["practice"])  # no single wave can tell
    assert any("may follow success" in caveat for caveat in practices.caveats)


def test_the_order_of_rows_and_practices_changes_nothing() -> None:
    tables = world.tables()
    plain = world.compared(world.observed(extra=tables))
    mixed = {name: frame.sample(frac=1, random_state=3) for name, frame in tables.items()}
    mixed["practices"] = mixed["practices"][["unit", "wave", *reversed(list(world.CODEBOOK["practice"]))]]
    again = world.compared(world.observed(extra=mixed))
    assert_frame_equal(plain.table, again.table, atol=1e-9)


def test_the_cheap_come_before_the_dear_and_the_rare_before_the_common() -> None:
    told = world.practices().promising
    assert list(told["cost"].le(2)) == sorted(told["cost"].le(2), reverse=True)
    dearer = world.CODEBOOK.assign(cost=np.where(world.CODEBOOK["practice"].eq("hello"), 4, world.CODEBOOK["cost"]))
    assert world.compared(world.observed(extra={"codebook": dearer})).promising["practice"].iloc[-1] == "hello"


def test_re_runs_and_placebos() -> None:
    practices = world.practices()
    table = practices.table.set_index("practice")
    assert (table.loc[["hello", "complaint", "hours", "huddle", "wall"], "reruns"] == 5).all()
    assert (table.loc[["score", "plant", "academy"], "reruns"] <= 1).all()
    assert 0 <= practices.settings["placebos_with_findings"] <= 6
    assert practices.placebo.startswith("Shuffled among units of like means, the same practices gave a finding in ")


def test_a_story_says_all_and_claims_nothing() -> None:
    practices = world.practices()
    for name in practices.table["practice"]:
        story = practices.sentences(name)
        assert causal_words(story) == []
        assert jargon_words(story) == []
    story = practices.sentences("huddle")
    row = practices.row("huddle")
    assert "of the leading shops do it" in story
    assert "tested together with 8 others and stood out in 5 of 5 re-runs" in story
    assert f"that took it up show {row['after']:.2f} points higher" in story
    assert f"{row['times_as_strong']:.1f} times as much as “{row['yardstick']}”" in story
    assert story.endswith("Association, worth a pilot.")
    assert reading_grade(story) <= 9
    assert practices.sentences("wall").endswith("did not rise accordingly.")
    assert "only 5 units do it" in practices.sentences("sam")


def test_a_context_that_explains_a_practice_is_the_yardstick() -> None:
    tables = world.tables()
    x1 = tables["units"].set_index("unit")["x1"].reindex(tables["practices"]["unit"]).to_numpy()
    unit = np.random.default_rng(1).standard_normal(world.N)
    own = dict(zip(tables["units"]["unit"], unit, strict=True))
    driven = (x1 + 0.7 * tables["practices"]["unit"].map(own).to_numpy() > 0.4).astype(float)
    audit = tables["practices"].assign(plant=driven)
    row = world.compared(world.observed(extra={"practices": audit})).row("plant")
    assert row["yardstick"] == "x1"
    assert row["times_as_strong"] < 0.5
    assert row["grade"] == "cannot tell"


def test_what_only_the_share_control_sees_must_stand_out_again_and_again() -> None:
    row = world.practices().row("plant").copy()
    row["reason"], row["raw_contrast"], row["raw_contrast_lower"], row["raw_contrast_upper"] = "", 0.2, 0.05, 0.35
    row["p_romano_wolf"], row["p_bh"] = 0.3, 0.06
    row["reruns"] = 4.0
    assert grade(row, None)[0] == "promising"
    row["reruns"] = 3.0
    assert grade(row, None)[:2] == ("cannot tell", "stands out among all, but in only 3 of 5 re-runs")
    row["p_romano_wolf"] = 0.08
    assert grade(row, None)[0] == "promising"


def test_grades_are_ranked_whatever_they_travel_with() -> None:
    grades = pd.Series([*ORDER[:2], "travels with Tea", *ORDER[3:]])
    assert rank(grades).tolist() == list(range(6))


def test_one_practice_is_drawn_over_time() -> None:
    practices = world.practices()
    course = practices.timeline("huddle")
    before, after = course[course["since"] < -1], course[course["since"] >= 0]
    assert after["excess"].mean() == pytest.approx(world.GAIN, abs=0.12)
    assert before["excess"].abs().mean() < 0.15
    assert (course["n_units"] >= 3).all()
    wall = practices.timeline("wall")
    assert wall.loc[wall["since"] >= 0, "excess"].mean() < 0.15
    axes = practices.plot("huddle", view="timeline")
    assert len(axes.collections) >= 4
    with pytest.raises(ValueError, match="view is 'nope'; it must be units or timeline"):
        practices.plot("huddle", view="nope")
