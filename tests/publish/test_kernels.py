"""Forked kernels are Jupyter's own: the same outputs, names, tracebacks and ends as kernels started plainly."""

import asyncio
import json
import os
import sys
from pathlib import Path

import nbformat
import pytest
from nbformat import v4

from pdlib.cli import main
from pdlib.publish.build import build_reports
from pdlib.publish.checks import PageError
from pdlib.publish.forks import ForkError
from pdlib.publish.how import How
from pdlib.publish.kernels import Kernels, imports, run, specification
from pdlib.publish.parameters import ParameterError, inject, last_shared
from pdlib.publish.plan import plan
from tests.publish.places import HEADLINE, PARAMETERS, SHARED, notebook

pytestmark = pytest.mark.kernel
linux = pytest.mark.skipif(sys.platform != "linux", reason="kernels are forked on Linux only")
QUIET = How(progress=False, start_seconds=20)


def cells(*sources):
    return v4.new_notebook(cells=[v4.new_code_cell(source) for source in sources])


def executed(nb, engine, folder, modules=()):
    """Run a notebook in one kernel; returns how the kernel was started and what is known of the others."""

    async def work():
        how = How(engine=engine, cell_seconds=20, start_seconds=30)
        async with Kernels(how, modules, several=True) as kernels:
            kernel = await kernels.open(nb, folder)
            try:
                await run(kernel, nb, range(len(nb.cells)), how, lambda _: None)
                return kernel.engine, kernels.notes
            finally:
                await kernel.close()

    return asyncio.run(work())


SAME = [
    "import sys, os; (sys.argv[1:2], sys.path[0], os.getcwd() == os.environ['PWD_TOLD'], __name__)",
    "import matplotlib.pyplot as plt\nfig, ax = plt.subplots(figsize=(3, 2))\nax.plot([1, 3, 2]);",
    "print('out'); print('err', file=sys.stderr); os.system('echo low'); 7",
    "from IPython.display import HTML, display, clear_output\ndisplay(HTML('<b>x</b>')); clear_output(); display(2)",
    "%config InlineBackend.figure_format = 'png'\nget_ipython().run_line_magic('who_ls', '')",
    "import pandas as pd; pd.DataFrame({'a': [1, 2]})",
    "pd.DataFrame({f'a long name {k}': [k] for k in range(30)})",
    "(_, In[1][:10], sorted(Out))",
    "await __import__('asyncio').sleep(0, 'awaited')",
]


@linux
def test_a_forked_kernel_gives_what_a_plain_one_gives(tmp_path, monkeypatch):
    monkeypatch.setenv("PWD_TOLD", str(tmp_path))
    monkeypatch.setenv("MPLBACKEND", "agg")  # as a scheduler may: figures must reach the page all the same
    found = {}
    for engine in ("fork", "plain"):
        nb = cells(*SAME)
        how, notes = executed(nb, engine, tmp_path, imports(nb))
        assert (how, notes) == ({"fork": "forked", "plain": "plain"}[engine], [])
        found[engine] = [cell.outputs for cell in nb.cells], [cell.execution_count for cell in nb.cells]
    assert found["fork"] == found["plain"]
    assert "image/png" in found["fork"][0][1][0].data


@linux
def test_tracebacks_are_those_of_a_plain_kernel(tmp_path):
    said = []
    for engine in ("fork", "plain"):
        with pytest.raises(PageError) as caught:
            executed(cells("def f(x):\n    return 1 / x", "f(0)"), engine, tmp_path)
        said.append(caught.value.failures[0])
    assert said[0] == said[1]
    assert "ZeroDivisionError" in said[0].detail


@linux
def test_every_page_has_a_namespace_of_its_own(place):
    leak = "import os, sys\nassert 'M' not in os.environ and not hasattr(sys, 'm')\nos.environ['M'] = sys.m = unit"
    report = plan("study", notebook=notebook(leak, "print(unit)", shared=[SHARED]), each="unit")
    (built,) = build_reports([report], QUIET)
    assert (built.built, built.failed) == (12, ())


