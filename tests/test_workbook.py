from datetime import datetime
from pathlib import Path
from typing import Any

import openpyxl
import pandas as pd
import pytest
import workbooks
from workbooks import MEASURES, ORGANIZATIONS, PROJECTS, VALUES, Sheet, registry, rows

from kuzbass_lean import cli, intake, schema, spelling
from kuzbass_lean.errors import UsageError

Found = list[tuple[str, int | None, str]]


def found(path: Path) -> Found:
    return [(f.rule, f.row, f.column) for f in intake.examine(path).findings]


def conserved(examination: intake.Examination) -> bool:
    return all(count.read == count.accepted + count.rejected for count in examination.rows.values())


def test_the_sample_as_a_workbook_reads_back_with_the_same_digest_and_no_finding(tmp_path: Path) -> None:
    sample = intake.read()
    target = tmp_path / "реестр.xlsx"
    intake.write_workbook(sample.tables, target)
    again = intake.examine(target)
    assert again.findings == ()
    assert again.registry.digest == sample.digest
    assert again.registry.label == "реестр"


def test_the_command_sample_writes_a_workbook_that_check_accepts(tmp_path: Path) -> None:
    target = tmp_path / "s.xlsx"
    assert cli.run(["sample", str(target), "--projects", "40", "--municipalities", "5", "--seed", "1"]) == 0
    assert cli.run(["check", str(target)]) == 0
    folder = tmp_path / "s"
    assert cli.run(["sample", str(folder), "--projects", "40", "--municipalities", "5", "--seed", "1"]) == 0
    assert intake.read(target).digest == intake.read(folder).digest


def test_the_same_tables_give_the_same_bytes(tmp_path: Path) -> None:
    for name in ("a.xlsx", "b.xlsx"):
        intake.template(tmp_path / name)
    assert (tmp_path / "a.xlsx").read_bytes() == (tmp_path / "b.xlsx").read_bytes()


def test_a_template_has_a_sheet_for_every_table_with_russian_headers_and_marks(tmp_path: Path) -> None:
    intake.template(tmp_path / "t.xlsx")
    book = openpyxl.load_workbook(tmp_path / "t.xlsx")
    for table in schema.TABLES:
        sheet = book[spelling.sheet(table)]
        header = [cell.value for cell in sheet[1]]
        assert header == [spelling.written_header(table, name) for name in schema.columns(table)]
        assert str(sheet["A2"].value).startswith("ПРИМЕР")
        assert len(sheet.data_validations.dataValidation) > 0
        assert all(rule.prompt for rule in sheet.data_validations.dataValidation)
    assert book["Справочники"].sheet_state == "hidden"
    dictionary = list(book["Словарь данных"].values)
    assert len(dictionary) == 1 + sum(len(schema.columns(table)) for table in schema.TABLES)


def test_the_list_of_a_column_offers_its_russian_labels(tmp_path: Path) -> None:
    intake.template(tmp_path / "t.xlsx")
    book = openpyxl.load_workbook(tmp_path / "t.xlsx")
    sheet = book["Проекты"]
    column = list(schema.columns("projects")).index("status") + 1
    letter = sheet.cell(1, column).column_letter
    (rule,) = [r for r in sheet.data_validations.dataValidation if str(r.sqref).startswith(f"{letter}2")]
    name, area = rule.formula1.replace("$", "").split("!")
    offered = [cell.value for (cell,) in book[name.strip("'")][area]]
    assert offered == [spelling.vocabulary("status").labels[key] for key in schema.STATUSES]


def test_a_template_that_nobody_filled_is_unknown_tables_and_no_data(tmp_path: Path) -> None:
    intake.template(tmp_path / "t.xlsx")
    examination = intake.examine(tmp_path / "t.xlsx")
    rules = [found.rule for found in examination.findings]
    assert rules.count("no_rows") == 2
    assert rules.count("example_row") == len(schema.TABLES)
    assert set(examination.registry.tables) == {"organizations", "projects"}
    assert all(count.read == 0 for count in examination.rows.values())


