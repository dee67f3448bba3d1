import pandas as pd
import pytest

from kuzbass_lean import parsing, schema


@pytest.mark.parametrize(
    ("text", "dtype", "expected"),
    [
        ("3,5", schema.NUMBER, "3.5"),
        ("1 234,5", schema.NUMBER, "1234.5"),
        ("1\u00a0234\u00a0567", schema.NUMBER, "1234567"),
        ("−5", schema.NUMBER, "-5"),
        ("1 200", schema.INTEGER, "1200"),
        ("01.02.2019", schema.DATE, "2019-02-01"),
        ("1.2.2019 г.", schema.DATE, "2019-02-01"),
        ("29.02.2020", schema.DATE, "2020-02-29"),
        ("43497", schema.DATE, "2019-02-01"),
        ("32874", schema.DATE, "1990-01-01"),
        ("54788", schema.DATE, "2049-12-31"),
        ("2019-02-01 14:30:00", schema.DATE, "2019-02-01"),
        ("+", schema.FLAG, "true"),
        ("Истина", schema.FLAG, "true"),
        ("ложь", schema.FLAG, "false"),
        ("—", schema.NUMBER, ""),
        ("н/д", schema.DATE, ""),
        (" нет данных ", schema.INTEGER, ""),
    ],
)
def test_a_common_spelling_that_reads_one_way_is_mended(text: str, dtype: str, expected: str) -> None:
    mended = parsing.mend(text, dtype)
    assert mended is not None
    assert mended.text == expected


@pytest.mark.parametrize(
    ("text", "dtype"),
    [
        ("1,234.5", schema.NUMBER),
        ("1.234,5", schema.NUMBER),
        ("12 34", schema.NUMBER),
        ("5 мин", schema.NUMBER),
        ("37–40", schema.NUMBER),
        ("01.02.19", schema.DATE),
        ("29.02.2019", schema.DATE),
        ("01/02/2019", schema.DATE),
        ("32873", schema.DATE),
        ("54789", schema.DATE),
        ("2019", schema.DATE),
        ("может быть", schema.FLAG),
    ],
)
def test_what_could_mean_two_things_or_nothing_known_is_not_guessed(text: str, dtype: str) -> None:
    assert parsing.mend(text, dtype) is None


def test_a_bare_number_is_no_date_where_serials_are_not_of_the_1900_system() -> None:
    assert parsing.mend("43497", schema.DATE, serials=False) is None


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("37–40", ("37", "40", "range", "")),
        ("37 - 40", ("37", "40", "range", "")),
        ("от 37 до 40,5", ("37", "40.5", "range", "")),
        ("до 5", ("", "5", "up_to", "")),
        ("не более 1 200", ("", "1200", "up_to", "")),
        ("не менее 3", ("3", "", "at_least", "")),
        ("от 3", ("3", "", "at_least", "")),
        ("В 2 раза", ("", "", "factor_only", "2")),
        ("в 1,5 раза", ("", "", "factor_only", "1.5")),
    ],
)
def test_a_value_in_words_is_taken_apart(text: str, expected: tuple[str, str, str, str]) -> None:
    found = parsing.quantity(text)
    assert found is not None
    assert (found.low, found.high, found.qualifier, found.factor) == expected


@pytest.mark.parametrize("text", ["40–37", "5–5", "37", "примерно 5", "до обеда", "2–3–4", "в разы", ""])
def test_words_that_are_no_sure_value_stay_words(text: str) -> None:
    assert parsing.quantity(text) is None


def test_strict_parsing_refuses_what_only_mending_reads() -> None:
    typed, bad = parsing.parse(pd.Series(["3.5", "3,5", None, "٣"]), schema.NUMBER)
    assert list(bad) == [False, True, False, True]
    assert typed.iloc[0] == 3.5
