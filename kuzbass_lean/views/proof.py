"""Is the improvement real: grades, control charts, comparison in place of ranking, time to close."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from kuzbass_lean import blocks, charts, evidence, metrics, wording
from kuzbass_lean.blocks import Block, Column
from kuzbass_lean.charts import Dot, Limits
from kuzbass_lean.charts.theme import shorten
from kuzbass_lean.evidence import FIRM_POINTS
from kuzbass_lean.evidence.control import RUN_LENGTH, Phase
from kuzbass_lean.figures import Figure, Rows, Text, joined, said, within
from kuzbass_lean.lookup import among
from kuzbass_lean.registry import Registry, Scope, once
from kuzbass_lean.views import series, shown
from kuzbass_lean.views.series import Series

PROVEN = ("A", "B")
"""Grades of an improvement that is more than two numbers."""
MOST_CHARTS = 2
LETTERS = "ABCDE"


def grades(part: Registry) -> pd.DataFrame:
    """Return the evidence grade of every measure of a part: measure_id, letter, reason.

    Examples
    --------
    >>> part = registry.slice(kl.Scope.of_sector("mfc"))
    >>> list(kl.views.grades(part).columns)
    ['measure_id', 'letter', 'reason', 'usual']
    """
    return evidence.grades(part.frame("measures"), part.table("values"), part.table("observations"))


def grade_legend() -> Block:
    """Return what the letters A to E mean.

    Examples
    --------
    >>> block = kl.views.grade_legend()
    """
    return blocks.definitions([(letter, wording.label("evidence", letter)) for letter in LETTERS])


def proven(part: Registry, graded: pd.DataFrame) -> metrics.Ratio:
    """Return how many of the measures with a result are proven: grade A or B of A to D."""
    measured = int(graded["letter"].ne("E").sum())
    return metrics.Ratio(int(graded["letter"].isin(PROVEN).sum()), measured)


def control_charts(part: Registry, graded: pd.DataFrame) -> Block:
    """Return what single measurements tell, the strongest evidence first.

    Control charts where there are points enough, run charts where there are not, and two
    samples compared of every measure without a control chart here, which would tell more.

    Examples
    --------
    >>> part = registry.slice(kl.Scope.of_sector("mfc"))
    >>> graded = kl.views.grades(part)
    >>> block = kl.views.control_charts(part, graded)
    """
    found = series.collected(part, graded)
    firm = [one for one in found if one.firm]
    rest = [one for one in found if one not in firm[:MOST_CHARTS]]
    return blocks.joined(_control_charts(part, firm), *series.run_charts(rest), *series.samples(rest))


def _control_charts(part: Registry, chosen: list[Series]) -> Block:
    if not chosen:
        points = wording.plural(FIRM_POINTS, "observation", "genitive")
        return blocks.prose(
            f"Рядов для контрольной карты нет: нужно не менее {points} до изменения и "
            f"{wording.number(RUN_LENGTH)} после."
        )
    charted = [_chart(part, one) for one in chosen[:MOST_CHARTS]]
    ids = [str(one.measure["measure_id"]) for one in chosen]
    more = shown.first(
        MOST_CHARTS,
        "control_charts",
        "Рядов для контрольной карты",
        "Показаны карты: {} из {}.",
        measures=ids,
    )
    return blocks.joined(*charted, *([blocks.prose(more)] if more else []))


def _chart(part: Registry, one: Series) -> Block:
    unit = str(one.measure["unit"])
    target = _target(part, str(one.measure["measure_id"]))
    chart = evidence.xmr(one.points, better=one.measure["better"], target=target, rebase=(one.changed,))

    before, *_, after = limits = [_limits(one, phase) for phase in chart.shown()]
    aim: Figure | None = None
    if target is not None:
        rows = Rows.of(values=[f"{one.measure['measure_id']} · target"])
        aim = one.figure("target", "цель", target, wording.number(target), rows, formula="stated")
    means = (shown.in_unit(phase.mean, unit, 1) for phase in (before, after))
    caption = said("{}: среднее было {}, стало {}", one.title, *means)
    variation = wording.label("variation", chart.variation)
    assurance = (
        "" if chart.assurance is None else f" {_sentence(wording.label('assurance', chart.assurance))}"
    )
    alt = said(
        "Контрольная карта. {}. Точек до изменения {}, после {}.{} Последняя точка: {}.{}",
        caption,
        one.counted(before=True),
        one.counted(before=False),
        "" if aim is None else said(" Цель {}.", aim),
        variation,
        assurance,
    )
    words = ("среднее", "верхний", "нижний", "цель", "изменение")
    drawing = charts.control(
        chart.points, limits, aim, one.days, one.changed, words, wording.unit_name(unit), alt
    )
    few = wording.number(FIRM_POINTS)
    trial = f" Пределы после изменения предварительные: точек меньше {few}." if chart.trial else ""
    warned = series.caution(one)
    note = said(
        "Пределы после изменения: от {} до {}. Оценка {}: {}.{}{}{}",
        shown.in_unit(after.lower, unit, 1),
        shown.in_unit(after.upper, unit, 1),
        one.letter,
        series.reason(one.graded, one.title, one),
        assurance,
        trial,
        said(" {}.", warned) if warned else "",
    )
    reading = (
        "Серые точки — обычные колебания, синие — сигнал улучшения, оранжевые ромбы — ухудшения. "
        "Пунктир — пределы обычных колебаний, после изменения они пересчитаны"
    )
    return blocks.chart(caption, reading, drawing, note, within(limits))


def _limits(one: Series, phase: Phase) -> Limits:
    """Return the mean and the limits of one side of the change as figures."""
    later = phase.start > 0
    when, which = ("после", "") if later else ("до", "_before")
    rows = one.rows(before=not later, after=later)
    mean, lower, upper = (
        one.figure(name, f"{label} {when}", value, wording.number(value, 1), rows, formula=formula)
        for name, formula, label, value in (
            (f"chart_{'after' if later else 'before'}", "", "среднее", phase.mean),
            (f"chart_lower{which}", "chart_lower", "нижний предел", phase.lower),
            (f"chart_upper{which}", "chart_upper", "верхний предел", phase.upper),
        )
    )
    return Limits(phase.start, mean, lower, upper)


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

    Examples
    --------
    >>> block = kl.views.comparison(registry, kl.Scope.region())
    """
    every = _compared(registry, scope.sector)
    if every is None:
        return blocks.prose("Сравнивать не с чем: проекты есть меньше чем у трёх.")
    counts, names, found, shares, counted = (
        every.counts,
        every.names,
        every.found,
        every.shares,
        every.counted,
    )
    mean, rows = found.share or 0.0, found.rows
    dots = [_dot(str(key), scope, shares[str(key)], str(flag), names) for key, flag in rows["flag"].items()]
    beyond = rows.index[rows["flag"].isin(["above_998", "below_998"])]
    outside = sorted(beyond, key=lambda key: names[str(key)])
    compared = shown.number("compared", "Сравнивается", len(counts), "unit", "compared", rows=counted)
    apart = shown.number(
        "outside",
        "Отличаются больше, чем даёт случай",
        len(outside),
        "unit",
        "outside",
        numerator=len(outside),
        denominator=len(counts),
        rows=counted,
    )
    caption: Text = (
        said("Больше, чем объясняет случай, отличаются: {} из {}", apart, compared)
        if outside
        else "Различия не больше тех, что даёт случай"
    )
    grid = evidence.funnel_limits(
        mean, np.unique(np.geomspace(1, counts["projects"].max(), 36).round()).astype(int)
    )
    average = shown.number(
        "realised_mean",
        "Доля реализованных в среднем",
        100 * mean,
        "percent",
        "realised_mean",
        digits=0,
        numerator=float(counts["realised"].sum()),
        denominator=float(counts["projects"].sum()),
        rows=counted,
    )
    words = (
        "в среднем",
        "предел 95\u202f%",
        "предел 99,8\u202f%",
        "проектов",
        "реализовано и закрыто, %",
    )
    here = [key for key in rows.index if key == scope.municipality]
    named: list[Text] = [
        _told(names[str(key)], shares[str(key)], rows.loc[key]) for key in outside if key not in here
    ]
    own = [
        said(
            "{}. {}",
            _told(names[str(key)], shares[str(key)], rows.loc[key]),
            _place(found, str(key), counted),
        )
        for key in here
    ]
    named = [*own, *named]
    alt = said("Воронка долей реализованных проектов. {}. {}", caption, joined("; ", named))
    drawing = charts.funnel(dots, grid, average, words, alt)
    reading = (
        "Точка — " + ("организация" if scope.sector else "территория") + ". Внутри серой воронки различия "
        "случайны; треугольник — выше или ниже предела 99,8\u202f%"
    )
    note = said(
        "Это не рейтинг: у кого мало проектов, у того доля скачет сама по себе. {} Пределы и интервалы "
        "показывают, какую разницу даёт один случай.",
        every.census,
    )
    told = said("{}. В среднем {}. {}", joined("; ", named), average, note)
    return blocks.chart(
        caption,
        reading,
        drawing,
        told if named else said("В среднем {}. {}", average, note),
        tuple(shares.values()),
    )


