"""Counts that run up through the year: found, told from growth and seasons, and undone to the last unit."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pdlib.stats.run_up import runs_up, undo_run_up

Array = np.ndarray
UNITS = 50


def months(
    periods: int = 24, *, n: float = 60, profile: Array | None = None, share: float = 0.7, seed: int = 1
) -> tuple[Array, Array]:
    """(N, P) successes and answers, each month new."""
    rng = np.random.default_rng(seed)
    usual = n * np.exp(0.4 * rng.standard_normal((UNITS, 1))) * (np.ones(periods) if profile is None else profile)
    size = rng.poisson(usual) + 1
    return rng.binomial(size, share), size


def summed(values: Array, year: Array) -> Array:
    """Sums since the start of each year."""
    return np.concatenate([values[:, year == each].cumsum(axis=1) for each in np.unique(year)], axis=1)


def rows(*grids: Array) -> tuple[Array, ...]:
    """Unit and period of each cell, and the grids as columns."""
    unit, period = np.indices(grids[0].shape)
    return unit.ravel(), period.ravel(), *(grid.ravel() for grid in grids)


@pytest.mark.parametrize("first", [0, 3, 6, 9], ids=["January", "April", "July", "October"])
@pytest.mark.parametrize("given_year", [False, True])
def test_counts_that_run_up_are_found_whatever_month_the_year_starts_in(first: int, given_year: bool) -> None:
    year = (np.arange(24) + 12 - first) // 12
    unit, period, amount, n = rows(*(summed(each, year) for each in months()))
    found = runs_up(unit, period, amount, n, year=year[period] if given_year else None)
    assert found.found
    assert found.starts == tuple(np.flatnonzero(np.diff(year)) + 1)
    assert found.falls == 0.0


def test_a_window_without_a_new_year_is_found_too() -> None:
    year = np.zeros(12, dtype=int)
    whole = [summed(each, year) for each in months(12)]
    for part in (slice(0, 12), slice(2, 11), slice(0, 3)):
        unit, period, amount, n = rows(*(each[:, part] for each in whole))
        assert runs_up(unit, period, amount, n).found


def test_a_few_corrections_and_gaps_do_not_hide_it() -> None:
    year = np.arange(24) // 12
    amount, n = (summed(each, year).astype(float) for each in months())
    rng = np.random.default_rng(2)
    wrong = rng.random(n.shape) < 0.01
    amount, n = (np.where(wrong, np.round(0.9 * each), each) for each in (amount, n))
    unit, period, amount, n = rows(amount, n)
    there = rng.random(len(unit)) > 0.1
    assert runs_up(unit[there], period[there], amount[there], n[there]).found


@pytest.mark.parametrize(
    ("profile", "n"),
    [
        (np.ones(24), 60),
        (1.1 ** np.arange(12), 5000),
        (1.3 ** np.arange(6), 30_000),
        (np.tile([1.0, 1.3, 1.6, 2.2], 3), 1000),
        (np.tile([1.0, 2.0], 6), 1000),
        (np.arange(1.0, 13.0), 3000),
    ],
    ids=["level", "growth", "fast growth", "quarters that rise to Christmas", "two seasons", "a launch"],
)
def test_growth_and_seasons_are_no_running_up(profile: Array, n: float) -> None:
    for seed in range(5):
        unit, period, amount, size = rows(*months(len(profile), n=n, profile=profile, seed=seed))
        assert not runs_up(unit, period, amount, size).found


def test_members_who_grow_in_number_do_not_run_up() -> None:
    rng = np.random.default_rng(3)
    members = rng.poisson(3.0, (UNITS, 24)).cumsum(axis=1) + 50
    unit, period, amount, n = rows(rng.poisson(0.1 * members), members)
    assert not runs_up(unit, period, amount, n).found


@given(st.integers(0, 2**32 - 1))
def test_differences_undo_sums(seed: int) -> None:
    amount, _ = months(18, seed=seed)
    year = (np.arange(18) + 3) // 12
    place = (np.arange(18) + 3) % 12 + 1
    unit, period, sums = rows(summed(amount, year))
    order = np.random.default_rng(seed).permutation(len(unit))
    fresh, covers = undo_run_up(unit[order], year[period][order], place[period][order], sums[order])
    assert (fresh == amount.ravel()[order]).all()
    assert (covers == np.where(period[order] == 0, 4, 1)).all()  # the first figure holds January to April


def test_after_a_gap_a_figure_covers_the_months_that_are_not_there() -> None:
    one = np.zeros(4, dtype=int)
    fresh, covers = undo_run_up(one, np.array([0, 0, 0, 1]), np.array([1, 4, 5, 2]), np.array([3.0, 9.0, 8.0, 5.0]))
    assert fresh.tolist() == [3.0, 6.0, -1.0, 5.0]
    assert covers.tolist() == [1, 3, 1, 2]
