"""What is said more, and less, where units do better than their means explain."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
from scipy.stats import t as student

from pdlib.deviants import Deviants
from pdlib.errors import StudyError
from pdlib.expected import Expected
from pdlib.observations import Observations
from pdlib.show import figures, overview
from pdlib.show.wording import capitalised, counted, listed, plural
from pdlib.stats.basis import fit_basis
from pdlib.stats.contrast import Contrasts, benjamini_hochberg, romano_wolf
from pdlib.stats.terms import joined, term_contrasts
from pdlib.stats.threads import single_threaded
from pdlib.voices.redaction import Redactor, redact
from pdlib.voices.terms import Counted, alike, count_terms
from pdlib.voices.themes import Named, languages, match_themes, named_themes

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from pdlib.voices.discontent import Discontent
    from pdlib.voices.quotes import Quotes

LEVEL = 0.10
FEWEST_UNITS, FEWEST_LEADING, FEWEST_COMMENTS = 10, 3, 10
FEWEST_DEVIANTS = 5
LARGEST_UNIT = 0.30
PEERS = 10
MOST_NAMED = 6
MORE, LESS, UNCLEAR = "said more", "said less", "cannot tell"
TABLE = [
    "voice", "term", "label", "grade", "reason", "phrase", "n_comments", "n_units", "n_leading", "largest_unit_share",
    "touchpoint", "share_deviants", "share_peers", "contrast", "contrast_lower", "contrast_upper", "p_value",
    "p_romano_wolf", "p_bh",
]  # fmt: skip


@dataclass(frozen=True, eq=False)
class Voices:
    """What people say, compared between units of the same means; personal data are out.

    Attributes
    ----------
    observations : Observations
    deviants : Deviants
    comments : DataFrame
        As `Observations.comments`, ``text`` without personal data.
    spoken : DataFrame
        Which comment speaks of which theme: a row per comment, a column of bool per theme.
    caveats : list of str
    settings : dict
    """

    observations: Observations
    deviants: Deviants
    _table: pd.DataFrame = field(repr=False)
    _themes: pd.DataFrame = field(repr=False)
    comments: pd.DataFrame = field(repr=False)
    spoken: pd.DataFrame = field(repr=False)
    caveats: list[str]
    settings: dict[str, Any]

    @property
    def table(self) -> pd.DataFrame:
        """One row per voice and term tested, those said more first.

        ``voice``, ``term``, ``label`` (the same, for figures), ``grade`` (said more, said less, cannot tell),
        ``reason``, ``phrase`` (the clearest of the terms that stand in the same comments), ``n_comments`` and
        ``n_units`` that use it, ``n_leading`` (of these units in the leading share), ``largest_unit_share`` (of its
        comments), ``touchpoint`` (where it is said most for what is said there), ``share_deviants`` and ``share_peers``
        (of comments), ``contrast`` with 95 % bounds (by what share of its usual rate it is said more often per standard
        deviation of excess, context removed), ``p_value``, ``p_romano_wolf``, ``p_bh``.
        """
        return self._table.copy()

    @property
    def themes(self) -> pd.DataFrame:
        """One row per voice and named theme, with the columns of `table`; a family of its own."""
        return self._themes.copy()

    @property
    def family_size(self) -> int:
        """How many terms were tested together."""
        return len(self._table)

    @property
    def finding(self) -> str:
        """What is said more where units do better, in a sentence."""
        more = self._phrases(MORE)
        if not self.family_size:
            return f"No term of {len(self.comments):,} comments is used by enough of them to be tested."
        tested = f"{self.family_size:,} terms of {len(self.comments):,} comments tested together"
        if not more:
            return capitalised(f"of {tested}, none is tied to better outcomes among comparable units.")
        who = self.observations.study.unit.plural
        named = [f"“{phrase}”" for phrase in more[:MOST_NAMED]]
        which = listed([*named, *([f"{len(more) - MOST_NAMED} more"] if len(more) > MOST_NAMED else [])])
        return f"Of {tested}, {which} {plural(len(more), 'is', 'are')} said more where {who} do better: association."

    def _phrases(self, grade: str) -> list[str]:
        rows = self._table[self._table["grade"] == grade]
        return list(dict.fromkeys(rows["phrase"]))

    def discontent(self, voices: Sequence[str] = ("customer", "employee")) -> Discontent:
        """Where discontent is rising, from the comments of these voices.

        Parameters
        ----------
        voices : sequence of str

        Returns
        -------
        Discontent
        """
        from pdlib.voices.discontent import find_discontent

        return find_discontent(self, voices)

    @cached_property
    def quotes(self) -> Quotes:
        """Cleared quotes, from the comments that somebody reviewed."""
        from pdlib.voices.quotes import cleared_quotes

        return cleared_quotes(self)

    def to_review(self, path: str | Path | None = None, *, count: int = 60) -> pd.DataFrame:
        """List comments worth quoting for somebody to review, and write the list if a path is given.

        Parameters
        ----------
        path : path, optional
            A CSV that a spreadsheet opens safely. Fill in ``cleared`` (yes or no) and ``reviewer``, name the file under
            [tables] reviewed, and `quotes` shows what was cleared.
        count : int

        Returns
        -------
        DataFrame
            ``comment``, ``cleared``, ``reviewer``, ``text``, ``voice``, ``touchpoint``, ``about``.
        """
        from pdlib.voices.quotes import list_to_review

        return list_to_review(self, path, count=count)

    def plot(self, *, themes: bool = False, ax: Axes | None = None) -> Axes:
        """The terms, or the named themes, that go with better and worse outcomes.

        Parameters
        ----------
        themes : bool
        ax : Axes, optional

        Returns
        -------
        Axes
        """
        rows = self._themes if themes else self._table.drop_duplicates(["voice", "phrase"])
        return figures.terms(rows[rows["contrast"].notna()], title=self.finding, ax=ax)

    def _repr_html_(self) -> str:
        shown = ["term", "voice", "grade", "phrase", "touchpoint", "share_deviants", "share_peers", "contrast",
                 "contrast_lower", "contrast_upper", "n_comments", "n_units"]  # fmt: skip
        return overview(self.finding, self._table[shown], self.caveats, rows=15).__html__()


@single_threaded
def hear(
    observations: Observations,
    deviants: Deviants,
    *,
    touchpoint: str | None = None,
    longest: int = 2,
    also: Redactor | None = None,
    draws: int = 2000,
    seed: int = 0,
) -> Voices:
    """Hear what people say where units do better, among units of the same means.

    Personal data are taken out first. Then every term of every voice that enough comments and units use is tested like
    a practice: how often it is used, by words written, against the continuous, unshrunken unit value, context removed
    from both; all terms share one error control (Benjamini–Hochberg at .10, beside Romano–Wolf). So are the named
    themes. What one unit goes on about is left out.

    Parameters
    ----------
    observations : Observations
    deviants : Deviants
    touchpoint : str, optional
        Comments about one touchpoint only.
    longest : int
        Words in a row that make a term.
    also : callable, optional
        A further redactor, see `pdlib.voices.redact`.
    draws : int
        Random draws of the step-down test.
    seed : int

    Returns
    -------
    Voices

    Raises
    ------
    StudyError
        If the study has no comments, or none about this touchpoint.

    Notes
    -----
    How much can be found is bounded by the number of units, not of comments: more comments from the same units sharpen
    each unit's rate but show no more units.

    References
    ----------
    Benjamini & Hochberg (1995), doi:10.1111/j.2517-6161.1995.tb02031.x; Romano & Wolf (2005),
    doi:10.1198/016214504000000539.
    """
    comments = _chosen(observations, touchpoint)
    redacted = redact(comments["text"], observations.staff, also=also)
    comments = comments.assign(text=redacted.texts)
    named = named_themes(observations.study)
    spoken = match_themes(comments["text"], named)
    bench = _Bench(observations, deviants)
    table, aside = _terms(comments, bench, longest, draws, seed)
    themes = _named_themes(comments, spoken, named, bench, draws, seed)
    settings = {
        **deviants.settings, "level": LEVEL, "draws": draws, "seed": seed, "longest": longest, "touchpoint": touchpoint,
        "family_size": len(table), "language": bench.language,
        "n_comments": len(comments), "redacted": redacted.counts, "redacted_share": redacted.touched / len(comments),
    }  # fmt: skip
    caveats = _caveats(bench, comments, aside, bool(named), len(observations.staff))
    return Voices(observations, deviants, table, themes, comments, spoken, caveats, settings)


def _chosen(observations: Observations, touchpoint: str | None) -> pd.DataFrame:
    comments = observations.comments
    if comments.empty:
        raise StudyError("The study has no comments: name a comments table under [tables] and its columns in [voices].")
    if touchpoint is None:
        return comments
    known = [str(name) for name in comments["touchpoint"].cat.categories]
    if touchpoint not in known:
        raise StudyError(f"No comment is about the touchpoint {touchpoint!r}; there are {', '.join(known) or 'none'}.")
    return comments[comments["touchpoint"] == touchpoint].reset_index(drop=True)


class _Bench:
    """What every test needs of the units: their value, its weight, their context, who leads, who is like whom."""

    def __init__(self, observations: Observations, deviants: Deviants) -> None:
        expected = deviants.expected
        fit = expected.fit
        self.observations, self.deviants, self.expected = observations, deviants, expected
        self.units = pd.Index(expected.grid.units)
        self.language = observations.study.voices.language if observations.study.voices else ""
        spread = np.sqrt(fit.unit_variance) if fit.unit_variance > 0 else float(np.std(fit.residual))
        self.response = np.where(fit.rated, fit.collapsed.value / max(spread, 1e-12), 0.0)
        self.weights = np.where(fit.rated, 1.0 / (fit.reml.tau2 + fit.collapsed.variance), 0.0)
        self.rated = fit.rated
        nested = observations.units.get("nested_in")
        self.clusters = None if nested is None else pd.factorize(nested.reindex(self.units))[0]
        chosen = [*deviants.units("confident"), *deviants.units("likely")]
        self.leading = self.units.isin([*chosen, *deviants.units("watch")])
        self.deviating = self.units.isin(chosen)
        self.peers = _peers(deviants, chosen, self.units)

    def rows(self, comments: pd.DataFrame) -> np.ndarray:
        """Row of each comment's unit; -1 for a unit that was not rated."""
        place = self.units.get_indexer(pd.Index(comments["unit"].cat.categories))
        place = np.where((place >= 0) & self.rated[place], place, -1)
        return place[comments["unit"].cat.codes.to_numpy()]


