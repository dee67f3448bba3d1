"""Single measurements where a control chart would rest on too few: run charts, and two samples compared."""

from __future__ import annotations

import re
from collections.abc import Sequence
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
from kuzbass_lean.figures import Figure, Rows, Said, Text, said
from kuzbass_lean.registry import Registry
from kuzbass_lean.views import shown

RUN_POINTS = 10
"""Under so many points the rules of a run chart see nothing."""
MOST_RUNS = 2
MOST_SAMPLES = 12


@dataclass(frozen=True, slots=True, eq=False)
class Series:
    """The dated measurements of one measure, those before the change first.

    ``title`` is its name and, on a page of several projects, that of its project; ``graded`` is how it is
    graded, as a record; ``seen`` are the rows of the registry.
    """

    measure: dict[Any, Any]
    title: str
    letter: str
    graded: dict[Any, Any]
    usual: float | None
    points: list[float]
    days: list[date]
    changed: int
    seen: pd.DataFrame

    def rows(self, *, before: bool = True, after: bool = True) -> Rows:
        """Return the measurements behind a figure."""
        later = self.seen["later"]
        return Rows.of(observations=self.seen[(later & after) | (~later & before)])

    def figure(
        self,
        name: str,
        label: str,
        value: float,
        text: str,
        rows: Rows | None = None,
        unit: str = "",
        formula: str = "",
    ) -> Figure:
        """Return what is computed of the series as a figure; ``name`` names its formula, unless told."""
        return Figure(
            name,
            f"{self.title}: {label}",
            round(float(value), 10),
            text,
            unit or str(self.measure["unit"]),
            formula or name,
            key=str(self.measure["measure_id"]),
            rows=self.rows() if rows is None else rows,
        )

    def measured(self, name: str, label: str, value: float, rows: Rows | None = None) -> Said:
        """Return ``figure`` followed by the measure's unit."""
        figure = self.figure(name, label, value, wording.number(value, 1), rows)
        return shown.in_unit(figure, str(self.measure["unit"]), 1)

    def count(self, before: bool) -> int:
        """Return how many measurements there are on one side of the change."""
        return self.changed if before else len(self.points) - self.changed

    def counted(self, before: bool) -> Figure:
        """Return ``count`` as a figure."""
        name, label = ("n_before", "замеров до") if before else ("n_after", "замеров после")
        count, rows = self.count(before), self.rows(before=before, after=not before)
        return self.figure(name, label, count, wording.number(count), rows, "observation")

    @property
    def firm(self) -> bool:
        """Whether a control chart has points enough on both sides of the change."""
        return self.changed >= FIRM_POINTS and len(self.points) - self.changed >= RUN_LENGTH


def caution(one: Series) -> Text:
    """Warn that a "before" was taken at its worst, where the series says what was usual then."""
    if one.usual is None:
        return ""
    return said(
        "Осторожно: «было» взято в худший момент, обычно тогда было {}. Часть улучшения могла быть "
        "возвратом к обычному",
        one.measured("usual", "обычно до изменения", one.usual, one.rows(after=False)),
    )


def reason(graded: dict[Any, Any], title: str, one: Series | None) -> Text:
    """Return why a measure has its grade; the numbers of measurements in the words are figures.

    They are those of its series where there is one, else those stated beside its values.
    """
    words, key = str(graded["reason"]), str(graded["measure_id"])
    counted = _COUNTED.fullmatch(words)
    if counted is None:
        return words
    told: list[Text] = []
    for phase, label, count in (("before", "до", counted[2]), ("after", "после", counted[4])):
        if one is not None and int(count) == one.count(phase == "before"):
            told.append(one.counted(phase == "before"))
            continue
        rows = Rows.of(values=[f"{key} · {phase}"])
        stated = shown.number(
            f"stated_n_{phase}",
            f"{title}: замеров {label}",
            int(count),
            "observation",
            "stated",
            key=key,
            rows=rows,
        )
        told.append(stated)
    return said(f"{counted[1]}{{}}{counted[3]}{{}}{counted[5]}", *told)


_COUNTED = re.compile(r"(.*до — )(\d+)(, после — )(\d+)(.*)")
"""A reason with its two numbers of measurements (``evidence.grading.REASONS``)."""


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
            row,
            None if pd.isna(row["usual"]) else float(row["usual"]),
            groups[row["measure_id"]]["value"].tolist(),
            list(groups[row["measure_id"]]["observed_on"].dt.date),
            int((~groups[row["measure_id"]]["later"]).sum()),
            groups[row["measure_id"]],
        )
        for row in rows.to_dict("records")
    ]