def test_a_template_filled_by_hand_is_read_and_its_example_is_not(tmp_path: Path) -> None:
    path = tmp_path / "t.xlsx"
    intake.template(path)
    book = openpyxl.load_workbook(path)
    for name, cells in {"Организации": ORGANIZATIONS, "Проекты": PROJECTS}.items():
        header = [str(cell.value).removesuffix(" *") for cell in book[name][1]]
        for number, row in enumerate(cells[1:], start=3):
            for title, cell in zip(cells[0], row, strict=True):
                book[name].cell(number, header.index(title) + 1, cell)
    book["Проекты"].cell(3, header.index("Начат") + 1, datetime(2019, 2, 1))
    book.save(path)
    examination = intake.examine(path)
    assert examination.errors == ()
    projects = examination.registry.projects
    assert list(projects["project_id"]) == ["p1", "p2"]
    assert list(projects.index) == [3, 4]
    assert projects["started"].iloc[0] == pd.Timestamp("2019-02-01")
    assert list(examination.registry.organizations["municipality_id"]) == ["kemerovsky-okrug", "yaysky-rayon"]


def test_a_known_empty_table_is_told_from_an_unknown_one(tmp_path: Path) -> None:
    tables = {**intake.read().tables, "centers": schema.empty("centers")}
    del tables["factories"]
    intake.write_workbook(tables, tmp_path / "s.xlsx")
    again = intake.read(tmp_path / "s.xlsx")
    assert again.has("centers")
    assert len(again.frame("centers")) == 0
    assert not again.has("factories")


def test_text_that_a_spreadsheet_would_run_is_neutralised_and_comes_back(tmp_path: Path) -> None:
    hostile = ["=1+1", "+7 3842", "-5", "@SUM(A1)", "'=x", "''@y", "'quoted'", "обычный"]
    sample = intake.read()
    projects = sample.projects.iloc[: len(hostile)].assign(title=hostile)
    tables = {"organizations": sample.organizations, "projects": projects.assign(replicates=None)}
    intake.write_workbook(tables, tmp_path / "s.xlsx")
    sheet = openpyxl.load_workbook(tmp_path / "s.xlsx")["Проекты"]
    written = [str(sheet.cell(row, 2).value) for row in range(2, len(hostile) + 2)]
    assert not [text for text in written if text[0] in "=+-@"]
    assert all(sheet.cell(row, 2).data_type == "s" for row in range(2, len(hostile) + 2))
    assert list(intake.examine(tmp_path / "s.xlsx").registry.projects["title"]) == hostile


def test_numbers_that_excel_would_round_and_dates_before_1900_come_back_exactly(tmp_path: Path) -> None:
    sample = intake.read()
    values = sample.frame("values").copy()
    values.loc[values.index[0], ["low", "high"]] = 0.1 + 0.2
    organizations = sample.organizations.copy()
    organizations.loc[organizations.index[0], "lean_since"] = pd.Timestamp(1899, 12, 31)
    tables = {**sample.tables, "values": values, "organizations": organizations}
    intake.write_workbook(tables, tmp_path / "s.xlsx")
    again = intake.read(tmp_path / "s.xlsx")
    assert again.frame("values")["low"].iloc[0] == 0.1 + 0.2
    assert again.organizations["lean_since"].iloc[0] == pd.Timestamp(1899, 12, 31)


def test_a_text_longer_than_a_cell_is_refused_by_place(tmp_path: Path) -> None:
    organizations = intake.read().organizations.iloc[:1].assign(name="я" * 32_768)
    with pytest.raises(UsageError, match="32767"):
        intake.write_workbook({"organizations": organizations}, tmp_path / "s.xlsx")
    fits = organizations.assign(name="я" * 32_767)
    intake.write_workbook({"organizations": fits}, tmp_path / "s.xlsx")


@pytest.mark.parametrize("write", [intake.template, lambda path: intake.write_workbook({}, path)])
def test_a_workbook_must_be_named_so(tmp_path: Path, write: Any) -> None:
    with pytest.raises(UsageError, match=r"does not end in \.xlsx"):
        write(tmp_path / "s.csv")


