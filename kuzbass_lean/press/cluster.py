"""Reports on a Dask cluster: each worker has a nursery of its own, files come back by value.

No folder is shared: a worker is sent the registry once and a notebook with each report, and
sends back what was made. So a report whose worker is lost is done again as if never begun.
Workers load while the build still reads the registry.
"""

from __future__ import annotations

import asyncio
import pickle
import queue
import shutil
import tempfile
import uuid
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from kuzbass_lean.errors import CapabilityError, UsageError
from kuzbass_lean.press import digests
from kuzbass_lean.press.pool import Loader, Outcome, Task, run
from kuzbass_lean.press.work import MAKE_PACKED, Work

try:
    import distributed
except ImportError:
    raise CapabilityError("--dask needs the library distributed: pip install kuzbass-lean[cluster]") from None

_PATIENCE = 30
"""Seconds to wait for the scheduler, and then for a worker."""


@dataclass(frozen=True, slots=True)
class _Parcel:
    """All that a worker needs for one report; ``work`` is a pickled ``Work``, of no concern to the worker.

    Unpickled there it would load the library, which the worker's nursery does at the same time.
    """

    work: bytes
    name: str
    notebook: bytes
    timeout: float
    memory: int


@dataclass(frozen=True, slots=True)
class _Returned:
    """What became of a report on a worker, and its files by suffix, finished or not."""

    outcome: Outcome
    files: dict[str, bytes]


class Cluster:
    """Gives tasks to the workers of a Dask cluster; each is to make one ``Work``.

    Parameters
    ----------
    address
        Where the scheduler listens, e.g. ``tcp://10.0.0.1:8786``.
    hire
        Gives each worker who runs its reports there; it is called on the worker.
    """

    def __init__(self, address: str, hire: Callable[[], Loader]) -> None:
        self._address, self._hire = address, hire
        self._client: Any = None
        self._running: dict[Any, tuple[int, Work]] = {}
        self._name = f"kuzbass-lean-{uuid.uuid4().hex}"

    def begin(self) -> None:
        """Join the cluster and have its workers load, so that the first task need not wait for it.

        Raises
        ------
        UsageError
            The address is none.
        CapabilityError
            Nobody answers there, or the cluster has no worker.
        """
        if self._client is not None:
            return
        try:
            self._client = distributed.Client(self._address, timeout=_PATIENCE, set_as_default=False)
        except ValueError as error:
            raise UsageError(f"--dask {self._address}: {error}") from None
        except OSError:
            raise CapabilityError(
                f"no Dask scheduler answers at {self._address}: start one, then build again"
            ) from None
        self._done = distributed.as_completed(loop=self._client.loop)
        hands, data = self._name, _data(self._name)
        self._register(_Farewell(self._client.id, self._name, (hands, data)), self._name)
        self._register(Hands(self._hire, digests.program()), hands)

    def _register(self, plugin: Any, name: str) -> None:
        try:
            self._client.wait_for_workers(1, timeout=_PATIENCE)
            self._client.register_plugin(plugin, name)
        except TimeoutError:
            self.stop()
            raise CapabilityError(
                f"the cluster at {self._address} has no worker: start one, then build again"
            ) from None

    def tell(self, variables: Mapping[str, str]) -> None:
        """Send every worker, those that join later too, the registry whose folder the variable names."""
        self.begin()
        ((variable, folder),) = variables.items()
        tables = {path.name: path.read_bytes() for path in sorted(Path(folder).iterdir())}
        self._register(Data(variable, tables, self._name), _data(self._name))

    def start(self, number: int, task: Task) -> None:
        """Hand a task to the cluster, which has it wait for a free worker."""
        (work,) = task.arguments
        notebook = work.spec.notebook
        parcel = _Parcel(pickle.dumps(work), notebook.name, notebook.read_bytes(), task.timeout, task.memory)
        key = f"{work.spec.id}-{uuid.uuid4().hex}"
        future = self._client.submit(_perform, self._name, parcel, key=key, pure=False)
        self._running[future] = number, work
        self._done.add(future)

    def wait(self) -> list[tuple[int, Outcome]]:
        """Wait until a task has ended; bring its files home."""
        future = next(self._done)
        number, work = self._running.pop(future)
        try:
            returned: _Returned = future.result()
        except distributed.scheduler.KilledWorker as error:
            return [(number, Outcome(0.0, died=f"every worker that tried it died: {error}"))]
        except (asyncio.CancelledError, distributed.client.FutureCancelledError, OSError):
            raise CapabilityError(
                f"the cluster at {self._address} is lost; what is finished is kept, build again to go on"
            ) from None
        for suffix, content in returned.files.items():
            path = work.path.with_suffix(suffix)
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(content)
        outcome = returned.outcome
        return [(number, outcome if outcome.died else replace(outcome, value=pickle.loads(outcome.value)))]

    def stop(self) -> None:
        """Leave the cluster: it drops what still waits, and its workers end their processes."""
        if self._client is not None:
            self._client.close()


