"""Open projects one by one, and whether the registry began too late to tell how long they take."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

import numpy as np
import pandas as pd

from kuzbass_lean.display import Shown
from kuzbass_lean.lookup import most_first
from kuzbass_lean.schema import OPEN


def ageing_list(projects: pd.DataFrame, as_of: date) -> pd.DataFrame:
    """Give the open projects with their age, the oldest first: the rows behind ``ageing``.

    Returns
    -------
    DataFrame
        The open projects with ``age`` (days since the start; missing without a start or with
        one after ``as_of``, those last) and ``late`` (days past due; 0 when not late, missing
        without a due date).

    Examples
    --------
    >>> len(kl.metrics.ageing_list(registry.projects, day))
    98
    """
    moment = pd.Timestamp(as_of)
    still = np.flatnonzero(projects["status"].isin(OPEN))
    told = projects[["project_id", "started", "due"]].iloc[still]
    age = (moment - told["started"]).dt.days.astype("Int64")
    age = age.mask(age.lt(0))
    late = (moment - told["due"]).dt.days.astype("Int64").clip(lower=0)
    order = most_first(age, told["project_id"])
    return projects.iloc[still[order]].assign(age=age.iloc[order], late=late.iloc[order])


@dataclass(frozen=True, slots=True)
class LeftTruncation(Shown):
    """Projects that began before anybody recorded endings: their quicker peers are missing.

    Attributes
    ----------
    since
        The day records began; None where nothing tells.
    stated
        Whether that day was stated or taken from the first recorded ending.
    before, started
        Projects that began too early, of those with a start.
    """

    since: date | None
    stated: bool
    before: int
    started: int

    @property
    def warning(self) -> bool:
        """Whether the time to close is biased upwards: to be said beside it."""
        return self.before > 0


def left_truncation(projects: pd.DataFrame, recorded_since: date | None = None) -> LeftTruncation:
    """Look for projects that entered the registry only because they were slow.

    A registry that was begun midway holds of the earlier projects only those still open
    then. Where nobody says when it was begun, the first recorded ending is taken, less the
    median duration of the closed projects: a project that began before that was open for
    a time in which half of all projects close, and no project at all is recorded as ended.

    Parameters
    ----------
    recorded_since
        The day from which all projects are recorded, if known.

    Source: Klein, Moeschberger 2003, Survival Analysis, 2nd ed., 3.4 (left truncation); the rule
    for an unknown beginning is this programme's own.

    Examples
    --------
    >>> kl.metrics.left_truncation(registry.projects, date(2018, 1, 1)).warning
    False
    """
    starts = projects["started"].dropna()
    if recorded_since is not None:
        before = int(starts.lt(pd.Timestamp(recorded_since)).sum())
        return LeftTruncation(recorded_since, True, before, len(starts))
    ended = projects["closed"].fillna(projects["implemented"])
    lengths = (ended - projects["started"]).dropna()
    if lengths.empty:
        return LeftTruncation(None, False, 0, len(starts))
    since = ended.min() - lengths.median()
    return LeftTruncation(since.date(), False, int(starts.lt(since).sum()), len(starts))
