"""Which came first: planted adoptions are told from practices that follow success."""

import numpy as np
import pytest

from pdlib.stats.timing import Change, adoption_contrast, adoption_course, afterwards, before, within_unit_change

UNITS, PERIODS = 400, 12


def world(seed: int, *, gain: float = 0.0, follows: bool = False) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """A panel in which a fifth of the units take a practice up, at random or after a good run."""
    rng = np.random.default_rng(seed)
    level = rng.normal(size=UNITS)
    shocks = 0.5 * rng.normal(size=(UNITS, PERIODS))
    merit = level + (3 * shocks[:, 2] if follows else 0) + rng.normal(size=UNITS)
    chosen = merit > np.quantile(merit, 0.8) if follows else rng.random(UNITS) < 0.2
    start = np.where(chosen, rng.integers(3, 9, UNITS), PERIODS)
    doing = (np.arange(PERIODS) >= start[:, None]).astype(float)
    z = level[:, None] + 0.2 * rng.normal(size=PERIODS) + shocks + gain * doing
    weights = rng.uniform(2, 6, size=z.shape)
    weights[rng.random(z.shape) < 0.05] = 0
    return np.where(weights > 0, z, 0.0), weights, doing


@pytest.mark.parametrize("method", [within_unit_change, adoption_contrast])
def test_a_planted_gain_is_found_at_its_size(method) -> None:
    found = [method(*world(seed, gain=0.4)) for seed in range(40)]
    inside = [abs(change.estimate - 0.4) <= 1.96 * change.se for change in found]
    assert np.mean([change.estimate for change in found]) == pytest.approx(0.4, abs=0.03)
    assert 0.85 <= np.mean(inside) <= 1.0
    assert np.mean([change.estimate > 1.96 * change.se for change in found]) > 0.95


@pytest.mark.parametrize("method", [within_unit_change, adoption_contrast])
def test_nothing_is_found_where_nothing_was_planted(method) -> None:
    found = [method(*world(seed)) for seed in range(1000, 1150)]
    assert np.mean([abs(change.estimate) > 1.96 * change.se for change in found]) <= 0.13


def test_what_follows_a_good_run_does_not_rise_by_both_yardsticks() -> None:
    rises = []
    for seed in range(40):
        panel = world(seed, follows=True)
        both = within_unit_change(*panel), adoption_contrast(*panel)
        rises.append(all(change.estimate > 1.96 * change.se for change in both))
    assert np.mean(rises) <= 0.05


def test_by_hand() -> None:
    z = np.array([[0.0, 0, 2, 2], [1, 1, 1, 1], [3, 3, 3, 3]])
    doing = np.array([[0.0, 0, 1, 1], [0, 0, 0, 0], [0, 0, 0, 0]])
    assert adoption_contrast(z, np.ones(z.shape), np.vstack([doing, doing])[:3]).units == 0  # one adopter is none
    z, doing = np.vstack([z[0], z]), np.vstack([doing[0], doing])
    after = adoption_contrast(z, np.ones(z.shape), doing)
    assert (after.estimate, after.units) == (2.0, 2)
    within = within_unit_change(z, np.ones(z.shape), doing)
    assert within.estimate == pytest.approx(2.0)


def test_unknown_spells_and_units_that_gave_up_are_no_adopters() -> None:
    nan = np.nan
    once = [0, 0, nan, 1, 1]
    others = [[1, 1, 1, 0, 0], [0, 0, 1, 0, 1], [nan, nan, nan, 1, 1], [0] * 5, [0] * 5]
    for adopters in (1, 2, 3):
        doing = np.array([once] * adopters + others)
        found = adoption_contrast(np.zeros(doing.shape), np.ones(doing.shape), doing)
        assert found.units == (adopters if adopters > 1 else 0)


def ahead(panel: tuple[np.ndarray, np.ndarray, np.ndarray]) -> Change:
    """Results in the period before the practice changed."""
    z, weights, doing = panel
    return within_unit_change(z, weights, afterwards(doing), beside=[doing])


def test_results_before_a_practice_tell_what_follows_them() -> None:
    follows, brings, both = [], [], []
    for seed in range(25):
        z, weights, _ = world(seed)
        z = z + 0.6 * passing(np.random.default_rng(seed), UNITS, PERIODS, 0.6)
        last = np.concatenate([z[:, :1], z[:, :-1]], axis=1) + np.random.default_rng(seed).normal(size=z.shape)
        echo = np.digitize(last, [-0.6, 0.6]).astype(float)
        both.append(within_unit_change(z, weights, echo).p_value < 0.05)
        follows.append(ahead((z, weights, echo)).p_value)
        brings.append(ahead(world(seed, gain=0.4)).p_value)
    assert all(both)  # change within units alone takes it for a practice that brings something
    assert max(follows) < 0.001
    assert np.mean(np.array(brings) < 0.05) <= 0.16


