"""Periods as people write them: read right, asked about, or refused; never in the order of the alphabet."""

import datetime as dt
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pdlib.errors import Problem
from pdlib.observations.periods import Calendar, PeriodsRead, canonical, in_time, read_periods
from pdlib.observations.sheet import Sheet
from pdlib.study import Period

TODAY = dt.date(2026, 11, 29)


def read(values: Any, known: Calendar | None = None, **declared: Any) -> tuple[PeriodsRead, list[Problem]]:
    sheet = Sheet("sales.csv", pd.DataFrame({"month": values}), [])
    return read_periods(sheet, "month", Period(column="month", **declared), known=known, today=TODAY), sheet.problems


def months(written: str, count: int = 18, start: str = "2016-01") -> list[str]:
    return [day.strftime(written) for day in pd.date_range(start, periods=count, freq="MS")]


MONTHS = months("%Y-%m")
FRENCH = ["janvier 2016", "févr. 2016", "mars 2016", "avril 2016", "mai 2016", "juin 2016"]

READ = {
    "iso": (MONTHS, MONTHS),
    "slash": (months("%Y/%m"), MONTHS),
    "blank": (months("%Y %m"), MONTHS),
    "dot": (months("%Y.%m"), MONTHS),
    "M": (months("%YM%m"), MONTHS),
    "no zero": ([f"2016-{m}" for m in range(1, 13)], MONTHS[:12]),
    "no zero, slash": ([f"2016/{m}" for m in range(1, 13)], MONTHS[:12]),
    "no zero, dot, text": ([f"2016.{m}" for m in range(1, 13)], MONTHS[:12]),
    "six digits": (months("%Y%m"), MONTHS),
    "six digits, number": ([int(text) for text in months("%Y%m")], MONTHS),
    "six digits, float": ([float(text) for text in months("%Y%m")], MONTHS),
    "six digits, no month": (["201604", "201654"], ["201604", "201654"]),
    "Apr-16": (months("%b-%y"), MONTHS),
    "2016-Apr": (months("%Y-%b"), MONTHS),
    "Apr 2016": (months("%b %Y"), MONTHS),
    "APR 2016": ([text.upper() for text in months("%b %Y")], MONTHS),
    "apr. 2016": (months("%b. %Y"), MONTHS),
    "Apr'16": (months("%b'%y"), MONTHS),
    "Apr16": (months("%b%y"), MONTHS),
    "Sept. 2016": (["Sept. 2016", "Oct. 2016"], ["2016-09", "2016-10"]),
    "April 2016": (months("%B %Y"), MONTHS),
    "December, 1999": (["December, 1999", "January, 2000"], ["1999-12", "2000-01"]),
    "two digits, 19xx": (["Dec-98", "Jan-99", "Jan-00"], ["1998-12", "1999-01", "2000-01"]),
    "French": (FRENCH, MONTHS[:6]),
    "German": (["Jan 16", "März 16", "Mai 16", "Okt 16"], ["2016-01", "2016-03", "2016-05", "2016-10"]),
    "Dutch": (["mrt 2016", "mei 2016", "aug 2016"], ["2016-03", "2016-05", "2016-08"]),
    "Italian": (["gen 2016", "mag 2016", "giu 2016"], ["2016-01", "2016-05", "2016-06"]),
    "Spanish": (["enero de 2016", "abril de 2016"], ["2016-01", "2016-04"]),
    "a name of two languages": (["mai 2016"], ["2016-05"]),
    "04/2016": (months("%m/%Y"), MONTHS),
    "04-2016": (months("%m-%Y"), MONTHS),
    "4/2016": ([f"{m}/2016" for m in range(1, 13)], MONTHS[:12]),
    "days, the first over 12": (["01/04/2016", "13/04/2016"], ["2016-04-01", "2016-04-13"]),
    "days, the second over 12": (["04/01/2016", "04/13/2016"], ["2016-04-01", "2016-04-13"]),
    "dots": (months("%d.%m.%Y"), MONTHS),
    "dots, short": (months("%d.%m.%y"), MONTHS),
    "1 April 2016": (months("%d %B %Y"), MONTHS),
    "1-Apr-16": (months("%d-%b-%y"), MONTHS),
    "April 1, 2016": (months("%B %d, %Y"), MONTHS),
    "15 April 2016": (["15 April 2016", "16 April 2016"], ["2016-04-15", "2016-04-16"]),
    "iso days": (months("%Y-%m-%d"), MONTHS),
    "six digits, the year last": (months("%m%Y"), MONTHS),
    "six digits, the year last, number": ([int(text) for text in months("%m%Y")], MONTHS),
    "six digits, the year last, one year": ([f"{m}2016.0" for m in range(2, 8)], MONTHS[1:7]),
    "eight digits, the day first": (["31012016", "29022016", "31032016"], MONTHS[:3]),
    "eight digits, the month first": ([1312016, 2292016, 3312016], MONTHS[:3]),
    "numbers that only look like it": ([132016, 142016, 152016], ["132016", "142016", "152016"]),
    "quarters of one year, or months": (["2016/1", "2016/2", "2016/3"], MONTHS[:3]),
    "one month a year, no zero": (["2016/1", "2017/1", "2018/1"], ["2016-01", "2017-01", "2018-01"]),
    "Sundays": (["2016-01-10", "2016-01-17", "2016-01-24"], ["2016-W01", "2016-W02", "2016-W03"]),
    "two Sundays": (["2016-01-10", "2016-01-17"], ["2016-01-10", "2016-01-17"]),
    "decimals": (["5.05", "5.1", "5.5"], ["5.05", "5.1", "5.5"]),
    "eight digits": (months("%Y%m%d"), MONTHS),
    "eight digits, number": ([int(text) for text in months("%Y%m%d")], MONTHS),
    "days": (["2016-04-01", "2016-04-02"], ["2016-04-01", "2016-04-02"]),
    "month ends": (["31/01/2016", "29/02/2016", "31/03/2016"], MONTHS[:3]),
    "month ends, dates": (list(pd.date_range("2016-01-31", periods=3, freq="ME")), MONTHS[:3]),
    "quarter starts": (list(pd.date_range("2016-01-01", periods=5, freq="QS")), [*(f"2016-Q{q}" for q in range(1, 5)),
                                                                               "2017-Q1"]),
    "quarter ends": (["2016-03-31", "2016-06-30", "2016-09-30"], ["2016-Q1", "2016-Q2", "2016-Q3"]),
    "1 January": (["2015-01-01", "2016-01-01"], ["2015", "2016"]),
    "31 December": (["2015-12-31", "2016-12-31"], ["2015", "2016"]),
    "a single day": (["2016-01-01"], ["2016-01"]),
    "Mondays": (["2016-02-01", "2016-02-08", "2016-02-15"], ["2016-W05", "2016-W06", "2016-W07"]),
    "with a midnight": (months("%Y-%m-%d 00:00:00"), MONTHS),
    "with a midnight of ours": (["13/04/2016 0:00", "14/04/2016 0:00"], ["2016-04-13", "2016-04-14"]),
    "12:00:00 AM": (["4/13/2016 12:00:00 AM", "4/14/2016 12:00:00 AM"], ["2016-04-13", "2016-04-14"]),
    "timestamps": (list(pd.date_range("2016-01-01", periods=18, freq="MS")), MONTHS),
    "dates": ([dt.date(2016, 4, 1), dt.date(2016, 5, 1)], ["2016-04", "2016-05"]),
    "their own zone": (pd.date_range("2016-01-01", periods=18, freq="MS", tz="Europe/Berlin"), MONTHS),
    "midnights of UTC": (pd.date_range("2016-01-01", periods=18, freq="MS", tz="UTC"), MONTHS),
    "midnights of UTC, text": (months("%Y-%m-%dT00:00:00Z"), MONTHS),
    "mixed offsets": (["2016-03-01T00:00:00+01:00", "2016-04-01T00:00:00+02:00"], ["2016-03", "2016-04"]),
    "pandas months": (pd.period_range("2016-01", periods=18, freq="M"), MONTHS),
    "pandas weeks": (pd.period_range("2016-01-04", periods=2, freq="W"), ["2016-W01", "2016-W02"]),
    "pandas quarters": (pd.period_range("2016Q1", periods=2, freq="Q"), ["2016-Q1", "2016-Q2"]),
    "2019Q1": (["2019Q1", "2019Q2"], ["2019-Q1", "2019-Q2"]),
    "2019-Q1, 2019 Q2": (["2019-Q1", "2019 Q2"], ["2019-Q1", "2019-Q2"]),
    "Q1 2019": (["Q1 2019", "Q2 2019", "Q1 2020"], ["2019-Q1", "2019-Q2", "2020-Q1"]),
    "1Q19, Q2/19": (["1Q19", "Q2/19"], ["2019-Q1", "2019-Q2"]),
    "H1 2019, 2019H2": (["H1 2019", "2019H2", "1H20"], ["2019-H1", "2019-H2", "2020-H1"]),
    "2019-W05": (["2019-W05", "2019W06", "2019-W7"], ["2019-W05", "2019-W06", "2019-W07"]),
    "weeks with their year": (["KW 52/2019", "W1 2020", "Week 2 2020"], ["2019-W52", "2020-W01", "2020-W02"]),
    "W53 where there is one": (["2020-W53", "2021-W01"], ["2020-W53", "2021-W01"]),
    "weeks without a year": (["Week 9", "Week 10", "Week 11"], ["Week 9", "Week 10", "Week 11"]),
    "P1": ([f"P{p}" for p in range(1, 14)], [f"P{p:02d}" for p in range(1, 14)]),
    "Period 1": (["Period 9", "Period 10"], ["P09", "P10"]),
    "Wave 1": (["Wave 9", "Wave 10", "Wave 11"], ["Wave 9", "Wave 10", "Wave 11"]),
    "wave a": (["wave a", "wave b"], ["wave a", "wave b"]),
    "2018 P1": (["2018 P12", "2018 P13", "2019 P1"], ["2018-P12", "2018-P13", "2019-P01"]),
    "P1 2018": (["P12 2018", "P13 2018", "P1 2019"], ["2018-P12", "2018-P13", "2019-P01"]),
    "numbers": ([8, 9, 10], ["8", "9", "10"]),
    "numbers as floats": ([8.0, 9.0, 10.0], ["8", "9", "10"]),
    "numbers as text": (["8.0", "9.0", "10.0"], ["8", "9", "10"]),
    "years": ([2015, 2016], ["2015", "2016"]),
    "years as floats": (["2015.0", "2016.0"], ["2015", "2016"]),
    "FY17": (["FY98", "FY99", "FY00"], ["FY1998", "FY1999", "FY2000"]),
    "2016/17": (["2016/17", "2017/18"], ["2016/17", "2017/18"]),
    "2016-17": (["2016-17", "2017-18"], ["2016/17", "2017/18"]),
    "FY16/17, 2017/2018": (["FY16/17", "2017/2018"], ["2016/17", "2017/18"]),
    "2010-10 and 2010-11": (["2010-10", "2010-11"], ["2010-10", "2010-11"]),
    "FY17 Q1": (["FY17 Q1", "Q2 FY17"], ["FY2017-Q1", "FY2017-Q2"]),
    "several forms": (["2016-04", "May-16", "06/2016"], ["2016-04", "2016-05", "2016-06"]),
    "months and month starts": (["2016-04", "2016-05-01", "1 June 2016"], ["2016-04", "2016-05", "2016-06"]),
    "blanks that cannot be seen": (["2016-04\u200b", "\u00a02016-05 "], ["2016-04", "2016-05"]),
}  # fmt: skip


