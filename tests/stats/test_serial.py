"""Spells: serial correlation found through noise, missing periods and few periods, and silence where there is none."""

import numpy as np
import pytest

from pdlib.simulate import simulate_panel
from pdlib.stats.excess import ExcessFit, fit_excess
from pdlib.stats.panel import collapse
from pdlib.stats.posterior import top_probability
from pdlib.stats.serial import HIGH, NO_SPELLS, Spells, collapse_allowing, covariance, find_spells


def shocks(rng: np.random.Generator, units: int, periods: int, rho: float) -> np.ndarray:
    """Stationary first-order autoregression of variance 1, a row per unit."""
    made = np.empty((units, periods))
    made[:, 0] = rng.normal(size=units)
    for p in range(1, periods):
        made[:, p] = rho * made[:, p - 1] + np.sqrt(1 - rho**2) * rng.normal(size=units)
    return made


def panel(seed: int, units: int = 500, periods: int = 12, rho: float = 0.0, missing: float = 0.0) -> tuple:
    rng = np.random.default_rng(seed)
    n = np.maximum(rng.poisson(np.exp(np.log(30) + rng.normal(size=(units, 1))) * np.ones(periods)), 3)
    s2 = 9.0 / n
    z = 0.5 * rng.normal(size=(units, 1)) + 0.3 * rng.normal(size=periods)
    z = z + 0.4 * shocks(rng, units, periods, rho) + np.sqrt(s2) * rng.normal(size=s2.shape)
    gone = rng.random(z.shape) < missing
    gone[:, 0] = False
    return np.where(gone, np.nan, z), s2


def spells(z: np.ndarray, s2: np.ndarray) -> Spells:
    return find_spells(z, s2, collapse(z, s2))


@pytest.mark.parametrize("seed", range(20))
def test_spells_are_not_looked_for_where_every_unit_was_seen_twice_at_most(seed: int) -> None:
    z, s2 = panel(seed, units=60, periods=2)
    assert spells(z, s2) == NO_SPELLS
    z, s2 = panel(seed, units=60, periods=8)
    start = np.arange(60)[:, None] % 7
    z[(np.arange(8) < start) | (np.arange(8) > start + 1)] = np.nan
    assert spells(z, s2) == NO_SPELLS


@pytest.mark.parametrize("rho", [-0.4, 0.0, 0.3, 0.6])
@pytest.mark.parametrize(("periods", "missing"), [(12, 0.0), (12, 0.3), (6, 0.0)])
def test_the_planted_correlation_is_recovered(rho: float, periods: int, missing: float) -> None:
    found = [spells(*panel(seed, periods=periods, rho=rho, missing=missing)) for seed in range(12)]
    values = np.array([each.correlation for each in found])
    error = values.std(ddof=1) / np.sqrt(len(values))
    assert abs(values.mean() - rho) < 3.5 * error
    assert np.mean([each.standard_error for each in found]) == pytest.approx(values.std(ddof=1), rel=0.6)
    assert np.mean([each.variance for each in found]) == pytest.approx(0.16, rel=0.15)


def test_the_plain_correlation_of_what_is_left_would_be_wrong() -> None:
    z, s2 = panel(0, periods=6, rho=0.0)
    result = collapse(z, s2)
    left = z - result.value[:, None] - result.period_effects
    plain = (left[:, 1:] * left[:, :-1]).mean() / (left**2).mean()
    assert plain < -0.1
    assert abs(spells(z, s2).correlation) < 0.2


def test_independent_shocks_are_rarely_called_spells() -> None:
    called = [spells(*panel(seed, units=150)).credible for seed in range(60)]
    assert sum(called) <= 5  # 2.3 % each


def test_lasting_shocks_are_called_spells() -> None:
    assert all(spells(*panel(seed, rho=0.6)).credible for seed in range(10))


@pytest.mark.parametrize("columns", [1, 2])
def test_too_few_periods_say_nothing(columns: int) -> None:
    z, s2 = panel(0, units=20, periods=columns)
    assert spells(z, s2) is NO_SPELLS
    assert not NO_SPELLS.credible


def test_a_walk_that_never_returns_is_held_at_the_limit() -> None:
    z, s2 = panel(0, periods=8)
    walk = z + np.cumsum(np.random.default_rng(1).normal(size=z.shape), axis=1)
    found = spells(walk, s2)
    assert found.credible
    assert found.correlation == pytest.approx(HIGH)


