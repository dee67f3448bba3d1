"""Building reports: each is made elsewhere and moved into place whole; none stops the others."""

from __future__ import annotations

import hashlib
import json
import os
import tempfile
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import nbformat

from kuzbass_lean import __version__
from kuzbass_lean.intake import DATA_VARIABLE, store
from kuzbass_lean.press import convert, site
from kuzbass_lean.press.engine import Failure, execute
from kuzbass_lean.press.plan import ReportSpec
from kuzbass_lean.registry import Registry

_ENVIRONMENT = {
    "MPLBACKEND": "module://matplotlib_inline.backend_inline",
    "OMP_NUM_THREADS": "1",
    "PYTHONHASHSEED": "0",
    "PYDEVD_DISABLE_FILE_VALIDATION": "1",
    "SOURCE_DATE_EPOCH": "0",
}


@dataclass(frozen=True, slots=True)
class BuildOptions:
    """Where pages go, which formats, how many at a time, and how long a cell may run."""

    out: Path
    formats: tuple[str, ...] = ("html",)
    jobs: int = 2
    cell_timeout: int = 600
    as_of: str = ""


@dataclass(frozen=True, slots=True)
class ReportResult:
    """What became of one report."""

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
    """Build the reports, then the index, the figures and the manifest.

    A notebook that fails leaves its partial copy under ``failed/`` and no page, not even an
    older one, so that nothing half made or stale looks finished.

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
    with tempfile.TemporaryDirectory(prefix=".work-", dir=options.out) as folder:
        work = Path(folder)
        with _environment(registry, work), ThreadPoolExecutor(options.jobs) as pool:
            results = tuple(pool.map(lambda spec: _report(spec, options, work, on_done), specs))
        site.write(options.out, registry, results, options.as_of, work)
    _manifest(options, registry, specs, results)
    return results


@contextmanager
def _environment(registry: Registry, work: Path) -> Iterator[None]:
    """Tell the kernels where the validated registry lies, by a variable and not in the notebook."""
    data = work.resolve() / "data"
    data.mkdir()
    store(registry, data)
    wanted = {**_ENVIRONMENT, DATA_VARIABLE: str(data)}
    before = {name: os.environ.get(name) for name in wanted}
    os.environ.update(wanted)
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                os.environ.pop(name, None)
            else:
                os.environ[name] = value


_local = threading.local()


def _exporter() -> convert.ReportExporter:
    if not hasattr(_local, "exporter"):
        _local.exporter = convert.ReportExporter()
    exporter: convert.ReportExporter = _local.exporter
    return exporter


def _report(
    spec: ReportSpec, options: BuildOptions, work: Path, on_done: Callable[[ReportResult], None]
) -> ReportResult:
    started = time.monotonic()
    made = work / f"{spec.id}.ipynb"
    title = ""
    try:
        failure = execute(spec, made, options.cell_timeout)
        if failure is None:
            title = _convert(spec, options, made)
    except Exception as error:  # one report must never stop the others, whatever it did
        failure = Failure(None, f"{type(error).__name__}: {error}")
    _place(spec, options, work, made, failed=failure is not None)
    seconds = time.monotonic() - started
    status = "built" if failure is None else "failed"
    result = ReportResult(spec.id, spec.kind, status, seconds, str(failure or ""), title)
    on_done(result)
    return result


def _convert(spec: ReportSpec, options: BuildOptions, made: Path) -> str:
    notebook = nbformat.read(made, as_version=4)
    html = convert.to_html(_exporter(), notebook)
    made.with_suffix(".html").write_text(html, encoding="utf-8", newline="")
    if "pdf" in options.formats:
        made.with_suffix(".pdf").write_bytes(convert.to_pdf(html))
    return convert.first_heading(notebook)


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


def _manifest(
    options: BuildOptions,
    registry: Registry,
    specs: Sequence[ReportSpec],
    results: Sequence[ReportResult],
) -> None:
    """Write what the build was made from; reports built earlier keep their entries."""
    path = options.out / "manifest.json"
    reports: dict[str, Any] = {}
    if path.exists():
        reports = json.loads(path.read_text(encoding="utf-8")).get("reports", {})
    for spec, result in zip(specs, results, strict=True):
        reports.pop(spec.id, None)
        if result.status == "built":
            reports[spec.id] = _entry(options, registry, spec)
    document = {"version": __version__, "reports": dict(sorted(reports.items()))}
    text = json.dumps(document, ensure_ascii=False, indent=1, sort_keys=True) + "\n"
    _write(path, text)


def _entry(options: BuildOptions, registry: Registry, spec: ReportSpec) -> Mapping[str, Any]:
    files = [options.out / f"{spec.id}{suffix}" for suffix in (".html", ".ipynb", ".pdf")]
    return {
        "registry": registry.digest,
        "notebook": _sha256(spec.notebook),
        "parameters": dict(spec.parameters),
        "outputs": {f.name: _sha256(f) for f in files if f.exists()},
    }


def _sha256(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


def _write(path: Path, text: str) -> None:
    fresh = path.with_name(f".{path.name}.new")
    fresh.write_text(text, encoding="utf-8", newline="")
    fresh.replace(path)
