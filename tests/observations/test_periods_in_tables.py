"""One reader for every table and every file: months, waves, comments, shocks and what is kept back meet."""

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

import pdlib
from pdlib.deviants import find_deviants
from pdlib.errors import DataError, StudyError
from pdlib.expected import expect
from pdlib.expected.grid import make_grid
from pdlib.observations.periods import Calendar, read_periods
from pdlib.observations.sheet import Sheet
from pdlib.publish.shrinking import shrunk
from pdlib.study import Period
from tests.panels import declared, panel

CHAIN = Path(__file__).parents[2] / "data" / "service_chain"
STORES = [f"S{number:02d}" for number in range(12)]
DAYS = pd.date_range("2025-01-01", periods=6, freq="MS")
LABELS = [day.strftime("%Y-%m") for day in DAYS]
TEN = ["%Y-%m", "%b-%y", "%B %Y", "%m/%Y", "%Y%m", "%d.%m.%Y", "%Y-%m-%d", "%d %b %Y", "%YM%m", "%Y-%m-%d 00:00:00"]


def tables(months: Any = None, waves: Any = None) -> dict[str, pd.DataFrame]:
    rng = np.random.default_rng(1)
    months = list(DAYS) if months is None else months
    waves = [months[0], months[3]] if waves is None else waves
    sales = pd.DataFrame({"store": np.repeat(STORES, len(months)), "month": list(months) * len(STORES)})
    sales = sales.assign(n=40, happy=rng.integers(10, 30, len(sales)))
    audit = pd.DataFrame({"store": np.repeat(STORES, len(waves)), "wave": list(waves) * len(STORES)})
    audit["huddle"] = rng.integers(0, 2, len(audit))
    return {"observations": sales, "practices": audit}


def study(**more: Any) -> pdlib.Study:
    outcome = {"name": "happy", "kind": "proportion", "successes": "happy", "n": "n"}
    practices = {"wave": "wave"}
    return pdlib.Study(**{"unit": "store", "period": "month", "outcome": outcome, "practices": practices, **more})


def problems(given: dict[str, pd.DataFrame], **more: Any) -> list[pdlib.errors.Problem]:
    with pytest.raises(DataError) as caught:
        pdlib.read(study(**more), given)
    return caught.value.problems


def save(frame: pd.DataFrame, path: Path) -> str:
    writer = {".csv": frame.to_csv, ".xlsx": frame.to_excel, ".parquet": frame.to_parquet}[path.suffix]
    writer(path, index=False)
    return path.name


@pytest.mark.parametrize("ending", ["csv", "xlsx", "parquet"])
@pytest.mark.parametrize("spelling", ["dates", "days", "%Y-%m", "%b-%y", "%B %Y", "%Y%m", "number", "%d.%m.%Y"])
def test_one_label_whatever_the_file(tmp_path: Path, ending: str, spelling: str) -> None:
    as_written = {"dates": list(DAYS), "days": [day.date() for day in DAYS], "number": [202501 + m for m in range(6)]}
    months = as_written.get(spelling) or [day.strftime(spelling) for day in DAYS]
    given = tables(months, LABELS[1:3])
    files = {
        "observations": save(given["observations"], tmp_path / f"sales.{ending}"),
        "practices": save(given["practices"], tmp_path / "audit.csv"),
    }
    observations = pdlib.read(study(folder=tmp_path, tables=files))
    assert observations.periods == LABELS
    assert sorted(observations.practices["wave"].unique()) == LABELS[1:3]
    assert observations.calendar.step == "month"


@pytest.mark.parametrize("spelling", TEN)
def test_the_repair_shops_in_ten_spellings_are_the_same_months(spelling: str) -> None:
    shops = pd.read_csv(CHAIN / "shop_months.csv", usecols=["shop", "month"], dtype=str)
    months, known = shops["month"], Calendar.of(sorted(shops["month"].unique()))
    spelt = {label: pd.Timestamp(label).strftime(spelling) for label in months.unique()}
    read = read_periods(Sheet("s", shops.assign(month=months.map(spelt)), []), "month", Period(column="month"))
    assert read.labels.tolist() == months.tolist()
    assert read.calendar.full() == list(known.labels)
    for name, column in (("practice_audit", "wave"), ("comments", "month")):
        table = pd.read_csv(CHAIN / f"{name}.csv", usecols=[column], dtype=str).rename(columns={column: "month"})
        sheet = Sheet(name, table.assign(month=table["month"].map(spelt)), [])
        assert read_periods(sheet, "month", Period(column="month"), known=known).labels.equals(table["month"])
        assert not sheet.problems


