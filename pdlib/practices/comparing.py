"""Compare what units do, among units of the same means."""

from __future__ import annotations

import numpy as np
import pandas as pd
from scipy.stats import t as student

from pdlib.deviants import Deviants
from pdlib.errors import StudyError
from pdlib.expected import Expected
from pdlib.observations import Observations
from pdlib.observations.waves import in_order
from pdlib.practices import hidden, timing, unanswered
from pdlib.practices.family import declare, per_unit, prevalence, who_does
from pdlib.practices.grades import PROMISING, STRONG, follows_success, grade, rank, stands_out
from pdlib.practices.result import Practices
from pdlib.practices.tested import LEVEL, PLACEBOS, RERUNS, Tested, Used, contrast_all, settled_by_context, what_is_used
from pdlib.practices.timing import RISES, Waves, check_timing
from pdlib.show.wording import capitalised, counted, listed, plural
from pdlib.stats.family import benjamini_hochberg, shrink_family
from pdlib.stats.refit import Stack, backward
from pdlib.stats.threads import single_threaded

LITTLE, SELDOM, MOST_NAMED = 2, 0.35, 3
COLUMNS = [
    "practice", "label", "theme", "evidence", "cost", "programme", "grade", "reason", "note", "travels_with", "n_units",
    "n_users", "missing_share", "low", "high", "prevalence_deviants", "prevalence_peers",
    "contrast", "contrast_lower", "contrast_upper", "raw_contrast", "raw_contrast_lower", "raw_contrast_upper",
    "p_value", "p_romano_wolf", "p_worse", "p_bh", "reruns", *timing.COLUMNS, *hidden.COLUMNS,
]  # fmt: skip


@single_threaded
def compare_practices(observations: Observations, deviants: Deviants, *, draws: int = 2000, seed: int = 0) -> Practices:
    """Compare what units do, among units of the same means.

    The family is declared first. Every practice that can be tested is tested against the continuous, unshrunken unit
    value, context removed from both; the whole family shares one error control (Romano–Wolf at .10, four fifths of it
    for better outcomes; then Benjamini–Hochberg for what comes again in four of five re-runs). What stands out is held
    against time, where practices were recorded in waves: a practice whose users were ahead before they took it up
    *follows success*, and without a rise after adoption none is *strong*. Then those left are held side by side: what
    shows nothing of its own *travels with* another.

    What a study keeps back (``[confirm]``) is not looked at.

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
        If the study has no practices, they are those of other units than the deviants', or it keeps so much back that
        fewer than three units are left.

    References
    ----------
    Romano & Wolf (2005), doi:10.1198/016214504000000539; Benjamini & Hochberg (1995),
    doi:10.1111/j.2517-6161.1995.tb02031.x.
    """
    if observations.practices.empty:
        raise StudyError(
            "The study has no practices: name a practices table under [tables], or practices=[…] in read()."
        )
    expected, codebook = deviants.expected, observations.codebook
    if not observations.practices["unit"].isin(expected.grid.units).any():
        raise StudyError(
            f"None of the {observations.study.unit.plural} whose practices are given is among those that deviants were "
            f"looked for in ({', '.join(expected.grid.units[:3])} …): compare the observations that they come from."
        )
    used = what_is_used(observations, expected)
    if used.units.sum() < 3 or not used.waves:
        raise StudyError(
            "[confirm] keeps back all there is to compare: leave some units, and waves of practices before its start."
        )
    values = per_unit(observations, expected.grid.units, used.waves)
    declared = declare(values[used.units], codebook, observations.study.practices.may_be_few)
    names = declared.index[declared["reason"].eq("")]
    tested = contrast_all(observations, expected, used, values[names], draws=draws, seed=seed)
    conditions = [item.label for item in expected.grid.conditions]
    table = declared.join(_estimates(tested, declared.loc[names], expected)).join(hidden.robustness(tested, conditions))
    table["reruns"] = pd.Series(tested.reruns(seed), index=names)
    settled = names[settled_by_context(tested, expected.grid, used) | np.isnan(tested.contrasts.se)]
    table.loc[settled, list(table.columns.difference([*declared.columns, "yardstick"]))] = np.nan
    table.loc[settled, "reason"] = "the context settles who does it"
    waves = Waves(observations, expected, used)
    table = table.join(check_timing(waves, table)).join(prevalence(who_does(values, codebook, declared), deviants))
    table["travels_with"] = _travelling(table, tested, waves, codebook["label"])
    graded = [grade(row, expected.outcome.smallest_contrast) for _, row in table.iterrows()]
    table[["grade", "reason", "note"]] = graded
    table = _ordered(table.join(codebook[["label", "theme", "evidence", "cost", "programme"]]))
    placebos = tested.placebos(seed)
    settings = {
        **deviants.settings, "level": LEVEL, "draws": draws, "seed": seed, "family_size": len(names), "reruns": RERUNS,
        "placebos": PLACEBOS, "placebos_with_findings": placebos,
    }  # fmt: skip
    notes = [*_caveats(table, observations, used), *_same_people(table, observations, expected), *tested.notes]
    result = Practices(observations, deviants, table, values, tested, waves, notes, settings)
    notes += unanswered.caveat(result, result.unanswered)
    return result


