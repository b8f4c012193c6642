"""Words and pairs of words, counted by comment and unit."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from itertools import pairwise
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
from scipy.sparse import csr_array

from pdlib.voices.scripts import NO_SPACES

# A word begins and ends with a letter; what stands in square brackets was taken out.
WORD = r"(?<!\[)\b[^\W\d_](?:[\w'’]*[^\W\d_])\b(?!\])"
# Longer than a word is: letters of Chinese, Japanese or Thai, or of any script.
_RUN_TOGETHER = rf"(?:{NO_SPACES}\pM*){{6}}|[\pL\pM]{{35}}"
FEWEST_COMMENTS, FEWEST_SHARE, LARGEST_SHARE = 10, 0.001, 0.25


@dataclass(frozen=True, eq=False)
class Counted:
    """Which comment uses which term.

    Attributes
    ----------
    terms : (K,) array of str
    used : sparse (D, K) matrix of 0 and 1
        One row per different text.
    texts : (n,) array
        The row of each comment.
    """

    terms: np.ndarray
    used: Any
    texts: np.ndarray

    def by(self, groups: np.ndarray, count: int) -> Any:
        """How many comments of each group use each term, sparse (count, K); a negative group is left out."""
        told = groups >= 0
        ones = np.ones(int(told.sum()))
        place = csr_array((ones, (groups[told], self.texts[told])), shape=(count, self.used.shape[0]))
        return csr_array(place @ self.used)

    def only(self, chosen: np.ndarray) -> Counted:
        """The same comments, these terms only."""
        return Counted(self.terms[chosen], self.used[:, np.flatnonzero(chosen)], self.texts)


@cache
def stop_words(language: str) -> frozenset[str]:
    """Words of a language that say nothing by themselves; none for a language without a list."""
    listed = tomllib.loads(files("pdlib.voices").joinpath("stop_words.toml").read_text(encoding="utf-8"))
    return frozenset(str(listed.get(language, "")).split())


def count_terms(texts: pd.Series, *, longest: int = 2, language: str = "") -> Counted:
    """Find the words, and rows of up to ``longest`` words, of enough comments and not of too many.

    A term is kept if at least ten comments and one in a thousand use it, and not more than one in four: what nearly
    everybody says tells nothing about anybody. Terms of stop words alone ("they", "to the") are left out.

    Parameters
    ----------
    texts : Series of str
        Without personal data.
    longest : int
        Words in a row.
    language : str
        Of the stop words.

    Returns
    -------
    Counted
    """
    from sklearn.feature_extraction.text import CountVectorizer

    codes, unique = pd.factorize(texts)
    vectorizer = CountVectorizer(binary=True, token_pattern=WORD, ngram_range=(1, longest), dtype=np.float32)
    nothing = Counted(np.array([], dtype=object), csr_array((len(unique), 0)), codes)
    try:
        used = csr_array(vectorizer.fit_transform(unique))
    except ValueError:  # how it says that there is no word at all
        return nothing
    times = np.bincount(codes, minlength=len(unique)) @ used
    enough = (times >= max(FEWEST_COMMENTS, FEWEST_SHARE * len(texts))) & (times <= LARGEST_SHARE * len(texts))
    terms, stop = vectorizer.get_feature_names_out(), stop_words(language)
    says = np.array([not stop.issuperset(term.replace("’", "'").split(" ")) for term in terms[enough]], dtype=bool)
    return _merged(Counted(terms, used, codes).only(enough).only(says))


def without_spaces(texts: pd.Series) -> np.ndarray:
    """Which texts set no space between words, so that their words cannot be told apart.

    Parameters
    ----------
    texts : Series of str

    Returns
    -------
    (n,) array of bool
    """
    codes, unique = pd.factorize(texts)
    column = pa.array(np.asarray(unique, dtype=object), type=pa.large_string())
    return pc.match_substring_regex(column, _RUN_TOGETHER).to_numpy(zero_copy_only=False)[codes]


def _merged(counted: Counted) -> Counted:
    """Terms of exactly the same comments as one: "rang before" and "before doing" are "rang before doing"."""
    columns = counted.used.tocsc()
    same: dict[bytes, list[int]] = {}
    for k, (start, end) in enumerate(pairwise(columns.indptr)):
        same.setdefault(np.sort(columns.indices[start:end]).tobytes(), []).append(k)
    kept = np.zeros(len(counted.terms), dtype=bool)
    names = counted.terms.copy()
    for group in same.values():
        kept[group[0]] = True
        names[group[0]] = _run_together([str(counted.terms[k]) for k in group])
    return Counted(names, counted.used, counted.texts).only(kept)


def _run_together(terms: list[str]) -> str:
    """The longest run of words that terms of a group make, end to end."""
    runs = [term.split(" ") for term in terms]
    longest = max(runs, key=lambda run: (len(run), run))
    for _ in terms:
        longer = [[*longest, run[-1]] for run in runs if len(run) > 1 and run[:-1] == longest[1 - len(run) :]]
        longer += [[run[0], *longest] for run in runs if len(run) > 1 and run[1:] == longest[: len(run) - 1]]
        longest = next((run for run in longer if len(set(run)) == len(run)), longest)
    return " ".join(longest)


def alike(counted: Counted, strength: np.ndarray, *, shared: float = 0.5) -> np.ndarray:
    """Put terms that stand in the same comments together: for each term the strongest of its group.

    Parameters
    ----------
    counted : Counted
    strength : (K,) array
        Which term speaks for a group: the largest.
    shared : float
        Two terms belong together if so large a share of the comments that use either use both.

    Returns
    -------
    (K,) array of str
    """
    from scipy.sparse.csgraph import connected_components

    weight = np.bincount(counted.texts, minlength=counted.used.shape[0]).astype(float)
    weighted = counted.used.multiply(weight[:, None])
    both = np.asarray((counted.used.T @ weighted).todense())
    either = np.add.outer(np.diag(both), np.diag(both)) - both
    _, group = connected_components(csr_array(both >= shared * np.maximum(either, 1e-12)), directed=False)
    frame = pd.DataFrame({"group": group, "strength": strength, "term": counted.terms})
    best = frame.sort_values(["strength", "term"], ascending=[False, True]).drop_duplicates("group").set_index("group")
    return best.loc[group, "term"].to_numpy()
