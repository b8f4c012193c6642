"""Level and change of each unit between two spans, estimated together."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from pdlib.stats.excess import ExcessFit
from pdlib.stats.joint import joint_shrink, known_cells, working_cells
from pdlib.stats.panel import Collapsed, collapse
from pdlib.stats.reml import RemlFit, fit_reml
from pdlib.stats.serial import Spells, collapse_allowing, covariance, find_spells
from pdlib.stats.working import inverse_link

Array = np.ndarray
ROUNDS = 4


@dataclass(frozen=True, eq=False)
class ChangeFit:
    """Change of level between two spans, on the working scale and oriented (more is better).

    Attributes
    ----------
    seen : (N,) bool array
        Units observed in both spans; the arrays below have a row for each of these.
    residual, noise : arrays
        Change beyond that of others with the same means, leaving the unit out, and its noise variance.
    change, change_sd : arrays
        Change beyond that of others with the same means: posterior mean and SD.
    usual : array
        Expected level in the later span had the unit moved as others: context, its own lasting excess, their change.
    change_variance, level_variance : float
        Variance of true changes, and of true levels averaged over both spans.
    period_effects : (P,) array
    spells : Spells
        Serial correlation of shocks within spans.
    identified : bool
        False if no unit was seen often enough within a span to tell passing shocks.
    """

    seen: Array
    residual: Array
    noise: Array
    change: Array
    change_sd: Array
    usual: Array
    change_variance: float
    level_variance: float
    period_effects: Array
    spells: Spells
    identified: bool

    def on_outcome_scale(self, fit: ExcessFit, n: Array, late: Array, change: Array) -> Array:
        """Outcome over the later span of a unit that changed so much beyond others.

        Parameters
        ----------
        fit : ExcessFit
        n : (N, P) array
        late : (P,) bool array
        change : array
            Of each unit seen in both spans.

        Returns
        -------
        array
        """
        eta = (self.usual + change)[:, None] + (self.period_effects + fit.drift[self.seen])[:, late]
        share = n[self.seen][:, late]
        return (share / share.sum(axis=1, keepdims=True) * inverse_link(fit.kind, fit.sign * eta)).sum(axis=1)


def fit_change(fit: ExcessFit, y: Array, n: Array, early: Array, late: Array, seen: Array) -> ChangeFit:
    """Estimate each unit's change of level between two spans.

    The working values of each span collapse to a level a (later) and b (earlier) of their own. Their mean s = (a + b)/2
    and change d = a − b are each expected from the same context features by REML, leaving the unit out; true mean
    levels and true changes are independent a priori, which is the same as equal spread of levels in both spans. (Had
    the spread to be estimated for each, a difference between two estimates would make every good unit "rise".) The
    posterior uses both excesses with the covariance of their noise, (Var a − Var b)/2: a low start that was noisy
    counts as luck.

    Parameters
    ----------
    fit : ExcessFit
        Over both spans together.
    y, n : (N, P) arrays
        As the fit was given them.
    early, late : (P,) bool arrays
        Periods of the two spans.
    seen : (N,) bool array
        Units observed in both.

    Returns
    -------
    ChangeFit

    References
    ----------
    Blomqvist (1977), doi:10.1080/01621459.1977.10479937, on true change given a noisy start.
    """
    features, blocks, sparsity = fit.features[seen], fit.basis.blocks, fit.basis.sparsity
    count = int(seen.sum())
    spans = np.stack([early, late])
    effect = np.broadcast_to(fit.effect[:, None], y.shape).copy()
    for _ in range(ROUNDS if fit.kind != "mean" else 1):
        cells = working_cells(fit, y, n, effect)
        known = known_cells(fit, n, cells[1], effect)
        z, s2 = (every[seen] for every in cells)
        own = [np.where(span, z, np.nan) for span in spans]
        noise, stacked = np.vstack([s2, s2]), np.vstack(own)
        known = None if known is None else np.vstack([known[seen], known[seen]])
        spells = find_spells(stacked, noise, collapse(stacked, noise, known=known), known)
        collapsed = collapse_allowing(stacked, noise, spells, known=known)
        level, variance, shared = _levels(collapsed, spells, s2, count)
        mean, moved = (
            fit_reml(value, noise, features, blocks, sparsity=sparsity)
            for value, noise in (
                ((level[1] + level[0]) / 2, (variance[1] + variance[0] + 2 * shared) / 4),
                (level[1] - level[0], variance[1] + variance[0] - 2 * shared),
            )
        )
        residual, noisy = _left_out(mean, moved, (variance[1] - variance[0]) / 2)
        posterior, covariances = joint_shrink(residual, noisy, np.diag([mean.tau2, moved.tau2]))
        expected = [features @ part.beta for part in (mean, moved)]
        middle = expected[0] + posterior[:, 0]
        half = (expected[1] + posterior[:, 1]) / 2
        base = (fit.features[seen] @ fit.reml.beta)[:, None] + fit.collapsed.period_effects
        now = np.where(late, (middle + half)[:, None], (middle - half)[:, None]) + collapsed.period_effects
        effect[seen] = now - base
    sd = np.sqrt(np.maximum(covariances[:, 1, 1], 0.0))
    return ChangeFit(
        seen, residual[:, 1], noisy[:, 1, 1], posterior[:, 1], sd, middle + half - posterior[:, 1],
        moved.tau2, mean.tau2, collapsed.period_effects, spells, collapsed.identified,
    )  # fmt: skip


def _levels(collapsed: Collapsed, spells: Spells, s2: Array, count: int) -> tuple[Array, Array, Array]:
    """(2, n) level of each span and its noise variance, and the (n,) covariance of both where spells last."""
    level, variance = collapsed.value.reshape(2, count), collapsed.variance.reshape(2, count)
    if not spells.credible:
        return level, variance, np.zeros(count)
    means = (collapsed.weights / collapsed.weights.sum(axis=1, keepdims=True)).reshape(2, count, -1)
    return level, variance, covariance(spells, s2, means[0], means[1])


def _left_out(mean: RemlFit, moved: RemlFit, shared: Array) -> tuple[Array, Array]:
    """(n, 2) leave-one-out excess of level and change, and the (n, 2, 2) covariance of their noise."""
    parts = (mean, moved)
    left = [np.maximum(1.0 - part.leverage, 1e-9) for part in parts]
    residual = np.column_stack([part.residual / open_ for part, open_ in zip(parts, left, strict=True)])
    noise = np.empty((len(residual), 2, 2))
    for k, (part, open_) in enumerate(zip(parts, left, strict=True)):
        noise[:, k, k] = part.total / open_ - part.tau2
    # Shared noise stays a covariance that the two variances allow.
    most = 0.99 * np.sqrt(noise[:, 0, 0] * noise[:, 1, 1])
    noise[:, 0, 1] = noise[:, 1, 0] = np.clip(shared / np.sqrt(left[0] * left[1]), -most, most)
    return residual, noise
