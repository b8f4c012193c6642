"""Recovery of what was planted, silence where nothing was, and what luck looks like, each as a result."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from pdlib.expected import REACH
from pdlib.show import figures, overview
from pdlib.simulate.panel import BASE_SHARE, Kind, SimulatedPanel, simulate_panel
from pdlib.trust.methods import Answer, Array, answers, leading, oracle, tenth

if TYPE_CHECKING:
    from matplotlib.axes import Axes


@dataclass(frozen=True, eq=False)
class _Result:
    """A sentence, a table of methods, and a picture of it."""

    _table: pd.DataFrame = field(repr=False)
    finding: str
    caveats: list[str]
    settings: dict[str, Any]

    @property
    def table(self) -> pd.DataFrame:
        """One row per method."""
        return self._table.copy()

    def _dots(self, value: str, what: str, ax: Axes | None) -> Axes:
        shown = self._table.assign(group=np.where(self._table["method"] == "ours", "confident", ""))
        return figures.dots(
            shown, value=value, lower=f"{value}_lower", upper=f"{value}_upper", label="method", groups="group",
            value_format="{:.0%}".format, value_label=what, title=self.finding, ax=ax,
        )  # fmt: skip

    def _repr_html_(self) -> str:
        return overview(self.finding, self._table, self.caveats).__html__()


class Recovery(_Result):
    """How much of what was planted each method finds.

    ``table``: ``method``, ``precision`` (share of its leading tenth that truly belongs there) with 90 % bounds,
    ``named_share`` (of all units), ``real_share`` (of the named), ``claimed_share`` (of the named, by its own claim),
    ``n_named``, ``n_units``, ``n_runs``.
    """

    def plot(self, *, ax: Axes | None = None) -> Axes:
        """Each method's precision with its range."""
        return self._dots("precision", "share of the leading tenth that truly belongs there", ax)


class Silence(_Result):
    """Whom each method names where no unit deviates.

    ``table``: ``method``, ``named_share`` with 90 % bounds, ``runs_share`` (runs in which it names anybody),
    ``n_named``, ``n_units``, ``n_runs``.
    """

    def plot(self, *, ax: Axes | None = None) -> Axes:
        """The share of units that each method names, all of it wrong."""
        return self._dots("named_share", "share of units named, though none deviates", ax)


@dataclass(frozen=True, eq=False)
class Luck:
    """A league table of units that are all alike, made twice.

    Attributes
    ----------
    correlation : float
        Correlation over units of the two halves.
    finding : str
    caveats : list of str
    settings : dict
    """

    _table: pd.DataFrame = field(repr=False)
    correlation: float
    finding: str
    caveats: list[str]
    settings: dict[str, Any]

    @property
    def table(self) -> pd.DataFrame:
        """One row per unit, the first of the earlier half first.

        ``unit``, ``earlier``, ``later`` (share of happy answers above the overall one), ``rank_earlier``,
        ``rank_later``, ``exposure`` (answers).
        """
        return self._table.copy()

    def plot(self, *, ax: Axes | None = None) -> Axes:
        """The leading tenth and the last tenth of the earlier half, earlier against later."""
        size = tenth(len(self._table))
        ends = [self._table.head(size).assign(list="league table"), self._table.tail(size).assign(list="last tenth")]
        return figures.luck(pd.concat(ends), value_format="{:+.1%}".format, title=self.finding, ax=ax)

    def _repr_html_(self) -> str:
        return overview(self.finding, self._table, self.caveats).__html__()


def recover_planted(
    n_units: int = 300,
    n_periods: int = 6,
    kind: Kind = "mean",
    *,
    context: Any = "smooth",
    replicates: int = 8,
    seed: int = 1,
) -> Recovery:
    """Plant units that thrive with the same means, and see who finds them.

    Parameters
    ----------
    n_units, n_periods, kind, context
        As in ``simulate_panel``.
    replicates : int
        Panels simulated.
    seed : int
        Of the first panel; the others follow.

    Returns
    -------
    Recovery
    """
    settings = dict(locals())
    runs = []
    for simulated in _panels(n_units, n_periods, kind, context, replicates, seed, null=False):
        for method, answer in {"oracle": oracle(simulated), **answers(simulated)}.items():
            runs.append({"method": method, **_scored(answer, simulated.truth["in_top"].to_numpy())})
    table = pd.DataFrame([_recovered(method, part) for method, part in pd.DataFrame(runs).groupby("method")])
    table = table.sort_values("precision", ascending=False, ignore_index=True)
    return Recovery(table, _recovery_sentence(table), [_SIMULATED], settings)


def silence_on_null(
    n_units: int = 300,
    n_periods: int = 6,
    kind: Kind = "mean",
    *,
    context: Any = "smooth",
    replicates: int = 8,
    seed: int = 1,
) -> Silence:
    """Plant nobody, and see who is named all the same.

    Parameters
    ----------
    n_units, n_periods, kind, context, replicates, seed
        As in `recover_planted`.

    Returns
    -------
    Silence
    """
    settings = dict(locals())
    runs = []
    for simulated in _panels(n_units, n_periods, kind, context, replicates, seed, null=True):
        for method, answer in answers(simulated).items():
            runs.append({"method": method, "n_named": int(answer.named.sum()), "n_units": len(answer.named)})
    table = pd.DataFrame([_silent(method, part) for method, part in pd.DataFrame(runs).groupby("method")])
    table = table.sort_values("named_share", ignore_index=True)
    named = dict(zip(table["method"], table["n_named"], strict=True))
    finding = (
        f"Nobody deviates in these {replicates} panels of {n_units:,} units: ours names {named['ours']:,}, "
        f"a league table's leading tenth {named['raw ranking']:,}."
    )
    return Silence(table, finding, [_SIMULATED], settings)


