"""Workbooks as people leave them: which sheet is meant, what is hidden, where the heading is, which row is which."""

import io
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from openpyxl import Workbook

import pdlib
from pdlib.errors import DataError, PdlibError
from pdlib.observations.sheet import Source
from tests.observations.tables import MONTHS, UNITS, declared, put, read, refused, same, table


def book(path: Any, sheets: dict[str, pd.DataFrame], change: Callable[[Workbook], Any] | None = None) -> Any:
    """Write frames as sheets of a workbook."""
    made = Workbook()
    made.remove(made.active)
    for name, frame in sheets.items():
        sheet = made.create_sheet(name)
        for row in [list(frame.columns), *frame.astype(object).where(frame.notna(), None).values.tolist()]:
            sheet.append(row)
    if change:
        change(made)
    made.save(path)
    return path


def packed() -> bytes:
    made = io.BytesIO()
    book(made, {"x": table()})
    return made.getvalue()


GOOD = packed()


def doubts(path: Path, **options: Any) -> list[str]:
    source = Source(declared(path, **options), {})
    source.sheet("observations", ["store", "month"])
    return [str(problem) for problem in source.problems]


LAST = table(month=[month.replace("2024", "2023") for month in MONTHS] * 12)
NOTES = pd.DataFrame({"Notes": ["made by Ana", "on a Monday"]})


@pytest.mark.parametrize("name", ["a.xlsx", "A.XLSX", "a.csv", "a"])
def test_one_sheet_is_read_whatever_the_ending(tmp_path: Path, name: str) -> None:
    book(tmp_path / "a.xlsx", {"2024": table()}).rename(tmp_path / name)
    assert same(read(tmp_path / name))


def test_several_sheets_are_asked_and_answered_by_the_keys_offered(tmp_path: Path) -> None:
    path = book(tmp_path / "a.xlsx", {"2023": LAST, "2024": table()})
    (question,) = refused(path)
    assert question.level == "question"
    assert "2 sheets with the same headings: '2023' and '2024'" in str(question)
    assert [answer.entries for answer in question.answers] == [{"sheet": "*"}, {"sheet": "2023"}, {"sheet": "2024"}]
    assert same(pdlib.read(declared(path, sheet="2024")))
    assert same(pdlib.read(declared(path, sheet="2023")), LAST)
    both = pdlib.read(declared(path, sheet="*"))
    assert (len(both.panel), len(both.periods)) == (96, 8)
    with pytest.raises(DataError, match=r"the sheet '2022' is not in the workbook \(did you mean '202\d'\?\)"):
        pdlib.read(declared(path, sheet="2022"))


def test_sheets_of_several_headings_are_not_put_together(tmp_path: Path) -> None:
    path = book(tmp_path / "a.xlsx", {"2023": LAST.rename(columns={"happy": "glad"}), "2024": table()})
    (question,) = refused(path)
    assert "'2023' and '2024'" in str(question)
    assert {"sheet": "*"} not in [answer.entries for answer in question.answers]
    with pytest.raises(DataError, match="'2024' has another heading than '2023'"):
        pdlib.read(declared(path, sheet="*"))


def test_sheets_that_hold_something_else_raise_no_question(tmp_path: Path) -> None:
    path = book(tmp_path / "a.xlsx", {"Notes": NOTES, "2024": table(), "Sheet3": pd.DataFrame()})
    assert same(read(path))
    assert "'2024' is read, not 'Notes'" in doubts(path)[0]


@pytest.mark.parametrize("state", ["hidden", "veryHidden"])
def test_a_hidden_sheet_is_never_read(tmp_path: Path, state: str) -> None:
    def hide(made: Workbook) -> None:
        made["2023"].sheet_state = state
        made.active = 1

    path = book(tmp_path / "a.xlsx", {"2023": LAST, "2024": table()}, hide)
    assert same(read(path))
    assert "the sheet '2023' is hidden and not read" in doubts(path)[0]
    with pytest.raises(DataError, match="the sheet '2023' is hidden; visible with rows: '2024'"):
        pdlib.read(declared(path, sheet="2023"))


