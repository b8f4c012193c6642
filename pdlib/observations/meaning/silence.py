"""Comments that say nothing: a dash, a question mark, "none", "no comment"."""

from __future__ import annotations

import re

import pandas as pd

_ONLY_MARKS = re.compile(r"[\s\-–—_.,;:!?/\\|~*+=#'\"“”„‘’«»()\[\]…·•]*")
_NOTHING = frozenset({
    "nil", "none", "null", "nan", "na", "n/a", "n.a", "nothing", "no comment", "no comments", "not applicable",
    "nothing to add", "nothing to say", "kein", "keine", "keiner", "nichts", "entfällt", "kein kommentar",
    "keine angabe", "keine angaben", "k.a", "k. a", "aucun", "aucune", "rien", "néant", "aucun commentaire",
    "rien à dire", "rien à signaler", "ninguno", "ninguna", "nada", "sin comentario", "sin comentarios", "niente",
    "nessuno", "nessun commento", "geen", "niets", "geen commentaar",
})  # fmt: skip


def says_nothing(texts: pd.Series) -> pd.Series:
    """Which comments are empty, marks only, or say in so many words that there is none."""
    lowered = texts.str.strip().str.lower()
    short = lowered[lowered.str.len().le(24)].dropna().unique()
    none = {text for text in short if _ONLY_MARKS.fullmatch(text) or text.strip(" .!-,;:?()[]\"'") in _NOTHING}
    return texts.isna() | lowered.isin(none)
