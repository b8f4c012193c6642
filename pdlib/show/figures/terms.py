"""Terms: what is said more and less where units do better, and by whom."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from pdlib.show.figures.axes import need
from pdlib.show.figures.forest import forest
from pdlib.show.formats import share, signed

if TYPE_CHECKING:
    from matplotlib.axes import Axes

MOST = 14
_COLUMNS = ["label", "voice", "grade", "contrast", "contrast_lower", "contrast_upper", "share_deviants", "share_peers"]


def terms(table: pd.DataFrame, *, most: int = MOST, title: str | None = None, ax: Axes | None = None) -> Axes:
    """Draw how much more often each term is said where units do better, beside the shares of comments that say it.

    Parameters
    ----------
    table : DataFrame
        One row per term, in the order to draw: ``label``, ``voice``, ``grade``, ``contrast``, ``contrast_lower``,
        ``contrast_upper`` (shares of the usual rate), ``share_deviants``, ``share_peers`` (of comments).
    most : int
        Rows drawn.
    title : str, optional
        The message.
    ax : Axes, optional
        Where to draw; by default a new figure.

    Returns
    -------
    Axes
        Filled dots at the right are bright spots, open ones comparable peers.

    Raises
    ------
    KeyError
        If a column is missing.
    """
    need(table, _COLUMNS, "term figure")
    rows = table.head(most)
    several = rows["voice"].nunique() > 1
    shares = rows[["share_deviants", "share_peers"]].to_numpy(dtype=float)
    largest = float(np.nanmax(shares)) if np.isfinite(shares).any() else 1.0
    drawn = rows.assign(
        label=[
            f"{label} ({voice})" if several else label
            for label, voice in zip(rows["label"], rows["voice"], strict=True)
        ],
        prevalence_deviants=rows["share_deviants"],
        prevalence_peers=rows["share_peers"],
    )
    return forest(
        drawn, difference_format=_percent, value_label="said more often per step of excess",
        shares_label="peers say it", shares_end=largest, share_format=_of_comments, title=title, ax=ax,
    )  # fmt: skip


def _percent(x: float) -> str:
    return f"{signed(100 * x, 0)} %"


def _of_comments(x: float) -> str:
    return share(x, 1)
