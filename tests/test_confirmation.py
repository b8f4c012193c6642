"""Confirmed is only what held on data that were not used to find it."""

from dataclasses import replace

import pytest

import pdlib
from pdlib.errors import StudyError
from tests.practices import world


def found_and_held(more: dict, **arguments):
    observations = world.observed(more, **arguments)
    practices = world.compared(observations)
    return practices, pdlib.confirm(observations, practices)


@pytest.fixture(scope="module")
def on_units():
    return found_and_held({"confirm": {"units": "kept"}}, n_units=500)


def test_units_kept_back_are_not_looked_at_and_then_confirm(on_units) -> None:
    practices, held = on_units
    kept = practices.observations.units["kept_back"]
    assert 150 < kept.sum() < 250
    assert not set(practices.tested.units) & set(kept.index[kept])
    assert any("kept back" in caveat for caveat in practices.caveats)
    assert held.on == "units"
    table = held.table.set_index("practice")
    assert {"hello", "complaint", "hours"} <= set(table.index[table["verdict"] == "confirmed"])
    assert (table["n_units"] == int(kept.sum())).all()
    assert held.finding.startswith(f"Of {len(table)} candidates ")
    assert "first" in held.caveats[0]


def test_periods_kept_back_change_no_contrast_and_later_changes_confirm() -> None:
    more = {"confirm": {"periods_from": "P5"}}
    practices, held = found_and_held(more, n_units=500)
    assert practices.waves.used.waves == ["P01", "P03"]
    tables = world.tables(n_units=500)
    late = tables["observations"]["period"].isin(["P5", "P6", "P7", "P8"])
    other = tables["observations"].assign(value=tables["observations"]["value"].where(~late, 6.0))
    blind = world.compared(world.observed(more, {**tables, "observations": other}))
    same = [name for name in practices.table if name.startswith("raw_")]
    assert (
        practices.table.set_index("practice")[same].sub(blind.table.set_index("practice")[same]).abs().max(axis=None)
        < 0.05
    )
    assert held.on == "periods"
    table = held.table.set_index("practice")
    assert {"hello", "complaint"} <= set(table.index)
    assert set(table.loc[table["n_units"] < 10, "verdict"]) <= {"too little to tell"}
    assert "confirmed" in set(table["verdict"])
    assert (table["n_units"] < 250).all()


def test_adoptions_kept_back_tell_what_brings_from_what_follows() -> None:
    practices, _ = found_and_held({"confirm": {"adoptions_from": "P5"}}, n_units=500)
    held = pdlib.confirm(practices.observations, practices, candidates=["huddle", "wall", "plant", "Kiosk with Sam"])
    assert held.on == "adoptions"
    verdicts = held.table.set_index("practice")["verdict"]
    assert verdicts["huddle"] == "confirmed"
    assert verdicts["wall"] == "not confirmed"
    assert verdicts["plant"] != "confirmed"
    assert verdicts["sam"] == "too little to tell"
    assert (held.table.dropna(subset="p_holm")["p_holm"] >= held.table.dropna(subset="p_holm")["p_value"]).all()


def test_nothing_is_confirmed_where_nothing_matters() -> None:
    confirmed = 0
    for seed in (21, 22, 23):
        observations = world.observed({"confirm": {"adoptions_from": "P5"}}, seed=seed, effects=0.0)
        practices = world.compared(observations)
        confirmed += len(
            pdlib.confirm(observations, practices, ["huddle", "hello", "complaint", "plant", "score"]).confirmed
        )
    assert confirmed <= 1


def test_data_that_were_used_already_are_refused() -> None:
    practices = world.practices()
    with pytest.raises(StudyError) as caught:
        pdlib.confirm(practices.observations, practices)
    assert str(caught.value) == (
        "All 300 shops and every wave (P03, P05, P07) were used to find the candidates; 0 other shops are left and "
        "30 are needed. Keep something back before comparing ([confirm] units, periods_from or adoptions_from), or "
        "come back with later observations."
    )


def test_later_observations_confirm_what_was_found_earlier() -> None:
    tables = world.tables(n_units=500)
    early = tables["observations"]["period"].isin(["P1", "P2", "P3", "P4"])
    before = {
        **tables,
        "observations": tables["observations"][early],
        "practices": tables["practices"][tables["practices"]["wave"].isin(["P1", "P3"])],
    }
    practices = world.compared(world.observed(extra=before))
    held = pdlib.confirm(world.observed(extra=tables), practices, ["huddle", "wall"])
    assert held.on == "periods"
    assert held.table.set_index("practice")["verdict"].to_dict() == {"huddle": "confirmed", "wall": "not confirmed"}


def test_other_units_later_on_confirm_too() -> None:
    practices = world.practices()
    held = pdlib.confirm(renamed(world.observed(seed=77)), practices)
    assert held.on == "units"
    assert {"hello", "complaint"} <= set(held.confirmed["practice"])