@pytest.mark.parametrize("case", READ)
def test_what_has_one_reading_is_read(case: str) -> None:
    values, labels = READ[case]
    found, problems = read(values)
    assert found.labels.tolist() == labels
    assert list(found.calendar.labels) == labels
    assert not [problem for problem in problems if problem.level != "doubt"]


@pytest.mark.parametrize("case", READ)
def test_rows_in_any_order_make_the_same_calendar(case: str) -> None:
    values, labels = READ[case]
    column = pd.Series(values)
    shuffled = column.iloc[np.random.default_rng(1).permutation(len(column))].reset_index(drop=True)
    assert list(read(shuffled)[0].calendar.labels) == labels


BERLIN = list(pd.date_range("2016-01-01", periods=8, freq="MS", tz="Europe/Berlin").tz_convert("UTC"))
ASKED = {
    "16-Apr": (months("%y-%b"), "format", "%y-%b", MONTHS),
    "day or month first": (months("%d/%m/%Y"), "day_first", True, MONTHS),
    "month first is likelier": (months("%m/%d/%Y"), "day_first", False, MONTHS),
    "day or month first, two digits": (months("%d/%m/%y"), "day_first", True, MONTHS),
    "day or month first, dashes": (months("%d-%m-%Y"), "day_first", True, MONTHS),
    "the year first": (months("%y/%m/%d"), "format", "%y/%m/%d", MONTHS),
    "days of a spreadsheet": ([42461, 42491, 42522], "format", "excel", ["2016-04", "2016-05", "2016-06"]),
    "days of a spreadsheet, text": (["42461", "42491"], "format", "excel", ["2016-04", "2016-05"]),
    "plain numbers of five digits": ([42461, 42462], "format", "number", ["42461", "42462"]),
    "days since 1904": ([40999, 41029], "format", "excel-1904", ["2016-04", "2016-05"]),
    "the day first, eight digits": (months("%d%m%Y"), "day_first", True, MONTHS),
    "the month first, seven digits": ([int(text) for text in months("%m%d%Y")], "day_first", False, MONTHS),
    "numbers in a row": ([12011, 12012, 12013], "format", "number", ["12011", "12012", "12013"]),
    "January of each year": ([12011, 12012, 12013], "format", "%m%Y", ["2011-01", "2012-01", "2013-01"]),
    "days of a spreadsheet, or April": ([42005, 42012], "format", "excel", ["2015-01-01", "2015-01-08"]),
    "quarters": (["2018/3", "2018/4", "2019/1"], "format", "quarters", ["2018-Q3", "2018-Q4", "2019-Q1"]),
    "quarters, months": (["2018-3", "2018-4", "2019-1"], "format", "%Y-%m", ["2018-03", "2018-04", "2019-01"]),
    "half-years": (["2018.1", "2018.2", "2019.1"], "format", "half-years", ["2018-H1", "2018-H2", "2019-H1"]),
    "quarters, five digits": ([20183, 20184, 20191], "format", "quarters", ["2018-Q3", "2018-Q4", "2019-Q1"]),
    "half-years, five digits": ([20181, 20182, 20191], "format", "half-years", ["2018-H1", "2018-H2", "2019-H1"]),
    "weeks, six digits": ([201851, 201852, 201901], "format", "%G%V", ["2018-W51", "2018-W52", "2019-W01"]),
    "seconds": ([1672531200, 1675209600], "format", "number", ["1672531200", "1675209600"]),
    "milliseconds": (["1672531200000", "1675209600000"], "format", "number", ["1672531200000", "1675209600000"]),
    "Polish": (["sty 2024", "lut 2024", "kwi 2024"], "order", ["sty 2024", "lut 2024", "kwi 2024"],
               ["sty 2024", "lut 2024", "kwi 2024"]),
    "Polish, no year": (["sty", "lut", "mar", "kwi"], "order", ["sty", "lut", "mar", "kwi"],
                        ["sty", "lut", "mar", "kwi"]),
    "financial years": (["2010-11", "2011-12"], "format", "%Y-%y", ["2010/11", "2011/12"]),
    "November and December": (["2010-11", "2011-12"], "format", "%Y-%m", ["2010-11", "2011-12"]),
    "1 April": (["2015-04-01", "2016-04-01"], "format", "financial year", ["2015/16", "2016/17"]),
    "31 March": (["31/03/2015", "31/03/2016"], "format", "financial year", ["2014/15", "2015/16"]),
    "one month a year": (["1 April 2015", "1 April 2016"], "format", "%d %B %Y", ["2015-04", "2016-04"]),
    "local midnights": (BERLIN, "zone", "Europe/Berlin", MONTHS[:8]),
    "times of day": (["2016-04-01 10:15", "2016-05-02 11:30"], "format", "%Y-%m-%d", None),
    "times of day in a frame": (pd.to_datetime(["2016-04-01 10:15", "2016-05-02 11:30"]), "format", "%Y-%m",
                                ["2016-04", "2016-05"]),
    "months without a year": (["Apr", "May", "Mar"], "order", ["Apr", "May", "Mar"], ["Apr", "May", "Mar"]),
    "seasons": (["spring 2018", "winter 2018/19"], "order", ["spring 2018", "winter 2018/19"],
                ["spring 2018", "winter 2018/19"]),
    "not begun": (["2026-11", "2026-12"], "future", True, ["2026-11", "2026-12"]),
    "not begun, for a mistyped year": (["2016-04", "2061-05"], "future", True, ["2016-04", "2061-05"]),
}  # fmt: skip


