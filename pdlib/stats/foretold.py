"""How well one thing is foretold by others, judged on units that the fit has not seen."""

from __future__ import annotations

import numpy as np

Array = np.ndarray
PENALTIES = np.geomspace(1e-4, 1e2, 13)


def foretold_share(features: Array, response: Array) -> float:
    """Cross-fitted R²: share of the response's variance that features foretell for units left out of the fit.

    Ridge regression with leave-one-out residuals e/(1 − h); of 13 penalties the one that foretells best, so that
    features that say nothing reach about 0 and not their number over the number of units.

    Parameters
    ----------
    features : (N, Q) array
        Without a constant; NaN is not allowed.
    response : (N,) array
        Units without an answer (NaN) are left out.

    Returns
    -------
    float
        Between 0 and 1; NaN with fewer than 10 answers or where all answers are equal.

    References
    ----------
    Allen (1974), doi:10.1080/00401706.1974.10489157, for prediction sums of squares.
    """
    known = np.isfinite(response)
    count = int(known.sum())
    if count < 10 or np.ptp(response[known]) == 0:
        return float("nan")
    y = response[known] - response[known].mean()
    x = features[known] - features[known].mean(axis=0)
    spread = x.std(axis=0)
    left, size, _ = np.linalg.svd(x[:, spread > 1e-9] / spread[spread > 1e-9], full_matrices=False)
    left, size = left[:, size > 1e-8 * size.max(initial=1.0)], size[size > 1e-8 * size.max(initial=1.0)]
    along, squared = left.T @ y, left**2
    alone = float(((y / (1 - 1 / count)) ** 2).sum())
    best = alone
    for penalty in PENALTIES:
        keep = size**2 / (size**2 + penalty * count)
        leverage = np.minimum(1 / count + squared @ keep, 1 - 1e-6)
        best = min(best, float((((y - left @ (keep * along)) / (1 - leverage)) ** 2).sum()))
    return 1.0 - best / alone
