"""Periods: every spelling, its order and its one label."""

from pdlib.observations.periods.calendar import Calendar, canonical, in_time
from pdlib.observations.periods.moments import DATED
from pdlib.observations.periods.reading import PeriodsRead, read_periods

__all__ = ["DATED", "Calendar", "PeriodsRead", "canonical", "in_time", "read_periods"]
