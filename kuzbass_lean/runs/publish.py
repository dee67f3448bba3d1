"""The published site is a whole old or a whole new one: staged beside it, then exchanged with it."""

from __future__ import annotations

import hashlib
import os
import shutil
import sys
from collections.abc import Callable, Container, Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from kuzbass_lean.errors import CapabilityError, UsageError

MANIFEST = "manifest.json"
LAST = ("index.html", MANIFEST)
"""What is moved last where a site must be changed file by file."""
_HERE, _EXCHANGE = -100, 2
"""The kernel's AT_FDCWD and RENAME_EXCHANGE."""


@dataclass(frozen=True)
class Site:
    """The output folder, and the folder beside it that holds what is no part of the site."""

    folder: Path

    @cached_property
    def out(self) -> Path:
        """The site as it is published; where the folder is a link, what it leads to."""
        return self.folder.resolve()

    @cached_property
    def runs(self) -> Path:
        """What is known of the builds: the lock, the history, the logs, old sites."""
        return self.out.with_name(f"{self.out.name}.runs")

    @cached_property
    def staged(self) -> Path:
        """The next site while it is made."""
        return self.runs / "next"

    @cached_property
    def lock(self) -> Path:
        """The file that a build holds while it is at work."""
        return self.runs / "lock"

    def check(self) -> None:
        """Refuse what cannot be the folder of a site.

        Raises
        ------
        UsageError
            It is a file, or the folder that someone works in: a site takes the place of all of it.
        CapabilityError
            Nothing can be written there.
        """
        if self.out.exists() and not self.out.is_dir():
            raise UsageError(f"--out {self.folder} is a file: name a folder")
        lived_in = [Path.cwd(), *(Path(home) for home in [os.environ.get("HOME")] if home)]
        if any(folder.is_relative_to(self.out) for folder in lived_in):
            raise UsageError(f"--out {self.folder} is more than a site: name a folder for the pages alone")
        above = next(path for path in (self.runs, *self.runs.parents) if path.exists())
        for path in (self.out, above):
            if path.exists() and not os.access(path, os.W_OK):
                raise CapabilityError(
                    f"{path} cannot be written, and the pages of --out {self.folder} and what is known of "
                    "their builds go there: ask for the right to, or name another folder"
                )

    def old(self, run: str) -> Path:
        """Return where the site that a run published is kept once it is replaced."""
        return self.runs / "sites" / run


def files(folder: Path) -> Iterator[Path]:
    """Return the files of a site, relative to its folder, in order; hidden ones are none of it."""
    for root, folders, names in os.walk(folder):
        folders[:] = sorted(name for name in folders if not name.startswith("."))
        for name in sorted(names):
            path = Path(root, name)
            if not name.startswith(".") and path.is_file():
                yield path.relative_to(folder)


def digest(folder: Path) -> str:
    """Return the digest of a site: of the names and bytes of all its files."""
    total = hashlib.sha256()
    for name in files(folder):
        content = hashlib.sha256((folder / name).read_bytes()).hexdigest()
        total.update(f"{name.as_posix()}\n{content}\n".encode())
    return total.hexdigest()


def bring(source: Path, target: Path, wanted: Callable[[Path], bool], pages: Container[str]) -> None:
    """Bring the wanted files of a site into another folder, those that are there already excepted.

    Pages that stay as they are cost no space: both sites link to one file. It is made read-only,
    for some editors (Jupyter's among them) save into the file that is there, and so into each of
    its sites. Whatever else lies in the folder is copied.
    """
    for name in files(source):
        if wanted(name) and not (target / name).exists():
            (target / name).parent.mkdir(parents=True, exist_ok=True)
            if name.as_posix() not in pages or not _linked(source / name, target / name):
                shutil.copy2(source / name, target / name)


