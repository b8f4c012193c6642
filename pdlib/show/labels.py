"""Names that fit: measuring, shortening, breaking into lines, and placing beside dots without collisions."""

from __future__ import annotations

import math
import unicodedata
import warnings
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from pdlib.show.style import MEASURED_FONT

_LINE = 1.2
_ROUNDS = 6


@lru_cache(maxsize=8192)
def width(text: str, size: float, weight: str = "normal") -> float:
    """Measure a line of text, in points.

    Parameters
    ----------
    text : str
    size : float
        Type size in points.
    weight : {"normal", "bold"}

    Returns
    -------
    float
        Wide scripts count as one em a character, whatever font shows them.
    """
    from matplotlib.font_manager import FontProperties
    from matplotlib.textpath import text_to_path

    wide = sum(unicodedata.east_asian_width(character) in "WF" for character in text)
    rest = "".join(character for character in text if unicodedata.east_asian_width(character) not in "WF")
    if not rest:
        return wide * size
    font = FontProperties(family=MEASURED_FONT, size=size, weight=weight)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)
        across, _, _ = text_to_path.get_text_width_height_descent(rest, font, ismath=False)
    return float(across) + wide * size


def shorten(text: str, size: float, room: float, weight: str = "normal") -> str:
    """Cut a line to the room it has, marking the cut by an ellipsis."""
    if width(text, size, weight) <= room:
        return text
    fits, over = 0, len(text)
    while over - fits > 1:
        middle = (fits + over) // 2
        if width(text[:middle].rstrip() + "…", size, weight) <= room:
            fits = middle
        else:
            over = middle
    return text[:fits].rstrip() + "…"


def wrap(text: str, size: float, room: float, lines: int = 2, weight: str = "normal") -> list[str]:
    """Break a name at its spaces into at most so many lines, the last one cut if need be."""
    words = text.split()
    done: list[str] = []
    while words and len(done) < lines - 1:
        taken = 1
        while taken < len(words) and width(" ".join(words[: taken + 1]), size, weight) <= room:
            taken += 1
        done.append(shorten(" ".join(words[:taken]), size, room, weight))
        words = words[taken:]
    return [*done, shorten(" ".join(words), size, room, weight)] if words else done or [""]


@dataclass(frozen=True)
class Box:
    """A rectangle in points, y up."""

    left: float
    bottom: float
    right: float
    top: float

    def wider(self, across: float, up: float) -> Box:
        """Give the box with room around it."""
        return Box(self.left - across, self.bottom - up, self.right + across, self.top + up)

    def overlap(self, other: Box) -> float:
        """Area shared with another box."""
        across = min(self.right, other.right) - max(self.left, other.left)
        up = min(self.top, other.top) - max(self.bottom, other.bottom)
        return max(0.0, across) * max(0.0, up)

    def distance(self, point: tuple[float, float]) -> float:
        """Measure how far a point lies from the box."""
        across = max(self.left - point[0], 0.0, point[0] - self.right)
        up = max(self.bottom - point[1], 0.0, point[1] - self.top)
        return math.hypot(across, up)

    def outside(self, frame: Box) -> float:
        """How far it sticks out of a frame."""
        return (
            max(0.0, frame.left - self.left)
            + max(0.0, self.right - frame.right)
            + max(0.0, frame.bottom - self.bottom)
            + max(0.0, self.top - frame.top)
        )


@dataclass(frozen=True)
class Placed:
    """A label's place: left end of its baseline box, and whether it needs a line to its dot."""

    box: Box
    far: bool


def _candidates(x: float, y: float, across: float, up: float) -> list[tuple[Box, float, bool]]:
    found = []
    for reach in (8.0, 14.0, 22.0, 32.0, 44.0, 58.0, 74.0, 92.0):
        for degrees in (0, 35, -35, 180, 145, -145, 90, -90, 62, -62, 118, -118):
            angle = math.radians(degrees)
            anchor_x, anchor_y = x + reach * math.cos(angle), y + reach * math.sin(angle)
            side = 0.0 if math.cos(angle) > 0.3 else 1.0 if math.cos(angle) < -0.3 else 0.5
            left = anchor_x - across * side
            bottom = anchor_y - up * (0.5 - 0.5 * math.sin(angle))
            price = reach * 2.5 + (0 if degrees == 0 else 4) + abs(degrees) / 60
            found.append((Box(left, bottom, left + across, bottom + up), price, reach > 14))
    return found


def place(
    points: Sequence[tuple[float, float]],
    widths: Sequence[float],
    height: float,
    frame: Box,
    others: NDArray[np.float64],
) -> list[Placed]:
    """Place a label beside each point so that none covers another.

    From the top down each label takes the cheapest of several places round its point; then each is lifted and
    put down again among the others, until none moves. Covering a label or a named point costs most, then seeming
    to name another point, then leaving the frame, then hiding other dots, then distance.

    Parameters
    ----------
    points : sequence of (float, float)
        Named dots, in points.
    widths : sequence of float
        Widths of the labels.
    height : float
        Height of every label.
    frame : Box
        Where labels may lie.
    others : array, shape (n, 2)
        All other dots.

    Returns
    -------
    list of Placed
        In the order of `points`.
    """
    dots = [Box(x - 6, y - 6, x + 6, y + 6) for x, y in points]
    offers = [
        [
            (box, price + hidden(box, others) * 6 + box.outside(frame) * 60 + _mistaken(box, points, own), far)
            for box, price, far in _candidates(x, y, across, height)
        ]
        for own, ((x, y), across) in enumerate(zip(points, widths, strict=True))
    ]
    order = sorted(range(len(points)), key=lambda i: (-points[i][1], points[i][0]))
    placed: dict[int, Placed] = {}
    for _ in range(_ROUNDS):
        before = dict(placed)
        for index in order:
            taken = [spot.box.wider(2, 1) for other, spot in placed.items() if other != index]
            taken += [dot for other, dot in enumerate(dots) if other != index]
            prices = [price + _covered(box, taken) for box, price, _ in offers[index]]
            box, _, far = offers[index][int(np.argmin(prices))]
            placed[index] = Placed(box, far)
        if placed == before:
            break
    return [placed[index] for index in range(len(points))]


def _mistaken(box: Box, points: Sequence[tuple[float, float]], own: int) -> float:
    """Price of standing nearer to another named dot than to one's own, as if it were that dot's name."""
    near = [box.distance(point) for point in points]
    return 300.0 * sum(gap < near[own] + 3 for other, gap in enumerate(near) if other != own)


def hidden(box: Box, others: NDArray[np.float64]) -> int:
    """Count the dots that a label would lie on."""
    if not len(others):
        return 0
    x, y = others[:, 0], others[:, 1]
    inside = (x > box.left - 3) & (x < box.right + 3) & (y > box.bottom - 2) & (y < box.top + 2)
    return int(np.count_nonzero(inside))


def _covered(box: Box, taken: Sequence[Box]) -> float:
    """Price of covering what must stay readable."""
    area = sum(box.overlap(other) for other in taken)
    return 1000 + 50 * area if area else 0.0


def line_height(size: float) -> float:
    """Distance from one line of text to the next, in points."""
    return _LINE * size
