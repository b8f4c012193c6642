"""Guards: each quiet on good data and loud on planted trouble."""

from collections.abc import Callable
from functools import cache
from typing import Any

import numpy as np
import pandas as pd
import pytest

from pdlib import show
from pdlib.deviants import Deviants, find_deviants
from pdlib.deviants.guards import Guards, check
from pdlib.expected import expect
from pdlib.observations import Observations, read
from pdlib.show import figures
from pdlib.show.wording import causal_words, jargon_words
from pdlib.simulate import simulate_panel
from pdlib.study import Study

KINDS = ["mean", "proportion", "rate"]
ORDER = [
    "fit", "list length", "few units", "support", "over-adjustment", "bends", "groups over time", "heavy tails",
    "shuffled data", "multiverse", "hidden condition", "too steady", "repeated values", "round values",
    "answers and outcome",
]  # fmt: skip
DATA = ORDER[-4:]
AMOUNT = {"mean": "value", "proportion": "successes", "rate": "events"}
SIZE = {"mean": "n", "proportion": "n", "rate": "exposure"}
Change = Callable[[pd.DataFrame], pd.DataFrame]


def observed(
    change: Change | None = None, tables: dict[str, pd.DataFrame] | None = None, study: Any = None, **design: Any
) -> Observations:
    simulated = simulate_panel(**{"n_units": 150, "n_periods": 8, "context": "linear", "seed": 2, **design})
    frame = simulated.panel if change is None else change(simulated.panel.copy())
    declared = {**simulated.study(), **(study or {})}
    return read(Study(**declared), {"observations": frame, **(tables or {})})


def deviants(*args: Any, **more: Any) -> Deviants:
    return find_deviants(expect(observed(*args, **more)))


def guards(*args: Any, **more: Any) -> Guards:
    return check(deviants(*args, **more))


@cache
def good(kind: str = "mean") -> Guards:
    """150 units, 8 periods, straight context, planted merit."""
    return guards(kind=kind)


def row(found: Guards, guard: str) -> pd.Series:
    return found.table.set_index("guard").loc[guard]


def first_units(frame: pd.DataFrame, count: int) -> pd.Series:
    return frame["unit"].isin(frame["unit"].unique()[:count])


# -- the result ---------------------------------------------------------------------------------------------------


def test_there_is_one_row_per_guard_the_loudest_first():
    table = good().table
    assert sorted(table["guard"]) == sorted(ORDER)
    rank = table["level"].map({"warn": 0, "look": 1, "not checked": 2, "fine": 3})
    assert rank.is_monotonic_increasing
    assert rank.notna().all()


@pytest.mark.parametrize("kind", KINDS)
def test_good_data_raise_no_warning(kind):
    table = good(kind).table
    assert not table["level"].eq("warn").any(), table.loc[table["level"] == "warn", "sentence"].tolist()
    missing = {"over-adjustment", "groups over time"}  # there are no practices and no groups
    assert set(table.loc[table["level"] == "not checked", "guard"]) == missing


@pytest.mark.parametrize("kind", KINDS)
def test_sentences_are_plain_claim_no_cause_and_name_nobody(kind):
    found = good(kind)
    for sentence in found.table["sentence"]:
        assert sentence.endswith(".")
        assert not causal_words(sentence)
        assert not jargon_words(sentence)
        assert not any(unit in sentence for unit in found.deviants.table["label"])


def test_the_finding_counts_the_table():
    found = guards(null=True, n_units=60)
    assert found.deviants.guards() is found.deviants.guards()
    loud = found.table["level"].isin(["warn", "look"]).sum()
    assert loud > 0
    assert found.finding.startswith(["Zero", "One", "Two", "Three", "Four", "Five", "Six"][loud])
    warned = found.table[found.table["level"].eq("warn") & ~found.table["guard"].isin(["fit", "few units"])]
    assert found.warnings == warned["sentence"].tolist()


def test_the_same_seed_gives_the_same_word_and_the_list_is_not_touched():
    base = deviants(n_units=60, n_periods=4)
    before = base.table
    pd.testing.assert_frame_equal(check(base).table, check(base).table)
    pd.testing.assert_frame_equal(base.table, before)


