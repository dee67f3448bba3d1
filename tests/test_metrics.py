"""The metrics, by hand: at, just below and just above what matters."""

import datetime

import pandas as pd
import pytest

from kuzbass_lean import metrics
from kuzbass_lean.errors import DataError
from kuzbass_lean.metrics import Bounds, CountBounds, Ratio, Value, attainment, change

AS_OF = datetime.date(2019, 9, 30)
PROJECT = {
    "title": "Проект",
    "organization_id": "o1",
    "sector": "health",
    "direction": None,
    "status": "in_progress",
    "started": None,
    "due": None,
    "implemented": None,
    "closed": None,
    "replicates": None,
    "problems_found": None,
    "problems_solved": None,
}


def projects(*rows: dict) -> pd.DataFrame:
    filled = [{"project_id": f"p{n}", **PROJECT, **row} for n, row in enumerate(rows, start=1)]
    frame = pd.DataFrame(filled, columns=["project_id", *PROJECT])
    dates = dict.fromkeys(("started", "due", "implemented", "closed"), "datetime64[us]")
    texts = dict.fromkeys(
        ("project_id", "title", "organization_id", "sector", "direction", "status", "replicates"), "str"
    )
    return frame.astype({**texts, **dates, "problems_found": "Int64", "problems_solved": "Int64"})


def statuses(**counts: int) -> pd.DataFrame:
    return projects(*({"status": status} for status, n in counts.items() for _ in range(n)))


def measures(*rows: dict) -> pd.DataFrame:
    common = {
        "organization_id": None, "name": "Время", "unit": "minute", "family": "lead_time", "better": "lower",
        "statistic": "unknown", "service": None,
    }  # fmt: skip
    filled = [
        {"measure_id": f"m{n}", "project_id": "p1", **common, **row} for n, row in enumerate(rows, start=1)
    ]
    return pd.DataFrame(filled, columns=["measure_id", "project_id", *common]).astype("str")


def values(*rows: tuple) -> pd.DataFrame:
    """Rows of measure, phase, low, high, and optionally qualifier and factor."""
    filled = [(*row, *("exact", None)[len(row) - 4 :]) for row in rows]
    frame = pd.DataFrame(filled, columns=["measure_id", "phase", "low", "high", "qualifier", "factor"])
    texts = dict.fromkeys(("measure_id", "phase", "qualifier"), "str")
    numbers = dict.fromkeys(("low", "high", "factor"), "float64")
    return frame.assign(observations=pd.array([None] * len(frame), dtype="Int64")).astype(
        {**texts, **numbers}
    )


def rounded(bounds: Bounds | None) -> tuple[float, float] | None:
    return None if bounds is None else (round(bounds.low, 1), round(bounds.high, 1))


# --- ratios and intervals ---


@pytest.mark.parametrize(
    ("numerator", "denominator", "percent"),
    [(22, 72, 30.6), (31, 34, 91.2), (170, 186, 91.4), (0, 5, 0.0)],
)
def test_a_share_is_its_numerator_over_its_denominator(numerator, denominator, percent):
    ratio = Ratio(numerator, denominator)
    assert round(ratio.percent, 1) == percent
    assert ratio.share == pytest.approx(ratio.percent / 100)


@pytest.mark.parametrize(("numerator", "denominator"), [(5, 0), (5, None), (None, 5), (None, None), (0, 0)])
def test_a_share_without_both_counts_is_unknown_not_zero(numerator, denominator):
    assert Ratio(numerator, denominator).share is None
    assert Ratio(numerator, denominator).percent is None


def test_an_interval_is_exact_only_when_it_is_one_number():
    assert Bounds(5, 5).exact
    assert not Bounds(5, 6).exact
    assert not Bounds(None, None).exact


def test_an_interval_cannot_be_upside_down():
    with pytest.raises(ValueError, match="above"):
        Bounds(6, 5)


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (Value.of(28), Bounds(28, 28)),
        (Value.between(37, 40), Bounds(37, 40)),
        (Value.up_to(5), Bounds(0, 5)),
        (Value.up_to(-5), Bounds(None, -5)),
        (Value.at_least(3), Bounds(3, None)),
        (Value.times(2), None),
        (Value(28, None), Bounds(28, 28)),
        (Value(None, None), None),
    ],
)
def test_a_value_lies_where_its_qualifier_says(value, expected):
    assert value.bounds == expected


# --- improvement ---


@pytest.mark.parametrize(
    ("before", "after", "expected"),
    [(29, 8, 72.4), (28, 10, 64.3), (35, 6, 82.9), (30, 3, 90.0), (10, 12, -20.0)],
)
def test_a_fall_is_an_improvement_where_lower_is_better(before, after, expected):
    made = change(Value.of(before), Value.of(after), "lower")
    assert rounded(made.relative) == (expected, expected)
    assert made.absolute == Bounds(before - after, before - after)


def test_a_rise_is_an_improvement_where_higher_is_better():
    made = change(Value.of(20), Value.of(25), "higher")
    assert made.relative == Bounds(25, 25)
    assert made.factor == Bounds(1.25, 1.25)
    assert not made.eliminated


