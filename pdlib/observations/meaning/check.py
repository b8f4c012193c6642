"""All checks of what columns mean, in one place: once the observations and the units are read."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pandas as pd

from pdlib.observations.meaning.direction import ask_direction
from pdlib.observations.meaning.ids import ask_alike, hint, key
from pdlib.observations.meaning.shapes import ask_shapes, unfiled
from pdlib.observations.meaning.totals import ask_totals
from pdlib.study import Study, did_you_mean

if TYPE_CHECKING:
    from pdlib.observations.sheet import Sheet

NO_UNIT = "not a unit: excluded by the study"


def check_meaning(
    study: Study, sheet: Sheet, units: Sheet | None, panel: pd.DataFrame, read: pd.DataFrame, *, kind_was_said: bool
) -> None:
    """Hold what the study declares against what the columns hold; questions and doubts are put on the sheets.

    Parameters
    ----------
    study : Study
    sheet : Sheet
        The observations.
    units : Sheet or None
        The units table.
    panel, read : DataFrame
        Both of them, as read.
    kind_was_said : bool
        Whether the kind of the outcome is declared.
    """
    ask_direction(study, sheet)
    ask_alike(study, sheet, study.unit.column, study.unit.plural)
    for column in _names_of_groups(study):
        own = units if units is not None and column in units.frame else sheet
        if column in own.frame:
            ask_alike(study, own, column, "regions" if column == study.unit.region else f"values of {column}")
    ask_totals(study, sheet, units, panel)
    ask_shapes(study, sheet, panel, kind_was_said=kind_was_said)
    unfiled(study, units if units is not None and study.unit.region in units.frame else sheet, read)


def _names_of_groups(study: Study) -> list[str]:
    unit = study.unit
    columns = [column for column in (unit.region, unit.nested_in, unit.twin_within) if column]
    return list(dict.fromkeys([*columns, *(item.name for item in study.context if item.kind == "category")]))


def check_exclusions(
    study: Study, sheets: tuple[Sheet, Sheet | None], spellings: dict[str, str], excluded: dict[str, pd.DataFrame]
) -> None:
    """Say which ids that the study excludes or keeps occur nowhere.

    Parameters
    ----------
    study : Study
    sheets : tuple of Sheet
        The observations and the units table.
    spellings : dict
        Ids of all tables, by `key`.
    excluded : dict
        Rows taken out of each table.
    """
    unit = study.unit
    out = {key(str(name)) for frame in excluded.values() for name in frame[unit.column].unique()}
    known = list(spellings.values())
    for word, names, seen in (("exclude", unit.exclude, out), ("keep", unit.keep, set(spellings))):
        for name in names:
            if key(name) in seen or (word == "keep" and name in _groups(study, sheets)):
                continue
            near = did_you_mean(name, known) or hint([name], known)
            found = f"{name!r} is listed under {word}, and no table has that {unit.singular}{near}."
            sheets[0].doubt(unit.column, found, "Correct the id, or take it off the list.", code=word)


def _groups(study: Study, sheets: tuple[Sheet, Sheet | None]) -> set[str]:
    """Names of regions and the like, which may be kept apart as ids are."""
    frames = [sheet.frame for sheet in sheets if sheet is not None]
    columns = [frame[column] for column in _names_of_groups(study) for frame in frames if column in frame]
    return {str(name).strip() for column in columns for name in column.unique()}
