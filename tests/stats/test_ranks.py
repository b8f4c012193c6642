"""Ranks: worked by hand, against draws, and pinned to published tables."""

import numpy as np
import pytest
from scipy.special import ndtr

from pdlib.stats.posterior import rank_range, shrink
from pdlib.stats.ranks import (
    best_set,
    expected_rank,
    pairwise_reach,
    percentile_of_rank,
    r_values,
    rank_sets,
    rankability,
)

# PISA 2018, mathematics: mean score and standard error of the OECD countries (OECD, doi:10.1787/5f07c754-en).
PISA = {
    "Australia": (491.36, 1.94), "Austria": (498.94, 2.97), "Belgium": (508.07, 2.26), "Canada": (512.02, 2.36),
    "Chile": (417.41, 2.42), "Colombia": (390.93, 2.99), "Czech Republic": (499.47, 2.46), "Denmark": (509.40, 1.74),
    "Estonia": (523.41, 1.74), "Finland": (507.30, 1.97), "France": (495.41, 2.32), "Germany": (500.04, 2.65),
    "Greece": (451.37, 3.09), "Hungary": (481.08, 2.32), "Iceland": (495.19, 1.95), "Ireland": (499.63, 2.20),
    "Israel": (463.03, 3.50), "Italy": (486.59, 2.78), "Japan": (526.97, 2.47), "Korea": (525.93, 3.12),
    "Latvia": (496.13, 1.96), "Lithuania": (481.19, 1.95), "Luxembourg": (483.42, 1.10), "Mexico": (408.80, 2.49),
    "Netherlands": (519.23, 2.63), "New Zealand": (494.49, 1.71), "Norway": (500.96, 2.22), "Poland": (515.65, 2.60),
    "Portugal": (492.49, 2.68), "Slovak Republic": (486.16, 2.56), "Slovenia": (508.90, 1.36), "Spain": (481.39, 1.46),
    "Sweden": (502.39, 2.65), "Switzerland": (515.31, 2.91), "Turkey": (453.51, 2.26),
    "United Kingdom": (501.77, 2.56), "United States": (478.24, 3.24),
}  # fmt: skip


def some_posterior(count=80, seed=3):
    rng = np.random.default_rng(seed)
    return rng.normal(0, 1, count), rng.uniform(0.1, 1.2, count)


def test_expected_rank_of_two_units_by_hand():
    first = ndtr(1.0 / np.sqrt(0.36 + 0.64))
    assert expected_rank([1.0, 0.0], [0.6, 0.8]) == pytest.approx([2 - first, 1 + first])


def test_expected_rank_agrees_with_draws():
    mean, sd = some_posterior()
    draws = mean + sd * np.random.default_rng(0).standard_normal((40_000, len(mean)))
    ranks = (-draws).argsort(axis=1).argsort(axis=1) + 1
    error = ranks.std(axis=0) / np.sqrt(len(draws))
    assert np.abs(expected_rank(mean, sd) - ranks.mean(axis=0)).max() < 4.5 * error.max()


def test_expected_ranks_add_up_and_turn_with_the_sign():
    mean, sd = some_posterior()
    rank = expected_rank(mean, sd)
    assert rank.sum() == pytest.approx(80 * 81 / 2)
    assert expected_rank(-mean, sd) == pytest.approx(81 - rank)


def test_expected_rank_without_spread_is_the_rank_and_ties_share():
    assert expected_rank([3.0, 1.0, 2.0, 2.0], np.zeros(4)) == pytest.approx([1, 4, 2.5, 2.5])


def test_the_tabulated_expected_rank_stays_close_to_the_exact_one():
    mean, sd = some_posterior(400)
    assert np.abs(rank_range(mean, sd)[0] - expected_rank(mean, sd)).max() < 1.0


