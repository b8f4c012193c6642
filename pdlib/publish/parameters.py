"""Parameters of a notebook: read from its tagged cell, checked by name, injected the way papermill does it."""

from __future__ import annotations

import ast
import difflib
import math
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

from pdlib.errors import PdlibError, StudyError

if TYPE_CHECKING:
    from nbformat import NotebookNode

OF_THE_PAGE = "injected-for-this-page"
_DYNAMIC = {"__import__", "delattr", "eval", "exec", "get_ipython", "getattr", "globals", "locals", "setattr", "vars"}
_SEEDING = {"seed", "set_state", "setstate"}
_UNKNOWN = object()
_WORDS = {"true": True, "false": False, "none": None}


class ParameterError(PdlibError):
    """A parameter that the notebook does not have, or a value that does not fit it."""


def declared(nb: Mapping[str, Any]) -> dict[str, Any]:
    """Names and default values assigned in the cell tagged ``parameters``.

    Parameters
    ----------
    nb : NotebookNode or dict
        A dict as in the notebook's file will do: whether anything has changed must be known before nbformat loads.

    Returns
    -------
    dict
        Defaults by name; a private marker stands for defaults that are not literals. Empty without such a cell.

    Raises
    ------
    StudyError
        If that cell is not Python.
    """
    cell = next((cell for cell in nb["cells"] if cell["cell_type"] == "code" and "parameters" in tags(cell)), None)
    if cell is None:
        return {}
    try:
        statements = ast.parse("".join(cell["source"])).body
    except SyntaxError as error:
        raise StudyError(f"The notebook's cell tagged 'parameters' is not Python: {error.msg}: {error.text}") from None
    found: dict[str, Any] = {}
    for statement in statements:
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
        check_name(name, known)
    return {name: _fitted(name, value, known[name]) for name, value in given.items()}


def inject(nb: NotebookNode, values: Mapping[str, Any], after: int | None = None) -> NotebookNode:
    """Put a cell tagged ``injected-parameters`` behind the parameters, in place of an earlier one.

    The notebook given is changed, and returned.

    Parameters
    ----------
    nb : NotebookNode
    values : mapping of str to object
    after : int, optional
        Put it behind this cell instead, beside the one that is there: for what differs between pages whose cells up
        to this one are shared.
    """
    import nbformat.v4

    if after is None:
        nb.cells = [cell for cell in nb.cells if "injected-parameters" not in tags(cell)]
        after = next((i for i, cell in enumerate(nb.cells) if "parameters" in tags(cell)), -1)
        name, tagged = "injected-parameters", ["injected-parameters"]
    else:
        name, tagged = OF_THE_PAGE, ["injected-parameters", OF_THE_PAGE]
    source = "\n".join(["# Parameters", *(f"{name} = {_python(value)}" for name, value in values.items())])
    nb.cells.insert(after + 1, nbformat.v4.new_code_cell(source, metadata={"tags": tagged}, id=name))
    return nb


def last_shared(nb: NotebookNode, differing: Iterable[str]) -> int | None:
    """Position of the last cell that all pages of a batch share; None if the notebook has none.

    The cells tagged ``shared`` must be the first that run after the parameters, and must not touch what differs.

    Parameters
    ----------
    nb : NotebookNode
    differing : iterable of str
        Names of the parameters that differ from page to page.

    Raises
    ------
    ParameterError
        If a shared cell stands behind one that is not, uses such a name, or reaches for names in a way that no check
        can follow.
    """
    code = [i for i, cell in enumerate(nb.cells) if cell.cell_type == "code" and cell.source.strip()]
    shared = [i for i in code if "shared" in tags(nb.cells[i])]
    if not shared:
        return None
    parameters = next((i for i in code if "parameters" in tags(nb.cells[i])), -1)
    for i in (i for i in code if i <= shared[-1] and i != parameters):
        if i > parameters and i not in shared and "injected-parameters" not in tags(nb.cells[i]):
            raise ParameterError(
                f"Cell {shared[-1] + 1} is tagged 'shared' but stands behind cell {i + 1}, which is not. The shared "
                "cells come first: tag that one too, or move it down."
            )
        if i != parameters and "injected-parameters" not in tags(nb.cells[i]):
            _check_shared(i, nb.cells[i].source, set(differing))
    return shared[-1]


def _check_shared(index: int, source: str, differing: set[str]) -> None:
    where = f"Cell {index + 1} is shared by all pages"
    try:
        nodes = list(ast.walk(ast.parse(source)))
    except SyntaxError:
        raise ParameterError(f"{where} but is not plain Python, so what it uses cannot be checked.") from None
    names = {node.id for node in nodes if isinstance(node, ast.Name)}
    names |= {name for node in nodes if isinstance(node, ast.Global) for name in node.names}
    names |= {alias.name for node in nodes if isinstance(node, ast.Import) for alias in node.names}
    if used := sorted(names & differing):
        raise ParameterError(f"{where} but uses '{used[0]}', which differs from page to page. Untag it, or part it.")
    if used := sorted(names & (_DYNAMIC | {"__main__"})):
        raise ParameterError(f"{where} but uses {used[0]}, behind which any name could hide. Untag it, or do without.")


def seeds(nb: NotebookNode, last: int) -> bool:
    """Whether the shared cells set a random state, which the pages must then go on from."""
    trees = [ast.parse(cell.source) for cell in nb.cells[: last + 1] if cell.cell_type == "code"]
    nodes = [node for tree in trees for node in ast.walk(tree)]
    called = {getattr(node.func, "attr", getattr(node.func, "id", "")) for node in nodes if isinstance(node, ast.Call)}
    return bool(called & _SEEDING)


def tags(cell: Mapping[str, Any]) -> set[str]:
    """Tags of a notebook cell; an empty set if it has none."""
    return set(cell.get("metadata", {}).get("tags", []))


def _literal(value: ast.expr) -> Any:
    try:
        return ast.literal_eval(value)
    except ValueError:
        return _UNKNOWN


def check_name(name: str, known: Mapping[str, Any]) -> None:
    """Refuse a parameter that the notebook does not have: the usual report under another name would mislead."""
    if name in known:
        return
    if not known:
        raise ParameterError(
            f"The notebook has no parameter '{name}': it has no cell tagged 'parameters'. Add one that sets it."
        )
    close = difflib.get_close_matches(name, known, n=1, cutoff=0.5)
    hint = f"Did you mean '{close[0]}'?" if close else f"It has: {', '.join(known)}."
    raise ParameterError(f"The notebook has no parameter '{name}'. {hint}")


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
