"""Units by periods: two-way effects by brute force, and a moment equation that is satisfied."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pdlib.stats.panel import apart, collapse, spare_cells


def made(seed: int = 0, units: int = 40, periods: int = 5, shock: float = 0.5, missing: float = 0.2) -> tuple:
    rng = np.random.default_rng(seed)
    s2 = rng.uniform(0.05, 0.5, (units, periods))
    z = rng.normal(size=(units, 1)) + rng.normal(size=periods) + shock * rng.normal(size=(units, periods))
    z = z + np.sqrt(s2) * rng.normal(size=(units, periods))
    gone = rng.random((units, periods)) < missing
    gone[np.arange(units), rng.integers(0, periods, units)] = False
    return np.where(gone, np.nan, z), s2


def brute(z: np.ndarray, weights: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Weighted least squares with a dummy per unit and period, periods centred."""
    units, periods = z.shape
    row, column = np.nonzero(np.isfinite(z))
    design = np.zeros((len(row), units + periods))
    design[np.arange(len(row)), row] = 1
    design[np.arange(len(row)), units + column] = 1
    root = np.sqrt(weights[row, column])
    beta = np.linalg.lstsq(design * root[:, None], z[row, column] * root, rcond=None)[0]
    middle = beta[units:].mean()
    return beta[:units] + middle, beta[units:] - middle


def test_one_period_is_taken_as_it_is() -> None:
    result = collapse(np.array([[1.0], [3.0]]), np.array([[0.5], [0.25]]))
    assert result.value.tolist() == [1.0, 3.0]
    assert result.variance.tolist() == [0.5, 0.25]
    assert not result.identified
    assert result.transient_variance == 0.0


def test_cells_left_over_by_hand() -> None:
    assert spare_cells(np.ones((5, 1), bool)) == 0
    assert spare_cells(np.ones((5, 4), bool)) == 20 - 5 - 3
    assert spare_cells(np.eye(4, dtype=bool)) == 0
    # Two parts that share no period: each keeps one constant.
    parts = np.zeros((6, 4), dtype=bool)
    parts[:3, :2] = parts[3:, 2:] = True
    assert spare_cells(parts) == 12 - 6 - 2
    assert spare_cells(np.ones((6, 3), bool), np.repeat([0, 1], 3)) == 18 - 6 - 2 * 2


@pytest.mark.parametrize("again", [0, 1, 6])
@pytest.mark.parametrize("seed", range(4))
def test_periods_that_nobody_connects_keep_no_effect(again: int, seed: int) -> None:
    rng = np.random.default_rng(seed)
    units, periods = 60, 8
    seen = np.zeros((units, periods), dtype=bool)
    seen[np.arange(units), np.arange(units) % periods] = True
    seen[np.arange(again), (np.arange(again) + 1) % periods] = True
    z, s2 = np.where(seen, rng.normal(size=seen.shape), np.nan), rng.uniform(1e-4, 0.1, seen.shape)
    result = collapse(z, s2)
    assert np.abs(result.period_effects).max() < 10
    once = seen.sum(axis=1) == 1
    own = np.where(seen, z - result.period_effects, 0.0).sum(axis=1)
    assert result.value[once] == pytest.approx(own[once])
    if not again:
        assert result.period_effects == pytest.approx(0.0)


def test_two_by_two_by_hand() -> None:
    # Units differ by 2 on average, periods by 1; equal weights.
    result = collapse(np.array([[0.0, 1.0], [2.0, 3.0]]), np.full((2, 2), 0.1), transient_variance=0.3)
    assert result.value == pytest.approx([0.5, 2.5])
    assert result.period_effects == pytest.approx([-0.5, 0.5])
    assert result.variance == pytest.approx([0.2, 0.2])


@pytest.mark.parametrize("seed", range(5))
def test_effects_equal_least_squares_with_dummies(seed: int) -> None:
    z, s2 = made(seed)
    result = collapse(z, s2)
    value, periods = brute(z, result.weights)
    assert result.value == pytest.approx(value, abs=1e-8)
    assert result.period_effects == pytest.approx(periods, abs=1e-8)
    assert result.variance == pytest.approx(1 / result.weights.sum(axis=1))


@pytest.mark.parametrize("seed", range(5))
def test_the_moment_equation_is_satisfied(seed: int) -> None:
    z, s2 = made(seed)
    result = collapse(z, s2)
    left = np.nan_to_num(z - result.value[:, None] - result.period_effects)
    assert result.transient_variance > 0
    spare = np.isfinite(z).sum() - z.shape[0] - z.shape[1] + 1
    assert (result.weights * left**2).sum() == pytest.approx(spare, rel=1e-6)


def test_without_shocks_the_variance_is_zero_about_half_the_time_and_otherwise_small() -> None:
    found = [collapse(*made(seed, units=300, shock=0.0)).transient_variance for seed in range(20)]
    assert 3 <= sum(value == 0 for value in found) <= 17
    assert max(found) < 0.05


def test_the_planted_variance_is_recovered() -> None:
    found = [collapse(*made(seed, units=400, shock=0.5)).transient_variance for seed in range(10)]
    assert np.mean(found) == pytest.approx(0.25, rel=0.05)


