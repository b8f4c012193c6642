"""What the page shows: cards, figures with their descriptions, and the tables behind them."""

from __future__ import annotations

import numpy as np
import pandas as pd

from pdlib.deviants import LuckCheck, Twin
from pdlib.insight.facts import Facts
from pdlib.insight.words import QUESTION, chances, condition
from pdlib.practices import FOLLOWS, PROMISING, STRONG, Practices
from pdlib.show import Html, Side, figure, figures, practice_card, table, twin_card
from pdlib.show.formats import count, share, span_name
from pdlib.show.html import visible
from pdlib.show.wording import capitalised, counted, in_words, plural

MOST_LABELS = 40
FADED = "A league table’s lead is mostly means and luck; ours holds"
MOST_PRACTICES = 8
MOST_PROMISING = 5
MOST_OF_A_NAME = 80
BETTER = "better (+) or worse (−) than its means lead one to expect"
CAPTION = "Practices, who does them and what goes with them"


def pair_card(facts: Facts, pair: Twin) -> Html:
    """A bright spot beside its twin: whom to call and what to ask."""
    show, name = facts.show, facts.name(pair.unit)
    left, between = show.more(pair.difference), show.more_range(pair.lower, pair.upper)
    first, second = (row for _, row in pair.table.iterrows())
    gap = show.more(facts.outcome.sign * (first["observed"] - second["observed"]))
    return twin_card(
        _side(facts, "Bright spot", name, first),
        _side(facts, "Its twin", facts.name(pair.peer), second),
        value_label=show.measure,
        difference=capitalised(gap),
        difference_range=between if left == gap else "",
        remark="luck taken out" if left == gap else f"{left} ({between}) with luck taken out",
        does=facts.only_first(pair),
        ask=QUESTION,
    )


def _side(facts: Facts, heading: str, name: str, row: pd.Series) -> Side:
    alike = dict(condition(item, row[item.name]) for item in facts.conditions)
    alike[f"{capitalised(facts.outcome.exposure_label)}{facts.a_period}"] = count(row["exposure"] / row["n_periods"])
    level, hidden = _alone(facts, row["observed"]), facts.hidden_of(row["unit"])
    period = facts.observations.study.period
    if period and facts.deviants.table["n_hidden"].any():
        alike[f"{capitalised(period.plural)} hidden"] = count(hidden)
    return Side(heading, name, f"about {level}" if hidden else level, alike)


def _alone(facts: Facts, value: float) -> str:
    """A value beside the label that says its unit."""
    return facts.show.bare(value) if facts.outcome.kind == "rate" else facts.show.value(value)


def funnel(facts: Facts) -> Html:
    """All units by size and by outcome given the same means, the bright spots marked."""
    show, unit, outcome, found = facts.show.full, facts.unit, facts.outcome, len(facts.bright)
    scaled, limits = against_expected(facts)
    labels = {name: facts.name(name) for name in facts.bright.index[:MOST_LABELS]}
    size = facts.size_label
    low, high = (show.excess(limits[name].iloc[-1]) for name in ("lower95", "upper95"))
    ahead = int(beyond(scaled, limits)[scaled["unit"].isin(facts.bright.index)].eq("ahead").sum())
    marked = f"{found} marked as bright spots, {ahead} of them beyond the inner lines."
    return figure(
        lambda ax: figures.funnel(
            scaled, limits, labels=labels, highlighted=facts.bright.index, exposure_label=size,
            centre_label="expected", value_format=show.difference_tick, ax=ax,
        ),
        title=_funnel_title(found, ahead) if found else "; ".join(outside(facts)),
        subtitle=f"{capitalised(show.measure)} by {unit.singular}: {BETTER}{counted_in(facts)}{facts.in_span}. "
        f"Lines: where 95 and 99.8 in 100 ordinary {unit.plural} would lie",
        description=f"Funnel of {len(scaled)} {unit.plural}: {outcome.label}, {BETTER}, over the {size}. "
        f"Most lie between {low} and {high} at the large end. {marked if found else 'None is marked.'}",
        tips=_tips(facts),
        table=_bright_table(facts) if found else _sizes_table(facts, scaled),
    )  # fmt: skip


