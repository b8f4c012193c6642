"""Where a figure is drawn: on axes that are given, or on a sheet of its own that takes the height it needs.

matplotlib's points are the units of the SVG's view box, so a size here is a size on the page.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING
from weakref import WeakKeyDictionary, WeakSet

from pdlib.show.html import visible
from pdlib.show.labels import line_height, wrap
from pdlib.show.style import INK, LINE, NARROW_SIZES, PAPER, SOFT, WIDE_SIZES, Sizes

if TYPE_CHECKING:
    from matplotlib.artist import Artist
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure
    from matplotlib.text import Annotation

WIDE, NARROW = 720.0, 340.0
DOTS = "dots"
_TITLE_ROOM, _TITLE_INSET = 34.0, 6.0

_own: WeakSet[Figure] = WeakSet()
_captioned: WeakSet[Figure] = WeakSet()
_units: WeakKeyDictionary[Artist, tuple[str, ...]] = WeakKeyDictionary()


@dataclass(frozen=True)
class Margins:
    """Room around the plotting area, in points."""

    left: float
    right: float
    top: float
    bottom: float


def sheet(width: float) -> Axes:
    """Make axes on a sheet of its own whose caption stands outside, in the page.

    Parameters
    ----------
    width : float
        In points.

    Returns
    -------
    Axes
    """
    from matplotlib.figure import Figure

    figure = Figure(figsize=(width / 72, width / 144), dpi=72)
    _own.add(figure)
    _captioned.add(figure)
    return figure.add_subplot()


def open_axes(ax: Axes | None) -> Axes:
    """Give back `ax`, or new axes that Jupyter displays by itself."""
    if ax is not None:
        return ax
    from matplotlib import pyplot as plt

    figure, new = plt.subplots(figsize=(WIDE / 72, WIDE / 144))
    _own.add(figure)
    return new


def figure_of(ax: Axes) -> Figure:
    """Give the figure that holds the axes."""
    figure = ax.get_figure(root=True)
    if figure is None:
        raise ValueError("The axes belong to no figure. Make them with figure.add_subplot().")
    return figure


def size_of(ax: Axes) -> tuple[float, float]:
    """Measure the plotting area: width and height in points."""
    width, height = figure_of(ax).get_size_inches() * 72
    box = ax.get_position()
    return width * box.width, height * box.height


def is_own(ax: Axes) -> bool:
    """Tell whether the sheet was made here, and so may take the height it needs."""
    return figure_of(ax) in _own


def is_narrow(ax: Axes) -> bool:
    """Tell whether the drawing has a phone's width."""
    figure = figure_of(ax)
    width = figure.get_size_inches()[0] * 72 if figure in _own else size_of(ax)[0]
    return bool(width < 430)


def sizes_of(ax: Axes) -> Sizes:
    """Give the type sizes that suit the width."""
    return NARROW_SIZES if is_narrow(ax) else WIDE_SIZES


def fit(ax: Axes, height: float, margins: Margins) -> None:
    """Give the plotting area its height and margins, in points; axes that were handed in stay where they are."""
    figure = figure_of(ax)
    if figure not in _own:
        return
    width = figure.get_size_inches()[0] * 72
    top = margins.top + (0 if figure in _captioned else _TITLE_ROOM)
    total = height + top + margins.bottom
    figure.set_size_inches(width / 72, total / 72)
    across = width - margins.left - margins.right
    ax.set_position((margins.left / width, margins.bottom / total, across / width, height / total))


def bare(ax: Axes) -> None:
    """Take away frame and tick marks; keep the labels."""
    sizes = sizes_of(ax)
    for spine in ax.spines.values():
        spine.set_visible(False)
    ax.tick_params(length=0, labelsize=sizes.tick, colors=SOFT, pad=4)


