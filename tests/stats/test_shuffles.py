"""Shuffles within strata: who changes places with whom, scipy, and a largest difference that chance would show."""

import numpy as np
import pytest
from scipy.stats import permutation_test

from pdlib.stats.shuffles import in_blocks, shuffle_test, shuffled


def test_values_stay_in_their_stratum_and_every_order_comes_up() -> None:
    values, stratum = np.array([1.0, 2.0, 10.0, 20.0, 30.0]), np.array([0, 0, 1, 1, 1])
    drawn = shuffled(values, stratum, 600, np.random.default_rng(0))
    assert (np.sort(drawn[:, :2], axis=1) == [1, 2]).all()
    assert (np.sort(drawn[:, 2:], axis=1) == [10, 20, 30]).all()
    orders, counts = np.unique(drawn, axis=0, return_counts=True)
    assert len(orders) == 12
    assert counts.min() > 25


def test_blocks_add_up() -> None:
    assert in_blocks(1200) == [500, 500, 200]
    assert in_blocks(500) == [500]
    assert in_blocks(3, size=2) == [2, 1]


def test_p_value_alone_agrees_with_scipy() -> None:
    rng = np.random.default_rng(1)
    done = (rng.random(60) < 0.4).astype(float)
    response = 0.5 * done + rng.standard_normal(60)
    alone, family = shuffle_test(response, done[:, None], np.zeros(60, dtype=int), draws=8000, seed=2)
    peer = permutation_test(
        (response[done == 1], response[done == 0]),
        lambda a, b, axis: a.mean(axis=axis) - b.mean(axis=axis),
        vectorized=True, n_resamples=8000, rng=np.random.default_rng(3),
    )  # fmt: skip
    assert alone[0] == pytest.approx(peer.pvalue, abs=0.015)
    assert family[0] == alone[0]


def test_p_is_never_zero_and_the_family_is_stricter() -> None:
    rng = np.random.default_rng(4)
    x = rng.standard_normal((200, 30))
    response = x[:, 0] + rng.standard_normal(200)
    alone, family = shuffle_test(response, x, rng.integers(0, 4, 200), draws=400)
    assert alone[0] == family[0] == pytest.approx(1 / 401)
    assert (family >= alone).all()


def test_a_practice_that_only_the_strata_bring_is_not_found() -> None:
    rng = np.random.default_rng(5)
    stratum = rng.integers(0, 3, 300)
    done = (rng.random(300) < 0.2 + 0.3 * stratum).astype(float)
    response = stratum + 0.5 * rng.standard_normal(300)
    within = shuffle_test(response, done[:, None], stratum, draws=400)[0]
    across = shuffle_test(response, done[:, None], np.zeros(300, dtype=int), draws=400)[0]
    assert within[0] > 0.05
    assert across[0] < 0.01
