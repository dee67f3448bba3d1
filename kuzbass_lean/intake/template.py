"""The workbook that an office fills, empty or with a registry in it: one sheet a table.

It reads back as the same registry. The bytes depend on the content only.
"""

from __future__ import annotations

import io
import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from itertools import zip_longest
from pathlib import Path
from typing import Any, Final

import pandas as pd
import xlsxwriter
from xlsxwriter.utility import xl_range_abs
from xlsxwriter.worksheet import Worksheet

from kuzbass_lean import schema, spelling
from kuzbass_lean.errors import UsageError
from kuzbass_lean.intake.neutral import neutralise

_CREATED: Final = datetime(2019, 1, 1)
_FIRST_DATE: Final = date(1990, 1, 1)
_BLANK_ROWS: Final = 2000
"""For how many rows a template offers its lists and formats."""

_LINE: Final = 15
"""Height of a line of text, in points."""

_LONGEST: Final = 32_767
"""Characters that a cell of Excel can hold."""

_FORMATS: Final = {
    "header": {"bold": True, "text_wrap": True, "valign": "top", "bg_color": "#E7E6E6", "border": 1},
    "required": {"bold": True, "text_wrap": True, "valign": "top", "bg_color": "#FFE699", "border": 1},
    "example": {"italic": True, "font_color": "#7F7F7F"},
    "example_date": {"italic": True, "font_color": "#7F7F7F", "num_format": "dd.mm.yyyy"},
    schema.TEXT: {"num_format": "@"},
    schema.DATE: {"num_format": "dd.mm.yyyy"},
    schema.INTEGER: {"num_format": "0"},
    schema.NUMBER: {"num_format": "General"},
    schema.FLAG: {"num_format": "@"},
    "wrapped": {"text_wrap": True, "valign": "top"},
}


@dataclass(frozen=True)
class _Book:
    """The workbook being written: its formats, where each list stands, and whose territories hold."""

    file: xlsxwriter.Workbook
    formats: Mapping[str, Any]
    lists: Mapping[str, str]
    own_territories: bool

    def group(self, table: str, column: str) -> str:
        """Return the vocabulary of a column; the registry's own territories have none."""
        found = schema.labels(table).get(column, "")
        return "" if found == "municipality" and self.own_territories else found


def template(target: Path) -> None:
    """Write an empty workbook to fill: every table with an example row, lists, notes, a dictionary.

    Raises
    ------
    UsageError
        The name does not end in ``.xlsx``.

    Examples
    --------
    >>> kl.template(folder / "registry.xlsx")
    >>> kl.examine(folder / "registry.xlsx").rows["projects"].accepted
    0
    """
    _write(target, None)


def write_workbook(tables: Mapping[str, pd.DataFrame], target: Path) -> None:
    """Write the tables of a registry as the same workbook; absent tables get no sheet.

    Values are written as their Russian labels, text that a spreadsheet would run is neutralised.

    Raises
    ------
    UsageError
        The name does not end in ``.xlsx``, or a text is longer than a cell can hold.
    """
    _write(target, tables)


def _write(target: Path, tables: Mapping[str, pd.DataFrame] | None) -> None:
    if target.suffix.lower() != ".xlsx":
        raise UsageError(f"{target} does not end in .xlsx: name the workbook so")
    names = [name for name in schema.TABLES if tables is None or name in tables]
    made = io.BytesIO()
    options = {"constant_memory": True, "strings_to_formulas": False, "strings_to_urls": False}
    file = xlsxwriter.Workbook(made, options)
    file.set_properties({"created": _CREATED, "title": spelling.words()["guide"][0]})
    formats = {name: file.add_format(properties) for name, properties in _FORMATS.items()}
    own = tables is not None and "municipalities" in tables
    book = _Book(file, formats, _list_ranges(names), own)
    _guide(book)
    for name in names:
        _table(book, name, None if tables is None else tables[name], names)
    _dictionary(book, names)
    _lists(book, names)
    file.close()
    target.parent.mkdir(parents=True, exist_ok=True)
    target.write_bytes(made.getvalue())


def _guide(book: _Book) -> None:
    sheet = book.file.add_worksheet(spelling.words()["service_sheets"]["guide"])
    sheet.set_column(0, 0, 110, book.formats["wrapped"])
    _print_on_one_page_width(sheet)
    for row, line in enumerate(spelling.words()["guide"]):
        sheet.set_row(row, _height((line, 110)))
        sheet.write_string(row, 0, line, book.formats["header" if row == 0 else "wrapped"])


def _height(*cells: tuple[str, int]) -> int:
    """How high a row of texts must be, each with the width of its column in characters."""
    return _LINE * max(math.ceil(1.15 * len(text) / width) for text, width in cells)


def _print_on_one_page_width(sheet: Worksheet) -> None:
    sheet.set_landscape()
    sheet.set_paper(9)
    sheet.fit_to_pages(1, 0)


