"""What is allowed but hardly right: likely duplicates, more units than exist, parts without their sum.

These are warnings: reported, never corrected.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, cast

import numpy as np
import pandas as pd
from rapidfuzz import fuzz, process

from kuzbass_lean import catalogue
from kuzbass_lean.checks import located
from kuzbass_lean.errors import Finding
from kuzbass_lean.lookup import among
from kuzbass_lean.places import Origin

SIMILAR = 92.0
"""From this likeness on (0 to 100, words in any order) two titles are likely one project."""

_PAIRWISE = 1500
"""In larger groups of one organisation only equal titles are looked for: pairs grow with the square."""


def check(tables: Mapping[str, pd.DataFrame], origins: Mapping[str, Origin]) -> list[Finding]:
    """Return the warnings about accepted rows.

    Parameters
    ----------
    tables
        Typed tables by name; a missing one leaves its checks out.
    origins
        For each table where its rows stand.
    """
    found: list[Finding] = []
    if "projects" in tables:
        found += duplicates(tables["projects"], origins["projects"])
    if {"projects", "organizations", "frames"} <= set(tables):
        found += outside_frame(tables, origins["frames"])
    own = tables.get("municipalities")
    territories = len(catalogue.municipalities() if own is None else own)
    for table, total in _TOTALS.items():
        if table in tables:
            found += parts_and_total(tables[table], origins[table], total, territories)
    return found


def duplicates(projects: pd.DataFrame, origin: Origin) -> list[Finding]:
    """Return the projects whose organisation has an earlier one with nearly the same title.

    Titles that differ in a number («этап 1», «этап 2») are different projects.
    """
    owners, _ = pd.factorize(projects["organization_id"], use_na_sentinel=False)
    told = pd.DataFrame({"owner": owners, "numbers": _numbers(projects["title"])})
    alike = told[told.duplicated(keep=False)]
    groups: dict[tuple[int, str], list[int]] = {}
    for row, owner, numbers in zip(alike.index, alike["owner"], alike["numbers"], strict=True):
        groups.setdefault((owner, numbers), []).append(int(row))
    titles = projects["title"].loc[alike.index]
    words = {int(str(row)): " ".join(sorted(catalogue.plain(t).split())) for row, t in titles.items()}
    sizes = np.bincount(owners)
    pairs = [
        (owner, row, other)
        for (owner, _), rows in groups.items()
        for row, other in (_equal if sizes[owner] > _PAIRWISE else _similar)(rows, words)
    ]
    return [
        located(
            "likely_duplicate",
            origin,
            row,
            severity="warning",
            column="title",
            value=titles[row],
            other=origin.said(other, row),
        )
        for _, row, other in sorted(pairs)
    ]


def _numbers(titles: pd.Series) -> pd.Series:
    """The numbers in each title in a fixed order, as text: titles with different ones are not compared."""
    found = titles.str.replace("[^0-9]+", " ", regex=True).str.strip()
    several = found[found.str.contains(" ", regex=False)]
    return several.map(lambda each: " ".join(sorted(each.split()))).reindex(found.index).fillna(found)


def _equal(rows: Sequence[int], words: Mapping[int, str]) -> Iterator[tuple[int, int]]:
    """Each row whose words an earlier one has, with the first that has them."""
    first: dict[str, int] = {}
    yield from ((row, first[words[row]]) for row in rows if first.setdefault(words[row], row) != row)


def _similar(rows: Sequence[int], words: Mapping[int, str]) -> Iterator[tuple[int, int]]:
    """Each row that resembles an earlier one, with the first it resembles."""
    for place, row in enumerate(rows):
        earlier = {other: words[other] for other in rows[:place]}
        likeness = process.extract_iter(words[row], earlier, scorer=fuzz.ratio, score_cutoff=SIMILAR)
        other = next((key for _, _, key in likeness), None)
        if other is not None:
            yield row, other


def outside_frame(tables: Mapping[str, pd.DataFrame], origin: Origin) -> list[Finding]:
    """Return the rows of the latest frame that state fewer units than have projects.

    Units are the organisations of the frame's kind that lead a project or take part in one,
    in the frame's territory; for kind ``municipality`` the territories of such organisations.
    """
    frames, organizations = tables["frames"], tables["organizations"]
    involved = tables["projects"]["organization_id"]
    if "participants" in tables:
        involved = pd.concat([involved, tables["participants"]["organization_id"]])
    units = organizations[among(organizations["organization_id"], involved)]
    places = units["municipality_id"].dropna().unique()
    counts: dict[Any, int] = units.groupby(["municipality_id", "kind"]).size().to_dict()
    counts |= {("", kind): count for kind, count in units["kind"].value_counts().items()}
    counts |= {
        **dict.fromkeys(((place, "municipality") for place in places), 1),
        ("", "municipality"): len(places),
    }
    latest = frames.groupby(["kind", "municipality_id"], dropna=False)["as_of"].transform("max")
    current = frames[frames["as_of"].eq(latest)]
    keys = zip(current["municipality_id"].fillna(""), current["kind"], strict=True)
    has = current.assign(count=[counts.get(key, 0) for key in keys])
    return [
        located(
            "outside_frame",
            origin,
            cast("int", row),
            severity="warning",
            column="units",
            value=stated,
            other=count,
        )
        for row, stated, count in has.loc[has["count"] > has["units"], ["units", "count"]].itertuples()
    ]


_TOTALS = {"frames": ("units", ["kind", "as_of"]), "plans": ("planned_units", ["year", "kind", "sector"])}
"""Tables whose rows without a territory are totals of those with one: the number, and what they share."""


def parts_and_total(
    frame: pd.DataFrame, origin: Origin, total: tuple[str, list[str]], territories: int
) -> list[Finding]:
    """Return the stated totals that the numbers of the territories do not sum to.

    A territory that states nothing is unknown: while one does, only a sum above the total is wrong.

    Parameters
    ----------
    total
        The column of numbers, and the columns that a total shares with its parts.
    territories
        How many territories there are.
    """
    column, by = total
    local = frame["municipality_id"].notna()
    parts = frame[local].groupby(by, dropna=False)
    sums, known = parts[column].sum(), parts["municipality_id"].nunique()
    found = []
    for row, stated in frame[~local].iterrows():
        key = tuple(stated[by])
        if key not in sums.index:
            continue
        summed = int(sums[key])
        if summed > stated[column] or (summed < stated[column] and known[key] == territories):
            words = {"column": column, "value": stated[column], "other": summed}
            found.append(located("parts_and_total", origin, cast("int", row), severity="warning", **words))
    return found
