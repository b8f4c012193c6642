"""What a notebook's kernel knows once its cells have run: asked by the builder, for the manifest."""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping
from typing import Any

from pdlib import history

ASK = "__import__('pdlib.publish.facts', fromlist=['facts']).facts(globals())"
ASK_MEMBERS = "__import__('pdlib.publish.facts', fromlist=['members']).members(globals(), {each!r})"


def facts(names: Mapping[str, Any]) -> str:
    """Tell what the names of a notebook hold, as JSON.

    Returns
    -------
    str
        ``rows_used``, ``rows_set_aside`` (by reason), ``settings`` (of every result, by the name it has in the
        notebook), ``finding`` (an entry of the history, without which there is None), ``change`` (a sentence) and
        ``open_figures`` (drawn and never shown).
    """
    pyplot = sys.modules.get("matplotlib.pyplot")
    observations, deviants = _first(names, "Observations"), _first(names, "Deviants")
    practices, insight = _first(names, "Practices"), _first(names, "Insight")
    found = {
        "rows_used": len(observations.panel) if observations is not None else None,
        "rows_set_aside": observations.unusable if observations is not None else {},
        "settings": _settings(names),
        "finding": None,
        "change": getattr(insight, "change", None),
        "open_figures": len(pyplot.get_fignums()) if pyplot else 0,
    }  # fmt: skip
    if deviants is not None:
        study = deviants.expected.observations.study.name
        frame = None if practices is None else practices.table
        found["finding"] = history.finding(deviants.table, frame, deviants.settings, study)
    return json.dumps(found, default=str)


def members(names: Mapping[str, Any], each: str) -> str:
    """List the study's units, or its regions, each with its label, as JSON; null if nothing was read."""
    observations = _first(names, "Observations")
    if observations is None:
        return "null"
    units = observations.units
    if each == "region":
        return json.dumps([[region, region] for region in sorted(units["region"].dropna().unique())])
    return json.dumps([[str(unit), str(label)] for unit, label in units["label"].items()])


def _first(names: Mapping[str, Any], kind: str) -> Any:
    """The first object of that class of ours that the notebook has named, and has not hidden."""
    return next((v for n, v in names.items() if type(v).__name__ == kind and _ours(v) and not n.startswith("_")), None)


def _ours(value: object) -> bool:
    return type(value).__module__.partition(".")[0] == "pdlib"


def _settings(names: Mapping[str, Any]) -> dict[str, Any]:
    return {
        name: value.settings
        for name, value in sorted(names.items())
        if not name.startswith("_") and _ours(value) and isinstance(getattr(value, "settings", None), dict)
    }
