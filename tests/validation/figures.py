"""The figures as a tidy table, held against the goals, and as pages to read."""

from __future__ import annotations

from pathlib import Path

import pandas as pd

import pdlib
from tests.validation.grid import CELLS, GOALS, SECTIONS

PREFACE = f"""Made by `python -m tests.validation all`, pdlib {pdlib.__version__}; not written by hand. Cells can be run
alone and with other replicates (`--cells`, `--replicates`): the column says how often each ran. Simulated studies with
planted truth; seeds 1, 2, … in every cell; ± is one standard error over replicates. N units, P periods, K practices.

Shares are pooled over replicates, except the false-discovery rate and *not a cause*, which are means over replicates
(0 where nothing is found). *oracle*: the posterior with the true context, spells and variances. *wards*: the second
design, of another shape, on which nothing was tuned. *funnel*: residuals from
straight lines with overdispersed 95 % limits. *OLS residual* names units beyond one SD. *not a cause*: anything but the
planted practices (tag-alongs, reverse causes, hidden ones and halves of a bundle that bring nothing alone included).
*not clear*: on the wrong side of the goal by less than two standard errors."""


def judged(figures: pd.DataFrame) -> pd.DataFrame:
    """Each goal with its figure and verdict.

    A figure on the wrong side of its goal by less than two standard errors is ``not clear``, which is no pass.

    Returns
    -------
    DataFrame
        ``weight`` ("deciding", "further" or "stretch"), ``study``, ``cell``, ``what``, ``goal``, ``figure``, ``se``,
        ``replicates``, ``verdict``.
    """
    known = figures.set_index(["study", "cell", "method", "measure"])
    rows = []
    for goal in GOALS:
        key = (goal.study, goal.cell, goal.method, goal.measure)
        weight = "deciding" if goal.deciding else "stretch" if goal.stretch else "further"
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
    parts = ["# Are the defaults right?", PREFACE, "## Goals that decide"]
    parts.append(_markdown(verdicts[verdicts["weight"] == "deciding"].drop(columns="weight")))
    for weight, title in (
        ("further", "## Further goals"),
        ("stretch", "## Out of reach, or nearly: the stretch goals"),
    ):
        own = verdicts[verdicts["weight"] == weight].drop(columns="weight")
        missed = own[own["verdict"] != "pass"]
        parts += [title, f"{len(own) - len(missed)} of {len(own)} are met. The others:"]
        parts.append(_markdown(missed) if len(missed) else "None.")
    for section in SECTIONS:
        parts.append(f"## {section.title}")
        for measure, heading, methods in section.tables:
            chosen = (figures["study"] == section.study) & (figures["measure"] == measure)
            parts += _section(figures[chosen], heading, methods)
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
