"""Whether each period's figure is new: copies, counts that run up, windows that overlap.

Only a signature takes a figure's newness away: exact repeats in step, counts that never fall within a year, or steps
that hang together as those of a rolling window or of a mean to date do. That figures are steady is none.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Literal

import numpy as np

from pdlib.stats.carried import few_changes, spread_shares
from pdlib.stats.keeps_on import find_keeps_on
from pdlib.stats.run_up import find_run_up
from pdlib.stats.steps_in_time import CLEAR, HALF, OVERLAPS, Kind, Steps, dispersion, items

Array = np.ndarray
Name = Literal["fresh", "copies", "year to date", "rolling", "overlapping", "running", "carried"]
NEARLY_ALL, APART = 0.95, 0.2
FEWEST_UNITS, FEWEST_MOVING = 10, 20
ENOUGH_COUNTS = 4.0  # variance of a count from which figures that agree within rounding are no accident
WINDOWS, PAIRS = (2, 3, 4, 6, 7, 12, 13, 26, 28, 30, 52), 3  # what people roll over; a window's end seen this often
FAR_BELOW = 0.05  # of the variance that the known spread of single answers implies
NEXT_TO_NOTHING = 0.01  # of the variance between units
ENOUGH = 2.0  # standard errors, where figures are too steady as well
SPIKE, CALM, AGAIN, STANDS_OUT = (
    -0.25,
    -0.2,
    0.3,
    3.0,
)  # half of the -1/2 at a window's length; what may pass for nothing beside it


@dataclass(frozen=True)
class Signature:
    """What tells that figures are not new.

    Attributes
    ----------
    kind : {"fresh", "copies", "year to date", "rolling", "overlapping", "running", "carried"}
    window : int
        Periods that a figure is about: the length of a spell of copies, of a year, of a window; 1 if fresh, 0 if it is
        not known.
    starts : tuple of int
        Positions at which a new spell of copies or a new year starts, the first period among them.
    clear : float
        Share of the repeats, or of the steps that do not fall, or the correlation of the steps.
    dispersion : float
        Variance of the steps over what the counts, or the known spread of single answers, imply; NaN if not known.
    dispersion_upper : float
        The same, two standard errors up.
    close : bool
        Whether a unit's figures are nearly the same in all periods, as copies of one figure are.
    """

    kind: Name
    window: int = 1
    starts: tuple[int, ...] = ()
    clear: float = float("nan")
    dispersion: float = float("nan")
    dispersion_upper: float = float("nan")
    close: bool = False

    @property
    def too_steady(self) -> bool:
        """Whether figures change clearly less than half as much as they should if each stood for itself."""
        return self.dispersion_upper < HALF

    def periods(self, count: int) -> int:
        """How many independent periods ``count`` of them make, at the most."""
        if self.kind == "fresh":
            return count
        if self.kind == "running":
            return 1
        return len(self.starts) if self.starts else max(1, round(count / max(self.window, 1))) if self.window else 1


def find_signature(
    kind: Kind, y: Array, n: Array, *, sized: bool = True, item_variance: float | None = None
) -> Signature:
    """Look for copies, then for counts that run up, for windows that overlap, and for figures that keep on.

    Parameters
    ----------
    kind : {"mean", "proportion", "rate"}
    y : (N, P) array
        Mean, share or rate of each cell, periods in the order of time.
    n : (N, P) array
        Exposure; zero where nothing was observed.
    sized : bool
        Whether n is known; if not, it is taken as 1 and says nothing.
    item_variance : float, optional
        Variance of a single answer, if it is known.

    Returns
    -------
    Signature
    """
    seen = (n > 0) & np.isfinite(y)
    y, n = np.where(seen, y, np.nan), np.where(seen, n, np.nan)
    if y.shape[1] < 2 or not (np.isfinite(y).sum(axis=1) > 1).any():
        return Signature("fresh")
    copies = _copies(kind, y, n) or _carried(kind, y)
    if copies is not None:
        return copies
    amount = None if kind == "mean" else np.round(y * n, 6)
    spread, upper = dispersion(kind, y, n, item_variance if sized else None)
    run = find_run_up(amount, n if sized else None, y, steady=upper < HALF)
    if run.found:
        starts = (0, *run.starts)
        year = max(np.diff([*starts, y.shape[1]]))
        return Signature("year to date", int(year), starts, 1.0 - run.falls, spread, upper)
    found = _overlapping(y, n, spread, upper)
    return found if found.kind != "fresh" else _keeping_on(kind, y, n, found, sized=sized)


def _keeping_on(kind: Kind, y: Array, n: Array, fresh: Signature, *, sized: bool) -> Signature:
    """Means of all before, steps that never go back, months nearer than single answers allow; else new figures."""
    found = find_keeps_on(y, n if sized else None)
    if found.kind == "running":
        return replace(fresh, kind="running", window=0, starts=found.starts)
    if found.kind == "overlapping":
        return replace(fresh, kind="overlapping", window=0)
    if kind != "mean":
        return fresh
    if fresh.dispersion_upper < FAR_BELOW:
        return replace(fresh, kind="copies", window=0)
    return replace(fresh, close=_close(y, n if sized else None))


def _close(y: Array, n: Array | None) -> bool:
    """Whether a unit's figures differ by next to nothing beside units, and so would single answers."""
    within, between = spread_shares(y)
    if not between > 0 or y.shape[1] < 3 or len(y) < FEWEST_UNITS:
        return False
    return within < NEXT_TO_NOTHING * between and (n is None or within * float(np.nanmedian(n)) < between / 4)


