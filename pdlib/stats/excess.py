"""The whole estimate: working values, periods, expectation and leave-one-out excess, turned until they agree."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from scipy.optimize import nnls

from pdlib.stats.basis import KNOT_QUANTILES, Basis, fit_basis
from pdlib.stats.blocks import row_blocks
from pdlib.stats.moving import follow, slopes_within, unit_means, without_gaps
from pdlib.stats.panel import Collapsed, collapse, spare_cells
from pdlib.stats.posterior import shrink
from pdlib.stats.reml import RemlFit, fit_reml
from pdlib.stats.serial import NO_SPELLS, Spells, collapse_allowing, find_spells
from pdlib.stats.working import Kind, inverse_link, known_share, link, working_values

Array = np.ndarray
SETTLED, NEARLY = 1e-5, 1e-3  # a move of the farthest cell that ends the search; one that does if it no longer halves
LONGEST_STEP = 2.0
NEGLIGIBLE = 1e-6  # share of the variance that stands for noise where its size is not known and all of it is left open
FARTHEST = 12.0  # on the logit or log scale: odds or rates a hundred thousand times those of the period


@dataclass(frozen=True, eq=False)
class Challenge:
    """How a challenger of the spline fit fared.

    Attributes
    ----------
    name : str
        The challenger's class.
    share : float
        Its share of the blend that predicts left-out units best.
    gain : float
        Share by which the blend lowers the squared error of left-out units.
    chosen : bool
        Whether the blend is used.
    to_learn : float
        Error variance that more units would still take away (delta squared); counted as noise.
    unit_variance : float
        Variance of the unit effects about the blend (tau squared). NaN, as `to_learn`, if the spline fit stays.
    """

    name: str
    share: float
    gain: float
    chosen: bool
    to_learn: float = float("nan")
    unit_variance: float = float("nan")


@dataclass(frozen=True, eq=False)
class ExcessFit:
    """What each unit should reach and by how much it differs, on the working scale and oriented (more is better).

    Attributes
    ----------
    kind, sign : str, int
    basis : Basis
    features : (N, Q) array
        Of each unit; for context that moves, the mean of its periods' features, each period counting once.
    drift : (N, P) array
        Expected change of each cell against its unit's mean (oriented), beyond what all units share: from context that
        moves, by slopes within units, and from the unit's group where groups move each in their own way.
    collapsed : Collapsed
    reml : RemlFit
    residual, noise : (N,) arrays
        Leave-one-out excess r and its noise variance c² (uncertainty of the expectation included).
    persistent_variance : float
        Variance that lasts: tau², or its declared share where units were seen once. Where neither that share nor the
        noise of a mean is known it is 0, and all of tau² is counted as noise.
    effect, sd : (N,) arrays
        Shrunken excess and its posterior SD.
    rated : (N,) bool array
        False for a unit whose context nobody shares (1 − h < .05).
    item_variance : float
        Variance of a single item of a mean (NaN if not known or not needed).
    iterations : int
    challenge : Challenge, optional
        How a challenger fared, if one was tried; if it was chosen, the excess is held against the blend.
    spells : Spells
        How long what befalls a unit lasts; where credible, the noise allows for it.
    bounds : (2, N, P) array, optional
        Lowest and highest count of cells whose count was hidden, NaN for all others.
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
    challenge: Challenge | None = None
    spells: Spells = NO_SPELLS
    bounds: Array | None = None

    @property
    def unit_variance(self) -> float:
        """Variance of the unit effects about the expectation that is used (tau squared)."""
        told = self.challenge
        return told.unit_variance if told is not None and told.chosen else self.reml.tau2

    @property
    def spline_expected(self) -> Array:
        """(N,) what the spline fit alone expects, oriented working scale; `expected` unless a blend is used."""
        return self.collapsed.value - self.reml.residual / np.maximum(1.0 - self.reml.leverage, 1e-9)

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
    knot_quantiles: tuple[float, ...] = KNOT_QUANTILES,
    groups: Array | None = None,
    bounds: Array | None = None,
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
        Numeric context of units, or of units and periods if it moves: then unit means tell what units should reach, and
        what goes with moves about them within units, which may differ, is taken out of the periods. NaN where not known
        of a unit: the median stands in, and the variance of what the condition is worth to units that know it is added
        to the unit's noise.
    categories : (N, D) or (N, P, D) int array
        Category context of units, or of units and periods if it moves: then the shares of periods stand for the means.
    sign : {1, -1}
        -1 if lower is better.
    item_variance : float, optional
        Variance of one item of a mean; estimated from how noise falls with n if None, n varies and units were seen more
        than once.
    persistence : float, optional
        Share of the unit variance that lasts, where units were seen once.
    bends, products : bool
        Off for few units: straight lines only.
    knot_quantiles : tuple of float
        Where the bends' knots stand.
    groups : (N,) int array, optional
        Groups of units that move over the periods each in their own way.
    bounds : (2, N, P) array, optional
        Lowest and highest count of cells whose count was hidden for being small: ``y`` is NaN there, ``n`` is known.
        Such a cell is what lies between its bounds, with as much weight as they leave it.
    most_rounds : int
        Rounds of working values and fit; a mean needs few, and never more than this.

    Returns
    -------
    ExcessFit

    References
    ----------
    Lin et al. (2006), doi:10.1214/06-BA130, for the posterior; Wood (2017), doi:10.1201/9781315370279, for
    working values and penalised fits in turn; Bell, Fairbrother & Jones (2019), doi:10.1007/s11135-018-0802-x, for
    slopes between and within units.
    """
    seen = np.isfinite(y) & (n > 0)
    if bounds is not None:
        bounds = np.where(np.isnan(y) & (n > 0), bounds, np.nan)
        seen |= np.isfinite(bounds[0])
    if not seen.all():
        y, n = np.where(seen, y, np.nan), np.where(seen, n, 0.0)
    changing = numeric.ndim == 3 or categories.ndim == 3
    average = unit_means(numeric, seen, groups)
    basis = fit_basis(average, categories, bends=bends, products=products, knot_quantiles=knot_quantiles)
    once = spare_cells(seen, groups) < 1
    if item_variance is None and kind == "mean":
        item_variance = float("nan") if once else _item_variance(y, n)
    means = _period_means(y if bounds is None else _begun(y, n, bounds), n)
    drift = np.broadcast_to(0.0, y.shape)
    eta = np.broadcast_to(sign * link(kind, means), y.shape)
    moving = follow(basis, without_gaps(numeric, seen, groups), categories, seen, groups) if changing else None
    features = moving.features if moving else basis.columns(average, categories)
    start: Array | None = None
    beta: Array | None = None
    logs: Array | None = None
    spent = 0.0
    spells = NO_SPELLS
    lacking = np.isnan(average)
    turns = kind != "mean" or changing or bool(lacking.any())
    moved = np.inf
    near: float | None = None
    noise_known = kind != "mean" or not once or (item_variance or 0.0) > 0
    items = np.nan_to_num(item_variance or 0.0) if noise_known else NEGLIGIBLE * float(y.var(where=seen))
    kept = persistence if once and persistence is not None else float(noise_known)
    for rounds in range(1, most_rounds + 1):
        z, s2, known = _working(kind, y, n, eta, means, items, sign, bounds, near or 0.0)
        collapsed = collapse_allowing(_less(z, drift), s2, spells, groups, near=near, spent=spent, known=known)
        if moving:
            slopes = slopes_within(moving, z, collapsed.weights, groups, start=logs)
            drift, spent, logs = slopes.drift, slopes.spent, slopes.logs
            collapsed = collapse_allowing(_less(z, drift), s2, spells, groups, near=near, spent=spent, known=known)
        near = collapsed.transient_variance
        if beta is not None and lacking.any():
            unknown = _unknown_variance(basis, features, beta, lacking)
            collapsed = replace(collapsed, variance=collapsed.variance + unknown)
        settled = not turns
        if turns:
            reml = fit_reml(
                collapsed.value, collapsed.variance, features, basis.blocks, start=start, sparsity=basis.sparsity,
                rough=True,
            )  # fmt: skip
            beta, start = reml.beta, reml.logs
            # The shrunken excess B r is the BLUP τ² e / d, which needs no leverage.
            level = (features @ beta + kept * reml.tau2 * reml.residual / reml.total)[:, None] + drift
            level += collapsed.period_effects
            moved, before = _farthest(level, eta, seen), moved
            settled = rounds > 1 and (moved < SETTLED or before / 2 < moved < NEARLY)
            # A cell far out may swing to and fro: half a step where a whole one would hardly be nearer than the last.
            # And no step is longer than working values can be trusted from where they were made.
            step = np.clip(level - eta, -LONGEST_STEP, LONGEST_STEP)
            eta = eta + (step / 2 if moved > 0.8 * before else step)
        if (settled or rounds == most_rounds // 2) and spells is NO_SPELLS:
            spells = find_spells(_less(z, drift), s2, collapsed, known)
            settled &= not spells.credible  # otherwise once more, with the noise that lasting spells imply
        if settled:
            break
    reml = fit_reml(collapsed.value, collapsed.variance, features, basis.blocks, start=start, sparsity=basis.sparsity)
    residual, noise, lasting = _left_out(reml, kept)
    effect, sd = shrink(residual, noise, lasting)
    if groups is not None:
        common = collapsed.period_effects.mean(axis=0)
        drift, collapsed = drift + collapsed.period_effects - common, replace(collapsed, period_effects=common)
    if not noise_known:
        collapsed = replace(collapsed, weights=seen / float(reml.total.mean()))
    rated = 1.0 - reml.leverage >= 0.05
    return ExcessFit(
        kind, sign, basis, features, drift, collapsed, reml, residual, noise, lasting, effect, sd, rated,
        float("nan") if item_variance is None else float(item_variance), rounds, spells=spells, bounds=bounds,
    )  # fmt: skip


def _unknown_variance(basis: Basis, features: Array, beta: Array, lacking: Array) -> Array:
    """(N,) what conditions that are not known of a unit may be worth: their variance over the units that know them."""
    found = np.zeros(len(features))
    for c in np.flatnonzero(lacking.any(axis=0) & ~lacking.all(axis=0)):
        mine = np.array([c in owners for owners in basis.owners])
        found[lacking[:, c]] += float((features[np.ix_(~lacking[:, c], mine)] @ beta[mine]).var())
    return found


def _left_out(reml: RemlFit, kept: float) -> tuple[Array, Array, float]:
    lasting = kept * reml.tau2
    open_ = np.maximum(1.0 - reml.leverage, 1e-9)
    return reml.residual / open_, reml.total / open_ + reml.unsettled - lasting, lasting


def _working(
    kind: Kind,
    y: Array,
    n: Array,
    eta: Array,
    means: Array,
    item_variance: float,
    sign: int,
    bounds: Array | None,
    shocks: float,
) -> tuple[Array, Array, Array | None]:
    """Working values, oriented, and their sampling variances, block by block so that little is made on the way.

    Where counts were hidden, also the share of each cell that is known.
    """
    z, s2, known = np.empty(y.shape), np.empty(y.shape), None if bounds is None else np.empty(y.shape)
    with np.errstate(divide="ignore", invalid="ignore"):
        for rows in row_blocks(len(y)):
            near = _near(kind, sign * eta[rows], means)
            own = None if bounds is None else bounds[:, rows]
            z[rows], s2[rows] = working_values(kind, y[rows], n[rows], near, item_variance, own, shocks)
            if known is not None:
                known[rows] = known_share(kind, n[rows], near, s2[rows], shocks)
    if sign < 0:
        np.negative(z, out=z)
    return z, s2, known


def _less(z: Array, drift: Array) -> Array:
    return z - drift if drift.any() else z


def _farthest(level: Array, eta: Array, seen: Array) -> float:
    """How far the cell that moved most has moved."""
    blocks = (np.abs(level[rows] - eta[rows]).max(initial=0.0, where=seen[rows]) for rows in row_blocks(len(level)))
    return float(max(blocks))


def _near(kind: Kind, eta: Array, means: Array) -> Array:
    """Outcome at ``eta``, held where working values stay finite even if nearly every cell is at nothing or all."""
    if kind == "mean":
        return eta
    middle = link(kind, means)
    return inverse_link(kind, np.clip(eta, middle - FARTHEST, middle + FARTHEST))


def _begun(y: Array, n: Array, bounds: Array) -> Array:
    """Outcomes from which the search begins: where a count was hidden, the middle, which the first round gives up."""
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.where(np.isfinite(bounds[0]), bounds.mean(axis=0) / n, y)


def _period_means(y: Array, n: Array) -> Array:
    """Mean outcome of each period, pulled a little to the overall mean so that no period sits at 0 or 1."""
    filled = np.where(n > 0, y, 0.0)
    overall = ((filled * n).sum() + 0.5) / (n.sum() + 1.0)
    return ((filled * n).sum(axis=0) + overall) / (n.sum(axis=0) + 1.0)


def _item_variance(y: Array, n: Array) -> float:
    """Variance of one item where only period means are known: how squared residuals fall with n.

    A residual about its unit's mean over P periods has variance (1 − 2/P) v + Σ v / P², with v = ω² + σ²/n; squared
    residuals of the two-way fit are regressed on both parts with non-negative coefficients. Without varying n all
    unexplained variance is left to the passing shocks.
    """
    seen = n > 0
    rough = collapse(y, np.where(seen, 0.0, np.inf), transient_variance=1.0)
    squared = (y - rough.value[:, None] - rough.period_effects)[seen] ** 2
    inverse = np.divide(1.0, n, out=np.zeros(n.shape), where=seen)
    if np.ptp(inverse[seen]) < 1e-12 * inverse.max():
        return 0.0
    periods = seen.sum(axis=1, keepdims=True)
    passing = np.broadcast_to(1 - 1 / periods, n.shape)[seen]
    items = ((1 - 2 / periods) * inverse + inverse.sum(axis=1, keepdims=True) / periods**2)[seen]
    weight = 1.0 / (items + items.mean())
    return float(nnls(np.column_stack([passing, items]) * weight[:, None], squared * weight)[0][1])
