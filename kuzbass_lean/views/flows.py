"""Value streams: the steps before and after, where the time goes, what the saving frees."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pandas as pd

from kuzbass_lean import blocks, metrics, wording
from kuzbass_lean.blocks import Block, Column
from kuzbass_lean.errors import UsageError
from kuzbass_lean.figures import Figure
from kuzbass_lean.nearest import nearest
from kuzbass_lean.registry import Registry
from kuzbass_lean.views.series import measure_titles

MOST_STREAMS = 2
DEMAND = ("per_day", "minutes_per_day", "per_year")
"""What an office may tell of a stream: cases a day, working minutes a day, cases a year."""

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
    shown = []
    for name in names[:MOST_STREAMS]:
        about = told.get(name, {})
        found = metrics.value_stream(
            table[table["measure_id"].eq(name)],
            available_minutes=about.get("minutes_per_day"),
            demand=about.get("per_day"),
            annual_volume=about.get("per_year"),
        )
        shown.append(_stream(titles[name], found, letters.get(name, "")))
    if len(names) > MOST_STREAMS:
        shown.append(
            blocks.prose(f"Показаны потоки: {wording.number(MOST_STREAMS)} из {wording.number(len(names))}.")
        )
    return blocks.joined(*shown)


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


def _stream(title: str, found: metrics.ValueStream, letter: str) -> Block:
    phases = list(dict.fromkeys(found.steps["phase"]))
    grade = f"; оценка {letter}" if letter else ""
    bars = [
        (_phase(found, phase), _segments(found.steps[found.steps["phase"].eq(phase)])) for phase in phases
    ]
    kinds = found.wastes["waste"].drop_duplicates()
    wastes = [
        (wording.label("waste", kind), *(_wasted(found.wastes, phase, kind) for phase in phases))
        for kind in kinds
    ]
    columns = [Column("Вид потерь")]
    columns += [Column(f"{wording.label('phase', phase).capitalize()}, мин", True) for phase in phases]
    note = f"{_takt(found)} {_hours(found)}"
    return blocks.joined(
        blocks.step_bars(f"{title}. {_saved(found)}{grade}", bars),
        blocks.table("Потери по видам", columns, wastes, note, tuple(_figures(title, found, phases))),
    )


def _segments(steps: pd.DataFrame) -> list[tuple[str, str, float]]:
    """Return the segments of a bar: number and name of the step, kind of value, minutes."""
    return [
        (f"{row['step']}. {row['name']}", kind, float(row[kind]))
        for row in steps.to_dict("records")
        for kind in ("va", "nnva", "nva")
        if pd.notna(row[kind]) and row[kind] > 0
    ]


def _wasted(wastes: pd.DataFrame, phase: str, kind: Any) -> str:
    same = wastes["waste"].isna() if pd.isna(kind) else wastes["waste"].eq(kind)
    own = wastes[wastes["phase"].eq(phase) & same]
    return wording.number(own["minutes"].iloc[0], 1) if len(own) else "—"


def _saved(found: metrics.ValueStream) -> str:
    if found.saved is None:
        return "Сокращение времени неизвестно"
    how = "сократилось" if found.saved >= 0 else "выросло"
    return f"Время потока {how} на {wording.unit(abs(found.saved), 'minute', digits=1)}"


def _takt(found: metrics.ValueStream) -> str:
    if found.takt is None:
        return "Такт не считается: не указаны спрос и доступное время в день."
    takt = f"Такт — {wording.unit(found.takt, 'minute', digits=1)} на случай"
    if not found.above_takt:
        return f"{takt}, ни один шаг его не превышает."
    return f"{takt}; дольше его шаги: {wording.join([wording.number(step) for step in found.above_takt])}."


def _hours(found: metrics.ValueStream) -> str:
    if found.capacity_hours is None:
        return "Часы в год не считаются: не указан годовой объём."
    hours = wording.plural(found.capacity_hours, "hour", digits=0)
    return (
        f"Освобождается времени: {hours} в год. Это возможность, а не деньги: рублями она становится, только "
        "если расходы действительно сократили, и тогда внесена в эффекты."
    )


def _figures(title: str, found: metrics.ValueStream, phases: list[str]) -> list[Figure]:
    shares = [
        Figure(
            "pce",
            f"{title}: доля создания ценности, {wording.label('phase', phase)}",
            _hundred(found.pce(phase)),
            wording.percent(_hundred(found.pce(phase))),
            "percent",
            "pce",
            key=f"{found.measure_id}.{phase}",
        )
        for phase in phases
    ]
    told: list[tuple[str, str, float | None, str]] = [
        ("takt", "такт", found.takt, "minute"),
        ("capacity_hours", "освобождается часов в год", found.capacity_hours, "hour/year"),
    ]
    return shares + [
        Figure(
            name, f"{title}: {label}", round(value, 10),
            wording.number(value, 1), unit, name, key=found.measure_id,
        )
        for name, label, value, unit in told
        if value is not None
    ]  # fmt: skip


def _phase(found: metrics.ValueStream, phase: str) -> str:
    length = wording.unit(_known(found.phases["lead_minutes"].get(phase)), "minute", digits=1)
    share = wording.percent(_hundred(found.pce(phase)))
    return f"{wording.label('phase', phase)}: {length}, ценность создаёт {share}"


def _known(minutes: Any) -> float | None:
    return None if minutes is None or pd.isna(minutes) else float(minutes)


def _hundred(share: float | None) -> float | None:
    return None if share is None else round(100 * share, 10)
