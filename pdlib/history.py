"""What earlier builds found, beside the study, and what has changed since.

``history.jsonl`` lies in the study's folder and never under ``reports/``: it holds the names of units that are likely
to stand out, which nobody has cleared. One line of JSON for each finding that was published; whoever may see the data
may see it. It is written by `pdlib build` alone, so that looking around in a notebook leaves no trace in it.
"""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pdlib.errors import StudyError

if TYPE_CHECKING:
    import pandas as pd

FILE = "history.jsonl"
_KEPT_GROUPS = ("confident", "likely")
_FOUND = ("strong", "promising")
_KEPT_GRADES = (*_FOUND, "follows success")
_UNIT = {"group": "group", "chance": "p_top", "value": "shrunken_excess"}
_RULES = ("top", "false_share")
_KEYS = {"built", "data", "id", "outcome", "practices", "rules", "study", "units"}


@dataclass(frozen=True)
class Change:
    """What one finding has that an earlier one had not, and the other way round.

    Attributes
    ----------
    since : str
        When the earlier one was published, as ISO time.
    new, stayed, left : tuple of str
        Units named now only, both times, and then only.
    practices_new, practices_gone : tuple of str
        Labels of practices that are strong or promising now only, and then only.
    same_data, same_rules : bool
        Whether the two rest on the same data, and on the same rules of who is named.
    """

    since: str
    new: tuple[str, ...]
    stayed: tuple[str, ...]
    left: tuple[str, ...]
    practices_new: tuple[str, ...]
    practices_gone: tuple[str, ...]
    same_data: bool
    same_rules: bool

    @property
    def day(self) -> str:
        """The day of the earlier report: "3 October 2026"."""
        then = datetime.fromisoformat(self.since)
        return f"{then.day} {then:%B %Y}"


def finding(
    table: pd.DataFrame, practices: pd.DataFrame | None, settings: Mapping[str, Any], study: str
) -> dict[str, Any]:
    """Put what was found into an entry of the history.

    Parameters
    ----------
    table : DataFrame
        As ``Deviants.table``.
    practices : DataFrame or None
        As ``Practices.table``.
    settings : mapping
        Of the deviants: outcome, rules, data hash and version.
    study : str
        Name of the study.

    Returns
    -------
    dict
        ``id`` (the same for the same data, settings and version), ``study``, ``outcome``, ``data``, ``rules``,
        ``n_units``, ``units`` and ``practices``.
    """
    kept = table[table["group"].isin(_KEPT_GROUPS)]
    units = {
        row["unit"]: {name: _plain(row[column]) for name, column in _UNIT.items()}
        | {side: _plain(row[f"shrunken_excess_{side}"]) for side in ("lower", "upper")}
        for _, row in kept.iterrows()
    }
    graded = [] if practices is None else practices[practices["grade"].isin(_KEPT_GRADES)].to_dict("records")
    return {
        "id": identity(settings),
        "study": study,
        "outcome": settings["outcome"],
        "data": settings["data_hash"],
        "rules": {name: settings[name] for name in _RULES},
        "n_units": len(table),
        "units": units,
        "practices": {
            row["practice"]: {
                "label": row["label"], "grade": row["grade"], "value": _plain(row["contrast"]),
                "lower": _plain(row["contrast_lower"]), "upper": _plain(row["contrast_upper"]),
            }
            for row in graded
        },
    }  # fmt: skip


def identity(settings: Mapping[str, Any]) -> str:
    """Name a finding by everything it depends on."""
    return hashlib.sha256(json.dumps(settings, sort_keys=True, default=str).encode()).hexdigest()[:16]


def entries(folder: Path) -> list[dict[str, Any]]:
    """Every finding of a study's folder, the oldest first; a line that was cut off is passed over."""
    try:
        lines = (folder / FILE).read_text(encoding="utf-8", errors="replace").splitlines()
    except FileNotFoundError:
        return []
    found = []
    for line in lines:
        try:
            entry = json.loads(line)
        except ValueError:
            continue
        if isinstance(entry, dict) and entry.keys() >= _KEYS:
            found.append(entry)
    return found


