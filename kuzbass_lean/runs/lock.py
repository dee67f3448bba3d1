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
    with path.open("a+b") as file:
        until = time.monotonic() + wait
        while not _taken(file):
            if time.monotonic() >= until:
                raise CapabilityError(_busy(path))
            time.sleep(_LOOK)
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


def _taken(file: IO[bytes]) -> bool:
    """Take the lock if it is free."""
    try:
        if os.name == "nt":
            import msvcrt

            file.seek(1 << 30)  # a byte beyond the text, so that others can still read who it is
            msvcrt.locking(file.fileno(), msvcrt.LK_NBLCK, 1)  # type: ignore[attr-defined]
        else:
            import fcntl

            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        return False
    return True
