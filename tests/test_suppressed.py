"""Small counts that were hidden: used between their bounds from the panel to the page, and never shown as a number."""

import re
from functools import cache

import numpy as np
import pandas as pd
import pytest

import pdlib
from pdlib.deviants import Deviants
from pdlib.deviants.guards.guard import Ground
from pdlib.expected import expect
from pdlib.observations import Observations
from pdlib.simulate.draws import unit_names
from tests.validation.suppressed import BETWEEN, KNOWN, LEFT_OUT, VARIANTS, simulate_wards

SEED = 3


@cache
def listed(how: str = BETWEEN, seed: int = SEED, variant: str = "rate") -> Deviants:
    return simulate_wards(seed=seed, **VARIANTS[variant]).deviants(how)


def level(deviants: Deviants) -> float:
    table = deviants.table
    return float(np.average(table["observed"], weights=table["exposure"]))


def plain(html: object) -> str:
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", str(html)))


@pytest.mark.parametrize("variant", ["rate", "proportion", "rate, higher is better", "rate, months vary"])
def test_level_and_order_are_those_of_the_counts(variant):
    off, agree, without = [], [], []
    for seed in (1, 2, 3):
        full, between, blank = (listed(how, seed, variant) for how in (KNOWN, BETWEEN, LEFT_OUT))
        off.append(level(between) / level(full) - 1)
        assert abs(level(blank) / level(full) - 1) > 0.1
        chances = [each.table.set_index("unit")["p_top"] for each in (full, between, blank)]
        agree.append(chances[0].corr(chances[1]))
        without.append(chances[0].corr(chances[2]))
    assert abs(np.mean(off)) < 0.01
    assert np.mean(agree) > 0.85
    assert np.mean(agree) > np.mean(without)


def test_shocks_that_seem_to_last_by_chance_have_a_variance():
    fit = listed(BETWEEN, 21, "proportion").expected.fit
    assert fit.spells.credible
    assert fit.collapsed.transient_variance == fit.spells.variance > 0
    assert (fit.noise > 0).all()


def test_no_row_is_set_aside_and_no_file_column_is_asked_for():
    observations = listed().expected.observations
    assert len(observations.set_aside) == 0
    assert observations.study.primary.columns == ["count", "size"]
    assert observations.panel["count"].isna().any()
    assert observations.coverage()["n_units"].eq(60).all()


def test_a_count_that_is_missing_without_bounds_is_still_set_aside():
    panel = listed().expected.observations.panel.drop(columns=["month", "store"], errors="ignore")
    panel.loc[:4, ["count", "count_lower", "count_upper"]] = np.nan
    panel.loc[9, ["count", "count_lower", "count_upper", "size"]] = [np.nan, 1, 4, np.nan]
    again = pdlib.read(listed().expected.observations.study, {"observations": panel})
    assert len(again.set_aside) == 6


def test_what_was_hidden_is_told():
    expected = listed().expected
    hidden = int(expected.grid.hidden.sum())
    assert expected.table["n_hidden"].sum() == hidden > 100
    told = (
        f"{hidden} of 720 counts were hidden for being small (1 to 4). Each is used as a count between these bounds "
        "and weighs less than a known one; what such a unit shows in all is about right."
    )
    assert told in expected.caveats
    assert told in listed().caveats
    assert expect(listed(KNOWN).expected.observations).hidden == ""
    assert (listed(KNOWN).table["n_hidden"] == 0).all()


def test_a_unit_shows_no_more_and_no_less_than_its_bounds_allow():
    expected = listed().expected
    panel = expected.observations.panel
    sums = panel.groupby("unit")[["count_lower", "count_upper", "size"]].sum()
    shown = expected.table.set_index("unit")["observed"] * sums["size"]
    assert (shown >= sums["count_lower"] - 1e-9).all()
    assert (shown <= sums["count_upper"] + 1e-9).all()


def test_declared_and_nothing_hidden_is_the_plain_fit():
    frame = listed(KNOWN).expected.observations.panel.assign(count_lower=np.nan, count_upper=np.nan)
    study = listed().expected.observations.study
    fit = expect(pdlib.read(study, {"observations": frame})).fit
    for name in ("effect", "sd", "noise"):
        np.testing.assert_array_equal(getattr(fit, name), getattr(listed(KNOWN).expected.fit, name))


def test_bounds_above_n_stop_at_n():
    frame = pd.DataFrame({
        "unit": np.repeat(unit_names(12), 3), "period": np.tile(["P01", "P02", "P03"], 12),
        "n": np.tile([3, 20, 30], 12),
        "good": np.tile([np.nan, 8, 12], 12) + np.repeat(np.arange(12) % 3, 3),
    })  # fmt: skip
    frame["good_lower"], frame["good_upper"] = frame["good"].fillna(1), frame["good"].fillna(4)
    outcome = {"name": "good", "kind": "proportion", "successes": "good", "n": "n", "suppressed": ["<5"]}
    study = pdlib.Study(unit="unit", period="period", outcome=outcome)
    expected = expect(pdlib.read(study, {"observations": frame}))
    assert (expected.grid.bounds[:, :, 0] == [[1.0], [3.0]]).all()
    assert expected.observed(np.array([0])).max() <= 1