def _data(name: str) -> str:
    """Return the name under which a worker has the registry for its hands."""
    return f"{name}-data"


def _perform(name: str, parcel: _Parcel) -> _Returned:
    hands: Any = distributed.get_worker().plugins[name]
    returned: _Returned = hands.perform(parcel)
    return returned


class Hands(distributed.WorkerPlugin):
    """What a worker has for one build: as many crews as it makes reports at a time."""

    def __init__(self, hire: Callable[[], Loader], program: str) -> None:
        self._hire, self._program = hire, program

    def setup(self, worker: Any) -> None:
        """Have a crew load, whatever the worker is given to do."""
        self._worker, self._disk = str(worker.address), worker.local_directory
        digests.program_record.cache_clear()  # a worker outlives an upgrade
        self._same = digests.program() == self._program
        self._variables: dict[str, str] = {}
        self._crews: list[Loader] = []
        self._free: queue.SimpleQueue[Loader] = queue.SimpleQueue()
        if self._same:
            first = self._hired()
            first.begin()
            self._free.put(first)

    async def teardown(self, worker: Any) -> None:
        """End the processes."""
        for crew in self._crews:
            await asyncio.to_thread(crew.stop)  # it may take seconds, and the worker has to answer meanwhile

    def tell(self, variables: Mapping[str, str]) -> None:
        """Set variables in the environment of all reports; nothing is made yet."""
        self._variables |= variables
        for crew in self._crews:
            crew.tell(variables)

    def perform(self, parcel: _Parcel) -> _Returned:
        """Make a report in a process of its own.

        Raises
        ------
        CapabilityError
            Other versions are installed here than where the build was started, or the registry is
            not here, for the worker joined in the moment in which it was sent to the others.
        """
        if not self._same:
            raise CapabilityError(
                f"the worker {self._worker} has another version of kuzbass-lean or of its libraries: "
                "install the same everywhere, start the worker anew"
            )
        if not self._variables:
            raise CapabilityError(f"the worker {self._worker} was not sent the registry: build again")
        with self._crew() as crew, tempfile.TemporaryDirectory(dir=self._disk) as folder:
            notebook, path = (
                Path(folder) / "source" / parcel.name,
                Path(folder) / "report.ipynb",
            )
            notebook.parent.mkdir()
            notebook.write_bytes(parcel.notebook)
            task = Task(MAKE_PACKED, (parcel.work, notebook, path), parcel.timeout, parcel.memory)
            ((_, outcome),) = run([task], 1, crew)
            made = {each.suffix: each.read_bytes() for each in Path(folder).iterdir() if each.is_file()}
        return _Returned(outcome, made)

    @contextmanager
    def _crew(self) -> Iterator[Loader]:
        """Lend a crew that nobody else has meanwhile."""
        try:
            crew = self._free.get_nowait()
        except queue.Empty:
            crew = self._hired()
        try:
            yield crew
        finally:
            self._free.put(crew)

    def _hired(self) -> Loader:
        crew = self._hire()
        crew.tell(self._variables)
        self._crews.append(crew)
        return crew


class Data(distributed.WorkerPlugin):
    """The registry on a worker's disk, for the hands of one build."""

    def __init__(self, variable: str, tables: Mapping[str, bytes], hands: str) -> None:
        self._variable, self._tables, self._hands = variable, tables, hands

    def setup(self, worker: Any) -> None:
        """Write the tables and tell the hands where."""
        self._folder = Path(tempfile.mkdtemp(prefix="kuzbass-lean-", dir=worker.local_directory))
        for name, content in self._tables.items():
            (self._folder / name).write_bytes(content)
        self._tables = {}
        hands = worker.plugins.get(self._hands)
        if hands is not None:
            hands.tell({self._variable: str(self._folder)})

    def teardown(self, worker: Any) -> None:
        """Clear the disk."""
        shutil.rmtree(self._folder, ignore_errors=True)


class _Farewell(distributed.SchedulerPlugin):
    """Has the workers tear down what they hold for a build as soon as the build is gone, however it went."""

    def __init__(self, client: str, name: str, plugins: Sequence[str]) -> None:
        self._client, self._name, self._plugins = client, name, plugins

    def remove_client(self, scheduler: Any, client: str) -> None:
        """Act on the departure of the build's own client."""
        if client == self._client:
            scheduler.remove_plugin(name=self._name)
            self._ending = asyncio.get_running_loop().create_task(self._end(scheduler))

    async def _end(self, scheduler: Any) -> None:
        for name in self._plugins:
            if name in scheduler.worker_plugins:
                await scheduler.unregister_worker_plugin(None, name=name)
