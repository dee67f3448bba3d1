"""Building a site: what is stale is made beside it, and the whole takes the old one's place."""

from __future__ import annotations

import errno
import filecmp
import os
import shutil
import tempfile
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path, PurePosixPath
from typing import Any

from kuzbass_lean import views
from kuzbass_lean.errors import CapabilityError
from kuzbass_lean.intake import DATA_VARIABLE, store
from kuzbass_lean.press import convert, fresh, manifest, since, site, warm
from kuzbass_lean.press.engine import default_engine
from kuzbass_lean.press.plan import ReportSpec
from kuzbass_lean.press.pool import Crew, Outcome, Task, run
from kuzbass_lean.press.report import Work, conclude, make
from kuzbass_lean.registry import Registry
from kuzbass_lean.runs import Run, Site, lock, publish

_SPARE = 64 * 2**20
"""Bytes that must stay free on the disk."""
_A_REPORT = 2**20
"""Bytes to reckon with for a report, its notebook and its PDF."""


@dataclass(frozen=True, slots=True)
class BuildOptions:
    """Where pages go, which formats, how many at a time, on which engine and within which limits.

    Times are in seconds; ``memory_limit`` is in megabytes, what a report may take on top of what
    it starts with, 0 for any amount. ``whole`` says that nothing was left out of the plan, so that
    pages that the params files ask for no more leave the site. ``retries`` is how often a report
    whose process died is tried again, ``wait`` how long another build in the folder may still
    take, ``keep`` how many old sites are kept, ``notify`` a command that is told the summary.
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
    whole: bool = False
    retries: int = 1
    wait: float = 0
    keep: int = 7
    notify: str = ""


@dataclass(frozen=True, slots=True)
class ReportResult:
    """What became of one report: ``built``, ``unchanged`` or ``failed``."""

    id: str
    kind: str
    status: str
    seconds: float
    error: str = ""
    title: str = ""


Listener = Callable[[ReportResult], None]


def build(
    options: BuildOptions,
    registry: Registry,
    specs: Sequence[ReportSpec],
    on_done: Listener = lambda result: None,
) -> tuple[ReportResult, ...]:
    """Build the stale reports and publish the site: a whole new one, or the old one stays.

    A report that is as it would be now is left as it is (``fresh``). A notebook that fails
    leaves its partial copy under ``failed/`` and no page, not even an older one, so that
    nothing half made or stale looks finished. What a build that was cut off had finished is
    taken over.

    Returns
    -------
    tuple of ReportResult
        One per report, in the order of ``specs``.

    Raises
    ------
    CapabilityError
        Another build is at work here, the disk is full, or PDF is asked for and cannot be made.
    """
    if "pdf" in options.formats:
        convert.require_pdf()
    place = Site(options.out)
    with lock.held(place.runs / "lock", options.wait):
        begun = Run.begin(place, options.notify, options.keep)
        try:
            done = _Build(options, registry, tuple(specs), on_done, place, begun)
            results = done.make()
            outcome, about = done.publish(results)
        except BaseException as error:
            stopped = isinstance(error, KeyboardInterrupt)
            begun.end("stopped" if stopped else "refused", {"error": f"{type(error).__name__}: {error}"})
            raise
        begun.end(outcome, about, [result.id for result in results if result.status == "failed"])
    return results


class _Build:
    """One build of one site: what is stale, what was finished before, and where it all goes."""

    def __init__(
        self,
        options: BuildOptions,
        registry: Registry,
        specs: tuple[ReportSpec, ...],
        on_done: Listener,
        place: Site,
        begun: Run,
    ) -> None:
        self.options, self.registry, self.specs, self.on_done = options, registry, specs, on_done
        self.place, self.run = place, begun
        self.recorded = manifest.reports(place.out)
        self.reads = fresh.Reads(registry, self.recorded)
        formats = tuple(name for name in ("html", "pdf") if name in ("html", *options.formats))
        self.now = {spec.id: fresh.made_from(spec, self.reads, formats) for spec in specs}
        self.stale = [spec for spec in specs if options.force or self._reasons(spec)]
        self.entries: dict[str, dict[str, Any]] = {}
        data = {name: made.data for name, made in self.now.items()}
        self.before = since.earlier(place.out, self.recorded, data)

    def _reasons(self, spec: ReportSpec) -> tuple[str, ...]:
        return fresh.reasons(self.recorded.get(spec.id), self.now[spec.id], self.place.out)

    def make(self) -> tuple[ReportResult, ...]:
        """Make what is stale and was not finished by a build that was cut off."""
        taken = self._taken_over()
        missing = [spec for spec in self.stale if spec.id not in taken]
        self._check_space(len(missing))
        done = {}
        for spec in self.specs:
            if spec not in self.stale:
                title = str(self.recorded[spec.id].get("title", ""))
                done[spec.id] = ReportResult(spec.id, spec.kind, "unchanged", 0.0, "", title)
            elif spec.id in taken:
                title = str(taken[spec.id].get("title", ""))
                done[spec.id] = ReportResult(spec.id, spec.kind, "built", 0.0, "", title)
        for result in done.values():
            self.on_done(result)
        if missing:
            done |= {result.id: result for result in self._reports(missing)}
        return tuple(done[spec.id] for spec in self.specs)

    def _taken_over(self) -> Mapping[str, Any]:
        noted = {} if self.options.force else self.run.done()
        staged = self.place.staged
        self.entries = {
            spec.id: dict(noted[spec.id])
            for spec in self.stale
            if spec.id in noted and not fresh.reasons(noted[spec.id], self.now[spec.id], staged)
        }
        publish.leave(staged, [Path(name) for entry in self.entries.values() for name in entry["outputs"]])
        return dict(self.entries)

    def _check_space(self, reports: int = 0, *, full: bool = False) -> None:
        free = shutil.disk_usage(self.place.runs).free
        needed = _SPARE + reports * _A_REPORT
        if full or free < needed:
            raise CapabilityError(
                f"the disk of {self.options.out} is full: {free >> 20} MB are left, {needed >> 20} MB are "
                "needed; make room and build again, what is finished is kept"
            )

    def _reports(self, specs: Sequence[ReportSpec]) -> Iterator[ReportResult]:
        pdf = "pdf" in self.options.formats
        with tempfile.TemporaryDirectory(prefix=".work-", dir=self.place.staged) as folder:
            work, data = Path(folder), Path(folder) / "data"
            data.mkdir()
            store(self.registry, data)
            rows = {str(name): frame for name, frame in self.before.groupby("report")}
            works = [
                Work(spec, work / f"{spec.id}.ipynb", self.options.engine, self.options.cell_timeout, pdf,
                     rows.get(spec.id))
                for spec in specs
            ]  # fmt: skip
            # The folder goes by a variable and not in the notebook: no path is to land there.
            crew = warm.crew(self.options.engine, {DATA_VARIABLE: str(data)}, pdf)
            try:
                for made, outcome, tries in self._outcomes(works, crew):
                    yield self._result(made, outcome, tries)
            finally:
                crew.stop()

    def _outcomes(self, works: Sequence[Work], crew: Crew) -> Iterator[tuple[Work, Outcome, int]]:
        """Run the reports; one whose process died is tried again, for that may have been chance."""
        waiting = list(works)
        for tries in range(1, self.options.retries + 2):
            limits = self.options.report_timeout, self.options.memory_limit * 2**20
            tasks, again = [Task(make, (work,), *limits) for work in waiting], []
            for number, outcome in run(tasks, self.options.jobs, crew):
                if outcome.died and tries <= self.options.retries:
                    again.append(waiting[number])
                    self.run.log({"event": "again", "report": waiting[number].spec.id, "why": outcome.died})
                else:
                    yield waiting[number], outcome, tries
            waiting = again

    def _result(self, made: Work, outcome: Outcome, tries: int) -> ReportResult:
        """Put a report's files in place and say what became of it."""
        spec, done = made.spec, conclude(made, outcome)
        error = str(done.failure or "")
        self._check_space(full=os.strerror(errno.ENOSPC) in error)
        self._place(spec, made.path, failed=done.failure is not None)
        status = "failed" if error else "built"
        if not error:
            day = str(views.report_date(self.registry, str(spec.parameters.get("as_of", ""))))
            entry = manifest.entry(self.place.staged, spec, done.title, day, self.now[spec.id])
            self.entries[spec.id] = entry
            self.run.note(spec.id, entry)
        told = {"report": spec.id, "status": status, "seconds": round(outcome.seconds, 2), "tries": tries}
        self.run.log({"event": "report", **told, "error": error})
        result = ReportResult(spec.id, spec.kind, status, outcome.seconds, error, done.title)
        self.on_done(result)
        return result

    def _place(self, spec: ReportSpec, made: Path, *, failed: bool) -> None:
        """Move finished files into place; of a failed report only the partial notebook, set apart."""
        if failed:
            apart = self.place.staged / "failed" / f"{spec.id}.ipynb"
            apart.parent.mkdir(parents=True, exist_ok=True)
            made.replace(apart)
            return
        for suffix in (".html", ".pdf", ".ipynb"):
            source, target = made.with_suffix(suffix), self.place.staged / f"{spec.id}{suffix}"
            if source.exists():
                target.parent.mkdir(parents=True, exist_ok=True)
                source.replace(target)

    def publish(self, results: Sequence[ReportResult]) -> tuple[str, Mapping[str, Any]]:
        """Put the whole site together and, if it is another than the published one, publish it."""
        staged, gone = self.place.staged, self._gone()
        recorded = {name: entry for name, entry in self.recorded.items() if name not in gone}
        states = {**dict.fromkeys(gone, "gone"), **{result.id: result.status for result in results}}
        publish.bring(self.place.out, staged, lambda name: _stays(name, states))
        with tempfile.TemporaryDirectory(prefix=".work-", dir=staged) as folder:
            site.write(staged, self.registry, results, self.options.as_of, Path(folder))
        self.before[self.before["report"].isin([*recorded, *self.entries])].to_parquet(
            staged / "data" / f"{since.PREVIOUS}.parquet", index=False
        )
        manifest.write(staged, self.reads.whole, self.specs, results, self.entries, recorded)
        changed = since.changes(since.kept(self.place.out), since.kept(staged))
        changed = tuple(change for change in changed if change.old and change.new)
        levels = [asdict(change) for change in changed if change.name.startswith(since.LEVELS)]
        about = {
            "reports": dict(sorted(Counter(states.values()).items())),
            "registry": self.registry.digest,
            "as_of": self.options.as_of or str(self.registry.as_of),
            "changes": {"figures": len(changed), "levels": levels},
        }
        if _same(staged, self.place.out):
            outcome = "unchanged"
        else:
            self.run.publish()
            outcome = "published"
        failed = any(result.status == "failed" for result in results)
        return ("failed" if failed else outcome), about

    def _gone(self) -> set[str]:
        """Return the pages that left: the params file that asked for them asks for them no more."""
        if not self.options.whole:
            return set()
        asked, files = {spec.id for spec in self.specs}, {spec.params for spec in self.specs}
        return {
            name
            for name, entry in self.recorded.items()
            if name not in asked and entry.get("params") in files
        }


_ANEW = ("index.html", "manifest.json", "ro-crate-metadata.json")
"""What every build writes; so is the folder ``data``."""


def _stays(name: Path, states: Mapping[str, str]) -> bool:
    """Whether a file of the published site belongs into the next one."""
    parts = name.parts[1:] if name.parts[0] == "failed" else name.parts
    if name.as_posix() in _ANEW or name.parts[0] == "data" or not parts:
        return False
    report = PurePosixPath(*parts).with_suffix("").as_posix()
    return states.get(report, "unchanged") == "unchanged"


def _same(one: Path, other: Path) -> bool:
    """Whether two sites hold the same; files that are one on the disk need no reading."""
    names = list(publish.files(one))
    if not other.is_dir() or names != list(publish.files(other)):
        return False
    return all(filecmp.cmp(one / name, other / name) for name in names)