HEADER = PROJECTS[0]
STRAY = [("Реестр проектов за 2019 год",), (), *PROJECTS]
REPAIRED: dict[str, tuple[dict[str, Sheet], Found]] = {
    "nothing": ({}, []),
    "header in other words": (
        {"Проекты": rows(PROJECTS, (0, 1, "Наименование проекта"), (0, 4, "статус  проекта"))},
        [("header_spelling", None, "title"), ("header_spelling", None, "status")],
    ),
    "rows above the header": ({"Проекты": STRAY}, [("stray_rows", 1, "")]),
    "header repeated among the rows": (
        {"Проекты": [PROJECTS[0], PROJECTS[1], PROJECTS[0], PROJECTS[2]]},
        [("repeated_header", 3, "")],
    ),
    "blank rows": (
        {"Проекты": [PROJECTS[0], PROJECTS[1], (), (), PROJECTS[2], ()]},
        [("blank_rows", 3, "")],
    ),
    "example row": (
        {"Проекты": [HEADER, ("ПРИМЕР: x", "Любое", "", "", "", "", ""), *PROJECTS[1:]]},
        [("example_row", 2, "")],
    ),
    "no-break spaces": (
        {"Проекты": rows(PROJECTS, (1, 1, "Сокращение\u00a0очереди "), (2, 2, "office\u00a0"))},
        [("spaces", 2, "title"), ("spaces", 3, "organization_id")],
    ),
    "yo, quotes and case": (
        {"Организации": rows(ORGANIZATIONS, (1, 2, "«Поликлиника»"), (2, 4, "яйский муниципальный район"))},
        [("spelling", 2, "kind"), ("spelling", 3, "municipality_id")],
    ),
    "territory spellings": (
        {"Организации": rows(ORGANIZATIONS, (1, 4, "г. Кемерово"), (2, 4, "Яйский р-н"))},
        [("spelling", 2, "municipality_id"), ("spelling", 3, "municipality_id")],
    ),
    "dashes and dots": (
        {"Организации": rows(ORGANIZATIONS, (1, 3, "здравоохранение."), (2, 4, "Яйский  мр"))},
        [("spelling", 2, "sector"), ("spelling", 3, "municipality_id")],
    ),
    "status synonyms": (
        {"Проекты": rows(PROJECTS, (1, 4, "Реализуется"), (2, 4, "запланирован"))},
        [("spelling", 2, "status"), ("spelling", 3, "status")],
    ),
    "yo written as ye": (
        {"Проекты": rows(PROJECTS, (1, 4, "идет"))},
        [("spelling", 2, "status")],
    ),
    "dates": (
        {"Проекты": rows(PROJECTS, (1, 5, "01.02.2019"), (2, 5, 43497))},
        [("date_spelling", 2, "started"), ("excel_date", 3, "started")],
    ),
    "flags": (
        {"Проекты": rows(PROJECTS, (1, 6, "+"), (2, 6, "ложь"))},
        [("flag_spelling", 2, "centralised"), ("flag_spelling", 3, "centralised")],
    ),
    "decimal comma and thousands": (
        {
            "Показатели": MEASURES,
            "Значения показателей": rows(VALUES, (1, 2, "37,5"), (1, 3, "1\u00a0037,5"), (1, 4, "от и до")),
        },
        [("number_spelling", 2, "low"), ("number_spelling", 2, "high")],
    ),
    "words for nothing": (
        {"Проекты": rows(PROJECTS, (1, 5, "—"), (2, 5, "н/д"))},
        [("means_nothing", 2, "started"), ("means_nothing", 3, "started")],
    ),
    "sheet in other words": (
        {"Показатели проектов": MEASURES},
        [("sheet_spelling", None, "")],
    ),
    "values in words": (
        {
            "Показатели": [MEASURES[0], *((f"m{n}", *MEASURES[1][1:]) for n in range(1, 6))],
            "Значения показателей": [
                VALUES[0],
                ("m1", "было", "37–40", "", "", ""),
                ("m2", "было", "до 5", "", "не более", ""),
                ("m3", "было", "в 2 раза", "", "", ""),
                ("m4", "было", "3,5", "", "точно", ""),
                ("m5", "было", "", "не менее 7", "", ""),
            ],
        },
        [
            ("quantity", 2, "low"),
            ("quantity", 3, "low"),
            ("quantity", 4, "low"),
            ("quantity", 6, "high"),
            ("number_spelling", 5, "low"),
        ],
    ),
}


