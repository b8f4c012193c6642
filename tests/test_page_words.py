"""What the page says holds whatever the study: which way is better, what a rate is per, and numbers of any size."""

import re
from functools import cache
from types import SimpleNamespace

import pandas as pd
import pytest

import pdlib
from pdlib.deviants.luck import _sentence
from pdlib.insight import Insight, exhibits, tell_unit
from pdlib.insight.page import NO_PROOF, NOTHING_FOUND
from pdlib.insight.practices_told import _here
from pdlib.show.html import join
from pdlib.study import Outcome
from tests.panels import ALL_CONTEXT, declared, outcome, panel

LUCK = "the luck check of how_sure"
PARTS = ("headline", "twin_card", "findings", "who_stands_out", "whom_to_visit", LUCK)
COLUMNS = ["practice", "label", "evidence", "grade", "cost", "p_romano_wolf", "prevalence_peers"]
RANGE = ["contrast", "contrast_lower", "contrast_upper"]
ONES = pd.DataFrame(
    {
        "practice": ["board", "coffee"], "label": ["Board at eight", "Coffee first"], "evidence": "observed",
        "grade": ["promising", "cannot tell"], "cost": 1.0, "p_romano_wolf": [0.01, 0.9], "prevalence_peers": 0.3,
        "contrast": [0.0033, -0.0003], "contrast_lower": [0.0028, -0.0011], "contrast_upper": [0.0038, 0.0006],
        "prevalence_deviants": 0.8, "n_units": 60,
    }
)  # fmt: skip


@cache
def told(kind="mean", *, times=1.0, periods=4, units=60, null=False, region="", seed=3, **more) -> Insight:
    """The page of a small study; its means may be multiplied, and its units lie in two regions."""
    frame = panel(units, periods, kind, seed=seed, null=null, effect_sd=1.5, shock_sd=0.05)
    if kind == "mean":
        frame = frame.assign(value=frame["value"] * times, sd=frame["sd"] * times)
    names = sorted(frame["unit"].unique())
    table = pd.DataFrame({"unit": names, "area": ["North" if i % 2 else "South" for i in range(len(names))]})
    unit = {"column": "unit", "singular": "agency", "plural": "agencies", "region": "area"}
    observations = declared(frame, kind, context=ALL_CONTEXT, tables={"units": table}, unit=unit,
                            outcome=outcome(kind, **more))  # fmt: skip
    return pdlib.tell(observations, pdlib.find_deviants(pdlib.expect(observations)), region=region)


def nobody() -> Insight:
    """The page of a study in which nothing lasts."""
    return told(null=True, units=80, seed=2)


def rate(**more) -> Insight:
    return told("rate", label="late calls", per=1000, exposure_label="calls", **more)


def with_practices(insight: Insight, rows: pd.DataFrame, *, does=False) -> Insight:
    """The page with practices that were not worked out but are given."""
    answers = pd.DataFrame(1.0, insight.deviants.table["unit"], ONES["practice"])
    promising = rows[rows["grade"].eq("promising")]
    stub = SimpleNamespace(table=rows, promising=promising, family_size=len(rows), values=answers,
                           does=lambda *_: does)  # fmt: skip
    return Insight(insight.observations, insight.deviants, stub)


def read(page: object, *parts: str) -> str:
    """The words of a page, alt text and tooltips included."""
    shown = [join(*page._luck()) if part == LUCK else getattr(page, part) for part in parts or PARTS]
    markup = "\n".join(part.__html__() for part in shown)
    return re.sub(r"<[^>]+>", " ", re.sub(r'aria-label="([^"]*)"', r">\1<", markup)).replace("&#39;", "'")


def items(page: Insight) -> list[str]:
    return [re.sub(r"<[^>]+>", "", item) for item in re.findall(r"<li>(.*?)</li>", page.findings.__html__())]


