"""One unit's own page: where it stands among its peers, how it has gone, what it does, and what it could look at.

For the unit's own people: its own mark among unlabelled dots, no rank, and no other name than those of bright spots.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
import pandas as pd

from pdlib.deviants import Deviants
from pdlib.insight.exhibits import MOST_PRACTICES, counted_here, try_card
from pdlib.insight.facts import Facts
from pdlib.insight.names import Vouched
from pdlib.insight.page import Insight
from pdlib.insight.words import QUESTION, ranged
from pdlib.observations import Observations
from pdlib.practices import Practices
from pdlib.show import Html, element, figure, figures, kicker, standfirst, table
from pdlib.show.formats import count, share
from pdlib.show.html import join
from pdlib.show.wording import capitalised, counted, listed

MOST_CARDS = 3
MOST_CALLS = 2


@dataclass(frozen=True, eq=False)
class UnitPage(Facts):
    """The parts of one unit's own page, each ready to be shown.

    Attributes
    ----------
    own : str
        Id of the unit.
    """

    own: str = ""

    @cached_property
    def cleared(self) -> frozenset[str]:
        """The unit itself, for these are its people, and whom the leaders' page may name."""
        return super().cleared | {self.own}

    @property
    def shown(self) -> bool:
        """Whether enough people stand behind the unit's numbers for them to be shown."""
        return bool(self.enough(self.row["exposure"]))

    @cached_property
    def row(self) -> pd.Series:
        """The unit's row of the deviants' table."""
        table = self.deviants.table
        return table[table["unit"] == self.own].iloc[0]

    @property
    def headline(self) -> Html:
        """The small line above, the headline with its two numbers, and what is left once luck is allowed for."""
        study, row, show = self.observations.study, self.row, self.show
        parts = [study.name, f"for the people of {self.name(self.own)}", self.span]
        above = kicker(" · ".join(part for part in parts if part))
        if not self.shown:
            title = f"{self.name(self.own)}: fewer than {self.fewest} {self.outcome.exposure_label}, too few to show"
            rule = f"No number is shown that fewer than {self.fewest} {self.outcome.exposure_label} stand behind."
            return join(above, element("h1", title), standfirst(rule))
        title = (
            f"{self.name(self.own)}: {show.value(row['observed'])} {self.outcome.label}, "
            f"where {show.value(row['expected'])} is usual with its means"
        )
        return join(above, element("h1", title), standfirst(self._standfirst))

    @property
    def _standfirst(self) -> str:
        row, show = self.row, self.show
        bounds = row["shrunken_excess_lower"], row["shrunken_excess_upper"]
        if not np.isfinite(bounds).all():
            return f"There is too little on record to say how much of that is luck: {self._amount}."
        between = f"between {show.excess(bounds[0])} and {show.excess(bounds[1])}"
        if bounds[0] <= 0 <= bounds[1]:
            return f"That difference can be luck: what would last lies {between}, from {self._amount}."
        way = "better" if bounds[0] > 0 else "worse"
        bright = f" It is one of {counted(len(self.bright), 'bright spot')}." if self.own in self.bright.index else ""
        return (
            f"That is {way} than luck alone would make it: what would last lies {between}, from {self._amount}.{bright}"
        )

    @property
    def _amount(self) -> str:
        return f"{count(self.row['exposure'])} {self.outcome.exposure_label}"

    @property
    def where_we_stand(self) -> Html:
        """The unit's own mark among all others, which stay without a name, and its numbers."""
        return join(element("h2", "Where we stand"), self._funnel(), self._numbers()) if self.shown else join()

    def _funnel(self) -> Html:
        show, unit, outcome, name = self.show, self.unit, self.outcome, self.name(self.own)
        adjusted, limits = self.deviants.adjusted(), self.deviants.funnel_limits()
        each = adjusted["n_periods"].median()
        scaled, limits = (frame.assign(exposure=frame["exposure"] / each) for frame in (adjusted, limits))
        size = f"{outcome.exposure_label}{self.a_period}"
        here = show.value(float(adjusted.loc[adjusted["unit"] == self.own, "adjusted"].iloc[0]))
        return figure(
            lambda ax: figures.funnel(
                scaled, limits, labels={self.own: name}, exposure_label=size, value_format=show.tick, ax=ax
            ),
            title=f"Where we lie among {counted(len(adjusted), unit.singular, unit.plural)} with means counted",
            subtitle=f"{capitalised(outcome.label)} by {unit.singular}, same means, {self.span}. "
            f"Lines: where 95 and 99.8 in 100 ordinary {unit.plural} would lie.",
            description=f"Funnel of {len(adjusted)} {unit.plural}: {outcome.label} given the same means, over the "
            f"{size}. {name} lies at {here}; no other is named.",
            tips={self.own: f"{name}: {here}"},
        )  # fmt: skip

    def _numbers(self) -> Html:
        row, show = self.row, self.show
        bounds = [row[column] for column in ("shrunken_excess", "shrunken_excess_lower", "shrunken_excess_upper")]
        shown = pd.DataFrame([{**row, "lasting": ranged(show, *bounds) if np.isfinite(bounds).all() else "not known"}])
        columns = {
            "label": (capitalised(self.unit.singular), None),
            "exposure": (capitalised(self.outcome.exposure_label), count),
            "observed": ("Observed", lambda value: show.value(value, 1)),
            "expected": ("Expected", lambda value: show.value(value, 1)),
            "lasting": (f"Better by, {show.unit}, luck allowed for", None),
        }
        return table(shown, caption="Our numbers", columns=columns, row_header="label")

    @property
    def over_time(self) -> Html:
        """The unit's outcome per period beside what was expected; nothing if there are too few periods."""
        study, show, name = self.observations.study, self.show, self.name(self.own)
        frame = self.deviants.why(self.own).trend()
        if study.period is None or len(frame) < 3 or not self.shown:
            return join()
        within = int(frame["observed"].between(frame["expected_lower"], frame["expected_upper"]).sum())
        chart = figure(
            lambda ax: figures.trend(frame, name=name, value_format=show.tick, ax=ax),
            title=f"{within} of {len(frame)} {study.period.plural} lie where luck alone can put them",
            subtitle=f"{capitalised(self.outcome.label)} by {study.period.singular}; band: what luck does to one "
            f"{study.period.singular}, nine times in ten",
            description=f"Line of {self.outcome.label} at {name} over {len(frame)} {study.period.plural}, from "
            f"{show.value(frame['observed'].iloc[0])} to {show.value(frame['observed'].iloc[-1])}, with what was "
            f"expected; {within} lie within the band of luck.",
        )
        return join(element("h2", "How it has gone"), chart)

    @property
    def what_we_do(self) -> Html:
        """Which promising practices are done here and which are not, with a card for each of the latter."""
        if self.practices is None:
            return join()
        heading, rows = element("h2", "What we do"), self.promising.head(MOST_PRACTICES)
        if rows.empty:
            return join(heading, element("p", "No practice on the list goes with better results so far."))
        here = [self._here(name) for name in rows["practice"]]
        columns = {
            "label": ("Promising practice", None),
            "here": ("Here", None),
            "prevalence_deviants": ("Bright spots", share),
            "prevalence_peers": (f"Comparable {self.unit.plural}", share),
        }
        caption = "Promising practices, and whether we do them"
        shown = table(counted_here(self, rows).assign(here=here), caption=caption, columns=columns, row_header="label")
        lacking = [row for (_, row), done in zip(rows.iterrows(), here, strict=True) if done == "no"]
        note = "In comparable places these go with better results. That is worth a try, and no proof."
        cards = [try_card(self, self.practices, row) for row in lacking[:MOST_CARDS]]
        return join(heading, shown, element("p", note, class_="note"), *cards)

    def _here(self, practice: str) -> str:
        answers = self.observations.practices
        own = answers[(answers["unit"] == self.own) & (answers["practice"] == practice)]["value"]
        if self.practices is None or own.notna().sum() == 0:
            return "not known"
        return "yes" if self.practices.does(self.own, practice) else "no"

    @property
    def whom_to_call(self) -> Html:
        """The bright spots most alike, and what to ask them."""
        heading, others = element("h2", "Whom to call"), [unit for unit in self.bright.index if unit != self.own]
        if not others:
            nobody = "Nobody else stands out beyond means and luck, so there is nobody to call."
            return join(heading, element("p", nobody))
        near = np.argsort(self.deviants.distance([self.own], others)[0], kind="stable")[:MOST_CALLS]
        names = listed(self.name(others[i]) for i in near)
        words = f"{names}: of all bright spots most like us in means and size. Ask: “{QUESTION}”"
        return join(heading, element("p", words))

    @property
    def method(self) -> Html:
        """How it was worked out, for the appendix."""
        expected = self.deviants.expected
        unit = self.unit.singular
        return join(
            element("p", f"{expected.finding} {expected.fit_verdict.reasons[-1]}"),
            element(
                "p",
                f"Expected is what a fit that has not seen this {unit} foretells from its means. What would last is "
                "the difference pulled towards nothing by as much as luck accounts for, with the range in which it "
                "lies nine times in ten.",
            ),
        )

    @property
    def provenance(self) -> Html:
        """What was built from what, in a line for the footer."""
        return Vouched(Insight(self.observations, self.deviants, self.practices).provenance, self.cleared)

    def _repr_html_(self) -> str:
        parts = (
            self.headline,
            self.where_we_stand,
            self.over_time,
            self.what_we_do,
            self.whom_to_call,
            self.provenance,
        )
        return join(*parts).__html__()


def tell_unit(
    observations: Observations, deviants: Deviants, practices: Practices | None = None, *, unit: str
) -> UnitPage:
    """Put what is known of one unit into the parts of its own page.

    Parameters
    ----------
    observations : Observations
    deviants : Deviants
    practices : Practices, optional
    unit : str
        Id or label.

    Returns
    -------
    UnitPage

    Raises
    ------
    KeyError
        If there is no such unit.
    """
    expected = deviants.expected
    return UnitPage(observations, deviants, practices, own=str(expected.table["unit"].iloc[expected.position(unit)]))
