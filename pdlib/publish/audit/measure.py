"""One criterion, what was measured, and whether it is met."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True)
class Measure:
    """What a program found about one criterion.

    Attributes
    ----------
    criterion : str
        Its letter and number: "C1".
    asked : str
        The criterion in a few words.
    measured : str
    met : bool or None
        None if it could not be measured here; ``measured`` says why.
    """

    criterion: str
    asked: str
    measured: str
    met: bool | None

    @property
    def verdict(self) -> str:
        """The words "yes", "NO" or "not checked"."""
        return {True: "yes", False: "NO", None: "not checked"}[self.met]


def none_of(criterion: str, asked: str, found: Sequence[object]) -> Measure:
    """Measure a criterion that allows no case: how many there are, and the first of them."""
    shown = f"{len(found)}" + (f": {str(found[0])[:70]}" if found else "")
    return Measure(criterion, asked, shown, not found)


def unchecked(criterion: str, asked: str, why: str) -> Measure:
    """Say why a criterion was not measured."""
    return Measure(criterion, asked, why, None)
