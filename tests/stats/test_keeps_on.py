"""Steps that owe nothing to each other, alike or shrinking; rounding taken out; figures carried forward."""

import numpy as np
import pytest

from pdlib.stats.carried import few_changes, spread_shares
from pdlib.stats.keeps_on import find_keeps_on, step_of

Array = np.ndarray


def fresh(seed: int, units: int = 60, periods: int = 24) -> Array:
    rng = np.random.default_rng(seed)
    return 7 + rng.normal(0, 0.3, (units, 1)) + rng.normal(0, 0.25, (units, periods))


def to_date(y: Array) -> Array:
    return np.cumsum(y, axis=1) / np.arange(1, y.shape[1] + 1)


@pytest.mark.parametrize("held", [0, 2, 9])
def test_a_mean_of_all_before_is_known_from_whatever_period_it_is_seen(held: int) -> None:
    for seed in range(5):
        found = find_keeps_on(np.round(to_date(fresh(seed, periods=36))[:, held:], 2))
        assert (found.kind, found.starts) == ("running", (0,))


def test_where_it_starts_anew_is_found() -> None:
    y = fresh(1, periods=27)
    shown = np.concatenate([to_date(y[:, :12])[:, 9:], to_date(y[:, 12:24]), to_date(y[:, 24:])], axis=1)
    assert find_keeps_on(shown).starts == (0, 3, 15)


def test_steps_that_do_not_go_back_keep_on_and_honest_spells_do_not() -> None:
    rng = np.random.default_rng(2)
    steps = rng.normal(0, 0.1, (200, 12))
    spells = steps.copy()
    for t in range(1, 12):
        spells[:, t] = 0.8 * spells[:, t - 1] + 0.6 * steps[:, t]
    assert find_keeps_on(np.cumsum(steps, axis=1)).kind == "overlapping"
    assert find_keeps_on(spells).kind == find_keeps_on(fresh(1)).kind == ""


def test_the_unit_of_measure_and_the_order_of_units_do_not_matter() -> None:
    y = to_date(fresh(3))
    for other in (12 - y, 1e5 * y, y[::-1]):
        assert find_keeps_on(other).kind == find_keeps_on(y).kind == "running"


@pytest.mark.parametrize("shape", [(10, 24), (60, 3), (60, 1)])
def test_too_few_to_tell(shape: tuple[int, int]) -> None:
    assert find_keeps_on(to_date(fresh(1, *shape))).kind == ""


def test_the_step_of_rounding() -> None:
    assert step_of(np.array([7.25, 3.5, np.nan])) == pytest.approx(0.01)
    assert step_of(np.array([1200.0, 300.0])) == pytest.approx(100)
    assert step_of(np.array([np.pi])) == 0


def test_spikes_at_nothing_are_copies_and_coarse_scales_are_none() -> None:
    y = np.round(fresh(4, periods=12), 2)
    kept = np.random.default_rng(1).random(y.shape) < 0.8
    for t in range(1, 12):
        y[:, t] = np.where(kept[:, t], y[:, t - 1], y[:, t])
    assert few_changes(y) == pytest.approx(0.8, abs=0.05)
    assert few_changes(np.round(fresh(4, periods=12), 2)) == 0
    steady = 7 + np.random.default_rng(2).normal(0, 1, (60, 1)) + np.random.default_rng(3).normal(0, 0.05, (60, 12))
    assert few_changes(np.round(steady, 1)) == 0


def test_spread_within_and_between() -> None:
    within, between = spread_shares(fresh(5, units=2000, periods=12))
    assert within == pytest.approx(0.25**2, rel=0.05)
    assert between == pytest.approx(0.3**2 + 0.25**2 / 12, rel=0.1)


def test_an_empty_period_or_unit_does_no_harm() -> None:
    y = to_date(fresh(6))
    y[:, 7] = y[3] = np.nan
    assert find_keeps_on(y).kind == "running"
    assert few_changes(y) == 0
    within, between = spread_shares(y)
    assert 0 < within < between
