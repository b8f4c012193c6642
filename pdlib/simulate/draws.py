"""Random draws shared by the simulators: one stream per ingredient, correlated covariates, uneven volumes."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]


def streams(seed: int, *names: str) -> dict[str, np.random.Generator]:
    """One independent generator per ingredient.

    Switching one ingredient off (``null=True``) leaves every other draw as it was, so scenarios with the same
    seed share their random numbers and differ only in what was asked for.
    """
    children = np.random.SeedSequence(seed).spawn(len(names))
    return {name: np.random.default_rng(child) for name, child in zip(names, children, strict=True)}


def equicorrelated(rng: np.random.Generator, n_rows: int, n_columns: int, correlation: float) -> Floats:
    """Standard normal columns that all correlate pairwise by the same amount, shape (n_rows, n_columns)."""
    common = rng.standard_normal((n_rows, 1))
    own = rng.standard_normal((n_rows, n_columns))
    return np.sqrt(correlation) * common + np.sqrt(1 - correlation) * own


def rescaled(values: Floats, sd: float) -> Floats:
    """The values centred on 0 and stretched to the given standard deviation (zeros if they do not vary)."""
    spread = values.std()
    return (values - values.mean()) * (sd / spread) if spread > 0 else np.zeros_like(values)


def sample_sd(rng: np.random.Generator, item_sd: float, n: NDArray[np.int64]) -> Floats:
    """Sample standard deviation of n normal items, drawn by its chi-square law; no number where n < 2."""
    freedom = np.maximum(n - 1, 1)
    return np.where(n > 1, item_sd * np.sqrt(rng.chisquare(freedom) / freedom), np.nan)


def unit_names(n_units: int) -> NDArray[np.str_]:
    """Unit names of equal length, so that text order is number order."""
    width = max(3, len(str(n_units)))
    return np.array([f"U{number:0{width}d}" for number in range(1, n_units + 1)])


def logit(share: Floats | float) -> Floats:
    """Log odds of a share."""
    return np.log(np.asarray(share) / (1 - np.asarray(share)))


def expit(log_odds: Floats) -> Floats:
    """Share that belongs to log odds."""
    return 1 / (1 + np.exp(-log_odds))


def in_spells(own: Floats, correlation: float) -> Floats:
    """Standard draws per unit and period, made to correlate from each period to the next."""
    drawn = own.copy()
    for p in range(1, own.shape[1]):
        drawn[:, p] = correlation * drawn[:, p - 1] + np.sqrt(1 - correlation**2) * own[:, p]
    return drawn
