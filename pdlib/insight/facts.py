"""What the page is told from: who may be named, which practices are worth telling, and the pair to open with."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import pandas as pd

from pdlib.deviants import Deviants, Twin
from pdlib.errors import StudyError
from pdlib.expected import Certainty
from pdlib.history import Change, compare, finding, previous
from pdlib.insight.names import pseudonyms, secret
from pdlib.observations import Observations
from pdlib.practices import LEVEL, STRONG, Practices
from pdlib.show import OutcomeFormat
from pdlib.show.formats import count, span_name
from pdlib.show.wording import a, capitalised, counted, in_words, listed, plural
from pdlib.study import Context, Outcome, Unit, did_you_mean
from pdlib.voices import Voices

MOST_TWINS = 12
MOST_CONDITIONS = 3
ALIKE = 1.5
AS_MANY = 0.8
NEAR = 0.95
RARE = 0.35
LITTLE = 2
FIRST_REPORT = "This is the first report, so there is nothing to compare with yet."


@dataclass(frozen=True, eq=False)
class Facts:
    """What the parts of a leaders' page share.

    Attributes
    ----------
    observations : Observations
    deviants : Deviants
    practices : Practices or None
        None if the study has none.
    voices : Voices or None
        None if the study has no comments.
    region : str or None
        Tell of the units of this region only; all were compared.
    """

    observations: Observations
    deviants: Deviants
    practices: Practices | None
    voices: Voices | None = None
    region: str | None = None

    def name(self, unit: str) -> str:
        """What a unit is called on the page: its label if it may be named, else a stable pseudonym or a description."""
        if unit in self.cleared:
            return str(self.observations.units.loc[unit, "label"])
        return self._pseudonyms[unit] if unit in self.bright.index else f"{capitalised(self.one)} like it"

    @cached_property
    def cleared(self) -> frozenset[str]:
        """The units that the page may name: bright spots unless the study says otherwise, and who is on its list."""
        names, labels = self.observations.study.names, self.observations.units["label"]
        listed = {str(unit) for unit, label in labels.items() if {str(unit), str(label)} & set(names.may_be_named)}
        return frozenset(listed | set(map(str, self.bright.index)) if names.publish else listed)

    @cached_property
    def _pseudonyms(self) -> dict[str, str]:
        study = self.observations.study
        key = secret(study.folder if study.tables else None)
        return pseudonyms(map(str, self.observations.units.index), self.unit.singular, key)

    @property
    def unit(self) -> Unit:
        """How units are spoken of."""
        return self.observations.study.unit

    @property
    def one(self) -> str:
        """Any of the units: "a shop", "an agency"."""
        return a(self.unit.singular)

    @property
    def outcome(self) -> Outcome:
        """On which they were compared."""
        return self.deviants.expected.outcome

    @property
    def show(self) -> OutcomeFormat:
        """How the outcome is shown."""
        return self.outcome.format

    @property
    def total(self) -> int:
        """How many units the page tells of."""
        return len(self.here)

    @property
    def span(self) -> str:
        """First and last period as people say them; nothing if the study has no periods."""
        periods = self.observations.periods
        return span_name(periods[0], periods[-1]) if self.observations.study.period else ""

    @property
    def in_span(self) -> str:
        """The span behind a comma, where the study has periods."""
        return f", {self.span}" if self.span else ""

    @property
    def a_period(self) -> str:
        """The words " a month" behind an amount; nothing if the study has no periods."""
        period = self.observations.study.period
        return f" {a(period.singular)}" if period else ""

    @cached_property
    def periods_each(self) -> float:
        """How many periods stand behind every unit's size, where all have about as many; else 1."""
        seen = self.deviants.table["n_periods"]
        return float(seen.median()) if seen.min() >= AS_MANY * seen.max() else 1.0

    @property
    def size_label(self) -> str:
        """What a funnel counts along its axis: what one period brings, or all of it where units come and go."""
        comes_and_goes = self.periods_each == 1 and self.deviants.table["n_periods"].max() > 1
        return f"{self.outcome.exposure_label}{' in all' if comes_and_goes else self.a_period}"

    @cached_property
    def _hidden(self) -> pd.Series:
        return self.deviants.table.set_index("unit")["n_hidden"]

    def about(self, unit: str, level: str) -> str:
        """A unit's level as shown; where counts behind it were hidden, that it is about right, and how many."""
        hidden = self.hidden_of(unit)
        return f"about {level} ({self.hidden_words(hidden)})" if hidden else level

    def hidden_of(self, unit: str) -> int:
        """How many counts of a unit were hidden for being small."""
        return int(self._hidden[unit])

    def hidden_words(self, hidden: int) -> str:
        """How many counts were hidden: "2 months hidden"."""
        period = self.observations.study.period
        return f"{hidden} {plural(hidden, period.singular, period.plural)} hidden" if period else "count hidden"

    @cached_property
    def here(self) -> pd.DataFrame:
        """The rows of the units that the page tells of: all that were compared, or those of the region."""
        table = self.deviants.table
        if self.region is None:
            return table
        return table[table["unit"].map(self.observations.units["region"]).eq(self.region)]

    @cached_property
    def bright(self) -> pd.DataFrame:
        """The rows of the bright spots that may be shown, the likeliest first, indexed by unit."""
        frame = self.here[self.here["group"].eq("confident")].set_index("unit", drop=False)
        return frame[self.enough(frame["exposure"])]

    @property
    def expected_right(self) -> float:
        """How many of the bright spots are expected to be real."""
        return float(self.bright["p_top"].sum())

    @property
    def certainty(self) -> Certainty:
        """How sure the list is: the rung and its sentence."""
        return self.deviants.certainty

    @property
    def why_nobody(self) -> str:
        """Why a page without a bright spot names nobody."""
        if self.certainty.rung == "named":
            among = f"{count(len(self.deviants.table))} {self.unit.plural}"
            there = len(self.deviants.confident)
            return f"Of all {among} {in_words(there)} {plural(there, 'is', 'are')} named, none of them on this page."
        if self.certainty.rung == "nothing lasts":
            return f"{self.certainty.sentence} So we name nobody. More time or more data may change that."
        return self.certainty.sentence

    @property
    def withheld(self) -> list[str]:
        """That somebody is not named for want of others to compare with, in a sentence that does not say who."""
        held = int(self.deviants.withheld["unit"].isin(self.here["unit"]).sum())
        who = f"{capitalised(counted(held, self.unit.singular, self.unit.plural))} that may be ahead"
        verb, whose = ("is", "its") if held == 1 else ("are", "their")
        return [f"{who} {verb} not named: too few others share {whose} means."] if held else []

    @property
    def fewest(self) -> int:
        """The smallest count of people that may stand behind a number of the page; 0 if none does."""
        counted = self.observations.study.privacy.smallest(self.outcome.source)
        return counted if self.outcome.size else 0

    def enough(self, exposure: pd.Series) -> pd.Series:
        """Where enough people stand behind a unit's number for it to be shown, in any form."""
        return exposure >= self.fewest

    @cached_property
    def changed(self) -> Change | None:
        """What changed since the last finding on record that was another; None if there is none."""
        study = self.observations.study
        frame = None if self.practices is None else self.practices.table
        now = finding(self.deviants.table, frame, self.deviants.settings, study.name)
        earlier = previous(study.folder, study.name, now["outcome"], than=now["id"])
        among = None if self.region is None else set(self.here["unit"])
        return compare(earlier, now, among) if earlier else None

    @property
    def practices_changed(self) -> list[str]:
        """Which practices are promising now and were not, and the other way round, in sentences."""
        changed = self.changed
        if changed is None:
            return []
        practices = {"Now promising": changed.practices_new, "No longer promising": changed.practices_gone}
        return [
            f"{words}: {listed(f'“{label}”' for label in labels)}." for words, labels in practices.items() if labels
        ]

    @cached_property
    def costs(self) -> dict[str, str]:
        """For each bright spot that is among the worst of a balancing outcome, a sentence without its name."""
        return {unit: note for unit, note in self.deviants.balance().items() if unit in self.bright.index}

    @cached_property
    def promising(self) -> pd.DataFrame:
        """Promising practices that were seen, not only claimed: the surest first, of these the cheap, then the rare."""
        if self.practices is None:
            return pd.DataFrame(columns=["practice", "label", "cost", "evidence"])
        frame = self.practices.promising
        frame = frame[frame["evidence"] == "observed"]
        keys = {
            "plain": frame["grade"] != STRONG, "unsure": frame["p_romano_wolf"] > LEVEL,
            "dear": ~(frame["cost"] <= LITTLE), "common": ~(frame["prevalence_peers"] <= RARE),
            "size": -frame["contrast"],
        }  # fmt: skip
        return frame.loc[pd.DataFrame(keys).sort_values(list(keys)).index]

    @property
    def cheap(self) -> int:
        """How many promising practices cost little."""
        return int((self.promising["cost"] <= LITTLE).sum())

    @property
    def fewest_spots(self) -> int:
        """Of how many bright spots at least it is told how many do something: a share of one is a word about one."""
        return self.observations.study.privacy.employees

    @property
    def conditions(self) -> list[Context]:
        """The few conditions that a twin is shown with."""
        return sorted(self.deviants.expected.grid.conditions, key=lambda item: item.kind)[:MOST_CONDITIONS]

    @cached_property
    def lead(self) -> Twin | None:
        """The bright spot to open with, beside its twin.

        Alike in what is shown of them, near to it, of one group with it where groups are declared, with something that
        only the bright spot does, and clear: in this order.
        """
        pairs = [self.deviants.twin(unit) for unit in self.bright.index[:MOST_TWINS]]
        pairs = [pair for pair in pairs if self.enough(pair.table["exposure"]).all()]
        return max(pairs, key=self._merits, default=None)

    def _merits(self, pair: Twin) -> tuple[bool, bool, bool, bool, float]:
        groups = self.observations.units.get("twin_within")
        same = groups is not None and bool(groups[pair.unit] == groups[pair.peer])
        return self._look_alike(pair), pair.closeness > NEAR, same, bool(self.only_first(pair)), pair.lower

    def _look_alike(self, pair: Twin) -> bool:
        """Whether a reader of the numbers shown beside the two would call them alike."""
        numeric = [item.name for item in self.conditions if item.kind != "category"]
        shown = pair.table[numeric].astype(float).assign(size=pair.table["exposure"] / pair.table["n_periods"])
        low, high = shown.min(), shown.max()
        return bool(((low <= 0) | (high <= ALIKE * low)).all())

    def does(self, unit: str) -> list[str]:
        """The promising practices that a unit does, as people say them."""
        if self.practices is None:
            return []
        does, rows = self.practices.does, zip(self.promising["practice"], self.promising["label"], strict=True)
        return [self.doing(name, label) for name, label in rows if does(unit, name)]

    def only_first(self, pair: Twin) -> list[str]:
        """Up to two promising practices that the bright spot has and its twin has not, as people say them."""
        peer = self.does(pair.peer)
        return [label for label in self.does(pair.unit) if label not in peer][:2]

    def doing(self, practice: str, label: str) -> str:
        """A practice as something done: one that has degrees is done "much"."""
        kind = self.observations.codebook.loc[practice, "kind"]
        return label if kind == "binary" else f"{label}: much of it"

    def doers(self, practice: str) -> tuple[int, int]:
        """How many bright spots do a practice, of how many that answered: exact counts."""
        if self.practices is None:
            return 0, 0
        asked = self.practices.values.loc[self.bright.index, practice].dropna().index
        return sum(self.practices.does(unit, practice) for unit in asked), len(asked)


def check_region(observations: Observations, region: str) -> None:
    """Make sure that a study has a region of that name."""
    if "region" not in observations.units:
        raise StudyError("The study names no regions: set region under [unit] to a column of the units table.")
    regions = sorted(observations.units["region"].dropna().unique())
    if region not in regions:
        near = did_you_mean(region, regions)
        raise StudyError(f"There is no region {region!r}{near}; there are {', '.join(regions)}.")
