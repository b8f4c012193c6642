"""From each table its tidy frame, checked: the panel, the units, the comments."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd

from pdlib.errors import DataError, TooFewUnitsError
from pdlib.observations.durations import counted_in
from pdlib.observations.meaning.answers import yes_or_no
from pdlib.observations.meaning.codes import both, check_declared, coded_numbers, real_values, without_codes
from pdlib.observations.meaning.ids import tidied
from pdlib.observations.meaning.shapes import missing_of
from pdlib.observations.numbers import Role
from pdlib.observations.periods import Calendar, PeriodsRead, read_periods
from pdlib.observations.running import without_running_up
from pdlib.observations.sheet import SHOWN, Sheet, parted
from pdlib.observations.text import as_written, joined
from pdlib.show.wording import listed
from pdlib.study import Confirm, Context, Outcome, Study, did_you_mean

FEWEST_UNITS = 3
ALONE = "no group, "  # before the id of a unit that is a group of its own
SAME_ID = "It must have the same id column as the observations."


def read_panel(study: Study, sheet: Sheet, units: Sheet | None) -> tuple[pd.DataFrame, PeriodsRead | None]:
    """Every row of the observations, in the order of the file.

    Parameters
    ----------
    study : Study
    sheet : Sheet
        The observations.
    units : Sheet or None
        Where context is looked for that the observations do not hold.

    Returns
    -------
    panel : DataFrame
        ``unit``, ``period``, then the columns named in the study as numbers or text, then all others as they are.
    periods : PeriodsRead or None
        How the periods were read; None if the study has none.

    Raises
    ------
    DataError
        At once if the column of the unit or period is missing, for then nothing else can be checked.
    """
    frame, keys = sheet.frame, study.keys
    fix = f"Name the right column {'under [unit] or [period]' if sheet.door == 'toml' else 'in unit= or period='}."
    present = [sheet.has(key, fix) for key in keys]
    if not all(present):
        _read_outcomes(study, sheet)
        raise DataError(*parted(sheet.problems))
    read, period = None, pd.Series("all", index=frame.index)
    if study.period:
        read = read_periods(sheet, study.period.column, study.period, units=frame[study.unit.column])
        period = read.labels
    columns = {"unit": frame[study.unit.column], "period": period}
    _check_keys(study, sheet, columns)
    columns |= _read_outcomes(study, sheet)
    if read:
        columns = without_running_up(study, sheet, columns, read.calendar)
    for item in study.context:
        values = _context(study, item, sheet, units)
        if values is not None:
            columns[item.name] = values
    for caution in study.caution:
        if caution.name not in columns and sheet.has(caution.name, "Name the right column under [[caution]]."):
            columns[caution.name] = sheet.numbers(caution.name)
    others = frame.drop(columns=[*keys, *columns], errors="ignore")
    return pd.concat([pd.DataFrame(columns), others], axis=1), read


def _read_outcomes(study: Study, sheet: Sheet) -> dict[str, pd.Series]:
    """The columns of all outcomes as numbers, checked against each other."""
    columns: dict[str, pd.Series] = {}
    for outcome in study.outcome:
        for name, role in _roles(outcome).items():
            if name not in columns and sheet.has(name, "Name the right column in the outcome."):
                more = {"unit": outcome.unit or _unit_of_label(outcome), "weighted": outcome.weighted}
                hidden = outcome.suppressed if role == "count" else None
                columns[name] = coded_numbers(
                    sheet, name, _missing(study, name), section="outcome", of=outcome.name, role=role,
                    suppressed=hidden, real=_real(study, sheet, name, role),
                    units=sheet.frame.get(study.unit.column), **more,
                )  # fmt: skip
                if hidden:
                    columns |= _bounds(sheet, outcome, columns[name])
        check_declared(sheet, outcome.columns, outcome.missing)
    for outcome in study.outcome:
        if all(name in columns for name in outcome.columns):
            _check_outcome(sheet, outcome, columns)
    return columns


def _unit_of_label(outcome: Outcome) -> str:
    """The unit of time in the brackets of a label, "wait (hours)"; "" if there is none."""
    unit = outcome.format.counted
    return unit if np.isfinite(counted_in(unit)[1]) else ""


def _bounds(sheet: Sheet, outcome: Outcome, values: pd.Series) -> dict[str, pd.Series]:
    """Lowest and highest count of each row: by its mark, or as the table holds them; the count where it is known."""
    names = outcome.bounds or ()
    found: tuple[pd.Series, ...] = sheet.bounds.get(outcome.amount, (values, values))
    if outcome.amount not in sheet.bounds and all(
        name in sheet.frame and sheet.frame[name].notna().any() for name in names
    ):
        found = tuple(sheet.numbers(name, role="exposure") for name in names)
    return {name: values.fillna(bound) for name, bound in zip(names, found, strict=False)}


def _roles(outcome: Outcome) -> dict[str, Role]:
    """What each column of an outcome is to it."""
    roles: dict[str, Role] = {
        "successes": "count", "events": "count", "value": "mean", "n": "size", "exposure": "exposure",
        "sd": "spread", "se": "spread",
    }  # fmt: skip
    return {str(getattr(outcome, key)): role for key, role in roles.items() if getattr(outcome, key)}


def _check_keys(study: Study, sheet: Sheet, read: dict[str, pd.Series]) -> None:
    """That each unit has one row a period, by the labels as read: two spellings of a month are one month."""
    keys = study.keys
    for key in keys:
        sheet.report_rows(key, is_empty(sheet.frame[key]), "no value", "Every row needs its unit and period.")
    frame = pd.DataFrame(dict(zip(keys, read.values(), strict=False)))
    fix = "Declare the period, or give one row per unit."
    if study.period:
        fix = "Keep one row per unit and period; if each row is a single case, count or average them first."
    report_again(sheet, frame, fix)


def report_again(sheet: Sheet, keys: pd.DataFrame, fix: str) -> None:
    """Note the rows whose keys stand in an earlier row already; rows without one of them do not count."""
    found = [pd.factorize(keys[key]) for key in keys]
    known = np.logical_and.reduce([codes >= 0 for codes, _ in found])
    codes = np.ravel_multi_index([np.maximum(codes, 0) for codes, _ in found], [max(len(u), 1) for _, u in found])
    again = pd.Series(pd.Series(codes).where(known).duplicated().to_numpy() & known, keys.index)
    if again.any():
        values = joined(keys[again], [str(key) for key in keys]).reindex(keys.index)
        sheet.report_rows(" and ".join(map(str, keys)), again, "a row already given", fix, values)


def _missing(study: Study, name: str) -> tuple[float | str, ...] | None:
    """The codes of a column: those of every outcome that reads it; None if none says anything."""
    declared = [outcome.missing for outcome in study.outcome if name in outcome.columns and outcome.missing is not None]
    return tuple(code for codes in declared for code in codes) if declared else None


def _real(study: Study, sheet: Sheet, name: str, role: Role) -> list[float | str]:
    """Codes of the outcomes that do not hold of this column: it is none's amount, and they look plain in it."""
    if name in {outcome.amount for outcome in study.outcome}:
        return []
    real = real_values(sheet.frame[name], _missing(study, name) or (), role)
    return [code for code in real if code not in (sheet.options.missing or ())]


