"""Kernels forked from a process that has loaded the libraries already: Jupyter's own kernels, without their start-up.

A *zygote* is a single-threaded process that imports what a notebook imports and then waits. Told to, it forks; the
child becomes a genuine ipykernel that listens where jupyter_client expects it, so that client, messages, tracebacks
and interrupts are those of any kernel. A forked kernel may in turn be asked to stay when its notebook's shared cells
have run: its event loop ends, its threads and sockets are closed, and it forks kernels that start from its state.

Linux only. Whoever uses this must be able to start a plain kernel instead; `pdlib.publish.kernels` is.
"""

from __future__ import annotations

import asyncio
import ctypes
import gc
import json
import os
import random
import select
import shutil
import signal
import socket
import subprocess
import sys
import threading
import time
import traceback
from contextlib import suppress
from pathlib import Path
from typing import Any, NoReturn

from jupyter_client.provisioning.local_provisioner import LocalProvisioner

_BOOT = (
    "import sys; sys.path[:1] = []\n"  # the launcher of ipykernel drops the working directory too
    "from pdlib.publish.forks import grow; grow(*sys.argv[1:])"
)
_ENDED_WITH_ZYGOTE = -9  # SIGKILL, which has no name where nothing can be forked
_PATIENCE = 5
_TRIES = 20
_PR_SET_PDEATHSIG = 1


class ForkError(RuntimeError):
    """A kernel could not be forked; a plain one can be started instead."""


# ------------------------------------------------------------------------------------- the builder's side


class Forked:
    """A forked kernel as jupyter_client sees a process: the zygote, its parent, reports how it ended."""

    stdin = stdout = stderr = None

    def __init__(self, pid: int) -> None:
        self.pid = pid
        self.returncode: int | None = None

    def poll(self) -> int | None:
        """Exit code, or None while it runs."""
        return self.returncode

    wait = poll  # jupyter_client waits only for processes that have ended

    def send_signal(self, number: int) -> None:
        """Signal the process alone."""
        with suppress(ProcessLookupError):
            os.kill(self.pid, number)

    def kill(self) -> None:
        """End it at once, with whatever it started."""
        with suppress(ProcessLookupError):
            os.killpg(self.pid, signal.SIGKILL)

    terminate = kill


