"""Hearing: which terms are found, and where discontent is heard before the score falls; designs, measures, goals."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

import pdlib
from pdlib.simulate import SimulatedChain, SimulatedVoices, simulate_chain, simulate_voices
from pdlib.stats.family import benjamini_hochberg
from pdlib.stats.rising import FIRST, find_rise
from pdlib.voices.mood import moods
from pdlib.voices.terms import count_terms
from tests.validation.cells import Cell, Goal, Section
from tests.validation.measures import Record
from tests.validation.rivals import log_odds, unit_permutation

LEVEL = 0.10
FINDERS = [
    "ours (BH)", "ours (Romano–Wolf)", "flag, units permuted + BH", "true flag, units permuted + BH",
    "flag, log-odds of comments + BH",
]  # fmt: skip
HEARERS = ["rising", "rising or watch", "moods, rising", "score, falling"]
OTHER = {"shape": 4.0, "topics": 8, "topic_times": 60.0, "ranks": (100, 400), "confounded": 20, "wordy": 0.15}
MAIN = "N=500, 50,000 comments"
ALARMS = "false alarms a month, of 100 units"


def cells() -> list[Cell]:
    """All of them, in the order in which they are told."""
    found = [
        _cell(MAIN, 24),
        _cell("N=500, 250,000 comments", 12, n_comments=250_000, heavy=True),
        _cell("N=200, 20,000 comments", 24, n_units=200, n_comments=20_000),
        _cell("N=500, 50,000 comments, tied to the top tenth only", 24, tied="top"),
        _cell("N=500, 50,000 comments, second design", 24, **OTHER),
        _cell("N=500, 50,000 comments, nothing tied", 100, tied="nothing"),
        _cell("N=500, 50,000 comments, second design, nothing tied", 100, **{**OTHER, "tied": "nothing"}),
    ]
    for n, replicates in ((20_000, 12), (60_000, 12), (200_000, 6)):
        for null in (False, True):
            name = f"chain, {n:,} comments{', nothing sours' if null else ''}"
            arguments = {"n_comments": n, "null": null}
            found.append(Cell("discontent", name, simulate_chain, arguments, replicates, heavy=n > 60_000))
    found += [
        Cell("discontent", f"bursty counts{', nothing sours' if null else ''}", bursty_counts, {"null": null}, 40)
        for null in (False, True)
    ]
    return found


def _cell(name: str, replicates: int, *, heavy: bool = False, **arguments: Any) -> Cell:
    return Cell("voices", name, simulate_voices, arguments, replicates, heavy=heavy)


def goals() -> list[Goal]:
    """What the method note asks of terms, and what a signal promises."""
    ours = "ours (BH)"
    found = [
        Goal("voices", MAIN, ours, "FDR", "<=", 0.15, fewest=20, deciding=True),
        Goal("voices", MAIN, ours, "power", ">=", 1 / 3, fewest=20, deciding=True),
        Goal("voices", MAIN, ours, "power", ">=", 0.19, minus="flag, units permuted + BH", fewest=20),
        Goal("voices", "N=500, 50,000 comments, second design", ours, "power", ">=", 1 / 3),
        Goal("voices", "N=500, 50,000 comments, tied to the top tenth only", ours, "power", ">=", 1 / 3, stretch=True),
    ]
    for cell in (cell for cell in cells() if cell.study == "voices" and cell.name != MAIN):
        nothing = cell.arguments.get("tied") == "nothing"
        measure, bound = ("runs with any finding", 0.10) if nothing else ("FDR", 0.15)
        found.append(Goal("voices", cell.name, ours, measure, "<=", bound))
    for cell in (cell for cell in cells() if cell.study == "discontent"):
        if "nothing" in cell.name:
            found.append(Goal("discontent", cell.name, "rising or watch", ALARMS, "<=", 1.0))
            found.append(Goal("discontent", cell.name, "rising", "months with any false alarm", "<=", 0.10))
        else:
            found.append(Goal("discontent", cell.name, "rising", "share of signals that are false", "<=", 0.10))
    found.append(Goal("discontent", "chain, 200,000 comments", "rising", "heard before the score falls", ">=", 0.5))
    return found


SECTIONS = [
    Section("voices", "Hearing what is said more", [
        ("power", "Share of the planted terms found", FINDERS),
        ("FDR", "False-discovery rate (terms tied to nothing, or to the context only)", FINDERS),
        ("number found", "Terms found", FINDERS),
        ("runs with any finding", "Nothing is tied: share of runs with any finding", FINDERS),
    ]),
    Section("discontent", "Hearing discontent", [
        ("heard", "Share of souring units signalled at all", HEARERS),
        ("heard before the score falls", "Share of souring units signalled before their score falls", HEARERS),
        ("months ahead of the fall", "Months from signal to fall (negative: later), of those signalled", HEARERS),
        ("share of signals that are false", "Share of signals at units that do not sour, or not yet", HEARERS),
        (ALARMS, "False alarms a month among 100 units", HEARERS),
        ("months with any false alarm", "Share of months with any false alarm", HEARERS),
    ]),
]  # fmt: skip


# -- terms ----------------------------------------------------------------------------------------------------


def terms(simulated: SimulatedVoices) -> list[Record]:
    """Which terms are found, by us and by what is usual?"""
    study = pdlib.Study(**simulated.study())
    tables = {"observations": simulated.panel.panel, "comments": simulated.comments}
    observations = pdlib.read(study, tables)
    deviants = pdlib.find_deviants(pdlib.expect(observations, challenger=None))
    table = pdlib.hear(observations, deviants, longest=1).table
    more = (table["contrast"] > 0).to_numpy()
    found = {
        "ours (BH)": (table["grade"] == "said more").to_numpy(),
        "ours (Romano–Wolf)": (table["p_romano_wolf"] <= LEVEL).to_numpy() & more,
    }
    counts, totals = _counts(observations, deviants, table["term"].to_numpy())
    leading = np.zeros(len(totals), dtype=bool)
    leading[np.argsort(-deviants.expected.fit.effect, kind="stable")[: round(0.1 * len(totals))]] = True
    truly = simulated.panel.truth.set_index("unit")["in_top"].reindex(deviants.expected.grid.units).to_numpy(dtype=bool)
    found["flag, units permuted + BH"] = benjamini_hochberg(unit_permutation(counts, totals, leading)) <= LEVEL
    found["true flag, units permuted + BH"] = benjamini_hochberg(unit_permutation(counts, totals, truly)) <= LEVEL
    found["flag, log-odds of comments + BH"] = benjamini_hochberg(log_odds(counts, totals, leading)) <= LEVEL
    nothing = simulated.settings["tied"] == "nothing"
    if nothing:
        return [Record(name, "runs with any finding", float(mask.any())) for name, mask in found.items()]
    true = table["term"].isin(simulated.truth.loc[simulated.truth["role"] == "true", "term"]).to_numpy()
    planted = float((simulated.truth["role"] == "true").sum())
    return [record for name, mask in found.items() for record in _found(name, mask, true, planted)]


def _found(method: str, mask: np.ndarray, true: np.ndarray, planted: float) -> list[Record]:
    return [
        Record(method, "power", float((mask & true).sum()), planted),
        Record(method, "FDR", float((mask & ~true).sum()) / max(int(mask.sum()), 1)),
        Record(method, "number found", float(mask.sum())),
    ]


def _counts(observations: Any, deviants: Any, names: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Comments of each unit that use each term, and words that each unit wrote."""
    comments, units = observations.comments, pd.Index(deviants.expected.grid.units)
    row = units.get_indexer(pd.Index(comments["unit"].astype("str")))
    counted = count_terms(comments["text"], longest=1)
    place = pd.Index(counted.terms).get_indexer(names)
    written = np.bincount(row, comments["text"].str.count(" ").to_numpy() + 1.0, len(units))
    return counted.by(row, len(units)).toarray()[:, place], written


