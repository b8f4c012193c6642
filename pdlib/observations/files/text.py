"""A table from a text file: the bytes, their encoding, and every row held against the lines of the file."""

from __future__ import annotations

import codecs
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
from pandas.api import types
from pyarrow import csv

from pdlib.observations.files.dialect import SEPARATORS, Dialect, sniffed
from pdlib.observations.files.kinds import UnreadableError
from pdlib.observations.files.raw import (
    FileReading, Found, Raw, check_repeats, check_short, named, numbered, without_blanks, without_footers,
)  # fmt: skip
from pdlib.observations.files.records import quoted_breaks, record_lines
from pdlib.observations.text import rows, rows_listed
from pdlib.show.exports import unguarded

if TYPE_CHECKING:
    from pdlib.observations.sheet import Sheet

_BLOCK = 8 << 20
_MARKS = {codecs.BOM_UTF8: "utf-8", codecs.BOM_UTF16_LE: "utf-16", codecs.BOM_UTF16_BE: "utf-16"}
_ALIKE = 1000  # rows that a last line is compared with


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
    if not ended and not found.short:
        _check_last(found, body, sheet)
    lines = body.count(b"\n") + (not ended)
    reading = FileReading(
        "CSV", layout.separator, encoding, (), layout.first, layout.last + lines, len(found.numbers), found.aside,
        found.blank + lines - parsed.records - parsed.further, parsed.further + layout.last - layout.first,
    )  # fmt: skip
    frame, numbers = named(found, sheet), numbered(found)
    return Raw(frame.assign(**{name: _typed(frame[name], name in keys, sheet) for name in frame}), numbers, reading)


# -- bytes ----------------------------------------------------------------------------------------------------


def decoded(data: bytes, sheet: Sheet) -> tuple[bytes, str]:
    """The bytes as UTF-8 with line ends of one character, and the encoding they had.

    Raises
    ------
    UnreadableError
        If they are in no known encoding, or hold what no text holds.
    """
    marked = next((name for mark, name in _MARKS.items() if data.startswith(mark)), None)
    declared = sheet.options.encoding
    encoding = marked or declared or "utf-8"
    if marked == "utf-8":
        data = data[len(codecs.BOM_UTF8) :]
    if encoding.lower().replace("_", "-") in {"utf-8", "utf8", "utf-8-sig"}:
        _check_utf8(data, sheet)
        encoding = "utf-8"
    else:
        if marked is None:
            _check_not_utf8(data, encoding)
        data = _recoded(data, encoding)
    if b"\x00" in data:
        raise UnreadableError(
            f"the text holds marks that no text holds (NUL), first near line {_line(data, data.index(0))}.",
            "Export it again as “CSV UTF-8”.",
        )
    if b"\r" in data:
        data = data.replace(b"\r\n", b"\n").replace(b"\r", b"\n")
    return data, encoding


def _line(data: bytes, place: int) -> int:
    return data.count(b"\n", 0, place) + 1


def _first_wrong(data: bytes) -> int | None:
    """Place of the first byte that is not UTF-8."""
    if data.isascii():
        return None
    decoder, done = codecs.getincrementaldecoder("utf-8")(), 0
    while done < len(data):
        kept = len(decoder.getstate()[0])
        chunk = data[done : done + _BLOCK]
        try:
            decoder.decode(chunk, final=done + len(chunk) == len(data))
        except UnicodeDecodeError as error:
            return done - kept + error.start
        done += len(chunk)
    return None


def _check_utf8(data: bytes, sheet: Sheet) -> None:
    wrong = _first_wrong(data)
    if wrong is None:
        return
    if data[:2000].count(0) > 500:
        answer = sheet.key(encoding="utf-16-le")
        found = "the text looks like UTF-16 without its mark."
    else:
        answer = sheet.key(encoding="cp1252")
        found = f"the text is not UTF-8, first near line {_line(data, wrong)}."
    fix = "Save it as “CSV UTF-8”; older Excel writes another encoding. Or say which it is, for example"
    raise UnreadableError(found, f"{fix} {answer.said(sheet.door)}.")


def _check_not_utf8(data: bytes, encoding: str) -> None:
    if not data.isascii() and _first_wrong(data) is None and b"\x00" not in data[:2000]:
        raise UnreadableError(
            f"the text is UTF-8, and read as {encoding} its letters would be garbled.", "Take the encoding out."
        )


def _recoded(data: bytes, encoding: str) -> bytes:
    try:
        return data.decode(encoding).lstrip("\ufeff").encode()
    except LookupError:
        raise UnreadableError(f"there is no encoding {encoding!r}.", 'Write one such as "cp1252".') from None
    except UnicodeError as error:
        place = getattr(error, "start", 0)
        raise UnreadableError(
            f"the text is not {encoding}, first near line {_line(data, place)}; cut off or damaged?",
            "Export it again as “CSV UTF-8”.",
        ) from error


