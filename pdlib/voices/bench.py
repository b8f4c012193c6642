"""What every test of what is said needs of the units: value, weight, context, who leads, who is like whom."""

from __future__ import annotations

from functools import cached_property

import numpy as np
import pandas as pd

from pdlib.deviants import Deviants
from pdlib.expected import Expected
from pdlib.observations import Observations
from pdlib.stats.basis import fit_basis
from pdlib.stats.moving import follow

PEERS = 10
KNOTS = ((0.05, 0.35, 0.65, 0.95), (0.1, 0.5, 0.9))


class Bench:
    """The units as arrays, in the order of the expectation's grid.

    Parameters
    ----------
    observations : Observations
    deviants : Deviants
    """

    def __init__(self, observations: Observations, deviants: Deviants) -> None:
        fit = deviants.expected.fit
        self.observations, self.deviants, self.rated = observations, deviants, fit.rated
        self.units = pd.Index(deviants.expected.grid.units)
        self.language = observations.study.voices.language if observations.study.voices else ""
        spread = np.sqrt(fit.unit_variance) if fit.unit_variance > 0 else float(np.std(fit.residual))
        self.response = np.where(fit.rated, fit.collapsed.value / max(spread, 1e-12), 0.0)
        self.weights = np.where(fit.rated, 1.0 / (fit.reml.tau2 + fit.collapsed.variance), 0.0)
        nested = observations.units.get("nested_in")
        self.clusters = None if nested is None else pd.factorize(nested.reindex(self.units))[0]
        chosen = [*deviants.units("confident"), *deviants.units("likely")]
        self.leading = self.units.isin([*chosen, *deviants.units("watch")])
        self.deviating = self.units.isin(chosen)

    @cached_property
    def peers(self) -> np.ndarray:
        """How often each ordinary unit is among the ten nearest of a deviant."""
        weight = np.zeros(len(self.units))
        chosen = list(self.units[self.deviating])
        ordinary = [*self.deviants.units("rest"), *self.deviants.units("watch")]
        if chosen and ordinary:
            nearest = np.argsort(self.deviants.distance(chosen, ordinary), axis=1, kind="stable")[:, :PEERS]
            weight[self.units.get_indexer(pd.Index(ordinary))] = np.bincount(nearest.ravel(), minlength=len(ordinary))
        return weight

    def rows(self, comments: pd.DataFrame) -> np.ndarray:
        """Row of each comment's unit; -1 for a unit that was not rated."""
        place = self.units.get_indexer(pd.Index(comments["unit"].cat.categories))
        place = np.where((place >= 0) & self.rated[place], place, -1)
        return place[comments["unit"].cat.codes.to_numpy()]


def context_features(expected: Expected, count: int) -> np.ndarray:
    """Context as free features, as rich as so many units allow: fewer knots first, then no products, then no bends."""
    grid = expected.grid
    for quantiles, products in ((KNOTS[0], True), (KNOTS[1], True), (KNOTS[0], False), (KNOTS[1], False), ((), False)):
        basis = fit_basis(
            grid.usual, grid.categories, bends=bool(quantiles), products=products, knot_quantiles=quantiles
        )
        if len(basis.blocks) <= count / 5:
            break
    return follow(basis, grid.usual, grid.categories, grid.n > 0).features
