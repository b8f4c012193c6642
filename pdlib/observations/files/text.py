"""A table from a text file: the bytes, their encoding, and every row held against the lines of the file."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
import pyarrow as pa
from pyarrow import csv

from pdlib.observations.files.dialect import Dialect, sniffed
from pdlib.observations.files.encodings import decoded
from pdlib.observations.files.kinds import UnreadableError
from pdlib.observations.files.raw import (
    FileReading,
    Found,
    Raw,
    check_repeats,
    check_short,
    named,
    numbered,
    without_blanks,
    without_footers,
)  # fmt: skip
from pdlib.observations.files.records import quoted_breaks, record_lines
from pdlib.observations.files.typed import typed
from pdlib.observations.text import rows, rows_listed

if TYPE_CHECKING:
    from pdlib.observations.sheet import Sheet

_BLOCK = 8 << 20
_ALIKE, _FEW = 1000, 6  # rows that a last line is compared with: at most, and more than


@dataclass(frozen=True, eq=False)
class _Parsed:
    """What the parser made of the body: columns of text, and the records with another number of fields."""

    table: pa.Table
    odd: list[tuple[int, int, str]]  # which record from 1, its fields, its text
    numbers: np.ndarray  # line on which each record begins
    further: int = 0  # lines that cells with line breaks run on over

    @property
    def records(self) -> int:
        return self.table.num_rows + len(self.odd)


def read_text(data: bytes, sheet: Sheet, keys: Sequence[str]) -> Raw | None:
    """Read a table from a text file.

    Parameters
    ----------
    data : bytes
    sheet : Sheet
        To which problems, questions and doubts are told; its options hold an encoding, if one is declared.
    keys : sequence of str
        Columns that stay text as written, and whose names the heading is known by.

    Returns
    -------
    Raw or None
        None if there is no telling where a row ends, which is a problem.

    Raises
    ------
    UnreadableError
        If it is not text, or holds none.
    """
    data, encoding = decoded(data, sheet)
    layout = sniffed(data, keys)
    if layout is None:
        raise UnreadableError("the file is empty.", "Export it again with a heading row and at least three units.")
    if sum(key in re.split(r"[\s:~^]+", layout.heading[0]) for key in keys) > len(set(keys) & set(layout.heading)):
        told = "the columns are separated by blanks, or by another sign than comma, semicolon, tab or bar."
        raise UnreadableError(told, "Export it again as “CSV UTF-8”.")
    _tell_titles(layout, sheet)
    body = data[_after_line(data, layout.last) :]
    del data  # large ones would stand in memory twice
    parsed = _rows(body, layout, sheet)
    if parsed is None:
        return None
    found = _found(parsed, layout)
    _drop_fillers(found, layout, sheet)
    without_blanks(found)
    without_footers(found, keys, sheet)
    ended = not body or body.endswith(b"\n")
    check_short(found, sheet, ended=ended)
    check_repeats(found, sheet)
    if not (ended or found.short or found.aside):
        _check_last(found, sheet)
    lines = body.count(b"\n") + (not ended)
    reading = FileReading(
        "CSV", layout.separator, encoding, (), layout.first, layout.last + lines, len(found.numbers), found.aside,
        found.blank + lines - parsed.records - parsed.further, parsed.further + layout.last - layout.first,
    )  # fmt: skip
    frame, numbers = named(found, sheet), numbered(found)
    columns = {name: typed(frame[name], name in keys, sheet.options.thousands) for name in map(str, frame)}
    return Raw(frame.assign(**columns), numbers, reading)


def _after_line(data: bytes, line: int) -> int:
    place = 0
    for _ in range(line):
        place = data.find(b"\n", place) + 1
        if place == 0:
            return len(data)
    return place


def _rows(body: bytes, layout: Dialect, sheet: Sheet) -> _Parsed | None:
    """Every record and the line it begins on; None if a quotation mark left open makes that impossible to tell."""
    marks, width, first = body.count(b'"'), max(layout.width, len(layout.heading)), layout.last + 1
    lines = body.count(b"\n") + bool(body and not body.endswith(b"\n"))
    parsed = None if marks % 2 else _attempt(body, layout, width)
    if parsed is None or parsed.records != lines:
        inside, runaway = quoted_breaks(body, layout.separator, width, sheet.table)
        if runaway:
            _tell_runaway(runaway.line + layout.last, runaway.lines, sheet)
            return None
        parsed = parsed or _parse(body, layout.separator, width)
        parsed = replace(parsed, numbers=record_lines(body, first, inside), further=len(inside))
    else:
        parsed = replace(parsed, numbers=first + np.arange(lines))
    if parsed.odd:
        parsed = _without_trailing(body, parsed, layout, sheet) or parsed
    if parsed.records != len(parsed.numbers):
        raise UnreadableError(
            f"the rows do not match the lines: {rows(parsed.records)} on {len(parsed.numbers):,} lines.",
            "Export it again; look for quotation marks that are left open.",
        )
    return parsed


def _attempt(body: bytes, layout: Dialect, width: int) -> _Parsed | None:
    try:
        return _parse(body, layout.separator, width)
    except UnreadableError:
        return None


def _parse(body: bytes, separator: str, width: int) -> _Parsed:
    names = [str(place) for place in range(width)]
    odd: list[tuple[int, int, str]] = []
    none = np.array([], dtype=int)

    def note(row: Any) -> str:
        odd.append((row.number, row.actual_columns, row.text))
        return "skip"

    if body.count(b"\n") == len(body):
        return _Parsed(pa.table({name: pa.array([], pa.string()) for name in names}), odd, none)
    try:
        table = csv.read_csv(
            pa.BufferReader(body),
            read_options=csv.ReadOptions(use_threads=False, column_names=names, block_size=_BLOCK),
            parse_options=csv.ParseOptions(
                delimiter=separator, newlines_in_values=b'"' in body, invalid_row_handler=note
            ),
            convert_options=csv.ConvertOptions(
                column_types=dict.fromkeys(names, pa.string()), null_values=[""], strings_can_be_null=True
            ),
        )
    except (pa.ArrowInvalid, pa.ArrowNotImplementedError) as error:
        raise UnreadableError(f"the file cannot be read: {error}.", "Export it again as “CSV UTF-8”.") from error
    return _Parsed(table, odd, none)


def _tell_titles(layout: Dialect, sheet: Sheet) -> None:
    if layout.titles:
        quoted = ", ".join(repr(title[:80]) for title in layout.titles[:3])
        found = f"the heading is row {layout.first}; what stands above it is skipped ({quoted})."
        sheet.doubt(None, found, code="titles", rows=range(1, layout.first))


def _tell_runaway(row: int, lines: int, sheet: Sheet) -> None:
    found = f"a cell runs over {lines:,} line{'s' * (lines != 1)}, from row {row:,}."
    fix = "A quotation mark is left open there: close it, take it out, or write it twice."
    sheet.report(None, found, fix, code="open_quote", rows=[row])


def _without_trailing(body: bytes, parsed: _Parsed, layout: Dialect, sheet: Sheet) -> _Parsed | None:
    """The rows again without the separators that some of them end in and the heading does not; None if none does."""
    width, mark = len(layout.heading), layout.separator
    lines, changed = body.split(b"\n"), []
    # Where most rows end so, they were parsed at their own width and the others are odd.
    odd = _parse(body, mark, width).odd if layout.width > width else parsed.odd
    for record, size, text in odd:
        number, excess = int(parsed.numbers[record - 1]), size - width
        line = lines[number - layout.last - 1]
        if excess > 0 and text.endswith(mark * excess) and line == text.encode():
            lines[number - layout.last - 1] = line[:-excess]
            changed.append(number)
    if not changed:
        return None
    _tell_trailing(changed, sheet)
    return replace(_parse(b"\n".join(lines), mark, width), numbers=parsed.numbers, further=parsed.further)


def _tell_trailing(numbers: Sequence[int], sheet: Sheet) -> None:
    found = f"{rows(len(numbers))} end in empty fields that the heading does not have; they are dropped"
    sheet.doubt(None, f"{found}: {rows_listed(numbers)}.", code="trailing", rows=numbers)


def _found(parsed: _Parsed, layout: Dialect) -> Found:
    """The records under inspection: good ones as columns, those with other fields by row."""
    numbers = parsed.numbers
    good = np.ones(len(numbers), dtype=bool)
    good[[record - 1 for record, _, _ in parsed.odd]] = False
    empty = layout.separator + ' "\t\r\n'
    short = [(int(numbers[n - 1]), size, text) for n, size, text in parsed.odd if text.strip(empty)]
    columns = [pd.Series(column, dtype="str") for column in parsed.table.columns]
    return Found(columns, numbers[good], list(layout.heading), short, blank=len(parsed.odd) - len(short))


def _drop_fillers(found: Found, layout: Dialect, sheet: Sheet) -> None:
    """Drop the last fields that rows have and the heading has not, where all are empty; else say so of the rows."""
    width = len(layout.heading)
    extra = found.columns[width:]
    if not extra:
        return
    filled = ~np.logical_and.reduce([column.isna().to_numpy() for column in extra])
    if filled.any():
        numbers = found.numbers[filled]
        found.short += [(int(number), len(found.columns), "") for number in numbers]
    else:
        _tell_trailing(found.numbers.tolist(), sheet)
    found.columns = found.columns[:width]
    found.keep(~filled)


def _check_last(found: Found, sheet: Sheet) -> None:
    """Refuse a last line without a line end whose last field has less in it than that of any other row."""
    if len(found.numbers) <= _FEW:
        return
    others, last = found.columns[-1].iloc[-_ALIKE - 1 : -1], found.columns[-1].iloc[-1]
    if others.isna().any():
        return
    last = "" if pd.isna(last) else str(last)
    decimals = others.str.extract(r"^-?\d+[.,](\d+)$", expand=False).str.len()  # missing where a value has none
    fewer = decimals.notna().all() and len(re.sub(r"^-?\d+[.,]?", "", last)) < decimals.min()
    if fewer or len(last) < others.str.len().min():
        row = int(found.numbers[-1])
        told = f"the last line looks cut off: it has no line end and less in it than the others: row {row}."
        fix = "Export the file again; if the line is whole, end it with a line break."
        sheet.report(None, told, fix, code="cut_off", rows=[row])
