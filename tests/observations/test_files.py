"""Text files as people write them: read right, or refused with the cause and the row; never silently wrong."""

import bz2
import gzip
import io
import lzma
import zipfile
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import pdlib
from pdlib.errors import DataError, PdlibError
from pdlib.observations.files import read_file
from pdlib.observations.sheet import Sheet, Source
from tests.observations.tables import MONTHS, UNITS, declared, lines, put, read, refused, same, table, text


def doubts(path: Path) -> list[str]:
    """Read the observations alone and tell what was noted of them."""
    source = Source(declared(path), {})
    source.sheet("observations", ["store", "month"])
    return [str(problem) for problem in source.problems]


def sheet(content: str, keys: tuple[str, ...] = ("store", "month"), name: str = "observations") -> Sheet:
    """Read a text as a table, without a study."""
    empty = Sheet("months.csv", pd.DataFrame(), [], table=name)
    raw = read_file(content.encode(), empty, keys)
    assert raw is not None, empty.problems
    return Sheet("months.csv", raw.frame, empty.problems, lines=raw.lines, reading=raw.reading)


# -- what stands between columns ------------------------------------------------------------------------------


@pytest.mark.parametrize("separator", [",", ";", "\t", "|"])
@pytest.mark.parametrize("decimal", [".", ","])
def test_separators_and_decimal_marks(tmp_path: Path, separator: str, decimal: str) -> None:
    assert same(read(put(tmp_path, text(sep=separator, decimal=decimal))))


@pytest.mark.parametrize("said", ["sep=;\n", "SEP=;\r\n", '"sep=;"\n'])
def test_a_line_that_names_the_separator(tmp_path: Path, said: str) -> None:
    path = put(tmp_path, said + text(sep=";"))
    assert same(read(path))
    assert "row 7" in str(refused(put(tmp_path, said + text(table(happy="x"), sep=";").replace("x", "1", 4)))[0])


def test_a_separator_within_quoted_cells_of_the_first_lines_misleads_nobody(tmp_path: Path) -> None:
    noted = table(note=["a;b;c;d;e;f;g"] * 30 + ["plain"] * 18)
    assert same(read(put(tmp_path, text(noted))))
    assert same(read(put(tmp_path, text(noted, sep=";"))))


@pytest.mark.parametrize("ends", ["\n", "\r\n", "\r"])
def test_line_ends(tmp_path: Path, ends: str) -> None:
    path = put(tmp_path, text().replace("\n", ends))
    assert same(read(path))
    assert "row 4." in str(refused(put(tmp_path, lines((4, "S001,2024-03,x,40,5.1")).replace("\n", ends)))[0])


@pytest.mark.parametrize("separator", [" ", ":", "~"])
def test_another_separator_is_named_as_the_cause(tmp_path: Path, separator: str) -> None:
    (problem,) = refused(put(tmp_path, text(sep=separator)))
    assert "separated by blanks, or by another sign than comma, semicolon, tab or bar" in str(problem)


# -- encodings ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16"])
def test_encodings_that_say_what_they_are(tmp_path: Path, encoding: str) -> None:
    named = table(store=np.repeat([f"Zürich {number}" for number in range(12)], 4))
    path = put(tmp_path, text(named).encode(encoding))
    assert same(read(path), named)


def test_another_encoding_is_refused_with_the_line_and_read_where_it_is_said(tmp_path: Path) -> None:
    named = table(store=["plain"] * 4 + [*np.repeat([f"Zürich {number}" for number in range(11)], 4)])
    path = put(tmp_path, text(named).encode("cp1252"))
    (problem,) = refused(path)
    assert "not UTF-8, first near line 6" in str(problem)
    assert 'encoding": "cp1252"' in str(problem)
    assert same(pdlib.read(declared(path, encoding="cp1252")), named)


