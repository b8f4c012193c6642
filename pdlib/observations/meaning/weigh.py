"""How much a match says: whether a row is the sum or the mean of others by more than chance; arrays in, numbers out.

A match counts by how unlikely it is among units that have nothing to do with each other: a number of five digits that
is right to the last one says much, a 5 that is 2 and 3 says little, and what never moves is told once only.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

ENOUGH = 9.0  # nats: by chance in about one table of 8,000
NEARLY_EVERY = 0.8  # of the periods in which the row holds a number
HIDDEN = 0.1  # of a sum, at most, that may be missing from it
STEADIEST = 0.05  # share of the peers that may move less than a unit is taken to
STEPS = (1000.0, 100.0, 10.0, 1.0, 0.1, 0.01, 0.001, 0.0001)


@dataclass(frozen=True, eq=False)
class Cells:
    """A table of amounts, rows by periods, with what is needed to weigh a match.

    Attributes
    ----------
    values : array of float, (rows, periods)
        Missing as NaN.
    exact : bool
        Whether sums are right to the last digit (counts), or parts are rounded.
    level, noise : array of float, (rows,)
        Mean of each row, and how far it moves beside the others' common course.
    step : float
        To which the values are rounded; 0 if they are not.
    """

    values: np.ndarray
    exact: bool
    filled: np.ndarray = field(init=False)
    level: np.ndarray = field(init=False)
    noise: np.ndarray = field(init=False)
    step: float = field(init=False)

    def __post_init__(self) -> None:
        held = np.isfinite(self.values)
        filled, count = np.where(held, self.values, 0.0), np.maximum(held.sum(axis=1), 1)
        level = filled.sum(axis=1) / count
        usual = level @ held
        course = np.divide(filled.sum(axis=0), usual, out=np.ones(len(usual)), where=usual != 0)
        moved = np.where(held, filled - np.outer(level, course), 0.0)
        noise = np.sqrt((moved**2).sum(axis=1) / np.maximum(count - 1, 1))
        found = self.values[held]
        settings = {"filled": filled, "level": level, "noise": noise, "step": step_of(found[:: len(found) // 5000 + 1])}
        for name, value in settings.items():
            object.__setattr__(self, name, value)

    def own_step(self, row: int) -> float:
        """To what a row is rounded: a few round numbers may be so by chance."""
        values = self.values[row][np.isfinite(self.values[row])]
        step = step_of(values)
        return step if len(values) >= 4 else min(step, self.step)

    def own_steps(self, rows: np.ndarray) -> np.ndarray:
        """To what each of several rows is rounded, where that is coarser than the table."""
        values, steps = self.values[rows], np.full(len(rows), self.step)
        enough = np.isfinite(values).sum(axis=1) >= 4
        for step in sorted(step for step in STEPS if step > self.step):
            at = np.flatnonzero(enough)
            for periods in (slice(0, 2), slice(None)):  # two periods first: they rule out nearly all
                times = np.nan_to_num(values[at, periods] / step)
                whole = np.abs(times - np.rint(times)) <= 1e-6 * np.maximum(1.0, np.abs(times))
                at = at[whole.all(axis=1)]
            steps[at] = step
        return steps


def step_of(values: np.ndarray) -> float:
    """The coarsest step of which (nearly) all values are multiples; 0 if there is none."""
    for step in STEPS:
        times = values / step
        if np.mean(np.abs(times - np.rint(times)) <= 1e-6 * np.maximum(1.0, np.abs(times))) >= 0.99:
            return step
    return 0.0


@dataclass(frozen=True, eq=False)
class Parts:
    """The rows that a sum may be made of: their sum and what is hidden of it by period, noise and sizes of them."""

    total: np.ndarray
    hidden: np.ndarray
    count: int
    noise: float
    size: tuple[float, float]  # mean and spread of the logarithms

    def but(self, cells: Cells, *rows: int) -> Parts:
        """Without some of the rows."""
        total, hidden, variance = self.total.copy(), self.hidden.copy(), self.noise**2
        for row in rows:
            held = np.isfinite(cells.values[row])
            total -= cells.filled[row]
            hidden -= np.where(held, 0.0, abs(cells.level[row]))
            variance -= cells.noise[row] ** 2
        hidden = np.where(np.abs(hidden) < 1e-9 * np.abs(total), 0.0, hidden)
        return Parts(total, hidden, self.count - len(rows), float(np.sqrt(max(variance, 0.0))), self.size)


def parts_of(cells: Cells, chosen: np.ndarray) -> Parts:
    """The chosen rows (a mask) as parts of a sum."""
    values, level = cells.values[chosen], cells.level[chosen]
    hidden = np.abs(level) @ ~np.isfinite(values)
    sizes = np.log(np.abs(level[level != 0])) if (level != 0).any() else np.zeros(1)
    middle = float(np.median(sizes))
    spread = max(float(np.median(np.abs(sizes - middle))) * 1.4826, 0.5)  # a total among them must not widen it
    noise = float(np.sqrt((cells.noise[chosen] ** 2).sum()))
    return Parts(cells.filled[chosen].sum(axis=0), hidden, int(chosen.sum()), noise, (middle, spread))


def is_sum(cells: Cells, row: int, parts: Parts, tests: float, times: int = 1) -> tuple[int, int] | None:
    """Matched and compared periods if a row is, ``times`` over, the sum of the parts; else None."""
    values, total = cells.values[row] * times, parts.total
    compared = np.isfinite(values) & (total != 0)
    if parts.count < 2 or not compared.any():
        return None
    rounded = 0.0 if cells.exact else 3 * cells.step * np.sqrt(parts.count / 12)
    close = rounded + times * cells.own_step(row) / 2 + 1e-7 * np.abs(total)
    short = values - total
    room = np.where(parts.hidden <= HIDDEN * np.abs(total), np.maximum(parts.hidden, 0.0), 0.0)
    sharp = compared & (np.abs(short) <= close)
    wide = compared & ~sharp & (room > 0) & (short >= -close) & (short <= 2 * room + close)
    matched = sharp | wide
    if matched.sum() < NEARLY_EVERY * compared.sum():
        return None
    within = np.where(sharp, close, room + close)[matched]
    share = np.sort(within / np.abs(total[matched]))
    told = _size_surprise(float(np.log(np.abs(total[matched]).mean() / times)), parts.size, float(share[0]))
    told += float(np.log(np.maximum(parts.noise / np.sort(within)[1:], 1.0)).sum())
    return (int(matched.sum()), int(compared.sum())) if told - np.log(tests) >= ENOUGH else None


def _size_surprise(size: float, usual: tuple[float, float], share: float) -> float:
    """How unlikely it is that a unit is just as large, in nats; tails are as heavy as Student's t with 3 degrees."""
    z = (size - usual[0]) / usual[1]
    density = 0.3676 / (1 + z**2 / 3) ** 2 / usual[1]
    return float(-np.log(min(density * 2 * share, 1.0)))


