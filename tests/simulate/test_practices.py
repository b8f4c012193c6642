"""The practice bench plants what it lists, at the size it lists."""

import numpy as np
import pandas as pd
import pytest

from pdlib.simulate import simulate_practices


@pytest.fixture(scope="module")
def bench():
    return simulate_practices(6000, 40, missing_share=0.0, seed=1)


def test_same_seed_same_study() -> None:
    first, again = (simulate_practices(100, 40, seed=3) for _ in range(2))
    assert first.practices.equals(again.practices)
    assert first.panel.equals(again.panel)


@pytest.mark.parametrize(("n_practices", "confounded", "reverse"), [(40, 4, 2), (200, 20, 10)])
def test_roles_are_counted_as_designed(n_practices: int, confounded: int, reverse: int) -> None:
    roles = simulate_practices(60, n_practices, seed=1).truth["role"].value_counts()
    assert roles[["true", "tag_along", "bundle", "confounded", "reverse"]].tolist() == [
        5,
        20,
        2,
        confounded,
        reverse,
    ]


def test_kinds_and_reliability(bench) -> None:
    assert bench.codebook["kind"].value_counts().to_dict() == {"binary": 20, "graded": 12, "frequency": 8}
    units = bench.units
    assert units["n"].between(15, 600).all()
    assert (0.25 / (0.25 + units["se"] ** 2)).mean() == pytest.approx(0.8, abs=0.02)
    assert bench.truth_units[["theta", "context_value"]].std().tolist() == pytest.approx([0.5, 0.5], rel=0.03)


def test_planted_sizes_are_recovered_from_the_truth(bench) -> None:
    done = bench.practices.drop(columns="unit").to_numpy()
    standard = (done - done.mean(axis=0)) / done.std(axis=0)
    role = bench.truth["role"].to_numpy()
    first, second = np.flatnonzero(role == "bundle")
    product = standard[:, first] * standard[:, second]
    design = np.column_stack([standard[:, role == "true"], product / product.std(), standard[:, role == "bundle"]])
    slope = np.linalg.lstsq(np.column_stack([np.ones(len(design)), design]), bench.truth_units["theta"], rcond=None)[0]
    assert slope[1:6] == pytest.approx(0.22 * 0.5, abs=0.02)
    assert slope[6] == pytest.approx(0.30 * 0.5, abs=0.02)
    assert slope[7:] == pytest.approx(0.0, abs=0.02)


def test_what_each_role_goes_with(bench) -> None:
    done = bench.practices.drop(columns="unit")
    theta, context = bench.truth_units["theta"], bench.truth_units["context_value"]
    goes = pd.DataFrame({"theta": done.corrwith(theta).to_numpy(), "context": done.corrwith(context).to_numpy()})
    mean = goes.groupby(bench.truth["role"]).mean()
    assert mean.loc["reverse", "theta"] > 0.35
    assert abs(mean.loc["reverse", "context"]) < 0.05
    assert mean.loc["confounded", "context"] > 0.3
    assert abs(mean.loc["confounded", "theta"]) < 0.05
    assert 0.03 < mean.loc["tag_along", "theta"] < mean.loc["true", "theta"]
    assert abs(mean.loc["noise", "theta"]) < 0.04


def test_periods_add_up_to_the_unit(bench) -> None:
    panel = bench.panel.assign(total=bench.panel["value"] * bench.panel["n"])
    sums = panel.groupby("unit")[["total", "n"]].sum()
    assert sums["n"].tolist() == bench.units["n"].tolist()
    assert np.allclose(sums["total"] / sums["n"], bench.units["value"])


def test_missing_answers_sit_in_large_units() -> None:
    simulated = simulate_practices(2000, 40, seed=2)
    missing = simulated.practices.drop(columns="unit").isna().mean(axis=1)
    large = simulated.units["n"] > simulated.units["n"].median()
    assert missing.mean() == pytest.approx(0.10, abs=0.01)
    assert missing[large].mean() > 2 * missing[~large].mean()


def test_null_leaves_context_and_removes_all_else() -> None:
    null = simulate_practices(4000, 40, null=True, missing_share=0.0, seed=4)
    assert set(null.truth["role"]) == {"noise", "confounded"}
    assert not null.truth["size"].any()
    assert null.practices.drop(columns="unit").corrwith(null.truth_units["theta"]).abs().max() < 0.06


def test_too_few_practices_are_refused() -> None:
    with pytest.raises(ValueError, match="multiple of 5 and at least 35"):
        simulate_practices(100, 32, seed=1)
