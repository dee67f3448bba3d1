"""The registry: validated tables, and the slice of them that one report reads."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Hashable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import date
from functools import cached_property, wraps
from types import MappingProxyType
from typing import Any, Concatenate, Literal, ParamSpec, TypeVar

import numpy as np
import pandas as pd

from kuzbass_lean import catalogue, content, display, parsing, schema
from kuzbass_lean.errors import Finding, UnknownNameError, UsageError
from kuzbass_lean.lookup import Lookup, Positions, positions
from kuzbass_lean.nearest import nearest
from kuzbass_lean.omitted import LeftOut, Omitted
from kuzbass_lean.places import Origin, Place

Computed = TypeVar("Computed")
Arguments = ParamSpec("Arguments")
ScopeKind = Literal["region", "sector", "municipality", "pair", "project"]

_BY_PROJECT = ("participants", "measures", "effects")
_BY_MEASURE = ("values", "observations", "steps")
_BY_ORGANIZATION = ("assessments", "revenue", "factories", "centers")


@dataclass(frozen=True, slots=True)
class Scope:
    """What a report is about: the region, a sector, a municipality, a pair of them or a project.

    Examples
    --------
    >>> kl.Scope.of_pair("health", "kemerovsky-okrug").kind
    'pair'
    """

    kind: ScopeKind
    sector: str | None = None
    municipality: str | None = None
    project: str | None = None

    @classmethod
    def region(cls) -> Scope:
        """Return the scope of the whole registry."""
        return cls("region")

    @classmethod
    def of_sector(cls, sector: str) -> Scope:
        """Return the scope of one sector."""
        return cls("sector", sector=sector)

    @classmethod
    def of_municipality(cls, municipality: str) -> Scope:
        """Return the scope of one municipality."""
        return cls("municipality", municipality=municipality)

    @classmethod
    def of_pair(cls, sector: str, municipality: str) -> Scope:
        """Return the scope of one sector in one municipality."""
        return cls("pair", sector=sector, municipality=municipality)

    @classmethod
    def of_project(cls, project: str) -> Scope:
        """Return the scope of one project."""
        return cls("project", project=project)


@dataclass(frozen=True)
class Registry:
    """Validated tables; a table that is absent is unknown, never zero.

    ``tables`` maps a name to a typed frame whose index numbers its rows;
    ``registry["measures"]`` is short for ``registry.frame("measures")``. ``label`` says where
    the data come from, ``findings`` what reading them showed, ``omitted`` what is not in it:
    rows rejected for errors, territories whose file has not arrived. A slice keeps of these what
    may concern its scope.

    Lineage: ``origins`` says, by table, which files and sheets its rows were read from. A row's
    number is its line in the source; where several files feed a table, those of the next go on
    after those of the one before. ``place_of`` gives the file, sheet and line of one row,
    ``lineage`` of all rows of a table. Slices keep the numbers, so that both work on them too.
    ``inputs`` holds the digests (SHA-256) of the files that were read, by name. Neither is
    content: they do not count in the digest.

    Examples
    --------
    >>> registry = kl.read()
    >>> len(registry.projects), registry.as_of
    (288, datetime.date(2019, 9, 30))
    >>> len(registry["measures"]) > 0
    True
    """

    tables: Mapping[str, pd.DataFrame]
    label: str = ""
    findings: tuple[Finding, ...] = field(default=(), repr=False)
    omitted: Omitted = field(default_factory=Omitted, repr=False)
    origins: Mapping[str, Origin] = field(default_factory=dict, repr=False)
    inputs: Mapping[str, str] = field(default_factory=dict, repr=False)

    @classmethod
    def from_frames(
        cls,
        tables: Mapping[str, pd.DataFrame],
        label: str = "",
        findings: tuple[Finding, ...] = (),
        omitted: Omitted | None = None,
        origins: Mapping[str, Origin] = MappingProxyType({}),
        inputs: Mapping[str, str] = MappingProxyType({}),
    ) -> Registry:
        """Return a registry of frames as they are; optional columns they lack become empty.

        Raises
        ------
        UsageError
            A table's name is not one of the registry's.
        """
        unknown = sorted(set(tables) - set(schema.TABLES))
        if unknown:
            raise UnknownNameError("table", unknown[0], nearest(unknown[0], tuple(schema.TABLES)))
        typed = {name: _typed(name, tables[name]) for name in schema.TABLES if name in tables}
        return cls(MappingProxyType(typed), label, findings, omitted or Omitted(), origins, inputs)

    def has(self, table: str) -> bool:
        """Return whether the table is present; an absent table means unknown."""
        return table in self.tables

    def table(self, table: str) -> pd.DataFrame | None:
        """Return the table, or None if it is absent."""
        return self.tables.get(table)

    def frame(self, table: str) -> pd.DataFrame:
        """Return the table, or a typed frame without rows if it is absent.

        Raises
        ------
        UnknownNameError
            The registry knows no such table; the nearest names are in the message.
        """
        if table in self.tables:
            return self.tables[table]
        if table not in schema.TABLES:
            raise UnknownNameError("table", table, nearest(table, tuple(schema.TABLES)))
        return schema.empty(table)

    def __getitem__(self, table: str) -> pd.DataFrame:
        return self.frame(table)

    def _ipython_key_completions_(self) -> list[str]:
        return list(schema.TABLES)

    def _repr_html_(self) -> str:
        rows = [
            (name, wanted.title, len(self.tables[name]) if self.has(name) else "absent: unknown, not zero")
            for name, wanted in schema.TABLES.items()
        ]
        left = [(name, "left out", found.rows) for name, found in self.left_out.items()]
        return display.table(
            f"{self.label}, {self.as_of or 'no date'}", ("table", "", "rows"), [*rows, *left]
        )

    @property
    def left_out(self) -> Mapping[str, LeftOut]:
        """How many rows of each table were left out and why; empty where all were accepted."""
        return self.omitted.tables()

    def place_of(self, table: str, row: int) -> Place:
        """Return the file, the sheet and the line that a row of a table was read from.

        Parameters
        ----------
        table
            The table's name.
        row
            The row's number: its label in the index of the table's frame.
        """
        return self.origins.get(table, Origin()).place(row)

    def lineage(self, table: str) -> pd.DataFrame:
        """Return where each row of a table was read from, by the index of its frame.

        Columns file and sheet (categories; empty where the source has none), row (the line in
        the sheet or file, from 1) and key (the row's key as text, its parts joined by " · ";
        empty in tables whose rows have none).
        """
        frame = self.frame(table)
        parts = [frame[name].astype(schema.TEXT).fillna("") for name in schema.keys(table)]
        key = pd.Series("", index=frame.index, dtype=schema.TEXT)
        for number, part in enumerate(parts):
            key = part if number == 0 else key + " · " + part
        return self.origins.get(table, Origin()).places(frame.index).assign(key=key)

    @property
    def projects(self) -> pd.DataFrame:
        """The projects, one a row."""
        return self.frame("projects")

    @property
    def organizations(self) -> pd.DataFrame:
        """The organisations, one a row."""
        return self.frame("organizations")

    def once(self, key: Hashable, compute: Callable[[], Computed]) -> Computed:
        """Return what a computation on this registry gives, computed at its first use.

        The registry never changes, so neither does the result, and whoever gets it leaves it as
        it is. What the build computes before its reports start, none of them computes again.

        Parameters
        ----------
        key
            What is computed: the function, and all that the result depends on besides the registry.
        """
        if key not in self._computed:
            self._computed[key] = compute()
        found: Computed = self._computed[key]
        return found

    @cached_property
    def _computed(self) -> dict[Hashable, Any]:
        return {}

    def _rows(self, table: str, column: str, *values: object) -> Positions:
        """Return the positions of a table's rows with one of the values in a column."""
        return self._among(table, column, values)

    def _among(self, table: str, column: str, values: Iterable[object]) -> Positions:
        frame = self._units if table == "units" else self.frame(table)
        return self.once((Lookup, table, column), lambda: Lookup(frame[column])).among(values)

    @cached_property
    def municipalities(self) -> pd.DataFrame:
        """Territories by ``municipality_id``: name, kind, title, tile_row, tile_column.

        The registry's own table if it has one, else the catalogue's 34.
        """
        if self.has("municipalities"):
            own = self.frame("municipalities").set_index("municipality_id")
            return own.assign(title=own["name"])[["name", "kind", "title", "tile_row", "tile_column"]]
        rows = [
            (m.key, m.name, m.kind, m.title, m.tile_row, m.tile_column) for m in catalogue.municipalities()
        ]
        names = ["municipality_id", "name", "kind", "title", "tile_row", "tile_column"]
        return pd.DataFrame(rows, columns=names).set_index("municipality_id")

    def municipality(self, text: str) -> str:
        """Return the key of a territory of this registry from its key or a common spelling.

        Raises
        ------
        UnknownNameError
            The territory is not known; the nearest names are in the message.
        """
        if text in self.municipalities.index:
            return text
        if self.has("municipalities"):
            keys = tuple(self.municipalities.index)
            raise UnknownNameError("municipality", text, nearest(text, keys))
        key: str = catalogue.municipality(text).key
        return key

    def project(self, text: str) -> str:
        """Return the id of a project of this registry.

        Raises
        ------
        UnknownNameError
            There is no such project; the nearest ids are in the message.
        """
        if not len(self._rows("projects", "project_id", text)):
            raise UnknownNameError("project", text, nearest(text, tuple(self.projects["project_id"])))
        return text

    @cached_property
    def _units(self) -> pd.DataFrame:
        # A project has one lead, so only those who take part beside it can be there twice.
        names = ["project_id", "organization_id"]
        others = self.frame("participants")[names].drop_duplicates()
        at = positions(others["project_id"], self.projects["project_id"])
        leads = self.projects["organization_id"].array.take(at, allow_fill=True)
        others = others[others["organization_id"].ne(pd.Series(leads, index=others.index))]
        both = pd.concat(
            [self.projects[names].assign(role="lead"), others.assign(role="participant")], ignore_index=True
        )
        of = positions(both["organization_id"], self.organizations["organization_id"])
        about = {
            name: self.organizations[name].array.take(of, allow_fill=True)
            for name in ("municipality_id", "kind", "sector")
        }
        return both.assign(**about)

    @cached_property
    def projects_of_units(self) -> Positions:
        """The position among ``projects`` of the project of each row of ``project_units``; -1 for none."""
        return positions(self._units["project_id"], self.projects["project_id"])

    def project_units(self) -> pd.DataFrame:
        """Return each project with each organisation that takes part, lead or participant.

        Columns project_id, organization_id, role, municipality_id, kind, sector (of the
        organisation). A centralised project has a row for every participant.
        """
        return self._units.copy(deep=False)

    @cached_property
    def as_of(self) -> date | None:
        """The latest date that anything in the registry is recorded to have happened."""
        recorded = {
            "frames": ["as_of"],
            "projects": ["started", "implemented", "closed"],
            "observations": ["observed_on"],
            "assessments": ["assessed_on"],
            "organizations": ["lean_since"],
        }
        dates = [self.frame(t)[c].max() for t, columns in recorded.items() for c in columns]
        known = [day for day in dates if not pd.isna(day)]
        return max(known).date() if known else None

    @cached_property
    def digest(self) -> str:
        """SHA-256 of the content: the same rows give the same digest, whatever file held them.

        Row order and line numbers do not count, but that of measurements within a day does; a
        table that is absent differs from one that is empty.
        """
        total = hashlib.sha256()
        for name in schema.TABLES:
            if self.has(name):
                total.update(f"{name} {content.digest(self.tables[name])}\n".encode())
        return total.hexdigest()

    def slice(self, scope: Scope) -> Registry:
        """Return the part of the registry that a report on the scope reads.

        A project belongs to a municipality when its lead or a participant sits there, and to
        a sector by its own sector. Frames and plans of the slice are the scope's own rows.

        Raises
        ------
        UnknownNameError
            The scope names a sector, municipality or project that is not known.

        Examples
        --------
        >>> part = registry.slice(kl.Scope.of_sector("mfc"))
        >>> sorted(set(part.projects["sector"]))
        ['mfc']
        """
        if scope.kind == "region":
            return self
        self._check(scope)
        last = self._computed.get(Registry.slice)
        if last is None or last[0] != scope:  # a report asks for its own slice again and again
            last = self._computed[Registry.slice] = scope, self._cut(scope)
        part: Registry = last[1]
        return part

    def with_projects(self, projects: pd.DataFrame) -> Registry:
        """Return the registry with other projects, its other tables as they are."""
        ordered = _ordered("projects", projects)
        return replace(self, tables=MappingProxyType({**self.tables, "projects": ordered}))

    def public(self) -> Registry:
        """Return the registry without people's names: customer, owner, leader, assessor.

        The columns stay and are empty, so that nothing that reads them breaks; findings that
        quote such a cell are left out too.
        """
        bare = {
            name: frame.assign(**{c: parsing.blank(frame.index, schema.TEXT) for c in schema.personal(name)})
            for name, frame in self.tables.items()
        }
        names = {column for table in schema.TABLES for column in schema.personal(table)}
        findings = tuple(found for found in self.findings if found.column not in names)
        return replace(self, tables=MappingProxyType(bare), findings=findings)

    def has_projects(self, scope: Scope) -> bool:
        """Return whether the scope holds a project, without cutting the registry."""
        self._check(scope)
        return len(self._projects_of(scope)) > 0

    def _check(self, scope: Scope) -> None:
        if scope.sector is not None:
            catalogue.sector(scope.sector)
        if scope.municipality is not None and scope.municipality not in self.municipalities.index:
            raise UnknownNameError(
                "municipality",
                scope.municipality,
                nearest(scope.municipality, tuple(self.municipalities.index)),
            )
        if scope.project is not None:
            self.project(scope.project)

    def _projects_of(self, scope: Scope) -> Positions:
        """Return the positions of a scope's projects."""
        if scope.kind == "project":
            return self._rows("projects", "project_id", scope.project)
        found = np.arange(len(self.projects))
        if scope.municipality is not None:
            local = self._units["project_id"].iloc[self._rows("units", "municipality_id", scope.municipality)]
            found = self._among("projects", "project_id", local)
        if scope.sector is None:
            return found
        own = self._rows("projects", "sector", scope.sector)
        return own if scope.municipality is None else np.intersect1d(own, found)

    def _own(self, scope: Scope) -> Positions:
        """Return the positions of the organisations that are a scope's own, with projects or without."""
        wanted = {"sector": scope.sector, "municipality_id": scope.municipality}
        found = [self._rows("organizations", name, key) for name, key in wanted.items() if key is not None]
        if len(found) == 2:
            return np.intersect1d(found[0], found[1])
        return found[0] if found else np.empty(0, dtype=np.intp)

    def rows_of(self, scope: Scope) -> Mapping[str, Positions]:
        """Return which rows a slice on the scope holds: their positions, by table, in order.

        A table that every slice has whole is not named.

        Raises
        ------
        UnknownNameError
            The scope names a sector, municipality or project that is not known.
        """
        if scope.kind == "region":
            return {}
        self._check(scope)
        found = {"projects": self._projects_of(scope)}

        def keep(names: Iterable[str], column: str, table: str) -> None:
            for name in names:
                if self.has(name):
                    known = self.frame(table)[column]
                    mine = known.iloc[found[table]] if table in found else known
                    found[name] = self._among(name, column, mine)

        projects = self.projects["project_id"].iloc[found["projects"]]
        involved = self._units["organization_id"].iloc[self._among("units", "project_id", projects)]
        members = self._among("organizations", "organization_id", involved)
        found["organizations"] = np.union1d(members, self._own(scope))
        keep(_BY_PROJECT, "project_id", "projects")
        if self.has("measures"):
            keep(_BY_MEASURE, "measure_id", "measures")
        keep(_BY_ORGANIZATION, "organization_id", "organizations")
        if scope.kind == "project":
            keep(["standards"], "project_id", "projects")
        else:
            keep(["standards"], "organization_id", "organizations")
        if scope.municipality is not None:
            for name in filter(self.has, ("frames", "plans")):
                found[name] = self._rows(name, "municipality_id", scope.municipality)
        if scope.sector is not None and self.has("plans"):
            local = found.get("plans", np.arange(len(self.frame("plans"))))
            found["plans"] = np.intersect1d(local, self._rows("plans", "sector", scope.sector))
        return found

    def _cut(self, scope: Scope) -> Registry:
        rows = self.rows_of(scope)
        cut = {name: frame.iloc[rows[name]] if name in rows else frame for name, frame in self.tables.items()}
        omitted = self.omitted.of(
            municipality_id=scope.municipality, sector=scope.sector, project_id=scope.project
        )
        return replace(self, tables=MappingProxyType(cut), omitted=omitted)

    def __repr__(self) -> str:
        rows = ", ".join(f"{name} {len(frame)}" for name, frame in self.tables.items())
        return f"Registry({self.label or 'без названия'}: {rows})"


