"""Files of JSON lines, and small files replaced whole; a kill or a full disk spoils one line at most."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any


def append(path: Path, document: Mapping[str, Any]) -> None:
    """Add one line, in one write."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("a+b") as file:
        # A line that was cut off is closed first, so that it spoils no other.
        cut = file.tell() and (file.seek(-1, 2), file.read(1))[1] != b"\n"
        file.write((b"\n" if cut else b"") + _line(document))


def write(path: Path, documents: Iterable[Mapping[str, Any]]) -> None:
    """Write a file of so many lines, all or none."""
    replace(path, b"".join(_line(document) for document in documents))


def replace(path: Path, content: bytes) -> None:
    """Put a file in place at one stroke."""
    path.parent.mkdir(parents=True, exist_ok=True)
    beside = path.with_name(f".{path.name}.new")
    beside.write_bytes(content)
    beside.replace(path)


def read(path: Path) -> list[dict[str, Any]]:
    """Return the documents of a file, none if there is no file; a line that was cut off is none."""
    try:
        content = path.read_bytes()
    except FileNotFoundError:
        return []
    found = []
    for line in content.split(b"\n"):
        try:
            document = json.loads(line)
        except ValueError:
            continue
        if isinstance(document, dict):
            found.append(document)
    return found


def _line(document: Mapping[str, Any]) -> bytes:
    return json.dumps(document, ensure_ascii=False, default=str).encode() + b"\n"
