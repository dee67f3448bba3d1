"""Control charts: published limits and signals, each rule at its threshold, and symmetries."""

import math

import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kuzbass_lean.evidence import xmr

quick = settings(max_examples=100, deadline=None, derandomize=True)
series = st.lists(st.integers(-50, 50), min_size=2, max_size=40)

PAINT = [33.75, 33.05, 34, 33.81, 33.46, 34.02, 33.68, 33.27, 33.49, 33.2, 33.62, 33, 33.54, 33.12, 33.84]
# Wheeler, Understanding Statistical Process Control, p. 215
LINE_THREE = [
    905, 930, 865, 895, 905, 885, 890, 930, 915, 910, 920, 915, 925, 860, 905, 925, 925, 905, 915, 930,
    890, 940, 860, 875, 985, 970, 940, 975, 1000, 1035, 1020, 985, 960, 945, 965, 940, 900, 920, 980, 950,
    955, 970, 970, 1035, 1040,
]  # fmt: skip
# R: set.seed(123); rnorm(20), the data of NHSRplotthedots' own tests
NHSR = [
    -0.56047565, -0.23017749, 1.55870831, 0.07050839, 0.12928774, 1.71506499, 0.46091621, -1.26506123,
    -0.68685285, -0.44566197, 1.22408180, 0.35981383, 0.40077145, 0.11068272, -0.55584113, 1.78691314,
    0.49785048, -1.96661716, 0.70135590, -0.47279141,
]  # fmt: skip
STEADY = [11, 9] * 7  # mean 10, every moving range 2: limits 4.68 and 15.32, near ones 6.4533 and 13.5467


def signals(later: list[float], **options) -> list[str]:
    """Judge the later values by the limits of a steady baseline that ends below its mean."""
    chart = xmr([*STEADY, *later], baseline=len(STEADY), **options)
    assert chart.points["signal"].iloc[: len(STEADY) - 1].eq("none").all()
    return chart.points["signal"].iloc[len(STEADY) :].tolist()


@pytest.mark.parametrize(
    ("values", "mean", "lower", "upper"),
    [
        # Montgomery, Introduction to Statistical Quality Control, 5th ed., example 5-5 (paint viscosity)
        (PAINT, 33.52, 32.24, 34.80),
        # NIST/SEMATECH e-Handbook 6.3.2.2 (flow rate); its factor is 3/1.128, hence the tolerance
        ([49.6, 47.6, 49.9, 51.3, 47.8, 51.2, 52.6, 52.4, 53.6, 52.1], 50.81, 45.8159, 55.8041),
        # Wheeler, Understanding Statistical Process Control, p. 49
        ([39, 41, 41, 41, 43, 44, 41, 42, 40, 41, 44, 40], 41.42, 36.82, 46.01),
        (LINE_THREE, 936.89, 862.84, 1010.93),
        # NHSRplotthedots 0.2.2, vignette "Deviations", with screening turned off
        ([1, 2, 1, 2, 10, 1, 2, 1, 2, 1, 2, 1, 2, 1, 2, 1, 2, 1], 1.94, -3.06, 6.95),
        # NHSRplotthedots 0.2.2, tests/testthat/_snaps/ptd_spc_standard.md
        (NHSR, 0.1416238, -3.01138, 3.294627),
    ],
)
def test_limits_agree_with_published_ones(values, mean, lower, upper) -> None:
    chart = xmr(values, screen=False)
    assert (chart.mean, chart.lower, chart.upper) == pytest.approx((mean, lower, upper), rel=5e-5, abs=0.006)


@pytest.mark.parametrize(
    ("screen", "mean", "lower", "upper"),
    [(True, 0.6694159, -2.383666, 3.722497), (False, 0.6694159, -4.596625, 5.935457)],
)
def test_an_outlying_moving_range_is_left_out_once(screen, mean, lower, upper) -> None:
    # NHSRplotthedots 0.2.2, tests/testthat/_snaps/ptd_spc_standard.md: the 15th value set to 10
    chart = xmr([*NHSR[:14], 10, *NHSR[15:]], screen=screen)
    assert (chart.mean, chart.lower, chart.upper) == pytest.approx((mean, lower, upper), abs=1e-5)
    assert chart.screen is screen


