"""Cards: a bright spot beside its twin, and a practice to carry to the next meeting."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from markupsafe import Markup

from pdlib.show.formats import MISSING
from pdlib.show.html import Html, element, text

_FITS = {4: "tape", 7: "tape long"}  # characters of the longest word that the two large values hold
_COSTS = {1: "almost nothing", 2: "little", 3: "some", 4: "much", 5: "very much"}


@dataclass(frozen=True)
class Side:
    """One half of a twin card.

    Attributes
    ----------
    heading : str
        What it is: "Bright spot", "Its nearest twin".
    name : str
        The unit's name, or "A shop like it" when it is not cleared.
    value : str
        The outcome as shown: "79 %".
    conditions : mapping of str to str
        Means that the two share, as shown, by what they are: ``{"staff": "6", "site": "retail park"}``. Both halves
        have the same ones.
    """

    heading: str
    name: str
    value: str
    conditions: Mapping[str, str] = field(default_factory=dict)


def _side(side: Side, *, is_bright: bool) -> Markup:
    return element(
        "div",
        element("p", side.heading, class_="who" if is_bright else "who p"),
        element("p", text(side.name), class_="name", dir="auto"),
        class_="side",
    )


def _tape(bright: Side, peer: Side, value_label: str) -> Markup:
    """The two side by side, line by line, with what is compared between them."""
    lines = {value_label: (bright.value, peer.value)}
    lines |= {label: (value, peer.conditions[label]) for label, value in bright.conditions.items()}
    rows = [
        element("tr", element("td", text(left)), element("th", text(label), scope="row"), element("td", text(right)),
                class_=None if position else "big")
        for position, (label, (left, right)) in enumerate(lines.items())
    ]  # fmt: skip
    names = (bright.name, "Compared", peer.name)
    head = element("tr", *(element("th", text(name), scope="col") for name in names))
    caption = element("caption", "The two side by side", class_="sr")
    longest = max(len(word) for side in (bright, peer) for word in side.value.split())
    fits = next((name for most, name in _FITS.items() if longest <= most), "tape longest")
    return element("table", caption, element("thead", head, class_="sr"), element("tbody", *rows), class_=fits)


def twin_card(
    bright: Side,
    peer: Side,
    *,
    value_label: str,
    difference: str,
    difference_range: str = "",
    remark: str = "",
    does: Sequence[str],
    ask: str,
) -> Html:
    """Set a bright spot beside the peer most alike: the whole report on a phone's first screen.

    Parameters
    ----------
    bright, peer : Side
        The two halves.
    value_label : str
        What the two values are: "very satisfied customers".
    difference : str
        "8 more customers in 100 leave very satisfied".
    difference_range : str
        "between 4 and 11"; shown in brackets behind the difference.
    remark : str
        How the difference was taken: "with luck taken out".
    does : sequence of str
        What the bright spot does and its twin does not.
    ask : str
        One question to ask there.

    Returns
    -------
    Html
    """
    lead = element("b", difference) + text(f" ({difference_range})" if difference_range else "", limit=None)
    lead += text(f", {remark}." if remark else ".", limit=None)
    if does:
        lead += text(" Only it does:")
    below = element(
        "div",
        element("p", lead),
        element("ul", *(element("li", item) for item in does)) if does else None,
        element("p", element("b", "Call and ask"), f": “{ask}”"),
        class_="do",
    )
    halves = _side(bright, is_bright=True) + _side(peer, is_bright=False)
    tape = _tape(bright, peer, value_label)
    return Html(element("section", halves, tape, below, class_="twin", aria_label="A bright spot and its twin"))


def _cost(cost: float | str | None) -> str:
    if isinstance(cost, str):
        return cost
    if cost is None or cost != cost:  # noqa: PLR0124 - NaN differs from itself
        return MISSING
    return f"{_COSTS.get(round(cost), MISSING)} ({round(cost)} of 5)"


def practice_card(
    label: str,
    *,
    theme: str,
    who_decides: str,
    cost: float | str | None,
    who: str,
    contrast: str,
    sureness: str,
    who_to_ask: str,
    question: str,
    level: int = 3,
) -> Html:
    """Put one practice on a card that can be printed and carried.

    Parameters
    ----------
    label : str
        The practice as people say it.
    theme, who_decides : str
        What it belongs to, and who can start it.
    cost : float or str
        1 (almost nothing) to 5 (very much).
    who : str
        Who does it: "62 % of bright spots · 18 % of comparable peers".
    contrast : str
        One sentence with a range: "Shops that do it score 1.4 points more (0.7 to 2.1), given the same means."
    sureness : str
        The grade in words: "promising: stands out among 40 tested together; timing unknown".
    who_to_ask, question : str
        Whom to visit and what to ask there.
    level : int
        Level of the heading.

    Returns
    -------
    Html
    """
    facts = {
        "Who does it": who,
        "What goes with it": contrast,
        "How sure we are": sureness,
        "Who decides": who_decides,
        "Cost": _cost(cost),
        "Whom to ask": who_to_ask,
        "What to ask": f"“{question}”",
    }
    rows = (element("dt", name) + element("dd", shown) for name, shown in facts.items())
    return Html(element(
        "article",
        element("p", text(theme), class_="kicker"),
        element(f"h{level}", text(label), class_="name"),
        element("dl", *rows),
        element("p", "Association, worth a pilot.", class_="stat"),
        class_="card",
        aria_label=label,
    ))  # fmt: skip
