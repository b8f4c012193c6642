"""Adjusted contrasts: statsmodels, worked by hand, brute force, and what chance alone would show."""

from types import ModuleType

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pdlib.stats.contrast import adjusted_contrasts
from pdlib.stats.family import romano_wolf
from pdlib.stats.shuffles import shuffled

Made = tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]


def made(
    seed: int = 0,
    units: int = 120,
    family: int = 6,
    missing: float = 0.15,
    sizes: tuple[float, ...] = (),
    common: float = 0.7,
) -> Made:
    """Correlated practices, two of them following the context; response, weights, context with constant, practices."""
    rng = np.random.default_rng(seed)
    context = np.column_stack([np.ones(units), rng.normal(size=(units, 3))])
    practices = common * rng.normal(size=(units, 1)) + rng.normal(size=(units, family))
    practices[:, :2] += context[:, [1]]
    variance = rng.uniform(0.2, 2.0, units)
    response = context @ [1.0, 0.8, -0.5, 0.3] + np.sqrt(variance) * rng.normal(size=units)
    for k, size in enumerate(sizes):
        response = response + size * practices[:, k]
    practices[rng.random(practices.shape) < missing] = np.nan
    return response, 1 / variance, context, practices


@pytest.fixture(scope="module")
def sm() -> ModuleType:
    return pytest.importorskip("statsmodels.api")


@pytest.mark.parametrize("missing", [0.0, 0.3])
def test_estimates_equal_weighted_regression_with_the_larger_standard_error(sm: ModuleType, missing: float) -> None:
    response, weights, context, practices = made(missing=missing)
    result = adjusted_contrasts(response, weights, context, practices)
    larger = []
    for k in range(practices.shape[1]):
        there = np.isfinite(practices[:, k])
        design = np.column_stack([context[there], practices[there, k]])
        model = sm.WLS(response[there], design, weights=weights[there])
        robust, usual = model.fit(cov_type="HC2", use_t=True), model.fit()
        peer = max(robust, usual, key=lambda fit: fit.bse[-1])
        larger.append(peer is robust)
        assert result.estimate[k] == pytest.approx(peer.params[-1], rel=1e-9)
        assert result.se[k] == pytest.approx(peer.bse[-1], rel=1e-9)
        assert result.p_value[k] == pytest.approx(peer.pvalues[-1], rel=1e-7)
        assert result.usual_t[k] == pytest.approx(usual.tvalues[-1], rel=1e-8)
        assert result.spare[k] == peer.df_resid
    assert 0 < sum(larger) < len(larger)


def test_two_groups_by_hand() -> None:
    # No context: the difference of means; HC2 is then the unequal-variance standard error.
    response = np.array([1.0, 2.0, 3.0, 5.0, 9.0])
    done = np.array([[0.0], [0.0], [0.0], [1.0], [1.0]])
    result = adjusted_contrasts(response, np.ones(5), np.ones((5, 1)), done)
    assert result.estimate[0] == pytest.approx(5.0)
    assert result.se[0] == pytest.approx(np.sqrt(1 / 3 + 8 / 2))  # larger than the pooled √(10/3 · (1/3 + 1/2))
    assert result.left_share[0] == pytest.approx(1.0)
    assert result.spare[0] == 3


def test_share_left_by_the_context(sm: ModuleType) -> None:
    response, weights, context, practices = made(missing=0.2)
    result = adjusted_contrasts(response, weights, context, practices)
    for k in (0, 5):
        there = np.isfinite(practices[:, k])
        peer = sm.WLS(practices[there, k], context[there], weights=weights[there]).fit()
        assert result.left_share[k] == pytest.approx(1 - peer.rsquared, rel=1e-8)
    assert result.left_share[0] < result.left_share[5]


def test_what_cannot_be_estimated_is_nan() -> None:
    response, weights, context, practices = made()
    hopeless = np.column_stack(
        [np.full(120, np.nan), np.ones(120), context[:, 1], np.where(np.arange(120) < 4, practices[:, 0], np.nan)]
    )
    result = adjusted_contrasts(response, weights, context, np.column_stack([practices, hopeless]))
    assert np.isfinite(result.estimate[:6]).all()
    for values in (result.estimate, result.se, result.p_value, result.strength):
        assert np.isnan(values[6:]).all()
    chances = romano_wolf(result, draws=99)
    for values in (chances.alone, chances.better, chances.worse):
        assert np.isnan(values[6:]).all()
        assert np.isfinite(values[:6]).all()


def test_duplicated_context_changes_nothing() -> None:
    response, weights, context, practices = made()
    plain = adjusted_contrasts(response, weights, context, practices)
    twice = adjusted_contrasts(response, weights, np.column_stack([context, context[:, 1] * 2 + 1]), practices)
    assert twice.estimate == pytest.approx(plain.estimate, rel=1e-9)
    assert twice.se == pytest.approx(plain.se, rel=1e-9)


@given(seed=st.integers(0, 30), shift=st.floats(-100, 100), factor=st.floats(0.01, 100))
def test_moving_and_stretching(seed: int, shift: float, factor: float) -> None:
    response, weights, context, practices = made(seed, units=40)
    plain = adjusted_contrasts(response, weights, context, practices)
    moved = adjusted_contrasts(shift + factor * response, 7 * weights, context, 2 * practices - 1)
    assert moved.estimate == pytest.approx(factor * plain.estimate / 2, rel=1e-6, abs=1e-9 * factor)
    assert moved.p_value == pytest.approx(plain.p_value, rel=1e-6, abs=1e-12)


