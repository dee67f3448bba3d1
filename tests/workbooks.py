"""Small registries and messy workbooks, made by code for the tests of intake."""

import zipfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any
from xml.sax.saxutils import escape

import xlsxwriter

Sheet = Sequence[Sequence[Any]]

ORGANIZATIONS: Sheet = (
    ("Код организации", "Название", "Вид организации", "Сектор", "Муниципальное образование"),
    ("clinic", "Поликлиника № 1", "поликлиника", "Здравоохранение", "Кемеровский городской округ"),
    ("office", "МФЦ Яя", "МФЦ", "МФЦ", "Яйский муниципальный район"),
)
PROJECTS: Sheet = (
    ("Код проекта", "Название проекта", "Организация", "Сектор", "Статус", "Начат", "Централизованный"),
    ("p1", "Сокращение очереди", "clinic", "Здравоохранение", "в работе", "2019-02-01", "нет"),
    ("p2", "Приём заявлений", "office", "МФЦ", "планируется", "", "нет"),
)
MEASURES: Sheet = (
    ("Код показателя", "Проект", "Показатель", "Единица измерения", "Семейство", "Что лучше", "Статистика"),
    ("m1", "p1", "Время ожидания", "minute", "ожидание", "чем меньше, тем лучше", "среднее"),
)
VALUES: Sheet = (
    ("Показатель", "Этап", "Значение от", "Значение до", "Точность", "Во сколько раз"),
    ("m1", "было", 40, 40, "точно", ""),
)


def rows(sheet: Sheet, *changes: tuple[int, int, Any]) -> list[list[Any]]:
    """A sheet with some cells (row and column from 0) replaced."""
    made = [list(row) for row in sheet]
    for row, column, value in changes:
        made[row][column] = value
    return made


def write(
    path: Path, sheets: Mapping[str, Sheet], merges: Mapping[str, Sequence[tuple[int, int, int, Any]]] = {}
) -> Path:
    """Write the sheets as they are; a merge is (first row, last row, column, value), from 0."""
    book = xlsxwriter.Workbook(str(path), {"strings_to_formulas": False})
    for name, cells in sheets.items():
        sheet = book.add_worksheet(name)
        for row, line in enumerate(cells):
            for column, cell in enumerate(line):
                if cell != "" and cell is not None:
                    sheet.write(row, column, cell)
        for first, last, column, value in merges.get(name, ()):
            sheet.merge_range(first, column, last, column, value)
    book.close()
    return path


def registry(path: Path, **changed: Sheet) -> Path:
    """Write a small sound registry; keywords replace or add sheets."""
    sheets: dict[str, Sheet] = {"Организации": ORGANIZATIONS, "Проекты": PROJECTS, **changed}
    return write(path, sheets)


def ods(path: Path, sheets: Mapping[str, Sheet]) -> Path:
    """Write the sheets as OpenDocument, every cell as text, with the blank tail that LibreOffice adds."""
    tables = []
    for name, cells in sheets.items():
        lines = "".join(f"<table:table-row>{_ods_row(line)}</table:table-row>" for line in cells)
        tail = '<table:table-row table:number-rows-repeated="1048000">' + _ODS_TAIL + "</table:table-row>"
        tables.append(f'<table:table table:name="{name}">{lines}{tail}</table:table>')
    space = "urn:oasis:names:tc:opendocument:xmlns"
    content = (
        f'<?xml version="1.0" encoding="UTF-8"?><office:document-content xmlns:office="{space}:office:1.0" '
        f'xmlns:table="{space}:table:1.0" xmlns:text="{space}:text:1.0"><office:body><office:spreadsheet>'
        f"{''.join(tables)}</office:spreadsheet></office:body></office:document-content>"
    )
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("mimetype", "application/vnd.oasis.opendocument.spreadsheet")
        archive.writestr("content.xml", content)
        archive.writestr(
            "META-INF/manifest.xml",
            '<manifest:manifest xmlns:manifest="urn:oasis:names:tc:opendocument:xmlns:manifest:1.0"/>',
        )
    return path


_ODS_TAIL = '<table:table-cell table:number-columns-repeated="1000"/>'


def _ods_row(line: Sequence[Any]) -> str:
    head = '<table:table-cell office:value-type="string"><text:p>'
    return (
        "".join(
            f"{head}{escape(str(cell))}</text:p></table:table-cell>"
            if cell not in ("", None)
            else "<table:table-cell/>"
            for cell in line
        )
        + _ODS_TAIL
    )
