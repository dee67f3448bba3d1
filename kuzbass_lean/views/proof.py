"""Is the improvement real: grades, control charts, comparison in place of ranking, time to close."""

from __future__ import annotations

from datetime import date
from typing import Any

import numpy as np
import pandas as pd

from kuzbass_lean import blocks, charts, evidence, metrics, wording
from kuzbass_lean.blocks import Block, Column
from kuzbass_lean.charts import Dot
from kuzbass_lean.charts.theme import shorten
from kuzbass_lean.evidence import FIRM_POINTS
from kuzbass_lean.evidence.control import RUN_LENGTH
from kuzbass_lean.figures import Figure
from kuzbass_lean.registry import Registry, Scope
from kuzbass_lean.views import series
from kuzbass_lean.views.series import Series

PROVEN = ("A", "B")
"""Grades of an improvement that is more than two numbers."""
MOST_CHARTS = 2
LETTERS = "ABCDE"


def grades(part: Registry) -> pd.DataFrame:
    """Return the evidence grade of every measure of a part: measure_id, letter, reason."""
    return evidence.grades(part.frame("measures"), part.table("values"), part.table("observations"))


def grade_legend() -> Block:
    """Return what the letters A to E mean."""
    return blocks.definitions([(letter, wording.label("evidence", letter)) for letter in LETTERS])


def proven(part: Registry, graded: pd.DataFrame) -> metrics.Ratio:
    """Return how many of the measures with a result are proven: grade A or B of A to D."""
    measured = int(graded["letter"].ne("E").sum())
    return metrics.Ratio(int(graded["letter"].isin(PROVEN).sum()), measured)


def control_charts(part: Registry, graded: pd.DataFrame) -> Block:
    """Return what single measurements tell, the strongest evidence first.

    Control charts where there are points enough, run charts where there are not, and two
    samples compared.
    """
    found = series.collected(part, graded)
    return blocks.joined(_control_charts(part, found), *series.run_charts(found), *series.samples(found))


def _control_charts(part: Registry, found: list[Series]) -> Block:
    chosen = [one for one in found if one.firm]
    if not chosen:
        points = wording.plural(FIRM_POINTS, "observation", "genitive")
        return blocks.prose(
            f"Рядов для контрольной карты нет: нужно не менее {points} до изменения и "
            f"{wording.number(RUN_LENGTH)} после."
        )
    shown = [_chart(part, one) for one in chosen[:MOST_CHARTS]]
    if len(chosen) > MOST_CHARTS:
        told = f"Показаны карты: {wording.number(MOST_CHARTS)} из {wording.number(len(chosen))}."
        shown.append(blocks.prose(told))
    return blocks.joined(*shown)


def _chart(part: Registry, one: Series) -> Block:
    measure_id, unit = str(one.measure["measure_id"]), str(one.measure["unit"])
    target = _target(part, measure_id)
    chart = evidence.xmr(one.points, better=one.measure["better"], target=target, rebase=(one.changed,))

    def said(value: float) -> str:
        return wording.unit(value, unit, digits=1)

    shown = chart.shown()
    first, last = shown[0], shown[-1]
    words = (
        f"среднее {wording.number(last.mean, 1)}",
        f"верхний {wording.number(last.upper, 1)}",
        f"нижний {wording.number(last.lower, 1)}",
        f"цель {wording.number(target)}" if target is not None else "",
        "изменение",
    )
    caption = f"{one.title}: среднее было {said(first.mean)}, стало {said(last.mean)}"
    variation = wording.label("variation", chart.variation)
    assurance = (
        "" if chart.assurance is None else f" {_sentence(wording.label('assurance', chart.assurance))}"
    )
    alt = (
        f"Контрольная карта. {caption}. Точек до изменения {wording.number(one.changed)}, после "
        f"{wording.number(len(one.points) - one.changed)}. Последняя точка: {variation}.{assurance}"
    )
    drawing = charts.control(chart, one.days, one.changed, words, wording.unit_name(unit), alt)
    few = wording.number(FIRM_POINTS)
    trial = f" Пределы после изменения предварительные: точек меньше {few}." if chart.trial else ""
    warned = series.caution(one.usual, unit)
    note = f"Оценка {one.letter}: {one.reason}.{assurance}{trial}{f' {warned}.' if warned else ''}"
    reading = (
        "Серые точки — обычные колебания, синие — сигнал улучшения, оранжевые ромбы — ухудшения. "
        "Пунктир — пределы обычных колебаний, после изменения они пересчитаны"
    )
    figures = tuple(
        Figure(
            f"chart_{name}", f"{one.title}: {label}", round(value, 10),
            said(value), unit, "control_limits", key=measure_id,
        )
        for name, label, value in (
            ("before", "среднее до", first.mean), ("after", "среднее после", last.mean),
            ("lower", "нижний предел", last.lower), ("upper", "верхний предел", last.upper),
        )
    )  # fmt: skip
    block = blocks.chart(caption, reading, drawing, note)
    return Block(block.html, block.text, figures)


def _sentence(text: str) -> str:
    return f"{text[:1].upper()}{text[1:]}."


def _target(part: Registry, measure_id: str) -> float | None:
    """The target where it is one number."""
    values = part.frame("values")
    mine = values[values["measure_id"].eq(measure_id) & values["phase"].eq("target")]
    if mine.empty or mine["qualifier"].iloc[0] != "exact":
        return None
    stated = mine[["low", "high"]].iloc[0].dropna()
    return None if stated.empty else float(stated.iloc[0])


