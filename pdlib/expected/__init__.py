"""What each unit should reach, given its context; and whether the problem suits the method."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pdlib.expected.expecting import (
    CHALLENGER_PART,
    FALSE_SHARE,
    FEW_UNITS,
    REACH,
    Expected,
    Verdict,
    expect,
    namable,
    worth_having,
)
from pdlib.expected.grid import Grid

if TYPE_CHECKING:
    from pdlib.stats.regressor import ContextRegressor

__all__ = [
    "CHALLENGER_PART",
    "FALSE_SHARE",
    "FEW_UNITS",
    "REACH",
    "ContextRegressor",
    "Expected",
    "Grid",
    "Verdict",
    "expect",
    "namable",
    "worth_having",
]


if not TYPE_CHECKING:  # else a misspelt name would pass the type checker

    def __getattr__(name: str) -> object:
        """Load scikit-learn only for those who ask for the expectation model as one of its estimators."""
        if name == "ContextRegressor":
            from pdlib.stats.regressor import ContextRegressor

            return ContextRegressor
        raise AttributeError(f"module 'pdlib.expected' has no attribute {name!r}")
