import multiprocessing
import os
import signal
from pathlib import Path
from typing import Any

import pytest

from kuzbass_lean.errors import CapabilityError
from kuzbass_lean.runs import Site, lock

posix = pytest.mark.skipif(os.name == "nt", reason="needs a POSIX system")


@pytest.fixture
def site(tmp_path: Path) -> Site:
    return Site(tmp_path / "site")


def hold(path: Path, started: Any, until: Any) -> None:
    with lock.held(path):
        started.set()
        until.wait(60)


@posix
def test_a_second_build_is_told_who_is_at_work_and_one_that_waits_gets_its_turn(site: Site) -> None:
    context = multiprocessing.get_context("fork")
    started, until = context.Event(), context.Event()
    other = context.Process(target=hold, args=(site.lock, started, until))
    other.start()
    assert started.wait(60)
    with (
        pytest.raises(CapabilityError, match=rf"writing site \(process {other.pid}\).*--wait"),
        lock.held(site.lock),
    ):
        pass
    until.set()
    with lock.held(site.lock, wait=60):
        assert site.lock.read_text(encoding="utf-8").strip() == str(os.getpid())
    other.join()


@posix
def test_a_lock_goes_with_the_process_that_is_killed(site: Site) -> None:
    context = multiprocessing.get_context("fork")
    started, until = context.Event(), context.Event()
    other = context.Process(target=hold, args=(site.lock, started, until))
    other.start()
    assert started.wait(60)
    os.kill(other.pid or 0, signal.SIGKILL)
    other.join()
    with lock.held(site.lock):
        pass


@posix
def test_a_lock_file_that_was_removed_and_made_anew_lets_only_one_in(
    site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    removed = iter([True])
    really = lock._lock

    def lock_and_lose(file: Any) -> bool:
        if next(removed, False):
            site.lock.unlink()  # whoever clears the folder does it between the opening and the locking
        return really(file)

    monkeypatch.setattr(lock, "_lock", lock_and_lose)
    with lock.held(site.lock, wait=5), pytest.raises(CapabilityError), lock.held(site.lock):
        pass
