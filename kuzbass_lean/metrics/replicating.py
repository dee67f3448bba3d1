"""Who took over what, who could, and what to take over next."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from typing import Any

import numpy as np
import pandas as pd

from kuzbass_lean import catalogue
from kuzbass_lean.lookup import among, positions
from kuzbass_lean.lookup import taken as rows_at
from kuzbass_lean.metrics.improvements import improvements
from kuzbass_lean.registry import Registry
from kuzbass_lean.schema import REALISED, TEXT


def adoptions(registry: Registry, practices: Collection[str] = ()) -> pd.DataFrame:
    """Give every unit that took over a practice, and what that gave it there.

    Every organisation that takes part in a replica adopts the practice; cancelled replicas do
    not count.

    Parameters
    ----------
    practices
        Projects whose adopters to give; left out, all.

    Returns
    -------
    DataFrame
        One row per practice and adopter: ``project_id`` (the practice), ``replica_id,
        organization_id, municipality_id, status, realised``, ``days`` (from the closing of the
        practice, or else its implementation, to the implementation of the replica, or else
        its closing; missing without both), ``measure_id`` (the replica's) and ``name`` of the
        measure the two have in common,
        ``relative_low, relative_high`` (its change there, percent, positive when better) and
        ``original_low, original_high`` (its change in the practice). A replica with several
        common measures shows the first by name; without one these are missing.

    Source: programme methodology, metrics table: Replication.

    Examples
    --------
    >>> found = kl.metrics.adoptions(registry)
    >>> len(found), list(found.columns)[:2]
    (21, ['project_id', 'replica_id'])
    """
    projects = registry.projects
    taken = projects["replicates"].notna() & projects["status"].ne("cancelled")
    if practices:
        taken &= among(projects["replicates"], _texts(practices))
    replicas = projects.loc[taken, ["project_id", "replicates", "status", "implemented", "closed"]]
    adopted = replicas["implemented"].fillna(replicas["closed"])
    at = positions(replicas["replicates"], projects["project_id"])
    original = rows_at(projects[["closed", "implemented"]], at, replicas.index)
    begun = original["closed"].fillna(original["implemented"])
    rows = replicas.assign(
        days=(adopted - begun).dt.days.astype("Int64"), realised=replicas["status"].isin(REALISED)
    ).rename(columns={"project_id": "replica_id", "replicates": "project_id"})
    units = registry.project_units()[["project_id", "organization_id", "municipality_id"]]
    units = units[np.append(taken.to_numpy(dtype=bool), False)[registry.projects_of_units]]
    rows = rows.merge(units.rename(columns={"project_id": "replica_id"}), on="replica_id")
    rows = rows.merge(_common(registry, rows), on=["project_id", "replica_id"], how="left")
    names = ["project_id", "replica_id", "organization_id", "municipality_id", "status", "realised", "days"]
    names += ["measure_id", "name", "relative_low", "relative_high", "original_low", "original_high"]
    return rows.sort_values(["project_id", "days", "replica_id", "organization_id"], ignore_index=True)[names]


def _texts(values: Iterable[str]) -> pd.Series:
    return pd.Series(list(values), dtype=TEXT)


def _achieved(registry: Registry, projects: pd.Series) -> pd.DataFrame:
    """Changes that were achieved and are more than a bound, by project and measure."""
    measures = registry.frame("measures")
    measures = measures[among(measures["project_id"], projects)]
    found = improvements(measures, registry.frame("values"), registry.projects)
    known = found[~found["planned"] & ~found["one_sided"] & found["relative_low"].notna()]
    return known[["measure_id", "project_id", "organization_id", "name", "relative_low", "relative_high"]]


def _common(registry: Registry, pairs: pd.DataFrame) -> pd.DataFrame:
    of_both = pd.concat([pairs["project_id"], pairs["replica_id"]])
    changes = _achieved(registry, of_both).drop(columns="organization_id")
    changes = changes.assign(key=changes["name"].str.casefold().str.strip())
    names = {"project_id": "replica_id"}
    ends = {"relative_low": "original_low", "relative_high": "original_high"}
    there = (
        pairs[["project_id", "replica_id"]]
        .drop_duplicates()
        .merge(changes.rename(columns=names), on="replica_id")
    )
    own = changes.drop(columns=["measure_id", "name"]).rename(columns=ends)
    both = there.merge(own, on=["project_id", "key"])
    first = both.sort_values("key").drop_duplicates(["project_id", "replica_id"])
    return first.drop(columns="key")


def replication_table(registry: Registry, practices: Collection[str] = ()) -> pd.DataFrame:
    """Give for each best practice who has adopted it, who could, how fast, and what it gave.

    Parameters
    ----------
    practices
        Projects to list; left out, the published ones and those that others replicate.

    Returns
    -------
    DataFrame
        ``project_id, title, sector, adopters`` (ids, in order), ``realised`` (of them, with a
        realised replica), ``candidates`` (ids of units of the lead's kind and sector that have
        not adopted it), ``eligible`` (adopters and candidates together), ``share`` (adopters of
        eligible, 0..1), ``median_days``, ``median_change`` (percent there, the lower ends),
        ``measured`` (replicas it rests on), ``measures`` (their ids), ``own_change`` (percent in
        the practice itself, the lower end, of the common measure; without one the median of
        its measures), ``own_measures`` (their ids). Most adopters first, then by id. Unknown is
        missing.

    Source: programme methodology, metrics table: Replication.

    Examples
    --------
    >>> len(kl.metrics.replication_table(registry, ["mfckem"]))
    1
    """
    projects = registry.projects
    if practices:
        wanted = among(projects["project_id"], _texts(practices))
    else:
        wanted = projects["source"].eq("published") | among(projects["project_id"], projects["replicates"])
    chosen = projects.loc[wanted, ["project_id", "title", "sector", "organization_id"]]
    found = adoptions(registry, list(chosen["project_id"]))
    table = chosen[["project_id", "title", "sector"]].reset_index(drop=True)
    table = table.assign(**_who(registry, chosen, wanted, found), **_what(registry, chosen, found))
    names = ["project_id", "title", "sector", "adopters", "realised", "candidates", "eligible", "share"]
    names += ["median_days", "median_change", "measured", "measures", "own_change", "own_measures"]
    order = table.assign(count=table["adopters"].map(len))
    order = order.sort_values(["count", "project_id"], ascending=[False, True], ignore_index=True)
    return order[names]


def _who(
    registry: Registry, chosen: pd.DataFrame, wanted: pd.Series, found: pd.DataFrame
) -> dict[str, list[Any]]:
    """Who has adopted each practice, and who could."""
    pairs = registry.project_units()[["project_id", "organization_id"]]
    own = pairs[np.append(wanted.to_numpy(dtype=bool), False)[registry.projects_of_units]]
    at_home = {str(key): set(names) for key, names in own.groupby("project_id")["organization_id"]}
    took = found.merge(own.assign(own=True), on=["project_id", "organization_id"], how="left")
    took = took[took["own"].isna()]
    took_over = {str(key): set(names) for key, names in took.groupby("project_id")["organization_id"]}
    realised = took[took["realised"]].groupby("project_id")["organization_id"].nunique().to_dict()
    units = registry.organizations
    kinds = rows_at(
        units[["kind"]], positions(chosen["organization_id"], units["organization_id"]), chosen.index
    )["kind"]
    alike = units[units["kind"].isin(kinds.unique()) & units["sector"].isin(chosen["sector"].unique())]
    peers = {key: sorted(names) for key, names in alike.groupby(["kind", "sector"])["organization_id"]}
    rows: dict[str, list[Any]] = {
        name: [] for name in ("adopters", "realised", "candidates", "eligible", "share")
    }
    for project, kind, sector in zip(chosen["project_id"], kinds, chosen["sector"], strict=True):
        adopters = took_over.get(project, set())
        taken = adopters | at_home.get(project, set())
        candidates = tuple(unit for unit in peers.get((kind, sector), ()) if unit not in taken)
        eligible = len(adopters) + len(candidates)
        rows["adopters"].append(tuple(sorted(adopters)))
        rows["realised"].append(realised.get(project, 0))
        rows["candidates"].append(candidates)
        rows["eligible"].append(eligible)
        rows["share"].append(len(adopters) / eligible if eligible else None)
    return rows


def _what(registry: Registry, chosen: pd.DataFrame, found: pd.DataFrame) -> dict[str, Any]:
    """How fast each practice was adopted, and what it gave there and in itself."""
    replicas = found.drop_duplicates("replica_id")
    there = replicas.assign(days=replicas["days"].astype("float64")).groupby("project_id")
    own = _achieved(registry, chosen["project_id"])
    at_home = own.groupby("project_id")["relative_low"].median()
    practices = pd.Index(chosen["project_id"])

    def median(column: str) -> pd.Series:
        return there[column].median().reindex(practices).reset_index(drop=True)

    return {
        "median_days": median("days"),
        "median_change": median("relative_low"),
        "measured": there["relative_low"].count().reindex(practices, fill_value=0).to_list(),
        "measures": _lists(replicas.dropna(subset=["measure_id"]), practices),
        "own_change": median("original_low").fillna(at_home.reindex(practices).reset_index(drop=True)),
        "own_measures": _lists(own, practices),
    }


def _lists(measures: pd.DataFrame, practices: pd.Index) -> list[tuple[str, ...]]:
    """The ids of each practice's measures."""
    found = {key: tuple(ids) for key, ids in measures.groupby("project_id")["measure_id"]}
    return [found.get(practice, ()) for practice in practices]


def replication_candidates(
    registry: Registry,
    municipality: str | None = None,
    sector: str | None = None,
    grades: pd.DataFrame | None = None,
) -> pd.DataFrame:
    """Rank the typical projects that could be taken over in a municipality or a sector.

    A typical project is a candidate where it has been realised elsewhere, units that could do
    it are listed here, and (in a municipality) none of them has it, finished or under way.
    A unit could do it if it is of the project's sector and of a kind that has done it.

    The order: most units that have realised it elsewhere; then the largest median improvement
    there, unmeasured last; then most units here; then the catalogue's order.

    Parameters
    ----------
    registry
        The whole region's: what was done elsewhere is the reason.
    municipality, sector
        Where to look; with neither, the whole region.
    grades
        ``evidence.grades`` of the measures; left out, no grade is given.

    Returns
    -------
    DataFrame
        ``typical, sector, group, figure_id`` (the published figure that words it), ``units``
        (ids here), ``adopters`` (units elsewhere that have realised it), ``municipalities``
        (they are in), ``median_change`` (percent, lower ends), ``measured`` (measures it rests
        on), ``measures`` (their ids), ``grade`` (best letter among them). Unknown is missing.

    Source: programme methodology, typical projects (section 6) and Replication; the order is
    this programme's own.

    Examples
    --------
    >>> found = kl.metrics.replication_candidates(registry, municipality="kiselevsky-okrug")
    >>> len(found) > 0
    True
    """
    known = registry.once(_Elsewhere, lambda: _Elsewhere(registry))
    measured = known.measured(grades)
    units = registry.organizations
    able_kinds = set().union(*known.kinds.values())
    here = units[units["kind"].isin(able_kinds)]
    here = here if municipality is None else here[here["municipality_id"].eq(municipality)]
    able = {
        (str(of), str(kind)): set(ids)
        for (of, kind), ids in here.groupby(["sector", "kind"])["organization_id"]
    }
    chosen = [entry for entry in catalogue.typical_projects() if sector in (None, entry.sector)]
    rows = [_candidate(entry, able, known, measured, municipality) for entry in chosen]
    names = ["typical", "sector", "group", "figure_id", "units", "adopters", "municipalities"]
    names += ["median_change", "measured", "measures", "grade"]
    table = pd.DataFrame([row for row in rows if row is not None], columns=names)
    table = table.assign(count=table["units"].map(len))
    table = table.sort_values(
        ["adopters", "median_change", "count"],
        ascending=False,
        kind="stable",
        na_position="last",
        ignore_index=True,
    )
    return table.drop(columns="count")


_Gave = tuple[float, tuple[str, ...], str | None]


class _Elsewhere:
    """Who has done each typical project, and what it gave: the same for whoever asks."""

    def __init__(self, registry: Registry) -> None:
        projects = registry.projects
        known = projects["status"].ne("cancelled") & projects["typical"].notna()
        self._active = projects.loc[known, ["project_id", "typical", "status"]]
        # a participant's project that is not there is at -1, after the last
        rows = np.append(known.to_numpy(dtype=bool), False)[registry.projects_of_units]
        pairs = registry.project_units().loc[
            rows, ["project_id", "organization_id", "municipality_id", "kind"]
        ]
        taken = pairs.merge(self._active, on="project_id")
        done = taken[taken["status"].isin(REALISED)]
        self.taken_by = _sets(taken, "organization_id")
        self.taken_in = _sets(taken, "municipality_id")
        self.adopters = {key: len(names) for key, names in _sets(done, "organization_id").items()}
        self.municipalities = {key: len(names) for key, names in _sets(done, "municipality_id").items()}
        self.kinds = _sets(done, "kind")
        about = done[["project_id", "typical"]].drop_duplicates("project_id")
        self._changes = _achieved(registry, self._active["project_id"]).merge(about, on="project_id")

    def measured(self, grades: pd.DataFrame | None) -> Mapping[str, _Gave]:
        """Return for each typical project the median change, its measures, and their best letter."""
        letters = None if grades is None else grades.set_index("measure_id")["letter"]
        changes = self._changes
        changes = changes.assign(letter=None if letters is None else changes["measure_id"].map(letters))
        found = changes.groupby("typical").agg(
            median=("relative_low", "median"), measures=("measure_id", tuple), letter=("letter", _first)
        )
        return {
            str(key): (float(median), measures, letter)
            for key, median, measures, letter in zip(found.index, *(found[n] for n in found), strict=True)
        }


def _first(letters: pd.Series) -> str | None:
    return min(letters.dropna(), default=None)


def _sets(rows: pd.DataFrame, column: str) -> dict[str, set[str]]:
    known = rows[["typical", column]].dropna().drop_duplicates()
    return {str(key): set(names) for key, names in known.groupby("typical")[column]}


def _candidate(
    entry: catalogue.TypicalProject,
    able: Mapping[tuple[str, str], set[str]],
    known: _Elsewhere,
    measured: Mapping[str, _Gave],
    municipality: str | None,
) -> dict[str, object] | None:
    if municipality is not None and municipality in known.taken_in.get(entry.key, ()):
        return None
    kinds = known.kinds.get(entry.key, set())
    units = set().union(*(able.get((entry.sector, kind), set()) for kind in kinds))
    units -= known.taken_by.get(entry.key, set())
    if not units:
        return None
    median, measures, letter = measured.get(entry.key, (float("nan"), (), None))
    return {
        "typical": entry.key,
        "sector": entry.sector,
        "group": entry.group,
        "figure_id": entry.figure_id,
        "units": tuple(sorted(units)),
        "adopters": known.adopters.get(entry.key, 0),
        "municipalities": known.municipalities.get(entry.key, 0),
        "median_change": median,
        "measured": len(measures),
        "measures": measures,
        "grade": letter,
    }
