"""Small pieces of a page around the figures."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping

import pandas as pd
from markupsafe import Markup

from pdlib.show.formats import count, number
from pdlib.show.html import Child, Html, element, join
from pdlib.show.tables import CellFormat, table


def kicker(*children: Child) -> Html:
    """Write the small line above a headline: study, units, period."""
    return Html(element("p", *children, class_="kicker"))


def standfirst(*children: Child) -> Html:
    """Write the sentence or two under a headline."""
    return Html(element("p", *children, class_="standfirst"))


def findings(items: Iterable[Child]) -> Html:
    """Number the findings; each item should hold a number and a range."""
    return Html(element("ol", *(element("li", item) for item in items), class_="findings"))


def caveats(items: Iterable[Child]) -> Html:
    """List the limits of what is said; nothing when there are none."""
    points = [element("li", item) for item in items]
    return Html(element("ul", *points, class_="caveats") if points else Markup())


def glossary(meanings: Mapping[str, str]) -> Html:
    """Explain words; a page links each where it is first used."""
    parts = [
        part
        for word, meaning in meanings.items()
        for part in (
            element("dt", element("dfn", word, id=f"word-{re.sub('[^a-z0-9]+', '-', word.lower()).strip('-')}")),
            element("dd", meaning),
        )
    ]
    return Html(element("dl", *parts, class_="glossary"))


def quote(words: str, source: str) -> Html:
    """Quote a voice with its source: "customer, Old Mill, May 2026"."""
    return Html(element("blockquote", element("p", "“", words, "”"), element("cite", source), class_="quote"))


def overview(finding: str, frame: pd.DataFrame, limits: Iterable[str] = (), *, rows: int = 10) -> Html:
    """Show a result in an analyst's notebook: its finding, the head of its table as it is, its caveats.

    Parameters
    ----------
    finding : str
        One sentence.
    frame : DataFrame
        The result's table; the first column names the rows, or the index does if it has a name.
    limits : iterable of str
        Caveats.
    rows : int
        Rows to show; the caption says how many there are.

    Returns
    -------
    Html
    """
    named = frame.reset_index() if frame.index.name else frame
    named = named.rename(columns=str)
    columns = {name: (name.replace("_", " "), _as_it_is(named[name])) for name in named.columns}
    caption = f"{min(rows, len(named))} of {count(len(named))} rows" if len(named) > rows else f"{len(named)} rows"
    shown = table(named.head(rows), caption=caption, columns=columns, row_header=named.columns[0])
    return result(finding, shown, limits=limits)


def _as_it_is(column: pd.Series) -> CellFormat | None:
    """Show numbers to four figures, counts whole; leave everything else to the table."""
    if pd.api.types.is_bool_dtype(column.dtype) or not pd.api.types.is_numeric_dtype(column.dtype):
        return None
    if pd.api.types.is_integer_dtype(column.dtype):
        return count
    size = float(column.abs().max()) if column.notna().any() else 0.0
    digits = 0 if size >= 1000 else 1 if size >= 100 else 2 if size >= 10 else 3
    return lambda x: number(x, digits)


def result(finding: str, *parts: Child, limits: Iterable[str] = ()) -> Html:
    """Put a finding, what shows it and its limits together: what a result displays in a notebook.

    Parameters
    ----------
    finding : str
        One sentence.
    *parts : str, Markup, Html or None
        Table or figure.
    limits : iterable of str
        Caveats.

    Returns
    -------
    Html
    """
    return join(element("p", element("b", finding), class_="finding"), *parts, caveats(limits))
