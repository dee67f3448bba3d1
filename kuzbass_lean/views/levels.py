"""Levels in words: where each direction stands, what is missing, what to do next."""

from __future__ import annotations

from collections.abc import Collection
from fractions import Fraction

import pandas as pd

from kuzbass_lean import blocks, catalogue, maturity, wording
from kuzbass_lean.blocks import Block, Column, Standing, Threshold
from kuzbass_lean.figures import NO_ROWS, Figure, Rows, Text, joined, listed, said
from kuzbass_lean.maturity import LEVELS, DirectionScore, Profile, Rule, cuts
from kuzbass_lean.maturity import units as reached
from kuzbass_lean.registry import Registry, Scope
from kuzbass_lean.schema import REALISED
from kuzbass_lean.views import shown

_INPUTS = {
    "frames": "число единиц",
    "assessments": "оценки по критериям",
    "values": "время приёма «было» и «стало»",
    "organizations": "даты перехода на бережливые методы",
    "revenue": "доли выручки по потокам",
}
"""The table an input belongs to, and what the input is called."""


def ladder(profile: Profile, registry: Registry | None = None, scope: Scope | None = None) -> Block:
    """Return the levels of a profile and what is missing to the next one.

    ``registry`` is where the rows behind the levels are looked up; without it they have none.

    Examples
    --------
    >>> block = kl.views.ladder(profile, registry)
    """
    if not profile.directions:
        return blocks.prose(
            "Уровней нет: модель не оценивает этот сектор, или у территории нет своих единиц ни по "
            "одному направлению."
        )
    titles = {s.maturity_direction: s.title for s in catalogue.sectors() if s.maturity_direction}
    rows, part = [], None if registry is None else read_from(registry, scope)
    for score in profile.directions:
        of = behind(part, score)
        title = titles.get(score.number, score.title)
        level = level_figure(score, of)
        rows.append(Standing(title, score.level, level, *lacking(score, of), _counted_units(score, of)))
    return blocks.ladder(rows)


def base(registry: Registry, scope: Scope | None) -> Registry:
    """Return what a scope's levels are computed from: a municipality's own part, else everything."""
    return registry.slice(scope) if scope is not None and scope.municipality else registry


def read_from(registry: Registry, scope: Scope | None) -> Registry:
    """Return where the rows behind a scope's levels are: ``base``, of a municipality its own units only."""
    if scope is None or not scope.municipality:
        return registry
    return reached.local(base(registry, scope), scope.municipality)


def behind(registry: Registry | None, score: DirectionScore) -> Rows:
    """Return the rows of the registry that a direction is scored on: its units, and what tells of them."""
    if registry is None:
        return NO_ROWS
    asked = (behind, score.number, score.unit, score.reading)
    return registry.once(asked, lambda: Rows.of(**_read(registry, score), **_counted(registry, score)))


def behind_each(
    registry: Registry, score: DirectionScore, units: Collection[str | None]
) -> dict[str | None, Rows]:
    """Return the rows that tell of each of some units of a direction; of who is not listed, the frames."""
    found: dict[str | None, list[Rows]] = {unit: [] for unit in units}
    if None in found:
        found[None].append(Rows.of(**_counted(registry, score)))
    for table, rows in _read(registry, score, [unit for unit in found if unit is not None]).items():
        for unit, own in rows.groupby("unit"):
            found[str(unit)].append(Rows.of(**{table: own}))
    return {unit: Rows.union(rows) for unit, rows in found.items()}


def behind_all(registry: Registry | None, scores: Profile) -> Rows:
    """Return the rows that all directions of a profile are scored on."""
    if registry is None:
        return NO_ROWS
    asked = (behind_all, *((score.number, score.unit, score.reading) for score in scores.directions))
    return registry.once(asked, lambda: Rows.union(behind(registry, each) for each in scores.directions))


def _counted(registry: Registry, score: DirectionScore) -> dict[str, pd.DataFrame]:
    """Give the frames of a direction's units, and of the territories where Y is a share of those."""
    kinds = [*score.unit, *(["municipality"] if score.reading in _AREAS else [])]
    frames = registry.frame("frames")
    return {"frames": frames[frames["kind"].isin(kinds)]}


