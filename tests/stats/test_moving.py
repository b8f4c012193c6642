"""Conditions that move: whatever goes with them within units, the units come out as if nothing had moved."""

import numpy as np
import pytest

from pdlib.stats.basis import fit_basis
from pdlib.stats.excess import ExcessFit, fit_excess
from pdlib.stats.moving import common, follow, level_shares, slopes_within, unit_means, without_gaps
from pdlib.stats.panel import two_way_products, two_way_residuals

UNITS, PERIODS, SEEDS = 60, 8, 3
NONE = np.empty((UNITS, 0), dtype=int)
EVER = np.ones((UNITS, PERIODS), dtype=bool)


def walks(rng: np.random.Generator, step: float, periods: int = PERIODS) -> np.ndarray:
    walk = np.cumsum(step * rng.standard_normal((UNITS, periods)), axis=1)
    return walk - walk.mean(axis=1, keepdims=True)


def rough(rng: np.random.Generator, periods: int = PERIODS) -> tuple[np.ndarray, np.ndarray]:
    """Merit of units (SD .5) and what befalls them by the period (SD .2)."""
    return 0.5 * rng.standard_normal(UNITS), 0.2 * rng.standard_normal((UNITS, periods))


def fitted(y: np.ndarray, x: np.ndarray, categories: np.ndarray = NONE, **extra: object) -> ExcessFit:
    return fit_excess("mean", y, np.where(np.isfinite(y), 50.0, 0.0), x, categories, **{"item_variance": 0.0, **extra})


@pytest.mark.parametrize(("step", "within", "periods"), [(0.5, 1.0, 8), (0.5, 0.3, 8), (2.0, 0.0, 8), (1.0, -1.0, 4)])
def test_slopes_within_units_may_differ_from_those_between(step: float, within: float, periods: int) -> None:
    for seed in range(SEEDS):
        rng = np.random.default_rng(seed)
        own, walk, (merit, noise) = rng.standard_normal((UNITS, 1)), walks(rng, step, periods), rough(rng, periods)
        y = own + merit[:, None] + noise
        moving = fitted(y + within * walk, (own + walk)[:, :, None])
        still = fitted(y, own)
        assert not moving.spells.credible
        assert np.sqrt(moving.persistent_variance) == pytest.approx(np.sqrt(still.persistent_variance), rel=0.05)
        assert np.corrcoef(moving.effect, still.effect)[0, 1] > 0.97
        slope = np.vdot(moving.drift, walk) / np.vdot(walk, walk)
        assert slope == pytest.approx(within, abs=0.1)


def test_bends_that_are_the_same_within_lose_nothing() -> None:
    for seed in range(SEEDS):
        rng = np.random.default_rng(seed)
        own, walk, (merit, noise) = rng.standard_normal((UNITS, 1)), walks(rng, 0.5), rough(rng)
        x = own + walk
        fit = fitted(np.where(x > 0, 1.5 * x, 0.3 * x) + merit[:, None] + noise, x[:, :, None])
        assert not fit.spells.credible
        assert np.sqrt(fit.persistent_variance) == pytest.approx(merit.std(), rel=0.15)
        assert np.corrcoef(fit.residual, merit)[0, 1] > 0.93


def test_a_bend_within_units_alone_is_followed() -> None:
    rng = np.random.default_rng(1)
    own, walk, (merit, noise) = rng.standard_normal((UNITS, 1)), walks(rng, 1.0), rough(rng)
    bent = np.abs(own + walk)
    fit = fitted(own + bent - bent.mean(axis=1, keepdims=True) + merit[:, None] + noise, (own + walk)[:, :, None])
    assert fit.collapsed.transient_variance < 2 * 0.2**2
    straight = fitted(own + bent + merit[:, None] + noise, (own + walk)[:, :, None], bends=False)
    assert straight.collapsed.transient_variance > 4 * 0.2**2


def test_slopes_that_differ_by_unit_are_met_in_the_middle() -> None:
    for seed in range(SEEDS):
        rng = np.random.default_rng(seed)
        own, walk, (merit, noise) = rng.standard_normal((UNITS, 1)), walks(rng, 0.5), rough(rng)
        y = own + (0.5 + 0.3 * rng.standard_normal((UNITS, 1))) * walk + merit[:, None] + noise
        fit = fitted(y, (own + walk)[:, :, None])
        assert np.sqrt(fit.persistent_variance) == pytest.approx(merit.std(), rel=0.15)


