"""Whatever goes wrong: the last good pages stay as they are, the exit code says so, and the next build recovers."""

import errno
import io
import json
import os
import signal
import subprocess
import sys
import tempfile
import time
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

import filelock
import pytest
from jupyter_client.kernelspec import KernelSpec

from pdlib import history
from pdlib.cli import main
from pdlib.publish import kernels, pages
from pdlib.publish.build import build
from pdlib.publish.checks import PageError
from pdlib.publish.files import earlier
from pdlib.publish.how import How
from tests.publish.places import SHARED, STUDY, make_study, notebook

ROOT = Path(__file__).parents[2]
BUILD = ["build", "study", "--quiet", "--notebook", "report.ipynb"]
EACH = [*BUILD, "--each", "unit=a,b,c,d"]
linux = pytest.mark.skipif(sys.platform != "linux", reason="as Linux does it")


def published(folder="reports"):
    """Every good page, by path; lists tell of failures, and change."""
    paths = [path for path in Path(folder).rglob("*.html") if ".failed." not in path.name and path.name != "index.html"]
    return {str(path): path.read_bytes() for path in paths if not path.with_suffix("").is_dir()}


@contextmanager
def survived(code=1, command=BUILD):
    """Build well, let the body do its worst and note its codes: nothing may be lost, and the next build is good."""
    notebook()
    assert main(command) == 0
    before, codes = published(), []
    assert before
    yield codes
    assert codes == [code]
    assert published() == before
    assert not list(Path.cwd().rglob("*.tmp"))
    notebook("'better'")
    assert main(command) == 0
    assert not list(Path("reports").rglob("*.failed.html"))
    assert json.loads(Path("reports/status.json").read_text())["status"] == "good"


# -- what a cell can do -------------------------------------------------------------------------------------------

CELLS = {
    "raises": ("1 / 0", "stopped with ZeroDivisionError"),
    "sys.exit": ("sys.exit(0)", "stopped with SystemExit"),
    "quit": ("quit()", "asked Python to exit"),
    "os._exit": ("os._exit(0)", "ended the Python that ran it (exit code 0)"),
    "killed": ("os.kill(os.getpid(), 9)", "ended the Python that ran it (signal 9)"),
    "crashes": ("ctypes.string_at(0)", "ended the Python that ran it (signal 11)"),
    "gigabytes": ("while True: print('x' * 9_000_000)\n", "printed or showed more than 20 MB"),
    "one giant": ("print('x' * 30_000_000)", "printed or showed more than 20 MB"),
    "sleeps": ("time.sleep(99)", "was still running when its 20 seconds were over"),
    "stubborn": (
        "while True:\n try: time.sleep(99)\n except KeyboardInterrupt: pass\n",
        "was still running when its 20 seconds were over",
    ),
    "no memory": ("bytearray(10 ** 15)", "stopped with MemoryError"),
    "asks": ("input()", "stopped with StdinNotImplementedError"),
    "deaf": ("os.closerange(3, 512)", ""),
    "half a letter": ("print(chr(0xd800))", ""),
    "no text": ("display({'text/html': 5}, raw=True)", ""),
    "hidden figure": (
        "import matplotlib.pyplot as plt; plt.switch_backend('agg'); plt.plot([1])",
        "drew 1 figures and showed 0",
    ),
    "two headlines": ("HTML('<h1>Another</h1>')", "has 2 first-level headings"),
}


@pytest.fixture(scope="module")
def cells(tmp_path_factory):
    """A page for each thing that a cell can do: built well first, then with all of them at once."""
    place = tmp_path_factory.mktemp("cells")
    make_study(place / "study")
    path, reports = place / "report.ipynb", place / "reports"
    command = ["build", str(place / "study"), "--quiet", "--notebook", str(path), "--output", str(reports)]
    command += ["--each", "unit=" + ",".join(["good", *CELLS]), "--cell-timeout", "20"]
    notebook(path=path, shared=[SHARED])
    assert main(command) == 0
    before = published(reports)
    faults = f"import ctypes, os, sys, time\nfaults = { ({name: source for name, (source, _) in CELLS.items()})!r}"
    # An error that its cell's tag allows is an error all the same.
    run = "exec(compile(faults.get(unit, 'pass'), 'cell', 'single'))"
    notebook(faults, run, path=path, shared=[SHARED], tags=["raises-exception"])
    code = main(command)
    (manifest,) = [path for path in reports.glob("*.json") if path.name != "status.json"]
    told = json.loads(manifest.read_text())["pages"].values()
    return code, before, published(reports), {page["label"]: page for page in told}


