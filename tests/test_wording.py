"""Russian numbers, plurals, dates and labels."""

import datetime
import os
import subprocess
import sys
from decimal import Decimal

import numpy as np
import pandas as pd
import pytest

from kuzbass_lean import metrics, wording
from kuzbass_lean.errors import UnknownNameError
from kuzbass_lean.metrics import Bounds, Ratio, Value, change
from kuzbass_lean.wording.vocabulary import words


def plain(text: str) -> str:
    """The text with ordinary spaces, for expectations that are about words only."""
    return text.replace(wording.NO_BREAK, " ").replace(wording.NARROW, " ")


@pytest.mark.parametrize(
    ("x", "digits", "expected"),
    [
        (0, None, "0"),
        (28, None, "28"),
        (712.3, None, "712,3"),
        (1.25, None, "1,25"),
        (2 / 3, None, "0,67"),
        (2.0, None, "2"),
        (168784, None, "168\u202f784"),
        (1234567.5, 1, "1\u202f234\u202f567,5"),
        (-72.4, 1, "\u221272,4"),
        (90, 1, "90,0"),
        (12.5, 0, "13"),
        (-12.5, 0, "\u221213"),
        (2.675, 2, "2,68"),
        (-0.04, 1, "0,0"),
        (Decimal("0.1"), None, "0,1"),
        (np.int64(1000), None, "1\u202f000"),
        (np.float64(0.5), None, "0,5"),
    ],
)
def test_a_number_is_written_the_russian_way(x, digits, expected):
    assert wording.number(x, digits) == expected


@pytest.mark.parametrize("x", [None, float("nan"), float("inf"), pd.NA, np.nan])
def test_a_missing_number_reads_no_data(x):
    assert wording.number(x) == "нет данных"
    assert wording.percent(x) == "нет данных"
    assert wording.plural(x, "project") == "нет данных"
    assert wording.unit(x, "day/month") == "нет данных"


def test_the_largest_float_is_a_number_too():
    assert wording.number(1e300).startswith("1\u202f000\u202f000")


@pytest.mark.parametrize(("x", "expected"), [(5, "+5"), (-5, "\u22125"), (0, "0"), (0.001, "0")])
def test_a_signed_number_has_a_plus_only_above_zero(x, expected):
    assert wording.number(x, signed=True) == expected


def test_percent_is_set_apart_by_a_narrow_no_break_space():
    assert wording.percent(42.857142) == "42,9\u202f%"
    assert wording.percent(91, 0) == "91\u202f%"


def test_percentage_points_are_not_percent():
    assert wording.points(20, signed=True) == "+20\u00a0п.\u00a0п."


@pytest.mark.parametrize(
    ("n", "expected"),
    [
        (0, "0 проектов"),
        (1, "1 проект"),
        (2, "2 проекта"),
        (4, "4 проекта"),
        (5, "5 проектов"),
        (11, "11 проектов"),
        (14, "14 проектов"),
        (21, "21 проект"),
        (112, "112 проектов"),
        (288, "288 проектов"),
        (1.5, "1,5 проекта"),
        (2.0, "2 проекта"),
        (-3, "\u22123 проекта"),
    ],
)
def test_the_noun_agrees_with_its_number(n, expected):
    assert plain(wording.plural(n, "project")) == expected


def test_the_noun_agrees_with_the_number_as_it_is_shown():
    assert plain(wording.plural(2, "project", digits=1)) == "2,0 проекта"
    assert plain(wording.plural(5, "day", digits=1)) == "5,0 дня"
    assert plain(wording.plural(0.999, "day", digits=0)) == "1 день"


@pytest.mark.parametrize(
    ("n", "noun", "expected"),
    [
        (1, "polyclinic", "1 поликлиники"),
        (2, "polyclinic", "2 поликлиник"),
        (5, "polyclinic", "5 поликлиник"),
        (21, "polyclinic", "21 поликлиники"),
        (1, "municipality", "1 муниципального образования"),
        (3, "municipality", "3 муниципальных образований"),
        (12, "body", "12 органов"),
        (2, "mfc", "2 МФЦ"),
        (3, "person", "3 человек"),
    ],
)
def test_what_is_lacking_stands_in_the_genitive(n, noun, expected):
    assert plain(wording.plural(n, noun, "genitive")) == expected


def test_a_noun_with_an_adjective_has_its_own_forms():
    forms = [plain(wording.plural(n, "municipality")) for n in (1, 2, 5, 1.5)]
    assert forms == [
        "1 муниципальное образование",
        "2 муниципальных образования",
        "5 муниципальных образований",
        "1,5 муниципального образования",
    ]


def test_the_object_of_a_verb_stands_in_the_accusative():
    cases = [plain(wording.plural(n, "polyclinic", "accusative")) for n in (1, 2, 5, 1.5)]
    assert cases == ["1 поликлинику", "2 поликлиники", "5 поликлиник", "1,5 поликлиники"]


