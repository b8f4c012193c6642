"""A leaders' page, top to bottom."""

from __future__ import annotations

import numpy as np
import pandas as pd
from markupsafe import Markup

from pdlib.deviants import Deviants, LuckCheck
from pdlib.deviants.outcomes import balancing
from pdlib.errors import TooFewUnitsError
from pdlib.expected import LIKELY
from pdlib.insight import exhibits
from pdlib.insight.facts import FIRST_REPORT, Facts, check_region
from pdlib.insight.names import Vouched
from pdlib.insight.practices_told import practices_told
from pdlib.insight.voices_told import voices_told
from pdlib.insight.words import GLOSSARY, NOBODY, QUESTION, bold, chances, standing
from pdlib.observations import Observations
from pdlib.practices import RARE, Practices
from pdlib.show import Html, caveats, element, findings, glossary, kicker, standfirst
from pdlib.show.formats import count, share, span_name
from pdlib.show.html import join
from pdlib.show.wording import capitalised, counted, in_words, listed, plural
from pdlib.voices import Voices

MOST_VISITS = 5
MOST_CARDS = 3
MOST_NAMED = 5
NO_PROOF = "These go together; that is no proof. Some may follow success instead of going before it. Visit first."
NOTHING_FOUND = "None of these is clearly tied to better results. That is no proof that they do not matter."
_SCALES = {"proportion": "log-odds", "rate": "log", "mean": "plain"}


