"""Only what somebody cleared is quoted, from different units, and a list to review is safe to open."""

from dataclasses import replace

import pandas as pd
import pytest

import pdlib
from pdlib.insight.voices_told import voices_told
from pdlib.show.wording import causal_words, jargon_words, reading_grade
from pdlib.voices.quotes import guarded


def reviewed(chain: pdlib.Voices, lines: pd.DataFrame) -> pdlib.Voices:
    frame = lines.assign(cleared=lines["cleared"].eq("yes"))[["comment", "cleared", "reviewer", "text"]]
    return replace(chain, observations=replace(chain.observations, reviewed=frame.reset_index(drop=True)))


@pytest.fixture(scope="module")
def lines(chain: pdlib.Voices) -> pd.DataFrame:
    return chain.to_review(count=20).assign(cleared="yes", reviewer="Kim")


def test_the_list_to_review(chain: pdlib.Voices, lines: pd.DataFrame) -> None:
    comments = chain.comments.set_index("comment")
    assert list(lines.columns) == ["comment", "cleared", "reviewer", "text", "voice", "touchpoint", "about"]
    assert comments.loc[lines["comment"], "unit"].is_unique
    assert lines["about"].ne("").all() and lines["about"].nunique() > 1
    assert (comments.loc[lines["comment"], "text"].to_numpy() == lines["text"].to_numpy()).all()


def test_only_cleared_comments_are_quoted(chain: pdlib.Voices, lines: pd.DataFrame) -> None:
    lines = lines.assign(cleared=["no"] * 12 + ["yes"] * 8)
    quotes = reviewed(chain, lines).quotes
    assert set(quotes.table["comment"]) <= set(lines.loc[lines["cleared"] == "yes", "comment"])
    assert (quotes.n_reviewed, quotes.n_cleared, quotes.n_changed) == (20, 8, 0)
    assert quotes.finding.startswith("20 comments were reviewed, 8 cleared")
    assert "unit" not in quotes.table and "period" not in quotes.table


def test_what_reads_differently_now_is_not_quoted(chain: pdlib.Voices, lines: pd.DataFrame) -> None:
    lines = lines.assign(text=["Something else", *lines["text"][1:]])
    lines.loc[lines.index[1], "comment"] = "no such comment"
    quotes = reviewed(chain, lines).quotes
    assert quotes.n_changed == 2
    assert not set(lines["comment"][:2]) & set(quotes.table["comment"])


def test_one_quote_a_unit_and_none_that_names_one(chain: pdlib.Voices, lines: pd.DataFrame) -> None:
    comments = chain.comments.copy()
    label = str(chain.observations.units["label"].iloc[3])
    place = comments.index[comments["comment"] == lines["comment"].iloc[0]][0]
    comments.loc[place, "text"] = f"The one in {label} rang me by name"
    changed = replace(chain, comments=comments)
    text = lines["text"].copy()
    text.iloc[0] = comments.loc[place, "text"]
    quotes = reviewed(changed, lines.assign(text=text)).quotes
    assert lines["comment"].iloc[0] not in set(quotes.table["comment"])
    unit = comments.set_index("comment").loc[lines["comment"].iloc[1], "unit"]
    same = comments[comments["unit"] == unit].head(3)
    twice = pd.DataFrame({"comment": same["comment"], "cleared": "yes", "reviewer": "Kim", "text": same["text"]})
    assert len(reviewed(chain, twice).quotes.table) <= 1


def test_a_unit_of_few_comments_is_not_quoted(chain: pdlib.Voices) -> None:
    told = chain.comments.groupby("unit", observed=True)["comment"].transform("size")
    few = chain.comments[told < 8].head(5)
    frame = pd.DataFrame({"comment": few["comment"], "cleared": "yes", "reviewer": "Kim", "text": few["text"]})
    assert reviewed(chain, frame).quotes.table.empty


def test_the_written_list_comes_back(chain: pdlib.Voices, tmp_path, lines: pd.DataFrame) -> None:
    comments = chain.comments.copy()
    place = comments.index[comments["comment"] == lines["comment"].iloc[0]][0]
    comments.loc[place, "text"] = "=SUM(A1) they rang before the extra work was done"
    changed = replace(chain, comments=comments)
    path = tmp_path / "review.csv"
    changed.to_review(path, count=400)
    written = pd.read_csv(path, dtype="str")
    row = written["comment"] == lines["comment"].iloc[0]
    assert written.loc[row, "text"].iloc[0].startswith("'=SUM")
    back = written[row].assign(cleared="yes", reviewer="Kim")
    assert reviewed(changed, back).quotes.n_changed == 0


@pytest.mark.parametrize("cell", ["=1+1", "+44", "-x", "@me", "\tx", "\rx", "  =1"])
def test_live_cells_are_guarded(cell: str) -> None:
    assert str(guarded(cell)).startswith("'")
    assert guarded("plain - text") == "plain - text"
    assert guarded(3) == 3


# -- on the leaders' page -------------------------------------------------------------------------------------


def test_the_section_for_leaders(chain: pdlib.Voices, lines: pd.DataFrame) -> None:
    voices = reviewed(chain, lines)
    page = voices_told(voices)
    words = str(page)
    assert words.startswith("In their own words")
    assert "20 comments were reviewed for quoting, 20 cleared, four shown" in words
    assert page.__html__().count("<blockquote") == 4
    assert "kept informed" in words and "at bright spots" in words
    assert not causal_words(words) and not jargon_words(words)
    told = words.split("“", maxsplit=1)[0]
    assert reading_grade(told) <= 9
    labels = chain.observations.units["label"]
    assert not [label for label in labels if str(label) in words]


def test_the_section_without_a_review_says_so(chain: pdlib.Voices) -> None:
    voices = reviewed(
        chain, pd.DataFrame({name: [] for name in ("comment", "cleared", "reviewer", "text")}, dtype="str")
    )
    words = str(voices_told(voices))
    assert "Nobody has reviewed comments for quoting yet" in words
    assert voices.quotes.finding == "No comment was reviewed yet, so none is quoted."


def test_the_page_takes_the_section(chain: pdlib.Voices) -> None:
    insight = pdlib.tell(chain.observations, chain.deviants, None, chain)
    assert "In their own words" in str(insight.in_their_words)
    assert str(pdlib.tell(chain.observations, chain.deviants).in_their_words) == ""