def test_a_place_stands_in_the_locative():
    assert wording.form(31, "municipality", "locative") == "муниципальном образовании"
    assert wording.form(34, "municipality", "locative") == "муниципальных образованиях"


def test_an_unknown_noun_is_refused_with_the_nearest_ones():
    with pytest.raises(UnknownNameError, match='unknown noun "projekt": did you mean "project"'):
        wording.plural(5, "projekt")


@pytest.mark.parametrize("noun", sorted(words()["nouns"]))
def test_every_noun_has_all_its_forms(noun):
    for case in ("nominative", "genitive", "accusative", "locative"):
        for n in (1, 2, 5, 1.5):
            assert wording.form(n, noun, case)


@pytest.mark.parametrize("key", sorted(words()["units"]))
def test_every_unit_can_be_written(key):
    assert wording.unit(5, key).startswith("5")
    assert wording.unit_name(key)


@pytest.mark.parametrize(
    ("n", "key", "expected"),
    [
        (5, "day/month", "5 дней в месяц"),
        (1, "minute", "1 минута"),
        (28, "person/shift", "28 человек в смену"),
        (85, "percent", "85 %"),
        (980, "thousand persons", "980 тыс. человек"),
        (712.3, "thousand persons", "712,3 тыс. человек"),
        (168784, "RUB/year", "168 784 рубля в год"),
        (2, "ratio", "2 раза"),
        (5, "мин.", "5 мин."),
        (5, "", "5"),
    ],
)
def test_a_unit_follows_its_number_and_an_unknown_one_passes_through(n, key, expected):
    assert plain(wording.unit(n, key)) == expected


def test_a_header_has_the_short_unit():
    assert wording.unit_name("person/shift") == "чел. в смену"
    assert wording.unit_name("посещений") == "посещений"


@pytest.mark.parametrize(
    ("value", "key", "better", "expected"),
    [
        (Value.of(28), "minute", "lower", "28 минут"),
        (Value.up_to(5), "day/month", "lower", "до 5 дней в месяц"),
        (Value.up_to(1), "day", "lower", "до 1 дня"),
        (Value.between(37, 40), "person/shift", "higher", "37–40 человек в смену"),
        (Value.between(1, 2), "day", "lower", "1–2 дня"),
        (Value.at_least(3), "", "higher", "не менее 3"),
        (Value.at_least(3), "day", "higher", "не менее 3 дней"),
        (Value.times(2), "minute", "lower", "в 2 раза меньше"),
        (Value.times(5), "minute", "lower", "в 5 раз меньше"),
        (Value.times(2.8), "person", "higher", "в 2,8 раза больше"),
        (Value.times(0.5), "minute", "lower", "в 2 раза больше"),
        (Value.times(1), "minute", "lower", "без изменений"),
        (Value(None, None), "minute", "lower", "нет данных"),
        (None, "minute", "lower", "нет данных"),
    ],
)
def test_a_value_reads_as_it_was_stated(value, key, better, expected):
    assert plain(wording.value_text(value, key, better)) == expected


@pytest.mark.parametrize(
    ("b", "key", "digits", "expected"),
    [
        (Bounds(32.142857, 42.857142), "percent", 1, "32,1…42,9 %"),
        (Bounds(20, 20), "percent", None, "20 %"),
        (Bounds(None, 60), "percent", None, "до 60 %"),
        (Bounds(3, None), "day", None, "не менее 3 дней"),
        (Bounds(15, 26), "project", None, "15…26 проектов"),
        (Bounds(None, None), "day", None, "нет данных"),
        (None, "day", None, "нет данных"),
    ],
)
def test_an_interval_has_one_unit(b, key, digits, expected):
    assert plain(wording.bounds(b, key, digits)) == expected


def test_an_interval_in_words_stands_in_the_genitive():
    assert plain(wording.bounds(Bounds(1, 21), "day", words=True)) == "от 1 до 21 дня"


@pytest.mark.parametrize(
    ("made", "expected"),
    [
        (change(Value.of(28), Value.of(10), "lower", "minute"), "\u221264,3 %"),
        (change(Value.of(14), Value.of(16), "lower", "minute"), "+14,3 %"),
        (change(Value.of(28), Value.between(37, 40), "higher", planned=True), "+32,1…+42,9 %"),
        (change(Value.of(65), Value.of(85), "higher", "percent"), "+20 п. п."),
        (change(Value.of(12), Value.of(7), "lower", "percent"), "\u22125 п. п."),
        (change(Value.of(0), Value.of(5), "lower", "minute"), "+5 минут"),
        (change(Value.of(5), Value.of(5), "lower", "minute"), "0,0 %"),
        (change(Value.up_to(5), Value.of(0), "lower", "day/month"), "устранено полностью"),
        (change(Value.of(5), Value.of(0), "lower", "day", planned=True), "\u2212100,0 %"),
        (change(None, Value.times(2), "lower", "minute"), "в 2 раза меньше"),
        (change(Value.of(28), None, "lower", "minute"), "нет данных"),
        (change(Value.of(30), Value.of(26), "target", target=Value.of(20)), "ближе к цели на 40,0 %"),
        (change(Value.of(24), Value.of(26), "target", target=Value.of(20)), "дальше от цели на 50,0 %"),
    ],
)
def test_a_change_has_the_sign_of_the_measure(made, expected):
    assert plain(wording.change_text(made)) == expected


