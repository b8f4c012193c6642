"""The service chain: some 520 phone-and-laptop repair shops over eighteen months, truth known."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from pdlib.simulate.comments import Story, write_comments
from pdlib.simulate.draws import Floats, expit, logit, rescaled, streams
from pdlib.simulate.habits import (
    BUNDLE,
    BUNDLE_POINTS,
    Habits,
    claims,
    codebook,
    follow_success,
    points_of,
    take_up,
)
from pdlib.simulate.outcomes import POINT, Levels, observe_months
from pdlib.simulate.shops import Shops, open_shops

SEED = 2021
FIRST_MONTH = "2025-01"
BASE_SHARE = 0.68
MEANS_SD, EXCESS_SD = 5.2, 3.0
MANAGER_SD, HIDDEN_SD, ENGAGEMENT_POINTS, DRIFT_SD, SHOCK_SD = 1.0, 1.1, 0.8, 0.8, 1.5
DRIFT_LASTS = 0.8
SURVEY_CHANGE, DOWNTURN_DROP = -2.5, 3.0
SOURING_SHARE, SOURING_DROP, WARNING_MONTHS = 0.07, 7.0, 3
CLOSER_SHARE = 0.035
BRIGHT_EXCESS, FAMOUS_EXCESS = 7.5, 0.4


@dataclass(frozen=True, eq=False)
class SimulatedChain:
    """The simulated service chain: the tables people see, and the truth beside them.

    Attributes
    ----------
    shops : DataFrame
        One row per shop: ``shop``, ``shop_name``, ``region`` and lasting conditions.
    shop_months : DataFrame
        One row per shop and month with changing conditions and every outcome.
    practices : DataFrame
        One row per shop and audit wave, one column per practice; blank where there is no answer.
    codebook : DataFrame
        One row per practice.
    surveys : DataFrame
        One row per shop and wave: employee survey and the manager's own rating.
    comments : DataFrame
        One row per comment of a customer, an employee or a manager.
    staff : DataFrame
        One row per employee that comments may name: ``shop``, ``forename``, ``surname``.
    truth_units : DataFrame
        One row per shop: ``true_level`` (mean share very satisfied), ``means`` and ``excess`` in points
        with the parts of the excess, and what befell the shop.
    truth_practices : DataFrame
        One row per practice and one for the bundle: ``role`` and ``points``.
    truth_adoptions : DataFrame
        One row per adoption within the months: ``shop``, ``practice``, ``month``.
    truth_personal : DataFrame
        Personal data planted in comments: ``comment_id``, ``kind``, ``value``.
    settings : dict
        Every argument, and what the months had in common.
    """

    shops: pd.DataFrame
    shop_months: pd.DataFrame
    practices: pd.DataFrame
    codebook: pd.DataFrame
    surveys: pd.DataFrame
    comments: pd.DataFrame
    staff: pd.DataFrame
    truth_units: pd.DataFrame
    truth_practices: pd.DataFrame
    truth_adoptions: pd.DataFrame
    truth_personal: pd.DataFrame
    settings: dict[str, Any]

    def tables(self) -> dict[str, pd.DataFrame]:
        """Every table by the file it is written to, the truth in a folder of its own."""
        return {
            "shops.csv": self.shops,
            "shop_months.csv": self.shop_months,
            "practice_audit.csv": self.practices,
            "codebook.csv": self.codebook,
            "surveys.csv": self.surveys,
            "comments.csv": self.comments,
            "staff.csv": self.staff,
            "truth/units.csv": self.truth_units,
            "truth/practices.csv": self.truth_practices,
            "truth/adoptions.csv": self.truth_adoptions,
            "truth/personal_data.csv": self.truth_personal,
        }

    def write(self, folder: str | Path) -> None:
        """Write the tables as CSV; no analysis reads ``truth/``."""
        folder = Path(folder)
        (folder / "truth").mkdir(parents=True, exist_ok=True)
        for name, table in self.tables().items():
            table.to_csv(folder / name, index=False, lineterminator="\n", encoding="utf-8")


def simulate_chain(
    n_units: int = 520,
    n_periods: int = 18,
    *,
    n_comments: int = 20_000,
    null: bool = False,
    effects: float = 1.0,
    seed: int = SEED,
) -> SimulatedChain:
    """Simulate the service chain.

    Parameters
    ----------
    n_units : int
        Shops, at least 60.
    n_periods : int
        Months from January 2025, at least 8. Two thirds of the way a downturn begins.
    n_comments : int
        Comments of customers, employees and managers.
    null : bool
        Nothing is planted: no shop deviates from what its means bring and no practice matters, though
        practices are taken up as otherwise and some still follow a lucky run.
    effects : float
        Multiplies what practices bring; 1 makes those worth having 0.8 to 1.5 points.
    seed : int
        Same seed, same bytes.

    Returns
    -------
    SimulatedChain

    Raises
    ------
    ValueError
        If there are too few shops or months to tell the story.

    Notes
    -----
    ``log odds of very satisfied = base + POINT * (means + excess + month - downturn + shock)`` with all terms
    in points and ``POINT = .01/(.68 * .32)``. The excess is the sum of what practices, engagement, manager,
    skill, a hidden condition, drift and, in some shops, souring bring.

    Examples
    --------
    >>> chain = simulate_chain(80, 12, n_comments=200, seed=1)
    >>> chain.shops.shape, len(chain.comments)
    ((80, 8), 200)
    """
    if n_units < 60 or n_periods < 8:
        raise ValueError(f"The chain needs at least 60 shops and 8 months; found {n_units} and {n_periods}.")
    settings: dict[str, Any] = dict(locals())
    rng = streams(
        seed,
        "shops",
        "habits",
        "excess",
        "story",
        "shocks",
        "outcomes",
        "follow",
        "answers",
        "survey",
        "words",
        "staff",
    )
    months = pd.period_range(FIRST_MONTH, periods=n_periods, freq="M")
    downturn = _downturn(n_periods)
    shops = open_shops(rng["shops"], months, n_units, downturn, MEANS_SD)
    habits = take_up(rng["habits"], shops, n_periods)
    story = _story(rng["story"], shops, n_periods)
    excess, parts, engagement = _excess(rng["excess"], shops, habits, story, 0.0 if null else effects, null)
    levels = _levels(rng["shocks"], shops, habits, excess, engagement, story, downturn, effects, null)
    observed = observe_months(rng["outcomes"], shops, levels)
    habits = follow_success(rng["follow"], habits, _good_run(observed))

    waves = (
        np.unique(np.linspace(0, n_periods - 3, 4).round().astype(int))
        if n_periods >= 12
        else np.array([0, n_periods // 2])
    )
    names = months.astype(str).to_numpy()
    open_rows = shops.is_open.ravel()
    shop_months = _long(observed, shops, names)[open_rows].reset_index(drop=True)
    comments, personal, staff = write_comments(
        rng["words"], n_comments, shops, habits, levels, observed, story, names, rng["staff"], planted=not null
    )
    settings |= {
        "months": names.tolist(), "waves": names[waves].tolist(), "period_effects": levels.month,
        "downturn": names[downturn >= 1].tolist(), "survey_change": names[_survey_change(n_periods)],
        "means_sd": MEANS_SD, "excess_sd": 0.0 if null else EXCESS_SD, "shock_sd": SHOCK_SD,
    }  # fmt: skip
    return SimulatedChain(
        shops=shops.table[[column for column in shops.table if not str(column).startswith("_")]],
        shop_months=shop_months,
        practices=_audit(rng["answers"], shops, habits, excess, waves, names),
        codebook=codebook(habits.spec),
        surveys=_surveys(rng["survey"], shops, levels, engagement, waves, names),
        comments=comments,
        staff=staff,
        truth_units=_truth_units(shops, levels, excess, parts, story, names),
        truth_practices=_truth_practices(habits, 0.0 if null else effects),
        truth_adoptions=_truth_adoptions(shops, habits, names),
        truth_personal=personal,
        settings=settings,
    )


def _downturn(n_months: int) -> Floats:
    """How hard the downturn bites in each month: in full for about four months, then fading."""
    start = round(2 * n_months / 3)
    length = max(2, round(0.22 * n_months))
    bite = np.zeros(n_months)
    bite[start : start + length] = 1
    tail = bite[start + length :]
    tail[:] = 0.5 ** np.arange(1, len(tail) + 1)
    return bite


def _survey_change(n_months: int) -> int:
    return round(0.45 * n_months)


def _story(rng: np.random.Generator, shops: Shops, n_months: int) -> Story:
    """Which shops turn sour and when, which close tickets to look quick, and how unsteady each is."""
    n_units = len(shops.table)
    apart = np.zeros(n_units, dtype=bool)
    apart[[shops.flagship, shops.bright_park]] = True
    steady = shops.is_open.all(axis=1) & ~apart
    order = rng.permutation(n_units)
    candidates = order[steady[order]]
    n_souring, n_closers = max(3, round(SOURING_SHARE * n_units)), max(2, round(CLOSER_SHARE * n_units))
    souring, closers = candidates[:n_souring], candidates[n_souring : n_souring + n_closers]
    falls = np.full(n_units, n_months + 99)
    falls[souring] = rng.integers(n_months // 2, max(n_months // 2 + 1, n_months - 3), n_souring)
    is_closer = np.isin(np.arange(n_units), closers)
    return Story(falls, falls - WARNING_MONTHS, is_closer, rng.standard_normal(n_units))


def _excess(
    rng: np.random.Generator, shops: Shops, habits: Habits, story: Story, effects: float, null: bool
) -> tuple[Floats, pd.DataFrame, Floats]:
    """Lasting excess in points by month, its parts averaged over months, and engagement (SD)."""
    shape = shops.is_open.shape
    n_units, n_months = len(shops.table), int(shape[1])
    direct, lifted, _ = points_of(habits, effects)
    mood = 0.85 * rng.standard_normal(n_units)[:, None] + 0.15 * rng.standard_normal(shape)
    engagement = mood + lifted - lifted.mean()
    of_manager = MANAGER_SD * rng.standard_normal(shops.monthly["manager"].max() + 1)[shops.monthly["manager"]]
    hidden = HIDDEN_SD * rng.standard_normal(n_units)
    drift = np.empty(shape)
    drift[:, 0] = rng.standard_normal(n_units)
    for month in range(1, n_months):
        step = np.sqrt(1 - DRIFT_LASTS**2) * rng.standard_normal(n_units)
        drift[:, month] = DRIFT_LASTS * drift[:, month - 1] + step
    sour = -SOURING_DROP * np.clip((np.arange(n_months) - story.falls_from[:, None] + 1) / 4, 0, 1)
    known = direct + ENGAGEMENT_POINTS * engagement + of_manager + hidden[:, None] + DRIFT_SD * drift + sour
    left = np.sqrt(max(EXCESS_SD**2 - known.mean(axis=1).var(), 0.5))
    skill = rescaled(rng.standard_normal(n_units), left)
    skill[story.is_closer] += 2.0
    centred = known - known.mean()
    for shop, target in ((shops.bright_park, BRIGHT_EXCESS), (shops.flagship, FAMOUS_EXCESS)):
        skill[shop] = target - centred[shop].mean()
    parts = {
        "from_practices": direct, "from_engagement": ENGAGEMENT_POINTS * engagement,
        "from_managers": of_manager, "from_souring": sour, "from_drift": DRIFT_SD * drift,
        "from_skill": skill[:, None], "hidden_condition": hidden[:, None],
    }  # fmt: skip
    frame = pd.DataFrame({name: values.mean(axis=1) for name, values in parts.items()})
    if null:
        return np.zeros(shape), 0.0 * frame.abs(), mood
    return centred + skill[:, None], frame, engagement


def _levels(
    rng: np.random.Generator, shops: Shops, habits: Habits, excess: Floats, engagement: Floats, story: Story,
    downturn: Floats, effects: float, null: bool,
) -> Levels:  # fmt: skip
    """What lies behind every outcome, in points, by shop and month."""
    n_units, n_months = len(excess), int(excess.shape[1])
    asked_differently = (np.arange(n_months) >= _survey_change(n_months)).astype(float)
    month: Floats = 0.5 * rng.standard_normal(n_months) + SURVEY_CHANGE * asked_differently
    open_books = habits.done["open_books"].mean(axis=1)
    drop = DOWNTURN_DROP * np.exp(0.4 * rng.standard_normal(n_units) - 0.08)
    drop = drop * (1 - 0.5 * open_books) * np.exp(-0.15 * engagement.mean(axis=1))
    drop = np.full(n_units, DOWNTURN_DROP) if null else drop
    shock = SHOCK_SD * rng.standard_normal(excess.shape)
    lasting = shops.points + excess - drop[:, None] * downturn
    points = lasting + month + shock
    base = logit(BASE_SHARE)
    for _ in range(3):
        base = base + logit(BASE_SHARE) - logit(expit(base + POINT * points).mean())
    _, _, at = points_of(habits, 0.0 if null else effects)
    traits = np.zeros(n_units) if null else story.unsteady
    closers = np.zeros(n_units, dtype=bool) if null else story.is_closer
    mean_excess = excess.mean(axis=1)
    thrives = mean_excess > np.quantile(mean_excess, 0.9)
    return Levels(
        float(base),
        points,
        lasting,
        month,
        downturn,
        drop,
        at,
        engagement,
        traits,
        closers,
        thrives,
        not null,
    )


def _good_run(observed: dict[str, Any]) -> Floats:
    """How the past months' raw share stood out in the league table, in SDs over shops."""
    share = observed["very_satisfied"] / np.maximum(observed["answers"], 1)
    weight = observed["answers"].astype(float)
    run = np.empty(share.shape)
    for month in range(share.shape[1]):
        span = slice(max(0, month - 4), max(month, 1))
        pooled = (share[:, span] * weight[:, span]).sum(axis=1) / np.maximum(weight[:, span].sum(axis=1), 1)
        run[:, month] = (pooled - pooled.mean()) / pooled.std()
    return run


