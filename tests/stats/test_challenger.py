"""The challenger: it takes over where steps are, stays away where curves suffice, and nobody predicts itself."""

from dataclasses import replace

import numpy as np
import pytest
from sklearn.ensemble import RandomForestRegressor
from sklearn.linear_model import LinearRegression
from sklearn.neighbors import KNeighborsRegressor
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from pdlib.stats import challenger
from pdlib.stats.challenger import boosted_trees, challenge, challenger_inputs
from pdlib.stats.excess import ExcessFit, fit_excess
from pdlib.stats.posterior import confident_list, shrink, top_probability
from pdlib.stats.reml import fit_reml

UNITS, PERIODS = 320, 4
NONE = np.empty((UNITS, 0), dtype=int)
CONTEXTS = {
    "steps": lambda x: 0.9 * (x[:, 0] > 0.3) - 0.8 * (x[:, 1] > -0.4) + 1.2 * ((x[:, 2] > 0) & (x[:, 0] > 0)),
    "curves": lambda x: 0.6 * np.sin(1.5 * x[:, 0]) + 0.4 * x[:, 1] ** 2 - 0.4 * x[:, 2],
    "lines": lambda x: 0.7 * x[:, 0] - 0.5 * x[:, 1],
}


def made(form: str, seed: int = 0, effect: float = 0.4, units: int = UNITS) -> tuple[ExcessFit, np.ndarray, np.ndarray]:
    """The spline fit of a simulated mean, the context, and its true part in the values."""
    rng = np.random.default_rng(seed)
    x = rng.normal(size=(units, 3))
    n = rng.integers(10, 60, (units, PERIODS)).astype(float)
    truth = CONTEXTS[form](x)
    eta = truth[:, None] + effect * rng.normal(size=(units, 1)) + 0.2 * rng.normal(size=n.shape)
    y = eta + rng.normal(size=n.shape) / np.sqrt(n)
    return fit_excess("mean", y, n, x, NONE[:units], item_variance=1.0), x, truth


@pytest.fixture(scope="module")
def stepped() -> tuple[ExcessFit, ExcessFit, np.ndarray]:
    """The spline fit of a context with steps, the challenged fit, and the truth."""
    fit, x, truth = made("steps")
    return fit, challenge(fit, x), truth


def missed(fit: ExcessFit, truth: np.ndarray) -> float:
    return float(np.var(fit.expected - truth))


def test_where_the_context_has_steps_the_blend_is_used_and_errs_less(stepped: tuple) -> None:
    before, after, truth = stepped
    assert after.challenge.chosen
    assert after.challenge.name == "HistGradientBoostingRegressor"
    assert after.challenge.share > 0.5
    assert after.challenge.gain > 0.05
    assert missed(after, truth) < 0.6 * missed(before, truth)


def test_what_more_units_would_teach_is_noise_and_not_merit(stepped: tuple) -> None:
    before, after, truth = stepped
    told, variance = after.challenge, before.collapsed.variance
    alone = fit_reml(after.residual, variance, np.ones((UNITS, 1)), np.zeros(1, dtype=int)).tau2
    assert told.to_learn + told.unit_variance == pytest.approx(alone, rel=1e-9)
    assert missed(after, truth) / 3 < told.to_learn < missed(after, truth) * 3
    assert after.noise == pytest.approx(variance + told.to_learn)
    effect, sd = shrink(after.residual, after.noise, told.unit_variance)
    assert after.effect == pytest.approx(effect)
    assert after.sd == pytest.approx(sd)
    assert after.unit_variance == after.persistent_variance == told.unit_variance < before.unit_variance


def test_the_spline_fit_stays_at_hand(stepped: tuple) -> None:
    before, after, _ = stepped
    assert after.reml is before.reml
    assert after.spline_expected == pytest.approx(before.expected, abs=1e-12)
    assert before.spline_expected == pytest.approx(before.expected, abs=1e-12)
    assert before.challenge is None


@pytest.mark.parametrize("form", ["curves", "lines"])
@pytest.mark.parametrize("seed", [0, 1])
def test_where_curves_suffice_nothing_changes(form: str, seed: int) -> None:
    before, x, _ = made(form, seed)
    after = challenge(before, x)
    assert not after.challenge.chosen
    assert np.isnan(after.challenge.to_learn)
    assert replace(after, challenge=None).effect is before.effect
    assert after.residual is before.residual
    assert after.unit_variance == before.reml.tau2


@pytest.mark.parametrize("seed", range(2))
def test_nobody_is_named_where_nobody_deviates(seed: int) -> None:
    before, x, _ = made("steps", seed, effect=0.0)
    after = challenge(before, x)
    assert after.challenge.chosen
    assert after.unit_variance < 0.25 * before.unit_variance
    assert not _named(after).any()


def _named(fit: ExcessFit) -> np.ndarray:
    p, _ = top_probability(fit.effect, fit.sd)
    return confident_list(p)


def test_no_unit_predicts_itself() -> None:
    fit, x, _ = made("steps", 3, units=120)
    plain = challenger._Units.of(fit, x)
    value = plain.value.copy()
    value[7] += 50.0
    moved = replace(plain, value=value)
    one, other = (units.left_out(boosted_trees(), 5, 1e9, np.random.default_rng(1)) for units in (plain, moved))
    for before, after in zip(one, other, strict=True):
        assert after[7] == before[7]
        assert not np.allclose(np.delete(after, 7), np.delete(before, 7))