@pytest.mark.parametrize("case", ASKED)
def test_what_the_file_cannot_tell_is_asked_with_the_key_that_settles_it(case: str) -> None:
    values, key, value, labels = ASKED[case]
    _, problems = read(values)
    questions = [problem for problem in problems if problem.level == "question"]
    assert len(questions) == 1
    answers = {name for answer in questions[0].answers for name in answer.entries}
    assert key in answers
    if labels is not None:
        found, after = read(values, **{key: value})
        assert found.labels.tolist() == labels
        assert not [problem for problem in after if problem.level != "doubt"]


@pytest.mark.parametrize("case", ["16-Apr", "day or month first", "month first is likelier", "local midnights",
                                  "the year first", "days of a spreadsheet"])  # fmt: skip
def test_until_it_is_answered_the_likelier_reading_stays(case: str) -> None:
    values, *_, labels = ASKED[case]
    assert read(values)[0].labels.tolist() == labels


def test_a_question_shows_what_each_reading_makes_of_the_data() -> None:
    (problem,) = read(months("%d/%m/%Y"))[1]
    assert str(problem) == (
        "sales.csv, column month: '01/02/2016' may be 1 Feb 2016 (18 month starts) or 2 Jan 2016 (days 1 to 12 of 2 "
        "months). [period] day_first = true (1 Feb 2016) or [period] day_first = false (2 Jan 2016)."
    )


