"""Who gives no answer: not answering, compared like a practice."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
from scipy.stats import t as student

from pdlib.practices.family import contrasted
from pdlib.show.wording import capitalised
from pdlib.stats.contrast import adjusted_contrasts
from pdlib.stats.family import benjamini_hochberg

if TYPE_CHECKING:
    from pdlib.practices.result import Practices

CLEARLY = 0.05
EVERYTHING = "the whole list"
COLUMNS = [
    "practice", "label", "n_units", "missing_share", "contrast", "contrast_lower", "contrast_upper", "p_value", "p_bh",
]  # fmt: skip


def unanswered(practices: Practices) -> pd.DataFrame:
    """Contrast units that answered with units that did not, and those that answered more of the list with less.

    Parameters
    ----------
    practices : Practices

    Returns
    -------
    DataFrame
        The whole list first; then each tested practice that enough units left without an answer.
    """
    tested, few = practices.tested, practices.observations.study.practices.may_be_few
    labels = practices.observations.codebook["label"]
    given = tested.values.notna().astype(float)
    some = [str(name) for name in given if few <= given[name].sum() <= len(given) - few]
    share = given.mean(axis=1)
    low, high = contrasted(share, binary=False)
    if not high > low:
        return pd.DataFrame(columns=COLUMNS)
    columns = np.column_stack([share, given[some]])
    contrasts = adjusted_contrasts(tested.response, tested.weights, tested.context, columns, tested.clusters)
    size = np.array([high - low, *np.ones(len(some))]) * practices.deviants.expected.slope_at_average
    half = contrasts.se * student.ppf(0.975, np.maximum(contrasts.spare, 1))
    return pd.DataFrame(
        {
            "practice": ["", *some], "label": [EVERYTHING, *labels[some]],
            "n_units": [len(given), *given[some].sum().astype(int)],
            "missing_share": 1 - np.array([share.mean(), *given[some].mean()]),
            "contrast": contrasts.estimate * size, "contrast_lower": (contrasts.estimate - half) * size,
            "contrast_upper": (contrasts.estimate + half) * size, "p_value": contrasts.p_value,
            "p_bh": benjamini_hochberg(contrasts.p_value),
        },
        columns=COLUMNS,
    )  # fmt: skip


def caveat(practices: Practices, table: pd.DataFrame) -> list[str]:
    """Whether those that answer more stand elsewhere than those that answer less; empty where nothing shows it."""
    if table.empty or not table["p_value"].iloc[0] <= CLEARLY:
        return []
    show, units = practices.deviants.expected.outcome.format, practices.observations.study.unit.plural
    row = table.iloc[0]
    between = show.more_range(row["contrast_lower"], row["contrast_upper"])
    who = f"{capitalised(units)} that answer more of the list show {show.more(row['contrast'])} ({between})"
    return [f"{who} than those that answer less; what is found speaks of {units} that answer."]
