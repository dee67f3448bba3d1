"""The programme's deck regenerated: for every slide the published figures beside the registry's."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pandas as pd

from kuzbass_lean import blocks, published, wording
from kuzbass_lean.blocks import Block, Column
from kuzbass_lean.figures import Text, joined, said
from kuzbass_lean.published import PublishedFigure
from kuzbass_lean.registry import Registry
from kuzbass_lean.views.reference import published_value, registry_value, slides, states, value_text


def deck(registry: Registry) -> Block:
    """Return a section for every slide: published figure, registry figure, reconciliation.

    Examples
    --------
    >>> block = kl.views.deck(registry)
    """
    compared = published.reconcile(registry).set_index("figure")
    by_slide: dict[str, list[PublishedFigure]] = {}
    for figure in published.figures():
        by_slide.setdefault(figure.slide, []).append(figure)
    sections = slides()
    contents = [
        (title, sections[title], _summary(registry, title, compared, [figure.id for figure in figures]))
        for title, figures in by_slide.items()
    ]
    parts = [blocks.links("Слайд презентации и его раздел", contents)]
    for title, figures in by_slide.items():
        parts += [blocks.heading(title, sections[title]), _slide(registry, title, figures, compared)]
    return blocks.joined(*parts)


def _summary(registry: Registry, title: str, compared: pd.DataFrame, figures: list[str]) -> Text:
    """Say how many of a slide's figures agree, differ and cannot be checked."""
    own = compared[compared.index.isin(figures)].reset_index()
    told = [
        said("{} {}", wording.label("reconciliation", state), count)
        for state, count in states(registry, own, title).items()
        if count.value
    ]
    return joined(", ", told) if told else "сведения без чисел"


def _slide(registry: Registry, title: str, figures: list[PublishedFigure], compared: pd.DataFrame) -> Block:
    columns = [
        Column("Что"),
        Column("Опубликовано"),
        Column("В реестре", True),
        Column("Итог"),
        Column("Почему"),
    ]
    rows = [_row(registry, figure, compared) for figure in figures]
    return blocks.table(f"Слайд «{title}»", columns, rows)


def _row(registry: Registry, figure: PublishedFigure, compared: pd.DataFrame) -> tuple[Text, ...]:
    shown = _published(figure)
    if figure.id not in compared.index:
        return figure.quantity, shown, "—", "не число", figure.note
    row: dict[Any, Any] = compared.loc[figure.id].to_dict()
    return (
        figure.quantity,
        shown,
        registry_value(registry, figure.id, figure.quantity, row["registry"]),
        wording.label("reconciliation", row["state"]),
        str(row["note"] or ""),
    )


def _published(figure: PublishedFigure) -> Text:
    value = figure.value
    if value is None:
        return figure.missing or wording.phrase("missing")
    if isinstance(value, str):
        return value
    if isinstance(value, Mapping):
        each = [(name, f"{figure.quantity}, {name}", number) for name, number in value.items()]
        return joined(
            ", ",
            [
                said("{} {}", name, published_value(f"{figure.id}.{name}", label, number))
                for name, label, number in each
            ],
        )
    if isinstance(value, tuple):
        text = f"{value_text(value)} {wording.unit_name(figure.unit or '')}".strip()
    else:
        text = wording.unit(value, figure.unit or "")
    return published_value(figure.id, figure.quantity, value, text)
