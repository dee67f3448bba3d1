"""The days on which things happened: the input of a forecast."""

from __future__ import annotations

from collections.abc import Collection

import numpy as np
import pandas as pd

from kuzbass_lean.lookup import Positions
from kuzbass_lean.registry import Registry
from kuzbass_lean.schema import REALISED


def realised_days(registry: Registry, kinds: Collection[str] = ()) -> pd.Series:
    """Give the day on which each realised project of the units was implemented, or else closed.

    Parameters
    ----------
    kinds
        Organisation kinds that take part, all if empty; ``("municipality",)`` takes the
        projects that carry a municipal direction.

    Returns
    -------
    Series
        By ``project_id``, missing where neither date is recorded.

    Examples
    --------
    >>> found = kl.metrics.realised_days(registry, ["mfc"])
    >>> len(found)
    12
    """
    rows, day = _realised(registry, kinds)
    some = np.zeros(len(day), dtype=bool)
    some[registry.projects_of_units[rows]] = True
    return day[some].set_axis(pd.Index(registry.projects["project_id"][some], name="project_id")).sort_index()


def first_realised(registry: Registry, kinds: Collection[str] = ()) -> pd.Series:
    """Give the day of each unit's first realised project.

    Parameters are those of ``realised_days``.

    Returns
    -------
    Series
        By ``organization_id`` or ``municipality_id``, in alphabetical order; missing where a
        unit has a realised project without a date, which may have been the first.

    Examples
    --------
    >>> found = kl.metrics.first_realised(registry, ["state_body"])
    >>> len(found), found.min().date()
    (11, datetime.date(2018, 10, 31))
    """
    rows, day = _realised(registry, kinds)
    unit = "municipality_id" if tuple(kinds) == ("municipality",) else "organization_id"
    codes, names = pd.factorize(registry.project_units()[unit].iloc[rows], sort=True)
    placed = codes >= 0
    grouped = day.iloc[registry.projects_of_units[rows[placed]]].groupby(codes[placed])
    first = grouped.min().where(grouped.count().eq(grouped.size()))
    return first.set_axis(pd.Index(names, name=unit))


def switch_days(organizations: pd.DataFrame, kinds: Collection[str]) -> pd.Series:
    """Give the day on which each organisation of the kinds that has switched to lean did.

    Examples
    --------
    >>> len(kl.metrics.switch_days(registry.organizations, ["transport_company"]))
    4
    """
    rows = organizations[organizations["kind"].isin(list(kinds)) & organizations["lean_since"].notna()]
    return rows.set_index("organization_id")["lean_since"].sort_index()


def _realised(registry: Registry, kinds: Collection[str]) -> tuple[Positions, pd.Series]:
    """The rows of ``project_units`` that count, and the day of every project, realised or not."""
    projects = registry.projects
    done = projects["status"].isin(REALISED)
    if tuple(kinds) == ("municipality",):
        done &= projects["direction"].notna()
    # a participant's project that is not there is at -1, after the last
    chosen = np.append(done.to_numpy(dtype=bool), False)[registry.projects_of_units]
    if kinds and tuple(kinds) != ("municipality",):
        chosen &= registry.project_units()["kind"].isin(list(kinds)).to_numpy(dtype=bool)
    return np.flatnonzero(chosen), projects["implemented"].fillna(projects["closed"]).rename("day")
