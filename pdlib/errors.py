"""What can be wrong: the declaration, the data, or too little of them; and what only the user can settle."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

MOST_SHOWN = 12  # one screen, even where lines wrap
Level = Literal["problem", "question", "doubt"]


class PdlibError(Exception):
    """Base of every error that pdlib raises on purpose; its text says what to do.

    Attributes
    ----------
    reading : DataFrame or None
        What had been understood of the data until then, as `pdlib.Observations.reading`.
    doubts : sequence of Problem
        What else was seen on the way.
    """

    reading: Any = None
    doubts: Sequence[Problem] = ()


class StudyError(PdlibError):
    """The declaration of the study is wrong."""


class TooFewUnitsError(PdlibError):
    """Too few units to say anything about any of them."""


@dataclass(frozen=True)
class Problem:
    """One thing that is wrong with the data, or that they cannot tell.

    Attributes
    ----------
    where : str
        Table and, if it applies, column: ``"shops.csv, column footfall"``.
    found : str
        What was found there, with rows as a spreadsheet numbers them.
    fix : str
        What was expected, and what to do.
    level : {"problem", "question", "doubt"}
        A problem must be corrected and a question answered before anything is computed; a doubt is told and no more.
    code : str
        A short name for the machine: ``"totals"``.
    column : str
        Of the table; empty if it is about the table.
    rows : tuple of int
        As a spreadsheet numbers them.
    answers : tuple of pdlib.study.Answer
        What settles it, the likeliest first.
    keys : tuple of str
        The same as the user would write it.
    """

    where: str
    found: str
    fix: str
    level: Level = "problem"
    code: str = ""
    column: str = ""
    rows: tuple[int, ...] = ()
    answers: tuple[Any, ...] = ()
    keys: tuple[str, ...] = ()

    def __str__(self) -> str:
        keys = [f"{key} ({answer.meaning})" if answer.meaning else key for key, answer in self.settled_by]
        return f"{self.without_keys} {' or '.join(keys)}{'.' if keys else ''}".rstrip()

    @property
    def settled_by(self) -> list[tuple[str, Any]]:
        """Each key as the user would write it, with its answer."""
        return list(zip(self.keys, self.answers, strict=True))

    @property
    def without_keys(self) -> str:
        """The sentence alone."""
        return f"{self.where}: {self.found} {self.fix}".rstrip()


class DataError(PdlibError):
    """The data contradict the declaration, or leave a question open; holds all that was found, not the first only.

    Attributes
    ----------
    problems : list of Problem
        Problems and questions.
    """

    def __init__(self, problems: list[Problem], doubts: Sequence[Problem] = (), reading: Any = None) -> None:
        self.problems, self.doubts, self.reading = problems, doubts, reading
        lines = [f"{_counted(problems)}; nothing was computed."]
        lines += [f"{number}. {problem}" for number, problem in enumerate(problems[:MOST_SHOWN], start=1)]
        if len(problems) > MOST_SHOWN:
            lines.append(f"… and {len(problems) - MOST_SHOWN} more, likely of the same kind.")
        super().__init__("\n".join(lines))


def _counted(problems: list[Problem]) -> str:
    """How many of each level: "2 problems and 1 question in the data"."""
    asked = sum(problem.level == "question" for problem in problems)
    counts = {"problem": len(problems) - asked, "question": asked}
    parts = [f"{count} {word if count == 1 else word + 's'}" for word, count in counts.items() if count]
    return f"{' and '.join(parts)} in the data"