def _read(
    registry: Registry, score: DirectionScore, only: Collection[str] | None = None
) -> dict[str, pd.DataFrame]:
    """Give by table the rows that tell of a direction's units, or of ``only`` some, with their ``unit``."""
    place = "municipality" in score.unit
    unit = "municipality_id" if place else "organization_id"
    listed = registry.organizations[registry.organizations["kind"].isin(score.unit)]
    own = listed["organization_id"] if only is None else pd.Series(list(only), dtype="str")
    tables = {} if place else {"organizations": _of(registry.organizations, unit, own)}
    basis = maturity.load_model().direction(score.number).basis
    if basis == "projects" or (score.reading == "pooled" and basis == "revenue"):
        tables["projects"] = _done(registry, unit, None if place and only is None else own)
    if "criteria" in (basis, score.reading):
        tables["assessments"] = _of(registry.frame("assessments"), unit, own)
    if basis == "revenue":
        tables["revenue"] = _of(registry.frame("revenue"), unit, own)
    if basis == "lead_time":
        measures = cuts.receptions(registry, own.tolist())
        tables["measures"] = measures
        units = measures.set_index("measure_id")["unit"]
        values = registry.frame("values")
        values = values[values["measure_id"].isin(units.index)]
        tables["values"] = values.assign(unit=values["measure_id"].map(units))
    return tables


def _done(registry: Registry, unit: str, own: pd.Series | None) -> pd.DataFrame:
    """Give the realised projects of units; of territories those of a municipal direction, all if None."""
    done = registry.projects[registry.projects["status"].isin(REALISED)]
    if unit == "municipality_id":
        done = done[done["direction"].notna()]
    pairs = registry.project_units().dropna(subset=[unit])
    pairs = pairs[pairs["project_id"].isin(done["project_id"])]
    return pairs.assign(unit=pairs[unit]) if own is None else _of(pairs, unit, own)


def _of(frame: pd.DataFrame, unit: str, wanted: pd.Series) -> pd.DataFrame:
    found = frame[frame[unit].isin(wanted)]
    return found.assign(unit=found[unit])


def lacking(score: DirectionScore, of: Rows = NO_ROWS) -> tuple[Text, Text]:
    """Say what is missing to the next level of a direction: how much, then to what and from what."""
    rule = score.next_rule
    if rule is None:
        return "", "высший уровень"
    if rule.verdict == "unknown":
        return inputs(score, rule.missing, of), f"— нет данных: возможно {cases(score)}"
    return _gap(rule, score, of)


def cases(score: DirectionScore) -> str:
    """Say between which levels a direction lies: «от «Резерва» до «Лидера»»."""
    worst, best = (wording.label("level_genitive", case) for case in (score.worst_case, score.best_case))
    return f"от {worst} до {best}"


def _gap(rule: Rule, score: DirectionScore, of: Rows) -> tuple[Text, Text]:
    aim = f"до {wording.label('level_genitive', rule.level)}"
    needs: list[Text] = []
    have: list[Text] = []
    if rule.shortfall_units:
        noun = noun_of(score)
        needs.append(shown.plural(_figure(score, rule, "shortfall_units", of), noun))
        pair = (_figure(score, rule, name, of) for name in ("qualifying_units", "threshold_units"))
        have.append(said("{} из {}", *pair))
    if rule.shortfall_projects:
        needs.append(shown.plural(_figure(score, rule, "shortfall_projects", of), "project"))
        have.append(said("{} из {}", _reached(score, rule, of), wording.number(rule.y)))
    if needs:
        return joined(" и ", needs), said("{}: есть {}", aim, joined(" и ", have))
    actual = wording.phrase("missing") if rule.actual_y is None else _reached(score, rule, of)
    return "", said("{}: нужно {}, есть {}", aim, wording.percent(rule.y, 0), actual)


_COUNTS = {
    "qualifying_units": "единиц, выполнивших правило",
    "qualifying_best": "единиц, выполнивших правило, в лучшем случае",
    "threshold_units": "нужно единиц",
    "shortfall_units": "не хватает единиц",
    "shortfall_projects": "не хватает проектов",
}


def _figure(score: DirectionScore, rule: Rule, name: str, of: Rows) -> Figure:
    """Return one count of a level's rule as a figure."""
    value = getattr(rule, name)
    level = wording.label("level", rule.level)
    unit = "project" if name == "shortfall_projects" else "unit"
    return shown.number(
        name,
        f"{score.title}, {level}: {_COUNTS[name]}",
        value,
        unit,
        name,
        key=f"{score.number}.{rule.level}",
        rows=of,
        denominator=score.units if unit == "unit" else None,
    )


