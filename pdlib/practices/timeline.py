"""Adopters before and after they took a practice up."""

from __future__ import annotations

import pandas as pd

from pdlib.practices.timing import Waves, bounds
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
    course = adoption_course(*waves.cells, waves.doing(practice), waves.groups)
    slope = waves.expected.slope_at_average
    rows = [[since, each.units, *bounds(each, slope)] for since, each in course.items() if each.units >= FEWEST]
    return pd.DataFrame(rows, columns=columns)
