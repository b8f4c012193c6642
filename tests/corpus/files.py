"""Files as people write them: dialects, encodings, ragged rows, workbooks."""

from __future__ import annotations

import gzip
from pathlib import Path
from typing import Any

import pandas as pd

from pdlib import Observations
from tests.corpus.world import HAPPY, MONTHS, RATE, SCORE, Case, as_text, sound

S = r"(?i)"


def _lines(frame: pd.DataFrame) -> list[str]:
    return as_text(frame).splitlines()


def _joined(lines: list[str], end: str = "\n") -> str:
    return end.join(lines) + end


def _insert(frame: pd.DataFrame, place: int, *new: str) -> str:
    lines = _lines(frame)
    return _joined([*lines[:place], *new, *lines[place:]])


def _cell(frame: pd.DataFrame, row: int, column: str, value: str) -> str:
    frame = frame.astype({column: object})
    frame.loc[row, column] = value
    return as_text(frame)


def _grouped(values: pd.Series, mark: str) -> pd.Series:
    return values.map(lambda x: f"{x:,}".replace(",", mark))


SHORT = {k: v for k, v in SCORE.items() if k not in ("n", "context")}


def _pivot(frame: pd.DataFrame, column: str) -> pd.DataFrame:
    wide = frame.pivot(index="store", columns="month", values=column)
    return wide.set_axis(list(wide.columns), axis=1)


def _some_formulas(frame: pd.DataFrame) -> pd.DataFrame:
    return frame.assign(score=[f"=ROUND({x},2)" if k % 40 == 7 else x for k, x in enumerate(frame["score"])])


def _book(sheets: dict[str, pd.DataFrame], hidden: tuple[str, ...] = (), top: int = 0) -> Any:
    def write(path: Path) -> None:
        with pd.ExcelWriter(path, engine="openpyxl") as book:
            for name, frame in sheets.items():
                frame.to_excel(book, sheet_name=name, index=False, startrow=top)
            for name in hidden:
                book.sheets[name].sheet_state = "hidden"

    return write


def _wide(frame: pd.DataFrame) -> str:
    return as_text(frame.pivot(index="store", columns="month", values="score").reset_index())


def _melted(observations: Observations) -> bool:
    whole = sound().sort_values(["store", "month"])
    return list(observations.periods) == MONTHS and list(observations.panel["score"]) == list(whole["score"])


