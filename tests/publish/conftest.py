"""Where the tests of a build take place."""

import copy

import pytest
from nbformat import v4

from pdlib.publish import pages
from pdlib.publish.checks import Failure, PageError
from pdlib.publish.parameters import inject
from tests.publish.places import make_study


@pytest.fixture
def place(tmp_path, monkeypatch):
    """A project with one study, whose data pass; the working directory is the project."""
    make_study(tmp_path / "study")
    (tmp_path / "pyproject.toml").touch()
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.fixture
def quick(monkeypatch):
    """No kernel: every page has its headline and its parameters; a cell that says "boom" fails."""

    async def execute(self, member, shared, notes, *, plain=False):
        nb = inject(copy.deepcopy(self.nb), {**self.report.parameters, **member.values})
        for cell in nb.cells:
            if cell.cell_type == "code" and "HTML" in cell.source:
                html = f"<h1>Nine shops</h1><p class='standfirst'>Seven are real.</p><p>{member.values}</p>"
                cell.outputs = [v4.new_output("display_data", data={"text/html": html})]
            if cell.source in {"boom", f"boom {member.label}"}:
                raise PageError([Failure("cell 4", "stopped with a <bang>", cell.source, f"in {self.report.folder}/x")])
        return pages._Made(nb, {}, "plain")

    monkeypatch.setattr(pages._Maker, "_execute", execute)