class Zygote:
    """The builder's end of a process that forks kernels."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, threads: int) -> None:
        self.threads = threads
        self._writer = writer
        self._replies: dict[int, asyncio.Future[int]] = {}
        self._kernels: dict[int, Forked] = {}
        self._ended: dict[int, int] = {}
        self._number = 0
        self._listening = asyncio.ensure_future(self._listen(reader))

    async def fork(self, order: dict[str, Any]) -> Forked:
        """Fork a kernel.

        Parameters
        ----------
        order : dict
            ``argv`` of the kernel, ``cwd``, ``env``, ``log`` (path for what it writes past Jupyter), ``stay`` (the
            name to report back under once its event loop has ended, or None) and ``keep_random`` (start from the
            parent's random state and not from a fresh one).

        Raises
        ------
        ForkError
            If the zygote is gone.
        """
        if self._listening.done():
            raise ForkError("the process that forks kernels has ended")
        self._number += 1
        reply = self._replies[self._number] = asyncio.get_running_loop().create_future()
        self._writer.write(json.dumps({**order, "number": self._number}).encode() + b"\n")
        pid = await reply
        kernel = self._kernels[pid] = Forked(pid)
        kernel.returncode = self._ended.pop(pid, None)
        return kernel

    async def _listen(self, reader: asyncio.StreamReader) -> None:
        with suppress(ConnectionError):
            while line := await reader.readline():
                message = json.loads(line)
                if "number" in message:
                    self._replies.pop(message["number"]).set_result(message["pid"])
                elif message["ended"] in self._kernels:
                    self._kernels.pop(message["ended"]).returncode = message["code"]
                else:
                    self._ended[message["ended"]] = message["code"]
        for kernel in self._kernels.values():
            kernel.returncode = _ENDED_WITH_ZYGOTE
        for reply in self._replies.values():
            reply.set_exception(ForkError("the process that forks kernels ended before it answered"))

    def close(self) -> None:
        """Let the process go; its kernels go with it."""
        self._writer.close()
        self._listening.cancel()


class Nursery:
    """Where zygotes report: one folder, one socket, and the first zygote's process.

    Parameters
    ----------
    folder : Path
        A private folder; the zygotes remove it if the builder dies.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._waiting: dict[str, asyncio.Future[Zygote]] = {}
        self._zygotes: list[Zygote] = []
        self._server: asyncio.AbstractServer | None = None
        self._process: subprocess.Popen[bytes] | None = None

    async def first(self, modules: list[str], environment: dict[str, str], seconds: float) -> Zygote:
        """Start a zygote that has imported the modules given.

        Raises
        ------
        ForkError
            If it does not report in time.
        """
        address = str(self.folder / "zygotes")
        try:
            self._server = await asyncio.start_unix_server(self._met, address)
            with (self.folder / "zygote.log").open("wb") as log:
                command = [sys.executable, "-c", _BOOT, address, *modules]
                self._process = subprocess.Popen(
                    command, env=environment, cwd=self.folder, stdin=subprocess.DEVNULL, stdout=log, stderr=log
                )
        except OSError as error:
            raise ForkError(f"the process that forks kernels could not be started: {error}") from error
        return await self.reported("first", seconds)

    async def reported(self, name: str, seconds: float) -> Zygote:
        """Wait for the zygote of that name."""
        try:
            zygote = await asyncio.wait_for(self._expected(name), seconds)
        except TimeoutError:
            raise ForkError(f"the process that forks kernels did not report within {seconds:g} seconds") from None
        finally:
            self._waiting.pop(name, None)
        if zygote.threads > 1:
            zygote.close()
            raise ForkError(f"{zygote.threads} threads run in the process that should fork kernels")
        return zygote

    async def close(self) -> None:
        """Let every zygote go, and with each its kernels; then remove the folder."""
        for zygote in self._zygotes:
            zygote.close()
        if self._server:
            self._server.close()
        if self._process:
            try:
                # In a thread: a connection is closed by the event loop, which must go on for that.
                await asyncio.to_thread(self._process.wait, _PATIENCE)
            except subprocess.TimeoutExpired:
                self._process.kill()
                self._process.wait()
        await asyncio.to_thread(_remove, self.folder)

    async def _met(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with suppress(ValueError):  # it ended before it said a word
            hello = json.loads(await reader.readline())
            zygote = Zygote(reader, writer, hello["threads"])
            self._zygotes.append(zygote)
            expected = self._expected(hello["name"])
            if not expected.done():
                expected.set_result(zygote)

    def _expected(self, name: str) -> asyncio.Future[Zygote]:
        if name not in self._waiting:
            self._waiting[name] = asyncio.get_running_loop().create_future()
        return self._waiting[name]


class ForkProvisioner(LocalProvisioner):
    """Jupyter's way to bring up a kernel, with a fork in place of a new Python.

    The kernel manager has the zygote as ``zygote`` and what else to order as ``order``.
    """

    async def launch_kernel(self, cmd: list[str], **kwargs: Any) -> Any:
        """Fork the kernel that the command would start."""
        manager: Any = self.parent
        given = {"argv": cmd, "cwd": str(kwargs["cwd"]), "env": kwargs["env"], "log": kwargs["stdout"].name}
        self.process = await manager.zygote.fork({**given, **manager.order})
        self.pid = self.pgid = self.process.pid
        return self.connection_info


# ------------------------------------------------------------------------------------- the zygote's side


def grow(address: str, *modules: str) -> NoReturn:
    """Be the first zygote: import, then fork whenever told to, until the builder is gone."""
    import ipykernel.kernelapp  # noqa: F401 - what every kernel needs
    from ipykernel.zmqshell import ZMQInteractiveShell
    from traitlets.config import Config

    # Some modules look on import whether they are in a notebook, as pandas does to choose how wide its tables are.
    here = sys.modules["__main__"]
    shell: Any = ZMQInteractiveShell.instance(config=Config(HistoryManager={"enabled": False}))
    with shell.builtin_trap:
        for module in modules:
            with suppress(Exception):  # a module that cannot be imported is the business of the cell that imports it
                __import__(module)
    shell.restore_sys_module_state()
    sys.modules["__main__"] = here
    ZMQInteractiveShell.clear_instance()
    gc.collect()
    gc.freeze()  # what was imported is never garbage: kernels need not look through it, nor copy its pages
    _serve(address, "first")


def _serve(address: str, name: str) -> NoReturn:
    """Report to the builder, then fork on every order, until the builder is gone: the kernels end then too."""
    awake, alarm = os.pipe2(os.O_NONBLOCK | os.O_CLOEXEC)
    signal.signal(signal.SIGCHLD, lambda *_: None)
    signal.set_wakeup_fd(alarm, warn_on_full_buffer=False)
    builder = socket.socket(socket.AF_UNIX)
    builder.connect(address)
    own = (awake, alarm, builder.fileno())
    kernels: set[int] = set()
    unread = b""
    with suppress(ConnectionError):
        # Of several threads only one lives on in a child, and a lock that another held is never released there.
        _say(builder, {"name": name, "threads": threading.active_count()})
        while True:
            ready, _, _ = select.select([awake, builder.fileno()], [], [])
            if awake in ready:
                os.read(awake, 4096)
                for pid, code in _ended(kernels):
                    kernels.discard(pid)
                    _say(builder, {"ended": pid, "code": code})
            if builder.fileno() in ready:
                received = builder.recv(1 << 16)
                if not received:
                    break
                *orders, unread = (unread + received).split(b"\n")
                for order in map(json.loads, orders):
                    pid = _fork(order, address, own)
                    kernels.add(pid)
                    _say(builder, {"number": order["number"], "pid": pid})
    for pid in kernels:
        with suppress(ProcessLookupError):
            os.killpg(pid, signal.SIGKILL)
        os.waitpid(pid, 0)
    if name == "first":  # else a builder that was killed would leave its sockets and logs behind
        _remove(Path(address).parent)
    os._exit(0)


def _remove(folder: Path) -> None:
    """Remove a folder, again if what was just told to end has still put something into it."""
    for _ in range(_TRIES):
        shutil.rmtree(folder, ignore_errors=True)
        if not folder.exists():
            return
        time.sleep(0.1)


def _say(builder: socket.socket, message: Any) -> None:
    builder.sendall(json.dumps(message).encode() + b"\n")


def _ended(kernels: set[int]) -> list[tuple[int, int]]:
    answers = [os.waitpid(pid, os.WNOHANG) for pid in kernels]
    return [(pid, os.waitstatus_to_exitcode(status)) for pid, status in answers if pid]


def _fork(order: dict[str, Any], address: str, own: tuple[int, ...]) -> int:
    """Fork a kernel; returns once it leads a session of its own, so that killing it cannot hit anyone else."""
    state = _random_state() if order["keep_random"] else None
    led, leads = os.pipe()
    sys.stdout.flush()
    sys.stderr.flush()
    zygote = os.getpid()
    pid = os.fork()
    if pid:
        os.close(leads)
        os.read(led, 1)
        os.close(led)
        return pid
    try:
        os.setsid()
        _die_with(zygote)
        os.close(leads)
        os.close(led)
        signal.set_wakeup_fd(-1)
        signal.signal(signal.SIGCHLD, signal.SIG_DFL)
        for descriptor in own:
            os.close(descriptor)
        _set_random_state(state)
        _be_kernel(order)
        if order["stay"]:
            _serve(address, order["stay"])
    except BaseException:  # noqa: BLE001 - whatever it is, this copy of the zygote must end here
        traceback.print_exc(file=sys.__stderr__)
        os._exit(1)
    os._exit(0)


def _die_with(parent: int) -> None:
    """Have the system kill this process when its parent ends, however it ends."""
    ctypes.CDLL(None, use_errno=True).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
    if os.getppid() != parent:
        os._exit(1)


def _random_state() -> tuple[Any, Any]:
    numpy = sys.modules.get("numpy")
    return random.getstate(), numpy.random.get_state() if numpy else None


def _set_random_state(state: tuple[Any, Any] | None) -> None:
    """Go on from the parent's draws, or, without a state, from fresh ones: else every page would draw the same."""
    numpy = sys.modules.get("numpy")
    if state is None:
        random.seed()
        if numpy:
            numpy.random.seed()
    else:
        random.setstate(state[0])  # Python seeds it anew in every child
        if numpy:
            numpy.random.set_state(state[1])


def _be_kernel(order: dict[str, Any]) -> None:
    """Run an ipykernel until it is told to shut down; then leave no thread and no socket behind."""
    from ipykernel.ipkernel import IPythonKernel
    from ipykernel.kernelapp import IPKernelApp

    quiet, log = os.open(os.devnull, os.O_RDONLY), os.open(order["log"], os.O_WRONLY | os.O_CREAT | os.O_APPEND)
    for source, target in ((quiet, 0), (log, 1), (log, 2)):
        os.dup2(source, target)
    os.close(quiet)
    os.close(log)
    os.chdir(order["cwd"])
    os.environ.clear()
    os.environ.update(order["env"])
    sys.argv = order["argv"][2:]
    # A shell that ran the shared cells lives on, with its names, counts and hooks; what connected it is made anew.
    asyncio.set_event_loop(asyncio.new_event_loop())
    IPKernelApp.clear_instance()
    IPythonKernel.clear_instance()
    app: Any = IPKernelApp.instance(parent_handle=1)  # its parent is the zygote, whose end is its own
    app.initialize(sys.argv[1:])
    app.shell.kernel = app.shell.parent = app.kernel
    app.start()
    for thread in filter(None, (app.control_thread, app.shell_channel_thread)):
        thread.join()  # told to end, it still says that it is idle: for ever, if what publishes that is closed first
    for stream in (sys.stdout, sys.stderr):
        stream.close()
    app.close()
