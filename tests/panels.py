"""Small panels for the tests of the steps: the same seed gives the same panel, any column may be replaced."""

from typing import Any

import numpy as np
import pandas as pd

from pdlib.observations import Observations, read
from pdlib.simulate import simulate_panel
from pdlib.study import Study

ALL_CONTEXT = [f"x{number}" for number in range(1, 9)]
OUTCOMES: dict[str, dict[str, Any]] = {
    "mean": {"value": "value", "n": "n", "sd": "sd"},
    "proportion": {"successes": "successes", "n": "n"},
    "rate": {"events": "events", "exposure": "exposure", "better": "lower"},
}


def outcome(kind: str = "mean", **more: Any) -> dict[str, Any]:
    """Declare the outcome of a simulated panel."""
    return {"name": "outcome", "kind": kind, **OUTCOMES[kind], **more}


def declared(
    frame: pd.DataFrame,
    kind: str = "mean",
    *,
    context: Any = ("x1", "x2"),
    tables: dict[str, pd.DataFrame] | None = None,
    **more: Any,
) -> Observations:
    """Read a panel, and further tables, under a declaration with two conditions unless said otherwise."""
    entries = {"unit": "unit", "period": "period", "outcome": outcome(kind), "context": list(context), **more}
    return read(Study(**entries), {"observations": frame, **(tables or {})})


def panel(n_units: int = 60, n_periods: int = 4, kind: Any = "mean", *, seed: int = 1, **more: Any) -> pd.DataFrame:
    """Simulate a panel with straight context."""
    return simulate_panel(n_units, n_periods, kind, seed=seed, **{"context": "linear", **more}).panel


def per_unit(frame: pd.DataFrame, values: Any) -> np.ndarray:
    """Spread one value per unit over the unit's rows."""
    code = pd.factorize(frame["unit"], sort=True)[0]
    return np.asarray(values)[code]
