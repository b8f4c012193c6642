"""A numbered key below a drawing, for when there are more names than room beside the dots."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from pdlib.show import canvas, style
from pdlib.show.labels import line_height, shorten, width

if TYPE_CHECKING:
    from matplotlib.axes import Axes

_NUMBER = 20.0
_MOST_BESIDE = {True: 5, False: 12}


@dataclass(frozen=True)
class Key:
    """Names in the order of their numbers, and how they are set.

    Attributes
    ----------
    names : tuple of str
    columns : int
    size : float
        Type size in points.
    """

    names: tuple[str, ...]
    columns: int
    size: float

    @property
    def height(self) -> float:
        """Room that the key takes below the axis, in points."""
        rows = -(-len(self.names) // self.columns)
        return rows * line_height(self.size) * 1.15 + 10 if self.names else 0.0

    def write(self, ax: Axes, below: float, margin: float, room: float) -> None:
        """Write the key.

        Parameters
        ----------
        ax : Axes
        below : float
            Distance from the foot of the plotting area, in points.
        margin : float
            From the edge of the sheet to the plotting area.
        room : float
            Width of the sheet.
        """
        rows, across = -(-len(self.names) // self.columns), room / self.columns
        for position, name in enumerate(self.names):
            column, row = divmod(position, rows)
            left = -margin + column * across
            down = -below - 10 - (row + 0.5) * line_height(self.size) * 1.15
            canvas.note(ax, str(position + 1), (0, 0), up="axes fraction", offset=(left, down), size=self.size,
                        color=style.BRIGHT, weight="bold")  # fmt: skip
            canvas.note(ax, shorten(name, self.size, across - _NUMBER - 6), (0, 0), up="axes fraction",
                        offset=(left + _NUMBER, down), size=self.size, color=style.INK)  # fmt: skip


def key_for(ax: Axes, names: list[str], *, always: bool = False) -> Key | None:
    """Make a key if the names are too many to stand beside their dots; only a sheet of its own has room for one.

    With `always` any name at all gets one, for drawings that leave no paper beside their dots.
    """
    narrow = canvas.is_narrow(ax)
    if len(names) <= (0 if always else _MOST_BESIDE[narrow]) or not canvas.is_own(ax):
        return None
    sizes = canvas.sizes_of(ax)
    columns, room = (2, canvas.NARROW) if narrow else (3, canvas.WIDE)
    longest = max(width(name, sizes.small) for name in names)
    if longest > room / columns - _NUMBER - 6:
        columns -= 1
    return Key(tuple(names), columns, sizes.small)
