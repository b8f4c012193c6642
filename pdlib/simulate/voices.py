"""Comments in made-up words, some of them tied to how well a unit does: the bench on which hearing is measured."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
import pandas as pd

from pdlib.simulate.draws import Floats, streams
from pdlib.simulate.panel import SimulatedPanel, simulate_panel

WORDS, TOPIC_RANKS = 6000, 60
SHORTEST, LONGEST = 5, 14
STEP = 0.37  # log rate per SD of excess; the top tenth then says a planted term about twice as often as the others
TIMES = 2.0
SYLLABLES = [first + second for first in "bdfghklmnprstvwz" for second in "aeiou"]  # 80, and 80 squared holds WORDS


@dataclass(frozen=True, eq=False)
class SimulatedVoices:
    """A simulated panel, what people say there, and which terms are truly tied to how well a unit does.

    Attributes
    ----------
    panel : SimulatedPanel
        Outcome and context of the units, with their truth.
    comments : DataFrame
        One row per comment: ``unit``, ``period``, ``voice``, ``text``.
    truth : DataFrame
        One row per planted term: ``term``, ``role`` ("true", or "confounded": driven by the context that drives the
        outcome).
    settings : dict
        Every argument.
    """

    panel: SimulatedPanel
    comments: pd.DataFrame
    truth: pd.DataFrame
    settings: dict[str, Any]

    def study(self) -> dict[str, Any]:
        """The declaration that fits, as keyword arguments of ``pdlib.Study``."""
        return {**self.panel.study(), "voices": {"text": "text", "voice": "voice"}}


def simulate_voices(
    n_units: int = 500,
    n_comments: int = 50_000,
    *,
    tied: Literal["excess", "top", "nothing"] = "excess",
    n_true: int = 20,
    ranks: tuple[int, int] = (60, 600),
    shape: float = 2.0,
    topics: int = 4,
    topic_times: float = 25.0,
    confounded: int = 0,
    wordy: float = 0.0,
    seed: int,
) -> SimulatedVoices:
    """Simulate what people say at units of unequal size, each with its own vocabulary and its own topics.

    Words follow Zipf's law; each unit uses each word at a rate of its own (gamma), and some words, its topics, many
    times as often as anyone else: a store's dog is a topic and no finding.

    Parameters
    ----------
    n_units, n_comments : int
        Size; comments have 5 to 14 words, units differ log-normally in how many they have.
    tied : {"excess", "top", "nothing"}
        Planted terms go with the excess given context (the top tenth says them about twice as often as the others), or
        are said twice as often by the true top tenth only, or are tied to nothing.
    n_true : int
        Planted terms.
    ranks : (int, int)
        Between which places of the frequency list they lie.
    shape : float
        Of the gamma; the smaller, the more units differ in their words.
    topics, topic_times : int, float
        Topics of a unit, and how many times as often it uses their words.
    confounded : int
        Terms driven by the context that drives the outcome, and not by the excess.
    wordy : float
        How much longer comments are where units do better (log words per SD of excess).
    seed : int
        Same seed, same study.

    Returns
    -------
    SimulatedVoices

    Examples
    --------
    >>> simulated = simulate_voices(60, 600, seed=1)
    >>> len(simulated.comments), simulated.truth["role"].unique().tolist()
    (600, ['true'])
    """
    settings: dict[str, Any] = dict(locals())
    rng = streams(seed, "volume", "rates", "planted", "topics", "length", "words", "period")
    panel = simulate_panel(n_units, seed=seed)
    truth = panel.truth
    theta = _standard(truth["theta"].to_numpy())
    size = np.exp(0.8 * rng["volume"].standard_normal(n_units))
    unit = np.sort(rng["volume"].choice(n_units, n_comments, p=size / size.sum()))
    rates = rng["rates"].gamma(shape, 1 / shape, (n_units, WORDS)) / np.arange(3, WORDS + 3)
    chosen = rng["planted"].choice(np.arange(*ranks), n_true + confounded, replace=False)
    true, driven = chosen[:n_true], chosen[n_true:]
    if tied == "excess":
        rates[:, true] *= np.exp(STEP * theta)[:, None]
    elif tied == "top":
        rates[np.ix_(truth["in_top"].to_numpy(), true)] *= TIMES
    rates[:, driven] *= np.exp(STEP * _standard(truth["context_value"].to_numpy()))[:, None]
    for own in rates:
        own[rng["topics"].choice(np.arange(TOPIC_RANKS, WORDS), topics, replace=False)] *= topic_times
    length = rng["length"].integers(SHORTEST, LONGEST + 1, n_comments)
    length = np.maximum(np.round(length * np.exp(wordy * theta[unit])), 1).astype(int)
    periods = panel.panel["period"].unique()
    comments = pd.DataFrame(
        {
            "unit": truth["unit"].to_numpy()[unit],
            "period": rng["period"].choice(periods, n_comments),
            "voice": "customer",
            "text": _written(rng["words"], rates, unit, length),
        }
    )
    vocabulary = words()
    roles = pd.DataFrame({"term": vocabulary[chosen], "role": ["true"] * n_true + ["confounded"] * confounded})
    return SimulatedVoices(panel, comments, roles, settings)


def words() -> np.ndarray:
    """The made-up words, the most frequent first."""
    count = len(SYLLABLES)
    return np.array([SYLLABLES[k // count] + SYLLABLES[k % count] + SYLLABLES[7 * k % count] for k in range(WORDS)])


def _standard(values: Floats) -> Floats:
    spread = values.std()
    return (values - values.mean()) / spread if spread > 0 else np.zeros_like(values)


def _written(rng: np.random.Generator, rates: Floats, unit: np.ndarray, length: np.ndarray) -> list[str]:
    vocabulary, texts = words(), []
    starts = np.searchsorted(unit, np.arange(len(rates) + 1))
    for own, start, end in zip(rates, starts, starts[1:], strict=False):
        said = vocabulary[rng.choice(WORDS, length[start:end].sum(), p=own / own.sum())]
        texts += [" ".join(part) for part in np.split(said, np.cumsum(length[start : end - 1]))] if end > start else []
    return texts
