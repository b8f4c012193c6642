"""Cross-fitted R²."""

import numpy as np
import pytest

from pdlib.stats.foretold import foretold_share


def test_noise_foretells_nothing_however_many_features():
    rng = np.random.default_rng(1)
    found = [foretold_share(rng.standard_normal((100, 60)), rng.standard_normal(100)) for _ in range(30)]
    assert np.mean(found) < 0.03
    assert max(found) < 0.15


def test_a_half_explained_response_is_about_half_foretold():
    rng = np.random.default_rng(2)
    x = rng.standard_normal((2000, 5))
    share = foretold_share(x, x[:, 0] + rng.standard_normal(2000))
    assert share == pytest.approx(0.5, abs=0.05)


def test_leaving_units_out_is_the_same_as_refitting_without_each():
    rng = np.random.default_rng(3)
    x = rng.standard_normal((40, 3))
    y = x @ [1.0, -0.5, 0.0] + 0.01 * rng.standard_normal(40)
    away = []
    for k in range(40):
        keep = np.arange(40) != k
        design = np.column_stack([np.ones(39), x[keep]])
        away.append(y[k] - np.r_[1, x[k]] @ np.linalg.lstsq(design, y[keep], rcond=None)[0])
    press = np.sum(np.square(away)) / np.sum(np.square((y - y.mean()) / (1 - 1 / 40)))
    assert foretold_share(x, y) == pytest.approx(1 - press, abs=1e-3)


def test_missing_answers_are_left_out_and_too_few_give_no_number():
    rng = np.random.default_rng(4)
    x = rng.standard_normal((60, 2))
    y = np.where(np.arange(60) < 50, x[:, 0], np.nan)
    assert foretold_share(x, y) == pytest.approx(foretold_share(x[:50], y[:50]))
    assert np.isnan(foretold_share(x[:9], y[:9]))
    assert np.isnan(foretold_share(x, np.ones(60)))
    assert foretold_share(np.zeros((60, 2)), y) == 0.0