@pytest.mark.parametrize("defect", list(REPAIRED))
def test_a_messy_workbook_is_read_and_each_repair_is_told(tmp_path: Path, defect: str) -> None:
    sheets, expected = REPAIRED[defect]
    examination = intake.examine(registry(tmp_path / "r.xlsx", **sheets))
    assert sorted((f.rule, f.row, f.column) for f in examination.findings if f.row) + [
        (f.rule, f.row, f.column) for f in examination.findings if not f.row
    ] == sorted(e for e in expected if e[1]) + [e for e in expected if not e[1]]
    assert {f.severity for f in examination.findings} <= {"repair"}
    assert conserved(examination)
    sound = intake.read(registry(tmp_path / "sound.xlsx"))
    assert len(examination.registry.projects) == len(sound.projects)
    others = ("dates", "flags", "words for nothing", "values in words", "sheet in other words")
    if defect not in (*others, "decimal comma and thousands"):
        if defect in ("status synonyms",):
            assert list(examination.registry.projects["status"]) == list(sound.projects["status"])
        else:
            assert examination.registry.digest == sound.digest


def test_a_repair_tells_place_before_and_after(tmp_path: Path) -> None:
    path = registry(tmp_path / "r.xlsx", Проекты=rows(PROJECTS, (1, 5, "01.02.2019")))
    (repair,) = intake.examine(path).findings
    assert (repair.file, repair.sheet, repair.row, repair.column) == ("r.xlsx", "Проекты", 2, "started")
    assert repair.value == "01.02.2019"
    assert repair.message == "«01.02.2019» прочитано как дата 2019-02-01"
    assert repair.place == "r.xlsx, лист «Проекты», строка 2, столбец started"


def test_values_in_words_fill_bounds_qualifier_and_factor(tmp_path: Path) -> None:
    values = intake.read(registry(tmp_path / "r.xlsx", **REPAIRED["values in words"][0])).frame("values")
    bare = values[["low", "high", "qualifier", "factor"]].astype("object").where(values.notna(), None)
    assert bare.to_numpy().tolist() == [
        [37.0, 40.0, "range", None],
        [None, 5.0, "up_to", None],
        [None, None, "factor_only", 2.0],
        [3.5, None, "exact", None],
        [7.0, None, "at_least", None],
    ]


REFUSED: dict[str, tuple[dict[str, Sheet], Found]] = {
    "a status that could mean two": (
        {"Проекты": rows(PROJECTS, (1, 4, "завершён"))},
        [("allowed_value", 2, "status")],
    ),
    "a territory that could mean two": (
        {"Организации": rows(ORGANIZATIONS, (1, 4, "Кемеровский"))},
        [("dangling_key", 2, "municipality_id"), ("refers_to_rejected", 2, "organization_id")],
    ),
    "a date with a short year": (
        {"Проекты": rows(PROJECTS, (1, 5, "01.02.19"))},
        [("not_date", 2, "started")],
    ),
    "a missing required column": (
        {"Проекты": [row[:4] for row in PROJECTS]},
        [("missing_column", None, "status"), ("missing_column", None, "centralised")],
    ),
    "a range against its neighbour": (
        {
            "Показатели": MEASURES,
            "Значения показателей": [VALUES[0], ("m1", "было", "37–40", "", "точно", "")],
        },
        [("quantity_conflict", 2, "low")],
    ),
    "a header twice": (
        {"Проекты": rows(PROJECTS, (0, 5, "Статус"))},
        [("duplicate_column", None, "status")],
    ),
}


