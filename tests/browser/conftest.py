"""A real browser, and reports to open in it."""

from pathlib import Path

import filelock
import nbformat
import pytest
from nbformat import v4

import pdlib
from pdlib.insight import Vouched
from pdlib.publish.audit.browser import missing, opened
from pdlib.publish.exporter import InsightExporter
from pdlib.simulate import simulate_panel

ROOT = Path(__file__).parents[2]
REPORTS = ("repair-shops", "new-york-flights", "nobody-found", "names-withheld")


@pytest.fixture(scope="module")
def browser():
    """Give a Chromium driven by playwright; a test that asks for it is skipped where there is none."""
    if why := missing():
        pytest.skip(why)
    with opened() as chromium:
        yield chromium


def _told(name):
    """What a page is made from: the two example studies, one where nothing is to be found, one with strange names."""
    if name in {"repair-shops", "new-york-flights"}:
        folder = ROOT / "data" / {"repair-shops": "service_chain", "new-york-flights": "flights"}[name]
        observations = pdlib.read(pdlib.load_study(folder))
        deviants = pdlib.find_deviants(pdlib.expect(observations))
        return pdlib.tell(observations, deviants, pdlib.compare_practices(observations, deviants))
    simulated = simulate_panel(200, 6, "mean", null=name == "nobody-found", seed=3)
    panel = simulated.panel.assign(unit=simulated.panel["unit"].map("<b>Ω $x_1$ \u202e{}</b>".format))
    names = {"publish": name == "nobody-found"}
    study = pdlib.Study(**simulated.study(), name="Wards & <teams>", names=names)
    observations = pdlib.read(study, tables={"observations": panel})
    return pdlib.tell(observations, pdlib.find_deviants(pdlib.expect(observations)))


def _export(insight):
    """The report's own notebook with the outputs that its cells would have."""
    notebook = nbformat.read(ROOT / "notebooks" / "insight_report.ipynb", as_version=4)
    for cell in notebook.cells:
        if cell.cell_type == "code" and cell.source.startswith("insight."):
            shown = getattr(insight, cell.source.removeprefix("insight."))
            bundle = shown._repr_mimebundle_() if isinstance(shown, Vouched) else {"text/html": shown._repr_html_()}
            cell.outputs = [v4.new_output("execute_result", data=bundle, execution_count=1)]
    line = "Built 3 July 2026, 04:12 UTC, with pdlib 0 and Python 3 · data 0123456789ab · commit 0123456789ab"
    page, resources = InsightExporter().from_notebook_node(notebook, {"provenance": line})
    return page, resources["cleared"]


@pytest.fixture(scope="session")
def report(tmp_path_factory):
    """Give a report by name: its file, and the study behind it. Each is made once for all workers."""
    folder = tmp_path_factory.getbasetemp().parent / "pdlib-reports"
    folder.mkdir(exist_ok=True)

    def made(name):
        path = folder / f"{name}.html"
        with filelock.FileLock(folder / f"{name}.lock"):
            if not path.exists():
                page, _ = _export(_told(name))
                path.write_text(page, encoding="utf-8")
        return path

    return made
