"""Broken studies: one good study, each time with one thing wrong, read through the library and the command line."""

import re
import shutil
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from pdlib.errors import DataError, PdlibError, StudyError, TooFewUnitsError
from pdlib.observations import read
from pdlib.study import load_study

ONE_SCREEN = 25
WIDE = 1000
UNITS = [f"S{number:02d}" for number in range(1, 13)]
MONTHS = ["2025-01", "2025-02", "2025-03", "2025-04"]

STUDY = """
name = "Repair shops"

[unit]
column = "shop"
label = "title"
singular = "shop"
plural = "shops"

[period]
column = "month"
singular = "month"
plural = "months"

[tables]
observations = "months.csv"
units = "shops.csv"
practices = "audit.csv"
codebook = "codebook.csv"
comments = "comments.csv"

[[outcome]]
name = "complaints"
kind = "rate"
events = "complaints"
exposure = "jobs"
better = "lower"

[[outcome]]
name = "happy"
role = "other"
kind = "proportion"
successes = "happy"
n = "answers"

[[context]]
name = "footfall"
scale = "log"

[practices]
wave = "wave"

[voices]
text = "comment"
"""


@pytest.fixture(scope="module")
def good(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Write the good study once."""
    folder = tmp_path_factory.mktemp("good")
    rng = np.random.default_rng(5)
    rows = len(UNITS) * len(MONTHS)
    months = pd.DataFrame({"shop": np.repeat(UNITS, 4), "month": MONTHS * 12})
    months = months.assign(complaints=rng.integers(1, 9, rows), jobs=200, happy=rng.integers(9, 19, rows), answers=20)
    months.to_csv(folder / "months.csv", index=False)
    shops = pd.DataFrame({"shop": UNITS, "title": [f"Shop {unit}" for unit in UNITS]})
    shops.assign(footfall=rng.integers(20, 90, 12)).to_csv(folder / "shops.csv", index=False)
    audit = pd.DataFrame({"shop": np.repeat(UNITS, 2), "wave": ["2025-01", "2025-03"] * 12})
    audit.assign(huddle=["yes", "no"] * 12, visits=rng.integers(0, 9, 24)).to_csv(folder / "audit.csv", index=False)
    (folder / "codebook.csv").write_text(
        "practice,label,kind,cost\nhuddle,Morning huddle,binary,1\nvisits,Visits a week,graded,2\n"
    )
    comments = pd.DataFrame({"shop": UNITS, "month": "2025-02", "voice": "customer", "comment": "Quick and friendly."})
    comments.to_csv(folder / "comments.csv", index=False)
    (folder / "study.toml").write_text(STUDY)
    return folder


def line(name: str, number: int, text: str) -> Callable[[Path], None]:
    """Replace one line of a file; the heading is line 1."""

    def change(folder: Path) -> None:
        lines = (folder / name).read_text().splitlines()
        lines[number - 1] = text
        (folder / name).write_text("\n".join(lines) + "\n")

    return change


def swap(name: str, old: str, new: str) -> Callable[[Path], None]:
    """Replace a text in a file, wherever it stands."""

    def change(folder: Path) -> None:
        content = (folder / name).read_text()
        assert old in content
        (folder / name).write_text(content.replace(old, new))

    return change


def column(name: str, **columns: object) -> Callable[[Path], None]:
    """Replace whole columns of a table."""
    return lambda folder: pd.read_csv(folder / name).assign(**columns).to_csv(folder / name, index=False)


def content(name: str, written: bytes) -> Callable[[Path], None]:
    """Replace a file."""

    def change(folder: Path) -> None:
        (folder / name).write_bytes(written)

    return change


def each(*changes: Callable[[Path], None]) -> Callable[[Path], None]:
    """Make several changes, one after the other."""

    def change(folder: Path) -> None:
        for one in changes:
            one(folder)

    return change


def only(unit: str) -> Callable[[Path], None]:
    """Leave one unit in every table."""

    def change(folder: Path) -> None:
        for name in ("months.csv", "shops.csv", "audit.csv", "comments.csv"):
            frame = pd.read_csv(folder / name)
            frame[frame["shop"] == unit].to_csv(folder / name, index=False)

    return change


@dataclass(frozen=True)
class Broken:
    """One thing that is wrong: how it gets there, which error it is, and the telling parts of the message."""

    change: Callable[[Path], None]
    error: type[PdlibError]
    parts: tuple[str, ...]


BROKEN = {
    "missing column": Broken(
        swap("months.csv", "complaints", "complaint"),
        DataError,
        ("months.csv, column complaints", "no such column (did you mean 'complaint'?)", "Name the right column"),
    ),
    "unit column missing": Broken(
        swap("months.csv", "shop,", "store,"),
        DataError,
        ("months.csv, column shop", "there is no such column", "Name the right column under [unit] or [period]"),
    ),
    "text in a number": Broken(
        line("months.csv", 4, "S01,2025-03,about 5,200,10,20"),
        DataError,
        ("months.csv, column complaints", "text where a number is needed in 1 row ('about 5'): row 4", "plain numbers"),
    ),
    "decimal comma beside decimal points": Broken(
        each(
            line("months.csv", 4, 'S01,2025-03,5,"200,5",10,20'),
            line("months.csv", 5, "S01,2025-04,5,200.5,10,20"),
            line("months.csv", 6, "S02,2025-01,5,200.5,10,20"),
        ),
        DataError,
        ("column jobs", "commas and points used in two ways in one column in 1 row ('200,5'): row 4", "in one way"),
    ),
    "duplicate unit and period": Broken(
        line("months.csv", 4, "S01,2025-02,5,200,10,20"),
        DataError,
        ("months.csv, column shop and month", "already given in 1 row ('S01 2025-02'): row 4", "one row per unit and"),
    ),
    "no unit in a row": Broken(
        line("months.csv", 4, ",2025-03,5,200,10,20"),
        DataError,
        ("months.csv, column shop", "no value in 1 row: row 4", "Every row needs its unit and period"),
    ),
    "practice in the context": Broken(
        swap("study.toml", 'name = "footfall"\nscale = "log"', 'name = "visits"'),
        StudyError,
        ("'visits' is declared as context and as practice", "Remove it from one of the two"),
    ),
    "practice in the context, no codebook": Broken(
        each(
            swap("study.toml", 'codebook = "codebook.csv"', ""),
            swap("study.toml", 'name = "footfall"\nscale = "log"', 'name = "visits"'),
        ),
        StudyError,
        ("'visits' is declared as context and as practice", "Remove it from one of the two"),
    ),
    "unknown unit in a table": Broken(
        line("audit.csv", 6, "S99,2025-01,yes,3"),
        DataError,
        ("audit.csv, column shop", "a unit that the observations do not have in 1 row ('S99'): row 6", "Correct"),
    ),
    "unknown unit in the comments": Broken(
        line("comments.csv", 3, "S99,2025-02,customer,Fine."),
        DataError,
        ("comments.csv, column shop", "a unit that the observations do not have in 1 row ('S99'): row 3"),
    ),
    "one unit only": Broken(
        only("S01"),
        TooFewUnitsError,
        ("months.csv has 1 shop with data", "at least 3 are needed", "Check the column 'shop'"),
    ),
    "constant outcome": Broken(
        column("months.csv", complaints=4),
        DataError,
        ("months.csv, column complaints", "the outcome is 0.02 in every row", "choose another outcome"),
    ),
    "negative exposure": Broken(
        line("months.csv", 4, "S01,2025-03,5,-200,10,20"),
        DataError,
        ("months.csv, column jobs", "a negative number in 1 row ('-200'): row 4", "Counts and exposure are 0 or more"),
    ),
    "negative events": Broken(
        line("months.csv", 4, "S01,2025-03,-5,200,10,20"),
        DataError,
        ("months.csv, column complaints", "a negative number in 1 row ('-5'): row 4", "Counts are 0 or more"),
    ),
    "empty file": Broken(
        content("months.csv", b""),
        DataError,
        ("months.csv", "the file is empty", "Export it again"),
    ),
    "heading only": Broken(
        content("months.csv", b"shop,month,complaints,jobs,happy,answers\n"),
        DataError,
        ("months.csv", "the file has no rows", "Export it again"),
    ),
    "wrong encoding": Broken(
        content("shops.csv", "shop,title,footfall\nS01,Zürich,30\n".encode("latin-1")),
        DataError,
        ("shops.csv", "the text is not UTF-8, first near line 2", "CSV UTF-8"),
    ),
    "misspelt key": Broken(
        swap("study.toml", "exposure =", "exposre ="),
        StudyError,
        ("study.toml", "outcome[1].exposre is not a key of a study (did you mean 'exposure'?)"),
    ),
    "all missing": Broken(
        column("months.csv", complaints=np.nan),
        DataError,
        ("months.csv, column complaints", "every value is missing", "Fill the column or take it out"),
    ),
    "all context missing": Broken(
        column("shops.csv", footfall=np.nan),
        DataError,
        ("shops.csv, column footfall", "every value is missing", "Fill the column or take it out"),
    ),
    "more successes than answers": Broken(
        line("months.csv", 4, "S01,2025-03,5,200,21,20"),
        DataError,
        ("months.csv, column happy", "more than answers in 1 row ('21 of 20'): row 4", "Successes are at most n"),
    ),
    "infinite": Broken(
        line("months.csv", 4, "S01,2025-03,5,inf,10,20"),
        DataError,
        ("months.csv, column jobs", "an infinite number in 1 row: row 4", "correct"),
    ),
    "log of zero": Broken(
        line("shops.csv", 4, "S03,Shop S03,0"),
        DataError,
        ("shops.csv, column footfall", "a value that has no log in 1 row ('0'): row 4", 'scale = "linear"'),
    ),
    "no such file": Broken(
        swap("study.toml", "months.csv", "month.csv"),
        DataError,
        ("month.csv", "there is no such file", "(did you mean 'months.csv'?)", "Correct the name in [tables]"),
    ),
    "ragged": Broken(
        line("months.csv", 4, "S01,2025-03,5,200,10,20,7,8"),
        DataError,
        ("months.csv: 8 fields in 1 row, the heading has 6: row 4", "as many fields as the heading"),
    ),
    "not a workbook": Broken(
        each(swap("study.toml", "shops.csv", "shops.xlsx"), content("shops.xlsx", b"PK\x03\x04shop,title\n")),
        DataError,
        ("shops.xlsx", "the file cannot be read: it is cut off or damaged", "as CSV, Parquet or Excel"),
    ),
    "not Parquet": Broken(
        each(swap("study.toml", "shops.csv", "shops.parquet"), content("shops.parquet", b"PAR1shop,title\n")),
        DataError,
        ("shops.parquet", "the file cannot be read: it is cut off or damaged", "as CSV, Parquet or Excel"),
    ),
    "wave repeated": Broken(
        line("audit.csv", 5, "S02,2025-01,yes,3"),
        DataError,
        ("audit.csv, column shop and wave", "a row already given in 1 row ('S02 2025-01'): row 5", "one row per unit"),
    ),
    "wave not declared": Broken(
        swap("study.toml", 'wave = "wave"', ""),
        DataError,
        ("audit.csv, column shop", "a row already given in 12 rows", "and so on", "name the wave under [practices]"),
    ),
    "answer neither yes nor no": Broken(
        line("audit.csv", 4, "S02,2025-01,sometimes,3"),
        DataError,
        ("audit.csv, column huddle", "neither a number nor yes or no in 1 row ('sometimes'): row 4", "yes or no"),
    ),
    "unknown kind in the codebook": Broken(
        line("codebook.csv", 3, "visits,Visits a week,often,2"),
        DataError,
        ("codebook.csv", "row 3 is not as a codebook needs it: kind: found 'often'", "See the keys of [[practice]]"),
    ),
    "cost out of range in the codebook": Broken(
        line("codebook.csv", 3, "visits,Visits a week,graded,9"),
        DataError,
        ("codebook.csv", "row 3 is not as a codebook needs it: cost: found 9", "less than or equal to 5"),
    ),
    "one practice twice in the codebook": Broken(
        line("codebook.csv", 3, "huddle,Visits a week,graded,2"),
        DataError,
        ("codebook.csv, column practice", "'huddle' stands there twice", "Keep one row per practice"),
    ),
    "codebook of something else": Broken(
        line("codebook.csv", 3, "vists,Visits a week,graded,2"),
        DataError,
        ("audit.csv, column vists", "no such column (did you mean 'visits'?)", "The codebook names it"),
    ),
    "codebook without practices": Broken(
        line("codebook.csv", 1, "column,label,kind,cost"),
        DataError,
        ("codebook.csv, column practice", "there is no such column", "one row per practice"),
    ),
    "unit without a row": Broken(
        swap("shops.csv", "S03,", "S04,"),
        DataError,
        ("shops.csv, column shop", "a unit already given in 1 row ('S04'): row 5", "without a row (S03)"),
    ),
    "comments without their column": Broken(
        swap("comments.csv", ",comment", ",coment"),
        DataError,
        ("comments.csv, column comment", "(did you mean 'coment'?)", "[voices]"),
    ),
    "TOML cut off": Broken(
        swap("study.toml", "[period]", "[period"),
        StudyError,
        ("study.toml is not a TOML file", "line 10"),
    ),
}  # fmt: skip


@pytest.fixture(params=BROKEN.keys())
def case(request: pytest.FixtureRequest) -> Broken:
    """Give one broken study after the other."""
    return BROKEN[request.param]


@pytest.fixture
def folder(good: Path, tmp_path: Path) -> Path:
    """Copy the good study."""
    return Path(shutil.copytree(good, tmp_path / "shops"))


def test_the_good_study_is_good(folder: Path) -> None:
    observations = read(load_study(folder))
    assert (len(observations.panel), len(observations.practices), len(observations.comments)) == (48, 48, 12)


def test_the_error_tells_what_is_wrong_where_and_what_to_do(case: Broken, folder: Path) -> None:
    case.change(folder)
    with pytest.raises(case.error) as caught:
        read(load_study(folder))
    message = str(caught.value)
    assert [part for part in case.parts if part not in message] == [], message
    assert len(message.splitlines()) <= ONE_SCREEN
    assert max(map(len, message.splitlines())) < WIDE


MANY_ROWS = {
    "text": ("complaints", "x{row}"),
    "negative": ("jobs", "-{row}"),
    "infinite": ("jobs", "inf"),
    "other units": ("shop", "S{row}"),
}


@pytest.mark.parametrize("name", MANY_ROWS)
def test_ten_thousand_bad_rows_fit_on_one_screen(name: str, folder: Path) -> None:
    where, pattern = MANY_ROWS[name]
    rows = 10_000
    frame = pd.DataFrame({"shop": "S01", "month": [f"{row:05d}" for row in range(rows)]})
    frame = frame.assign(complaints=1, jobs=9, happy=1, answers=2)
    frame[where] = [pattern.format(row=row) for row in range(1, rows + 1)]
    frame.to_csv(folder / "months.csv", index=False)
    with pytest.raises(DataError) as caught:
        read(load_study(folder))
    message = str(caught.value)
    assert len(message.splitlines()) <= ONE_SCREEN
    assert max(map(len, message.splitlines())) < WIDE
    assert "10,000" in message or "9,9" in message


def test_a_hundred_bad_columns_fit_on_one_screen(folder: Path) -> None:
    names = [f"habit_{number}" for number in range(100)]
    audit = pd.read_csv(folder / "audit.csv").assign(**dict.fromkeys(names, "sometimes"))
    audit.to_csv(folder / "audit.csv", index=False)
    (folder / "codebook.csv").write_text("practice\n" + "\n".join(names))
    with pytest.raises(DataError) as caught:
        read(load_study(folder))
    message = str(caught.value)
    assert len(caught.value.problems) == 100
    assert message.endswith("… and 88 more, likely of the same kind.")
    assert len(message.splitlines()) <= ONE_SCREEN
    assert "habit_0" in message
    assert "100 problems" in message


# -- through the command line ---------------------------------------------------------------------------------


def one_message(error: str) -> None:
    """Hold a message on the terminal to what a reader can use."""
    assert "Traceback" not in error
    assert not re.search(r'File ".*", line \d+', error)
    assert 0 < len(error.splitlines()) <= ONE_SCREEN


def test_check_says_it_and_fails(case: Broken, folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    from pdlib.cli import main

    case.change(folder)
    assert main(["check", str(folder)]) in {1, 2}
    captured = capsys.readouterr()
    shown = " ".join(captured.out.split())
    assert [part for part in case.parts if part not in f"{shown}\n{captured.err}"] == []
    one_message(captured.err)
    assert "Traceback" not in captured.out
    assert len(captured.out.splitlines()) <= 2 * ONE_SCREEN


def test_check_of_the_good_study(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    from pdlib.cli import main

    assert main(["check", str(folder / "study.toml")]) == 0
    assert "12 shops over 4 months, 2025-01 to 2025-04: 48 rows used" in capsys.readouterr().out


def test_check_goes_on_to_the_next_study(folder: Path, good: Path, capsys: pytest.CaptureFixture[str]) -> None:
    from pdlib.cli import main

    BROKEN["negative events"].change(folder)
    assert main(["check", str(folder), str(good)]) == 1
    captured = capsys.readouterr()
    assert "a negative number" in captured.out
    assert "48 rows used" in captured.out


@pytest.mark.parametrize("name", ["text in a number", "misspelt key", "no such file", "one unit only"])
def test_build_fails_and_leaves_no_report(
    name: str, folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    from pdlib.cli import main

    case, output = BROKEN[name], tmp_path / "reports"
    case.change(folder)
    assert main(["build", str(folder), "--output", str(output), "--quiet"]) in {1, 2}
    error = capsys.readouterr().err
    assert [part for part in case.parts if part not in error] == []
    one_message(error)
    left = {path.name for path in output.rglob("[!.]*") if path.is_file()}
    assert left <= {"index.html", "repair-shops.failed.html", "repair-shops.json", "status.json", "feed.xml"}
    assert "repair-shops.html" not in "".join(path.read_text() for path in output.glob("index.html"))


def test_a_study_that_is_not_there(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    from pdlib.cli import main

    assert main(["check", str(tmp_path / "nowhere.toml")]) in {1, 2}
    error = capsys.readouterr().err
    assert "There is no study file" in error
    one_message(error)


@pytest.mark.parametrize("arguments", [[], ["chek"], ["check"], ["build"]])
def test_wrong_usage(arguments: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    from pdlib.cli import main

    assert main(arguments) == 2
    error = capsys.readouterr().err
    assert "usage: pdlib" in error
    one_message(error)
