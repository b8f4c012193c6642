"""What a leader reads: true, plain, with the names that may be said and no other."""

import re
from functools import cache
from pathlib import Path

import numpy as np
import pytest

import pdlib
from pdlib.insight import Insight, pseudonyms, secret
from pdlib.insight.names import KEY_FILE
from pdlib.show.wording import causal_words, jargon_words, reading_grade
from pdlib.simulate import simulate_panel

DATA = Path(__file__).parents[1] / "data"
PARTS = (
    "headline", "twin_card", "findings", "what_changed", "who_stands_out", "what_they_do", "whom_to_visit", "how_sure",
)  # fmt: skip


@cache
def told(study: str) -> Insight:
    observations = pdlib.read(pdlib.load_study(DATA / study))
    deviants = pdlib.find_deviants(pdlib.expect(observations))
    return pdlib.tell(observations, deviants, pdlib.compare_practices(observations, deviants))


def markup(insight: Insight, *parts: str) -> str:
    return "\n".join(getattr(insight, part).__html__() for part in parts or (*PARTS, "method", "provenance"))


@pytest.fixture(params=["service_chain", "flights"])
def insight(request: pytest.FixtureRequest) -> Insight:
    return told(request.param)


def test_the_headline_is_a_sentence_with_a_number(insight: Insight) -> None:
    assert re.search(r"\d|one|two|three|four|five|six|seven|eight|nine|ten|eleven|twelve|none", insight.title.lower())
    assert markup(insight).count("<h1") == 1


def test_nobody_is_named_but_bright_spots_and_cleared_twins(insight: Insight) -> None:
    named = set(insight.deviants.confident["label"])
    others = set(insight.observations.units["label"]) - named
    page = markup(insight)
    assert {label for label in named if label in page.replace("&#39;", "'")} == named
    assert [label for label in others if re.search(rf"(?<![\w ]){re.escape(label)}(?![\w ])", page)] == []


def test_each_number_in_the_twin_card_is_that_of_the_tables(insight: Insight) -> None:
    pair = insight.lead
    show = insight.deviants.expected.outcome.format
    card = str(insight.twin_card)
    rows = insight.deviants.table.set_index("unit")
    for unit in (pair.unit, pair.peer):
        assert show.value(rows.loc[unit, "observed"]) in card
    assert show.more(rows.loc[pair.unit, "shrunken_excess"] - rows.loc[pair.peer, "shrunken_excess"]) in card
    assert pdlib_name(insight, pair.peer) not in card


def pdlib_name(insight: Insight, unit: str) -> str:
    return insight.observations.units.loc[unit, "label"]


def test_findings_come_early_and_each_holds_a_number(insight: Insight) -> None:
    items = re.findall(r"<li>(.*?)</li>", insight.findings.__html__())
    assert 3 <= len(items) <= 5
    assert all(re.search(r"\d", item) for item in items)


def test_plain_words_and_no_cause(insight: Insight) -> None:
    text = "\n".join(str(getattr(insight, part)) for part in PARTS)
    assert causal_words(text) == []
    assert jargon_words(text) == []
    prose = "\n".join(str(getattr(insight, part)) for part in ("findings", "how_sure"))
    assert reading_grade(prose) <= 9


def test_at_most_three_limits(insight: Insight) -> None:
    assert 1 <= len(insight.limits) <= 3


def small(seed: int = 3, *, null: bool = False, privacy: dict[str, int] | None = None, **names: object) -> Insight:
    simulated = simulate_panel(200, 6, "mean", null=null, seed=seed)
    study = pdlib.Study(**simulated.study(), names=names or {}, privacy=privacy or {})
    observations = pdlib.read(study, tables={"observations": simulated.panel})
    return pdlib.tell(observations, pdlib.find_deviants(pdlib.expect(observations)))


def test_nobody_found_is_a_finished_page() -> None:
    insight = small(null=True)
    assert insight.deviants.confident.empty
    assert insight.title.startswith("None of 200 units")
    items = re.findall(r"<li>(.*?)</li>", insight.findings.__html__())
    assert 3 <= len(items) <= 5
    assert all(re.search(r"\d", item) for item in items)
    assert "None of 200 units is named" in items[0]
    assert insight.lead is None
    assert "<svg" in insight.who_stands_out.__html__()


