"""Partial pooling of estimates: by hand, by drawing, its ends, and planted differences between places."""

import numpy as np
import pytest

from pdlib.stats.pooling import pool


def test_differences_by_hand() -> None:
    # Σ (x − .3)² / .01 = 8 on two degrees of freedom: I² = 3/4.
    pooled = pool(np.array([0.1, 0.3, 0.5]), np.full(3, 0.1))
    assert pooled.inconsistency == pytest.approx(0.75)
    assert pooled.p_value == pytest.approx(np.exp(-4))
    assert pooled.mean == pytest.approx(0.3)
    assert 0.1 < pooled.estimate[0] < 0.3 < pooled.estimate[2] < 0.5


def test_the_posterior_agrees_with_drawing_from_it() -> None:
    estimate, se = np.array([0.1, 0.6, 0.3, 0.2]), np.array([0.1, 0.2, 0.1, 0.3])
    rng = np.random.default_rng(1)
    tau = rng.uniform(0, 3 * np.ptp(estimate), 200_000)
    mean = rng.uniform(-5, 5, 200_000)
    total = se**2 + tau[:, None] ** 2
    weight = np.exp(-0.5 * (np.log(total) + (estimate - mean[:, None]) ** 2 / total).sum(axis=1))
    share = tau[:, None] ** 2 / total
    drawn = mean[:, None] + share * (estimate - mean[:, None]) + se * np.sqrt(share) * rng.standard_normal((200_000, 4))
    expected = np.average(drawn, axis=0, weights=weight)
    spread = np.sqrt(np.average((drawn - expected) ** 2, axis=0, weights=weight))
    pooled = pool(estimate, se)
    assert pooled.estimate == pytest.approx(expected, abs=0.01)
    assert pooled.se == pytest.approx(spread, abs=0.01)


def test_what_is_known_exactly_stays_and_what_is_not_known_joins_the_others() -> None:
    pooled = pool(np.array([0.0, 1.0, 0.5, 9.0]), np.array([1e-3, 1e-3, 1e-3, 1e3]))
    assert pooled.estimate[:3] == pytest.approx([0.0, 1.0, 0.5], abs=1e-3)
    assert pooled.estimate[3] == pytest.approx(pooled.mean, abs=0.01)
    assert pooled.se[3] > pooled.mean_se


def test_intervals_hold_the_truth_and_differences_are_noticed() -> None:
    rng = np.random.default_rng(1)
    inside, noticed, none = [], [], []
    for _ in range(400):
        se = rng.uniform(0.1, 0.4, 8)
        truth = 0.5 + 0.3 * rng.standard_normal(8)
        pooled = pool(truth + se * rng.standard_normal(8), se)
        inside.append(np.mean(np.abs(pooled.estimate - truth) <= 1.96 * pooled.se))
        noticed.append(pooled.p_value < 0.05)
        none.append(pool(0.5 + se * rng.standard_normal(8), se).p_value < 0.05)
    assert np.mean(inside) == pytest.approx(0.95, abs=0.025)
    assert np.mean(noticed) > 0.6
    assert np.mean(none) == pytest.approx(0.05, abs=0.035)