def _reached(score: DirectionScore, rule: Rule, of: Rows) -> Figure:
    """Return what Y has reached as a figure: realised projects, or a percentage."""
    value = None if rule.actual_y is None else float(rule.actual_y)
    key = f"{score.number}.{rule.level}"
    if rule.shortfall_projects is not None:
        return shown.number(
            "direction_projects",
            f"{score.title}: реализованных проектов",
            value or 0.0,
            "project",
            "direction_projects",
            key=str(score.number),
            rows=of,
        )
    label = f"{score.title}, {wording.label('level', rule.level)}: достигнуто"
    return shown.number("actual_y", label, value, "percent", "actual_y", key=key, rows=of)


def noun_of(score: DirectionScore) -> str:
    """Return the noun of a direction's units."""
    return score.unit[0] if len(score.unit) == 1 else "institution"


def _counted_units(score: DirectionScore, of: Rows) -> Text:
    if score.units is None:
        return "число единиц не указано"
    note = "по реестру организаций" if "units_listed" in score.notes else "по генеральному перечню"
    figure = shown.number(
        "units",
        f"{score.title}: единиц",
        score.units,
        "unit",
        "frame_units",
        key=str(score.number),
        rows=of,
        note=note,
    )
    return shown.plural(figure, noun_of(score))


def _unit_note(score: DirectionScore, of: Rows) -> Text:
    if score.units is None:
        return "число единиц не указано"
    listed = "по реестру организаций" if "units_listed" in score.notes else "в перечне"
    return said("{} {}", _counted_units(score, of), listed)


def inputs(score: DirectionScore, missing: tuple[str, ...], of: Rows) -> Text:
    """Name missing inputs: «оценки по критериям у 2 единиц»."""
    told: dict[str, Text] = {}
    for item in missing:
        table, _, rest = item.partition(": ")
        words, count = _INPUTS[table], rest.rsplit(", ", 1)[-1]
        what: Text = words
        if table == "frames":
            what = f"{words} ({wording.label('unit_kind', rest)})"
        elif count.isdigit():
            label, key = f"{score.title}: единиц, о которых неизвестно: {words}", f"{score.number}.{table}"
            lacking = shown.number(
                "units_unknown", label, int(count), "unit", "units_unknown", key=key, rows=of
            )
            what = said("{} у {}", words, shown.plural(lacking, "unit", "genitive"))
        told.setdefault(str(what), what)
    return listed(list(told.values())) or "исходные данные"


def level_figure(score: DirectionScore, of: Rows = NO_ROWS) -> Figure:
    """Return a level as a figure: 0 is none, 3 the leader."""
    order = {"none": 0, "reserve": 1, "candidate": 2, "leader": 3}
    text = wording.label("level", score.level)
    value = order.get(score.level)
    return Figure(
        "level",
        f"Уровень: {score.title}",
        value,
        text,
        "level",
        "level",
        denominator=score.units,
        note=f"Прочтение: {score.reading_text}",
        key=str(score.number),
        rows=of,
    )


def profile(scores: Profile, registry: Registry | None = None, scope: Scope | None = None) -> Block:
    """Return have and need for X and Y at each of the three thresholds of every direction.

    ``registry`` is where the rows behind the counts are looked up; without it they have none.

    Examples
    --------
    >>> block = kl.views.profile(profile, registry)
    """
    if not scores.directions:
        return blocks.prose("Профиля нет: модель не оценивает этот сектор или территорию.")
    rows, part = [], None if registry is None else read_from(registry, scope)
    for score in scores.directions:
        of = behind(part, score)
        missing = joined(" ", [part for part in lacking(score, of) if part])
        thresholds = [_threshold(score, rule, of) for rule in score.rules]
        title = f"{score.number}. {score.title}"
        rows.append(
            (title, _profile_note(score, of), thresholds, level_figure(score, of), score.level, missing)
        )
    whole = behind_all(part, scores)
    highest = [score.level for score in scores.directions].count("leader")
    leaders = shown.number(
        "leaders", "Направлений с высшим уровнем", highest, "direction", "leaders", rows=whole
    )
    number = shown.plural(directions_figure(scores, whole), "direction", "genitive")
    caption = said("Высший уровень у {} из {}: есть и нужно до каждого порога", leaders, number)
    reading = (
        "X — охват, Y — результат. Полная полоса — порог достигнут, оранжевое число — сколько не хватает, "
        "штриховка — неизвестно"
    )
    return blocks.profile(caption, reading, LEVELS, rows)


