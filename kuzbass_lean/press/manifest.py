"""The record of a site: what each report was made from, and the digests of what it gave.

Canonical JSON without a time in it: equal inputs give equal bytes. Beside it lies the same record as
a Process Run RO-Crate, whose digest of the manifest and the manifest must agree.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from importlib import resources
from pathlib import Path
from typing import Any

import pandas as pd

from kuzbass_lean import __version__, maturity
from kuzbass_lean.press import crate, digests, fresh, recorded
from kuzbass_lean.press.plan import ReportSpec
from kuzbass_lean.press.work import ReportResult
from kuzbass_lean.registry import Registry
from kuzbass_lean.runs.publish import MANIFEST, files

FORMAT = 2
"""Raised when a key changes its meaning or goes."""


@dataclass(frozen=True, slots=True)
class Built:
    """A site as it is put together: its folder, the site before it, and what was asked and came of it.

    ``made`` holds the entries of the reports that were built, as ``entry`` gives them; ``recorded``
    those of the last build, without those of pages that have left the site; ``failed`` what was
    known of reports that failed earlier and were not asked for now.
    """

    out: Path
    before: Path
    registry: Registry
    whole: str
    as_of: str
    specs: Sequence[ReportSpec]
    results: Sequence[ReportResult]
    made: Mapping[str, Mapping[str, Any]]
    recorded: Mapping[str, Any]
    failed: Mapping[str, Any]


def load(out: Path) -> dict[str, Any]:
    """Return the record of a site; nothing if there is none that can be read."""
    try:
        found = json.loads((out / MANIFEST).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return found if isinstance(found, dict) else {}


def reports(out: Path) -> dict[str, Any]:
    """Return what the last build recorded of its reports, by id; nothing if that cannot be read."""
    return _entries_of(out, "reports")


def failed(out: Path) -> dict[str, Any]:
    """Return what the last build recorded of the reports that it could not make, by id."""
    return _entries_of(out, "failed")


def _entries_of(out: Path, name: str) -> dict[str, Any]:
    found = load(out).get(name)
    return dict(found) if isinstance(found, dict) else {}


def text(document: Mapping[str, Any]) -> str:
    """Return a record as JSON that is the same bytes for the same content."""
    return json.dumps(document, ensure_ascii=False, indent=1, sort_keys=True) + "\n"


def write(built: Built) -> None:
    """Write the record of a site, its registry and its RO-Crate; all its other files are in place.

    Reports that were not asked for keep their entries, and the site the registry that they need.
    """
    kept = recorded.keep(built.out, built.whole, built.registry)
    entries, failed = _entries(built), _failed(built)
    last = load(built.before)
    needed = {str(entry.get("registry")) for entry in entries.values()} - {built.whole}
    programs = {str(entry.get("made_from", {}).get("program")) for entry in entries.values()}
    known = last.get("programs", {})
    document = {
        "format": FORMAT,
        "version": __version__,
        "as_of": built.as_of or str(built.registry.as_of or ""),
        "registry": built.whole,
        "registries": {
            **recorded.bring(built.before, built.out, last.get("registries", {}), needed),
            built.whole: kept,
        },
        "programs": {
            **{key: known[key] for key in programs if key in known},
            digests.program(): digests.program_record(),
        },
        "lock": lock_digest(),
        "reports": entries,
        "failed": failed,
        "site": _site(built.out, entries, failed),
    }
    said = text(document)
    (built.out / MANIFEST).write_text(said, encoding="utf-8", newline="")
    (built.out / crate.NAME).write_text(text(crate.document(document, said)), encoding="utf-8", newline="")


def _entries(built: Built) -> dict[str, Any]:
    entries = dict(built.recorded)
    for result in built.results:
        if result.status == "unchanged":
            entries[result.id] = {**entries[result.id], "registry": built.whole}
        else:
            entries.pop(result.id, None)
        if result.status == "built":
            entries[result.id] = {**built.made[result.id], "registry": built.whole}
    return dict(sorted(entries.items()))


def _failed(built: Built) -> dict[str, Any]:
    """Return what is known of the reports that failed: what was asked and why it could not be made."""
    specs = {spec.id: spec for spec in built.specs}
    failed = dict(built.failed)
    for result in built.results:
        partial = f"failed/{result.id}.ipynb"
        if result.status == "failed":
            outputs = {partial: digests.file_digest(built.out / partial)}
            failed[result.id] = {**_asked(specs[result.id]), "error": result.error, "outputs": outputs}
    return dict(sorted(failed.items()))


def _site(out: Path, *told: Mapping[str, Mapping[str, Any]]) -> dict[str, str]:
    """Return the digests of the files that belong to no report and are no registry."""
    known = {str(name) for entries in told for entry in entries.values() for name in entry.get("outputs", ())}
    names = [name.as_posix() for name in files(out) if name.name not in (MANIFEST, crate.NAME)]
    own = [name for name in names if name not in known and _made_here(name)]
    return {name: digests.file_digest(out / name) for name in own}


def _made_here(name: str) -> bool:
    shared = name == "index.html" or name.startswith("data/")
    return shared and not name.startswith(f"{recorded.FOLDER}/")


def entry(
    out: Path, spec: ReportSpec, title: str, day: str, made: fresh.MadeFrom, before: pd.DataFrame | None
) -> dict[str, Any]:
    """Return what a report was made from and what it gave.

    Parameters
    ----------
    day
        Its report date.
    before
        The figures that its page is compared with.
    """
    names = [f"{spec.id}{suffix}" for suffix in (".html", ".ipynb", ".pdf")]
    return {
        **_asked(spec),
        "title": title,
        "as_of": day,
        "readings": readings(spec),
        "made_from": asdict(made),
        "previous": previous_digest(before),
        "outputs": {name: digests.file_digest(out / name) for name in names if (out / name).exists()},
    }


def _asked(spec: ReportSpec) -> dict[str, Any]:
    return {
        "kind": spec.kind,
        "notebook": spec.notebook.name,
        "params": spec.params,
        "parameters": dict(spec.parameters),
    }


def readings(spec: ReportSpec) -> dict[str, str]:
    """Return the reading of every direction that a report's levels are computed with."""
    chosen = spec.parameters.get("readings") or {}
    found = maturity.load_model().readings({int(number): str(name) for number, name in chosen.items()})
    return {str(number): name for number, name in found.items()}


def previous_digest(before: pd.DataFrame | None) -> str:
    """Return the digest of the figures that a page is compared with; empty if there are none."""
    if before is None or before.empty:
        return ""
    return digests.sha256(before.to_csv(index=False, lineterminator="\n").encode())


def lock_digest() -> str:
    """Return the digest of the lock file of the checkout that this package runs from; empty if none."""
    path = Path(str(resources.files("kuzbass_lean"))).parent / "requirements.lock"
    return digests.file_digest(path) if path.is_file() else ""
