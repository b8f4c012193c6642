"""What lasts and what passes: the split in words, and a caveat where good and bad spells last."""

import numpy as np
import pandas as pd
import pytest

import pdlib
from pdlib.observations import Observations
from pdlib.show.wording import causal_words

UNITS, PERIODS = 290, 10  # too few for a challenger


def made(rho: float, seed: int = 0, periods: int = PERIODS, shock: float = 0.5) -> Observations:
    rng = np.random.default_rng(seed)
    shocks = np.empty((UNITS, periods))
    shocks[:, 0] = rng.normal(size=UNITS)
    for p in range(1, periods):
        shocks[:, p] = rho * shocks[:, p - 1] + np.sqrt(1 - rho**2) * rng.normal(size=UNITS)
    level = 0.5 * rng.normal(size=(UNITS, 1)) + shock * shocks + rng.normal(size=(UNITS, periods)) / np.sqrt(8)
    frame = pd.DataFrame({"store": np.repeat([f"S{i:03d}" for i in range(UNITS)], periods)})
    frame = frame.assign(month=np.tile(range(periods), UNITS), score=level.ravel(), sd=1.0, n=8)
    frame["place"] = np.repeat(rng.normal(size=UNITS), periods)
    return pdlib.read(frame, unit="store", period="month", outcome="score", n="n", sd="sd", context=["place"])


def test_the_parts_are_those_planted() -> None:
    parts = [pdlib.expect(made(0.0, seed)).parts.set_index("part") for seed in range(4)]
    shares, spreads = (sum(each[name] for each in parts) / 4 for name in ("share", "spread"))
    assert shares.sum() == pytest.approx(1.0)
    assert shares["lasts"] == pytest.approx(0.25 / 0.625, abs=0.04)
    assert shares["passes"] == pytest.approx(0.25 / 0.625, abs=0.04)
    assert spreads["small numbers"] == pytest.approx(np.sqrt(1 / 8), rel=0.02)


def test_the_parts_in_a_sentence() -> None:
    expected = pdlib.expect(made(0.0))
    last, passing, small = (f"{share:.0%}" for share in expected.parts["share"])
    assert expected.lasting == (
        f"Of the differences between units in one period, their means taken out, {last} last, {passing} pass and "
        f"{small} are small numbers."
    )
    assert pdlib.expect(made(0.0, periods=1)).lasting.startswith("What lasts and what passes cannot be told apart")


def test_where_spells_last_the_periods_count_for_less() -> None:
    plain, spells = pdlib.expect(made(0.0)), pdlib.expect(made(0.6))
    assert not [note for note in plain.caveats if "spells" in note]
    note = next(note for note in spells.caveats if note.startswith("Good and bad spells last"))
    assert f"(correlation {spells.fit.spells.correlation:.2f}), so 10 periods count as about" in note
    left = int(note.split("count as about ")[1].split()[0])
    # A mean of ten such periods has the variance of the noise of 4 to 5.
    assert 3 <= left <= 6
    assert not causal_words(note)


def test_spells_are_not_taken_for_lasting_merit() -> None:
    lasting = [pdlib.expect(made(0.6, seed)).fit.persistent_variance for seed in range(1, 7)]
    assert np.mean(lasting) == pytest.approx(0.25, abs=0.05)
