"""What is known of the builds of a site: the journal of the one at work, and the history of the others.

All of it lies beside the site, in ``OUT.runs``: times and durations belong to runs and not to pages.
"""

from __future__ import annotations

import hashlib
import json
import os
import shlex
import shutil
import subprocess
import time
from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from kuzbass_lean.errors import CapabilityError
from kuzbass_lean.runs import lock, publish
from kuzbass_lean.runs.publish import MANIFEST, Site

SUCCESS = ("published", "unchanged")
"""How a run ends well. Others: failed (reports failed), refused, stopped, interrupted."""
_MONTHS = 12
_MINUTE = 60


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="seconds")


@dataclass
class Run:
    """One build: its number, its journal, its log.

    Numbers rise by one; nothing is ordered by a clock, which may be set back between two runs.
    """

    site: Site
    number: str
    notify: str = ""
    keep: int = 7
    started: str = field(default_factory=_now)
    _begun: float = field(default_factory=time.monotonic)

    @classmethod
    def begin(cls, site: Site, notify: str = "", keep: int = 7) -> Run:
        """Begin a run in a site that is locked, after finishing or noting what the last one left."""
        journal = read_journal(site)
        _recover(site, journal)
        if journal and journal[0].get("run") not in {line["run"] for line in history(site)}:
            _record(site, _cut_off(site, journal), failed=())
        run = cls(site, f"{_last_number(site) + 1:06}", notify, keep)
        site.staged.mkdir(parents=True, exist_ok=True)
        done = [line for line in journal if line.get("event") == "report"]
        lines = [{"event": "begin", "run": run.number, "started": run.started}, *done]
        _replace(_journal(site), "".join(_line(each) for each in lines))
        run.log({"event": "begin"})
        return run

    def done(self) -> dict[str, Mapping[str, Any]]:
        """Return the reports that lie finished in the staged site, by id."""
        lines = read_journal(self.site)
        return {str(line["id"]): line["entry"] for line in lines if line.get("event") == "report"}

    def note(self, name: str, entry: Mapping[str, Any]) -> None:
        """Note in the journal that a report lies finished in the staged site."""
        _append(_journal(self.site), {"event": "report", "id": name, "entry": entry})

    def publish(self) -> None:
        """Put the staged site in place of the published one."""
        _append(_journal(self.site), {"event": "publish", "manifest": _digest(self.site.staged)})
        publish.publish(self.site, _published(self.site))

    def log(self, event: Mapping[str, Any]) -> None:
        """Add a line to the run's log."""
        _append(self.site.runs / "logs" / f"{self.number}.jsonl", {"time": _now(), **event})

    def end(self, outcome: str, about: Mapping[str, Any], failed: Sequence[str] = ()) -> None:
        """Write the run into the history, prune, and tell the command that wants to know."""
        line = {
            "run": self.number,
            "started": self.started,
            "ended": _now(),
            "seconds": round(time.monotonic() - self._begun, 1),
            "outcome": outcome,
            **about,
        }
        self.log({"event": "end", "outcome": outcome})
        _record(self.site, line, failed)
        if outcome in (*SUCCESS, "failed"):
            _journal(self.site).unlink(missing_ok=True)
            shutil.rmtree(self.site.staged, ignore_errors=True)
        prune(self.site, self.keep)
        said = summary(line, failed)
        _replace(self.site.runs / "logs" / f"{self.number}.txt", said)
        trouble = tell(self.notify, self.site, line, said)
        if trouble:
            self.log({"event": "notify", "error": trouble})


def _recover(site: Site, journal: Sequence[Mapping[str, Any]]) -> None:
    """Finish a publication that was cut off; a folder that was already exchanged is the old site."""
    last = journal[-1] if journal else {}
    if last.get("event") != "publish" or not (site.staged / MANIFEST).exists():
        return
    if _digest(site.staged) == last.get("manifest"):
        publish.publish(site, _published(site))
    else:
        site.old(_published(site)).parent.mkdir(parents=True, exist_ok=True)
        shutil.rmtree(site.old(_published(site)), ignore_errors=True)
        site.staged.rename(site.old(_published(site)))


