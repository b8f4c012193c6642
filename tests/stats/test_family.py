"""Error control over a family: the textbook step by step, scipy, by hand, and nothing found in nothing."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import false_discovery_control

from pdlib.stats.contrast import Contrasts, adjusted_contrasts
from pdlib.stats.family import benjamini_hochberg, holm, placebos, romano_wolf, shrink_family
from pdlib.stats.shuffles import in_blocks
from tests.stats.test_contrast import made


def naive_step_down(contrasts: Contrasts, draws: int, seed: int, sign: int = 1) -> np.ndarray:
    """The textbook algorithm, one hypothesis after another."""
    rng = np.random.default_rng(seed)
    drawn = sign * np.vstack([contrasts.chance.strengths(size, rng) for size in in_blocks(draws)])
    strength = sign * contrasts.strength
    result, least = np.zeros(len(strength)), 0.0
    left = list(np.argsort(-strength))
    while left:
        k = left[0]
        least = max(least, (1 + (drawn[:, left].max(axis=1) >= strength[k]).sum()) / (1 + draws))
        result[k] = least
        left.pop(0)
    return result


@pytest.mark.parametrize("clusters", [None, np.arange(120) % 12])
def test_step_down_equals_the_textbook_on_either_side(clusters: np.ndarray | None) -> None:
    contrasts = adjusted_contrasts(*made(1, sizes=(0.2, -0.1)), clusters)
    chances = romano_wolf(contrasts, draws=1200, seed=5)
    assert chances.better == pytest.approx(naive_step_down(contrasts, 1200, 5))
    assert chances.worse == pytest.approx(naive_step_down(contrasts, 1200, 5, sign=-1))


def test_p_is_never_zero_and_monotone_in_strength() -> None:
    contrasts = adjusted_contrasts(*made(2, sizes=(3.0, 0.0, 0.4)))
    chances = romano_wolf(contrasts, draws=499)
    assert chances.better.min() == pytest.approx(1 / 500)
    assert chances.alone.min() == pytest.approx(1 / 500)
    assert (np.diff(chances.better[np.argsort(-contrasts.strength)]) >= 0).all()
    assert chances.better.max() <= 1


@pytest.mark.parametrize("groups", [2, 3, 4])
def test_few_clusters_allow_no_small_p(groups: int) -> None:
    """Signs of G clusters have 2^G patterns; what context takes up may put a strength beyond all of them."""
    beyond = 0
    for seed in range(30):
        contrasts = adjusted_contrasts(*made(seed, units=60, missing=0.1), np.arange(60) % groups)
        most, _ = contrasts.chance.most
        beyond += (np.abs(contrasts.strength) > most).sum()
        chances = romano_wolf(contrasts, draws=200, seed=seed)
        assert chances.alone.min() >= 2.0 ** (1 - groups)
        assert min(chances.better.min(), chances.worse.min()) >= 2.0**-groups
    assert beyond or groups > 2


def test_what_goes_with_worse_outcomes_is_found_on_its_own_side() -> None:
    contrasts = adjusted_contrasts(*made(3, units=300, sizes=(0.0, 0.0, -0.6), common=0.0))
    chances = romano_wolf(contrasts, draws=499)
    assert np.argmin(chances.worse) == 2
    assert chances.worse[2] <= 0.01
    assert chances.better[2] > 0.9


def test_equal_seeds_give_equal_results() -> None:
    contrasts = adjusted_contrasts(*made(3))
    first, again, other = (romano_wolf(contrasts, draws=700, seed=seed).better for seed in (1, 1, 2))
    assert (first == again).all()
    assert (first != other).any()


@given(seed=st.integers(0, 40))
def test_the_order_of_practices_does_not_matter(seed: int) -> None:
    response, weights, context, practices = made(seed, units=40, sizes=(0.3,))
    order = np.random.default_rng(seed).permutation(practices.shape[1])
    plain = romano_wolf(adjusted_contrasts(response, weights, context, practices), draws=200)
    mixed = romano_wolf(adjusted_contrasts(response, weights, context, practices[:, order]), draws=200)
    for name in ("alone", "better", "worse"):
        assert getattr(mixed, name) == pytest.approx(getattr(plain, name)[order])


def test_one_practice_is_its_own_family() -> None:
    response, weights, context, practices = made(5)
    chances = romano_wolf(adjusted_contrasts(response, weights, context, practices[:, :1]), draws=300)
    assert min(chances.better[0], chances.worse[0]) <= chances.alone[0]
    assert chances.better[0] + chances.worse[0] == pytest.approx(1.0, abs=0.01)


def test_the_family_is_stricter_than_each_alone_and_milder_than_bonferroni() -> None:
    contrasts = adjusted_contrasts(*made(6, family=20, sizes=(0.25, 0.0, 0.2)))
    chances = romano_wolf(contrasts, draws=4000)
    assert (chances.better >= chances.alone / 2 - 0.01).all()
    assert chances.better[np.argmax(contrasts.strength)] <= min(1.0, 20 * chances.alone.min()) + 0.02


@pytest.mark.parametrize("units", [100, 300])
def test_nothing_is_found_in_nothing(units: int) -> None:
    """Chance of any finding at .10 over 200 families of 25 correlated practices that do not matter."""
    any_found = [
        (
            romano_wolf(adjusted_contrasts(*made(seed, units=units, family=25)), draws=400, seed=seed).better <= 0.10
        ).any()
        for seed in range(200)
    ]
    assert 0.04 <= np.mean(any_found) <= 0.165  # three standard errors about .10


def test_nothing_is_found_where_users_only_differ_more_among_themselves() -> None:
    any_found = []
    for seed in range(200):
        rng = np.random.default_rng(seed)
        done = (rng.random((300, 15)) < 0.15).astype(float)
        response = np.where(done[:, 0] > 0, 2.0, 1.0) * rng.standard_normal(300)
        contrasts = adjusted_contrasts(response, np.ones(300), np.ones((300, 1)), done)
        any_found.append((romano_wolf(contrasts, draws=300, seed=seed).better <= 0.10).any())
    assert np.mean(any_found) <= 0.165


def test_nothing_is_found_in_nothing_with_few_clusters() -> None:
    any_found = []
    for seed in range(200):
        response, weights, context, practices = made(seed, units=120, family=10)
        rng = np.random.default_rng([seed, 1])
        clusters = np.arange(120) % 12
        practices = practices + rng.normal(size=(12, 10))[clusters]
        response = response + 0.7 * rng.normal(size=12)[clusters]
        contrasts = adjusted_contrasts(response, weights, context, practices, clusters)
        any_found.append((romano_wolf(contrasts, draws=400, seed=seed).better <= 0.10).any())
    assert np.mean(any_found) <= 0.17


def test_planted_practices_are_found() -> None:
    contrasts = adjusted_contrasts(*made(7, units=400, family=20, sizes=(0.0, 0.0, 0.4, 0.4), common=0.0))
    chances = romano_wolf(contrasts, draws=999)
    assert np.flatnonzero(chances.better <= 0.10).tolist() == [2, 3]


def test_no_practice_is_no_error() -> None:
    response, weights, context, _ = made()
    nothing = adjusted_contrasts(response, weights, context, np.empty((120, 0)))
    assert nothing.estimate.shape == (0,)
    assert romano_wolf(nothing).better.shape == (0,)


def test_shuffled_practices_pass_the_bar_about_once_in_ten_and_planted_ones_lose_it() -> None:
    contrasts = adjusted_contrasts(*made(8, units=300, family=15, sizes=(0.0, 0.0, 0.5), common=0.0))
    chances = romano_wolf(contrasts, draws=999)
    assert contrasts.strength.max() > chances.bar
    found = placebos(contrasts, chances.bar, np.zeros(300, dtype=int), shuffles=200)
    assert 5 <= found <= 35
    assert placebos(contrasts, chances.bar, np.zeros(300, dtype=int), shuffles=200) == found
    assert placebos(contrasts, chances.bar, np.arange(300), shuffles=3) == 3  # alone in its stratum each stays in place


# -- Benjamini–Hochberg and shrinkage of the family -----------------------------------------------------------------


@given(st.lists(st.floats(0, 1), min_size=1, max_size=60))
def test_benjamini_hochberg_equals_scipy(p: list[float]) -> None:
    assert benjamini_hochberg(np.array(p)) == pytest.approx(false_discovery_control(p), abs=1e-12)


@given(st.lists(st.floats(0, 1), min_size=1, max_size=20))
def test_holm_by_the_textbook(p: list[float]) -> None:
    values = np.array(p)
    adjusted = holm(values)
    for k, value in enumerate(p):
        smaller = sorted(p)
        steps = [(len(p) - place) * each for place, each in enumerate(smaller) if each <= value]
        assert adjusted[k] == pytest.approx(min(1.0, max(steps)))


def test_holm_leaves_out_what_was_not_tested() -> None:
    assert holm(np.array([0.01, np.nan, 0.04, 0.03])) == pytest.approx([0.03, np.nan, 0.06, 0.06], nan_ok=True)


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