def league_of_luck(
    n_units: int = 200, n_periods: int = 6, *, share: float = BASE_SHARE, answers_each: int = 30, seed: int = 1
) -> Luck:
    """Make a league table of units that are all alike, twice: from the earlier and from the later periods.

    Parameters
    ----------
    n_units, n_periods : int
        At least 10 units and 2 periods.
    share : float
        Share of happy answers, the same for everybody.
    answers_each : int
        Answers of a unit in a period.
    seed : int

    Returns
    -------
    Luck
    """
    if n_units < 10 or n_periods < 2:
        raise ValueError(f"found {n_units} units and {n_periods} periods; two halves need at least 10 and 2.")
    settings = dict(locals())
    happy = np.random.default_rng(seed).binomial(answers_each, share, (n_units, n_periods)) / answers_each
    half = n_periods // 2
    earlier, later = happy[:, :half].mean(axis=1), happy[:, half:].mean(axis=1)
    table = pd.DataFrame({"unit": [f"U{i + 1:03d}" for i in range(n_units)]})
    table["earlier"], table["later"] = earlier - earlier.mean(), later - later.mean()
    table["rank_earlier"] = table["earlier"].rank(ascending=False, method="min")
    table["rank_later"] = table["later"].rank(ascending=False, method="min")
    table["exposure"] = answers_each * n_periods
    table = table.sort_values(["rank_earlier", "unit"], ignore_index=True)
    first = table.head(tenth(n_units))
    correlation = float(np.corrcoef(earlier, later)[0, 1])
    finding = (
        f"All {n_units:,} units are alike, yet the {len(first):,} that led in the earlier periods led by "
        f"{100 * first['earlier'].mean():.1f} points; later the same units were at "
        f"{100 * first['later'].mean():+.1f} points "
        f"(correlation of the halves {correlation:.2f})."
    )
    return Luck(
        table, correlation, finding, ["Pure chance, drawn for this table; no unit differs from another."], settings
    )


_SIMULATED = "Simulated panels: what real data hold beyond them (hidden conditions, gaming) is not tried here."


def _panels(
    n_units: int, n_periods: int, kind: Kind, context: Any, replicates: int, seed: int, *, null: bool
) -> list[SimulatedPanel]:
    simulate: Callable[..., SimulatedPanel] = simulate_panel
    seeds = range(seed, seed + replicates)
    return [simulate(n_units, n_periods, kind, context=context, null=null, seed=each) for each in seeds]


def _scored(answer: Answer, in_top: Array) -> dict[str, float]:
    named = answer.named
    return {
        "precision": float(in_top[leading(answer.order)].mean()),
        "n_named": int(named.sum()),
        "real": int((named & in_top).sum()),
        "claimed": float("nan") if answer.p is None else float(answer.p[named].sum()),
        "n_units": len(named),
    }


def _with_bounds(name: str, values: pd.Series) -> dict[str, float]:
    """Mean over runs with 90 % bounds, kept within 0 and 1; without a second run the bounds are missing."""
    mean = float(values.mean())
    reach = REACH * float(values.std(ddof=1)) / np.sqrt(len(values)) if len(values) > 1 else float("nan")
    return {name: mean, f"{name}_lower": max(mean - reach, 0.0), f"{name}_upper": min(mean + reach, 1.0)}


def _recovered(method: Any, runs: pd.DataFrame) -> dict[str, Any]:
    named, units = int(runs["n_named"].sum()), int(runs["n_units"].sum())
    return {
        "method": method, **_with_bounds("precision", runs["precision"]), "named_share": named / units,
        "real_share": runs["real"].sum() / named if named else np.nan,
        "claimed_share": runs["claimed"].sum(skipna=False) / named if named else np.nan,
        "n_named": named, "n_units": units, "n_runs": len(runs),
    }  # fmt: skip


def _silent(method: Any, runs: pd.DataFrame) -> dict[str, Any]:
    bounds = _with_bounds("named_share", runs["n_named"] / runs["n_units"])
    counts = {"n_named": int(runs["n_named"].sum()), "n_units": int(runs["n_units"].sum()), "n_runs": len(runs)}
    return {"method": method, **bounds, "runs_share": float((runs["n_named"] > 0).mean()), **counts}


def _recovery_sentence(table: pd.DataFrame) -> str:
    row = {record["method"]: record for record in table.to_dict("records")}
    lead = (
        f"Of our leading tenth {row['ours']['precision']:.0%} truly belong there, "
        f"of a league table's {row['raw ranking']['precision']:.0%}; "
        f"who knew everything but luck would reach {row['oracle']['precision']:.0%}."
    )
    if not row["ours"]["n_named"]:
        return f"{lead} Ours named nobody."
    return (
        f"{lead} Of the {row['ours']['n_named']:,} that ours named {row['ours']['real_share']:.0%} are real; "
        f"it had claimed {row['ours']['claimed_share']:.0%}."
    )
