"""What to do next: for each direction the smallest set of steps to the next level."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from typing import Any

from kuzbass_lean.display import Shown
from kuzbass_lean.maturity.bases import Total
from kuzbass_lean.maturity.changes import Change
from kuzbass_lean.maturity.lacking import Survey, UnitStep
from kuzbass_lean.maturity.model import Direction, Model, load_model
from kuzbass_lean.maturity.plans import Plan, fewest_at_best, smallest
from kuzbass_lean.maturity.profile import DirectionScore, Profile
from kuzbass_lean.registry import Registry


@dataclass(frozen=True, slots=True)
class NextStep(Shown):
    """The smallest set of steps to the next level of one direction.

    Attributes
    ----------
    number, sector, unit, reading
        Of the direction's score.
    level, target
        The level reached for sure and the one aimed at; no target above the highest.
    x, y
        Of the target.
    units, projects
        How many more units have to count, and how many realised projects in all that takes,
        what is unknown counted as not done. None where nobody says how many units there are,
        or where it cannot be done.
    centralised
        How many projects it takes if one may be shared by several units; as ``projects``.
    best_units, best_projects
        The same if everything unknown turns out well; 0 where nothing may be missing.
    nearest
        The units to bring there, those with least to do first.
    changes
        The steps as changes for ``what_if``, which reach the target.
    reachable
        False where no number of units is enough; None where nobody can tell.
    missing
        Inputs that are missing.
    """

    number: int
    sector: str
    unit: tuple[str, ...]
    reading: str
    level: str
    target: str | None
    x: int | None = None
    y: int | None = None
    units: int | None = 0
    projects: int | None = 0
    centralised: int | None = 0
    best_units: int = 0
    best_projects: int = 0
    nearest: tuple[UnitStep, ...] = ()
    changes: tuple[Change, ...] = ()
    reachable: bool | None = True
    missing: tuple[str, ...] = ()

    def to_dict(self) -> dict[str, Any]:
        """Return the step as JSON, the nearest units with what each lacks."""
        names = ("target", "units", "projects", "centralised", "best_units", "best_projects", "reachable")
        return {
            **{name: getattr(self, name) for name in names},
            "nearest": [u.to_dict() for u in self.nearest],
        }


def next_steps(
    registry: Registry,
    profile: Profile,
    model: Model | None = None,
    directions: Collection[int] = (),
    municipality: str | None = None,
) -> tuple[NextStep, ...]:
    """Return the smallest set of steps to the next level of each direction.

    Smallest is fewest units, and of those the nearest: least to do, known before unknown,
    with open projects before without. Nothing smaller reaches the level.

    Parameters
    ----------
    registry, profile
        What was scored and what ``score`` gave for it; date and readings are the profile's.
    model
        The rules it was scored by.
    directions
        Numbers of the directions to look at, all of the profile if empty.
    municipality
        Whose units were scored, if the profile is of ``score_local``.

    Source: programme methodology, maturity engine: shortfall, best and worst case.

    Examples
    --------
    >>> (step,) = kl.maturity.next_steps(registry, profile, directions=[8])
    >>> step.target, step.units
    ('reserve', 3)
    """
    rules = {direction.number: direction for direction in (model or load_model()).directions}
    chosen = [score for score in profile.directions if not directions or score.number in directions]
    return tuple(_next(registry, score, rules[score.number], profile, municipality) for score in chosen)


def _next(
    registry: Registry,
    score: DirectionScore,
    direction: Direction,
    profile: Profile,
    municipality: str | None,
) -> NextStep:
    about = (score.number, score.sector, score.unit, score.reading, score.worst_case)
    rule = score.next_rule
    if rule is None:
        return NextStep(*about, target=None)
    survey = Survey(registry, direction, score.reading, profile.as_of, municipality)
    plan = smallest(survey, rule.x, rule.y)
    done = plan is not None and plan.reachable
    best = 0 if rule.verdict == "unknown" else fewest_at_best(survey, rule.x, rule.y)
    return NextStep(
        *about,
        rule.level,
        rule.x,
        rule.y,
        units=len(plan.steps) if plan and done else None,
        projects=plan.projects if plan and done else None,
        centralised=_centralised(survey, plan, rule.y) if plan and done else None,
        best_units=best,
        best_projects=_best_projects(survey, rule.verdict, best, rule.y),
        nearest=plan.steps if plan else (),
        changes=_changes(survey, plan, rule.y) if plan and done else (),
        reachable=plan.reachable if plan else None,
        missing=score.missing,
    )


def _centralised(survey: Survey, plan: Plan, y: int) -> int:
    """Every participant of a shared project has it; in the sum it counts once."""
    most = max((step.projects for step in plan.steps), default=0)
    if isinstance(survey.basis, Total):
        return max(y - survey.basis.projects, most)
    return most


def _best_projects(survey: Survey, verdict: str, units: int, y: int) -> int:
    basis = survey.basis
    if verdict == "unknown" or basis.way != "projects":
        return 0
    if isinstance(basis, Total):
        return max(y - basis.projects, units)
    return sum(step.projects for step in survey.nearest(y)[:units])


def _changes(survey: Survey, plan: Plan, y: int) -> tuple[Change, ...]:
    number = survey.direction.number
    spent, changes = 0, []
    for step in plan.steps:
        spent += step.projects
        new = step.unit is None
        changes.append(
            Change(
                number,
                units=int(new),
                projects=step.projects,
                unit=step.unit,
                criteria=step.choose_from[: step.criteria],
                y=y if step.points and not step.criteria else None,
                new=new,
                municipality_id=step.municipality_id if new else None,
            )
        )
    if plan.projects > spent:
        changes.append(Change(number, projects=plan.projects - spent))
    return tuple(changes)