@pytest.mark.parametrize("form", ["steps", "lines"])
def test_rows_in_another_order(form: str) -> None:
    before, x, _ = made(form, 5)
    rows = np.random.default_rng(0).permutation(UNITS)
    collapsed, reml = before.collapsed, before.reml
    mixed = replace(
        before,
        collapsed=replace(
            collapsed, value=collapsed.value[rows], variance=collapsed.variance[rows], weights=collapsed.weights[rows]
        ),
        reml=replace(reml, residual=reml.residual[rows], leverage=reml.leverage[rows], total=reml.total[rows]),
        **{name: getattr(before, name)[rows] for name in ("features", "drift", "residual", "noise", "effect", "sd")},
    )
    plain, turned = challenge(before, x), challenge(mixed, x[rows])
    assert turned.challenge.share == pytest.approx(plain.challenge.share, abs=1e-9)
    assert turned.effect == pytest.approx(plain.effect[rows], abs=1e-9)
    assert turned.sd == pytest.approx(plain.sd[rows], abs=1e-9)


def test_the_same_seed_gives_the_same_answer(stepped: tuple) -> None:
    before, after, _ = stepped
    again = challenge(before, made("steps")[1])
    assert np.array_equal(again.effect, after.effect)


@pytest.mark.parametrize(
    "regressor",
    [LinearRegression(), make_pipeline(StandardScaler(), LinearRegression()), KNeighborsRegressor(10)],
    ids=["weighted", "pipeline", "without weights"],
)
def test_any_regressor_may_challenge(regressor: object) -> None:
    before, x, _ = made("curves", 2)
    after = challenge(before, x, regressor)
    assert after.challenge.name == type(regressor).__name__
    assert not after.challenge.chosen
    assert not [name for name in vars(regressor) if name.endswith("_") and not name.startswith("_")]


def test_a_regressor_that_draws_is_given_the_seed() -> None:
    forest = RandomForestRegressor(5)
    assert challenger._seeded(forest, 4).random_state == 4
    assert challenger._seeded(RandomForestRegressor(5, random_state=9), 4).random_state == 9
    assert forest.random_state is None


def test_a_perfect_challenger_takes_over_and_has_little_left_to_learn() -> None:
    before, _, truth = made("steps", 6)
    after = challenge(before, truth[:, None], LinearRegression())
    assert after.challenge.share > 0.9
    assert after.challenge.to_learn < 0.1 * after.challenge.unit_variance
    assert after.unit_variance == pytest.approx(0.16, rel=0.25)


def test_the_share_of_a_move_by_hand() -> None:
    weight = np.array([1.0, 1.0, 2.0])
    move = np.array([1.0, -1.0, 0.0])
    assert challenger._share(0.3 * move + 5.0, move, weight) == pytest.approx(0.3)
    assert challenger._share(-move, move, weight) == 0.0
    assert challenger._share(2 * move, move, weight) == 1.0
    assert challenger._share(move, np.zeros(3), weight) == 0.0
    assert challenger._error(np.array([1.0, 3.0, 2.0]), weight) == pytest.approx(0.5)


def test_only_so_many_units_are_learned_from(monkeypatch: pytest.MonkeyPatch) -> None:
    before, _, truth = made("steps", 7)
    sizes = []

    class Counting(LinearRegression):
        def fit(self, X, y, sample_weight=None):
            sizes.append(len(X))
            return super().fit(X, y, sample_weight)

    monkeypatch.setattr(challenger, "MOST_ROWS", 180)
    assert challenge(before, truth[:, None], Counting()).challenge.chosen
    assert set(sizes) == {180, 100}


def test_the_declared_share_that_lasts_is_kept() -> None:
    rng = np.random.default_rng(0)
    x = rng.normal(size=(UNITS, 3))
    n = rng.integers(10, 60, (UNITS, 1)).astype(float)
    y = CONTEXTS["steps"](x)[:, None] + 0.4 * rng.normal(size=n.shape) + rng.normal(size=n.shape) / np.sqrt(n)
    before = fit_excess("mean", y, n, x, NONE, item_variance=1.0, persistence=0.5)
    after = challenge(before, x)
    assert after.challenge.chosen
    assert after.persistent_variance == pytest.approx(0.5 * after.unit_variance)
    left = before.collapsed.variance + after.challenge.to_learn
    assert after.noise == pytest.approx(left + 0.5 * after.unit_variance)


def test_context_as_a_learner_reads_it() -> None:
    numeric = np.array([[[1.0], [3.0]], [[2.0], [np.nan]]])
    seen = np.ones((2, 2), dtype=bool)
    read = challenger_inputs(numeric, np.array([[4], [7]]), seen)
    assert read == pytest.approx(np.array([[2.0, 1.0, 0.0], [3.0, 0.0, 1.0]]))  # the second would have risen, too
    moving = challenger_inputs(numeric[:, 0], np.array([[[4], [7]], [[7], [7]]]), seen)
    assert moving.tolist() == [[1.0, 0.5, 0.5], [2.0, 0.0, 1.0]]
    assert challenger_inputs(numeric[:, 0], np.empty((2, 0), dtype=int), seen).tolist() == [[1.0], [2.0]]
