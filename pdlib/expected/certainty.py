"""How sure the data are: one ladder of verdicts from "nothing lasts" to "named", which every step and page reads."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

import numpy as np
from scipy.special import ndtr

from pdlib.show.wording import expected_right, in_words, plural
from pdlib.stats.panel import spare_cells
from pdlib.stats.posterior import confident_list
from pdlib.stats.serial import HIGH, Spells
from pdlib.stats.working import link

if TYPE_CHECKING:
    from pdlib.expected.expecting import Expected
    from pdlib.study import Unit

FEW_UNITS = 30
FEW_PERIODS = 3
FEW_AGAIN = 20
FALSE_SHARE = 0.20
LIKELY = 0.5
NOTHING_LASTS = "Given their means, the differences are no larger than luck alone makes."
Rung = Literal["nothing lasts", "cannot tell", "not sure enough", "named"]


@dataclass(frozen=True)
class Certainty:
    """How far up the ladder the data reach, and the sentence that says so.

    Attributes
    ----------
    rung : {"nothing lasts", "cannot tell", "not sure enough", "named"}
        Differences are no larger than luck alone makes, which is said only where it can be told; what lasts cannot be
        told, or not of so few units; some may stand out, but no list of names is sure enough; somebody is named.
    sentence : str
        It names no unit, so that it may stand on any page.
    """

    rung: Rung
    sentence: str

    @property
    def bars_names(self) -> bool:
        """Whether nobody can be named whatever the chances."""
        return self.rung in ("nothing lasts", "cannot tell")


def lower_rung(expected: Expected) -> Certainty | None:
    """Why nobody can be named whatever the chances; None if somebody can.

    Luck is spoken of only after every reason why it cannot be told.
    """
    rated, units = int(expected.fit.rated.sum()), expected.observations.study.unit.plural
    if untold := why_untold(expected):
        return Certainty("cannot tell", untold)
    if rated < FEW_UNITS:
        return Certainty("cannot tell", few_units(rated, units))
    return Certainty("nothing lasts", NOTHING_LASTS) if expected.fit.persistent_variance <= 0 else None


def upper_rung(expected: Expected, p: np.ndarray, named: np.ndarray, false_share: float = FALSE_SHARE) -> Certainty:
    """Whether anybody is named, where somebody could be.

    Parameters
    ----------
    expected : Expected
    p : (N,) array
        Probability of being in the top share; NaN where not rated.
    named : (N,) bool array
    false_share : float
        Largest expected share of false names.

    Returns
    -------
    Certainty
    """
    study, count = expected.observations.study, int(named.sum())
    if not count:
        return Certainty("not sure enough", not_sure(p, study.unit, study.top, false_share))
    right = expected_right(count, float(p[named].sum()))
    who = f"{len(p):,} {study.unit.plural} compared given their means"
    return Certainty("named", f"{who}, {right} (in the top {study.top:.0%}).")


def not_sure(p: np.ndarray, unit: Unit, top: float, false_share: float) -> str:
    """That no list of names is sure enough, and how many are worth a look all the same."""
    none = f"None of {len(p):,} {unit.plural} can be named at {1 - false_share:.0%} certainty"
    likely = int((p >= LIKELY).sum())
    if likely:
        return f"{none}; {in_words(likely)} {plural(likely, 'is', 'are')} worth a look."
    best = min(99, max(1, round(100 * float(np.nanmax(p, initial=0.0)))))
    return f"{none}; the likeliest has {best} chances in 100 to be in the top {top:.0%}."


def few_units(count: int, units: str) -> str:
    """That there are too few units to name any of them."""
    return f"{count} {units} are few: a list can be read, but nobody can be named with confidence."


def why_untold(expected: Expected) -> str:
    """Why what lasts cannot be told from what passes, in a sentence; empty if it can. The weightiest reason speaks."""
    return next(filter(None, (reason(expected) for reason in REASONS)), "")


def _seen_once(expected: Expected) -> str:
    """Units were seen in one period only, or nearly all of them."""
    study, grid = expected.observations.study, expected.grid
    again = spare_cells(grid.n > 0, grid.groups)
    enough = again >= FEW_AGAIN and expected.fit.collapsed.identified
    if enough or (again < 1 and study.persistence is not None):
        return ""
    one, many = _periods(expected)
    cannot = "cannot tell a good spell from lasting merit"
    told = f"One {one} {cannot}"
    if len(grid.seen) > 1:
        told = f"Hardly any {study.unit.singular} was seen in more than one {one}, and one {one} {cannot}"
    if again >= 1:
        return f"{told}, so nobody can be named: add {many}."
    also = "" if expected.noise_known else f", and {_not_known(expected)} is not known either"
    return (
        f"{told}{also}, so nobody can be named: add {many}, or declare persistence, the share of such differences that "
        "lasts."
    )


def _not_known(expected: Expected) -> str:
    outcome = expected.outcome
    return f"how far single {outcome.exposure_label} differ" if outcome.size else "how far a single figure may be off"


def _long_spells(expected: Expected) -> str:
    """Spells are as long as can be estimated; or may be so long that they take up all that would last."""
    if not too_long(expected.fit.spells, expected.fit.persistent_variance):
        return ""
    many, count = _periods(expected)[1], len(expected.grid.seen)
    return f"Long spells and lasting merit cannot be told apart in {count} {many}, so nobody can be named: add {many}."


def too_long(spells: Spells, lasting_variance: float) -> bool:
    """Whether spells cannot be told from what lasts: at their bound, or where nothing else lasts perhaps at it."""
    unsure = 0.0 if lasting_variance > 0 else 2 * np.nan_to_num(spells.standard_error, nan=np.inf)
    return spells.credible and spells.correlation + unsure >= HIGH


def _not_fresh(expected: Expected) -> str:
    """Figures hold earlier ones, so that periods repeat each other."""
    return expected.freshness.reason


# Why what lasts cannot be told, the weightiest first: a further reason goes here.
REASONS: tuple[Callable[[Expected], str], ...] = (_not_fresh, _seen_once, _long_spells)


def _periods(expected: Expected) -> tuple[str, str]:
    period = expected.observations.study.period
    return (period.singular, period.plural) if period else ("period", "periods")


@dataclass(frozen=True)
class Verdict:
    """Whether the problem suits the method.

    Attributes
    ----------
    level : {"go", "caution", "stop"}
    reasons : tuple of str
        One sentence each, the weightiest first.
    """

    level: Literal["go", "caution", "stop"]
    reasons: tuple[str, ...]

    def __str__(self) -> str:
        return f"{self.level}: {' '.join(self.reasons)}"


def verdict(expected: Expected) -> Verdict:
    """Go, caution or stop, with the reasons, before anyone is named.

    Numeric limits are conventions: 30 units, 3 periods, reliability one half (doi:10.1136/bmjqs.2010.048058).
    """
    if expected.freshness.reason:
        return Verdict("stop", (expected.freshness.reason,))
    study, certainty = expected.observations.study, expected.certainty
    count, periods = len(expected.grid.units), len(expected.grid.seen)
    stops: list[str] = []
    cautions: list[str] = []
    if count < 10:
        stops.append(f"{count} {study.unit.plural} are too few to tell any of them apart.")
    if certainty.rung != "named":
        (stops if certainty.rung == "nothing lasts" else cautions).append(certainty.sentence)
    if periods < FEW_PERIODS and study.persistence is None and expected.tells_lasting:
        spell = study.period.plural if study.period and periods > 1 else "period"
        cautions.append(f"{periods} {spell} cannot separate a good spell from lasting merit; 3 or more can.")
    if expected.tells_lasting and 0 < expected.reliability < 0.5:
        cautions.append(
            f"Only {expected.reliability:.0%} of the differences last at a typical {study.unit.singular}; "
            "lists will be short."
        )
    level: Literal["go", "caution", "stop"] = "stop" if stops else "caution" if cautions else "go"
    return Verdict(level, (*stops, *cautions, _leading(expected)))


def _leading(expected: Expected) -> str:
    """How much of the leading share would be real, and how many can be named."""
    top, p = expected.observations.study.top, expected.chances
    if not expected.tells_lasting and expected.fit.persistent_variance <= 0:
        return f"How many of the leading {top:.0%} would be real is not known."
    leading = float(np.sort(p[np.isfinite(p)])[::-1][: max(1, int(top * len(p)))].mean())
    good = f"Of the leading {top:.0%} about {leading:.0%} would be real"
    if not expected.tells_lasting:
        return f"{good}, in {'this period' if len(expected.grid.seen) == 1 else 'these periods'} only."
    named = int(expected.named.sum())
    return f"{good}; {named} can be named with confidence." if named else f"{good}."


def worth_having(expected: Expected, effect: np.ndarray, sd: np.ndarray) -> np.ndarray:
    """(N,) probability that an excess is worth having; NaN where the study does not say how much is."""
    smallest = expected.outcome.smallest_excess
    if smallest is None:
        return np.full(len(effect), np.nan)
    return ndtr((effect - outcome_threshold(expected, smallest)) / np.maximum(sd, 1e-12))


def namable(expected: Expected, p: np.ndarray, worth: np.ndarray, false_share: float = FALSE_SHARE) -> np.ndarray:
    """(N,) whom the rule names: enough of whom are in the top share, worth having, and among others of their kind.

    Parameters
    ----------
    expected : Expected
    p, worth : (N,) arrays
        Probabilities of being in the top share and of an excess worth having (NaN: not asked).
    false_share : float
        Largest expected share of false names.
    """
    rated, named = expected.fit.rated, np.zeros(len(p), dtype=bool)
    claim = np.where(expected.table["supported"], np.fmin(p, worth), 0.0)[rated]
    if not expected.silence:
        named[rated] = confident_list(claim, top=expected.observations.study.top, false_share=false_share)
    return named


def outcome_threshold(expected: Expected, size: float) -> np.ndarray:
    """(N,) size of an excess given in outcome units, on the oriented working scale at each unit's expectation."""
    fit, sign = expected.fit, expected.outcome.sign
    base = expected.table["expected"].to_numpy()
    moved = base + sign * size
    if fit.kind == "proportion":
        moved = np.clip(moved, 1e-6, 1 - 1e-6)
    elif fit.kind == "rate":
        moved = np.maximum(moved, 1e-12)
    return sign * (link(fit.kind, moved) - link(fit.kind, base))
