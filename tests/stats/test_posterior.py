"""Shrinkage, the chance of being at the top, lists and ranks: published values and promises."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import norm

from pdlib.stats.posterior import confident_list, rank_range, shrink, top_probability

EFFECTS = st.lists(st.floats(-5, 5), min_size=3, max_size=60)


def test_efron_and_morris_batters() -> None:
    """18 batters, 45 at bats: Efron & Morris (1975), doi:10.1080/01621459.1975.10479864."""
    average = np.array([18, 17, 16, 15, 14, 14, 13, 12, 11, 11, 10, 10, 10, 10, 10, 9, 8, 7]) / 45
    middle = average.mean()
    noise = middle * (1 - middle) / 45
    kept = 1 - 15 * noise / ((average - middle) ** 2).sum()
    assert middle == pytest.approx(0.26543, abs=5e-6)
    assert kept == pytest.approx(0.2117, abs=5e-5)
    mean, _ = shrink(average - middle, np.full(18, noise), noise * kept / (1 - kept))
    assert (middle + mean).max() == pytest.approx(0.2939, abs=5e-5)


def test_the_gaussian_example_of_the_r_package_rvalues() -> None:
    """Prior N(0.5, 1): posterior means, chance that a new unit beats each, chance to exceed the prior's upper tenth."""
    y = np.array([1.2, 0.8, 2.5, -0.4, 0.3, 1.9, -1.1, 0.0, 0.6, 3.0])
    s = np.array([0.2, 0.9, 1.5, 0.3, 0.5, 0.4, 0.8, 0.1, 0.2, 2.0])
    mean, sd = shrink(y - 0.5, s**2, 1.0)
    means = [1.173077, 0.665746, 1.115385, -0.325688, 0.34, 1.706897, -0.475610, 0.004950, 0.596154, 1.0]
    assert mean + 0.5 == pytest.approx(means, abs=1e-6)
    beaten = [0.254468, 0.445214, 0.318089, 0.786279, 0.558063, 0.128946, 0.796003, 0.688858, 0.462413, 0.354694]
    assert norm.cdf(-mean / np.sqrt(1 + sd**2)) == pytest.approx(beaten, abs=1e-6)
    tail = [0.0010, 0.0477, 0.2117, 0, 0.0006, 0.4203, 0.0002, 0, 0, 0.1911]
    assert norm.sf((norm.ppf(0.9) - mean) / sd) == pytest.approx(tail, abs=5e-5)


def test_shrink_by_hand() -> None:
    mean, sd = shrink(np.array([2.0, -4.0]), np.array([1.0, 3.0]), 1.0)
    assert mean.tolist() == [1.0, -1.0]
    assert sd == pytest.approx(np.sqrt([0.5, 0.75]))


def test_without_lasting_variance_nothing_is_left() -> None:
    mean, sd = shrink(np.array([2.0, -4.0]), np.array([1.0, 3.0]), 0.0)
    assert (mean == 0).all()
    assert (sd == 0).all()


@given(mean=EFFECTS, top=st.sampled_from([0.05, 0.10, 0.25]), seed=st.integers(0, 99))
def test_probabilities_add_up_to_the_top_share(mean: list[float], top: float, seed: int) -> None:
    sd = np.random.default_rng(seed).uniform(0.05, 2.0, len(mean))
    p, q = top_probability(np.array(mean), sd, top)
    assert p.sum() == pytest.approx(top * len(mean), rel=1e-9)
    assert p == pytest.approx(norm.sf((q - np.array(mean)) / sd), abs=1e-12)


@given(mean=EFFECTS, shift=st.floats(-50, 50), factor=st.floats(1e-4, 1e4), seed=st.integers(0, 99))
def test_moving_and_stretching_leaves_probabilities(mean: list[float], shift: float, factor: float, seed: int) -> None:
    sd = np.random.default_rng(seed).uniform(0.05, 2.0, len(mean))
    plain, q = top_probability(np.array(mean), sd)
    moved, at = top_probability(shift + factor * np.array(mean), factor * sd)
    assert moved == pytest.approx(plain, abs=1e-6)
    assert at == pytest.approx(shift + factor * q, rel=1e-6, abs=1e-6 * factor)


@pytest.mark.parametrize("count", [1, 7, 500])
def test_units_that_are_all_equal_share_the_chance(count: int) -> None:
    p, _ = top_probability(np.zeros(count), np.zeros(count))
    assert (p == 0.10).all()
    assert not confident_list(p).any()
    p, _ = top_probability(np.full(count, 3.0), np.full(count, 0.5))
    assert p == pytest.approx(np.full(count, 0.10))


