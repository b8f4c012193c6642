"""Pairs that pay together: planted and found, travelling pairs fall, nothing found in nothing."""

import numpy as np
import pytest

from pdlib.stats.contrast import adjusted_contrasts
from pdlib.stats.pairs import Pairs, search_pairs


def world(seed: int, gain: float = 0.0, units: int = 600) -> Pairs:
    """Twelve practices; 0 and 1 pay together and not alone, 2 travels with 0."""
    rng = np.random.default_rng(seed)
    latent = rng.standard_normal((units, 12))
    latent[:, 2] = 0.7 * latent[:, 0] + 0.7 * latent[:, 2]
    done = (latent > 0.3).astype(float)
    context = np.column_stack([np.ones(units), rng.standard_normal((units, 3))])
    pays = (done[:, 0] - done[:, 0].mean()) * (done[:, 1] - done[:, 1].mean())
    response = context[:, 1] + 0.5 * done[:, 4] + gain * pays + rng.standard_normal(units)
    done[rng.random(done.shape) < 0.05] = np.nan
    contrasts = adjusted_contrasts(response, np.ones(units), context, done)
    return search_pairs(contrasts.freed, done, done)


def found(pairs: Pairs) -> list[tuple[int, int]]:
    return list(zip(pairs.first[pairs.found].tolist(), pairs.second[pairs.found].tolist(), strict=True))


def test_a_planted_pair_is_found_and_what_travels_with_it_is_not() -> None:
    runs = [found(world(seed, gain=1.6)) for seed in range(30)]
    assert np.mean([(0, 1) in run for run in runs]) > 0.9
    assert np.mean([(1, 2) in run for run in runs]) < 0.15
    assert np.mean([len(run) for run in runs]) < 1.4


def test_nothing_is_found_in_nothing() -> None:
    assert np.mean([len(found(world(seed))) > 0 for seed in range(60)]) <= 0.2


def test_a_pair_that_takes_from_each_other_is_not_a_bundle() -> None:
    pairs = world(1, gain=-2.5)
    place = next(j for j in range(len(pairs.first)) if (pairs.first[j], pairs.second[j]) == (0, 1))
    assert pairs.p_bh[place] < 0.01
    assert pairs.score[place] < 0
    assert not pairs.found[place]


def test_the_score_agrees_with_a_regression() -> None:
    sm = pytest.importorskip("statsmodels.api")
    rng = np.random.default_rng(2)
    done = rng.standard_normal((400, 3))
    response = 0.2 * done[:, 0] * done[:, 1] + rng.standard_normal(400)
    contrasts = adjusted_contrasts(response, np.ones(400), np.ones((400, 1)), done)
    pairs = search_pairs(contrasts.freed, done, (done > 0).astype(float))
    for first, second, score in zip(pairs.first, pairs.second, pairs.score, strict=True):
        product = (done[:, first] - done[:, first].mean()) * (done[:, second] - done[:, second].mean())
        fit = sm.OLS(response, sm.add_constant(np.column_stack([done, product]))).fit(cov_type="HC1")
        assert score == pytest.approx(fit.tvalues[-1], abs=0.35)


def test_pairs_with_a_small_cell_are_left_out() -> None:
    rng = np.random.default_rng(3)
    done = (rng.random((300, 3)) < 0.4).astype(float)
    done[:, 2] = np.where(rng.random(300) < 0.03, 1 - done[:, 0], done[:, 0])
    contrasts = adjusted_contrasts(rng.standard_normal(300), np.ones(300), np.ones((300, 1)), done)
    pairs = search_pairs(contrasts.freed, done, done)
    assert sorted(zip(pairs.first.tolist(), pairs.second.tolist(), strict=True)) == [(0, 1), (1, 2)]
    assert (pairs.fewest >= 10).all()
