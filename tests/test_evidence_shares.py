"""Shares: Wilson intervals and funnel limits."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kuzbass_lean.evidence import funnel_limits, wilson

quick = settings(max_examples=100, deadline=None, derandomize=True)
counts = st.integers(1, 300).flatmap(lambda n: st.tuples(st.integers(0, n), st.just(n)))


@pytest.mark.parametrize(
    ("successes", "n", "low", "high"),
    [
        # Newcombe 1998, Statistics in Medicine 17:857-872, table I, method 3
        (81, 263, 0.2553, 0.3662),
        (15, 148, 0.0624, 0.1605),
        (0, 20, 0.0000, 0.1611),
        (1, 29, 0.0061, 0.1718),
        # the programme's own shares, reference computation
        (170, 186, 0.865, 0.946),
        (15, 42, 0.230, 0.508),
    ],
)
def test_intervals_agree_with_published_ones(successes, n, low, high) -> None:
    digits = 0.0005 if n in (186, 42) else 0.00005
    assert wilson(successes, n) == pytest.approx((low, high), abs=digits)


def test_no_units_give_no_interval() -> None:
    assert wilson(0, 0) is None


def test_none_and_all_reach_the_end_exactly() -> None:
    assert wilson(0, 7).low == 0
    assert wilson(7, 7).high == 1


@pytest.mark.parametrize(("successes", "n"), [(3, 2), (-1, 2), (0.5, 2), (0, -1), (1, 2.5)])
def test_what_is_no_share_is_refused(successes, n) -> None:
    with pytest.raises(ValueError, match="is not a share"):
        wilson(successes, n)


@pytest.mark.parametrize("confidence", [0, 1, 95])
def test_confidence_lies_between_zero_and_one(confidence) -> None:
    with pytest.raises(ValueError, match="confidence"):
        wilson(1, 2, confidence)


@quick
@given(counts)
def test_the_interval_holds_the_share_and_mirrors_its_complement(pair) -> None:
    successes, n = pair
    found, other = wilson(successes, n), wilson(n - successes, n)
    assert 0 <= found.low <= successes / n <= found.high <= 1
    assert (1 - other.high, 1 - other.low) == pytest.approx(tuple(found))
    wider = wilson(successes, n, 0.99)
    assert wider.low <= found.low
    assert wider.high >= found.high


@pytest.mark.parametrize(
    ("share", "n", "three_sigma_low", "three_sigma_high"),
    [
        # Montgomery, Introduction to Statistical Quality Control, examples 6-1 and 6-2 (orange juice cans):
        # fraction charts, three standard errors to each side
        (0.2313, 50, 0.0524, 0.4102),
        (0.2150, 50, 0.0407, 0.3893),
        (0.1108, 50, 0.0, 0.2440),
    ],
)
def test_the_standard_error_agrees_with_published_charts(share, n, three_sigma_low, three_sigma_high) -> None:
    limits = funnel_limits(share, [n]).iloc[0]
    for z, level in ((1.959964, "95"), (3.090232, "998")):
        error = (limits[f"high_{level}"] - share) / z
        assert share + 3 * error == pytest.approx(three_sigma_high, abs=1e-4)
        assert max(share - 3 * error, 0) == pytest.approx(three_sigma_low, abs=1e-4)


def test_limits_by_hand() -> None:
    # p = 0.5, n = 100: the standard error is 0.05 exactly
    row = funnel_limits(0.5, [100]).iloc[0]
    assert row[["low_95", "high_95"]].tolist() == pytest.approx([0.4020018, 0.5979982])
    assert row[["low_998", "high_998"]].tolist() == pytest.approx([0.3454884, 0.6545116])


def test_limits_are_clipped_to_shares() -> None:
    # p = 0.81: 0.81 + 1.96 * sqrt(0.1539 / n) passes 1 below sixteen and a half
    limits = funnel_limits(0.81, [10, 16, 17])
    assert limits["high_95"].tolist()[:2] == [1, 1]
    assert limits["high_95"].iloc[2] < 1
    assert (funnel_limits(0.02, [5])[["low_95", "low_998"]] == 0).all(axis=None)


def test_rows_keep_the_order_of_the_sizes_and_zero_has_no_limits() -> None:
    limits = funnel_limits(0.3, [40, 0, 10])
    assert limits.columns.tolist() == ["n", "low_95", "high_95", "low_998", "high_998"]
    assert limits["n"].tolist() == [40, 0, 10]
    assert limits.iloc[1, 1:].isna().all()


def test_no_sizes_give_an_empty_frame() -> None:
    assert funnel_limits(0.3, []).shape == (0, 5)


@pytest.mark.parametrize(("share", "n"), [(1.01, [5]), (-0.01, [5]), (0.5, [3, -1])])
def test_an_impossible_share_or_size_is_refused(share, n) -> None:
    with pytest.raises(ValueError, match=r"share is|size is"):
        funnel_limits(share, n)


@quick
@given(st.floats(0, 1), st.lists(st.integers(1, 5000), min_size=2, max_size=10))
def test_limits_nest_hold_the_share_and_narrow_with_size(share, sizes) -> None:
    limits = funnel_limits(share, sorted(sizes))
    assert (limits["low_998"] <= limits["low_95"]).all()
    assert (limits["high_95"] <= limits["high_998"]).all()
    assert limits["low_95"].le(share).all()
    assert limits["high_95"].ge(share).all()
    assert (limits["high_95"] - limits["low_95"]).diff().iloc[1:].le(1e-12).all()
