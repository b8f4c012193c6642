"""Terms that are planted are found, chance and one unit's topics are not, and small numbers stay hidden."""

from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd
import pytest

import pdlib
from pdlib.simulate import SimulatedVoices, simulate_voices
from pdlib.voices.comparing import TABLE, _own_words


def heard(simulated: SimulatedVoices, comments: pd.DataFrame | None = None, **more: Any) -> pdlib.Voices:
    comments = simulated.comments if comments is None else comments
    declared = {**simulated.study(), **{name: more.pop(name) for name in ("theme", "unit") if name in more}}
    tables = {"observations": simulated.panel.panel, "comments": comments, **more.pop("tables", {})}
    observations = pdlib.read(pdlib.Study(**declared), tables)
    deviants = pdlib.find_deviants(pdlib.expect(observations, challenger=None))
    return pdlib.hear(observations, deviants, **{"longest": 1, "draws": 200, **more})


@pytest.fixture(scope="module")
def simulated() -> SimulatedVoices:
    return simulate_voices(300, 30_000, ranks=(60, 200), n_true=8, topics=6, seed=3)


@pytest.fixture(scope="module")
def planted(simulated: SimulatedVoices) -> pdlib.Voices:
    return heard(simulated)


def test_planted_terms_are_found(planted: pdlib.Voices, simulated: SimulatedVoices) -> None:
    more = planted.table.query("grade == 'said more'")
    true = more["term"].isin(simulated.truth["term"])
    assert true.sum() >= 3
    assert (~true).sum() <= 1
    assert (more["share_deviants"] > more["share_peers"]).mean() > 0.5
    assert "said more where units do better" in planted.finding and "association" in planted.finding


def test_the_table(planted: pdlib.Voices) -> None:
    table = planted.table
    assert list(table.columns) == TABLE
    assert planted.family_size == len(table) == planted.settings["family_size"]
    assert (table["n_units"] >= 10).all() and (table["n_comments"] >= 30).all()
    assert (table["largest_unit_share"] <= 0.30).all()
    assert (table["contrast_lower"] < table["contrast"]).all() and (table["contrast"] < table["contrast_upper"]).all()
    assert (table["p_bh"] >= table["p_value"] - 1e-12).all()
    assert set(table["grade"]) <= {"said more", "said less", "cannot tell"}
    assert not any("no space between words" in caveat for caveat in planted.caveats)
    table.loc[:, "p_bh"] = -1.0
    assert (planted.table["p_bh"] >= 0).all()


def test_nothing_is_found_where_nothing_is_tied() -> None:
    voices = heard(simulate_voices(200, 15_000, tied="nothing", seed=5))
    assert (voices.table["grade"] == "cannot tell").all()
    assert "none is tied to better outcomes" in voices.finding


