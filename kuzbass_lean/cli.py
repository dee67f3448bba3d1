"""The command line: the only room that prints and exits."""

from __future__ import annotations

import errno
import json
import os
import sys
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.console import Console
from rich.progress import Progress
from rich.table import Table

from kuzbass_lean import __version__
from kuzbass_lean.errors import CapabilityError, Finding, LeanError, UnknownNameError, UsageError

if TYPE_CHECKING:
    from kuzbass_lean.maturity import NextStep
    from kuzbass_lean.registry import Registry

app = typer.Typer(
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    help="Reports of the lean-government programme «Кузбасс бережливый».",
)
_out = Console(soft_wrap=True)
_err = Console(stderr=True, soft_wrap=True)

DataOption = Annotated[
    str,
    typer.Option(
        "--data",
        metavar="SRC",
        help="Workbook, folder of CSV or Parquet, SQL or fsspec URL; left out, the sample.",
    ),
]
JsonOption = Annotated[bool, typer.Option("--json", help="Print one JSON document and nothing else.")]
AsOfOption = Annotated[
    str,
    typer.Option("--as-of", metavar="DATE", help="Report date, YYYY-MM-DD; left out, the latest recorded."),
]


def _say_json(document: object) -> None:
    print(json.dumps(document, ensure_ascii=False, indent=2, default=str))


def _date(text: str) -> date | None:
    if not text:
        return None
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise UsageError(f'--as-of "{text}" is not a date: write it as YYYY-MM-DD') from None


def _table(title: str, columns: Iterable[str], rows: Iterable[Iterable[object]]) -> None:
    table = Table(title=title, title_justify="left")
    for column in columns:
        table.add_column(column, overflow="fold")
    for row in rows:
        table.add_row(*("" if cell is None else str(cell) for cell in row))
    _out.print(table)


def _finding(found: Finding) -> dict[str, Any]:
    names = ("severity", "file", "sheet", "row", "column", "value", "rule", "message")
    return {name: getattr(found, name) for name in names}


@app.callback(invoke_without_command=True)
def _root(
    version: Annotated[bool, typer.Option("--version", help="Print the version.")] = False,
) -> None:
    if version:
        print(__version__)
        raise typer.Exit


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
        _say_json({"digest": examination.registry.digest, "rows": rows, "findings": findings})
    else:
        counts = [(table, *count.values()) for table, count in rows.items()]
        _table("Строки", ["таблица", "прочитано", "принято", "отклонено"], counts)
        for found in examination.findings:
            _out.print(f"{found.severity}: {found.place}: {found.message} [{found.rule}]", markup=False)
        _out.print(f"digest {examination.registry.digest}")
    if examination.errors:
        raise typer.Exit(1)


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
    profile = maturity.score(registry, rules, readings, _date(as_of))
    steps = maturity.next_steps(registry, profile, rules)
    ahead = evidence.outlook(registry, steps, profile.as_of)
    if as_json:
        document = profile.to_dict()
        for direction, step, outlook in zip(document["directions"], steps, ahead, strict=True):
            direction["next"] = {**step.to_dict(), "forecast": outlook.to_dict()}
        graded = evidence.grades(*(registry.frame(name) for name in ("measures", "values", "observations")))
        _say_json({**document, "evidence": graded.to_dict("records")})
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
    _table(title, [*names, "до следующего, единиц + проектов", "когда при нынешнем темпе"], rows)


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
        _say_json(
            {
                "figures": [{key: _plain(getattr(figure, key)) for key in keys} for figure in figures],
                "relations": [
                    {key: getattr(r, key) for key in ("id", "relation", "computed", "stated", "holds")}
                    for r in relations
                ],
                "reconciliation": [
                    {key: _plain(value) for key, value in row.items()}
                    for row in reconciliation[columns].to_dict("records")
                ],
            }
        )
        return
    words = {True: "сходится", False: "не сходится", None: "нельзя проверить"}
    _table(
        "Опубликованные числа",
        ["код", "слайд", "что", "значение", "единица"],
        (
            (f.id, f.slide, f.quantity, "нет в тексте" if f.value is None else f.value, f.unit)
            for f in figures
        ),
    )
    _table(
        "Соотношения", ["код", "соотношение", "итог"], ((r.id, r.relation, words[r.holds]) for r in relations)
    )
    states = {"agrees": "сошлось", "differs": "расходится", "cannot_check": "нельзя проверить"}
    _table(
        "Сверка с реестром",
        ["число", "опубликовано", "в реестре", "итог", "почему"],
        (
            (
                row["figure"],
                _plain(row["published"]),
                _plain(row["registry"]),
                states[row["state"]],
                row["note"],
            )
            for row in reconciliation.to_dict("records")
        ),
    )


