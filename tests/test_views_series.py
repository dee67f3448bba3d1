"""What single measurements say on a page: which chart, which words, which warning."""

import pandas as pd
import pytest

from kuzbass_lean import views
from kuzbass_lean.registry import Registry
from kuzbass_lean.views import series

SLOW, QUICK = [30, 31, 29, 30, 32, 28, 30, 31, 29, 30, 31, 29, 30], [20, 21, 19, 20, 22, 18, 20]


def plain(text: str) -> str:
    return text.replace("\u202f", " ").replace("\u00a0", " ")


def registry(before: list[float], after: list[float], start: float | None = None, **about: str) -> Registry:
    """One project with one measure, its measurements weekly, those after the change first in the table."""
    measure = {"measure_id": "m", "project_id": "p", "name": "Время услуги", "unit": "minute"}
    measure |= {"family": "lead_time", "better": "lower", "statistic": "mean", **about}
    rows = [("after", 40 + week, value) for week, value in enumerate(after)]
    rows += [("before", week, value) for week, value in enumerate(before)]
    seen = pd.DataFrame(rows, columns=["phase", "week", "value"]).astype({"value": "float64"})
    days = pd.Timestamp("2019-01-07") + pd.to_timedelta(7 * seen["week"], unit="D")
    project = {
        "project_id": "p",
        "title": "Проект",
        "organization_id": "o",
        "sector": "mfc",
        "status": "closed",
    }
    tables = {
        "projects": pd.DataFrame([{**project, "centralised": False}]),
        "measures": pd.DataFrame([measure]),
        "observations": seen.assign(measure_id="m", observed_on=days).drop(columns="week"),
    }
    if start is not None:
        stated = {"measure_id": "m", "phase": "before", "low": start, "high": start, "qualifier": "exact"}
        tables["values"] = pd.DataFrame([stated])
    return Registry.from_frames(tables)


def page(data: Registry) -> str:
    return plain(views.control_charts(data, views.grades(data)).text)


@pytest.mark.parametrize(
    ("before", "after", "control", "run"),
    [
        (13, 7, True, False),
        (12, 7, False, True),
        (13, 6, False, True),
        (5, 5, False, True),
        (5, 4, False, False),
    ],
)
def test_a_series_too_short_for_limits_is_a_run_chart_and_a_shorter_one_none(
    before: int, after: int, control: bool, run: bool
) -> None:
    text = page(registry(SLOW[:before], QUICK[:after]))
    assert ("Контрольная карта." in text) is control
    assert ("Карта серий." in text) is run
    assert ("нужно не менее 13 замеров" in text) is not control


def test_a_run_chart_says_by_which_rule_the_series_moved() -> None:
    # 6 and 6 points: 12 useful, a run of 6 (chance gives up to 7), one crossing (chance gives 3 or more)
    text = page(registry(SLOW[:6], QUICK[:6]))
    assert "медиана была 30,0 минуты, стала 20,0 минуты" in text
    assert "ряд сдвинулся не случайно: самая длинная серия по одну сторону медианы — 6 точек" in text
    assert "случай даёт до 7; пересечений 1, случай даёт от 3" in text
    assert "неслучайного сдвига не видно" in page(registry(SLOW[:6], SLOW[:6]))


def test_two_samples_are_compared_from_five_measurements_a_side() -> None:
    text = page(registry(SLOW[:5], QUICK[:5]))
    # medians 30 and 20; every pair is better; exact p = 2 / C(10, 5) = 2 / 252
    assert "Время услуги, мин | 5 и 5 | −10,0 |" in text
    assert "| −10,0 | 0,008 | 100 % | B" in text
    assert "две выборки" not in page(registry(SLOW[:5], QUICK[:4]))
    assert "две выборки" not in page(registry(SLOW[:5], QUICK[:5], better="target"))


def test_the_difference_is_a_figure_of_the_page() -> None:
    data = registry(SLOW[:5], QUICK[:5])
    figures = {figure.id: figure for figure in views.control_charts(data, views.grades(data)).figures}
    assert figures["median_difference.m"].value == -10


@pytest.mark.parametrize(
    ("start", "warned"), [(32, True), (31.9, False), (40, True), (30, False), (None, False)]
)
def test_a_start_taken_at_its_worst_is_warned_of_wherever_the_effect_is_shown(
    start: float | None, warned: bool
) -> None:
    data = registry(SLOW[:6], QUICK[:6], start)
    graded = views.grades(data)
    for block in (views.control_charts(data, graded), views.measured(data, graded)):
        assert ("обычно тогда было 30,0 минуты" in plain(block.text)) is warned
    for block in (views.improvements(data, graded), views.passport_measures(data, graded)):
        assert ("«было» взято в худший момент" in block.text) is warned


def test_a_warning_stands_under_a_control_chart_too() -> None:
    assert "обычно тогда было 30,0 минуты" in page(registry(SLOW, QUICK, 33))


def test_measurements_before_come_first_whatever_their_order_in_the_table() -> None:
    data = registry(SLOW[:5], QUICK[:5])
    found = series.collected(data, views.grades(data))
    assert [one.points for one in found] == [[*SLOW[:5], *QUICK[:5]]]
    assert [one.changed for one in found] == [5]


def test_no_negative_limit_of_a_time_is_shown() -> None:
    data = registry([1, 30] * 7, [1, 30] * 4)
    figures = {figure.id: figure.value for figure in views.control_charts(data, views.grades(data)).figures}
    assert figures["chart_lower.m"] == 0
    assert figures["chart_upper.m"] > 30


def test_a_measure_with_a_control_chart_needs_no_second_table() -> None:
    assert "две выборки" not in page(registry(SLOW, QUICK))
    assert "две выборки" in page(registry(SLOW[:12], QUICK))