def _long(observed: dict[str, Any], shops: Shops, names: np.ndarray) -> pd.DataFrame:
    n_units, n_months = shops.is_open.shape
    frame = pd.DataFrame(
        {"shop": np.repeat(shops.table["shop"].to_numpy(), n_months), "month": np.tile(names, n_units)}
    )
    manager = shops.monthly["manager"].ravel()
    frame["manager"] = [f"M{number:0{max(4, len(str(manager.max())))}d}" for number in manager + 1]
    means = ("footfall", "staff", "walk_in_share", "manager_tenure", "jobs")
    columns = {name: shops.monthly[name].ravel() for name in means}
    return frame.assign(**columns, **{name: values.ravel() for name, values in observed.items()})


def _audit(
    rng: np.random.Generator,
    shops: Shops,
    habits: Habits,
    excess: Floats,
    waves: np.ndarray,
    names: np.ndarray,
) -> pd.DataFrame:
    """The audit as filed: answers missing more often in large and in weak shops, some visits never made."""
    done = {name: values[:, waves] for name, values in habits.done.items()} | claims(rng, habits, waves)
    n_units = len(excess)
    frame = pd.DataFrame(
        {
            "shop": np.repeat(shops.table["shop"].to_numpy(), len(waves)),
            "wave": np.tile(names[waves], n_units),
        }
    )
    large = shops.table["_jobs"].rank(pct=True).to_numpy()
    weak = 1 - pd.Series(excess.mean(axis=1)).rank(pct=True, method="first").to_numpy()
    gap = 0.015 + 0.05 * large + 0.03 * weak
    chance = np.repeat(gap, len(waves))
    answers = {}
    for name in habits.spec["practice"]:
        blank = rng.random(len(frame)) < chance * (1.6 if name.startswith("says_") else 1.0)
        answers[name] = np.where(blank, np.nan, done[name].ravel())
    frame = frame.assign(**{name: _plain(values) for name, values in answers.items()})
    visited = (rng.random((n_units, len(waves))) > 0.02) & shops.is_open[:, waves]
    visited[[shops.flagship, shops.bright_park]] = True
    return frame[visited.ravel()].reset_index(drop=True)


