"""The whole estimate: every kind of outcome, every awkward panel, and what must not change the answer."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.special import expit, ndtr

from pdlib.simulate import simulate_panel
from pdlib.stats.excess import ExcessFit, fit_excess
from pdlib.stats.posterior import confident_list, top_probability
from pdlib.stats.reml import solve_given

KINDS = ("mean", "proportion", "rate")
UNITS, PERIODS = 60, 4
NONE = np.empty((UNITS, 0), dtype=int)
Made = tuple[np.ndarray, np.ndarray, np.ndarray]


def made(kind: str, seed: int = 0, effect: float = 0.5) -> Made:
    """Outcome, exposure and context of 60 units over 4 periods; a rate is lower-is-better."""
    rng = np.random.default_rng(seed)
    context = rng.normal(size=(UNITS, 2))
    n = rng.integers(5, 60, (UNITS, PERIODS)).astype(float)
    eta = effect * rng.normal(size=(UNITS, 1)) + 0.4 * context[:, [0]] + 0.2 * rng.normal(size=(UNITS, PERIODS))
    if kind == "mean":
        return eta + rng.normal(size=n.shape) / np.sqrt(n), n, context
    if kind == "proportion":
        return rng.binomial(n.astype(int), expit(0.8 + eta)) / n, n, context
    return rng.poisson(20 * n * 0.01 * np.exp(-eta)) / (20 * n), 20 * n, context


def fitted(kind: str, y: np.ndarray, n: np.ndarray, context: np.ndarray, **extra: object) -> ExcessFit:
    extra = {"item_variance": 1.0 if kind == "mean" else None, "sign": -1 if kind == "rate" else 1, **extra}
    return fit_excess(kind, y, n, context, extra.pop("categories", NONE[: len(y)]), **extra)


def chances(fit: ExcessFit) -> np.ndarray:
    return top_probability(fit.effect[fit.rated], fit.sd[fit.rated])[0]


@pytest.mark.parametrize("kind", KINDS)
def test_chances_add_up_and_all_is_finite(kind: str) -> None:
    fit = fitted(kind, *made(kind))
    assert chances(fit).sum() == pytest.approx(0.10 * UNITS)
    assert fit.rated.all()
    for values in (fit.effect, fit.sd, fit.noise, fit.residual, fit.expected):
        assert np.isfinite(values).all()
    assert (fit.noise > 0).all()


@pytest.mark.parametrize("kind", KINDS)
def test_shrunken_excess_is_the_blup(kind: str) -> None:
    fit = fitted(kind, *made(kind))
    assert fit.effect == pytest.approx(fit.reml.tau2 * fit.reml.residual / fit.reml.total, abs=1e-10)


@pytest.mark.parametrize("kind", KINDS)
def test_no_unit_predicts_itself(kind: str) -> None:
    fit = fitted(kind, *made(kind))
    value, variance = fit.collapsed.value, fit.collapsed.variance
    shrinkage = np.maximum(fit.reml.block_variances, 1e-9)
    everyone = solve_given(value, variance, fit.features, fit.basis.blocks, fit.reml.tau2, shrinkage)
    assert everyone.left_out_residual == pytest.approx(fit.residual, abs=1e-4)
    for i in range(0, UNITS, 7):
        others = np.arange(UNITS) != i
        without = solve_given(
            value[others], variance[others], fit.features[others], fit.basis.blocks, fit.reml.tau2, shrinkage
        )
        assert everyone.left_out_residual[i] == pytest.approx(value[i] - fit.features[i] @ without.beta, abs=1e-8)


@pytest.mark.parametrize("kind", KINDS)
def test_rows_and_periods_in_another_order(kind: str) -> None:
    y, n, context = made(kind)
    rng = np.random.default_rng(0)
    rows, columns = rng.permutation(UNITS), rng.permutation(PERIODS)
    plain = fitted(kind, y, n, context)
    mixed = fitted(kind, y[rows][:, columns], n[rows][:, columns], context[rows])
    assert chances(mixed) == pytest.approx(chances(plain)[rows], abs=1e-6)
    assert mixed.effect == pytest.approx(plain.effect[rows], abs=1e-5)


@given(shift=st.floats(-100, 100), power=st.floats(-6, 6))
@settings(max_examples=25)
def test_moving_and_stretching_a_mean(shift: float, power: float) -> None:
    y, n, context = made("mean")
    factor = 10.0**power
    plain = chances(fitted("mean", y, n, context))
    moved = fitted("mean", factor * (shift + y), n, context, item_variance=factor**2)
    assert chances(moved) == pytest.approx(plain, abs=1e-6)


@pytest.mark.parametrize("kind", KINDS)
def test_context_in_other_units_of_measure(kind: str) -> None:
    y, n, context = made(kind)
    plain = chances(fitted(kind, y, n, context))
    assert chances(fitted(kind, y, n, context * [1e5, 1e-5] + [3, -8])) == pytest.approx(plain, abs=1e-6)


def test_exposure_in_other_units_of_measure() -> None:
    y, n, context = made("rate")
    plain = fitted("rate", y, n, context)
    thousand = fitted("rate", 1000 * y, n / 1000, context)
    assert thousand.effect == pytest.approx(plain.effect, abs=1e-5)


def test_the_sign_is_turned_once() -> None:
    y, n, context = made("mean")
    plain = fitted("mean", y, n, context)
    turned = fitted("mean", -y, n, context, sign=-1)
    assert turned.effect == pytest.approx(plain.effect, abs=1e-9)
    assert turned.on_outcome_scale(turned.expected, n) == pytest.approx(-plain.on_outcome_scale(plain.expected, n))


def test_failures_where_lower_is_better_mirror_successes() -> None:
    y, n, context = made("proportion")
    plain = fitted("proportion", y, n, context)
    turned = fitted("proportion", 1 - y, n, context, sign=-1)
    assert turned.effect == pytest.approx(plain.effect, abs=1e-6)
    assert turned.on_outcome_scale(turned.expected, n) == pytest.approx(1 - plain.on_outcome_scale(plain.expected, n))


def test_more_is_better_in_every_kind() -> None:
    for kind in KINDS:
        y, n, context = made(kind)
        fit = fitted(kind, y, n, context)
        pooled = (y * n).sum(axis=1) / n.sum(axis=1)
        assert fit.sign * np.corrcoef(fit.effect, pooled)[0, 1] > 0.4
        better = fit.on_outcome_scale(fit.expected + 0.1, n) - fit.on_outcome_scale(fit.expected, n)
        assert (fit.sign * better > 0).all()


# -- awkward panels -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", ["proportion", "rate"])
@pytest.mark.parametrize("extreme", [0.0, 1.0])
def test_units_with_no_events_or_full_shares(kind: str, extreme: float) -> None:
    y, n, context = made(kind)
    y[:5] = extreme if kind == "proportion" else 0.0
    fit = fitted(kind, y, n, context)
    assert chances(fit).sum() == pytest.approx(0.10 * UNITS)
    good = (extreme == 1.0) if kind == "proportion" else True
    assert ((fit.effect[:5] > 0) == good).all()


@pytest.mark.parametrize("kind", KINDS)
def test_one_item_per_cell(kind: str) -> None:
    rng = np.random.default_rng(0)
    y = (rng.random((UNITS, PERIODS)) < 0.5).astype(float)
    fit = fitted(kind, y, np.ones((UNITS, PERIODS)), made(kind)[2])
    assert chances(fit).sum() == pytest.approx(0.10 * UNITS)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("value", [0.1, 0.3, 0.7])
def test_units_that_are_all_equal(kind: str, value: float) -> None:
    _, n, context = made(kind)
    fit = fitted(kind, np.full((UNITS, PERIODS), value), n, context)
    assert fit.persistent_variance == 0
    assert (fit.effect == 0).all()
    p = chances(fit)
    assert p == pytest.approx(np.full(UNITS, 0.10))
    assert np.ptp(p) == 0
    assert not confident_list(p).any()


@pytest.mark.parametrize("value", [0.0, 1.0])
def test_an_outcome_that_never_or_always_happens(value: float) -> None:
    _, n, context = made("proportion")
    fit = fitted("proportion", np.full((UNITS, PERIODS), value), n, context)
    assert chances(fit) == pytest.approx(np.full(UNITS, 0.10))


@pytest.mark.parametrize("kind", KINDS)
def test_missing_cells_and_units_seen_once(kind: str) -> None:
    y, n, context = made(kind)
    y[:10, 1:], y[20:30, 0] = np.nan, np.nan
    n[40:45, 2] = 0.0
    fit = fitted(kind, y, n, context)
    assert np.isfinite(fit.effect).all()
    assert (fit.collapsed.weights[:10, 1:] == 0).all()
    assert (fit.collapsed.weights[40:45, 2] == 0).all()
    assert fit.noise[:10].mean() > fit.noise[10:].mean()
    # A cell without exposure and one without a value are the same.
    assert fitted(kind, y, np.where(np.isfinite(y), n, 0.0), context).effect == pytest.approx(fit.effect)


@pytest.mark.parametrize("kind", KINDS)
def test_halves_of_the_panel_that_share_no_period(kind: str) -> None:
    y, n, context = made(kind)
    y[:30, 2:], y[30:, :2] = np.nan, np.nan
    assert np.isfinite(fitted(kind, y, n, context).effect).all()


def test_a_single_period_needs_a_persistence() -> None:
    y, n, context = made("mean")
    whole = fitted("mean", y[:, :1], n[:, :1], context)
    half = fitted("mean", y[:, :1], n[:, :1], context, persistence=0.5)
    assert not whole.collapsed.identified
    assert half.persistent_variance == pytest.approx(0.5 * whole.persistent_variance)
    share = half.persistent_variance / (half.persistent_variance + half.noise)
    assert half.effect == pytest.approx(share * half.residual)
    assert half.noise + half.persistent_variance == pytest.approx(whole.noise + whole.persistent_variance)
    several = fitted("mean", y, n, context, persistence=0.5)
    assert several.effect == pytest.approx(fitted("mean", y, n, context).effect)


@pytest.mark.parametrize("equal", [True, False])
@pytest.mark.parametrize("scale", [1e-3, 1.0, 1e4])
def test_means_seen_once_leave_open_how_single_answers_differ(equal: bool, scale: float) -> None:
    y, n, context = made("mean")
    y, n = scale * y[:, :1], np.full_like(n[:, :1], 30.0) if equal else n[:, :1]
    fit = fitted("mean", y, n, context, item_variance=None)
    assert np.isnan(fit.item_variance)
    assert fit.persistent_variance == 0 < fit.unit_variance
    assert fit.noise.mean() == pytest.approx((fit.residual**2).mean(), rel=0.25)
    assert fit.effect == pytest.approx(0.0)
    told = fitted("mean", y, n, context, item_variance=None, persistence=0.5)
    assert told.persistent_variance == pytest.approx(0.5 * fit.unit_variance)


def test_a_context_of_its_own_is_not_rated() -> None:
    y, n, context = made("mean")
    lonely = (np.arange(UNITS) == 7).astype(int)[:, None]
    fit = fitted("mean", y, n, context, categories=lonely)
    assert np.flatnonzero(~fit.rated).tolist() == [7]
    assert np.isfinite(fit.effect[fit.rated]).all()


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("constant", [0.1, 123.456])
def test_a_context_that_does_not_vary(kind: str, constant: float) -> None:
    y, n, context = made(kind)
    plain = fitted(kind, y, n, context)
    wider = fitted(kind, y, n, np.column_stack([context, np.full(UNITS, constant)]))
    assert wider.effect == pytest.approx(plain.effect, abs=1e-6)
    assert wider.reml.leverage == pytest.approx(plain.reml.leverage, abs=1e-6)


def test_no_context_at_all() -> None:
    y, n, _ = made("mean")
    fit = fitted("mean", y, n, np.empty((UNITS, 0)))
    assert fit.features.shape == (UNITS, 1)
    assert chances(fit).sum() == pytest.approx(0.10 * UNITS)


# -- context that changes -------------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", KINDS)
def test_context_repeated_over_periods_is_context_of_the_unit(kind: str) -> None:
    y, n, context = made(kind)
    plain = fitted(kind, y, n, context)
    repeated = fitted(kind, y, n, np.repeat(context[:, None, :], PERIODS, axis=1))
    assert repeated.effect == pytest.approx(plain.effect, abs=1e-5)
    assert np.abs(repeated.drift).max() < 1e-9


def test_what_context_does_within_units_is_taken_out() -> None:
    rng = np.random.default_rng(1)
    context = rng.normal(size=(UNITS, 1, 1)) + rng.normal(size=(UNITS, PERIODS, 1))
    n = np.full((UNITS, PERIODS), 50.0)
    y = 1.5 * context[:, :, 0] + 0.4 * rng.normal(size=(UNITS, 1)) + rng.normal(size=n.shape) / np.sqrt(50)
    fit = fitted("mean", y, n, context)
    still = fitted("mean", y, n, context.mean(axis=1))
    assert fit.collapsed.transient_variance < 0.1 * still.collapsed.transient_variance
    slope = fit.drift.ravel() @ (context - context.mean(axis=1, keepdims=True)).ravel()
    assert slope / ((context - context.mean(axis=1, keepdims=True)) ** 2).sum() == pytest.approx(1.5, abs=0.1)


def test_a_gap_in_changing_context_is_filled_by_the_unit() -> None:
    y, n, context = made("mean")
    cube = np.repeat(context[:, None, :], PERIODS, axis=1)
    plain = fitted("mean", y, n, cube)
    cube[3, 2, 1] = np.nan
    assert fitted("mean", y, n, cube).effect == pytest.approx(plain.effect, abs=1e-9)


# -- what is recovered --------------------------------------------------------------------------------------------


def panel(kind: str, seed: int, **extra: object) -> tuple[ExcessFit, np.ndarray]:
    simulated = simulate_panel(400, 6, kind, seed=seed, **extra)
    long = simulated.panel
    size = "exposure" if kind == "rate" else "n"
    amount = {"mean": "value", "proportion": "successes", "rate": "events"}[kind]
    shape = (400, 6)
    n = long[size].to_numpy(dtype=float).reshape(shape)
    y = long[amount].to_numpy(dtype=float).reshape(shape)
    context = long[[f"x{k}" for k in range(1, 9)]].to_numpy().reshape(*shape, 8)[:, 0]
    variance = simulated.settings["item_sd"] ** 2 if kind == "mean" else None
    fit = fit_excess(
        kind, y if kind == "mean" else y / n, n, context, np.empty((400, 0), dtype=int),
        sign=-1 if kind == "rate" else 1, item_variance=variance,
    )  # fmt: skip
    scale = 1.0 if kind == "mean" else simulated.settings["link_slope"]
    return fit, scale * simulated.truth["theta"].to_numpy()


@pytest.mark.parametrize("kind", KINDS)
def test_planted_effects_are_recovered(kind: str) -> None:
    fits = [panel(kind, seed) for seed in range(4)]
    truth = np.concatenate([theta for _, theta in fits])
    effect, sd = (np.concatenate([getattr(fit, name) for fit, _ in fits]) for name in ("effect", "sd"))
    assert np.corrcoef(effect, truth)[0, 1] > 0.65
    assert np.cov(effect, truth)[0, 1] / effect.var() == pytest.approx(1.0, abs=0.12)  # neither over- nor under-claimed
    assert (np.abs(effect - truth) <= 1.645 * sd).mean() == pytest.approx(0.90, abs=0.035)


@pytest.mark.parametrize("kind", KINDS)
def test_nobody_is_named_where_nobody_deviates(kind: str) -> None:
    for seed in range(6):
        fit, _ = panel(kind, seed, null=True)
        assert not confident_list(chances(fit)).any()


def test_noise_of_a_mean_is_told_from_how_it_falls_with_n() -> None:
    rng = np.random.default_rng(2)
    n = np.exp(rng.uniform(np.log(3), np.log(300), (400, 6))).round()
    y = 0.5 * rng.normal(size=(400, 1)) + 0.2 * rng.normal(size=n.shape) + 3 * rng.normal(size=n.shape) / np.sqrt(n)
    fit = fit_excess("mean", y, n, np.empty((400, 0)), np.empty((400, 0), dtype=int))
    assert fit.item_variance == pytest.approx(9.0, rel=0.15)
    assert fit.reml.tau2 == pytest.approx(0.25, rel=0.25)


def test_noise_that_n_cannot_tell_is_left_to_the_shocks() -> None:
    y, _, context = made("mean")
    fit = fit_excess("mean", y, np.full(y.shape, 20.0), context, NONE)
    assert fit.item_variance == 0.0
    assert fit.collapsed.transient_variance > 0


def test_posterior_chance_to_exceed_is_the_normal_tail() -> None:
    fit = fitted("mean", *made("mean"))
    p, q = top_probability(fit.effect, fit.sd)
    assert p == pytest.approx(ndtr((fit.effect - q) / fit.sd))


def test_units_of_which_a_condition_is_not_known_are_held_to_be_noisier() -> None:
    rng = np.random.default_rng(5)
    x = rng.normal(size=(400, 2))
    theta = 0.5 * rng.normal(size=400)
    y = (x[:, 0] + 0.3 * x[:, 1] + theta)[:, None] + 0.3 * rng.normal(size=(400, 4))
    told, n = x.copy(), np.full(y.shape, 10.0)
    gone = rng.random(400) < 1 / (1 + np.exp(2 - 2 * x[:, 0]))
    told[gone, 0] = np.nan
    fit = fit_excess("mean", y, n, told, np.empty((400, 0), dtype=int), item_variance=0.01)
    worth = x[~gone, 0].var()
    assert fit.noise[gone].mean() - fit.noise[~gone].mean() == pytest.approx(worth, rel=0.25)
    assert fit.reml.tau2 == pytest.approx(0.25, rel=0.25)
    assert fit.residual[gone].mean() == pytest.approx(0.0, abs=0.2)  # what they have in common is allowed for
    inside = np.abs(fit.effect - theta) <= 1.645 * fit.sd
    assert inside[gone].mean() > 0.8


@pytest.mark.parametrize("kind", KINDS)
def test_context_that_is_not_known_of_anybody_changes_nothing(kind: str) -> None:
    y, n, context = made(kind)
    plain = fitted(kind, y, n, context)
    empty = fitted(kind, y, n, np.column_stack([context, np.full(UNITS, np.nan)]))
    assert empty.effect == pytest.approx(plain.effect, abs=1e-6)


@pytest.mark.parametrize("turned", [False, True])
def test_a_unit_far_above_rare_events_does_not_throw_the_fit_off(turned: bool) -> None:
    """A first step made from 4 in 100 to 50 in 100 would end where working values mean nothing."""
    rng = np.random.default_rng(1)
    share = np.r_[np.full(59, 0.04), 0.6]
    y = rng.binomial(30, share[:, None], size=(60, 4)) / 30
    fit = fit_excess(
        "proportion", 1 - y if turned else y, np.full((60, 4), 30.0), np.zeros((60, 0)), np.zeros((60, 0), int)
    )
    assert fit.iterations < 15
    assert np.argmax(np.abs(fit.effect)) == 59
    assert np.abs(fit.effect).max() < 6
