"""One grade for each practice, with the reason in a sentence."""

from __future__ import annotations

import numpy as np
import pandas as pd

from pdlib.practices.tested import LEVEL, RERUNS
from pdlib.practices.timing import BEFORE, RISES, ROSE_BEFORE

STRONG, PROMISING, FOLLOWS, TRAVELS = "strong", "promising", "follows success", "travels with"
CANNOT_TELL, NOT_TESTABLE = "cannot tell", "not testable"
TOO_SMALL = "too small to matter"
OFTEN = 4  # of five re-runs; halves the false share of what Romano–Wolf does not see (tests/validation)
ORDER = [STRONG, PROMISING, TRAVELS, FOLLOWS, CANNOT_TELL, NOT_TESTABLE]


def stands_out(table: pd.DataFrame) -> pd.Series:
    """Whether a practice goes with better outcomes under the error control of the whole family."""
    return table["raw_contrast"].gt(0) & (table["p_romano_wolf"].le(LEVEL) | table["p_bh"].le(LEVEL))


def follows_success(table: pd.DataFrame) -> pd.Series:
    """Whether a practice stands out and its users were ahead before."""
    return stands_out(table) & table["timing"].isin([BEFORE, ROSE_BEFORE])


def grade(row: pd.Series, smallest: float | None) -> tuple[str, str, str]:
    """The grade that the evidence allows, why, and a note beside it.

    Parameters
    ----------
    row : Series
        ``reason`` and ``note`` of the declared family, contrasts, p-values, ``reruns``, ``timing``, ``travels_with``
        (label).
    smallest : float, optional
        Smallest contrast worth having, outcome units.

    Returns
    -------
    grade, reason, note : str
        Without a full check of timing no grade is better than promising.
    """
    if row["reason"]:
        return NOT_TESTABLE, row["reason"], row["note"]
    better, timing = row["raw_contrast"] > 0, row["timing"]
    family, share = better and row["p_romano_wolf"] <= LEVEL, better and row["p_bh"] <= LEVEL
    if (family or share) and timing == BEFORE:
        return FOLLOWS, "units that do it were high before; those that took it up did not rise accordingly", ""
    if (family or share) and timing == ROSE_BEFORE:
        return FOLLOWS, "units did better before they took it up or did more of it, so it followed their results", ""
    if row["travels_with"]:
        label = row["travels_with"]
        return f"{TRAVELS} {label}", f"beside “{label}”, with which it is mostly done, it shows nothing of its own", ""
    if family and timing == RISES:
        blind = "" if np.isfinite(row["before"]) else "; too few waves to see what came before"
        return STRONG, f"stands out after allowing for every practice tested; {timing}{blind}", ""
    if family:
        return PROMISING, f"stands out after allowing for every practice tested; {timing}", ""
    if share and row["reruns"] >= OFTEN:
        return PROMISING, f"stands out, though one in ten of such findings may be false; {timing}", ""
    if share:
        return CANNOT_TELL, f"stands out among all, but in only {row['reruns']:.0f} of {RERUNS} re-runs", ""
    if row["p_worse"] <= LEVEL:
        return CANNOT_TELL, "units that do it do worse than comparable units; find out why before anything else", ""
    if row["raw_contrast_upper"] < 0:
        return CANNOT_TELL, "if anything, units that do it do worse than comparable units", ""
    if smallest and row["raw_contrast_upper"] < smallest:
        return CANNOT_TELL, "if it helps, then by less than is worth having", TOO_SMALL
    if row["raw_contrast_lower"] < 0:
        return CANNOT_TELL, "the range spans both better and worse", ""
    return CANNOT_TELL, "could be chance among so many practices", ""


def rank(grades: pd.Series) -> pd.Series:
    """Place of each grade, the best first."""
    plain = grades.where(~grades.str.startswith(TRAVELS), TRAVELS)
    return plain.map({name: place for place, name in enumerate(ORDER)})
