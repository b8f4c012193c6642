"""What people say, who works there, and which comments somebody has looked at."""

from __future__ import annotations

import pandas as pd

from pdlib.observations.meaning.answers import spoken
from pdlib.observations.meaning.silence import says_nothing
from pdlib.observations.periods import DATED, Calendar, read_periods
from pdlib.observations.reader import is_empty
from pdlib.observations.sheet import Sheet, Source
from pdlib.observations.text import as_text
from pdlib.study import Period, Voices

COLUMNS = ["comment", "unit", "period", "voice", "touchpoint", "text"]
REVIEWED = ["comment", "cleared", "reviewer", "text"]


def read_comments(source: Source, units: pd.Index, calendar: Calendar) -> tuple[pd.DataFrame, dict[str, int]]:
    """One row per comment that says something, and how many were set aside.

    A comment's time may be finer than a period (a day of it); one that lies outside the observed span is set aside, one
    that is no time at all is a problem.

    Parameters
    ----------
    source : Source
    units : Index
        Those of the observations.
    calendar : Calendar
        Their periods.

    Returns
    -------
    comments : DataFrame
        Columns `COLUMNS`; everything but id and text as categories.
    counts : dict
        ``comments_empty`` and ``comments_out_of_span``; empty if the study has no comments.
    """
    study, none = source.study, pd.DataFrame(columns=COLUMNS, dtype="str")
    if study.voices is None:
        return none, {}
    own = [study.voices.text, study.voices.comment]
    sheet = source.sheet("comments", [study.unit.column, *(name for name in own if name)], study.keys[1:])
    if sheet is None:
        return none, {}
    declared = _declared(study.voices, study.keys, sheet)
    present = [sheet.has(column, "Name the right column under [voices].") for column in declared.values()]
    if not all(present):
        return none, {}
    for name in study.keys:
        sheet.report_rows(name, is_empty(sheet.frame[name]), "no value", "Every comment needs its unit and period.")
    sheet.report_strangers(study.unit.column, units)
    taken = pd.DataFrame({name: as_text(sheet.frame[column]) for name, column in declared.items() if name != "period"})
    if study.period:
        taken["period"] = _in_periods(sheet, study.period, calendar)
    empty = says_nothing(taken["text"])
    if len(taken) and empty.all():
        sheet.report(study.voices.text, "every comment is empty.", "Name the column that holds the words.")
    outside = taken["period"].isna() & ~empty if study.period else pd.Series(False, index=taken.index)
    used = taken[~(empty | outside)].reindex(columns=COLUMNS).astype("str")
    if study.voices.comment is None:
        said = used[["unit", "period", "voice", "text"]]
        used["comment"] = pd.util.hash_pandas_object(said, index=False).map("{:016x}".format).astype("str")
    else:
        again = used["comment"].duplicated()
        sheet.report_rows(study.voices.comment, again, "an id already given", "Keep one id per comment.")
    used["voice"] = used["voice"].str.lower().fillna("customer")
    used = used.astype(dict.fromkeys(["unit", "period", "voice", "touchpoint"], "category"))
    counts = {"comments_empty": int(empty.sum()), "comments_out_of_span": int(outside.sum())}
    return used.reset_index(drop=True), counts


def _declared(voices: Voices, keys: list[str], sheet: Sheet) -> dict[str, str]:
    """Column of the table by column of ours; ``voice`` may be absent unless it was named."""
    columns = {"comment": voices.comment, "touchpoint": voices.touchpoint, "text": voices.text}
    if "voice" in voices.model_fields_set or voices.voice in sheet.frame:
        columns["voice"] = voices.voice
    return {name: column for name, column in columns.items() if column} | dict(
        zip(("unit", "period"), keys, strict=False)
    )


def _in_periods(sheet: Sheet, period: Period, calendar: Calendar) -> pd.Series:
    """The period that each comment lies in; missing outside the span."""
    read = read_periods(sheet, period.column, period, known=calendar)
    apart = read.labels.isin(read.apart)
    fix = f"Write a period as the observations do{', or a day in it' if calendar.step in DATED else ''}."
    sheet.report_rows(period.column, apart, f"no time within one {period.singular}", fix, sheet.frame[period.column])
    return read.labels.where(read.labels.isin(calendar.full()))


def read_staff(source: Source, units: Sheet | None) -> pd.Series:
    """Names of employees, from the columns that the study declares; empty if it declares none."""
    voices, none = source.study.voices, pd.Series([], dtype="str", name="name")
    if voices is None or not voices.staff:
        return none
    sheet = source.sheet("staff", list(voices.staff)) or units
    if sheet is None:
        return none
    present = [sheet.has(column, "Name the columns with names under [voices] staff.") for column in voices.staff]
    if not all(present):
        return none
    names = pd.concat([as_text(sheet.frame[column]) for column in voices.staff]).dropna()
    return names.drop_duplicates().rename("name").reset_index(drop=True)


def read_reviewed(source: Source) -> pd.DataFrame:
    """Comments that somebody looked at: columns `REVIEWED`. A line without yes or no is not reviewed yet."""
    none = pd.DataFrame({"comment": [], "cleared": [], "reviewer": [], "text": []}).astype(
        {"comment": "str", "cleared": "bool", "reviewer": "str", "text": "str"}
    )
    sheet = source.sheet("reviewed", REVIEWED)
    if sheet is None:
        return none
    fix = "Start from the list that voices.to_review() writes: comment, cleared (yes or no), reviewer, text."
    present = [sheet.has(column, fix) for column in REVIEWED]
    if not all(present):
        return none
    frame = sheet.frame[REVIEWED].astype("str")
    said = frame["cleared"].str.strip().str.lower()
    answer = said.map(spoken(said))
    unclear = answer.isna() & frame["cleared"].notna()
    sheet.report_rows("cleared", unclear, "neither yes nor no", "Write yes, no, or nothing.", frame["cleared"])
    alone = answer.notna() & frame["reviewer"].isna()
    sheet.report_rows("reviewer", alone, "nobody named", "Say who looked at the comment.")
    again = frame["comment"].duplicated()
    sheet.report_rows("comment", again, "a comment already given", "Keep one line per comment.", frame["comment"])
    return frame.assign(cleared=answer.eq(1.0))[answer.notna()].reset_index(drop=True)