REFUSED = {
    "numbers that lost a zero": ([2016.1, 2016.11, 2016.2], "lost its zero", (2, 3, 4)),
    "text that lost a zero": (["2016.01", "2016.02", "2016.1"], "lost its zero", (4,)),
    "October alone": (["2016.1", "2016.11", "2016.12"], "lost its zero", (2,)),
    "day and month first": (["13/04/2016", "14/04/2016", "04/15/2016"], "written in another way", (4,)),
    "dots with the month first": (["4.12.2016", "4.13.2016"], "cannot be put in order", (3,)),
    "a month of six digits that is none": ([*(f"{m:02d}2016" for m in range(1, 13)), "132016"], "another way", (14,)),
    "a year of two digits made four": ([*MONTHS, "0023-05"], "a year that cannot be meant", (20,)),
    "a year a thousand too low": ([*MONTHS, "1016-05"], "a year that cannot be meant", (20,)),
    "no such day": (["2016-02-29", "2017-02-29"], "cannot be put in order", (3,)),
    "no such week": (["2019-W52", "2019-W53"], "cannot be put in order", (3,)),
    "no such month": (["2016-12", "2016-13"], "cannot be put in order", (3,)),
    "two languages": (["May-16", "Jun-16", "Okt-16"], "another language", (4,)),
    "weekdays": (["Mon", "Tue"], "a weekday", (2, 3)),
    "weekdays in full": (["Monday", "Tuesday"], "a weekday", (2, 3)),
    "weekdays in German": (["Montag", "Dienstag"], "a weekday", (2, 3)),
    "a total": (["2016-04", "2016-05", "Total"], "a sum among its parts", (4,)),
    "year to date": (["2016-04", "YTD", "Grand Total"], "a sum among its parts", (3, 4)),
    "a year among months": (["2016-04", "2016", "2016-05"], "a sum among its parts", (3,)),
    "a quarter among months": (["2016-04", "2016-05", "Q2 2016"], "a sum among its parts", (4,)),
    "a financial year among months": (["2016-04", "2016-05", "2016/17"], "written in another way", (4,)),
    "a doubtful form among others": (["2016-04", "16-May", "06/2016"], "could mean several things", (3,)),
    "another kind": (["2016-04", "2016-05", "P3"], "of another kind", (4,)),
    "anything else": (["before", "after"], "cannot be put in order", (2, 3)),
    "durations": (pd.to_timedelta(["1D", "2D"]), "cannot be put in order", (2, 3)),
    "dates that a spreadsheet half read": ([pd.Timestamp("2016-01-04"), "13/04/2016"], "beside cells that are", (3,)),
}  # fmt: skip


