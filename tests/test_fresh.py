"""Evidence that is not fresh takes the names away, says so everywhere, and leaves sound studies as they are."""

from dataclasses import replace
from functools import partial
from typing import Any

import numpy as np
import pytest

from pdlib.deviants import find_deviants
from pdlib.expected import Expected, expect
from pdlib.expected.fresh import FRESH
from pdlib.stats.excess import fit_excess
from tests.validation.freshness import MEANS, Chain, carried, chain, copied, mean_to_date, rolling, run_up

STALE: dict[str, tuple[dict[str, Any], Any, str]] = {
    "year to date": ({}, run_up, "run up"),
    "rolling": ({"n_periods": 14}, partial(rolling, window=3), "last 3 periods"),
    "overlapping": ({"n_periods": 23}, rolling, "seems to hold"),
    "running": ({**MEANS, "n_periods": 24}, mean_to_date, "a mean of all periods so far"),
    "carried": ({**MEANS, "n_periods": 12}, carried, "carried forward"),
    "copies": ({"kind": "mean", "n_periods": 1}, copied, "very same figure in all 12 periods"),
}


def expected_of(made: Chain) -> Expected:
    return expect(made.read(), challenger=None)


@pytest.fixture(scope="module", params=list(STALE))
def stale(request: pytest.FixtureRequest) -> tuple[str, Expected]:
    options, change, _ = STALE[request.param]
    return request.param, expected_of(change(chain(merit=1.0, seed=8, **options)))


def test_nobody_is_named_and_the_reason_is_told_everywhere(stale: tuple[str, Expected]) -> None:
    kind, expected = stale
    deviants, words = find_deviants(expected), STALE[kind][2]
    assert expected.freshness.kind == kind
    assert deviants.confident.empty
    assert str(expected.fit_verdict).startswith("stop")
    for told in (deviants.finding, str(expected.fit_verdict), expected.lasting, expected.silence):
        assert words in told
        assert "luck" not in told
        assert "would be real" not in told


@pytest.mark.parametrize(("options", "change"), [
    ({"merit": 1.0, "seed": 8}, run_up),
    ({"merit": 1.0, "seed": 8, "n_periods": 14}, partial(rolling, window=3)),
    ({"merit": 1.0, "seed": 8, "n_periods": 23}, rolling),
    ({"merit": 1.0, "seed": 8, "kind": "mean", "n_periods": 1}, copied),
    ({**MEANS, "seed": 9, "n_periods": 36, "n_units": 150}, mean_to_date),
    ({**MEANS, "seed": 8, "merit": 0.4, "n_units": 150}, carried),
])  # fmt: skip
def test_taken_as_new_such_figures_would_name_units(options: dict[str, Any], change: Any) -> None:
    expected = expected_of(change(chain(**options)))
    assert find_deviants(expected).confident.empty
    assert not find_deviants(replace(expected, freshness=FRESH)).confident.empty


def test_the_luck_check_does_not_praise_it(stale: tuple[str, Expected]) -> None:
    kind, expected = stale
    told = find_deviants(expected).luck_check().finding
    assert told.startswith("The later half is no test of the earlier one.")
    assert STALE[kind][2] in told


def test_nobody_has_improved_on_such_figures() -> None:
    expected = expected_of(run_up(chain(n_periods=24, merit=1.0, shock=0.5, spell=0.8, seed=8)))
    improved = find_deviants(expected).improved(("P01", "P12"), ("P13", "P24"))
    assert "confident" not in set(improved.table["group"])
    assert any("run up" in caveat for caveat in improved.caveats)


def test_what_is_repeated_in_step_counts_once() -> None:
    """Quarters written three times give the list of the quarters."""
    quarters = chain("mean", n_periods=4, merit=0.6, seed=2)
    once, thrice = (expected_of(made) for made in (quarters, copied(quarters, 3)))
    assert thrice.freshness.kind == "copies"
    assert thrice.freshness.periods == len(thrice.grid.periods) == 4
    assert any("counted once" in note for note in thrice.caveats)
    assert np.array_equal(once.fit.effect, thrice.fit.effect)
    named = [set(find_deviants(each).confident["unit"]) for each in (once, thrice)]
    assert named[0] == named[1] != set()


def test_too_steady_counts_are_a_doubt_that_takes_no_name() -> None:
    made = chain(n_periods=12, merit=1.0, steady=True, same=0.9, median_n=300, seed=1)
    expected = expected_of(made)
    assert expected.freshness.kind == "fresh"
    assert any("such counts imply" in note for note in expected.caveats)
    assert not find_deviants(expected).confident.empty


def nearly(made: Chain) -> Chain:
    """A year's score in each month, and next to no noise."""
    noise = np.random.default_rng(1).uniform(-0.005, 0.005, made.amount.shape)
    return replace(made, amount=np.round(made.amount + noise, 3))


def test_months_that_are_nearly_the_same_are_a_doubt() -> None:
    expected = expected_of(nearly(copied(chain(**MEANS, n_periods=1, merit=0.6, seed=4))))
    assert expected.freshness.kind == "fresh"
    assert any("nearly the same in all periods" in note for note in expected.caveats)


def test_months_nearer_than_single_answers_allow_are_copies() -> None:
    expected = expected_of(nearly(copied(chain("mean", n_periods=1, merit=0.6, seed=4))))
    assert expected.freshness.kind == "copies"
    assert find_deviants(expected).confident.empty
    assert "spread of single answers" in expected.silence


def test_a_mean_since_the_year_began_is_told_by_its_new_starts() -> None:
    freshness = expected_of(mean_to_date(chain(**MEANS, n_periods=24, merit=0.6, seed=4), length=12)).freshness
    assert freshness.kind == "running"
    assert "since the year began" in freshness.reason


@pytest.mark.parametrize("kind", ["mean", "proportion", "rate"])
def test_sound_studies_keep_their_fit_to_the_last_digit(kind: str) -> None:
    level = 0.05 if kind == "rate" else 0.7
    expected = expected_of(chain(kind, level=level, median_n=400, merit=0.4, n_periods=6, seed=3))
    grid, outcome = expected.grid, expected.outcome
    assert (expected.freshness.kind, expected.freshness.note, expected.freshness.reason) == ("fresh", "", "")
    plain = fit_excess(
        outcome.kind, grid.y, grid.n, grid.numeric, grid.categories, sign=outcome.sign,
        item_variance=grid.item_variance, bends=True, products=True, groups=grid.groups,
    )  # fmt: skip
    assert np.array_equal(plain.residual, expected.fit.residual)
    assert not find_deviants(expected).confident.empty
