"""REML with known noise: brute force, finite differences, statsmodels, and every promise of the docstring."""

import warnings
from types import ModuleType

import numpy as np
import pytest
from scipy.optimize import minimize_scalar

from pdlib.stats import reml
from pdlib.stats.basis import fit_basis
from pdlib.stats.posterior import shrink
from pdlib.stats.reml import fit_reml, solve_given

Made = tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]


def made(seed: int = 0, units: int = 80, noise: tuple[float, float] = (0.05, 0.4)) -> Made:
    rng = np.random.default_rng(seed)
    numeric, none = rng.normal(size=(units, 3)), np.empty((units, 0), dtype=int)
    basis = fit_basis(numeric, none, own_variances=False)
    v = rng.uniform(*noise, units)
    z = (
        2
        + numeric[:, 0]
        + np.sin(2 * numeric[:, 1])
        + 0.6 * rng.normal(size=units)
        + np.sqrt(v) * rng.normal(size=units)
    )
    return z, v, basis.columns(numeric, none), basis.blocks


def dense(logs: np.ndarray, z: np.ndarray, v: np.ndarray, features: np.ndarray, blocks: np.ndarray) -> float:
    """−2 × the restricted log-likelihood, constants left out, from the whole covariance matrix."""
    variances = np.exp(logs)
    bound = blocks > 0
    cover = np.diag(variances[0] + v) + (features[:, bound] * variances[blocks[bound]]) @ features[:, bound].T
    free, inverse = features[:, ~bound], np.linalg.inv(cover)
    normal = free.T @ inverse @ free
    beta = np.linalg.solve(normal, free.T @ inverse @ z)
    left = z - free @ beta
    return np.linalg.slogdet(cover)[1] + np.linalg.slogdet(normal)[1] + left @ inverse @ left


def test_the_criterion_is_the_restricted_likelihood() -> None:
    z, v, features, blocks = made()
    data = reml._gather(z, v, features)
    points = [np.log([0.3, 0.05, 0.05]), np.log([1.0, 0.4, 0.01]), np.log([0.05, 0.002, 0.3])]
    ours = [reml._criterion(at, data, blocks, 2, 0.0).value for at in points]
    theirs = [dense(at, z, v, features, blocks) for at in points]
    assert np.diff(ours) == pytest.approx(np.diff(theirs), rel=1e-9)


@pytest.mark.parametrize("large", [False, True])
@pytest.mark.parametrize("sparsity", [0.0, 12.0])
def test_the_gradient_agrees_with_finite_differences(
    large: bool, sparsity: float, monkeypatch: pytest.MonkeyPatch
) -> None:
    z, v, features, blocks = made()
    if large:
        monkeypatch.setattr(reml, "LARGE", 10)
    data = reml._gather(z, v, features)
    at, step = np.log([0.3, 0.05, 0.2]), 1e-5
    exact = reml._criterion(at, data, blocks, 2, sparsity).gradient
    for k in range(3):
        move = step * (np.arange(3) == k)
        up, down = (reml._criterion(at + sign * move, data, blocks, 2, sparsity).value for sign in (1, -1))
        assert exact[k] == pytest.approx((up - down) / (2 * step), rel=1e-6, abs=1e-6)


