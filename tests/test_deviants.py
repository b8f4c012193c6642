"""Who does better than expected: the lists, what must not change them, luck, one unit, twins."""

from dataclasses import FrozenInstanceError
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pandas.testing import assert_frame_equal

from pdlib.deviants import GROUPS, Deviants, find_deviants, luck_check
from pdlib.errors import TooFewUnitsError
from pdlib.expected import expect
from pdlib.simulate import simulate_panel
from tests.panels import ALL_CONTEXT, declared, outcome, panel, per_unit

COLUMNS = [
    "unit", "label", "n_periods", "n_hidden", "exposure", "observed", "expected", "excess", "excess_lower",
    "excess_upper", "shrunken_excess", "shrunken_excess_lower", "shrunken_excess_upper", "p_top", "p_worth", "rank",
    "rank_lower", "rank_upper", "raw_rank", "group", "noise_share", "leverage", "supported",
]  # fmt: skip
OPTIONAL = ["p_worth"]
NUMBERS = [name for name in COLUMNS[2:] if name not in {"group", "supported", *OPTIONAL}]
KINDS = ["mean", "proportion", "rate"]


def found(frame: pd.DataFrame, kind: str = "mean", **more: Any) -> Deviants:
    return find_deviants(expect(declared(frame, kind, **more)))


def hold(deviants: Deviants, n_units: int, top: float = 0.10) -> None:
    """Hold a result to what every list owes its reader."""
    table = deviants.table
    assert list(table.columns) == COLUMNS
    assert len(table) == n_units
    rated = table[table["group"] != "not rated"]
    assert np.isfinite(rated[NUMBERS].to_numpy(dtype=float)).all()
    assert rated["p_top"].sum() == pytest.approx(top * len(rated), rel=1e-6)
    assert rated["p_top"].is_monotonic_decreasing
    assert rated["p_top"].between(0, 1).all()
    assert rated["rank"].between(1, n_units).all()
    assert (rated["rank_lower"] <= rated["rank_upper"]).all()
    assert rated["noise_share"].between(0, 1).all()
    assert set(table["group"]) <= set(GROUPS)
    assert (table["group"] == "confident").sum() <= top * n_units
    assert (rated["shrunken_excess_lower"] <= rated["shrunken_excess"]).all()
    assert (rated["shrunken_excess"] <= rated["shrunken_excess_upper"]).all()


# -- the table and the lists ----------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", KINDS)
def test_the_table(kind: str) -> None:
    deviants = found(panel(120, kind=kind), kind)
    hold(deviants, 120)
    assert deviants.table["p_worth"].isna().all()


def test_groups_part_the_units() -> None:
    deviants = found(panel(200, 8, effect_sd=0.8), context=ALL_CONTEXT)
    listed = [unit for group in GROUPS for unit in deviants.units(group)]
    assert sorted(listed) == sorted(deviants.table["unit"])
    assert len(deviants.confident) > 0
    assert list(deviants.confident["unit"]) == deviants.units("confident")
    assert list(deviants.likely["unit"]) == deviants.units("likely")
    assert list(deviants.watch["unit"]) == deviants.units("watch")
    assert deviants.confident["p_top"].min() >= 0.5
    assert (1 - deviants.confident["p_top"]).mean() <= 0.2
    assert (deviants.likely["p_top"] >= 0.5).all()
    assert (deviants.watch["p_top"] < 0.5).all()
    assert deviants.expected_right == pytest.approx(deviants.confident["p_top"].sum())


def test_the_false_share_lengthens_the_list() -> None:
    expected = expect(declared(panel(300, 8, effect_sd=0.8), context=ALL_CONTEXT))
    counts = [len(find_deviants(expected, false_share=share).confident) for share in (0.02, 0.2, 0.5)]
    assert counts == sorted(counts)
    assert counts[0] < counts[2]
    assert find_deviants(expected, false_share=0.02).settings["false_share"] == 0.02


def test_the_top_share_is_declared() -> None:
    hold(found(panel(120), top=0.25), 120, top=0.25)


