"""Totals, subtotals and averages among the units: asked about wherever they are, and sound tables left in peace."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

import pdlib
from tests.validation.cells import Cell, Goal, Section
from tests.validation.measures import Record

STORES, MONTHS, REPLICATES = 60, 12, 100
WORDS: dict[str, dict[str, Any]] = {
    "share": {"outcome": "happy", "n": "n", "kind": "proportion"},
    "rate": {"outcome": "events", "n": "n", "kind": "rate", "better": "lower"},
    "sales": {"outcome": "sales", "kind": "mean"},
    "score": {"outcome": "score", "n": "n", "kind": "mean"},
}
HOWS = ("the sum of all", "the mean of all", "regions and all", "nothing")
ASKED, NAMED, OTHER = "asked", "named", "other questions"


def simulate_stores(seed: int, kind: str, how: str) -> pd.DataFrame:
    """Stores without any lasting difference but in sales, and what is added to them."""
    rng = np.random.default_rng(seed)
    size = STORES * MONTHS
    frame = pd.DataFrame({
        "store": np.repeat([f"S{number:03d}" for number in range(STORES)], MONTHS),
        "month": np.tile([f"2024-{month:02d}" for month in range(1, MONTHS + 1)], STORES),
        "n": rng.integers(40, 400, size),
    })  # fmt: skip
    frame["happy"], frame["events"] = rng.binomial(frame["n"], 0.7), rng.poisson(0.02 * frame["n"])
    lasting = np.repeat(rng.lognormal(0, 0.4, STORES), MONTHS)
    frame["sales"] = np.round(rng.lognormal(8, 0.3, size) * lasting)
    frame["score"] = np.round(rng.normal(7, 0.4, size), 2)
    frame["footfall"] = np.repeat(rng.lognormal(4, 0.5, STORES), MONTHS)
    frame["region"] = np.repeat([list("NSEW")[number % 4] for number in range(STORES)], MONTHS)
    return pd.concat([frame, *_added(frame, how)], ignore_index=True)


def _added(frame: pd.DataFrame, how: str) -> list[pd.DataFrame]:
    parts = {"Zed": frame} if how != "nothing" else {}
    if how.startswith("regions"):
        parts |= {f"Zone {region}": own for region, own in frame.groupby("region")}
    return [
        _whole(own, mean=how.startswith("the mean")).assign(store=name, footfall=50.0) for name, own in parts.items()
    ]


def _whole(frame: pd.DataFrame, *, mean: bool) -> pd.DataFrame:
    by_month = frame.assign(weighed=frame["score"] * frame["n"]).groupby("month", as_index=False)
    counts = ["n", "happy", "events", "sales"]
    if mean:
        return by_month[[*counts, "score"]].mean().round({**dict.fromkeys(counts, 0), "score": 2})
    sums = by_month[[*counts, "weighed"]].sum()
    return sums.assign(score=sums["weighed"] / sums["n"]).drop(columns="weighed")


def cells() -> list[Cell]:
    """Each kind of outcome with each kind of row."""
    return [
        Cell("totals", f"{kind}, {how}", simulate_stores, {"kind": kind, "how": how}, REPLICATES)
        for kind in WORDS
        for how in HOWS
    ]


def goals() -> list[Goal]:
    """Every total is asked about and none named; a sound table raises no question."""
    found = []
    for cell in cells():
        sound = cell.arguments["how"] == "nothing"
        found.append(Goal("totals", cell.name, "ours", NAMED, "<=", 0.0, fewest=REPLICATES, deciding=True))
        found.append(Goal("totals", cell.name, "ours", OTHER, "<=", 0.0, fewest=REPLICATES, deciding=True))
        if not sound:
            found.append(Goal("totals", cell.name, "ours", ASKED, ">=", 1.0, fewest=REPLICATES, deciding=True))
    return found


SECTIONS = [
    Section("totals", "Totals among the units", [
        (ASKED, "Share of studies in which the added rows are asked about", ["ours"]),
        (NAMED, "Share of studies that name an added row", ["ours"]),
        (OTHER, "Share of studies with a question or a doubt about anything else", ["ours"]),
    ]),
]  # fmt: skip


def replicate(cell: Cell, seed: int) -> list[Record]:
    """Read one table, and find whom it names if it is read."""
    frame, words = cell.simulate(seed), WORDS[cell.arguments["kind"]]
    asked, named, other = False, False, 0
    try:
        observations = pdlib.read(frame, unit="store", period="month", context=["footfall"], **words)
        other = len(observations.doubts)
        deviants = pdlib.find_deviants(pdlib.expect(observations, challenger=None))
        named = bool(deviants.confident["unit"].str.startswith("Z").any())
    except pdlib.DataError as error:
        asked = all(name in str(error) for name in frame["store"].unique() if name.startswith("Z"))
        other = sum(problem.code != "totals" for problem in error.problems)
    return [
        Record("ours", ASKED, float(asked)),
        Record("ours", NAMED, float(named)),
        Record("ours", OTHER, float(other > 0)),
    ]