@pytest.mark.kernel
@pytest.mark.slow
@pytest.mark.parametrize("fault", CELLS)
def test_a_cell_that_fails(cells, fault):
    code, before, after, told = cells
    assert code == 1
    assert told[fault]["status"] == "failed"
    assert CELLS[fault][1] in told[fault]["failure"]["reason"]
    slug = fault.replace(".", "-").replace("_", "").replace(" ", "-")
    kept = [name for name in before if Path(name).name.startswith(slug)]
    assert kept
    assert all(after[name] == before[name] for name in kept)


@pytest.mark.kernel
@pytest.mark.slow
def test_and_no_other_page(cells):
    _, before, after, told = cells
    assert [label for label, page in told.items() if page["status"] == "good"] == ["good"]
    assert set(after) == set(before)
    (good,) = [name for name in before if Path(name).name.startswith("good-")]
    assert after[good] != before[good]


# -- how a build can be cut off -----------------------------------------------------------------------------------

APART = """
import os, sys
from pdlib.cli import main
from pdlib.publish import manifest, pages, shelf
from tests.publish import places

def kill(*_, **__):
    os.kill(os.getpid(), 9)

pages._Maker._execute = places.execute
"""
FSYNC = """
count, fsync = iter(range(99)), os.fsync
os.fsync = lambda file: kill() if next(count) == 3 else fsync(file)
"""
HALF_A_NOTE = """
note = pages.note_page
def half(path, name, page):
    note(path, name, page)
    text = manifest.journal(path).read_text()
    manifest.journal(path).write_text(text[:-20])
    kill()
pages.note_page = half
"""
TWO_NOTES = """
count, note = iter(range(99)), pages.note_page
def noted(*page):
    note(*page)
    if next(count) == 1:
        kill()
pages.note_page = noted
"""
CUT_OFF = {  # with the number of pages that were finished
    "as the first page is written": (FSYNC, 0),
    "between a page and its note": ("pages.note_page = kill", 0),
    "in the middle of a note": (HALF_A_NOTE, 0),
    "after two pages": (TWO_NOTES, 2),
    "before the record is closed": ("pages._Maker._end = kill", 4),
    "before the shelf is written": ("shelf.write_shelf = kill", 4),
}


def run_apart(patch, command=EACH, **options):
    """Run the command in a process of its own, without kernels, with something patched."""
    code = f"{APART}{patch}\nsys.exit(main(sys.argv[1:]))"
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    return subprocess.Popen([sys.executable, "-c", code, *command], env=environment, stderr=subprocess.PIPE, **options)


@linux
@pytest.mark.usefixtures("quick")
@pytest.mark.parametrize("when", CUT_OFF)
def test_a_build_that_is_killed_goes_on_where_it_stopped(place, when, capsys):
    patch, finished = CUT_OFF[when]
    notebook()
    assert main(EACH) == 0
    before = published()
    notebook("'new'")
    cut = run_apart(patch)
    cut.communicate(timeout=60)
    assert cut.returncode == -signal.SIGKILL
    assert set(published()) == set(before)
    assert all(page.rstrip().endswith(b"</html>") for page in published().values())
    assert main([word for word in EACH if word != "--quiet"]) == 0
    said = capsys.readouterr().out
    assert (f"{4 - finished} built" in said) == (finished < 4)
    assert (f"{finished} unchanged" in said) == (finished > 0)
    assert not list(Path.cwd().rglob("*.tmp"))
    assert not list(Path.cwd().rglob("*.journal"))
    went_on = published()
    assert main([*EACH, "--output", "whole"]) == 0
    for name, page in published("whole").items():
        one, other = (text.splitlines() for text in (page, went_on[name.replace("whole", "reports", 1)]))
        assert [line for line in one if b'"built"' not in line and b"Built" not in line] == [
            line for line in other if b'"built"' not in line and b"Built" not in line
        ]


