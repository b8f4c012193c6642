"""Survivors side by side: which practice keeps its contrast beside those it travels with."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from scipy.stats import t as student

from pdlib.stats.contrast import summed

Array = np.ndarray
TIED = 0.2  # correlation beyond context from which two practices travel together
LEVEL = 0.05


@dataclass(frozen=True, eq=False)
class Stack:
    """Rows on which contrasts are fitted side by side: between units and, where there are waves, within them.

    Attributes
    ----------
    response : (M,) array
        Freed of context, or of unit and period; of like noise in all rows.
    practices : (M, K) array
        Freed of the same; zero where there is no answer.
    unit : (M,) int array
        Rows of one unit, or of one group of units, are not independent.
    spent : int
        Degrees of freedom that context, units and periods took of the rows.
    spare : int
        Degrees of freedom of a test.
    alike : (K, K) array, optional
        How practices go together; by default the size of their correlations in these rows.
    """

    response: Array
    practices: Array
    unit: Array
    spent: int
    spare: int
    alike: Array | None = None

    @property
    def likeness(self) -> Array:
        """(K, K) how practices go together, between 0 and 1."""
        if self.alike is not None:
            return self.alike
        length = np.sqrt((self.practices**2).sum(axis=0))
        x = self.practices / np.where(length > 0, length, 1.0)
        return np.abs(x.T @ x)

    def below(self, other: Stack) -> Stack:
        """Both sets of rows, each scaled to noise of unit spread."""
        one, two = (part.response.std() or 1.0 for part in (self, other))
        return Stack(
            np.concatenate([self.response / one, other.response / two]),
            np.concatenate([self.practices / one, other.practices / two]),
            np.concatenate([self.unit, other.unit]),
            self.spent + other.spent,
            self.spare,
            np.maximum(self.likeness, other.likeness),
        )

    def grouped(self, group: Array) -> Stack:
        """The same rows, units of one group no longer independent: (N,) codes by unit."""
        return replace(self, unit=group[self.unit], spare=min(self.spare, len(np.unique(group[self.unit])) - 1))


def backward(stack: Stack, candidates: list[int], *, tied: float = TIED) -> dict[int, int]:
    """Take candidates out, one at a time, that show no contrast beside those still in that they travel with.

    A candidate is held against those it is tied to only: a practice that merely follows success is tied to all that
    bring it, and side by side it would take from each.

    Parameters
    ----------
    stack : Stack
    candidates : list of int
        Columns.
    tied : float
        Correlation, in size, from which two travel together; 0 holds each against all.

    Returns
    -------
    dict
        Each column taken out, and the one still in that it is tied to most.

    References
    ----------
    Backward elimination: Harrell (2015), section 4.3, doi:10.1007/978-3-319-19425-7.
    """
    likeness = stack.likeness
    inside = list(candidates)
    out: dict[int, int] = {}
    while True:
        beside = {k: [j for j in inside if j != k and likeness[k, j] >= tied] for k in inside}
        doubt = {k: _doubt(stack, [k, *others]) for k, others in beside.items() if others}
        weakest = max(doubt, key=lambda k: (doubt[k], -k), default=None)
        if weakest is None or doubt[weakest] <= LEVEL:
            return out
        inside.remove(weakest)
        out[weakest] = max(beside[weakest], key=lambda j: (likeness[weakest, j], -j))


def _doubt(stack: Stack, columns: list[int]) -> float:
    """P-value of the first column beside the others; above 1 if it goes with worse."""
    chosen = stack.practices[:, columns]
    inverse = np.linalg.pinv(chosen.T @ chosen)
    pull = chosen @ inverse
    slopes = pull.T @ stack.response
    opened = 1 - np.minimum((pull * chosen).sum(axis=1), 0.99)
    left = stack.response - chosen @ slopes
    units = summed((pull[:, 0] * left / np.sqrt(opened))[:, None], stack.unit)
    usual = inverse[0, 0] * float(left @ left) / max(len(left) - stack.spent - len(columns), 1)
    variance = max(float((units**2).sum()), usual)
    if variance <= 0:
        return 2.0
    return float(2 * student.sf(abs(slopes[0]) / np.sqrt(variance), max(stack.spare - len(columns), 1))) + float(
        slopes[0] <= 0
    )