@dataclass(frozen=True, slots=True)
class _Compared:
    """What the comparisons on all pages have in common: the units, their shares, and what they rest on."""

    counts: pd.DataFrame
    names: dict[str, str]
    found: evidence.Funnel
    shares: dict[str, Figure]
    counted: Rows
    census: Text


@once
def _compared(registry: Registry, sector: str | None) -> _Compared | None:
    """Compare territories, or a sector's organisations; None where fewer than three have projects."""
    whole = registry.slice(Scope.of_sector(sector)) if sector else registry
    unit = "organization_id" if sector else "municipality_id"
    counts = _counts(whole, unit)
    counts = counts[counts["projects"].gt(0)]
    if len(counts) < 3:
        return None
    names = _unit_names(registry, unit)
    found = evidence.funnel(pd.DataFrame({"n": counts["projects"], "successes": counts["realised"]}))
    counted = Rows.of(projects=whole.projects.loc[whole.projects["status"].ne("cancelled"), "project_id"])
    shares = _shares(whole, unit, counts, names)
    return _Compared(counts, names, found, shares, counted, _census(registry, whole))


def _shares(whole: Registry, unit: str, counts: pd.DataFrame, names: dict[str, str]) -> dict[str, Figure]:
    """Return for each unit its share of realised projects, in percent, as a figure."""
    active = whole.projects.loc[whole.projects["status"].ne("cancelled"), "project_id"]
    pairs = whole.project_units()
    pairs = pairs[among(pairs["project_id"], active)].drop_duplicates(["project_id", unit])
    groups = dict(list(pairs.groupby(unit)["project_id"]))
    return {
        str(key): shown.number(
            "realised_share",
            f"{names[str(key)]}: доля реализованных",
            100 * row["realised"] / row["projects"],
            "percent",
            "realised_share",
            key=str(key),
            digits=0,
            rows=Rows.of(projects=groups[str(key)]),
            numerator=float(row["realised"]),
            denominator=float(row["projects"]),
        )
        for key, row in counts.iterrows()
    }


