"""A build publishes a whole page or none, and says what happened."""

import json
import re
import subprocess
import sys
from datetime import datetime
from pathlib import Path

import filelock
import nbformat
import pytest
from nbformat import v4

import pdlib
from pdlib.cli import main
from pdlib.errors import DataError, Problem, StudyError
from pdlib.publish import build as build_module
from pdlib.publish.build import build, find_notebook
from pdlib.publish.checks import Failure, PageError
from pdlib.publish.files import slug, write_atomically
from pdlib.publish.parameters import ParameterError, declared, inject, resolve

STUDY = """
name = "Repair shops"
[unit]
column = "shop"
[period]
column = "month"
[tables]
observations = "shop_months.csv"
[[outcome]]
name = "happy"
kind = "proportion"
successes = "happy"
n = "answers"
"""
HEADLINE = "from IPython.display import HTML\nHTML('<h1>Nine shops</h1><p class=\"standfirst\">Seven are real.</p>')"


@pytest.fixture
def place(tmp_path, monkeypatch):
    """A project with one study, whose data pass; the working directory is the project."""
    (tmp_path / "study").mkdir()
    (tmp_path / "study" / "study.toml").write_text(STUDY, encoding="utf-8")
    (tmp_path / "study" / "shop_months.csv").write_text("shop,month,happy,answers\na,2025-01,3,5\n", encoding="utf-8")
    (tmp_path / "pyproject.toml").touch()
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(pdlib, "read", lambda _: None)
    return tmp_path


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
    assert build_module._delete_after(datetime.fromisoformat(f"{began}T04:12:00+00:00"), months) == day


def notebook(*sources, path="report.ipynb"):
    """Write a notebook with parameters, a headline, and a section that holds the cells given."""
    cells = [
        v4.new_code_cell("study_path = ''\ntop_share = 0.1", metadata={"tags": ["parameters"]}),
        v4.new_code_cell(HEADLINE),
        v4.new_markdown_cell("## Who stands out"),
        *map(v4.new_code_cell, sources),
    ]
    Path(path).parent.mkdir(exist_ok=True)
    nbformat.write(v4.new_notebook(cells=cells), path)
    return path


@pytest.fixture
def quick(monkeypatch):
    """No kernel: every code cell shows a headline or its own source as text."""

    def run(nb, folder, *, timeout, started):
        for index, cell in enumerate(nb.cells):
            started(f"cell {index}")
            if cell.cell_type == "code" and "HTML" in cell.source:
                data = {"text/html": "<h1>Nine shops</h1><p class='standfirst'>Seven are real.</p>"}
                cell.outputs = [v4.new_output("display_data", data=data)]
            if cell.source == "boom":
                raise PageError([Failure("cell 4", "stopped with a <bang>", cell.source, f"in {folder}/report.py")])

    monkeypatch.setattr(build_module, "run", run)


@pytest.mark.kernel
def test_a_failing_cell_keeps_the_last_good_page(place, capsys):
    good = notebook("import os, sys; print(sys.prefix == os.environ.get('X', sys.prefix), top_share)")
    assert main(["build", "study", "--notebook", good, "-p", "top_share=0.05", "--quiet"]) == 0
    before = Path("reports/repair-shops.html").read_bytes()
    assert b"<pre>True 0.05</pre>" in before
    assert str(place).encode() not in before
    assert main(["build", "study", "--notebook", notebook("rate = 1", "rate / 0")]) == 1
    assert Path("reports/repair-shops.html").read_bytes() == before
    assert 'cell 5 ("Who stands out"): stopped with ZeroDivisionError' in capsys.readouterr().err
    failed = Path("reports/repair-shops.failed.html").read_text(encoding="utf-8")
    assert "<pre>rate / 0</pre>" in failed
    assert "ZeroDivisionError                         Traceback" in failed


@pytest.mark.kernel
@pytest.mark.parametrize(
    ("source", "reason"),
    [
        ("import sys; sys.exit()", "stopped with SystemExit"),
        ("exit()", "asked Python to exit"),
        ("import os; os._exit(0)", "ended the Python that ran it"),
        ("import time; time.sleep(60)", "still running when the notebook's 4 seconds were over"),
        ("import warnings; warnings.warn('few shops')", "UserWarning: few shops. Resolve it"),
    ],
)
def test_no_truncated_page_counts_as_success(place, source, reason):
    with pytest.raises(PageError, match=reason) as caught:
        build("study", notebook=notebook(source), timeout=4, progress=False)
    assert caught.value.failures[0].where == 'cell 4 ("Who stands out")'
    assert not Path("reports/repair-shops.html").exists()


@pytest.mark.usefixtures("quick")
def test_a_build_writes_page_manifest_and_shelf(place):
    built = build("study/study.toml", notebook=notebook(), parameters={"top_share": 0.2}, progress=False)
    assert built.page == place / "reports" / "repair-shops.html"
    assert built.warnings == ()
    manifest = json.loads(built.page.with_suffix(".json").read_text(encoding="utf-8"))
    assert manifest["status"] == "good"
    assert manifest["title"] == "Nine shops"
    assert manifest["standfirst"] == "Seven are real."
    assert manifest["parameters"] == {"top_share": 0.2}
    shelf = Path("reports/index.html").read_text(encoding="utf-8")
    assert '<a href="repair-shops.html">Nine shops</a>' in shelf
    assert "One report, the newest of" in shelf
    assert sorted(path.name for path in built.page.parent.iterdir() if path.suffix == ".tmp") == []


