"""Which came first: whether a unit rises after it takes a practice up, or was high before."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from scipy.stats import t as student

from pdlib.stats.contrast import summed
from pdlib.stats.panel import two_way_residuals
from pdlib.stats.refit import Stack

Array = np.ndarray
FEWEST_GROUPS = 6  # in which units changed; of fewer no spread can be told
ALONE = 0.99  # share of a contrast that one group may carry


@dataclass(frozen=True)
class Change:
    """A change tied to taking a practice up.

    Attributes
    ----------
    estimate, se : float
        On the response's scale, per unit of the practice; NaN if nobody changed, or too few groups did to tell.
    units : int
        Units that changed what they do.
    spare : float
        Degrees of freedom: as many units, or groups of units, as carry the estimate, less one.
    """

    estimate: float
    se: float
    units: int
    spare: float = np.inf

    @property
    def reach(self) -> float:
        """How far the 90 % range goes to either side."""
        return float(student.ppf(0.95, self.spare)) * self.se

    @property
    def p_value(self) -> float:
        """One-sided, of a change above zero."""
        return float(student.sf(self.estimate / self.se, self.spare)) if self.se > 0 else float("nan")


NOTHING = Change(float("nan"), float("nan"), 0)


def within_unit_change(
    z: Array, weights: Array, doing: Array, groups: Array | None = None, beside: Sequence[Array] = ()
) -> Change:
    """Change within units: the outcome on the practice, unit and period effects removed, clustered by unit or group.

    Parameters
    ----------
    z : (N, P) array
        Outcome on its working scale.
    weights : (N, P) array
        Precision of each cell, 0 where nothing was observed.
    doing : (N, P) array
        What each unit does in each period; NaN where it is not known.
    groups : (N,) int array, optional
        Groups of units that are not independent.
    beside : sequence of (N, P) arrays
        Held in the same regression; who changed is told from the last of them.

    Returns
    -------
    Change

    References
    ----------
    Arellano (1987), doi:10.1111/j.1468-0084.1987.mp49004006.x, for the clustered variance.
    """
    known = np.logical_and.reduce([weights > 0, *map(np.isfinite, (doing, *beside))])
    w = np.where(known, weights, 0.0)
    changed = (known & (doing != beside[-1])).any(axis=1) if beside else changers(doing, w)
    if changed.sum() < 2:
        return NOTHING
    kept = known.any(axis=1)
    x, y, *others = (_freed(each, w, kept) for each in (doing, z, *beside))
    least = 1e-9 * float((x**2).sum())
    if others:
        x, y = _beside(x, y, others)
    size = float((x**2).sum())
    if size <= max(least, 1e-12):
        return NOTHING
    estimate = float((x * y).sum()) / size
    pull = (x * (y - estimate * x)).sum(axis=1) / size
    own = None if groups is None else groups[kept]
    se, spare = _spread(pull, (x**2).sum(axis=1) / size, changed[kept], own)
    return Change(estimate, se, int(changed.sum()), spare)


def _freed(values: Array, w: Array, kept: Array) -> Array:
    """(n, P) weighted values without unit and period effects; zero where the weight is."""
    return np.asarray(np.sqrt(w[kept]) * two_way_residuals(np.where(w > 0, values, 0.0)[kept], w[kept]))


def _beside(x: Array, y: Array, others: list[Array]) -> list[Array]:
    """Two grids, freed of what others have in common with them."""
    basis = np.stack([each.ravel() for each in others], axis=1)
    inverse = np.linalg.pinv(basis.T @ basis, hermitian=True)
    return [each - (basis @ (inverse @ (basis.T @ each.ravel()))).reshape(each.shape) for each in (x, y)]


def _spread(pull: Array, carried: Array, changed: Array, groups: Array | None) -> tuple[float, float]:
    """Standard error and degrees of freedom, as if units or groups of them were left out one at a time.

    Parameters
    ----------
    pull : (N,) array
        Influence of each unit.
    carried : (N,) array
        Share of the estimate that it carries; they add up to 1.
    changed : (N,) bool array
    groups : (N,) int array or None

    References
    ----------
    MacKinnon, Nielsen & Webb (2023), doi:10.1016/j.jeconom.2022.04.001, for leaving out clusters; Carter, Schnepel &
    Steigerwald (2017), doi:10.1162/REST_a_00639, for how many clusters there are in effect.
    """
    if groups is not None:
        if len(np.unique(groups[changed])) < FEWEST_GROUPS:
            return float("nan"), 1.0
        pull, carried = summed(np.stack([pull, carried], axis=1), groups).T
    if carried.max() > ALONE:
        return float("nan"), 1.0
    count = np.count_nonzero(pull)
    variance = ((pull / (1 - carried)) ** 2).sum() * (count - 1) / max(count, 1)
    return float(np.sqrt(variance)), max(1 / float((carried**2).sum()) - 1, 1.0)


def before(doing: Array) -> Array:
    """(N, P) what each unit did in the period before, or last so far as is known; NaN in the first."""
    return _shifted(pd.DataFrame(doing).ffill(axis=1).to_numpy()[:, :-1], doing, at=0)


def afterwards(doing: Array) -> Array:
    """(N, P) what each unit does in the period after, or next so far as is known; NaN in the last."""
    return _shifted(pd.DataFrame(doing).bfill(axis=1).to_numpy()[:, 1:], doing, at=-1)


def _shifted(values: Array, like: Array, at: int) -> Array:
    """Values beside a column that is not known, the first (0) or the last (−1)."""
    unknown = np.full((len(like), 1), np.nan)
    return np.hstack([unknown, values] if at == 0 else [values, unknown])


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
    spent = int(rows.sum()) + int(seen[rows].any(axis=0).sum()) - 1
    x = np.column_stack([*columns, np.empty((len(unit), 0))])
    return Stack(y[seen[rows]], x, unit, spent, int(rows.sum()) - 1)


def adoption_contrast(z: Array, weights: Array, doing: Array, groups: Array | None = None) -> Change:
    """Adopters after against before, beside units that do not do it yet in the same periods.

    Each cohort of adopters (same last period without, same first period with) is compared, period by period, with the
    units not doing it by then; both from their own mean before the cohort's adoption. Its last period without is left
    out, since units often adopt after a good or a bad month; a cohort without a period before that tells nothing. Units
    weigh by the precision of their change, cohorts and periods by the adopters behind them.

    A dip that began earlier is in the mean that adopters are held against, and a good month in which a unit adopts is
    among those after: `within_unit_change` on what is done later, or was done before, sees both in longer panels only.

    Parameters
    ----------
    z, weights, doing, groups : arrays
        As in `within_unit_change`; ``doing`` is 0, 1 or NaN.

    Returns
    -------
    Change
        Standard error from the influences of units or groups.

    References
    ----------
    Callaway & Sant'Anna (2021), doi:10.1016/j.jeconom.2020.12.001.
    """
    return _pooled(list(_around(z, weights, doing, groups, course=False).values()), groups)


def adoption_course(z: Array, weights: Array, doing: Array, groups: Array | None = None) -> dict[int, Change]:
    """Follow adopters from period to period before and after adoption.

    Parameters
    ----------
    z, weights, doing, groups : arrays
        As in `adoption_contrast`.

    Returns
    -------
    dict of int to Change
        By periods since the first with the practice, negative before, in their order; against the comparison units of
        the same period, the mean before adoption taken out. The last period before adoption is shown and, as in
        `adoption_contrast`, does not count among those that the mean before is taken over.

    References
    ----------
    Sun & Abraham (2021), doi:10.1016/j.jeconom.2020.09.006, for event times by group of adopters.
    """
    around = _around(z, weights, doing, groups, course=True)
    return {since: _pooled([around[since]], groups) for since in sorted(around)}


def _around(z: Array, weights: Array, doing: Array, groups: Array | None, *, course: bool) -> dict[int, Array]:
    """By periods since adoption, (3, N): lead over units without it and weight, weighted, and what those pull by."""
    seen, cohort = weights > 0, _cohorts(doing)
    codes = np.arange(len(z)) if groups is None else groups
    around: dict[int, Array] = {}
    for last, first in sorted({(last, first) for last, first in cohort[cohort[:, 0] > 0]}):
        base = np.where(seen, weights, 0.0)[:, :last]
        precision = base.sum(axis=1)
        ready = precision > 0
        level = (base * z[:, :last]).sum(axis=1) / np.where(ready, precision, 1.0)
        members = (cohort == (last, first)).all(axis=1) & ready
        without = ~(doing[:, : last + 1] > 0).any(axis=1) & ready & ~members
        for period in (p for p in range(z.shape[1]) if p >= first or (course and p <= last)):
            treated, control = members & seen[:, period], without & seen[:, period] & (doing[:, period] == 0)
            if not treated.any() or not control.any() or (codes[control] == codes[control][0]).all():
                continue
            share = np.zeros(len(z))
            share[treated | control] = 1 / (1 / weights[treated | control, period] + 1 / precision[treated | control])
            other = np.where(control, share, 0.0) / share[control].sum()
            lead = z[:, period] - level
            lead -= float(other @ lead)
            alone = other if groups is None else np.bincount(codes, other)[codes]
            own = np.where(treated, share, 0.0)
            part = np.stack([own * lead, own, -own.sum() * other * lead / (1 - alone)])
            since = period - first if period >= first else period - last - 1
            around[since] = around.get(since, 0.0) + part
    return around


def _pooled(parts: list[Array], groups: Array | None) -> Change:
    """What adopters lead by over several periods; cohorts that differ count as doubt."""
    if not parts:
        return NOTHING
    lead, share, slack = np.sum(parts, axis=0)
    adopters, total = share > 0, float(share.sum())
    if adopters.sum() < 2:
        return NOTHING
    estimate = float(lead.sum()) / total
    pull = (lead - estimate * share + slack) / total
    se, spare = _spread(pull, share / total, adopters, groups)
    return Change(estimate, se, int(adopters.sum()), spare)


def adopters(doing: Array) -> Array:
    """(N,) whether a unit took it up once, for good, as far as is known."""
    return np.asarray(_cohorts(doing)[:, 0] >= 0)


def _cohorts(doing: Array) -> Array:
    """(N, 2) last period known without and first known with, for units that took it up once for good; else −1."""
    known = np.isfinite(doing)
    periods = np.arange(doing.shape[1])
    last_without = np.where(known & (doing == 0), periods, -1).max(axis=1)
    first_with = np.where(known & (doing == 1), periods, doing.shape[1]).min(axis=1)
    once = (last_without >= 0) & (first_with < doing.shape[1]) & (last_without < first_with)
    return np.where(once[:, None], np.stack([last_without, first_with], axis=1), -1)
