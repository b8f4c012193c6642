"""The bench of comments plants what it lists."""

import numpy as np
import pandas as pd
import pytest

from pdlib.simulate import SimulatedVoices, simulate_chain, simulate_voices


def rates(simulated: SimulatedVoices, terms: pd.Series) -> pd.Series:
    """Uses of the planted terms per word, by unit in the order of the truth."""
    words = simulated.comments["text"].str.split()
    used = words.map(set(terms).intersection).map(len).groupby(simulated.comments["unit"]).sum()
    written = words.map(len).groupby(simulated.comments["unit"]).sum()
    return (used / written).reindex(simulated.panel.truth["unit"])


def test_same_seed_same_study() -> None:
    first, again = (simulate_voices(60, 500, seed=3) for _ in range(2))
    assert first.comments.equals(again.comments) and first.truth.equals(again.truth)


@pytest.mark.parametrize(("tied", "ratio"), [("excess", 2.0), ("top", 2.0), ("nothing", 1.0)])
def test_the_top_tenth_says_planted_terms_twice_as_often(tied: str, ratio: float) -> None:
    simulated = simulate_voices(400, 60_000, tied=tied, n_true=40, topics=0, seed=1)
    rate, top = rates(simulated, simulated.truth["term"]).to_numpy(), simulated.panel.truth["in_top"].to_numpy()
    assert np.nanmean(rate[top]) / np.nanmean(rate[~top]) == pytest.approx(ratio, rel=0.12)


def test_confounded_terms_follow_the_context_and_comments_the_excess() -> None:
    simulated = simulate_voices(400, 60_000, confounded=40, wordy=0.2, topics=0, seed=2)
    truth = simulated.panel.truth
    driven = rates(simulated, simulated.truth.query("role == 'confounded'")["term"]).to_numpy()
    seen = np.isfinite(driven)
    assert np.corrcoef(driven[seen], truth["context_value"].to_numpy()[seen])[0, 1] > 0.5
    assert abs(np.corrcoef(driven[seen], truth["theta"].to_numpy()[seen])[0, 1]) < 0.15
    length = simulated.comments["text"].str.count(" ").groupby(simulated.comments["unit"]).mean().reindex(truth["unit"])
    assert np.corrcoef(length[seen], truth["theta"].to_numpy()[seen])[0, 1] > 0.6


def test_a_topic_belongs_to_one_unit() -> None:
    simulated = simulate_voices(200, 30_000, tied="nothing", topics=2, topic_times=200, seed=4)
    words = simulated.comments.assign(word=simulated.comments["text"].str.split()).explode("word")
    times = words.groupby("word")["unit"].agg(["size", lambda units: units.value_counts().iloc[0]])
    often = times[times["size"] >= 30]
    assert (often.iloc[:, 1] / often["size"] > 0.5).sum() > 50


def test_the_chain_lists_the_staff_that_comments_name() -> None:
    chain = simulate_chain(80, 12, n_comments=800, seed=1)
    assert chain.staff.groupby("shop").size().eq(3).all()
    named = chain.comments["comment"].str.contains(rf"\b(?:{'|'.join(chain.staff['forename'].unique())})\b").sum()
    assert named > 10
    assert not set(chain.staff["surname"]) & set(chain.truth_personal["value"].str.split().explode())
