"""One replicate of each study: simulate, let every method answer, measure."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd

import pdlib
from pdlib.simulate.panel import SimulatedPanel
from pdlib.simulate.practices import SimulatedPractices
from tests.validation import rivals
from tests.validation.designs import Cell
from tests.validation.measures import (
    Record,
    calibration_error,
    claim_gap,
    covered,
    false_share,
    top_precision,
)

LEVEL = 0.10
LINES = 60  # the null runs in which straight lines take part


def replicate(cell: Cell, seed: int) -> list[Record]:
    """Simulate one replicate of a cell and measure it; a unit that was never seen is nobody's to judge."""
    simulated = cell.simulate(seed)
    if isinstance(simulated, SimulatedPanel):
        seen = simulated.truth["unit"].isin(simulated.panel["unit"])
        simulated = replace(simulated, truth=simulated.truth[seen].reset_index(drop=True))
    if cell.study == "find":
        return find(simulated, seed, mixed=seed <= cell.mixed)
    return null(simulated, lines=seed <= LINES) if cell.study == "null" else practices(simulated)


def find(simulated: SimulatedPanel, seed: int, *, mixed: bool = False) -> list[Record]:
    """Who is truly in the top 10 %, and does the method know how sure it is?"""
    truth, settings = simulated.truth, simulated.settings
    panel = rivals.Panel.of(simulated)
    answers = {
        "ours": rivals.ours(simulated)[0],
        "ours, straight lines": rivals.ours(simulated, "linear")[0],
        "oracle": rivals.oracle(simulated, panel),
        **rivals.usual(panel),
    }
    if mixed:
        answers["MixedLM"] = rivals.mixed_model(simulated)
    in_top, theta = truth["in_top"].to_numpy(), truth["theta"].to_numpy()
    fresh = np.random.default_rng([seed, 1]).standard_normal(len(theta))
    later = theta + settings["shock_sd"] * fresh
    scale = 1.0 if settings["kind"] == "mean" else settings["link_slope"]
    far = truth["unit"].isin(settings["far_units"]).to_numpy()
    records: list[Record] = []
    for method, answer in answers.items():
        records += _answered(method, answer, in_top, later, scale * theta)
        if far.any():
            records += _far(method, answer, in_top, far)
    return records


def _answered(
    method: str, answer: rivals.Answer, in_top: np.ndarray, later: np.ndarray, effect: np.ndarray
) -> list[Record]:
    records = [
        top_precision(method, answer.rank_by, in_top, int(in_top.sum())),
        Record(method, "correlation with next period", _correlation(answer.score, later)),
    ]
    if answer.named is not None:
        records += [false_share(method, answer.named, in_top), _share("share named", method, answer.named)]
    if answer.p is not None and answer.effect is not None and answer.sd is not None:
        records += [
            Record(method, "calibration error", calibration_error(answer.p, in_top)),
            claim_gap(method, answer.p, in_top),
            covered(method, answer.effect, answer.sd, effect),
        ]
    return records


def _correlation(score: np.ndarray, later: np.ndarray) -> float:
    """Correlation; a method that sees no difference between units foretells nothing."""
    return float(np.corrcoef(score, later)[0, 1]) if np.ptp(score) > 0 else 0.0


def _far(method: str, answer: rivals.Answer, in_top: np.ndarray, far: np.ndarray) -> list[Record]:
    chosen = np.zeros(len(far), dtype=bool)
    chosen[np.argsort(-answer.rank_by, kind="stable")[: int(in_top.sum())]] = True
    return [
        Record(method, "far units in the top list", float((chosen & far).sum()), float(chosen.sum())),
        Record(method, "precision among far units", float((chosen & far & in_top).sum()), float((chosen & far).sum())),
    ]


def _share(measure: str, method: str, named: np.ndarray) -> Record:
    return Record(method, measure, float(named.sum()), len(named))


