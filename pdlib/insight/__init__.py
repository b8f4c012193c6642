"""Tell: what a leader reads, in plain words, with every name that may be said and no other."""

from pdlib.insight.names import CLEARED, Vouched, pseudonyms, secret
from pdlib.insight.own import UnitPage, tell_unit
from pdlib.insight.page import Insight, tell

__all__ = ["CLEARED", "Insight", "UnitPage", "Vouched", "pseudonyms", "secret", "tell", "tell_unit"]
