"""Commands on registries: check, template, sample."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Annotated, Any

import typer

from kuzbass_lean.cli.base import JsonOption, app, say_json, show_table, stderr, stdout
from kuzbass_lean.errors import Finding, UsageError

_SHOWN = 500
"""So many findings are printed; more than that nobody reads in a terminal, and ``--json`` has them all."""


def _finding(found: Finding, title: str) -> dict[str, Any]:
    names = ("severity", "file", "sheet", "row", "column", "value", "rule", "message")
    return {**{name: getattr(found, name) for name in names}, "title": title}


def _show(findings: Sequence[Finding], titles: Sequence[str]) -> None:
    from kuzbass_lean import wording

    rows = [
        (
            wording.label("severity", found.severity),
            replace(found, column=title).place,
            found.value[:_LONGEST_VALUE],
            found.message,
            found.rule,
        )
        for found, title in zip(findings[:_SHOWN], titles, strict=False)
    ]
    head = ["важность", "место", "значение", "что не так и что сделать", "правило"]
    show_table("Замечания", head, rows, width=max(stdout.width, _WIDE), whole={"место", "правило"})
    if len(findings) > _SHOWN:
        stdout.print(f"и ещё {len(findings) - _SHOWN}: все даёт --json")


_WIDE, _LONGEST_VALUE = 180, 60


@app.command()
def check(
    source: Annotated[str, typer.Argument(metavar="SRC")],
    annotate: Annotated[
        Path | None,
        typer.Option(
            "--annotate",
            metavar="FILE.xlsx|DIR",
            help="Copy of the workbook, or of each of a folder's, with the findings in it.",
        ),
    ] = None,
    as_json: JsonOption = False,
) -> None:
    """Read a registry and list every finding: place, rule and remedy."""
    from kuzbass_lean import intake, published

    examination = intake.examine(source)
    findings = (*examination.findings, *published.departures(examination.registry))
    titles = [examination.title_of(found) for found in findings]
    if annotate is not None:
        for lost in intake.annotate(examination, Path(source), annotate):
            stderr.print(f"{lost}: send the office its findings as a list too", markup=False)
    rows = {
        table: {"read": count.read, "accepted": count.accepted, "rejected": count.rejected}
        for table, count in examination.rows.items()
    }
    if as_json:
        said = [_finding(found, title) for found, title in zip(findings, titles, strict=True)]
        say_json({"digest": examination.registry.digest, "rows": rows, "findings": said})
    else:
        counts = [(table, *count.values()) for table, count in rows.items()]
        show_table("Строки", ["таблица", "прочитано", "принято", "отклонено"], counts)
        if findings:
            _show(findings, titles)
        stdout.print(f"digest {examination.registry.digest}")
    if examination.errors:
        raise typer.Exit(1)


@app.command()
def template(
    target: Annotated[Path, typer.Argument(metavar="FILE.xlsx", help="Workbook to write.")],
) -> None:
    """Write an empty registry to fill: a workbook with lists, notes and an example in each sheet."""
    from kuzbass_lean import intake

    intake.template(target)
    stdout.print(f"{target}", markup=False)


@app.command()
def sample(
    target: Annotated[
        Path, typer.Argument(metavar="DIR|FILE.xlsx", help="Folder or workbook to write the tables to.")
    ],
    projects: Annotated[int, typer.Option("--projects", metavar="N", min=1)] = 288,
    municipalities: Annotated[int, typer.Option("--municipalities", metavar="N", min=1, max=9999)] = 34,
    seed: Annotated[int, typer.Option("--seed", metavar="S", min=0)] = 2019,
) -> None:
    """Write a sample registry: the bundled one, or a larger synthetic one of the same shape."""
    from kuzbass_lean import intake
    from kuzbass_lean import sample as samples

    workbook = target.suffix.lower() == ".xlsx"
    if target.exists() and target.is_dir() == workbook:
        wanted = "a workbook that is no folder" if workbook else "a folder"
        raise UsageError(f"{target} is a {'folder' if workbook else 'file'}: name {wanted}")
    tables = samples.generate(projects, municipalities, seed)
    if workbook:
        intake.write_workbook(tables, target)
    else:
        samples.write(tables, target)
    stdout.print(", ".join(f"{name} {len(frame)}" for name, frame in tables.items()))