def test_frames_are_copies():
    found = good()
    for frame, column in ((found.precision, "length"), (found.multiverse, "share_listed")):
        frame[column] = -1
    assert (found.precision["length"] > 0).all()
    assert (found.multiverse["share_listed"] >= 0).all()


def test_it_shows_and_draws():
    found = good()
    assert found.finding in found._repr_html_()
    ax = found.plot()
    drawn = [np.asarray(line.get_ydata(), dtype=float) for line in ax.lines]
    expected, named = found.precision["precision"].to_numpy(), len(found.deviants.confident)
    assert any(len(curve) == len(expected) and np.allclose(curve, expected) for curve in drawn)
    assert any(len(curve) == named and np.allclose(curve, expected[:named]) for curve in drawn)


@pytest.mark.parametrize("named", [0, 1, 12, 30])
def test_the_figure_suits_a_desk_and_a_phone(named):
    lists = good().precision
    page = show.figure(
        lambda ax: figures.precision(lists, named=named, ax=ax), title="Shorter lists hold more that is real",
        subtitle="Share real by length", description="Curve of the share expected to be real over lengths of 1 to 30.",
    )  # fmt: skip
    assert (f"{named} named" in page.__html__()) == (named > 0)
    assert page.__html__().count("<svg") == 2


# -- chance -------------------------------------------------------------------------------------------------------


def test_precision_is_the_running_mean_of_p_top_over_twice_the_top_share():
    found = good()
    frame, p = found.precision, found.deviants.table["p_top"].to_numpy()
    assert len(frame) == 30
    assert frame["precision"].iloc[9] == pytest.approx(p[:10].mean())
    assert frame["expected_right"].iloc[-1] == pytest.approx(p[:30].sum())


def test_data_without_merit_are_no_fit_and_name_nobody():
    found = guards(null=True)
    assert row(found, "fit")["level"] in {"look", "warn"}
    assert row(found, "list length")["level"] in {"look", "not checked"}
    assert not len(found.multiverse)
    assert row(found, "hidden condition")["level"] == "not checked"


@pytest.mark.parametrize(("count", "level"), [(8, "warn"), (20, "look"), (40, "fine")])
def test_few_units_are_said_to_be_few(count, level):
    found = guards(n_units=count, n_periods=4, study={"context": ["x1"]})
    assert row(found, "few units")["level"] == level
    assert str(count) in row(found, "few units")["sentence"]


def test_a_single_period_has_nothing_to_shuffle():
    found = guards(n_periods=1, study={"persistence": 0.9}, effect_sd=1.5, median_n=300)
    assert len(found.deviants.confident)
    assert row(found, "shuffled data")["level"] == "not checked"


def few_far_out(frame):
    """Five units far above all others, in every period."""
    far = frame["unit"].isin(sorted(frame["unit"].unique())[:5])
    return frame.assign(value=frame["value"] + 40 * far)


def test_names_that_are_far_out_for_good_are_not_taken_for_luck():
    """What lasts belongs to no shuffled copy: left in, a few large merits dealt out at random make names there."""
    found = guards(few_far_out, n_units=60, n_periods=6)
    assert len(found.deviants.confident) >= 4
    assert (row(found, "shuffled data")["level"], found.shuffles["n_confident"].sum()) == ("fine", 0)


def wild_luck(frame):
    """Luck with tails so heavy that two periods can look like merit, and nothing else."""
    luck = 3 * np.random.default_rng(3).standard_cauchy(len(frame))
    return frame.assign(value=luck, n=50, sd=1.0)


def test_luck_that_makes_lists_is_told():
    found = guards(wild_luck, n_units=120, n_periods=2)
    assert row(found, "shuffled data")["level"] == "warn"
    assert (found.shuffles["n_confident"] > 0).mean() > 0.05


