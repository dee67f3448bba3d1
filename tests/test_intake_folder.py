"""A folder of workbooks, one a municipality, as offices deliver it."""

import json
from datetime import date
from pathlib import Path

import openpyxl
import pytest
import workbooks
from workbooks import ORGANIZATIONS, PROJECTS, rows

from kuzbass_lean import catalogue, cli, intake, views
from kuzbass_lean.errors import UsageError
from kuzbass_lean.intake.territories import named_after, spellings
from kuzbass_lean.places import Place
from kuzbass_lean.registry import Registry, Scope

KEMEROVO, YAYA = "kemerovsky-okrug", "yaysky-rayon"
TITLES = {entry.key: entry.title for entry in catalogue.municipalities()}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Two municipalities, each with its organisation and its project."""
    made = tmp_path / "реестры"
    made.mkdir()
    for number, name in ((1, "Кемеровский городской округ"), (2, "Яйский МР, 2019")):
        workbooks.registry(
            made / f"{name}.xlsx",
            Организации=[ORGANIZATIONS[0], ORGANIZATIONS[number]],
            Проекты=[PROJECTS[0], PROJECTS[number]],
        )
    (made / "~$Яйский МР, 2019.xlsx").write_bytes(b"lock")
    return made


def test_the_tables_of_all_workbooks_are_put_together_and_each_row_keeps_its_place(folder: Path) -> None:
    registry = intake.read(folder)
    assert list(registry.projects["project_id"]) == ["p1", "p2"]
    whole = workbooks.registry(folder.parent / "whole.xlsx")
    assert registry.digest == intake.read(whole).digest
    first, second = registry.projects.index
    assert registry.place_of("projects", first) == Place("Кемеровский городской округ.xlsx", "Проекты", 2)
    assert registry.place_of("projects", second) == Place("Яйский МР, 2019.xlsx", "Проекты", 2)
    part = registry.slice(Scope.of_municipality(YAYA))
    assert list(part.lineage("projects")["file"]) == ["Яйский МР, 2019.xlsx"]


def test_a_finding_names_the_file_and_its_line_there(folder: Path) -> None:
    cells = rows([PROJECTS[0], PROJECTS[2]], (1, 0, "p1"), (1, 4, "завершён"))
    workbooks.write(folder / "Яйский МР, 2019.xlsx", {"Организации": ORGANIZATIONS[:1], "Проекты": cells})
    found = {f.rule: f for f in intake.examine(folder).errors}
    assert set(found) == {"allowed_value", "duplicate_key", "dangling_key"}
    assert {(f.file, f.row) for f in found.values()} == {("Яйский МР, 2019.xlsx", 2)}
    assert "уже есть в строке 2 (Кемеровский городской округ.xlsx, лист «Проекты»)" in (
        found["duplicate_key"].message
    )


def test_territories_without_a_workbook_are_named_and_their_pages_say_so(folder: Path) -> None:
    examination = intake.examine(folder)
    absent = [f.value for f in examination.findings if f.rule == "absent_territory"]
    assert len(absent) == len(TITLES) - 2
    assert not {TITLES[KEMEROVO], TITLES[YAYA]} & set(absent)
    registry = examination.registry

    def said(scope: Scope) -> str:
        return str(views.provenance(registry.slice(scope), scope))

    assert "Файл территории не поступил" in said(Scope.of_municipality("tyazhinsky-rayon"))
    assert "не поступил" not in said(Scope.of_municipality(KEMEROVO))
    day = date(2019, 9, 30)
    (only,) = views.summary.key_figures(registry.slice(Scope.of_municipality("tyazhinsky-rayon")), day)
    assert (only.figure.value, only.figure.text) == (None, "нет данных")
    known = views.summary.key_figures(registry.slice(Scope.of_municipality(KEMEROVO)), day)
    assert known[0].figure.value == 1
    assert "Не поступили файлы 32" in said(Scope.region()).replace("\u00a0", " ")
    assert TITLES["tyazhinsky-rayon"] in said(Scope.of_sector("mfc"))


def test_a_workbook_is_a_territory_s_by_its_content_too(folder: Path) -> None:
    (folder / "Яйский МР, 2019.xlsx").rename(folder / "реестр (2).xlsx")
    absent = {f.value for f in intake.examine(folder).findings if f.rule == "absent_territory"}
    assert TITLES[YAYA] not in absent
    assert len(absent) == len(TITLES) - 2


def test_workbooks_that_are_nobody_s_make_no_territory_absent(tmp_path: Path) -> None:
    workbooks.write(tmp_path / "организации.xlsx", {"Организации": ORGANIZATIONS})
    workbooks.write(tmp_path / "проекты.xlsx", {"Проекты": PROJECTS})
    examination = intake.examine(tmp_path)
    assert examination.findings == ()
    assert examination.registry.digest == intake.read(workbooks.registry(tmp_path / "r.xlsx")).digest


@pytest.mark.parametrize(
    ("name", "key"),
    [
        ("Реестр_Яйский район_2019.xlsx", YAYA),
        ("yaysky-rayon.xlsx", YAYA),
        ("г. Кемерово.xlsx", KEMEROVO),
        ("Кемеровский муниципальный район (исправлено).xlsx", "kemerovsky-rayon"),
        ("Кемеровский.xlsx", None),
        ("Яйский район и г. Кемерово.xlsx", None),
        ("реестр.xlsx", None),
    ],
)
def test_a_file_s_name_tells_its_territory_only_where_it_is_sure(name: str, key: str | None) -> None:
    assert named_after(name, spellings(TITLES)) == key


def test_a_damaged_workbook_is_a_finding_its_territory_absent_and_the_others_are_read(folder: Path) -> None:
    (folder / "Яйский МР, 2019.xlsx").write_bytes(b"PK\x03\x04 and nothing more")
    workbooks.registry(
        folder / "Тяжинский район.xlsx",
        Организации=rows(ORGANIZATIONS[:2], (1, 0, "t"), (1, 4, "Тяжинский район")),
        Проекты=PROJECTS[:1],
    )
    examination = intake.examine(folder)
    (error,) = examination.errors
    assert (error.rule, error.file) == ("refused_file", "Яйский МР, 2019.xlsx")
    registry = intake.read(folder, allow_errors=True)
    assert list(registry.projects["project_id"]) == ["p1"]
    assert YAYA in registry.omitted.territories


def test_each_office_gets_its_own_workbook_back(folder: Path, tmp_path: Path) -> None:
    cells = rows([PROJECTS[0], PROJECTS[2]], (1, 4, "завершён"))
    book = openpyxl.load_workbook(folder / "Яйский МР, 2019.xlsx")
    book["Проекты"]["E2"] = cells[1][4]
    book.save(folder / "Яйский МР, 2019.xlsx")
    out = tmp_path / "назад"
    assert cli.run(["check", str(folder), "--annotate", str(out)]) == 1
    assert sorted(path.name for path in out.iterdir()) == [
        "Кемеровский городской округ.xlsx",
        "Яйский МР, 2019.xlsx",
    ]
    assert openpyxl.load_workbook(out / "Яйский МР, 2019.xlsx")["Проекты"]["E2"].comment is not None
    other = openpyxl.load_workbook(out / "Кемеровский городской округ.xlsx")
    assert all(cell.comment is None for line in other["Проекты"].iter_rows() for cell in line)


def test_a_folder_is_not_annotated_into_itself(folder: Path) -> None:
    with pytest.raises(UsageError, match="source itself"):
        intake.annotate(intake.examine(folder), folder, folder)


def left_out(folder: Path, scope: Scope) -> dict[str, int]:
    part = intake.read(folder, allow_errors=True).slice(scope)
    return {table: out.rows for table, out in part.left_out.items()}


def test_rows_left_out_are_told_to_the_reports_they_concern(folder: Path) -> None:
    """p1 of Kemerovo's clinic is in error; p2 of Yaya is sound; a third row tells nothing of itself."""
    cells = [
        *rows(PROJECTS[:2], (1, 4, "завершён")),
        ("p3", "Ничей", "nobody", "нет такого", "в работе", "", ""),
    ]
    workbooks.write(
        folder / "Кемеровский городской округ.xlsx",
        {"Организации": ORGANIZATIONS[:2], "Проекты": cells, "Показатели": workbooks.MEASURES},
    )
    assert left_out(folder, Scope.region()) == {"projects": 2, "measures": 1}
    assert left_out(folder, Scope.of_municipality(KEMEROVO)) == {"projects": 2, "measures": 1}
    assert left_out(folder, Scope.of_municipality(YAYA)) == {"projects": 1}
    assert left_out(folder, Scope.of_sector("health")) == {"projects": 2, "measures": 1}
    assert left_out(folder, Scope.of_sector("mfc")) == {"projects": 1}
    assert left_out(folder, Scope.of_project("p2")) == {}


