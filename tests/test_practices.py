"""What goes with better outcomes: who can be tested, grades, claims, prevalence, and nothing found in noise."""

from dataclasses import FrozenInstanceError
from typing import Any

import numpy as np
import pandas as pd
import pytest
from pandas.testing import assert_frame_equal

from pdlib.deviants import find_deviants
from pdlib.errors import StudyError
from pdlib.expected import expect
from pdlib.practices import Practices, compare_practices
from pdlib.show.formats import share
from tests.panels import ALL_CONTEXT, declared, panel, per_unit

N = 200
COLUMNS = [
    "practice", "label", "theme", "evidence", "cost", "programme", "grade", "reason", "note", "travels_with", "n_units",
    "n_users", "missing_share", "low", "high", "prevalence_deviants", "prevalence_peers", "contrast", "contrast_lower",
    "contrast_upper", "raw_contrast", "raw_contrast_lower", "raw_contrast_upper", "p_value", "p_romano_wolf", "p_worse",
    "p_bh", "reruns", "n_changed", "change", "change_lower", "change_upper", "after", "after_lower", "after_upper",
    "before", "before_lower", "before_upper", "timing", "robustness", "robustness_lower", "times_as_strong",
    "yardstick",
]  # fmt: skip
ESTIMATES = [name for name in COLUMNS if "contrast" in name or name.startswith("p_")]


def habits(names: list[str], share: float = 0.4, seed: int = 3) -> pd.DataFrame:
    """Draw practices that go with nothing."""
    done = np.random.default_rng(seed).random((N, len(names))) < share
    return pd.DataFrame(done.astype(float), columns=names)


def study_frame(done: pd.DataFrame, effects: dict[str, float] | None = None, kind: Any = "mean") -> pd.DataFrame:
    """Make a panel in which some practices go with better outcomes."""
    frame = panel(N, 5, kind, effect_sd=0.3, median_n=60)
    gain = sum((size * done[name] for name, size in (effects or {}).items()), start=pd.Series(0.0, index=done.index))
    if kind == "mean":
        frame["value"] += per_unit(frame, gain)
    elif kind == "proportion":
        more = per_unit(frame, gain) * frame["n"]
        frame["successes"] = np.minimum(frame["successes"] + more.round(), frame["n"])
    else:
        frame["events"] = (frame["events"] * (1 - per_unit(frame, gain))).round()
    return frame


def compared(
    done: pd.DataFrame,
    effects: dict[str, float] | None = None,
    *,
    frame: pd.DataFrame | None = None,
    codebook: pd.DataFrame | None = None,
    **more: Any,
) -> Practices:
    """Go through every step, with one table of practices."""
    kind = more.pop("kind", "mean")
    arguments = {name: more.pop(name) for name in ("seed", "draws") if name in more}
    frame = study_frame(done, effects, kind) if frame is None else frame
    tables = {"practices": done.assign(unit=np.sort(frame["unit"].unique()))}
    if codebook is not None:
        tables["codebook"] = codebook
    observations = declared(frame, kind, tables=tables, **{"context": ALL_CONTEXT, **more})
    return compare_practices(observations, find_deviants(expect(observations)), **arguments)


def row(practices: Practices, name: str) -> pd.Series:
    return practices.table.set_index("practice").loc[name]


# -- the table ------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def planted() -> Practices:
    return compared(habits([f"h{k}" for k in range(12)]), {"h0": 0.4, "h1": 0.3})


def test_the_table(planted: Practices) -> None:
    table = planted.table
    assert list(table.columns) == COLUMNS
    assert len(table) == 12
    assert np.isfinite(table[[*ESTIMATES, "prevalence_peers", "missing_share"]].to_numpy(dtype=float)).all()
    assert (table["contrast_lower"] <= table["contrast"]).all()
    assert (table["contrast"] <= table["contrast_upper"]).all()
    assert (table["p_romano_wolf"] >= table["p_value"] / 2 - 0.02).all()
    assert (table["p_bh"] >= table["p_value"] - 1e-12).all()
    assert table["p_romano_wolf"].gt(0).all()
    assert (table[["p_romano_wolf", "p_worse"]].max(axis=1) > 0.5).all()
    assert table["reruns"].between(0, 5).all()
    assert (table["robustness_lower"] <= table["robustness"]).all()
    assert (table["contrast"].abs() <= table["raw_contrast"].abs()).all()


