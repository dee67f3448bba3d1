"""The project passport: the four blocks of the Russian project card, and the measures."""

from __future__ import annotations

from typing import Any

import pandas as pd

from kuzbass_lean import blocks, evidence, metrics, wording
from kuzbass_lean.blocks import Block, Column, Outcome
from kuzbass_lean.charts import Pair
from kuzbass_lean.figures import Figure, Rows, Text, said, within
from kuzbass_lean.registry import Registry, Scope
from kuzbass_lean.views import shown
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
    stated,
    unit_name,
)
from kuzbass_lean.views.summary import (
    SITE,
    files,
    organization_names,
    problem_figures,
    provenance,
    solved_figure,
)

Pairs = list[tuple[str, Text]]


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
    source = provenance(part, Scope.of_project(project))
    head = blocks.header(title, _lead(part, row, graded), as_of, source, path, files(part))
    card = blocks.cards(groups)
    known = [str(text) != wording.phrase("missing") for _, items in groups for _, text in items]
    filled = shown.number(
        "filled",
        "Заполнено полей карточки",
        sum(known),
        "field",
        "filled",
        numerator=sum(known),
        denominator=len(known),
        rows=Rows.union([Rows.of(projects=[project]), *(figure.rows for figure in within(groups))]),
    )
    fields = shown.number("fields", "Полей карточки", len(known), "field", "fields", rows=filled.rows)
    told = blocks.prose(said("Заполнено полей карточки: {} из {}.", filled, fields))
    return blocks.joined(head, card, _outcome(part, graded), told)


def _lead(part: Registry, row: dict[Any, Any], graded: pd.DataFrame) -> Text:
    """Return the sentence that answers: what changed, how far that is proven, where the project stands."""
    told: list[Text] = [
        said("{}: {} → {}, {}.", item.name, item.before, item.after, item.change)
        for item in _outcomes(part)[:1]
    ]
    letter = _best(graded)
    if letter in ("D", "E"):
        claimed = "Есть только цель" if letter == "E" else "Улучшение заявлено, но не доказано"
        told.append(f"{claimed}: оценка {letter}.")
    elif letter:
        told.append(f"Оценка доказательности {letter}.")
    if not pd.isna(row["result"]):
        told.append(f"{str(row['result']).removesuffix('.')}.")
    return shown.sentence(*told, f"Статус: {wording.label('status', row['status'])}.")


def _best(graded: pd.DataFrame) -> str:
    return "" if graded.empty else str(graded["letter"].min())


def _outcomes(part: Registry) -> list[Outcome]:
    """Return the project's measures that have a start and a result, or a target where there is none."""
    found = []
    for measure in part.frame("measures").to_dict("records"):
        values = phases(part, str(measure["measure_id"]))
        change = measured_change(values, measure)
        later = values.get("target" if change.planned else "after")
        if later is None:
            continue
        drawn = pair("", measure, values, change, "")
        reached = drawn[0].target if drawn and change.planned else drawn[0].after if drawn else None
        whole = max(100.0, reached or 0.0)
        found.append(
            Outcome(
                _named(measure),
                stated(measure, "before", values.get("before")),
                stated(measure, "target" if change.planned else "after", later),
                change_words(improvement_figure(measure, change, values)),
                None if reached is None else (10000 / whole, 100 * reached / whole),
                bool(drawn and drawn[0].worse),
                change.planned,
            )
        )
    return found


def _named(measure: dict[Any, Any]) -> str:
    """Return the name of a measure with its unit, for its values stand as bare numbers."""
    return f"{measure['name']}, {unit_name(measure)}"


def _outcome(part: Registry, graded: pd.DataFrame) -> Block:
    found = _outcomes(part)
    missing = blocks.prose("В реестре не указано.")
    gained = _gains(part)
    share = solved_figure(part)
    solved = missing
    if share.numerator is not None and share.denominator:
        text = said("{} из {}", *problem_figures(share))
        solved = blocks.solved(text, share, int(share.numerator), int(share.denominator))
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
    units = part.project_units().drop_duplicates("organization_id")["organization_id"]
    members = shown.number(
        "participants",
        "Организаций-участников",
        len(units),
        "organization",
        "participants",
        rows=Rows.of(organizations=units),
    )
    team = shown.number(
        "team", "Численность команды", row["team_size"], "person", "team", rows=Rows.of(projects=[project])
    )
    return [
        ("Организация", str(names.get(row["organization_id"]))),
        ("Участников", shown.plural(members, "organization")),
        ("Команда", wording.phrase("missing") if team.value is None else shown.plural(team, "person")),
        ("Централизованный", wording.label("yes_no", str(bool(row["centralised"])).lower())),
        ("Начало процесса", _known(row["process_from"])),
        ("Конец процесса", _known(row["process_to"])),
    ]


