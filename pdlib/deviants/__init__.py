"""Who does better than expected, credibly, again and again."""

from pdlib.deviants.change import Improved, find_improved
from pdlib.deviants.finding import GROUPS, Deviants, find_deviants
from pdlib.deviants.funnel import Funnel
from pdlib.deviants.guards import Guards, check
from pdlib.deviants.luck import LuckCheck, luck_check
from pdlib.deviants.outcomes import Outcomes, compare_outcomes
from pdlib.deviants.unit import Twin, Why

__all__ = [
    "GROUPS",
    "Deviants",
    "Funnel",
    "Guards",
    "Improved",
    "LuckCheck",
    "Outcomes",
    "Twin",
    "Why",
    "check",
    "compare_outcomes",
    "find_deviants",
    "find_improved",
    "luck_check",
]