def is_empty(values: pd.Series) -> pd.Series:
    """Which cells hold nothing, or blanks only."""
    codes, uniques = pd.factorize(values)
    blank = np.array([*(isinstance(value, str) and not value.strip() for value in np.asarray(uniques, object)), True])
    return pd.Series(blank[codes], index=values.index)


def _check_outcome(sheet: Sheet, outcome: Outcome, columns: dict[str, pd.Series]) -> None:
    amount, size = columns[outcome.amount], columns.get(outcome.size or "")

    def not_negative(name: str, fix: str) -> None:
        sheet.report_rows(name, columns[name] < 0, "a negative number", fix, columns[name])

    if outcome.size:
        not_negative(outcome.size, "Counts and exposure are 0 or more.")
    if outcome.kind != "mean":
        not_negative(outcome.amount, "Counts are 0 or more.")
    if outcome.kind == "proportion" and size is not None:
        more = (amount > size) & (size >= 0)
        shown = (as_written(amount[more]) + " of " + as_written(size[more])).reindex(amount.index)
        sheet.report_rows(outcome.amount, more, f"more than {outcome.n}", "Successes are at most n.", shown)
    for name in (outcome.sd, outcome.se):
        if name:
            not_negative(name, "A spread is 0 or more.")
    level = amount if outcome.kind == "mean" or size is None else amount / size
    level = level[np.isfinite(level)]
    if outcome.role == "primary" and len(level) > 1 and level.max() == level.min():
        found = f"the outcome is {level.iloc[0]:g} in every row."
        sheet.report(outcome.amount, found, "Without differences nothing can be compared; choose another outcome.")