@linux
@pytest.mark.usefixtures("quick")
@pytest.mark.parametrize(
    ("number", "code", "first"),
    [(signal.SIGINT, 130, ""), (signal.SIGTERM, 143, ""), (signal.SIGTERM, 143, "signal.signal(2, signal.SIG_IGN)\n")],
    ids=["Ctrl+C", "a scheduler", "a scheduler, to a job that is deaf to Ctrl+C"],
)
def test_a_signal(place, number, code, first):
    with survived(code, EACH) as codes:
        notebook("'new'")
        stuck = run_apart(f"import signal\n{first}"
            "async def wait(*_):\n print(flush=True); await pages.asyncio.sleep(99)\n"
            "pages._Maker._execute = lambda *_, **__: wait()", stdout=subprocess.PIPE)  # fmt: skip
        stuck.stdout.readline()
        stuck.send_signal(number)
        stuck.communicate(timeout=60)
        codes.append(stuck.returncode)


@linux
@pytest.mark.kernel
@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGKILL])
def test_no_kernel_outlives_its_builder(place, number):
    notebook("import os, time\nopen(f'pid-{os.getpid()}', 'w').close()\ntime.sleep(60)", shared=[SHARED])
    scratch = Path(tempfile.mkdtemp())  # sockets want a short path
    with builder(EACH, scratch) as process:
        _until(lambda: list(place.glob("pid-*")), 60)
        process.send_signal(number)
        assert process.wait(30) == {signal.SIGTERM: 143, signal.SIGKILL: -9}[number]
    pids = [path.name.removeprefix("pid-") for path in place.glob("pid-*")]
    _until(lambda: not any(Path("/proc", pid).exists() for pid in pids), 20)
    _until(lambda: not list(scratch.rglob("*")), 20)
    scratch.rmdir()


@contextmanager
def builder(command, scratch):
    """The command in a process of its own, with a scratch folder of its own; killed at the end, whatever happens."""
    environment = {**os.environ, "TMPDIR": str(scratch)}
    with subprocess.Popen([sys.executable, "-m", "pdlib.cli", *command], env=environment) as process:
        try:
            yield process
        finally:
            process.kill()


def _until(true, seconds):
    deadline = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < deadline
        time.sleep(0.05)


@linux
@pytest.mark.kernel
def test_what_a_killed_build_worked_with_is_swept(place, monkeypatch):
    notebook("open('here', 'w').close(); import time; time.sleep(60)")
    scratch = Path(tempfile.mkdtemp())
    monkeypatch.setattr(tempfile, "tempdir", str(scratch))
    kept = scratch / "another"
    kept.mkdir()
    with builder([*BUILD, "--engine", "plain"], scratch):
        _until((place / "here").exists, 60)
    assert len(list(scratch.iterdir())) == 2
    notebook()
    assert main(BUILD) == 0
    assert list(scratch.iterdir()) == [kept]
    assert not list(Path("reports").glob(".*.scratch"))


# -- what the machine can do --------------------------------------------------------------------------------------


@pytest.mark.usefixtures("quick")
@pytest.mark.parametrize("command", [BUILD, EACH])
def test_a_full_disk(place, monkeypatch, command, capsys):
    def full(_):
        raise OSError(errno.ENOSPC, "No space left on device")

    with survived(command=command) as codes, monkeypatch.context() as disk:
        notebook("'new'")
        disk.setattr("os.fsync", full)
        codes.append(main(command))
    assert "No space left on device" in capsys.readouterr().err


@linux
@pytest.mark.usefixtures("quick")
def test_a_full_disk_as_the_system_tells_it(place):
    with survived(command=EACH) as codes:
        notebook("'new'")
        run = run_apart("import resource\nresource.setrlimit(resource.RLIMIT_FSIZE, (4000, 4000))")
        said = run.communicate(timeout=60)[1].decode()
        codes.append(run.returncode)
        assert "File too large" in said


