"""What units should reach: the table, the verdict, contributions, and panels as rough as real ones."""

from dataclasses import FrozenInstanceError
from typing import Any

import numpy as np
import pandas as pd
import pytest

import pdlib
from pdlib.errors import StudyError, TooFewUnitsError
from pdlib.expected import Expected, expect
from pdlib.stats import blocks
from tests.panels import ALL_CONTEXT, declared, outcome, panel, per_unit

COLUMNS = [
    "unit", "label", "n_periods", "n_hidden", "exposure", "observed", "expected", "excess", "excess_lower",
    "excess_upper", "leverage", "supported",
]  # fmt: skip
NUMBERS = COLUMNS[2:-1]
KINDS = ["mean", "proportion", "rate"]


def hold(expected: Expected, n_units: int) -> None:
    """Hold a result to what every result owes its reader."""
    table = expected.table
    assert list(table.columns) == COLUMNS
    assert len(table) == n_units
    assert table["unit"].is_unique
    assert np.isfinite(table[NUMBERS].to_numpy(dtype=float)).all()
    assert (table["excess_lower"] <= table["excess"]).all()
    assert (table["excess_upper"] >= table["excess"]).all()
    assert table["leverage"].between(0, 1 + 1e-9).all()
    assert table["supported"].dtype == bool
    assert 0 <= expected.explained_share <= 1
    assert 0 <= expected.reliability <= 1
    assert expected.fit_verdict.level in {"go", "caution", "stop"}
    if expected.outcome.kind == "proportion":
        assert table["expected"].between(0, 1).all()
    if expected.outcome.kind == "rate":
        assert (table["expected"] > 0).all()


# -- the table ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", KINDS)
def test_the_table(kind: str) -> None:
    frame = panel(kind=kind)
    expected = expect(declared(frame, kind))
    hold(expected, 60)
    assert (expected.table["n_periods"] == 4).all()


@pytest.mark.parametrize(("kind", "amount", "size"), [("proportion", "successes", "n"), ("rate", "events", "exposure")])
def test_observed_is_the_sum_of_cases_over_the_sum_of_exposure(kind: str, amount: str, size: str) -> None:
    frame = panel(kind=kind)
    sums = frame.groupby("unit")[[amount, size]].sum()
    table = expect(declared(frame, kind)).table.set_index("unit")
    np.testing.assert_allclose(table["observed"], sums[amount] / sums[size])
    np.testing.assert_allclose(table["exposure"], sums[size])


def test_observed_mean_is_weighted_by_answers() -> None:
    frame = panel()
    weighted = frame.assign(total=frame["value"] * frame["n"]).groupby("unit")[["total", "n"]].sum()
    table = expect(declared(frame)).table.set_index("unit")
    np.testing.assert_allclose(table["observed"], weighted["total"] / weighted["n"])


@pytest.mark.parametrize("kind", KINDS)
def test_excess_is_the_difference_signed_so_that_more_is_better(kind: str) -> None:
    expected = expect(declared(panel(kind=kind), kind))
    table = expected.table
    np.testing.assert_allclose(table["excess"], expected.outcome.sign * (table["observed"] - table["expected"]))


def test_settings_hold_every_resolved_argument() -> None:
    expected = expect(declared(panel(), persistence=0.4, top=0.2), form="linear")
    wanted = {"outcome": "outcome", "form": "linear", "top": 0.2, "persistence": 0.4, "pdlib": pdlib.__version__}
    assert wanted.items() <= expected.settings.items()
    assert {"data_hash", "rows_used", "rows_set_aside", "seed"} <= set(expected.settings)


def test_the_result_is_frozen_and_its_table_a_copy() -> None:
    expected = expect(declared(panel()))
    taken = expected.table
    taken["expected"] = 0.0
    assert (expected.table["expected"] != 0).any()
    with pytest.raises(FrozenInstanceError):
        expected.caveats = []  # type: ignore[misc]


