"""Time to close: Kaplan-Meier and log-rank against published examples."""

from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kuzbass_lean.evidence import log_rank, time_to_close

# Freireich et al. 1963, Blood 21:699 (weeks in remission), as in Kleinbaum, Klein, Survival Analysis, ch. 2
TREATED = [6, 6, 6, 6, 7, 9, 10, 10, 11, 13, 16, 17, 19, 20, 22, 23, 25, 32, 32, 34, 35]
TREATED_ENDED = [1, 1, 1, 0, 1, 0, 1, 0, 0, 1, 1, 0, 0, 0, 1, 1, 0, 0, 0, 0, 0]
PLACEBO = [1, 1, 2, 2, 3, 4, 4, 5, 5, 8, 8, 8, 8, 11, 11, 12, 12, 15, 17, 22, 23]
PLACEBO_ENDED = [1] * 21
# data set aml of R's survival package (Miller 1981)
MAINTAINED, MAINTAINED_ENDED = [9, 13, 13, 18, 23, 28, 31, 34, 45, 48, 161], [1, 1, 0, 1, 1, 0, 1, 1, 0, 1, 0]
OTHERS, OTHERS_ENDED = [5, 5, 8, 8, 12, 16, 23, 27, 30, 33, 43, 45], [1, 1, 1, 1, 1, 0, 1, 1, 1, 1, 1, 1]
# Bland, Altman 2004, BMJ 328:1073 (gliomas), as in the documentation of scipy.stats.logrank
ASTRO = [6, 13, 21, 30, 37, 38, 49, 50, 63, 79, 86, 98, 202, 219, 31, 47, 80, 82, 82, 149]
ASTRO_ENDED = [1] * 14 + [0] * 6
GLIO = [
    10,
    10,
    12,
    13,
    14,
    15,
    16,
    17,
    18,
    20,
    24,
    24,
    25,
    28,
    30,
    33,
    35,
    37,
    40,
    40,
    46,
    48,
    76,
    81,
    82,
    91,
]
GLIO = [*GLIO, 112, 181, 34, 40, 70]
GLIO_ENDED = [1] * 28 + [0] * 3

quick = settings(max_examples=100, deadline=None, derandomize=True)
projects = st.lists(st.tuples(st.integers(0, 60), st.booleans()), min_size=1, max_size=30)


@pytest.mark.parametrize(
    ("days", "ended", "at", "shares", "errors"),
    [
        (
            TREATED,
            TREATED_ENDED,
            [6, 7, 10, 13, 16, 22, 23],
            [0.8571, 0.8067, 0.7529, 0.6902, 0.6275, 0.5378, 0.4482],
            [0.0764, 0.0869, 0.0963, 0.1068, 0.1141, 0.1282, 0.1346],
        ),
        # Kleinbaum, Klein, table of the placebo group: 19/21, 17/21, 16/21, 14/21, 12/21, 8/21 ...
        (
            PLACEBO,
            PLACEBO_ENDED,
            [1, 2, 3, 4, 5, 8, 11, 12, 15, 17, 22, 23],
            [0.90, 0.81, 0.76, 0.67, 0.57, 0.38, 0.29, 0.19, 0.14, 0.10, 0.05, 0],
            None,
        ),
        # R, summary(survfit(Surv(time, status) ~ x, data = aml))
        (
            MAINTAINED,
            MAINTAINED_ENDED,
            [9, 13, 18, 23, 31, 34, 48],
            [0.909, 0.818, 0.716, 0.614, 0.491, 0.368, 0.184],
            [0.0867, 0.1163, 0.1397, 0.1526, 0.1642, 0.1627, 0.1535],
        ),
    ],
)
def test_shares_still_open_agree_with_published_ones(days, ended, at, shares, errors) -> None:
    survival = time_to_close(days, ended).survival
    assert survival["day"].tolist() == at
    assert survival["share"].tolist() == pytest.approx(shares, abs=0.005 if errors is None else 0.0006)
    if errors is not None:
        assert survival["se"].tolist() == pytest.approx(errors, abs=5e-5)


@pytest.mark.parametrize(
    ("days", "ended", "median", "low", "high"),
    [
        (TREATED, TREATED_ENDED, 23, 16, None),
        (PLACEBO, PLACEBO_ENDED, 8, 4, 12),
        # R, print(survfit(Surv(time, status) ~ x, data = aml)): 31 (18, NA) and 23 (8, NA)
        (MAINTAINED, MAINTAINED_ENDED, 31, 18, None),
        (OTHERS, OTHERS_ENDED, 23, 8, None),
    ],
)
def test_medians_and_their_intervals_agree_with_published_ones(days, ended, median, low, high) -> None:
    found = time_to_close(days, ended)
    assert (found.median, found.low, found.high) == (median, low, high)


