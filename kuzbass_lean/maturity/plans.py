"""The smallest set of steps that brings one level of a direction, basis by basis.

Smallest is fewest units (for companies that switch: fewest companies), and among those the
nearest. Every plan is at worst: what is unknown counts as not done.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from fractions import Fraction

from kuzbass_lean.maturity.bases import Adoption, Mean, PooledRevenue, Total, best_of, spread, total_of
from kuzbass_lean.maturity.lacking import Survey, UnitStep, companies, enough


@dataclass(frozen=True, slots=True)
class Plan:
    """The steps, how many realised projects in all they take, and whether they suffice."""

    steps: tuple[UnitStep, ...] = ()
    projects: int = 0
    reachable: bool = True


def smallest(survey: Survey, x: int, y: int) -> Plan | None:
    """Return the smallest plan to X and Y, or None where nobody says how many units there are."""
    basis = survey.basis
    if isinstance(basis, Adoption):
        plans = {"joint": _joint, "nested": _nested, "subset": _subset}
        return plans[basis.reading](survey, basis, x, y)
    if basis.total is None:
        return None
    if isinstance(basis, Mean):
        return _mean(survey, basis, enough(basis.total, x), y)
    if isinstance(basis, PooledRevenue):
        return _pooled(survey, basis, enough(basis.total, x), y)
    need = enough(basis.total, x) - basis(x, y).sure
    steps = _first(survey.nearest(y), need)
    projects = sum(step.projects for step in steps)
    if isinstance(basis, Total):
        projects = max(y - basis.projects, projects)
    return Plan(tuple(steps), projects, len(steps) >= need)


def ordered(survey: Survey, x: int, y: int) -> list[UnitStep]:
    """Return what every unit lacks, those of the smallest plan first where they depend on each other."""
    if not isinstance(survey.basis, Adoption):
        return survey.nearest(y)
    plan = smallest(survey, x, y)
    steps = list(plan.steps) if plan else []
    taken = {step.unit for step in steps}
    rest = [step for step in survey.nearest(y) if step.unit is None or step.unit not in taken]
    unlisted = sum(step.unit is None for step in steps)
    return steps + rest[: len(rest) - unlisted]


def fewest_at_best(survey: Survey, x: int, y: int) -> int:
    """Return the units it takes if everything unknown turns out well; 0 where that is enough."""
    basis = survey.basis
    case = basis(x, y)
    needed = max(case.threshold or 1, 1)
    if isinstance(basis, Mean):
        if basis.total is None:
            return 0
        best = best_of(spread(basis.found)[1], needed)
        percents = [percent for percent, units in best for _ in range(units)]
        return len(_raised(percents, needed * y - total_of(best)))
    if isinstance(basis, PooledRevenue):
        return max(needed - case.best, 0 if case.y_met[1] else 1, 0)
    if isinstance(basis, Adoption):
        plan = None if basis.blank else smallest(survey, x, y)
        return len(plan.steps) if plan else max(needed - case.best, 0)
    return max(needed - case.best, 0)


def _first(steps: Sequence[UnitStep], count: int) -> list[UnitStep]:
    return list(steps[: max(count, 0)])


def _raised(percents: Sequence[Fraction], deficit: Fraction) -> list[int]:
    """Return the places of the fewest percents that, raised to 100, make up the deficit."""
    places = []
    for place in sorted(range(len(percents)), key=lambda place: percents[place]):
        if deficit <= 0:
            break
        deficit -= 100 - percents[place]
        places.append(place)
    return places


def _mean(survey: Survey, basis: Mean, count: int, y: int) -> Plan:
    """Raise the lowest of the best units: nothing gains more; then give back what is too much."""
    lacking = [survey.step(unit, 100) for unit in basis.found.reach]
    lacking += [survey.step(None, 100) for _ in range(basis.found.unlisted)]
    best = sorted(lacking, key=lambda step: (-(step.reached[0] or Fraction(0)), step.order))[:count]
    percents = [step.reached[0] or Fraction(0) for step in best]
    slack = sum(percents, Fraction(0)) - count * y
    places = _raised(percents, -slack)
    slack += sum(100 - percents[place] for place in places)
    steps = []
    for place in reversed(places):
        step, answers = best[place], survey.answers(best[place].unit)
        spared = min(int(slack * answers.whole // 100), step.criteria)
        slack -= answers.percent(spared)
        points = answers.percent(step.criteria - spared)
        steps.append(replace(step, criteria=step.criteria - spared, points=points))
    return Plan(tuple(reversed(steps)), 0, len(best) >= count)


def _pooled(survey: Survey, basis: PooledRevenue, count: int, y: int) -> Plan:
    """Without amounts the share is sure only where every enterprise has it."""
    every = [survey.step(unit, y) for unit in sorted(basis.found.reach)]
    every += [survey.step(None, y) for _ in range(basis.shares.unlisted)]
    raised = [step for step in every if step.points]
    others = [step for step in every if not step.points]
    need = count - basis(0, y).sure
    beginning = _first([step for step in [*raised, *others] if step.projects], need)
    begun = set(beginning)
    steps = [step if step in begun else replace(step, projects=0) for step in raised]
    steps += [step for step in others if step in begun]
    return Plan(tuple(steps), len(beginning), len(beginning) >= need)


def _free(survey: Survey, held: dict[str, list[tuple[str, bool]]]) -> list[str]:
    """Return the municipalities where no company is listed and one that is not listed may be."""
    return [place for place in survey.registry.municipalities.index if place not in held]


def _joint(survey: Survey, basis: Adoption, x: int, y: int) -> Plan | None:
    if basis.total is None or basis.places is None:
        return None
    held = companies(survey)
    covered = {place for place, own in held.items() if place and any(yes for _, yes in own)}
    need = enough(basis.total, x) - basis(x, y).sure
    places = enough(basis.places, y) - len(covered)
    new = [own[0][0] for place, own in held.items() if place and place not in covered]
    steps = [survey.step(unit, y) for unit in new[: max(places, 0)]]
    free = _free(survey, held)[: min(max(places - len(steps), 0), survey.spare)]
    steps += [survey.step(None, y, place) for place in free]
    reachable = len(steps) >= places
    taken = {step.unit for step in steps}
    rest = [unit for own in held.values() for unit, yes in own if not yes and unit not in taken]
    more = [survey.step(unit, y) for unit in rest]
    more += [survey.step(None, y) for _ in range(survey.spare - len(free))]
    steps += _first(more, need - len(steps))
    return Plan(tuple(steps), 0, reachable and len(steps) >= need)


def _nested(survey: Survey, basis: Adoption, x: int, y: int) -> Plan | None:
    if basis.places is None:
        return None
    held = companies(survey)
    choices: list[tuple[int, bool, str, list[str | None]]] = []
    for place, own in held.items():
        waiting: list[str | None] = [unit for unit, yes in own if not yes]
        lack = enough(len(own), x) - (len(own) - len(waiting))
        if place and lack > 0:
            choices.append((lack, False, place, waiting[:lack]))
    choices += [(1, True, place, [None]) for place in _free(survey, held)[: survey.spare]]
    need = enough(basis.places, y) - basis(x, y).sure
    chosen = sorted(choices, key=lambda choice: choice[:3])[: max(need, 0)]
    steps = [survey.step(unit, y, place) for _, _, place, units in chosen for unit in units]
    return Plan(tuple(steps), 0, len(chosen) >= need)


def _subset(survey: Survey, basis: Adoption, x: int, y: int) -> Plan | None:
    """Begin in the municipalities with the fewest companies: they widen the pool least."""
    if basis.places is None:
        return None
    held = companies(survey)
    covered = [place for place, own in held.items() if place and any(yes for _, yes in own)]
    choices: list[tuple[int, bool, str, str | None]] = [
        (len(own), False, place, own[0][0]) for place, own in held.items() if place and place not in covered
    ]
    choices += [(1, True, place, None) for place in _free(survey, held)[: survey.spare]]
    need = enough(basis.places, y) - len(covered)
    chosen = sorted(choices, key=lambda choice: choice[:3])[: max(need, 0)]
    steps = [survey.step(unit, y, place) for _, _, place, unit in chosen]
    pool = [pair for place in covered for pair in held[place]]
    pool += [pair for _, new, place, _ in chosen if not new for pair in held[place]]
    whole = len(pool) + sum(step.unit is None for step in steps)
    switched = sum(yes for _, yes in pool) + len(steps)
    taken = {step.unit for step in steps}
    rest = [survey.step(unit, y) for unit, yes in sorted(pool) if not yes and unit not in taken]
    more = _first(rest, enough(whole, x) - switched)
    return Plan((*steps, *more), 0, len(chosen) >= need)
