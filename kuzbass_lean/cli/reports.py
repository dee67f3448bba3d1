"""Commands on reports: plan, build."""

from __future__ import annotations

import os
import signal
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from kuzbass_lean import runs, settled
from kuzbass_lean.cli.base import (
    AllowErrorsOption,
    AsOfOption,
    AudienceOption,
    DataOption,
    ForceOption,
    JsonOption,
    NotebooksOption,
    OnlyOption,
    OutOption,
    ParamsOption,
    app,
    parse_date,
    progress,
    say_json,
    show_table,
    stderr,
    stdout,
)
from kuzbass_lean.errors import LeanError, UnknownNameError, UsageError

if TYPE_CHECKING:
    from kuzbass_lean.registry import Registry


@app.command()
def plan(
    data: DataOption = "",
    params: ParamsOption = Path("params"),
    notebooks: NotebooksOption = Path("notebooks"),
    where: OutOption = "output",
    only: OnlyOption = None,
    formats: Annotated[list[str] | None, typer.Option("--format", metavar="html|pdf")] = None,
    force: ForceOption = False,
    as_of: AsOfOption = "",
    allow_errors: AllowErrorsOption = False,
    audience: AudienceOption = "public",
    as_json: JsonOption = False,
) -> None:
    """List which reports a build would make and why; nothing is rendered."""
    from kuzbass_lean import wording
    from kuzbass_lean.press import fresh, manifest
    from kuzbass_lean.press.plan import load_plan

    parse_date(as_of)
    wanted = _formats(formats or [])
    _check_audience(audience)
    target = runs.Destination.of(where)
    target.fetch()
    out = target.folder
    registry = _read(data, audience, allow_errors=allow_errors)
    specs = load_plan(params, notebooks, registry, as_of, only or ())
    recorded = manifest.reports(out)
    reads = fresh.Reads(registry, recorded)
    found = {
        spec.id: ("force",)
        if force
        else fresh.reasons(recorded.get(spec.id), fresh.made_from(spec, reads, wanted), out)
        for spec in specs
    }
    if as_json:
        say_json(
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
        show_table("План", ["отчёт", "почему"], rows)


@app.command()
def build(
    data: DataOption = "",
    params: ParamsOption = Path("params"),
    notebooks: NotebooksOption = Path("notebooks"),
    where: OutOption = "output",
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
    dask: Annotated[
        str, typer.Option("--dask", metavar="ADDRESS", help="Build on the cluster of this Dask scheduler.")
    ] = "",
    force: ForceOption = False,
    as_of: AsOfOption = "",
    allow_errors: AllowErrorsOption = False,
    audience: AudienceOption = "public",
    retries: Annotated[
        int, typer.Option("--retries", metavar="N", min=0, help="Again if a report's process died.")
    ] = 1,
    wait: Annotated[
        float, typer.Option("--wait", metavar="SECONDS", min=0, help="For another build in this folder.")
    ] = 0,
    keep: Annotated[int, typer.Option("--keep", metavar="N", min=0, help="Old sites to keep.")] = 7,
    notify: Annotated[
        str, typer.Option("--notify", metavar="COMMAND", help="Run at the end, the summary as its input.")
    ] = "",
    as_json: JsonOption = False,
) -> None:
    """Build the reports: every notebook, every page, the index, the figures."""
    parse_date(as_of)
    wanted = _formats(formats or [])
    _check_audience(audience)
    target = runs.Destination.of(where)
    out = target.folder
    with _noted(out, notify):
        target.fetch()
    shaping = {"only": only, "formats": wanted, "as_of": as_of, "errors": allow_errors, "audience": audience}
    request = settled.Request(data, params, notebooks, shaping)
    asked = request.digest()
    if not (force or engine):
        same = settled.unchanged(out, asked)
        if same is not None:
            runs.unchanged(runs.Site(out), len(same), notify, keep)
            with _noted(out, notify):
                target.send()
            _tell([(name, "unchanged", 0.0, "") for name in same], target, as_json=as_json)
            return

    from kuzbass_lean.press.crew import ENGINES, default_engine, hire

    runs.Site(out).check()
    if engine not in ("", *ENGINES):
        raise UnknownNameError("engine", engine, ENGINES)
    with ExitStack() as ending:
        with _noted(out, notify):
            crew = hire(engine or default_engine(), "pdf" in wanted, as_of, dask)
            ending.callback(crew.stop)
            crew.begin()  # it loads while the registry is read

        from kuzbass_lean.press import fresh
        from kuzbass_lean.press.build import BuildOptions
        from kuzbass_lean.press.build import build as build_reports
        from kuzbass_lean.press.plan import load_plan

        with _noted(out, notify):
            registry = _read(data, audience, retries, allow_errors=allow_errors)
            _warn_of_rows_left_out(registry)
            specs = load_plan(params, notebooks, registry, as_of, only or ())
        options = BuildOptions(
            out=out,
            formats=wanted,
            jobs=jobs or (len(specs) if dask else _cores()),
            cell_timeout=cell_timeout,
            as_of=as_of,
            engine=engine or default_engine(),
            report_timeout=report_timeout,
            memory_limit=memory,
            force=force,
            whole=not only,
            retries=retries,
            wait=wait,
            keep=keep,
            notify=notify,
            dask=dask,
        )

        def settle() -> None:
            if not registry.left_out and not any(fresh.reads_elsewhere(spec) for spec in specs):
                settled.settle(out, asked, request.digest(), [spec.id for spec in specs])

        with _terminable(), progress(len(specs), quiet=as_json) as advance:
            results = build_reports(options, registry, specs, lambda result: advance(), settle, crew)
    with _noted(out, notify):
        target.send()
    _tell([(r.id, r.status, r.seconds, r.error) for r in results], target, as_json=as_json)


def _read(data: str, audience: str, retries: int = 0, *, allow_errors: bool) -> Registry:
    """Read the registry as pages for the audience show it."""
    registry = _fetched(data, retries, allow_errors=allow_errors)
    return registry if audience == "internal" else registry.public()


def _fetched(data: str, retries: int, *, allow_errors: bool) -> Registry:
    """Read the registry; what comes over a network is asked for again, for that may pass."""
    from kuzbass_lean import intake

    for tries in range(1, retries + 1 if "://" in data else 1):
        try:
            return intake.read(data, allow_errors=allow_errors)
        except UsageError as error:
            stderr.print(f"kuzbass-lean: {error}; again in {tries * _PAUSE:g} s", markup=False)
            time.sleep(tries * _PAUSE)
    return intake.read(data, allow_errors=allow_errors)


_PAUSE = 5.0
"""Seconds before a source on a network is asked again; longer every time."""


def _cores() -> int:
    """Return how many cores this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


class TerminatedError(BaseException):
    """The system asks to stop (SIGTERM); ends the work as an interrupt from the keyboard does."""


@contextmanager
def _terminable() -> Iterator[None]:
    """Let SIGTERM end the work as an interrupt from the keyboard does."""

    def terminate(*_: object) -> None:
        raise TerminatedError

    before = signal.signal(signal.SIGTERM, terminate)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)


@contextmanager
def _noted(out: Path, notify: str) -> Iterator[None]:
    """Note in the site's history what goes wrong around a build: a lost input, rows in error, a store."""
    try:
        yield
    except (LeanError, OSError) as error:
        runs.refused(runs.Site(out), str(error), notify)
        raise


def _tell(results: Sequence[tuple[str, str, float, str]], target: runs.Destination, *, as_json: bool) -> None:
    """Say what became of each report: its id, status, seconds and error."""
    states = Counter(status for _, status, _, _ in results)
    if as_json:
        names = ("id", "status", "seconds", "error")
        rows = [{name: value or None for name, value in zip(names, row, strict=True)} for row in results]
        say_json({"reports": rows})
    else:
        kept = f"{states['unchanged']} unchanged, " if states["unchanged"] else ""
        stdout.print(
            f"{states['built']} built, {kept}{states['failed']} failed; open {target.shown}/index.html"
        )
    for name, status, _, error in results:
        if status == "failed":
            stderr.print(f"failed {name}: {error} (see {target.shown}/failed/{name}.ipynb)", markup=False)
    if states["failed"]:
        raise typer.Exit(1)


def _warn_of_rows_left_out(registry: Registry) -> None:
    for table, left in registry.left_out.items():
        why = ", ".join(f"{rule} {count}" for rule, count in left.rules.items())
        stderr.print(f"{table}: {left.rows} rows left out ({why})", markup=False)


def _check_audience(given: str) -> None:
    if given not in ("public", "internal"):
        raise UnknownNameError("audience", given, ("public", "internal"))


def _formats(given: list[str]) -> tuple[str, ...]:
    for name in given:
        if name not in ("html", "pdf"):
            raise UnknownNameError("format", name, ("html", "pdf"))
    return tuple(dict.fromkeys(["html", *given]))
