"""A build publishes a whole page or none, and says what happened."""

import json
import re
import subprocess
import sys
from datetime import datetime
from pathlib import Path

import filelock
import pytest
from nbformat import v4

from pdlib.cli import main
from pdlib.errors import StudyError
from pdlib.publish.build import build
from pdlib.publish.checks import PageError
from pdlib.publish.files import earlier, slug, write_atomically
from pdlib.publish.how import How
from pdlib.publish.manifest import delete_after
from pdlib.publish.parameters import ParameterError, declared, inject, resolve
from pdlib.publish.plan import REPORT, find_notebook
from tests.publish.places import STUDY, make_study, notebook

FORCE = How(force=True, progress=False)


def manifest(stem="repair-shops-report"):
    return json.loads(Path(f"reports/{stem}.json").read_text(encoding="utf-8"))


@pytest.mark.parametrize(
    ("began", "months", "day"),
    [
        ("2026-01-31", 1, "2026-02-28"),
        ("2026-11-25", 12, "2027-11-25"),
        ("2024-02-29", 12, "2025-02-28"),
        ("2026-01-31", None, None),
    ],
)
def test_the_day_to_delete_a_report(began, months, day):
    assert delete_after(datetime.fromisoformat(f"{began}T04:12:00+00:00"), months) == day


@pytest.mark.kernel
def test_a_failing_cell_keeps_the_last_good_page(place, capsys):
    good = notebook("import os, sys; print(sys.prefix == os.environ.get('X', sys.prefix), top_share)")
    assert main(["build", "study", "--notebook", good, "-p", "top_share=0.05", "--quiet"]) == 0
    (page,) = Path("reports").glob("repair-shops-report-0-05-*.html")
    before = page.read_bytes()
    assert b"<pre>True 0.05</pre>" in before
    assert str(place).encode() not in before
    assert main(["build", "study", "--notebook", notebook("rate = 1", "rate / 0"), "-p", "top_share=0.05"]) == 1
    assert page.read_bytes() == before
    assert 'cell 5 ("Who stands out"): stopped with ZeroDivisionError' in capsys.readouterr().err
    failed = page.with_suffix(".failed.html").read_text(encoding="utf-8")
    assert "<pre>rate / 0</pre>" in failed
    assert "ZeroDivisionError                         Traceback" in failed


@pytest.mark.usefixtures("quick")
def test_a_build_writes_page_manifest_and_shelf(place):
    built = build("study/study.toml", notebook=notebook())
    assert built.page == place / "reports" / "repair-shops-report.html"
    assert (built.built, built.unchanged, built.warnings, built.error) == (1, 0, (), None)
    assert manifest()["status"] == "good"
    assert manifest()["title"] == "Nine shops"
    assert manifest()["standfirst"] == "Seven are real."
    assert manifest()["study_path"] == "../study/study.toml"
    shelf = Path("reports/index.html").read_text(encoding="utf-8")
    assert '<a href="repair-shops-report.html">Nine shops</a>' in shelf
    assert "One report, the newest of" in shelf
    assert [path.name for path in place.rglob("*.tmp")] == []


@pytest.mark.usefixtures("quick")
def test_nothing_is_built_that_has_not_changed(place):
    stamps = []
    for change in ("", "notebook", "", "data", "", "study", "", "module", "", "page", ""):
        if change == "notebook":
            notebook("print('more')")
        elif change == "data":
            with Path("study/shop_months.csv").open("a", encoding="utf-8") as table:
                table.write("s01,2025-03,2,5\n")
        elif change == "study":
            Path("study/study.toml").write_text(STUDY + "[names]\npublish = false\n", encoding="utf-8")
        elif change == "module":
            Path("helper.py").write_text("x = 1\n", encoding="utf-8")
        elif change == "page":
            Path("reports/repair-shops-report.html").write_text("defaced", encoding="utf-8")
        elif not stamps:
            notebook()
        built = build("study", notebook="report.ipynb")
        stamps.append((change, built.built))
        assert built.built + built.unchanged == 1
    assert stamps[0] == ("", 1)
    assert {count for change, count in stamps[1:] if not change} == {0}
    assert {count for change, count in stamps[1:] if change} == {1}
    assert build("study", notebook="report.ipynb", how=FORCE).built == 1


