"""Which reports are stale: what each was made from, set against what it would be made from now."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from functools import cache, cached_property
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from kuzbass_lean import catalogue, content, evidence, maturity, metrics, published, views
from kuzbass_lean.lookup import among
from kuzbass_lean.press.digests import canonical, file_digest, program, sha256
from kuzbass_lean.press.plan import ReportSpec
from kuzbass_lean.registry import Registry, Scope
from kuzbass_lean.schema import REALISED

OWN_DATA = "own data"


@dataclass(frozen=True, slots=True)
class MadeFrom:
    """Digests of all that can change a page; ``data`` is what the report reads of the registry."""

    data: str
    notebook: str
    parameters: str
    program: str

    def differences(self, recorded: Mapping[str, str]) -> tuple[str, ...]:
        """Return the names of what is not as it was recorded."""
        return tuple(name for name, value in asdict(self).items() if recorded.get(name) != value)


@cache
def notebook_digest(path: Path) -> str:
    """Return the digest of a notebook's cells; outputs stored in it change no report."""
    cells = json.loads(path.read_text(encoding="utf-8"))["cells"]
    kept = [(cell["cell_type"], "".join(cell["source"]), cell["metadata"].get("tags", [])) for cell in cells]
    return sha256(canonical(kept))


def reads_elsewhere(spec: ReportSpec) -> bool:
    """Return whether a report reads files that are not the registry's; they may change unseen."""
    return any(spec.parameters.get(name) for name in ("data", "geojson"))


class Reads:
    """What each report reads of one registry, as digests.

    A municipality or sector reads its slice, and of the rest only the figures it is compared
    with: those are computed here, so that a neighbour's row that changes none of them leaves
    the page as it is. A notebook of an unknown kind may read anything.
    """

    def __init__(self, recorded: Registry, last: Mapping[str, Any] | None = None) -> None:
        self.recorded, self._last = recorded, last or {}

    @cached_property
    def whole(self) -> str:
        """The digest of everything that can be read: the rows, and what reading them showed."""
        return sha256(self.recorded.digest.encode(), canonical(self._about))

    @cached_property
    def _about(self) -> list[Any]:
        """What pages say of the registry beside its rows: its name, findings, what was left out."""
        severities = [found.severity for found in self.recorded.findings]
        omitted = self.recorded.omitted.to_dict()
        return [self.recorded.label, len(severities), severities.count("warning"), omitted, self._places]

    @property
    def _places(self) -> dict[str, list[tuple[str, str]]]:
        """The files and sheets of each table, which pages name; lines stand in ``data/lineage`` only."""
        origins = self.recorded.origins.items()
        return {table: [(s.file, s.sheet) for s in origin.stretches] for table, origin in origins}

    def digest(self, spec: ReportSpec) -> str:
        """Return the digest of what a report reads; from the record if nothing at all has changed."""
        if reads_elsewhere(spec):
            return OWN_DATA
        entry = self._last.get(spec.id)
        if isinstance(entry, Mapping) and entry.get("registry") == self.whole:
            before = entry.get("made_from")
            if isinstance(before, Mapping) and entry.get("parameters") == dict(spec.parameters):
                return str(before.get("data"))
        day = views.report_date(self.recorded, str(spec.parameters.get("as_of", "")))
        return sha256(canonical([day, *self._about]), *self._parts(spec, self._at(day)))

    def _parts(self, spec: ReportSpec, now: _Now) -> Iterator[bytes]:
        named = {name: str(spec.parameters.get(name, "")) for name in ("municipality", "sector", "project")}
        if spec.kind == "municipality" and named["municipality"]:
            yield from now.municipality(named["municipality"])
        elif spec.kind == "sector" and named["sector"]:
            yield from now.sector(named["sector"], named["municipality"], spec.parameters.get("readings"))
        elif spec.kind == "project" and named["project"]:
            yield from now.project(named["project"])
        else:
            yield self.whole.encode()

    def _at(self, day: Any) -> _Now:
        if day not in self._days:
            self._days[day] = _Now(views.as_at(self.recorded, day), day)
        return self._days[day]

    @cached_property
    def _days(self) -> dict[Any, _Now]:
        return {}


