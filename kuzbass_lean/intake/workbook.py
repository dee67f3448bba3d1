"""Tables from a workbook: xlsx, xls or ods, values only, formulas never evaluated."""

from __future__ import annotations

import io
import itertools
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import date, datetime, time
from decimal import Decimal
from typing import Any, TypeVar, cast

from python_calamine import CalamineSheet, CalamineWorkbook

from kuzbass_lean import checks, schema, spelling
from kuzbass_lean.errors import Finding, Severity, UsageError
from kuzbass_lean.intake import guard
from kuzbass_lean.intake.neutral import restore
from kuzbass_lean.intake.reading import (
    HEADER_ROWS,
    Layout,
    Reading,
    layout,
    says_no_rows,
    text_frame,
    without_service_rows,
)

SUFFIXES = (".xlsx", ".xlsm", ".xls", ".ods")


def read_workbook(name: str, data: bytes) -> tuple[dict[str, Reading], list[Finding]]:
    """Read the tables of a workbook, one a sheet; a sheet left without rows is unknown.

    Raises
    ------
    UsageError
        It is no workbook, or is refused as hostile or too large.
    """
    seen = guard.inspect(name, data)
    readings: dict[str, Reading] = {}
    findings: list[Finding] = []
    book = _open(name, data)
    for title in book.sheet_names:
        if title in spelling.words()["service_sheets"].values():
            continue
        table, found = _table(name, title, readings)
        findings += found
        if table is None:
            continue
        reading, filled = _read_sheet(table, name, _sheet(name, book, title), seen)
        if filled or table in schema.REQUIRED_TABLES:
            readings[table] = reading
        else:
            findings += [found for found in reading.findings if found.severity != "error"]
    return readings, findings


def _open(name: str, data: bytes) -> CalamineWorkbook:
    return _guarded(name, lambda: CalamineWorkbook.from_filelike(io.BytesIO(data)))


def _sheet(name: str, book: CalamineWorkbook, title: str) -> CalamineSheet:
    return _guarded(name, lambda: book.get_sheet_by_name(title))


Read = TypeVar("Read")


def _guarded(name: str, call: Callable[[], Read]) -> Read:
    """The reader panics on some damaged files; that is no reason for a traceback."""
    try:
        return call()
    except (KeyboardInterrupt, SystemExit):
        raise
    except BaseException as error:
        detail = str(error).splitlines()[0] if str(error) else type(error).__name__
        raise UsageError(
            f"{name} is damaged and cannot be read ({detail}): open it and save it again"
        ) from None


def _table(name: str, title: str, readings: Mapping[str, Reading]) -> tuple[str | None, list[Finding]]:
    """Return the table that a sheet holds, and a word where its name is not the prescribed one."""
    meant = spelling.table_of(title)
    if meant is None:
        known = tuple(spelling.sheet(table) for table in schema.TABLES)
        hint = checks.nearest_hint(title, known)
        return None, [
            checks.finding("unknown_sheet", name, sheet=title, severity="warning", value=title, nearest=hint)
        ]
    table, prescribed = meant
    if table in readings:
        words = {"value": title, "title": schema.TABLES[table].title}
        return None, [checks.finding("repeated_sheet", name, sheet=title, **words)]
    if prescribed:
        return table, []
    words = {"value": title, "after": spelling.sheet(table)}
    return table, [checks.finding("sheet_spelling", name, sheet=title, severity="repair", **words)]


def _read_sheet(table: str, name: str, sheet: CalamineSheet, seen: guard.Inspection) -> tuple[Reading, bool]:
    """Return a sheet's table and whether it was filled in, if only to say that there are no rows."""
    if sheet.start is None:
        return Reading(name, sheet.name, schema.empty(table)), False
    start_row, start_column = sheet.start
    cells = sheet.iter_rows()
    head = list(itertools.islice(cells, HEADER_ROWS))
    found = layout(table, [[_text(cell) or "" for cell in row] for row in head], name)
    columns = _columns(found, itertools.chain(head[found.header + 1 :], cells))
    first = start_row + found.header + 2
    count = len(next(iter(columns.values()), []))
    reading = Reading(
        name,
        sheet.name,
        text_frame(columns, range(first, first + count)),
        columns={column: start_column + position + 1 for column, position in found.columns.items()},
        header=start_row + found.header + 1,
        serials=not seen.date_1904,
    )
    declared = says_no_rows(table, reading.frame)
    reading = _fill_merged(table, reading.adding(*found.findings), sheet)
    reading = _odd_cells(without_service_rows(table, reading, found.titles), seen)
    return reading, declared or len(reading.frame) > 0


def _columns(found: Layout, rows: Iterable[Sequence[object]]) -> dict[str, list[str | None]]:
    positions = list(found.columns.items())
    columns: dict[str, list[str | None]] = {name: [] for name, _ in positions}
    source = iter(rows)
    while chunk := list(itertools.islice(source, 4096)):
        by_position = list(zip(*chunk, strict=True))
        for name, position in positions:
            columns[name] += [_text(cell) for cell in by_position[position]]
    return columns


def _text(cell: object) -> str | None:
    """A cell as the text that the parsers prescribe: ISO dates, true and false, plain numbers."""
    if isinstance(cell, str):
        return restore(cell) or None if cell[:1] == "'" else cell or None
    return plain_text(cell)


def plain_text(cell: object) -> str | None:
    """Return a value of a workbook or a database as prescribed text; None stays None."""
    match cell:
        case None:
            return None
        case bool():
            return "true" if cell else "false"
        case float() | Decimal():
            number = float(cell)
            return str(int(number)) if number.is_integer() and abs(number) < 1e15 else repr(number)
        case datetime():
            return cell.date().isoformat() if cell.time() == time() else cell.isoformat(sep=" ")
        case date():
            return cell.isoformat()
        case bytes() | memoryview():
            return bytes(cell).decode("utf-8", errors="replace")
    return str(cell)


def _fill_merged(table: str, reading: Reading, sheet: CalamineSheet) -> Reading:
    """Text merged over rows belongs to each of them; a number so merged may be their total."""
    frame = reading.frame
    columns = {position: name for name, position in reading.columns.items()}
    findings, filled = [], frame.copy()
    for (top, left), (bottom, _) in sheet.merged_cell_ranges or []:
        name, first = columns.get(left + 1), top + 1
        rows = [row for row in range(first + 1, bottom + 2) if row in frame.index]
        if name is None or not rows or first not in frame.index or frame[name].isna()[first]:
            continue
        value: Any = frame[name][first]
        number = schema.dtypes(table)[name] in (schema.INTEGER, schema.NUMBER)
        rule, severity = ("merged_number", "error") if number else ("merged_cells", "repair")
        for row in rows:
            words = {"row": row, "column": name, "value": "", "after": value, "other": first}
            findings.append(checks.finding(rule, reading.file, severity=cast("Severity", severity), **words))
        if not number:
            filled.loc[rows, name] = value
    return replace(reading, frame=filled).adding(*findings)


def _odd_cells(reading: Reading, seen: guard.Inspection) -> Reading:
    columns = {position: name for name, position in reading.columns.items()}
    findings = [
        checks.finding(odd.rule, reading.file, row=odd.row, column=columns[odd.column], value=odd.value)
        for odd in seen.oddities.get(reading.sheet, ())
        if odd.row in reading.frame.index and odd.column in columns
    ]
    return reading.adding(*findings)
