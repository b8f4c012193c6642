"""One unit's own page: where it stands among its peers, how it has gone, what it does, and what it could look at.

For the unit's own people: its own mark among unlabelled dots, no rank, and no other name than those of bright spots.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
import pandas as pd
from markupsafe import Markup

from pdlib.deviants import Deviants
from pdlib.insight.exhibits import BETTER, MOST_PRACTICES, against_expected, counted_here, counted_in, try_card
from pdlib.insight.facts import FIRST_REPORT, Facts
from pdlib.insight.names import Vouched
from pdlib.insight.page import Insight
from pdlib.insight.words import NOBODY, QUESTION, bold
from pdlib.observations import Observations
from pdlib.practices import Practices
from pdlib.show import Html, element, figure, figures, findings, kicker, standfirst, table
from pdlib.show.formats import count, share
from pdlib.show.html import join
from pdlib.show.wording import capitalised, counted, listed, plural

MOST_CARDS = 3
MOST_CALLS = 2
FEWEST_PERIODS = 3


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
        """The small line above, the headline with its two numbers, and what can be said of their difference."""
        study, row, show = self.observations.study, self.row, self.show
        parts = [study.name, f"for the people of {self.name(self.own)}", self.span]
        above = kicker(" · ".join(part for part in parts if part))
        if not self.shown:
            title = f"{self.name(self.own)}: fewer than {self.fewest} {self.outcome.exposure_label}, too few to show"
            rule = f"No number is shown that fewer than {self.fewest} {self.outcome.exposure_label} stand behind."
            return join(above, element("h1", title), standfirst(rule))
        title = (
            f"{self.name(self.own)}: {self.outcome.label} at {self._about(show.full.value(row['observed']))}, "
            f"where {show.value(row['expected'])} is usual with its means"
        )
        return join(above, element("h1", title), standfirst(self._standfirst))

    def _about(self, level: str) -> str:
        return f"about {level}" if self.row["n_hidden"] else level

    @property
    def _standfirst(self) -> str:
        lower, upper = self.row["shrunken_excess_lower"], self.row["shrunken_excess_upper"]
        if not np.isfinite([lower, upper]).all():
            return f"There is too little on record to say how much of that would last: {self._amount}."
        if self.certainty.rung == "cannot tell":
            return "Whether that difference lasts cannot be told from these data."
        if self.certainty.rung == "nothing lasts":
            return "That difference is no larger than luck alone makes."
        if lower <= 0 <= upper:
            return "Whether that is more than luck cannot be told."
        bright = f" We are one of {counted(len(self.bright), 'bright spot')}." if self.own in self.bright.index else ""
        return f"That is {'better' if lower > 0 else 'worse'} than luck alone would make it.{bright}"

    @property
    def _tells_lasting(self) -> bool:
        return self.deviants.expected.tells_lasting

    @property
    def _amount(self) -> str:
        return f"{count(self.row['exposure'])} {self.outcome.exposure_label}"

    @property
    def findings(self) -> Html:
        """Up to four findings, each with a range or an exact count; nothing if too few people stand behind them."""
        if not self.shown:
            return join()
        items = [*self._lasting(), *self._months(), *self._done(), self._others()]
        return join(element("h2", "In short"), findings(items))

    def _lasting(self) -> list[Markup]:
        """What is left of the difference once the usual ups and downs are taken out."""
        row, show = self.row, self.show
        if not self._tells_lasting or not np.isfinite(row["shrunken_excess"]):
            return []
        between = show.more_between(row["shrunken_excess_lower"], row["shrunken_excess_upper"])
        left = f"{capitalised(show.full.more(row['shrunken_excess']))} than expected, usual ups and downs taken out"
        return [bold(left, f": the range is {between}, from {self._amount}.")]

    def _months(self) -> list[Markup]:
        """How many periods lie within the usual ups and downs."""
        period, frame = self.observations.study.period, self._counted
        if period is None or len(frame) < FEWEST_PERIODS:
            return []
        above, below = frame["observed"] > frame["expected_upper"], frame["observed"] < frame["expected_lower"]
        better, worse = (above.sum(), below.sum())[:: self.outcome.sign]
        within = f"{len(frame) - better - worse} of {len(frame)} {period.plural} lie within the usual ups and downs"
        unseen = len(self._by_period) - len(frame)
        more = f" {self.hidden_words(unseen)}." if unseen else ""
        return [bold(within, f"; {better} {plural(better, 'is', 'are')} better than that, {worse} worse.{more}")]

    def _done(self) -> list[Markup]:
        """How many of the promising practices are done here, and the surest that is not."""
        rows = self.promising
        if self.practices is None or rows.empty:
            return []
        here = np.array([self._here(name) for name in rows["practice"]])
        done = f"We do {(here == 'yes').sum()} of {len(rows)} practices that go with better results"
        if len(rows) == 1:
            done = f"We {'do' if here[0] == 'yes' else 'do not do'} the one practice that goes with better results"
        lacking = rows[here == "no"].head(1)
        surest = [
            f" “{row['label']}” is the surest that we lack: it goes with {self.show.more(row['contrast'])} "
            f"({self.show.more_range(row['contrast_lower'], row['contrast_upper'])})."
            for _, row in lacking.iterrows()
        ]
        return [bold(done, "." + "".join(surest))]

    def _others(self) -> Markup:
        """How many stand out, and who of them is most like this unit."""
        of = f"{count(self.total)} {self.unit.plural}"
        if self.bright.empty:
            return bold(f"None of {of}", f" {NOBODY[self.certainty.rung]}.")
        stand = f"{count(len(self.bright))} of {of} {plural(len(self.bright), 'stands', 'stand')} out"
        near = listed(self._nearest)
        most = f" {near} {plural(len(self._nearest), 'is', 'are')} most like us." if near else ""
        return bold(stand, f" beyond means and luck.{most}")

    @property
    def what_changed(self) -> Html:
        """Whether the unit is new among the bright spots, or no longer one, and which practices are promising now."""
        heading, changed = element("h2", "What changed"), self.changed
        if changed is None:
            return join(heading, element("p", FIRST_REPORT))
        told = {
            f"We are new among the bright spots since the report of {changed.day}.": changed.new,
            f"We are a bright spot again, as in the report of {changed.day}.": changed.stayed,
            f"We were a bright spot in the report of {changed.day}; luck alone can end that.": changed.left,
        }
        same = f"Our place has not changed since the report of {changed.day}."
        lines = [words for words, units in told.items() if self.own in units] or [same]
        return join(heading, *(element("p", line) for line in (*lines, *self.practices_changed)))

    @property
    def where_we_stand(self) -> Html:
        """The unit's own mark among all others, which stay without a name, and its numbers."""
        return join(element("h2", "Where we stand"), self._funnel(), self._numbers()) if self.shown else join()

    def _funnel(self) -> Html:
        show, unit, outcome, name = self.show.full, self.unit, self.outcome, self.name(self.own)
        scaled, limits = against_expected(self)
        size = self.size_label
        here = show.excess(float(self.row["excess"]))
        return figure(
            lambda ax: figures.funnel(
                scaled, limits, labels={self.own: name}, exposure_label=size, centre_label="expected",
                value_format=show.difference_tick, ax=ax
            ),
            title=f"Where we lie among {counted(len(scaled), unit.singular, unit.plural)} with means counted",
            subtitle=f"{capitalised(show.measure)} by {unit.singular}: {BETTER}{counted_in(self)}{self.in_span}. "
            f"Lines: where 95 and 99.8 in 100 ordinary {unit.plural} would lie.",
            description=f"Funnel of {len(scaled)} {unit.plural}: {outcome.label}, {BETTER}, over the {size}. "
            f"{name} lies at {here}; no other is named.",
            tips={self.own: f"{name}: {here}"},
        )  # fmt: skip

    def _numbers(self) -> Html:
        row, show = self.row, self.show
        bounds = [row[column] for column in ("shrunken_excess", "shrunken_excess_lower", "shrunken_excess_upper")]
        numbers = {
            capitalised(self.outcome.exposure_label): count(row["exposure"]),
            "Observed": self.about(self.own, show.bare(row["observed"])),
            "Expected": show.bare(row["expected"]),
        }
        if self._tells_lasting:
            left = show.ranged(*bounds) if np.isfinite(bounds).all() else "not known"
            numbers[f"Better (+) or worse (−), {show.full.unit}, usual ups and downs taken out"] = left
        shown = pd.DataFrame({"what": list(numbers), "here": list(numbers.values())})
        columns = {"what": (capitalised(show.measure), None), "here": ("Here", None)}
        return table(shown, caption="Our numbers", columns=columns, row_header="what")

    @property
    def over_time(self) -> Html:
        """The unit's outcome per period beside what was expected; nothing if there are too few periods."""
        period, show, name = self.observations.study.period, self.show, self.name(self.own)
        frame = self._counted
        if period is None or len(frame) < FEWEST_PERIODS or not self.shown:
            return join()
        within = int(frame["observed"].between(frame["expected_lower"], frame["expected_upper"]).sum())
        every = self.observations.calendar.full(self.observations.periods)
        whole = self._by_period.set_index("period").reindex(every).rename_axis("period").reset_index()
        chart = figure(
            lambda ax: figures.trend(whole, name=name, value_format=show.tick, ax=ax),
            title=f"{within} of {len(frame)} {period.plural} lie within the usual ups and downs",
            subtitle=f"{capitalised(show.measure)} by {period.singular}; band: the usual ups and downs of one "
            f"{period.singular}, nine times in ten{self._gaps(period.plural, len(whole))}",
            description=f"Line of {self.outcome.label} at {name} over {len(frame)} {period.plural}, from "
            f"{show.value(frame['observed'].iloc[0])} to {show.value(frame['observed'].iloc[-1])}, with what was "
            f"expected; {within} lie within the usual ups and downs.",
            table=self._periods_table(period.singular),
        )
        return join(element("h2", "How it has gone"), chart)

    def _gaps(self, periods: str, every: int) -> str:
        """Why the line has gaps; nothing if it has none."""
        frame, fewest = self._by_period, f" or fewer than {self.fewest}" if self.fewest else ""
        few = f"{periods} with no{fewest} {self.outcome.exposure_label}"
        missing = [few] if every > len(frame) else []
        hidden = [f"{periods} whose count was hidden"] if len(frame) > len(self._counted) else []
        return f"; gaps: {listed([*missing, *hidden])}" if missing or hidden else ""

    @property
    def _counted(self) -> pd.DataFrame:
        """The same without the periods whose count was hidden for being small."""
        return self._by_period.dropna(subset="observed").reset_index(drop=True)

    @cached_property
    def _by_period(self) -> pd.DataFrame:
        """The unit's outcome and what was expected, over the periods with enough people behind them."""
        frame = self.deviants.why(self.own).trend()
        return frame[self.enough(frame["exposure"])].reset_index(drop=True)

    def _periods_table(self, period: str) -> Html:
        show, frame = self.show.full, self._by_period
        unit = f", {show.unit}" if self.outcome.kind == "rate" else ""
        usual = [
            f"{show.bare(lower)} to {show.bare(upper)}"
            for lower, upper in zip(frame["expected_lower"], frame["expected_upper"], strict=True)
        ]
        columns = {
            "period": (capitalised(period), None),
            "observed": (f"Observed{unit}", lambda level: show.bare(level) if np.isfinite(level) else "hidden"),
            "expected": (f"Expected{unit}", show.bare),
            "usual": ("Usual ups and downs", None),
        }
        shown = frame.assign(usual=usual)
        return table(shown, caption=f"Our numbers by {period}", columns=columns, row_header="period")

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
        lead = [element("h3", "What we could try")] if cards else []
        return join(heading, shown, element("p", note, class_="note"), *lead, *cards)

    def _here(self, practice: str) -> str:
        answers = self.observations.practices
        own = answers[(answers["unit"] == self.own) & (answers["practice"] == practice)]["value"]
        if self.practices is None or own.notna().sum() == 0:
            return "not known"
        return "yes" if self.practices.does(self.own, practice) else "no"

    @property
    def whom_to_call(self) -> Html:
        """The bright spots most alike, and what to ask them."""
        heading = element("h2", "Whom to call")
        if not self._nearest:
            nobody = "Nobody else is named, so there is nobody to call."
            return join(heading, element("p", nobody))
        words = f"{listed(self._nearest)}: the bright spots most like us in means and size. Ask: “{QUESTION}”"
        return join(heading, element("p", words))

    @cached_property
    def _nearest(self) -> list[str]:
        """Names of the bright spots most like this unit."""
        others = [unit for unit in self.bright.index if unit != self.own]
        if not others:
            return []
        near = np.argsort(self.deviants.distance([self.own], others)[0], kind="stable")
        return [self.name(others[i]) for i in near[:MOST_CALLS]]

    @property
    def method(self) -> Html:
        """How it was worked out, for the appendix."""
        expected = self.deviants.expected
        unit = self.unit.singular
        return join(
            element("p", f"{expected.finding} {expected.fit_verdict.reasons[-1]} {expected.hidden}".rstrip()),
            element(
                "p",
                f"Expected is what a fit that has not seen this {unit} foretells from its means. What would last is "
                "the difference pulled towards nothing by as much as chance may account for, with the range in which "
                "it lies nine times in ten.",
            ),
        )

    @property
    def provenance(self) -> Html:
        """What was built from what, in a line for the footer."""
        return Vouched(Insight(self.observations, self.deviants, self.practices).provenance, self.cleared)

    def _repr_html_(self) -> str:
        parts = (
            self.headline,
            self.findings,
            self.what_changed,
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
