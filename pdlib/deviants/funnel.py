"""The familiar picture: units by size beside the limits within which luck, and ordinary differences, would put them."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
import pandas as pd
from scipy.special import ndtri
from scipy.stats import binom

from pdlib.expected import Expected
from pdlib.show import figures, overview
from pdlib.stats.funnel import exact_limits, overdispersion, ratio_limits, share_limits, standardise
from pdlib.study import Outcome

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from pdlib.deviants.finding import Deviants

Convention = Literal["overdispersed", "exact", "SHMI", "CQC", "PR"]
PUBLISHED: dict[str, tuple[str, ...]] = {"rate": ("SHMI", "CQC"), "proportion": ("PR",), "mean": ()}
LEVELS = {"95": 0.95, "998": 0.998}
SMALLEST_COUNT = 0.5
RARE = 0.001


@dataclass(frozen=True, eq=False)
class Funnel:
    """Every unit beside the limits at its own exposure: for reading, no list of deviants.

    Attributes
    ----------
    limits : DataFrame
        The lines of the picture: ``exposure``, ``centre`` and the 95 % and 99.8 % limits.
    variance : float
        Variance between units that the limits allow for, on the convention's scale (0 for exact limits).
    finding : str
    caveats : list of str
    settings : dict
    """

    _table: pd.DataFrame = field(repr=False)
    limits: pd.DataFrame = field(repr=False)
    outcome: Outcome
    variance: float
    finding: str
    caveats: list[str]
    settings: dict[str, Any]

    @property
    def table(self) -> pd.DataFrame:
        """One row per unit, in the order of the deviants' table.

        ``unit``, ``label``, ``exposure``, ``adjusted`` (the overall outcome moved by the unit's own excess),
        ``centre``, ``lower95``, ``upper95``, ``lower998``, ``upper998`` (limits at its own exposure), ``outside95``,
        ``outside998``, ``side`` ("better" or "worse" than the centre), ``group``. Outcome units.
        """
        return self._table.copy()

    def plot(self, *, ax: Axes | None = None) -> Axes:
        """The funnel, confident units labelled."""
        named = self._table[self._table["group"] == "confident"]
        return figures.funnel(
            self._table, self.limits, labels=dict(zip(named["unit"], named["label"], strict=True)),
            exposure_label=self.outcome.exposure_label, value_format=self.outcome.format.tick,
            title=self.finding, ax=ax,
        )  # fmt: skip

    def _repr_html_(self) -> str:
        shown = ["label", "exposure", "adjusted", "lower95", "upper95", "outside95", "outside998", "side"]
        return overview(self.finding, self._table[shown], self.caveats).__html__()


def read_funnel(deviants: Deviants, convention: Convention = "overdispersed") -> Funnel:
    """Hold each unit against the limits at its own exposure; `Deviants.funnel` says what the conventions are."""
    expected, table = deviants.expected, deviants.adjusted()
    variance, notes = _variance(deviants, convention)
    columns = ["unit", "label", "exposure", "adjusted", "group"]
    limits = _limits(deviants, table["exposure"].to_numpy(float), convention, variance)
    read = pd.concat([table[columns], limits.drop(columns="exposure")], axis=1)
    for name in LEVELS:
        read[f"outside{name}"] = (read["adjusted"] < read[f"lower{name}"]) | (read["adjusted"] > read[f"upper{name}"])
    ahead = expected.outcome.sign * (read["adjusted"] - read["centre"]) >= 0
    read["side"] = np.where(ahead, "better", "worse")
    order = [name for name in read.columns if name != "group"]
    return Funnel(
        read[[*order, "group"]], limits_over_sizes(deviants, convention), expected.outcome, variance,
        _sentence(read, expected.observations.study.unit.plural), [*_caveats(convention), *notes],
        {**deviants.settings, "convention": convention},
    )  # fmt: skip


def limits_over_sizes(deviants: Deviants, convention: Convention = "overdispersed", points: int = 60) -> pd.DataFrame:
    """The lines of the picture, over the exposures that occur."""
    exposure = deviants.adjusted()["exposure"]
    sizes = np.linspace(np.sqrt(exposure.min()), np.sqrt(exposure.max()), points) ** 2
    return _limits(deviants, sizes, convention, _variance(deviants, convention)[0])


def disagreement(deviants: Deviants) -> str:
    """`Deviants.disagreement`, whatever the verdict."""
    expected, read = deviants.expected, read_funnel(deviants).table
    count, out, usual = len(read), int(read["outside95"].sum()), 0.05 * len(read)
    if binom.sf(out - 1, count, 0.05) > RARE:
        return ""
    units, period = expected.observations.study.unit.plural, expected.observations.study.period
    many = period.plural if period else "periods"
    why = f"its lines allow for size alone, the verdict also for uneven {many} and for how unsure each expectation is"
    if expected.fit.spells.credible:
        why = f"its lines take all {many} as independent, the verdict allows for spells of several {many}"
    return (
        f"The funnel and this verdict disagree: {out:,} of {count:,} {units} lie outside the lines that "
        f"{max(1, round(usual)):,} would cross by chance; {why}."
    )


def _centre(table: pd.DataFrame) -> float:
    return float(np.average(table["observed"], weights=table["exposure"]))


def _variance(deviants: Deviants, convention: Convention) -> tuple[float, list[str]]:
    """Variance between units by the convention, and what had to be done to get it."""
    fit, table = deviants.expected.fit, deviants.adjusted()
    _check(deviants.expected, convention)
    if convention == "exact":
        return 0.0, []
    if convention == "overdispersed":
        periods = max(1.0, float(table["n_periods"].median()))
        return fit.unit_variance + fit.collapsed.transient_variance / periods, []
    size = table["exposure"].to_numpy(float)
    counts = table["adjusted"].to_numpy(float) * size
    if convention == "PR":
        return overdispersion(*standardise(counts, size, "PR"))[1], []
    few = counts < SMALLEST_COUNT
    ratio = standardise(np.where(few, SMALLEST_COUNT, counts), size * _centre(table), convention)
    note = f"{few.sum():,} without a count were taken to have {SMALLEST_COUNT:g}, which the convention needs."
    return overdispersion(*ratio, drop=convention == "SHMI")[1], [note] if few.any() else []


def _check(expected: Expected, convention: str) -> None:
    kind = expected.fit.kind
    known = ("overdispersed", "exact", *PUBLISHED[kind])
    if convention not in known:
        raise ValueError(f"convention is {convention!r}; for a {kind} it must be one of {', '.join(known)}.")
    if convention == "exact" and kind == "mean" and np.isnan(expected.fit.item_variance):
        raise ValueError('"exact" needs the spread of single answers; declare sd or se, or take "overdispersed".')


def _limits(deviants: Deviants, size: np.ndarray, convention: Convention, variance: float) -> pd.DataFrame:
    fit, centre = deviants.expected.fit, _centre(deviants.adjusted())
    frame = pd.DataFrame({"exposure": size, "centre": centre})
    for name, level in LEVELS.items():
        if fit.kind == "mean":
            lower, upper = _mean_limits(deviants.expected, size, centre, level, variance)
        elif convention == "exact":
            lower, upper = exact_limits(size, centre, level, share=fit.kind == "proportion")
        elif fit.kind == "proportion":
            # The logit's variance τ² is τ² p(1−p)/4 on the arcsine scale, the one on which PR is stated.
            scale = 1.0 if convention == "PR" else centre * (1 - centre) / 4
            lower, upper = share_limits(size, centre, level, tau2=variance * scale)
        else:
            form: Literal["SHMI", "CQC"] = "CQC" if convention == "CQC" else "SHMI"
            ratios = ratio_limits(size * centre, level, tau2=variance, convention=form)
            lower, upper = centre * ratios[0], centre * ratios[1]
        frame[f"lower{name}"], frame[f"upper{name}"] = lower, upper
    return frame


def _mean_limits(
    expected: Expected, size: np.ndarray, centre: float, level: float, variance: float
) -> tuple[np.ndarray, np.ndarray]:
    item = 0.0 if np.isnan(expected.fit.item_variance) else expected.fit.item_variance
    width = float(ndtri(0.5 + level / 2)) * np.sqrt(item / size + variance)
    return centre - width, centre + width


def _sentence(read: pd.DataFrame, plural: str) -> str:
    outside = read[read["outside95"]]
    better = int((outside["side"] == "better").sum())
    return (
        f"{len(outside):,} of {len(read):,} {plural} lie outside the limits that hold 95 in 100 ordinary ones "
        f"({better:,} better, {len(outside) - better:,} worse), where {0.05 * len(read):,.0f} would by themselves; "
        f"{int(read['outside998'].sum()):,} lie outside those that hold 998 in 1,000. "
        "A picture for reading, not a list."
    )


def _caveats(convention: str) -> list[str]:
    notes = ["Being outside names nobody: the funnel does not say how likely a unit is to be in the top share."]
    if convention == "exact":
        notes.append("These limits allow for luck alone; ordinary differences between units put many outside.")
    elif convention != "overdispersed":
        notes.append("The published rule trims real differences together with luck, so that its limits can be narrow.")
    return notes