@pytest.mark.parametrize(("after", "reaches"), [(0.9, True), (0.9001, False), (0.8999, True)])
def test_a_quarter_less_is_a_quarter_less_to_the_last_digit(after, reaches):
    # in binary (1.2 - 0.9) / 1.2 is below 0.25
    assert (change(Value.of(1.2), Value.of(after), "lower").relative.low >= 25) is reaches


def test_a_range_is_never_collapsed_to_its_midpoint():
    made = change(Value.of(28), Value.between(37, 40), "higher", planned=True)
    assert rounded(made.relative) == (32.1, 42.9)
    assert made.absolute == Bounds(9, 12)
    assert made.planned


def test_two_ranges_give_their_corners():
    made = change(Value.between(20, 40), Value.between(10, 20), "lower")
    assert made.relative == Bounds(0, 75)
    assert made.absolute == Bounds(0, 30)
    assert made.factor == Bounds(1, 4)


def test_percentages_change_by_points_first():
    made = change(Value.of(65), Value.of(85), "higher", "percent")
    assert made.points == Bounds(20, 20)
    assert rounded(made.relative) == (30.8, 30.8)
    assert change(Value.of(65), Value.of(85), "higher", "minute").points is None


def test_a_zero_baseline_has_an_absolute_change_only():
    made = change(Value.of(0), Value.of(5), "lower")
    assert made.relative is None
    assert made.absolute == Bounds(-5, -5)
    assert made.known


def test_two_zeros_are_no_change():
    made = change(Value.of(0), Value.of(0), "lower")
    assert made.relative == Bounds(0, 0)
    assert not made.eliminated


def test_a_negative_baseline_has_no_percentage():
    assert change(Value.of(-10), Value.of(-20), "lower").relative is None


@pytest.mark.parametrize(
    ("factor", "better", "percent"), [(2, "lower", 50), (2, "higher", 100), (1.25, "lower", 20)]
)
def test_a_factor_alone_gives_the_percentage(factor, better, percent):
    made = change(None, Value.times(factor), better)
    assert made.relative == Bounds(percent, percent)
    assert made.factor == Bounds(factor, factor)
    assert made.absolute is None


def test_the_factor_of_two_numbers_is_before_over_after():
    assert round(change(Value.of(29), Value.of(8), "lower").factor.low, 3) == 3.625


def test_nothing_left_is_eliminated_and_has_no_factor():
    made = change(Value.of(5), Value.of(0), "lower")
    assert made.eliminated
    assert made.factor is None
    assert made.relative == Bounds(100, 100)


def test_nothing_left_of_something_good_is_not_eliminated():
    made = change(Value.of(5), Value.of(0), "higher")
    assert not made.eliminated
    assert made.relative == Bounds(-100, -100)


def test_an_upper_bound_cut_to_zero_saves_at_most_that_bound():
    made = change(Value.up_to(5), Value.of(0), "lower", "day/month")
    assert made.relative == Bounds(100, 100)
    assert made.absolute == Bounds(0, 5)
    assert made.one_sided
    assert made.eliminated


def test_an_upper_bound_before_makes_the_improvement_an_upper_bound():
    made = change(Value.up_to(5), Value.of(2), "lower")
    assert made.relative == Bounds(None, 60)
    assert made.absolute == Bounds(-2, 3)


def test_a_lower_bound_before_makes_the_improvement_a_lower_bound():
    made = change(Value.at_least(4), Value.of(1), "lower")
    assert made.relative == Bounds(75, 100)
    assert made.absolute == Bounds(3, None)


def test_a_lower_bound_after_leaves_the_improvement_open():
    assert change(Value.of(4), Value.at_least(5), "higher").relative == Bounds(25, None)
    assert change(Value.of(4), Value.at_least(5), "lower").relative == Bounds(None, -25)


@pytest.mark.parametrize(
    ("before", "after", "expected"), [(30, 26, 40), (24, 26, -50), (15, 24, 20), (30, 20, 100)]
)
def test_where_a_target_is_best_the_distance_to_it_counts(before, after, expected):
    made = change(Value.of(before), Value.of(after), "target", target=Value.of(20))
    assert made.relative == Bounds(expected, expected)


def test_inside_a_target_range_the_distance_is_zero():
    made = change(Value.of(30), Value.between(19, 22), "target", target=Value.between(18, 20))
    assert made.absolute == Bounds(8, 10)


def test_a_target_open_to_the_side_where_the_value_is_open_too_may_be_met():
    found = change(Value.of(10), Value.at_least(15), "target", target=Value.at_least(20))

    # before 10 short; after between 5 short and met: at least 5 better, at most 10
    assert rounded(found.absolute) == (5.0, 10.0)


def test_without_a_target_the_distance_to_it_is_unknown():
    assert not change(Value.of(30), Value.of(26), "target").known


