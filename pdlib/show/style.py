"""One palette and one set of type sizes for every figure; nothing is set globally."""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

PALETTE = {
    "ink": "#1d2327",
    "soft": "#5a646b",
    "line": "#d9dde0",
    "paper": "#fffdf8",
    "card": "#ffffff",
    "bright": "#b4540a",
    "evidence": "#0b5d57",
    "dim": "#667078",
    "dot": "#84949e",
}
INK, SOFT, LINE, PAPER, CARD, BRIGHT, EVIDENCE, DIM, DOT = PALETTE.values()
FONTS = "system-ui, 'Segoe UI', Helvetica, Arial, sans-serif"
# Text is measured in DejaVu Sans, which comes with matplotlib and runs wider than the fonts of FONTS: what fits
# here fits everywhere, and every machine lays a figure out alike.
MEASURED_FONT = "DejaVu Sans"


@dataclass(frozen=True)
class Sizes:
    """Type sizes in points: row and unit names, ticks and numbers, remarks."""

    name: float
    tick: float
    small: float


WIDE_SIZES = Sizes(name=13.0, tick=12.5, small=11.5)
NARROW_SIZES = Sizes(name=12.0, tick=11.0, small=11.0)

_RC = {
    "axes.edgecolor": LINE,
    "axes.facecolor": PAPER,
    "axes.labelcolor": SOFT,
    "axes.titlecolor": INK,
    "axes.unicode_minus": True,
    "figure.facecolor": PAPER,
    "font.family": [MEASURED_FONT],
    "lines.solid_capstyle": "round",
    "path.simplify": False,
    "savefig.facecolor": PAPER,
    "svg.fonttype": "none",
    "svg.hashsalt": "pdlib",
    "text.color": INK,
    "text.parse_math": False,
    "text.usetex": False,
    "xtick.color": SOFT,
    "ytick.color": SOFT,
}


@contextmanager
def context() -> Iterator[None]:
    """Draw in this style, and leave matplotlib's settings as they were.

    A name in a script that the measuring font lacks is no fault: the reader's own fonts show it.
    """
    import matplotlib as mpl

    with mpl.rc_context(_RC), warnings.catch_warnings():  # type: ignore[arg-type]
        warnings.filterwarnings("ignore", message=r"Glyph .* missing from", category=UserWarning)
        yield
        interactive = mpl.is_interactive()
    # Jupyter turns this on when pyplot is first used, which may be in here; without it no later figure is shown.
    mpl.interactive(interactive)
