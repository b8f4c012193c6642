"""The words of the page: the glossary, and small phrases around a value."""

from __future__ import annotations

from typing import Any

from markupsafe import Markup

from pdlib.show import element, text
from pdlib.show.formats import number, share
from pdlib.study import Context

NOBODY = {
    "nothing lasts": "stands out beyond means and luck",
    "cannot tell": "can be named yet",
    "not sure enough": "can be named yet",
    "named": "is named",
}
QUESTION = "What do you do here that is not on our list?"
GLOSSARY = {
    "Bright spot": "{A_unit} that very likely does better than its means explain, and not for a good spell only.",
    "Means": "What {a_unit} cannot choose: {conditions}.",
    "Expected": "What {units} with the same means usually reach. No {unit} takes part in its own expectation.",
    "Twin": "The ordinary {unit} most alike in its means and size.",
    "Real": "Truly among the best {top} of {units} over the time that was looked at.",
    "Strong": "Promising, and {units} that took it up rose afterwards; it shows something of its own.",
    "Travels with": "Mostly done together with another practice; beside that one it shows nothing of its own.",
    "Promising": "Goes with better results among {units} of the same means. Which came first is not known for all.",
    "Follows success": "A practice whose users were ahead before: {units} that took it up did not rise by as much.",
    "Cannot tell": "Could be chance, among so many practices that were tested together; its own range allows for none "
    "of the others.",
    "Not testable": "Too few {units} do it, or do without it, for a comparison.",
    "Range": "Where the true number most likely lies: nine times in ten for {units}, nineteen in twenty for practices.",
}


def bold(lead: str, rest: str) -> Markup:
    """A finding: its lead in bold, then the rest."""
    return element("b", lead) + text(rest, limit=None)


def chances(p: float) -> str:
    """A probability as chances in 100, never certain."""
    return f"{min(99, max(1, round(100 * p)))} in 100"


def condition(item: Context, value: Any) -> tuple[str, str]:
    """A condition for a twin card, what it is and how much: ("Footfall, people an hour", "276")."""
    if item.kind == "category":
        return item.label, str(value)
    if item.unit.startswith("share"):
        return item.label, share(value)
    digits = 0 if abs(value) >= 10 else 1 if abs(value) >= 1 else 2
    return f"{item.label}, {item.unit}" if item.unit else item.label, number(value, digits)


def standing(rank: float, total: int) -> str:
    """Say in a word where a rank lies."""
    return "still ahead" if rank <= 0.1 * total else "good" if rank <= 0.3 * total else "ordinary"