@pytest.mark.parametrize(
    ("content", "encoding", "said"),
    [
        (text().encode(), "cp1252x", "there is no encoding 'cp1252x'"),
        (text(table(store=["ü"] * 48)).encode(), "cp1252", "the text is UTF-8, and read as cp1252"),
        (text().encode("utf-16")[:-1], None, "the text is not utf-16, first near line"),
        (text().encode("utf-16-le"), None, "looks like UTF-16 without its mark"),
        (text(table(store=["ü"] * 48)).encode("utf-16-be"), None, "looks like UTF-16 without its mark"),
        (lines((4, "S001,2024-03,\x00,40,5.1")).encode(), None, "NUL), first near line 4"),
    ],
    ids=["unknown", "declared but UTF-8", "cut in half", "without its mark", "the other way", "NUL"],
)
def test_encodings_that_do_not_fit(tmp_path: Path, content: bytes, encoding: str | None, said: str) -> None:
    path = put(tmp_path, content)
    with pytest.raises(DataError) as caught:
        pdlib.read(declared(path, encoding=encoding))
    assert said in str(caught.value)


# -- the heading ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("above", "row"),
    [("Report on stores\nAll of 2024\n\n", 4), ("Report on stores,,,,\n", 2), ('"Two\nlines"\n\n', 4)],
)
def test_title_lines_are_skipped_and_said(tmp_path: Path, above: str, row: int) -> None:
    path = put(tmp_path, above + text())
    assert same(read(path))
    assert f"the heading is row {row}; what stands above it is skipped" in doubts(path)[0]
    path = put(tmp_path, above + lines((4, "S001,2024-03,x,40,5.1")))
    assert f"row {row + 3}." in str(refused(path)[0])


@pytest.mark.parametrize("written", [" store ,month", "\u00a0store,month\u00a0", "store,\tmonth"])
def test_blanks_around_headings_are_nothing(tmp_path: Path, written: str) -> None:
    assert same(read(put(tmp_path, text().replace("store,month", written))))


@pytest.mark.parametrize("written", ["Store,month", "STORE,month", "store,Month"])
def test_another_case_in_the_heading_is_offered(tmp_path: Path, written: str) -> None:
    (problem,) = refused(put(tmp_path, text().replace("store,month", written)))
    assert f"did you mean {next(name for name in written.split(',') if name not in ('store', 'month'))!r}?" in str(
        problem
    )


@pytest.mark.parametrize("twice", ["happy", "store", "footfall"])
def test_a_heading_twice(tmp_path: Path, twice: str) -> None:
    frame = table()
    doubled = pd.concat([frame, frame[[twice]]], axis=1)
    assert f"the heading {twice!r} appears twice" in str(refused(put(tmp_path, text(doubled)))[0])


@pytest.mark.parametrize("row", [2, 26, 49])
def test_the_heading_again_is_refused_by_its_row(tmp_path: Path, row: int) -> None:
    written = text().splitlines()
    written.insert(row - 1, written[0])
    (problem,) = refused(put(tmp_path, "\n".join(written) + "\n"))
    assert f"the heading stands there again in 1 row: row {row}." in str(problem)


def test_an_unnamed_column_is_no_practice_and_no_trouble(tmp_path: Path) -> None:
    path = put(tmp_path, table().to_csv())
    assert same(read(path))
    assert "column 1 has no heading" in doubts(path)[0]


# -- rows -----------------------------------------------------------------------------------------------------


def test_empty_last_fields_are_dropped_and_said(tmp_path: Path) -> None:
    written = text().splitlines()
    every = put(tmp_path, "\n".join([written[0], *(line + "," for line in written[1:])]) + "\n", "every.csv")
    some = put(
        tmp_path, "\n".join([*written[:9], *(line + ",," for line in written[9:12]), *written[12:]]) + "\n", "some.csv"
    )
    few = put(
        tmp_path, "\n".join([written[0], *(line + "," for line in written[1:40]), *written[40:]]) + "\n", "few.csv"
    )
    heading = put(tmp_path, "\n".join([written[0] + ",,", *(line + ",," for line in written[1:])]) + "\n", "all.csv")
    for path, said in ((every, "48 rows end"), (some, "3 rows end"), (few, "39 rows end"), (heading, "")):
        assert same(read(path))
        assert said in " ".join(doubts(path))


def test_more_than_empty_fields_are_not_dropped(tmp_path: Path) -> None:
    written = text().splitlines()
    path = put(tmp_path, "\n".join([written[0], *(line + "," for line in written[1:-1]), written[-1] + ",9"]) + "\n")
    assert "6 fields in 1 row, the heading has 5: row 49." in str(refused(path)[0])


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("S001,2024-03,20,40", "4 fields in 1 row, the heading has 5: row 4."),
        ("S001,2024-03,20,40,5.1,9", "6 fields in 1 row, the heading has 5: row 4."),
        ("S001", "1 field in 1 row, the heading has 5: row 4."),
        ("S001,2024-03,20,1,234,5.1", "6 fields in 1 row, the heading has 5: row 4."),
    ],
)
def test_a_row_with_other_fields_is_refused_with_both_numbers(tmp_path: Path, line: str, said: str) -> None:
    (problem,) = refused(put(tmp_path, lines((4, line))))
    assert said in str(problem)
    assert problem.rows == (4,)


