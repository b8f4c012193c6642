"""What people say, as leaders read it: what is said more, cleared quotes, and what is souring."""

from __future__ import annotations

from collections.abc import Hashable
from typing import Any

import numpy as np
from markupsafe import Markup

from pdlib.errors import StudyError
from pdlib.show import Html, element, quote
from pdlib.show.formats import share
from pdlib.show.html import join
from pdlib.show.wording import capitalised, counted, in_words, listed, plural
from pdlib.voices import Discontent, Voices

MOST_THEMES, MOST_QUOTES = 2, 4


def voices_told(voices: Voices) -> Html:
    """The section "In their own words" of a leaders' page: no unit is named in it, and no name but cleared ones.

    Parameters
    ----------
    voices : Voices

    Returns
    -------
    Html
    """
    return join(
        element("h2", "In their own words"),
        element("p", _said_more(voices)),
        *(_shown(row) for row in voices.quotes.table.head(MOST_QUOTES).to_dict("records")),
        element("p", _reviewed(voices), class_="note"),
        *_souring(voices),
    )


def _said_more(voices: Voices) -> str:
    """Themes that people speak of more often where units do better, with how often."""
    units, total = voices.observations.study.unit.plural, len(voices.comments)
    rows = voices.themes[voices.themes["grade"].eq("said more")].head(MOST_THEMES)
    if rows.empty:
        return (
            f"We read {total:,} comments. No theme is heard clearly more often where {units} do better than their "
            "means explain."
        )
    told = listed(_how_often(row, units) for row in rows.to_dict("records"))
    return f"We read {total:,} comments. Where {units} do better, people speak more of {told}. This is an association."


def _how_often(row: dict[Hashable, Any], units: str) -> str:
    label = f"“{row['label']}”" + ("" if row["voice"] == "customer" else f" ({row['voice']}s)")
    if not np.isfinite([row["share_deviants"], row["share_peers"]]).all():
        return label
    bright, peers = share(row["share_deviants"]), share(row["share_peers"])
    return f"{label} ({bright} of comments at bright spots, {peers} at like {units})"


def _shown(row: dict[Hashable, Any]) -> Html:
    place = ", at a bright spot" if row["deviant"] else ""
    about = f", about {str(row['touchpoint']).replace('_', ' ')}" if isinstance(row["touchpoint"], str) else ""
    return quote(row["text"], f"{capitalised(str(row['voice']))}{place}{about}")


def _reviewed(voices: Voices) -> str:
    quotes = voices.quotes
    if not quotes.n_reviewed:
        return "Nobody has reviewed comments for quoting yet, so none is quoted here."
    seen = counted(quotes.n_reviewed, "comment was", "comments were")
    shown = min(len(quotes.table), MOST_QUOTES)
    return capitalised(
        f"{seen} reviewed for quoting, {in_words(quotes.n_cleared)} cleared, {in_words(shown)} shown (exact counts). "
        "Names, numbers and addresses were taken out first."
    )


def _souring(voices: Voices) -> list[Markup]:
    """How many units sour, and over what; which they are is no matter for this page."""
    try:
        told = _discontent_told(voices.discontent())
    except StudyError:
        told = "These comments are too few, or of too short a time, to say whether it is rising."
    return [element("p", element("b", "Listening for discontent. "), told)]


def _discontent_told(discontent: Discontent) -> str:
    unit = discontent.voices.observations.study.unit
    rising = discontent.signals[discontent.signals["signal"].eq("rising")]
    watched = len(discontent.signals) - len(rising)
    themes = discontent.themes[discontent.themes["rising"]]
    first = f"Grumbling is clearly on the rise at {counted(len(rising), unit.singular, unit.plural)} (exact count)."
    second = ""
    if watched:
        chance = max(1, round(discontent.settings["watch"] * discontent.judged))
        more, verb = counted(watched, "more", "more"), plural(watched, "is", "are")
        second = f" {capitalised(more)} {verb} worth a call; luck alone would show about {in_words(chance)}."
    third = ""
    if len(themes):
        top = themes.iloc[0]
        third = (
            f" Over all {unit.plural}, “{top['label']}” went from {share(top['share_before'])} to "
            f"{share(top['share_recent'])} of comments."
        )
    return f"{first}{second}{third}"
