"""One value per unit on features: a random-effects fit by restricted maximum likelihood with known noise."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.linalg import cho_factor, cho_solve

from pdlib.stats.blocks import row_blocks

Array = np.ndarray
LARGE = 2_000
BINS = 64
GONE, MOST = -15.0, 8.0  # logs of variances, in squared spreads of z: what counts as nothing, and the largest
STEPS, HALVINGS, LONGEST = 100, 20, 3.0
ENOUGH = 1e-9  # gain of a step, in units of −2 log-likelihood, after which the search ends


@dataclass(frozen=True, eq=False)
class RemlFit:
    """A fit of z = F beta + unit effect + noise.

    Attributes
    ----------
    beta : (Q,) array
        Coefficients, the penalised ones shrunken.
    tau2 : float
        Variance of the unit effects.
    block_variances : (K,) array
        Variance of the coefficients of penalised block 1, 2, ... (0 where the block dropped out).
    inverse : (Q, Q) array
        Inverse of A = FᵀD⁻¹F + Λ; its diagonal blocks are the coefficients' uncertainty.
    total : (N,) array
        d = tau2 + v, variance of each value about its expectation.
    residual : (N,) array
        e = z − F beta.
    leverage : (N,) array
        h = fᵀA⁻¹f / d: how much a unit's own value pulls its expectation.
    unsettled : (N,) array
        Variance that the expectation has because the block variances are estimated; 0 where they were given.
    logs : (1 + K,) array
        Logs of (tau², block variances), as a start for a fit to values that lie near.
    """

    beta: Array
    tau2: float
    block_variances: Array
    inverse: Array
    total: Array
    residual: Array
    leverage: Array
    unsettled: Array
    logs: Array

    @property
    def left_out_residual(self) -> Array:
        """The residual e / (1 − h) from a fit that has not seen the unit, exact for given variances."""
        return self.residual / (1.0 - self.leverage)

    @property
    def left_out_variance(self) -> Array:
        """Its variance d / (1 − h), uncertainty of the expectation at given variances included."""
        return self.total / (1.0 - self.leverage)


def fit_reml(
    z: Array, v: Array, features: Array, blocks: Array, *, start: Array | None = None, sparsity: float = 0.0,
    rough: bool = False, unit_effects: bool = True,
) -> RemlFit:  # fmt: skip
    """Fit unit values on features with known noise variances; penalised blocks are random effects.

    Minimises  Σ log d + log|A| + Σ_k q_k log σ_k² + zᵀD⁻¹z − bᵀA⁻¹b + 2λ Σ_k σ_k  over (τ², σ_1², ...), where
    d = τ² + v, A = FᵀD⁻¹F + Λ, b = FᵀD⁻¹z and Λ holds 1/σ_k² on the columns of block k and 0 on the free ones, by
    scoring with the expected information. λ = 0 is plain REML; otherwise each σ_k has an exponential prior of rate λ,
    counted in spreads of z, which sends the many blocks that say nothing to nothing. Above 2,000 units the search runs
    on cross-products gathered over 64 narrow classes of v; the returned fit is always computed from every unit.

    Parameters
    ----------
    z, v : (N,) arrays
        Values and their noise variances (> 0).
    features : (N, Q) array
    blocks : (Q,) int array
        0 for free columns, 1, 2, ... for penalised blocks.
    start : (1 + K,) array, optional
        Logs of (tau², block variances) to start from.
    sparsity : float
        The rate λ.
    rough : bool
        Coefficients as the search left them, no leverage and nothing unsettled (all 0): enough on the way to a fit.
    unit_effects : bool
        Off where values differ from what features say by noise alone (τ² = 0).

    Returns
    -------
    RemlFit

    References
    ----------
    Harville (1977), doi:10.1080/01621459.1977.10480998; Wood (2017), Generalized Additive Models, section 6.2,
    doi:10.1201/9781315370279, for penalised bends as random effects; Simpson et al. (2017), doi:10.1214/16-STS576, for
    the prior; Kackar & Harville (1984), doi:10.1080/01621459.1984.10477102, for what estimated variances add.
    """
    spread = np.average((z - np.average(z, weights=1 / v)) ** 2, weights=1 / v)
    unit = float(np.sqrt(max(spread, 0.1 * v.min())))  # equal values differ by rounding only, which is no scale
    count = int(blocks.max(initial=0))
    sizes = np.array([(blocks == k + 1).sum() for k in range(count)])
    usable = _usable(features, blocks)
    features = features if usable.all() else features[:, usable]
    kept = blocks[usable]
    free = features[:, kept == 0]
    # The criterion does not see what free columns explain; taking it out first keeps digits where values are large.
    taken = np.linalg.solve(free.T @ free, free.T @ z)
    rest = z - free @ taken
    data = _gather(rest / unit, v / unit**2, features)
    first = np.concatenate([[np.log(0.3)], np.full(count, np.log(0.05))])
    start = first if start is None else np.clip(start - 2 * np.log(unit), -4.0, 6.0)
    if not unit_effects:
        start[0] = GONE
    at, information = _search(start, data, kept, count, sparsity, held=not unit_effects)
    logs = at.logs
    variances = np.exp(logs) * unit**2
    tau2 = float(variances[0]) if logs[0] > GONE + 0.1 else 0.0
    shares = np.where((logs[1:] < GONE + 0.1) | (sizes == 0), 0.0, variances[1:])
    logs = np.log(variances)
    beta, inverse = np.zeros(len(blocks)), np.zeros((len(blocks), len(blocks)))
    if rough:
        beta[usable] = at.beta * unit
        beta[np.flatnonzero(usable)[kept == 0]] += taken
        nothing = np.zeros(len(z))
        return RemlFit(beta, tau2, shares, inverse, tau2 + v, z - features @ beta[usable], nothing, nothing, logs)
    fit = solve_given(z, v, features, kept, tau2, shares)
    beta[usable] = fit.beta
    inverse[np.ix_(usable, usable)] = fit.inverse
    unsettled = _unsettled(fit, features, kept, information)
    return RemlFit(beta, tau2, shares, inverse, fit.total, fit.residual, fit.leverage, unsettled, logs)


def solve_given(z: Array, v: Array, features: Array, blocks: Array, tau2: float, block_variances: Array) -> RemlFit:
    """The same fit at variances that are given.

    Parameters
    ----------
    z, v, features, blocks
        As in `fit_reml`.
    tau2 : float
    block_variances : (K,) array

    Returns
    -------
    RemlFit
    """
    total = tau2 + v
    normal = np.diag(_ridge(blocks, block_variances))
    right = features.T @ (z / total)
    for rows in row_blocks(len(z)):
        normal += features[rows].T @ (features[rows] / total[rows, None])
    factor = _factor(normal)
    beta = cho_solve(factor, right)
    inverse = cho_solve(factor, np.eye(len(normal)))
    leverage = np.empty(len(z))
    for rows in row_blocks(len(z)):
        leverage[rows] = np.einsum("ij,ij->i", features[rows] @ inverse, features[rows]) / total[rows]
    shares = np.asarray(block_variances)
    logs = np.log(np.maximum(np.append(tau2, shares), 1e-300))
    return RemlFit(beta, tau2, shares, inverse, total, z - features @ beta, leverage, np.zeros(len(z)), logs)


def _unsettled(fit: RemlFit, features: Array, blocks: Array, information: Array) -> Array:
    """(N,) what the uncertainty of the block variances adds to that of the expectation.

    β = A⁻¹b moves with log σ_k² by A⁻¹Λ_kβ, and the logs have the covariance 2 × the inverse information.
    """
    alive = np.flatnonzero(fit.block_variances > 0)
    if not len(alive):
        return np.zeros(len(features))
    among = np.append(0, 1 + alive)
    covariance = 2 * np.linalg.inv(information[np.ix_(among, among)])[1:, 1:]
    pull = (blocks[:, None] == 1 + alive) / fit.block_variances[alive] * fit.beta[:, None]
    moves = fit.inverse @ pull @ np.linalg.cholesky(covariance)
    found = np.empty(len(features))
    for rows in row_blocks(len(features)):
        moved = features[rows] @ moves
        found[rows] = np.einsum("ij,ij->i", moved, moved)
    return found


def _usable(features: Array, blocks: Array) -> Array:
    """Which columns say something: not all zero and, among the free ones, not spanned by those before them."""
    size = np.sqrt(np.einsum("ij,ij->j", features, features))
    usable = size > 0
    free = np.flatnonzero(usable & (blocks == 0))
    pivots = np.diag(np.asarray(np.linalg.qr(features[:, free] / size[free], mode="r")))
    usable[free[len(pivots) :]] = False
    usable[free[: len(pivots)]] = np.abs(pivots) > 1e-7
    return usable


def _ridge(blocks: Array, variances: Array) -> Array:
    inverse = np.concatenate([[0.0], 1.0 / np.maximum(variances, 1e-300)])
    return np.minimum(inverse, 1e200)[blocks]


def _factor(normal: Array) -> tuple[Array, bool]:
    """Cholesky factor; a free column that others already span gets a hair of ridge instead of failing."""
    try:
        return cho_factor(normal)
    except np.linalg.LinAlgError:
        return cho_factor(normal + np.diag(1e-9 * np.diag(normal) + 1e-12))


@dataclass(frozen=True, eq=False)
class _Gathered:
    """Cross-products per class of noise variance: all that the criterion needs of the units."""

    v: Array  # (B,)
    count: Array  # (B,)
    zz: Array  # (B,)
    fz: Array  # (B, Q)
    ff: Array  # (B, Q, Q) for classes of many units, or the features themselves (N, Q) where each unit is its own class


def _gather(z: Array, v: Array, features: Array) -> _Gathered:
    if len(z) <= LARGE:
        return _Gathered(v, np.ones(len(z)), z**2, features * z[:, None], features)
    order = np.argsort(v, kind="stable")
    logs = np.log(v[order])
    edges = np.searchsorted(logs, np.linspace(logs[0], logs[-1], BINS + 1)[1:-1])
    parts = [part for part in np.split(order, edges) if len(part)]
    sums = [_cross_products(z, features, part) for part in parts]
    return _Gathered(
        np.array([np.exp(np.log(v[part]).mean()) for part in parts]),
        np.array([float(len(part)) for part in parts]),
        np.array([z[part] @ z[part] for part in parts]),
        np.stack([fz for fz, _ in sums]),
        np.stack([ff for _, ff in sums]),
    )


def _cross_products(z: Array, features: Array, part: Array) -> tuple[Array, Array]:
    fz, ff = np.zeros(features.shape[1]), np.zeros((features.shape[1],) * 2)
    for rows in row_blocks(len(part)):
        own = features[part[rows]]
        fz += own.T @ z[part[rows]]
        ff += own.T @ own
    return fz, ff


@dataclass(frozen=True, eq=False)
class _Point:
    """The criterion at some logs of variances, its gradient, and what the information is made of."""

    logs: Array
    value: float
    gradient: Array
    variances: Array
    beta: Array
    plain: Array
    inverse: Array


def _weighted(weights: Array, data: _Gathered) -> Array:
    """(Q, Q) cross-products of the features under weights of the classes."""
    if data.ff.ndim == 2:
        return np.asarray((data.ff * weights[:, None]).T @ data.ff)
    return np.tensordot(weights, data.ff, axes=1)


def _criterion(logs: Array, data: _Gathered, blocks: Array, count: int, sparsity: float) -> _Point:
    variances = np.exp(logs)
    w = 1.0 / (variances[0] + data.v)
    plain = _weighted(w, data)
    factor = _factor(plain + np.diag(_ridge(blocks, variances[1:])))
    right = w @ data.fz
    beta = cho_solve(factor, right)
    inverse = cho_solve(factor, np.eye(len(right)))
    sizes = np.bincount(blocks, minlength=count + 1)[1:]
    pull = sparsity * np.sqrt(variances[1:])
    value = (
        data.count @ -np.log(w) + 2 * np.log(np.diag(factor[0])).sum() + sizes @ logs[1:] + w @ data.zz - right @ beta
        + 2 * pull.sum()
    )  # fmt: skip
    if data.ff.ndim == 2:
        spread = np.einsum("ij,ij->i", data.ff @ inverse, data.ff)
        squared = data.zz - 2 * data.fz @ beta + (data.ff @ beta) ** 2
    else:
        spread = np.einsum("bij,ij->b", data.ff, inverse)
        squared = data.zz - 2 * data.fz @ beta + np.einsum("bij,i,j->b", data.ff, beta, beta)
    by_tau = w @ data.count - (w**2) @ (spread + squared)
    own = np.bincount(blocks, weights=np.diag(inverse) + beta**2, minlength=count + 1)[1:]
    gradient = np.concatenate([[by_tau * variances[0]], sizes - own / variances[1:] + pull])
    return _Point(logs, float(value), gradient, variances, beta, plain, inverse)


def _information(at: _Point, data: _Gathered, blocks: Array, count: int, sparsity: float) -> Array:
    """(1 + K, 1 + K) expected second derivatives by the logs: tr(P V_j P V_k) with P the projection of REML."""
    w = 1.0 / (at.variances[0] + data.v)
    twice, thrice = (_weighted(w**power, data) for power in (2, 3))
    left = at.plain @ at.inverse
    within = at.plain - left @ at.plain  # FᵀPF
    across = twice - left @ twice
    across -= across @ left.T  # FᵀPPF
    member = (blocks[:, None] == np.arange(1, count + 1)).astype(float)
    found = np.empty((1 + count, 1 + count))
    both = at.inverse @ twice
    found[0, 0] = w**2 @ data.count - 2 * np.vdot(at.inverse, thrice) + np.vdot(both, both.T)
    found[0, 1:] = found[1:, 0] = np.diag(across) @ member
    found[1:, 1:] = member.T @ within**2 @ member
    found *= np.outer(at.variances, at.variances)
    found[np.diag_indices(1 + count)] += np.concatenate([[0.0], sparsity / 2 * np.sqrt(at.variances[1:])])
    return found


def _search(
    logs: Array, data: _Gathered, blocks: Array, count: int, sparsity: float, *, held: bool = False
) -> tuple[_Point, Array]:
    """Where the criterion is least, and the information there: damped scoring between `GONE` and `MOST`.

    τ² stays where it is if it is held.
    """
    at, gained = _criterion(np.clip(logs, GONE, MOST), data, blocks, count, sparsity), np.inf
    for _ in range(STEPS):
        information = _information(at, data, blocks, count, sparsity)
        if gained < ENOUGH:
            break
        tries = (np.clip(at.logs + _step(at, information, held=held) / 2**k, GONE, MOST) for k in range(HALVINGS))
        points = (_criterion(tried, data, blocks, count, sparsity) for tried in tries)
        lower = next((there for there in points if there.value <= at.value), at)
        at, gained = lower, at.value - lower.value
    return at, information


def _step(at: _Point, information: Array, *, held: bool) -> Array:
    """A step of scoring for the logs that are free to move.

    Where a variance is nearly nothing the information is too, and would send its log, and others with it, astray.
    """
    free = ~((at.logs <= GONE) & (at.gradient > 0) | (at.logs >= MOST) & (at.gradient < 0))
    free[0] &= not held
    slope, bend = at.gradient[free], information[np.ix_(free, free)]
    least = np.maximum(np.abs(slope) / LONGEST, 1e-12)
    bend[np.diag_indices(len(bend))] = (1 + 1e-9) * np.maximum(np.diag(bend), least)
    step = np.zeros(len(free))
    step[free] = -np.linalg.solve(bend, slope)
    return step / max(1.0, np.abs(step).max() / LONGEST)
