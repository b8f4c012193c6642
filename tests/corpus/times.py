"""Periods as people write them."""

from __future__ import annotations

from collections.abc import Callable

import pandas as pd

from pdlib import Observations
from tests.corpus.world import HAPPY, MONTHS, Case

S = r"(?i)"


def _written(form: str | Callable[[pd.Timestamp], str]) -> Callable[[pd.DataFrame], pd.DataFrame]:
    def make(frame: pd.DataFrame) -> pd.DataFrame:
        dates = pd.to_datetime(frame["month"] + "-01")
        text = dates.dt.strftime(form) if isinstance(form, str) else dates.map(form)
        return frame.assign(month=text).sample(frac=1, random_state=1)

    return make


def _labels(*wanted: str) -> Callable[[Observations], bool]:
    return lambda o: list(o.periods) == list(wanted)


def _mixed(frame: pd.DataFrame) -> pd.DataFrame:
    dates = pd.to_datetime(frame["month"] + "-01")
    text = dates.dt.strftime("%Y-%m").where(frame.index % 3 > 0, dates.dt.strftime("%b-%y"))
    return frame.assign(month=text)


def _twice(frame: pd.DataFrame) -> pd.DataFrame:
    again = frame[frame["month"] == "2024-04"].assign(month="Apr 2024")
    return pd.concat([frame, again], ignore_index=True)


def _quarter(stamp: pd.Timestamp) -> str:
    return f"{stamp.year}-{stamp.month}"


GERMAN = [
    "Januar",
    "Februar",
    "März",
    "April",
    "Mai",
    "Juni",
    "Juli",
    "August",
    "September",
    "Oktober",
    "November",
    "Dezember",
]
FRENCH = [
    "janvier",
    "février",
    "mars",
    "avril",
    "mai",
    "juin",
    "juillet",
    "août",
    "septembre",
    "octobre",
    "novembre",
    "décembre",
]
POLISH = ["sty", "lut", "mar", "kwi", "maj", "cze", "lip", "sie", "wrz", "paź", "lis", "gru"]


