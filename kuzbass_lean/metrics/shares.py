"""Shares of projects and problems. The two meanings of "done" are never mixed.

Some published tables give all projects and the closed ones among them, others give the
implemented and the ones in progress side by side. Whether "closed" equals "implemented" is
not stated anywhere, so each meaning has a function of its own and one chart shows one of them.
"""

from __future__ import annotations

from collections.abc import Hashable
from dataclasses import dataclass

import numpy as np
import pandas as pd

from kuzbass_lean.display import Shown
from kuzbass_lean.errors import DataError, Finding
from kuzbass_lean.metrics.values import CountBounds, Ratio
from kuzbass_lean.schema import REALISED

FEW_UNITS = 5
"""With fewer units than this the share of the largest says little."""


@dataclass(frozen=True, slots=True)
class Concentration(Shown):
    """How projects are spread over units.

    Attributes
    ----------
    per_unit
        Projects over units that have one.
    top
        The unit or units with the most projects.
    top_share
        Projects of one such unit over all projects.
    few
        Fewer than ``FEW_UNITS`` units: read with care.
    """

    per_unit: Ratio
    top: tuple[str, ...]
    top_share: Ratio
    few: bool


def closed_share(projects: pd.DataFrame) -> Ratio:
    """Give the closed projects of all that were not cancelled.

    A project of unknown status counts as not closed here; ``closed_range`` gives what it
    could change.

    Source: programme methodology, metrics table: Closed share, first formula.

    Examples
    --------
    >>> kl.metrics.closed_share(registry.projects)
    Ratio(numerator=100, denominator=288)
    """
    status = projects["status"]
    return Ratio(int(status.eq("closed").sum()), int(status.ne("cancelled").sum()))


def implemented_share(projects: pd.DataFrame) -> Ratio:
    """Give the implemented projects of those implemented or in progress; no other status enters.

    Source: programme methodology, metrics table: Closed share, second formula.

    Examples
    --------
    >>> kl.metrics.implemented_share(registry.projects)
    Ratio(numerator=55, denominator=134)
    """
    counts = projects["status"].value_counts()
    implemented = int(counts.get("implemented", 0))
    return Ratio(implemented, implemented + int(counts.get("in_progress", 0)))


def realised_share(projects: pd.DataFrame) -> Ratio:
    """Give the realised projects, implemented or closed, of all that were not cancelled.

    Examples
    --------
    >>> kl.metrics.realised_share(registry.projects)
    Ratio(numerator=155, denominator=288)
    """
    status = projects["status"]
    return Ratio(int(status.isin(REALISED).sum()), int(status.ne("cancelled").sum()))


def closed_bounds(total: int, known_closed: int, blank_projects: int) -> CountBounds:
    """Bound the number of closed projects where some rows leave it blank.

    Parameters
    ----------
    total
        All projects.
    known_closed
        Closed projects in the rows that say so.
    blank_projects
        Projects in the rows where the number of closed ones is blank.

    Source: programme methodology, metrics table: Closed share, missing closed.

    Examples
    --------
    >>> kl.metrics.closed_bounds(total=20, known_closed=8, blank_projects=3)
    CountBounds(low=8, high=11, total=20)
    """
    return CountBounds(known_closed, known_closed + blank_projects, total)


def closed_range(projects: pd.DataFrame) -> CountBounds:
    """Bound the number of closed projects, any of unknown status being possibly closed.

    Examples
    --------
    >>> kl.metrics.closed_range(registry.projects)
    CountBounds(low=100, high=135, total=288)
    """
    known = closed_share(projects)
    unknown = int(projects["status"].eq("unknown").sum())
    return closed_bounds(known.denominator or 0, known.numerator or 0, unknown)


def solved_share(projects: pd.DataFrame) -> Ratio:
    """Give the problems solved of problems found, over the projects that state both.

    No such project gives an unknown share.

    Raises
    ------
    DataError
        If a project solved more problems than it found.

    Source: programme methodology, metrics table: Solved share.

    Examples
    --------
    >>> kl.metrics.solved_share(registry.projects)
    Ratio(numerator=1154, denominator=1630)
    """
    stated = projects.dropna(subset=["problems_found", "problems_solved"])
    wrong = stated[stated["problems_solved"] > stated["problems_found"]]
    if len(wrong):
        raise DataError([_too_many_solved(row) for row in wrong.reset_index().to_dict("records")])
    if stated.empty:
        return Ratio(None, None)
    return Ratio(int(stated["problems_solved"].sum()), int(stated["problems_found"].sum()))


def concentration(projects: pd.DataFrame, unit: str = "organization_id") -> Concentration:
    """Tell how unevenly projects are spread over the units named in a column.

    Projects without a unit and cancelled ones are left out.

    Source: programme methodology, metrics table: Projects per unit; concentration.

    Examples
    --------
    >>> kl.metrics.concentration(registry.projects, "sector").top
    ('empl',)
    """
    codes, names = pd.factorize(projects[unit])
    active = projects["status"].ne("cancelled").to_numpy(dtype=bool) & (codes >= 0)
    counts = pd.Series(np.bincount(codes[active], minlength=len(names)), index=names)
    counts = counts[counts.gt(0)]
    total, largest = int(counts.sum()), int(counts.max()) if len(counts) else 0
    return Concentration(
        per_unit=Ratio(total, len(counts)),
        top=tuple(sorted(counts.index[counts == largest].to_numpy(dtype=object))),
        top_share=Ratio(largest, total),
        few=len(counts) < FEW_UNITS,
    )


def _too_many_solved(row: dict[Hashable, object]) -> Finding:
    found, solved = row["problems_found"], row["problems_solved"]
    return Finding(
        severity="error",
        file="projects",
        sheet="",
        row=None,
        column="problems_solved",
        value=str(solved),
        rule="solved_above_found",
        message=f"проект {row['project_id']}: решено {solved}, выявлено {found}; решить можно не больше",
    )