def _dot(key: str, scope: Scope, share: Figure, flag: str, names: dict[str, str]) -> Dot:
    states = {"above_998": "above", "below_998": "below"}
    state = "own" if key == scope.municipality else states.get(flag, "inside")
    label = "" if state == "inside" else shorten(names[key], 30)
    return Dot(int(share.denominator or 0), float(share.value or 0), state, label)


def _told(name: str, share: Figure, row: Any) -> Text:
    low, high = (
        shown.number(
            f"wilson_{end}",
            f"{share.label}, {title} граница",
            100 * float(row[end]),
            "percent",
            "wilson",
            key=share.key,
            digits=0,
            rows=share.rows,
        )
        for end, title in (("low", "нижняя"), ("high", "верхняя"))
    )
    realised, projects = (
        shown.number(
            f"compared_{end}", f"{name}: {title}", count, "project", formula, key=share.key, rows=share.rows
        )
        for end, title, count, formula in (
            ("realised", "реализовано и закрыто", share.numerator, "unit_realised"),
            ("projects", "проектов", share.denominator, "unit_projects"),
        )
    )
    return said("{} — {} из {}, {} (интервал Уилсона {} … {})", name, realised, projects, share, low, high)


def _place(found: evidence.Funnel, own: str, of: Rows) -> Text:
    """Say who may be put above or below the report's own, and that the rest has no order."""
    lower, higher, overlapping = evidence.standing(found.intervals, own)
    if not lower and not higher:
        return "Интервал пересекается со всеми остальными: места среди них нет"
    below, above, same = (
        shown.number(f"interval_{name}", label, count, "unit", f"interval_{name}", key=own, rows=of)
        for name, label, count in (
            ("above", "Интервал целиком выше, чем у", lower),
            ("below", "Интервал целиком ниже, чем у", higher),
            ("overlaps", "Интервал пересекается с интервалами", overlapping),
        )
    )
    return said(
        "Интервал целиком выше, чем у {}, и целиком ниже, чем у {}; с остальными ({}) пересекается: места "
        "среди них нет",
        below,
        above,
        same,
    )


