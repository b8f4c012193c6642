"""Every guard at once, each with its sentence."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from pdlib.deviants.guards import chance, context
from pdlib.deviants.guards.guard import Ground, Guard
from pdlib.deviants.guards.multiverse import Universe, multiverse, universes, without
from pdlib.deviants.guards.plausible import plausible
from pdlib.show import figures, overview
from pdlib.show.wording import capitalised, in_words, plural
from pdlib.stats.threads import single_threaded

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from pdlib.deviants.finding import Deviants

LEVELS = ("warn", "look", "not checked", "fine")


@dataclass(frozen=True, eq=False)
class Guards:
    """What could make a list misleading, each checked on these data.

    Attributes
    ----------
    deviants : Deviants
    caveats : list of str
    settings : dict
    """

    deviants: Deviants
    _guards: tuple[Guard, ...] = field(repr=False)
    _frames: dict[str, pd.DataFrame] = field(repr=False)
    caveats: list[str]
    settings: dict[str, Any]

    @property
    def table(self) -> pd.DataFrame:
        """One row per guard, the loudest first.

        ``guard``, ``level`` ("warn", "look", "not checked", "fine"), ``sentence`` (no unit is named in it), ``value``,
        ``limit`` (where "look" begins), ``units`` (the units meant, for analysts).
        """
        order = sorted(self._guards, key=lambda guard: LEVELS.index(guard.level))
        return pd.DataFrame([asdict(guard) for guard in order])

    @property
    def finding(self) -> str:
        """How many guards speak up, in a sentence."""
        counts = {level: sum(guard.level == level for guard in self._guards) for level in LEVELS}
        loud = counts["warn"] + counts["look"]
        if not loud:
            said = f"None of {in_words(len(self._guards))} guards speaks up"
        else:
            speak = plural(loud, "speaks", "speak")
            said = f"{capitalised(in_words(loud))} of {in_words(len(self._guards))} guards {speak} up"
            said += f", {in_words(counts['warn'])} as a warning" if counts["warn"] else ", none as a warning"
        unchecked = counts["not checked"]
        return f"{said}{f'; {in_words(unchecked)} could not be checked' if unchecked else ''}."

    @property
    def warnings(self) -> list[str]:
        """Sentences of the guards that warn, but for what the fit verdict says already."""
        said = {"fit", "few units"}
        return [guard.sentence for guard in self._guards if guard.level == "warn" and guard.guard not in said]

    @property
    def precision(self) -> pd.DataFrame:
        """One row per list length: ``length``, ``expected_right``, ``precision`` (the share expected to be real)."""
        return self._frames["precision"].copy()

    @property
    def support(self) -> pd.DataFrame:
        """One row per leading unit.

        ``unit``, ``label``, ``supported``, ``leverage``, ``distance`` (to its nearest neighbour), ``condition`` (in
        which it lies furthest out).
        """
        return self._frames["support"].copy()

    @property
    def overadjustment(self) -> pd.DataFrame:
        """One row per practice.

        ``practice``, ``label``, ``explained_share`` (cross-fitted share of it that the context foretells),
        ``condition`` (which foretells it most by itself), ``condition_share``, ``suspicious``, ``stays_share`` (of the
        named, without it).
        """
        return self._frames["overadjustment"].copy()

    @property
    def hidden(self) -> pd.DataFrame:
        """One row per named unit.

        ``unit``, ``label``, ``group``, ``needed`` (what an undeclared condition would have to be worth, outcome units),
        ``condition`` (the strongest declared one), ``multiple`` (needed, over what that one is worth where it is kind),
        ``n_as_strong`` (declared conditions that are strong enough).
        """
        return self._frames["hidden"].copy()

    @property
    def multiverse(self) -> pd.DataFrame:
        """One row per confident or likely unit.

        ``unit``, ``label``, ``group``, ``p_top``, ``n_specifications`` (in which it takes part), ``share_listed``,
        ``p_top_lowest``, ``weakest_in``.
        """
        return self._frames["multiverse"].copy()

    @property
    def specifications(self) -> pd.DataFrame:
        """One row per specification: ``specification``, ``n_units``, ``tau2``, ``stays_share`` (of the named)."""
        return self._frames["specifications"].copy()

    @property
    def heavy_tails(self) -> pd.DataFrame:
        """One row per named unit: ``unit``, ``label``, ``group``, ``p_top``, ``p_top_heavy``, ``stays``."""
        return self._frames["tails"].copy()

    @property
    def shuffles(self) -> pd.DataFrame:
        """One row per shuffled copy: ``shuffle``, ``n_confident``, ``tau2``."""
        return self._frames["shuffles"].copy()

    @property
    def suspicious(self) -> pd.DataFrame:
        """One row per unit and check it fails: ``unit``, ``label``, ``group``, ``check``, ``p_value``, ``sentence``."""
        return self._frames["suspicious"].copy()

    def plot(self, *, ax: Axes | None = None) -> Axes:
        """How much of a list would be real, by its length."""
        row = next(guard for guard in self._guards if guard.guard == "list length")
        named = len(self.deviants.confident)
        return figures.precision(self.precision, named=named, title=row.sentence, ax=ax)

    def _repr_html_(self) -> str:
        shown = self.table[["guard", "level", "sentence", "units"]]
        return overview(self.finding, shown, self.caveats, rows=len(shown)).__html__()


@single_threaded
def check(deviants: Deviants, *, shuffles: int = 20, seed: int = 0) -> Guards:
    """Check what could make this list misleading, and say it.

    Parameters
    ----------
    deviants : Deviants
    shuffles : int
        Shuffled copies of the data.
    seed : int
        Of the shuffles.

    Returns
    -------
    Guards

    Notes
    -----
    The limits (half, 20 %, 15 %, a quarter of the spread of excess, three times the mean, the 99th percentile, 95 % of
    shuffles, 5 % of units) are conventions that say where to look and not results.
    """
    ground = Ground(deviants)
    practices = context.foretold(ground)
    others = universes(ground, practices.loc[practices["suspicious"].astype(bool), "condition"])
    frames: dict[str, pd.DataFrame] = {}
    length, frames["precision"] = chance.precision(ground)
    supported, frames["support"] = context.support(ground)
    tails, frames["tails"] = chance.tails(ground)
    shuffled, frames["shuffles"] = chance.shuffles(ground, shuffles, seed)
    steady, frames["multiverse"], frames["specifications"] = multiverse(ground, others)
    frames["overadjustment"] = _with_stays(practices, frames["specifications"])
    over = context.overadjustment(ground, frames["overadjustment"])
    hidden, frames["hidden"] = context.hidden(ground)
    data, frames["suspicious"] = plausible(ground)
    bends = context.bends(ground, *_both_forms(ground, others))
    guards = (
        chance.fit(ground), length, chance.few_units(ground), supported, over, bends,
        context.together(ground), tails, shuffled, steady, hidden,
        *data,
    )  # fmt: skip
    settings = {**deviants.settings, "shuffles": shuffles, "seed": seed}
    return Guards(deviants, guards, frames, _caveats(), settings)


def _caveats() -> list[str]:
    return [
        "The limits at which a guard speaks up are conventions: they say where to look.",
        "A unit whose figures look odd may have a good reason; ask before concluding anything.",
    ]


def _both_forms(ground: Ground, others: list[Universe]) -> tuple[float, float]:
    """Lasting variance left by straight lines and by smooth bends."""
    form, own = ground.expected.settings["form"], ground.expected.fit.reml.tau2
    found = {each.name: each.fit.reml.tau2 for each in others}
    if form == "smooth":
        return found.get("straight lines", np.nan), own
    return own, found.get("smooth bends", np.nan) if form == "linear" else np.nan


def _with_stays(practices: pd.DataFrame, specifications: pd.DataFrame) -> pd.DataFrame:
    """Beside each suspicious condition the share of the named who stay listed without it, where it was tried."""
    stays = specifications.set_index("specification")["stays_share"]
    return practices.assign(stays_share=stays.reindex([without(name) for name in practices["condition"]]).to_numpy())
