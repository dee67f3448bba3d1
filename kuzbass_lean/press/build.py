"""Building reports: each is made elsewhere and moved into place whole; none stops the others."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from kuzbass_lean.intake import DATA_VARIABLE, store
from kuzbass_lean.press import convert, fresh, manifest, site, warm
from kuzbass_lean.press.engine import default_engine
from kuzbass_lean.press.plan import ReportSpec
from kuzbass_lean.press.pool import Outcome, Task, run
from kuzbass_lean.press.report import Work, conclude, make
from kuzbass_lean.registry import Registry


@dataclass(frozen=True, slots=True)
class BuildOptions:
    """Where pages go, which formats, how many at a time, on which engine and within which limits.

    Times are in seconds; ``memory_limit`` is in megabytes, what a report may take on top of what
    it starts with, 0 for any amount.
    """

    out: Path
    formats: tuple[str, ...] = ("html",)
    jobs: int = 2
    cell_timeout: int = 600
    as_of: str = ""
    engine: str = field(default_factory=default_engine)
    report_timeout: int = 1800
    memory_limit: int = 4096
    force: bool = False


@dataclass(frozen=True, slots=True)
class ReportResult:
    """What became of one report: ``built``, ``unchanged`` or ``failed``."""

    id: str
    kind: str
    status: str
    seconds: float
    error: str = ""
    title: str = ""


def build(
    options: BuildOptions,
    registry: Registry,
    specs: Sequence[ReportSpec],
    on_done: Callable[[ReportResult], None] = lambda result: None,
) -> tuple[ReportResult, ...]:
    """Build the stale reports, then the index, the figures and the manifest.

    A report that is as it would be now is left as it is (``fresh``). A notebook that fails
    leaves its partial copy under ``failed/`` and no page, not even an older one, so that
    nothing half made or stale looks finished.

    Returns
    -------
    tuple of ReportResult
        One per report, in the order of ``specs``.

    Raises
    ------
    CapabilityError
        PDF is asked for and cannot be made here.
    """
    if "pdf" in options.formats:
        convert.require_pdf()
    options.out.mkdir(parents=True, exist_ok=True)
    recorded, formats = manifest.reports(options.out), _formats(options)
    reads = fresh.Reads(registry, recorded)
    now = {spec.id: fresh.made_from(spec, reads, formats) for spec in specs}
    stale = [s for s in specs if options.force or fresh.reasons(recorded.get(s.id), now[s.id], options.out)]
    kept = {spec.id: _unchanged(spec, recorded, on_done) for spec in specs if spec not in stale}
    with tempfile.TemporaryDirectory(prefix=".work-", dir=options.out) as folder:
        work = Path(folder)
        done = _run(options, registry, stale, work, on_done) if stale else {}
        results = tuple({**kept, **done}[spec.id] for spec in specs)
        site.write(options.out, registry, results, options.as_of, work)
    manifest.write(options.out, reads.whole, specs, results, now, recorded)
    return results


def _formats(options: BuildOptions) -> tuple[str, ...]:
    return tuple(name for name in ("html", "pdf") if name in ("html", *options.formats))


def _unchanged(
    spec: ReportSpec, recorded: Mapping[str, Any], on_done: Callable[[ReportResult], None]
) -> ReportResult:
    title = str(recorded[spec.id].get("title", ""))
    result = ReportResult(spec.id, spec.kind, "unchanged", 0.0, "", title)
    on_done(result)
    return result


def _run(
    options: BuildOptions,
    registry: Registry,
    specs: Sequence[ReportSpec],
    work: Path,
    on_done: Callable[[ReportResult], None],
) -> dict[str, ReportResult]:
    data = work.resolve() / "data"
    data.mkdir()
    store(registry, data)
    return {result.id: result for result in _reports(options, specs, work, data, on_done)}


def _reports(
    options: BuildOptions,
    specs: Sequence[ReportSpec],
    work: Path,
    data: Path,
    on_done: Callable[[ReportResult], None],
) -> tuple[ReportResult, ...]:
    pdf = "pdf" in options.formats
    works = [
        Work(spec, work / f"{spec.id}.ipynb", options.engine, options.cell_timeout, pdf) for spec in specs
    ]
    tasks = [Task(make, (w,), options.report_timeout, options.memory_limit * 2**20) for w in works]
    # The folder goes by a variable and not in the notebook: no path is to land there.
    crew = warm.crew(options.engine, {DATA_VARIABLE: str(data)}, pdf)
    results: dict[int, ReportResult] = {}
    try:
        for number, outcome in run(tasks, options.jobs, crew):
            results[number] = _result(works[number], outcome, options, work)
            on_done(results[number])
    finally:
        crew.stop()
    return tuple(results[number] for number in range(len(specs)))


def _result(made: Work, outcome: Outcome, options: BuildOptions, work: Path) -> ReportResult:
    """Put a report's files in place and say what became of it."""
    spec = made.spec
    done = conclude(made, outcome)
    _place(spec, options, work, made.path, failed=done.failure is not None)
    status = "built" if done.failure is None else "failed"
    return ReportResult(spec.id, spec.kind, status, outcome.seconds, str(done.failure or ""), done.title)


def _place(spec: ReportSpec, options: BuildOptions, work: Path, made: Path, *, failed: bool) -> None:
    """Move finished files into place; of a failed report only the partial notebook, set apart."""
    apart = options.out / "failed" / f"{spec.id}.ipynb"
    for suffix in (".html", ".pdf", ".ipynb"):
        source, target = made.with_suffix(suffix), options.out / f"{spec.id}{suffix}"
        if failed or (not source.exists() and suffix == ".pdf"):
            target.unlink(missing_ok=True)
        elif source.exists():
            target.parent.mkdir(parents=True, exist_ok=True)
            source.replace(target)
    if failed and made.exists():
        apart.parent.mkdir(parents=True, exist_ok=True)
        made.replace(apart)
    elif not failed:
        apart.unlink(missing_ok=True)
