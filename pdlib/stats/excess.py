"""The whole estimate: working values, periods, expectation and leave-one-out excess, turned until they agree."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.optimize import nnls

from pdlib.stats.basis import Basis, fit_basis
from pdlib.stats.panel import Collapsed, collapse
from pdlib.stats.posterior import shrink
from pdlib.stats.reml import RemlFit, fit_reml
from pdlib.stats.working import Kind, inverse_link, working_values

Array = np.ndarray


@dataclass(frozen=True, eq=False)
class ExcessFit:
    """What each unit should reach and by how much it differs, on the working scale and oriented (more is better).

    Attributes
    ----------
    kind, sign : str, int
    basis : Basis
    features : (N, Q) array
        Of each unit; for context that changes, averaged with the weights of its periods.
    drift : (N, P) array
        Expected change of each cell against its unit's average, from context that changes (oriented).
    collapsed : Collapsed
    reml : RemlFit
    residual, noise : (N,) arrays
        Leave-one-out excess r and its noise variance c² (uncertainty of the expectation included).
    persistent_variance : float
        Variance that lasts: tau², or its declared share for a single period.
    effect, sd : (N,) arrays
        Shrunken excess and its posterior SD.
    rated : (N,) bool array
        False for a unit whose context nobody shares (1 − h < .05).
    item_variance : float
        Variance of a single item of a mean (NaN if not known or not needed).
    iterations : int
    """

    kind: Kind
    sign: int
    basis: Basis
    features: Array
    drift: Array
    collapsed: Collapsed
    reml: RemlFit
    residual: Array
    noise: Array
    persistent_variance: float
    effect: Array
    sd: Array
    rated: Array
    item_variance: float
    iterations: int

    @property
    def expected(self) -> Array:
        """(N,) expected unit value from a fit that has not seen the unit, oriented working scale."""
        return self.collapsed.value - self.residual

    def on_outcome_scale(self, unit_value: Array, n: Array) -> Array:
        """Outcome that a unit with this (oriented, working-scale) value would show over its own periods.

        Parameters
        ----------
        unit_value : (N,) array
        n : (N, P) array
            Exposure by which its periods are averaged; 0 where not observed.

        Returns
        -------
        (N,) array
        """
        eta = unit_value[:, None] + self.collapsed.period_effects + self.drift
        share = n / n.sum(axis=1, keepdims=True)
        return (share * inverse_link(self.kind, self.sign * eta)).sum(axis=1)


def fit_excess(
    kind: Kind,
    y: Array,
    n: Array,
    numeric: Array,
    categories: Array,
    *,
    sign: int = 1,
    item_variance: float | None = None,
    persistence: float | None = None,
    bends: bool = True,
    products: bool = True,
    most_rounds: int = 30,
) -> ExcessFit:
    """Estimate the leave-one-out excess of every unit.

    Parameters
    ----------
    kind : {"mean", "proportion", "rate"}
    y : (N, P) array
        Observed means, shares or rates; NaN where nothing was observed.
    n : (N, P) array
        Answers or exposure; 0 where nothing was observed.
    numeric : (N, C) or (N, P, C) array
        Numeric context of units, or of units and periods if it changes.
    categories : (N, D) int array
        Category context of units.
    sign : {1, -1}
        -1 if lower is better.
    item_variance : float, optional
        Variance of one item of a mean; estimated from how noise falls with n if None and n varies.
    persistence : float, optional
        Share of the unit variance that lasts, for a single period.
    bends, products : bool
        Off for few units: straight lines only.
    most_rounds : int
        Rounds of working values and fit; a mean needs few, and never more than this.

    Returns
    -------
    ExcessFit

    References
    ----------
    Lin et al. (2006), doi:10.1214/06-BA130, for the posterior; Wood (2017), doi:10.1201/9781315370279, for
    working values and penalised fits in turn.
    """
    seen = np.isfinite(y) & (n > 0)
    y = np.where(seen, y, np.nan)
    n = np.where(seen, n, 0.0)
    changing = numeric.ndim == 3
    average = _over_periods(numeric, seen.astype(float)) if changing else numeric
    basis = fit_basis(average, categories, bends=bends, products=products)
    if item_variance is None and kind == "mean":
        item_variance = _item_variance(y, n)
    mu = np.broadcast_to(_period_means(y, n), y.shape)
    drift = eta = np.broadcast_to(0.0, y.shape)
    features = basis.columns(average, categories)
    start: Array | None = None
    beta: Array | None = None
    turns = kind != "mean" or changing
    for rounds in range(1, most_rounds + 1):
        with np.errstate(divide="ignore", invalid="ignore"):
            z, s2 = working_values(kind, y, n, mu, item_variance or 0.0)
        collapsed = collapse(sign * z - drift, s2)
        if changing:
            features, drift = _changing(basis, numeric, categories, collapsed.weights, beta)
            collapsed = collapse(sign * z - drift, s2)
        reml = fit_reml(collapsed.value, collapsed.variance, features, basis.blocks, start=start)
        beta = reml.beta
        residual, noise, lasting = _left_out(reml, persistence if y.shape[1] == 1 else None)
        effect, sd = shrink(residual, noise, lasting)
        before, eta = eta, (features @ reml.beta + effect)[:, None] + collapsed.period_effects + drift
        mu = inverse_link(kind, sign * eta)
        start = np.log(np.maximum(np.concatenate([[reml.tau2], reml.block_variances]), 1e-12))
        if not turns or (rounds > 1 and _settled(before, eta, seen)):
            break
    rated = 1.0 - reml.leverage >= 0.05
    return ExcessFit(
        kind, sign, basis, features, drift, collapsed, reml, residual, noise, lasting, effect, sd, rated,
        float("nan") if item_variance is None else float(item_variance), rounds,
    )  # fmt: skip


def _left_out(reml: RemlFit, persistence: float | None) -> tuple[Array, Array, float]:
    lasting = reml.tau2 if persistence is None else persistence * reml.tau2
    open_ = np.maximum(1.0 - reml.leverage, 1e-9)
    return reml.residual / open_, reml.total / open_ - lasting, lasting


def _settled(before: Array, after: Array, seen: Array) -> bool:
    return bool(np.abs(after - before).max(initial=0.0, where=seen) < 1e-5)


def _period_means(y: Array, n: Array) -> Array:
    """Mean outcome of each period, pulled a little to the overall mean so that no period sits at 0 or 1."""
    filled = np.where(n > 0, y, 0.0)
    overall = (filled * n).sum() / n.sum()
    return ((filled * n).sum(axis=0) + overall) / (n.sum(axis=0) + 1.0)


def _over_periods(values: Array, weights: Array) -> Array:
    """Weighted mean over periods of an (N, P, C) array; NaN cells carry no weight."""
    w = np.where(np.isfinite(values), weights[:, :, None], 0.0)
    total = w.sum(axis=1)
    return (w * np.nan_to_num(values)).sum(axis=1) / np.where(total > 0, total, 1.0)


def _changing(
    basis: Basis, numeric: Array, categories: Array, weights: Array, beta: Array | None
) -> tuple[Array, Array]:
    """Weighted mean features of each unit, and each cell's expected distance from its unit's mean."""
    total = weights.sum(axis=1, keepdims=True)
    mean = _over_periods(numeric, weights)
    cells = np.where(np.isfinite(numeric), numeric, mean[:, None, :])
    features = np.zeros((len(numeric), len(basis.blocks)))
    drift = np.zeros(weights.shape)
    for p in range(weights.shape[1]):
        columns = basis.columns(cells[:, p], categories)
        features += columns * (weights[:, [p]] / total)
        if beta is not None:
            drift[:, p] = columns @ beta
    return features, drift - (drift * weights / total).sum(axis=1, keepdims=True)


def _item_variance(y: Array, n: Array) -> float:
    """Variance of one item where only period means are known: how squared residuals fall with n.

    The residuals of the two-way fit are regressed on (1, 1/n) with non-negative coefficients; without varying n all
    unexplained variance is left to the passing shocks.
    """
    seen = n > 0
    rough = collapse(y, np.where(seen, 0.0, np.inf), transient_variance=1.0)
    squared = (y - rough.value[:, None] - rough.period_effects)[seen] ** 2
    inverse = 1.0 / n[seen]
    if np.ptp(inverse) < 1e-12 * inverse.max():
        return 0.0
    weight = 1.0 / (inverse + inverse.mean())
    return float(nnls(np.column_stack([np.ones_like(inverse), inverse]) * weight[:, None], squared * weight)[0][1])
