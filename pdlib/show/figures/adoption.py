"""Adoption timeline: units that took a practice up, before and after, against units without it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from pdlib.show import canvas, style
from pdlib.show.canvas import Margins
from pdlib.show.figures.axes import even_ticks, labelled, need, plain_number
from pdlib.show.formats import Formatter, count, signed
from pdlib.show.html import visible
from pdlib.show.labels import shorten, width

if TYPE_CHECKING:
    from matplotlib.axes import Axes

_COLUMNS = ["since", "n_units", "excess", "excess_lower", "excess_upper"]


def adoption(
    frame: pd.DataFrame,
    *,
    value_format: Formatter = plain_number,
    units: str = "units",
    periods: str = "periods",
    value_label: str = "",
    title: str | None = None,
    ax: Axes | None = None,
) -> Axes:
    """Draw what adopters show in each period counted from adoption, with ranges; before it, nothing should.

    Parameters
    ----------
    frame : DataFrame
        One row per period from adoption, in order: ``since`` (0 is the first with the practice), ``n_units``,
        ``excess`` with ``excess_lower`` and ``excess_upper``.
    value_format : callable
        Shows a difference on the axis.
    units, periods : str
        What they are called.
    value_label : str
        What the axis measures.
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
    need(frame, _COLUMNS, "adoption timeline")
    with style.context():
        ax = canvas.open_axes(ax)
        sizes, narrow = canvas.sizes_of(ax), canvas.is_narrow(ax)
        since = frame["since"].to_numpy(float)
        bounds = frame[_COLUMNS[2:]].to_numpy(float)
        low, high = (min(bounds.min(), 0.0), max(bounds.max(), 0.0)) if len(frame) else (-1.0, 1.0)
        room = 0.08 * (high - low) or 1.0
        ticks, labels = labelled(even_ticks(low - room, high + room, 4), value_format)
        left = max((width(label, sizes.tick) for label in labels), default=20.0) + 8
        canvas.fit(ax, 170 if narrow else 200, Margins(left, 14, 2.2 * sizes.small, 3.4 * sizes.tick))
        first, last = (since.min(), since.max()) if len(frame) else (-1.0, 1.0)
        ax.set_xlim(first - 0.6, last + 0.6)
        ax.set_ylim(low - room, high + room)
        canvas.bare(ax)
        canvas.grid(ax, y=ticks)
        ax.plot(ax.get_xlim(), [0, 0], color=style.SOFT, linewidth=1.0, zorder=1)
        ax.plot([-0.5, -0.5], ax.get_ylim(), color=style.SOFT, linewidth=1.0, linestyle=(0, (4, 3)), zorder=1)
        for after, color in ((False, style.DIM), (True, style.EVIDENCE)):
            part = frame[(since >= 0) == after]
            x, (value, lower, upper) = part["since"].to_numpy(float), part[_COLUMNS[2:]].to_numpy(float).T
            ax.vlines(x, lower, upper, color=color, linewidth=2.4, zorder=2)
            ax.scatter(x, value, s=46, color=color, edgecolors=style.PAPER, linewidths=0.8, zorder=3)
        ax.set_yticks(ticks, labels)
        _periods(ax, since, sizes.tick)
        canvas.note(ax, shorten(visible(value_label), sizes.small, canvas.size_of(ax)[0]), (0, 1), up="axes fraction",
                    offset=(0, 0.9 * sizes.small), size=sizes.small)  # fmt: skip
        adopters = frame.loc[since >= 0, "n_units"]
        many = f"{count(adopters.max())} {visible(units)}" if len(adopters) else f"no {visible(units)}"
        words = f"{visible(periods)} from adoption · {many} at most"
        canvas.note(ax, words, (0, 0), up="axes fraction", offset=(0, -2.6 * sizes.tick), size=sizes.small)
        return canvas.finish(ax, title)


def _periods(ax: Axes, since: np.ndarray, size: float) -> None:
    """Write so many periods that their labels keep apart, the adoption among them."""
    span = float(np.ptp(since)) if len(since) else 1.0
    step = max(1, int(np.ceil((span + 1) * 2.6 * size / canvas.size_of(ax)[0])))
    shown = [value for value in since if value % step == 0]
    ax.set_xticks(shown, [signed(value, 0) for value in shown])
