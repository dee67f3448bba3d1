"""How long projects take to close, the open ones counted in.

Averaging the closed projects alone flatters: the slow ones are still open. A registry that
was started midway lacks the quick projects of the time before and errs the other way
(left truncation); nothing here can see that.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from statistics import NormalDist

import numpy as np
import pandas as pd

from kuzbass_lean.display import Shown
from kuzbass_lean.evidence.base import Floats, series

_HALF = 0.5 + 1e-9
"""Shares are products of fractions: exactly a half may come out a little above."""


@dataclass(frozen=True, slots=True, eq=False)
class TimeToClose(Shown):
    """The Kaplan-Meier estimate of the time to close.

    Attributes
    ----------
    median
        The first day by which half are closed; ``None`` if that is not reached.
    low, high
        The 95 % interval of the median; ``None`` where that end is not reached.
    survival
        ``day, share, se, at_risk, closed``: after each day on which something was closed, the
        share still open and its standard error (Greenwood; NaN once the share is zero), how
        many were open until then, and how many were closed on it.
    closed, open
        How many projects the estimate rests on.
    """

    median: float | None
    low: float | None
    high: float | None
    survival: pd.DataFrame
    closed: int
    open: int


@dataclass(frozen=True, slots=True)
class LogRank(Shown):
    """Whether two groups close at the same pace: chi-squared on one degree of freedom."""

    chi2: float
    p_value: float


def time_to_close(days: Iterable[float], closed: Iterable[bool]) -> TimeToClose:
    """Estimate the time to close from closed and open projects together.

    Parameters
    ----------
    days
        From start to closing or, for a project not closed, to the report date or the day
        it was cancelled.
    closed
        Whether it was closed; the others count as open at least that long.

    Returns
    -------
    TimeToClose
        Without a closed project the survival frame is empty and the median not reached.

    Raises
    ------
    ValueError
        If a number is missing or negative, or the two differ in length.

    Source: Kaplan, Meier 1958; interval of the median by Brookmeyer, Crowley 1982 on the
    log scale, as R's survfit prints it. Half reached exactly counts as reached.

    Examples
    --------
    >>> kl.evidence.time_to_close([100, 150, 200, 300], [True, True, True, False]).median
    150.0
    """
    lengths, ended = _pair(days, closed, "")
    survival = _survival(lengths, ended)
    margin = NormalDist().inv_cdf(0.975) * survival["se"] / survival["share"]
    return TimeToClose(
        median=_first(survival, survival["share"]),
        low=_first(survival, survival["share"] * np.exp(-margin)),
        high=_first(survival, survival["share"] * np.exp(margin)),
        survival=survival,
        closed=int(ended.sum()),
        open=int((~ended).sum()),
    )


def log_rank(
    days_a: Iterable[float], closed_a: Iterable[bool], days_b: Iterable[float], closed_b: Iterable[bool]
) -> LogRank | None:
    """Test whether two groups of projects close at the same pace.

    Parameters are those of ``time_to_close``, for either group.

    Returns
    -------
    LogRank or None
        ``None`` where the groups cannot be compared: one is empty, nothing was closed, or
        whatever was closed had nothing to be compared with.

    Raises
    ------
    ValueError
        As in ``time_to_close``.

    Source: Mantel 1966, as in scipy.stats.logrank.

    Examples
    --------
    >>> slow, fast = [200, 240, 260], [90, 100, 120]
    >>> round(kl.evidence.log_rank(slow, [True] * 3, fast, [True] * 3).p_value, 3)
    0.025
    """
    groups = [_pair(days_a, closed_a, "_a"), _pair(days_b, closed_b, "_b")]
    if not all(lengths.size for lengths, _ in groups) or not any(ended.any() for _, ended in groups):
        return None
    from scipy.stats import CensoredData, logrank

    a, b = (CensoredData(uncensored=lengths[ended], right=lengths[~ended]) for lengths, ended in groups)
    with np.errstate(invalid="ignore", divide="ignore"):
        result = logrank(a, b)
    if np.isnan(result.pvalue):
        return None
    return LogRank(float(result.statistic) ** 2, float(result.pvalue))


def _pair(days: Iterable[float], closed: Iterable[bool], suffix: str) -> tuple[Floats, np.ndarray]:
    lengths = series(days, f"days{suffix}")
    ended = series(closed, f"closed{suffix}").astype(bool)
    if lengths.size != ended.size:
        msg = f"days{suffix} has {lengths.size} values, closed{suffix} {ended.size}"
        raise ValueError(msg)
    if (lengths < 0).any():
        msg = f"days{suffix}: negative at position {int(np.argmax(lengths < 0))}"
        raise ValueError(msg)
    return lengths, ended


def _survival(lengths: Floats, ended: np.ndarray) -> pd.DataFrame:
    names = {"day": "float64", "share": "float64", "se": "float64", "at_risk": "int64", "closed": "int64"}
    if not ended.any():
        return pd.DataFrame({name: pd.Series(dtype=dtype) for name, dtype in names.items()})
    from statsmodels.duration.survfunc import SurvfuncRight

    with np.errstate(invalid="ignore", divide="ignore"):
        found = SurvfuncRight(lengths, ended.astype(int))
    columns = (found.surv_times, found.surv_prob, found.surv_prob_se, found.n_risk, found.n_events)
    return pd.DataFrame(dict(zip(names, columns, strict=True))).astype(names)


def _first(survival: pd.DataFrame, share: pd.Series[float]) -> float | None:
    """Give the first day on which the share is at most a half."""
    reached = survival.loc[share <= _HALF, "day"]
    return None if reached.empty else float(reached.iloc[0])
