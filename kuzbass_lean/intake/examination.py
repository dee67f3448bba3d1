"""Examining a registry: types, rules and references, and which rows stand.

Nothing is dropped in silence: every row is either accepted or rejected with a finding
that says where it is, what is wrong and what to do.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import pandas as pd

from kuzbass_lean import catalogue, checks, display, plausibility, schema
from kuzbass_lean.errors import DataError, Finding, Severity
from kuzbass_lean.intake import sources, territories
from kuzbass_lean.intake.columns import type_columns
from kuzbass_lean.intake.reading import Reading
from kuzbass_lean.intake.stored import DATA_VARIABLE, held, restore
from kuzbass_lean.intake.whole import Whole, broken_rules, left_out, put_together
from kuzbass_lean.omitted import gathered
from kuzbass_lean.places import Origin
from kuzbass_lean.registry import Registry


@dataclass(frozen=True, slots=True)
class RowCount:
    """How many rows of a table were read, accepted and rejected; read = accepted + rejected."""

    read: int
    accepted: int
    rejected: int


@dataclass(frozen=True, slots=True)
class Header:
    """Where a sheet's header stands: the row, and the position of each of its columns, from 1."""

    table: str
    file: str
    sheet: str
    row: int
    columns: Mapping[str, int]


@dataclass(frozen=True)
class Examination:
    """What reading a source showed: accepted rows, every finding, counts by table, the sheets' headers."""

    registry: Registry
    findings: tuple[Finding, ...]
    rows: dict[str, RowCount]
    headers: tuple[Header, ...] = ()

    @property
    def errors(self) -> tuple[Finding, ...]:
        """The findings that stop a build."""
        return tuple(found for found in self.findings if found.severity == "error")

    def title_of(self, found: Finding) -> str:
        """Return the Russian title of the column that a finding is about; an unknown column's own name."""
        table = self._tables.get((found.file, found.sheet))
        known = schema.columns(table) if table else {}
        return str(known[found.column].title) if found.column in known else found.column

    @cached_property
    def _tables(self) -> dict[tuple[str, str], str]:
        return {(header.file, header.sheet): header.table for header in self.headers}

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
        A workbook (xlsx, xls, ods), a folder of workbooks (one a municipality, say: their tables
        are put together), a folder of CSV or Parquet files named after the tables, an SQLAlchemy
        URL, or an fsspec URL of a workbook or folder. Left out: what the running
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

    Examples
    --------
    >>> registry = kl.read()
    >>> registry.label, len(registry.projects)
    ('sample', 288)
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

    Examples
    --------
    >>> examined = kl.examine()
    >>> examined.errors, examined.rows["projects"].accepted
    ((), 288)
    """
    loaded = sources.load(source)
    own = "municipalities" in loaded.readings
    wholes = {
        table: put_together(table, [_check(table, type_columns(table, reading, own)) for reading in readings])
        for table, readings in loaded.readings.items()
    }
    findings = [*loaded.findings]
    for table, whole in wholes.items():
        findings += [*whole.findings, *_check_whole(table, whole)]
    findings += _check_references(wholes)
    return _conclude(loaded, wholes, findings)


def _check(table: str, reading: Reading) -> Reading:
    """Apply the rules of one row; a cell already found bad is not reported as empty again."""
    file, frame = reading.file, reading.frame
    bad = {(found.row, found.column) for found in reading.findings if found.severity == "error"}
    columns = [
        found
        for found in checks.check_columns(table, frame, file)
        if (found.row, found.column) not in bad and (None, found.column) not in bad
    ]
    return reading.adding(*columns, *checks.check_rows(table, frame, file))


def _check_whole(table: str, whole: Whole) -> list[Finding]:
    """Apply the rules over several rows of one table."""
    if table in schema.REQUIRED_TABLES and whole.frame.empty and not whole.unreadable:
        first = whole.readings[0]
        return [checks.finding("no_rows", first.file, sheet=first.sheet)]
    found = checks.check_keys(table, whole.frame, whole.origin)
    if table == "revenue":
        found += checks.check_revenue(whole.frame, whole.origin)
    return found


def _check_references(wholes: Mapping[str, Whole]) -> list[Finding]:
    known = {"municipalities": pd.Index([m.key for m in catalogue.municipalities()])}
    for table in ("municipalities", "organizations", "projects", "measures"):
        if table not in wholes:
            known.setdefault(table, pd.Index([], dtype="str"))
        elif wholes[table].unreadable:
            known.pop(table, None)
        else:
            known[table] = pd.Index(wholes[table].frame[schema.keys(table)[0]].dropna())
    return list(checks.check_references(_frames(wholes), known, _origins(wholes)))


def _frames(wholes: Mapping[str, Whole]) -> dict[str, pd.DataFrame]:
    return {table: whole.frame for table, whole in wholes.items()}


def _origins(wholes: Mapping[str, Whole]) -> dict[str, Origin]:
    return {table: whole.origin for table, whole in wholes.items()}


def _conclude(loaded: sources.Source, wholes: Mapping[str, Whole], findings: list[Finding]) -> Examination:
    """Keep the rows without errors, typed for good, and count what was set aside and why."""
    bad = {table: set(rows) for table, rows in broken_rules(wholes, findings).items()}
    findings = findings + checks.check_rejected(_frames(wholes), bad, _origins(wholes))
    broken = broken_rules(wholes, findings)
    accepted, rows, omitted = {}, {}, []
    for table, whole in wholes.items():
        frame = whole.frame[~whole.frame.index.isin(list(broken[table]))]
        accepted[table] = frame.astype(schema.dtypes(table))
        rows[table] = RowCount(whole.read, len(frame), whole.read - len(frame))
        omitted.append(left_out(table, _frames(wholes), whole, broken[table]))
    absent = territories.absent({table: whole.readings for table, whole in wholes.items()}, accepted)
    findings += [
        checks.finding("absent_territory", loaded.label, severity="warning", value=title)
        for title in absent.values()
    ]
    findings += plausibility.check(accepted, _origins(wholes))
    ordered = tuple(sorted(findings, key=lambda found: _ORDER[found.severity]))
    omissions = gathered(omitted, tuple(absent))
    registry = Registry.from_frames(
        accepted, loaded.label, ordered, omissions, _origins(wholes), loaded.inputs
    )
    headers = tuple(
        Header(table, reading.file, reading.sheet, reading.header, reading.columns)
        for table, whole in wholes.items()
        for reading in whole.readings
    )
    return Examination(registry, ordered, rows, headers)


_ORDER: dict[Severity, int] = {"error": 0, "warning": 1, "repair": 2}
