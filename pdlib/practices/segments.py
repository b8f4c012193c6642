"""Does it hold here? The contrast of each practice in each part of the organisation, and by how good the means are."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
from scipy.stats import t as student

from pdlib.expected.grid import most_frequent
from pdlib.show import figures, overview
from pdlib.show.wording import listed
from pdlib.stats.contrast import orthonormal, summed
from pdlib.stats.pooling import pool
from pdlib.stats.threads import single_threaded

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from pdlib.practices.result import Practices
    from pdlib.practices.tested import Tested

FEWEST = 5  # users, and units that are not, for a segment to have a say
HOLDS, LESS, TOO_LITTLE = "holds", "holds less", "too little to tell"
THIRDS = ["poorest third of means", "middle third of means", "richest third of means"]
MEANS = "means"
COLUMNS = [
    "practice", "label", "by", "segment", "n_units", "n_users", "contrast", "contrast_lower", "contrast_upper",
    "pooled", "pooled_lower", "pooled_upper", "verdict", "p_differ", "differ_share",
]  # fmt: skip


@dataclass(frozen=True, eq=False)
class Segments:
    """Contrasts by segment: a second look at what was found, never a finding of its own.

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
        """One row per tested practice and segment.

        ``practice``, ``label``, ``by`` (region, a category of the context, or means), ``segment``, ``n_units``,
        ``n_users``, ``contrast`` with 95 % bounds from the segment's own units, ``pooled`` with bounds (leaning on the
        other segments as far as its own noise asks for), ``verdict`` (holds, holds less, too little to tell),
        ``p_differ`` (of no difference between segments) and ``differ_share`` (I², of the differences that is not
        noise). Outcome units, more is better.
        """
        return self._table.copy()

    def of(self, practice: str) -> pd.DataFrame:
        """The rows of one practice, named by name or label."""
        return self.table[self._table["practice"] == self.practices.row(practice)["practice"]]

    @property
    def finding(self) -> str:
        """Where what was found holds, in a sentence."""
        found = self._table[self._table["practice"].isin(self.practices.promising["practice"])]
        if found.empty:
            return "Nothing was found that could hold in one place and not in another."
        counts = found["verdict"].value_counts().reindex([HOLDS, LESS, TOO_LITTLE], fill_value=0)
        text = (
            f"Of {len(found)} looks at a part of the {self.practices.observations.study.unit.plural}, "
            f"{counts[HOLDS]} say that a practice holds there, {counts[LESS]} that it holds less, "
            f"{counts[TOO_LITTLE]} have too little to tell"
        )
        differ = found[found["p_differ"].le(0.05)].drop_duplicates(["practice", "by"])
        pairs = [f"“{row['label']}” by {row['by']}" for _, row in differ.iterrows()]
        more = f"; {listed(pairs)} may differ between parts" if pairs else ""
        return f"{text}{more}. A second look, not a finding."

    def sentence(self, practice: str) -> str:
        """Whether a practice holds everywhere, in plain words."""
        rows = self.of(practice)
        if rows.empty:
            return "There is no segment to look at."
        held = rows["verdict"].eq(HOLDS).groupby(rows["by"], sort=False)
        counts = zip(held.sum().items(), held.size(), strict=True)
        text = f"It holds {listed(f'by {by} in {holds} of {parts} parts' for (by, holds), parts in counts)}"
        less = rows.loc[rows["verdict"].eq(LESS), "segment"]
        text += f"; it holds less in {listed(less)}" if len(less) else ""
        return f"{text}; the others have too little to tell." if rows["verdict"].eq(TOO_LITTLE).any() else f"{text}."

    def plot(self, practice: str | None = None, *, ax: Axes | None = None) -> Axes:
        """Contrast of one practice in each segment, the best graded by default, from the segment's own units."""
        rows, show = (
            self.of(practice or self._table["practice"].iloc[0]),
            self.practices.deviants.expected.outcome.format,
        )
        title = f"{rows['label'].iloc[0]}: in each part of the {self.practices.observations.study.unit.plural}"
        labels = [f"{name} ({n:,})" for name, n in zip(rows["segment"], rows["n_units"], strict=True)]
        rows = rows.assign(unit=rows["segment"], label=labels)
        return figures.dots(
            rows[rows["contrast"].notna()], value="contrast", lower="contrast_lower", upper="contrast_upper",
            value_format=show.difference, value_label=f"{show.unit}, same means", title=title, ax=ax,
        )  # fmt: skip

    def _repr_html_(self) -> str:
        shown = ["label", "by", "segment", "n_units", "pooled", "pooled_lower", "pooled_upper", "verdict", "p_differ"]
        found = self._table[self._table["practice"].isin(self.practices.promising["practice"])]
        return overview(self.finding, found[shown], self.caveats, rows=20).__html__()


