"""A table as its file has it: rows with their numbers, blank ones left out, footers set aside, headings looked at."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from pdlib.observations.text import rows, rows_listed
from pdlib.show.wording import listed

if TYPE_CHECKING:
    from pdlib.observations.sheet import Sheet

MOST_FOOTERS = 50
_LONGEST_QUOTE = 80
_BLANK = " \t\u00a0\ufeff\u200b"
_SEPARATED = {",": "comma", ";": "semicolon", "\t": "tab", "|": "bar"}


@dataclass(frozen=True)
class FileReading:
    """How a file was taken.

    Attributes
    ----------
    kind : str
        "CSV", "Parquet" or "Excel".
    separator : str
        Between the columns of a CSV.
    encoding : str
        Of a CSV.
    sheets : tuple of str
        Of a workbook, those that were read.
    heading : int
        Its row; 0 where the kind has none.
    lines : int
        In the file; as many as ``heading + used + aside + blank + further``.
    used, aside, blank : int
        Rows.
    further : int
        Lines that cells with line breaks run on over.
    uncounted : tuple of str
        Columns of a workbook with formulas that no program has worked out.
    """

    kind: str
    separator: str = ""
    encoding: str = ""
    sheets: tuple[str, ...] = ()
    heading: int = 0
    lines: int = 0
    used: int = 0
    aside: int = 0
    blank: int = 0
    further: int = 0
    uncounted: tuple[str, ...] = ()

    @property
    def said(self) -> str:
        """The file in one line: "comma-separated, UTF-8 · 733 lines: 732 rows used, 0 set aside"."""
        between = f"{_SEPARATED.get(self.separator, repr(self.separator))}-separated, {self.encoding.upper()}"
        how = between if self.separator else ", ".join([self.kind, *map(repr, self.sheets)])
        lines = f"{self.lines:,} lines: " if self.heading else ""
        return f"{how} · {lines}{rows(self.used)} used, {self.aside:,} set aside"


@dataclass(frozen=True, eq=False)
class Raw:
    """A table as its file has it.

    Attributes
    ----------
    frame : DataFrame
        Rows numbered from 0.
    lines : Series of int or None
        Number of each row as a spreadsheet or an editor shows it; None if the heading is row 1 and nothing was left
        out.
    reading : FileReading or None
        None where there is no file.
    """

    frame: pd.DataFrame
    lines: pd.Series | None
    reading: FileReading | None


@dataclass(eq=False)
class Found:
    """Rows under inspection.

    Attributes
    ----------
    columns : list of Series
        One a heading, text or cells, NaN or None where empty.
    numbers : ndarray of int
        Of the rows, as a spreadsheet shows them.
    heading : list of str
    short : list of tuple
        Rows that have not as many fields as the heading: number, fields, text.
    """

    columns: list[pd.Series]
    numbers: np.ndarray
    heading: list[str]
    short: list[tuple[int, int, str]] = field(default_factory=list)
    blank: int = 0
    aside: int = 0

    def keep(self, chosen: np.ndarray) -> None:
        """Leave the other rows out."""
        self.columns = [column[chosen].reset_index(drop=True) for column in self.columns]
        self.numbers = self.numbers[chosen]


def clean(heading: Sequence[object]) -> list[str]:
    """Headings without the blanks around them and without marks that nobody sees."""
    return [re.sub(r"[\u200b\u2060\ufeff]", "", "" if name is None else str(name)).strip() for name in heading]


def without_blanks(found: Found) -> None:
    """Leave out rows in which every cell is empty; they are counted."""
    if not found.columns:
        return
    empty = found.columns[0].isna().to_numpy(copy=True)
    for column in found.columns[1:]:
        if not empty.any():
            return
        empty &= column.isna().to_numpy()
    if empty.any():
        found.blank += int(empty.sum())
        found.keep(~empty)


def without_footers(found: Found, keys: Sequence[str], sheet: Sheet) -> None:
    """Set aside what stands below the last full row in one cell only, quoted; a cut row is no footer.

    Parameters
    ----------
    found : Found
    keys : sequence of str
        Columns in which every row needs a value.
    sheet : Sheet
        To which it is told.
    """
    places = [found.heading.index(key) for key in keys if key in found.heading]
    last = _last_full(found, places)
    below = np.arange(len(found.numbers)) > last
    quoted = []
    for row in np.flatnonzero(below):
        filled = [column.iloc[row] for column in found.columns if pd.notna(column.iloc[row])]
        lacks = any(pd.isna(found.columns[place].iloc[row]) for place in places)
        if len(filled) == 1 and lacks and len(found.columns) > 1 and not _like(str(filled[0]), found, int(row)):
            quoted.append((row, str(filled[0])))
    end = found.numbers[last] if last >= 0 else 0
    told = [short for short in found.short if short[0] > end and short[1] == 1 and _is_words(short[2], found)]
    if not quoted and not told:
        return
    found.short = [short for short in found.short if short not in told]
    chosen = np.ones(len(found.numbers), dtype=bool)
    chosen[[row for row, _ in quoted]] = False
    lines = sorted([(int(found.numbers[row]), text) for row, text in quoted] + [(n, text) for n, _, text in told])
    found.keep(chosen)
    found.aside += len(lines)
    texts = ", ".join(repr(text[:_LONGEST_QUOTE]) for _, text in lines[:5])
    numbers = [number for number, _ in lines]
    said = f"below the last full row, {rows(len(lines))} filled in one cell only: set aside ({texts}): "
    sheet.doubt(None, f"{said}{rows_listed(numbers)}.", code="footer", rows=numbers)


def _last_full(found: Found, places: list[int]) -> int:
    """Place of the last row that is more than one cell and has its keys; -1 if there is none near the end."""
    size = len(found.numbers)
    for row in range(size - 1, max(size - 1 - MOST_FOOTERS, -1), -1):
        filled = sum(pd.notna(column.iloc[row]) for column in found.columns)
        if (
            filled > 1
            or len(found.columns) == 1
            or (places and all(pd.notna(found.columns[p].iloc[row]) for p in places))
        ):
            return row
    return size - 1 if size > MOST_FOOTERS else -1


def _shape(text: str) -> str:
    return re.sub(r"[^\W\d]", "a", re.sub(r"\d", "9", text))


def _like(text: str, found: Found, row: int) -> bool:
    """Whether a lonely cell is formed as the values above it are, so that it is the rest of a row."""
    column = next(column for column in found.columns if pd.notna(column.iloc[row]))
    return _formed_as(text, column.iloc[:row])


def _formed_as(text: str, above: pd.Series) -> bool:
    values = above.dropna().astype("str").unique()[:1000]
    return any(value.startswith(text) or _shape(value) == _shape(text) for value in values)


def _is_words(text: str, found: Found) -> bool:
    text = text.strip().strip('"')
    return len(found.heading) > 1 and bool(text) and not _formed_as(text, found.columns[0])


def check_short(found: Found, sheet: Sheet, *, ended: bool = True) -> None:
    """Refuse rows that have more or fewer fields than the heading; a last one without a line end looks cut off."""
    width = len(found.heading)
    last = max(found.numbers.max(initial=0), max((number for number, _, _ in found.short), default=0))
    for fields in sorted({fields for _, fields, _ in found.short}):
        numbers = [number for number, size, _ in found.short if size == fields]
        told = f"{_fields(fields)} in {rows(len(numbers))}, the heading has {width}: {rows_listed(numbers)}."
        fix = "Write every row with as many fields as the heading; quote text that holds a separator."
        if not ended and numbers == [last] and fields < width:
            told, fix = f"{told[:-1]}; the last line looks cut off.", "Export the file again."
        sheet.report(None, told, fix, code="ragged", rows=numbers)


def _fields(count: int) -> str:
    return "1 field" if count == 1 else f"{count} fields"


def check_repeats(found: Found, sheet: Sheet) -> None:
    """Refuse the heading where it stands again half-way."""
    again = np.ones(len(found.numbers), dtype=bool)
    for name, column in zip(found.heading, found.columns, strict=True):
        if name and again.any():
            again &= column.astype("str").str.strip(_BLANK).eq(name).fillna(False).to_numpy(dtype=bool)
    if again.any() and any(found.heading):
        numbers = found.numbers[again]
        told = f"the heading stands there again in {rows(len(numbers))}: {rows_listed(numbers)}."
        sheet.report(None, told, "Remove the repeated heading.", code="heading_again", rows=numbers)
        found.keep(~again)


def named(found: Found, sheet: Sheet) -> pd.DataFrame:
    """The columns under their headings: a name that stands there twice is a problem, an unnamed column is left out."""
    nameless = [place for place, name in enumerate(found.heading) if not name]
    said = [place + 1 for place in nameless if found.columns[place].notna().any()]
    if said:
        which = f"column {said[0]} has" if len(said) == 1 else f"columns {listed(map(str, said))} have"
        sheet.doubt(None, f"{which} no heading, so nothing in it is used.", code="no_heading")
    places = [place for place in range(len(found.heading)) if place not in nameless]
    names = [found.heading[place] for place in places]
    twice = [name for name in dict.fromkeys(names) if names.count(name) > 1]
    if twice:
        verb = "heading {} appears" if len(twice) == 1 else "headings {} each appear"
        told = f"the {verb.format(listed(map(repr, twice)))} twice."
        sheet.report(None, told, "Keep one, or rename it.", code="heading_twice")
    first = [place for place, name in zip(places, names, strict=True) if place == found.heading.index(name)]
    return pd.DataFrame(
        {found.heading[place]: found.columns[place] for place in first}, index=range(len(found.numbers))
    )


def numbered(found: Found) -> pd.Series | None:
    """Row numbers, or None where they are those of a plain file."""
    size = len(found.numbers)
    plain = size == 0 or (found.numbers[0] == 2 and found.numbers[-1] == size + 1)
    return None if plain else pd.Series(found.numbers, index=range(size))
