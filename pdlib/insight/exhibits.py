"""What the page shows: cards, figures with their descriptions, and the tables behind them."""

from __future__ import annotations

import numpy as np
import pandas as pd

from pdlib.deviants import LuckCheck, Twin
from pdlib.insight.facts import Facts
from pdlib.insight.words import QUESTION, chances, condition, ranged
from pdlib.practices import STRONG, Practices
from pdlib.show import Html, Side, figure, figures, table, twin_card
from pdlib.show.formats import count, share
from pdlib.show.wording import capitalised, counted, plural

MOST_CONDITIONS = 3
MOST_LABELS = 9
MOST_PRACTICES = 8


def pair_card(facts: Facts, pair: Twin) -> Html:
    """A bright spot beside its twin: whom to call and what to ask."""
    show, period, name = facts.show, facts.observations.study.period, facts.name(pair.unit)
    first, second = (row for _, row in pair.table.iterrows())
    over = f", over {count(first['n_periods'])} {period.plural}" if period else ""
    return twin_card(
        _side(facts, "Bright spot", name, first),
        _side(facts, "Its nearest twin", facts.name(pair.peer), second),
        difference=f"{capitalised(show.label)}: {show.more(pair.difference)}",
        difference_range=f"{show.more_range(pair.lower, pair.upper)}{over}, luck allowed for",
        does=facts.only_first(pair),
        call=name,
        ask=QUESTION,
    )


def _side(facts: Facts, heading: str, name: str, row: pd.Series) -> Side:
    size = f"{count(row['exposure'] / row['n_periods'])} {facts.outcome.exposure_label}{facts.a_period}"
    items = sorted(facts.deviants.expected.grid.conditions, key=lambda item: item.kind)[:MOST_CONDITIONS]
    conditions = [condition(item, row[item.name]) for item in items]
    return Side(heading, name, facts.show.value(row["observed"]), f"{facts.outcome.label} · {size}", conditions)


def funnel(facts: Facts) -> Html:
    """All units by size and by outcome given the same means, the bright spots marked."""
    show, unit, outcome, found = facts.show, facts.unit, facts.outcome, len(facts.bright)
    adjusted, limits = facts.deviants.adjusted(), facts.deviants.funnel_limits()
    each = adjusted["n_periods"].median()
    scaled, limits = (frame.assign(exposure=frame["exposure"] / each) for frame in (adjusted, limits))
    labels = {name: facts.name(name) for name in facts.bright.index[:MOST_LABELS]}
    size = f"{outcome.exposure_label}{facts.a_period}"
    title = "Everyone lies where size and luck would put them"
    if found:
        title = f"{capitalised(counted(found, unit.singular, unit.plural))} {plural(found, 'stands', 'stand')} out"
    low, high = (show.value(limits[name].iloc[-1]) for name in ("lower95", "upper95"))
    return figure(
        lambda ax: figures.funnel(
            scaled, limits, labels=labels, highlighted=facts.bright.index, exposure_label=size, value_format=show.tick,
            ax=ax,
        ),
        title=title,
        subtitle=f"{capitalised(outcome.label)} by {unit.singular}, same means, {facts.span}. "
        f"Lines: where 95 and 99.8 in 100 ordinary {unit.plural} would lie.",
        description=f"Funnel of {len(adjusted)} {unit.plural}: {outcome.label} given the same means, over the {size}. "
        f"Most lie between {low} and {high} at the large end. {found} marked as bright spots.",
        tips=_tips(facts),
        table=_bright_table(facts) if found else None,
    )  # fmt: skip


def dots(facts: Facts) -> Html | None:
    """Each bright spot with its range; nothing if there is none."""
    if facts.bright.empty:
        return None
    show = facts.show
    rows = facts.bright.assign(label=[facts.name(unit) for unit in facts.bright.index])
    best, worst = rows["shrunken_excess"].max(), rows["shrunken_excess"].min()
    return figure(
        lambda ax: figures.dots(
            rows, value="shrunken_excess", lower="shrunken_excess_lower", upper="shrunken_excess_upper",
            value_format=show.difference, value_label=f"{show.unit} better than expected", ax=ax,
        ),
        title=f"Each bright spot is better by {show.excess(worst).lstrip('+')} or more",
        subtitle=f"{capitalised(show.label)}, better than expected from its means; lines: range, nine times in ten",
        description=f"Dot plot of {len(rows)} bright spots: better than expected by {show.excess_between(worst, best)} "
        f"{show.unit}, each with its range.",
        tips=_tips(facts),
    )  # fmt: skip