def comparison(registry: Registry, scope: Scope) -> Block:
    """Return the funnel of realised shares: municipalities of the registry, or a sector's organisations.

    Territories stand in alphabetical order and are not ranked: only those outside the limits,
    and the report's own, are named.
    """
    whole = registry.slice(Scope.of_sector(scope.sector)) if scope.sector else registry
    unit = "organization_id" if scope.sector else "municipality_id"
    counts = metrics.by_unit(whole.projects, whole.project_units(), unit)
    counts = counts[counts["projects"].gt(0)]
    if len(counts) < 3:
        return blocks.prose("Сравнивать не с чем: проекты есть меньше чем у трёх.")
    names = _unit_names(registry, unit)
    mean = float(counts["realised"].sum() / counts["projects"].sum())
    limits = evidence.funnel_limits(mean, counts["projects"]).set_axis(counts.index)
    share = counts["realised"] / counts["projects"]
    above, below = share.gt(limits["high_998"]), share.lt(limits["low_998"])
    dots = [
        _dot(str(key), scope, counts.loc[key], bool(above.loc[key]), bool(below.loc[key]), names)
        for key in counts.index
    ]
    outside = sorted([*share.index[above], *share.index[below]], key=lambda key: names[str(key)])
    caption = (
        f"Больше, чем объясняет случай, отличаются: {wording.number(len(outside))} "
        f"из {wording.number(len(counts))}"
        if outside
        else "Различия не больше тех, что даёт случай"
    )
    grid = evidence.funnel_limits(
        mean, np.unique(np.linspace(1, counts["projects"].max(), 60).round()).astype(int)
    )
    words = ("в среднем " + wording.percent(100 * mean, 0), "предел 95\u202f%", "предел 99,8\u202f%",
             "проектов", "реализовано и закрыто, %")  # fmt: skip
    named = [_told(names[str(key)], counts.loc[key]) for key in outside]
    here = [key for key in counts.index if key == scope.municipality]
    own = [_told(names[str(key)], counts.loc[key]) for key in here]
    alt = f"Воронка долей реализованных проектов. {caption}. {'; '.join([*own, *named])}"
    drawing = charts.funnel(dots, grid, mean, words, alt)
    reading = (
        "Точка — " + ("организация" if scope.sector else "территория") + ". Внутри серой воронки различия "
        "случайны; треугольник — выше или ниже предела 99,8\u202f%"
    )
    note = (
        "Это не рейтинг: у кого мало проектов, у того доля скачет сама по себе. Реестр полный, а не выборка; "
        "пределы показывают, какую разницу даёт один случай."
    )
    if named or own:
        note = f"{'; '.join([*own, *named])}. {note}"
    block = blocks.chart(caption, reading, drawing, note)
    figures = (
        Figure(
            "realised_mean",
            "Доля реализованных в среднем",
            round(100 * mean, 10),
            wording.percent(100 * mean),
            "percent",
            "realised_share",
            float(counts["realised"].sum()),
            float(counts["projects"].sum()),
        ),
    )
    return Block(block.html, block.text, figures)


def _dot(key: str, scope: Scope, row: Any, above: bool, below: bool, names: dict[str, str]) -> Dot:
    state = "own" if key == scope.municipality else "above" if above else "below" if below else "inside"
    label = "" if state == "inside" else shorten(names[key], 30)
    return Dot(int(row["projects"]), 100 * float(row["realised"]) / float(row["projects"]), state, label)


def _told(name: str, row: Any) -> str:
    share = 100 * float(row["realised"]) / float(row["projects"])
    counts = f"{wording.number(int(row['realised']))} из {wording.number(int(row['projects']))}"
    return f"{name} — {counts}, {wording.percent(share, 0)}"


def _unit_names(registry: Registry, unit: str) -> dict[str, str]:
    if unit == "municipality_id":
        return {str(key): str(title) for key, title in registry.municipalities["title"].items()}
    about = registry.organizations.set_index("organization_id")["name"]
    return {str(key): str(name) for key, name in about.items()}


def time_to_close(part: Registry, as_of: date) -> Block:
    """Return how long projects take from start to closing; open ones count as still running."""
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
    note += " Если реестр ведётся не с самого начала, закрытые раньше в него не попали, и срок завышен."
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


def measured(part: Registry, graded: pd.DataFrame) -> Block:
    """Return the reason behind the grade of every measure of a part."""
    about = part.frame("measures").set_index("measure_id")
    rows = [
        (
            str(about["name"][row["measure_id"]]),
            str(row["letter"]),
            ". ".join(
                filter(None, (row["reason"], series.caution(row["usual"], about["unit"][row["measure_id"]])))
            ),
            _next_grade(str(row["letter"])),
        )
        for row in graded.to_dict("records")
    ]
    columns = [Column("Показатель"), Column("Оценка"), Column("Почему"), Column("Что даст следующую")]
    return blocks.table("Доказательность", columns, rows)


def _next_grade(letter: str) -> str:
    """Say what the next higher grade asks for."""
    position = LETTERS.index(letter)
    if not position:
        return "высшая оценка"
    return f"{LETTERS[position - 1]}: {wording.label('evidence', LETTERS[position - 1])}"