@pytest.mark.parametrize(
    "left", ["S012,2024-04,2", "S012,2024-04,20,4", "S012,2024-04,20,40,", "S012,2024-04,20,40,3", "S012"]
)
def test_a_last_line_that_is_cut_off(tmp_path: Path, left: str) -> None:
    (problem,) = refused(put(tmp_path, lines((49, left)).rstrip("\n")))
    assert "the last line looks cut off" in str(problem)
    assert problem.rows == (49,)


def test_a_last_line_that_is_whole_needs_no_line_end(tmp_path: Path) -> None:
    assert same(read(put(tmp_path, text().rstrip("\n"))))


@pytest.mark.parametrize("note", ['"never closed', '"', '"two, three'])
@pytest.mark.parametrize("again", ["", '"and another', '"a whole one"'])
def test_a_quotation_mark_left_open(tmp_path: Path, note: str, again: str) -> None:
    written = text(
        table(note=["ok"] * 5 + [note] + ["ok"] * 20 + [again] + ["ok"] * 21), quoting=3, sep=";"
    ).splitlines()
    (problem,) = refused(put(tmp_path, "\n".join(written) + "\n"))
    assert "a cell runs over" in str(problem) and "from row 7." in str(problem)


def test_a_quotation_mark_within_a_cell_is_a_character(tmp_path: Path) -> None:
    inches = table(note=['5" glass', 'a 7" and a 9" one', '"quoted" word'.replace('"', "”"), "none"] * 12)
    assert same(read(put(tmp_path, text(inches, quoting=3, sep=";"))))
    assert same(read(put(tmp_path, text(inches))))


def test_line_breaks_within_cells_count_as_lines(tmp_path: Path) -> None:
    noted = table(note=["one\ntwo\n\nfour", *["x"] * 47], happy=[*["1"] * 9, "n.k.", *["1"] * 38])
    assert "row 14." in str(refused(put(tmp_path, text(noted)))[0])
    noted = noted.assign(happy=table()["happy"])
    assert same(read(put(tmp_path, text(noted))))
    assert same(read(put(tmp_path, text(noted).rstrip("\n"))))


def test_comments_may_hold_paragraphs_and_commas() -> None:
    said = "\n".join(["Well, then, so, here, it, is."] * 30)
    frame = pd.DataFrame({"store": UNITS, "month": MONTHS[0], "text": [said, *["fine"] * 11]})
    found = sheet(frame.to_csv(index=False), name="comments")
    assert found.frame["text"][0] == said
    assert list(found.rows(found.frame["store"].eq("S002"))) == [32]


@pytest.mark.parametrize(
    ("change", "row"),
    [
        (lambda rows: [*rows[:5], "", "", *rows[5:]], 12),
        (lambda rows: [rows[0], "", *rows[1:]], 11),
        (lambda rows: [*rows[:5], ",,,,", *rows[5:]], 11),
        (lambda rows: ["", *rows], 11),
        (lambda rows: rows, 10),
    ],
    ids=["two", "below the heading", "of separators", "above the heading", "none"],
)
def test_rows_are_numbered_as_an_editor_does(
    tmp_path: Path, change: Callable[[list[str]], list[str]], row: int
) -> None:
    written = change(lines((10, "S003,2024-01,n.k.,40,5.1")).splitlines())
    (problem,) = refused(put(tmp_path, "\n".join(written) + "\n"))
    assert problem.rows == (row,)
    assert written[row - 1] == "S003,2024-01,n.k.,40,5.1"


@pytest.mark.parametrize(
    "below", ["Source: the till", "Source: the till,,,,", "\n480 rows\nExported on 3 June", ",,,,Exported by Ana"]
)
def test_footers_are_set_aside_and_quoted(tmp_path: Path, below: str) -> None:
    for end in ("", "\n"):
        path = put(tmp_path, text() + below + end)
        assert same(read(path))
        (doubt,) = doubts(path)
        assert "filled in one cell only: set aside" in doubt
        assert below.strip("\n,").split("\n")[-1] in doubt