@pytest.mark.usefixtures("quick")
def test_same_inputs_same_bytes_but_for_the_time(place):
    pages = []
    for _ in range(2):
        page = build("study", notebook=notebook(), progress=False).page
        pages.append([line for line in page.read_text(encoding="utf-8").splitlines() if 'class="built"' not in line])
    assert pages[0] == pages[1]


@pytest.mark.usefixtures("quick")
def test_the_data_hash_follows_the_data(place):
    def data_hash():
        page = build("study", notebook=notebook(), progress=False).page
        return json.loads(page.with_suffix(".json").read_text(encoding="utf-8"))["data_sha256"]

    before = data_hash()
    assert data_hash() == before
    with Path("study/shop_months.csv").open("a", encoding="utf-8") as table:
        table.write("b,2025-01,2,5\n")
    assert data_hash() != before


@pytest.mark.usefixtures("quick")
def test_a_failure_is_told_on_the_shelf_and_forgotten_after_success(place):
    notebook()
    build("study", notebook="report.ipynb", progress=False)
    with pytest.raises(PageError):
        build("study", notebook=notebook("boom"), progress=False)
    shelf = Path("reports/index.html").read_text(encoding="utf-8")
    failed = Path("reports/repair-shops.failed.html").read_text(encoding="utf-8")
    assert "The page above is the last good one." in shelf
    assert "stopped with a &lt;bang&gt;" in failed
    assert str(place) not in failed
    manifest = json.loads(Path("reports/repair-shops.json").read_text(encoding="utf-8"))
    assert (manifest["status"], manifest["title"]) == ("failed", "Nine shops")
    build("study", notebook=notebook(), progress=False)
    assert not Path("reports/repair-shops.failed.html").exists()
    assert "failed" not in Path("reports/index.html").read_text(encoding="utf-8").split("</style>")[1]


@pytest.mark.usefixtures("quick")
def test_bad_data_stop_before_any_kernel(place, monkeypatch):
    def refuse(study):
        raise DataError([Problem("shop_months.csv", "happy exceeds answers in row 2.", "Correct it.")])

    monkeypatch.setattr(pdlib, "read", refuse)
    monkeypatch.setattr(build_module, "run", lambda *_, **__: pytest.fail("a kernel was started"))
    with pytest.raises(DataError) as caught:
        build("study", notebook=notebook(), progress=False)
    assert "There is no earlier page." in caught.value.__notes__[0]
    assert "happy exceeds answers" in Path("reports/repair-shops.failed.html").read_text(encoding="utf-8")
    assert "never built" in Path("reports/index.html").read_text(encoding="utf-8")


@pytest.mark.usefixtures("quick")
def test_exit_codes(place, capsys):
    notebook()
    command = ["build", "study", "--notebook", "report.ipynb"]
    assert main([*command, "-p", "top_shar=1"]) == 2
    assert "Did you mean 'top_share'?" in capsys.readouterr().err
    assert main([*command, "-p", "top_share"]) == 2
    assert main(["build"]) == 2
    assert main(["build", "nowhere"]) == 1
    assert main(command) == 0
    assert capsys.readouterr().out.startswith(str(Path("reports", "repair-shops.html")))
    with filelock.FileLock("reports/.build.lock"):
        assert main(command) == 3
    assert main(["build", "study", "study", "--notebook", "report.ipynb", "--quiet"]) == 1
    assert "study of the same name" in capsys.readouterr().err


@pytest.mark.usefixtures("quick")
def test_one_bad_study_does_not_stop_the_others(place):
    notebook()
    assert main(["build", "nowhere", "study", "--notebook", "report.ipynb", "--quiet"]) == 1
    assert Path("reports/repair-shops.html").exists()


def test_check_prints_the_finding_or_every_problem(place, monkeypatch, capsys):
    class Read:
        finding = "One shop over one month."
        caveats = ("Few shops.",)

    monkeypatch.setattr(pdlib, "read", lambda _: Read())
    assert main(["check", "study"]) == 0
    assert capsys.readouterr().out == "study: One shop over one month.\n  note: Few shops.\n"
    Path("study/study.toml").write_text("name = ", encoding="utf-8")
    assert main(["check", "study"]) == 1
    assert "is not a TOML file" in capsys.readouterr().err


def test_help_loads_no_notebook_machinery():
    code = (
        "import sys; from pdlib.cli import main; code = main(['--help'])\n"
        "assert code == 0 and not {'nbconvert', 'nbclient', 'jupyter_client', 'tqdm'} & set(sys.modules)"
    )
    subprocess.run([sys.executable, "-c", code], check=True, capture_output=True)


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
