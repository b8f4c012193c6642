"""Few periods: whatever there is too little of, an answer comes, and luck is not spoken of where it cannot be told."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

import pdlib
from pdlib.errors import PdlibError
from pdlib.observations import Observations
from tests.validation.cells import Cell, Goal, Section
from tests.validation.measures import Record

METHODS = ["ours"]
REFUSED, LUCK, NAMED = "is refused", "says luck where it cannot be told", "names where it cannot be told"
AGAIN = "is told"
KINDS = ("mean and sd", "mean and n", "mean, equal n", "mean alone", "proportion", "rate")
CONTEXT: list[Any] = ["footfall", {"name": "area", "kind": "category"}]
REPLICATES = 200
_LUCK = re.compile(r"\bluck(?! check)|\blucky", re.IGNORECASE)


@dataclass(frozen=True)
class Few:
    """A small study, and whether what lasts could be told by anybody."""

    observations: Observations
    tellable: bool


def one_period(seed: int) -> Few:
    """Every unit in the same single period, which some studies do not name."""
    rng = np.random.default_rng([seed, 1])
    frame, given = _panel(rng, 1)
    if seed % 4 == 0:
        frame, given = frame.drop(columns="month"), {**given, "period": None}
    return Few(_read(frame, given), tellable=False)


def two_periods(seed: int) -> Few:
    """Two periods, in half of the studies with gaps."""
    rng = np.random.default_rng([seed, 2])
    frame, given = _panel(rng, 2)
    if seed % 2:
        frame = frame[rng.random(len(frame)) > rng.uniform(0.1, 0.9)]
    return Few(_read(frame, given), tellable=_again(frame))


def one_answer(seed: int) -> Few:
    """A mean of one answer in each row, or in a single row, without a spread."""
    rng = np.random.default_rng([seed, 3])
    periods = int(rng.integers(1, 5))
    frame, given = _panel(rng, periods, "mean and n")
    frame.loc[frame.index[:1] if seed % 2 else frame.index, "answers"] = 1
    return Few(_read(frame, given), tellable=_again(frame))


def seen_once(seed: int) -> Few:
    """Each unit in a period of its own; in a third of the studies a few units in two."""
    rng = np.random.default_rng([seed, 4])
    frame, given = _panel(rng, int(rng.integers(3, 13)))
    shuffled = frame.sample(frac=1, random_state=seed)
    own = shuffled.drop_duplicates("store")
    more = shuffled.drop(own.index).drop_duplicates("store").head(int(rng.integers(1, 8)) if seed % 3 == 0 else 0)
    return Few(_read(pd.concat([own, more]).sort_index(), given), tellable=False)


DESIGNS: dict[str, Callable[..., Few]] = {
    "one period": one_period, "two periods": two_periods, "n = 1 without sd": one_answer, "units seen once": seen_once,
}  # fmt: skip


def _panel(rng: np.random.Generator, periods: int, kind: str = "") -> tuple[pd.DataFrame, dict[str, Any]]:
    """Rows of stores by months, with or without merit, on any scale; and how they are declared."""
    count, kind = int(rng.integers(6, 100)), kind or str(rng.choice(KINDS))
    frame = pd.DataFrame({"store": np.repeat([f"S{i:03d}" for i in range(count)], periods)})
    frame = frame.assign(month=np.tile([f"2024-{p + 1:02d}" for p in range(periods)], count))
    merit = rng.choice([0.0, 0.6]) * rng.standard_normal(count) + 0.3 * (place := rng.standard_normal(count))
    effect = np.repeat(merit, periods) + 0.3 * rng.standard_normal(len(frame))
    answers = rng.integers(2, 200, len(frame)).astype(float)
    frame = frame.assign(footfall=np.repeat(place, periods), area=np.repeat(rng.choice(["a", "b"], count), periods))
    given = {"unit": "store", "period": "month", "outcome": "score", "context": CONTEXT[: rng.integers(3)]}
    if kind in ("proportion", "rate"):
        level = 1 / (1 + np.exp(-effect)) if kind == "proportion" else 0.2 * np.exp(effect)
        better = "higher" if kind == "proportion" else "lower"
        amount = rng.binomial(answers.astype(int), level) if kind == "proportion" else rng.poisson(answers * level)
        return frame.assign(score=amount, answers=answers), {**given, "kind": kind, "n": "answers", "better": better}
    scale = 10.0 ** rng.integers(-3, 4)
    answers = np.full(len(frame), 40.0) if kind == "mean, equal n" else answers
    frame = frame.assign(
        score=scale * (5 + effect + rng.standard_normal(len(frame)) / np.sqrt(answers)), answers=answers
    )
    more = {} if kind == "mean alone" else {"n": "answers"}
    if kind == "mean and sd":
        frame, more = frame.assign(sd=scale), {**more, "sd": "sd"}
    return frame, {**given, **more, "kind": "mean"}


def _read(frame: pd.DataFrame, given: dict[str, Any]) -> Observations:
    return pdlib.read(frame.reset_index(drop=True), **given)


def _again(frame: pd.DataFrame) -> bool:
    """Whether at least twenty units were seen again."""
    return int((frame["store"].value_counts() > 1).sum()) >= 20


def words(study: Few) -> tuple[dict[str, str], pdlib.deviants.Deviants]:
    """Everything that is said on the way from the rows to the page, by who says it."""
    observations = study.observations
    expected = pdlib.expect(observations)
    deviants = pdlib.find_deviants(expected)
    try:
        luck = deviants.luck_check().finding
    except PdlibError as error:
        luck = str(error)
    first = deviants.table["unit"].iloc[0]
    said = {
        "reading": " ".join([observations.finding, *observations.caveats]),
        "expecting": " ".join([expected.finding, expected.lasting, str(expected.fit_verdict), *expected.caveats]),
        "finding": " ".join([deviants.finding, *deviants.caveats, deviants.why(first).finding]),
        "luck check": luck,
        "guards": " ".join(deviants.guards().table["sentence"]),
        "page": _text(pdlib.tell(observations, deviants)),
        "unit page": _text(pdlib.tell_unit(observations, deviants, unit=str(first))),
    }
    return said, deviants


def _text(page: Any) -> str:
    return re.sub(r"<[^>]+>", " ", page._repr_html_())


def says_luck(said: dict[str, str]) -> list[str]:
    """Who speaks of luck; the names of the check and of the chart are no such word."""
    return [who for who, text in said.items() if _LUCK.search(text)]


def cells() -> list[Cell]:
    """All of them, in the order in which they are told."""
    return [Cell("few_periods", name, design, {}, REPLICATES) for name, design in DESIGNS.items()]


def goals() -> list[Goal]:
    """An answer always, and never a word too much."""
    measures = (REFUSED, LUCK, NAMED)
    return [
        Goal("few_periods", cell.name, "ours", measure, "<=", 0.0, fewest=REPLICATES, deciding=True)
        for cell in cells()
        for measure in measures
    ]


SECTIONS = [
    Section("few_periods", "Few periods", [
        (REFUSED, "Share of studies refused on the way to the page (a traceback would leave the row out)", METHODS),
        (LUCK, "Share of studies that speak of luck where it cannot be told", METHODS),
        (NAMED, "Share of studies that name anybody where it cannot be told what lasts", METHODS),
        (AGAIN, "Share of studies in which it is told that nothing lasts, or who stands out", METHODS),
    ]),
]  # fmt: skip


def replicate(cell: Cell, seed: int) -> list[Record]:
    """Run one small study from its rows to its page."""
    study = cell.simulate(seed)
    try:
        said, deviants = words(study)
    except PdlibError:
        return [Record("ours", REFUSED, 1.0)]
    rung, named = deviants.certainty.rung, len(deviants.confident) > 0
    untold = not study.tellable or rung == "cannot tell"
    return [
        Record("ours", REFUSED, 0.0),
        Record("ours", LUCK, float(untold and bool(says_luck(said)))),
        Record("ours", NAMED, float(not study.tellable and named)),
        Record("ours", AGAIN, float(rung in ("nothing lasts", "named"))),
    ]
