"""Declare a study: what is compared, on what, given which means.

A study is a `study.toml` or the same keys in Python. Everything later reads this one declaration.
"""

from __future__ import annotations

import tomllib
from collections.abc import Iterable
from difflib import get_close_matches
from pathlib import Path
from typing import Annotated, Any, Literal, Self

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationError, model_validator

from pdlib.errors import StudyError
from pdlib.show.formats import OutcomeFormat


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, str_strip_whitespace=True)


class _Named(_Part):
    """A part with a name for the machine and a label for people."""

    name: str
    label: str = ""

    @model_validator(mode="after")
    def _default_label(self) -> Self:
        if not self.label:
            object.__setattr__(self, "label", self.name.replace("_", " "))
        return self


class Unit(_Part):
    """The team, store, branch, ward or route compared.

    ``label``, ``region``, ``nested_in`` and ``twin_within`` name columns of the units table: a name to show; a part of
    the organisation; a group whose members share habits or means (an airline, an owner), so that they do not count as
    independent; and a group in which a twin is looked for first.
    """

    column: str
    label: str | None = None
    singular: str = "unit"
    plural: str = "units"
    region: str | None = None
    nested_in: str | None = None
    twin_within: str | None = None


class Period(_Part):
    """The time slice of an observation.

    ``varies_by`` names a column of the units table (or of the observations) with groups of units that move over the
    periods each in their own way: coast and city over the seasons, schools that break up at other times.
    """

    column: str
    singular: str = "period"
    plural: str = "periods"
    varies_by: str | None = None


class Tables(_Part):
    """Where the tables lie, relative to the study file."""

    observations: str
    units: str | None = None
    practices: str | None = None
    codebook: str | None = None
    hypotheses: str | None = None
    visits: str | None = None
    comments: str | None = None
    staff: str | None = None
    reviewed: str | None = None


_KIND_COLUMNS = {"proportion": ("successes", "n"), "mean": ("value",), "rate": ("events", "exposure")}


class Outcome(_Named):
    """What is measured, how, and which way is good.

    ``kind`` decides which columns are needed: a *proportion* has ``successes`` out of ``n``; a *mean* has
    ``value`` and, to know its precision, ``n`` with the items' ``sd`` (or the mean's ``se``); a *rate* has
    ``events`` per ``exposure``. ``smallest_excess`` and ``smallest_contrast`` are in the outcome's own units
    (a share between 0 and 1, a score, events per unit of exposure). ``source`` says whom it comes from, which decides
    how few may stand behind a number that is shown.
    """

    role: Literal["primary", "other", "balancing"] = "primary"
    kind: Literal["proportion", "mean", "rate"]
    better: Literal["higher", "lower"] = "higher"
    successes: str | None = None
    n: str | None = None
    value: str | None = None
    sd: str | None = None
    se: str | None = None
    events: str | None = None
    exposure: str | None = None
    per: float = Field(default=1.0, gt=0)
    exposure_label: str = "observations"
    source: Literal["customers", "employees", "operations"] = "customers"
    smallest_excess: float | None = Field(default=None, ge=0)
    smallest_contrast: float | None = Field(default=None, ge=0)

    @model_validator(mode="after")
    def _columns_fit_kind(self) -> Self:
        needed = _KIND_COLUMNS[self.kind]
        missing = [key for key in needed if getattr(self, key) is None]
        if missing:
            raise ValueError(f"a {self.kind} needs {' and '.join(missing)} (the name of a column)")
        allowed = {*needed, "n", "sd", "se"} if self.kind == "mean" else set(needed)
        given = {key for key in ("successes", "n", "value", "sd", "se", "events", "exposure") if getattr(self, key)}
        if given - allowed:
            raise ValueError(
                f"a {self.kind} has no use for {' or '.join(sorted(given - allowed))}; remove it or change kind"
            )
        if (self.sd or self.se) and not self.n:
            raise ValueError(
                "sd or se is of use with n only (the column that says how many answers stand behind a mean)"
            )
        return self

    @property
    def columns(self) -> list[str]:
        """Columns of the observations table that this outcome reads."""
        keys = ("successes", "value", "events", "n", "exposure", "sd", "se")
        return [getattr(self, key) for key in keys if getattr(self, key)]

    @property
    def amount(self) -> str:
        """The column that holds the amount measured: successes, value or events."""
        return str(self.successes or self.value or self.events)

    @property
    def size(self) -> str | None:
        """The column that holds the opportunities behind it: n or exposure."""
        return self.n or self.exposure

    @property
    def format(self) -> OutcomeFormat:
        """How its values and differences are shown."""
        return OutcomeFormat(self.kind, self.label, self.better, self.per)

    @property
    def sign(self) -> int:
        """+1 if higher is better, -1 if lower is."""
        return 1 if self.better == "higher" else -1


