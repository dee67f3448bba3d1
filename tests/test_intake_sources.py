"""The same registry from every kind of source."""

import os
import re
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import fsspec
import pandas as pd
import pyarrow as pa
import pytest
import sqlalchemy
import workbooks
from pyarrow import parquet

from kuzbass_lean import cli, intake, schema
from kuzbass_lean.errors import CapabilityError, DataError, UsageError
from kuzbass_lean.intake import files, guard

POSTGRES = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"))
ORGANIZATIONS = "organization_id;name;kind;sector\nclinic;Поликлиника «Здоровье»;polyclinic;health\n"
PROJECTS = (
    "project_id;title;organization_id;sector;status;centralised;problems_found\n"
    "p1;Один;clinic;health;in_progress;нет;1 200\n"
)


def put(folder: Path, encoding: str = "utf-8", **tables: str) -> Path:
    for table, text in {"organizations": ORGANIZATIONS, "projects": PROJECTS, **tables}.items():
        (folder / f"{table}.csv").write_bytes(text.encode(encoding))
    return folder


def rules(folder: Path) -> list[tuple[str, int | None, str]]:
    return [(f.rule, f.row, f.column) for f in intake.examine(folder).findings]


def test_semicolons_tabs_and_russian_headers_are_read(tmp_path: Path) -> None:
    russian = PROJECTS.replace("title", "Название проекта *").replace("status", "Статус *").replace(";", "\t")
    put(tmp_path, projects=russian)
    assert rules(tmp_path) == [("number_spelling", 2, "problems_found")]
    registry = intake.read(tmp_path)
    assert list(registry.projects["problems_found"]) == [1200]
    assert list(registry.organizations["name"]) == ["Поликлиника «Здоровье»"]


def test_windows_1251_is_read_and_said_and_utf_16_too(tmp_path: Path) -> None:
    put(tmp_path, "cp1251")
    assert [rule for rule, *_ in rules(tmp_path)] == ["encoding", "encoding", "number_spelling"]
    assert list(intake.read(tmp_path).organizations["name"]) == ["Поликлиника «Здоровье»"]
    put(tmp_path, "utf-16")
    assert [rule for rule, *_ in rules(tmp_path)] == ["number_spelling"]


@pytest.mark.parametrize("encoding", ["koi8-r", "cp866", "mac-cyrillic"])
def test_another_eight_bit_encoding_is_an_error_and_not_a_guess(tmp_path: Path, encoding: str) -> None:
    text = ORGANIZATIONS.replace("«", "").replace("»", "")
    put(tmp_path, encoding, organizations=text)
    assert ("not_utf8", None, "") in rules(tmp_path)


def test_rows_above_the_header_blank_rows_and_short_rows_of_a_csv(tmp_path: Path) -> None:
    head, row = PROJECTS.splitlines()
    put(
        tmp_path,
        projects=f"Реестр;;\n\n{head}\n{row}\n\n;;;;;;\np2;Два\n{row.replace('p1;Один', 'p3;Три')}\n",
    )
    examination = intake.examine(tmp_path)
    assert [(f.rule, f.row) for f in examination.findings] == [
        ("ragged_row", 7),
        ("stray_rows", 1),
        ("blank_rows", 5),
        ("number_spelling", 4),
        ("number_spelling", 8),
    ]
    count = examination.rows["projects"]
    assert (count.read, count.accepted, count.rejected) == (3, 2, 1)
    assert list(examination.registry.projects.index) == [4, 8]


@pytest.fixture
def memory() -> Iterator[fsspec.AbstractFileSystem]:
    system = fsspec.filesystem("memory")
    yield system
    system.store.clear()
    system.pseudo_dirs[:] = [""]


def test_a_folder_and_a_workbook_behind_a_url_are_read(
    tmp_path: Path, memory: fsspec.AbstractFileSystem
) -> None:
    sample = intake.read()
    memory.put(str(intake.sample_path()), "/registry", recursive=True)
    intake.write_workbook(sample.tables, tmp_path / "s.xlsx")
    memory.pipe("/books/s.xlsx", (tmp_path / "s.xlsx").read_bytes())
    assert intake.read("memory://registry").digest == sample.digest
    assert intake.read("memory://books/s.xlsx").digest == sample.digest
    assert intake.read(f"file://{tmp_path}/s.xlsx").digest == sample.digest


