"""`pdlib check`: one screen of what was understood, answers that are kept, a list for whoever exports."""

import json
from pathlib import Path

import pandas as pd
import pytest

import pdlib
from pdlib.check import check
from pdlib.cli import main
from tests.corpus.world import sound

STUDY = """# Agreed in May.
name = "Stores"
unit = "store"   # the id
period = "month"
context = ["footfall", "staff"]

[tables]
observations = "months.csv"   # from the till
practices = "audit.csv"

[[outcome]]
name = "happy"
kind = "proportion"
successes = "happy"
n = "answers"
"""


def with_total(frame: pd.DataFrame) -> pd.DataFrame:
    total = frame.groupby("month", as_index=False)[["happy", "answers"]].sum().assign(store="All stores")
    return pd.concat([frame, total.assign(footfall=90.0, staff=5.0)], ignore_index=True)


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A study of stores with a total among them and a practice of 1 and 2; the terminal is wide."""
    monkeypatch.setenv("COLUMNS", "120")
    with_total(sound()).to_csv(tmp_path / "months.csv", index=False)
    stores = sorted(sound()["store"].unique())
    audit = pd.DataFrame(
        {"store": stores, "huddle": [1 + k % 2 for k in range(36)], "greet": [k % 2 for k in range(36)]}
    )
    audit.to_csv(tmp_path / "audit.csv", index=False)
    (tmp_path / "study.toml").write_text(STUDY, encoding="utf-8")
    return tmp_path


def test_the_screen_is_printed_whole_and_then_it_ends_in_1(place: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["check", str(place)]) == 1
    out = capsys.readouterr().out
    for said in ("months.csv", "37 units", "2024-01, 2024-02 … 2024-12 in this order", "more is better (not declared)"):
        assert said in out
    assert out.index("outcome") < out.index("questions (must be answered)") < out.index("a  [unit] exclude")
    assert "--write 1a" in out
    assert len(out.splitlines()) <= 40


def test_a_narrow_terminal_folds_lines_and_loses_no_word(
    place: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    main(["check", str(place)])
    wide = capsys.readouterr().out.split()
    monkeypatch.setenv("COLUMNS", "70")
    main(["check", str(place)])
    narrow = capsys.readouterr().out
    assert narrow.split() == wide
    rest = [line for line in narrow.splitlines() if str(place) not in line]
    assert max(map(len, rest)) <= 70


def test_answers_are_kept_and_the_study_reads(place: Path, capsys: pytest.CaptureFixture[str]) -> None:
    codes = [problem.code for problem in check(place).found]
    chosen = [f"{k}a" for k, _ in enumerate(codes, start=1)]
    assert main(["check", str(place), "--write", *chosen]) == 0
    text = (place / "study.toml").read_text(encoding="utf-8")
    assert "# Agreed in May." in text and "# from the till" in text and "# the id" in text
    observations = pdlib.read(pdlib.load_study(place))
    assert observations.panel["unit"].nunique() == 36
    assert set(observations.practices["practice"]) == {"huddle", "greet"}
    assert "12 rows set aside: not a unit" in capsys.readouterr().out
    assert main(["check", str(place), "--strict"]) == 0  # what the study itself leaves out is no doubt


@pytest.mark.parametrize("chosen", [["9a"], ["1z"], ["a1"], ["1a", "1b"]])
def test_an_answer_that_is_none_is_not_written(
    place: Path, chosen: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["check", str(place), "--write", *chosen]) == 2
    assert "nothing was written" in capsys.readouterr().err
    assert (place / "study.toml").read_text(encoding="utf-8") == STUDY


def test_line_ends_stay_as_they_were(place: Path) -> None:
    (place / "study.toml").write_bytes(STUDY.replace("\n", "\r\n").encode())
    main(["check", str(place), "--write", "1a"])
    written = (place / "study.toml").read_bytes()
    assert written.count(b"\r\n") >= STUDY.count("\n") - 1


def test_one_object_for_a_machine(place: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["check", str(place), "--json"]) == 1
    (study,) = json.loads(capsys.readouterr().out)["studies"]
    assert {row["role"] for row in study["reading"]} >= {
        "table",
        "unit",
        "period",
        "outcome",
        "n",
        "condition",
        "practice",
    }
    first = study["questions"][0]
    assert first["code"] == "totals" and first["column"] == "store" and len(first["rows"]) == 12
    assert first["answers"][0]["entries"] == {"exclude": ["All stores"]}
    assert study["problems"] == [] and study["finding"] is None


def test_only_what_the_source_can_correct_is_on_its_list(place: Path) -> None:
    frame = sound().astype({"footfall": object})
    frame.loc[7, "footfall"] = "#DIV/0!"
    with_total(frame).to_csv(place / "months.csv", index=False)
    assert main(["check", str(place), "--fixes", str(place / "fixes.csv")]) == 1
    lines = pd.read_csv(place / "fixes.csv")
    assert lines["row"].tolist() == [9]
    assert "#DIV/0!" in lines["found"].iloc[0]


def test_rows_set_aside_fail_under_strict(place: Path, capsys: pytest.CaptureFixture[str]) -> None:
    frame = sound().astype({"happy": "Int64"})
    frame.loc[7, "happy"] = pd.NA
    frame.to_csv(place / "months.csv", index=False)
    (place / "study.toml").write_text(STUDY.replace('practices = "audit.csv"\n', ""), encoding="utf-8")
    assert main(["check", str(place)]) == 0
    assert main(["check", str(place), "--strict"]) == 1
    assert "--strict allows none" in capsys.readouterr().err
    (place / "study.toml").write_text("name = ", encoding="utf-8")
    assert main(["check", str(place)]) == 1
    assert "is not a TOML file" in capsys.readouterr().err


def test_the_reading_is_a_table_in_python_too() -> None:
    words = {"unit": "store", "period": "month", "outcome": "happy", "n": "answers", "kind": "proportion"}
    reading = pdlib.read(sound(), **words, context=["staff"]).reading.set_index("role")
    assert reading.loc["unit", "n_values"] == 36
    assert reading.loc["n", ["lowest", "highest"]].tolist() == [sound()["answers"].min(), sound()["answers"].max()]
    assert not reading.loc["outcome", "declared"]
