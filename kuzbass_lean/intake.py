"""Reading a registry: a folder of CSV or Parquet files into validated tables.

Nothing is dropped in silence: every row is either accepted or rejected with a finding
that says where it is, what is wrong and what to do.
"""

from __future__ import annotations

import csv
import io
import json
import math
import os
from collections.abc import Callable, Iterator, Mapping
from dataclasses import asdict, dataclass, replace
from importlib import resources
from pathlib import Path

import pandas as pd
import pyarrow as pa
from pyarrow import csv as pa_csv
from pyarrow import parquet

from kuzbass_lean import catalogue, checks, parsing, schema
from kuzbass_lean.errors import DataError, Finding, Severity, UsageError
from kuzbass_lean.registry import Registry

DATA_VARIABLE = "KUZBASS_LEAN_DATA"
"""Where a build tells its notebooks to read from, so that no path lands in a notebook."""

held: dict[str, Registry] = {}
"""Stored registries by folder that the build has read for all its notebooks (see ``press.warm``)."""

SAMPLE_LABEL = "sample"


@dataclass(frozen=True, slots=True)
class RowCount:
    """How many rows of a table were read, accepted and rejected; read = accepted + rejected."""

    read: int
    accepted: int
    rejected: int


@dataclass(frozen=True)
class Examination:
    """What reading a source showed: the accepted rows, every finding, and the counts."""

    registry: Registry
    findings: tuple[Finding, ...]
    rows: dict[str, RowCount]

    @property
    def errors(self) -> tuple[Finding, ...]:
        """The findings that stop a build."""
        return tuple(found for found in self.findings if found.severity == "error")


@dataclass(frozen=True)
class _Reading:
    """One table on its way in: its cells, what was found, and rows no cell of which could be read."""

    file: str
    frame: pd.DataFrame
    findings: tuple[Finding, ...] = ()
    unread: int = 0


def sample_path() -> Path:
    """Return the folder of the bundled sample registry."""
    return Path(str(resources.files("kuzbass_lean") / "data" / "sample"))


def read(source: str | os.PathLike[str] = "") -> Registry:
    """Read and validate a registry.

    Parameters
    ----------
    source
        A folder of CSV or Parquet files named after the tables. Left out: what the running
        build reads, or else the bundled sample.

    Raises
    ------
    UsageError
        There is no such folder, or it holds no table.
    DataError
        The data break rules; the exception carries all findings.
    """
    told = os.environ.get(DATA_VARIABLE, "")
    if not os.fspath(source) and told:
        return held.get(told) or restore(Path(told))
    examination = examine(source)
    if examination.errors:
        raise DataError(examination.findings)
    return examination.registry


def examine(source: str | os.PathLike[str] = "") -> Examination:
    """Read a registry and say everything that is wrong with it, without raising for bad rows.

    Raises
    ------
    UsageError
        There is no such folder, or it holds no table.
    """
    folder, label = _resolve(source)
    readings, findings = _read_folder(folder)
    checked = {table: _check(table, _coerce(table, reading)) for table, reading in readings.items()}
    for reading in checked.values():
        findings += reading.findings
    findings += _check_references(checked)
    return _conclude(label, checked, findings)


def store(registry: Registry, folder: Path) -> None:
    """Write a validated registry for ``restore``, so that it is checked once and not by every notebook."""
    for name, frame in registry.tables.items():
        frame.to_parquet(folder / f"{name}.parquet")
    about = {"label": registry.label, "findings": [asdict(found) for found in registry.findings]}
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
    tables = {path.stem: _restored(path) for path in sorted(folder.glob("*.parquet"))}
    findings = tuple(Finding(**found) for found in about["findings"])
    return Registry.from_frames(tables, about["label"], findings)


def _restored(path: Path) -> pd.DataFrame:
    """Return a stored table, read without a thread: who reads it may be about to fork."""
    table: pa.Table = parquet.ParquetFile(path, pre_buffer=False).read(use_threads=False)
    frame: pd.DataFrame = table.to_pandas(use_threads=False)
    return frame


