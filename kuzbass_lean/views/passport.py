"""The project passport: the four blocks of the Russian project card, and the measures."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pandas as pd

from kuzbass_lean import blocks, evidence, metrics, wording
from kuzbass_lean.blocks import Block, Column, Outcome
from kuzbass_lean.figures import Figure
from kuzbass_lean.registry import Registry, Scope
from kuzbass_lean.views.proof import LETTERS, grades, measured
from kuzbass_lean.views.results import (
    WORST,
    change_words,
    changes_chart,
    improvement_figure,
    measured_change,
    pair,
    phases,
    star,
    unit_name,
)
from kuzbass_lean.views.summary import SITE, count, organization_names, provenance, ratio

Pairs = list[tuple[str, str]]


MOST_OUTCOMES = 3


def passport(
    part: Registry, project: str, as_of: Any, up: str = "", graded: pd.DataFrame | None = None
) -> Block:
    """Return the card of one project: what came of it, the four blocks, then how far it is proven.

    Personal names are left out: a card is public.

    Parameters
    ----------
    graded
        Evidence grades of the project's measures, as ``views.grades`` gives them.

    Examples
    --------
    >>> part = registry.slice(kl.Scope.of_project("mvd"))
    >>> block = kl.views.passport(part, "mvd", day)
    """
    graded = grades(part) if graded is None else graded
    row = part.projects.set_index("project_id").loc[project].to_dict()
    groups = [
        ("1. Вовлечённые лица и рамки", _frame(part, project, row)),
        ("2. Обоснование выбора", _rationale(part, row)),
        ("3. Цели и плановый эффект", _goals(part)),
        ("4. Ключевые события", _events(row)),
    ]
    title, path = str(row["title"]), [(SITE, f"{up}index.html")]
    said = provenance(part, Scope.of_project(project))
    head = blocks.header(title, _lead(part, row, graded), as_of, said, path)
    card = blocks.cards(groups)
    solved = metrics.solved_share(part.projects)
    figures: tuple[Figure, ...] = ()
    if solved.denominator:
        figures = (ratio("solved_share", "Решено выявленных проблем", solved),)
    units = part.project_units()["organization_id"].nunique()
    figures = (count("count", "Организаций-участников", int(units)), *figures)
    known = [text != wording.phrase("missing") for _, items in groups for _, text in items]
    filled = f"Заполнено полей карточки: {wording.number(sum(known))} из {wording.number(len(known))}."
    shown = blocks.joined(head, card, _outcome(part, graded), blocks.prose(filled))
    return replace(shown, figures=figures)


def _lead(part: Registry, row: dict[Any, Any], graded: pd.DataFrame) -> str:
    """Return the sentence that answers: what changed, how far that is proven, where the project stands."""
    said = [f"{item.name}: {item.before} → {item.after}, {item.change}." for item in _outcomes(part)[:1]]
    letter = _best(graded)
    if letter in ("D", "E"):
        claimed = "Есть только цель" if letter == "E" else "Улучшение заявлено, но не доказано"
        said.append(f"{claimed}: оценка {letter}.")
    elif letter:
        said.append(f"Оценка доказательности {letter}.")
    if not pd.isna(row["result"]):
        said.append(f"{str(row['result']).removesuffix('.')}.")
    return " ".join([*said, f"Статус: {wording.label('status', row['status'])}."])


def _best(graded: pd.DataFrame) -> str:
    return "" if graded.empty else str(graded["letter"].min())


def _outcomes(part: Registry) -> list[Outcome]:
    """Return the project's measures that have a start and a result, or a target where there is none."""
    said = []
    for measure in part.frame("measures").to_dict("records"):
        values = phases(part, str(measure["measure_id"]))
        change = measured_change(values, measure)
        later = values.get("target" if change.planned else "after")
        if later is None:
            continue
        unit, better = str(measure["unit"]), str(measure["better"])
        drawn = pair("", measure, values, change, "")
        reached = drawn[0].target if drawn and change.planned else drawn[0].after if drawn else None
        whole = max(100.0, reached or 0.0)
        said.append(
            Outcome(
                str(measure["name"]),
                wording.value_text(values.get("before"), unit, better),
                wording.value_text(later, unit, better),
                wording.change_text(change),
                None if reached is None else (10000 / whole, 100 * reached / whole),
                bool(drawn and drawn[0].worse),
                change.planned,
            )
        )
    return said


def _outcome(part: Registry, graded: pd.DataFrame) -> Block:
    found = _outcomes(part)
    missing = blocks.prose("В реестре не указано.")
    gained = _gains(part)
    problems = metrics.solved_share(part.projects)
    solved = missing
    if problems.numerator is not None and problems.denominator:
        done, of = int(problems.numerator), int(problems.denominator)
        text = wording.phrase("out_of", wording.number(done), wording.number(of))
        solved = blocks.solved(text, wording.percent(problems.percent), done, of)
    letter = _best(graded)
    steps = [(name, wording.label("evidence", name)) for name in reversed(LETTERS)]
    return blocks.panels(
        [
            ("Было и стало", blocks.outcomes(found[:MOST_OUTCOMES]) if found else missing),
            ("Эффект и стандарты", blocks.definitions(gained) if gained else missing),
            ("Решено проблем", solved),
            ("Насколько доказано", blocks.grade_steps(letter, steps) if letter else missing),
        ]
    )