@pytest.mark.parametrize(("outlying", "average"), [(4.36, (9 + 4.36) / 10), (4.37, 1)])
def test_a_range_is_outlying_from_3267_averages_on(outlying, average) -> None:
    # nine ranges of 1 and one of r: r >= 3.267 * (9 + r) / 10 from r = 4.367 on
    chart = xmr([0, 1, 0, 1, 0, 1, 0, 1, 0, 1, 1 + outlying])
    assert chart.upper - chart.mean == pytest.approx(2.66 * average)


def test_screening_leaves_the_outlier_itself_on_the_chart() -> None:
    # NHSRplotthedots 0.2.2, vignette "Deviations": UPL 4.6, mean 1.94, LPL -0.72, fifth point an improvement
    chart = xmr([1, 2, 1, 2, 10, 1, 2, 1, 2, 1, 2, 1, 2, 1, 2, 1, 2, 1], better="higher")
    assert (chart.upper, chart.mean, chart.lower) == pytest.approx((4.60, 1.94, -0.72), abs=0.006)
    assert chart.points["signal"].tolist() == ["none"] * 4 + ["above_limit"] + ["none"] * 13
    assert chart.points["verdict"].iloc[4] == "improvement"


def test_signals_of_a_published_chart() -> None:
    # Wheeler, p. 215: points 14 and 23 below, 30, 31, 44 and 45 above the limits; 1 to 21 below the mean,
    # 25 to 36 and 39 to 45 above it
    expected = ["shift"] * 21 + ["none"] * 3 + ["shift"] * 12 + ["none"] * 2 + ["shift"] * 7
    for point in (14, 23):
        expected[point - 1] = "below_limit"
    for point in (30, 31, 44, 45):
        expected[point - 1] = "above_limit"
    assert xmr(LINE_THREE, screen=False).points["signal"].tolist() == expected


def test_each_phase_has_limits_of_its_own() -> None:
    # Wheeler, p. 56: three phases, moving ranges within each
    values = [4, 5, 5, 4, 8, 4, 3, 7, 0, 2, 1, 5, 3, 2, 0, 3, 6, 9, 9, 7, 8, 7, 9, 9]
    chart = xmr(values, rebase=[8, 16])
    assert [phase.start for phase in chart.phases] == [0, 8, 16]
    assert [phase.mean for phase in chart.phases] == [5, 2, 8]
    assert [phase.upper for phase in chart.phases] == pytest.approx([10.7, 7.7, 11.42], abs=0.005)
    assert chart.phases[2].lower == pytest.approx(4.58, abs=0.005)
    assert chart.points["phase"].tolist() == [0] * 8 + [1] * 8 + [2] * 8
    assert (chart.mean, chart.upper) == (chart.phases[2].mean, chart.phases[2].upper)


def test_rules_start_afresh_at_a_rebase() -> None:
    falling = [10, 9, 8, 7, 6, 5, 4.9]
    assert xmr([*falling, *STEADY]).points["signal"].iloc[:7].tolist() == ["trend"] * 7
    assert "trend" not in set(xmr([*falling, *STEADY], rebase=[3]).points["signal"])


def test_a_baseline_freezes_the_limits_for_all_points() -> None:
    chart = xmr([*STEADY, 3, 30], baseline=14)
    assert (chart.mean, chart.lower, chart.upper) == pytest.approx((10, 4.68, 15.32))
    assert chart.points["signal"].iloc[-2:].tolist() == ["below_limit", "above_limit"]
    assert chart.based_on == (14,)


def test_a_baseline_is_the_first_phase_s_alone() -> None:
    later = [3, 5] * 10
    chart = xmr([*STEADY, 10, *later], baseline=14, rebase=[15])
    assert chart.based_on == (14, 20)
    assert chart.phases[1].mean == 4
    assert xmr(STEADY[:10], baseline=14).based_on == (10,)