@pytest.mark.parametrize("case", REFUSED)
def test_what_has_no_reading_is_refused_with_its_rows(case: str) -> None:
    values, why, rows = REFUSED[case]
    problems = [problem for problem in read(values)[1] if problem.level == "problem"]
    assert len(problems) == 1
    assert why in problems[0].found
    assert problems[0].rows == rows


@pytest.mark.parametrize(
    ("values", "declared", "why", "row"),
    [
        (["Apr-16", "17-May"], {"format": "%b-%y"}, "not written as %b-%y", 3),
        (["01/04/2016", "2016-05"], {"format": "%d/%m/%Y"}, "not written as", 3),
        (["42461", "Apr"], {"format": "excel"}, "not written as excel", 3),
        (["01/04/2016", "04/13/2016"], {"day_first": True}, "cannot have its day first", 3),
        (["13/04/2016", "04/01/2016"], {"day_first": False}, "cannot have its month first", 2),
        (["spring", "fall"], {"order": ["winter", "spring"]}, "not on the list of order", 3),
    ],
)
def test_a_declaration_is_held_against_the_data(values: list[str], declared: Any, why: str, row: int) -> None:
    (problem,) = read(values, **declared)[1]
    assert why in problem.found
    assert problem.rows == (row,)


def test_a_declared_order_is_the_order_of_time() -> None:
    order = ["spring 2018", "summer 2018", "winter 2018/19", "spring 2019"]
    found, problems = read(["Winter 2018/19", "spring 2018", "summer 2018 "], order=order)
    assert list(found.calendar.labels) == order[:3]
    assert found.labels.tolist() == ["winter 2018/19", "spring 2018", "summer 2018"]
    assert not problems