def test_labels_come_from_the_units_table() -> None:
    frame = panel()
    names = frame["unit"].unique()
    units = pd.DataFrame({"unit": names, "title": [f"Shop {name}" for name in names]})
    expected = expect(declared(frame, unit={"column": "unit", "label": "title"}, tables={"units": units}))
    assert (expected.table["label"] == "Shop " + expected.table["unit"]).all()


def test_another_outcome_on_request() -> None:
    other = {"name": "answers", "role": "other", "kind": "rate", "events": "n", "exposure": "base", "better": "higher"}
    observations = declared(panel().assign(base=1000), outcome=[outcome(), other])
    expected = expect(observations, outcome="answers")
    hold(expected, 60)
    assert (expected.outcome.kind, expected.settings["outcome"]) == ("rate", "answers")
    with pytest.raises(StudyError, match="There is no outcome 'answer'"):
        expect(observations, outcome="answer")


def test_an_outcome_that_only_two_units_have() -> None:
    frame = panel().assign(base=1000)
    frame["spare"] = frame["n"].where(frame["unit"].isin(frame["unit"].unique()[:2]))
    other = {
        "name": "spare",
        "role": "other",
        "kind": "rate",
        "events": "spare",
        "exposure": "base",
        "better": "higher",
    }
    with pytest.raises(TooFewUnitsError, match="2 units have data on spare; at least 3 are needed"):
        expect(declared(frame, outcome=[outcome(), other]), outcome="spare")


# -- a unit never predicts itself -----------------------------------------------------------------------------


def test_a_unit_does_not_predict_itself() -> None:
    frame = panel(40)
    raised = frame.assign(value=frame["value"] + np.where(frame["unit"] == frame["unit"].iloc[0], 0.5, 0.0))
    before, after = (expect(declared(each), form="linear") for each in (frame, raised))
    moved = after.table["expected"] - before.table["expected"]
    assert abs(moved[0]) < 0.02
    assert after.table["excess"][0] - before.table["excess"][0] == pytest.approx(0.5, abs=0.02)


def test_straight_context_is_recovered() -> None:
    rng = np.random.default_rng(4)
    frame = panel(400, 6, context="linear", effect_sd=0.1, shock_sd=0.1, item_sd=0.3)
    expected = expect(declared(frame, context=ALL_CONTEXT))
    assert expected.explained_share > 0.9
    assert np.corrcoef(expected.table["observed"], expected.table["expected"])[0, 1] > 0.95
    noise = frame.assign(**{name: per_unit(frame, rng.standard_normal(400)) for name in ALL_CONTEXT})
    assert expect(declared(noise, context=ALL_CONTEXT)).explained_share < 0.15


@pytest.mark.parametrize("kind", KINDS)
def test_in_which_blocks_units_are_gathered_changes_nothing(kind: str, monkeypatch: pytest.MonkeyPatch) -> None:
    frame = panel(kind=kind)
    whole = expect(declared(frame, kind)).table
    monkeypatch.setattr(blocks, "BLOCK", 7)
    in_blocks = expect(declared(frame, kind)).table
    pd.testing.assert_frame_equal(in_blocks, whole, rtol=1e-6, atol=1e-7)


# -- few units, few periods -----------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("n_units", [3, 8, 13, 14, 20, 29, 30, 31])
def test_few_units(n_units: int, kind: str) -> None:
    expected = expect(declared(panel(n_units, kind=kind), kind))
    hold(expected, n_units)
    form = "none" if n_units < 14 else "linear" if n_units < 30 else "smooth"
    assert expected.settings["form"] == form
    assert expected.fit_verdict.level == "stop" or n_units >= 10
    assert expected.fit_verdict.level != "go" or n_units >= 30


@pytest.mark.parametrize("kind", KINDS)
def test_one_period_holds_for_this_period_only(kind: str) -> None:
    expected = expect(declared(panel(n_periods=1, kind=kind), kind))
    hold(expected, 60)
    assert any("this period only" in caveat for caveat in expected.caveats)
    assert expected.fit_verdict.level != "go"


