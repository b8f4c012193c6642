"""Declare a study: what is compared, on what, given which means."""

from pdlib.study.declaration import Study, load_study
from pdlib.study.parts import Confirm, Context, Names, Outcome, Practice, Tables, Unit, Voices
from pdlib.study.problems import did_you_mean, practice_in_context

__all__ = [
    "Confirm", "Context", "Names", "Outcome", "Practice", "Study", "Tables", "Unit", "Voices", "did_you_mean",
    "load_study", "practice_in_context",
]  # fmt: skip
