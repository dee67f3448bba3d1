"""Three-valued scoring: what is met for sure, what may be met, and what is missing to the next level."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from fractions import Fraction
from typing import Any, Literal

from kuzbass_lean.errors import UsageError
from kuzbass_lean.maturity import units as reached
from kuzbass_lean.maturity.model import LEVELS, Direction, Model, load_model
from kuzbass_lean.maturity.units import Reach, Units
from kuzbass_lean.metrics import frame_units
from kuzbass_lean.registry import Registry

Verdict = Literal["met", "not_met", "unknown"]


@dataclass(frozen=True, slots=True)
class Rule:
    """One level of one direction: thresholds, what there is, and what is missing.

    ``qualifying_units`` qualify for sure and ``qualifying_best`` at best. ``actual_y`` is in
    the unit of Y: all projects of a total; for «each» rules what the weakest of the needed
    units has reached for sure; for ЖКХ and transport the percent of municipalities.
    ``shortfall_units`` and ``shortfall_projects`` are 0 when met and None when not computable.
    """

    level: str
    x: int
    y: int
    threshold_units: int | None
    qualifying_units: int
    qualifying_best: int
    actual_y: Fraction | None
    actual_y_best: Fraction | None
    verdict: Verdict
    shortfall_units: int | None
    shortfall_projects: int | None
    missing: tuple[str, ...]

    def to_dict(self) -> dict[str, Any]:
        """Return the rule as JSON: fractions as numbers, the shortfall as one object."""
        names = ("level", "x", "y", "threshold_units", "qualifying_units", "qualifying_best")
        return {
            **{name: getattr(self, name) for name in names},
            "actual_y": _number(self.actual_y),
            "actual_y_best": _number(self.actual_y_best),
            "verdict": self.verdict,
            "shortfall": {"units": self.shortfall_units, "projects": self.shortfall_projects},
            "missing": list(self.missing),
        }


@dataclass(frozen=True, slots=True)
class DirectionScore:
    """The level of one direction under one reading, with its worst and best case.

    ``level`` is the level common to both cases, or ``unknown``. ``units`` is N, None where
    nobody states it. ``sensitivity`` gives the level under every reading.
    """

    number: int
    sector: str
    title: str
    unit: tuple[str, ...]
    reading: str
    reading_text: str
    level: str
    best_case: str
    worst_case: str
    units: int | None
    rules: tuple[Rule, ...]
    missing: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
    sensitivity: Mapping[str, str] | None = None

    @property
    def next_rule(self) -> Rule | None:
        """The lowest level that is not met for sure; None above the highest."""
        return next((rule for rule in self.rules if rule.verdict != "met"), None)

    def to_dict(self) -> dict[str, Any]:
        """Return the score as JSON."""
        names = ("number", "sector", "title", "reading", "reading_text", "level", "best_case", "worst_case")
        return {
            **{name: getattr(self, name) for name in names},
            "units": self.units,
            "unit": list(self.unit),
            "rules": [rule.to_dict() for rule in self.rules],
            "missing": list(self.missing),
            "notes": list(self.notes),
            "sensitivity": dict(self.sensitivity or {}),
        }


@dataclass(frozen=True, slots=True)
class Profile:
    """The region's directions on a date. No overall level: the source gives none."""

    as_of: date
    directions: tuple[DirectionScore, ...]

    def direction(self, number: int) -> DirectionScore:
        """Return the score of one direction.

        Raises
        ------
        KeyError
            The model has no such direction.
        """
        return {score.number: score for score in self.directions}[number]

    def to_dict(self) -> dict[str, Any]:
        """Return the profile as JSON."""
        return {"as_of": self.as_of.isoformat(), "directions": [d.to_dict() for d in self.directions]}


@dataclass(frozen=True, slots=True)
class _Case:
    """One level's X and Y tested: what qualifies for sure and at best, and whether Y holds."""

    threshold: int | None
    sure: int
    best: int
    y: tuple[Fraction | None, Fraction | None]
    y_met: tuple[bool, bool]
    lack_projects: int | None = None


