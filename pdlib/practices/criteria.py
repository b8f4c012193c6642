"""Is it positive deviance? Uncommon, accessible, sustained, dose-response, same direction, each with its number."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
from scipy.special import ndtri

from pdlib.practices.family import comparable_peers
from pdlib.show import overview
from pdlib.show.formats import number, share
from pdlib.show.wording import counted, listed
from pdlib.stats.contrast import adjusted_contrasts, orthonormal
from pdlib.stats.threads import single_threaded

if TYPE_CHECKING:
    from pdlib.practices.result import Practices

PASS, FAIL, UNKNOWN = "pass", "fail", "unknown"
CRITERIA = ["uncommon", "accessible", "sustained", "dose-response", "same direction"]
COLUMNS = ["practice", "label", "criterion", "verdict", "value", "says"]
RARE, SETTLED, MOST_STRATA, LAST = 0.35, 0.80, 0.75, 3
FEWEST_DEVIANTS = 5
REACH = float(ndtri(0.975))
Verdict = tuple[str, float, str]


@dataclass(frozen=True, eq=False)
class Criteria:
    """The criteria of positive deviance for each practice.

    Attributes
    ----------
    practices : Practices
    caveats : list of str
    settings : dict
    """

    practices: Practices = field(repr=False)
    _table: pd.DataFrame = field(repr=False)
    caveats: list[str]
    settings: dict[str, Any]

    @property
    def table(self) -> pd.DataFrame:
        """One row per tested practice and criterion.

        ``practice``, ``label``, ``criterion``, ``verdict`` (pass, fail, unknown), ``value`` and ``says`` (what it is).
        *uncommon*: share of comparable peers that do it; at most 35 %, and more common among deviants (95 % range of
        the ratio). *accessible*: share that do it where means are poorest; somebody does in every third of means, every
        unit could, it costs no more than the usual practice, and the means do not settle who does it (AUC below .8).
        *sustained*: share of its users that did it in two of the last three waves; at least half, and the contrast has
        the same sign in each. *dose-response*: contrast of the upper third with the middle (graded practices); trend
        credibly above zero and the upper third not below the middle. *same direction*: share of segments with the sign
        of the whole; at least three in four.
        """
        return self._table.copy()

    def of(self, practice: str) -> pd.DataFrame:
        """The rows of one practice, named by name or label."""
        return self.table[self._table["practice"] == self.practices.row(practice)["practice"]]

    @property
    def finding(self) -> str:
        """Which of the practices that stand out meet most criteria, in a sentence."""
        found = self._table[self._table["practice"].isin(self.practices.promising["practice"])]
        if found.empty:
            return "No practice stands out, so there is none to hold against the criteria."
        failed = found["verdict"].eq(FAIL).groupby(found["label"], sort=False).sum()
        clean = list(failed.index[failed == 0])
        number_of = counted(len(failed), "practice")
        if not clean:
            return f"Of {number_of} that stand out each fails some criterion of positive deviance."
        if len(clean) == len(failed):
            return f"No criterion of positive deviance speaks against {number_of} that stand out: {listed(clean)}."
        return f"Of {number_of} that stand out {len(clean)} fail no criterion of positive deviance: {listed(clean)}."

    def wide(self) -> pd.DataFrame:
        """Verdicts only: one row per practice, one column per criterion."""
        wide = self._table.pivot_table(
            index="label", columns="criterion", values="verdict", aggfunc="first", sort=False
        )
        return wide.reindex(columns=CRITERIA)

    def _repr_html_(self) -> str:
        return overview(self.finding, self.wide(), self.caveats, rows=15).__html__()


@single_threaded
def check_criteria(practices: Practices) -> Criteria:
    """Hold each tested practice against the criteria of positive deviance.

    Parameters
    ----------
    practices : Practices

    Returns
    -------
    Criteria

    References
    ----------
    Marsh et al. (2004), doi:10.1136/bmj.329.7475.1177, for what positive deviance is.
    """
    checks = {
        "uncommon": _uncommon, "accessible": _accessible, "sustained": _sustained, "dose-response": _dose,
        "same direction": _direction,
    }  # fmt: skip
    rows = []
    for _, row in practices.table[practices.table["p_value"].notna()].iterrows():
        rows += [[row["practice"], row["label"], name, *check(practices, row)] for name, check in checks.items()]
    table = pd.DataFrame(rows, columns=COLUMNS)
    note = "A criterion that the data cannot tell of is unknown, which is no pass."
    return Criteria(practices, table, [note], dict(practices.settings))


def _uncommon(practices: Practices, row: pd.Series) -> Verdict:
    chosen, ordinary, weight = comparable_peers(practices.deviants)
    does = practices.doing[row["practice"]]
    here, there = does.reindex(chosen).dropna(), does.reindex(ordinary)
    weight = np.where(there.notna(), weight, 0.0)
    units = practices.observations.study.unit.plural
    if len(here) < FEWEST_DEVIANTS or weight.sum() == 0:
        return UNKNOWN, np.nan, f"too few deviants to hold other {units} against"
    size = weight.sum() ** 2 / (weight**2).sum()
    peers = float(np.average(there.fillna(0.0), weights=weight))
    # Half a unit more on each side keeps the ratio finite where nobody does it.
    ours, theirs = (len(here) * here.mean() + 0.5) / (len(here) + 1), (size * peers + 0.5) / (size + 1)
    spread = np.sqrt((1 - ours) / (len(here) * ours + 0.5) + (1 - theirs) / (size * theirs + 0.5))
    least = float(np.exp(np.log(ours / theirs) - REACH * spread))
    says = f"{share(peers)} of comparable {units} do it, {share(float(here.mean()))} of the deviants"
    if peers > RARE:
        return FAIL, peers, says
    return (
        (PASS if least > 1 else UNKNOWN),
        peers,
        f"{says} ({number(ours / theirs, 1)} times, at least {number(least, 1)})",
    )


def _accessible(practices: Practices, row: pd.Series) -> Verdict:
    tested, entry = practices.tested, practices.observations.codebook.loc[row["practice"]]
    does = practices.doing.loc[tested.units, row["practice"]]
    by_third = does.groupby(tested.third).mean().reindex(range(3))
    poorest = float(by_third.iloc[0])
    costs = practices.observations.codebook["cost"].dropna()
    dear = bool(entry["cost"] > costs.median()) if pd.notna(entry["cost"]) else None
    settled = _told_by_context(practices, row["practice"])
    faults = []
    if not (by_third > 0).all():
        faults.append("nobody does it in some third of means")
    if entry["everyone_can"] is False or entry["everyone_can"] == 0:
        faults.append("not every unit could")
    if dear:
        faults.append(f"it costs more than most ({number(entry['cost'])} of 5)")
    if settled >= SETTLED:
        faults.append(f"the means tell who does it (AUC {number(settled, 2)})")
    says = f"{share(poorest)} do it where means are poorest, {share(float(by_third.iloc[2]))} where they are richest"
    if faults:
        return FAIL, poorest, f"{says}; {listed(faults)}"
    known = dear is not None and entry["everyone_can"] is not None and pd.notna(entry["everyone_can"])
    return (PASS if known else UNKNOWN), poorest, says


def _told_by_context(practices: Practices, name: str) -> float:
    """How well the context tells, leaving each unit out, who does it: the area under the ROC curve."""
    tested = practices.tested
    does = practices.doing.loc[tested.units, name].to_numpy()
    known = np.isfinite(does)
    y = does[known]
    if not 0 < y.sum() < len(y):
        return 0.5
    basis = orthonormal(tested.context[known])
    leverage = np.minimum((basis**2).sum(axis=1), 0.99)
    guess = y - (y - basis @ (basis.T @ y)) / (1 - leverage)
    ranks = pd.Series(guess).rank().to_numpy()
    users = y.sum()
    return float((ranks[y == 1].sum() - users * (users + 1) / 2) / (users * (len(y) - users)))


def _sustained(practices: Practices, row: pd.Series) -> Verdict:
    waves, tested, name = practices.waves, practices.tested, row["practice"]
    if not waves.tell:
        return UNKNOWN, np.nan, "a single wave cannot tell whether it lasts"
    answers = waves.answers(name)[waves.used.units][:, -LAST:]
    does = np.where(np.isfinite(answers), answers >= (0.5 if practices.is_binary(name) else row["high"]), np.nan)
    answered, often = np.isfinite(does).sum(axis=1) >= 2, np.nansum(does, axis=1)
    users = answered & (often > 0)
    if not users.any():
        return UNKNOWN, np.nan, "no user answered in two waves"
    kept = float((often[users] >= 2).mean())
    signs = adjusted_contrasts(tested.response, tested.weights, tested.context, answers).estimate
    same = bool((np.sign(signs[np.isfinite(signs)]) == np.sign(row["raw_contrast"])).all())
    says = f"{share(kept)} of its users did it in two of the last {answers.shape[1]} waves"
    if kept >= 0.5 and same:
        return PASS, kept, f"{says}, and it goes the same way in each"
    return FAIL, kept, says if same else f"{says}; it does not go the same way in each"


def _dose(practices: Practices, row: pd.Series) -> Verdict:
    name, tested = row["practice"], practices.tested
    if practices.is_binary(name):
        return UNKNOWN, np.nan, "done or not: there is no more or less of it"
    value = tested.values[name]
    levels = pd.qcut(value.rank(method="first"), 3, labels=False) if value.nunique() > 2 else None
    if levels is None:
        return UNKNOWN, np.nan, "only two levels are in use"
    # Units of the same level stay together, in the third in which most of them are.
    levels = levels.groupby(value).transform("median").round()
    thirds = np.stack([np.where(levels.isna(), np.nan, levels.eq(k).astype(float)) for k in (0, 2)], axis=1)
    if not (np.nansum(thirds, axis=0) > 1).all() or not levels.eq(1).any():
        return UNKNOWN, np.nan, "too few levels are in use"
    low, top = thirds[:, [0]], thirds[:, [1]]
    context = np.column_stack([tested.context, np.nan_to_num(low)])
    above = adjusted_contrasts(tested.response, tested.weights, context, top).estimate[0]
    above *= practices.deviants.expected.slope_at_average
    trend = row["raw_contrast"] > 0 and row["p_value"] < 0.05
    shown = practices.deviants.expected.outcome.format.excess(above)
    says = f"the upper third is at {shown} against the middle; the trend is {'clear' if trend else 'not clear'}"
    return (PASS if trend and above >= 0 else FAIL), float(above), says


def _direction(practices: Practices, row: pd.Series) -> Verdict:
    rows = practices.segments.of(row["practice"])
    own = rows[rows["contrast"].notna()]
    if len(own) < 3:
        return UNKNOWN, np.nan, "too few segments with units enough"
    same = float((np.sign(own["contrast"]) == np.sign(row["raw_contrast"])).mean())
    differ = own.drop_duplicates("by")["differ_share"].max()
    says = f"the same way in {share(same)} of {len(own)} segments; at most {share(differ)} of what differs is not noise"
    return (PASS if same >= MOST_STRATA else FAIL), same, says