@linux
def test_shared_cells_run_once_and_pages_go_on_from_them(place):
    """The page is the one that the whole notebook gives, counts, random draws and history included."""
    count = "with open('runs.txt', 'a') as runs: runs.write('x')"
    shown = "print(unit, random.random(), start, In[3][:6], len(In))"
    path = notebook(shown, "sorted(Out)", shared=[SHARED, count, "'shared', start"])
    report = plan("study", notebook=path, each="unit", values=["a", "b", "c"])
    (built,) = build_reports([report], How(progress=False, verify=2, start_seconds=20))
    assert built.built == 3
    assert Path("runs.txt").read_text() == "xxx"  # once for all, and once for each page verified
    manifest = json.loads(report.manifest.read_text())
    assert len(manifest["verified"]) == 2
    assert manifest["shared"] == {"cells": ["cell 2", "cell 3", "cell 4"], "parameters": ["study_path"]}
    assert {page["engine"] for page in manifest["pages"].values()} == {"shared"}
    shared = {name: (report.pages / f"{name}.html").read_text() for name in manifest["pages"]}
    (built,) = build_reports([report], How(progress=False, engine="plain", force=True))
    whole = {name: (report.pages / f"{name}.html").read_text() for name in manifest["pages"]}
    assert {page["engine"] for page in json.loads(report.manifest.read_text())["pages"].values()} == {"plain"}
    for name, text in shared.items():
        assert [line for line in text.splitlines() if "built" not in line] == [
            line for line in whole[name].splitlines() if "built" not in line
        ]


@linux
def test_pages_draw_random_numbers_of_their_own_unless_seeded(place):
    path = notebook("print(random.random())", shared=["import random"])
    report = plan("study", notebook=path, each="unit", values=["a", "b", "c"])
    build_reports([report], QUIET)
    drawn = {page.read_text().split("<pre>")[1].split("<")[0] for page in report.pages.glob("*.html")}
    assert len(drawn) == 3


@linux
def test_a_page_that_its_shared_cells_make_differ_is_not_published(place):
    """What no check of the source can see, the check of sampled pages does."""
    hidden = "import pathlib, os\npathlib.Path('seen.txt').open('a').write('x')\nseen = os.path.getsize('seen.txt')"
    path = notebook("print(seen)", shared=[hidden])
    report = plan("study", notebook=path, each="unit", values=["a", "b"])
    (built,) = build_reports([report], How(progress=False, verify=1))
    assert "gives something else when the whole notebook runs" in str(built.error)
    assert all(page.name.endswith(".failed.html") for page in report.pages.iterdir())


@pytest.mark.parametrize(
    ("source", "reason"),
    [
        ("title = unit.upper()", "uses 'unit', which differs"),
        ("def f():\n    return unit", "uses 'unit', which differs"),
        ("globals()['un' + 'it']", "uses globals, behind which"),
        ("import __main__", "uses __main__, behind which"),
        ("%matplotlib inline", "not plain Python"),
        ("f'{unit}'", "uses 'unit', which differs"),
    ],
)
def test_shared_cells_must_not_touch_what_differs(place, capsys, source, reason):
    assert main(["build", "study", "--notebook", notebook("1", shared=[source]), "--each", "unit=a,b"]) == 2
    assert reason in capsys.readouterr().err


def test_shared_cells_come_first():
    nb = v4.new_notebook(
        cells=[
            v4.new_code_cell(PARAMETERS, metadata={"tags": ["parameters"]}),
            v4.new_code_cell(HEADLINE),
            v4.new_code_cell("a = 1", metadata={"tags": ["shared"]}),
        ]
    )
    with pytest.raises(ParameterError, match="Cell 3 is tagged 'shared' but stands behind cell 2"):
        last_shared(nb, ["unit"])
    nb.cells[1].metadata["tags"] = ["shared"]
    assert last_shared(nb, ["unit"]) == 2
    assert last_shared(inject(nb, {"unit": "a"}), ["unit"]) == 3