@pytest.mark.parametrize(("before", "after"), [(None, Value.of(5)), (Value.of(5), None), (None, None)])
def test_a_missing_value_makes_the_change_unknown(before, after):
    made = change(before, after, "lower")
    assert not made.known
    assert made.relative is None
    assert made.absolute is None


# --- attainment ---


@pytest.mark.parametrize(
    ("after", "share", "attained"),
    [(15, 0.5, "none"), (10, 1.0, "full"), (8, 1.2, "full"), (10.1, 0.99, "none")],
)
def test_attainment_is_the_part_of_the_way_covered(after, share, attained):
    reached = attainment(Value.of(20), Value.of(10), Value.of(after), "lower")
    assert reached.share == Bounds(share, share)
    assert reached.attained == attained


@pytest.mark.parametrize(
    ("after", "attained"), [(36, "none"), (37, "minimum"), (39, "minimum"), (40, "full"), (41, "full")]
)
def test_a_target_range_is_reached_at_least_or_fully(after, attained):
    assert attainment(Value.of(28), Value.between(37, 40), Value.of(after), "higher").attained == attained


@pytest.mark.parametrize(("after", "attained"), [(9, "none"), (8, "minimum"), (5, "full")])
def test_where_lower_is_better_the_harder_end_is_the_low_one(after, attained):
    assert attainment(Value.of(20), Value.between(5, 8), Value.of(after), "lower").attained == attained


def test_a_result_that_is_a_range_counts_by_its_worse_end():
    reached = attainment(Value.of(28), Value.between(37, 40), Value.between(38, 45), "higher")
    assert reached.attained == "minimum"


@pytest.mark.parametrize(("after", "attained"), [(17, "none"), (18, "full"), (20, "full"), (21, "none")])
def test_where_a_target_is_best_it_is_reached_inside_its_range(after, attained):
    assert attainment(Value.of(30), Value.between(18, 20), Value.of(after), "target").attained == attained


@pytest.mark.parametrize("target", [20, 25])
def test_a_target_no_better_than_the_start_has_no_way_to_cover(target):
    assert attainment(Value.of(20), Value.of(target), Value.of(15), "lower").share is None


def test_a_result_equal_to_its_target_is_flagged():
    assert attainment(Value.of(29), Value.of(8), Value.of(8), "lower").equals_target
    assert not attainment(Value.of(29), Value.of(8), Value.of(8.1), "lower").equals_target


def test_attainment_without_a_result_is_unknown():
    reached = attainment(Value.of(29), Value.of(8), None, "lower")
    assert (reached.share, reached.attained, reached.equals_target) == (None, None, False)


# --- improvements of a registry ---


DECK_MEASURES = measures(
    {"name": "химия"},
    {"name": "зрение", "unit": "person/shift", "better": "higher"},
    {"name": "ожидание"},
    {"name": "потери ЭЦП", "unit": "day/month"},
    {"name": "без замеров"},
)
DECK_VALUES = values(
    ("m1", "before", 29, 29),
    ("m1", "target", 8, 8),
    ("m1", "after", 8, 8),
    ("m2", "before", 28, 28),
    ("m2", "target", 37, 40, "range"),
    ("m3", "after", None, None, "factor_only", 2),
    ("m4", "before", None, 5, "up_to"),
    ("m4", "after", 0, 0),
)


def test_every_measure_has_a_row_with_its_improvement():
    table = metrics.improvements(DECK_MEASURES, DECK_VALUES)
    assert table["measure_id"].tolist() == ["m1", "m2", "m3", "m4", "m5"]
    assert table["relative_low"].round(1).tolist()[:4] == [72.4, 32.1, 50.0, 100.0]
    assert table["relative_high"].round(1).tolist()[:4] == [72.4, 42.9, 50.0, 100.0]
    assert table["planned"].tolist() == [False, True, False, False, False]
    assert table["equals_target"].tolist() == [True, False, False, False, False]
    assert table["one_sided"].tolist() == [False, False, False, True, False]
    assert table["eliminated"].tolist() == [False, False, False, True, False]
    assert table["attained"].tolist()[0] == "full"
    assert table["factor"].round(3).tolist()[0] == 3.625


def test_a_measure_without_values_is_unknown():
    row = metrics.improvements(DECK_MEASURES, DECK_VALUES).iloc[4]
    assert (
        row[["before_low", "after_high", "relative_low", "absolute_high", "attained", "before_qualifier"]]
        .isna()
        .all()
    )


def test_what_was_stated_stays_as_it_was_stated():
    table = metrics.improvements(DECK_MEASURES, DECK_VALUES)
    assert pd.isna(table.loc[3, "before_low"])
    assert table.loc[3, "before_high"] == 5
    assert table.loc[3, "before_qualifier"] == "up_to"
    assert table.loc[1, ["target_low", "target_high"]].tolist() == [37, 40]


