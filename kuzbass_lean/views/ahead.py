"""What next: the cheapest step to a level, when it comes at the present pace, what to take over."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import Any

import pandas as pd

from kuzbass_lean import blocks, catalogue, evidence, maturity, metrics, wording
from kuzbass_lean.blocks import Block, Column, Step
from kuzbass_lean.evidence import Forecast, Outlook
from kuzbass_lean.figures import Figure
from kuzbass_lean.maturity import DirectionScore, NextStep, Profile, UnitStep
from kuzbass_lean.registry import Registry, Scope
from kuzbass_lean.views.levels import cases, inputs, ladder, units
from kuzbass_lean.views.summary import organization_names

MOST_STEPS = 3
MOST_NEAREST = 3
MOST_ROWS = 12
MOST_STREAMS = 2


def steps(profile: Profile, registry: Registry, scope: Scope) -> tuple[NextStep, ...]:
    """Return the smallest set of steps to the next level of every direction of a profile.

    Parameters
    ----------
    registry
        The whole registry; a municipality's own units are looked at in its slice.
    """
    base = registry.slice(scope) if scope.municipality else registry
    return maturity.next_steps(base, profile, municipality=scope.municipality)


def standing(profile: Profile, registry: Registry, scope: Scope, as_of: date) -> Block:
    """Return the levels and, beside them, the next steps: the answer of the first screen."""
    return blocks.beside(
        ("Где мы стоим и чего не хватает", ladder(profile)),
        ("Следующие шаги", next_steps(profile, registry, scope, as_of)),
    )


def next_steps(profile: Profile, registry: Registry, scope: Scope, as_of: date) -> Block:
    """Return at most three next steps, each computed: cheapest levels, unknown inputs, late projects."""
    scores = {score.number: score for score in profile.directions}
    names = _names(registry)
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


def _names(registry: Registry) -> dict[str, str]:
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
        return wording.plural(lack.criteria, "criterion")
    if lack.points:
        return wording.points(float(lack.points), 1)
    text = wording.plural(lack.projects, "project")
    return f"{text}, открытых у неё {wording.number(len(lack.open_projects))}" if lack.open_projects else text


def forecast(profile: Profile, registry: Registry, scope: Scope, as_of: date) -> Block:
    """Return when the next level of each direction is reached at the present pace, with its interval."""
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


def candidates(registry: Registry, scope: Scope, graded: pd.DataFrame | None = None) -> Block:
    """Return the typical projects to take over next, in the order of the catalogue's rule."""
    found = metrics.replication_candidates(registry, scope.municipality, scope.sector, graded)
    names, titles = _names(registry), {entry.key: entry.title for entry in catalogue.typical_projects()}
    rows = [
        (
            titles[str(row["typical"])],
            _where(row),
            wording.percent(None if pd.isna(row["median_change"]) else row["median_change"], signed=True),
            wording.phrase("missing") if pd.isna(row["grade"]) else str(row["grade"]),
            _some([names.get(unit, unit) for unit in row["units"]]),
        )
        for row in found.head(MOST_ROWS).to_dict("records")
    ]
    columns = [Column("Типовой проект"), Column("Где уже реализован"), Column("Обычное улучшение там", True)]
    columns += [Column("Оценка"), Column("Кто мог бы")]
    note = (
        "Порядок: у кого больше организаций уже реализовали, затем где больше улучшение, затем где больше "
        "тех, кто мог бы. Улучшение положительно, если лучше."
    )
    if len(found) > MOST_ROWS:
        note += f" Показаны {wording.number(MOST_ROWS)} из {wording.number(len(found))}."
    return blocks.table("Что перенять", columns, rows, note)


def _where(row: dict[Any, Any]) -> str:
    organizations = wording.plural(row["adopters"], "organization")
    return f"{organizations} в {wording.plural(row['municipalities'], 'municipality', 'locative')}"


def _some(names: Sequence[str]) -> str:
    shown = list(names[:MOST_NEAREST])
    more = len(names) - len(shown)
    return ", ".join(shown) + (f" и ещё {wording.number(more)}" if more else "")


