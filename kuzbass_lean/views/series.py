"""Single measurements where a control chart would rest on too few: run charts, and two samples compared."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Any

import numpy as np
import pandas as pd

from kuzbass_lean import blocks, charts, evidence, wording
from kuzbass_lean.blocks import Block, Column
from kuzbass_lean.evidence import FIRM_POINTS, Comparison
from kuzbass_lean.evidence.control import RUN_LENGTH
from kuzbass_lean.evidence.samples import FEWEST
from kuzbass_lean.figures import Figure
from kuzbass_lean.registry import Registry

RUN_POINTS = 10
"""Under so many points the rules of a run chart see nothing."""
MOST_RUNS = 2
MOST_SAMPLES = 12


@dataclass(frozen=True, slots=True, eq=False)
class Series:
    """The dated measurements of one measure, those before the change first.

    ``title`` is its name and, on a page of several projects, that of its project.
    """

    measure: dict[Any, Any]
    title: str
    letter: str
    reason: str
    usual: float | None
    points: list[float]
    days: list[date]
    changed: int

    @property
    def firm(self) -> bool:
        """Whether a control chart has points enough on both sides of the change."""
        return self.changed >= FIRM_POINTS and len(self.points) - self.changed >= RUN_LENGTH


def caution(usual: float | None, unit: str) -> str:
    """Warn that a "before" was taken at its worst, where ``usual`` says what was usual then."""
    if usual is None or pd.isna(usual):
        return ""
    said = wording.unit(usual, unit, digits=1)
    return (
        f"Осторожно: «было» взято в худший момент, обычно тогда было {said}. Часть улучшения могла быть "
        "возвратом к обычному"
    )


def measure_titles(part: Registry) -> dict[str, str]:
    """Name every measure of a part, with its project where there are several."""
    measures = part.frame("measures")
    names = dict(zip(measures["measure_id"], measures["name"], strict=True))
    if len(part.projects) <= 1:
        return names
    projects = dict(zip(part.projects["project_id"], part.projects["title"], strict=True))
    own = zip(measures["measure_id"], measures["project_id"], strict=True)
    return {
        key: f"{names[key]}. {projects[project]}" if project in projects else names[key]
        for key, project in own
    }


def collected(part: Registry, graded: pd.DataFrame) -> list[Series]:
    """Return the series of every measure that has measurements, the strongest evidence first."""
    seen = part.frame("observations").dropna(subset=["value", "observed_on"])
    seen = seen[seen["phase"].isin(["before", "after", "check"])]
    later = seen["phase"].ne("before")
    places = seen.assign(later=later).sort_values(["later", "observed_on"], kind="stable")
    groups = dict(list(places.groupby("measure_id")))
    measures = part.frame("measures").set_index("measure_id", drop=False)
    titles = measure_titles(part)
    rows = graded[graded["measure_id"].isin(groups)].sort_values(["letter", "measure_id"], kind="stable")
    return [
        Series(
            measures.loc[row["measure_id"]].to_dict(),
            titles[row["measure_id"]],
            str(row["letter"]),
            str(row["reason"]),
            None if pd.isna(row["usual"]) else float(row["usual"]),
            groups[row["measure_id"]]["value"].tolist(),
            list(groups[row["measure_id"]]["observed_on"].dt.date),
            int((~groups[row["measure_id"]]["later"]).sum()),
        )
        for row in rows.to_dict("records")
    ]


def run_charts(found: list[Series]) -> list[Block]:
    """Return run charts of the series too short for a control chart."""
    chosen = [one for one in found if not one.firm and len(one.points) >= RUN_POINTS]
    chosen = [one for one in chosen if 0 < one.changed < len(one.points)]
    shown = [_run_chart(one) for one in chosen[:MOST_RUNS]]
    if len(chosen) > MOST_RUNS:
        told = f"Показаны карты серий: {wording.number(MOST_RUNS)} из {wording.number(len(chosen))}."
        shown.append(blocks.prose(told))
    return shown


def _run_chart(one: Series) -> Block:
    chart = evidence.run_chart(one.points)
    unit = str(one.measure["unit"])
    before, after = (
        wording.unit(float(np.median(side)), unit, digits=1)
        for side in (one.points[: one.changed], one.points[one.changed :])
    )
    caption = f"{one.title}: медиана была {before}, стала {after}"
    points = wording.plural(chart.longest_run, "point")
    found = "ряд сдвинулся не случайно" if chart.signal else "неслучайного сдвига не видно"
    rule = (
        f"самая длинная серия по одну сторону медианы — {points}, случай даёт до "
        f"{wording.number(chart.longest_run_limit)}; пересечений {wording.number(chart.crossings)}, случай "
        f"даёт от {wording.number(chart.crossings_limit)}"
    )
    alt = f"Карта серий. {caption}; {found}: {rule}"
    words = (f"медиана {wording.number(chart.centre, 1)}", "изменение")
    drawing = charts.run(one.points, chart.centre, one.days, one.changed, words, wording.unit_name(unit), alt)
    reading = (
        f"Для контрольной карты точек мало (нужно {wording.number(FIRM_POINTS)} до изменения и "
        f"{wording.number(RUN_LENGTH)} после), поэтому карта серий: линия — медиана всего ряда"
    )
    said = (
        f"Оценка {one.letter}: {one.reason}",
        f"По правилам Анхёя {found}: {rule}",
        caution(one.usual, unit),
    )
    note = "".join(f"{sentence}. " for sentence in said if sentence).strip()
    return blocks.chart(caption, reading, drawing, note)


def samples(found: list[Series]) -> list[Block]:
    """Return the two-sample comparison of every measure with measurements enough on both sides."""
    fitting = [one for one in found if one.measure["better"] in ("lower", "higher")]
    fitting = [one for one in fitting if min(one.changed, len(one.points) - one.changed) >= FEWEST]
    if not fitting:
        return []
    pairs = [(one, _compare(one)) for one in fitting[:MOST_SAMPLES]]
    rows = [_sample(one, compared) for one, compared in pairs]
    columns = [Column("Показатель"), Column("Замеров до и после", True), Column("Разность медиан", True)]
    columns += [Column("Интервал 95\u202f%", True), Column("Обычный сдвиг", True), Column("p", True)]
    columns += [Column("Стало лучше, доля пар", True), Column("Оценка")]
    note = (
        "Разность — стало минус было; интервал бутстрепом. Обычный сдвиг — оценка Ходжеса — Лемана. p — "
        "точный критерий Манна — Уитни. Доля пар — как часто замер после лучше замера до, если сравнить "
        "каждый с каждым."
    )
    if len(fitting) > MOST_SAMPLES:
        note += f" Показаны {wording.number(MOST_SAMPLES)} из {wording.number(len(fitting))}."
    figures = tuple(_difference(one, compared) for one, compared in pairs)
    return [blocks.table("Замеры до и после: две выборки", columns, rows, note, figures)]


def _compare(one: Series) -> Comparison:
    before, after = one.points[: one.changed], one.points[one.changed :]
    found = evidence.compare(before, after, better="lower" if one.measure["better"] == "lower" else "higher")
    assert found is not None  # enough on both sides
    return found


def _sample(one: Series, found: Comparison) -> tuple[str, ...]:
    def said(value: float) -> str:
        return wording.number(value, 1, signed=True)

    unit = wording.unit_name(str(one.measure["unit"]))
    p = "< 0,001" if found.p_value < 0.001 else wording.number(found.p_value, 3)
    return (
        f"{one.title}, {unit}",
        f"{wording.number(found.n_before)} и {wording.number(found.n_after)}",
        said(found.difference),
        f"{said(found.interval.low)} … {said(found.interval.high)}",
        said(found.shift),
        p,
        wording.percent(100 * found.superiority, 0),
        one.letter,
    )


def _difference(one: Series, found: Comparison) -> Figure:
    return Figure(
        "difference",
        f"{one.title}: разность медиан",
        round(found.difference, 10),
        wording.number(found.difference, 1, signed=True),
        str(one.measure["unit"]),
        "median_difference",
        key=str(one.measure["measure_id"]),
    )
