"""Sound tables of stores by month for the tests of what columns mean; a test puts one fault into them."""

from typing import Any

import numpy as np
import pandas as pd

from pdlib.errors import DataError, Problem
from pdlib.observations import Observations, read
from pdlib.study import Study

HAPPY = {"name": "happy", "kind": "proportion", "successes": "happy", "n": "answers", "better": "higher"}
SCORE = {"name": "csat", "kind": "mean", "value": "csat", "n": "answers", "better": "higher"}
SALES = {"name": "sales", "kind": "mean", "value": "sales", "better": "higher"}
COMPLAINTS = {"name": "complaints", "kind": "rate", "events": "complaints", "exposure": "visits", "better": "lower"}


def months(units: int = 40, periods: int = 12, seed: int = 1) -> pd.DataFrame:
    """Make stores over months: counts, a score, sales, complaints and two conditions, all of them sound."""
    rng = np.random.default_rng(seed)
    size, season = rng.normal(5, 0.5, units)[:, None], rng.normal(0, 0.1, periods)
    answers = rng.poisson(np.exp(size + season + rng.normal(0, 0.1, (units, periods))))
    happy = rng.binomial(answers, np.clip(rng.normal(0.68, 0.05, (units, 1)), 0.05, 0.95))
    visits = answers * 5 + rng.integers(0, 40, answers.shape)
    return pd.DataFrame({
        "store": np.repeat([f"S{number:03d}" for number in range(1, units + 1)], periods),
        "month": [f"20{24 + number // 12}-{number % 12 + 1:02d}" for number in range(periods)] * units,
        "happy": happy.ravel(),
        "answers": answers.ravel(),
        "csat": (6.5 + rng.normal(0, 0.5, (units, 1)) + rng.normal(0, 0.6, answers.shape)).round(2).ravel(),
        "sales": np.exp(size + 4 + season + rng.normal(0, 0.2, answers.shape)).round().ravel(),
        "complaints": rng.poisson(visits * 0.01).ravel(),
        "visits": visits.ravel(),
        "footfall": np.repeat(np.exp(size.ravel() + rng.normal(0, 0.2, units)).round(1), periods),
        "staff": np.repeat(rng.integers(3, 14, units), periods),
    })  # fmt: skip


def shops(units: int = 40) -> pd.DataFrame:
    """Make the table of the stores, in four regions."""
    ids = [f"S{number:03d}" for number in range(1, units + 1)]
    regions = [("North", "South", "East", "West")[number % 4] for number in range(units)]
    return pd.DataFrame({"store": ids, "title": [f"Store {name}" for name in ids], "region": regions})


def study(outcome: dict[str, Any] | None = None, **more: Any) -> Study:
    """Declare stores by month, with two conditions."""
    period = {"column": "month", "singular": "month", "plural": "months"}
    unit = {"column": "store", "singular": "store", "plural": "stores", **more.pop("unit", {})}
    entries = {"unit": unit, "period": period, "outcome": outcome or HAPPY, "context": ["footfall", "staff"], **more}
    return Study(**entries)


def told(frame: pd.DataFrame, declared: Study, **tables: pd.DataFrame) -> list[Problem]:
    """All that reading finds: problems and questions, or else the doubts."""
    try:
        return list(read(declared, {"observations": frame, **tables}).doubts)
    except DataError as error:
        return [*error.problems, *error.doubts]


def accepted(frame: pd.DataFrame, declared: Study, **tables: pd.DataFrame) -> Observations:
    """What was read, without a doubt."""
    observations = read(declared, {"observations": frame, **tables})
    assert not observations.doubts, [str(doubt) for doubt in observations.doubts]
    return observations


def add(frame: pd.DataFrame, name: str, rows: pd.DataFrame) -> pd.DataFrame:
    """Append a row for each month, called by a name."""
    return pd.concat([frame, rows.reset_index().assign(store=name)], ignore_index=True)
