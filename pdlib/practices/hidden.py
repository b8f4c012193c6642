"""How strong a condition that nobody declared would have to be to explain a contrast away."""

from __future__ import annotations

import numpy as np
import pandas as pd

from pdlib.practices.tested import Tested
from pdlib.stats.contrast import orthonormal
from pdlib.stats.sensitivity import Benchmark, robustness_value, times_as_strong

COLUMNS = ["robustness", "robustness_lower", "times_as_strong", "yardstick"]


def robustness(tested: Tested, names: list[str]) -> pd.DataFrame:
    """Robustness values, and the declared condition that a hidden one is measured by.

    Parameters
    ----------
    tested : Tested
    names : list of str
        What the conditions are called, in the order of the features' owners.

    Returns
    -------
    DataFrame
        Indexed by practice: ``robustness`` (share of what is left of outcome and practice that a hidden condition would
        have to explain, of both alike, to bring the contrast to zero), ``robustness_lower`` (to bring its 95 % range
        there), ``times_as_strong`` (as the declared condition that would explain most if there were another like it),
        ``yardstick`` (that condition).
    """
    contrasts = tested.contrasts
    t, spare = contrasts.usual_t, np.maximum(contrasts.spare, 2)
    least_times, yardstick = np.full(len(t), np.nan), np.full(len(t), "", dtype=object)
    root = contrasts.freed.root[:, None]
    practices = tested.values.to_numpy(dtype=float)
    middle = np.nanmean(practices, axis=0) if practices.size else np.zeros(practices.shape[1])
    both = np.column_stack([tested.response, np.where(np.isfinite(practices), practices, middle)]) * root
    context = tested.context * root
    least = _left(context, both)
    for c, name in enumerate(names):
        others = np.array([owners != (c,) for owners in tested.owners])
        for k, benchmark in enumerate(_benchmarks(_left(context[:, others], both), least)):
            times = times_as_strong(float(t[k]), float(spare[k]), benchmark) if np.isfinite(t[k]) else np.nan
            if np.isfinite(times) and not times >= least_times[k]:
                least_times[k], yardstick[k] = times, name
    columns = {
        "robustness": robustness_value(t, spare), "robustness_lower": robustness_value(t, spare, level=0.05),
        "times_as_strong": least_times, "yardstick": yardstick,
    }  # fmt: skip
    return pd.DataFrame(columns, index=tested.values.columns)


def _left(context: np.ndarray, both: np.ndarray) -> np.ndarray:
    basis = orthonormal(context)
    return both - basis @ (basis.T @ both)


def _benchmarks(without: np.ndarray, least: np.ndarray) -> list[Benchmark]:
    """Partial R² of a condition with each practice, and with the response given the practice."""
    squares, squares_all = (without**2).sum(axis=0), (least**2).sum(axis=0)
    with np.errstate(divide="ignore", invalid="ignore"):
        with_practice = 1 - squares_all[1:] / squares[1:]
        y, y_all = (
            part[0] - (left[:, 0] @ left[:, 1:]) ** 2 / part[1:]
            for part, left in ((squares, without), (squares_all, least))
        )
        with_response = 1 - y_all / y
    return [
        Benchmark(max(float(np.nan_to_num(p)), 0.0), max(float(np.nan_to_num(r)), 0.0))
        for p, r in zip(with_practice, with_response, strict=True)
    ]
