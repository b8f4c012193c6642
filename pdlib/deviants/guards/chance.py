"""Guards on chance: what lasts, how long a list may be, few units, heavy tails, names out of nothing."""

from __future__ import annotations

import numpy as np
import pandas as pd

from pdlib.deviants.guards.guard import Ground, Guard, Level, not_checked
from pdlib.expected import FEW_UNITS
from pdlib.show.formats import number, share
from pdlib.show.wording import listed
from pdlib.stats.panel import collapse
from pdlib.stats.posterior import shrink, top_probability
from pdlib.stats.reml import fit_reml
from pdlib.stats.tails import heavy_tails

RELIABLE = HALF = 0.5
FEWEST_UNITS = 10
STAYS = (0.8, 0.5)
EMPTY = 0.95
STRATA = 5


def fit(ground: Ground) -> Guard:
    """Whether the problem suits the method at all."""
    verdict, value = ground.expected.fit_verdict, ground.expected.reliability
    usual = f"About {share(value)} of the difference that a typical {ground.study.unit.singular} shows would last."
    if not ground.expected.tells_lasting:
        usual = "How much of the differences lasts cannot be told."
    reasons = " ".join(verdict.reasons[:-1])
    level = {"go": "fine", "caution": "look", "stop": "warn"}[verdict.level]
    return Guard("fit", level, f"{reasons} {usual}".strip(), value, RELIABLE)  # type: ignore[arg-type]