@pytest.mark.parametrize(
    ("source", "said"),
    [
        ("memory://nowhere", "there is no memory://nowhere"),
        ("nosuch://x", "nosuch"),
        ("sqlite:///no-such.db", "there is no database"),
    ],
)
def test_a_url_of_nothing_is_called_wrongly(source: str, said: str) -> None:
    with pytest.raises((UsageError, CapabilityError), match=said):
        intake.read(source)


def load(engine: sqlalchemy.Engine) -> None:
    for name, frame in intake.read().tables.items():
        frame.to_sql(name, engine, index=False)


def test_the_sample_in_sqlite_reads_back_with_the_same_digest(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path}/registry.db"
    engine = sqlalchemy.create_engine(url)
    load(engine)
    before = (tmp_path / "registry.db").read_bytes()
    registry = intake.read(url)
    assert registry.digest == intake.read().digest
    assert registry.label == "registry"
    assert (tmp_path / "registry.db").read_bytes() == before


def test_a_database_without_our_tables_is_called_wrongly_and_bad_rows_are_found(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path}/r.db"
    engine = sqlalchemy.create_engine(url)
    pd.DataFrame({"a": [1]}).to_sql('x"; DROP TABLE y', engine)
    with pytest.raises(UsageError, match="holds none"):
        intake.read(url)
    load(engine)
    with engine.begin() as connection:
        connection.exec_driver_sql("UPDATE projects SET status = 'x' WHERE project_id = 'vision'")
    examination = intake.examine(url)
    (error,) = [found for found in examination.errors if found.rule == "allowed_value"]
    assert (error.file, error.sheet, error.column) == ("r", "projects", "status")
    projects = examination.rows["projects"]
    assert (projects.read, projects.rejected) == (288, 1)