def test_the_planted_are_promising_and_the_rest_is_not(planted: Practices) -> None:
    assert list(planted.promising["practice"]) == ["h0", "h1"]
    for name, size in (("h0", 0.4), ("h1", 0.3)):
        found = row(planted, name)
        assert found["raw_contrast_lower"] < size < found["raw_contrast_upper"]
    assert set(planted.table["grade"][2:]) == {"cannot tell"}
    assert (planted.promising["reruns"] >= 4).all()
    assert planted.promising["robustness"].min() > planted.table["robustness"][2:].max()


def test_the_result_is_frozen_and_its_frames_are_copies(planted: Practices) -> None:
    for frame in (planted.table, planted.values, planted.promising):
        frame.loc[:, frame.select_dtypes("number").columns] = -7.0
    assert (planted.table["p_bh"] >= 0).all()
    assert (planted.values >= 0).all(axis=None)
    with pytest.raises(FrozenInstanceError):
        planted.caveats = []  # type: ignore[misc]


def test_settings_and_finding(planted: Practices) -> None:
    assert {"family_size": 12, "draws": 2000, "seed": 0, "level": 0.10}.items() <= planted.settings.items()
    assert planted.finding.startswith("Of 12 practices tested together, 2 look promising: h0 and h1.")
    assert "cause" not in planted.finding.lower()
    assert any("timing is unknown" in caveat for caveat in planted.caveats)


def test_nothing_to_compare() -> None:
    observations = declared(panel())
    with pytest.raises(StudyError, match="The study has no practices"):
        compare_practices(observations, find_deviants(expect(observations)))


def test_a_practice_is_asked_for_by_name_or_label(planted: Practices) -> None:
    assert len(planted.estimation("h0")) == N
    with pytest.raises(KeyError, match=r"There is no practice 'h00' \(did you mean 'h0'"):
        planted.estimation("h00")


@pytest.mark.parametrize("kind", ["proportion", "rate"])
def test_contrasts_are_in_outcome_units_and_more_is_better(kind: str) -> None:
    practices = compared(habits(["good", "none", "other"]), {"good": 0.10 if kind == "proportion" else 0.4}, kind=kind)
    good = row(practices, "good")
    assert good["grade"] == "promising"
    if kind == "proportion":
        assert 0.04 < good["raw_contrast"] < 0.16
    else:
        base = practices.deviants.expected.table["observed"].mean()
        assert 0.25 * base < good["raw_contrast"] < 0.75 * base


# -- who can be tested ----------------------------------------------------------------------------------------


def not_testable() -> pd.DataFrame:
    rng = np.random.default_rng(9)
    done = habits(["fine", "other"], seed=4)
    done["everyone"] = 1.0
    done["nobody"] = 0.0
    done["silent"] = np.where(np.arange(N) < 100, np.nan, done["fine"])
    done["rare"] = (np.arange(N) < 6).astype(float)
    done["usual"] = (np.arange(N) >= 6).astype(float)
    done["twin"] = done["fine"]
    done["bonus"] = (rng.random(N) < 0.5).astype(float)
    frame = panel(N, 5, effect_sd=0.3, median_n=60)
    first = frame.groupby("unit")["x1"].first().to_numpy()
    done["settled"] = (first > 0).astype(float)
    return done


def test_reasons_why_a_practice_cannot_be_tested() -> None:
    done = not_testable()
    frame = study_frame(done)
    frame["branch"] = per_unit(frame, np.where(done["settled"] > 0, "large", "small"))
    context = [*ALL_CONTEXT, {"name": "branch", "kind": "category"}]
    codebook = pd.DataFrame(
        {"practice": done.columns, "follows_success": ["yes" if c == "bonus" else "no" for c in done]}
    )
    practices = compared(done, frame=frame, codebook=codebook, context=context)
    reasons = practices.table.set_index("practice")[["grade", "reason"]].apply(tuple, axis=1).to_dict()
    expected = {
        "everyone": ("not testable", "every unit answers the same"),
        "nobody": ("not testable", "every unit answers the same"),
        "silent": ("not testable", "50% of answers are missing"),
        "rare": ("not testable", "only 6 units do it"),
        "usual": ("not testable", "only 6 units do not"),
        "twin": ("not testable", "the same answers as fine"),
        "bonus": ("not testable", "declared to follow success"),
        "settled": ("not testable", "the context settles who does it"),
    }
    assert {name: reasons[name] for name in expected} == expected
    assert {reasons[name][0] for name in ("fine", "other")} == {"cannot tell"}
    table = practices.table.set_index("practice")
    assert list(table.index[table["note"] == "worth a visit"]) == ["rare"]
    assert table.loc[list(expected), ESTIMATES].isna().all(axis=None)
    assert any("8 declared practices could not be tested" in caveat for caveat in practices.caveats)