def test_the_smallest_excess_worth_having_counts() -> None:
    frame = panel(300, 8, effect_sd=0.8)
    free = found(frame, context=ALL_CONTEXT)
    asked = found(frame, context=ALL_CONTEXT, outcome=outcome(smallest_excess=1.2))
    none = found(frame, context=ALL_CONTEXT, outcome=outcome(smallest_excess=0.0))
    assert asked.table["p_worth"].between(0, 1).all()
    assert set(asked.units("confident")) < set(free.units("confident"))
    assert none.units("confident") == free.units("confident")
    np.testing.assert_array_equal(asked.table["p_top"], free.table["p_top"])


def test_the_result_is_frozen_and_its_table_a_copy() -> None:
    deviants = found(panel())
    for frame in (deviants.table, deviants.confident, deviants.watch):
        frame["p_top"] = -1.0
    assert deviants.table["p_top"].min() >= 0
    with pytest.raises(FrozenInstanceError):
        deviants.threshold = 0.0  # type: ignore[misc]


def test_the_finding_counts_what_the_table_holds() -> None:
    deviants = found(panel(200, 8, effect_sd=0.8), context=ALL_CONTEXT, unit={"column": "unit", "plural": "shops"})
    assert "200 shops" in deviants.finding
    assert f"{len(deviants.confident)} named" in deviants.finding
    few = found(panel(20), unit={"column": "unit", "plural": "shops"})
    assert few.finding.startswith("None of 20 shops is named. 20 shops are few")
    nobody = found(panel(200, null=True), context=ALL_CONTEXT, unit={"column": "unit", "plural": "shops"})
    assert nobody.finding.startswith("None of 200 shops ")
    assert nobody.expected.silence in nobody.finding


def test_ranks_follow_the_outcome() -> None:
    for kind in ("mean", "rate"):
        table = found(panel(60, kind=kind), kind).table
        best = table["observed"].idxmin() if kind == "rate" else table["observed"].idxmax()
        assert table.loc[best, "raw_rank"] == 1


# -- small, short, rough --------------------------------------------------------------------------------------


@pytest.mark.parametrize("n_units", [3, 8, 20, 29, 30, 31])
def test_few_units(n_units: int) -> None:
    deviants = found(panel(n_units, 6, effect_sd=1.5))
    hold(deviants, n_units)
    assert not len(deviants.confident) or n_units >= 30


@pytest.mark.parametrize("kind", KINDS)
def test_one_period(kind: str) -> None:
    deviants = found(panel(120, 1, kind=kind), kind)
    hold(deviants, 120)
    assert any("this period only" in caveat for caveat in deviants.caveats)


@pytest.mark.parametrize("kind", KINDS)
def test_one_period_names_nobody_unless_it_is_said_how_much_lasts(kind: str) -> None:
    frame = panel(300, 1, kind=kind, effect_sd=2.0, median_n=200)
    silent, told = (found(frame, kind, context=ALL_CONTEXT, persistence=share) for share in (None, 0.9))
    assert len(told.confident) > 0 == len(silent.confident)
    assert len(silent.likely) > 0
    assert "One period cannot tell a good spell from lasting merit" in silent.finding
    assert "persistence" in str(silent.expected.fit_verdict)


def test_little_persistence_shortens_the_list() -> None:
    frame = panel(300, 1, effect_sd=1.5, median_n=200)
    lasting, passing = (found(frame, context=ALL_CONTEXT, persistence=share) for share in (0.9, 0.2))
    hold(passing, 300)
    assert not any("this period only" in caveat for caveat in lasting.caveats)
    assert len(passing.confident) < len(lasting.confident)


@pytest.mark.parametrize(("kind", "level"), [("proportion", 0), ("proportion", 1), ("rate", 0)])
def test_units_at_nothing_or_everything(kind: str, level: int) -> None:
    frame = panel(kind=kind)
    rows = frame["unit"].isin(frame["unit"].unique()[:6])
    amount, size = ("successes", "n") if kind == "proportion" else ("events", "exposure")
    frame.loc[rows, amount] = level * frame.loc[rows, size]
    hold(found(frame, kind), 60)


