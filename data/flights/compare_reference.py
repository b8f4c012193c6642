"""Compare lateness given the means with reference figures computed independently of this project.

Usage: ``python data/flights/compare_reference.py FOLDER``, where FOLDER holds ``nycflights_carriers.csv``
and ``nycflights_routes.csv``. Both say, for flights that left and whose weather is known, how many were more
than 15 minutes late (O) and how many a logistic model of airport, hour, season and weather expects (E).

Three expectations are set beside them: the same conditions flight by flight (penalised logistic); the
context columns of this study by route and month, predicting each team from the others only; and, as a
warning, the same with the trouble of *other airlines* in place of the trouble of *other teams*.
"""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
import pandas as pd
from make_flights import HERE, add_weather, all_flights, kept_teams
from scipy import sparse
from sklearn.compose import make_column_transformer
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GroupKFold
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder, PolynomialFeatures, SplineTransformer, StandardScaler

OVERDISPERSION = 11.0  # of late flights over binomial chance: flights of a day share its trouble
WIND_BINS = [-np.inf, 5, 10, 15, 20, np.inf]
DISTANCE_BINS = [-np.inf, 300, 600, 1000, 1500, 2200, np.inf]
NUMBERS = ["distance", "departure_hour", "evening_share", "weekend_share", "destination_difficulty"]
NUMBERS += ["foul_weather_share"]


def expected_by_flight() -> pd.DataFrame:
    """Late flights among those that left in known weather, and those expected from hour, season and weather.

    Returns
    -------
    DataFrame
        One row per flight: ``team``, ``carrier``, ``late`` (0 or 1), ``expected`` (a probability).
    """
    flights = add_weather(all_flights())
    flights = flights[~flights["cancelled"] & flights["rain"].notna() & flights["wind"].notna()]
    conditions = pd.DataFrame(
        {
            "hour": flights["origin"] + flights["hour"].astype(str),
            "month": flights["month"],
            "weekday": pd.to_datetime(flights[["year", "month", "day"]]).dt.day_of_week,
            "wind": np.digitize(flights["wind"], WIND_BINS),
            "rain": flights["rain"],
            "low_visibility": flights["low_visibility"],
            "distance": np.digitize(flights["distance"], DISTANCE_BINS),
        }
    )
    cells = conditions.assign(late=flights["late"]).groupby(list(conditions.columns))["late"].agg(["sum", "size"])
    encoder = OneHotEncoder()
    features = encoder.fit_transform(cells.index.to_frame())
    model = LogisticRegression(C=10.0, max_iter=1000)
    _fit_counts(model, features, cells["sum"].to_numpy(), cells["size"].to_numpy())
    probability = model.predict_proba(encoder.transform(conditions))[:, 1]
    return flights[["team", "carrier", "late"]].assign(expected=probability)


def _fit_counts(model: LogisticRegression, features: sparse.csr_matrix, events: np.ndarray, n: np.ndarray) -> None:
    """Fit to events of n by giving each row twice, once for the events and once for the others."""
    twice = sparse.vstack([features, features])
    truth = np.repeat([1, 0], len(events))
    model.fit(twice, truth, sample_weight=np.concatenate([events, n - events]))


def expected_by_context(trouble: str) -> pd.DataFrame:
    """Late flights per team, and those expected from this study's context by a model that has not seen it.

    Parameters
    ----------
    trouble : str
        Which column stands for the trouble others had.

    Returns
    -------
    DataFrame
        Indexed by route: ``O``, ``E``, ``n``.
    """
    months = pd.read_csv(HERE / "route_months.csv")
    table = months.merge(pd.read_csv(HERE / "routes.csv")[["route", "origin", "distance"]], on="route")
    table["distance"] = np.log(table["distance"])
    numbers = [*NUMBERS, trouble]
    bends = make_pipeline(StandardScaler(), SplineTransformer(5, extrapolation="linear"), StandardScaler())
    pairs = make_pipeline(StandardScaler(), PolynomialFeatures(2, interaction_only=True, include_bias=False))
    basis = make_column_transformer(
        (OneHotEncoder(), ["origin", "month"]), (bends, numbers), (pairs, numbers), sparse_threshold=1.0
    )
    expected = pd.Series(0.0, index=table.index)
    for seen, unseen in GroupKFold(10).split(table, groups=table["route"]):
        known = table.iloc[seen]
        model = LogisticRegression(C=0.02, max_iter=3000)
        features = sparse.csr_matrix(basis.fit_transform(known))
        late, departed = known["late"] / OVERDISPERSION, known["departed"] / OVERDISPERSION
        _fit_counts(model, features, late.to_numpy(), departed.to_numpy())
        share = model.predict_proba(sparse.csr_matrix(basis.transform(table.iloc[unseen])))[:, 1]
        expected.iloc[unseen] = share * table["departed"].iloc[unseen]
    routes = table.assign(E=expected).groupby("route")
    return routes.agg(O=("late", "sum"), E=("E", "sum"), n=("departed", "sum"))


