"""How long projects take and wait: time to close, and the open ones by age."""

from __future__ import annotations

from datetime import date
from typing import Any

import pandas as pd

from kuzbass_lean import blocks, charts, evidence, metrics, wording
from kuzbass_lean.blocks import Block, Column
from kuzbass_lean.figures import Figure
from kuzbass_lean.registry import Registry

MOST_ROWS = 10


def time_to_close(part: Registry, as_of: date) -> Block:
    """Return how long projects take from start to closing; open ones count as still running.

    Examples
    --------
    >>> block = kl.views.time_to_close(registry, day)
    """
    lengths = metrics.durations(part.projects, as_of)
    found = evidence.time_to_close(lengths["days"], lengths["closed"])
    counts = f"закрыто {wording.number(found.closed)}, ещё идут {wording.number(found.open)}"
    left_out = len(part.projects) - len(lengths)
    note = f"Учтено проектов с датами: {counts}. Без дат начала или закрытия: {wording.number(left_out)}."
    if not found.closed:
        return blocks.prose(f"Время до закрытия неизвестно: ни одного закрытого проекта с датами. {note}")
    caption = median_text(found)
    label = "" if found.median is None else wording.plural(found.median, "day")
    words = ("дней от начала", "ещё не закрыто, % проектов", label)
    alt = f"Кривая Каплана — Мейера. {caption}. {note}"
    reading = "Линия — доля ещё не закрытых проектов; незавершённые учтены как идущие"
    if found.low is not None:
        high = wording.number(found.high) if found.high is not None else "неизвестно"
        note = f"Интервал 95\u202f%: от {wording.number(found.low)} до {high} дней. {note}"
    note = f"{note} {_truncation(part)}".strip()
    block = blocks.chart(caption, reading, charts.survival(found, words, alt), note)
    return Block(block.html, block.text, (median_figure(found),))


def median_text(found: evidence.TimeToClose) -> str:
    """Say within how many days half of the projects are closed."""
    if found.median is None:
        return "Половина проектов ещё не закрыта: срок неизвестен"
    return f"Половина проектов закрыта за {wording.plural(found.median, 'day', 'accusative')}"


def median_figure(found: evidence.TimeToClose) -> Figure:
    """Return the median time to close as a figure; not reached is unknown."""
    text = wording.number(found.median) if found.median is not None else "—"
    formula = "time_to_close"
    return Figure("time_to_close", "Половина закрыта за", found.median, text, "day", formula, None, None)


def _truncation(part: Registry) -> str:
    """Warn of projects that are here only because they were slow."""
    found = metrics.left_truncation(part.projects)
    if found.since is None:
        return ""
    day = wording.date(found.since)
    if not found.warning:
        return f"Записи ведутся, судя по завершениям, с {day}; начатых раньше нет, срок этим не завышен."
    of = f"{wording.number(found.before)} из {wording.number(found.started)}"
    return (
        f"Осторожно: {of} проектов начаты раньше {day}, когда завершений ещё не записывали. Закрытые до того "
        "в реестр не попали, и срок завышен."
    )


def ageing(part: Registry, as_of: date) -> Block:
    """Return the open projects that have run longest, with how late each is.

    Examples
    --------
    >>> block = kl.views.ageing(registry, day)
    """
    found = metrics.ageing_list(part.projects, as_of)
    names = dict(zip(part.organizations["organization_id"], part.organizations["name"], strict=True))
    known = found[found["age"].notna()]
    rows = [
        (
            str(row["title"]),
            str(names.get(row["organization_id"], row["organization_id"])),
            wording.date(row["started"]),
            wording.number(int(row["age"])),
            _late(row["late"]),
        )
        for row in known.head(MOST_ROWS).to_dict("records")
    ]
    said = [f"Всего открыто: {wording.plural(len(found), 'project')}."]
    if len(known) > MOST_ROWS:
        said.append(f"Показаны {wording.number(MOST_ROWS)} самых давних.")
    if len(known) < len(found):
        said.append(f"Без даты начала, и возраст неизвестен: {wording.number(len(found) - len(known))}.")
    columns = [Column("Проект"), Column("Организация"), Column("Начат", True), Column("Идёт дней", True)]
    columns.append(Column("Просрочен, дней", True))
    return blocks.table("Открыты дольше всех", columns, rows, " ".join(said))


def _late(days: Any) -> str:
    if pd.isna(days):
        return "нет срока"
    return wording.number(int(days)) if days else "в срок"