class Insight(Facts):
    """The parts of a leaders' page, each ready to be shown.

    Attributes
    ----------
    observations : Observations
    deviants : Deviants
    practices : Practices or None
        None if the study has none.
    voices : Voices or None
        None if the study has no comments.
    """

    @property
    def headline(self) -> Html:
        """The small line above, the headline with its number, and two sentences below it."""
        parts = [self.observations.study.name, self.region, f"{count(self.total)} {self.unit.plural}", self.span]
        above = kicker(" · ".join(part for part in parts if part))
        return join(above, element("h1", self.title), standfirst(self._standfirst))

    @property
    def title(self) -> str:
        """The headline: a sentence with a number."""
        found, where = len(self.bright), f" in {self.region}" if self.region else ""
        if not found:
            return f"None of {count(self.total)} {self.unit.plural}{where} {NOBODY[self.certainty.rung]}"
        who = capitalised(counted(found, self.unit.singular, self.unit.plural))
        verb, whose = ("has", "its") if found == 1 else ("have", "their")
        return f"{who}{where} {verb} {self.show.having} than {whose} means explain"

    @property
    def _standfirst(self) -> str:
        found, real = len(self.bright), round(self.expected_right)
        if not found:
            return self.why_nobody
        few = "Nearly all" if real >= found else f"About {in_words(real)} of the {in_words(found)}"
        first = f"{few} should be real."
        if found == 1:
            first = f"The chance that it is real is {chances(self.expected_right)}."
        if not len(self.promising):
            known = (
                "No practice on the list sets them apart so far" if self.practices else "What they do is not on record"
            )
            return f"{first} {known}: go and ask."
        which = capitalised(counted(len(self.promising), "cheap practice" if self._all_cheap else "practice"))
        return f"{first} {which} {plural(len(self.promising), 'goes', 'go')} with better results."

    @property
    def _all_cheap(self) -> bool:
        return self.cheap == len(self.promising)

    @property
    def twin_card(self) -> Html:
        """One bright spot beside its twin: whom to call and what to ask."""
        return exhibits.pair_card(self, self.lead) if self.lead else join()

    @property
    def findings(self) -> Html:
        """Up to five findings, each with a number and, where it is a difference, its range."""
        items = [self._who(), *self._what(), *self._league(), *self._programmes()]
        if len(items) < 3 or self.bright.empty:
            items.insert(1, self._middle())
        if len(items) < 3:
            out, usual = exhibits.outside(self)
            items.append(bold(out, f" of the chart below; {usual}."))
        return join(element("h2", "What we found"), findings(items[:5]))

    def _who(self) -> Markup:
        bright = self.bright
        if bright.empty:
            return self._nobody()
        best, worst = bright["shrunken_excess"].max(), bright["shrunken_excess"].min()
        how = self.show.full.more_between(worst, best)
        if len(bright) == 1:
            ends = bright["shrunken_excess_lower"].iloc[0], bright["shrunken_excess_upper"].iloc[0]
            how = f"{self.show.full.more(best)} ({self.show.more_range(*ends)})"
        who = f"{capitalised(in_words(len(bright)))} of {count(self.total)} {self.unit.plural}"
        verb = plural(len(bright), "is", "are") if self.outcome.kind == "mean" else plural(len(bright), "has", "have")
        return bold(who, f" {verb} {how}, given the same means.")

    def _nobody(self) -> Markup:
        none = f"None of {count(self.total)} {self.unit.plural} is named"
        if self.certainty.bars_names:
            return bold(none, ": on these data a name would be a guess.")
        likeliest, top = self.here["p_top"].max(), share(self.observations.study.top)
        if np.isnan(likeliest):
            return bold(none, ": nobody else shares their means, so there is nothing to compare them with.")
        rule = "we name from 50 in 100"
        if likeliest >= LIKELY:
            real = share(1 - self.deviants.settings["false_share"])
            rule = f"we name only where {real} of a list should be real, and others share its means"
        return bold(none, f". The likeliest has a chance of {chances(likeliest)} to be in the top {top}; {rule}.")

    def _what(self) -> list[Markup]:
        """The two surest practices; who does it is told of the first, so that leaders read three findings soon."""
        if self.practices is None:
            return []
        rows = self.promising[self.promising["prevalence_peers"].notna()].head(2)
        who = [f" {self._who_does(row)}." for _, row in rows.head(1).iterrows()] + [""]
        return [
            bold(
                f"{row['label']}",
                f" goes with {self.show.full.more(row['contrast'])} "
                f"({self.show.more_range(row['contrast_lower'], row['contrast_upper'])}).{does}",
            )
            for (_, row), does in zip(rows.iterrows(), who, strict=False)
        ]

    def _who_does(self, row: pd.Series) -> str:
        """How many bright spots do a practice, and what share of comparable units."""
        done, asked = self.doers(row["practice"])
        peers = f"{share(row['prevalence_peers'])} of comparable {self.unit.plural}"
        spots = f"{count(done)} of {count(asked)} bright {plural(asked, 'spot')}"
        return f"{spots} do it, {peers}" if asked >= self.fewest_spots else f"{peers} do it"

    def _middle(self) -> Markup:
        """Where most lie given the same means."""
        low, high = self.here["excess"].quantile([0.05, 0.95])
        show = self.show.full.more_between(low, high)
        lies = f": against what is expected, nine in ten {self.unit.plural} show {show}."
        return bold("Given the same means most are close together", lies)

    def _league(self) -> list[Markup]:
        """Where the first of the league table stands given its means; nothing if nobody stands apart then."""
        ranked, top = self.deviants.table["rank"].dropna(), self.here.nsmallest(1, "raw_rank").iloc[0]
        if ranked.nunique() < 2 or not np.isfinite(top["rank"]):
            return []
        ranks = f"{count(top['rank'])} (between {count(top['rank_lower'])} and {count(top['rank_upper'])})"
        of_all = f"{'all ' if self.region else ''}{count(len(self.deviants.table))}"
        first = "First of its region" if self.region else "First"
        return [
            bold(
                f"{first} in the league table, {standing(top['rank'], len(ranked))} given its means",
                f": it then stands at {ranks} of {of_all}.",
            )
        ]

    def _programmes(self) -> list[Markup]:
        if self.practices is None:
            return []
        rows, show, everywhere = self.practices.table, self.show.full, "all " if self.region else ""
        rows = rows[rows["programme"].astype(bool) & rows["grade"].eq("cannot tell") & rows["raw_contrast"].notna()]
        return [
            bold(
                f"{row['label']} shows no visible gain",
                f": {count(row['n_users'])} of {everywhere}{count(row['n_units'])} do it. The difference is "
                f"{show.more_between(row['raw_contrast_lower'], row['raw_contrast_upper'])}.",
            )
            for _, row in rows[:1].iterrows()
        ]

    @property
    def change(self) -> str:
        """What changed since the last report, in a sentence without a name."""
        changed = self.changed
        if changed is None:
            return FIRST_REPORT
        if not (changed.new or changed.stayed or changed.left):
            return f"Nobody is named, as in the report of {changed.day}."
        if not changed.new and not changed.left:
            same = len(changed.stayed)
            return f"The same {in_words(same)} {plural(same, 'is', 'are')} named as in the report of {changed.day}."
        parts = [(changed.new, "new"), (changed.stayed, "named again"), (changed.left, "no longer named")]
        words = [f"{in_words(len(units))} {plural(len(units), 'is', 'are')} {word}" for units, word in parts if units]
        return f"Since the report of {changed.day}: {listed(words)}."

    @property
    def what_changed(self) -> Html:
        """What changed since the last report: who is named now, and which practices are promising now."""
        heading, changed = element("h2", "What changed"), self.changed
        if changed is None:
            return join(heading, element("p", self.change))
        lines = [self.change]
        if 0 < len(changed.new) <= MOST_NAMED:
            lines[0] += f" New: {listed(self.name(unit) for unit in changed.new)}."
        lines += self.practices_changed
        if changed.left:
            lines.append(f"{capitalised(self.one)} can leave the list by luck alone; that is no finding against it.")
        if not changed.same_rules:
            lines.append("That report named by other rules, so the two lists are not strictly alike.")
        elif changed.same_data and (changed.new or changed.left):
            lines.append("The data are the same; what is declared about them, or how we work, has changed.")
        return join(heading, *(element("p", line) for line in lines))

    @property
    def who_stands_out(self) -> Html:
        """The funnel of all, then the bright spots with their ranges."""
        note = self.deviants.disagreement
        disagree = [element("p", note, class_="note")] if note else []
        return join(element("h2", "Who stands out"), exhibits.funnel(self), *disagree, exhibits.dots(self))

    @property
    def what_they_do(self) -> Html:
        """Practices that go with better results, among units of the same means."""
        practices = self.practices
        if practices is None:
            return join()
        rows = exhibits.told(self, practices)
        heading = element("h2", "What they do differently")
        if rows.empty:
            return join(heading, element("p", "No practice could be compared."))
        note = NO_PROOF if len(self.promising) else NOTHING_FOUND
        chart = exhibits.forest(self, practices, rows)
        return join(
            heading,
            chart,
            element("p", note, class_="note"),
            *practices_told(self, practices),
            self._too_rare(practices),
            self._claimed(practices),
        )

    def _too_rare(self, practices: Practices) -> Markup | None:
        rows = practices.table
        rows = rows[rows["note"] == RARE]
        if rows.empty:
            return None
        named = listed(
            f"“{label}” ({counted(users, self.unit.singular, self.unit.plural)})"
            for label, users in zip(rows["label"], rows["n_users"], strict=True)
        )
        return element("p", element("b", "Too rare to compare, worth a visit: "), f"{named}. These are exact counts.")

    def _claimed(self, practices: Practices) -> Markup | None:
        claims = practices.claims
        if claims.empty:
            return None
        worst = claims.assign(gap=claims["claimed_share"] - claims["observed_share"]).nlargest(1, "gap").iloc[0]
        return element(
            "p",
            element("b", "Said and done: "),
            f"“{worst['label']}”. By exact count, {count(worst['claimed_not_done'])} of {count(worst['n_units'])} "
            f"{self.unit.plural} say that they do it and were not seen to.",
        )

    @property
    def in_their_words(self) -> Html:
        """What people say more, cleared quotes and rising discontent; nothing if the study has no comments."""
        return voices_told(self.voices) if self.voices is not None else join()

    @property
    def whom_to_visit(self) -> Html:
        """Whom to call, what to ask, and cards to carry."""
        heading = element("h2", "Whom to visit and what to try")
        if self.bright.empty:
            return join(heading, element("p", "Nobody is named, so nobody needs a visit on account of this report."))
        places = [
            element("li", element("b", self.name(unit)), f": {self._visit(unit)}{self._cost(unit)}")
            for unit in self.bright.index[:MOST_VISITS]
        ]
        ask = element("p", "At each of them ask: ", element("b", f"“{QUESTION}”"))
        tried = [row for _, row in self.promising.head(MOST_CARDS).iterrows()]
        cards = [exhibits.try_card(self, self.practices, row) for row in tried] if self.practices else []
        lead = [element("h3", "What to try")] if cards else []
        return join(heading, ask, element("ul", *places, class_="visits"), *lead, *cards)

    def _visit(self, unit: str) -> str:
        done = [f"“{label}”" for label in self.does(unit)[:2]]
        unlisted = "it does nothing on our list of promising practices, so go and look."
        return f"see {listed(done)}." if done else unlisted if len(self.promising) else "go and look."

    def _cost(self, unit: str) -> str:
        return f" Ask about this too: {self.costs[unit]}" if unit in self.costs else ""

    @property
    def how_sure(self) -> Html:
        """The list's own test on later periods, and at most three limits."""
        return join(element("h2", "How sure we are"), *self._luck(), element("h3", "Limits"), caveats(self.limits))

    def _luck(self) -> list[Markup | Html]:
        expected = self.deviants.expected
        if len(expected.grid.seen) < 4 or expected.freshness.reason:
            return []
        try:
            luck, show = self.deviants.luck_check(), self.show.full
        except TooFewUnitsError as error:
            return [element("p", f"The list could not be tested on later periods. {error}")]
        league, ours = luck.table.iloc[0], luck.table.iloc[1]
        faded, kept = (show.excess_between(row["lead_later_lower"], row["lead_later_upper"]) for row in (league, ours))
        words = (
            f"We made a list from {span_name(*luck.span[:2])} and looked again in {span_name(*luck.span[2:])}. "
            f"{_best(league['n_units'])} of the raw league table led by {show.lead(league['lead_earlier'])}; "
            f"later {self.show.lead(league['lead_later'])} ({faded}) was left beyond what the same means explain. "
            f"{self._ours(luck, ours['n_units'])} said to lead by {self.show.lead(ours['lead_earlier'])} beyond the "
            f"same means; later it was {self.show.lead(ours['lead_later'])} ({kept})."
        )
        if not expected.tells_lasting and ours["lead_later"] > 0:
            words += " That is no proof that it lasts."
        # The chart's title says that a fair list holds, so it is shown only where there is one and it does.
        holds = self._has_list(luck) and ours["survived_share"] >= 0.5
        chart = [exhibits.luck_chart(self, luck, words)] if holds else []
        return [element("p", words), *chart]

    def _has_list(self, luck: LuckCheck) -> bool:
        """Whether there is a list of ours, now and on the earlier half: else others stand in for it."""
        return luck.named and not self.deviants.confident.empty

    def _ours(self, luck: LuckCheck, size: float) -> str:
        """Our list of the earlier half; where we name nobody, those who would have been the first to be named."""
        if self._has_list(luck):
            return f"Our {count(size)} were" if size > 1 else "The one on ours was"
        few = f"The {count(size)} likeliest by our reckoning, which names nobody, were"
        return few if size > 1 else "The likeliest by our reckoning, which names nobody, was"

    @property
    def limits(self) -> list[str]:
        """At most three limits, the weightiest first."""
        verdict = self.deviants.expected.fit_verdict
        told = verdict.level == "go" or verdict.reasons[0] == self.certainty.sentence
        notes = [*([] if told else [verdict.reasons[0]]), *self.withheld]
        notes += self.deviants.guards().warnings[:1]
        notes += self._few()
        notes += self._costly()
        notes.append(f"A condition that we do not know, and that few {self.unit.plural} share, looks like merit.")
        if self.practices is not None:
            notes.append("Which came first, the practice or the success, is not known for every practice.")
        return [*notes, *self.observations.caveats][:3]

    def _few(self) -> list[str]:
        """That units with too few people behind their number are not shown."""
        few = int((~self.enough(self.deviants.table["exposure"])).sum())
        who = f"{capitalised(counted(few, self.unit.singular, self.unit.plural))} with fewer than {self.fewest}"
        return [f"{who} {self.outcome.exposure_label} {plural(few, 'is', 'are')} not shown."] if few else []

    def _costly(self) -> list[str]:
        """That some bright spots do worse elsewhere, in one sentence."""
        if not self.costs:
            return []
        who = capitalised(counted(len(self.costs), "bright spot"))
        elsewhere = listed([item.label for item in balancing(self.deviants)], "or")
        return [f"{who} {plural(len(self.costs), 'does', 'do')} worse than expected on {elsewhere}."]

    @property
    def method(self) -> Html:
        """How it was worked out, the words, and all practices: for the appendix."""
        expected, practices = self.deviants.expected, self.practices
        paragraphs = [f"{expected.finding} {expected.fit_verdict.reasons[-1]}", self._fitted(), self._named()]
        paragraphs += [expected.hidden] if expected.hidden else []
        if practices is not None:
            paragraphs.append(
                f"{practices.family_size} practices were tested together against the unshrunken value of every "
                f"{self.unit.singular}, means removed from both sides; the whole family shares one error control "
                "(Romano–Wolf at 10 %, then Benjamini–Hochberg). Contrasts are shrunken for the winner’s curse. "
                f"{practices.placebo}"
            )
        return join(
            *(element("p", paragraph) for paragraph in paragraphs),
            element("h3", "What the words mean"),
            glossary({word: meaning.format(**self._fill) for word, meaning in GLOSSARY.items()}),
            self._all_practices(),
        )

    def _fitted(self) -> str:
        expected, fit = self.deviants.expected, self.deviants.expected.fit
        parts = (
            f"Lasting variance {fit.unit_variance:.3g}, passing variance {fit.collapsed.transient_variance:.3g}, "
            f"reliability {expected.reliability:.2f}."
        )
        if not expected.tells_lasting:
            parts = f"Variance between {self.unit.plural} {fit.unit_variance:.3g}; how much of it lasts cannot be told."
        return (
            f"Each {self.unit.singular} is compared with the prediction of a fit that has not seen it: straight "
            "lines, smooth bends and pairwise products of its means, as random effects fitted by restricted maximum "
            f"likelihood on the {_SCALES[fit.kind]} scale. {parts}"
        )

    def _named(self) -> str:
        return (
            f"{capitalised(self.one)} is named if the expected share of false names on the list stays within "
            f"{self.deviants.settings['false_share']:.0%}, its own chance to be in the top "
            f"{self.observations.study.top:.0%} is at least one half, and others share its means."
        )

    def _all_practices(self) -> Html | None:
        if self.practices is None:
            return None
        rows = exhibits.counted_here(self, self.practices.table)
        return exhibits.practice_table(self, rows, f"All {count(len(rows))} practices, by grade")

    @property
    def _fill(self) -> dict[str, str]:
        """What stands in the glossary for this study."""
        conditions = ", ".join(item.label.lower() for item in self.deviants.expected.grid.conditions)
        return {
            "unit": self.unit.singular, "a_unit": self.one, "A_unit": capitalised(self.one),
            "units": self.unit.plural, "conditions": conditions or "nothing declared",
            "top": share(self.observations.study.top).replace("\u00a0", " "),
        }  # fmt: skip

    @property
    def provenance(self) -> Html:
        """What was built from what, in a line for the footer; it also vouches for whom the page names."""
        settings = self.deviants.settings
        simulated = " These are simulated data." if self.observations.study.simulated else ""
        line = (
            f"Data {settings['data_hash'][:12]}, {count(settings['rows_used'])} rows used, "
            f"{count(settings['rows_set_aside'])} set aside{self.in_span}. pdlib {settings['pdlib']}, outcome "
            f"“{settings['outcome']}”, form {settings['form']}, top {settings['top']:.0%}, false names within "
            f"{settings['false_share']:.0%}. Associations: worth a visit and a pilot, not proof.{simulated}"
        )
        return Vouched(join(element("p", line)), self.cleared)

    def _repr_html_(self) -> str:
        parts = (
            self.headline, self.twin_card, self.findings, self.who_stands_out, self.what_they_do, self.in_their_words,
            self.whom_to_visit, self.how_sure, self.provenance,
        )  # fmt: skip
        return join(*parts).__html__()


def _best(size: float) -> str:
    return f"The best {count(size)}" if size > 1 else "The best"


def tell(
    observations: Observations,
    deviants: Deviants,
    practices: Practices | None = None,
    voices: Voices | None = None,
    *,
    region: str = "",
) -> Insight:
    """Put findings into the parts of a leaders' page.

    Bright spots are named unless the study says otherwise; a twin only if it is cleared; nobody else.

    Parameters
    ----------
    observations : Observations
    deviants : Deviants
    practices : Practices, optional
    voices : Voices, optional
    region : str
        Tell this region's leaders of its units; all units were compared. By default the page is for the whole.

    Returns
    -------
    Insight

    Raises
    ------
    StudyError
        If the study has no such region.
    """
    if region:
        check_region(observations, region)
    return Insight(observations, deviants, practices, voices, region or None)