def test_a_share_as_outcome() -> None:
    rng = np.random.default_rng(3)
    own, walk, (merit, noise) = rng.standard_normal((UNITS, 1)), walks(rng, 1.0), rough(rng)
    share = 1 / (1 + np.exp(-(own + merit[:, None] + noise)))
    n = np.full(share.shape, 400)
    fit = fit_excess("proportion", rng.binomial(n, share) / n, n.astype(float), (own + walk)[:, :, None], NONE)
    assert not fit.spells.credible
    assert np.sqrt(fit.persistent_variance) == pytest.approx(merit.std(), rel=0.12)


def test_many_conditions_that_move_do_not_pass_for_less_noise() -> None:
    found = []
    for seed in range(6):
        rng = np.random.default_rng(seed)
        x = rng.standard_normal((UNITS, 1, 6)) + np.stack([walks(rng, 0.5, 4) for _ in range(6)], axis=2)
        merit, noise = rough(rng, 4)
        found.append(fitted(merit[:, None] + noise, x).collapsed.transient_variance)
    assert np.mean(found) == pytest.approx(0.2**2, rel=0.12)


# -- the unit mean ------------------------------------------------------------------------------------------------


def test_each_period_counts_once_in_the_mean_of_a_unit() -> None:
    """With the weights of the outcome, a busy month would move what a unit should reach."""
    rng = np.random.default_rng(2)
    own, walk, (merit, noise) = rng.standard_normal((UNITS, 1)), walks(rng, 2.0), rough(rng)
    n = np.exp(rng.normal(3, 1, (UNITS, PERIODS)))
    y = own + merit[:, None] + noise + 2 * rng.standard_normal(n.shape) / np.sqrt(n)
    moving = fit_excess("mean", y, n, (own + walk)[:, :, None], NONE, item_variance=4.0)
    still = fit_excess("mean", y, n, own, NONE, item_variance=4.0)
    assert np.corrcoef(moving.effect, still.effect)[0, 1] > 0.98


def test_a_season_that_some_units_miss_in_part_is_not_taken_for_a_lasting_difference() -> None:
    rng = np.random.default_rng(4)
    season = 3 * np.sin(2 * np.pi * np.arange(PERIODS) / PERIODS)
    own = rng.standard_normal(UNITS)
    seen = rng.random((UNITS, PERIODS)) > 0.3
    seen[:, 0] |= ~seen.any(axis=1)
    values = np.where(seen, own[:, None] + season, np.nan)
    assert unit_means(values[:, :, None], seen)[:, 0] == pytest.approx(own + season.mean(), abs=1e-9)
    assert without_gaps(values[:, :, None], seen)[:, :, 0] == pytest.approx(own[:, None] + season)


def test_nothing_is_known_of_some_units_and_large_values_keep_their_digits() -> None:
    values = 2e9 + np.arange(3.0)[:, None] + np.array([0.0, 1.0])
    values[1] = np.nan
    found = common(values, np.ones((3, 2), dtype=bool))
    assert np.isnan(found[1]).all()
    assert found[[0, 2]] == pytest.approx(values[[0, 2]], rel=1e-15)


def test_groups_have_courses_of_their_own() -> None:
    rng = np.random.default_rng(5)
    groups = np.arange(UNITS) % 2
    course = rng.standard_normal((2, PERIODS))[groups]
    values = rng.standard_normal((UNITS, 1)) + course
    assert common(values, EVER, groups) == pytest.approx(values)
    assert np.abs(common(values, EVER) - values).max() > 0.1
    basis = fit_basis(values.mean(axis=1)[:, None], NONE)
    assert follow(basis, values[:, :, None], NONE, EVER, groups).deviations.shape[2] < len(basis.blocks) - 1


# -- what drops out -----------------------------------------------------------------------------------------------


def test_a_month_of_the_year_is_left_to_the_periods() -> None:
    rng = np.random.default_rng(6)
    own, (merit, noise) = rng.standard_normal((UNITS, 1)), rough(rng)
    y = own + 0.1 * np.arange(PERIODS) ** 2 + merit[:, None] + noise
    y[rng.random(y.shape) < 0.2] = np.nan
    x = np.stack(np.broadcast_arrays(own, np.arange(1.0, PERIODS + 1)), axis=2)
    with_month, without = fitted(y, x), fitted(y, own)
    assert with_month.effect == pytest.approx(without.effect, abs=1e-6)
    assert np.abs(with_month.drift).max() < 1e-9


@pytest.mark.parametrize("own_share", [0.0, 0.003])
def test_columns_with_next_to_nothing_of_their_own_drop(own_share: float) -> None:
    rng = np.random.default_rng(7)
    course = np.linspace(-1, 1, PERIODS) * 5
    x = rng.standard_normal((UNITS, 1)) + course + np.sqrt(own_share) * course.std() * rng.standard_normal(EVER.shape)
    basis = fit_basis(x.mean(axis=1)[:, None], NONE, bends=False, products=False)
    moving = follow(basis, x[:, :, None], NONE, EVER)
    assert moving.deviations.shape == (UNITS, PERIODS, 0)
    assert slopes_within(moving, x, np.ones(x.shape)).spent == 0.0