def renamed(observations):
    """The same observations, units of another chain."""
    new = {unit: f"V{unit}" for unit in observations.units.index}
    swap = {
        "panel": observations.panel.assign(unit=observations.panel["unit"].map(new)),
        "practices": observations.practices.assign(unit=observations.practices["unit"].map(new)),
        "units": observations.units.rename(index=new),
    }
    return replace(observations, **swap)


def test_the_result_keeps_the_house_shape(on_units) -> None:
    _, held = on_units
    frame = held.table
    frame.loc[:, "verdict"] = "overwritten"
    assert not held.table["verdict"].eq("overwritten").any()
    assert held.settings["on"] == "units"
    assert held.plot().figure.texts[0].get_text().startswith("Of ")
    assert held.finding in held._repr_html_().replace("&#39;", "'")
    assert all(says.endswith(".") for says in held.table["says"])


def test_no_candidate_is_no_error() -> None:
    observations = world.observed({"confirm": {"units": "kept"}}, effects=0.0, seed=31)
    practices = world.compared(observations)
    held = pdlib.confirm(observations, practices, candidates=[])
    assert held.table.empty
    assert held.finding == "There is no candidate to hold against units that were kept back."


@pytest.mark.parametrize(
    ("entry", "message"),
    [
        ({}, "confirm: give one of units, periods_from and adoptions_from; found none"),
        ({"units": "kept", "periods_from": "P5"}, "found units and periods_from"),
        ({"unit": "kept"}, r"confirm.unit is not a key of a study \(did you mean 'units'\?\)"),
    ],
)
def test_a_split_is_declared_in_one_way(entry: dict, message: str) -> None:
    with pytest.raises(StudyError, match=message):
        world.study(confirm=entry)


def test_all_kept_back_is_refused() -> None:
    with pytest.raises(StudyError, match=r"\[confirm\] keeps back all there is to compare"):
        world.compared(world.observed({"confirm": {"periods_from": "P1"}}))


def test_kept_back_is_a_yes_or_no() -> None:
    units = world.tables()["units"]
    units.loc[3, "kept"] = "perhaps"
    with pytest.raises(pdlib.DataError, match="neither a number nor yes or no in 1 row"):
        world.observed({"confirm": {"units": "kept"}}, {"units": units})


@pytest.mark.parametrize("key", ["periods_from", "adoptions_from"])
def test_a_start_that_is_no_period_is_told(key: str) -> None:
    said = (
        rf"the study, column confirm.{key}: 'P09' is none of the periods \(did you mean 'P08'\?\). "
        "Name the first that is kept back, of P01, P02 … P08."
    )
    with pytest.raises(pdlib.DataError, match=said):
        world.observed({"confirm": {key: "P09"}}, n_units=40)


def test_a_start_without_outcomes_keeps_back_what_comes_later() -> None:
    tables = world.tables(n_units=100)
    observations = world.observed({"confirm": {"periods_from": "P5"}}, n_units=100)
    assert tables["observations"]["period"].nunique() == len(observations.periods)
    others = [period for period in observations.periods if period != "P05"]
    practices = world.compared(observations.during(others), draws=100)
    assert practices.waves.used.periods.tolist() == [True] * 4 + [False] * 4  # the gap among them
    assert any("kept back" in caveat for caveat in practices.caveats)
    early = world.compared(observations.during(others[:4]), draws=100)
    assert not any("kept back" in caveat for caveat in early.caveats)


def test_units_kept_back_may_stand_in_the_observations() -> None:
    tables = world.tables(n_units=100)
    kept = tables["units"].set_index("unit")["kept"]
    del tables["units"]["kept"]
    panel = tables["observations"].assign(kept=tables["observations"]["unit"].map(kept))
    more = {"confirm": {"units": "kept"}}
    practices = world.compared(world.observed(more, {**tables, "observations": panel}), draws=100)
    assert sorted(practices.tested.units) == sorted(kept.index[kept.eq("no")])
    panel.loc[1, "kept"] = "no" if panel.loc[0, "kept"] == "yes" else "yes"
    with pytest.raises(pdlib.DataError, match=r"column kept: not what the unit's first row says .* in 1 row"):
        world.observed(more, {**tables, "observations": panel})
    with pytest.raises(pdlib.DataError, match=r"confirm\.units names 'kpt', which is in no table"):
        world.observed({"confirm": {"units": "kpt"}}, {**tables, "observations": panel})
    with pytest.raises(pdlib.DataError, match="no unit is kept back: 'kept' says yes of none"):
        world.observed(more, {**tables, "observations": panel.assign(kept="no")})


def test_a_split_can_be_declared_on_top_of_a_study() -> None:
    plain = world.study()
    split = plain.keeping_back(adoptions_from="P5")
    assert plain.confirm is None
    assert split.confirm is not None
    assert split.confirm.start == "P5"
    assert split.model_copy(update={"confirm": None}) == plain
    with pytest.raises(StudyError, match="found units and periods_from"):
        plain.keeping_back(units="kept", periods_from="P5")
