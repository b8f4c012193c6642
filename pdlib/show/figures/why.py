"""Why: from the overall average, condition by condition, to what is expected, and on to what is observed."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from pdlib.show import canvas, style
from pdlib.show.canvas import Margins
from pdlib.show.figures.axes import even_ticks, labelled, need, plain_number
from pdlib.show.formats import Formatter
from pdlib.show.html import visible
from pdlib.show.labels import line_height, shorten, width

if TYPE_CHECKING:
    from matplotlib.axes import Axes

_MOST_CONDITIONS = 8


@dataclass(frozen=True)
class _Step:
    name: str
    start: float
    end: float
    color: str
    is_level: bool = False


def why(
    contributions: pd.DataFrame,
    *,
    start: float = 0.0,
    start_label: str = "Overall average",
    observed: float | None = None,
    value_format: Formatter = plain_number,
    difference_format: Formatter = plain_number,
    title: str | None = None,
    ax: Axes | None = None,
) -> Axes:
    """Draw what each condition adds to or takes from what one unit is expected to reach.

    Parameters
    ----------
    contributions : DataFrame
        ``condition`` (as said), ``contribution`` (outcome units), in the order to draw. Beyond eight rows the
        smallest are drawn as one.
    start : float
        Where the bars start, usually the overall average.
    start_label : str
        What that is.
    observed : float, optional
        What the unit reached; the last bar is what its conditions leave open.
    value_format, difference_format : callable
        Show a level, and a difference with its sign.
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
    need(contributions, ["condition", "contribution"], "figure of conditions")
    with style.context():
        ax = canvas.open_axes(ax)
        steps = _steps(_fewer(contributions.dropna(subset=["contribution"])), (start, start_label), observed)
        margin = _names_room(ax, steps)
        levels = _lay_out(ax, steps, margin, value_format)
        for step, level in zip(steps, levels, strict=True):
            _draw(ax, step, level, margin, value_format if step.is_level else difference_format)
        for step, level, below in zip(steps[:-1], levels[:-1], levels[1:], strict=True):
            ax.plot([step.end, step.end], [level, below], color=style.SOFT, linewidth=0.7, zorder=1)
        return canvas.finish(ax, title)


def _fewer(contributions: pd.DataFrame) -> pd.DataFrame:
    if len(contributions) <= _MOST_CONDITIONS:
        return contributions
    largest = contributions["contribution"].abs().rank(ascending=False, method="first") < _MOST_CONDITIONS
    rest = contributions.loc[~largest, "contribution"].sum()
    other = pd.DataFrame({"condition": ["all other conditions"], "contribution": [rest]})
    return pd.concat([contributions.loc[largest, ["condition", "contribution"]], other], ignore_index=True)


def _steps(contributions: pd.DataFrame, start: tuple[float, str], observed: float | None) -> list[_Step]:
    reached, name = start
    steps = [_Step(visible(name), reached, reached, style.SOFT, is_level=True)]
    for row in contributions.to_dict("records"):
        end = reached + float(row["contribution"])
        steps.append(_Step(visible(row["condition"]), reached, end, style.DOT))
        reached = end
    steps.append(_Step("Expected", reached, reached, style.INK, is_level=True))
    if observed is not None:
        steps.append(_Step("Not explained by its means", reached, observed, style.BRIGHT))
        steps.append(_Step("Observed", observed, observed, style.BRIGHT, is_level=True))
    return steps


def _names_room(ax: Axes, steps: list[_Step]) -> float:
    longest = max(width(step.name, canvas.sizes_of(ax).name, "bold") for step in steps)
    return 8.0 if canvas.is_narrow(ax) else min(longest + 20, 270.0)


def _lay_out(ax: Axes, steps: list[_Step], margin: float, value_format: Formatter) -> np.ndarray:
    sizes, narrow = canvas.sizes_of(ax), canvas.is_narrow(ax)
    height = 40.0 if narrow else 28.0
    canvas.fit(ax, height * len(steps) + 6, Margins(margin, 62 if narrow else 70, 8, 1.8 * sizes.tick))
    ends = np.array([end for step in steps for end in (step.start, step.end)])
    room = 0.06 * (ends.max() - ends.min()) or 0.05 * abs(ends[0]) or 1.0
    ax.set_xlim(ends.min() - room, ends.max() + room)
    ax.set_ylim(height * len(steps) + 6, 0)
    canvas.bare(ax)
    ticks, labels = labelled(even_ticks(*ax.get_xlim(), 4 if narrow else 6), value_format)
    canvas.grid(ax, x=ticks)
    ax.set_xticks(ticks, labels)
    ax.set_yticks([])
    return height * np.arange(len(steps)) + height * (0.72 if narrow else 0.5)


def _draw(ax: Axes, step: _Step, level: float, margin: float, shown: Formatter) -> None:
    sizes, narrow = canvas.sizes_of(ax), canvas.is_narrow(ax)
    if step.is_level:
        ax.scatter([step.end], [level], s=81, color=step.color, edgecolors=style.PAPER, linewidths=0.8, zorder=4)
    else:
        ax.plot([step.start, step.end], [level, level], color=step.color, linewidth=9 if narrow else 11, zorder=3,
                solid_capstyle="butt")  # fmt: skip
    weight = "bold" if step.is_level or step.color == style.BRIGHT else "normal"
    up = level - line_height(sizes.name) * 1.05 if narrow else level
    room = canvas.size_of(ax)[0] if narrow else margin - 14
    canvas.note(ax, shorten(step.name, sizes.name, room, weight), (0, up), offset=(-margin, 0),
                size=sizes.name, color=style.INK, weight=weight, backed=narrow)  # fmt: skip
    words = shown(step.end if step.is_level else step.end - step.start)
    canvas.note(ax, words, (max(step.start, step.end), level), across="data", offset=(8, 0), weight=weight,
                color=style.INK, backed=True)  # fmt: skip
