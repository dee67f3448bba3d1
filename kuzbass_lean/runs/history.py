"""What is known of the builds of a site: every run, how things stand for a monitor, which old sites stay."""

from __future__ import annotations

import json
import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from kuzbass_lean.runs import lines
from kuzbass_lean.runs.publish import Site

SUCCESS = ("published", "unchanged")
"""How a run ends well."""
OVER = (*SUCCESS, "failed")
"""How a run ends that has looked at every report. Others: refused, stopped, interrupted."""
KEEP = 7
"""Old sites that are kept at the least."""
_MONTHS = 12
_LOGS = 100


def history(site: Site) -> list[dict[str, Any]]:
    """Return every run, oldest first: number, times, outcome, counts and changes."""
    return lines.read(site.runs / "history.jsonl")


def health(site: Site) -> dict[str, Any]:
    """Return what a monitor asks: the last run, the last success, failures since then; empty if none."""
    try:
        found = json.loads((site.runs / "health.json").read_bytes())
    except (OSError, ValueError):
        return {}
    return found if isinstance(found, dict) else {}


def record(site: Site, line: Mapping[str, Any]) -> None:
    """Add a run to the history, tell the monitor, and write the summary of the last run anew."""
    before = health(site)
    well = line["outcome"] in SUCCESS
    told = {
        "run": line["run"],
        "outcome": line["outcome"],
        "ended": line["ended"],
        "last_success": line["ended"] if well else before.get("last_success"),
        "failures": 0 if well else int(before.get("failures", 0)) + 1,
        "failed": line.get("failed", []),
    }
    lines.append(site.runs / "history.jsonl", line)
    lines.replace(site.runs / "health.json", json.dumps(told, ensure_ascii=False, indent=1).encode() + b"\n")
    lines.replace(site.runs / "summary.txt", summary(line).encode())


def published(past: list[dict[str, Any]]) -> str:
    """Return the number of the run whose site is the published one; zeros where no run is known of."""
    numbers = [str(line["run"]) for line in past if line.get("published")]
    return numbers[-1] if numbers else number(0)


def number(count: int) -> str:
    """Return the number of a run as it is written, so that names sort as numbers do."""
    return f"{count:06}"


def logs(site: Site) -> list[Path]:
    """Return the logs of runs, oldest first."""
    return sorted((site.runs / "logs").glob("*.jsonl"))


def last_number(site: Site, past: list[dict[str, Any]]) -> int:
    """Return the highest number that a run has had; 0 if there was none."""
    named = [str(line.get("run")) for line in past]
    named += [path.stem for path in logs(site)]
    named += [path.name for path in (site.runs / "sites").glob("*")]
    return max((int(name) for name in named if name.isdecimal()), default=0)


def summary(line: Mapping[str, Any]) -> str:
    """Return a run in a few lines for a person."""
    took = f", {line['seconds']} s" if "seconds" in line else ""
    said = [f"run {line['run']}: {line['outcome']}{took}, {line['ended']}"]
    counts = [f"{count} {state}" for state, count in line.get("reports", {}).items() if count]
    if counts:
        said.append(", ".join(counts))
    changes = line.get("changes", {})
    if changes:
        said.append(f"{changes['figures']} figures changed")
        said += [f"level of {each['report']}, {each['label']}: {each['old']} -> {each['new']}"
                 for each in changes["levels"]]  # fmt: skip
    said += [f"failed: {name}" for name in line.get("failed", [])]
    if line.get("error"):
        said.append(str(line["error"]))
    return "\n".join(said) + "\n"


def prune(site: Site, keep: int) -> None:
    """Remove old sites but the last ``keep``, and of each of the last twelve months the last one.

    A site's month is that in which its run ended. Of the logs the last hundred stay.
    """
    folder = site.runs / "sites"
    newest = sorted((path.name for path in folder.glob("*")), reverse=True)
    months = {line["run"]: str(line["ended"])[:7] for line in history(site)}
    last_of: dict[str, str] = {}
    for run in newest:
        if run in months:
            last_of.setdefault(months[run], run)
    monthly = [last_of[month] for month in sorted(last_of, reverse=True)[:_MONTHS]]
    for run in set(newest) - {*newest[:keep], *monthly}:
        shutil.rmtree(folder / run, ignore_errors=True)
    for path in logs(site)[:-_LOGS]:
        path.unlink(missing_ok=True)