@given(seed=st.integers(0, 30))
def test_the_order_of_units_does_not_matter(seed: int) -> None:
    response, weights, context, practices = made(seed, units=40)
    order = np.random.default_rng(seed).permutation(40)
    plain = adjusted_contrasts(response, weights, context, practices)
    mixed = adjusted_contrasts(response[order], weights[order], context[order], practices[order])
    assert mixed.estimate == pytest.approx(plain.estimate, rel=1e-8)
    assert mixed.se == pytest.approx(plain.se, rel=1e-8)
    assert mixed.strength == pytest.approx(plain.strength, rel=1e-8)


def test_intervals_hold_the_planted_size() -> None:
    inside = []
    for seed in range(150):
        result = adjusted_contrasts(*made(seed, sizes=(0.3, 0.0, 0.2), common=0.0))
        for k, size in ((0, 0.3), (1, 0.0), (2, 0.2)):
            inside.append(abs(result.estimate[k] - size) <= 1.98 * result.se[k])
    assert np.mean(inside) == pytest.approx(0.95, abs=0.03)


@pytest.mark.parametrize("missing", [0.0, 0.2])
def test_clusters_by_brute_force(missing: float) -> None:
    response, weights, context, practices = made(3, missing=missing)
    clusters = np.arange(120) % 15
    result = adjusted_contrasts(response, weights, context, practices, clusters)
    for k in range(6):
        there = np.isfinite(practices[:, k])
        root = np.sqrt(weights[there])
        design = np.column_stack([context, practices[:, k]])[there] * root[:, None]
        y = response[there] * root
        inverse = np.linalg.inv(design.T @ design)
        beta = inverse @ design.T @ y
        hat = np.einsum("ij,jk,ik->i", design, inverse, design)
        pulls = (design @ inverse)[:, -1] * (y - design @ beta) / np.sqrt(1 - hat)
        sums = np.bincount(clusters[there], pulls, 15)
        left = y - design @ beta
        usual = inverse[-1, -1] * (left @ left) / (there.sum() - design.shape[1])
        assert result.se[k] == pytest.approx(np.sqrt(max((sums**2).sum() * 15 / 14, usual)), rel=1e-8)
        assert result.spare[k] == 14


def test_clusters_of_one_unit_are_no_clusters() -> None:
    response, weights, context, practices = made(4, missing=0.0)
    plain = adjusted_contrasts(response, weights, context, practices)
    single = adjusted_contrasts(response, weights, context, practices, np.arange(120))
    assert single.estimate == pytest.approx(plain.estimate)
    # HC2 within clusters of one; without clusters the classical standard error stands where it is the larger one.
    ratio = single.se / plain.se / np.sqrt(120 / 119)
    assert (ratio <= 1 + 1e-9).all()
    assert ratio.max() == pytest.approx(1.0)


@pytest.mark.parametrize("missing", [0.0, 0.2])
def test_a_shuffle_is_a_fit_anew(missing: float) -> None:
    response, weights, context, practices = made(6, missing=missing)
    plain = adjusted_contrasts(response, weights, context, practices)
    chance, root = plain.chance, np.sqrt(weights / weights.mean())
    drawn = chance.strengths(3, np.random.default_rng(1))
    orders = np.random.default_rng(1)
    for row, strengths in zip(shuffled(chance.residual, chance.stratum, 3, orders), drawn, strict=True):
        refitted = adjusted_contrasts(row / root, weights, context, practices)
        assert strengths == pytest.approx(refitted.strength, rel=1e-8 if missing == 0 else 0.2, abs=0.05 * missing)


def test_turned_signs_of_clusters_keep_the_size_of_each_score() -> None:
    clusters = np.arange(120) % 12
    contrasts = adjusted_contrasts(*made(2, missing=0.0), clusters)
    drawn = contrasts.chance.strengths(4000, np.random.default_rng(0))
    assert (contrasts.chance.pull**2).sum(axis=0) == pytest.approx(np.ones(6))
    assert drawn.mean(axis=0) == pytest.approx(np.zeros(6), abs=0.06)
    assert drawn.std(axis=0) == pytest.approx(np.ones(6), abs=0.04)


def test_rich_context_does_not_make_chance_look_small_in_clusters() -> None:
    """A quarter of the units' freedom goes to context: scores not opened for it name something in a third of runs."""
    named, groups = 0, np.repeat(np.arange(40), 6)
    for seed in range(40):
        rng = np.random.default_rng(seed)
        context = np.column_stack([np.ones(240), rng.standard_normal((240, 59))])
        practices = (rng.standard_normal((40, 30))[groups] + rng.standard_normal((240, 30)) > 0).astype(float)
        response = 0.6 * rng.standard_normal(40)[groups] + rng.standard_normal(240)
        contrasts = adjusted_contrasts(response, np.ones(240), context, practices, groups)
        named += bool(np.nanmin(romano_wolf(contrasts, draws=400, seed=seed).better) <= 0.1)
    assert named <= 9  # four are promised
