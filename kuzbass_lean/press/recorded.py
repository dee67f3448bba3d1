"""The registries that the pages of a site were made from, kept in it: what lets others build it again.

A site has one, unless some of its reports were built alone (``--only``) from newer data.
"""

from __future__ import annotations

import shutil
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from kuzbass_lean import schema
from kuzbass_lean.intake import store
from kuzbass_lean.press.digests import file_digest
from kuzbass_lean.registry import Registry

FOLDER = "data/registry"


def folder(key: str) -> str:
    """Return where a site keeps the registry of this digest (``fresh.Reads.whole``)."""
    return f"{FOLDER}/{key[:16]}"


def keep(out: Path, key: str, registry: Registry) -> dict[str, Any]:
    """Write a registry into a site and return what the manifest says of it.

    Keys label, digest and as_of; audience, ``internal`` if it names people; ``rows`` by table, and how
    many were ``left_out``;
    ``inputs``, the digests of the files that it was read from, and ``files``, of those it is kept in.
    """
    home = out / folder(key)
    shutil.rmtree(home, ignore_errors=True)
    home.mkdir(parents=True)
    store(registry, home)
    named = any(frame[column].notna().any() for name, frame in registry.tables.items()
                for column in schema.personal(name))  # fmt: skip
    return {
        "label": registry.label,
        "digest": registry.digest,
        "as_of": str(registry.as_of or ""),
        "audience": "internal" if named else "public",
        "left_out": {name: left.rows for name, left in registry.left_out.items()},
        "rows": {name: len(frame) for name, frame in registry.tables.items()},
        "inputs": dict(registry.inputs),
        "files": {f"{folder(key)}/{path.name}": file_digest(path) for path in sorted(home.iterdir())},
    }


def bring(source: Path, target: Path, known: Mapping[str, Any], wanted: Iterable[str]) -> dict[str, Any]:
    """Bring the registries that pages of the old site still need into the new one; return their records."""
    brought = {}
    for key in sorted(set(wanted) & set(known)):
        if (source / folder(key)).is_dir():
            shutil.copytree(source / folder(key), target / folder(key), dirs_exist_ok=True)
            brought[key] = known[key]
    return brought