def run_charts(found: list[Series]) -> list[Block]:
    """Return run charts of the series too short for a control chart."""
    chosen = [one for one in found if not one.firm and len(one.points) >= RUN_POINTS]
    chosen = [one for one in chosen if 0 < one.changed < len(one.points)]
    charted = [_run_chart(one) for one in chosen[:MOST_RUNS]]
    more = _first(MOST_RUNS, "run_charts", "Рядов для карты серий", "Показаны карты серий: {} из {}.", chosen)
    return [*charted, blocks.prose(more)] if more else charted


def _first(most: int, name: str, label: str, told: str, chosen: Sequence[Series]) -> Text:
    """Say that only so many of some series are shown; nothing where all are."""
    return shown.first(most, name, label, told, measures=[str(one.measure["measure_id"]) for one in chosen])


def _run_chart(one: Series) -> Block:
    chart = evidence.run_chart(one.points)
    before, after = (
        one.measured(f"run_{name}", label, float(np.median(side)), rows)
        for name, label, side, rows in (
            ("before", "медиана до", one.points[: one.changed], one.rows(after=False)),
            ("after", "медиана после", one.points[one.changed :], one.rows(before=False)),
        )
    )
    caption = said("{}: медиана была {}, стала {}", one.title, before, after)
    longest, limit, crossings, fewest = (
        one.figure(f"run_{name}", label, value, wording.number(value), unit="point")
        for name, label, value in (
            ("longest", "самая длинная серия", chart.longest_run),
            ("longest_limit", "серия, которую даёт случай", chart.longest_run_limit),
            ("crossings", "пересечений медианы", chart.crossings),
            ("crossings_limit", "пересечений, которые даёт случай", chart.crossings_limit),
        )
    )
    found = "ряд сдвинулся не случайно" if chart.signal else "неслучайного сдвига не видно"
    rule = said(
        "самая длинная серия по одну сторону медианы — {}, случай даёт до {}; "
        "пересечений {}, случай даёт от {}",
        shown.plural(longest, "point"),
        limit,
        crossings,
        fewest,
    )
    centre = one.figure("run_centre", "медиана ряда", chart.centre, wording.number(chart.centre, 1))
    alt = said("Карта серий. {}; {}: {}. Медиана ряда {}", caption, found, rule, centre)
    words, unit = ("медиана", "изменение"), wording.unit_name(str(one.measure["unit"]))
    drawing = charts.run(one.points, centre, one.days, one.changed, words, unit, alt)
    reading = (
        f"Для контрольной карты точек мало (нужно {wording.number(FIRM_POINTS)} до изменения и "
        f"{wording.number(RUN_LENGTH)} после), поэтому карта серий: линия — медиана всего ряда"
    )
    warned = caution(one)
    note = said(
        "Оценка {}: {}. По правилам Анхёя {}: {}.{}",
        one.letter,
        reason(one.graded, one.title, one),
        found,
        rule,
        said(" {}.", warned) if warned else "",
    )
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
    note: Text = (
        "Разность — стало минус было; интервал бутстрепом. Обычный сдвиг — оценка Ходжеса — Лемана. p — "
        "точный критерий Манна — Уитни. Доля пар — как часто замер после лучше замера до, если сравнить "
        "каждый с каждым."
    )
    more = _first(MOST_SAMPLES, "samples", "Показателей с двумя выборками", "Показаны {} из {}.", fitting)
    note = shown.sentence(note, more) if more else note
    return [blocks.table("Замеры до и после: две выборки", columns, rows, note)]


def _compare(one: Series) -> Comparison:
    before, after = one.points[: one.changed], one.points[one.changed :]
    found = evidence.compare(before, after, better="lower" if one.measure["better"] == "lower" else "higher")
    assert found is not None  # enough on both sides
    return found


def _sample(one: Series, found: Comparison) -> tuple[Text, ...]:
    def signed(name: str, label: str, value: float) -> Figure:
        return one.figure(name, label, value, wording.number(value, 1, signed=True))

    p = "< 0,001" if found.p_value < 0.001 else wording.number(found.p_value, 3)
    better = 100 * found.superiority
    return (
        f"{one.title}, {wording.unit_name(str(one.measure['unit']))}",
        said("{} и {}", one.counted(before=True), one.counted(before=False)),
        signed("median_difference", "разность медиан", found.difference),
        said(
            "{} … {}",
            signed("difference_low", "нижняя граница разности", found.interval.low),
            signed("difference_high", "верхняя граница разности", found.interval.high),
        ),
        signed("typical_shift", "обычный сдвиг", found.shift),
        one.figure("p_value", "p", found.p_value, p, unit="ratio"),
        one.figure(
            "superiority", "доля пар, где стало лучше", better, wording.percent(better, 0), unit="percent"
        ),
        one.letter,
    )
