"""Digests of bytes, documents and files, and of the program that makes a page; light to import."""

from __future__ import annotations

import hashlib
import json
import platform
from collections.abc import Mapping
from functools import cache
from importlib import metadata, resources
from pathlib import Path
from typing import Any

_LIBRARIES = (
    "babel", "great-tables", "ipykernel", "ipython", "jinja2", "matplotlib", "nbclient", "nbconvert", "numpy",
    "pandas", "papermill", "pyarrow", "scipy", "seaborn", "statsmodels", "weasyprint",
)  # fmt: skip
"""Libraries whose version can change a page."""


def sha256(*parts: bytes) -> str:
    """Return the digest of the parts, each with its length, so that no two lists share one."""
    total = hashlib.sha256()
    for part in parts:
        total.update(f"{len(part)}:".encode())
        total.update(part)
    return total.hexdigest()


def canonical(document: Any) -> bytes:
    """Return a value as JSON that is the same bytes for the same content."""
    return json.dumps(
        document, ensure_ascii=False, sort_keys=True, separators=(",", ":"), default=str
    ).encode()


def file_digest(path: Path) -> str:
    """Return the digest of a file's bytes."""
    return hashlib.sha256(path.read_bytes()).hexdigest()


def program() -> str:
    """Return the digest of this library's own files and of the versions that draw a page."""
    return sha256(canonical(program_record()))


@cache
def program_record() -> Mapping[str, Mapping[str, str]]:
    """Return what ``program`` is the digest of: ``versions``, and the digests of the library's ``files``.

    Read once, so that one build has one program; whoever lives on after it clears this cache.
    """
    root = Path(str(resources.files("kuzbass_lean")))
    files = sorted(p for p in root.rglob("*") if p.suffix in (".py", ".yaml", ".j2", ".css", ".json"))
    return {
        "files": {path.relative_to(root).as_posix(): file_digest(path) for path in files},
        "versions": versions(),
    }


def versions() -> Mapping[str, str]:
    """Return the versions of Python and of the libraries that draw a page."""
    return {
        "python": platform.python_version(),
        **{name: metadata.version(name) for name in _LIBRARIES},
    }
