"""What people expected, tested as a small declared family of its own and answered."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from pdlib.practices.bundles import gain
from pdlib.practices.grades import FOLLOWS, TRAVELS
from pdlib.practices.tested import LEVEL
from pdlib.show import figures, overview
from pdlib.show.wording import counted
from pdlib.stats.family import holm

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from pdlib.practices.result import Practices

SUPPORTED, OPPOSED, AFTER, NOT_ITS_OWN = "supported", "the opposite", "follows success", "travels with another"
SMALL, OPEN, UNTESTED = "too small to matter", "too little to tell", "not testable"
OPPOSITE = 0.975  # from this one-sided p-value on the 95 % range lies on the other side
ANSWERS = [SUPPORTED, OPPOSED, AFTER, NOT_ITS_OWN, SMALL, OPEN, UNTESTED]
COLUMNS = [
    "who", "when", "practices", "label", "direction", "n_units", "n_users", "contrast", "contrast_lower",
    "contrast_upper", "p_value", "p_holm", "answer", "says",
]  # fmt: skip


@dataclass(frozen=True, eq=False)
class Hypotheses:
    """A hypothesis log with its answers.

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
        """One row per hypothesis, in the order of the log.

        ``who``, ``when``, ``practices`` (names joined by +), ``label``, ``direction`` (better or worse), ``n_units``,
        ``n_users``, ``contrast`` with 95 % bounds (for a bundle: beyond the sum of its parts; outcome units, more is
        better), ``p_value`` (one-sided, in the direction expected), ``p_holm`` (over the log), ``answer`` (supported,
        the opposite, follows success, travels with another, too small to matter, too little to tell, not testable) and
        ``says`` (a sentence).
        """
        return self._table.copy()

    @property
    def finding(self) -> str:
        """How the log was answered, in a sentence."""
        if self._table.empty:
            return "Nobody has logged a hypothesis."
        counts = self._table["answer"].value_counts()
        parts = [f"{counts[answer]} {answer}" for answer in ANSWERS if answer in counts]
        return f"Of {counted(len(self._table), 'hypothesis', 'hypotheses')} logged: {', '.join(parts)}."

    def plot(self, *, ax: Axes | None = None) -> Axes:
        """Each hypothesis with its contrast and range."""
        show = self.practices.deviants.expected.outcome.format
        rows = self._table[self._table["contrast"].notna()]
        return figures.dots(
            rows.assign(unit=rows["practices"]), value="contrast", beneath="answer", lower="contrast_lower",
            upper="contrast_upper", value_format=show.difference, value_label=f"{show.unit}, same means",
            title=self.finding, ax=ax,
        )  # fmt: skip

    def _repr_html_(self) -> str:
        shown = [
            "label", "who", "when", "direction", "contrast", "contrast_lower", "contrast_upper", "p_holm", "answer",
        ]  # fmt: skip
        return overview(self.finding, self._table[shown], self.caveats, rows=20).__html__()


def answer_hypotheses(practices: Practices) -> Hypotheses:
    """Test the hypotheses that people logged, each in the direction that they expected, the log as one small family.

    Parameters
    ----------
    practices : Practices

    Returns
    -------
    Hypotheses

    References
    ----------
    Holm (1979), A simple sequentially rejective multiple test procedure, Scandinavian Journal of Statistics 6.
    """
    log = practices.observations.hypotheses
    labels = practices.observations.codebook["label"]
    bundles = {frozenset(item.practices): item.label for item in practices.observations.study.bundle}
    rows = []
    for entry in log.to_dict("records"):
        parts = tuple(entry["practices"])
        label = bundles.get(frozenset(parts)) or " with ".join(str(labels[name]) for name in parts)
        numbers = _single(practices, parts[0]) if len(parts) == 1 else _bundle(practices, parts)
        sign = 1 if entry["direction"] == "better" else -1
        p_value = numbers.pop("p_two")
        agrees = sign * numbers["contrast"] > 0
        one_sided = p_value / 2 if agrees else 1 - p_value / 2
        rows.append(entry | numbers | {"practices": " + ".join(parts), "label": label, "p_value": one_sided})
    table = pd.DataFrame(rows, columns=[*COLUMNS, "grade", "reason"])
    table["p_holm"] = holm(table["p_value"].to_numpy(dtype=float))
    smallest = practices.deviants.expected.outcome.smallest_contrast
    table["answer"] = [_answer(row, smallest) for _, row in table.iterrows()]
    table["says"] = [_says(practices, row) for _, row in table.iterrows()]
    note = (
        f"The log is a family of its own: at most one in {round(1 / LEVEL)} such logs holds a hypothesis that is "
        "supported by chance. Write hypotheses down before looking at results."
    )
    return Hypotheses(practices, table[COLUMNS], [note] if len(table) else [], dict(practices.settings))


def _single(practices: Practices, name: str) -> dict[str, Any]:
    row = practices.row(name)
    ends = {f"contrast{end}": row[f"raw_contrast{end}"] for end in ("", "_lower", "_upper")}
    return ends | {"p_two": row["p_value"]} | {key: row[key] for key in ("n_units", "n_users", "grade", "reason")}


def _bundle(practices: Practices, parts: tuple[str, ...]) -> dict[str, Any]:
    found = gain(practices, parts)
    ends = {f"contrast{end}": found[f"gain{end}"] for end in ("", "_lower", "_upper")}
    return ends | {
        "p_two": found["p_value"], "n_units": found["n_units"], "n_users": found["n_all"], "grade": "",
        "reason": "some combination of its parts is done by too few units",
    }  # fmt: skip


def _answer(row: pd.Series, smallest: float | None) -> str:
    if not np.isfinite(row["p_holm"]):
        return UNTESTED
    expects_better = row["direction"] == "better"
    if expects_better and row["grade"] == FOLLOWS:
        return AFTER
    if expects_better and str(row["grade"]).startswith(TRAVELS):
        return NOT_ITS_OWN
    if row["p_holm"] <= LEVEL:
        return SUPPORTED
    if row["p_value"] >= OPPOSITE:
        return OPPOSED
    end = row["contrast_upper"] if expects_better else -row["contrast_lower"]
    return SMALL if smallest and end < smallest else OPEN


def _says(practices: Practices, row: pd.Series) -> str:
    show = practices.deviants.expected.outcome.format
    if row["answer"] == UNTESTED:
        return f"It cannot be tested: {row['reason']}."
    what = "together, beyond what each brings alone" if "+" in row["practices"] else "given the same means"
    between = show.more_range(row["contrast_lower"], row["contrast_upper"])
    return f"{row['answer'].capitalize()}: {show.more(row['contrast'])} ({between}), {what}."
