"""Values change places among like units: what chance alone would show."""

from __future__ import annotations

import numpy as np

Array = np.ndarray


def shuffled(values: Array, stratum: Array, draws: int, rng: np.random.Generator) -> Array:
    """Shuffle values within strata.

    Parameters
    ----------
    values : (N,) array
        One per unit.
    stratum : (N,) int array
        Units of one stratum change places with each other only.
    draws : int
    rng : Generator

    Returns
    -------
    (draws, N) array
        In the order of `values`.
    """
    result = np.empty((draws, len(values)))
    for code in np.unique(stratum):
        rows = np.flatnonzero(stratum == code)
        result[:, rows] = rng.permuted(np.broadcast_to(values[rows], (draws, len(rows))), axis=1)
    return result


def in_blocks(draws: int, size: int = 500) -> list[int]:
    """Draw counts that add up to `draws`, none above `size`, so that no draw needs more memory than a block."""
    return [size] * (draws // size) + ([draws % size] if draws % size else [])


def shuffle_test(
    response: Array, practices: Array, stratum: Array, *, draws: int = 10_000, seed: int = 0
) -> tuple[Array, Array]:
    """Largest difference over many practices, against shuffles of the response within strata.

    Parameters
    ----------
    response : (N,) array
    practices : (N, K) array
        No missing values.
    stratum : (N,) int array
        Both are centred within strata.
    draws : int
    seed : int

    Returns
    -------
    alone, family : (K,) arrays
        Two-sided p-values of the correlation of each practice with the response: alone, and against the largest of all;
        (1 + exceedances) / (1 + draws), so never 0.

    References
    ----------
    Phipson & Smyth (2010), doi:10.2202/1544-6115.1585, for p-values that are never 0; Westfall & Young (1993),
    Resampling-Based Multiple Testing, for the largest.
    """
    groups = np.unique(stratum, return_inverse=True)[1]
    size = np.bincount(groups)
    y = response - (np.bincount(groups, response) / size)[groups]
    x = practices - np.stack([np.bincount(groups, column) / size for column in practices.T], axis=1)[groups]
    x = x / np.maximum(np.sqrt((x**2).sum(axis=0)), 1e-300)
    seen = np.abs(y @ x) * (1 - 1e-12)
    rng = np.random.default_rng(seed)
    beaten = np.zeros((2, x.shape[1]))
    for block in in_blocks(draws):
        drawn = np.abs(shuffled(y, groups, block, rng) @ x)
        beaten += [(drawn >= seen).sum(axis=0), (drawn.max(axis=1)[:, None] >= seen).sum(axis=0)]
    alone, family = (1 + beaten) / (1 + draws)
    return alone, family
