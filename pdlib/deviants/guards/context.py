"""Guards on the context: too little support, too much adjustment, bends that lines miss, what is not declared."""

from __future__ import annotations

import numpy as np
import pandas as pd

from pdlib.deviants.guards.guard import Ground, Guard, graded, not_checked
from pdlib.expected import FEW_UNITS
from pdlib.expected.grid import alike
from pdlib.show.formats import number, share
from pdlib.show.wording import capitalised, listed, plural
from pdlib.stats.foretold import foretold_share
from pdlib.stats.panel import apart

FAR_SHARE = 0.25
FORETOLD = 0.2
STAYS = 0.5
BENT = 0.15
SAMPLE = 2000
CLEARLY, APART = 0.001, 0.25
MOST = 0.75


def support(ground: Ground) -> tuple[Guard, pd.DataFrame]:
    """Whether others share the context of those who lead, or their expectation is extrapolated.

    A unit lacks support if its leverage is above three times the mean, or if its nearest neighbour in context and size
    lies further off than that of 99 % of units. Both limits are conventions.
    """
    table, units = ground.table, ground.study.unit
    leading = table[table["p_top"] >= 0.5]
    if not ground.expected.grid.conditions or not len(leading):
        none = not ground.expected.grid.conditions
        why = "no context is taken into account" if none else "nobody stands out"
        return not_checked("support", why), _supported(ground, leading, np.inf)
    sample = table["unit"].iloc[:: max(1, len(table) // SAMPLE)]
    usual = float(np.quantile(_nearest(ground, sample), 0.99))
    frame = _supported(ground, leading, usual)
    far = frame[~frame["supported"]]
    value = len(far) / len(leading)
    if not len(far):
        sentence = f"Every leading {units.singular} has others that share its context."
    else:
        out = listed(dict.fromkeys(far["condition"].replace("", np.nan).dropna()))
        have, where = plural(len(far), "has", "have"), f" (furthest out in {out})" if out else ""
        sentence = (
            f"{len(far)} of {len(leading)} leading {units.plural} {have} a context that few others share{where}: "
            "what is expected there is drawn on from afar."
        )
    level = graded(value, 0.0, FAR_SHARE)
    return Guard("support", level, sentence, value, 0.0, ground.labels(far["unit"].to_numpy())), frame


def _supported(ground: Ground, leading: pd.DataFrame, usual: float) -> pd.DataFrame:
    frame = leading[["unit", "label", "leverage", "supported"]].reset_index(drop=True)
    frame["distance"] = _nearest(ground, frame["unit"])
    frame["supported"] = frame["supported"].astype(bool) & (frame["distance"] <= usual)
    numeric = ground.numeric
    frame["condition"] = ""
    if numeric.shape[1] and len(frame):
        spread = numeric.std(axis=0)
        away = np.abs(numeric - numeric.mean(axis=0)) / np.where(spread > 0, spread, np.inf)
        rows = ground.expected.grid.units.get_indexer(pd.Index(frame["unit"]))
        frame["condition"] = [ground.condition(int(column)) for column in away[rows].argmax(axis=1)]
    return frame[["unit", "label", "supported", "leverage", "distance", "condition"]]


def _nearest(ground: Ground, units: pd.Series) -> np.ndarray:
    """Distance of each unit to its nearest neighbour, in blocks that stay small."""
    every = ground.expected.grid.units
    every = every[:: max(1, len(every) // (10 * SAMPLE))]
    nearest = np.empty(len(units))
    for start in range(0, len(units), 200):
        block = units.to_numpy()[start : start + 200]
        gaps = ground.deviants.distance(list(block), list(every))
        gaps[block[:, None] == every.to_numpy()] = np.inf
        nearest[start : start + 200] = gaps.min(axis=1)
    return nearest


def foretold(ground: Ground) -> pd.DataFrame:
    """How well the context foretells each practice, and which condition does so most by itself."""
    observations, expected = ground.expected.observations, ground.expected
    columns = ["practice", "label", "explained_share", "condition", "condition_share", "suspicious"]
    if observations.practices.empty or not expected.grid.conditions:
        return pd.DataFrame(columns=columns)
    values = observations.practices.pivot_table(index="unit", columns="practice", values="value", observed=True)
    rows = [_foretold(ground, str(name), column) for name, column in values.reindex(expected.grid.units).items()]
    frame = pd.DataFrame(rows, columns=columns)
    return frame.sort_values("explained_share", ascending=False, ignore_index=True, kind="stable")


def overadjustment(ground: Ground, frame: pd.DataFrame) -> Guard:
    """Whether the context foretells practices so well that counting it takes away what is looked for.

    Parameters
    ----------
    ground : Ground
    frame : DataFrame
        As `foretold` has it, with ``stays_share``: share of the named who stay listed without that condition.
    """
    name = "over-adjustment"
    if not len(frame):
        none = not ground.expected.grid.conditions
        return not_checked(name, "no context is taken into account" if none else "the study has no practices")
    most, found = frame.iloc[0], frame[frame["suspicious"]]
    value = float(most["explained_share"])
    if not len(found):
        sentence = (
            f"The context foretells none of {len(frame)} practices by more than {share(FORETOLD)}: counting it hides "
            "little of them."
        )
        return Guard(name, "fine", sentence, value, FORETOLD)
    sentence = (
        f"The context foretells {len(found)} of {len(frame)} practices by more than {share(FORETOLD)}, most of all "
        f"“{most['label']}” ({share(value)}): where such a practice pays, counting the context hides part of it."
    )
    least = found.sort_values("stays_share").iloc[0]
    if np.isfinite(least["stays_share"]):
        sentence += f" Without {least['condition']}, {share(least['stays_share'])} of the {ground.who} stay listed."
    return Guard(name, "warn" if least["stays_share"] < STAYS else "look", sentence, value, FORETOLD)


def _foretold(ground: Ground, name: str, column: pd.Series) -> list[object]:
    """One practice: how much of it the context foretells, and the condition that does so most by itself."""
    expected = ground.expected
    response, features = column.to_numpy(dtype=float), expected.fit.features[:, 1:]
    value = foretold_share(features, response)
    label, suspicious = expected.observations.codebook.loc[name, "label"], value > FORETOLD
    if not suspicious:
        return [name, label, value, "", np.nan, False]
    owners = expected.fit.basis.owners[1:]
    alone = [
        foretold_share(features[:, [k for k, own in enumerate(owners) if own == (c,)]], response)
        for c in range(len(expected.grid.conditions))
    ]
    best = int(np.argmax(alone))
    return [name, label, value, ground.condition(best), alone[best], True]


def bends(ground: Ground, straight: float, smooth: float) -> Guard:
    """Whether straight lines leave much more lasting difference than smooth bends do.

    Parameters
    ----------
    ground : Ground
    straight, smooth : float
        Lasting variance left by straight lines and by smooth bends; NaN where it was not worked out.
    """
    form, units = ground.expected.settings["form"], ground.study.unit.plural
    if not np.isfinite(straight + smooth) or len(ground.table) < FEW_UNITS:
        few = form != "none" and len(ground.table) < FEW_UNITS
        why = (
            f"fewer than {FEW_UNITS} {units} cannot tell a bend from a line"
            if few
            else "no context is taken into account"
        )
        return not_checked("bends", why)
    fall = 1 - smooth / straight if straight > 0 else 0.0
    if fall <= BENT:
        sentence = "Straight lines account for the context nearly as well as smooth bends: its form is no worry."
        return Guard("bends", "fine", sentence, fall, BENT)
    misleads = "would mislead" if form == "smooth" else "misleads"
    ours = "Bends are allowed for here" if form == "smooth" else "This list uses straight lines"
    sentence = (
        f"The context is not straight: bends account for {share(fall)} of the lasting differences that straight lines "
        f"leave. {ours}; a league table adjusted by straight lines {misleads}."
    )
    return Guard("bends", "look" if form == "smooth" else "warn", sentence, fall, BENT)


def together(ground: Ground) -> Guard:
    """Whether groups of units move over the periods each in their own way, and the study does not say so."""
    name, expected, study = "groups over time", ground.expected, ground.study
    fit, grid, period = expected.fit, expected.grid, study.period
    if period is None or len(grid.seen) < 3:
        return not_checked(name, "there are fewer than 3 periods")
    groupings = {str(study.unit.region): "region", str(study.unit.nested_in): "nested_in"}
    columns = {
        word: expected.observations.units[own] for word, own in groupings.items() if own in expected.observations.units
    }
    for place, item in enumerate(item for item in grid.conditions if item.kind == "category"):
        columns[item.name] = pd.Series(grid.usual_levels[:, place], index=grid.units)
    columns.pop(str(period.varies_by), None)
    rest = np.nan_to_num(ground.cells[0])
    tested = []
    for word, column in columns.items():
        codes, levels, _ = alike(column.reindex(grid.units))
        f, p, spread = apart(rest, fit.collapsed.weights, codes) if len(levels) > 1 else (np.nan, np.nan, np.nan)
        if np.isfinite(f):
            tested.append((p * len(columns), spread, word))
    if not tested:
        return not_checked(name, "no groups of ten or more units are declared")
    clear = [(spread, word) for p, spread, word in tested if p < CLEARLY]
    spread, word = max(clear, default=(0.0, tested[0][2]))
    value = spread / float(fit.residual.std())
    size = expected.outcome.format.size(spread * expected.slope_at_average)
    if value <= APART:
        return Guard(name, "fine", f"Groups of {study.unit.plural} move alike over the {period.plural}.", value, APART)
    sentence = (
        f"{capitalised(study.unit.plural)} of different “{word}” move over the {period.plural} each in their own way "
        f"({size}, SD): what one group goes through together is held against its {study.unit.plural}. Declare "
        f'varies_by = "{word}" under [period].'
    )
    return Guard(name, graded(value, APART, 2 * APART), sentence, value, APART)


def hidden(ground: Ground) -> tuple[Guard, pd.DataFrame]:
    """How strong an undeclared condition would have to be to explain a named unit's excess.

    It would have to take δ = (m − q)/B off the unit's excess to bring its shrunken excess m to the threshold q of the
    top share, B being the share that is not noise. Beside it stands what declared conditions are worth where they are
    kind. See Cinelli & Hazlett (2020), doi:10.1111/rssb.12348, for benchmarks by observed conditions.
    """
    expected, fit, rows = ground.expected, ground.expected.fit, ground.positions
    frame = ground.named[["unit", "label", "group"]].reset_index(drop=True)
    kept = fit.persistent_variance / np.maximum(fit.persistent_variance + fit.noise[rows], 1e-300)
    need = np.zeros(len(fit.expected))
    need[rows] = (fit.effect[rows] - ground.deviants.threshold) / np.maximum(kept, 1e-12)
    moved = fit.on_outcome_scale(fit.expected + need, expected.grid.n) - fit.on_outcome_scale(
        fit.expected, expected.grid.n
    )
    frame["needed"] = expected.outcome.sign * moved[rows]
    worth = ground.worth
    known = len(worth) > 0 and float(worth.max()) > 0
    frame["condition"] = ground.condition(int(worth.argmax())) if known else ""
    frame["multiple"] = need[rows] / worth.max() if known else np.nan
    frame["n_as_strong"] = (worth >= need[rows][:, None]).sum(axis=1)
    if not len(frame):
        return not_checked("hidden condition", "nobody is listed"), frame
    if not known:
        return not_checked(
            "hidden condition", "no declared condition bears on the outcome, so there is none to compare with"
        ), frame
    return _hidden_guard(ground, frame), frame


def _hidden_guard(ground: Ground, frame: pd.DataFrame) -> Guard:
    """The word on the middle one of the named: how many declared conditions are strong enough."""
    middle = frame.sort_values("multiple").iloc[(len(frame) - 1) // 2]
    count, strong = len(ground.worth), int(middle["n_as_strong"])
    size = ground.expected.outcome.format.size(middle["needed"])
    sentence = (
        f"To explain away a typical one of the {ground.who}, a condition that nobody declared would have to be worth "
        f"{size} there: {number(middle['multiple'], 1)} times what {middle['condition']} is worth where it is kind; "
        f"{strong} of {count} declared conditions {plural(strong, 'is', 'are')} that strong."
    )
    weak = frame[frame["n_as_strong"] > MOST * count]
    value = strong / count
    return Guard(
        "hidden condition",
        "look" if value > MOST else "fine",
        sentence,
        value,
        MOST,
        ground.labels(weak["unit"].to_numpy()),
    )
