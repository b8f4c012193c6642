"""Rising discontent on the example chain, held against its truth, and where it cannot be told."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

import pdlib
from pdlib.voices.themes import named_themes

TRUTH = Path(__file__).parents[2] / "data" / "service_chain" / "truth" / "units.csv"


@pytest.fixture(scope="module")
def discontent(chain: pdlib.Voices) -> pdlib.Discontent:
    return chain.discontent()


def test_signals_are_at_souring_shops(discontent: pdlib.Discontent) -> None:
    sours = pd.read_csv(TRUTH, index_col="shop")["discontent_from"]
    signals = discontent.signals
    assert len(signals) >= 5
    assert sours[signals["unit"]].notna().mean() >= 0.6
    ever = discontent.table.query("signal == 'rising'").drop_duplicates("unit")
    assert len(ever) >= 5
    assert sours[ever["unit"]].notna().all()
    assert (ever["period"].to_numpy() >= sours[ever["unit"]].to_numpy()).all()


def test_comments_come_before_the_score(discontent: pdlib.Discontent) -> None:
    both = discontent.before_the_score
    assert (both["signalled"] != "").sum() >= 5
    assert both["periods_ahead"].dropna().gt(0).all()


def test_small_numbers_are_hidden(discontent: pdlib.Discontent) -> None:
    table, signals = discontent.table, discontent.signals
    assert (signals["n_recent"] >= 10).all()
    assert table["n_recent"].dropna().ge(10).all()
    assert table["share_recent"].notna().equals(table["n_recent"].notna())
    assert table["mood_recent"].notna().equals(table["n_recent"].notna())
    assert discontent.timeline()["n_comments"].min() >= 10


def test_the_finding_counts_what_the_table_holds(discontent: pdlib.Discontent) -> None:
    rising = int((discontent.signals["signal"] == "rising").sum())
    last = discontent.table[discontent.table["period"] == discontent.settings["period"]]
    assert discontent.judged == last["p_value"].notna().sum()
    told = f"rising at {rising} of" if rising else "None of"
    assert f"{told} {discontent.judged} shops" in discontent.finding
    assert any("reason to go and ask" in caveat for caveat in discontent.caveats)


def test_themes_over_all_units(discontent: pdlib.Discontent) -> None:
    themes = discontent.themes
    assert "no way to reach a person" in set(themes["label"])
    assert themes["share_recent"].dropna().between(0, 1).all()
    few = themes["n_comments"] < 10
    assert themes.loc[few, "share_recent"].isna().all()


def test_timelines(discontent: pdlib.Discontent) -> None:
    unit = discontent.signals["label"].iloc[0]
    own = discontent.timeline(unit)
    assert own["period"].tolist() == discontent.voices.observations.periods
    last = own.iloc[-1]
    assert last["observed"] > last["expected_upper"] > last["expected"]
    assert discontent.plot(unit).get_figure() is not None
    assert discontent.plot().get_figure() is not None
    with pytest.raises(KeyError, match="There is no shop"):
        discontent.timeline("Nowhere")


def test_moods_are_english_and_between_minus_one_and_one(discontent: pdlib.Discontent) -> None:
    mood = discontent.table["mood_recent"].dropna()
    assert mood.between(-1, 1).all() and mood.nunique() > 100


def test_where_it_cannot_be_told(chain: pdlib.Voices) -> None:
    with pytest.raises(pdlib.StudyError, match="No comment is by parrot; the comments are by customer"):
        chain.discontent(["parrot"])
    study = chain.observations.study
    tongue = study.model_copy(update={"voices": study.voices.model_copy(update={"language": "tlh"})})
    foreign = replace(chain, observations=replace(chain.observations, study=tongue))
    with pytest.raises(pdlib.StudyError, match="declare one as"):
        foreign.discontent()


def test_one_text_pasted_fifteen_times_is_no_rise(chain: pdlib.Voices, discontent: pdlib.Discontent) -> None:
    quiet = discontent.table.query("period == '2026-06' and p_value > 0.5 and n_comments >= 3")["unit"].iloc[0]
    frustration = next(theme.name for theme in named_themes(chain.observations.study) if theme.discontent)
    said = chain.comments["unit"].eq(quiet) & chain.comments["period"].eq("2026-06")
    again = chain.comments[said].iloc[[0] * 15]
    spoken = pd.DataFrame(False, index=again.index, columns=chain.spoken.columns).assign(**{frustration: True})
    for text, rises in (("Waited for ever and nobody rang me back", False), ("waited for ever", True)):
        louder = replace(
            chain,
            comments=pd.concat([chain.comments, again.assign(text=text)], ignore_index=True),
            spoken=pd.concat([chain.spoken, spoken], ignore_index=True),
        ).discontent()
        assert (quiet in set(louder.signals["unit"])) is rises
        assert any("whoever pastes a text is one" in caveat for caveat in louder.caveats) is not rises
        assert louder.settings["n_copies"] == discontent.settings["n_copies"] + (0 if rises else 14)


def test_nothing_sours_in_shuffled_months(chain: pdlib.Voices) -> None:
    rng = np.random.default_rng(1)
    months = rng.permutation(chain.comments["period"].astype("str"))
    still = replace(chain, comments=chain.comments.assign(period=pd.Categorical(months)))
    discontent = still.discontent()
    assert (discontent.table["signal"] == "rising").sum() <= 2
    assert (discontent.table["signal"] == "watch").sum() <= 0.015 * discontent.table["p_value"].notna().sum()