_ABOUT = "registry.json"


def _resolve(source: str | os.PathLike[str]) -> tuple[Path, str]:
    if not os.fspath(source):
        return sample_path(), SAMPLE_LABEL
    folder = Path(source)
    if not folder.exists():
        raise UsageError(f"there is no {folder}: name a folder of CSV or Parquet files")
    if not folder.is_dir():
        raise UsageError(f"{folder} is not a folder: name the folder that holds the registry's tables")
    return folder, folder.name


def _read_folder(folder: Path) -> tuple[dict[str, _Reading], list[Finding]]:
    readings: dict[str, _Reading] = {}
    findings: list[Finding] = []
    paths = sorted(path for path in folder.iterdir() if path.suffix in _READERS)
    if not paths:
        raise UsageError(
            f"{folder} holds no .csv or .parquet file: name the folder with the registry's tables"
        )
    for path in paths:
        table = path.stem
        if table not in schema.TABLES:
            hint = checks.nearest_hint(table, tuple(schema.TABLES))
            findings.append(checks.finding("unknown_file", path.name, severity="warning", nearest=hint))
        elif table in readings:
            raise UsageError(f"{table} stands in {folder} twice, as CSV and as Parquet: leave one")
        else:
            readings[table] = _read_file(table, path)
    for table in schema.REQUIRED_TABLES:
        if table not in readings:
            findings.append(checks.finding("missing_table", f"{table}.csv"))
    return readings, findings


def _read_file(table: str, path: Path) -> _Reading:
    try:
        reading = _READERS[path.suffix](path)
    except _UnreadableError as error:
        found = checks.finding(error.rule, path.name, value=error.detail)
        return _Reading(path.name, schema.empty(table), (found,))
    if table in schema.REQUIRED_TABLES and reading.frame.empty:
        return replace(reading, findings=(*reading.findings, checks.finding("no_rows", path.name)))
    return reading


class _UnreadableError(Exception):
    def __init__(self, rule: str, detail: str = "") -> None:
        super().__init__(rule)
        self.rule, self.detail = rule, detail


def _read_csv(path: Path) -> _Reading:
    """Every cell as text; the index is the row's number, the header being row 1."""
    try:
        text = path.read_bytes().decode("utf-8-sig").rstrip("\r\n")
    except UnicodeDecodeError:
        raise _UnreadableError("not_utf8") from None
    if not text.strip():
        raise _UnreadableError("empty_file")
    names = next(csv.reader(io.StringIO(text)))
    ragged: dict[int, int] = {}

    def set_aside(row: pa_csv.InvalidRow) -> str:
        ragged[row.number] = row.actual_columns
        return "skip"

    try:
        table = pa_csv.read_csv(
            pa.BufferReader(f"{text}\n".encode()),
            read_options=pa_csv.ReadOptions(use_threads=False),
            parse_options=pa_csv.ParseOptions(
                newlines_in_values=True, ignore_empty_lines=False, invalid_row_handler=set_aside
            ),
            convert_options=pa_csv.ConvertOptions(
                column_types=dict.fromkeys(names, pa.string()), strings_can_be_null=True, null_values=[""]
            ),
        )
    except pa.ArrowInvalid as error:
        raise _UnreadableError("unreadable", str(error).splitlines()[0]) from None
    frame = table.to_pandas(types_mapper={pa.string(): pd.StringDtype(na_value=math.nan)}.get)
    rows = [number for number in range(2, len(frame) + len(ragged) + 2) if number not in ragged]
    frame.index = pd.Index(rows, dtype="int64", name="row")
    found = tuple(checks.finding("ragged_row", path.name, row=r, value=n) for r, n in sorted(ragged.items()))
    return _Reading(path.name, frame, found, unread=len(ragged))


def _read_parquet(path: Path) -> _Reading:
    try:
        frame = parquet.read_table(path).to_pandas()
    except (pa.ArrowInvalid, OSError) as error:
        raise _UnreadableError("unreadable", str(error).splitlines()[0]) from None
    if frame.index.name != "row":
        frame.index = pd.RangeIndex(2, len(frame) + 2, name="row")
    return _Reading(path.name, frame)


