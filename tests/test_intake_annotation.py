import zipfile
from datetime import datetime
from pathlib import Path

import openpyxl
import pytest
from openpyxl.chart import BarChart, Reference
from openpyxl.comments import Comment
from openpyxl.formatting.rule import FormulaRule
from openpyxl.styles import Font, PatternFill
from openpyxl.worksheet.datavalidation import DataValidation
from workbooks import PROJECTS, registry, rows

from kuzbass_lean import cli, intake
from kuzbass_lean.errors import UsageError


@pytest.fixture
def messy(tmp_path: Path) -> Path:
    cells = [("Реестр",), *rows(PROJECTS, (1, 4, "завершён"), (2, 5, "01.02.2019"))]
    path = registry(tmp_path / "r.xlsx", Проекты=cells, Погода=[("дождь",)])
    book = openpyxl.load_workbook(path)
    sheet = book["Проекты"]
    sheet["E3"].font = Font(bold=True)
    sheet["E3"].number_format = "0.00"
    sheet["E3"].comment = Comment("моя заметка", "я")
    sheet["A6"] = "=1+1"
    sheet.column_dimensions["B"].width = 33
    book.properties.modified = datetime(2019, 9, 30)
    book.save(path)
    return path


def annotated(source: Path, target: Path) -> openpyxl.Workbook:
    intake.annotate(intake.examine(source), source, target)
    return openpyxl.load_workbook(target)


def test_cells_with_findings_are_coloured_and_say_what_to_do(messy: Path, tmp_path: Path) -> None:
    sheet = annotated(messy, tmp_path / "a.xlsx")["Проекты"]
    assert sheet["E3"].fill.fgColor.rgb == "00FFC7CE"
    assert sheet["E3"].comment.text.startswith("моя заметка\nошибка: «завершён» не входит в справочник")
    assert sheet["F4"].fill.fgColor.rgb == "00DDEBF7"
    assert "прочитано как дата 2019-02-01" in sheet["F4"].comment.text
    assert "заголовок взят из строки 2" in sheet["A1"].comment.text


def test_everything_else_stays_as_it_was(messy: Path, tmp_path: Path) -> None:
    before, after = openpyxl.load_workbook(messy), annotated(messy, tmp_path / "a.xlsx")
    assert after.sheetnames == before.sheetnames
    marked = {("Проекты", "E3"), ("Проекты", "F4"), ("Проекты", "A1"), ("Проекты", "A6"), ("Погода", "A1")}
    for sheet in before:
        for line in sheet.iter_rows():
            for cell in line:
                other = after[sheet.title][cell.coordinate]
                assert other.value == cell.value
                assert (other.font.b, other.number_format) == (cell.font.b, cell.number_format)
                if (sheet.title, cell.coordinate) not in marked:
                    assert other.fill == PatternFill()
                    assert other.comment is None
    assert after["Проекты"].column_dimensions["B"].width == 33


def test_what_has_no_cell_stands_on_a_sheet_of_its_own_that_check_ignores(tmp_path: Path) -> None:
    path = registry(tmp_path / "r.xlsx")
    book = openpyxl.load_workbook(path)
    del book["Организации"]
    book.save(path)
    marked = annotated(path, tmp_path / "a.xlsx")
    said = list(marked["Замечания"].values)
    assert said[0][0] == "Важность"
    assert "missing_table" in [row[5] for row in said[1:]]
    rules = {found.rule for found in intake.examine(tmp_path / "a.xlsx").findings}
    assert "unknown_sheet" not in rules


def test_a_finding_in_a_merged_cell_stands_in_its_first(tmp_path: Path) -> None:
    path = registry(tmp_path / "r.xlsx", Проекты=rows(PROJECTS, (1, 4, "завершён"), (2, 4, "")))
    book = openpyxl.load_workbook(path)
    book["Проекты"].merge_cells("E2:E3")
    book.save(path)
    sheet = annotated(path, tmp_path / "a.xlsx")["Проекты"]
    assert "объединена" in sheet["E2"].comment.text


def test_the_same_workbook_gives_the_same_bytes(messy: Path, tmp_path: Path) -> None:
    for name in ("a.xlsx", "b.xlsx"):
        annotated(messy, tmp_path / name)
    assert (tmp_path / "a.xlsx").read_bytes() == (tmp_path / "b.xlsx").read_bytes()


def test_the_command_annotates_and_still_says_1(messy: Path, tmp_path: Path) -> None:
    assert cli.run(["check", str(messy), "--annotate", str(tmp_path / "a.xlsx")]) == 1
    assert (tmp_path / "a.xlsx").is_file()


@pytest.mark.parametrize(
    ("source", "target", "said"),
    [
        ("r.xlsx", "r.xlsx", "the source itself"),
        ("r.xlsx", "a.csv", "does not end in"),
        ("", "a.xlsx", "a folder for theirs"),
        ("no.xlsx", "a.xlsx", "one .xlsx file"),
    ],
)
def test_what_cannot_be_annotated_is_called_wrongly(messy: Path, source: str, target: str, said: str) -> None:
    folder = messy.parent
    with pytest.raises(UsageError, match=said):
        intake.annotate(intake.examine(messy), folder / source, folder / target)


def test_what_a_copy_cannot_keep_is_told(messy: Path, tmp_path: Path) -> None:
    assert intake.annotate(intake.examine(messy), messy, tmp_path / "a.xlsx") == ()
    with zipfile.ZipFile(messy, "a") as archive:
        archive.writestr("xl/slicers/slicer1.xml", "<slicers/>")
    (lost,) = intake.annotate(intake.examine(messy), messy, tmp_path / "a.xlsx")
    assert lost.endswith("a.xlsx lacks 1 of slicers of r.xlsx")


def test_charts_pictures_conditional_formats_and_lists_stay(tmp_path: Path) -> None:
    path = registry(tmp_path / "r.xlsx", Проекты=rows(PROJECTS, (1, 4, "завершён")))
    book = openpyxl.load_workbook(path)
    sheet = book["Проекты"]
    chart = BarChart()
    chart.add_data(Reference(sheet, min_col=6, min_row=1, max_row=3))
    sheet.add_chart(chart, "J2")
    sheet.conditional_formatting.add(
        "A1:A9", FormulaRule(["A1>0"], fill=PatternFill("solid", fgColor="00FF00"))
    )
    rule = DataValidation(type="list", formula1='"да,нет"')
    rule.add("G2:G9")
    sheet.add_data_validation(rule)
    sheet.freeze_panes = "B2"
    book.save(path)
    after = annotated(path, tmp_path / "a.xlsx")["Проекты"]
    assert len(after._charts) == 1
    assert [str(area.sqref) for area in after.conditional_formatting] == ["A1:A9"]
    assert [str(rule.sqref) for rule in after.data_validations.dataValidation] == ["G2:G9"]
    assert after.freeze_panes == "B2"
