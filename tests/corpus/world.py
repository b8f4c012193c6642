"""A sound table of 36 stores over twelve months, and the ways in which people's files differ from it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from pdlib import Observations

MONTHS = [f"2024-{month:02d}" for month in range(1, 13)]
STORES = [f"S{number:03d}" for number in range(1, 37)]
HAPPY = {
    "unit": "store", "period": "month", "outcome": "happy", "n": "answers", "kind": "proportion", "better": "higher",
    "context": ["footfall", "staff"],
}  # fmt: skip
SCORE = {**HAPPY, "outcome": "score", "kind": "mean"}
RATE = {**HAPPY, "outcome": "complaints", "n": "visits", "kind": "rate", "better": "lower"}


def sound() -> pd.DataFrame:
    """One row per store and month, nothing wrong with it."""
    rng = np.random.default_rng(24)
    count = len(STORES)
    frame = pd.DataFrame({"store": np.repeat(STORES, 12), "month": MONTHS * count})
    level = np.repeat(rng.normal(0.7, 0.05, count), 12)
    frame["answers"] = rng.integers(40, 400, len(frame))
    frame["happy"] = rng.binomial(frame["answers"], np.clip(level, 0.3, 0.95))
    frame["score"] = np.round(7 + 4 * (level - 0.7) + rng.normal(0, 0.3, len(frame)), 2)
    frame["visits"] = rng.integers(900, 9_000, len(frame))
    frame["complaints"] = rng.poisson(frame["visits"] * 0.01 * (1.6 - level))
    frame["footfall"] = np.repeat(np.round(rng.lognormal(4.5, 0.6, count), 1), 12)
    frame["staff"] = np.repeat(np.round(rng.lognormal(1.5, 0.4, count), 1), 12)
    return frame


def as_text(frame: pd.DataFrame, **how: Any) -> str:
    return frame.to_csv(index=False, lineterminator="\n", **how)


@dataclass(frozen=True)
class Case:
    """One input and what must come of it.

    Attributes
    ----------
    name : str
    make : callable
        Of the sound frame: a text, bytes, a frame, or a callable that writes a file to the path it is given.
    want : "same", a pattern, or callable
        "same": read as the sound table is. A pattern: in the text of a `PdlibError`. A callable of the observations.
    given : dict
        Words of `read`.
    file : str
        Name of the file.
    doubt : str
        A pattern that must be among the caveats too.
    """

    name: str
    make: Callable[[pd.DataFrame], Any]
    want: str | Callable[[Observations], bool]
    given: dict[str, Any] = field(default_factory=lambda: dict(HAPPY))
    file: str = "months.csv"
    doubt: str = ""

    def source(self, folder: Path) -> Any:
        """The file or frame to read."""
        made = self.make(sound())
        if isinstance(made, pd.DataFrame):
            return made
        path = folder / self.file
        if callable(made):
            made(path)
        else:
            path.write_bytes(made if isinstance(made, bytes) else made.encode())
        return path


def same(observations: Observations) -> bool:
    """Whether what was read is the sound table, label by label and number by number."""
    base, panel = sound(), observations.panel
    columns = [
        name for name in ("happy", "answers", "score", "complaints", "visits", "footfall", "staff") if name in panel
    ]
    columns = [name for name in columns if pd.api.types.is_numeric_dtype(panel[name])]
    mine = panel.astype({"unit": "str", "period": "str"}).sort_values(["unit", "period"], ignore_index=True)
    if list(observations.periods) != MONTHS or mine["unit"].nunique() != len(STORES) or len(mine) != len(base):
        return False
    return bool(
        np.allclose(mine[columns].astype(float), base[columns].astype(float))
        and list(mine["unit"]) == list(base["store"])
        and list(mine["period"]) == list(base["month"])
    )
