"""Working values: worked by hand, and true to their first order."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pdlib.stats.working import inverse_link, link, mean_slope, slope, working_values

KINDS = ("mean", "proportion", "rate")


def test_proportion_by_hand() -> None:
    z, s2 = working_values("proportion", np.array([0.9]), np.array([20.0]), np.array([0.8]))
    assert z[0] == pytest.approx(np.log(4) + 0.1 / 0.16)
    assert s2[0] == pytest.approx(1 / (20 * 0.16))


def test_rate_by_hand() -> None:
    z, s2 = working_values("rate", np.array([0.03]), np.array([1000.0]), np.array([0.02]))
    assert z[0] == pytest.approx(np.log(0.02) + 0.5)
    assert s2[0] == pytest.approx(1 / 20)


@pytest.mark.parametrize(("kind", "middle"), [("mean", 0.0), ("rate", -2.5), ("proportion", -4.0), ("proportion", 4.0)])
def test_the_mean_slope_is_that_of_units_which_differ(kind: str, middle: float) -> None:
    rng = np.random.default_rng(0)
    levels, n = middle + 0.8 * rng.standard_normal(4000), rng.integers(2, 400, 4000).astype(float)
    truth = inverse_link(kind, levels)
    draw = {"proportion": lambda: rng.binomial(n.astype(int), truth), "rate": lambda: rng.poisson(n * truth)}
    observed = draw[kind]() / n if kind in draw else truth
    assert mean_slope(kind, observed, n) == pytest.approx(slope(kind, truth).mean(), rel=0.05)
    at_the_middle = float(slope(kind, inverse_link(kind, np.array([middle])))[0])
    assert kind == "mean" or at_the_middle < 0.85 * slope(kind, truth).mean()


def test_the_mean_slope_of_single_answers() -> None:
    assert mean_slope("proportion", np.array([0.0, 1.0, 1.0, 1.0]), np.ones(4)) == pytest.approx(0.75 * 0.25)
    assert mean_slope("proportion", np.array([0.0, 1.0]), np.array([5.0, 5.0])) == pytest.approx(0.25)


def test_mean_stays_as_it_is() -> None:
    z, s2 = working_values("mean", np.array([7.0, -1.0]), np.array([4.0, 1.0]), np.array([np.nan, np.nan]), 9.0)
    assert z.tolist() == [7.0, -1.0]
    assert s2.tolist() == [2.25, 9.0]


@pytest.mark.parametrize(("kind", "y"), [("proportion", 0.0), ("proportion", 1.0), ("rate", 0.0)])
def test_no_events_and_full_shares_stay_finite(kind: str, y: float) -> None:
    z, s2 = working_values(kind, np.array([y]), np.array([1.0]), np.array([0.3]))
    assert np.isfinite(z).all()
    assert np.isfinite(s2).all()


@pytest.mark.parametrize("kind", KINDS)
@given(mu=st.floats(0.001, 0.999))
def test_link_inverts_and_slope_is_its_derivative(kind: str, mu: float) -> None:
    at = np.array([mu])
    eta = link(kind, at)
    assert inverse_link(kind, eta) == pytest.approx(at, rel=1e-12)
    step = 1e-5
    numeric = (inverse_link(kind, eta + step) - inverse_link(kind, eta - step)) / (2 * step)
    assert slope(kind, at) == pytest.approx(numeric, rel=1e-6)


@pytest.mark.parametrize("kind", KINDS)
@given(mu=st.floats(0.01, 0.99), n=st.integers(1, 10_000))
def test_what_is_observed_as_expected_keeps_its_place(kind: str, mu: float, n: int) -> None:
    z, s2 = working_values(kind, np.array([mu]), np.array([float(n)]), np.array([mu]), 2.0)
    assert z == pytest.approx(link(kind, np.array([mu])))
    assert s2[0] > 0


@given(y=st.floats(0, 1), mu=st.floats(0.01, 0.99), n=st.integers(1, 500))
def test_failures_mirror_successes(y: float, mu: float, n: int) -> None:
    size = np.array([float(n)])
    z, s2 = working_values("proportion", np.array([y]), size, np.array([mu]))
    mirrored, same = working_values("proportion", np.array([1 - y]), size, np.array([1 - mu]))
    assert mirrored == pytest.approx(-z, rel=1e-9, abs=1e-9)
    assert same == pytest.approx(s2, rel=1e-9)
