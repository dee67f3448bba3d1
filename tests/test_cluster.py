import asyncio
import contextlib
import time
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import distributed
import nbformat
import psutil
import pytest

from kuzbass_lean import intake
from kuzbass_lean.errors import CapabilityError, UsageError
from kuzbass_lean.press import cluster, digests
from kuzbass_lean.press.build import BuildOptions, build
from kuzbass_lean.press.crew import hire
from kuzbass_lean.press.plan import ReportSpec
from kuzbass_lean.registry import Registry

READS = "import kuzbass_lean as kl\nlen(kl.read().projects), name, __import__('random').random()"
KILLS_ITS_WORKER_ONCE = """
import os, pathlib, psutil
mark = pathlib.Path(note)
worker = psutil.Process().parents()[1]
if not mark.exists():
    mark.write_text(str(worker.pid))
    worker.kill()
int(mark.read_text()) == worker.pid
"""
DIES = "import os\nprint('до')\nos._exit(0)"


@pytest.fixture(scope="module")
def address() -> Iterator[str]:
    with distributed.LocalCluster(n_workers=2, threads_per_worker=1, dashboard_address=None) as local:
        yield local.scheduler_address


@pytest.fixture(scope="module")
def registry() -> Registry:
    whole = intake.read(intake.sample_path())
    return Registry.from_frames(
        {name: whole.frame(name) for name in ("organizations", "projects")}, "проверка"
    )


def spec(folder: Path, name: str, code: str, **parameters: str) -> ReportSpec:
    top = nbformat.v4.new_code_cell('name: str = ""\nnote: str = ""', metadata={"tags": ["parameters"]})
    path = folder / f"{name}.ipynb"
    nbformat.write(nbformat.v4.new_notebook(cells=[top, nbformat.v4.new_code_cell(code.strip())]), path)
    return ReportSpec(f"sectors/{name}", "sector", path, {"name": name, **parameters})


def files(out: Path) -> dict[str, bytes]:
    return {p.relative_to(out).as_posix(): p.read_bytes() for p in sorted(out.rglob("*")) if p.is_file()}


def test_a_cluster_gives_the_bytes_of_this_machine_and_does_a_lost_workers_reports_again(
    tmp_path: Path, registry: Registry, address: str
) -> None:
    specs = [spec(tmp_path, "a", READS), spec(tmp_path, "b", READS), spec(tmp_path, "dies", DIES)]
    here, there = (
        BuildOptions(tmp_path / "here", retries=0),
        BuildOptions(tmp_path / "there", retries=0, dask=address),
    )
    build(here, registry, specs)
    killer = spec(tmp_path, "killer", KILLS_ITS_WORKER_ONCE, note=str(tmp_path / "note"))
    results = {each.id: each for each in build(there, registry, [*specs, killer])}
    assert {name: each.status for name, each in results.items()} == {
        "sectors/a": "built", "sectors/b": "built", "sectors/dies": "failed", "sectors/killer": "built",
    }  # fmt: skip
    assert results["sectors/dies"].error == "cell 3: the kernel died (exit code 0)"
    mine, theirs = files(tmp_path / "here"), files(tmp_path / "there")
    same = [name for name in mine if name.startswith(("sectors/", "failed/"))]
    assert len(same) == 5
    assert [name for name in same if mine[name] != theirs[name]] == []
    (output,) = nbformat.read(tmp_path / "there/sectors/killer.ipynb", as_version=4).cells[-1].outputs
    assert output["data"]["text/plain"] == "False"  # another worker than the killed one


def test_a_worker_with_other_versions_is_refused(
    tmp_path: Path, registry: Registry, address: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(cluster.digests, "program", lambda: "another")
    with pytest.raises(CapabilityError, match="another version of kuzbass-lean"):
        build(BuildOptions(tmp_path / "out", dask=address), registry, [spec(tmp_path, "a", READS)])


def test_an_address_that_is_none_or_where_nobody_answers_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cluster, "_PATIENCE", 0.5)
    with pytest.raises(UsageError, match="nosuch"):
        cluster.Cluster("nosuch://x:1", hire).begin()
    with pytest.raises(CapabilityError, match="no Dask scheduler answers"):
        cluster.Cluster("tcp://127.0.0.1:9", hire).begin()


def test_a_cluster_without_a_worker_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cluster, "_PATIENCE", 0.5)
    empty = distributed.LocalCluster(n_workers=0, dashboard_address=None)
    with empty as local, pytest.raises(CapabilityError, match="has no worker"):
        cluster.Cluster(local.scheduler_address, hire).begin()


def nurseries(client: Any) -> list[int]:
    """How many processes each worker has that load what reports need."""

    def loading() -> int:
        found = 0
        for child in psutil.Process().children():
            with contextlib.suppress(psutil.Error):  # it has just ended
                found += "press.warm" in " ".join(child.cmdline())
        return found

    return sorted(client.run(loading).values())


def eventually(holds: Callable[[], bool]) -> bool:
    until = time.monotonic() + 30
    while not holds() and time.monotonic() < until:
        time.sleep(0.1)
    return holds()


def test_workers_load_before_there_is_a_registry_and_end_it_if_nobody_comes(address: str) -> None:
    crew = hire("warm", dask=address)
    with distributed.Client(address, set_as_default=False) as client:
        client.wait_for_workers(2, timeout=30)
        assert eventually(lambda: nurseries(client) == [0, 0])
        crew.begin()
        assert nurseries(client) == [1, 1]
        crew.stop()
        assert eventually(lambda: nurseries(client) == [0, 0])


def test_a_worker_knows_that_it_was_upgraded_since_its_last_build(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = digests.program()
    hands = cluster.Hands(partial(hire, "kernel"), before)
    try:
        with monkeypatch.context() as upgraded:
            upgraded.setattr(digests, "versions", lambda: {"pandas": "another"})
            hands.setup(SimpleNamespace(address="tcp://worker", local_directory=str(tmp_path)))
        with pytest.raises(CapabilityError, match="tcp://worker has another version"):
            hands.perform(SimpleNamespace())
    finally:
        digests.program_record.cache_clear()
        asyncio.run(hands.teardown(None))
    assert digests.program() == before


def test_a_worker_without_the_registry_makes_nothing_rather_than_a_page_of_the_sample(tmp_path: Path) -> None:
    hands = cluster.Hands(partial(hire, "kernel"), digests.program())
    hands.setup(SimpleNamespace(address="tcp://worker", local_directory=str(tmp_path)))
    try:
        with pytest.raises(CapabilityError, match="tcp://worker was not sent the registry"):
            hands.perform(SimpleNamespace())
    finally:
        asyncio.run(hands.teardown(None))
