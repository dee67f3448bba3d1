"""Where a registry may come from: the sample, a folder, a workbook, a database, a URL of these."""

from __future__ import annotations

import hashlib
import os
import re
from collections.abc import Callable, Container, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from importlib import resources
from pathlib import Path, PurePosixPath
from typing import Any

from kuzbass_lean import checks, schema, spelling
from kuzbass_lean.errors import CapabilityError, Finding, UsageError
from kuzbass_lean.intake import files, guard, workbook
from kuzbass_lean.intake.reading import Reading

SAMPLE_LABEL = "sample"


@dataclass(frozen=True)
class Source:
    """The tables of a source as they were read, sheet by sheet, before they are typed and checked.

    ``inputs`` holds the digests (SHA-256) of the files that were read, by name; a database has none.
    """

    label: str
    readings: Mapping[str, Sequence[Reading]]
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
        raise UsageError(f"there is no {path}: name a folder of tables or workbooks, or a workbook")
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
    missing = _missing(name, readings, "лист «{}»", spelling.sheet)
    found = {table: [reading] for table, reading in readings.items()}
    return Source(name.rpartition(".")[0], found, (*findings, *missing), {name: _digest(data)})


def _digest(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


def _missing(
    file: str, there: Container[str], wanted: str, name: Callable[[str], str] = str
) -> list[Finding]:
    return [
        checks.finding("missing_table", file, wanted=wanted.format(name(table)))
        for table in schema.REQUIRED_TABLES
        if table not in there
    ]


def _folder(label: str, listed: Iterable[tuple[str, int]], read: Opener, where: str = "") -> Source:
    """Put the tables of a folder's files together; lock files of Excel and hidden files are no data."""
    kinds = (*files.SUFFIXES, *workbook.SUFFIXES)
    wanted = sorted(
        (name, size)
        for name, size in listed
        if name.lower().endswith(kinds) and not name.startswith(("~$", "."))
    )
    if not wanted:
        raise UsageError(
            f"{where or label} holds no .csv or .parquet file and no workbook: "
            "name the folder with the registry's tables"
        )
    guard.check_size(label, sum(size for _, size in wanted), guard.FOLDER_LIMITS)
    readings: dict[str, list[Reading]] = {}
    findings: list[Finding] = []
    inputs: dict[str, str] = {}

    def taken(name: str) -> bytes:
        data = read(name)
        inputs[name] = _digest(data)
        return data

    for name, size in wanted:
        found, told = _one_of_many(label, name, size, taken, readings)
        findings += told
        for table, reading in found.items():
            readings.setdefault(table, []).append(reading)
    books = any(name.lower().endswith(workbook.SUFFIXES) for name, _ in wanted)
    missing = _missing(label, readings, "лист «{}»", spelling.sheet) if books else []
    for table in () if books else schema.REQUIRED_TABLES:
        missing += (
            [] if table in readings else [checks.finding("missing_table", f"{table}.csv", wanted="файл")]
        )
    return Source(label, _ordered(readings), (*findings, *missing), inputs)


def _ordered(readings: Mapping[str, list[Reading]]) -> dict[str, list[Reading]]:
    return {table: readings[table] for table in schema.TABLES if table in readings}


def _one_of_many(
    label: str, name: str, size: int, read: Opener, there: Mapping[str, Sequence[Reading]]
) -> tuple[dict[str, Reading], list[Finding]]:
    """Read one file of a folder; a workbook that is refused is a finding, so that the others count."""
    if name.lower().endswith(workbook.SUFFIXES):
        try:
            guard.check_size(name, size)
            return workbook.read_workbook(name, read(name))
        except UsageError as error:
            return {}, [checks.finding("refused_file", name, value=str(error))]
    table = name.rpartition(".")[0]
    if table not in schema.TABLES:
        hint = checks.nearest_hint(table, tuple(schema.TABLES))
        return {}, [checks.finding("unknown_file", name, severity="warning", nearest=hint)]
    if any(reading.file.startswith(f"{table}.") for reading in there.get(table, ())):
        raise UsageError(f"{table} stands in {label} twice, as CSV and as Parquet: leave one")
    guard.check_size(name, size)
    return {table: files.read_file(table, name, read(name))}, []


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
        return _workbook(name, _taken(system, path, name))
    listed = system.ls(path, detail=True)
    sizes = [
        (PurePosixPath(each["name"]).name, each["size"] or 0) for each in listed if each["type"] == "file"
    ]
    return _folder(name or path, sizes, lambda each: _taken(system, f"{path.rstrip('/')}/{each}", each))


def _taken(system: Any, path: str, name: str) -> bytes:
    """The bytes of a remote file, and never more than a source may hold, whatever size it tells."""
    guard.check_size(name, system.size(path) or 0)
    with system.open(path, "rb") as stream:
        data = bytes(stream.read(guard.LIMITS.file_bytes + 1))
    guard.check_size(name, len(data))
    return data


def _database(source: str) -> Source:
    from kuzbass_lean.intake import database

    label, readings, findings = database.read_database(source)
    missing = _missing(label, readings, "таблицу {}")
    return Source(label, {t: [r] for t, r in readings.items()}, (*findings, *missing))
