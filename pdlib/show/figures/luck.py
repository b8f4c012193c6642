"""Luck check: how much of a lead survives into later periods."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from pdlib.show import canvas, style
from pdlib.show.canvas import Margins
from pdlib.show.figures.axes import need, plain_number
from pdlib.show.formats import Formatter
from pdlib.show.labels import shorten

if TYPE_CHECKING:
    from matplotlib.axes import Axes

_LEAGUE = "league table"


def luck(
    panels: pd.DataFrame,
    *,
    value_format: Formatter = plain_number,
    ours: str = "Our bright spots",
    title: str | None = None,
    ax: Axes | Sequence[Axes] | None = None,
) -> Axes:
    """Draw the lead of the units at the top in earlier periods beside their lead later.

    Parameters
    ----------
    panels : DataFrame
        ``list`` ("league table", and the name of the other list), ``unit``, ``earlier``, ``later``: leads over
        the ordinary unit, in outcome units.
    value_format : callable
        Shows a lead; `OutcomeFormat.excess` does.
    ours : str
        What the units of the other list are called.
    title : str, optional
        The message.
    ax : Axes or sequence of two Axes, optional
        One set of axes is divided in two. By default a new figure.

    Returns
    -------
    Axes
        Those of the league table.

    Raises
    ------
    KeyError
        If a column is missing.
    ValueError
        If a sequence does not hold two axes.
    """
    need(panels, ["list", "unit", "earlier", "later"], "luck check")
    with style.context():
        first, second, holder = _two(ax)
        leads = panels[["earlier", "later"]].to_numpy(float)
        finite = leads[np.isfinite(leads)]
        low, high = (min(finite.min(), 0.0), max(finite.max(), 0.0)) if len(finite) else (0.0, 1.0)
        room = 0.06 * (high - low) or 1.0
        is_league = panels["list"] == _LEAGUE
        for panel, rows, heading, color in (
            (first, panels[is_league], "A league table’s leaders", style.DIM),
            (second, panels[~is_league], ours, style.BRIGHT),
        ):
            panel.set_ylim(low - room, high + 2.5 * room)
            _panel(panel, rows, heading, value_format, color)
        canvas.finish(holder or first, title)
        return first


def _two(ax: Axes | Sequence[Axes] | None) -> tuple[Axes, Axes, Axes | None]:
    if isinstance(ax, (Sequence, np.ndarray)):
        if len(ax) != 2:
            raise ValueError(f"The luck check draws on two axes, {len(ax)} were given. Give two, one or none.")
        return ax[0], ax[1], None
    holder = canvas.open_axes(ax)
    holder.set_axis_off()
    if canvas.is_narrow(holder):
        canvas.fit(holder, 450, Margins(2, 2, 26, 24))
        return holder.inset_axes((0.02, 0.58, 0.56, 0.42)), holder.inset_axes((0.02, 0, 0.56, 0.42)), holder
    canvas.fit(holder, 270, Margins(2, 2, 34, 26))
    return holder.inset_axes((0.01, 0, 0.28, 1)), holder.inset_axes((0.52, 0, 0.28, 1)), holder


def _panel(panel: Axes, rows: pd.DataFrame, heading: str, value_format: Formatter, color: str) -> None:
    sizes = canvas.sizes_of(panel)
    panel.set_xlim(0, 1)
    canvas.bare(panel)
    panel.set_yticks([])
    panel.set_xticks([0, 1], ["claimed", "kept"])
    panel.get_xticklabels()[0].set_horizontalalignment("left")
    panel.plot([0, 1], [0, 0], color=style.SOFT, linewidth=1.0, zorder=1)
    canvas.note(panel, "ordinary", (1, 0), offset=(10, 0), size=sizes.small)
    for earlier, later in rows[["earlier", "later"]].to_numpy(float):
        panel.plot([0, 1], [earlier, later], color=style.DOT, linewidth=1.0, zorder=2)
    canvas.note(panel, heading, (0, 1), up="axes fraction", offset=(0, 14), size=sizes.name,
                color=style.INK, weight="bold")  # fmt: skip
    if rows.empty:
        canvas.note(panel, "none named", (0.5, 0.5), up="axes fraction", ha="center")
        return
    earlier, later = rows["earlier"].mean(), rows["later"].mean()
    panel.fill_between([0, 1], [earlier, later], color=color, alpha=0.12, linewidth=0, zorder=0)
    panel.plot([0, 1], [earlier, later], color=color, linewidth=3.2, zorder=3)
    ends = panel.scatter([0, 1], [earlier, later], s=90, color=color, edgecolors=style.PAPER, linewidths=0.8, zorder=4)
    ends.set_clip_on(False)
    _ends(panel, rows, value_format, color)
    for artist in panel.get_children():
        artist.set_clip_on(False)


def _ends(panel: Axes, rows: pd.DataFrame, value_format: Formatter, color: str) -> None:
    """Write the average lead at both ends, and what is left of it."""
    earlier, later = rows["earlier"].mean(), rows["later"].mean()
    sizes = canvas.sizes_of(panel)
    (low, high), height = panel.get_ylim(), canvas.size_of(panel)[1]
    canvas.note(panel, f"{value_format(earlier)} on average", (0, 1), up="axes fraction", offset=(0, -3), color=color,
                weight="bold", size=sizes.tick)  # fmt: skip
    # Far enough from the zero line for its own label.
    lift = 0.0 if abs(later) / (high - low) * height > 30 else 24.0 if later >= 0 else -24.0
    canvas.note(panel, value_format(later), (1, later), offset=(10, lift + 7), color=color, weight="bold",
                size=sizes.tick)  # fmt: skip
    if earlier > 0:
        left = max(0, round(100 * later / earlier))
        kept = f"{left} % of the claim" if left < 100 else "all of the claim"
        canvas.note(panel, shorten(kept, sizes.small, 140), (1, later), offset=(10, lift - 8), size=sizes.small)
