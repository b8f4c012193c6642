"""What units do, and the codebook that says what each practice is."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import Any, cast

import numpy as np
import pandas as pd
from pydantic import ValidationError

from pdlib.errors import StudyError
from pdlib.observations.meaning.answers import ask_answers, spoken, yes_or_no
from pdlib.observations.meaning.codes import both, check_declared
from pdlib.observations.periods import Calendar
from pdlib.observations.reader import SAME_ID, is_empty, report_again
from pdlib.observations.sheet import Sheet, Source
from pdlib.observations.waves import read_waves
from pdlib.show.wording import listed
from pdlib.study import Practice, Study, did_you_mean, practice_in_context

_FIELDS = list(Practice.model_fields)
_TEXTS = ("label", "theme", "who_decides", "claims", "touchpoint")  # a spreadsheet may hold them as numbers
_CODES = ("yes", "missing")  # a spreadsheet holds one number, or several in one text
_HOW_READ = {"practice", "kind", *_CODES}
_LONG = ["unit", "wave", "practice", "value"]


def read_codebook(source: Source) -> pd.DataFrame:
    """One row per declared practice, indexed by it: those of the study, then those of the codebook table.

    Raises
    ------
    StudyError
        If a practice is declared as context too.
    """
    sheet = source.sheet("codebook", ["practice"])
    entries = list(source.study.practice)
    if sheet is not None and sheet.has("practice", "It needs one row per practice."):
        entries = _with_answers(entries, _entries(sheet))
    codebook = _as_codebook(entries)
    _refuse_context(source.study, codebook.index)
    _check_codebook(Sheet(source.name("codebook"), codebook, source.problems))
    return codebook


def _entries(sheet: Sheet) -> list[Practice]:
    entries = []
    every = np.ones(len(sheet.frame), dtype=bool)
    for row, record in zip(sheet.rows(every), sheet.frame.to_dict("records"), strict=True):
        known: dict[str, Any] = {str(key): value for key, value in record.items() if key in _FIELDS and pd.notna(value)}
        known |= {key: str(known[key]) for key in _TEXTS if key in known}
        known |= {key: _codes(known[key]) for key in _CODES if key in known}
        try:
            entries.append(Practice(**known))
        except ValidationError as error:
            details = [
                f"{'.'.join(map(str, e['loc']))}: found {e['input']!r}, {e['msg'].lower()}" for e in error.errors()
            ]
            found = f"row {row} is not as a codebook needs it: {'; '.join(details)}."
            sheet.report(None, found, "See the keys of [[practice]].")
    return entries


def _with_answers(declared: list[Practice], listed: list[Practice]) -> list[Practice]:
    """All entries; one of the study that says no more than how answers are read goes into the codebook's line."""
    lines = {entry.practice: entry for entry in listed}
    reads = {e.practice: e for e in declared if e.practice in lines and e.model_fields_set <= _HOW_READ}
    rest = [entry for entry in declared if entry.practice not in reads]
    for name, entry in reads.items():
        said = {key: getattr(entry, key) for key in entry.model_fields_set}
        lines[name] = lines[name].model_copy(update=said)
    return [*rest, *(lines[entry.practice] if entry.practice in reads else entry for entry in listed)]


def _codes(cell: Any) -> list[float | str]:
    """Codes in a cell: a number, or several things apart by semicolons or commas."""
    return [part.strip() for part in re.split("[;,]", cell)] if isinstance(cell, str) else [float(cell)]


def _as_codebook(entries: list[Practice]) -> pd.DataFrame:
    return pd.DataFrame([entry.model_dump() for entry in entries], columns=_FIELDS).set_index("practice")


def _refuse_context(study: Study, practices: pd.Index) -> None:
    problems = practice_in_context(study, practices)
    if problems:
        raise StudyError(" ".join(problems))


def _check_codebook(sheet: Sheet) -> None:
    practices = sheet.frame.index
    for name in practices[practices.duplicated()]:
        sheet.report("practice", f"{name!r} stands there twice.", "Keep one row per practice.")
    labels = sheet.frame["label"][~practices.duplicated()]
    for label in labels[labels.duplicated()].unique():
        found = f"{label!r} is the label of {listed(map(repr, labels.index[labels.eq(label)]))}."
        sheet.report("label", found, "Give each practice a label of its own.")
    for name, target in sheet.frame["claims"].items():
        if target and target not in practices:
            found = f"{name!r} claims {target!r}, which is no practice{did_you_mean(target, map(str, practices))}."
            sheet.report("claims", found, "Name the observed practice.")


def _complete(codebook: pd.DataFrame, sheet: Sheet, answers: pd.DataFrame) -> pd.DataFrame:
    """Add a line for each practice that has none, and the kind where none is declared: binary if all say yes or no.

    Parameters
    ----------
    codebook : DataFrame
    sheet : Sheet
        That the answers come from; other answers than yes or no to a practice declared to be binary are a problem.
    answers : DataFrame
        Rows of the sheet by practices.
    """
    other = answers.notna() & ~answers.isin([0, 1])
    for name, kind in codebook["kind"].items():
        if kind == "binary" and name in answers:
            fix = 'The codebook says that it is binary: write yes or no, or say kind = "graded".'
            sheet.report_rows(str(name), other[name], "neither yes nor no", fix, answers[name])
    extra = _as_codebook([Practice(practice=str(name)) for name in answers if name not in codebook.index])
    codebook = pd.concat([part for part in (codebook, extra) if len(part)] or [codebook])
    graded = codebook.index.isin(other.columns[other.any()])
    found = pd.Series(np.where(graded, "graded", "binary"), codebook.index)
    return codebook.assign(kind=codebook["kind"].fillna(found))


