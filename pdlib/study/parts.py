"""The parts of a declaration: unit, period, outcomes, context, practices, voices, names, privacy."""

from __future__ import annotations

import re
from typing import Annotated, Any, Literal, Self
from zoneinfo import available_timezones

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, field_validator, model_validator

from pdlib.show.formats import OutcomeFormat
from pdlib.study.suppressed import Suppressed


class Part(BaseModel):
    """What has these keys and no others."""

    model_config = ConfigDict(extra="forbid", frozen=True, str_strip_whitespace=True)


def one_or_many(value: Any) -> Any:
    """Put a single entry into a sequence of one."""
    return (value,) if isinstance(value, dict | BaseModel | str | int | float) else value


Texts = Annotated[tuple[str, ...], BeforeValidator(one_or_many)]
Codes = Annotated[tuple[float | str, ...], BeforeValidator(one_or_many)]


def _file(value: Any) -> Any:
    return {"file": value} if isinstance(value, str) else value


class _Named(Part):
    """A part with a name for the machine and a label for people."""

    name: str
    label: str = ""

    @model_validator(mode="after")
    def _default_label(self) -> Self:
        if not self.label:
            object.__setattr__(self, "label", self.name.replace("_", " "))
        return self


class Unit(Part):
    """The team, store, branch, ward or route compared.

    ``label``, ``region``, ``nested_in`` and ``twin_within`` name columns of the units table: a name to show; a part of
    the organisation; a group whose members share habits or means (an airline, an owner), so that they do not count as
    independent; and a group in which a twin is looked for first. ``exclude`` lists ids that are no units, such as a
    total, in every table; ``keep`` those that are units of their own whatever they look like.
    """

    column: str
    label: str | None = None
    singular: str = "unit"
    plural: str = "units"
    region: str | None = None
    nested_in: str | None = None
    twin_within: str | None = None
    exclude: Texts = ()
    keep: Texts = ()


class Period(Part):
    """The time slice of an observation.

    ``varies_by`` names a column of the units table (or of the observations) with groups of units that move over the
    periods each in their own way: coast and city over the seasons, schools that break up at other times.

    The other keys settle how the column is written where it could be read in two ways: ``format`` as in ``strptime``
    ("%d/%m/%Y"), or "excel" and "excel-1904" for days as spreadsheets count them, "number" for plain numbers,
    "quarters" and "half-years" for a year and a number (2018/1, 20181), "financial year" for dates that begin or end
    one; ``day_first`` where only that is open; ``order``, every label in the order of time; ``zone``, a time zone in
    which instants are cut; ``future`` where periods that have not begun yet are meant. ``window`` says that a table
    holds the last so many periods and no more, so that it may shrink from one build to the next.
    """

    column: str
    singular: str = "period"
    plural: str = "periods"
    varies_by: str | None = None
    format: str | None = None
    day_first: bool | None = None
    order: Texts = ()
    zone: str | None = None
    future: bool = False
    window: int | None = Field(default=None, ge=1)

    @field_validator("zone")
    @classmethod
    def _zone_is_known(cls, zone: str | None) -> str | None:
        if zone is not None and zone not in available_timezones():
            raise ValueError(f"there is no time zone {zone!r}; give a name such as Europe/Berlin")
        return zone


class _Written(Part):
    """How a table is written, where the file alone does not tell."""

    sheet: str | None = None
    encoding: str | None = None
    decimal: Literal[".", ","] | None = None
    thousands: Literal[",", ".", " ", "'"] | None = None
    missing: Codes | None = None


class Table(_Written):
    """One table: its ``file``, relative to the study file, and how it is written.

    ``sheet`` of a workbook ("*" for all of one heading together); ``encoding`` of a text file; the ``decimal`` mark and
    the one between ``thousands``; ``missing``, the codes that stand for no answer in all of its columns.
    """

    file: str | None = None


NamedTable = Annotated[Table, BeforeValidator(_file)]


class Tables(_Written):
    """Where the tables lie, each as a file's name or as a `Table`; the keys of a table itself hold for all of them."""

    observations: NamedTable
    units: NamedTable | None = None
    practices: NamedTable | None = None
    codebook: NamedTable | None = None
    hypotheses: NamedTable | None = None
    visits: NamedTable | None = None
    comments: NamedTable | None = None
    staff: NamedTable | None = None
    reviewed: NamedTable | None = None

    def of(self, name: str) -> Table:
        """How one table is written: its own keys, else those that hold for all."""
        own: Table = getattr(self, name) or Table()
        shared = {key: getattr(self, key) for key in _Written.model_fields}
        return Table(**(shared | own.model_dump(exclude_none=True)))


