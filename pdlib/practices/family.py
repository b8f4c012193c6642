"""The declared family: who can be tested together, settled before any outcome is looked at."""

from __future__ import annotations

import numpy as np
import pandas as pd

from pdlib.deviants import Deviants
from pdlib.observations import Observations

MOST_MISSING = 0.40
PEERS = 10
RARE = "worth a visit"


def per_unit(observations: Observations, units: pd.Index, waves: list[str]) -> pd.DataFrame:
    """One value per unit and practice: the mean over these waves, NaN without an answer."""
    long = observations.practices
    wide = long[long["wave"].isin(waves)].pivot_table(
        index="unit", columns="practice", values="value", aggfunc="mean", observed=True
    )
    given = set(long["practice"].unique())
    names = [name for name in observations.codebook.index if name in given]
    return wide.reindex(index=units, columns=names)


def declare(values: pd.DataFrame, codebook: pd.DataFrame, few: int) -> pd.DataFrame:
    """Say of each practice whether it can be tested, and why not.

    Parameters
    ----------
    values : DataFrame
        Units by practices.
    codebook : DataFrame
    few : int
        Fewer users than this, or fewer that are not, are too few.

    Returns
    -------
    DataFrame
        Indexed by practice: ``reason`` (empty if it is tested), ``note`` (worth a visit), ``n_units``, ``n_users``,
        ``missing_share``, ``low``, ``high``.
    """
    rows = []
    first: dict[bytes, str] = {}
    seen = {name for name in values if values[name].notna().any()}
    for name in values.columns:
        column, entry = values[name], codebook.loc[name]
        known, binary = column.dropna(), bool(entry["kind"] == "binary")
        low, high = contrasted(known, binary=binary)
        users, missing = int((known >= (0.5 if binary else high)).sum()), 1 - len(known) / max(len(column), 1)
        same = first.setdefault(column.to_numpy(dtype=float).tobytes(), name)
        note = RARE if 0 < users < few else ""
        if entry["follows_success"]:
            reason, note = "declared to follow success", ""
        elif entry["claims"] in seen:
            reason, note = f"what is seen decides: {codebook.loc[entry['claims'], 'label']}", ""
        elif known.nunique() < 2:
            reason = "no answers" if known.empty else "every unit answers the same"
        elif same != name:
            reason = f"the same answers as {codebook['label'][same]}"
        elif missing > MOST_MISSING:
            asked = f"asked in {len(known)} of {len(column)} units so far"
            reason = asked if entry["measured_by"] == "visit" else f"{missing:.0%} of answers are missing"
        elif users < few:
            reason = f"only {users} units do it"
        elif len(known) - users < few:
            reason = f"only {len(known) - users} units do not"
        else:
            reason = ""
        rows.append([reason, note, len(known), users, missing, low, high])
    columns = ["reason", "note", "n_units", "n_users", "missing_share", "low", "high"]
    return pd.DataFrame(rows, columns=columns, index=pd.Index(values.columns, name="practice"))


def contrasted(known: pd.Series, *, binary: bool) -> tuple[float, float]:
    """Not doing and doing it; for a graded practice its quarters, or its ends if the quarters coincide."""
    if binary or known.empty:
        return (0.0, 1.0) if binary else (np.nan, np.nan)
    low, high = float(known.quantile(0.25)), float(known.quantile(0.75))
    return (low, high) if high > low else (float(known.min()), float(known.max()))


def who_does(values: pd.DataFrame, codebook: pd.DataFrame, declared: pd.DataFrame) -> pd.DataFrame:
    """Units by practices: 1 does it, or is in the upper quarter of a graded one; 0 does not; NaN gave no answer."""
    binary = codebook.loc[values.columns, "kind"].eq("binary")
    bar = np.where(binary, 0.5, declared.loc[values.columns, "high"].fillna(np.inf))
    return (values >= bar).astype(float).where(values.notna())


def prevalence(does: pd.DataFrame, deviants: Deviants) -> pd.DataFrame:
    """Share of deviants that do it, and of ordinary units as like them as there are (ten nearest to each)."""
    chosen, ordinary, weight = comparable_peers(deviants)
    frame = pd.DataFrame(np.nan, index=does.columns, columns=["prevalence_deviants", "prevalence_peers"])
    if not chosen or not len(ordinary):
        return frame
    frame["prevalence_deviants"] = does.loc[chosen].mean()
    peers = does.loc[ordinary]
    frame["prevalence_peers"] = peers.mul(weight, axis=0).sum() / peers.notna().mul(weight, axis=0).sum()
    return frame


def comparable_peers(deviants: Deviants) -> tuple[list[str], list[str], np.ndarray]:
    """Deviants, ordinary units, and how often each of these is among the ten nearest to a deviant."""
    chosen = [*deviants.units("confident"), *deviants.units("likely")]
    ordinary = [*deviants.units("rest"), *deviants.units("watch")]
    if not chosen or not ordinary:
        return chosen, ordinary, np.zeros(len(ordinary))
    nearest = np.argsort(deviants.distance(chosen, ordinary), axis=1, kind="stable")[:, :PEERS]
    return chosen, ordinary, np.bincount(nearest.ravel(), minlength=len(ordinary)).astype(float)