def _context(study: Study, item: Context, sheet: Sheet, units: Sheet | None) -> pd.Series | None:
    """A condition for each row of the observations, from there or from the units table; None if it is in neither."""
    key = study.unit.column
    if item.name in sheet.frame:
        return _condition(item, sheet, key)
    if units is not None and item.name in units.frame and key in units.frame:
        once = replace(units, frame=units.frame.drop_duplicates(key))
        return sheet.frame[key].map(_condition(item, once, key).set_axis(once.frame[key]))
    every = [*sheet.frame.columns, *([] if units is None else units.frame.columns)]
    found = f"the context {item.name!r} is in no table{did_you_mean(item.name, map(str, every))}."
    sheet.report(item.name, found, "Name a column of the observations or units table.")
    return None


def _condition(item: Context, sheet: Sheet, key: str) -> pd.Series:
    check_declared(sheet, [item.name], item.missing)
    if item.kind == "category":
        return tidied(without_codes(sheet.frame[item.name].astype("str"), both(item.missing, sheet.options.missing)))
    values = coded_numbers(
        sheet, item.name, item.missing, section="context", of=item.name, unit=item.unit, units=sheet.frame[key]
    )
    if item.scale != "linear":
        low = values <= 0 if item.scale == "log" else values < 0
        found, fix = f"a value that has no {item.scale}", 'Use scale = "linear" or correct the values.'
        sheet.report_rows(item.name, low, found, fix, values)
    return values


