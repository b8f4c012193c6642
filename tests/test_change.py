"""Who moved up between two spans: planted risers are found, and nobody is where nobody moved."""

from typing import Any

import numpy as np
import pandas as pd
import pytest

import pdlib
from pdlib.deviants.change import Improved, find_improved
from pdlib.errors import StudyError, TooFewUnitsError
from pdlib.observations import Observations
from pdlib.show.wording import causal_words

UNITS, PERIODS = 300, 12
MONTHS = [f"2025-{month:02d}" for month in range(1, PERIODS + 1)]
BEFORE, AFTER = ("2025-01", "2025-06"), ("2025-07", "2025-12")


def made(seed: int = 0, risers: int = 0, lift: float = 0.8, **study: Any) -> Observations:
    """Shares over two conditions; the first units rise in July."""
    rng = np.random.default_rng(seed)
    place, crowd = rng.normal(size=(2, UNITS))
    level = 0.7 + 0.3 * rng.normal(size=UNITS) + 0.3 * place
    rises = np.where(np.arange(UNITS) < risers, lift, 0.0)
    eta = level[:, None] + np.outer(crowd, np.linspace(-0.1, 0.1, PERIODS)) + 0.1 * rng.normal(size=(UNITS, PERIODS))
    eta = eta + np.where(np.arange(PERIODS) >= 6, rises[:, None] - 0.3, 0.0)
    n = rng.integers(60, 300, eta.shape)
    frame = pd.DataFrame({"unit": np.repeat([f"U{i:03d}" for i in range(UNITS)], PERIODS)})
    frame = frame.assign(period=MONTHS * UNITS, good=rng.binomial(n, 1 / (1 + np.exp(-eta))).ravel(), n=n.ravel())
    frame = frame.assign(place=np.repeat(place, PERIODS), crowd=np.repeat(crowd, PERIODS))
    outcome = {"name": "good", "label": "good answers", "kind": "proportion", "successes": "good", "n": "n"}
    declared = pdlib.Study(unit="unit", period="period", outcome=outcome, context=["place", "crowd"], **study)
    return pdlib.read(declared, {"observations": frame})


@pytest.fixture(scope="module")
def found() -> Improved:
    return find_improved(made(1, risers=20), BEFORE, AFTER)


def test_planted_risers_are_named(found: Improved) -> None:
    named = found.confident["unit"]
    assert len(named) >= 12
    assert (named < "U020").mean() >= 0.8
    assert found.table["p_top"].mean() == pytest.approx(0.10, abs=1e-6)


def test_the_size_of_a_rise_is_in_outcome_units(found: Improved) -> None:
    rows = found.table[found.table["unit"] < "U020"]
    # A lift of .8 in log odds at about 60 % is worth some 17 points.
    assert rows["change"].mean() == pytest.approx(0.17, abs=0.04)
    assert 0.4 < rows["shrunken_change"].mean() / rows["change"].mean() < 0.9
    assert (rows["shrunken_change_lower"] < rows["shrunken_change"]).all()
    assert (rows["change_upper"] - rows["change_lower"] > rows["change"].std()).all()
    others = found.table[found.table["unit"] >= "U020"]
    # All fell alike, which is no one's change; what is left of the observed fall is what is expected.
    assert (others["observed_after"] - others["observed_before"]).mean() < -0.04
    assert (others["observed_after"] - others["expected_after"]).mean() == pytest.approx(0, abs=0.02)


def test_nobody_is_named_where_nobody_moved() -> None:
    results = [find_improved(made(seed), BEFORE, AFTER) for seed in range(12)]
    assert sum(len(each.confident) for each in results) == 0
    assert sum(len(each.likely) for each in results) <= 2
    assert all("nobody is named" in each.finding for each in results)
    for each in results:
        assert each.certainty.rung in {"nothing lasts", "not sure enough"}
        assert ("luck" in each.finding) == (each.fit.change_variance == 0)