@pytest.mark.parametrize("kind", KINDS)
def test_shuffled_good_data_name_nobody(kind):
    found = good(kind)
    assert len(found.deviants.confident)
    assert (found.shuffles["n_confident"] == 0).mean() >= 0.95
    assert found.shuffles["tau2"].max() < found.deviants.expected.fit.reml.tau2 / 3


def test_heavy_tails_are_seen_where_a_few_units_lie_far_out():
    def outlying(frame: pd.DataFrame) -> pd.DataFrame:
        return frame.assign(value=frame["value"] + 6.0 * first_units(frame, 3))

    found = guards(outlying, median_n=100)
    assert "do show such tails" in row(found, "heavy tails")["sentence"]
    assert "do show such tails" not in row(good(), "heavy tails")["sentence"]
    assert found.heavy_tails["p_top_heavy"].between(0, 1).all()


# -- context ------------------------------------------------------------------------------------------------------


def test_a_unit_that_leads_from_far_outside_lacks_support():
    def far(frame: pd.DataFrame) -> pd.DataFrame:
        there = first_units(frame, 2)
        moved = frame["x2"].where(~there, frame["x2"] + 9)
        return frame.assign(x2=moved, value=frame["value"] + 7.0 * there)

    found = guards(far)
    alone = found.support[~found.support["supported"]]
    assert {"U001", "U002"} & set(alone["unit"])
    assert set(alone.loc[alone["unit"].isin(["U001", "U002"]), "condition"]) == {"“x2”"}
    assert row(found, "support")["level"] in {"look", "warn"}
    assert row(good(), "support")["value"] <= 0.10


def practised(frame: pd.DataFrame, *, tied: bool) -> dict[str, pd.DataFrame]:
    units = frame.drop_duplicates("unit").reset_index(drop=True)
    rng = np.random.default_rng(3)
    lean = 3 * units["x1"] if tied else np.zeros(len(units))
    does = (lean + rng.standard_normal(len(units)) > 0).astype(int)
    return {"practices": pd.DataFrame({"unit": units["unit"], "bay": does, "wall": rng.integers(0, 2, len(units))})}


@pytest.mark.parametrize("tied", [True, False])
def test_a_practice_that_the_context_settles_is_pointed_out(tied):
    frame = simulate_panel(150, 8, context="linear", seed=2).panel
    study = {
        "practice": [{"practice": "bay"}, {"practice": "wall"}],
        "tables": {"observations": "o.csv", "practices": "p.csv"},
    }
    found = guards(tables=practised(frame, tied=tied), study=study)
    frame = found.overadjustment.set_index("practice")
    assert frame["suspicious"].to_dict() == {"bay": tied, "wall": False}
    assert frame.loc["wall", "explained_share"] < 0.1
    assert (row(found, "over-adjustment")["level"] != "fine") == tied
    if tied:
        assert frame.loc["bay", "condition"] == "“x1”"
        assert np.isfinite(frame.loc["bay", "stays_share"])


def test_bends_are_noticed_and_warned_of_where_the_list_uses_lines():
    curved = {"context": "smooth", "n_units": 200, "n_periods": 6}
    assert row(guards(**curved), "bends")["level"] == "look"
    lines = find_deviants(expect(observed(**curved), form="linear"))
    assert row(check(lines), "bends")["level"] == "warn"
    assert row(good(), "bends")["level"] == "fine"


def test_taking_the_needed_condition_off_brings_a_unit_to_even_odds():
    found = good()
    target, base = found.hidden.iloc[0], found.deviants

    def without_it(frame: pd.DataFrame) -> pd.DataFrame:
        return frame.assign(value=frame["value"] - target["needed"] * (frame["unit"] == target["unit"]))

    p = deviants(without_it).table.set_index("unit")["p_top"]
    assert base.table.set_index("unit")["p_top"][target["unit"]] > 0.8
    assert p[target["unit"]] == pytest.approx(0.5, abs=0.08)
    assert target["needed"] > 0


def test_a_weak_excess_needs_only_a_weak_hidden_condition():
    def lone(frame: pd.DataFrame) -> pd.DataFrame:
        return frame.assign(value=frame["value"] + 6.0 * first_units(frame, 1))

    strong = guards(lone).hidden.set_index("unit")["multiple"]
    assert strong["U001"] > 2 * strong.drop("U001").median()


