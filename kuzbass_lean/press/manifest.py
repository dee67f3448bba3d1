"""The record of a build: what each report was made from, and the digests of what it gave."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any, Protocol

from kuzbass_lean import __version__
from kuzbass_lean.press import fresh
from kuzbass_lean.press.plan import ReportSpec
from kuzbass_lean.runs.publish import MANIFEST


class Result(Protocol):
    """What the record needs to know of a report."""

    @property
    def status(self) -> str:
        """``built``, ``unchanged`` or ``failed``."""

    @property
    def title(self) -> str:
        """What the page is called."""


def reports(out: Path) -> dict[str, Any]:
    """Return what the last build recorded of its reports, by id; nothing if that cannot be read."""
    try:
        found = json.loads((out / MANIFEST).read_text(encoding="utf-8"))["reports"]
    except (OSError, ValueError, KeyError, TypeError):
        return {}
    return dict(found) if isinstance(found, dict) else {}


def write(
    out: Path,
    whole: str,
    specs: Sequence[ReportSpec],
    results: Sequence[Result],
    made: Mapping[str, Mapping[str, Any]],
    recorded: Mapping[str, Any],
) -> None:
    """Write what each report was made from; reports that were not asked for keep their entries.

    Parameters
    ----------
    made
        The entries of the reports that were built, as ``entry`` gives them.
    recorded
        The entries of the last build, without those of pages that have left the site.
    """
    entries = dict(recorded)
    for spec, result in zip(specs, results, strict=True):
        if result.status == "unchanged":
            entries[spec.id] = {**entries[spec.id], "registry": whole}
        else:
            entries.pop(spec.id, None)
        if result.status == "built":
            entries[spec.id] = {**made[spec.id], "registry": whole}
    document = {
        "version": __version__,
        "versions": dict(fresh.versions()),
        "reports": dict(sorted(entries.items())),
    }
    text = json.dumps(document, ensure_ascii=False, indent=1, sort_keys=True) + "\n"
    beside = out / f".{MANIFEST}.new"
    beside.write_text(text, encoding="utf-8", newline="")
    beside.replace(out / MANIFEST)


def entry(out: Path, spec: ReportSpec, title: str, day: str, made: fresh.MadeFrom) -> dict[str, Any]:
    """Return what a report was made from and what it gave, ``day`` being its report date."""
    files = [f"{spec.id}{suffix}" for suffix in (".html", ".ipynb", ".pdf")]
    return {
        "title": title,
        "as_of": day,
        "params": spec.params,
        "parameters": dict(spec.parameters),
        "made_from": asdict(made),
        "outputs": {name: fresh.file_digest(out / name) for name in files if (out / name).exists()},
    }
