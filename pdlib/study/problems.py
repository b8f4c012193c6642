"""What is wrong with a declaration, in sentences: all of it at once, with the likely right word."""

from __future__ import annotations

from collections.abc import Iterable
from difflib import get_close_matches
from typing import TYPE_CHECKING, Any

from pydantic import ValidationError

from pdlib.study.parts import PARTS, Outcome

if TYPE_CHECKING:
    from pdlib.study.declaration import Study

_WANTED = {
    "model_type": "a table with keys is needed",
    "tuple_type": 'a list is needed, as in ["a", "b"]',
    "string_type": "a text is needed",
    "too_short": "at least one is needed",
}


def did_you_mean(word: str, choices: Iterable[str]) -> str:
    """The words " (did you mean 'x'?)" if one of the choices is close or the same in another case, else nothing."""
    known = list(choices)
    close = [choice for choice in known if choice.casefold() == word.casefold()]
    close = close or get_close_matches(word, known, n=1, cutoff=0.6)
    return f" (did you mean {close[0]!r}?)" if close else ""


def practice_in_context(study: Study, practices: Iterable[str]) -> list[str]:
    """Say which practices stand among the context: adjusting for them would adjust the deviance away."""
    both = sorted({item.name for item in study.context} & set(practices))
    return [
        f"{name!r} is declared as context and as practice. Context is what a unit cannot choose, a practice is what "
        "it can: adjusting for it would hide the very thing looked for. Remove it from one of the two."
        for name in both
    ]


def outcome_problems(outcomes: tuple[Outcome, ...]) -> list[str]:
    """Say which outcomes share a name, and whether more or less than one is primary."""
    names = [outcome.name for outcome in outcomes]
    problems = [
        f"outcome {name!r} is declared twice; give each its own name."
        for name in sorted(set(names))
        if names.count(name) > 1
    ]
    primary = [outcome.name for outcome in outcomes if outcome.role == "primary"]
    if len(primary) != 1:
        found = f"outcomes {', '.join(primary)} all have" if primary else "no outcome has"
        problems.append(f'{found} the role "primary"; exactly one must, the others take "other" or "balancing".')
    return problems


def composite_problems(study: Study) -> list[str]:
    """Say which weights of the composite belong to no outcome."""
    if study.composite is None:
        return []
    names = [outcome.name for outcome in study.outcome]
    problems = [
        f"composite.weights names {name!r}, which is no outcome{did_you_mean(name, names)}; weigh {', '.join(names)}."
        for name in study.composite.weights
        if name not in names
    ]
    if study.composite.name in names:
        problems.append(f"composite {study.composite.name!r} has the name of an outcome; give it its own.")
    return problems


def outcome_elsewhere(study: Study) -> list[str]:
    """Say which columns that an outcome measures are declared as context or practice too."""
    measured = {outcome.amount for outcome in study.outcome}
    declared = [("context", item.name) for item in study.context]
    declared += [("practice", item.practice) for item in study.practice]
    return [
        f"{name!r} is declared as {role} and is what an outcome measures: it would explain itself. "
        f"Remove it from {role}."
        for role, name in declared
        if name in measured
    ]


def explain(error: ValidationError, keys: Iterable[str]) -> str:
    """Tell what pydantic found; `keys` are those of a study."""
    return listed([_explain_one(dict(item), keys) for item in error.errors()])


def _explain_one(item: dict[str, Any], keys: Iterable[str]) -> str:
    place = [part for part in item["loc"] if not str(part).startswith("function-")]
    where = "".join(f"[{part + 1}]" if isinstance(part, int) else f".{part}" for part in place).lstrip(".")
    if item["type"] == "extra_forbidden":
        key = str(place[-1])
        keys = PARTS[str(place[0])].model_fields if len(place) > 1 else keys
        keys = [name for name in keys if name != "folder"]
        return f"{where} is not a key of a study{did_you_mean(key, keys)}. Known here: {', '.join(keys)}."
    if item["type"] == "missing":
        return f"{where} is missing; it must be given."
    if item["type"] == "value_error":
        return f"{where}: {item['ctx']['error']}."
    wanted = _WANTED.get(item["type"], item["msg"][0].lower() + item["msg"][1:])
    return f"{where}: found {item['input']!r}; {wanted}."


def listed(problems: list[str]) -> str:
    """Number problems, if there are several."""
    if len(problems) == 1:
        return problems[0]
    return "\n".join(
        [f"{len(problems)} problems in the declaration.", *(f"{k}. {text}" for k, text in enumerate(problems, 1))]
    )
