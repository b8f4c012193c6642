"""One ladder of verdicts: nothing lasts, cannot tell, not sure enough, named; each with its own words, everywhere."""

import re

import numpy as np
import pandas as pd
import pytest

import pdlib
from pdlib.cli import main
from pdlib.deviants import Deviants, find_deviants
from pdlib.errors import TooFewUnitsError
from pdlib.expected import NOTHING_LASTS, certainty, expect
from pdlib.observations import Observations
from tests.panels import ALL_CONTEXT, declared, outcome, panel
from tests.validation.few import DESIGNS, says_luck, words


def found(frame: pd.DataFrame, kind: str = "mean", **more) -> Deviants:
    return find_deviants(expect(declared(frame, kind, **{"context": ALL_CONTEXT[:2], **more})))


def said(deviants: Deviants) -> str:
    """Every verdict on the way, and the page."""
    expected = deviants.expected
    page = pdlib.tell(expected.observations, deviants)
    text = re.sub(r"<[^>]+>", " ", page._repr_html_())
    return " ".join([str(expected.fit_verdict), *expected.caveats, deviants.finding, *deviants.caveats, text])


def spells(rho: float, seed: int, units: int = 48, periods: int = 8, merit: float = 0.0) -> Deviants:
    """Shocks that fade by the factor rho from one period to the next."""
    rng = np.random.default_rng(seed)
    shock = rng.standard_normal((units, periods))
    for p in range(1, periods):
        shock[:, p] = rho * shock[:, p - 1] + np.sqrt(1 - rho**2) * shock[:, p]
    level = merit * rng.standard_normal((units, 1)) + 0.4 * shock + 0.2 * rng.standard_normal(shock.shape)
    frame = pd.DataFrame({"unit": np.repeat([f"S{i:03d}" for i in range(units)], periods)})
    frame = frame.assign(period=np.tile(range(periods), units), value=level.ravel(), n=25, sd=1.0)
    return found(frame, context=[])


# -- the rungs ------------------------------------------------------------------------------------------------


def test_nothing_lasts_is_the_only_rung_that_speaks_of_luck() -> None:
    deviants = found(panel(200, 6, null=True, seed=2), context=ALL_CONTEXT)
    assert deviants.certainty.rung == "nothing lasts"
    assert deviants.certainty.sentence == deviants.expected.silence == NOTHING_LASTS
    assert deviants.finding == f"None of 200 units is named. {NOTHING_LASTS}"
    assert deviants.expected.fit_verdict.level == "stop"
    page = pdlib.tell(deviants.expected.observations, deviants)
    assert page.title == "None of 200 units stands out beyond means and luck"


def test_not_sure_enough_is_no_luck_and_says_how_many_are_worth_a_look() -> None:
    deviants = found(panel(120, 2, "rate"), "rate")
    likely = len(deviants.likely)
    assert deviants.certainty.rung == "not sure enough"
    assert (likely, len(deviants.confident)) == (5, 0)
    assert deviants.finding == "None of 120 units can be named at 80% certainty; five are worth a look."
    assert deviants.expected.certainty == deviants.certainty
    assert deviants.expected.fit_verdict.reasons[0] == deviants.finding
    assert deviants.expected.silence == ""
    page = pdlib.tell(deviants.expected.observations, deviants)
    assert page.title == "None of 120 units can be named yet"
    assert deviants.finding in str(page.headline)
    assert "luck" not in said(deviants)


def test_where_nobody_is_even_likely_the_best_chance_is_told() -> None:
    deviants = found(panel(100, 4, effect_sd=0.05, shock_sd=0.3, seed=0), context=ALL_CONTEXT)
    best = round(100 * deviants.table["p_top"].max())
    assert deviants.likely.empty
    assert deviants.finding.endswith(f"80% certainty; the likeliest has {best} chances in 100 to be in the top 10%.")


def test_the_list_has_its_own_share_of_false_names() -> None:
    expected = expect(declared(panel(300, 8, effect_sd=0.6), context=ALL_CONTEXT))
    usual, strict = (find_deviants(expected, false_share=share) for share in (0.2, 1e-9))
    assert usual.certainty.rung == "named"
    assert usual.certainty.sentence == usual.finding == expected.certainty.sentence
    assert strict.certainty.rung == "not sure enough"
    assert strict.finding.startswith("None of 300 units can be named at 100% certainty; ")


@pytest.mark.parametrize("units", [12, 29])
def test_few_units_come_before_luck(units: int) -> None:
    deviants = found(panel(units, 6, null=True))
    assert deviants.certainty.rung == "cannot tell"
    assert deviants.certainty.sentence.startswith(f"{units} units are few")
    assert "luck" not in said(deviants)


