"""Whether a published site is what its recorded inputs give: it is built again and compared.

Nothing in the site is trusted that can be computed; of its files only the manifest's digest is left,
which whoever checks compares with one that came to him another way.
"""

from __future__ import annotations

import json
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, Literal

import pandas as pd

from kuzbass_lean.press import causes, crate, differences, digests, fresh, manifest, recorded, revisions
from kuzbass_lean.press.claim import Claim
from kuzbass_lean.press.rebuild import PREVIOUS, LackingError, Rebuilt, VerifyOptions
from kuzbass_lean.press.work import ReportResult
from kuzbass_lean.registry import Registry
from kuzbass_lean.runs.publish import MANIFEST

Verdict = Literal["match", "differs", "cannot"]
EDITED, FORGED = "edited after the build", "the manifest was edited"
_UNKNOWN = "unknown: edited together with the manifest, or drawn with other fonts or libraries"
_FIGURES = ("data/figures.parquet", "data/figures.csv")


@dataclass(frozen=True, slots=True)
class Difference:
    """What the site says and what building it again gives, in which file, and why if that is known."""

    file: str
    figure: str
    recorded: str
    recomputed: str
    cause: str


@dataclass(frozen=True, slots=True)
class ReportVerdict:
    """The verdict on one report: what differs, and what is missing to tell."""

    id: str
    verdict: Verdict
    differences: tuple[Difference, ...] = ()
    missing: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Verification:
    """The verdicts on a site.

    ``manifest`` is the digest of its manifest, to be compared with one that came another way;
    ``files`` what is wrong with what belongs to no report; ``unexpected`` what no build wrote;
    ``notes`` how this program differs from the one that built it, which by itself is no fault.
    """

    manifest: str
    reports: tuple[ReportVerdict, ...]
    files: tuple[Difference, ...]
    unexpected: tuple[str, ...]
    notes: tuple[str, ...]

    @property
    def good(self) -> bool:
        """Whether every report matches and nothing else is wrong."""
        return not (self.files or self.unexpected) and all(r.verdict == "match" for r in self.reports)


def verify(
    options: VerifyOptions, on_done: Callable[[ReportResult], None] = lambda result: None
) -> Verification:
    """Build a site again from its recorded inputs, with cold Jupyter kernels, and compare.

    Raises
    ------
    UsageError
        There is no such site or report.
    LeanError
        Its manifest is damaged.
    """
    with tempfile.TemporaryDirectory(prefix="kuzbass-lean-") as folder:
        claim = Claim.read(options.out, options.only)
        rebuilt = Rebuilt(claim, options, Path(folder))
        rebuilt.build(on_done)
        return Comparison(claim, rebuilt, options).result()


