"""Every study's cells, goals and ways to run a replicate, in one place."""

from __future__ import annotations

from types import ModuleType

from tests.validation import few, find, freshness, moving, practices, suppressed, totals, voices
from tests.validation.cells import Cell
from tests.validation.measures import Record

MODULES: tuple[ModuleType, ...] = (find, few, freshness, moving, suppressed, totals, practices, voices)
SECTIONS = [section for module in MODULES for section in module.SECTIONS]
STUDIES = tuple(section.study for section in SECTIONS)
CELLS: dict[tuple[str, str], Cell] = {(cell.study, cell.name): cell for module in MODULES for cell in module.cells()}
GOALS = [goal for module in MODULES for goal in module.goals()]
_OF = {section.study: module for module in MODULES for section in module.SECTIONS}


def replicate(cell: Cell, seed: int) -> list[Record]:
    """Simulate one replicate of a cell and measure it."""
    return _OF[cell.study].replicate(cell, seed)