_READERS: dict[str, Callable[[Path], _Reading]] = {".csv": _read_csv, ".parquet": _read_parquet}


def _coerce(table: str, reading: _Reading) -> _Reading:
    """Give every column its type; cells that do not fit become findings and stay missing."""
    frame, types = reading.frame, schema.dtypes(table)
    findings = [*reading.findings, *_check_header(table, reading)]
    frame = frame.loc[:, ~frame.columns.duplicated()]
    typed = {}
    for name, dtype in types.items():
        if name not in frame:
            typed[name] = parsing.blank(frame.index, dtype)
            continue
        typed[name], bad = parsing.parse(frame[name], dtype)
        for row, value in frame.loc[bad, name].items():
            rule = parsing.RULES[dtype]
            findings.append(checks.finding(rule, reading.file, row=row, column=name, value=value))
    return replace(reading, frame=pd.DataFrame(typed, index=frame.index), findings=tuple(findings))


def _check_header(table: str, reading: _Reading) -> Iterator[Finding]:
    names, columns = reading.frame.columns, schema.columns(table)
    for name in names[names.duplicated()]:
        yield checks.finding("duplicate_column", reading.file, column=name)
    for name in names.unique():
        if name not in columns:
            hint = checks.nearest_hint(str(name), tuple(columns))
            place = {"column": name, "value": name, "nearest": hint}
            yield checks.finding("unknown_column", reading.file, severity="warning", **place)
    for name, column in columns.items():
        if column.required and name not in names:
            yield checks.finding("missing_column", reading.file, column=name)


def _check(table: str, reading: _Reading) -> _Reading:
    """Apply the rules of one table; a cell already found bad is not reported as empty again."""
    file, frame = reading.file, reading.frame
    bad = {(found.row, found.column) for found in reading.findings}
    columns = [
        found
        for found in checks.check_columns(table, frame, file)
        if (found.row, found.column) not in bad and (None, found.column) not in bad
    ]
    found = [*columns, *checks.check_rows(table, frame, file), *checks.check_keys(table, frame, file)]
    if table == "revenue":
        found += checks.check_revenue(frame, file)
    return replace(reading, findings=(*reading.findings, *found))


def _check_references(readings: Mapping[str, _Reading]) -> Iterator[Finding]:
    known = {"municipalities": pd.Index([m.key for m in catalogue.municipalities()])}
    for table in ("municipalities", "organizations", "projects", "measures"):
        if table not in readings:
            known.setdefault(table, pd.Index([], dtype="str"))
        elif not _unreadable(readings[table]):
            known[table] = pd.Index(readings[table].frame[schema.keys(table)[0]].dropna())
    frames = {table: reading.frame for table, reading in readings.items()}
    return checks.check_references(frames, known, {table: r.file for table, r in readings.items()})


def _unreadable(reading: _Reading) -> bool:
    """Whether the file as a whole is in error; what refers to it then cannot be checked."""
    return any(found.severity == "error" and found.row is None for found in reading.findings)


def _conclude(label: str, readings: Mapping[str, _Reading], findings: list[Finding]) -> Examination:
    """Keep the rows without errors, typed for good, and count what was set aside."""
    accepted, rows = {}, {}
    errors = [found for found in findings if found.severity == "error"]
    for table, reading in readings.items():
        bad = {found.row for found in errors if found.file == reading.file}
        frame = (
            reading.frame.iloc[:0] if _unreadable(reading) else reading.frame[~reading.frame.index.isin(bad)]
        )
        accepted[table] = frame.astype(schema.dtypes(table))
        read_rows = len(reading.frame) + reading.unread
        rows[table] = RowCount(read_rows, len(frame), read_rows - len(frame))
    ordered = tuple(sorted(findings, key=lambda found: _ORDER[found.severity]))
    return Examination(Registry.from_frames(accepted, label, ordered), ordered, rows)


_ORDER: dict[Severity, int] = {"error": 0, "warning": 1, "repair": 2}