def test_units_that_are_all_equal() -> None:
    frame = panel().assign(value=5.0, sd=1.0)
    frame.loc[0, "value"] = 5.0 + 1e-6
    deviants = found(frame)
    table = deviants.table
    np.testing.assert_allclose(table["p_top"], 0.1, atol=1e-6)
    assert set(table["group"]) == {"rest"}


def test_a_unit_whose_context_nobody_shares_is_not_rated() -> None:
    frame = panel(effect_sd=1.0)
    first = frame["unit"].iloc[0]
    frame["lone"] = (frame["unit"] == first).astype(float)
    deviants = found(frame, context=["x1", "lone"])
    table = deviants.table.set_index("unit")
    hold(deviants, 60)
    assert deviants.units("not rated") == [first]
    assert np.isnan(table.loc[first, ["p_top", "rank"]].astype(float)).all()
    assert table.index[-1] == first


def test_a_far_away_unit_is_never_confident() -> None:
    frame = panel(100, 8)
    first = frame["unit"].iloc[0]
    frame.loc[frame["unit"] == first, "x1"] = 5.0
    frame.loc[frame["unit"] == first, "value"] += 8.0
    deviants = found(frame)
    row = deviants.table.set_index("unit").loc[first]
    assert not row["supported"]
    assert row["group"] != "confident"
    assert first in deviants.caveats[0]
    assert deviants.why(first).caveats == [
        "Few units share its context (x1 lies furthest out): its expectation leans on them."
    ]


# -- nothing planted, something planted -----------------------------------------------------------------------


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("seed", [1, 2, 3])
def test_nobody_is_named_where_nothing_was_planted(kind: Any, seed: int) -> None:
    simulated = simulate_panel(300, 6, kind, null=True, seed=seed)
    deviants = found(simulated.panel, kind, context=ALL_CONTEXT)
    assert len(deviants.confident) == 0
    assert len(deviants.likely) <= 1


@pytest.mark.parametrize("kind", KINDS)
def test_the_planted_are_found_where_a_league_table_misses_them(kind: Any) -> None:
    tables = []
    for seed in (11, 12, 13, 14):
        simulated = simulate_panel(500, 6, kind, seed=seed)
        table = found(simulated.panel, kind, context=ALL_CONTEXT).table
        tables.append(table.merge(simulated.truth[["unit", "in_top"]], on="unit"))
    ours = np.mean([table["in_top"][:50].mean() for table in tables])
    raw = np.mean([table.sort_values("raw_rank")["in_top"][:50].mean() for table in tables])
    assert ours >= 0.43
    assert ours >= 1.4 * raw
    leading = pd.concat([table[table["p_top"] >= 0.5] for table in tables])
    assert leading["in_top"].mean() == pytest.approx(leading["p_top"].mean(), abs=0.12)


# -- what must not change the lists ---------------------------------------------------------------------------


def p_top(frame: pd.DataFrame, kind: str = "mean", **more: Any) -> pd.Series:
    return found(frame, kind, **more).table.set_index("unit")["p_top"].sort_index()


BASE = panel(50, 4)
P_BASE = p_top(BASE)
FEW = settings(max_examples=8, suppress_health_check=[HealthCheck.too_slow])


@FEW
@given(seed=st.integers(0, 2**32 - 1))
def test_the_order_of_rows_changes_nothing(seed: int) -> None:
    shuffled = BASE.sample(frac=1, random_state=seed).reset_index(drop=True)
    assert_frame_equal(found(BASE).table, found(shuffled).table)


@FEW
@given(seed=st.integers(0, 2**32 - 1))
def test_the_names_of_units_change_nothing(seed: int) -> None:
    names = BASE["unit"].unique()
    new = dict(zip(names, np.random.default_rng(seed).permutation([f"Z{k}" for k in range(len(names))]), strict=True))
    renamed = p_top(BASE.assign(unit=BASE["unit"].map(new)))
    np.testing.assert_allclose(renamed[list(new.values())], P_BASE[list(new)], atol=1e-6)