def test_all_missing_is_no_answer() -> None:
    practices = compared(habits(["fine"]).assign(empty=np.nan))
    assert row(practices, "empty")[["grade", "reason", "n_units"]].tolist() == ["not testable", "no answers", 0]
    assert row(practices, "fine")["grade"] == "cannot tell"


def test_nothing_testable_at_all() -> None:
    practices = compared(pd.DataFrame({"everyone": np.ones(N), "nobody": np.zeros(N)}))
    assert set(practices.table["grade"]) == {"not testable"}
    assert practices.family_size == 0
    assert practices.table[ESTIMATES].isna().all(axis=None)
    assert practices.finding.startswith("None of 0 practices")


def test_a_graded_practice_that_few_do_is_not_tested() -> None:
    done = habits(["fine"]).assign(score=np.where(np.arange(N) < 4, 5.0, 1.0))
    codebook = pd.DataFrame({"practice": ["fine", "score"], "kind": ["binary", "graded"]})
    practices = compared(done, codebook=codebook)
    assert row(practices, "score")[["grade", "reason", "note"]].tolist() == [
        "not testable", "only 4 units do it", "worth a visit",
    ]  # fmt: skip


def test_how_few_is_declared() -> None:
    done = habits(["fine"]).assign(rare=(np.arange(N) < 6).astype(float))
    practices = compared(done, practices={"may_be_few": 5})
    assert row(practices, "rare")[["grade", "note"]].tolist() == ["cannot tell", ""]


def test_the_family_is_counted_before_any_outcome_is_looked_at() -> None:
    done = not_testable()
    plain = compared(done)
    other = compared(done, {"fine": 0.6})
    assert plain.family_size == other.family_size
    assert list(plain.table.sort_values("practice")["n_users"]) == list(other.table.sort_values("practice")["n_users"])


def test_a_larger_family_asks_for_more() -> None:
    alone, crowd = habits(["h0"]), habits(["h0", *[f"n{k}" for k in range(60)]])
    crowd["h0"] = alone["h0"]
    frame = study_frame(alone, {"h0": 0.13})
    few, many = compared(alone, frame=frame), compared(crowd, frame=frame)
    assert row(few, "h0")["p_value"] == pytest.approx(row(many, "h0")["p_value"])
    assert row(few, "h0")["p_romano_wolf"] < row(many, "h0")["p_romano_wolf"]


# -- graded practices, missing answers, waves -----------------------------------------------------------------


def test_a_graded_practice_contrasts_its_upper_with_its_lower_quarter() -> None:
    rng = np.random.default_rng(2)
    done = pd.DataFrame({"visits": rng.integers(0, 9, N).astype(float), "none": rng.integers(0, 9, N).astype(float)})
    codebook = pd.DataFrame({"practice": ["visits", "none"], "kind": "graded"})
    practices = compared(done, {"visits": 0.1}, codebook=codebook)
    found = row(practices, "visits")
    low, high = done["visits"].quantile([0.25, 0.75])
    assert (found["low"], found["high"], found["grade"]) == (low, high, "promising")
    assert found["raw_contrast_lower"] < 0.1 * (high - low) < found["raw_contrast_upper"]
    assert found["n_users"] == (done["visits"] >= high).sum()


def test_the_scale_of_a_graded_practice_changes_nothing() -> None:
    done = pd.DataFrame({"visits": np.random.default_rng(2).integers(0, 9, N).astype(float)})
    codebook = pd.DataFrame({"practice": ["visits"], "kind": ["graded"]})
    frame = study_frame(done, {"visits": 0.1})
    one, other = (compared(values, frame=frame, codebook=codebook) for values in (done, 7 + 100 * done))
    assert_frame_equal(one.table[ESTIMATES], other.table[ESTIMATES], atol=1e-9)


