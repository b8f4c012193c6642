"""Values as people write them: ids as text, numbers without needless decimals."""

from __future__ import annotations

from collections.abc import Sequence
from functools import reduce

import numpy as np
import pandas as pd


def as_text(values: pd.Series) -> pd.Series:
    """Ids as text: dates without their midnight, whole numbers without their decimals."""
    if pd.api.types.is_datetime64_any_dtype(values):
        whole = values.dropna().dt.day.eq(1).all()
        return values.dt.strftime("%Y-%m" if whole else "%Y-%m-%d")
    if pd.api.types.is_float_dtype(values) and (values.dropna() % 1 == 0).all():
        return values.astype("Int64").astype("str")
    stripped = values.astype("str").str.strip()
    return stripped.where(values.notna() & stripped.ne(""))


def as_written(values: pd.Series) -> pd.Series:
    """Values as a spreadsheet shows them: 3 and not 3.0."""
    return (values.map("{:.12g}".format) if pd.api.types.is_float_dtype(values) else values).astype("str")


def joined(frame: pd.DataFrame, keys: list[str]) -> pd.Series:
    """The keys of each row as one text: "12 2025-03"."""
    return reduce(lambda left, right: left + " " + right, (frame[key].fillna("").astype("str") for key in keys))


def rows(count: int) -> str:
    """A number of rows: "1 row", "1,200 rows"."""
    return "1 row" if count == 1 else f"{count:,} rows"


def rows_listed(numbers: Sequence[int] | np.ndarray, shown: int = 5) -> str:
    """Some rows by number: "row 4, 8, 11 and so on"."""
    return "row " + ", ".join(map(str, numbers[:shown])) + (" and so on" if len(numbers) > shown else "")


def is_sparse(units: int, periods: int, count: int) -> bool:
    """Whether so many rows fill so little of a table of units by periods that laying it out would only cost memory."""
    return units * periods > 100 * count + 1_000_000
