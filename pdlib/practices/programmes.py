"""Practices with a price: which show no visible gain, and what they may still be worth."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from pdlib.practices.grades import CANNOT_TELL, FOLLOWS, PROMISING, STRONG
from pdlib.show import figures, overview
from pdlib.show.formats import share
from pdlib.show.wording import listed, plural

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from pdlib.practices.result import Practices

DEAR = 4
NO_GAIN, GAIN, UNKNOWN = "no visible gain", "goes with better results", "not compared"
COLUMNS = [
    "practice", "label", "cost", "programme", "n_units", "n_users", "users_share", "contrast", "contrast_lower",
    "contrast_upper", "grade", "verdict", "says",
]  # fmt: skip


@dataclass(frozen=True, eq=False)
class Programmes:
    """What an organisation pays for, and what goes with it.

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
        """One row per practice with a price, the most widely done first.

        ``practice``, ``label``, ``cost``, ``programme``, ``n_units``, ``n_users``, ``users_share``, ``contrast`` with
        95 % bounds (not shrunken: the range that is still possible; outcome units), ``grade``, ``verdict`` (no visible
        gain, goes with better results, not compared) and ``says`` (a sentence).
        """
        return self._table.copy()

    @property
    def without_gain(self) -> pd.DataFrame:
        """Those that show no visible gain."""
        return self.table[self._table["verdict"].eq(NO_GAIN)]

    @property
    def finding(self) -> str:
        """Which of them show no visible gain, in a sentence."""
        none = self.without_gain
        if self._table.empty:
            return "No practice is declared as a programme or as dear."
        if none.empty:
            return f"Of {len(self._table)} practices with a price none that could be compared is without visible gain."
        return (
            f"Of {len(self._table)} practices with a price, {len(none)} show no visible gain: {listed(none['label'])}."
        )

    @property
    def _title(self) -> str:
        none, number = len(self.without_gain), len(self._table)
        return f"{none} of {number} practices with a price {plural(none, 'shows', 'show')} no visible gain"

    def plot(self, *, ax: Axes | None = None) -> Axes:
        """The range that is still possible for each."""
        show = self.practices.deviants.expected.outcome.format
        rows = self._table[self._table["contrast"].notna()]
        rows = rows.assign(unit=rows["practice"])
        return figures.dots(
            rows, value="contrast", lower="contrast_lower", upper="contrast_upper", value_format=show.difference,
            beneath="verdict", value_label=f"{show.unit}, same means", title=self._title, ax=ax,
        )  # fmt: skip

    def _repr_html_(self) -> str:
        shown = ["label", "cost", "users_share", "contrast", "contrast_lower", "contrast_upper", "verdict"]
        return overview(self.finding, self._table[shown], self.caveats).__html__()


def list_programmes(practices: Practices) -> Programmes:
    """List programmes, and practices that cost much, with the range of what they may be worth.

    Parameters
    ----------
    practices : Practices

    Returns
    -------
    Programmes
    """
    rows = practices.table
    rows = rows[(rows["programme"].astype(bool) | rows["cost"].ge(DEAR)) & rows["evidence"].eq("observed")]
    rows = rows.assign(
        users_share=rows["n_users"] / rows["n_units"].clip(lower=1),
        contrast=rows["raw_contrast"], contrast_lower=rows["raw_contrast_lower"],
        contrast_upper=rows["raw_contrast_upper"],
    )  # fmt: skip
    known, better = rows["contrast"].notna(), rows["grade"].isin([STRONG, PROMISING])
    rows["verdict"] = np.where(~known, UNKNOWN, np.where(better, GAIN, NO_GAIN))
    rows["says"] = [_says(practices, row) for _, row in rows.iterrows()]
    table = rows.sort_values(["users_share", "practice"], ascending=[False, True], ignore_index=True)[COLUMNS]
    notes = [
        "No visible gain is not the same as no gain: the range says what is still possible.",
        "Where nearly everybody takes part, those that do not may be unlike the others in ways that nobody recorded.",
    ]
    return Programmes(practices, table, notes, {**practices.settings, "dear": DEAR})


def _says(practices: Practices, row: pd.Series) -> str:
    show, units = practices.deviants.expected.outcome.format, practices.observations.study.unit.plural
    done = f"{share(row['users_share'])} of {units} do it"
    if row["verdict"] == UNKNOWN:
        return f"{done}. Not compared: {row['reason']}."
    between = f"between {show.excess(row['contrast_lower'])} and {show.excess(row['contrast_upper'])}"
    if row["verdict"] == GAIN:
        return f"{done}. What goes with it lies {between}."
    if row["grade"] == FOLLOWS:
        return f"{done}. It follows success: {units} that do it were ahead before."
    lead = "No gain shows" if row["grade"] == CANNOT_TELL else "It shows nothing of its own"
    return f"{done}. {lead}; what it may still be worth lies {between}."