def test_missing_answers_are_left_out_and_counted() -> None:
    done = habits(["h0", "h1"])
    done.loc[:29, "h0"] = np.nan
    practices = compared(done)
    assert row(practices, "h0")[["n_units", "missing_share"]].tolist() == pytest.approx([N - 30, 0.15])
    assert len(practices.estimation("h0")) == N - 30


def test_waves_are_averaged() -> None:
    done = habits(["h0", "h1"])
    frame = study_frame(done, {"h0": 0.4})
    units = np.sort(frame["unit"].unique())
    waves = pd.concat([done.assign(unit=units, wave=wave) for wave in ("1", "2")])
    waves.loc[(waves["unit"] == units[0]) & (waves["wave"] == "2"), "h0"] = 1 - done.loc[0, "h0"]
    observations = declared(frame, tables={"practices": waves}, practices={"wave": "wave"})
    practices = compare_practices(observations, find_deviants(expect(observations)))
    assert practices.values.loc[units[0], "h0"] == 0.5
    assert practices.values.loc[units[1], "h0"] == done.loc[1, "h0"]


# -- prevalence, claims ---------------------------------------------------------------------------------------


def test_prevalence_is_that_of_deviants_and_of_peers() -> None:
    rng = np.random.default_rng(1)
    done = habits(["h0", "h1"], share=0.3)
    frame = study_frame(done)
    best = np.argsort(-rng.standard_normal(N))[:15]
    frame["value"] += per_unit(frame, np.isin(np.arange(N), best) * 2.5)
    done.loc[best, "h0"] = 1.0
    practices = compared(done, frame=frame)
    leaders = [*practices.deviants.units("confident"), *practices.deviants.units("likely")]
    assert len(leaders) >= 10
    found = row(practices, "h0")
    assert found["prevalence_deviants"] == pytest.approx(practices.values.loc[leaders, "h0"].mean())
    assert found["prevalence_deviants"] > 0.8
    assert 0.1 < found["prevalence_peers"] < 0.5


def test_prevalence_of_nobody_is_not_a_number() -> None:
    frame = panel(N, 5, null=True)
    practices = compared(habits(["h0"]), frame=frame)
    assert practices.deviants.units("confident") + practices.deviants.units("likely") == []
    assert row(practices, "h0")[["prevalence_deviants", "prevalence_peers"]].isna().all()


def test_claimed_stands_beside_done() -> None:
    done = habits(["huddle", "other"])
    done["says_huddle"] = done["huddle"]
    done.loc[:49, "says_huddle"] = 1.0
    codebook = pd.DataFrame(
        {
            "practice": ["huddle", "other", "says_huddle"],
            "label": ["Morning huddle", "Other", "Morning huddle (said)"],
            "evidence": ["observed", "observed", "claimed"],
            "claims": ["", "", "huddle"],
        }
    )
    practices = compared(done, codebook=codebook)
    claims = practices.claims
    assert list(claims.columns) == [
        "practice",
        "label",
        "n_units",
        "claimed_share",
        "observed_share",
        "claimed_not_done",
        "says",
    ]
    shelf = int(((done["says_huddle"] == 1) & (done["huddle"] == 0)).sum())
    assert claims.to_dict("records") == [
        {
            "practice": "huddle",
            "label": "Morning huddle",
            "n_units": N,
            "claimed_share": pytest.approx(done["says_huddle"].mean()),
            "observed_share": pytest.approx(done["huddle"].mean()),
            "claimed_not_done": shelf,
            "says": f"“Morning huddle”: {share(done['says_huddle'].mean())} of units say they do it, "
            f"{share(done['huddle'].mean())} were seen to; on the bookshelf in {shelf} units.",
        }
    ]
    said = row(practices, "says_huddle")
    assert said[["grade", "reason"]].tolist() == ["not testable", "what is seen decides: Morning huddle"]
    assert practices.family_size == 2
    assert any("Claimed practices are what people say they do" in caveat for caveat in practices.caveats)


def test_no_claims_no_rows(planted: Practices) -> None:
    assert planted.claims.empty
    assert "claimed_not_done" in planted.claims


# -- noise, determinism, order --------------------------------------------------------------------------------