def test_conditions_that_do_not_move_stay_as_they_are_beside_one_that_does() -> None:
    rng = np.random.default_rng(8)
    x = np.repeat(rng.standard_normal((UNITS, 1, 2)), PERIODS, axis=1)
    x[:, :, 1] += walks(rng, 0.5)
    basis = fit_basis(unit_means(x, EVER), NONE)
    moving = follow(basis, x, NONE, EVER)
    alone = [k for k, owners in enumerate(basis.owners) if 1 not in owners]
    assert (moving.features[:, alone] == basis.columns(x[:, 0], NONE)[:, alone]).all()
    assert moving.deviations.shape[2] == len(basis.owners) - len(alone)
    assert moving.deviations.sum(axis=1) == pytest.approx(0, abs=1e-9)


# -- categories ---------------------------------------------------------------------------------------------------


def test_a_category_that_moves_counts_period_by_period() -> None:
    """Units on a campaign do better while it runs; which level is their most frequent one says little of that."""
    rng = np.random.default_rng(9)
    on = (np.cumsum(rng.random((UNITS, PERIODS)) < 0.15, axis=1) % 2).astype(int)
    merit, noise = rough(rng)
    moving = fitted(merit[:, None] + noise + 1.5 * on, np.empty((UNITS, 0)), on[:, :, None])
    still = fitted(merit[:, None] + noise, np.empty((UNITS, 0)))
    assert not moving.spells.credible
    assert moving.collapsed.transient_variance == pytest.approx(still.collapsed.transient_variance, rel=0.05)
    assert np.corrcoef(moving.effect, still.effect)[0, 1] > 0.97
    assert level_shares(on[:, :, None], EVER)[0][:, 1] == pytest.approx(on.mean(axis=1))


def test_a_category_in_every_period_alike_is_one_of_the_unit() -> None:
    rng = np.random.default_rng(10)
    codes, (merit, noise) = rng.integers(0, 9, (UNITS, 1)), rough(rng)
    y, x = merit[:, None] + noise + 0.1 * codes, rng.standard_normal((UNITS, 1))
    plain, repeated = fitted(y, x, codes), fitted(y, x, np.repeat(codes[:, None], PERIODS, axis=1))
    assert repeated.effect == pytest.approx(plain.effect, abs=1e-6)
    assert np.abs(repeated.drift).max() == 0


# -- by brute force -----------------------------------------------------------------------------------------------


def test_products_are_those_of_two_way_residuals() -> None:
    rng = np.random.default_rng(11)
    columns, z = rng.standard_normal((UNITS, PERIODS, 3)), rng.standard_normal((UNITS, PERIODS)) + 1e4
    weights = rng.uniform(0.5, 2, z.shape) * (rng.random(z.shape) > 0.2)
    weights[:, 0] += 0.1
    groups = np.arange(UNITS) // 30
    products, right = two_way_products(columns, z, weights, groups)
    left = np.stack([two_way_residuals(columns[:, :, k], weights, groups) for k in range(3)], axis=2)
    rest = two_way_residuals(z - z.mean(), weights, groups)
    assert products == pytest.approx(np.einsum("np,npj,npk->jk", weights, left, left))
    assert right == pytest.approx(np.einsum("np,npj,np->j", weights, left, rest))


def test_straight_slopes_are_least_squares_and_cost_a_degree_of_freedom_each() -> None:
    rng = np.random.default_rng(12)
    x = np.stack([walks(rng, 1.0), walks(rng, 1.0)], axis=2)
    z = x @ [0.7, -0.4] + 0.1 * rng.standard_normal(EVER.shape)
    weights = rng.uniform(0.5, 2, z.shape)
    basis = fit_basis(rng.standard_normal((UNITS, 2)), NONE, bends=False, products=False)
    found = slopes_within(follow(basis, x, NONE, EVER), z, weights)
    left = np.stack([two_way_residuals(x[:, :, k], weights) for k in range(2)], axis=2)
    root = np.sqrt(weights)[..., None]
    slopes = np.linalg.lstsq((left * root).reshape(-1, 2), (two_way_residuals(z, weights) * root[..., 0]).ravel())[0]
    deviations = np.stack([two_way_residuals(x[:, :, k], np.ones(z.shape)) for k in range(2)], axis=2)
    assert found.drift == pytest.approx(deviations @ slopes, abs=1e-9)
    assert found.spent == pytest.approx(2.0)
