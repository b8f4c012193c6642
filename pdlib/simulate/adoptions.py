"""Units that take practices up one after another: the bench on which what came first is told apart."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from pdlib.simulate.draws import Floats, rescaled, sample_sd, streams, unit_names
from pdlib.simulate.practices import SimulatedPractices, codebook_of

CONTEXT = ["c1", "c2", "c3", "c4"]
TRUE, FOLLOWING, AFTER_DIP, TAG_ALONG, NOISE = 3, 3, 2, 3, 12
RUN, TOGETHER = 3, 0.8
FIRST_CHANGE = 2


def simulate_adoptions(
    n_units: int = 500,
    n_periods: int = 8,
    *,
    gain: float = 0.5,
    effect_sd: float = 0.7,
    shock_sd: float = 0.6,
    shock_lasts: float = 0.6,
    item_sd: float = 3.0,
    median_n: float = 60,
    adopting: float = 0.35,
    null: bool = False,
    seed: int,
) -> SimulatedPractices:
    """Simulate units over periods in which they take practices up, some because of how they fared.

    Three *true* practices are taken up at a random time and bring `gain` from then on; each has a *tag-along* that the
    same units mostly take up with it. Three *reverse* ones are taken up after a good run, two *after a dip*; twelve
    are *noise*. What befalls a unit lasts from period to period, so a good run is partly luck that wears off.

    Parameters
    ----------
    n_units, n_periods : int
        At least 6 periods; practices are recorded in each.
    gain : float
        What a true practice brings, outcome units.
    effect_sd, shock_sd, item_sd : float
        SD of the unit effect, of what befalls a unit in one period, and of single observations.
    shock_lasts : float
        Correlation of a unit's shocks from one period to the next.
    median_n : float
        Median number of observations a unit and period (log-normal over units).
    adopting : float
        Share of units that take a practice up within the periods.
    null : bool
        True practices bring nothing and count as noise.
    seed : int

    Returns
    -------
    SimulatedPractices
        Roles: "true", "tag_along", "reverse", "dip", "noise".

    Raises
    ------
    ValueError
        If there are fewer than 6 periods.
    """
    settings: dict[str, Any] = dict(locals())
    if n_periods < 6:
        raise ValueError(f"n_periods is {n_periods}; at least 6 are needed to see a before and an after.")
    rng = streams(seed, "context", "effect", "shock", "starts", "follow", "volume", "items")
    context = rng["context"].standard_normal((n_units, len(CONTEXT)))
    given = 0.5 * context[:, 0] + 0.3 * (context[:, 1] ** 2 - 1) + 0.4 * context[:, 2] * context[:, 3]
    shock = _lasting(rng["shock"], (n_units, n_periods), shock_lasts) * shock_sd
    level = (given + effect_sd * rng["effect"].standard_normal(n_units))[:, None] + shock

    own = [_at_random(rng["starts"], n_units, n_periods, adopting) for _ in range(TRUE + NOISE)]
    true, noise = own[:TRUE], own[TRUE:]
    along = [_with(rng["starts"], start, n_periods) for start in true]
    for start in true:
        level = level + (0.0 if null else gain) * _since(start, n_periods)
    following = [_after(rng["follow"], level, adopting, sign=1) for _ in range(FOLLOWING)]
    dipped = [_after(rng["follow"], shock, adopting, sign=-1) for _ in range(AFTER_DIP)]

    roles = ["true"] * TRUE + ["tag_along"] * TRUE + ["reverse"] * FOLLOWING + ["dip"] * AFTER_DIP + ["noise"] * NOISE
    truth = pd.DataFrame({"practice": [f"practice_{k:03d}" for k in range(1, len(roles) + 1)], "role": roles})
    truth["size"] = np.where((truth["role"] == "true") & (not null), gain, 0.0)
    truth["block"] = np.arange(len(roles))
    truth["role"] = truth["role"].where(~(truth["role"].isin(["true", "tag_along"]) & null), "noise")
    names, periods = unit_names(n_units), [f"P{p:02d}" for p in range(1, n_periods + 1)]
    starts = [*true, *along, *following, *dipped, *noise]
    practices = pd.DataFrame({"unit": np.repeat(names, n_periods), "wave": np.tile(periods, n_units)})
    practices = practices.assign(
        **{name: _since(start, n_periods).ravel() for name, start in zip(truth["practice"], starts, strict=True)}
    )
    panel = _observed(rng, level, context, names, periods, item_sd, median_n)
    pooled = panel.assign(total=panel["value"] * panel["n"]).groupby("unit", sort=False)[["total", "n"]].sum()
    units = pd.DataFrame({"unit": names, "value": (pooled["total"] / pooled["n"]).to_numpy()})
    theta = level.mean(axis=1) - given
    truth_units = pd.DataFrame({"unit": names, "theta": theta, "context_value": given})
    settings |= {"context": CONTEXT, "wave": "wave"}
    return SimulatedPractices(
        units, panel, practices, codebook_of(truth, ["binary"] * len(truth)), truth, truth_units, settings
    )


def _lasting(rng: np.random.Generator, shape: tuple[int, int], lasts: float) -> Floats:
    """Shocks of unit spread, each a share of the one before and something new."""
    fresh = rng.standard_normal(shape)
    shocks = fresh.copy()
    for p in range(1, shape[1]):
        shocks[:, p] = lasts * shocks[:, p - 1] + np.sqrt(1 - lasts**2) * fresh[:, p]
    return shocks


def _at_random(rng: np.random.Generator, n_units: int, n_periods: int, adopting: float) -> np.ndarray:
    """First period with the practice: some always had it (0), some take it up, the rest never (n_periods)."""
    chance = rng.random(n_units)
    start = rng.integers(FIRST_CHANGE, n_periods - 1, n_units)
    return np.where(chance < adopting, start, np.where(chance < adopting + 0.15, 0, n_periods))


def _with(rng: np.random.Generator, start: np.ndarray, n_periods: int) -> np.ndarray:
    """The start of a practice that most units take up together with another."""
    other = _at_random(rng, len(start), n_periods, 0.2)
    return np.where(rng.random(len(start)) < TOGETHER, start, other)


def _after(rng: np.random.Generator, run: Floats, adopting: float, *, sign: int) -> np.ndarray:
    """Start once the mean of the last periods stands out: the keenest units each period, until the share is reached."""
    n_units, n_periods = run.shape
    start = np.full(n_units, n_periods)
    each = round(adopting * n_units / (n_periods - 1 - FIRST_CHANGE))
    for p in range(FIRST_CHANGE, n_periods - 1):
        recent = run[:, max(0, p - RUN) : p].mean(axis=1)
        wish = sign * rescaled(recent, 1) + 0.7 * rng.standard_normal(n_units)
        wish[start < n_periods] = -np.inf
        start[np.argsort(-wish, kind="stable")[:each]] = p
    return start


def _since(start: np.ndarray, n_periods: int) -> Floats:
    return (np.arange(n_periods) >= start[:, None]).astype(float)


def _observed(
    rng: dict[str, np.random.Generator],
    level: Floats,
    context: Floats,
    names: np.ndarray,
    periods: list[str],
    item_sd: float,
    median_n: float,
) -> pd.DataFrame:
    n_units, n_periods = level.shape
    volume = median_n * np.exp(0.7 * rng["volume"].standard_normal(n_units))
    n = np.maximum(rng["volume"].poisson(volume[:, None], level.shape), 2)
    value = level + item_sd / np.sqrt(n) * rng["items"].standard_normal(level.shape)
    panel = pd.DataFrame({"unit": np.repeat(names, n_periods), "period": np.tile(periods, n_units)})
    panel = panel.assign(**{name: np.repeat(context[:, k], n_periods) for k, name in enumerate(CONTEXT)})
    return panel.assign(value=value.ravel(), n=n.ravel(), sd=sample_sd(rng["items"], item_sd, n).ravel())
