"""Funnels and who may be ranked."""

import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kuzbass_lean.evidence import Interval, funnel, funnel_table, separated, standing, wilson
from kuzbass_lean.registry import Registry

quick = settings(max_examples=60, deadline=None, derandomize=True)
pairs = st.lists(
    st.integers(0, 60).flatmap(lambda n: st.tuples(st.integers(0, n), st.just(n))), min_size=1, max_size=8
)


def counts(*rows: tuple[int, int]) -> pd.DataFrame:
    return pd.DataFrame(rows, columns=["successes", "n"], index=[f"u{n}" for n in range(len(rows))])


@pytest.mark.parametrize(
    ("successes", "flag"),
    [
        # with a thousand others the common share stays near a half: p ± 1.96 · 0.05 and ± 3.09 · 0.05
        (50, "inside"),
        (59, "inside"),
        (60, "above_95"),
        (65, "above_95"),
        (66, "above_998"),
        (40, "below_95"),
        (35, "below_95"),
        (34, "below_998"),
    ],
)
def test_a_unit_is_flagged_by_the_limit_it_passes(successes, flag) -> None:
    found = funnel(counts((successes, 100), (500_000, 1_000_000)))
    assert found.share == pytest.approx(0.5, abs=1e-4)
    assert found.rows["flag"].tolist() == [flag, "inside"]


def test_the_outlier_of_the_bristol_inquiry_lies_beyond_the_limits() -> None:
    # Aylin et al. 2001, Lancet 358:181 and 2004, BMJ 329:825: open heart surgery under one year, 1991-95;
    # Bristol 41 deaths, 29 % (so 143 operations), interval 21 to 37 %; all centres 12 %
    found = funnel(counts((41, 143), (356, 3176)))
    assert found.share == pytest.approx(0.12, abs=0.005)
    assert found.rows["flag"].tolist() == ["above_998", "inside"]
    assert found.intervals["u0"] == pytest.approx((0.21, 0.37), abs=0.01)


def test_a_unit_of_nothing_has_no_share_and_no_flag() -> None:
    rows = funnel(counts((0, 0), (3, 6))).rows
    assert rows["flag"].tolist() == ["none", "inside"]
    assert rows.loc["u0", ["share", "low", "low_95"]].isna().all()
    nothing = funnel(counts((0, 0)))
    assert (nothing.share, nothing.intervals) == (None, {})


@quick
@given(pairs)
def test_every_unit_keeps_its_row_and_outer_limits_flag_less(rows) -> None:
    found = funnel(counts(*rows))
    assert len(found.rows) == len(rows)
    known = found.rows.dropna(subset=["share"])
    assert known["low"].le(known["share"] + 1e-12).all()
    assert known["high"].ge(known["share"] - 1e-12).all()
    outer = known["flag"].str.endswith("998")
    assert (
        known[outer]["share"].gt(known[outer]["high_95"]) | known[outer]["share"].lt(known[outer]["low_95"])
    ).all()


def test_only_intervals_apart_are_ranked() -> None:
    intervals = {
        "b": Interval(0.1, 0.2),
        "a": Interval(0.3, 0.4),
        "c": Interval(0.2, 0.25),
        "d": Interval(0.15, 0.5),
    }
    # b and c touch; d overlaps everybody
    assert separated(intervals) == (("b", "a"), ("c", "a"))
    assert separated({}) == ()


def test_small_numbers_are_not_ranked_though_their_shares_differ() -> None:
    assert separated({"x": wilson(1, 4), "y": wilson(3, 4)}) == ()
    assert separated({"x": wilson(25, 100), "y": wilson(75, 100)}) == (("x", "y"),)


def registry(frame: int | None) -> Registry:
    ids, places = ["c1", "c2", "c3", "h1"], ["kemerovo", "kemerovo", "kiselyovsk", "kemerovo"]
    kinds = ["polyclinic"] * 3 + ["hospital"]
    units = pd.DataFrame({"organization_id": ids, "name": ids, "kind": kinds, "sector": "health"})
    towns = pd.DataFrame({"municipality_id": ["kemerovo", "kiselyovsk", "topki"], "name": "М"})
    towns = towns.assign(kind="urban_okrug", tile_row=1, tile_column=1)
    work = pd.DataFrame({"project_id": ["p1", "p2", "p3", "p4"], "organization_id": ["c1", "c1", "c3", "h1"]})
    statuses = ["closed", "in_progress", "planned", "cancelled"]
    work = work.assign(title="П", sector="health", status=statuses, centralised=False)
    tables = {
        "organizations": units.assign(municipality_id=places),
        "projects": work,
        "municipalities": towns,
    }
    if frame is not None:
        stated = {"kind": "polyclinic", "units": frame, "as_of": pd.Timestamp("2019-01-01")}
        tables["frames"] = pd.DataFrame([{**stated, "status": "reported"}])
    return Registry.from_frames(tables)


def test_territories_by_their_projects_every_territory_has_a_row() -> None:
    found = funnel_table(registry(3))
    assert found.rows[["n", "successes"]].to_numpy().tolist() == [[2, 1], [1, 0], [0, 0]]
    assert found.share == pytest.approx(1 / 3)
    assert found.census is None
    assert funnel_table(registry(3), by="kind").rows.index.tolist() == ["polyclinic"]


@pytest.mark.parametrize(("frame", "census"), [(3, True), (2, True), (4, False), (None, None)])
def test_territories_by_their_units_and_whether_that_is_all_of_them(frame, census) -> None:
    found = funnel_table(registry(frame), kind="polyclinic")
    assert found.rows[["n", "successes"]].to_numpy().tolist() == [[2, 1], [1, 0], [0, 0]]
    assert found.census is census


def test_a_unit_stands_above_or_below_only_those_whose_intervals_are_apart_from_its_own() -> None:
    intervals = {
        "own": Interval(0.3, 0.4),
        "below": Interval(0.1, 0.2),
        "touching": Interval(0.2, 0.3),
        "above": Interval(0.5, 0.6),
        "across": Interval(0.0, 1.0),
    }
    assert standing(intervals, "own") == (1, 1, 2)
    assert standing({"own": Interval(0, 1)}, "own") == (0, 0, 0)


@quick
@given(pairs)
def test_standing_counts_the_pairs_that_may_be_ranked(rows) -> None:
    intervals = funnel(counts(*rows)).intervals
    ranked = separated(intervals)
    for own in intervals:
        lower, higher, overlapping = standing(intervals, own)
        assert lower == sum(b == own for _, b in ranked)
        assert higher == sum(a == own for a, _ in ranked)
        assert lower + higher + overlapping == len(intervals) - 1


@quick
@given(pairs)
def test_the_intervals_of_a_funnel_are_those_of_wilson(rows) -> None:
    found = funnel(counts(*rows)).intervals
    for place, (successes, n) in enumerate(rows):
        expected = wilson(successes, n)
        assert found.get(f"u{place}") == (None if expected is None else pytest.approx(tuple(expected)))


def test_more_successes_than_units_are_refused() -> None:
    with pytest.raises(ValueError, match="more successes"):
        funnel(counts((3, 2)))
