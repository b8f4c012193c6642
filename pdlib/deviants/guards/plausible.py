"""Guards on the data themselves: units that look too good to be true.

Impossible values never come this far: reading stops at them. A flag is a reason to ask how the figures came about and
no finding about anybody; Benjamini–Hochberg at 5 % allows for how many units are judged.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import pandas as pd

from pdlib.deviants.guards.guard import Ground, Guard, Level, graded, not_checked
from pdlib.show.formats import number
from pdlib.show.wording import capitalised, plural
from pdlib.stats.family import benjamini_hochberg
from pdlib.stats.plausible import chance_of_repeat, tied_to_size, too_often, too_steady

FALSE_SHARE = 0.05
MANY, MANY_NAMED = 0.05, 0.25
TIED, CLEAR = (0.1, 0.2), 3.0
LEAST_COUNT, LEAST_DIGITS = 5.0, 30.0
MOST_CHANCE = 0.4
MOST_DECIMALS = 6
COLUMNS = ["unit", "label", "group", "check", "p_value", "sentence"]
Found = tuple[Guard, pd.DataFrame]


@dataclass(frozen=True)
class Wording:
    """What a check finds, said of one unit and of many."""

    one: str
    many: str
    what: str


def plausible(ground: Ground) -> tuple[list[Guard], pd.DataFrame]:
    """Make every check on the data.

    Returns
    -------
    guards : list of Guard
        Too steady, repeated values, round values, answers and outcome.
    suspicious : DataFrame
        One row per unit and check that it fails: ``unit``, ``label``, ``group``, ``check``, ``p_value``, ``sentence``.
    """
    checks: list[Callable[[Ground], Found]] = [_steady, _repeated, _round, _tied]
    found = [check(ground) for check in checks]
    frames = [frame for _, frame in found if len(frame)]
    suspicious = pd.concat(frames, ignore_index=True) if frames else _nobody()
    return [guard for guard, _ in found], suspicious[COLUMNS]


def _nobody() -> pd.DataFrame:
    return pd.DataFrame(columns=COLUMNS)


def _steady(ground: Ground) -> Found:
    """Less change from period to period than sampling alone would make."""
    name, grid = "too steady", ground.expected.grid
    rest, s2 = ground.counted_cells
    if ground.expected.fit.kind == "mean":
        variance = _own_variance(ground)
        if variance is None:
            return not_checked(name, "how much single answers differ is not known"), _nobody()
        s2 = variance[:, None] / np.where(grid.n > 0, grid.n, np.nan)
    else:
        # 1/s² is the variance of the count itself, which is too discrete to be judged by its spread where it is small.
        s2 = np.where(1 / s2 >= LEAST_COUNT, s2, np.nan)
    wording = Wording("changes", "change", "less from {period} to {period} than luck alone would have it")
    return _flagged(ground, name, too_steady(rest, s2), wording)


def _own_variance(ground: Ground) -> np.ndarray | None:
    """(N,) variance of single items: of each unit where the data say it, pooled over its periods; else of all."""
    expected, outcome = ground.expected, ground.expected.outcome
    panel, column = expected.observations.panel, outcome.sd or outcome.se
    known = expected.grid.item_variance
    if column and outcome.size:
        n = panel[outcome.size]
        variance = panel[column] ** 2 * (1.0 if outcome.sd else n)
        spare = (n - 1).clip(lower=0).where(variance.notna())
        sums = pd.DataFrame({"unit": panel["unit"], "sum": variance * spare, "spare": spare}).groupby("unit").sum()
        own = (sums["sum"] / sums["spare"].where(sums["spare"] >= 10)).reindex(expected.grid.units)
        return own.fillna(np.nan if known is None else known).to_numpy(dtype=float)
    return np.full(len(expected.grid.units), known) if known else None


def _repeated(ground: Ground) -> Found:
    """The very same figure, period after period."""
    name, grid, fit = "repeated values", ground.expected.grid, ground.expected.fit
    if len(grid.seen) < 2:
        return not_checked(name, "there is a single period"), _nobody()
    n, (_, s2) = np.where(grid.n > 0, grid.n, np.nan), ground.counted_cells
    # One over n s² is the slope that leads from the working scale to the outcome's.
    variance = (s2 + fit.collapsed.transient_variance) * (1.0 if fit.kind == "mean" else 1 / (n * s2) ** 2)
    chance = chance_of_repeat(variance, np.full_like(n, _resolution(grid.y)) if fit.kind == "mean" else 1 / n)
    pair = np.maximum(chance[:, 1:], chance[:, :-1])
    pair = np.where(pair <= MOST_CHANCE, pair, np.nan)
    wording = Wording("shows", "show", "the very same figure in one {period} after another")
    return _flagged(ground, name, too_often(grid.y[:, 1:] == grid.y[:, :-1], pair, least=2), wording)


def _round(ground: Ground) -> Found:
    """Round figures more often than their neighbours on the scale."""
    name, grid, kind = "round values", ground.expected.grid, ground.expected.fit.kind
    _, s2 = ground.counted_cells
    hits, chance = _round_means(grid.y) if kind == "mean" else _round_counts(grid.y, grid.n, s2, kind)
    chance = np.where(chance <= MOST_CHANCE, chance, np.nan)
    if not np.isfinite(chance).any():
        return not_checked(name, "figures here have too few digits to tell"), _nobody()
    wording = Wording("reports", "report", "round figures more often than chance would")
    return _flagged(ground, name, too_often(hits, chance), wording)


def _round_counts(y: np.ndarray, n: np.ndarray, s2: np.ndarray, kind: str) -> tuple[np.ndarray, np.ndarray]:
    """Round is, of a share, the count nearest to a multiple of 5 %; of a rate, a count that ends in 0.

    No single count is likelier than 1/√(2π variance), which is the chance where counts hardly vary.
    """
    count = np.nan_to_num(y * n)
    peak = np.sqrt(s2 / (2 * np.pi))
    if kind == "proportion":
        twentieth = np.where(n > 0, n, np.nan) / 20
        hits = np.abs(count - np.round(count / twentieth) * twentieth) <= 0.5 + 1e-9
        return hits, np.maximum(1 / twentieth, peak)
    return np.round(count) % 10 == 0, np.where(1 / s2 >= LEAST_DIGITS, np.maximum(0.1, peak), np.nan)


def _round_means(y: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Round is a mean on a multiple of half a power of ten that lies well below the spread within units."""
    seen = np.isfinite(y)
    often = seen.sum(axis=1) > 1
    if not often.any():
        return seen, np.full_like(y, np.nan)
    spread = float(np.sqrt(np.nanmean(np.nanvar(y[often], axis=1))))
    step = 0.5 * 10.0 ** np.floor(np.log10(spread)) if spread > 0 else 1.0
    tolerance = max(0.5 * _resolution(y), 0.005 * step) * (1 + 1e-6)
    away = np.abs(y - step * np.round(y / step))
    return away <= tolerance, np.where(seen, min(1.0, 2 * tolerance / step), np.nan)