@pytest.mark.parametrize("null", [True, False])
@pytest.mark.parametrize("kind", ["mean", "proportion", "rate"])
def test_one_period_says_no_word_of_luck(kind: str, null: bool) -> None:
    deviants = found(panel(60, 1, kind, null=null), kind)
    assert deviants.certainty.rung == "cannot tell"
    assert "One period cannot tell a good spell from lasting merit, so nobody" in deviants.finding
    assert "luck" not in said(deviants)


# -- means of which nobody knows how single answers differ ----------------------------------------------------


MEANS = {
    "n varies": {"n": "n"}, "n is the same": {"n": "same"}, "no n": {},
}  # fmt: skip


@pytest.mark.parametrize("name", MEANS)
def test_one_period_of_means_leaves_open_what_noise_is(name: str) -> None:
    frame = panel(60, 1, effect_sd=1.0).assign(same=30)
    given = {"name": "outcome", "kind": "mean", "value": "value", **MEANS[name]}
    deviants = found(frame, outcome=given)
    fit = deviants.expected.fit
    assert "is not known either" in deviants.finding
    assert ("how far single observations differ" in deviants.finding) == (name != "no n")
    assert "luck" not in said(deviants)
    assert deviants.certainty.rung == "cannot tell"
    assert fit.persistent_variance == 0 < fit.unit_variance
    np.testing.assert_allclose(deviants.table["p_top"], 0.1)
    assert not len(deviants.likely)
    # The whole spread counts as possible noise: nine in ten lie within their own range of nothing.
    inside = (deviants.table["excess_lower"] <= 0) & (deviants.table["excess_upper"] >= 0)
    assert 0.8 <= inside.mean() <= 1.0
    assert deviants.funnel().table["outside95"].mean() <= 0.15


@pytest.mark.parametrize("times", [1e-4, 1e5])
def test_one_period_of_means_on_any_scale(times: float) -> None:
    frame = panel(60, 1, effect_sd=1.0)
    given = {"name": "outcome", "kind": "mean", "value": "value", "n": "n"}
    plain, scaled = (
        found(each, outcome=given).table.set_index("unit")
        for each in (frame, frame.assign(value=frame["value"] * times))
    )
    for column in ("excess", "excess_lower", "excess_upper"):
        np.testing.assert_allclose(scaled[column], times * plain.loc[scaled.index, column], rtol=1e-4)


def test_a_declared_share_that_lasts_opens_the_list_again() -> None:
    given = {"name": "outcome", "kind": "mean", "value": "value", "n": "n"}
    deviants = found(panel(200, 1, effect_sd=1.0), outcome=given, persistence=0.9)
    fit = deviants.expected.fit
    assert fit.persistent_variance == pytest.approx(0.9 * fit.unit_variance)
    assert deviants.certainty.rung == "named"


# -- units seen once, or hardly ever twice --------------------------------------------------------------------


def once(units: int = 80, periods: int = 6, again: int = 0, **more) -> pd.DataFrame:
    """Each unit in one period only, but for some that are seen in a second one."""
    frame = panel(units, periods, effect_sd=1.5, **more)
    place = pd.factorize(frame["unit"])[0]
    period = pd.factorize(frame["period"], sort=True)[0]
    return frame[(period == place % periods) | ((place < again) & (period == (place + 1) % periods))]


@pytest.mark.parametrize(("again", "told"), [(0, False), (8, False), (60, True)])
def test_units_seen_once_cannot_tell(again: int, told: bool) -> None:
    deviants = found(once(again=again))
    assert (deviants.certainty.rung != "cannot tell") == told == deviants.expected.tells_lasting
    if not told:
        assert "Hardly any unit was seen in more than one period" in deviants.finding
        assert deviants.confident.empty
        assert "luck" not in said(deviants)
    assert np.abs(deviants.table["excess"]).max() < 20


def test_the_declared_share_holds_for_units_seen_once_in_different_periods() -> None:
    fits = [expect(declared(once(200), context=["x1"], persistence=share)).fit for share in (None, 0.4)]
    assert fits[1].persistent_variance == pytest.approx(0.4 * fits[0].persistent_variance)


def test_a_luck_check_without_common_units_says_so() -> None:
    deviants = found(once())
    with pytest.raises(TooFewUnitsError, match="0 units have data in both halves of the periods"):
        deviants.luck_check()
    page = pdlib.tell(deviants.expected.observations, deviants)
    assert "could not be tested on later periods. 0 units have data" in str(page.how_sure)