def _table(book: _Book, table: str, frame: pd.DataFrame | None, sheets: Sequence[str]) -> None:
    sheet = book.file.add_worksheet(spelling.sheet(table))
    sheet.freeze_panes(1, 1)
    sheet.set_row(0, 2 * _LINE)
    sheet.repeat_rows(0)
    _print_on_one_page_width(sheet)
    types = schema.dtypes(table)
    last = _BLANK_ROWS if frame is None else max(len(frame), 1)
    for position, (name, dtype) in enumerate(types.items()):
        sheet.set_column(position, position, _width(table, name), book.formats[dtype])
        _validate(book, sheet, table, name, (1, position, last, position), sheets)
    for position, name in enumerate(types):
        style = "required" if schema.columns(table)[name].required else "header"
        sheet.write_string(0, position, spelling.written_header(table, name), book.formats[style])
    if frame is None:
        _example(book, sheet, table)
    elif frame.empty:
        sheet.write_string(1, 0, spelling.words()["none_mark"])
    else:
        sheet.autofilter(0, 0, len(frame), len(types) - 1)
        for row, cells in enumerate(_rows(book, table, frame), start=1):
            _write_row(book, sheet, row, cells, schema.DATE)


def _rows(book: _Book, table: str, frame: pd.DataFrame) -> Iterator[tuple[Any, ...]]:
    columns = []
    for name, dtype in schema.dtypes(table).items():
        cells = frame[name] if name in frame else pd.Series(index=frame.index, dtype="object")
        columns.append(_written(cells, dtype, book.group(table, name)))
    return zip(*columns, strict=True)


def _written(cells: pd.Series, dtype: str, group: str) -> list[Any]:
    """Cells as they are written: labels, да and нет, dates; None is an empty cell."""
    absent = cells.isna().tolist()
    if dtype == schema.DATE:
        values: list[Any] = [value.date() for value in pd.to_datetime(cells)]
    elif dtype == schema.FLAG:
        words = spelling.vocabulary("yes_no").labels
        values = [
            words[str(bool(value)).lower()] if not gone else None
            for value, gone in zip(cells, absent, strict=True)
        ]
    elif dtype == schema.TEXT and group:
        vocabulary = spelling.vocabulary(group)
        labels = {key: vocabulary.label(key) for key in cells.dropna().unique()}
        values = [labels.get(value) for value in cells]
    else:
        values = cells.tolist()
    return [None if gone else value for value, gone in zip(values, absent, strict=True)]


def _write_row(book: _Book, sheet: Worksheet, row: int, cells: Sequence[Any], dated: str) -> None:
    for position, cell in enumerate(cells):
        if cell is None:
            continue
        if isinstance(cell, str):
            _write_text(sheet, row, position, cell)
        elif isinstance(cell, date):
            _write_date(book, sheet, row, position, cell, dated)
        elif float(f"{cell:.16G}") == cell and abs(cell) < 1e15:
            sheet.write_number(row, position, cell)
        else:
            sheet.write_string(row, position, repr(cell))


def _write_text(sheet: Worksheet, row: int, position: int, cell: str) -> None:
    text = neutralise(cell)
    if len(text) > _LONGEST:
        raise UsageError(
            f"row {row + 1} of {sheet.get_name()} holds a text of {len(text)} characters, a cell of Excel "
            f"at most {_LONGEST}: shorten it, or write CSV"
        )
    sheet.write_string(row, position, text)


def _write_date(book: _Book, sheet: Worksheet, row: int, position: int, day: date, style: str) -> None:
    """Excel counts days from 1900 and has a 29 February in that year: earlier dates are text."""
    if day < date(1900, 3, 1):
        sheet.write_string(row, position, day.isoformat())
    else:
        sheet.write_datetime(row, position, datetime(day.year, day.month, day.day), book.formats[style])


def _example(book: _Book, sheet: Worksheet, table: str) -> None:
    values: dict[str, Any] = spelling.words()["examples"][table]
    for position, name in enumerate(schema.columns(table)):
        if name not in values and position > 0:
            continue
        value = values.get(name)
        if isinstance(value, date):
            _write_date(book, sheet, 1, position, value, "example_date")
            continue
        group = "yes_no" if isinstance(value, bool) else schema.labels(table).get(name, "")
        text = str(value).lower() if isinstance(value, bool) else str(value)
        said = spelling.vocabulary(group).label(text) if group else text
        if position == 0:
            sheet.write_string(1, 0, f"{spelling.words()['example_mark']}: {said}", book.formats["example"])
        elif isinstance(value, int | float) and not isinstance(value, bool):
            sheet.write_number(1, position, value, book.formats["example"])
        else:
            sheet.write_string(1, position, said, book.formats["example"])


