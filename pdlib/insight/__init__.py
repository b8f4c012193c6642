"""Tell: what a leader reads, in plain words, with every name that may be said and no other."""

from pdlib.insight.own import UnitPage, tell_unit
from pdlib.insight.page import Insight, tell
from pdlib.insight.words import pseudonym

__all__ = ["Insight", "UnitPage", "pseudonym", "tell", "tell_unit"]
