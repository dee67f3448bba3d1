"""Hostile workbooks are refused before anything parses them."""

import io
import struct
import zipfile
import zlib
from dataclasses import replace
from pathlib import Path

import pytest
import workbooks

from kuzbass_lean import intake
from kuzbass_lean.errors import UsageError
from kuzbass_lean.intake import guard

SMALL = replace(guard.LIMITS, inflated_bytes=2**20, cells=10_000, parts=50)


@pytest.fixture
def sound(tmp_path: Path) -> bytes:
    return workbooks.registry(tmp_path / "r.xlsx").read_bytes()


def changed(data: bytes, part: str, content: bytes) -> bytes:
    made = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(data)) as old, zipfile.ZipFile(made, "w", zipfile.ZIP_DEFLATED) as new:
        for name in old.namelist():
            new.writestr(name, content if name == part else old.read(name))
        if part not in old.namelist():
            new.writestr(part, content)
    return made.getvalue()


SHEET = "xl/worksheets/sheet1.xml"


def sheet(cells: str, head: str = "") -> bytes:
    space = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
    inner = f'<worksheet xmlns="{space}"><sheetData>{cells}</sheetData></worksheet>'
    return f'<?xml version="1.0"?>{head}{inner}'.encode()


def test_a_sound_workbook_passes_with_its_kind(sound: bytes) -> None:
    assert guard.inspect("r.xlsx", sound, SMALL).kind == "xlsx"


@pytest.mark.parametrize(
    ("part", "content", "said"),
    [
        (
            SHEET,
            sheet('<row r="1"><c r="A1"/></row><row r="10001"><c r="A10001"/></row>'),
            "spans 10001 rows",
        ),
        (SHEET, sheet('<row r="2"><c r="XFD2"/></row>'), "spans 2 rows by 16384 columns"),
        (SHEET, sheet("<row>" + "<c/>" * 101 + "</row>" + "<row/>" * 100), "spans"),
        (SHEET, sheet("", '<!DOCTYPE x [<!ENTITY a "b">]>'), "declares a document type"),
        ("xl/sharedStrings.xml", b"<a>" * 65, "nested deeper"),
        ("xl/media/bomb.bin", b"\0" * (2**20 + 1), "inflates beyond"),
        (SHEET, b"\xff\xfe<\x00", "damaged"),
        (SHEET, sheet('<row r="1"><c r="1A"/></row>'), "damaged"),
    ],
)
def test_a_bomb_is_refused_and_said_why(sound: bytes, part: str, content: bytes, said: str) -> None:
    with pytest.raises(UsageError, match=said):
        guard.inspect("r.xlsx", changed(sound, part, content), SMALL)


@pytest.mark.parametrize("rows", [9_999, 10_000])
def test_a_grid_at_the_limit_passes(sound: bytes, rows: int) -> None:
    content = sheet(f'<row r="{rows}"><c r="A{rows}"/></row>')
    assert guard.inspect("r.xlsx", changed(sound, SHEET, content), SMALL).kind == "xlsx"


def test_nesting_at_the_limit_passes(sound: bytes) -> None:
    depth = guard.LIMITS.depth
    content = b"<a>" * depth + b"</a>" * depth
    assert guard.inspect("r.xlsx", changed(sound, "xl/x.xml", content), SMALL).kind == "xlsx"


def test_a_part_larger_than_its_directory_says_is_counted_as_it_is(sound: bytes) -> None:
    data = bytearray(changed(sound, "xl/media/bomb.bin", b"\0" * (2**20 + 1)))
    name = b"xl/media/bomb.bin"
    at = data.rindex(name) - 46
    assert data[at : at + 4] == b"PK\x01\x02"
    struct.pack_into("<L", data, at + 24, 10)
    with pytest.raises(UsageError, match="inflates beyond"):
        guard.inspect("r.xlsx", bytes(data), SMALL)


def test_a_bomb_of_a_gigabyte_is_refused_in_little_memory(sound: bytes) -> None:
    import tracemalloc

    engine = zlib.compressobj(9, zlib.DEFLATED, -15)
    packed = b"".join(engine.compress(b"\0" * 2**20) for _ in range(1024)) + engine.flush()
    name = b"xl/media/bomb.bin"
    head = struct.pack("<4s5H3L2H", b"PK\x03\x04", 20, 0, 8, 0, 0, 0, len(packed), 2**30, len(name), 0)
    entry = struct.pack(
        "<4s6H3L5H2L", b"PK\x01\x02", 20, 20, 0, 8, 0, 0, 0, len(packed), 2**30, len(name), 0, 0, 0, 0, 0, 0
    )
    book = b"xl/workbook.xml"
    first = struct.pack("<4s5H3L2H", b"PK\x03\x04", 20, 0, 0, 0, 0, zlib.crc32(b"<a/>"), 4, 4, len(book), 0)
    first += book + b"<a/>"
    listed = struct.pack(
        "<4s6H3L5H2L",
        b"PK\x01\x02",
        20,
        20,
        0,
        0,
        0,
        0,
        zlib.crc32(b"<a/>"),
        4,
        4,
        len(book),
        0,
        0,
        0,
        0,
        0,
        0,
    )
    body = first + head + name + packed
    entry = entry[:-4] + struct.pack("<L", len(first))
    directory = listed + book + entry + name
    data = body + directory + struct.pack("<4s4H2LH", b"PK\x05\x06", 0, 0, 2, 2, len(directory), len(body), 0)
    tracemalloc.start()
    with pytest.raises(UsageError, match="inflates beyond 768 MB"):
        guard.inspect("r.xlsx", data)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 30 * 2**20


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (b"", "is not a workbook"),
        (b"<html><table>", "is not a workbook"),
        (b"PK\x03\x04 and nothing more", "damaged"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + "EncryptedPackage".encode("utf-16-le"), "password"),
    ],
)
def test_what_is_no_workbook_is_called_wrongly(tmp_path: Path, data: bytes, said: str) -> None:
    path = tmp_path / "r.xlsx"
    path.write_bytes(data)
    with pytest.raises(UsageError, match=said):
        intake.examine(path)


