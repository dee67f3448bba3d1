"""One build as a run: its number, its log, what it takes over from one that was cut off, how it ends."""

from __future__ import annotations

import shutil
import signal
import threading
import time
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from kuzbass_lean.errors import CapabilityError
from kuzbass_lean.runs import lines, lock, publish
from kuzbass_lean.runs.history import (
    KEEP,
    OVER,
    history,
    last_number,
    logs,
    number,
    prune,
    published,
    record,
)
from kuzbass_lean.runs.notify import tell
from kuzbass_lean.runs.publish import Site


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="seconds")


@dataclass
class Run:
    """One build of a site that is locked.

    Its log is the journal too: a run that has a log and no line in the history was cut off.
    Numbers rise by one; nothing is ordered by a clock, which may be set back between two runs.

    Parameters
    ----------
    finished
        The reports that lie finished in the staged site, by id: an entry of the manifest each.
    replaces
        The number of the run whose site is the published one.
    """

    site: Site
    number: str
    replaces: str
    finished: Mapping[str, Mapping[str, Any]]
    started: str = field(default_factory=lambda: _now())
    line: Mapping[str, Any] = field(default_factory=dict)
    """How the run ended, as the history tells it; empty until then."""
    _begun: float = field(default_factory=time.monotonic)

    @classmethod
    def begin(cls, site: Site) -> Run:
        """Begin a run, after finishing and recording what the last one left."""
        newest = logs(site)[-1:]
        journal = lines.read(newest[0]) if newest else []
        past = _settle_last(site, newest[0].stem, journal) if journal else history(site)
        over = not past or past[-1]["outcome"] in OVER
        finished = {} if over else _finished(journal)
        run = cls(site, number(last_number(site, past) + 1), published(past), finished)
        taken = [{"event": "report", "report": name, "status": "taken over", "entry": entry}
                 for name, entry in finished.items()]  # fmt: skip
        begun = {"event": "begin", "run": run.number, "time": run.started}
        lines.write(run._log, [begun, *({"time": run.started, **line} for line in taken)])
        for folder in site.runs.glob(f"{WORK}*"):
            shutil.rmtree(folder, ignore_errors=True)
        return run

    @property
    def _log(self) -> Path:
        return self.site.runs / "logs" / f"{self.number}.jsonl"

    def log(self, event: str, **about: Any) -> None:
        """Add a line to the run's log.

        A report that lies finished in the staged site has its ``entry`` there: if this run is cut
        off, the next one takes it over.
        """
        lines.append(self._log, {"time": _now(), "event": event, **about})

    def publish(self, about: Mapping[str, Any], failed: Sequence[str] = (), keep: int = KEEP) -> None:
        """Put the staged site in place of the published one, if it is another, and end the run."""
        new = publish.digest(self.site.staged)
        changed = not self.site.out.is_dir() or publish.digest(self.site.out) != new
        outcome = "failed" if failed else "published" if changed else "unchanged"
        line = self._line(outcome, published=changed, **about, failed=sorted(failed))
        with _undisturbed():
            if changed:
                self.log("publish", site=new, replaces=self.replaces, line=line)
                publish.publish(self.site, self.replaces)
            else:
                shutil.rmtree(self.site.staged)
            self._end(line, keep)

    def unchanged(self, reports: int, keep: int = KEEP) -> None:
        """End a run that had nothing to do."""
        shutil.rmtree(self.site.staged, ignore_errors=True)
        self._end(self._line("unchanged", published=False, reports={"unchanged": reports}), keep)

    def stop(self, outcome: str, error: str) -> None:
        """End a run that published nothing: ``stopped`` or ``refused``; what is finished stays for the next.

        That it cannot be recorded (the disk is full) is not said, for there is an error to be said already.
        """
        with suppress(OSError):
            self._end(self._line(outcome, published=False, error=error, failed=[]))

    def tell(self, command: str) -> None:
        """Tell how the run ended, by a command of the office's."""
        trouble = tell(command, self.site.out, self.line) if command and self.line else ""
        if trouble:
            with suppress(OSError):
                self.log("notify", error=trouble)

    def _line(self, outcome: str, **about: Any) -> dict[str, Any]:
        seconds = round(time.monotonic() - self._begun, 1)
        times = {"started": self.started, "ended": _now(), "seconds": seconds}
        return {"run": self.number, **times, "outcome": outcome, **about}

    def _end(self, line: Mapping[str, Any], keep: int | None = None) -> None:
        self.line = line
        record(self.site, line)
        self.log("end", outcome=line["outcome"])
        if keep is not None:
            prune(self.site, keep)


WORK = "work-"
"""How the folders begin in which reports are made."""


def _settle_last(site: Site, run: str, journal: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """Finish and record what the last run left; return the history."""
    last = next((line for line in reversed(journal) if line.get("event") == "publish"), None)
    if last is not None:
        publish.recover(site, str(last["replaces"]), str(last["site"]))
    past = history(site)
    if journal[-1]["event"] == "end" or run in {line["run"] for line in past}:
        return past
    if last is not None and publish.digest(site.out) == last["site"]:
        record(site, last["line"])
    else:
        states = Counter(str(line["status"]) for line in journal if line.get("event") == "report")
        times = {"started": journal[0]["time"], "ended": journal[-1]["time"]}
        about = {"outcome": "interrupted", "published": False, "reports": dict(sorted(states.items()))}
        record(site, {"run": run, **times, **about, "failed": []})
    return history(site)


def _finished(journal: Sequence[Mapping[str, Any]]) -> dict[str, Mapping[str, Any]]:
    """Return the reports whose last word in a log is that they are finished."""
    entries = {line["report"]: line.get("entry") for line in journal if line.get("event") == "report"}
    return {name: entry for name, entry in entries.items() if entry}


@contextmanager
def _undisturbed() -> Iterator[None]:
    """Hold back requests to stop: publishing takes a moment, and half of it would be hard to tell of."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    came: list[int] = []
    numbers = (signal.SIGINT, signal.SIGTERM)
    handlers = {each: signal.signal(each, lambda got, frame: came.append(got)) for each in numbers}
    try:
        yield
    finally:
        for each, handler in handlers.items():
            signal.signal(each, handler if handler is not None else signal.SIG_DFL)
        for got in came:
            signal.raise_signal(got)


def refused(site: Site, error: str, command: str = "") -> None:
    """Note a run that was refused before it began: by an office's schedule, or where there has been one."""
    if command or (site.runs / "history.jsonl").exists():
        with suppress(CapabilityError, OSError), lock.held(site.lock):
            run = Run.begin(site)
            run.stop("refused", error)
            run.tell(command)


def unchanged(site: Site, reports: int, command: str = "", keep: int = KEEP) -> None:
    """Note a run that had nothing to do; not while another is at work, nor where nothing can be written."""
    with suppress(CapabilityError, OSError), lock.held(site.lock):
        run = Run.begin(site)
        run.unchanged(reports, keep)
        run.tell(command)
