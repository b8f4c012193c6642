"""What to expect once a challenger was tried: who is told what, and whether the parts still add up."""

import numpy as np
import pytest
from sklearn.tree import DecisionTreeRegressor

import pdlib
from pdlib.expected import CHALLENGER_PART, Expected, expect
from pdlib.simulate import simulate_panel


def simulated(context: str, units: int = 320, **extra: object) -> tuple[pdlib.Observations, object]:
    made = simulate_panel(units, 6, context=context, seed=3, **extra)
    return pdlib.read(pdlib.Study(**made.study()), {"observations": made.panel}), made.truth


@pytest.fixture(scope="module")
def stepped() -> tuple[Expected, object]:
    observations, truth = simulated("step")
    return expect(observations), truth


def test_steps_call_for_the_blend(stepped: tuple) -> None:
    expected, truth = stepped
    assert expected.settings["challenger"] == "HistGradientBoostingRegressor (blended)"
    told = expected.fit.challenge
    (note,) = [note for note in expected.caveats if "blend" in note]
    assert f"(many small decision trees) was tried, and a blend with {told.share:.0%} of it predicts" in note
    assert f"squared error {told.gain:.0%} lower" in note
    alone = expect(expected.observations, challenger=None)
    assert alone.settings["challenger"] == "none"
    assert not [note for note in alone.caveats if "blend" in note]
    wrong = [np.var(one.fit.expected - truth["context_value"]) for one in (expected, alone)]
    assert wrong[0] < 0.7 * wrong[1]
    assert expected.explained_share > alone.explained_share
    assert expected.reliability < alone.reliability


@pytest.mark.parametrize("kind", ["proportion", "rate"])
def test_parts_add_up_to_expected_minus_average(kind: str) -> None:
    expected = expect(simulated("step", 300, kind=kind)[0])
    fit, n = expected.fit, expected.grid.n
    assert fit.challenge.chosen
    for i in (0, 11, 200):
        unit = expected.grid.units[i]
        parts = expected.contributions(unit)
        assert parts["condition"].tolist() == [*(item.label for item in expected.grid.conditions), CHALLENGER_PART]
        middle = fit.expected[i] - expected._link_parts(i).sum() - (fit.expected[i] - fit.spline_expected[i])
        average = fit.on_outcome_scale(np.full(len(n), middle), n)[i]
        assert parts["contribution"].sum() == pytest.approx(expected.table.loc[i, "expected"] - average, abs=1e-10)


def test_the_reason_why_of_a_unit_shows_what_the_challenger_adds(stepped: tuple) -> None:
    expected, _ = stepped
    why = pdlib.find_deviants(expected).why(expected.grid.units[0])
    last = why.table.iloc[-1]
    assert last["condition"] == CHALLENGER_PART
    assert last["contribution"] != 0
    assert why.plot() is not None


def test_smooth_context_keeps_the_smooth_fit() -> None:
    observations, _ = simulated("smooth")
    expected = expect(observations)
    alone = expect(observations, challenger=None)
    assert expected.settings["challenger"] == "HistGradientBoostingRegressor (not used)"
    assert "so the smooth fit stays" in expected.caveats[-1]
    assert expected.table.equals(alone.table)
    parts = expected.contributions(expected.grid.units[0])
    assert CHALLENGER_PART not in set(parts["condition"])
    assert parts.equals(alone.contributions(expected.grid.units[0]))


@pytest.mark.parametrize("units", [200, 300])
def test_nobody_is_confident_where_nobody_deviates(units: int) -> None:
    observations, _ = simulated("step", units, null=True)
    assert pdlib.find_deviants(expect(observations)).confident.empty


def test_few_units_and_straight_lines_are_not_challenged() -> None:
    assert expect(simulated("step", 99)[0]).fit.challenge is None
    assert expect(simulated("step")[0], form="linear").fit.challenge is None


def test_a_regressor_of_ones_own() -> None:
    observations, _ = simulated("step", 150)
    tree = DecisionTreeRegressor(max_leaf_nodes=8)
    expected = expect(observations, challenger=tree)
    assert expected.settings["challenger"].startswith("DecisionTreeRegressor (")
    assert "DecisionTreeRegressor" in expected.caveats[-1]
    assert not hasattr(tree, "tree_")
    assert tree.random_state is None
    assert expected.challenger is tree


def test_what_cannot_challenge() -> None:
    observations, _ = simulated("step", 60)
    with pytest.raises(pdlib.TooFewUnitsError, match="60 units are too few for a challenger; at least 100 are needed"):
        expect(observations, challenger=DecisionTreeRegressor())
    with pytest.raises(ValueError, match="challenger is 'boost'; it must be 'auto', None or a scikit-learn regressor"):
        expect(observations, challenger="boost")