def null(simulated: SimulatedPanel, *, lines: bool = True) -> list[Record]:
    """Whom does the method name where nobody deviates?"""
    records = []
    forms = {"ours": "auto", **({"ours, straight lines": "linear"} if lines else {})}
    for method, form in forms.items():
        answer, either = rivals.ours(simulated, form)
        records += [
            _share("share confident", method, answer.named),
            _share("share confident or likely", method, either),
            Record(method, "runs with a confident unit", float(answer.named.any())),
        ]
    for method, answer in rivals.usual(rivals.Panel.of(simulated)).items():
        if answer.named is not None:
            records.append(_share("share named", method, answer.named))
    return records


def practices(simulated: SimulatedPractices) -> list[Record]:
    """Which practices matter, and how much?"""
    study = pdlib.Study(**simulated.study())
    observations = pdlib.read(study, {"observations": simulated.panel, "practices": simulated.practices})
    deviants = pdlib.find_deviants(pdlib.expect(observations))
    table = pdlib.compare_practices(observations, deviants).table.merge(simulated.truth, on="practice")
    flagged = rivals.flag_and_test(simulated.units, simulated.practices).loc[table["practice"]]
    better = (table["raw_contrast"] > 0).to_numpy()
    by_step_down = (table["p_romano_wolf"] <= LEVEL).to_numpy()
    by_share = (table["p_bh"] <= LEVEL).to_numpy()
    by_flag = (flagged["p_bh"] <= LEVEL).to_numpy()
    found = {
        "Romano–Wolf": by_step_down & better,
        "promising (Romano–Wolf or BH)": (table["grade"] == "promising").to_numpy(),
        "BH": by_share & better,
        "raw top 10 % + BH": by_flag & flagged["better"].to_numpy(),
    }
    if simulated.settings["null"]:
        either_way = {"Romano–Wolf": by_step_down, "BH": by_share, "raw top 10 % + BH": by_flag}
        records = [Record(name, "runs with any finding", float(mask.any())) for name, mask in either_way.items()]
        promising = found["promising (Romano–Wolf or BH)"]
        return [*records, Record("promising (Romano–Wolf or BH)", "runs with any finding", float(promising.any()))]
    role = table["role"].to_numpy()
    records = [record for name, mask in found.items() for record in _found(name, mask, role)]
    return records + _sizes(table, simulated.practices, found["Romano–Wolf"])


def _found(method: str, found: np.ndarray, role: np.ndarray) -> list[Record]:
    """Error rates of one list; tag-alongs and reverse practices do not count in the false-discovery rate."""
    false = np.isin(role, ["noise", "confounded", "bundle"])
    judged = found & (false | (role == "true"))
    records = [
        Record(method, "power", float((found & (role == "true")).sum()), float((role == "true").sum())),
        Record(method, "FDR", float((found & false).sum()) / max(int(judged.sum()), 1)),
        Record(method, "not a cause", float((found & (role != "true")).sum()) / max(int(found.sum()), 1)),
        Record(method, "number found", float(found.sum())),
    ]
    for name in ("tag_along", "reverse", "confounded", "bundle", "noise"):
        mine = role == name
        records.append(Record(method, f"share of {name} found", float((found & mine).sum()), float(mine.sum())))
    return records


def _sizes(table: pd.DataFrame, done: pd.DataFrame, found: np.ndarray) -> list[Record]:
    """Do the intervals of the true practices hold the planted size, per step from low to high?"""
    size = table["size"] / done[table["practice"]].std(ddof=0).to_numpy() * (table["high"] - table["low"])
    true = (table["role"] == "true").to_numpy() & table["raw_contrast"].notna().to_numpy()
    raw = ((table["raw_contrast_lower"] <= size) & (size <= table["raw_contrast_upper"])).to_numpy()
    shown = ((table["contrast_lower"] <= size) & (size <= table["contrast_upper"])).to_numpy()
    chosen = true & found
    return [
        Record("raw contrast", "coverage of true practices", float((raw & true).sum()), float(true.sum())),
        Record(
            "shown contrast", "coverage of found true practices", float((shown & chosen).sum()), float(chosen.sum())
        ),
        Record(
            "raw contrast",
            "found over true size",
            float(table["raw_contrast"][chosen].sum()),
            float(size[chosen].sum()),
        ),
        Record(
            "shown contrast", "found over true size", float(table["contrast"][chosen].sum()), float(size[chosen].sum())
        ),
    ]
