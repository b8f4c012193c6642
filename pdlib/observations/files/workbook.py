"""A table from an Excel workbook: which sheet is meant, what is hidden, and its cells row by row."""

from __future__ import annotations

import io
import re
import struct
import warnings
import zlib
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, time
from html import unescape
from typing import TYPE_CHECKING, Any
from zipfile import BadZipFile, ZipFile

import numpy as np
import pandas as pd

from pdlib.observations.files.dialect import MOST_TITLES, heading_at
from pdlib.observations.files.kinds import damaged
from pdlib.observations.files.raw import (
    FileReading,
    Found,
    Raw,
    check_repeats,
    clean,
    named,
    numbered,
    without_blanks,
    without_footers,
)  # fmt: skip
from pdlib.observations.text import rows_listed
from pdlib.show.wording import listed
from pdlib.study import did_you_mean

if TYPE_CHECKING:
    from pdlib.observations.sheet import Sheet

ALL = "*"
MOST_OFFERED = 3
_BROKEN = (
    BadZipFile, KeyError, ValueError, OSError, SyntaxError, TypeError, IndexError, AttributeError, EOFError, zlib.error,
    struct.error, RuntimeError, ArithmeticError,
)  # fmt: skip


@dataclass(frozen=True, eq=False)
class _Page:
    """One visible sheet of a workbook: its rows that are not empty, with their numbers."""

    name: str
    rows: list[tuple[Any, ...]]
    numbers: list[int]
    last: int  # row that the sheet ends with
    keys: tuple[str, ...]

    @property
    def place(self) -> int:
        """Of the heading among the rows."""
        return heading_at([_trimmed(row) for row in self.rows[:MOST_TITLES]], self.keys)

    @property
    def heading(self) -> list[str]:
        return clean(_trimmed(self.rows[self.place]))

    @property
    def known(self) -> bool:
        """Whether its heading holds a name that the study declares."""
        return bool(set(self.heading) & set(self.keys))


def read_workbook(data: bytes, sheet: Sheet, keys: Sequence[str]) -> Raw | None:
    """Read a table from a workbook.

    Parameters
    ----------
    data : bytes
    sheet : Sheet
        To which problems, questions and doubts are told; its options say which sheet is meant.
    keys : sequence of str
        Columns that stay text, and whose names the heading is known by.

    Returns
    -------
    Raw or None
        None if it is not known which sheet is meant, which is a question, or if there is none.

    Raises
    ------
    UnreadableError
        If the workbook is damaged.
    """
    try:
        pages, hidden = _pages(data, tuple(keys))
        chosen = _chosen(pages, hidden, sheet)
        if not chosen:
            return None
        concealed = {page.name: _concealed(data, page.name) for page in chosen}
        uncounted = {page.name: _uncounted(data, page.name) for page in chosen}
    except _BROKEN as error:
        raise damaged(error) from error
    empty: list[str] = []
    for page in chosen:
        _tell_concealed(page.name, *concealed[page.name], sheet)
        empty += _tell_uncounted(page, uncounted[page.name], sheet)
    raw = _table(chosen, sheet, keys)
    return raw if raw.reading is None else replace(raw, reading=replace(raw.reading, uncounted=tuple(empty)))


def _pages(data: bytes, keys: tuple[str, ...]) -> tuple[list[_Page], list[str]]:
    """Visible sheets that hold anything, and the names of hidden ones."""
    from openpyxl import load_workbook

    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", category=UserWarning, module="openpyxl")  # of styles and forms: no data
        book = load_workbook(io.BytesIO(data), read_only=True, data_only=True, keep_links=False)
        try:
            visible = [page for page in book.worksheets if page.sheet_state == "visible"]
            hidden = [page.title for page in book.worksheets if page.sheet_state != "visible"]
            return [page for page in (_page(one, keys) for one in visible) if page.rows], hidden
        finally:
            book.close()


def _page(sheet: Any, keys: tuple[str, ...]) -> _Page:
    sheet.reset_dimensions()  # some programs write wrong ones, and cells would be lost
    rows, numbers, last = [], [], 0
    for last, cells in enumerate(sheet.iter_rows(values_only=True), start=1):
        if any(cell not in (None, "") for cell in cells):
            rows.append(cells)
            numbers.append(last)
    return _Page(str(sheet.title), rows, numbers, last, keys)


def _trimmed(row: Sequence[Any]) -> list[Any]:
    """The cells of a row up to the last that is filled."""
    cells = list(row)
    while cells and cells[-1] in (None, ""):
        cells.pop()
    return cells


# -- which sheet ----------------------------------------------------------------------------------------------