def is_mean(
    cells: Cells, row: int, target: np.ndarray, peers: np.ndarray, size: np.ndarray | None, *, sized: bool = True
) -> tuple[int, int] | None:
    """Matched and compared periods if a row is the mean of its peers; units are taken to be steadier than they look.

    Where no sizes are known (not ``sized``) a unit may be as steady as the steadiest peers, and moves as a normal does.
    """
    values = cells.values[row]
    compared = np.isfinite(values) & np.isfinite(target)
    rounded = 0.0 if cells.exact else 3 * cells.step / np.sqrt(12 * peers.sum())
    close = cells.own_step(row) / 2 + rounded + 1e-6 * np.abs(target)
    matched = compared & (np.abs(values - target) <= close)
    if matched.sum() < NEARLY_EVERY * compared.sum():
        return None
    noise = float(np.median(cells.noise[peers]))
    if size is not None and size[row] > 0:
        noise *= min(1.0, float(np.sqrt(np.median(size[peers]) / size[row])))
    if not sized:
        noise = max(noise, float(np.quantile(cells.noise[peers], STEADIEST)) * np.sqrt(2 * np.pi))
    within = np.sort(close[matched])
    told = np.log(max(float(cells.level[peers].std()) / (2 * within[0]), 1.0))
    told += np.log(np.maximum(noise / (2 * within[1:]), 1.0)).sum()
    return (int(matched.sum()), int(compared.sum())) if told - np.log(peers.sum() + 1) >= ENOUGH else None


def near_to(values: np.ndarray, target: np.ndarray, slack: np.ndarray | float, missed: int = 0) -> np.ndarray:
    """Rows that lie within the slack of the target in nearly every period, and perhaps ``missed`` fewer."""
    held = np.isfinite(values)
    close = np.abs(np.where(held, values, 0.0) - target) <= slack
    enough = (close & held).sum(axis=1) >= NEARLY_EVERY * held.sum(axis=1) - missed
    return enough & (held.any(axis=1) | bool(missed))
