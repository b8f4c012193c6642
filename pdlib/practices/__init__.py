"""What deviants do that comparable units do not, and what goes with it."""

from pdlib.practices.comparing import compare_practices
from pdlib.practices.family import RARE
from pdlib.practices.grades import FOLLOWS, PROMISING, STRONG
from pdlib.practices.result import Practices
from pdlib.practices.tested import LEVEL

__all__ = ["FOLLOWS", "LEVEL", "PROMISING", "RARE", "STRONG", "Practices", "compare_practices"]
