"""Parameters of a notebook: read from its tagged cell, checked by name, injected the way papermill does it."""

from __future__ import annotations

import ast
import difflib
import math
from collections.abc import Mapping
from typing import Any

import nbformat.v4
from nbformat import NotebookNode

from pdlib.errors import PdlibError
from pdlib.publish.checks import cell_tags

_UNKNOWN = object()
_WORDS = {"true": True, "false": False, "none": None}


class ParameterError(PdlibError):
    """A parameter that the notebook does not have, or a value that does not fit it."""


def declared(nb: NotebookNode) -> dict[str, Any]:
    """Names and default values assigned in the cell tagged ``parameters``.

    Parameters
    ----------
    nb : NotebookNode

    Returns
    -------
    dict
        Defaults by name; a private marker stands for defaults that are not literals. Empty without such a cell.
    """
    cell = _tagged(nb, "parameters")
    if cell is None:
        return {}
    found: dict[str, Any] = {}
    for statement in ast.parse(cell.source).body:
        if isinstance(statement, ast.Assign):
            targets, value = statement.targets, statement.value
        elif isinstance(statement, ast.AnnAssign) and statement.value is not None:
            targets, value = [statement.target], statement.value
        else:
            continue
        found |= {target.id: _literal(value) for target in targets if isinstance(target, ast.Name)}
    return found


def resolve(given: Mapping[str, Any], known: Mapping[str, Any]) -> dict[str, Any]:
    """Check the names given against those declared, and turn text into the type of each default.

    Parameters
    ----------
    given : mapping of str to object
        Values by name. Text from a command line is read as a number or a truth value only where the notebook's
        default is one: ``region = "007"`` stays text.
    known : mapping of str to object
        As returned by `declared`.

    Raises
    ------
    ParameterError
        If a name is not declared, or a text cannot be read as the default's type.

    Examples
    --------
    >>> resolve({"top_share": "0.05"}, {"top_share": 0.1})
    {'top_share': 0.05}
    """
    for name in given:
        if name not in known:
            raise ParameterError(_unknown_name(name, known))
    return {name: _fitted(name, value, known[name]) for name, value in given.items()}


def inject(nb: NotebookNode, values: Mapping[str, Any]) -> NotebookNode:
    """Put a cell tagged ``injected-parameters`` behind the parameters, in place of an earlier one.

    The notebook given is changed, and returned.
    """
    nb.cells = [cell for cell in nb.cells if "injected-parameters" not in cell_tags(cell)]
    position = next((i for i, cell in enumerate(nb.cells) if "parameters" in cell_tags(cell)), -1)
    source = "\n".join(["# Parameters", *(f"{name} = {_python(value)}" for name, value in values.items())])
    cell = nbformat.v4.new_code_cell(source, metadata={"tags": ["injected-parameters"]}, id="injected-parameters")
    nb.cells.insert(position + 1, cell)
    return nb


def _tagged(nb: NotebookNode, tag: str) -> NotebookNode | None:
    return next((cell for cell in nb.cells if cell.cell_type == "code" and tag in cell_tags(cell)), None)


def _literal(value: ast.expr) -> Any:
    try:
        return ast.literal_eval(value)
    except ValueError:
        return _UNKNOWN


def _unknown_name(name: str, known: Mapping[str, Any]) -> str:
    if not known:
        return f"The notebook has no parameter '{name}': it has no cell tagged 'parameters'. Add one that sets it."
    close = difflib.get_close_matches(name, known, n=1, cutoff=0.5)
    hint = f"Did you mean '{close[0]}'?" if close else f"It has: {', '.join(known)}."
    return f"The notebook has no parameter '{name}'. {hint}"


def _fitted(name: str, value: Any, default: Any) -> Any:
    if not isinstance(value, str) or isinstance(default, str):
        return value
    if default is _UNKNOWN or default is None:
        return _WORDS.get(value.lower(), value)
    try:
        if isinstance(default, bool):
            return _WORDS[value.lower()]
        if isinstance(default, int) and float(value).is_integer():
            return int(float(value))
        if isinstance(default, (int, float)):
            return float(value)
        fitted = ast.literal_eval(value)
    except (KeyError, ValueError, SyntaxError):
        fitted = _UNKNOWN
    if not isinstance(fitted, type(default)):
        kind = type(default).__name__
        raise ParameterError(f"Parameter '{name}' is '{value}', but the notebook expects {kind}, as in {default!r}.")
    return fitted


def _python(value: Any) -> str:
    """Write a value as Python source, floats that have no literal included."""
    if isinstance(value, float) and not math.isfinite(value):
        return f"float('{value}')"
    if isinstance(value, Mapping):
        return "{" + ", ".join(f"{_python(key)}: {_python(item)}" for key, item in value.items()) + "}"
    if isinstance(value, (list, tuple)):
        inner = ", ".join(_python(item) for item in value)
        return f"[{inner}]" if isinstance(value, list) else f"({inner},)" if len(value) == 1 else f"({inner})"
    if value is None or isinstance(value, (bool, int, float, str)):
        return repr(value)
    raise ParameterError(f"A parameter of type {type(value).__name__} cannot be handed to a notebook; give text.")
