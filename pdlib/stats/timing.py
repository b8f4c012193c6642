"""Which came first: whether a unit rises after it takes a practice up, or was high before."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from pdlib.stats.panel import two_way_residuals
from pdlib.stats.refit import Stack

Array = np.ndarray


@dataclass(frozen=True)
class Change:
    """A change tied to taking a practice up.

    Attributes
    ----------
    estimate, se : float
        On the response's scale, per unit of the practice; NaN if nobody changed.
    units : int
        Units that changed what they do.
    """

    estimate: float
    se: float
    units: int


NOTHING = Change(float("nan"), float("nan"), 0)


def within_unit_change(z: Array, weights: Array, doing: Array) -> Change:
    """Change within units: the outcome on the practice, unit and period effects removed, clustered by unit.

    Parameters
    ----------
    z : (N, P) array
        Outcome on its working scale.
    weights : (N, P) array
        Precision of each cell, 0 where nothing was observed.
    doing : (N, P) array
        What each unit does in each period; NaN where it is not known.

    Returns
    -------
    Change

    References
    ----------
    Arellano (1987), doi:10.1111/j.1468-0084.1987.mp49004006.x, for the clustered variance.
    """
    known = np.isfinite(doing) & (weights > 0)
    changed = int(changers(doing, weights).sum())
    kept = known.any(axis=1)
    if changed < 2:
        return NOTHING
    w = np.where(known, weights, 0.0)[kept]
    x = two_way_residuals(np.where(known, doing, 0.0)[kept], w)
    y = two_way_residuals(np.where(known, z, 0.0)[kept], w)
    size = float((w * x**2).sum())
    if size <= 1e-12:
        return NOTHING
    estimate = float((w * x * y).sum()) / size
    pull = (w * x * (y - estimate * x)).sum(axis=1) / size
    return Change(estimate, float(np.sqrt((pull**2).sum() * len(pull) / (len(pull) - 1))), changed)


def changers(doing: Array, weights: Array) -> Array:
    """(N,) whether what a unit does changed between periods in which its outcome is known."""
    known = np.isfinite(doing) & (weights > 0)
    low = np.min(np.where(known, doing, np.inf), axis=1)
    high = np.max(np.where(known, doing, -np.inf), axis=1)
    return np.asarray(high > low)


def within_units(z: Array, weights: Array, doing: list[Array]) -> Stack:
    """Outcome and several practices within units, unit and period effects removed, one row a cell.

    Parameters
    ----------
    z, weights : (N, P) arrays
        As in `within_unit_change`.
    doing : list of (N, P) arrays
        NaN where it is not known; such a cell says nothing of that practice.

    Returns
    -------
    Stack
    """
    seen = weights > 0
    rows = seen.any(axis=1)
    root = np.sqrt(weights[rows])
    y = root * two_way_residuals(np.where(seen, z, 0.0)[rows], weights[rows])
    columns = []
    for each in doing:
        known = np.isfinite(each) & seen
        some = known.any(axis=1)
        column = np.zeros(z.shape)
        w = np.where(known, weights, 0.0)[some]
        column[some] = np.sqrt(w) * two_way_residuals(np.where(known, each, 0.0)[some], w)
        columns.append(column[rows][seen[rows]])
    unit = np.nonzero(seen)[0]
    spent = int(rows.sum()) + z.shape[1] - 1
    x = np.column_stack([*columns, np.empty((len(unit), 0))])
    return Stack(y[seen[rows]], x, unit, spent, int(rows.sum()) - 1)


def adoption_contrast(z: Array, weights: Array, doing: Array) -> Change:
    """Adopters after against before, beside units that do not do it yet in the same periods.

    Each group of adopters (same last period without, same first period with) is compared, period by period, with the
    units not doing it by then; both from their own mean before the group's adoption, its last period left out, since
    units often adopt after a good or a bad month. Units weigh by the precision of their change, groups and
    periods by the adopters behind them.

    Parameters
    ----------
    z, weights, doing : (N, P) arrays
        As in `within_unit_change`; ``doing`` is 0, 1 or NaN.

    Returns
    -------
    Change
        Standard error from the units' influences.

    References
    ----------
    Callaway & Sant'Anna (2021), doi:10.1016/j.jeconom.2020.12.001.
    """
    seen = weights > 0
    group = _adopters(doing)
    pull, gain, total = np.zeros(len(z)), 0.0, 0.0
    for last, first in sorted({(last, first) for last, first in group[group[:, 0] >= 0]}):
        base = np.where(seen, weights, 0.0)[:, : max(last, 1)]
        precision = base.sum(axis=1)
        ready = precision > 0
        level = (base * z[:, : max(last, 1)]).sum(axis=1) / np.where(ready, precision, 1.0)
        members = (group == (last, first)).all(axis=1) & ready
        without = ~(doing[:, : last + 1] > 0).any(axis=1) & ready
        for period in range(first, z.shape[1]):
            treated, control = members & seen[:, period], without & seen[:, period] & (doing[:, period] == 0)
            if not treated.any() or control.sum() < 2:
                continue
            step = z[:, period] - level
            share = np.zeros(len(z))
            share[treated | control] = 1 / (1 / weights[treated | control, period] + 1 / precision[treated | control])
            number = float(share[treated].sum())
            for side, sign in ((treated, 1.0), (control, -1.0)):
                mean = np.average(step[side], weights=share[side])
                gain += sign * number * mean
                pull[side] += sign * number * share[side] / share[side].sum() * (step[side] - mean)
            total += number
    adopters = int((group[:, 0] >= 0).sum())
    if total == 0 or adopters < 2:
        return NOTHING
    return Change(gain / total, float(np.sqrt((pull**2).sum())) / total, adopters)


def _adopters(doing: Array) -> Array:
    """(N, 2) last period known without and first known with, for units that took it up once for good; else −1."""
    known = np.isfinite(doing)
    periods = np.arange(doing.shape[1])
    last_without = np.where(known & (doing == 0), periods, -1).max(axis=1)
    first_with = np.where(known & (doing == 1), periods, doing.shape[1]).min(axis=1)
    once = (last_without >= 0) & (first_with < doing.shape[1]) & (last_without < first_with)
    return np.where(once[:, None], np.stack([last_without, first_with], axis=1), -1)


@dataclass(frozen=True, eq=False)
class Course:
    """Adopters around their adoption, beside units that do not do it yet.

    Attributes
    ----------
    since : (T,) int array
        Periods since the first with the practice; negative before.
    units : (T,) int array
        Adopters seen there.
    estimate, se : (T,) arrays
        Against the comparison units of the same period; the mean before adoption is taken out.
    """

    since: Array
    units: Array
    estimate: Array
    se: Array


def adoption_course(z: Array, weights: Array, doing: Array) -> Course:
    """Follow adopters from period to period before and after adoption.

    Parameters
    ----------
    z, weights, doing : (N, P) arrays
        As in `adoption_contrast`.

    Returns
    -------
    Course
        Empty if nobody took it up. The last period before adoption is shown and, as in `adoption_contrast`, does not
        count among those that the mean before is taken over.

    References
    ----------
    Sun & Abraham (2021), doi:10.1016/j.jeconom.2020.09.006, for event times by group of adopters.
    """
    seen, group = weights > 0, _adopters(doing)
    parts: dict[int, list[tuple[float, float, float]]] = {}
    for last, first in sorted({(last, first) for last, first in group[group[:, 0] >= 0]}):
        base = np.where(seen, weights, 0.0)[:, : max(last, 1)]
        precision = base.sum(axis=1)
        ready = precision > 0
        level = (base * z[:, : max(last, 1)]).sum(axis=1) / np.where(ready, precision, 1.0)
        members = (group == (last, first)).all(axis=1) & ready
        without = ~(doing[:, : last + 1] > 0).any(axis=1) & ready & ~members
        for period in (p for p in range(z.shape[1]) if not last < p < first):
            treated, control = members & seen[:, period], without & seen[:, period] & ~(doing[:, period] > 0)
            if not treated.any() or control.sum() < 2:
                continue
            step, share = z[:, period] - level, weights[:, period]
            means = [np.average(step[side], weights=share[side]) for side in (treated, control)]
            spread = [
                float((share[side] ** 2 * (step[side] - mean) ** 2).sum() / share[side].sum() ** 2)
                for side, mean in zip((treated, control), means, strict=True)
            ]
            many = int(treated.sum())
            own = spread[0] if many > 1 else float(np.var(step[control]))
            when = period - first if period >= first else period - last - 1
            parts.setdefault(when, []).append((many, means[0] - means[1], own + spread[1]))
    since = np.array(sorted(parts), dtype=int)
    units = np.array([sum(many for many, _, _ in parts[t]) for t in since], dtype=int)
    estimate = np.array([sum(m * e for m, e, _ in parts[t]) for t in since]) / np.maximum(units, 1)
    variance = np.array([sum(m**2 * v for m, _, v in parts[t]) for t in since]) / np.maximum(units, 1) ** 2
    return Course(since, units, estimate, np.sqrt(variance))
