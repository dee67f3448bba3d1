"""Results: processes before and after, and effects."""

from __future__ import annotations

from typing import Any

import pandas as pd

from kuzbass_lean import blocks, charts, metrics, wording
from kuzbass_lean.blocks import Block, Column
from kuzbass_lean.charts import Pair
from kuzbass_lean.figures import Figure
from kuzbass_lean.metrics import Bounds, Change, Value
from kuzbass_lean.registry import Registry

MOST_ROWS = 40
MOST_PAIRS = 12
HUNDRED = 100.0
WORST = "* — «было» взято в худший момент: часть улучшения могла быть возвратом к обычному."


def improvements(part: Registry, graded: pd.DataFrame) -> Block:
    """Return every measure before and after with change and evidence grade: a chart, then the table.

    Published measures come first, then the better proven ones.

    Examples
    --------
    >>> part = registry.slice(kl.Scope.of_sector("mfc"))
    >>> block = kl.views.improvements(part, kl.views.grades(part))
    """
    letters = graded.set_index("measure_id")["letter"]
    measures = part.frame("measures")
    ordered = measures.assign(
        _last=measures["source"].ne("published"), _letter=measures["measure_id"].map(letters)
    ).sort_values(["_last", "_letter", "measure_id"], kind="stable")
    titles = part.projects.set_index("project_id")["title"]
    rows, figures, pairs = [], [], []
    for measure in ordered.head(MOST_ROWS).to_dict("records"):
        values = phases(part, str(measure["measure_id"]))
        change = measured_change(values, measure)
        rows.append(
            (
                f"{measure['name']}, {unit_name(measure)}. {titles.get(measure['project_id'], '')}",
                *(_text(values.get(phase), measure) for phase in ("before", "target", "after")),
                change_words(change),
                str(measure["_letter"]) + star(graded, measure),
                wording.label("source_short", measure["source"]),
            )
        )
        figures.append(improvement_figure(measure, change))
        alike = measures["name"].eq(measure["name"]).sum() > 1
        label = str(titles.get(measure["project_id"], "")) if alike else str(measure["name"])
        pairs += pair(label, measure, values, change, str(measure["_letter"]))
    columns = [Column("Показатель и проект")]
    columns += [
        Column(wording.label("phase", phase).capitalize(), True) for phase in ("before", "target", "after")
    ]
    columns += [Column("Изменение", True), Column("Оценка"), Column("Откуда")]
    note = "Изменение со словом «план» считано до цели: факта в источнике нет."
    if graded["usual"].notna().any():
        note += f" {WORST}"
    if len(measures) > MOST_ROWS:
        note += f" Показаны {wording.number(MOST_ROWS)} из {wording.number(len(measures))}."
    table = blocks.table("Было, цель, стало", columns, rows, note, tuple(figures))
    return blocks.joined(*changes_chart(pairs[:MOST_PAIRS]), table)


def star(graded: pd.DataFrame, measure: dict[Any, Any]) -> str:
    """Return the star of a measure whose "before" was the worst of its time; ``WORST`` explains it."""
    own = graded["measure_id"].eq(measure["measure_id"])
    return "*" if graded.loc[own, "usual"].notna().any() else ""


def pair(
    label: str, measure: dict[Any, Any], values: dict[str, Value], change: Change, letter: str
) -> list[Pair]:
    """Return a measure as a line of the chart, or nothing where before and a later value do not compare."""
    before, after, target = values.get("before"), values.get("after"), values.get("target")
    base = None if before is None else _end(before, None)
    lower = str(measure["better"]) == "lower"
    if after is not None and after.factor and after.qualifier == "factor_only":
        reached: float | None = 100 / after.factor if lower else 100 * after.factor
        aimed = None
    elif base:
        reached, aimed = (_share(value, base) for value in (after, target))
    else:
        return []
    if reached is None and aimed is None:
        return []
    worse = reached is not None and (reached > 100 if lower else reached < 100)
    if str(measure["better"]) == "target":
        worse = change.relative is not None and (change.relative.high or 0) < 0
    short = _arrow(before, after if after is not None else target, str(measure["unit"]))
    text = wording.change_text(change)
    return [Pair(label, reached, aimed, worse, letter in "ABC", short, text, letter)]


def _end(value: Value, towards: float | None) -> float | None:
    """The value as one number; of a range the end nearer to ``towards``, of a bound the bound."""
    if value.bounds is None:
        return None
    low, high = value.bounds.low, value.bounds.high
    if value.qualifier == "up_to" or low is None or high is None:
        return high if high is not None else low
    return low if towards is None or abs(low - towards) <= abs(high - towards) else high


def _share(value: Value | None, base: float) -> float | None:
    end = None if value is None else _end(value, base)
    return None if end is None else 100 * end / base


def _arrow(before: Value | None, later: Value | None, unit: str) -> str:
    if before is None or later is None:
        return ""
    space = wording.numbers.NARROW if unit == "percent" else wording.numbers.NO_BREAK
    return f"{wording.value_text(before)} → {wording.value_text(later)}{space}{wording.unit_name(unit)}"


