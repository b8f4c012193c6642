"""Several outcomes of the same units at once: what they share in merit, and what they share in luck."""

from __future__ import annotations

import numpy as np

from pdlib.stats.excess import FARTHEST, ExcessFit
from pdlib.stats.interval import within
from pdlib.stats.working import inverse_link, known_share, working_values

Array = np.ndarray
MOST = 0.95  # no two outcomes are taken for one


def working_cells(fit: ExcessFit, y: Array, n: Array, effect: Array | None = None) -> tuple[Array, Array]:
    """Working values of a fit's cells, oriented and less what changing context adds, and their sampling variances.

    Parameters
    ----------
    fit : ExcessFit
    y, n : (N, P) arrays
        As the fit was given them.
    effect : (N,) or (N, P) array, optional
        Shrunken excess around which outcomes are linearised; the fit's own by default.

    Returns
    -------
    z, s2 : (N, P) arrays
        NaN where nothing was observed.
    """
    seen = np.isfinite(y) & (n > 0)
    if fit.bounds is not None:
        seen |= np.isfinite(fit.bounds[0])
    item = 0.0 if np.isnan(fit.item_variance) else fit.item_variance
    z, s2 = working_values(
        fit.kind,
        np.where(seen, y, np.nan),
        np.where(seen, n, 1.0),
        _level(fit, effect),
        item,
        fit.bounds,
        fit.collapsed.transient_variance,
    )
    return np.where(seen, fit.sign * z - fit.drift, np.nan), np.where(seen, s2, np.nan)


def _level(fit: ExcessFit, effect: Array | None = None) -> Array:
    """(N, P) outcome that the fit expects of each cell, the unit's shrunken excess included."""
    own = fit.effect if effect is None else effect
    own = own[:, None] if own.ndim == 1 else own
    eta = (fit.features @ fit.reml.beta)[:, None] + own + fit.collapsed.period_effects + fit.drift
    eta = np.clip(eta, eta.mean() - FARTHEST, eta.mean() + FARTHEST) if fit.kind != "mean" else eta
    return inverse_link(fit.kind, fit.sign * eta)


def known_cells(fit: ExcessFit, n: Array, s2: Array, effect: Array | None = None) -> Array | None:
    """Share of each cell that is known, given what `working_cells` found; None where no count was hidden."""
    if fit.bounds is None:
        return None
    return known_share(fit.kind, n, _level(fit, effect), s2, fit.collapsed.transient_variance)


def filled(fit: ExcessFit, y: Array, n: Array) -> Array:
    """Outcomes with what is expected within its bounds where a count was hidden: for sums, never to be shown alone.

    Parameters
    ----------
    fit : ExcessFit
    y, n : (N, P) arrays
        As the fit was given them.

    Returns
    -------
    (N, P) array
        ``y`` itself where no count was hidden.
    """
    if fit.bounds is None or fit.kind == "mean":
        return y
    hidden = np.isfinite(fit.bounds[0])
    found = y.copy()
    size, mu, shocks = n[hidden], _level(fit)[hidden], fit.collapsed.transient_variance
    found[hidden] = within(fit.kind, fit.bounds[:, hidden], size, mu, shocks)[0] / size
    return found


def luck_correlation(left: list[Array], weights: list[Array]) -> Array:
    """Correlation of luck between outcomes, from what unit and period effects leave of the same cells.

    Parameters
    ----------
    left : list of (N, P) arrays
        What is left over in each outcome; anything where its weight is 0.
    weights : list of (N, P) arrays
        One over the noise variance of each cell, 0 where not observed.

    Returns
    -------
    (K, K) array
        Zero between outcomes that are never observed together.
    """
    found = np.eye(len(left))
    for j in range(len(left)):
        for k in range(j):
            both = (weights[j] > 0) & (weights[k] > 0)
            one, other = (np.sqrt(weights[i][both]) * left[i][both] for i in (j, k))
            size = float(np.sqrt((one @ one) * (other @ other)))
            found[j, k] = found[k, j] = np.clip(one @ other / size, -MOST, MOST) if size > 0 else 0.0
    return found


def merit_covariance(residual: Array, noise: Array, tau2: Array, luck: Array) -> Array:
    """Covariance of true effects between outcomes.

    Variances are those given; covariances are weighted means of r_j r_k less what shared luck adds to them, held within
    a correlation of .95 and made positive definite.

    Parameters
    ----------
    residual, noise : (N, K) arrays
        Leave-one-out excess and its noise variance.
    tau2 : (K,) array
        Variance of true effects, all above 0.
    luck : (K, K) array
        Correlation of noise.

    Returns
    -------
    (K, K) array

    References
    ----------
    Bulik-Sullivan et al. (2015), doi:10.1038/ng.3406, remove shared sampling noise from products in the same way.
    """
    total = noise + tau2
    count = len(tau2)
    shared = np.eye(count)
    for j in range(count):
        for k in range(j):
            weight = 1.0 / (total[:, j] * total[:, k])
            product = residual[:, j] * residual[:, k] - luck[j, k] * np.sqrt(noise[:, j] * noise[:, k])
            covariance = float((weight * product).sum() / weight.sum())
            shared[j, k] = shared[k, j] = np.clip(covariance / np.sqrt(tau2[j] * tau2[k]), -MOST, MOST)
    values, vectors = np.linalg.eigh(shared)
    near = vectors @ np.diag(np.maximum(values, 1 - MOST)) @ vectors.T
    scale = np.sqrt(tau2 / np.diag(near))
    return np.asarray(near * np.outer(scale, scale))


def joint_shrink(residual: Array, noise: Array, prior: Array) -> tuple[Array, Array]:
    """Posterior mean and covariance of several normal effects of each unit.

    With prior covariance T and noise covariance C_i: m_i = T (T + C_i)⁻¹ r_i, V_i = T − T (T + C_i)⁻¹ T.

    Parameters
    ----------
    residual : (N, K) array
    noise : (N, K, K) array
    prior : (K, K) array

    Returns
    -------
    mean : (N, K) array
    covariance : (N, K, K) array

    References
    ----------
    Efron & Morris (1972), doi:10.1093/biomet/59.2.335, for several means at once.
    """
    pull = np.linalg.solve(prior + noise, np.broadcast_to(prior, noise.shape)).swapaxes(1, 2)
    return np.einsum("ijk,ik->ij", pull, residual), prior - pull @ prior
