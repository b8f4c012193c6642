"""Totals and means among the units: asked wherever a row is made of others; what the study says is taken out."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from pdlib.observations.meaning.sums import Whole, find_wholes
from pdlib.observations.text import is_sparse
from pdlib.study import Answer, Study

if TYPE_CHECKING:
    from collections.abc import Callable

    from pdlib.observations.sheet import Sheet

SHOWN = 5
_WORDS = re.compile(
    r"(?i)\b(total|sum|all|overall|average|avg|mean|gesamt|summe|alle|mittel|ensemble|tous|toutes|moyenne|todos|todas"
    r"|media|tutti|totaal|gemiddelde)\b"
)


def ask_totals(study: Study, sheet: Sheet, units: Sheet | None, panel: pd.DataFrame) -> None:
    """Ask about every unit whose amounts are the sum or the mean of others; see `find_wholes` for what is found.

    Parameters
    ----------
    study : Study
    sheet : Sheet
        The observations, on which the question is put.
    units : Sheet or None
        Whose columns of text are groups to try.
    panel : DataFrame
        ``unit``, ``period`` and the columns of the outcomes as numbers.
    """
    rows, names = pd.factorize(panel["unit"])
    columns, periods = pd.factorize(panel["period"])
    held = (rows >= 0) & (columns >= 0)
    if len(names) < 3 or not held.any() or is_sparse(len(names), len(periods), len(panel)):
        return

    def table(column: str) -> np.ndarray:
        cells = np.full((len(names), len(periods)), np.nan)
        cells[rows[held], columns[held]] = panel[column].to_numpy(dtype=float)[held]
        return cells

    kept = np.asarray(pd.Index(names).isin(study.unit.keep))
    groupings = _groupings(study, sheet, units, pd.Index(names))
    found: dict[int, tuple[Whole, str]] = {}
    for column, (exact, weights) in _amounts(study, panel).items():
        wholes = find_wholes(
            table(column), exact=exact, weights=table(weights) if weights else None,
            groupings=[codes for codes, _ in groupings.values()], kept=kept,
        )  # fmt: skip
        for whole in wholes:
            found.setdefault(whole.row, (whole, column))
    if found:
        _ask(study, sheet, found, [str(name) for name in names], list(groupings.items()))
    summed = _summed(study, panel, table) if study.period and len(periods) > 2 else {}
    for place, whole in summed.items():
        chosen = panel["period"].eq(periods[place])
        told = f"period {str(periods[place])!r} is the sum of the {whole.parts:,} others"
        fix = "Leave it out: it counts its parts a second time."
        sheet.report_rows(str(study.keys[-1]), chosen, told, fix, code="total")


def _summed(study: Study, panel: pd.DataFrame, table: Callable[[str], np.ndarray]) -> dict[int, Whole]:
    """Periods, by place, whose counts are the sum of all other periods in nearly every unit."""
    found: dict[int, Whole] = {}
    for column, (exact, _) in _amounts(study, panel).items():
        values = table(column).T
        if exact and _may_sum(values):
            wholes = find_wholes(values, exact=True)
            found |= {whole.row: whole for whole in wholes if whole.how == "sum" and whole.parts == len(values) - 1}
    return found


def _may_sum(values: np.ndarray) -> bool:
    """Whether some row holds about half of all there is, nearly everywhere: the least costly look comes first."""
    filled = np.nan_to_num(values)
    total = filled.sum(axis=0)
    half = np.abs(2 * filled - total) <= np.maximum(0.02 * total, 1.0)
    return bool((half & (total > 0)).sum(axis=1).max(initial=0) > 0.5 * (total > 0).sum())


def _amounts(study: Study, panel: pd.DataFrame) -> dict[str, tuple[bool, str | None]]:
    """Columns to look at: whether they are counts, and the column that weighs their mean."""
    amounts: dict[str, tuple[bool, str | None]] = {}
    for outcome in study.outcome:
        if outcome.size in panel:
            amounts.setdefault(str(outcome.size), (outcome.exposure is None, None))
        if outcome.amount in panel:
            weights = outcome.n if outcome.kind == "mean" and outcome.n in panel else None
            amounts.setdefault(outcome.amount, (outcome.kind != "mean", weights))
    return amounts


def _groupings(
    study: Study, sheet: Sheet, units: Sheet | None, names: pd.Index
) -> dict[str, tuple[np.ndarray, pd.Index]]:
    """Columns that put units into groups: the codes of the units, -1 for none, and the names of the groups."""
    unit = study.unit
    own: dict[str, tuple[np.ndarray, pd.Index]] = {}
    declared = [column for column in (unit.region, unit.nested_in, unit.twin_within) if column]
    declared += [item.name for item in study.context if item.kind == "category"]
    for table, wanted in ((units, None), (sheet, declared)):
        if table is None or unit.column not in table.frame:
            continue
        once = table.frame.drop_duplicates(unit.column).set_index(unit.column)
        for column in once.columns if wanted is None else [name for name in wanted if name in once]:
            numeric = pd.api.types.is_numeric_dtype(once[column]) and column not in declared
            codes, groups = pd.factorize(once[column].reindex(names).astype("str"))
            if not numeric and column != unit.label and 0 < len(groups) <= len(names) / 2:
                own.setdefault(column, (codes, pd.Index(groups)))
    return own


def _ask(
    study: Study, sheet: Sheet, found: dict[int, tuple[Whole, str]], names: list[str],
    groupings: list[tuple[str, tuple[np.ndarray, pd.Index]]],
) -> None:  # fmt: skip
    unit, several = study.unit, len(found) > 1
    told = [_told(study, names[row], whole, column, groupings) for row, (whole, column) in found.items()]
    more = f"; and {len(told) - SHOWN} more like these" if len(told) > SHOWN else ""
    ids = [names[row] for row in found]
    chosen = np.isin(sheet.frame[unit.column].to_numpy(dtype=object), ids)
    it = "them" if several else "it"
    answers = [
        Answer("unit", {"exclude": [*unit.exclude, *ids]}, of=unit.column, meaning=f"no: leave {it} out"),
        Answer("unit", {"keep": [*unit.keep, *ids]}, of=unit.column, meaning=f"yes: keep {it}"),
    ]
    what = f"Are these {unit.plural}? Say" if several else f"Is it a {unit.singular}? Say"
    found_said = f"{'; '.join(told[:SHOWN])}{more}."
    sheet.ask(unit.column, found_said, answers, fix=what, code="totals", rows=sheet.rows(chosen)[:10_000])


def _told(
    study: Study, name: str, whole: Whole, column: str, groupings: list[tuple[str, tuple[np.ndarray, pd.Index]]]
) -> str:
    """One of them in words: "'England' is the sum of the 60 others in all 12 months (column sales)"."""
    periods = study.period.plural if study.period else "periods"
    unit, others = study.unit, f"the {whole.parts:,} others"
    if whole.group >= 0:
        key, (_, groups) = groupings[whole.grouping]
        others = f"the {whole.parts:,} {unit.plural} with {key} {str(groups[whole.group])!r}"
    span = f"in {whole.matched} of {whole.compared} {periods}"
    span = f"in all {whole.compared} {periods}" if whole.matched == whole.compared > 1 else span
    span = "" if study.period is None else f" {span}"
    others += f", which hold it {whole.times} times," if whole.times > 1 else ""
    how = f"the {whole.how}" if whole.together == 1 else f"one of {whole.together} that together are the sum"
    hint = ", as its name says" if _WORDS.search(name) else ""
    return f"{name!r} is {how} of {others}{span} (column {column}){hint}"