# -- multiverse ---------------------------------------------------------------------------------------------------


def test_the_multiverse_tries_other_ways_and_counts_each_listed_unit():
    found = good()
    frame, specifications = found.multiverse, found.specifications
    assert 8 <= len(specifications) <= 13
    assert set(frame["unit"]) == {*found.deviants.units("confident"), *found.deviants.units("likely")}
    assert frame["share_listed"].between(0, 1).all()
    assert (frame["n_specifications"] <= len(specifications)).all()
    assert specifications["n_units"].min() < 150  # one leaves out the smallest
    assert frame.loc[frame["p_top"].idxmax(), "share_listed"] >= 0.8


def test_a_list_that_hangs_on_one_condition_is_fragile():
    """Merit that only shows once a strong condition is counted is lost where that condition is left out."""

    def offset(frame: pd.DataFrame) -> pd.DataFrame:
        load = frame["x1"].rank() / len(frame) - 0.5
        return frame.assign(value=frame["value"] + 12 * load)

    fragile = guards(offset)
    hardest = fragile.specifications.set_index("specification")["stays_share"]
    assert hardest["without “x1”"] < 0.6
    assert hardest["without “x1”"] == hardest.min()


# -- data too good to be true -------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", KINDS)
def test_clean_data_are_hardly_ever_flagged(kind):
    flagged = 0
    for seed in range(3):
        found = check(deviants(kind=kind, seed=seed, context="smooth", null=seed % 2 == 1), shuffles=1)
        flagged += found.suspicious["unit"].nunique()
    assert flagged <= 0.01 * 3 * 150


def planted(kind: str, change: Change, **design: Any) -> Guards:
    return check(deviants(change, kind=kind, **design), shuffles=1)


def steady(kind: str) -> Change:
    """Five large units that show the mean of their periods, hardly changed, in every period."""

    def change(frame: pd.DataFrame) -> pd.DataFrame:
        five = first_units(frame, 5)
        size, amount = SIZE[kind], AMOUNT[kind]
        large = frame[size].where(~five, 20_000 if kind == "rate" else 400 + np.arange(len(frame)) % 7)
        level = {"mean": 0.3, "proportion": 0.71, "rate": 0.008}[kind]
        value = level + 0.001 * (np.arange(len(frame)) % 3) if kind == "mean" else np.round(level * large)
        return frame.assign(**{size: large, amount: frame[amount].where(~five, value)})

    return change


@pytest.mark.parametrize("kind", KINDS)
def test_units_that_are_too_steady_are_found(kind):
    found = planted(kind, steady(kind), period_sd=0.0)
    assert {"U001", "U002", "U003", "U004", "U005"} <= set(found.suspicious.query("check == 'too steady'")["unit"])
    assert row(found, "too steady")["level"] in {"look", "warn"}


def test_steady_means_are_not_judged_where_the_spread_of_answers_is_unknown():
    outcome = {"name": "outcome", "kind": "mean", "value": "value", "n": "n"}
    found = check(deviants(steady("mean"), study={"outcome": outcome}), shuffles=1)
    assert row(found, "too steady")["level"] == "not checked"


@pytest.mark.parametrize("kind", KINDS)
def test_units_that_repeat_themselves_are_found(kind):
    def change(frame: pd.DataFrame) -> pd.DataFrame:
        four = first_units(frame, 4)
        columns = [AMOUNT[kind], SIZE[kind]]
        opening = frame.groupby("unit")[columns].transform("first")
        return frame.assign(**{name: frame[name].where(~four, opening[name]) for name in columns})

    found = planted(kind, change, median_n=200)
    flagged = found.suspicious.query("check == 'repeated values'")
    assert {"U001", "U002", "U003", "U004"} == set(flagged["unit"])
    assert "U001 shows the very same figure in one period after another." in set(flagged["sentence"])


