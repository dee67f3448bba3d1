"""Commands on registries: check, template, sample."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from kuzbass_lean.cli.base import JsonOption, app, say_json, show_table, stdout
from kuzbass_lean.errors import Finding, UsageError


def _finding(found: Finding) -> dict[str, Any]:
    names = ("severity", "file", "sheet", "row", "column", "value", "rule", "message")
    return {name: getattr(found, name) for name in names}


@app.command()
def check(
    source: Annotated[str, typer.Argument(metavar="SRC")],
    annotate: Annotated[
        Path | None,
        typer.Option("--annotate", metavar="FILE.xlsx", help="Copy of the workbook with the findings in it."),
    ] = None,
    as_json: JsonOption = False,
) -> None:
    """Read a registry and list every finding: place, rule and remedy."""
    from kuzbass_lean import intake

    examination = intake.examine(source)
    if annotate is not None:
        intake.annotate(examination, Path(source), annotate)
    rows = {
        table: {"read": count.read, "accepted": count.accepted, "rejected": count.rejected}
        for table, count in examination.rows.items()
    }
    if as_json:
        findings = [_finding(found) for found in examination.findings]
        say_json({"digest": examination.registry.digest, "rows": rows, "findings": findings})
    else:
        counts = [(table, *count.values()) for table, count in rows.items()]
        show_table("Строки", ["таблица", "прочитано", "принято", "отклонено"], counts)
        for found in examination.findings:
            stdout.print(f"{found.severity}: {found.place}: {found.message} [{found.rule}]", markup=False)
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
