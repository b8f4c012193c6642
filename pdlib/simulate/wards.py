"""Wards over months: a second bench for finding deviants, of another shape than the first on purpose.

Nothing was tuned on it. Context is skewed, partly categories with rare levels, partly changing from month to month, and
bears on the outcome through saturation, humps and hinges; merit is skewed; busy wards are better on average; shocks are
heavy-tailed and last a little; regions have seasons of their own; wards open and close.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from pdlib.simulate.draws import Floats, expit, in_spells, rescaled, streams, unit_names
from pdlib.simulate.panel import LINK_SLOPE, SMALLEST_N, Kind, SimulatedPanel, draw_outcome, in_top

CONTEXT: list[Any] = [
    {"name": "beds", "scale": "log"},
    "dependency",
    "distance",
    "age",
    "emergency",
    "occupancy",
    {"name": "specialty", "kind": "category"},
    {"name": "region", "kind": "category"},
]
SPECIALTIES = np.array([0.25, 0.20, 0.15, 0.12, 0.10, 0.08, 0.06, 0.03, 0.01])
SPECIALTY_EFFECTS = np.array([0.0, 0.3, -0.35, 0.2, -0.1, 0.45, -0.5, 0.25, -0.3])
N_REGIONS, SURGICAL = 12, 4
TAILS = 4


def simulate_wards(
    n_units: int = 500,
    n_periods: int = 6,
    kind: Kind = "mean",
    *,
    median_n: float = 30,
    shock_sd: float = 0.35,
    shock_correlation: float = 0.2,
    effect_sd: float = 0.5,
    period_sd: float = 0.3,
    season_sd: float = 0.2,
    item_sd: float = 3.0,
    size_follows_merit: float = 0.3,
    null: bool = False,
    seed: int,
) -> SimulatedPanel:
    """Simulate wards over months, some of which truly thrive with the same means.

    Parameters
    ----------
    n_units, n_periods, kind
        As in `simulate_panel`.
    median_n : float
        Median number of items of a ward and month; the logarithm has an SD of about 1.
    shock_sd, shock_correlation : float
        SD of what befalls a ward in a month (t with four degrees of freedom), and how it correlates with the next.
    effect_sd, period_sd, season_sd, item_sd : float
        SD of lasting excess, of what befalls all in a month, of a region's own seasons, and of single items.
    size_follows_merit : float
        Correlation of log size with merit.
    null : bool
        No ward deviates: theta is 0 for all, everything else is as without it.
    seed : int

    Returns
    -------
    SimulatedPanel

    Examples
    --------
    >>> simulated = simulate_wards(60, 4, seed=1)
    >>> bool(simulated.panel.groupby("unit").size().max() == 4)
    True
    """
    settings: dict[str, Any] = dict(locals())
    rng = streams(seed, "context", "merit", "volume", "period", "season", "shock", "items", "open", "occupancy")
    context = _context(rng["context"], n_units)
    occupancy = _occupancy(rng["occupancy"], n_units, n_periods)
    merit = rescaled(rng["merit"].gamma(2.0, 1.0, n_units), 1.0)
    theta = np.zeros(n_units) if null else effect_sd * merit

    period_effects = period_sd * rng["period"].standard_normal(n_periods)
    phase = rng["season"].uniform(0, 2 * np.pi, N_REGIONS)[context["region_code"]]
    season = np.sqrt(2) * season_sd * np.sin(2 * np.pi * np.arange(n_periods) / max(n_periods, 2) + phase[:, None])
    steady = _steady(context)
    known = steady[:, None] + _crowding(occupancy) + period_effects + season
    own = rng["shock"].standard_t(TAILS, (n_units, n_periods)) / np.sqrt(TAILS / (TAILS - 2))
    eta = known + theta[:, None] + shock_sd * in_spells(own, shock_correlation)

    drawn = rng["volume"].standard_normal(n_units)
    size = size_follows_merit * merit + 0.4 * rescaled(np.log(context["beds"]), 1) + 0.85 * drawn
    n = np.maximum(rng["volume"].poisson(median_n * np.exp(size)[:, None], eta.shape), SMALLEST_N)

    units, periods = unit_names(n_units), np.array([f"P{p:02d}" for p in range(1, n_periods + 1)])
    panel = pd.DataFrame({"unit": np.repeat(units, n_periods), "period": np.tile(periods, n_units)})
    named = {
        name: np.repeat(context[name], n_periods) for name in ("beds", "dependency", "distance", "age", "emergency")
    }
    named |= {name: np.repeat(context[name], n_periods) for name in ("specialty", "region")}
    panel = panel.assign(**named, occupancy=occupancy.ravel())
    panel = panel.assign(**draw_outcome(rng["items"], kind, eta.ravel(), n.ravel(), item_sd))
    panel = panel[_open(rng["open"], n_units, n_periods).ravel()].reset_index(drop=True)
    value = known.mean(axis=1) - period_effects.mean()
    truth = pd.DataFrame(
        {"unit": units, "theta": theta, "context_value": value, "hidden": 0.0, "in_top": in_top(theta)}
    )
    settings |= {"link_slope": LINK_SLOPE, "varies_by": "region", "far_units": []}
    return SimulatedPanel(panel, truth, known, list(CONTEXT), settings)


def _context(rng: np.random.Generator, count: int) -> dict[str, Any]:
    beds = np.round(np.exp(np.log(24) + 0.4 * rng.standard_normal(count)))
    dependency = rng.beta(2, 5, count)
    emergency = expit(-0.5 + 2 * (dependency - 0.3) + 0.8 * rng.standard_normal(count))
    specialty = rng.choice(len(SPECIALTIES), count, p=SPECIALTIES)
    region = rng.integers(0, N_REGIONS, count)
    return {
        "beds": np.maximum(beds, 4), "dependency": dependency, "distance": rng.gamma(1.5, 1.2, count),
        "age": 68 + 8 * rng.standard_normal(count), "emergency": emergency, "specialty_code": specialty,
        "region_code": region, "region_effect": 0.25 * rng.standard_normal(N_REGIONS)[region],
        "specialty": np.array([f"specialty {k + 1}" for k in specialty]),
        "region": np.array([f"region {k + 1:02d}" for k in region]),
    }  # fmt: skip


def _steady(context: dict[str, Any]) -> Floats:
    """What the lasting context brings: saturation, a hump, a bend, groups, and an effect that only some groups have."""
    saturating = -1.2 * context["dependency"] / (context["dependency"] + 0.25)
    hump = 0.5 * np.exp(-(((context["age"] - 70) / 6) ** 2))
    surgical = context["specialty_code"] < SURGICAL
    return np.asarray(
        0.45 * np.log(context["beds"] / 24) + saturating + hump + 0.35 * np.tanh(context["distance"] - 1.5)
        + 0.9 * np.where(surgical, context["emergency"] - 0.4, 0.0) + SPECIALTY_EFFECTS[context["specialty_code"]]
        + context["region_effect"]
    )  # fmt: skip


def _occupancy(rng: np.random.Generator, count: int, periods: int) -> Floats:
    usual = rng.beta(12, 2.5, (count, 1))
    return np.clip(usual + 0.05 * rng.standard_normal((count, periods)), 0.3, 1.0)


def _crowding(occupancy: Floats) -> Floats:
    """A full ward is a worse one, from nine tenths on."""
    return -5.0 * np.maximum(occupancy - 0.9, 0.0)


def _open(rng: np.random.Generator, count: int, periods: int) -> np.ndarray:
    """(N, P) whether a ward is there: some open late, some close early, a few months are missing; all are seen."""
    first = np.where(rng.random(count) < 0.10, rng.integers(0, periods, count), 0)
    last = np.where(rng.random(count) < 0.08, rng.integers(0, periods, count), periods - 1)
    place = np.arange(periods)
    there = (place >= first[:, None]) & (place <= np.maximum(first, last)[:, None])
    gone = rng.random((count, periods)) < 0.04
    return there & ~(gone & (there.sum(axis=1, keepdims=True) > 1) & (place != first[:, None]))