@pytest.mark.parametrize("kind", KINDS)
def test_units_that_round_are_found(kind):
    def change(frame: pd.DataFrame) -> pd.DataFrame:
        four, amount, size = first_units(frame, 4), AMOUNT[kind], SIZE[kind]
        if kind == "mean":
            tidy = (2 * frame["value"]).round(1) / 2
            return frame.assign(value=frame["value"].round(2).where(~four, tidy))
        if kind == "proportion":
            return frame.assign(
                successes=frame[amount].where(
                    ~four, (np.round(20 * frame[amount] / frame[size]) * frame[size] / 20).round()
                )
            )
        return frame.assign(events=frame[amount].where(~four, 10 * np.round(frame[amount] / 10)))

    found = planted(kind, change, n_periods=12, median_n=600)
    flagged = set(found.suspicious.query("check == 'round values'")["unit"])
    assert len(flagged & {"U001", "U002", "U003", "U004"}) >= 3
    assert len(flagged) <= 5


@pytest.mark.parametrize("sign", [1, -1])
def test_answers_that_follow_the_outcome_are_noticed(sign):
    def change(frame: pd.DataFrame) -> pd.DataFrame:
        usual = frame.groupby("unit")["value"].transform("mean")
        pull = np.clip(sign * (frame["value"] - usual), -1.5, 1.5)
        return frame.assign(n=np.maximum(3, (frame["n"] * np.exp(pull)).round()))

    found = row(planted("mean", change), "answers and outcome")
    assert found["level"] == "warn"
    assert ("with more" if sign > 0 else "with fewer") in found["sentence"]
    assert row(good(), "answers and outcome")["level"] == "fine"


def test_named_units_with_odd_figures_are_a_warning():
    def change(frame: pd.DataFrame) -> pd.DataFrame:
        twelve = first_units(frame, 12)
        opening = frame.groupby("unit")[["value", "n"]].transform("first")
        return frame.assign(
            value=(opening["value"] + 4).where(twelve, frame["value"]), n=opening["n"].where(twelve, frame["n"])
        )

    found = planted("mean", change)
    assert row(found, "repeated values")["level"] == "warn"
    assert "U0" not in row(found, "repeated values")["sentence"]
    assert "U0" in row(found, "repeated values")["units"]


def season(frame: pd.DataFrame) -> pd.DataFrame:
    """Coast and city are units of alike merit that have their good months at other times."""
    unit, month = pd.factorize(frame["unit"])[0], pd.factorize(frame["period"])[0]
    coast = unit % 2 == 0
    wave = 1.5 * np.sin(2 * np.pi * month / 8)
    return frame.assign(value=frame["value"] + np.where(coast, wave, -wave), place=np.where(coast, "coast", "city"))


def test_groups_with_seasons_of_their_own_are_noticed_and_then_allowed_for() -> None:
    context = [*(f"x{k}" for k in range(1, 9)), {"name": "place", "kind": "category"}]
    noticed = find_deviants(expect(observed(season, study={"context": context})))
    row = noticed.guards().table.set_index("guard").loc["groups over time"]
    assert row["level"] == "warn"
    assert 'varies_by = "place"' in row["sentence"]
    period = {"column": "period", "plural": "months", "varies_by": "place"}
    declared = find_deviants(expect(observed(season, study={"context": context, "period": period})))
    assert declared.guards().table.set_index("guard").loc["groups over time", "level"] == "not checked"
    assert "Groups by place may each move over the months in their own way." in declared.caveats
    shocks = [each.expected.fit.collapsed.transient_variance for each in (noticed, declared)]
    assert shocks[0] > 5 * shocks[1]
    assert declared.expected.reliability > noticed.expected.reliability


def test_groups_that_move_alike_raise_no_word() -> None:
    context = [*(f"x{k}" for k in range(1, 9)), {"name": "place", "kind": "category"}]
    still = observed(lambda frame: season(frame).assign(value=frame["value"]), study={"context": context})
    row = find_deviants(expect(still)).guards().table.set_index("guard").loc["groups over time"]
    assert row["level"] == "fine"
