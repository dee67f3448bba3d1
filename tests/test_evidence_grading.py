"""The grade of the evidence, letter by letter."""

import subprocess
import sys

import pandas as pd
import pytest

from kuzbass_lean.evidence import Stated, compare, grade, grades, xmr

BEFORE = [11, 9] * 7  # limits 4.68 and 15.32
AFTER = [4, 3, 4, 3, 4, 3, 4]
LIKE_BEFORE = [11, 9, 11, 9, 11, 9, 11]


def chart(before=BEFORE, after=AFTER, **options):
    return xmr([*before, *after], baseline=len(before), **options)


def measures(*better: str) -> pd.DataFrame:
    keys = [f"m{place}" for place in range(1, len(better) + 1)]
    index = pd.RangeIndex(2, 2 + len(keys), name="row")
    return pd.DataFrame({"measure_id": keys, "better": better}, index=index, dtype="str")


def values(*rows: dict) -> pd.DataFrame:
    names = ["measure_id", "phase", "low", "high", "qualifier", "factor", "observations"]
    frame = pd.DataFrame(rows, columns=names).assign(qualifier="exact")
    numbers = dict.fromkeys(("low", "high", "factor"), "float64")
    return frame.astype({**numbers, "observations": "Int64", "measure_id": "str", "phase": "str"})


def value(phase: str, low: float | None = None, **cells) -> dict:
    return {"measure_id": "m1", "phase": phase, "low": low, "high": low, **cells}


def observations(**phases: list[float]) -> pd.DataFrame:
    rows = [
        ("m1", phase, pd.Timestamp(2019, 1, 1) + pd.Timedelta(days=place), float(number))
        for phase, numbers in phases.items()
        for place, number in enumerate(numbers, start=100 * list(phases).index(phase))
    ]
    return pd.DataFrame(rows, columns=["measure_id", "phase", "observed_on", "value"])


def letter(table: pd.DataFrame | None = None, seen: pd.DataFrame | None = None, better: str = "lower") -> str:
    return grades(measures(better), table, seen)["letter"].item()


def test_a_takes_a_signal_with_thirteen_points_before_and_seven_after() -> None:
    found = grade(chart())
    assert (found.letter, found.reason) == (
        "A",
        "контрольная карта показывает улучшение (замеров до — 14, после — 7)",
    )
    assert grade(chart(BEFORE[:13])).letter == "A"
    assert grade(chart(BEFORE[:12])).letter == "C"
    assert grade(chart(after=AFTER[:6])).letter == "C"


def test_no_signal_or_one_in_the_wrong_direction_gives_no_a() -> None:
    assert grade(chart(after=LIKE_BEFORE)).letter == "C"
    assert grade(chart(better="higher")).letter == "C"
    assert grade(chart(after=[*AFTER, 16])).letter == "C"  # improvement, then concern
    assert grade(xmr([*BEFORE, *AFTER], rebase=[14])).letter == "C"  # limits of its own: nothing to compare


def test_b_takes_an_interval_that_leaves_zero_in_the_better_direction() -> None:
    found = grade(comparison=compare(BEFORE, AFTER))
    assert (found.letter, "14" in found.reason, "7" in found.reason) == ("B", True, True)
    worse = grade(comparison=compare(AFTER, BEFORE))
    assert (worse.letter, "ухудшение" in worse.reason) == ("C", True)
    same = grade(comparison=compare(BEFORE, LIKE_BEFORE))
    assert (same.letter, "случайного" in same.reason) == ("C", True)


def test_a_comparison_that_shows_worsening_overrules_a_chart() -> None:
    assert grade(chart(), compare(AFTER, BEFORE)).letter == "C"


@pytest.mark.parametrize(
    ("stated", "expected", "word"),
    [
        (Stated(before=True, after=True, counts=(30, 30)), "C", "30"),
        (Stated(before=True, after=True, counts=(30, 4)), "C", "слишком мало"),
        (Stated(before=True, after=True, counts=(30, 5)), "C", "о разбросе"),
        (Stated(before=True, after=True, counts=(30, 0)), "D", "не известно, по скольким"),
        (Stated(before=True, after=True), "D", "два числа"),
        (Stated(factor=True), "D", "во сколько раз"),
        (Stated(after=True), "E", "сравнить не с чем"),
        (Stated(before=True, target=True), "E", "только цель"),
        (Stated(before=True), "E", "результата нет"),
        (Stated(), "E", "словами"),
    ],
)
def test_stated_numbers_give_c_to_e(stated, expected, word) -> None:
    found = grade(stated=stated)
    assert found.letter == expected
    assert word in found.reason