# -- the traps ------------------------------------------------------------------------------------------------


@linux
def test_killing_a_forked_kernel_hits_nobody_else(tmp_path):
    async def work():
        how = How(engine="fork")
        async with Kernels(how, [], several=True) as kernels:
            one, other = [await kernels.open(cells(), tmp_path) for _ in range(2)]
            groups = {os.getpgid(kernel.manager.provisioner.pid) for kernel in (one, other)} | {os.getpgid(0)}
            assert len(groups) == 3
            await one.close()
            nb = cells("6 * 7")
            await run(other, nb, [0], how, lambda _: None)
            await other.close()
            return nb.cells[0].outputs[0].data["text/plain"]

    assert asyncio.run(work()) == "42"


@linux
def test_forked_kernels_hold_no_lock_and_no_file_of_the_builder(place):
    listing = (
        "import os\nopened = [f'/proc/self/fd/{n}' for n in os.listdir('/proc/self/fd')]\n"
        "print([name for name in (os.readlink(fd) for fd in opened if os.path.exists(fd)) if 'reports' in name])"
    )
    report = plan("study", notebook=notebook(listing, shared=[SHARED]), each="unit", values=["a", "b"])
    build_reports([report], QUIET)
    assert all("<pre>[]</pre>" in page.read_text() for page in report.pages.glob("*.html"))


@linux
def test_threads_of_linear_algebra_and_trees_do_not_hang(tmp_path, place):
    """Fitting with OpenMP before a fork and after it has hung; one thread in whatever forks keeps it from that."""
    fit = "HistGradientBoostingRegressor(max_iter=3).fit([[k] for k in range(60)], range(60)).predict([[5.0]]).round(2)"
    path = notebook(fit, shared=[f"from sklearn.ensemble import HistGradientBoostingRegressor\n{fit}"])
    report = plan("study", notebook=path, each="unit", values=["a", "b"])
    (built,) = build_reports([report], How(progress=False, page_seconds=40))
    assert built.built == 2
    assert {page["engine"] for page in json.loads(report.manifest.read_text())["pages"].values()} == {"shared"}


@linux
def test_a_thread_left_running_by_shared_cells_is_not_forked_over(place):
    thread = "import threading, time\nthreading.Thread(target=time.sleep, args=(30,), daemon=True).start()"
    report = plan("study", notebook=notebook("print(unit)", shared=[thread]), each="unit", values=["a", "b"])
    (built,) = build_reports([report], QUIET)
    manifest = json.loads(report.manifest.read_text())
    assert built.built == 2
    assert manifest["shared"] is None
    assert "were run for each page: 2 threads run in" in manifest["run"]["notes"][0]


@linux
def test_a_kernel_settles_only_when_all_that_it_says_is_published(place):
    """On a busy machine the thread that ends a kernel speaks last; with nobody to take its words it waits for ever."""
    late = """import time
from ipykernel.ipkernel import IPythonKernel
kernel = IPythonKernel.instance()
says = kernel._publish_status
def late(status, channel, *more):
    if (status, channel) == ("idle", "control"):
        time.sleep(0.5)
        open("told", "a").write(f"{kernel.iopub_thread.thread.is_alive()} ")
    says(status, channel, *more)
kernel._publish_status = late"""
    report = plan("study", notebook=notebook("print(unit)", shared=[late]), each="unit", values=["a", "b"])
    (built,) = build_reports([report], QUIET)
    assert built.built == 2
    assert set(Path("told").read_text().split()) == {"True"}


@linux
def test_many_kernels_at_once_never_collide(tmp_path):
    async def work():
        how = How(engine="fork")
        async with Kernels(how, [], several=True) as kernels:
            opened = await asyncio.gather(*(kernels.open(cells(), tmp_path) for _ in range(8)))
            pids = {kernel.manager.provisioner.pid for kernel in opened}
            await asyncio.gather(*(kernel.close() for kernel in opened))
            return len(pids)

    assert asyncio.run(work()) == 8