@pytest.mark.parametrize(
    ("value", "expected"),
    [(15.32, "none"), (15.33, "above_limit"), (15.31, "none"), (4.68, "none"), (4.67, "below_limit")],
)
def test_a_point_exactly_on_a_limit_is_inside(value, expected) -> None:
    assert signals([value]) == [expected]


def test_a_trend_takes_seven_points() -> None:
    # the fall begins with the last two points of the baseline, and all its points are marked
    six = xmr([*STEADY, 8.5, 8, 7.5, 7.4], baseline=14)
    assert set(six.points["signal"]) == {"none"}
    seven = xmr([*STEADY, 8.5, 8, 7.5, 7.4, 7.3], baseline=14)
    assert seven.points["signal"].tolist() == ["none"] * 12 + ["trend"] * 7


def test_a_tie_breaks_a_trend() -> None:
    # as NHSRplotthedots 0.2.2, test-ptd_calculate_point_type.R: 1 2 3 3 4 5 6 is none, 2 and 1 to 7 is one
    assert "trend" not in signals([7, 8, 9, 9, 10, 11, 12])
    assert signals([8, 7, 8, 9, 10, 11, 12, 13, 8]) == ["none"] + ["trend"] * 7 + ["none"]


def test_a_standstill_does_not_wipe_out_the_trend_before_it() -> None:
    assert signals([7, 8, 9, 10, 11, 12, *[13] * 7]) == ["trend"] * 7 + ["shift"] * 6


def test_at_a_turn_the_later_trend_counts() -> None:
    up_and_down = [7, 8, 9, 10, 11, 12, 13, 12, 11, 10, 9, 8, 7]
    chart = xmr([*STEADY, *up_and_down], baseline=14)
    assert chart.points["verdict"].iloc[14:].tolist() == ["concern"] * 6 + ["improvement"] * 7


def test_a_shift_takes_seven_points_on_one_side() -> None:
    above = [12, 11, 12, 11, 12, 11, 12]
    assert signals(above[:6]) == ["none"] * 6
    assert signals(above) == ["shift"] * 7
    # NHSRplotthedots 0.2.2, test-ptd_calculate_point_type.R: eight on a side, then the other
    assert signals([*above, 11, 9]) == ["shift"] * 8 + ["none"]


def test_a_point_on_the_mean_breaks_a_shift() -> None:
    assert signals([12, 11, 12, 10, 12, 11, 12]) == ["none"] * 7


def test_two_of_three_marks_only_the_points_near_a_limit() -> None:
    assert signals([14, 11, 14]) == ["two_of_three", "none", "two_of_three"]
    assert signals([14, 14, 11]) == ["two_of_three", "two_of_three", "none"]
    # the near limit is 13.5467
    assert signals([13.54, 11, 14]) == ["none"] * 3
    assert signals([13.55, 11, 14]) == ["two_of_three", "none", "two_of_three"]


def test_two_of_three_wants_all_three_on_one_side() -> None:
    # NHSRplotthedots 0.2.2, test-ptd_spc_standard.R: two near points on opposite sides are no signal
    assert signals([14, 9, 14]) == ["none"] * 3
    assert signals([14, 10, 14]) == ["none"] * 3
    assert signals([14, 6, 11]) == ["none"] * 3


def test_a_point_beyond_a_limit_is_not_near_it() -> None:
    assert signals([16, 11, 14]) == ["above_limit", "none", "none"]
    assert signals([14, 16, 14]) == ["two_of_three", "above_limit", "two_of_three"]


def test_of_several_signals_the_first_in_order_is_given() -> None:
    # rising through the near limit and beyond, all above the mean from the start
    assert signals([11, 12, 13, 13.9, 14, 15, 16, 14.5, 11]) == ["trend"] * 6 + [
        "above_limit",
        "two_of_three",
        "shift",
    ]


@pytest.mark.parametrize(
    ("better", "verdicts"),
    [("lower", ["concern", "improvement", "common"]), ("higher", ["improvement", "concern", "common"])],
)
def test_the_direction_of_improvement_gives_the_verdict(better, verdicts) -> None:
    chart = xmr([*STEADY, 16, 4, 11], baseline=14, better=better)
    assert chart.points["verdict"].iloc[-3:].tolist() == verdicts
    assert chart.variation == "common"
    assert xmr([*STEADY, 16, 4], baseline=14, better=better).variation == verdicts[1]


