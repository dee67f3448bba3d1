"""What is allowed but hardly right: likely duplicates, more units than exist, parts without their sum.

These are warnings: reported, never corrected.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import cast

import pandas as pd
from rapidfuzz import fuzz, process

from kuzbass_lean import catalogue
from kuzbass_lean.checks import located
from kuzbass_lean.errors import Finding
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
    groups: dict[str, list[int]] = {}
    for row, organization in projects["organization_id"].items():
        groups.setdefault(organization, []).append(int(str(row)))
    words = {
        int(str(row)): " ".join(sorted(catalogue.plain(t).split())) for row, t in projects["title"].items()
    }
    found = []
    for rows in groups.values():
        for row, other in _similar(rows, words):
            place = {"column": "title", "value": projects.loc[row, "title"]}
            other_line = origin.said(other, row)
            found.append(
                located("likely_duplicate", origin, row, severity="warning", **place, other=other_line)
            )
    return found


def _similar(rows: Sequence[int], words: Mapping[int, str]) -> Iterator[tuple[int, int]]:
    """Each row that resembles an earlier one, with the first it resembles."""
    if len(rows) > _PAIRWISE:
        first: dict[str, int] = {}
        yield from ((row, first[words[row]]) for row in rows if first.setdefault(words[row], row) != row)
        return
    numbers = {row: sorted(re.findall(r"[0-9]+", words[row])) for row in rows}
    for place, row in enumerate(rows):
        earlier = {other: words[other] for other in rows[:place] if numbers[other] == numbers[row]}
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
    units = organizations[organizations["organization_id"].isin(involved)]
    latest = frames.groupby(["kind", "municipality_id"], dropna=False)["as_of"].transform("max")
    found = []
    for row, stated in frames[frames["as_of"].eq(latest)].iterrows():
        here = units
        if not pd.isna(stated["municipality_id"]):
            here = units[units["municipality_id"].eq(stated["municipality_id"])]
        if stated["kind"] == "municipality":
            count = here["municipality_id"].nunique()
        else:
            count = int(here["kind"].eq(stated["kind"]).sum())
        if count > stated["units"]:
            words = {"column": "units", "value": stated["units"], "other": count}
            found.append(located("outside_frame", origin, cast("int", row), severity="warning", **words))
    return found


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
