"""What is said of a practice, in plain words, each number from the row of the table."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from pdlib.practices.grades import PROMISING, STRONG
from pdlib.practices.timing import BEFORE, RISES, ROSE_BEFORE
from pdlib.show import Html, practice_card
from pdlib.show.formats import count, number, share
from pdlib.show.wording import capitalised

if TYPE_CHECKING:
    from pdlib.practices.result import Practices

FAR = 10.0  # times as strong as a declared condition; beyond, the number says no more than "many"


def contrast(practices: Practices, row: pd.Series) -> str:
    """What goes with a practice, with its range."""
    study, show = practices.observations.study, practices.deviants.expected.outcome.format
    if not np.isfinite(row["contrast"]):
        return f"Not compared: {row['reason']}."
    doing = "that do it" if practices.is_binary(row["practice"]) else "high on it (against low)"
    who = capitalised(f"{study.unit.plural} {doing}")
    between = show.more_range(row["contrast_lower"], row["contrast_upper"])
    return f"{who} show {show.more(row['contrast'])} ({between}) in {show.label}, given the same means."


def who_does_it(practices: Practices, row: pd.Series) -> str:
    """Shares of deviants and of comparable units that do it; of all units where there are no deviants."""
    units = practices.observations.study.unit.plural
    if not np.isfinite(row["prevalence_deviants"]):
        return f"{share(row['n_users'] / max(row['n_units'], 1))} of {units} do it."
    ours, theirs = share(row["prevalence_deviants"]), share(row["prevalence_peers"])
    return f"{ours} of the leading {units} do it, {theirs} of comparable ones."


def over_time(practices: Practices, row: pd.Series) -> str:
    """What happened where units took it up; empty where nobody can tell."""
    units, show = practices.observations.study.unit.plural, practices.deviants.expected.outcome.format
    if row["timing"] == RISES and np.isfinite(row["after"]):
        between = show.more_range(row["after_lower"], row["after_upper"])
        return f"{capitalised(units)} that took it up show {show.more(row['after'])} ({between}) afterwards."
    if row["timing"] == RISES:
        between = show.more_range(row["change_lower"], row["change_upper"])
        return f"{capitalised(units)} that came to do more of it show {show.more(row['change'])} ({between})."
    if row["timing"] == BEFORE:
        return f"{capitalised(units)} that do it were ahead before; those that took it up did not rise by as much."
    if row["timing"] == ROSE_BEFORE:
        return f"{capitalised(units)} were ahead of their usual before they took it up or did more of it."
    return "Which came first is not known."


def hidden(row: pd.Series) -> str:
    """How strong a hidden condition would have to be; empty where there is nothing to compare with."""
    times = row["times_as_strong"]
    if not np.isfinite(times):
        return ""
    told = number(times, 1)
    much = "more than ten times as" if times > FAR else "as" if told == number(1.0, 1) else f"{told} times as"
    return f"A hidden condition would have to weigh {much} much as “{row['yardstick']}” to explain it away."


def story(practices: Practices, row: pd.Series) -> str:
    """All there is to say of one practice."""
    if not np.isfinite(row["contrast"]):
        return f"{who_does_it(practices, row)} {contrast(practices, row)}"
    others = practices.family_size - 1
    found = f"It was tested together with {count(others)} others and stood out in {row['reruns']:.0f} of 5 re-runs."
    ends = "Association, worth a pilot." if row["grade"] in {STRONG, PROMISING} else f"{capitalised(row['reason'])}."
    parts = [
        who_does_it(practices, row), contrast(practices, row), found, over_time(practices, row), hidden(row), ends,
    ]  # fmt: skip
    return " ".join(part for part in parts if part)


def card(practices: Practices, row: pd.Series) -> Html:
    """A printable card: what it is, who does it, what goes with it, how sure, whom to ask."""
    study, entry = practices.observations.study, practices.observations.codebook.loc[row["practice"]]
    doers = [unit for unit in practices.deviants.units("confident") if practices.does(unit, row["practice"])]
    who_to_ask = f"a bright spot that does it, by way of the {study.name} team"
    if study.names.publish and doers:
        who_to_ask = str(practices.observations.units.loc[doers[0], "label"])
    told = ". ".join([f"{row['grade']}: {row['reason']}", hidden(row).removesuffix(".")]).rstrip(". ")
    return practice_card(
        row["label"],
        theme=entry["theme"],
        who_decides=entry["who_decides"] or "not recorded",
        cost=entry["cost"],
        who=who_does_it(practices, row),
        contrast=contrast(practices, row),
        sureness=f"{told}; {practices.family_size} practices were tested together",
        who_to_ask=who_to_ask,
        question=f"How did ‘{row['label']}’ start here, and what would you not do without?",
    )


def claims(practices: Practices) -> pd.DataFrame:
    """Claimed beside done, one row per practice with both versions."""
    values, codebook = practices.values, practices.observations.codebook
    units, rows = practices.observations.study.unit.plural, []
    for claimed, observed in codebook["claims"].items():
        if not observed or claimed not in values or observed not in values:
            continue
        both = values[[claimed, observed]].dropna() >= 0.5
        label, said, seen = codebook.loc[observed, "label"], both[claimed].mean(), both[observed].mean()
        shelf = int((both[claimed] & ~both[observed]).sum())
        says = (
            f"“{label}”: {share(said)} of {units} say they do it, {share(seen)} were seen to; "
            f"on the bookshelf in {count(shelf)} {units}."
        )
        rows.append([observed, label, len(both), said, seen, shelf, says])
    columns = ["practice", "label", "n_units", "claimed_share", "observed_share", "claimed_not_done", "says"]
    return pd.DataFrame(rows, columns=columns)
