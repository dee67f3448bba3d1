"""Where a registry may come from: the sample, a folder, a workbook, a database, a URL of these."""

from __future__ import annotations

import hashlib
import os
import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from importlib import resources
from pathlib import Path, PurePosixPath
from typing import Any

from kuzbass_lean import checks, schema
from kuzbass_lean.errors import CapabilityError, Finding, UsageError
from kuzbass_lean.intake import files, guard, workbook
from kuzbass_lean.intake.reading import Reading

SAMPLE_LABEL = "sample"


@dataclass(frozen=True)
class Source:
    """The tables of a source as they were read, before they are typed and checked.

    ``inputs`` holds the digests (SHA-256) of the files that were read, by name; a database has none.
    """

    label: str
    readings: Mapping[str, Reading]
    findings: tuple[Finding, ...]
    inputs: Mapping[str, str] = field(default_factory=dict)


def sample_path() -> Path:
    """Return the folder of the bundled sample registry."""
    return Path(str(resources.files("kuzbass_lean") / "data" / "sample"))


def load(source: str | os.PathLike[str]) -> Source:
    """Read the tables of a source.

    Raises
    ------
    UsageError
        There is no such source, it holds no table, or it is refused as hostile or too large.
    CapabilityError
        A library that the source needs is not installed.
    """
    named = os.fspath(source)
    if not named:
        return _folder(SAMPLE_LABEL, *_local(sample_path()))
    if "://" in named:
        return _remote(named)
    path = Path(source)
    if not path.exists():
        raise UsageError(f"there is no {path}: name a folder of CSV or Parquet files, or a workbook")
    if path.is_dir():
        return _folder(path.name, *_local(path), where=str(path))
    if path.suffix.lower() not in workbook.SUFFIXES:
        raise UsageError(f"{path} is not a folder nor a workbook: name the folder that holds the tables")
    guard.check_size(path.name, path.stat().st_size)
    return _workbook(path.name, path.read_bytes())


Opener = Callable[[str], bytes]


def _local(folder: Path) -> tuple[list[tuple[str, int]], Opener]:
    listed = [(path.name, path.stat().st_size) for path in folder.iterdir() if path.is_file()]
    return listed, lambda name: (folder / name).read_bytes()


def _workbook(name: str, data: bytes) -> Source:
    readings, findings = workbook.read_workbook(name, data)
    missing = [
        checks.finding("missing_table", name, sheet=schema.TABLES[table].title)
        for table in schema.REQUIRED_TABLES
        if table not in readings
    ]
    return Source(name.rpartition(".")[0], readings, (*findings, *missing), {name: _digest(data)})


def _digest(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


def _folder(label: str, listed: Iterable[tuple[str, int]], read: Opener, where: str = "") -> Source:
    readings: dict[str, Reading] = {}
    inputs: dict[str, str] = {}
    findings: list[Finding] = []
    wanted = sorted((name, size) for name, size in listed if name.endswith(files.SUFFIXES))
    if not wanted:
        raise UsageError(
            f"{where or label} holds no .csv or .parquet file: name the folder with the registry's tables"
        )
    for name, size in wanted:
        table = name.rpartition(".")[0]
        if table not in schema.TABLES:
            hint = checks.nearest_hint(table, tuple(schema.TABLES))
            findings.append(checks.finding("unknown_file", name, severity="warning", nearest=hint))
        elif table in readings:
            raise UsageError(f"{table} stands in {label} twice, as CSV and as Parquet: leave one")
        else:
            guard.check_size(name, size)
            data = read(name)
            inputs[name] = _digest(data)
            readings[table] = files.read_file(table, name, data)
    findings += [
        checks.finding("missing_table", f"{table}.csv")
        for table in schema.REQUIRED_TABLES
        if table not in readings
    ]
    return Source(label, readings, tuple(findings), inputs)


def _remote(source: str) -> Source:
    from kuzbass_lean.intake import database  # SQLAlchemy is slow to import, and most need no database

    if database.is_database(source):
        return _database(source)
    import fsspec

    shown = re.sub(r"://[^/@]*@", "://", source)
    try:
        system, path = fsspec.core.url_to_fs(source)
        if not system.exists(path):
            raise UsageError(f"there is no {shown}: name a folder of tables, or a workbook")
        return _open(system, path)
    except ImportError as error:
        raise CapabilityError(f"{shown} needs a library that is not installed: {error}") from None
    except (ValueError, OSError) as error:
        raise UsageError(f"{shown} cannot be read: {str(error).splitlines()[0]}") from None


def _open(system: Any, path: str) -> Source:
    name = PurePosixPath(path).name
    if not system.isdir(path):
        if not name.lower().endswith(workbook.SUFFIXES):
            raise UsageError(f"{name} is not a folder nor a workbook: name the folder that holds the tables")
        guard.check_size(name, system.size(path) or 0)
        return _workbook(name, system.cat_file(path))
    listed = system.ls(path, detail=True)
    sizes = [
        (PurePosixPath(each["name"]).name, each["size"] or 0) for each in listed if each["type"] == "file"
    ]
    return _folder(name or path, sizes, lambda each: bytes(system.cat_file(f"{path.rstrip('/')}/{each}")))


def _database(source: str) -> Source:
    from kuzbass_lean.intake import database

    label, readings, findings = database.read_database(source)
    missing = [
        checks.finding("missing_table", label, sheet=table)
        for table in schema.REQUIRED_TABLES
        if table not in readings
    ]
    return Source(label, readings, (*findings, *missing))