def _after_line(data: bytes, line: int) -> int:
    place = 0
    for _ in range(line):
        place = data.find(b"\n", place) + 1
        if place == 0:
            return len(data)
    return place


# -- rows -----------------------------------------------------------------------------------------------------


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
            parse_options=csv.ParseOptions(delimiter=separator, newlines_in_values=b'"' in body, invalid_row_handler=note),
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
    sheet.report(None, found, fix, code="open-quote", rows=[row])


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
    sheet.doubt(None, f"{found}: {rows_listed(numbers)}.", code="trailing")


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
        _tell_trailing(found.numbers, sheet)
    found.columns = found.columns[:width]
    found.keep(~filled)


def _check_last(found: Found, body: bytes, sheet: Sheet) -> None:
    """Refuse a last line that has no line end and less in it than all others."""
    if len(found.numbers) < 10:
        return
    others = found.columns[-1].iloc[-_ALIKE - 1 : -1]
    last = found.columns[-1].iloc[-1]
    lengths = [len(line) for line in body.split(b"\n")[-_ALIKE - 1 :]] if len(body) < _BLOCK else []
    lengths = lengths or [len(line) for line in body[-_BLOCK:].split(b"\n")[1:][-_ALIKE - 1 :]]
    shorter = lengths[-1] < min(filter(None, lengths[:-1]), default=0)
    emptied = pd.isna(last) and bool(others.notna().all())
    decimals = not pd.isna(last) and "." not in last and bool(others.str.contains(".", regex=False).fillna(False).all())
    if shorter or emptied or decimals:
        told = f"the last line looks cut off: it has no line end and less in it than the others: row {found.numbers[-1]}."
        fix = "Export the file again; if the line is whole, end it with a line break."
        sheet.report(None, told, fix, code="cut-off", rows=[int(found.numbers[-1])])


# -- values ---------------------------------------------------------------------------------------------------


def _typed(values: pd.Series, text: bool, sheet: Sheet) -> pd.Series:
    """Ids and periods as written; other columns as numbers if every value is one and can be nothing else."""
    values = _unguarded(values)
    if text:
        return values
    array = pa.array(values.array, from_pandas=True)
    array = array if isinstance(array, pa.ChunkedArray) else pa.chunked_array([array])
    if array.null_count == len(array):
        return pd.Series(np.nan, index=values.index)
    known = array.drop_null()
    if not _maybe_numbers(known[0].as_py()):
        return values
    truths = _truths(known)
    if truths is not None:
        return values.str.lower().map({"true": True, "false": False}).astype(object if array.null_count else bool)
    numbers = _numbers(array, known)
    if numbers is None or _zeros_lead(known):
        return values
    if sheet.options.thousands == "." or (types.is_float_dtype(numbers) and _points_group(known)):
        return values
    return numbers.set_axis(values.index)


def _unguarded(values: pd.Series) -> pd.Series:
    marked = values.str.startswith("'").fillna(False).astype(bool)
    if marked.any():
        values = values.copy()
        values[marked] = values[marked].map(unguarded)
    return values


def _maybe_numbers(first: str) -> bool:
    return first.lower() in {"true", "false", "inf", "-inf"} or first[:1] in set("+-.0123456789")


def _truths(known: pa.ChunkedArray) -> bool | None:
    if known[0].as_py().lower() not in {"true", "false"}:
        return None
    return True if {value.lower() for value in pc.unique(known).to_pylist()} <= {"true", "false"} else None


def _numbers(array: pa.ChunkedArray, known: pa.ChunkedArray) -> pd.Series | None:
    """Whole numbers if all are, else numbers with decimals; None if one is neither, or is the word nan."""
    try:
        if not array.null_count and "." not in known[0].as_py():
            return known.cast(pa.int64()).to_pandas()
    except pa.ArrowInvalid:
        pass
    try:
        numbers = array.cast(pa.float64())
    except pa.ArrowInvalid:
        return None
    named = pc.any(pc.is_nan(numbers.drop_null())).as_py()
    return None if named else numbers.to_pandas()


def _zeros_lead(known: pa.ChunkedArray) -> bool:
    """Whether a value is written as 007, so that it may be a code; or as 0x1F."""
    for sign in ("0", "-0", "+0"):
        zero = known.filter(pc.starts_with(known, sign))
        if len(zero) and pc.any(pc.match_substring_regex(zero, r"^[+-]?0[\dxX]")).as_py():
            return True
    return False


def _points_group(known: pa.ChunkedArray) -> bool:
    """Whether every point may stand between thousands, so that the text is needed to tell."""
    for part in (known.slice(0, 1000), known):
        pointed = part.filter(pc.match_substring(part, "."))
        if len(pointed) and not pc.all(pc.match_substring_regex(pointed, r"^[+-]?[1-9]\d{0,2}(\.\d{3})+$")).as_py():
            return False
    return bool(len(pointed))
