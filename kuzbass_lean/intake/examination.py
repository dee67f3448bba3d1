"""Examining a registry: types, rules and references, and which rows stand.

Nothing is dropped in silence: every row is either accepted or rejected with a finding
that says where it is, what is wrong and what to do.
"""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

import pandas as pd

from kuzbass_lean import catalogue, checks, display, plausibility, schema
from kuzbass_lean.errors import DataError, Finding, Severity
from kuzbass_lean.intake import sources
from kuzbass_lean.intake.columns import type_columns
from kuzbass_lean.intake.reading import Reading
from kuzbass_lean.intake.stored import DATA_VARIABLE, held, restore
from kuzbass_lean.places import Origin, Stretch
from kuzbass_lean.registry import LeftOut, Registry


@dataclass(frozen=True, slots=True)
class RowCount:
    """How many rows of a table were read, accepted and rejected; read = accepted + rejected."""

    read: int
    accepted: int
    rejected: int


@dataclass(frozen=True, slots=True)
class Place:
    """Where a table stands: its file and sheet, the row of its header, its columns' positions, from 1."""

    file: str
    sheet: str
    header: int
    columns: Mapping[str, int]


@dataclass(frozen=True)
class Examination:
    """What reading a source showed: the accepted rows, every finding, counts and places by table."""

    registry: Registry
    findings: tuple[Finding, ...]
    rows: dict[str, RowCount]
    places: Mapping[str, Place] = field(default_factory=dict)

    @property
    def errors(self) -> tuple[Finding, ...]:
        """The findings that stop a build."""
        return tuple(found for found in self.findings if found.severity == "error")

    def __repr__(self) -> str:
        accepted, rejected = (
            sum(getattr(row, n) for row in self.rows.values()) for n in ("accepted", "rejected")
        )
        return f"Examination({accepted} rows accepted, {rejected} rejected, {len(self.findings)} findings)"

    def _repr_html_(self) -> str:
        counts = [(name, row.read, row.accepted, row.rejected) for name, row in self.rows.items()]
        found = [(f.severity, f.place, f.message) for f in self.findings]
        rows = display.table(self.registry.label, ("table", "read", "accepted", "rejected"), counts)
        return rows + display.table("Findings", ("", "where", "what"), found)


def read(source: str | os.PathLike[str] = "", *, allow_errors: bool = False) -> Registry:
    """Read and validate a registry.

    Parameters
    ----------
    source
        A workbook (xlsx, xls, ods), a folder of CSV or Parquet files named after the tables, an
        SQLAlchemy URL, or an fsspec URL of a workbook or folder. Left out: what the running
        build reads, or else the bundled sample.
    allow_errors
        Leave the rows in error out instead of raising; the registry's ``left_out`` counts them.

    Raises
    ------
    UsageError
        There is no such source, it holds no table, or it is refused as hostile or too large.
    DataError
        The data break rules, or, with ``allow_errors``, a required table cannot be read at all;
        the exception carries all findings.
    """
    told = os.environ.get(DATA_VARIABLE, "")
    if not os.fspath(source) and told:
        return held.get(told) or restore(Path(told))
    examination = examine(source)
    if examination.errors and not allow_errors:
        raise DataError(examination.findings)
    if any(examination.registry.frame(table).empty for table in schema.REQUIRED_TABLES):
        raise DataError(examination.findings)
    return examination.registry


def examine(source: str | os.PathLike[str] = "") -> Examination:
    """Read a registry and say everything that is wrong with it, without raising for bad rows.

    Parameters
    ----------
    source
        As for ``read``.

    Raises
    ------
    UsageError
        There is no such source, it holds no table, or it is refused as hostile or too large.
    """
    loaded = sources.load(source)
    own = "municipalities" in loaded.readings
    checked = {
        table: _check(table, type_columns(table, reading, own)) for table, reading in loaded.readings.items()
    }
    findings = [*loaded.findings]
    for reading in checked.values():
        findings += reading.findings
    findings += _check_references(checked)
    return _conclude(loaded, checked, findings)


