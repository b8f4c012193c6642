"""What goes wrong when practices are compared: those pitfalls of tests/PITFALLS.md that have no other home."""

import numpy as np
import pandas as pd
import pytest

from pdlib.deviants import find_deviants
from pdlib.errors import StudyError
from pdlib.expected import expect
from pdlib.observations import read
from pdlib.practices import Practices, compare_practices
from pdlib.simulate import simulate_practices, simulate_teams
from pdlib.study import Study
from tests.practices import world


def test_who_counts_as_deviant_changes_no_test() -> None:
    few, many = (world.compared(world.observed({"top": top})).table.set_index("practice") for top in (0.05, 0.30))
    columns = ["grade", "raw_contrast", "p_romano_wolf", "p_bh", "change", "timing"]
    assert few[columns].equals(many.loc[few.index, columns])
    assert not few["prevalence_deviants"].equals(many.loc[few.index, "prevalence_deviants"])


def compared(simulated, **entries) -> Practices:
    tables = simulated.tables()
    observations = read(Study(**simulated.study() | entries), tables)
    return compare_practices(observations, find_deviants(expect(observations, challenger=None)), draws=400)


def test_sizes_are_not_shrunken_where_units_are_noisy() -> None:
    simulated = simulate_practices(1500, 40, item_sd=7.0, missing_share=0.0, seed=3)
    practices = compared(simulated)
    assert practices.deviants.expected.reliability < 0.5
    rows = practices.table.merge(simulated.truth, on="practice").query("role == 'true'")
    spread = simulated.practices[rows["practice"]].std(ddof=0).to_numpy()
    size = rows["size"] / spread * (rows["high"] - rows["low"])
    assert rows["raw_contrast"].sum() / size.sum() == pytest.approx(1.0, abs=0.2)


def test_sizes_of_low_rates_are_not_those_of_the_median_unit() -> None:
    rng = np.random.default_rng(3)
    units, done = [f"u{k:03d}" for k in range(400)], (rng.random(400) < 0.4).astype(float)
    level = -2.5 + 0.4 * done + 0.8 * rng.standard_normal(400)
    events = rng.poisson(2000 * np.exp(level)[:, None], (400, 3))
    panel = pd.DataFrame({"u": np.repeat(units, 3), "t": [1, 2, 3] * 400, "events": events.ravel(), "days": 2000})
    outcome = {"name": "y", "kind": "rate", "events": "events", "exposure": "days", "better": "higher"}
    tables = {"observations": panel, "practices": pd.DataFrame({"u": units, "p": done})}
    observations = read(Study(unit="u", period="t", outcome=outcome), tables)
    expected = expect(observations, challenger=None)
    practices = compare_practices(observations, find_deviants(expected), draws=100)
    working = practices.tested.contrasts.estimate[0]
    truth = np.mean(np.exp(level + working * (1 - done)) - np.exp(level - working * done))
    assert practices.row("p")["raw_contrast"] == pytest.approx(truth, rel=0.07)


def test_units_of_one_district_do_not_count_as_many() -> None:
    simulated = simulate_teams(400, n_districts=24, district_sd=0.5, null=True, hidden_sd=0.0, seed=4)
    district = simulated.units["district"]
    tables, rng = simulated.tables(), np.random.default_rng(2)
    names = simulated.codebook.query("kind == 'binary'")["practice"].iloc[:12]
    own = {name: rng.permutation(np.arange(24) % 2).astype(float)[district.str[1:].astype(int)] for name in names}
    tables["practices"] = tables["practices"].assign(**own)
    found = {}
    for nested, unit in ((True, {"column": "unit", "nested_in": "district"}), (False, "unit")):
        observations = read(Study(**simulated.study() | {"unit": unit}), tables)
        practices = compare_practices(observations, find_deviants(expect(observations, challenger=None)), draws=400)
        found[nested] = practices.table.set_index("practice").loc[names, "p_value"].lt(0.05).sum()
    assert found[True] <= 2
    assert found[False] >= 6


def test_a_practice_that_is_a_step_of_the_context_cannot_be_tested() -> None:
    tables = world.tables(effects=0.0)
    facts = tables["units"].set_index("unit")
    steps = pd.DataFrame({"plant": facts["x1"] > 0.4, "score": (facts["x1"] > 0) & (facts["x2"] > -0.3)}).astype(float)
    own = steps.reindex(tables["practices"]["unit"]).set_axis(tables["practices"].index)
    gain = 0.5 * steps.sum(axis=1).reindex(tables["observations"]["unit"]).to_numpy()
    more = {"observations": tables["observations"].assign(value=tables["observations"]["value"] + gain)}
    more["practices"] = tables["practices"].assign(**own)
    table = world.compared(world.observed(extra={**tables, **more}), draws=200).table.set_index("practice")
    assert set(table.loc[["plant", "score"], "reason"]) == {"the context settles who does it"}
    assert table.drop(index=["plant", "score"])["reason"].ne("the context settles who does it").all()


@pytest.mark.parametrize(
    ("group", "said"),
    [
        (lambda k: np.where(k < 2, None, (k % 12).astype(str)), "Two shops have no owner: each counts as a group"),
        (lambda k: np.full(len(k), "Ana"), "All shops have the same owner: they count as independent."),
        (lambda k: np.where(k % 2, "Ana", "Ben"), "Two groups of shops (owner) are too few for any practice"),
    ],
)
def test_groups_that_cannot_tell(group, said: str) -> None:
    units = world.tables(n_units=120)["units"]
    units["owner"] = group(np.arange(120))
    study = {"unit": {"column": "unit", "nested_in": "owner", "singular": "shop", "plural": "shops"}}
    practices = world.compared(world.observed(study, {"units": units}, n_units=120), draws=200)
    assert any(note.startswith(said) for note in practices.caveats), practices.caveats
    known = practices.table["p_value"].dropna()
    assert len(known) >= 8
    assert known.min() >= (0.5 if said.startswith("Two groups") else 0)
    assert practices.promising.empty == said.startswith("Two groups")


def test_waves_that_are_no_periods_are_told() -> None:
    tables = world.tables(n_units=80)
    named = tables["practices"].assign(wave=tables["practices"]["wave"].str.replace("P", "W"))
    caveats = world.compared(world.observed(extra={"practices": named}, n_units=80), draws=50).caveats
    said = "Waves 'W1', 'W3' and 'W5' and others of practices are none of the periods of the outcome (such as 'P01')"
    assert any(note.startswith(said) for note in caveats)
    plain = world.compared(world.observed(n_units=80), draws=50)
    assert not any("none of the periods" in note for note in plain.caveats)
    others = world.tables(n_units=80)
    strange = {name: frame.assign(unit="V" + frame["unit"]) for name, frame in others.items() if "unit" in frame}
    with pytest.raises(StudyError, match="None of the shops whose practices are given is among those"):
        compare_practices(world.observed(extra=strange, n_units=80), plain.deviants)


def test_it_is_said_where_the_same_people_speak_of_both() -> None:
    asked = world.CODEBOOK.assign(measured_by=np.where(world.CODEBOOK["practice"].eq("plant"), "survey", "audit"))
    outcome = {"name": "mood", "kind": "mean", "value": "value", "n": "n", "sd": "sd", "source": "employees"}
    said = "One practice (“A plant at the door”) and the outcome come from the same people"
    for source, expected in (("employees", True), ("customers", False)):
        study = {"outcome": outcome | {"source": source}}
        caveats = world.compared(world.observed(study, {"codebook": asked})).caveats
        assert any(note.startswith(said) for note in caveats) is expected
