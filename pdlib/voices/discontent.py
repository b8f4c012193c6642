"""Where discontent is rising: named frustrations in comments, before the score shows it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
from scipy.special import ndtr
from scipy.stats import binom

from pdlib.errors import StudyError
from pdlib.show import figures, overview
from pdlib.show.formats import share
from pdlib.show.wording import capitalised, counted, listed, plural
from pdlib.stats.family import benjamini_hochberg
from pdlib.stats.joint import working_cells
from pdlib.stats.rising import FIRST, WINDOWS, Rise, find_fall, find_rise, peers_share
from pdlib.voices.copies import copies
from pdlib.voices.mood import moods
from pdlib.voices.themes import named_themes

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from pdlib.voices.hearing import Voices

LEVEL, WATCH = 0.10, 0.01
FEWEST_COMMENTS, FEWEST_OF_THEME, FEWEST_UNITS = 10, 3, 5
LONGEST, RECENT = 6, 3
RISING, WATCHED, NOTHING = "rising", "watch", ""


@dataclass(frozen=True, eq=False)
class Discontent:
    """Named frustrations by unit and period, and where they rise.

    Attributes
    ----------
    voices : Voices
    themes : DataFrame
        One row per frustration over all units: ``theme``, ``label``, ``n_comments``, ``n_units``, ``share_before``,
        ``share_recent`` (of comments, latest three periods), ``p_value`` (one-sided, units as clusters), ``p_bh``,
        ``rising``, ``touchpoint`` (where it is said most).
    caveats : list of str
    settings : dict
    """

    voices: Voices
    _table: pd.DataFrame = field(repr=False)
    _signals: pd.DataFrame = field(repr=False)
    _over_time: pd.DataFrame = field(repr=False)
    themes: pd.DataFrame = field(repr=False)
    caveats: list[str]
    settings: dict[str, Any]

    @property
    def table(self) -> pd.DataFrame:
        """One row per unit and period with comments, each period judged as if it were the last.

        ``unit``, ``label``, ``period``, ``n_comments``; over the fewest latest periods with ten comments (no number
        where six do not) ``n_recent``, ``share_recent`` (that name a frustration), ``share_peers`` and ``mood_recent``
        (mean, English only); ``p_value`` (of a rise against the unit's own past and its peers),
        ``p_bh`` (over units), ``window`` (periods over which the rise is clearest), ``signal`` (rising, watch, none).
        """
        return self._table.copy()

    @property
    def signals(self) -> pd.DataFrame:
        """Units with a signal in the latest period, the clearest first.

        ``unit``, ``label``, ``signal``, ``window``, ``n_recent`` (comments over the window), ``n_discontent``,
        ``usual`` (of them that past and peers lead one to expect), ``p_value``, ``p_bh``, ``themes`` (frustrations that
        rose most), ``touchpoint``.
        """
        return self._signals.copy()

    @property
    def judged(self) -> int:
        """How many units have enough comments to be judged in the latest period."""
        return int(self._table.loc[self._table["period"].eq(self.settings["period"]), "p_value"].notna().sum())

    @property
    def finding(self) -> str:
        """Where discontent is rising, in a sentence."""
        unit, rising = self.voices.observations.study.unit, int(self._signals["signal"].eq(RISING).sum())
        watched, compared, chance = len(self._signals) - rising, self.judged, max(1, round(WATCH * self.judged))
        where = f"{compared:,} {unit.plural} with enough comments in {self.settings['period']}"
        some = round(LEVEL * rising)
        told = f"None of {where} shows a clear rise of discontent"
        if rising:
            told = f"Discontent is rising at {rising} of {where}; {some or 'none or one'} of them may be chance"
        more = f"; {watched} more {plural(watched, 'is', 'are')} worth watching, where chance would show about {chance}"
        return f"{told}{more if watched else ''}."

    @cached_property
    def before_the_score(self) -> pd.DataFrame:
        """Which came first at each unit with a signal: the comments or the outcome.

        ``unit``, ``label``, ``signalled`` (first period in which discontent was rising), ``score_fell`` (first period
        in which the outcome was credibly below the unit's own past, by the same rule), ``periods_ahead`` (missing where
        only one of them happened).
        """
        return _before_the_score(self)

    def timeline(self, unit: str | None = None) -> pd.DataFrame:
        """Share of comments that name a frustration, period by period.

        Parameters
        ----------
        unit : str, optional
            Id or label; all units together if none is given.

        Returns
        -------
        DataFrame
            ``period``, ``observed``, ``expected`` (for a unit: at its peers over the same periods; for all: so far),
            ``expected_lower``, ``expected_upper`` (95 in 100 by luck), ``n_comments``.
        """
        if unit is None:
            before = self._over_time.cumsum().shift()
            n, expected = self._over_time["n_comments"], before["n_discontent"] / before["n_comments"]
            observed = self._over_time["n_discontent"] / n.where(n >= FEWEST_COMMENTS)
        else:
            expected_units = self.voices.deviants.expected
            name = expected_units.grid.units[expected_units.position(unit)]
            rows = (
                self._table[self._table["unit"].eq(name)].set_index("period").reindex(self.voices.observations.periods)
            )
            n, observed, expected = rows["n_recent"], rows["share_recent"], rows["share_peers"]
        low, high = (binom.ppf(q, n.fillna(0), expected.fillna(0)) / n.clip(lower=1) for q in (0.025, 0.975))
        frame = pd.DataFrame(
            {"observed": observed, "expected": expected, "expected_lower": low, "expected_upper": high}
        )
        frame = frame.where(observed.notna() | (unit is None), np.nan)
        return frame.assign(n_comments=n).rename_axis("period").reset_index()

    def plot(self, unit: str | None = None, *, ax: Axes | None = None) -> Axes:
        """The share of comments that name a frustration over time, at one unit or over all.

        Parameters
        ----------
        unit : str, optional
            Id or label.
        ax : Axes, optional

        Returns
        -------
        Axes
        """
        words, title = self.voices.observations.study.unit, self.finding
        if unit is not None:
            rows = self._signals[self._signals["unit"].eq(unit) | self._signals["label"].eq(unit)]
            about = f": {rows['themes'].iloc[0]}" if len(rows) and rows["themes"].iloc[0] else ""
            title = f"{unit}: {'discontent is rising' if len(rows) else 'no signal in the latest period'}{about}"
        return figures.trend(
            self.timeline(unit), name=unit or f"all {words.plural}", value_format=share, title=title, ax=ax
        )

    def _repr_html_(self) -> str:
        shown = self._signals[
            ["label", "signal", "n_recent", "n_discontent", "usual", "p_value", "themes", "touchpoint"]
        ]
        return overview(self.finding, shown, self.caveats).__html__()


def find_discontent(voices: Voices, which: Sequence[str], *, seed: int = 0) -> Discontent:
    """Count frustrations by unit and period, copies of a text once, and look for a rise; see `Voices.discontent`.

    Raises
    ------
    StudyError
        If the study has fewer than four periods, no theme of discontent, or no comment of these voices.
    """
    observations = voices.observations
    study, periods = observations.study, observations.periods
    frustrations = [theme for theme in named_themes(study) if theme.discontent]
    if not frustrations:
        raise StudyError("No theme counts as discontent: declare one as [[theme]] with discontent = true.")
    if len(periods) <= FIRST:
        raise StudyError(f"A rise needs at least {FIRST + 1} periods; the observations have {len(periods)}.")
    mine = voices.comments["voice"].isin(list(which)).to_numpy()
    if not mine.any():
        spoke = ", ".join(voices.comments["voice"].cat.categories)
        raise StudyError(f"No comment is by {listed(list(which), 'or')}; the comments are by {spoke}.")
    mine = mine & voices.comments["period"].isin(periods).to_numpy()
    again = mine & copies(voices.comments)
    mine = mine & ~again
    comments = voices.comments[mine].reset_index(drop=True)
    spoken = voices.spoken.loc[mine, [theme.name for theme in frustrations]].reset_index(drop=True)
    units = observations.units.index
    row, column = _places(comments["unit"], units), _places(comments["period"], pd.Index(periods))
    columns = [np.ones(len(comments)), spoken.any(axis=1), *(spoken[theme.name] for theme in frustrations)]
    said = np.stack([_tally(row, column, values, (len(units), len(periods))) for values in columns])
    n, d = said[0], said[1]
    rise = find_rise(d, n, seed=seed)
    p_value = np.where(rise.window >= 0, rise.p_value, np.nan)
    p_bh = np.column_stack([benjamini_hochberg(p_value[:, t]) for t in range(len(periods))])
    table = _by_unit_and_period(voices, comments, said, rise, p_value, p_bh, (row, column))
    latest = table[table["period"].eq(periods[-1]) & table["signal"].ne(NOTHING)]
    signals = _signals(latest, units, said, rise, frustrations, comments, spoken, (row, column))
    themes = _over_all(said, frustrations, comments, spoken)
    settings = {**voices.settings, "voices": list(which), "period": periods[-1], "level": LEVEL, "watch": WATCH,
                "windows": list(WINDOWS), "discontent_seed": seed, "n_copies": int(again.sum())}  # fmt: skip
    sums = pd.DataFrame(
        {"n_comments": n.sum(axis=0), "n_discontent": d.sum(axis=0)}, index=pd.Index(periods, name="period")
    )
    caveats = _caveats(study.unit.plural, n, p_value, study, int(again.sum()))
    return Discontent(voices, table, signals, sums, themes, caveats, settings)


def _places(values: pd.Series, index: pd.Index) -> np.ndarray:
    """Where each value of a category stands in an index."""
    return index.get_indexer(pd.Index(values.cat.categories))[values.cat.codes.to_numpy()]


def _tally(row: np.ndarray, column: np.ndarray, values: Any, shape: tuple[int, ...]) -> np.ndarray:
    """Sum values by unit and period."""
    flat = row * shape[1] + column
    return np.bincount(flat, np.asarray(values, dtype=float), shape[0] * shape[1]).reshape(shape)


def _by_unit_and_period(
    voices: Voices, comments: pd.DataFrame, said: np.ndarray, rise: Rise, p_value: np.ndarray, p_bh: np.ndarray,
    place: tuple[np.ndarray, np.ndarray],
) -> pd.DataFrame:  # fmt: skip
    observations = voices.observations
    units, periods = observations.units.index, observations.periods
    n, d = said[0], said[1]
    english = observations.study.voices is not None and observations.study.voices.language == "en"
    mood = _tally(*place, moods(comments["text"]), n.shape) if english else np.full(n.shape, np.nan)
    recent, (discontented, peers, mood) = _recent(n, [d, n * peers_share(d, n), mood])
    enough = recent >= FEWEST_COMMENTS
    clear = (p_bh <= LEVEL) & (rise.window > 0)
    frame = pd.DataFrame(
        {
            "unit": np.repeat(units, len(periods)),
            "label": np.repeat(observations.units["label"].to_numpy(), len(periods)),
            "period": np.tile(periods, len(units)),
            "n_comments": n.ravel().astype(int),
            "n_recent": np.where(enough, recent, np.nan).ravel(),
            "share_recent": np.where(enough, discontented, np.nan).ravel(),
            "share_peers": np.where(enough, peers, np.nan).ravel(),
            "mood_recent": np.where(enough, mood, np.nan).ravel(),
            "p_value": p_value.ravel(),
            "p_bh": p_bh.ravel(),
            "window": rise.window.ravel(),
            "signal": np.select([clear, p_value <= WATCH], [RISING, WATCHED], NOTHING).ravel(),
        }
    )
    return frame[frame["n_comments"].gt(0) | frame["p_value"].notna()].reset_index(drop=True)


def _recent(n: np.ndarray, sums: list[np.ndarray]) -> tuple[np.ndarray, list[np.ndarray]]:
    """Comments over the fewest latest periods that hold ten, six periods at most, and sums over these by comment."""
    layers = np.stack([n, *sums])
    seen = np.concatenate([np.zeros((*layers.shape[:2], 1)), np.cumsum(layers, axis=2)], axis=2)
    recent = np.zeros(layers.shape)
    for t in range(n.shape[1]):
        for length in range(min(LONGEST, t + 1), 0, -1):
            over = seen[:, :, t + 1] - seen[:, :, t + 1 - length]
            there = (over[0] >= FEWEST_COMMENTS) | (length == min(LONGEST, t + 1))
            recent[:, there, t] = over[:, there]
    return recent[0], [layer / np.maximum(recent[0], 1) for layer in recent[1:]]


def _signals(
    latest: pd.DataFrame, units: pd.Index, said: np.ndarray, rise: Rise, frustrations: list[Any],
    comments: pd.DataFrame, spoken: pd.DataFrame, place: tuple[np.ndarray, np.ndarray],
) -> pd.DataFrame:  # fmt: skip
    """Units with a signal in the latest period, and what it is about."""
    last = said.shape[2] - 1
    rows = []
    cross = spoken.any(axis=1).to_numpy()
    for found in latest.to_dict("records"):
        u = units.get_loc(found["unit"])
        window = slice(last + 1 - found["window"], last + 1)
        counts, peers = said[:, u, window].sum(axis=1), said[:, :, window].sum(axis=(1, 2))
        more = counts[2:] - counts[0] * peers[2:] / peers[0]
        order = [k for k in np.argsort(-more, kind="stable") if counts[2 + k] >= FEWEST_OF_THEME and more[k] > 0][:2]
        at = (place[0] == u) & (place[1] >= window.start) & cross
        touched = comments.loc[at, "touchpoint"].value_counts()
        where = str(touched.index[0]) if len(touched) and touched.iloc[0] >= FEWEST_OF_THEME else ""
        rows.append(
            [found["unit"], found["label"], found["signal"], found["window"], int(counts[0]), int(counts[1]),
             float(rise.usual[u, last]), found["p_value"], found["p_bh"],
             listed([frustrations[k].label for k in order]), where]
        )  # fmt: skip
    columns = ["unit", "label", "signal", "window", "n_recent", "n_discontent", "usual", "p_value", "p_bh", "themes",
               "touchpoint"]  # fmt: skip
    frame = pd.DataFrame(rows, columns=columns)
    return frame.sort_values(["signal", "p_value", "unit"], ignore_index=True)


def _over_all(said: np.ndarray, frustrations: list[Any], comments: pd.DataFrame, spoken: pd.DataFrame) -> pd.DataFrame:
    """Each frustration over all units, the latest periods against those before."""
    cut = said.shape[2] - min(RECENT, said.shape[2] - 1)
    before, recent = said[:, :, :cut].sum(axis=2), said[:, :, cut:].sum(axis=2)
    rows = []
    for place, theme in enumerate(frustrations, start=2):
        n_units = int((said[place].sum(axis=1) > 0).sum())
        was, now = (part[place].sum() / max(part[0].sum(), 1) for part in (before, recent))
        away = (
            recent[place]
            - recent[0] * was
            - (before[place] - before[0] * was) * (recent[0].sum() / max(before[0].sum(), 1))
        )
        spread = np.sqrt((away**2).sum())
        p_value = float(ndtr(-away.sum() / spread)) if spread > 0 and n_units >= FEWEST_UNITS else np.nan
        at = comments.loc[spoken[theme.name], "touchpoint"].value_counts()
        where = str(at.index[0]) if len(at) and at.iloc[0] >= FEWEST_COMMENTS else ""
        shown = said[place].sum() >= FEWEST_COMMENTS and n_units >= FEWEST_UNITS
        rows.append([theme.name, theme.label, int(said[place].sum()), n_units, was if shown else np.nan,
                     now if shown else np.nan, p_value if shown else np.nan, where])  # fmt: skip
    columns = ["theme", "label", "n_comments", "n_units", "share_before", "share_recent", "p_value", "touchpoint"]
    frame = pd.DataFrame(rows, columns=columns)
    frame.insert(7, "p_bh", benjamini_hochberg(frame["p_value"].to_numpy()))
    frame.insert(8, "rising", frame["p_bh"] <= LEVEL)
    return frame.sort_values(["p_value", "theme"], ignore_index=True)


def _before_the_score(discontent: Discontent) -> pd.DataFrame:
    expected = discontent.voices.deviants.expected
    grid, fit = expected.grid, expected.fit
    value, _ = working_cells(fit, grid.y, grid.n)
    weights = fit.collapsed.weights
    value = np.where(weights > 0, value - fit.collapsed.period_effects, np.nan)
    p_value = find_fall(value, np.where(weights > 0, 1.0 / np.where(weights > 0, weights, 1.0), np.nan))
    fell = np.column_stack([benjamini_hochberg(p_value[:, t]) <= LEVEL for t in range(p_value.shape[1])])
    score = {unit: k for unit, k in zip(grid.units, _first(fell), strict=True) if k >= 0}
    periods = list(grid.periods)
    place = {period: k for k, period in enumerate(periods)}
    rising = discontent.table.query("signal == 'rising'").drop_duplicates("unit")
    heard = {unit: place[period] for unit, period in zip(rising["unit"], rising["period"], strict=True)}
    labels = discontent.voices.observations.units["label"]
    rows = []
    for unit in sorted({*heard, *score}):
        first, fall = heard.get(unit), score.get(unit)
        ahead = np.nan if first is None or fall is None else fall - first
        names = ["" if k is None else periods[k] for k in (first, fall)]
        rows.append([unit, labels[unit], *names, ahead])
    return pd.DataFrame(rows, columns=["unit", "label", "signalled", "score_fell", "periods_ahead"])


def _first(flags: np.ndarray) -> np.ndarray:
    return np.where(flags.any(axis=1), flags.argmax(axis=1), -1)


def _caveats(units: str, n: np.ndarray, p_value: np.ndarray, study: Any, again: int) -> list[str]:
    judged, usual = int(np.isfinite(p_value[:, -1]).sum()), float(np.median(n[n > 0])) if (n > 0).any() else 0.0
    enough = (
        f"{judged:,} of {len(n):,} {units} have the {FEWEST_COMMENTS} recent comments it takes to be judged (the "
        f"middle one has {usual:.0f} a period); few comments show only a steep rise."
    )
    chance = f"Rising: one in ten may be there by chance. Watch: {WATCH:.0%} of all {units} would be there by chance."
    notes = [enough, chance, "A signal is a reason to go and ask, not a verdict on the people who work there."]
    if again:
        notes.append(
            f"{capitalised(counted(again, 'copy', 'copies'))} of a text of five words or more that one "
            f"{study.unit.singular} has three times or more in a period: not counted, for whoever pastes a text is one "
            "voice."
        )
    if study.voices is None or study.voices.language != "en":
        notes.append("Moods are rated in English only; signals rest on the named themes.")
    return notes