@pytest.mark.parametrize(
    ("target", "later", "verdict"),
    [(20, 16, "improvement"), (20, 4, "concern"), (12, 16, "concern"), (14, 16, "improvement")],
)
def test_where_a_target_is_best_nearer_is_better(target, later, verdict) -> None:
    chart = xmr([*STEADY, later], baseline=14, better="target", target=target)
    assert chart.variation == verdict


def test_without_a_target_the_mean_is_the_aim() -> None:
    chart = xmr([*STEADY, 16, 11, 4], baseline=14, better="target")
    assert chart.points["verdict"].iloc[-3:].tolist() == ["concern", "common", "concern"]


def test_a_trend_towards_the_target_improves() -> None:
    rising = [7, 8, 9, 10, 11, 12, 13]
    for target, verdicts in (
        (13, ["improvement"] * 7),
        (10, ["improvement"] * 4 + ["concern"] * 3),
        (6, ["concern"] * 7),
    ):
        chart = xmr([*STEADY, *rising], baseline=14, better="target", target=target)
        assert chart.points["verdict"].iloc[-7:].tolist() == verdicts


@pytest.mark.parametrize(
    ("target", "lower", "higher"),
    [
        (15.33, "consistent_pass", "consistent_fail"),
        (15.32, "inconsistent", "inconsistent"),
        (10, "inconsistent", "inconsistent"),
        (4.68, "inconsistent", "inconsistent"),
        (4.67, "consistent_fail", "consistent_pass"),
    ],
)
def test_the_limits_decide_on_the_target(target, lower, higher) -> None:
    # as NHSRplotthedots 0.2.2, test-ptd_calculate_assurance_type.R
    assert xmr(STEADY, target=target, better="lower").assurance == lower
    assert xmr(STEADY, target=target, better="higher").assurance == higher


def test_assurance_where_a_target_is_best() -> None:
    assert xmr(STEADY, target=20, better="target").assurance == "consistent_fail"
    assert xmr(STEADY, target=12, better="target").assurance == "inconsistent"


def test_without_a_target_there_is_no_assurance() -> None:
    assert xmr(STEADY).assurance is None
    assert xmr(STEADY, target=math.nan).assurance is None


def test_the_last_phase_decides_on_the_target() -> None:
    assert xmr([*STEADY, 2, 3, 2, 3], target=10).assurance == "inconsistent"
    assert xmr([*STEADY, 2, 3, 2, 3], target=10, rebase=[14]).assurance == "consistent_pass"


def test_limits_of_fewer_than_thirteen_points_are_trial_limits() -> None:
    assert xmr(STEADY[:12]).trial
    assert not xmr(STEADY[:13]).trial
    assert xmr(STEADY, baseline=12).trial
    assert xmr([*STEADY, 5, 6], rebase=[14]).trial


@pytest.mark.parametrize("value", [0.0, 0.1, 1e9 + 0.1, -7])
def test_a_constant_series_signals_nothing(value) -> None:
    chart = xmr([value] * 20)
    assert (chart.mean, chart.lower, chart.upper) == pytest.approx((value, value, value))
    assert set(chart.points["signal"]) == {"none"}
    assert xmr([value] * 20, target=value).assurance == "inconsistent"


def test_after_a_constant_baseline_any_other_value_signals() -> None:
    assert xmr([5] * 13 + [4], baseline=13).points["signal"].iloc[-1] == "below_limit"


def test_screening_never_leaves_limits_of_no_width() -> None:
    # the only moving range that is not zero would be screened: mean of 6 ranges 4/6, limits ± 1.7733
    chart = xmr([5, 5, 5, 5, 5, 5, 9])
    assert chart.upper - chart.mean == pytest.approx(2.66 * 4 / 6)
    assert chart.points["signal"].tolist() == ["none"] * 6 + ["above_limit"]