def test_figure_table_and_text_agree_which_way_is_better():
    page = with_practices(rate(), ONES)
    shown = str(exhibits.practice_table(page, ONES))
    assert "Difference, fewer (+), per 1,000 calls" in shown
    assert "+3.3 (2.8 to 3.8)" in shown
    assert "−0.3 (−1.1 to +0.6)" in shown
    drawn = re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", exhibits.forest(page, page.practices, ONES).__html__()))
    assert "tied to each practice, fewer (+) or more (−), given the same means" in drawn
    assert "fewer (+), per 1,000 calls" in drawn
    assert "goes with 3.3 fewer per 1,000" in drawn


def test_where_most_lie_is_said_in_words_that_need_no_sign():
    low, high = rate().here["excess"].quantile([0.05, 0.95])
    assert low < 0 < high
    line = rate()._middle()
    assert f"between {-1000 * low:.1f} more and {1000 * high:.1f} fewer per 1,000 calls" in line


def test_a_rate_says_what_it_is_per_in_every_section_and_once_a_head():
    for part in ("twin_card", "findings", "who_stands_out", LUCK):
        assert "per 1,000 calls" in read(rate(), part)
    assert "Late calls per 1,000 calls" in read(rate(), "who_stands_out")
    assert ", in per" not in read(rate())


def test_a_lead_that_turns_keeps_its_minus():
    lists = {"list": ["league table", "ours"], "n_units": [8, 8], "lead_earlier": [0.86, 0.3]}
    later = {"lead_later": [-0.02, 0.2], "lead_later_lower": [-0.06, 0.1], "lead_later_upper": [0.03, 0.3]}
    assert "later −0.02 points of it" in _sentence(pd.DataFrame(lists | later), score(), "Our")
    page = nobody()
    row = page.deviants.luck_check().table
    assert (row["lead_later"] < 0).any()
    words = read(page, LUCK)
    for value in row["lead_later"]:
        assert f"{page.show.lead(value)} (" in words


@pytest.mark.parametrize(("more", "reason"), [({"periods": 1}, "One period cannot tell"), ({"units": 12}, "12 ")])
def test_who_cannot_name_says_first_why(more, reason):
    page = told(**more)
    assert page.certainty.rung == "cannot tell"
    assert page.title.endswith("can be named yet")
    assert reason in read(page, "headline")
    assert "we name from" not in read(page)
    assert read(page, "headline", "findings", "how_sure").count(page.certainty.sentence) == 1
    assert 3 <= len(items(page)) <= 5


def test_a_page_that_names_nobody_has_no_list_of_its_own():
    for page in (nobody(), told(units=12)):
        assert page.deviants.confident.empty
        text = read(page)
        assert not re.search(r"\bOur (list|bright|\d)|Our \w+ w", text)
        assert "which names nobody" in text
    assert "The best 1 " not in read(told(units=12))
    luck = nobody().deviants.luck_check()
    assert luck.named == ("stands in" not in " ".join(luck.caveats))


def test_nothing_is_said_of_ranks_where_all_are_the_same():
    page = told(null=True, units=80, seed=5)
    page.deviants._table["rank"] = page.deviants._table["rank_lower"] = 40.5
    assert page._league() == []
    assert 3 <= len(items(page)) <= 5
    assert "stands at" not in read(page, "findings")


@pytest.mark.parametrize("times", [1e-5, 1.0, 1e6])
def test_numbers_of_any_size_are_shown_with_the_same_few_digits(times):
    page = told(times=times)
    text = read(page)
    assert "0.00 to 0.00" not in text
    assert not re.search(r"\de[+−-]\d", text)
    for shown in re.findall(r"\+([\d,.]+) \(([\d,.]+) to ([\d,.]+)\)", text):
        assert len({len(number.partition(".")[2]) for number in shown}) == 1
    spread = page.deviants.expected.table["observed"].std()
    assert 10 <= spread * 10.0**page.show._decimals < 1000


def score(**more) -> Outcome:
    return Outcome(**{"name": "score", "kind": "mean", "value": "score"} | more)