def test_a_month_in_two_spellings_is_given_twice() -> None:
    given = tables(["2025-01", "2025-1", "Feb 2025"], ["2025-01"])
    (problem,) = problems(given)
    assert "a row already given in 12 rows ('S00 2025-01'" in problem.found


def test_dates_in_a_frame_of_the_index_s_own_kind() -> None:
    given = tables()
    frame = given["observations"].set_index(np.arange(100, 172))
    assert pdlib.read(study(), {**given, "observations": frame}).periods == LABELS


WAVES = {
    "months": (["2025-02", "2025-05"], LABELS[1:5:3]),
    "days within months": (["2025-02-14", "2025-05-30"], LABELS[1:5:3]),
    "dates": ([pd.Timestamp("2025-02-14"), pd.Timestamp("2025-05-30")], LABELS[1:5:3]),
    "names": (["February 2025", "May 2025"], LABELS[1:5:3]),
    "year and name": (["25-Feb", "25-May"], LABELS[1:5:3]),
    "before and after": (["2024-12", "2025-05"], ["2024-12", "2025-05"]),
    "numbers": ([1, 2], ["1", "2"]),
    "numbered": (["Wave 2", "Wave 10"], ["Wave 2", "Wave 10"]),
    "a single one, by name": (["first audit"], ["first audit"]),
}


@pytest.mark.parametrize("case", WAVES)
def test_waves_meet_the_months_they_lie_in(case: str) -> None:
    waves, labels = WAVES[case]
    observations = pdlib.read(study(), tables(waves=waves))
    assert list(dict.fromkeys(observations.practices["wave"])) == labels


@pytest.mark.parametrize(
    ("waves", "why"),
    [
        (["2024", "2025"], "'2024' and '2025' are no month: when was it?"),
        (["2025-Q1", "2025-Q2"], "are no month"),
        (["before", "after"], "waves such as 'before' and 'after' cannot be put in order"),
        (["spring", "autumn"], "their order cannot be told"),
        (["01/02/2025", "01/05/2025"], "'01/02/2025' may be 1 Feb 2025"),
        (["14-Feb", "30-May"], "'14-Feb' may be Feb 2014 or the day 14 feb"),
    ],
)
def test_waves_that_cannot_be_placed_are_asked(waves: list[str], why: str) -> None:
    (problem,) = problems(tables(waves=waves))
    assert problem.level == "question"
    assert why in problem.found


@pytest.mark.parametrize("waves", [["2024", "2025"], ["before", "after"], ["spring", "autumn"]])
def test_waves_in_a_declared_order_go_on(waves: list[str]) -> None:
    observations = pdlib.read(study(practices={"wave": "wave", "order": waves}), tables(waves=waves))
    assert list(dict.fromkeys(observations.practices["wave"])) == waves


def test_waves_in_a_declared_order_still_meet_the_months() -> None:
    waves = ["2025-02-01", "2025-05-01"]
    observations = pdlib.read(study(practices={"wave": "wave", "order": waves}), tables(waves=waves))
    assert set(observations.practices["wave"]) == {"2025-02", "2025-05"}


def test_what_visitors_found_is_of_the_month_too() -> None:
    visits = pd.DataFrame({"store": STORES[:4], "practice": "Tea for all", "done": "yes", "wave": DAYS[2]})
    observations = pdlib.read(study(), {**tables(), "visits": visits})
    found = observations.practices[observations.practices["practice"].eq("tea_for_all")]
    assert set(found["wave"]) == {"2025-03"}


COMMENTS = {
    "days": (["2025-02-14", "2025-03-01", "2019-01-01"], ["2025-02", "2025-03"]),
    "instants": (
        pd.to_datetime(["2025-02-14 10:11:12", "2025-03-31 23:59:59", "2031-01-01 00:00:00"]),
        ["2025-02", "2025-03"],
    ),
    "written": (["14.2.2025", "31.3.2025", "1.1.2019"], ["2025-02", "2025-03"]),
    "months": (["Feb 2025", "Mar 2025", "Jan 2019"], ["2025-02", "2025-03"]),
    "with a time": (["14/02/2025 10:11", "03/03/2025 9:01", "01/01/2019 0:00"], ["2025-02", "2025-03"]),
    "days of a spreadsheet": ([45702, 45717, 43466], ["2025-02", "2025-03"]),
}


