"""Whether each period's figure is new evidence, said in a sentence."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from pdlib.expected.grid import Grid
from pdlib.stats.freshness import Name, Signature, find_signature
from pdlib.study import Outcome, Study


@dataclass(frozen=True)
class Freshness:
    """Whether each period's figure is new evidence.

    Attributes
    ----------
    kind : {"fresh", "copies", "year to date", "rolling", "overlapping", "running", "carried"}
    reason : str
        Why nobody can be named, in a sentence; empty if this does not stand in the way.
    note : str
        What else to know, in a sentence; empty if there is nothing.
    periods : int
        How many periods the figures count as, at the most.
    kept : tuple of str
        The periods that are counted where each figure is repeated in step; all of them if empty.
    """

    kind: Name = "fresh"
    reason: str = ""
    note: str = ""
    periods: int = 0
    kept: tuple[str, ...] = ()


FRESH = Freshness()


def judge_freshness(grid: Grid, outcome: Outcome, study: Study) -> Freshness:
    """Look for figures that hold earlier ones, and say what follows.

    Parameters
    ----------
    grid : Grid
    outcome : Outcome
    study : Study

    Returns
    -------
    Freshness
    """
    found = find_signature(
        outcome.kind, grid.y, grid.n, sized=outcome.size is not None, item_variance=grid.item_variance
    )
    periods = found.periods(len(grid.periods))
    if found.kind == "fresh":
        note = _steady(found, outcome, study) if found.too_steady else _close(study) if found.close else ""
        return Freshness(note=note, periods=periods)
    if found.kind == "copies" and periods > 1:
        return Freshness("copies", "", _copied(found, grid, study), periods, _one_of_each(found, grid))
    return Freshness(found.kind, _reason(found, grid, study), periods=periods)


def _one_of_each(found: Signature, grid: Grid) -> tuple[str, ...]:
    """Of each spell of copies the period in which most units were seen."""
    seen = (grid.n > 0).sum(axis=0)
    ends = [*found.starts[1:], len(grid.periods)]
    return tuple(
        grid.periods[start + int(np.argmax(seen[start:end]))] for start, end in zip(found.starts, ends, strict=True)
    )


def _words(study: Study) -> tuple[str, str, str, str]:
    one, many = (study.period.singular, study.period.plural) if study.period else ("period", "periods")
    return one, many, study.unit.singular, study.unit.plural


def _copied(found: Signature, grid: Grid, study: Study) -> str:
    one, many, _, units = _words(study)
    return (
        f"From {one} to {one} nearly all {units} repeat their figure, and change it in the same {many}: "
        f"{len(grid.periods)} {many} hold {len(found.starts)} different figures each, and each is counted once."
    )


def _steady(found: Signature, outcome: Outcome, study: Study) -> str:
    one, _, unit, _ = _words(study)
    implied = "the spread of single answers implies" if outcome.kind == "mean" else "such counts imply"
    return (
        f"From {one} to {one} figures vary {found.dispersion:.0%} as much as {implied} (variance). The same people "
        f"counted each {one} can do that, and so can figures that hold earlier ones: ask how a {unit}'s figure is made."
    )


def _close(study: Study) -> str:
    one, many, unit, _ = _words(study)
    return (
        f"A {unit}'s figures are nearly the same in all {many}: they vary by less than 1% of what tells "
        f"{study.unit.plural} apart (variance). One figure copied into each {one} looks like that, and would count as "
        f"one {one} only: ask how a {unit}'s figure is made."
    )


def _reason(found: Signature, grid: Grid, study: Study) -> str:
    one, many, unit, units = _words(study)
    count = len(grid.periods)
    if found.kind == "copies" and np.isfinite(found.dispersion):
        return (
            f"A {unit}'s figures vary {found.dispersion:.1%} as much as the spread of single answers implies "
            f"(variance): no {one} of its own can be so near to the others, copies of one figure are. And one {one} "
            "cannot tell a good spell from lasting merit. So nobody can be named."
        )
    if found.kind == "copies":
        return (
            f"Nearly every {unit} shows the very same figure in all {count} {many}: copies of one figure hold no more "
            f"than one {one} does, and one {one} cannot tell a good spell from lasting merit. So nobody can be named."
        )
    correct = f"Give each {one} its own figure to find out who can be named."
    if found.kind == "year to date":
        within = " within a year" if len(found.starts) > 1 else ""
        return (
            f"The counts run up from {one} to {one} and never fall{within}, in nearly all {units}: each {one} holds "
            f"the {many} before it, and chance that struck once is counted again and again. {correct}"
        )
    if found.kind == "carried":
        return (
            f"{found.clear:.0%} of the figures repeat the one before to the last digit, and then change by much: the "
            f"last figure known seems to be carried forward where a {one} has none, so that chance that struck once is "
            f"counted again and again. Leave such {many} empty to find out who can be named."
        )
    if found.kind == "running":
        so_far = "since the year began" if len(found.starts) > 1 else "so far"
        return (
            f"From {one} to {one} figures move ever less, as a mean of all {many} {so_far} does: each figure holds "
            f"those before it, and chance that struck once is counted again and again. {correct}"
        )
    if found.kind == "rolling":
        return (
            f"Each {one}'s figure moves as one over the last {found.window} {many} does: neighbouring {many} hold "
            f"mostly the same evidence, and chance that struck once is counted {found.window} times. {correct}"
        )
    less = "move far less than chance alone would move them, and keep on" if found.too_steady else "keep on"
    return (
        f"From {one} to {one} figures {less} from where they were: each {one} seems to hold much of the {many} before "
        f"it, as a rolling total does. {correct}"
    )
