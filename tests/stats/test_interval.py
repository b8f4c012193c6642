"""Counts known by their bounds: held against the distributions themselves, and against the counts where these meet."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.special import expit
from scipy.stats import betabinom, binom, nbinom, poisson

from pdlib.stats.excess import fit_excess
from pdlib.stats.interval import interval_values, within
from pdlib.stats.joint import filled, working_cells
from pdlib.stats.panel import collapse
from pdlib.stats.working import inverse_link, known_share, link, working_values

COUNTS = ("proportion", "rate")
UNITS, PERIODS = 80, 12
NONE = np.empty((UNITS, 0), dtype=int)


def law(kind: str, n: float, mu: float, shocks: float):
    """The distribution of a count."""
    if kind == "rate":
        return nbinom(1 / shocks, 1 / (1 + n * mu * shocks)) if shocks else poisson(n * mu)
    size = 1 / (mu * (1 - mu) * shocks) - 1 if shocks else np.inf
    return betabinom(int(n), mu * size, (1 - mu) * size) if shocks else binom(int(n), mu)


@pytest.mark.parametrize("kind", COUNTS)
@pytest.mark.parametrize("shocks", [0.0, 0.09])
@pytest.mark.parametrize(("low", "high", "mu"), [(1, 4, 0.02), (0, 9, 0.1), (1, 4, 0.2), (3, 3, 0.05)])
def test_mean_and_variance_are_those_of_the_counts_in_between(kind, shocks, low, high, mu) -> None:
    count = np.arange(low, high + 1)
    chance = law(kind, 60, mu, shocks).pmf(count)
    chance /= chance.sum()
    mean, variance = within(kind, np.array([[low], [high]], float), np.array([60.0]), np.array([mu]), shocks)
    assert mean[0] == pytest.approx(chance @ count)
    assert variance[0] == pytest.approx(chance @ count**2 - (chance @ count) ** 2, abs=1e-12)


def test_one_to_four_by_hand() -> None:
    # Poisson of mean 2 between 1 and 4: chances as 2, 2, 4/3, 2/3, a third, a third, two ninths, one ninth.
    mean, variance = within("rate", np.array([[1.0], [4.0]]), np.array([100.0]), np.array([0.02]))
    assert mean[0] == pytest.approx(19 / 9)
    assert variance[0] == pytest.approx(49 / 9 - (19 / 9) ** 2)
    away, s2 = interval_values("rate", np.array([[1.0], [4.0]]), np.array([100.0]), np.array([0.02]))
    assert s2[0] == pytest.approx(1 / (2 - 80 / 81))
    assert away[0] == pytest.approx((19 / 9 - 2) / (2 - 80 / 81))


@pytest.mark.parametrize("kind", COUNTS)
@pytest.mark.parametrize("mu", [0.01, 0.04, 0.15])
def test_score_and_weight_are_those_of_the_likelihood_of_the_bounds(kind, mu) -> None:
    def log_chance(eta: float) -> float:
        own = law(kind, 60, float(inverse_link(kind, np.array(eta))), 0.0)
        return float(np.log(own.cdf(4) - own.cdf(0)))

    eta, step = float(link(kind, np.array(mu))), 1e-3
    below, at, above = (log_chance(eta + move) for move in (-step, 0.0, step))
    away, s2 = interval_values(kind, np.array([[1.0], [4.0]]), np.array([60.0]), np.array([mu]))
    assert away[0] / s2[0] == pytest.approx((above - below) / (2 * step), rel=1e-4)
    assert 1 / s2[0] == pytest.approx(-(above - 2 * at + below) / step**2, rel=1e-4)


@given(
    kind=st.sampled_from(COUNTS), mu=st.floats(1e-4, 0.6), low=st.integers(0, 8), more=st.integers(0, 30),
    shocks=st.sampled_from([0.0, 0.01, 0.3]),
)  # fmt: skip
def test_bounds_never_say_more_than_the_count_or_less_than_nothing(kind, mu, low, more, shocks) -> None:
    n, at = np.array([60.0]), np.array([mu])
    away, s2 = interval_values(kind, np.array([[low], [low + more]], float), n, at, shocks)
    assert np.isfinite(away[0])
    share = known_share(kind, n, at, s2, shocks)[0]
    assert 0 < share <= 1 + 1e-12
    if more == 0:
        assert share == pytest.approx(1)


@pytest.mark.parametrize("kind", COUNTS)
def test_a_count_between_bounds_that_meet_is_that_count(kind) -> None:
    n, mu, count = np.array([[50.0, 80.0]]), np.array([[0.1, 0.05]]), np.array([[3.0, 4.0]])
    plain = working_values(kind, count / n, n, mu)
    bounded = working_values(kind, np.full_like(n, np.nan), n, mu, 0.0, np.stack([count, count]))
    np.testing.assert_allclose(bounded, plain, rtol=1e-12)


def test_bounds_that_hold_everything_say_nothing() -> None:
    away, s2 = interval_values("proportion", np.array([[0.0], [30.0]]), np.array([30.0]), np.array([0.2]))
    assert abs(away[0]) < 1e-4
    assert s2[0] > 1e6


def hidden(kind: str, seed: int, *, shock_sd: float = 0.0, most: int = 4, level: float = 0.012, spread: float = 0.4):
    """True merit, outcome with and without what is hidden, exposure, bounds and context of wards over a year."""
    rng = np.random.default_rng(seed)
    context, merit = rng.normal(size=(UNITS, 2)), spread * rng.normal(size=UNITS)
    n = rng.integers(300, 900, (UNITS, PERIODS)).astype(float)
    eta = np.log(level) + 0.1 * context[:, :1] + merit[:, None] + shock_sd * rng.normal(size=n.shape)
    count = rng.poisson(n * np.exp(eta)) if kind == "rate" else rng.binomial(n.astype(int), expit(eta))
    small = (count >= 1) & (count <= most)
    bounds = np.where(small, np.array([1.0, most])[:, None, None], np.nan)
    return merit, count / n, np.where(small, np.nan, count / n), n, bounds, context


@pytest.mark.parametrize("kind", COUNTS)
@pytest.mark.parametrize("seed", [1, 2, 3])
def test_the_fit_of_bounds_is_near_that_of_the_counts(kind, seed) -> None:
    merit, y, shown, n, bounds, context = hidden(kind, seed)
    full = fit_excess(kind, y, n, context, NONE, sign=-1)
    fit = fit_excess(kind, shown, n, context, NONE, sign=-1, bounds=bounds)
    assert 0.15 < np.isfinite(bounds[0]).mean() < 0.4
    assert (filled(fit, shown, n) * n).sum() == pytest.approx((y * n).sum(), rel=0.01)
    assert fit.reml.tau2 == pytest.approx(full.reml.tau2, rel=0.25)
    assert np.corrcoef(fit.effect, -merit)[0, 1] > np.corrcoef(full.effect, -merit)[0, 1] - 0.03
    assert (np.abs(fit.effect - full.effect) < 2 * full.sd).mean() > 0.95
    assert fit.sd.mean() > full.sd.mean()


@pytest.mark.parametrize("kind", COUNTS)
def test_known_counts_given_as_bounds_change_nothing(kind) -> None:
    _, y, shown, n, _, context = hidden(kind, 4)
    exact = np.where(np.isnan(shown), y * n, np.nan)
    plain = fit_excess(kind, y, n, context, NONE)
    bounded = fit_excess(kind, shown, n, context, NONE, bounds=np.stack([exact, exact]))
    np.testing.assert_allclose(bounded.effect, plain.effect, rtol=1e-4, atol=1e-5)
    np.testing.assert_allclose(bounded.sd, plain.sd, rtol=1e-4)
    np.testing.assert_allclose(filled(bounded, shown, n), y, rtol=1e-9)


@pytest.mark.parametrize("kind", COUNTS)
def test_where_nothing_is_hidden_bounds_change_no_digit(kind) -> None:
    _, y, _, n, _, context = hidden(kind, 5)
    plain = fit_excess(kind, y, n, context, NONE)
    bounded = fit_excess(kind, y, n, context, NONE, bounds=np.full((2, *y.shape), np.nan))
    for name in ("effect", "sd", "noise", "residual"):
        np.testing.assert_array_equal(getattr(bounded, name), getattr(plain, name))


def test_failures_hidden_is_successes_hidden_in_the_mirror() -> None:
    _, _, shown, n, bounds, context = hidden("proportion", 6)
    one = fit_excess("proportion", shown, n, context, NONE, sign=-1, bounds=bounds)
    other = fit_excess("proportion", 1 - shown, n, context, NONE, bounds=(n - bounds)[::-1])
    np.testing.assert_allclose(other.effect, one.effect, atol=1e-6)
    np.testing.assert_allclose(other.sd, one.sd, rtol=1e-6)


def test_shocks_are_found_though_most_counts_are_hidden() -> None:
    found = []
    for seed in range(4):
        _, y, shown, n, bounds, context = hidden("rate", seed, shock_sd=0.25, level=0.006)
        assert np.isfinite(bounds[0]).mean() > 0.5
        fit = fit_excess("rate", shown, n, context, NONE, bounds=bounds)
        found.append(fit.collapsed.transient_variance)
        assert (filled(fit, shown, n) * n).sum() == pytest.approx((y * n).sum(), rel=0.02)
    assert np.mean(found) == pytest.approx(0.25**2, abs=0.03)


def test_a_share_that_is_known_of_a_cell_counts_for_so_much() -> None:
    rng, shocks = np.random.default_rng(7), 0.06
    n, mu = np.full((300, 24), 500.0), np.full((300, 24), 0.006)
    count = rng.poisson(n * mu * np.exp(np.sqrt(shocks) * rng.normal(size=n.shape) - shocks / 2))
    small = (count >= 1) & (count <= 4)
    bounds = np.where(small, np.array([1.0, 4.0])[:, None, None], np.nan)
    z, s2 = working_values("rate", np.where(small, np.nan, count / n), n, mu, 0.0, bounds, shocks)
    share = known_share("rate", n, mu, s2, shocks)
    np.testing.assert_allclose(share[~small], 1.0, rtol=1e-15)
    assert collapse(z, s2).transient_variance < shocks / 2
    assert collapse(z, s2, known=share).transient_variance == pytest.approx(shocks, abs=0.015)


@pytest.mark.parametrize("kind", COUNTS)
def test_a_unit_or_a_period_of_which_every_count_was_hidden(kind) -> None:
    _, _, shown, n, bounds, context = hidden(kind, 8)
    shown[3], bounds[:, 3] = np.nan, np.array([1.0, 4.0])[:, None]
    shown[:, 2], bounds[:, :, 2] = np.nan, np.array([1.0, 9.0])[:, None]
    n[5, 4:], bounds[:, 5, 4:], shown[5, 4:] = 0.0, np.nan, np.nan
    fit = fit_excess(kind, shown, n, context, NONE, sign=-1, bounds=bounds)
    assert np.isfinite(fit.effect).all() and np.isfinite(fit.sd).all()
    assert fit.effect[3] > np.median(fit.effect)
    z, s2 = working_cells(fit, shown, n)
    assert np.isfinite(z[n > 0]).all() and (s2[n > 0] > 0).all()
    assert np.isnan(z[n == 0]).all()
    inside = filled(fit, shown, n)[3] * n[3]
    assert ((inside >= 1) & (inside <= 4)).all()


def test_spells_are_no_likelier_where_counts_were_hidden() -> None:
    strength = []
    for seed in range(12):
        _, _, shown, n, bounds, context = hidden("rate", seed, shock_sd=0.2)
        fit = fit_excess("rate", shown, n, context, NONE, bounds=bounds)
        assert fit.spells.variance >= 0
        strength.append(fit.spells.z)
    assert abs(np.mean(strength)) < 1
    assert np.mean(np.array(strength) > 2) < 0.2
