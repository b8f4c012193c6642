"""Figures, one idea each. Every one draws on `ax` or on a new figure, returns the axes, and takes plain frames.

All of them know a narrow drawing for a phone and a wide one for a desk; `pdlib.show.figure` makes both.
"""

from pdlib.show.figures.adoption import adoption
from pdlib.show.figures.agreement import agreement
from pdlib.show.figures.caterpillar import caterpillar
from pdlib.show.figures.dots import dots
from pdlib.show.figures.estimation import estimation
from pdlib.show.figures.forest import forest
from pdlib.show.figures.funnel import funnel
from pdlib.show.figures.luck import luck
from pdlib.show.figures.precision import precision
from pdlib.show.figures.terms import terms
from pdlib.show.figures.trend import trend
from pdlib.show.figures.why import why

__all__ = [
    "adoption",
    "agreement",
    "caterpillar",
    "dots",
    "estimation",
    "forest",
    "funnel",
    "luck",
    "precision",
    "terms",
    "trend",
    "why",
]