def _estimates(tested: Tested, declared: pd.DataFrame, expected: Expected) -> pd.DataFrame:
    """Adjusted in outcome units, raw and shrunken, with their p-values."""
    contrasts = tested.contrasts
    step = (declared["high"] - declared["low"]).to_numpy() * expected.slope_at_average
    reach = student.ppf(0.975, np.maximum(contrasts.spare, 1))
    shrunken, se = shrink_family(contrasts.estimate, contrasts.se)
    columns: dict[str, np.ndarray] = {}
    for name, estimate, half in (("", shrunken, reach * se), ("raw_", contrasts.estimate, reach * contrasts.se)):
        columns[f"{name}contrast"] = estimate * step
        columns[f"{name}contrast_lower"] = (estimate - half) * step
        columns[f"{name}contrast_upper"] = (estimate + half) * step
    better, worse = tested.stepped_down
    columns |= {"p_value": tested.p_value, "p_romano_wolf": better, "p_worse": worse}
    return pd.DataFrame(columns | {"p_bh": benjamini_hochberg(tested.p_value)}, index=declared.index)


def _travelling(table: pd.DataFrame, tested: Tested, waves: Waves, labels: pd.Series) -> pd.Series:
    """Of each practice that stands out, the one that it travels with if it shows nothing of its own beside it."""
    found = pd.Series("", index=table.index)
    survivors = [str(name) for name in table.index[stands_out(table) & ~follows_success(table)]]
    if len(survivors) < 2:
        return found
    places, freed = tested.values.columns.get_indexer(pd.Index(survivors)), tested.contrasts.freed
    unit, spent = np.flatnonzero(waves.used.units), freed.basis.shape[1]
    columns = (freed.practices * freed.length)[:, places]
    stack = Stack(freed.response, columns, unit, spent, len(unit) - spent - 1)
    if waves.tell:
        stack = stack.below(waves.within(survivors))
    if tested.clusters is not None:
        group = np.zeros(len(waves.used.units), dtype=int)
        group[unit] = tested.clusters
        stack = stack.grouped(group)
    for gone, other in backward(stack, list(range(len(survivors)))).items():
        found[survivors[gone]] = labels[survivors[other]]
    return found


def _ordered(table: pd.DataFrame) -> pd.DataFrame:
    """The best grade first; of one grade the cheap, then the rare, then the largest contrast."""
    table = table.rename_axis("practice").reset_index()
    told = table["grade"].isin([STRONG, PROMISING])
    keys = pd.DataFrame({
        "grade": rank(table["grade"]), "dear": told & ~table["cost"].le(LITTLE).to_numpy(dtype=bool),
        "common": told & ~table["prevalence_peers"].le(SELDOM), "contrast": -table["contrast"].fillna(-np.inf),
        "unseen": table["note"].eq(""), "name": table["practice"],
    })  # fmt: skip
    order = keys.sort_values(list(keys.columns)).index
    return table.loc[order][COLUMNS].reset_index(drop=True)


def _caveats(table: pd.DataFrame, observations: Observations, used: Used) -> list[str]:
    notes = []
    if (table["grade"].eq(PROMISING) & table["timing"].ne(RISES)).any():
        notes.append("Where timing is unknown, a practice may follow success instead of going before it.")
    dropped = table["p_value"].isna().sum()
    if dropped:
        notes.append(f"{dropped} declared practices could not be tested; the table gives the reasons.")
    if table["evidence"].eq("claimed").any():
        notes.append(
            "Claimed practices are what people say they do; they stand beside the observed ones, never in their place."
        )
    confirm, waves = observations.study.confirm, observations.practices["wave"]
    notes += _waves_apart(observations, in_order(waves.unique(), observations.study.practices.order))
    if confirm and (confirm.units or not used.periods.all() or not waves.isin(used.waves).all()):
        what = "Some units are" if confirm.units else f"What comes from {confirm.start} on is"
        notes.append(f"{what} kept back: what is found here can be confirmed there.")
    return notes


def _waves_apart(observations: Observations, waves: list[str]) -> list[str]:
    """That some of several waves are no periods, so that nobody can tell what came first."""
    every = set(observations.calendar.full())
    apart = [wave for wave in waves if wave not in every]
    if len(waves) < 2 or not apart or observations.study.period is None:
        return []
    several = f"{plural(len(apart), 'Wave', 'Waves')} {listed(map(repr, apart[:MOST_NAMED]))}"
    more = " and others" if len(apart) > MOST_NAMED else ""
    period = observations.study.period.plural
    note = (
        f"{several}{more} of practices {plural(len(apart), 'is', 'are')} none of the {period} of the outcome (such as "
        f"{observations.periods[0]!r}): which came first cannot be told by them."
    )
    return [note]


def _same_people(table: pd.DataFrame, observations: Observations, expected: Expected) -> list[str]:
    """Whether those who rate the outcome also say what is done, so that a way of answering shows in both."""
    asked = observations.codebook["measured_by"].reindex(table["practice"]).eq("survey").to_numpy()
    both = table["label"][(table["evidence"].eq("claimed") | asked) & table["p_value"].notna()]
    if expected.outcome.source != "employees" or both.empty:
        return []
    what = f"{counted(len(both), 'practice')} ({listed(f'“{label}”' for label in both[:MOST_NAMED])})"
    return [f"{capitalised(what)} and the outcome come from the same people; a way of answering shows in both."]