class _Now:
    """The registry as it stood on a report date, and the figures that several reports compare with."""

    def __init__(self, registry: Registry, day: Any) -> None:
        self.registry, self.day = registry, day

    @cached_property
    def names(self) -> bytes:
        organizations = self.registry.organizations[["organization_id", "name", "kind"]]
        return content.digest(organizations, self.registry.municipalities.reset_index()).encode()

    @cached_property
    def frames(self) -> bytes:
        return content.digest(self.registry.frame("frames")).encode()

    @cached_property
    def by_municipality(self) -> bytes:
        # Behind the shares that are compared stand projects, and those are told of by their keys.
        counted = self.registry.projects[["project_id", "status"]]
        pairs = self.registry.project_units()[["project_id", "municipality_id"]].drop_duplicates()
        rows = pairs.merge(counted, on="project_id").sort_values(["project_id", "municipality_id"])
        return content.digest(rows).encode()

    @cached_property
    def reconciled(self) -> pd.DataFrame:
        return published.reconcile(self.registry)

    @cached_property
    def replicated(self) -> pd.DataFrame:
        return metrics.replication_table(self.registry)

    @cached_property
    def typical(self) -> bytes:
        """What candidates for replication are chosen from: who did which typical project, what it gave."""
        projects = self.registry.projects
        active = projects[projects["status"].ne("cancelled") & projects["typical"].notna()]
        known = active[["project_id", "typical", "sector"]].assign(done=active["status"].isin(REALISED))
        units = self.registry.project_units()[["project_id", "organization_id", "municipality_id", "kind"]]
        values, seen = self.registry.frame("values"), self.registry.frame("observations")
        measures = self.registry.frame("measures")
        mine = measures[among(measures["project_id"], known["project_id"])]
        rows = units.merge(known, on="project_id").sort_values(["project_id", "organization_id"])
        theirs, measured = (each[among(each["measure_id"], mine["measure_id"])] for each in (values, seen))
        return content.digest(rows, mine, theirs, measured).encode()

    def slice(self, scope: Scope) -> bytes:
        if scope not in self._slices:
            self._slices[scope] = self._rows_of(scope)
        return self._slices[scope]

    def _rows_of(self, scope: Scope) -> bytes:
        """The rows of a slice by their hashes: each is made once, however many slices hold the row."""
        rows = self.registry.rows_of(scope)
        parts = []
        for name in self.registry.tables:
            hashes = self._hashes(name)
            parts += [name.encode(), (hashes[rows[name]] if name in rows else hashes).tobytes()]
        return sha256(*parts).encode()

    def _hashes(self, table: str) -> npt.NDArray[np.uint64]:
        if table not in self._hashed:
            self._hashed[table] = content.rows(self.registry.frame(table))
        return self._hashed[table]

    @cached_property
    def _hashed(self) -> dict[str, npt.NDArray[np.uint64]]:
        return {}

    @cached_property
    def _slices(self) -> dict[Scope, bytes]:
        return {}

    @cached_property
    def _profiles(self) -> dict[bytes, dict[int, bytes]]:
        return {}

    def levels(self, readings: Any) -> Mapping[int, bytes]:
        """The score, next step and forecast of each direction of the region."""
        key = canonical(readings or {})
        if key not in self._profiles:
            profile = maturity.score(self.registry, readings=readings or None, as_of=self.day)
            taken = maturity.next_steps(self.registry, profile)
            found = evidence.outlook(self.registry, taken, self.day)
            self._profiles[key] = {
                score.number: canonical([score.to_dict(), step.to_dict(), ahead.to_dict()])
                for score, step, ahead in zip(profile.directions, taken, found, strict=True)
            }
        return self._profiles[key]

    def municipality(self, key: str) -> Iterator[bytes]:
        yield from (self.names, self.frames, self.by_municipality, self.typical)
        yield self.slice(Scope.of_municipality(key))

    def sector(self, key: str, municipality: str, readings: Any) -> Iterator[bytes]:
        whole = Scope.of_sector(key)
        scope = Scope.of_pair(key, municipality) if municipality else whole
        yield from (self.names, self.frames, self.typical, self.slice(whole), self.slice(scope))
        yield _rows(self.reconciled)
        yield _rows(self.replicated[self.replicated["sector"].eq(key)])
        yield self.levels(readings).get(catalogue.sector(key).maturity_direction or 0, b"")

    @cached_property
    def _replicas(self) -> Mapping[str, list[str]]:
        copies = self.registry.projects.dropna(subset="replicates")
        return {str(key): sorted(rows) for key, rows in copies.groupby("replicates")["project_id"]}

    def project(self, key: str) -> Iterator[bytes]:
        yield from (self.names, self.slice(Scope.of_project(key)))
        listed = self.replicated[self.replicated["project_id"].eq(key)]
        yield _rows(listed if len(listed) else metrics.replication_table(self.registry, [key]))
        for replica in self._replicas.get(key, ()):
            yield self.slice(Scope.of_project(replica))


def _rows(frame: pd.DataFrame) -> bytes:
    """Rows as text; a line's number in its file stands in ``data/lineage`` only."""
    return frame.to_csv(index=frame.index.name not in (None, "row"), lineterminator="\n").encode()


def made_from(spec: ReportSpec, reads: Reads, formats: Sequence[str]) -> MadeFrom:
    """Return what a report would be made from now."""
    return MadeFrom(
        reads.digest(spec),
        notebook_digest(spec.notebook),
        sha256(canonical([dict(spec.parameters), sorted(formats)])),
        program(),
    )


def reasons(entry: Mapping[str, Any] | None, now: MadeFrom, out: Path) -> tuple[str, ...]:
    """Return why a report is stale; none if it is not.

    The record of the last build only ever saves work: where it is missing, damaged or does
    not match the files beside it, the report is built again.
    """
    if not isinstance(entry, Mapping) or not isinstance(entry.get("made_from"), Mapping):
        return ("new",)
    found = now.differences(entry["made_from"])
    if now.data == OWN_DATA:
        found = tuple(dict.fromkeys((*found, "data")))
    outputs = entry.get("outputs")
    if not isinstance(outputs, Mapping) or not outputs:
        return (*found, "output")
    whole = all(_is(out / str(name), str(digest)) for name, digest in outputs.items())
    return found if whole else (*found, "output")


def _is(path: Path, digest: str) -> bool:
    return path.is_file() and file_digest(path) == digest