@pytest.mark.parametrize("defect", list(REFUSED))
def test_what_is_not_sure_is_an_error_and_no_row_is_lost(tmp_path: Path, defect: str) -> None:
    sheets, expected = REFUSED[defect]
    examination = intake.examine(registry(tmp_path / "r.xlsx", **sheets))
    errors = [(f.rule, f.row, f.column) for f in examination.errors]
    assert [error for error in errors if error[0] != "exact_without_value"] == expected
    assert conserved(examination)
    assert examination.rows["projects"].read == 2


def test_text_merged_over_rows_belongs_to_each_and_a_number_is_not_guessed(tmp_path: Path) -> None:
    header = (*PROJECTS[0], "Решено проблем")
    cells = [
        header,
        ("p1", "Один", "clinic", "", "в работе", "", "нет", ""),
        ("p2", "Два", "office", "", "в работе", "", "нет", ""),
    ]
    path = workbooks.write(
        tmp_path / "r.xlsx",
        {"Организации": ORGANIZATIONS, "Проекты": cells},
        {"Проекты": [(1, 2, 3, "МФЦ"), (1, 2, 7, 5)]},
    )
    examination = intake.examine(path)
    assert [(f.severity, f.rule, f.row, f.column) for f in examination.findings] == [
        ("error", "merged_number", 3, "problems_solved"),
        ("repair", "merged_cells", 3, "sector"),
    ]
    assert list(examination.registry.projects["sector"]) == ["mfc"]


def test_formulas_are_read_by_their_saved_values_and_never_evaluated(tmp_path: Path) -> None:
    path = registry(tmp_path / "r.xlsx")
    book = openpyxl.load_workbook(path)
    book["Проекты"]["B2"] = '="Сокращение"&" очереди"'
    book.save(path)
    examination = intake.examine(path)
    (error,) = examination.errors
    assert (error.rule, error.row, error.column) == ("formula_without_value", 2, "title")
    assert error.value == '="Сокращение"&" очереди"'
    made = workbooks.xlsxwriter.Workbook(str(tmp_path / "f.xlsx"))
    for name, cells in {"Организации": ORGANIZATIONS, "Проекты": PROJECTS}.items():
        sheet = made.add_worksheet(name)
        for row, line in enumerate(cells):
            for column, cell in enumerate(line):
                sheet.write(row, column, cell)
        if name == "Проекты":
            sheet.write_formula(1, 1, '=CONCATENATE("a","b")', None, "Сохранённое")
            sheet.write_formula(2, 1, "=1/0", None, "#DIV/0!")
    made.close()
    examination = intake.examine(tmp_path / "f.xlsx")
    assert list(examination.registry.projects["title"]) == ["Сохранённое"]
    assert [(f.rule, f.row, f.column, f.value) for f in examination.errors] == [
        ("error_value", 3, "title", "#DIV/0!")
    ]


def test_a_sheet_of_another_name_is_a_warning_and_a_table_twice_an_error(tmp_path: Path) -> None:
    path = registry(tmp_path / "r.xlsx", **{"Погода": [("а",)], "реестр проектов": PROJECTS})
    examination = intake.examine(path)
    assert [(f.severity, f.rule, f.sheet) for f in examination.findings] == [
        ("error", "repeated_sheet", "реестр проектов"),
        ("warning", "unknown_sheet", "Погода"),
    ]