DECIMAL_COMMA = {"sep": ";", "decimal": ","}
CASES = [
    Case("semicolons", lambda f: as_text(f, sep=";"), "same"),
    Case("semicolons and decimal commas", lambda f: as_text(f, **DECIMAL_COMMA), "same"),
    Case("tabs", lambda f: as_text(f, sep="\t"), "same", file="months.tsv"),
    Case("pipes", lambda f: as_text(f, sep="|"), "same", file="months.txt"),
    Case("a line that names the separator", lambda f: "sep=;\n" + as_text(f, sep=";"), "same"),
    Case("tabs and decimal commas", lambda f: as_text(f, sep="\t", decimal=","), "same"),
    Case("every cell in quotes", lambda f: as_text(f, quoting=1), "same"),
    Case("decimal commas in quotes", lambda f: as_text(f.assign(footfall=f["footfall"].map(lambda x: f"{x}".replace(".", ",")))), "same"),
    Case("CR LF", lambda f: as_text(f).replace("\n", "\r\n"), "same"),
    Case("CR alone", lambda f: as_text(f).replace("\n", "\r").encode(), "same"),
    Case("a byte order mark", lambda f: as_text(f).encode("utf-8-sig"), "same"),
    Case("UTF-16", lambda f: as_text(f).encode("utf-16"), "same"),
    Case("UTF-16 big end first", lambda f: b"\xfe\xff" + as_text(f).encode("utf-16-be"), "same"),
    Case("Latin-1", lambda f: _cell(f, 5, "store", "Münster").encode("latin-1"), S + r"UTF-8[^\n]*line 7|encoding"),
    Case("gzip", lambda f: gzip.compress(as_text(f).encode()), "same", file="months.csv.gz"),
    Case("gzip by content", lambda f: gzip.compress(as_text(f).encode()), "same", file="months.csv"),
    Case("Parquet called .pq", lambda f: f.to_parquet, "same", file="months.pq"),
    Case("Parquet called .csv", lambda f: f.to_parquet, "same"),
    Case("a workbook called .XLSX", lambda f: lambda p: f.to_excel(p, index=False, engine="openpyxl"), "same", file="MONTHS.XLSX"),
    Case("HTML called .xls", lambda f: f.head(20).to_html(index=False), S + r"HTML", file="months.xls"),
    Case("JSON called .csv", lambda f: f.head(40).to_json(orient="records"), S + r"JSON|no such column|heading"),
    Case("thousand commas in quotes", lambda f: as_text(f.assign(visits=_grouped(f["visits"], ","))), "same", RATE),
    Case("thin blanks for thousands", lambda f: as_text(f.assign(visits=_grouped(f["visits"], "\u2009"))), "same", RATE),
    Case("no-break blanks for thousands", lambda f: as_text(f.assign(visits=_grouped(f["visits"], "\u00a0"))), "same", RATE),
    Case("apostrophes for thousands", lambda f: as_text(f.assign(visits=_grouped(f["visits"], "'"))), "same", RATE),
    Case("points for thousands", lambda f: as_text(f.assign(visits=_grouped(f["visits"], ".")), sep=";"), S + r"thousand|whole", RATE),
    Case("points for thousands, said", lambda f: as_text(f.assign(visits=_grouped(f["visits"], ".")), sep=";"), "same", {**RATE, "tables": {"thousands": "."}}),
    Case("a blank for thousands that groups two digits", lambda f: _cell(f, 3, "visits", "12 34"), S + r"text where a number|12 34", RATE),
    Case("percent signs in a count", lambda f: as_text(f.assign(happy=(100 * f["happy"] / f["answers"]).round().astype(int).astype(str) + " %")), S + r"%|share|percent"),
    Case("percent signs in a condition", lambda f: as_text(f.assign(footfall=f["footfall"].astype(str) + "%")), "same"),
    Case("an open quotation mark", lambda f: _cell(f, 100, "store", "OPEN").replace("OPEN", '"S009', 1), S + r"quot|runs over"),
    Case("an open quotation mark, closed much later", lambda f: _cell(f, 100, "store", "OPEN").replace("OPEN", '"S009', 1).replace("S030,2024-01", 'S030",2024-01', 1), S + r"quot|runs over|lines"),
    Case("a comma at the end of rows", lambda f: _joined([line + "," for line in _lines(f)]).replace("staff,\n", "staff\n", 1), "same"),
    Case("a comma at the end of all lines", lambda f: _joined([line + "," for line in _lines(f)]), "same"),
    Case("three commas at the end of some rows", lambda f: _joined([line + ",,," if k % 7 == 3 else line for k, line in enumerate(_lines(f))]), "same", doubt=S + r"empty fields"),
    Case("one row short", lambda f: _joined([line if k != 50 else line.rsplit(",", 2)[0] for k, line in enumerate(_lines(f))]), S + r"row 51\b|fields?"),
    Case("one row long", lambda f: _joined([line if k != 50 else line + ",9" for k, line in enumerate(_lines(f))]), S + r"row 51\b|fields?"),
    Case("a comma inside one number", lambda f: _joined([line if k != 50 else line.replace(",", ",1,", 1) for k, line in enumerate(_lines(f))]), S + r"row 51\b|fields?"),
    Case("the last line cut off", lambda f: as_text(f)[:-14], S + r"cut off|fields?"),
    Case("the last line cut off inside a number", lambda f: as_text(f).rstrip("\n").rsplit(",", 1)[0] + ",", S + r"cut off|field"),
    Case("a heading twice", lambda f: as_text(f).replace("score", "happy", 1), S + r"twice"),
    Case("a heading twice but for a blank", lambda f: as_text(f).replace("score", "happy ", 1), S + r"twice"),
    Case("blanks around headings", lambda f: as_text(f).replace("happy", " happy ", 1).replace("footfall", "footfall\u00a0", 1), "same"),
    Case("headings in capitals", lambda f: as_text(f).replace("happy", "Happy", 1), S + r"did you mean 'Happy'"),
    Case("two title lines", lambda f: "Happy customers by store\nExported on 3 June 2025\n" + as_text(f), "same"),
    Case("a title line and a blank line", lambda f: "Happy customers by store\n\n" + as_text(f), "same"),
    Case("title lines with commas", lambda f: "Happy customers,,,,,\n,,,,,,,,\n" + as_text(f), "same"),
    Case("the heading again half-way", lambda f: _insert(f, 200, _lines(f)[0]), S + r"heading[^\n]*201|201[^\n]*heading"),
    Case("a footer", lambda f: as_text(f) + "Source: our own till\n", "same", doubt=S + r"Source: our own till"),
    Case("a footer with a count", lambda f: as_text(f) + "\n432 rows\n", "same", doubt=S + r"432 rows"),
    Case("a footer with separators", lambda f: as_text(f) + "Exported on 3 June,,,,,,,,\n", "same", doubt=S + r"Exported on 3 June"),
    Case("blank lines between", lambda f: _insert(f, 200, "", ""), "same"),
    Case("text below blank lines", lambda f: "\n".join([*_cell(f, 299, "happy", "n.k.").split("\n")[:50], "", "", *_cell(f, 299, "happy", "n.k.").split("\n")[50:]]), r"row 303\b"),
    Case("text below a line break in a cell", lambda f: _cell(f.assign(note=""), 299, "happy", "n.k.").replace("S003,2024-05", '"S0\n03",2024-05', 1), r"row 302\b|line break|runs over"),
    Case("spreadsheet errors", lambda f: _cell(f, 7, "footfall", "#DIV/0!"), S + r"#DIV/0!"),
    Case("N/A of a spreadsheet", lambda f: _cell(f, 7, "happy", "#N/A"), S + r"#N/A"),
    Case("an empty file", lambda f: "", S + r"empty"),
    Case("a heading alone", lambda f: _lines(f)[0] + "\n", S + r"no rows"),
    Case("nothing but bytes", lambda f: bytes(range(256)) * 8, S + r"cannot be read|UTF-8|not a table|no such column|binary"),
    Case("a zip of nothing", lambda f: b"PK\x05\x06" + b"\0" * 18, S + r"cannot be read|zip|workbook|empty", file="months.xlsx"),
    Case("a torn workbook", lambda f: b"PK\x03\x04" + b"xyz" * 100, S + r"cannot be read|workbook|zip", file="months.xlsx"),
    Case("a torn Parquet file", lambda f: b"PAR1" + b"xyz" * 100, S + r"cannot be read|Parquet", file="months.parquet"),
    Case("several sheets", lambda f: _book({"2023": f, "2024": f}), S + r"sheet[\s\S]*2024", file="months.xlsx"),
    Case("the sheet that is named", lambda f: _book({"2023": f.assign(happy=0), "2024": f}), "same", {**HAPPY, "tables": {"sheet": "2024"}}, file="months.xlsx"),
    Case("all sheets together", lambda f: _book({m: f[f["month"] == m] for m in MONTHS}), "same", {**HAPPY, "tables": {"sheet": "*"}}, file="months.xlsx"),
    Case("a hidden sheet first", lambda f: _book({"old": f.assign(happy=0), "new": f}, hidden=("old",)), "same", file="months.xlsx"),
    Case("a title above the heading of a sheet", lambda f: _book({"Sheet1": f}, top=3), "same", file="months.xlsx"),
    Case("a wide table", _wide, _melted, {k: v for k, v in SCORE.items() if k not in ("n", "context")}, doubt="wide table"),
    Case("a wide table of months by name", lambda f: _wide(f.assign(month=pd.to_datetime(f["month"] + "-01").dt.strftime("%b %Y"))), _melted, {k: v for k, v in SCORE.items() if k not in ("n", "context")}, doubt="wide table"),
    Case("a wide table of shares", _wide, S + r"wide table[\s\S]*happy"),
    Case("a wide table with a total", lambda f: _pivot(f, "score").assign(Total=1.0), S + r"wide table[\s\S]*'Total' is none", SHORT),
    Case("a wide table with a year among months", lambda f: _pivot(f, "score").assign(**{"2024": 7.0}), S + r"wide table[\s\S]*'2024' is none", SHORT),
    Case("a wide table with two headings that are none", lambda f: _pivot(f, "score").assign(Total=1.0, Mean=7.0), S + r"'Total' and 'Mean' are none", SHORT),
    Case("a wide table of pairs", lambda f: _pivot(f, "score").add_prefix("score ").join(_pivot(f, "answers").add_prefix("answers ")), S + r"wide table[\s\S]*of score and answers each", {**SHORT, "n": "answers"}),
    Case("a wide table of pairs, the period first", lambda f: _pivot(f, "score").add_suffix("_score").join(_pivot(f, "answers").add_suffix("_answers")), S + r"wide table[\s\S]*of score and answers each", {**SHORT, "n": "answers"}),
    Case("stores as columns", lambda f: f.pivot(index="month", columns="store", values="score"), S + r"wide table[\s\S]*36 columns of numbers, 'S001' to 'S036'", SHORT),
    Case("formulas never worked out", lambda f: _book({"x": f.assign(score=[f"=ROUND({x},2)" for x in f["score"]])}), S + r"score: formulas without a stored result", SCORE, file="months.xlsx"),
    Case("formulas never worked out in some cells", lambda f: _book({"x": _some_formulas(f)}), lambda o: o.panel["score"].notna().sum() < 432, SCORE, file="months.xlsx", doubt=r"score holds formulas without a stored result"),
    Case("a sheet for each month and no month", lambda f: _book({m: f[f["month"] == m].drop(columns="month") for m in MONTHS}), S + r"None has a column month", file="months.xlsx"),
    Case("a sheet for each store and no store", lambda f: _book({u: g.drop(columns="store") for u, g in f.groupby("store")}), S + r"None has a column store", file="months.xlsx"),
    Case("unit and period in the index", lambda f: f.set_index(["store", "month"]), "same"),
    Case("the unit in the index", lambda f: f.set_index("store"), "same"),
    Case("headings that are numbers", lambda f: f.rename(columns={"score": 7, "visits": ("a", 1)}), "same"),
    Case("text in numbers and a wrong unit", lambda f: _cell(f, 9, "happy", "many"), r"shop[\s\S]*many|many[\s\S]*shop", {**HAPPY, "unit": "shop"}),
]  # fmt: skip