def _tips(facts: Facts) -> dict[str, str]:
    return {str(unit): f"{facts.name(str(unit))}: {_better(facts, row)}" for unit, row in facts.bright.iterrows()}


def _better(facts: Facts, row: pd.Series) -> str:
    show = facts.show
    between = show.excess_between(row["shrunken_excess_lower"], row["shrunken_excess_upper"])
    return (
        f"{show.value(row['observed'])}, expected {show.value(row['expected'])}; "
        f"better by {show.size(row['shrunken_excess'])} ({between})"
    )


def _bright_table(facts: Facts) -> Html:
    show = facts.show
    bounds = ["shrunken_excess", "shrunken_excess_lower", "shrunken_excess_upper"]
    rows = facts.bright.assign(
        name=[facts.name(unit) for unit in facts.bright.index],
        better=[ranged(show, *values) for values in facts.bright[bounds].to_numpy()],
    )
    columns = {
        "name": (capitalised(facts.unit.singular), None),
        "exposure": (capitalised(facts.outcome.exposure_label), count),
        "expected": ("Expected", show.value),
        "observed": ("Observed", show.value),
        "better": (f"Better by, {show.unit}", None),
        "p_top": ("Real?", chances),
    }
    return table(rows, caption="Bright spots and how likely each is to be real", columns=columns, row_header="name")


def told(facts: Facts, practices: Practices) -> pd.DataFrame:
    """What the forest shows: promising practices first, then paid programmes, then the strongest of the rest."""
    rows = practices.table
    rows = rows[rows["contrast"].notna() & rows["evidence"].eq("observed")]
    keys = {
        "grade": ~rows["practice"].isin(facts.promising["practice"]), "strong": ~rows["grade"].eq(STRONG),
        "programme": ~rows["programme"].astype(bool), "size": -rows["contrast"],
    }  # fmt: skip
    return rows.loc[pd.DataFrame(keys).sort_values(list(keys)).index[:MOST_PRACTICES]]


def forest(facts: Facts, practices: Practices, rows: pd.DataFrame) -> Html:
    """The practices told, each with the difference tied to it."""
    show, first = facts.show, rows.iloc[0]
    promising = int(rows["practice"].isin(facts.promising["practice"]).sum())
    return figure(
        lambda ax: figures.forest(
            rows, difference_format=show.difference_tick, value_label=f"{show.unit}, same means", ax=ax
        ),
        title=f"{capitalised(counted(promising, 'practice'))} {plural(promising, 'goes', 'go')} with better results",
        subtitle=f"Difference tied to each practice with its range; {practices.family_size} tested together. "
        f"Filled: bright spots, open: comparable {facts.unit.plural}",
        description=f"{len(rows)} practices; {first['label']} goes with {show.more(first['contrast'])} "
        f"({show.more_between(first['contrast_lower'], first['contrast_upper'])}). Grades are beside each.",
        table=practice_table(facts, rows),
    )


def practice_table(facts: Facts, rows: pd.DataFrame) -> Html:
    """Practices with their grades, who does them and what goes with them."""
    bounds = rows[["contrast", "contrast_lower", "contrast_upper"]].to_numpy()
    difference = [ranged(facts.show, *values) if np.isfinite(values[0]) else "not compared" for values in bounds]
    columns = {
        "label": ("Practice", None),
        "grade": ("Grade", None),
        "prevalence_deviants": ("Bright spots", share),
        "prevalence_peers": (f"Comparable {facts.unit.plural}", share),
        "difference": (f"Difference, {facts.show.unit}", None),
        "n_units": (f"{capitalised(facts.unit.plural)} that answered", count),
    }
    shown = rows.assign(difference=difference)
    return table(shown, caption="Practices, who does them and what goes with them", columns=columns, row_header="label")


def luck_chart(facts: Facts, luck: LuckCheck, description: str) -> Html:
    """The league table's lead and ours, earlier against later."""
    return figure(
        lambda ax: figures.luck(luck.units, value_format=facts.show.excess, ax=ax),
        title="A league table’s lead fades; a fair list holds",
        subtitle=f"Lead over what is usual, {luck.span[0]} to {luck.span[1]} against {luck.span[2]} to {luck.span[3]}",
        description=description,
    )