def test_persistence_says_how_much_of_one_period_lasts() -> None:
    frame = panel(200, 1)
    free, told = (expect(declared(frame, persistence=share)) for share in (None, 0.3))
    assert not any("this period only" in caveat for caveat in told.caveats)
    assert told.fit.persistent_variance == pytest.approx(0.3 * told.fit.reml.tau2)
    assert told.reliability < free.reliability


def test_no_period_at_all() -> None:
    expected = expect(declared(panel(n_periods=1).drop(columns="period"), period=None))
    hold(expected, 60)


@pytest.mark.parametrize("kind", KINDS)
def test_units_that_come_and_go(kind: str) -> None:
    frame = panel(60, 6, kind=kind)
    rank = frame.groupby("unit").cumcount()
    number = pd.factorize(frame["unit"])[0]
    stays = (number % 3 != 0) | (rank < 1 + number % 5)
    joins = (number % 4 != 1) | (rank >= 2)
    kept = frame[stays & joins]
    expected = expect(declared(kept, kind))
    hold(expected, kept["unit"].nunique())
    assert expected.table["n_periods"].min() == 1
    assert expected.table["n_periods"].max() == 6


def test_two_groups_of_units_that_never_meet() -> None:
    frame = panel(60, 6)
    late = frame["unit"].isin(frame["unit"].unique()[30:])
    expected = expect(declared(frame[(frame["period"] >= "P04") == late]))
    hold(expected, 60)


# -- rough context --------------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", KINDS)
def test_context_that_changes(kind: str) -> None:
    frame = panel(kind=kind)
    frame["x1"] += np.random.default_rng(2).normal(0, 0.3, len(frame))
    hold(expect(declared(frame, kind)), 60)


def test_context_that_is_missing_here_and_there() -> None:
    frame = panel()
    frame.loc[frame["unit"].isin(frame["unit"].unique()[:5]), "x1"] = np.nan
    frame.loc[3::7, "x2"] = np.nan
    expected = expect(declared(frame))
    hold(expected, 60)
    assert any(
        caveat.startswith("x1 is missing for 5 of 60 units: the median stands in") for caveat in expected.caveats
    )


def test_rare_levels_are_pooled_and_changing_ones_are_said() -> None:
    frame = panel()
    number = pd.factorize(frame["unit"])[0]
    frame["site"] = np.select([number < 30, number < 56, number < 58], ["street", "mall", "pier"], default="ship")
    frame.loc[0, "site"] = "mall"
    expected = expect(declared(frame, context=["x1", {"name": "site", "kind": "category"}]))
    hold(expected, 60)
    assert "site: 2 levels with fewer than 5 units are pooled." in expected.caveats
    assert "site changes within some units: each period counts with its own level." in expected.caveats
    assert expected.grid.categories.shape == (60, len(expected.grid.periods), 1)
    assert expected.grid.usual_levels[[0, 29, 30, 59], 0].tolist() == [2, 2, 0, 1]  # mall, other, street
    moved = expected.grid.level_shares[0][0]
    assert moved == pytest.approx([1 / len(expected.grid.periods), 0, 1 - 1 / len(expected.grid.periods)])


@pytest.mark.parametrize("what", ["month", "season"])
def test_what_is_the_same_for_all_in_each_period_is_left_to_the_periods(what: str) -> None:
    frame = panel(60, missing_share=0.2)
    month = pd.factorize(frame["period"], sort=True)[0]
    frame["month"] = month + 1.0
    frame["season"] = np.where(month < 2, "winter", "summer")
    kind = "category" if what == "season" else "numeric"
    plain = expect(declared(frame, context=["x1", "x2"]))
    expected = expect(declared(frame, context=["x1", "x2", {"name": what, "kind": kind}]))
    assert any(note.startswith(f"{what} is the same for all units in each period") for note in expected.caveats)
    np.testing.assert_allclose(expected.table["excess"], plain.table["excess"], atol=1e-6)
    parts = expected.contributions(frame["unit"].iloc[0]).set_index("condition")["contribution"]
    assert parts[what] == pytest.approx(0.0, abs=1e-9)


