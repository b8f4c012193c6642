"""Features: natural splines by hand, and a recipe that is the same for everyone."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pdlib.stats.basis import KNOT_QUANTILES, fit_basis, natural_spline

NO_CATEGORIES = np.empty((200, 0), dtype=int)


@pytest.fixture
def numeric() -> np.ndarray:
    rng = np.random.default_rng(3)
    return np.column_stack([rng.normal(size=200), rng.exponential(size=200), rng.uniform(-1, 5, 200)])


def test_natural_spline_by_hand() -> None:
    # Knots 0, 1, 2: x³₊ − 2 (x−1)³₊ + (x−2)³₊, over (2 − 0)².
    values = natural_spline(np.array([-1.0, 0.5, 1.5, 3.0]), np.array([0.0, 1.0, 2.0]))
    by_hand = [0.0, 0.125, 3.375 - 2 * 0.125, 27 - 16 + 1]
    assert values[:, 0] == pytest.approx(np.array(by_hand) / 4)


@given(st.lists(st.floats(-5, 5), min_size=3, max_size=6, unique_by=lambda v: round(v, 1)))
def test_natural_spline_is_straight_outside_its_knots(knots: list[float]) -> None:
    knots = sorted(knots)
    for far in (knots[0] - np.array([3.0, 2.0, 1.0]), knots[-1] + np.array([1.0, 2.0, 3.0])):
        values = natural_spline(far, np.array(knots))
        bend = values[2] - 2 * values[1] + values[0]
        assert np.abs(bend).max() <= 1e-8 * (1 + np.abs(values).max())


def test_columns_and_blocks(numeric: np.ndarray) -> None:
    basis = fit_basis(numeric, NO_CATEGORIES)
    features = basis.columns(numeric, NO_CATEGORIES)
    assert features.shape == (200, 1 + 3 + 3 * 3 + 3)
    assert basis.blocks.tolist() == [0] * 4 + [1] * 3 + [2] * 3 + [3] * 3 + [4, 5, 6]
    assert basis.owners == [(), (0,), (1,), (2,), *[(c,) for c in (0, 1, 2) for _ in range(3)], (0, 1), (0, 2), (1, 2)]
    assert len(KNOT_QUANTILES) == 5


def test_few_units_let_all_bends_share_a_variance_and_all_products_another(numeric: np.ndarray) -> None:
    few = fit_basis(numeric[:29], NO_CATEGORIES[:29])
    assert few.blocks.tolist() == [0] * 4 + [1] * 9 + [2] * 3
    assert few.sparsity == 0 < fit_basis(numeric[:30], NO_CATEGORIES[:30]).sparsity


def test_penalised_columns_hold_no_straight_part(numeric: np.ndarray) -> None:
    basis = fit_basis(numeric, NO_CATEGORIES)
    features = basis.columns(numeric, NO_CATEGORIES)
    free, bound = features[:, basis.blocks == 0], features[:, basis.blocks > 0]
    assert np.abs(free.T @ bound).max() < 1e-8 * len(free)
    assert bound.std(axis=0) == pytest.approx(1.0)


def test_the_recipe_is_frozen(numeric: np.ndarray) -> None:
    basis = fit_basis(numeric, NO_CATEGORIES)
    together = basis.columns(numeric, NO_CATEGORIES)
    alone = basis.columns(numeric[7:8], NO_CATEGORIES[7:8])
    assert alone[0] == pytest.approx(together[7], abs=1e-12)


def test_units_of_measure_do_not_matter(numeric: np.ndarray) -> None:
    plain = fit_basis(numeric, NO_CATEGORIES).columns(numeric, NO_CATEGORIES)
    moved = numeric * [1e6, 1e-6, 3.0] + [5.0, -2.0, 1e3]
    assert fit_basis(moved, NO_CATEGORIES).columns(moved, NO_CATEGORIES) == pytest.approx(plain, abs=1e-6)


def test_few_levels_are_free_and_many_are_a_block_of_their_own(numeric: np.ndarray) -> None:
    codes = np.column_stack([np.arange(200) % 3, np.arange(200) % 9])
    basis = fit_basis(numeric[:, :1], codes)
    assert basis.small == [True, False]
    assert (basis.blocks == 0).sum() == 1 + 1 + 2
    assert (basis.blocks == 3).sum() == 8
    assert (basis.blocks == 2).sum() == 2  # the numeric variable with the two levels at once, never level with level


def test_an_unknown_level_counts_as_the_reference(numeric: np.ndarray) -> None:
    codes = (np.arange(200) % 3)[:, None]
    basis = fit_basis(numeric, codes)
    unknown = basis.columns(numeric[:1], np.array([[99]]))
    assert unknown == pytest.approx(basis.columns(numeric[:1], np.array([[0]])))


@pytest.mark.parametrize("constant", [0.0, 0.1, 1 / 3, 123.456])
def test_a_context_that_does_not_vary_becomes_zero(numeric: np.ndarray, constant: float) -> None:
    both = np.column_stack([numeric, np.full(200, constant)])
    basis = fit_basis(both, NO_CATEGORIES)
    features = basis.columns(both, NO_CATEGORIES)
    mine = [k for k, owners in enumerate(basis.owners) if 3 in owners]
    assert len(mine) == 1
    assert (features[:, mine] == 0).all()


@pytest.mark.parametrize("ones", [30, 100, 199])
def test_a_binary_context_has_no_bend(ones: int) -> None:
    numeric = (np.arange(200) < ones).astype(float)[:, None]
    basis = fit_basis(numeric, NO_CATEGORIES)
    bent = basis.columns(numeric, NO_CATEGORIES)[:, basis.blocks > 0]
    assert (bent == 0).all()


def test_products_are_left_out_where_they_would_be_too_many(numeric: np.ndarray) -> None:
    codes = (np.arange(200) % 4)[:, None]
    products = {most: len(fit_basis(numeric, codes, most_products=most).pairs) for most in (200, 5, 2)}
    assert products == {200: 3 + 3 * 3, 5: 3, 2: 0}