def heard(times: Any, **more: Any) -> pdlib.Observations:
    comments = pd.DataFrame({"store": STORES[:3], "month": times, "text": "They rang me back the same day."})
    return pdlib.read(study(voices={"text": "text"}, **more), {**tables(), "comments": comments})


@pytest.mark.parametrize("case", COMMENTS)
def test_comments_of_any_day_lie_in_their_month(case: str) -> None:
    times, labels = COMMENTS[case]
    observations = heard(times)
    assert observations.comments["period"].tolist() == labels
    assert observations.settings["comments_out_of_span"] == 1


@pytest.mark.parametrize(
    ("times", "why"),
    [
        (["2025", "2025-02", "2025-03"], "no time within one period in 1 row ('2025'): row 2."),
        (["soon", "2025-02", "2025-03"], "neither a period of the observations nor a date in 1 row ('soon'): row 2."),
    ],
)
def test_comments_of_no_month_are_refused(times: list[str], why: str) -> None:
    with pytest.raises(DataError) as caught:
        heard(times)
    assert [problem.found for problem in caught.value.problems] == [why]


@pytest.mark.parametrize("start", ["2025-04", "2025-04-01", "2025-04-01 00:00:00", "Apr 2025", "2025-4"])
def test_what_is_kept_back_may_be_named_as_an_earlier_version_did(start: str) -> None:
    observations = pdlib.read(study(confirm={"adoptions_from": start}), tables())
    assert observations.period(start) == "2025-04"
    with pytest.raises(DataError, match="is none of the periods"):
        pdlib.read(study(confirm={"adoptions_from": "2026-04"}), tables())


def test_periods_are_chosen_by_any_spelling() -> None:
    observations = pdlib.read(study(), tables())
    assert observations.during(["Jan 2025", "2025-2", "2025-03-01"]).periods == LABELS[:3]
    with pytest.raises(StudyError, match=r"There is no period '2026-01' .*; there are 2025-01 to 2025-06"):
        observations.during(["2026-01"])


def test_a_shock_may_be_named_by_days() -> None:
    frame = panel(40, 6)
    frame["period"] = frame["period"].map(dict(zip(sorted(set(frame["period"])), DAYS, strict=True)))
    shock = {"name": "downturn", "start": "1 April 2025", "end": "2025-06-30"}
    improved = pdlib.find_improved(declared(frame, shock=shock))
    assert improved.before == ("2025-01", "2025-03")
    assert improved.after == ("2025-04", "2025-06")


@pytest.mark.parametrize("kind", ["mean", "proportion", "rate"])
def test_a_gap_is_an_empty_column_and_changes_no_unit(kind: str) -> None:
    frame = panel(60, 8, kind)
    gap = frame[frame["period"].ne("P04")]
    closed = gap.assign(period=gap["period"].map({p: f"P{k:02d}" for k, p in enumerate(sorted(set(gap["period"])), 1)}))
    observed, plain = declared(gap, kind), declared(closed, kind)
    assert observed.periods == [f"P{k:02d}" for k in (1, 2, 3, 5, 6, 7, 8)]
    assert ["P04: no unit has a row." in caveat for caveat in observed.caveats] == [True]
    grid = make_grid(observed, observed.study.primary)
    assert grid.periods == [f"P{k:02d}" for k in range(1, 9)]
    assert (grid.n[:, 3] == 0).all()
    expected, other = expect(observed, challenger=None), expect(plain, challenger=None)
    assert np.allclose(expected.table["excess"], other.table["excess"], atol=1e-9)
    assert expected.fit.spells.pairs == other.fit.spells.pairs - 60  # March and May are no neighbours
    deviants = find_deviants(expected)
    assert deviants.luck_check().span[1:3] == ("P03", "P05")
    assert len(deviants.why("unit 01" if "unit 01" in grid.units else grid.units[0]).trend()) == 7


