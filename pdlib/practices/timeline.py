"""Adopters before and after they took a practice up."""

from __future__ import annotations

import pandas as pd

from pdlib.practices.timing import CREDIBLY, Waves
from pdlib.stats.timing import adoption_course

FEWEST = 3


def since_adoption(waves: Waves, practice: str) -> pd.DataFrame:
    """One row per period counted from adoption, where at least three adopters were seen.

    Parameters
    ----------
    waves : Waves
    practice : str
        Name.

    Returns
    -------
    DataFrame
        ``since``, ``n_units``, ``excess`` with 90 % bounds; empty without waves or adopters.
    """
    columns = ["since", "n_units", "excess", "excess_lower", "excess_upper"]
    if not waves.tell:
        return pd.DataFrame(columns=columns)
    z, weights = waves.cells
    course = adoption_course(z, weights, waves.doing(practice))
    slope = waves.expected.slope_at_average
    half = CREDIBLY * course.se
    table = pd.DataFrame(
        {
            "since": course.since, "n_units": course.units, "excess": course.estimate * slope,
            "excess_lower": (course.estimate - half) * slope, "excess_upper": (course.estimate + half) * slope,
        }
    )  # fmt: skip
    return table[table["n_units"] >= FEWEST].reset_index(drop=True)
