"""The days on which things happened: the input of a forecast."""

from __future__ import annotations

from collections.abc import Collection

import pandas as pd

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
    return _realised(registry, kinds).groupby("project_id")["day"].first()


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
    rows = _realised(registry, kinds)
    unit = "municipality_id" if tuple(kinds) == ("municipality",) else "organization_id"
    grouped = rows.dropna(subset=[unit]).groupby(unit)["day"]
    return grouped.min().where(grouped.count().eq(grouped.size()))


def switch_days(organizations: pd.DataFrame, kinds: Collection[str]) -> pd.Series:
    """Give the day on which each organisation of the kinds that has switched to lean did.

    Examples
    --------
    >>> len(kl.metrics.switch_days(registry.organizations, ["transport_company"]))
    4
    """
    rows = organizations[organizations["kind"].isin(list(kinds)) & organizations["lean_since"].notna()]
    return rows.set_index("organization_id")["lean_since"].sort_index()


def _realised(registry: Registry, kinds: Collection[str]) -> pd.DataFrame:
    projects = registry.projects[registry.projects["status"].isin(REALISED)]
    pairs = registry.project_units()
    if tuple(kinds) == ("municipality",):
        projects = projects[projects["direction"].notna()]
    elif kinds:
        pairs = pairs[pairs["kind"].isin(list(kinds))]
    day = projects["implemented"].fillna(projects["closed"])
    return pairs.merge(projects[["project_id"]].assign(day=day), on="project_id")
