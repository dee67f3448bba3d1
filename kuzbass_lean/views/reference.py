"""The last part of a page: method, what is missing, published figures against the registry."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pandas as pd

from kuzbass_lean import blocks, published, schema, wording
from kuzbass_lean.blocks import Block, Column
from kuzbass_lean.registry import Registry

_STATES = {"agrees": "сошлось", "differs": "расходится", "cannot_check": "нельзя проверить"}


def reconciliation(registry: Registry, prefixes: Sequence[str] = ()) -> Block:
    """Return published figures against the registry, all or those whose id begins so.

    Examples
    --------
    >>> block = kl.views.reconciliation(registry)
    """
    table = published.reconcile(registry)
    if prefixes:
        table = table[table["figure"].str.startswith(tuple(prefixes))]
    rows = [
        (
            f"{row['quantity']} ({row['slide']})",
            value_text(row["published"]),
            value_text(row["registry"]),
            wording.label("reconciliation", row["state"]),
            str(row["note"]),
        )
        for row in table.to_dict("records")
    ]
    counts = table["state"].value_counts()
    said = [f"{words}: {wording.number(int(counts.get(state, 0)))}" for state, words in _STATES.items()]
    columns = [
        Column("Что"),
        Column("Опубликовано", True),
        Column("В реестре", True),
        Column("Итог"),
        Column("Почему"),
    ]
    note = f"{wording.join(said)}. Опубликованные числа взяты из презентации программы."
    return blocks.table("Опубликованное и реестр", columns, rows, note)


def reconciled(registry: Registry) -> Block:
    """Return how many published figures of every slide the registry bears out, as bars.

    Examples
    --------
    >>> block = kl.views.reconciled(registry)
    """
    table = published.reconcile(registry)
    counts = table.groupby(["slide", "state"], sort=False).size()
    rows = [
        (str(slide), {state: int(counts.get((slide, state), 0)) for state in _STATES})
        for slide in table["slide"].unique()
    ]
    states = table["state"].value_counts()
    agree, of = int(states.get("agrees", 0)), len(table)
    differ = int(states.get("differs", 0))
    caption = f"Сошлось с реестром: {wording.number(agree)} из {wording.number(of)}, расходится: {differ}"
    return blocks.state_bars(caption, rows, "reconciliation")


_PREFIXES = {
    "gov": ("portfolio.",),
    "muni": ("portfolio.mo", "pie."),
    "health": ("health.", "vision.", "plan19."),
    "edu": ("edu.", "kemsu.", "chem."),
    "empl": ("empl.",),
    "mfc": ("mfc.", "mvd.", "mfckem.", "ecp."),
    "transport": ("transport.",),
}
"""Which published figures concern a sector, by the beginning of their ids."""


def sector_reconciliation(registry: Registry, sector: str) -> Block:
    """Return the published figures of a sector against the registry.

    Examples
    --------
    >>> block = kl.views.sector_reconciliation(registry, "health")
    """
    if sector not in _PREFIXES:
        return blocks.prose("Опубликованных чисел по этому сектору в источнике нет.")
    return reconciliation(registry, _PREFIXES[sector])


def value_text(value: Any) -> str:
    """Return a published or computed value as text: a number, a range, a list, or no data."""
    if isinstance(value, tuple):
        return ("–" if len(value) == 2 else ", ").join(wording.number(item) for item in value)
    return wording.phrase("missing") if value is None or pd.isna(value) else wording.number(value)


def relations() -> Block:
    """Return the relations between published figures and whether they hold.

    Examples
    --------
    >>> block = kl.views.relations()
    """
    words = {True: "сходится", False: "не сходится", None: "нельзя проверить"}
    rows = [
        (r.relation, value_text(r.computed), value_text(r.stated), words[r.holds], r.note)
        for r in published.relations()
    ]
    columns = [Column("Соотношение"), Column("Вычислено", True), Column("Указано", True), Column("Итог")]
    return blocks.table(
        "Как опубликованные числа сходятся между собой", [*columns, Column("Примечание")], rows
    )


def method(part: Registry) -> Block:
    """Return definitions, the tables that are missing, and what reading the data showed.

    Examples
    --------
    >>> block = kl.views.method(registry)
    """
    absent = [
        schema.TABLES[name].title for name in schema.TABLES if not part.has(name) and name != "municipalities"
    ]
    warnings = sum(found.severity == "warning" for found in part.findings)
    items = [
        ("Реализован", "статус «реализован» или «закрыт»"),
        ("Просрочен", wording.formula("overdue").text),
        ("Изменение", wording.formula("improvement").text),
        ("Порог единиц", wording.formula("threshold_units").text),
        ("Уровень", wording.formula("level").text),
        (
            "Нет данных",
            "нет таблицы или строки — неизвестно, а не ноль; уровень тогда дан лучшим и худшим случаем",
        ),
        ("Нет таблиц", wording.join(absent) if absent else "все таблицы реестра есть"),
        ("Замечаний при чтении", wording.number(warnings)),
    ]
    return blocks.definitions(items)
