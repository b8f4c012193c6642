"""No count below the rule is shown, and none can be worked out from what is."""

import itertools

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pdlib.stats.small_numbers import hide_small, recoverable


def test_a_single_small_count_takes_its_neighbour_along():
    assert hide_small(np.array([3.0, 12.0, 40.0]), 10).tolist() == [True, True, False]
    assert hide_small(np.array([3.0, 12.0, 40.0]), 10, totals=False).tolist() == [True, False, False]
    assert not hide_small(np.array([10.0, 12.0, 40.0]), 10).any()


def test_two_zeros_under_a_total_give_each_other_away():
    """0 + 0 is the only sum that makes the difference to the total, so a third cell has to go."""
    counts = np.array([0.0, 0.0, 12.0, 40.0])
    assert recoverable(counts, np.array([True, True, False, False])).tolist() == [True, True, False, False]
    assert hide_small(counts, 10).tolist() == [True, True, True, False]


def test_a_small_cell_in_a_table_needs_a_rectangle():
    counts = np.array([[4.0, 20.0, 30.0], [25.0, 22.0, 31.0], [40.0, 41.0, 42.0]])
    hidden = hide_small(counts, 5)
    assert hidden[0, 0]
    assert all(hidden[row].sum() != 1 for row in range(3))
    assert all(hidden[:, column].sum() != 1 for column in range(3))
    assert not recoverable(counts, hidden).any()


def brute_force(counts, hidden):
    """Try every way to fill the hidden cells; a cell that is the same in all of them is found."""
    cells = np.argwhere(hidden)
    ways = []
    for filling in itertools.product(range(int(counts.sum()) + 1), repeat=len(cells)):
        trial = counts.copy()
        for cell, value in zip(cells, filling, strict=True):
            trial[tuple(cell)] = value
        if all(np.allclose(trial.sum(axis), counts.sum(axis)) for axis in range(counts.ndim)):
            ways.append(filling)
    found = np.zeros(counts.shape, dtype=bool)
    for position, cell in enumerate(cells):
        found[tuple(cell)] = len({way[position] for way in ways}) == 1
    return found


@pytest.mark.parametrize(
    "hidden", [[[1, 0], [0, 0]], [[1, 1], [0, 0]], [[1, 0], [0, 1]], [[1, 1], [1, 0]], [[1, 1], [1, 1]]]
)
def test_the_attack_finds_what_trying_everything_finds(hidden):
    counts, mask = np.array([[1.0, 2.0], [3.0, 2.0]]), np.array(hidden, dtype=bool)
    assert recoverable(counts, mask).tolist() == brute_force(counts, mask).tolist()


@given(st.lists(st.integers(0, 60), min_size=1, max_size=12), st.sampled_from([5, 10]))
def test_no_list_gives_a_small_count_away(values, k):
    counts = np.array(values, dtype=float)
    hidden = hide_small(counts, k)
    assert hidden[counts < k].all()
    assert hidden.all() or not recoverable(counts, hidden).any()


@pytest.mark.parametrize("seed", range(6))
def test_no_table_gives_a_small_count_away(seed):
    counts = np.random.default_rng(seed).poisson(12, (5, 4)).astype(float)
    hidden = hide_small(counts, 10)
    assert hidden[counts < 10].all()
    assert not recoverable(counts, hidden).any()
    assert not hidden.all()
