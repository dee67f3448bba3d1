"""Where a site goes: a folder, or a folder of this machine's and a URL that it is copied to.

A store behind a URL cannot exchange two folders: pages are copied first, index and manifest last,
and until the manifest is there the copying can be repeated.
"""

from __future__ import annotations

import hashlib
import json
import os
import re
import shutil
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from kuzbass_lean.errors import CapabilityError, UsageError
from kuzbass_lean.runs.publish import LAST, MANIFEST, Site, files


@dataclass(frozen=True)
class Destination:
    """The folder in which a site is made, and the fsspec URL of its copy, empty if there is none."""

    folder: Path
    url: str = ""

    @classmethod
    def of(cls, out: str) -> Destination:
        """Return the destination that a user names: a folder, or a URL; a file URL is a folder.

        The folder of a URL lies in the user's cache; if it is lost, the site is fetched back.
        """
        if "://" not in out:
            return cls(Path(out))
        if out.startswith(("file://", "local://")):
            return cls(Path(out.partition("://")[2]))
        home = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
        url = out.rstrip("/")
        name = f"{url.rpartition('/')[2] or 'site'}-{hashlib.sha256(url.encode()).hexdigest()[:12]}"
        return cls(home / "kuzbass-lean" / name, url)

    @property
    def shown(self) -> str:
        """What to call it: the URL without its password, or the folder."""
        return re.sub(r"://[^/@]*@", "://", self.url) or str(self.folder)

    def fetch(self) -> None:
        """Make the folder what the URL holds, where that is not what was last sent from here.

        Raises
        ------
        UsageError
            The URL's scheme is unknown.
        CapabilityError
            A library is missing, or the store does not answer.
        """
        if not self.url:
            return
        with self._talking("read"):
            if not self._system.exists(f"{self._root}/{MANIFEST}"):
                _write(self._record, {})
                return
            if _digest(self._system.cat_file(f"{self._root}/{MANIFEST}")) == self._sent().get(MANIFEST):
                return
            shutil.rmtree(self.folder, ignore_errors=True)
            for name in self._there():
                (self.folder / name).parent.mkdir(parents=True, exist_ok=True)
                (self.folder / name).write_bytes(self._system.cat_file(f"{self._root}/{name}"))
        _write(self._record, self._here())

    def send(self) -> int:
        """Copy what is new to the URL and remove what is gone; return how many files were copied.

        Raises
        ------
        CapabilityError
            The store refuses or does not answer; what is built is kept.
        """
        if not self.url:
            return 0
        here, sent = self._here(), self._sent()
        with self._talking("written"):
            there = self._there()
            sizes = {name: (self.folder / name).stat().st_size for name in here}
            new = [name for name in here if here[name] != sent.get(name) or there.get(name) != sizes[name]]
            for name in sorted(new, key=lambda name: (name in LAST, name)):
                self._system.makedirs(f"{self._root}/{name}".rpartition("/")[0], exist_ok=True)
                self._system.pipe_file(f"{self._root}/{name}", (self.folder / name).read_bytes())
            for name in (there.keys() & sent.keys()) - here.keys():  # others' files are no business of ours
                self._system.rm_file(f"{self._root}/{name}")
        _write(self._record, here)
        return len(new)

    @cached_property
    def _opened(self) -> tuple[Any, str]:
        import fsspec

        try:
            system, root = fsspec.core.url_to_fs(self.url)
        except ImportError as error:
            raise CapabilityError(f"{self.shown} needs a library that is not installed: {error}") from None
        except ValueError as error:
            raise UsageError(f"--out {self.shown}: {error}") from None
        return system, str(root).rstrip("/")

    @property
    def _system(self) -> Any:
        return self._opened[0]

    @property
    def _root(self) -> str:
        return self._opened[1]

    @property
    def _record(self) -> Path:
        return Site(self.folder).runs / "sent.json"

    def _sent(self) -> Mapping[str, str]:
        """Return the digest of each file that the URL holds, as far as this machine knows."""
        try:
            found = json.loads(self._record.read_text(encoding="utf-8"))
        except (OSError, ValueError):
            return {}
        return found if isinstance(found, dict) else {}

    def _here(self) -> dict[str, str]:
        return {name.as_posix(): _digest((self.folder / name).read_bytes()) for name in files(self.folder)}

    def _there(self) -> dict[str, int]:
        self._system.invalidate_cache()
        found = self._system.find(self._root, detail=True)
        names = {path[len(self._root) + 1 :]: about["size"] for path, about in found.items()}
        # Hidden files are no part of a site, and a name that climbs («..») is none of a file of ours.
        return {
            name: size for name, size in names.items() if not any(p.startswith(".") for p in name.split("/"))
        }

    @contextmanager
    def _talking(self, done: str) -> Iterator[None]:
        try:
            yield
        except OSError as error:
            why = str(error).splitlines()[0] if str(error) else type(error).__name__
            raise CapabilityError(
                f"{self.shown} cannot be {done}: {why}; what is built is kept in {self.folder}, build again"
            ) from None


def _digest(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


def _write(path: Path, document: object) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    beside = path.with_name(f".{path.name}.new")
    beside.write_text(json.dumps(document), encoding="utf-8")
    beside.replace(path)