AMOUNTS = {"mean": "value", "proportion": "successes", "rate": "events"}  # the key of the column that is measured
_KIND_COLUMNS = {"proportion": ("successes", "n"), "mean": ("value",), "rate": ("events", "exposure")}


class Outcome(_Named):
    """What is measured, how, and which way is good.

    ``kind`` decides which columns are needed: a *proportion* has ``successes`` out of ``n``; a *mean* has
    ``value`` and, to know its precision, ``n`` with the items' ``sd`` (or the mean's ``se``); a *rate* has
    ``events`` per ``exposure``. ``smallest_excess`` and ``smallest_contrast`` are in the outcome's own units
    (a share between 0 and 1, a score, events per unit of exposure). ``source`` says whom it comes from, which decides
    how few may stand behind a number that is shown. ``unit`` is what a mean counts, "minutes"; by default what ends the
    label in brackets, and else points. ``digits`` are the decimals shown, by default those in which units differ.

    Of a column that could be read in two ways: ``better`` must be said of a rate; ``missing`` lists the codes that
    stand for no answer (an empty list: none does); ``weighted`` says that counts are weighted and need not be whole;
    ``counts`` that successes which look like whole percentages are counts;
    ``cumulative`` that counts run up through the "year", so that each period is the difference from the one before
    (false: they do not).
    ``suppressed`` are the marks in place of counts that were hidden for being small, each with the lowest and highest
    count that it may stand for, ``{"<5" = [1, 4], "*" = [1, 4]}``; of marks that say so themselves a list is enough,
    ``["<5", "1-4"]``, from 1 unless the mark begins lower (``{"<5" = [0, 4]}`` where zeros are hidden too).
    """

    role: Literal["primary", "other", "balancing"] = "primary"
    kind: Literal["proportion", "mean", "rate"]
    better: Literal["higher", "lower"] | None = None
    successes: str | None = None
    n: str | None = None
    value: str | None = None
    sd: str | None = None
    se: str | None = None
    events: str | None = None
    exposure: str | None = None
    per: float = Field(default=1.0, gt=0)
    exposure_label: str = "observations"
    unit: str = ""
    digits: int | None = None
    source: Literal["customers", "employees", "operations"] = "customers"
    smallest_excess: float | None = Field(default=None, ge=0)
    smallest_contrast: float | None = Field(default=None, ge=0)
    missing: Codes | None = None
    weighted: bool = False
    counts: bool = False
    cumulative: Literal["year", False] | None = None
    suppressed: Suppressed = {}

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
        if self.suppressed and self.cumulative == "year":
            raise ValueError(
                "counts that run up cannot be taken apart where some are hidden; ask for those of each period"
            )
        if self.suppressed and self.kind == "mean":
            raise ValueError(
                "a mean has no use for suppressed: only a count says between which bounds it lies; give counts, as "
                "successes of n or events by exposure"
            )
        if self.unit and self.kind != "mean":
            raise ValueError(f"a {self.kind} has no use for unit; remove it or change kind")
        if (self.sd or self.se) and not self.n:
            raise ValueError(
                "sd or se is of use with n only (the column that says how many answers stand behind a mean)"
            )
        return self

    @property
    def bounds(self) -> tuple[str, str] | None:
        """Columns of the panel with the lowest and highest count that a cell may stand for; None if none is hidden."""
        return (f"{self.amount}_lower", f"{self.amount}_upper") if self.suppressed else None

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
    def direction(self) -> Literal["higher", "lower"]:
        """Which way is good; higher unless said otherwise."""
        return self.better or "higher"

    @property
    def format(self) -> OutcomeFormat:
        """How its values and differences are shown."""
        return OutcomeFormat(
            self.kind, self.label, self.direction, self.per, self.digits, self._counted, self.exposure_label
        )

    @property
    def _counted(self) -> str:
        """What a mean counts: as declared, or as the label's brackets say, "deal size (euros)", but for a range."""
        bracketed = re.search(r"\(([^()\d]+)\)$", self.label)
        return self.unit or (bracketed.group(1) if bracketed else "points")

    def shown_by(self, spread: float) -> Self:
        """The same outcome, shown with the decimals in which units differ.

        Parameters
        ----------
        spread : float
            How far units differ, in outcome units.
        """
        digits = self.format.fitting(spread) if self.digits is None else self.digits
        return self.model_copy(update={"digits": digits})

    @property
    def sign(self) -> int:
        """+1 if higher is better, -1 if lower is."""
        return -1 if self.better == "lower" else 1


