"""Results: processes before and after, and effects."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import pandas as pd

from kuzbass_lean import blocks, charts, metrics, wording
from kuzbass_lean.blocks import Block, Column
from kuzbass_lean.charts import Pair
from kuzbass_lean.figures import Figure, Rows, Text, joined, said
from kuzbass_lean.metrics import Bounds, Change, Value
from kuzbass_lean.registry import Registry
from kuzbass_lean.views import shown

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
    rows: list[tuple[Text, ...]] = []
    pairs: list[Pair] = []
    for measure in ordered.head(MOST_ROWS).to_dict("records"):
        values = phases(part, str(measure["measure_id"]))
        change = measured_change(values, measure)
        rows.append(
            (
                f"{measure['name']}, {unit_name(measure)}. {titles.get(measure['project_id'], '')}",
                *(stated(measure, phase, values.get(phase)) for phase in ("before", "target", "after")),
                change_words(improvement_figure(measure, change, values)),
                str(measure["_letter"]) + star(graded, measure),
                wording.label("source_short", measure["source"]),
            )
        )
        alike = measures["name"].eq(measure["name"]).sum() > 1
        label = str(titles.get(measure["project_id"], "")) if alike else str(measure["name"])
        pairs += pair(label, measure, values, change, str(measure["_letter"]))
    columns = [Column("Показатель и проект")]
    columns += [
        Column(wording.label("phase", phase).capitalize(), True) for phase in ("before", "target", "after")
    ]
    columns += [Column("Изменение", True), Column("Оценка"), Column("Откуда")]
    note: list[Text] = ["Изменение со словом «план» считано до цели: факта в источнике нет."]
    if graded["usual"].notna().any():
        note.append(WORST)
    more = shown.first(MOST_ROWS, "measures_shown", "Показателей", measures=measures["measure_id"])
    if more:
        note.append(more)
    table = blocks.table("Было, цель, стало", columns, rows, shown.sentence(*note))
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
    short = _arrow(
        measure, before, "target" if after is None else "after", target if after is None else after
    )
    text, key = improvement_figure(measure, change, values), str(measure["measure_id"])
    return [Pair(label, reached, aimed, worse, letter in "ABC", short, text, letter, key)]


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


def _arrow(measure: dict[Any, Any], before: Value | None, phase: str, later: Value | None) -> Text:
    if before is None or later is None:
        return ""
    space = wording.numbers.NARROW if str(measure["unit"]) == "percent" else wording.numbers.NO_BREAK
    ends = stated(measure, "before", before), stated(measure, phase, later)
    return said("{} → {}{}", *ends, f"{space}{unit_name(measure)}")


def changes_chart(pairs: list[Pair]) -> list[Block]:
    """Return the chart of before, target and after, or nothing without a line to draw."""
    if not pairs:
        return []
    done = [entry for entry in pairs if entry.after is not None]
    better = [entry.key for entry in done if not entry.worse and entry.after != HUNDRED]
    counts = (
        shown.number(name, label, len(keys), "measure", name, rows=Rows.of(measures=keys))
        for name, label, keys in (
            ("drawn_better", "На графике стали лучше", better),
            ("drawn", "На графике показателей с результатом", [entry.key for entry in done]),
        )
    )
    better_of = said("Лучше стали {} из {} показателей с результатом", *counts)
    caption = better_of if done else "Результатов ещё нет, есть только цели"
    told = [said("{}: {}, {}, оценка {}", e.label, e.shown, e.change, e.letter) for e in pairs]
    alt = said("{}. {}", caption, joined("; ", told))
    reading = (
        "Белый кружок — было, ромб — цель, тёмный кружок — стало, оранжевый квадрат — стало хуже. "
        "Сплошная линия — замеры известны, пунктир — нет. У диапазона показан ближний к «было» край"
    )
    heads = ("было → стало", "изменение", "оц.")
    drawing = charts.dumbbell(pairs, "доля от значения «было», %", heads, alt)
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


def unit_name(measure: dict[Any, Any]) -> str:
    """Return the unit of a measure as it follows the measure's name; of a bare factor it is not known."""
    return wording.unit_name(str(measure["unit"]))


