"""When will it be reached: the present pace, and the date it leads to, with an interval."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, timedelta

import pandas as pd

from kuzbass_lean.display import Shown
from kuzbass_lean.evidence.base import Interval

FEWEST_EVENTS = 5
"""With fewer events in the window nothing is forecast: the interval would span decades."""
WINDOW_DAYS = 365
"""How far back the present pace looks."""
MONTH_DAYS = 365.25 / 12

_ASSUMPTIONS = ("constant_pace", "independent_events", "recorded_in_time")


@dataclass(frozen=True, slots=True)
class Forecast(Shown):
    """When a count is reached if things go on as they do.

    Attributes
    ----------
    target, reached, needed
        The count aimed at, the events so far, and how many are still needed.
    events, since
        How many events the pace rests on, and the first day of the window they fell in.
    pace, pace_interval
        Events a month, with the exact 95 % interval.
    day
        The day the target is reached at this pace; the report date if it is reached already.
    earliest, latest
        The 95 % prediction interval of that day; ``latest`` is None beyond the calendar.
    assumptions
        Codes of what has to hold: constant_pace, independent_events, recorded_in_time;
        undated_events where some have no date and so do not enter the pace; short_window
        where the records begin within the window.
    """

    target: int
    reached: int
    needed: int
    events: int
    since: date
    pace: float
    pace_interval: Interval
    day: date | None
    earliest: date | None
    latest: date | None
    assumptions: tuple[str, ...]


def poisson_interval(events: int, confidence: float = 0.95) -> Interval:
    """Give the exact interval of the expected number of events of which so many were seen.

    Raises
    ------
    ValueError
        If the number is negative.

    Source: Garwood 1936, Biometrika 28:437-442; Ulm 1990, Am. J. Epidemiology 131:373-375.

    Examples
    --------
    >>> low, high = kl.evidence.poisson_interval(4)
    >>> round(low, 2), round(high, 2)
    (1.09, 10.24)
    """
    from scipy.stats import chi2

    if events < 0:
        msg = f"{events} events: a count is not negative"
        raise ValueError(msg)
    tail = (1 - confidence) / 2
    low = float(chi2.ppf(tail, 2 * events)) / 2 if events else 0.0
    return Interval(low, float(chi2.isf(tail, 2 * events + 2)) / 2)


def waiting_interval(events: int, needed: int, confidence: float = 0.95) -> Interval:
    """Give the prediction interval of the time to so many further events, in windows.

    At a known pace that time is gamma distributed; the pace itself is estimated from the
    events of one window, which makes it a ratio of two gammas.

    Parameters
    ----------
    events
        Seen in the window, at least one.
    needed
        At least one.

    Source: Hahn, Meeker 1991, Statistical Intervals, 7.6 (prediction for a Poisson process,
    conservative); the ratio of gammas is an F distribution (Cox 1953, Biometrika 40:354-360).

    Examples
    --------
    >>> low, high = kl.evidence.waiting_interval(events=10, needed=5)
    >>> round(low, 2), round(high, 2)
    (0.13, 1.39)
    """
    from scipy.stats import f

    tail = (1 - confidence) / 2
    low = needed / (events + 1) * float(f.ppf(tail, 2 * needed, 2 * events + 2))
    return Interval(low, needed / events * float(f.isf(tail, 2 * needed, 2 * events)))


def forecast(
    days: Iterable[date | pd.Timestamp | None],
    target: int,
    as_of: date,
    *,
    window: int = WINDOW_DAYS,
    recorded_since: date | None = None,
) -> Forecast | None:
    """Work out when a count is reached at the present pace.

    Parameters
    ----------
    days
        The day of each event, in any order: a project realised, a unit's first realised
        project, a company's switch. One without a date has happened, but tells no pace;
        one after ``as_of`` has not happened yet.
    target
        How many events are aimed at.
    as_of
        The report date; no day before it is ever given.
    window
        How many days back the pace is taken from, ``as_of`` included.
    recorded_since
        The first day that events were recorded from; shortens the window.

    Returns
    -------
    Forecast or None
        ``None`` with fewer than ``FEWEST_EVENTS`` events in the window: there is no pace.

    Raises
    ------
    ValueError
        If the window is empty.

    Source: pace by Garwood 1936, waiting time by Hahn, Meeker 1991, section 7.6.

    Examples
    --------
    >>> days = [date(2019, month, 1) for month in range(1, 10)]
    >>> kl.evidence.forecast(days, target=20, as_of=day).day
    datetime.date(2020, 12, 20)
    """
    dates = pd.to_datetime(pd.Series(list(days), dtype="object"))
    since = as_of - timedelta(days=window - 1)
    short = recorded_since is not None and recorded_since > since
    since = recorded_since if recorded_since is not None and short else since
    length = (as_of - since).days + 1
    if length < 1:
        msg = f"the window ends on {as_of} and begins on {since}: name an earlier beginning"
        raise ValueError(msg)
    past = dates[dates.le(pd.Timestamp(as_of))]
    undated = int(dates.isna().sum())
    events, reached = int(past.ge(pd.Timestamp(since)).sum()), len(past) + undated
    if events < FEWEST_EVENTS:
        return None
    needed = max(target - reached, 0)
    spread = waiting_interval(events, needed) if needed else Interval(0.0, 0.0)
    months = length / MONTH_DAYS
    low, high = poisson_interval(events)
    return Forecast(
        target=target,
        reached=reached,
        needed=needed,
        events=events,
        since=since,
        pace=events / months,
        pace_interval=Interval(low / months, high / months),
        day=_after(as_of, length * needed / events),
        earliest=_after(as_of, length * spread.low),
        latest=_after(as_of, length * spread.high),
        assumptions=(*_ASSUMPTIONS, *["undated_events"] * bool(undated), *["short_window"] * short),
    )


def _after(as_of: date, days: float) -> date | None:
    """Give the day so many days later, part of a day counted whole; None beyond the calendar."""
    # a whole number of days may come out a little above itself
    whole = math.ceil(days - 1e-9)
    return as_of + timedelta(days=whole) if whole <= (date.max - as_of).days else None
