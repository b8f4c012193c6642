"""Spans of time as numbers: in minutes, or in what the study says."""

from __future__ import annotations

import re
from datetime import time, timedelta

import numpy as np
import pandas as pd

_SECONDS = {
    "day": 86400.0, "hour": 3600.0, "hr": 3600.0, "h": 3600.0, "minute": 60.0, "min": 60.0, "second": 1.0, "sec": 1.0,
    "s": 1.0, "millisecond": 1e-3, "ms": 1e-3, "week": 604800.0,
}  # fmt: skip
_CLOCK = re.compile(r"(-?)(?:(\d+) days? ?,? ?\+?)?(\d+):([0-5]\d):([0-5]\d(?:\.\d+)?)")
_ISO = re.compile(r"(-?)P(?:(\d+)W)?(?:(\d+)D)?(?:T(?:(\d+)H)?(?:(\d+)M)?(?:(\d+(?:\.\d+)?)S)?)?", re.IGNORECASE)
SHORT = re.compile(r"\d+:[0-5]\d")  # hours and minutes, or minutes and seconds?


def counted_in(unit: str) -> tuple[str, float]:
    """The unit that spans are counted in, and its seconds: that of the study if it is one of time, else minutes."""
    word = unit.strip().lower()
    for name in (word, word.removesuffix("s")):
        if name in _SECONDS:
            return unit.strip(), _SECONDS[name]
    return "minutes", 60.0


def seconds_of(text: str) -> float:
    """Seconds of a span written as ``1:58:00``, ``PT2H`` or ``2 days 01:00:00``; NaN if it is none."""
    if found := _CLOCK.fullmatch(text):
        sign, days, hours, minutes, seconds = found.groups()
        total = int(days or 0) * 86400 + int(hours) * 3600 + int(minutes) * 60 + float(seconds)
        return -total if sign else total
    found = _ISO.fullmatch(text)
    if found is None or not any(found.groups()[1:]):
        return np.nan
    sign, *parts = found.groups()
    total = sum(float(part or 0) * size for part, size in zip(parts, (604800, 86400, 3600, 60, 1), strict=True))
    return -total if sign else total


def short_seconds(text: str, unit: str) -> float:
    """Seconds of ``1:58`` where the study counts in hours (hours and minutes) or in seconds (minutes and seconds)."""
    large, small = (int(part) for part in text.split(":"))
    each = {3600.0: (3600.0, 60.0), 1.0: (60.0, 1.0)}.get(counted_in(unit)[1] if unit else 0.0)
    return np.nan if each is None else large * each[0] + small * each[1]


def seconds_of_cell(cell: object) -> float:
    """Seconds of a span or a time of day as a workbook's cell holds it; NaN if it is none."""
    if cell is pd.NaT:
        return np.nan
    if isinstance(cell, timedelta | np.timedelta64):
        return float(pd.Timedelta(cell).total_seconds())
    if isinstance(cell, time):
        return cell.hour * 3600.0 + cell.minute * 60.0 + cell.second + cell.microsecond / 1e6
    return np.nan
