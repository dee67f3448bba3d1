"""A run that is killed before any one of its steps leaves a whole site and a history that is true."""

import json
import multiprocessing
import os
import shutil
import signal
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from kuzbass_lean.runs import Run, Site, history, lock, publish
from kuzbass_lean.runs.history import health

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="needs fork and SIGKILL")

STEPS = ("open", "os.", "shutil.", "ctypes.dlsym")
"""What the interpreter tells of before a process touches the disk or calls the system."""
PAGES = ("a.html", "sectors/b.html", "sectors/b.ipynb")


def site_of(version: int) -> dict[str, str]:
    return {**dict.fromkeys(PAGES, f"страница {version}"), publish.MANIFEST: f"{version}", "index.html": "и"}


def build(folder: Path, version: int) -> None:
    """A run as a build does it: stage, note each report, publish."""
    site = Site(folder)
    with lock.held(site.lock):
        run = Run.begin(site)
        site.staged.mkdir(exist_ok=True)
        finished = run.finished if all(entry == version for entry in run.finished.values()) else {}
        publish.leave(site.staged, [Path(name) for name in finished])
        for name, text in site_of(version).items():
            path = site.staged / name
            if not path.exists():
                path.parent.mkdir(parents=True, exist_ok=True)
                path.write_text(text, encoding="utf-8")
                run.log("report", report=name, status="built", entry=version)
        run.publish({"version": version}, keep=9)


def killed_at(step: int, work: Callable[[], None]) -> bool:
    """Do the work in a process that is killed before its so many-th step; whether it came that far."""

    def child() -> None:
        left = step

        def look(event: str, arguments: tuple[object, ...]) -> None:
            nonlocal left
            if event.startswith(STEPS):
                left -= 1
                if left == -1:
                    os.kill(os.getpid(), signal.SIGKILL)

        sys.addaudithook(look)
        work()
        os._exit(0)

    process = multiprocessing.get_context("fork").Process(target=child)
    process.start()
    process.join()
    return process.exitcode == -signal.SIGKILL


def read(folder: Path) -> dict[str, str]:
    return {path.as_posix(): (folder / path).read_text(encoding="utf-8") for path in publish.files(folder)}


@pytest.fixture
def two_runs(tmp_path: Path) -> Path:
    """A site that two runs have published, with what an office keeps in it: a hidden file and folder."""
    folder = tmp_path / "before" / "site"
    build(folder, 1)
    (folder / ".git").mkdir()
    (folder / ".git/HEAD").write_text("x", encoding="utf-8")
    (folder / ".htaccess").write_text("y", encoding="utf-8")
    build(folder, 2)
    return folder.parent


@pytest.mark.parametrize("way", ["exchange", "renames"])
def test_killed_before_any_step_the_site_is_whole_and_the_next_run_completes_it(
    two_runs: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, way: str
) -> None:
    if way == "renames":
        monkeypatch.setattr(publish, "exchange", cannot)
    monkeypatch.delattr(os, "sync", raising=False)
    step, outcomes = 0, set()
    while True:
        folder = Path(shutil.copytree(two_runs, tmp_path / f"{step}")) / "site"
        killed = killed_at(step, lambda folder=folder: build(folder, 3))
        if way == "exchange" or folder.exists():
            assert read(folder) in (site_of(2), site_of(3)), step
        build(folder, 3)
        check(Site(folder), step)
        outcomes |= {(line["run"], line["outcome"]) for line in history(Site(folder))[2:]}
        shutil.rmtree(tmp_path / f"{step}")
        if not killed:
            break
        step += 1
    assert step > 50  # it has been killed everywhere, and not been let through at once
    third = {outcome for run, outcome in outcomes if run == "000003"}
    assert third == {"interrupted", "published"}


def cannot(*_: object) -> None:
    raise OSError("folders cannot be exchanged here")


def check(site: Site, step: int) -> None:
    """After a kill in the third run and one more build: everything is there, once, and true."""
    assert read(site.out) == site_of(3), step
    assert (site.out / ".git/HEAD").read_text(encoding="utf-8") == "x", step
    assert (site.out / ".htaccess").read_text(encoding="utf-8") == "y", step
    assert not site.staged.exists(), step
    told = [(line["run"], line["outcome"], line["published"]) for line in history(site)]
    assert told[:2] == [("000001", "published", True), ("000002", "published", True)]
    published = [run for run, _, new in told if new]
    assert len(published) == 3, (step, told)  # the third site was published once
    assert [run for run, _, _ in told] == sorted({run for run, _, _ in told}), (step, told)
    kept = {path.name: read(path) for path in (site.runs / "sites").iterdir()}
    assert kept == {"000001": site_of(1), "000002": site_of(2)}, step
    assert health(site)["run"] == told[-1][0]
    assert health(site)["failures"] == 0
    assert json.loads((site.runs / "health.json").read_text(encoding="utf-8"))["last_success"], step