def test_a_password_in_a_url_is_not_shown() -> None:
    with pytest.raises((UsageError, CapabilityError)) as caught:
        intake.read("postgresql+psycopg://user:secret@localhost:1/none?connect_timeout=1")
    assert "secret" not in str(caught.value)


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A real PostgreSQL on a socket in a folder; as another user, for it refuses root."""
    if not POSTGRES and not shutil.which("initdb"):
        pytest.skip("no PostgreSQL server is installed (initdb not found)")
    programs = POSTGRES[-1].parent if POSTGRES else Path(str(shutil.which("initdb"))).parent
    folder = Path(tempfile.mkdtemp(prefix="kuzbass-lean-pg-"))
    prefix: list[str] = []
    if os.geteuid() == 0:
        if not shutil.which("runuser"):
            pytest.skip("PostgreSQL refuses root, and there is no runuser")
        shutil.chown(folder, "nobody")
        prefix = ["runuser", "-u", "nobody", "--"]
    data, log = str(folder / "data"), str(folder / "log")
    options = f"-c listen_addresses='' -c unix_socket_directories={folder} -c fsync=off"

    def run(program: str, *arguments: str) -> None:
        command = [*prefix, str(programs / program), "-D", data, *arguments]
        subprocess.run(command, check=True, stdout=subprocess.DEVNULL, cwd=folder)

    run("initdb", "-U", "test", "-A", "trust", "-E", "UTF8", "--no-locale")
    run("pg_ctl", "-w", "-l", log, "-o", options, "start")
    yield f"postgresql+psycopg://test@/postgres?host={folder}"
    run("pg_ctl", "-m", "immediate", "stop")
    shutil.rmtree(folder, ignore_errors=True)


def test_the_sample_in_postgresql_reads_back_with_the_same_digest(server: str) -> None:
    pytest.importorskip("psycopg")
    engine = sqlalchemy.create_engine(server)
    load(engine)
    engine.dispose()
    registry = intake.read(server)
    assert registry.digest == intake.read().digest
    assert set(registry.tables) <= set(schema.TABLES)


PLACES = {
    "projects/mvd.html": rb'<script id="figures".*?</script>',
    "projects/mvd.ipynb": rb'\\"files\\":{.*?}',
}
"""What of a page and its notebook names where rows lie: in files, or in tables of a database."""


def test_pages_from_postgresql_are_the_bytes_of_those_from_csv(server: str, tmp_path: Path) -> None:
    pytest.importorskip("psycopg")
    folder = tmp_path / "postgres"
    shutil.copytree(intake.sample_path(), folder, ignore=shutil.ignore_patterns("*.md"))
    for name, source in (("csv", str(folder)), ("sql", server)):
        out = str(tmp_path / name)
        assert (
            cli.run(["build", "--data", source, "--out", out, "--only", "projects/mvd", "--jobs", "1"]) == 0
        )
    for page in ("index.html", "data/figures.csv"):
        assert (tmp_path / "csv" / page).read_bytes() == (tmp_path / "sql" / page).read_bytes()
    for page, place in PLACES.items():
        pages = [(tmp_path / name / page).read_bytes() for name in ("csv", "sql")]
        (of_csv, places), (of_sql, _) = (re.subn(place, b"", page, flags=re.DOTALL) for page in pages)
        assert of_csv == of_sql
        assert places == 1


@pytest.mark.parametrize(("rows", "refused"), [(90, False), (110, True)])
def test_parquet_that_unfolds_to_very_much_is_refused(tmp_path: Path, rows: int, refused: bool) -> None:
    """A text of 80,000 characters stands once in the file and in every row of the table."""
    text = pa.DictionaryArray.from_arrays(pa.array([0] * rows, pa.int32()), pa.array(["x" * 80_000]))
    parquet.write_table(pa.table({"title": text}), tmp_path / "projects.parquet")
    data = (tmp_path / "projects.parquet").read_bytes()
    limits = replace(guard.LIMITS, inflated_bytes=100 * 80_000)
    assert len(data) < 2**20
    if refused:
        with pytest.raises(UsageError, match="unfolds beyond"):
            files._within_limits("projects.parquet", data, limits)
    else:
        assert files._within_limits("projects.parquet", data, limits).num_rows == rows


BAD = "p2;Два;clinic;health;plannd;нет;1\np3;Три;clinic;health;planned;нет;пять\n"
MEASURES = (
    "measure_id;project_id;name;unit;family;better;statistic\n"
    "m1;p1;Время;minute;waiting;lower;mean\nm2;p2;Время;minute;waiting;lower;mean\n"
)
VALUES = "measure_id;phase;low;qualifier\nm1;before;1;exact\nm2;before;1;exact\n"


def test_rows_in_error_can_be_left_out_with_what_hangs_on_them_and_are_counted(tmp_path: Path) -> None:
    put(tmp_path, projects=PROJECTS + BAD, measures=MEASURES, values=VALUES)
    with pytest.raises(DataError):
        intake.read(tmp_path)
    registry = intake.read(tmp_path, allow_errors=True)
    assert list(registry.projects["project_id"]) == ["p1"]
    assert list(registry.frame("measures")["measure_id"]) == ["m1"]
    assert list(registry.frame("values")["measure_id"]) == ["m1"]
    left = {table: (out.rows, dict(out.rules)) for table, out in registry.left_out.items()}
    assert left == {
        "projects": (2, {"allowed_value": 1, "not_integer": 1}),
        "measures": (1, {"refers_to_rejected": 1}),
        "values": (1, {"refers_to_rejected": 1}),
    }
    stored = tmp_path / "stored"
    stored.mkdir()
    intake.store(registry, stored)
    assert intake.restore(stored).left_out == registry.left_out


def test_a_required_table_that_cannot_be_read_stops_all_the_same(tmp_path: Path) -> None:
    put(tmp_path, projects="")
    with pytest.raises(DataError, match="файл пуст"):
        intake.read(tmp_path, allow_errors=True)


def test_an_ods_workbook_is_read(tmp_path: Path) -> None:
    path = workbooks.ods(
        tmp_path / "r.ods", {"Организации": workbooks.ORGANIZATIONS, "Проекты": workbooks.PROJECTS}
    )
    assert intake.read(path).digest == intake.read(workbooks.registry(tmp_path / "r.xlsx")).digest
