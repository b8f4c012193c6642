"""Rows against lines: which line each record of a text begins on, and quoted cells that run over several."""

from __future__ import annotations

import re
from dataclasses import dataclass

import numpy as np

MOST_LINES = {"observations": 20}  # of one cell; only comments have reason to hold paragraphs
MOST_LINES_OF_TEXT = 200


@dataclass(frozen=True)
class Runaway:
    """A quoted cell that runs over lines it should not.

    Attributes
    ----------
    line : int
        Where it begins, counted from 1.
    lines : int
        Over how many it runs.
    """

    line: int
    lines: int


def quoted_breaks(data: bytes, separator: str, width: int, table: str) -> tuple[np.ndarray, Runaway | None]:
    """Find the line breaks inside quoted cells, and the first cell that has swallowed rows.

    Parameters
    ----------
    data : bytes
        With line ends of one character.
    separator : str
    width : int
        Fields of the heading.
    table : str
        Of the study; cells of the observations may run over fewer lines.

    Returns
    -------
    inside : ndarray of int
        Places of the breaks.
    runaway : Runaway or None
    """
    mark = re.escape(separator.encode())
    cell = re.compile(rb"(?<![^\n" + mark + rb'])"[^"]*(?:""[^"]*)*("|\Z)')
    inside: list[int] = []
    for match in cell.finditer(data):
        start, end = match.span()
        breaks = data.count(b"\n", start, end)
        if not breaks and match.group(1):
            continue
        closed = match.group(1) and data[end : end + 1] in {b"", b"\n", separator.encode()}
        if not closed or _too_long(data[start:end], breaks, separator, width, table):
            runaway = Runaway(data.count(b"\n", 0, start) + 1, max(breaks, 1))
            return np.array(inside, dtype=int), runaway
        inside += [start + found.start() for found in re.finditer(b"\n", data[start:end])]
    return np.array(inside, dtype=int), None


def _too_long(cell: bytes, breaks: int, separator: str, width: int, table: str) -> bool:
    if breaks > MOST_LINES.get(table, MOST_LINES_OF_TEXT):
        return True
    middle = [line for line in cell.split(b"\n")[1:-1] if line.strip()]
    rows = sum(line.count(separator.encode()) == width - 1 for line in middle)
    return width > 2 and rows > len(middle) / 2


def record_lines(data: bytes, first: int, inside: np.ndarray) -> np.ndarray:
    """Line on which each record begins; empty lines hold none.

    Parameters
    ----------
    data : bytes
    first : int
        Number of its first line.
    inside : ndarray of int
        Places of line breaks inside quoted cells.
    """
    breaks = np.flatnonzero(np.frombuffer(data, dtype=np.uint8) == ord("\n"))
    starts = np.concatenate([[0], breaks + 1])
    ends = np.concatenate([breaks, [len(data)]])
    within = np.concatenate([[False], np.isin(breaks, inside)])
    return first + np.flatnonzero((ends > starts) & ~within)