@pytest.mark.parametrize(
    ("groups", "chi2", "p_value"),
    [
        ((TREATED, TREATED_ENDED, PLACEBO, PLACEBO_ENDED), 16.793, 0.0000417),  # Kleinbaum, Klein, ch. 2
        ((MAINTAINED, MAINTAINED_ENDED, OTHERS, OTHERS_ENDED), 3.396, 0.0653),  # R, survdiff: 3.4, p = 0.0653
        ((ASTRO, ASTRO_ENDED, GLIO, GLIO_ENDED), 7.4966, 0.00618),  # scipy: -2.73799 squared
    ],
)
def test_log_rank_agrees_with_published_tests(groups, chi2, p_value) -> None:
    found = log_rank(*groups)
    assert found.chi2 == pytest.approx(chi2, abs=0.0006)
    assert found.p_value == pytest.approx(p_value, rel=0.001)
    assert log_rank(*groups[2:], *groups[:2]).chi2 == pytest.approx(found.chi2)


def test_half_reached_exactly_counts_as_reached() -> None:
    # three of six closed by day 30: 5/6 * 4/5 * 3/4, in binary a little over a half or under it
    found = time_to_close([10, 20, 30, 40, 40, 40], [1, 1, 1, 0, 0, 0])
    assert found.median == 30
    assert time_to_close([10, 20, 40, 40, 40], [1, 1, 0, 0, 0]).median is None


def test_open_projects_make_the_time_longer_than_the_closed_ones_alone() -> None:
    assert time_to_close([10, 20, 30], [True, True, True]).median == 20
    assert time_to_close([10, 20, 30, 50, 50], [True, True, True, False, False]).median == 30


def test_a_project_open_to_the_day_another_closes_was_still_at_risk() -> None:
    # on day 10 both count: 1/2 stay open
    assert time_to_close([10, 10], [True, False]).survival["share"].tolist() == [0.5]


def test_with_nothing_closed_the_median_is_not_reached() -> None:
    for days in ([], [10, 20]):
        found = time_to_close(days, [False] * len(days))
        assert (found.median, found.low, found.high, found.closed, found.open) == (
            None,
            None,
            None,
            0,
            len(days),
        )
        assert found.survival.columns.tolist() == ["day", "share", "se", "at_risk", "closed"]
        assert found.survival.empty


@pytest.mark.parametrize(
    "groups",
    [([], [], [1], [1]), ([1, 2], [0, 0], [1, 2], [0, 0]), ([5], [1], [3], [0])],
)
def test_groups_that_cannot_be_compared_give_nothing(groups) -> None:
    assert log_rank(*groups) is None


@pytest.mark.parametrize(
    ("days", "closed", "message"),
    [
        ([1, None], [True, True], "days: no number at position 1"),
        ([1, -1], [True, True], "days: negative at position 1"),
        ([1, 2], [True], "days has 2 values, closed 1"),
        ([1, 2], [True, None], "closed: no number at position 1"),
    ],
)
def test_wrong_durations_are_refused(days, closed, message) -> None:
    with pytest.raises(ValueError, match=message):
        time_to_close(days, closed)


@quick
@given(projects)
def test_no_project_is_lost_and_the_curve_only_falls(rows) -> None:
    days, closed = zip(*rows, strict=True)
    found = time_to_close(days, closed)
    assert found.closed + found.open == len(rows)
    assert found.survival["closed"].sum() == sum(closed)
    shares = [1.0, *found.survival["share"]]
    assert all(0 <= later < earlier for earlier, later in pairwise(shares))
    if found.median is not None and found.low is not None:
        assert found.low <= found.median


@quick
@given(projects)
def test_without_open_projects_it_is_the_plain_share(rows) -> None:
    days = [day for day, _ in rows]
    survival = time_to_close(days, [True] * len(days)).survival
    plain = [sum(day > at for day in days) / len(days) for at in survival["day"]]
    assert survival["share"].tolist() == pytest.approx(plain, abs=1e-9)


@quick
@given(projects, st.sampled_from([7, 30]))
def test_counting_in_another_unit_scales_the_median(rows, scale) -> None:
    days, closed = zip(*rows, strict=True)
    found, scaled = time_to_close(days, closed), time_to_close([day * scale for day in days], closed)
    assert scaled.median == (None if found.median is None else found.median * scale)