def test_no_units_are_no_error() -> None:
    p, _ = top_probability(np.zeros(0), np.zeros(0))
    assert p.shape == (0,)
    assert confident_list(p).shape == (0,)


def test_known_units_are_told_apart() -> None:
    p, q = top_probability(np.arange(20.0), np.zeros(20))
    assert p == pytest.approx([0.0] * 18 + [1.0] * 2, abs=1e-6)
    assert 17 <= q <= 18


def test_a_noisy_unit_needs_more_than_a_quiet_one() -> None:
    mean = np.concatenate([np.zeros(98), [2.0, 2.0]])
    p, _ = top_probability(mean, np.concatenate([np.full(98, 0.5), [0.1, 1.5]]))
    assert p[98] > p[99] > 0.5


def test_confident_list_by_hand() -> None:
    p = np.array([0.95, 0.40, 0.90, 0.75, 0.55, *np.full(45, 0.01)])
    # Expected false: .05, .10/2, .25/3 -> .40/3 = .133, .85/4 = .2125 > .20.
    assert np.flatnonzero(confident_list(p)).tolist() == [0, 2, 3]
    assert np.flatnonzero(confident_list(p, false_share=0.22)).tolist() == [0, 2, 3, 4]
    assert np.flatnonzero(confident_list(p, false_share=0.22, top=0.04)).tolist() == [0, 2]
    assert np.flatnonzero(confident_list(p, false_share=0.9)).tolist() == [0, 2, 3, 4]
    assert np.flatnonzero(confident_list(p, least=0.92)).tolist() == [0]


@given(
    p=st.lists(st.floats(0, 1), min_size=1, max_size=80),
    false_share=st.floats(0.01, 0.5),
    least=st.floats(0.3, 0.9),
)
def test_confident_list_keeps_its_promises(p: list[float], false_share: float, least: float) -> None:
    chance = np.array(p)
    named = confident_list(chance, false_share=false_share, least=least)
    assert named.sum() <= 0.10 * len(p) + 1e-9
    if named.any():
        assert (1 - chance[named]).mean() <= false_share + 1e-12
        assert chance[named].min() >= least
        assert chance[named].min() >= chance[~named].max(initial=0.0)
    longer = np.sort(chance)[::-1][: int(named.sum()) + 1]
    if len(longer) > named.sum() and len(longer) <= int(0.10 * len(p)):
        assert (1 - longer).mean() > false_share or longer[-1] < least


def test_expected_ranks_equal_the_sum_over_pairs() -> None:
    rng = np.random.default_rng(4)
    mean, sd = rng.normal(size=300), rng.uniform(0.1, 0.8, 300)
    gaps = (mean[None, :] - mean[:, None]) / np.sqrt(sd[None, :] ** 2 + sd[:, None] ** 2)
    brute = 1 + norm.cdf(gaps).sum(axis=1) - 0.5
    rank, lower, upper = rank_range(mean, sd)
    assert rank == pytest.approx(brute, abs=0.01 * 300)  # read off a table of the ensemble, so near and not exact
    assert np.corrcoef(rank, brute)[0, 1] > 0.9999
    assert (lower <= rank).all()
    assert (rank <= upper).all()
    assert lower.min() >= 1
    assert upper.max() <= 300


def test_ranks_of_units_that_are_all_equal() -> None:
    rank, lower, upper = rank_range(np.zeros(9), np.zeros(9))
    assert rank == pytest.approx(np.full(9, 5.0))
    assert lower == pytest.approx(upper)


def test_rank_ranges_hold_the_true_rank() -> None:
    rng = np.random.default_rng(5)
    truth, noise = rng.normal(size=2000), rng.uniform(0.1, 1.0, 2000)
    mean, sd = shrink(truth + np.sqrt(noise) * rng.normal(size=2000), noise, 1.0)
    true_rank = (-truth).argsort().argsort() + 1
    _, lower, upper = rank_range(mean, sd)
    assert ((lower <= true_rank) & (true_rank <= upper)).mean() == pytest.approx(0.90, abs=0.025)


def test_probabilities_mean_what_they_say() -> None:
    rng = np.random.default_rng(6)
    truth, noise = rng.normal(size=20_000), rng.uniform(0.05, 1.0, 20_000)
    p, _ = top_probability(*shrink(truth + np.sqrt(noise) * rng.normal(size=20_000), noise, 1.0))
    real = truth >= np.quantile(truth, 0.9)
    for low in (0.1, 0.3, 0.5, 0.7, 0.9):
        inside = (p >= low) & (p < low + 0.1)
        assert real[inside].mean() == pytest.approx(p[inside].mean(), abs=0.06)
