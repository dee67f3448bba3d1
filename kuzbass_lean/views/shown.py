"""Figures that several views show, each made in one place together with the rows behind it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

import pandas as pd

from kuzbass_lean import metrics, wording
from kuzbass_lean.figures import NO_ROWS, Figure, Rows, Said, Text, said
from kuzbass_lean.registry import Registry
from kuzbass_lean.schema import OPEN, REALISED


def counted(
    name: str,
    label: str,
    projects: Iterable[Any],
    *,
    key: str = "",
    formula: str = "",
    of: float | None = None,
    unit: str = "project",
) -> Figure:
    """Return how many projects there are as a figure; ``projects`` are their ids."""
    ids = list(projects)
    rows = Rows.of(projects=ids)
    return Figure(
        name,
        label,
        len(ids),
        wording.number(len(ids)),
        unit,
        formula or name,
        len(ids),
        of,
        key=key,
        rows=rows,
    )


def number(
    name: str,
    label: str,
    value: float | None,
    unit: str,
    formula: str,
    *,
    key: str = "",
    digits: int | None = None,
    signed: bool = False,
    rows: Rows = NO_ROWS,
    numerator: float | None = None,
    denominator: float | None = None,
    note: str = "",
) -> Figure:
    """Return a number as a figure; NaN is unknown."""
    known = None if value is None or pd.isna(value) else round(float(value), 10)
    if unit == "percent":
        text = wording.percent(known, 1 if digits is None else digits, signed=signed)
    elif unit == "percentage point":
        text = wording.points(known, digits, signed=signed)
    else:
        text = wording.number(known, digits, signed=signed)
    return Figure(name, label, known, text, unit, formula, numerator, denominator, note, key, rows)


def plural(figure: Figure, noun: str, case: Any = "nominative", digits: int | None = None) -> Text:
    """Return a figure followed by its noun; an unknown one stands alone."""
    if figure.value is None:
        return figure
    return said(f"{{}}{wording.NO_BREAK}{wording.form(figure.value, noun, case, digits)}", figure)


def day(name: str, label: str, moment: date, formula: str, *, key: str = "", rows: Rows = NO_ROWS) -> Figure:
    """Return a computed date as a figure; its value is the date's digits, 20190930."""
    value = float(f"{moment:%Y%m%d}")
    return Figure(name, label, value, wording.date(moment), "date", formula, key=key, rows=rows)


def in_unit(figure: Figure, unit: str, digits: int | None = None) -> Said:
    """Return a figure whose text is a bare number followed by a unit of measures."""
    whole = wording.unit(figure.value, unit, digits=digits)
    return said("{}{}", figure, whole.removeprefix(figure.text))


def sentence(*parts: Text) -> Said:
    """Return sentences one after another."""
    return said(" ".join("{}" for _ in parts), *parts)


def first(
    most: int, name: str, label: str, told: str = "Показаны {} из {}.", **rows: Sequence[Any] | pd.Series
) -> Text:
    """Say that only so many of the rows of a table of the registry are shown; nothing where all are."""
    ((table, keys),) = rows.items()
    if len(keys) <= most:
        return ""
    every = number(name, label, len(keys), "row", "all_of_them", rows=Rows.of(**{table: keys}))
    return said(told, wording.number(most), every)


def every_project(part: Registry) -> Figure:
    """Return how many projects there are in all, cancelled ones too."""
    ids = part.projects["project_id"]
    return counted("every_project", "Проектов во всех статусах", ids, formula="every_status")


@dataclass(frozen=True, slots=True)
class State:
    """The counts of a portfolio as figures; ``open`` are the projects that are not done yet."""

    total: Figure
    realised: Figure
    open: Figure
    overdue: Figure
    without_due: Figure


def state(part: Registry, as_of: date) -> State:
    """Return the counts of a part of the registry on a date."""
    projects = part.projects
    ids, status = projects["project_id"], projects["status"]
    total = counted("total", "Проектов в портфеле", ids[status.ne("cancelled")])
    opened = counted("open", "Открытых проектов", ids[status.isin(OPEN)])
    return State(
        total,
        counted("realised", "Реализовано и закрыто", ids[status.isin(REALISED)], of=total.value),
        opened,
        counted(
            "overdue",
            "Просрочено из открытых",
            metrics.overdue(projects, as_of)["project_id"],
            of=opened.value,
        ),
        counted("without_due", "Открытых без срока", ids[status.isin(OPEN) & projects["due"].isna()]),
    )


def unknown(figure: Figure) -> Figure:
    """Return a count that nobody knows in place of zero."""
    return Figure(figure.name, figure.label, None, wording.number(None), figure.unit, figure.formula)


def summed(effects: pd.DataFrame) -> pd.Series:
    """Tell which effects count in a sum: those stated exactly and without ambiguity."""
    return effects["qualifier"].eq("exact") & ~effects["ambiguous"]


def days_late(project: str, title: str, days: float) -> Figure:
    """Return how many days a project is late as a figure."""
    label, rows = f"{title}: просрочен, дней", Rows.of(projects=[project])
    return number("days_late", label, days, "day", "days_late", key=project, rows=rows)
