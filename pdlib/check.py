"""Check a study: what was understood of its data, what must be answered, and where the answers go."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd

from pdlib.errors import DataError, PdlibError, Problem, StudyError
from pdlib.observations import Observations, read
from pdlib.show.exports import export
from pdlib.show.screen import LETTERS, in_turn, line, screen
from pdlib.study import load_study
from pdlib.study.writing import write_answers

_CHOICE = re.compile(r"(\d+)([a-z])?")


@dataclass(frozen=True, eq=False)
class Checked:
    """What came of reading one study.

    Attributes
    ----------
    file : Path
        Its study.toml.
    reading : DataFrame or None
        As `pdlib.Observations.reading`; None if no table could be opened.
    found : list of Problem
        Problems, questions and doubts, in the order in which they are numbered.
    observations : Observations or None
        None if anything stopped the reading.
    error : PdlibError or None
        What stopped it, if it was no problem of the data.
    """

    file: Path
    reading: pd.DataFrame | None
    found: list[Problem]
    observations: Observations | None
    error: PdlibError | None

    def fails(self, *, strict: bool) -> bool:
        """Whether a scheduler should stop here; under `strict` a doubt or a row set aside is enough."""
        if self.observations is None:
            return True
        return strict and bool(self.found or self.observations.unusable)

    @property
    def text(self) -> str:
        """One screen."""
        parts = [screen(self.reading, self.found)]
        if self.observations is not None:
            parts.append(f"read: {self.observations.finding}")
            parts += [line("  note: ", note) for note in self._notes]
        if any(problem.answers for problem in self.found):
            parts.append(
                f"To answer: pdlib check {self.file.parent} --write 1a (the number and the letter of each answer)"
            )
        return "\n".join(part for part in parts if part)

    @property
    def _notes(self) -> list[str]:
        """Caveats that are no doubts."""
        said = {str(problem) for problem in self.found}
        return [note for note in self.observations.caveats if note not in said] if self.observations else []

    @property
    def record(self) -> dict[str, Any]:
        """The same as one object for a machine: ``reading``, ``problems``, ``questions`` and ``doubts``."""
        reading = [] if self.reading is None else json.loads(self.reading.to_json(orient="records"))
        levels = {"problems": "problem", "questions": "question", "doubts": "doubt"}
        return {
            "study": str(self.file),
            "finding": None if self.observations is None else self.observations.finding,
            "error": None if self.error is None else str(self.error),
            "reading": reading,
            "notes": self._notes,
            **{
                name: [
                    _plain(number, problem) for number, problem in enumerate(self.found, 1) if problem.level == level
                ]
                for name, level in levels.items()
            },
        }


def check(study: str | Path) -> Checked:
    """Read a study and say what was understood, whether or not that can be used.

    Parameters
    ----------
    study : str or Path
        A study.toml, or the folder that holds it.

    Returns
    -------
    Checked
    """
    path = Path(study)
    path = path / "study.toml" if path.is_dir() else path
    try:
        observations = read(load_study(path))
    except DataError as error:
        return Checked(path, error.reading, in_turn([*error.problems, *error.doubts]), None, None)
    except PdlibError as error:
        return Checked(path, error.reading, in_turn(error.doubts), None, error)
    return Checked(path, observations.reading, in_turn(observations.doubts), observations, None)


def answer(checked: Checked, chosen: Sequence[str]) -> list[str]:
    """Put chosen answers into the study file; "2" takes the first key of what is numbered 2, "2b" its second.

    Parameters
    ----------
    checked : Checked
    chosen : sequence of str

    Returns
    -------
    list of str
        The keys that were written.

    Raises
    ------
    StudyError
        If there is no such answer, or the study would be wrong with it; nothing is written then.
    """
    picked = [_picked(checked.found, word) for word in chosen]
    numbers = [checked.found.index(found) + 1 for found, _ in picked]
    twice = sorted({number for number in numbers if numbers.count(number) > 1})
    if twice:
        raise StudyError(f"Number {twice[0]} is answered twice; give one answer.")
    write_answers(checked.file, [found.answers[place] for found, place in picked])
    return [found.keys[place] for found, place in picked]


def _picked(found: Sequence[Problem], word: str) -> tuple[Problem, int]:
    match = _CHOICE.fullmatch(word.strip().lower())
    number, place = (int(match[1]), LETTERS.index(match[2] or "a")) if match else (0, 0)
    settled = [k for k, problem in enumerate(found, start=1) if problem.answers]
    if number not in settled or place >= len(found[number - 1].answers):
        offered = [f"{k}{letter}" for k in settled for letter in LETTERS[: len(found[k - 1].answers)]]
        raise StudyError(f"There is no answer {word!r}; there are {', '.join(offered) or 'none'}.")
    return found[number - 1], place


def fix_list(checked: Sequence[Checked], path: str | Path) -> int:
    """Write what only the source can correct into one table, to send to whoever exports.

    Parameters
    ----------
    checked : sequence of Checked
    path : str or Path
        Ending in .csv or .xlsx.

    Returns
    -------
    int
        How many lines it has.
    """
    lines = [
        {"study": one.file.parent.name, "what": problem.where, "row": row, "found": problem.found, "to do": problem.fix}
        for one in checked
        for problem in one.found
        if not problem.answers
        for row in (problem.rows or ("",))
    ]
    export(pd.DataFrame(lines, columns=["study", "what", "row", "found", "to do"]), path)
    return len(lines)


def _plain(number: int, problem: Problem) -> dict[str, Any]:
    return {
        "number": number, "code": problem.code, "where": problem.where, "column": problem.column,
        "rows": list(problem.rows), "found": problem.found, "fix": problem.fix,
        "answers": [
            {"key": key, "meaning": own.meaning, "section": own.section, "of": own.of, "entries": own.entries}
            for key, own in problem.settled_by
        ],
    }  # fmt: skip
