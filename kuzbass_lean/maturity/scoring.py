"""Three-valued scoring: what is met for sure, what may be met, and what is missing to the next level."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import date

from kuzbass_lean.errors import UsageError
from kuzbass_lean.maturity import units as reached
from kuzbass_lean.maturity.bases import Basis, Case, build, build_local, threshold
from kuzbass_lean.maturity.model import LEVELS, Direction, Model, load_model
from kuzbass_lean.maturity.profile import DirectionScore, Profile, Rule, Verdict
from kuzbass_lean.registry import Registry

__all__ = [
    "DirectionScore",
    "Profile",
    "Rule",
    "Verdict",
    "local_directions",
    "score",
    "score_local",
    "threshold",
]


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

    Examples
    --------
    >>> profile = kl.maturity.score(registry)
    >>> profile.direction(8).level
    'none'
    """
    rules = model or load_model()
    chosen = rules.readings(readings)
    day = as_of or registry.as_of
    if day is None:
        raise UsageError("the registry records no date: name the report date with --as-of")

    def under(direction: Direction, reading: str) -> DirectionScore:
        return _conclude(direction, reading, build(registry, direction, reading, day))

    return Profile(day, tuple(_direction(d, chosen[d.number], under) for d in rules.directions))


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

    Examples
    --------
    >>> part = registry.slice(kl.Scope.of_municipality("kemerovsky-okrug"))
    >>> profile = kl.maturity.score_local(part, "kemerovsky-okrug")
    >>> [score.number for score in profile.directions]
    [3, 4, 5, 6, 7, 8, 9]
    """
    rules = model or load_model()
    chosen = rules.readings(readings)
    day = as_of or part.as_of
    if day is None:
        return Profile(date.min, ())

    def under(direction: Direction, reading: str) -> DirectionScore:
        basis, notes = build_local(part, municipality, direction, reading, day)
        return replace(_conclude(direction, reading, basis), notes=notes)

    local = local_directions(part, municipality, rules)
    return Profile(day, tuple(_direction(d, chosen[d.number], under) for d in local))


def local_directions(part: Registry, municipality: str, model: Model | None = None) -> tuple[Direction, ...]:
    """Return the directions of the model that have a unit in the municipality."""
    local = reached.local(part, municipality)
    return tuple(
        direction
        for direction in (model or load_model()).directions
        if direction.unit not in (("state_body",), ("municipality",))
        and len(reached.listed(local, direction.unit))
    )


def _direction(
    direction: Direction, reading: str, under: Callable[[Direction, str], DirectionScore]
) -> DirectionScore:
    scored = {name: under(direction, name) for name in direction.readings}
    return replace(scored[reading], sensitivity={name: result.level for name, result in scored.items()})


def _conclude(direction: Direction, reading: str, basis: Basis) -> DirectionScore:
    cases = {level: basis(*direction.levels[level]) for level in LEVELS}  # type: ignore[index]
    rules = tuple(_rule(direction, level, case, basis.missing) for level, case in cases.items())
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
        basis.total,
        rules,
        basis.missing,
        basis.notes,
    )


def _rule(direction: Direction, level: str, case: Case, missing: tuple[str, ...]) -> Rule:
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