def _resolution(y: np.ndarray) -> float:
    """Distance between neighbouring values, by the decimals to which means are reported."""
    known = y[np.isfinite(y)]
    exact = (d for d in range(MOST_DECIMALS) if np.abs(known - np.round(known, d)).max(initial=0.0) < 1e-9)
    return float(10.0 ** -next(exact, MOST_DECIMALS))


def _tied(ground: Ground) -> Found:
    """Better periods that are those with more, or with fewer, answers than usual."""
    expected, name = ground.expected, "answers and outcome"
    grid, what = expected.grid, expected.outcome.exposure_label
    if len(grid.seen) < 3 or expected.outcome.size is None:
        why = (
            "there are fewer than 3 periods" if expected.outcome.size else "how many stand behind a figure is not known"
        )
        return not_checked(name, why), _nobody()
    rest, s2 = ground.cells
    spread = np.sqrt(s2 + expected.fit.collapsed.transient_variance)
    spread = np.where(spread > 0, spread, 1.0)
    _, p, overall, strength = tied_to_size(rest / spread, np.log(np.where(grid.n > 0, grid.n, np.nan)))
    p = np.where(ground.open, p, np.nan)
    wording = Wording("does", "do", f"better or worse just when the number of {what} moves")
    guard, frame = _flagged(ground, name, p, wording)
    periods = ground.study.period.plural
    said = f"(correlation {number(overall, 2)})"
    if abs(strength) > CLEAR and abs(overall) > TIED[0]:
        sentence = (
            f"{capitalised(periods)} with {'more' if overall > 0 else 'fewer'} {what} than usual are the better ones "
            f"{said}: ask whether who answers, or what is counted, depends on how well it went."
        )
        level: Level = "warn" if abs(overall) > TIED[1] else "look"
    else:
        sentence = f"Better {periods} are not those with more or fewer {what} {said}."
        sentence += f" {guard.sentence}" if len(frame) else ""
        level = guard.level if len(frame) else "fine"
    return Guard(name, level, sentence, abs(overall), TIED[0], guard.units), frame


def _flagged(ground: Ground, name: str, p: np.ndarray, wording: Wording) -> Found:
    """Units flagged by one check, each with a sentence, and the guard over all of them."""
    study, expected = ground.study, ground.expected
    total = int(np.isfinite(p).sum())
    if not total:
        why = f"there are too few periods, or too few {expected.outcome.exposure_label} in each"
        hidden = expected.grid.bounds is not None
        return not_checked(name, "small counts were hidden" if hidden else why), _nobody()
    what = wording.what.format(period=study.period.singular if study.period else "period")
    flagged = np.nan_to_num(benjamini_hochberg(p), nan=1.0) <= FALSE_SHARE
    chosen = pd.DataFrame({"unit": expected.grid.units[flagged], "check": name, "p_value": p[flagged]})
    frame = chosen.merge(ground.table[["unit", "label", "group"]], on="unit").sort_values("p_value", ignore_index=True)
    frame["sentence"] = [f"{label} {wording.one} {what}." for label in frame["label"]]
    count, judged = len(frame), f"{total:,} {study.unit.plural} judged"
    if not count:
        return Guard(name, "fine", f"None of {judged} {wording.one} {what}.", 0.0, 0.0), frame
    listed = int(frame["unit"].isin(set(ground.named["unit"])).sum())
    sentence = (
        f"{count} of {judged} {plural(count, wording.one, wording.many)} {what}, {listed} of them listed: ask how "
        "these figures come about."
    )
    level = "warn" if listed > MANY_NAMED * len(ground.named) else graded(count / total, 0.0, MANY)
    return Guard(name, level, sentence, count / total, 0.0, ground.labels(frame["unit"].to_numpy())), frame
