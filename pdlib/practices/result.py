"""The practices as a result: table, finding, and further looks at the same family."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pandas as pd

from pdlib.deviants import Deviants
from pdlib.observations import Observations
from pdlib.practices import telling
from pdlib.practices.family import who_does
from pdlib.practices.grades import PROMISING, STRONG
from pdlib.practices.tested import TOWARD, Tested
from pdlib.practices.timing import Waves
from pdlib.practices.unanswered import unanswered
from pdlib.show import Html, figures, overview
from pdlib.show.wording import listed, plural
from pdlib.study import did_you_mean

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from pdlib.practices.bundles import Bundles
    from pdlib.practices.criteria import Criteria
    from pdlib.practices.hypotheses import Hypotheses
    from pdlib.practices.programmes import Programmes
    from pdlib.practices.segments import Segments


@dataclass(frozen=True, eq=False)
class Practices:
    """The declared practices, compared between units of the same means.

    Attributes
    ----------
    observations : Observations
    deviants : Deviants
    tested : Tested
        The family as it was tested.
    waves : Waves
        What units do over the periods, beside their outcomes.
    caveats : list of str
    settings : dict
    """

    observations: Observations
    deviants: Deviants
    _table: pd.DataFrame = field(repr=False)
    _values: pd.DataFrame = field(repr=False)
    tested: Tested = field(repr=False)
    waves: Waves = field(repr=False)
    caveats: list[str]
    settings: dict[str, Any]

    @property
    def table(self) -> pd.DataFrame:
        """One row per practice: the best graded first, of one grade the cheap, then the rare.

        ``practice``, ``label``, ``theme``, ``evidence`` (observed or claimed), ``cost``, ``programme``, ``grade``
        (strong, promising, travels with X, follows success, cannot tell, not testable), ``reason``, ``note`` beside the
        grade (worth a visit, too small to matter), ``travels_with``, ``n_units`` (that answered), ``n_users``,
        ``missing_share``, ``low`` and ``high`` (what is contrasted: not doing and doing it, or the lower and upper
        quarter of a graded practice), ``prevalence_deviants``, ``prevalence_peers``, ``contrast`` with 95 % bounds
        (shrunken; outcome units, more is better), ``raw_contrast`` with 95 % bounds, ``p_value`` (two-sided),
        ``p_romano_wolf`` (going with better outcomes, the whole family at once) and ``p_worse`` (with worse ones; both
        scaled so that .10 of either is .10 two-sided), ``p_bh``, ``reruns`` (of five, each without a fifth of the
        units, in which it stands out); then what waves tell of the order of things: ``n_changed``, ``change`` (within
        units), ``after`` (adopters after against before) and ``before`` (units in the period before they changed,
        against their other periods) with 90 % bounds, ``timing`` (rises after adoption, was high before, rose before
        adoption, timing unknown); then what a hidden condition would have to be: ``robustness``,
        ``robustness_lower``, ``times_as_strong``, ``yardstick``.
        """
        return self._table.copy()

    @property
    def family_size(self) -> int:
        """How many practices were tested together."""
        return int(self.settings["family_size"])

    @property
    def promising(self) -> pd.DataFrame:
        """Practices tied to better outcomes among units of the same means: graded strong or promising."""
        return self.table[self._table["grade"].isin([STRONG, PROMISING])]

    @property
    def strong(self) -> pd.DataFrame:
        """Those that stand out in the whole family, rise after adoption, and show something of their own."""
        return self.table[self._table["grade"].eq(STRONG)]

    @property
    def values(self) -> pd.DataFrame:
        """What each unit does, one column per practice (mean over waves, NaN: no answer), indexed by unit."""
        return self._values.copy()

    @property
    def claims(self) -> pd.DataFrame:
        """Claimed beside done, one row per practice with both versions.

        ``practice`` (the observed one), ``label``, ``n_units`` (with both answers), ``claimed_share``,
        ``observed_share``, ``claimed_not_done`` (units that claim it and were not seen to do it), ``says``.
        """
        return telling.claims(self)

    @cached_property
    def unanswered(self) -> pd.DataFrame:
        """Not answering, compared like a practice: the whole list first, then each practice that enough units left out.

        ``practice`` (empty for the whole list), ``label``, ``n_units`` (that answered), ``missing_share``, ``contrast``
        with 95 % bounds (units that answered against units that did not; for the whole list the upper against the lower
        quarter by how much they answered; outcome units, same means), ``p_value``, ``p_bh``.
        """
        return unanswered(self)

    @property
    def finding(self) -> str:
        """What goes with better outcomes, in a sentence."""
        number, found = self.family_size, self.promising
        if not len(found):
            return f"None of {number} practices tested together is tied to better outcomes among comparable units."
        strong = list(self.strong["label"])
        rest = [label for label in found["label"] if label not in strong]
        parts = [f"{len(strong)} {plural(len(strong), 'is', 'are')} strong: {listed(strong)}"] if strong else []
        parts += [f"{len(rest)} {plural(len(rest), 'looks', 'look')} promising: {listed(rest)}"] if rest else []
        return f"Of {number} practices tested together, {'; '.join(parts)}. Association, not proof."

    @property
    def _title(self) -> str:
        strong, some = len(self.strong), len(self.promising)
        return f"{strong} strong, {some - strong} promising among {self.family_size} practices tested together"

    @property
    def placebo(self) -> str:
        """What the same recipe finds among practices that were shuffled between units, in a sentence."""
        shuffles, found = self.settings["placebos"], self.settings["placebos_with_findings"]
        expected = round(shuffles * self.settings["level"] * TOWARD)
        return (
            f"Shuffled among units of like means, the same practices gave a finding in {found} of {shuffles} tries; "
            f"about {expected} are due to chance."
        )

    @cached_property
    def criteria(self) -> Criteria:
        """Uncommon, accessible, sustained, dose-response, same direction: pass, fail or unknown for each practice."""
        from pdlib.practices.criteria import check_criteria

        return check_criteria(self)

    @cached_property
    def bundles(self) -> Bundles:
        """Practices that show more together than each alone: those that people propose, and a search of all pairs."""
        from pdlib.practices.bundles import find_bundles

        return find_bundles(self)

    @cached_property
    def segments(self) -> Segments:
        """Does it hold here? The contrast of each practice that stands out, by declared segment and by context."""
        from pdlib.practices.segments import compare_segments

        return compare_segments(self)

    @cached_property
    def programmes(self) -> Programmes:
        """Practices with a price, and what they may still be worth."""
        from pdlib.practices.programmes import list_programmes

        return list_programmes(self)

    @cached_property
    def hypotheses(self) -> Hypotheses:
        """What people expected, tested as a small family of its own and answered."""
        from pdlib.practices.hypotheses import answer_hypotheses

        return answer_hypotheses(self)

    def visit_sheet(self, unit: str) -> Html:
        """A sheet to print and carry to a unit: what to ask that is not on the list, and what to watch where.

        Parameters
        ----------
        unit : str
            Id or label, of a bright spot or of its twin.
        """
        from pdlib.practices.visit import visit_sheet

        return visit_sheet(self, unit)

    def save_visit_sheets(self, path: str | Path) -> Path:
        """Write the sheets of all bright spots and their twins as one HTML page to print; it names them.

        Parameters
        ----------
        path : str or Path
            The file; keep it out of what is shared.

        Returns
        -------
        Path
        """
        from pdlib.practices.visit import save_visit_sheets

        return save_visit_sheets(self, path)

    def visit_list(self) -> pd.DataFrame:
        """Whom to visit: each bright spot and its twin, in the columns in which answers come back."""
        from pdlib.practices.visit import visit_list

        return visit_list(self)

    def card(self, practice: str) -> Html:
        """A printable card for one practice: what it is, who does it, what goes with it, how sure.

        Parameters
        ----------
        practice : str
            Name or label.
        """
        return telling.card(self, self.row(practice))

    def contrast_sentence(self, practice: str) -> str:
        """What goes with a practice, with its range, in plain words."""
        return telling.contrast(self, self.row(practice))

    def sentences(self, practice: str) -> str:
        """All there is to say of a practice, for a leader: who does it, what goes with it, how sure, what could be."""
        return telling.story(self, self.row(practice))

    @cached_property
    def doing(self) -> pd.DataFrame:
        """Units by practices: 1 does it, or is in the upper quarter of a graded one; 0 does not; NaN no answer."""
        return who_does(self._values, self.observations.codebook, self._table.set_index("practice"))

    def does(self, unit: str, practice: str) -> bool:
        """Whether a unit does a practice, or is in the upper quarter of a graded one; no answer counts as no."""
        return bool(self.doing.loc[unit, self.row(practice)["practice"]] == 1)

    def is_binary(self, practice: str) -> bool:
        """Whether a practice is done or not, and not more or less."""
        return bool(self.observations.codebook.loc[practice, "kind"] == "binary")

    def row(self, practice: str) -> pd.Series:
        """The row of a practice, named by name or label.

        Raises
        ------
        KeyError
            If there is no such practice; the message names the nearest.
        """
        match = self._table[(self._table["practice"] == practice) | (self._table["label"] == practice)]
        if match.empty:
            every = [*self._table["practice"], *self._table["label"]]
            raise KeyError(f"There is no practice {practice!r}{did_you_mean(practice, every)}.")
        return match.iloc[0]

    def estimation(self, practice: str) -> pd.DataFrame:
        """Every unit behind one contrast: ``unit``, ``value`` (what it does), ``does``, ``excess`` (outcome units)."""
        name, expected = self.row(practice)["practice"], self.deviants.expected
        frame = expected.table[["unit", "excess"]].assign(value=self._values[name].reindex(expected.grid.units).array)
        frame = frame.dropna(ignore_index=True)
        return frame.assign(does=self.doing.loc[frame["unit"], name].eq(1).to_numpy())

    def timeline(self, practice: str) -> pd.DataFrame:
        """Adopters before and after, one row per period counted from adoption.

        ``since`` (periods since the first with the practice; negative before), ``n_units``, ``excess`` against units
        that did not do it in the same period (outcome units; the periods before average to zero) with 90 % bounds.
        """
        from pdlib.practices.timeline import since_adoption

        return since_adoption(self.waves, self.row(practice)["practice"])

    def plot(self, practice: str | None = None, *, view: str = "units", ax: Axes | None = None) -> Axes:
        """The forest of all tested practices; or, for one practice, every unit beside the contrast.

        Parameters
        ----------
        practice : str, optional
            Name or label.
        view : {"units", "timeline"}
            For one practice: every unit beside the contrast, or adopters before and after.
        ax : Axes, optional

        Returns
        -------
        Axes
        """
        show, unit = self.deviants.expected.outcome.format, self.observations.study.unit
        if practice is None:
            return figures.forest(
                self._table[self._table["contrast"].notna()], difference_format=show.difference_tick,
                value_label=f"{show.unit}, same means", title=self._title, ax=ax,
            )  # fmt: skip
        row = self.row(practice)
        if view == "timeline":
            period = self.observations.study.period
            return figures.adoption(
                self.timeline(practice), value_format=show.difference_tick, units=unit.plural,
                periods=period.plural if period else "periods", value_label=f"{show.unit} against units without it",
                title=f"{row['label']}: {row['timing']}", ax=ax,
            )  # fmt: skip
        if view != "units":
            raise ValueError(f"view is {view!r}; it must be units or timeline.")
        return figures.estimation(
            self.estimation(practice), row, units=unit.plural, difference_format=show.difference,
            value_label=f"{show.unit} above expected", title=f"{row['label']}: {row['grade']}", ax=ax,
        )  # fmt: skip

    def _repr_html_(self) -> str:
        shown = [
            "label", "grade", "note", "prevalence_deviants", "prevalence_peers", "contrast", "contrast_lower",
            "contrast_upper", "n_users", "n_units",
        ]  # fmt: skip
        return overview(self.finding, self._table[shown], [*self.caveats, self.placebo], rows=12).__html__()