def _known(value: Any) -> str:
    return wording.phrase("missing") if pd.isna(value) else str(value)


def _frame(part: Registry, project: str, row: dict[Any, Any]) -> Pairs:
    names = organization_names(part)
    units = part.project_units()
    team = row["team_size"]
    return [
        ("Организация", str(names.get(row["organization_id"]))),
        ("Участников", wording.plural(int(units["organization_id"].nunique()), "organization")),
        ("Команда", wording.phrase("missing") if pd.isna(team) else wording.plural(int(team), "person")),
        ("Централизованный", wording.label("yes_no", str(bool(row["centralised"])).lower())),
        ("Начало процесса", _known(row["process_from"])),
        ("Конец процесса", _known(row["process_to"])),
    ]


def _rationale(part: Registry, row: dict[Any, Any]) -> Pairs:
    solved = metrics.solved_share(part.projects)
    return [
        ("Обоснование", _known(row["rationale"])),
        ("Решено выявленных проблем", wording.ratio(solved) + _interval(solved)),
    ]


def _interval(solved: metrics.Ratio) -> str:
    """Give the interval of a share, which tells how far a next project like it may differ."""
    if solved.numerator is None or not solved.denominator:
        return ""
    found = evidence.wilson(int(solved.numerator), int(solved.denominator))
    if found is None:
        return ""
    low, high = wording.number(100 * found.low, 1), wording.percent(100 * found.high, 1)
    return f"; интервал Уилсона {low}…{high}"


def _goals(part: Registry) -> Pairs:
    said: Pairs = []
    for measure in part.frame("measures").to_dict("records"):
        values = phases(part, str(measure["measure_id"]))
        unit, better = str(measure["unit"]), str(measure["better"])
        before = wording.value_text(values.get("before"), unit, better)
        target = wording.value_text(values.get("target"), unit, better)
        said.append((str(measure["name"]), f"было: {before}; цель: {target}"))
    return said or [("Показатели", wording.phrase("missing"))]


def _gains(part: Registry) -> Pairs:
    """Return effects and standards of the project in words."""
    said: Pairs = []
    for effect in part.frame("effects").to_dict("records"):
        amount = wording.unit(effect["amount"], str(effect["unit"]))
        about = (
            "смысл суммы в источнике неоднозначен"
            if effect["ambiguous"]
            else ("подтверждён" if effect["confirmed"] else "заявлен")
        )
        kind, period = wording.label("effect_kind", effect["kind"]), wording.label("period", effect["period"])
        said.append((f"Эффект: {kind}", f"{amount} {period}; {about}"))
    for standard in part.frame("standards").to_dict("records"):
        number = standard["count"]
        text = "количество не указано" if pd.isna(number) else wording.number(int(number))
        said.append((wording.label("standard_kind", standard["kind"]), text))
    return said


def _events(row: dict[Any, Any]) -> Pairs:
    dates = [("Старт", "started"), ("Срок", "due"), ("Внедрение", "implemented"), ("Закрытие", "closed")]
    return [(title, wording.date(row[column])) for title, column in dates]


def passport_measures(part: Registry, graded: pd.DataFrame) -> Block:
    """Return the project's measures before, target, after: chart, table, and how sure the change is.

    Examples
    --------
    >>> part = registry.slice(kl.Scope.of_project("mvd"))
    >>> block = kl.views.passport_measures(part, kl.views.grades(part))
    """
    letters = graded.set_index("measure_id")["letter"]
    rows, figures, pairs = [], [], []
    for measure in part.frame("measures").to_dict("records"):
        values = phases(part, str(measure["measure_id"]))
        change = measured_change(values, measure)
        better = str(measure["better"])
        texts = [wording.value_text(values.get(phase), "", better) for phase in ("before", "target", "after")]
        statistic = wording.label("statistic", measure["statistic"])
        attained = metrics.attainment(values.get("before"), values.get("target"), values.get("after"), better)
        goal = (
            wording.label("attained", attained.attained) if attained.attained else wording.phrase("missing")
        )
        letter = str(letters[measure["measure_id"]])
        rows.append(
            (
                f"{measure['name']}, {unit_name(measure)} ({statistic})",
                *texts,
                change_words(change),
                goal,
                letter + star(graded, measure),
            )
        )
        figures.append(improvement_figure(measure, change))
        pairs += pair(str(measure["name"]), measure, values, change, letter)
    columns = [Column("Показатель"), Column("Было", True), Column("Цель", True), Column("Стало", True)]
    columns += [Column("Изменение", True), Column("Цель достигнута"), Column("Оценка")]
    note = WORST if graded["usual"].notna().any() else ""
    table = blocks.table("Показатели проекта", columns, rows, note, tuple(figures))
    return blocks.joined(*changes_chart(pairs), table, measured(part, graded))
