"""What the analyst takes away: the tables of a view as Excel and CSV, and its params file."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import date, datetime
from pathlib import Path
from typing import Any, Final

import pandas as pd
import xlsxwriter
import yaml

from kuzbass_lean import views, wording
from kuzbass_lean.errors import UsageError
from kuzbass_lean.intake import neutralise
from kuzbass_lean.lab.view import TABLES, Choice, View

FOLDER: Final = "saved"
"""Under this folder of the site lie the reports that were saved from the lab."""
_MARK: Final = "# Saved from the lab."
_NOTEBOOKS: Final = {"region": "region", "sector": "sector", "municipality": "municipality", "pair": "sector"}
_CREATED: Final = datetime(2019, 1, 1)


def write_excel(view: View, target: Path) -> Path:
    """Write every table of a view as a workbook, one sheet each; the bytes depend on the view only.

    Text that a spreadsheet would run as a formula is neutralised; unknown is an empty cell.

    Raises
    ------
    UsageError
        The name does not end in ``.xlsx``.

    Examples
    --------
    >>> view = kl.lab.View(registry, kl.lab.Choice(day, sector="mfc"))
    >>> kl.lab.write_excel(view, folder / "mfc.xlsx").name
    'mfc.xlsx'
    """
    if target.suffix.lower() != ".xlsx":
        raise UsageError(f"{target} does not end in .xlsx: name the workbook so")
    target.parent.mkdir(parents=True, exist_ok=True)
    options = {"strings_to_formulas": False, "strings_to_urls": False, "default_date_format": "dd.mm.yyyy"}
    with xlsxwriter.Workbook(str(target), options) as book:
        book.set_properties({"created": _CREATED, "title": view.title})
        bold = book.add_format({"bold": True, "text_wrap": True, "valign": "top"})
        for name in TABLES:
            _sheet(book.add_worksheet(wording.label("lab_table", name)), view.table(name), bold)
    return target


def _sheet(sheet: Any, frame: pd.DataFrame, bold: Any) -> None:
    sheet.freeze_panes(1, 1)
    sheet.write_row(0, 0, list(frame.columns), bold)
    sheet.set_column(0, 0, 50)
    sheet.set_column(1, len(frame.columns) - 1, 20)
    sheet.autofilter(0, 0, len(frame), len(frame.columns) - 1)
    for row, cells in enumerate(frame.itertuples(index=False), start=1):
        for column, cell in enumerate(cells):
            if isinstance(cell, str):
                sheet.write_string(row, column, neutralise(cell))
            elif isinstance(cell, date) and not pd.isna(cell):
                sheet.write_datetime(row, column, datetime(cell.year, cell.month, cell.day))
            elif not pd.isna(cell):
                sheet.write_number(row, column, cell)


def write_csv(view: View, folder: Path) -> tuple[Path, ...]:
    """Write every table of a view as CSV (UTF-8 with its mark, comma), for any spreadsheet to open.

    Examples
    --------
    >>> view = kl.lab.View(registry, kl.lab.Choice(day, sector="mfc"))
    >>> [path.name for path in kl.lab.write_csv(view, folder)]
    ['projects.csv', 'organizations.csv', 'measures.csv', 'figures.csv']
    """
    folder.mkdir(parents=True, exist_ok=True)
    written = []
    for name in TABLES:
        frame = view.table(name).map(lambda cell: neutralise(cell) if isinstance(cell, str) else cell)
        path = folder / f"{name}.csv"
        path.write_bytes(
            frame.to_csv(index=False, lineterminator="\n", date_format="%Y-%m-%d").encode("utf-8-sig")
        )
        written.append(path)
    return tuple(written)


def report_id(choice: Choice, name: str) -> str:
    """Return the id of the report that a choice is saved as: where its page will lie.

    The page lies as deep as its notebook's links to the site's root expect.

    Examples
    --------
    >>> kl.lab.report_id(kl.lab.Choice(day, sector="mfc"), "mine")
    'saved/mine'
    """
    depth = views.way_up(choice.scope).count("/")
    return "/".join([*[FOLDER, choice.scope.kind][:depth], name if depth else f"{FOLDER}-{name}"])


def save_report(view: View, name: str, folder: Path) -> Path:
    """Write a params file that makes ``kuzbass-lean build`` publish the view as a report.

    Parameters
    ----------
    name
        Of small Latin letters, digits and hyphens; it names the file and the page. A report
        saved under it before is replaced, other files never are.
    folder
        The folder of params files.

    Raises
    ------
    UsageError
        The name has other characters, or the folder holds another file of that name.

    Examples
    --------
    >>> view = kl.lab.View(registry, kl.lab.Choice(day, sector="mfc"))
    >>> kl.lab.save_report(view, "mine", folder).name
    'mine.yaml'
    """
    if not re.fullmatch(r"[a-z0-9]+(-[a-z0-9]+)*", name):
        raise UsageError(f'"{name}" cannot name a report: use small Latin letters, digits and hyphens')
    target = folder / f"{name}.yaml"
    if target.exists() and not target.read_text(encoding="utf-8").startswith(_MARK):
        raise UsageError(f"{target} was not saved from the lab: choose another name")
    folder.mkdir(parents=True, exist_ok=True)
    text = yaml.safe_dump(_params(view, name), allow_unicode=True, sort_keys=False)
    target.write_text(f"{_MARK} {view.title}\n{text}", encoding="utf-8")
    return target


def _params(view: View, name: str) -> Mapping[str, Any]:
    choice = view.choice
    asked: dict[str, Any] = {
        "sector": choice.sector,
        "municipality": choice.municipality,
        "as_of": choice.as_of.isoformat(),
        "since": choice.since_text,
        "readings": dict(view.readings),
    }
    return {
        "notebook": _NOTEBOOKS[choice.scope.kind],
        "output": report_id(choice, name),
        "parameters": {parameter: value for parameter, value in asked.items() if value},
    }