def once(
    function: Callable[Concatenate[Registry, Arguments], Computed],
) -> Callable[Concatenate[Registry, Arguments], Computed]:
    """Have a function of a registry compute once for the same registry and arguments (``Registry.once``)."""

    @wraps(function)
    def kept(registry: Registry, /, *args: Arguments.args, **kwargs: Arguments.kwargs) -> Computed:
        key = (function, *args, *sorted(kwargs.items()))
        return registry.once(key, lambda: function(registry, *args, **kwargs))

    return kept


def _typed(table: str, frame: pd.DataFrame) -> pd.DataFrame:
    missing = [name for name in schema.dtypes(table) if name not in frame]
    required = [name for name in missing if schema.columns(table)[name].required]
    if required:
        raise UsageError(f"table {table} lacks the column {required[0]}: add it")
    blank = {name: parsing.blank(frame.index, schema.dtypes(table)[name]) for name in missing}
    whole = frame.assign(**blank)[list(schema.dtypes(table))].astype(schema.dtypes(table))
    if whole.index.name != "row":
        whole.index = pd.RangeIndex(2, len(whole) + 2, name="row")
    return _ordered(table, whole)


def _ordered(table: str, frame: pd.DataFrame) -> pd.DataFrame:
    return frame.sort_values(schema.order(table), kind="stable")