@FEW
@given(shift=st.floats(-1e4, 1e4), scale=st.floats(1e-3, 1e3))
def test_shifting_and_rescaling_a_mean_changes_nothing(shift: float, scale: float) -> None:
    moved = BASE.assign(value=shift + scale * BASE["value"], sd=scale * BASE["sd"])
    np.testing.assert_allclose(p_top(moved), P_BASE, atol=1e-5)


@FEW
@given(shift=st.floats(-1e3, 1e3), scale=st.floats(1e-2, 1e2) | st.floats(-1e2, -1e-2))
def test_shifting_and_rescaling_the_context_changes_nothing(shift: float, scale: float) -> None:
    np.testing.assert_allclose(p_top(BASE.assign(x1=shift + scale * BASE["x1"])), P_BASE, atol=1e-4)


def test_the_order_of_conditions_changes_nothing() -> None:
    np.testing.assert_allclose(p_top(BASE, context=["x2", "x1"]), P_BASE, atol=1e-5)


def test_better_lower_is_the_mirror_of_better_higher() -> None:
    mirrored = p_top(BASE.assign(value=-BASE["value"]), outcome=outcome(better="lower"))
    np.testing.assert_allclose(mirrored, P_BASE, atol=1e-8)


def test_failures_are_the_mirror_of_successes() -> None:
    frame = panel(80, kind="proportion")
    mirror = frame.assign(successes=frame["n"] - frame["successes"])
    turned = p_top(mirror, "proportion", outcome=outcome("proportion", better="lower"))
    np.testing.assert_allclose(turned, p_top(frame, "proportion"), atol=1e-4)


def test_a_rate_may_be_counted_in_any_unit_of_exposure() -> None:
    frame = panel(80, kind="rate")
    np.testing.assert_allclose(
        p_top(frame.assign(exposure=frame["exposure"] / 1000), "rate"), p_top(frame, "rate"), atol=1e-4
    )


def test_an_empty_period_more_changes_nothing() -> None:
    empty = BASE[BASE["period"] == "P04"].assign(period="P05", n=0, value=np.nan)
    np.testing.assert_allclose(p_top(pd.concat([BASE, empty])), P_BASE, atol=1e-8)


# -- luck -----------------------------------------------------------------------------------------------------


def test_the_luck_check() -> None:
    expected = expect(declared(panel(300, 8, effect_sd=0.8), context=ALL_CONTEXT))
    check = luck_check(expected)
    columns = [
        "list",
        "n_units",
        "lead_earlier",
        "lead_later",
        "lead_later_lower",
        "lead_later_upper",
        "survived_share",
    ]
    assert list(check.table.columns) == columns
    assert list(check.table["list"]) == ["league table", "ours"]
    assert np.isfinite(check.table[columns[1:]].to_numpy(dtype=float)).all()
    assert check.span == ("P01", "P04", "P05", "P08")
    assert list(check.units.columns) == ["list", "unit", "label", "earlier", "later"]
    league, ours = (check.units[check.units["list"] == name] for name in check.table["list"])
    assert check.table["n_units"].tolist() == [len(league), len(ours)]
    assert check.table["lead_later"].tolist() == pytest.approx([league["later"].mean(), ours["later"].mean()])
    assert check.table["survived_share"][1] > check.table["survived_share"][0]
    assert check.correlation > 0.5
    assert check.settings == expected.settings


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_nothing_but_luck_where_nothing_was_planted(seed: int) -> None:
    frame = simulate_panel(200, 6, null=True, seed=seed, context="linear").panel
    deviants = find_deviants(expect(declared(frame, context=ALL_CONTEXT)))
    check, nothing = deviants.luck_check(), deviants.certainty.rung == "nothing lasts"
    assert abs(check.correlation) < 0.2
    assert check.finding.startswith("Nothing here but luck" if nothing else "Who led in the earlier periods does not")
    assert ("luck" in check.finding) == nothing
    assert check.caveats == ["Nobody is likely on the earlier half alone; the leading share stands in."]


def test_a_luck_check_needs_two_periods() -> None:
    with pytest.raises(TooFewUnitsError, match="A luck check needs at least 2 periods"):
        luck_check(expect(declared(panel(n_periods=1))))
    assert luck_check(expect(declared(panel(n_periods=2)))).span == ("P01", "P01", "P02", "P02")