def _carried(kind: Kind, y: Array) -> Signature | None:
    """Figures that mostly stay until they change by much."""
    share = few_changes(y) if kind == "mean" else 0.0
    return Signature("carried", 0, (), share) if share else None


def _copies(kind: Kind, y: Array, n: Array) -> Signature | None:
    """Spells of periods in which nearly every unit repeats itself, the changes between them being plain."""
    same, judged = _repeats(kind, y, n)
    units = judged.any(axis=1).sum()
    pairs = judged.sum(axis=0)
    if units < FEWEST_UNITS or (kind == "mean" and _coarse(y)):
        return None
    share = (same & judged).sum(axis=0) / np.maximum(pairs, 1)
    joined = (share >= NEARLY_ALL) & (pairs >= FEWEST_UNITS)
    if not joined.any() or (not joined.all() and share[joined].min() - share[~joined].max() < APART):
        return None
    starts = (0, *(int(p) for p in np.flatnonzero(~joined) + 1))
    if len(starts) == 1 and ((~same & judged).any(axis=1).sum()) > (1 - NEARLY_ALL) * units:
        return None
    lengths = np.diff([*starts, y.shape[1]])
    return Signature("copies", int(np.median(lengths)), starts, float(share[joined].mean()))


def _coarse(y: Array) -> bool:
    """Whether units differ by so few steps of the scale that figures may well stay the same by themselves."""
    known = np.unique(y[np.isfinite(y)])
    gaps = np.diff(known)
    gaps = gaps[gaps > 1e-9 * np.abs(known).max()]
    return not len(gaps) or float(np.nanstd(y)) < gaps.min()


def _repeats(kind: Kind, y: Array, n: Array) -> tuple[Array, Array]:
    """(N, P - 1) whether neighbouring figures are the same, and which of them can say anything.

    The lowest and the highest figure say nothing, nor one that most units share, being where many end by themselves:
    no events, full marks. Counts large enough to vary by more than their rounding may agree within it, as those do
    that were made from one share.
    """
    low, high = np.nanmin(y), np.nanmax(y)
    shared = np.nanmedian(np.where(np.isfinite(y).any(axis=0), y, 0.0), axis=0)  # a period may be empty
    inner = (y > low) & (y < high) & (y != shared)
    judged = inner[:, 1:] & inner[:, :-1]
    step = np.abs(np.diff(y, axis=1))
    with np.errstate(invalid="ignore"):
        same = step <= 1e-9 * (1e-9 + np.abs(y[:, 1:]))
        if kind == "mean":
            return same, judged
        variance = items(kind, y, n)[:, None] * n
        large = judged & (np.minimum(variance[:, 1:], variance[:, :-1]) >= ENOUGH_COUNTS)
        if large.sum() < judged.sum() / 2:
            return same, judged
        return same | (step <= (0.5 / n[:, 1:] + 0.5 / n[:, :-1]) * (1 + 1e-9)), large


def _overlapping(y: Array, n: Array, spread: float, upper: float) -> Signature:
    """A window by what comes in and goes out again; else steps that are too small for counts and wander."""
    fresh = Signature("fresh", dispersion=spread, dispersion_upper=upper)
    step = np.diff(y, axis=1)
    if y.shape[1] < 3 or ((step != 0) & np.isfinite(step)).any(axis=1).sum() < FEWEST_MOVING:
        return fresh
    steps = Steps.of(step, n)
    if not steps.correlation(1) > OVERLAPS:
        return fresh
    r = np.nan_to_num([steps.correlation(lag) for lag in range(1, y.shape[1] - 1)])
    window = _window(steps, r)
    if window:
        return Signature("rolling", window, (), float(r[window - 1]), spread, upper)
    if upper < HALF and steps.wander(ENOUGH):
        return Signature("overlapping", 0, (), float(r[0]), spread, upper)
    return fresh


def _window(steps: Steps, r: Array) -> int:
    """Length of the window, 0 if there is none: the one lag at which steps clearly go back.

    It stands out from what other lags show, which tells it from seasons and from units that move together.
    """
    usual = [w for w in WINDOWS if w + PAIRS <= len(r) + 2]
    if not usual:
        return 0
    w = usual[int(np.argmin([r[w - 1] for w in usual]))]
    there = np.sqrt(np.arange(len(r), 0, -1)) * r  # a lag seen more often strays less
    others = np.delete(there, [lag - 1 for lag in (w, 2 * w) if lag <= len(r)])
    twice = abs(r[2 * w - 1]) if 2 * w <= len(r) else 0.0 if w > 2 else 1.0
    alone = twice < AGAIN and (r[: w - 1] > CALM).all() and -there[w - 1] > STANDS_OUT * np.sqrt(np.mean(others**2))
    return w if alone and r[w - 1] < SPIKE and steps.z(w, 0.0) < -CLEAR else 0
