"""Steps from period to period: how they hang together tells whether each figure is new."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np

Array = np.ndarray
Kind = Literal["mean", "proportion", "rate"]
OVERLAPS = -0.25  # half-way from what new figures make of neighbouring steps (-1/2) to what old ones do (0)
CLEAR = 3.0
HALF = 0.5  # of the variance that counts imply: in sound panels of the same customers .7 is left
FEWEST, MOST_CLASSES, DRAWN = 20, 10, 20


@dataclass(frozen=True, eq=False)
class Steps:
    """Changes of each unit from one period to the next, what all share taken out and scaled in each period.

    A change holds nothing of a unit's own level, so that few periods leave no bias: figures that are each new make
    neighbouring changes correlate by -1/2, those that wander by 0, and those over a window of w periods by 0 up to
    lag w, where what came in goes out again and they correlate by -1/2.
    """

    values: Array  # (N, P - 1) scaled, zero where a step is not known
    seen: Array  # (N, P - 1)
    weights: Array  # (N,)
    scale: Array  # (P - 1,) spread of the steps into each period

    @classmethod
    def of(cls, step: Array, n: Array | None = None) -> Steps:
        """Take out what all share, and weigh units by how much they, and others of their size, move.

        A unit's own moves alone would bias the correlation where they are few.

        Parameters
        ----------
        step : (N, P - 1) array
            NaN where one is not known.
        n : (N, P) array, optional
            Exposure, by which small units move more than large ones; all weigh alike without it.
        """
        seen = np.isfinite(step)
        step = np.where(seen, step, 0.0)
        alike, scale = _alike(len(step), n), np.ones(step.shape[1])
        weights = _weights(step, seen, alike)
        for _ in range(2):  # periods are centred and scaled by weighted units, units weighed by scaled periods
            total = np.maximum(weights @ seen, 1e-300)
            step = np.where(seen, step - weights @ step / total, 0.0)
            size = np.sqrt(weights @ step**2 / total)
            step, scale = step / np.where(size > 0, size, 1.0), scale * size
            weights = _weights(step, seen, alike)
        return cls(step, seen, weights, scale)

    def _terms(self, lag: int) -> tuple[Array, Array]:
        """(N,) products at a lag, and how many."""
        count = self.values.shape[1] - lag
        products = (self.values[:, lag:] * self.values[:, :count]).sum(axis=1)
        return self.weights * products, self.weights * (self.seen[:, lag:] & self.seen[:, :count]).sum(axis=1)

    def correlation(self, lag: int) -> float:
        """Of a unit's steps that lie so far apart; NaN if there are none."""
        (product, pairs), (square, all_) = self._terms(lag), self._terms(0)
        if not pairs.sum() > 0 or not square.sum() > 0:
            return float("nan")
        return float(product.sum() / pairs.sum() / (square.sum() / all_.sum()))

    def z(self, lag: int, against: float) -> float:
        """How many standard errors that correlation lies above another, units being independent."""
        (product, pairs), (square, all_) = self._terms(lag), self._terms(0)
        mean = square.sum() / max(float(all_.sum()), 1e-300)
        gap = product - against * mean * pairs
        size = float(np.sqrt((gap**2).sum()))
        return float(gap.sum()) / size if size > 0 else 0.0

    def wander(self, clear: float) -> bool:
        """Whether neighbouring steps do not go back as those of new figures do, by so many standard errors."""
        return self.correlation(1) > OVERLAPS and self.z(1, -0.5) > clear


def _alike(count: int, n: Array | None) -> Array:
    """(N,) classes of units of about the same size."""
    if n is None or count < 2 * FEWEST:
        return np.zeros(count, dtype=int)
    known = np.isfinite(n) & (n > 0)
    size = np.where(known, n, 0.0).sum(axis=1) / np.maximum(known.sum(axis=1), 1)
    classes = min(count // FEWEST, MOST_CLASSES)
    return np.searchsorted(np.quantile(size, np.arange(1, classes) / classes), size)


def _weights(step: Array, seen: Array, alike: Array) -> Array:
    """One over each unit's mean square, drawn towards that of its class the more, the fewer its steps are."""
    square, count = (step**2).sum(axis=1), seen.sum(axis=1)
    usual = (np.bincount(alike, square) / np.maximum(np.bincount(alike, count), 1))[alike]
    mean = (square + DRAWN * usual) / (count + DRAWN)
    return np.where(mean > 0, 1.0 / np.where(mean > 0, mean, 1.0), 0.0)


def items(kind: Kind, y: Array, n: Array) -> Array:
    """(N,) variance that one item of a unit adds to a count, at the unit's own level."""
    total = np.nansum(n, axis=1)
    level = np.nansum(y * n, axis=1) / np.where(total > 0, total, np.nan)
    return level * (1 - level) if kind == "proportion" else level


def dispersion(kind: Kind, y: Array, n: Array, item_variance: float | None = None) -> tuple[float, float]:
    """Variance of the steps over what counts or the spread of single answers imply, and two standard errors more."""
    if kind == "mean":
        item = np.full(len(y), item_variance if item_variance and item_variance > 0 else np.nan)
    else:
        count = y * n
        whole = np.abs(count - np.round(count))[np.isfinite(count)] < 1e-6
        item = items(kind, y, n) if whole.all() else np.full(len(y), np.nan)
    implied = item[:, None] * (1 / n[:, 1:] + 1 / n[:, :-1])
    step = np.diff(y, axis=1)
    known = np.isfinite(step) & (implied > 0)
    if known.sum() < FEWEST:
        return float("nan"), float("nan")
    weight = np.where(known, 1 / np.where(known, implied, 1.0), 0.0)
    shared = (weight * np.where(known, step, 0.0)).sum(axis=0) / np.maximum(weight.sum(axis=0), 1e-300)
    squares = (weight * np.where(known, step - shared, 0.0) ** 2).sum(axis=1)
    counts = known.sum(axis=1)
    ratio = squares.sum() / counts.sum()
    error = np.sqrt(((squares - ratio * counts) ** 2).sum()) / counts.sum()
    return float(ratio), float(ratio + 2 * error)