def test_a_lonely_cell_that_is_formed_as_an_id_is_no_footer(tmp_path: Path) -> None:
    for below in ("S013", "S013,,,,", "S012,,,,"):
        assert refused(put(tmp_path, text() + below + "\n"))[0].rows == (50,)
    frame = pd.DataFrame({"store": ["North", "South", "Old Mill"], "region": ["a", "b", None]})
    assert len(sheet(frame.to_csv(index=False), ("store",), "units").frame) == 3


def test_every_line_of_the_file_is_accounted_for() -> None:
    noted = table(note=["one\ntwo", *["x"] * 47])
    written = "A title\n\n" + text(noted).replace("S005", "\nS005", 1) + ",,,,,\nSource: the till\n"
    reading = sheet(written).reading
    assert reading is not None
    parts = (reading.heading, reading.used, reading.aside, reading.blank, reading.further)
    assert parts == (3, 48, 1, 2, 1)
    assert sum(parts) == reading.lines == written.count("\n")


# -- text stays text ------------------------------------------------------------------------------------------


@pytest.mark.parametrize("word", ["NA", "None", "nan", "null", "-", "007", "N/A", "1e5", "true"])
def test_ids_stay_as_written(tmp_path: Path, word: str) -> None:
    frame = table(store=np.repeat([word, *UNITS[1:]], 4))
    assert word in set(read(put(tmp_path, text(frame))).panel["unit"])
    assert word in set(read(put(tmp_path, text(frame, quoting=1))).panel["unit"])
    assert refused(put(tmp_path, lines((4, ",2024-03,20,40,5.1"))))[0].rows == (4,)


def test_a_spreadsheet_error_is_no_id(tmp_path: Path) -> None:
    problem = refused(put(tmp_path, lines((4, "#REF!,2024-03,20,40,5.1"))))[0]
    assert "a spreadsheet error in 1 row ('#REF!'): row 4" in str(problem)


def test_other_columns_are_numbers_only_where_nothing_is_lost() -> None:
    frame = sheet(
        "store,month,code,amount,word,flag,nan,hex,points\n"
        "a,1,007,1.5,x,TRUE,nan,0x1F,1.456\nb,1,010,-2,7,False,1,2,981\n"
    ).frame
    assert frame["code"].tolist() == ["007", "010"]
    assert frame["amount"].tolist() == [1.5, -2.0]
    assert frame["word"].tolist() == ["x", "7"]
    assert frame["flag"].tolist() == [True, False]
    assert frame["nan"].tolist() == ["nan", "1"]
    assert frame["hex"].tolist() == ["0x1F", "2"]
    assert frame["points"].tolist() == ["1.456", "981"]


# -- what the file is -----------------------------------------------------------------------------------------


def zipped(content: bytes, *names: str) -> bytes:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        for name in names:
            archive.writestr(name, content)
    return packed.getvalue()


def parquet(frame: pd.DataFrame) -> bytes:
    packed = io.BytesIO()
    frame.to_parquet(packed)
    return packed.getvalue()


GOOD = text().encode()
KINDS = {
    "gz": gzip.compress(GOOD),
    "bz2": bz2.compress(GOOD),
    "xz": lzma.compress(GOOD),
    "zip": zipped(GOOD, "months.csv"),
    "zip of a Mac": zipped(GOOD, "__MACOSX/._months.csv", "months.csv"),
    "parquet": parquet(table()),
    "parquet with an index": parquet(table().set_index(["store", "month"])),
    "zip of Parquet": zipped(parquet(table()), "a.pq"),
}