def test_expected_rank_of_many_units_is_tabulated():
    mean, sd = some_posterior(2100)
    rank = expected_rank(mean, sd)
    assert np.corrcoef(rank, -mean)[0, 1] > 0.9
    assert rank.mean() == pytest.approx(2101 / 2, rel=0.01)


def test_percentile_of_rank():
    assert percentile_of_rank([1, 50.5], 100) == pytest.approx([0.5, 50.0])


def test_rankability_is_half_when_noise_is_as_large_as_spread_and_none_without_spread():
    assert rankability(2.0, np.array([1.0, 2.0, 9.0])) == pytest.approx(0.5)
    assert rankability(0.0, np.ones(3)) == 0.0


def test_r_values_are_those_of_the_rvalues_package():
    y = np.array([1.2, 0.8, 2.5, -0.4, 0.3, 1.9, -1.1, 0.0, 0.6, 3.0])
    se = np.array([0.2, 0.9, 1.5, 0.3, 0.5, 0.4, 0.8, 0.1, 0.2, 2.0])
    mean, sd = shrink(y - 0.5, se**2, 1.0)
    published = [1.173077, 0.665746, 1.115385, -0.325688, 0.34, 1.706897, -0.475610, 0.004950, 0.596154, 1.0]
    assert mean + 0.5 == pytest.approx(published, abs=1e-6)
    table = [0.26553, 0.70504, 0.20801, 0.9, 0.70504, 0.1, 0.9, 0.9, 0.55232, 0.43267]
    # The package gives its last grid point to whoever enters no list; here that is 1.
    assert np.minimum(r_values(mean + 0.5, sd, 1.0, centre=0.5), 0.9) == pytest.approx(table, abs=5e-6)


def test_r_values_fill_a_list_of_every_length_about_exactly():
    truth = np.random.default_rng(5).normal(0, 1, 500)
    noise = np.random.default_rng(6).uniform(0.05, 2, 500)
    mean, sd = shrink(truth + np.sqrt(noise) * np.random.default_rng(7).standard_normal(500), noise, 1.0)
    r = r_values(mean, sd, 1.0)
    for share in (0.05, 0.1, 0.3):
        assert (r <= share).mean() == pytest.approx(share, abs=0.03)


def test_r_values_without_spread_put_nobody_ahead():
    assert (r_values(np.zeros(5), np.zeros(5), 0.0) == 1).all()


def test_bars_reach_139_for_equal_errors_and_keep_the_level_on_average():
    assert pairwise_reach(np.full(9, 2.0)) == pytest.approx(1.959964 / np.sqrt(2), abs=1e-5)
    sd = np.array([0.2, 1.0, 3.0])
    reach, rng = pairwise_reach(sd), np.random.default_rng(0)
    draws = sd * rng.standard_normal((200_000, 3))
    apart = [(np.abs(draws[:, i] - draws[:, j]) > reach * (sd[i] + sd[j])).mean() for i, j in ((0, 1), (0, 2), (1, 2))]
    assert np.mean(apart) == pytest.approx(0.05, abs=0.0015)


def test_rank_set_of_two_units_is_a_z_test():
    for gap, sets in ((1.99, ([1, 2], [1, 2])), (1.90, ([1, 1], [2, 2]))):
        lower, upper = rank_sets([gap, 0.0], [0.6, 0.8], draws=200_000)
        assert (list(lower), list(upper)) == sets


def test_rank_sets_of_clear_units_are_their_ranks_and_of_equal_units_everything():
    lower, upper = rank_sets([30.0, 10.0, 20.0, 0.0], np.ones(4))
    assert list(lower) == list(upper) == [1, 3, 2, 4]
    lower, upper = rank_sets(np.zeros(5), np.ones(5))
    assert set(lower) == {1}
    assert set(upper) == {5}