def test_names_can_be_switched_off_and_pseudonyms_stay() -> None:
    insight, again = small(publish=False), small(publish=False)
    named = list(insight.deviants.confident["unit"])
    assert named
    page = markup(insight)
    assert [unit for unit in named if re.search(rf"\b{unit}\b", page)] == []
    stand_ins = pseudonyms(insight.observations.units.index, "unit", secret(None))
    assert all(stand_ins[unit] in page for unit in named)
    assert page == markup(again)


def test_pseudonyms_are_stable_distinct_and_keyed(tmp_path: Path) -> None:
    units = [f"S{i:05d}" for i in range(20_000)]
    key = secret(tmp_path)
    assert secret(tmp_path) == key
    assert (tmp_path / KEY_FILE).stat().st_mode & 0o077 == 0
    names = pseudonyms(units, "shop", key)
    assert len(set(names.values())) == len(units)
    assert pseudonyms(reversed(units), "shop", key) == names
    short = [name for name in names.values() if re.fullmatch(r"Shop [A-Z2-9]{4}", name)]
    assert len(short) > 0.9 * len(units)  # the rest would share their four letters with another
    other = pseudonyms(units, "shop", b"another secret of thirty-two bytes")
    assert sum(other[unit] == names[unit] for unit in units) < 5  # knowing the ids without the key tells nothing


def test_a_damaged_secret_is_an_error_and_no_weak_name(tmp_path: Path) -> None:
    (tmp_path / KEY_FILE).write_text("short")
    with pytest.raises(pdlib.StudyError, match="5 characters; it needs 32"):
        secret(tmp_path)


def test_a_unit_with_too_few_answers_is_on_no_carrier() -> None:
    insight = small()
    few = insight.bright["exposure"].min() + 1
    unit = insight.bright["exposure"].idxmin()
    hidden = small(privacy={"customers": int(few) + 1})
    assert unit in insight.bright.index
    assert unit not in hidden.bright.index
    assert not re.search(rf"\b{unit}\b", markup(hidden))
    assert any("are not shown" in limit or "is not shown" in limit for limit in hidden.limits)


def test_a_cleared_twin_is_named() -> None:
    peer = small().lead.peer
    insight = small(may_be_named=[peer])
    assert insight.lead.peer == peer
    assert peer in str(insight.twin_card)


def test_a_hostile_name_stays_text() -> None:
    simulated = simulate_panel(120, 6, "mean", seed=5)
    evil = "<img src=x onerror=alert(1)>\"'&$x^2$\u202e"
    names = {unit: f"{evil}{unit}" for unit in simulated.panel["unit"].unique()}
    panel = simulated.panel.assign(unit=simulated.panel["unit"].map(names))
    observations = pdlib.read(pdlib.Study(**simulated.study()), tables={"observations": panel})
    page = markup(pdlib.tell(observations, pdlib.find_deviants(pdlib.expect(observations))))
    assert "<img" not in page
    assert "\u202e" not in page


def test_rank_of_the_league_leader_is_that_of_the_table(insight: Insight) -> None:
    top = insight.deviants.table.nsmallest(1, "raw_rank").iloc[0]
    assert np.isfinite(top["rank"])
    assert f"stands at {top['rank']:.0f} (between" in str(insight.findings)


def test_the_page_tells_what_was_built_from_what(insight: Insight) -> None:
    line = str(insight.provenance)
    assert insight.observations.settings["data_hash"][:12] in line
    assert f"{insight.observations.settings['rows_used']:,} rows used" in line


@pytest.mark.parametrize(("lost", "size"), [(0, "observations a period"), (3, "observations in all")])
def test_a_funnel_counts_per_period_only_where_all_have_about_as_many(lost, size) -> None:
    simulated = simulate_panel(n_units=60, n_periods=6, seed=4)
    panel, late = simulated.panel, simulated.panel["period"].rank(method="dense") > lost
    kept = panel[late | (panel["unit"] != panel["unit"].iloc[0])]
    observations = pdlib.read(pdlib.Study(**simulated.study()), {"observations": kept})
    page = pdlib.tell(observations, pdlib.find_deviants(pdlib.expect(observations)))
    assert size in page.who_stands_out.__html__()
    assert (page.periods_each == 1) == (lost > 0)
