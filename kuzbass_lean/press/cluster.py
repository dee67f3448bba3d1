"""Reports on a Dask cluster: each worker has a nursery of its own, files come back by value.

No folder is shared: a worker is sent the registry once and a notebook with each report, and
sends back what was made. So a report whose worker is lost is done again as if never begun.
"""

from __future__ import annotations

import asyncio
import shutil
import tempfile
import threading
import uuid
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from kuzbass_lean.errors import CapabilityError, UsageError
from kuzbass_lean.intake import DATA_VARIABLE
from kuzbass_lean.press import fresh
from kuzbass_lean.press.crew import hire
from kuzbass_lean.press.pool import Crew, Outcome, Task, run
from kuzbass_lean.press.report import Work, make

try:
    import distributed
except ImportError:
    raise CapabilityError("--dask needs the library distributed: pip install kuzbass-lean[cluster]") from None

_PATIENCE = 30
"""Seconds to wait for the scheduler, and then for a worker."""


@dataclass(frozen=True, slots=True)
class _Parcel:
    """All that a worker needs for one report."""

    work: Work
    notebook: bytes
    timeout: float
    memory: int


@dataclass(frozen=True, slots=True)
class _Returned:
    """What became of a report on a worker, and its files by suffix, finished or not."""

    outcome: Outcome
    files: dict[str, bytes]


class Cluster:
    """Gives tasks to the workers of a Dask cluster; each is ``report.make`` of one ``Work``.

    Parameters
    ----------
    address
        Where the scheduler listens, e.g. ``tcp://10.0.0.1:8786``.
    engine, pdf, as_of
        As for ``crew.hire``.
    data
        Folder of the stored registry.

    Raises
    ------
    UsageError
        The address is none.
    CapabilityError
        Nobody answers there, or the cluster has no worker.
    """

    def __init__(self, address: str, engine: str, data: Path, pdf: bool, as_of: str = "") -> None:
        self._address = address
        try:
            self._client = distributed.Client(address, timeout=_PATIENCE, set_as_default=False)
        except ValueError as error:
            raise UsageError(f"--dask {address}: {error}") from None
        except OSError:
            raise CapabilityError(
                f"no Dask scheduler answers at {address}: start one, then build again"
            ) from None
        self._running: dict[Any, tuple[int, Work]] = {}
        self._done = distributed.as_completed(loop=self._client.loop)
        self._name = f"kuzbass-lean-{uuid.uuid4().hex}"
        tables = {path.name: path.read_bytes() for path in sorted(data.iterdir())}
        try:
            self._client.wait_for_workers(1, timeout=_PATIENCE)
            self._client.register_plugin(_Farewell(self._client.id, self._name), self._name)
            self._client.register_plugin(Hands((engine, pdf, as_of), tables, fresh.program()), self._name)
        except TimeoutError:
            self.stop()
            raise CapabilityError(
                f"the cluster at {address} has no worker: start one, then build again"
            ) from None

    def start(self, number: int, task: Task) -> None:
        """Hand a task to the cluster, which has it wait for a free worker."""
        (work,) = task.arguments
        parcel = _Parcel(work, work.spec.notebook.read_bytes(), task.timeout, task.memory)
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
        return [(number, returned.outcome)]

    def stop(self) -> None:
        """Leave the cluster: it drops what still waits, and its workers end their processes."""
        self._client.close()


def _perform(name: str, parcel: _Parcel) -> _Returned:
    hands: Any = distributed.get_worker().plugins[name]
    returned: _Returned = hands.perform(parcel)
    return returned


class Hands(distributed.WorkerPlugin):
    """What a worker has for one build: the registry on its disk, and a crew for each of its threads."""

    def __init__(self, crew: tuple[str, bool, str], tables: dict[str, bytes], program: str) -> None:
        self._asked, self._tables, self._program = crew, tables, program

    def setup(self, worker: Any) -> None:
        """Put the registry on the worker's disk."""
        self._worker = str(worker.address)
        fresh.program.cache_clear()  # a worker outlives an upgrade
        self._same = fresh.program() == self._program
        self._folder = Path(tempfile.mkdtemp(prefix="kuzbass-lean-", dir=worker.local_directory))
        self._data = self._folder / "data"
        self._data.mkdir()
        for name, content in self._tables.items():
            (self._data / name).write_bytes(content)
        self._tables = {}
        self._crews: dict[int, Crew] = {}

    async def teardown(self, worker: Any) -> None:
        """End the processes and clear the disk."""
        for crew in self._crews.values():
            await asyncio.to_thread(crew.stop)  # it may take seconds, and the worker has to answer meanwhile
        shutil.rmtree(self._folder, ignore_errors=True)

    def perform(self, parcel: _Parcel) -> _Returned:
        """Make a report in a process of its own.

        Raises
        ------
        CapabilityError
            Other versions are installed here than where the build was started.
        """
        if not self._same:
            raise CapabilityError(
                f"the worker {self._worker} has another version of kuzbass-lean or of its libraries: "
                "install the same everywhere, start the worker anew"
            )
        with tempfile.TemporaryDirectory(dir=self._folder) as folder:
            notebook, path = (
                Path(folder) / "source" / parcel.work.spec.notebook.name,
                Path(folder) / "report.ipynb",
            )
            notebook.parent.mkdir()
            notebook.write_bytes(parcel.notebook)
            here = replace(parcel.work, spec=replace(parcel.work.spec, notebook=notebook), path=path)
            ((_, outcome),) = run([Task(make, (here,), parcel.timeout, parcel.memory)], 1, self._crew())
            made = {each.suffix: each.read_bytes() for each in Path(folder).iterdir() if each.is_file()}
        return _Returned(outcome, made)

    def _crew(self) -> Crew:
        me = threading.get_ident()
        if me not in self._crews:
            engine, pdf, as_of = self._asked
            self._crews[me] = made = hire(engine, pdf, as_of)
            made.tell({DATA_VARIABLE: str(self._data)})
        return self._crews[me]


class _Farewell(distributed.SchedulerPlugin):
    """Has the workers tear down what they hold for a build as soon as the build is gone, however it went."""

    def __init__(self, client: str, name: str) -> None:
        self._client, self._name = client, name

    def remove_client(self, scheduler: Any, client: str) -> None:
        """Act on the departure of the build's own client."""
        if client == self._client:
            scheduler.remove_plugin(name=self._name)
            ending = scheduler.unregister_worker_plugin(None, name=self._name)
            self._ending = asyncio.get_running_loop().create_task(ending)
