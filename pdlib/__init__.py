"""Find the few who thrive with the same means, and what they do.

The public names, in the order in which an analysis flows::

    study = pdlib.load_study("study.toml")
    observations = pdlib.read(study)
    expected = pdlib.expect(observations)
    deviants = pdlib.find_deviants(expected)
    practices = pdlib.compare_practices(observations, deviants)

Words: a *unit* is compared over *periods* by an *outcome* with its *exposure*, given a *context* it cannot choose. *Expected* is
the outcome predicted from context alone; *excess* is observed minus expected, more being better; *p_top* is the
probability that a unit is truly in the top share; a *deviant* is a unit credibly there; its *twin* is the ordinary
unit most alike; a *practice* is something a unit can choose, its *contrast* the adjusted difference tied to it.
"""

from pdlib.deviants import Deviants, find_deviants
from pdlib.errors import DataError, PdlibError, StudyError, TooFewUnitsError
from pdlib.expected import Expected, expect
from pdlib.insight import Insight, tell
from pdlib.observations import Observations, read
from pdlib.practices import Practices, compare_practices
from pdlib.study import Study, load_study

__version__ = "0.1.0"

__all__ = [
    "DataError",
    "Deviants",
    "Expected",
    "Insight",
    "Observations",
    "PdlibError",
    "Practices",
    "Study",
    "StudyError",
    "TooFewUnitsError",
    "compare_practices",
    "expect",
    "find_deviants",
    "load_study",
    "read",
    "tell",
]