class Composite(_Named):
    """Several outcomes weighed into one: ``weights`` by name of an outcome, each counted in spreads of what lasts."""

    weights: dict[str, Annotated[float, Field(gt=0)]] = Field(min_length=2)


class Context(_Named):
    """A condition that a unit cannot choose. ``missing`` lists codes that stand for not known; an empty list: none."""

    kind: Literal["numeric", "category"] = "numeric"
    scale: Literal["linear", "log", "sqrt"] = "linear"
    unit: str = ""
    missing: Codes | None = None


class Practice(Part):
    """One line of the codebook: something a unit can choose, and the ``touchpoint`` at which a visitor would see it.

    Without ``kind`` a practice whose answers are all yes or no (1 or 0) is *binary*, any other *graded*. ``yes`` is the
    answer that means yes where it is written in another way (1 beside 2, "ja"); ``missing`` lists the codes that stand
    for no answer.
    """

    practice: str
    label: str = ""
    theme: str = ""
    who_decides: str = ""
    cost: float | None = Field(default=None, ge=1, le=5)
    everyone_can: bool | None = None
    measured_by: str = ""
    evidence: Literal["observed", "claimed"] = "observed"
    claims: str = ""
    kind: Literal["binary", "graded", "frequency"] | None = None
    programme: bool = False
    follows_success: bool = False
    touchpoint: str = ""
    yes: Codes = ()
    missing: Codes | None = None

    @model_validator(mode="after")
    def _default_label(self) -> Self:
        if not self.label:
            object.__setattr__(self, "label", self.practice.replace("_", " "))
        return self


class Practices(Part):
    """How the practices table is to be read, and the ``touchpoints`` in the order in which a customer comes to them.

    ``order`` lists the waves in the order of time, where their names do not tell it.
    """

    wave: str | None = None
    order: Texts = ()
    may_be_few: int = Field(default=10, ge=2)
    touchpoints: tuple[str, ...] = ()


class Bundle(_Named):
    """Practices that somebody believes to pay together: ``practices`` by name, at least two."""

    practices: Annotated[tuple[str, ...], Field(min_length=2)]
    proposed_by: str = ""


class Confirm(Part):
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


class Voices(Part):
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
    staff: Annotated[tuple[str, ...], BeforeValidator(one_or_many)] = ()
    language: str = "en"


class Theme(_Named):
    """What people talk about, as phrases: ``ring*`` any ending, ``nobody/no_one`` either, ``…`` up to three words.

    With ``discontent`` a theme counts as a frustration. A phrase that is denied ("never had to chase") does not count.
    """

    phrases: tuple[str, ...] = Field(min_length=1)
    discontent: bool = False


class Shock(Part):
    """A declared spell of hard times, first and last period included."""

    name: str
    start: str
    end: str


class Caution(Part):
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


class Privacy(Part):
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


class Names(Part):
    """Who may be named in a report: confident bright spots unless switched off, and cleared twins."""

    publish: bool = True
    may_be_named: tuple[str, ...] = ()


class Reports(Part):
    """How long earlier builds of a report stay on the shelf: the newest ``keep``, and none above ``keep_days`` days."""

    keep: int = Field(default=12, ge=0)
    keep_days: int | None = Field(default=None, ge=1)


PARTS: dict[str, type[BaseModel]] = {
    "unit": Unit, "period": Period, "tables": Tables, "outcome": Outcome, "composite": Composite,
    "context": Context, "practice": Practice,
    "practices": Practices, "bundle": Bundle, "confirm": Confirm,
    "voices": Voices, "theme": Theme, "shock": Shock, "caution": Caution, "names": Names,
    "privacy": Privacy, "reports": Reports,
}  # fmt: skip
