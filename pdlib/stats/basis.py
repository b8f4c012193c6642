"""Context as features: straight lines, smooth bends, pairwise products, category levels, and what is not known."""

from __future__ import annotations

from dataclasses import dataclass, replace
from itertools import combinations

import numpy as np

from pdlib.stats.blocks import row_blocks

Array = np.ndarray
KNOT_QUANTILES = (0.05, 0.275, 0.5, 0.725, 0.95)
UNITS_A_VARIANCE = 5
FEWEST = 5  # units without a value, and with one, for a column that tells them apart
SPARSE = 12.0


def natural_spline(x: Array, knots: Array) -> Array:
    """Bent parts of a natural cubic spline (the straight part left out).

    Parameters
    ----------
    x : (N,) array
    knots : (K,) array
        Increasing.

    Returns
    -------
    (N, K-2) array
        Straight beyond the outer knots, so that far-away units are extrapolated by a line.

    References
    ----------
    Harrell (2015), Regression Modeling Strategies, section 2.4.5, doi:10.1007/978-3-319-19425-7.
    """
    last, before = knots[-1], knots[-2]

    def cube(t: float) -> Array:
        above = np.maximum(x - t, 0.0)
        return above * above * above

    outer, inner = cube(last) / (last - before), cube(before) / (last - before)
    columns = [cube(t) - inner * (last - t) + outer * (before - t) for t in knots[:-2]]
    return np.stack(columns, axis=1) / (last - knots[0]) ** 2 if columns else np.empty((len(x), 0))


@dataclass(frozen=True, eq=False)
class Basis:
    """A frozen recipe from context values to features; the same for every unit and period.

    Attributes
    ----------
    center, scale, fill : (C,) arrays
        Location and spread of each numeric variable, and what stands in where it is not known: its median.
    unknown : list of int
        Numeric variables with a column that says where they are not known.
    knots : list of arrays
        Knots of each numeric variable on its standardised scale; none: no bend.
    levels : list of arrays
        Levels of each category variable, the first being the reference.
    small : list of bool
        Whether a category has few levels: its columns are free and take part in products.
    pairs : list of (int, int)
        Pairs of free columns that are multiplied.
    mean, slopes, spread : arrays
        What centres the penalised columns, takes the straight part out of them, and scales them.
    blocks : (Q,) int array
        Of each column: 0 is free; 1, 2, ... share a variance: the bends of a variable, the products of two, a larger
        category.
    sparsity : float
        How strongly small variances are pulled to nothing, for `fit_reml`; 0 where all bends share one variance and
        all products another.
    owners : list of tuple of int
        Of each column: the variables it belongs to (numeric ones first, then categories).
    """

    center: Array
    scale: Array
    fill: Array
    unknown: list[int]
    knots: list[Array]
    levels: list[Array]
    small: list[bool]
    pairs: list[tuple[int, int]]
    mean: Array
    slopes: Array
    spread: Array
    blocks: Array
    sparsity: float
    owners: list[tuple[int, ...]]

    def columns(self, numeric: Array, categories: Array) -> Array:
        """Features of these context values.

        Parameters
        ----------
        numeric : (N, C) array
            NaN where not known.
        categories : (N, D) int array
            Codes; a code that is not among the levels counts as the reference.

        Returns
        -------
        (N, Q) array
            First column 1.
        """
        columns = np.empty((len(numeric), len(self.blocks)))
        for rows in row_blocks(len(numeric)):
            free, bound = self._raw(numeric[rows], categories[rows])
            straight = 1 + free.shape[1]
            columns[rows, 0], columns[rows, 1:straight] = 1.0, free
            columns[rows, straight:] = (bound - self.mean - free @ self.slopes) / self.spread
        return columns

    def raw(self, numeric: Array, categories: Array) -> tuple[Array, Array]:
        """Free columns (straight, few levels) and penalised ones (bends, products, many levels), not yet scaled.

        Of categories in several periods, (N, P, D), the mean over these.
        """
        if categories.ndim == 3:
            each = [self.raw(numeric, categories[:, p]) for p in range(categories.shape[1])]
            return np.mean([free for free, _ in each], axis=0), np.mean([bound for _, bound in each], axis=0)
        parts = [self._raw(numeric[rows], categories[rows]) for rows in row_blocks(len(numeric))]
        return np.concatenate([free for free, _ in parts]), np.concatenate([bound for _, bound in parts])

    def _raw(self, numeric: Array, categories: Array) -> tuple[Array, Array]:
        missing = np.isnan(numeric)
        standard = (np.where(missing, self.fill, numeric) - self.center) / self.scale
        free = [
            standard,
            missing[:, self.unknown],
            *(_dummies(categories[:, d], self.levels[d]) for d, few in enumerate(self.small) if few),
        ]
        straight = np.column_stack(free)
        bends = [natural_spline(standard[:, c], each) for c, each in enumerate(self.knots) if len(each)]
        products = [straight[:, [a]] * straight[:, [b]] for a, b in self.pairs]
        many = [_dummies(categories[:, d], self.levels[d]) for d, few in enumerate(self.small) if not few]
        return straight, np.column_stack([np.empty((len(straight), 0)), *bends, *products, *many])


