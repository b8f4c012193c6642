"""Signatures of figures that hold earlier ones; sound figures carry none of them."""

import numpy as np
import pytest

from pdlib.stats.freshness import Signature, find_signature
from tests.validation.freshness import MERIT, SOUND, STALE, Chain, chain, copied, design, rounded, with_gaps

KINDS = {"year to date": "year to date", "year's": "copies", "quarter's": "copies", "rolling": "rolling"} | {
    "running": "running",
    "carried": "carried",
}


def signature(made: Chain) -> Signature:
    n = np.where(np.isfinite(made.amount), made.n, 0.0)
    n = (n > 0).astype(float) if made.without_n else n
    y = made.amount if made.kind == "mean" else made.amount / np.where(n > 0, n, np.nan)
    return find_signature(made.kind, y, n, sized=not made.without_n, item_variance=made.sd)  # type: ignore[arg-type]


@pytest.mark.parametrize(("name", "options", "changes"), STALE, ids=[name for name, *_ in STALE])
def test_figures_that_hold_earlier_ones_are_recognised(name: str, options: dict, changes: list) -> None:
    wanted = next(kind for start, kind in KINDS.items() if name.startswith(start))
    for seed in range(201, 206):
        found = signature(design(seed=seed, changes=changes, **options)).kind
        assert found == wanted or (wanted, found) == ("rolling", "overlapping")


@pytest.mark.parametrize(("name", "options", "changes"), SOUND, ids=[name for name, *_ in SOUND])
def test_sound_figures_are_left_alone(name: str, options: dict, changes: list) -> None:
    for seed in range(201, 211):
        found = signature(design(seed=seed, changes=changes, **(MERIT | options)))
        assert (found.kind, found.too_steady) == ("fresh", False)


def test_the_length_of_a_window_and_the_periods_that_are_left() -> None:
    found = signature(design(seed=1, **_stale("rolling 3, proportion, 12 periods")))
    assert (found.window, found.periods(12)) == (3, 4)
    found = signature(design(seed=1, **_stale("quarter's score 3 times, 1 decimal, gaps")))
    assert (found.window, found.starts, found.periods(12)) == (3, (0, 3, 6, 9), 4)
    found = signature(design(seed=1, **_stale("year to date, proportion, from April, two years")))
    assert (found.starts, found.periods(24)) == ((0, 3, 15), 3)


def _stale(wanted: str) -> dict:
    _, options, changes = next(entry for entry in STALE if entry[0] == wanted)
    return {"changes": changes, **options}


def test_one_month_that_is_a_copy_of_another_counts_once() -> None:
    made = chain("mean", seed=3)
    twice = np.arange(12).repeat(np.where(np.arange(12) == 5, 2, 1))
    found = signature(Chain("mean", made.amount[:, twice], made.n[:, twice], made.context))
    assert (found.kind, found.periods(13)) == ("copies", 12)


def test_scales_too_coarse_to_move_on_are_no_copies() -> None:
    whole = rounded(chain("mean", median_n=20_000, merit=0.6, size_sd=0.0, sd=False, seed=2), 0)
    assert (np.ptp(whole.amount, axis=1) == 0).mean() > 0.9
    assert signature(whole).kind == "fresh"


def test_half_the_units_copied_is_no_signature() -> None:
    made, copy = chain("mean", seed=5), copied(chain("mean", n_periods=1, seed=5))
    upper = np.arange(len(made.n))[:, None] < 30
    assert signature(Chain("mean", np.where(upper, made.amount, copy.amount), made.n, made.context)).kind == "fresh"


def test_steady_counts_are_a_doubt_and_no_signature() -> None:
    rng = np.random.default_rng(1)
    n = np.full((60, 12), 200.0)
    failing = np.repeat(rng.poisson(3.0, (60, 1)), 12, axis=1) + (rng.random((60, 12)) < 0.1)
    found = find_signature("proportion", 1 - failing / n, n)
    assert (found.kind, found.too_steady) == ("fresh", True)


def test_rows_in_any_order_and_another_unit_of_measure_change_nothing() -> None:
    made = with_gaps(design(seed=4, **_stale("rolling 3, means alone")))
    y, n = made.amount, (made.n > 0).astype(float)
    order = np.random.default_rng(1).permutation(len(y))
    one, other = (find_signature("mean", *each, sized=False) for each in ((y, n), (1e6 - 250 * y[order], n[order])))
    assert (one.kind, one.window) == (other.kind, other.window) == ("rolling", 3)
    assert one.clear == pytest.approx(other.clear, abs=1e-6)


@pytest.mark.parametrize("shape", [(3, 1), (5, 2), (1, 12), (2, 3)])
def test_panels_too_small_to_tell_are_taken_as_new(shape: tuple[int, int]) -> None:
    y = np.random.default_rng(1).random(shape)
    assert find_signature("mean", y, np.ones(shape), sized=False).kind == "fresh"
    assert find_signature("mean", np.full(shape, np.nan), np.zeros(shape)).kind == "fresh"


def test_a_figure_that_all_units_share_is_no_copy() -> None:
    made = chain("mean", seed=6)
    filled = np.where(np.arange(12) >= 6, 4.0, made.amount)
    assert signature(Chain("mean", filled, made.n, made.context)).kind == "fresh"


@pytest.mark.parametrize("wanted", ["year to date, seen from March to November", "rolling 3, means alone"])
def test_an_empty_period_does_no_harm(wanted: str) -> None:
    made = design(seed=2, **_stale(wanted))
    made.amount[:, 4] = np.nan
    made.n[:, 4] = np.nan
    assert signature(made).kind == ("rolling" if "rolling" in wanted else "year to date")
