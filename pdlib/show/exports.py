"""Tables for a spreadsheet: text stays text, whatever it begins with, and reads back as it was."""

from __future__ import annotations

import csv
import re
from pathlib import Path
from typing import Any, cast

import pandas as pd

from pdlib.show.html import visible

_FORMULA = re.compile(r"'*[=+\-@\t\r\n＝＋－＠]")
_GUARDED = re.compile(r"'(?='*[=+\-@\t\r\n＝＋－＠])")
_CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff]")


def guarded(value: Any) -> Any:
    """Put an apostrophe before text that a spreadsheet would run; leave everything else alone.

    Examples
    --------
    >>> guarded("=1+1"), guarded("Elm"), guarded(-3)
    ("'=1+1", 'Elm', -3)
    """
    return f"'{value}" if isinstance(value, str) and _FORMULA.match(value) else value


def unguarded(value: Any) -> Any:
    """Take the apostrophe away again that `guarded` put there."""
    return value[1:] if isinstance(value, str) and _GUARDED.match(value) else value


def export(frame: pd.DataFrame, path: str | Path) -> Path:
    """Write a table for a spreadsheet, CSV or Excel by the ending of the path.

    Parameters
    ----------
    frame : DataFrame
        A result's ``table``, for example. A named index becomes the first column.
    path : str or Path
        Ending in ``.csv`` or ``.xlsx``.

    Returns
    -------
    Path

    Raises
    ------
    ValueError
        If the path ends in something else.

    Notes
    -----
    In CSV, text is quoted, and what a spreadsheet would take for a formula begins with an apostrophe; `pdlib.read`
    takes it away again. In Excel every text is typed as text, so "007" keeps its zeros and "=1+1" is not run.
    """
    path = Path(path)
    shown = frame.reset_index() if frame.index.name else frame
    if path.suffix == ".csv":
        shown = shown.rename(columns=lambda name: guarded(str(name)))
        texts = [name for name in shown.columns if not pd.api.types.is_numeric_dtype(shown[name])]
        shown = shown.assign(**{name: shown[name].map(guarded) for name in texts})
        shown.to_csv(path, index=False, quoting=csv.QUOTE_NONNUMERIC, encoding="utf-8-sig")
    elif path.suffix == ".xlsx":
        _write_excel(shown, path)
    else:
        raise ValueError(f"A table is written as .csv or .xlsx, not as {path.suffix or 'a file without an ending'}.")
    return path


def _write_excel(frame: pd.DataFrame, path: Path) -> None:
    from openpyxl import Workbook
    from openpyxl.cell import WriteOnlyCell

    book = Workbook(write_only=True)
    sheet = book.create_sheet("Table")

    def cell(value: Any) -> Any:
        if pd.api.types.is_scalar(value) and bool(pd.isna(cast("Any", value))):
            return None
        if not isinstance(value, str):
            return value.item() if hasattr(value, "item") else value
        text = WriteOnlyCell(sheet, _CONTROL.sub("", value))
        text.data_type = "s"
        return text

    sheet.append([cell(visible(name)) for name in frame.columns])
    for row in frame.itertuples(index=False):
        sheet.append([cell(value) for value in row])
    book.save(path)
