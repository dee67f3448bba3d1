from pathlib import Path

import pandas as pd
import pytest

from kuzbass_lean import intake
from kuzbass_lean.errors import DataError, UsageError
from kuzbass_lean.places import Place

ORGANIZATIONS = """organization_id,name,kind,sector,municipality_id
clinic,Поликлиника,polyclinic,health,kemerovsky-okrug
office,МФЦ,mfc,mfc,yaysky-rayon
"""
PROJECTS = (
    "project_id,title,organization_id,sector,status,started,closed,centralised,"
    "problems_found,problems_solved\n"
    "p1,Один,clinic,health,closed,2019-01-10,2019-05-20,false,5,4\n"
    "p2,Два,office,mfc,planned,,,true,,\n"
)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "organizations.csv").write_text(ORGANIZATIONS, encoding="utf-8")
    (tmp_path / "projects.csv").write_text(PROJECTS, encoding="utf-8")
    return tmp_path


def put(folder: Path, table: str, text: str) -> None:
    (folder / f"{table}.csv").write_text(text, encoding="utf-8")


def found(folder: Path) -> list[tuple[str, str, int | None, str]]:
    return [(f.rule, f.file, f.row, f.column) for f in intake.examine(folder).findings]


def test_a_sound_folder_gives_a_registry_with_typed_columns(folder: Path) -> None:
    registry = intake.read(folder)
    assert registry.projects["problems_found"].iloc[0] == 5
    assert registry.projects["started"].iloc[0] == pd.Timestamp("2019-01-10")
    assert list(registry.projects["centralised"]) == [False, True]
    assert list(registry.projects.index) == [2, 3]
    assert registry.findings == ()


def test_parquet_and_csv_of_the_same_rows_have_the_same_digest(folder: Path, tmp_path: Path) -> None:
    registry = intake.read(folder)
    other = tmp_path / "parquet"
    other.mkdir()
    for name, frame in registry.tables.items():
        frame.to_parquet(other / f"{name}.parquet")
    again = intake.read(other)
    assert again.digest == registry.digest
    assert list(again.projects.index) == [2, 3]


def test_a_byte_order_mark_and_windows_line_ends_are_read(folder: Path) -> None:
    text = "\ufeff" + ORGANIZATIONS.replace("\n", "\r\n")
    (folder / "organizations.csv").write_text(text, encoding="utf-8", newline="")
    assert list(intake.read(folder).organizations["name"]) == ["Поликлиника", "МФЦ"]


def test_a_line_break_inside_a_quoted_cell_is_one_row(folder: Path) -> None:
    put(folder, "projects", PROJECTS.replace("Один", '"Один\nи ещё"'))
    assert list(intake.read(folder).projects["title"]) == ["Один\nи ещё", "Два"]


@pytest.mark.parametrize(
    ("table", "old", "new", "expected"),
    [
        ("projects", "title,", "titel,", ("missing_column", "projects.csv", None, "title")),
        ("projects", "title,", "titel,", ("unknown_column", "projects.csv", None, "titel")),
        ("projects", ",5,4", ",пять,4", ("not_integer", "projects.csv", 2, "problems_found")),
        ("projects", "2019-01-10", "10.13.2019", ("not_date", "projects.csv", 2, "started")),
        ("projects", "2019-01-10", "10.01.19", ("not_date", "projects.csv", 2, "started")),
        ("projects", "2019-01-10", "2019-02-30", ("not_date", "projects.csv", 2, "started")),
        ("projects", ",false,", ",может быть,", ("not_flag", "projects.csv", 2, "centralised")),
        ("projects", ",true,", ",,", ("required", "projects.csv", 3, "centralised")),
        ("projects", "p2,Два", "p1,Два", ("duplicate_key", "projects.csv", 3, "project_id")),
        ("projects", "p2,Два", "../p2,Два", ("key_shape", "projects.csv", 3, "project_id")),
        ("projects", "p2,Два", "p2,", ("required", "projects.csv", 3, "title")),
        ("projects", "Два,office", "Два,offise", ("dangling_key", "projects.csv", 3, "organization_id")),
        ("projects", ",5,4", ",5,6", ("solved_above_found", "projects.csv", 2, "problems_solved")),
        ("projects", ",5,4", ",-5,", ("not_negative", "projects.csv", 2, "problems_found")),
        ("projects", "2019-05-20", "2019-01-09", ("closed_before_started", "projects.csv", 2, "closed")),
        ("projects", "closed,2019", "planned,2019", ("closed_without_status", "projects.csv", 2, "status")),
        ("projects", "planned", "plannd", ("allowed_value", "projects.csv", 3, "status")),
        ("organizations", "yaysky", "yaisky", ("dangling_key", "organizations.csv", 3, "municipality_id")),
        ("organizations", "office,МФЦ", "office,МФЦ,mfc", ("ragged_row", "organizations.csv", 3, "")),
    ],
)
def test_each_bad_cell_is_found_with_its_place(
    folder: Path, table: str, old: str, new: str, expected: tuple[str, str, int | None, str]
) -> None:
    text = (folder / f"{table}.csv").read_text(encoding="utf-8")
    assert old in text
    put(folder, table, text.replace(old, new, 1))
    assert expected in found(folder)


