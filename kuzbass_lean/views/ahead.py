"""What next: the cheapest step to a level, and when it comes at the present pace."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date

from kuzbass_lean import blocks, evidence, maturity, metrics, wording
from kuzbass_lean.blocks import Block, Column, Step
from kuzbass_lean.evidence import Forecast, Outlook
from kuzbass_lean.figures import Figure
from kuzbass_lean.maturity import DirectionScore, NextStep, Profile, UnitStep
from kuzbass_lean.registry import Registry, Scope
from kuzbass_lean.views.levels import cases, inputs, ladder, units
from kuzbass_lean.views.summary import organization_names

MOST_STEPS = 3
MOST_NEAREST = 3
MOST_UNITS = 8
MOST_CRITERIA = 6


def steps(profile: Profile, registry: Registry, scope: Scope) -> tuple[NextStep, ...]:
    """Return the smallest set of steps to the next level of every direction of a profile.

    Parameters
    ----------
    registry
        The whole registry; a municipality's own units are looked at in its slice.

    Examples
    --------
    >>> found = kl.views.steps(profile, registry, kl.Scope.region())
    >>> len(found)
    9
    """
    base = registry.slice(scope) if scope.municipality else registry
    return maturity.next_steps(base, profile, municipality=scope.municipality)


def standing(profile: Profile, registry: Registry, scope: Scope, as_of: date) -> Block:
    """Return the levels and, beside them, the next steps: the answer of the first screen.

    Examples
    --------
    >>> block = kl.views.standing(profile, registry, kl.Scope.region(), day)
    """
    return blocks.beside(
        ("Где мы стоим и чего не хватает", ladder(profile)),
        ("Следующие шаги", next_steps(profile, registry, scope, as_of)),
    )


def next_steps(profile: Profile, registry: Registry, scope: Scope, as_of: date) -> Block:
    """Return at most three next steps, each computed: cheapest levels, unknown inputs, late projects.

    Examples
    --------
    >>> block = kl.views.next_steps(profile, registry, kl.Scope.region(), day)
    """
    scores = {score.number: score for score in profile.directions}
    names = unit_names(registry)
    found = [step for step in steps(profile, registry, scope) if step.target is not None]
    computed = sorted((s for s in found if s.units is not None), key=lambda s: (_cost(s), s.number))
    items = [_step(step, scores[step.number], names) for step in computed if _cost(step)]
    for step in found:
        score = scores[step.number]
        if step.units is None and step.missing:
            gives = f"Сейчас возможно {cases(score)}."
            items.append(Step(f"{score.title}: внести {inputs(step.missing)}", gives))
    late = metrics.overdue(registry.slice(scope).projects, as_of)
    shown = items[: MOST_STEPS - 1] if len(late) else items[:MOST_STEPS]
    if len(late):
        longest = wording.plural(int(late["days"].iloc[0]), "day")
        shown.append(
            Step(
                f"Разобрать просроченные проекты: {wording.number(len(late))}",
                f"Самый долгий просрочен на {longest}.",
            )
        )
    if not shown:
        return blocks.prose(_no_steps(profile, registry.slice(scope)))
    return blocks.steps(shown)


def _no_steps(profile: Profile, part: Registry) -> str:
    if part.projects.empty:
        return "Внести проекты в реестр, если они есть: без них отчёт ничего не может сказать."
    levels = "высшие уровни достигнуты" if profile.directions else "модель здесь уровней не определяет"
    return f"Следующих шагов нет: {levels}, просроченных проектов нет."


def _cost(step: NextStep) -> int:
    return (step.units or 0) + (step.projects or 0)


def _level(level: str | None) -> str:
    return wording.label("level", level)


def unit_names(registry: Registry) -> dict[str, str]:
    """Return the names of organisations and municipalities by id."""
    places = {str(key): str(title) for key, title in registry.municipalities["title"].items()}
    return places | {str(key): str(name) for key, name in organization_names(registry).items()}


def _step(step: NextStep, score: DirectionScore, names: dict[str, str]) -> Step:
    gives = [f"Даёт уровень «{_level(step.target)}»."]
    if step.nearest and step.units:
        gives.append(_nearest(step.nearest[: min(MOST_NEAREST, step.units)], names))
    if (step.best_units, step.best_projects) != (step.units, step.projects):
        best = _needed(score, step.best_units, step.best_projects)
        gives.append(f"В лучшем случае {f'нужно {best}' if best else 'хватит недостающих данных'}.")
    return Step(f"{score.title}: ещё {_needed(score, step.units or 0, step.projects or 0)}", " ".join(gives))


def _nearest(lacks: Sequence[UnitStep], names: dict[str, str]) -> str:
    """Name the units nearest to count and what each lacks, said once where it is the same."""
    words = {lacking_words(lack) for lack in lacks}
    if len(lacks) > 1 and len(words) == 1:
        named = wording.join([_who(lack, names) for lack in lacks])
        return f"Ближе всего: {named}, каждому: {words.pop().removesuffix('.')}."
    told = [f"{_who(lack, names)} — {lacking_words(lack)}" for lack in lacks]
    return f"Ближе всего: {'; '.join(told).removesuffix('.')}."


def _needed(score: DirectionScore, count: int, projects: int) -> str:
    parts = []
    if count:
        parts.append(units(score, count))
    if projects:
        parts.append(wording.plural(projects, "project"))
    return wording.join(parts)


def _who(lack: UnitStep, names: dict[str, str]) -> str:
    return "единица, которой нет в реестре" if lack.unit is None else names.get(lack.unit, lack.unit)


def lacking_words(lack: UnitStep) -> str:
    """Say what one unit lacks to count: projects, criteria, percentage points or the switch."""
    if lack.switch:
        return "перейти на бережливые методы"
    if lack.criteria:
        named = [wording.number(number) for number in lack.choose_from[: lack.criteria]]
        which = f" (№ {', '.join(named[:MOST_CRITERIA])}{' …' if len(named) > MOST_CRITERIA else ''})"
        return wording.plural(lack.criteria, "criterion") + (which if named else "")
    if lack.points:
        return f"ещё {wording.points(float(lack.points), 1)} до порога"
    text = wording.plural(lack.projects, "project")
    return f"{text}, уже открыто {wording.number(len(lack.open_projects))}" if lack.open_projects else text


def smallest_steps(profile: Profile, registry: Registry, scope: Scope) -> Block:
    """Return for each direction the smallest set of steps to the next level: who is to do what.

    Examples
    --------
    >>> block = kl.views.smallest_steps(profile, registry, kl.Scope.region())
    """
    if not profile.directions:
        return blocks.prose("Шагов нет: модель не оценивает этот сектор или территорию.")
    scores = {score.number: score for score in profile.directions}
    names = unit_names(registry)
    rows = [_steps_row(scores[step.number], step, names) for step in steps(profile, registry, scope)]
    columns = [Column("Направление"), Column("Следующий уровень"), Column("В худшем случае нужно")]
    columns += [Column("В лучшем случае"), Column("Кому и что сделать")]
    note = (
        "Меньшим числом единиц уровня не достичь. В худшем случае всё неизвестное считается невыполненным, в "
        "лучшем — выполненным. Критерии названы те, что чаще выполняют другие."
    )
    return blocks.table("Наименьший набор шагов", columns, rows, note)


def _steps_row(score: DirectionScore, step: NextStep, names: dict[str, str]) -> tuple[str, ...]:
    if step.target is None:
        return score.title, "—", "ничего: высший уровень", "—", "—"
    if step.units is None:
        why = "недостижимо при этом прочтении" if step.reachable is False else f"нужны {inputs(step.missing)}"
        return score.title, _level(step.target), why, "—", "—"
    worst = _needed(score, step.units, step.projects or 0) or "только данные"
    best = _needed(score, step.best_units, step.best_projects) or "хватит недостающих данных"
    told = [f"{_who(lack, names)} — {lacking_words(lack)}" for lack in step.nearest[:MOST_UNITS]]
    more = len(step.nearest) - len(told)
    who = "; ".join(told) + (f"; и ещё {wording.number(more)}" if more > 0 else "")
    return score.title, _level(step.target), worst, best, who or "любые единицы, нужны только проекты"


def forecast(profile: Profile, registry: Registry, scope: Scope, as_of: date) -> Block:
    """Return when the next level of each direction is reached at the present pace, with its interval.

    Examples
    --------
    >>> block = kl.views.forecast(profile, registry, kl.Scope.region(), day)
    """
    if not profile.directions:
        return blocks.prose("Прогноза нет: модель не оценивает этот сектор или территорию.")
    scores = {score.number: score for score in profile.directions}
    taken = steps(profile, registry, scope)
    base = registry.slice(scope) if scope.municipality else registry
    found = evidence.outlook(base, taken, as_of)
    needs = {step.number: step for step in taken}
    rows = [_forecast_row(scores[entry.number], needs[entry.number], entry) for entry in found]
    columns = [
        Column("Направление"),
        Column("Следующий уровень"),
        Column("Не хватает"),
        Column("Темп в месяц", True),
    ]
    columns += [Column("Когда", True), Column("Интервал 95\u202f%", True)]
    assumed = dict.fromkeys(
        code for entry in found for part in (entry.units, entry.projects) if part for code in part.assumptions
    )
    note = "Это продолжение нынешнего темпа, а не план. "
    if assumed:
        said = wording.join([wording.label("assumption", code) for code in assumed])
        note += f"Верно, если: {said}."
    figures = tuple(figure for entry in found for figure in _forecast_figures(scores[entry.number], entry))
    return blocks.table("Когда будет следующий уровень", columns, rows, note, figures)


def _forecast_row(score: DirectionScore, step: NextStep, entry: Outlook) -> tuple[str, ...]:
    needed = "—" if step.units is None else _needed(score, step.units, step.projects or 0) or "только данные"
    if entry.day is None:
        why = wording.label("no_forecast", entry.reason) if entry.reason else "далеко за пределами календаря"
        return score.title, _level(entry.target) if entry.target else "—", needed, _pace(entry), why, "—"
    latest = wording.date(entry.latest) if entry.latest else "неизвестно"
    span = f"{wording.date(entry.earliest)} … {latest}"
    return score.title, _level(entry.target), needed, _pace(entry), wording.date(entry.day), span


def _pace(entry: Outlook) -> str:
    parts: list[tuple[str, Forecast]] = []
    if entry.units:
        parts.append(("единиц", entry.units))
    if entry.projects:
        parts.append(("проектов", entry.projects))
    return ", ".join(f"{wording.number(found.pace, 1)} {word}" for word, found in parts) or "—"


def _forecast_figures(score: DirectionScore, entry: Outlook) -> list[Figure]:
    formula = "forecast_pace"
    return [
        Figure(
            f"pace_{name}",
            f"{score.title}: темп, {label} в месяц",
            round(found.pace, 10),
            wording.number(found.pace, 1),
            "1/month",
            formula,
            found.events,
            key=str(entry.number),
        )
        for name, label, found in (("units", "единиц", entry.units), ("projects", "проектов", entry.projects))
        if found
    ]