def test_noise_is_rarely_promising() -> None:
    found = 0
    for seed in range(10):
        frame = panel(N, 4, effect_sd=0.4, seed=100 + seed)
        found += len(compared(habits([f"h{k}" for k in range(25)], seed=seed), frame=frame, draws=500).promising)
    assert found <= 4


def test_a_practice_that_context_brings_is_not_taken_for_merit() -> None:
    rng = np.random.default_rng(5)
    frame = panel(N, 6, effect_sd=0.3, median_n=60)
    first = frame.groupby("unit")["x1"].first().to_numpy()
    done = habits(["other"]).assign(driven=(first + rng.standard_normal(N) > 0).astype(float))
    adjusted = compared(done, frame=frame)
    raw = compared(done, frame=frame, context=["x8"])
    assert row(raw, "driven")["grade"] == "promising"
    assert row(adjusted, "driven")["grade"] == "cannot tell"


def test_a_practice_of_worse_units_is_not_promising() -> None:
    practices = compared(habits(["bad", "other"]), {"bad": -0.5})
    found = row(practices, "bad")
    assert found["grade"] == "cannot tell"
    assert found["raw_contrast"] < 0
    assert found["reason"].startswith("units that do it do worse than comparable units")


def test_the_mirror_of_a_practice_has_the_opposite_contrast() -> None:
    done = habits(["h0", "h1"])
    done["mirror"] = 1 - done["h0"]
    practices = compared(done, {"h0": 0.3})
    here, there = row(practices, "h0"), row(practices, "mirror")
    assert here["raw_contrast"] == pytest.approx(-there["raw_contrast"])
    assert here["p_value"] == pytest.approx(there["p_value"])


def test_the_same_seed_gives_the_same_table() -> None:
    done = habits([f"h{k}" for k in range(6)])
    frame = study_frame(done, {"h0": 0.15})
    one, again, other = (compared(done, frame=frame, seed=seed, draws=300) for seed in (1, 1, 2))
    assert_frame_equal(one.table, again.table)
    assert (one.table["p_romano_wolf"] != other.table["p_romano_wolf"]).any()
    assert one.settings == again.settings


def test_the_order_of_rows_and_of_practices_changes_nothing() -> None:
    done = habits([f"h{k}" for k in range(6)])
    frame = study_frame(done, {"h0": 0.3})
    plain = compared(done, frame=frame)
    shuffled = compared(done[done.columns[::-1]], frame=frame.sample(frac=1, random_state=4))
    wanted = [name for name in COLUMNS if name != "p_romano_wolf"]
    assert_frame_equal(plain.table[wanted], shuffled.table[wanted], atol=1e-9)
    np.testing.assert_allclose(plain.table["p_romano_wolf"], shuffled.table["p_romano_wolf"], atol=1e-9)


@pytest.mark.parametrize("n_units", [20, 31, 45])
def test_few_units(n_units: int) -> None:
    frame = panel(n_units, 5)
    rng = np.random.default_rng(1)
    done = pd.DataFrame({f"h{k}": (rng.random(n_units) < 0.5).astype(float) for k in range(4)})
    practices = compared(done, frame=frame)
    tested = practices.table[practices.table["grade"] != "not testable"]
    assert np.isfinite(tested[ESTIMATES].to_numpy(dtype=float)).all()


def test_units_that_are_not_rated_do_not_count() -> None:
    frame = panel(N, 5)
    first = frame["unit"].iloc[0]
    frame["lone"] = (frame["unit"] == first).astype(float)
    practices = compared(habits(["h0", "h1"]), frame=frame, context=["x1", "lone"])
    assert practices.deviants.units("not rated") == [first]
    assert np.isfinite(practices.table[ESTIMATES].to_numpy(dtype=float)).all()


def test_a_contrast_too_small_to_matter_is_told_apart() -> None:
    done = habits(["h0", "h1"], seed=8)
    outcome = {"name": "outcome", "kind": "mean", "value": "value", "n": "n", "sd": "sd", "smallest_contrast": 5.0}
    practices = compared(done, outcome=outcome)
    assert set(practices.table["reason"]) == {"if it helps, then by less than is worth having"}
    assert set(practices.table["grade"]) == {"cannot tell"}
    assert set(practices.table["note"]) == {"too small to matter"}
