"""What each unit of a direction has reached, as exact bounds: what is known, what is possible."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace
from datetime import date
from fractions import Fraction
from types import MappingProxyType

import pandas as pd

from kuzbass_lean.metrics import criteria_share, frame_units
from kuzbass_lean.registry import Registry, once
from kuzbass_lean.schema import REALISED

Reach = tuple[Fraction | None, Fraction | None]
"""The least and the most that a unit has reached; None is «nobody knows»."""

UNKNOWN: Reach = (None, None)

HYPOTHETICAL = "what-if"
"""Marks rows of a what-if; a hypothetical switch to lean does not tell that nobody else has switched."""


@dataclass(frozen=True, slots=True)
class Units:
    """The units of a direction that the registry lists, and how many there are.

    ``total`` is None where no frame states it. ``open_ended`` tells whether a unit that the
    registry does not list might have reached anything.
    """

    reach: Mapping[str, Reach]
    total: int | None
    open_ended: bool
    missing: tuple[str, ...] = ()

    @property
    def unlisted(self) -> int:
        """Units of the frame that the registry does not list."""
        return max((self.total or 0) - len(self.reach), 0)


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
def realised(registry: Registry, as_of: date) -> pd.DataFrame:
    """Return the projects implemented or closed by the date; without a date the status counts."""
    projects, moment = registry.projects, pd.Timestamp(as_of)
    done = projects["implemented"].fillna(projects["closed"])
    return projects[projects["status"].isin(REALISED) & ~done.gt(moment)]


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
    done = realised(registry, as_of)
    pairs = registry.project_units()
    if kinds == ("municipality",):
        done = done[done["direction"].notna()]
        unit, names = "municipality_id", list(registry.municipalities.index)
    else:
        unit, names = "organization_id", list(listed(registry, kinds)["organization_id"])
        pairs = pairs[pairs["kind"].isin(list(kinds))]
    pairs = pairs[pairs["project_id"].isin(done["project_id"])].dropna(subset=[unit])
    counts = pairs.drop_duplicates(["project_id", unit])[unit].value_counts()
    total, missing = total_units(registry, kinds, as_of)
    reach = {name: (Fraction(int(counts.get(name, 0))),) * 2 for name in names}
    # A municipality without a single project in the registry is known to have none.
    sum_of = done["project_id"].nunique() if unit == "municipality_id" else pairs["project_id"].nunique()
    return Units(reach, total, open_ended=False, missing=missing), int(sum_of)


@once
def by_criteria(registry: Registry, kinds: tuple[str, ...], model: str, as_of: date) -> Units:
    """Return the percent of criteria each unit meets; criteria without an answer make bounds."""
    total, missing = total_units(registry, kinds, as_of)
    if not registry.has("assessments"):
        missing = (*missing, "assessments")
    shares = criteria_share(registry.frame("assessments"), registry.table("criteria"), as_of, model)
    found = {row.organization_id: _criteria_reach(row) for row in shares.itertuples(index=False)}
    names = listed(registry, kinds)["organization_id"]
    unassessed = sum(name not in found for name in names)
    if unassessed and registry.has("assessments"):
        missing = (*missing, f"assessments: {model}, {unassessed}")
    return Units({name: found.get(name, UNKNOWN) for name in names}, total, open_ended=True, missing=missing)


def _criteria_reach(row: object) -> Reach:
    met, failed = int(row.met), int(row.not_met)  # type: ignore[attr-defined]
    unanswered = row.unanswered  # type: ignore[attr-defined]
    if pd.isna(unanswered):
        # Without the list of criteria nobody knows how many answers are missing: what is
        # answered is all there is to judge by.
        unanswered = 0
    whole = met + failed + int(unanswered)
    if not whole:
        return UNKNOWN
    return Fraction(100 * met, whole), Fraction(100 * (met + int(unanswered)), whole)


@once
def by_lead_time(registry: Registry, kinds: tuple[str, ...], reading: str, as_of: date) -> Units:
    """Return the percent by which each unit cut the time of first and repeat reception."""
    total, missing = total_units(registry, kinds, as_of)
    names = list(listed(registry, kinds)["organization_id"])
    pairs = before_after(receptions(registry, names), registry.frame("values"))
    reach = dict.fromkeys(names, UNKNOWN)
    for name, rows in pairs.groupby("unit"):
        reach[str(name)] = _pooled(rows) if reading == "pooled" else _joined(rows, reading)
    unknown = sum(value == UNKNOWN for value in reach.values())
    if unknown:
        missing = (*missing, f"values: lead_time, {unknown}")
    return Units(reach, total, open_ended=True, missing=missing)


def receptions(registry: Registry, units: Collection[str]) -> pd.DataFrame:
    """Return the measures of first and repeat reception of the units, with ``unit``."""
    measures = registry.frame("measures")
    measures = measures[measures["family"].eq("lead_time") & measures["service"].notna()]
    leads = dict(zip(registry.projects["project_id"], registry.projects["organization_id"], strict=True))
    unit = measures["organization_id"].fillna(measures["project_id"].map(leads))
    return measures.assign(unit=unit)[unit.isin(units)]


def before_after(measures: pd.DataFrame, values: pd.DataFrame) -> pd.DataFrame:
    """Return the ends stated before and after, a row a measure; one-sided values state none."""
    columns = ["measure_id", "low", "high", "observations"]
    usable = values[values["qualifier"].isin(["exact", "range"])]
    usable = usable.assign(
        low=usable["low"].fillna(usable["high"]), high=usable["high"].fillna(usable["low"])
    )
    pairs = measures[["measure_id", "unit", "service"]]
    for phase in ("before", "after"):
        part = usable.loc[usable["phase"].eq(phase), columns].set_index("measure_id").add_prefix(f"{phase}_")
        pairs = pairs.join(part, on="measure_id")
    return pairs


def _cut(before: tuple[float, float], after: tuple[float, float]) -> Reach:
    """The cut in percent; it is least from the lower start to the higher end."""
    if any(pd.isna(end) for end in (*before, *after)) or before[0] <= 0:
        return UNKNOWN
    low_before, high_before = (Fraction(str(end)) for end in before)
    low_after, high_after = (Fraction(str(end)) for end in after)
    return 100 * (1 - high_after / low_before), 100 * (1 - low_after / high_before)


def _joined(rows: pd.DataFrame, reading: str) -> Reach:
    """Both receptions: the lesser cut; either: the greater; an unknown one stays a bound."""
    cuts: dict[str, Reach] = {}
    for row in rows.to_dict("records"):
        cut = _cut((row["before_low"], row["before_high"]), (row["after_low"], row["after_high"]))
        service = str(row["service"])
        cuts[service] = _least(cuts[service], cut) if service in cuts else cut
    first, repeat = cuts.get("first", UNKNOWN), cuts.get("repeat", UNKNOWN)
    return _least(first, repeat) if reading == "both" else _most(first, repeat)


def _least(one: Reach, other: Reach) -> Reach:
    lows, highs = (one[0], other[0]), [high for high in (one[1], other[1]) if high is not None]
    known = [low for low in lows if low is not None]
    return (min(known) if len(known) == 2 else None, min(highs) if highs else None)


def _most(one: Reach, other: Reach) -> Reach:
    lows = [low for low in (one[0], other[0]) if low is not None]
    known = [high for high in (one[1], other[1]) if high is not None]
    return (max(lows) if lows else None, max(known) if len(known) == 2 else None)


def _pooled(rows: pd.DataFrame) -> Reach:
    """Both receptions as one, weighted by the number of observations of the start."""
    weights = rows["before_observations"]
    if set(rows["service"]) != {"first", "repeat"} or weights.isna().any() or not weights.sum():
        return UNKNOWN
    ends: list[Fraction] = []
    for column in ("before_low", "before_high", "after_low", "after_high"):
        if rows[column].isna().any():
            return UNKNOWN
        pairs = zip(rows[column], weights, strict=True)
        ends.append(sum((Fraction(str(value)) * int(weight) for value, weight in pairs), Fraction(0)))
    low_before, high_before, low_after, high_after = ends
    if not low_before:
        return UNKNOWN
    return 100 * (1 - high_after / low_before), 100 * (1 - low_after / high_before)


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
    names = list(listed(registry, kinds)["organization_id"])
    revenue = registry.frame("revenue")
    revenue = revenue[revenue["year"].le(as_of.year)]
    latest = revenue.groupby("organization_id")["year"].transform("max")
    reach = dict.fromkeys(names, UNKNOWN)
    for name, flows in revenue[revenue["year"].eq(latest)].groupby("organization_id"):
        if name in reach:
            shares = [Fraction(str(share)) for share in flows["share"]]
            flagged = zip(shares, flows["improved"], strict=True)
            improved = sum((share for share, yes in flagged if yes), Fraction(0))
            reach[str(name)] = (100 * improved, 100 * (1 - sum(shares, Fraction(0)) + improved))
    unknown = sum(value == UNKNOWN for value in reach.values())
    if unknown or not registry.has("revenue"):
        missing = (*missing, f"revenue: {unknown}" if registry.has("revenue") else "revenue")
    return Units(reach, total, open_ended=True, missing=missing)
