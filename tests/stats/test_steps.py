"""What steps in the context leave of a practice: nothing where they settle it, most where they only bear on it."""

import numpy as np
import pytest

from pdlib.stats.steps import left_by_steps

N = 400
CONDITIONS = np.random.default_rng(0).standard_normal((N, 5))
FIRST, SECOND = CONDITIONS[:, 0], CONDITIONS[:, 1]


@pytest.mark.parametrize(
    "settled",
    [FIRST > 0.4, FIRST < 0.4, np.abs(FIRST) > 0.8, (FIRST > 0) & (SECOND > 0), np.digitize(FIRST, [-0.5, 0.5])],
    ids=["above", "below", "outside", "both", "degrees"],
)
def test_what_a_step_or_two_settle(settled: np.ndarray) -> None:
    values = settled.astype(float)
    assert left_by_steps(values, CONDITIONS) == pytest.approx(0.0, abs=0.05)
    values[::7] = np.nan
    assert left_by_steps(values, CONDITIONS) == pytest.approx(0.0, abs=0.05)


def test_what_the_context_bears_on_without_settling_it() -> None:
    rng = np.random.default_rng(1)
    for steepness in (0.0, 2.0, 4.0):
        for _ in range(20):
            values = (rng.random(N) < 1 / (1 + np.exp(-steepness * FIRST))).astype(float)
            assert left_by_steps(values, CONDITIONS) > 0.1


def test_nothing_to_cut() -> None:
    for values in (np.full(N, np.nan), np.ones(N), np.where(np.arange(N) < 6, np.arange(N) % 2, np.nan)):
        assert left_by_steps(values.astype(float), CONDITIONS) == 1.0
    assert left_by_steps(FIRST, np.empty((N, 0))) == 1.0