def test_improvements_take_what_they_need_from_the_projects():
    owned = measures({}, {"organization_id": "o9"}, {"project_id": "p2"})
    table = metrics.improvements(owned, values(), projects({"organization_id": "o1", "sector": "mfc"}))
    assert table["organization_id"].tolist()[:2] == ["o1", "o9"]
    assert table["sector"].tolist()[:2] == ["mfc", "mfc"]
    assert table.loc[2, ["organization_id", "sector", "status"]].isna().all()
    assert metrics.improvements(owned, values(), projects())["sector"].isna().all()


def test_improvements_of_nothing_have_the_same_columns_and_types():
    none = metrics.improvements(measures(), values())
    some = metrics.improvements(DECK_MEASURES, DECK_VALUES)
    assert none.empty
    assert none.dtypes.to_dict() == some.dtypes.to_dict()


def test_improvements_keep_the_lines_of_the_file():
    moved = DECK_MEASURES.set_axis([7, 3, 9, 4, 5])
    assert metrics.improvements(moved, DECK_VALUES).index.tolist() == [7, 3, 9, 4, 5]


def test_the_lead_time_cut_of_a_unit_is_unknown_without_before_or_after():
    table = measures(
        {"organization_id": "czn1", "service": "first"},
        {"organization_id": "czn2", "service": "first"},
        {"organization_id": "czn3", "service": "first"},
        {"organization_id": "czn1", "service": "repeat"},
        {"organization_id": "czn1", "service": "first", "family": "waiting"},
    )
    stated = values(
        ("m1", "before", 40, 40), ("m1", "after", 30, 30),
        ("m2", "before", 40, 40), ("m2", "target", 30, 30),
        ("m3", "after", 30, 30),
        ("m4", "before", 10, 10), ("m4", "after", 9, 9),
        ("m5", "before", 10, 10), ("m5", "after", 1, 1),
    )  # fmt: skip
    cuts = metrics.lead_time_cut(table, stated, "first").set_index("organization_id")
    assert cuts.index.tolist() == ["czn1", "czn2", "czn3"]
    assert cuts.loc["czn1"].tolist() == [1, 0, 25, 25]
    assert cuts["unknown"].tolist() == [0, 1, 1]
    assert cuts.loc[["czn2", "czn3"], ["low", "high"]].isna().all(axis=None)
    assert metrics.lead_time_cut(table, stated, "repeat")["low"].tolist() == [10]


def test_several_lead_times_of_a_unit_span_their_cuts():
    table = measures(*({"organization_id": "czn1", "service": "first"} for _ in range(3)))
    stated = values(
        ("m1", "before", 40, 40), ("m1", "after", 20, 20),
        ("m2", "before", None, 40, "up_to"), ("m2", "after", 30, 30),
    )  # fmt: skip
    cut = metrics.lead_time_cut(table, stated, "first").iloc[0]
    assert (cut["measures"], cut["unknown"], cut["high"]) == (3, 1, 50)
    assert pd.isna(cut["low"])


# --- portfolio ---


def test_the_portfolio_counts_every_status_and_keeps_the_cancelled_apart():
    counted = metrics.portfolio(
        statuses(planned=1, in_progress=2, implemented=3, closed=4, cancelled=5, unknown=6), AS_OF
    )
    assert (counted.total, counted.realised, counted.open, counted.cancelled) == (16, 7, 3, 5)
    assert list(counted.statuses.values()) == [1, 2, 3, 4, 5, 6]


def test_a_project_is_overdue_from_the_day_after_its_due_date():
    dated = projects(
        {"due": "2019-09-29"},
        {"due": "2019-09-30"},
        {"due": "2019-10-01"},
        {"due": None},
        {"due": "2019-01-01", "status": "closed"},
        {"due": "2019-06-01", "status": "planned"},
    )
    counted = metrics.portfolio(dated, AS_OF)
    assert (counted.overdue, counted.without_due) == (2, 1)
    late = metrics.overdue(dated, AS_OF)
    assert late["project_id"].tolist() == ["p6", "p1"]
    assert late["days"].tolist() == [121, 1]


def test_an_empty_portfolio_counts_zero_projects():
    counted = metrics.portfolio(projects(), AS_OF)
    assert (counted.total, counted.overdue, counted.without_due) == (0, 0, 0)
    assert metrics.overdue(projects(), AS_OF).empty


def test_a_cross_table_has_every_status_and_the_unnamed_last():
    table = metrics.by(
        projects({"direction": "kumi"}, {"direction": "kumi", "status": "closed"}, {"direction": None}),
        "direction",
    )
    assert table.columns.tolist() == [
        "planned",
        "in_progress",
        "implemented",
        "closed",
        "cancelled",
        "unknown",
    ]
    assert table.loc["kumi"].tolist() == [0, 1, 0, 1, 0, 0]
    assert pd.isna(table.index[-1])
    assert table.iloc[-1].sum() == 1


def test_ageing_puts_each_open_project_into_one_band():
    started = ["2019-09-30", "2019-07-02", "2019-07-01", "2018-09-30", "2018-09-29", None, "2019-10-01"]
    table = metrics.ageing(projects(*({"started": day} for day in started), {"status": "closed"}), AS_OF)
    # 0 and 90 days; 91 days; none in 181..365 but 365 itself; 366; no usable start
    assert table["projects"].tolist() == [2, 1, 1, 1, 2]
    assert table["from_day"].tolist()[:4] == [0, 91, 181, 366]


