"""Precision: how much of a list would be real, by its length."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pandas as pd

from pdlib.show import canvas, style
from pdlib.show.canvas import Margins
from pdlib.show.figures.axes import even_ticks, labelled, need
from pdlib.show.formats import count, share

if TYPE_CHECKING:
    from matplotlib.axes import Axes


def precision(lists: pd.DataFrame, *, named: int = 0, title: str | None = None, ax: Axes | None = None) -> Axes:
    """Draw the share of a list that is expected to be real against its length; the named are marked.

    Parameters
    ----------
    lists : DataFrame
        ``length`` and ``precision`` (a share), one row per length, in order.
    named : int
        Length of the list whose units are named; 0 marks none.
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
    need(lists, ["length", "precision"], "precision figure")
    with style.context():
        ax = canvas.open_axes(ax)
        sizes = canvas.sizes_of(ax)
        canvas.fit(ax, 190.0, Margins(46, 24, 2.4 * sizes.tick, 3.6 * sizes.tick))
        longest = float(lists["length"].max()) if len(lists) else 1.0
        ax.set_xlim(0, longest * 1.02)
        ax.set_ylim(0, 1.0)
        canvas.bare(ax)
        levels = [0.0, 0.5, 1.0] if canvas.is_narrow(ax) else [0.0, 0.25, 0.5, 0.75, 1.0]
        canvas.grid(ax, y=levels)
        ax.set_yticks(levels, [share(level) for level in levels])
        ticks, labels = labelled(even_ticks(0, longest, 4 if canvas.is_narrow(ax) else 8), count)
        ax.set_xticks(ticks, labels)
        ax.plot(lists["length"], lists["precision"], color=style.DIM, linewidth=2.0, zorder=3)
        _mark(ax, lists, named)
        canvas.note(ax, "Share of the list expected to be real", (0, 1), up="axes fraction", va="bottom",
                    offset=(-36, 0.8 * sizes.tick), size=sizes.small)  # fmt: skip
        canvas.note(ax, "Length of the list", (1, 0), up="axes fraction", ha="right", va="top",
                    offset=(0, -2.2 * sizes.tick), size=sizes.small)  # fmt: skip
        return canvas.finish(ax, title)


def _mark(ax: Axes, lists: pd.DataFrame, named: int) -> None:
    """The named part of the curve, with its end labelled."""
    part = lists[lists["length"] <= named]
    if not len(part):
        return
    length, level = float(part["length"].iloc[-1]), float(part["precision"].iloc[-1])
    ax.plot(part["length"], part["precision"], color=style.BRIGHT, linewidth=3.5, zorder=4)
    ax.scatter([length], [level], s=81, color=style.BRIGHT, edgecolors=style.PAPER, linewidths=0.8, zorder=5)
    right = length > ax.get_xlim()[1] / 2
    # The curve falls: above it on its right, or below it on its left, there is room.
    canvas.note(ax, f"{count(named)} named: about {share(level)}", (length, level), across="data",
                va="top" if right else "bottom", ha="right" if right else "left",
                offset=(-8, -8) if right else (8, 6), weight="bold",
                color=style.BRIGHT, backed=True)  # fmt: skip
