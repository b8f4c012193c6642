"""Change between two spans: recovered with honest ranges, nothing found in luck, no prize for an unlucky start."""

import numpy as np
import pytest
from scipy.special import expit

from pdlib.stats.change import ChangeFit, fit_change
from pdlib.stats.excess import fit_excess

UNITS = 300
NONE = np.empty((UNITS, 0), dtype=int)


def fitted(
    seed: int, kind: str = "mean", change: float = 0.4, early: int = 4, late: int = 6, rho: float = 0.0
) -> tuple[ChangeFit, np.ndarray, np.ndarray]:
    """A fit, the true changes, and the naive change of raw values."""
    rng = np.random.default_rng(seed)
    periods = early + late
    context = rng.normal(size=(UNITS, 2))
    moved = change * rng.normal(size=UNITS)
    after = np.arange(periods) >= early
    shock = np.empty((UNITS, periods))
    shock[:, 0] = rng.normal(size=UNITS)
    for p in range(1, periods):
        shock[:, p] = rho * shock[:, p - 1] + np.sqrt(1 - rho**2) * rng.normal(size=UNITS)
    # Context counts differently in the two spans, and all units move.
    level = 0.5 * rng.normal(size=(UNITS, 1)) + context[:, [0]] * np.where(after, 0.6, 0.3)
    eta = level + np.where(after, moved[:, None] + 0.5, 0.0) + 0.3 * shock
    n = rng.integers(20, 80, eta.shape).astype(float)
    if kind == "mean":
        y = eta + rng.normal(size=eta.shape) / np.sqrt(n)
    elif kind == "proportion":
        n = 10 * n
        y = rng.binomial(n.astype(int), expit(0.5 - eta)) / n
    else:
        n = 1000 * n
        y = rng.poisson(0.01 * n * np.exp(-eta)) / n
    sign, item = (1, 1.0) if kind == "mean" else (-1, None)
    fit = fit_excess(kind, y, n, context, NONE, sign=sign, item_variance=item)
    naive = sign * (y[:, after].mean(axis=1) - y[:, ~after].mean(axis=1))
    return fit_change(fit, y, n, ~after, after, np.ones(UNITS, dtype=bool)), moved, naive


@pytest.mark.parametrize("kind", ["mean", "proportion", "rate"])
def test_true_changes_are_recovered_with_honest_ranges(kind: str) -> None:
    inside, variance, link = [], [], []
    for seed in range(6):
        found, moved, _ = fitted(seed, kind)
        inside.append((np.abs(found.change - (moved - moved.mean())) <= 1.645 * found.change_sd).mean())
        variance.append(found.change_variance)
        link.append(np.corrcoef(found.change, moved)[0, 1])
    assert np.mean(inside) == pytest.approx(0.90, abs=0.03)
    assert np.mean(variance) == pytest.approx(0.16, rel=0.15)
    assert min(link) > 0.75


def test_without_true_change_hardly_any_is_claimed() -> None:
    found = [fitted(seed, change=0.0)[0] for seed in range(12)]
    assert sum(each.change_variance == 0 for each in found) >= 3
    assert max(each.change_variance for each in found) < 0.02
    assert max(np.abs(each.change).max() for each in found) < 0.15


def test_luck_at_the_start_is_not_paid_back_as_change() -> None:
    """Where one noisy period stands for the start, its luck would turn up as change; ours takes little of it."""
    taken = []
    for seed in range(8):
        found, moved, naive = fitted(seed, change=0.2, early=1, late=9)
        luck = naive - moved - (naive - moved).mean()
        taken.append([np.polyfit(luck, each - moved, 1)[0] for each in (naive, found.change)])
    assert np.mean(taken, axis=0)[0] == pytest.approx(1.0)
    assert abs(np.mean(taken, axis=0)[1]) < 0.35


def test_spells_are_not_taken_for_change() -> None:
    claimed = [fitted(seed, change=0.0, rho=0.7, early=6, late=6)[0] for seed in range(6)]
    assert all(each.spells.credible for each in claimed)
    assert np.mean([each.change_variance for each in claimed]) < 0.02


def test_units_of_one_span_only_are_left_out() -> None:
    rng = np.random.default_rng(0)
    y, n = rng.normal(size=(UNITS, 6)), np.full((UNITS, 6), 30.0)
    y[:40, 3:] = np.nan
    fit = fit_excess("mean", y, n, rng.normal(size=(UNITS, 1)), NONE, item_variance=1.0)
    early = np.arange(6) < 3
    seen = np.isfinite(y[:, early]).any(axis=1) & np.isfinite(y[:, ~early]).any(axis=1)
    found = fit_change(fit, y, n, early, ~early, seen)
    assert len(found.change) == UNITS - 40
    assert np.isfinite(found.change_sd).all()