def directions_figure(scores: Profile, of: Rows) -> Figure:
    """Return how many directions of the model are scored here."""
    count = len(scores.directions)
    return shown.number("directions", "Направлений", count, "direction", "directions", rows=of)


def _profile_note(score: DirectionScore, of: Rows) -> Text:
    """Say what X counts and, where Y is asked of each unit, which Y the three levels ask."""
    note = said("X — {}", _unit_note(score, of))
    if any(rule.shortfall_projects is not None for rule in score.rules):
        return said("{}; Y — реализованные проекты", note)
    if score.reading in _AREAS:
        return said("{}; Y — доля территорий", note)
    asked = ", ".join(dict.fromkeys(wording.number(rule.y) for rule in score.rules[:-1]))
    last = wording.percent(score.rules[-1].y, 0)
    if asked == wording.number(score.rules[-1].y):
        return said("{}; Y у каждой от {}", note, last)
    return said("{}; Y у каждой от {}, {}", note, asked, last)


def _threshold(score: DirectionScore, rule: Rule, of: Rows) -> Threshold:
    line = _units_line(score, rule, of)
    if rule.shortfall_projects is not None:
        actual = rule.actual_y or Fraction(0)
        lack: Text = ""
        if rule.shortfall_projects:
            lack = said(f"{wording.MINUS}{{}}", _figure(score, rule, "shortfall_projects", of))
        text = said("{} из {}", _reached(score, rule, of), wording.number(rule.y))
        return Threshold((line, ("Y", text, lack, _percent(actual, rule.y), True)))
    if score.reading in _AREAS and rule.actual_y is not None:
        text = said("{} из {}", _reached(score, rule, of), wording.percent(rule.y, 0))
        short = rule.y - rule.actual_y
        lack = said(f"{wording.MINUS}{{}}", _short(score, rule, float(short), of)) if short > 0 else ""
        return Threshold((line, ("Y", text, lack, _percent(rule.actual_y, rule.y), True)))
    return Threshold((line,))


def _units_line(score: DirectionScore, rule: Rule, of: Rows) -> tuple[str, Text, Text, float, bool]:
    have: Text = _figure(score, rule, "qualifying_units", of)
    if rule.qualifying_best != rule.qualifying_units:
        have = said("{}…{}", have, _figure(score, rule, "qualifying_best", of))
    if rule.threshold_units is None:
        return "X", said("{} из ?", have), "", 0.0, False
    need = rule.threshold_units
    lack = need - rule.qualifying_units
    surely = rule.qualifying_best == rule.qualifying_units or lack <= 0
    missing: Text = ""
    if lack > 0:
        missing = said(f"{wording.MINUS}{{}}", _figure(score, rule, "shortfall_units", of))
    text = said("{} из {}", have, _figure(score, rule, "threshold_units", of))
    return "X", text, missing, _percent(rule.qualifying_units, need), surely


def _short(score: DirectionScore, rule: Rule, points: float, of: Rows) -> Figure:
    """Return by how many percentage points Y is missed as a figure."""
    label, key = f"{score.title}, {wording.label('level', rule.level)}", f"{score.number}.{rule.level}"
    return shown.number(
        "shortfall_points",
        f"{label}: не хватает",
        points,
        "percentage point",
        "shortfall_points",
        key=key,
        digits=1,
        rows=of,
    )


_AREAS = ("joint", "nested", "subset")
"""Readings whose Y is a share of municipalities."""


def _percent(have: Fraction | int, need: int) -> float:
    return 100.0 if not need else float(min(Fraction(100 * have, need), Fraction(100)))


def rules(scores: Profile) -> Block:
    """Return which reading of each rule was used, and the level under every reading.

    Examples
    --------
    >>> block = kl.views.rules(profile)
    """
    rows = [
        (
            f"{score.number}. {score.title}",
            score.reading_text,
            "; ".join(
                f"{wording.label('reading', name)} — {wording.label('level', level)}"
                for name, level in (score.sensitivity or {score.reading: score.level}).items()
            ),
        )
        for score in scores.directions
    ]
    columns = [
        Column("Направление"),
        Column("Использованное прочтение"),
        Column("Уровень при каждом прочтении"),
    ]
    return blocks.table("Прочтения правил", columns, rows)
