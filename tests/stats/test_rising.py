"""A rise is found where one is, and hardly elsewhere; by hand, under the null, and with bursts."""

import numpy as np
import pytest
from scipy.stats import nbinom

from pdlib.stats.family import benjamini_hochberg
from pdlib.stats.rising import FIRST, find_fall, find_rise, peers_share


def panel(
    seed: int = 1, units: int = 300, periods: int = 14, *, mean: float = 12, share: float = 0.1, burst: float = 0.0
) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(seed)
    totals = rng.poisson(rng.lognormal(np.log(mean), 0.6, units)[:, None] * np.ones(periods))
    own = share * rng.gamma(6, 1 / 6, (units, 1)) * (1 + 0.4 * np.sin(np.arange(periods)))
    spell = rng.gamma(1 / burst, burst, totals.shape) if burst else 1.0
    return rng.binomial(totals, np.minimum(own * spell, 0.9)).astype(float), totals.astype(float)


def test_a_rise_is_found_with_its_window() -> None:
    counts, totals = panel()
    totals[0], counts[0] = 30, 3
    counts[0, 10:] = 15
    rise = find_rise(counts, totals)
    assert rise.p_value[0, 9] > 0.05
    assert (rise.p_value[0, 10:] < 1e-4).all()
    assert rise.window[0, 13] == 4
    assert 8 < rise.usual[0, 13] < 20


@pytest.mark.parametrize("burst", [0.0, 0.15])
@pytest.mark.parametrize("mean", [4, 25])
def test_false_alarms_come_as_often_as_promised(mean: float, burst: float) -> None:
    share_of_alarms = []
    for seed in range(4):
        counts, totals = panel(seed, mean=mean, burst=burst)
        rise = find_rise(counts, totals, seed=seed)
        judged = rise.p_value[rise.window >= 0]
        share_of_alarms.append([(judged <= bar).mean() for bar in (0.01, 0.001)])
    assert (np.mean(share_of_alarms, axis=0) <= [0.0145, 0.0025]).all()


def test_bursts_do_not_pass_for_rises_in_the_far_tail() -> None:
    months = []
    for seed in range(3):
        counts, totals = panel(seed, units=400, mean=40, burst=0.12)
        judged = find_rise(counts, totals, seed=seed).p_value[:, FIRST:]
        months.append((judged.min(axis=0) <= 0.1 / len(judged)).mean())
    assert np.mean(months) <= 0.25  # one in ten is promised; binomial counts without a heavy tail alarm in half of them


@pytest.mark.parametrize("falls_to", [1.0, 0.5])
def test_one_large_unit_does_not_make_the_others_rise(falls_to: float) -> None:
    months = []
    for seed in range(4):
        rng = np.random.default_rng(seed)
        said = rng.lognormal(np.log(6), 0.7, 150)
        said[0] = said[1:].sum() * 2 / 3  # 40 % of all comments
        totals = rng.poisson(said[:, None] * np.ones(12))
        share = rng.beta(4, 26, (150, 1)) * np.ones(12)
        share[0] = 4 / 30
        share[0, 8:] *= falls_to
        rise = find_rise(rng.binomial(totals, share).astype(float), totals.astype(float), panels=20)
        p_value = np.where(rise.window >= 0, rise.p_value, np.nan)
        months += [(benjamini_hochberg(p_value[:, t]) <= 0.1).any() for t in range(FIRST, 12)]
    assert np.mean(months) <= 0.2  # one in ten is promised; weighed by size alone, six in ten had a false alarm


def test_the_share_of_peers_is_that_of_many() -> None:
    counts, totals = np.ones((20, 4)), np.full((20, 4), 10.0)
    assert peers_share(counts, totals) == pytest.approx(np.full(4, 0.1))
    totals[0], counts[0] = 1000, 900
    assert peers_share(counts, totals) == pytest.approx(np.full(4, 0.14))
    assert (peers_share(counts, 0 * totals) >= 0).all()


def test_one_window_is_the_tail_of_a_negative_binomial() -> None:
    counts, totals = panel(units=400, periods=5)
    rise = find_rise(counts, totals, windows=(1,), fewest=1, panels=1)
    share = peers_share(counts, totals)
    past, due = counts[:, :4].sum(axis=1), (totals * share)[:, :4].sum(axis=1)
    weight = np.minimum(1, np.quantile(due, 0.9, method="lower") / due) ** 2
    spread = max((weight * ((past - due) ** 2 - past)).sum() / (weight * due**2).sum(), 0.01)
    shape, rate = 1 / spread + past, 1 / spread + due
    tail = nbinom.sf(counts[:, 4] - 1, shape, rate / (rate + totals[:, 4] * share[4]))
    seen = (counts[:, 4] > 0) & (tail < 0.5)
    assert (rise.p_value[seen, 4] >= tail[seen] - 1e-12).all()
    assert (rise.p_value[seen, 4] <= np.minimum(1, 3 * tail[seen])).all()
    assert rise.usual[seen, 4] == pytest.approx((shape / rate * totals[:, 4] * share[4])[seen])


def test_few_comments_are_not_judged() -> None:
    counts, totals = panel()
    counts[3], totals[3] = 1, 1
    counts[4], totals[4] = 0, 0
    rise = find_rise(counts, totals, fewest=10)
    assert (rise.window[[3, 4]] == -1).all()
    assert (rise.p_value[[3, 4]] == 1).all()
    assert (rise.window[:, :FIRST] == -1).all()


def test_what_befalls_all_is_no_rise() -> None:
    rng = np.random.default_rng(0)
    totals = rng.poisson(20, (400, 14)).astype(float)
    share = 0.1 * rng.gamma(6, 1 / 6, (400, 1)) * np.where(np.arange(14) < 10, 1, 3)
    rise = find_rise(rng.binomial(totals.astype(int), np.minimum(share, 0.9)).astype(float), totals)
    assert (rise.p_value[:, 10:] <= 0.01).mean() <= 0.015


def test_the_same_seed_gives_the_same_answer() -> None:
    counts, totals = panel()
    assert np.array_equal(find_rise(counts, totals, seed=5).p_value, find_rise(counts, totals, seed=5).p_value)


def test_a_fall_is_found_and_chance_is_not() -> None:
    rng = np.random.default_rng(2)
    variance = rng.uniform(0.5, 2, (500, 12))
    value = rng.standard_normal((500, 1)) + np.sqrt(variance) * rng.standard_normal((500, 12))
    value[rng.random(value.shape) < 0.1] = np.nan
    p_value = find_fall(value, variance)
    assert (p_value[:, 11] <= 0.05).mean() <= 0.05
    value[0, 9:] -= 6
    assert find_fall(value, variance)[0, 11] < 1e-3
