"""The service chain is what its README says, and the shipped tables are what the code makes."""

import re
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from pdlib.simulate import SimulatedChain, simulate_chain
from pdlib.simulate.chain import SEED

SHIPPED = Path(__file__).parents[2] / "data" / "service_chain"


@pytest.fixture(scope="module")
def chain() -> SimulatedChain:
    return simulate_chain()


@pytest.fixture(scope="module")
def null() -> SimulatedChain:
    return simulate_chain(null=True, n_comments=2000)


def _shop(chain: SimulatedChain, name: str) -> pd.Series:
    truth = chain.truth_units.assign(
        raw_rank=chain.truth_units["true_level"].rank(ascending=False),
        excess_rank=chain.truth_units["excess"].rank(ascending=False),
    )
    return truth[truth["shop_name"] == name].iloc[0]


def _share(table: pd.DataFrame, by: object) -> pd.Series:
    sums = table.groupby(by)[["very_satisfied", "answers"]].sum()
    return sums["very_satisfied"] / sums["answers"]


def _slope(y: np.ndarray, *x: np.ndarray) -> np.ndarray:
    return np.linalg.lstsq(np.column_stack([np.ones(len(y)), *x]), y, rcond=None)[0][1:]


def test_shipped_tables_are_what_the_code_makes(chain: SimulatedChain, tmp_path: Path) -> None:
    chain.write(tmp_path)
    for name in chain.tables():
        assert (tmp_path / name).read_bytes() == (SHIPPED / name).read_bytes(), name
    assert f"seed={SEED}" in (SHIPPED / "README.md").read_text(encoding="utf-8")


def test_every_column_stands_in_the_dictionary(chain: SimulatedChain) -> None:
    page = (SHIPPED / "README.md").read_text(encoding="utf-8")
    # the audit's columns are the codebook's rows; one line of the page holds the five touchpoints' deviations
    columns = {column for name, table in chain.tables().items() if name != "practice_audit.csv" for column in table}
    assert {column for column in columns if f"`{column}`" not in page} == {
        "diagnosis_sd",
        "waiting_sd",
        "handover_sd",
    }
    assert list(chain.practices.columns[2:]) == chain.codebook["practice"].tolist()


def test_other_seed_other_chain() -> None:
    first, again, other = (simulate_chain(80, 10, n_comments=100, seed=seed) for seed in (1, 1, 2))
    for name, table in first.tables().items():
        assert table.equals(again.tables()[name]), name
    assert not first.shop_months.equals(other.shop_months)


@pytest.mark.parametrize("seed", [SEED, 1, 2, 3])
def test_targets_hold_whatever_the_seed(seed: int) -> None:
    chain = simulate_chain(n_comments=50, seed=seed)
    truth, months = chain.truth_units, chain.shop_months
    assert months["very_satisfied"].sum() / months["answers"].sum() == pytest.approx(0.68, abs=0.015)
    assert 100 * truth["true_level"].std() == pytest.approx(6, abs=0.5)
    assert truth["excess"].std() == pytest.approx(3, abs=0.25)
    famous, bright = _shop(chain, "Grand Arcade Flagship"), _shop(chain, "Elm Retail Park")
    assert famous["raw_rank"] <= 4
    assert abs(famous["excess"]) < 1
    assert 150 < famous["excess_rank"] < 350
    assert bright["excess_rank"] <= 12
    assert bright["raw_rank"] > 20
    assert bright["in_top"]


def test_flagship_leads_the_table_people_see(chain: SimulatedChain) -> None:
    rank = _share(chain.shop_months, "shop").rank(ascending=False)
    assert rank[_shop(chain, "Grand Arcade Flagship")["shop"]] <= 3


def test_counts_and_scores_are_possible(chain: SimulatedChain) -> None:
    table = chain.shop_months
    for part, whole in (
        ("very_satisfied", "answers"), ("answers", "jobs"), ("first_contact", "contacts"),
        ("came_back", "customers_90"), ("bad_days", "open_days"), ("complaints", "jobs"),
        ("journey_answers", "answers"),
    ):  # fmt: skip
        assert (table[part] >= 0).all() and (table[part] <= table[whole]).all(), part
    assert table["satisfaction"].dropna().between(0, 10).all()
    assert table[["welcome", "diagnosis", "waiting", "handover", "day_after"]].stack().dropna().between(1, 5).all()
    assert table["walk_in_share"].between(0, 1).all()
    assert (table[["footfall", "staff"]] > 0).all().all()
    assert not table.duplicated(["shop", "month"]).any()
    assert chain.shops["shop_name"].is_unique
    assert chain.shops["shop"].is_unique
    assert set(table["shop"]) == set(chain.shops["shop"])