def test_an_unconnected_panel_uses_its_rank() -> None:
    z, s2 = made(1, missing=0.0)
    z[:20, 3:], z[20:, :3] = np.nan, np.nan
    result = collapse(z, s2)
    left = np.nan_to_num(z - result.value[:, None] - result.period_effects)
    assert (result.weights * left**2).sum() == pytest.approx(np.isfinite(z).sum() - 40 - (5 - 2), rel=1e-6)


def test_units_seen_once_are_kept() -> None:
    z, s2 = made(2, missing=0.0)
    z[:10, 1:] = np.nan
    result = collapse(z, s2)
    assert np.isfinite(result.value).all()
    assert result.variance[:10] == pytest.approx(s2[:10, 0] + result.transient_variance)


def test_equal_values_without_known_noise_do_not_divide_by_zero() -> None:
    result = collapse(np.full((6, 3), 0.1), np.zeros((6, 3)))
    assert result.value == pytest.approx(np.full(6, 0.1))
    assert np.isfinite(result.variance).all()
    assert result.transient_variance < 1e-20


def test_noise_that_is_not_known_is_estimated_with_the_shocks() -> None:
    z, _ = made(3, missing=0.0)
    result = collapse(z, np.zeros(z.shape))
    left = z - result.value[:, None] - result.period_effects
    assert result.transient_variance == pytest.approx((left**2).sum() / (40 * 5 - 40 - 4))


@given(seed=st.integers(0, 10_000), shift=st.floats(-100, 100), factor=st.floats(0.01, 100))
def test_moving_and_stretching(seed: int, shift: float, factor: float) -> None:
    z, s2 = made(seed % 50, units=15)
    plain, moved = collapse(z, s2), collapse(shift + factor * z, factor**2 * s2)
    assert moved.value == pytest.approx(shift + factor * plain.value, rel=1e-6, abs=1e-6 * factor)
    assert moved.transient_variance == pytest.approx(factor**2 * plain.transient_variance, rel=1e-5, abs=1e-9)
    assert moved.variance == pytest.approx(factor**2 * plain.variance, rel=1e-5)


@given(seed=st.integers(0, 10_000))
def test_the_order_of_units_and_periods_does_not_matter(seed: int) -> None:
    z, s2 = made(seed % 50, units=12)
    rng = np.random.default_rng(seed)
    rows, columns = rng.permutation(12), rng.permutation(5)
    plain, mixed = collapse(z, s2), collapse(z[rows][:, columns], s2[rows][:, columns])
    assert mixed.value == pytest.approx(plain.value[rows], abs=1e-7)
    assert mixed.period_effects == pytest.approx(plain.period_effects[columns], abs=1e-7)


def test_many_units_go_block_by_block() -> None:
    z, s2 = made(4, units=8192 + 300, periods=3)
    result = collapse(z, s2)
    left = np.nan_to_num(z - result.value[:, None] - result.period_effects)
    spare = np.isfinite(z).sum() - len(z) - 2
    assert (result.weights * left**2).sum() == pytest.approx(spare, rel=1e-6)


def test_groups_that_move_in_their_own_way_are_collapsed_each_for_itself() -> None:
    z, s2 = made(3)
    groups = np.arange(40) % 2
    own = collapse(z, s2, groups=groups, transient_variance=0.25)
    for g in (0, 1):
        alone = collapse(z[groups == g], s2[groups == g], transient_variance=0.25)
        assert own.value[groups == g] == pytest.approx(alone.value)
        assert own.period_effects[groups == g] == pytest.approx(np.broadcast_to(alone.period_effects, (20, 5)))


def test_shocks_are_not_blown_up_by_what_groups_go_through_together() -> None:
    z, s2 = made(4, units=400, shock=0.5)
    groups = np.arange(400) % 4
    season = 0.8 * np.sin(np.arange(5) + 2.0 * groups[:, None])
    plain, apart_ = (collapse(z + season, s2, groups=by).transient_variance for by in (None, groups))
    assert apart_ == pytest.approx(collapse(z, s2).transient_variance, abs=0.01) == pytest.approx(0.25, abs=0.05)
    assert plain > apart_ + 0.2


def test_groups_are_told_apart_only_where_they_move_apart() -> None:
    f, p = np.transpose([_apart(seed, season=0.0)[:2] for seed in range(200)])
    assert np.mean(f) == pytest.approx(1.0, abs=0.15)
    assert 0.01 <= np.mean(p < 0.05) <= 0.10
    f, p, spread = _apart(0, season=0.5)
    assert p < 1e-6
    assert spread == pytest.approx(0.5 / np.sqrt(2), rel=0.3)


def _apart(seed: int, season: float) -> tuple[float, float, float]:
    z, s2 = made(seed, units=120, shock=0.0, missing=0.1)
    groups = np.arange(120) % 3
    z = z + season * np.sin(2 * np.pi * (np.arange(5) / 5 + groups[:, None] / 3))
    weights = np.where(np.isfinite(z), 1 / s2, 0.0)
    return apart(np.nan_to_num(z), weights, groups)
