"""Sheets to print and carry, with room to write."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from markupsafe import Markup, escape

from pdlib.show.html import Html, element, text


@dataclass(frozen=True)
class Station:
    """A place along the customer's way, on a visit sheet.

    Attributes
    ----------
    name : str
        The touchpoint as people say it.
    watch : sequence of str
        What is on the list there, with what is known of it: "The old part shown (done here)".
    """

    name: str
    watch: Sequence[str] = ()


def visit_sheet(
    name: str,
    *,
    kicker: str,
    why: str,
    conditions: Sequence[str],
    questions: Sequence[str],
    stations: Sequence[Station],
    code: tuple[str, Sequence[str]],
    level: int = 3,
) -> Html:
    """Make a sheet to print and carry to a unit, with room to write.

    Parameters
    ----------
    name : str
        The unit.
    kicker : str
        Study and purpose.
    why : str
        Why somebody comes.
    conditions : sequence of str
        Means that it cannot choose.
    questions : sequence of str
        To ask, the first one first.
    stations : sequence of Station
        What to watch, along the customer's way.
    code : (str, sequence of str)
        How the answers come back: the id of the unit, and the columns of the table.
    level : int
        Level of the heading.

    Returns
    -------
    Html
    """
    blank = " " + "_" * 24
    asked = [element("li", element("b", f"“{question}”"), blank) for question in questions]
    head = element("tr", *(element("th", word, scope="col") for word in ("Where", "On our list there", "What else?")))
    places = [
        element(
            "tr",
            element("th", text(station.name), scope="row"),
            element("td", element("ul", *(element("li", item) for item in station.watch)) if station.watch else "–"),
            element("td", blank),
        )
        for station in stations
    ]
    unit, columns = code
    first = element("tr", *(element("th", text(column), scope="col") for column in columns))
    answers = [element("tr", element("td", text(unit)), *(element("td", blank) for _ in columns[1:])) for _ in range(3)]
    return Html(element(
        "article",
        element("p", text(kicker), class_="kicker"),
        element(f"h{level}", text(name), class_="name"),
        element("p", text(why, limit=None)),
        element("p", text(" · ".join(conditions), limit=None), class_="stat") if conditions else None,
        element("ol", *asked),
        _lines("What to watch", element("thead", head), element("tbody", *places)),
        _lines("What you found that is not on our list", element("thead", first), element("tbody", *answers)),
        element("p", "Say it as people there say it. “done” is yes or no. Ask the same at other places too.",
                class_="note"),
        class_="card",
        aria_label=f"Visit sheet, {name}",
    ))  # fmt: skip


PRINTED = """
body { font: 11pt/1.4 "Helvetica Neue", Arial, sans-serif; max-width: 48rem; margin: 2rem auto; padding: 0 1rem; }
article { break-after: page; margin-bottom: 3rem; }
.kicker, .stat, .note { color: #555; margin: 0.4em 0; }
h1, h2, h3 { margin: 0 0 0.3em; }
ol li { margin-bottom: 2.2em; }
table { border-collapse: collapse; width: 100%; margin: 1em 0; }
caption { text-align: left; font-weight: bold; padding-bottom: 0.3em; }
th, td { border: 1px solid #999; padding: 0.5em; text-align: left; vertical-align: top; }
td ul { margin: 0; padding-left: 1.1em; }
@media print { body { margin: 0; max-width: none; } thead { display: table-header-group; } tr { break-inside: avoid; } }
"""


def printable(title: str, sheets: Sequence[Html]) -> str:
    """Make a page of its own of sheets, one after the other, each beginning on a new leaf in print.

    Parameters
    ----------
    title : str
    sheets : sequence of Html

    Returns
    -------
    str
        HTML that needs nothing from outside.
    """
    body = Markup().join(sheets)
    return (
        '<!doctype html>\n<html lang="en">\n<head><meta charset="utf-8"><meta name="viewport" '
        f'content="width=device-width, initial-scale=1"><title>{escape(text(title))}</title><style>{PRINTED}</style>'
        f"</head>\n<body>{body}</body>\n</html>\n"
    )


def _lines(caption: str, *parts: Markup) -> Markup:
    inside = element("table", element("caption", caption), *parts)
    return element("div", inside, class_="scroll", role="region", tabindex="0", aria_label=caption)
