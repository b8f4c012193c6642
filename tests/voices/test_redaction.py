"""Personal data are out before anything is counted: planted canaries, clean text, and the example chain."""

from pathlib import Path
from typing import NamedTuple

import pandas as pd
import pytest

from pdlib.voices import presidio, redact
from pdlib.voices.patterns import luhn
from pdlib.voices.redaction import _without
from tests.voices.canaries import (
    AROUND,
    CLEAN,
    CLEAN_OF_ALL_SCRIPTS,
    FORMS,
    INTRODUCED,
    NAMES,
    OF_ALL_SCRIPTS,
    STAFF,
    STRUCTURED,
)


def redacted(texts: list[str], staff: list[str] | None = None) -> list[str]:
    return list(redact(pd.Series(texts, dtype="str"), staff or []).texts)


def digits_and_letters(text: str) -> str:
    return "".join(character for character in text.casefold() if character.isalnum())


@pytest.mark.parametrize("kind", STRUCTURED)
def test_every_structured_canary_is_caught(kind: str) -> None:
    planted = [(canary, frame.format(canary)) for canary in STRUCTURED[kind] for frame in AROUND]
    results = redacted([text for _, text in planted])
    words = {"ref", "order", "booking", "case", "account", "invoice", "policy", "customer", "ticket", "serial", "insta"}
    missed = [
        (text, result)
        for (canary, text), result in zip(planted, results, strict=True)
        if any(
            part in result.casefold()
            for part in canary.casefold().split()
            if len(part) > 3 and part.strip(":") not in words
        )
        and digits_and_letters(canary)[-4:] in digits_and_letters(result)
    ]
    assert missed == []
    assert all("[" in result for result in results)


def test_there_are_enough_canaries() -> None:
    assert sum(map(len, STRUCTURED.values())) * len(AROUND) + len(NAMES) + len(INTRODUCED) >= 500


def test_names_of_staff_are_caught_in_nearly_every_form() -> None:
    results = redacted([text for text, _ in NAMES], STAFF)
    missed = [(text, result) for (text, gone), result in zip(NAMES, results, strict=True) if gone in result]
    assert len(missed) <= 0.05 * len(NAMES), missed


def test_names_of_all_scripts_are_caught_however_they_are_typed() -> None:
    results = redacted([text for text, _ in FORMS], OF_ALL_SCRIPTS)
    missed = [(text, result) for (text, gone), result in zip(FORMS, results, strict=True) if gone in result]
    assert missed == []
    assert redacted(CLEAN_OF_ALL_SCRIPTS, OF_ALL_SCRIPTS) == CLEAN_OF_ALL_SCRIPTS
    assert redacted(CLEAN, OF_ALL_SCRIPTS) == CLEAN
    assert redacted(["Jürgen Müller rang", "Søren too"], ["Juergen Mueller", "Soeren"]) == ["[name] rang", "[name] too"]


@pytest.mark.parametrize(
    ("text", "left"),
    [
        ("ring 12 34 56 78", "ring [phone]"),
        ("07700 900 123ext4", "[phone]"),
        ("07700 900 123thanks", "[phone]thanks"),
        ("DE89.3704.0044.0532.0130.00.", "[iban]."),
        ("LC55 HEMM 0001 0001 0012 0012 0002 3015, please", "[iban], please"),
        ("BR15 0000 0000 0000 1093 2840 814P 2", "[iban]"),
        ("KZ86 125K ZT50 0410 0100", "[iban]"),
        ('write to "anna b"@example.com', "write to [email]"),
        ("account 1234 5678", "account [id]"),
        ("at12 anna@example.org", "at12 [email]"),
        ("a screen of 1920 by 1080", "a screen of 1920 by 1080"),
        ("ordered 12 of 2025 3rd time", "ordered 12 of 2025 3rd time"),
    ],
)
def test_nothing_is_left_of_a_number(text: str, left: str) -> None:
    assert redacted([text]) == [left]


def test_names_are_caught_where_they_are_introduced() -> None:
    results = redacted([text for text, _ in INTRODUCED])
    assert [result for (_, gone), result in zip(INTRODUCED, results, strict=True) if gone in result] == []


def test_clean_text_is_left_alone() -> None:
    results = redacted(CLEAN, STAFF)
    assert [result for text, result in zip(CLEAN, results, strict=True) if text != result] == []


def test_the_example_chain(root: Path) -> None:
    folder = root / "data" / "service_chain"
    comments = (
        pd.read_csv(folder / "comments.csv", dtype="str").dropna(subset="comment").set_index("comment_id")["comment"]
    )
    planted = pd.read_csv(folder / "truth" / "personal_data.csv", index_col="comment_id")
    staff = pd.read_csv(folder / "staff.csv")["forename"].unique()
    result = redact(comments, staff)
    assert [value for at, value in planted["value"].items() if value.lower() in result.texts[at].lower()] == []
    named = comments.str.contains(rf"(?i)\b(?:{'|'.join(staff)})\b")
    assert result.texts[named].str.contains("[name]", regex=False).mean() >= 0.95
    clean = comments[~named & ~comments.index.isin(planted.index)]
    assert (result.texts[clean.index] != clean).mean() <= 0.02
    assert result.counts["email"] == planted["kind"].eq("email").sum()


def test_what_comes_back_keeps_its_shape() -> None:
    texts = pd.Series(["Fine", None, "ring 07700 900123", "Fine"], index=list("dbca"), name="text", dtype="str")
    result = redact(texts)
    assert list(result.texts.index) == list("dbca")
    assert result.texts.isna().tolist() == [False, True, False, False]
    assert (result.texts["c"], result.counts, result.touched) == ("ring [phone]", {"phone": 1}, 1)
    assert redact(result.texts).texts.equals(result.texts)  # once more changes nothing


def test_a_further_redactor_has_the_last_word() -> None:
    result = redact(
        pd.Series(["Call Zebedee"]), also=lambda texts: [text.replace("Zebedee", "[name]") for text in texts]
    )
    assert result.texts[0] == "Call [name]"
    assert result.counts == {"name": 1}


class Find(NamedTuple):
    entity_type: str
    start: int
    end: int


def test_of_overlapping_finds_the_longest_counts() -> None:
    text = "ask Zebedee at zeb@example.org"
    finds = [Find("URL", 19, 30), Find("EMAIL_ADDRESS", 15, 30), Find("PERSON", 4, 11), Find("DATE_TIME", 0, 3)]
    assert _without(text, finds) == "ask [name] at [email]"


def test_presidio_finds_what_no_list_holds(tmp_path) -> None:
    pytest.importorskip("presidio_analyzer")
    spacy = pytest.importorskip("spacy")
    model = spacy.blank("en")  # one that knows a single name: what a trained one finds is not ours to test
    model.add_pipe("entity_ruler").add_patterns([{"label": "PERSON", "pattern": "Zebedee Hargreaves"}])
    model.to_disk(tmp_path / "model")
    also = presidio(model=str(tmp_path / "model"))
    result = redact(pd.Series(["I spoke to Zebedee Hargreaves.", "Lovely staff", None]), also=also)
    assert result.texts[:2].tolist() == ["I spoke to [name].", "Lovely staff"]
    assert result.counts == {"name": 1}


def test_luhn() -> None:
    assert luhn("4111111111111111")
    assert not luhn("4111111111111112")