@pytest.mark.usefixtures("quick")
def test_a_disk_that_is_full_for_one_page_only(place, monkeypatch):
    write = pages.write_atomically

    def sometimes(path, text):
        if path.name.startswith("b-") and "failed" not in path.name:
            raise OSError(errno.ENOSPC, "No space left on device", str(path))
        write(path, text)

    notebook()
    assert main(EACH) == 0
    before = published()
    notebook("'new'")
    monkeypatch.setattr(pages, "write_atomically", sometimes)
    assert main(EACH) == 1
    same = [Path(name).name[:2] for name, page in published().items() if page == before[name]]
    assert "b-" in same
    assert not {"a-", "c-", "d-"} & set(same)
    (failed,) = Path("reports").rglob("b-*.failed.html")
    assert "could not be written: b-" in failed.read_text(encoding="utf-8")


@pytest.mark.usefixtures("quick")
def test_no_room_for_kernels(place, monkeypatch, capsys):
    def full(*_, **__):
        raise OSError(errno.ENOSPC, "No space left on device")

    with survived() as codes, monkeypatch.context() as disk:
        notebook("'new'")
        disk.setattr(kernels.tempfile, "TemporaryDirectory", full)
        codes.append(main(BUILD))
    assert "No space left on device" in capsys.readouterr().err


@pytest.mark.usefixtures("quick")
def test_a_read_only_folder(place, monkeypatch, capsys):
    """As on a disk mounted so; permissions do not stop every user that tests run as."""
    reports, open_low, open_high = str(place / "reports"), os.open, io.open

    def low(path, flags, *rest, **more):
        if str(path).startswith(reports) and flags & (os.O_WRONLY | os.O_RDWR):
            raise OSError(errno.EROFS, "Read-only file system", str(path))
        return open_low(path, flags, *rest, **more)

    def high(path, mode="r", *rest, **more):
        if str(path).startswith(reports) and set(mode) & set("wax+"):
            raise OSError(errno.EROFS, "Read-only file system", str(path))
        return open_high(path, mode, *rest, **more)

    with survived() as codes, monkeypatch.context() as disk:
        notebook("'new'")
        disk.setattr(os, "open", low)
        disk.setattr(io, "open", high)
        codes.append(main(BUILD))
    assert "reports cannot be written to" in capsys.readouterr().err


@pytest.mark.usefixtures("quick")
def test_a_file_where_the_folder_should_be(place, capsys):
    notebook()
    Path("reports").write_text("mine", encoding="utf-8")
    assert main(BUILD) == 1
    assert Path("reports").read_text(encoding="utf-8") == "mine"
    assert "reports cannot be written to" in capsys.readouterr().err


@pytest.mark.usefixtures("quick")
def test_a_folder_where_the_page_should_be(place):
    notebook()
    Path("reports/repair-shops-report.html/x").mkdir(parents=True)
    assert main(BUILD) == 1
    assert Path("reports/repair-shops-report.html/x").is_dir()
    assert "could not be written" in Path("reports/repair-shops-report.failed.html").read_text(encoding="utf-8")


@pytest.mark.usefixtures("quick")
def test_a_shelf_that_cannot_be_written(place, capsys):
    with survived() as codes:
        Path("reports/index.html").unlink()
        Path("reports/index.html").mkdir()
        codes.append(main(BUILD))
        Path("reports/index.html").rmdir()
    assert "the shelf: not built." in capsys.readouterr().err


@pytest.mark.usefixtures("quick")
def test_another_build_in_the_folder(place):
    with survived(code=3) as codes:
        notebook("'new'")
        with filelock.FileLock("reports/.build.lock"):
            codes.append(main(BUILD))


@pytest.mark.usefixtures("quick")
def test_a_clock_that_was_set_back(place, monkeypatch):
    """Builds are told apart by number, and what is due by content: no time is compared with another."""
    for year in (2030, 2011, 2020):
        clock = type("Clock", (datetime,), {"now": lambda _, year=year: datetime(year, 1, 1, tzinfo=UTC)})
        monkeypatch.setattr(pages, "datetime", clock)
        notebook(f"'{year}'")
        assert main(BUILD) == 0
        os.utime("study/study.toml", (2e9, 2e9) if year == 2011 else (1e9, 1e9))
        assert main(BUILD) == 0
    kept = [json.loads(path.with_suffix(".json").read_text())["built"][:4] for _, path in earlier(
        place / "reports" / "repair-shops-report.html")]  # fmt: skip
    assert kept == ["2011", "2030"]
    assert b"2020" in published()["reports/repair-shops-report.html"]