@pytest.mark.parametrize(
    ("r", "expected"),
    [
        (Ratio(22, 72), "22 из 72 (30,6 %)"),
        (Ratio(3, 0), "3 из 0"),
        (Ratio(3, None), "3"),
        (Ratio(None, 72), "нет данных"),
    ],
)
def test_a_ratio_shows_both_counts(r, expected):
    assert plain(wording.ratio(r)) == expected


def test_dates_are_written_in_figures_and_in_words():
    day = datetime.date(2019, 9, 3)
    assert wording.date(day) == "03.09.2019"
    assert wording.long_date(day) == "3\u00a0сентября\u00a02019\u00a0г."
    assert wording.day_month(pd.Timestamp(day)) == "3\u00a0сентября"


@pytest.mark.parametrize("day", [None, pd.NaT])
def test_a_missing_date_reads_no_data(day):
    assert {wording.date(day), wording.long_date(day), wording.day_month(day)} == {"нет данных"}


@pytest.mark.parametrize(
    ("group", "key", "expected"),
    [
        ("status", "closed", "закрыт"),
        ("level", "none", "нет уровня"),
        ("level", "unknown", "не определён"),
        ("relation", True, "выполняется"),
        ("relation", None, "нельзя проверить"),
        ("yes_no", False, "нет"),
        ("wave", float("nan"), "нет данных"),
        ("wave", None, "нет данных"),
        ("source", "published", "опубликовано"),
        ("source", "письмо № 12", "письмо № 12"),
    ],
)
def test_a_label_is_found_and_free_text_passes_through(group, key, expected):
    assert wording.label(group, key) == expected


def test_an_unknown_value_of_a_closed_group_is_refused():
    with pytest.raises(UnknownNameError, match="closed"):
        wording.label("status", "closd")
    with pytest.raises(UnknownNameError, match="label group"):
        wording.label("statuses", "closed")


@pytest.mark.parametrize(
    ("group", "name"),
    [
        ("status", "STATUSES"),
        ("organization_kind", "ORGANIZATION_KINDS"),
        ("unit_kind", "ORGANIZATION_KINDS"),
        ("phase", "PHASES"),
        ("qualifier", "QUALIFIERS"),
        ("family", "FAMILIES"),
        ("statistic", "STATISTICS"),
        ("model", "MODELS"),
    ],
)
def test_every_value_of_the_registry_has_a_label(group, name):
    from kuzbass_lean import schema

    for value in getattr(schema, name):
        assert wording.label(group, value)


def test_every_organisation_kind_can_be_counted():
    from kuzbass_lean import schema

    for kind in schema.ORGANIZATION_KINDS:
        assert wording.form(5, kind)


@pytest.mark.parametrize(
    ("items", "expected"),
    [([], ""), (["а"], "а"), (["а", "б"], "а и б"), (["а", "б", "в"], "а, б и в")],
)
def test_a_list_is_joined_as_in_a_sentence(items, expected):
    assert wording.join(items) == expected


def test_every_metric_has_a_formula_with_a_version():
    computed = {
        "improvement", "attainment", "solved_share", "closed_share", "closed_range", "implemented_share",
        "realised_share", "coverage", "frame_units", "criteria_share", "lead_time_cut", "takt", "overdue",
        "capacity_hours", "replication", "standards_count", "plans_totals", "ageing", "as_at",
    }  # fmt: skip
    assert computed <= set(wording.formulas())
    assert computed - {"improvement"} <= set(metrics.__all__)
    assert all(formula.version >= 1 and formula.text for formula in wording.formulas().values())


def test_an_unknown_formula_is_refused():
    with pytest.raises(UnknownNameError, match='did you mean "coverage"'):
        wording.formula("coverge")


def test_the_environment_does_not_change_a_word():
    code = "from kuzbass_lean import wording; print(ascii(wording.number(1234.5) + wording.plural(2, 'day')))"
    texts = {
        subprocess.run(
            [sys.executable, "-c", code],
            env={**os.environ, "LC_ALL": locale, "LANG": locale, "LANGUAGE": locale},
            capture_output=True,
            text=True,
            check=True,
        ).stdout
        for locale in ("C", "en_US.UTF-8")
    }
    assert texts == {ascii("1\u202f234,52\u00a0дня") + "\n"}