def test_declared_formats_know_names_of_months_in_other_languages() -> None:
    found, problems = read(["Mai 16", "Okt 16"], format="%b %y")
    assert found.labels.tolist() == ["2016-05", "2016-10"]
    assert not problems


@pytest.mark.parametrize(
    ("values", "missing"),
    [
        (["2016-07", "2016-08", "2016-10"], ["2016-09"]),
        (["2019-Q3", "2019-Q4", "2020-Q2"], ["2020-Q1"]),
        (["2020-W51", "2020-W52", "2021-W01"], ["2020-W53"]),
        (["2018-P12", "2018-P13", "2019-P02"], ["2019-P01"]),
        (["Wave 1", "Wave 2", "Wave 4"], ["Wave 3"]),
        (["2016-01", "2017-01", "2019-01"], ["2018-01"]),
        ([1, 2, 4], ["3"]),
        (["2016-08", "2016-10"], []),  # two alone tell no step
        (["2016-01", "2016-04", "2016-07"], []),  # one month in three, steadily
        (["2016-04-04", "2016-04-05", "2016-12-31"], []),  # no steady step
    ],
)
def test_a_gap_is_said_and_stays_a_gap(values: list[Any], missing: list[str]) -> None:
    found, problems = read(values)
    assert found.calendar.gaps == missing
    assert [problem.found for problem in problems] == [f"{label}: no unit has a row." for label in missing]
    assert len(found.calendar.full()) == len(values) + len(missing)


@pytest.mark.parametrize(
    ("values", "count"),
    [
        ([month for month in months("%Y-%m", 36) if month[-2:] < "05"], 16),
        (["2016-W01", "2016-W02", "2016-W09", "2016-W10"], 6),
        ([*months("%Y-%m-%d", 3), "2016-05-15"], 0),  # days of which no step is known
    ],
)
def test_gaps_are_said_also_where_they_are_no_columns_of_the_grid(values: list[str], count: int) -> None:
    found, problems = read(values)
    assert len(found.calendar.holes) == count
    assert found.calendar.gaps == []
    assert found.calendar.full() == list(found.calendar.labels)
    assert "no gaps" not in found.said
    assert f"{count} gaps" in found.said or "gaps cannot be told" in found.said
    assert [problem.code for problem in problems] == ["gap"] * (count > 0)
    assert all("taken one after another" in problem.found for problem in problems)


SPREAD = [month for month in MONTHS for _ in range(8)]


@pytest.mark.parametrize(
    ("stray", "level", "away"),
    [
        ("1916-05", "question", "100 years"),
        ("1999-05", "question", "17 years"),
        ("2009-05", "doubt", "7 years"),
        ("2014-11", "doubt", "14 months"),
        ("2015-06", None, ""),  # a store that was there some months before the others
    ],
)
def test_a_row_far_from_all_others_is_told(stray: str, level: str | None, away: str) -> None:
    found, problems = read([*SPREAD, stray])
    (told,) = [problem for problem in problems if problem.code == "far"] or [None]
    assert "no gaps" not in found.said
    assert (told is None) == (level is None)
    if told is not None:
        assert told.level == level
        assert told.found == f"{stray!r} lies {away} from all other periods and has 1 row: row 146."
        assert told.rows == (146,)


def test_two_slips_are_two_and_an_answer_leaves_a_doubt() -> None:
    _, problems = read([*SPREAD, "1916-05", "1961-05"])
    assert [problem.rows for problem in problems if problem.code == "far"] == [(146,), (147,)]
    _, after = read([*SPREAD, "1916-05"], format="%Y-%m")
    assert [problem.level for problem in after] == ["doubt"]


