"""What people do instead when they ask which practices matter."""

from __future__ import annotations

import numpy as np
import pandas as pd
from scipy.stats import false_discovery_control, mannwhitneyu, norm

from pdlib.deviants import Deviants
from pdlib.simulate.practices import SimulatedPractices

LEVEL = 0.10
FOLDS, IMPORTANT, SUBGROUPS = 5, 10, 20
Found = pd.Series  # by practice: whether it is found to go with better outcomes


def raw_top(simulated: SimulatedPractices) -> Found:
    """The top 10 % by raw outcome against the rest, a rank test per practice, Benjamini–Hochberg."""
    raw = simulated.units.set_index("unit")["value"]
    return _against_the_rest(simulated, raw.rank(ascending=False) <= round(0.1 * len(raw)))


def adjusted_top(simulated: SimulatedPractices, deviants: Deviants) -> Found:
    """The same with the top 10 % by the chance of being there, given the means."""
    chance = deviants.table.set_index("unit")["p_top"].fillna(0.0)
    return _against_the_rest(simulated, chance.rank(ascending=False, method="first") <= round(0.1 * len(chance)))


def _against_the_rest(simulated: SimulatedPractices, flag: pd.Series) -> Found:
    values = simulated.practices.set_index("unit")
    flagged = flag.reindex(values.index).to_numpy()
    p, better = [], []
    for name in values.columns:
        column = values[name].to_numpy(dtype=float)
        inside, outside = column[flagged & np.isfinite(column)], column[~flagged & np.isfinite(column)]
        test = mannwhitneyu(inside, outside, method="asymptotic")
        p.append(test.pvalue)
        better.append(test.statistic > len(inside) * len(outside) / 2)
    found = (false_discovery_control(p) <= LEVEL) & np.array(better)
    return pd.Series(found, index=values.columns)


def double_machine_learning(simulated: SimulatedPractices, deviants: Deviants) -> Found:
    """Cross-fitted partialling out (ridge on splines and products, five folds), robust z, Benjamini–Hochberg.

    References
    ----------
    Chernozhukov et al. (2018), doi:10.1111/ectj.12097.
    """
    from sklearn.linear_model import RidgeCV
    from sklearn.model_selection import KFold, cross_val_predict
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import PolynomialFeatures, SplineTransformer, StandardScaler

    expected = deviants.expected
    values = simulated.practices.set_index("unit").reindex(expected.grid.units)
    filled = values.fillna(values.mean())
    context = np.column_stack([expected.grid.usual, *expected.grid.level_shares])
    learner = make_pipeline(
        StandardScaler(),
        SplineTransformer(n_knots=4, extrapolation="linear"),
        PolynomialFeatures(2, interaction_only=True, include_bias=False),
        RidgeCV(np.logspace(-1, 4, 8), alpha_per_target=True),
    )
    folds = KFold(FOLDS, shuffle=True, random_state=0)
    target = np.column_stack([expected.fit.collapsed.value, filled.to_numpy()])
    left = target - cross_val_predict(learner, context, target, cv=folds)
    x = np.where(values.notna(), left[:, 1:], 0.0)
    size = (x**2).sum(axis=0)
    slope = left[:, 0] @ x / size
    spread = np.sqrt((x**2 * (left[:, [0]] - x * slope) ** 2).sum(axis=0)) / size
    found = (false_discovery_control(2 * norm.sf(np.abs(slope) / spread)) <= LEVEL) & (slope > 0)
    return pd.Series(found, index=values.columns)


def classifier(simulated: SimulatedPractices) -> Found:
    """The ten practices that a random forest finds most important for telling the raw top 10 % from the rest."""
    from sklearn.ensemble import RandomForestClassifier

    values = simulated.practices.set_index("unit")
    filled = values.fillna(values.median())
    raw = simulated.units.set_index("unit")["value"].reindex(values.index)
    top = raw.rank(ascending=False) <= round(0.1 * len(raw))
    forest = RandomForestClassifier(100, min_samples_leaf=3, random_state=0).fit(filled, top)
    importance = pd.Series(forest.feature_importances_, index=values.columns)
    return importance.rank(ascending=False, method="first") <= IMPORTANT


def subgroups(simulated: SimulatedPractices, deviants: Deviants) -> set[frozenset[str]]:
    """The twenty pairs of practices whose users lie highest above expected: mean excess times the root of their number.

    References
    ----------
    Atzmueller (2015), doi:10.1002/widm.1144.
    """
    values = simulated.practices.set_index("unit")
    excess = deviants.expected.table.set_index("unit")["excess"].reindex(values.index).to_numpy()
    does = (values > values.median()).to_numpy(dtype=float)
    number = does.T @ does
    lift = (does * (excess - excess.mean())[:, None]).T @ does / np.sqrt(np.maximum(number, 1))
    first, second = np.triu_indices(values.shape[1], 1)
    best = np.argsort(-np.where(number[first, second] >= 10, lift[first, second], -np.inf), kind="stable")[:SUBGROUPS]
    names = list(values.columns)
    return {frozenset((names[first[j]], names[second[j]])) for j in best}
