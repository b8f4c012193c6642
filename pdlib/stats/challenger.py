"""A second opinion on the expectation: a learner that follows steps and combinations which no smooth curve follows.

Whatever learner is given never predicts a unit from that unit's own value: it is fitted in folds of units. Its left-out
predictions are blended with those of the spline fit, and the blend is used only if it predicts left-out units clearly
better. What a learner would still gain from more units is counted as noise, not as merit.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from threadpoolctl import threadpool_limits

from pdlib.stats.excess import Challenge, ExcessFit
from pdlib.stats.moving import level_shares, unit_means
from pdlib.stats.posterior import shrink
from pdlib.stats.reml import fit_reml, solve_given

Array = np.ndarray
FEWEST = 100
FOLDS, TURNS, HALVINGS = 10, 2, 3
CLEAR = 2.0  # standard errors by which the blend must predict better
MOST_ROWS = 20_000
GROWTH = 2 * (FOLDS - 1) / FOLDS  # units a fold's fit learns from, over those that a half's fit learns from
MISSED = 1 / 6  # of what the blend found in the context and the spline fit did not, so much may have been missed
PACE = 0.7  # the error that is left falls with the number of units to this power


def boosted_trees() -> Any:
    """The default challenger: 120 small boosted trees of four leaves.

    Returns
    -------
    HistGradientBoostingRegressor

    References
    ----------
    Friedman (2001), doi:10.1214/aos/1013203451.
    """
    from sklearn.ensemble import HistGradientBoostingRegressor

    return HistGradientBoostingRegressor(
        max_iter=120, max_leaf_nodes=4, learning_rate=0.08, max_bins=64, early_stopping=False, random_state=0
    )


def challenger_inputs(numeric: Array, categories: Array, seen: Array, groups: Array | None = None) -> Array:
    """Context as a learner reads it: numeric values as they are, categories as one column a level.

    Parameters
    ----------
    numeric : (N, C) or (N, P, C) array
        Of what moves within units the unit means; where it is not known the median stands in, and one more column says
        so.
    categories : (N, D) or (N, P, D) int array
        Of what moves the shares of periods.
    seen : (N, P) bool array
    groups : (N,) int array, optional
        Groups of units that move over the periods each in their own way.

    Returns
    -------
    (N, Q) array
    """
    numeric = unit_means(numeric, seen, groups)
    missing = np.isnan(numeric)
    lacking = missing.any(axis=0)
    if lacking.any():  # not every learner takes NaN
        known = np.where(missing.all(axis=0), 0.0, numeric)
        numeric = np.column_stack([np.where(missing, np.nanmedian(known, axis=0), numeric), missing[:, lacking]])
    return np.column_stack([numeric, *level_shares(categories, seen)])


@dataclass(frozen=True, eq=False)
class _Units:
    """What both predictors learn from, in an order that does not depend on how the units came in."""

    fit: ExcessFit
    rows: Array
    value: Array
    variance: Array
    features: Array
    inputs: Array
    weight: Array

    @classmethod
    def of(cls, fit: ExcessFit, inputs: Array) -> _Units:
        value, variance = fit.collapsed.value, fit.collapsed.variance
        rows = np.lexsort((variance, value, *inputs.T[::-1]))
        weight = 1.0 / (fit.reml.tau2 + variance[rows])
        return cls(fit, rows, value[rows], variance[rows], fit.features[rows], inputs[rows], weight)

    def spline(self, train: Array, test: Array) -> Array:
        """The spline fit to some units, at the variances found with all of them, for others."""
        reml = self.fit.reml
        blocks = self.fit.basis.blocks
        free = np.ones(len(blocks), dtype=bool)
        free[blocks > 0] = reml.block_variances[blocks[blocks > 0] - 1] > 0
        free &= np.abs(reml.beta) > 0
        part = self.features[np.ix_(train, free)]
        known = solve_given(
            self.value[train], self.variance[train], part, blocks[free], reml.tau2, reml.block_variances
        )
        return self.features[np.ix_(test, free)] @ known.beta

    def learner(self, regressor: Any, train: Array, test: Array) -> Array:
        """The challenger fitted to some units for others."""
        from sklearn.base import clone
        from sklearn.utils.validation import has_fit_parameter

        fresh = clone(regressor)
        extra = {"sample_weight": self.weight[train]} if has_fit_parameter(fresh, "sample_weight") else {}
        fresh.fit(self.inputs[train], self.value[train], **extra)
        return np.asarray(fresh.predict(self.inputs[test]), dtype=float).reshape(len(test))

    def left_out(self, regressor: Any, folds: int, most: float, rng: np.random.Generator) -> tuple[Array, Array]:
        """Predictions of spline and challenger for each unit, from the folds that it is not in."""
        spline, learner = np.empty(len(self.value)), np.empty(len(self.value))
        fold = rng.permutation(np.arange(len(self.value)) % folds)
        for k in range(folds):
            train, test = np.flatnonzero(fold != k), np.flatnonzero(fold == k)
            if len(train) > most:
                train = np.sort(rng.choice(train, int(most), replace=False))
            spline[test] = self.spline(train, test)
            learner[test] = self.learner(regressor, train, test)
        return spline, learner


def challenge(fit: ExcessFit, inputs: Array, regressor: Any = None, *, seed: int = 0) -> ExcessFit:
    """Let a challenger try to predict left-out units better than the spline fit; blend the two if it clearly does.

    The challenger is fitted in 10 folds of units with weights 1/(τ² + v). Its share of the blend minimises the weighted
    squared error of left-out units, between 0 and 1. The blend is used if it lowers that error by more than two
    standard errors; then the folds are drawn a second time and averaged, τ² is estimated by REML on the blend's
    residuals, and what the blend would still gain from more units,

        δ² = (error from half of the units − error from nine tenths) / (1.8^0.7 − 1), between 0 and τ²,

    is taken from τ² and added to the noise. A learning curve flattens where a learner is at its limits though not at
    the truth: where less than a sixth of the variance that the blend found in the context is left (a convention), it
    may be context that was missed, and nothing counts as lasting. Above
    20,000 units each fold learns from 20,000 units drawn at random.

    Folds are drawn once the units are sorted by context and value, so neither the order nor the names of units matter.
    Proportions and rates are challenged on the working values of the converged spline fit.

    Parameters
    ----------
    fit : ExcessFit
    inputs : (N, Q) array
        Context as the challenger reads it, from `challenger_inputs`.
    regressor : scikit-learn regressor, optional
        Boosted trees by default. It is cloned and never changed.
    seed : int
        Draws the folds, and stands in for a regressor's own ``random_state`` if that is None.

    Returns
    -------
    ExcessFit
        With ``challenge``, which says how it went. If the blend is used, ``residual``, ``noise``,
        ``persistent_variance``, ``effect`` and ``sd`` are those of the blend; ``reml`` remains the spline fit.

    References
    ----------
    Breiman (1996), Stacked regressions, doi:10.1007/BF00117832; van der Laan, Polley & Hubbard (2007),
    doi:10.2202/1544-6115.1309; Viering & Loog (2023), The shape of learning curves, doi:10.1109/TPAMI.2022.3220744.
    """
    regressor = _seeded(boosted_trees() if regressor is None else regressor, seed)
    units, rng = _Units.of(fit, inputs), np.random.default_rng(seed)
    spline, name = fit.expected[units.rows], type(regressor).__name__
    with threadpool_limits(limits=1):
        turns = [units.left_out(regressor, FOLDS, MOST_ROWS, rng)]
        share = _share(units.value - spline, turns[0][1] - spline, units.weight)
        gain, clear = _gain(units, spline, spline + share * (turns[0][1] - spline))
        if not clear:
            return replace(fit, challenge=Challenge(name, share, gain, chosen=False))
        turns += [units.left_out(regressor, FOLDS, MOST_ROWS, rng) for _ in range(TURNS - 1)]
        most = min(MOST_ROWS, (FOLDS - 1) / FOLDS * len(spline)) / GROWTH
        halves = [units.left_out(regressor, 2, np.ceil(most), rng) for _ in range(HALVINGS)]
    learner = np.mean([own for _, own in turns], axis=0)
    share = _share(units.value - spline, learner - spline, units.weight)
    blend = spline + share * (learner - spline)
    gain, _ = _gain(units, spline, blend)
    errors = [
        np.mean([_error(units.value - a - share * (b - a), units.weight) for a, b in some]) for some in (halves, turns)
    ]
    to_learn = float(errors[0] - errors[1]) / (GROWTH**PACE - 1)
    return _blended(fit, units, blend, to_learn, Challenge(name, share, gain, chosen=True))


def _seeded(regressor: Any, seed: int) -> Any:
    """The regressor, made to answer the same each time."""
    from sklearn.base import clone

    fresh = clone(regressor)
    if "random_state" in fresh.get_params(deep=False) and fresh.get_params(deep=False)["random_state"] is None:
        fresh.set_params(random_state=seed)
    return fresh


def _share(left: Array, move: Array, weight: Array) -> float:
    """Share of a move that fits best what is left, between 0 and 1."""
    left, move = left - np.average(left, weights=weight), move - np.average(move, weights=weight)
    size = float(weight @ move**2)
    return float(np.clip(weight @ (move * left) / size, 0.0, 1.0)) if size > 0 else 0.0


def _gain(units: _Units, spline: Array, blend: Array) -> tuple[float, bool]:
    """By which share the weighted squared error falls, and whether by more than two standard errors."""
    before = units.weight * (units.value - spline) ** 2
    fall = before - units.weight * (units.value - blend) ** 2
    clear = fall.mean() > CLEAR * fall.std(ddof=1) / np.sqrt(len(fall))
    return float(fall.mean() / before.mean()), bool(clear)


def _error(left: Array, weight: Array) -> float:
    left = left - np.average(left, weights=weight)
    return float(np.average(left**2, weights=weight))


def _blended(fit: ExcessFit, units: _Units, blend: Array, to_learn: float, told: Challenge) -> ExcessFit:
    count = len(blend)
    residual = np.empty(count)
    residual[units.rows] = units.value - blend
    variance = fit.collapsed.variance
    tau2 = fit_reml(residual, variance, np.ones((count, 1)), np.zeros(1, dtype=int)).tau2
    to_learn = float(np.clip(to_learn, 0.0, tau2))
    if tau2 - to_learn < MISSED * (fit.reml.tau2 - tau2):
        to_learn = tau2
    unit_variance = tau2 - to_learn
    kept = fit.persistent_variance / fit.reml.tau2 if fit.reml.tau2 > 0 else 1.0
    lasting = kept * unit_variance
    noise = variance + to_learn + (unit_variance - lasting)
    effect, sd = shrink(residual, noise, lasting)
    told = replace(told, to_learn=to_learn, unit_variance=unit_variance)
    return replace(
        fit, residual=residual, noise=noise, persistent_variance=lasting, effect=effect, sd=sd, challenge=told
    )
