"""What was understood of each table and column: said before anything is computed from it, and also if it is not."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any

import pandas as pd

from pdlib.observations.sheet import Sheet
from pdlib.observations.text import rows
from pdlib.show.formats import count
from pdlib.study import Context, Outcome, Study

COLUMNS = [
    "table",
    "role",
    "column",
    "kind",
    "said",
    "declared",
    "n_values",
    "n_empty",
    "lowest",
    "highest",
    "commonest",
]
FEW_LEVELS = 6
_WAYS = {"higher": "more is better", "lower": "less is better"}
_KINDS = {"binary": "yes or no", "graded": "graded", "frequency": "how often"}
_SIZES = {"n": "n", "exposure": "exposure", "sd": "spread", "se": "standard error"}


def what_was_read(
    study: Study, sheets: Mapping[str, Sheet], panel: pd.DataFrame, practices: pd.DataFrame, facts: Mapping[str, str],
    kinds: Mapping[Any, Any] | None = None,
) -> pd.DataFrame:  # fmt: skip
    """One row per table and per column that is used, in the order in which they are declared.

    Parameters
    ----------
    study : Study
    sheets : mapping
        The tables that could be opened, by name.
    panel : DataFrame
        The observations as far as they were understood.
    practices : DataFrame
        One row per unit, wave and practice.
    facts : mapping
        What is known of each table as a whole, by name.
    kinds : mapping, optional
        Of the practices: "binary", "graded" or "frequency".

    Returns
    -------
    DataFrame
        Columns `COLUMNS`: ``said`` is the sentence for people, ``declared`` whether the study says how to take the
        column, ``commonest`` its most frequent value. No comment and no name of a person is among them.
    """
    main = sheets["observations"].name
    found: list[dict[str, Any]] = [
        {"table": sheet.name, "role": "table", "column": "", "said": facts.get(table) or rows(len(sheet.frame))}
        for table, sheet in sheets.items()
    ]
    if "unit" in panel:
        found.append(_of_units(study, main, panel))
    if study.period and "period" in panel:
        found.append(_of_periods(study, main, panel, facts.get("period", "")))
    for outcome in study.outcome:
        found += _of_outcome(outcome, main, panel)
    found += [_of_condition(item, main, panel) for item in study.context if item.name in panel]
    table = sheets["practices"].name if "practices" in sheets else main
    found += _of_practices(table, practices, {} if kinds is None else kinds)
    unsettled = set().union(*(sheet.unsettled for sheet in sheets.values()))
    hidden = {name: int(low.notna().sum()) for sheet in sheets.values() for name, (low, _) in sheet.bounds.items()}
    for row in found:
        row["said"] = "; ".join(part for part in (row["said"], _empty(row, unsettled, hidden)) if part)
    notes = {name: note for sheet in sheets.values() for name, note in sheet.notes.items() if note}
    for row in found:
        row["said"] = "; ".join([part for part in (row["said"], *notes.get(row["column"], ())) if part])
    return pd.DataFrame(found, columns=COLUMNS)


def _of_units(study: Study, table: str, panel: pd.DataFrame) -> dict[str, Any]:
    ids = pd.Series(sorted(panel["unit"].dropna().unique().tolist()))
    number = f"{count(len(ids))} {study.unit.singular if len(ids) == 1 else study.unit.plural}"
    return _row(table, "unit", study.unit.column, number, _some(ids), panel["unit"], declared=bool(study.unit.exclude))


def _some(ids: pd.Series) -> str:
    """First, middle and last."""
    chosen = list(dict.fromkeys([0, len(ids) // 2, len(ids) - 1])) if len(ids) else []
    return " … ".join(str(ids.iloc[place]) for place in chosen)


def _of_periods(study: Study, table: str, panel: pd.DataFrame, written: str) -> dict[str, Any]:
    period, labels = study.period, list(panel["period"].dropna().unique())
    assert period is not None  # noqa: S101 - for the type checker: the caller looked
    number = f"{count(len(labels))} {period.singular if len(labels) == 1 else period.plural}"
    declared = bool(period.format or period.order or period.zone or period.day_first is not None)
    return _row(table, "period", period.column, number, written, panel["period"], declared=declared)


def _of_outcome(outcome: Outcome, table: str, panel: pd.DataFrame) -> list[dict[str, Any]]:
    found = []
    if outcome.amount in panel:
        way = _WAYS[outcome.direction] + ("" if outcome.better else " (not declared)")
        kind = outcome.kind if outcome.size is None else f"{outcome.kind} of {outcome.size}"
        said = f"{_range(panel[outcome.amount])}; {way}"
        found.append(
            _row(
                table, "outcome", outcome.amount, kind, said, panel[outcome.amount], declared=outcome.better is not None
            )
        )
    for key, role in _SIZES.items():
        name = getattr(outcome, key)
        if name and name in panel:
            found.append(_row(table, role, name, "", _range(panel[name]), panel[name], declared=True))
    return found


def _of_condition(item: Context, table: str, panel: pd.DataFrame) -> dict[str, Any]:
    kind = item.kind if item.scale == "linear" else f"{item.kind}, {item.scale}"
    values = panel[item.name]
    said = _levels(values) if item.kind == "category" else _range(values)
    return _row(table, "condition", item.name, kind, said, values, declared=item.missing is not None)


def _of_practices(table: str, practices: pd.DataFrame, kinds: Mapping[Any, Any]) -> list[dict[str, Any]]:
    if practices.empty:
        return []
    return [
        _row(
            table,
            "practice",
            str(name),
            _KINDS.get(kinds.get(name, ""), ""),
            _levels(values) if values.nunique() <= FEW_LEVELS else _range(values),
            values,
        )
        for name, values in practices.groupby("practice", sort=False)["value"]
    ]


def _row(
    table: str, role: str, column: str, kind: str, said: str, values: pd.Series, *, declared: bool = False
) -> dict[str, Any]:
    empty = int(values.isna().sum())
    number = pd.api.types.is_numeric_dtype(values) and bool(values.notna().any())
    return {
        "table": table, "role": role, "column": column, "kind": kind, "declared": declared,
        "said": said, "n_values": int(values.nunique()), "n_empty": empty,
        "lowest": float(values.min()) if number else None, "highest": float(values.max()) if number else None,
        "commonest": _shown(_commonest(values)[0]) if number else None,
    }  # fmt: skip


def _empty(row: Mapping[str, Any], unsettled: Collection[str], hidden: Mapping[str, int]) -> str:
    """How many cells hold nothing; what is not settled or hidden is not called empty."""
    empty, column = row.get("n_empty", 0) - hidden.get(row["column"], 0), row["column"]
    if not empty or row["role"] == "unit":
        return ""
    return f"{count(empty)} not read yet, see below" if column in unsettled else f"{count(empty)} empty"


def _commonest(values: pd.Series) -> tuple[Any, int]:
    counts = values.value_counts()
    return (counts.index[0], int(counts.iloc[0])) if len(counts) else ("", 0)


def _range(values: pd.Series) -> str:
    """From the lowest to the highest, and the most frequent value where one recurs."""
    if not values.notna().any():
        return "nothing"
    value, times = _commonest(values)
    often = f"; most frequent {_shown(value)} ({count(times)} times)" if times > 1 else ""
    return f"{_shown(values.min())} to {_shown(values.max())}{often}"


def _levels(values: pd.Series) -> str:
    """Each level with how often it occurs, the most frequent first where there are many."""
    counts = values.value_counts()
    shown = counts.head(FEW_LEVELS)
    if len(counts) <= FEW_LEVELS:
        shown = shown.sort_index()
    more = [f"{count(len(counts) - len(shown))} more"] if len(counts) > len(shown) else []
    return ", ".join([*(f"{_shown(level)} ({count(times)})" for level, times in shown.items()), *more])


def _shown(value: Any) -> str:
    return f"{value:,.6g}" if isinstance(value, int | float) else str(value)


def without_examples(reading: pd.DataFrame) -> list[dict[str, Any]]:
    """What a build's record may hold of a reading: how each column was taken, and nothing of what is in it."""
    kept = reading[["table", "role", "column", "kind", "declared", "n_values", "n_empty"]].astype(object)
    return [
        {str(key): value for key, value in row.items()} for row in kept.where(kept.notna(), None).to_dict("records")
    ]
