"""What each direction is scored on: a basis tests one level's X and Y on a registry."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date
from fractions import Fraction

from kuzbass_lean.maturity import units as reached
from kuzbass_lean.maturity.model import Direction
from kuzbass_lean.maturity.units import Reach, Units
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
        known = len(found.reach)
        self.notes: tuple[str, ...] = (
            (f"listed_above_frame: {known} > {found.total}",) if known > (found.total or known) else ()
        )

    def needs(self, y: int) -> int:
        """Return what one unit has to reach, in the unit of ``found.reach``."""
        return y

    def __call__(self, x: int, y: int) -> Case:
        """Test a level."""
        found = self.found
        sure = sum(low is not None and low >= y for low, _ in found.reach.values())
        best = sum(high is None or high >= y for _, high in found.reach.values())
        if found.open_ended:
            best += found.unlisted or (found.total is None and not found.reach)
        needed = None if found.total is None else threshold(found.total, x)
        return Case(needed, sure, best, _weakest(found, needed), (True, True))


def _weakest(found: Units, needed: int | None) -> Reach:
    """What the weakest of the needed units has reached, for sure and at best."""
    if not needed:
        return None, None
    lows = sorted((low for low, _ in found.reach.values() if low is not None), reverse=True)
    highs = [high for _, high in found.reach.values()]
    known = sorted((high for high in highs if high is not None), reverse=True)
    unknown = highs.count(None) + (found.unlisted if found.open_ended else 0)
    at_best = needed - unknown
    low = lows[needed - 1] if len(lows) >= needed else None
    return low, known[at_best - 1] if 1 <= at_best <= len(known) else None


class Begun(Basis):
    """A municipality's own units: a unit has begun or switched, or it has not; Y is regional."""

    def needs(self, y: int) -> int:
        """One project, one switch."""
        return 1

    def __call__(self, x: int, y: int) -> Case:
        """Test the share only; what is reached shows as 0 or 100."""
        reach = {unit: (_whole(low), _whole(high)) for unit, (low, high) in self.found.reach.items()}
        return Basis(replace(self.found, reach=reach), self.way)(x, 100)


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
    return sum(low is not None and low >= 1 for low, _ in found.reach.values())


class Mean(Basis):
    """The best X % of the units together: their mean against Y."""

    def __call__(self, x: int, y: int) -> Case:
        """Test a level."""
        found = self.found
        needed = None if found.total is None else threshold(found.total, x)
        count = needed or 1
        lows, highs = spread(found)
        low, high = _mean_of_best(lows, count), _mean_of_best(highs, count)
        if found.total is None:
            return Case(None, 0, len(highs) or 1, (None, None), (False, True))
        in_all = len(lows)
        return Case(needed, in_all, in_all, (low, high), (low >= y, high >= y))


def spread(found: Units) -> tuple[list[Fraction], list[Fraction]]:
    """Return the percents of all units at worst and at best, the unlisted ones last."""
    lows = [low or Fraction(0) for low, _ in found.reach.values()] + [Fraction(0)] * found.unlisted
    highs = [Fraction(100) if high is None else high for _, high in found.reach.values()]
    return lows, highs + [Fraction(100)] * found.unlisted


def _mean_of_best(values: list[Fraction], count: int) -> Fraction:
    best = sorted(values, reverse=True)[:count]
    return sum(best, Fraction(0)) / count


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
        reach = {
            str(name): reached.UNKNOWN if self.blank and not yes else (Fraction(int(yes)),) * 2
            for name, yes in zip(self.companies["organization_id"], self.companies["adopted"], strict=True)
        }
        found = Units(reach, total, open_ended=False, missing=(*missing, *lacking, *lost))
        super().__init__(found, "adoption")

    def needs(self, y: int) -> int:
        """One switch."""
        return 1

    def __call__(self, x: int, y: int) -> Case:
        """Test a level."""
        local = self.companies.dropna(subset=["municipality_id"])
        covered = local.loc[local["adopted"], "municipality_id"].nunique()
        share = None if not self.places else Fraction(100 * int(covered), self.places)
        if self.reading == "nested":
            return self._nested(x, y)
        pool = self.companies
        whole = self.total
        if self.reading == "subset":
            pool = local[local["municipality_id"].isin(local.loc[local["adopted"], "municipality_id"])]
            whole = len(pool) or self.total
        switched = int(pool["adopted"].sum())
        needed = None if whole is None else threshold(whole, x)
        met = self.places is not None and covered >= threshold(self.places, y)
        if self.blank:
            return Case(needed, switched, whole or 1, (None, None), (met, True))
        return Case(needed, switched, switched, (share, share), (met, met or self.places is None))

    def _nested(self, x: int, y: int) -> Case:
        local = self.companies.dropna(subset=["municipality_id"])
        counts = local.groupby("municipality_id")["adopted"].agg(["sum", "size"])
        enough = int((counts["sum"] * 100 >= counts["size"] * x).sum()) if len(counts) else 0
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
        self.share = (min(lows, default=Fraction(0)), max(highs, default=Fraction(100)))

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
        return Basis(reached.by_lead_time(registry, kinds, reading, as_of), "lead_time")
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