def read_practices(
    source: Source, codebook: pd.DataFrame, panel: pd.DataFrame, units: pd.Index, calendar: Calendar | None
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """What units do, and the codebook completed by what was found.

    Without a practices table they are looked for among the columns of the observations and averaged over periods.

    Returns
    -------
    codebook : DataFrame
        With a line and a kind for every practice.
    practices : DataFrame
        One row per unit, wave and practice: ``unit``, ``wave``, ``practice``, ``value`` (NaN: no answer).

    Raises
    ------
    StudyError
        If a practice is declared as context too.
    """
    study = source.study
    unit, wave = study.unit.column, study.practices.wave
    keys = [unit, wave] if wave else [unit]
    listed = list(dict.fromkeys(codebook.index))
    sheet = source.sheet("practices", keys[:1], keys[1:])
    if sheet is None:
        return _among_observations(replace(source.sheets["observations"], frame=panel), codebook, listed)
    frame = sheet.frame
    if not sheet.has(unit, SAME_ID) or (wave and not sheet.has(wave, "Name the right column under [practices] wave.")):
        return codebook, pd.DataFrame(columns=_LONG)
    fix = "Keep one row per unit and wave; name the wave under [practices]."
    for key in keys:
        sheet.report_rows(key, is_empty(frame[key]), "no value", f"Every row needs its {' and '.join(keys)}.")
    waves = read_waves(sheet, wave, study, calendar) if wave else pd.Series("all", index=frame.index)
    frame = frame.assign(**({wave: waves} if wave else {}))
    report_again(sheet, frame[keys], fix)
    sheet.report_strangers(unit, units)
    listed = _with_columns(source, sheet, listed, keys)
    _refuse_context(study, pd.Index(listed))
    fix = "The codebook names it; add the column or drop the line."
    present = [name for name in listed if sheet.has(name, fix)]
    values = pd.DataFrame({name: _answers(sheet, name, codebook) for name in present}, index=frame.index)
    return _complete(codebook, sheet, values), _long(values, frame[unit], waves)


def _with_columns(source: Source, sheet: Sheet, listed: list[str], keys: list[str]) -> list[str]:
    """Names of the practices: as declared; the table's other columns too if all that is declared is how some are read.

    An answer to a question about one column must not take the others away.
    """
    others = [str(name) for name in sheet.frame.columns if name not in {*keys, *listed}]
    if not listed:
        return others
    settled = [entry.model_fields_set for entry in source.study.practice]
    if "codebook" in source.sheets or any(not {"practice"} < fields <= _HOW_READ for fields in settled):
        return listed
    text = [name for name in others if _holds_text(sheet.frame[name])]
    if text:
        found = f"not taken as practices, for they hold text: {', '.join(text)}."
        sheet.doubt(None, found, "If they are, say yes and no in numbers or words.", code="text_columns")
    return [*listed, *(name for name in others if name not in text)]


def _holds_text(values: pd.Series) -> bool:
    """Whether most of what is written is neither a number nor yes or no."""
    words = values.astype("str").str.strip().str.lower()
    words = words[values.notna() & words.ne("")]
    known = words.isin(list(spoken(words))) | pd.to_numeric(words, errors="coerce").notna()
    return bool(len(words)) and bool(known.mean() < 0.5)


def _answers(sheet: Sheet, name: str, codebook: pd.DataFrame) -> pd.Series:
    """The answers about one practice, read as the codebook says."""
    entry = codebook[codebook.index == name].iloc[:1]
    yes, missing, kind = entry[["yes", "missing", "kind"]].iloc[0] if len(entry) else ((), None, None)
    check_declared(sheet, [name], missing)
    missing = both(missing, sheet.options.missing)
    values = yes_or_no(sheet, name, yes=yes, missing=missing)
    return ask_answers(sheet, name, values, kind=kind if isinstance(kind, str) else None, missing=missing)


def _among_observations(sheet: Sheet, codebook: pd.DataFrame, listed: list[str]) -> tuple[pd.DataFrame, pd.DataFrame]:
    values = pd.DataFrame({name: _answers(sheet, name, codebook) for name in listed if name in sheet.frame})
    if sheet.door == "keywords":  # averaged over the periods, so that a yes or no becomes a share unless it is declared
        declared = codebook["kind"].notna() | codebook["yes"].map(len).gt(0)
        codebook = codebook.assign(kind=codebook["kind"].where(declared, "graded"))
    codebook = _complete(codebook, sheet, values)
    if values.empty:
        return codebook, pd.DataFrame(columns=_LONG)
    means = values.groupby(sheet.frame["unit"]).mean()
    return codebook, _long(means, means.index, pd.Series("all", index=means.index))


def _long(values: pd.DataFrame, unit: pd.Series | pd.Index, wave: pd.Series) -> pd.DataFrame:
    index = pd.MultiIndex.from_arrays([unit, wave], names=["unit", "wave"])
    stacked = values.set_axis(index).rename_axis(columns="practice").stack()
    long = cast("pd.Series", stacked).rename("value").reset_index()
    return long.astype({"unit": "str", "wave": "str", "practice": "str"})
