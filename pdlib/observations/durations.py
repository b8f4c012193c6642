"""Spans of time as numbers: in minutes, or in what the study says."""

from __future__ import annotations

import re
from datetime import time, timedelta

import numpy as np
import pandas as pd

SPANS = "spans of time, in"  # how a note begins on a column that holds them
# Names of units of time in several languages: English, German, French, Spanish, Italian, Portuguese, Dutch, Swedish.
_NAMES = {
    1e-3: "ms msec msecs millisecond milliseconds millisekunde millisekunden",
    1.0: "s sec secs second seconds sek sekunde sekunden seconde secondes secondi secondo seg segs segundo segundos"
    " seconden sekund sekunder",
    60.0: "min mins minute minutes minuten minuto minutos minuti minuut minuter minut minutter",
    3600.0: "h hr hrs hour hours std stde stunde stunden heure heures hora horas ora ore uur uren timme timmar timer",
    86400.0: "d day days tag tage tagen jour jours día días dia dias giorno giorni dag dagen dagar dage",
    604800.0: "w wk wks week weeks woche wochen semaine semaines semana semanas settimana settimane weken vecka veckor"
    " uge uger",
}  # fmt: skip
_SECONDS = {name: seconds for seconds, names in _NAMES.items() for name in names.split()}
_TIMED = re.compile(r"([-+]?\d[\d.,]*)\s*([^\W\d_]+)\.?")  # 75 min, 1.25 h
_CLOCK = re.compile(r"(-?)(?:(\d+) days? ?,? ?\+?)?(\d+):([0-5]\d):([0-5]\d(?:\.\d+)?)")
_ISO = re.compile(r"(-?)P(?:(\d+)W)?(?:(\d+)D)?(?:T(?:(\d+)H)?(?:(\d+)M)?(?:(\d+(?:\.\d+)?)S)?)?", re.IGNORECASE)
SHORT = re.compile(r"\d+:[0-5]\d")  # hours and minutes, or minutes and seconds?


def counted_in(unit: str) -> tuple[str, float]:
    """The unit that spans are counted in, and its seconds: minutes if the study says none; NaN if not of time."""
    said = unit.strip()
    if not said:
        return "minutes", 60.0
    return said, _SECONDS.get(said.split()[0].lower().rstrip("."), np.nan)


def unit_of(text: str) -> str:
    """The unit of time that is written behind a number, as in ``75 min``; "" if there is none."""
    found = _TIMED.fullmatch(text)
    return found[2].lower() if found and found[2].lower() in {*_SECONDS, "m"} else ""


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