def test_steps_down_find_more_than_one_step():
    i, j = np.triu_indices(6, k=1)
    luck = np.random.default_rng(0).standard_normal((20_000, 6))
    at_once = np.quantile(np.abs(luck[:, i] - luck[:, j]).max(axis=1), 0.95)
    # Too close for a test against all pairs at once; the pairs that are clear leave and lower the bar.
    close = 0.97 * at_once
    lower, upper = rank_sets([100.0, 80.0, 60.0, 40.0, 20.0, 20.0 - close], np.ones(6), draws=20_000)
    assert list(lower) == list(upper) == [1, 2, 3, 4, 5, 6]


@pytest.mark.parametrize("spread", [0.0, 1.0])
def test_simultaneous_sets_cover_all_true_ranks(spread):
    truth = np.random.default_rng(1).normal(0, spread, 12)
    se = np.random.default_rng(2).uniform(0.2, 0.8, 12)
    # A true rank may stand anywhere among its ties.
    best = 1 + (truth[None, :] > truth[:, None]).sum(axis=1)
    worst = 12 - (truth[None, :] < truth[:, None]).sum(axis=1)
    held = []
    for run in range(200):
        seen = truth + se * np.random.default_rng(100 + run).standard_normal(12)
        lower, upper = rank_sets(seen, se, draws=500, seed=run)
        held.append(bool(((lower <= best) & (worst <= upper)).all()))
    assert np.mean(held) > 0.95 - 3 * np.sqrt(0.05 * 0.95 / 200)


def test_marginal_sets_are_no_wider_than_simultaneous_ones_and_cover_each_unit():
    truth = np.random.default_rng(1).normal(0, 1, 12)
    rank, held, narrower = 1 + (truth[None, :] > truth[:, None]).sum(axis=1), [], []
    for run in range(150):
        seen = truth + 0.4 * np.random.default_rng(900 + run).standard_normal(12)
        lower, upper = rank_sets(seen, np.full(12, 0.4), simultaneous=False, draws=500, seed=run)
        wide = rank_sets(seen, np.full(12, 0.4), draws=500, seed=run)
        held.append((lower <= rank) & (rank <= upper))
        narrower.append((upper - lower).mean() - (wide[1] - wide[0]).mean())
    assert np.mean(held, axis=0).min() > 0.95 - 4 * np.sqrt(0.05 * 0.95 / 150)
    assert np.mean(narrower) < 0


def test_the_best_set_holds_the_leaders_and_leaves_the_clear_losers_out():
    estimate = np.array([5.0, 4.8, 4.5, 0.0, -1.0])
    assert list(best_set(estimate, np.full(5, 0.3), 2)) == [True, True, True, False, False]


def test_pisa_rank_sets_are_those_of_csranks():
    score, se = np.array(list(PISA.values())).T
    lower, upper = rank_sets(score, se, draws=10_000, seed=1)
    sets = dict(zip(PISA, zip(lower.tolist(), upper.tolist(), strict=True), strict=True))
    # Pinned from R's csranks (10,000 draws); a bound may move by one place with the draws.
    published = {
        "Japan": (1, 6), "Korea": (1, 7), "Estonia": (1, 6), "Netherlands": (1, 11), "Poland": (1, 12),
        "Switzerland": (1, 13), "Canada": (3, 17), "United Kingdom": (6, 24), "Colombia": (37, 37),
    }  # fmt: skip
    for country, bounds in published.items():
        assert np.abs(np.subtract(sets[country], bounds)).max() <= 1, (country, sets[country])
    inside = best_set(score, se, 5, draws=10_000, seed=1)
    assert {country for country, may in zip(PISA, inside, strict=True) if may} == {
        "Belgium", "Canada", "Denmark", "Estonia", "Finland", "Japan", "Korea", "Netherlands", "Poland", "Slovenia",
        "Sweden", "Switzerland",
    }  # fmt: skip


def test_too_many_units_are_refused_with_a_way_on():
    with pytest.raises(ValueError, match=r"at most 60 units, found 61; show expected ranks"):
        rank_sets(np.zeros(61), np.ones(61))