# -- what is not forked ---------------------------------------------------------------------------------------


@linux
def test_what_cannot_be_forked_is_started_plainly(tmp_path, monkeypatch):
    async def fail(*_):
        raise ForkError("no more processes")

    monkeypatch.setattr("pdlib.publish.forks.Zygote.fork", fail)
    nb = cells("1 + 1")
    assert executed(nb, "fork", tmp_path) == (
        "plain",
        ["Kernels could not be forked (no more processes); plain ones were started."],
    )


def test_other_systems_start_plain_kernels_and_say_so(tmp_path, monkeypatch):
    monkeypatch.setattr("pdlib.publish.kernels.sys.platform", "darwin")
    how, notes = executed(cells("1 + 1"), "fork", tmp_path)
    assert how == "plain"
    assert notes == ["Kernels can be forked on Linux only; plain ones were started."]


def test_the_kernelspec_of_the_notebook_is_respected(tmp_path, monkeypatch):
    folder = tmp_path / "kernels" / "mine"
    folder.mkdir(parents=True)
    spec = {
        "argv": [sys.executable, "-m", "ipykernel_launcher", "-f", "{connection_file}"],
        "display_name": "Mine", "language": "python", "env": {"OF_MINE": "yes"},
    }  # fmt: skip
    (folder / "kernel.json").write_text(json.dumps(spec), encoding="utf-8")
    monkeypatch.setenv("JUPYTER_PATH", str(tmp_path))
    nb = cells("import os; os.environ['OF_MINE']")
    nb.metadata["kernelspec"] = {"name": "mine", "language": "python", "display_name": "Mine"}
    assert executed(nb, "fork", tmp_path)[0] == "plain"
    assert nb.cells[0].outputs[0].data["text/plain"] == "'yes'"
    nb.metadata["kernelspec"]["name"] = "theirs"
    _, ours, notes = specification(nb)
    assert ours
    assert notes == ["The kernel “theirs” is not installed here; this Python ran the notebook."]
    nb.metadata["kernelspec"]["language"] = "R"
    with pytest.raises(PageError, match="is written in R"):
        specification(nb)


def test_modules_beside_the_notebook_are_not_loaded_ahead(tmp_path):
    nb = cells("import pandas as pd\nfrom sklearn.linear_model import Ridge\nimport helper_of_mine, os.path", "%magic")
    assert imports(nb) == ["pandas", "sklearn.linear_model", "os.path"]


# -- beside papermill -----------------------------------------------------------------------------------------


@linux
@pytest.mark.slow
def test_outputs_are_those_of_papermill(place, monkeypatch):
    """Cell by cell, pictures byte for byte: whoever runs papermill and nbconvert gets the same page."""
    papermill = pytest.importorskip("papermill")
    from tests.benchmarks import building

    monkeypatch.setenv("MPLBACKEND", "module://matplotlib_inline.backend_inline")
    path = building.workload(place)
    values = {"study_path": str(place / "study.toml"), "store": "s03"}
    papermill.execute_notebook(path, place / "milled.ipynb", values, cwd=place, progress_bar=False)
    kept = {}
    from pdlib.publish import pages

    page = pages._Maker._page

    async def keep(self, member, made):
        kept[member.label] = made
        return await page(self, member, made)

    monkeypatch.setattr(pages._Maker, "_page", keep)
    report = plan(place, notebook=path, each="store", values=["s03", "s04"])
    (built,) = build_reports([report], QUIET)
    assert (built.failed, built.built, kept["s03"].engine) == ((), 2, "shared")
    milled = building.outputs(nbformat.read(place / "milled.ipynb", as_version=4))
    ours = building.outputs(kept["s03"].nb)
    assert sum("image/png" in output.get("data", {}) for cell in ours for output in cell) == 6
    assert ours == milled
    assert ours != building.outputs(kept["s04"].nb)