def test_what_is_the_same_throughout_is_said_to_add_nothing() -> None:
    expected = expect(
        declared(panel().assign(flat=7.0, same="all"), context=["x1", "flat", {"name": "same", "kind": "category"}])
    )
    assert "flat is the same throughout: it adds nothing." in expected.caveats
    assert "same is the same throughout: it adds nothing." in expected.caveats


def test_a_category_that_is_missing_becomes_a_level_of_its_own() -> None:
    frame = panel()
    frame["site"] = per_unit(frame, [None] * 10 + ["street"] * 25 + ["mall"] * 25)
    hold(expect(declared(frame, context=["x1", {"name": "site", "kind": "category"}])), 60)


def test_a_category_with_many_levels() -> None:
    frame = panel(120)
    frame["town"] = per_unit(frame, [f"T{number % 12:02d}" for number in range(120)])
    hold(expect(declared(frame, context=["x1", {"name": "town", "kind": "category"}])), 120)


@pytest.mark.parametrize("context", [[], ["flat"], ["flat", "x1"], [{"name": "same", "kind": "category"}, "x1"]])
def test_constant_or_no_context(context: list[Any]) -> None:
    hold(expect(declared(panel().assign(flat=7.0, same="all"), context=context)), 60)


def test_no_context_compares_with_the_average() -> None:
    expected = expect(declared(panel(), context=[]))
    assert expected.settings["form"] == "none"
    assert expected.caveats[0] == "No context is declared: units are compared as if all had the same means."
    assert expected.explained_share == 0.0
    assert expected.table["expected"].std() < 0.1 * expected.table["observed"].std()


SPANNED = {
    "a duplicate": lambda frame: frame["x1"],
    "another scale": lambda frame: 32 + 1.8 * frame["x1"],
    "a sum of others": lambda frame: frame["x1"] - 3 * frame["x2"],
}


@pytest.mark.parametrize("name", SPANNED)
@pytest.mark.parametrize("form", ["smooth", "linear"])
def test_a_condition_that_others_span_changes_nothing_much(name: str, form: Any) -> None:
    frame = panel(150, effect_sd=0.5)
    spanned = frame.assign(again=SPANNED[name](frame))
    plain = expect(declared(frame), form=form)
    doubled = expect(declared(spanned, context=["x1", "x2", "again"]), form=form)
    hold(doubled, 150)
    assert doubled.fit.reml.tau2 == pytest.approx(plain.fit.reml.tau2, rel=0.1)
    assert np.corrcoef(doubled.table["excess"], plain.table["excess"])[0, 1] > 0.98


def test_a_category_that_repeats_another() -> None:
    frame = panel(90)
    frame["site"] = per_unit(frame, ["street", "mall", "station"] * 30)
    frame["colour"] = frame["site"].map({"street": "red", "mall": "blue", "station": "green"})
    categories = [{"name": name, "kind": "category"} for name in ("site", "colour")]
    once, twice = (expect(declared(frame, context=["x1", *these])) for these in (categories[:1], categories))
    hold(twice, 90)
    assert twice.fit.reml.tau2 == pytest.approx(once.fit.reml.tau2, rel=0.1)


def test_a_dummy_of_one_unit_leaves_it_unrated() -> None:
    frame = panel()
    first = frame["unit"].iloc[0]
    frame["lone"] = (frame["unit"] == first).astype(float)
    expected = expect(declared(frame, context=["x1", "lone"]))
    table = expected.table.set_index("unit")
    assert not table.loc[first, "supported"]
    assert not expected.fit.rated[0]
    assert expected.fit.rated[1:].all()
    assert any(caveat == "1 unit not rated: nobody else shares their context." for caveat in expected.caveats)