def test_hidden_rows_and_columns_are_read_and_said(tmp_path: Path) -> None:
    def hide(made: Workbook) -> None:
        made["2024"].row_dimensions[5].hidden = True
        made["2024"].column_dimensions["D"].hidden = True

    path = book(tmp_path / "a.xlsx", {"2024": table()}, hide)
    assert same(read(path))
    assert "row 5 and column D is hidden and read all the same" in doubts(path)[0]
    assert doubts(book(tmp_path / "b.xlsx", {"2024": table()})) == []


@pytest.mark.parametrize("above", [["Report"], ["Report", None, "All of 2024"]])
def test_titles_blank_rows_and_footers(tmp_path: Path, above: list[str | None]) -> None:
    def add(made: Workbook) -> None:
        sheet = made["2024"]
        sheet.insert_rows(1, len(above) + 1)
        for row, title in enumerate(above, start=1):
            sheet.cell(row, 1, title)
        sheet.insert_rows(10, 2)
        sheet.append(["Source: the till"])

    path = book(tmp_path / "a.xlsx", {"2024": table()}, add)
    assert same(read(path))
    titles, footer = doubts(path)
    assert f"the heading is row {len(above) + 2}" in titles
    assert "set aside ('Source: the till')" in footer
    broken = table(happy=[*range(10, 30), "many", *range(10, 37)])
    (problem,) = refused(book(tmp_path / "b.xlsx", {"2024": broken}, add))
    assert problem.rows == (22 + len(above) + 1 + 2,)


def test_a_heading_twice_and_the_heading_again(tmp_path: Path) -> None:
    twice = table().assign(other=1).rename(columns={"other": "happy"})
    assert "the heading 'happy' appears twice" in str(refused(book(tmp_path / "a.xlsx", {"x": twice}))[0])
    again = pd.concat([table(), pd.DataFrame([list(table().columns)], columns=table().columns), LAST])
    assert refused(book(tmp_path / "b.xlsx", {"x": again}))[0].rows == (50,)


@pytest.mark.parametrize("error", ["#DIV/0!", "#REF!", "#N/A"])
def test_spreadsheet_errors_are_refused_by_row(tmp_path: Path, error: str) -> None:
    for column in ("happy", "footfall", "store"):
        broken = table().astype({column: object})
        broken.loc[7, column] = error
        problem = refused(book(tmp_path / "a.xlsx", {"x": broken}))[0]
        assert f"a spreadsheet error in 1 row ({error!r}): row 9" in str(problem)
        assert problem.column == column


def test_date_cells_are_dates_and_numbers_are_ids(tmp_path: Path) -> None:
    dated = table(month=list(pd.to_datetime(MONTHS).to_pydatetime()) * 12, store=np.repeat(range(1, 13), 4))
    observations = read(book(tmp_path / "a.xlsx", {"x": dated}))
    assert observations.periods == MONTHS
    assert set(observations.panel["unit"]) == set(map(str, range(1, 13)))


@pytest.mark.parametrize("word", ["NA", "None", "007", "-"])
def test_ids_stay_as_written(tmp_path: Path, word: str) -> None:
    named = table(store=np.repeat([word, *UNITS[1:]], 4))
    assert word in set(read(book(tmp_path / "a.xlsx", {"x": named})).panel["unit"])


def test_a_workbook_without_rows(tmp_path: Path) -> None:
    assert "no visible sheet with rows" in str(refused(book(tmp_path / "a.xlsx", {"x": pd.DataFrame()}))[0])
    assert "the file has no rows" in str(refused(book(tmp_path / "b.xlsx", {"x": table().head(0)}))[0])


@given(data=st.data())
@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_a_workbook_with_wrong_bytes_is_refused_or_right(tmp_path: Path, data: st.DataObject) -> None:
    changed = bytearray(GOOD[: data.draw(st.one_of(st.just(len(GOOD)), st.integers(4, len(GOOD))))])
    for place in data.draw(st.lists(st.integers(0, len(changed) - 1), max_size=3)):
        changed[place] = data.draw(st.integers(0, 255))
    try:
        observations = read(put(tmp_path, bytes(changed), "bad.xlsx"))
    except PdlibError:
        return
    assert same(observations)
