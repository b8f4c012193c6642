"""Nothing in an exported table runs, and everything reads back as it was."""

import csv

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from openpyxl import load_workbook

import pdlib
from pdlib.show.exports import export, guarded, unguarded

LIVE = [
    '=HYPERLINK("http://evil.example","x")', "+1+1", "-2+3", "@SUM(A1)", "\t=1", "\r=1", "\n=1", "'=1", "''+1",
    "=cmd|' /C calc'!A0", "＝1+1", "＋1", "－1", "＠x", "=1;2", "-",
]  # fmt: skip
PLAIN = ["Elm", "007", "1e5", "TRUE", "2025-01", "O'Hare", "'quoted'", "a=b", "café 東京", "", " =1", "x" * 500]


@pytest.mark.parametrize("text", LIVE)
def test_what_a_spreadsheet_would_run_is_guarded(text):
    assert guarded(text) == f"'{text}"


@given(st.one_of(st.text(alphabet="'=+-@\t\r\n＝aé ", max_size=8), st.text(max_size=20)))
def test_guarding_is_undone_exactly(text):
    assert unguarded(guarded(text)) == text
    assert unguarded(text) == text or guarded(text) != text


def test_numbers_are_not_guarded():
    assert guarded(-3) == -3
    assert guarded(None) is None


def frame() -> pd.DataFrame:
    names = [*LIVE, *PLAIN]
    return pd.DataFrame({"shop": names, "=score": np.linspace(-1, 1, len(names)), "n": range(len(names))})


def test_csv_reads_back_as_it_was_and_holds_no_formula(tmp_path):
    path = export(frame(), tmp_path / "table.csv")
    with path.open(encoding="utf-8-sig", newline="") as file:
        rows = list(csv.reader(file))
    assert [row[0][:1] for row in rows[1:] if row[0][:1] and row[0][0] in "=+-@\t\r\n＝＋－＠"] == []
    assert rows[0] == ["shop", "'=score", "n"]
    assert [unguarded(row[0]) for row in rows[1:]] == list(frame()["shop"])


def test_pdlib_reads_its_own_export(tmp_path):
    names = ["=1+1", "-north", "@west", "'=x", "007", "Elm"]
    table = pd.DataFrame({"shop": names, "score": np.arange(6.0), "n": 50})
    path = export(table, tmp_path / "mine.csv")
    observations = pdlib.read(path, unit="shop", outcome="score", n="n")
    assert set(observations.units.index) == set(names)


def test_excel_types_text_as_text(tmp_path):
    path = export(frame(), tmp_path / "table.xlsx")
    sheet = load_workbook(path).active
    cells = [row[0] for row in sheet.iter_rows(min_row=2)]
    assert {cell.data_type for cell in cells if cell.value is not None} == {"s"}
    wanted = [name.replace("\r", "\n") for name in frame()["shop"] if name]
    assert [str(cell.value).replace("\r", "\n") for cell in cells if cell.value is not None] == wanted
    assert sheet["C2"].data_type == "n"


def test_other_endings_are_refused(tmp_path):
    with pytest.raises(ValueError, match=r"\.csv or \.xlsx, not as \.parquet"):
        export(frame(), tmp_path / "table.parquet")


def test_a_named_index_is_kept(tmp_path):
    table = frame().set_index("shop")
    assert next(iter(pd.read_csv(export(table, tmp_path / "t.csv")).columns)) == "shop"