def replication(registry: Registry, part: Registry) -> Block:
    """Return for each best practice of a part who has adopted it, who could, how fast, what it gave."""
    found = metrics.replication_table(registry)
    found = found[found["project_id"].isin(part.projects["project_id"])]
    rows = [_practice(row) for row in found.to_dict("records")]
    columns = [Column("Лучшая практика"), Column("Переняли", True), Column("Реализовали", True)]
    columns += [Column("Ещё могли бы", True), Column("Обычный срок", True), Column("Дала там", True)]
    columns.append(Column("Дала у себя", True))
    note = (
        "Могли бы — организации того же вида и сектора, по реестру организаций. Срок — от закрытия исходного "
        "проекта; без даты он неизвестен. Изменение — по общему показателю."
    )
    return blocks.table("Тиражирование лучших практик", columns, rows, note)


def _practice(row: dict[Any, Any]) -> tuple[str, ...]:
    def change(name: str) -> str:
        return wording.percent(None if pd.isna(row[name]) else row[name], signed=True)

    return (
        str(row["title"]),
        wording.number(len(row["adopters"])),
        wording.number(row["realised"]),
        wording.number(len(row["candidates"])),
        wording.plural(None if pd.isna(row["median_days"]) else row["median_days"], "day", digits=0),
        change("median_change"),
        change("own_change"),
    )


def streams(part: Registry) -> Block:
    """Return value streams before and after: steps as bars, value-adding share, wastes."""
    table = part.frame("steps")
    if table.empty:
        return blocks.prose("Потока создания ценности в реестре нет: шаги процессов не внесены.")
    measures = part.frame("measures").set_index("measure_id")["name"]
    titles = (
        part.frame("measures")
        .set_index("measure_id")["project_id"]
        .map(part.projects.set_index("project_id")["title"])
    )
    names = sorted(table["measure_id"].unique())
    shown = [
        _stream(
            f"{measures[name]}. {titles[name]}", metrics.value_stream(table[table["measure_id"].eq(name)])
        )
        for name in names[:MOST_STREAMS]
    ]
    if len(names) > MOST_STREAMS:
        shown.append(
            blocks.prose(f"Показаны потоки: {wording.number(MOST_STREAMS)} из {wording.number(len(names))}.")
        )
    return blocks.joined(*shown)


def _stream(title: str, found: metrics.ValueStream) -> Block:
    kinds = ("va", "nnva", "nva")
    totals = found.steps.groupby("phase", sort=False)[list(kinds)].sum(min_count=1)
    rows = [
        (
            _phase(found, str(phase)),
            {kind: round(float(totals.loc[phase, kind]), 1) for kind in kinds},
        )
        for phase in totals.index
    ]
    saved = (
        "Сокращение времени неизвестно"
        if found.saved is None
        else (
            f"Время потока сократилось на {wording.unit(found.saved, 'minute', digits=1)}"
            if found.saved >= 0
            else f"Время потока выросло на {wording.unit(-found.saved, 'minute', digits=1)}"
        )
    )
    wastes = [
        (
            wording.label("phase", row["phase"]),
            wording.label("waste", row["waste"]),
            wording.number(row["minutes"], 1),
            wording.number(row["steps"]),
        )
        for row in found.wastes.to_dict("records")
    ]
    columns = [Column("Когда"), Column("Вид потерь"), Column("Минут", True), Column("Шагов", True)]
    figures = tuple(
        Figure(
            "pce",
            f"{title}: доля создания ценности, {wording.label('phase', phase)}",
            _hundred(found.pce(str(phase))),
            wording.percent(_hundred(found.pce(str(phase)))),
            "percent",
            "pce",
            key=f"{found.measure_id}.{phase}",
        )
        for phase in totals.index
    )
    bars = blocks.state_bars(f"{title}. {saved}", rows, "step_value")
    hours = (
        "Часы в год не считаются: нет годового объёма."
        if found.capacity_hours is None
        else (
            f"Освобождается {wording.plural(found.capacity_hours, 'hour', digits=0)} в год; часы — не рубли."
        )
    )
    return blocks.joined(bars, blocks.table("Потери по видам", columns, wastes, hours, figures))


def _phase(found: metrics.ValueStream, phase: str) -> str:
    length = wording.unit(_known(found, phase), "minute", digits=1)
    share = wording.percent(_hundred(found.pce(phase)))
    return f"{wording.label('phase', phase)}: {length}, ценность создаёт {share}"


def _known(found: metrics.ValueStream, phase: str) -> float | None:
    minutes = found.phases["lead_minutes"].get(phase)
    return None if minutes is None or pd.isna(minutes) else float(minutes)


def _hundred(share: float | None) -> float | None:
    return None if share is None else round(100 * share, 10)
