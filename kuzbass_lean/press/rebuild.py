"""A published site built again from its recorded inputs, in a folder of the checker's own.

Code runs from the checker's notebooks and library alone; of the site come rows and parameters.
"""

from __future__ import annotations

import shutil
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path, PurePosixPath
from typing import Any

from kuzbass_lean import intake
from kuzbass_lean.errors import CapabilityError, LeanError, UsageError
from kuzbass_lean.press import fresh, manifest, recorded
from kuzbass_lean.press.build import BuildOptions, build
from kuzbass_lean.press.claim import Claim
from kuzbass_lean.press.paper import require_pdf
from kuzbass_lean.press.plan import ReportSpec, check_output, check_parameters, notebook_parameters
from kuzbass_lean.press.work import ReportResult
from kuzbass_lean.registry import Registry
from kuzbass_lean.runs.publish import MANIFEST

PREVIOUS = "data/previous.parquet"


@dataclass(frozen=True, slots=True)
class VerifyOptions:
    """Which site to verify, against which notebooks, and optionally against whose copy of the data.

    ``only`` are patterns of report ids; ``tolerance`` is how far, in relation to the larger, two
    numbers may lie apart; ``data`` a source of the checker's own, left out what the site recorded.
    """

    out: Path
    notebooks: Path
    only: tuple[str, ...] = ()
    data: str = ""
    jobs: int = 2
    tolerance: float = 0.0


@dataclass
class Rebuilt:
    """The same site built again in ``folder``, as far as its inputs allow.

    ``missing`` says by report what kept it from being built, ``registries`` what was read by key.
    """

    claim: Claim
    options: VerifyOptions
    folder: Path
    missing: dict[str, list[str]] = field(default_factory=dict)
    registries: dict[str, Registry] = field(default_factory=dict)

    @cached_property
    def _reads(self) -> dict[str, fresh.Reads]:
        return {}

    @property
    def out(self) -> Path:
        """Where the site is built again."""
        return self.folder / "site"

    @cached_property
    def document(self) -> dict[str, Any]:
        """Its manifest."""
        return manifest.load(self.out)

    def entry(self, name: str) -> Mapping[str, Any]:
        """Return the entry of a report that was built again; empty if it was not."""
        known = {**self.document.get("failed", {}), **self.document.get("reports", {})}
        return dict(known.get(name, {}))

    def build(self, on_done: Callable[[ReportResult], None]) -> None:
        """Build what can be built, group by group: one registry and one set of formats at a time."""
        self._seed()
        groups: dict[tuple[bool, str, bool], list[ReportSpec]] = {}
        last = str(self.claim.document["registry"])
        for name, entry in self.claim.chosen.items():
            spec, key = self._spec(name, entry), self.claim.key(entry)
            if spec is not None and self._readable(spec, key):
                groups.setdefault((key == last, key, self._pdf(name, entry)), []).append(spec)
        if not any(key == last for _, key, _ in groups) and self._registry("", last) is not None:
            groups[True, last, False] = []  # the index tells of the last registry
        for (_, key, pdf), specs in sorted(groups.items(), key=lambda group: group[0]):
            wanted = BuildOptions(
                self.out,
                ("html", "pdf") if pdf else ("html",),
                self.options.jobs,
                as_of=str(self.claim.document["as_of"]),
                engine="kernel",
                force=True,
                keep=0,
            )
            try:
                build(wanted, self.registries[key], specs, on_done)
            except Exception as error:  # whatever rows from anywhere may do to a program
                for spec in specs:
                    self._lacks(spec.id, f"it cannot be built again: {type(error).__name__}: {error}")

    def _readable(self, spec: ReportSpec, key: str) -> bool:
        """Whether a report's part of its registry can be read."""
        registry = self._registry(spec.id, key)
        if registry is None:
            return False
        try:
            self._reads.setdefault(key, fresh.Reads(registry)).digest(spec)
        except Exception as error:  # whatever rows from anywhere may do to a program
            self._lacks(spec.id, f"its rows cannot be read: {type(error).__name__}: {error}")
            return False
        return True

    def _seed(self) -> None:
        """Put the figures of the publication before where a build looks for them."""
        if PREVIOUS in self.claim.found:
            (self.out / "data").mkdir(parents=True)
            shutil.copyfile(self.claim.found[PREVIOUS], self.out / PREVIOUS)

    def _lacks(self, name: str, what: str) -> None:
        self.missing.setdefault(name, []).append(what)

    def _spec(self, name: str, entry: Mapping[str, Any]) -> ReportSpec | None:
        """Return what to run for a report, from the checker's own notebook; None if that cannot be."""
        file = str(entry["notebook"])
        notebook = self.options.notebooks / file
        if PurePosixPath(file).name != file or not file.endswith(".ipynb") or not notebook.is_file():
            self._lacks(name, f"notebook {file} in {self.options.notebooks}")
            return None
        parameters = {key: _native(value) for key, value in entry["parameters"].items()}
        spec = ReportSpec(name, notebook.stem, notebook, parameters, str(entry.get("params", "")))
        try:
            check_output(MANIFEST, name)
            check_parameters(MANIFEST, notebook.stem, parameters, notebook_parameters(notebook))
            if fresh.reads_elsewhere(spec):
                elsewhere = [parameters.get(key) for key in ("data", "geojson") if parameters.get(key)]
                raise UsageError(f"files that the site does not hold: {', '.join(map(str, elsewhere))}")
        except LeanError as error:
            self._lacks(name, str(error))
            return None
        return spec

    def _registry(self, name: str, key: str) -> Registry | None:
        if key in self.registries:
            return self.registries[key]
        try:
            self.registries[key] = self._own(key) if self.options.data else self.recorded(key)
        except LackingError as error:
            self._lacks(name, str(error))
            return None
        return self.registries[key]

    def _own(self, key: str) -> Registry:
        """Return the checker's copy, under the label and for the audience of the recorded registry."""
        about = self.claim.document["registries"].get(key, {})
        found = intake.read(self.options.data, allow_errors=bool(about.get("left_out")))
        seen = found if about.get("audience") == "internal" else found.public()
        return replace(seen, label=str(about.get("label", seen.label)))

    def recorded(self, key: str) -> Registry:
        """Return a registry from the site: only the files that the manifest names, wherever they lie."""
        home = self.folder / "inputs" / str(len(self.registries))
        home.mkdir(parents=True, exist_ok=True)
        for name in self.claim.document["registries"].get(key, {}).get("files", ()):
            if name not in self.claim.found:
                raise LackingError(str(name))
            shutil.copyfile(self.claim.found[name], home / PurePosixPath(name).name)
        try:
            return intake.restore(home)
        except Exception as error:  # whatever a file from anywhere may do to its reader
            said = str(error).splitlines()[0] if str(error) else type(error).__name__
            raise LackingError(f"{recorded.folder(key)} cannot be read: {said}") from None

    def _pdf(self, name: str, entry: Mapping[str, Any]) -> bool:
        if f"{name}.pdf" not in entry["outputs"]:
            return False
        try:
            require_pdf()
        except CapabilityError as error:
            self._lacks(name, str(error))
            return False
        return True


class LackingError(Exception):
    """An input is missing or cannot be read."""


def _native(value: Any) -> Any:
    """Return a parameter as a notebook takes it: JSON has no keys but texts, readings have numbers."""
    if not isinstance(value, dict):
        return value
    return {int(key) if key.isdecimal() else key: _native(each) for key, each in value.items()}
