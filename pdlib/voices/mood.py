"""How a comment sounds, by VADER: rated words, negation and emphasis; English only."""

from __future__ import annotations

import numpy as np
import pandas as pd


def moods(texts: pd.Series) -> pd.Series:
    """Rate each text between -1 (bitter) and 1 (delighted).

    VADER is a small list of rated words with rules for negation and emphasis, under the MIT licence; its list has been
    the same since 2020. It hears strong words and misses dry complaint ("there's always one person on now"), which is
    why signals of discontent rest on named themes and not on it.

    Parameters
    ----------
    texts : Series of str
        Without personal data; in English.

    Returns
    -------
    Series of float

    References
    ----------
    Hutto & Gilbert (2014), doi:10.1609/icwsm.v8i1.14550.
    """
    from vaderSentiment.vaderSentiment import SentimentIntensityAnalyzer

    codes, unique = pd.factorize(texts)
    analyzer = SentimentIntensityAnalyzer()
    rated = np.array([analyzer.polarity_scores(text)["compound"] for text in unique], dtype=float)
    return pd.Series(rated[codes], index=texts.index, name="mood")
