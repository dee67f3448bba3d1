"""Two samples: published tests and shifts, ties, and symmetries."""

from itertools import combinations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kuzbass_lean.evidence import Interval, compare, regression_to_mean
from kuzbass_lean.evidence.samples import rank_sum_p

# SAS/STAT, PROC NPAR1WAY, data set React (examples 3 and 4): many ties
STIMULANT_1 = [1.94, 1.94, 2.92, 2.92, 2.92, 2.92, 3.27, 3.27, 3.27, 3.27, 3.70, 3.70, 3.74]
STIMULANT_2 = [3.27, 3.27, 3.27, 3.70, 3.70, 3.74]
# Hollander, Wolfe, Nonparametric Statistical Methods, examples 4.1 (permeability) and 4.2 (alcohol intake)
TERM = [0.80, 0.83, 1.89, 1.04, 1.45, 1.38, 1.91, 1.64, 0.73, 1.46]
WEEKS = [1.15, 0.88, 0.90, 0.74, 1.21]
CONTROL = [1042, 1617, 1180, 973, 1552, 1251, 1151, 728, 1079, 951, 1319]
TRAINED = [874, 389, 612, 798, 1152, 893, 541, 741, 1064, 862, 213]

numbers = st.lists(st.integers(0, 12), min_size=5, max_size=14)
ties = st.lists(st.integers(0, 4), min_size=1, max_size=5)
few = settings(max_examples=25, deadline=None, derandomize=True)


def p_value(x: list[float], y: list[float]) -> float:
    return rank_sum_p(np.array(x, dtype=float), np.array(y, dtype=float))


@pytest.mark.parametrize(
    ("x", "y", "expected"),
    [
        # SAS/STAT, NPAR1WAY example 3: exact two-sided 0.1054; ignoring the ties would give 0.1061
        (STIMULANT_1, STIMULANT_2, 0.1054),
        # Hollander, Wolfe 4.1 and 4.2, as R's exactRankTests prints them
        (WEEKS, TERM, 0.2544),
        (CONTROL, TRAINED, 0.00186),
        # Mehta, Patel, StatXact 5 manual, p. 229: ties and unequal tails (one-sided 0.0542)
        ([94, 108, 110, 90], [80, 94, 85, 90, 90, 90, 108, 94, 78, 105, 88], 0.0989),
        # documentation of scipy.stats.mannwhitneyu (age at diagnosis, U = 17)
        ([19, 22, 16, 29, 24], [20, 11, 17, 12], 0.1111),
    ],
)
def test_p_values_agree_with_published_ones(x, y, expected) -> None:
    assert p_value(x, y) == pytest.approx(expected, abs=5e-5)
    assert p_value(y, x) == pytest.approx(expected, abs=5e-5)


@pytest.mark.parametrize(
    ("before", "after", "shift"),
    [
        (STIMULANT_1, STIMULANT_2, 0.35),  # SAS/STAT, NPAR1WAY example 4
        (TERM, WEEKS, -0.305),  # Hollander, Wolfe, p. 126
        (CONTROL, TRAINED, -410),  # Hollander, Wolfe 4.2, as R's exactRankTests prints it
    ],
)
def test_shifts_agree_with_published_ones(before, after, shift) -> None:
    assert compare(before, after).shift == pytest.approx(shift)


def test_superiority_agrees_with_the_published_rank_sums() -> None:
    # W = 106 of 11 x 11 pairs, W = 35 of 10 x 5, and SAS's rank sum 79.5 less 21 of 13 x 6, ties half
    assert compare(CONTROL, TRAINED).superiority == pytest.approx(106 / 121)
    assert compare(WEEKS, TERM, better="higher").superiority == pytest.approx(35 / 50)
    assert compare(STIMULANT_1, STIMULANT_2, better="higher").superiority == pytest.approx(58.5 / 78)


def test_the_difference_is_that_of_the_medians() -> None:
    found = compare([10, 11, 12, 13, 14], [5, 6, 7, 8, 9, 100])
    assert found.difference == 7.5 - 12
    assert (found.n_before, found.n_after) == (5, 6)


def test_under_five_observations_nothing_is_inferred() -> None:
    assert compare([1, 2, 3, 4], [1, 2, 3, 4, 5]) is None
    assert compare([1, 2, 3, 4, 5], [1, 2, 3, 4]) is None
    assert compare([1, 2, 3, 4, 5], [1, 2, 3, 4, 5]) is not None
    assert compare([], []) is None


def test_the_same_seed_gives_the_same_interval_and_another_a_near_one() -> None:
    first, again, other = (compare(TERM, WEEKS, seed=seed).interval for seed in (1, 1, 2))
    assert first == again
    assert first != other
    assert first == pytest.approx(other, abs=0.2)


def test_without_ties_from_eight_on_the_interval_is_corrected() -> None:
    values = [3.1, 4.7, 5.2, 6.9, 8.8, 9.3, 11.4, 12.6]
    later = [2.2, 3.3, 4.1, 5.5, 6.6, 7.7, 8.2, 10.1]
    assert compare(values, later).method == "bca"
    assert compare(values[:7], later).method == "percentile"
    assert compare([*values, 3.1], later).method == "percentile"