def _plain(values: Floats) -> pd.Series:
    """Whole numbers without a decimal point, blanks kept."""
    series = pd.Series(values)
    whole = series.dropna() % 1 == 0
    return series.astype("Int64") if whole.all() else series


def _surveys(
    rng: np.random.Generator,
    shops: Shops,
    levels: Levels,
    engagement: Floats,
    waves: np.ndarray,
    names: np.ndarray,
) -> pd.DataFrame:
    """Employee survey (1–5) by wave, and how managers rate their own shop's service (0–10)."""
    n_units, n_waves = len(engagement), len(waves)
    heads = np.maximum(np.round(shops.monthly["staff"][:, waves] * 1.3), 2).astype(int)
    answered = rng.binomial(heads, 0.74)
    true_engagement = 3.65 + 0.28 * engagement[:, waves]
    trust = 3.6 + 0.20 * engagement[:, waves] + 0.18 * rng.standard_normal(n_units)[:, None]
    satisfaction = 8.1 + 0.055 * levels.lasting[:, waves]
    rating = satisfaction + 0.6 - 0.35 * (satisfaction - 8.1) + 0.6 * rng.standard_normal((n_units, 1))
    rating = rating + 0.25 * rng.standard_normal((n_units, n_waves))
    frame = pd.DataFrame(
        {"shop": np.repeat(shops.table["shop"].to_numpy(), n_waves), "wave": np.tile(names[waves], n_units)}
    )
    frame["staff_answers"] = answered.ravel()
    for name, level, item_sd in (("engagement", true_engagement, 0.85), ("trust_in_manager", trust, 0.95)):
        noise = item_sd / np.sqrt(np.maximum(answered, 1)) * rng.standard_normal(level.shape)
        spread = item_sd * np.sqrt(rng.chisquare(np.maximum(answered - 1, 1)) / np.maximum(answered - 1, 1))
        frame[name] = np.where(answered > 0, np.clip(level + noise, 1, 5), np.nan).ravel().round(2)
        frame[f"{name}_sd"] = np.where(answered > 1, spread, np.nan).ravel().round(2)
    silent = rng.random(len(frame)) < 0.06
    frame["own_rating"] = np.where(silent, np.nan, np.round(2 * np.clip(rating, 1, 10)).ravel() / 2)
    return frame[shops.is_open[:, waves].ravel()].reset_index(drop=True)


