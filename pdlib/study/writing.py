"""Put a chosen answer into a study.toml, leaving everything else as its author wrote it."""

from __future__ import annotations

import os
from collections.abc import MutableMapping
from pathlib import Path
from typing import Any

import tomlkit
from tomlkit.exceptions import TOMLKitError

from pdlib.errors import StudyError
from pdlib.study.answers import Answer
from pdlib.study.declaration import Study
from pdlib.study.parts import AMOUNTS

_IS_A_NAME = {"unit": "column", "period": "column"}  # may stand as the column's name alone
_NAME_KEYS = {"practice": "practice"}


def write_answers(path: Path, answers: list[Answer]) -> None:
    """Add answers to a study file, in one step: the old file stays if any of them does not fit.

    Parameters
    ----------
    path : Path
        The ``study.toml``.
    answers : list of Answer

    Raises
    ------
    StudyError
        If the study would be wrong with them.
    """
    try:
        document = tomlkit.parse(path.read_bytes().decode("utf-8"))
    except TOMLKitError as error:
        raise StudyError(f"{path.name} is not a TOML file: {error}. Correct that line.") from None
    for answer in answers:
        _put(document, answer)
    text = tomlkit.dumps(document)
    Study(**{**tomlkit.parse(text).unwrap(), "folder": path.parent})
    sibling = path.with_name(f".{path.name}.{os.getpid()}.tmp")
    try:
        sibling.write_bytes(text.encode("utf-8"))
        sibling.replace(path)
    finally:
        sibling.unlink(missing_ok=True)


def _put(document: MutableMapping[str, Any], answer: Answer) -> None:
    entry = _entry(document, answer)
    if answer.section == "outcome" and "kind" in answer.entries:
        _rename_columns(entry, str(answer.entries["kind"]))
    for key, value in answer.entries.items():
        _set(entry, key, _as_written(value))


def _set(entry: MutableMapping[str, Any], key: str, value: Any) -> None:
    """Set one key; a list grows, a table gets what it has not, and everything else stays as it was written."""
    present = entry.get(key)
    if isinstance(present, list) and isinstance(value, list):
        present.extend(item for item in value if item not in present)
    elif isinstance(present, MutableMapping) and isinstance(value, dict):
        for name, own in value.items():
            if present.get(name) != own:
                present[name] = own
    elif isinstance(value, dict):
        inline = tomlkit.inline_table()
        inline.update(value)
        entry[key] = inline
    else:
        entry[key] = value


def _as_written(value: Any) -> Any:
    """A value as people write it: lists, and whole numbers without decimals."""
    if isinstance(value, list | tuple):
        return [_as_written(item) for item in value]
    if isinstance(value, dict):
        return {name: _as_written(own) for name, own in value.items()}
    return int(value) if isinstance(value, float) and value == int(value) else value


def _entry(document: MutableMapping[str, Any], answer: Answer) -> MutableMapping[str, Any]:
    """The table of the document that the answer belongs into, made if there is none."""
    section, name = answer.section, _NAME_KEYS.get(answer.section, "name")
    if section == "tables" and answer.of:
        return _spelt_out(document.setdefault("tables", tomlkit.table()), answer.of, "file", inline=True)
    if section in {"outcome", "context", "practice"}:
        entries = _as_tables(document, section, name)
        own = next((item for item in entries if answer.of in _names(item, name)), None)
        if own is None:
            own = tomlkit.table()
            own[name] = answer.of
            entries.append(own)
            own = entries[-1]
        return own
    return _spelt_out(document, section, _IS_A_NAME.get(section, "column"), inline=False)


def _rename_columns(entry: MutableMapping[str, Any], kind: str) -> None:
    """Call the columns of an outcome what they are to its new kind."""
    for names, name in ((AMOUNTS.values(), AMOUNTS[kind]), (("n", "exposure"), "exposure" if kind == "rate" else "n")):
        for old in names:
            if old in entry and old != name:
                entry[name] = entry.pop(old)


def _names(item: MutableMapping[str, Any], name: str) -> set[Any]:
    """What an entry may be called: its name, or the column that it measures."""
    return {item.get(key) for key in (name, "successes", "value", "events")}


def _spelt_out(parent: MutableMapping[str, Any], key: str, name: str, *, inline: bool) -> MutableMapping[str, Any]:
    """A table in place of the plain text that stands for its first key."""
    if not isinstance(parent.get(key), MutableMapping):
        table = tomlkit.inline_table() if inline else tomlkit.table()
        if key in parent:
            table[name] = parent[key]
            del parent[key]
        parent[key] = table
    entry: MutableMapping[str, Any] = parent[key]
    return entry


def _as_tables(document: MutableMapping[str, Any], section: str, name: str) -> Any:
    """The entries of ``[[section]]``; names in a plain list, and a single table, are spelt out first."""
    given = document.get(section)
    if isinstance(given, MutableMapping):
        given = [given]
    if not isinstance(given, list) or any(isinstance(item, str) for item in given) or section not in document:
        items = given or []
        array = tomlkit.aot()
        for item in items:
            table = tomlkit.table()
            table.update({name: item} if isinstance(item, str) else item)
            array.append(table)
        if section in document:
            del document[section]
        document[section] = array
    elif isinstance(document[section], MutableMapping):
        return [document[section]]
    return document[section]
