"""What people add to the list: hypotheses that they log, and what visitors found that nobody had listed."""

from __future__ import annotations

import re

import pandas as pd

from pdlib.observations.meaning.answers import yes_or_no
from pdlib.observations.periods import Calendar
from pdlib.observations.sheet import Sheet, Source
from pdlib.observations.waves import read_waves
from pdlib.study import Practice, did_you_mean

HYPOTHESES = ["who", "when", "practices", "direction"]
FOUND_ON_VISITS = "found on visits"
_NEEDED = "A hypothesis log has the columns who, when, practice and direction (better or worse)."
_CODED = "Coded visits have the id column, practice (as people say it) and done (yes or no)."


def read_hypotheses(source: Source, codebook: pd.DataFrame, practices: pd.DataFrame) -> pd.DataFrame:
    """What people expect of which practice.

    Parameters
    ----------
    source : Source
    codebook, practices : DataFrame
        What is on the list.

    Returns
    -------
    DataFrame
        One row per hypothesis, in the order of the log: ``who``, ``when``, ``practices`` (tuple of names; several are a
        bundle), ``direction`` (better or worse).
    """
    none = pd.DataFrame(columns=HYPOTHESES)
    known = _known(codebook, practices)
    _check_bundles(source, known)
    sheet = source.sheet("hypotheses", ["who", "when", "practice", "direction"])
    if sheet is None or not _has(sheet, ("who", "when", "practice"), _NEEDED):
        return none
    known |= {bundle.label: bundle.practices for bundle in source.study.bundle}
    known |= {bundle.name: bundle.practices for bundle in source.study.bundle}
    named = sheet.frame["practice"]
    parts = named.fillna("").map(lambda text: text if text in known else re.split(r"\s*\+\s*", text))
    parts = parts.map(lambda text: [text] if isinstance(text, str) else text)
    strange = parts.map(lambda names: next((name for name in names if name not in known), ""))
    bad = strange.ne("") | named.isna()
    near = did_you_mean(str(strange[bad].iloc[0]), known) if bad.any() else ""
    fix = f"Write the name or label of a practice or bundle, or several joined by +{near}."
    sheet.report_rows("practice", bad, "no practice on the list", fix, named)
    names = parts.map(lambda items: [name for part in items for name in known.get(part, ())])
    twice = names.map(lambda items: len(set(items)) < len(items))
    sheet.report_rows("practice", twice, "the same practice twice", "Name each once, by name or label.", named)
    direction = sheet.frame["direction"] if "direction" in sheet.frame else pd.Series("better", index=named.index)
    direction = direction.fillna("better").str.lower()
    wrong = ~direction.isin(["better", "worse"])
    sheet.report_rows("direction", wrong, "neither better nor worse", "Write which is expected.", direction)
    frame = sheet.frame.assign(
        practices=names.map(tuple),
        direction=direction,
    )
    return frame[HYPOTHESES].fillna({"who": "", "when": ""})


def read_visits(
    source: Source, codebook: pd.DataFrame, practices: pd.DataFrame, units: pd.Index, calendar: Calendar | None = None
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Add what visitors found to the list: one new practice per label, with the answers of the units that were asked.

    Parameters
    ----------
    source : Source
    codebook, practices : DataFrame
        What is on the list.
    units : Index
        Units of the observations.
    calendar : Calendar, optional
        Their periods.

    Returns
    -------
    codebook, practices : DataFrame
    """
    unit = source.study.unit.column
    sheet = source.sheet("visits", [unit, "practice"], ["wave"])
    if sheet is None or not _has(sheet, (unit, "practice", "done"), _CODED):
        return codebook, practices
    wave = pd.Series("visit", index=sheet.frame.index)
    if "wave" in sheet.frame:
        wave = read_waves(sheet, "wave", source.study, calendar)
    sheet.report_strangers(unit, units)
    labels, done = sheet.frame["practice"], yes_or_no(sheet, "done")
    no_share = done.notna() & ~done.isin([0.0, 1.0])
    sheet.report_rows("done", no_share, "neither yes nor no", "Write yes or no, empty for not asked.", done)
    sheet.report_rows("practice", labels.isna(), "no practice", "Say what was seen, as people say it.")
    listed = labels.isin(list(_known(codebook, practices)))
    fix = "Put the answer into the practices table; here belongs what is not on the list."
    sheet.report_rows("practice", listed, "a practice that is on the list already", fix, labels)
    again = sheet.frame.assign(wave=wave).duplicated([unit, "practice", "wave"])
    sheet.report_rows("practice", again, "an answer already given", "Keep one row per unit and practice.", labels)
    fresh = [label for label in labels.dropna().unique() if label not in _known(codebook, practices)]
    names = dict(zip(fresh, _names(fresh, codebook.index), strict=True))
    entries = [
        Practice(practice=name, label=label, theme=FOUND_ON_VISITS, measured_by="visit", kind="binary").model_dump()
        for label, name in names.items()
    ]
    long = pd.DataFrame(
        {
            "unit": sheet.frame[unit],
            "wave": wave,
            "practice": labels.map(names),
            "value": done,
        }
    ).dropna(subset=["unit", "practice"])
    added = pd.DataFrame(entries, columns=["practice", *codebook.columns]).set_index("practice")
    return (
        pd.concat([codebook, added]) if len(codebook) else added,
        pd.concat([practices, long], ignore_index=True) if len(practices) else long.reset_index(drop=True),
    )


def _has(sheet: Sheet, columns: tuple[str, ...], fix: str) -> bool:
    """Whether all of the columns are there; each that is not is a problem."""
    return sum(sheet.has(column, fix) for column in columns) == len(columns)


def _known(codebook: pd.DataFrame, practices: pd.DataFrame) -> dict[str, tuple[str, ...]]:
    """Practices by name and by label."""
    names = [*codebook.index, *practices["practice"].unique()]
    known: dict[str, tuple[str, ...]] = {str(name): (str(name),) for name in names}
    return known | {str(label): (str(name),) for name, label in codebook["label"].items()}


def _names(labels: list[str], taken: pd.Index) -> list[str]:
    """A name for the machine for each label, none of them taken."""
    names: list[str] = []
    for label in labels:
        stem = re.sub(r"\W+", "_", label.lower()).strip("_") or "found"
        name, number = stem, 2
        while name in taken or name in names:
            name, number = f"{stem}_{number}", number + 1
        names.append(name)
    return names


def _check_bundles(source: Source, known: dict[str, tuple[str, ...]]) -> None:
    names = {name for parts in known.values() for name in parts}
    sheet = Sheet("the study", pd.DataFrame(), source.problems)
    for bundle in source.study.bundle:
        for name in sorted({name for name in bundle.practices if bundle.practices.count(name) > 1}):
            sheet.report("bundle.practices", f"{bundle.name!r} holds {name!r} twice.", "Name each practice once.")
        for name in bundle.practices:
            if name not in names:
                found = f"{bundle.name!r} holds {name!r}, which is no practice{did_you_mean(name, names)}."
                sheet.report("bundle.practices", found, "Name practices of the codebook.")
