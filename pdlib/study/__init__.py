"""Declare a study: what is compared, on what, given which means."""

from pdlib.study.answers import Answer
from pdlib.study.declaration import Study, load_study
from pdlib.study.parts import Confirm, Context, Names, Outcome, Period, Practice, Table, Tables, Unit, Voices
from pdlib.study.problems import did_you_mean, practice_in_context
from pdlib.study.suppressed import bounds_of

__all__ = [
    "Answer", "Confirm", "Context", "Names", "Outcome", "Period", "Practice", "Study", "Table", "Tables", "Unit",
    "Voices", "bounds_of", "did_you_mean", "load_study", "practice_in_context",
]  # fmt: skip
