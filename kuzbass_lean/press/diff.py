"""What differs between two published sites: figures, levels first, and what made each of them differ."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import pandas as pd

from kuzbass_lean import intake
from kuzbass_lean.errors import LeanError, UsageError
from kuzbass_lean.press import causes, manifest, recorded, revisions, since
from kuzbass_lean.press.causes import AS_OF, DATA, FORMULA, LIBRARY, RULE
from kuzbass_lean.press.revisions import RowChange

UNKNOWN = "unknown"
_MOST_ROWS = 20
"""So many rows are named behind one figure."""


@dataclass(frozen=True, slots=True)
class FigureChange:
    """A figure then and now, empty where it did not stand, and the cause: the first of ``causes``.

    ``rows`` are the revised rows behind it, at most twenty.
    """

    id: str
    report: str
    label: str
    old: str
    new: str
    cause: str
    causes: tuple[str, ...] = ()
    rows: tuple[RowChange, ...] = ()

    @property
    def level(self) -> bool:
        """Whether it is the level of a direction."""
        return self.id.startswith(since.LEVELS)


@dataclass(frozen=True, slots=True)
class SiteDiff:
    """What differs between two sites: figures, reports, and the rows of the registry that were revised."""

    figures: tuple[FigureChange, ...]
    added: tuple[str, ...]
    removed: tuple[str, ...]
    rows: tuple[RowChange, ...]


def diff(old: Path, new: Path) -> SiteDiff:
    """Compare two published sites by their figures, manifests, registries and lineages.

    Raises
    ------
    UsageError
        One of the folders is no built site.
    LeanError
        A registry that a site recorded cannot be read.
    """
    before, after = _Site(old), _Site(new)
    both = sorted(set(before.reports) & set(after.reports))
    ours, theirs = (site.figures[site.figures["report"].isin(both)] for site in (before, after))
    pairs = _Pairs(before, after)
    found = tuple(pairs.explain(change) for change in since.changes(ours, theirs))
    return SiteDiff(
        found,
        tuple(sorted(set(after.reports) - set(before.reports))),
        tuple(sorted(set(before.reports) - set(after.reports))),
        pairs.rows(str(before.document.get("registry")), str(after.document.get("registry"))),
    )


class _Site:
    """A published site as far as a comparison needs it."""

    def __init__(self, out: Path) -> None:
        self.out, self.document = out, manifest.load(out)
        if not isinstance(self.document.get("reports"), dict):
            raise UsageError(f"{out} is no built site: it holds no manifest.json that can be read")
        self.reports: Mapping[str, Any] = self.document["reports"]
        self.figures = since.kept(out)
        if "value" not in self.figures:
            raise UsageError(f"{out} holds no data/figures.parquet that can be read: build it again")

    @cached_property
    def lineage(self) -> Mapping[str, frozenset[tuple[str, str]]]:
        """The rows, as table and key, of every set of rows by its name; empty if the site has none."""
        try:
            found = pd.read_parquet(self.out / "data/lineage.parquet", columns=["rows", "table", "key"])
        except (OSError, ValueError):
            return {}
        grouped = found.groupby("rows")
        return {str(n): frozenset(zip(each["table"], each["key"], strict=True)) for n, each in grouped}

    @cached_property
    def told(self) -> Mapping[tuple[str, str], Mapping[Any, Any]]:
        """The figures by report and id."""
        rows = self.figures.to_dict("records")
        return {(str(row["report"]), str(row["id"])): row for row in rows}

    def behind(self, report: str, figure: str) -> frozenset[tuple[str, str]]:
        """Return the rows behind a figure."""
        name = self.told.get((report, figure), {}).get("rows")
        return self.lineage.get(str(name), frozenset())

    def registry(self, key: str) -> Any:
        """Return a registry that pages were made from."""
        try:
            return intake.restore(self.out / recorded.folder(key))
        except UsageError:
            raise LeanError(f"{self.out / recorded.folder(key)} is gone: rows cannot be compared") from None


class _Pairs:
    """The same reports in two sites, and why their figures may differ."""

    def __init__(self, old: _Site, new: _Site) -> None:
        self.old, self.new = old, new
        self._rows: dict[tuple[str, str], tuple[RowChange, ...]] = {}
        self._causes: dict[str, tuple[causes.Cause, ...]] = {}

    def rows(self, old: str, new: str) -> tuple[RowChange, ...]:
        """Return the rows that differ between two registries, by their digests."""
        if old == new:
            return ()
        if (old, new) not in self._rows:
            pair = self.old.registry(old), self.new.registry(new)
            self._rows[old, new] = revisions.between(*pair)
        return self._rows[old, new]

    def causes(self, report: str) -> tuple[causes.Cause, ...]:
        """Return all that differs in what a report was made from."""
        if report not in self._causes:
            programs = self.old.document.get("programs", {}), self.new.document.get("programs", {})
            pair = self.old.reports[report], self.new.reports[report]
            self._causes[report] = causes.between(*pair, programs)
        return self._causes[report]

    def explain(self, change: since.Change) -> FigureChange:
        """Return a change with its cause: what is known of the figure itself goes before the rest."""
        report = change.report
        found = self.causes(report)
        kinds = list(dict.fromkeys(cause.kind for cause in found))
        behind = self.old.behind(report, change.id) | self.new.behind(report, change.id)
        revised: tuple[RowChange, ...] = ()
        if DATA in kinds:
            pair = (str(site.reports[report].get("registry")) for site in (self.old, self.new))
            revised = tuple(row for row in self.rows(*pair) if (row.table, row.key) in behind)
        first = next(self._first(change, kinds, revised), UNKNOWN)
        texts = tuple(cause.text for cause in sorted(found, key=lambda cause: cause.kind != first))
        rows = revised[:_MOST_ROWS] if first == DATA else ()
        return FigureChange(change.id, report, change.label, change.old, change.new, first, texts, rows)

    def _first(self, change: since.Change, kinds: list[str], revised: tuple[RowChange, ...]) -> Iterator[str]:
        """Yield the kinds of cause that apply to a figure, the likeliest first."""
        pair = [site.told.get((change.report, change.id), {}) for site in (self.old, self.new)]
        if all(pair) and pair[0].get("formula_version") != pair[1].get("formula_version"):
            yield FORMULA
        if revised:
            yield DATA
        order = [RULE, AS_OF] if change.id.startswith(since.LEVELS) else [AS_OF, FORMULA, RULE]
        yield from (kind for kind in (*order, FORMULA, DATA, LIBRARY) if kind in kinds)