def counted_in(facts: Facts) -> str:
    """The words ", in points" where the measure does not say it by itself."""
    return "" if facts.outcome.kind == "rate" else f", in {facts.show.unit}"


def against_expected(facts: Facts) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Units, and the limits of ordinary ones, over their size: by how much they are better than expected."""
    units, limits = facts.deviants.table, facts.deviants.funnel_limits()
    units = units[facts.enough(units["exposure"])]
    each = facts.periods_each
    from_centre = limits.drop(columns="exposure").sub(limits["centre"], axis=0) * facts.outcome.sign
    if facts.outcome.sign < 0:
        turned = {"lower95": "upper95", "upper95": "lower95", "lower998": "upper998", "upper998": "lower998"}
        from_centre = from_centre.rename(columns=turned)
    return (
        units.assign(adjusted=units["excess"], exposure=units["exposure"] / each),
        from_centre.assign(exposure=limits["exposure"] / each),
    )


def outside(facts: Facts) -> tuple[str, str]:
    """How many lie outside the lines that 95 in 100 ordinary units keep within, and how many luck would put there."""
    scaled, limits = against_expected(facts)
    out = int(beyond(scaled, limits).ne("").sum())
    lie = plural(out, "lies", "lie")
    return f"{out} of {len(scaled)} {lie} outside the inner lines", f"{round(0.05 * len(scaled))} would be usual"


def beyond(units: pd.DataFrame, limits: pd.DataFrame) -> pd.Series:
    """Where each unit lies beyond the lines that 95 in 100 ordinary ones keep within: "ahead", "behind" or ""."""
    order = limits.sort_values("exposure")
    low, high = (np.interp(units["exposure"], order["exposure"], order[side]) for side in ("lower95", "upper95"))
    sides = np.select([units["adjusted"] > high, units["adjusted"] < low], ["ahead", "behind"], default="")
    return pd.Series(sides, index=units.index)


def _funnel_title(found: int, beyond: int) -> str:
    who = f"{in_words(beyond)} of {in_words(found)}"
    if beyond == found:
        who = "both" if found == 2 else f"all {in_words(found)}" if found > 1 else in_words(found)
    return (
        f"{capitalised(who)} bright {plural(found, 'spot', 'spots')} {plural(beyond, 'lies', 'lie')} "
        "beyond where luck usually ends"
    )


def dots(facts: Facts) -> Html | None:
    """Each bright spot with its range; nothing if there is none."""
    if facts.bright.empty:
        return None
    show = facts.show.full
    rows = facts.bright.assign(label=[facts.name(unit) for unit in facts.bright.index])
    best, worst = rows["shrunken_excess"].max(), rows["shrunken_excess"].min()
    ahead = "Each is ahead even at the low end of its range"
    if len(rows) == 1 and rows["shrunken_excess_lower"].min() > 0:
        ahead = "It is ahead even at the low end of its range"
    elif rows["shrunken_excess_lower"].min() <= 0:
        ahead = f"The best is ahead by {show.size(best)}, the others by less"
    return figure(
        lambda ax: figures.dots(
            rows, value="shrunken_excess", lower="shrunken_excess_lower", upper="shrunken_excess_upper",
            value_format=show.difference, tick_format=show.difference_tick,
            value_label=f"better (+) than expected, {show.unit}", ax=ax,
        ),
        title=ahead,
        subtitle=f"{capitalised(show.measure)}, better than expected from its means{facts.in_span}. "
        "Lines: the range, nine times in ten",
        description=f"Dot plot of {counted(len(rows), 'bright spot')}: better than expected by "
        f"{show.size(best) if len(rows) == 1 else show.excess_between(worst, best) + ' ' + show.unit}, with its range.",
        tips=_tips(facts),
    )  # fmt: skip


def _tips(facts: Facts) -> dict[str, str]:
    return {
        str(unit): f"{visible(facts.name(str(unit)), limit=MOST_OF_A_NAME)}: {_better(facts, row)}"
        for unit, row in facts.bright.iterrows()
    }


def _better(facts: Facts, row: pd.Series) -> str:
    show = facts.show
    between = show.excess_between(row["shrunken_excess_lower"], row["shrunken_excess_upper"])
    level = facts.about(row["unit"], show.value(row["observed"]))
    return f"{level}; better than expected by {show.lead(row['shrunken_excess'])} ({between})"


def _bright_table(facts: Facts) -> Html:
    show = facts.show
    bounds = ["shrunken_excess", "shrunken_excess_lower", "shrunken_excess_upper"]
    rows = facts.bright.assign(
        name=[facts.name(unit) for unit in facts.bright.index],
        level=[facts.about(str(unit), _alone(facts, level)) for unit, level in facts.bright["observed"].items()],
        better=[show.ranged(*values) for values in facts.bright[bounds].to_numpy()],
    )
    columns = {
        "name": (capitalised(facts.unit.singular), None),
        "exposure": (capitalised(facts.outcome.exposure_label), count),
        "level": (capitalised(show.measure), None),
        "better": (f"Better (+) than expected, {show.full.unit} (range)", None),
        "p_top": ("Real?", lambda p: chances(p).replace(" ", "\N{NO-BREAK SPACE}")),
    }
    return table(rows, caption="Bright spots and how likely each is to be real", columns=columns, row_header="name")


def _sizes_table(facts: Facts, units: pd.DataFrame) -> Html:
    """Where units of each size lie, given the same means: the numbers of a funnel that names nobody."""
    show, size = facts.show, facts.size_label
    bands = pd.qcut(units["exposure"], 4, duplicates="drop")
    low, high = (units.groupby(bands, observed=True)["adjusted"].quantile(at) for at in (0.05, 0.95))
    rows = pd.DataFrame({
        "size": [f"up to {count(band.right)} {size}" for band in low.index],
        "units": units.groupby(bands, observed=True).size().to_numpy(),
        "between": [show.excess_between(a, b) for a, b in zip(low, high, strict=True)],
    })  # fmt: skip
    columns = {
        "size": ("Size", None), "units": (capitalised(facts.unit.plural), count),
        "between": (f"Nine in ten lie between (better (+) or worse (−) than expected, {show.full.unit})", None),
    }  # fmt: skip
    return table(rows, caption=f"Where {facts.unit.plural} lie by size", columns=columns, row_header="size")


def told(facts: Facts, practices: Practices) -> pd.DataFrame:
    """What the forest shows: the surest of the promising, then what follows success, paid programmes, the rest.

    ``prevalence_deviants`` is there the share of bright spots, counted one by one.
    """
    rows = practices.table
    rows = rows[rows["contrast"].notna() & rows["evidence"].eq("observed")]
    first = facts.promising["practice"].head(MOST_PROMISING)
    rows = rows[~rows["practice"].isin(facts.promising["practice"].iloc[MOST_PROMISING:])]
    keys = {
        "promising": ~rows["practice"].isin(first), "plain": ~rows["grade"].eq(STRONG),
        "follows": ~rows["grade"].eq(FOLLOWS),
        "programme": ~rows["programme"].astype(bool), "size": -rows["contrast"],
    }  # fmt: skip
    return counted_here(facts, rows.loc[pd.DataFrame(keys).sort_values(list(keys)).index[:MOST_PRACTICES]])


def counted_here(facts: Facts, rows: pd.DataFrame) -> pd.DataFrame:
    """The practices with the share of bright spots, and of no others, that do each; no share of a few.

    What is not found shows its plain contrast, that of the programmes: only finds are chosen, and flattered by it.
    """
    counts = [facts.doers(name) for name in rows["practice"]]
    shares = [done / asked if asked >= facts.fewest_spots else np.nan for done, asked in counts]
    rows = rows.assign(prevalence_deviants=shares)
    chosen = rows["grade"].isin([STRONG, PROMISING])
    ends = ["contrast", "contrast_lower", "contrast_upper"]
    return rows.assign(**{end: rows[end].where(chosen, rows[f"raw_{end}"]) for end in ends})


def forest(facts: Facts, practices: Practices, rows: pd.DataFrame) -> Html:
    """The practices told, each with the difference tied to it."""
    show, first, found = facts.show, rows.iloc[0], len(facts.promising)
    drawn = min(found, MOST_PROMISING)
    others = f", then {in_words(len(rows) - drawn)} others to compare with" if len(rows) > drawn else ""
    some = f" Here are the surest {in_words(drawn)}{others}." if found and (found > drawn or others) else ""
    return figure(
        lambda ax: figures.forest(rows, difference_format=show.difference_tick, value_label=show.axis, ax=ax),
        title=f"{capitalised(counted(found, 'practice'))} {plural(found, 'goes', 'go')} with better results",
        subtitle=f"Difference in {show.measure} tied to each practice, {show.sides}, given the same means, with its "
        f"range; {practices.family_size} were compared together.{some}",
        description=f"{len(rows)} practices drawn; {first['label']} goes with {show.more(first['contrast'])} "
        f"({show.more_between(first['contrast_lower'], first['contrast_upper'])}). Grades are beside each.",
        table=practice_table(facts, rows),
    )


def try_card(facts: Facts, practices: Practices, row: pd.Series) -> Html:
    """A promising practice on a card to carry: who does it, what goes with it, whom to ask."""
    name = str(row["practice"])
    entry, (done, asked) = facts.observations.codebook.T[name], facts.doers(name)
    doer = next((unit for unit in facts.bright.index if practices.does(unit, name)), None)
    return practice_card(
        row["label"],
        theme=entry["theme"],
        who_decides=entry["who_decides"] or "not recorded",
        cost=entry["cost"],
        who=(
            f"{count(done)} of {count(asked)} bright {plural(asked, 'spot')} · " if asked >= facts.fewest_spots else ""
        )
        + f"{share(row['prevalence_peers'])} of comparable {facts.unit.plural}",
        contrast=practices.contrast_sentence(name),
        sureness=f"{row['grade']}: {row['reason']}",
        who_to_ask=facts.name(doer) if doer else f"any {facts.unit.singular} that does it",
        question=f"How did ‘{row['label']}’ start here, and what would you not do without?",
        level=4,
    )


def practice_table(facts: Facts, rows: pd.DataFrame, caption: str = CAPTION) -> Html:
    """Practices with their grades, who does them and what goes with them."""
    bounds = rows[["contrast", "contrast_lower", "contrast_upper"]].to_numpy()
    difference = [facts.show.ranged(*values) if np.isfinite(values[0]) else "not compared" for values in bounds]
    columns = {
        "label": ("Practice", None),
        "grade": ("Grade", None),
        "prevalence_deviants": ("Bright spots", share),
        "prevalence_peers": (f"Comparable {facts.unit.plural}", share),
        "difference": (f"Difference, {facts.show.axis}", None),
        "n_units": (f"{capitalised(facts.unit.plural)} that answered", count),
    }
    shown = rows.assign(difference=difference)
    return table(shown, caption=caption, columns=columns, row_header="label")


def luck_chart(facts: Facts, luck: LuckCheck, description: str) -> Html:
    """The league table's lead and ours, earlier against later."""
    return figure(
        lambda ax: figures.luck(luck.units, value_format=facts.show.excess, ax=ax),
        title=FADED if luck.table["survived_share"].iloc[0] < 0.5 else "Our list keeps what it claimed",
        subtitle=f"Claimed: lead in {facts.show.measure}, {span_name(*luck.span[:2])}. Kept: what of it means do not "
        f"explain, {span_name(*luck.span[2:])}. Thick: the average",
        description=description,
    )