def previous(folder: Path, study: str, outcome: str | None = None, than: str | None = None) -> dict[str, Any] | None:
    """The last finding that differs from the present one.

    Parameters
    ----------
    folder : Path
        Of the study.
    study : str
        Name of the study.
    outcome : str, optional
        Which outcome it must be about; by default any.
    than : str, optional
        Identity of the present finding: building again from the same data is no new report.
    """
    kept = (e for e in reversed(entries(folder)) if e["study"] == study and outcome in {None, e["outcome"]})
    return next((entry for entry in kept if entry["id"] != than), None)


def compare(earlier: Mapping[str, Any], now: Mapping[str, Any], among: Collection[str] | None = None) -> Change:
    """Say what changed between two findings.

    Parameters
    ----------
    earlier, now : mapping
        Entries of the history.
    among : collection of str, optional
        Look at these units only.

    Returns
    -------
    Change
    """
    then, here = (
        {
            unit
            for unit, row in entry["units"].items()
            if row["group"] == "confident" and (among is None or unit in among)
        }
        for entry in (earlier, now)
    )
    before, after = (
        {name: row["label"] for name, row in entry["practices"].items() if row["grade"] in _FOUND}
        for entry in (earlier, now)
    )
    return Change(
        since=earlier["built"],
        new=tuple(sorted(here - then)),
        stayed=tuple(sorted(here & then)),
        left=tuple(sorted(then - here)),
        practices_new=tuple(after[name] for name in sorted(after.keys() - before.keys())),
        practices_gone=tuple(before[name] for name in sorted(before.keys() - after.keys())),
        same_data=earlier["data"] == now["data"],
        same_rules=earlier["rules"] == now["rules"],
    )


def add(folder: Path, entry: Mapping[str, Any], built: str) -> None:
    """Add a finding with the time it was published; on disk before this returns."""
    text = json.dumps({"built": built, **entry}, ensure_ascii=False, allow_nan=False) + "\n"
    with (folder / FILE).open("a+b") as stream:
        if stream.tell():
            stream.seek(-1, os.SEEK_END)
            if stream.read(1) != b"\n":
                text = "\n" + text  # a line that was cut off stays alone
        stream.write(text.encode())
        stream.flush()
        os.fsync(stream.fileno())


def load_history(folder: str | Path) -> pd.DataFrame:
    """Read a study's history as a tidy table.

    Parameters
    ----------
    folder : str or Path
        Folder of the study.

    Returns
    -------
    DataFrame
        One row per finding and unit or practice: ``built``, ``finding``, ``outcome``, ``kind`` ("unit" or
        "practice"), ``name``, ``group`` (of a unit: confident or likely; of a practice: its grade), ``value`` with
        ``lower`` and ``upper`` (shrunken excess with 90 % bounds; contrast with 95 % bounds), ``chance`` (p_top).

    Raises
    ------
    StudyError
        If there is none.
    """
    import pandas as pd

    found = entries(Path(folder))
    if not found:
        raise StudyError(f"There is no {FILE} in {folder}. It is written by `pdlib build` beside the study it builds.")
    columns = ["built", "finding", "outcome", "kind", "name", "group", "value", "lower", "upper", "chance"]
    return pd.DataFrame(_rows(found), columns=columns)


def _rows(found: Iterable[Mapping[str, Any]]) -> list[tuple[Any, ...]]:
    return [
        (entry["built"], entry["id"], entry["outcome"], kind, name, row.get("group") or row.get("grade"), row["value"],
         row["lower"], row["upper"], row.get("chance"))
        for entry in found
        for kind, part in (("unit", entry["units"]), ("practice", entry["practices"]))
        for name, row in part.items()
    ]  # fmt: skip


def _plain(value: Any) -> Any:
    """A value that JSON has: a number without its last digits, which differ from machine to machine; None for NaN."""
    if isinstance(value, str):
        return value
    return None if value != value else float(f"{value:.6g}")  # noqa: PLR0124 - NaN differs from itself