def test_one_units_topic_is_no_finding(simulated: SimulatedVoices) -> None:
    comments = simulated.comments.copy()
    best = simulated.panel.truth.nlargest(1, "theta")["unit"].iloc[0]
    own = comments["unit"].eq(best) & (np.arange(len(comments)) % 2 == 0)
    comments.loc[own, "text"] += " dogbehindcounter"
    others = comments.index[~own][:: len(comments) // 40]
    comments.loc[others, "text"] += " dogbehindcounter"
    voices = heard(simulated, comments)
    assert "dogbehindcounter" not in set(voices.table["term"])
    assert any("one unit's own words" in caveat for caveat in voices.caveats)


def test_one_unit_with_most_comments_does_not_silence_the_others(simulated: SimulatedVoices) -> None:
    comments = simulated.comments.iloc[::3]
    loud = comments.sample(int(1.5 * len(comments)), replace=True, random_state=1)  # 60 % of all that is said
    loud = loud.assign(unit=comments["unit"].iloc[0])
    both = pd.concat([comments, loud], ignore_index=True).assign(comment=lambda rows: rows.index.astype("str"))
    every = np.where(both.index < len(comments), 100, 2)  # how often its own word is said, elsewhere and there
    both["text"] += np.where(both.index % every == 0, " dog", "")
    voices = heard(simulated, both)
    assert voices.family_size >= 0.8 * heard(simulated, comments).family_size
    assert "dog" not in set(voices.table["term"])


def test_what_is_a_units_own_depends_on_its_share_of_comments() -> None:
    counts = np.array([[31.0, 29.0, 0.0, 71.0, 73.0, 100.0], [69.0, 71.0, 100.0, 29.0, 27.0, 0.0]])
    spread = np.vstack([counts[0], np.tile(counts[1] / 99, (99, 1))])  # over one unit and ninety-nine others
    others = np.full(99, 1000.0)
    assert _own_words(spread, np.r_[1.0, others]).tolist() == [True, False, False, True, True, True]
    assert _own_words(spread, np.r_[1.5 * others.sum(), others]).tolist() == [False, False, False, False, True, True]


def test_text_without_spaces_is_said_to_be_out_of_reach(simulated: SimulatedVoices) -> None:
    comments = simulated.comments.iloc[::3]
    joined = heard(simulated, comments.assign(text=comments["text"].str.replace(" ", "")))
    assert joined.family_size == 0
    assert any("no space between words" in caveat and "jieba" in caveat for caveat in joined.caveats)


def test_each_voice_is_heard_by_itself(simulated: SimulatedVoices) -> None:
    comments = simulated.comments.assign(
        voice=np.where(np.arange(len(simulated.comments)) % 5 == 0, "employee", "customer")
    )
    voices = heard(simulated, comments)
    assert set(voices.table["voice"]) == {"customer", "employee"}
    assert voices.table.groupby("voice")["n_comments"].max()["employee"] < 7000


def test_a_unit_without_an_outcome_takes_no_part(simulated: SimulatedVoices) -> None:
    panel = simulated.panel.panel.copy()
    silent = panel["unit"].iloc[0]
    panel.loc[panel["unit"] == silent, "value"] = np.nan
    fewer = replace(simulated, panel=replace(simulated.panel, panel=panel))
    comments = simulated.comments
    without = heard(fewer, comments[comments["unit"] != silent])
    assert heard(fewer).table["n_comments"].sum() < heard(simulated).table["n_comments"].sum()
    assert without.family_size > 0


def test_the_order_of_rows_and_names_of_units_do_not_matter(simulated: SimulatedVoices, planted: pdlib.Voices) -> None:
    shuffled = heard(simulated, simulated.comments.sample(frac=1, random_state=1))
    one, other = (voices.table.set_index("term")["p_value"] for voices in (planted, shuffled))
    assert other.reindex(one.index).to_numpy() == pytest.approx(one.to_numpy())


def test_declared_themes_are_tested_as_a_family_of_their_own(simulated: SimulatedVoices) -> None:
    term = simulated.truth["term"].iloc[0]
    voices = heard(simulated, theme={"name": "planted", "label": "a planted theme", "phrases": [term]})
    themes = voices.themes.set_index("term")
    assert themes.loc["planted", "grade"] == "said more"
    assert themes.loc["planted", "label"] == "a planted theme"


def test_nested_units_are_not_taken_for_independent(simulated: SimulatedVoices) -> None:
    truth = simulated.panel.truth
    units = pd.DataFrame({"unit": truth["unit"], "owner": [f"O{k // 10}" for k in range(len(truth))]})
    voices = heard(simulated, unit={"column": "unit", "nested_in": "owner"}, tables={"units": units})
    assert (voices.table["p_value"] >= 1 / 201).all()  # by turning the signs of 30 owners


def test_staff_and_customers_are_out_of_what_is_kept(chain: pdlib.Voices) -> None:
    staff = set(chain.observations.staff.str.casefold()) - {"mo", "bea"}
    words = set(chain.comments["text"].str.casefold().str.findall(r"\w+").explode())
    assert not staff & words
    assert chain.settings["redacted"]["email"] > 50
    assert not chain.table["term"].str.contains(r"\[|\bname\b(?<=\[name)").any()


def test_the_chain_speaks_of_its_planted_practices(chain: pdlib.Voices) -> None:
    more = chain.table.query("grade == 'said more'")
    assert {"rang", "by name"} <= set(more["term"])
    assert set(chain.themes.query("grade == 'said more'")["label"]) >= {"kept informed"}
    assert more["touchpoint"].notna().any()


def test_one_touchpoint_only(chain: pdlib.Voices) -> None:
    voices = pdlib.hear(chain.observations, chain.deviants, touchpoint="waiting", draws=100)
    assert (voices.comments["touchpoint"] == "waiting").all()
    with pytest.raises(pdlib.StudyError, match="No comment is about the touchpoint 'lunch'; there are day_after"):
        pdlib.hear(chain.observations, chain.deviants, touchpoint="lunch")


def test_a_study_without_comments(simulated: SimulatedVoices) -> None:
    observations = pdlib.read(pdlib.Study(**simulated.panel.study()), {"observations": simulated.panel.panel})
    deviants = pdlib.find_deviants(pdlib.expect(observations, challenger=None))
    with pytest.raises(pdlib.StudyError, match="The study has no comments"):
        pdlib.hear(observations, deviants)


def test_shares_of_few_deviants_are_hidden(planted: pdlib.Voices) -> None:
    named = len(planted.deviants.units("confident")) + len(planted.deviants.units("likely"))
    assert planted.table["share_deviants"].notna().all() == (named >= 5)


def test_it_draws_and_shows_itself(chain: pdlib.Voices) -> None:
    assert chain.plot().get_figure() is not None
    assert chain.plot(themes=True).get_figure() is not None
    assert "rang" in chain._repr_html_()
