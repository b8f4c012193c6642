"""Adjusted contrasts and their error control: statsmodels, scipy, worked by hand, and nothing found in nothing."""

from types import ModuleType

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import false_discovery_control

from pdlib.stats.contrast import Contrasts, adjusted_contrasts, benjamini_hochberg, romano_wolf, shrink_family

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
def test_estimates_equal_weighted_regression_with_hc2(sm: ModuleType, missing: float) -> None:
    response, weights, context, practices = made(missing=missing)
    result = adjusted_contrasts(response, weights, context, practices)
    for k in range(practices.shape[1]):
        there = np.isfinite(practices[:, k])
        design = np.column_stack([context[there], practices[there, k]])
        peer = sm.WLS(response[there], design, weights=weights[there]).fit(cov_type="HC2", use_t=True)
        assert result.estimate[k] == pytest.approx(peer.params[-1], rel=1e-9)
        assert result.se[k] == pytest.approx(peer.bse[-1], rel=1e-9)
        assert result.p_value[k] == pytest.approx(peer.pvalues[-1], rel=1e-7)
        assert result.spare[k] == peer.df_resid


def test_two_groups_by_hand() -> None:
    # No context: the difference of means; HC2 is then the unequal-variance standard error.
    response = np.array([1.0, 2.0, 3.0, 5.0, 9.0])
    done = np.array([[0.0], [0.0], [0.0], [1.0], [1.0]])
    result = adjusted_contrasts(response, np.ones(5), np.ones((5, 1)), done)
    assert result.estimate[0] == pytest.approx(5.0)
    assert result.se[0] == pytest.approx(np.sqrt(1 / 3 + 8 / 2))
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
    alone, family = romano_wolf(result, draws=99)
    assert np.isnan(alone[6:]).all()
    assert np.isnan(family[6:]).all()
    assert np.isfinite(family[:6]).all()


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
    signs = np.sign(np.random.default_rng(seed).standard_normal((50, 40)))
    drawn, again = plain.chance.strengths(signs), mixed.chance.strengths(signs[:, order])
    assert again == pytest.approx(drawn, abs=1e-8)


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
        assert result.se[k] == pytest.approx(np.sqrt((sums**2).sum() * 15 / 14), rel=1e-8)
        assert result.spare[k] == 14


def test_clusters_of_one_unit_are_no_clusters() -> None:
    response, weights, context, practices = made(4, missing=0.0)
    plain = adjusted_contrasts(response, weights, context, practices)
    single = adjusted_contrasts(response, weights, context, practices, np.arange(120))
    assert single.estimate == pytest.approx(plain.estimate)
    assert single.se == pytest.approx(plain.se * np.sqrt(120 / 119), rel=1e-9)


# -- Romano–Wolf ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("missing", [0.0, 0.2])
def test_a_turned_sign_is_a_fit_anew(missing: float) -> None:
    response, weights, context, practices = made(6, missing=missing)
    plain = adjusted_contrasts(response, weights, context, practices)
    signs = np.sign(np.random.default_rng(1).standard_normal((3, len(response))))
    root = np.sqrt(weights / weights.mean())
    for row, drawn in zip(signs, plain.chance.strengths(signs), strict=True):
        turned = row * plain.chance.residual / root
        refitted = adjusted_contrasts(turned, weights, context, practices)
        assert drawn == pytest.approx(refitted.strength, rel=1e-8 if missing == 0 else 0.2)


def naive_step_down(contrasts: Contrasts, draws: int, seed: int) -> np.ndarray:
    """The textbook algorithm, one hypothesis after another."""
    rng = np.random.default_rng(seed)
    parts = [min(500, draws - done) for done in range(0, draws, 500)]
    signs = np.vstack(
        [2 * rng.integers(0, 2, (size, contrasts.chance.rows), dtype=np.int8).astype(float) - 1 for size in parts]
    )
    t = contrasts.chance.strengths(signs)
    result, least = np.zeros(len(contrasts.strength)), 0.0
    left = list(np.argsort(-contrasts.strength))
    while left:
        k = left[0]
        least = max(least, (1 + (t[:, left].max(axis=1) >= contrasts.strength[k]).sum()) / (1 + draws))
        result[k] = least
        left.pop(0)
    return result


@pytest.mark.parametrize("clusters", [None, np.arange(120) % 12])
def test_step_down_equals_the_textbook(clusters: np.ndarray | None) -> None:
    contrasts = adjusted_contrasts(*made(1, sizes=(0.2, 0.1)), clusters)
    _, family = romano_wolf(contrasts, draws=1200, seed=5)
    assert family == pytest.approx(naive_step_down(contrasts, 1200, 5))


def test_p_is_never_zero_and_monotone_in_strength() -> None:
    contrasts = adjusted_contrasts(*made(2, sizes=(3.0, 0.0, 0.4)))
    alone, family = romano_wolf(contrasts, draws=499)
    assert family.min() == pytest.approx(1 / 500)
    assert alone.min() == pytest.approx(1 / 500)
    assert (np.diff(family[np.argsort(-contrasts.strength)]) >= 0).all()
    assert (family >= alone).all()
    assert family.max() <= 1


def test_equal_seeds_give_equal_results() -> None:
    contrasts = adjusted_contrasts(*made(3))
    first, again, other = (romano_wolf(contrasts, draws=700, seed=seed)[1] for seed in (1, 1, 2))
    assert (first == again).all()
    assert (first != other).any()


