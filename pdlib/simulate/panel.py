"""Units over periods with planted deviance: the bench on which finding deviants is measured."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
import pandas as pd

from pdlib.simulate.draws import (
    Floats,
    equicorrelated,
    expit,
    in_spells,
    logit,
    rescaled,
    sample_sd,
    streams,
    unit_names,
)

Kind = Literal["mean", "proportion", "rate"]
COVARIATES = [f"x{number}" for number in range(1, 9)]
BUNDLE_LIFTS = np.array([1.2, 1.0, 0.8])
BUNDLE_PRACTICE_SHARE = 0.25
BASE_SHARE, BASE_RATE, LINK_SLOPE, CONTACTS_PER_N, SMALLEST_N = 0.7, 0.008, 0.5, 20, 3
FAR_STRETCH = 2.5


@dataclass(frozen=True, eq=False)
class SimulatedPanel:
    """A simulated panel with its truth.

    Attributes
    ----------
    panel : DataFrame
        One row per unit and period: ``unit``, ``period``, ``x1``–``x8`` and the outcome's columns (mean:
        ``value``, ``n``, ``sd``; proportion: ``successes``, ``n``; rate: ``events``, ``exposure``).
    truth : DataFrame
        One row per unit: ``unit``, ``theta`` (lasting excess, more is better), ``context_value`` g(x),
        ``hidden`` (what an undeclared condition adds), ``in_top`` (top 10 % by theta), ``bundle_1``–``3``.
    known : (N, P) array
        What declared context and periods bring to each unit in each period: with ``item_sd``, ``shock_sd``,
        ``shock_correlation``, ``effect_sd`` and ``link_slope`` of the settings, all that an oracle needs.
    context : list
        The declaration of the context, as for ``pdlib.Study``.
    settings : dict
        Every argument, and what was drawn for all units.
    """

    panel: pd.DataFrame
    truth: pd.DataFrame
    known: Floats
    context: list[Any]
    settings: dict[str, Any]

    def study(self) -> dict[str, Any]:
        """The declaration that fits this panel, as keyword arguments of ``pdlib.Study``."""
        columns: dict[str, dict[str, Any]] = {
            "mean": {"value": "value", "n": "n", "sd": "sd", "better": "higher"},
            "proportion": {"successes": "successes", "n": "n", "better": "higher"},
            "rate": {"events": "events", "exposure": "exposure", "better": "lower"},
        }
        kind = self.settings["kind"]
        outcome = {"name": "outcome", "kind": kind, **columns[kind]}
        period = {"column": "period", "varies_by": self.settings.get("varies_by")}
        return {"unit": "unit", "period": period, "outcome": outcome, "context": list(self.context)}


def simulate_panel(
    n_units: int = 500,
    n_periods: int = 6,
    kind: Kind = "mean",
    *,
    context: Literal["smooth", "step", "linear"] = "smooth",
    median_n: float = 30,
    shock_sd: float = 0.3,
    shock_correlation: float = 0.0,
    effect_sd: float = 0.5,
    period_sd: float = 0.3,
    item_sd: float = 3.0,
    null: bool = False,
    tails: Literal["normal", "t"] = "normal",
    merit_context_correlation: float = 0.0,
    hidden_sd: float = 0.0,
    far_share: float = 0.0,
    missing_share: float = 0.0,
    seed: int,
) -> SimulatedPanel:
    """Simulate units over periods, some of which truly thrive with the same means.

    Parameters
    ----------
    n_units, n_periods : int
        Size of the panel; every unit is seen in every period unless `missing_share` is given.
    kind : {"mean", "proportion", "rate"}
        Kind of outcome. A rate is lower-is-better; theta is always signed so that more is better.
    context : {"smooth", "step", "linear"}
        How conditions bear on the outcome: curves and one product, thresholds with a three-way
        interaction, or straight lines. ``x6`` counts in the step form only, ``x8`` never; ``x7`` is binary.
    median_n : float
        Median number of items per unit and period (log-normal over units, SD of log 1.0, at least 3).
        A rate has 20 contacts per item.
    shock_sd, effect_sd, period_sd, item_sd : float
        SD of what befalls a unit in one period, of the lasting excess theta, of what befalls all units in a
        period, and of single items (kind "mean").
    shock_correlation : float
        Of what befalls a unit in neighbouring periods: good and bad spells.
    null : bool
        No unit deviates: theta is 0 for all, everything else is as without it.
    tails : {"normal", "t"}
        Skill with normal or heavy (t with 3 degrees of freedom) tails.
    merit_context_correlation : float
        Correlation of theta with g(x): merit that lives in favourable places, which adjusting hides.
    hidden_sd : float
        SD of a condition that bears on the outcome and is not among the covariates.
    far_share : float
        Share of units whose numeric covariates lie 2.5 times as far out.
    missing_share : float
        Share of unit-periods that are missing at random.
    seed : int
        Same seed, same panel.

    Returns
    -------
    SimulatedPanel

    Raises
    ------
    ValueError
        If `kind`, `context` or `tails` is none of the above.

    Notes
    -----
    ``eta = period + g(x) + theta + hidden + shock``. Mean: ``value ~ N(eta, item_sd²/n)``. Proportion:
    ``successes ~ Binomial(n, expit(logit(.7) + .5 eta))``. Rate:
    ``events ~ Poisson(exposure * .008 * exp(-.5 eta))``. ``theta = .6 * bundles + .7 * skill`` rescaled to
    `effect_sd`; each of three bundles pays only where both of its two rare practices are done.

    Examples
    --------
    >>> simulated = simulate_panel(50, 4, kind="rate", seed=1)
    >>> simulated.panel.shape, int(simulated.truth["in_top"].sum())
    ((200, 12), 5)
    """
    settings: dict[str, Any] = dict(locals())
    _check(kind, context, tails)
    rng = streams(seed, "context", "bundles", "skill", "hidden", "far", "volume", "period", "shock", "items", "missing")
    x = _covariates(rng["context"], n_units)
    far = rng["far"].random(n_units) < far_share
    x[np.ix_(np.flatnonzero(far), _NUMERIC)] *= FAR_STRETCH
    g = _CONTEXT[context](x)
    theta, bundles = _lasting_excess(rng, n_units, tails)
    if merit_context_correlation:
        share = merit_context_correlation
        theta = share * rescaled(g, 1) + np.sqrt(1 - share**2) * rescaled(theta, 1)
    theta = np.zeros(n_units) if null else rescaled(theta, effect_sd)
    hidden = hidden_sd * rng["hidden"].standard_normal(n_units)

    period_effects = period_sd * rng["period"].standard_normal(n_periods)
    shocks = shock_sd * in_spells(rng["shock"].standard_normal((n_units, n_periods)), shock_correlation)
    known = g[:, None] + period_effects
    eta = known + (theta + hidden)[:, None] + shocks
    volume = np.exp(np.log(median_n) + rng["volume"].standard_normal(n_units))
    n = np.maximum(rng["volume"].poisson(volume[:, None], (n_units, n_periods)), SMALLEST_N)

    units, periods = unit_names(n_units), np.array([f"P{p:02d}" for p in range(1, n_periods + 1)])
    panel = pd.DataFrame({"unit": np.repeat(units, n_periods), "period": np.tile(periods, n_units)})
    panel = panel.assign(**{name: np.repeat(x[:, k], n_periods) for k, name in enumerate(COVARIATES)})
    panel = panel.assign(**draw_outcome(rng["items"], kind, eta.ravel(), n.ravel(), item_sd))
    if missing_share:
        panel = panel[rng["missing"].random(len(panel)) >= missing_share].reset_index(drop=True)
    truth = pd.DataFrame({"unit": units, "theta": theta, "context_value": g, "hidden": hidden, "in_top": in_top(theta)})
    truth = truth.assign(**{f"bundle_{k + 1}": bundles[:, k] for k in range(bundles.shape[1])})
    settings |= {"link_slope": LINK_SLOPE, "period_effects": period_effects, "far_units": units[far].tolist()}
    return SimulatedPanel(panel, truth, known, list(COVARIATES), settings)


_BINARY = 6
_NUMERIC = np.delete(np.arange(8), _BINARY)


def _check(kind: str, context: str, tails: str) -> None:
    for name, value, known in [
        ("kind", kind, ("mean", "proportion", "rate")),
        ("context", context, tuple(_CONTEXT)),
        ("tails", tails, ("normal", "t")),
    ]:
        if value not in known:
            raise ValueError(f"{name} is {value!r}; it must be one of {', '.join(known)}.")


def _covariates(rng: np.random.Generator, n_units: int) -> Floats:
    x = equicorrelated(rng, n_units, 8, 0.25)
    x[:, _BINARY] = x[:, _BINARY] > 0
    return x


def _smooth(x: Floats) -> Floats:
    x1, x2, x3, x4, x5, _, x7, _ = x.T
    straight = 0.45 * x1 - 0.4 * x2 + 0.5 * (x7 - 0.5)
    return straight + 0.45 * np.sin(1.5 * x3) + 0.3 * (x4**2 - 1) / 1.41 + 0.4 * x1 * x5


def _step(x: Floats) -> Floats:
    x1, x2, x3, x4, x5, x6, x7, _ = x.T
    thresholds = 0.7 * (x1 > 0.3) - 0.6 * (x2 > -0.4) + 0.5 * (np.abs(x3) > 1)
    three_way = 1.2 * ((x4 > 0) & (x5 > 0) & (x7 > 0))
    return thresholds + three_way + 0.4 * (x6 > 0.8)


def _linear(x: Floats) -> Floats:
    x1, x2, x3, x4, x5, _, x7, _ = x.T
    return 0.45 * x1 - 0.4 * x2 + 0.4 * x3 + 0.3 * x4 + 0.2 * x5 + 0.5 * (x7 - 0.5)


_CONTEXT: dict[str, Callable[[Floats], Floats]] = {"smooth": _smooth, "step": _step, "linear": _linear}


def _lasting_excess(rng: dict[str, np.random.Generator], n_units: int, tails: str) -> tuple[Floats, np.ndarray]:
    done = rng["bundles"].random((n_units, len(BUNDLE_LIFTS), 2)) < BUNDLE_PRACTICE_SHARE
    bundles = np.asarray(done.all(axis=2))
    if tails == "t":
        skill = rng["skill"].standard_t(3, n_units) / np.sqrt(3)
    else:
        skill = rng["skill"].standard_normal(n_units)
    return 0.6 * bundles @ BUNDLE_LIFTS + 0.7 * skill, bundles


def draw_outcome(
    rng: np.random.Generator, kind: str, eta: Floats, n: np.ndarray, item_sd: float
) -> dict[str, np.ndarray]:
    """The outcome's columns for cells of level eta with n items each."""
    if kind == "mean":
        value = eta + item_sd / np.sqrt(n) * rng.standard_normal(len(n))
        return {"value": value, "n": n, "sd": sample_sd(rng, item_sd, n)}
    if kind == "proportion":
        return {"successes": rng.binomial(n, expit(logit(BASE_SHARE) + LINK_SLOPE * eta)), "n": n}
    exposure = CONTACTS_PER_N * n
    return {"events": rng.poisson(exposure * BASE_RATE * np.exp(-LINK_SLOPE * eta)), "exposure": exposure}


def in_top(theta: Floats, share: float = 0.10) -> np.ndarray:
    """Whether a unit is in the top share; nobody is where nobody deviates."""
    if not theta.any():
        return np.zeros(len(theta), dtype=bool)
    rank = np.empty(len(theta), dtype=int)
    rank[np.argsort(-theta, kind="stable")] = np.arange(len(theta))
    return rank < round(share * len(theta))