def test_the_only_period_before_adoption_is_left_out() -> None:
    rng = np.random.default_rng(2)
    z = rng.normal(size=(UNITS, 6))
    dipped = z[:, 0] < -0.8
    doing = (dipped[:, None] & (np.arange(6) >= 1)).astype(float)
    panel = z, np.ones(z.shape), doing
    assert within_unit_change(*panel).p_value < 0.001
    assert adoption_contrast(*panel).units == 0
    assert adoption_course(*panel) == {}


def test_a_dip_longer_than_the_period_left_out_shows_two_periods_ahead() -> None:
    found = []
    for seed in range(10):
        rng = np.random.default_rng(seed)
        z = 0.6 * passing(rng, UNITS, PERIODS, 0.6)
        low = (z[:, :-2] + z[:, 1:-1] + 0.4 * rng.normal(size=z[:, 2:].shape)) < -1.6
        doing = np.hstack([np.zeros((UNITS, 2)), np.maximum.accumulate(low, axis=1)])
        panel = z, np.ones(z.shape), doing
        assert adoption_contrast(*panel).p_value < 0.05
        two = afterwards(afterwards(doing))
        found.append(within_unit_change(z, panel[1], two, beside=[doing, afterwards(doing)]).p_value)
    assert min(found) > 0.99


def test_a_result_that_lasts_the_period_of_adoption_is_gone_later() -> None:
    for seed in range(10):
        z, weights, _ = world(seed)
        taken_up = np.maximum.accumulate(z - z.mean(axis=1, keepdims=True) > 1, axis=1).astype(float)
        assert within_unit_change(z, weights, taken_up).p_value < 0.05
        assert within_unit_change(z, weights, before(taken_up)).p_value > 0.2
    assert np.mean([within_unit_change(z, w, before(d)).p_value < 0.2 for z, w, d in map(planted, range(20))]) >= 0.95


def planted(seed: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    return world(seed, gain=0.4)


@pytest.mark.parametrize("method", [within_unit_change, adoption_contrast])
def test_units_of_one_group_do_not_count_as_many_over_time(method) -> None:
    one_by_one, as_groups = [], []
    for seed in range(60):
        rng = np.random.default_rng(seed)
        group = rng.integers(0, 20, 200)
        z = 0.3 * passing(rng, 20, 8, 0.7)[group] + 0.4 * rng.normal(size=(200, 8))
        start = np.where(rng.random(20) < 0.6, rng.integers(2, 8, 20), 8)[group]
        panel = z, np.ones(z.shape), (np.arange(8) >= start[:, None]).astype(float)
        one_by_one.append(method(*panel).p_value < 0.05)
        as_groups.append(method(*panel, group).p_value < 0.05)
    assert np.mean(one_by_one) > 0.12
    assert np.mean(as_groups) <= 0.1


@pytest.mark.parametrize("method", [within_unit_change, adoption_contrast])
def test_changes_in_few_groups_tell_nothing(method) -> None:
    z, weights, doing = world(3, gain=0.4)
    group = np.arange(UNITS) % 40
    doing = np.where((group < 5)[:, None], doing, 0.0)
    assert method(z, weights, doing).p_value < 0.05
    assert np.isnan(method(z, weights, doing, group).p_value)


def test_groups_of_one_are_units() -> None:
    panel = world(4, gain=0.4)
    for method in (within_unit_change, adoption_contrast):
        one, other = method(*panel), method(*panel, np.random.default_rng(1).permutation(UNITS))
        assert other.estimate == pytest.approx(one.estimate)
        assert other.se == pytest.approx(one.se)


def test_before_and_afterwards_look_past_what_is_not_known() -> None:
    nan = np.nan
    doing = np.array([[0, nan, 1, 1], [nan, 1, nan, nan]])
    np.testing.assert_equal(before(doing), [[nan, 0, 0, 1], [nan, nan, 1, 1]])
    np.testing.assert_equal(afterwards(doing), [[1, 1, 1, nan], [1, nan, nan, nan]])


def passing(rng: np.random.Generator, rows: int, periods: int, lasts: float) -> np.ndarray:
    """Shocks of unit spread that pass as fast as said."""
    shocks = rng.normal(size=(rows, periods))
    for p in range(1, periods):
        shocks[:, p] = lasts * shocks[:, p - 1] + np.sqrt(1 - lasts**2) * shocks[:, p]
    return shocks
