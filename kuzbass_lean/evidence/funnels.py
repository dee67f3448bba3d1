"""Territories side by side without a league table: who differs from the rest by more than chance."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import NamedTuple

import pandas as pd

from kuzbass_lean.display import Shown
from kuzbass_lean.evidence.base import Interval
from kuzbass_lean.evidence.shares import funnel_limits
from kuzbass_lean.metrics import by_unit, covered_units, frame_units
from kuzbass_lean.registry import Registry


@dataclass(frozen=True, slots=True, eq=False)
class Funnel(Shown):
    """Shares of units of different size against one common share.

    Attributes
    ----------
    rows
        By unit: ``n, successes, share`` (missing without n), ``low, high`` (Wilson, to
        compare), ``low_95, high_95, low_998, high_998`` (funnel limits), ``flag`` (inside,
        below_95, above_95, below_998, above_998, none without n).
    share
        All successes over all n, 0..1; None where there is nothing.
    census
        Whether the rows are the whole population, so that the shares are exact and the
        intervals only serve to compare; None where nobody says how large it is.
    """

    rows: pd.DataFrame
    share: float | None
    census: bool | None

    @property
    def intervals(self) -> dict[str, Interval]:
        """The Wilson interval of each unit that has one: the input of ``separated``."""
        known = self.rows.dropna(subset=["share"])
        return {
            str(unit): Interval(float(low), float(high))
            for unit, low, high in zip(known.index, known["low"], known["high"], strict=True)
        }


def funnel_table(
    registry: Registry, by: str = "municipality_id", kind: str | None = None, as_of: date | None = None
) -> Funnel:
    """Compare the shares of territories, sectors or kinds.

    Parameters
    ----------
    by
        ``municipality_id``, ``sector`` or ``kind``; every municipality of the registry gets a
        row, of the others those that occur.
    kind
        Left out: realised projects of all that were not cancelled; a project counts in every
        unit that takes part. A kind of organisation: those with a realised project, of those
        listed.
    as_of
        The date of the frame that tells whether the list is complete; left out, the latest.

    Source: Spiegelhalter 2005, Statistics in Medicine 24:1185-1202.

    Examples
    --------
    >>> found = kl.evidence.funnel_table(registry, by="sector")
    >>> sorted(found.rows["flag"].unique())
    ['above_95', 'above_998', 'below_95', 'below_998', 'inside']
    """
    names = tuple(registry.municipalities.index) if by == "municipality_id" else ()
    if kind is None:
        counts = by_unit(registry.projects, registry.project_units(), by, names)
        table = pd.DataFrame({"n": counts["projects"], "successes": counts["realised"]})
    else:
        units = registry.organizations[registry.organizations["kind"].eq(kind)]
        covered = covered_units(registry.projects, registry.project_units(), (kind,))
        has = units["organization_id"].isin(covered).astype("int64")
        grouped = units.assign(n=1, successes=has).groupby(by)[["n", "successes"]].sum()
        table = grouped.reindex(pd.Index(names, name=by), fill_value=0) if names else grouped
    return funnel(table, None if kind is None else complete(registry, kind, as_of))


def funnel(counts: pd.DataFrame, census: bool | None = None) -> Funnel:
    """Compare shares of counts ``successes`` of ``n``, one row a unit.

    Raises
    ------
    ValueError
        If a unit has more successes than n.

    Examples
    --------
    >>> counts = pd.DataFrame({"successes": [3, 40], "n": [10, 44]}, index=["a", "b"])
    >>> kl.evidence.funnel(counts).rows["flag"].to_dict()
    {'a': 'below_998', 'b': 'inside'}
    """
    total = int(counts["n"].sum())
    share = int(counts["successes"].sum()) / total if total else None
    low, high = _wilson(counts["successes"], counts["n"])
    rows = counts.assign(
        share=counts["successes"].astype("float64") / counts["n"].astype("float64").where(counts["n"] > 0),
        low=low,
        high=high,
    )
    limits = funnel_limits(share or 0.0, counts["n"]).drop(columns="n").set_axis(counts.index)
    rows = rows.join(limits)
    flag = pd.Series("inside", index=rows.index, dtype="str")
    for level in ("95", "998"):
        flag = flag.mask(rows["share"].lt(rows[f"low_{level}"]), f"below_{level}")
        flag = flag.mask(rows["share"].gt(rows[f"high_{level}"]), f"above_{level}")
    return Funnel(rows.assign(flag=flag.mask(rows["share"].isna(), "none")), share, census)


def _wilson(successes: pd.Series, n: pd.Series) -> tuple[pd.Series, pd.Series]:
    """Give the ends of the intervals of ``wilson`` for many units at once; NaN without n."""
    from statsmodels.stats.proportion import proportion_confint

    if (successes > n).any() or (successes < 0).any():
        msg = f"{successes.name} of {n.name}: more successes than units, or fewer than none"
        raise ValueError(msg)
    known = n.astype("float64").where(n > 0)
    low, high = proportion_confint(successes.astype("float64").where(n > 0), known, method="wilson")
    # what rounding leaves beside the ends
    return low.clip(0, 1).mask(successes.eq(0) & n.gt(0), 0.0), high.clip(0, 1).mask(
        successes.eq(n) & n.gt(0), 1.0
    )


def complete(registry: Registry, kind: str, as_of: date | None = None) -> bool | None:
    """Tell whether the registry lists every unit of a kind; None where no frame states how many.

    Examples
    --------
    >>> kl.evidence.complete(registry, "mfc", day)
    True
    """
    units = frame_units(registry.frame("frames"), kind, as_of=as_of)
    if units is None:
        return None
    return int(registry.organizations["kind"].eq(kind).sum()) >= units


class Standing(NamedTuple):
    """How many units lie below one for sure, how many above it, and how many have no order with it."""

    lower: int
    higher: int
    overlapping: int


def standing(intervals: Mapping[str, Interval], own: str) -> Standing:
    """Tell how one unit stands among the others, as far as ``separated`` gives them an order.

    Raises
    ------
    KeyError
        If the unit has no interval.

    Examples
    --------
    >>> Interval = kl.evidence.Interval
    >>> others = {"a": Interval(0.1, 0.3), "b": Interval(0.4, 0.6)}
    >>> kl.evidence.standing(others, "b")
    Standing(lower=1, higher=0, overlapping=0)
    """
    low, high = intervals[own]
    lower = sum(other.high < low for other in intervals.values())
    higher = sum(other.low > high for other in intervals.values())
    return Standing(lower, higher, len(intervals) - 1 - lower - higher)


def separated(intervals: Mapping[str, Interval]) -> tuple[tuple[str, str], ...]:
    """Give the pairs that may be ranked: the first lies below the second, their intervals apart.

    Intervals that touch overlap. All other pairs have no order, and no list may give them
    one. Where every pair is here, a ranking is fair. Intervals apart are a stricter test than
    a test of the difference, which a look at many pairs calls for.

    Source: Goldstein, Spiegelhalter 1996, J. R. Statist. Soc. A 159:385-443 (on league tables).

    Examples
    --------
    >>> Interval = kl.evidence.Interval
    >>> kl.evidence.separated({"a": Interval(0.1, 0.3), "b": Interval(0.4, 0.6)})
    (('a', 'b'),)
    """
    ordered = sorted(intervals)
    return tuple((a, b) for a in ordered for b in ordered if intervals[a].high < intervals[b].low)
