"""Commands that compute: score, facts."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from kuzbass_lean.cli.base import (
    AsOfOption,
    DataOption,
    JsonOption,
    app,
    parse_date,
    plain,
    say_json,
    show_table,
)
from kuzbass_lean.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from kuzbass_lean.evidence import Outlook
    from kuzbass_lean.maturity import DirectionScore, NextStep

MOST_NEAREST = 3


@app.command()
def score(
    data: DataOption = "",
    model: Annotated[
        str, typer.Option("--model", metavar="FILE", help="Rules other than the built-in.")
    ] = "",
    reading: Annotated[
        list[str] | None,
        typer.Option("--reading", metavar="NO=NAME", help="Reading of a direction, e.g. 1=each."),
    ] = None,
    as_of: AsOfOption = "",
    as_json: JsonOption = False,
) -> None:
    """Score the region by the model: a level for each direction, or why it is unknown."""
    from kuzbass_lean import evidence, intake, maturity, wording

    rules = maturity.load_model(Path(model) if model else None)
    readings = dict(_reading(text) for text in reading or ())
    registry = intake.read(data)
    profile = maturity.score(registry, rules, readings, parse_date(as_of))
    steps = maturity.next_steps(registry, profile, rules)
    ahead = evidence.outlook(registry, steps, profile.as_of)
    graded = evidence.grades(*(registry.frame(name) for name in ("measures", "values", "observations")))
    if as_json:
        document = profile.to_dict()
        for direction, step, outlook in zip(document["directions"], steps, ahead, strict=True):
            direction["next"] = {**step.to_dict(), "forecast": outlook.to_dict()}
        records = graded.to_dict("records")
        say_json({**document, "evidence": [{str(k): plain(v) for k, v in row.items()} for row in records]})
        return
    day = wording.date(profile.as_of)
    show_table(
        f"Модель «Эффективный регион» на {day}",
        [
            "№",
            "направление",
            "уровень",
            "худший … лучший случай",
            "прочтение",
            "при каждом прочтении",
        ],
        (_level_row(score) for score in profile.directions),
    )
    places = {str(key): str(title) for key, title in registry.municipalities["title"].items()}
    units = dict(zip(registry.organizations["organization_id"], registry.organizations["name"], strict=True))
    show_table(
        "Наименьший шаг до следующего уровня",
        [
            "№",
            "уровень",
            "единиц + проектов",
            "в лучшем случае",
            "ближе всего",
            "когда, 95\u202f%",
        ],
        (_step_row(step, outlook, places | units) for step, outlook in zip(steps, ahead, strict=True)),
    )
    letters = graded["letter"].value_counts()
    show_table(
        "Доказательность улучшений",
        ["оценка", "что это", "показателей"],
        ((letter, wording.label("evidence", letter), int(letters.get(letter, 0))) for letter in "ABCDE"),
    )


def _level_row(score: DirectionScore) -> tuple[object, ...]:
    from kuzbass_lean import wording

    def level(name: str) -> str:
        return wording.label("level", name)

    readings = (f"{name}: {level(found)}" for name, found in (score.sensitivity or {}).items())
    cases = f"{level(score.worst_case)} … {level(score.best_case)}"
    return score.number, score.title, level(score.level), cases, score.reading, "; ".join(readings)


def _step_row(step: NextStep, outlook: Outlook, names: Mapping[str, str]) -> tuple[object, ...]:
    from kuzbass_lean import wording

    if step.target is None:
        return step.number, "—", "—", "—", "—", wording.label("no_forecast", "reached")
    needed = "неизвестно" if step.units is None else f"{step.units} + {step.projects}"
    nearest = [names.get(lack.unit, lack.unit) if lack.unit else "нет в реестре" for lack in step.nearest]
    some = "; ".join(nearest[:MOST_NEAREST]) + (" …" if len(nearest) > MOST_NEAREST else "")
    if outlook.day is None:
        when = wording.label("no_forecast", outlook.reason) if outlook.reason else "за пределами календаря"
    else:
        latest = wording.date(outlook.latest) if outlook.latest else "неизвестно"
        when = f"{wording.date(outlook.day)} ({wording.date(outlook.earliest)} … {latest})"
    best = f"{step.best_units} + {step.best_projects}"
    return step.number, wording.label("level", step.target), needed, best, some or "—", when


def _reading(text: str) -> tuple[int, str]:
    number, separator, name = text.partition("=")
    if not separator or not number.strip().isdigit():
        raise UsageError(f'--reading "{text}" is not NO=NAME: write for example 1=each')
    return int(number), name.strip()


@app.command()
def facts(data: DataOption = "", as_json: JsonOption = False) -> None:
    """List the published figures, the relations between them, and how a registry agrees."""
    from kuzbass_lean import intake, published

    figures = published.figures()
    relations = published.relations()
    reconciliation = published.reconcile(intake.read(data))
    if as_json:
        keys = ("id", "slide", "quantity", "value", "unit", "kind", "line")
        columns = ["figure", "published", "registry", "state", "note"]
        say_json(
            {
                "figures": [{key: plain(getattr(figure, key)) for key in keys} for figure in figures],
                "relations": [
                    {key: getattr(r, key) for key in ("id", "relation", "computed", "stated", "holds")}
                    for r in relations
                ],
                "reconciliation": [
                    {key: plain(value) for key, value in row.items()}
                    for row in reconciliation[columns].to_dict("records")
                ],
            }
        )
        return
    words = {True: "сходится", False: "не сходится", None: "нельзя проверить"}
    show_table(
        "Опубликованные числа",
        ["код", "слайд", "что", "значение", "единица"],
        (
            (f.id, f.slide, f.quantity, "нет в тексте" if f.value is None else f.value, f.unit)
            for f in figures
        ),
    )
    show_table(
        "Соотношения", ["код", "соотношение", "итог"], ((r.id, r.relation, words[r.holds]) for r in relations)
    )
    states = {"agrees": "сошлось", "differs": "расходится", "cannot_check": "нельзя проверить"}
    show_table(
        "Сверка с реестром",
        ["число", "опубликовано", "в реестре", "итог", "почему"],
        (
            (
                row["figure"],
                plain(row["published"]),
                plain(row["registry"]),
                states[row["state"]],
                row["note"],
            )
            for row in reconciliation.to_dict("records")
        ),
    )