def _linked(source: Path, target: Path) -> bool:
    if os.name == "nt":  # what is read-only cannot be removed there
        return False
    try:
        source.chmod(source.stat().st_mode & 0o555)
        os.link(source, target)
    except OSError:
        return False
    return True


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

    At one stroke where the system can exchange two folders (Linux); by two renames elsewhere;
    file by file, pages before the index, where the output folder cannot be moved at all (it is a
    mount point). ``recover`` finishes what was cut off.
    """
    if hasattr(os, "sync"):
        os.sync()  # names may reach the disk before contents do
    if not site.out.exists():
        site.staged.rename(site.out)
        return
    _dress(site.staged, site.out)
    try:
        exchange(site.staged, site.out)
    except OSError:
        _by_renames(site, run)
    else:
        with suppress(OSError):  # it is published, and the next run will try again
            _put_away(site, run)


def recover(site: Site, run: str, expected: str) -> None:
    """Finish a publication that was cut off.

    Parameters
    ----------
    run
        The run that had published the site to be replaced.
    expected
        The digest of the site that was to be published.
    """
    if not site.out.exists():
        if site.staged.is_dir() and digest(site.staged) == expected:
            site.staged.rename(site.out)
    elif site.staged.is_dir() and digest(site.out) == expected:
        _put_away(site, run)
    _carry(site.old(run), site.out)


def exchange(one: Path, other: Path) -> None:
    """Exchange two folders at one stroke.

    Raises
    ------
    OSError
        The system or the file system cannot.
    """
    import ctypes  # where nothing changed it is not needed

    call = getattr(ctypes.CDLL(None, use_errno=True), "renameat2", None) if sys.platform == "linux" else None
    if call is None:
        raise OSError("folders cannot be exchanged here")
    if call(_HERE, os.fsencode(one), _HERE, os.fsencode(other), _EXCHANGE):
        number = ctypes.get_errno()
        raise OSError(number, os.strerror(number), str(other))


def _put_away(site: Site, run: str) -> None:
    """Keep the replaced site, which lies where the new one was made, as that of its run."""
    _carry(site.staged, site.out)
    if any(files(site.staged)):
        site.staged.rename(_room(site, run))
    else:
        shutil.rmtree(site.staged)


def _room(site: Site, run: str) -> Path:
    room = site.old(run)
    room.parent.mkdir(parents=True, exist_ok=True)
    if room.exists():
        shutil.rmtree(room)
    return room


def _by_renames(site: Site, run: str) -> None:
    room = _room(site, run)
    try:
        site.out.rename(room)
    except OSError:
        _pour(site, room)
        return
    try:
        site.staged.rename(site.out)
    except OSError:
        room.rename(site.out)
        raise
    _carry(room, site.out)


def _pour(site: Site, room: Path) -> None:
    for name in files(site.out):
        (room / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy2(site.out / name, room / name)
    names = sorted(files(site.staged), key=lambda name: (name.as_posix() in LAST, name))
    for name in names:
        target = site.out / name
        target.parent.mkdir(parents=True, exist_ok=True)
        beside = target.with_name(f".{name.name}.new")
        shutil.copyfile(site.staged / name, beside)
        beside.replace(target)
    for name in set(files(site.out)) - set(names):
        (site.out / name).unlink()
    shutil.rmtree(site.staged)


def _dress(new: Path, old: Path) -> None:
    """Give the folders of a new site the modes and owners of the old ones, and its hidden files."""
    for root, folders, names in os.walk(old):
        folders[:] = [name for name in folders if not name.startswith(".")]
        like = new / Path(root).relative_to(old)
        if not like.is_dir():
            continue
        for name in names:
            if name.startswith(".") and not (like / name).exists():
                shutil.copy2(Path(root, name), like / name)
        shutil.copystat(root, like)
        if hasattr(os, "chown"):
            with suppress(OSError):  # who may not give folders away owns them himself
                os.chown(like, Path(root).stat().st_uid, Path(root).stat().st_gid)


def _carry(old: Path, new: Path) -> None:
    """Move what hidden folders an old site holds (a .git) into the new one: the office's, not the site's."""
    for root, folders, _ in os.walk(old):
        for name in [name for name in folders if name.startswith(".")]:
            folders.remove(name)
            target = new / Path(root, name).relative_to(old)
            if target.parent.is_dir() and not target.exists():
                Path(root, name).rename(target)