def test_all_defects_at_once_give_all_findings_at_once(tmp_path: Path) -> None:
    """One office's workbook with every defect of this file: what is found, and what becomes of each row."""
    organizations = [
        ORGANIZATIONS[0],
        ("ПРИМЕР: clinic-1", "Название", "поликлиника", "Здравоохранение", ""),
        ("clinic", "Поликлиника № 1", "«Поликлиника»", "Здравоохранение", "г. Кемерово"),
        ("office", "МФЦ Яя", "МФЦ", "МФЦ", "Яйский р-н"),
    ]
    header = (
        "Код проекта",
        "Наименование проекта",
        "Исполнитель",
        "Отрасль",
        "Состояние",
        "Начат",
        "Централизованный",
    )
    projects = [
        ("Реестр бережливых проектов",),
        (),
        header,
        ("p1", "Сокращение\u00a0очереди", "clinic", "здравоохранение", "идет", "01.02.2019", "+"),
        (),
        ("p2", "Приём заявлений", "office", "", "завершён", 43497, "нет"),
        header,
        ("p3", "Сокращение очереди.", "clinic", "Здравоохранение", "в работе", "вчера", "нет"),
        ("p4", "Сокращение  очереди", "clinic", "Здравоохранение", "в работе", "2019-02-01", "нет"),
        ("p4", "Ещё один", "clinik", "Здравоохранение", "в работе", "—", "нет"),
        ("p5", "Приём граждан", "office", "", "планируется", "", "нет"),
        ("p6", "Выдача справок", "office", "", "планируется", "", "нет"),
    ]
    measures = [MEASURES[0], *((f"m{n}", "p1", *MEASURES[1][2:]) for n in range(1, 6))]
    values = [
        VALUES[0],
        ("m1", "было", "37–40", "", "", ""),
        ("m2", "было", "до 5", "", "", ""),
        ("m3", "было", "в 2 раза", "", "", ""),
        ("m4", "было", "3,5", "", "точно", ""),
        ("m5", "было", "40–37", "", "", ""),
    ]
    sheets = {
        "Организации": organizations,
        "Реестр проектов": projects,
        "Показатели": measures,
        "Значения показателей": values,
        "Погода": [("дождь",)],
    }
    path = workbooks.write(tmp_path / "r.xlsx", sheets, {"Реестр проектов": [(10, 11, 3, "МФЦ")]})
    examination = intake.examine(path)
    org, reg, val = "Организации", "Реестр проектов", "Значения показателей"
    expected = {
        ("repair", "example_row", org, 2, ""),
        ("repair", "spelling", org, 3, "kind"),
        ("repair", "spelling", org, 3, "municipality_id"),
        ("repair", "spelling", org, 4, "municipality_id"),
        ("repair", "sheet_spelling", reg, None, ""),
        ("repair", "stray_rows", reg, 1, ""),
        ("repair", "header_spelling", reg, None, "title"),
        ("repair", "header_spelling", reg, None, "organization_id"),
        ("repair", "header_spelling", reg, None, "sector"),
        ("repair", "header_spelling", reg, None, "status"),
        ("repair", "spaces", reg, 4, "title"),
        ("repair", "spelling", reg, 4, "sector"),
        ("repair", "spelling", reg, 4, "status"),
        ("repair", "date_spelling", reg, 4, "started"),
        ("repair", "flag_spelling", reg, 4, "centralised"),
        ("repair", "blank_rows", reg, 5, ""),
        ("repair", "excel_date", reg, 6, "started"),
        ("error", "required", reg, 6, "sector"),
        ("error", "allowed_value", reg, 6, "status"),
        ("repair", "repeated_header", reg, 7, ""),
        ("error", "not_date", reg, 8, "started"),
        ("warning", "likely_duplicate", reg, 9, "title"),
        ("error", "duplicate_key", reg, 10, "project_id"),
        ("error", "dangling_key", reg, 10, "organization_id"),
        ("repair", "means_nothing", reg, 10, "started"),
        ("repair", "merged_cells", reg, 12, "sector"),
        ("repair", "quantity", val, 2, "low"),
        ("repair", "quantity", val, 3, "low"),
        ("repair", "quantity", val, 4, "low"),
        ("repair", "number_spelling", val, 5, "low"),
        ("error", "not_number", val, 6, "low"),
        ("error", "required", val, 6, "qualifier"),
        ("warning", "unknown_sheet", "Погода", None, ""),
    }
    found = [(f.severity, f.rule, f.sheet, f.row, f.column) for f in examination.findings]
    assert set(found) == expected
    assert len(found) == len(expected)
    counts = {
        table: (count.read, count.accepted, count.rejected) for table, count in examination.rows.items()
    }
    assert counts == {
        "organizations": (2, 2, 0),
        "projects": (7, 4, 3),
        "measures": (5, 5, 0),
        "values": (5, 4, 1),
    }
