"""What the shops of the simulated chain do: who starts when, what travels together, what follows success."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from importlib.resources import files

import numpy as np
import pandas as pd

from pdlib.simulate.draws import Floats, rescaled
from pdlib.simulate.shops import Shops

BUNDLE = ("name_before_hello", "complaint_at_huddle")
BUNDLE_POINTS = 2.2
KEEN, REGION, TRAVELS, DRIVEN = 0.15, 0.20, 0.65, 0.80
GIVEN_UP = 0.05
HOURS_THAT_PAY = 8
CODEBOOK = [
    "practice", "label", "theme", "who_decides", "cost", "everyone_can", "measured_by", "evidence", "claims",
    "kind", "programme", "follows_success", "touchpoint",
]  # fmt: skip
NUMBERS: dict[str, Callable[[Floats], Floats]] = {
    # practice: how a standard normal becomes an answer
    "one_to_ones": lambda z: np.clip(np.round(1.3 + 1.1 * z), 0, 4),
    "morning_huddle": lambda z: np.clip(np.round(2.6 + 2.2 * z), 0, 6),
    "customer_hours": lambda z: np.clip(np.round(2 * (3.6 * np.exp(0.65 * z) - 1.2)) / 2, 0, 16),
}
# what the two shops of the story are seen doing: neither does everything
BRIGHT_DOES = {
    "name_before_hello": 1, "complaint_at_huddle": 1, "day3_call": 1, "saturday_counter": 1,
    "ring_before_cost": 1, "path_on_wall": 1,
    "check_in_kiosk": 0, "lounge": 0, "show_the_part": 0, "same_face": 0, "grumble_book": 0,
    "text_when_ready": 1, "smile_academy": 1, "painted_visit": 0,
}  # fmt: skip
FAMOUS_DOES = {
    "name_before_hello": 1, "complaint_at_huddle": 0, "day3_call": 0, "saturday_counter": 0,
    "check_in_kiosk": 1, "lounge": 1, "smile_academy": 1, "mystery_round": 1, "score_screen": 1,
    "painted_visit": 1, "kiosk_sam": 0, "queue_tickets": 1,
}  # fmt: skip


@dataclass(frozen=True, eq=False)
class Habits:
    """What is done where and when.

    Attributes
    ----------
    spec : DataFrame
        The practices with the truth about each.
    done : dict of ndarray (shops, months)
        By practice: 0 or 1, a level or a number.
    started : dict of ndarray (shops,)
        By practice: month of adoption, -1 where none falls within the months.
    """

    spec: pd.DataFrame
    done: dict[str, np.ndarray]
    started: dict[str, np.ndarray]


def practice_spec() -> pd.DataFrame:
    """The chain's practices with the truth about each, one row per practice, as listed in the package."""
    source = files("pdlib.simulate").joinpath("service_chain_practices.csv")
    with source.open(encoding="utf-8") as lines:
        return pd.read_csv(lines, dtype={"travels_with": "str", "driven_by": "str"}, keep_default_na=False,
                           na_values={"start_share": [""], "end_share": [""]})  # fmt: skip


def codebook(spec: pd.DataFrame) -> pd.DataFrame:
    """The part of the specification that people in the chain know."""
    return spec[CODEBOOK].copy()


def take_up(rng: np.random.Generator, shops: Shops, n_months: int) -> Habits:
    """Draw who does what from when, for every practice that does not follow success."""
    spec = practice_spec()
    own = spec[(spec["evidence"] == "observed") & (spec["role"] != "reverse")].set_index("practice")
    latent = _leanings(rng, own, shops)
    done, started = {}, {}
    for practice, row in own.iterrows():
        name = str(practice)
        if name in NUMBERS:
            done[name], started[name] = _stepping_up(rng, NUMBERS[name], latent[name], n_months)
        else:
            shares = (row["start_share"], row["end_share"])
            # a completed programme stays completed, and what all but everyone does is not given up
            given_up = GIVEN_UP if row["programme"] == "no" and shares[0] < 0.9 else 0.0
            done[name], started[name] = _adopting(rng, latent[name], shares, given_up, n_months)
    for shop, does in ((shops.bright_park, BRIGHT_DOES), (shops.flagship, FAMOUS_DOES)):
        for name, value in does.items():
            if name in done:
                done[name][shop], started[name][shop] = value, -1
    done["customer_hours"][shops.bright_park], done["customer_hours"][shops.flagship] = 6.5, 1.5
    # Elm takes up the call half-way: a story with a before and an after
    start = n_months // 3
    done["day3_call"][shops.bright_park, :start], started["day3_call"][shops.bright_park] = 0, start
    # a complaint can only be read at a huddle that is held, and Sam can only be reached from a kiosk
    read, held = done["complaint_at_huddle"], done["morning_huddle"]
    done["morning_huddle"] = np.where((read > 0) & (held < 1), 2.0, held)
    done["check_in_kiosk"] = np.maximum(done["check_in_kiosk"], done["kiosk_sam"])
    return Habits(spec, done, started)