def _in_quarters(form: str) -> Callable[[pd.DataFrame], pd.DataFrame]:
    """Twelve quarters of three years, written by year and number."""
    return lambda f: f.assign(
        month=[form.format(2021 + k // 4, k % 4 + 1) for k in f["month"].str[-2:].astype(int) - 1]
    )


def _once(month: str) -> Callable[[pd.DataFrame], pd.DataFrame]:
    return lambda f: f.assign(month=f["month"].where(f.index != 40, month))


def _with_sum(label: str, form: Callable[[pd.Series], pd.Series]) -> Callable[[pd.DataFrame], pd.DataFrame]:
    def make(frame: pd.DataFrame) -> pd.DataFrame:
        sums = frame.groupby("store", as_index=False)[["happy", "answers"]].sum()
        return pd.concat([frame.assign(month=form(frame["month"])), sums.assign(month=label, footfall=1.0, staff=1.0)])

    return make


QUARTERS = _labels(*(f"{year}-Q{number}" for year in (2021, 2022, 2023) for number in (1, 2, 3, 4)))
DAY_FIRST = {**HAPPY, "period": {"column": "month", "day_first": True}}
CASES = [
    *(
        Case(f"months as {form}", _written(form), "same")
        for form in (
            "%b %Y", "%b-%y", "%Y-%b", "%B %Y", "%Y/%m", "%Y.%m", "%YM%m", "%Y%m", "%m/%Y", "%m-%Y", "%Y-%m-%d",
            "%Y%m%d", "%d.%m.%Y", "%d %B %Y", "%d-%b-%y", "%Y-%m-%d 00:00:00", "%Y-%m-%dT00:00:00Z",
        )
    ),
    *(Case(f"months as {form}", _written(form), "same") for form in ("%m%Y", "%-m%Y")),
    Case("months as numbers, the year last", lambda f: f.assign(month=(f["month"].str[-2:] + f["month"].str[:4]).astype(int)), "same"),
    Case("month ends as numbers, the day first", _written(lambda d: f"{d + pd.offsets.MonthEnd(0):%-d%m%Y}"), "same"),
    Case("month starts as numbers, the day first", _written("%d%m%Y"), S + r"12 month starts[^\n]*day_first"),
    Case("month starts as numbers, the day first, said", _written("%-d%m%Y"), "same", DAY_FIRST),
    Case("quarters as 2021/1", _in_quarters("{}/{}"), S + r"quarters[^\n]*months"),
    Case("quarters as 2021/1, said", _in_quarters("{}/{}"), QUARTERS, {**HAPPY, "period": {"column": "month", "format": "quarters"}}),
    Case("quarters as 2021/1, months said", _in_quarters("{}/{}"), lambda o: o.periods[:5] == ["2021-01", "2021-02", "2021-03", "2021-04", "2022-01"], {**HAPPY, "period": {"column": "month", "format": "%Y/%m"}}, doubt="2021-05"),
    Case("quarters as 20211", _in_quarters("{}{}"), S + r"2021-Q1[^\n]*quarters"),
    Case("quarters as 20211, said", _in_quarters("{}{}"), QUARTERS, {**HAPPY, "period": {"column": "month", "format": "quarters"}}),
    Case("months as 05/23", _written("%m/%y"), r'cannot be put in order[^\n]*period=\{"column": "month", "format": "%m/%y"\}'),
    Case("months in Polish", _written(lambda d: f"{POLISH[d.month - 1]} {d.year}"), S + r"the language of '... 2024' is not known[^\n]*order"),
    Case("a month a hundred years ago", _once("1924-05"), S + r"1924-05[^\n]*row 42"),
    Case("a month of the year 23", _once("0023-05"), S + r"0023-05[^\n]*row 42"),
    Case("a month some years ago", _once("2016-05"), lambda o: o.periods[0] == "2016-05", doubt=r"2016-05' lies 8 years[^\n]*row 42"),
    Case("four months of each year", lambda f: f.assign(month=[f"{2021 + (k - 1) // 4}-{(k - 1) % 4 + 1:02d}" for k in f["month"].str[-2:].astype(int)]), lambda o: len(o.periods) == 12, doubt=r"2021-05"),
    Case("a thirteenth period that is the sum", _with_sum("13", lambda m: m.str[-2:].astype(int).astype(str)), S + r"'13' is the sum of the 12 others"),
    Case("a month that is the sum", _with_sum("2025-01", lambda m: m), S + r"'2025-01' is the sum of the 12 others"),
    Case("weeks by their Sundays", lambda f: f.assign(month=[str(pd.Timestamp("2024-01-07") + pd.Timedelta(weeks=k - 1))[:10] for k in f["month"].str[-2:].astype(int)]), _labels(*(f"2024-W{k:02d}" for k in range(1, 13))), doubt="Sundays"),
    Case("weeks as numbers", lambda f: f.assign(month=[202400 + 4 * k for k in f["month"].str[-2:].astype(int)]), S + r"2024-W04[^\n]*weeks"),
    Case("seconds since 1970", lambda f: f.assign(month=(pd.to_datetime(f["month"] + "-01") - pd.Timestamp("1970-01-01")) // pd.Timedelta("1s")), S + r"1 Jan 2024 as seconds since 1970"),
    Case("months without their zero", _written(_quarter), "same"),
    Case("months in capitals", _written(lambda d: f"{d:%b %Y}".upper()), "same"),
    Case("months in German", _written(lambda d: f"{GERMAN[d.month - 1]} {d.year}"), "same"),
    Case("months in French", _written(lambda d: f"{FRENCH[d.month - 1]} {d.year}"), "same"),
    Case("month ends with slashes", _written(lambda d: f"{d + pd.offsets.MonthEnd(0):%d/%m/%Y}"), "same"),
    Case("dates", lambda f: f.assign(month=pd.to_datetime(f["month"] + "-01")), "same"),
    Case("month ends as dates", lambda f: f.assign(month=pd.to_datetime(f["month"] + "-01") + pd.offsets.MonthEnd(0)), "same"),
    Case("periods of pandas", lambda f: f.assign(month=pd.PeriodIndex(f["month"], freq="M")), "same"),
    Case("month starts day first", _written("%d/%m/%Y"), S + r"day_first|day first"),
    Case("month starts day first, said", _written("%d/%m/%Y"), "same", DAY_FIRST),
    Case("a day that cannot be a month, said day first", _written(lambda d: f"{d + pd.offsets.MonthEnd(0):%m/%d/%Y}"), S + r"format[^\n]*row|row[^\n]*format", {**HAPPY, "period": {"column": "month", "format": "%d/%m/%Y"}}),
    Case("a format that fits", _written("%y|%m"), "same", {**HAPPY, "period": {"column": "month", "format": "%y|%m"}}),
    Case("a format that does not", _written("%b %Y"), S + r"format", {**HAPPY, "period": {"column": "month", "format": "%Y-%m"}}),
    Case("days and months of a spreadsheet", _written("%y-%b"), S + r"format|day"),
    Case("months as decimals", lambda f: f.assign(month=f["month"].str.replace("-", ".").astype(float)), S + r"zero|format|October"),
    Case("serial days of a spreadsheet", lambda f: f.assign(month=(pd.to_datetime(f["month"] + "-01") - pd.Timestamp("1899-12-30")).dt.days), S + r"excel"),
    Case("serial days, said", lambda f: f.assign(month=(pd.to_datetime(f["month"] + "-01") - pd.Timestamp("1899-12-30")).dt.days), "same", {**HAPPY, "period": {"column": "month", "format": "excel"}}),
    Case("months without a year", _written("%b"), S + r"order"),
    Case("months without a year, in order", _written("%b"), lambda o: o.periods[0] == "Jan" and len(o.periods) == 12, {**HAPPY, "period": {"column": "month", "order": [f"{pd.Timestamp(m + '-01'):%b}" for m in MONTHS]}}),
    Case("weekdays", lambda f: f.assign(month=f["month"].str[-2:].astype(int).mod(7).map(dict(enumerate(["Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"])))).drop_duplicates(["store", "month"]), S + r"weekday"),
    Case("seasons", lambda f: f[f["month"].isin(MONTHS[:3])].assign(month=lambda d: d["month"].map(dict(zip(MONTHS[:3], ["spring 2024", "summer 2024", "winter 2024/25"], strict=True)))), S + r"order"),
    Case("unnumbered text", lambda f: f.assign(month=f["month"].map(dict(zip(MONTHS, "abcdefghijkl", strict=True)))), S + r"order"),
    Case("periods of a year", lambda f: f.assign(month="P" + f["month"].str[-2:].astype(int).astype(str)), lambda o: len(o.periods) == 12 and list(o.periods) == sorted(o.periods, key=lambda p: int("".join(c for c in p if c.isdigit())))),
    Case("waves by number", lambda f: f.assign(month="Wave " + f["month"].str[-2:].astype(int).astype(str)), lambda o: [int(p.split()[-1]) if " " in p else int(p.strip("P")) for p in o.periods] == list(range(1, 13))),
    Case("quarters as Q1 2024", lambda f: f[f["month"].str[-2:].isin(["01", "04", "07", "10"])].assign(month=lambda d: "Q" + ((d["month"].str[-2:].astype(int) + 2) // 3).astype(str) + " 2024"), _labels("2024-Q1", "2024-Q2", "2024-Q3", "2024-Q4")),
    Case("quarter starts", lambda f: f[f["month"].str[-2:].isin(["01", "04", "07", "10"])].assign(month=lambda d: pd.to_datetime(d["month"] + "-01")), _labels("2024-Q1", "2024-Q2", "2024-Q3", "2024-Q4")),
    Case("weeks without their zero", lambda f: f.assign(month="2024-W" + f["month"].str[-2:].astype(int).astype(str)), _labels(*(f"2024-W{k:02d}" for k in range(1, 13)))),
    Case("years", lambda f: f.assign(month=f["month"].str[-2:].astype(int) + 2000), _labels(*(str(2000 + k) for k in range(1, 13)))),
    Case("financial years", lambda f: f.assign(month=f["month"].str[-2:].astype(int).map(lambda k: f"FY{(96 + k) % 100:02d}")), lambda o: o.periods[0].endswith("97") and o.periods[-1].endswith("08")),
    Case("two spellings of a month", _mixed, "same", doubt=S + r"written|spelling"),
    Case("a month twice in two spellings", _twice, S + r"already given"),
    Case("a total among the periods", lambda f: pd.concat([f, f.groupby("store", as_index=False)[["happy", "answers"]].sum().assign(month="Total", footfall=1, staff=1)]), S + r"Total"),
    Case("a year among months", lambda f: pd.concat([f, f.groupby("store", as_index=False)[["happy", "answers"]].sum().assign(month="2024", footfall=1, staff=1)]), S + r"2024"),
    Case("a blank period", lambda f: f.assign(month=f["month"].where(f.index != 5)), S + r"no value"),
    Case("a month that no store has", lambda f: f[f["month"] != "2024-05"], lambda o: len(o.periods) == 11, doubt=r"2024-05"),
    Case("months to come", lambda f: f.assign(month=f["month"].str.replace("2024", "2091")), S + r"future|not begun|to come"),
    Case("instants of local midnights", lambda f: f.assign(month=pd.to_datetime(f["month"] + "-01").dt.tz_localize("Europe/Berlin").dt.tz_convert("UTC")), S + r"zone"),
    Case("instants of local midnights, with their zone", lambda f: f.assign(month=pd.to_datetime(f["month"] + "-01").dt.tz_localize("Europe/Berlin").dt.tz_convert("UTC")), "same", {**HAPPY, "period": {"column": "month", "zone": "Europe/Berlin"}}),
    Case("instants in their own zone", lambda f: f.assign(month=pd.to_datetime(f["month"] + "-01").dt.tz_localize("Europe/Berlin")), "same"),
]  # fmt: skip
