"""Tell: what a leader reads, in plain words, with every name that may be said and no other."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import pandas as pd
from markupsafe import Markup

from pdlib.deviants import Deviants, Twin
from pdlib.observations import Observations
from pdlib.practices import LEVEL, Practices
from pdlib.show import (
    Html,
    Side,
    caveats,
    element,
    figure,
    figures,
    findings,
    kicker,
    standfirst,
    table,
    text,
    twin_card,
)
from pdlib.show.formats import count, number, share
from pdlib.show.html import join
from pdlib.show.wording import capitalised, counted, in_words, listed, plural
from pdlib.study import Context

QUESTION = "What do you do here that is not on our list?"
MOST_LABELS = 9
MOST_TWINS = 12
NEAR = 0.95
RARE = 0.35
LITTLE = 2
GLOSSARY = {
    "Bright spot": "A {unit} that very likely does better than its means explain, again and again.",
    "Means": "What a {unit} cannot choose: {conditions}.",
    "Expected": "What {units} with the same means usually reach. No {unit} takes part in its own expectation.",
    "Twin": "The ordinary {unit} most alike in its means and size.",
    "Real": "Truly among the best {top} of {units}, and not just lucky.",
    "Promising": "Goes with better results among {units} of the same means. Not yet checked: which came first.",
    "Range": "Where the true number most likely lies: nine times in ten for {units}, nineteen in twenty for practices.",
}


@dataclass(frozen=True, eq=False)
class Insight:
    """The parts of a leaders' page, each ready to be shown.

    Attributes
    ----------
    observations : Observations
    deviants : Deviants
    practices : Practices or None
        None if the study has none.
    """

    observations: Observations
    deviants: Deviants
    practices: Practices | None

    # -- who may be named -------------------------------------------------------------------------------------

    def name(self, unit: str) -> str:
        """What a unit is called on the page: its label if it may be named, else a stable pseudonym or a description."""
        names, word = self.observations.study.names, self._unit.singular
        label = str(self.observations.units.loc[unit, "label"])
        if unit in names.may_be_named or label in names.may_be_named:
            return label
        if unit not in self._bright.index:
            return f"A {word} like it"
        return label if names.publish else pseudonym(unit, word)

    @cached_property
    def _bright(self) -> pd.DataFrame:
        return self.deviants.confident.set_index("unit", drop=False)

    @property
    def _unit(self) -> Any:
        return self.observations.study.unit

    @property
    def _show(self) -> Any:
        return self.deviants.expected.outcome.format

    @property
    def _label(self) -> str:
        return self.deviants.expected.outcome.label

    @property
    def _span(self) -> str:
        periods = self.observations.periods
        return f"{periods[0]} to {periods[-1]}" if len(periods) > 1 else periods[0]

    # -- the page, top to bottom ------------------------------------------------------------------------------

    @property
    def headline(self) -> Html:
        """The small line above, the headline with its number, and two sentences below it."""
        study, total = self.observations.study, len(self.deviants.table)
        above = kicker(f"{study.name} · {count(total)} {self._unit.plural} · {self._span}")
        return join(above, element("h1", self.title), standfirst(self._standing))

    @property
    def title(self) -> str:
        """The headline: a sentence with a number."""
        found = len(self._bright)
        if not found:
            return f"None of {count(len(self.deviants.table))} {self._unit.plural} stands out beyond means and luck"
        verb = "does" if found == 1 else "do"
        return capitalised(
            f"{counted(found, self._unit.singular, self._unit.plural)} {verb} better on {self._label} than "
            f"{'its' if found == 1 else 'their'} means explain"
        )

    @property
    def _standing(self) -> str:
        found, right = len(self._bright), self.deviants.expected_right
        if not found:
            return (
                f"What is left once the means of each {self._unit.singular} are counted could be luck. "
                "Naming nobody is the honest result; more months or more answers may change it."
            )
        real = round(right)
        luck = found - real
        first = f"We expect about {in_words(real)} of the {in_words(found)} to be real"
        first += f" and {in_words(luck)} to be luck. " if luck else ". "
        if self.practices is None or not len(self._promising):
            return first + "No practice on the list sets them apart so far: go and ask."
        cheap = int((self._promising["cost"] <= LITTLE).sum())
        tail = f"; {in_words(cheap)} of them {plural(cheap, 'costs', 'cost')} little" if cheap else ""
        return (
            f"{first}{capitalised(counted(len(self._promising), 'practice'))} on our list go with better results{tail}."
        )

    @cached_property
    def lead(self) -> Twin | None:
        """The bright spot to open with: of one group with its twin where groups are declared, near to it,
        with something that only the bright spot does, and clear."""
        groups = self.observations.units.get("twin_within")
        best, order = None, (False, False, False, -np.inf)
        for unit in self._bright.index[:MOST_TWINS]:
            pair = self.deviants.twin(unit)
            same = groups is not None and groups[unit] == groups[pair.peer]
            merits = (same, pair.closeness > NEAR, bool(self._does_differently(pair)), pair.lower)
            if merits > order:
                best, order = pair, merits
        return best

    @property
    def twin_card(self) -> Html:
        """One bright spot beside its twin: whom to call and what to ask."""
        pair = self.lead
        if pair is None:
            return join()
        show, rows = self._show, pair.table
        does = self._does_differently(pair)
        name = self.name(pair.unit)
        spells = (
            f"over {count(rows.loc[0, 'n_periods'])} {self._period_plural}" if self.observations.study.period else ""
        )
        reach = f"{show.more_range(pair.lower, pair.upper)}{', ' + spells if spells else ''}, luck allowed for"
        return twin_card(
            self._side("Bright spot", name, rows.loc[0]),
            self._side("Its nearest twin", self.name(pair.peer), rows.loc[1]),
            difference=f"{capitalised(self._label)}: {show.more(pair.difference)}",
            difference_range=reach,
            does=does,
            call=name,
            ask=QUESTION,
        )

    def _side(self, heading: str, name: str, row: pd.Series) -> Side:
        outcome = self.deviants.expected.outcome
        each = row["exposure"] / row["n_periods"]
        size = f"{count(each)} {outcome.exposure_label}"
        if self.observations.study.period:
            size += f" a {self.observations.study.period.singular}"
        items = sorted(self.deviants.expected.grid.conditions, key=lambda item: item.kind)
        conditions = [condition(item, row[item.name]) for item in items][:4]
        return Side(heading, name, self._show.value(row["observed"]), f"{self._label} · {size}", conditions)

    def _does_differently(self, pair: Twin) -> list[str]:
        """Up to two promising practices that the bright spot has and its twin has not, the cheap and rare first."""
        if self.practices is None:
            return []
        return [
            row["label"]
            for _, row in self._promising.iterrows()
            if self.practices.does(pair.unit, row["practice"]) and not self.practices.does(pair.peer, row["practice"])
        ][:2]

    @cached_property
    def _promising(self) -> pd.DataFrame:
        """Promising practices, the surest first, of these the cheap, of these the rare."""
        if self.practices is None:
            return pd.DataFrame(columns=["practice", "label", "cost", "evidence"])
        frame = self.practices.promising
        frame = frame[frame["evidence"] == "observed"]
        keys = pd.DataFrame(
            {
                "unsure": frame["p_romano_wolf"] > LEVEL, "dear": ~(frame["cost"] <= LITTLE),
                "common": ~(frame["prevalence_peers"] <= RARE), "size": -frame["contrast"],
            }
        )  # fmt: skip
        return frame.loc[keys.sort_values(list(keys)).index]

    @property
    def _period_plural(self) -> str:
        period = self.observations.study.period
        return period.plural if period else "periods"

    @property
    def findings(self) -> Html:
        """Three to five findings, each with a number and a range."""
        items = [self._who(), *self._what(), self._league(), *self._programmes()]
        return join(element("h2", "What we found"), findings([item for item in items if item][:5]))

    def _who(self) -> Markup:
        total, bright = len(self.deviants.table), self._bright
        if bright.empty:
            left = self.deviants.expected.reliability
            sizes = f"{share(left)} of the differences left would last; {share(1 - left)} is luck"
            return bold("Nobody is named.", f" At a typical {self._unit.singular} about {sizes}.")
        low, high = bright["shrunken_excess"].min(), bright["shrunken_excess"].max()
        how = self._show.more_between(low, high)
        right = f"About {in_words(round(self.deviants.expected_right))} should be real."
        lead = f"{capitalised(in_words(len(bright)))} of {count(total)} {self._unit.plural}"
        verb = plural(len(bright), "does", "do")
        return bold(lead, f" {verb} better than others with the same means: {how}. {right}")

    def _what(self) -> list[Markup]:
        return [
            bold(
                f"{row['label']}",
                f": {share(row['prevalence_deviants'])} of bright spots, {share(row['prevalence_peers'])} of comparable "
                f"{self._unit.plural}. It goes with {self._show.more(row['contrast'])} "
                f"({self._show.more_range(row['contrast_lower'], row['contrast_upper'])}).",
            )
            for _, row in self._promising[:2].iterrows()
            if np.isfinite(row["prevalence_deviants"])
        ]

    def _league(self) -> Markup:
        top = self.deviants.table.nsmallest(1, "raw_rank").iloc[0]
        if not np.isfinite(top["rank"]):
            return Markup("")
        ranks = f"{count(top['rank'])} (between {count(top['rank_lower'])} and {count(top['rank_upper'])})"
        return bold(
            f"First in the league table, {ordinary_or_not(top['rank'], len(self.deviants.table))} given its means",
            f": the {self._unit.singular} with the best raw figure stands at {ranks} of {count(len(self.deviants.table))} "
            "once its means are counted.",
        )

    def _programmes(self) -> list[Markup]:
        if self.practices is None:
            return []
        rows = self.practices.table
        rows = rows[rows["programme"].astype(bool) & rows["grade"].eq("cannot tell") & rows["raw_contrast"].notna()]
        return [
            bold(
                f"{row['label']} shows no visible gain",
                f": {share(row['n_users'] / row['n_units'])} do it. The gain lies between "
                f"{self._show.excess(row['raw_contrast_lower'])} and {self._show.excess(row['raw_contrast_upper'])}.",
            )
            for _, row in rows[:1].iterrows()
        ]

    @property
    def what_changed(self) -> Html:
        """What changed since the last report."""
        return join(
            element("h2", "What changed"),
            element("p", "No earlier report is on record, so there is nothing to compare with yet."),
        )

    @property
    def who_stands_out(self) -> Html:
        """The funnel of all, then the bright spots with their ranges."""
        return join(element("h2", "Who stands out"), self._funnel(), self._dots())

    def _funnel(self) -> Html:
        bright, show, outcome = self._bright, self._show, self.deviants.expected.outcome
        adjusted, limits = self.deviants.adjusted(), self.deviants.funnel_limits()
        each = adjusted["n_periods"].median()
        per = self._per_period
        scaled = adjusted.assign(exposure=adjusted["exposure"] / each)
        limits = limits.assign(exposure=limits["exposure"] / each)
        labels = {unit: self.name(unit) for unit in bright.index[:MOST_LABELS]}
        tips = {unit: f"{self.name(unit)}: {self._better(row)}" for unit, row in bright.iterrows()}
        found = len(bright)
        title = "Everyone lies where size and luck would put them"
        if found:
            title = f"{capitalised(counted(found, self._unit.singular, self._unit.plural))} {plural(found, 'stands', 'stand')} out"
        description = (
            f"Funnel of {len(adjusted)} {self._unit.plural}: {self._label} given the same means, over the {outcome.exposure_label}"
            f"{per}. Most lie between {show.value(limits['lower95'].iloc[-1])} and {show.value(limits['upper95'].iloc[-1])} at the "
            f"large end. {found} marked as bright spots."
        )
        return figure(
            lambda ax: figures.funnel(
                scaled, limits, labels=labels, highlighted=bright.index, exposure_label=f"{outcome.exposure_label}{per}", value_format=show.tick, ax=ax
            ),
            title=title,
            subtitle=f"{capitalised(self._label)} by {self._unit.singular}, same means, {self._span}. Lines: where 95 and 99.8 in "
            f"100 ordinary {self._unit.plural} would lie.",
            description=description,
            tips=tips,
            table=self._bright_table() if found else None,
        )  # fmt: skip

    @property
    def _per_period(self) -> str:
        period = self.observations.study.period
        return f" a {period.singular}" if period else ""

    def _dots(self) -> Html | None:
        if self._bright.empty:
            return None
        show = self._show
        rows = self._bright.assign(label=[self.name(unit) for unit in self._bright.index])
        best, worst = rows["shrunken_excess"].max(), rows["shrunken_excess"].min()
        tips = {unit: f"{self.name(unit)}: {self._better(row)}" for unit, row in self._bright.iterrows()}
        return figure(
            lambda ax: figures.dots(
                rows, value="shrunken_excess", lower="shrunken_excess_lower", upper="shrunken_excess_upper",
                value_format=show.difference, value_label=f"{show.unit} better than expected", ax=ax,
            ),
            title=f"Each bright spot is better by {show.excess(worst).lstrip('+')} or more",
            subtitle=f"{capitalised(self._label)}, better than expected from its means; lines: range, nine times in ten",
            description=f"Dot plot of {len(rows)} bright spots: better than expected by {show.excess_between(worst, best)} "
            f"{show.unit}, each with its range.",
            tips=tips,
        )  # fmt: skip

    def _better(self, row: pd.Series) -> str:
        show = self._show
        reach = show.excess_between(row["shrunken_excess_lower"], row["shrunken_excess_upper"])
        return f"{show.value(row['observed'])}, expected {show.value(row['expected'])}; better by {show.size(row['shrunken_excess'])} ({reach})"

    def _bright_table(self) -> Html:
        show, outcome = self._show, self.deviants.expected.outcome
        rows = self._bright.assign(name=[self.name(unit) for unit in self._bright.index])
        rows["better"] = [
            f"{number(show.scale * row['shrunken_excess'], 1)} ({show.excess_between(row['shrunken_excess_lower'], row['shrunken_excess_upper'])})"
            for _, row in rows.iterrows()
        ]
        columns = {
            "name": (capitalised(self._unit.singular), None),
            "exposure": (capitalised(outcome.exposure_label), count),
            "expected": ("Expected", show.value),
            "observed": ("Observed", show.value),
            "better": (f"Better by, {show.unit}", None),
            "p_top": ("Real?", chances),
        }
        return table(rows, caption="Bright spots and how likely each is to be real", columns=columns, row_header="name")

    @property
    def what_they_do(self) -> Html:
        """Practices that go with better results, among units of the same means."""
        if self.practices is None:
            return join()
        show = self._show
        rows = self._told()
        heading = element("h2", "What they do differently")
        if rows.empty:
            return join(heading, element("p", "No practice could be compared."))
        promising = int(rows["grade"].eq("promising").sum())
        title = f"{capitalised(counted(promising, 'practice'))} {plural(promising, 'goes', 'go')} with better results"
        first = rows.iloc[0]
        chart = figure(
            lambda ax: figures.forest(
                rows, difference_format=show.difference_tick, value_label=f"{show.unit}, same means", ax=ax
            ),
            title=title,
            subtitle=f"Difference tied to each practice with its range; {self.practices.family_size} tested together. "
            f"Filled: bright spots, open: comparable {self._unit.plural}",
            description=f"{len(rows)} practices; {first['label']} goes with {show.more(first['contrast'])} "
            f"({show.more_between(first['contrast_lower'], first['contrast_upper'])}). Grades are beside each.",
            table=self._practice_table(rows),
        )
        note = "These are associations, worth a visit and a pilot. Some may follow success instead of going before it."
        return join(heading, chart, element("p", note, class_="note"), self._too_rare(), self._claimed())

    def _told(self, most: int = 8) -> pd.DataFrame:
        """What the forest shows: promising practices first, then paid programmes, then the strongest of the rest."""
        rows = self.practices.table if self.practices is not None else pd.DataFrame()
        rows = rows[rows["contrast"].notna() & rows["evidence"].eq("observed")]
        first = self._promising["practice"]
        keys = pd.DataFrame({"grade": ~rows["practice"].isin(first), "programme": ~rows["programme"].astype(bool)})
        keys["size"] = -rows["contrast"]
        return rows.loc[keys.sort_values(["grade", "programme", "size"]).index[:most]]

    def _practice_table(self, rows: pd.DataFrame) -> Html:
        show = self._show
        shown = rows.assign(
            difference=[
                f"{number(show.scale * row['contrast'], 1)} ({show.excess_between(row['contrast_lower'], row['contrast_upper'])})"
                if np.isfinite(row["contrast"]) else "not compared"
                for _, row in rows.iterrows()
            ]
        )  # fmt: skip
        columns = {
            "label": ("Practice", None),
            "grade": ("Grade", None),
            "prevalence_deviants": ("Bright spots", share),
            "prevalence_peers": (f"Comparable {self._unit.plural}", share),
            "difference": (f"Difference, {show.unit}", None),
            "n_units": (f"{capitalised(self._unit.plural)} that answered", count),
        }
        return table(
            shown, caption="Practices, who does them and what goes with them", columns=columns, row_header="label"
        )

    def _too_rare(self) -> Markup | None:
        rows = self.practices.table if self.practices is not None else pd.DataFrame({"grade": []})
        rows = rows[rows["grade"] == "worth a visit"]
        if rows.empty:
            return None
        named = listed(
            [
                f"“{row['label']}” ({counted(row['n_users'], self._unit.singular, self._unit.plural)})"
                for _, row in rows.iterrows()
            ]
        )
        return element("p", element("b", "Too rare to compare, worth a visit. "), f"{named}; exact counts.")

    def _claimed(self) -> Markup | None:
        claims = self.practices.claims if self.practices is not None else pd.DataFrame()
        if claims.empty:
            return None
        worst = claims.assign(gap=claims["claimed_share"] - claims["observed_share"]).nlargest(1, "gap").iloc[0]
        return element(
            "p",
            element("b", "Said and done. "),
            f"“{worst['label']}”: {share(worst['claimed_share'])} say they do it, {share(worst['observed_share'])} were seen "
            f"to do it (exact count: {worst['claimed_not_done']} of {count(worst['n_units'])} {self._unit.plural} say so only).",
        )

    @property
    def whom_to_visit(self) -> Html:
        """Whom to call, what to ask, and cards to carry."""
        heading = element("h2", "Whom to visit and what to try")
        if self._bright.empty:
            return join(heading, element("p", "Nobody is named, so nobody needs a visit on account of this report."))
        doers = [
            element("li", element("b", self.name(unit)), f": {self._visit(unit)}") for unit in self._bright.index[:5]
        ]
        cards = (
            [] if self.practices is None else [self.practices.card(name) for name in self._promising["practice"][:3]]
        )
        return join(heading, element("ul", *doers), *cards)

    def _visit(self, unit: str) -> str:
        if self.practices is None:
            return f"ask “{QUESTION}”"
        done = [name for name in self._promising["practice"] if self.practices.does(unit, name)][:2]
        if not done:
            return f"none of our promising practices is done there. Ask “{QUESTION}”"
        labels = self.practices.table.set_index("practice")["label"]
        return f"see {' and '.join(f'“{labels[name]}”' for name in done)}. Ask “{QUESTION}”"

    @property
    def how_sure(self) -> Html:
        """The list's own test on later periods, and at most three limits."""
        heading = element("h2", "How sure we are")
        check = self._luck()
        return join(heading, *check, element("h3", "Limits"), caveats(self.limits))

    def _luck(self) -> list[Html | Markup]:
        if len(self.observations.periods) < 4:
            return []
        luck, show = self.deviants.luck_check(), self._show
        league, ours = luck.table.iloc[0], luck.table.iloc[1]
        kept = show.excess_between(ours["lead_later_lower"], ours["lead_later_upper"])
        words = (
            f"We made the list from {luck.span[0]} to {luck.span[1]} and looked again from {luck.span[2]} to {luck.span[3]}. "
            f"The raw league table’s best led by {show.size(league['lead_earlier'])}; later only "
            f"{show.size(league['lead_later'])} was more than their means explain. Our list promised {show.size(ours['lead_earlier'])}; "
            f"later it was {show.size(ours['lead_later'])} ({kept})."
        )
        chart = figure(
            lambda ax: figures.luck(luck.units, value_format=show.excess, ax=ax),
            title="A league table’s lead fades; a fair list holds",
            subtitle=f"Lead over what is usual, {luck.span[0]} to {luck.span[1]} against {luck.span[2]} to {luck.span[3]}",
            description=words,
        )
        title = chart if ours["survived_share"] >= 0.5 else None
        return [element("p", words), *([title] if title is not None else [])]

    @property
    def limits(self) -> list[str]:
        """At most three limits, the weightiest first."""
        verdict = self.deviants.expected.fit_verdict
        unknown = f"A condition that we do not know, and that few {self._unit.plural} share, looks like merit."
        notes = [] if verdict.level == "go" else [verdict.reasons[0]]
        notes.append(unknown)
        if self.practices is not None:
            notes.append("Which came first, the practice or the success, is not checked yet.")
        notes += self.observations.caveats
        return notes[:3]

    @property
    def method(self) -> Html:
        """How it was worked out, the words, and all practices: for the appendix."""
        expected, practices = self.deviants.expected, self.practices
        fit, words = expected.fit, self._words()
        paragraphs = [
            f"{expected.finding} {expected.fit_verdict.reasons[-1]}",
            f"Each {self._unit.singular} is compared with the prediction of a fit that has not seen it: straight lines, smooth bends "
            f"and pairwise products of its means, as random effects fitted by restricted maximum likelihood on the "
            f"{ {'proportion': 'log-odds', 'rate': 'log', 'mean': 'plain'}[fit.kind] } scale. Lasting variance {fit.reml.tau2:.3g}, "
            f"passing variance {fit.collapsed.transient_variance:.3g}, reliability {expected.reliability:.2f}.",
            f"A {self._unit.singular} is named if the expected share of false names on the list stays within "
            f"{self.deviants.settings['false_share']:.0%}, its own chance to be in the top {self.observations.study.top:.0%} is at "
            "least one half, and others share its means.",
        ]
        if practices is not None:
            paragraphs.append(
                f"{practices.family_size} practices were tested together against the unshrunken value of every "
                f"{self._unit.singular}, means removed from both sides; the whole family shares one error control (Romano–Wolf at "
                "10 %, then Benjamini–Hochberg). Contrasts are shrunken for the winner’s curse."
            )
        pieces = [element("p", paragraph) for paragraph in paragraphs]
        pieces += [element("h3", "Words"), element("dl", *words)]
        if practices is not None:
            pieces.append(self._practice_table(practices.table))
        return join(*pieces)

    def _words(self) -> list[Markup]:
        conditions = (
            ", ".join(item.label.lower() for item in self.deviants.expected.grid.conditions) or "nothing declared"
        )
        fill = {
            "unit": self._unit.singular, "units": self._unit.plural, "conditions": conditions,
            "top": share(self.observations.study.top).replace("\u00a0", " "),
        }  # fmt: skip
        return [
            part
            for word, meaning in GLOSSARY.items()
            for part in (element("dt", word), element("dd", meaning.format(**fill)))
        ]

    @property
    def provenance(self) -> Html:
        """What was built from what, in a line for the footer."""
        settings = self.deviants.settings
        simulated = " These are simulated data." if self.observations.study.simulated else ""
        line = (
            f"Data {settings['data_hash'][:12]}, {count(settings['rows_used'])} rows used, {count(settings['rows_set_aside'])} set "
            f"aside, {self._span}. pdlib {settings['pdlib']}, outcome “{settings['outcome']}”, form {settings['form']}, top "
            f"{settings['top']:.0%}, false names within {settings['false_share']:.0%}. Associations: worth a visit and a pilot, "
            f"not proof.{simulated}"
        )
        return join(element("p", line))

    def _repr_html_(self) -> str:
        parts = (
            self.headline,
            self.twin_card,
            self.findings,
            self.who_stands_out,
            self.what_they_do,
            self.whom_to_visit,
        )
        return join(*parts, self.how_sure, self.provenance).__html__()


