"""Units and what they do, with planted practices: the bench on which comparing practices is measured."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from pdlib.simulate.draws import Floats, equicorrelated, rescaled, sample_sd, streams, unit_names

CONTEXT = [f"c{number}" for number in range(1, 7)]
BLOCK, N_TRUE = 5, 5
BLOCK_CORRELATION, DRIVEN_CORRELATION = 0.5, 0.5
TRUE_SIZE, BUNDLE_SIZE = 0.22, 0.30
SMALLEST_N, LARGEST_N = 15, 600


@dataclass(frozen=True, eq=False)
class SimulatedPractices:
    """Simulated units, what they do, and which of it matters.

    Attributes
    ----------
    units : DataFrame
        One row per unit: ``unit``, ``c1``–``c6``, ``value`` (mean outcome), ``n`` (observations), ``sd``
        (of single observations), ``se`` (of the mean).
    panel : DataFrame
        The same observations by period: ``unit``, ``period``, ``c1``–``c6``, ``value``, ``n``, ``sd``.
    practices : DataFrame
        ``unit``, where there are several ``wave``, and one column per practice; no number where the answer is missing.
    codebook : DataFrame
        One row per practice, in the columns of a study's codebook.
    truth : DataFrame
        One row per practice: ``practice``, ``role`` ("true", "tag_along", "bundle", "confounded", "reverse",
        "noise"), ``size`` (outcome units per SD of the practice; for the bundle per SD of the product) and
        ``block``.
    truth_units : DataFrame
        One row per unit: ``unit``, ``theta`` (excess given context), ``context_value``.
    settings : dict
        Every argument, and ``period_effects``.
    """

    units: pd.DataFrame
    panel: pd.DataFrame
    practices: pd.DataFrame
    codebook: pd.DataFrame
    truth: pd.DataFrame
    truth_units: pd.DataFrame
    settings: dict[str, Any]

    def tables(self) -> dict[str, pd.DataFrame]:
        """The tables that the declaration reads."""
        tables = {"observations": self.panel, "practices": self.practices}
        return tables | ({"units": self.units} if "nested_in" in self.settings else {})

    def study(self) -> dict[str, Any]:
        """The declaration that fits the panel, as keyword arguments of ``pdlib.Study``."""
        outcome = {
            "name": "outcome",
            "kind": "mean",
            "value": "value",
            "n": "n",
            "sd": "sd",
            "better": "higher",
        }
        study = {"unit": "unit", "period": "period", "outcome": outcome, "context": self.settings["context"]}
        study["practice"] = self.codebook.to_dict("records")
        if "nested_in" in self.settings:
            study["unit"] = {"column": "unit", "nested_in": self.settings["nested_in"]}
        if "wave" in self.settings:
            study["practices"] = {"wave": self.settings["wave"]}
        return study


def simulate_practices(
    n_units: int = 500,
    n_practices: int = 40,
    *,
    n_periods: int = 6,
    effect_sd: float = 0.5,
    item_sd: float = 2.08,
    shock_sd: float = 0.0,
    period_sd: float = 0.0,
    missing_share: float = 0.10,
    null: bool = False,
    seed: int,
) -> SimulatedPractices:
    """Simulate units, their context and what they do, with a known part of it mattering.

    Practices come in blocks of five that travel together. Five *true* ones (one per block) move the outcome
    by 0.22 SD of the unit effect each; their block mates are *tag-alongs*; one *bundle* pays as the centred
    product of two practices (0.30 SD) and has no main effects; *confounded* practices follow the context
    index that also moves the outcome; *reverse* practices follow the unit effect instead of making it; the
    rest is noise.

    Parameters
    ----------
    n_units, n_practices : int
        `n_practices` is a multiple of 5 and at least 35. One in ten is confounded, one in twenty is reverse.
    n_periods : int
        Periods over which a unit's observations are split in `panel`.
    effect_sd, item_sd : float
        SD of the unit effect, and of single observations. The defaults give a mean reliability of about 0.8
        with 15 to 600 observations a unit.
    shock_sd, period_sd : float
        SD of what befalls one unit, or all units, in one period.
    missing_share : float
        Share of missing answers; twice as many as that in the largest units, hardly any in the smallest.
    null : bool
        No practice matters: units still differ, context still counts and is followed by the confounded
        practices, but true, tag-along, bundle and reverse practices become noise.
    seed : int
        Same seed, same study.

    Returns
    -------
    SimulatedPractices

    Raises
    ------
    ValueError
        If `n_practices` is not a multiple of 5 or too small to hold every role.

    Examples
    --------
    >>> simulated = simulate_practices(200, 40, seed=1)
    >>> simulated.truth["role"].value_counts()["tag_along"]
    np.int64(20)
    """
    settings: dict[str, Any] = dict(locals()) | {"context": CONTEXT}
    if n_practices % BLOCK or n_practices < 35:
        raise ValueError(f"n_practices is {n_practices}; it must be a multiple of {BLOCK} and at least 35.")
    rng = streams(seed, "context", "latent", "kinds", "effect", "driven", "missing", "volume", "items", "period")
    truth = _roles(n_practices)
    context = equicorrelated(rng["context"], n_units, len(CONTEXT), 0.25)
    index = rescaled(_context_index(context), effect_sd)
    latent = _block_latents(rng["latent"], n_units, n_practices)
    of_role = {role: truth.index[truth["role"] == role].to_numpy() for role in truth["role"].unique()}
    latent[:, of_role["confounded"]] = _driven(rng["driven"], index, len(of_role["confounded"]))
    make = _kind_makers(rng["kinds"], n_practices)
    done = np.column_stack([make[k][1](latent[:, k]) for k in range(n_practices)])
    theta = _unit_effect(rng["effect"], done, of_role, effect_sd, null)
    if not null:
        for k, column in zip(of_role["reverse"], _driven(rng["driven"], theta, len(of_role["reverse"])).T, strict=True):
            done[:, k] = make[k][1](column)

    names = unit_names(n_units)
    frames = _observe(rng, context, index + theta, names, settings)
    practices = _with_missing(rng["missing"], done, frames[0]["n"].to_numpy(), missing_share)
    practices_frame = pd.DataFrame(practices, columns=truth["practice"].tolist())
    practices_frame.insert(0, "unit", names)
    codebook = codebook_of(truth, [kind for kind, _ in make])
    truth = _settled(truth, effect_sd, null)
    truth_units = pd.DataFrame({"unit": names, "theta": theta, "context_value": index})
    return SimulatedPractices(*frames, practices_frame, codebook, truth, truth_units, settings)


def _roles(n_practices: int) -> pd.DataFrame:
    """Roles by position: five blocks led by a true practice, then two led by the bundle's halves."""
    role = np.full(n_practices, "noise", dtype=object)
    role[: N_TRUE * BLOCK] = "tag_along"
    role[: N_TRUE * BLOCK : BLOCK] = "true"
    role[[N_TRUE * BLOCK, (N_TRUE + 1) * BLOCK]] = "bundle"
    free = [k for k in range(N_TRUE * BLOCK, n_practices) if role[k] == "noise"][::-1]
    n_confounded, n_reverse = max(1, n_practices // 10), max(1, n_practices // 20)
    role[free[:n_confounded]] = "confounded"
    role[free[n_confounded : n_confounded + n_reverse]] = "reverse"
    names = [f"practice_{number:03d}" for number in range(1, n_practices + 1)]
    return pd.DataFrame({"practice": names, "role": role.astype(str), "block": np.arange(n_practices) // BLOCK})


def _context_index(c: Floats) -> Floats:
    c1, c2, c3, c4, c5, c6 = c.T
    return 0.5 * c1 + 0.4 * (c2**2 - 1) / 1.41 + 0.4 * c3 * c4 + 0.4 * np.sin(1.5 * c5) - 0.3 * c6


def _block_latents(rng: np.random.Generator, n_units: int, n_practices: int) -> Floats:
    blocks = [equicorrelated(rng, n_units, BLOCK, BLOCK_CORRELATION) for _ in range(n_practices // BLOCK)]
    return np.hstack(blocks)


def _driven(rng: np.random.Generator, by: Floats, n_columns: int) -> Floats:
    """Latent columns that follow `by`, each with noise of its own."""
    own = rng.standard_normal((len(by), n_columns))
    return DRIVEN_CORRELATION * rescaled(by, 1)[:, None] + np.sqrt(1 - DRIVEN_CORRELATION**2) * own


def _kind_makers(rng: np.random.Generator, n_practices: int) -> list[tuple[str, Any]]:
    """Kind and way to answer, per practice: half yes/no, 30 % levels 1–5, 20 % numbers."""
    counts = [round(0.5 * n_practices), round(0.3 * n_practices)]
    kinds = ["binary"] * counts[0] + ["graded"] * counts[1] + ["frequency"] * (n_practices - sum(counts))
    makers: list[tuple[str, Any]] = []
    for kind in rng.permutation(kinds):
        share = rng.uniform(0.15, 0.60)
        if kind == "binary":
            makers.append((kind, lambda column, s=share: (column > np.quantile(column, 1 - s)).astype(float)))
        elif kind == "graded":
            cuts = np.sort(rng.uniform(-1.5, 1.5, 4))
            makers.append((kind, lambda column, at=cuts: 1.0 + np.searchsorted(at, column)))
        else:
            makers.append((kind, lambda column: np.round(10 + 3 * column, 1)))
    return makers


def _unit_effect(
    rng: np.random.Generator, done: Floats, of_role: dict[str, np.ndarray], effect_sd: float, null: bool
) -> Floats:
    """Effect of the unit: what its practices bring plus what nobody measured, with the SD asked for."""
    unmeasured = rng.standard_normal(len(done))
    if null:
        return rescaled(unmeasured, effect_sd)
    standard = (done - done.mean(axis=0)) / np.maximum(done.std(axis=0), 1e-12)
    first, second = of_role["bundle"]
    product = rescaled(standard[:, first] * standard[:, second], 1)
    explained = TRUE_SIZE * standard[:, of_role["true"]].sum(axis=1) + BUNDLE_SIZE * product
    left = 1 - N_TRUE * TRUE_SIZE**2 - BUNDLE_SIZE**2
    return effect_sd * (explained - explained.mean() + np.sqrt(left) * rescaled(unmeasured, 1))


def _observe(
    rng: dict[str, np.random.Generator],
    context: Floats,
    level: Floats,
    names: np.ndarray,
    settings: dict[str, Any],
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Observe each unit over the periods, and pool the periods into one row per unit."""
    n_units, n_periods, item_sd = len(level), settings["n_periods"], settings["item_sd"]
    total = np.exp(rng["volume"].uniform(np.log(SMALLEST_N), np.log(LARGEST_N), n_units)).round().astype(int)
    each = min(2, SMALLEST_N // n_periods)
    n = each + rng["volume"].multinomial(total - each * n_periods, np.full(n_periods, 1 / n_periods))
    settings["period_effects"] = settings["period_sd"] * rng["period"].standard_normal(n_periods)
    shock = settings["shock_sd"] * rng["period"].standard_normal((n_units, n_periods))
    mean = level[:, None] + settings["period_effects"] + shock
    value = mean + item_sd / np.sqrt(np.maximum(n, 1)) * rng["items"].standard_normal(n.shape)
    sd = sample_sd(rng["items"], item_sd, n)

    panel = pd.DataFrame({"unit": np.repeat(names, n_periods)})
    panel["period"] = np.tile([f"P{p:02d}" for p in range(1, n_periods + 1)], n_units)
    panel = panel.assign(**{name: np.repeat(context[:, k], n_periods) for k, name in enumerate(CONTEXT)})
    panel = panel.assign(value=value.ravel(), n=n.ravel(), sd=sd.ravel())
    units = pd.DataFrame({"unit": names, **{name: context[:, k] for k, name in enumerate(CONTEXT)}})
    pooled = (n * value).sum(axis=1) / total
    squares = np.where(n > 1, (n - 1) * sd**2, 0).sum(axis=1) + (n * (value - pooled[:, None]) ** 2).sum(axis=1)
    unit_sd = np.sqrt(squares / (total - 1))
    units = units.assign(value=pooled, n=total, sd=unit_sd, se=unit_sd / np.sqrt(total))
    return units, panel[panel["n"] > 0].reset_index(drop=True)


def _with_missing(rng: np.random.Generator, done: Floats, n: np.ndarray, share: float) -> Floats:
    """Blank answers, more of them the larger the unit."""
    rank = np.argsort(np.argsort(n)) / max(len(n) - 1, 1)
    return np.where(rng.random(done.shape) < (2 * share * rank)[:, None], np.nan, done)


def _settled(truth: pd.DataFrame, effect_sd: float, null: bool) -> pd.DataFrame:
    role = truth["role"].where(~truth["role"].isin(["true", "tag_along", "bundle", "reverse"]) | (not null), "noise")
    size = role.map({"true": TRUE_SIZE * effect_sd, "bundle": BUNDLE_SIZE * effect_sd}).fillna(0.0)
    return truth.assign(role=role, size=size)[["practice", "role", "size", "block"]]


def codebook_of(truth: pd.DataFrame, kinds: list[str]) -> pd.DataFrame:
    """The codebook of simulated practices: who decides and what it costs says nothing of what matters."""
    return pd.DataFrame(
        {
            "practice": truth["practice"],
            "label": truth["practice"].str.replace("_0*", " ", regex=True).str.capitalize(),
            "theme": "block " + (truth["block"] + 1).astype(str),
            "who_decides": "unit",
            "cost": 2,
            "everyone_can": True,
            "measured_by": "audit",
            "evidence": "observed",
            "claims": "",
            "kind": kinds,
            "programme": False,
            "follows_success": False,
        }
    )
