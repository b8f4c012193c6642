"""Recovery, silence and luck as results: each agrees with the truth it was scored on."""

import numpy as np
import pytest

from pdlib.simulate import simulate_panel
from pdlib.trust import answers, league_of_luck, oracle, recover_planted, silence_on_null

METHODS = {"ours", "raw ranking", "OLS residual", "funnel 95 %"}


@pytest.mark.parametrize("kind", ["mean", "proportion", "rate"])
def test_the_oracle_knows_how_sure_it_is(kind: str) -> None:
    simulated = simulate_panel(400, 4, kind, seed=2)
    answer = oracle(simulated)
    in_top = simulated.truth["in_top"].to_numpy()
    assert answer.p is not None
    assert answer.p.sum() == pytest.approx(40, rel=1e-6)
    assert in_top[np.argsort(-answer.p)[:40]].mean() > 0.3  # by chance a tenth
    sure = answer.p >= 0.5
    assert in_top[sure].mean() == pytest.approx(answer.p[sure].mean(), abs=0.25)


def test_what_people_do_answers_for_every_unit_in_the_order_of_the_truth() -> None:
    simulated = simulate_panel(200, 4, "rate", seed=1)
    theta = simulated.truth["theta"].to_numpy()
    told = answers(simulated)
    assert set(told) == METHODS
    for name, answer in told.items():
        assert np.corrcoef(answer.order, theta)[0, 1] > 0.25, name
    assert told["raw ranking"].named.sum() == 20


def test_recovery_beats_a_league_table_and_stays_below_the_oracle() -> None:
    recovery = recover_planted(200, 6, replicates=3)
    table = recovery.table.set_index("method")
    assert set(table.index) == METHODS | {"oracle"}
    assert table.loc["oracle", "precision"] >= table.loc["ours", "precision"] > table.loc["raw ranking", "precision"]
    assert (table["precision_lower"] <= table["precision"]).all()
    assert (table["precision"] <= table["precision_upper"]).all()
    assert table.loc["ours", "claimed_share"] >= 0.8  # the rule: at most one in five expected to be false
    assert table.loc["raw ranking", "real_share"] == pytest.approx(table.loc["raw ranking", "precision"])
    assert f"{table.loc['ours', 'precision']:.0%} truly belong there" in recovery.finding
    assert (table["n_units"] == 600).all()


def test_silence_where_nobody_deviates_and_the_others_are_not() -> None:
    silence = silence_on_null(200, 6, replicates=3)
    table = silence.table.set_index("method")
    assert set(table.index) == METHODS
    assert table.loc["ours", "named_share"] < 0.01
    assert (table.loc[["raw ranking", "OLS residual", "funnel 95 %"], "named_share"] > 0.04).all()
    assert f"ours names {table.loc['ours', 'n_named']}" in silence.finding


def test_luck_looks_like_a_league_table_and_does_not_last() -> None:
    luck = league_of_luck(400, 6, seed=4)
    table, first = luck.table, luck.table.head(40)
    assert first["earlier"].mean() > 0.05
    assert abs(first["later"].mean()) < 3 * table["later"].std() / np.sqrt(40)
    assert abs(luck.correlation) < 3 / np.sqrt(400)
    assert table["earlier"].is_monotonic_decreasing
    assert table["later"].mean() == pytest.approx(0, abs=1e-12)
    # The spread is that of binomial draws and nothing else.
    assert table["earlier"].std() == pytest.approx(np.sqrt(0.7 * 0.3 / 90), rel=0.12)


def test_too_little_for_two_halves_is_refused() -> None:
    with pytest.raises(ValueError, match="found 5 units and 1 periods"):
        league_of_luck(5, 1)


def test_the_same_seed_gives_the_same_result_and_the_table_is_a_copy() -> None:
    once, again = (recover_planted(60, 3, replicates=2, seed=7) for _ in range(2))
    assert once.table.equals(again.table)
    assert once.settings["seed"] == 7
    table = once.table
    table["precision"] = -1.0
    assert (once.table["precision"] >= 0).all()


def test_pictures_and_pages() -> None:
    luck, recovery = league_of_luck(60), recover_planted(60, 3, replicates=2)
    for result in (luck, recovery, silence_on_null(60, 3, replicates=2)):
        assert result.plot() is not None
        assert result.finding.split(",")[0][:20] in result._repr_html_()