def test_a_gap_beside_groups_and_changing_context_changes_no_unit() -> None:
    frame = panel(80, 9)
    frame["x1"] += np.random.default_rng(0).normal(size=len(frame)) * 0.3
    frame["coast"] = np.where(pd.factorize(frame["unit"])[0] % 2, "coast", "city")
    gap = frame[frame["period"].ne("P05") & ~(frame["coast"].eq("coast") & frame["period"].eq("P02"))]
    closed = gap.assign(period=gap["period"].map({p: f"P{k:02d}" for k, p in enumerate(sorted(set(gap["period"])), 1)}))
    period = {"column": "period", "varies_by": "coast"}
    found, other = (expect(declared(each, period=period), challenger=None).table for each in (gap, closed))
    assert np.allclose(found["excess"], other["excess"], atol=1e-9)


def test_what_changed_over_an_upgrade_knows_the_labels_of_before() -> None:
    now = {"periods": LABELS, "units": 12, "rows": {"observations": dict.fromkeys(LABELS, 12)}}
    spelt = [day.strftime("%b %Y") for day in DAYS]
    before = {"periods": sorted(spelt), "units": 12, "rows": {"observations": dict.fromkeys(spelt, 12)}}
    assert shrunk(before, now) == ""
    stamped = [f"{day:%Y-%m-%d} 00:00:00" for day in DAYS]
    assert shrunk({"periods": stamped, "units": 12, "rows": {"observations": dict.fromkeys(stamped, 12)}}, now) == ""
    fewer = {"periods": LABELS[:5], "units": 12, "rows": {"observations": dict.fromkeys(LABELS[:5], 12)}}
    assert shrunk(before, fewer) == "the last period was 2025-06 and is now 2025-05"
    half = {**now, "rows": {"observations": dict.fromkeys(LABELS, 6)}}
    assert "had 72 rows in the periods that it still holds and now has 36" in shrunk(before, half)


def test_the_answer_is_a_key_of_the_door_one_came_through(tmp_path: Path) -> None:
    frame = tables([day.strftime("%d/%m/%Y") for day in DAYS])["observations"]
    given = {"unit": "store", "outcome": "happy", "n": "n", "kind": "proportion"}
    with pytest.raises(DataError, match=r'period=\{"column": "month", "day_first": True\} \(1 Feb 2025\)'):
        pdlib.read(frame, period="month", **given)
    assert pdlib.read(frame, period={"column": "month", "day_first": True}, **given).periods == LABELS


def test_the_screen_says_how_periods_were_read() -> None:
    observations = pdlib.read(study(), tables([day.strftime("%b-%y") for day in DAYS], LABELS[:2]))
    said = observations.reading.set_index("role").loc["period", "said"]
    assert said == (
        "2025-01, 2025-02 … 2025-06 in this order, written Jan-25 (72 times); years of two digits: 69 to 99 are 1969 "
        "to 1999; no gaps"
    )


def test_the_repair_shops_relabelled_are_read_as_shipped() -> None:
    shops = pdlib.load_study(CHAIN / "study.toml")
    shipped = pdlib.read(shops)
    written = {"observations": "shop_months", "practices": "practice_audit", "comments": "comments"}
    relabelled = {}
    for name, file in written.items():
        column = "wave" if name == "practices" else "month"
        frame = pd.read_csv(
            CHAIN / f"{file}.csv", dtype={column: str, "shop": str}, keep_default_na=False, na_values=[""]
        )
        relabelled[name] = frame.assign(**{column: pd.to_datetime(frame[column]).dt.strftime("%b-%y")})
    again = pdlib.read(shops, relabelled)
    pd.testing.assert_frame_equal(again.panel, shipped.panel)
    pd.testing.assert_frame_equal(again.practices, shipped.practices)
    pd.testing.assert_frame_equal(again.comments, shipped.comments)
    assert again.periods == shipped.periods


def test_a_wave_in_a_gap_stays_with_the_periods_around_it() -> None:
    months = [label for label in LABELS if label != "2025-03"]
    observations = pdlib.read(study(), tables(months, ["2025-01", "2025-03", "2025-06"]))
    assert observations.calendar.full() == LABELS
    assert set(observations.during(months[:-1]).practices["wave"]) == {"2025-01", "2025-03"}
    assert set(observations.during(["2025-04", "2025-05"]).practices["wave"]) == set()
