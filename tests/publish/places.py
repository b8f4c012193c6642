"""A small project to build in: a study of twelve shops, and notebooks made of the cells that a test gives."""

import copy
from collections.abc import Iterable
from pathlib import Path

import nbformat
from nbformat import v4

from pdlib.publish import pages
from pdlib.publish.checks import Failure, PageError
from pdlib.publish.parameters import inject

STUDY = """
name = "Repair shops"
[unit]
column = "shop"
label = "name"
region = "region"
[period]
column = "month"
[tables]
observations = "shop_months.csv"
units = "shops.csv"
[[outcome]]
name = "happy"
kind = "proportion"
successes = "happy"
n = "answers"
"""
SHOPS = [f"s{k:02}" for k in range(1, 13)]
HEADLINE = "from IPython.display import HTML\nHTML('<h1>Nine shops</h1><p class=\"standfirst\">Seven are real.</p>')"
PARAMETERS = "study_path = ''\ntop_share = 0.1\nunit = ''"
SHARED = "import random\nrandom.seed(7)\nstart = random.random()"


def make_study(folder: Path, text: str = STUDY) -> Path:
    """Write a study with its tables; returns its folder."""
    folder.mkdir(parents=True, exist_ok=True)
    months = [f"{shop},2025-0{month},{k % 4 + month},9" for k, shop in enumerate(SHOPS) for month in (1, 2)]
    shops = [f"{shop},Shop {k},{'north' if k % 3 else 'south'}" for k, shop in enumerate(SHOPS, 1)]
    (folder / "study.toml").write_text(text, encoding="utf-8")
    (folder / "shop_months.csv").write_text("\n".join(["shop,month,happy,answers", *months, ""]), encoding="utf-8")
    (folder / "shops.csv").write_text("\n".join(["shop,name,region", *shops, ""]), encoding="utf-8")
    return folder


def notebook(
    *sources: str, path: str | Path = "report.ipynb", shared: Iterable[str] = (), tags: Iterable[str] = ()
) -> str:
    """Write a notebook: parameters, shared cells, a headline, and a section that holds the cells given."""
    cells = [
        v4.new_code_cell(PARAMETERS, metadata={"tags": ["parameters"]}),
        *(v4.new_code_cell(source, metadata={"tags": ["shared"]}) for source in shared),
        v4.new_code_cell(HEADLINE),
        v4.new_markdown_cell("## Who stands out"),
        *(v4.new_code_cell(source, metadata={"tags": list(tags)}) for source in sources),
    ]
    for number, cell in enumerate(cells):
        cell["id"] = f"cell-{number}"
    Path(path).parent.mkdir(parents=True, exist_ok=True)
    nbformat.write(v4.new_notebook(cells=cells), path)
    return str(path)


async def execute(self, member, shared, notes, *, plain=False):
    """Stand in for a kernel: a page has its headline and its parameters; a cell that says "boom" fails."""
    nb = inject(copy.deepcopy(self.nb), {**self.report.parameters, **member.values})
    for cell in nb.cells:
        if cell.cell_type == "code" and "HTML" in cell.source:
            html = f"<h1>Nine shops</h1><p class='standfirst'>Seven are real.</p><p>{member.values}</p>"
            cell.outputs = [v4.new_output("display_data", data={"text/html": html})]
        if cell.source in {"boom", f"boom {member.label}"}:
            raise PageError([Failure("cell 4", "stopped with a <bang>", cell.source, f"in {self.report.folder}/x")])
    return pages._Made(nb, {}, "plain")
