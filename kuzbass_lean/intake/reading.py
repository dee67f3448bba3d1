"""One table on its way in: where its columns stand, its cells as text, and what was found."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Final

import pandas as pd

from kuzbass_lean import checks, schema, spelling
from kuzbass_lean.errors import Finding

HEADER_ROWS: Final = 30
"""How far down a header is looked for."""

STRING: Final = pd.StringDtype(na_value=math.nan)


class UnreadableError(Exception):
    """A table cannot be read at all; the rule says why."""

    def __init__(self, rule: str, detail: str = "") -> None:
        super().__init__(rule)
        self.rule, self.detail = rule, detail


@dataclass(frozen=True)
class Reading:
    """One table: its cells by column, what was found, and rows no cell of which could be read.

    ``columns`` gives the position of each column in the source, ``header`` the row of the
    header, both from 1; ``serials`` says whether a bare number may be an Excel date.
    """

    file: str
    sheet: str
    frame: pd.DataFrame
    findings: tuple[Finding, ...] = ()
    unread: int = 0
    columns: Mapping[str, int] = field(default_factory=dict)
    header: int = 1
    serials: bool = True

    def adding(self, *findings: Finding) -> Reading:
        """Return the reading with further findings, placed on its sheet."""
        placed = tuple(replace(found, sheet=self.sheet) for found in findings)
        return replace(self, findings=(*self.findings, *placed))

    @property
    def unreadable(self) -> bool:
        """Whether the table as a whole is in error; what refers to it then cannot be checked."""
        return any(found.severity == "error" and found.row is None for found in self.findings)


@dataclass(frozen=True, slots=True)
class Layout:
    """Where the header stands among the first rows (from 0), and the position and title of each column."""

    header: int
    columns: Mapping[str, int]
    findings: tuple[Finding, ...]
    titles: Mapping[str, str]


def layout(table: str, rows: Sequence[Sequence[str]], file: str) -> Layout:
    """Find the header among the first rows: the one that names most columns.

    Rows above it and headers in other words are repairs; a column named twice, unknown or
    missing is a finding as in any table.
    """
    named: list[int] = [sum(1 for cell in set(row) if cell and spelling.header(table, cell)) for row in rows]
    header = named.index(max(named)) if named else 0
    cells = [str(cell) for cell in rows[header]] if rows else []
    findings = []
    above = [" ".join(filter(None, row)) for row in rows[:header]]
    if any(above):
        shown = "; ".join(filter(None, above))[:200]
        place = {"row": 1, "value": shown, "after": header + 1}
        findings.append(checks.finding("stray_rows", file, severity="repair", **place))
    columns, named_columns = _columns(table, cells, file)
    titles = {name: cells[position].strip() for name, position in columns.items()}
    return Layout(header, columns, (*findings, *named_columns), titles)


def _columns(table: str, cells: Sequence[str], file: str) -> tuple[dict[str, int], list[Finding]]:
    columns: dict[str, int] = {}
    findings = []
    for position, cell in enumerate(cells):
        meant = spelling.header(table, cell)
        if meant is None:
            if cell.strip():
                known = [str(column.title) for column in schema.columns(table).values()]
                hint = checks.nearest_hint(cell, (*schema.columns(table), *known))
                place = {"column": cell, "value": cell, "nearest": hint}
                findings.append(checks.finding("unknown_column", file, severity="warning", **place))
            continue
        name, prescribed = meant
        if name in columns:
            findings.append(checks.finding("duplicate_column", file, column=name, value=cell))
            continue
        columns[name] = position
        if not prescribed:
            title = schema.columns(table)[name].title
            place = {"column": name, "value": cell, "after": title}
            findings.append(checks.finding("header_spelling", file, severity="repair", **place))
    for name, column in schema.columns(table).items():
        if column.required and name not in columns:
            findings.append(checks.finding("missing_column", file, column=name, title=column.title))
    return columns, findings


def text_frame(columns: Mapping[str, Sequence[str | None]], rows: Iterable[int]) -> pd.DataFrame:
    """Return columns of text as a frame over the source's row numbers; None is missing."""
    index = pd.Index(list(rows), dtype="int64", name="row")
    made = {
        name: pd.Series(pd.array(list(cells), dtype=STRING), index=index) for name, cells in columns.items()
    }
    return pd.DataFrame(made, index=index)


def says_no_rows(table: str, frame: pd.DataFrame) -> bool:
    """Return whether a first cell says that the table is known and has no rows."""
    return bool(_marks(table, frame).eq(spelling.words()["none_mark"]).any())


def without_service_rows(table: str, reading: Reading, titles: Mapping[str, str]) -> Reading:
    """Return the reading without blank rows, example rows and headers repeated among the data.

    Each is a finding, none a row of data.
    """
    frame = reading.frame
    marks = _marks(table, frame)
    blank = frame.isna().all(axis=1) if len(frame.columns) else pd.Series(True, index=frame.index)
    example = marks.str.startswith(spelling.words()["example_mark"])
    none = marks.eq(spelling.words()["none_mark"])
    findings = _blank_rows(reading.file, frame, blank)
    findings += [
        checks.finding("example_row", reading.file, severity="repair", row=row)
        for row in frame.index[example]
    ]
    header = _repeats(frame, titles)
    findings += [
        checks.finding("repeated_header", reading.file, severity="repair", row=row)
        for row in frame.index[header]
    ]
    return replace(reading, frame=frame[~(blank | example | none | header)]).adding(*findings)


def _repeats(frame: pd.DataFrame, titles: Mapping[str, str]) -> pd.Series:
    """Rows whose every filled cell is the title of its column, as where printed pages were put together."""
    told = pd.Series(len(titles) > 1, index=frame.index)
    for name, title in titles.items():
        if told.any():
            told &= frame[name].str.strip().eq(title).fillna(False) | (frame[name].isna() & (title != ""))
    filled = frame.notna().any(axis=1) if told.any() else told
    return told & filled


def _marks(table: str, frame: pd.DataFrame) -> pd.Series:
    first = next((name for name in schema.columns(table) if name in frame), None)
    if first is None:
        return pd.Series("", index=frame.index, dtype=STRING)
    return frame[first].astype("str").fillna("")


def _blank_rows(file: str, frame: pd.DataFrame, blank: pd.Series) -> list[Finding]:
    """Blank rows at the end of a sheet are nobody's fault and are not told."""
    filled = frame.index[~blank]
    inner = frame.index[blank & (frame.index < filled.max())] if len(filled) else frame.index[:0]
    if inner.empty:
        return []
    return [checks.finding("blank_rows", file, severity="repair", row=inner[0], value=len(inner))]