# -- what the files can be ----------------------------------------------------------------------------------------


def spoil_data():
    Path("study/shop_months.csv").write_text("shop,month,happy,answers\ns01,2025-01,1,2\n", encoding="utf-8")


def spoil_study(text):
    return lambda: Path("study/study.toml").write_text(text, encoding="utf-8")


def spoil_notebook(text):
    return lambda: Path("report.ipynb").write_text(text, encoding="utf-8")


FILES = {
    "the study is gone": (lambda: Path("study/study.toml").unlink(), "There is no study"),
    "the study is half written": (spoil_study(STUDY.rstrip()[:-3]), "is not a TOML file"),
    "the study is not text": (lambda: Path("study/study.toml").write_bytes(b"\xff\xfe\0"), "study.toml"),
    "the notebook is gone": (lambda: Path("report.ipynb").unlink(), "There is no notebook"),
    "the notebook is half written": (spoil_notebook('{"cells": [{"cell_type"'), "is not a notebook"),
    "the notebook is another thing": (spoil_notebook('{"cells": [1]}'), "is not a notebook"),
    "the notebook's parameters are no Python": (
        lambda: Path("report.ipynb").write_text(
            Path("report.ipynb").read_text().replace("study_path = ''", "study_path = "), encoding="utf-8"
        ),
        "cell tagged 'parameters' is not Python",
    ),
    "a cell fails": (lambda: notebook("boom"), "stopped with a <bang>"),
}  # fmt: skip


@pytest.mark.usefixtures("quick")
@pytest.mark.parametrize("fault", FILES)
def test_a_file_that_is_not_what_it_should_be(place, fault, capsys):
    spoil, said = FILES[fault]
    with survived() as codes:
        spoil()
        codes.append(main(BUILD))
        assert json.loads(Path("reports/status.json").read_text())["status"] == "failed"
        assert "failed. The page above is the last good one." in Path("reports/index.html").read_text(encoding="utf-8")
        (told,) = Path("reports").glob("*.failed.html")
        assert str(place) not in told.read_text(encoding="utf-8")
        make_study(place / "study")
    assert said in capsys.readouterr().err


@pytest.mark.usefixtures("quick")
@pytest.mark.parametrize("spoil", [spoil_data, lambda: Path("study/shops.csv").unlink()])
def test_data_that_change_while_they_are_read(place, monkeypatch, capsys, spoil):
    with survived() as codes, monkeypatch.context() as meanwhile:
        notebook("'new'")
        execute = pages._Maker._execute

        async def slowly(*given, **more):
            made = await execute(*given, **more)
            spoil()
            return made

        meanwhile.setattr(pages._Maker, "_execute", slowly)
        codes.append(main(BUILD))
        make_study(place / "study")
    assert "changed while the report was being built" in capsys.readouterr().err


@pytest.mark.usefixtures("quick")
@pytest.mark.parametrize("text", ["", "null", "\0\0", '{"schema": "pdlib report 2"}'])
def test_a_record_that_is_broken_is_made_anew(place, text):
    notebook()
    assert main(EACH) == 0
    (record,) = Path("reports").glob("repair-shops*.json")
    record.write_text(text, encoding="utf-8")
    record.with_suffix(".journal").write_text('{"name": "a-\n[]\n{}\nnull\n', encoding="utf-8")
    Path("reports/.a.html.1.tmp").write_text("half", encoding="utf-8")
    assert main(EACH) == 0
    assert json.loads(record.read_text())["status"] == "good"
    assert not list(Path("reports").rglob("*.tmp"))
    assert not record.with_suffix(".journal").exists()


