"""Guards: what could make a list misleading, each checked on these data and said in a sentence."""

from pdlib.deviants.guards.result import Guards, check

__all__ = ["Guards", "check"]