def test_more_conditions_than_few_units_can_bear() -> None:
    rng = np.random.default_rng(3)
    frame = panel(32)
    names = [f"c{k}" for k in range(10)]
    frame = frame.assign(**{name: per_unit(frame, rng.standard_normal(32)) for name in names})
    hold(expect(declared(frame, context=names)), 32)


@pytest.mark.parametrize("scale", ["log", "sqrt"])
def test_a_declared_scale(scale: str) -> None:
    frame = panel()
    transform = {"log": np.exp, "sqrt": np.square}[scale]
    frame["size"] = transform(frame["x1"] - frame["x1"].min() + 0.1)
    declared_on_scale = declared(frame, context=[{"name": "size", "scale": scale}])
    plain = declared(frame.assign(size=frame["x1"]), context=["size"])
    left, right = (expect(each, form="linear").table["expected"] for each in (declared_on_scale, plain))
    np.testing.assert_allclose(left, right, rtol=1e-6)


# -- rough outcomes -------------------------------------------------------------------------------------------


@pytest.mark.parametrize("level", [0, 1])
def test_units_at_nothing_or_everything(level: int) -> None:
    frame = panel(kind="proportion")
    extreme = frame["unit"].isin(frame["unit"].unique()[:6])
    frame.loc[extreme, "successes"] = level * frame.loc[extreme, "n"]
    hold(expect(declared(frame, "proportion")), 60)


def test_almost_every_unit_at_everything() -> None:
    frame = panel(kind="proportion")
    frame["successes"] = frame["n"]
    frame.loc[[0, 40], "successes"] -= 1
    hold(expect(declared(frame, "proportion")), 60)


def test_rates_with_no_events() -> None:
    frame = panel(kind="rate")
    frame.loc[frame["unit"].isin(frame["unit"].unique()[:6]), "events"] = 0
    hold(expect(declared(frame, "rate")), 60)
    frame["events"] = 0
    frame.loc[[0, 90], "events"] = 1
    hold(expect(declared(frame, "rate")), 60)


@pytest.mark.parametrize("kind", ["proportion", "mean"])
def test_a_single_answer_each(kind: str) -> None:
    rng = np.random.default_rng(8)
    frame = panel(kind=kind).assign(n=1)
    if kind == "proportion":
        frame["successes"] = rng.integers(0, 2, len(frame))
    hold(expect(declared(frame, kind)), 60)


@pytest.mark.parametrize("columns", [{}, {"n": "n"}, {"n": "n", "sd": "sd"}, {"n": "n", "se": "se"}])
def test_a_mean_with_and_without_its_spread(columns: dict[str, str]) -> None:
    frame = panel().assign(se=lambda f: f["sd"] / np.sqrt(f["n"]))
    expected = expect(declared(frame, outcome={"name": "score", "kind": "mean", "value": "value", **columns}))
    hold(expected, 60)


def test_sd_and_se_say_the_same() -> None:
    frame = panel().assign(se=lambda f: f["sd"] / np.sqrt(f["n"]))
    by_sd, by_se = (
        expect(declared(frame, outcome={"name": "score", "kind": "mean", "value": "value", "n": "n", key: key})).table
        for key in ("sd", "se")
    )
    pd.testing.assert_frame_equal(by_sd, by_se)


def test_a_spread_of_zero() -> None:
    hold(expect(declared(panel().assign(sd=0.0))), 60)


def test_better_lower_is_the_mirror_of_better_higher() -> None:
    frame = panel()
    higher = expect(declared(frame))
    lower = expect(declared(frame.assign(value=-frame["value"]), outcome=outcome(better="lower")))
    np.testing.assert_allclose(lower.table["excess"], higher.table["excess"], atol=1e-8)
    np.testing.assert_allclose(lower.table["expected"], -higher.table["expected"], atol=1e-8)


