"""Counts that run up through the year: asked about, and undone where the study says so."""

from __future__ import annotations

import numpy as np
import pandas as pd

from pdlib.observations.periods import Calendar
from pdlib.observations.sheet import Sheet
from pdlib.observations.text import is_sparse
from pdlib.show.wording import listed
from pdlib.stats.run_up import RunUp, runs_up, undo_run_up
from pdlib.study import Answer, Outcome, Study

MOST_CORRECTED = 0.05  # share of rows; where more fall, the counts do not run up


def without_running_up(
    study: Study, sheet: Sheet, columns: dict[str, pd.Series], calendar: Calendar
) -> dict[str, pd.Series]:
    """The columns of outcomes, each count being that of its own period alone.

    Parameters
    ----------
    study : Study
    sheet : Sheet
    columns : dict
        ``unit``, ``period`` and the outcomes' columns as read.
    calendar : Calendar

    Returns
    -------
    dict
        The same columns; those that are said to run up through the year are differences. A count below that of the
        period before is a correction: its row is left without a count, and that is a doubt.
    """
    if study.period is None:
        return columns
    unit, _ = pd.factorize(columns["unit"])
    label, labels = pd.factorize(columns["period"])
    order = calendar.key(pd.Series(labels)).rank(method="dense").to_numpy() - 1
    known = (unit >= 0) & (label >= 0)
    if not known.any() or not np.isfinite(order).all() or is_sparse(unit.max() + 1, len(labels), len(unit)):
        return columns
    place = np.where(known, order[label], 0).astype(int)
    changed = dict(columns)
    for outcome in study.outcome:
        counts = _counts(outcome, columns)
        if not counts or outcome.cumulative is False:
            continue
        values = [columns[name].to_numpy(dtype=float)[known] for name in counts]
        if any((value < 0).any() or np.isinf(value).any() for value in values):
            continue  # that is a problem of its own
        amount, n = (None, values[0]) if outcome.kind == "mean" else (values[0], values[-1])
        found = runs_up(unit[known], place[known], amount, n)
        if outcome.cumulative is None:
            _ask(sheet, outcome, counts, found)
            continue
        years = _years(found, labels, order, place)
        changed |= _differences(sheet, outcome, {name: columns[name] for name in counts}, (unit, years, place, known))
    return changed


def _counts(outcome: Outcome, columns: dict[str, pd.Series]) -> list[str]:
    """Columns of an outcome that may run up: of a mean its n alone."""
    names = [outcome.size] if outcome.kind == "mean" else [outcome.amount, outcome.size]
    return [name for name in names if name] if all(name in columns for name in names if name) else []


def _ask(sheet: Sheet, outcome: Outcome, counts: list[str], found: RunUp) -> None:
    if not found.found:
        return
    what = f"{listed(counts)} never fall from one period to the next but where a year starts."
    fix = "Are they year-to-date totals?"
    if outcome.kind == "mean":  # a mean of all that came before cannot be taken apart without its sums
        sheet.doubt(outcome.size, what, "A mean of the year so far is no new evidence each period.", code="run_up")
        return
    if not found.starts:
        what = what.replace(" but where a year starts", "")
    year = Answer("outcome", {"cumulative": "year"}, outcome.name, "yes: subtract the period before")
    plain = Answer(
        "outcome",
        {"cumulative": False},
        outcome.name,
        "no; but nobody is named while they look like this",
    )
    sheet.ask(outcome.amount, what, [year, plain], fix=fix, code="run_up")


def _years(found: RunUp, labels: pd.Index, order: np.ndarray, place: np.ndarray) -> np.ndarray:
    """The year of each row: as the counts start anew, else the calendar's where labels tell it."""
    if found.starts:
        return np.searchsorted(np.asarray(found.starts), place, side="right")
    years = pd.Series(labels.astype("str")).str.extract(r"^(\d{4})(?=-|$)")[0].to_numpy()
    codes, _ = pd.factorize(years[np.argsort(order)])
    return codes[place] if (codes >= 0).all() else np.zeros(len(place), dtype=int)


def _differences(
    sheet: Sheet, outcome: Outcome, counts: dict[str, pd.Series], rows: tuple[np.ndarray, ...]
) -> dict[str, pd.Series]:
    unit, years, place, known = rows
    fresh = {}
    for name, values in counts.items():
        there = known & values.notna().to_numpy()
        alone = np.full(len(known), np.nan)
        alone[there], _ = undo_run_up(unit[there], years[there], place[there], values.to_numpy(dtype=float)[there])
        fresh[name] = alone
    below = np.logical_or.reduce([values < 0 for values in fresh.values()])
    bad = pd.Series(below, sheet.frame.index)
    shown = counts.get(outcome.amount, next(iter(counts.values())))
    if below.mean() > MOST_CORRECTED:
        what = f"said to run up through the year, but {listed(counts)} fall within it"
        sheet.report_rows(outcome.amount, bad, what, "Take cumulative out.", shown, code="run_up")
        return {}
    what = "a count below that of the period before, as after a correction: left out"
    sheet.report_rows(outcome.amount, bad, what, "", shown, level="doubt", code="run_up")
    return {name: pd.Series(np.where(below, np.nan, values), sheet.frame.index) for name, values in fresh.items()}
