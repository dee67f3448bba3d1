"""The real IPython kernel in the running process: no sockets, no threads, no start-up.

Cells run as in Jupyter, by ipykernel's own kernel and papermill's own client; between them
lie two queues instead of ZeroMQ. This is the papermill engine ``kuzbass-lean``.
"""

from __future__ import annotations

import asyncio
import atexit
import logging
import os
import signal
import sys
import tempfile
import threading
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext
from contextvars import copy_context
from functools import cache, partial
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import traitlets
from ipykernel.eventloops import enable_gui
from ipykernel.iostream import IOPubThread, OutStream
from ipykernel.ipkernel import IPythonKernel
from IPython.core.interactiveshell import InteractiveShell
from jupyter_client.session import Session
from nbclient.exceptions import DeadKernelError
from papermill.engines import NBClientEngine, papermill_engines
from tornado.ioloop import IOLoop
from traitlets.config import Config

from kuzbass_lean.errors import UsageError
from kuzbass_lean.press.journal import kept

NAME = "kuzbass-lean"
"""What papermill calls this engine."""


class CellTimeoutError(BaseException):
    """A cell ran past its limit; no ``Exception``, so that a cell's own ``except Exception`` lets it by."""


class DirectEngine(NBClientEngine):  # type: ignore[misc]
    """Papermill's engine with a kernel in this process; one notebook at a time."""

    @classmethod
    def execute_managed_notebook(
        cls,
        nb_man: Any,
        kernel_name: str,
        execution_timeout: int | None = None,
        journal: Path | None = None,
        **options: Any,
    ) -> Any:
        """Run the cells of a notebook that papermill manages.

        A cell that runs longer than ``execution_timeout`` seconds is stopped where it is and
        its error says so; that needs a platform with SIGALRM. With a ``journal`` cells are noted
        there and the notebook is not saved; without, it is saved around every cell.

        Raises
        ------
        UsageError
            IPython already runs in this process.
        """
        noted = kept(nb_man, journal) if journal else nullcontext()
        with noted, _Manager(execution_timeout or 0) as manager:
            return super().execute_managed_notebook(nb_man, kernel_name, km=manager, **options)


papermill_engines.register(NAME, DirectEngine)


class _Session(Session):
    """Sends into two queues: what has no stream answers a request, the rest is published."""

    replies = traitlets.Any()
    published = traitlets.Any()

    def send(
        self,
        stream: Any,
        msg_or_type: Any,
        content: Any = None,
        parent: Any = None,
        ident: Any = None,
        buffers: Any = None,
        track: bool = False,
        header: Any = None,
        metadata: Any = None,
    ) -> Any:
        known = isinstance(msg_or_type, dict)
        made = self.msg(msg_or_type, content, parent, header=header, metadata=metadata)
        message = msg_or_type if known else made
        queue = self.replies if stream is None else self.published
        # Through JSON and back, as over the wire: what cannot be sent fails here too.
        plain = self.unpack(self.pack(message["content"]))
        queue.append({**message, "content": plain, "buffers": buffers or message.get("buffers", [])})
        return message

    def feed_identities(self, msg_list: Any, copy: bool = True) -> tuple[list[bytes], Any]:
        return [b""], msg_list

    def deserialize(self, msg_list: Any, content: bool = True, copy: bool = True) -> Any:
        return msg_list


class _NoThread(IOPubThread):
    """Stands in for the thread that publishes: whoever flushes, publishes."""

    def __init__(self) -> None:
        self.thread: Any = None
        self.io_loop: Any = None

    def schedule(self, f: Callable[[], Any]) -> None:
        """Forget the timed flush: display, errors and the end of the cell flush."""


