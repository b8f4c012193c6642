"""Whether a table holds less than at the last good build: half an export must not replace a whole page."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pdlib.observations import Observations
from pdlib.observations.periods import Calendar
from pdlib.show.wording import listed

TOLERATED = 0.05  # share of rows or units that may be missing in the periods that both builds hold


def size(observations: Observations) -> dict[str, Any]:
    """How much a study's tables hold, for the record of a build.

    Returns
    -------
    dict
        ``periods`` in the order of time; ``units``; and ``rows`` of each table by period or wave.
    """
    panel, practices = observations.panel, observations.practices
    whole = panel[["unit", "period"]]
    aside = observations.set_aside[["unit", "period"]]
    rows = {
        "observations": whole["period"].value_counts().add(aside["period"].value_counts(), fill_value=0),
        "practices": practices[["unit", "wave"]].drop_duplicates()["wave"].value_counts(),
    }
    return {
        "periods": list(map(str, observations.periods)),
        "units": int(panel["unit"].nunique()),
        "rows": {name: {str(key): int(n) for key, n in found.items()} for name, found in rows.items() if len(found)},
    }


def shrunk(before: Mapping[str, Any] | None, now: Mapping[str, Any]) -> str:
    """Say what has become smaller; empty if nothing has, or nothing is known of before.

    Parameters
    ----------
    before, now : mapping
        As `size`; compared over the periods that both hold.
    """
    if not before or not before.get("periods") or not now["periods"]:
        return ""
    before = _relabelled(before, Calendar.of(now["periods"]))
    found = []
    if before["periods"][-1] not in now["periods"]:
        found.append(f"the last period was {before['periods'][-1]} and is now {now['periods'][-1]}")
    if now["units"] < (1 - TOLERATED) * before["units"]:
        found.append(f"there were {before['units']:,} units and are now {now['units']:,}")
    for table, then in before["rows"].items():
        held = now["rows"].get(table, {})
        shared = [key for key in then if key in held]
        had, has = (sum(rows[key] for key in shared) for rows in (then, held))
        if not shared:
            found.append(f"nothing is left of the {table} table")
        elif has < (1 - TOLERATED) * had:
            found.append(f"the {table} table had {had:,} rows in the periods that it still holds and now has {has:,}")
    return listed(found)


def _relabelled(before: Mapping[str, Any], calendar: Calendar) -> Mapping[str, Any]:
    """What was held before, by the labels of now: an earlier version wrote "2016-4", and in another order."""

    def label(name: str) -> str:
        return calendar.match(name) or name

    rows: dict[str, dict[str, int]] = {}
    for table, counts in before["rows"].items():
        rows[table] = {}
        for name, count in counts.items():
            rows[table][label(name)] = rows[table].get(label(name), 0) + count
    periods = dict.fromkeys(map(label, before["periods"]))
    return {**before, "periods": list(Calendar.of(periods).labels), "rows": rows}
