"""What is said more, and less, where units do better than their means explain."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pandas as pd

from pdlib.deviants import Deviants
from pdlib.errors import StudyError
from pdlib.observations import Observations
from pdlib.show import figures, overview
from pdlib.show.wording import capitalised, counted, listed, plural
from pdlib.stats.threads import single_threaded
from pdlib.voices.bench import Bench
from pdlib.voices.comparing import LEVEL, MORE, compare_terms, compare_themes
from pdlib.voices.redaction import Redactor, redact
from pdlib.voices.terms import without_spaces
from pdlib.voices.themes import languages, match_themes, named_themes

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from pdlib.voices.discontent import Discontent
    from pdlib.voices.quotes import Quotes

MOST_NAMED = 6
MANY_WITHOUT_SPACES = 0.05


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
        deviation of excess, context removed), ``p_value``, ``p_romano_wolf`` (allowing for all
        terms and both directions), ``p_bh``.
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

        A text of five words or more that a unit's comments of one period hold three times or more counts once: whoever
        pastes it is one voice. Shorter ones ("bad service") are the same between people by nature and all count.

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
    bench = Bench(observations, deviants)
    table, aside = compare_terms(comments, bench, longest, draws, seed)
    themes = compare_themes(comments, spoken, named, bench, draws, seed)
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


def _caveats(bench: Bench, comments: pd.DataFrame, aside: dict[str, int], themed: bool, names: int) -> list[str]:
    unit = bench.observations.study.unit
    told = int(comments["unit"].nunique())
    bound = (
        f"How much can be found is bounded by the {told:,} {unit.plural} that are spoken of, not by the "
        f"{len(comments):,} comments."
    )
    notes = [bound]
    notes += [f"{counted(number, 'term')} left out: {reason}." for reason, number in aside.items() if number]
    joined = int(without_spaces(comments["text"]).sum())
    if joined >= MANY_WITHOUT_SPACES * len(comments):
        notes.append(
            f"{capitalised(counted(joined, 'comment'))} of {len(comments):,} {plural(joined, 'sets', 'set')} no space "
            "between words, as in Chinese, Japanese or Thai: their words cannot be told apart, and hardly any term of "
            "theirs is tested. Set the spaces before you hand them in; jieba, MeCab and PyThaiNLP do."
        )
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
