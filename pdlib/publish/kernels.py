"""Run notebooks in fresh kernels, each with a namespace of its own, and say exactly where one stopped."""

from __future__ import annotations

import ast
import asyncio
import importlib.util
import json
import os
import sys
import sysconfig
import tempfile
import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from importlib.metadata import EntryPoint
from pathlib import Path
from queue import Empty
from types import TracebackType
from typing import Any, Self

import zmq
import zmq.asyncio
from jupyter_client.asynchronous.client import AsyncKernelClient
from jupyter_client.kernelspec import KernelSpec, KernelSpecManager, NoSuchKernel
from jupyter_client.manager import AsyncKernelManager, KernelManager
from jupyter_client.provisioning.factory import KernelProvisionerFactory
from jupyter_client.provisioning.local_provisioner import LocalProvisioner
from nbclient import NotebookClient
from nbclient.exceptions import CellExecutionError, CellTimeoutError, DeadKernelError
from nbconvert.filters import strip_ansi
from nbformat import NotebookNode

from pdlib import errors
from pdlib.publish.checks import Failure, PageError, cell_name, cell_tags, stopped
from pdlib.publish.files import SCRATCH
from pdlib.publish.forks import ForkError, Nursery, Zygote
from pdlib.publish.how import How, cores
from pdlib.publish.parameters import OF_THE_PAGE

MOST_OUTPUT = 20_000_000
_LONGEST_ADDRESS = 60  # what is left of the 107 bytes of a socket's path once a kernel's own name is taken off
_THREADS = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "NUMEXPR_NUM_THREADS")
_INLINE = "module://matplotlib_inline.backend_inline"
_LAUNCH = ["-m", "ipykernel_launcher", "-f", "{connection_file}"]
_OPTIONS = [
    "--HistoryManager.enabled=False",  # its database would need a thread, and nobody reads it
    "--InteractiveShell.enable_tip=False",  # the tip that nobody sees is drawn from the notebook's random numbers
]
_PROVISIONER, _LOCAL = "pdlib-fork", "local-provisioner"


@dataclass
class Kernel:
    """A running kernel and the way to talk to it.

    Attributes
    ----------
    engine : {"forked", "plain"}
        How it was started.
    notes : list of str
        What a reader of the manifest should know about that.
    """

    manager: _Manager
    client: AsyncKernelClient
    log: Path
    engine: str
    notes: list[str] = field(default_factory=list)

    async def ask(self, expression: str, seconds: float = 60) -> Any:
        """Evaluate an expression that gives JSON text, outside the notebook's history; None if it cannot be."""
        number = self.client.execute("", silent=True, store_history=False, user_expressions={"answer": expression})
        deadline = time.monotonic() + seconds
        while (left := deadline - time.monotonic()) > 0:
            try:
                reply = await self.client.get_shell_msg(timeout=left)
            except Empty:
                break
            if reply["parent_header"].get("msg_id") == number:
                answer = reply["content"].get("user_expressions", {}).get("answer", {})
                return json.loads(ast.literal_eval(answer["data"]["text/plain"])) if answer.get("data") else None
        return None

    async def close(self) -> None:
        """End it at once."""
        await _end(self.manager)
        self.client.stop_channels()


class _Manager(AsyncKernelManager):
    """A kernel manager that knows its specification, and the zygote to fork from if there is one."""

    zygote: Zygote | None
    order: dict[str, Any]
    spec: KernelSpec

    @property
    def kernel_spec(self) -> KernelSpec:
        """The command that starts the kernel."""
        return self.spec