def test_the_covariance_of_means_by_hand() -> None:
    known = Spells(0.5, 0.1, 2.0, 5.0, 99)
    one, other = np.array([[0.5, 0.5, 0.0]]), np.array([[0.0, 0.0, 1.0]])
    s2 = np.array([[1.0, 3.0, np.nan]])
    # 2 (1 + 1 + 2 * .5) / 4 from shocks, (1 + 3) / 4 from sampling
    assert covariance(known, s2, one, one) == pytest.approx([2.5])
    assert covariance(known, s2, one, other) == pytest.approx([2 * (0.5 * 0.25 + 0.5 * 0.5)])


def test_variances_hold_on_simulated_means() -> None:
    """The spread of unit means about the truth is what is claimed, whatever periods a unit was seen in."""
    rng = np.random.default_rng(5)
    s2 = np.full((4000, 8), 0.2)
    z = shocks(rng, 4000, 8, 0.6) + np.sqrt(s2) * rng.normal(size=s2.shape)
    z[:2000, [1, 2, 5]] = np.nan
    result = collapse_allowing(z, s2, spells(z, s2))
    for part in (slice(0, 2000), slice(2000, None)):
        assert result.value[part].var() == pytest.approx(result.variance[part].mean(), rel=0.12)
        assert collapse(z, s2).variance[part].mean() < 0.6 * result.value[part].var()


def test_without_spells_nothing_changes() -> None:
    z, s2 = panel(3)
    plain, allowed = collapse(z, s2), collapse_allowing(z, s2, spells(z, s2))
    assert (plain.variance == allowed.variance).all()
    assert plain.transient_variance == allowed.transient_variance


# -- in the whole estimate ------------------------------------------------------------------------------------------

UNITS, PERIODS = 500, 12


def estimate(seed: int, rho: float, size: float = 0.8) -> tuple[ExcessFit, np.ndarray, np.ndarray]:
    simulated = simulate_panel(UNITS, PERIODS, "mean", shock_sd=0.0, seed=seed)
    frame = simulated.panel
    y = frame["value"].to_numpy().reshape(UNITS, PERIODS)
    y = y + size * shocks(np.random.default_rng([seed, 7]), UNITS, PERIODS, rho)
    n = frame["n"].to_numpy().reshape(UNITS, PERIODS).astype(float)
    context = frame[[f"x{k}" for k in range(1, 9)]].to_numpy()[::PERIODS]
    none = np.empty((UNITS, 0), dtype=int)
    fit = fit_excess("mean", y, n, context, none, item_variance=9.0)
    return fit, simulated.truth["theta"].to_numpy(), simulated.truth["in_top"].to_numpy()


def claims(fits: list[tuple[ExcessFit, np.ndarray, np.ndarray]]) -> tuple[float, float]:
    """Claimed minus actual share among the likely, and coverage of the 90 % intervals."""
    claimed = actual = likely = inside = 0.0
    for fit, theta, top in fits:
        p = top_probability(fit.effect, fit.sd)[0]
        sure = p >= 0.5
        claimed, actual, likely = claimed + p[sure].sum(), actual + top[sure].sum(), likely + sure.sum()
        inside += (np.abs(fit.effect - theta) <= 1.645 * fit.sd).mean()
    return (claimed - actual) / likely, inside / len(fits)


def test_claims_stay_honest_where_good_and_bad_spells_last(monkeypatch: pytest.MonkeyPatch) -> None:
    seeds = range(1, 9)
    gap, coverage = claims([estimate(seed, 0.6) for seed in seeds])
    monkeypatch.setattr("pdlib.stats.excess.find_spells", lambda *_: NO_SPELLS)
    plain_gap, plain_coverage = claims([estimate(seed, 0.6) for seed in seeds])
    assert plain_gap > 0.12
    assert plain_coverage < 0.82
    assert gap <= 0.06
    assert 0.87 <= coverage <= 0.92


def test_independent_shocks_leave_the_estimate_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    allowed = [estimate(seed, 0.0) for seed in range(1, 5)]
    monkeypatch.setattr("pdlib.stats.excess.find_spells", lambda *_: NO_SPELLS)
    plain = [estimate(seed, 0.0) for seed in range(1, 5)]
    noise = [np.mean([fit.collapsed.variance.mean() for fit, *_ in each]) for each in (allowed, plain)]
    assert noise[0] == pytest.approx(noise[1], rel=0.06)
