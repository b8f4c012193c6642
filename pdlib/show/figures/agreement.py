"""Observed against expected: how far the means carry, and who lies above the line."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pandas as pd

from pdlib.show import canvas, style
from pdlib.show.figures.axes import even_ticks, labelled, need, plain_number

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from pdlib.show.formats import Formatter


def agreement(
    table: pd.DataFrame,
    *,
    value_format: Formatter = plain_number,
    title: str | None = None,
    ax: Axes | None = None,
) -> Axes:
    """Draw every unit's observed outcome over what it was expected to reach, with the line of equality.

    Parameters
    ----------
    table : DataFrame
        One row per unit: ``observed``, ``expected``.
    value_format : callable
        Shows a value.
    title : str, optional
        The message.
    ax : Axes, optional
        Where to draw; by default a new figure.

    Returns
    -------
    Axes

    Raises
    ------
    KeyError
        If a column is missing.
    """
    need(table, ["observed", "expected"], "agreement")
    with style.context():
        ax = canvas.open_axes(ax)
        shown = table[["expected", "observed"]].dropna()
        low, high = float(shown.to_numpy().min()), float(shown.to_numpy().max())
        ax.plot([low, high], [low, high], color=style.SOFT, linewidth=1.0)
        ax.plot(shown["expected"], shown["observed"], "o", color=style.DOT, markersize=3.5, markeredgewidth=0)
        ticks = labelled(even_ticks(low, high), value_format)
        ax.set_xticks(*ticks)
        ax.set_yticks(*ticks)
        ax.set_xlabel("expected, given its means")
        ax.set_ylabel("observed")
        canvas.finish(ax, title)
        return ax