def _chosen(pages: list[_Page], hidden: list[str], sheet: Sheet) -> list[_Page]:
    """The sheets to read: the one declared, all of one heading, or the only one that can be meant."""
    wanted = sheet.options.sheet
    if wanted not in (None, ALL):
        return _declared(str(wanted), pages, hidden, sheet)
    if not pages:
        behind = f" ({listed(map(repr, hidden))} hidden: unhide what is meant)" if hidden else ""
        sheet.report(None, f"the workbook has no visible sheet with rows{behind}.", "Export it again.")
        return []
    if hidden:
        verb = "is" if len(hidden) == 1 else "are"
        found = f"the sheet{'s' * (len(hidden) > 1)} {listed(map(repr, hidden))} {verb} hidden and not read."
        sheet.doubt(None, found, code="hidden_sheet")
    fitting = [page for page in pages if page.known] or pages
    if wanted == ALL:
        return _all(fitting, pages, sheet)
    others = [page.name for page in pages if page not in fitting]
    if len(fitting) == 1:
        if others:
            found = f"{fitting[0].name!r} is read, not {listed(map(repr, others))}: only it has the columns named."
            sheet.doubt(None, found, code="sheets")
        return fitting
    _ask(fitting, sheet)
    return []


def _declared(wanted: str, pages: list[_Page], hidden: list[str], sheet: Sheet) -> list[_Page]:
    chosen = [page for page in pages if page.name == wanted]
    if not chosen:
        names = [page.name for page in pages]
        what = "is hidden" if wanted in hidden else f"is not in the workbook{did_you_mean(wanted, names)}"
        fix = "Unhide it, or name another." if wanted in hidden else "Name one of them."
        sheet.report(None, f"the sheet {wanted!r} {what}; visible with rows: {listed(map(repr, names))}.", fix)
    return chosen


def _all(fitting: list[_Page], pages: list[_Page], sheet: Sheet) -> list[_Page]:
    other = [page.name for page in fitting if page.heading != fitting[0].heading]
    if other:
        found = f"{listed(map(repr, other))} has another heading than {fitting[0].name!r}."
        sheet.report(None, found, "Name one sheet, or give all of them the same heading.", code="sheets")
        return []
    left = [page.name for page in pages if page not in fitting]
    found = f"{len(fitting)} sheets are read together, {fitting[0].name!r} to {fitting[-1].name!r}"
    found += f"; not {listed(map(repr, left))}, which has none of the columns named" if left else ""
    sheet.doubt(None, f"{found}. Row numbers are those of each sheet.", code="sheets")
    return fitting


def _ask(fitting: list[_Page], sheet: Sheet) -> None:
    same = all(page.heading == fitting[0].heading for page in fitting)
    answers = [sheet.key("all of them together", sheet=ALL)] if same else []
    answers += [sheet.key(sheet=page.name) for page in fitting[:MOST_OFFERED]]
    names = [page.name for page in fitting]
    shown = listed(map(repr, names)) if len(names) <= 12 else f"{', '.join(map(repr, names[:12]))} and others"
    alike = "with the same headings" if same else "with different headings"
    found = f"the workbook has {len(names)} sheets {alike}: {shown}."
    lacking = [key for key in fitting[0].keys if key not in fitting[0].heading]
    if same and len(lacking) == 1 and len(fitting[0].keys) > 1:
        column = lacking[0]
        found += f" None has a column {column}: the {column} seems to be in the sheets' names."
        fix = f"Add a column {column} to each sheet, with the sheet's name in every row, and read all of them together."
        sheet.report(None, found, fix, code="sheets")
        return
    sheet.ask(None, found, answers, fix="Say which is meant:", code="sheets")


# -- what is hidden -------------------------------------------------------------------------------------------


def _attribute(tag: bytes, name: bytes) -> str:
    found = re.search(rb"\s" + name + rb'\s*=\s*["\']([^"\']*)', tag)
    return unescape(found.group(1).decode("utf-8", errors="replace")) if found else ""


def _content(data: bytes, name: str) -> bytes:
    """What is written of a sheet."""
    with ZipFile(io.BytesIO(data)) as archive:
        tags = re.findall(rb"<(?:\w+:)?sheet\s[^>]*>", archive.read("xl/workbook.xml"))
        key = next((_attribute(tag, rb"\w+:id") for tag in tags if _attribute(tag, b"name") == name), "")
        links = re.findall(rb"<(?:\w+:)?Relationship\s[^>]*>", archive.read("xl/_rels/workbook.xml.rels"))
        part = next((_attribute(link, b"Target") for link in links if _attribute(link, b"Id") == key), "")
        path = part.lstrip("/") if part.startswith("/") else f"xl/{part}"
        return archive.read(path) if path in archive.namelist() else b""


def _concealed(data: bytes, name: str) -> tuple[list[int], list[str]]:
    """Rows and columns of a sheet that are hidden: numbers, letters."""
    from openpyxl.utils import get_column_letter

    content = _content(data, name)
    tags = re.findall(rb'<(?:\w+:)?(?:row|col)(?=[^>]*\shidden="(?:1|true)")[^>]*>', content)
    rows = [int(_attribute(tag, b"r")) for tag in tags if _attribute(tag, b"r").isdigit()]
    spans = [(_attribute(tag, b"min"), _attribute(tag, b"max")) for tag in tags]
    letters = [
        get_column_letter(place)
        for low, high in spans
        if low.isdigit() and high.isdigit()
        for place in range(int(low), min(int(high), int(low) + 50) + 1)
    ]
    return rows, letters