@pytest.mark.parametrize(
    ("values", "key"),
    [
        ([*SPREAD, "1916-05"], "%Y-%m"),
        ([f"{text[5:]}{text[:4]}" for text in [*SPREAD, "1916-05"]], "%m%Y"),
        ([pd.Timestamp(text) for text in [*SPREAD, "1916-05"]], "%Y-%m-%d"),
        (
            [*(day for day in pd.date_range("2016-02-03", periods=30) for _ in range(8)), dt.date(1916, 2, 7)],
            "%Y-%m-%d",
        ),
        ([*(year for year in range(2001, 2013) for _ in range(8)), 1907], "%Y"),
        ([*(f"Q{q} 2016" for q in range(1, 5) for _ in range(8)), "Q1 1916"], None),
    ],
)
def test_a_slip_of_years_is_asked_with_a_key_that_changes_no_label(values: list[Any], key: str | None) -> None:
    found, problems = read(values)
    (told,) = [problem for problem in problems if problem.code == "far"]
    assert told.level == ("question" if key else "problem")
    assert [answer.entries["format"] for answer in told.answers] == [key] * bool(key)
    after = read(values, format=key)[0] if key else found
    assert after.labels.tolist() == found.labels.tolist()


def test_a_number_far_from_all_others_is_told() -> None:
    _, problems = read([*(number for number in range(1, 13) for _ in range(8)), 99])
    assert [problem.found for problem in problems if problem.code == "far"] == [
        "'99' lies 87 numbers from all other periods and has 1 row: row 98."
    ]


@pytest.mark.parametrize(
    "sound",
    [
        [*months("%Y-%m", 60, "2011-01"), *SPREAD],  # a first store that is five years older
        [*SPREAD, "2018-01", *["2018-02"] * 8, *["2018-03"] * 8],  # closed for half a year, then one opens first
        [day for day in pd.bdate_range("2016-01-04", periods=40).strftime("%Y-%m-%d") for _ in range(9)]
        + ["2016-03-05"],
    ],
)
def test_few_rows_that_others_lead_to_are_not_far(sound: list[str]) -> None:
    assert not [problem for problem in read(sound)[1] if problem.code == "far"]


@pytest.mark.parametrize(
    ("values", "door", "key"),
    [
        (months("%m/%y"), "keywords", 'period={"column": "month", "format": "%m/%y"}'),
        (months("%m/%y"), "toml", '[period] format = "%m/%y"'),
        (["before", "after"], "toml", '[period] order = ["before", "after"]'),
        ([*MONTHS, "some time"], "toml", '[period] format = "%d.%m.%Y"'),
    ],
)
def test_what_cannot_be_put_in_order_comes_with_a_key(values: list[str], door: Any, key: str) -> None:
    sheet = Sheet("sales.csv", pd.DataFrame({"month": values}), [], door)
    read_periods(sheet, "month", Period(column="month"), today=TODAY)
    (problem,) = sheet.problems
    assert "cannot be put in order" in problem.found
    assert key in problem.fix


@pytest.mark.parametrize(("column", "asked"), [("week", 1), ("Kalenderwoche", 1), ("month", 0)])
def test_a_column_of_weeks_holds_no_months(column: str, asked: int) -> None:
    sheet = Sheet("sales.csv", pd.DataFrame({column: [202301, 202302, 202312]}), [])
    read_periods(sheet, column, Period(column=column), today=TODAY)
    assert ["2023-W01" in problem.found for problem in sheet.problems if problem.level == "question"] == [True] * asked


def test_days_that_are_never_worked_are_no_gaps() -> None:
    days = list(pd.bdate_range("2016-01-05", periods=20).strftime("%Y-%m-%d"))
    assert read(days)[0].calendar.gaps == []
    assert read(days[:9] + days[10:])[0].calendar.gaps == [days[9]]


def test_numbers_that_begin_again_lack_their_year() -> None:
    labels = [f"P{p}" for p in [11, 12, 13, *range(1, 11)]]
    frame = pd.DataFrame({"store": np.repeat(list("abc"), 13), "month": labels * 3})
    for shown, asked in ((frame, 1), (frame.sort_values("month", key=lambda s: s.str[1:].astype(int)), 0)):
        sheet = Sheet("sales.csv", shown.reset_index(drop=True), [])
        read_periods(sheet, "month", Period(column="month"), units=sheet.frame["store"], today=TODAY)
        assert [problem.code for problem in sheet.problems] == ["year"] * asked


def test_empty_cells_are_missing_and_no_period() -> None:
    found, problems = read(["2016-04", None, "  ", "2016-05"])
    assert found.labels.isna().tolist() == [False, True, True, False]
    assert not problems


def test_how_it_was_written_is_said() -> None:
    found, _ = read(["Apr-16"] * 3 + ["2016-05"])
    assert found.forms == ["Apr-16 (3 times)", "2016-05 (1 time)"]
    assert "2016-04, 2016-05 in this order, written Apr-16 (3 times)" in found.said
    assert "years of two digits" in found.said
    assert "German" in read(["Okt 2016"])[0].said


