"""Several outcomes at once: correlated luck and correlated merit told apart, and a posterior that is calibrated."""

import numpy as np
import pytest

from pdlib.stats.excess import fit_excess
from pdlib.stats.joint import joint_shrink, luck_correlation, merit_covariance, working_cells
from pdlib.stats.panel import collapse
from pdlib.stats.posterior import shrink

MERIT = np.array([[0.25, 0.12], [0.12, 0.16]])
LUCK = np.array([[1.0, -0.5], [-0.5, 1.0]])


def made(seed: int, units: int = 3000) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """True effects, excesses and noise variances of two outcomes."""
    rng = np.random.default_rng(seed)
    truth = rng.multivariate_normal([0, 0], MERIT, units)
    noise = rng.uniform(0.05, 0.6, (units, 2))
    return truth, truth + np.sqrt(noise) * rng.multivariate_normal([0, 0], LUCK, units), noise


def test_independent_outcomes_shrink_one_by_one() -> None:
    _, excess, noise = made(0, 50)
    tau2 = np.diag(MERIT)
    mean, covariance = joint_shrink(excess, noise[:, :, None] * np.eye(2), np.diag(tau2))
    for k in range(2):
        alone, sd = shrink(excess[:, k], noise[:, k], tau2[k])
        assert mean[:, k] == pytest.approx(alone)
        assert np.sqrt(covariance[:, k, k]) == pytest.approx(sd)
    assert covariance[:, 0, 1] == pytest.approx(np.zeros(50))


def test_two_outcomes_by_hand() -> None:
    # T = C = I + .5 off the diagonal: half of the excess is kept, whatever the correlation.
    shape = np.array([[1.0, 0.5], [0.5, 1.0]])
    mean, covariance = joint_shrink(np.array([[1.0, -3.0]]), shape[None], shape)
    assert mean[0] == pytest.approx([0.5, -1.5])
    assert covariance[0] == pytest.approx(shape / 2)


def test_a_noisy_outcome_learns_from_a_clear_one() -> None:
    noise = np.array([[[10.0, 0.0], [0.0, 0.01]]])
    prior = np.array([[1.0, 0.9], [0.9, 1.0]])
    mean, covariance = joint_shrink(np.array([[0.0, 2.0]]), noise, prior)
    assert mean[0, 0] > 1.2
    assert covariance[0, 0, 0] < 0.3


def test_shared_merit_is_found_beside_opposite_luck() -> None:
    found = [merit_covariance(*made(seed)[1:], np.diag(MERIT), LUCK)[0, 1] for seed in range(8)]
    assert np.mean(found) == pytest.approx(0.12, abs=0.012)
    # Products of excesses alone would say that merit on one goes without merit on the other.
    naive = [np.cov(made(seed)[1].T)[0, 1] for seed in range(8)]
    assert np.mean(naive) < 0.03


def test_merit_is_never_more_than_nearly_the_same() -> None:
    _, excess, noise = made(1)
    found = merit_covariance(excess[:, [0, 0]], noise[:, [0, 0]], np.array([0.25, 0.25]), np.eye(2))
    assert found[0, 1] == pytest.approx(0.95 * 0.25)
    assert np.diag(found) == pytest.approx([0.25, 0.25])


def test_a_weighted_sum_is_covered() -> None:
    truth, excess, noise = made(2)
    spread = np.sqrt(noise)
    prior = merit_covariance(excess, noise, np.diag(MERIT), LUCK)
    mean, covariance = joint_shrink(excess, LUCK * spread[:, :, None] * spread[:, None, :], prior)
    weights = np.array([0.6, 0.4])
    sd = np.sqrt(np.einsum("j,ijk,k->i", weights, covariance, weights))
    assert (np.abs(mean @ weights - truth @ weights) <= 1.645 * sd).mean() == pytest.approx(0.90, abs=0.02)


def test_correlated_luck_is_read_off_the_cells() -> None:
    rng = np.random.default_rng(3)
    both = rng.multivariate_normal([0, 0], LUCK, (800, 6)) + rng.normal(size=(800, 1, 2))
    left, weights = [], []
    for k in range(2):
        noise = np.full((800, 6), 1.0)
        result = collapse(both[:, :, k], noise)
        left.append(both[:, :, k] - result.value[:, None] - result.period_effects)
        weights.append(result.weights)
    weights[1] = np.where(rng.random((800, 6)) < 0.3, 0.0, weights[1])
    assert luck_correlation(left, weights)[0, 1] == pytest.approx(-0.5, abs=0.05)
    assert luck_correlation(left, [weights[0], np.zeros((800, 6))])[0, 1] == 0.0


def test_working_cells_are_those_of_the_fit() -> None:
    rng = np.random.default_rng(4)
    n = rng.integers(20, 80, (60, 4)).astype(float)
    y = rng.binomial(n.astype(int), 0.7) / n
    y[3, 1] = np.nan
    fit = fit_excess("proportion", y, n, rng.normal(size=(60, 2)), np.empty((60, 0), dtype=int), sign=-1)
    z, s2 = working_cells(fit, y, n)
    again = collapse(z, s2, transient_variance=fit.collapsed.transient_variance)
    assert again.value == pytest.approx(fit.collapsed.value, abs=1e-4)
    assert np.isnan(z[3, 1])
    assert again.weights[3, 1] == 0
