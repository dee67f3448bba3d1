"""Levels in words: where each direction stands, what is missing, what to do next."""

from __future__ import annotations

from fractions import Fraction

from kuzbass_lean import blocks, catalogue, wording
from kuzbass_lean.blocks import Block, Column, Standing, Threshold
from kuzbass_lean.figures import Figure
from kuzbass_lean.maturity import LEVELS, DirectionScore, Profile, Rule

_INPUTS = {
    "frames": "число единиц",
    "assessments": "оценки по критериям",
    "values": "время приёма «было» и «стало»",
    "organizations": "даты перехода на бережливые методы",
    "revenue": "доли выручки по потокам",
}
"""The table an input belongs to, and what the input is called."""


def ladder(profile: Profile) -> Block:
    """Return the levels of a profile and what is missing to the next one.

    Examples
    --------
    >>> block = kl.views.ladder(profile)
    """
    if not profile.directions:
        return blocks.prose(
            "Уровней нет: модель не оценивает этот сектор, или у территории нет своих единиц ни по "
            "одному направлению."
        )
    titles = {s.maturity_direction: s.title for s in catalogue.sectors() if s.maturity_direction}
    rows = [
        Standing(titles.get(score.number, score.title), score.level, *lacking(score), _counted_units(score))
        for score in profile.directions
    ]
    shown = blocks.ladder(rows)
    return Block(shown.html, shown.text, tuple(_level_figure(score) for score in profile.directions))


def lacking(score: DirectionScore) -> tuple[str, str]:
    """Say what is missing to the next level of a direction: how much, then to what and from what."""
    rule = score.next_rule
    if rule is None:
        return "", "высший уровень"
    if rule.verdict == "unknown":
        return inputs(rule.missing), f"— нет данных: возможно {cases(score)}"
    return _gap(rule, score)


def cases(score: DirectionScore) -> str:
    """Say between which levels a direction lies: «от «Резерва» до «Лидера»»."""
    worst, best = (wording.label("level_genitive", case) for case in (score.worst_case, score.best_case))
    return f"от {worst} до {best}"


def _gap(rule: Rule, score: DirectionScore) -> tuple[str, str]:
    aim = f"до {wording.label('level_genitive', rule.level)}"
    needs, have = [], []
    if rule.shortfall_units:
        needs.append(units(score, rule.shortfall_units))
        have.append(f"{wording.number(rule.qualifying_units)} из {wording.number(rule.threshold_units)}")
    if rule.shortfall_projects:
        needs.append(wording.plural(rule.shortfall_projects, "project"))
        have.append(f"{wording.number(float(rule.actual_y or 0))} из {wording.number(rule.y)}")
    if needs:
        return wording.join(needs), f"{aim}: есть {wording.join(have)}"
    actual = wording.phrase("missing") if rule.actual_y is None else wording.percent(float(rule.actual_y))
    return "", f"{aim}: нужно {wording.percent(rule.y, 0)}, есть {actual}"


def units(score: DirectionScore, number: int) -> str:
    """Return a number of a direction's units: «3 поликлиники»."""
    noun = score.unit[0] if len(score.unit) == 1 else "institution"
    return wording.plural(number, noun)


def _counted_units(score: DirectionScore) -> str:
    return "число единиц не указано" if score.units is None else units(score, score.units)


def _unit_note(score: DirectionScore) -> str:
    if score.units is None:
        return "число единиц не указано"
    listed = "по реестру организаций" if "units_listed" in score.notes else "в перечне"
    return f"{units(score, score.units)} {listed}"


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


def _level_figure(score: DirectionScore) -> Figure:
    order = {"none": 0, "reserve": 1, "candidate": 2, "leader": 3}
    text = wording.label("level", score.level)
    value = order.get(score.level)
    return Figure(
        "level", f"Уровень: {score.title}", value, text, "level", "level", denominator=score.units,
        note=f"Прочтение: {score.reading_text}", key=str(score.number),
    )  # fmt: skip


def profile(scores: Profile) -> Block:
    """Return have and need for X and Y at each of the three thresholds of every direction.

    Examples
    --------
    >>> block = kl.views.profile(profile)
    """
    if not scores.directions:
        return blocks.prose("Профиля нет: модель не оценивает этот сектор или территорию.")
    rows = [
        (
            f"{score.number}. {score.title}",
            _profile_note(score),
            [_threshold(score, rule) for rule in score.rules],
            score.level,
            " ".join(filter(None, lacking(score))),
        )
        for score in scores.directions
    ]
    highest = [score.level for score in scores.directions].count("leader")
    of = wording.plural(len(scores.directions), "direction", "genitive")
    caption = f"Высший уровень у {wording.number(highest)} из {of}: есть и нужно до каждого порога"
    reading = (
        "X — охват, Y — результат. Полная полоса — порог достигнут, оранжевое число — сколько не хватает, "
        "штриховка — неизвестно"
    )
    return blocks.profile(caption, reading, LEVELS, rows)


def _profile_note(score: DirectionScore) -> str:
    """Say what X counts and, where Y is asked of each unit, which Y the three levels ask."""
    note = f"X — {_unit_note(score)}"
    if any(rule.shortfall_projects is not None for rule in score.rules):
        return f"{note}; Y — реализованные проекты"
    if score.reading in _AREAS:
        return f"{note}; Y — доля территорий"
    asked = ", ".join(dict.fromkeys(wording.number(rule.y) for rule in score.rules[:-1]))
    last = wording.percent(score.rules[-1].y, 0)
    return (
        f"{note}; Y у каждой от {asked}, {last}"
        if asked != wording.number(score.rules[-1].y)
        else f"{note}; Y у каждой от {last}"
    )


def _threshold(score: DirectionScore, rule: Rule) -> Threshold:
    have = wording.number(rule.qualifying_units)
    if rule.qualifying_best != rule.qualifying_units:
        have += f"…{wording.number(rule.qualifying_best)}"
    if rule.threshold_units is None:
        line = ("X", f"{have} из ?", "", 0.0, False)
    else:
        need = rule.threshold_units
        lack = need - rule.qualifying_units
        surely = rule.qualifying_best == rule.qualifying_units or lack <= 0
        missing = wording.number(-lack) if lack > 0 else ""
        line = (
            "X",
            f"{have} из {wording.number(need)}",
            missing,
            _percent(rule.qualifying_units, need),
            surely,
        )
    if rule.shortfall_projects is not None:
        actual = rule.actual_y or Fraction(0)
        lack_y = wording.number(-rule.shortfall_projects) if rule.shortfall_projects else ""
        text = f"{wording.number(float(actual))} из {wording.number(rule.y)}"
        return Threshold((line, ("Y", text, lack_y, _percent(actual, rule.y), True)))
    if score.reading in _AREAS and rule.actual_y is not None:
        text = f"{wording.number(float(rule.actual_y), 1)} из {wording.percent(rule.y, 0)}"
        short = rule.y - rule.actual_y
        lack_y = wording.points(-float(short), 1) if short > 0 else ""
        return Threshold((line, ("Y", text, lack_y, _percent(rule.actual_y, rule.y), True)))
    return Threshold((line,))


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
