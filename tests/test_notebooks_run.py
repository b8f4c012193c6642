"""Every notebook runs from top to bottom on the example studies, without an error or a warning."""

from pathlib import Path

import nbformat
import pytest
from nbclient import NotebookClient

ROOT = Path(__file__).parents[1]
NOTEBOOKS = sorted((ROOT / "notebooks").glob("[0-9]*.ipynb"))
STUDIES = ["service_chain", "flights"]
RUNS = [(path, study) for path in NOTEBOOKS for study in STUDIES[: 2 if "study_path" in path.read_text() else 1]]


def executed(path: Path, study: str) -> nbformat.NotebookNode:
    notebook = nbformat.read(path, as_version=4)
    for cell in notebook.cells:
        if "parameters" in cell.metadata.get("tags", []):
            cell.source = cell.source.replace("service_chain", study)
    client = NotebookClient(notebook, timeout=240, kernel_name="python3", resources={"metadata": {"path": path.parent}})
    return client.execute()


@pytest.mark.kernel
@pytest.mark.slow
@pytest.mark.parametrize(("path", "study"), RUNS, ids=[f"{path.stem}-{study}" for path, study in RUNS])
def test_notebook_runs_clean(path: Path, study: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("MPLBACKEND", raising=False)  # the kernel must choose its own, or no figure is shown
    notebook = executed(path, study)
    code = [cell for cell in notebook.cells if cell.cell_type == "code"]
    assert all(cell.execution_count for cell in code)
    outputs = [output for cell in code for output in cell.outputs]
    assert not [output for output in outputs if output.output_type == "stream" and output.name == "stderr"]
    pictures = [output for output in outputs if "image/png" in output.get("data", {})]
    assert len(pictures) == sum(".plot(" in cell.source for cell in code)
