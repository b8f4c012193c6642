"""Numbers as people read them."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pdlib.show import formats
from pdlib.show.formats import OutcomeFormat

NAN = float("nan")
SPACE = "\u00a0"


@pytest.mark.parametrize(
    ("shown", "expected"),
    [
        (formats.number(1234.5, 1), "1,234.5"),
        (formats.number(-3), "−3"),
        (formats.number(-0.04, 1), "0.0"),
        (formats.number(NAN), "–"),
        (formats.number(math.inf), "–"),
        (formats.count(93412), "93,412"),
        (formats.share(0.62), f"62{SPACE}%"),
        (formats.share(0.789, 1), f"78.9{SPACE}%"),
        (formats.share(NAN), "–"),
        (formats.points(1.4), "1.4 points"),
        (formats.points(1, 0), "1 point"),
        (formats.points(NAN), "–"),
        (formats.signed(1.4), "+1.4"),
        (formats.signed(-0.5), "−0.5"),
        (formats.signed(-0.04), "0.0"),
        (formats.signed(0), "0.0"),
        (formats.between(0.7, 2.1), "0.7 to 2.1"),
        (formats.between(-0.5, 0.6), "−0.5 to +0.6"),
        (formats.between(-2, -1, 0), "−2 to −1"),
        (formats.between(NAN, 1), "–"),
        (formats.number(6_074_991.07, -4), "6,070,000"),
        (formats.short(2.5e6), "2,500,000"),
        (formats.short(-5e-6), "−0.000005"),
        (formats.short(1.5e-5, sign=True), "+0.000015"),
        (formats.short(-0.0), "0"),
        (formats.short(NAN), "–"),
        (formats.digits_for(1.8, 2), 2),
        (formats.digits_for(18.0, 2), 1),
        (formats.digits_for(2.7e6, 2), -4),
        (formats.digits_for(0.0, 2), 2),
    ],
)
def test_numbers(shown, expected):
    assert shown == expected


SHARE = OutcomeFormat("proportion", "very satisfied customers")
SCORE = OutcomeFormat("mean", "score")
COMPLAINTS = OutcomeFormat("rate", "complaints", better="lower", per=1000)
FALLS = OutcomeFormat("rate", "falls", better="lower", per=1000, of="bed days")
REVENUE = OutcomeFormat("mean", "revenue", digits=-4, counted="euros")


@pytest.mark.parametrize(
    ("shown", "expected"),
    [
        (SHARE.value(0.789), f"79{SPACE}%"),
        (SHARE.excess(0.014), "+1.4 points"),
        (SHARE.size(-0.031), "3.1 points"),
        (SHARE.difference(0.0719), "+7.2"),
        (SHARE.more(0.083), "8 more in 100"),
        (SHARE.more(0.014), "1.4 more in 100"),
        (SHARE.more(-0.05), "5 fewer in 100"),
        (SHARE.more(NAN), "–"),
        (SHARE.more_between(0.041, 0.108), "4 to 11 more in 100"),
        (SHARE.more_between(-0.01, 0.03), "between 1.0 fewer and 3 more in 100"),
        (SHARE.more_between(-0.05, -0.02), "2 to 5 fewer in 100"),
        (SHARE.excess_between(0.007, 0.021), "0.7 to 2.1"),
        (SHARE.difference_tick(0.01), "+1"),
        (SHARE.difference_tick(0.0), "0"),
        (SHARE.difference_tick(-0.005), "−0.5"),
        (SCORE.value(7.838), "7.84"),
        (SCORE.more(0.21), "0.21 points higher"),
        (SCORE.more(-0.21), "0.21 points lower"),
        (SCORE.more_between(0.08, 0.34), "0.08 to 0.34 points higher"),
        (COMPLAINTS.value(0.0123), "12.3 per 1,000"),
        (COMPLAINTS.more(0.0031), "3.1 fewer per 1,000"),
        (COMPLAINTS.excess(0.0031), "+3.1 per 1,000"),
        (COMPLAINTS.more_between(0.001, 0.003), "1.0 to 3.0 fewer per 1,000"),
        (SHARE.bare(0.789), f"78.9{SPACE}%"),
        (SHARE.tick(0.025), f"2.5{SPACE}%"),
        (SHARE.ranged(0.031, 0.007, 0.054), "+3.1 (0.7 to 5.4)"),
        (SHARE.sides, "more (+) or fewer (−)"),
        (SHARE.measure, "very satisfied customers"),
        (SCORE.tick(-0.0), "0"),
        (SCORE.lead(-0.017), "−0.02 points"),
        (SCORE.more_between(-0.09, 0.34), "between 0.09 lower and 0.34 higher, in points"),
        (REVENUE.value(31_272_386.55), "31,270,000"),
        (REVENUE.more_between(4_981_544.02, 6_074_991.07), "4,980,000 to 6,070,000 euros higher"),
        (REVENUE.difference_tick(2.5e6), "+2,500,000"),
        (FALLS.sides, "fewer (+) or more (−)"),
        (FALLS.axis, "fewer (+), per 1,000 bed days"),
        (FALLS.measure, "falls per 1,000 bed days"),
        (FALLS.full.more(0.0031), "3.1 fewer per 1,000 bed days"),
        (FALLS.ranged(-0.0003, -0.0011, 0.0006), "−0.3 (−1.1 to +0.6)"),
        (OutcomeFormat("rate", "accidents", of="observations").unit, "per observation"),
        (OutcomeFormat("rate", "calls per 100 contacts", per=100, of="contacts").measure, "calls per 100 contacts"),
    ],
)
def test_an_outcome_in_words(shown, expected):
    assert shown == expected


@given(st.floats(-0.5, 0.5), st.sampled_from(["higher", "lower"]))
def test_more_of_a_good_thing_and_fewer_of_a_bad_one(x, better):
    words = OutcomeFormat("proportion", better=better).more(x)
    assert ("more" in words) == ((x >= 0) == (better == "higher"))


@given(st.floats(-1e6, 1e6), st.integers(0, 3))
def test_a_shown_number_reads_back(x, digits):
    back = float(formats.number(x, digits).replace("−", "-").replace(",", ""))
    assert back == pytest.approx(round(x, digits), abs=10.0**-digits)