SPELLINGS = ["%Y-%m", "%Y/%m", "%b-%y", "%b %Y", "%B %Y", "%m/%Y", "%Y%m", "%d.%m.%Y", "%Y-%m-%d", "%d %B %Y",
             "%YM%m", "%Y-%b", "%d-%b-%y"]  # fmt: skip


@given(
    start=st.dates(dt.date(1970, 1, 1), dt.date(2024, 1, 1)),
    count=st.integers(3, 30),
    spelling=st.sampled_from(SPELLINGS),
    seed=st.integers(0, 1000),
)
def test_any_months_in_any_unmistakable_spelling_come_back(start: Any, count: int, spelling: str, seed: int) -> None:
    days = pd.date_range(start.replace(day=1), periods=count, freq="MS")
    order = np.random.default_rng(seed).permutation(count)
    found, problems = read([days[place].strftime(spelling) for place in order])
    wanted = [day.strftime("%Y-%m") for day in days]
    assert list(found.calendar.labels) == wanted
    assert found.labels.tolist() == [wanted[place] for place in order]
    assert not problems


@pytest.mark.parametrize(
    ("text", "label"),
    [
        ("2016-04-01", "2016-04"), ("2016-4", "2016-04"), ("Apr 2016", "2016-04"), ("2016-04-01 00:00:00", "2016-04"),
        ("16-Apr", "2016-04"), ("30.4.2016", "2016-04"), ("2016", None), ("hello", None), ("04/05/2016", None),
    ],
)  # fmt: skip
def test_a_label_written_elsewhere_or_earlier_is_the_same_period(text: str, label: str | None) -> None:
    assert canonical(text, Calendar.of(MONTHS)) == label


def test_a_day_that_may_be_two_is_settled_by_the_declaration() -> None:
    assert canonical("04/05/2016", Calendar.of(MONTHS, day_first=True)) == "2016-05"
    assert canonical("04/05/2016", Calendar.of(MONTHS, day_first=False)) == "2016-04"


@pytest.mark.parametrize(
    ("labels", "wanted"),
    [
        (["2025-2", "2025-10", "2025-1"], ["2025-1", "2025-2", "2025-10"]),
        (["Apr 2024", "Jan 2024", "Dec 2023"], ["Dec 2023", "Jan 2024", "Apr 2024"]),
        (["P10", "P2", "P1"], ["P1", "P2", "P10"]),
        (["10", "9", "100"], ["9", "10", "100"]),
        (["2024-02-01 00:00:00", "2024-01-01 00:00:00"], ["2024-01-01 00:00:00", "2024-02-01 00:00:00"]),
        (["b", "a"], ["a", "b"]),
    ],
)
def test_labels_of_earlier_versions_stand_in_the_order_of_time(labels: list[str], wanted: list[str]) -> None:
    assert pd.Series(labels).sort_values(key=in_time).tolist() == wanted


@pytest.mark.parametrize(
    ("periods", "dates", "wanted"),
    [
        (MONTHS, ["2016-04-17", "2016-05", "2019-01-01", "2016"], ["2016-04", "2016-05", None, None]),
        (["2016-Q1", "2016-Q2"], ["2016-04-17", "2016-02", "2016-Q2"], ["2016-Q2", "2016-Q1", "2016-Q2"]),
        (["2016-W05", "2016-W06"], ["2016-02-03", "2016-02"], ["2016-W05", None]),
        (["2015", "2016"], ["2016-04-17", "2016-Q1", "2015"], ["2016", "2016", "2015"]),
        (["2016-04", "2016-06", "2016-07"], ["2016-05-31"], ["2016-05"]),
        (["Wave 1", "Wave 2"], ["wave 2", "Week 2"], ["Wave 2", None]),
    ],
)
def test_dates_are_cut_to_the_periods_they_lie_in(periods: list[str], dates: list[str], wanted: list[Any]) -> None:
    found = Calendar.of(periods).cut(pd.Series(dates))
    assert found.astype(object).where(found.notna(), None).tolist() == wanted


def test_a_million_rows_cost_next_to_nothing_beyond_their_spellings() -> None:
    from time import process_time

    values = pd.Series(MONTHS * 60_000)
    pd.factorize(values)
    began = process_time()
    found, _ = read(values)
    assert len(found.labels) == len(values)
    assert process_time() - began < 1.0  # .1 s a million rows on a quiet machine; a busy one is given time