class _Stream(OutStream):
    """ipykernel's stream; what C code and subprocesses write to the descriptor comes along in order."""

    def __init__(self, session: _Session, name: str, descriptor: int) -> None:
        super().__init__(session, _NoThread(), name, watchfd=False)
        self._descriptor = descriptor
        # Under this name ipykernel gives notebooks the true stream as ``fileno()``.
        self._original_stdstream_copy = os.dup(descriptor)
        self._file = tempfile.TemporaryFile(buffering=0)  # noqa: SIM115
        self._taken = 0

    @contextmanager
    def watched(self) -> Iterator[None]:
        """Take what is written to the descriptor while a cell runs; between cells papermill writes there."""
        os.dup2(self._file.fileno(), self._descriptor)
        try:
            yield
        finally:
            self.flush()
            os.dup2(self._original_stdstream_copy, self._descriptor)

    def write(self, string: str) -> int:
        if isinstance(string, str) and not self._is_master_process():
            return os.write(self._descriptor, string.encode())
        self._take()
        return super().write(string) or 0

    def flush(self) -> None:
        if self._is_master_process():
            self._take()
            super().flush()

    def _take(self) -> None:
        with self._buffer_lock:
            size = os.fstat(self._file.fileno()).st_size
            if size > self._taken:
                text = os.pread(self._file.fileno(), size - self._taken, self._taken)
                self._taken = size
                super().write(text.decode("utf-8", "replace"))

    def restore(self) -> None:
        """Let go of the process's stream."""
        os.close(self._original_stdstream_copy)
        self._file.close()


class _Kernel(IPythonKernel):
    """IPython's kernel, to which requests come one at a time."""

    _supports_kernel_subshells = False
    _execute_sleep = 0.0  # a pause after each cell, for messages that another thread has yet to send

    def _abort_queues(self, subshell_id: str | None = None) -> None:
        """Nothing is queued behind a cell."""


class _Channel:
    def __init__(self, queue: deque[Any], send: Callable[[Any], None]) -> None:
        self._queue = queue
        self.send = send

    async def get_msg(self, timeout: float | None = None) -> Any:
        """Return the next message; the kernel has said all it will before anyone asks."""
        return self._queue.popleft()


class _Client:
    """What nbclient takes for its kernel's client."""

    allow_stdin = False

    def __init__(self, kernel: Any, cell_timeout: int, streams: tuple[_Stream, _Stream]) -> None:
        self.session: _Session = kernel.session
        self._kernel, self._cell_timeout, self._streams = kernel, cell_timeout, streams
        self._context = copy_context()
        self._waiting: list[Any] = []
        self.shell_channel = _Channel(self.session.replies, self._waiting.append)
        self.iopub_channel = _Channel(self.session.published, self._waiting.append)

    def start_channels(self) -> None:
        """There is nothing to start."""

    def is_alive(self) -> bool:
        """Return whether no cell has called ``exit``."""
        return not self._kernel.shell.exit_now

    async def wait_for_ready(self, timeout: float | None = None) -> None:
        """Return at once."""

    async def execute(self, code: str, store_history: bool = True, stop_on_error: bool = True) -> str:
        """Run a cell to its end, and before it the widget messages that came since the last one."""
        if not self.is_alive():
            raise DeadKernelError("the notebook has left its kernel by exit()")
        self._kernel.io_loop = _loop()
        content = {
            "code": code,
            "silent": False,
            "store_history": store_history,
            "user_expressions": {},
            "allow_stdin": False,
            "stop_on_error": stop_on_error,
        }
        request = self.session.msg("execute_request", content)
        out, error = self._streams
        with out.watched(), error.watched():
            while self._waiting:
                await self._dispatch(self._waiting.pop(0))
            task = self._dispatch(request)
            with _limit(self._cell_timeout, task):
                await task
        return str(request["header"]["msg_id"])

    def kernel_info(self) -> str:
        """Answer at once what the kernel is."""
        request = self.session.msg("kernel_info_request", {})
        content = {"status": "ok", **self._kernel.kernel_info}
        self.session.send(None, "kernel_info_reply", content, request)
        return str(request["header"]["msg_id"])

    def _dispatch(self, message: Any) -> asyncio.Task[None]:
        # One context for all cells: what a cell sets in a context variable, the next one sees.
        task: asyncio.Task[None] = asyncio.get_running_loop().create_task(
            self._kernel.dispatch_shell({"buffers": [], **message}), context=self._context
        )
        return task


