import re
from pathlib import Path

import pandas as pd
import pytest

from kuzbass_lean.press import since
from kuzbass_lean.press.since import Change

Row = tuple[str, str, str, str]


def figures(*rows: Row, as_of: str = "") -> pd.DataFrame:
    """Figures as report, id, label, text; with a date where they are to be compared with."""
    frame = pd.DataFrame(rows, columns=["report", "id", "label", "text"], dtype="str")
    return frame.assign(as_of=as_of) if as_of else frame


def text(html: str) -> str:
    return " ".join(re.sub(r"<[^>]+>", " ", html).split())


OLD = figures(
    ("region", "total", "Проектов", "5"),
    ("region", "status.closed", "Проекты: закрыт", "1"),
    ("region", "level.5", "Уровень: Занятость", "Резерв"),
    ("region", "other", "Прочее", "0"),
    as_of="2019-09-30",
)


def now(*changed: tuple[str, str, str]) -> list[dict[str, str]]:
    """What a notebook shows: the old figures, some with another text, then new ones."""
    told = {name: (label, text) for name, label, text in changed}
    kept = {row.id: (row.label, row.text) for row in OLD.itertuples(index=False)}
    return [{"id": name, "label": label, "text": text} for name, (label, text) in {**kept, **told}.items()]


def test_changes_are_found_by_report_and_id_and_levels_come_first() -> None:
    new = figures(
        ("region", "total", "Проектов", "6"),
        ("region", "status.closed", "Проекты: закрыт", "1"),
        ("region", "level.5", "Уровень: Занятость", "Лидер"),
        ("region", "new", "Новое", "1"),
    )
    assert since.changes(OLD, new) == (
        Change("region", "level.5", "Уровень: Занятость", "Резерв", "Лидер"),
        Change("region", "new", "Новое", "", "1"),
        Change("region", "other", "Прочее", "0", ""),
        Change("region", "total", "Проектов", "5", "6"),
    )


def test_the_history_is_told_how_many_figures_changed_and_which_levels() -> None:
    found = (
        Change("region", "level.5", "Уровень", "Резерв", "Лидер"),
        Change("region", "new", "Новое", "", "1"),
        Change("region", "total", "Проектов", "5", "6"),
    )
    level = {"report": "region", "id": "level.5", "label": "Уровень", "old": "Резерв", "new": "Лидер"}
    assert since.told(found) == {"figures": 2, "levels": [level]}


def test_a_page_tells_levels_closed_projects_and_effects_in_this_order() -> None:
    html = since.section(
        "region",
        OLD,
        now(
            ("effect_confirmed", "Подтверждённый эффект", "50 000"),
            ("status.closed", "Проекты: закрыт", "2"),
            ("level.5", "Уровень: Занятость", "Лидер"),
            ("other", "Прочее", "9"),
            ("unheard_of", "Новое", "1"),
        ),
    )
    assert text(html) == (
        "Что изменилось с публикации на 30.09.2019 Что Было Стало "
        "Уровень: Занятость Резерв Лидер Проекты: закрыт 1 2 Подтверждённый эффект — 50 000 "
        "Всего изменилось чисел на странице: 4."
    )


def test_a_page_says_so_where_nothing_that_it_tells_of_has_changed() -> None:
    same = "Что изменилось с публикации на 30.09.2019: уровни, число проектов, эффекты и улучшения те же."
    assert text(since.section("region", OLD, now())) == same
    other = since.section("region", OLD, now(("other", "Прочее", "9")))
    assert text(other) == f"{same} Всего изменилось чисел на странице: 1."


def test_a_first_publication_tells_of_no_change() -> None:
    assert since.section("region", figures(as_of="2019-09-30"), now()) == ""


# What a page is compared with


@pytest.fixture
def out(tmp_path: Path) -> Path:
    """A site with two reports, the second of which was compared with an earlier one."""
    (tmp_path / "data").mkdir()
    rows = figures(("region", "total", "Проектов", "5"), ("sectors/a", "total", "Проектов", "2"))
    rows.to_parquet(tmp_path / "data/figures.parquet")
    since.keep(tmp_path, figures(("sectors/a", "total", "Проектов", "1"), as_of="2019-06-30"))
    return tmp_path


def recorded(name: str, data: str) -> dict[str, object]:
    return {name: {"as_of": "2019-09-30", "made_from": {"data": data}}}


BOTH = recorded("region", "старое") | recorded("sectors/a", "старое")


def earlier(out: Path, known: dict[str, object], **data: str) -> list[tuple[object, ...]]:
    found = since.earlier(out, known, {"region": data["region"], "sectors/a": data["a"]})
    return [tuple(row) for row in found[["report", "text", "as_of"]].itertuples(index=False)]


def test_a_report_whose_data_changed_is_compared_with_its_published_figures(out: Path) -> None:
    assert earlier(out, BOTH, region="новое", a="новое") == [
        ("region", "5", "2019-09-30"),
        ("sectors/a", "2", "2019-09-30"),
    ]


def test_a_report_whose_data_are_the_same_is_compared_with_what_it_was_compared_with(out: Path) -> None:
    assert earlier(out, BOTH, region="старое", a="старое") == [("sectors/a", "1", "2019-06-30")]


def test_a_report_that_failed_last_time_is_compared_with_what_stood_there_before(out: Path) -> None:
    only = recorded("region", "старое")
    assert earlier(out, only, region="новое", a="новое") == [
        ("region", "5", "2019-09-30"),
        ("sectors/a", "1", "2019-06-30"),
    ]


@pytest.mark.parametrize("spoil", [b"not parquet", None])
def test_figures_that_cannot_be_read_are_none(out: Path, spoil: bytes | None) -> None:
    for name in ("figures", "previous"):
        path = out / f"data/{name}.parquet"
        path.unlink()
        if spoil is not None:
            path.write_bytes(spoil)
    assert earlier(out, BOTH, region="новое", a="новое") == []


def test_figures_of_another_version_without_our_columns_are_none(out: Path) -> None:
    pd.DataFrame({"report": ["region"], "amount": [5]}).to_parquet(out / "data/figures.parquet")
    assert earlier(out, BOTH, region="новое", a="новое") == []