def grid(ax: Axes, *, x: Iterable[float] = (), y: Iterable[float] = ()) -> None:
    """Rule light lines across the plotting area."""
    (left, right), (low, high) = ax.get_xlim(), ax.get_ylim()
    for value in y:
        ax.plot([left, right], [value, value], color=LINE, linewidth=0.8, zorder=0.5)
    for value in x:
        ax.plot([value, value], [low, high], color=LINE, linewidth=0.8, zorder=0.5)


def zero(ax: Axes, levels: Iterable[float]) -> None:
    """Rule the line at zero; on a phone, where names stand above their rows, only beside the marks of each row.

    Parameters
    ----------
    ax : Axes
        Its vertical scale counts points.
    levels : iterable of float
        Where the marks of the rows lie.
    """
    low, high = ax.get_xlim()
    if not low <= 0 <= high:
        return
    spans = [(level - 6.5, level + 6.5) for level in levels] if is_narrow(ax) else [ax.get_ylim()]
    for span in spans:
        ax.plot([0, 0], span, color=SOFT, linewidth=1.0, zorder=1)


def note(
    ax: Axes,
    words: str,
    at: tuple[float, float],
    *,
    offset: tuple[float, float] = (0.0, 0.0),
    across: str = "axes fraction",
    up: str = "data",
    size: float | None = None,
    color: str = SOFT,
    weight: str = "normal",
    ha: str = "left",
    va: str = "center",
    backed: bool = False,
) -> Annotation:
    """Write words at a place of the axes, moved by points; the workhorse of direct labels.

    Backed words lie on a patch of paper, so that no line runs through them.
    """
    patch = {"boxstyle": "square,pad=0.12", "facecolor": PAPER, "edgecolor": "none", "alpha": 0.8}
    return ax.annotate(
        words,
        xy=at,
        xycoords=(across, up),
        xytext=offset,
        textcoords="offset points",
        annotation_clip=False,
        fontsize=sizes_of(ax).tick if size is None else size,
        color=color,
        fontweight=weight,
        ha=ha,
        va=va,
        bbox=patch if backed else None,
        zorder=6,
    )


def remember(dots: Artist, units: Iterable[object]) -> None:
    """Note which units the dots of an artist stand for, in order; the SVG may name the cleared ones."""
    dots.set_gid(DOTS)
    _units[dots] = tuple(str(unit) for unit in units)


def remembered(figure: Figure) -> list[tuple[str, ...]]:
    """List the units of each set of dots, in the order of drawing."""
    dots = [artist for artist in figure.findobj() if artist in _units]
    for position, artist in enumerate(dots):
        artist.set_gid(f"{DOTS}{position}")
    return [_units[artist] for artist in dots]


def finish(ax: Axes, title: str | None) -> Axes:
    """Set the message as the title, unless the page's caption carries it, and let nothing be clipped."""
    figure = figure_of(ax)
    if title and figure not in _captioned:
        _write_title(ax, visible(title, limit=None))
    for artist in ax.get_children():
        artist.set_clip_on(False)
    return ax


def _write_title(ax: Axes, title: str) -> None:
    """Write the title over the plotting area; a sheet of its own grows by the lines that the title needs."""
    figure, size = figure_of(ax), sizes_of(ax).name + 1
    if figure not in _own:
        lines = wrap(title, size, size_of(ax)[0], 4, "bold")
        ax.set_title("\n".join(lines), loc="left", fontsize=size, fontweight="bold", color=INK)
        return
    width, height = figure.get_size_inches() * 72
    lines = wrap(title, size, width - 2 * _TITLE_INSET, 5, "bold")
    more = (len(lines) - 1) * line_height(size)
    box = ax.get_position()
    figure.set_size_inches(width / 72, (height + more) / 72)
    shrink = height / (height + more)
    ax.set_position((box.x0, box.y0 * shrink, box.width, box.height * shrink))
    figure.text(_TITLE_INSET / width, 1 - 10 / (height + more), "\n".join(lines), fontsize=size, fontweight="bold",
                color=INK, ha="left", va="top", linespacing=1.2)  # fmt: skip