def _loop() -> SimpleNamespace:
    """Return what the kernel may do to the event loop: all but stop it."""
    nothing = lambda *arguments: None  # noqa: E731
    return SimpleNamespace(add_callback=IOLoop.current().add_callback, call_later=nothing, stop=nothing)


@contextmanager
def _limit(seconds: int, task: asyncio.Task[None]) -> Iterator[None]:
    """Stop the cell after so many seconds; 0 is no limit."""
    message = f"a cell ran longer than {seconds} s"

    def ring(*_: Any) -> None:
        if asyncio.current_task() is not None:
            raise CellTimeoutError(message)
        # The cell awaits something: an error raised here would hit the event loop and not the cell.
        asyncio.get_running_loop().call_soon_threadsafe(task.cancel, message)

    able = hasattr(signal, "SIGALRM") and threading.current_thread() is threading.main_thread()
    if not seconds or not able:
        yield
        return
    before = signal.signal(signal.SIGALRM, ring)
    signal.setitimer(signal.ITIMER_REAL, seconds)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)


class _Manager:
    """What nbclient takes for its kernel manager; as a context, the kernel's whole life."""

    has_kernel = True
    kernel_id = NAME

    def __init__(self, cell_timeout: int) -> None:
        self._cell_timeout = cell_timeout

    def client(self) -> _Client:
        """Return the only client."""
        return _Client(self._kernel, self._cell_timeout, self._streams)

    def __enter__(self) -> _Manager:
        self._before = (sys.stdout, sys.stderr, sys.path[:], dict(os.environ))
        self._kernel = kernel()
        _attach_charts()
        if "" not in sys.path:
            sys.path.insert(_first_site(), "")
        sys.stdout.flush()
        sys.stderr.flush()
        session = self._kernel.session
        self._streams = _Stream(session, "stdout", 1), _Stream(session, "stderr", 2)
        sys.stdout, sys.stderr = self._streams
        return self

    def __exit__(self, *_: object) -> None:
        shell = self._kernel.shell
        # What a kernel does as it exits: drop the notebook's names, so that its open files are written.
        atexit.unregister(shell.atexit_operations)
        shell.atexit_operations()
        shell.restore_sys_module_state()
        for stream in self._streams:
            stream.restore()
        sys.stdout, sys.stderr, sys.path[:], environment = self._before
        os.environ.clear()
        os.environ.update(environment)
        type(shell).clear_instance()
        _Kernel.clear_instance()
        kernel.cache_clear()


@cache
def kernel() -> Any:
    """Return the kernel for this process's next notebook, made when first asked for.

    A process asks before it forks, so that each fork has one: there it would have to touch, and
    so to copy, much of what is loaded.

    Raises
    ------
    UsageError
        IPython already runs in this process.
    """
    if InteractiveShell.initialized():
        raise UsageError(f"the engine {NAME} cannot run within IPython: choose another engine here")
    made: Any = _Kernel.instance(
        session=_Session(key=NAME.encode(), replies=deque(), published=deque()),
        log=_silent(),
        config=Config({"HistoryManager": {"hist_file": ":memory:"}}),
        iopub_socket="published",
        shell_channel_thread=SimpleNamespace(parent_thread=threading.current_thread()),
    )
    made.shell.enable_gui, made.shell.exit_now = partial(enable_gui, kernel=made), False
    return made


def _attach_charts() -> None:
    """Let pyplot draw into the cells, as the kernel's application does."""
    os.environ.setdefault("MPLBACKEND", "module://matplotlib_inline.backend_inline")
    inline = sys.modules.get("matplotlib_inline.backend_inline")
    if inline is not None:
        # Loaded before there was a shell: it could not tie itself to one then, and charts would be lost.
        inline._enable_matplotlib_integration()


def _silent() -> logging.Logger:
    log = logging.getLogger(f"{__name__}.kernel")
    log.propagate = False
    log.addHandler(logging.NullHandler())
    return log


def _first_site() -> int:
    """Return where IPython puts the working folder into ``sys.path``: before the installed packages."""
    for place, folder in enumerate(sys.path):
        if folder.endswith(("site-packages", "dist-packages")):
            return place
    return 0