# -- discontent -----------------------------------------------------------------------------------------------


@dataclass(frozen=True, eq=False)
class Counts:
    """Comments and frustrations by unit and month, and from which month each unit sours (-1: never)."""

    counts: np.ndarray
    totals: np.ndarray
    sours: np.ndarray


def bursty_counts(*, null: bool, seed: int, n_units: int = 400, n_months: int = 24) -> Counts:
    """A second design: more comments and more frustration, months that come in bursts, slow rises to 2.5 times."""
    rng = np.random.default_rng(seed)
    totals = rng.poisson(rng.lognormal(np.log(9), 0.9, n_units)[:, None] * rng.lognormal(0, 0.3, n_months))
    usual = rng.beta(8, 32, n_units)[:, None] * (1 + 0.3 * np.sin(np.arange(n_months) / 4))
    usual = usual * rng.gamma(12, 1 / 12, (n_units, n_months))
    sours = np.full(n_units, -1)
    if not null:
        sours[: n_units // 10] = rng.integers(8, n_months - 4, n_units // 10)
    since = np.where(sours[:, None] >= 0, np.arange(n_months) - sours[:, None] + 1, 0)
    share = np.minimum(usual * (1 + 1.5 * np.clip(since / 4, 0, 1)), 0.9)
    return Counts(rng.binomial(totals, share).astype(float), totals.astype(float), sours)


def bursty(simulated: Counts) -> list[Record]:
    """The signals alone, on counts."""
    p_value = find_rise(simulated.counts, simulated.totals).p_value
    return _signals(p_value, simulated.sours, None)


def chain(simulated: SimulatedChain) -> list[Record]:
    """Every step from comments to signals, and the score's own signals beside them."""
    names = {"observations": simulated.shop_months, "units": simulated.shops, "comments": simulated.comments,
             "staff": simulated.staff}  # fmt: skip
    observations = pdlib.read(_chain_study(), names)
    deviants = pdlib.find_deviants(pdlib.expect(observations, challenger=None))
    voices = pdlib.hear(observations, deviants, longest=1, draws=200)
    discontent = voices.discontent()
    units, periods = observations.units.index, observations.periods
    truth = simulated.truth_units.set_index("shop")
    null = simulated.settings["null"]
    month = {name: k for k, name in enumerate(periods)}
    sours, falls = (
        np.full(len(units), -1) if null else truth[name].map(month).reindex(units).fillna(-1).to_numpy(dtype=int)
        for name in ("discontent_from", "scores_fall_from")
    )
    wide = discontent.table.pivot_table(index="unit", columns="period", values="p_value")
    wide = wide.reindex(index=units, columns=periods)
    records = _signals(wide.fillna(1.0).to_numpy(), sours, falls)
    records += _heard("moods, rising", _by_share(_mood_rise(voices, units, periods)), sours, falls)
    fell = discontent.before_the_score.set_index("unit")["score_fell"].map(month).reindex(units)
    first = np.zeros((len(units), len(periods)), dtype=bool)
    seen = fell.dropna().astype(int)
    first[units.get_indexer(seen.index), seen.to_numpy()] = True
    return records + _heard("score, falling", first, sours, falls)


def _chain_study() -> pdlib.Study:
    outcome = {"name": "very_satisfied", "kind": "proportion", "successes": "very_satisfied", "n": "answers"}
    plain = ("district_income", "walk_in_share", "phone_share", "competitors")
    declared = [{"name": name, "scale": "log"} for name in ("footfall", "staff")]
    declared += [{"name": name} for name in plain] + [{"name": "site_type", "kind": "category"}]
    voices = {"text": "comment", "comment": "comment_id", "touchpoint": "touchpoint", "staff": ["forename", "surname"]}
    return pdlib.Study(unit="shop", period="month", outcome=outcome, context=declared, voices=voices)


def _mood_rise(voices: Any, units: pd.Index, periods: list[str]) -> np.ndarray:
    """The same signal on comments that VADER calls negative."""
    comments = voices.comments[voices.comments["voice"] != "leader"]
    negative = (moods(comments["text"]) <= -0.05).to_numpy(dtype=float)
    keys = [comments["unit"].astype("str"), comments["period"].astype("str")]
    frame = pd.DataFrame({"n": 1.0, "d": negative}).groupby([key.to_numpy() for key in keys]).sum()
    n, d = (frame[name].unstack().reindex(index=units, columns=periods).fillna(0).to_numpy() for name in ("n", "d"))
    return find_rise(d, n).p_value


def _by_share(p_value: np.ndarray) -> np.ndarray:
    """Units that a report of each month would call rising."""
    judged = np.where(p_value < 1, p_value, 1.0)
    return np.column_stack([benjamini_hochberg(judged[:, t]) <= LEVEL for t in range(p_value.shape[1])])


def _signals(p_value: np.ndarray, sours: np.ndarray, falls: np.ndarray | None) -> list[Record]:
    rising = _by_share(p_value)
    return _heard("rising", rising, sours, falls) + _heard("rising or watch", rising | (p_value <= 0.01), sours, falls)


def _heard(method: str, signal: np.ndarray, sours: np.ndarray, falls: np.ndarray | None) -> list[Record]:
    """What signals are worth: a signal at a souring unit before it sours is a false one."""
    months = np.arange(signal.shape[1])
    real = (sours[:, None] >= 0) & (months >= sours[:, None])
    false = signal & ~real
    judged = signal.shape[1] - FIRST
    records = [
        Record(method, ALARMS, float(false.sum()), judged * len(signal) / 100),
        Record(method, "months with any false alarm", float(false.any(axis=0).sum()), judged),
    ]
    if (sours >= 0).any():
        true = signal & real
        heard = true.any(axis=1)
        first = true.argmax(axis=1)
        records += [
            Record(method, "heard", float(heard.sum()), float((sours >= 0).sum())),
            Record(method, "share of signals that are false", float(false.sum()), float(signal.sum())),
        ]
        if falls is not None:
            early = heard & (first < falls)
            records += [
                Record(method, "heard before the score falls", float(early.sum()), float((sours >= 0).sum())),
                Record(method, "months ahead of the fall", float((falls - first)[heard].sum()), float(heard.sum())),
            ]
    return records


def replicate(cell: Cell, seed: int) -> list[Record]:
    """Simulate one replicate of a cell and measure it."""
    simulated = cell.simulate(seed)
    if cell.study == "voices":
        return terms(simulated)
    return bursty(simulated) if isinstance(simulated, Counts) else chain(simulated)