class Composite(_Named):
    """Several outcomes weighed into one: ``weights`` by name of an outcome, each counted in spreads of what lasts."""

    weights: dict[str, Annotated[float, Field(gt=0)]] = Field(min_length=2)


class Context(_Named):
    """A condition that a unit cannot choose."""

    kind: Literal["numeric", "category"] = "numeric"
    scale: Literal["linear", "log", "sqrt"] = "linear"
    unit: str = ""


def _one_or_many(value: Any) -> Any:
    return (value,) if isinstance(value, dict | BaseModel | str) else value


class Practice(_Part):
    """One line of the codebook: something a unit can choose, and the ``touchpoint`` at which a visitor would see it."""

    practice: str
    label: str = ""
    theme: str = ""
    who_decides: str = ""
    cost: float | None = Field(default=None, ge=1, le=5)
    everyone_can: bool | None = None
    measured_by: str = ""
    evidence: Literal["observed", "claimed"] = "observed"
    claims: str = ""
    kind: Literal["binary", "graded", "frequency"] = "binary"
    programme: bool = False
    follows_success: bool = False
    touchpoint: str = ""

    @model_validator(mode="after")
    def _default_label(self) -> Self:
        if not self.label:
            object.__setattr__(self, "label", self.practice.replace("_", " "))
        return self


class Practices(_Part):
    """How the practices table is to be read, and the ``touchpoints`` in the order in which a customer comes to them."""

    wave: str | None = None
    may_be_few: int = Field(default=10, ge=2)
    touchpoints: tuple[str, ...] = ()


class Bundle(_Named):
    """Practices that somebody believes to pay together: ``practices`` by name, at least two."""

    practices: Annotated[tuple[str, ...], Field(min_length=2)]
    proposed_by: str = ""


class Confirm(_Part):
    """What is kept back when practices are compared, so that `confirm` can test on it what was found elsewhere.

    One of: ``units``, a column of the units table that says yes where a unit is kept back; ``periods_from``, the first
    of the periods that are kept back; ``adoptions_from``, the first period from which what units take up is kept back.
    """

    units: str | None = None
    periods_from: str | None = None
    adoptions_from: str | None = None

    @model_validator(mode="after")
    def _one_way(self) -> Self:
        given = [key for key, value in self if value]
        if len(given) != 1:
            raise ValueError(
                f"give one of units, periods_from and adoptions_from; found {' and '.join(given) or 'none'}"
            )
        return self

    @property
    def start(self) -> str | None:
        """First period that is kept back, or from which adoptions are; None where units are."""
        return self.periods_from or self.adoptions_from


class Voices(_Part):
    """Which columns of the comments table hold what, and how comments are read.

    ``comment`` names the column of the comment's id (without one, ids are made from what a comment says and where).
    Without a column ``voice`` every comment is a customer's. ``staff`` names the columns, of the staff table or else of
    the units table, that hold names of employees: they are taken out of every text before anything is counted.
    ``language`` chooses the themes that come with the package ("en", "de", "fr", "es").
    """

    text: str = "text"
    comment: str | None = None
    voice: str = "voice"
    touchpoint: str | None = None
    staff: Annotated[tuple[str, ...], BeforeValidator(_one_or_many)] = ()
    language: str = "en"