def observed_over_expected(flights: pd.DataFrame, by: str) -> pd.DataFrame:
    """O, E and n of flights summed by team or carrier."""
    return flights.groupby(by).agg(O=("late", "sum"), E=("expected", "sum"), n=("late", "size"))


def compare(ours: pd.DataFrame, reference: pd.DataFrame, title: str, most: int = 8) -> None:
    """Print how O/E agree, and where they agree least."""
    here = ours[["n", "O", "E"]].assign(OE=ours["O"] / ours["E"])
    both = reference[["n", "O", "E", "OE"]].join(here.add_suffix("_here"), how="inner")
    ratio = np.log(both["OE_here"] / both["OE"])
    pearson = np.log(both["OE"]).corr(np.log(both["OE_here"]))
    spearman = both["OE"].corr(both["OE_here"], method="spearman")
    low, middle, high = np.exp(ratio.quantile([0.05, 0.5, 0.95]))
    print(f"\n{title}: {len(both)} compared of {len(reference)}")
    print(f"  correlation of log O/E {pearson:.3f}, of ranks {spearman:.3f}")
    print(f"  O/E here over reference: median {middle:.3f}, middle 90 % {low:.3f} to {high:.3f}")
    worst = both.loc[ratio.abs().sort_values(ascending=False).index[:most]]
    print(worst[["n", "n_here", "O", "O_here", "E", "E_here", "OE", "OE_here"]].round(3).to_string())


def leakage() -> None:
    """Print how the trouble of others goes with a team's own, at the same airport, hour and month.

    Where others meet more trouble a team should too (a slope between 0 and 1). A negative slope says that the
    column gives away the airline's own record: with everybody's total known from airport, hour and month, the
    trouble that the others did not have is its own.
    """
    months = pd.read_csv(HERE / "route_months.csv")
    table = months.merge(pd.read_csv(HERE / "routes.csv")[["route", "origin"]], on="route")
    share = table["late_or_cancelled"] / table["scheduled"]
    hour = SplineTransformer(6).fit_transform(table[["departure_hour"]])
    airport = pd.get_dummies(table["origin"], dtype=float).to_numpy()
    month = pd.get_dummies(table["month"] + table["origin"], dtype=float).to_numpy()
    airport_hour = (airport[:, :, None] * hour[:, None, :]).reshape(len(table), -1)
    same = np.column_stack([month, airport_hour, table["evening_share"]])
    root = np.sqrt(table["scheduled"].to_numpy())[:, None]
    print("\nSlope of a team's own trouble on others', at the same airport, hour and month")
    for column in ("day_hour_difficulty", "day_hour_difficulty_other_airlines"):
        features = np.column_stack([table[column], same])
        slope = np.linalg.lstsq(features * root, share.to_numpy() * root[:, 0], rcond=1e-9)[0][0]
        print(f"  {column}: {slope:+.2f}")


def main(folder: Path) -> None:
    """Print every comparison."""
    carriers = pd.read_csv(folder / "nycflights_carriers.csv").set_index("carrier")
    routes = pd.read_csv(folder / "nycflights_routes.csv").set_index("route")
    flights = expected_by_flight()
    print(f"{len(flights)} flights left in known weather; the carriers of the reference {carriers['n'].sum()}")
    compare(observed_over_expected(flights, "carrier"), carriers, "Carriers, flight by flight", most=16)
    compare(observed_over_expected(flights, "team"), routes, "Routes, flight by flight")
    for trouble in ("day_hour_difficulty", "day_hour_difficulty_other_airlines"):
        ours = expected_by_context(trouble)
        compare(ours, routes, f"Routes, from this study's context with {trouble}")
        airlines = ours.groupby(ours.index.str[:2]).sum()
        compare(airlines, carriers, f"Carriers, summed from those routes ({trouble})", most=16)
    leakage()
    kept = kept_teams(all_flights())
    print(f"\nIn the reference only: {', '.join(sorted(set(routes.index) - set(kept)))}")
    print(f"In this study only: {', '.join(sorted(set(kept) - set(routes.index)))}")


if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit("Give the folder that holds nycflights_carriers.csv and nycflights_routes.csv.")
    main(Path(sys.argv[1]))
