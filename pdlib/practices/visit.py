"""Sheets for the field: what to ask that nobody has listed, and what to watch at which touchpoint."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import pandas as pd

from pdlib import show
from pdlib.show import Html, Station
from pdlib.show.wording import capitalised

if TYPE_CHECKING:
    from pdlib.practices.result import Practices

QUESTION = "What do you do here that is not on our list?"
MORE = ("Who started it, and what did you stop doing for it?", "What would you not do without on a bad day?")
ANYWHERE = "anywhere"
COLUMNS = ["practice", "done"]


def visit_sheet(practices: Practices, unit: str) -> Html:
    """A sheet for one unit: why we come, what to ask, what is on the list at each touchpoint, and room for the rest.

    Parameters
    ----------
    practices : Practices
    unit : str
        Id or label.

    Returns
    -------
    Html
    """
    deviants, study = practices.deviants, practices.observations.study
    row = deviants.expected.table.iloc[deviants.expected.position(unit)]
    name, own = str(row["unit"]), deviants.table.set_index("unit").loc[row["unit"]]
    bright = own["group"] in {"confident", "likely"}
    formats, word = deviants.expected.outcome.format, study.unit.singular
    between = formats.more_range(own["shrunken_excess_lower"], own["shrunken_excess_upper"])
    why = (
        f"Given its means this {word} shows {formats.more(own['shrunken_excess'])} ({between}) in {formats.label}: "
        "it may do something that nobody has listed."
        if bright
        else f"This {word} has means like those of one that does better: what is done there and not here?"
    )
    conditions = [
        f"{item.label}: {_plain(deviants.expected.context_value(name, item))}"
        for item in deviants.expected.grid.conditions
    ]
    return show.visit_sheet(
        str(row["label"]),
        kicker=f"{study.name} · visit sheet, for the visitor only",
        why=why,
        conditions=conditions,
        questions=(QUESTION, *MORE),
        stations=_stations(practices, name),
        code=(name, [study.unit.column, *COLUMNS]),
    )


def save_visit_sheets(practices: Practices, path: str | Path) -> Path:
    """Write the sheets of all bright spots and their twins as one page to print."""
    units = visit_list(practices)[practices.observations.study.unit.column]
    where = Path(path)
    title = f"{practices.observations.study.name}: visit sheets"
    where.write_text(show.printable(title, [visit_sheet(practices, unit) for unit in units]), encoding="utf-8")
    return where


def visit_list(practices: Practices) -> pd.DataFrame:
    """Whom to visit: each bright spot and its twin, in the columns in which answers come back.

    Returns
    -------
    DataFrame
        The id column of the study, ``practice`` (as people say it) and ``done`` (yes or no), both empty; twins follow
        the bright spot that they belong to. Filled in, with more rows where more was found, it is the ``visits`` table.
    """
    pairs = [(unit, practices.deviants.twin(unit).peer) for unit in practices.deviants.units("confident")]
    units = list(dict.fromkeys(unit for pair in pairs for unit in pair))
    column = practices.observations.study.unit.column
    return pd.DataFrame({column: units, **{name: pd.Series("", index=range(len(units))) for name in COLUMNS}})


def _stations(practices: Practices, unit: str) -> list[Station]:
    """Touchpoints in the order declared, then as they come in the codebook, with the observed practices there."""
    codebook, comments = practices.observations.codebook, practices.observations.comments
    listed = codebook[codebook["evidence"].eq("observed") & ~codebook["follows_success"].astype(bool)]
    places = [*practices.observations.study.practices.touchpoints, *(place for place in listed["touchpoint"] if place)]
    places += [str(place) for place in comments["touchpoint"].dropna().unique()]
    done = practices.doing.loc[unit]
    stations: list[Station] = []
    for place in [*dict.fromkeys(places), ""]:
        names = [name for name in listed.index[listed["touchpoint"].eq(place)] if name in done.index]
        watch = [f"{codebook.loc[name, 'label']} ({_known(done[name])})" for name in names]
        if place or watch or not stations:
            stations.append(Station(capitalised(place.replace("_", " ") or ANYWHERE), watch))
    return stations


def _known(done: float) -> str:
    return "not known" if pd.isna(done) else "done here" if done == 1 else "not done here"


def _plain(value: object) -> str:
    return f"{value:.3g}" if isinstance(value, float) else str(value)
