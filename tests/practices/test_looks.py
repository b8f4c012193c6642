"""Further looks at the same family: bundles, criteria, segments, programmes, hypotheses."""

import numpy as np
import pandas as pd
import pytest

from pdlib.errors import DataError, StudyError
from pdlib.insight import tell
from pdlib.show.wording import causal_words
from tests.practices import world

# -- bundles --------------------------------------------------------------------------------------------------


def test_a_proposed_bundle_is_found_and_another_is_not() -> None:
    bundles = world.practices().bundles
    table = bundles.table.set_index("bundle")
    assert table["grade"].to_dict() == {"hello + complaint": "strong", "plant + score": "cannot tell"}
    found = table.loc["hello + complaint"]
    assert found["gain_lower"] < world.TOGETHER < found["gain_upper"]
    assert found["source"] == "Ben"
    assert "Hello and complaint" in bundles.finding
    assert causal_words(bundles.finding) == []


def test_a_half_alone_is_just_a_tool() -> None:
    cells = world.practices().bundles.cells("Hello and complaint").set_index("label")
    both, halves = cells.loc["Both"], cells.drop(["Both", "None of it"])
    assert both["contrast_lower"] > 0.6
    assert (halves["contrast_lower"] < 0).all()
    assert (halves["contrast_upper"] < both["contrast"]).all()
    assert cells["n_units"].sum() == world.N
    with pytest.raises(KeyError, match="There is no bundle 'nope'; there are 'hello"):
        world.practices().bundles.cells("nope")


def test_few_units_are_not_searched_for_pairs() -> None:
    bundles = world.practices().bundles
    assert bundles.searched == 0
    assert bundles.caveats == ["300 shops are not enough to look for combinations that nobody proposed."]


def test_a_pair_that_nobody_proposed_is_found_among_enough_units() -> None:
    practices = world.compared(world.observed(n_units=520))
    bundles = practices.bundles
    assert bundles.searched >= 20
    assert bundles.found["bundle"].tolist() == ["hello + complaint"]
    assert bundles.found["grade"].tolist() == ["promising"]


def test_a_bundle_of_unknown_parts_is_a_problem() -> None:
    with pytest.raises(DataError, match=r"'b' holds 'helo', which is no practice \(did you mean 'hello'\?\)"):
        world.observed({"bundle": [{"name": "b", "practices": ["helo", "complaint"]}]})
    with pytest.raises(StudyError, match="at least one is needed"):
        world.study(bundle=[{"name": "b", "practices": ["hello"]}])


def test_a_bundle_that_hardly_anybody_does_is_not_testable() -> None:
    practices = world.compared(world.observed({"bundle": [{"name": "b", "practices": ["sam", "hello"]}]}))
    (row,) = practices.bundles.table.to_dict("records")
    assert row["grade"] == "not testable"
    assert row["reason"].startswith("some combination of its parts is done by fewer than 10")


# -- criteria -------------------------------------------------------------------------------------------------


def test_criteria_tell_pass_fail_and_unknown_with_the_number() -> None:
    practices = world.practices()
    table = practices.criteria.table
    assert len(table) == 5 * practices.family_size
    assert set(table["verdict"]) == {"pass", "fail", "unknown"}
    verdict = table.set_index(["practice", "criterion"])["verdict"]
    assert (
        verdict["wall", "accessible"] == "pass"
        or "AUC" in table.set_index(["practice", "criterion"]).loc[("wall", "accessible"), "says"]
    )
    assert verdict["huddle", "sustained"] == verdict["huddle", "same direction"] == "pass"
    assert verdict["huddle", "dose-response"] == "unknown"
    assert verdict["hours", "dose-response"] == "pass"
    assert verdict["academy", "accessible"] == "fail"  # it costs more than most
    known = table[table["verdict"] != "unknown"]
    assert known["value"].notna().all()
    assert list(practices.criteria.wide().columns) == [
        "uncommon",
        "accessible",
        "sustained",
        "dose-response",
        "same direction",
    ]


def test_a_practice_that_is_given_up_is_not_sustained() -> None:
    audit = world.tables()["practices"]
    early = audit["wave"].isin(["P1", "P3"])
    audit["plant"] = (early & (audit["unit"].str[1:].astype(int) % 2 == 0)).astype(float)
    criteria = world.compared(world.observed(extra={"practices": audit})).criteria
    row = criteria.of("plant").set_index("criterion").loc["sustained"]
    assert row["verdict"] == "fail"
    assert row["value"] == 0.0