@pytest.mark.usefixtures("quick")
def test_a_page_that_was_removed_or_defaced_is_built_again(place):
    notebook()
    assert main(EACH) == 0
    one, two, *_ = Path("reports").glob("*/*.html")
    whole = one.read_bytes()
    one.write_bytes(whole[:-100])
    two.unlink()
    assert main(EACH) == 0
    assert two.exists()
    assert len(one.read_bytes()) == len(whole)


def test_a_history_that_was_cut_off_goes_on(tmp_path):
    entry = {"id": "1", "study": "s", "outcome": "o", "data": "d", "rules": {}, "units": {}, "practices": {}}
    history.add(tmp_path, entry, "2026-01-01T00:00:00+00:00")
    path = tmp_path / history.FILE
    path.write_bytes(path.read_bytes() + b'{"built": "2026-02')
    history.add(tmp_path, {**entry, "id": "2"}, "2026-03-01T00:00:00+00:00")
    assert [found["id"] for found in history.entries(tmp_path)] == ["1", "2"]


@pytest.mark.usefixtures("quick")
def test_an_unknown_parameter(place, capsys):
    with survived(code=2) as codes:
        codes.append(main([*BUILD, "-p", "top_shaer=0.2"]))
    assert "Did you mean 'top_share'?" in capsys.readouterr().err


@pytest.mark.usefixtures("quick")
def test_another_study_of_the_same_name(place, capsys):
    make_study(place / "other")
    with survived() as codes:
        codes.append(main(["build", "other", *BUILD[2:]]))
    assert "belongs to" in capsys.readouterr().err


# -- what kernels and pages can do --------------------------------------------------------------------------------


@pytest.mark.usefixtures("quick")
@pytest.mark.parametrize("command", [BUILD, EACH])
def test_a_page_that_cannot_be_rendered(place, monkeypatch, command, capsys):
    def broken(*_, **__):
        raise RecursionError("maximum recursion depth exceeded")

    with survived(command=command) as codes, monkeypatch.context() as template:
        notebook("'new'")
        template.setattr(pages.InsightExporter, "from_notebook_node", broken)
        codes.append(main(command))
    assert "could not be made: RecursionError" in capsys.readouterr().err


@pytest.mark.usefixtures("quick")
def test_a_build_without_end(place, monkeypatch, capsys):
    with survived() as codes, monkeypatch.context() as slow:
        notebook("'new'")
        slow.setattr(pages._Maker, "_execute", lambda *_, **__: pages.asyncio.sleep(99))
        codes.append(main([*BUILD, "--build-timeout", "0.2"]))
    assert "was stopped when its 0.2 seconds were over" in capsys.readouterr().err


@pytest.mark.kernel
@pytest.mark.parametrize(
    ("argv", "said"),
    [
        (["/nowhere/python", "-f", "{connection_file}"], "No such file or directory"),
        ([sys.executable, "-c", "raise SystemExit('no licence')"], "no licence"),
        ([sys.executable, "-c", "import time; time.sleep(60)"], "did not answer within 1 seconds"),
    ],
)
def test_a_kernel_that_does_not_start(place, monkeypatch, argv, said):
    spec = KernelSpec(argv=argv, display_name="Theirs", language="python")
    monkeypatch.setattr(kernels, "specification", lambda _: (spec, False, []))
    with pytest.raises(PageError, match="could not start its kernel"):
        build("study", notebook=notebook(), how=How(progress=False, start_seconds=1))
    assert said in Path("reports/repair-shops-report.failed.html").read_text(encoding="utf-8")
    assert not published()


@linux
@pytest.mark.kernel
def test_the_process_that_forks_dies(place):
    """Pages are built all the same, by kernels that are started plainly, and the record says so."""
    kill = "import os\nif unit == 'a' and not os.path.exists('once'): open('once', 'w'); os.kill(os.getppid(), 9)"
    notebook(kill, "print(unit)", shared=[SHARED])
    assert main([*EACH, "--jobs", "1"]) == 0
    record = json.loads(Path("reports/repair-shops-report-by-unit.json").read_text())
    assert all(b"<pre>" + unit in b"".join(published().values()) for unit in (b"a", b"b", b"c", b"d"))
    assert {page["engine"] for page in record["pages"].values()} == {"plain"}
    assert "built whole, with a plain kernel" in " ".join(record["run"]["notes"])
