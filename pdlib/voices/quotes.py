"""Quotes: only what somebody cleared, without personal data, from different units, identifying nobody."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from pdlib.show import overview
from pdlib.show.wording import capitalised, counted
from pdlib.voices.comparing import MORE
from pdlib.voices.themes import named_themes

if TYPE_CHECKING:
    from pdlib.voices.hearing import Voices

SHORTEST, LONGEST = 4, 60  # words
FEWEST = {"employee": 5, "leader": 5}
FEWEST_CUSTOMERS = 10
_LIVE = ("=", "+", "-", "@", "\t", "\r")
QUOTED = ["comment", "text", "voice", "touchpoint", "about", "deviant"]


@dataclass(frozen=True, eq=False)
class Quotes:
    """Cleared quotes, and how many comments were reviewed for them.

    Attributes
    ----------
    n_reviewed, n_cleared : int
    n_changed : int
        Reviewed comments that are not there any more or read differently now; they are not quoted.
    """

    _table: pd.DataFrame = field(repr=False)
    n_reviewed: int
    n_cleared: int
    n_changed: int

    @property
    def table(self) -> pd.DataFrame:
        """One row per quote, one from a unit at most, those about what is said more there first.

        ``comment``, ``text``, ``voice``, ``touchpoint``, ``about`` (a phrase or theme, or nothing), ``deviant``
        (whether its unit is one). Never the unit.
        """
        return self._table.copy()

    @property
    def finding(self) -> str:
        """How many comments were reviewed, cleared and may be quoted, in a sentence."""
        if not self.n_reviewed:
            return "No comment was reviewed yet, so none is quoted."
        changed = f"; {self.n_changed} of them read differently now" if self.n_changed else ""
        reviewed = counted(self.n_reviewed, "comment was", "comments were")
        may = counted(len(self._table), "quote may", "quotes may")
        return capitalised(f"{reviewed} reviewed{changed}, {self.n_cleared:,} cleared; {may} be shown.")

    def _repr_html_(self) -> str:
        return overview(self.finding, self._table[["text", "voice", "touchpoint", "about"]]).__html__()


def cleared_quotes(voices: Voices) -> Quotes:
    """Choose the quotes that may be shown; see `Quotes`."""
    reviewed = voices.observations.reviewed
    said = reviewed.merge(voices.comments.drop_duplicates("comment"), on="comment", how="left", suffixes=("_seen", ""))
    same = said["text"].notna() & (said["text_seen"].map(_unguarded) == said["text"].map(_unguarded))
    chosen = said[same & said["cleared"]]
    chosen = chosen[_large_enough(voices, chosen) & ~_names_a_unit(voices, chosen["text"])]
    chosen = chosen.assign(about=_about(voices, chosen), deviant=chosen["unit"].isin(_deviants(voices)))
    order = pd.DataFrame({"a": chosen["about"].eq(""), "d": ~chosen["deviant"], "c": chosen["comment"]})
    chosen = chosen.loc[order.sort_values(["a", "d", "c"]).index].drop_duplicates("unit")
    return Quotes(
        chosen[QUOTED].reset_index(drop=True), len(reviewed), int(reviewed["cleared"].sum()), int((~same).sum())
    )


def list_to_review(voices: Voices, path: str | Path | None, *, count: int) -> pd.DataFrame:
    """List comments worth quoting: about what is said more, then about any theme; see `Voices.to_review`."""
    comments = voices.comments
    words = comments["text"].str.count(r"\S+")
    fit = words.between(SHORTEST, LONGEST) & ~comments["comment"].isin(voices.observations.reviewed["comment"])
    chosen = comments[fit.to_numpy()].drop_duplicates("comment")
    chosen = chosen[_large_enough(voices, chosen) & ~_names_a_unit(voices, chosen["text"])]
    about = _about(voices, chosen)
    chosen = chosen.assign(about=about.mask(about == "", _any_theme(voices, chosen)), first=about != "")
    chosen = chosen[chosen["about"].ne("")]
    order = pd.DataFrame({"f": ~chosen["first"], "d": ~chosen["unit"].isin(_deviants(voices)), "c": chosen["comment"]})
    chosen = chosen.loc[order.sort_values(["f", "d", "c"]).index].drop_duplicates("unit")
    turn = chosen.groupby("about", sort=False).cumcount()
    turns = pd.DataFrame({"f": ~chosen["first"], "t": turn}).sort_values(["f", "t"], kind="stable")
    chosen = chosen.loc[turns.index].head(count)
    listed = chosen.assign(cleared="", reviewer="")[
        ["comment", "cleared", "reviewer", "text", "voice", "touchpoint", "about"]
    ].reset_index(drop=True)
    if path is not None:
        listed.map(guarded).to_csv(path, index=False, encoding="utf-8-sig")
    return listed


def guarded(value: object) -> object:
    """A cell that no spreadsheet takes for a formula."""
    return f"'{value}" if isinstance(value, str) and value.lstrip(" ").startswith(_LIVE) else value


def _unguarded(value: object) -> object:
    if not isinstance(value, str):
        return value
    bare = value[1:] if value.startswith("'") and value[1:].lstrip(" ").startswith(_LIVE) else value
    return re.sub(r"\s+", " ", bare).strip()


def _deviants(voices: Voices) -> list[str]:
    return [*voices.deviants.units("confident"), *voices.deviants.units("likely")]


def _large_enough(voices: Voices, chosen: pd.DataFrame) -> pd.Series:
    """Whether so many of the unit speak with this voice that a quote is nobody's in particular."""
    told = voices.comments.groupby(["unit", "voice"], observed=True).size()
    keys = pd.MultiIndex.from_frame(chosen[["unit", "voice"]].astype("str"))
    told.index = pd.MultiIndex.from_frame(told.index.to_frame().astype("str"))
    needed = chosen["voice"].astype("str").map(lambda voice: FEWEST.get(voice, FEWEST_CUSTOMERS))
    return pd.Series(told.reindex(keys).fillna(0).to_numpy() >= needed.to_numpy(dtype=float), index=chosen.index)