def _peers(deviants: Deviants, chosen: list[str], units: pd.Index) -> np.ndarray:
    """How often each ordinary unit is among the ten nearest of a deviant."""
    weight = np.zeros(len(units))
    ordinary = [*deviants.units("rest"), *deviants.units("watch")]
    if chosen and ordinary:
        nearest = np.argsort(deviants.distance(chosen, ordinary), axis=1, kind="stable")[:, :PEERS]
        weight[units.get_indexer(pd.Index(ordinary))] = np.bincount(nearest.ravel(), minlength=len(ordinary))
    return weight


def context_features(expected: Expected, count: int) -> np.ndarray:
    """Context as free features, as rich as so many units allow: fewer knots first, then no products."""
    grid = expected.grid
    for quantiles, products in (((0.05, 0.35, 0.65, 0.95), True), ((0.1, 0.5, 0.9), True),
                                ((0.05, 0.35, 0.65, 0.95), False), ((0.1, 0.5, 0.9), False), ((), False)):  # fmt: skip
        basis = fit_basis(
            grid.usual, grid.categories, bends=bool(quantiles), products=products, knot_quantiles=quantiles
        )
        if len(basis.blocks) <= count / 5:
            break
    return basis.columns(grid.usual, grid.categories)


def _terms(
    comments: pd.DataFrame, bench: _Bench, longest: int, draws: int, seed: int
) -> tuple[pd.DataFrame, dict[str, int]]:
    """Every term of every voice that may be tested, and how many may not, by reason."""
    frames, contrasts, held, aside = [], [], [], {"one unit's own words": 0, "of too few units": 0}
    rows = bench.rows(comments)
    for voice in comments["voice"].cat.categories:
        mine = ((comments["voice"] == voice) & (rows >= 0)).to_numpy()
        if mine.sum() < FEWEST_COMMENTS:
            continue
        counted_terms = count_terms(comments["text"][mine], longest=longest, language=bench.language)
        here = rows[mine]
        counts = counted_terms.by(here, len(bench.units)).toarray()
        n_units, largest = (counts > 0).sum(axis=0), counts.max(axis=0, initial=0) / np.maximum(counts.sum(axis=0), 1)
        few, own = n_units < FEWEST_UNITS, largest > LARGEST_UNIT
        aside["of too few units"] += int(few.sum())
        aside["one unit's own words"] += int((own & ~few).sum())
        kept = ~(few | own)
        if not kept.any():
            continue
        counted_terms, counts = counted_terms.only(kept), counts[:, kept]
        frame, contrast = _tested(comments[mine], here, counts, bench)
        frame = frame.assign(voice=str(voice), term=counted_terms.terms, label=counted_terms.terms)
        frame["touchpoint"] = _touchpoints(comments["touchpoint"][mine], counted_terms)
        frames.append(frame)
        contrasts.append(contrast)
        held.append(counted_terms)
    if not frames:
        return pd.DataFrame(columns=TABLE), aside
    table = _graded(pd.concat(frames, ignore_index=True), contrasts, bench, draws, seed)
    table["phrase"] = _phrases(table, held)
    return _ordered(table), aside