def tell(observations: Observations, deviants: Deviants, practices: Practices | None = None) -> Insight:
    """Put findings into the parts of a leaders' page.

    Bright spots are named unless the study says otherwise; a twin only if it is cleared; nobody else.

    Parameters
    ----------
    observations : Observations
    deviants : Deviants
    practices : Practices, optional

    Returns
    -------
    Insight
    """
    return Insight(observations, deviants, practices)


def pseudonym(unit: str, word: str) -> str:
    """A name that stays the same from report to report and says nothing: "Shop K73"."""
    digest = hashlib.sha256(unit.encode()).digest()
    return f"{capitalised(word)} {chr(65 + digest[0] % 26)}{int.from_bytes(digest[1:3]) % 900 + 100}"


def bold(lead: str, rest: str) -> Markup:
    """A finding: its lead in bold, then the rest."""
    return element("b", lead) + text(rest, limit=None)


def chances(p: float) -> str:
    """A probability as chances in 100, never certain."""
    return f"{min(99, max(1, round(100 * p)))} in 100"


def condition(item: Context, value: Any) -> str:
    """A condition as it stands on a twin card: "footfall 276 people an hour", "retail park"."""
    if item.kind == "category":
        return str(value)
    if item.unit.startswith("share"):
        return f"{item.label[:1].lower() + item.label[1:]} {share(value)}"
    shown = number(value, 0 if abs(value) >= 10 else 1 if abs(value) >= 1 else 2)
    return f"{item.label[:1].lower() + item.label[1:]} {shown}{' ' + item.unit if item.unit else ''}"


def ordinary_or_not(rank: float, total: int) -> str:
    """Say in a word where a rank lies."""
    return "still ahead" if rank <= 0.1 * total else "good" if rank <= 0.3 * total else "ordinary"
