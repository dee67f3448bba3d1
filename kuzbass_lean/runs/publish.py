"""The published site is a whole old or a whole new one: staged beside it, then exchanged with it."""

from __future__ import annotations

import ctypes
import os
import shutil
import sys
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

MANIFEST = "manifest.json"
_LAST = ("index.html", MANIFEST)
"""What is moved last where a site must be changed file by file."""
_HERE, _EXCHANGE = -100, 2
"""The kernel's AT_FDCWD and RENAME_EXCHANGE."""


@dataclass(frozen=True)
class Site:
    """The output folder, and the folder beside it that holds what is no part of the site."""

    folder: Path

    @cached_property
    def out(self) -> Path:
        """The site as it is published."""
        return self.folder.resolve()

    @cached_property
    def runs(self) -> Path:
        """What is known of the builds: the lock, the journal, the history, the logs, old sites."""
        return self.out.with_name(f"{self.out.name}.runs")

    @cached_property
    def staged(self) -> Path:
        """The next site while it is made."""
        return self.runs / "next"

    def old(self, run: str) -> Path:
        """Return where the site that a run published is kept once it is replaced."""
        return self.runs / "sites" / run


def files(folder: Path) -> Iterator[Path]:
    """Return the files of a site, relative to its folder, in order; hidden ones are none of it."""
    found = (path.relative_to(folder) for path in sorted(folder.rglob("*")) if path.is_file())
    return (path for path in found if not any(part.startswith(".") for part in path.parts))


def bring(source: Path, target: Path, wanted: Callable[[Path], bool]) -> None:
    """Bring the wanted files of a site into another folder, by a link where that is possible."""
    for name in files(source):
        if wanted(name) and not (target / name).exists():
            (target / name).parent.mkdir(parents=True, exist_ok=True)
            try:
                os.link(source / name, target / name)
            except OSError:
                shutil.copy2(source / name, target / name)


def leave(folder: Path, kept: Iterable[Path]) -> None:
    """Remove everything from a staged site but the files that are kept."""
    staying = set(kept)
    for path in [path for path in folder.rglob("*") if not path.is_dir()]:
        if path.relative_to(folder) not in staying:
            path.unlink()
    for path in sorted((path for path in folder.rglob("*") if path.is_dir()), reverse=True):
        if not any(path.iterdir()):
            path.rmdir()


def publish(site: Site, run: str) -> None:
    """Put the staged site in place of the published one, which is kept as the site of its run.

    At one stroke where the system can exchange two folders (Linux); by two renames elsewhere, the
    second of which ``recover`` repeats if it was cut off; file by file, pages before the index,
    where the output folder cannot be moved at all (it is a mount point).
    """
    if hasattr(os, "sync"):
        os.sync()  # names may reach the disk before contents do
    if not site.out.exists():
        site.staged.rename(site.out)
        return
    site.old(run).parent.mkdir(parents=True, exist_ok=True)
    shutil.rmtree(site.old(run), ignore_errors=True)
    try:
        exchange(site.staged, site.out)
        site.staged.rename(site.old(run))
    except OSError:
        try:
            site.out.rename(site.old(run))
        except OSError:
            _pour(site.staged, site.out)
            shutil.rmtree(site.staged)
            return
        site.staged.rename(site.out)


def exchange(one: Path, other: Path) -> None:
    """Exchange two folders at one stroke.

    Raises
    ------
    OSError
        The system or the file system cannot.
    """
    call = getattr(ctypes.CDLL(None, use_errno=True), "renameat2", None) if sys.platform == "linux" else None
    if call is None:
        raise OSError("folders cannot be exchanged here")
    if call(_HERE, os.fsencode(one), _HERE, os.fsencode(other), _EXCHANGE):
        number = ctypes.get_errno()
        raise OSError(number, os.strerror(number), str(other))


def _pour(source: Path, target: Path) -> None:
    names = sorted(files(source), key=lambda name: (name.as_posix() in _LAST, name))
    for name in names:
        (target / name).parent.mkdir(parents=True, exist_ok=True)
        beside = (target / name).with_name(f".{name.name}.new")
        shutil.copyfile(source / name, beside)
        beside.replace(target / name)
    for name in set(files(target)) - set(names):
        (target / name).unlink()