def fit_basis(
    numeric: Array,
    categories: Array,
    *,
    bends: bool = True,
    products: bool = True,
    knot_quantiles: tuple[float, ...] = KNOT_QUANTILES,
    few_levels: int = 6,
    most_products: int = 200,
    own_variances: bool | None = None,
) -> Basis:
    """Choose knots, levels and products from the context of the units.

    Each numeric variable gets a straight column and up to three bent ones (5 knots at the 5 % to 95 % quantiles);
    each pair of straight columns a product; a category with few levels a free column per level, a larger one a
    penalised block of its own. Penalised columns are freed of their straight part and scaled to unit spread, so that
    one variance per block is meaningful.

    Parameters
    ----------
    numeric : (N, C) array
        NaN where not known: the median stands in, and where enough units lack it a free column allows for what they
        have in common.
    categories : (N, D) int array
    bends, products : bool
        Off for few units.
    knot_quantiles : tuple of float
        Where the knots stand.
    few_levels : int
        A category with more levels than this is penalised and takes no part in products.
    most_products : int
        With more pairs than this, products with category levels are left out, then all.
    own_variances : bool, optional
        Whether the bends of each variable, and the products of each two, have a variance of their own; by default where
        there are five units for each such variance.

    Returns
    -------
    Basis
    """
    count, missing = numeric.shape[1], np.isnan(numeric)
    fill = np.array(
        [np.median(column[~gone]) if not gone.all() else 0.0 for column, gone in zip(numeric.T, missing.T, strict=True)]
    )
    numeric = np.where(missing, fill, numeric)
    unknown = [c for c, lacking in enumerate(missing.sum(axis=0)) if FEWEST <= lacking <= len(numeric) - FEWEST]
    center, scale = numeric.mean(axis=0), numeric.std(axis=0)
    varies = scale > 1e-12 * np.maximum(1.0, np.abs(center))
    scale = np.where(varies, scale, np.inf)  # what does not vary becomes exactly 0 and not a rounding error
    standard = (numeric - center) / scale
    knots = [_knots(column, knot_quantiles) if bends else np.empty(0) for column in standard.T]
    levels = [np.unique(categories[..., d]) for d in range(categories.shape[-1])]
    small = [len(each) <= few_levels for each in levels]
    owner = [*range(count), *unknown, *(count + d for d, few in enumerate(small) if few for _ in levels[d][1:])]
    pairs = _pairs(owner, varies, count + len(unknown), most_products) if products else []
    draft = Basis(
        center,
        scale,
        fill,
        unknown,
        knots,
        levels,
        small,
        pairs,
        np.zeros(0),
        np.zeros(0),
        np.ones(0),
        np.zeros(0),
        0.0,
        [],
    )
    free, bound = draft.raw(np.where(missing, np.nan, numeric), categories)
    middle = free.mean(axis=0)
    slopes = np.linalg.pinv(free - middle, rcond=1e-9) @ bound
    mean = bound.mean(axis=0) - middle @ slopes
    spread = np.array([(column - free @ slope).std() for column, slope in zip(bound.T, slopes.T, strict=True)])
    bends_of = [c for c, each in enumerate(knots) for _ in range(max(len(each) - 2, 0))]
    many = [d for d, few in enumerate(small) if not few for _ in levels[d][1:]]
    of = [(owner[a], owner[b]) for a, b in pairs]
    own = own_variances
    if own is None:
        own = len(numeric) >= UNITS_A_VARIANCE * (len(set(bends_of)) + len(set(of)) + len(set(many)))
    kinds = [("bend", c if own else None) for c in bends_of] + [("product", both if own else None) for both in of]
    kinds += [("levels", d) for d in many]
    place = {kind: k for k, kind in enumerate(dict.fromkeys(kinds), start=1)}
    owners = [(), *((o,) for o in owner), *((c,) for c in bends_of), *of]
    return replace(
        draft,
        mean=mean,
        slopes=slopes,
        spread=np.where(spread > 1e-6, spread, np.inf),
        blocks=np.array([0] * (1 + len(owner)) + [place[kind] for kind in kinds], dtype=int),
        sparsity=SPARSE if own else 0.0,
        owners=[*owners, *((count + d,) for d in many)],
    )


def _pairs(owner: list[int], varies: Array, levels: int, most: int) -> list[tuple[int, int]]:
    """Pairs of free columns of different variables; columns from ``levels`` on are those of categories."""
    numeric = [c for c in range(len(varies)) if varies[c]]
    every = [(a, b) for a, b in combinations([*numeric, *range(levels, len(owner))], 2) if owner[a] != owner[b]]
    return next((pairs for pairs in (every, list(combinations(numeric, 2))) if len(pairs) <= most), [])


def _dummies(codes: Array, levels: Array) -> Array:
    return (codes[:, None] == levels[1:]).astype(float)


def _knots(column: Array, quantiles: tuple[float, ...]) -> Array:
    knots = np.unique(np.quantile(column, quantiles))
    return knots if len(knots) >= 3 else np.empty(0)
