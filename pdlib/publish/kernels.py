"""Run a notebook from top to bottom in a fresh kernel of this Python, or say exactly where it stopped."""

from __future__ import annotations

import os
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import IO, Any

from jupyter_client.kernelspec import KernelSpec
from jupyter_client.manager import AsyncKernelManager
from nbclient import NotebookClient
from nbclient.exceptions import CellExecutionError, CellTimeoutError, DeadKernelError
from nbconvert.filters import strip_ansi
from nbformat import NotebookNode

from pdlib.publish.checks import Failure, PageError, cell_name, cell_tags, stopped

_STARTUP_SECONDS = 90


class ThisPythonKernel(AsyncKernelManager):
    """A kernel of the Python that builds, whatever kernels the machine has registered under the same name."""

    @property
    def kernel_spec(self) -> KernelSpec:
        """The command that starts the kernel."""
        argv = [sys.executable, "-m", "ipykernel_launcher", "-f", "{connection_file}"]
        return KernelSpec(argv=argv, display_name="Python 3", language="python")


def run(nb: NotebookNode, folder: Path, *, timeout: float, started: Callable[[str], None]) -> None:
    """Execute every code cell, in place; old outputs are cleared first.

    Parameters
    ----------
    nb : NotebookNode
    folder : Path
        The kernel's working directory.
    timeout : float
        Seconds the whole notebook may take, over all cells.
    started : callable
        Told the name of each cell before it runs.

    Raises
    ------
    PageError
        If a cell fails, takes too long, ends the kernel, or did not run.
    """
    language = nb.metadata.get("kernelspec", {}).get("language", "python")
    if language != "python":
        raise PageError([Failure("the notebook", f"is written in {language}; reports are built by Python notebooks.")])
    for cell in nb.cells:
        if cell.cell_type == "code":
            cell.outputs, cell.execution_count = [], None
    with tempfile.TemporaryDirectory() as scratch, (Path(scratch) / "kernel.log").open("w+") as log:
        _run_cells(nb, folder, timeout, started, _environment(scratch), log)
    skipped = [i for i, cell in enumerate(nb.cells) if _should_run(cell) and cell.execution_count is None]
    if skipped:
        raise PageError([_failure(nb, skipped[0], "did not run.")])


def _run_cells(
    nb: NotebookNode,
    folder: Path,
    timeout: float,
    started: Callable[[str], None],
    environment: dict[str, str],
    log: IO[str],
) -> None:
    deadline = time.monotonic() + timeout
    replies: list[dict[str, Any]] = []
    client = NotebookClient(
        nb,
        kernel_manager_class=ThisPythonKernel,
        kernel_name="python3",
        startup_timeout=_STARTUP_SECONDS,
        timeout_func=lambda _cell: max(1, round(deadline - time.monotonic())),
        shutdown_kernel="immediate",
        force_raise_errors=True,
        coalesce_streams=True,
        store_widget_state=False,
        on_cell_executed=lambda execute_reply, **_: replies.append(execute_reply["content"]),
    )
    client.log.setLevel("CRITICAL")  # Every trouble that it would log is raised below, with the cell's name.
    index = 0
    try:
        with client.setup_kernel(cwd=str(folder), env=environment, stdout=log, stderr=log):
            for index, cell in enumerate(nb.cells):
                started(cell_name(nb, index))
                client.execute_cell(cell, index)
                if replies and any(item.get("source") == "ask_exit" for item in replies.pop().get("payload", [])):
                    raise PageError([_failure(nb, index, "asked Python to exit; later cells would never run.")])
    except CellExecutionError as error:
        reason = stopped(error.ename, error.evalue)
        raise PageError([_failure(nb, index, reason, _traceback(nb.cells[index]) or str(error))]) from error
    except CellTimeoutError as error:
        reason = f"was still running when the notebook's {timeout:g} seconds were over. Allow more, or compute less."
        raise PageError([_failure(nb, index, reason)]) from error
    except DeadKernelError as error:
        reason = "ended the Python that ran it: it crashed, ran out of memory, or was told to exit."
        raise PageError([_failure(nb, index, reason, _tail(log))]) from error
    except RuntimeError as error:
        raise PageError([Failure("the notebook", f"could not start Python: {error}", detail=_tail(log))]) from error


def _environment(scratch: str) -> dict[str, str]:
    """Environment of the kernel: the builder's, without the user's start-up files and hash randomness."""
    return {
        "PYTHONHASHSEED": "0",
        **os.environ,
        "IPYTHONDIR": scratch,
        "PYDEVD_DISABLE_FILE_VALIDATION": "1",
    }


def _should_run(cell: NotebookNode) -> bool:
    return cell.cell_type == "code" and bool(cell.source.strip()) and "skip-execution" not in cell_tags(cell)


def _failure(nb: NotebookNode, index: int, reason: str, detail: str = "") -> Failure:
    return Failure(cell_name(nb, index), reason, nb.cells[index].source, strip_ansi(detail))


def _traceback(cell: NotebookNode) -> str:
    errors = [output for output in cell.outputs if output.output_type == "error"]
    return "\n".join(errors[-1].traceback) if errors else ""


def _tail(log: IO[str]) -> str:
    log.flush()
    log.seek(0)
    return "\n".join(log.read().splitlines()[-20:])