def _validate(
    book: _Book,
    sheet: Worksheet,
    table: str,
    name: str,
    area: tuple[int, int, int, int],
    sheets: Sequence[str],
) -> None:
    """Offer the list of a column, or hold it to its type; the note shows when a cell is chosen."""
    dtype, group = schema.dtypes(table)[name], book.group(table, name)
    refers = schema.references(table).get(name, "")
    rule: dict[str, Any] = {"validate": "any"}
    if dtype == schema.FLAG:
        rule = {"validate": "list", "source": list(spelling.vocabulary("yes_no").labels.values())}
    elif group:
        closed = bool(schema.allowed(table, name)) or group == "municipality"
        rule = {"validate": "list", "source": book.lists[group], "show_error": closed}
    elif refers in sheets:
        keys = xl_range_abs(1, 0, _BLANK_ROWS * 10, 0)
        rule = {"validate": "list", "source": f"='{spelling.sheet(refers)}'!{keys}", "show_error": False}
    elif dtype == schema.DATE:
        rule = {"validate": "date", "criteria": ">=", "value": _FIRST_DATE}
    elif dtype == schema.INTEGER:
        rule = {"validate": "integer", "criteria": ">=", "value": 0}
    elif dtype == schema.NUMBER:
        limits = {"minimum": -1e15, "maximum": 1e15}
        rule = {"validate": "decimal", "criteria": "between", "error_type": "warning", **limits}
    title = str(schema.columns(table)[name].title)
    sheet.data_validation(
        *area, {**rule, "input_title": title[:32], "input_message": _note(table, name)[:255]}
    )


def _note(table: str, name: str) -> str:
    notes, column = spelling.words()["notes"], schema.columns(table)[name]
    refers, group = schema.references(table).get(name, ""), schema.labels(table).get(name, "")
    kinds = {
        schema.TEXT: "text",
        schema.INTEGER: "integer",
        schema.NUMBER: "number",
        schema.DATE: "date",
        schema.FLAG: "flag",
    }
    if group:
        said = notes["list" if schema.allowed(table, name) or group == "municipality" else "open_list"]
    elif refers:
        said = notes["reference"].format(spelling.sheet(refers))
    elif schema.keys(table) == (name,) and name.endswith("_id"):
        said = notes["key"]
    else:
        said = notes[kinds[schema.dtypes(table)[name]]]
    own = notes["columns"].get(name, "")
    return " ".join(filter(None, [notes["required"] if column.required else "", said, own]))


def _width(table: str, name: str) -> int:
    wide = {"title": 60, "name": 45, "text": 60, "rationale": 40, "result": 40}
    return wide.get(name, max(13, min(28, len(str(schema.columns(table)[name].title)) + 5)))


def _groups(names: Sequence[str]) -> list[str]:
    return sorted({group for name in names for group in schema.labels(name).values()})


def _list_labels(group: str) -> list[str]:
    vocabulary = spelling.vocabulary(group)
    return list(dict.fromkeys(vocabulary.label(key) for key in vocabulary.labels))


def _list_ranges(names: Sequence[str]) -> dict[str, str]:
    sheet = spelling.words()["service_sheets"]["lists"]
    return {
        group: f"='{sheet}'!{xl_range_abs(1, position, len(_list_labels(group)), position)}"
        for position, group in enumerate(_groups(names))
    }


def _lists(book: _Book, names: Sequence[str]) -> None:
    sheet = book.file.add_worksheet(spelling.words()["service_sheets"]["lists"])
    sheet.hide()
    groups = _groups(names)
    for position, group in enumerate(groups):
        sheet.write_string(0, position, group, book.formats["header"])
    for row, labels in enumerate(zip_longest(*(_list_labels(group) for group in groups)), start=1):
        for position, label in enumerate(labels):
            if label is not None:
                sheet.write_string(row, position, label)


def _dictionary(book: _Book, names: Sequence[str]) -> None:
    words = spelling.words()
    sheet = book.file.add_worksheet(words["service_sheets"]["dictionary"])
    widths = (24, 30, 20, 13, 14, 60, 60)
    for position, width in enumerate(widths):
        sheet.set_column(position, position, width, book.formats["wrapped"])
    _print_on_one_page_width(sheet)
    sheet.freeze_panes(1, 0)
    sheet.repeat_rows(0)
    for position, title in enumerate(words["dictionary"]):
        sheet.write_string(0, position, title, book.formats["header"])
    row = 1
    yes, no = (spelling.vocabulary("yes_no").labels[answer] for answer in ("true", "false"))
    for table in names:
        for name, column in schema.columns(table).items():
            group = schema.labels(table).get(name, "")
            shown = _list_labels(group) if group and group not in ("municipality", "typical") else []
            kind = words["types"][schema.dtypes(table)[name]]
            required = yes if column.required else no
            cells = (spelling.sheet(table), column.title, name, required, kind, ", ".join(shown))
            told = [str(cell) for cell in (*cells, _note(table, name))]
            sheet.set_row(row, _height(*zip(told, widths, strict=True)))
            for position, cell in enumerate(told):
                sheet.write_string(row, position, neutralise(cell))
            row += 1
