"""Comments of customers, employees and managers: mostly bland, a few that say everything."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Callable
from dataclasses import dataclass
from importlib.resources import files
from typing import Any

import numpy as np
import pandas as pd

from pdlib.simulate.draws import Floats, expit
from pdlib.simulate.habits import BUNDLE, Habits
from pdlib.simulate.outcomes import POINT, Levels
from pdlib.simulate.shops import Shops

VOICE_SHARES = {"customer": 0.87, "employee": 0.11, "leader": 0.02}
TOUCHPOINT_SHARES = {
    "welcome": 0.19, "diagnosis": 0.14, "waiting": 0.24, "handover": 0.16, "day_after": 0.11,
    "anything": 0.16,
}  # fmt: skip
COMMENT_COLUMNS = ["comment_id", "shop", "month", "voice", "touchpoint", "score", "comment"]
SHORT, QUIRK, OFF_TOPIC, MISMATCH, EVERYTHING, PERSONAL = 0.20, 0.06, 0.02, 0.06, 0.004, 0.012
OPENER = 0.33
TELLS, TELLS_IF_BRIGHT, TELLS_ELSEWHERE = 0.08, 0.20, 0.0025
SOUR_SHARE = 0.30
TOLD_OF = ("day3_call", "saturday_counter", "same_face", "show_the_part", "ring_before_cost", "kiosk_sam")


@dataclass(frozen=True, eq=False)
class Story:
    """What befalls single shops; months beyond the last mean never.

    Attributes
    ----------
    falls_from, heard_from : ndarray (shops,)
        Month from which scores fall, and from which comments tell of it.
    is_closer : ndarray (shops,)
        Closes tickets to look quick: solves at first contact, sees them again.
    unsteady : ndarray (shops,)
        How much good and bad days differ (SD).
    """

    falls_from: np.ndarray
    heard_from: np.ndarray
    is_closer: np.ndarray
    unsteady: Floats


def write_comments(
    rng: np.random.Generator, n_comments: int, shops: Shops, habits: Habits, levels: Levels,
    observed: dict[str, Any], story: Story, months: np.ndarray, of_staff: np.random.Generator, *, planted: bool,
) -> tuple[pd.DataFrame, pd.DataFrame, pd.DataFrame]:  # fmt: skip
    """Write the comments, and list the personal data planted in them and the staff that they name.

    Returns
    -------
    comments, personal, staff : DataFrame
        Columns `COMMENT_COLUMNS`; ``comment_id``, ``kind``, ``value``; ``shop``, ``forename``, ``surname``.
    """
    words = tomllib.loads(files("pdlib.simulate").joinpath("words.toml").read_text(encoding="utf-8"))
    frame = _who_speaks(rng, n_comments, shops, observed)
    unit, month = frame["unit"].to_numpy(), frame["at"].to_numpy()
    frame["score"] = _scores(rng, levels, unit, month)
    frame.loc[frame["voice"] != "customer", "score"] = -1
    writer = _Writer(rng, words, len(shops.table))
    heard = story.heard_from if planted else np.full(len(shops.table), len(months) + 99)
    sour = (month >= heard[unit]) & (rng.random(len(frame)) < SOUR_SHARE)
    tells = _tells(rng, habits, levels, unit, month, planted)
    mood = _mood(rng, frame, levels.points[unit, month])
    texts = [
        writer.write(voice, int(shop), feeling, touchpoint, told, bool(is_sour))
        for voice, shop, feeling, touchpoint, told, is_sour in zip(
            frame["voice"], unit, mood, frame["touchpoint"], tells, sour, strict=True
        )
    ]
    frame["comment"] = texts
    customer_sour = sour & (frame["voice"] == "customer").to_numpy()
    frame.loc[customer_sour, "touchpoint"] = "waiting"
    frame["touchpoint"] = frame["touchpoint"].where(
        (frame["touchpoint"] != "anything") & (frame["voice"] == "customer"), ""
    )
    frame["comment_id"] = [f"C{number:06d}" for number in range(1, len(frame) + 1)]
    frame["shop"] = shops.table["shop"].to_numpy()[unit]
    frame["month"] = months[month]
    personal = pd.DataFrame(
        [(frame["comment_id"].iloc[place], kind, value) for place, kind, value in writer.planted],
        columns=["comment_id", "kind", "value"],
    )
    frame["score"] = frame["score"].astype("Int64").mask(frame["score"] < 0)
    staff = pd.DataFrame(
        [(shop, name) for shop, names in zip(shops.table["shop"], writer.staff, strict=True) for name in names],
        columns=["shop", "forename"],
    )
    staff["surname"] = of_staff.choice(words["fill"]["staff_surname"], len(staff))
    return frame[COMMENT_COLUMNS], personal, staff


def _who_speaks(rng: np.random.Generator, n_comments: int, shops: Shops, observed: dict[str, Any]) -> pd.DataFrame:
    """Draw shop, month, voice and touchpoint; more is said where more is answered."""
    weight = (observed["answers"] * shops.is_open).astype(float) ** 0.8
    cell = np.sort(rng.choice(weight.size, n_comments, p=(weight / weight.sum()).ravel()))
    voices = rng.choice(list(VOICE_SHARES), n_comments, p=list(VOICE_SHARES.values()))
    places = rng.choice(list(TOUCHPOINT_SHARES), n_comments, p=list(TOUCHPOINT_SHARES.values()))
    n_months = weight.shape[1]
    return pd.DataFrame({"unit": cell // n_months, "at": cell % n_months, "voice": voices, "touchpoint": places})


def _scores(rng: np.random.Generator, levels: Levels, unit: np.ndarray, month: np.ndarray) -> np.ndarray:
    """Score (0–10) of each who comments: 9 and 10 are very satisfied; who writes is a little crosser."""
    very = rng.random(len(unit)) < expit(levels.base - 0.25 + POINT * levels.points[unit, month])
    high = rng.choice([9, 10], len(unit), p=[0.45, 0.55])
    low = rng.choice(9, len(unit), p=[0.04, 0.05, 0.05, 0.06, 0.05, 0.13, 0.14, 0.22, 0.26])
    return np.where(very, high, low)


def _mood(rng: np.random.Generator, frame: pd.DataFrame, points: Floats) -> np.ndarray:
    """good, bland or bad: by score for customers, by how the shop does for staff; sometimes at odds."""
    score = frame["score"].to_numpy()
    luck = rng.random(len(frame))
    by_score = np.select(
        [score >= 9, score >= 7, score >= 5],
        [np.where(luck < 0.62, "good", "bland"),
         np.where(luck < 0.25, "good", np.where(luck < 0.8, "bland", "bad")),
         np.where(luck < 0.55, "bland", "bad")],
        np.where(luck < 0.15, "bland", "bad"),
    )  # fmt: skip
    at_work = expit(0.08 * points + 1.2 * rng.standard_normal(len(frame)))
    by_work = np.select([luck < 0.45, at_work > 0.5], ["bland", "good"], "bad")
    mood = np.where(score >= 0, by_score, by_work).astype(object)
    odd = (rng.random(len(frame)) < MISMATCH) & (score >= 0)
    return np.where(odd & (score >= 9), "moan_high_score", np.where(odd & (score <= 5), "praise_low_score", mood))


def _tells(
    rng: np.random.Generator,
    habits: Habits,
    levels: Levels,
    unit: np.ndarray,
    month: np.ndarray,
    planted: bool,
) -> list[str]:
    """Which practice a customer tells of, if any: one done there, more often at shops that thrive."""
    done = {name: habits.done[name] for name in TOLD_OF}
    done["bundle"] = habits.done[BUNDLE[0]] * habits.done[BUNDLE[1]]
    names = np.array(list(done), dtype=object)
    here = np.stack([values[unit, month] > 0 for values in done.values()])
    thrives = levels.thrives[unit] & planted
    chance = np.where(here, np.where(thrives, TELLS_IF_BRIGHT, TELLS), TELLS_ELSEWHERE)
    chance[-2] = np.where(here[-2], chance[-2], 0)  # nobody dreams up a button for Sam
    hit = rng.random(chance.shape) < chance
    first = np.where(hit.any(axis=0), hit.argmax(axis=0), -1)
    return [names[k] if k >= 0 else "" for k in first]


class _Writer:
    """Puts a comment together from whole sentences, in the words of one shop, and leaves the slips in."""

    def __init__(self, rng: np.random.Generator, words: dict[str, Any], n_shops: int) -> None:
        self.words = words
        self.planted: list[tuple[int, str, str]] = []
        self._count = 0
        self._uniform = _Stream(rng.random)
        quirks, staff = words["place"]["quirks"], words["fill"]["staff"]
        self._quirks = [rng.choice(quirks, 2, replace=False).tolist() for _ in range(n_shops)]
        self.staff = [rng.choice(staff, 3, replace=False).tolist() for _ in range(n_shops)]

    def write(self, voice: str, shop: int, mood: str, touchpoint: str, told: str, sour: bool) -> str:
        """One comment."""
        if voice != "customer":
            parts = self._at_work(voice, mood, sour)
        else:
            parts = self._as_customer(shop, mood, touchpoint, told, sour)
        text = self._fill(" ".join(parts), shop)
        if voice == "customer" and self._chance(PERSONAL):
            text = f"{text} {self._give_away()}"
        self._count += 1
        return self._slip(text[0].upper() + text[1:])

    def _as_customer(self, shop: int, mood: str, touchpoint: str, told: str, sour: bool) -> list[str]:
        words = self.words
        if sour:
            parts = [self._pick(words["discontent"]["rising"])]
            return parts + ([self._pick(words["waiting"]["bad"])] if self._chance(0.25) else [])
        if mood in words["odd"]:
            return [self._pick(words["odd"][mood])]
        if self._chance(EVERYTHING):
            return [self._pick(words["odd"]["say_bad" if mood == "bad" else "say_good"])]
        if self._chance(OFF_TOPIC):
            return [self._pick(words["odd"]["off_topic"])]
        if told and mood != "bad":
            parts = [self._pick(words["bright"][told]["said"])]
            before = words[touchpoint]["good"] if self._chance(0.6) else words["opener"]["any"]
            return parts if self._chance(0.35) else [self._pick(before), *parts]
        if self._chance(SHORT):
            return [self._pick(words["short"][mood])]
        if self._chance(QUIRK):
            return [self._pick(self._quirks[shop])]
        return self._whole(shop, mood, touchpoint)

    def _whole(self, shop: int, mood: str, touchpoint: str) -> list[str]:
        """One sentence on the touchpoint, often a second, seldom a third; not always in one mood."""
        parts = [self._pick(self.words[touchpoint][mood])]
        if self._chance(OPENER):
            parts.insert(0, self._pick(self.words["opener"]["any"]))
        places = list(TOUCHPOINT_SHARES)
        while self._chance(0.42) and len(parts) < 5:
            other = places[int(self._uniform() * len(places))]
            feeling = mood if self._chance(0.75) else "bland"
            sentence = self._pick(self.words[other][feeling])
            if sentence not in parts:
                parts.append(sentence)
        if self._chance(0.03):
            parts.append(self._pick(self._quirks[shop]))
        return parts

    def _at_work(self, voice: str, mood: str, sour: bool) -> list[str]:
        if sour and voice == "employee":
            return [self._pick(self.words["discontent"]["staff_rising"])]
        parts = [self._pick(self.words[voice][mood])]
        if self._chance(0.25):
            second = self._pick(self.words[voice][mood if self._chance(0.6) else "bland"])
            parts += [second] if second not in parts else []
        return parts

    def _fill(self, text: str, shop: int) -> str:
        def replace(match: re.Match[str]) -> str:
            slot = match.group(1)
            return chosen.setdefault(slot, self._pick(self.staff[shop] if slot == "staff" else fill[slot]))

        fill: dict[str, list[str]] = self.words["fill"]
        chosen: dict[str, str] = {}
        return re.sub(r"\{(\w+)\}", replace, text) if "{" in text else text

    def _give_away(self) -> str:
        """A sentence with personal data, noted in the truth; of number and domain ranges kept for fiction."""
        first, last = self._pick(self.words["fill"]["forename"]), self._pick(self.words["fill"]["surname"])
        digits = int(self._uniform() * 1000)
        kind = self._pick(["email", "phone", "full_name", "order"])
        value = {
            "email": f"{first}.{last}{digits % 90 + 10}@example.".lower() + self._pick(["com", "org", "net"]),
            "phone": self._pick([f"07700 900{digits:03d}", f"07700900{digits:03d}", f"+44 7700 900 {digits:03d}"]),
            "full_name": f"{first} {last}",
            "order": f"RP-{2025 + digits % 2}-{digits * 87 % 100000:05d}",
        }[kind]
        self.planted.append((self._count, kind, value))
        return self._pick(self.words["personal"][kind]).replace(f"{{{kind}}}", value)

    def _slip(self, text: str) -> str:
        """Leave it as typed on a phone: lower case, no full stop, a slip of the finger, some shouting."""
        if self._chance(0.22):
            text = text[0].lower() + text[1:]
        if self._chance(0.30):
            text = text.rstrip(".") or text
        untouched = bool(self.planted) and self.planted[-1][0] == self._count - 1
        if len(text) > 25 and not untouched:
            if self._chance(0.10):
                text = _swap(text, self._uniform)
            if self._chance(0.04):
                text = text.replace("'", "").replace(",", "")
            if self._chance(0.012):
                text = text.upper()
        return text.rstrip(".") + "!!" if self._chance(0.01) else text

    def _chance(self, probability: float) -> bool:
        return self._uniform() < probability

    def _pick(self, pool: list[str]) -> str:
        return pool[int(self._uniform() * len(pool))]


class _Stream:
    """Uniform numbers one at a time, drawn in blocks because single draws are slow."""

    def __init__(self, draw: Callable[[int], Floats]) -> None:
        self._draw, self._block, self._next = draw, draw(65_536).tolist(), 0

    def __call__(self) -> float:
        if self._next == len(self._block):
            self._block, self._next = self._draw(65_536).tolist(), 0
        self._next += 1
        return self._block[self._next - 1]


def _swap(text: str, uniform: Callable[[], float]) -> str:
    """Swap, drop or double one letter inside a word."""
    at = 1 + int(uniform() * (len(text) - 3))
    if not (text[at].isalpha() and text[at + 1].isalpha()):
        return text
    kind = uniform()
    if kind < 0.5:
        return text[:at] + text[at + 1] + text[at] + text[at + 2 :]
    return text[:at] + text[at + 1 :] if kind < 0.8 else text[:at] + text[at] + text[at:]