@pytest.mark.parametrize("name", DESIGNS)
@pytest.mark.parametrize("seed", [3, 15])
def test_small_studies_of_every_kind_get_an_answer(name: str, seed: int) -> None:
    study = DESIGNS[name](seed=seed)
    texts, deviants = words(study)
    assert all(texts.values())
    if not study.tellable or deviants.certainty.rung == "cannot tell":
        assert says_luck(texts) == []
        assert deviants.confident.empty


# -- spells as long as can be estimated, and a funnel that disagrees ------------------------------------------


def test_long_spells_cannot_be_told_from_merit_and_the_funnel_disagrees() -> None:
    deviants = spells(0.9, seed=0)
    assert deviants.expected.fit.persistent_variance == 0
    assert deviants.certainty.sentence.startswith("Long spells and lasting merit cannot be told apart in 8 periods")
    out = int(deviants.funnel().table["outside95"].sum())
    assert out > 8
    told = f"The funnel and this verdict disagree: {out} of 48 units lie outside the lines that 2 would cross by chance"
    assert told in deviants.finding
    assert told in deviants.caveats[0]
    assert "spells of several periods" in deviants.disagreement
    page = pdlib.tell(deviants.expected.observations, deviants)
    assert told in str(page.who_stands_out)
    assert "luck" not in said(deviants)
    assert "Nothing here but luck" not in deviants.luck_check().finding


@pytest.mark.parametrize("seed", range(3))
def test_short_spells_are_told_from_what_lasts(seed: int) -> None:
    deviants = spells(0.4, seed, units=150, periods=12, merit=0.4)
    assert deviants.expected.fit.spells.credible
    assert deviants.certainty.rung == "named"
    assert deviants.disagreement == ""


def test_a_funnel_in_order_says_nothing() -> None:
    assert found(panel(200, 6, null=True, seed=2), context=ALL_CONTEXT).disagreement == ""


# -- who is told ----------------------------------------------------------------------------------------------


def test_a_further_reason_takes_every_name_away(monkeypatch: pytest.MonkeyPatch) -> None:
    why = "These counts are not of one month each."
    monkeypatch.setattr(certainty, "REASONS", (lambda _: why, *certainty.REASONS))
    deviants = found(panel(60, 6, effect_sd=1.0))
    assert deviants.confident.empty
    assert deviants.finding.startswith(f"None of 60 units is named. {why}")
    assert deviants.expected.fit_verdict.reasons[0] == why
    assert why in said(deviants)
    assert deviants.luck_check().finding.endswith(why)


def withheld() -> Deviants:
    """A unit that leads from where hardly anybody else is."""
    frame = panel(60, 6, effect_sd=0.6)
    first = frame["unit"].iloc[0]
    rows = frame["unit"].eq(first)
    frame.loc[rows, "x1"] += 3.0
    frame.loc[rows, "value"] += 6.0
    return found(frame)


def test_the_page_says_that_somebody_is_withheld_and_not_who() -> None:
    deviants = withheld()
    held = deviants.withheld
    assert len(held) == 1
    assert held["group"].item() != "confident"
    page = pdlib.tell(deviants.expected.observations, deviants)
    assert "One unit that may be ahead is not named: too few others share its means." in page.limits
    assert held["label"].item() not in page._repr_html_()


def test_check_says_why_nobody_could_be_named(tmp_path, capsys) -> None:
    panel(60, 1).to_csv(tmp_path / "rows.csv", index=False)
    (tmp_path / "study.toml").write_text(
        'unit = "unit"\nperiod = "period"\n[tables]\nobservations = "rows.csv"\n'
        '[[outcome]]\nname = "score"\nkind = "mean"\nvalue = "value"\nn = "n"\n'
    )
    assert main(["check", str(tmp_path)]) == 0
    assert "note: One period cannot tell a good spell from lasting merit, and how far" in capsys.readouterr().out


def test_one_unit_is_told_the_same() -> None:
    observations = declared(panel(60, 1), outcome=outcome("mean"))
    text = unit_page(observations)
    assert "Whether that difference lasts cannot be told from these data." in text
    assert "None of 60 units can be named yet." in text
    assert "luck" not in text
    assert "no larger than luck alone makes" in unit_page(
        declared(panel(200, 6, null=True, seed=2), context=ALL_CONTEXT)
    )


def unit_page(observations: Observations) -> str:
    deviants = find_deviants(expect(observations))
    page = pdlib.tell_unit(observations, deviants, unit=deviants.table["unit"].iloc[0])
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", "", page._repr_html_()))
