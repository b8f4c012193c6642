"""The panel bench has the moments it states, and nothing to find where nothing is planted."""

import numpy as np
import pytest

from pdlib.simulate import simulate_panel

COVARIATES = [f"x{k}" for k in range(1, 9)]


def test_same_seed_same_panel_other_seed_another() -> None:
    first, again, other = (simulate_panel(40, 3, seed=seed) for seed in (7, 7, 8))
    assert first.panel.equals(again.panel)
    assert first.truth.equals(again.truth)
    assert not first.panel["value"].equals(other.panel["value"])


def test_covariates_and_effects_have_the_stated_moments() -> None:
    simulated = simulate_panel(5000, 6, seed=1)
    x = simulated.panel.drop_duplicates("unit")[COVARIATES]
    correlation = x.drop(columns="x7").corr().to_numpy()
    assert correlation[np.triu_indices(7, 1)] == pytest.approx(0.25, abs=0.05)
    assert set(x["x7"]) == {0.0, 1.0}
    assert simulated.truth["theta"].std(ddof=0) == pytest.approx(0.5)
    assert simulated.truth["in_top"].sum() == 500
    assert simulated.truth.loc[simulated.truth["in_top"], "theta"].min() >= simulated.truth["theta"].quantile(0.9)
    n = simulated.panel.groupby("unit")["n"].mean()
    assert n.median() == pytest.approx(30, rel=0.06)
    assert np.log(n).std() == pytest.approx(1.0, abs=0.12)
    assert simulated.panel["n"].min() >= 3
    assert simulated.panel["sd"].mean() == pytest.approx(3.0, rel=0.03)


def test_value_scatters_about_its_truth_by_shock_and_item_noise() -> None:
    simulated = simulate_panel(4000, 4, seed=3)
    eta = simulated.truth.set_index("unit")[["theta", "context_value"]].sum(axis=1)
    panel = simulated.panel
    period = panel["period"].map(dict(zip(panel["period"].unique(), simulated.settings["period_effects"], strict=True)))
    z = (panel["value"] - panel["unit"].map(eta) - period) / np.sqrt(0.3**2 + 9 / panel["n"])
    assert z.mean() == pytest.approx(0, abs=0.03)
    assert z.std() == pytest.approx(1, abs=0.02)


def test_proportion_and_rate_lie_in_their_bounds_and_at_their_base() -> None:
    share = simulate_panel(2000, 4, "proportion", seed=2).panel
    assert (share["successes"] <= share["n"]).all()
    assert share["successes"].sum() / share["n"].sum() == pytest.approx(0.7, abs=0.05)
    rate = simulate_panel(2000, 4, "rate", seed=2).panel
    assert (rate["exposure"] % 20 == 0).all()
    assert rate["events"].min() >= 0
    assert 3 <= rate["events"].median() <= 7


def test_more_is_better_for_theta_whatever_the_kind() -> None:
    for kind, sign in (("mean", 1), ("proportion", 1), ("rate", -1)):
        simulated = simulate_panel(1500, 6, kind, shock_sd=0, seed=4)
        panel, outcome = simulated.panel, simulated.study()["outcome"]
        top, bottom = {
            "mean": ("value", None),
            "proportion": ("successes", "n"),
            "rate": ("events", "exposure"),
        }[kind]
        sums = panel.groupby("unit").sum(numeric_only=True)
        level = sums[top] / sums[bottom] if bottom else panel.groupby("unit")[top].mean()
        theta = simulated.truth.set_index("unit")["theta"]
        assert sign * level.corr(theta, method="spearman") > 0.2
        assert outcome["better"] == ("higher" if sign > 0 else "lower")


def test_null_has_no_deviants_and_else_the_same_draws() -> None:
    null, planted = simulate_panel(300, 3, null=True, seed=5), simulate_panel(300, 3, seed=5)
    assert not null.truth["theta"].any()
    assert not null.truth["in_top"].any()
    shift = planted.panel["unit"].map(planted.truth.set_index("unit")["theta"])
    assert np.allclose(null.panel["value"] + shift, planted.panel["value"])


def test_options_do_what_they_say() -> None:
    simulated = simulate_panel(
        4000,
        5,
        far_share=0.04,
        hidden_sd=0.4,
        missing_share=0.2,
        merit_context_correlation=0.5,
        tails="t",
        seed=6,
    )
    truth = simulated.truth
    assert truth["theta"].corr(truth["context_value"]) == pytest.approx(0.5, abs=0.05)
    assert truth["hidden"].std() == pytest.approx(0.4, rel=0.05)
    assert len(simulated.panel) / 20_000 == pytest.approx(0.8, abs=0.02)
    assert len(simulated.settings["far_units"]) == pytest.approx(160, abs=40)
    assert simulate_panel(4000, 1, tails="t", seed=6).truth["theta"].kurt() > 2


@pytest.mark.parametrize("wrong", [{"kind": "count"}, {"context": "curved"}, {"tails": "fat"}])
def test_unknown_words_are_refused_with_the_known_ones(wrong: dict[str, str]) -> None:
    with pytest.raises(ValueError, match="must be one of"):
        simulate_panel(50, 2, **wrong, seed=1)