def _named_themes(
    comments: pd.DataFrame, spoken: pd.DataFrame, named: list[Named], bench: _Bench, draws: int, seed: int
) -> pd.DataFrame:
    """Every named theme of every voice."""
    frames, contrasts = [], []
    rows = bench.rows(comments)
    for voice in comments["voice"].cat.categories:
        mine = ((comments["voice"] == voice) & (rows >= 0)).to_numpy()
        said = [theme for theme in named if spoken.loc[mine, theme.name].sum() >= FEWEST_COMMENTS]
        used = spoken.loc[mine, [theme.name for theme in said]].to_numpy(dtype=float)
        counted_themes = Counted(np.array([theme.name for theme in said], dtype=object), used, np.arange(len(used)))
        counts = np.zeros((len(bench.units), len(said)))
        np.add.at(counts, rows[mine], used)
        kept = ((counts > 0).sum(axis=0) >= FEWEST_UNITS) & (
            counts.max(axis=0, initial=0) <= LARGEST_UNIT * counts.sum(axis=0)
        )
        if not kept.any():
            continue
        frame, contrast = _tested(comments[mine], rows[mine], counts[:, kept], bench)
        frame = frame.assign(voice=str(voice), term=counted_themes.terms[kept])
        frame["label"] = [theme.label for theme, keep in zip(said, kept, strict=True) if keep]
        frame["touchpoint"] = _touchpoints(comments["touchpoint"][mine], counted_themes.only(kept))
        frames.append(frame.assign(phrase=frame["label"]))
        contrasts.append(contrast)
    if not frames:
        return pd.DataFrame(columns=TABLE)
    return _ordered(_graded(pd.concat(frames, ignore_index=True), contrasts, bench, draws, seed))


