"""Can the method be trusted? What was planted and found, what is named where nothing is, what luck looks like.

Simulated panels, whose truth is known, go through the public path; beside it stand what people do instead and an
oracle that knows context and variances. The truth is used for scoring only.
"""

from pdlib.trust.checks import Luck, Recovery, Silence, league_of_luck, recover_planted, silence_on_null
from pdlib.trust.methods import Answer, answers, oracle, ours, usual

__all__ = [
    "Answer",
    "Luck",
    "Recovery",
    "Silence",
    "answers",
    "league_of_luck",
    "oracle",
    "ours",
    "recover_planted",
    "silence_on_null",
    "usual",
]
