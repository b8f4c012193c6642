"""Terms and themes compared between units of the same means, each family under one error control."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
from scipy.sparse import csr_array
from scipy.stats import t as student

from pdlib.stats.contrast import Contrasts
from pdlib.stats.family import benjamini_hochberg, romano_wolf
from pdlib.stats.terms import joined, term_contrasts
from pdlib.voices.bench import Bench, context_features
from pdlib.voices.terms import Counted, alike, count_terms
from pdlib.voices.themes import Named

LEVEL = 0.10
FEWEST_UNITS, FEWEST_LEADING, FEWEST_COMMENTS, FEWEST_DEVIANTS = 10, 3, 10, 5
LARGEST_UNIT = 0.30
MORE, LESS, UNCLEAR = "said more", "said less", "cannot tell"
FEW, OWN = "of too few units", "one unit's own words"
TABLE = [
    "voice", "term", "label", "grade", "reason", "phrase", "n_comments", "n_units", "n_leading", "largest_unit_share",
    "touchpoint", "share_deviants", "share_peers", "contrast", "contrast_lower", "contrast_upper", "p_value",
    "p_romano_wolf", "p_bh",
]  # fmt: skip


def compare_terms(
    comments: pd.DataFrame, bench: Bench, longest: int, draws: int, seed: int
) -> tuple[pd.DataFrame, dict[str, int]]:
    """Every term of every voice that may be tested, and how many may not, by reason.

    Parameters
    ----------
    comments : DataFrame
        Without personal data.
    bench : Bench
    longest : int
        Words in a row that make a term.
    draws, seed : int
        Of the step-down test.

    Returns
    -------
    table : DataFrame
        Columns `TABLE`.
    aside : dict
    """
    spoken = {
        voice: count_terms(own["text"], longest=longest, language=bench.language)
        for voice, own in comments.groupby("voice", observed=True)
    }
    table, held, aside = _compared(comments, spoken, bench, draws, seed)
    if len(table):
        table = table.assign(label=table["term"], phrase=_phrases(table, held))
    return _ordered(table), aside


def compare_themes(
    comments: pd.DataFrame, spoken: pd.DataFrame, named: list[Named], bench: Bench, draws: int, seed: int
) -> pd.DataFrame:
    """Every named theme of every voice, a family of its own; columns `TABLE`."""
    labels = {theme.name: theme.label for theme in named}
    names = np.array(list(labels), dtype=object)
    used = {
        voice: Counted(names, csr_array(own.to_numpy(dtype=float)), np.arange(len(own)))
        for voice, own in spoken.groupby(comments["voice"], observed=True)
    }
    table, _, _ = _compared(comments, used, bench, draws, seed)
    if len(table):
        table = table.assign(label=table["term"].map(labels), phrase=table["term"].map(labels))
    return _ordered(table)


def _compared(
    comments: pd.DataFrame, spoken: dict[Any, Counted], bench: Bench, draws: int, seed: int
) -> tuple[pd.DataFrame, list[Counted], dict[str, int]]:
    """Describe and contrast what each voice says; the family over all voices is tested together."""
    frames, contrasts, held, aside = [], [], [], {OWN: 0, FEW: 0}
    rows = bench.rows(comments)
    for voice, counted in spoken.items():
        mine = (comments["voice"] == voice).to_numpy()
        here, own = rows[mine], comments[mine]
        counts = counted.by(here, len(bench.units)).toarray()
        times = counts.sum(axis=0)
        few = ((counts > 0).sum(axis=0) < FEWEST_UNITS) | (times < FEWEST_COMMENTS)
        alone = ~few & _own_words(counts, np.bincount(here[here >= 0], minlength=len(bench.units)))
        aside[FEW] += int(few.sum())
        aside[OWN] += int(alone.sum())
        kept = ~(few | alone)
        if not kept.any():
            continue
        frame, contrast = _tested(own, here, counts[:, kept], bench)
        held.append(counted.only(kept))
        frame["touchpoint"] = _touchpoints(own["touchpoint"], held[-1])
        frames.append(frame.assign(voice=str(voice), term=held[-1].terms))
        contrasts.append(contrast)
    if not frames:
        return pd.DataFrame(columns=TABLE), held, aside
    return _graded(pd.concat(frames, ignore_index=True), joined(contrasts), bench, draws, seed), held, aside


def _own_words(counts: np.ndarray, totals: np.ndarray) -> np.ndarray:
    """Whether a term is what one unit goes on about.

    A unit may hold 30 in 100 of a term's comments if it holds hardly any of all comments; one that holds 60 of all may
    hold 30 in 100 of what its share leaves, 72. What only one unit says is always its own.
    """
    share = totals / max(totals.sum(), 1)
    bound = share + LARGEST_UNIT * (1 - share)
    return (counts > bound[:, None] * counts.sum(axis=0)).any(axis=0)


def _tested(
    comments: pd.DataFrame, rows: np.ndarray, counts: np.ndarray, bench: Bench
) -> tuple[pd.DataFrame, Contrasts]:
    """Describe each term of one voice and contrast its rate."""
    comments, rows = comments[rows >= 0], rows[rows >= 0]
    totals = np.bincount(rows, minlength=len(bench.units)).astype(float)
    # Longer comments hold more of every word, so use is counted by words written and not by comments.
    written = np.bincount(rows, comments["text"].str.count(" ").to_numpy() + 1.0, len(bench.units))
    context = context_features(bench.deviants.expected, int((totals > 0).sum()))
    contrast = term_contrasts(counts, written, bench.response, bench.weights, context, bench.clusters)
    frame = pd.DataFrame(
        {
            "n_comments": counts.sum(axis=0).astype(int),
            "n_units": (counts > 0).sum(axis=0),
            "n_leading": (counts[bench.leading] > 0).sum(axis=0),
            "largest_unit_share": counts.max(axis=0) / counts.sum(axis=0),
            "share_deviants": _share(counts, totals, bench.deviating.astype(float)),
            "share_peers": _share(counts, totals, bench.peers),
        }
    )
    return frame, contrast


def _share(counts: np.ndarray, totals: np.ndarray, weight: np.ndarray) -> np.ndarray:
    """Share of comments over some units; no number where too few units or comments stand behind it."""
    behind = (weight > 0) & (totals > 0)
    if behind.sum() < FEWEST_DEVIANTS or totals[behind].sum() < FEWEST_COMMENTS:
        return np.full(counts.shape[1], np.nan)
    return weight @ counts / (weight @ totals)


def _touchpoints(touchpoint: pd.Series, counted_terms: Counted) -> list[str | None]:
    """The touchpoint of each term whose comments use it most often, if at least ten of them do."""
    codes, names = touchpoint.cat.codes.to_numpy(), list(touchpoint.cat.categories)
    if not names or counted_terms.used.shape[1] == 0:
        return [None] * counted_terms.used.shape[1]
    times = counted_terms.by(codes, len(names)).toarray()
    rate = times / np.maximum(np.bincount(codes[codes >= 0], minlength=len(names)), 1)[:, None]
    rate[times < FEWEST_COMMENTS] = 0
    best = rate.argmax(axis=0)
    return [str(names[k]) if rate[k, j] > 0 else None for j, k in enumerate(best)]


def _graded(table: pd.DataFrame, family: Contrasts, bench: Bench, draws: int, seed: int) -> pd.DataFrame:
    """Estimates with their bounds, p-values over the whole family, and what may be said of each."""
    chances = romano_wolf(family, draws=draws, seed=seed)
    # A t distribution flatters few clusters; there the turned signs give the single p-values too.
    p_value = family.p_value if bench.clusters is None else chances.alone
    # To say more and to say less are a family each, and each has half of the level.
    stepped = np.minimum(2 * np.where(family.estimate > 0, chances.better, chances.worse), 1.0)
    half = student.ppf(0.975, np.maximum(family.spare, 1)) * family.se
    table = table.assign(
        contrast=family.estimate, contrast_lower=family.estimate - half, contrast_upper=family.estimate + half,
        p_value=p_value, p_romano_wolf=stepped, p_bh=benjamini_hochberg(p_value),
    )  # fmt: skip
    table[["grade", "reason"]] = [_grade(row) for row in table.to_dict("records")]
    return table


def _grade(row: dict[Any, Any]) -> tuple[str, str]:
    if not np.isfinite(row["contrast"]):
        return UNCLEAR, "the context settles who says it"
    if not row["p_bh"] <= LEVEL:
        return UNCLEAR, "could be chance among so many"
    sure = "every" if row["p_romano_wolf"] <= LEVEL else "most"
    why = "stands out after allowing for every term tested" if sure == "every" else (
        "stands out, though one in ten of such findings may be false"
    )  # fmt: skip
    if row["contrast"] < 0:
        return LESS, why
    if row["n_leading"] < FEWEST_LEADING:
        return UNCLEAR, f"only {row['n_leading']} of the leading units say it"
    return MORE, why


def _phrases(table: pd.DataFrame, held: list[Counted]) -> np.ndarray:
    """For each found term the clearest of those that stand in the same comments; any other speaks for itself."""
    phrase = table["term"].to_numpy(dtype=object).copy()
    start = 0
    for counted_terms in held:
        rows = table.iloc[start : start + len(counted_terms.terms)]
        for grade in (MORE, LESS):
            mine = (rows["grade"] == grade).to_numpy()
            if mine.any():
                strength = (rows["contrast"].abs() / (rows["contrast_upper"] - rows["contrast_lower"])).to_numpy()[mine]
                phrase[start + np.flatnonzero(mine)] = alike(counted_terms.only(mine), strength)
        start += len(counted_terms.terms)
    return phrase


def _ordered(table: pd.DataFrame) -> pd.DataFrame:
    keys = pd.DataFrame(
        {
            "grade": table["grade"].map({MORE: 0, LESS: 1, UNCLEAR: 2}), "p": table["p_value"].fillna(2.0),
            "voice": table["voice"], "term": table["term"],
        }
    )  # fmt: skip
    return table.loc[keys.sort_values(["grade", "p", "voice", "term"]).index, TABLE].reset_index(drop=True)
