"""Shapes that do not go with what is declared: counts taken for means, conditions that say nothing, uneven blanks."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from pdlib.observations.hidden import hidden
from pdlib.study import Answer, Outcome, Study

if TYPE_CHECKING:
    from pdlib.observations.sheet import Sheet

GROWS = 0.9  # correlation of a mean with n from which it looks like a count of n
FEWEST = 12  # rows, for a correlation to say something
BLANK = 0.05  # share of a count that is empty
UNEVEN = 3.0  # times the variance that blanks spread by chance would have over units, and beyond any doubt
NEARLY_ALL = 0.95
ENOUGH_ROWS, VARIED, UNRELATED = 30, 0.3, 0.3  # for counts and n: rows, spread of log n, correlation of their logs
LESS_VARIED, GROWTH, SURE = 0.15, 0.5, 4.0  # where n varies less: growth within units is surely below half that of n
_ANSWERS = re.compile(
    r"(?i)(^|[\W_])(n|answers?|visits?|visitors?|responses?|respondents?|calls?|contacts?|cases?|customers?|orders?"
    r"|patients?|tickets?|jobs?|antworten|besuche|kunden|réponses|visites|respuestas|visitas)([\W_]|$)"
)


def ask_shapes(study: Study, sheet: Sheet, panel: pd.DataFrame, *, kind_was_said: bool) -> None:
    """Look at outcomes and conditions of a checked panel.

    Parameters
    ----------
    study : Study
    sheet : Sheet
        The observations.
    panel : DataFrame
        ``unit``, ``period`` and the declared columns as numbers or text.
    kind_was_said : bool
        Whether the kind of the outcome is declared; else it is taken for a mean.
    """
    for outcome in study.outcome:
        if outcome.kind == "mean" and outcome.n in panel and outcome.amount in panel:
            _count_or_mean(sheet, outcome, panel, kind_was_said=kind_was_said)
        if outcome.kind == "proportion" and not outcome.counts and outcome.n in panel and outcome.amount in panel:
            _percentages(sheet, outcome, panel)
        for column in (outcome.amount, outcome.size):
            if column and column in panel and not (outcome.kind == "mean" and column == outcome.amount):
                _uneven_blanks(study, sheet, panel, column, hidden(panel, outcome) & (column == outcome.amount))
    once = panel.drop_duplicates("unit").index if study.context else panel.index
    for item in study.context:
        if item.name in panel:
            _says_nothing(study, sheet, panel, item.name, once)


def _count_or_mean(sheet: Sheet, outcome: Outcome, panel: pd.DataFrame, *, kind_was_said: bool) -> None:
    pair = panel[[outcome.amount, outcome.n]].dropna().to_numpy(dtype=float)
    mean, n = pair.T
    if len(pair) < FEWEST or (mean % 1 != 0).any() or not mean.std() or not n.std():
        return
    if np.corrcoef(mean, n)[0, 1] <= GROWS:
        return
    found = f"it is whole in every row and grows with {outcome.n}, as a count does and a mean rarely."
    if kind_was_said or not _ANSWERS.search(str(outcome.n)) or (mean > n).any():
        fix = (
            f'If it is a sum over {outcome.n} this may be right; if it counts cases, say kind = "proportion" or "rate".'
        )
        sheet.doubt(outcome.amount, found, fix, code="count_or_mean")
        return
    answers = [
        Answer("outcome", {"kind": "proportion"}, of=outcome.name, meaning=f"a count out of {outcome.n}"),
        Answer("outcome", {"kind": "mean"}, of=outcome.name, meaning=f"a mean of {outcome.n}"),
    ]
    sheet.ask(outcome.amount, found, answers, fix=f"A count of {outcome.n}, or a mean? Say", code="count_or_mean")


def _percentages(sheet: Sheet, outcome: Outcome, panel: pd.DataFrame) -> None:
    """Ask about successes that never pass 100 and do not grow with n, though n is often far more than 100."""
    known = panel[["unit", outcome.amount, str(outcome.n)]].dropna()
    known = known[(known.iloc[:, 1:] > 0).all(axis=1)]
    pair, units = known.iloc[:, 1:].to_numpy(dtype=float), known["unit"]
    count, n = pair.T
    if len(pair) < ENOUGH_ROWS or count.max() > 100 or np.median(n) < 100 or (count < 50).all():
        return
    logs = np.log(pair)
    varied = logs[:, 1].std()
    if varied < LESS_VARIED or np.corrcoef(logs, rowvar=False)[0, 1] > UNRELATED:
        return
    if varied < VARIED and _most_growth(logs, units) >= GROWTH:
        return
    found = f"it never passes 100 and does not grow with {outcome.n}, as a percentage does and a count does not."
    answers = [
        Answer("outcome", {"kind": "mean"}, of=outcome.name, meaning=f"a percentage, a mean of {outcome.n}"),
        Answer("outcome", {"counts": True}, of=outcome.name, meaning=f"a count out of {outcome.n}"),
    ]
    sheet.ask(outcome.amount, found, answers, fix="A percentage, or a count? Say", code="percentages")


def _most_growth(logs: np.ndarray, units: pd.Series) -> float:
    """The most by which counts may grow with n within units, as a power of n: 1 for counts, 0 for percentages."""
    count, n = (logs - pd.DataFrame(logs).groupby(units.to_numpy()).transform("mean").to_numpy()).T
    free = len(n) - units.nunique() - 1
    if free < FEWEST or not n.any():
        return np.inf
    power = (count @ n) / (n @ n)
    return float(power + SURE * np.sqrt(((count - power * n) ** 2).sum() / free / (n @ n)))


def _uneven_blanks(study: Study, sheet: Sheet, panel: pd.DataFrame, column: str, between: pd.Series) -> None:
    """Doubt blanks that are many and not spread evenly: they may be empty because of what they would have held."""
    if column in sheet.unsettled:
        return  # what is empty there is not read yet
    empty = panel[column].isna() & ~between
    share = float(empty.mean())
    if share <= BLANK or share == 1:
        return
    by_unit = empty.groupby(panel["unit"]).agg(["sum", "size"])
    blank, size = by_unit["sum"].to_numpy(dtype=float), by_unit["size"].to_numpy(dtype=float)
    chance = size * share * (1 - share)
    spread, units = float(((blank - size * share) ** 2 / chance).sum()), len(by_unit)
    if units < 3 or spread <= units + UNEVEN * np.sqrt(2 * units):
        return
    most = by_unit["sum"].sort_values(ascending=False)
    few = int((most.cumsum() < most.sum() / 2).sum()) + 1
    found = (
        f"empty in {share:.0%} of the rows, and half of the empty cells belong to just {few:,} of {units:,} "
        f"{study.unit.plural}."
    )
    fix = "Find out why; if small counts were hidden, leaving them out makes units look worse or better than they are."
    sheet.doubt(column, found, fix, code="blanks", rows=sheet.rows(empty)[:10_000])


def _says_nothing(study: Study, sheet: Sheet, panel: pd.DataFrame, column: str, once: pd.Index) -> None:
    """Doubt a condition that is constant, the same for all units in a period, or an id."""
    values = panel[column].dropna()
    if len(values) > 1 and values.eq(first := values.iloc[0]).all():
        text = f"{first:g}" if isinstance(first, float) else repr(first)
        sheet.doubt(column, f"it is {text} in every row.", "As a condition it adds nothing.", code="constant")
    elif study.period and _settled_by(panel.loc[values.index, "period"], values):
        found = f"it is the same for all {study.unit.plural} in a {study.period.singular}."
        sheet.doubt(column, found, "As a condition it adds nothing; it is left to the periods.", code="by_period")
    elif _like_an_id(panel.loc[once, column].dropna()) or _in_sequence(values):
        found = "nearly every value occurs once only, as with an id or the number of a row."
        sheet.doubt(column, found, "As a condition it tells nothing; take it out.", code="like_an_id")


def _settled_by(periods: pd.Series, values: pd.Series) -> bool:
    """Whether there is one value for each period, and more rows than periods."""
    first = values[periods.eq(periods.iloc[0])] if len(periods) else values
    if len(first) < 2 or first.ne(first.iloc[0]).any():
        return False
    count = periods.nunique()
    return len(values) > count > 1 and len(pd.DataFrame({"p": periods, "v": values}).drop_duplicates()) == count


def _like_an_id(once: pd.Series) -> bool:
    """Whether values, one for each unit, are texts or whole numbers in a sequence, nearly all of them different."""
    if pd.api.types.is_numeric_dtype(once):
        return _in_sequence(once)
    return len(once) >= FEWEST and once.nunique() >= NEARLY_ALL * len(once)


def _in_sequence(values: pd.Series) -> bool:
    """Whether values are whole numbers, nearly all different, with hardly a gap between them."""
    if len(values) < FEWEST or not pd.api.types.is_numeric_dtype(values):
        return False
    span = values.max() - values.min() + 1
    if not NEARLY_ALL * len(values) <= span <= len(values) / NEARLY_ALL + 1 or (values % 1 != 0).any():
        return False
    return bool(values.nunique() >= NEARLY_ALL * len(values))


def missing_of(outcome: Outcome, panel: pd.DataFrame) -> pd.Series:
    """For each row the columns of an outcome that are empty, in words; "" if none is."""
    reason = pd.Series("", index=panel.index)
    names = [name for name in outcome.columns if panel[name].isna().any()]
    for name in names:
        what = f"no {outcome.label} recorded" if name == outcome.amount else f"{name} is empty"
        there = panel[name].notna() | (hidden(panel, outcome) if name == outcome.amount else False)
        reason = reason.where(there, reason + reason.ne("").map({True: " and ", False: ""}) + what)
    return reason


def unfiled(study: Study, sheet: Sheet, units: pd.DataFrame) -> None:
    """Say how many units have no region, for they are on no region's page."""
    if "region" not in units or not units["region"].isna().any():
        return
    count, total = int(units["region"].isna().sum()), len(units)
    have = "has" if count == 1 else "have"
    which = units.index[units["region"].isna()]
    named = ", ".join(map(str, which[:5])) + (" and so on" if count > 5 else "")
    found = f"{count:,} of {total:,} {study.unit.plural} {have} no region: {named}."
    fix = "They appear on no region's page. Fill in their region."
    rows = sheet.rows(sheet.frame[study.unit.column].isin(which))
    sheet.doubt(study.unit.region, found, fix, code="no_region", rows=rows[:10_000])