def test_the_chain_is_as_messy_as_a_real_one(chain: SimulatedChain) -> None:
    table = chain.shop_months
    assert 0.02 < 1 - len(table) / (520 * 18) < 0.08
    assert (table.groupby("shop")["month"].min() > "2025-01").sum() >= 15
    jobs = table.groupby("shop")["jobs"].mean()
    assert jobs.quantile(0.95) / jobs.quantile(0.05) > 8
    assert (table.groupby("shop")["manager"].nunique() > 1).mean() == pytest.approx(0.2, abs=0.06)
    assert (table.groupby("manager")["shop"].nunique() > 1).sum() >= 20
    by_month = _share(table, "month")
    assert by_month["2025-05":"2025-08"].mean() - by_month["2025-09":"2025-12"].mean() == pytest.approx(
        0.025, abs=0.012
    )
    assert any("'" in name for name in chain.shops["shop_name"])
    assert any(not name.isascii() for name in chain.shops["shop_name"])


def test_means_bear_on_the_outcome_in_curves_and_with_an_interaction(chain: SimulatedChain) -> None:
    shops = chain.shop_months.groupby("shop")[["footfall", "staff", "walk_in_share"]].mean()
    crowd = np.log(shops["footfall"] / shops["staff"])
    crowd, walk = ((column - column.mean()) / column.std() for column in (crowd, shops["walk_in_share"]))
    means = chain.truth_units.set_index("shop")["means"].loc[shops.index].to_numpy()
    straight, walks, curve, together = _slope(means, crowd, walk, crowd**2, crowd * walk)
    assert straight < -1
    assert curve < -0.2
    assert together < -0.3
    assert walks < 0


def test_practices_are_as_common_as_in_a_real_audit(chain: SimulatedChain) -> None:
    seen = chain.codebook.query("evidence == 'observed' and kind == 'binary'")["practice"]
    last = chain.practices[chain.practices["wave"] == "2026-04"][seen].astype(float).mean()
    assert last.between(0.05, 0.62).mean() > 0.8
    assert last["smile_academy"] > 0.97
    assert (last > 0.9).sum() <= 3
    users = chain.practices.groupby("shop")["kiosk_sam"].max().sum()
    assert 3 <= users < 10
    done = chain.practices.set_index(["shop", "wave"])[seen].astype(float).groupby("shop").max().mean(axis=1)
    assert done.quantile(0.99) < 0.75
    missing = chain.practices[seen].isna().mean(axis=1).groupby(chain.practices["shop"]).mean()
    jobs = chain.shop_months.groupby("shop")["jobs"].mean()
    assert 0.03 < missing.mean() < 0.09
    assert missing.corr(jobs.rank()) > 0.2


def test_managers_claim_more_than_is_done(chain: SimulatedChain) -> None:
    claimed = chain.codebook[chain.codebook["evidence"] == "claimed"]
    assert len(claimed) == 6
    for says, done in zip(claimed["practice"], claimed["claims"], strict=True):
        both = chain.practices[[says, done]].dropna().astype(float)
        assert both[says].mean() > both[done].mean() + 0.07, says
        assert both.loc[both[done] == 1, says].mean() > 0.9, says


def test_the_bundle_pays_only_together() -> None:
    # on what practices bring, not on the whole excess: skill alone would blur six seeds by half a point
    estimates = []
    for seed in range(1, 7):
        chain = simulate_chain(n_comments=10, seed=seed)
        done = chain.practices.groupby("shop")[["name_before_hello", "complaint_at_huddle"]].mean().dropna()
        brought = chain.truth_units.set_index("shop")["from_practices"].loc[done.index].to_numpy()
        name, read = done["name_before_hello"].to_numpy(float), done["complaint_at_huddle"].to_numpy(float)
        estimates.append(_slope(brought, name, read, name * read))
    alone_name, alone_read, together = np.mean(estimates, axis=0)
    assert together == pytest.approx(2.2, abs=0.4)
    assert abs(alone_name) < 0.25
    assert abs(alone_read) < 0.25


