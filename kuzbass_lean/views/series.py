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
from kuzbass_lean.figures import Figure, Rows, Text, said
from kuzbass_lean.registry import Registry
from kuzbass_lean.views import shown

RUN_POINTS = 10
"""Under so many points the rules of a run chart see nothing."""
MOST_RUNS = 2
MOST_SAMPLES = 12


@dataclass(frozen=True, slots=True, eq=False)
class Series:
    """The dated measurements of one measure, those before the change first.

    ``title`` is its name and, on a page of several projects, that of its project; ``seen`` are the
    rows of the registry.
    """

    measure: dict[Any, Any]
    title: str
    letter: str
    reason: str
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
        self, name: str, label: str, value: float, text: str, rows: Rows | None = None, unit: str = ""
    ) -> Figure:
        """Return what is computed of the series as a figure; ``name`` names its formula too."""
        return Figure(
            name,
            f"{self.title}: {label}",
            round(float(value), 10),
            text,
            unit or str(self.measure["unit"]),
            name,
            key=str(self.measure["measure_id"]),
            rows=self.rows() if rows is None else rows,
        )

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
            groups[row["measure_id"]],
        )
        for row in rows.to_dict("records")
    ]


def run_charts(found: list[Series]) -> list[Block]:
    """Return run charts of the series too short for a control chart."""
    chosen = [one for one in found if not one.firm and len(one.points) >= RUN_POINTS]
    chosen = [one for one in chosen if 0 < one.changed < len(one.points)]
    charted = [_run_chart(one) for one in chosen[:MOST_RUNS]]
    if len(chosen) > MOST_RUNS:
        told = f"Показаны карты серий: {wording.number(MOST_RUNS)} из {wording.number(len(chosen))}."
        charted.append(blocks.prose(told))
    return charted


def _run_chart(one: Series) -> Block:
    chart = evidence.run_chart(one.points)
    unit = str(one.measure["unit"])
    before, after = (
        one.figure(
            f"run_{name}",
            label,
            float(np.median(side)),
            wording.unit(float(np.median(side)), unit, digits=1),
            rows,
        )
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
    alt = f"Карта серий. {caption}; {found}: {rule}"
    words = (f"медиана {wording.number(chart.centre, 1)}", "изменение")
    drawing = charts.run(one.points, chart.centre, one.days, one.changed, words, wording.unit_name(unit), alt)
    reading = (
        f"Для контрольной карты точек мало (нужно {wording.number(FIRM_POINTS)} до изменения и "
        f"{wording.number(RUN_LENGTH)} после), поэтому карта серий: линия — медиана всего ряда"
    )
    warned = caution(one.usual, unit)
    note = said(
        "Оценка {}: {}. По правилам Анхёя {}: {}.{}",
        one.letter,
        one.reason,
        found,
        rule,
        f" {warned}." if warned else "",
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
    note = (
        "Разность — стало минус было; интервал бутстрепом. Обычный сдвиг — оценка Ходжеса — Лемана. p — "
        "точный критерий Манна — Уитни. Доля пар — как часто замер после лучше замера до, если сравнить "
        "каждый с каждым."
    )
    if len(fitting) > MOST_SAMPLES:
        note += f" Показаны {wording.number(MOST_SAMPLES)} из {wording.number(len(fitting))}."
    return [blocks.table("Замеры до и после: две выборки", columns, rows, note)]


def _compare(one: Series) -> Comparison:
    before, after = one.points[: one.changed], one.points[one.changed :]
    found = evidence.compare(before, after, better="lower" if one.measure["better"] == "lower" else "higher")
    assert found is not None  # enough on both sides
    return found


def _sample(one: Series, found: Comparison) -> tuple[Text, ...]:
    def signed(name: str, label: str, value: float) -> Figure:
        return one.figure(name, label, value, wording.number(value, 1, signed=True))

    def counted(name: str, label: str, value: int, rows: Rows) -> Figure:
        return one.figure(name, label, value, wording.number(value), rows, "observation")

    p = "< 0,001" if found.p_value < 0.001 else wording.number(found.p_value, 3)
    better = 100 * found.superiority
    return (
        f"{one.title}, {wording.unit_name(str(one.measure['unit']))}",
        said(
            "{} и {}",
            counted("n_before", "замеров до", found.n_before, one.rows(after=False)),
            counted("n_after", "замеров после", found.n_after, one.rows(before=False)),
        ),
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
