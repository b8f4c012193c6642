"""Find the few who thrive with the same means, and what they do.

The public names, in the order in which an analysis flows::

    study = pdlib.load_study("study.toml")
    observations = pdlib.read(study)
    expected = pdlib.expect(observations)
    deviants = pdlib.find_deviants(expected)
    practices = pdlib.compare_practices(observations, deviants)
    voices = pdlib.hear(observations, deviants)
    confirmed = pdlib.confirm(observations, practices)
    insight = pdlib.tell(observations, deviants, practices)

Words: a *unit* is compared over *periods* by an *outcome* with its *exposure*, given a *context* it cannot choose.
*Expected* is the outcome predicted from context alone; *excess* is observed minus expected, more being better; *p_top*
is the probability that a unit is truly in the top share; a *deviant* is a unit credibly there; its *twin* is the
ordinary unit most alike; a *practice* is something a unit can choose, its *contrast* the adjusted difference tied to
it, a *bundle* practices that show more together; a *candidate* that holds on data not used to find it is *confirmed*; a
*voice* is what a customer or employee says, a *theme* what many speak of.
"""

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pdlib.confirmation import Confirmation, confirm
    from pdlib.deviants import (
        Deviants,
        Improved,
        Outcomes,
        compare_outcomes,
        find_deviants,
        find_improved,
    )
    from pdlib.errors import DataError, PdlibError, StudyError, TooFewUnitsError
    from pdlib.expected import Expected, expect
    from pdlib.history import load_history
    from pdlib.insight import Insight, UnitPage, tell, tell_unit
    from pdlib.observations import Observations, read
    from pdlib.practices import Practices, compare_practices
    from pdlib.show.exports import export
    from pdlib.study import Study, load_study
    from pdlib.voices import Discontent, Voices, hear, redact

__version__ = "0.1.0"

__all__ = [
    "Confirmation",
    "DataError",
    "Deviants",
    "Discontent",
    "Expected",
    "Improved",
    "Insight",
    "Observations",
    "Outcomes",
    "PdlibError",
    "Practices",
    "Study",
    "StudyError",
    "TooFewUnitsError",
    "UnitPage",
    "Voices",
    "compare_outcomes",
    "compare_practices",
    "confirm",
    "expect",
    "export",
    "find_deviants",
    "find_improved",
    "hear",
    "load_history",
    "load_study",
    "read",
    "redact",
    "tell",
    "tell_unit",
]

_HOMES = {
    "study": ("Study", "load_study"),
    "observations": ("Observations", "read"),
    "expected": ("Expected", "expect"),
    "deviants": ("Deviants", "Improved", "Outcomes", "compare_outcomes", "find_deviants", "find_improved"),
    "practices": ("Practices", "compare_practices"),
    "voices": ("Discontent", "Voices", "hear", "redact"),
    "confirmation": ("Confirmation", "confirm"),
    "insight": ("Insight", "UnitPage", "tell", "tell_unit"),
    "history": ("load_history",),
    "show.exports": ("export",),
    "errors": ("DataError", "PdlibError", "StudyError", "TooFewUnitsError"),
}


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})


if not TYPE_CHECKING:  # else a misspelt name would pass the type checker

    def __getattr__(name: str) -> object:
        """Load a public name when it is first used: pandas and SciPy take seconds, `pdlib --help` needs neither."""
        for module, names in _HOMES.items():
            if name in names:
                return getattr(import_module(f"pdlib.{module}"), name)
        raise AttributeError(f"module 'pdlib' has no attribute {name!r}")