@pytest.mark.parametrize("ending", ["csv", "xlsx", "pq", "TXT"])
@pytest.mark.parametrize("kind", KINDS)
def test_content_decides_and_not_the_ending(tmp_path: Path, kind: str, ending: str) -> None:
    assert same(read(put(tmp_path, KINDS[kind], f"months.{ending}")))


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"<html><table><tr><td>store</td></tr></table></html>", "the file is a web page (HTML) or XML"),
        (b'\xef\xbb\xbf<?xml version="1.0"?><Workbook>', "the file is a web page (HTML) or XML"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(500), "an old Excel workbook (.xls), or one with a password"),
        (b"%PDF-1.7", "the file is a PDF"),
        (b'[{"store": "a"}]', "the file is JSON"),
        (zipped(GOOD, "a.csv", "b.csv"), "the archive holds 2 files (a.csv, b.csv)"),
        (zipped(gzip.compress(GOOD), "a.csv.gz"), "packed twice"),
        (zipped(GOOD, "mimetype", "content.xml"), "a workbook of another program"),
        (gzip.compress(GOOD)[:-20], "cut off or damaged"),
        (parquet(table())[:-20], "cut off or damaged"),
        (zipped(GOOD, "a.csv")[:-20], "cut off or damaged"),
        (b"", "the file is empty"),
        (b"\n\n \n", "the file is empty"),
    ],
)
def test_what_cannot_be_read_is_called_by_its_name(tmp_path: Path, content: bytes, said: str) -> None:
    assert said in str(refused(put(tmp_path, content))[0])


def test_keys_in_the_index_of_a_frame() -> None:
    assert same(read(table().set_index(["store", "month"])))
    assert same(read(table().set_index("month")))
    assert same(read(table().set_index("footfall", drop=False)))
    assert same(read(table().sample(frac=1, random_state=1)))


@pytest.mark.parametrize(
    "columns", [list(range(5)), [("a", 1)] * 5, [None, *"abcd"], pd.MultiIndex.from_product([["a"], list("bcdef")])]
)
def test_headings_of_any_type_end_in_a_clear_error(columns: object) -> None:
    frame = table()
    frame.columns = columns
    assert "there is no such column" in " ".join(map(str, refused(frame)))


def test_a_wide_table_is_called_one(tmp_path: Path) -> None:
    wide = table().pivot(index="store", columns="month", values="happy").reset_index()
    assert "a wide table: 4 headings are periods, 2024-01 to 2024-04" in " ".join(
        map(str, refused(put(tmp_path, text(wide))))
    )


def test_a_wrong_unit_column_does_not_hide_text_in_numbers(tmp_path: Path) -> None:
    found = refused(put(tmp_path, lines((4, "S001,2024-03,many,40,5.1"))), unit="shop")
    assert [problem.column for problem in found] == ["shop", "happy"]
    assert "in unit= or period=" in str(found[0])


# -- broken bytes ---------------------------------------------------------------------------------------------

BYTES = st.one_of(
    st.binary(max_size=300),
    st.sampled_from(
        [b"PAR1", b"PK\x03\x04", b"\x1f\x8b\x08", b"BZh9", b"\xff\xfe", b'a,b\n"', b"\xd0\xcf\x11\xe0"]
    ).flatmap(lambda start: st.binary(max_size=200).map(lambda rest: start + rest)),
    st.text(alphabet='ab1,;"\n\r\t |', max_size=200).map(
        lambda rest: b"store,month,happy,answers,footfall\n" + rest.encode()
    ),
)


@given(content=BYTES)
@settings(max_examples=200, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_any_bytes_end_in_an_error_that_says_so(tmp_path: Path, content: bytes) -> None:
    with pytest.raises(PdlibError):
        read(put(tmp_path, content))


@given(end=st.integers(min_value=0, max_value=len(GOOD) - 1))
@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_a_file_cut_anywhere_is_refused_or_right_as_far_as_it_goes(tmp_path: Path, end: int) -> None:
    try:
        got = read(put(tmp_path, GOOD[:end])).panel
    except PdlibError:
        return
    whole = read(table()).panel
    assert got[["unit", "period", "happy", "answers"]].equals(
        whole[["unit", "period", "happy", "answers"]].head(len(got))
    )
    assert (got["footfall"] == whole["footfall"].head(len(got))).all()


@pytest.mark.parametrize("kind", ["gz", "zip", "parquet"])
@given(data=st.data())
@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_a_packed_file_with_a_wrong_byte_is_refused_or_right(tmp_path: Path, kind: str, data: st.DataObject) -> None:
    place = data.draw(st.integers(0, len(KINDS[kind]) - 1))
    changed = bytearray(KINDS[kind])
    changed[place] = data.draw(st.integers(0, 255))
    try:
        observations = read(put(tmp_path, bytes(changed)))
    except PdlibError:
        return
    assert kind == "parquet" or same(observations)