def test_a_luck_check_with_units_that_come_and_go() -> None:
    frame = panel(60, 6)
    number = pd.factorize(frame["unit"])[0]
    late, early = (number < 10) & (frame["period"] < "P04"), (number >= 50) & (frame["period"] > "P03")
    check = luck_check(expect(declared(frame[~late & ~early])))
    assert set(check.units["unit"]).isdisjoint(frame["unit"].unique()[[0, 9, 50, 59]])


# -- one unit -------------------------------------------------------------------------------------------------


def test_why() -> None:
    deviants = found(panel(80, 6), context=["x1", "x2", "x3"])
    unit = deviants.table["unit"][0]
    why = deviants.why(unit)
    assert list(why.table.columns) == ["condition", "value", "contribution"]
    assert list(why.table["condition"]) == ["x1", "x2", "x3"]
    assert why.row["p_top"] == deviants.table["p_top"][0]
    assert why.settings["unit"] == unit
    assert why.finding.startswith(f"{unit} stands at {why.row['raw_rank']:.0f} of 80 raw")
    trend = why.trend()
    assert {"period", "observed", "expected", "exposure"} <= set(trend.columns)
    assert list(trend["period"]) == [f"P{number:02d}" for number in range(1, 7)]


def test_why_of_a_unit_that_is_not_rated() -> None:
    frame = panel(effect_sd=1.0)
    first = frame["unit"].iloc[0]
    frame["lone"] = (frame["unit"] == first).astype(float)
    why = found(frame, context=["x1", "lone"]).why(first)
    assert "not rated" in why.finding
    assert len(why.caveats) == 1


@pytest.mark.parametrize("kind", KINDS)
def test_the_expected_trend_averages_to_what_was_expected(kind: str) -> None:
    deviants = found(panel(60, 5, kind=kind), kind)
    row = deviants.table.iloc[4]
    trend = deviants.why(row["unit"]).trend()
    assert np.average(trend["expected"], weights=trend["exposure"]) == pytest.approx(row["expected"])
    assert np.average(trend["observed"], weights=trend["exposure"]) == pytest.approx(row["observed"])


def test_luck_puts_no_share_below_nothing() -> None:
    frame = panel(60, 5, kind="proportion")
    frame["successes"] = np.minimum(frame["successes"], np.round(0.04 * frame["n"]))
    deviants = found(frame, "proportion")
    trends = pd.concat([deviants.why(unit).trend() for unit in deviants.table["unit"][:20]])
    assert (trends["expected_lower"] > 0).all()
    assert (trends["expected_lower"] < trends["expected"]).all()
    assert (trends["expected"] < trends["expected_upper"]).all()
    assert (trends["expected_upper"] < 1).all()


def test_the_trend_holds_the_periods_that_were_seen() -> None:
    frame = panel(60, 5)
    first = frame["unit"].iloc[0]
    deviants = found(frame[(frame["unit"] != first) | (frame["period"] != "P03")])
    assert list(deviants.why(first).trend()["period"]) == ["P01", "P02", "P04", "P05"]


def test_the_twin_is_ordinary_and_near() -> None:
    frame = panel(200, 8, effect_sd=0.8)
    frame["site"] = per_unit(frame, ["street", "mall"] * 100)
    deviants = found(frame, context=["x1", "x2", {"name": "site", "kind": "category"}])
    table = deviants.table.set_index("unit")
    for unit in table.index[:5]:
        twin = deviants.twin(unit)
        assert twin.peer != unit
        assert table.loc[twin.peer, "group"] in {"rest", "watch"}
        assert table.loc[twin.peer, "shrunken_excess"] < table.loc[unit, "shrunken_excess"]
        assert twin.closeness > 0.9
        assert twin.caveats == []
        assert twin.difference == pytest.approx(
            table.loc[unit, "shrunken_excess"] - table.loc[twin.peer, "shrunken_excess"]
        )
        assert twin.lower < twin.difference < twin.upper
        assert list(twin.table["unit"]) == [unit, twin.peer]
        assert {"x1", "x2", "site"} <= set(twin.table.columns)
        assert twin.table["site"].nunique() == 1


