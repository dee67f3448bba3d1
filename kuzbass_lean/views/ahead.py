"""What next: the cheapest step to a level, and when it comes at the present pace."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date

from kuzbass_lean import blocks, evidence, maturity, metrics, wording
from kuzbass_lean.blocks import Block, Column, Step
from kuzbass_lean.evidence import Outlook
from kuzbass_lean.figures import Figure, Rows, Text, joined, said
from kuzbass_lean.maturity import DirectionScore, NextStep, Profile, UnitStep
from kuzbass_lean.registry import Registry, Scope, once
from kuzbass_lean.views import shown
from kuzbass_lean.views.levels import (
    base,
    behind,
    behind_each,
    cases,
    inputs,
    ladder,
    noun_of,
    read_from,
)

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

    def found() -> tuple[Profile, tuple[NextStep, ...]]:
        return profile, maturity.next_steps(base(registry, scope), profile, municipality=scope.municipality)

    # A profile cannot be hashed; kept with its result, no other can ever have its id.
    return registry.once((steps, id(profile), scope), found)[1]


def standing(profile: Profile, registry: Registry, scope: Scope, as_of: date) -> Block:
    """Return the levels and, beside them, the next steps: the answer of the first screen.

    Examples
    --------
    >>> block = kl.views.standing(profile, registry, kl.Scope.region(), day)
    """
    return blocks.beside(
        ("Где мы стоим и чего не хватает", ladder(profile, registry, scope)),
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
    part = read_from(registry, scope)
    items = [_step(step, scores[step.number], names, part) for step in computed if _cost(step)]
    for step in found:
        score = scores[step.number]
        if step.units is None and step.missing:
            gives = f"Сейчас возможно {cases(score)}."
            lacking = inputs(score, step.missing, behind(part, score))
            items.append(Step(said("{}: внести {}", score.title, lacking), gives))
    own = registry.slice(scope)
    late = metrics.overdue(own.projects, as_of)
    chosen = items[: MOST_STEPS - 1] if len(late) else items[:MOST_STEPS]
    if len(late):
        longest = shown.plural(shown.days_late(*late.iloc[0][["project_id", "title", "days"]]), "day")
        action = said("Разобрать просроченные проекты: {}", shown.state(own, as_of).overdue)
        chosen.append(Step(action, said("Самый долгий просрочен на {}.", longest)))
    if not chosen:
        return blocks.prose(_no_steps(profile, own))
    return blocks.steps(chosen)


def _no_steps(profile: Profile, part: Registry) -> str:
    if part.projects.empty:
        return "Внести проекты в реестр, если они есть: без них отчёт ничего не может сказать."
    levels = "высшие уровни достигнуты" if profile.directions else "модель здесь уровней не определяет"
    return f"Следующих шагов нет: {levels}, просроченных проектов нет."


def _cost(step: NextStep) -> int:
    return (step.units or 0) + (step.projects or 0)


def _level(level: str | None) -> str:
    return wording.label("level", level)


@once
def unit_names(registry: Registry) -> dict[str, str]:
    """Return the names of organisations and municipalities by id."""
    titles, about = registry.municipalities["title"], registry.organizations
    return {**titles, **dict(zip(about["organization_id"], about["name"], strict=True))}


def _step(step: NextStep, score: DirectionScore, names: dict[str, str], part: Registry) -> Step:
    of = behind(part, score)
    gives: list[Text] = [f"Даёт уровень «{_level(step.target)}»."]
    if step.nearest and step.units:
        gives.append(_nearest(step.nearest[: min(MOST_NEAREST, step.units)], score, names, part))
    if (step.best_units, step.best_projects) != (step.units, step.projects):
        best = _needed(score, step.best_units, step.best_projects, of, "best_")
        gives.append(
            said("В лучшем случае нужно {}.", best) if best else "В лучшем случае хватит недостающих данных."
        )
    needed = _needed(score, step.units or 0, step.projects or 0, of)
    return Step(said("{}: ещё {}", score.title, needed), shown.sentence(*gives))


def _nearest(lacks: Sequence[UnitStep], score: DirectionScore, names: dict[str, str], part: Registry) -> Text:
    """Name the units nearest to count and what each lacks, said once where it is the same."""
    own = behind_each(part, score, [lack.unit for lack in lacks])
    told = [_lacking(lack, score, names, own[lack.unit]) for lack in lacks]
    if len(lacks) > 1 and len(set(map(str, told))) == 1:
        who = wording.join([_who(lack, names) for lack in lacks])
        every = lacking_words(
            lacks[0], f"{score.title}, каждому", f"{score.number}.each", Rows.union(own.values())
        )
        return said("Ближе всего: {}, каждому: {}.", who, every)
    return said("Ближе всего: {}.", joined("; ", _who_lacks(lacks, told, names)))


def _lacking(lack: UnitStep, score: DirectionScore, names: dict[str, str], of: Rows) -> Text:
    unit = lack.unit or "unlisted"
    return lacking_words(lack, f"{score.title}, {_who(lack, names)}", f"{score.number}.{unit}", of)


def _who_lacks(lacks: Sequence[UnitStep], told: Sequence[Text], names: dict[str, str]) -> list[Text]:
    return [said("{} — {}", _who(lack, names), words) for lack, words in zip(lacks, told, strict=True)]


def _needed(score: DirectionScore, count: int, projects: int, of: Rows, best: str = "") -> Text:
    """Say how many units and projects a step takes; nothing where it takes none."""
    parts = [
        shown.plural(
            shown.number(
                f"step_{best}{name}",
                f"{score.title}: до следующего уровня {what}",
                value,
                unit,
                f"step_{name}",
                key=str(score.number),
                rows=of,
            ),
            noun,
        )
        for name, what, value, unit, noun in (
            ("units", "единиц", count, "unit", noun_of(score)),
            ("projects", "проектов", projects, "project", "project"),
        )
        if value
    ]
    return joined(" и ", parts) if parts else ""


def _who(lack: UnitStep, names: dict[str, str]) -> str:
    return "единица, которой нет в реестре" if lack.unit is None else names.get(lack.unit, lack.unit)


def lacking_words(lack: UnitStep, label: str, key: str, of: Rows) -> Text:
    """Say what one unit lacks to count: projects, criteria, percentage points or the switch.

    Its numbers are figures with the label, the key and the rows of the unit.
    """

    def figure(name: str, what: str, value: float, unit: str, rows: Rows = of) -> Figure:
        digits = 1 if unit == "percentage point" else None
        return shown.number(name, f"{label}: {what}", value, unit, name, key=key, digits=digits, rows=rows)

    if lack.switch:
        return "перейти на бережливые методы"
    if lack.criteria:
        named = [wording.number(number) for number in lack.choose_from[: lack.criteria]]
        which = f" (№ {', '.join(named[:MOST_CRITERIA])}{' …' if len(named) > MOST_CRITERIA else ''})"
        criteria = figure("lack_criteria", "не хватает критериев", lack.criteria, "criterion")
        return said("{}{}", shown.plural(criteria, "criterion"), which if named else "")
    if lack.points:
        points = figure("lack_points", "не хватает до порога", float(lack.points), "percentage point")
        return said("ещё {} до порога", points)
    projects = shown.plural(
        figure("lack_projects", "не хватает проектов", lack.projects, "project"), "project"
    )
    if not lack.open_projects:
        return projects
    ids = Rows.of(projects=lack.open_projects)
    still = figure("lack_opened", "открытых проектов", len(lack.open_projects), "project", ids)
    return said("{}, уже открыто {}", projects, still)


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
    part = read_from(registry, scope)
    rows = [_steps_row(scores[step.number], step, names, part) for step in steps(profile, registry, scope)]
    columns = [Column("Направление"), Column("Следующий уровень"), Column("В худшем случае нужно")]
    columns += [Column("В лучшем случае"), Column("Кому и что сделать")]
    note = (
        "Меньшим числом единиц уровня не достичь. В худшем случае всё неизвестное считается невыполненным, в "
        "лучшем — выполненным. Критерии названы те, что чаще выполняют другие."
    )
    return blocks.table("Наименьший набор шагов", columns, rows, note)


def _steps_row(
    score: DirectionScore, step: NextStep, names: dict[str, str], part: Registry
) -> tuple[Text, ...]:
    of = behind(part, score)
    if step.target is None:
        return score.title, "—", "ничего: высший уровень", "—", "—"
    if step.units is None:
        why: Text = "недостижимо при этом прочтении"
        if step.reachable is not False:
            why = said("нужны {}", inputs(score, step.missing, of))
        return score.title, _level(step.target), why, "—", "—"
    worst = _needed(score, step.units, step.projects or 0, of) or "только данные"
    best = _needed(score, step.best_units, step.best_projects, of, "best_") or "хватит недостающих данных"
    return score.title, _level(step.target), worst, best, _to_whom(score, step, names, part)


def _to_whom(score: DirectionScore, step: NextStep, names: dict[str, str], part: Registry) -> Text:
    """Say which units are to do what; of many the nearest, and how many more."""
    lacks, more = step.nearest[:MOST_UNITS], step.nearest[MOST_UNITS:]
    if not lacks:
        return "любые единицы, нужны только проекты"
    own = behind_each(part, score, [lack.unit for lack in lacks])
    told = [_lacking(lack, score, names, own[lack.unit]) for lack in lacks]
    who = joined("; ", _who_lacks(lacks, told, names))
    if not more:
        return who
    count = shown.number(
        "more_units",
        f"{score.title}: ещё единиц, кроме названных",
        len(more),
        "unit",
        "more_units",
        key=str(score.number),
        rows=behind(part, score),
    )
    return said("{}; и ещё {}", who, count)


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
    part = base(registry, scope)
    found, own = evidence.outlook(part, taken, as_of), read_from(registry, scope)
    needs = {step.number: step for step in taken}
    rows = [
        _forecast_row(scores[entry.number], needs[entry.number], entry, behind(own, scores[entry.number]))
        for entry in found
    ]
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
        listed = wording.join([wording.label("assumption", code) for code in assumed])
        note += f"Верно, если: {listed}."
    return blocks.table("Когда будет следующий уровень", columns, rows, note)


def _forecast_row(score: DirectionScore, step: NextStep, entry: Outlook, of: Rows) -> tuple[Text, ...]:
    needed: Text = "—"
    if step.units is not None:
        needed = _needed(score, step.units, step.projects or 0, of) or "только данные"
    pace = _pace(score, entry, of)
    if entry.day is None:
        why = wording.label("no_forecast", entry.reason) if entry.reason else "далеко за пределами календаря"
        return score.title, _level(entry.target) if entry.target else "—", needed, pace, why, "—"
    day, earliest, latest = (
        shown.day(
            f"forecast_{name}",
            f"{score.title}: {what}",
            moment,
            f"forecast_{name}",
            key=str(score.number),
            rows=of,
        )
        if moment
        else "неизвестно"
        for name, what, moment in (
            ("day", "когда будет следующий уровень", entry.day),
            ("earliest", "не раньше", entry.earliest),
            ("latest", "не позже", entry.latest),
        )
    )
    return score.title, _level(entry.target), needed, pace, day, said("{} … {}", earliest, latest)


def _pace(score: DirectionScore, entry: Outlook, of: Rows) -> Text:
    parts = [
        said(
            "{} {}",
            shown.number(
                f"pace_{name}",
                f"{score.title}: темп, {word} в месяц",
                found.pace,
                "1/month",
                "forecast_pace",
                digits=1,
                numerator=found.events,
                key=str(entry.number),
                rows=of,
            ),
            word,
        )
        for name, word, found in (("units", "единиц", entry.units), ("projects", "проектов", entry.projects))
        if found
    ]
    return joined(", ", parts) if parts else "—"
