"""How strong a condition that nobody recorded would have to be to explain a contrast away."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.optimize import brentq
from scipy.stats import t as student

Array = np.ndarray
MOST = 99.0  # times as strong; beyond, the number says nothing more


def robustness_value(t: Array, spare: Array, *, level: float | None = None) -> Array:
    """Share of what is left of outcome and practice that a hidden condition would have to explain, both alike.

    With f = |t| / √df: RV = (√(f⁴ + 4 f²) − f²) / 2.

    Parameters
    ----------
    t : array
        Classical t of the contrast.
    spare : array
        Degrees of freedom.
    level : float, optional
        To bring the interval of this level, not the contrast itself, down to zero: f less t_crit / √(df − 1), at least
        0.

    Returns
    -------
    array
        Between 0 and 1.

    References
    ----------
    Cinelli & Hazlett (2020), doi:10.1111/rssb.12348.
    """
    f = np.abs(t) / np.sqrt(spare)
    if level is not None:
        f = np.maximum(f - student.isf(level / 2, spare - 1) / np.sqrt(spare - 1), 0.0)
    return 0.5 * (np.sqrt(f**4 + 4 * f**2) - f**2)


@dataclass(frozen=True)
class Benchmark:
    """A recorded condition as a yardstick.

    Attributes
    ----------
    with_practice : float
        Partial R² of the practice with the condition, the other conditions given.
    with_response : float
        Partial R² of the response with it, the other conditions and the practice given.
    """

    with_practice: float
    with_response: float

    def hidden(self, times: float) -> tuple[float, float]:
        """Partial R² with practice and with response of a hidden condition that many times as strong."""
        own, other = self.with_practice, self.with_response
        r_practice = times * own / (1 - own)
        if r_practice >= 1 or times * own >= 1:
            return 1.0, 1.0
        shared = times * own**2 / ((1 - times * own) * (1 - own))
        if shared >= 1:
            return 1.0, 1.0
        r_response = ((np.sqrt(times) + np.sqrt(shared)) / np.sqrt(1 - shared)) ** 2 * other / (1 - other)
        return r_practice, min(float(r_response), 1.0)


def times_as_strong(t: float, spare: float, benchmark: Benchmark) -> float:
    """How many times as strong as a recorded condition a hidden one would have to be to bring a contrast to zero.

    Parameters
    ----------
    t : float
        Classical t.
    spare : float
        Degrees of freedom.
    benchmark : Benchmark

    Returns
    -------
    float
        At most 99; infinite if the recorded condition has nothing to do with practice or response.

    References
    ----------
    Cinelli & Hazlett (2020), section 4.4, doi:10.1111/rssb.12348, for the bounds.
    """
    if benchmark.with_practice <= 0 or benchmark.with_response <= 0:
        return float("inf")

    def left(times: float) -> float:
        r_practice, r_response = benchmark.hidden(times)
        if r_practice >= 1:
            return -1.0
        return abs(t) / np.sqrt(spare) - np.sqrt(r_response * r_practice / (1 - r_practice))

    return MOST if left(MOST) > 0 else float(brentq(left, 0.0, MOST, xtol=1e-6))
