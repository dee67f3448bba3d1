"""Run charts by Anhøj's rules."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kuzbass_lean.evidence import run_chart

series = st.lists(st.integers(-20, 20), min_size=1, max_size=40)


def alternating(n: int) -> list[int]:
    return [1 if place % 2 else -1 for place in range(n)]


@pytest.mark.parametrize(
    ("useful", "longest", "crossings"),
    [
        # longest run: round(log2 n + 3), table at unaettie.com/en-us/faq.php; crossings: the 5 % quantile of
        # b(n - 1, 1/2), vignette of qicharts2 ("24 ... fewer than 8", "more than 8") and Wentzel-Larsen on
        # sciencetrends.com ("13 data points ... less than three crossings")
        (10, 6, 2),
        (11, 6, 2),
        (12, 7, 3),
        (13, 7, 3),
        (20, 7, 6),
        (22, 7, 7),
        (23, 8, 7),
        (24, 8, 8),
        (45, 8, 17),
        (46, 9, 17),
        (90, 9, 37),
        (91, 10, 37),
        (100, 10, 41),
    ],
)
def test_limits_agree_with_the_published_table(useful, longest, crossings) -> None:
    chart = run_chart(alternating(useful), centre=0)
    assert (chart.useful, chart.longest_run_limit, chart.crossings_limit) == (useful, longest, crossings)


def test_runs_and_crossings_of_a_published_sequence() -> None:
    # Wentzel-Larsen on sciencetrends.com: 13 points, crossings after the 3rd, 6th, 7th, 9th and 10th
    chart = run_chart([1, 1, 1, -1, -1, -1, 1, -1, -1, 1, -1, -1, -1], centre=0)
    assert (chart.longest_run, chart.crossings, chart.signal) == (3, 5, False)


def test_a_point_on_the_centre_neither_counts_nor_breaks_a_run() -> None:
    # vignette of qicharts2, "The Anhøj rules"
    chart = run_chart([1, 1, 0, 1, -1, 0, -1], centre=0)
    assert (chart.useful, chart.longest_run, chart.crossings) == (5, 3, 1)


def test_the_median_is_the_centre_unless_one_is_given() -> None:
    assert run_chart([3, 1, 2]).centre == 2
    assert run_chart([3, 1, 2], centre=0).useful == 3


def test_a_run_longer_than_its_limit_signals() -> None:
    # 24 points: eight in a row are still chance, nine are not
    rest = alternating(16)
    assert run_chart([1] * 8 + rest, centre=0).signal is False
    assert run_chart([1] * 9 + rest[:15], centre=0).signal is True


def test_fewer_crossings_than_their_limit_signal() -> None:
    # 20 points, at least six crossings: runs of three leave six, runs of four only four
    threes = [1, 1, 1, -1, -1, -1] * 3 + [1, 1]
    fours = [1, 1, 1, 1, -1, -1, -1, -1] * 2 + [1, 1, 1, 1]
    assert (run_chart(threes, centre=0).crossings, run_chart(threes, centre=0).signal) == (6, False)
    assert (run_chart(fours, centre=0).crossings, run_chart(fours, centre=0).signal) == (4, True)


def test_a_constant_series_signals_nothing() -> None:
    chart = run_chart([5] * 20)
    assert (chart.useful, chart.longest_run, chart.crossings, chart.signal) == (0, 0, 0, False)


@pytest.mark.parametrize("values", [[], [1, None]])
def test_missing_values_are_refused(values) -> None:
    with pytest.raises(ValueError, match="value"):
        run_chart(values)


@settings(max_examples=100, deadline=None, derandomize=True)
@given(series, st.integers(-5, 5))
def test_turning_the_series_over_or_round_changes_nothing(values, shift) -> None:
    chart = run_chart(values)
    counts = (chart.useful, chart.longest_run, chart.crossings, chart.signal)
    for other in ([-value for value in values], values[::-1], [value + shift for value in values]):
        turned = run_chart(other)
        assert (turned.useful, turned.longest_run, turned.crossings, turned.signal) == counts
    assert chart.longest_run + chart.crossings <= max(chart.useful, 0)
