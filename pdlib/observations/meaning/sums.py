"""Rows of a table that are the sum or the mean of others; arrays in, positions out.

Only what could hardly be chance is found; see `pdlib.observations.meaning.weigh`.
"""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np

from pdlib.observations.meaning.weigh import (
    ENOUGH,
    HIDDEN,
    NEARLY_EVERY,
    Cells,
    is_mean,
    is_sum,
    near_to,
    parts_of,
)

MOST = 2000  # rows looked at more closely at a time; and found in one table
LAYERS = 3  # that may lie between a total and the units
LOOSE = 0.006  # of a sum, before its own rounding is known
ABOUT = 0.7  # of a total, the least by which a row is looked at: it may be missing in some periods
ALIKE = 2  # means of one group that a table may hold
CLOSEST = 10  # splits into largest and others that are tried


@dataclass(frozen=True)
class Whole:
    """A row that is made of others.

    Attributes
    ----------
    row : int
    how : {"sum", "mean"}
    parts : int
        How many rows it is made of.
    matched, compared : int
        Periods.
    grouping, group : int
        Which of the groupings, and which group of it; -1 where it is made of all the others.
    times : int
        How often the parts hold it, where they lie in several layers.
    together : int
        How many rows together are the sum of the parts, where it is not known which are whose.
    """

    row: int
    how: Literal["sum", "mean"]
    parts: int
    matched: int
    compared: int
    grouping: int = -1
    group: int = -1
    times: int = 1
    together: int = 1


def find_wholes(
    values: np.ndarray, *, exact: bool = False, weights: np.ndarray | None = None,
    groupings: Sequence[np.ndarray] = (), kept: np.ndarray | None = None,
) -> list[Whole]:  # fmt: skip
    """Find the rows that are the sum or the mean of a group, or of all other rows.

    Subtotals are taken away first, those of the finest grouping before all; then what is the sum of all that is left
    (several totals at once, or a total over layers of which the grouping is not known); then means. A sum may lack a
    few rows, and a few periods. Out of reach: the total of some units that no column groups, unless they are the
    largest and make up everything once more; and the total of a group of one, which is that unit a second time.

    Parameters
    ----------
    values : array of float, (rows, periods)
        Missing as NaN.
    exact : bool
        Whether they are counts, so that sums are right to the last digit.
    weights : array of float, (rows, periods), optional
        With which a mean may be weighted: n.
    groupings : sequence of array of int, (rows,)
        Group of each row, -1 for none.
    kept : array of bool, (rows,), optional
        Rows that are units whatever they look like.

    Returns
    -------
    list of Whole
        The smallest first.
    """
    left = np.isfinite(values).any(axis=1)
    if left.sum() < 3:
        return []  # of fewer, none can be made of two others
    cells = Cells(values, exact)
    may_be = np.ones(len(left), dtype=bool) if kept is None else ~kept
    order = sorted(range(len(groupings)), key=lambda place: -int(groupings[place].max(initial=-1)))
    wholes: list[Whole] = []
    while left.sum() > 2 and len(wholes) < MOST:
        found = _next(cells, left, weights, [(place, groupings[place]) for place in order])
        found = [whole for whole in found if may_be[whole.row] and left[whole.row]]
        found = list({whole.row: whole for whole in found}.values())
        if not found:
            break
        wholes += found
        left[[whole.row for whole in found]] = False
    return wholes


def _next(
    cells: Cells, left: np.ndarray, weights: np.ndarray | None, groupings: list[tuple[int, np.ndarray]]
) -> list[Whole]:
    for place, codes in groupings:
        found = _of_groups(cells, left, place, np.where(left, codes, -1))
        if found:
            return found
    looks = (_of_rest, _of_all_but_one, _layer)
    found = next((found for look in looks if (found := look(cells, left))), [])
    if found:
        return found
    everything = np.where(left, 0, -1)
    for place, codes in [*((place, np.where(left, codes, -1)) for place, codes in groupings), (-1, everything)]:
        found = _means(cells, place, codes, None, sized=weights is not None) or (
            [] if weights is None else _means(cells, place, codes, np.where(np.isfinite(weights), weights, 0.0))
        )
        if found:
            return found
    return []