def test_excess_is_the_sum_of_its_parts(chain: SimulatedChain) -> None:
    whole = chain.shop_months.groupby("shop").size() == 18
    truth = chain.truth_units.set_index("shop")[whole.reindex(chain.truth_units["shop"]).to_numpy()]
    parts = [column for column in truth if column.startswith("from_")]
    rest = truth["excess"] - truth[[*parts, "hidden_condition"]].sum(axis=1)
    assert np.ptp(rest) < 0.01


def test_truth_of_practices_is_in_the_size_the_chain_promises(chain: SimulatedChain) -> None:
    truth = chain.truth_practices.set_index("practice")
    worth = truth[(truth["role"] == "true") & ~truth.index.isin(["customer_hours", "one_to_ones", "kiosk_sam"])][
        "points"
    ]
    assert worth.between(0.8, 1.5).all()
    assert len(worth) >= 6
    assert truth.loc[["smile_academy", "award_wall", "name_before_hello", "lounge"], "points"].eq(0).all()
    assert truth.loc["name_before_hello + complaint_at_huddle", "points"] == pytest.approx(2.2)


def test_award_wall_follows_success_and_does_not_make_it(chain: SimulatedChain) -> None:
    months = chain.shop_months
    share = months["very_satisfied"] / months["answers"] - months["month"].map(_share(months, "month"))
    place = {month: k for k, month in enumerate(chain.settings["months"])}
    adopted = chain.truth_adoptions[chain.truth_adoptions["practice"] == "award_wall"].set_index("shop")["month"]
    lag = months["month"].map(place) - months["shop"].map(adopted).map(place)
    before, after = share[lag.between(-4, -1)].mean(), share[lag.between(1, 6)].mean()
    assert before > 0.04
    assert after < before


def test_within_a_shop_scores_rise_by_the_planted_points_from_adoption_on() -> None:
    ratios = []
    for seed in range(1, 5):
        chain = simulate_chain(n_comments=10, seed=seed)
        months = chain.shop_months
        share = months["very_satisfied"] / months["answers"] - months["month"].map(_share(months, "month"))
        table = months.assign(total=100 * share * months["answers"])
        place = {month: k for k, month in enumerate(chain.settings["months"])}
        at = months["month"].map(place)
        points = chain.truth_practices.set_index("practice")["points"]
        for practice in points.index[points.between(0.8, 1.5)]:
            rows = chain.truth_adoptions["practice"] == practice
            start = months["shop"].map(chain.truth_adoptions[rows].set_index("shop")["month"].map(place))
            adopters = table[start.notna()].assign(after=(at >= start)[start.notna()])
            sums = adopters.groupby(["shop", "after"])[["total", "answers"]].sum().unstack().dropna()
            level = sums["total"] / sums["answers"]
            weight = 1 / (1 / sums["answers"]).sum(axis=1)
            ratios.append(np.average(level[True] - level[False], weights=weight) / points[practice])
    assert len(ratios) >= 24
    assert np.mean(ratios) == pytest.approx(1.0, abs=0.3)


def test_discontent_is_heard_before_scores_fall(chain: SimulatedChain) -> None:
    truth = chain.truth_units.set_index("shop")
    sour = truth[truth["scores_fall_from"] != ""]
    place = {month: k for k, month in enumerate(chain.settings["months"])}
    said = chain.comments[chain.comments["voice"] == "customer"]
    grumbles = said["comment"].str.contains(
        "rings back|has left and it shows|fed up in there|IF you get served", case=False
    )
    lag = said["month"].map(place) - said["shop"].map(sour["scores_fall_from"]).map(place)
    assert grumbles[lag.between(-3, -1)].mean() > 5 * grumbles[lag < -3].mean()
    months = chain.shop_months
    lag = months["month"].map(place) - months["shop"].map(sour["scores_fall_from"]).map(place)
    excess = months["very_satisfied"] / months["answers"] - months["month"].map(_share(months, "month"))
    assert abs(excess[lag.between(-3, -1)].mean() - excess[lag < -3].mean()) < 0.015
    assert excess[lag >= 3].mean() < excess[lag < -3].mean() - 0.04


