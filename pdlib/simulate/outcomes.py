"""What each shop-month of the simulated chain reports, given the points behind it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from pdlib.simulate.draws import Floats, expit, logit, sample_sd
from pdlib.simulate.shops import Shops

POINT = 0.01 / (0.68 * 0.32)  # one point of satisfaction, in log odds
TOUCHPOINTS = {"welcome": 4.25, "diagnosis": 4.05, "waiting": 3.75, "handover": 4.20, "day_after": 3.95}


@dataclass(frozen=True, eq=False)
class Levels:
    """What lies behind the outcomes: all in points of very satisfied; arrays are (shops, months)."""

    base: float
    points: Floats
    lasting: Floats
    month: Floats
    downturn: Floats
    drop: Floats
    at: dict[str, Floats]
    engagement: Floats
    unsteady: Floats
    closers: np.ndarray
    thrives: np.ndarray
    planted: bool


def observe_months(rng: np.random.Generator, shops: Shops, levels: Levels) -> dict[str, Any]:
    """Draw every outcome of every shop-month; the columns of shop_months.csv in their order."""
    observed = _satisfaction(rng, shops, levels)
    observed |= _repairs(rng, shops, levels)
    observed |= _loyalty(rng, shops, levels)
    observed |= _days_and_sales(rng, shops, levels)
    return observed | _journey(rng, levels, observed["answers"])


def _satisfaction(rng: np.random.Generator, shops: Shops, levels: Levels) -> dict[str, Any]:
    """Answers, very satisfied ones, and the mean on 0–10 of the same people."""
    jobs = shops.monthly["jobs"]
    answers = rng.binomial(jobs, rng.beta(14, 46, len(jobs))[:, None] * np.ones(jobs.shape[1]))
    share = expit(levels.base + POINT * levels.points)
    very = rng.binomial(answers, share)
    n = np.maximum(answers, 1)
    luck = (very - n * share) / np.sqrt(n * share * (1 - share))
    item_sd = 1.9
    noise = 0.75 * luck + np.sqrt(1 - 0.75**2) * rng.standard_normal(luck.shape)
    mean = np.clip(8.1 + 0.055 * levels.points + item_sd / np.sqrt(n) * noise, 0, 10)
    return {
        "answers": answers,
        "very_satisfied": very,
        "satisfaction": np.where(answers > 0, mean, np.nan).round(2),
        "satisfaction_sd": sample_sd(rng, item_sd, answers).round(2),
    }


def _repairs(rng: np.random.Generator, shops: Shops, levels: Levels) -> dict[str, Any]:
    """Solved at first contact, repeats and complaints: who closes tickets to look quick is seen again."""
    n_units = len(levels.unsteady)
    crowd = np.log(shops.monthly["footfall"] / shops.monthly["staff"]) - np.log(24)
    own = 2.2 * rng.standard_normal(n_units)[:, None]
    own = own * levels.planted
    closer = levels.closers[:, None]
    contacts = np.maximum(rng.poisson(1.25 * shops.monthly["jobs"]), 1)
    wobble = 1.5 * rng.standard_normal(contacts.shape)
    first = expit(logit(0.74) + POINT * (0.55 * levels.points + own + 8 * closer - 2 * crowd + wobble))
    repeat = 0.11 * np.exp(-0.012 * (levels.points + own) + 0.45 * closer + 0.05 * crowd)
    complaint = 0.009 * np.exp(-0.045 * levels.points + 0.1 * crowd)
    return {
        "contacts": contacts,
        "first_contact": rng.binomial(contacts, first),
        "repeat_contacts": rng.poisson(contacts * repeat),
        "complaints": np.minimum(rng.poisson(shops.monthly["jobs"] * complaint), shops.monthly["jobs"]),
    }


def _loyalty(rng: np.random.Generator, shops: Shops, levels: Levels) -> dict[str, Any]:
    """Customers of three months before, and how many of them came back since."""
    jobs = shops.monthly["jobs"]
    seen = np.round(0.8 * np.roll(jobs, 3, axis=1)).astype(int)
    seen[:, :3] = np.round(0.8 * jobs[:, :3])
    then = np.roll(levels.lasting, 3, axis=1)
    then[:, :3] = levels.lasting[:, :3]
    back = expit(logit(0.21) + POINT * 0.5 * then - 0.15 * levels.downturn + 0.08 * rng.standard_normal(jobs.shape))
    return {"customers_90": seen, "came_back": rng.binomial(seen, back)}


def _days_and_sales(rng: np.random.Generator, shops: Shops, levels: Levels) -> dict[str, Any]:
    """Bad days, which come more often where service is unsteady, and sales per staffed hour."""
    shape = levels.points.shape
    days = np.where(shops.table["site_type"].isin(["mall", "station", "flagship"]).to_numpy()[:, None], 30, 26)
    days = days - rng.integers(0, 2, shape)
    bad = expit(logit(0.09) - 2.2 * POINT * levels.points + 0.35 * levels.unsteady[:, None])
    income = shops.table["district_income"].to_numpy()[:, None] - 31
    load = np.log(shops.monthly["jobs"] / shops.monthly["staff"]) - np.log(50)
    before = np.roll(levels.lasting, 2, axis=1)
    before[:, :2] = levels.lasting[:, :2]
    lift = 0.012 * levels.engagement * levels.planted
    trade = 0.45 * load + 0.006 * income + 0.004 * before + lift - 0.10 * levels.downturn
    level = 74 * np.exp(trade + 0.03 * rng.standard_normal(shape))
    day_sd = 0.28 * level
    sales = level + day_sd / np.sqrt(days) * rng.standard_normal(shape)
    return {
        "open_days": days,
        "bad_days": rng.binomial(days, bad),
        "sales_per_hour": sales.round(2),
        "sales_sd": (sample_sd(rng, 1.0, days) * day_sd).round(2),
    }


def _journey(rng: np.random.Generator, levels: Levels, answers: np.ndarray) -> dict[str, Any]:
    """Scores (1–5) at five touchpoints from those who fill in the long form."""
    n = rng.binomial(answers, 0.6)
    observed: dict[str, Any] = {"journey_answers": n}
    for name, usual in TOUCHPOINTS.items():
        own = 0.10 * levels.planted * rng.standard_normal(len(answers))[:, None]
        here = levels.at.get(name, np.zeros(answers.shape))
        level = usual + 0.018 * levels.points + own + 0.05 * here + 0.03 * rng.standard_normal(answers.shape)
        mean = level + 0.9 / np.sqrt(np.maximum(n, 1)) * rng.standard_normal(answers.shape)
        observed[name] = np.where(n > 0, np.clip(mean, 1, 5), np.nan).round(2)
        observed[f"{name}_sd"] = sample_sd(rng, 0.9, n).round(2)
    return observed
