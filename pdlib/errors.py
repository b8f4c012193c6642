"""What can be wrong: the declaration, the data, or too little of them."""

from __future__ import annotations

from dataclasses import dataclass

MOST_SHOWN = 12  # one screen, even where lines wrap


class PdlibError(Exception):
    """Base of every error that pdlib raises on purpose; its text says what to do."""


class StudyError(PdlibError):
    """The declaration of the study is wrong."""


class TooFewUnitsError(PdlibError):
    """Too few units to say anything about any of them."""


@dataclass(frozen=True)
class Problem:
    """One thing that is wrong with the data.

    Attributes
    ----------
    where : str
        Table and, if it applies, column: ``"shops.csv, column footfall"``.
    found : str
        What was found there, with rows as a spreadsheet numbers them.
    fix : str
        What was expected, and what to do.
    """

    where: str
    found: str
    fix: str

    def __str__(self) -> str:
        return f"{self.where}: {self.found} {self.fix}"


class DataError(PdlibError):
    """The data contradict the declaration; holds every problem found, not the first only.

    Attributes
    ----------
    problems : list of Problem
    """

    def __init__(self, problems: list[Problem]) -> None:
        self.problems = problems
        count = "1 problem" if len(problems) == 1 else f"{len(problems)} problems"
        lines = [f"{count} in the data; nothing was computed."]
        lines += [f"{number}. {problem}" for number, problem in enumerate(problems[:MOST_SHOWN], start=1)]
        if len(problems) > MOST_SHOWN:
            lines.append(f"… and {len(problems) - MOST_SHOWN} more, likely of the same kind.")
        super().__init__("\n".join(lines))
