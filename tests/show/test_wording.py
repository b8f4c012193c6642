"""Plain words, and no claim of a cause."""

from __future__ import annotations

import pytest

from pdlib.show import wording


@pytest.mark.parametrize(
    ("shown", "expected"),
    [
        (wording.in_words(0), "zero"),
        (wording.in_words(9), "nine"),
        (wording.in_words(12), "twelve"),
        (wording.in_words(13), "13"),
        (wording.in_words(-1), "−1"),
        (wording.counted(0, "shop"), "no shops"),
        (wording.counted(1, "shop"), "one shop"),
        (wording.counted(2, "branch", "branches"), "two branches"),
        (wording.counted(1520, "shop"), "1,520 shops"),
        (wording.plural(1, "shop"), "shop"),
        (wording.listed([]), ""),
        (wording.listed(["a"]), "a"),
        (wording.listed(["a", "b"]), "a and b"),
        (wording.listed(["a", "b", "c"], "or"), "a, b or c"),
        (wording.sentence("nine shops", " do  better ,"), "Nine shops do better,."),
        (wording.sentence("done!"), "Done!"),
        (wording.sentence(""), ""),
        (wording.expected_right(9, 7.2), "9 named; expect about 7 to be real"),
        (wording.expected_right(9, 8.8), "9 named; expect nearly all to be real"),
        (wording.expected_right(3, 0.3), "3 named; expect none or 1 to be real"),
        (wording.expected_right(1, 0.94), "1 named; 94 chances in 100 that it is real"),
        (wording.expected_right(1, 1.0), "1 named; 99 chances in 100 that it is real"),
        (wording.expected_right(0, 0.0), "none named"),
        (wording.expected_right(4, float("nan")), "4 named; how many are real is not known"),
    ],
)
def test_words(shown, expected):
    assert shown == expected


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("The huddle causes joy", ["causes"]),
        ("This proves it drives sales", ["proves", "drives"]),
        ("It leads to more, due to the impact of staff", ["leads to", "due to", "impact"]),
        ("The effect of training improves scores because of managers", ["effect of", "improves", "because of"]),
        ("The habit boosts and lifts scores", ["boosts", "lifts"]),
        ("Association, not proof; it is not a cause and cannot prove anything", []),
        ("Shops that do it have 1.4 points more, given the same means", []),
        ("The dream, the drive, the discipline", []),
        ("Because shops differ, effectively all leads were called", []),
    ],
)
def test_words_that_claim_a_cause(text, found):
    assert wording.causal_words(text) == found


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("p-value .03, SD 2, 95 % CI", ["p-value", "SD", "CI"]),
        ("positive deviants above the top quantile", ["deviants", "quantile"]),
        ("Bayesian shrinkage of regression residuals", ["Bayesian", "shrinkage", "regression", "residuals"]),
        ("z = 2, p < .05", ["z", "p"]),
        ("Nine bright spots; expect about seven to be real, 4 to 11 more in 100", []),
        ("A social circle of citizens in San Diego", []),
    ],
)
def test_statisticians_words(text, found):
    assert wording.jargon_words(text) == found


@pytest.mark.parametrize(
    "words",
    [
        "a shop", "an agency", "an office", "an ala", "a unit", "a university ward", "an underwriting team",
        "a European office", "an hourly team", "an área", "a user group", "a one-stop shop",
    ],
)  # fmt: skip
def test_the_article_is_that_of_the_sound(words):
    assert wording.a(words.split(" ", 1)[1]) == words


def test_reading_grade_worked_by_hand():
    # Six words, one sentence, six syllables; then ten words, two sentences, thirteen syllables.
    assert wording.reading_grade("The cat sat on the mat.") == pytest.approx(0.39 * 6 + 11.8 - 15.59)
    text = "The manager works on Saturday. We call on day three."
    assert wording.reading_grade(text) == pytest.approx(0.39 * 10 / 2 + 11.8 * 15 / 10 - 15.59, abs=2.4)


def test_hard_prose_asks_for_more_years_than_plain_prose():
    plain = "Nine shops do better than the rest. We think seven of them are real. Go and see what they do."
    hard = (
        "Organisational heterogeneity notwithstanding, exceptionally performing establishments demonstrate "
        "considerable differentiation attributable to institutional characteristics."
    )
    assert wording.reading_grade(plain) < 5
    assert wording.reading_grade(hard) > 15


def test_decimal_points_do_not_end_sentences():
    whole = wording.reading_grade("It is worth two points to four points in all of the shops we saw.")
    decimals = wording.reading_grade("It is worth 1.4 points to 4.2 points in all of the shops we saw.")
    assert decimals == pytest.approx(whole, abs=0.5)


def test_no_words_no_grade():
    assert wording.reading_grade(" … ") == 0.0
