"""The figures as a tidy table, held against the goals, and as pages to read."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import pandas as pd

import pdlib
from tests.validation.designs import CELLS

KINDS = ("mean", "proportion", "rate")
METHODS = ["ours", "oracle", "ours, straight lines", "MixedLM", "raw ranking", "OLS residual", "funnel 95 %"]
PREFACE = f"""Made by `python -m tests.validation all`, pdlib {pdlib.__version__}; not written by hand. Cells can be run
alone and with other replicates (`--cells`, `--replicates`): the column says how often each ran. Simulated studies with
planted truth; seeds 1, 2, … in every cell; ± is one standard error over replicates. N units, P periods, K practices.

Shares are pooled over replicates, except the false-discovery rate and *not a cause*, which are means over replicates
(0 where nothing is found). *oracle*: the posterior with the true context and variances. *funnel*: residuals from
straight lines with overdispersed 95 % limits. *OLS residual* names units beyond one SD. *not a cause*: anything but the
five planted practices (tag-alongs, reverse causes and the halves of the bundle included). *not clear*: on the wrong
side of the goal by less than two standard errors."""
FINDERS = ["Romano–Wolf", "BH", "promising (Romano–Wolf or BH)", "raw top 10 % + BH"]


@dataclass(frozen=True)
class Goal:
    """A measure of one cell that must reach, or not exceed, a bound; or stay within a multiple or margin of another."""

    study: str
    cell: str
    method: str
    measure: str
    relation: str
    bound: float
    over: str = ""
    minus: str = ""
    fewest: int = 1


def _goals() -> list[Goal]:
    named = [f"N=500 P={p} {kind}" for p in (6, 12) for kind in KINDS]
    large = [f"N=5000 P={p} {kind}" for p in (6, 12) for kind in KINDS]
    goals = [Goal("find", cell, "ours", "precision to oracle", ">=", 0.85, fewest=30) for cell in named]
    for cell in [f"N=500 P={p} {kind}" for p in (6, 12) for kind in KINDS]:
        goals.append(Goal("null", cell, "ours", "share confident or likely", "<=", 0.002, fewest=300))
        goals.append(Goal("null", cell, "ours", "runs with a confident unit", "<=", 0.01, fewest=300))
    goals += [
        Goal("practices", "N=500 K=40", "Romano–Wolf", "FDR", "<=", 0.07, fewest=40),
        Goal("practices", "N=500 K=40", "Romano–Wolf", "power", ">=", 0.80, fewest=40),
    ]
    goals += [Goal("find", cell, "ours", "precision to oracle", ">=", 0.95) for cell in large]
    goals += [Goal("find", f"N=500 P=1 {kind}", "ours", "precision to oracle", ">=", 0.90) for kind in KINDS]
    goals += [Goal("find", f"N=50 P=6 {kind}", "ours", "precision to oracle", ">=", 0.62) for kind in KINDS]
    for cell in [*named, *large]:
        goals += [
            Goal("find", cell, "ours", "precision", ">=", 1.6, over="raw ranking"),
            Goal("find", cell, "ours", "precision", ">=", 1.35, over="funnel 95 %"),
            Goal("find", cell, "ours", "claimed minus actual", "<=", 0.06),
            Goal("find", cell, "ours", "coverage", ">=", 0.87),
            Goal("find", cell, "ours", "coverage", "<=", 0.92),
            Goal("find", cell, "ours", "false share", "<=", 0.28 if cell in named else 0.23),
        ]
    goals += [Goal("find", cell, "ours", "calibration error", "<=", 0.01, minus="oracle") for cell in named]
    goals += [
        Goal("find", cell, "ours", "correlation with next period", ">=", 1.5, over="raw ranking") for cell in named
    ]
    goals += [Goal("find", f"N=5000 P=6 {kind}", "ours", "calibration error", "<=", 0.012) for kind in KINDS]
    for cell, ratio, error in (("N=5000", 0.92, 0.012), ("N=500", 0.78, 0.035)):
        step = f"{cell} P=6 mean context=step"
        goals.append(Goal("find", step, "ours", "precision to oracle", ">=", ratio))
        goals.append(Goal("find", step, "ours", "calibration error", "<=", error))
    for cell, power in (("N=200 K=40", 0.25), ("N=500 K=200", 0.70)):
        goals.append(Goal("practices", cell, "Romano–Wolf", "power", ">=", power))
    sizes = [cell.name for cell in CELLS.values() if cell.study == "practices" and "nothing" not in cell.name]
    for cell in sizes:
        if cell != "N=500 K=40":
            goals.append(Goal("practices", cell, "Romano–Wolf", "FDR", "<=", 0.07))
        goals += [
            Goal("practices", cell, "raw contrast", "coverage of true practices", ">=", 0.93),
            Goal("practices", cell, "raw contrast", "coverage of true practices", "<=", 0.98),
            Goal("practices", cell, "shown contrast", "coverage of found true practices", ">=", 0.90),
        ]
    goals += [
        Goal("practices", f"N={n} K=40 nothing matters", "Romano–Wolf", "runs with any finding", "<=", 0.10)
        for n in (200, 500)
    ]
    return goals


GOALS = _goals()
FIRST = 6 + 12 + 2  # the goals that decide; the others are the method's own


def judged(figures: pd.DataFrame) -> pd.DataFrame:
    """Each goal with its figure and verdict.

    A figure on the wrong side of its goal by less than two standard errors is ``not clear``, which is no pass.

    Returns
    -------
    DataFrame
        ``weight`` ("deciding" or "further"), ``study``, ``cell``, ``what``, ``goal``, ``figure``, ``se``,
        ``replicates``, ``verdict``.
    """
    known = figures.set_index(["study", "cell", "method", "measure"])
    rows = []
    for place, goal in enumerate(GOALS):
        key = (goal.study, goal.cell, goal.method, goal.measure)
        weight = "deciding" if place < FIRST else "further"
        if key not in known.index:
            what, bound = f"{goal.method}: {goal.measure}", f"{goal.relation} {goal.bound:g}"
            rows.append([weight, goal.study, goal.cell, what, bound, float("nan"), float("nan"), 0, "not run"])
            continue
        value, se, replicates = known.loc[key, ["value", "se", "replicates"]]
        what = f"{goal.method}: {goal.measure}"
        for other in filter(None, (goal.over, goal.minus)):
            against, its = known.loc[(goal.study, goal.cell, other, goal.measure), ["value", "se"]]
            if goal.over:
                value, se = value / against, (value / against) * ((se / value) ** 2 + (its / against) ** 2) ** 0.5
            else:
                value, se = value - against, (se**2 + its**2) ** 0.5
            what += f" {'over' if goal.over else 'minus'} that of {other}"
        if pd.isna(value):
            continue  # nobody was named, so there is no share of them
        away = value - goal.bound if goal.relation == ">=" else goal.bound - value
        verdict = "pass" if away >= 0 else "not clear" if away > -2 * se else "fail"
        verdict += "" if replicates >= goal.fewest else f" (of {goal.fewest} replicates)"
        rows.append(
            [
                weight,
                goal.study,
                goal.cell,
                what,
                f"{goal.relation} {goal.bound:g}",
                value,
                se,
                int(replicates),
                verdict,
            ]
        )
    columns = ["weight", "study", "cell", "what", "goal", "figure", "se", "replicates", "verdict"]
    return pd.DataFrame(rows, columns=columns).round({"figure": 4, "se": 4})


def stored(path: Path) -> pd.DataFrame:
    """The figures written before; "null" is the name of a study there and no missing value."""
    return pd.read_csv(path, keep_default_na=False, na_values={"value": [""], "se": [""]})


def merged(path: Path, fresh: pd.DataFrame) -> pd.DataFrame:
    """The fresh figures, and those of the cells that were not run again, in the order of the grid."""
    place = {key: number for number, key in enumerate(CELLS)}
    old = stored(path) if path.exists() else fresh[:0]
    ran = set(zip(fresh["study"], fresh["cell"], strict=True))
    kept = [key in place and key not in ran for key in zip(old["study"], old["cell"], strict=True)]
    both = pd.concat([old[kept], fresh], ignore_index=True) if any(kept) else fresh
    order = [place[key] for key in zip(both["study"], both["cell"], strict=True)]
    return both.iloc[pd.Series(order).argsort(kind="stable")].reset_index(drop=True)


def text(figures: pd.DataFrame) -> str:
    """All of it as Markdown."""
    verdicts = judged(figures)
    deciding = verdicts["weight"] == "deciding"
    missed = verdicts[~deciding & (verdicts["verdict"] != "pass")]
    parts = [
        "# Are the defaults right?",
        PREFACE,
        "## Goals that decide",
        _markdown(verdicts[deciding].drop(columns="weight")),
        "## Further goals",
        f"{(~deciding).sum() - len(missed)} of {(~deciding).sum()} are met. The others:",
        _markdown(missed.drop(columns="weight")) if len(missed) else "None.",
    ]
    find = [
        ("precision", "Share of the top 10 % that is truly there", METHODS),
        ("precision to oracle", "The same, relative to the oracle", [m for m in METHODS if m != "oracle"]),
        ("claimed minus actual", "Claimed minus actual share among units claimed more likely than not", METHODS[:4]),
        ("calibration error", "Calibration error (10 bins)", METHODS[:4]),
        ("coverage", "Coverage of 90 % intervals", METHODS[:4]),
        ("share named", "Share of units named", METHODS),
        ("false share", "Share of the named that is false", METHODS),
        ("correlation with next period", "Correlation with the next period's adjusted level", METHODS),
        ("far units in the top list", "Share of the top 10 % that lies far out (4 % of units do)", METHODS),
        ("precision among far units", "Share of those that is truly there", METHODS),
    ]
    null = [
        ("share confident", "Share of units named confident", METHODS),
        ("share confident or likely", "Share of units confident or likely", METHODS),
        ("runs with a confident unit", "Share of runs that name anybody", METHODS),
        ("share named", "Share of units that the usual rules name", METHODS),
    ]
    practices = [
        ("power", "Share of the five planted practices found", FINDERS),
        ("FDR", "False-discovery rate (noise, confounded, halves of the bundle)", FINDERS),
        ("not a cause", "Share of the found that is not a cause", FINDERS),
        ("share of tag_along found", "Share of tag-alongs found", FINDERS),
        ("share of reverse found", "Share of reverse causes found", FINDERS),
        ("share of confounded found", "Share of confounded practices found", FINDERS),
        ("runs with any finding", "Nothing matters: share of runs with any finding", FINDERS),
        ("coverage of true practices", "Coverage of 95 % intervals, all planted practices", ["raw contrast"]),
        ("coverage of found true practices", "The same among the found, as shown", ["shown contrast"]),
        ("found over true size", "Size among the found over true size", ["raw contrast", "shown contrast"]),
    ]
    for study, title, listing in (
        ("find", "Finding deviants", find),
        ("null", "Nobody deviates", null),
        ("practices", "Comparing practices", practices),
    ):
        parts.append(f"## {title}")
        for measure, heading, methods in listing:
            parts += _section(figures[(figures["study"] == study) & (figures["measure"] == measure)], heading, methods)
    return "\n\n".join(parts) + "\n"


def _section(rows: pd.DataFrame, heading: str, methods: list[str]) -> list[str]:
    if rows.empty:
        return []
    shown = rows.assign(text=[f"{value:.3f} ± {se:.3f}" for value, se in zip(rows["value"], rows["se"], strict=True)])
    shown.loc[shown["value"].isna(), "text"] = "none named"
    wide = shown.pivot_table(index="cell", columns="method", values="text", aggfunc="first", sort=False)
    wide = wide[[method for method in methods if method in wide.columns]].fillna("")
    runs = rows.groupby("cell", sort=False)["replicates"].max()
    return [f"### {heading}", _markdown(wide.assign(replicates=runs).reset_index())]


def _markdown(table: pd.DataFrame) -> str:
    lines = [list(map(str, table.columns)), ["---"] * len(table.columns)]
    lines += [[str(cell) for cell in row] for row in table.itertuples(index=False)]
    return "\n".join("| " + " | ".join(line) + " |" for line in lines)
