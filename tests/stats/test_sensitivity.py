"""How strong a hidden condition would have to be: the example of Cinelli & Hazlett (2020), and by brute force."""

import numpy as np
import pytest

from pdlib.stats.sensitivity import Benchmark, robustness_value, times_as_strong

# Darfur, section 5 of the paper: estimate .097, standard error .0233, 783 degrees of freedom; the condition "female".
ESTIMATE, SE, SPARE = 0.09731582, 0.02325654, 783.0
FEMALE = Benchmark(with_practice=0.009099, with_response=0.1090)


def test_robustness_values_are_those_published() -> None:
    t = np.array([ESTIMATE / SE])
    assert robustness_value(t, np.array([SPARE]))[0] == pytest.approx(0.1388, abs=1e-4)
    assert robustness_value(t, np.array([SPARE]), level=0.05)[0] == pytest.approx(0.0763, abs=1e-4)


@pytest.mark.parametrize(
    ("times", "practice", "response", "left"),
    [(1, 0.0092, 0.1246, 0.0752), (2, 0.0183, 0.2493, 0.0529), (3, 0.0275, 0.3741, 0.0304)],
)
def test_bounds_are_those_published(times: float, practice: float, response: float, left: float) -> None:
    r_practice, r_response = FEMALE.hidden(times)
    assert (r_practice, r_response) == pytest.approx((practice, response), abs=3e-4)
    bias = SE * np.sqrt(r_response * r_practice / (1 - r_practice) * SPARE)
    assert pytest.approx(left, abs=3e-4) == ESTIMATE - bias


def test_times_as_strong_brings_the_contrast_to_zero() -> None:
    times = times_as_strong(ESTIMATE / SE, SPARE, FEMALE)
    r_practice, r_response = FEMALE.hidden(times)
    assert pytest.approx(ESTIMATE, rel=1e-4) == SE * np.sqrt(r_response * r_practice / (1 - r_practice) * SPARE)


def test_a_hidden_condition_that_strong_does_explain_it_away() -> None:
    """Make a hidden condition as strong as a known one: with it the contrast is gone."""
    rng = np.random.default_rng(1)
    n = 4000
    known, hidden = rng.standard_normal((2, n))
    practice = 0.4 * known + 0.4 * hidden + rng.standard_normal(n)
    response = 0.4 * known + 0.4 * hidden + rng.standard_normal(n)

    def t_of(columns: list[np.ndarray]) -> tuple[float, float]:
        design = np.column_stack([np.ones(n), *columns])
        beta, rest = np.linalg.lstsq(design, response, rcond=None)[:2]
        inverse = np.linalg.inv(design.T @ design)
        spare = n - design.shape[1]
        return beta[1] / np.sqrt(inverse[1, 1] * rest[0] / spare), spare

    def partial(y: np.ndarray, given: list[np.ndarray], more: np.ndarray) -> float:
        rest = [
            np.linalg.lstsq(np.column_stack([np.ones(n), *columns]), y, rcond=None)[1][0]
            for columns in (given, [*given, more])
        ]
        return 1 - rest[1] / rest[0]

    t, spare = t_of([practice, known])
    assert abs(t_of([practice, known, hidden])[0]) < 3 < t
    like_known = Benchmark(partial(practice, [], known), partial(response, [practice], known))
    assert 0.5 < times_as_strong(t, spare, like_known) <= 1.02  # a bound: it errs on the side of caution


def test_a_condition_without_a_part_in_it_is_no_yardstick() -> None:
    assert times_as_strong(4.0, 100, Benchmark(0.0, 0.3)) == np.inf
    assert times_as_strong(400.0, 100, Benchmark(0.001, 0.001)) == 99.0
    assert robustness_value(np.array([0.0]), np.array([50.0]))[0] == 0.0
