"""Comments, staff and the reviewed list, as they are read."""

from typing import Any

import pandas as pd
import pytest

from pdlib.errors import DataError
from pdlib.observations import Observations, read
from tests.test_observations import panel, problems, study

SAID: dict[str, list[Any]] = {"shop": ["001", "002"], "month": ["2025-02", "2025-10"], "text": ["Quick.", "Näh!"]}


def said(**columns: Any) -> pd.DataFrame:
    return pd.DataFrame({**SAID, **columns})


def heard(comments: pd.DataFrame, **tables: pd.DataFrame) -> Observations:
    voices = {"text": "text", **({"staff": ["first", "last"]} if tables else {})}
    return read(study(voices=voices), {"observations": panel(), "comments": comments, **tables})


def test_without_a_column_for_the_voice_customers_speak() -> None:
    comments = heard(said()).comments
    assert comments["voice"].tolist() == ["customer", "customer"]
    assert heard(said(voice=["Employee", None])).comments["voice"].tolist() == ["employee", "customer"]


def test_a_named_column_for_the_voice_must_be_there() -> None:
    (problem,) = problems(study(voices={"voice": "who"}), {"observations": panel(), "comments": said()})
    assert "column who: there is no such column" in problem


def test_ids_are_made_of_what_is_said_and_where() -> None:
    comments, again = heard(said()).comments, heard(said()[::-1]).comments
    assert comments["comment"].is_unique
    assert comments["comment"].tolist() == again["comment"].tolist()[::-1]


def test_a_day_belongs_to_its_month_and_other_times_are_set_aside() -> None:
    observations = heard(said(month=["2025-02-14", "2019-01"]))
    assert observations.comments["period"].tolist() == ["2025-02"]
    assert any("1 comments set aside: of a time outside" in caveat for caveat in observations.caveats)


def test_what_says_nothing_is_set_aside() -> None:
    observations = heard(said(text=["  ", "Fine"]))
    assert observations.comments["text"].tolist() == ["Fine"]
    assert observations.settings["comments_empty"] == 1


@pytest.mark.parametrize(
    ("columns", "message"),
    [
        ({"month": ["2025-02", "soon"]}, "neither a period of the observations nor a date in 1 row ('soon'): row 3"),
        ({"month": [None, "2025-10"]}, "no value in 1 row: row 2. Every comment needs its unit and period."),
        ({"shop": ["001", "999"]}, "a unit that the observations do not have in 1 row ('999'): row 3"),
        ({"text": [None, ""]}, "every comment is empty"),
    ],
)
def test_what_is_wrong_with_comments(columns: dict[str, Any], message: str) -> None:
    with pytest.raises(DataError) as caught:
        heard(said(**columns))
    assert message in str(caught.value)


def test_an_id_stands_once() -> None:
    (problem,) = problems(study(voices={"comment": "id"}), {"observations": panel(), "comments": said(id=["a", "a"])})
    assert "an id already given in 1 row: row 3" in problem


def test_staff_are_read_from_their_table_or_from_the_units() -> None:
    staff = pd.DataFrame({"first": ["Dave", "Priya", None], "last": ["Rose", "Dave", "Okafor"]})
    assert heard(said(), staff=staff).staff.tolist() == ["Dave", "Priya", "Rose", "Okafor"]
    units = pd.DataFrame({"shop": [f"{k:03}" for k in range(1, 7)], "boss": ["Ann", *["Bo"] * 5]})
    observations = read(study(voices={"staff": "boss"}), {"observations": panel(), "units": units})
    assert observations.staff.tolist() == ["Ann", "Bo"]


REVIEWED: dict[str, list[Any]] = {
    "comment": ["a", "b", "c"], "cleared": ["yes", "no", None], "reviewer": ["Kim", "Kim", None],
    "text": ["Quick.", "Näh!", "Fine"],
}  # fmt: skip


def test_a_line_without_an_answer_is_not_reviewed() -> None:
    reviewed = heard(
        said(), reviewed=pd.DataFrame(REVIEWED), staff=pd.DataFrame({"first": ["A"], "last": ["B"]})
    ).reviewed
    assert reviewed["comment"].tolist() == ["a", "b"]
    assert reviewed["cleared"].tolist() == [True, False]


@pytest.mark.parametrize(
    ("columns", "message"),
    [
        ({"cleared": ["yes", "perhaps", None]}, "neither yes nor no in 1 row ('perhaps'): row 3"),
        ({"reviewer": ["Kim", None, None]}, "nobody named in 1 row: row 3"),
        ({"comment": ["a", "a", "c"]}, "a comment already given in 1 row ('a'): row 3"),
    ],
)
def test_what_is_wrong_with_a_reviewed_list(columns: dict[str, Any], message: str) -> None:
    tables = {"observations": panel(), "comments": said(), "reviewed": pd.DataFrame({**REVIEWED, **columns})}
    assert any(message in problem for problem in problems(study(voices={"text": "text"}), tables))
