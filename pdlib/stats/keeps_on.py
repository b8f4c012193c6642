"""Figures that keep on from where they were: means since opening or since January, and rolling means seen for less
than their window.

Such figures move by steps that owe nothing to each other. So the variance between two periods is the sum of the
variances of the steps between them, whereas figures that are each new are no further apart after a year than after a
month. Of a mean of all that came before, the variance of the steps falls as one over the square of the time.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from pdlib.stats.steps_in_time import Steps

Array = np.ndarray
FEWEST_PERIODS, FEWEST_FREE, FEW, FEWEST_UNITS, GROUPS = 4, 6, 10, 20, 20
CLEAR, BEYOND, ENOUGH = 3.0, 2.5, 2.0  # standard errors: of nothing, past honest spells, past half of what is new
LAGS, NOTHING, SETTLING, LASTING = 4, 2.5, 1.3, 3.5  # what steps may owe to those 1 to 4 before, in standard errors
STRONGEST = 0.8  # correlation of honest spells from month to month, chance left out
HELD, LENGTHS = (0, 1, 2, 3, 4, 6, 9, 12, 18, 24, 36, 48), (12, 4, 13)  # periods held before the first; of a year
MISFIT, GAIN, SURE = 2.5, 40.0, 0.12  # squares a step left by the best shape, gained by it; log error at the least
FALLEN = 8.0  # times by which the variance of a running mean's steps falls, to be told from a calmer time
TOO_LONG = 0.8  # log of how far apart figures may be beyond what their steps make: beyond, they follow a trend
PLACES = 4  # decimals that figures are rounded to


@dataclass(frozen=True)
class KeepsOn:
    """Whether figures keep on from where they were, and as what.

    Attributes
    ----------
    kind : {"", "running", "overlapping"}
    starts : tuple of int
        Positions at which a running mean starts anew, the first period among them.
    """

    kind: str = ""
    starts: tuple[int, ...] = ()


def find_keeps_on(y: Array, n: Array | None = None) -> KeepsOn:
    """Look for running means, then for steps that owe nothing to each other.

    Parameters
    ----------
    y : (N, P) array
        NaN where nothing was observed.
    n : (N, P) array, optional
        Exposure, by which units are weighed.

    Returns
    -------
    KeepsOn
    """
    there = np.isfinite(y).any(axis=0)
    y, n = y[:, there], None if n is None else n[:, there]
    moving = (np.isfinite(np.diff(y, axis=1)) & (np.diff(y, axis=1) != 0)).any(axis=1)
    if y.shape[1] < FEWEST_PERIODS or moving.sum() < FEWEST_UNITS:
        return KeepsOn()
    apart = _apart(y[moving], None if n is None else n[moving])
    steps = np.maximum(apart[:, np.arange(y.shape[1] - 1), np.arange(1, y.shape[1])], 1e-300)
    running = _running(apart, steps)
    if running is not None:
        return KeepsOn("running", tuple(int(p) for p in np.flatnonzero(there)[running]))
    return KeepsOn("overlapping") if _free(apart, steps) else KeepsOn()


def _apart(y: Array, n: Array | None) -> Array:
    """(1 + G, P, P) variance between two periods, rounding taken out; of all units, then without each group."""
    unit = step_of(y)
    weights = Steps.of(np.diff(y, axis=1), n).weights
    seen = np.isfinite(y)
    y = y - np.nanmean(y, axis=1, keepdims=True)
    for _ in range(2):
        y = y - np.nansum(weights[:, None] * y, axis=0) / np.maximum(weights @ seen, 1e-300)
    y, known = np.where(seen, y, 0.0), seen.astype(float)
    squares, pairs = [], []
    for group in range(GROUPS):
        own, there, weigh = y[group::GROUPS], known[group::GROUPS], weights[group::GROUPS, None]
        one = (weigh * own**2).T @ there
        squares.append(one + one.T - 2 * (weigh * own).T @ own)
        pairs.append((weigh * there).T @ there)
    square, pair = np.array(squares), np.array(pairs)
    square = np.concatenate([square.sum(axis=0)[None], square.sum(axis=0) - square])
    pair = np.concatenate([pair.sum(axis=0)[None], pair.sum(axis=0) - pair])
    return _unrounded(np.maximum(square, 0.0) / np.maximum(pair, 1e-300), unit)


def step_of(y: Array) -> float:
    """The step that all figures are rounded to; 0 if there is none.

    Parameters
    ----------
    y : array

    Returns
    -------
    float
    """
    known = y[np.isfinite(y)]
    for places in range(-2, PLACES):
        scaled = known * 10.0**places
        if (np.abs(scaled - np.round(scaled)) < 1e-6).all():
            return float(10.0**-places)
    return 0.0


def _curve() -> tuple[Array, Array]:
    """Variance of normal steps, and the mean square of what rounding to whole numbers makes of them."""
    spread = np.logspace(-3, 1.5, 200)
    normal = np.random.default_rng(1).standard_normal(4000)
    size = np.abs(np.concatenate([normal, -normal]) / normal.std())
    whole, part = np.divmod(spread[:, None] * size, 1.0)
    return spread**2, (whole**2 + (2 * whole + 1) * part).mean(axis=1)


TRUE, ROUNDED = _curve()


def _unrounded(square: Array, unit: float) -> Array:
    """Mean squares of steps as they were before rounding: small ones seem larger, as either nothing or all shows."""
    if unit == 0:
        return square
    seen = square / unit**2
    found = np.exp(np.interp(np.log(np.maximum(seen, ROUNDED[0])), np.log(ROUNDED), np.log(TRUE)))
    return np.where(seen > ROUNDED[-1], seen - 1 / 6, found) * unit**2


def _error(each: Array) -> Array:
    """Standard error over groups of units, from what is found without each."""
    return np.sqrt((GROUPS - 1) / GROUPS * ((each - each.mean(axis=0)) ** 2).sum(axis=0))


def _running(apart: Array, steps: Array) -> Array | None:
    """Where a running mean starts, if steps shrink as those of one do and owe nothing to each other."""
    size = np.log(steps[0])
    weight = 1 / (_error(np.log(steps[1:])) ** 2 + SURE**2)
    alike = _misfit(size, weight)
    fits = [(_misfit(size - template, weight), starts) for template, starts in _templates(len(size) + 1)]
    if not fits:
        return None
    best, starts = min(fits, key=lambda one: one[0])
    if best > MISFIT * len(size) or alike - best < GAIN:
        return None
    if max(list(_owed(apart))[1:]) > LASTING:  # units settle, each at its pace
        return None
    year = np.searchsorted(starts, np.arange(len(size) + 1), side="right")
    for half in (slice(None), slice(len(size) // 2, None)):
        far, error, new = _farther(apart[:, half, half], steps[:, half], year[half])
        if far - ENOUGH * error < new / 2 or far > TOO_LONG + error:
            return None
    return starts


def _misfit(values: Array, weight: Array) -> float:
    return float((weight * (values - weight @ values / weight.sum()) ** 2).sum())


@lru_cache(maxsize=16)
def _templates(count: int) -> list[tuple[Array, Array]]:
    """Log variance of the steps of running means, and where these start."""
    places = [np.arange(1, count + 1) + held for held in HELD]
    years = [(np.arange(count) + first) % length + 1 for length in LENGTHS for first in range(length)]
    opened = [np.where(np.cumsum(year == 1) == 0, np.arange(1, count + 1), year) for year in years]
    found = []
    for place in [*places, *years, *opened]:
        now, before = place[1:].astype(float), place[:-1].astype(float)
        template = np.where(now > 1, 1 / (now * np.maximum(now - 1, 1)), 1 + 1 / before)
        if template.max() > FALLEN * template.min():
            found.append((np.log(template), np.concatenate([[0], np.flatnonzero(now == 1) + 1])))
    return found


def _farther(apart: Array, steps: Array, year: Array, spell: float = 0.0) -> tuple[float, float, float]:
    """How far apart figures are over what free steps make, its error, and what new figures or honest spells make.

    All are logs, their mean over all lags from two.
    """
    sums = np.concatenate([np.zeros((len(steps), 1)), np.cumsum(steps, axis=1)], axis=1)
    found, new = [], []
    for lag in range(2, apart.shape[1]):
        first = np.flatnonzero(year[lag:] == year[:-lag])
        if len(first):
            ratio = apart[:, first, first + lag] / np.maximum(sums[:, first + lag] - sums[:, first], 1e-300)
            found.append(np.log(np.maximum(ratio.mean(axis=1), 1e-300)))
            new.append(np.log((1 - spell**lag) / (lag * (1 - spell))))
    if not found:
        return float("-inf"), 0.0, 0.0
    mean = np.mean(found, axis=0)
    return float(mean[0]), float(_error(mean[1:])), float(np.mean(new))


def _free(apart: Array, steps: Array) -> bool:
    """Whether figures are as far apart as free steps make them, and clearly farther than honest spells do."""
    if apart.shape[1] < FEWEST_FREE:
        return False
    one = np.zeros(apart.shape[1])
    far, error, spells = _farther(apart, steps, one, STRONGEST)
    few = apart.shape[1] < FEW  # seasons and settling of a few periods come closest to free steps
    if not (far - (CLEAR if few else BEYOND) * error > spells and abs(far) < CLEAR * error):
        return False
    half = slice(apart.shape[1] // 2, None)
    ended, wrong, new = _farther(apart[:, half, half], steps[:, half], one[half])
    owed = list(_owed(apart))
    settling = sum(owed[1:]) / np.sqrt(max(len(owed) - 1, 1))
    nothing, late = (ENOUGH, ENOUGH) if few else (NOTHING, CLEAR)
    return ended > max(new / 2, -late * wrong) and max(np.abs(owed)) < nothing and settling < SETTLING


def _owed(apart: Array) -> Iterator[float]:
    """Covariance of steps that lie 1, 2, 3 and 4 periods apart, in standard errors."""
    count = apart.shape[1]
    for lag in range(1, min(LAGS, count - 2) + 1):
        a = np.arange(count - 1 - lag)
        far = apart[:, a, a + lag + 1] - apart[:, a, a + lag] - apart[:, a + 1, a + lag + 1]
        owed = (far + (apart[:, a + 1, a + lag] if lag > 1 else 0.0)).sum(axis=1)
        yield float(owed[0]) / max(float(_error(owed[1:])), 1e-300)