def test_an_earlier_date_sees_earlier_statuses_and_no_later_dates():
    now = projects(
        {"status": "closed", "started": "2018-06-01", "implemented": "2019-05-01", "closed": "2019-08-01"},
        {"status": "closed", "started": "2018-06-01", "implemented": "2019-07-01", "closed": "2019-08-01"},
        {"status": "closed", "started": "2018-06-01", "closed": "2019-08-01"},
        {"status": "closed", "started": "2018-06-01", "closed": "2019-06-30"},
        {"status": "implemented", "started": "2018-06-01"},
        {"status": "in_progress", "started": "2019-07-01"},
        {"status": "planned", "started": "2019-12-01"},
        {"status": "unknown"},
        {"status": "cancelled", "started": "2018-06-01", "implemented": "2019-08-01"},
    )
    then = metrics.as_at(now, datetime.date(2019, 6, 30)).set_index("project_id")
    assert then["status"].to_dict() == {
        "p1": "implemented",
        "p2": "in_progress",
        "p3": "in_progress",
        "p4": "closed",
        "p5": "implemented",
        "p7": "planned",
        "p8": "unknown",
        "p9": "cancelled",
    }
    assert then["closed"].notna().tolist() == [False, False, False, True, False, False, False, False]
    assert then["implemented"].notna().sum() == 1


def test_the_present_date_changes_nothing():
    now = projects(
        {"status": "closed", "started": "2018-06-01", "closed": "2019-09-30"}, {"started": "2019-09-30"}
    )
    pd.testing.assert_frame_equal(metrics.as_at(now, AS_OF), now)


def test_open_projects_are_censored_at_the_report_date():
    table = metrics.durations(
        projects(
            {"status": "closed", "started": "2019-09-01", "closed": "2019-09-11"},
            {"status": "in_progress", "started": "2019-09-20"},
            {"status": "closed", "started": "2019-09-01", "closed": "2019-10-11"},
            {"status": "cancelled", "started": "2019-09-01"},
            {"status": "closed", "started": "2019-09-01"},
            {"status": "in_progress"},
            {"status": "planned", "started": "2019-10-01"},
        ),
        AS_OF,
    )
    assert table["project_id"].tolist() == ["p1", "p2", "p3"]
    assert table["days"].tolist() == [10, 10, 29]
    assert table["closed"].tolist() == [True, False, False]


def test_replication_counts_adopters_and_days_since_the_pilot_closed():
    table = metrics.replication(
        projects(
            {"status": "closed", "implemented": "2019-01-01", "closed": "2019-02-01"},
            {
                "status": "implemented",
                "replicates": "p1",
                "organization_id": "o2",
                "implemented": "2019-02-11",
            },
            {"status": "closed", "replicates": "p1", "organization_id": "o3", "closed": "2019-03-03"},
            {"status": "in_progress", "replicates": "p1", "organization_id": "o3"},
            {"status": "cancelled", "replicates": "p1", "organization_id": "o4"},
            {"status": "in_progress", "replicates": "p2", "organization_id": "o5"},
        )
    )
    assert table["project_id"].tolist() == ["p1", "p2"]
    assert table["adopters"].tolist() == [2, 1]
    assert table["realised"].tolist() == [2, 0]
    assert table.loc[0, "median_days"] == 20
    assert pd.isna(table.loc[1, "median_days"])


def test_nothing_replicated_is_an_empty_table():
    assert metrics.replication(projects({})).empty
    assert metrics.replication(projects()).empty


# --- shares ---


def test_closed_and_implemented_shares_are_never_mixed():
    mixed = statuses(implemented=19, in_progress=15, closed=4, cancelled=2)
    assert metrics.implemented_share(mixed) == Ratio(19, 34)
    assert metrics.closed_share(mixed) == Ratio(4, 38)
    assert metrics.realised_share(mixed) == Ratio(23, 38)


@pytest.mark.parametrize(
    ("share", "counts", "percent"),
    [
        (metrics.implemented_share, {"implemented": 19, "in_progress": 15}, 55.9),
        (metrics.implemented_share, {"implemented": 14, "in_progress": 4}, 77.8),
        (metrics.closed_share, {"closed": 15, "in_progress": 16, "unknown": 11}, 35.7),
        (metrics.closed_share, {"closed": 3, "in_progress": 2, "unknown": 19}, 12.5),
    ],
)
def test_the_published_shares_come_out(share, counts, percent):
    assert round(share(statuses(**counts)).percent, 1) == percent


def test_blank_closed_cells_give_bounds():
    assert metrics.closed_bounds(42, 15, 11) == CountBounds(15, 26, 42)
    assert metrics.closed_range(statuses(closed=3, in_progress=2, unknown=19)) == CountBounds(3, 22, 24)
    assert metrics.closed_bounds(42, 15, 11).shares == Bounds(15 / 42, 26 / 42)
    assert metrics.closed_bounds(0, 0, 0).shares is None