def _cut_off(site: Site, journal: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """Return the line of a run that was killed: it may have published before."""
    last = journal[-1]
    out = last.get("event") == "publish" and _digest(site.out) == last.get("manifest")
    line = {name: journal[0].get(name) for name in ("run", "started")}
    return {**line, "ended": line["started"], "outcome": "published" if out else "interrupted"}


def _digest(folder: Path) -> str:
    return hashlib.sha256((folder / MANIFEST).read_bytes()).hexdigest()


def _journal(site: Site) -> Path:
    return site.runs / "journal.jsonl"


def read_journal(site: Site) -> list[dict[str, Any]]:
    """Return the lines of the journal; one that was cut off in writing is none."""
    return _lines(_journal(site))


def history(site: Site) -> list[dict[str, Any]]:
    """Return every run, oldest first: number, times, outcome, counts and changes."""
    return _lines(site.runs / "history.jsonl")


def health(site: Site) -> dict[str, Any]:
    """Return what a monitor asks: the last run, the last success, failures since then; empty if none."""
    try:
        found = json.loads((site.runs / "health.json").read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return found if isinstance(found, dict) else {}


def refused(site: Site, error: str, notify: str = "") -> None:
    """Note a run that ended before it began, where there has been one before."""
    if (site.runs / "history.jsonl").exists():
        number = f"{_last_number(site) + 1:06}"
        line = {"run": number, "started": _now(), "ended": _now(), "outcome": "refused", "error": error}
        _record(site, line, failed=())
        tell(notify, site, line, summary(line))


def unchanged(site: Site, reports: int, notify: str = "") -> None:
    """Note a run that had nothing to do; not while another is at work, nor where nothing can be written."""
    with suppress(CapabilityError, OSError), lock.held(site.runs / "lock"):
        Run.begin(site, notify).end("unchanged", {"reports": {"unchanged": reports}})


def tell(command: str, site: Site, line: Mapping[str, Any], said: str) -> str:
    """Run the office's own command with the summary as its input; return why it failed, if it did.

    The command finds the outcome, the run's number and the folder in KUZBASS_LEAN_OUTCOME, _RUN
    and _OUT, and has a minute; nothing that it does is the build's business.
    """
    if not command:
        return ""
    about = {"OUTCOME": line["outcome"], "RUN": line["run"], "OUT": str(site.out)}
    environment = {**os.environ, **{f"KUZBASS_LEAN_{name}": str(value) for name, value in about.items()}}
    try:
        done = subprocess.run(
            shlex.split(command),
            input=said.encode(),
            env=environment,
            timeout=_MINUTE,
            capture_output=True,
        )
    except (OSError, ValueError, subprocess.SubprocessError) as error:
        return str(error)
    return "" if done.returncode == 0 else f"exit code {done.returncode}"


def summary(line: Mapping[str, Any], failed: Sequence[str] = ()) -> str:
    """Return a run in a few lines for a person."""
    counts = line.get("reports", {})
    said = [f"run {line['run']}: {line['outcome']}, {line.get('seconds', 0)} s, {line.get('ended', '')}"]
    if counts:
        said.append(", ".join(f"{count} {state}" for state, count in counts.items() if count))
    changes = line.get("changes", {})
    if changes:
        said.append(f"{changes['figures']} figures changed")
        said += [f"level of {each['report']}, {each['label']}: {each['old']} -> {each['new']}"
                 for each in changes["levels"]]  # fmt: skip
    said += [f"failed: {name}" for name in failed]
    if line.get("error"):
        said.append(str(line["error"]))
    return "\n".join(said) + "\n"


def prune(site: Site, keep: int) -> None:
    """Remove old sites but the last ``keep``, and of each of the last twelve months the last one."""
    folder = site.runs / "sites"
    runs = sorted(path.name for path in folder.iterdir()) if folder.is_dir() else []
    months = {line["run"]: str(line.get("ended", ""))[:7] for line in history(site)}
    last_of = {months.get(run, ""): run for run in runs}
    monthly = [last_of[month] for month in sorted(last_of, reverse=True)[:_MONTHS] if month]
    for run in runs:
        if run not in (*runs[len(runs) - keep :], *monthly):
            shutil.rmtree(folder / run, ignore_errors=True)


def _published(site: Site) -> str:
    """Return the number of the run whose site is the published one."""
    numbers = [line["run"] for line in history(site) if line["outcome"] in ("published", "failed")]
    return str(numbers[-1]) if numbers else "000000"


def _last_number(site: Site) -> int:
    numbers = [str(line.get("run", "")) for line in (*history(site), *read_journal(site)[:1])]
    return max((int(number) for number in numbers if number.isdigit()), default=0)


def _record(site: Site, line: Mapping[str, Any], failed: Iterable[str]) -> None:
    """Add a run to the history and tell the monitor."""
    before = health(site)
    well = line["outcome"] in SUCCESS
    told = {
        "run": line["run"],
        "outcome": line["outcome"],
        "ended": line.get("ended"),
        "last_success": line.get("ended") if well else before.get("last_success"),
        "failures": 0 if well else int(before.get("failures", 0)) + 1,
        "failed": sorted(failed),
    }
    _append(site.runs / "history.jsonl", line)
    _replace(site.runs / "health.json", json.dumps(told, ensure_ascii=False, indent=1) + "\n")


def _line(document: Mapping[str, Any]) -> str:
    return json.dumps(document, ensure_ascii=False, default=str) + "\n"


def _append(path: Path, document: Mapping[str, Any]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("a+b") as file:
        # A line that a kill cut off is closed first, so that it spoils no other.
        if file.tell() and (file.seek(-1, 2), file.read(1))[1] != b"\n":
            file.write(b"\n")
        file.write(_line(document).encode())


def _replace(path: Path, text: str) -> None:
    beside = path.with_name(f".{path.name}.new")
    beside.write_text(text, encoding="utf-8", newline="")
    beside.replace(path)


def _lines(path: Path) -> list[dict[str, Any]]:
    found = []
    for text in path.read_text(encoding="utf-8").splitlines() if path.exists() else ():
        try:
            line = json.loads(text)
        except ValueError:
            continue
        if isinstance(line, dict):
            found.append(line)
    return found
