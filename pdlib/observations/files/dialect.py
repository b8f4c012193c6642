"""How a text file lays out its table: what stands between the columns, and where the heading is."""

from __future__ import annotations

import csv
import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from pdlib.observations.files.raw import clean

SEPARATORS = (",", ";", "\t", "|")
MOST_RECORDS = 500
MOST_TITLES = 50
_SAMPLE = 1 << 18


@dataclass(frozen=True)
class Dialect:
    """How a text file lays out its table.

    Attributes
    ----------
    separator : str
    heading : tuple of str
        As written, blanks trimmed.
    first, last : int
        Lines of the heading, counted from 1; they differ where one of its cells holds a line break.
    width : int
        Fields that most rows have.
    titles : tuple of str
        Lines with text above the heading.
    """

    separator: str
    heading: tuple[str, ...]
    first: int
    last: int
    width: int
    titles: tuple[str, ...] = ()


@dataclass(frozen=True)
class _Record:
    first: int
    last: int
    fields: list[str]

    @property
    def empty(self) -> bool:
        return not any(cell.strip() for cell in self.fields)


def sniffed(data: bytes, keys: Sequence[str]) -> Dialect | None:
    """The layout that finds most of the declared names and gives every line as many fields as the heading.

    Parameters
    ----------
    data : bytes
        UTF-8 text; its beginning is looked at.
    keys : sequence of str
        Names that are expected in the heading.

    Returns
    -------
    Dialect or None
        None if there is no text.
    """
    sample = data[:_SAMPLE]
    if len(data) > _SAMPLE and b"\n" in sample:
        sample = sample[: sample.rindex(b"\n") + 1]
    lines = sample.decode("utf-8", errors="replace").split("\n")
    said = re.fullmatch(r'"?sep=(.)"?[,;\t|]*', lines[0].strip(" \r"), re.IGNORECASE | re.DOTALL)
    candidates = (said.group(1),) if said else SEPARATORS
    found = [_with(separator, lines, bool(said), keys) for separator in candidates]
    best = max((one for one in found if one is not None), key=lambda one: one[0], default=None)
    return None if best is None else best[1]


def _with(
    separator: str, lines: list[str], skip: bool, keys: Sequence[str]
) -> tuple[tuple[int, bool, float, int], Dialect] | None:
    """How well a separator fits, and the layout it gives."""
    records = [record for record in _records(lines, separator, int(skip)) if not record.empty]
    if not records:
        return None
    place = heading_at([record.fields for record in records], keys)
    heading, body = records[place], records[place + 1 :]
    names = clean(heading.fields)
    widths = Counter(len(record.fields) for record in body)
    width = widths.most_common(1)[0][0] if widths else len(names)
    while len(names) > max(width, 1) and not names[-1]:
        names.pop()
    alike = widths[len(names)] / len(body) if body else 1.0
    titles = tuple(separator.join(record.fields).strip() for record in records[:place])
    layout = Dialect(separator, tuple(names), heading.first, heading.last, width, titles)
    return (_known(names, keys), len(names) > 1, max(alike, widths[width] / max(len(body), 1) / 2), len(names)), layout


def _records(lines: list[str], separator: str, skip: int) -> list[_Record]:
    reader = csv.reader((line + "\n" for line in lines[skip:]), delimiter=separator)
    records, before = [], skip
    try:
        for fields in reader:
            records.append(_Record(before + 1, skip + reader.line_num, fields))
            before = skip + reader.line_num
            if len(records) >= MOST_RECORDS:
                break
    except csv.Error:
        pass  # a cell beyond the limit of the csv module; what came before is enough to go by
    return records


def _known(names: Sequence[str], keys: Sequence[str]) -> int:
    folded = {name.casefold() for name in names}
    return sum(key.strip().casefold() in folded for key in keys)


def heading_at(records: Sequence[Sequence[object]], keys: Sequence[str]) -> int:
    """Place of the first record that holds the declared names, or the most of them; else of the first full one.

    Parameters
    ----------
    records : sequence of sequences
        Fields of the first rows that are not empty.
    keys : sequence of str
    """
    known = [_known(clean(fields), keys) for fields in records[:MOST_TITLES]]
    if any(known):
        return known.index(max(known))
    usual = Counter(len(fields) for fields in records).most_common(1)[0][0]
    if len(records[0]) == 1 and usual > 1:
        return next(place for place, fields in enumerate(records) if len(fields) == usual)
    return 0