class Theme(_Named):
    """What people talk about, as phrases: ``ring*`` any ending, ``nobody/no_one`` either, ``…`` up to three words.

    With ``discontent`` a theme counts as a frustration. A phrase that is denied ("never had to chase") does not count.
    """

    phrases: tuple[str, ...] = Field(min_length=1)
    discontent: bool = False


class Shock(_Part):
    """A declared spell of hard times, first and last period included."""

    name: str
    start: str
    end: str


class Caution(_Part):
    """A figure about the data that makes a unit's expectation lean on little, beyond a bound.

    ``name`` is a column of the observations table, averaged over a unit's periods; ``says`` ends the sentence
    "Old Mill: …".
    """

    name: str
    says: str
    above: float | None = None
    below: float | None = None

    @model_validator(mode="after")
    def _one_bound(self) -> Caution:
        if (self.above is None) == (self.below is None):
            raise ValueError("give either above or below")
        return self

    def holds(self, value: float) -> bool:
        """Whether a value lies beyond the bound."""
        return value > self.above if self.above is not None else value < (self.below or 0.0)


class Privacy(_Part):
    """How few people a published number may stand for, and how long a report may be kept.

    ``customers`` and ``employees`` are the smallest counts shown of answers that come from them, by the ``source`` of
    the outcome; what comes from operations (flights, deliveries) stands for nobody. ``keep_months`` after its build a
    report asks to be deleted.
    """

    customers: int = Field(default=10, ge=1)
    employees: int = Field(default=5, ge=1)
    keep_months: int | None = Field(default=None, ge=1)

    def smallest(self, source: str) -> int:
        """The smallest count that may be shown of a source."""
        return {"customers": self.customers, "employees": self.employees}.get(source, 0)


class Names(_Part):
    """Who may be named in a report: confident bright spots unless switched off, and cleared twins."""

    publish: bool = True
    may_be_named: tuple[str, ...] = ()


class Reports(_Part):
    """How long earlier builds of a report stay on the shelf: the newest ``keep``, and none above ``keep_days`` days."""

    keep: int = Field(default=12, ge=0)
    keep_days: int | None = Field(default=None, ge=1)


def _column(value: Any) -> Any:
    return {"column": value} if isinstance(value, str) else value


def _context(value: Any) -> Any:
    return tuple({"name": item} if isinstance(item, str) else item for item in _one_or_many(value))


class Study(_Part):
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
        Of the differences that a single period shows, the share that lasts; of no use with two periods or more.
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
    outcome: Annotated[tuple[Outcome, ...], BeforeValidator(_one_or_many), Field(min_length=1)]
    composite: Composite | None = None
    context: Annotated[tuple[Context, ...], BeforeValidator(_context)] = ()
    practice: Annotated[tuple[Practice, ...], BeforeValidator(_one_or_many)] = ()
    practices: Practices = Practices()
    bundle: Annotated[tuple[Bundle, ...], BeforeValidator(_one_or_many)] = ()
    confirm: Confirm | None = None
    voices: Voices | None = None
    theme: Annotated[tuple[Theme, ...], BeforeValidator(_one_or_many)] = ()
    shock: Annotated[tuple[Shock, ...], BeforeValidator(_one_or_many)] = ()
    caution: Annotated[tuple[Caution, ...], BeforeValidator(_one_or_many)] = ()
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
            raise StudyError(_explain(error)) from None
        problems = [
            *_outcome_problems(self.outcome),
            *_composite_problems(self),
            *practice_in_context(self, [p.practice for p in self.practice]),
            *_outcome_elsewhere(self),
        ]
        if problems:
            raise StudyError(_listed(problems))

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
        raise StudyError(f"{path.name} is not a TOML file: {error}. Mend that line.") from None
    try:
        return Study(**{**declaration, "folder": path.parent})
    except StudyError as error:
        raise StudyError(f"{path.name}: {error}") from None