def test_two_numbers_are_d_and_with_counts_c() -> None:
    pair = [value("before", 29), value("after", 8)]
    assert letter(values(*pair)) == "D"
    assert letter(values(*({**row, "observations": 12} for row in pair))) == "C"
    assert letter(values({**pair[0], "observations": 12}, pair[1])) == "D"


def test_only_a_factor_is_d_and_only_a_target_e() -> None:
    assert letter(values(value("after", factor=2.0))) == "D"
    assert letter(values(value("before", 28), value("target", 40))) == "E"
    assert letter(values(value("before", 28), value("target", factor=2.0))) == "E"


def test_a_bound_is_a_number() -> None:
    bound = {"measure_id": "m1", "phase": "before", "low": None, "high": 5.0}
    assert letter(values(bound, value("after", 0))) == "D"


def test_a_later_check_counts_as_a_result() -> None:
    assert letter(values(value("before", 29), value("check", 8))) == "D"
    assert letter(None, observations(before=BEFORE, after=AFTER[:4], check=AFTER[4:])) == "A"


def test_measurements_give_a_b_or_c() -> None:
    assert letter(None, observations(before=BEFORE, after=AFTER)) == "A"
    assert letter(None, observations(before=BEFORE[:6], after=AFTER[:6])) == "B"
    assert letter(None, observations(before=BEFORE, after=AFTER), better="higher") == "C"
    assert letter(None, observations(before=BEFORE, after=LIKE_BEFORE)) == "C"
    assert letter(None, observations(before=BEFORE[:4], after=AFTER[:4])) == "C"
    assert letter(None, observations(before=BEFORE)) == "E"


def test_measurements_are_taken_in_order_of_time() -> None:
    falling = [10.6, 10.2, 9.8, 9.4, 9.2, 8.6, 8.2]
    assert letter(None, observations(before=BEFORE, after=falling)) == "A"
    assert letter(None, observations(before=BEFORE, after=falling).iloc[::-1]) == "A"
    assert letter(None, observations(before=BEFORE, after=falling[::-1])) != "A"


def test_a_signal_that_began_before_the_change_gives_no_a() -> None:
    # six low points before, one after: a shift of the chart, not of what came after
    before = [*BEFORE[:8], 9, 8, 9, 8, 9, 8]
    seen = chart(before, [9, *LIKE_BEFORE])
    assert seen.points["verdict"].iloc[14] == "improvement"
    assert grade(seen).letter == "C"


def test_where_a_target_is_best_the_distance_to_it_is_judged() -> None:
    seen = observations(before=BEFORE, after=[20, 21] * 4)
    assert letter(values(value("target", 20)), seen, better="target") == "A"
    reached = {"measure_id": "m1", "phase": "target", "low": 19.0, "high": None}
    assert letter(values(reached), seen, better="target") == "A"
    assert letter(values(value("target", 1)), seen, better="target") == "C"
    assert letter(None, seen, better="target") == "C"


def test_every_measure_gets_one_row_in_its_place() -> None:
    table = values(value("before", 29), value("after", 8), {**value("after", 8), "measure_id": "unknown"})
    found = grades(measures("lower", "higher", "lower"), table, None)
    assert found["measure_id"].tolist() == ["m1", "m2", "m3"]
    assert found["letter"].tolist() == ["D", "E", "E"]
    assert found.index.tolist() == [2, 3, 4]
    assert grades(measures(), table, None).empty


def test_the_tables_are_left_as_they_were() -> None:
    tables = [
        measures("lower"),
        values(value("before", 29), value("after", 8)),
        observations(before=BEFORE, after=AFTER),
    ]
    before = [table.copy() for table in tables]
    grades(*tables)
    for table, copy in zip(tables, before, strict=True):
        pd.testing.assert_frame_equal(table, copy)


def test_importing_the_package_loads_no_statistics_library() -> None:
    code = (
        "import sys, kuzbass_lean.evidence; sys.exit('scipy' in sys.modules or 'statsmodels' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


@pytest.mark.parametrize(
    ("start", "better", "usual"),
    [(13, "lower", 11), (12.9, "lower", None), (9, "higher", 11), (13, "higher", None), (13, "target", None)],
)
def test_a_start_at_the_worst_of_its_time_is_told_with_what_was_usual(start, better, usual) -> None:
    # measurements before: 9 to 13, median 11
    seen = observations(before=[9, 10, 11, 12, 13], after=[5, 5, 5, 5, 5])
    found = grades(measures(better), values(value("before", start), value("after", 5)), seen).iloc[0]
    assert (None if pd.isna(found["usual"]) else found["usual"]) == usual


def test_a_start_among_too_few_measurements_or_none_is_not_called_the_worst() -> None:
    stated = values(value("before", 30), value("after", 5))
    for seen in (observations(before=[9, 10, 11, 12], after=[5] * 5), None):
        assert grades(measures("lower"), stated, seen)["usual"].isna().all()
