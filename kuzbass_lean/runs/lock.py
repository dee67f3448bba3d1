"""One build at a time in a folder: a lock of the operating system's, gone with its process."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

from kuzbass_lean.errors import CapabilityError

_LOOK = 0.2
"""Seconds between attempts while waiting."""


@contextmanager
def held(path: Path, wait: float = 0) -> Iterator[None]:
    """Hold the lock file, waiting at most so many seconds for whoever holds it.

    Raises
    ------
    CapabilityError
        Another process still holds it.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    until = time.monotonic() + wait
    while (file := _taken(path)) is None:
        if time.monotonic() >= until:
            raise CapabilityError(_busy(path))
        time.sleep(_LOOK)
    with file:
        file.truncate(0)
        file.write(f"{os.getpid()}\n".encode())
        file.flush()
        yield


def _busy(path: Path) -> str:
    try:
        holder = path.read_text(encoding="utf-8").strip()
    except OSError:  # Windows lets nobody read what is locked
        holder = ""
    who = f" (process {holder})" if holder else ""
    name = path.parent.name.removesuffix(".runs")
    return f"another build is writing {name}{who}: wait for it, or let this one wait with --wait SECONDS"


def _taken(path: Path) -> IO[bytes] | None:
    """Open and lock the file; None if another process holds it."""
    file = path.open("a+b")
    if _lock(file) and _is(file, path):
        return file
    file.close()
    return None


def _is(file: IO[bytes], path: Path) -> bool:
    """Whether an open file is still the one of that name: a lock on a removed file keeps nobody out."""
    try:
        return os.path.samestat(os.fstat(file.fileno()), path.stat())
    except FileNotFoundError:
        return False


def _lock(file: IO[bytes]) -> bool:
    if os.name == "nt":
        import msvcrt

        file.seek(1 << 30)  # a byte beyond the text, so that others can still read who it is
        try:
            msvcrt.locking(file.fileno(), msvcrt.LK_NBLCK, 1)  # type: ignore[attr-defined]
        except OSError:
            return False
        return True
    import fcntl

    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True
