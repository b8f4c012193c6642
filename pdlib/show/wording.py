"""Words around numbers, and checks that the words stay plain and claim no cause."""

from __future__ import annotations

import math
import re
import unicodedata
from collections.abc import Iterable

from pdlib.show.formats import count

_WORDS = ["zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven", "twelve"]


def in_words(n: int) -> str:
    """Write a count in words up to twelve, in figures beyond: "nine", "520"."""
    return _WORDS[n] if 0 <= n < len(_WORDS) else count(n)


def plural(n: float, singular: str, plural_form: str | None = None) -> str:
    """Choose the form of a word that goes with a count: "shop", "shops"."""
    return singular if n == 1 else plural_form or f"{singular}s"


def counted(n: int, singular: str, plural_form: str | None = None) -> str:
    """Write a count with its word: "no shops", "one shop", "nine shops", "520 shops"."""
    return f"{in_words(n) if n else 'no'} {plural(n, singular, plural_form)}"


def listed(items: Iterable[str], last: str = "and") -> str:
    """Join a list as one says it: "a, b and c"."""
    names = list(items)
    if len(names) < 2:
        return "".join(names)
    return f"{', '.join(names[:-1])} {last} {names[-1]}"


_SOUNDS_LIKE_YOU = re.compile(r"(?:eu|one|once|uni(?!n|m)|us[aeiu]|ut[eio])", re.IGNORECASE)
_SILENT = re.compile(r"(?:hour|honest|honou?r|heir)", re.IGNORECASE)


def a(words: str) -> str:
    """Put the article before: "a shop", "an agency", "a unit", "an hour".

    Examples
    --------
    >>> a("unit"), a("agency"), a("Öffnung"), a("hourly team")
    ('a unit', 'an agency', 'an Öffnung', 'an hourly team')
    """
    first = unicodedata.normalize("NFD", words[:1]).casefold()[:1]
    vowel = (first in "aeiou" and not _SOUNDS_LIKE_YOU.match(words)) or bool(_SILENT.match(words))
    return f"{'an' if first and vowel else 'a'} {words}"


def capitalised(text: str) -> str:
    """Begin with a capital, leave the rest alone."""
    return text[:1].upper() + text[1:]


def sentence(*parts: str) -> str:
    """Make one sentence of its parts: single spaces, a capital, one full stop.

    Examples
    --------
    >>> sentence("nine shops", "do better than their means explain")
    'Nine shops do better than their means explain.'
    """
    joined = re.sub(r"[ \t\n]+", " ", " ".join(part for part in parts if part)).strip()
    joined = re.sub(r" ([,;:.])", r"\1", joined)
    if not joined:
        return ""
    ended = joined if joined[-1] in ".!?…" else f"{joined}."
    return capitalised(ended)


def expected_right(named: int, expected: float) -> str:
    """Say how many of the named are expected to be real.

    Parameters
    ----------
    named : int
        Units named.
    expected : float
        Sum of their probabilities of being truly in the top share.

    Returns
    -------
    str
        Never promises all of them.

    Examples
    --------
    >>> expected_right(9, 7.2)
    '9 named; expect about 7 to be real'
    """
    if named == 0:
        return "none named"
    if not math.isfinite(expected):
        return f"{count(named)} named; how many are real is not known"
    if named == 1:
        chances = min(99, max(1, round(100 * expected)))
        return f"1 named; {chances} chances in 100 that it is real"
    about = round(expected)
    if about >= named:
        return f"{count(named)} named; expect nearly all to be real"
    if about < 1:
        return f"{count(named)} named; expect none or 1 to be real"
    return f"{count(named)} named; expect about {count(about)} to be real"


_DISCLAIMED = re.compile(
    r"\b(?:not|never|no|nor|cannot|without|rather than)\s+(?:be\s+)?(?:a\s+|an\s+|the\s+|any\s+)?(?:proof\s+of\s+)?"
    r"(?:causes?|caused|causal|proves?|proved|proven|proof)\b",
    re.IGNORECASE,
)
_CAUSAL = re.compile(
    r"\b(?:caus(?:e|es|ed|ing|al|ally)|prov(?:es?|ed|en|ing)|proof|drives|drove|driven by|drivers? of|"
    r"lead(?:s|ing)? to|led to|due to|owing to|thanks to|because of|as a result of|result(?:s|ed|ing)? in|"
    r"responsible for|impact(?:s|ed|ful)?|effects? (?:of|on)|effective(?:ness)?|boost(?:s|ed|ing)?|"
    r"improv(?:es?|ed|ing|ements?)|increas(?:es|ed by)|rais(?:es|ed by)|reduc(?:es|ed by)|lifts|"
    r"mak(?:es|ing) (?:customers|people|units|shops|staff|them)|deliver(?:s|ed) gains?|brings? about)\b",
    re.IGNORECASE,
)


