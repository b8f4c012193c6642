"""Data too good to be true: right on clean draws, sure on planted ones."""

import numpy as np
import pytest

from pdlib.stats.plausible import chance_of_repeat, tied_to_size, too_often, too_steady, two_way_rest


def test_what_is_left_has_no_unit_and_no_period_in_it():
    rng = np.random.default_rng(1)
    values = rng.standard_normal((30, 5)) + rng.standard_normal((30, 1)) + np.arange(5)
    values[rng.random(values.shape) < 0.2] = np.nan
    values[4] = np.nan
    weights = np.where(np.isfinite(values), rng.uniform(0.5, 2, values.shape), 0.0)
    rest = two_way_rest(values, weights)
    assert np.array_equal(np.isnan(rest), np.isnan(values))
    assert np.abs(np.nansum(rest * weights, axis=1)).max() < 1e-9
    assert np.abs(np.nansum(rest * weights, axis=0)).max() < 1e-6


def test_steadiness_of_clean_units_is_uniform_and_of_copied_ones_tiny():
    rng = np.random.default_rng(2)
    z = rng.standard_normal((2000, 8)) + rng.standard_normal((2000, 1))
    z[0] = 1.0
    p = too_steady(z, np.ones_like(z))
    assert p[0] < 1e-6
    assert np.quantile(p[1:], [0.1, 0.5, 0.9]) == pytest.approx([0.1, 0.5, 0.9], abs=0.04)


def test_units_with_few_periods_are_not_judged():
    z = np.full((3, 6), np.nan)
    z[:, :3] = np.random.default_rng(3).standard_normal((3, 3))
    assert np.isnan(too_steady(z, np.ones_like(z))).all()


def test_many_hits_are_as_rare_as_the_binomial_says_and_never_rarer():
    chance = np.tile([0.1, 0.3], (1, 5))
    assert too_often(np.ones((1, 10), bool), np.full((1, 10), 0.2))[0] == pytest.approx(0.2**10)
    exact = (0.1 * 0.3) ** 5
    assert too_often(np.ones((1, 10), bool), chance)[0] >= exact
    assert too_often(np.zeros((1, 10), bool), chance)[0] == 1.0
    assert np.isnan(too_often(np.ones((1, 3), bool), chance[:, :3])[0])


@pytest.mark.parametrize("mean", [0.5, 4.0, 60.0])
def test_two_poisson_counts_are_equal_as_often_as_said(mean):
    rng = np.random.default_rng(4)
    equal = np.mean(rng.poisson(mean, 200_000) == rng.poisson(mean, 200_000))
    assert chance_of_repeat(np.array(mean), np.array(1.0)) == pytest.approx(equal, abs=0.004)


def test_independent_sizes_are_not_tied_and_tied_ones_are_found():
    rng = np.random.default_rng(5)
    z, size = rng.standard_normal((2, 400, 12))
    r, p, overall, strength = tied_to_size(z, size)
    assert abs(overall) < 0.05
    assert abs(strength) < 3
    assert np.mean(p < 0.05) == pytest.approx(0.05, abs=0.03)
    size[0] = z[0]
    r, p, _, _ = tied_to_size(z, size)
    assert r[0] > 0.9
    assert p[0] < 1e-4
    _, _, overall, strength = tied_to_size(z, size - 0.5 * z)
    assert overall < -0.3
    assert strength < -10


def test_constant_sizes_are_not_judged():
    z = np.random.default_rng(6).standard_normal((20, 10))
    _, p, overall, strength = tied_to_size(z, np.full_like(z, 3.0))
    assert np.isnan(p).all()
    assert overall == 0.0
    assert strength == 0.0