def test_a_phase_of_one_point_has_no_limits() -> None:
    chart = xmr([*STEADY, 30], rebase=[14], target=3)
    assert math.isnan(chart.lower)
    assert (chart.variation, chart.assurance) == ("common", None)
    assert math.isnan(chart.shown()[-1].lower)


def test_a_negative_lower_limit_is_only_hidden() -> None:
    chart = xmr([1, 9] * 7, target=-1)
    assert chart.lower < -1
    assert chart.shown()[0] == chart.phases[0]._replace(lower=0)
    assert chart.shown(None) == chart.phases
    assert xmr([-1, 9] * 7).shown() == xmr([-1, 9] * 7).phases  # what goes below zero is not a time
    assert chart.assurance == "inconsistent"


def test_the_later_points_are_judged_on_their_own() -> None:
    # six low points before the change and one after are a shift, but no sign of what came after
    chart = xmr([*STEADY[:8], 9, 8, 9, 8, 9, 8, 9, 11, 9], baseline=14)
    assert chart.points["signal"].iloc[14] == "shift"
    assert chart.later["signal"].tolist() == ["none"] * 3
    assert chart.later["value"].tolist() == [9, 11, 9]
    assert xmr(STEADY).later.empty


@pytest.mark.parametrize(
    ("values", "options", "message"),
    [
        ([], {}, "at least one value"),
        ([1, None, 3, float("inf")], {}, "values: no number at position 1, 3"),
        ([1, 2], {"better": "up"}, "better is 'up'"),
        ([1, 2], {"baseline": 1}, "baseline is 1"),
        ([1, 2, 3], {"rebase": [0]}, "between 1 and 2"),
        ([1, 2, 3], {"rebase": [3]}, "between 1 and 2"),
        ([1, 2, 3, 4], {"rebase": [2, 1]}, "must rise"),
    ],
)
def test_a_wrong_call_says_what_is_wrong(values, options, message) -> None:
    with pytest.raises(ValueError, match=message):
        xmr(values, **options)


@quick
@given(series, st.integers(2, 30))
def test_no_observation_is_lost_or_changed(values, baseline) -> None:
    given_series = pd.Series(values, index=range(5, 5 + len(values)), dtype="float64")
    before = given_series.copy()
    chart = xmr(given_series, baseline=baseline)
    assert chart.points["value"].tolist() == values
    pd.testing.assert_series_equal(given_series, before)


@quick
@given(series)
def test_the_limits_hold_the_mean_and_the_verdict_follows_the_signal(values) -> None:
    chart = xmr(values)
    assert chart.lower <= chart.mean <= chart.upper
    assert (chart.points["signal"].eq("none") == chart.points["verdict"].eq("common")).all()


@quick
@given(series, st.integers(2, 30))
def test_turning_the_values_over_mirrors_the_chart(values, baseline) -> None:
    chart = xmr(values, baseline=baseline)
    turned = xmr([-value for value in values], baseline=baseline, better="higher")
    assert turned.points["verdict"].tolist() == chart.points["verdict"].tolist()
    swap = {"above_limit": "below_limit", "below_limit": "above_limit"}
    assert turned.points["signal"].replace(swap).tolist() == chart.points["signal"].tolist()
    assert (turned.lower, turned.upper) == pytest.approx((-chart.upper, -chart.lower))


@quick
@given(series)
def test_the_other_direction_swaps_improvement_and_concern(values) -> None:
    lower, higher = (xmr(values, better=better).points["verdict"] for better in ("lower", "higher"))
    swap = {"improvement": "concern", "concern": "improvement"}
    assert lower.replace(swap).tolist() == higher.tolist()


@quick
@given(series, st.integers(-1000, 1000), st.sampled_from([0.25, 3, 60]))
def test_another_unit_or_zero_point_changes_no_signal(values, shift, scale) -> None:
    chart = xmr(values)
    moved = xmr([value * scale + shift for value in values])
    assert moved.points["signal"].tolist() == chart.points["signal"].tolist()
    assert moved.mean == pytest.approx(chart.mean * scale + shift)
    assert moved.upper - moved.lower == pytest.approx((chart.upper - chart.lower) * scale)