def test_the_data_give_the_decimals_unless_the_study_does():
    assert score(digits=0).shown_by(0.5).format.value(3.14) == "3"
    assert score().shown_by(0.5).format.value(3.14159) == "3.14"
    assert score().shown_by(0.005).format.value(3.14159) == "3.1416"
    passed = Outcome(name="passed", kind="proportion", successes="passed", n="pupils")
    assert passed.shown_by(0.12) == passed
    assert passed.shown_by(0.0004).format.value(0.00123) == "0.123\N{NO-BREAK SPACE}%"


@pytest.mark.parametrize(
    ("more", "unit"),
    [
        ({"label": "average deal (thousand euros)"}, "thousand euros"), ({"label": "score (0 to 10)"}, "points"),
        ({"label": "delay", "unit": "minutes"}, "minutes"),
    ],
)  # fmt: skip
def test_a_mean_is_counted_in_its_own_unit(more, unit):
    assert score(**more).format.more(-0.5) == f"0.50 {unit} lower"
    assert score(**more).format.axis == f"higher (+), {unit}"


def test_a_unit_is_for_means():
    with pytest.raises(pdlib.StudyError, match="a rate has no use for unit"):
        pdlib.Study(unit="unit", outcome=outcome("rate", unit="minutes"))


def test_who_does_nothing_on_an_empty_list_is_not_told_so():
    unit = told().bright.index[0]
    assert with_practices(told(), ONES[1:])._visit(unit) == "go and look."
    assert "nothing on our list of promising" in with_practices(told(), ONES)._visit(unit)


def test_where_nothing_is_found_nothing_goes_together():
    shown = exhibits.forest(with_practices(told(), ONES[1:]), SimpleNamespace(family_size=2), ONES[1:])
    assert "the surest" not in shown.__html__()
    assert NO_PROOF != NOTHING_FOUND


def test_one_practice_holds_by_itself():
    segments = SimpleNamespace(table=pd.DataFrame({"practice": ["board"], "verdict": ["holds"], "segment": ["North"]}))
    words = _here(with_practices(told(), ONES), SimpleNamespace(segments=segments))
    assert "enough to tell, it holds." in words


def test_a_region_has_findings_of_its_own():
    page = told(region="North")
    assert 3 <= len(items(page)) <= 5
    assert any(re.search(r"First of its region .* of all 60\.", item) for item in items(page))
    low, _ = page.here["excess"].quantile([0.05, 0.95])
    assert page.show.more_between(low, abs(low)).split(" ")[1] in page._middle()


def test_the_article_goes_with_the_unit():
    text = read(told(), *PARTS, "method")
    assert "An agency like it" in text
    assert "An agency is named if" in text
    assert "What an agency cannot choose" in text
    assert not re.search(r"\ba agenc", text, re.IGNORECASE)
    assert "again and again" not in text


def test_counts_and_verbs_agree():
    title = exhibits._funnel_title
    assert title(2, 2).startswith("Both bright spots lie")
    assert title(3, 3).startswith("All three bright spots lie")
    assert title(3, 1).startswith("One of three bright spots lies")
    assert title(1, 1).startswith("One bright spot lies")
    out, _ = exhibits.outside(told(units=12))
    assert re.match(r"1 of 12 lies|[02-9] of 12 lie ", out)


def test_a_unit_page_reads_as_a_sentence():
    page = rate()
    unit = str(page.deviants.table["unit"].iloc[0])
    own = tell_unit(page.observations, page.deviants, unit=unit)
    assert re.search(r"late calls at [\d.]+ per 1,000 calls, where [\d.]+ per 1,000 is usual", read(own, "headline"))
    assert "Better (+) or worse (−), per 1,000 calls" in read(own, "where_we_stand")
    assert "Observed, per 1,000 calls" in read(own, "over_time")


def test_a_long_name_is_cut_and_not_its_range():
    page = told()
    unit = page.bright.index[0]
    page.observations.units.loc[unit, "label"] = "Ala muito comprida " * 12
    try:
        tip = exhibits._tips(page)[unit]
        assert tip.endswith(")")
        assert len(tip) < 200
        assert f"<title>{tip}" in exhibits.dots(page).__html__()
    finally:
        page.observations.units.loc[unit, "label"] = unit
