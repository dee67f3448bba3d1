"""A validated registry on disk, so that it is checked once and not by every notebook."""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path

from pyarrow import parquet

from kuzbass_lean.errors import Finding, UsageError
from kuzbass_lean.omitted import Omitted
from kuzbass_lean.places import Origin, Stretch
from kuzbass_lean.registry import Registry

held: dict[str, Registry] = {}
"""Stored registries by folder that the build has read for all its notebooks (see ``press.warm``)."""

DATA_VARIABLE = "KUZBASS_LEAN_DATA"
"""Where a build tells its notebooks to read from, so that no path lands in a notebook."""

_ABOUT = "registry.json"


def store(registry: Registry, folder: Path) -> None:
    """Write a validated registry for ``restore``."""
    for name, frame in registry.tables.items():
        frame.to_parquet(folder / f"{name}.parquet")
    about = {
        "label": registry.label,
        "findings": [asdict(found) for found in registry.findings],
        "omitted": registry.omitted.to_dict(),
        "origins": {table: asdict(origin) for table, origin in registry.origins.items()},
        "inputs": dict(registry.inputs),
    }
    (folder / _ABOUT).write_text(json.dumps(about, ensure_ascii=False), encoding="utf-8")


def restore(folder: Path) -> Registry:
    """Return a registry as ``store`` wrote it; its rows were validated then.

    Raises
    ------
    UsageError
        The folder was not written by ``store``.
    """
    if not (folder / _ABOUT).is_file():
        raise UsageError(f"{DATA_VARIABLE} does not name a stored registry: unset it, or build again")
    about = json.loads((folder / _ABOUT).read_text(encoding="utf-8"))
    # In one piece, for rows are taken from all pieces at the price of the whole column.
    tables = {
        path.stem: parquet.read_table(path).combine_chunks().to_pandas()
        for path in sorted(folder.glob("*.parquet"))
    }
    findings = tuple(Finding(**found) for found in about["findings"])
    origins = {
        table: Origin(tuple(Stretch(**stretch) for stretch in origin["stretches"]))
        for table, origin in about["origins"].items()
    }
    omitted = Omitted.from_dict(about["omitted"])
    return Registry.from_frames(tables, about["label"], findings, omitted, origins, about["inputs"])