class Kernels:
    """Where kernels come from: forked if that is possible and asked for, else started plainly.

    Parameters
    ----------
    how : How
        ``engine`` "auto" forks where there are several pages; "fork" always, if the system can.
    modules : iterable of str
        What the notebooks import: loaded once, before the first fork.
    several : bool
        Whether there is more than one page to build.
    """

    def __init__(self, how: How, modules: Iterable[str], *, several: bool) -> None:
        self.how = how
        self.notes: list[str] = []
        self._modules = list(modules)
        self._forks = sys.platform == "linux" and (how.engine == "fork" or (how.engine == "auto" and several))
        if how.engine == "fork" and not self._forks:
            self.notes.append("Kernels can be forked on Linux only; plain ones were started.")
        self._threads = str(max(1, cores() // how.at_a_time))
        self._first: asyncio.Task[Zygote] | None = None
        self._number = 0

    async def __aenter__(self) -> Self:
        self._scratch = tempfile.TemporaryDirectory(prefix=SCRATCH, ignore_cleanup_errors=True)
        self.folder = Path(self._scratch.name)
        self._context = zmq.asyncio.Context()
        self._context.setsockopt(zmq.MAXMSGSIZE, MOST_OUTPUT)
        self._nursery = Nursery(self.folder)
        self._short = os.name == "posix" and len(os.fsencode(self.folder)) <= _LONGEST_ADDRESS
        if self._forks and not self._short:
            self.notes.append(
                f"Kernels could not be forked ({self.folder.parent} is too long a path for their sockets)."
            )
        elif self._forks:
            environment = self._environment() | dict.fromkeys(_THREADS, "1")
            self._first = asyncio.ensure_future(self._nursery.first(self._modules, environment, self.how.start_seconds))
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._first:
            self._first.cancel()
        await self._nursery.close()
        self._context.destroy(linger=0)
        self._scratch.cleanup()

    @property
    def forks(self) -> bool:
        """Whether kernels are being forked."""
        return self._first is not None

    async def open(
        self, nb: NotebookNode, folder: Path, *, parent: Zygote | None = None, plain: bool = False, **order: Any
    ) -> Kernel:
        """Start a kernel for a notebook and wait until it answers.

        Parameters
        ----------
        nb : NotebookNode
        folder : Path
            Working directory.
        parent : Zygote, optional
            Fork from here, and from its state; without it from the zygote that has only imported.
        plain : bool
            Fork from nowhere.
        **order
            See `Zygote.fork`: ``keep_random``; ``stay`` if it will be asked to `settle`.

        Raises
        ------
        PageError
            If no kernel can be started.
        ForkError
            If it was to be forked from a parent, or to settle, and cannot.
        """
        spec, ours, notes = specification(nb)
        self._number += 1
        name = f"kernel{self._number}"
        if ours and not plain and self._first:
            try:
                zygote = parent or await asyncio.shield(self._first)
                return await self._start(spec, folder, name, notes, zygote, order)
            except (ForkError, RuntimeError, OSError) as error:
                if not parent:
                    self._first = None
                    self.notes.append(f"Kernels could not be forked ({error}); plain ones were started.")
                if parent or order.get("stay"):
                    raise ForkError(str(error)) from error
        if parent or order.get("stay"):
            raise ForkError("this notebook’s kernel is not one that can be forked")
        try:
            return await self._start(spec, folder, f"{name}p", notes)
        except (RuntimeError, OSError) as error:
            reason, said = f"could not start its kernel: {error}.", _tail(self.folder / f"{name}p.log")
            raise PageError([Failure("the notebook", reason, detail=said)]) from error

    async def settle(self, kernel: Kernel) -> Zygote:
        """End a kernel's event loop and have its process fork kernels from the state it is in.

        Raises
        ------
        ForkError
            If it cannot.
        """
        kernel.client.shutdown()
        try:
            return await self._nursery.reported(kernel.manager.order["stay"], self.how.start_seconds)
        finally:
            kernel.client.stop_channels()

    async def _start(
        self, spec: KernelSpec, folder: Path, name: str, notes: list[str], zygote: Zygote | None = None,
        order: dict[str, Any] | None = None,
    ) -> Kernel:  # fmt: skip
        manager = _Manager(
            context=self._context,
            connection_file=str(self.folder / f"{name}.json"),
            transport="ipc" if self._short and _is_ipykernel(spec) else "tcp",
        )
        given = {"keep_random": False, "stay": False, **(order or {})}
        manager.spec, manager.zygote = spec, zygote
        manager.order = {**given, "stay": name if given["stay"] else None}
        environment = self._environment() | dict.fromkeys(_THREADS, "1")
        provisioner = {"provisioner_name": _PROVISIONER if zygote else _LOCAL}
        spec.metadata = {**spec.metadata, "kernel_provisioner": provisioner}
        if not zygote:
            environment |= {variable: os.environ.get(variable, self._threads) for variable in _THREADS}
        log = self.folder / f"{name}.log"
        with log.open("w") as stream:
            await manager.start_kernel(
                cwd=str(folder), env=environment, stdout=stream, stderr=stream,
                extra_arguments=_OPTIONS if _is_ipykernel(spec) else [],
            )  # fmt: skip
        client = manager.client()
        try:
            client.start_channels()
            client.allow_stdin = False
            await _answers(client, manager, self.how.start_seconds)
        except BaseException:
            await _end(manager)
            client.stop_channels()
            raise
        return Kernel(manager, client, log, "forked" if zygote else "plain", notes)

    def _environment(self) -> dict[str, str]:
        """Environment of every kernel: the builder's, without start-up files, hash randomness and a drawing program.

        A backend that a scheduler sets would keep figures out of the pages without a word.
        """
        own = {name: value for name, value in os.environ.items() if name != "JPY_PARENT_PID"}
        quiet = {"IPYTHONDIR": str(self.folder), "MPLBACKEND": _INLINE, "PYDEVD_DISABLE_FILE_VALIDATION": "1"}
        return {"PYTHONHASHSEED": "0", **own, **quiet}


def specification(nb: NotebookNode) -> tuple[KernelSpec, bool, list[str]]:
    """The kernel that a notebook asks for, whether it is this Python, and what is to be said about it.

    ``python3`` is the Python that builds, whatever the machine has registered under that name. A Python kernel that
    is not installed here is replaced by it, and said so: notebooks carry the kernel names of their authors' machines.

    Raises
    ------
    PageError
        If the notebook is in another language.
    """
    asked = nb.metadata.get("kernelspec", {})
    name = asked.get("name", "python3")
    language = asked.get("language") or nb.metadata.get("language_info", {}).get("name", "python")
    if language != "python":
        raise PageError([Failure("the notebook", f"is written in {language}; reports are built by Python notebooks.")])
    this = KernelSpec(argv=[sys.executable, *_LAUNCH], display_name="Python 3", language="python")
    if name == "python3":
        return this, True, []
    try:
        spec = KernelSpecManager().get_kernel_spec(name)
    except NoSuchKernel:
        return this, True, [f"The kernel “{name}” is not installed here; this Python ran the notebook."]
    ours = spec.argv[0] in {"python", "python3", sys.executable} and _is_ipykernel(spec) and not spec.env
    return spec, ours, []


def _is_ipykernel(spec: KernelSpec) -> bool:
    return spec.argv[1:3] == _LAUNCH[:2]


def imports(nb: NotebookNode) -> list[str]:
    """Installed modules that a notebook imports, for a zygote to load first.

    Modules beside the notebook are left out: what they do on import may depend on the parameters.
    """
    names: dict[str, None] = {}
    for cell in nb.cells:
        if cell.cell_type != "code":
            continue
        try:
            tree = ast.parse(cell.source)
        except SyntaxError:
            continue
        for node in ast.walk(tree):
            if isinstance(node, ast.Import):
                names |= dict.fromkeys(alias.name for alias in node.names)
            elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
                names[node.module] = None
    return [name for name in names if _is_installed(name.partition(".")[0])]


def _is_installed(name: str) -> bool:
    if name in sys.stdlib_module_names or name == "pdlib":
        return True
    try:
        found = importlib.util.find_spec(name)
    except (ImportError, ValueError):
        return False
    origin = found and (found.origin or next(iter(found.submodule_search_locations or []), None))
    return bool(origin) and any(str(origin).startswith(sysconfig.get_path(kind)) for kind in ("purelib", "platlib"))


async def run(
    kernel: Kernel, nb: NotebookNode, indices: Sequence[int], how: How, started: Callable[[str], None]
) -> None:
    """Execute cells of a notebook, in place; what is no code, and cells tagged ``skip-execution``, are passed over.

    Parameters
    ----------
    kernel : Kernel
    nb : NotebookNode
    indices : sequence of int
        Positions of the cells, in order.
    how : How
    started : callable
        Told the name of each cell before it runs.

    Raises
    ------
    PageError
        If a cell fails, takes too long, prints without end, ends the kernel, or did not run.
    """
    runner = _Runner(nb, kernel, how)
    # A message above the limit ends the connection: what comes later would be lost without a word.
    gone = kernel.client.iopub_channel.socket.get_monitor_socket(zmq.EVENT_DISCONNECTED)
    guard = asyncio.ensure_future(_end_when(gone, kernel, runner))
    index = 0
    try:
        for index in indices:
            cell = nb.cells[index]
            started(cell_name(nb, index))
            await runner.async_execute_cell(cell, index, store_history=OF_THE_PAGE not in cell_tags(cell))
            if runner.asked_to_exit:
                raise PageError([failure(nb, index, "asked Python to exit; later cells would never run.")])
            if await gone.poll(0):
                await asyncio.wait([guard])
                raise DeadKernelError("its connection is gone")
    except CellExecutionError as error:
        # An error of ours says what is wrong and what to do; where in our code it was raised helps nobody.
        own = hasattr(errors, error.ename)
        reason = strip_ansi(error.evalue) if own else stopped(error.ename, error.evalue)
        detail = "" if own else _traceback(nb.cells[index]) or str(error)
        raise PageError([failure(nb, index, reason, detail)]) from error
    except CellTimeoutError as error:
        raise PageError([failure(nb, index, runner.late())]) from error
    except DeadKernelError as error:
        reason = _TOO_MUCH if runner.flooded else _died(kernel)
        raise PageError([failure(nb, index, reason, _tail(kernel.log))]) from (None if runner.flooded else error)
    finally:
        guard.cancel()
        gone.close(linger=0)
    for index in indices:
        cell = nb.cells[index]
        runs = cell.cell_type == "code" and cell.source.strip() and "skip-execution" not in cell_tags(cell)
        if runs and cell.execution_count is None:
            raise PageError([failure(nb, index, "did not run.")])


_MOMENT = 0.5
_TOO_MUCH = f"printed or showed more than {MOST_OUTPUT // 1_000_000} MB. Show a summary, or write to a file."


class _Runner(NotebookClient):
    """Executes cells in a kernel that is running already, and counts what they print."""

    def __init__(self, nb: NotebookNode, kernel: Kernel, how: How) -> None:
        self._how, self._deadline = how, time.monotonic() + how.page_seconds
        self.received = 0
        self.flooded = False
        self.asked_to_exit = False
        super().__init__(
            nb,
            km=kernel.manager,
            timeout_func=lambda _: max(1, round(min(how.cell_seconds, self._deadline - time.monotonic()))),
            iopub_timeout=30,
            raise_on_iopub_timeout=True,
            force_raise_errors=True,
            coalesce_streams=True,
            store_widget_state=False,
            on_cell_executed=self._note_exit,
        )
        self.kc = kernel.client
        self.log.setLevel("CRITICAL")  # every trouble that it would log is raised, with the cell's name

    def _note_exit(self, execute_reply: dict[str, Any], **_: Any) -> None:
        payload = execute_reply["content"].get("payload", [])
        self.asked_to_exit |= any(item.get("source") == "ask_exit" for item in payload)

    def process_message(self, msg: dict[str, Any], cell: NotebookNode, cell_index: int) -> NotebookNode | None:
        """Take in a message, and end the kernel of a cell that never stops printing."""
        content = msg["content"]
        shown = [content.get("text", ""), *content.get("data", {}).values()]
        self.received += sum(len(str(part)) for part in shown)
        if self.received > MOST_OUTPUT:
            self.flooded = True
            self._ending = asyncio.ensure_future(_end(self.km))
            return None
        return super().process_message(msg, cell, cell_index)

    def late(self) -> str:
        """Say which limit a cell has passed."""
        whole = self._deadline - time.monotonic() < 1
        seconds, of = (self._how.page_seconds, "the notebook's") if whole else (self._how.cell_seconds, "its")
        return f"was still running when {of} {seconds:g} seconds were over. Allow more, or compute less."


async def _end_when(gone: Any, kernel: Kernel, runner: _Runner) -> None:
    await gone.poll()
    await asyncio.sleep(_MOMENT)  # a kernel that has died cuts the connection too
    if not runner.flooded and await kernel.manager.is_alive():
        runner.flooded = True
        await _end(kernel.manager)


async def _answers(client: AsyncKernelClient, manager: AsyncKernelManager, seconds: float) -> None:
    """Wait until a kernel answers and what it publishes arrives."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        number = client.kernel_info()
        try:
            await client.get_shell_msg(timeout=1)
            while True:
                message = await client.get_iopub_msg(timeout=0.5)
                idle = message["content"].get("execution_state") == "idle"
                if idle and message["parent_header"].get("msg_id") == number:
                    return
        except Empty:
            if not await manager.is_alive():
                raise RuntimeError("it ended before it was ready") from None
    raise RuntimeError(f"it did not answer within {seconds:g} seconds")


async def _end(manager: KernelManager | None) -> None:
    if manager and isinstance(manager.provisioner, LocalProvisioner) and manager.provisioner.process:
        await manager.provisioner.kill()
        manager.provisioner.process.wait()
        manager.cleanup_connection_file()
        await manager.provisioner.cleanup()


def failure(nb: NotebookNode, index: int, reason: str, detail: str = "") -> Failure:
    """One cell's reason to publish nothing."""
    return Failure(cell_name(nb, index), reason, nb.cells[index].source, strip_ansi(detail))


def _died(kernel: Kernel) -> str:
    process = getattr(kernel.manager.provisioner, "process", None)
    code = process.poll() if process else None
    how = f" (signal {-code})" if code and code < 0 else f" (exit code {code})" if code is not None else ""
    return f"ended the Python that ran it{how}: it crashed, ran out of memory, or was told to exit."


def _traceback(cell: NotebookNode) -> str:
    errors = [output for output in cell.outputs if output.output_type == "error"]
    return "\n".join(errors[-1].traceback) if errors else ""


def _tail(log: Path) -> str:
    try:
        return "\n".join(log.read_text(encoding="utf-8", errors="replace").splitlines()[-20:])
    except OSError:
        return ""


KernelProvisionerFactory.instance().provisioners[_PROVISIONER] = EntryPoint(
    _PROVISIONER, "pdlib.publish.forks:ForkProvisioner", "jupyter_client.kernel_provisioners"
)
