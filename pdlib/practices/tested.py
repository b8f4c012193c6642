"""The family as it is tested: which units over which periods, their context, and every practice's contrast."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from pdlib.expected import Expected
from pdlib.expected.grid import Grid
from pdlib.observations import Observations
from pdlib.observations.reader import ALONE
from pdlib.observations.waves import in_order
from pdlib.show.wording import capitalised, in_words, plural
from pdlib.stats.basis import fit_basis
from pdlib.stats.contrast import Adjusted, adjusted_contrasts
from pdlib.stats.family import Chances, benjamini_hochberg, placebos, romano_wolf
from pdlib.stats.joint import working_cells
from pdlib.stats.moving import follow
from pdlib.stats.steps import left_by_steps

LEVEL = 0.10
TOWARD = 0.8  # of the level goes to better outcomes, which are looked for, the rest to worse ones
RERUNS, PLACEBOS = 5, 20
UNITS_A_COLUMN = 5
LEFT_BY_BENDS, LEFT_BY_STEPS, TOLD = 0.02, 0.05, 0.5  # shares of a practice's variance that the context leaves
KNOTS = {4: (0.05, 0.35, 0.65, 0.95), 3: (0.1, 0.5, 0.9)}


@dataclass(frozen=True, eq=False)
class Used:
    """What a comparison may look at, the rest being kept back to confirm on.

    Attributes
    ----------
    units : (N,) bool array
        In the order of the grid.
    periods : (P,) bool array
    waves : list of str
        Of the practices table, in the order of time where they are periods.
    """

    units: np.ndarray
    periods: np.ndarray
    waves: list[str]


def what_is_used(observations: Observations, expected: Expected) -> Used:
    """Everything but what the study keeps back; a unit that cannot be rated is left out too."""
    grid, confirm = expected.grid, observations.study.confirm
    units = expected.fit.rated.copy()
    periods = np.ones(len(grid.periods), dtype=bool)
    place = {period: p for p, period in enumerate(grid.periods)}
    waves = in_order(observations.practices["wave"].unique(), observations.study.practices.order)
    waves = sorted(waves, key=lambda wave: place.get(wave, -1))
    if "kept_back" in observations.units:
        units &= ~observations.units["kept_back"].reindex(grid.units).to_numpy(dtype=bool)
    if confirm and confirm.start:
        start = observations.period(confirm.start)  # which may be without outcomes
        times = observations.calendar.key(pd.Series([*grid.periods, start]))
        later = int((times.iloc[:-1] < times.iloc[-1]).sum())
        waves = [wave for wave in waves if place.get(wave, -1) < later]
        if confirm.periods_from:
            periods[later:] = False
            units &= ((grid.n > 0) & periods).any(axis=1)
    return Used(units, periods, waves)


@dataclass(frozen=True, eq=False)
class Tested:
    """A family of practices, tested together.

    Attributes
    ----------
    units : Index
        Units compared.
    response, weights : arrays
        Unshrunken value of each unit (working scale, oriented), and its precision.
    context : (N, Q) array
        Features, the constant first.
    owners : list of tuple of int
        Conditions that each feature belongs to.
    level : (N,) array
        What the means of each unit explain, to order units by how favourable they are.
    clusters : (N,) int array or None
    values : DataFrame
        Units by practices tested.
    contrasts : Adjusted
    chances : Chances
    notes : list of str
    """

    units: pd.Index
    response: np.ndarray
    weights: np.ndarray
    context: np.ndarray
    owners: list[tuple[int, ...]]
    level: np.ndarray
    clusters: np.ndarray | None
    values: pd.DataFrame
    contrasts: Adjusted
    chances: Chances
    notes: list[str]

    @property
    def p_value(self) -> np.ndarray:
        """Of each practice alone; a t distribution flatters few clusters, there turned signs tell."""
        return self.contrasts.p_value if self.clusters is None else self.chances.alone

    @property
    def third(self) -> np.ndarray:
        """(N,) 0, 1 or 2: the third of units by how favourable their means are, the poorest first."""
        order = np.argsort(np.argsort(self.level, kind="stable"), kind="stable")
        return order * 3 // max(len(order), 1)

    @property
    def stepped_down(self) -> tuple[np.ndarray, np.ndarray]:
        """P-values over the whole family of going with better, and with worse, outcomes; together two-sided."""
        better, worse = self.chances.better / TOWARD, self.chances.worse / (1 - TOWARD)
        return np.minimum(better, 1.0), np.minimum(worse, 1.0)

    def reruns(self, seed: int) -> np.ndarray:
        """(K,) in how many of five re-runs, each without a fifth of the units, a practice stands out for the better."""
        groups = np.arange(len(self.units)) if self.clusters is None else self.clusters
        fold = np.random.default_rng(seed).permutation(int(groups.max()) + 1)[groups] % RERUNS
        found = np.zeros(self.values.shape[1], dtype=int)
        for left_out in range(RERUNS):
            rows = fold != left_out
            clusters = None if self.clusters is None else np.unique(self.clusters[rows], return_inverse=True)[1]
            again = adjusted_contrasts(
                self.response[rows], self.weights[rows], self.context[rows], self.values.to_numpy()[rows], clusters
            )
            found += (np.nan_to_num(benjamini_hochberg(again.p_value), nan=1.0) <= LEVEL) & (again.estimate > 0)
        return found

    def placebos(self, seed: int) -> int:
        """In how many of twenty copies with practices shuffled among units of like means any practice stands out."""
        return placebos(self.contrasts, self.chances.bar, self.third, self.clusters, shuffles=PLACEBOS, seed=seed)


def contrast_all(
    observations: Observations, expected: Expected, used: Used, values: pd.DataFrame, *, draws: int, seed: int
) -> Tested:
    """Contrast practices as one family, context taken out of both sides.

    Parameters
    ----------
    observations : Observations
    expected : Expected
    used : Used
    values : DataFrame
        All units of the grid by the practices that can be tested.
    draws, seed : int
        Of the step-down test.

    Returns
    -------
    Tested
    """
    rows, units = used.units, expected.grid.units[used.units]
    value, variance = _unit_values(expected, used)
    weights = 1.0 / (expected.fit.reml.tau2 + variance)
    context, owners, notes = _context(expected, rows)
    clusters, more = _clusters(observations, units)
    chosen = values.loc[units]
    contrasts = adjusted_contrasts(value[rows], weights[rows], context, chosen.to_numpy(dtype=float), clusters)
    chances = romano_wolf(contrasts, draws=draws, seed=seed, level=LEVEL * TOWARD)
    return Tested(
        units, value[rows], weights[rows], context, owners, expected.fit.expected[rows], clusters, chosen, contrasts,
        chances, [*notes, *more],
    )  # fmt: skip


def _clusters(observations: Observations, units: pd.Index) -> tuple[np.ndarray | None, list[str]]:
    """Codes of the groups whose units are not independent, None without groups; and what is to be said of them."""
    if "nested_in" not in observations.units:
        return None, []
    unit, own = observations.study.unit, observations.units["nested_in"].reindex(units)
    codes, levels = pd.factorize(own)
    if len(levels) < 2:
        return None, [f"All {unit.plural} have the same {unit.nested_in}: they count as independent."]
    notes, alone = [], int(own.str.startswith(ALONE).sum())
    if alone:
        each = plural(alone, f"{unit.singular} has", f"{unit.plural} have")
        notes.append(f"{capitalised(in_words(alone))} {each} no {unit.nested_in}: each counts as a group of its own.")
    if 0.5 ** len(levels) > LEVEL * TOWARD:
        few = f"{in_words(len(levels))} groups of {unit.plural} ({unit.nested_in}) are too few"
        notes.append(f"{capitalised(few)} for any practice to stand out.")
    return codes, notes


def _unit_values(expected: Expected, used: Used) -> tuple[np.ndarray, np.ndarray]:
    """Unshrunken value of each unit over the periods used, and its noise variance."""
    collapsed = expected.fit.collapsed
    if used.periods.all():
        return collapsed.value, collapsed.variance
    z, _ = working_cells(expected.fit, expected.grid.y, expected.grid.n)
    weights = np.where(used.periods, collapsed.weights, 0.0)
    left = np.where(weights > 0, z - collapsed.period_effects, 0.0)
    total = np.maximum(weights.sum(axis=1), 1e-300)
    return (weights * left).sum(axis=1) / total, 1.0 / total


def settled_by_context(tested: Tested, grid: Grid, used: Used) -> np.ndarray:
    """(K,) whether the context leaves next to nothing of what units do: as smooth bends, or as a step or two.

    Bends leave a fifth or so of a practice that is a step of a condition; what the outcome gains at that step would
    then pass for the practice's. Steps are looked for only where bends tell half of who does it.
    """
    left = tested.contrasts.left_share
    conditions = np.column_stack([grid.usual, *grid.level_shares]).astype(float)[used.units]
    values = tested.values.to_numpy(dtype=float)
    stepped = [share < TOLD and left_by_steps(column, conditions) < LEFT_BY_STEPS
               for share, column in zip(left, values.T, strict=True)]  # fmt: skip
    return (left < LEFT_BY_BENDS) | np.array(stepped, dtype=bool)


def _context(expected: Expected, rows: np.ndarray) -> tuple[np.ndarray, list[tuple[int, ...]], list[str]]:
    """Context as free features: as rich as the number of units allows, fewer knots first, then no products.

    Where a challenger is in use, its part is one more feature: of practices that follow steps in the context, half as
    many are then mistaken for ones that matter (design "teams" of tests/validation, 1,200 units).
    """
    grid, count = expected.grid, int(rows.sum())
    numeric, categories = grid.averages[rows], grid.categories[rows]
    for knots, products in ((4, True), (3, True), (4, False), (3, False), (0, False)):
        basis = fit_basis(numeric, categories, bends=knots > 0, products=products, knot_quantiles=KNOTS.get(knots, ()))
        if len(basis.blocks) <= count / UNITS_A_COLUMN:
            break
    features, owners = follow(basis, numeric, categories, grid.n[rows] > 0).features, list(basis.owners)
    told = expected.fit.challenge
    if told is not None and told.chosen:
        # Steps that the smooth context does not follow: what the challenger adds for units that it has not seen.
        features = np.column_stack([features, (expected.fit.expected - expected.fit.spline_expected)[rows]])
        owners.append(())
    if products:
        return features, owners, []
    few = f"{count} units are few for {len(grid.conditions)} conditions: their context is removed in a simpler form."
    return features, owners, [few]
