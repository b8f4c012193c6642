"""Heavy tails by EM, and averages over the likelihood of tau."""

import numpy as np
import pytest

from pdlib.stats.excess import fit_excess
from pdlib.stats.posterior import shrink, top_probability
from pdlib.stats.reml import fit_reml, solve_given
from pdlib.stats.tails import Mixture, heavy_tails
from pdlib.stats.tau import allow_for_tau, average_over_tau, restricted_criterion


def noisy(seed: int, count: int, *, heavy: bool) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    rng = np.random.default_rng(seed)
    effect = rng.standard_t(3, count) / np.sqrt(3) if heavy else rng.standard_normal(count)
    noise = rng.uniform(0.1, 0.5, count)
    return effect, effect + np.sqrt(noise) * rng.standard_normal(count), noise


def test_one_component_is_the_normal_posterior():
    _, residual, noise = noisy(1, 200, heavy=False)
    mean, sd = shrink(residual, noise, 0.8)
    single = Mixture(np.ones((1, 200)), mean[None], sd[None])
    assert np.allclose(single.mean, mean)
    assert np.allclose(single.sd, sd)
    assert np.allclose(single.top_probability(0.1), top_probability(mean, sd, 0.1)[0], atol=1e-9)


def test_normal_effects_keep_nearly_their_normal_posterior():
    _, residual, noise = noisy(2, 1000, heavy=False)
    posterior, gain = heavy_tails(residual, noise, 1.0)
    assert gain < 8
    assert np.abs(posterior.mean - shrink(residual, noise, 1.0)[0]).max() < 0.35
    assert posterior.top_probability(0.1).sum() == pytest.approx(100, rel=1e-6)


def test_heavy_tails_are_gained_from_and_far_units_shrink_less():
    effect, residual, noise = noisy(3, 1000, heavy=True)
    posterior, gain = heavy_tails(residual, noise, 1.0)
    normal = shrink(residual, noise, 1.0)[0]
    assert gain > 30
    far = np.abs(residual) > 3
    assert (np.abs(posterior.mean[far]) > np.abs(normal[far])).mean() > 0.9
    assert np.mean((posterior.mean - effect) ** 2) < np.mean((normal - effect) ** 2)


def test_equal_units_have_equal_chances():
    same = Mixture(np.ones((2, 5)) / 2, np.zeros((2, 5)), np.zeros((2, 5)))
    assert np.allclose(same.top_probability(0.2), 0.2)


def small(seed: int, tau: float, count: int = 40) -> tuple[np.ndarray, ...]:
    rng = np.random.default_rng(seed)
    v = rng.uniform(0.2, 0.6, count)
    features = np.column_stack([np.ones(count), rng.standard_normal((count, 2))])
    return tau * rng.standard_normal(count) + np.sqrt(v) * rng.standard_normal(count), v, features, np.zeros(3, int)


def test_the_criterion_is_least_at_the_estimate():
    z, v, features, blocks = small(1, 1.0)
    fit = fit_reml(z, v, features, blocks)
    own = restricted_criterion(fit, blocks)
    others = [solve_given(z, v, features, blocks, factor * fit.tau2, np.zeros(0)) for factor in (0.8, 0.95, 1.05, 1.25)]
    assert all(restricted_criterion(each, blocks) > own for each in others)


def test_the_average_is_wider_than_the_estimate_alone_and_close_to_it():
    z, v, features, blocks = small(2, 1.0)
    fit = fit_reml(z, v, features, blocks)
    averaged = average_over_tau(z, v, features, blocks, fit)
    mean, sd = shrink(fit.left_out_residual, fit.left_out_variance - fit.tau2, fit.tau2)
    assert np.allclose(averaged.weights.sum(axis=0), 1)
    assert np.corrcoef(averaged.mean, mean)[0, 1] > 0.999
    assert averaged.sd.mean() > sd.mean()
    assert averaged.sd.mean() < 1.3 * sd.mean()


def test_where_the_estimate_is_zero_the_average_still_allows_for_differences():
    z, v, features, blocks = next(
        data for data in (small(seed, 0.0) for seed in range(20)) if fit_reml(*data).tau2 == 0.0
    )
    averaged = average_over_tau(z, v, features, blocks, fit_reml(z, v, features, blocks))
    assert (averaged.sd > 0).all()
    assert np.abs(averaged.mean).max() < 0.5 * np.abs(z).max()


def test_fewer_units_cover_better_once_tau_is_averaged_over():
    hit = np.zeros(2)
    for seed in range(150):
        rng = np.random.default_rng(seed)
        v, effect = rng.uniform(0.5, 1.5, 15), rng.standard_normal(15)
        z, one = effect + np.sqrt(v) * rng.standard_normal(15), np.ones((15, 1))
        fit = fit_reml(z, v, one, np.zeros(1, int))
        mean, sd = shrink(fit.left_out_residual, fit.left_out_variance - fit.tau2, fit.tau2)
        averaged = average_over_tau(z, v, one, np.zeros(1, int), fit)
        reach = 1.645 * np.array([sd, averaged.sd])
        hit += (np.abs(np.array([mean, averaged.mean]) - effect) <= reach).mean(axis=1)
    alone, over = hit / 150
    assert over > alone + 0.02
    assert 0.85 < over < 0.95


@pytest.mark.parametrize(("count", "changed"), [(99, True), (100, False)])
def test_only_fits_of_few_units_are_averaged(count, changed):
    rng = np.random.default_rng(7)
    y = rng.standard_normal((count, 1)) + rng.standard_normal((count, 4))
    fit = fit_excess("mean", y, np.ones((count, 4)), np.empty((count, 0)), np.empty((count, 0), int), item_variance=1.0)
    allowed = allow_for_tau(fit)
    assert (allowed is not fit) == changed
    assert (allowed.sd.mean() > fit.sd.mean()) == changed
    assert np.array_equal(allowed.residual, fit.residual)
