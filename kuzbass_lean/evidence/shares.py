"""Shares of small numbers: their uncertainty, and when one unit really differs from the rest."""

from __future__ import annotations

from collections.abc import Iterable
from statistics import NormalDist

import pandas as pd

from kuzbass_lean.evidence.base import Interval

_FUNNEL = {"95": 0.95, "998": 0.998}


def wilson(successes: int, n: int, confidence: float = 0.95) -> Interval | None:
    """Give the Wilson score interval of a share.

    Coverage of a *complete* register is a census: there the interval only helps to compare.

    Parameters
    ----------
    successes, n
        Counts; ``successes`` of ``n``.
    confidence
        Between 0 and 1.

    Returns
    -------
    Interval or None
        Of the share, within 0..1; ``None`` when ``n`` is zero: there is no share.

    Raises
    ------
    ValueError
        Unless 0 <= successes <= n, both whole, and 0 < confidence < 1.

    Source: Wilson 1927; Newcombe 1998, Statistics in Medicine 17:857-872, method 3.

    Examples
    --------
    >>> low, high = kl.evidence.wilson(8, 10)
    >>> round(low, 3), round(high, 3)
    (0.49, 0.943)
    """
    if not 0 <= successes <= n or successes != int(successes) or n != int(n):
        msg = f"{successes} of {n} is not a share of whole numbers"
        raise ValueError(msg)
    if not 0 < confidence < 1:
        msg = f"confidence is {confidence}: it lies between 0 and 1"
        raise ValueError(msg)
    if n == 0:
        return None
    from scipy.stats import binomtest

    found = binomtest(int(successes), int(n)).proportion_ci(confidence, method="wilson")
    return Interval(float(found.low), float(found.high))


def funnel_limits(share: float, n: Iterable[int]) -> pd.DataFrame:
    """Give the limits within which units of size ``n`` differ from a common share by chance alone.

    Parameters
    ----------
    share
        The common share, 0..1, e.g. that of the whole region.
    n
        The sizes, one row each, in their order.

    Returns
    -------
    DataFrame
        ``n, low_95, high_95, low_998, high_998``: shares, clipped to 0..1. A size of zero has
        no limits: NaN.

    Raises
    ------
    ValueError
        If the share is outside 0..1 or a size is negative.

    Source: Spiegelhalter 2005, Statistics in Medicine 24:1185-1202, appendix A.1.1, normal
    approximation: p ± z·sqrt(p(1-p)/n). Below about thirty clipping dominates.

    Examples
    --------
    >>> kl.evidence.funnel_limits(0.5, [10, 100]).round(2)
         n  low_95  high_95  low_998  high_998
    0   10    0.19     0.81     0.01      0.99
    1  100    0.40     0.60     0.35      0.65
    """
    sizes = pd.Series(list(n), dtype="int64", name="n")
    if not 0 <= share <= 1:
        msg = f"share is {share}: it lies between 0 and 1"
        raise ValueError(msg)
    if (sizes < 0).any():
        msg = f"a size is negative: {sizes.min()}"
        raise ValueError(msg)
    error = (share * (1 - share) / sizes.astype("float64").where(sizes > 0)) ** 0.5
    limits = {}
    for name, confidence in _FUNNEL.items():
        z = NormalDist().inv_cdf((1 + confidence) / 2)
        limits[f"low_{name}"] = (share - z * error).clip(0, 1)
        limits[f"high_{name}"] = (share + z * error).clip(0, 1)
    return pd.DataFrame({"n": sizes, **limits})