def stated(measure: dict[Any, Any], phase: str, value: Value | None) -> Text:
    """Return a value of a measure as a figure, as the registry states it; words where there is none."""
    unit = str(measure["unit"])
    text = wording.value_text(value, "", str(measure["better"]))
    if value is None:
        return text
    exact = value.qualifier == "exact" and value.bounds is not None
    note = "" if exact else wording.label("qualifier", value.qualifier)
    key = str(measure["measure_id"])
    label = f"{measure['name']}: {wording.label('phase', phase)}"
    return Figure(
        "value",
        label,
        value.bounds.low if exact and value.bounds else None,
        text,
        unit,
        "stated",
        note=note,
        key=f"{key}.{phase}",
        rows=_value_rows(key, [phase]),
    )


def _value_rows(measure: str, phases: Iterable[str]) -> Rows:
    return Rows.of(values=[" · ".join((measure, phase)) for phase in phases])


def change_words(improvement: Figure) -> Text:
    """Return an improvement in words, marked as planned where it is only a target."""
    planned = improvement.formula == "planned_improvement"
    known = improvement.text != wording.phrase("missing")
    return said(wording.phrase("planned", "{}"), improvement) if planned and known else improvement


def improvement_figure(measure: dict[Any, Any], change: Change, values: dict[str, Value]) -> Figure:
    """Return the improvement of a measure as a figure in percent, positive when better."""
    used = ("before", "target") if change.planned else ("before", "after")
    key = str(measure["measure_id"])
    bounds = change.relative or Bounds(None, None)
    value = bounds.low if bounds.exact else None
    name = "planned_improvement" if change.planned else "improvement"
    note = "" if value is not None else "диапазон или нет данных: одним числом не выражается"
    return Figure(
        "improvement",
        str(measure["name"]),
        None if value is None else round(value, 10),
        wording.change_text(change),
        "percent",
        name,
        note=note,
        key=key,
        rows=_value_rows(key, [phase for phase in used if phase in values]),
    )


def effects(part: Registry) -> Block:
    """Return declared and confirmed effects, and what the sums leave out.

    Examples
    --------
    >>> block = kl.views.effects(registry)
    """
    every = part.frame("effects")
    rows: list[tuple[Text, ...]] = []
    for row in metrics.effect_totals(every).to_dict("records"):
        mine = every[
            every[["kind", "unit", "period"]].eq([row["kind"], row["unit"], row["period"]]).all(axis=1)
        ]
        counts = shown.summed(mine)
        kind, period = wording.label("effect_kind", row["kind"]), wording.label("period", row["period"])
        name = f"{kind}, {wording.unit_name(row['unit'])} {period}"
        key = ".".join(str(row[column]) for column in ("kind", "unit", "period"))
        declared, confirmed = (
            shown.number(
                f"effect_{what}",
                f"{name}: {label}",
                row[what],
                str(row["unit"]),
                f"effect_{what}",
                key=key,
                rows=Rows.of(effects=chosen),
            )
            for what, label, chosen in (
                ("declared", "заявлено", mine[counts]),
                ("confirmed", "подтверждено", mine[counts & mine["confirmed"]]),
            )
        )
        left_out = shown.number(
            "effect_left_out",
            f"{name}: не вошло строк",
            row["ambiguous"] + row["inexact"],
            "row",
            "effect_left_out",
            key=key,
            rows=Rows.of(effects=mine[~counts]),
        )
        rows.append((name, declared, confirmed, left_out))
    columns = [Column("Эффект"), Column("Заявлено", True), Column("В том числе подтверждено", True)]
    columns.append(Column("Не вошло строк", True))
    note = "Неоднозначные и неточные суммы не складываются: они сосчитаны в последнем столбце."
    if not part.has("effects"):
        note = "Таблицы эффектов в реестре нет: эффект неизвестен, а не равен нулю."
    return blocks.table("Эффекты", columns, rows, note)