def _census(registry: Registry, whole: Registry) -> Text:
    """Say that all projects are counted, not sampled, and which units the registry is known to lack."""
    counted = whole.organizations["kind"].value_counts()
    frames = registry.frame("frames")
    short = []
    for kind in sorted(counted.index):
        units, listed = metrics.frame_units(frames, kind), int(counted[kind])
        if units is not None and listed < units:
            short.append(_listed(str(kind), whole.organizations, listed, frames, units))
    told = "Сосчитаны все проекты реестра, это перепись, а не выборка"
    return (
        said("{}. Но сам реестр неполон: {}.", told, joined("; ", short))
        if short
        else (f"{told}: сами доли точны.")
    )


def _listed(kind: str, organizations: pd.DataFrame, listed: int, frames: pd.DataFrame, units: int) -> Text:
    """Say how many units of a kind the registry lists, and of how many."""
    name = wording.label("unit_kind", kind)
    rows = Rows.of(organizations=organizations[organizations["kind"].eq(kind)])
    frame = Rows.of(frames=frames[frames["kind"].eq(kind)])
    have = shown.number("listed", f"{name}: в реестре", listed, "unit", "listed", key=kind, rows=rows)
    every = shown.number(
        "frame_units", f"{name}: в перечне", units, "unit", "frame_units", key=kind, rows=frame
    )
    return said("{} — {} из {}", name, have, every)


@once
def _counts(registry: Registry, unit: str) -> pd.DataFrame:
    return metrics.by_unit(registry.projects, registry.project_units(), unit)


@once
def _unit_names(registry: Registry, unit: str) -> dict[str, str]:
    if unit == "municipality_id":
        return {str(key): str(title) for key, title in registry.municipalities["title"].items()}
    about = registry.organizations
    return dict(zip(about["organization_id"], about["name"], strict=True))


def measured(part: Registry, graded: pd.DataFrame) -> Block:
    """Return the reason behind the grade of every measure of a part.

    Examples
    --------
    >>> part = registry.slice(kl.Scope.of_sector("mfc"))
    >>> block = kl.views.measured(part, kl.views.grades(part))
    """
    about = part.frame("measures").set_index("measure_id")
    titles = series.measure_titles(part)
    seen = {str(one.measure["measure_id"]): one for one in series.collected(part, graded)}
    rows: list[tuple[Text, ...]] = []
    for row in graded.to_dict("records"):
        key, letter = str(row["measure_id"]), str(row["letter"])
        one = seen.get(key)
        why = series.reason(row, titles[key], one)
        warned = series.caution(one) if one is not None else ""
        why = said("{}. {}", why, warned) if warned else why
        rows.append((str(about["name"][key]), letter, why, _next_grade(letter)))
    columns = [Column("Показатель"), Column("Оценка"), Column("Почему"), Column("Что даст следующую")]
    return blocks.table("Доказательность", columns, rows)


def _next_grade(letter: str) -> str:
    """Say what the next higher grade asks for."""
    position = LETTERS.index(letter)
    if not position:
        return "высшая оценка"
    return f"{LETTERS[position - 1]}: {wording.label('evidence', LETTERS[position - 1])}"