def test_who_closes_tickets_is_seen_again(chain: SimulatedChain) -> None:
    sums = chain.shop_months.groupby("shop")[["first_contact", "contacts", "repeat_contacts"]].sum()
    first, repeat = (sums[column] / sums["contacts"] for column in ("first_contact", "repeat_contacts"))
    closes = chain.truth_units.set_index("shop")["closes_tickets"]
    top = first.rank(ascending=False) <= 52
    assert (top & closes).sum() >= 5
    assert repeat[closes].mean() > 1.3 * repeat[~closes].mean()
    assert (chain.truth_units["in_top"] & chain.truth_units["closes_tickets"]).any()


def test_bright_shops_are_told_of_in_certain_words(chain: SimulatedChain) -> None:
    said = chain.comments[chain.comments["voice"] == "customer"]
    bright = said["shop"].map(chain.truth_units.set_index("shop")["in_top"]).astype(bool)
    for words in ("day three", "by name", "rang my mum"):
        told = said["comment"].str.contains(words, case=False)
        assert told.sum() > 30 and told[bright].mean() > 2 * told[~bright].mean(), words


def test_comments_read_like_a_comment_box(chain: SimulatedChain) -> None:
    text = chain.comments["comment"]
    words = text.str.split().str.len()
    assert words.min() == 1
    assert 50 <= words.max() <= 70
    assert (words <= 2).mean() > 0.1
    assert text.nunique() > 9000
    assert text.str.len().min() >= 1
    assert not text.str.contains(r"[{}]").any()
    score = chain.comments["score"].astype(float)
    assert score.between(0, 10).sum() == (chain.comments["voice"] == "customer").sum()
    assert text[score <= 2].str.contains("thank you so much|lovely people|Can't thank", case=False).any()


def test_planted_personal_data_is_where_the_truth_says(chain: SimulatedChain) -> None:
    text = chain.comments.set_index("comment_id")["comment"]
    planted = chain.truth_personal
    assert len(planted) > 100
    assert set(planted["kind"]) == {"email", "phone", "full_name", "order"}
    assert all(value in text[where] for where, value in zip(planted["comment_id"], planted["value"], strict=True))
    with_mail = text.index[text.str.contains("@")]
    assert set(with_mail) == set(planted.loc[planted["kind"] == "email", "comment_id"])
    assert all(re.search(r"@example\.(com|org|net)$", v) for v in planted.loc[planted["kind"] == "email", "value"])


def test_engagement_and_own_rating_tell_what_they_should(chain: SimulatedChain) -> None:
    survey = chain.surveys.groupby("shop")[["engagement", "trust_in_manager", "own_rating"]].mean()
    excess = chain.truth_units.set_index("shop")["excess"].loc[survey.index]
    assert survey["engagement"].corr(excess) > 0.1
    customers = chain.shop_months.groupby("shop")["satisfaction"].mean().loc[survey.index]
    gap = survey["own_rating"] - customers
    assert gap.mean() > 0.3
    assert gap.corr(customers) < -0.2


def test_null_plants_nothing(null: SimulatedChain) -> None:
    truth = null.truth_units
    parts = [column for column in truth if column.startswith("from_")]
    assert not truth[["excess", "hidden_condition", *parts]].to_numpy().any()
    assert not truth["in_top"].any()
    assert not truth["closes_tickets"].any()
    assert (truth["scores_fall_from"] == "").all()
    assert truth["downturn_drop"].nunique() == 1
    assert not null.truth_practices["points"].any()
    assert not set(null.truth_practices["role"]) & {"true", "bundle", "tag_along", "harm", "resilience"}
    assert 100 * truth["true_level"].std() == pytest.approx(5.2, abs=0.4)


def test_effects_scale_what_practices_bring() -> None:
    once, twice = (simulate_chain(100, 10, n_comments=10, effects=size, seed=3) for size in (1.0, 2.0))
    assert np.allclose(twice.truth_practices["points"], 2 * once.truth_practices["points"])
    assert np.allclose(twice.truth_units["from_practices"], 2 * once.truth_units["from_practices"], atol=1e-3)


def test_too_small_a_chain_is_refused() -> None:
    with pytest.raises(ValueError, match="at least 60 shops and 8 months"):
        simulate_chain(20, 18)
