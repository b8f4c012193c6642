"""The shops of the simulated chain: where they stand, who runs them, and what their means bring."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from importlib.resources import files
from typing import Any

import numpy as np
import pandas as pd

from pdlib.simulate.draws import Floats

FLAGSHIP, BRIGHT_PARK = "Grand Arcade Flagship", "Elm Retail Park"

# share of shops, log footfall, walk-ins, income (SD), phones, competitors, points of satisfaction
SITES = pd.DataFrame.from_dict(
    {
        "high street": (0.33, 0.00, 0.60, 0.00, 0.00, 2.0, 0.0),
        "mall": (0.21, 0.45, 0.66, 0.20, 0.05, 2.6, 0.8),
        "retail park": (0.20, -0.35, 0.38, -0.10, -0.04, 0.9, -1.8),
        "station": (0.09, 0.70, 0.82, 0.00, 0.08, 1.2, -2.6),
        "neighbourhood": (0.15, -0.60, 0.50, -0.25, -0.03, 0.5, 1.0),
        "flagship": (0.03, 0.80, 0.48, 1.00, -0.02, 2.2, 5.5),
    },
    orient="index",
    columns=["share", "footfall", "walk_ins", "income", "phones", "competitors", "points"],
)
# a repair chain's year: quiet spring, cracked screens in summer, December presents and January returns
SEASON = np.array([1.06, 0.94, 0.95, 0.96, 0.98, 1.02, 1.08, 1.05, 0.97, 0.98, 1.04, 1.22])
FLAGSHIP_STAFF = 1.6
MANAGER_LEAVES, MANAGER_FROM_INSIDE = 0.013, 0.45


@dataclass(frozen=True, eq=False)
class Shops:
    """What a shop cannot choose: `table` one row per shop, `monthly` arrays of shape (shops, months)."""

    table: pd.DataFrame
    monthly: dict[str, Any]
    points: Floats
    is_open: np.ndarray
    flagship: int
    bright_park: int


def open_shops(
    rng: np.random.Generator, months: pd.PeriodIndex, n_units: int, downturn: Floats, spread: float
) -> Shops:
    """Draw the shops and what their means bring in points, scaled to `spread` points (SD) between shops."""
    site = _sites(rng, n_units)
    traits = SITES.loc[site]
    table = _standing(rng, traits, n_units)
    flagship = _best_placed_flagship(table, site)
    bright_park = _modest_park(table, site)
    table.insert(0, "shop", [f"S{number:0{max(3, len(str(n_units)))}d}" for number in range(1, n_units + 1)])
    table.insert(1, "shop_name", _names(rng, site, {flagship: FLAGSHIP, bright_park: BRIGHT_PARK}))

    monthly = _months(rng, table, months, downturn)
    monthly |= _managers(rng, n_units, len(months), spared=[flagship, bright_park])
    monthly["manager_tenure"][flagship] = 30 + np.arange(len(months))
    points = _means_bring(table, monthly)
    centre, scale = points.mean(), spread / points.mean(axis=1).std()
    is_open = _doors(rng, n_units, len(months), spared=[flagship, bright_park])
    first = months.astype(str).to_numpy()[is_open.argmax(axis=1)]
    since = np.where(is_open[:, 0], [f"{year}" for year in rng.integers(2004, 2024, n_units)], first)
    table["opened"] = since
    return Shops(table, monthly, (points - centre) * scale, is_open, flagship, bright_park)


def _sites(rng: np.random.Generator, n_units: int) -> np.ndarray:
    counts = (SITES["share"] * n_units).round().astype(int).clip(lower=2)
    counts["high street"] += n_units - counts.sum()
    return rng.permutation(np.repeat(SITES.index.to_numpy(dtype=object), counts))


def _standing(rng: np.random.Generator, traits: pd.DataFrame, n_units: int) -> pd.DataFrame:
    """Lasting conditions of each shop; `_` columns are bases of what varies by month."""
    regions = np.array(_words()["regions"], dtype=object)
    region = rng.integers(0, len(regions), n_units)
    wealth = np.linspace(-0.6, 0.6, len(regions))[region]
    footfall = np.log(150) + traits["footfall"].to_numpy() + 0.6 * rng.standard_normal(n_units)
    jobs = np.exp(np.log(270) + 0.75 * (footfall - np.log(150)) + 0.5 * rng.standard_normal(n_units))
    jobs = np.maximum(jobs, 35)
    income = 31 + 6 * (traits["income"].to_numpy() + wealth + 0.8 * rng.standard_normal(n_units))
    lavish = np.where(traits.index == "flagship", FLAGSHIP_STAFF, 1.0)
    phones = traits["phones"].to_numpy() + 0.68
    return pd.DataFrame({
        "region": regions[region],
        "site_type": traits.index.to_numpy(),
        "district_income": income.clip(16, 58).round(1),
        "competitors": rng.poisson(traits["competitors"].to_numpy()),
        "phone_share": (phones + 0.1 * rng.standard_normal(n_units)).clip(0.3, 0.95).round(2),
        "_footfall": np.exp(footfall),
        "_jobs": jobs,
        "_staff": (1.5 + jobs / 55) * lavish * np.exp(0.25 * rng.standard_normal(n_units)),
        "_walk_ins": (traits["walk_ins"].to_numpy() + 0.09 * rng.standard_normal(n_units)).clip(0.1, 0.95),
    })  # fmt: skip


def _best_placed_flagship(table: pd.DataFrame, site: np.ndarray) -> int:
    """The famous shop: of all flagships the richest district, and means to match."""
    income, jobs = table["district_income"].to_numpy(), table["_jobs"].to_numpy()
    shop = int(np.argmax(np.where(site == "flagship", income, -np.inf)))
    table.loc[shop, "district_income"] = min(max(float(income[shop]), 43.0), 46.0)
    table.loc[shop, "_footfall"] = min(float(table["_footfall"].to_numpy()[shop]), 350.0)
    table.loc[shop, ["competitors", "phone_share", "_walk_ins"]] = [1, 0.72, 0.42]
    table.loc[shop, "_jobs"] = min(max(float(jobs[shop]), 700.0), 1000.0)
    table.loc[shop, "_staff"] = float(table["_footfall"].to_numpy()[shop]) / 12.5
    return shop


def _modest_park(table: pd.DataFrame, site: np.ndarray) -> int:
    """A retail-park shop of middling volume in a poorish district."""
    jobs, income = table["_jobs"].to_numpy(), table["district_income"].to_numpy()
    distance = np.abs(np.log(jobs / 330)) + np.abs(income - 27) / 6
    shop = int(np.argmin(np.where(site == "retail park", distance, np.inf)))
    table.loc[shop, ["competitors", "_walk_ins"]] = [1, 0.41]
    table.loc[shop, "_staff"] = float(table["_footfall"].to_numpy()[shop]) / 21
    return shop


def _names(rng: np.random.Generator, site: np.ndarray, fixed: dict[int, str]) -> list[str]:
    words = _words()
    chosen: list[str] = [""] * len(site)
    for kind, endings in words["kinds"].items():
        pairs = [f"{town} {ending}" for town in words["towns"] for ending in endings]
        shops = np.flatnonzero(site == kind)
        picks = rng.permutation(len(pairs))
        for place, shop in enumerate(shops):
            again = place // len(pairs)
            chosen[shop] = pairs[picks[place % len(pairs)]] + (f" {again + 1}" if again else "")
    for place, name in fixed.items():
        chosen[place] = name
    return chosen


def _words() -> dict[str, Any]:
    return tomllib.loads(files("pdlib.simulate").joinpath("names.toml").read_text(encoding="utf-8"))


def _months(rng: np.random.Generator, table: pd.DataFrame, months: pd.PeriodIndex, downturn: Floats) -> dict[str, Any]:
    """Footfall, staff, walk-ins and jobs by month; in a downturn fewer come; staff follow later."""
    shape = (len(table), len(months))
    season = SEASON[months.month.to_numpy() - 1]
    trade = season * (1 - 0.16 * downturn)
    later = np.concatenate([np.zeros(2), downturn])[: len(months)]
    noise = rng.standard_normal((4, *shape))
    footfall = table["_footfall"].to_numpy()[:, None] * trade * np.exp(0.06 * noise[0])
    staff = table["_staff"].to_numpy()[:, None] * (1 - 0.06 * later) * np.exp(0.04 * noise[1])
    walk_ins = (table["_walk_ins"].to_numpy()[:, None] + 0.025 * noise[2]).clip(0.05, 0.98)
    jobs = np.maximum(rng.poisson(table["_jobs"].to_numpy()[:, None] * trade * np.exp(0.08 * noise[3])), 8)
    staff = np.maximum(np.round(2 * staff) / 2, 1.5)
    return {
        "footfall": np.round(footfall, 1),
        "staff": staff,
        "walk_in_share": np.round(walk_ins, 3),
        "jobs": jobs,
    }


def _managers(rng: np.random.Generator, n_units: int, n_months: int, spared: list[int]) -> dict[str, Any]:
    """Who manages which shop in which month; near half of those who come were manager of another shop."""
    manager = np.empty((n_units, n_months), dtype=int)
    tenure = np.empty((n_units, n_months), dtype=int)
    now, since = np.arange(n_units), np.round(rng.gamma(1.3, 26, n_units)).astype(int)
    newest = n_units
    for month in range(n_months):
        leaves = rng.random(n_units) < (MANAGER_LEAVES if month else 0)
        leaves[spared] = False
        shops = np.flatnonzero(leaves)
        moving = shops[rng.random(len(shops)) < MANAGER_FROM_INSIDE]
        arriving = {shop: who for shop, who in zip(moving, now[np.roll(moving, 1)], strict=True) if len(moving) > 1}
        since = np.where(leaves, 0, since + (month > 0))
        for shop in shops:
            if shop not in arriving:
                arriving[shop], newest = newest, newest + 1
        for shop, who in arriving.items():
            now[shop] = who
        manager[:, month], tenure[:, month] = now, since
    return {"manager": manager, "manager_tenure": tenure}


def _means_bring(table: pd.DataFrame, monthly: dict[str, Any]) -> Floats:
    """Points that the declared conditions bring: curves, and a queue that hurts most where people walk in."""
    crowd = (np.log(monthly["footfall"] / monthly["staff"]) - np.log(24)) / 0.5
    walk = (monthly["walk_in_share"] - 0.57) / 0.16
    income = ((table["district_income"].to_numpy() - 31) / 6.5)[:, None]
    phones = ((table["phone_share"].to_numpy() - 0.68) / 0.11)[:, None]
    rivals = np.minimum(table["competitors"].to_numpy(), 4)[:, None]
    site = SITES.loc[table["site_type"], "points"].to_numpy()[:, None]
    settled = 1.6 * (1 - np.exp(-monthly["manager_tenure"] / 9))
    queue = -1.5 * crowd - 0.55 * crowd**2 - 0.8 * walk - 0.9 * walk * crowd
    return queue + 2.3 * np.tanh(1.1 * income) + 0.8 * phones - 0.45 * phones**2 - 0.5 * rivals + site + settled


def _doors(rng: np.random.Generator, n_units: int, n_months: int, spared: list[int]) -> np.ndarray:
    """Shop-months with a report: some shops open late, a few close, and some months never arrived."""
    month = np.arange(n_months)
    opens = np.where(rng.random(n_units) < 0.06, rng.integers(1, max(2, n_months - 4), n_units), 0)
    closes = np.where(rng.random(n_units) < 0.015, rng.integers(n_months // 2, n_months, n_units), n_months)
    closes[opens > 0] = n_months
    opens[spared], closes[spared] = 0, n_months
    lost = rng.random((n_units, n_months)) < 0.012
    gap = rng.random(n_units) < 0.03
    start = rng.integers(1, max(2, n_months - 3), n_units)
    lost |= gap[:, None] & (month >= start[:, None]) & (month < start[:, None] + 3)
    lost[spared] = False
    lost[np.arange(n_units), np.minimum(opens, closes - 1)] = False
    return (month >= opens[:, None]) & (month < closes[:, None]) & ~lost
