"""Teams in districts rated from 1 to 5: a second bench for comparing practices, of another shape than the first.

Nothing was tuned on it. Context is skewed, partly a category, and bears on the outcome in steps and through saturation;
teams of one district share habits and fortunes; a condition that nobody recorded moves the outcome and two of the
practices; whole teams do not answer, the weak ones more often; effects are unequal.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
from scipy.special import ndtr

from pdlib.simulate.draws import Floats, rescaled, streams, unit_names
from pdlib.simulate.practices import SimulatedPractices, codebook_of

CONTEXT: list[Any] = ["turnover", "distance", "staff", {"name": "kind", "kind": "category"}]
SIZES = np.array([0.12, 0.16, 0.20, 0.24, 0.28, 0.32])
ALONG, TRAVELS = 2, 0.6
CONFOUNDED, HIDDEN, REVERSE, NOISE = 4, 2, 2, 22
TOGETHER = 0.30
CUTS = np.array([-1.9, -1.1, -0.3, 0.7])
ROLES = [
    *["true"] * len(SIZES), *["tag_along"] * (ALONG * len(SIZES)), *["confounded"] * CONFOUNDED, *["hidden"] * HIDDEN,
    *["part"] * 2, *["reverse"] * REVERSE, *["noise"] * NOISE,
]  # fmt: skip


def simulate_teams(
    n_units: int = 400,
    *,
    n_periods: int = 4,
    n_districts: int = 60,
    effect_sd: float = 0.35,
    district_sd: float = 0.12,
    hidden_sd: float = 0.10,
    shock_sd: float = 0.10,
    median_n: float = 25,
    silent: float = 0.12,
    null: bool = False,
    seed: int,
) -> SimulatedPractices:
    """Simulate teams, their context and what they do, with a known part of it mattering.

    Six *true* practices move the outcome by .12 to .32 SD of the team effect each, each with two *tag-alongs*; two
    are *part* of a bundle and pay where both are done; *confounded* ones follow what context brings, *hidden* ones a
    condition that is not recorded, *reverse* ones the team effect itself; the rest is noise.

    Parameters
    ----------
    n_units, n_periods, n_districts : int
    effect_sd, district_sd, hidden_sd, shock_sd : float
        SD of the team effect, of what a district shares, of what the hidden condition brings, and of what befalls a
        team in one period; the latent rating of a customer has SD 1.
    median_n : float
        Median number of ratings a team and period.
    silent : float
        Share of teams that do not answer on practices at all; the weaker a team, the likelier.
    null : bool
        No practice matters: true, tag-along, part and reverse ones become noise. Hidden ones still go with the
        outcome, which no comparison can see.
    seed : int

    Returns
    -------
    SimulatedPractices
    """
    settings: dict[str, Any] = dict(locals())
    rng = streams(
        seed, "context", "district", "habits", "kinds", "effect", "driven", "missing", "volume", "items", "shock"
    )
    turnover = np.exp(0.8 * rng["context"].standard_normal(n_units))
    distance = rng["context"].standard_normal(n_units)
    staff = 2.0 + rng["context"].poisson(5, n_units).astype(float)
    kind = rng["context"].choice(["a", "b", "c", "d"], n_units, p=[0.4, 0.3, 0.2, 0.1])
    given = _given(turnover, distance, staff, kind)
    hidden = rng["context"].standard_normal(n_units)
    district = rng["district"].integers(0, n_districts, n_units)

    truth = pd.DataFrame({"practice": [f"practice_{k:03d}" for k in range(1, len(ROLES) + 1)], "role": ROLES})
    latent = np.sqrt(0.85) * rng["habits"].standard_normal((n_units, len(ROLES)))
    latent += np.sqrt(0.15) * rng["district"].standard_normal((n_districts, len(ROLES)))[district]
    for k in range(len(SIZES)):
        along = len(SIZES) + ALONG * k + np.arange(ALONG)
        latent[:, along] = TRAVELS * latent[:, [k]] + np.sqrt(1 - TRAVELS**2) * latent[:, along]
    of_role = {role: np.flatnonzero(truth["role"] == role) for role in truth["role"].unique()}
    latent[:, of_role["confounded"]] += rescaled(given, 1)[:, None]
    latent[:, of_role["hidden"]] += hidden[:, None]
    makers = _makers(rng["kinds"], len(ROLES))
    done = np.column_stack([make(column) for (_, make), column in zip(makers, latent.T, strict=True)])
    effect = _effect(rng["effect"], done, of_role, effect_sd, null=null)
    if not null:
        follows = 0.5 * rescaled(effect, 1)[:, None] + np.sqrt(0.75) * rng["driven"].standard_normal((n_units, REVERSE))
        for place, column in zip(of_role["reverse"], follows.T, strict=True):
            done[:, place] = makers[place][1](column)
    shared = district_sd * rng["district"].standard_normal(n_districts)[district]
    level = given + effect + shared + hidden_sd * hidden
    names = unit_names(n_units)
    context = {"turnover": turnover, "distance": distance, "staff": staff, "kind": kind}
    panel, slope = _rated(rng, level, context, names, settings)
    pooled = panel.assign(total=panel["value"] * panel["n"]).groupby("unit", sort=False)[["total", "n"]].sum()
    units = pd.DataFrame({"unit": names, **context, "district": [f"D{d:02d}" for d in district]})
    units["value"] = (pooled["total"] / pooled["n"]).reindex(names).to_numpy()
    practices = pd.DataFrame(_answered(rng["missing"], done, effect, silent), columns=truth["practice"].tolist())
    practices.insert(0, "unit", names)
    truth["size"] = 0.0
    if null:
        truth["role"] = truth["role"].where(~truth["role"].isin(["true", "tag_along", "part", "reverse"]), "noise")
    else:
        truth.loc[of_role["true"], "size"] = SIZES * effect_sd * slope
    truth["block"] = np.arange(len(truth))
    truth_units = pd.DataFrame({"unit": names, "theta": effect + shared, "context_value": given})
    settings |= {"context": CONTEXT, "nested_in": "district"}
    codebook = codebook_of(truth, [name for name, _ in makers])
    return SimulatedPractices(units, panel, practices, codebook, truth, truth_units, settings)


def _given(turnover: Floats, distance: Floats, staff: Floats, kind: np.ndarray) -> Floats:
    steps = 0.35 * (turnover > 1.5) - 0.3 * (staff < 5) + 0.25 * ((kind == "b") & (distance > 0)) - 0.3 * (kind == "d")
    return np.asarray(steps + 0.3 * np.tanh(1.5 * distance))


def _makers(rng: np.random.Generator, count: int) -> list[tuple[str, Any]]:
    """Kind and way to answer: most are yes or no, some levels 1 to 4, some counts."""
    makers: list[tuple[str, Any]] = []
    for kind in rng.choice(["binary", "graded", "frequency"], count, p=[0.6, 0.25, 0.15]):
        share = rng.uniform(0.12, 0.5)
        if kind == "binary":
            makers.append(("binary", lambda column, s=share: (column > np.quantile(column, 1 - s)).astype(float)))
        elif kind == "graded":
            makers.append(("graded", lambda column: 1.0 + np.digitize(column, [-0.6, 0.4, 1.2])))
        else:
            makers.append(("frequency", lambda column: np.round(3 * np.exp(0.5 * column))))
    return makers


def _effect(
    rng: np.random.Generator, done: Floats, of_role: dict[str, np.ndarray], effect_sd: float, *, null: bool
) -> Floats:
    own = rng.gamma(4.0, 0.5, len(done))
    if null:
        return rescaled(own, effect_sd)
    standard = (done - done.mean(axis=0)) / np.maximum(done.std(axis=0), 1e-12)
    first, second = (standard[:, k] > 0.5 for k in of_role["part"])
    both = rescaled((first & second).astype(float), 1)
    explained = standard[:, of_role["true"]] @ SIZES + TOGETHER * both
    left = max(1 - float((SIZES**2).sum()) - TOGETHER**2, 0.2)
    return effect_sd * (explained - explained.mean() + np.sqrt(left) * rescaled(own, 1))


def _rated(
    rng: dict[str, np.random.Generator],
    level: Floats,
    context: dict[str, Any],
    names: np.ndarray,
    settings: dict[str, Any],
) -> tuple[pd.DataFrame, float]:
    """Ratings from 1 to 5 by unit and period as mean, count and SD; and how the mean moves with the latent level."""
    n_units, n_periods = len(level), settings["n_periods"]
    volume = settings["median_n"] * np.exp(0.6 * rng["volume"].standard_normal(n_units))
    n = np.maximum(rng["volume"].poisson(volume[:, None], (n_units, n_periods)), 2)
    month = 0.1 * rng["shock"].standard_normal(n_periods)
    mu = level[:, None] + month + settings["shock_sd"] * rng["shock"].standard_normal(n.shape)
    below = ndtr(CUTS - mu[:, :, None])
    shares = np.diff(np.concatenate([np.zeros((*mu.shape, 1)), below, np.ones((*mu.shape, 1))], axis=2), axis=2)
    counts = rng["items"].multinomial(n, shares)
    scores = np.arange(1, 6)
    value = counts @ scores / n
    sd = np.sqrt((counts @ scores**2 - n * value**2) / (n - 1))
    density = np.exp(-0.5 * (CUTS - mu[:, :, None]) ** 2) / np.sqrt(2 * np.pi)
    panel = pd.DataFrame({"unit": np.repeat(names, n_periods)})
    panel["period"] = np.tile([f"P{p:02d}" for p in range(1, n_periods + 1)], n_units)
    panel = panel.assign(**{name: np.repeat(values, n_periods) for name, values in context.items()})
    panel = panel.assign(value=value.ravel(), n=n.ravel(), sd=sd.ravel())
    return panel, float(density.sum(axis=2).mean())


def _answered(rng: np.random.Generator, done: Floats, effect: Floats, silent: float) -> Floats:
    """Blank whole teams, the weak ones more often, and single answers."""
    weak = 1 - np.argsort(np.argsort(effect)) / max(len(effect) - 1, 1)
    gone = rng.random(len(effect)) < 2 * silent * weak
    return np.where(gone[:, None] | (rng.random(done.shape) < 0.04), np.nan, done)
