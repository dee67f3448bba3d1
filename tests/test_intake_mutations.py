"""Mutated registries and workbooks: a registry or findings, never a traceback, never a lost row.

The default run is short; ``HYPOTHESIS_PROFILE=thorough`` tries 2,000 of each.
"""

import io
import os
import zipfile
from functools import cache
from pathlib import Path
from typing import Any

import pytest
import workbooks
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from kuzbass_lean import intake
from kuzbass_lean.errors import LeanError, UsageError
from kuzbass_lean.intake.neutral import neutralise, restore

THOROUGH = os.environ.get("HYPOTHESIS_PROFILE") == "thorough"
relaxed = settings(
    max_examples=2_000 if THOROUGH else 15,
    deadline=None,
    derandomize=True,
    database=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)

AWKWARD = st.sampled_from(
    [
        "", "\u00a0", "—", "-", "н/д", "нет", "да", "+", "0", "-1", "1e999", "nan", "inf", "37–40", "до 5",
        "в 2 раза", "40–37", "01.02.2019", "31.02.2019", "43497", "99999999999999999999", "1,5", "1 000",
        "=1+1", "@x", "'=", "ПРИМЕР", "СТРОК НЕТ", "clinic", "p1", "p2", "m1", "закрыт", "closed",
        "завершён", "г. Кемерово", "МФЦ", "Статус", "Код проекта", '\ufeff', '\u202e', '\x0b', 'a\nb',
        "{0}", "{value}", "%s", "<b>", "../../etc", "True", "#REF!", "2019-02-30", "0000-00-00",
        "9999-12-31", "10000-01-01", "яяяяяяяяяяяяяяяяяяяяяяяяяяяяяя",
    ]
)  # fmt: skip
CELL: st.SearchStrategy[Any] = st.one_of(
    AWKWARD,
    st.text(max_size=12),
    st.integers(-(10**16), 10**16),
    st.floats(allow_nan=False, allow_infinity=False),
    st.booleans(),
)
SHEETS = {
    "Организации": workbooks.ORGANIZATIONS,
    "Проекты": workbooks.PROJECTS,
    "Показатели": workbooks.MEASURES,
    "Значения показателей": workbooks.VALUES,
}
KEYS = {
    "Организации": "organizations",
    "Проекты": "projects",
    "Показатели": "measures",
    "Значения показателей": "values",
}
CHANGES = st.lists(
    st.tuples(st.sampled_from(list(SHEETS)), st.integers(0, 3), st.integers(0, 7), CELL), max_size=6
)


def mutated(changes: list[tuple[str, int, int, Any]]) -> dict[str, list[list[Any]]]:
    made = {name: [list(row) for row in cells] for name, cells in SHEETS.items()}
    for name, row, column, value in changes:
        while len(made[name]) <= row:
            made[name].append([])
        line = made[name][row]
        line += [""] * (column + 1 - len(line))
        line[column] = value
    return made


def holds(source: Path) -> None:
    """A registry or findings, counts that add up, and rejected rows only where there are errors."""
    try:
        examination = intake.examine(source)
    except UsageError:
        return
    for table, count in examination.rows.items():
        assert count.read == count.accepted + count.rejected
        assert count.accepted == len(examination.registry.frame(table))
        assert not count.rejected or examination.errors
    assert examination.registry.digest
    assert all(found.message and found.rule for found in examination.findings)


@relaxed
@given(changes=CHANGES)
def test_a_mutated_workbook_is_a_registry_or_findings(tmp_path: Path, changes: list[Any]) -> None:
    holds(workbooks.write(tmp_path / "r.xlsx", mutated(changes)))


@relaxed
@given(
    changes=CHANGES,
    delimiter=st.sampled_from([",", ";", "\t"]),
    encoding=st.sampled_from(["utf-8", "cp1251"]),
)
def test_a_mutated_folder_of_csv_is_a_registry_or_findings(
    tmp_path: Path, changes: list[Any], delimiter: str, encoding: str
) -> None:
    for name, cells in mutated(changes).items():
        text = "\n".join(delimiter.join(str(cell) for cell in line) for line in cells)
        (tmp_path / f"{KEYS[name]}.csv").write_bytes(text.encode(encoding, errors="replace"))
    holds(tmp_path)


@cache
def sound(folder: Path) -> bytes:
    return workbooks.write(folder / "sound.xlsx", SHEETS).read_bytes()


@relaxed
@given(
    at=st.lists(st.tuples(st.integers(0, 2**16), st.integers(0, 255)), min_size=1, max_size=8),
    cut=st.integers(0, 400),
)
def test_a_damaged_workbook_is_refused_or_read(tmp_path: Path, at: list[tuple[int, int]], cut: int) -> None:
    data = bytearray(sound(tmp_path))
    for position, value in at:
        data[position % len(data)] = value
    path = tmp_path / "r.xlsx"
    path.write_bytes(bytes(data[: len(data) - cut]))
    holds(path)


@relaxed
@given(
    part=st.integers(0, 40),
    at=st.lists(
        st.tuples(st.integers(0, 2**16), st.sampled_from(list(b"<>/\"' =arcv019\x00\xff"))),
        min_size=1,
        max_size=5,
    ),
)
def test_a_workbook_with_damaged_xml_inside_is_refused_or_read(
    tmp_path: Path, part: int, at: list[tuple[int, int]]
) -> None:
    made = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(sound(tmp_path))) as old, zipfile.ZipFile(made, "w") as new:
        chosen = old.namelist()[part % len(old.namelist())]
        for name in old.namelist():
            content = bytearray(old.read(name))
            for position, value in at if name == chosen else ():
                content[position % len(content)] = value
            new.writestr(name, bytes(content))
    path = tmp_path / "r.xlsx"
    path.write_bytes(made.getvalue())
    holds(path)


@relaxed
@given(text=st.text(alphabet=st.sampled_from("'=+-@\t\rab ")))
def test_neutralising_is_undone_exactly_and_leaves_nothing_to_run(text: str) -> None:
    assert restore(neutralise(text)) == text
    assert neutralise(text)[:1] not in set("=+-@\t\r")


@settings(relaxed, max_examples=300 if THOROUGH else 8)
@given(
    titles=st.lists(
        st.text(alphabet=st.characters(exclude_categories=["Cs", "Cc"]), min_size=1), min_size=2, max_size=2
    )
)
def test_any_title_written_to_a_workbook_comes_back_as_reading_a_csv_gives_it(
    tmp_path: Path, titles: list[str]
) -> None:
    from kuzbass_lean import sample

    tables = intake.read(workbooks.registry(tmp_path / "r.xlsx")).tables
    changed = {**tables, "projects": tables["projects"].assign(title=[f"№ {title}" for title in titles])}
    folder = tmp_path / "csv"
    sample.write(changed, folder)
    intake.write_workbook(changed, tmp_path / "w.xlsx")
    try:
        assert intake.read(tmp_path / "w.xlsx").digest == intake.read(folder).digest
    except LeanError as error:
        pytest.fail(str(error))
