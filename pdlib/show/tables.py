"""Tables that read well aloud, on a phone and on paper."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import pandas as pd
from markupsafe import Markup

from pdlib.show.html import Child, HasHtml, Html, element, visible

CellFormat = Callable[[Any], Child]


def _is_number(column: pd.Series) -> bool:
    return pd.api.types.is_numeric_dtype(column.dtype) and not pd.api.types.is_bool_dtype(column.dtype)


def _cell(value: object, formatter: CellFormat | None) -> Child:
    if formatter is not None:
        shown = formatter(value)
        return shown if isinstance(shown, HasHtml) else visible(shown, limit=None)
    return {True: "yes", False: "no"}[value] if isinstance(value, bool) else visible(value)


def table(
    frame: pd.DataFrame,
    *,
    caption: str,
    columns: Mapping[str, tuple[str, CellFormat | None]],
    row_header: str,
) -> Html:
    """Show a frame as an accessible table in a box that scrolls sideways when it must.

    Parameters
    ----------
    frame : DataFrame
        One row per line of the table.
    caption : str
        What the table holds; also the name of its box.
    columns : mapping of str to (str, callable or None)
        Column of the frame to its heading and how a value is shown; None shows it as it is. Numeric columns
        are set flush right.
    row_header : str
        The column that names the row.

    Returns
    -------
    Html

    Raises
    ------
    KeyError
        If a column is not in the frame.

    Examples
    --------
    >>> from pdlib.show.formats import count
    >>> frame = pd.DataFrame({"shop": ["Old Mill"], "answers": [11160]})
    >>> print(
    ...     table(
    ...         frame,
    ...         caption="Shops",
    ...         columns={"shop": ("Shop", None), "answers": ("Answers", count)},
    ...         row_header="shop",
    ...     )
    ... )
    Shops
    Shop   Answers
    Old Mill   11,160
    """
    missing = [name for name in (*columns, row_header) if name not in frame.columns]
    if missing:
        raise KeyError(f"The table wants columns {missing}; the frame has {list(frame.columns)}.")
    numeric = {name: _is_number(frame[name]) for name in columns}
    head = element("tr", *(
        element("th", heading, scope="col", class_="n" if numeric[name] else None)
        for name, (heading, _) in columns.items()
    ))  # fmt: skip
    body = [_row(values, columns, numeric, row_header) for values in frame[list(columns)].itertuples(index=False)]
    if not body:
        body = [element("tr", element("td", "nothing to list", colspan=str(len(columns))))]
    inside = element("caption", caption) + element("thead", head) + element("tbody", *body)
    # The box takes the focus so that a keyboard can scroll it.
    return Html(element("div", element("table", inside), class_="scroll", role="region", tabindex="0",
                        aria_label=caption))  # fmt: skip


def _row(
    values: tuple[object, ...],
    columns: Mapping[str, tuple[str, CellFormat | None]],
    numeric: Mapping[str, bool],
    row_header: str,
) -> Markup:
    cells = []
    for value, (name, (_, formatter)) in zip(values, columns.items(), strict=True):
        shown = _cell(value, formatter)
        if name == row_header:
            cells.append(element("th", shown, scope="row", dir="auto"))
        else:
            cells.append(element("td", shown, class_="n" if numeric[name] else None))
    return element("tr", *cells)