def _check(table: str, reading: Reading) -> Reading:
    """Apply the rules of one table; a cell already found bad is not reported as empty again."""
    file, frame = reading.file, reading.frame
    if table in schema.REQUIRED_TABLES and frame.empty and not reading.unreadable:
        return reading.adding(checks.finding("no_rows", file))
    bad = {(found.row, found.column) for found in reading.findings if found.severity == "error"}
    columns = [
        found
        for found in checks.check_columns(table, frame, file)
        if (found.row, found.column) not in bad and (None, found.column) not in bad
    ]
    found = [*columns, *checks.check_rows(table, frame, file), *checks.check_keys(table, frame, file)]
    if table == "revenue":
        found += checks.check_revenue(frame, file)
    return reading.adding(*found)


def _check_references(readings: Mapping[str, Reading]) -> list[Finding]:
    known = {"municipalities": pd.Index([m.key for m in catalogue.municipalities()])}
    for table in ("municipalities", "organizations", "projects", "measures"):
        if table not in readings:
            known.setdefault(table, pd.Index([], dtype="str"))
        elif readings[table].unreadable:
            known.pop(table, None)
        else:
            known[table] = pd.Index(readings[table].frame[schema.keys(table)[0]].dropna())
    return list(checks.check_references(_frames(readings), known, _places(readings)))


def _frames(readings: Mapping[str, Reading]) -> dict[str, pd.DataFrame]:
    return {table: reading.frame for table, reading in readings.items()}


def _places(readings: Mapping[str, Reading]) -> dict[str, tuple[str, str]]:
    return {table: (reading.file, reading.sheet) for table, reading in readings.items()}


def _rows_in_error(readings: Mapping[str, Reading], findings: list[Finding]) -> dict[str, Counter[str]]:
    """For each table how many rows break each rule, whole tables apart."""
    tables = {place: table for table, place in _places(readings).items()}
    seen = {(tables.get((f.file, f.sheet)), f.row, f.rule) for f in findings if f.severity == "error"}
    counts: dict[str, Counter[str]] = {}
    for table, row, rule in seen:
        if table is not None and row is not None:
            counts.setdefault(table, Counter())[rule] += 1
    return counts


def _bad_rows(readings: Mapping[str, Reading], findings: list[Finding]) -> dict[str, set[int]]:
    tables = {place: table for table, place in _places(readings).items()}
    bad: dict[str, set[int]] = {table: set() for table in readings}
    for found in findings:
        table = tables.get((found.file, found.sheet))
        if found.severity == "error" and found.row is not None and table is not None:
            bad[table].add(found.row)
    return bad


def _conclude(
    loaded: sources.Source, readings: Mapping[str, Reading], findings: list[Finding]
) -> Examination:
    """Keep the rows without errors, typed for good, and count what was set aside and why."""
    sound = {table: reading for table, reading in readings.items() if not reading.unreadable}
    bad = _bad_rows(readings, findings)
    findings = findings + checks.check_rejected(_frames(sound), bad, _places(readings))
    bad, reasons = _bad_rows(readings, findings), _rows_in_error(readings, findings)
    accepted, rows, left_out = {}, {}, {}
    for table, reading in readings.items():
        whole = reading.frame
        frame = whole.iloc[:0] if reading.unreadable else whole[~whole.index.isin(list(bad[table]))]
        accepted[table] = frame.astype(schema.dtypes(table))
        read_rows = len(whole) + reading.unread
        rows[table] = RowCount(read_rows, len(frame), read_rows - len(frame))
        if read_rows > len(frame) or reading.unreadable:
            broken = reasons.get(table) or Counter(f.rule for f in reading.findings if f.severity == "error")
            left_out[table] = LeftOut(read_rows - len(frame), dict(sorted(broken.items())))
    places = {
        table: Place(reading.file, reading.sheet, reading.header, reading.columns)
        for table, reading in readings.items()
    }
    findings += plausibility.check(accepted, _places(readings))
    ordered = tuple(sorted(findings, key=lambda found: _ORDER[found.severity]))
    origins = {table: Origin((Stretch(reading.file, reading.sheet),)) for table, reading in readings.items()}
    registry = Registry.from_frames(accepted, loaded.label, ordered, left_out, origins, loaded.inputs)
    return Examination(registry, ordered, rows, places)


_ORDER: dict[Severity, int] = {"error": 0, "warning": 1, "repair": 2}
