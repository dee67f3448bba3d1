"""The last part of a page: method, what is missing, published figures against the registry."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

import pandas as pd

from kuzbass_lean import blocks, published, schema, wording
from kuzbass_lean.blocks import Bar, Block, Column
from kuzbass_lean.figures import NO_ROWS, Figure, Rows, Text, joined, said
from kuzbass_lean.registry import Registry, once
from kuzbass_lean.views import shown

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
            published_value(str(row["figure"]), str(row["quantity"]), row["published"]),
            registry_value(registry, str(row["figure"]), str(row["quantity"]), row["registry"]),
            wording.label("reconciliation", row["state"]),
            str(row["note"]),
        )
        for row in table.to_dict("records")
    ]
    counts = states(registry, table)
    told = joined(", ", [said("{}: {}", words, counts[state]) for state, words in _STATES.items()])
    columns = [
        Column("Что"),
        Column("Опубликовано", True),
        Column("В реестре", True),
        Column("Итог"),
        Column("Почему"),
    ]
    note = said("{}. Опубликованные числа взяты из презентации программы.", told)
    return blocks.table("Опубликованное и реестр", columns, rows, note)


def states(registry: Registry, table: pd.DataFrame, slide: str = "") -> dict[str, Figure]:
    """Return how many published figures of a table agree, differ and cannot be checked.

    ``slide`` names the one that they are all of.
    """
    found = dict(list(table.groupby("state")["figure"]))
    return {
        state: _compared(registry, f"{slide or 'Сверка'}: {words}", found.get(state, ()), slide, state)
        for state, words in _STATES.items()
    }


def _compared(
    registry: Registry, label: str, figures: Iterable[str], slide: str = "", state: str = ""
) -> Figure:
    """Count published figures; behind them is what the registry's own numbers are computed from."""
    names = tuple(figures)
    return shown.number(
        "reconciled",
        label,
        len(names),
        "figure",
        "reconciled" if state else "compared_figures",
        key=".".join(filter(None, (slides().get(slide), state))),
        rows=_behind_all(registry, names),
    )


def slides() -> dict[str, str]:
    """Return the deck's slides in order, each with the name of its section in the region's report.

    Examples
    --------
    >>> len(kl.views.slides()) > 0
    True
    """
    titles = dict.fromkeys(figure.slide for figure in published.figures())
    return {title: f"slide-{number}" for number, title in enumerate(titles, 1)}


def reconciled(registry: Registry) -> Block:
    """Return how many published figures of every slide the registry bears out, as bars.

    Examples
    --------
    >>> block = kl.views.reconciled(registry)
    """
    table = published.reconcile(registry)
    bars = []
    for slide, rows in table.groupby("slide", sort=False):
        whole = _compared(registry, f"{slide}: чисел", rows["figure"], str(slide))
        bars.append(Bar(str(slide), whole, states(registry, rows, str(slide))))
    counts = states(registry, table)
    whole = _compared(registry, "Сверка: чисел", table["figure"])
    caption = said("Сошлось с реестром: {} из {}, расходится: {}", counts["agrees"], whole, counts["differs"])
    return blocks.state_bars(caption, bars, "reconciliation")


def published_value(key: str, quantity: str, value: Any, text: str = "") -> Text:
    """Return a published value as a figure, in words if it is unknown."""
    return _figure("published", key, f"{quantity}: опубликовано", value, text)


def registry_value(registry: Registry, key: str, quantity: str, value: Any) -> Text:
    """Return the registry's own value of a published figure as a figure, in words if it is unknown."""
    return _figure("registry", key, f"{quantity}: в реестре", value, rows=_behind(registry)[key])


def _figure(name: str, key: str, label: str, value: Any, text: str = "", rows: Rows = NO_ROWS) -> Text:
    text, several = text or value_text(value), isinstance(value, tuple)
    if not several and (value is None or pd.isna(value)):
        return text
    formula = "published" if name == "published" else "registry_value"
    note = "несколько чисел: одним числом не выражается" if several else ""
    number = None if several else float(value)
    return Figure(name, label, number, text, "", formula, note=note, key=key, rows=rows)


@once
def _behind_all(registry: Registry, names: tuple[str, ...]) -> Rows:
    return Rows.union(_behind(registry)[name] for name in names)


@once
def _behind(registry: Registry) -> dict[str, Rows]:
    return {key: Rows.of(**tables) for key, tables in published.behind(registry).items()}


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
        (
            r.relation,
            shown.number(
                "relation_computed", f"{r.relation}: вычислено", r.computed, "", "relation", key=r.id
            ),
            shown.number("relation_stated", f"{r.relation}: указано", r.stated, "", "published", key=r.id),
            words[r.holds],
            r.note,
        )
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
    items: list[tuple[str, Text]] = [
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
        (
            "Замечаний при чтении",
            shown.number("warnings", "Замечаний при чтении", warnings, "finding", "warnings"),
        ),
    ]
    return blocks.definitions(items)