def test_shares_of_no_projects_are_unknown():
    for share in (
        metrics.closed_share,
        metrics.implemented_share,
        metrics.realised_share,
        metrics.solved_share,
    ):
        assert share(projects()).share is None


def test_the_solved_share_counts_only_projects_that_state_both_numbers():
    ratio = metrics.solved_share(
        projects(
            {"problems_found": 186, "problems_solved": 170}, {"problems_found": 50}, {"problems_solved": 7}
        )
    )
    assert ratio == Ratio(170, 186)
    assert round(ratio.percent, 1) == 91.4


def test_no_problems_found_is_not_a_solved_share_of_zero():
    assert metrics.solved_share(projects({"problems_found": 0, "problems_solved": 0})).share is None


def test_more_solved_than_found_is_refused_by_name():
    table = projects({"problems_found": 3, "problems_solved": 3}, {"problems_found": 3, "problems_solved": 4})
    with pytest.raises(DataError, match="проект p2: решено 4, выявлено 3"):
        metrics.solved_share(table)


def test_concentration_names_the_largest_units():
    owners = ["a"] * 19 + ["b"] * 13 + ["c"] * 5 + ["d"] * 3 + ["e"] * 2
    spread = metrics.concentration(projects(*({"organization_id": owner} for owner in owners)))
    assert spread.top == ("a",)
    assert spread.top_share == Ratio(19, 42)
    assert spread.per_unit == Ratio(42, 5)
    assert not spread.few


def test_concentration_of_few_units_says_so_and_ties_are_all_named():
    spread = metrics.concentration(
        projects(
            *({"organization_id": owner} for owner in "dcba"), {"organization_id": "e", "status": "cancelled"}
        )
    )
    assert spread.few
    assert spread.top == ("a", "b", "c", "d")
    assert metrics.concentration(projects()).top_share.share is None


# --- units ---


FRAMES = pd.DataFrame(
    [
        ("mfc", None, 30, "2018-12-31"),
        ("mfc", None, 33, "2019-06-30"),
        ("mfc", None, 40, "2019-10-01"),
        ("mfc", "yaysky-rayon", 1, "2019-06-30"),
    ],
    columns=["kind", "municipality_id", "units", "as_of"],
).astype({"municipality_id": "str", "as_of": "datetime64[us]", "units": "Int64"})

PROJECT_UNITS = pd.DataFrame(
    [
        ("p1", "mfc1", "a", "mfc"),
        ("p1", "mfc2", "b", "mfc"),
        ("p2", "mfc1", "a", "mfc"),
        ("p2", "school1", "a", "school"),
        ("p3", "school2", "c", "school"),
        ("p4", "body1", None, "state_body"),
    ],
    columns=["project_id", "organization_id", "municipality_id", "kind"],
).astype("str")

UNIT_PROJECTS = projects(
    {"status": "implemented"}, {"status": "closed"}, {"status": "in_progress"}, {"status": "cancelled"}
)


@pytest.mark.parametrize(
    ("kind", "municipality", "as_of", "expected"),
    [
        ("mfc", None, AS_OF, 33),
        ("mfc", None, datetime.date(2019, 6, 29), 30),
        ("mfc", None, datetime.date(2019, 6, 30), 33),
        ("mfc", None, datetime.date(2018, 1, 1), None),
        ("mfc", None, None, 40),
        ("mfc", "yaysky-rayon", AS_OF, 1),
        ("mfc", "yurginsky-rayon", AS_OF, None),
        ("school", None, AS_OF, None),
    ],
)
def test_the_frame_is_the_latest_count_not_after_the_date(kind, municipality, as_of, expected):
    assert metrics.frame_units(FRAMES, kind, municipality, as_of) == expected


def test_a_centralised_project_covers_every_participant():
    assert metrics.covered_units(UNIT_PROJECTS, PROJECT_UNITS, ["mfc"]) == ("mfc1", "mfc2")
    assert metrics.covered_units(UNIT_PROJECTS, PROJECT_UNITS, ["school"]) == ("school1",)
    assert metrics.covered_units(UNIT_PROJECTS, PROJECT_UNITS, ["municipality"]) == ("a", "b")
    assert metrics.covered_units(UNIT_PROJECTS, PROJECT_UNITS, ["municipality"], ["in_progress"]) == ("c",)
    assert len(metrics.covered_units(UNIT_PROJECTS, PROJECT_UNITS)) == 3


def test_coverage_without_a_frame_is_unknown():
    assert metrics.coverage(("a", "b"), None).share is None
    assert round(metrics.coverage(22, 72).percent, 1) == 30.6


def test_a_unit_counts_a_project_once():
    table = metrics.by_unit(UNIT_PROJECTS, PROJECT_UNITS)
    assert table.loc["a"].tolist() == [2, 2, 1, 0]
    assert table.loc["c"].tolist() == [1, 0, 0, 1]
    assert table.index.tolist() == ["a", "b", "c"]


