"""Which came first: a practice is strong only if results rose after it, lasted, and had not risen before it."""

from functools import cache

import numpy as np
import pandas as pd
import pytest

import pdlib
from pdlib.practices.grades import grade
from pdlib.practices.timing import RISES
from tests.practices.world import compared

N, PERIODS = 400, 8
NAMES = [f"P{p + 1}" for p in range(PERIODS)]
FOLLOWERS = ["echo", "switch", "mood3"]


def later_than(results: np.ndarray) -> np.ndarray:
    """Results of the period before; of the first its own."""
    return np.concatenate([results[:, :1], results[:, :-1]], axis=1)


def started(hit: np.ndarray) -> np.ndarray:
    """Taken up for good when first hit."""
    return (hit.cumsum(axis=1) > 0).astype(float)


@cache
def tables(lasts: float = 0.6, seed: int = 1) -> dict[str, pd.DataFrame]:
    """A panel with a wave in every period: one practice brings something, the others follow results, or do nothing."""
    rng = np.random.default_rng(seed)
    context = rng.normal(size=N)
    start = np.where(rng.random(N) < 0.45, rng.integers(2, PERIODS, N), np.where(rng.random(N) < 0.3, 0, PERIODS))
    done = {"brings": (np.arange(PERIODS) >= start[:, None]).astype(float)}
    shocks = rng.normal(size=(N, PERIODS))
    for p in range(1, PERIODS):
        shocks[:, p] = lasts * shocks[:, p - 1] + np.sqrt(1 - lasts**2) * shocks[:, p]
    level = 0.4 * context[:, None] + 0.5 * rng.normal(size=(N, 1)) + 0.5 * shocks + 0.5 * done["brings"]
    z = (level - level.mean(axis=0)) / level.std()

    def blurred(results: np.ndarray, by: float = 0.8) -> np.ndarray:
        return results + by * rng.normal(size=z.shape)

    three = np.stack([z[:, max(0, p - 3) : max(p, 1)].mean(axis=1) for p in range(PERIODS)], axis=1)
    done["echo"] = np.digitize(blurred(later_than(z)), [-0.6, 0.6]).astype(float)
    done["mood3"] = np.digitize(blurred(three), [-0.6, 0.6]).astype(float)
    done["switch"] = (blurred(later_than(z)) > 0.5).astype(float)
    done["lucky"] = started(blurred(z, 0.5) > 1.3)
    for k in range(6):
        late = np.where(rng.random(N) < 0.5, rng.integers(1, PERIODS, N), PERIODS)
        done[f"nothing{k}"] = (np.arange(PERIODS) >= late[:, None]).astype(float)
    units = [f"U{i:03d}" for i in range(N)]
    keys = {"unit": np.repeat(units, PERIODS), "period": np.tile(NAMES, N)}
    value = level + 0.3 * rng.normal(size=z.shape)
    panel = pd.DataFrame(keys | {"value": value.ravel(), "n": 60, "sd": 2.3, "x": np.repeat(context, PERIODS)})
    audit = pd.DataFrame({"unit": keys["unit"], "wave": keys["period"]} | {k: v.ravel() for k, v in done.items()})
    kinds = ["graded" if name in {"echo", "mood3"} else "binary" for name in done]
    return {"observations": panel, "practices": audit, "codebook": pd.DataFrame({"practice": [*done], "kind": kinds})}


def study(**more) -> pdlib.Study:
    outcome = {"name": "mood", "kind": "mean", "value": "value", "n": "n", "sd": "sd"}
    return pdlib.Study(
        unit="unit", period="period", outcome=outcome, context=["x"], practices={"wave": "wave"}, **more
    )  # fmt: skip


@cache
def table(lasts: float) -> pd.DataFrame:
    return compared(pdlib.read(study(), tables(lasts)), draws=500).table.set_index("practice")


@pytest.mark.parametrize("lasts", [0.6, 0.0])
def test_what_follows_results_is_not_strong(lasts: float) -> None:
    rows = table(lasts)
    assert rows.loc["brings", "grade"] == "strong"
    assert rows.loc["brings", "before_lower"] < 0
    assert set(rows.loc[FOLLOWERS, "grade"]) == {"follows success"}
    assert (rows.loc[FOLLOWERS, "before_lower"] > 0).all()


def test_change_within_units_alone_would_take_it_for_a_rise() -> None:
    rows = table(0.6).loc[FOLLOWERS]
    assert (rows["change_lower"] > 0).all()
    assert set(rows["timing"]) == {"rose before adoption"}
    assert all("did better before they took it up" in reason for reason in rows["reason"])


def test_what_rises_in_the_very_period_of_adoption_is_not_strong() -> None:
    lucky = table(0.0).loc["lucky"]
    assert lucky["p_romano_wolf"] <= 0.1
    assert min(lucky["change_lower"], lucky["after_lower"]) > 0
    assert lucky["timing"] == "timing unknown"
    assert lucky["grade"] == "promising"


def test_what_follows_results_is_not_confirmed_either() -> None:
    observations = pdlib.read(study(confirm={"adoptions_from": "P4"}), tables())
    held = pdlib.confirm(observations, compared(observations, draws=100), ["brings", "mood3"]).table
    verdicts = held.set_index("practice")[["verdict", "timing"]]
    assert verdicts.loc["brings"].tolist() == ["confirmed", "rises after adoption"]
    assert verdicts.loc["mood3", "verdict"] != "confirmed"


def test_with_two_waves_it_is_said_that_nobody_can_see_what_came_before() -> None:
    given = tables()
    some = given["practices"]["wave"].isin(["P1", "P3"])
    two = {**given, "practices": given["practices"][some]}
    row = compared(pdlib.read(study(), two), draws=100).row("echo")
    assert np.isnan(row["before"])
    strong = row.copy()
    strong["timing"], strong["p_romano_wolf"], strong["reason"], strong["travels_with"] = RISES, 0.01, "", ""
    assert grade(strong, None)[1].endswith("; too few waves to see what came before")