@pytest.mark.usefixtures("quick")
def test_same_inputs_same_bytes_but_for_the_time(place):
    texts = []
    for folder in ("first", "second"):
        page = build("study", notebook=notebook(), output=folder).page
        texts.append([page.read_text(encoding="utf-8"), page.with_suffix(".json").read_text(encoding="utf-8")])
    for one, other, timed in zip(*texts, ('class="built"', '  "run": {'), strict=True):
        lines = list(zip(one.splitlines(), other.splitlines(), strict=True))
        assert all(a == b or (a.startswith(timed) or timed in a) for a, b in lines)
        assert sum(timed in a for a, _ in lines) == 1


@pytest.mark.usefixtures("quick")
def test_a_failure_is_told_on_the_shelf_and_forgotten_after_success(place):
    build("study", notebook=notebook())
    with pytest.raises(PageError) as caught:
        build("study", notebook=notebook("boom"))
    assert "The last good page was kept." in caught.value.__notes__[0]
    shelf = Path("reports/index.html").read_text(encoding="utf-8")
    failed = Path("reports/repair-shops-report.failed.html").read_text(encoding="utf-8")
    assert "The page above is the last good one." in shelf
    assert "stopped with a &lt;bang&gt;" in failed
    assert str(place) not in failed
    assert (manifest()["status"], manifest()["title"]) == ("failed", "Nine shops")
    assert json.loads(Path("reports/status.json").read_text())["failed"] == ["repair-shops-report"]
    build("study", notebook=notebook())
    assert not Path("reports/repair-shops-report.failed.html").exists()
    assert "failed" not in Path("reports/index.html").read_text(encoding="utf-8").split("</style>")[1]


@pytest.mark.usefixtures("quick")
def test_earlier_builds_stay_on_the_shelf_as_many_as_the_study_says(place, monkeypatch):
    Path("study/study.toml").write_text(STUDY + "[reports]\nkeep = 2\n", encoding="utf-8")
    for number in range(5):
        page = build("study", notebook=notebook(f"print({number})")).page
    assert [number for number, _ in earlier(page)] == [4, 3]
    assert build("study", notebook="report.ipynb", how=FORCE).built == 1
    assert [number for number, _ in earlier(page)] == [4, 3]  # built anew from the same: no news
    shelf = Path("reports/index.html").read_text(encoding="utf-8")
    assert 'href="earlier/repair-shops-report.4.html"' in shelf
    feed = Path("reports/feed.xml").read_text(encoding="utf-8")
    assert feed.count("<entry>") == 3


@pytest.mark.usefixtures("quick")
def test_a_page_for_each_region_unit_or_value(place, capsys):
    notebook()
    command = ["build", "study", "--notebook", "report.ipynb"]
    assert main([*command, "--each", "unit"]) == 0
    assert "12 built" in capsys.readouterr().out
    pages = sorted(path.name for path in Path("reports/repair-shops-report-each-unit").iterdir())
    assert len(pages) == 12
    assert all(re.fullmatch(r"shop-\d+-[0-9a-f]{8}\.html", name) for name in pages)
    assert main([*command, "--each", "unit"]) == 0
    assert "12 unchanged" in capsys.readouterr().out
    assert main([*command, "--each", "unit", "--only", "Shop 1*", "--force"]) == 0
    assert "4 built" in capsys.readouterr().out
    assert main([*command, "--each", "unit", "--only", "Shop 99"]) == 2
    assert "No page is called 'Shop 99'" in capsys.readouterr().err
    assert main([*command, "--each", "unit", "--only", "Shop 99", "--output", "new"]) == 2
    assert not list(Path("new").rglob("*.failed.html"))
    assert main([*command, "--each", "unit", "--only", "Shop 2", "--output", "some"]) == 0
    assert "11 more are not built yet" in Path("some/repair-shops-report-each-unit.html").read_text(encoding="utf-8")
    assert "1 of 12 pages" in Path("some/index.html").read_text(encoding="utf-8")
    assert main([*command, "--each", "top_share=0.1,0.2"]) == 0
    values = [page["values"]["top_share"] for page in manifest("repair-shops-report-by-top-share")["pages"].values()]
    assert values == [0.1, 0.2]
    assert main([*command, "--each", "region"]) == 2
    assert "no parameter 'region'" in capsys.readouterr().err
    assert main([*command, "--each", "unti"]) == 2
    assert "Did you mean 'unit'?" in capsys.readouterr().err
    assert main([*command, "--each", "top_share"]) == 2
    assert "has no list of 'top_share'" in capsys.readouterr().err


