"""An office's own workbook returned with the findings in it: cells coloured and commented."""

from __future__ import annotations

import io
import re
import zipfile
from collections import Counter
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from kuzbass_lean import spelling
from kuzbass_lean.errors import Finding, UsageError
from kuzbass_lean.packaged import document

if TYPE_CHECKING:
    from kuzbass_lean.intake.examination import Examination, Header

_COLOURS: Final = {"error": "FFC7CE", "warning": "FFEB9C", "repair": "DDEBF7"}
_FIXED: Final = (1980, 1, 1, 0, 0, 0)


def annotate(examination: Examination, source: Path, target: Path) -> tuple[str, ...]:
    """Write a copy of a workbook in which every finding colours its cell and is its comment.

    What stands in the cells, formats, formulas and other sheets stay as they are. A finding
    about a column stands in its header, about a whole row in the row's first cell; what has no
    cell at all is listed on a sheet of its own. Of a folder of workbooks each gets its copy.

    Parameters
    ----------
    examination
        What ``examine`` found in the source.
    source
        The workbook that was examined, ``.xlsx`` or ``.xlsm``, or a folder of them.
    target
        Where the copy goes, or the folder for the copies; never the source itself.

    Returns
    -------
    tuple
        What a copy could not keep of a workbook, such as slicers, said for a person; mostly nothing.

    Raises
    ------
    UsageError
        The source is no such workbook, or the target is the source or has another suffix.
    """
    if target.exists() and target.resolve() == source.resolve():
        raise UsageError(f"--annotate {target} is the source itself: name another")
    if not source.is_dir():
        return _annotate(examination, source, target)
    books = [path for path in sorted(source.iterdir()) if _is_workbook(path)]
    if not books or target.is_file() or target.suffix:
        raise UsageError(
            f"{source} cannot be annotated: give a folder of .xlsx files, and a folder for theirs"
        )
    return tuple(lost for book in books for lost in _annotate(examination, book, target / book.name))


def _is_workbook(path: Path) -> bool:
    return path.suffix.lower() in (".xlsx", ".xlsm") and path.is_file() and not path.name.startswith("~$")


def _annotate(examination: Examination, source: Path, target: Path) -> tuple[str, ...]:
    from openpyxl import load_workbook  # slow to import, and only this needs it

    if not _is_workbook(source):
        raise UsageError(f"{source} cannot be annotated: give the registry as one .xlsx file, or a folder")
    if target.suffix.lower() != source.suffix.lower():
        raise UsageError(f"--annotate {target} does not end in {source.suffix}: name it so")
    mine = [found for found in examination.findings if found.file == source.name]
    if any(found.rule == "refused_file" for found in mine):
        return ()
    book = load_workbook(source, keep_vba=source.suffix.lower() == ".xlsm", rich_text=True)
    modified = book.properties.modified
    placed: dict[tuple[str, int, int], list[Finding]] = {}
    rest = []
    headers = {(header.file, header.sheet): header for header in examination.headers}
    for found in mine:
        cell = _cell(found, headers.get((found.file, found.sheet)))
        if found.sheet in book.sheetnames and cell:
            placed.setdefault((found.sheet, *cell), []).append(found)
        else:
            rest.append(found)
    for (sheet, row, column), findings in placed.items():
        _mark(book[sheet], row, column, findings)
    if rest:
        _list(book, rest)
    made = io.BytesIO()
    book.save(made)
    target.parent.mkdir(parents=True, exist_ok=True)
    target.write_bytes(_without_clock(made.getvalue(), modified.strftime("%Y-%m-%dT%H:%M:%SZ")))
    lost = _parts(source.read_bytes()) - _parts(made.getvalue())
    return tuple(f"{target} lacks {count} of {kind} of {source.name}" for kind, count in sorted(lost.items()))


_KINDS: Final = ("activeX", "charts", "ctrlProps", "diagrams", "embeddings", "media", "slicers", "timelines")
"""Folders of a workbook whose parts the writer of the copy may not know."""


def _parts(data: bytes) -> Counter[str]:
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        folders = [name.split("/")[1] for name in archive.namelist() if name.count("/") == 2]
    return Counter(folder for folder in folders if folder in _KINDS)


def _cell(found: Finding, header: Header | None) -> tuple[int, int] | None:
    """The cell, from 1, that a finding is about; the header's where it is about the table."""
    if header is None:
        return (1, 1) if found.sheet else None
    first = min(header.columns.values(), default=1)
    return found.row or header.row, header.columns.get(found.column, first)


def _mark(sheet: Any, row: int, column: int, findings: list[Finding]) -> None:
    from openpyxl.comments import Comment
    from openpyxl.styles import PatternFill

    for area in sheet.merged_cells.ranges:
        if area.min_row <= row <= area.max_row and area.min_col <= column <= area.max_col:
            row, column = area.min_row, area.min_col
    cell = sheet.cell(row, column)
    worst = next(severity for severity in _COLOURS if any(f.severity == severity for f in findings))
    cell.fill = PatternFill("solid", fgColor=_COLOURS[worst])
    labels: Mapping[str, str] = document("labels.yaml")["labels"]["severity"]
    lines = [f"{labels[found.severity]}: {found.message}" for found in findings]
    before = [cell.comment.text] if cell.comment else []
    text = "\n".join(dict.fromkeys([*before, *lines]))
    cell.comment = Comment(text[:30_000], spelling.words()["annotation"]["author"], height=120, width=360)


def _list(book: Any, findings: list[Finding]) -> None:
    words = spelling.words()["annotation"]
    labels: Mapping[str, str] = document("labels.yaml")["labels"]["severity"]
    sheet = book.create_sheet(spelling.words()["service_sheets"]["findings"])
    sheet.append(words["header"])
    for found in findings:
        row = (found.sheet, found.row, found.column, found.value, found.rule, found.message)
        sheet.append([labels[found.severity], *row])
    for cells in sheet.iter_rows():
        for cell in cells:
            if cell.data_type == "f":
                cell.data_type = "s"


def _without_clock(data: bytes, modified: str) -> bytes:
    """The same workbook with fixed dates in the archive and the date of change it had before."""
    made = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(data)) as old, zipfile.ZipFile(made, "w", zipfile.ZIP_DEFLATED) as new:
        for part in old.infolist():
            content = old.read(part)
            if part.filename == "docProps/core.xml":
                stamp = rf"\g<1>{modified}\g<2>".encode()
                content = re.sub(rb"(<dcterms:modified[^>]*>)[^<]*(<)", stamp, content)
            info = zipfile.ZipInfo(part.filename, _FIXED)
            info.compress_type = zipfile.ZIP_DEFLATED
            new.writestr(info, content)
    return made.getvalue()