def test_a_report_says_how_many_rows_are_left_out_and_why(folder: Path, tmp_path: Path) -> None:
    cells = rows(PROJECTS[:2], (1, 4, "завершён"))
    workbooks.write(
        folder / "Кемеровский городской округ.xlsx", {"Организации": ORGANIZATIONS[:2], "Проекты": cells}
    )
    registry = intake.read(folder, allow_errors=True)
    stored = tmp_path / "stored"
    stored.mkdir()
    intake.store(registry, stored)

    def said(whole: Registry, scope: Scope) -> str:
        return str(views.provenance(whole.slice(scope), scope)).replace("\u00a0", " ")

    told = "Из-за ошибок в данных в отчёт не вошло: 1 строка. Проекты — 1 (нет в справочнике — 1)."
    for whole in (registry, registry.public(), intake.restore(stored)):
        assert told in said(whole, Scope.region())
        assert told in said(whole, Scope.of_municipality(KEMEROVO))
        assert "не вошло" not in said(whole, Scope.of_municipality(YAYA))


def test_check_tells_the_same_as_json(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.run(["check", str(folder), "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert told["rows"]["projects"] == {"read": 2, "accepted": 2, "rejected": 0}
    assert {found["rule"] for found in told["findings"]} == {"absent_territory"}
