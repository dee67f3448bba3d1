"""What each unit of a direction has reached, as exact bounds: what is known, what is possible."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from fractions import Fraction
from types import MappingProxyType

import numpy as np
import numpy.typing as npt
import pandas as pd

from kuzbass_lean.lookup import distinct, positions
from kuzbass_lean.maturity.reach import UNKNOWN, Reach, Units, whole_numbers
from kuzbass_lean.metrics import criteria_share, frame_units
from kuzbass_lean.registry import Registry, once
from kuzbass_lean.schema import REALISED

HYPOTHETICAL = "what-if"
"""Marks rows of a what-if; a hypothetical switch to lean does not tell that nobody else has switched."""


def local(part: Registry, municipality: str) -> Registry:
    """Return a municipality's part with no organisations but its own."""
    own = part.organizations["municipality_id"].eq(municipality)
    return part.once(
        (local, municipality), lambda: with_table(part, "organizations", part.organizations[own])
    )


def with_table(registry: Registry, name: str, frame: pd.DataFrame) -> Registry:
    """Return the registry with one table replaced."""
    return replace(registry, tables=MappingProxyType({**registry.tables, name: frame}))


@once
def realised(registry: Registry, as_of: date) -> npt.NDArray[np.bool_]:
    """Return which projects were implemented or closed by the date; without a date the status counts."""
    projects = registry.projects
    done = projects["implemented"].fillna(projects["closed"])
    flags = projects["status"].isin(REALISED) & ~done.gt(pd.Timestamp(as_of))
    return flags.to_numpy(dtype=bool)


@once
def total_units(
    registry: Registry, kinds: tuple[str, ...], as_of: date
) -> tuple[int | None, tuple[str, ...]]:
    """Return N over the kinds, and what is missing; one kind without a frame makes N unknown."""
    counts = {kind: frame_units(registry.frame("frames"), kind, as_of=as_of) for kind in kinds}
    missing = tuple(f"frames: {kind}" for kind, count in counts.items() if count is None)
    total = None if missing else sum(count or 0 for count in counts.values())
    return total, missing


@once
def listed(registry: Registry, kinds: tuple[str, ...]) -> pd.DataFrame:
    """Return the registry's organisations of the kinds."""
    organizations = registry.organizations
    return organizations[organizations["kind"].isin(list(kinds))]


@once
def by_projects(registry: Registry, kinds: tuple[str, ...], as_of: date) -> tuple[Units, int]:
    """Return realised projects per unit, and how many distinct ones the units have in all.

    A municipality counts by projects that carry a municipal direction. A unit that takes part
    in a centralised project has it; in the sum it counts once.
    """
    projects, pairs, at = registry.projects, registry.project_units(), registry.projects_of_units
    done = realised(registry, as_of)
    if kinds == ("municipality",):
        done = done & projects["direction"].notna().to_numpy()
        unit, names = "municipality_id", list(registry.municipalities.index)
        mine = np.ones(len(pairs), dtype=bool)
    else:
        unit, names = "organization_id", list(listed(registry, kinds)["organization_id"])
        mine = pairs["kind"].isin(list(kinds)).to_numpy(dtype=bool)
    # a participant's project that is not there is at -1, after the last
    rows = np.flatnonzero(mine & np.append(done, False)[at])
    unit_at = positions(pairs[unit].iloc[rows], pd.Series(names, dtype=pairs[unit].dtype))
    # a municipality has a project once, however many of its organisations take part
    once_each = pd.unique(at[rows] * (len(names) + 1) + unit_at)
    counts = np.bincount(once_each % (len(names) + 1), minlength=len(names) + 1)[: len(names)]
    total, missing = total_units(registry, kinds, as_of)
    levels = tuple((Fraction(count),) * 2 for count in range(int(counts.max(initial=0)) + 1))
    # A municipality without a single project in the registry is known to have none.
    sum_of = done.sum() if unit == "municipality_id" else len(pd.unique(at[rows]))
    return Units(names, counts, levels, total, open_ended=False, missing=missing), int(sum_of)


@once
def by_criteria(registry: Registry, kinds: tuple[str, ...], model: str, as_of: date) -> Units:
    """Return the percent of criteria each unit meets; criteria without an answer make bounds."""
    total, missing = total_units(registry, kinds, as_of)
    if not registry.has("assessments"):
        missing = (*missing, "assessments")
    shares = criteria_share(registry.frame("assessments"), registry.table("criteria"), as_of, model)
    answered, counts = distinct(shares[["met", "not_met", "unanswered"]])
    levels = (*(_criteria_reach(*row) for row in counts.itertuples(index=False, name=None)), UNKNOWN)
    names = listed(registry, kinds)["organization_id"]
    at = positions(names, shares["organization_id"])
    unassessed = int((at < 0).sum())
    if unassessed and registry.has("assessments"):
        missing = (*missing, f"assessments: {model}, {unassessed}")
    # who was not assessed is at -1, after the last
    codes = np.append(answered, len(levels) - 1)[at]
    return Units(names.tolist(), codes, levels, total, open_ended=True, missing=missing)


def _criteria_reach(met: int, failed: int, unanswered: int | None) -> Reach:
    # Without the list of criteria nobody knows how many answers are missing: what is
    # answered is all there is to judge by.
    unanswered = 0 if unanswered is None or pd.isna(unanswered) else int(unanswered)
    whole = met + failed + unanswered
    if not whole:
        return UNKNOWN
    return Fraction(100 * met, whole), Fraction(100 * (met + unanswered), whole)


@once
def adopted(registry: Registry, kinds: tuple[str, ...], as_of: date) -> tuple[pd.DataFrame, tuple[str, ...]]:
    """Return the organisations with ``adopted`` (switched to lean by the date), and what is missing."""
    companies = listed(registry, kinds)
    since = companies["lean_since"]
    told = since.notna() & companies["lean_basis"].ne(HYPOTHETICAL)
    missing = () if told.any() else (f"organizations: lean_since, {kinds[0]}",)
    return companies.assign(adopted=since.le(pd.Timestamp(as_of))), missing


@once
def by_revenue(registry: Registry, kinds: tuple[str, ...], as_of: date) -> Units:
    """Return the percent of its own revenue that each enterprise's improved flows give.

    The latest year up to the date counts. Revenue that no flow covers may be improved or not.
    """
    total, missing = total_units(registry, kinds, as_of)
    names = listed(registry, kinds)["organization_id"]
    revenue = registry.frame("revenue")
    revenue = revenue[revenue["year"].le(as_of.year)]
    latest = revenue.groupby("organization_id")["year"].transform("max")
    flows = revenue[revenue["year"].eq(latest)]
    unit = positions(flows["organization_id"], names)
    flows, unit = flows[unit >= 0], unit[unit >= 0]
    shares, scale = whole_numbers(flows["share"])
    improved = np.where(flows["improved"].to_numpy(dtype=bool), shares, 0)
    sums = pd.DataFrame({"improved": improved, "covered": shares}).groupby(unit).sum()
    answered, found = distinct(sums)
    levels = tuple(
        (Fraction(100 * improved, scale), Fraction(100 * (scale - covered + improved), scale))
        for improved, covered in found.itertuples(index=False, name=None)
    )
    codes = np.full(len(names), len(levels), dtype=np.intp)
    codes[sums.index] = answered
    unknown = int((codes == len(levels)).sum())
    if unknown or not registry.has("revenue"):
        missing = (*missing, f"revenue: {unknown}" if registry.has("revenue") else "revenue")
    return Units(names.tolist(), codes, (*levels, UNKNOWN), total, open_ended=True, missing=missing)