def threshold(total: int, percent: int) -> int:
    """Return how many units make the percent of N: ceil(N·X/100), in whole numbers."""
    return -(-total * percent // 100)


def score(
    registry: Registry,
    model: Model | None = None,
    readings: Mapping[int, str] | None = None,
    as_of: date | None = None,
) -> Profile:
    """Score the registry by the model.

    Parameters
    ----------
    registry
        The region's registry. A missing table is an unknown input.
    model
        Rules; left out, the built-in ones.
    readings
        Reading by direction number; the others use their default.
    as_of
        Only what happened by then counts; left out, the latest date recorded.

    Raises
    ------
    UsageError
        An unknown direction or reading, or no date at all.

    Source: the programme's deck, slides «Критерии»; programme methodology, maturity engine.
    """
    rules = model or load_model()
    chosen = rules.readings(readings)
    day = as_of or registry.as_of
    if day is None:
        raise UsageError("the registry records no date: name the report date with --as-of")
    return Profile(day, tuple(_direction(registry, d, chosen[d.number], day) for d in rules.directions))


def _direction(registry: Registry, direction: Direction, reading: str, as_of: date) -> DirectionScore:
    scored = {name: _under(registry, direction, name, as_of) for name in direction.readings}
    chosen = scored[reading]
    levels = {name: result.level for name, result in scored.items()}
    names = {field: getattr(chosen, field) for field in DirectionScore.__dataclass_fields__}
    return DirectionScore(**{**names, "sensitivity": levels})


def _under(registry: Registry, direction: Direction, reading: str, as_of: date) -> DirectionScore:
    basis = _BASES[direction.basis](registry, direction, reading, as_of)
    cases = {level: basis(*direction.levels[level]) for level in LEVELS}  # type: ignore[index]
    return _conclude(direction, reading, cases, basis.total, basis.missing, basis.notes)


def _conclude(
    direction: Direction,
    reading: str,
    cases: Mapping[str, _Case],
    total: int | None,
    missing: tuple[str, ...],
    notes: tuple[str, ...],
) -> DirectionScore:
    rules = tuple(_rule(direction, level, case, missing) for level, case in cases.items())
    worst, best = _highest(rules, ("met",)), _highest(rules, ("met", "unknown"))
    return DirectionScore(
        direction.number,
        direction.sector,
        direction.title,
        direction.unit,
        reading,
        direction.readings[reading],
        worst if worst == best else "unknown",
        best,
        worst,
        total,
        rules,
        missing,
        notes,
    )


def _rule(direction: Direction, level: str, case: _Case, missing: tuple[str, ...]) -> Rule:
    x, y = direction.levels[level]  # type: ignore[index]
    sure = case.threshold is not None and case.sure >= max(case.threshold, 1) and case.y_met[0]
    # Without N any share is possible, as long as one unit qualifies or may.
    possible = case.best >= max(case.threshold or 1, 1) and case.y_met[1]
    verdict: Verdict = "met" if sure else "unknown" if possible else "not_met"
    lack = None if case.threshold is None else max(case.threshold - case.sure, 0)
    return Rule(
        level,
        x,
        y,
        case.threshold,
        case.sure,
        case.best,
        *case.y,
        verdict,
        lack,
        case.lack_projects,
        missing if verdict == "unknown" else (),
    )


def _highest(rules: tuple[Rule, ...], verdicts: tuple[str, ...]) -> str:
    """The highest level reached without skipping a lower one."""
    level = "none"
    for rule in rules:
        if rule.verdict not in verdicts:
            break
        level = rule.level
    return level


class _Basis:
    """What a direction is scored on; called with X and Y it tests one level."""

    def __init__(self, found: Units, direction: Direction) -> None:
        self.found, self.direction = found, direction
        self.total, self.missing = found.total, found.missing
        known = len(found.reach)
        self.notes = (
            (f"listed_above_frame: {known} > {found.total}",) if known > (found.total or known) else ()
        )

    def __call__(self, x: int, y: int) -> _Case:
        """Test «each»: at least X % of the units have reached Y."""
        found = self.found
        sure = sum(low is not None and low >= y for low, _ in found.reach.values())
        best = sum(high is None or high >= y for _, high in found.reach.values())
        if found.open_ended:
            best += found.unlisted or (found.total is None and not found.reach)
        needed = None if found.total is None else threshold(found.total, x)
        return _Case(needed, sure, best, _weakest(found, needed), (True, True))


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


class _Projects(_Basis):
    """Total: units with a realised project, and all their projects against Y."""

    def __init__(self, registry: Registry, direction: Direction, as_of: date) -> None:
        found, self.projects = reached.by_projects(registry, direction.unit, as_of)
        super().__init__(found, direction)

    def __call__(self, x: int, y: int) -> _Case:
        having = sum(low is not None and low >= 1 for low, _ in self.found.reach.values())
        needed = None if self.total is None else threshold(self.total, x)
        met, total = self.projects >= y, Fraction(self.projects)
        lack = max(y - self.projects, 0)
        return _Case(needed, having, having, (total, total), (met, met), lack)


class _Mean(_Basis):
    """The best X % of the units together: their mean against Y."""

    def __call__(self, x: int, y: int) -> _Case:
        found = self.found
        needed = None if found.total is None else threshold(found.total, x)
        count = needed or 1
        lows = [low or Fraction(0) for low, _ in found.reach.values()] + [Fraction(0)] * found.unlisted
        highs = [Fraction(100) if high is None else high for _, high in found.reach.values()]
        highs += [Fraction(100)] * found.unlisted
        low, high = _mean_of_best(lows, count), _mean_of_best(highs, count)
        if found.total is None:
            return _Case(None, 0, len(highs) or 1, (None, None), (False, True))
        in_all = len(lows)
        return _Case(needed, in_all, in_all, (low, high), (low >= y, high >= y))


def _mean_of_best(values: list[Fraction], count: int) -> Fraction:
    best = sorted(values, reverse=True)[:count]
    return sum(best, Fraction(0)) / count


class _Adoption(_Basis):
    """ЖКХ and transport: switched companies, and the municipalities that they are in."""

    def __init__(self, registry: Registry, direction: Direction, reading: str, as_of: date) -> None:
        total, missing = reached.total_units(registry, direction.unit, as_of)
        companies, lacking = reached.adopted(registry, direction.unit, as_of)
        self.places = frame_units(registry.frame("frames"), "municipality", as_of=as_of)
        lost = () if self.places is not None else ("frames: municipality",)
        super().__init__(Units({}, total, open_ended=False, missing=(*missing, *lacking, *lost)), direction)
        self.reading, self.blank = reading, bool(lacking)
        self.companies = companies
        known = len(companies)
        self.notes = (f"listed_above_frame: {known} > {total}",) if known > (total or known) else ()

    def __call__(self, x: int, y: int) -> _Case:
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
            return _Case(needed, 0, whole or 1, (None, None), (False, True))
        return _Case(needed, switched, switched, (share, share), (met, met or self.places is None))

    def _nested(self, x: int, y: int) -> _Case:
        local = self.companies.dropna(subset=["municipality_id"])
        counts = local.groupby("municipality_id")["adopted"].agg(["sum", "size"])
        enough = int((counts["sum"] * 100 >= counts["size"] * x).sum()) if len(counts) else 0
        needed = None if self.places is None else threshold(self.places, y)
        share = None if not self.places else Fraction(100 * enough, self.places)
        if self.blank:
            return _Case(needed, 0, self.places or 1, (None, None), (False, True))
        return _Case(needed, enough, enough, (share, share), (True, True))


class _PooledRevenue(_Basis):
    """Enterprises with a project, and the improved share of all revenue, which lies between theirs."""

    def __init__(self, registry: Registry, direction: Direction, as_of: date) -> None:
        shares = reached.by_revenue(registry, direction.unit, as_of)
        having, _ = reached.by_projects(registry, direction.unit, as_of)
        missing = (*shares.missing, "revenue: amounts")
        super().__init__(Units(having.reach, shares.total, open_ended=False, missing=missing), direction)
        lows = [low or Fraction(0) for low, _ in shares.reach.values()] + [Fraction(0)] * shares.unlisted
        highs = [Fraction(100) if high is None else high for _, high in shares.reach.values()]
        highs += [Fraction(100)] * shares.unlisted
        self.share = (min(lows, default=Fraction(0)), max(highs, default=Fraction(100)))

    def __call__(self, x: int, y: int) -> _Case:
        having = sum(low is not None and low >= 1 for low, _ in self.found.reach.values())
        needed = None if self.total is None else threshold(self.total, x)
        met = (self.share[0] >= y, self.share[1] >= y)
        return _Case(needed, having, having, self.share, met)


def _projects(registry: Registry, direction: Direction, reading: str, as_of: date) -> _Basis:
    if reading == "total":
        return _Projects(registry, direction, as_of)
    if reading == "criteria":
        return _Basis(reached.by_criteria(registry, direction.unit, direction.criteria, as_of), direction)
    return _Basis(reached.by_projects(registry, direction.unit, as_of)[0], direction)


def _criteria(registry: Registry, direction: Direction, reading: str, as_of: date) -> _Basis:
    found = reached.by_criteria(registry, direction.unit, direction.criteria, as_of)
    return _Mean(found, direction) if reading == "mean" else _Basis(found, direction)


def _lead_time(registry: Registry, direction: Direction, reading: str, as_of: date) -> _Basis:
    return _Basis(reached.by_lead_time(registry, direction.unit, reading, as_of), direction)


def _adoption(registry: Registry, direction: Direction, reading: str, as_of: date) -> _Basis:
    return _Adoption(registry, direction, reading, as_of)


def _revenue(registry: Registry, direction: Direction, reading: str, as_of: date) -> _Basis:
    if reading == "pooled":
        return _PooledRevenue(registry, direction, as_of)
    return _Basis(reached.by_revenue(registry, direction.unit, as_of), direction)


_BASES = {
    "projects": _projects,
    "criteria": _criteria,
    "lead_time": _lead_time,
    "adoption": _adoption,
    "revenue": _revenue,
}


def _number(value: Fraction | None) -> float | int | None:
    if value is None:
        return None
    return int(value) if value.denominator == 1 else round(float(value), 6)


def score_local(
    part: Registry,
    municipality: str,
    model: Model | None = None,
    readings: Mapping[int, str] | None = None,
    as_of: date | None = None,
) -> Profile:
    """Apply the unit rules of the model to one municipality's own units.

    The model scores the region; here N is the municipality's own frame, or else the number of
    its organisations of the kind that the registry lists. Regional project counts are left
    out, direction 1 does not apply, and direction 2 (whose unit is the whole municipality)
    tells whether it counts for the region. Directions without a local unit are left out.

    Parameters
    ----------
    part
        ``registry.slice(Scope.of_municipality(municipality))``.
    """
    rules = model or load_model()
    chosen = rules.readings(readings)
    day = as_of or part.as_of
    if day is None:
        return Profile(date.min, ())
    scores = []
    for direction in rules.directions:
        if direction.unit in (("state_body",), ("municipality",)):
            continue
        local = reached.listed(part, direction.unit)
        own = local[local["municipality_id"].eq(municipality)]
        if len(own):
            scores.append(_local(part, municipality, direction, chosen[direction.number], day, len(own)))
    return Profile(day, tuple(scores))


def _local(
    part: Registry, municipality: str, direction: Direction, reading: str, as_of: date, listed: int
) -> DirectionScore:
    frames = [frame_units(part.frame("frames"), kind, municipality, as_of) for kind in direction.unit]
    stated = None if any(count is None for count in frames) else sum(count or 0 for count in frames)
    total = listed if stated is None else stated
    notes = ("units_listed",) if stated is None else ()
    own = part.organizations["municipality_id"].eq(municipality)
    tables = {**part.tables, "organizations": part.organizations[own]}
    basis = _BASES[direction.basis](Registry(tables, part.label), direction, reading, as_of)
    found = _own_units(basis, total)
    simple = isinstance(basis, _Adoption | _Projects)
    each = _Mean(found, direction) if isinstance(basis, _Mean) else _Basis(found, direction)
    cases = {}
    for level in LEVELS:
        x, y = direction.levels[level]  # type: ignore[index]
        cases[level] = each(x, 100 if simple else y)
    return _conclude(direction, reading, cases, total, found.missing, notes)


def _own_units(basis: _Basis, total: int) -> Units:
    """Give the units with 100 or 0 where a rule asks only whether a unit has switched or begun."""
    reach: dict[str, Reach] = {}
    if isinstance(basis, _Adoption):
        for name, yes in zip(basis.companies["organization_id"], basis.companies["adopted"], strict=True):
            whole = Fraction(100 * int(yes))
            reach[str(name)] = (None, None) if basis.blank else (whole, whole)
        return Units(reach, total, open_ended=False)
    if isinstance(basis, _Projects):
        for name, (low, _) in basis.found.reach.items():
            whole = Fraction(100 if low else 0)
            reach[name] = (whole, whole)
        return Units(reach, total, open_ended=False)
    missing = tuple(item for item in basis.missing if not item.startswith("frames"))
    return Units(basis.found.reach, total, basis.found.open_ended, missing)
