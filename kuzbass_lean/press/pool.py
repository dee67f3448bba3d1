"""Running tasks side by side, each in a process of its own that is ended when it must be.

No process pool: there one killed child breaks the jobs beside it. Where the platform can fork,
the processes come from a *nursery*: one process that has loaded everything and serves one build,
so that no build sees what an earlier one loaded.
"""

from __future__ import annotations

import atexit
import contextlib
import os
import pickle
import pkgutil
import signal
import subprocess
import sys
import tempfile
import time
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from multiprocessing import Pipe, connection, get_context
from typing import Any, Protocol

import psutil  # type: ignore[import-untyped]

from kuzbass_lean.errors import CapabilityError

_PATIENCE = 0.05
"""Seconds between looks at whether a child has died without a word."""
_READY, _TELL = -1, -2


@dataclass(frozen=True, slots=True)
class Task:
    """A call to make in a process of its own: an importable function and what it is given.

    The function may be named, as «module:function», for who need not load it to ask for it.
    ``timeout`` is in seconds; ``memory`` is how many bytes of address space the process may take
    on top of what it starts with, 0 for any number.
    """

    call: Callable[..., Any] | str
    arguments: tuple[Any, ...] = ()
    timeout: float = 1800
    memory: int = 0


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of a task: its value, or in one line why there is none."""

    seconds: float
    value: Any = None
    died: str = ""


class Crew(Protocol):
    """Who runs tasks: starts them, says which have ended, and can end them all."""

    def start(self, number: int, task: Task) -> None:
        """Start a task in a process of its own."""

    def wait(self) -> list[tuple[int, Outcome]]:
        """Wait until something happens; return the tasks that have ended, if any."""

    def stop(self) -> None:
        """End every process."""


class Loader(Crew, Protocol):
    """A crew that can load what tasks need before there are any."""

    def begin(self) -> None:
        """Start loading; who does not wait for it need not call it."""

    def tell(self, variables: Mapping[str, str]) -> None:
        """Set variables in the environment of all tasks that start from now on."""


def run(tasks: Iterable[Task], workers: int, crew: Crew) -> Iterator[tuple[int, Outcome]]:
    """Run tasks, so many at a time, and yield each one's number and outcome as it ends.

    Every task has one outcome, whatever happens to its process.

    Raises
    ------
    CapabilityError
        The nursery cannot start.
    """
    waiting, running = deque(enumerate(tasks)), 0
    while waiting or running:
        while waiting and running < workers:
            crew.start(*waiting.popleft())
            running += 1
        for number, outcome in crew.wait():
            running -= 1
            yield number, outcome


@dataclass(slots=True)
class _Child:
    number: int
    process: Any
    timeout: float
    started: float = field(default_factory=time.monotonic)

    @property
    def seconds(self) -> float:
        return time.monotonic() - self.started


class Supervisor:
    """Keeps the processes of tasks: takes their results, ends those that are late, buries the dead.

    Parameters
    ----------
    method
        How processes start, ``fork`` or ``spawn``. Who forks has one thread only.
    environment
        Variables set in each process before its task.
    private
        Connections that are none of the children's business.
    """

    def __init__(
        self,
        method: str,
        environment: Mapping[str, str] | None = None,
        private: tuple[connection.Connection, ...] = (),
    ) -> None:
        self._context: Any = get_context(method)
        self._environment = dict(environment or {})
        self._private = private
        self._children: dict[connection.Connection, _Child] = {}

    def begin(self) -> None:
        """There is nothing to load."""

    def tell(self, variables: Mapping[str, str]) -> None:
        """Set variables in the environment of all tasks that start from now on."""
        self._environment |= variables

    def start(self, number: int, task: Task) -> None:
        """Start a task in a process of its own."""
        self.launch(number, pickle.dumps((task.call, task.arguments)), task.timeout, task.memory)

    def launch(self, number: int, packed: bytes, timeout: float, memory: int) -> int:
        """Start a pickled call and return its process id."""
        receiver, sender = self._context.Pipe(duplex=False)
        arguments = (sender, packed, memory, self._environment, self._private)
        process = self._context.Process(target=_child, args=arguments)
        process.start()
        sender.close()
        self._children[receiver] = _Child(number, process, timeout)
        pid: int = process.pid
        return pid

    def wait(self, *others: connection.Connection) -> list[tuple[int, Outcome]]:
        """Wait until a task has ended, may have, or one of the other connections has news."""
        connection.wait([*self._children, *others], _PATIENCE if self._children else None)
        ended = []
        for receiver, child in list(self._children.items()):
            outcome = _look(receiver, child)
            if outcome is not None:
                self._end(receiver)
                ended.append((child.number, outcome))
        return ended

    def stop(self) -> None:
        """End every process."""
        for receiver in list(self._children):
            self._end(receiver)

    def _end(self, receiver: connection.Connection) -> None:
        process = self._children.pop(receiver).process
        kill_family(process.pid)
        process.kill()
        process.join()
        process.close()
        receiver.close()


def _look(receiver: connection.Connection, child: _Child) -> Outcome | None:
    """Return how a child has ended, None while it runs."""
    alive = child.process.is_alive()  # asked first: its last word may come between the two looks
    if receiver.poll():
        try:
            value, error = receiver.recv()
            return Outcome(child.seconds, value, error)
        except (EOFError, OSError):
            child.process.join(_PATIENCE)
            return Outcome(child.seconds, died=_cause(child.process.exitcode))
        except Exception as error:
            return Outcome(child.seconds, died=f"its result cannot be read: {error}")
    if not alive:
        return Outcome(child.seconds, died=_cause(child.process.exitcode))
    if child.seconds > child.timeout:
        return Outcome(child.seconds, died=f"the report ran longer than {child.timeout:g} s")
    return None


def _cause(code: int | None) -> str:
    """Say how a process ended that left no result; an exit code of 0 is no success either."""
    if code is None or code >= 0:
        return "the kernel died" + ("" if code is None else f" (exit code {code})")
    name = signal.Signals(-code).name
    return f"the kernel died ({name}{', perhaps out of memory' if name == 'SIGKILL' else ''})"


def kill_family(pid: int) -> None:
    """Kill a process, its group, and every descendant still tied to it."""
    try:
        family = psutil.Process(pid).children(recursive=True)
    except psutil.Error:
        family = []
    if hasattr(os, "killpg"):
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(pid, signal.SIGKILL)
    for member in family:
        with contextlib.suppress(psutil.Error):
            member.kill()


def _child(
    sender: connection.Connection,
    packed: bytes,
    memory: int,
    environment: Mapping[str, str],
    private: tuple[connection.Connection, ...],
) -> None:
    """Make the call in this new process, send what came of it, and wait to be ended."""
    for other in private:
        other.close()
    if hasattr(os, "setsid"):
        os.setsid()
    os.environ.update(environment)
    atexit._clear()  # what the parent meant to do at its own exit
    value, died = None, ""
    try:
        limit_memory(memory)
        call, arguments = pickle.loads(packed)
        value = (pkgutil.resolve_name(call) if isinstance(call, str) else call)(*arguments)
        atexit._run_exitfuncs()
    except BaseException as error:
        died = f"{type(error).__name__}: {error}"
    sender.send((value, died))
    # Alive, it still leads its subprocesses to whoever ends them all; no thread may keep it longer.
    time.sleep(1)
    os._exit(0)


def limit_memory(extra: int) -> None:
    """Let this process take so many more bytes of address space than it has; 0 sets no limit.

    A limit of the kernel's, not a watch: the allocation that goes too far fails at once, with a
    MemoryError in the cell that made it, before the machine runs short. Shared pages of the
    parent do not count, reserved ones do. Without effect where the platform has no such limit.
    """
    try:
        import resource
    except ImportError:
        return
    if extra:
        _, hard = resource.getrlimit(resource.RLIMIT_AS)
        wanted = psutil.Process().memory_info().vms + extra
        within = wanted if hard == resource.RLIM_INFINITY else min(wanted, hard)
        resource.setrlimit(resource.RLIMIT_AS, (within, hard))


class Nursery:
    """Forks every task's process from one that has everything loaded; starts it anew if it dies.

    Parameters
    ----------
    environment
        Variables of the nursery and all its children.
    arguments
        What ``warm.preload`` is given: the engine, and whether PDFs are made.
    """

    def __init__(self, environment: Mapping[str, str], arguments: tuple[Any, ...] = ("warm", False)) -> None:
        self._environment, self._arguments = dict(environment), arguments
        self._control: connection.Connection | None = None
        self._running: dict[int, tuple[int, float]] = {}
        self._loading = 0

    def begin(self) -> None:
        """Start the nursery, which loads at once, so that the first task need not wait for it."""
        if self._control is None:
            self._launch()

    def tell(self, variables: Mapping[str, str]) -> None:
        """Set variables in the environment of all tasks that start from now on."""
        self._environment |= variables
        if self._control is not None:
            self._loading += 1
            self._send(_TELL, dict(variables))

    def start(self, number: int, task: Task) -> None:
        """Start a task in a process of its own."""
        self.begin()
        self._running[number] = (0, time.monotonic())
        self._send(number, pickle.dumps((task.call, task.arguments)), task.timeout, task.memory)

    def _send(self, *message: Any) -> None:
        with contextlib.suppress(OSError):  # that it is gone, ``wait`` will find
            self._connected().send(message)

    def wait(self) -> list[tuple[int, Outcome]]:
        """Wait until something happens; return the tasks that have ended, if any."""
        try:
            number, pid, outcome = self._connected().recv()
        except (EOFError, OSError):
            return self._bury()
        if number == _READY:
            self._loading -= 1
        elif outcome is None:
            self._running[number] = (pid, self._running[number][1])
        else:
            del self._running[number]
            return [(number, outcome)]
        return []

    def stop(self) -> None:
        """End every process."""
        if self._control is not None:
            self._control.close()  # the nursery ends its children, then itself
            self._control = None
            if self._running:
                with contextlib.suppress(subprocess.TimeoutExpired):
                    self._process.wait(10)
            self._process.kill()
            self._process.wait()
            self._log.close()

    def _connected(self) -> connection.Connection:
        if self._control is None:
            raise EOFError
        return self._control

    def _launch(self) -> None:
        ours, theirs = Pipe()
        self._log = tempfile.TemporaryFile()  # noqa: SIM115
        code = f"from kuzbass_lean.press.warm import main; main({theirs.fileno()}, *{self._arguments!r})"
        self._process = subprocess.Popen(
            [sys.executable, "-c", code],
            env={**os.environ, **self._environment},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=self._log,
            pass_fds=[theirs.fileno()],
            # Its own session: an interrupt from the keyboard reaches the build, and the build ends it.
            start_new_session=True,
        )
        theirs.close()
        self._control, self._loading = ours, 1

    def _bury(self) -> list[tuple[int, Outcome]]:
        """The nursery has died: end its children and say so of each."""
        for pid, _ in self._running.values():
            if pid:
                kill_family(pid)
        self._log.seek(0)
        said = self._log.read().decode("utf-8", "replace").strip().splitlines()
        self.stop()
        if self._loading and self._process.returncode >= 0:
            why = f": {said[-1]}" if said else ""
            raise CapabilityError(f"the engine cannot start its processes{why}; try --engine kernel")
        lost = [
            (number, Outcome(time.monotonic() - started, died="its supervisor died; build again"))
            for number, (_, started) in self._running.items()
        ]
        self._running.clear()
        return lost


def serve(control: connection.Connection, prepare: Callable[[], None]) -> None:
    """Be a nursery: start what is asked for, tell what became of it, until the build is gone.

    ``prepare`` is called when variables were set: it loads what they name.
    """
    supervisor = Supervisor("fork", private=(control,))
    try:
        control.send((_READY, 0, None))
        while True:
            for number, outcome in supervisor.wait(control):
                control.send((number, 0, outcome))
            while control.poll():
                number, *asked = control.recv()
                if number == _TELL:
                    os.environ.update(*asked)
                    prepare()
                    control.send((_READY, 0, None))
                    continue
                control.send((number, supervisor.launch(number, *asked), None))
    except (EOFError, OSError):
        pass
    finally:
        supervisor.stop()
