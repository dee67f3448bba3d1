"""What is allowed but hardly right: likely duplicates, more units with projects than exist.

These are warnings: reported, never corrected.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence

import pandas as pd
from rapidfuzz import fuzz, process

from kuzbass_lean import catalogue
from kuzbass_lean.checks import finding
from kuzbass_lean.errors import Finding

SIMILAR = 92.0
"""From this likeness on (0 to 100, words in any order) two titles are likely one project."""

_PAIRWISE = 1500
"""In larger groups of one organisation only equal titles are looked for: pairs grow with the square."""


def check(tables: Mapping[str, pd.DataFrame], places: Mapping[str, tuple[str, str]]) -> list[Finding]:
    """Return the warnings about accepted rows.

    Parameters
    ----------
    tables
        Typed tables by name; a missing one leaves its checks out.
    places
        For each table the file and the sheet it came from.
    """
    found: list[Finding] = []
    if "projects" in tables:
        found += duplicates(tables["projects"], *places["projects"])
    if {"projects", "organizations", "frames"} <= set(tables):
        found += outside_frame(tables, *places["frames"])
    return found


def duplicates(projects: pd.DataFrame, file: str, sheet: str = "") -> list[Finding]:
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
            place = {"row": row, "column": "title", "value": projects.loc[row, "title"], "other": other}
            found.append(finding("likely_duplicate", file, sheet=sheet, severity="warning", **place))
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


def outside_frame(tables: Mapping[str, pd.DataFrame], file: str, sheet: str = "") -> list[Finding]:
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
            place = {"row": row, "column": "units", "value": stated["units"], "other": count}
            found.append(finding("outside_frame", file, sheet=sheet, severity="warning", **place))
    return found
