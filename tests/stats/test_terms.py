"""How use of words goes with the units' values: against statsmodels, under the null, and with one unit's topic."""

import numpy as np
import pytest
import statsmodels.api as sm
from hypothesis import given
from hypothesis import strategies as st

from pdlib.stats.contrast import Scores
from pdlib.stats.family import romano_wolf
from pdlib.stats.terms import REACH, joined, overdispersion, term_contrasts

N = 300


def bench(seed: int = 1, *, terms: int = 40, slope: float = 0.0, units: int = N) -> tuple[np.ndarray, ...]:
    """Make counts of terms at units of unequal size; the first five go with the value."""
    rng = np.random.default_rng(seed)
    totals = np.round(rng.lognormal(4.5, 0.8, units)) + 5
    value = rng.standard_normal(units)
    rate = rng.gamma(2, 0.5, (units, terms)) * 0.02
    rate[:, :5] *= np.exp(slope * value)[:, None]
    context = np.column_stack([np.ones(units), rng.standard_normal((units, 3))])
    return rng.poisson(rate * totals[:, None]).astype(float), totals, value, context


def test_estimates_are_those_of_weighted_least_squares() -> None:
    counts, totals, value, context = bench()
    ours = term_contrasts(counts, totals, value, np.ones(N), context)
    pooled = counts.sum(axis=0) / totals.sum()
    phi = overdispersion(counts, totals)
    share = counts / (totals[:, None] * pooled)
    share = np.minimum(share, 1 + REACH * np.sqrt(1 / (totals[:, None] * pooled) + np.maximum(phi, 0.3)))
    for k in (0, 7, 23):
        weight = totals / (1 + 2.0 ** np.round(np.log2(phi[k] * pooled[k])) * totals)
        fit = sm.WLS(share[:, k], np.column_stack([value, context]), weights=weight).fit(cov_type="HC2")
        assert ours.estimate[k] == pytest.approx(fit.params[0], rel=1e-8)
        assert ours.se[k] == pytest.approx(fit.bse[0], rel=1e-8)


def test_clustered_errors_are_those_of_sums_over_clusters() -> None:
    counts, totals, value, context = bench()
    alone = term_contrasts(counts, totals, value, np.ones(N), context)
    each = term_contrasts(counts, totals, value, np.ones(N), context, np.arange(N))
    assert each.se == pytest.approx(alone.se * np.sqrt(N / (N - 1)))
    pairs = term_contrasts(counts, totals, value, np.ones(N), context, np.arange(N) // 2)
    assert pairs.spare.max() <= N // 2 - 1
    assert isinstance(pairs.chance, Scores)
    assert len(pairs.chance.pull) == N // 2


def test_planted_terms_are_found_and_chance_is_not() -> None:
    counts, totals, value, context = bench(slope=0.3)
    planted = term_contrasts(counts, totals, value, np.ones(N), context)
    assert (planted.p_value[:5] < 0.01).all()
    assert (planted.estimate[:5] > 0.15).all()
    found = []
    for seed in range(2, 42):
        counts, totals, value, context = bench(seed)
        found.append((term_contrasts(counts, totals, value, np.ones(N), context).p_value <= 0.05).mean())
    assert 0.04 <= np.mean(found) <= 0.065


def test_step_down_under_the_null() -> None:
    hits = 0
    for seed in range(40):
        counts, totals, value, context = bench(seed + 100, terms=25, units=150)
        family = romano_wolf(term_contrasts(counts, totals, value, np.ones(150), context), draws=300).better
        hits += bool((family <= 0.10).any())
    assert hits <= 9  # 10 % of 40, and two standard errors


def test_one_units_topic_decides_nothing() -> None:
    counts, totals, value, context = bench()
    best = int(np.argmax(value))
    counts[best, 9] += 30 * counts[best, 9] + 200
    with_topic = term_contrasts(counts, totals, value, np.ones(N), context)
    assert with_topic.p_value[9] > 0.01


def test_units_without_comments_take_no_part() -> None:
    counts, totals, value, context = bench()
    silent = np.zeros((20, counts.shape[1]))
    more = term_contrasts(
        np.vstack([counts, silent]), np.append(totals, np.zeros(20)), np.append(value, np.full(20, 50.0)),
        np.ones(N + 20), np.vstack([context, np.ones((20, 4))]),
    )  # fmt: skip
    assert more.estimate == pytest.approx(term_contrasts(counts, totals, value, np.ones(N), context).estimate)


def test_a_term_that_nobody_uses_is_not_tested() -> None:
    counts, totals, value, context = bench(terms=3)
    counts[:, 1] = 0
    result = term_contrasts(counts, totals, value, np.ones(N), context)
    assert np.isnan(result.p_value[1]) and np.isnan(result.strength[1])
    assert np.isfinite(result.p_value[[0, 2]]).all()


def test_joined_families_are_tested_together() -> None:
    counts, totals, value, context = bench()
    parts = [
        term_contrasts(counts[:, own], totals, value, np.ones(N), context) for own in (slice(0, 15), slice(15, 40))
    ]
    whole = term_contrasts(counts, totals, value, np.ones(N), context)
    both = joined(parts)
    assert isinstance(both.chance, Scores)
    assert romano_wolf(both, draws=200).better == pytest.approx(romano_wolf(whole, draws=200).better)


@given(scale=st.floats(0.1, 50), seed=st.integers(0, 50))
def test_units_of_the_value_and_order_of_units_do_not_matter(scale: float, seed: int) -> None:
    counts, totals, value, context = bench(seed, terms=6, units=60)
    order = np.random.default_rng(seed).permutation(60)
    one = term_contrasts(counts, totals, value, np.ones(60), context)
    other = term_contrasts(counts[order], totals[order], scale * value[order], np.ones(60), context[order])
    assert other.p_value == pytest.approx(one.p_value)
    assert other.estimate * scale == pytest.approx(one.estimate)


def test_rich_context_does_not_make_chance_look_small() -> None:
    """A quarter of the units' freedom goes to context: scores not opened for it name some term in a third of runs."""
    named = 0
    for seed in range(40):
        rng = np.random.default_rng(seed)
        context = np.column_stack([np.ones(N), rng.standard_normal((N, 74))])
        counts, totals, value, _ = bench(seed, terms=150)
        found = romano_wolf(term_contrasts(counts, totals, value, np.ones(N), context), draws=400, seed=seed)
        named += bool(np.nanmin(found.better) <= 0.1)
    assert named <= 9  # four are promised
