"""How long projects take and wait: time to close, and the open ones by age."""

from __future__ import annotations

from datetime import date
from typing import Any

import pandas as pd

from kuzbass_lean import blocks, charts, evidence, metrics, wording
from kuzbass_lean.blocks import Block, Column
from kuzbass_lean.figures import Figure, Rows, Text, said
from kuzbass_lean.registry import Registry
from kuzbass_lean.views import shown

MOST_ROWS = 10


def time_to_close(part: Registry, as_of: date) -> Block:
    """Return how long projects take from start to closing; open ones count as still running.

    Examples
    --------
    >>> block = kl.views.time_to_close(registry, day)
    """
    lengths = metrics.durations(part.projects, as_of)
    found = evidence.time_to_close(lengths["days"], lengths["closed"])
    ids = lengths["project_id"]
    closed = shown.counted("dated_closed", "Закрыто, с датами", ids[lengths["closed"]])
    running = shown.counted("dated_open", "Ещё идут, с датами", ids[~lengths["closed"]])
    others = part.projects.loc[~part.projects["project_id"].isin(ids), "project_id"]
    undated = shown.counted("undated", "Без дат начала или закрытия", others)
    note = said(
        "Учтено проектов с датами: закрыто {}, ещё идут {}. Без дат начала или закрытия: {}.",
        closed,
        running,
        undated,
    )
    if not found.closed:
        unclear = "Время до закрытия неизвестно: ни одного закрытого проекта с датами."
        return blocks.prose(said("{} {}", unclear, note))
    median = median_figure(found, lengths)
    caption: Text = "Половина проектов ещё не закрыта: срок неизвестен"
    if found.median is not None:
        caption = said("Половина проектов закрыта за {}", shown.plural(median, "day", "accusative"))
    words = ("дней от начала", "ещё не закрыто, % проектов")
    alt = said("Кривая Каплана — Мейера. {}. {}", caption, note)
    drawing = charts.survival(found.survival, median, words, shown.plural(median, "day"), alt)
    reading = "Линия — доля ещё не закрытых проектов; незавершённые учтены как идущие"
    if found.low is not None:
        low, high = (
            shown.number(
                "time_to_close_limit",
                f"Половина закрыта, {title} граница",
                value,
                "day",
                "time_to_close_limit",
                key=key,
                rows=median.rows,
            )
            for key, title, value in (("low", "нижняя", found.low), ("high", "верхняя", found.high))
        )
        upper: Text = high if found.high is not None else "неизвестно"
        note = said("Интервал 95\u202f%: от {} до {} дней. {}", low, upper, note)
    truncated = _truncation(part)
    note = said("{} {}", note, truncated) if truncated else note
    return blocks.chart(caption, reading, drawing, note, (median,))


def median_figure(found: evidence.TimeToClose, lengths: pd.DataFrame) -> Figure:
    """Return the median time to close of ``metrics.durations`` as a figure; not reached is unknown."""
    text = wording.number(found.median) if found.median is not None else "—"
    return Figure(
        "time_to_close",
        "Половина закрыта за",
        found.median,
        text,
        "day",
        "time_to_close",
        found.closed,
        len(lengths),
        rows=Rows.of(projects=lengths["project_id"]),
    )


def _truncation(part: Registry) -> Text:
    """Warn of projects that are here only because they were slow."""
    found = metrics.left_truncation(part.projects)
    if found.since is None:
        return ""
    ended = part.projects.dropna(subset=["closed", "implemented"], how="all")["project_id"]
    day = shown.day(
        "recorded_since", "Записи ведутся с", found.since, "recorded_since", rows=Rows.of(projects=ended)
    )
    if not found.warning:
        return said(
            "Записи ведутся, судя по завершениям, с {}; начатых раньше нет, срок этим не завышен.", day
        )
    starts = part.projects.dropna(subset=["started"])
    early = starts[starts["started"].lt(pd.Timestamp(found.since))]
    return said(
        "Осторожно: {} из {} проектов начаты раньше {}, когда завершений ещё не записывали. Закрытые до того "
        "в реестр не попали, и срок завышен.",
        shown.counted("started_early", "Начаты до начала записей", early["project_id"]),
        shown.counted("dated_started", "Проектов с датой начала", starts["project_id"]),
        day,
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
    rows: list[tuple[Text, ...]] = [
        (
            str(row["title"]),
            str(names.get(row["organization_id"], row["organization_id"])),
            wording.date(row["started"]),
            _age(row),
            _late(row),
        )
        for row in known.head(MOST_ROWS).to_dict("records")
    ]
    opened = shown.counted("open", "Открытых проектов", found["project_id"])
    told: list[Text] = [said("Всего открыто: {}.", shown.plural(opened, "project"))]
    if len(known) > MOST_ROWS:
        told.append(f"Показаны {wording.number(MOST_ROWS)} самых давних.")
    if len(known) < len(found):
        undated = shown.counted(
            "open_undated", "Открытых без даты начала", found.loc[found["age"].isna(), "project_id"]
        )
        told.append(said("Без даты начала, и возраст неизвестен: {}.", undated))
    columns = [Column("Проект"), Column("Организация"), Column("Начат", True), Column("Идёт дней", True)]
    columns.append(Column("Просрочен, дней", True))
    return blocks.table("Открыты дольше всех", columns, rows, shown.sentence(*told))


def _age(row: dict[Any, Any]) -> Figure:
    project = str(row["project_id"])
    return shown.number(
        "age",
        f"{row['title']}: идёт дней",
        row["age"],
        "day",
        "ageing",
        key=project,
        rows=Rows.of(projects=[project]),
    )


def _late(row: dict[Any, Any]) -> Text:
    if pd.isna(row["late"]):
        return "нет срока"
    return (
        shown.days_late(str(row["project_id"]), str(row["title"]), row["late"]) if row["late"] else "в срок"
    )
