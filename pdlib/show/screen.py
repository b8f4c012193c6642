"""What `pdlib check` prints: on one screen what was understood, then questions, then doubts, each with its key."""

from __future__ import annotations

import shutil
import textwrap
from collections.abc import Sequence

import pandas as pd

from pdlib.errors import MOST_SHOWN, Problem

WIDTH, NARROWEST = 120, 60
MOST_OF_A_ROLE = 12  # one screen, however many practices there are
_HEADINGS = {
    "problem": "problems (must be corrected)",
    "question": "questions (must be answered)",
    "doubt": "doubts",
}
LETTERS = "abcdefghijklmnopqrstuvwxyz"


def screen(reading: pd.DataFrame | None, found: Sequence[Problem]) -> str:
    """Lay a reading out for a terminal.

    Parameters
    ----------
    reading : DataFrame or None
        As `pdlib.Observations.reading`; None if no table could be opened.
    found : sequence of Problem
        Problems, questions and doubts, numbered as they are given; see `in_turn`.

    Returns
    -------
    str
    """
    blocks = [] if reading is None else [_tables(reading), _columns(reading)]
    blocks += [_listed(level, found) for level in _HEADINGS]
    return "\n".join(block for block in blocks if block)


def in_turn(problems: Sequence[Problem]) -> list[Problem]:
    """What must be corrected first, then what must be answered, then what is only told."""
    return sorted(problems, key=lambda problem: list(_HEADINGS).index(problem.level))


def _tables(reading: pd.DataFrame) -> str:
    own = reading[reading["role"] == "table"]
    width = int(own["table"].str.len().max()) if len(own) else 0
    return "\n".join(line(f"{row.table:<{width}}  ", str(row.said)) for row in own.itertuples())


def _columns(reading: pd.DataFrame) -> str:
    own = reading[reading["role"] != "table"]
    shown = own[own.groupby("role").cumcount() < MOST_OF_A_ROLE]
    widths = (
        {name: min(int(shown[name].str.len().max()), 28) for name in ("role", "column", "kind")} if len(own) else {}
    )
    lines = [
        line("  ".join(f"{getattr(row, name)!s:<{width}}" for name, width in widths.items()) + "  ", str(row.said))
        for row in shown.itertuples()
    ]
    left = own.drop(shown.index)["role"].value_counts(sort=False)
    return "\n".join([*lines, *(f"{role}  … and {number} more: observations.reading" for role, number in left.items())])


def _listed(level: str, found: Sequence[Problem]) -> str:
    own = [(number, problem) for number, problem in enumerate(found, start=1) if problem.level == level]
    lines = [line for number, problem in own[:MOST_SHOWN] for line in _told(number, problem)]
    if len(own) > MOST_SHOWN:
        lines.append(f"     … and {len(own) - MOST_SHOWN} more, likely of the same kind")
    return "\n".join([_HEADINGS[level], *lines]) if own else ""


def _told(number: int, problem: Problem) -> list[str]:
    """The sentence, then a line for each key that settles it, with the letter that chooses it."""
    head = f"{number:>3}. "
    keys = [
        line(" " * len(head) + f"{letter}  ", f"{key}  ({answer.meaning})" if answer.meaning else key)
        for letter, (key, answer) in zip(LETTERS, problem.settled_by, strict=False)
    ]
    return [line(head, problem.without_keys), *keys]


def line(head: str, text: str) -> str:
    """A text behind its head, folded to the width of the terminal."""
    if not text:
        return head.rstrip()
    width = max(NARROWEST, min(shutil.get_terminal_size((WIDTH, 24)).columns, WIDTH))
    return textwrap.fill(
        text, width, initial_indent=head, subsequent_indent=" " * len(head), break_long_words=False,
        break_on_hyphens=False,
    )  # fmt: skip
