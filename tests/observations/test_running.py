"""Counts that run up through the year are asked about, and undone where the study says so."""

import numpy as np
import pandas as pd
import pytest

import pdlib
from tests.corpus.world import HAPPY, RATE, sound

YEAR = {"column": "happy", "cumulative": "year"}


def two_years() -> pd.DataFrame:
    first = sound()
    second = sound().assign(
        month=lambda f: f["month"].str.replace("2024", "2025"), happy=first["happy"].to_numpy()[::-1]
    )
    both = pd.concat([first, second]).sort_values(["store", "month"], ignore_index=True)
    return both.assign(happy=np.minimum(both["happy"], both["answers"]))


def run_up(frame: pd.DataFrame, starts: str = "01") -> pd.DataFrame:
    """The counts so far in each year that begins in that month."""
    begun = (pd.to_datetime(frame["month"] + "-01") - pd.offsets.DateOffset(months=int(starts) - 1)).dt.year
    names = ["happy", "answers", "complaints", "visits"]
    return frame.assign(**{name: frame[name].groupby([frame["store"], begun]).cumsum() for name in names})


@pytest.mark.parametrize("starts", ["01", "04", "07"])
def test_a_year_that_starts_in_any_month_is_undone(starts: str) -> None:
    plain = pdlib.read(two_years(), **HAPPY).panel
    undone = pdlib.read(run_up(two_years(), starts), **{**HAPPY, "outcome": YEAR}).panel
    later = plain["period"] >= f"2024-{starts}"  # what ran up before the first month is one figure
    assert (undone.loc[later, ["happy", "answers"]] == plain.loc[later, ["happy", "answers"]]).all(axis=None)


def test_it_is_asked_of_shares_and_of_rates() -> None:
    for words in (HAPPY, RATE):
        with pytest.raises(pdlib.DataError, match='"cumulative": "year"'):
            pdlib.read(run_up(two_years()), **words)


def test_who_says_that_they_do_not_run_up_is_believed() -> None:
    words = {**HAPPY, "outcome": {"column": "happy", "cumulative": False}}
    assert pdlib.read(run_up(two_years()), **words).panel["answers"].max() > 1_000


def test_a_correction_is_left_out_and_told() -> None:
    frame = run_up(two_years())
    frame.loc[5, ["happy", "answers"]] = frame.loc[4, ["happy", "answers"]] - 1
    observations = pdlib.read(frame, **{**HAPPY, "outcome": YEAR})
    assert len(observations.set_aside) == 1
    assert any("below that of the period before" in note and "row 7" in note for note in observations.caveats)


def test_sound_counts_raise_no_question() -> None:
    assert pdlib.read(two_years(), **HAPPY).doubts == []


def test_counts_that_do_not_run_up_are_not_taken_apart() -> None:
    with pytest.raises(pdlib.DataError, match="said to run up through the year, but happy and answers fall within it"):
        pdlib.read(two_years(), **{**HAPPY, "outcome": YEAR})


def test_hidden_counts_cannot_be_taken_apart() -> None:
    with pytest.raises(pdlib.StudyError, match="cannot be taken apart where some are hidden"):
        pdlib.read(two_years(), **{**HAPPY, "outcome": {**YEAR, "suppressed": ["<5"]}})