def _beside(
    values: np.ndarray, weight: np.ndarray, sums: np.ndarray, sizes: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Values, and the mean of the others of the group; both where there are others."""
    rest = sizes - weight
    there = (rest > 0) & np.isfinite(values)
    others = sums - np.where(there, values, 0.0) * weight
    return np.where(there, values, np.nan), np.divide(others, rest, out=np.zeros_like(others), where=there)


def _slack(cells: Cells, target: np.ndarray, hidden: np.ndarray) -> np.ndarray:
    """How far a sum may be from a target to be looked at more closely."""
    room = np.where(hidden <= HIDDEN * np.abs(target), 2 * hidden, 0.0)
    return LOOSE * np.abs(target) + (0.5 if cells.exact else 5.0) * cells.step + room


def _of_rest(cells: Cells, left: np.ndarray) -> list[Whole]:
    """Rows that are the sum of all others; or a half or a third of it, where units are there in several layers."""
    everything, left_rows = parts_of(cells, left), np.flatnonzero(left)
    for layers in range(1, LAYERS + 1):
        target = everything.total / (layers + 1)
        rows = left_rows[np.abs(cells.level[left_rows]) >= ABOUT * np.abs(target.mean())]
        near = rows[near_to(cells.values[rows], target, _slack(cells, target, everything.hidden))][:MOST]
        found = []
        for row in near if everything.count > layers + 1 else ():
            matched = is_sum(cells, row, everything.but(cells, row), LAYERS, layers)
            if matched:
                found.append(Whole(int(row), "sum", everything.count - 1, *matched, times=layers))
        if found:
            return found
    return []


def _of_all_but_one(cells: Cells, left: np.ndarray) -> list[Whole]:
    """One of the largest rows that is the sum of the others but one, such as a mean, or an office that is not added."""
    everything, rows = parts_of(cells, left), np.flatnonzero(left)
    largest = rows[np.argsort(-np.abs(cells.level[rows]), kind="stable")][:3]
    largest = largest[np.abs(cells.level[largest]) >= ABOUT * np.abs(everything.total.mean()) / (LAYERS + 1)]
    for layers, row in itertools.product(range(1, LAYERS), largest.tolist()):
        others, rest = rows[rows != row], everything.but(cells, row)
        target = rest.total - layers * cells.values[row]
        slack = np.nan_to_num(_slack(cells, rest.total, rest.hidden))
        near = others[
            near_to(np.where(np.isfinite(target), cells.values[others], np.nan), np.nan_to_num(target), slack)
        ]
        for other in near[:MOST].tolist():
            matched = is_sum(cells, row, rest.but(cells, other), 6.0 * len(rows), layers)
            if matched:
                return [Whole(row, "sum", everything.count - 2, *matched, times=layers)]
    return []


def _layer(cells: Cells, left: np.ndarray) -> list[Whole]:
    """The largest rows, if together they are all the others once more: regions of which the grouping is not known."""
    rows = np.flatnonzero(left)
    rows = rows[np.argsort(-np.abs(cells.level[rows]), kind="stable")]
    total, running = cells.filled[rows].sum(axis=0), np.cumsum(cells.level[rows[: len(rows) // 3]])
    close = 1e-7 * np.abs(total) + (0.5 if cells.exact else 3 * np.sqrt(len(rows) / 12)) * cells.step
    apart = np.abs(2 * running - cells.level[rows].sum())  # each row at its mean, so that gaps count for little
    for last in np.argsort(apart, kind="stable")[:CLOSEST]:
        fits = np.abs(2 * cells.filled[rows[: last + 1]].sum(axis=0) - total) <= close
        if last < 1 or fits.mean() < NEARLY_EVERY:
            continue
        noise = np.sqrt((cells.noise[rows[last + 1 :]] ** 2).sum())
        within = np.sort(np.maximum(close[fits], 1e-12))
        told = np.log(max(np.abs(cells.level[rows[last]]) / (2 * within[0]), 1.0))
        told += np.log(np.maximum(noise / within[1:], 1.0)).sum()
        if told >= ENOUGH:
            matched = int(fits.sum()), len(fits)
            rest, several = len(rows) - int(last) - 1, int(last) + 1
            return [Whole(int(row), "sum", rest, *matched, together=several) for row in rows[: last + 1]]
    return []


def _grouped(values: np.ndarray, codes: np.ndarray, groups: int) -> np.ndarray:
    """Sums by group and period."""
    member = codes >= 0
    if groups == 1:
        return values.sum(axis=0, where=member[:, None])[None, :]
    return np.stack([np.bincount(codes[member], column[member], groups) for column in values.T], axis=1)


def _of_groups(cells: Cells, left: np.ndarray, place: int, codes: np.ndarray) -> list[Whole]:
    """Subtotals, be they filed among their group or outside of it."""
    groups = int(codes.max(initial=-1)) + 1
    if not groups:
        return []
    totals = _grouped(cells.filled, codes, groups)
    hidden = _grouped(np.where(np.isfinite(cells.values), 0.0, np.abs(cells.level)[:, None]), codes, groups)
    slack = _slack(cells, totals, hidden)
    counts = np.bincount(codes[codes >= 0], minlength=groups)
    inside = np.flatnonzero((codes >= 0) & (counts[codes] > 2))
    within = codes[inside]
    near = near_to(cells.values[inside], totals[within] / 2, slack[within] / 2)
    pairs = [(int(row), int(codes[row])) for row in inside[near]]
    pairs += _outside(cells, np.flatnonzero(left), codes, totals, slack)
    found, tests = [], float(max(groups * left.sum(), 1))
    for row, group in pairs[:MOST]:
        parts = parts_of(cells, codes == group)
        parts = parts.but(cells, row) if codes[row] == group else parts
        matched = is_sum(cells, row, parts, tests)
        if matched:
            found.append(Whole(row, "sum", parts.count, *matched, place, group))
    return found


def _outside(
    cells: Cells, rows: np.ndarray, codes: np.ndarray, totals: np.ndarray, slack: np.ndarray
) -> list[tuple[int, int]]:
    """Rows that are about as large as a group of which they are no member, found by the periods best filled."""
    best = np.argsort(-np.isfinite(cells.values).sum(axis=0), kind="stable")[:3]
    seen = [_about(cells.values[rows, period], totals[:, period], slack[:, period]) for period in best]
    if sum(len(pairs) for pairs in seen) == 0:
        return []
    pairs, times = np.unique(np.concatenate(seen), axis=0, return_counts=True)
    pairs = pairs[times >= min(2, len(best))][: 20 * MOST]
    of, to = rows[pairs[:, 0]], pairs[:, 1]
    fits = (codes[of] != to) & near_to(cells.values[of], totals[to], slack[to])
    return list(zip(of[fits].tolist(), to[fits].tolist(), strict=True))


def _about(values: np.ndarray, targets: np.ndarray, slack: np.ndarray) -> np.ndarray:
    """Pairs of a value and a target within its slack, as places; none where there are more than a few for each."""
    order = np.argsort(values, kind="stable")
    low = np.searchsorted(values[order], targets - slack)
    width = np.searchsorted(values[order], targets + slack, side="right") - low
    width = np.where(width <= MOST, width, 0)
    if width.sum() > 100 * MOST:  # so small that sums say nothing
        return np.empty((0, 2), dtype=int)
    within = np.arange(width.sum()) - np.repeat(np.cumsum(width) - width, width)
    return np.column_stack([order[np.repeat(low, width) + within], np.repeat(np.arange(len(targets)), width)])


def _means(
    cells: Cells, place: int, codes: np.ndarray, weights: np.ndarray | None, *, sized: bool = True
) -> list[Whole]:
    """Rows that are the mean of the others of their group."""
    groups = int(codes.max(initial=-1)) + 1
    if not groups:
        return []
    weight = np.isfinite(cells.values) * (1.0 if weights is None else weights)
    rows, targets = _near_means(cells, codes, weight, groups)
    own, count = codes[rows], np.bincount(codes[codes >= 0], minlength=groups)
    alike = np.bincount(own, minlength=groups)  # where all are the same, none is the mean of the others
    size = None if weights is None else weight.sum(axis=1)
    found = []
    for at in np.flatnonzero((count[own] > 3) & (alike[own] <= ALIKE))[:MOST]:
        row, group = int(rows[at]), int(own[at])
        peers = codes == group
        peers[row] = False
        matched = is_mean(cells, row, targets[at], peers, size, sized=sized)
        if matched:
            found.append(Whole(row, "mean", int(peers.sum()), *matched, place, group if place >= 0 else -1))
    return found


def _near_means(cells: Cells, codes: np.ndarray, weight: np.ndarray, groups: int) -> tuple[np.ndarray, np.ndarray]:
    """Rows that are about the mean of the others of their group, and those means."""
    rows, target = np.flatnonzero(codes >= 0), np.empty((0, cells.values.shape[1]))
    sums, sizes = _grouped(cells.filled * weight, codes, groups), _grouped(weight, codes, groups)
    best = np.argsort(-np.isfinite(cells.values).sum(axis=0), kind="stable")[:3]
    every = np.arange(cells.values.shape[1])
    for periods, missed in ((best, 1), (every, 0)):  # a few periods first: they rule out nearly all
        at, of = np.ix_(rows, periods), np.ix_(codes[rows], periods)
        values, target = _beside(cells.values[at], weight[at], sums[of], sizes[of])
        slack = np.maximum(cells.step, cells.own_steps(rows) / 2 + cells.step / 2)[:, None]
        near = near_to(values, target, slack + 1e-6 * np.abs(target), missed)
        rows, target = rows[near], target[near]
    return rows, target