@app.command()
def template(
    target: Annotated[Path, typer.Argument(metavar="FILE.xlsx", help="Workbook to write.")],
) -> None:
    """Write an empty registry to fill: a workbook with lists, notes and an example in each sheet."""
    from kuzbass_lean import intake

    intake.template(target)
    _out.print(f"{target}", markup=False)


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
    _out.print(", ".join(f"{name} {len(frame)}" for name, frame in tables.items()))


OnlyOption = Annotated[
    list[str] | None,
    typer.Option("--only", metavar="GLOB", help="Reports by id, e.g. 'sectors/*'; may repeat."),
]
ParamsOption = Annotated[Path, typer.Option("--params", metavar="DIR", help="Folder of params files.")]
ForceOption = Annotated[bool, typer.Option("--force", help="Build every report, stale or not.")]
NotebooksOption = Annotated[Path, typer.Option("--notebooks", metavar="DIR", help="Folder of notebooks.")]


@app.command()
def plan(
    data: DataOption = "",
    params: ParamsOption = Path("params"),
    notebooks: NotebooksOption = Path("notebooks"),
    out: Annotated[Path, typer.Option("--out", metavar="DIR")] = Path("output"),
    only: OnlyOption = None,
    formats: Annotated[list[str] | None, typer.Option("--format", metavar="html|pdf")] = None,
    force: ForceOption = False,
    as_of: AsOfOption = "",
    as_json: JsonOption = False,
) -> None:
    """List which reports a build would make and why; nothing is rendered."""
    from kuzbass_lean import intake, wording
    from kuzbass_lean.press import fresh
    from kuzbass_lean.press.plan import load_plan

    _date(as_of)
    wanted = _formats(formats or [])
    registry = intake.read(data)
    specs = load_plan(params, notebooks, registry, as_of, only or ())
    recorded = fresh.last_build(out)
    reads = fresh.Reads(registry, recorded)
    found = {
        spec.id: ("force",)
        if force
        else fresh.reasons(recorded.get(spec.id), fresh.made_from(spec, reads, wanted), out)
        for spec in specs
    }
    if as_json:
        _say_json(
            {
                "reports": [
                    {"id": name, "stale": bool(why), "reasons": list(why)} for name, why in found.items()
                ]
            }
        )
    else:
        rows = [
            (name, ", ".join(wording.label("stale", code) for code in why) or "не изменился")
            for name, why in found.items()
        ]
        _table("План", ["отчёт", "почему"], rows)