def test_the_twin_is_the_nearest_of_the_middle_half() -> None:
    frame = panel(100, 6)
    deviants = found(frame)
    own = frame.groupby("unit").agg(x1=("x1", "mean"), x2=("x2", "mean"), size=("n", "mean"))
    own["size"] = np.log(own["size"])
    own = (own - own.mean()) / own.std(ddof=0)
    shrunken = deviants.table.set_index("unit")["shrunken_excess"]
    middle = shrunken.index[shrunken.between(*shrunken.quantile([0.25, 0.75]))]
    for unit in deviants.table["unit"][:4]:
        gaps = ((own.loc[middle] - own.loc[unit]) ** 2).sum(axis=1)
        assert deviants.twin(unit).peer == gaps.idxmin()


def test_a_unit_with_strange_context_says_that_its_twin_is_not_near() -> None:
    frame = panel(100, 6)
    first = frame["unit"].iloc[0]
    frame.loc[frame["unit"] == first, ["x1", "x2"]] = [8.7, -8.7]
    twin = found(frame).twin(first)
    assert twin.closeness < 0.1
    assert twin.caveats[0].startswith("The nearest ordinary unit is not very near")


def test_distance_grows_with_difference_in_context() -> None:
    frame = panel(50)
    units = list(frame["unit"].unique())
    deviants = found(frame)
    gaps = deviants.distance(units, units)
    np.testing.assert_allclose(gaps, gaps.T, atol=1e-9)
    np.testing.assert_allclose(np.diag(gaps), 0, atol=1e-6)
    np.testing.assert_allclose(deviants.distance(units[:2], units[3:7]), gaps[:2, 3:7])


def test_who_asks_for_a_unit_that_is_not_there_is_told_the_nearest() -> None:
    deviants = found(panel())
    for ask in (deviants.why, deviants.twin):
        with pytest.raises(KeyError, match="did you mean 'U01"):
            ask("UU012")


# -- the funnel -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", KINDS)
def test_funnel_limits(kind: str) -> None:
    deviants = found(panel(100, kind=kind), kind)
    limits = deviants.funnel_limits(20)
    assert list(limits.columns) == ["exposure", "centre", "lower95", "upper95", "lower998", "upper998"]
    ordered = limits[["lower998", "lower95", "centre", "upper95", "upper998"]]
    assert (np.diff(ordered.to_numpy(), axis=1) >= 0).all()
    assert (
        limits["upper95"].iloc[0] - limits["lower95"].iloc[0] > limits["upper95"].iloc[-1] - limits["lower95"].iloc[-1]
    )
    adjusted = deviants.adjusted()
    assert np.isfinite(adjusted["adjusted"]).all()
    inside = np.interp(adjusted["exposure"], limits["exposure"], limits["upper998"]) >= adjusted["adjusted"]
    assert inside.mean() > 0.95


def test_rank_sets_are_an_appendix_for_few_units() -> None:
    few = found(panel(40, 12, seed=3))
    sets = few.rank_sets()
    assert len(sets) == 40
    assert ((sets["rank_lower"] >= 1) & (sets["rank_lower"] <= sets["rank_upper"]) & (sets["rank_upper"] <= 40)).all()
    assert (sets["rank_lower"] > 1).any()
    assert sets.equals(few.rank_sets())
    with pytest.raises(ValueError, match="at most 60 units"):
        found(panel(61, seed=3)).rank_sets()


def test_peers_are_the_nearest_and_the_unit_stands_among_them() -> None:
    deviants = found(panel(60, 4, seed=2))
    unit = deviants.table["unit"].iloc[0]
    peers = deviants.peers(unit, count=7)
    assert len(peers) == 8
    assert peers.loc[peers["unit"] == unit, "distance"].item() == pytest.approx(0, abs=1e-6)
    others = deviants.table.loc[~deviants.table["unit"].isin(peers["unit"]), "unit"]
    assert peers["distance"].max() <= deviants.distance([unit], list(others)).min()
    assert peers["shrunken_excess"].is_monotonic_decreasing
