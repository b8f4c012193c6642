"""Bundles: practices that show more together than each alone."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
from scipy.stats import t as student

from pdlib.practices.grades import CANNOT_TELL, NOT_TESTABLE, PROMISING, STRONG, follows_success
from pdlib.practices.tested import LEVEL
from pdlib.practices.timing import FEW_CHANGES, RISES, UNKNOWN
from pdlib.show import figures, overview
from pdlib.show.wording import capitalised, counted, listed, plural
from pdlib.stats.contrast import adjusted_contrasts
from pdlib.stats.family import holm
from pdlib.stats.pairs import FEWEST, search_pairs
from pdlib.stats.threads import single_threaded

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from pdlib.practices.result import Practices

ENOUGH_UNITS, MOST_PRACTICES = 500, 40
COLUMNS = [
    "bundle", "label", "source", "grade", "reason", "n_units", "n_all", "gain", "gain_lower", "gain_upper", "p_value",
    "p_adjusted", "timing",
]  # fmt: skip


@dataclass(frozen=True, eq=False)
class Bundles:
    """Practices looked at together.

    Attributes
    ----------
    practices : Practices
    searched : int
        Pairs that the search looked at; 0 if there are too few units to look.
    caveats : list of str
    settings : dict
    """

    practices: Practices = field(repr=False)
    _table: pd.DataFrame = field(repr=False)
    searched: int
    caveats: list[str]
    settings: dict[str, Any]

    @property
    def table(self) -> pd.DataFrame:
        """One row per bundle, proposed ones first.

        ``bundle`` (names joined by +), ``label``, ``source`` (who proposed it, or "search"), ``grade`` (strong,
        promising, cannot tell, not testable), ``reason``, ``n_units`` (that answered on all parts), ``n_all`` (that do
        all), ``gain`` with 95 % bounds (what doing all shows beyond the sum of its parts; outcome units), ``p_value``
        (two-sided), ``p_adjusted`` (Holm over the proposed, Benjamini–Hochberg over all pairs searched), ``timing``.
        """
        return self._table.copy()

    @property
    def found(self) -> pd.DataFrame:
        """Bundles graded strong or promising."""
        return self.table[self._table["grade"].isin([STRONG, PROMISING])]

    @property
    def finding(self) -> str:
        """Which practices show more together, in a sentence."""
        looked = f"{self.searched:,} pairs searched" if self.searched else "no search of pairs"
        proposed = int(self._table["source"].ne("search").sum())
        if self.found.empty:
            return f"No practices show more together than each alone ({proposed} bundles proposed, {looked})."
        return f"More together than each alone: {listed(self.found['label'])} ({proposed} proposed, {looked})."

    def cells(self, bundle: str) -> pd.DataFrame:
        """Units that do none, a part and all of a bundle, each against those that do none.

        Parameters
        ----------
        bundle : str
            Its name or label.

        Returns
        -------
        DataFrame
            ``bundle``, ``label``, ``n_units``, ``contrast`` with 95 % bounds (outcome units, same means).
        """
        row = self._table[(self._table["bundle"] == bundle) | (self._table["label"] == bundle)]
        if row.empty:
            raise KeyError(f"There is no bundle {bundle!r}; there are {listed(map(repr, self._table['bundle']))}.")
        return _cells(self.practices, row.iloc[0]["bundle"].split(" + "))

    def plot(self, bundle: str | None = None, *, ax: Axes | None = None) -> Axes:
        """The gain of every bundle; or, for one, units that do none, a part and all of it."""
        show = self.practices.deviants.expected.outcome.format
        if bundle is None:
            rows = self._table[self._table["gain"].notna()]
            rows = rows.assign(
                unit=rows["bundle"], value=rows["gain"], lower=rows["gain_lower"], upper=rows["gain_upper"]
            )
            number, what = len(self.found), "beyond the sum of its parts"
            title = f"{capitalised(counted(number, 'bundle'))} {plural(number, 'shows', 'show')} more than its parts"
            rows = rows.assign(words=rows["grade"])
        else:
            rows = self.cells(bundle)
            title = f"{self._table.set_index('bundle').loc[rows['bundle'].iloc[0], 'label']}: against none of it"
            words = [f"{n:,} {self.practices.observations.study.unit.plural}" for n in rows["n_units"]]
            rows = rows.assign(
                unit=rows["bundle"], words=words, value=rows["contrast"], lower=rows["contrast_lower"],
                upper=rows["contrast_upper"],
            )  # fmt: skip
            what = f"against {self.practices.observations.study.unit.plural} that do none"
        return figures.dots(
            rows, value="value", lower="lower", upper="upper", value_format=show.difference,
            beneath="words", value_label=f"{show.unit} {what}", title=title, ax=ax,
        )  # fmt: skip

    def _repr_html_(self) -> str:
        shown = ["label", "source", "grade", "n_all", "gain", "gain_lower", "gain_upper", "p_adjusted", "timing"]
        return overview(self.finding, self._table[shown], self.caveats).__html__()


@single_threaded
def find_bundles(practices: Practices) -> Bundles:
    """Test the bundles that people propose, and where there are units enough search all pairs.

    Proposed bundles are a small family of their own. The search looks at the declared practices that were tested, at
    most forty of them and only in studies of 500 units or more, and leaves out what follows success.

    Parameters
    ----------
    practices : Practices

    Returns
    -------
    Bundles
    """
    study = practices.observations.study
    proposed = [(item.practices, item.label, item.proposed_by or "proposed") for item in study.bundle]
    rows = [_row(practices, parts, label, source) for parts, label, source in proposed]
    table = pd.DataFrame(rows, columns=COLUMNS)
    table["p_adjusted"] = holm(table["p_value"].to_numpy(dtype=float))
    found, searched, notes = _search(practices)
    table = pd.concat([part for part in (table, found) if len(part)] or [table], ignore_index=True)
    graded = [_grade(row) for _, row in table.iterrows()]
    table[["grade", "reason"]] = pd.DataFrame(graded, columns=["grade", "reason"], index=table.index)
    settings = {**practices.settings, "enough_units": ENOUGH_UNITS, "most_practices": MOST_PRACTICES, "fewest": FEWEST}
    return Bundles(practices, table[COLUMNS], searched, notes, settings)


def gain(practices: Practices, parts: Sequence[str]) -> dict[str, Any]:
    """What doing all of a bundle shows beyond the sum of its parts, with its 95 % range and how many do it."""
    tested, does = practices.tested, practices.doing.loc[practices.tested.units, list(parts)]
    own = practices.values.loc[tested.units, list(parts)].to_numpy(dtype=float)
    answered = np.isfinite(own).all(axis=1)
    binary = [practices.is_binary(name) for name in parts]
    every = np.prod(np.where(binary, own, does), axis=1)  # a yes or no counts as often as it was found
    counts = {"n_units": int(answered.sum()), "n_all": int(does.eq(1).all(axis=1).sum())}
    combinations = does[answered].value_counts()
    if len(combinations) < 2 ** len(parts) or combinations.min() < FEWEST:
        return counts | dict.fromkeys(("gain", "gain_lower", "gain_upper", "p_value"), np.nan)
    middle = np.where(np.isfinite(own), own, np.nanmean(own, axis=0))
    clusters = tested.clusters
    contrast = adjusted_contrasts(
        tested.response, tested.weights, np.column_stack([tested.context, middle]), every[:, None], clusters
    )
    slope = practices.deviants.expected.slope_at_average
    size, half = contrast.estimate[0] * slope, contrast.se[0] * slope * student.ppf(0.975, max(contrast.spare[0], 1))
    return counts | {
        "gain": size, "gain_lower": size - half, "gain_upper": size + half, "p_value": contrast.p_value[0],
    }  # fmt: skip


def _row(practices: Practices, parts: Sequence[str], label: str, source: str) -> dict[str, Any]:
    waves = practices.waves
    row = {"bundle": " + ".join(parts), "label": label, "source": source, "timing": UNKNOWN, **gain(practices, parts)}
    if waves.tell and row["n_all"]:
        found = waves.changes(np.prod([waves.doing(name) for name in parts], axis=0))
        if found.change.units >= FEW_CHANGES and found.rises:
            row["timing"] = RISES
    return row


def _search(practices: Practices) -> tuple[pd.DataFrame, int, list[str]]:
    tested, unit = practices.tested, practices.observations.study.unit
    if len(tested.units) < ENOUGH_UNITS:
        few = f"{len(tested.units):,} {unit.plural} are not enough to look for combinations that nobody proposed."
        return pd.DataFrame(columns=COLUMNS), 0, [few]
    table = practices.table.set_index("practice").loc[list(tested.values.columns)]
    usable = table["p_value"].notna() & ~follows_success(table)
    names = list(usable.index[usable])
    notes = []
    if len(names) > MOST_PRACTICES:
        middling = (table.loc[names, "n_users"] / table.loc[names, "n_units"] - 0.5).abs()
        names = list(middling.sort_values(kind="stable").index[:MOST_PRACTICES])
        notes = [
            f"Pairs were searched among the {MOST_PRACTICES} practices that nearest to half of the {unit.plural} do."
        ]
    columns = tested.values.columns.get_indexer(pd.Index(names))
    freed = tested.contrasts.freed
    does = practices.doing.loc[tested.units, names].to_numpy()
    pairs = search_pairs(freed.only(columns), tested.values[names].to_numpy(dtype=float), does, level=LEVEL)
    labels = practices.observations.codebook["label"]
    proposed = [set(item.practices) for item in practices.observations.study.bundle]
    rows = []
    for j in np.flatnonzero(pairs.found):
        parts = [names[pairs.first[j]], names[pairs.second[j]]]
        if set(parts) in proposed:
            continue
        label = " with ".join(f"“{labels[name]}”" for name in parts)
        rows.append(
            _row(practices, parts, label, "search") | {"p_value": pairs.p_value[j], "p_adjusted": pairs.p_bh[j]}
        )
    return pd.DataFrame(rows, columns=COLUMNS), len(pairs.score), notes


def _grade(row: pd.Series) -> tuple[str, str]:
    if not np.isfinite(row["p_adjusted"]):
        return NOT_TESTABLE, f"some combination of its parts is done by fewer than {FEWEST} units"
    if row["gain"] > 0 and row["p_adjusted"] <= LEVEL:
        if row["timing"] == RISES and row["source"] != "search":
            return STRONG, f"all together show more than the sum of the parts; {row['timing']}"
        return PROMISING, f"all together show more than the sum of the parts; {row['timing']}"
    if row["gain"] < 0 and row["p_adjusted"] <= LEVEL:
        return CANNOT_TELL, "all together show less than the sum of the parts"
    return CANNOT_TELL, "together they may be worth no more than the sum of the parts"


def _cells(practices: Practices, parts: list[str]) -> pd.DataFrame:
    tested, labels = practices.tested, practices.observations.codebook["label"]
    does = practices.doing.loc[tested.units, parts]
    done, answered = does.eq(1).to_numpy(), does.notna().all(axis=1).to_numpy()
    none, every = answered & ~done.any(axis=1), answered & done.all(axis=1)
    groups = {"None of it": none}
    if len(parts) == 2:
        groups |= {f"Only “{labels[name]}”": answered & done[:, k] & ~done[:, 1 - k] for k, name in enumerate(parts)}
    else:
        groups |= {"Some of it": answered & done.any(axis=1) & ~every}
    groups["All of it" if len(parts) > 2 else "Both"] = every
    dummies = np.stack(list(groups.values()), axis=1).astype(float)
    dummies[~answered] = np.nan
    estimate, se, spare = np.zeros((3, len(groups)))
    for k in range(1, len(groups)):
        others = np.delete(np.nan_to_num(dummies), [0, k], axis=1)
        context = np.column_stack([tested.context, others])
        one = adjusted_contrasts(tested.response, tested.weights, context, dummies[:, [k]], tested.clusters)
        estimate[k], se[k], spare[k] = one.estimate[0], one.se[0], one.spare[0]
    slope = practices.deviants.expected.slope_at_average
    half = se * student.ppf(0.975, np.maximum(spare, 1))
    return pd.DataFrame(
        {
            "bundle": " + ".join(parts), "label": list(groups), "n_units": [mask.sum() for mask in groups.values()],
            "contrast": estimate * slope, "contrast_lower": (estimate - half) * slope,
            "contrast_upper": (estimate + half) * slope,
        }
    )  # fmt: skip
