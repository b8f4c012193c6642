"""Side by side: tag-alongs fall, twins do not both fall, what follows success takes nothing away."""

import numpy as np
import pytest
from scipy.stats import t as student

from pdlib.stats.refit import Stack, _doubt, backward


def stack(x: np.ndarray, y: np.ndarray) -> Stack:
    return Stack(y - y.mean(), x - x.mean(axis=0), np.arange(len(y)), 1, len(y) - 2)


def world(seed: int, units: int = 600) -> tuple[np.ndarray, np.ndarray]:
    """A practice that brings something (0), one that travels with it (1), one of its own (2), one that follows (3)."""
    rng = np.random.default_rng(seed)
    x = rng.standard_normal((units, 4))
    x[:, 1] = 0.7 * x[:, 0] + np.sqrt(1 - 0.49) * x[:, 1]
    y = 0.3 * x[:, 0] + 0.3 * x[:, 2] + rng.standard_normal(units)
    x[:, 3] += y
    return x, y


def test_a_tag_along_falls_and_names_its_fellow() -> None:
    gone = [backward(stack(*world(seed)), [0, 1, 2]) for seed in range(60)]
    assert np.mean([out.get(1) == 0 for out in gone]) > 0.85
    assert np.mean([2 in out for out in gone]) == 0


def test_of_twins_one_stays() -> None:
    for seed in range(20):
        x, y = world(seed)
        x[:, 1] = x[:, 0] + 0.1 * np.random.default_rng(seed).standard_normal(len(y))
        assert len(backward(stack(x, y), [0, 1])) == 1


def test_what_follows_success_takes_nothing_from_what_brings_it() -> None:
    held = [backward(stack(*world(seed, 300)), [0, 2, 3], tied=tied) for seed in range(60) for tied in (0.3,)]
    against_all = [backward(stack(*world(seed, 300)), [0, 2, 3], tied=0.0) for seed in range(60)]
    lost = [np.mean([bool({0, 2} & set(out)) for out in runs]) for runs in (held, against_all)]
    assert lost[0] < 0.05 < lost[1]


def test_the_p_value_is_that_of_the_regression() -> None:
    sm = pytest.importorskip("statsmodels.api")
    x, y = world(3, 200)
    fit = sm.OLS(y, sm.add_constant(x[:, [0, 1]]))
    robust, usual = fit.fit(cov_type="HC2", use_t=True), fit.fit()
    peer = max(robust.bse[1], usual.bse[1])
    expected = 2 * student.sf(abs(usual.params[1]) / peer, 196)
    assert _doubt(stack(x, y), [0, 1]) == pytest.approx(expected, rel=0.1)


def test_waves_tell_apart_what_one_wave_cannot() -> None:
    told = []
    for seed in range(40):
        x, y = world(seed, 120)
        rng = np.random.default_rng(seed)
        within = rng.standard_normal((1200, 4))
        more = Stack(0.3 * within[:, 0] + rng.standard_normal(1200), within, np.repeat(np.arange(120), 10), 130, 119)
        told.append((backward(stack(x, y), [0, 1]), backward(stack(x, y).below(more), [0, 1])))
    alone, both = (np.mean([out == {1: 0} for out in runs]) for runs in zip(*told, strict=True))
    assert both > max(0.9, alone)


def test_units_of_one_group_count_as_one() -> None:
    x, y = world(5, 200)
    grouped = stack(np.repeat(x, 5, axis=0), np.repeat(y, 5)).grouped(np.repeat(np.arange(200), 5))
    assert _doubt(grouped, [1, 0]) == pytest.approx(_doubt(stack(x, y), [1, 0]), rel=0.1)