def test_solved_equal_to_found_is_sound(folder: Path) -> None:
    put(folder, "projects", PROJECTS.replace(",5,4", ",5,5"))
    assert found(folder) == []


def test_closed_on_the_day_it_started_is_sound(folder: Path) -> None:
    put(folder, "projects", PROJECTS.replace("2019-05-20", "2019-01-10"))
    assert found(folder) == []


def test_all_findings_come_at_once_and_a_message_names_place_and_remedy(folder: Path) -> None:
    put(folder, "projects", PROJECTS.replace(",5,4", ",пять,4").replace("planned", "plannd"))
    with pytest.raises(DataError) as caught:
        intake.read(folder)
    text = str(caught.value)
    assert "projects.csv, строка 2, столбец problems_found: «пять» — не целое число" in text
    assert "возможно, «planned»" in text


def test_a_bad_cell_is_not_reported_as_empty_too(folder: Path) -> None:
    put(folder, "projects", PROJECTS.replace(",false,", ",может быть,"))
    assert [rule for rule, *_ in found(folder)] == ["not_flag"]


def test_read_rows_are_accepted_or_rejected(folder: Path) -> None:
    put(folder, "projects", PROJECTS.replace(",5,4", ",пять,4") + "p3,Три\n")
    examination = intake.examine(folder)
    counts = examination.rows["projects"]
    assert (counts.read, counts.accepted, counts.rejected) == (3, 1, 2)
    assert list(examination.registry.projects["project_id"]) == ["p2"]


def test_an_empty_file_a_file_without_rows_and_a_file_in_another_encoding_are_told_apart(
    folder: Path,
) -> None:
    put(folder, "measures", "")
    put(folder, "projects", PROJECTS.splitlines()[0])
    (folder / "organizations.csv").write_bytes(ORGANIZATIONS.encode("koi8-r"))
    assert {(rule, file) for rule, file, *_ in found(folder)} == {
        ("empty_file", "measures.csv"),
        ("no_rows", "projects.csv"),
        ("not_utf8", "organizations.csv"),
    }


def test_a_required_table_that_is_absent_is_an_error(folder: Path) -> None:
    (folder / "organizations.csv").unlink()
    assert ("missing_table", "organizations.csv", None, "") in found(folder)


def test_a_file_that_is_no_table_is_a_warning_with_the_nearest_name(folder: Path) -> None:
    put(folder, "project", PROJECTS)
    examination = intake.examine(folder)
    assert [(f.rule, f.severity) for f in examination.findings] == [("unknown_file", "warning")]
    assert "projects" in examination.findings[0].message


def test_values_must_say_what_their_qualifier_needs(folder: Path) -> None:
    put(
        folder,
        "measures",
        "measure_id,project_id,name,unit,family,better,statistic\n"
        + "".join(f"m{n},p1,Время,minute,lead_time,lower,mean\n" for n in range(6)),
    )
    put(
        folder,
        "values",
        "measure_id,phase,low,high,qualifier,factor\n"
        "m0,before,,,exact,\nm1,before,3,4,exact,\nm2,before,4,3,range,\n"
        "m3,before,3,,up_to,\nm4,before,,3,at_least,\nm5,before,,,factor_only,0\n",
    )
    assert [(rule, row) for rule, _, row, _ in found(folder)] == [
        ("low_above_high", 4),
        ("exact_without_value", 2),
        ("exact_is_range", 3),
        ("up_to_without_high", 5),
        ("at_least_without_low", 6),
        ("factor_without_factor", 7),
    ]


@pytest.mark.parametrize(("share", "rules"), [("0.3", []), ("0.31", ["revenue_above_one"]), ("1.1", None)])
def test_revenue_shares_of_a_year_may_not_exceed_the_whole(
    folder: Path, share: str, rules: list[str] | None
) -> None:
    text = f"organization_id,year,flow,share,improved\noffice,2019,А,0.7,true\noffice,2019,Б,{share},false\n"
    put(folder, "revenue", text)
    got = [rule for rule, *_ in found(folder)]
    assert got == rules if rules is not None else "share_above_one" in got


@pytest.mark.parametrize("name", ["absent", "projects.csv"])
def test_a_source_that_is_no_folder_is_called_wrongly(folder: Path, name: str) -> None:
    with pytest.raises(UsageError, match=name):
        intake.read(folder / name)


def test_a_folder_without_tables_is_called_wrongly(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="holds no"):
        intake.read(tmp_path)


def test_a_stored_registry_comes_back_with_its_label_lines_and_findings(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    put(folder, "project", PROJECTS)
    registry = intake.read(folder)
    stored = tmp_path / "stored"
    stored.mkdir()
    intake.store(registry, stored)
    monkeypatch.setenv(intake.DATA_VARIABLE, str(stored))
    again = intake.read()
    assert (again.digest, again.label, again.findings) == (registry.digest, registry.label, registry.findings)
    assert len(again.findings) == 1
    assert again.origins == registry.origins
    assert again.place_of("projects", 3) == Place("projects.csv", "", 3)
    assert list(again.projects.index) == [2, 3]
    monkeypatch.setenv(intake.DATA_VARIABLE, str(folder))
    with pytest.raises(UsageError, match="stored registry"):
        intake.read()
