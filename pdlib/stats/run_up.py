"""Counts that run up through the year: found by never falling, and undone by differences."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from pdlib.stats.steps_in_time import CLEAR, HALF, Kind, Steps, dispersion

Array = np.ndarray
START = 0.8  # share of the units that moved which fall where a new year starts
FALLS = 0.02  # corrections
FEWEST_STEPS, FEWEST_UNITS, SHORTEST = 50, 10, 3
RESTART = (0.4, 2.0)  # a year's first figure in steps of that year: one if it runs up, many if it is a level
GROWTH, CALMER = 2.0, 0.5


@dataclass(frozen=True)
class RunUp:
    """Whether counts run up, and where they start anew.

    Attributes
    ----------
    found : bool
    starts : tuple of int
        Positions of the periods in which they start anew; empty where no year ends within the data.
    falls : float
        Share of the steps within years that fall, over all units.
    """

    found: bool
    starts: tuple[int, ...] = ()
    falls: float = float("nan")


def runs_up(
    unit: Array, period: Array, amount: Array | None, n: Array | None = None, *, year: Array | None = None
) -> RunUp:
    """Whether an amount and the number behind it run up through the year, from rows.

    Parameters
    ----------
    unit : (R,) int array
        Code of each row's unit.
    period : (R,) int array
        Place of each row's period in the order of time.
    amount : (R,) array or None
        Successes or events; None if the outcome is a mean.
    n : (R,) array, optional
        What stands behind the amount; needed where no year ends within the data.
    year : (R,) array, optional
        The year of each row's period; found from the data if it is not given.

    Returns
    -------
    RunUp
    """
    shape = (int(unit.max()) + 1, int(period.max()) + 1)

    def grid(values: Array | None) -> Array | None:
        if values is None:
            return None
        laid = np.full(shape, np.nan)
        laid[unit, period] = values
        return laid

    starts = None
    if year is not None:
        _, codes = np.unique(year, return_inverse=True)
        of_period = np.full(shape[1], -1)
        of_period[period] = codes
        starts = np.flatnonzero(np.diff(of_period) != 0) + 1
    counts, size = grid(amount), grid(n)
    if counts is None or size is None:
        return find_run_up(counts, size, None, starts=starts)
    size = np.where(size > 0, size, np.nan)
    if not find_run_up(counts, size, counts / size, starts=starts, steady=True).found:  # the least costly look first
        return RunUp(False)
    kind: Kind = "proportion" if (counts <= size)[np.isfinite(size)].all() else "rate"
    steady = dispersion(kind, counts / size, size)[1] < HALF
    return find_run_up(counts, size, counts / size, starts=starts, steady=steady)


def find_run_up(
    amount: Array | None, n: Array | None, y: Array | None, *, starts: Array | None = None, steady: bool = False
) -> RunUp:
    """Whether counts run up through the year, from a grid.

    Within a year the amount never falls in nearly any unit, and shares or means wander, or move too little for such
    counts, as figures do that hold the ones before them. Where a year starts nearly all units fall, to about one step
    above nothing: a season falls back to a level. Where no year ends within the data, n must not fall either (unless it
    never changes), counts at least double, and shares or means calm down as sums do: growth alone does not make them.

    Parameters
    ----------
    amount : (N, P) array or None
        NaN where nothing was observed; None for a mean, which n alone can give away.
    n : (N, P) array or None
        None if nothing is known to stand behind the figures.
    y : (N, P) array or None
        Share, rate or mean of each cell.
    starts : array, optional
        Positions of the periods that start a year; looked for if not given.
    steady : bool
        Whether figures move less than half as much as they should if each were new.

    Returns
    -------
    RunUp
    """
    moving = [x for x in (amount, n) if x is not None and _moves(x)]
    if not moving or (amount is not None and moving[0] is not amount):
        return RunUp(False)
    shared = _starts(moving[0]) if starts is None else np.asarray(starts, dtype=int)
    falls = [_falls(x, shared) for x in moving]
    if amount is not None and len(shared) and falls[-1] > FALLS:  # events run up, what stands behind them does not
        moving, falls, y = moving[:1], falls[:1], amount
    if max(falls) > FALLS or not (steady or _wanders(y, n, shared)):
        return RunUp(False)
    if len(shared):
        return RunUp(all(_restarts(x, shared) for x in moving), tuple(int(s) for s in shared), max(falls))
    return RunUp(all(_grown(x) >= GROWTH for x in moving) and (steady or _calms_down(y, moving[-1])), (), max(falls))


def _moves(x: Array) -> bool:
    step = np.diff(x, axis=1)
    return bool((np.isfinite(step) & (step != 0)).sum() >= FEWEST_STEPS)


def _starts(x: Array) -> Array:
    """Positions at which nearly all units that move fall."""
    step = np.diff(x, axis=1)
    up, down = (step > 0).sum(axis=0), (step < 0).sum(axis=0)
    return np.flatnonzero((down >= START * (up + down)) & (down >= FEWEST_UNITS)) + 1


def _within(x: Array, starts: Array) -> Array:
    """(N, P - 1) steps within years, NaN elsewhere."""
    step = np.diff(x, axis=1)
    step[:, starts - 1] = np.nan
    return step


def _falls(x: Array, starts: Array) -> float:
    """Share of the steps within years that fall; infinite where too few are seen to tell."""
    step = _within(x, starts)
    up, down = step > 0, step < 0
    if up.sum() < FEWEST_STEPS or up.any(axis=1).sum() < FEWEST_UNITS:
        return float("inf")
    return float(down.sum() / (up.sum() + down.sum()))


def _restarts(x: Array, starts: Array) -> bool:
    """Whether each year starts anew with about one of its steps, years of two periods (two seasons) left out."""
    edges = np.concatenate([[0], starts, [x.shape[1]]])
    if np.diff(edges).max() < SHORTEST:
        return False
    step = np.nanmean(_within(x, starts))
    first = np.nanmean(x[:, starts])
    return bool(RESTART[0] <= first / step <= RESTART[1])


def _grown(x: Array) -> float:
    """Last over first of what all units show that are seen in both."""
    both = np.isfinite(x[:, 0]) & np.isfinite(x[:, -1])
    first = x[both, 0].sum()
    return float(x[both, -1].sum() / first) if first > 0 else 0.0


def _wanders(y: Array | None, n: Array | None, starts: Array) -> bool:
    """Whether shares or means move on from where they were, as figures do that hold the ones before them."""
    return y is not None and y.shape[1] > SHORTEST and Steps.of(_within(y, starts), n).wander(CLEAR)


def _calms_down(y: Array | None, x: Array) -> bool:
    """Whether figures move the less the more they hold: by step / (x before times x now), as sums do.

    Where n grows and each figure is new, chance shrinks with one over n only, and what befalls a unit not at all.
    """
    if y is None:
        return False
    there = (np.isfinite(x) & np.isfinite(y)).any(axis=0)
    x, y = x[:, there], y[:, there]
    level = np.nanmean(x, axis=0)
    template = np.log(np.maximum(np.diff(level), 1e-300) / (level[1:] * level[:-1]))
    size = np.log(np.maximum(Steps.of(np.diff(y, axis=1), x).scale, 1e-300) ** 2)
    return bool(np.ptp(template) > 0 and np.polyfit(template, size, 1)[0] > CALMER)


def undo_run_up(unit: Array, year: Array, place: Array, amount: Array) -> tuple[Array, Array]:
    """Take each figure's earlier part of the year out.

    Parameters
    ----------
    unit, year : (R,) arrays
    place : (R,) int array
        Place of the row's period within its year, 1 being the first.
    amount : (R,) array
        Counts that run up; call again for n.

    Returns
    -------
    fresh : (R,) array
        Each figure less the one before it in the same unit and year. Negative where a correction was made.
    covers : (R,) int array
        How many periods it stands for: more than 1 after a gap, or where the year's first periods are not there.

    Examples
    --------
    >>> same = np.zeros(3, dtype=int)
    >>> undo_run_up(same, same, np.array([1, 2, 4]), np.array([5.0, 9.0, 20.0]))
    (array([ 5.,  4., 11.]), array([1, 1, 2]))
    """
    _, units = np.unique(unit, return_inverse=True)
    _, years = np.unique(year, return_inverse=True)
    order = np.lexsort((place, years, units))
    same = (np.diff(units[order]) == 0) & (np.diff(years[order]) == 0)

    def less(values: Array) -> Array:
        found = np.empty_like(values)
        found[order] = values[order] - np.concatenate([[0], np.where(same, values[order][:-1], 0)])
        return found

    return less(np.asarray(amount, dtype=float)), less(np.asarray(place))