@given(seed=st.integers(0, 40))
def test_the_order_of_practices_does_not_matter(seed: int) -> None:
    response, weights, context, practices = made(seed, units=40, sizes=(0.3,))
    order = np.random.default_rng(seed).permutation(practices.shape[1])
    plain = romano_wolf(adjusted_contrasts(response, weights, context, practices), draws=200)
    mixed = romano_wolf(adjusted_contrasts(response, weights, context, practices[:, order]), draws=200)
    assert mixed[0] == pytest.approx(plain[0][order])
    assert mixed[1] == pytest.approx(plain[1][order])


def test_one_practice_is_its_own_family() -> None:
    response, weights, context, practices = made(5)
    alone, family = romano_wolf(adjusted_contrasts(response, weights, context, practices[:, :1]), draws=300)
    assert family == pytest.approx(alone)


def test_the_family_is_stricter_than_each_alone_and_milder_than_bonferroni() -> None:
    contrasts = adjusted_contrasts(*made(6, family=20, sizes=(0.25, 0.0, 0.2)))
    alone, family = romano_wolf(contrasts, draws=4000)
    assert (family >= alone).all()
    assert family[np.argmin(alone)] <= min(1.0, 20 * alone.min()) + 0.02


def test_nothing_is_found_in_nothing() -> None:
    """Chance of any finding at .10 over 200 families of 25 correlated practices that do not matter, 500 units."""
    any_found = [
        (romano_wolf(adjusted_contrasts(*made(seed, units=500, family=25)), draws=400, seed=seed)[1] <= 0.10).any()
        for seed in range(200)
    ]
    assert 0.04 <= np.mean(any_found) <= 0.165  # three standard errors about .10


def test_few_units_find_something_in_nothing_a_little_more_often() -> None:
    """Known weakness: the spread of each estimate is itself uncertain, which turned signs do not imitate."""
    any_found = [
        (romano_wolf(adjusted_contrasts(*made(seed, units=100, family=25)), draws=400, seed=seed)[1] <= 0.10).any()
        for seed in range(200)
    ]
    assert 0.05 <= np.mean(any_found) <= 0.25


def test_nothing_is_found_in_nothing_with_few_clusters() -> None:
    any_found = []
    for seed in range(200):
        response, weights, context, practices = made(seed, units=120, family=10)
        rng = np.random.default_rng([seed, 1])
        clusters = np.arange(120) % 12
        practices = practices + rng.normal(size=(12, 10))[clusters]
        response = response + 0.7 * rng.normal(size=12)[clusters]
        contrasts = adjusted_contrasts(response, weights, context, practices, clusters)
        any_found.append((romano_wolf(contrasts, draws=400, seed=seed)[1] <= 0.10).any())
    assert np.mean(any_found) <= 0.17


def test_planted_practices_are_found() -> None:
    contrasts = adjusted_contrasts(*made(7, units=400, family=20, sizes=(0.0, 0.0, 0.4, 0.4), common=0.0))
    _, family = romano_wolf(contrasts, draws=999)
    assert np.flatnonzero(family <= 0.10).tolist() == [2, 3]


def test_no_practice_is_no_error() -> None:
    response, weights, context, _ = made()
    nothing = adjusted_contrasts(response, weights, context, np.empty((120, 0)))
    assert nothing.estimate.shape == (0,)
    assert romano_wolf(nothing)[1].shape == (0,)


# -- Benjamini–Hochberg and shrinkage of the family -----------------------------------------------------------------


@given(st.lists(st.floats(0, 1), min_size=1, max_size=60))
def test_benjamini_hochberg_equals_scipy(p: list[float]) -> None:
    assert benjamini_hochberg(np.array(p)) == pytest.approx(false_discovery_control(p), abs=1e-12)


def test_benjamini_hochberg_leaves_out_what_was_not_tested() -> None:
    adjusted = benjamini_hochberg(np.array([0.01, np.nan, 0.04, 0.03, np.nan]))
    assert adjusted == pytest.approx([0.03, np.nan, 0.04, 0.04, np.nan], nan_ok=True)
    assert np.isnan(benjamini_hochberg(np.full(3, np.nan))).all()
    assert benjamini_hochberg(np.zeros(0)).shape == (0,)


def test_shrink_family_by_hand() -> None:
    # t = 3, -1, 2: mean t² = 14/3, s² = 11/3, B = 11/14.
    estimate, se = shrink_family(np.array([3.0, -2.0, np.nan, 1.0]), np.array([1.0, 2.0, np.nan, 0.5]))
    kept = 11 / 14
    assert estimate == pytest.approx([3 * kept, -2 * kept, np.nan, kept], nan_ok=True)
    assert se == pytest.approx(np.sqrt(kept) * np.array([1.0, 2.0, np.nan, 0.5]), nan_ok=True)


def test_a_family_of_noise_is_pulled_to_zero() -> None:
    estimate, se = shrink_family(np.array([0.5, -0.9, 0.2]), np.ones(3))
    assert (estimate == 0).all()
    assert (se == 0).all()
    nothing = shrink_family(np.full(2, np.nan), np.full(2, np.nan))
    assert np.isnan(nothing[0]).all()


def test_shrunken_sizes_of_the_strongest_are_less_inflated() -> None:
    rng = np.random.default_rng(8)
    truth = 0.5 * rng.normal(size=(400, 30))
    seen = truth + rng.normal(size=(400, 30)) * 0.5
    rows = np.arange(400)
    strongest = np.abs(seen).argmax(axis=1)
    shown = np.array([shrink_family(row, np.full(30, 0.5))[0] for row in seen])
    raw, real = np.abs(seen[rows, strongest]).mean(), (np.sign(seen) * truth)[rows, strongest].mean()
    assert raw / real > 1.5
    assert np.abs(shown[rows, strongest]).mean() / real == pytest.approx(1.0, abs=0.08)