def follow_success(rng: np.random.Generator, habits: Habits, run: Floats) -> Habits:
    """Add the practices that follow a good run.

    Parameters
    ----------
    run : ndarray (shops, months)
        How the months before stood out, in SDs over shops: what the chain's own league table shows.
    """
    done, started = dict(habits.done), dict(habits.started)
    followers = habits.spec[habits.spec["role"] == "reverse"]
    n_units, n_months = run.shape
    for name, begin, end in zip(followers["practice"], followers["start_share"], followers["end_share"], strict=True):
        wish = run[:, 0] + 0.8 * rng.standard_normal(n_units)
        has = wish > np.quantile(wish, 1 - begin)
        start = np.full(n_units, -1)
        months = np.zeros((n_units, n_months))
        months[:, 0] = has
        for month in range(1, n_months):
            wish = run[:, month] + 0.5 * rng.standard_normal(n_units)
            new = round((end - begin) * n_units / (n_months - 1))
            joins = np.argsort(-np.where(has, -np.inf, wish), kind="stable")[:new]
            has = has.copy()
            has[joins], start[joins] = True, month
            months[:, month] = has
        done[name], started[name] = months, start
    return Habits(habits.spec, done, started)


def points_of(habits: Habits, effects: float) -> tuple[Floats, Floats, dict[str, Floats]]:
    """Points per shop-month brought directly, engagement (SD) brought, direct points by touchpoint."""
    shape = next(iter(habits.done.values())).shape
    direct, engagement = np.zeros(shape), np.zeros(shape)
    at: dict[str, Floats] = {}
    spec = habits.spec[["practice", "direct", "via_engagement", "acts_at"]].to_numpy().tolist()
    for name, here, through_staff, touchpoint in spec:
        if name not in habits.done:
            continue
        done = habits.done[name]
        paying = np.minimum(done, HOURS_THAT_PAY) if name == "customer_hours" else done
        brings = effects * here * paying
        direct += brings
        engagement += effects * through_staff * paying
        if touchpoint:
            at[touchpoint] = at.get(touchpoint, np.zeros(shape)) + brings
    both = effects * BUNDLE_POINTS * habits.done[BUNDLE[0]] * habits.done[BUNDLE[1]]
    at["welcome"] = at.get("welcome", np.zeros(shape)) + both
    return direct + both, engagement, at


def claims(rng: np.random.Generator, habits: Habits, waves: np.ndarray) -> dict[str, np.ndarray]:
    """What managers say is done, per shop and wave: nearly all that is, and half of what is not."""
    spec = habits.spec[habits.spec["evidence"] == "claimed"]
    n_units = len(next(iter(habits.done.values())))
    boast = rng.standard_normal(n_units)
    said = {}
    for name, claimed in zip(spec["practice"], spec["claims"], strict=True):
        done = habits.done[claimed][:, waves] > 0
        lean = 0.1 + 0.7 * boast + 0.7 * rng.standard_normal(n_units)
        drift = 0.3 * rng.standard_normal(done.shape)
        said[name] = np.where(done, rng.random(done.shape) < 0.96, lean[:, None] + drift > 0).astype(float)
    return said


def _leanings(rng: np.random.Generator, own: pd.DataFrame, shops: Shops) -> dict[str, Floats]:
    """Standard normal inclination of each shop to each practice."""
    table = shops.table
    n_units = len(table)
    drivers = {
        "footfall": np.log(table["_footfall"].to_numpy()),
        "income": table["district_income"].to_numpy(dtype=float),
        "retail_park": (table["site_type"] == "retail park").to_numpy(dtype=float),
        "mall": (table["site_type"] == "mall").to_numpy(dtype=float),
    }
    keen = rng.standard_normal(n_units)
    region = pd.factorize(table["region"])[0]
    latent: dict[str, Floats] = {}
    for practice, row in own.sort_values("travels_with", key=lambda s: s != "", kind="stable").iterrows():
        # what head office or the landlord settles says nothing of how keen a shop is
        mood = KEEN * keen * (row["who_decides"] == "shop") + REGION * rng.standard_normal(region.max() + 1)[region]
        own_way = rng.standard_normal(n_units)
        if row["travels_with"]:
            own_way = np.sqrt(1 - TRAVELS**2) * own_way + TRAVELS * latent[row["travels_with"]]
        if row["driven_by"]:
            own_way = np.sqrt(1 - DRIVEN**2) * own_way + DRIVEN * rescaled(drivers[row["driven_by"]], 1)
        latent[str(practice)] = rescaled(mood + own_way, 1)
    return latent


def _adopting(
    rng: np.random.Generator, latent: Floats, shares: tuple[float, float], given_up: float, n_months: int
) -> tuple[Floats, np.ndarray]:
    """The most inclined did it from the first month, the next ones start in some month after, few give up."""
    always = latent > np.quantile(latent, 1 - shares[0])
    later = (latent > np.quantile(latent, 1 - shares[1])) & ~always
    start = np.where(later, rng.integers(1, n_months, len(latent)), -1)
    month = np.arange(n_months)
    done = always[:, None] | (later[:, None] & (month >= start[:, None]))
    quits = always & (rng.random(len(latent)) < given_up)
    last = rng.integers(1, n_months, len(latent))
    done &= ~(quits[:, None] & (month >= last[:, None]))
    return done.astype(float), start


def _stepping_up(
    rng: np.random.Generator, answer: Callable[[Floats], Floats], latent: Floats, n_months: int
) -> tuple[Floats, np.ndarray]:
    """A level held throughout, but for one shop in seven that does more of it from some month on."""
    steps = rng.random(len(latent)) < 0.15
    start = np.where(steps, rng.integers(1, n_months, len(latent)), -1)
    after = steps[:, None] & (np.arange(n_months) >= start[:, None])
    return answer(latent[:, None] + 0.8 * after), start
