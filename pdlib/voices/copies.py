"""Texts that are there many times: whoever pastes a text is one voice."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from pdlib.voices.scripts import NO_SPACES

FEWEST_WORDS, FEWEST_CHARACTERS, FEWEST_TIMES = 5, 10, 3


def copies(comments: pd.DataFrame) -> np.ndarray:
    """Which comments are copies of another of the same unit, period and voice, case and punctuation aside.

    Only texts of five words or more count, or of ten characters where a script sets
    no space between words: shorter ones ("ok", "bad service") are the same between people by nature. Two alike may be
    two people with one turn of phrase, and two are too few to alarm: a text counts once from the third time on.

    Parameters
    ----------
    comments : DataFrame
        Columns ``unit``, ``period``, ``voice`` and ``text``.

    Returns
    -------
    (n,) array of bool
        The first of each text is none.
    """
    codes, unique = pd.factorize(comments["text"])
    column = pc.utf8_lower(pa.array(np.asarray(unique, dtype=object), type=pa.large_string()))
    plain = pc.utf8_trim_whitespace(pc.replace_substring_regex(column, r"[^\pL\pM\pN]+", " "))
    words, characters = (pc.count_substring_regex(plain, pattern).to_numpy() for pattern in (r"[^ ]+", NO_SPACES))
    long = (words >= FEWEST_WORDS) | (characters >= FEWEST_CHARACTERS)
    text = pd.factorize(np.asarray(plain.to_pylist(), dtype=object))[0][codes]
    keys = comments[["unit", "period", "voice"]].assign(text=text)
    place = keys.groupby(list(keys), observed=True, sort=False).ngroup().to_numpy()
    often = np.bincount(place)[place] >= FEWEST_TIMES
    return keys.duplicated().to_numpy() & long[codes] & often
