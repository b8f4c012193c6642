"""One study in which it is known what each practice does: brings, travels along, follows, pays together, or nothing."""

from functools import cache
from typing import Any

import numpy as np
import pandas as pd

from pdlib.deviants import find_deviants
from pdlib.expected import expect
from pdlib.observations import Observations, read
from pdlib.practices import Practices, compare_practices
from pdlib.study import Study

N, PERIODS, WAVES = 300, 8, ("P1", "P3", "P5", "P7")
GAIN, TOGETHER, AN_HOUR = 0.45, 1.0, 0.12
CODEBOOK = pd.DataFrame(
    [
        ("huddle", "Morning huddle", "team", 1, "binary", False, "", "start"),
        ("along", "Tea at the huddle", "team", 1, "binary", False, "", "start"),
        ("wall", "Award wall", "team", 1, "binary", False, "", ""),
        ("hello", "Name before hello", "care", 1, "binary", False, "", "welcome"),
        ("complaint", "One complaint read", "care", 1, "binary", False, "", "welcome"),
        ("hours", "Hours with customers", "care", 2, "frequency", False, "", "waiting"),
        ("academy", "Smile Academy", "care", 5, "binary", True, "", ""),
        ("sam", "Kiosk with Sam", "care", 2, "binary", False, "", "waiting"),
        ("plant", "A plant at the door", "care", 1, "binary", False, "", "welcome"),
        ("score", "Score screen", "care", 4, "binary", False, "", ""),
        ("says_huddle", "Morning huddle, says the manager", "team", 1, "binary", False, "huddle", ""),
    ],
    columns=["practice", "label", "theme", "cost", "kind", "programme", "claims", "touchpoint"],
).assign(who_decides="unit", everyone_can="yes")
CODEBOOK["evidence"] = np.where(CODEBOOK["claims"].eq(""), "observed", "claimed")
CODEBOOK["measured_by"] = "audit"
LOG = pd.DataFrame(
    [
        ("Ana", "2025-02-01", "Morning huddle", "better"),
        ("Ben", "2025-02-03", "hello + complaint", "better"),
        ("Cem", "2025-02-03", "academy", "better"),
        ("Dot", "2025-03-01", "Award wall", "better"),
        ("Eve", "2025-03-01", "Hours with customers", "worse"),
        ("Fay", "2025-03-09", "Tea at the huddle", "better"),
        ("Gil", "2025-03-09", "Kiosk with Sam", "better"),
    ],
    columns=["who", "when", "practice", "direction"],
)


