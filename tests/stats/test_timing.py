"""Which came first: planted adoptions are told from practices that follow success."""

import numpy as np
import pytest

from pdlib.stats.timing import adoption_contrast, within_unit_change

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
