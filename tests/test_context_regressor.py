"""The expectation model as scikit-learn knows it."""

import numpy as np
import pandas as pd
import pytest
from sklearn.compose import make_column_transformer
from sklearn.model_selection import cross_val_score
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder
from sklearn.utils.estimator_checks import parametrize_with_checks

from pdlib.expected import ContextRegressor
from pdlib.stats.reml import solve_given


# Scikit-learn's own checks of what an estimator must do; the array API is for estimators that say they follow it.
@parametrize_with_checks([ContextRegressor(), ContextRegressor(bends=False, products=False)])
def test_it_is_a_scikit_learn_estimator(estimator, check) -> None:
    if "array_api" in str(check):
        pytest.skip("follows NumPy, not the array API")
    check(estimator)


def made(units: int = 200, seed: int = 0) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    rng = np.random.default_rng(seed)
    X = rng.normal(size=(units, 3))
    noise = rng.uniform(0.05, 0.5, units)
    level = np.sin(1.5 * X[:, 0]) + 0.5 * X[:, 1] * X[:, 2]
    return X, level + 0.4 * rng.normal(size=units) + np.sqrt(noise) * rng.normal(size=units), noise


def test_left_out_residuals_are_those_of_a_refit() -> None:
    X, y, noise = made(80)
    model = ContextRegressor().fit(X, y, noise)
    features = model.basis_.columns(X, np.empty((80, 0), dtype=int))
    shrinkage = solve_given(y, noise, features, model.basis_.blocks, model.tau2_, model.block_variances_)
    assert model.coef_ == pytest.approx(shrinkage.beta, abs=1e-8)
    for i in (0, 17, 79):
        others = np.arange(80) != i
        without = solve_given(
            y[others], noise[others], features[others], model.basis_.blocks, model.tau2_, model.block_variances_
        )
        assert model.loo_residual_[i] == pytest.approx(y[i] - features[i] @ without.beta, abs=1e-8)
    assert ((model.leverage_ > 0) & (model.leverage_ < 1)).all()


def test_known_noise_is_told_apart_from_what_is_the_units_own() -> None:
    taus = [ContextRegressor().fit(*made(400, seed)).tau2_ for seed in range(8)]
    assert np.mean(taus) == pytest.approx(0.16, abs=0.04)
    X, y, noise = made(400)
    assert ContextRegressor().fit(X, y).tau2_ > ContextRegressor().fit(X, y, noise).tau2_ + 0.1


def test_curves_and_products_predict_better_than_lines() -> None:
    X, y, _ = made(300)
    smooth, lines = (
        cross_val_score(model, X, y, cv=5).mean()
        for model in (ContextRegressor(), ContextRegressor(bends=False, products=False))
    )
    assert smooth > lines + 0.15


def test_categories_come_through_an_encoder() -> None:
    X, y, _ = made(200)
    frame = pd.DataFrame({"footfall": X[:, 0], "setting": np.where(X[:, 1] > 0, "town", "country")})
    y = y + 2.0 * (frame["setting"] == "town")
    encoder = make_column_transformer((OneHotEncoder(drop="if_binary"), ["setting"]), remainder="passthrough")
    model = make_pipeline(encoder, ContextRegressor()).fit(frame, y)
    gap = model.predict(frame.assign(setting="town")) - model.predict(frame.assign(setting="country"))
    assert gap.mean() == pytest.approx(2.0, abs=0.4)


@pytest.mark.parametrize("noise", [0.0, -1.0, np.nan])
def test_noise_that_cannot_be(noise: float) -> None:
    X, y, _ = made(40)
    with pytest.raises(ValueError, match="Noise variances must be positive and finite"):
        ContextRegressor().fit(X, y, np.full(40, noise))
