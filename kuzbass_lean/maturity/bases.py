"""What each direction is scored on: a basis tests one level's X and Y on a registry."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import date
from fractions import Fraction
from functools import cached_property

import numpy as np
import pandas as pd

from kuzbass_lean.maturity import units as reached
from kuzbass_lean.maturity.cuts import by_lead_time
from kuzbass_lean.maturity.model import Direction
from kuzbass_lean.maturity.reach import UNKNOWN, Reach, Tally, Units, nth, reaching
from kuzbass_lean.metrics import frame_units
from kuzbass_lean.registry import Registry


@dataclass(frozen=True, slots=True)
class Case:
    """One level's X and Y tested: what qualifies for sure and at best, and whether Y holds."""

    threshold: int | None
    sure: int
    best: int
    y: tuple[Fraction | None, Fraction | None]
    y_met: tuple[bool, bool]
    lack_projects: int | None = None


def threshold(total: int, percent: int) -> int:
    """Return how many units make the percent of N: ceil(N·X/100), in whole numbers.

    Examples
    --------
    >>> kl.maturity.threshold(33, 25)
    9
    """
    return -(-total * percent // 100)


class Basis:
    """Each: at least X % of the units have reached Y. Called with X and Y it tests one level.

    ``way`` says what brings a unit there: projects, criteria, lead_time, revenue, adoption.
    """

    def __init__(self, found: Units, way: str) -> None:
        self.found, self.way = found, way
        self.total, self.missing = found.total, found.missing
        known = found.listed
        self.notes: tuple[str, ...] = (
            (f"listed_above_frame: {known} > {found.total}",) if known > (found.total or known) else ()
        )

    def needs(self, y: int) -> int:
        """Return what one unit has to reach, in the unit of ``found.reach``."""
        return y

    def __call__(self, x: int, y: int) -> Case:
        """Test a level."""
        found = self.found
        sure = reaching(found.lows, y)
        best = reaching(found.highs, y) + found.boundless
        if found.open_ended:
            best += found.unlisted or (found.total is None and not found.listed)
        needed = None if found.total is None else threshold(found.total, x)
        return Case(needed, sure, best, _weakest(found, needed), (True, True))


def _weakest(found: Units, needed: int | None) -> Reach:
    """What the weakest of the needed units has reached, for sure and at best."""
    if not needed:
        return None, None
    unknown = found.boundless + (found.unlisted if found.open_ended else 0)
    return nth(found.lows, needed), nth(found.highs, needed - unknown)


class Begun(Basis):
    """A municipality's own units: a unit has begun or switched, or it has not; Y is regional."""

    def needs(self, y: int) -> int:
        """One project, one switch."""
        return 1

    def __call__(self, x: int, y: int) -> Case:
        """Test the share only; what is reached shows as 0 or 100."""
        levels = tuple((_whole(low), _whole(high)) for low, high in self.found.levels)
        return Basis(replace(self.found, levels=levels), self.way)(x, 100)


def _whole(reach: Fraction | None) -> Fraction | None:
    return None if reach is None else Fraction(100 if reach >= 1 else 0)


class Total(Basis):
    """Units with a realised project, and all their projects against Y."""

    def __init__(self, found: Units, projects: int) -> None:
        super().__init__(found, "projects")
        self.projects = projects

    def needs(self, y: int) -> int:
        """One project."""
        return 1

    def __call__(self, x: int, y: int) -> Case:
        """Test a level."""
        having = _having(self.found)
        needed = None if self.total is None else threshold(self.total, x)
        met, total = self.projects >= y, Fraction(self.projects)
        lack = max(y - self.projects, 0)
        return Case(needed, having, having, (total, total), (met, met), lack)


def _having(found: Units) -> int:
    return reaching(found.lows, 1)


class Mean(Basis):
    """The best X % of the units together: their mean against Y."""

    def __call__(self, x: int, y: int) -> Case:
        """Test a level."""
        found = self.found
        needed = None if found.total is None else threshold(found.total, x)
        count = needed or 1
        lows, highs = spread(found)
        low, high = (total_of(best_of(tally, count)) / count for tally in (lows, highs))
        if found.total is None:
            return Case(None, 0, found.listed or 1, (None, None), (False, True))
        in_all = found.listed + found.unlisted
        return Case(needed, in_all, in_all, (low, high), (low >= y, high >= y))


def spread(found: Units) -> tuple[Tally, Tally]:
    """Return the percents of all units at worst and at best, the unlisted ones among them."""
    unsure = found.listed - sum(count for _, count in found.lows)
    at_worst = (*found.lows, (Fraction(0), unsure + found.unlisted))
    at_best = ((Fraction(100), found.boundless + found.unlisted), *found.highs)
    return at_worst, at_best


def best_of(tally: Tally, count: int) -> list[tuple[Fraction, int]]:
    """Return the percents of the best units, and how many of these units have each."""
    found = []
    for value, units in sorted(tally, reverse=True):
        found.append((value, min(units, count)))
        count -= min(units, count)
    return found


def total_of(tally: Iterable[tuple[Fraction, int]]) -> Fraction:
    """Return the sum of all units' percents."""
    return sum((value * units for value, units in tally), Fraction(0))


class Adoption(Basis):
    """ЖКХ and transport: switched companies, and the municipalities that they are in.

    ``places`` is the number of municipalities, ``blank`` tells that nobody records who has
    switched; then only hypothetical switches are known.
    """

    def __init__(self, registry: Registry, direction: Direction, reading: str, as_of: date) -> None:
        total, missing = reached.total_units(registry, direction.unit, as_of)
        self.companies, lacking = reached.adopted(registry, direction.unit, as_of)
        self.places = frame_units(registry.frame("frames"), "municipality", as_of=as_of)
        lost = () if self.places is not None else ("frames: municipality",)
        self.reading, self.blank = reading, bool(lacking)
        levels = (UNKNOWN if self.blank else (Fraction(0),) * 2, (Fraction(1),) * 2)
        names, codes = (
            self.companies["organization_id"].tolist(),
            self.companies["adopted"].to_numpy(dtype=np.intp),
        )
        found = Units(names, codes, levels, total, open_ended=False, missing=(*missing, *lacking, *lost))
        super().__init__(found, "adoption")

    @cached_property
    def local(self) -> pd.DataFrame:
        """How many companies each municipality has (``size``), and how many have switched (``sum``)."""
        return self.companies.groupby("municipality_id")["adopted"].agg(["sum", "size"])

    def needs(self, y: int) -> int:
        """One switch."""
        return 1

    def __call__(self, x: int, y: int) -> Case:
        """Test a level."""
        if self.reading == "nested":
            return self._nested(x, y)
        begun = self.local[self.local["sum"].gt(0)]
        covered = len(begun)
        share = None if not self.places else Fraction(100 * covered, self.places)
        switched, whole = int(self.companies["adopted"].sum()), self.total
        if self.reading == "subset":
            switched, whole = int(begun["sum"].sum()), int(begun["size"].sum()) or self.total
        needed = None if whole is None else threshold(whole, x)
        met = self.places is not None and covered >= threshold(self.places, y)
        if self.blank:
            return Case(needed, switched, whole or 1, (None, None), (met, True))
        return Case(needed, switched, switched, (share, share), (met, met or self.places is None))

    def _nested(self, x: int, y: int) -> Case:
        enough = int((self.local["sum"] * 100 >= self.local["size"] * x).sum())
        needed = None if self.places is None else threshold(self.places, y)
        share = None if not self.places else Fraction(100 * enough, self.places)
        if self.blank:
            return Case(needed, enough, self.places or 1, (None, None), (True, True))
        return Case(needed, enough, enough, (share, share), (True, True))


class PooledRevenue(Basis):
    """Enterprises with a project, and the improved share of all revenue, which lies between theirs."""

    def __init__(self, shares: Units, having: Units) -> None:
        missing = (*shares.missing, "revenue: amounts")
        super().__init__(replace(having, total=shares.total, missing=missing), "revenue")
        self.shares = shares
        lows, highs = spread(shares)
        self.share = (
            min((low for low, units in lows if units), default=Fraction(0)),
            max((high for high, units in highs if units), default=Fraction(100)),
        )

    def needs(self, y: int) -> int:
        """One project."""
        return 1

    def __call__(self, x: int, y: int) -> Case:
        """Test a level."""
        having = _having(self.found)
        needed = None if self.total is None else threshold(self.total, x)
        met = (self.share[0] >= y, self.share[1] >= y)
        return Case(needed, having, having, self.share, met)


def build(registry: Registry, direction: Direction, reading: str, as_of: date) -> Basis:
    """Return what the direction is scored on in the region."""
    kinds, basis = direction.unit, direction.basis
    if basis == "adoption":
        return Adoption(registry, direction, reading, as_of)
    if basis == "lead_time":
        return Basis(by_lead_time(registry, kinds, reading, as_of), "lead_time")
    if basis == "criteria" or reading == "criteria":
        found = reached.by_criteria(registry, kinds, direction.criteria, as_of)
        return Mean(found, "criteria") if reading == "mean" else Basis(found, "criteria")
    if basis == "revenue":
        shares = reached.by_revenue(registry, kinds, as_of)
        if reading == "each":
            return Basis(shares, "revenue")
        return PooledRevenue(shares, reached.by_projects(registry, kinds, as_of)[0])
    found, projects = reached.by_projects(registry, kinds, as_of)
    return Total(found, projects) if reading == "total" else Basis(found, "projects")


def build_local(
    part: Registry, municipality: str, direction: Direction, reading: str, as_of: date
) -> tuple[Basis, tuple[str, ...]]:
    """Return what the direction is scored on in one municipality, and notes.

    N is the municipality's own frame, or else what the registry lists there.
    """
    frames = [frame_units(part.frame("frames"), kind, municipality, as_of) for kind in direction.unit]
    local = reached.local(part, municipality)
    stated = None if any(count is None for count in frames) else sum(count or 0 for count in frames)
    total = len(reached.listed(local, direction.unit)) if stated is None else stated
    notes = ("units_listed",) if stated is None else ()
    basis = build(local, direction, reading, as_of)
    missing = tuple(item for item in basis.missing if not item.startswith("frames"))
    found = replace(basis.found, total=total, missing=missing)
    if isinstance(basis, PooledRevenue):
        return PooledRevenue(replace(basis.shares, total=total, missing=missing[:-1]), found), notes
    if isinstance(basis, Adoption | Total):
        return Begun(found, basis.way), notes
    return type(basis)(found, basis.way), notes
