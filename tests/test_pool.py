import os
import signal
import time
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

from kuzbass_lean.errors import CapabilityError
from kuzbass_lean.press import pool
from kuzbass_lean.press.crew import ENVIRONMENT, hire
from kuzbass_lean.press.pool import Nursery, Outcome, Supervisor, Task, run

MEGABYTE = 2**20


@pytest.fixture(scope="module")
def nursery() -> Iterator[Nursery]:
    # The engine «kernel» needs little loaded, so that the nursery starts fast.
    made = Nursery(ENVIRONMENT, ("kernel", False))
    yield made
    made.stop()


def code(text: str, timeout: float = 20, memory: int = 0) -> Task:
    return Task(exec, (text, {}), timeout, memory)


def value(text: str) -> Task:
    return Task(eval, (text, {}), 20)


def outcomes(nursery: pool.Crew, *tasks: Task, workers: int = 2) -> list[Outcome]:
    found = dict(run(tasks, workers, nursery))
    return [found[number] for number in range(len(tasks))]


def test_each_task_gives_its_own_value(nursery: Nursery) -> None:
    made = outcomes(nursery, value("1 + 1"), value("'a' * 3"), value("[1]"))
    assert [outcome.value for outcome in made] == [2, "aaa", [1]]
    assert all(not outcome.died for outcome in made)


def test_each_task_has_a_process_of_its_own_and_leads_its_group(nursery: Nursery) -> None:
    look = value("(__import__('os').getpid(), __import__('os').getpgid(0))")
    (one, other) = outcomes(nursery, look, look)
    assert one.value[0] == one.value[1]
    assert one.value[0] != other.value[0]


@pytest.mark.parametrize(
    ("task", "said"),
    [
        (code("import os; os._exit(0)"), "the kernel died (exit code 0)"),
        (code("import os; os._exit(5)"), "the kernel died (exit code 5)"),
        (code("import os; os.kill(os.getpid(), 9)"), "the kernel died (SIGKILL, perhaps out of memory)"),
        (code("import ctypes; ctypes.string_at(0)"), "the kernel died (SIGSEGV)"),
        (code("raise SystemExit(3)"), "SystemExit: 3"),
        (code("1 / 0"), "ZeroDivisionError: division by zero"),
        (code("x = bytearray(300 * 2**20)", memory=200 * MEGABYTE), "MemoryError: "),
        (code("while True: pass", timeout=0.5), "the report ran longer than 0.5 s"),
        (
            code("while True:\n try:\n  while True: pass\n except BaseException: pass", timeout=0.5),
            "the report ran longer than 0.5 s",
        ),
    ],
    ids=["exit0", "exit5", "kill", "segfault", "sys.exit", "error", "memory", "loop", "swallow"],
)
def test_a_task_that_ends_badly_says_how_and_leaves_the_one_beside_it_alone(
    nursery: Nursery, task: Task, said: str
) -> None:
    bad, good = outcomes(nursery, task, value("2 * 2"))
    assert bad.died == said
    assert bad.value is None
    assert good.value == 4


def test_a_task_within_its_memory_runs(nursery: Nursery) -> None:
    task = code("x = bytearray(100 * 2**20)", memory=200 * MEGABYTE)
    assert outcomes(nursery, task)[0].died == ""


def test_eight_tasks_beside_a_dying_one_all_succeed(nursery: Nursery) -> None:
    tasks = [value(f"{n} + 100") for n in range(8)]
    tasks.insert(2, code("import os; os.kill(os.getpid(), 9)"))
    made = outcomes(nursery, *tasks, workers=4)
    assert [outcome.value for outcome in made] == [100, 101, None, 102, 103, 104, 105, 106, 107]


def test_no_process_or_thread_that_a_task_leaves_behind_lives_on(nursery: Nursery, tmp_path: Path) -> None:
    note = tmp_path / "pids"
    leave = f"""
import os, subprocess, sys, threading, time
threading.Thread(target=time.sleep, args=(600,)).start()
wait = [sys.executable, '-c', 'import time; time.sleep(600)']
same, own = subprocess.Popen(wait), subprocess.Popen(wait, start_new_session=True)
open({str(note)!r}, 'w').write(f'{{os.getpid()}} {{same.pid}} {{own.pid}}')
"""
    started = time.monotonic()
    assert outcomes(nursery, code(leave))[0].died == ""
    assert time.monotonic() - started < 10
    assert not any(_lives(int(pid)) for pid in note.read_text().split())


