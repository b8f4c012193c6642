"""The yardsticks of tests/validation: by hand, and a replicate of each study from end to end."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from pdlib.trust.methods import oracle
from tests.validation.figures import judged, merged, stored, text
from tests.validation.grid import CELLS, GOALS, STUDIES, replicate
from tests.validation.measures import calibration_error, claim_gap, covered, false_share, summarise, top_precision
from tests.validation.practices import _found


def test_calibration_error_by_hand() -> None:
    p = np.array([0.05, 0.05, 0.95, 1.0])
    # Two units claim .10 in all and one is real; two claim 1.95 in all and both are.
    assert calibration_error(p, np.array([True, False, True, True])) == pytest.approx((0.9 + 0.05) / 4)


def test_shares_by_hand() -> None:
    in_top = np.array([True, False, True, False])
    assert top_precision("m", np.array([4.0, 3.0, 1.0, 2.0]), in_top, 2)[2:] == (1.0, 2)
    assert false_share("m", np.array([True, True, False, False]), in_top)[2:] == (1.0, 2.0)
    assert claim_gap("m", np.array([0.9, 0.6, 0.4, 0.1]), in_top)[2:] == (pytest.approx(0.5), 2.0)
    assert covered("m", np.zeros(2), np.ones(2), np.array([1.6, 1.7]))[2:] == (1.0, 2.0)


def test_false_discoveries_leave_out_tag_alongs_and_reverse_causes() -> None:
    role = np.array(["true", "tag_along", "reverse", "noise", "bundle", "confounded", "true"])
    found = np.array([True, True, True, True, False, False, False])
    by = {record.measure: record for record in _found("m", found, role)}
    assert by["FDR"].numerator == 0.5
    assert by["not a cause"].numerator == 0.75
    assert by["power"][2:] == (1.0, 2.0)
    nothing = {record.measure: record.numerator for record in _found("m", np.zeros(7, dtype=bool), role)}
    assert nothing["FDR"] == nothing["not a cause"] == 0


def test_replicates_are_pooled_with_their_standard_error() -> None:
    columns = ["study", "cell", "replicate", "method", "measure", "numerator", "denominator"]
    rows = [("find", "c", r, "ours", "precision", hits, 10.0) for r, hits in ((1, 4.0), (2, 6.0))]
    rows += [("find", "c", r, "oracle", "precision", hits, 10.0) for r, hits in ((1, 5.0), (2, 5.0))]
    rows += [("find", "c", r, "ours", "false share", 0.0, 0.0) for r in (1, 2)]
    table = summarise(pd.DataFrame(rows, columns=columns)).set_index(["method", "measure"])
    assert table.loc[("ours", "precision"), ["value", "se"]].tolist() == pytest.approx([0.5, 0.1])
    assert table.loc[("ours", "precision to oracle"), ["value", "se"]].tolist() == pytest.approx([1.0, 0.2])
    assert np.isnan(table.loc[("ours", "false share"), "value"])


def test_goals_speak_of_cells_that_are_run() -> None:
    assert {(goal.study, goal.cell) for goal in GOALS} <= set(CELLS)


@pytest.mark.parametrize("kind", ["mean", "proportion", "rate"])
def test_the_oracle_knows_its_chances(kind: str) -> None:
    cell = CELLS["find", f"N=5000 P=6 {kind}"]
    simulated = cell.simulate(1)
    answer = oracle(simulated)
    in_top = simulated.truth["in_top"].to_numpy()
    sure = answer.p >= 0.5
    assert answer.p[sure].mean() == pytest.approx(in_top[sure].mean(), abs=0.05)


def test_every_study_runs_and_reads(tmp_path: Path) -> None:
    names = {
        "find": "N=50 P=6 mean",
        "null": "N=50 P=6 mean",
        "few_periods": "one period",
        "suppressed": "rate",
        "totals": "share, the sum of all",
        "freshness": "not new: year to date, proportion, from January",
        "moving": "does not move",
        "practices": "N=200 K=40",
        "teams": "N=400, 20 districts",
        "adoptions": "N=200 P=8",
        "voices": "N=200, 20,000 comments",
        "discontent": "bursty counts",
    }
    rows = []
    for study in STUDIES:
        records = replicate(CELLS[study, names[study]], seed=99)
        assert all(record.denominator >= 0 for record in records)
        rows += [(study, names[study], 99, *record) for record in records]
    columns = ["study", "cell", "replicate", "method", "measure", "numerator", "denominator"]
    figures = summarise(pd.DataFrame(rows, columns=columns))
    assert {"precision", "coverage", "false share", "power", "FDR"} <= set(figures["measure"])
    assert set(judged(figures)["verdict"].str.split(" ").str[0]) <= {"pass", "fail", "not"}
    assert (judged(figures)["verdict"] == "not run").any()
    assert "## Comparing practices" in text(figures)
    path = tmp_path / "figures.csv"
    figures.to_csv(path, index=False)
    assert set(stored(path)["study"]) == set(STUDIES)
    again = merged(path, figures[figures["study"] == "find"])
    assert len(again) == len(figures)
    assert again.groupby("study").size().to_dict() == figures.groupby("study").size().to_dict()