def test_a_damaged_old_workbook_is_called_wrongly_too(tmp_path: Path) -> None:
    path = tmp_path / "r.xls"
    path.write_bytes(b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"\0" * 2000)
    with pytest.raises(UsageError, match="damaged"):
        intake.examine(path)


@pytest.mark.parametrize(("size", "refused"), [(10, False), (11, True)])
def test_a_file_above_the_limit_is_refused_unread(size: int, refused: bool) -> None:
    limits = replace(guard.LIMITS, file_bytes=10)
    if refused:
        with pytest.raises(UsageError, match="split it"):
            guard.check_size("r.csv", size, limits)
    else:
        guard.check_size("r.csv", size, limits)


def test_another_kind_of_archive_is_no_workbook() -> None:
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w") as archive:
        archive.writestr("readme.txt", "x")
    with pytest.raises(UsageError, match="not a workbook of a known kind"):
        guard.inspect("r.xlsx", made.getvalue())


def test_dates_of_the_1904_system_are_not_taken_for_serials_of_1900(tmp_path: Path, sound: bytes) -> None:
    cells = workbooks.rows(workbooks.PROJECTS, (1, 5, 43497))
    data = workbooks.registry(tmp_path / "d.xlsx", Проекты=cells).read_bytes()
    book = zipfile.ZipFile(io.BytesIO(data)).read("xl/workbook.xml")
    assert b"<workbookPr " in book
    path = tmp_path / "r.xlsx"
    path.write_bytes(
        changed(data, "xl/workbook.xml", book.replace(b"<workbookPr ", b'<workbookPr date1904="1" '))
    )
    assert [(f.rule, f.row) for f in intake.examine(path).findings] == [("not_date", 2)]
    path.write_bytes(data)
    assert [(f.rule, f.row) for f in intake.examine(path).findings] == [("excel_date", 2)]


def shared(path: Path, cells: int, length: int) -> bytes:
    """A workbook whose cells, in column B, all share one long text; the header is a text as well."""
    words = workbooks.rows(workbooks.PROJECTS, (1, 1, "ДЛИННЫЙ"))
    data = workbooks.registry(path, Проекты=words).read_bytes()
    texts = zipfile.ZipFile(io.BytesIO(data)).read("xl/sharedStrings.xml").decode()
    at = texts[: texts.index("ДЛИННЫЙ")].count("<si>") - 1
    data = changed(data, "xl/sharedStrings.xml", texts.replace("ДЛИННЫЙ", "я" * length).encode())
    lines = "".join(f'<row r="{n}"><c r="B{n}" t="s"><v>{at}</v></c></row>' for n in range(1, cells + 1))
    return changed(data, "xl/worksheets/sheet2.xml", sheet(lines))


@pytest.mark.parametrize(("cells", "refused"), [(99, False), (101, True)])
def test_a_text_that_very_many_cells_share_counts_in_each(tmp_path: Path, cells: int, refused: bool) -> None:
    """The other sheet's texts are some hundred characters, less than one more cell of this one."""
    limits = replace(guard.LIMITS, text=100 * 10_000)
    data = shared(tmp_path / "r.xlsx", cells, 10_000)
    if refused:
        with pytest.raises(UsageError, match="hold more than 1000000 characters"):
            guard.inspect("r.xlsx", data, limits)
    else:
        assert guard.inspect("r.xlsx", data, limits).kind == "xlsx"


def test_one_long_text_in_a_large_sheet_is_no_bomb(tmp_path: Path) -> None:
    """By the longest text it could be: 400 cells of 5,000 characters; really one cell holds it."""
    cells = [workbooks.PROJECTS[0], ("p1", "я" * 5_000), *((f"p{n}", "очередь") for n in range(2, 200))]
    data = workbooks.registry(tmp_path / "r.xlsx", Проекты=cells).read_bytes()
    assert guard.inspect("r.xlsx", data, replace(guard.LIMITS, text=10_000)).kind == "xlsx"


@pytest.mark.parametrize(("times", "refused"), [(10, False), (11, True)])
def test_a_text_repeated_over_rows_and_columns_of_an_ods_counts_in_each(
    tmp_path: Path, times: int, refused: bool
) -> None:
    path = workbooks.ods(tmp_path / "r.ods", {"Проекты": [("я" * 50,)]})
    content = zipfile.ZipFile(path).read("content.xml").decode()
    row = f'<table:table-row table:number-rows-repeated="{times}">'
    cell = '<table:table-cell table:number-columns-repeated="20" office'
    content = content.replace("<table:table-row>", row, 1).replace("<table:table-cell office", cell, 1)
    data = changed(path.read_bytes(), "content.xml", content.encode())
    limits = replace(guard.LIMITS, text=10_000)
    if refused:
        with pytest.raises(UsageError, match="hold more than 10000 characters"):
            guard.inspect("r.ods", data, limits)
    else:
        assert guard.inspect("r.ods", data, limits).kind == "ods"
