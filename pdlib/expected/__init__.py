"""What each unit should reach, given its context; and whether the problem suits the method."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pdlib.expected.certainty import (
    FALSE_SHARE,
    FEW_UNITS,
    LIKELY,
    NOTHING_LASTS,
    Certainty,
    Verdict,
    few_units,
    namable,
    not_sure,
    too_long,
    upper_rung,
    worth_having,
)
from pdlib.expected.expecting import CHALLENGER_PART, REACH, Expected, expect
from pdlib.expected.grid import Grid

if TYPE_CHECKING:
    from pdlib.stats.regressor import ContextRegressor

__all__ = [
    "CHALLENGER_PART",
    "FALSE_SHARE",
    "FEW_UNITS",
    "LIKELY",
    "NOTHING_LASTS",
    "REACH",
    "Certainty",
    "ContextRegressor",
    "Expected",
    "Grid",
    "Verdict",
    "expect",
    "few_units",
    "namable",
    "not_sure",
    "too_long",
    "upper_rung",
    "worth_having",
]


if not TYPE_CHECKING:  # else a misspelt name would pass the type checker

    def __getattr__(name: str) -> object:
        """Load scikit-learn only for those who ask for the expectation model as one of its estimators."""
        if name == "ContextRegressor":
            from pdlib.stats.regressor import ContextRegressor

            return ContextRegressor
        raise AttributeError(f"module 'pdlib.expected' has no attribute {name!r}")