# -- verdict --------------------------------------------------------------------------------------------------


def test_go_where_the_problem_suits_the_method() -> None:
    expected = expect(declared(panel(300, 8, effect_sd=0.6), context=ALL_CONTEXT))
    assert expected.fit_verdict.level == "go"
    assert str(expected.fit_verdict).startswith("go: Of the leading 10% about ")


def test_no_go_without_lasting_differences() -> None:
    expected = expect(declared(panel(300, 8, null=True), context=ALL_CONTEXT))
    assert expected.fit_verdict.level in {"caution", "stop"}
    assert expected.reliability < 0.5


def test_stop_for_a_handful_of_units() -> None:
    verdict = expect(declared(panel(8))).fit_verdict
    assert verdict.level == "stop"
    assert verdict.reasons[0] == "8 units are too few to tell any of them apart."


# -- contributions --------------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", KINDS)
def test_contributions_add_up_from_the_average_to_the_expected(kind: str) -> None:
    expected = expect(declared(panel(kind=kind), kind, context=["x1", "x2", "x3"]))
    fit = expected.fit
    unit = expected.table["unit"][7]
    parts = expected.contributions(unit)
    assert list(parts.columns) == ["condition", "value", "contribution"]
    assert list(parts["condition"]) == ["x1", "x2", "x3"]
    own = fit.reml.beta - fit.reml.inverse @ fit.features[7] * fit.reml.residual[7] / (
        fit.reml.total[7] * (1 - fit.reml.leverage[7])
    )
    average = np.full(60, own @ fit.features.mean(axis=0))
    start = fit.on_outcome_scale(average, expected.grid.n)[7]
    assert parts["contribution"].sum() == pytest.approx(expected.table["expected"][7] - start, abs=1e-9)


def test_contributions_follow_the_context() -> None:
    rng = np.random.default_rng(6)
    frame = panel(200, 6, null=True)
    truth = per_unit(frame, np.linspace(-1, 1, 200))
    frame = frame.assign(helps=truth, nothing=per_unit(frame, rng.standard_normal(200)))
    frame["value"] = 5 + 2 * frame["helps"] + rng.normal(0, 0.1, len(frame))
    expected = expect(declared(frame, context=["helps", "nothing"]), form="linear")
    first, last = (expected.contributions(unit)["contribution"] for unit in expected.table["unit"].iloc[[0, -1]])
    np.testing.assert_allclose([first[0], last[0]], [-2, 2], atol=0.1)
    assert max(abs(first[1]), abs(last[1])) < 0.1


def test_contributions_show_the_value_of_each_condition() -> None:
    frame = panel()
    frame["site"] = per_unit(frame, ["street", "mall"] * 30)
    expected = expect(declared(frame, context=["x1", {"name": "site", "kind": "category", "label": "Site type"}]))
    parts = expected.contributions(frame["unit"].iloc[0]).set_index("condition")["value"]
    assert parts["Site type"] == "street"
    assert parts["x1"] == pytest.approx(frame["x1"].iloc[0])


def test_no_context_contributes_nothing() -> None:
    expected = expect(declared(panel(), context=[]))
    assert expected.contributions(expected.table["unit"][0]).empty


def test_a_unit_is_found_by_id_or_label_and_else_the_nearest_is_named() -> None:
    frame = panel()
    names = frame["unit"].unique()
    units = pd.DataFrame({"unit": names, "title": [f"Shop {name}" for name in names]})
    expected = expect(
        declared(frame, unit={"column": "unit", "label": "title", "singular": "shop"}, tables={"units": units})
    )
    assert expected.position(names[3]) == expected.position(f"Shop {names[3]}") == 3
    with pytest.raises(KeyError, match=f"There is no shop 'Shp {names[3]}' .did you mean 'Shop {names[3]}'"):
        expected.position(f"Shp {names[3]}")