def tables(seed: int = 5, *, effects: float = 1.0, n_units: int = N, periods: int = PERIODS) -> dict[str, pd.DataFrame]:
    """Make the tables; with effects 0 nothing that anybody does matters."""
    rng = np.random.default_rng(seed)
    period = np.arange(periods)
    x1, x2 = rng.standard_normal((2, n_units))
    site = rng.choice(["street", "mall", "park"], n_units)
    level = 0.5 * x1 - 0.3 * x2 + 0.4 * (site == "mall") + 0.4 * rng.standard_normal(n_units)
    shock = 0.25 * rng.standard_normal((n_units, periods))

    def taken_up(always: float, later: float) -> np.ndarray:
        chance, start = rng.random(n_units), rng.integers(2, periods - 1, n_units)
        start = np.where(chance < always, 0, np.where(chance < always + later, start, periods))
        return (period >= start[:, None]).astype(float)

    done = {"huddle": taken_up(0.2, 0.3)}
    done["along"] = np.where(rng.random(n_units)[:, None] < 0.8, done["huddle"], taken_up(0.2, 0.2))
    done["hello"], done["complaint"] = taken_up(0.35, 0.15), taken_up(0.35, 0.15)
    hours = rng.integers(0, 7, n_units).astype(float)
    more = (rng.random(n_units) < 0.25) * rng.integers(1, 5, n_units)
    done["hours"] = hours[:, None] + more[:, None] * (period >= periods // 2)
    done["academy"], done["plant"], done["score"] = taken_up(0.5, 0.2), taken_up(0.3, 0.15), taken_up(0.3, 0.15)
    done["sam"] = np.repeat((np.arange(n_units) % 60 == 7)[:, None], periods, axis=1).astype(float)
    brings = GAIN * done["huddle"] + TOGETHER * done["hello"] * done["complaint"] + AN_HOUR * done["hours"]
    merit = level[:, None] + shock + effects * (brings - brings.mean())
    start = np.full(n_units, periods)
    for p in range(2, periods - 1):
        run = merit[:, :p].mean(axis=1) + 0.1 * rng.standard_normal(n_units)
        start[np.argsort(-np.where(start < periods, -np.inf, run))[: n_units // 20]] = p
    done["wall"] = (period >= start[:, None]).astype(float)
    n = np.maximum(rng.poisson(60 * np.exp(0.5 * rng.standard_normal(n_units))[:, None], (n_units, periods)), 5)
    value = 6 + merit + 1.5 / np.sqrt(n) * rng.standard_normal(n.shape)

    units = [f"U{k:03d}" for k in range(n_units)]
    names = [f"P{p + 1}" for p in range(periods)]
    panel = pd.DataFrame({"unit": np.repeat(units, periods), "period": np.tile(names, n_units)})
    panel = panel.assign(value=value.ravel(), n=n.ravel(), sd=1.5)
    waves = [names.index(wave) for wave in WAVES if wave in names]
    audit = pd.DataFrame({"unit": np.repeat(units, len(waves)), "wave": np.tile([names[w] for w in waves], n_units)})
    audit = audit.assign(**{name: values[:, waves].ravel() for name, values in done.items()})
    audit["says_huddle"] = np.maximum(audit["huddle"], rng.random(len(audit)) < 0.4)
    frame = pd.DataFrame(
        {"unit": units, "name": [f"Shop {k}" for k in range(n_units)], "x1": x1, "x2": x2, "site": site}
    )
    frame["region"] = np.array(["north", "south", "east"])[np.arange(n_units) % 3]
    frame["kept"] = np.where(rng.random(n_units) < 0.4, "yes", "no")
    return {"observations": panel, "units": frame, "practices": audit, "codebook": CODEBOOK}


def study(**more: Any) -> Study:
    """Declare the study, with further entries."""
    outcome = {"name": "mood", "label": "mood", "kind": "mean", "value": "value", "n": "n", "sd": "sd",
               "smallest_contrast": 0.05}  # fmt: skip
    entries: dict[str, Any] = {
        "name": "Shops",
        "unit": {"column": "unit", "label": "name", "region": "region", "singular": "shop", "plural": "shops"},
        "period": "period",
        "outcome": outcome,
        "context": ["x1", "x2", {"name": "site", "label": "Site", "kind": "category"}],
        "practices": {"wave": "wave"},
    }
    return Study(**entries | more)


def observed(
    more: dict[str, Any] | None = None, extra: dict[str, pd.DataFrame] | None = None, **world: Any
) -> Observations:
    """Read the tables under the study, some of them replaced."""
    return read(study(**(more or {})), {**tables(**world), **(extra or {})})


def compared(observations: Observations, **arguments: Any) -> Practices:
    """Go through the steps, without a challenger: it has nothing to do here."""
    return compare_practices(observations, find_deviants(expect(observations, challenger=None)), **arguments)


@cache
def practices(**world: Any) -> Practices:
    """The practices of the study, with the hypothesis log and two proposed bundles."""
    bundles = [
        {
            "name": "hello_complaint",
            "label": "Hello and complaint",
            "practices": ["hello", "complaint"],
            "proposed_by": "Ben",
        },
        {"name": "plants", "practices": ["plant", "score"]},
    ]
    return compared(observed({"bundle": bundles}, {"hypotheses": LOG}, **world))
