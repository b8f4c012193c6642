"""Who does better than expected, credibly, again and again."""

from pdlib.deviants.finding import GROUPS, Deviants, find_deviants
from pdlib.deviants.luck import LuckCheck, luck_check
from pdlib.deviants.unit import Twin, Why

__all__ = ["GROUPS", "Deviants", "LuckCheck", "Twin", "Why", "find_deviants", "luck_check"]
