"""The expectation model as a scikit-learn estimator; loads scikit-learn, so it is imported only where it is used."""

from __future__ import annotations

from typing import Any

import numpy as np
from sklearn.base import BaseEstimator, RegressorMixin
from sklearn.utils.validation import check_is_fitted, validate_data

from pdlib.stats.basis import fit_basis
from pdlib.stats.reml import fit_reml
from pdlib.stats.threads import single_threaded

Array = np.ndarray


class ContextRegressor(RegressorMixin, BaseEstimator):
    """Expect a value per unit from its context: straight lines, smooth bends and pairwise products, fitted by REML.

    How much the curves may bend and how much the products may count is estimated, together with the variance of what is
    the units' own. Columns are numeric; categories come as 0/1 columns, from scikit-learn's ``OneHotEncoder``, say.

    Parameters
    ----------
    bends, products : bool
        Without both, straight lines remain.

    Attributes
    ----------
    loo_residual_ : (N,) array
        Value minus the prediction of a fit that leaves the unit out, exact for the variances found.
    leverage_ : (N,) array
        How much a unit's own value pulls its prediction.
    tau2_ : float
        Variance of what is the units' own, beyond their noise.
    block_variances_ : (K,) array
        Variances of the coefficients of bends and of products.
    basis_ : Basis
        From context to features.
    coef_ : (Q,) array
        Of the features.
    n_features_in_ : int

    Notes
    -----
    Values differ from the curves by what is the units' own (variance ``tau2_``) and by noise whose variance is told to
    ``fit``. Where it is not, all variance about the curves counts as the units' own.

    References
    ----------
    Wood (2017), Generalized Additive Models, section 6.2, doi:10.1201/9781315370279.

    Examples
    --------
    >>> import numpy as np
    >>> from pdlib.expected import ContextRegressor
    >>> footfall = np.linspace(0, 3, 60)[:, None]
    >>> model = ContextRegressor().fit(footfall, np.sin(footfall[:, 0]))
    >>> bool(np.abs(model.predict([[1.5]]) - np.sin(1.5)) < 0.02)
    True
    """

    def __init__(self, *, bends: bool = True, products: bool = True) -> None:
        self.bends = bends
        self.products = products

    @single_threaded
    def fit(self, X: Any, y: Any, noise: Any = None) -> ContextRegressor:
        """Fit the expectation.

        Parameters
        ----------
        X : (N, C) array
            Numeric context.
        y : (N,) array
            Values.
        noise : (N,) array, optional
            Noise variance of each value.

        Returns
        -------
        ContextRegressor

        Raises
        ------
        ValueError
            If a noise variance is not positive.
        """
        X, y = validate_data(self, X, y, dtype=np.float64, y_numeric=True, ensure_min_samples=2)
        y = y.astype(float)
        no_categories = np.empty((len(X), 0), dtype=int)
        self.basis_ = fit_basis(X, no_categories, bends=self.bends, products=self.products)
        features = self.basis_.columns(X, no_categories)
        fit = fit_reml(y, _variances(noise, y), features, self.basis_.blocks, sparsity=self.basis_.sparsity)
        self.coef_, self.tau2_ = fit.beta, fit.tau2
        self.block_variances_ = fit.block_variances
        self.leverage_ = fit.leverage
        self.loo_residual_ = fit.residual / np.maximum(1.0 - fit.leverage, 1e-9)
        return self

    def predict(self, X: Any) -> Array:
        """Expected values.

        Parameters
        ----------
        X : (M, C) array

        Returns
        -------
        (M,) array
        """
        check_is_fitted(self)
        X = validate_data(self, X, dtype=np.float64, reset=False)
        return self.basis_.columns(X, np.empty((len(X), 0), dtype=int)) @ self.coef_


def _variances(noise: Any, y: Array) -> Array:
    """Noise variances as told; without any, next to nothing, so that the rest is the units' own."""
    if noise is None:
        return np.full(len(y), max(1e-6 * float(y.var()), 1e-12 * float(y.mean()) ** 2, 1e-100))
    told = np.broadcast_to(np.asarray(noise, dtype=float), y.shape)
    if not (np.isfinite(told).all() and (told > 0).all()):
        raise ValueError("Noise variances must be positive and finite.")
    return told