@single_threaded
def compare_segments(practices: Practices) -> Segments:
    """Contrast each tested practice within region, each category of the context, and thirds by how good the means are.

    Parameters
    ----------
    practices : Practices

    Returns
    -------
    Segments
    """
    tested, expected = practices.tested, practices.deviants.expected
    groups: dict[str, pd.Series] = {}
    if "region" in practices.observations.units:
        groups["region"] = practices.observations.units["region"].reindex(tested.units)
    panel = practices.observations.panel
    for item in expected.grid.conditions:
        if item.kind == "category":
            usual = panel.groupby("unit", observed=True)[item.name].agg(most_frequent, "not known")
            groups[item.label.lower()] = usual.reindex(tested.units).astype("str")
    groups[MEANS] = pd.Series(np.array(THIRDS)[tested.third], index=tested.units)
    steps = practices.table.set_index("practice")[["label", "low", "high"]]
    rows = []
    for name in practices.table["practice"][practices.table["p_value"].notna()]:
        step = (steps.loc[name, "high"] - steps.loc[name, "low"]) * expected.slope_at_average
        does = practices.doing.loc[tested.units, name]
        for by, group in groups.items():
            frame = _by_segment(tested, name, group, does, step)
            if len(frame) > 1:
                rows.append(frame.assign(practice=name, label=steps.loc[name, "label"], by=by))
    table = pd.concat(rows, ignore_index=True)[COLUMNS] if rows else pd.DataFrame(columns=COLUMNS)
    notes = [
        "Segments are a second look at what was found in all units together; none is graded on its own.",
        f"A segment needs {FEWEST} users and {FEWEST} others to have a say of its own.",
    ]
    return Segments(practices, table, notes, {**practices.settings, "fewest_in_a_segment": FEWEST})


def _by_segment(tested: Tested, name: str, group: pd.Series, does: pd.Series, step: float) -> pd.DataFrame:
    """Contrast of one practice within each segment, all in one regression that shares the context."""
    value = tested.values[name].to_numpy(dtype=float)
    rows = np.isfinite(value) & group.notna().to_numpy()
    codes, names = pd.factorize(group[rows], sort=True)
    if group.iloc[0] in THIRDS:
        names, codes = pd.Index(THIRDS), np.array([THIRDS.index(item) for item in group[rows]])
    users = np.bincount(codes, does[rows].eq(1), len(names))
    frame = pd.DataFrame({"segment": names, "n_units": np.bincount(codes, minlength=len(names)), "n_users": users})
    frame["n_users"] = frame["n_users"].astype(int)
    able = (users >= FEWEST) & (frame["n_units"].to_numpy() - users >= FEWEST)
    frame[COLUMNS[6:12]] = np.nan
    frame["verdict"], frame["p_differ"], frame["differ_share"] = TOO_LITTLE, np.nan, np.nan
    if able.sum() < 2:
        return frame
    root = np.sqrt(tested.weights[rows] / tested.weights[rows].mean())[:, None]
    member = codes[:, None] == np.arange(len(names))
    basis = orthonormal(np.column_stack([tested.context[rows], member[:, 1:]]) * root)
    y = tested.response[rows] * root[:, 0]
    x = value[rows, None] * member[:, able] * root
    y, x = y - basis @ (basis.T @ y), x - basis @ (basis.T @ x)
    inverse = np.linalg.pinv(x.T @ x)
    pull = x @ inverse
    slopes = pull.T @ y
    left = y - x @ slopes
    opened = 1 / np.maximum(1 - (basis**2).sum(axis=1) - (pull * x).sum(axis=1), 0.05)
    influence = pull * (left * np.sqrt(opened))[:, None]
    spare = max(len(y) - basis.shape[1] - int(able.sum()), 1)
    usual = np.diag(inverse) * (left @ left) / spare
    if tested.clusters is not None:
        influence = summed(influence, tested.clusters[rows])
        spare = min(spare, int(np.unique(tested.clusters[rows]).size) - 1)
    se = np.sqrt(np.maximum((influence**2).sum(axis=0), usual))
    pooled, reach = pool(slopes, se), student.ppf(0.975, max(spare, 1))
    numbers = {"contrast": (slopes, se), "pooled": (pooled.estimate, pooled.se)}
    for column, (estimate, own) in numbers.items():
        frame.loc[able, column] = estimate * step
        frame.loc[able, f"{column}_lower"] = (estimate - reach * own) * step
        frame.loc[able, f"{column}_upper"] = (estimate + reach * own) * step
    frame["p_differ"], frame["differ_share"] = pooled.p_value, pooled.inconsistency
    # A segment whose own units could not show a contrast as large as the whole's has nothing to say.
    telling = np.zeros(len(frame), dtype=bool)
    telling[able] = se <= abs(pooled.mean)
    frame.loc[telling & (frame["pooled_lower"] > 0) & (frame["contrast"] > 0), "verdict"] = HOLDS
    frame.loc[frame["pooled_upper"] < pooled.mean * step / 2, "verdict"] = LESS
    return frame
