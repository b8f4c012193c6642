"""A study as a whole, from its `study.toml` or the same keys in Python; everything later reads this one declaration."""

from __future__ import annotations

import hashlib
import tomllib
from pathlib import Path
from typing import Annotated, Any

from pydantic import BeforeValidator, Field, ValidationError

from pdlib.errors import StudyError
from pdlib.study.parts import (
    Bundle,
    Caution,
    Composite,
    Confirm,
    Context,
    Names,
    Outcome,
    Part,
    Period,
    Practice,
    Practices,
    Privacy,
    Reports,
    Shock,
    Tables,
    Theme,
    Unit,
    Voices,
    one_or_many,
)  # fmt: skip
from pdlib.study.problems import (
    composite_problems,
    did_you_mean,
    explain,
    listed,
    outcome_elsewhere,
    outcome_problems,
    practice_in_context,
)  # fmt: skip


def _column(value: Any) -> Any:
    return {"column": value} if isinstance(value, str) else value


def _context(value: Any) -> Any:
    return tuple({"name": item} if isinstance(item, str) else item for item in one_or_many(value))


class Study(Part):
    """The declaration that every step reads.

    The keys are those of ``study.toml``; in Python, ``unit`` and ``period`` may be given as a column name,
    ``context`` as a list of column names, and ``outcome`` as one mapping or several.

    Parameters
    ----------
    name : str
        Title of the study, as readers see it.
    unit, period : Unit, Period or str
        What is compared, over which time slices. Without a period each unit has one row.
    outcome : Outcome or sequence of Outcome
        Exactly one has the role ``primary``: it decides who is named.
    context : sequence of Context or str
        Conditions that a unit cannot choose. A practice among them is an error.
    practice : sequence of Practice
        What a unit can choose, where there is no codebook table; ``practices`` says how the practices table is read.
    bundle : sequence of Bundle
        Practices that people believe to pay together, tested as a small family of their own.
    confirm : Confirm, optional
        What is kept back to confirm on.
    top : float
        The share of units that counts as the top.
    persistence : float, optional
        Of the differences that a single period shows, the share that lasts; of no use where units were seen in
        several periods.
    tables, folder : Tables, Path
        Where the tables lie.

    Raises
    ------
    StudyError
        For every misspelt key (with the likely right one), missing or contradictory entry, all at once.

    Examples
    --------
    >>> study = Study(
    ...     unit="store",
    ...     period="month",
    ...     outcome={"name": "happy", "kind": "proportion", "successes": "happy", "n": "answers"},
    ...     context=["footfall"],
    ... )
    >>> study.primary.sign
    1
    """

    name: str = "Study"
    description: str = ""
    simulated: bool = False
    unit: Annotated[Unit, BeforeValidator(_column)]
    period: Annotated[Period | None, BeforeValidator(_column)] = None
    tables: Tables | None = None
    outcome: Annotated[tuple[Outcome, ...], BeforeValidator(one_or_many), Field(min_length=1)]
    composite: Composite | None = None
    context: Annotated[tuple[Context, ...], BeforeValidator(_context)] = ()
    practice: Annotated[tuple[Practice, ...], BeforeValidator(one_or_many)] = ()
    practices: Practices = Practices()
    bundle: Annotated[tuple[Bundle, ...], BeforeValidator(one_or_many)] = ()
    confirm: Confirm | None = None
    voices: Voices | None = None
    theme: Annotated[tuple[Theme, ...], BeforeValidator(one_or_many)] = ()
    shock: Annotated[tuple[Shock, ...], BeforeValidator(one_or_many)] = ()
    caution: Annotated[tuple[Caution, ...], BeforeValidator(one_or_many)] = ()
    names: Names = Names()
    privacy: Privacy = Privacy()
    reports: Reports = Reports()
    top: float = Field(default=0.10, gt=0, lt=0.5)
    persistence: float | None = Field(default=None, gt=0, le=1)
    folder: Path = Path()

    def __init__(self, **declaration: Any) -> None:
        try:
            super().__init__(**declaration)
        except ValidationError as error:
            raise StudyError(explain(error, type(self).model_fields)) from None
        problems = [
            *outcome_problems(self.outcome),
            *composite_problems(self),
            *practice_in_context(self, [p.practice for p in self.practice]),
            *outcome_elsewhere(self),
        ]
        if problems:
            raise StudyError(listed(problems))

    @property
    def keys(self) -> list[str]:
        """Columns that tell one observation from another: the unit's and, if there is one, the period's."""
        return [self.unit.column, *([self.period.column] if self.period else [])]

    def keeping_back(self, **split: str) -> Study:
        """The same declaration with something kept back to confirm on.

        Parameters
        ----------
        **split
            One of ``units``, ``periods_from`` and ``adoptions_from``, as in `Confirm`.

        Raises
        ------
        StudyError
            If it is none or more than one of these.
        """
        return Study(**{name: getattr(self, name) for name in type(self).model_fields} | {"confirm": split})

    @property
    def declared(self) -> str:
        """A short name of all that is declared about the data, without what the study is called and where it lies."""
        aside = {"name", "description", "simulated", "tables", "folder", "reports", "names", "caution"}
        text = self.model_dump_json(exclude=aside, exclude_defaults=True)
        return hashlib.sha256(text.encode()).hexdigest()[:16]

    @property
    def primary(self) -> Outcome:
        """The outcome that decides who is named."""
        return next(outcome for outcome in self.outcome if outcome.role == "primary")

    def find_outcome(self, name: str | None = None) -> Outcome:
        """The outcome of that name; the primary one if no name is given."""
        if name is None:
            return self.primary
        for outcome in self.outcome:
            if outcome.name == name:
                return outcome
        names = [outcome.name for outcome in self.outcome]
        raise StudyError(
            f"There is no outcome {name!r}{did_you_mean(name, names)}; the study declares {', '.join(names)}."
        )


def load_study(path: str | Path) -> Study:
    """Read a study from its ``study.toml``.

    Parameters
    ----------
    path : str or Path
        The file, or the folder that holds it.

    Returns
    -------
    Study

    Raises
    ------
    StudyError
        If there is no such file, it is not TOML, or its entries are wrong; all entries at once.
    """
    path = Path(path)
    path = path / "study.toml" if path.is_dir() else path
    try:
        declaration = tomllib.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise StudyError(f"There is no study file {path}. Give the path of a study.toml or of its folder.") from None
    except UnicodeDecodeError as error:
        line = path.read_bytes()[: error.start].count(b"\n") + 1
        raise StudyError(f"{path.name}: the text is not UTF-8, first in line {line}. Save it as UTF-8.") from None
    except tomllib.TOMLDecodeError as error:
        raise StudyError(f"{path.name} is not a TOML file: {error}. Correct that line.") from None
    try:
        return Study(**{**declaration, "folder": path.parent})
    except StudyError as error:
        raise StudyError(f"{path.name}: {error}") from None