def precision(ground: Ground) -> tuple[Guard, pd.DataFrame]:
    """How much of a list of each length would be real: the running mean of p_top."""
    units = ground.study.unit.plural
    p = ground.table["p_top"].dropna().to_numpy()
    leading = max(1, int(ground.top * len(p)))
    length = np.arange(1, min(2 * leading, len(p)) + 1)
    right = np.cumsum(p)[: len(length)]
    frame = pd.DataFrame({"length": length, "expected_right": right, "precision": right / length})
    if ground.expected.fit.persistent_variance <= 0:
        why = "nothing lasts" if ground.expected.certainty.rung == "nothing lasts" else "what lasts cannot be told"
        return not_checked("list length", f"{why}, so no list of any length means anything"), frame
    value = float(frame["precision"].iloc[leading - 1])
    steps = sorted({max(1, leading // 4), max(1, leading // 2), leading})
    parts = [f"of the likeliest {n} about {right[n - 1]:.0f}" for n in steps]
    sentence = f"Not all {units} on a list are truly ahead: {listed(parts)} would be real."
    return Guard("list length", "fine" if value >= HALF else "look", sentence, value, HALF), frame


def few_units(ground: Ground) -> Guard:
    """Whether there are enough units to compare with; 30 and 10 are conventions."""
    count, units = len(ground.table), ground.study.unit.plural
    level = "warn" if count < FEWEST_UNITS else "look" if count < FEW_UNITS else "fine"
    words = {
        "warn": f"{count} {units} are too few to tell any of them apart.",
        "look": f"{count} {units} are few: nobody can be named with confidence.",
        "fine": f"{count:,} {units} are enough to compare with.",
    }
    return Guard("few units", level, words[level], float(count), float(FEW_UNITS))  # type: ignore[arg-type]


def tails(ground: Ground) -> tuple[Guard, pd.DataFrame]:
    """Who stays if a few units may lie far out, where the list assumes a normal spread."""
    fit_, named = ground.expected.fit, ground.named
    frame = named[["unit", "label", "group", "p_top"]].reset_index(drop=True)
    if fit_.persistent_variance <= 0 or not len(named):
        return not_checked("heavy tails", "nobody is listed"), frame.assign(p_top_heavy=np.nan, stays=False)
    rated, count = fit_.rated, len(fit_.effect)
    posterior, gain = heavy_tails(fit_.residual[rated], fit_.noise[rated], fit_.persistent_variance)
    p, effect, sd = np.full(count, np.nan), np.zeros(count), np.zeros(count)
    p[rated], effect[rated], sd[rated] = posterior.top_probability(ground.top), posterior.mean, posterior.sd
    rows, sure = ground.positions, len(ground.deviants.confident) > 0
    stays = (ground.confident(p, effect, sd) if sure else p >= 0.5)[rows]
    frame = frame.assign(p_top_heavy=p[rows], stays=stays)
    value, moved = float(stays.mean()), float((frame["p_top_heavy"] - frame["p_top"]).abs().mean())
    seen = " The data do show such tails." if gain > 6 else ""
    sentence = (
        f"If a few {ground.study.unit.plural} may lie far out, {int(stays.sum())} of {ground.who} would still be "
        f"listed; their chances move by {number(100 * moved, 0)} in 100 on average.{seen}"
    )
    level: Level = "fine" if value >= STAYS[0] else "look" if value >= STAYS[1] else "warn"
    return Guard(
        "heavy tails", level, sentence, value, STAYS[0], ground.labels(frame.loc[~stays, "unit"].to_numpy())
    ), frame


def shuffles(ground: Ground, count: int, seed: int) -> tuple[Guard, pd.DataFrame]:
    """Whom the rule names once nothing lasts: ups and downs are dealt out anew between units of alike size.

    What a period leaves of a unit's own level is dealt out in units of its own spread, so that luck stays as large as
    each unit's size makes it; what lasts is taken out, and spells of several periods are broken up. The expectation
    stays; periods, lasting variance and list are made again.
    """
    columns = ["shuffle", "n_confident", "tau2"]
    if ground.expected.silence:
        why = "nobody would be named from these data in any case"
    elif len(ground.expected.grid.seen) == 1:
        why = "a single period has no ups and downs to deal out"
    else:
        why = ""
    if why:
        return not_checked("shuffled data", why), pd.DataFrame(columns=columns)
    rng = np.random.default_rng(seed)
    rows = [[k, *_dealt_anew(ground, rng)] for k in range(1, count + 1)]
    frame = pd.DataFrame(rows, columns=columns)
    some = frame.loc[frame["n_confident"] > 0, "n_confident"]
    value = 1 - len(some) / count
    sentence = f"Of {count} shuffled copies of these data, in which nothing lasts, {count - len(some)} named nobody"
    if value >= EMPTY:
        return Guard("shuffled data", "fine", f"{sentence}: the list is not what chance makes.", value, EMPTY), frame
    ours = len(ground.deviants.confident)
    sentence = f"{sentence}; the others named {number(some.mean(), 1)} on average, where we name {ours or 'nobody'}"
    alike = some.max() >= ours
    sentence = f"{sentence}: chance alone {'can make a list like ours' if alike else 'makes names here, if fewer'}."
    return Guard("shuffled data", "warn" if alike else "look", sentence, value, EMPTY), frame


def _dealt_anew(ground: Ground, rng: np.random.Generator) -> tuple[int, float]:
    expected, fit_ = ground.expected, ground.expected.fit
    rest, s2 = ground.cells
    spread = np.sqrt(s2 + fit_.collapsed.transient_variance)
    dealt = _dealt(_ups_and_downs(rest, spread, rng), _strata(expected.grid.n.sum(axis=1)), rng) * spread
    collapsed = collapse(dealt, s2)
    reml = fit_reml(collapsed.value, collapsed.variance, np.ones((len(dealt), 1)), np.zeros(1, dtype=int))
    if reml.tau2 <= 0:
        return 0, 0.0
    effect, sd = shrink(reml.left_out_residual, reml.left_out_variance - reml.tau2, reml.tau2)
    p = np.full(len(effect), np.nan)
    p[fit_.rated] = top_probability(effect[fit_.rated], sd[fit_.rated], ground.top)[0]
    return int(ground.confident(p, effect, sd).sum()), float(reml.tau2)


def _ups_and_downs(rest: np.ndarray, spread: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """(N, P) by what each cell differs from its unit's own level, in units of its spread.

    A level follows its own cells, which makes the differences from it too small by a known factor; they are widened by
    it. A unit that was seen once has no difference from its level: there luck is drawn.
    """
    weight = np.where(np.isfinite(rest), spread**-2.0, 0.0)
    part = weight / np.maximum(weight.sum(axis=1, keepdims=True), 1e-300)
    level = np.nansum(part * rest, axis=1, keepdims=True)
    with np.errstate(divide="ignore", invalid="ignore"):
        own = (rest - level) / spread / np.sqrt(1 - part)
    return np.where(part < 1 - 1e-9, own, rng.standard_normal(rest.shape))


def _strata(exposure: np.ndarray) -> np.ndarray:
    """Five classes of units by size."""
    rank = np.argsort(np.argsort(exposure, kind="stable"), kind="stable")
    return rank * STRATA // len(exposure)


def _dealt(values: np.ndarray, strata: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Each column's observed values in a new order within each stratum."""
    dealt = np.full_like(values, np.nan)
    for column, source in zip(dealt.T, values.T, strict=True):
        seen = np.flatnonzero(np.isfinite(source))
        places, taken = (seen[np.lexsort((key, strata[seen]))] for key in (seen, rng.random(len(seen))))
        column[places] = source[taken]
    return dealt