def _names_a_unit(voices: Voices, texts: pd.Series) -> pd.Series:
    """Whether a text says which unit it is about."""
    labels = {str(label) for label in voices.observations.units["label"] if len(str(label)) > 2}
    ids = {str(unit) for unit in voices.observations.units.index if len(str(unit)) > 2}
    every = sorted(re.escape(name) for name in labels | ids)
    return _holds(texts, rf"\b(?:{'|'.join(every)})\b") if every else pd.Series(False, index=texts.index)


def _about(voices: Voices, chosen: pd.DataFrame) -> pd.Series:
    """A theme or phrase that is said more where units do better and that the comment speaks of; else nothing."""
    about = pd.Series("", index=chosen.index)
    voice, themes, terms = chosen["voice"].astype("str"), voices.themes, voices.table
    for row in themes[themes["grade"].eq(MORE)].iloc[::-1].to_dict("records"):
        ids = voices.comments["comment"].to_numpy()[voices.spoken[row["term"]].to_numpy()]
        about[chosen["comment"].isin(ids) & (voice == row["voice"])] = row["label"]
    for row in terms[terms["grade"].eq(MORE)].to_dict("records"):
        said = _holds(chosen["text"], rf"\b{re.escape(str(row['term']))}\b")
        about[(about == "") & said & (voice == row["voice"])] = row["phrase"]
    return about


def _any_theme(voices: Voices, chosen: pd.DataFrame) -> pd.Series:
    """The first theme that a comment speaks of, frustrations left out; else nothing."""
    about = pd.Series("", index=chosen.index)
    for theme in named_themes(voices.observations.study):
        if not theme.discontent:
            about[(about == "") & voices.spoken.loc[chosen.index, theme.name]] = theme.label
    return about


def _holds(texts: pd.Series, pattern: str) -> pd.Series:
    column = pa.array(texts.to_numpy(dtype=object), type=pa.large_string(), from_pandas=True)
    found = pc.fill_null(pc.match_substring_regex(column, f"(?i){pattern}"), False)
    return pd.Series(found.to_numpy(zero_copy_only=False), index=texts.index)
