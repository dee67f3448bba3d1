"""Value streams: the steps before and after, where the time goes, what the saving frees."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pandas as pd

from kuzbass_lean import blocks, metrics, wording
from kuzbass_lean.blocks import Block, Column
from kuzbass_lean.errors import UsageError
from kuzbass_lean.figures import Figure, Rows, Text, key_texts, said
from kuzbass_lean.nearest import nearest
from kuzbass_lean.registry import Registry
from kuzbass_lean.views import shown
from kuzbass_lean.views.series import measure_titles

MOST_STREAMS = 2
DEMAND = ("per_day", "minutes_per_day", "per_year")
"""What an office may tell of a stream: cases a day, working minutes a day, cases a year."""

_TOLD = "Спрос, время и объём указаны при сборке отчёта; в реестре их нет."

Demand = Mapping[str, Mapping[str, float]]


def streams(part: Registry, graded: pd.DataFrame | None = None, demand: Demand | None = None) -> Block:
    """Return value streams before and after: steps as stacked bars, value-adding share, takt, wastes.

    Parameters
    ----------
    graded
        Evidence grades of the part's measures, shown beside what a stream saved.
    demand
        By measure, what the registry does not hold: ``per_day`` (cases asked for),
        ``minutes_per_day`` (time to work on them), ``per_year`` (cases). The first two give the
        takt, the last the hours freed. Measures of other reports are passed over.

    Raises
    ------
    UsageError
        If ``demand`` names anything else, or a number that is not positive.

    Examples
    --------
    >>> block = kl.views.streams(registry)
    """
    told = _checked(demand or {})
    table = part.frame("steps")
    if table.empty:
        return blocks.prose("Потока создания ценности в реестре нет: шаги процессов не внесены.")
    titles = measure_titles(part)
    letters = {} if graded is None else dict(zip(graded["measure_id"], graded["letter"], strict=True))
    names = sorted(table["measure_id"].unique(), key=lambda name: (name not in told, name))
    drawn = []
    for name in names[:MOST_STREAMS]:
        about, steps = told.get(name, {}), table[table["measure_id"].eq(name)]
        found = metrics.value_stream(
            steps,
            available_minutes=about.get("minutes_per_day"),
            demand=about.get("per_day"),
            annual_volume=about.get("per_year"),
        )
        drawn.append(_stream(titles[name], steps, found, letters.get(name, "")))
    if len(names) > MOST_STREAMS:
        every = shown.number(
            "streams", "Потоков", len(names), "stream", "streams", rows=Rows.of(measures=names)
        )
        drawn.append(blocks.prose(said("Показаны потоки: {} из {}.", wording.number(MOST_STREAMS), every)))
    return blocks.joined(*drawn)


def _checked(demand: Demand) -> Demand:
    for measure, about in demand.items():
        if not isinstance(about, Mapping):
            raise UsageError(
                f"demand of {measure} is {about!r}: give {', '.join(DEMAND)}, each with a number"
            )
        for name, number in about.items():
            if name not in DEMAND:
                near = nearest(name, DEMAND) or DEMAND
                raise UsageError(f"demand of {measure} names {name}: did you mean {', '.join(near)}?")
            if isinstance(number, bool) or not isinstance(number, int | float) or number <= 0:
                raise UsageError(f"demand of {measure}: {name} is {number!r}, give a number above zero")
    return demand


def _stream(title: str, steps: pd.DataFrame, found: metrics.ValueStream, letter: str) -> Block:
    phases = list(dict.fromkeys(found.steps["phase"]))
    grade = f"; оценка {letter}" if letter else ""
    bars = [(_phase(title, steps, found, phase), _segments(title, found, phase)) for phase in phases]
    kinds = found.wastes["waste"].drop_duplicates()
    wastes = [
        (wording.label("waste", kind), *(_wasted(title, steps, found, phase, kind) for phase in phases))
        for kind in kinds
    ]
    columns = [Column("Вид потерь")]
    columns += [Column(f"{wording.label('phase', phase).capitalize()}, мин", True) for phase in phases]
    note = shown.sentence(_takt(title, found), _hours(title, steps, found))
    return blocks.joined(
        blocks.step_bars(said("{}. {}{}", title, _saved(title, steps, found), grade), bars),
        blocks.table("Потери по видам", columns, wastes, note),
    )


def _segments(title: str, found: metrics.ValueStream, phase: str) -> list[tuple[str, str, Figure]]:
    """Return the segments of a bar: number and name of the step, kind of value, minutes."""
    of = found.steps[found.steps["phase"].eq(phase)].assign(measure_id=found.measure_id)
    return [
        (f"{row['step']}. {row['name']}", kind, _minutes(title, row, kind, key))
        for row, key in zip(of.to_dict("records"), key_texts("steps", of), strict=True)
        for kind in ("va", "nnva", "nva")
        if pd.notna(row[kind]) and row[kind] > 0
    ]


def _minutes(title: str, row: dict[Any, Any], kind: str, key: str) -> Figure:
    phase, value = wording.label("phase", row["phase"]), wording.label("step_value", kind)
    return shown.number(
        "step_minutes",
        f"{title}, {phase}, шаг {row['step']}: {value}, минут",
        row[kind],
        "minute",
        "step_minutes",
        key=f"{row['measure_id']}.{row['phase']}.{row['step']}.{kind}",
        digits=1,
        rows=Rows.of(steps=[key]),
    )


def _wasted(title: str, steps: pd.DataFrame, found: metrics.ValueStream, phase: str, kind: Any) -> Text:
    wastes = found.wastes
    own = wastes[wastes["phase"].eq(phase) & _same(wastes["waste"], kind)]
    if own.empty:
        return "—"
    wasted = steps["wait_minutes"].ne(0) | (steps["value"].eq("nva") & steps["process_minutes"].ne(0))
    return shown.number(
        "waste_minutes",
        f"{title}, {wording.label('phase', phase)}, {wording.label('waste', kind)}: минут",
        own["minutes"].iloc[0],
        "minute",
        "waste_minutes",
        key=f"{found.measure_id}.{phase}.{'none' if pd.isna(kind) else kind}",
        digits=1,
        rows=Rows.of(steps=steps[steps["phase"].eq(phase) & _same(steps["waste"], kind) & wasted]),
    )


def _same(wastes: pd.Series, kind: Any) -> pd.Series:
    return wastes.isna() if pd.isna(kind) else wastes.eq(kind)


def _saved(title: str, steps: pd.DataFrame, found: metrics.ValueStream) -> Text:
    if found.saved is None:
        return "Сокращение времени неизвестно"
    length = abs(found.saved)
    saved = Figure(
        "lead_time_saved",
        f"{title}: сокращение времени потока, минут",
        round(found.saved, 10),
        wording.number(length, 1),
        "minute",
        "lead_time_saved",
        key=found.measure_id,
        rows=Rows.of(steps=steps),
    )
    how = "сократилось" if found.saved >= 0 else "выросло"
    minutes = wording.form(length, "minute", digits=1)
    return said(f"Время потока {how} на {{}}{wording.NO_BREAK}{minutes}", saved)


def _takt(title: str, found: metrics.ValueStream) -> Text:
    if found.takt is None:
        return "Такт не считается: не указаны спрос и доступное время в день."
    pace = shown.number(
        "takt",
        f"{title}: такт",
        found.takt,
        "minute",
        "takt",
        key=found.measure_id,
        digits=1,
        note=_TOLD,
    )
    takt = shown.plural(pace, "minute", digits=1)
    if not found.above_takt:
        return said("Такт — {} на случай, ни один шаг его не превышает.", takt)
    slower = wording.join([wording.number(step) for step in found.above_takt])
    return said("Такт — {} на случай; дольше его шаги: {}.", takt, slower)


def _hours(title: str, steps: pd.DataFrame, found: metrics.ValueStream) -> Text:
    if found.capacity_hours is None:
        return "Часы в год не считаются: не указан годовой объём."
    freed = shown.number(
        "capacity_hours",
        f"{title}: освобождается часов в год",
        found.capacity_hours,
        "hour/year",
        "capacity_hours",
        key=found.measure_id,
        digits=0,
        rows=Rows.of(steps=steps),
        note=_TOLD,
    )
    return said(
        "Освобождается времени: {} в год. Это возможность, а не деньги: рублями она становится, только "
        "если расходы действительно сократили, и тогда внесена в эффекты.",
        shown.plural(freed, "hour", digits=0),
    )


def _phase(title: str, steps: pd.DataFrame, found: metrics.ValueStream, phase: str) -> Text:
    """Say how long a phase takes and which share of it creates value."""
    name, key = wording.label("phase", phase), f"{found.measure_id}.{phase}"
    rows = Rows.of(steps=steps[steps["phase"].eq(phase)])
    sums: dict[str, Any] = dict(found.phases.loc[phase])
    share = found.pce(phase)
    lead = shown.number(
        "lead_minutes",
        f"{title}: время потока, {name}, минут",
        sums["lead_minutes"],
        "minute",
        "lead_minutes",
        key=key,
        digits=1,
        rows=rows,
    )
    pce = shown.number(
        "pce",
        f"{title}: доля создания ценности, {name}",
        None if share is None else 100 * share,
        "percent",
        "pce",
        key=key,
        rows=rows,
        numerator=_known(sums["va_minutes"]),
        denominator=lead.value,
    )
    return said("{}: {}, ценность создаёт {}", name, shown.plural(lead, "minute", digits=1), pce)


def _known(minutes: Any) -> float | None:
    return None if pd.isna(minutes) else round(float(minutes), 10)
