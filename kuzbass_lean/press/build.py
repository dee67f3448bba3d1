"""Building a site: what is stale is made beside it, and the whole takes the old one's place."""

from __future__ import annotations

import errno
import os
import shutil
import tempfile
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath
from typing import Any

from kuzbass_lean import views
from kuzbass_lean.errors import CapabilityError
from kuzbass_lean.intake import DATA_VARIABLE, store
from kuzbass_lean.press import digests, fresh, manifest, since, site
from kuzbass_lean.press.crew import default_engine, hire
from kuzbass_lean.press.paper import require_pdf
from kuzbass_lean.press.plan import ReportSpec
from kuzbass_lean.press.pool import Crew, Loader, Outcome, Task, run
from kuzbass_lean.press.work import MAKE, Made, ReportResult, Work
from kuzbass_lean.registry import Registry
from kuzbass_lean.runs import Run, Site, lock, publish
from kuzbass_lean.runs.run import WORK

_SPARE = 64 * 2**20
"""Bytes that must stay free on the disk."""
_A_REPORT = 2**20
"""Bytes to reckon with for a report, its notebook and its PDF."""
_FULL = (errno.ENOSPC, errno.EDQUOT)


@dataclass(frozen=True, slots=True)
class BuildOptions:
    """Where pages go, which formats, how many at a time, on which engine and within which limits.

    Times are in seconds; ``memory_limit`` is in megabytes, what a report may take on top of what
    it starts with, 0 for any amount. ``whole`` says that nothing was left out of the plan, so that
    pages that the params files ask for no more leave the site. ``retries`` is how often a report
    whose process died is tried again, ``wait`` how long another build in the folder may still
    take, ``keep`` how many old sites are kept, ``notify`` a command that is told the summary.
    ``dask`` is the address of a cluster's scheduler; left out, the reports are made here.
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
    dask: str = ""


Listener = Callable[[ReportResult], None]


def build(
    options: BuildOptions,
    registry: Registry,
    specs: Sequence[ReportSpec],
    on_done: Listener = lambda result: None,
    on_whole: Callable[[], None] = lambda: None,
    crew: Loader | None = None,
) -> tuple[ReportResult, ...]:
    """Build the stale reports and publish the site: a whole new one, or the old one stays.

    A report that is as it would be now is left as it is (``fresh``). A notebook that fails
    leaves its partial copy under ``failed/`` and no page, not even an older one, so that
    nothing half made or stale looks finished. What a build that was cut off had finished is
    taken over.

    Parameters
    ----------
    on_whole
        Called when every report stands in the published site, before another build may touch it.
    crew
        Who is to make the reports, hired for these options and loading already; left out, who is
        hired here. The build ends it.

    Returns
    -------
    tuple of ReportResult
        One per report, in the order of ``specs``.

    Raises
    ------
    CapabilityError
        Another build is at work here, the disk is full or cannot be written, or PDF is asked for
        and cannot be made.
    """
    if "pdf" in options.formats:
        require_pdf()
    place = Site(options.out)
    place.check()
    with lock.held(place.lock, options.wait):
        begun = Run.begin(place)
        try:
            work = _Build(options, registry, tuple(specs), on_done, place, begun, crew)
            results = work.make()
            about = work.assemble(results)
            failed = [result.id for result in results if result.status == "failed"]
            begun.publish(about, failed, options.keep)
            if not failed:
                on_whole()
        except BaseException as error:
            if not begun.line:
                outcome = "refused" if isinstance(error, Exception) else "stopped"
                begun.stop(outcome, f"{type(error).__name__}: {error}")
            raise
        finally:
            begun.tell(options.notify)
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
        crew: Loader | None,
    ) -> None:
        self.options, self.registry, self.specs, self.on_done = options, registry, specs, on_done
        self.place, self.run, self.crew = place, begun, crew
        self.recorded, self.failed = manifest.reports(place.out), manifest.failed(place.out)
        self.reads = fresh.Reads(registry, self.recorded)
        self.formats = tuple(name for name in ("html", "pdf") if name in ("html", *options.formats))
        self.known: dict[str, fresh.MadeFrom] = {}
        # What may change while reports are made is looked at before; the registry is ours.
        digests.program()
        for spec in specs:
            fresh.notebook_digest(spec.notebook)
        self.stale = [spec for spec in specs if options.force or self._is_stale(spec)]
        self.entries: dict[str, dict[str, Any]] = {}
        data = {spec.id: self._now(spec).data for spec in specs if spec.id in self.recorded}
        self.before = since.earlier(place.out, self.recorded, data)

    def _now(self, spec: ReportSpec) -> fresh.MadeFrom:
        """Return what a report would be made from; reckoned when first asked for."""
        if spec.id not in self.known:
            self.known[spec.id] = fresh.made_from(spec, self.reads, self.formats)
        return self.known[spec.id]

    def _is_stale(self, spec: ReportSpec) -> bool:
        recorded = self.recorded.get(spec.id)
        return recorded is None or bool(fresh.reasons(recorded, self._now(spec), self.place.out))

    def make(self) -> tuple[ReportResult, ...]:
        """Make what is stale and was not finished by a build that was cut off."""
        taken = self._taken_over()
        missing = [spec for spec in self.stale if spec.id not in taken]
        self._check_space(len(missing))
        done = {}
        stale = {spec.id for spec in self.stale}
        for spec in self.specs:
            if spec.id not in stale:
                done[spec.id] = _known(spec.id, "unchanged", self.recorded[spec.id])
            elif spec.id in taken:
                done[spec.id] = _known(spec.id, "built", taken[spec.id])
        for result in done.values():
            self.on_done(result)
        if missing:
            done |= {result.id: result for result in self._reports(missing)}
        return tuple(done[spec.id] for spec in self.specs)

    def _taken_over(self) -> Mapping[str, Any]:
        """Return the entries of what lies finished in the staged site; nothing else stays there."""
        noted, staged = {} if self.options.force else self.run.finished, self.place.staged
        self.entries = {
            spec.id: dict(noted[spec.id])
            for spec in self.stale
            if spec.id in noted and not fresh.reasons(noted[spec.id], self._now(spec), staged)
        }
        staged.mkdir(exist_ok=True)
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
        with self._folder() as work:
            data = work / "data"
            data.mkdir()
            store(self.registry, data)
            rows = {str(name): frame for name, frame in self.before.groupby("report")}
            works = [
                Work(spec, work / f"{spec.id}.ipynb", self.options.engine, self.options.cell_timeout, pdf,
                     rows.get(spec.id))
                for spec in specs
            ]  # fmt: skip
            crew = self._crew(data, pdf)
            try:
                for spec in specs:
                    self._now(spec)  # while the crew loads and nobody else has need of this processor
                for made, outcome, tries in self._outcomes(works, crew):
                    yield self._result(made, outcome, tries)
            finally:
                crew.stop()

    @contextmanager
    def _folder(self) -> Iterator[Path]:
        """Give a folder to work in, on the disk of the site but no part of it."""
        runs = self.place.runs
        with tempfile.TemporaryDirectory(prefix=WORK, dir=runs, ignore_cleanup_errors=True) as name:
            yield Path(name)

    def _crew(self, data: Path, pdf: bool) -> Crew:
        options = self.options
        crew = self.crew or hire(options.engine, pdf, options.as_of, options.dask)
        # The folder goes by a variable and not in the notebook: no path is to land there.
        crew.tell({DATA_VARIABLE: str(data)})
        return crew

    def _outcomes(self, works: Sequence[Work], crew: Crew) -> Iterator[tuple[Work, Outcome, int]]:
        """Run the reports; one whose process died is tried again, for that may have been chance."""
        waiting = list(works)
        for tries in range(1, self.options.retries + 2):
            limits = self.options.report_timeout, self.options.memory_limit * 2**20
            tasks, again = [Task(MAKE, (work,), *limits) for work in waiting], []
            for number, outcome in run(tasks, self.options.jobs, crew):
                if outcome.died and tries <= self.options.retries:
                    again.append(waiting[number])
                    self.run.log("again", report=waiting[number].spec.id, why=outcome.died)
                else:
                    yield waiting[number], outcome, tries
            waiting = again

    def _result(self, made: Work, outcome: Outcome, tries: int) -> ReportResult:
        """Put a report's files in place and say what became of it."""
        spec, done = made.spec, _concluded(made, outcome)
        error = str(done.failure or "")
        self._check_space(full=any(os.strerror(number) in error for number in _FULL))
        self._place(spec, made.path, failed=done.failure is not None)
        status, entry = "failed" if error else "built", None
        if not error:
            day = str(views.report_date(self.registry, str(spec.parameters.get("as_of", ""))))
            entry = manifest.entry(self.place.staged, spec, done.title, day, self._now(spec), made.before)
            self.entries[spec.id] = entry
        took = round(outcome.seconds, 2)
        self.run.log(
            "report", report=spec.id, status=status, seconds=took, tries=tries, error=error, entry=entry
        )
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

    def assemble(self, results: Sequence[ReportResult]) -> Mapping[str, Any]:
        """Put the whole site together; return what there is to tell of the run."""
        staged, gone = self.place.staged, self._gone()
        recorded = {name: entry for name, entry in self.recorded.items() if name not in gone}
        states = {**dict.fromkeys(gone, "gone"), **{result.id: result.status for result in results}}
        failed = {name: entry for name, entry in self.failed.items() if name not in states}
        pages = {str(name) for entry in recorded.values() for name in entry.get("outputs", ())}
        publish.bring(self.place.out, staged, lambda name: _stays(name, states), pages)
        with self._folder() as work:
            told = [*results, *(_known(name, "failed", entry) for name, entry in failed.items())]
            site.write(staged, self.registry, told, self.options.as_of, work)
        since.keep(staged, self.before[~self.before["report"].isin(gone)])
        manifest.write(
            manifest.Built(staged, self.place.out, self.registry, self.reads.whole, self.options.as_of,
                           self.specs, results, self.entries, recorded, failed)
        )  # fmt: skip
        return {
            "reports": dict(sorted(Counter(states.values()).items())),
            "registry": self.registry.digest,
            "as_of": self.options.as_of or str(self.registry.as_of),
            "changes": since.told(since.changes(since.kept(self.place.out), since.kept(staged))),
        }

    def _gone(self) -> set[str]:
        """Return the pages that left: the params file that asked for them asks for them no more."""
        if not self.options.whole:
            return set()
        asked, files = {spec.id for spec in self.specs}, {spec.params for spec in self.specs}
        return {
            name
            for name, entry in (*self.recorded.items(), *self.failed.items())
            if name not in asked and entry.get("params") in files
        }


def _concluded(work: Work, outcome: Outcome) -> Made:
    """Return what a report's process made; if it died, write that into the partial notebook."""
    if outcome.died:
        from kuzbass_lean.press.engine import bury  # loads papermill, and mostly no report has died

        return Made(failure=bury(work.spec, work.path, outcome.died))
    made: Made = outcome.value
    return made


def _known(name: str, status: str, entry: Mapping[str, Any]) -> ReportResult:
    """Return the result of a report that this build need not make, from the record of an earlier one."""
    told = {key: str(entry.get(key, "")) for key in ("kind", "error", "title")}
    return ReportResult(name, told["kind"], status, 0.0, told["error"], told["title"])


_ANEW = ("index.html", "manifest.json", "ro-crate-metadata.json")
"""What every build writes; so is the folder ``data``."""


def _stays(name: Path, states: Mapping[str, str]) -> bool:
    """Whether a file of the published site belongs into the next one."""
    parts = name.parts[1:] if name.parts[0] == "failed" else name.parts
    if name.as_posix() in _ANEW or name.parts[0] == "data" or not parts:
        return False
    report = PurePosixPath(*parts).with_suffix("").as_posix()
    return states.get(report, "unchanged") == "unchanged"
