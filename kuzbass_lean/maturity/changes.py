"""What would be if: hypothetical additions to a registry, as rows, and the profile they give."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date

from kuzbass_lean.display import Shown
from kuzbass_lean.errors import UsageError
from kuzbass_lean.maturity.bases import PooledRevenue
from kuzbass_lean.maturity.draft import Draft
from kuzbass_lean.maturity.lacking import Survey, UnitStep
from kuzbass_lean.maturity.model import Model, load_model
from kuzbass_lean.maturity.plans import ordered
from kuzbass_lean.maturity.profile import Profile
from kuzbass_lean.maturity.scoring import score, score_local
from kuzbass_lean.registry import Registry


@dataclass(frozen=True, slots=True)
class Change(Shown):
    """One hypothetical addition in a direction: any units, a named one, or projects alone.

    Attributes
    ----------
    direction
        The direction's number.
    units
        So many more units count: the nearest first, then units that the registry does not
        list, as far as N leaves room. More than there are changes nothing further.
    projects
        So many realised projects in all. Each of ``units`` takes at least what it lacks;
        the rest go to the named unit, or to the one that has the most.
    unit
        This unit only: an organisation, in direction 2 a municipality. With neither
        projects nor criteria it reaches Y, or switches to lean.
    criteria
        Numbers of criteria that the unit meets now.
    y
        What the units reach (criteria met, time cut, revenue improved, in percent; projects
        where each has to have Y); left out, the Y of the next level.
    new, municipality_id
        The units are ones that the registry does not list, in this municipality if named.

    Raises
    ------
    UsageError
        A number is negative, or criteria are named without a unit.
    """

    direction: int
    units: int = 0
    projects: int = 0
    unit: str | None = None
    criteria: tuple[int, ...] = ()
    y: int | None = None
    new: bool = False
    municipality_id: str | None = None

    def __post_init__(self) -> None:
        if min(self.units, self.projects, self.y or 0) < 0:
            raise UsageError(f"change of direction {self.direction}: name numbers from 0 on")
        if self.unit is not None and (self.units or self.new):
            raise UsageError(f"change of direction {self.direction}: name a unit, or how many units")
        if self.criteria and self.unit is None and not self.new:
            raise UsageError(f"change of direction {self.direction}: say which unit meets the criteria")

    @property
    def exact(self) -> bool:
        """Whether it says all itself: what other units have done does not matter to it."""
        return self.unit is not None and bool(self.projects or self.criteria or self.y)


def what_if(
    registry: Registry,
    changes: Iterable[Change],
    model: Model | None = None,
    readings: Mapping[int, str] | None = None,
    as_of: date | None = None,
    municipality: str | None = None,
) -> Profile:
    """Score the registry as if more had been done by the date.

    Adding never lowers a level, at worst or at best, with one exception: under the reading
    ``subset`` the first switch in a municipality brings all its companies into the share.

    Parameters
    ----------
    registry
        The region's, or with ``municipality`` its slice.
    changes
        Applied one after the other.
    model, readings, as_of
        As in ``score``.
    municipality
        Score this municipality's own units, as in ``score_local``.

    Raises
    ------
    UsageError
        An unknown direction, reading, unit or criterion, or no date at all.

    Examples
    --------
    >>> change = kl.maturity.Change(8, units=3)
    >>> kl.maturity.what_if(registry, [change]).direction(8).level
    'reserve'
    """
    rules = model or load_model()
    day = as_of or registry.as_of
    changed = hypothetical(registry, changes, rules, readings, day, municipality)
    if municipality is None:
        return score(changed, rules, readings, day)
    return score_local(changed, municipality, rules, readings, day)


def hypothetical(
    registry: Registry,
    changes: Iterable[Change],
    model: Model | None = None,
    readings: Mapping[int, str] | None = None,
    as_of: date | None = None,
    municipality: str | None = None,
) -> Registry:
    """Return the registry with rows for the changes, dated with the report date.

    The parameters and errors are those of ``what_if``. The rows say ``what-if`` as their
    source; where «at least Y» is assumed, what may be above it stays open.

    Examples
    --------
    >>> more = kl.maturity.hypothetical(registry, [kl.maturity.Change(1, projects=2)])
    >>> len(more.projects) - len(registry.projects)
    2
    """
    rules = model or load_model()
    chosen = rules.readings(readings)
    day = as_of or registry.as_of
    if day is None:
        raise UsageError("the registry records no date: name the report date with --as-of")
    survey: Survey | None = None
    touched: set[str | None] = set()
    for change in changes:
        direction = rules.direction(change.direction)
        # exact changes of different units share one look at the registry
        if survey is None or survey.direction != direction or not change.exact or change.unit in touched:
            survey, touched = Survey(registry, direction, chosen[direction.number], day, municipality), set()
        registry = _applied(survey, registry, change)
        touched.add(change.unit)
        survey = survey if change.exact else None
    return registry


def _applied(survey: Survey, registry: Registry, change: Change) -> Registry:
    x, y = survey.next_level()
    y = y if change.y is None else change.y
    draft, spent, unit = Draft(survey, registry), 0, change.unit
    steps = _steps(survey, change, x, y)
    # a named unit does just what is said of it; where nothing is said, it reaches Y
    whole = change.y is None and not change.projects if change.unit or change.new else True
    for step in steps:
        unit = step.unit or draft.new_unit(step.municipality_id)
        if change.criteria:
            draft.meet(unit, change.criteria)
        elif whole or change.y is not None:
            spent += _reach(draft, unit, step, y, whole)
    if change.projects > spent:
        draft.add_projects(unit if len(steps) == 1 and unit else _fullest(draft), change.projects - spent)
    return draft.registry


def _steps(survey: Survey, change: Change, x: int, y: int) -> list[UnitStep]:
    if change.unit is not None:
        survey.check(change.unit)
        return [survey.step(change.unit, y)]
    if not change.new:
        return ordered(survey, x, y)[: change.units]
    room = change.units if survey.basis.total is None else survey.spare
    place = change.municipality_id
    return [survey.step(None, y, place) for _ in range(min(change.units, room))]


def _reach(draft: Draft, unit: str, step: UnitStep, y: int, whole: bool) -> int:
    """Bring a unit to Y, and return the projects that took."""
    basis = draft.survey.basis
    if basis.way == "criteria":
        draft.meet(unit, step.choose_from[: step.criteria])
    elif basis.way == "lead_time":
        draft.cut(unit, y)
    elif basis.way == "revenue":
        draft.improve(unit, y)
    elif basis.way == "adoption":
        draft.switch(unit)
    projects = 0 if isinstance(basis, PooledRevenue) and not whole else step.projects
    if projects:
        draft.add_projects(unit, projects)
    return projects


def _fullest(draft: Draft) -> str:
    """Return the unit with the most projects, where one more changes the sum only."""
    reach, counted = draft.survey.reach, draft.survey.basis.way == "projects"
    ranked = sorted(reach, key=lambda unit: (-(reach[unit][0] or 0) if counted else 0, unit))
    return ranked[0] if ranked else draft.new_unit(None)