def usable(study: Study, panel: pd.DataFrame, table: str, calendar: Calendar) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Set aside the rows that say nothing about the primary outcome.

    Parameters
    ----------
    study : Study
    panel : DataFrame
    table : str
        What the observations table is called.
    calendar : Calendar

    Returns
    -------
    used : DataFrame
        The panel's other rows, by unit and in the order of time.
    set_aside : DataFrame
        ``unit``, ``period``, ``reason``.

    Raises
    ------
    TooFewUnitsError
        If fewer than three units are left.
    """
    outcome, unit = study.primary, study.unit
    reason = missing_of(outcome, panel)
    empty = panel[outcome.size].fillna(0).eq(0) if outcome.size else pd.Series(False, index=panel.index)
    reason = reason.mask(empty & reason.eq(""), f"no {outcome.exposure_label} behind it")
    kept = reason.eq("").to_numpy()
    used = _in_order(panel if kept.all() else panel[kept], calendar)
    count = used["unit"].nunique()
    if count < FEWEST_UNITS:
        raise TooFewUnitsError(
            f"{table} has {count} {unit.singular if count == 1 else unit.plural} with data; "
            f"at least {FEWEST_UNITS} are needed to compare anything, 30 to name anyone. "
            f"Check the column {unit.column!r}."
        )
    aside = panel.loc[~kept, ["unit", "period"]].assign(reason=reason[~kept]).astype({"reason": "str"})
    return used.reset_index(drop=True), aside.reset_index(drop=True)


def _in_order(panel: pd.DataFrame, calendar: Calendar) -> pd.DataFrame:
    """The rows by unit and in the order of time; each different period is looked at once."""
    units, _ = pd.factorize(panel["unit"], sort=True)
    periods, labels = pd.factorize(panel["period"])
    rank = calendar.key(pd.Series(labels)).rank(method="first").to_numpy()
    order = np.lexsort((rank[periods], units))
    return panel if (np.diff(order) == 1).all() else panel.iloc[order]


def read_units(
    study: Study, observed: Sheet, sheet: Sheet | None, panel: pd.DataFrame, calendar: Calendar
) -> pd.DataFrame:
    """One row per unit of the panel, indexed by unit: ``label`` and the groups that the study declares."""
    unit, varies_by = study.unit, study.period.varies_by if study.period else None
    index = pd.Index(sorted(panel["unit"].dropna().unique().tolist()), name="unit")
    frame = pd.DataFrame({"label": index.astype("str")}, index=index)
    if varies_by and varies_by in panel:
        levels = panel[["unit", varies_by]].astype("str").value_counts().reset_index()  # the usual one first
        frame["varies_by"] = levels.drop_duplicates("unit").set_index("unit")[varies_by].reindex(index)
        varies_by = None
    columns = {target: getattr(unit, target) for target in ("label", "region", "nested_in", "twin_within")}
    named = [(target, f"unit.{target}", column) for target, column in columns.items()]
    named += [("varies_by", "period.varies_by", varies_by)]
    named += [("kept_back", "confirm.units", study.confirm.units if study.confirm else None)]
    if sheet is not None and not sheet.has(unit.column, SAME_ID):
        return frame
    if sheet is not None:
        _check_units(study, sheet, index)
    for target, key, column in named:
        if column:
            frame[target] = _of_units(column, key, observed, sheet, unit.column).reindex(index)
    frame["label"] = frame["label"].fillna(index.to_series())
    if "nested_in" in frame:
        frame["nested_in"] = frame["nested_in"].fillna(ALONE + index.to_series())
    if "kept_back" in frame:
        frame["kept_back"] = frame["kept_back"].eq(1.0)
    if study.confirm:
        _check_confirm(study.confirm, frame, calendar, Sheet("the study", frame, observed.problems))
    return frame


def _check_confirm(confirm: Confirm, units: pd.DataFrame, calendar: Calendar, sheet: Sheet) -> None:
    """That something is kept back to confirm on."""
    periods = calendar.full()
    if confirm.start and periods and calendar.match(confirm.start) not in periods:
        key = "periods_from" if confirm.periods_from else "adoptions_from"
        found = f"{confirm.start!r} is none of the periods{did_you_mean(confirm.start, periods)}."
        known = listed(periods) if len(periods) <= SHOWN else f"{periods[0]}, {periods[1]} … {periods[-1]}"
        sheet.report(f"confirm.{key}", found, f"Name the first that is kept back, of {known}.")
    elif "kept_back" in units and not units["kept_back"].any():
        found = f"no unit is kept back: {confirm.units!r} says yes of none."
        sheet.report("confirm.units", found, "Say yes of some units, or take [confirm] out.")


def _check_units(study: Study, sheet: Sheet, index: pd.Index) -> None:
    unit, ids = study.unit, sheet.frame[study.unit.column]
    sheet.report_rows(unit.column, ids.duplicated(), "a unit already given", "Keep one row per unit.", ids)
    sheet.report_strangers(unit.column, index)
    absent = index.difference(pd.Index(ids))
    if len(absent):
        named = ", ".join(absent[:SHOWN])
        found = f"{len(absent):,} of the {unit.plural} in the observations without a row ({named})."
        sheet.report(unit.column, found, "Add them.")


def _of_units(column: str, key: str, observed: Sheet, sheet: Sheet | None, unit: str) -> pd.Series:
    """A column of the units table, else of the observations where it says the same in all rows of a unit, by unit."""
    own = sheet if sheet is not None and column in sheet.frame else observed
    if column not in own.frame:
        every = [*observed.frame.columns, *([] if sheet is None else sheet.frame.columns)]
        found = f"{key} names {column!r}, which is in no table{did_you_mean(column, map(str, every))}."
        (sheet or observed).report(column, found, "Name a column of the units table or of the observations.")
        return pd.Series(dtype="str")
    ids = own.frame[unit]
    values = yes_or_no(own, column) if key == "confirm.units" else tidied(own.frame[column].astype("str"))
    if own is observed:
        other = values.ne(values.groupby(ids).transform("first")) & values.notna()
        own.report_rows(column, other, f"not what the unit's first row says ({key})", "Say the same in all rows.", ids)
    return values.groupby(ids).first()
