"""What a few steps in the context leave of a practice, where smooth bends would seem to leave more."""

from __future__ import annotations

import numpy as np

Array = np.ndarray
CUTS_DEEP, FEWEST = 2, 5  # one cut and one more on either side; units on each side of a cut


def left_by_steps(values: Array, conditions: Array) -> float:
    """Share of a practice's variance that two cuts in a row, in one condition or in two, leave.

    Close to 0 where "above a bar", "between two bars", or "above one bar and another" says who does it. What follows
    more than two cuts is not seen.

    Parameters
    ----------
    values : (N,) array
        NaN where a unit gave no answer.
    conditions : (N, C) array
        Numeric conditions, and 0 or 1 for each level of a category.

    Returns
    -------
    float
        1 where there is nothing to cut.
    """
    from sklearn.tree import DecisionTreeRegressor

    there = np.isfinite(values)
    x, spread = values[there], float(np.var(values[there])) if there.any() else 0.0
    if len(x) < 2 * FEWEST or not conditions.shape[1] or spread == 0:
        return 1.0
    tree = DecisionTreeRegressor(max_depth=CUTS_DEEP, min_samples_leaf=FEWEST, random_state=0)
    left = x - tree.fit(conditions[there], x).predict(conditions[there])
    return float(np.mean(left**2) / spread)
