"""Whether a build has nothing to do, told from the bytes it would read and those it once gave.

A short cut and nothing more: it needs no library, so that the answer takes no time; where it
cannot be sure it does not know, and the build looks at every report by itself (``press.fresh``).
"""

from __future__ import annotations

import hashlib
import json
import os
import sys
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from kuzbass_lean.runs import Site, lines
from kuzbass_lean.runs.publish import digest

_PACKAGE = Path(__file__).parent
_SAMPLE = _PACKAGE / "data" / "sample"


@dataclass(frozen=True, slots=True)
class Request:
    """What a build is asked: the source of its data, its two folders, and all options that shape pages."""

    data: str
    params: Path
    notebooks: Path
    options: Mapping[str, Any]

    def digest(self) -> str:
        """Return the digest of the request and of all that it makes a build read; empty if unknown."""
        data = Path(self.data) if self.data else _SAMPLE
        told = any(name.startswith("KUZBASS_LEAN_") for name in os.environ)
        if told or "://" in self.data or not data.exists():
            return ""
        about = [data.name, bool(self.data), dict(self.options), sys.version, *_installed()]
        try:
            read = [
                *_digests("data", data, data.iterdir() if data.is_dir() else [data]),
                *_digests("params", self.params, self.params.glob("*.yaml")),
                *_digests("notebooks", self.notebooks, self.notebooks.glob("*.ipynb")),
                *_digests("program", _PACKAGE, _program()),
            ]
        except OSError:
            return ""
        return _digest([about, read])


def record_of(out: Path) -> Path:
    """Return the file that tells what the last whole build was asked and gave; it may be deleted."""
    return Site(out).runs / "settled.json"


def unchanged(out: Path, asked: str) -> tuple[str, ...] | None:
    """Return the ids of the reports that a build would find unchanged; None if it must look itself."""
    try:
        record = json.loads(record_of(out).read_text(encoding="utf-8"))
        if asked and record["asked"] == asked and record["gave"] == digest(out):
            return tuple(str(name) for name in record["reports"])
    except (OSError, ValueError, KeyError, TypeError):
        pass
    return None


def settle(out: Path, asked: str, again: str, reports: Iterable[str]) -> None:
    """Record a build that left nothing to do, if what it read was the same before it and after."""
    if not asked or asked != again:
        return
    record = {"asked": asked, "gave": digest(out), "reports": list(reports)}
    lines.replace(record_of(out), json.dumps(record, ensure_ascii=False).encode() + b"\n")


def _program() -> Iterator[Path]:
    for path in _PACKAGE.rglob("*"):
        if _SAMPLE not in path.parents and path.suffix != ".pyc":
            yield path


def _installed() -> list[str]:
    """Return the names, versions included, under which packages are installed."""
    folders = [Path(folder) for folder in sys.path if Path(folder).is_dir()]
    return sorted({path.name for folder in folders for path in folder.glob("*.dist-info")})


def _digests(role: str, root: Path, paths: Iterable[Path]) -> Iterator[list[str]]:
    for path in sorted(paths):
        if path.is_file():
            name = path.relative_to(root).as_posix()
            yield [role, name, hashlib.sha256(path.read_bytes()).hexdigest()]


def _digest(document: Any) -> str:
    text = json.dumps(document, ensure_ascii=False, sort_keys=True, default=str)
    return hashlib.sha256(text.encode()).hexdigest()
