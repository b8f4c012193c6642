"""Ids, regions and categories that are the same but for how they are written."""

import unicodedata

import pandas as pd
import pytest

from pdlib.errors import DataError
from pdlib.observations import read
from pdlib.observations.meaning.ids import alike, difference, folded, key, tidied
from tests.observations.stores import accepted, months, shops, study, told

ZERO, SOFT, MARK, THIN, HARD = "\u200b", "\u00ad", "\ufeff", "\u2009", "\u00a0"


@pytest.mark.parametrize(
    "written", ["S001 ", f"S001{HARD}", f"{MARK}S001", f"S0{ZERO}01", f"S{SOFT}001", f"{THIN}S001\t", f" {ZERO} S001"]
)
def test_blanks_and_marks_without_width_count_for_nothing(written: str) -> None:
    table = shops().replace({"store": {"S001": written}})
    assert "S001" in accepted(months(), study(unit={"label": "title"}), units=table).units.index
    frame = months()
    frame.loc[3, "store"] = written
    assert accepted(frame, study()).panel["unit"].nunique() == 40


def test_composed_and_decomposed_letters_are_one_and_shown_as_first_written() -> None:
    composed, apart = (unicodedata.normalize(form, "Köln") for form in ("NFC", "NFD"))
    frame = months().replace({"store": {"S001": apart}})
    table = shops().replace({"store": {"S001": composed}})
    units = accepted(frame, study(unit={"label": "title"}), units=table).units
    assert len(units) == 40 and apart in units.index


def test_names_with_inner_marks_stay_as_they_are() -> None:
    family = "\U0001f468\u200d\U0001f469\u200d\U0001f467 Corner"
    frame = months().replace({"store": {"S001": family, "S002": "بازار"}})
    assert {family, "بازار"} <= set(accepted(frame, study()).units.index)


@pytest.mark.parametrize(
    ("other", "says"),
    [
        ("s001", "the same but for upper and lower case"),
        ("\u0405001", "'S' (U+0053) against 'Ѕ' (U+0405)"),
        ("\uff33001", "letters that look alike"),
    ],
)
def test_look_alikes_are_asked_and_may_be_kept(other: str, says: str) -> None:
    frame = months().replace({"store": {"S002": other}})
    (asked,) = told(frame, study())
    assert asked.level == "question" and asked.code == "alike" and says in asked.found
    kept = asked.answers[0].entries["keep"]
    assert sorted(kept) == sorted(["S001", other])
    assert accepted(frame, study(unit={"keep": kept})).panel["unit"].nunique() == 40


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("O'Neill", "O\u2019Neill"), ("A-1", "A\u20131"), ("A-1", "A\u22121"), ("St. Ives", "St Ives"),
        ("Elm", "\u201cElm\u201d"), ("Elm", "'Elm'"),
        ("1007", "1,007"), ("1007", "1.007"), ("1007", "1 007"),
        ("SO1", "S01"),
        ("Sl1", "S11"), ("SI1", "S11"),
    ],
)  # fmt: skip
def test_marks_and_letters_like_digits_are_asked(one: str, other: str) -> None:
    frame = months().replace({"store": {"S001": one, "S002": other}})
    (asked,) = told(frame, study())
    assert asked.code == "alike" and repr(one) in asked.found and repr(other) in asked.found
    assert accepted(frame, study(unit={"keep": asked.answers[0].entries["keep"]})).panel["unit"].nunique() == 40


def test_other_ids_do_not_look_alike() -> None:
    names = [
        "Site 1.2",
        "Site 12",
        "A-1",
        "A1",
        "Olli",
        "0111",
        "Oil 2",
        "Oil 3",
        "-",
        ".",
        "1.5",
        "15",
        "1007",
        "1.07",
    ]
    assert not alike(names)


@pytest.mark.parametrize(("one", "other"), [("7", "007"), ("7.0", "007"), ("0012", "12")])
def test_leading_zeros_that_a_spreadsheet_dropped(one: str, other: str) -> None:
    frame = months().replace({"store": {"S001": other}})
    with pytest.raises(DataError, match=rf"'{one}' and '{other}' are the same but for leading zeros") as caught:
        read(
            study(unit={"label": "title"}), {"observations": frame, "units": shops().replace({"store": {"S001": one}})}
        )
    assert "spreadsheet" in str(caught.value)


def test_ids_that_differ_are_left_alone() -> None:
    assert not alike(["S1", "S10", "S01", "1.10", "1.1", "NA", "None", "nan", "-", "Oslo", "Osló", "A-1", "A1"])
    assert alike(["Store 1", "store 1", "Store 2"]) == [["Store 1", "store 1"]]
    assert folded("\u041e\u0441\u043b\u043e") != folded("Oslo")  # the third letter has no Latin double
    assert key("A  B") == key("A\u00a0B") == "A B"
    assert difference("007", "7.0").startswith("the same but for leading zeros")


def test_units_called_na_and_none_are_units() -> None:
    frame = months().replace({"store": {"S001": "NA", "S002": "None", "S003": "-", "S004": "nan"}})
    assert {"NA", "None", "-", "nan"} <= set(accepted(frame, study()).units.index)


def test_regions_are_trimmed_and_those_without_are_counted() -> None:
    table = shops()
    table["region"] = [("North", "North ", f"{HARD}East", " ", None)[number % 5] for number in range(40)]
    observations = read(study(unit={"region": "region"}), {"observations": months(), "units": table})
    assert observations.units["region"].value_counts().to_dict() == {"North": 16, "East": 8}
    (doubt,) = observations.doubts
    assert "16 of 40 stores have no region: S004, S005, S009, S010, S014 and so on." in doubt.found
    assert any(
        "16 of 40 stores have no region: S004, S005, S009, S010, S014 and so on." in caveat
        for caveat in observations.caveats
    )


def test_the_case_of_regions_and_categories_is_asked() -> None:
    table = shops().replace({"region": {"East": "north"}})
    (asked,) = told(months(), study(unit={"region": "region"}), units=table)
    assert asked.level == "question" and "regions that look alike: 'North' and 'north'" in asked.found
    accepted(months(), study(unit={"region": "region", "keep": ["North", "north"]}), units=table)
    kind = [{"name": "kind", "kind": "category"}]
    frame = months().assign(kind=lambda f: f["staff"].map(lambda n: "Mall" if n > 9 else "mall" if n > 6 else "Street"))
    (asked,) = told(frame, study(context=kind))
    assert "'mall' and 'Mall'" in asked.found or "'Mall' and 'mall'" in asked.found
    frame["kind"] = frame["kind"].replace({"mall": "Mall "})
    assert set(accepted(frame, study(context=kind)).panel["kind"]) == {"Mall", "Street"}


def test_only_the_spellings_that_differ_are_touched() -> None:
    values = pd.Series(["a", "b ", None, ""], dtype="str")
    assert tidied(values).isna().tolist() == [False, False, True, True]
    assert tidied(pd.Series(["a", "b"], dtype="str")).tolist() == ["a", "b"]
    known: dict[str, str] = {}
    assert tidied(values, known).dropna().tolist() == ["a", "b"] and known["b"] == "b"
