"""Counts that were hidden for being small: which rows of a panel know them by their bounds only."""

from __future__ import annotations

import pandas as pd

from pdlib.study import Outcome


def hidden(panel: pd.DataFrame, outcome: Outcome) -> pd.Series:
    """Rows of a panel in which the count was hidden for being small: only the bounds that it lies between are known."""
    bounds = [name for name in outcome.bounds or () if name in panel]
    if len(bounds) < 2:
        return pd.Series(False, index=panel.index)
    return panel[outcome.amount].isna() & panel[bounds].notna().all(axis=1)


def recorded(panel: pd.DataFrame, outcome: Outcome) -> pd.Series:
    """Rows of a panel that say something about an outcome, if only by bounds."""
    others = [name for name in outcome.columns if name != outcome.amount]
    return panel[others].notna().all(axis=1) & (panel[outcome.amount].notna() | hidden(panel, outcome))