def _truth_units(
    shops: Shops, levels: Levels, excess: Floats, parts: pd.DataFrame, story: Story, names: np.ndarray
) -> pd.DataFrame:
    open_months = shops.is_open
    held = open_months.sum(axis=1)
    mean = {
        "true_level": expit(levels.base + POINT * levels.points),
        "means": shops.points,
        "excess": excess,
    }
    frame = shops.table[["shop", "shop_name"]].copy()
    for name, values in mean.items():
        frame[name] = ((values * open_months).sum(axis=1) / held).round(4)
    frame["in_top"] = frame["excess"].rank(ascending=False, method="first") <= round(0.1 * len(frame))
    frame["in_top"] &= bool(excess.any())
    frame = frame.join(parts.round(4))
    frame["downturn_drop"] = levels.drop.round(3)
    frame["closes_tickets"] = levels.closers
    frame["unsteady"] = levels.unsteady.round(3)
    at = np.minimum(story.falls_from, len(names) - 1)
    sours = (story.falls_from < len(names)) & bool(excess.any())
    frame["discontent_from"] = np.where(sours, names[np.clip(story.heard_from, 0, len(names) - 1)], "")
    frame["scores_fall_from"] = np.where(sours, names[at], "")
    return frame


def _truth_practices(habits: Habits, effects: float) -> pd.DataFrame:
    spec = habits.spec
    points = effects * (spec["direct"] + ENGAGEMENT_POINTS * spec["via_engagement"])
    frame = pd.DataFrame(
        {
            "practice": spec["practice"],
            "label": spec["label"],
            "role": spec["role"],
            "points": points.round(3),
        }
    )
    frame["via_engagement"] = (effects * ENGAGEMENT_POINTS * spec["via_engagement"]).round(3)
    frame = frame.assign(travels_with=spec["travels_with"], driven_by=spec["driven_by"], claims=spec["claims"])
    if effects == 0:
        frame["role"] = frame["role"].where(
            ~frame["role"].isin(["true", "bundle", "tag_along", "harm", "resilience"]), "noise"
        )
    both = {
        "practice": " + ".join(BUNDLE),
        "label": "both together",
        "role": "bundle",
        "points": effects * BUNDLE_POINTS,
    }
    if effects:
        frame = pd.concat([frame, pd.DataFrame([both])], ignore_index=True)
    return frame.fillna({"via_engagement": 0.0, "travels_with": "", "driven_by": "", "claims": ""})


def _truth_adoptions(shops: Shops, habits: Habits, names: np.ndarray) -> pd.DataFrame:
    rows = []
    for practice, start in habits.started.items():
        who = np.flatnonzero(start >= 0)
        rows.append(
            pd.DataFrame(
                {
                    "shop": shops.table["shop"].to_numpy()[who],
                    "practice": practice,
                    "month": names[start[who]],
                }
            )
        )
    return pd.concat(rows, ignore_index=True)