def _tell_concealed(name: str, rows: list[int], letters: list[str], sheet: Sheet) -> None:
    parts = [rows_listed(rows)] if rows else []
    parts += [f"column {', '.join(letters[:5])}"] if letters else []
    if parts:
        found = f"on the sheet {name!r}, {' and '.join(parts)} is hidden and read all the same."
        sheet.doubt(None, found, code="hidden_rows", rows=rows)


_UNCOUNTED = re.compile(
    rb"<(?:\w+:)?c\s[^>]*?\br=[\"']([A-Z]+)(\d+)[\"'][^>]*>\s*"
    rb"<(?:\w+:)?f\b(?:[^>]*/>|[^>]*>[^<]*</(?:\w+:)?f>)\s*"
    rb"(?:<(?:\w+:)?v\s*/>|<(?:\w+:)?v>\s*</(?:\w+:)?v>)?\s*</(?:\w+:)?c>"
)  # an empty text, t="str", is a result


def _uncounted(data: bytes, name: str) -> list[tuple[str, int]]:
    """Column and row of the formulas of a sheet that have no stored result."""
    found = _UNCOUNTED.finditer(_content(data, name))
    return [(one[1].decode(), int(one[2])) for one in found if b't="str"' not in one[0].split(b">", 1)[0]]


def _tell_uncounted(page: _Page, cells: list[tuple[str, int]], sheet: Sheet) -> list[str]:
    """Columns with formulas that no program has worked out yet: their cells look empty."""
    from openpyxl.utils import column_index_from_string

    heading, first = page.heading, page.numbers[page.place]
    places = {column_index_from_string(letters) - 1 for letters, row in cells if row > first}
    names = [heading[place] for place in sorted(places) if place < len(heading) and heading[place]]
    if names:
        verb = "hold" if len(names) > 1 else "holds"
        found = f"on the sheet {page.name!r}, {listed(names)} {verb} formulas without a stored result: they look empty."
        told = sorted({row for _, row in cells if row > first})
        sheet.doubt(None, found, "Open and save the file.", code="formulas", rows=told)
    return names


# -- rows -----------------------------------------------------------------------------------------------------


def _table(pages: list[_Page], sheet: Sheet, keys: Sequence[str]) -> Raw:
    parts = [_of_page(page, sheet, keys) for page in pages]
    frame = pd.concat([frame for frame, _ in parts], ignore_index=True) if len(parts) > 1 else parts[0][0]
    numbers = np.concatenate([found.numbers for _, found in parts])
    lines = pd.Series(numbers, index=range(len(numbers))) if len(parts) > 1 else numbered(parts[0][1])
    heading, used = sum(page.numbers[page.place] for page in pages), len(numbers)
    aside, last = sum(found.aside for _, found in parts), sum(page.last for page in pages)
    names = tuple(page.name for page in pages)
    reading = FileReading("Excel", "", "", names, heading, last, used, aside, last - heading - used - aside)
    return Raw(frame, lines, reading)


def _of_page(page: _Page, sheet: Sheet, keys: Sequence[str]) -> tuple[pd.DataFrame, Found]:
    place, heading = page.place, page.heading
    if place:
        titles = ", ".join(repr(str(_trimmed(row)[-1])[:80]) for row in page.rows[: min(place, 3)])
        told = f"the heading is row {page.numbers[place]}; what stands above it is skipped ({titles})."
        sheet.doubt(None, told, code="titles", rows=page.numbers[:place])
    body = page.rows[place + 1 :]
    width = max([len(heading), *(len(_trimmed(row)) for row in body)])
    heading = [*heading, *[""] * (width - len(heading))]
    columns = [
        pd.Series([None if column >= len(row) or row[column] == "" else row[column] for row in body], dtype=object)
        for column in range(width)
    ]
    found = Found(columns, np.array(page.numbers[place + 1 :], dtype=int), heading)
    without_blanks(found)
    without_footers(found, keys, sheet)
    check_repeats(found, sheet)
    frame = named(found, sheet)
    return frame.assign(**{name: _typed(frame[name], name in keys) for name in map(str, frame)}), found


def _typed(cells: pd.Series, text: bool) -> pd.Series:
    """Ids and periods as text, dates as dates; other columns as what their cells are."""
    values = pd.Series(cells.tolist(), index=cells.index)
    if not text or pd.api.types.is_datetime64_any_dtype(values):
        return values
    return cells.map(_as_text, na_action="ignore").astype("str") if cells.notna().any() else cells.astype("str")


def _as_text(cell: Any) -> str:
    if isinstance(cell, datetime):
        return cell.date().isoformat() if cell.time() == time() else cell.isoformat(" ")
    return str(int(cell)) if isinstance(cell, float) and cell.is_integer() else str(cell)
