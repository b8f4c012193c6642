"""What is measured: every measure is a numerator over a denominator per replicate, so that shares pool correctly."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import pandas as pd

Array = np.ndarray


class Record(NamedTuple):
    """One measure of one method in one replicate."""

    method: str
    measure: str
    numerator: float
    denominator: float = 1.0


def calibration_error(p: Array, truth: Array, bins: int = 10) -> float:
    """Mean distance of claimed from actual shares over equal bins of the claim (ECE)."""
    place = np.minimum((p * bins).astype(int), bins - 1)
    claimed, actual = np.bincount(place, p, bins), np.bincount(place, truth, bins)
    return float(np.abs(claimed - actual).sum() / len(p))


def top_precision(method: str, rank_by: Array, in_top: Array, size: int) -> Record:
    """Share of a method's top list that truly belongs there."""
    chosen = np.argsort(-rank_by, kind="stable")[:size]
    return Record(method, "precision", float(in_top[chosen].sum()), size)


def false_share(method: str, named: Array, in_top: Array) -> Record:
    """Share of the units named that do not belong there, pooled over replicates."""
    return Record(method, "false share", float((named & ~in_top).sum()), float(named.sum()))


def claim_gap(method: str, p: Array, in_top: Array) -> Record:
    """Claimed minus actual share among the units that are more likely in than not."""
    sure = p >= 0.5
    return Record(method, "claimed minus actual", float((p[sure] - in_top[sure]).sum()), float(sure.sum()))


def covered(method: str, effect: Array, sd: Array, truth: Array, reach: float = 1.6448536269514722) -> Record:
    """Share of intervals that hold the truth."""
    inside = np.abs(effect - truth) <= reach * sd
    return Record(method, "coverage", float(inside.sum()), float(len(inside)))


def summarise(records: pd.DataFrame) -> pd.DataFrame:
    """Pool replicates.

    Parameters
    ----------
    records : DataFrame
        ``study``, ``cell``, ``replicate``, ``method``, ``measure``, ``numerator``, ``denominator``.

    Returns
    -------
    DataFrame
        ``study``, ``cell``, ``method``, ``measure``, ``value`` (sum of numerators over sum of denominators), ``se``
        (linearised, replicates being the clusters), ``replicates``. For each method ``precision to oracle`` is added.
    """
    rows = []
    for key, group in records.groupby(["study", "cell", "method", "measure"], sort=False):
        rows.append([*key, *_ratio(group["numerator"].to_numpy(), group["denominator"].to_numpy()), len(group)])
    precision = records[records["measure"] == "precision"]
    for (study, cell), group in precision.groupby(["study", "cell"], sort=False):
        hits = group.pivot_table(index="replicate", columns="method", values="numerator", sort=False)
        for method in hits.columns.drop("oracle"):
            both = hits[[method, "oracle"]].dropna()
            ratio = _ratio(both[method].to_numpy(), both["oracle"].to_numpy())
            rows.append([study, cell, method, "precision to oracle", *ratio, len(both)])
    return pd.DataFrame(rows, columns=["study", "cell", "method", "measure", "value", "se", "replicates"])


def _ratio(numerator: Array, denominator: Array) -> tuple[float, float]:
    total, count = float(denominator.sum()), len(numerator)
    if total == 0:
        return float("nan"), float("nan")
    value = float(numerator.sum()) / total
    left = numerator - value * denominator
    return value, float(np.sqrt((left**2).sum() * count / max(count - 1, 1))) / total
