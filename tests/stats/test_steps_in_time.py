"""Steps from period to period: their correlation needs no allowance for few periods, and what counts imply is exact."""

import numpy as np
import pytest

from pdlib.stats.steps_in_time import Steps, dispersion

RNG = np.random.default_rng(4)


@pytest.mark.parametrize("periods", [3, 4, 6, 24])
def test_new_figures_go_back_by_half_whatever_the_number_of_periods(periods: int) -> None:
    level = 5 * RNG.standard_normal((2000, 1)) + 3 * RNG.standard_normal(periods)
    steps = Steps.of(np.diff(level + RNG.standard_normal((2000, periods)), axis=1))
    assert steps.correlation(1) == pytest.approx(-0.5, abs=0.06)
    assert not steps.wander(4.0)


def test_steps_over_a_window_go_back_where_it_ends() -> None:
    y = RNG.standard_normal((300, 40)).cumsum(axis=1)
    steps = Steps.of(np.diff(y[:, 5:] - y[:, :-5], axis=1))
    r = [steps.correlation(lag) for lag in range(1, 9)]
    assert r == pytest.approx([0, 0, 0, 0, -0.5, 0, 0, 0], abs=0.06)
    assert steps.wander(4.0)


def test_worked_by_hand() -> None:
    """Two units that move against each other: steps of +1 and -1, then of -1 and +1."""
    steps = Steps.of(np.array([[1.0, -1.0], [-1.0, 1.0]]))
    assert steps.correlation(1) == pytest.approx(-1.0)
    assert np.isnan(steps.correlation(2))
    assert steps.scale == pytest.approx([1.0, 1.0])


def test_nothing_that_moves_says_nothing() -> None:
    steps = Steps.of(np.zeros((30, 5)))
    assert np.isnan(steps.correlation(1))
    assert not steps.wander(2.0)


@pytest.mark.parametrize(("kind", "level"), [("proportion", 0.7), ("proportion", 0.99), ("rate", 0.004)])
def test_counts_vary_as_counts_do(kind: str, level: float) -> None:
    n = RNG.poisson(60 * np.exp(RNG.standard_normal((300, 1))), (300, 12)) + 1
    drawn = RNG.binomial(n, level) if kind == "proportion" else RNG.poisson(n * level)
    ratio, upper = dispersion(kind, drawn / n, n.astype(float))  # type: ignore[arg-type]
    assert ratio == pytest.approx(1.0, abs=0.12)
    assert ratio < upper < ratio + 0.3


def test_what_is_no_count_is_not_held_against_counts() -> None:
    n = np.full((40, 6), 20.0)
    y = 0.5 + 0.01 * RNG.standard_normal((40, 6))
    assert np.isnan(dispersion("rate", y, n)[0])
    assert np.isnan(dispersion("mean", y, n)[0])
    assert dispersion("mean", y, n, 0.002)[0] == pytest.approx(1.0, abs=0.3)