@pytest.mark.parametrize("large", [False, True])
def test_the_information_is_that_of_the_whole_covariance(large: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    z, v, features, blocks = made(noise=(0.2, 0.2))
    if large:
        monkeypatch.setattr(reml, "LARGE", 10)
    data, logs = reml._gather(z, v, features), np.log([0.3, 0.05, 0.2])
    ours = reml._information(reml._criterion(logs, data, blocks, 2, 0.0), data, blocks, 2, 0.0)
    free, parts = features[:, blocks == 0], [features[:, blocks == k] for k in (1, 2)]
    shares = [
        np.exp(logs[0]) * np.eye(80),
        *(np.exp(log) * part @ part.T for log, part in zip(logs[1:], parts, strict=True)),
    ]
    inverse = np.linalg.inv(np.diag(v) + sum(shares))
    projection = inverse - inverse @ free @ np.linalg.solve(free.T @ inverse @ free, free.T @ inverse)
    theirs = [[np.trace(projection @ one @ projection @ other) for one in shares] for other in shares]
    assert ours == pytest.approx(np.array(theirs), rel=1e-8)


@pytest.mark.parametrize("seed", range(4))
def test_no_better_variances_are_near(seed: int) -> None:
    z, v, features, blocks = made(seed)
    fit = fit_reml(z, v, features, blocks)
    best = np.log(np.maximum([fit.tau2, *fit.block_variances], 1e-10))
    lowest = dense(best, z, v, features, blocks)
    rng = np.random.default_rng(seed)
    around = [dense(best + 0.3 * rng.normal(size=3), z, v, features, blocks) for _ in range(20)]
    assert min(around) >= lowest - 1e-6


@pytest.mark.parametrize("seed", range(3))
def test_left_out_residual_equals_a_refit_without_the_unit(seed: int) -> None:
    z, v, features, blocks = made(seed, units=50)
    fit = fit_reml(z, v, features, blocks)
    variances = np.maximum(fit.block_variances, 1e-9)
    fit = solve_given(z, v, features, blocks, fit.tau2, variances)
    for i in range(50):
        others = np.arange(50) != i
        without = solve_given(z[others], v[others], features[others], blocks, fit.tau2, variances)
        assert fit.left_out_residual[i] == pytest.approx(z[i] - features[i] @ without.beta, abs=1e-8)
        noise = fit.tau2 + v[i] + features[i] @ without.inverse @ features[i]
        assert fit.left_out_variance[i] == pytest.approx(noise, abs=1e-8)


@pytest.mark.parametrize("seed", range(3))
def test_shrunken_left_out_residual_is_the_blup(seed: int) -> None:
    z, v, features, blocks = made(seed)
    fit = fit_reml(z, v, features, blocks)
    effect, _ = shrink(fit.left_out_residual, fit.left_out_variance - fit.tau2, fit.tau2)
    assert effect == pytest.approx(fit.tau2 * fit.residual / fit.total, abs=1e-10)


def test_beta_solves_generalised_least_squares() -> None:
    z, v, features, _ = made()
    free = features[:, :4]
    fit = fit_reml(z, v, free, np.zeros(4, dtype=int))
    inverse = np.diag(1 / (fit.tau2 + v))
    assert fit.beta == pytest.approx(np.linalg.solve(free.T @ inverse @ free, free.T @ inverse @ z), abs=1e-10)
    assert fit.leverage.sum() == pytest.approx(4)
    assert fit.inverse == pytest.approx(np.linalg.inv(free.T @ inverse @ free), rel=1e-8)


def test_equal_noise_and_no_context_by_hand() -> None:
    # Then REML is the sample variance less the noise.
    z, v = np.array([1.0, 3.0, 8.0, 4.0, 9.0]), np.full(5, 2.0)
    fit = fit_reml(z, v, np.ones((5, 1)), np.zeros(1, dtype=int))
    assert fit.beta == pytest.approx([5.0])
    assert fit.tau2 == pytest.approx(z.var(ddof=1) - 2.0, rel=1e-5)
    assert fit.leverage == pytest.approx(np.full(5, 0.2))


def test_meta_analysis_equals_a_one_dimensional_search() -> None:
    z, v, _, _ = made()
    ones = np.ones((80, 1))
    fit = fit_reml(z, v, ones, np.zeros(1, dtype=int))
    search = minimize_scalar(
        lambda t: dense(np.array([t]), z, v, ones, np.zeros(1, dtype=int)), bounds=(-8, 4), method="bounded",
        options={"xatol": 1e-9},
    )  # fmt: skip
    assert fit.tau2 == pytest.approx(np.exp(search.x), rel=1e-4)


@pytest.fixture
def mixedlm() -> ModuleType:
    return pytest.importorskip("statsmodels.regression.mixed_linear_model")


def test_a_balanced_case_agrees_with_statsmodels(mixedlm: ModuleType) -> None:
    rng = np.random.default_rng(5)
    units, items = 30, 8
    x = rng.normal(size=units)
    y = 1 + 0.5 * x[:, None] + 0.7 * rng.normal(size=(units, 1)) + rng.normal(size=(units, items))
    design = np.column_stack([np.ones(units), x])
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        peer = mixedlm.MixedLM(y.ravel(), np.repeat(design, items, axis=0), np.repeat(np.arange(units), items)).fit(
            reml=True
        )
    within = y.var(axis=1, ddof=1).mean()  # in a balanced design REML's item variance is the pooled one
    fit = fit_reml(y.mean(axis=1), np.full(units, within / items), design, np.zeros(2, dtype=int))
    assert peer.scale == pytest.approx(within, rel=1e-4)
    assert fit.tau2 == pytest.approx(float(np.asarray(peer.cov_re).item()), rel=1e-4)
    assert fit.beta == pytest.approx(peer.fe_params, rel=1e-6)
    blup = np.array([float(np.asarray(peer.random_effects[i]).item()) for i in range(units)])
    assert fit.tau2 * fit.residual / fit.total == pytest.approx(blup, abs=1e-4)


def test_many_units_in_classes_of_noise_equal_the_exact_search(monkeypatch: pytest.MonkeyPatch) -> None:
    z, v, features, blocks = made(7, units=3000)
    exact = fit_reml(z, v, features, blocks)
    monkeypatch.setattr(reml, "LARGE", 100)
    gathered = fit_reml(z, v, features, blocks)
    assert gathered.tau2 == pytest.approx(exact.tau2, rel=2e-4)
    assert gathered.block_variances == pytest.approx(exact.block_variances, rel=5e-3, abs=1e-6)
    assert gathered.left_out_residual == pytest.approx(exact.left_out_residual, abs=2e-3)


def test_classes_of_one_noise_each_lose_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    z, v, features, blocks = made(8, units=400)
    v = np.random.default_rng(1).choice([0.1, 0.2, 0.4], 400)
    exact = fit_reml(z, v, features, blocks)
    monkeypatch.setattr(reml, "LARGE", 100)
    assert fit_reml(z, v, features, blocks).tau2 == pytest.approx(exact.tau2, rel=1e-5)


@pytest.mark.parametrize("factor", [1e-6, 1e-3, 1e3, 1e6])
def test_units_of_measure_do_not_matter(factor: float) -> None:
    z, v, features, blocks = made(1)
    plain, moved = fit_reml(z, v, features, blocks), fit_reml(factor * z, factor**2 * v, features, blocks)
    assert moved.tau2 == pytest.approx(factor**2 * plain.tau2, rel=1e-6)
    assert moved.leverage == pytest.approx(plain.leverage, rel=1e-6)
    assert moved.left_out_residual == pytest.approx(factor * plain.left_out_residual, rel=1e-6, abs=1e-8 * factor)


def test_a_start_changes_nothing() -> None:
    z, v, features, blocks = made(2)
    plain = fit_reml(z, v, features, blocks)
    for start in ([-12.0, -12.0, -12.0], [3.0, 0.0, -5.0]):
        assert fit_reml(z, v, features, blocks, start=np.array(start)).tau2 == pytest.approx(plain.tau2, rel=1e-4)


@pytest.mark.parametrize("value", [0.0, 0.1, 1 / 3, 1e3])
def test_equal_values_leave_no_variance(value: float) -> None:
    _, v, features, blocks = made(3)
    fit = fit_reml(np.full(80, value), v, features, blocks)
    assert fit.tau2 == 0
    assert np.isfinite(fit.left_out_variance).all()
    assert np.abs(fit.residual).max() <= 1e-9 * max(1.0, value)


def test_pure_noise_leaves_no_variance_about_half_the_time() -> None:
    zero = 0
    for seed in range(30):
        rng = np.random.default_rng(seed)
        v = rng.uniform(0.1, 1.0, 60)
        zero += fit_reml(np.sqrt(v) * rng.normal(size=60), v, np.ones((60, 1)), np.zeros(1, dtype=int)).tau2 == 0
    assert 8 <= zero <= 24


def test_a_block_without_signal_drops_out() -> None:
    rng = np.random.default_rng(0)
    units = 300
    x = rng.normal(size=(units, 1))
    basis = fit_basis(x, np.empty((units, 0), dtype=int))
    v = np.full(units, 0.1)
    z = x[:, 0] + 0.5 * rng.normal(size=units) + np.sqrt(v) * rng.normal(size=units)
    fit = fit_reml(z, v, basis.columns(x, np.empty((units, 0), dtype=int)), basis.blocks)
    assert fit.block_variances[0] < 0.01
    assert np.abs(fit.beta[basis.blocks == 1]).max() < 0.1


def test_what_estimated_variances_add_follows_how_the_expectation_moves_with_them() -> None:
    z, v, features, blocks = made(3, units=150)
    fit = fit_reml(z, v, features, blocks)
    assert (fit.block_variances > 0).all()
    step, moves = 1e-4, []
    for k in range(2):
        up, down = (
            solve_given(
                z, v, features, blocks, fit.tau2, fit.block_variances * np.exp(sign * step * (np.arange(2) == k))
            )
            for sign in (1, -1)
        )
        moves.append(features @ (up.beta - down.beta) / (2 * step))
    logs = np.log([fit.tau2, *fit.block_variances])
    data = reml._gather(z, v, features)
    information = reml._information(reml._criterion(logs, data, blocks, 2, 0.0), data, blocks, 2, 0.0)
    covariance = 2 * np.linalg.inv(information)[1:, 1:]
    assert fit.unsettled == pytest.approx(np.einsum("ki,kl,li->i", moves, covariance, moves), rel=1e-3)


def test_a_sparse_prior_silences_blocks_that_say_nothing_and_keeps_those_that_do() -> None:
    rng = np.random.default_rng(1)
    units, v = 400, 0.2
    features = np.column_stack([np.ones(units), rng.normal(size=(units, 20))])
    blocks = np.arange(21)
    z = 0.5 * features[:, 1] + rng.normal(size=units) * np.sqrt(0.3 + v)
    plain = fit_reml(z, np.full(units, v), features, blocks)
    sparse = fit_reml(z, np.full(units, v), features, blocks, sparsity=12.0)
    assert sparse.beta[1] == pytest.approx(0.5, abs=0.1)
    assert np.abs(sparse.beta[2:]).sum() < 0.7 * np.abs(plain.beta[2:]).sum()


def test_a_column_of_zeros_changes_nothing() -> None:
    z, v, features, blocks = made(4)
    plain = fit_reml(z, v, features, blocks)
    wider = fit_reml(z, v, np.column_stack([features, np.zeros(80)]), np.append(blocks, 0))
    assert wider.left_out_residual == pytest.approx(plain.left_out_residual, abs=1e-9)
    assert wider.beta[-1] == 0


@pytest.mark.parametrize("seed", range(5))
def test_dependent_free_columns_change_nothing(seed: int) -> None:
    rng = np.random.default_rng(seed)
    share = rng.dirichlet([2, 2, 2], 60)  # shares that add up to one, as of three kinds of customers
    v = rng.uniform(0.05, 0.3, 60)
    z = share[:, 0] + 0.5 * rng.normal(size=60)
    two, three = (np.column_stack([np.ones(60), share[:, :k]]) for k in (2, 3))
    plain = fit_reml(z, v, two, np.zeros(3, dtype=int))
    wider = fit_reml(z, v, three, np.zeros(4, dtype=int))
    assert wider.tau2 == pytest.approx(plain.tau2, rel=1e-6)
    assert wider.leverage == pytest.approx(plain.leverage, abs=1e-9)


def test_the_order_of_units_does_not_matter() -> None:
    z, v, features, blocks = made(6)
    order = np.random.default_rng(0).permutation(80)
    plain, mixed = fit_reml(z, v, features, blocks), fit_reml(z[order], v[order], features[order], blocks)
    assert mixed.left_out_residual == pytest.approx(plain.left_out_residual[order], abs=1e-6)
