"""Columns of text as what they are: numbers where every value is one and can be nothing else, else text as written."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
from pandas.api import types

from pdlib.show.exports import unguarded


def typed(values: pd.Series, text: bool, thousands: str | None = None) -> pd.Series:
    """Ids and periods as written; other columns as numbers if every value is one and can be nothing else.

    Parameters
    ----------
    values : Series of str
    text : bool
        Whether the column is an id or a period.
    thousands : str, optional
        The mark between thousands, if the study says it.
    """
    values = _unguarded(values)
    if text:
        return values
    array = pa.array(values.array, from_pandas=True)
    array = array if isinstance(array, pa.ChunkedArray) else pa.chunked_array([array])
    if array.null_count == len(array):
        return pd.Series(np.nan, index=values.index)
    known = array.drop_null()
    if not _maybe_numbers(known[0].as_py()):
        return values
    truths = _truths(known)
    if truths is not None:
        return values.str.lower().map({"true": True, "false": False}).astype(object if array.null_count else bool)
    numbers = _numbers(array, known)
    if numbers is None or _zeros_lead(known):
        return values
    if thousands == "." or (types.is_float_dtype(numbers) and _points_group(known)):
        return values
    return numbers.set_axis(values.index)


def _unguarded(values: pd.Series) -> pd.Series:
    marked = values.str.startswith("'").fillna(False).astype(bool)
    if marked.any():
        values = values.copy()
        values[marked] = values[marked].map(unguarded)
    return values


def _maybe_numbers(first: str) -> bool:
    return first.lower() in {"true", "false", "inf", "-inf"} or first[:1] in set("+-.0123456789")


def _truths(known: pa.ChunkedArray) -> bool | None:
    if known[0].as_py().lower() not in {"true", "false"}:
        return None
    return True if {value.lower() for value in pc.unique(known).to_pylist()} <= {"true", "false"} else None


def _numbers(array: pa.ChunkedArray, known: pa.ChunkedArray) -> pd.Series | None:
    """Whole numbers if all are, else numbers with decimals; None if one is neither, or is the word nan."""
    try:
        if not array.null_count and "." not in known[0].as_py():
            return known.cast(pa.int64()).to_pandas()
    except pa.ArrowInvalid:
        pass
    try:
        numbers = array.cast(pa.float64())
    except pa.ArrowInvalid:
        return None
    named = pc.any(pc.is_nan(numbers.drop_null())).as_py()
    return None if named else numbers.to_pandas()


def _zeros_lead(known: pa.ChunkedArray) -> bool:
    """Whether a value is written as 007, so that it may be a code; or as 0x1F."""
    for sign in ("0", "-0", "+0"):
        zero = known.filter(pc.starts_with(known, sign))
        if len(zero) and pc.any(pc.match_substring_regex(zero, r"^[+-]?0[\dxX]")).as_py():
            return True
    return False


def _points_group(known: pa.ChunkedArray) -> bool:
    """Whether every point may stand between thousands, so that the text is needed to tell."""
    for part in (known.slice(0, 1000), known):
        pointed = part.filter(pc.match_substring(part, "."))
        if len(pointed) and not pc.all(pc.match_substring_regex(pointed, r"^[+-]?[1-9]\d{0,2}(\.\d{3})+$")).as_py():
            return False
    return bool(len(pointed))
