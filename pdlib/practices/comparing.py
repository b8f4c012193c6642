"""Adjusted contrasts of all declared practices, graded under one error control."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
from scipy.stats import t as student

from pdlib.deviants import Deviants
from pdlib.errors import StudyError
from pdlib.observations import Observations
from pdlib.practices.timing import BEFORE, RISES, check_timing
from pdlib.practices.timing import COLUMNS as TIMING
from pdlib.show import Html, figures, overview, practice_card
from pdlib.show.formats import share
from pdlib.show.wording import capitalised, listed
from pdlib.stats.basis import fit_basis
from pdlib.stats.contrast import Contrasts, adjusted_contrasts, benjamini_hochberg, romano_wolf, shrink_family
from pdlib.stats.threads import single_threaded
from pdlib.study import did_you_mean

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from pdlib.expected import Expected

LEVEL = 0.10
MOST_MISSING = 0.40
PEERS = 10
KNOTS = {4: (0.05, 0.35, 0.65, 0.95), 3: (0.1, 0.5, 0.9)}


@dataclass(frozen=True, eq=False)
class Practices:
    """The declared practices, compared between units of the same means.

    Attributes
    ----------
    observations : Observations
    deviants : Deviants
    family_size : int
        How many practices were tested together.
    caveats : list of str
    settings : dict
    """

    observations: Observations
    deviants: Deviants
    _table: pd.DataFrame = field(repr=False)
    _values: pd.DataFrame = field(repr=False)
    family_size: int
    caveats: list[str]
    settings: dict[str, Any]

    @property
    def table(self) -> pd.DataFrame:
        """One row per practice, the best graded first.

        ``practice``, ``label``, ``theme``, ``evidence`` (observed or claimed), ``cost``, ``programme``, ``grade``
        (promising, worth a visit, follows success, cannot tell, not testable), ``reason``, ``n_units`` (that
        answered), ``n_users``, ``missing_share``, ``low`` and ``high`` (what is contrasted: not doing and doing it,
        or the lower and upper quarter of a graded practice), ``prevalence_deviants``, ``prevalence_peers``,
        ``contrast`` with 95 % bounds (shrunken; outcome units, more is better), ``raw_contrast`` with 95 % bounds,
        ``p_value``, ``p_romano_wolf``, ``p_bh``; then what waves tell of the order of things: ``n_changed``,
        ``change`` (within units) and ``after`` (adopters after against before) with 95 % bounds, ``timing`` (rises
        after adoption, was high before, timing unknown).
        """
        return self._table.copy()

    @property
    def promising(self) -> pd.DataFrame:
        """Practices tied to better outcomes among units of the same means."""
        return self.table[self._table["grade"] == "promising"]

    @property
    def values(self) -> pd.DataFrame:
        """What each unit does, one column per practice (mean over waves, NaN: no answer), indexed by unit."""
        return self._values.copy()

    @property
    def claims(self) -> pd.DataFrame:
        """Claimed beside done, one row per practice with both versions.

        ``practice`` (the observed one), ``label``, ``n_units`` (with both answers), ``claimed_share``,
        ``observed_share``, ``claimed_not_done`` (units that claim it and were not seen to do it).
        """
        return _claims(self._values, self.observations.codebook)

    @property
    def finding(self) -> str:
        """What goes with better outcomes, in a sentence."""
        tested, found = self.family_size, self.promising
        if not len(found):
            return f"None of {tested} practices tested together is tied to better outcomes among comparable units."
        which = f"{len(found)} look promising: {listed(found['label'])}"
        return f"Of {tested} practices tested together, {which}. Association, not proof."

    def card(self, practice: str) -> Html:
        """A printable card for one practice: what it is, who does it, what goes with it, how sure.

        Parameters
        ----------
        practice : str
            Name or label.

        Returns
        -------
        Html
        """
        row, study = self._row(practice), self.observations.study
        entry = self.observations.codebook.loc[row["practice"]]
        doers = [unit for unit in self.deviants.units("confident") if self.does(unit, practice)]
        who_to_ask = f"a bright spot that does it, by way of the {study.name} team"
        if study.names.publish and doers:
            who_to_ask = str(self.observations.units.loc[doers[0], "label"])
        return practice_card(
            row["label"],
            theme=entry["theme"],
            who_decides=entry["who_decides"] or "not recorded",
            cost=entry["cost"],
            who=f"{share(row['prevalence_deviants'])} of the leading {study.unit.plural} · "
            f"{share(row['prevalence_peers'])} of comparable ones",
            contrast=self.contrast_sentence(practice),
            sureness=f"{row['grade']}: {row['reason']}; {self.family_size} practices were tested together",
            who_to_ask=who_to_ask,
            question=f"How did “{row['label']}” start here, and what would you not do without?",
        )

    def contrast_sentence(self, practice: str) -> str:
        """What goes with a practice, with its range, in plain words."""
        row, study, show = self._row(practice), self.observations.study, self.deviants.expected.outcome.format
        if not np.isfinite(row["contrast"]):
            return f"Not compared: {row['reason']}."
        doing = "that do it" if self._is_binary(row) else "high on it (against low)"
        who = capitalised(f"{study.unit.plural} {doing}")
        between = show.more_between(row["contrast_lower"], row["contrast_upper"])
        return f"{who} show {show.more(row['contrast'])} ({between}) in {show.label}, given the same means."

    def _is_binary(self, row: pd.Series) -> bool:
        return bool(self.observations.codebook.loc[row["practice"], "kind"] == "binary")

    def _bar(self, row: pd.Series) -> float:
        """From which value on a unit counts as doing it."""
        return 0.5 if self._is_binary(row) else float(row["high"])

    def does(self, unit: str, practice: str) -> bool:
        """Whether a unit does a practice, or is in the upper quarter of a graded one; no answer counts as no."""
        row = self._row(practice)
        return bool(self._values.loc[unit, row["practice"]] >= self._bar(row))

    def _row(self, practice: str) -> pd.Series:
        match = self._table[(self._table["practice"] == practice) | (self._table["label"] == practice)]
        if match.empty:
            every = [*self._table["practice"], *self._table["label"]]
            raise KeyError(f"There is no practice {practice!r}{did_you_mean(practice, every)}.")
        return match.iloc[0]

    def estimation(self, practice: str) -> pd.DataFrame:
        """Every unit behind one contrast: ``unit``, ``value`` (what it does), ``does``, ``excess`` (outcome units)."""
        row, expected = self._row(practice), self.deviants.expected
        value = self._values[row["practice"]].reindex(expected.grid.units).to_numpy()
        frame = expected.table[["unit", "excess"]].assign(value=value).dropna(ignore_index=True)
        return frame.assign(does=frame["value"] >= self._bar(row))

    def plot(self, practice: str | None = None, *, ax: Axes | None = None) -> Axes:
        """The forest of all tested practices; or, for one practice, every unit beside the contrast.

        Parameters
        ----------
        practice : str, optional
            Name or label.
        ax : Axes, optional

        Returns
        -------
        Axes
        """
        show, unit = self.deviants.expected.outcome.format, self.observations.study.unit
        if practice is None:
            return figures.forest(
                self._table[self._table["contrast"].notna()], difference_format=show.difference_tick,
                value_label=f"{show.unit}, same means", title=self.finding, ax=ax,
            )  # fmt: skip
        row = self._row(practice)
        return figures.estimation(
            self.estimation(practice), row, units=unit.plural, difference_format=show.difference,
            value_label=f"{show.unit} above expected", title=f"{row['label']}: {row['grade']}", ax=ax,
        )  # fmt: skip

    def _repr_html_(self) -> str:
        shown = [
            "label", "grade", "prevalence_deviants", "prevalence_peers", "contrast", "contrast_lower", "contrast_upper",
            "n_users", "n_units",
        ]  # fmt: skip
        return overview(self.finding, self._table[shown], self.caveats, rows=12).__html__()


@single_threaded
def compare_practices(observations: Observations, deviants: Deviants, *, draws: int = 2000, seed: int = 0) -> Practices:
    """Compare what units do, among units of the same means.

    Every declared practice that can be tested is tested against the continuous, unshrunken unit value, context removed
    from both; the whole family shares one error control (Romano–Wolf at .10, then Benjamini–Hochberg). A practice
    whose users were ahead before they took it up is moved to *follows success*; no grade is better than promising.

    Parameters
    ----------
    observations : Observations
    deviants : Deviants
    draws : int
        Random draws of the step-down test.
    seed : int

    Returns
    -------
    Practices

    Raises
    ------
    StudyError
        If the study has no practices.

    References
    ----------
    Romano & Wolf (2005), doi:10.1198/016214504000000539; Benjamini & Hochberg (1995),
    doi:10.1111/j.2517-6161.1995.tb02031.x.
    """
    if observations.practices.empty:
        raise StudyError(
            "The study has no practices: name a practices table under [tables], or practices=[…] in read()."
        )
    expected = deviants.expected
    values = _per_unit(observations, expected.grid.units)
    codebook = observations.codebook
    described = _describe(values, codebook, observations.study.practices.may_be_few)
    tested = described.index[described["reason"].eq("")]
    context, notes = _context_features(expected)
    fit = expected.fit
    usable = fit.rated
    weights = 1.0 / (fit.reml.tau2 + fit.collapsed.variance)
    clusters = _clusters(observations, expected.grid.units[usable])
    contrasts = adjusted_contrasts(
        fit.collapsed.value[usable],
        weights[usable],
        context[usable],
        values.loc[usable, tested].to_numpy(dtype=float),
        clusters,
    )
    table = described.join(
        _estimates(contrasts, described.loc[tested], expected, nested=clusters is not None, draws=draws, seed=seed)
    )
    determined = tested[(contrasts.left_share < 0.02) | np.isnan(contrasts.se)]
    table.loc[determined, list(table.columns.difference(described.columns))] = np.nan
    table.loc[determined, "reason"] = "the context settles who does it"
    table = table.join(check_timing(observations, expected, table)).join(
        _prevalence(values, codebook, described, deviants)
    )
    graded = [_grade(row, expected.outcome.smallest_contrast) for _, row in table.iterrows()]
    table[["grade", "reason"]] = graded
    table = _ordered(table.join(codebook[["label", "theme", "evidence", "cost", "programme"]]))
    settings = {**deviants.settings, "level": LEVEL, "draws": draws, "seed": seed, "family_size": len(tested)}
    return Practices(observations, deviants, table, values, len(tested), [*_caveats(table), *notes], settings)


def _per_unit(observations: Observations, units: pd.Index) -> pd.DataFrame:
    """One value per unit and practice: the mean over its waves."""
    wide = observations.practices.pivot_table(
        index="unit", columns="practice", values="value", aggfunc="mean", observed=True
    )
    given = set(observations.practices["practice"])
    names = [name for name in observations.codebook.index if name in given]
    return wide.reindex(index=units, columns=names)


def _describe(values: pd.DataFrame, codebook: pd.DataFrame, few: int) -> pd.DataFrame:
    """Declare the family before any outcome is looked at: who can be tested, and why not."""
    rows = []
    first: dict[bytes, str] = {}
    for name in values.columns:
        column = values[name]
        known, binary = column.dropna(), bool(codebook.loc[name, "kind"] == "binary")
        low, high = _contrasted(known, binary=binary)
        users, missing = int((known >= (0.5 if binary else high)).sum()), 1 - len(known) / len(column)
        same = first.setdefault(column.to_numpy(dtype=float).tobytes(), name)
        if codebook.loc[name, "follows_success"]:
            reason = "declared to follow success"
        elif known.nunique() < 2:
            reason = "no answers" if known.empty else "every unit answers the same"
        elif same != name:
            reason = f"the same answers as {codebook['label'][same]}"
        elif missing > MOST_MISSING:
            reason = f"{missing:.0%} of answers are missing"
        elif users < few:
            reason = f"only {users} units do it"
        elif len(known) - users < few:
            reason = f"only {len(known) - users} units do not"
        else:
            reason = ""
        rows.append([reason, len(known), users, missing, low, high])
    columns = ["reason", "n_units", "n_users", "missing_share", "low", "high"]
    return pd.DataFrame(rows, columns=columns, index=pd.Index(values.columns, name="practice"))


def _contrasted(known: pd.Series, *, binary: bool) -> tuple[float, float]:
    """Not doing and doing it; for a graded practice its quarters, or its ends if the quarters coincide."""
    if binary or known.empty:
        return (0.0, 1.0) if binary else (np.nan, np.nan)
    low, high = float(known.quantile(0.25)), float(known.quantile(0.75))
    return (low, high) if high > low else (float(known.min()), float(known.max()))


def _context_features(expected: Expected) -> tuple[np.ndarray, list[str]]:
    """Context as free features: as rich as the number of units allows, fewer knots first, then no products."""
    grid = expected.grid
    count = len(grid.units)
    for knots, products in ((4, True), (3, True), (4, False), (3, False), (0, False)):
        basis = fit_basis(
            grid.usual, grid.categories, bends=knots > 0, products=products, knot_quantiles=KNOTS.get(knots, ())
        )
        if len(basis.blocks) <= count / 5:
            break
    features = basis.columns(grid.usual, grid.categories)
    if products:
        return features, []
    few = f"{count} units are few for {len(grid.conditions)} conditions: their context is removed in a simpler form."
    return features, [few]


def _clusters(observations: Observations, units: pd.Index) -> np.ndarray | None:
    nested = observations.units.get("nested_in")
    return None if nested is None else pd.factorize(nested.reindex(units))[0]


def _estimates(
    contrasts: Contrasts, described: pd.DataFrame, expected: Expected, *, nested: bool, draws: int, seed: int
) -> pd.DataFrame:
    """Contrasts in outcome units, raw and shrunken, with their p-values; `described` holds the tested practices."""
    step = (described["high"] - described["low"]).to_numpy() * expected.slope_at_average
    reach = student.ppf(0.975, np.maximum(contrasts.spare, 1))
    shrunken, se = shrink_family(contrasts.estimate, contrasts.se)
    alone, family = romano_wolf(contrasts, draws=draws, seed=seed)
    # A t distribution flatters few clusters; there the turned signs give the single p-values too.
    p_value = alone if nested else contrasts.p_value
    columns: dict[str, np.ndarray] = {}
    for name, estimate, half in (("", shrunken, reach * se), ("raw_", contrasts.estimate, reach * contrasts.se)):
        columns[f"{name}contrast"] = estimate * step
        columns[f"{name}contrast_lower"] = (estimate - half) * step
        columns[f"{name}contrast_upper"] = (estimate + half) * step
    columns |= {"p_value": p_value, "p_romano_wolf": family, "p_bh": benjamini_hochberg(p_value)}
    return pd.DataFrame(columns, index=described.index)


def _prevalence(
    values: pd.DataFrame, codebook: pd.DataFrame, described: pd.DataFrame, deviants: Deviants
) -> pd.DataFrame:
    """Share of deviants that do it, and of ordinary units as like them as there are (ten nearest to each)."""
    chosen = [*deviants.units("confident"), *deviants.units("likely")]
    ordinary = [*deviants.units("rest"), *deviants.units("watch")]
    frame = pd.DataFrame(np.nan, index=described.index, columns=["prevalence_deviants", "prevalence_peers"])
    if not chosen or not ordinary:
        return frame
    nearest = np.argsort(deviants.distance(chosen, ordinary), axis=1, kind="stable")[:, :PEERS]
    weight = pd.Series(np.bincount(nearest.ravel(), minlength=len(ordinary)), index=ordinary).astype(float)
    binary = codebook.loc[described.index, "kind"].eq("binary")
    does = (values >= np.where(binary, 0.5, described["high"])).astype(float).where(values.notna())
    frame["prevalence_deviants"] = does.loc[chosen].mean()
    peers = does.loc[ordinary]
    frame["prevalence_peers"] = peers.mul(weight, axis=0).sum() / peers.notna().mul(weight, axis=0).sum()
    return frame


def _grade(row: pd.Series, smallest: float | None) -> tuple[str, str]:
    """The grade that the evidence allows, and why; without a full check of timing none is better than promising."""
    if row["reason"]:
        rare = row["reason"].startswith("only") and row["reason"].endswith("do it")
        return ("worth a visit" if rare and row["n_users"] > 0 else "not testable"), row["reason"]
    better, timing = row["raw_contrast"] > 0, row["timing"]
    if better and row["p_bh"] <= LEVEL and timing == BEFORE:
        return "follows success", "units that do it were high before; those that took it up did not rise accordingly"
    if better and row["p_romano_wolf"] <= LEVEL:
        return "promising", f"stands out after allowing for every practice tested; {timing}"
    if better and row["p_bh"] <= LEVEL:
        return "promising", f"stands out, though one in ten of such findings may be false; {timing}"
    if not better and row["p_romano_wolf"] <= LEVEL:
        return "cannot tell", "units that do it do worse than comparable units; find out why before anything else"
    if smallest and row["raw_contrast_upper"] < smallest:
        return "cannot tell", "if it helps, then by less than is worth having"
    if row["raw_contrast_lower"] < 0:
        return "cannot tell", "the range spans both better and worse"
    return "cannot tell", "could be chance among so many practices"


def _ordered(table: pd.DataFrame) -> pd.DataFrame:
    order = {"promising": 0, "worth a visit": 1, "follows success": 2, "cannot tell": 3, "not testable": 4}
    columns = [
        "practice", "label", "theme", "evidence", "cost", "programme", "grade", "reason", "n_units", "n_users",
        "missing_share", "low", "high", "prevalence_deviants", "prevalence_peers",
        "contrast", "contrast_lower", "contrast_upper", "raw_contrast", "raw_contrast_lower", "raw_contrast_upper",
        "p_value", "p_romano_wolf", "p_bh", *TIMING,
    ]  # fmt: skip
    table = table.reset_index()
    keys = pd.DataFrame(
        {"grade": table["grade"].map(order), "contrast": -table["contrast"].fillna(-np.inf), "name": table["practice"]}
    )
    return table.loc[keys.sort_values(["grade", "contrast", "name"]).index, columns].reset_index(drop=True)


def _caveats(table: pd.DataFrame) -> list[str]:
    unknown = int((table["grade"].eq("promising") & table["timing"].ne(RISES)).sum())
    notes = ["Where timing is unknown, a practice may follow success instead of going before it."] if unknown else []
    dropped = table[table["grade"].isin(["not testable", "worth a visit"])]
    if len(dropped):
        notes.append(f"{len(dropped)} declared practices could not be tested; the table gives the reasons.")
    if table["evidence"].eq("claimed").any():
        notes.append(
            "Claimed practices are what people say they do; they stand beside the observed ones, never in their place."
        )
    return notes


def _claims(values: pd.DataFrame, codebook: pd.DataFrame) -> pd.DataFrame:
    rows = []
    for claimed, observed in codebook["claims"].items():
        if not observed or claimed not in values or observed not in values:
            continue
        both = values[[claimed, observed]].dropna() >= 0.5
        not_done = int((both[claimed] & ~both[observed]).sum())
        label, shares = codebook.loc[observed, "label"], (both[claimed].mean(), both[observed].mean())
        rows.append([observed, label, len(both), *shares, not_done])
    columns = ["practice", "label", "n_units", "claimed_share", "observed_share", "claimed_not_done"]
    return pd.DataFrame(rows, columns=columns)