def _rationale(part: Registry, row: dict[Any, Any]) -> Pairs:
    share = solved_figure(part)
    solved: Text = wording.phrase("missing")
    if share.numerator is not None and share.denominator is not None:
        solved = said("{} из {} ({}){}", *problem_figures(share), share, _interval(share))
    return [("Обоснование", _known(row["rationale"])), ("Решено выявленных проблем", solved)]


def _interval(share: Figure) -> Text:
    """Give the interval of a share, which tells how far a next project like it may differ."""
    found = evidence.wilson(int(share.numerator or 0), int(share.denominator or 0))
    if found is None:
        return ""
    low, high = (
        shown.number(
            f"wilson_{end}",
            f"{share.label}, {title} граница",
            100 * value,
            "percent",
            "wilson",
            key=share.name,
            rows=share.rows,
        )
        for end, title, value in (("low", "нижняя", found.low), ("high", "верхняя", found.high))
    )
    return said("; интервал Уилсона {} … {}", low, high)


def _goals(part: Registry) -> Pairs:
    told: Pairs = []
    for measure in part.frame("measures").to_dict("records"):
        values = phases(part, str(measure["measure_id"]))
        before, target = (stated(measure, phase, values.get(phase)) for phase in ("before", "target"))
        told.append((_named(measure), said("было: {}; цель: {}", before, target)))
    return told or [("Показатели", wording.phrase("missing"))]


def _gains(part: Registry) -> Pairs:
    """Return effects and standards of the project in words."""
    told: Pairs = []
    effects = part.frame("effects")
    for number, effect in enumerate(effects.to_dict("records")):
        about = (
            "смысл суммы в источнике неоднозначен"
            if effect["ambiguous"]
            else ("подтверждён" if effect["confirmed"] else "заявлен")
        )
        kind, period = wording.label("effect_kind", effect["kind"]), wording.label("period", effect["period"])
        unit, title = str(effect["unit"]), f"Эффект: {kind}"
        amount = Figure(
            "effect_amount",
            f"{title} {period}",
            float(effect["amount"]),
            wording.unit(effect["amount"], unit),
            unit,
            "effect_amount",
            key=str(number + 1),
            rows=Rows.of(effects=effects.iloc[[number]]),
        )
        told.append((title, said("{} {}; {}", amount, period, about)))
    standards = part.frame("standards")
    for number, standard in enumerate(standards.to_dict("records")):
        title = wording.label("standard_kind", standard["kind"])
        count = shown.number(
            "standards",
            title,
            standard["count"],
            "document",
            "stated",
            key=str(number + 1),
            rows=Rows.of(standards=standards.iloc[[number]]),
        )
        told.append((title, "количество не указано" if count.value is None else count))
    return told


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
    rows: list[tuple[Text, ...]] = []
    pairs: list[Pair] = []
    for measure in part.frame("measures").to_dict("records"):
        values = phases(part, str(measure["measure_id"]))
        change = measured_change(values, measure)
        better = str(measure["better"])
        texts = [stated(measure, phase, values.get(phase)) for phase in ("before", "target", "after")]
        statistic = wording.label("statistic", measure["statistic"])
        attained = metrics.attainment(values.get("before"), values.get("target"), values.get("after"), better)
        goal = (
            wording.label("attained", attained.attained) if attained.attained else wording.phrase("missing")
        )
        letter = str(letters[measure["measure_id"]])
        rows.append(
            (
                f"{_named(measure)} ({statistic})",
                *texts,
                change_words(improvement_figure(measure, change, values)),
                goal,
                letter + star(graded, measure),
            )
        )
        pairs += pair(str(measure["name"]), measure, values, change, letter)
    columns = [Column("Показатель"), Column("Было", True), Column("Цель", True), Column("Стало", True)]
    columns += [Column("Изменение", True), Column("Цель достигнута"), Column("Оценка")]
    note = WORST if graded["usual"].notna().any() else ""
    table = blocks.table("Показатели проекта", columns, rows, note)
    return blocks.joined(*changes_chart(pairs), table, measured(part, graded))