def most_hidden() -> str:
    table = listed().table
    return str(table.loc[table["n_hidden"].between(4, 8)].sort_values("n_hidden")["unit"].iloc[-1])


def test_hidden_periods_are_gaps_in_a_units_line():
    unit, expected = most_hidden(), listed().expected
    frame = listed().why(unit).trend()
    row = expected.grid.hidden[expected.position(unit)]
    assert len(frame) == 12
    np.testing.assert_array_equal(frame["observed"].isna(), row)
    width = np.log(frame["expected_upper"] / frame["expected_lower"]) * np.sqrt(frame["exposure"] * frame["expected"])
    assert width.std() < 0.05 * width.mean()  # a period whose count was hidden has a band as wide
    listed().why(unit).plot()
    assert (
        f"about {expected.outcome.format.full.value(expected.table['observed'][expected.position(unit)], fine=True)}"
        in (listed().why(unit).finding)
    )


def test_guards_carry_the_bounds_and_judge_no_hidden_count():
    ground = Ground(listed())
    hidden = ground.expected.grid.hidden
    assert np.isfinite(ground.cells[0][hidden]).all()
    assert not (ground.open & hidden.any(axis=1)).any()
    np.testing.assert_array_equal(np.isfinite(ground.counted_cells[0]).all(axis=1), ground.open)
    assert Ground(listed(KNOWN)).open.all()
    large = Ground(simulate_wards(seed=SEED, level=0.1, most=14).deviants(BETWEEN))
    assert 30 <= large.open.sum() < 60
    assert np.isfinite(large.counted_cells[0][large.open]).all()
    assert len(listed().guards().suspicious) == 0
    guards, full = listed().guards(), listed(KNOWN).guards()
    assert (guards.table["level"] == "warn").sum() <= (full.table["level"] == "warn").sum()
    assert set(guards.specifications["specification"]) == set(full.specifications["specification"])
    assert guards.specifications["tau2"].to_numpy() == pytest.approx(
        np.full(len(guards.specifications), listed().expected.fit.reml.tau2), rel=0.4
    )


def test_the_luck_check_and_the_change_between_spans_use_the_bounds():
    observations: Observations = listed().expected.observations
    ours, full = (each.luck_check().table.set_index("list") for each in (listed(), listed(KNOWN)))
    assert ours["lead_earlier"].to_numpy() == pytest.approx(full["lead_earlier"].to_numpy(), rel=0.5)
    spans = [(observations.periods[0], observations.periods[5]), (observations.periods[6], observations.periods[-1])]
    moved = pdlib.find_improved(observations, *spans).table
    truth = pdlib.find_improved(listed(KNOWN).expected.observations, *spans).table
    for name in ("observed_before", "observed_after"):
        each = [np.average(table[name], weights=table["exposure" + name[8:]]) for table in (moved, truth)]
        assert each[0] == pytest.approx(each[1], rel=0.03)
    assert moved.set_index("unit")["change"].corr(truth.set_index("unit")["change"]) > 0.8


def test_pages_say_about_and_how_many_and_never_fill_a_cell():
    observations, unit = listed().expected.observations, most_hidden()
    hidden = int(listed().table.set_index("unit").loc[unit, "n_hidden"])
    page = pdlib.tell_unit(observations, listed(), unit=unit)
    assert " at about 0.0" in plain(page.headline)
    assert re.search(rf"Observed about [\d.]+ \({hidden} periods hidden\)", plain(page.where_we_stand))
    assert f"{hidden} periods hidden." in plain(page.findings)
    assert f" of {12 - hidden} periods lie within the usual ups and downs" in plain(page.findings)
    over_time = plain(page.over_time.__html__())
    assert "gaps: periods whose count was hidden" in over_time
    assert len(re.findall(r"P\d\d hidden", over_time)) == hidden
    assert f"over {12 - hidden} periods" in over_time
    whole = pdlib.tell(observations, listed())
    assert listed().expected.hidden in plain(whole.method)
    spots = whole.bright[whole.bright["n_hidden"] > 0]
    assert len(spots)
    for _, row in spots.iterrows():
        assert f"({row['n_hidden']} period" in plain(whole.who_stands_out)


def test_pages_without_hidden_counts_do_not_speak_of_them():
    observations = listed(KNOWN).expected.observations
    page = pdlib.tell_unit(observations, listed(KNOWN), unit=most_hidden())
    text = plain(page.headline) + plain(page.findings) + plain(page.where_we_stand) + plain(page.over_time)
    assert "hidden" not in text
    assert "about 0" not in text