def test_fallers_are_not_named() -> None:
    result = find_improved(made(2, risers=25, lift=-0.8), BEFORE, AFTER)
    assert not (result.confident["unit"] < "U025").any()
    assert result.table.set_index("unit").loc["U003", "p_better"] < 0.1


def test_a_lead_that_was_there_before_is_no_rise(found: Improved) -> None:
    """Who is good throughout is a deviant, not a riser."""
    level = pdlib.find_deviants(pdlib.expect(found.expected.observations)).table.set_index("unit")["shrunken_excess"]
    steady = found.table[found.table["unit"] >= "U020"].set_index("unit")["shrunken_change"]
    assert abs(np.corrcoef(steady, level[steady.index])[0, 1]) < 0.5


def test_lower_is_better_is_turned_once() -> None:
    observations = made(3, risers=20)
    panel = observations.panel.assign(good=observations.panel["n"] - observations.panel["good"])
    outcome = observations.study.primary.model_copy(update={"better": "lower"})
    study = observations.study.model_copy(update={"outcome": (outcome,)})
    plain = find_improved(observations, BEFORE, AFTER).table.set_index("unit")
    turned = find_improved(pdlib.read(study, {"observations": panel}), BEFORE, AFTER).table.set_index("unit")
    columns = ["shrunken_change", "shrunken_change_lower", "p_top", "p_better"]
    gap = (turned[columns] - plain[columns].reindex(turned.index)).abs().max()
    assert gap.max() < 1e-4


def test_the_sentence_gives_count_size_and_claims_no_cause(found: Improved) -> None:
    lead = f"{UNITS} units compared between 2025-01–2025-06 and 2025-07–2025-12: {len(found.confident)} named"
    assert found.finding.startswith(lead)
    assert not causal_words(found.finding)
    assert not [words for note in found.caveats for words in causal_words(note)]
    assert found.settings["before"] == BEFORE
    assert found.finding in found._repr_html_()
    found.plot()


# -- which spans ------------------------------------------------------------------------------------------------------

SHOCK = {"name": "downturn", "start": "2025-07", "end": "2025-09"}


def test_a_declared_shock_gives_the_spans() -> None:
    result = find_improved(made(0, shock=SHOCK))
    assert result.before == BEFORE
    assert result.after == ("2025-07", "2025-09")


@pytest.mark.parametrize(
    ("before", "after", "study", "message"),
    [
        (None, AFTER, {}, "Say which periods to compare"),
        (("2025-01", "2025-08"), AFTER, {}, "The spans share 2025-07, 2025-08"),
        (("2025-06", "2025-01"), AFTER, {}, "ends before it begins"),
        (("2025-01", "2025-13"), AFTER, {}, "no period '2025-13'"),
        (None, None, {"shock": {**SHOCK, "start": "2025-01"}}, "Nothing was observed before downturn"),
    ],
)
def test_spans_that_cannot_be_are_refused(before: Any, after: Any, study: dict[str, Any], message: str) -> None:
    with pytest.raises(StudyError, match=message):
        find_improved(made(0, **study), before, after)


def test_units_must_be_seen_in_both_spans() -> None:
    observations = made(0)
    panel = observations.panel
    late = panel["period"] >= "2025-07"
    few = panel[panel["unit"].isin(["U000", "U001"]) | ~late]
    some = panel[~(late & (panel["unit"] < "U010"))]
    result = find_improved(pdlib.read(observations.study, {"observations": some}), BEFORE, AFTER)
    assert len(result.table) == UNITS - 10
    assert "10 units left out: not seen in both spans." in result.caveats
    with pytest.raises(TooFewUnitsError, match="2 units have data on good answers in both spans"):
        find_improved(pdlib.read(observations.study, {"observations": few}), BEFORE, AFTER)


def test_the_short_way_from_a_list_keeps_its_outcome() -> None:
    observations = made(1, risers=20)
    result = pdlib.find_deviants(pdlib.expect(observations)).improved(BEFORE, AFTER)
    assert result.table.equals(find_improved(observations, BEFORE, AFTER).table)