@pytest.mark.usefixtures("quick")
def test_one_bad_page_stops_no_other_and_only_it_is_built_again(place, capsys):
    command = ["build", "study", "--each", "unit", "--notebook"]
    assert main([*command, notebook("boom Shop 7")]) == 1
    said = capsys.readouterr()
    assert "11 built, 1 failed" in said.out
    assert said.err.startswith("Shop 7: not built.\n")
    listed = Path("reports/repair-shops-report-each-unit.html").read_text(encoding="utf-8")
    assert "Shop 7, not built yet" in listed
    assert "1 of 12 pages failed" in Path("reports/index.html").read_text(encoding="utf-8")
    assert main([*command, notebook("boom Shop 7")]) == 1
    assert "11 unchanged, 1 failed" in capsys.readouterr().out
    assert main([*command, notebook()]) == 0
    assert not list(Path("reports").rglob("*.failed.html"))


@pytest.mark.usefixtures("quick")
def test_exit_codes(place, capsys):
    notebook()
    command = ["build", "study", "--notebook", "report.ipynb"]
    assert main([*command, "-p", "top_shar=1"]) == 2
    assert "Did you mean 'top_share'?" in capsys.readouterr().err
    assert main([*command, "-p", "top_share"]) == 2
    assert main([*command, "--jobs", "two"]) == 2
    assert main(["build"]) == 2
    assert main(["build", "nowhere"]) == 1
    assert main(command) == 0
    assert capsys.readouterr().out.startswith(str(Path("reports", "repair-shops-report.html")))
    with filelock.FileLock("reports/.build.lock"):
        assert main(command) == 3
    assert main(["build", "study", "study", "--notebook", "report.ipynb", "--quiet"]) == 0


@pytest.mark.usefixtures("quick")
def test_two_studies_of_one_name_never_overwrite_each_other(place, capsys):
    make_study(place / "other")
    notebook()
    command = ["build", "--notebook", "report.ipynb", "--quiet"]
    assert main([*command, "study", "other"]) == 1
    assert f"belongs to {Path('study', 'study.toml')}" in capsys.readouterr().err
    assert manifest()["study_path"] == "../study/study.toml"
    assert main([*command, "other"]) == 1
    (place / "study" / "study.toml").unlink()  # moved away: the name is free
    assert main([*command, "other"]) == 0
    assert manifest()["study_path"] == "../other/study.toml"


@pytest.mark.usefixtures("quick")
def test_one_bad_study_does_not_stop_the_others(place):
    notebook()
    assert main(["build", "nowhere", "study", "--notebook", "report.ipynb", "--quiet"]) == 1
    assert Path("reports/repair-shops-report.html").exists()