def causal_words(text: str) -> list[str]:
    """Find words that claim a cause where the data show an association only.

    Parameters
    ----------
    text : str

    Returns
    -------
    list of str
        Lower case, in order of appearance; an explicit "not proof" or "not a cause" is no claim.

    Examples
    --------
    >>> causal_words("The huddle boosts scores. Association, not proof.")
    ['boosts']
    """
    return [match.group().lower() for match in _CAUSAL.finditer(_DISCLAIMED.sub(" ", text))]


_JARGON = re.compile(
    r"\b(?:(?i:p[- ]?values?|z[- ]?(?:scores?|values?)|t[- ]?tests?|f[- ]?tests?|chi[- ]?squared?|quantiles?|"
    r"quartiles?|percentiles?|deciles?|deviants?|deviance|regress(?:ion|ed|or)s?|residuals?|covariates?|"
    r"coefficients?|standard (?:deviations?|errors?)|variances?|confidence intervals?|credible intervals?|"
    r"confidence levels?|posteriors?|priors?|bayes(?:ian)?|shrink(?:age)|shrunken|heterosc?k?edastic\w*|"
    r"over-?dispersion|multicollinearity|statistical(?:ly)? significan\w+|significance|null hypothes[ie]s|"
    r"false discovery rate|odds ratios?|logits?|bootstrap\w*|permutation\w*|effect sizes?|leverage|outliers?|"
    r"risk[- ]adjust\w+|cross-?fit\w*|propensity|contrasts?)|SD|SE|CI|CIs|FDR|RMSE|OLS|GLM|HC3|ICC|R²|z|p)\b"
    r"(?!\s*[:/]\S)"
)


def jargon_words(text: str) -> list[str]:
    """Find statisticians' words, which a leader's page keeps to its appendix.

    Parameters
    ----------
    text : str

    Returns
    -------
    list of str
        As written, in order of appearance.

    Examples
    --------
    >>> jargon_words("The p-value of the regression was .03")
    ['p-value', 'regression']
    """
    return [match.group() for match in _JARGON.finditer(text)]


def _syllables(word: str) -> int:
    if not word.isalpha():
        return 1
    word = word.lower()
    groups = len(re.findall(r"[aeiouyäöüéèàáíóú]+", word))
    silent = re.search(r"(?:[^aeiouyl]e|[^aeiouy][^aeiouy]les?|[^aeioudtsxz]es|[^aeioudt]ed)$", word)
    ends_in_le = re.search(r"[^aeiouy]les?$", word)
    return max(1, groups - (1 if silent and not ends_in_le else 0))


def reading_grade(text: str) -> float:
    """Rate how many years of school a text asks for, by the Flesch–Kincaid formula.

    Parameters
    ----------
    text : str

    Returns
    -------
    float
        0 for a text without words. Lower is easier; can be negative for very short sentences.

    Notes
    -----
    ``0.39 words/sentences + 11.8 syllables/words − 15.59``. Syllables are counted by vowel groups; a figure
    counts as one.

    References
    ----------
    Kincaid et al. (1975), Derivation of new readability formulas. DOI 10.21236/ADA006655

    Examples
    --------
    >>> round(reading_grade("The cat sat on the mat."), 2)
    -1.45
    """
    words = re.findall(r"\d+(?:[.,]\d+)*|[^\W\d_]+(?:['’][^\W\d_]+)?", text)
    if not words:
        return 0.0
    ends = re.findall(r"[.!?…]+(?=\s|$|[”\"')])|(?<![.!?…])\n+", re.sub(r"\s*\n\s*", "\n", text.strip()))
    sentences = max(1, len(ends) + (text.strip()[-1] not in ".!?…”\"')"))
    syllables = sum(_syllables(re.sub(r"['’]", "", word)) for word in words)
    return 0.39 * len(words) / sentences + 11.8 * syllables / len(words) - 15.59