@app.command()
def build(
    data: DataOption = "",
    params: ParamsOption = Path("params"),
    notebooks: NotebooksOption = Path("notebooks"),
    out: Annotated[Path, typer.Option("--out", metavar="DIR", help="Where the pages go.")] = Path("output"),
    only: OnlyOption = None,
    jobs: Annotated[
        int, typer.Option("--jobs", metavar="N", min=0, help="Reports at a time; 0: every core.")
    ] = 0,
    formats: Annotated[list[str] | None, typer.Option("--format", metavar="html|pdf")] = None,
    engine: Annotated[
        str, typer.Option("--engine", metavar="warm|kernel", help="Left out, what this platform allows.")
    ] = "",
    cell_timeout: Annotated[int, typer.Option("--cell-timeout", metavar="SECONDS", min=1)] = 600,
    report_timeout: Annotated[int, typer.Option("--report-timeout", metavar="SECONDS", min=1)] = 1800,
    memory: Annotated[
        int, typer.Option("--memory", metavar="MB", min=0, help="What a report may take; 0: any amount.")
    ] = 4096,
    force: ForceOption = False,
    as_of: AsOfOption = "",
    allow_errors: Annotated[
        bool, typer.Option("--allow-errors", help="Leave rows in error out instead of stopping.")
    ] = False,
    audience: Annotated[
        str, typer.Option("--audience", metavar="public|internal", help="internal: with people's names.")
    ] = "public",
    as_json: JsonOption = False,
) -> None:
    """Build the reports: every notebook, every page, the index, the figures."""
    from kuzbass_lean import intake
    from kuzbass_lean.press.build import BuildOptions
    from kuzbass_lean.press.build import build as build_reports
    from kuzbass_lean.press.engine import ENGINES, default_engine
    from kuzbass_lean.press.plan import load_plan

    _date(as_of)
    wanted = _formats(formats or [])
    if audience not in ("public", "internal"):
        raise UnknownNameError("audience", audience, ("public", "internal"))
    whole = intake.read(data, allow_errors=allow_errors)
    registry = whole if audience == "internal" else whole.public()
    _warn_of_rows_left_out(registry)
    specs = load_plan(params, notebooks, registry, as_of, only or ())
    if out.exists() and not out.is_dir():
        raise UsageError(f"--out {out} is a file: name a folder")
    workers = jobs or len(os.sched_getaffinity(0) if hasattr(os, "sched_getaffinity") else [0, 1])
    if engine not in ("", *ENGINES):
        raise UnknownNameError("engine", engine, ENGINES)
    options = BuildOptions(
        out, wanted, workers, cell_timeout, as_of, engine or default_engine(), report_timeout, memory, force
    )
    with _progress(len(specs), quiet=as_json) as advance:
        results = build_reports(options, registry, specs, lambda result: advance())
    failed = [result for result in results if result.status == "failed"]
    if as_json:
        names = ("id", "status", "seconds", "error")
        _say_json({"reports": [{name: getattr(r, name) or None for name in names} for r in results]})
    else:
        unchanged = sum(result.status == "unchanged" for result in results)
        built = len(results) - len(failed) - unchanged
        kept = f"{unchanged} unchanged, " if unchanged else ""
        _out.print(f"{built} built, {kept}{len(failed)} failed; open {out / 'index.html'}")
    for result in failed:
        _err.print(f"failed {result.id}: {result.error} (see {out}/failed/{result.id}.ipynb)", markup=False)
    if failed:
        raise typer.Exit(1)


def _warn_of_rows_left_out(registry: Registry) -> None:
    for table, left in registry.left_out.items():
        why = ", ".join(f"{rule} {count}" for rule, count in left.rules.items())
        _err.print(f"{table}: {left.rows} rows left out ({why})", markup=False)


def _formats(given: list[str]) -> tuple[str, ...]:
    for name in given:
        if name not in ("html", "pdf"):
            raise UnknownNameError("format", name, ("html", "pdf"))
    return tuple(dict.fromkeys(["html", *given]))


@contextmanager
def _progress(total: int, *, quiet: bool) -> Iterator[Callable[[], None]]:
    with Progress(console=_err, transient=True, disable=quiet or not _err.is_terminal) as bar:
        task = bar.add_task("reports", total=total)
        yield lambda: bar.advance(task)


def _plain(value: Any) -> Any:
    """Turn a value into what JSON knows: missing is null, whole floats stay numbers."""
    if isinstance(value, tuple):
        return [_plain(item) for item in value]
    if isinstance(value, float) and value != value:
        return None
    if hasattr(value, "item"):
        return _plain(value.item())
    if hasattr(value, "items"):
        return {key: _plain(item) for key, item in value.items()}
    return value


def run(arguments: list[str] | None = None) -> int:
    """Run one command and return its exit code; errors become one message on standard error."""
    try:
        code = typer.main.get_command(app).main(arguments, prog_name="kuzbass-lean", standalone_mode=False)
    except LeanError as error:
        _err.print(f"kuzbass-lean: {error}", markup=False, highlight=False)
        return error.exit_code
    except OSError as error:
        if error.errno not in (errno.ENOSPC, errno.EDQUOT, errno.EROFS, errno.EACCES):
            raise
        _err.print(f"kuzbass-lean: {error.strerror}: {error.filename}", markup=False)
        return CapabilityError.exit_code
    except Exception as error:
        if not hasattr(error, "format_message"):
            raise
        # The command line's own refusal: unknown option, missing argument, value out of range.
        _err.print(f"kuzbass-lean: {error.format_message()}", markup=False, highlight=False)
        return UsageError.exit_code
    return int(code or 0)


def main() -> None:
    """Entry point of the ``kuzbass-lean`` command."""
    sys.exit(run())