def test_a_look_that_finds_nothing_to_do_loads_no_machinery(place):
    code = (
        "import sys; from pdlib.cli import main\n"
        "code = main(sys.argv[1:])\n"
        "heavy = {'nbconvert', 'nbclient', 'nbformat', 'jupyter_client', 'pandas', 'pydantic', 'tqdm', 'numpy'}\n"
        "print(sorted(heavy & set(sys.modules)) if code == 0 else code)"
    )

    def loaded(*arguments):
        run = subprocess.run([sys.executable, "-c", code, *arguments], check=True, capture_output=True, text=True)
        return run.stdout.splitlines()[-1]

    assert loaded("--help") == "[]"
    build("study", notebook=notebook("print(unit)"))
    assert loaded("build", "study", "--notebook", "report.ipynb") == "[]"


def test_parameters_are_read_checked_and_injected():
    nb = v4.new_notebook(
        cells=[
            v4.new_markdown_cell("x"),
            v4.new_code_cell(
                "a = 1\nb: str = '007'\nc = None\nd = True\ne = len('x')", metadata={"tags": ["parameters"]}
            ),
            v4.new_code_cell("old", metadata={"tags": ["injected-parameters"]}),
        ]
    )
    known = declared(nb)
    assert list(known) == ["a", "b", "c", "d", "e"]
    values = resolve({"a": "3", "b": "012", "c": "x", "d": "false"}, known)
    assert values == {"a": 3, "b": "012", "c": "x", "d": False}
    inject(nb, {**values, "e": [1.5, float("inf")]})
    assert [cell.metadata.get("tags") for cell in nb.cells] == [None, ["parameters"], ["injected-parameters"]]
    namespace = {}
    exec(nb.cells[2].source, namespace)  # noqa: S102
    assert namespace["e"] == [1.5, float("inf")]
    with pytest.raises(ParameterError, match="expects bool"):
        resolve({"d": "perhaps"}, known)
    with pytest.raises(ParameterError, match="no cell tagged 'parameters'"):
        resolve({"study_path": "x"}, {})


def test_notebook_of_the_project_comes_first(place):
    with pytest.raises(StudyError, match="There is no notebook elsewhere"):
        find_notebook("elsewhere.ipynb", place / "study" / "study.toml")
    assert find_notebook(None, place / "study" / "study.toml").name == REPORT
    own = notebook(path="notebooks/insight_report.ipynb")
    assert find_notebook(None, place / "study" / "study.toml") == (place / own).resolve()


@pytest.mark.parametrize(
    ("name", "expected"),
    [("Repair shops", "repair-shops"), ("index", r"index-\w{6}"), ("Index", r"index-\w{6}"), ("../x", r"x-\w{6}"),
     ("東京", r"study-\w{6}"), ("Café", r"cafe-\w{6}"), ("Cafe", "cafe"), ("a" * 300, r"a{60}-\w{6}")],
)  # fmt: skip
def test_names_become_safe_file_names(name, expected):
    assert re.fullmatch(expected, slug(name))


def test_writing_is_all_or_nothing(tmp_path, monkeypatch):
    path = tmp_path / "page.html"
    write_atomically(path, "good\n")
    monkeypatch.setattr("os.fsync", lambda _: (_ for _ in ()).throw(OSError("disk full")))
    with pytest.raises(OSError, match="disk full"):
        write_atomically(path, "half")
    assert path.read_text() == "good\n"
    assert list(tmp_path.iterdir()) == [path]


@pytest.mark.usefixtures("quick")
def test_the_audit_finds_the_pages_of_a_report(place, capsys):
    notebook()
    of = ["study", "--notebook", "report.ipynb", "--each", "unit=s01,s02,s03"]
    audit = ["audit", *of, "--no-browser"]
    assert main(audit) == 2
    assert "Build it first" in capsys.readouterr().err
    assert main(["build", *of, "--quiet"]) == 0
    assert main(audit) == 1  # pages with next to nothing on them
    said = capsys.readouterr().out
    assert [f"s0{k}-" in said for k in (1, 2, 3)] == [True] * 3
    assert not re.search("R3 +NO", said)  # each may name its own unit
    assert main([*audit, "--only", "s02"]) == 1
    said = capsys.readouterr().out
    assert [f"s0{k}-" in said for k in (1, 2, 3)] == [False, True, False]
