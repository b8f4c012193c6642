"""What a leader reads of the practices beyond the chart: how sure, what pays together, what was asked and paid for."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
from markupsafe import Markup

from pdlib.practices import PROMISING, STRONG, Practices
from pdlib.practices.hypotheses import OPEN, SUPPORTED, UNTESTED
from pdlib.practices.segments import LESS, TOO_LITTLE
from pdlib.practices.telling import hidden, over_time
from pdlib.show import element
from pdlib.show.wording import capitalised, counted, in_words, listed, plural

if TYPE_CHECKING:
    from pdlib.insight.facts import Facts

MOST_STORIES, MOST_NAMED = 3, 3


def practices_told(facts: Facts, practices: Practices) -> list[Markup]:
    """Paragraphs in the order in which they matter; none for what there is nothing to say of."""
    parts = [
        *_stories(facts, practices),
        _here(facts, practices),
        _together(practices),
        _asked(practices),
        _paid_for(practices),
    ]
    return [part for part in parts if part]


def _stories(facts: Facts, practices: Practices) -> list[Markup]:
    """What the chart cannot show of the surest practices: what happened over time, and what could hide behind it."""
    return [
        element("p", element("b", f"{row['label']}. "), " ".join(said))
        for _, row in facts.promising.head(MOST_STORIES).iterrows()
        if (said := [words for words in (over_time(practices, row), hidden(row)) if words])
    ]


def _here(facts: Facts, practices: Practices) -> Markup | None:
    """Whether what was told holds in every part of the organisation, as far as that can be told."""
    shown, table = list(facts.promising["practice"].head(MOST_STORIES)), practices.segments.table
    rows = table[table["practice"].isin(shown)]
    if rows.empty:
        return None
    if rows["verdict"].eq(TOO_LITTLE).all():
        words = f"There are too few {facts.unit.plural} in any one part to tell."
        return element("p", element("b", "Does it hold here? "), words)
    less = rows[rows["verdict"] == LESS]
    holds = "each of these holds" if rows["practice"].nunique() > 1 else "it holds"
    words = f"Wherever there are {facts.unit.plural} enough to tell, {holds}."
    if len(less):
        words = listed(
            f"“{label}” holds less in {listed(own['segment'])}" for label, own in less.groupby("label", sort=False)
        )
        words = f"{words}."
    few = rows["verdict"].eq(TOO_LITTLE).mean() > 0.5
    return element(
        "p", element("b", "Does it hold here? "), f"{words} In most parts there are too few." if few else words
    )


def _together(practices: Practices) -> Markup | None:
    found = practices.bundles.found
    if found.empty:
        return None
    show, units = practices.deviants.expected.outcome.format, practices.observations.study.unit.plural
    row = found.iloc[0]
    cells = practices.bundles.cells(row["bundle"])
    every, parts = cells.iloc[-1], cells.iloc[1:-1]
    words = (
        f"{units.capitalize()} that do both show {show.more(every['contrast'])} "
        f"({show.more_range(every['contrast_lower'], every['contrast_upper'])}) against those that do neither."
        if len(parts) == 2
        else f"{units.capitalize()} that do all show {show.more(every['contrast'])} "
        f"({show.more_range(every['contrast_lower'], every['contrast_upper'])}) against those that do none."
    )
    graded = practices.table.set_index("practice")["grade"].reindex(row["bundle"].split(" + "))
    unclear = (parts["contrast_lower"] < 0).all() and not graded.isin([STRONG, PROMISING]).any()
    alone = " One without the other shows no clear gain." if unclear else ""
    return element("p", element("b", "Better together. "), f"{row['label']}: {words}{alone}")


def _asked(practices: Practices) -> Markup | None:
    """What people had expected: how many were right, and which; nobody is named."""
    table = practices.hypotheses.table
    if table.empty:
        return None
    right = table[table["answer"] == SUPPORTED]
    unclear = table["answer"].isin([OPEN, UNTESTED]).sum()
    written = f"{plural(len(table), 'was', 'were')} written down and tested apart from the list"
    said = f"{counted(len(table), 'hunch', 'hunches').capitalize()} {written}"
    held = f"{in_words(len(right))} {plural(len(right), 'holds', 'hold')} up"
    which = f": {listed(f'“{label}”' for label in right['label'][:MOST_NAMED])}" if len(right) else ""
    wrong = len(table) - len(right) - unclear
    rest = f" {capitalised(in_words(wrong))} {plural(wrong, 'does', 'do')} not." if wrong else ""
    rest += f" {capitalised(in_words(unclear))} cannot be told yet." if unclear else ""
    return element("p", element("b", "You asked. "), f"{said}; {held}{which}.{rest}")


def _paid_for(practices: Practices) -> Markup | None:
    rows = practices.programmes.without_gain
    rows = rows[rows["programme"].astype(bool)]
    if rows.empty:
        return None
    told = [f"{row['label']}: {_lower_first(row)}" for _, row in rows.head(MOST_NAMED).iterrows()]
    return element("p", element("b", "Paid for, no gain in sight. "), " ".join(told))


def _lower_first(row: pd.Series) -> str:
    says = str(row["says"])
    return says if np.isfinite(row["contrast"]) else says.lower()
