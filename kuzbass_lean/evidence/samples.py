"""Two samples of measurements, before and after: by how much they differ and how surely."""

from __future__ import annotations

import warnings
from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache
from typing import Literal

import numpy as np
import pandas as pd

from kuzbass_lean.display import Shown
from kuzbass_lean.evidence.base import Floats, Interval, Verdict, direction, series

FEWEST = 5
"""Under this many observations on a side nothing is inferred."""
RESAMPLES = 9999

_BCA_FEWEST = 8
_EXACT_UP_TO = 100


@dataclass(frozen=True, slots=True)
class Comparison(Shown):
    """Two samples, compared; differences are after minus before, in the unit of the values.

    Attributes
    ----------
    difference, interval
        Of the medians, with its 95 % bootstrap interval.
    shift
        Hodges-Lehmann: the typical difference between one value after and one before.
    p_value
        Mann-Whitney, two-sided.
    superiority
        The probability that a value after is better than one before, a tie counting half.
    method
        How the interval was found: ``bca`` or ``percentile``.
    """

    n_before: int
    n_after: int
    difference: float
    interval: Interval
    shift: float
    p_value: float
    superiority: float
    better: Literal["lower", "higher"] = "lower"
    method: Literal["bca", "percentile"] = "bca"

    @property
    def verdict(self) -> Verdict:
        """What the interval says: ``common`` where it holds zero."""
        if self.interval.low <= 0 <= self.interval.high:
            return "common"
        fell = self.interval.high < 0
        return "improvement" if fell == (self.better == "lower") else "concern"


def compare(
    before: Iterable[float],
    after: Iterable[float],
    *,
    seed: int = 0,
    better: Literal["lower", "higher"] = "lower",
) -> Comparison | None:
    """Compare two independent samples of one measure.

    Parameters
    ----------
    before, after
        Measured values in the same unit; their order does not matter.
    seed
        Of the bootstrap: the same samples and seed give the same interval.
    better
        The direction of improvement.

    Returns
    -------
    Comparison or None
        ``None`` under five observations on either side: too few to tell anything.

    Raises
    ------
    ValueError
        If a value is missing or ``better`` is neither ``lower`` nor ``higher``.

    Source: Efron 1987 (BCa); Hodges, Lehmann 1963; Mann, Whitney 1947.

    Examples
    --------
    >>> found = kl.evidence.compare([30, 32, 35, 31, 40], [20, 22, 19, 24, 21])
    >>> found.difference, round(found.p_value, 4)
    (-11.0, 0.0079)
    """
    direction(better, ("lower", "higher"))
    # sorted: the resamples, and so the interval, do not depend on the order of the rows
    old, new = np.sort(series(before, "before")), np.sort(series(after, "after"))
    if min(old.size, new.size) < FEWEST:
        return None
    interval, method = _bootstrap(tuple(old), tuple(new), seed)
    gains = np.subtract.outer(new, old)
    superiority = float(np.mean(gains < 0) + np.mean(gains == 0) / 2)
    return Comparison(
        n_before=old.size,
        n_after=new.size,
        difference=float(_medians_apart(new, old)),
        interval=interval,
        shift=float(np.median(gains)),
        p_value=rank_sum_p(old, new),
        superiority=superiority if better == "lower" else 1 - superiority,
        better=better,
        method=method,
    )


def rank_sum_p(x: Floats, y: Floats) -> float:
    """Give the exact two-sided p-value of the Mann-Whitney test, ties respected.

    The chance that a random split of all the values is at least as far from its expected
    rank sum as this one. Splits are counted by size and sum, not listed; beyond a hundred
    values the normal approximation with tie correction takes over.

    scipy's exact method ignores ties, and its permutation method samples once there are
    many splits. Source: Streitberg, Röhmel 1986 (the counting); SAS NPAR1WAY and StatXact
    define the two sides in the same way.
    """
    if x.size + y.size > _EXACT_UP_TO:
        from scipy.stats import mannwhitneyu

        return float(mannwhitneyu(x, y, method="asymptotic").pvalue)
    # twice the mid-rank is a whole number
    ranks = (2 * pd.Series(np.concatenate([x, y])).rank()).to_numpy().astype(np.int64)
    smaller, observed = (
        (x.size, ranks[: x.size].sum()) if x.size <= y.size else (y.size, ranks[x.size :].sum())
    )
    largest = int(np.sort(ranks)[-smaller:].sum())
    ways = np.zeros((smaller + 1, largest + 1))
    ways[0, 0] = 1
    for rank in ranks[ranks <= largest]:
        ways[1:, rank:] += ways[:-1, : largest + 1 - rank]
    expected = smaller * (ranks.size + 1)
    far = np.abs(np.arange(largest + 1) - expected) >= abs(observed - expected)
    return float(ways[-1, far].sum() / ways[-1].sum())


def _medians_apart(new: Floats, old: Floats, axis: int = -1) -> Floats:
    return np.asarray(np.median(new, axis=axis) - np.median(old, axis=axis))


@lru_cache(maxsize=256)
def _bootstrap(
    before: tuple[float, ...], after: tuple[float, ...], seed: int
) -> tuple[Interval, Literal["bca", "percentile"]]:
    """Give the interval of the difference of medians, BCa where that is defined.

    BCa's correction comes from leaving out single values. With ties, or under eight values,
    that tells nothing or breaks down: there the plain percentiles are taken. A page that
    grades a measure and then shows its samples asks for the same interval twice.
    """
    old, new = np.array(before), np.array(after)
    found = Interval(np.nan, np.nan)
    if min(old.size, new.size) >= _BCA_FEWEST and not (_tied(old) or _tied(new)):
        found = _resampled(old, new, seed, "BCa")
    if found.low <= _medians_apart(new, old) <= found.high:
        return found, "bca"
    return _resampled(old, new, seed, "percentile"), "percentile"


def _resampled(old: Floats, new: Floats, seed: int, method: Literal["BCa", "percentile"]) -> Interval:
    from scipy.stats import bootstrap

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # a degenerate result is a NaN, and seen by the caller
        result = bootstrap(
            (new, old), _medians_apart, n_resamples=RESAMPLES, method=method, vectorized=True, rng=seed
        )
    return Interval(float(result.confidence_interval.low), float(result.confidence_interval.high))


def _tied(values: Floats) -> bool:
    return np.unique(values).size < values.size
