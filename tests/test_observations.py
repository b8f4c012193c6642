"""Reading and checking: every format alike, nothing lost on the way, every problem said at once."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from pandas.testing import assert_frame_equal

from pdlib.errors import DataError, StudyError, TooFewUnitsError
from pdlib.observations import Observations, read
from pdlib.study import Study, load_study

UNITS = [f"{number:03d}" for number in range(1, 7)]
MONTHS = ["2025-01", "2025-02", "2025-10"]
HAPPY = {"name": "happy", "kind": "proportion", "successes": "happy", "n": "answers"}


def panel(**columns: Any) -> pd.DataFrame:
    """Make six shops over three months; further columns override."""
    rng = np.random.default_rng(7)
    frame = pd.DataFrame({"shop": np.repeat(UNITS, 3), "month": MONTHS * 6})
    frame = frame.assign(happy=rng.integers(5, 20, 18), answers=20, footfall=np.repeat(rng.integers(20, 90, 6), 3))
    return frame.assign(**columns)


def study(**more: Any) -> Study:
    return Study(**{"unit": "shop", "period": "month", "outcome": HAPPY, "context": ["footfall"], **more})


def problems(*arguments: Any, **declaration: Any) -> list[str]:
    with pytest.raises(DataError) as caught:
        read(*arguments, **declaration)
    return [str(problem) for problem in caught.value.problems]


# -- formats --------------------------------------------------------------------------------------------------

WRITERS: dict[str, Callable[[pd.DataFrame, Path], Any]] = {
    "csv": lambda frame, path: frame.to_csv(path, index=False),
    "parquet": lambda frame, path: frame.to_parquet(path),
    "xlsx": lambda frame, path: frame.to_excel(path, index=False),
}


@pytest.mark.parametrize("suffix", WRITERS)
def test_every_format_reads_alike(tmp_path: Path, suffix: str) -> None:
    path = tmp_path / f"months.{suffix}"
    WRITERS[suffix](panel(), path)
    from_file = read(study(tables={"observations": path.name}, folder=tmp_path))
    from_frame = read(study(), {"observations": panel()})
    assert_frame_equal(from_file.panel, from_frame.panel, check_dtype=False)
    assert list(from_file.units.index) == UNITS
    assert from_file.finding == "6 units over 3 periods, 2025-01 to 2025-10: 18 rows used; no row was set aside."


def test_csv_with_a_byte_order_mark(tmp_path: Path) -> None:
    panel().to_csv(tmp_path / "months.csv", index=False, encoding="utf-8-sig")
    observations = read(tmp_path / "months.csv", unit="shop", period="month", outcome="happy", n="answers")
    assert len(observations.panel) == 18


def test_a_units_table_of_another_format(tmp_path: Path) -> None:
    panel().drop(columns="footfall").to_parquet(tmp_path / "months.parquet")
    pd.DataFrame({"shop": UNITS, "footfall": range(6)}).to_csv(tmp_path / "shops.csv", index=False)
    tables = {"observations": "months.parquet", "units": "shops.csv"}
    observations = read(study(tables=tables, folder=tmp_path))
    assert list(observations.panel.groupby("unit")["footfall"].first()) == list(range(6))


# -- ids and periods ------------------------------------------------------------------------------------------


def test_ids_keep_their_leading_zeros(tmp_path: Path) -> None:
    panel().to_csv(tmp_path / "months.csv", index=False)
    observations = read(study(tables={"observations": "months.csv"}, folder=tmp_path))
    assert list(observations.panel["unit"].unique()) == UNITS


@pytest.mark.parametrize("ids", [[1, 2, 3, 4, 5, 6], [1.0, 2.0, 3.0, 4.0, 5.0, 6.0], list("123456")])
def test_numbers_as_ids_become_text_without_decimals(ids: list[Any]) -> None:
    frame = panel(shop=np.repeat(np.array(ids), 3))
    observations = read(study(), {"observations": frame})
    assert list(observations.panel["unit"].unique()) == list("123456")


def test_ids_match_across_tables_whatever_their_type() -> None:
    shops = pd.DataFrame({"shop": [1.0, 2.0, 3.0], "footfall": [10, 20, 30]})
    months = panel(shop=np.repeat([1, 2, 3], 6), month=[*MONTHS, "2026-01", "2026-02", "2026-03"] * 3)
    observations = read(study(), {"observations": months.drop(columns="footfall"), "units": shops})
    assert list(observations.panel.groupby("unit")["footfall"].first()) == [10, 20, 30]


@pytest.mark.parametrize(
    ("given", "sorted_in_time"),
    [
        (["2025-10", "2025-2", "2025-1"], ["2025-01", "2025-02", "2025-10"]),
        (["2025-10", "2025-02", "2024-12"], ["2024-12", "2025-02", "2025-10"]),
        ([10, 9, 100], ["9", "10", "100"]),
        (["10", "9", "100"], ["9", "10", "100"]),
        (["2025-03-31", "2025-03-04", "2024-12-31"], ["2024-12-31", "2025-03-04", "2025-03-31"]),
        (["wave c", "wave a", "wave b"], ["wave a", "wave b", "wave c"]),
        (["2025Q3", "2025Q1", "2024Q4"], ["2024-Q4", "2025-Q1", "2025-Q3"]),
        (pd.to_datetime(["2025-10-01", "2025-02-01", "2024-12-01"]), ["2024-12", "2025-02", "2025-10"]),
        (pd.to_datetime(["2025-10-06", "2025-02-03", "2024-12-30"]), ["2025-W01", "2025-W06", "2025-W41"]),
    ],
    ids=["short months", "months", "numbers", "numbers as text", "days", "text", "quarters", "month starts", "dates"],
)
def test_periods_stand_in_the_order_of_time(given: Any, sorted_in_time: list[str]) -> None:
    observations = read(study(), {"observations": panel(month=np.tile(np.asarray(given), 6))})
    assert observations.periods == sorted_in_time
    assert list(observations.panel["period"].iloc[:3]) == sorted_in_time
    assert list(observations.coverage()["period"]) == sorted_in_time


def test_the_order_of_rows_does_not_matter() -> None:
    shuffled = panel().sample(frac=1, random_state=3)
    ordered, other = (read(study(), {"observations": frame}) for frame in (panel(), shuffled))
    assert_frame_equal(ordered.panel, other.panel)


def test_without_a_period_each_unit_has_one_row() -> None:
    observations = read(study(period=None), {"observations": panel().iloc[::3]})
    assert observations.periods == ["all"]
    assert observations.caveats == [
        "No period is declared, so a good spell cannot be told from lasting merit.",
    ]


def test_during_keeps_these_periods_only() -> None:
    observations = read(study(), {"observations": panel()})
    half = observations.during(["2025-01", "2025-10"])
    assert half.periods == ["2025-01", "2025-10"]
    assert (len(half.panel), len(observations.panel)) == (12, 18)


# -- rows set aside -------------------------------------------------------------------------------------------


def test_rows_without_data_are_set_aside_with_the_reason() -> None:
    frame = panel(happy=panel()["happy"].astype(float))
    frame.loc[0, "happy"] = np.nan
    frame.loc[4, ["happy", "answers"]] = 0
    observations = read(study(), {"observations": frame})
    assert observations.set_aside.to_dict("records") == [
        {"unit": "001", "period": "2025-01", "reason": "no happy recorded"},
        {"unit": "002", "period": "2025-02", "reason": "no observations behind it"},
    ]
    assert len(observations.panel) == 16
    assert observations.settings["rows_set_aside"] == 2
    assert observations.caveats == [
        "1 row set aside: no happy recorded.",
        "1 row set aside: no observations behind it.",
        (
            "the observations table, column month: 2025-03, 2025-04, 2025-05, 2025-06, 2025-07 and 2 more: no unit has "
            "a row. They are more than the periods that have rows, which are taken one after another."
        ),
    ]


def test_too_few_units_left() -> None:
    frame = panel(answers=np.repeat([20, 20, 0, 0, 0, 0], 3), happy=np.repeat([3, 5, 0, 0, 0, 0], 3))
    with pytest.raises(TooFewUnitsError) as caught:
        read(study(), {"observations": frame})
    assert str(caught.value) == (
        "the observations table has 2 units with data; at least 3 are needed to compare anything, 30 to name anyone. "
        "Check the column 'shop'."
    )


# -- the other tables -----------------------------------------------------------------------------------------


def shops(**columns: Any) -> pd.DataFrame:
    frame = pd.DataFrame({"shop": UNITS, "title": [f"Shop {unit}" for unit in UNITS], "area": list("NNSSEE")})
    return frame.assign(**columns)


UNIT = {"column": "shop", "label": "title", "region": "area"}


def test_labels_and_regions_come_from_the_units_table() -> None:
    observations = read(study(unit=UNIT), {"observations": panel(), "units": shops()})
    assert observations.units.loc["004", ["label", "region"]].tolist() == ["Shop 004", "S"]
    assert observations.units.index.name == "unit"


def test_a_missing_label_falls_back_to_the_id() -> None:
    units = shops(title=["Shop 001", None, *["x"] * 4])
    observations = read(study(unit=UNIT), {"observations": panel(), "units": units})
    assert observations.units["label"].tolist()[:2] == ["Shop 001", "002"]


def test_units_without_a_row_and_rows_without_a_unit() -> None:
    units = pd.concat([shops().iloc[:5], shops().iloc[:1].assign(shop="999")])
    assert problems(study(unit=UNIT), {"observations": panel(), "units": units}) == [
        (
            "the units table, column shop: a unit that the observations do not have in 1 row ('999'): row 7. "
            "Correct the id, or remove the row."
        ),
        "the units table, column shop: 1 of the units in the observations without a row (006). Add them.",
    ]


AUDIT = pd.DataFrame(
    {
        "shop": np.repeat(UNITS, 2),
        "wave": ["2025-01", "2025-10"] * 6,
        "huddle": ["yes", "no", "Yes", " NO ", "TRUE", "false", "y", "n", "1", "0", None, ""],
        "visits": [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, np.nan, 2.5],
    }
)


def test_yes_and_no_and_graded_answers_by_wave() -> None:
    observations = read(study(practices={"wave": "wave"}), {"observations": panel(), "practices": AUDIT})
    assert list(observations.practices.columns) == ["unit", "wave", "practice", "value"]
    wide = observations.practices.pivot_table(index=["unit", "wave"], columns="practice", values="value", dropna=False)
    np.testing.assert_equal(wide["huddle"].to_numpy(), [1, 0] * 5 + [np.nan, np.nan])
    np.testing.assert_equal(wide["visits"].to_numpy(), [*range(10), np.nan, 2.5])


def test_practices_without_a_codebook_get_one() -> None:
    observations = read(study(practices={"wave": "wave"}), {"observations": panel(), "practices": AUDIT})
    assert observations.codebook["kind"].to_dict() == {"huddle": "binary", "visits": "graded"}
    assert observations.codebook["label"].tolist() == ["huddle", "visits"]
    assert observations.codebook.index.name == "practice"


@pytest.mark.parametrize("kinds", [{}, {"kind": [None, "graded"]}, {"kind": ["binary", None]}])
def test_a_codebook_without_kinds_gets_them_from_the_answers(kinds: dict[str, Any]) -> None:
    codebook = pd.DataFrame({"practice": ["huddle", "visits"], **kinds})
    tables = {"observations": panel(), "practices": AUDIT, "codebook": codebook}
    kind = read(study(practices={"wave": "wave"}), tables).codebook["kind"]
    assert kind.to_dict() == {"huddle": "binary", "visits": "graded"}


def test_a_yes_or_no_among_the_observations_is_one_though_it_changes() -> None:
    frame = panel(huddle=["yes", "no", None] * 6, visits=range(18))
    codebook = read(study(practice=[{"practice": "huddle"}, {"practice": "visits"}]), {"observations": frame}).codebook
    assert codebook["kind"].to_dict() == {"huddle": "binary", "visits": "graded"}


def test_other_answers_than_yes_or_no_to_what_is_declared_binary() -> None:
    codebook = pd.DataFrame({"practice": ["huddle", "visits"], "kind": "binary"})
    tables = {"observations": panel(), "practices": AUDIT, "codebook": codebook}
    found = problems(study(practices={"wave": "wave"}), tables)
    assert found == [
        (
            "the practices table, column visits: neither yes nor no in 9 rows ('2', '3', '4', '5', '6'): "
            "row 4, 5, 6, 7, 8 and so on. "
            'The codebook says that it is binary: write yes or no, or say kind = "graded".'
        )
    ]


def test_numbers_as_names_of_practices() -> None:
    audit = AUDIT.rename(columns={"huddle": 1, "visits": 2})
    tables = {"observations": panel(), "practices": audit, "codebook": pd.DataFrame({"practice": [1, 2]})}
    assert list(read(study(practices={"wave": "wave"}), tables).codebook.index) == ["1", "2"]


@pytest.mark.parametrize(
    ("tables", "more", "said"),
    [
        ({"practices": AUDIT.assign(visits=np.inf)}, {}, "column visits: an infinite number in 12 rows: row 2, 3"),
        (
            {"practices": AUDIT.assign(wave=AUDIT["wave"].where(AUDIT.index != 3))},
            {},
            "column wave: no value in 1 row: row 5. Every row needs its shop and wave.",
        ),
        (
            {"practices": AUDIT.assign(shop=AUDIT["shop"].where(AUDIT.index > 1))},
            {},
            "column shop: no value in 2 rows: row 2, 3. Every row needs its shop and wave.",
        ),
        (
            {"practices": pd.concat([AUDIT, AUDIT[["visits"]]], axis=1)},
            {},
            "the practices table: the heading 'visits' appears twice. Keep one, or rename it.",
        ),
        (
            {"practices": AUDIT.assign(visits=[[1]] * 12)},
            {},
            "the practices table: the column 'visits' holds lists. Write one value in each cell.",
        ),
        (
            {},
            {"bundle": {"name": "both", "practices": ["huddle", "huddle"]}},
            "'both' holds 'huddle' twice. Name each practice once.",
        ),
        (
            {"hypotheses": pd.DataFrame({"who": ["Ana"], "when": ["2025"], "practice": ["huddle + Morning huddle"]})},
            {"practice": [{"practice": "huddle", "label": "Morning huddle"}, {"practice": "visits"}]},
            "the same practice twice in 1 row ('huddle + Morning huddle'): row 2",
        ),
        (
            {},
            {"practice": [{"practice": "huddle", "label": "Habit"}, {"practice": "visits", "label": "Habit"}]},
            "'Habit' is the label of 'huddle' and 'visits'. Give each practice a label of its own.",
        ),
    ],
)
def test_what_practices_cannot_be(tables: dict[str, pd.DataFrame], more: dict[str, Any], said: str) -> None:
    given = {"observations": panel(), "practices": AUDIT, **tables}
    found = problems(study(practices={"wave": "wave"}, **more), given)
    assert len(found) == 1
    assert said in found[0]


def test_tables_that_no_study_has() -> None:
    with pytest.raises(StudyError, match=r"'hypothesis' is no table of a study \(did you mean 'hypotheses'\?\)"):
        read(study(), {"observations": panel(), "hypothesis": AUDIT})
    with pytest.raises(StudyError, match="the practices table is a dict and no DataFrame"):
        read(study(), {"observations": panel(), "practices": {"shop": UNITS}})  # type: ignore[dict-item]


def test_one_wave_needs_no_name() -> None:
    observations = read(study(), {"observations": panel(), "practices": AUDIT.drop(columns="wave").iloc[::2]})
    assert set(observations.practices["wave"]) == {"all"}


def test_the_codebook_decides_which_columns_are_practices() -> None:
    codebook = pd.DataFrame(
        {"practice": ["huddle"], "label": ["Morning huddle"], "cost": [2], "everyone_can": ["yes"], "theme": [np.nan]}
    )
    tables = {"observations": panel(), "practices": AUDIT, "codebook": codebook}
    observations = read(study(practices={"wave": "wave"}), tables)
    assert set(observations.practices["practice"]) == {"huddle"}
    entry = observations.codebook.loc["huddle"]
    assert (entry["label"], entry["cost"], entry["everyone_can"], entry["evidence"]) == (
        "Morning huddle", 2.0, True, "observed",
    )  # fmt: skip


def test_entries_in_the_declaration_and_in_the_table_stand_together() -> None:
    codebook = pd.DataFrame({"practice": ["huddle"], "claims": ["visits"], "evidence": ["claimed"]})
    observations = read(
        study(practices={"wave": "wave"}, practice={"practice": "visits", "kind": "graded"}),
        {"observations": panel(), "practices": AUDIT, "codebook": codebook},
    )
    assert sorted(observations.codebook.index) == ["huddle", "visits"]
    assert observations.codebook.loc["huddle", "claims"] == "visits"


def test_comments() -> None:
    comments = pd.DataFrame(
        {
            "shop": ["001", "002"],
            "month": ["2025-02", "2025-10"],
            "comment": ["Friendly, and quick.", "Näh!"],
            "who": ["customer", "employee"],
            "extra": [1, 2],
        }
    )
    declared = study(voices={"text": "comment", "voice": "who"})
    observations = read(declared, {"observations": panel(), "comments": comments})
    assert list(observations.comments.columns) == ["comment", "unit", "period", "voice", "touchpoint", "text"]
    assert observations.comments["text"].tolist() == ["Friendly, and quick.", "Näh!"]
    assert observations.comments["period"].tolist() == ["2025-02", "2025-10"]
    assert observations.comments["touchpoint"].isna().all()


def test_without_comments_the_frame_is_empty_and_has_its_columns() -> None:
    observations = read(study(), {"observations": panel()})
    assert observations.comments.empty
    assert list(observations.comments.columns) == ["comment", "unit", "period", "voice", "touchpoint", "text"]
    assert observations.practices.empty
    assert list(observations.practices.columns) == ["unit", "wave", "practice", "value"]


# -- hash, copies, frozen -------------------------------------------------------------------------------------


def test_the_data_hash_is_stable_and_follows_the_data(tmp_path: Path) -> None:
    declared = study(tables={"observations": "months.csv"}, folder=tmp_path)
    panel().to_csv(tmp_path / "months.csv", index=False)
    first, again = read(declared).settings["data_hash"], read(declared).settings["data_hash"]
    panel(answers=21).to_csv(tmp_path / "months.csv", index=False)
    assert first == again
    assert read(declared).settings["data_hash"] != first


def test_the_hash_covers_every_table() -> None:
    def hashed(**tables: pd.DataFrame) -> str:
        return str(read(study(), {"observations": panel(), **tables}).settings["data_hash"])

    plain = hashed()
    assert hashed() == plain
    with_units = hashed(units=shops())
    assert len({plain, with_units, hashed(units=shops(area="N"))}) == 3


def test_the_table_is_a_copy_and_the_input_is_left_alone() -> None:
    frame = panel()
    before = frame.copy()
    observations = read(study(), {"observations": frame})
    taken = observations.table
    taken["happy"] = -1
    assert observations.panel["happy"].min() >= 0
    assert_frame_equal(frame, before)
    with pytest.raises(AttributeError):
        observations.panel = frame  # type: ignore[misc]


def test_further_columns_come_along_as_they_are() -> None:
    observations = read(study(), {"observations": panel(weather="wet", happy=panel()["happy"])})
    assert list(observations.panel.columns) == ["unit", "period", "happy", "answers", "footfall", "weather"]
    assert set(observations.panel["weather"]) == {"wet"}


def test_a_column_called_unit_does_not_get_in_the_way() -> None:
    frame = panel(unit="km").rename(columns={"month": "when"}).assign(period="x")
    observations = read(study(period="when"), {"observations": frame})
    assert list(observations.panel["unit"].unique()) == UNITS
    assert observations.periods == MONTHS


# -- the short form -------------------------------------------------------------------------------------------

SHORT: dict[str, Any] = {"unit": "shop", "period": "month", "outcome": "happy", "n": "answers"}


@pytest.mark.parametrize(
    ("kind", "amount", "size"),
    [("mean", "value", "n"), ("proportion", "successes", "n"), ("rate", "events", "exposure")],
)
def test_the_short_form_for_every_kind(kind: str, amount: str, size: str) -> None:
    observations = read(panel(), **SHORT, kind=kind, better="lower", context=["footfall"], label="happy customers")
    outcome = observations.study.primary
    assert (getattr(outcome, amount), getattr(outcome, size)) == ("happy", "answers")
    assert (outcome.kind, outcome.better, outcome.label) == (kind, "lower", "happy customers")
    assert [item.name for item in observations.study.context] == ["footfall"]


def test_the_short_form_from_a_file_equals_that_from_a_frame(tmp_path: Path) -> None:
    panel().to_csv(tmp_path / "mine.csv", index=False)
    from_file, from_frame = read(tmp_path / "mine.csv", **SHORT), read(panel(), **SHORT)
    assert_frame_equal(from_file.panel, from_frame.panel)
    assert (from_file.study.name, from_frame.study.name) == ("mine", "Study")


def test_the_short_form_with_practices_in_the_same_table() -> None:
    frame = panel(huddle=np.tile([1.0, 0.0, np.nan], 6))
    observations = read(frame, **SHORT, practices=["huddle"])
    assert observations.practices["value"].tolist() == [0.5] * 6
    assert set(observations.practices["wave"]) == {"all"}


@pytest.mark.parametrize(
    ("declaration", "message"),
    [
        ({}, "Say which column holds the unit and the outcome: read(..., unit=..., period=..., outcome=...)."),
        ({"unit": "shop"}, "Say which column holds the outcome: read(..., unit=..., period=..., outcome=...)."),
        (
            {**SHORT, "contex": ["footfall"]},
            (
                "'contex' is not known (did you mean 'context'?). A single table takes unit, period, outcome, n, sd, "
                "se, kind, better, label, per, context, practices, name; for more, write a study.toml."
            ),
        ),
        ({**SHORT, "kind": "share"}, "outcome[1].kind: found 'share'; input should be 'proportion', 'mean' or 'rate'."),
        (
            {**SHORT, "kind": "rate", "n": None},
            "A rate needs its exposure, the opportunities behind the events: read(..., n=...).",
        ),
    ],
    ids=["nothing said", "no outcome", "misspelt", "unknown kind", "rate without exposure"],
)
def test_the_short_form_says_what_is_missing(declaration: dict[str, Any], message: str) -> None:
    with pytest.raises(StudyError) as caught:
        read(panel(), **declaration)
    assert str(caught.value) == message


def test_a_study_needs_an_observations_table() -> None:
    with pytest.raises(StudyError, match="The study names no observations table"):
        read(study())


# -- every problem at once ------------------------------------------------------------------------------------


EVERYTHING = """\
8 problems in the data; nothing was computed.
1. months.csv, column shop and month: a row already given in 1 row ('003 2025-01'): row 9. \
Keep one row per unit and period; if each row is a single case, count or average them first.
2. months.csv, column happy: text where a number is needed in 1 row ('many'): row 4. \
Write plain numbers, empty for missing.
3. months.csv, column answers: a negative number in 1 row ('-1'): row 7. Counts and exposure are 0 or more.
4. months.csv, column footfall: a value that has no log in 2 rows ('0'): row 2, 19. \
Use scale = "linear" or correct the values.
5. months.csv, column winds: the context 'winds' is in no table (did you mean 'wind'?). \
Name a column of the observations or units table.
6. shops.csv, column shop: a unit that the observations do not have in 1 row ('X1'): row 7. \
Correct the id, or remove the row.
7. shops.csv, column shop: 1 of the units in the observations without a row (006). Add them.
8. audit.csv, column huddle: neither a number nor yes or no in 1 row ('maybe'): row 4. \
Write numbers, yes or no, empty for no answer."""


def test_all_problems_of_all_tables_at_once_with_rows_as_a_spreadsheet_numbers_them(tmp_path: Path) -> None:
    frame = panel(happy=panel()["happy"].astype("object"), wind="x")
    frame.loc[2, "happy"] = "many"
    frame.loc[5, "answers"] = -1
    frame.loc[7, "month"] = frame.loc[6, "month"]
    frame.loc[[0, 17], "footfall"] = 0
    frame.to_csv(tmp_path / "months.csv", index=False)
    shops(shop=[*UNITS[:5], "X1"]).to_csv(tmp_path / "shops.csv", index=False)
    pd.DataFrame({"shop": UNITS, "huddle": ["yes", "no", "maybe", "no", "no", "no"]}).to_csv(
        tmp_path / "audit.csv", index=False
    )
    declared = study(
        unit=UNIT,
        folder=tmp_path,
        tables={"observations": "months.csv", "units": "shops.csv", "practices": "audit.csv"},
        context=[{"name": "footfall", "scale": "log"}, "winds"],
    )
    with pytest.raises(DataError) as caught:
        read(declared)
    assert str(caught.value) == EVERYTHING


def test_a_file_that_is_not_there_names_the_nearest(tmp_path: Path) -> None:
    panel().to_csv(tmp_path / "months.csv", index=False)
    found = problems(study(tables={"observations": "month.csv"}, folder=tmp_path))
    assert found == [
        (
            f"month.csv: there is no such file in {tmp_path.name} (did you mean 'months.csv'?). "
            "Correct the name in [tables]."
        )
    ]


def test_a_study_file_reads_its_tables_from_its_own_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = tmp_path / "data"
    folder.mkdir()
    panel().to_csv(folder / "months.csv", index=False)
    (folder / "study.toml").write_text(
        '[unit]\ncolumn = "shop"\n[period]\ncolumn = "month"\n[tables]\nobservations = "months.csv"\n'
        '[[outcome]]\nname = "happy"\nkind = "proportion"\nsuccesses = "happy"\nn = "answers"\n'
    )
    monkeypatch.chdir(tmp_path)
    observations = read(load_study("data"))
    assert isinstance(observations, Observations)
    assert len(observations.panel) == 18


# -- periods --------------------------------------------------------------------------------------------------


def test_groups_that_vary_over_the_periods_come_from_either_table() -> None:
    moving = study(period={"column": "month", "varies_by": "coast"})
    units = pd.DataFrame({"shop": UNITS, "coast": list("aabbab")})
    from_units = read(moving, {"observations": panel(), "units": units})
    from_rows = read(moving, {"observations": panel(coast=np.repeat(list("aabbab"), 3))})
    assert list(from_units.units["varies_by"]) == list(from_rows.units["varies_by"]) == list("aabbab")
    wrong = study(period={"column": "month", "varies_by": "cost"})
    assert "did you mean 'coast'" in problems(wrong, {"observations": panel(), "units": units})[0]
    assert "which is in no table (did you mean 'coast'?)" in problems(wrong, {"observations": panel(coast="a")})[0]


def test_an_unfinished_last_period_is_told() -> None:
    months = [f"2025-{number:02d}" for number in range(1, 7)]
    frame = pd.DataFrame({"shop": np.repeat(UNITS, 6), "month": months * 6, "happy": 5, "answers": 20})
    frame["footfall"] = np.repeat([3, 5, 8, 4, 9, 6], 6)
    frame["happy"] += np.arange(len(frame)) % 7
    assert not read(study(), {"observations": frame}).caveats
    late = frame["month"].eq("2025-06")
    frame.loc[late, ["happy", "answers"]] = [3, 6]
    (note,) = read(study(), {"observations": frame}).caveats
    assert note.startswith("2025-06 looks unfinished (30% of the usual observations)")
    few = read(study(), {"observations": frame[~late | frame["shop"].isin(UNITS[:2])]})
    assert "33% of the usual units and 30% of the usual observations" in few.caveats[0]
    assert not few.during(few.periods[:-1]).caveats
