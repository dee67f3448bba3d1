"""The portfolio of projects on a date: how many, in what state, how late, how long."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date

import numpy as np
import pandas as pd

from kuzbass_lean.display import Shown
from kuzbass_lean.lookup import most_first, positions, taken
from kuzbass_lean.schema import OPEN, REALISED, STATUSES

AGE_BANDS = (90, 180, 365)
"""Upper ends, in days, of the bands of ``ageing``; the last band is open."""


@dataclass(frozen=True, slots=True)
class Portfolio(Shown):
    """Counts of projects on a date. Cancelled projects are counted apart from ``total``.

    Attributes
    ----------
    statuses
        Projects by status, every status of the registry, cancelled too.
    overdue
        Open projects whose due date is before ``as_of``; on the day itself nothing is late.
    without_due
        Open projects of which nobody can say whether they are late.
    """

    as_of: date
    statuses: Mapping[str, int]
    overdue: int
    without_due: int

    @property
    def total(self) -> int:
        """All projects that were not cancelled."""
        return sum(self.statuses.values()) - self.cancelled

    @property
    def realised(self) -> int:
        """Implemented and closed projects."""
        return sum(self.statuses[status] for status in REALISED)

    @property
    def open(self) -> int:
        """Projects planned or in progress."""
        return sum(self.statuses[status] for status in OPEN)

    @property
    def cancelled(self) -> int:
        """Cancelled projects."""
        return self.statuses["cancelled"]


def portfolio(projects: pd.DataFrame, as_of: date) -> Portfolio:
    """Count projects by status and lateness.

    Source: programme methodology, metrics table: Overdue.

    Examples
    --------
    >>> state = kl.metrics.portfolio(registry.projects, day)
    >>> state.total, state.realised, state.overdue
    (288, 155, 13)
    """
    counts = projects["status"].value_counts()
    due = projects.loc[projects["status"].isin(OPEN), "due"]
    return Portfolio(
        as_of=as_of,
        statuses={status: int(counts.get(status, 0)) for status in STATUSES},
        overdue=int((due < pd.Timestamp(as_of)).sum()),
        without_due=int(due.isna().sum()),
    )


def as_at(projects: pd.DataFrame, as_of: date) -> pd.DataFrame:
    """Give the projects as they stood on an earlier date, for "changed by" figures.

    A project that was closed or implemented later gets the status it had before, and its
    later dates become missing; one that began later was not there yet, unless it is only
    planned. Where a date is missing the recorded status stands: the registry keeps no
    history of statuses.

    Examples
    --------
    >>> earlier = kl.metrics.as_at(registry.projects, date(2019, 3, 31))
    >>> len(earlier) < len(registry.projects)
    True
    """
    moment = pd.Timestamp(as_of)
    not_there = projects["started"].gt(moment) & projects["status"].ne("planned")
    known = projects[~not_there]
    implemented = known["implemented"].where(known["implemented"].le(moment))
    closed = known["closed"].where(known["closed"].le(moment))
    undone = known["implemented"].gt(moment) | (known["closed"].gt(moment) & implemented.isna())
    status = known["status"].mask(known["closed"].gt(moment) & known["status"].isin(REALISED), "implemented")
    status = status.mask(status.isin(REALISED) & undone, "in_progress")
    return known.assign(status=status, implemented=implemented, closed=closed)


def by(projects: pd.DataFrame, rows: str, columns: str = "status") -> pd.DataFrame:
    """Cross-count projects, e.g. sector by status.

    Returns
    -------
    DataFrame
        One row per value of ``rows`` in alphabetical order, projects without that value
        last under a missing label; one column per value of ``columns``, for ``status`` every
        status in its own order. Whole numbers, 0 where there is no project.

    Examples
    --------
    >>> kl.metrics.by(registry.projects, "sector").loc["health"].to_dict()
    {'planned': 0, 'in_progress': 15, 'implemented': 0, 'closed': 15, 'cancelled': 0, 'unknown': 12}
    """
    counts = projects.groupby([rows, columns], dropna=False).size().unstack(fill_value=0)  # noqa: PD010
    names = list(STATUSES) if columns == "status" else list(counts.columns)
    return counts.reindex(columns=pd.Index(names, name=columns), fill_value=0).astype("int64")


def overdue(projects: pd.DataFrame, as_of: date) -> pd.DataFrame:
    """Give the overdue projects with ``days`` past due, the longest first.

    Open projects without a due date are not here: ``Portfolio.without_due`` counts them.

    Source: programme methodology, metrics table: Overdue.

    Examples
    --------
    >>> late = kl.metrics.overdue(registry.projects, day)
    >>> len(late), int(late["days"].iloc[0])
    (13, 42)
    """
    moment = pd.Timestamp(as_of)
    late = np.flatnonzero(projects["status"].isin(OPEN) & projects["due"].lt(moment))
    days = (moment - projects["due"].iloc[late]).dt.days.astype("int64")
    order = most_first(days, projects["project_id"].iloc[late])
    return projects.iloc[late[order]].assign(days=days.iloc[order])


def ageing(projects: pd.DataFrame, as_of: date) -> pd.DataFrame:
    """Count open projects by days since their start.

    Returns
    -------
    DataFrame
        ``from_day, to_day, projects``, one row per band, ends included; ``to_day`` of the
        last band is missing. A last row with both missing counts projects without a start
        date or with one after ``as_of``.

    Examples
    --------
    >>> int(kl.metrics.ageing(registry.projects, day)["projects"].sum())
    98
    """
    started = projects.loc[projects["status"].isin(OPEN), "started"]
    days = (pd.Timestamp(as_of) - started).dt.days
    starts = [0, *(end + 1 for end in AGE_BANDS)]
    ends = [*AGE_BANDS, float("inf")]
    counts = [int(days.between(start, end).sum()) for start, end in zip(starts, ends, strict=True)]
    return pd.DataFrame(
        {
            "from_day": pd.array([*starts, None], dtype="Int64"),
            "to_day": pd.array([*AGE_BANDS, None, None], dtype="Int64"),
            "projects": [*counts, len(started) - sum(counts)],
        }
    )


def durations(projects: pd.DataFrame, as_of: date) -> pd.DataFrame:
    """Give each started project's days to closing, or so far: the input of time to close.

    Projects not closed by ``as_of`` are censored there. Left out are those for which the
    registry holds no usable time: without a start or with one after ``as_of``, closed without
    a date, and cancelled ones, whose date of cancellation is not recorded.

    Returns
    -------
    DataFrame
        ``project_id, days, closed``, with the index of ``projects``.

    Source: programme methodology, metrics table: Time to close.

    Examples
    --------
    >>> lengths = kl.metrics.durations(registry.projects, day)
    >>> int(lengths["closed"].sum()), len(lengths)
    (100, 226)
    """
    moment = pd.Timestamp(as_of)
    undated = projects["status"].eq("closed") & projects["closed"].isna()
    known = projects["started"].le(moment) & projects["status"].ne("cancelled") & ~undated
    usable = projects.loc[known, ["project_id", "started", "closed"]]
    closed = usable["closed"].le(moment)
    end = usable["closed"].where(closed, moment)
    days = (end - usable["started"]).dt.days.astype("int64")
    return pd.DataFrame({"project_id": usable["project_id"], "days": days, "closed": closed})


def replication(projects: pd.DataFrame) -> pd.DataFrame:
    """Give for each replicated project who took it over and how long that took.

    Cancelled replicas do not count. Days run from the closing of the original (or its
    implementation, if that is all there is) to the implementation (or closing) of the replica;
    without both dates they are unknown.

    Returns
    -------
    DataFrame
        ``project_id, adopters`` (organisations with a replica), ``realised`` (replicas
        implemented or closed), ``median_days``; most adopters first.

    Source: programme methodology, metrics table: Replication.

    Examples
    --------
    >>> found = kl.metrics.replication(registry.projects)
    >>> found["project_id"].iloc[0], int(found["adopters"].iloc[0])
    ('demo-135', 6)
    """
    columns = ["replicates", "organization_id", "status", "implemented", "closed"]
    replicas = projects.loc[projects["replicates"].notna() & projects["status"].ne("cancelled"), columns]
    at = positions(replicas["replicates"], projects["project_id"])
    original = taken(projects[["closed", "implemented"]], at, replicas.index)
    adopted = replicas["implemented"].fillna(replicas["closed"])
    days = (adopted - original["closed"].fillna(original["implemented"])).dt.days
    grouped = replicas.assign(days=days, realised=replicas["status"].isin(REALISED)).groupby("replicates")
    found = grouped.agg(
        adopters=("organization_id", "nunique"), realised=("realised", "sum"), median_days=("days", "median")
    )
    found = found.rename_axis("project_id").reset_index()
    return found.sort_values(["adopters", "project_id"], ascending=[False, True], ignore_index=True)
