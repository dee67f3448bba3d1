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
    from kuzbass_lean.maturity import NextStep


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
    if as_json:
        document = profile.to_dict()
        for direction, step, outlook in zip(document["directions"], steps, ahead, strict=True):
            direction["next"] = {**step.to_dict(), "forecast": outlook.to_dict()}
        graded = evidence.grades(*(registry.frame(name) for name in ("measures", "values", "observations")))
        say_json({**document, "evidence": graded.to_dict("records")})
        return
    needed = {step.number: step for step in steps}
    when = {outlook.number: outlook for outlook in ahead}
    rows = [
        (
            direction.number,
            direction.title,
            wording.label("level", direction.level),
            f"{wording.label('level', direction.worst_case)} … {wording.label('level', direction.best_case)}",
            direction.reading,
            _needed(needed[direction.number]),
            wording.date(when[direction.number].day) if when[direction.number].day else "—",
        )
        for direction in profile.directions
    ]
    title = f"Модель «Эффективный регион» на {wording.date(profile.as_of)}"
    names = ["№", "направление", "уровень", "худший … лучший случай", "прочтение"]
    show_table(title, [*names, "до следующего, единиц + проектов", "когда при нынешнем темпе"], rows)


def _needed(step: NextStep) -> str:
    if step.target is None:
        return "—"
    return "неизвестно" if step.units is None else f"{step.units} + {step.projects}"


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