def test_listed_units_without_projects_have_zero():
    table = metrics.by_unit(UNIT_PROJECTS, PROJECT_UNITS, units=["z", "b"])
    assert table["projects"].to_dict() == {"z": 0, "b": 1}


def assessments(*rows: tuple) -> pd.DataFrame:
    columns = ["organization_id", "model", "version", "number", "assessed_on", "result"]
    frame = pd.DataFrame(rows, columns=columns)
    return frame.astype({"organization_id": "str", "assessed_on": "datetime64[us]", "number": "Int64"})


CRITERIA = pd.DataFrame({"model": "mfc", "version": "1", "number": range(1, 5)})


def test_criteria_that_do_not_apply_are_left_out_and_unanswered_ones_make_a_range():
    table = metrics.criteria_share(
        assessments(
            ("o1", "mfc", "1", 1, "2019-05-01", "met"),
            ("o1", "mfc", "1", 2, "2019-05-01", "na"),
            ("o1", "mfc", "1", 3, "2019-05-01", "not_met"),
        ),
        CRITERIA,
        AS_OF,
    )
    row = table.iloc[0]
    assert row[["met", "not_met", "na", "unanswered"]].tolist() == [1, 1, 1, 1]
    assert (row["share"], row["low"], row["high"]) == pytest.approx((1 / 2, 1 / 3, 2 / 3))


def test_the_latest_assessment_up_to_the_date_counts():
    history = assessments(
        ("o1", "mfc", "1", 1, "2019-05-01", "not_met"),
        ("o1", "mfc", "1", 1, "2019-09-30", "met"),
        ("o1", "mfc", "1", 1, "2019-10-01", "not_met"),
    )
    assert metrics.criteria_share(history, CRITERIA, AS_OF)["share"].tolist() == [1.0]
    assert metrics.criteria_share(history, CRITERIA, datetime.date(2019, 9, 29))["share"].tolist() == [0.0]
    assert metrics.criteria_share(history, CRITERIA, datetime.date(2019, 1, 1)).empty


def test_the_version_used_last_replaces_an_older_one():
    table = metrics.criteria_share(
        assessments(
            ("o1", "mfc", "1", 1, "2018-05-01", "met"),
            ("o1", "mfc", "2", 1, "2019-05-01", "not_met"),
        ),
        CRITERIA,
        AS_OF,
        "mfc",
    )
    assert table[["version", "met", "not_met"]].values.tolist() == [["2", 0, 1]]


def test_without_the_list_of_criteria_the_gaps_are_unknown():
    table = metrics.criteria_share(assessments(("o1", "mfc", "1", 1, "2019-05-01", "met")), None, AS_OF)
    assert table["share"].tolist() == [1.0]
    assert table[["unanswered", "low", "high"]].isna().all(axis=None)


def test_where_nothing_applies_the_share_is_unknown():
    rows = [("o1", "mfc", "1", number, "2019-05-01", "na") for number in range(1, 5)]
    assert metrics.criteria_share(assessments(*rows), CRITERIA, AS_OF)[["share", "low"]].isna().all(axis=None)


def test_no_assessments_give_no_rows():
    assert metrics.criteria_share(assessments(), CRITERIA, AS_OF).empty


# --- results ---


def steps(*rows: tuple) -> pd.DataFrame:
    frame = pd.DataFrame(rows, columns=["measure_id", "phase", "process_minutes", "wait_minutes", "value"])
    return frame.astype({"process_minutes": "float64", "wait_minutes": "float64"})


def test_value_adding_necessary_and_wasted_time_make_up_the_lead_time():
    table = metrics.stream(
        steps(
            ("m1", "before", 5, 10, "va"),
            ("m1", "before", 4, 0, "nnva"),
            ("m1", "before", 1, 0, "nva"),
            ("m1", "after", 5, 0, "va"),
        )
    )
    before, after = table.iloc[0], table.iloc[1]
    assert (before["steps"], before["lead_minutes"]) == (3, 20)
    assert before[["va_minutes", "nnva_minutes", "nva_minutes"]].tolist() == [5, 4, 11]
    assert (before["pce"], after["pce"]) == (0.25, 1.0)


def test_a_stream_with_unknown_minutes_has_an_unknown_lead_time():
    row = metrics.stream(steps(("m1", "before", 5, 1, "va"), ("m1", "before", None, 1, "nva"))).iloc[0]
    assert pd.isna(row["lead_minutes"])
    assert pd.isna(row["pce"])


def test_a_stream_of_no_time_has_no_efficiency():
    assert pd.isna(metrics.stream(steps(("m1", "before", 0, 0, "va"))).loc[0, "pce"])


def test_no_steps_give_no_streams():
    assert metrics.stream(steps()).empty


@pytest.mark.parametrize(
    ("available", "demand", "expected"), [(480, 24, 20), (480, 0, None), (480, None, None), (None, 24, None)]
)
def test_takt_is_available_time_over_demand(available, demand, expected):
    assert metrics.takt(available, demand) == expected