def test_a_practice_that_the_means_settle_is_not_accessible() -> None:
    tables = world.tables()
    x1 = tables["units"].set_index("unit")["x1"].reindex(tables["practices"]["unit"]).to_numpy()
    audit = tables["practices"].assign(plant=(x1 + 0.3 * np.sin(np.arange(len(x1)) // 4) > 0.8).astype(float))
    row = world.compared(world.observed(extra={"practices": audit})).criteria.of("plant").set_index("criterion")
    assert row.loc["accessible", "verdict"] == "fail"
    assert "the means tell who does it (AUC 0.9" in row.loc["accessible", "says"]


def test_no_deviants_no_infinite_ratio() -> None:
    tables = world.tables(effects=0.0)
    flat = tables["observations"].assign(
        value=6 + 1e-3 * np.random.default_rng(1).standard_normal(world.N * world.PERIODS)
    )
    practices = world.compared(world.observed(extra={"observations": flat, "practices": tables["practices"]}))
    uncommon = practices.criteria.table.query("criterion == 'uncommon'")
    assert set(uncommon["verdict"]) == {"unknown"}
    assert uncommon["value"].isna().all()


# -- segments -------------------------------------------------------------------------------------------------


def test_a_contrast_that_holds_everywhere_holds_in_each_segment() -> None:
    rows = world.practices().segments.of("Hours with customers")
    assert list(rows["by"].unique()) == ["region", "site", "means"]
    assert set(rows["verdict"]) == {"holds"}
    assert rows["n_units"].groupby(rows["by"]).sum().eq(world.N).all()
    assert (rows["pooled_lower"] >= rows["contrast_lower"] - 0.05).all()


def test_a_contrast_of_one_region_only_is_noticed() -> None:
    tables = world.tables(effects=0.0)
    first = tables["practices"].drop_duplicates("unit").set_index("unit")["plant"]
    north = tables["units"].set_index("unit")["region"].eq("north")
    gain = tables["observations"]["unit"].map(2.0 * first * north)
    panel = tables["observations"].assign(value=tables["observations"]["value"] + gain.to_numpy())
    segments = world.compared(world.observed(extra={**tables, "observations": panel})).segments
    rows = segments.of("plant").query("by == 'region'").set_index("segment")
    assert rows["p_differ"].iloc[0] < 0.01
    assert rows.loc["north", "verdict"] == "holds"
    assert set(rows.drop("north")["verdict"]) <= {"holds less", "too little to tell"}
    assert "holds less" in set(rows["verdict"])


def test_too_few_users_in_a_segment_have_no_say() -> None:
    tables = world.tables()
    audit = tables["practices"].copy()
    audit.loc[audit["unit"].str[1:].astype(int) % 3 == 1, "plant"] = 0.0  # nobody in the south
    rows = world.compared(world.observed(extra={"practices": audit})).segments.of("plant").set_index("segment")
    assert np.isnan(rows.loc["south", "contrast"])
    assert rows.loc["south", "verdict"] == "too little to tell"
    assert rows.loc["south", "n_users"] == 0


# -- programmes -----------------------------------------------------------------------------------------------


def test_programmes_without_visible_gain_are_listed_with_what_is_still_possible() -> None:
    practices = world.practices()
    table = practices.programmes.table.set_index("practice")
    assert list(table.index) == ["academy", "score"]
    assert set(table["verdict"]) == {"no visible gain"}
    row = practices.row("academy")
    assert table.loc["academy", "contrast_upper"] == row["raw_contrast_upper"]
    show = practices.deviants.expected.outcome.format
    assert (
        f"lies between {show.excess(row['raw_contrast_lower'])} and {show.excess(row['raw_contrast_upper'])}"
        in table.loc["academy", "says"]
    )
    assert (
        practices.programmes.finding
        == "Of 2 practices with a price, 2 show no visible gain: Smile Academy and Score screen."
    )


# -- hypotheses -----------------------------------------------------------------------------------------------


def test_each_hypothesis_is_answered() -> None:
    table = world.practices().hypotheses.table
    assert dict(zip(table["label"], table["answer"], strict=True)) == {
        "Morning huddle": "supported",
        "Hello and complaint": "supported",
        "Smile Academy": "too little to tell",
        "Award wall": "follows success",
        "Hours with customers": "the opposite",
        "Tea at the huddle": "travels with another",
        "Kiosk with Sam": "not testable",
    }
    assert (table["p_holm"].dropna() >= table["p_value"].dropna()).all()
    assert causal_words(" ".join(table["says"])) == []


def test_no_log_is_no_error() -> None:
    practices = world.compared(world.observed())
    assert practices.hypotheses.table.empty
    assert practices.hypotheses.finding == "Nobody has logged a hypothesis."


def test_a_log_with_mistakes_is_read_out_at_once() -> None:
    log = pd.DataFrame(
        {"who": "A", "when": "2025", "practice": ["hudle", "hello + tea"], "direction": ["up", "better"]}
    )
    with pytest.raises(DataError) as caught:
        world.observed(extra={"hypotheses": log})
    text = str(caught.value)
    assert "no practice on the list in 2 rows ('hudle', 'hello + tea'): row 2, 3." in text
    assert "several joined by + (did you mean 'huddle'?)" in text
    assert "neither better nor worse in 1 row ('up'): row 2." in text
    with pytest.raises(DataError, match="there is no such column"):
        world.observed(extra={"hypotheses": log.drop(columns="practice")})


@pytest.mark.parametrize("name", ["bundles", "criteria", "segments", "programmes", "hypotheses"])
def test_every_look_is_a_result(name: str) -> None:
    look = getattr(world.practices(), name)
    frame = look.table
    frame.loc[:, frame.columns[0]] = "overwritten"
    assert not look.table.iloc[:, 0].eq("overwritten").any()
    assert look.finding.endswith(".")
    assert look.settings["family_size"] == 9
    assert look.finding in look._repr_html_().replace("&#39;", "'")
    if name != "criteria":
        assert look.plot().get_title() or look.plot().figure.texts


# -- who does not answer --------------------------------------------------------------------------------------


def test_where_the_good_answer_more_it_is_said() -> None:
    tables = world.tables()
    audit = tables["practices"]
    mean = tables["observations"].groupby("unit")["value"].mean()
    weak = audit["unit"].isin(mean.nsmallest(90).index) & audit["unit"].str[-1].isin(list("0123"))
    names = [name for name in world.CODEBOOK["practice"] if name != "sam"]
    quiet = audit.assign(**{name: audit[name].mask(weak) for name in names})
    practices = world.compared(world.observed(extra={"practices": quiet}))
    whole, each = practices.unanswered.iloc[0], practices.unanswered.iloc[1:]
    assert whole["contrast_lower"] > 0
    assert set(each["practice"]) >= {"huddle", "hello", "plant"}
    assert (each["contrast_lower"] > 0).all()
    assert any("what is found speaks of shops that answer" in note for note in practices.caveats)


def test_where_answers_are_missing_at_random_nothing_is_said() -> None:
    audit = world.tables()["practices"]
    lost = np.random.default_rng(8).random(world.N) < 0.12
    plant = audit["plant"].mask(audit["unit"].isin(audit["unit"].unique()[lost]))
    practices = world.compared(world.observed(extra={"practices": audit.assign(plant=plant)}))
    row = practices.unanswered.set_index("practice").loc["plant"]
    assert row["missing_share"] == pytest.approx(lost.mean())
    assert row["contrast_lower"] < 0 < row["contrast_upper"]
    assert not any("speaks of shops that answer" in note for note in practices.caveats)


def test_where_all_answer_there_is_nothing_to_compare() -> None:
    assert world.practices().unanswered.empty


def test_where_it_holds_is_said_in_a_sentence() -> None:
    segments = world.practices().segments
    said = segments.sentence("Hours with customers")
    assert said == "It holds by region in 3 of 3 parts, by site in 3 of 3 parts and by means in 3 of 3 parts."
    unclear = segments.sentence("plant")
    assert unclear.endswith("the others have too little to tell.")


def test_leaders_read_where_it_holds_and_what_was_asked_and_paid_for() -> None:
    practices = world.practices()
    page = str(tell(practices.observations, practices.deviants, practices).what_they_do)
    assert "Does it hold here? Wherever there are shops enough to tell, each of these holds." in page
    assert "Better together. Hello and complaint: Shops that do both show" in page
    assert "You asked. " in page
    assert "Paid for, no gain in sight. Smile Academy: " in page
