"""A table that would not fit, or that unpacks like a trap, is refused with what was found and what is allowed."""

import bz2
import gzip
import lzma
import zipfile
from pathlib import Path

import pandas as pd
import pytest

import pdlib
from pdlib.errors import DataError
from pdlib.observations.limits import Limits, TooLargeError

SMALL = Limits(bytes=2_000_000, ratio=50, rows=100, columns=10, cell=1000)


@pytest.mark.parametrize(("suffix", "pack"), [(".gz", gzip.open), (".bz2", bz2.open), (".xz", lzma.open)])
def test_a_packed_trap_is_not_unpacked(tmp_path: Path, suffix, pack):
    trap = tmp_path / f"table.csv{suffix}"
    with pack(trap, "wb") as file:
        file.write(b"unit,value\n" + b"a,1\n" * 400_000)
    with pytest.raises(TooLargeError, match=r"unpack to .* as a trap would"):
        SMALL.check_file(trap)


def test_a_zipped_workbook_trap_is_not_unpacked(tmp_path: Path):
    trap = tmp_path / "table.xlsx"
    with zipfile.ZipFile(trap, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("xl/worksheets/sheet1.xml", b"<c/>" * 1_000_000)
    with pytest.raises(TooLargeError, match="unpack to 4,000,000"):
        SMALL.check_file(trap)


def test_an_ordinary_packed_file_passes(tmp_path: Path):
    path = tmp_path / "table.csv.gz"
    with gzip.open(path, "wt") as file:
        file.writelines(f"unit{i},{i * 37 % 101}\n" for i in range(1000))
    SMALL.check_file(path)


@pytest.mark.parametrize(
    ("frame", "message"),
    [
        (pd.DataFrame({"a": range(101)}), "101 rows; at most 100"),
        (pd.DataFrame([[0] * 11]), "11 columns; at most 10"),
        (pd.DataFrame({"name": ["x" * 1001]}), "column name holds a value of 1,001 characters"),
    ],
)
def test_a_table_beyond_a_limit_is_refused(frame, message):
    with pytest.raises(TooLargeError, match=message):
        SMALL.check_frame(frame)


def test_a_study_says_which_table_is_too_large(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr("pdlib.observations.sheet.LIMITS", Limits(rows=5))
    path = tmp_path / "mine.csv"
    pd.DataFrame({"shop": [f"s{i}" for i in range(9)], "score": range(9)}).to_csv(path, index=False)
    with pytest.raises(DataError, match=r"mine\.csv.* too large: it has 9 rows; at most 5 are read"):
        pdlib.read(path, unit="shop", outcome="score")