@pytest.mark.parametrize(
    ("minutes", "volume", "hours"), [(18, 10000, 3000), (18, None, None), (None, 10, None)]
)
def test_freed_hours_need_an_annual_volume(minutes, volume, hours):
    assert metrics.capacity_hours(minutes, volume) == hours


def effects(*rows: tuple) -> pd.DataFrame:
    columns = ["kind", "amount", "unit", "period", "qualifier", "ambiguous", "confirmed"]
    return pd.DataFrame(rows, columns=columns).astype(
        {"amount": "float64", "ambiguous": "bool", "confirmed": "bool"}
    )


def test_ambiguous_and_one_sided_effects_are_counted_but_never_summed():
    table = metrics.effect_totals(
        effects(
            ("wages", 168784, "RUB", "year", "exact", False, True),
            ("wages", 1000, "RUB", "year", "exact", False, False),
            ("materials", 1750, "RUB", "year", "up_to", True, True),
            ("hours", 5, "day", "month", "up_to", False, True),
        )
    ).set_index("kind")
    assert table.loc["wages", ["declared", "confirmed"]].tolist() == [169784, 168784]
    assert table.loc[["materials", "hours"], ["declared", "confirmed"]].isna().all(axis=None)
    assert table.loc["materials", ["ambiguous", "inexact"]].tolist() == [1, 0]
    assert table.loc["hours", ["ambiguous", "inexact"]].tolist() == [0, 1]


def test_money_is_summed_to_the_kopeck():
    rows = [("wages", amount, "RUB", "year", "exact", False, True) for amount in (0.1, 0.2, 0.3, 0.7, 0.1)]
    assert metrics.effect_totals(effects(*rows)).loc[0, "confirmed"] == 1.4


def test_effects_of_other_units_and_periods_are_other_sums():
    table = metrics.effect_totals(
        effects(
            ("hours", 5, "h", "month", "exact", False, True),
            ("hours", 5, "h", "year", "exact", False, True),
            ("hours", 5, "day", "year", "exact", False, True),
        )
    )
    assert table["confirmed"].tolist() == [5, 5, 5]


def test_no_effects_give_no_sums():
    assert metrics.effect_totals(effects()).empty


def test_standards_are_summed_by_kind_and_uncounted_rows_stay_visible():
    table = metrics.standards_count(
        pd.DataFrame(
            {"kind": ["sok", "sok", "regulation"], "count": pd.array([2, None, None], dtype="Int64")}
        )
    ).set_index("kind")
    assert table.loc["sok"].tolist() == [2, 1]
    assert pd.isna(table.loc["regulation", "documents"])


def test_a_regional_plan_is_not_added_to_its_parts():
    plans = pd.DataFrame(
        [
            (2019, "polyclinic", "health", None, 26, 980000),
            (2019, "polyclinic", "health", "a", 10, None),
            (2019, "school", "edu", "a", 3, None),
            (2019, "school", "edu", "b", 4, None),
            (2020, "school", "edu", "b", 9, None),
        ],
        columns=["year", "kind", "sector", "municipality_id", "planned_units", "planned_population"],
    ).astype({"municipality_id": "str", "planned_units": "Int64", "planned_population": "Int64"})
    table = metrics.plans_totals(plans, 2019).set_index("kind")
    assert table["planned_units"].to_dict() == {"polyclinic": 26, "school": 7}
    assert table.loc["polyclinic", "planned_population"] == 980000
    assert pd.isna(table.loc["school", "planned_population"])


# --- purity ---


def test_metrics_do_not_mutate_what_they_are_given():
    table = projects({"due": "2019-01-01", "started": "2018-01-01", "replicates": "p2"}, {"status": "closed"})
    answers = assessments(("o1", "mfc", "1", 1, "2019-05-01", "met"))
    flow = steps(("m1", "before", 5, 10, "va"))
    saved = effects(("wages", 168784, "RUB", "year", "exact", False, True))
    frames = [table, DECK_MEASURES, DECK_VALUES, PROJECT_UNITS, CRITERIA, FRAMES, answers, flow, saved]
    copies = [frame.copy(deep=True) for frame in frames]
    metrics.improvements(DECK_MEASURES, DECK_VALUES, table)
    metrics.lead_time_cut(DECK_MEASURES, DECK_VALUES, "first", table)
    for function in (metrics.portfolio, metrics.overdue, metrics.ageing, metrics.durations, metrics.as_at):
        function(table, AS_OF)
    for function in (metrics.replication, metrics.closed_share, metrics.solved_share, metrics.concentration):
        function(table)
    metrics.by(table, "sector")
    metrics.by_unit(table, PROJECT_UNITS)
    metrics.covered_units(table, PROJECT_UNITS, ["mfc"])
    metrics.frame_units(FRAMES, "mfc", None, AS_OF)
    metrics.criteria_share(answers, CRITERIA, AS_OF)
    metrics.stream(flow)
    metrics.effect_totals(saved)
    for frame, copy in zip(frames, copies, strict=True):
        pd.testing.assert_frame_equal(frame, copy)
