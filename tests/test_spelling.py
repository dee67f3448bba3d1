import pandas as pd
import pytest

from kuzbass_lean import schema, spelling

GROUPS = sorted({group for table in schema.TABLES for group in schema.labels(table).values()})


@pytest.mark.parametrize("group", GROUPS)
def test_every_label_that_is_written_reads_back_as_its_key(group: str) -> None:
    vocabulary = spelling.vocabulary(group)
    assert {key: vocabulary.exact[vocabulary.label(key)] for key in vocabulary.labels} == {
        key: key for key in vocabulary.labels
    }


@pytest.mark.parametrize("table", list(schema.TABLES))
def test_headers_and_sheets_that_are_written_read_back(table: str) -> None:
    for column in schema.columns(table):
        assert spelling.header(table, spelling.written_header(table, column)) == (column, True)
        assert spelling.header(table, column) == (column, True)
    assert spelling.table_of(spelling.sheet(table)) == (table, True)
    assert len(spelling.sheet(table)) <= 31


@pytest.mark.parametrize("table", list(schema.TABLES))
def test_an_example_names_columns_of_its_table_and_fills_the_required_ones(table: str) -> None:
    example = spelling.words()["examples"][table]
    required = {name for name, column in schema.columns(table).items() if column.required}
    assert required <= set(example) <= set(schema.columns(table))


@pytest.mark.parametrize("group", ["status", "sector", "phase", "qualifier", "organization_kind", "unit"])
def test_every_synonym_of_a_vocabulary_is_of_one_of_its_keys(group: str) -> None:
    vocabulary = spelling.vocabulary(group)
    for key, texts in spelling.words()["values"][group].items():
        assert key in vocabulary.labels
        for text in texts:
            assert vocabulary.find(text) in (key, None)


@pytest.mark.parametrize(
    ("group", "text", "key"),
    [
        ("municipality", "г. Кемерово", "kemerovsky-okrug"),
        ("municipality", "Кемеровский ГО", "kemerovsky-okrug"),
        ("municipality", "Кемеровский", None),
        ("municipality", "Киселёвск", "kiselevsky-okrug"),
        ("status", "Отменен", "cancelled"),
        ("status", "Реализуется", "in_progress"),
        ("status", "завершён", None),
        ("sector", "«Культура»", "culture"),
        ("typical", "Организация рабочих мест", None),
        ("typical", "Комфортная среда в регистратуре", "health-4"),
    ],
)
def test_a_variant_is_found_only_if_it_means_one_key(group: str, text: str, key: str | None) -> None:
    assert spelling.vocabulary(group).find(text) == key


def test_a_header_in_other_words_is_known_and_told_from_the_prescribed_one() -> None:
    assert spelling.header("projects", "Наименование\nпроекта *") == ("title", False)
    assert spelling.header("projects", "Название проекта *") == ("title", True)
    assert spelling.header("projects", "Любимый цвет") is None


def test_tidy_removes_what_cannot_be_seen() -> None:
    assert spelling.tidy("\u200b № 5\u00a0А \ufeff") == "№ 5 А"


@pytest.mark.parametrize("form", ["{}", "{}x", "x{}", "x{}x", "{}/д", "н{}т данных"])
def test_a_text_that_is_not_doubtful_is_tidy_and_means_something(form: str) -> None:
    texts = pd.Series([form.format(chr(code)) for code in range(0xD800)], dtype="str")
    sure = texts[~spelling.doubtful(texts)]
    assert len(sure) > 40_000
    assert [t for t in sure if spelling.tidy(t) != t or spelling.means_nothing(t)] == []


def test_plain_russian_texts_are_not_doubtful() -> None:
    texts = pd.Series(["Сокращение очереди", "p0000001", "Этап 2", None, "н/д", " x"], dtype="str")
    assert spelling.doubtful(texts).tolist() == [False, False, False, False, True, True]