def test_the_processes_of_a_late_task_are_ended_with_it(nursery: Nursery, tmp_path: Path) -> None:
    note = tmp_path / "pid"
    leave = f"""
import pathlib, subprocess
process = subprocess.Popen(['sleep', '600'])
pathlib.Path({str(note)!r}).write_text(str(process.pid))
process.wait()
"""
    assert outcomes(nursery, code(leave, timeout=1))[0].died == "the report ran longer than 1 s"
    assert not _lives(int(note.read_text()))


def _note_pid(note: Path) -> str:
    return f"import os, pathlib, time; pathlib.Path({str(note)!r}).write_text(str(os.getpid()));"


def _lives(pid: int) -> bool:
    deadline = time.monotonic() + 5
    while time.monotonic() < deadline:
        try:
            if psutil.Process(pid).status() == psutil.STATUS_ZOMBIE:
                return False
        except psutil.NoSuchProcess:
            return False
        time.sleep(0.02)
    return True


def test_a_nursery_that_is_killed_loses_its_running_tasks_and_no_other(tmp_path: Path) -> None:
    made = Nursery(ENVIRONMENT, ("kernel", False))
    note = tmp_path / "pid"
    fatal = f"{_note_pid(note)}os.kill(os.getppid(), 9); time.sleep(600)"
    try:
        first, second, third = outcomes(made, code(fatal, 60), value("1"), value("2"), workers=1)
    finally:
        made.stop()
    assert first.died == "its supervisor died; build again"
    assert [second.value, third.value] == [1, 2]
    assert not _lives(int(note.read_text()))


def test_a_stopped_nursery_ends_its_children(tmp_path: Path) -> None:
    made = Nursery(ENVIRONMENT, ("kernel", False))
    note = tmp_path / "pid"
    made.start(0, code(f"{_note_pid(note)}time.sleep(600)"))
    while not note.exists() or not note.read_text():
        time.sleep(0.02)
    made.stop()
    assert not _lives(int(note.read_text()))


@pytest.mark.parametrize("begun", [True, False])
def test_a_nursery_that_cannot_load_says_so_and_what_to_do(begun: bool) -> None:
    made = Nursery(ENVIRONMENT, ("warm", False))
    if begun:
        made.begin()
    made.tell({"KUZBASS_LEAN_DATA": "/nowhere"})
    with pytest.raises(CapabilityError, match=r"does not name a stored registry.*--engine kernel"):
        outcomes(made, value("1"))


@pytest.mark.parametrize("begun", [True, False])
def test_what_a_nursery_is_told_holds_for_tasks_that_start_later_even_after_its_death(begun: bool) -> None:
    made = Nursery(ENVIRONMENT, ("kernel", False))
    if begun:
        made.begin()
    made.tell({"LEAN_TEST": "да"})
    told = value("__import__('os').environ['LEAN_TEST']")
    (first,) = outcomes(made, told)
    (killed,) = outcomes(made, code("import os, signal; os.kill(os.getppid(), signal.SIGKILL)"))
    (after,) = outcomes(made, told)
    made.stop()
    assert (first.value, after.value) == ("да", "да")
    assert "died" in killed.died


def test_a_nursery_that_was_not_needed_is_gone_at_once() -> None:
    made = Nursery(ENVIRONMENT, ("warm", False))
    made.begin()
    process = made._process
    begun = time.monotonic()
    made.stop()
    assert process.poll() is not None
    assert time.monotonic() - begun < 1


def test_without_fork_processes_are_spawned_with_the_variables() -> None:
    crew = Supervisor("spawn", {"LEAN_TEST": "да"})
    good, bad = outcomes(crew, value("__import__('os').environ['LEAN_TEST']"), code("import os; os._exit(0)"))
    assert good.value == "да"
    assert bad.died == "the kernel died (exit code 0)"


def test_without_fork_the_warm_engine_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delattr(os, "fork")
    with pytest.raises(CapabilityError, match="--engine kernel"):
        hire("warm")


def test_an_exit_hook_of_a_task_runs(nursery: Nursery, tmp_path: Path) -> None:
    note = tmp_path / "note"
    outcomes(nursery, code(f"import atexit, pathlib; atexit.register(pathlib.Path({str(note)!r}).touch)"))
    assert note.exists()


def test_signals_reach_a_task_as_they_reach_any_process(nursery: Nursery) -> None:
    handler = outcomes(nursery, value("__import__('signal').getsignal(15)"))[0].value
    assert handler == signal.SIG_DFL