def changes_chart(pairs: list[Pair]) -> list[Block]:
    """Return the chart of before, target and after, or nothing without a line to draw."""
    if not pairs:
        return []
    done = [entry for entry in pairs if entry.after is not None]
    better = sum(not entry.worse and entry.after != HUNDRED for entry in done)
    told = f"Лучше стали {wording.number(better)} из {wording.number(len(done))} показателей с результатом"
    caption = told if done else "Результатов ещё нет, есть только цели"
    said = "; ".join(f"{e.label}: {e.shown}, {e.change}, оценка {e.letter}" for e in pairs)
    reading = (
        "Белый кружок — было, ромб — цель, тёмный кружок — стало, оранжевый квадрат — стало хуже. "
        "Сплошная линия — замеры известны, пунктир — нет. У диапазона показан ближний к «было» край"
    )
    heads = ("было → стало", "изменение", "оц.")
    drawing = charts.dumbbell(pairs, "доля от значения «было», %", heads, f"{caption}. {said}")
    return [blocks.chart(caption, reading, drawing)]


def phases(part: Registry, measure_id: str) -> dict[str, Value]:
    """Return the values of a measure by phase."""
    values = part.frame("values")
    mine = values[values["measure_id"].eq(measure_id)]
    return {str(row["phase"]): _value(row) for row in mine.to_dict("records")}


def _value(row: dict[Any, Any]) -> Value:
    low, high, factor = (
        None if pd.isna(row[name]) else float(row[name]) for name in ("low", "high", "factor")
    )
    qualifier = str(row["qualifier"])
    if qualifier == "exact":
        low, high = (low if low is not None else high), (high if high is not None else low)
    if qualifier == "up_to":
        return Value.up_to(high or 0.0)
    return Value(low, high, qualifier, factor)


def measured_change(values: dict[str, Value], measure: dict[Any, Any]) -> Change:
    """Return the change from before to after, or to the target where there is no after."""
    after = values.get("after")
    planned = after is None and "target" in values
    reached = values.get("target") if planned else after
    return metrics.change(
        values.get("before"),
        reached,
        str(measure["better"]),
        str(measure["unit"]),
        target=values.get("target"),
        planned=planned,
    )


def change_words(change: Change) -> str:
    """Return a change in words, marked as planned where it is only a target."""
    text = wording.change_text(change)
    return f"{text} (план)" if change.planned and text != wording.phrase("missing") else text


def _text(value: Value | None, measure: dict[Any, Any]) -> str:
    """The value without its unit, which stands at the head of the row."""
    return wording.value_text(value, "", str(measure["better"]))


def unit_name(measure: dict[Any, Any]) -> str:
    """Return the unit of a measure as it follows the measure's name; of a bare factor it is not known."""
    return wording.unit_name(str(measure["unit"]))


def improvement_figure(measure: dict[Any, Any], change: Change) -> Figure:
    """Return the improvement of a measure as a figure in percent, positive when better."""
    bounds = change.relative or Bounds(None, None)
    value = bounds.low if bounds.exact else None
    name = "planned_improvement" if change.planned else "improvement"
    note = "" if value is not None else "диапазон или нет данных: одним числом не выражается"
    return Figure(
        "improvement",
        str(measure["name"]),
        None if value is None else round(value, 10),
        change_words(change),
        "percent",
        name,
        note=note,
        key=str(measure["measure_id"]),
    )


def effects(part: Registry) -> Block:
    """Return declared and confirmed effects, and what the sums leave out.

    Examples
    --------
    >>> block = kl.views.effects(registry)
    """
    totals = metrics.effect_totals(part.frame("effects"))
    rows = []
    figures = []
    for row in totals.to_dict("records"):
        kind, period = wording.label("effect_kind", row["kind"]), wording.label("period", row["period"])
        name = f"{kind}, {wording.unit_name(row['unit'])} {period}"
        left_out = row["ambiguous"] + row["inexact"]
        rows.append(
            (
                name,
                wording.number(row["declared"]),
                wording.number(row["confirmed"]),
                wording.number(left_out),
            )
        )
        for sum_of in ("declared", "confirmed"):
            value = None if pd.isna(row[sum_of]) else float(row[sum_of])
            figures.append(
                Figure(
                    f"effect_{sum_of}",
                    f"{name}: {'заявлено' if sum_of == 'declared' else 'подтверждено'}",
                    value,
                    wording.number(value),
                    str(row["unit"]),
                    f"effect_{sum_of}",
                    key=".".join(str(row[part]) for part in ("kind", "unit", "period")),
                )
            )
    columns = [Column("Эффект"), Column("Заявлено", True), Column("В том числе подтверждено", True)]
    columns.append(Column("Не вошло строк", True))
    note = "Неоднозначные и неточные суммы не складываются: они сосчитаны в последнем столбце."
    if not part.has("effects"):
        note = "Таблицы эффектов в реестре нет: эффект неизвестен, а не равен нулю."
    return blocks.table("Эффекты", columns, rows, note, tuple(figures))