def did_you_mean(word: str, choices: Iterable[str]) -> str:
    """The words " (did you mean 'x'?)" if one of the choices is close, else nothing."""
    close = get_close_matches(word, list(choices), n=1, cutoff=0.6)
    return f" (did you mean {close[0]!r}?)" if close else ""


def practice_in_context(study: Study, practices: Iterable[str]) -> list[str]:
    """Say which practices stand among the context: adjusting for them would adjust the deviance away."""
    both = sorted({item.name for item in study.context} & set(practices))
    return [
        f"{name!r} is declared as context and as practice. Context is what a unit cannot choose, a practice is what "
        "it can: adjusting for it would hide the very thing looked for. Remove it from one of the two."
        for name in both
    ]


def _outcome_problems(outcomes: tuple[Outcome, ...]) -> list[str]:
    names = [outcome.name for outcome in outcomes]
    problems = [
        f"outcome {name!r} is declared twice; give each its own name."
        for name in sorted(set(names))
        if names.count(name) > 1
    ]
    primary = [outcome.name for outcome in outcomes if outcome.role == "primary"]
    if len(primary) != 1:
        found = f"outcomes {', '.join(primary)} all have" if primary else "no outcome has"
        problems.append(f'{found} the role "primary"; exactly one must, the others take "other" or "balancing".')
    return problems


def _composite_problems(study: Study) -> list[str]:
    if study.composite is None:
        return []
    names = [outcome.name for outcome in study.outcome]
    problems = [
        f"composite.weights names {name!r}, which is no outcome{did_you_mean(name, names)}; weigh {', '.join(names)}."
        for name in study.composite.weights
        if name not in names
    ]
    if study.composite.name in names:
        problems.append(f"composite {study.composite.name!r} has the name of an outcome; give it its own.")
    return problems


def _outcome_elsewhere(study: Study) -> list[str]:
    measured = {outcome.amount for outcome in study.outcome}
    declared = [("context", item.name) for item in study.context]
    declared += [("practice", item.practice) for item in study.practice]
    return [
        f"{name!r} is declared as {role} and is what an outcome measures: it would explain itself. "
        f"Remove it from {role}."
        for role, name in declared
        if name in measured
    ]


_PARTS: dict[str, type[BaseModel]] = {
    "unit": Unit, "period": Period, "tables": Tables, "outcome": Outcome, "composite": Composite,
    "context": Context, "practice": Practice,
    "practices": Practices, "bundle": Bundle, "confirm": Confirm,
    "voices": Voices, "theme": Theme, "shock": Shock, "caution": Caution, "names": Names,
    "privacy": Privacy, "reports": Reports,
}  # fmt: skip


_WANTED = {
    "model_type": "a table with keys is needed",
    "tuple_type": 'a list is needed, as in ["a", "b"]',
    "string_type": "a text is needed",
    "too_short": "at least one is needed",
}


def _explain(error: ValidationError) -> str:
    return _listed([_explain_one(dict(item)) for item in error.errors()])


def _explain_one(item: dict[str, Any]) -> str:
    place = [part for part in item["loc"] if not str(part).startswith("function-")]
    where = "".join(f"[{part + 1}]" if isinstance(part, int) else f".{part}" for part in place).lstrip(".")
    if item["type"] == "extra_forbidden":
        key = str(place[-1])
        part = _PARTS[str(place[0])] if len(place) > 1 else Study
        keys = [name for name in part.model_fields if name != "folder"]
        return f"{where} is not a key of a study{did_you_mean(key, keys)}. Known here: {', '.join(keys)}."
    if item["type"] == "missing":
        return f"{where} is missing; it must be given."
    if item["type"] == "value_error":
        return f"{where}: {item['ctx']['error']}."
    wanted = _WANTED.get(item["type"], item["msg"][0].lower() + item["msg"][1:])
    return f"{where}: found {item['input']!r}; {wanted}."


def _listed(problems: list[str]) -> str:
    if len(problems) == 1:
        return problems[0]
    return "\n".join(
        [f"{len(problems)} problems in the declaration.", *(f"{k}. {text}" for k, text in enumerate(problems, 1))]
    )
