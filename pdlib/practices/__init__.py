"""What deviants do that comparable units do not, and what goes with it."""

from pdlib.practices.comparing import LEVEL, Practices, compare_practices

__all__ = ["LEVEL", "Practices", "compare_practices"]
