"""A table that holds less than at the last good build replaces no page unless that is meant."""

from pathlib import Path

import pytest

from pdlib.cli import main
from pdlib.publish.shrinking import shrunk
from tests.publish.places import STUDY, notebook

BEFORE = {
    "periods": ["2025-01", "2025-02", "2025-03"],
    "units": 100,
    "rows": {"observations": {"2025-01": 100, "2025-02": 100, "2025-03": 100}, "practices": {"2025-01": 40}},
}


def now(**changes):
    return {**BEFORE, **changes}


def rows(first, second, third=100):
    return {**BEFORE["rows"], "observations": {"2025-01": first, "2025-02": second, "2025-03": third}}


@pytest.mark.parametrize(
    ("after", "said"),
    [
        (now(), ""),
        (now(units=95), ""),
        (now(units=94), "there were 100 units and are now 94"),
        (now(rows=rows(85, 100)), ""),
        (
            now(rows=rows(84, 100)),
            "the observations table had 300 rows in the periods that it still holds and now has 284",
        ),
        (now(periods=["2025-01", "2025-02"]), "the last period was 2025-03 and is now 2025-02"),
        (now(rows={"observations": BEFORE["rows"]["observations"]}), "nothing is left of the practices table"),
        (
            now(
                periods=["2025-02", "2025-03", "2025-04"],
                rows={**BEFORE["rows"], "observations": {"2025-02": 100, "2025-03": 100, "2025-04": 7}},
            ),
            "",
        ),
    ],
    ids=["same", "five units gone", "six gone", "at 5 %", "below", "earlier end", "no practices", "a window moves on"],
)
def test_what_has_become_smaller(after, said):
    assert shrunk(BEFORE, after) == said


def test_nothing_is_known_of_a_first_build():
    assert shrunk(None, BEFORE) == ""


def halve() -> None:
    """Six of the twelve shops are left, in both tables."""
    for name, rows in (("shop_months.csv", 12), ("shops.csv", 6)):
        table = Path("study") / name
        lines = table.read_text(encoding="utf-8").splitlines()
        table.write_text("\n".join([*lines[: rows + 1], ""]), encoding="utf-8")


@pytest.mark.usefixtures("quick")
def test_half_an_export_keeps_the_last_good_page(place, capsys):
    command = ["build", "study", "--notebook", notebook()]
    assert main(command) == 0
    page = Path("reports/repair-shops-report.html")
    good = page.read_bytes()
    halve()
    assert main(command) == 1
    told = capsys.readouterr().err
    assert "hold less than at the last build" in told
    assert "--accept-shrink" in told
    assert page.read_bytes() == good
    assert main(command) == 1  # the refused build is not what the next one is held against
    assert main([*command, "--accept-shrink"]) == 0
    assert main([*command, "--force"]) == 0


@pytest.mark.usefixtures("quick")
def test_a_study_that_declares_a_window_may_shrink(place):
    Path("study/study.toml").write_text(STUDY.replace('"month"', '"month"\nwindow = 2'), encoding="utf-8")
    command = ["build", "study", "--notebook", notebook()]
    assert main(command) == 0
    halve()
    assert main(command) == 0
