"""A direction unit by unit: what each has reached, and what it lacks to count."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from fractions import Fraction
from functools import cached_property
from typing import Any, NamedTuple

import numpy as np
import pandas as pd

from kuzbass_lean.display import Shown
from kuzbass_lean.errors import UnknownNameError, UsageError
from kuzbass_lean.lookup import among
from kuzbass_lean.maturity import units as reached
from kuzbass_lean.maturity.bases import Adoption, Basis, PooledRevenue, build, build_local, threshold
from kuzbass_lean.maturity.model import LEVELS, Direction
from kuzbass_lean.maturity.reach import UNKNOWN, Reach
from kuzbass_lean.metrics import current_answers
from kuzbass_lean.nearest import nearest
from kuzbass_lean.registry import Registry, once
from kuzbass_lean.schema import TEXT


@dataclass(frozen=True, slots=True)
class UnitStep(Shown):
    """What brings one unit there, at worst: what is unknown counts as not done.

    Attributes
    ----------
    unit
        An organisation, in direction 2 a municipality; None for a unit that the registry
        does not list, of which nobody knows which it is.
    reached
        What it has reached for sure and at best, in the unit of Y; where one project or one
        switch is enough, their number. ``(None, None)`` is unknown.
    projects
        Realised projects to add.
    open_projects
        Its projects in progress, then planned ones, the earliest due first: each would do.
    criteria, choose_from
        How many more criteria to meet, and the numbers of those not met or not answered,
        the ones that most other units meet first.
    points
        Percentage points to add to what it has reached.
    switch
        To switch to lean methods.
    """

    unit: str | None
    municipality_id: str | None = None
    reached: Reach = UNKNOWN
    projects: int = 0
    open_projects: tuple[str, ...] = ()
    criteria: int = 0
    choose_from: tuple[int, ...] = ()
    points: Fraction = Fraction(0)
    switch: bool = False

    @property
    def known(self) -> bool:
        """Whether it is known what the unit has reached."""
        return self.reached[0] is not None

    @property
    def order(self) -> tuple[object, ...]:
        """The nearest first: least to do, known before unknown, with open projects before without."""
        amount = self.projects or self.criteria or self.points
        return (amount, not self.known, not self.open_projects, self.unit is None, self.unit or "")

    def to_dict(self) -> dict[str, Any]:
        """Return what the unit lacks as JSON."""
        lists = {"open_projects": list(self.open_projects), "choose_from": list(self.choose_from)}
        names = ("unit", "municipality_id", "projects", "criteria", "switch")
        return {**{name: getattr(self, name) for name in names}, "points": float(self.points), **lists}


class Answers(NamedTuple):
    """A unit's criteria: the version, how many count, how many are met, and which are not."""

    version: str
    whole: int
    met: int
    open: tuple[int, ...]

    def lacking(self, percent: Fraction) -> int:
        """Return how many more make the percent."""
        return max(-int(-percent * self.whole // 100) - self.met, 0)

    def percent(self, criteria: int) -> Fraction:
        """Return by how many points so many more criteria raise the unit."""
        return Fraction(100 * criteria, self.whole)


class Survey:
    """One direction under one reading on a date, in the region or in one municipality.

    Raises
    ------
    UsageError
        The direction has no unit of a municipality.
    """

    def __init__(
        self,
        registry: Registry,
        direction: Direction,
        reading: str,
        as_of: date,
        municipality: str | None = None,
    ) -> None:
        self.registry, self.direction, self.as_of, self.municipality = (
            registry,
            direction,
            as_of,
            municipality,
        )
        self.basis: Basis
        if municipality is None:
            self.basis = build(registry, direction, reading, as_of)
        elif direction.unit in (("state_body",), ("municipality",)):
            raise UsageError(f"direction {direction.number} is scored in the region, not in a municipality")
        else:
            self.basis = build_local(registry, municipality, direction, reading, as_of)[0]

    @property
    def reach(self) -> Mapping[str, Reach]:
        """What each listed unit has reached, by id."""
        return self.basis.found.reach

    @property
    def spare(self) -> int:
        """Units that exist and are not listed; none where nobody says how many exist."""
        return self.basis.found.unlisted if self.basis.total is not None else 0

    def next_level(self) -> tuple[int, int]:
        """Return X and Y of the lowest level that is not met for sure, or of the highest."""
        for level in LEVELS:
            x, y = self.direction.levels[level]  # type: ignore[index]
            case = self.basis(x, y)
            if case.threshold is None or case.sure < max(case.threshold, 1) or not case.y_met[0]:
                break
        return x, y

    def check(self, unit: str) -> None:
        """Refuse a unit that the registry does not list in this direction."""
        if unit not in self.reach:
            raise UnknownNameError(
                f"unit of direction {self.direction.number}", unit, nearest(unit, tuple(self.reach))
            )

    def step(self, unit: str | None, y: int, municipality: str | None = None) -> UnitStep:
        """Return what one unit lacks to Y; one that is not listed lacks everything."""
        basis, low = self.basis, UNKNOWN[0]
        place = municipality if unit is None else self.places.get(unit)
        known = self.reach.get(unit or "", UNKNOWN)
        low, needs = known[0] or Fraction(0), basis.needs(y)
        missing = max(needs - low, Fraction(0))
        if isinstance(basis, PooledRevenue):
            share = basis.shares.reach.get(unit or "", UNKNOWN)
            points = max(y - (share[0] or Fraction(0)), Fraction(0))
            return UnitStep(unit, place, share, int(missing), self.open_projects(unit), points=points)
        if basis.way == "projects":
            return UnitStep(unit, place, known, int(missing), self.open_projects(unit))
        if basis.way == "criteria":
            answers = self.answers(unit)
            lacking = answers.lacking(Fraction(y))
            return UnitStep(unit, place, known, criteria=lacking, choose_from=answers.open)
        if basis.way == "adoption":
            return UnitStep(unit, place, known, switch=missing > 0)
        return UnitStep(unit, place, known, points=missing)

    def nearest(self, y: int) -> list[UnitStep]:
        """Return what every unit that does not count for sure lacks, the nearest first.

        The units that the registry does not list are last.
        """
        needs = self.basis.needs(y)
        lacking = [unit for unit, (low, _) in self.reach.items() if low is None or low < needs]
        steps = sorted((self.step(unit, y) for unit in lacking), key=lambda step: step.order)
        return steps + [self.step(None, y) for _ in range(self.spare)]

    @cached_property
    def places(self) -> dict[str, str]:
        """The municipality of each unit that has one."""
        if self.direction.unit == ("municipality",):
            return {place: place for place in self.reach}
        return _places(self.registry)

    def open_projects(self, unit: str | None) -> tuple[str, ...]:
        """Return the unit's projects in progress, then planned ones, the earliest due first."""
        return self._open_projects.get(unit or "", ())

    @cached_property
    def _open_projects(self) -> dict[str, tuple[str, ...]]:
        projects, pairs = self.registry.projects, self.registry.project_units()
        still = projects["status"].isin(["in_progress", "planned"])
        unit = "organization_id"
        if self.direction.unit == ("municipality",):
            still, unit = still & projects["direction"].notna(), "municipality_id"
        # a participant's project that is not there is at -1, after the last
        at = self.registry.projects_of_units
        chosen = np.append(still.to_numpy(dtype=bool), False)[at]
        chosen &= among(pairs[unit], pd.Series(list(self.reach), dtype=TEXT)).to_numpy(dtype=bool)
        told = projects[["project_id", "status", "due"]].iloc[at[chosen]]
        rows = told.assign(**{unit: pairs.loc[chosen, unit].array})
        rows = rows.sort_values(["status", "due", "project_id"]).drop_duplicates(["project_id", unit])
        return {str(name): tuple(ids) for name, ids in rows.groupby(unit)["project_id"]}

    def answers(self, unit: str | None) -> Answers:
        """Return a unit's criteria; one never assessed has met none of the version last used."""
        return self._answers.get(unit or "", self._unassessed)

    @cached_property
    def _current(self) -> dict[str, tuple[str, dict[int, str]]]:
        registry, model = self.registry, self.direction.criteria
        rows = current_answers(registry.frame("assessments"), registry.table("criteria"), self.as_of, model)
        return {
            str(unit): (
                str(own["version"].iloc[0]),
                dict(zip(own["number"].tolist(), own["result"], strict=True)),
            )
            for unit, own in rows.groupby("organization_id")
        }

    @cached_property
    def _answers(self) -> dict[str, Answers]:
        return {unit: self._state(version, results) for unit, (version, results) in self._current.items()}

    @cached_property
    def _unassessed(self) -> Answers:
        registry, model = self.registry, self.direction.criteria
        past = registry.frame("assessments")
        past = past[past["model"].eq(model) & past["assessed_on"].le(pd.Timestamp(self.as_of))]
        listed = registry.frame("criteria")
        versions = past.sort_values(["assessed_on", "version"])["version"].tolist()
        versions = versions or sorted(listed.loc[listed["model"].eq(model), "version"])
        version = str(versions[-1]) if versions else reached.HYPOTHETICAL
        return self._state(version, dict.fromkeys(self.criteria_numbers(version), "unanswered"))

    def criteria_numbers(self, version: str) -> tuple[int, ...]:
        """Return the numbers of a version's criteria; none where the registry lists none."""
        listed = self.registry.frame("criteria")
        own = listed[listed["model"].eq(self.direction.criteria) & listed["version"].eq(version)]
        return tuple(sorted(int(number) for number in own["number"]))

    @cached_property
    def _popular(self) -> Counter[int]:
        """How many units meet each criterion."""
        return Counter(
            n for _, given in self._current.values() for n, result in given.items() if result == "met"
        )

    def _state(self, version: str, results: dict[int, str]) -> Answers:
        popular = self._popular
        counted = [number for number, result in results.items() if result != "na"]
        # where nothing counts, one criterion to meet is all that can be asked
        counted = counted or sorted(results)[:1] or [1]
        open_ = sorted((n for n in counted if results.get(n) != "met"), key=lambda n: (-popular[n], n))
        return Answers(version, len(counted), len(counted) - len(open_), tuple(open_))


@once
def _places(registry: Registry) -> dict[str, str]:
    """The municipality of each organisation that has one."""
    own = registry.organizations[["organization_id", "municipality_id"]].dropna()
    return dict(zip(own["organization_id"], own["municipality_id"], strict=True))


def companies(survey: Survey) -> dict[str, list[tuple[str, bool]]]:
    """Return the companies of each municipality with whether they have switched, both in order.

    Those without a municipality are under an empty name.
    """
    basis = survey.basis
    assert isinstance(basis, Adoption)
    found: dict[str, list[tuple[str, bool]]] = {}
    for unit, (low, _) in sorted(basis.found.reach.items()):
        found.setdefault(survey.places.get(unit, ""), []).append((unit, low is not None and low >= 1))
    return dict(sorted(found.items()))


def enough(total: int, percent: int) -> int:
    """Return how many units a level takes: never none."""
    return max(threshold(total, percent), 1)