def test_a_corrected_interval_agrees_with_scipy() -> None:
    # for the same resamples: sorted samples, after before before
    from scipy.stats import bootstrap

    values, later = sorted(CONTROL), sorted(TRAINED)
    expected = bootstrap(
        (later, values),
        lambda x, y, axis: np.median(x, axis=axis) - np.median(y, axis=axis),
        n_resamples=9999,
        rng=0,
    ).confidence_interval
    found = compare(values, later)
    assert found.method == "bca"
    assert found.interval == pytest.approx(tuple(expected))


def test_constant_samples_have_an_interval_of_no_width() -> None:
    found = compare([10] * 6, [8] * 6)
    assert (found.difference, found.interval, found.shift) == (-2, Interval(-2, -2), -2)
    assert (found.superiority, found.verdict) == (1, "improvement")
    assert found.p_value == pytest.approx(2 / 924)


def test_equal_samples_show_nothing() -> None:
    found = compare([7] * 6, [7] * 6)
    assert (found.superiority, found.p_value, found.verdict) == (0.5, 1, "common")


@pytest.mark.parametrize(("better", "verdict"), [("lower", "improvement"), ("higher", "concern")])
def test_the_direction_of_improvement_gives_the_verdict(better, verdict) -> None:
    found = compare(CONTROL, TRAINED, better=better)
    assert found.interval.high < 0
    assert found.verdict == verdict


def test_many_values_use_the_normal_approximation_with_ties() -> None:
    from scipy.stats import mannwhitneyu

    x, y = [place % 7 for place in range(51)], [place % 9 for place in range(50)]
    assert p_value(x, y) == mannwhitneyu(x, y, method="asymptotic").pvalue
    assert p_value(x[:50], y) == pytest.approx(mannwhitneyu(x[:50], y, method="asymptotic").pvalue, abs=0.002)


def test_missing_values_and_directions_are_refused() -> None:
    with pytest.raises(ValueError, match="after: no number at position 2"):
        compare([1, 2, 3, 4, 5], [1, 2, None, 4, 5])
    with pytest.raises(ValueError, match="before: no number at position 0"):
        compare([float("nan"), 2], [1, 2])
    with pytest.raises(ValueError, match="better is 'target'"):
        compare([1], [2], better="target")


@settings(max_examples=60, deadline=None, derandomize=True)
@given(
    st.lists(st.integers(0, 4), min_size=1, max_size=5), st.lists(st.integers(0, 4), min_size=1, max_size=5)
)
def test_counting_the_splits_agrees_with_listing_them(x, y) -> None:
    pooled = x + y

    def wins(chosen: tuple[int, ...]) -> float:
        rest = [pooled[place] for place in range(len(pooled)) if place not in chosen]
        return sum((pooled[a] > b) + (pooled[a] == b) / 2 for a in chosen for b in rest)

    middle = len(x) * len(y) / 2
    observed = abs(wins(tuple(range(len(x)))) - middle)
    splits = [abs(wins(chosen) - middle) >= observed for chosen in combinations(range(len(pooled)), len(x))]
    assert p_value(x, y) == pytest.approx(np.mean(splits))


@few
@given(numbers, numbers)
def test_the_interval_holds_the_difference(before, after) -> None:
    found = compare(before, after)
    assert found.interval.low <= found.difference <= found.interval.high
    assert 0 < found.p_value <= 1


@few
@given(numbers, numbers, st.randoms(use_true_random=False))
def test_the_order_of_the_rows_does_not_matter(before, after, random) -> None:
    shuffled = random.sample(before, len(before)), random.sample(after, len(after))
    assert compare(*shuffled) == compare(before, after)


@few
@given(numbers, numbers, st.integers(-100, 100), st.sampled_from([0.5, 4]))
def test_another_unit_or_zero_point_changes_only_the_scale(before, after, shift, scale) -> None:
    found = compare(before, after)
    moved = compare(*([value * scale + shift for value in values] for values in (before, after)))
    assert moved.difference == found.difference * scale
    assert moved.shift == found.shift * scale
    assert moved.interval == pytest.approx(tuple(end * scale for end in found.interval))
    assert (moved.p_value, moved.superiority) == (found.p_value, found.superiority)


@few
@given(numbers, numbers)
def test_the_other_direction_mirrors_the_verdict(before, after) -> None:
    lower, higher = compare(before, after), compare(before, after, better="higher")
    assert lower.superiority + higher.superiority == pytest.approx(1)
    assert (lower.difference, lower.interval) == (higher.difference, higher.interval)
    mirrored = {"improvement": "concern", "concern": "improvement", "common": "common"}
    assert higher.verdict == mirrored[lower.verdict]


@pytest.mark.parametrize(
    ("stated", "better", "flagged", "excess"),
    [
        (30, "lower", True, 10),
        (29.9, "lower", False, 9.9),
        (40, "lower", True, 20),
        (10, "lower", False, 0),
        (10, "higher", True, 10),
        (10.1, "higher", False, 9.9),
        (30, "higher", False, 0),
    ],
)
def test_a_baseline_at_the_worst_of_its_time_is_flagged(stated, better, flagged, excess) -> None:
    found = regression_to_mean(stated, [20, 10, 30, 22, 18], better=better)
    assert found.flagged is flagged
    assert (found.usual, found.excess) == pytest.approx((20, excess))


def test_a_constant_history_has_no_worst_moment() -> None:
    assert regression_to_mean(5, [5] * 6).flagged is False
    assert regression_to_mean(6, [5] * 6).flagged is True


def test_a_short_history_does_not_tell_what_was_usual() -> None:
    assert regression_to_mean(30, [20, 10, 30, 22]) is None
