"""Several outcomes: one decides, others balance it, a composite weighs them; nobody is flagged without a cost."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

import pdlib
from pdlib.deviants.outcomes import Outcomes, balance, compare_outcomes
from pdlib.errors import StudyError
from pdlib.observations import Observations
from pdlib.show.wording import causal_words

UNITS, PERIODS = 240, 6


def made(
    seed: int = 0,
    merit: tuple[tuple[float, float], tuple[float, float]] = ((1.0, 0.0), (0.0, 1.0)),
    stretch: float = 1.0,
    role: str = "balancing",
    **study: Any,
) -> tuple[Observations, np.ndarray]:
    """Two means over one condition, and the true effects of each unit; of the second outcome less is better."""
    rng = np.random.default_rng(seed)
    effect = 0.5 * rng.multivariate_normal([0, 0], merit, UNITS)
    place = rng.normal(size=UNITS)
    frame = pd.DataFrame({"unit": np.repeat([f"U{i:03d}" for i in range(UNITS)], PERIODS)})
    frame["period"] = np.tile(range(PERIODS), UNITS)
    for name, sign, own in (("quick", 1, effect[:, 0]), ("again", -stretch, effect[:, 1])):
        cell = np.repeat(own + 0.4 * place, PERIODS) + 0.5 * rng.normal(size=len(frame))
        frame[name] = sign * cell
    outcomes = [
        {"name": "quick", "kind": "mean", "value": "quick", "label": "cases solved at once"},
        {"name": "again", "kind": "mean", "value": "again", "label": "repeat calls", "better": "lower", "role": role},
    ]
    frame["place"] = np.repeat(place, PERIODS)
    declared = pdlib.Study(unit="unit", period="period", outcome=outcomes, context=["place"], **study)
    return pdlib.read(declared, {"observations": frame}), effect


@pytest.fixture(scope="module")
def chain(root: Path) -> Observations:
    study = pdlib.load_study(root / "data" / "service_chain")
    few = [study.find_outcome(name) for name in ("very_satisfied", "first_contact", "repeat_contacts")]
    return pdlib.read(study.model_copy(update={"outcome": tuple(few)}))


@pytest.fixture(scope="module")
def closers(root: Path) -> set[str]:
    truth = pd.read_csv(root / "data" / "service_chain" / "truth" / "units.csv")
    return set(truth.loc[truth["closes_tickets"], "shop"])


@pytest.fixture(scope="module")
def looked_at(chain: Observations) -> Outcomes:
    return compare_outcomes(chain, pdlib.find_deviants(pdlib.expect(chain, outcome="first_contact", challenger=None)))


# -- the service chain ------------------------------------------------------------------------------------------------


def test_shops_that_close_tickets_early_are_flagged_and_few_others(looked_at: Outcomes, closers: set[str]) -> None:
    table = looked_at.deviants.table
    listed = set(table.loc[table["group"].isin(["confident", "likely"]), "unit"])
    assert len(listed & closers) >= 12
    flagged = set(looked_at.flagged["unit"])
    assert flagged <= listed
    assert len(flagged & closers) >= 0.8 * len(listed & closers)
    assert len(flagged - closers) <= 0.1 * len(listed - closers)


def test_a_flag_is_one_sentence_with_both_numbers(looked_at: Outcomes) -> None:
    assert set(looked_at.notes) == set(looked_at.flagged["unit"])
    for _, row in looked_at.flagged.iterrows():
        note = looked_at.notes[row["unit"]]
        assert note.startswith("Repeat contacts per 100 contacts are worse than expected: ")
        assert row["label"] not in note
        assert f"{row['label']} leads on cases solved at first contact. But: {note}" in looked_at.caveats
        assert f"{100 * row['observed']:.1f} per 100 against {100 * row['expected']:.1f} per 100." in note
        assert row["observed"] > row["expected"]
        assert not causal_words(note)
    assert f"{len(looked_at.notes)} of them are credibly" in looked_at.finding


def test_the_short_way_says_the_same(looked_at: Outcomes) -> None:
    assert balance(looked_at.deviants) == looked_at.notes


def test_who_is_named_is_decided_by_one_outcome(chain: Observations, looked_at: Outcomes) -> None:
    first = looked_at.table.groupby("unit")["group"].nunique()
    assert (first == 1).all()
    primary = compare_outcomes(chain)
    assert primary.deviants.expected.outcome.name == "very_satisfied"
    named = primary.deviants.table.set_index("unit")["group"]
    assert (primary.table["group"] == named.reindex(primary.table["unit"]).to_numpy()).all()


def test_the_table_is_long_with_one_row_per_unit_and_outcome(chain: Observations, looked_at: Outcomes) -> None:
    table = looked_at.table
    assert not table.duplicated(["unit", "outcome"]).any()
    assert table["outcome"].nunique() == len(chain.study.outcome)
    sums = table.groupby("outcome")[["p_top", "p_worst"]].mean()
    assert sums["p_top"].to_numpy() == pytest.approx(np.full(len(sums), 0.10), abs=1e-6)
    assert sums["p_worst"].to_numpy() == pytest.approx(np.full(len(sums), 0.25), abs=1e-6)
    table["flag"] = True
    assert not looked_at.table["flag"].all()


# -- simulated: false flags -------------------------------------------------------------------------------------------


def test_nobody_is_flagged_where_the_balancing_outcome_is_luck() -> None:
    flags = [len(balance(pdlib.find_deviants(pdlib.expect(made(s, ((1, 0), (0, 0)))[0])))) for s in range(8)]
    assert flags == [0] * 8


def test_flags_are_right_about_as_often_as_they_claim() -> None:
    right = total = 0
    for seed in range(12):
        observations, effect = made(seed, ((1.0, -0.5), (-0.5, 1.0)))
        flagged = compare_outcomes(observations).flagged
        worst = pd.Series(effect[:, 1] <= np.quantile(effect[:, 1], 0.25), [f"U{i:03d}" for i in range(UNITS)])
        right, total = right + int(worst[flagged["unit"]].sum()), total + len(flagged)
    assert total > 40
    assert right / total > 0.80


def test_without_a_balancing_outcome_the_finding_says_so() -> None:
    result = compare_outcomes(made(role="other")[0])
    assert result.notes == {}
    assert (
        result.finding
        == "No outcome is declared to balance cases solved at once, so what it may cost elsewhere is not seen."
    )


# -- the composite ----------------------------------------------------------------------------------------------------

INDEX = {"name": "index", "label": "the index", "weights": {"quick": 0.6, "again": 0.4}}


def composite(result: Outcomes) -> pd.DataFrame:
    table = result.table
    return table[table["role"] == "composite"].set_index("unit").sort_index()


@pytest.mark.parametrize("shared", [-0.6, 0.0, 0.6])
def test_the_composite_is_calibrated(shared: float) -> None:
    inside, claimed, actual = [], 0.0, 0.0
    for seed in range(10):
        observations, effect = made(seed, ((1.0, shared), (shared, 1.0)), composite=INDEX)
        rows = composite(compare_outcomes(observations))
        truth = effect @ np.array([0.6, 0.4]) / 0.5
        inside.append(rows["shrunken_excess_lower"].le(truth) & rows["shrunken_excess_upper"].ge(truth))
        likely = (rows["p_top"] >= 0.5).to_numpy()
        claimed += rows["p_top"][likely].sum()
        actual += (truth >= np.quantile(truth, 0.9))[likely].sum()
        assert rows["p_top"].mean() == pytest.approx(0.10, abs=1e-6)
    assert np.mean(inside) == pytest.approx(0.90, abs=0.03)
    assert claimed - actual == pytest.approx(0, abs=0.12 * claimed)


def test_the_composite_does_not_depend_on_the_units_of_measure() -> None:
    plain, stretched = (composite(compare_outcomes(made(3, stretch=s, composite=INDEX)[0])) for s in (1.0, 50.0))
    assert stretched["p_top"].to_numpy() == pytest.approx(plain["p_top"].to_numpy(), abs=1e-4)
    assert stretched["shrunken_excess"].to_numpy() == pytest.approx(plain["shrunken_excess"].to_numpy(), abs=1e-3)


def test_an_outcome_in_which_nothing_lasts_adds_nothing() -> None:
    observations, _ = next(
        pair for pair in (made(s, ((1, 0), (0, 0)), composite=INDEX) for s in range(20))
        if pdlib.expect(pair[0], outcome="again").fit.persistent_variance == 0
    )  # fmt: skip
    result = compare_outcomes(observations)
    assert "Repeat calls adds nothing to the index: no difference in it lasts." in result.caveats
    own = result.table[result.table["outcome"] == "quick"].set_index("unit")["p_top"]
    assert composite(result)["p_top"].to_numpy() == pytest.approx(own.sort_index().to_numpy(), abs=1e-6)


def test_units_without_an_outcome_have_no_composite() -> None:
    observations, _ = made(composite=INDEX)
    panel = observations.panel.copy()
    panel.loc[panel["unit"].isin(["U000", "U001"]), "again"] = np.nan
    rows = composite(compare_outcomes(replace(observations, panel=panel)))
    assert len(rows) == UNITS - 2
    assert "U000" not in rows.index


@pytest.mark.parametrize(
    ("declared", "message"),
    [
        (
            {"name": "index", "weights": {"quick": 1, "agian": 1}},
            r"'agian', which is no outcome \(did you mean 'again'\?\)",
        ),
        ({"name": "quick", "weights": {"quick": 1, "again": 1}}, "has the name of an outcome"),
        ({"name": "index", "weights": {"quick": 1}}, "composite.weights"),
        ({"name": "index", "weights": {"quick": 1, "again": 0}}, "composite.weights.again"),
    ],
)
def test_a_composite_that_cannot_be_is_refused(declared: dict[str, Any], message: str) -> None:
    with pytest.raises(StudyError, match=message):
        made(composite=declared)


# -- shown ------------------------------------------------------------------------------------------------------------


def test_the_result_shows_itself(looked_at: Outcomes) -> None:
    words = [text.get_text() for text in looked_at.plot().texts]
    assert any("worse than expected" in word for word in words)
    assert set(looked_at.flagged["label"]) <= set(words)
    html = looked_at._repr_html_()
    assert looked_at.finding in html
    assert "first_contact" in html
    assert looked_at.settings["sure"] == 0.8


def test_a_leaders_page_says_in_a_line_what_a_bright_spot_costs(chain: Observations, looked_at: Outcomes) -> None:
    insight = pdlib.tell(chain, looked_at.deviants)
    bright = set(looked_at.deviants.confident["unit"]) & set(looked_at.notes)
    assert set(insight.costs) == bright
    page = str(insight.whom_to_visit)
    shown = [unit for unit in insight.bright.index[:5] if unit in bright]
    assert page.count("Ask about this too:") == len(shown) > 0
    assert all(looked_at.notes[unit] in page for unit in shown)
    assert sum("worse than expected on repeat contacts" in limit for limit in insight.limits) == 1


def test_a_page_without_costs_does_not_mention_them() -> None:
    observations, _ = made(0, ((1, 0), (0, 0)))
    insight = pdlib.tell(observations, pdlib.find_deviants(pdlib.expect(observations)))
    assert len(insight.bright)
    assert insight.costs == {}
    assert "Ask about this too" not in str(insight.whom_to_visit)
    assert not [limit for limit in insight.limits if "worse" in limit]


def test_the_short_ways_from_a_list(looked_at: Outcomes) -> None:
    deviants = looked_at.deviants
    assert deviants.balance() == looked_at.notes
    assert deviants.outcomes().table.equals(looked_at.table)
