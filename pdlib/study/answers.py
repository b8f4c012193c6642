"""Keys that settle a question about the data, in the words of the door that the user came through."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

Door = Literal["toml", "keywords"]
_LISTS = {"outcome", "context", "practice"}  # in TOML each entry is a table of its own: [[outcome]]
_NAMES = {"practice": "practice"}  # the key that tells one entry from another; "name" elsewhere
_BARE = {"outcome": {"better", "kind", "n", "sd", "se", "label", "per"}}  # words of `read` itself


@dataclass(frozen=True)
class Answer:
    """Entries of a study that settle a question.

    Attributes
    ----------
    section : str
        "unit", "period", "tables", "outcome", "context", "practice" or "practices".
    entries : mapping
        Keys with values as TOML and Python have them: texts, numbers, booleans, lists, tables.
    of : str
        Which outcome, condition or practice, by its name; which table, in ``tables`` (empty: all of them).
    meaning : str
        What the data are taken for then: "a shop like any other".
    """

    section: str
    entries: Mapping[str, Any]
    of: str = ""
    meaning: str = ""

    def said(self, door: Door) -> str:
        """The answer as the user would write it: ``[unit] exclude = ["Total"]`` or ``unit={"exclude": ["Total"]}``."""
        return self._in_toml() if door == "toml" else self._in_keywords()

    def _in_toml(self) -> str:
        pairs = ", ".join(f"{key} = {as_toml(value)}" for key, value in self.entries.items())
        if self.section in _LISTS:
            name = f"{_NAMES.get(self.section, 'name')} = {as_toml(self.of)}: " if self.of else ""
            return f"[[{self.section}]] {name}{pairs}"
        return f"[{self.section}{'.' + self.of if self.section == 'tables' and self.of else ''}] {pairs}"

    def _in_keywords(self) -> str:
        bare = _BARE.get(self.section, set())
        if set(self.entries) <= bare:
            return ", ".join(f"{key}={_as_python(value)}" for key, value in self.entries.items())
        inside = ", ".join(f"{_as_python(key)}: {_as_python(value)}" for key, value in self.entries.items())
        if self.section == "tables":
            return (
                f"tables={{{inside}}}" if self.of in {"", "observations"} else f"tables={{'{self.of}': {{{inside}}}}}"
            )
        column = {"unit": "column", "period": "column", "outcome": "column", "context": "name"}.get(self.section)
        first = f"{_as_python(column or 'practice')}: {_as_python(self.of)}, " if self.of else ""
        entry = f"{{{first}{inside}}}"
        return {"context": f"context=[{entry}]", "practice": f"practices=[{entry}]"}.get(
            self.section, f"{self.section}={entry}"
        )


def as_toml(value: Any) -> str:
    """A value as TOML writes it."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, str):
        return '"' + value.replace("\\", "\\\\").replace('"', '\\"') + '"'
    if isinstance(value, Mapping):
        return "{" + ", ".join(f"{_key(str(k))} = {as_toml(v)}" for k, v in value.items()) + "}"
    if isinstance(value, list | tuple):
        return "[" + ", ".join(map(as_toml, value)) + "]"
    return f"{value:g}" if isinstance(value, float) and value == int(value) else str(value)


def _key(name: str) -> str:
    return name if re.fullmatch(r"[A-Za-z0-9_-]+", name) else as_toml(name)


def _as_python(value: Any) -> str:
    if isinstance(value, str):
        return '"' + value.replace("\\", "\\\\").replace('"', '\\"') + '"'
    if isinstance(value, list | tuple):
        return "[" + ", ".join(map(_as_python, value)) + "]"
    if isinstance(value, Mapping):
        return "{" + ", ".join(f"{_as_python(k)}: {_as_python(v)}" for k, v in value.items()) + "}"
    return as_toml(value) if isinstance(value, float) else repr(value)