def _tested(
    comments: pd.DataFrame, rows: np.ndarray, counts: np.ndarray, bench: _Bench
) -> tuple[pd.DataFrame, Contrasts]:
    """Describe each term of one voice and contrast its rate."""
    totals = np.bincount(rows, minlength=len(bench.units)).astype(float)
    # Longer comments hold more of every word, so use is counted by words written and not by comments.
    written = np.bincount(rows, comments["text"].str.count(" ").to_numpy() + 1.0, len(bench.units))
    context = context_features(bench.expected, int((totals > 0).sum()))
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


def _graded(table: pd.DataFrame, contrasts: list[Contrasts], bench: _Bench, draws: int, seed: int) -> pd.DataFrame:
    """Estimates with their bounds, p-values over the whole family, and what may be said of each."""
    family = joined(contrasts)
    alone, stepped = romano_wolf(family, draws=draws, seed=seed)
    # A t distribution flatters few clusters; there the turned signs give the single p-values too.
    p_value = family.p_value if bench.clusters is None else alone
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


def _caveats(bench: _Bench, comments: pd.DataFrame, aside: dict[str, int], themed: bool, names: int) -> list[str]:
    unit = bench.observations.study.unit
    told = int(comments["unit"].nunique())
    bound = (
        f"How much can be found is bounded by the {told:,} {unit.plural} that are spoken of, not by the "
        f"{len(comments):,} comments."
    )
    notes = [bound]
    notes += [f"{counted(number, 'term')} left out: {reason}." for reason, number in aside.items() if number]
    notes.append("Who writes is not everybody: silence, and the language of those who write, are part of what is seen.")
    if not names:
        notes.append(
            "No staff names are declared ([voices] staff): names are taken out only where they are introduced."
        )
    if not themed:
        notes.append(
            f"No themes come with the package for the language {bench.language!r} (it has {', '.join(languages())}): "
            "declare some as [[theme]]."
        )
    return notes
