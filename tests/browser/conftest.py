"""A real browser, and reports to open in it."""

import functools
from pathlib import Path

import filelock
import nbformat
import pytest
from nbformat import v4

import pdlib
from pdlib.insight import Vouched
from pdlib.insight.own import UnitPage
from pdlib.publish.audit.browser import missing, opened
from pdlib.publish.exporter import InsightExporter
from pdlib.simulate import simulate_panel

ROOT = Path(__file__).parents[2]
REPORTS = ("repair-shops", "new-york-flights", "nobody-found", "names-withheld", "one-region", "own-page")


@pytest.fixture(scope="module")
def browser():
    """Give a Chromium driven by playwright; a test that asks for it is skipped where there is none."""
    if why := missing():
        pytest.skip(why)
    with opened() as chromium:
        yield chromium


@functools.cache
def _compared(folder):
    observations = pdlib.read(pdlib.load_study(ROOT / "data" / folder))
    deviants = pdlib.find_deviants(pdlib.expect(observations))
    return observations, deviants, pdlib.compare_practices(observations, deviants)


def _told(name):
    """What a page is made from: the example studies, one where nothing is to be found, one with strange names."""
    if name not in {"nobody-found", "names-withheld"}:
        observations, deviants, practices = _compared("flights" if name == "new-york-flights" else "service_chain")
        if name == "own-page":
            return pdlib.tell_unit(observations, deviants, practices, unit=observations.units.index[1])
        region = "North Coast" if name == "one-region" else None
        return pdlib.tell(observations, deviants, practices, region=region)
    simulated = simulate_panel(200, 6, "mean", null=name == "nobody-found", seed=3)
    panel = simulated.panel.assign(unit=simulated.panel["unit"].map("<b>Ω $x_1$ \u202e{}</b>".format))
    names = {"publish": name == "nobody-found"}
    study = pdlib.Study(**simulated.study(), name="Wards & <teams>", names=names)
    observations = pdlib.read(study, tables={"observations": panel})
    return pdlib.tell(observations, pdlib.find_deviants(pdlib.expect(observations)))


def _export(told):
    """The page's own notebook with the outputs that its cells would have."""
    name, variable = ("unit_page", "page.") if isinstance(told, UnitPage) else ("insight_report", "insight.")
    notebook = nbformat.read(ROOT / "notebooks" / f"{name}.ipynb", as_version=4)
    for cell in notebook.cells:
        if cell.cell_type == "code" and cell.source.startswith(variable):
            shown = getattr(told, cell.source.removeprefix(variable))
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
