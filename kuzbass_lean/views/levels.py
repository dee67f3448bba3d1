"""Levels in words: where each direction stands, what is missing, what to do next."""

from __future__ import annotations

from fractions import Fraction
from typing import Any

import pandas as pd

from kuzbass_lean import blocks, catalogue, maturity, wording
from kuzbass_lean.blocks import Block, Column, Standing, Threshold
from kuzbass_lean.figures import NO_ROWS, Figure, Rows, Text, joined, said
from kuzbass_lean.maturity import LEVELS, DirectionScore, Profile, Rule
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
    rows, part = [], None if registry is None else base(registry, scope)
    for score in profile.directions:
        of = behind(part, score)
        title = titles.get(score.number, score.title)
        level = level_figure(score, of)
        rows.append(Standing(title, score.level, level, *lacking(score, of), _counted_units(score, of)))
    return blocks.ladder(rows)


def base(registry: Registry, scope: Scope | None) -> Registry:
    """Return what a scope's levels are computed from: a municipality's own part, else everything."""
    return registry.slice(scope) if scope is not None and scope.municipality else registry


def behind(registry: Registry | None, score: DirectionScore) -> Rows:
    """Return the rows of the registry that a direction is scored on: its units, and what tells of them."""
    if registry is None:
        return Rows()
    organizations = registry.organizations[registry.organizations["kind"].isin(score.unit)]
    own = organizations["organization_id"]
    frames = registry.frame("frames")
    tables: dict[str, Any] = {"organizations": own, "frames": frames[frames["kind"].isin(score.unit)]}
    pairs = registry.project_units()
    done = pairs[pairs["project_id"].isin(registry.projects.loc[_done(registry), "project_id"])]
    taking = done if "municipality" in score.unit else done[done["organization_id"].isin(own)]
    basis = maturity.load_model().direction(score.number).basis
    if basis == "projects":
        tables["projects"] = taking["project_id"].unique()
    elif basis == "criteria":
        tables["assessments"] = _of(registry, "assessments", "organization_id", own)
    elif basis == "revenue":
        tables["revenue"] = _of(registry, "revenue", "organization_id", own)
    elif basis == "lead_time":
        mine = _of(
            registry, "measures", "project_id", pairs.loc[pairs["organization_id"].isin(own), "project_id"]
        )
        tables["measures"] = mine["measure_id"]
        tables["values"] = _of(registry, "values", "measure_id", mine["measure_id"])
    return Rows.of(**tables)


def _done(registry: Registry) -> pd.Series:
    return registry.projects["status"].isin(REALISED)


def _of(registry: Registry, table: str, column: str, wanted: pd.Series) -> pd.DataFrame:
    frame = registry.frame(table)
    return frame[frame[column].isin(wanted)]


def lacking(score: DirectionScore, of: Rows = NO_ROWS) -> tuple[Text, Text]:
    """Say what is missing to the next level of a direction: how much, then to what and from what."""
    rule = score.next_rule
    if rule is None:
        return "", "высший уровень"
    if rule.verdict == "unknown":
        return inputs(rule.missing), f"— нет данных: возможно {cases(score)}"
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


def inputs(missing: tuple[str, ...]) -> str:
    """Name missing inputs: «оценки по критериям у 2 единиц»."""
    said = []
    for item in missing:
        table, _, rest = item.partition(": ")
        words, count = _INPUTS[table], rest.rsplit(", ", 1)[-1]
        if table == "frames":
            words += f" ({wording.label('unit_kind', rest)})"
        elif count.isdigit():
            words += f" у {wording.plural(int(count), 'unit', 'genitive')}"
        said.append(words)
    return wording.join(list(dict.fromkeys(said))) or "исходные данные"


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
    rows, part = [], None if registry is None else base(registry, scope)
    for score in scores.directions:
        of = behind(part, score)
        missing = joined(" ", [part for part in lacking(score, of) if part])
        thresholds = [_threshold(score, rule, of) for rule in score.rules]
        title = f"{score.number}. {score.title}"
        rows.append(
            (title, _profile_note(score, of), thresholds, level_figure(score, of), score.level, missing)
        )
    highest = [score.level for score in scores.directions].count("leader")
    leaders = shown.number("leaders", "Направлений с высшим уровнем", highest, "direction", "leaders")
    number = wording.plural(len(scores.directions), "direction", "genitive")
    caption = said("Высший уровень у {} из {}: есть и нужно до каждого порога", leaders, number)
    reading = (
        "X — охват, Y — результат. Полная полоса — порог достигнут, оранжевое число — сколько не хватает, "
        "штриховка — неизвестно"
    )
    return blocks.profile(caption, reading, LEVELS, rows)


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
        lack = wording.points(-float(short), 1) if short > 0 else ""
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
    if lack > 0 and rule.shortfall_units == lack:
        missing = said(f"{wording.MINUS}{{}}", _figure(score, rule, "shortfall_units", of))
    elif lack > 0:
        missing = wording.number(-lack)
    text = said("{} из {}", have, _figure(score, rule, "threshold_units", of))
    return "X", text, missing, _percent(rule.qualifying_units, need), surely


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
