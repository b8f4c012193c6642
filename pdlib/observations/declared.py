"""A single table declared on the spot: the words of `pdlib.read` become a study."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pandas as pd

from pdlib.errors import StudyError
from pdlib.observations.sheet import Source
from pdlib.study import Outcome, Study, Table, Tables, did_you_mean
from pdlib.study.parts import AMOUNTS

WORDS = (
    "unit", "period", "outcome", "n", "sd", "se", "kind", "better", "label", "per", "context", "practices", "name",
)  # fmt: skip
_OWN_WORDS = ("n", "sd", "se", "kind", "better", "label", "per")  # of the outcome


def single_table(source: str | Path | pd.DataFrame, tables: Mapping[str, Any], given: Mapping[str, Any]) -> Source:
    """The source that a declaration on the spot stands for.

    Parameters
    ----------
    source : path or DataFrame
    tables : mapping
        How the table is written: keys of `pdlib.study.Table`, or the same under ``observations``.
    given : mapping
        The words of `read` with their values; None where nothing was said.

    Returns
    -------
    Source

    Raises
    ------
    StudyError
        If the unit or the outcome is missing, or a word says what cannot be.
    """
    given = {key: value for key, value in given.items() if value is not None}
    _check_given(given)
    declaration: dict[str, Any] = {
        "outcome": _outcome(given),
        "practice": [
            item if isinstance(item, Mapping) else {"practice": item} for item in _several(given.get("practices", ()))
        ],
        **{key: given[key] for key in ("name", "unit", "period", "context") if key in given},
    }
    written = _written(tables)
    said = "kind" in given or (isinstance(given["outcome"], Mapping) and "kind" in given["outcome"])
    if isinstance(source, pd.DataFrame):
        if written:
            declaration["tables"] = {"observations": written}
        return Source(Study(**declaration), {"observations": source}, door="keywords", kind_was_said=said)
    path = Path(source)
    files = {"name": path.stem, "tables": {"observations": {**written, "file": path.name}}, "folder": path.parent}
    return Source(Study(**(files | declaration)), {}, door="keywords", kind_was_said=said)


def refuse_words(words: Mapping[str, Any], *, of_a_study: bool) -> None:
    """Answer words that do not belong there.

    Raises
    ------
    StudyError
    """
    if of_a_study:
        named = ", ".join(sorted(words))
        raise StudyError(f"read(study) takes tables only; {named} belongs into the study itself.")
    wrong = [f"{key!r} is not known{did_you_mean(key, WORDS)}" for key in words]
    raise StudyError(f"{'; '.join(wrong)}. A single table takes {', '.join(WORDS)}; for more, write a study.toml.")


def _check_given(given: Mapping[str, Any]) -> None:
    missing = [key for key in ("unit", "outcome") if key not in given]
    if missing:
        raise StudyError(
            f"Say which column holds the {' and the '.join(missing)}: read(..., unit=..., period=..., outcome=...)."
        )


def _outcome(given: Mapping[str, Any]) -> dict[str, Any]:
    """The outcome as a study declares it, from a column's name or from the column's dict and the words beside it."""
    own = given["outcome"]
    own = dict(own) if isinstance(own, Mapping) else {"column": own}
    own = {key: given[key] for key in _OWN_WORDS if key in given} | own
    kind, column = own.setdefault("kind", "mean"), own.pop("column", own.get("name"))
    amount = AMOUNTS.get(kind, "value")
    if column is not None:
        own.setdefault(amount, column)
    if kind == "rate" and not {"n", "exposure"} & own.keys():
        raise StudyError("A rate needs its exposure, the opportunities behind the events: read(..., n=...).")
    if kind == "proportion" and "n" not in own:
        raise StudyError("A proportion needs n, how many stand behind the successes: read(..., n=...).")
    if kind == "rate" and "n" in own:
        own.setdefault("exposure", own.pop("n"))
    own.setdefault("name", own.get(amount))
    known = [*Outcome.model_fields, "column"]
    wrong = [f"outcome.{key} is not known{did_you_mean(key, known)}" for key in own if key not in known]
    if wrong:
        raise StudyError(f"{'; '.join(wrong)}. A column's own keys are {', '.join(known)}.")
    return own


def _several(value: Any) -> Sequence[Any]:
    return [value] if isinstance(value, str | Mapping) else list(value)


def _written(tables: Mapping[str, Any]) -> dict[str, Any]:
    """How the one table is written, from `tables`."""
    own = tables.get("observations", {})
    shared = {key: value for key, value in tables.items() if key != "observations"}
    known = [name for name in Table.model_fields if name != "file"]
    if not isinstance(own, Mapping):
        raise StudyError("Hand the observations in as the first argument; tables={...} says how a file is written.")
    wrong = [key for key in (*shared, *own) if key not in known]
    if wrong:
        extra = " Several tables need a Study." if set(wrong) & set(Tables.model_fields) else ""
        raise StudyError(f"tables.{wrong[0]} is not known{did_you_mean(wrong[0], known)}: {', '.join(known)}.{extra}")
    return {**shared, **own}