class Comparison:
    """A site's claim against the site built again."""

    def __init__(self, claim: Claim, rebuilt: Rebuilt, options: VerifyOptions) -> None:
        self.claim, self.rebuilt, self.options = claim, rebuilt, options
        self.programs = claim.document["programs"], {digests.program(): digests.program_record()}

    def result(self) -> Verification:
        """Return the verdicts."""
        reports = tuple(self._report(name, entry) for name, entry in self.claim.chosen.items())
        return Verification(
            self.claim.digest(MANIFEST),
            reports,
            (*self._manifest(), *self._registries(), *self._site()),
            self._unexpected(),
            tuple(self._notes()),
        )

    def _report(self, name: str, entry: Mapping[str, Any]) -> ReportVerdict:
        why = self._why(name, entry)
        found = [*self._rows(name, why)]
        missing = list(self.rebuilt.missing.get(name, ()))
        for file, digest in sorted(entry["outputs"].items()):
            if file in self.claim.found:
                found += self._file(file, str(digest), why)
            else:
                missing.append(file)
        again = self.rebuilt.entry(name)
        if again and ("error" in again) != ("error" in entry):
            missing.append(f"a run that ends like the recorded one: {again.get('error', 'now it succeeds')}")
        found += self._entry(entry, again) if again and not why else ()
        unique = {(each.figure, each.recorded, each.recomputed): each for each in reversed(found)}
        told = tuple(reversed(unique.values()))
        verdict: Verdict = "differs" if told else "cannot" if missing else "match"
        return ReportVerdict(name, verdict, told, tuple(missing))

    def _why(self, name: str, entry: Mapping[str, Any]) -> tuple[str, ...]:
        """Return what is known to make a report differ, but for an edit of its own files."""
        again = self.rebuilt.entry(name)
        if "made_from" not in entry or "made_from" not in again:
            return ()
        told = [cause.text for cause in causes.code(entry, again, self.programs)]
        if entry.get("previous") != again.get("previous"):
            told.append(f"{PREVIOUS} was {EDITED}")
        if entry["made_from"].get("data") != again["made_from"]["data"]:
            if self.options.data:
                told.append(f"the data are not those of {self.options.data}")
            edited = self._edited(self.claim.key(entry))
            told += [f"the input {file} was {EDITED}" for file in edited]
        return tuple(told)

    def _edited(self, key: str) -> list[str]:
        files = self.claim.document["registries"].get(key, {}).get("files", {})
        return [name for name, digest in files.items() if self.claim.digest(name) != digest]

    def _file(self, name: str, digest: str, why: Sequence[str] = ()) -> Iterator[Difference]:
        """Compare a file of the site with its recorded digest and with the same file built again."""
        here, made = self.claim.digest(name), self.rebuilt.out / name
        if not made.is_file():
            if here != digest:
                yield Difference(name, name, digest, here, f"{name} was {EDITED}")
            return
        if here == digests.file_digest(made):
            if here != digest:
                yield Difference(MANIFEST, name, digest, here, FORGED)
            return
        own = (f"{name} was {EDITED}",) if here != digest else ()
        cause = "; ".join((*own, *why)) or _UNKNOWN
        found = differences.between(self.claim.found[name], made, self.options.tolerance)
        if own and not found:
            found = (differences.Difference("", "other bytes", ""),)
        for each in found:
            yield Difference(name, each.figure or name, each.old, each.new, cause)

    def _rows(self, report: str, why: Sequence[str]) -> Iterator[Difference]:
        """Compare what the published tables of figures say of a report with its figures now."""
        if not self.rebuilt.entry(report):
            return
        for name in _FIGURES:
            ours, theirs = self._tables(name)
            if ours is None or theirs is None or "report" not in ours:
                continue
            mine, yours = (table[table["report"].eq(report)] for table in (ours, theirs))
            digest = self.claim.document["site"].get(name)
            own = (f"{name} was {EDITED}",) if self.claim.digest(name) != digest else ()
            cause = "; ".join((*own, *why)) or _UNKNOWN
            try:
                for each in differences.figures(mine, yours, self.options.tolerance):
                    yield Difference(name, each.figure, each.old, each.new, cause)
            except KeyError:
                continue  # it lacks a column; that it was edited is told with the files

    def _tables(self, name: str) -> tuple[pd.DataFrame | None, pd.DataFrame | None]:
        if name not in self._read:
            pair = []
            for path in (self.claim.found.get(name), self.rebuilt.out / name):
                try:
                    pair.append(None if path is None else differences.table(path))
                except Exception:  # whatever a file from anywhere may do to its reader
                    pair.append(None)
            self._read[name] = (pair[0], pair[1])
        return self._read[name]

    @cached_property
    def _read(self) -> dict[str, tuple[pd.DataFrame | None, pd.DataFrame | None]]:
        return {}

    def _entry(self, entry: Mapping[str, Any], again: Mapping[str, Any]) -> Iterator[Difference]:
        """Compare what the manifest says of a report that nothing explains a difference of."""
        for name in sorted(set(again["outputs"]) - set(entry["outputs"])):
            yield Difference(MANIFEST, name, "", str(again["outputs"][name]), FORGED)
        for key in sorted({*entry, *again} - {"outputs", "registry", "params", "error"}):
            if entry.get(key) != again.get(key):
                yield Difference(MANIFEST, key, _said(entry.get(key)), _said(again.get(key)), FORGED)

    def _manifest(self) -> Iterator[Difference]:
        """Check what the manifest and the crate say against each other and against themselves."""
        document = self.claim.document
        if manifest.text(document) != self.claim.text:
            yield Difference(MANIFEST, MANIFEST, "other bytes", "canonical JSON", FORGED)
        for key, program in document["programs"].items():
            if digests.sha256(digests.canonical(program)) != key:
                yield Difference(
                    MANIFEST, "programs", key, digests.sha256(digests.canonical(program)), FORGED
                )
        if crate.NAME not in self.claim.found:
            yield Difference(crate.NAME, crate.NAME, "", "", "missing")
            return
        try:
            again = manifest.text(crate.document(document, self.claim.text))
            whole = self.claim.found[crate.NAME].read_bytes() == again.encode()
        except (LookupError, TypeError, AttributeError, ValueError):
            whole = False
        if not whole:
            cause = f"{MANIFEST} and {crate.NAME} do not belong together: one of them was edited"
            yield Difference(MANIFEST, MANIFEST, "", "", cause)

    def _registries(self) -> Iterator[Difference]:
        for key, about in sorted(self.claim.document["registries"].items()):
            for name, digest in sorted(about["files"].items()):
                here = self.claim.digest(name)
                if here != digest:
                    cause = f"the input {name} was {EDITED}" if here else "missing"
                    yield Difference(name, name, str(digest), here, cause)
            if key in self.rebuilt.registries:
                yield from self._content(key, about)

    def _content(self, key: str, about: Mapping[str, Any]) -> Iterator[Difference]:
        """Compare the rows that were read with the digest under which the manifest keeps them."""
        registry = self.rebuilt.registries[key]
        if self.options.data:
            if registry.digest != about.get("digest"):
                said = f"the rows are not those of {self.options.data}: {self._rows_apart(key, registry)}"
                cause = said.rstrip(": ")
                yield Difference(recorded.folder(key), "", str(about.get("digest")), registry.digest, cause)
        elif fresh.Reads(registry).whole != key and not self._edited(key):
            whole = fresh.Reads(registry).whole
            yield Difference(MANIFEST, "registries", key, whole, FORGED)

    def _rows_apart(self, key: str, own: Registry) -> str:
        """Say which rows of a recorded registry are not as in the checker's copy."""
        try:
            theirs = self.rebuilt.recorded(key)
        except LackingError:
            return ""
        return "; ".join(str(change) for change in revisions.between(theirs, own))

    def _site(self) -> Iterator[Difference]:
        for name, digest in sorted(self.claim.document["site"].items()):
            if name not in self.claim.found:
                yield Difference(name, name, str(digest), "", "missing")
            elif self.claim.whole and not self.rebuilt.missing and not self._placed(name):
                yield from self._file(name, str(digest), self._shared_causes())
            elif self.claim.digest(name) != digest:
                yield Difference(name, name, str(digest), self.claim.digest(name), f"{name} was {EDITED}")

    def _placed(self, name: str) -> bool:
        """Whether a file names the lines of the source, which the checker's copy may have elsewhere."""
        return bool(self.options.data) and name.startswith("data/lineage.")

    def _shared_causes(self) -> tuple[str, ...]:
        told = {cause: "" for n, entry in self.claim.chosen.items() for cause in self._why(n, entry)}
        return tuple(told)

    def _unexpected(self) -> tuple[str, ...]:
        document = self.claim.document
        entries = [*document["reports"].values(), *document["failed"].values()]
        known = {MANIFEST, crate.NAME, *document["site"]}
        known |= {name for entry in entries for name in entry["outputs"]}
        known |= {name for about in document["registries"].values() for name in about["files"]}
        return tuple(sorted({*self.claim.odd, *(set(self.claim.found) - known)}))

    def _notes(self) -> Iterator[str]:
        here = digests.program_record()
        for key, program in sorted(self.claim.document["programs"].items()):
            if key != digests.program():
                yield from (cause.text for cause in causes.programs_differ(program, here))
        lock = self.claim.document.get("lock")
        if lock != manifest.lock_digest():
            yield f"lock file: {lock or 'none'} → {manifest.lock_digest() or 'none'}"


def _said(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, sort_keys=True)
