"""The pace and the date it leads to, against published intervals and by hand."""

from datetime import date, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kuzbass_lean.evidence import FEWEST_EVENTS, forecast, poisson_interval, waiting_interval

DAY = date(2019, 9, 30)
quick = settings(max_examples=60, deadline=None, derandomize=True)


def every(days: int, count: int, last: date = DAY) -> list[date]:
    return [last - timedelta(days=days * number) for number in range(count)]


@pytest.mark.parametrize(
    ("events", "low", "high"),
    [
        # Pearson, Hartley, Biometrika Tables for Statisticians I, table 40 (Garwood 1936), 95 %
        (0, 0.0, 3.69),
        (1, 0.0253, 5.57),
        (5, 1.62, 11.67),
        (10, 4.80, 18.39),
        (20, 12.22, 30.89),
    ],
)
def test_intervals_of_a_count_agree_with_the_published_table(events, low, high) -> None:
    assert poisson_interval(events) == pytest.approx((low, high), abs=0.006)


@pytest.mark.parametrize(
    ("events", "needed", "low", "high"),
    [
        # upper 2.5 % points of F, Pearson, Hartley, table 18: F(10, 10) = 3.72, F(12, 10) = 3.62
        (5, 5, 5 / 6 / 3.62, 3.72),
        # F(2, 20) = 4.46; the lower 2.5 % point of F(2, 22) is 1 / F(22, 2) = 1 / 39.45
        (10, 1, 1 / 11 / 39.45, 4.46 / 10),
        # F(20, 20) = 2.46, F(22, 20) = 2.43
        (10, 10, 10 / 11 / 2.43, 2.46),
    ],
)
def test_waiting_times_agree_with_published_points_of_f(events, needed, low, high) -> None:
    assert waiting_interval(events, needed) == pytest.approx((low, high), rel=0.003)


def test_the_pace_leads_to_a_date_by_hand() -> None:
    found = forecast(every(36, 10), 15, DAY, window=365)
    # ten in 365 days: five more take 182.5 days, so the 183rd day
    assert (found.events, found.reached, found.needed) == (10, 10, 5)
    assert found.day == DAY + timedelta(days=183)
    assert found.pace == pytest.approx(10 / 12, abs=0.001)
    assert found.since == date(2018, 10, 1)
    assert found.pace_interval == pytest.approx((4.7954 / 12, 18.3904 / 12), rel=0.001)
    assert found.assumptions == ("constant_pace", "independent_events", "recorded_in_time")


def test_a_reached_target_is_reached_on_the_report_date() -> None:
    found = forecast(every(30, 6), 6, DAY)
    assert (found.needed, found.day, found.earliest, found.latest) == (0, DAY, DAY, DAY)


@pytest.mark.parametrize(("count", "made"), [(0, False), (FEWEST_EVENTS - 1, False), (FEWEST_EVENTS, True)])
def test_too_few_events_give_no_forecast(count, made) -> None:
    assert (forecast(every(10, count), 50, DAY) is not None) is made


def test_only_events_of_the_window_make_the_pace_but_all_count_as_reached() -> None:
    found = forecast([*every(10, 6), DAY - timedelta(days=365), DAY - timedelta(days=364)], 20, DAY)
    assert (found.events, found.reached) == (7, 8)


def test_later_events_have_not_happened_and_undated_ones_have_no_pace() -> None:
    found = forecast([*every(10, 6), DAY + timedelta(days=1), None], 20, DAY)
    assert (found.events, found.reached, found.assumptions[-1]) == (6, 7, "undated_events")


def test_records_that_begin_within_the_window_shorten_it() -> None:
    found = forecast(every(5, 10), 20, DAY, recorded_since=date(2019, 8, 2))
    # sixty days with ten events: ten more take sixty days
    assert (found.day, found.assumptions[-1]) == (DAY + timedelta(days=60), "short_window")
    with pytest.raises(ValueError, match="the window ends on"):
        forecast(every(5, 10), 20, DAY, recorded_since=DAY + timedelta(days=1))


def test_a_day_beyond_the_calendar_is_open() -> None:
    found = forecast(every(70, 5), 60_000, DAY)
    assert (found.day, found.latest) == (None, None)


@quick
@given(st.integers(5, 40), st.integers(0, 60), st.integers(1, 20))
def test_no_day_is_before_the_report_and_the_interval_holds_the_day(count, more, gap) -> None:
    found = forecast(every(gap, count), count + more, DAY, window=800)
    assert DAY <= found.earliest <= found.day <= found.latest
    further = forecast(every(gap, count), count + more + 1, DAY, window=800)
    assert further.day >= found.day
    assert further.latest >= found.latest


@quick
@given(st.integers(5, 200))
def test_the_interval_of_the_pace_holds_it(events) -> None:
    low, high = poisson_interval(events)
    assert low < events < high
    assert poisson_interval(events, 0.99).low < low


def test_a_negative_count_is_refused() -> None:
    with pytest.raises(ValueError, match="not negative"):
        poisson_interval(-1)


@pytest.mark.parametrize(("pace", "needed"), [(8, 3), (20, 10), (40, 25)])
def test_simulated_waits_fall_into_the_interval_at_least_as_often_as_promised(pace, needed) -> None:
    import numpy as np

    rng = np.random.default_rng(1)
    seen = rng.poisson(pace, 4000)
    seen = seen[seen > 0]
    waits = rng.gamma(needed, 1 / pace, seen.size)
    bounds = {int(count): waiting_interval(int(count), needed) for count in np.unique(seen)}
    held = [bounds[count].low <= wait <= bounds[count].high for count, wait in zip(seen, waits, strict=True)]
    assert np.mean(held) > 0.945
